//! A small estate that makes *true transfers*: every record that AWS would log of them at every interface that they
//! cross, in several formats, and beside the logs what is true.
//!
//! `network`, `interfaces`, `owners` and `outside` define the estate; `scenarios` the conversations, `busy` the bulk
//! transfers, `spikes` the anomalies; `talks` draws conversations; `routes` lists the interfaces that each crosses,
//! `charges` its charges and costs; `records` cuts it into aggregation intervals, `fields` and `files` write those;
//! `truth`, `tables` and `inventory` write the files next to the logs, `bill` AWS's bill of the same. The truth follows
//! the rules of docs/accounting.md; further choices are documented in `routes` and `charges`. Time advances hour by hour,
//! so a month takes no more memory than an hour, but for the sums of the bill.

use std::fmt;

use chrono::{DateTime, Datelike};

mod bill;
mod busy;
mod changes;
mod charges;
mod fields;
mod files;
mod gzip;
mod interfaces;
mod inventory;
mod network;
mod options;
mod outside;
mod owners;
mod records;
mod routes;
mod scenarios;
mod spikes;
mod tables;
mod talks;
mod truth;

pub(crate) use options::{Options, USAGE};

use super::random::Random;
use bill::Bill;
use busy::LINES;
use changes::Changes;
use files::Files;
use interfaces::Interface;
use network::Network;
use owners::Owners;
use records::{Content, Record};
use routes::Class;
use scenarios::{Outcome, SCENARIOS};
use spikes::Spikes;
use talks::Talk;
use truth::Truth;

const HOUR_SECONDS: u32 = 3600;
const DAY_HOURS: u32 = 24;
const MINUTE_SECONDS: u32 = 60;
const SKIPDATA_SECONDS: u32 = 600;

/// Purposes that random numbers are drawn for.
const WORLD: u64 = 3 << 48;
const TRAFFIC: u64 = 4 << 48;
const GAPS: u64 = 5 << 48;
const BUSINESS: u64 = 6 << 48;
const SPIKES: u64 = 7 << 48;
const DRAWN_SPIKES: u64 = 8 << 48;
const VISITORS: u64 = 9 << 48;
const BILL: u64 = 10 << 48;
const CHANGED: u64 = 11 << 48;

/// What there is.
pub(crate) struct Estate {
    network: Network,
    interfaces: Vec<Interface>,
    owners: Owners,
    moments: Moments,
    changes: Changes,
    seed: u64,
}

/// When something begins, ends or changes: full hours, seconds since 1970.
pub(crate) struct Moments {
    from: u32,
    to: u32,
    /// The late flow log is made.
    late: u32,
    /// An address is given up; it is taken again an hour later.
    released: u32,
    /// An instance gets another owner.
    handed_over: u32,
}

/// What was written.
pub(crate) struct Summary {
    conversations: u64,
    transfers: u64,
    files: u64,
    records: u64,
    stored_bytes: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { conversations, transfers, files, records, stored_bytes } = self;
        write!(f, "{conversations} conversations, {transfers} transfers; in each format {records} records; ")?;
        write!(f, "{files} files, {stored_bytes} bytes as stored")
    }
}

