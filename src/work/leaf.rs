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
struct Summing<'a> {
    plan: &'a Plan,
    classifier: Classifier,
    batcher: Batcher,
    learner: Learner,
    account: Account,
    every: Vec<u32>,
}

impl Take for Summing<'_> {
    fn bytes(&self) -> usize {
        self.batcher.bytes() + self.learner.bytes()
    }

    fn take(&mut self, _object: usize, flows: &Flows, dictionary: &Dictionary) {
        self.classifier.classify(flows, dictionary, &mut self.account);
        let bits = self.classifier.filter_bits(flows, dictionary).cloned();
        self.batcher.add_noted(flows, bits.as_ref(), dictionary, &self.classifier.counted, false);
        if self.plan.rejected {
            self.batcher.add_noted(flows, bits.as_ref(), dictionary, &self.classifier.rejected, true);
        }
        if self.plan.interfaces {
            // Coverage of an interface follows from records of any kind and time.
            let known = u32::try_from(self.every.len()).unwrap_or(u32::MAX);
            self.every.extend(known..u32::try_from(flows.rows()).unwrap_or(u32::MAX));
            self.learner.learn(flows, dictionary, &self.every[..flows.rows()]);
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
        new_taker: &|| Summing {
            plan,
            classifier: job.classifier(),
            batcher: Batcher::new(Arc::clone(&shared)),
            learner: Learner::default(),
            account: Account::default(),
            every: Vec::new(),
        },
        object_done: None,
        stopped: Some(shared.failed()),
    };
    let (outcomes, takers) = scan.run(machine.threads)?;
    let (mut account, mut interfaces) = (Account::default(), Interfaces::default());
    for (taker, dictionary) in takers {
        account.add(&taker.account);
        taker.learner.finish_into(&dictionary, &mut interfaces);
    }
    Ok(Ledger {
        plan: identity,
        sums: super::partial(shared)?,
        interfaces,
        read: Read::new(&unit.found, outcomes, account),
    })
}
