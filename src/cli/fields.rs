//! `outflow fields`: the columns there are.

use clap::Args;

use super::flags::OutputFlags;
use super::{notice, output};
use crate::error::{Error, Exit};
use crate::report::fields;

/// Flags of `outflow fields`.
#[derive(Debug, Args)]
pub(super) struct FieldsFlags {
    #[command(flatten)]
    output: OutputFlags,
}

impl FieldsFlags {
    /// Writes the list.
    pub(super) fn run(self) -> Result<Exit, Error> {
        let mut report = fields::report();
        output::write(&mut report, &self.output)?;
        if !self.output.quiet {
            notice::notes(&report.meta);
        }
        Ok(Exit::Done)
    }
}