/// Writes logs, truth and tables.
pub(crate) fn run(options: &Options) -> Result<Summary, String> {
    let estate = Estate::new(options);
    tables::write(&estate, &options.out.join("tables"))?;
    inventory::write(&estate, &options.out.join("tables"))?;
    let mut files = Files::new(&estate, options);
    let mut spikes = Spikes::new(&estate, options);
    let mut traffic = Random::new(options.seed, TRAFFIC);
    let mut gaps = Random::new(options.seed, GAPS);
    let truth = Truth::new(&estate, &options.out.join("truth"))?;
    let bill = options.bill.then(|| Bill::new(&estate, options));
    let mut passage = Passage { estate: &estate, truth, bill, conversations: 0, waiting: Vec::new() };
    for hour in (estate.moments.from..estate.moments.to).step_by(HOUR_SECONDS as usize) {
        for scenario in SCENARIOS.iter().flat_map(|scenario| (0..options.scale).map(move |_| scenario)) {
            if let Some(talk) = Talk::draw(&estate, &mut traffic, scenario, hour) {
                passage.converse(&mut traffic, talk)?;
            }
        }
        if options.busy {
            passage.work(options.seed, hour, &mut spikes)?;
        }
        if options.visitors {
            let (mut random, talks) = busy::visits(&estate, options.seed, VISITORS, hour);
            talks.into_iter().try_for_each(|talk| passage.converse(&mut random, talk).map(|_| ()))?;
        }
        let mut ended = passage.ended(hour);
        let lost = lose(&estate, &mut gaps, options.skipdata_per_mille, hour, &mut ended);
        passage.bill.iter_mut().for_each(|bill| bill.lose(&lost));
        keep_quiet(&estate, &mut gaps, hour, &mut ended);
        ended.iter().for_each(|record| passage.truth.written(record));
        files.write(hour, ended)?;
    }
    let (files, stored_bytes) = files.finish()?;
    spikes.finish(&options.out.join("truth"))?;
    let Passage { truth, bill, conversations, .. } = passage;
    bill.map_or(Ok(()), |bill| bill.finish(options))?;
    let (transfers, records) = truth.finish()?;
    Ok(Summary { conversations, transfers, files, records, stored_bytes })
}

/// Time, as it passes.
struct Passage<'e> {
    estate: &'e Estate,
    truth: Truth<'e>,
    bill: Option<Bill<'e>>,
    conversations: u64,
    /// Records that have not ended yet.
    waiting: Vec<Record>,
}

impl Passage<'_> {
    /// Makes the transfers and records of a conversation, unless a direction of it could be seen nowhere. Gives its
    /// records.
    fn converse(&mut self, random: &mut Random, talk: Talk) -> Result<&[Record], String> {
        let (estate, first) = (self.estate, self.waiting.len());
        let talk = estate.changed(Talk { number: self.conversations + 1, ..talk });
        // A change of the route must not change what is drawn after it.
        let mut own = Random::new(estate.seed, CHANGED + talk.number);
        let random = if estate.changes.are_any() { &mut own } else { random };
        let directions: &[bool] = if talk.outcome == Outcome::Answered { &[true, false] } else { &[true] };
        let wanted = |class: Class| match talk.outcome {
            Outcome::Answered | Outcome::Refused => class == Class::Counted,
            Outcome::Blocked | Outcome::Dropped => class != Class::Unseen,
        };
        let crossed: Vec<_> =
            directions.iter().map(|forward| (*forward, routes::crossings(estate, &talk, *forward))).collect();
        if !crossed.iter().all(|(_, crossings)| crossings.iter().any(|crossing| wanted(crossing.class))) {
            self.bill.iter_mut().for_each(|bill| directions.iter().for_each(|forward| bill.unseen(&talk, *forward)));
            return Ok(&[]);
        }
        for (forward, crossings) in crossed {
            let nature = charges::nature(estate, &talk, forward);
            self.truth.transfer(&talk, forward, &nature, &crossings)?;
            let first = self.waiting.len();
            for crossing in crossings.iter().filter(|crossing| crossing.class != Class::Unseen) {
                records::observe(estate, random, &talk, forward, crossing, &mut self.waiting);
            }
            if let Some(bill) = &mut self.bill {
                bill.transfer(&talk, forward, &nature, &mut self.waiting[first..]);
            }
        }
        self.conversations += 1;
        Ok(&self.waiting[first..])
    }

    /// The business of an hour, and what is beyond it.
    fn work(&mut self, seed: u64, hour: u32, spikes: &mut Spikes<'_>) -> Result<(), String> {
        for (place, line) in LINES.iter().enumerate() {
            let (mut random, talks) = line.talks(self.estate, seed, BUSINESS, place, hour);
            for usual in talks {
                let (talk, spike) = spikes.changed(line, hour, usual);
                self.converse(&mut random, talk)?;
                if let Some(spike) = spike {
                    spikes.note(spike, talk, Some(usual), 0);
                }
            }
        }
        for (spike, line) in spikes.extra(hour) {
            let (mut random, talks) = line.talks(self.estate, seed, SPIKES, spike, hour);
            for talk in talks {
                let records = self.converse(&mut random, talk)?;
                let refused = records.iter().filter(|record| record.is_refused()).count() as u64;
                spikes.note(spike, talk, None, refused);
            }
        }
        Ok(())
    }

    /// The records that end in an hour.
    fn ended(&mut self, hour: u32) -> Vec<Record> {
        let ends_later = |record: &Record| record.end >= hour + HOUR_SECONDS;
        let (later, ended) = std::mem::take(&mut self.waiting).into_iter().partition(ends_later);
        self.waiting = later;
        ended
    }
}

