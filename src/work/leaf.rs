//! The leaf: one unit of objects is scanned, and the plan's sums of it are a ledger.

use std::sync::Arc;

use rayon::ThreadPool;

use super::ledger::{Ledger, Read};
use super::scan::{Scan, Take};
use super::{Job, Plan, Progress, Unit};
use crate::decode::{Dictionary, Flows};
use crate::error::Error;
use crate::group::{Account, Batcher, Classifier, Interfaces, Learner, Overflow, Shared};
use crate::schema::Column;
use crate::units::time::Zone;

/// What a plan is carried out with, which is each machine's own.
#[derive(Debug)]
pub struct Machine<'a> {
    /// The threads.
    pub threads: &'a ThreadPool,
    /// How much memory sums may take, and where the rest goes.
    pub overflow: Option<Overflow>,
    /// How far it is.
    pub progress: &'a Progress,
}

/// Classifies a block's records, aggregates counted and rejected ones, and learns interface attributes.
pub(super) struct Summing<'a> {
    plan: &'a Plan,
    classifier: Classifier,
    batcher: Batcher,
    learner: Option<Learner>,
    pub(super) account: Account,
    every: Vec<u32>,
}

impl<'a> Summing<'a> {
    /// A worker that adds to some tables, and learns of interfaces or does not.
    pub(super) fn new(plan: &'a Plan, job: &Job, shared: &Arc<Shared>, learns: bool) -> Self {
        Self {
            plan,
            classifier: job.classifier(),
            batcher: Batcher::new(Arc::clone(shared)),
            learner: learns.then(Learner::default),
            account: Account::default(),
            every: Vec::new(),
        }
    }
}

impl Take for Summing<'_> {
    fn bytes(&self) -> usize {
        self.batcher.bytes() + self.learner.as_ref().map_or(0, Learner::bytes)
    }

    fn take(&mut self, _object: usize, flows: &Flows, dictionary: &Dictionary) {
        self.classifier.classify(flows, dictionary, &mut self.account);
        let bits = self.classifier.filter_bits(flows, dictionary).cloned();
        let bits = bits.as_ref().map(|bits| (Column::FilterBits, bits));
        self.batcher.add_noted(flows, bits, dictionary, &self.classifier.counted, false);
        if self.plan.rejected {
            self.batcher.add_noted(flows, bits, dictionary, &self.classifier.rejected, true);
        }
        if let Some(learner) = &mut self.learner {
            // Coverage of an interface follows from records of any kind and time.
            let known = u32::try_from(self.every.len()).unwrap_or(u32::MAX);
            self.every.extend(known..u32::try_from(flows.rows()).unwrap_or(u32::MAX));
            learner.learn(flows, dictionary, &self.every[..flows.rows()]);
        }
    }
}

/// Sums what a plan asks for of a unit's objects.
///
/// # Errors
/// If the plan is invalid, or memory or disk space is insufficient; errors of single objects are in the ledger.
pub fn leaf(plan: &Plan, unit: &Unit, machine: &Machine<'_>) -> Result<Ledger, Error> {
    let identity = plan.identity()?;
    let job = Job { overflow: machine.overflow.clone(), ..plan.job(machine.threads.current_num_threads())? };
    let shared = Shared::new(Arc::new(plan.spec.clone()), plan.seed, machine.overflow.clone());
    let shared = Arc::new(shared.in_zone(Zone::parse(&plan.zone)?));
    let columns = plan.spec.columns().union(job.class_columns());
    let scan = Scan {
        job: &job,
        objects: &unit.found.objects,
        columns: if plan.interfaces { columns.with(Column::Start).union(Interfaces::columns()) } else { columns },
        progress: machine.progress,
        new_taker: &|| Summing::new(plan, &job, &shared, plan.interfaces),
        object_done: None,
        stopped: Some(shared.failed()),
    };
    let (outcomes, takers) = scan.run(machine.threads)?;
    let (mut account, mut interfaces) = (Account::default(), Interfaces::default());
    for (taker, dictionary) in takers {
        account.add(&taker.account);
        if let Some(learner) = taker.learner {
            learner.finish_into(&dictionary, &mut interfaces);
        }
    }
    Ok(Ledger {
        plan: identity,
        sums: super::partial(shared)?,
        interfaces,
        read: Read::new(&unit.found, outcomes, account),
    })
}
