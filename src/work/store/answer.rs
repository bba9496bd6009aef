//! What a plan sums of a store, as a leaf sums records.
//!
//! What a store cannot answer is refused with the objects that can; nothing is approximated.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::{Note, Store};
use crate::collect::{Object, Prune};
use crate::decode::{Dictionary, Flows};
use crate::error::Error;
use crate::group::filter::Filter;
use crate::group::{Account, Class, Classifier, Interfaces, Learner, Partial, Shared, Tally};
use crate::ingest::{Kind, StoredObject};
use crate::schema::{Column, ColumnSet, stored};
use crate::units::human;
use crate::units::time::{self, Window, Zone};
use crate::work::leaf::{Machine, Summing};
use crate::work::ledger::{Ledger, Read};
use crate::work::scan::{Scan, Take};
use crate::work::{Job, Plan, partial};

const HOUR_SECONDS: u32 = 3600;

impl Store {
    /// What a plan sums of it.
    ///
    /// # Errors
    /// If the store cannot answer it, or a file is damaged.
    pub(in crate::work) fn ledger(&self, job: &Job, plan: &Plan, machine: &Machine<'_>) -> Result<Ledger, Error> {
        let prune = job.prune();
        let all = self.objects(&|day| prune.needs_days(&(day..day + 1)))?;
        let (needed, pruned): (Vec<_>, Vec<_>) = all.into_iter().partition(|object| prune.needs(&object.key()));
        answerable(plan, job).map_err(|error| self.with_objects(error, &needed))?;
        let other_days = self.files(Kind::Object, &|day| !prune.needs_days(&(day..day + 1)));
        let other_days = other_days.iter().filter(|(part, _)| part.day.is_some()).filter_map(|(_, add)| add.rows());
        let mut read = Read { pruned: pruned.len() as u64 + other_days.sum::<u64>(), ..Read::default() };
        // Rows of other days' objects may lie in these days too.
        let ids = (read.pruned > 0).then(|| needed.iter().map(|object| object.id).collect::<HashSet<_>>());
        let job = Job { overflow: machine.overflow.clone(), ..plan.job(machine.threads.current_num_threads())? };
        let reading = Reading { store: self, plan, job: &job, ids: ids.as_ref(), machine };
        let (sums, mut account) = reading.facts()?;
        let (interfaces, quiet) = reading.interfaces(&needed)?;
        account.add(&quiet);
        let total = needed.iter().map(StoredObject::all).fold((0, 0), |sum, (r, b)| (sum.0 + r, sum.1 + b));
        outside(&mut account, total, job.window).map_err(|error| error.context(&self.name))?;
        if job.window != Window::default() {
            account.without_start = needed.iter().map(|object| object.without_start).sum();
        }
        account.without_bytes = needed.iter().map(|object| object.account.without_bytes).sum();
        read.account = account;
        if needed.is_empty() && read.pruned == 0 {
            read.warnings.push(format!("{}: the store holds no objects yet", self.name));
        }
        read.notes.extend(self.freshness(&needed));
        for object in needed {
            let note: Note = serde_json::from_value(object.note.clone())
                .map_err(|error| Error::read(format!("{}: the ledger is damaged: {error}", self.name)))?;
            match note.object {
                Some(object) => read.objects.push(object),
                None => read.outputs.push(object.name),
            }
            for (name, field) in note.unknown {
                read.unknown.entry(name).or_default().add(field);
            }
        }
        Ok(Ledger { plan: plan.identity()?, sums, interfaces, read })
    }
}

/// A question being answered by a store.
struct Reading<'a> {
    store: &'a Store,
    plan: &'a Plan,
    job: &'a Job,
    /// The objects that are needed, if these are not all.
    ids: Option<&'a HashSet<u64>>,
    machine: &'a Machine<'a>,
}

/// Hands on the rows of some objects.
struct Of<'a, T> {
    ids: Option<&'a HashSet<u64>>,
    then: T,
}

impl<T: Take> Take for Of<'_, T> {
    fn bytes(&self) -> usize {
        self.then.bytes()
    }

    fn take(&mut self, object: usize, flows: &Flows, dictionary: &Dictionary) {
        let Some(ids) = self.ids else { return self.then.take(object, flows, dictionary) };
        let objects = flows.bigs(Column::ObjectId).unwrap_or_default();
        let keep: Vec<bool> = objects.iter().map(|object| ids.contains(object)).collect();
        let mut kept = flows.clone();
        kept.retain(&keep);
        self.then.take(object, &kept, dictionary);
    }
}

