//! stub
use crate::error::Error;
use crate::join::Sources;
use clap::Args;
use std::collections::BTreeSet;
use std::sync::Arc;
#[derive(Debug, Args)]
pub(super) struct TableFlags {
    #[arg(long)]
    tags: Vec<String>,
}
pub(super) struct Told;
impl TableFlags {
    pub(super) fn estate(&self) -> Result<Told, Error> {
        Ok(Told)
    }
}
impl Told {
    pub(super) fn owner_keys(&self) -> BTreeSet<Arc<str>> {
        BTreeSet::new()
    }
    pub(super) fn sources(self, _k: &[Arc<str>]) -> Result<Sources, Error> {
        Ok(Sources {
            tables: Default::default(),
            ranges: Arc::new(crate::join::ranges::Ranges::embedded()?),
            geography: Default::default(),
            owners: Default::default(),
            v11_tags: vec![],
            charge_to: Default::default(),
            every_view: false,
        })
    }
}
