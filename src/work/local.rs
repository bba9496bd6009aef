//! Where a plan is carried out: by this process, or by others before it, whose ledgers are read.

use std::fmt::Debug;
use std::path::PathBuf;

use super::{Job, Ledger, Machine, Plan, Store, leaf};
use crate::error::Error;

/// Executes a plan on threads, processes or machines. The ledger does not depend on it.
pub trait Leaves: Debug + Send + Sync {
    /// The plan's ledger of all objects of a job.
    ///
    /// # Errors
    /// If the inputs cannot be found, or a part of the ledger cannot be had.
    fn ledger(&self, job: &Job, plan: &Plan, machine: &Machine<'_>) -> Result<Ledger, Error>;
}

/// This process, on all its threads, of logs or of a store.
#[derive(Clone, Copy, Debug)]
pub struct Local;

impl Leaves for Local {
    fn ledger(&self, job: &Job, plan: &Plan, machine: &Machine<'_>) -> Result<Ledger, Error> {
        match Store::among(&job.inputs, &job.s3)? {
            Some(store) => store.ledger(job, plan, machine),
            None => leaf(plan, &job.find()?.into(), machine),
        }
    }
}

/// Ledgers that other processes have written.
#[derive(Clone, Debug)]
pub struct Written(pub Vec<PathBuf>);

impl Leaves for Written {
    fn ledger(&self, _job: &Job, plan: &Plan, machine: &Machine<'_>) -> Result<Ledger, Error> {
        Ledger::read_all(&self.0, plan, machine)
    }
}