/// Learns of interfaces, and counts the records that are no traffic.
struct Learning {
    classifier: Classifier,
    learner: Learner,
    account: Account,
    every: Vec<u32>,
}

impl Take for Learning {
    fn bytes(&self) -> usize {
        self.learner.bytes()
    }

    fn take(&mut self, _object: usize, flows: &Flows, dictionary: &Dictionary) {
        self.classifier.classify(flows, dictionary, &mut self.account);
        let known = u32::try_from(self.every.len()).unwrap_or(u32::MAX);
        self.every.extend(known..u32::try_from(flows.rows()).unwrap_or(u32::MAX));
        self.learner.learn(flows, dictionary, &self.every[..flows.rows()]);
    }
}

impl Reading<'_> {
    /// The sums of the facts, and what became of their records.
    fn facts(&self) -> Result<(Partial, Account), Error> {
        let (plan, job) = (self.plan, self.job);
        let shared = Shared::new(Arc::new(plan.spec.clone()), plan.seed, self.machine.overflow.clone());
        let shared = Arc::new(shared.in_zone(Zone::parse(&plan.zone)?));
        let windows = job.windows();
        let is_in = |day: u32| windows.iter().any(|window| has_day(window, day));
        let takers = self.scan(Kind::Fact, &is_in, fact_columns(plan, job), Some(shared.failed()), &|| {
            Summing::new(plan, job, &shared, false)
        })?;
        let mut account = Account::default();
        takers.into_iter().for_each(|(taker, _)| account.add(&taker.then.account));
        account[Class::OutOfWindow] = Tally::default();
        Ok((partial(shared)?, account))
    }

    /// What the rows of interfaces teach, and how many records are no traffic.
    fn interfaces(&self, needed: &[StoredObject]) -> Result<(Interfaces, Account), Error> {
        let days: BTreeSet<u32> = needed.iter().flat_map(StoredObject::days).collect();
        let columns = Interfaces::columns().union(ColumnSet::of(&[Column::LastStart, Column::RecordCount]));
        let takers = self.scan(Kind::Interface, &|day| days.contains(&day), columns, None, &|| Learning {
            classifier: Classifier::new(self.job.window, self.job.action_filter, None).without(self.job.gap),
            learner: Learner::default(),
            account: Account::default(),
            every: Vec::new(),
        })?;
        let (mut account, mut interfaces) = (Account::default(), Interfaces::default());
        for (taker, dictionary) in takers {
            for class in [Class::NoData, Class::SkipData] {
                account[class].records += taker.then.account[class].records;
            }
            taker.then.learner.finish_into(&dictionary, &mut interfaces);
        }
        // A question that does not ask for interfaces knows none.
        Ok((if self.plan.interfaces { interfaces } else { Interfaces::default() }, account))
    }

    fn scan<T: Take>(
        &self,
        kind: Kind,
        needs_day: &dyn Fn(u32) -> bool,
        columns: ColumnSet,
        stopped: Option<&AtomicBool>,
        new_taker: &(dyn Fn() -> T + Sync),
    ) -> Result<Vec<(Of<'_, T>, Dictionary)>, Error> {
        let files = self.store.files(kind, needs_day);
        let objects: Vec<Object> = files.iter().map(|(_, add)| self.store.object(add)).collect();
        let columns = if self.ids.is_some() { columns.with(Column::ObjectId) } else { columns };
        let scan = Scan {
            job: self.job,
            objects: &objects,
            columns,
            progress: self.machine.progress,
            new_taker: &|| Of { ids: self.ids, then: new_taker() },
            object_done: None,
            stopped,
        };
        let (outcomes, takers) = scan.run(self.machine.threads)?;
        for ((_, add), outcome) in files.iter().zip(outcomes) {
            let lost = outcome.skips.total();
            let lost = (lost > 0).then(|| format!("{} cannot be read", human::counted(lost, "row")));
            if let Some(problem) = outcome.problem.or(lost) {
                return Err(self.store.damaged(&add.path, Error::read(problem)));
            }
        }
        Ok(takers)
    }
}