/// Loses the records of an interface that start in a gap, so often in a thousand hours of interfaces; gives them.
fn lose(estate: &Estate, random: &mut Random, per_mille: u32, hour: u32, records: &mut Vec<Record>) -> Vec<Record> {
    let mut lost = Vec::new();
    for (interface, _) in estate.quiet_ones(hour) {
        if random.chance(per_mille) {
            let start = hour + random.below_small(HOUR_SECONDS - SKIPDATA_SECONDS);
            let end = start + SKIPDATA_SECONDS - 1;
            let is_in_gap =
                |record: &mut Record| record.interface == interface && (start..=end).contains(&record.start);
            lost.extend(records.extract_if(.., is_in_gap));
            records.push(Record { interface, start, end, content: Content::Lost });
        }
    }
    lost
}

/// Adds what quiet interfaces log: in the first and the last minute of each, and in an hour without traffic.
fn keep_quiet(estate: &Estate, random: &mut Random, hour: u32, records: &mut Vec<Record>) {
    let mut busy = vec![false; estate.interfaces.len()];
    records.iter().for_each(|record| busy[record.interface] = true);
    for (interface, logged) in estate.quiet_ones(hour) {
        let last = hour + HOUR_SECONDS - MINUTE_SECONDS;
        let between = hour + MINUTE_SECONDS * (2 + random.below_small(56));
        let ends = [(logged.start == hour).then_some(hour), (logged.end == hour + HOUR_SECONDS).then_some(last)];
        let idle = (!busy[interface]).then_some(between);
        for start in ends.into_iter().flatten().chain(idle) {
            records.push(Record { interface, start, end: start + MINUTE_SECONDS - 1, content: Content::Quiet });
        }
    }
}

impl Estate {
    fn new(options: &Options) -> Self {
        let moments = Moments::new(options.start, options.days);
        let mut random = Random::new(options.seed, WORLD);
        let network = Network::new(&mut random, moments.from, moments.late);
        let changes = options.changes.clone();
        let interfaces = Interface::all(&mut random, &network, &moments, &changes);
        let owners = Owners::new(&network, &interfaces, &moments);
        Self { network, interfaces, owners, moments, changes, seed: options.seed }
    }

    /// The interfaces that would log an hour without traffic, and their logged span.
    fn quiet_ones(&self, hour: u32) -> Vec<(usize, std::ops::Range<u32>)> {
        let logged = |(place, interface): (usize, &Interface)| {
            let log = interface.flow_log.filter(|_| interface.id != "-")?;
            let from = self.network.flow_logs[log].from.max(interface.life.start);
            (from..interface.life.end).contains(&hour).then_some((place, from..interface.life.end))
        };
        self.interfaces.iter().enumerate().filter_map(logged).collect()
    }
}

impl Moments {
    fn new(from: u32, days: u32) -> Self {
        let hours = days * DAY_HOURS;
        let at = |hours: u32| from + hours * HOUR_SECONDS;
        Self { from, to: at(hours), late: at(hours * 2 / 5), released: at(hours / 3), handed_over: at(hours / 2) }
    }

    /// Whether nothing changes between two moments: no owner, flow log or address, nor the month.
    fn steady(&self, from: u32, to: u32) -> bool {
        let month = |moment: u32| DateTime::from_timestamp(moment.into(), 0).map(|time| (time.year(), time.month()));
        let changes = [self.late, self.released, self.released + HOUR_SECONDS, self.handed_over];
        from >= self.from
            && to <= self.to
            && month(from) == month(to)
            && !changes.iter().any(|change| (from..=to).contains(change))
    }
}