/// Whether a day, counted since 1970, has seconds of a window.
fn has_day(window: &Window, day: u32) -> bool {
    let (first, end) = (u64::from(day) * 86_400, (u64::from(day) + 1) * 86_400);
    window.from.is_none_or(|from| u64::from(from) < end) && window.to.is_none_or(|to| first < u64::from(to))
}

/// Counts the records of the objects that are in no other class as out of the window.
fn outside(account: &mut Account, (records, bytes): (u64, u128), window: Window) -> Result<(), Error> {
    let counted = Class::ALL.map(|class| account[class]);
    let seen = counted.iter().fold((0, 0), |(r, b), tally| (r + tally.records, b + tally.bytes));
    let rest = records.checked_sub(seen.0).zip(bytes.checked_sub(seen.1));
    match rest {
        Some((records, bytes)) if window != Window::default() || (records, bytes) == (0, 0) => {
            account[Class::OutOfWindow] = Tally { records, bytes };
            Ok(())
        }
        _ => Err(Error::read(format!(
            "damaged: its ledger has {records} records of {bytes} bytes, its facts {} of {}",
            seen.0, seen.1
        ))),
    }
}

/// The columns to read of facts for a plan.
fn fact_columns(plan: &Plan, job: &Job) -> ColumnSet {
    let measured = [Column::Bytes, Column::RecordCount, Column::Start, Column::LastStart];
    let kept = plan.spec.columns().union(job.class_columns()).union(ColumnSet::of(&measured));
    let of_filter = job.filter.as_ref().map(Filter::named_columns).unwrap_or_default();
    // The service port was decided when the record was read, and what decided it is not kept. The hour follows from the
    // start as ever.
    let asked = plan.spec.keys.iter().map(|key| key.column).chain(of_filter.iter());
    asked.filter(|column| *column != Column::Hour && stored::is_key(*column)).fold(kept, ColumnSet::with)
}

/// Refuses what facts cannot answer.
fn answerable(plan: &Plan, job: &Job) -> Result<(), Error> {
    let bounds = [plan.window.from, plan.window.to, plan.gap.and_then(|gap| gap.from), plan.gap.and_then(|gap| gap.to)];
    if plan.keep_malformed {
        return Err(Error::usage("--malformed-out: a store keeps a few malformed lines of each object, not all"));
    }
    if let Some(bound) = bounds.into_iter().flatten().find(|bound| bound % HOUR_SECONDS != 0) {
        return Err(Error::usage(format!("{}: a store holds whole hours", time::write(bound)))
            .hint("let the window begin and end on the hour"));
    }
    let zone = Zone::parse(&plan.zone)?;
    let named = job.filter.as_ref().map(Filter::named_columns).unwrap_or_default();
    let by_day = plan.spec.keys.iter().any(|key| key.column == Column::Day) || named.has(Column::Day);
    if by_day && !zone.has_whole_hours() {
        return Err(Error::usage(format!("day: {zone} is not whole hours off UTC, and a store holds hours of UTC")));
    }
    let derived = [Column::Src, Column::Dst, Column::Hour, Column::Day, Column::Vantage, Column::FilterBits];
    let has = |column: &Column| stored::is_key(*column) || derived.contains(column);
    let keys = plan.spec.keys.iter().map(|key| key.column).chain(plan.spec.vantages.iter().copied());
    if let Some(column) = keys.into_iter().find(|column| !has(column)) {
        return Err(no_column(column));
    }
    if plan.spec.seen && !plan.spec.starts {
        return Err(no_column(Column::End));
    }
    let asked = named.iter().find(|column| !has(column));
    asked.map_or(Ok(()), |column| Err(no_column(column)))
}

fn no_column(column: Column) -> Error {
    Error::usage(format!("a store has hourly facts, which have no {}", column.name()))
}

impl Job {
    /// What the job needs of keys.
    pub(in crate::work) fn prune(&self) -> Prune {
        Prune {
            from: self.window.from,
            to: self.window.to,
            gap: self.gap.and_then(|gap| Some((gap.from?, gap.to?))),
            accounts: self.accounts.clone(),
            regions: self.regions.clone(),
            copies: self.copies,
        }
    }
}
