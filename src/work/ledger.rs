//! What a leaf found out: sums, interfaces, the account, and what became of its objects. Ledgers of one plan merge, in
//! any order, and have a written form: see [`crate::group::wire`].

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::ThreadPool;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::object::{Outcome, Output, Written};
use super::{Machine, Plan};
use crate::collect::{Found, Object, io_cause, of_file};
use crate::decode::Skips;
use crate::error::Error;
use crate::group::wire::{self, Tallied, Wire, WireFault, WireGroups, WireReader};
use crate::group::{Account, Delivery, Hours, Interface, Interfaces, Merge, Partial, Shared, WrittenInterface};

/// What was found out of some objects, by a plan.
#[derive(Debug)]
pub struct Ledger {
    /// The identity of the plan.
    pub(super) plan: String,
    pub(super) sums: Partial,
    pub(super) interfaces: Interfaces,
    pub(super) read: Read,
}

/// The account of the input.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) account: Account,
    /// By name.
    pub(super) objects: Vec<ReadObject>,
    /// How many were left out by their keys.
    pub(super) pruned: u64,
    /// How many were left out because they are another service's.
    pub(super) foreign: u64,
    /// What could not be looked into, sorted.
    pub(super) warnings: Vec<String>,
    /// Which copies were left out.
    pub(super) notes: Vec<String>,
    /// The outputs of this program that were left out, by name.
    pub(super) outputs: Vec<String>,
    /// Fields that are not known, by name.
    pub(super) unknown: BTreeMap<String, UnknownField>,
}

/// A field that no column is known for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct UnknownField {
    /// In how many objects it is.
    pub(super) objects: u64,
    /// A known one that may be meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) meant: Option<String>,
}

impl UnknownField {
    pub(super) fn add(&mut self, other: Self) {
        self.objects = self.objects.saturating_add(other.objects);
        // The least of several, so that it does not depend on the order.
        self.meant = self.meant.take().into_iter().chain(other.meant).min();
    }
}

/// An object that was read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct ReadObject {
    pub(super) name: String,
    pub(super) stored_bytes: u64,
    /// Its error, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) problem: Option<String>,
    /// Lines left out.
    #[serde(default, skip_serializing_if = "is_none_left_out")]
    pub(super) skips: Skips,
    /// Events that were delivered more than once, and count once.
    #[serde(default, skip_serializing_if = "is_none")]
    pub(super) repeated: u64,
    /// Whether this program wrote it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_output: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_none(number: &u64) -> bool {
    *number == 0
}

fn is_none_left_out(skips: &Skips) -> bool {
    skips.total() == 0
}

impl Read {
    /// What a listing says, before anything is read.
    pub(super) fn of_listing(found: &Found) -> Self {
        let Found { pruned, foreign, warnings, notes, .. } = found;
        Self { pruned: *pruned, foreign: *foreign, warnings: warnings.clone(), notes: notes.clone(), ..Self::default() }
    }

    /// What became of one object.
    pub(super) fn of_object(object: &Object, outcome: Outcome, account: Account) -> Self {
        let mut read = Self { account, ..Self::default() };
        read.add_object(object, outcome);
        read
    }

    pub(super) fn new(found: &Found, outcomes: Vec<Outcome>, account: Account) -> Self {
        let mut read = Self { account, ..Self::of_listing(found) };
        for (object, outcome) in found.objects.iter().zip(outcomes) {
            read.add_object(object, outcome);
        }
        read
    }

    fn add_object(&mut self, object: &Object, outcome: Outcome) {
        if outcome.output == Some(Output::Skipped) {
            self.outputs.push(object.name.clone());
            return;
        }
        let is_output = outcome.output.is_some();
        // OCSF has fields of its own, and outputs have columns that AWS does not write.
        if !is_output && outcome.written != Some(Written::Ocsf) {
            let unknown = outcome.formats.iter().flat_map(|format| format.unknown());
            for (name, meant) in unknown.collect::<BTreeMap<_, _>>() {
                self.unknown.entry(name.to_owned()).or_default().add(UnknownField { objects: 1, meant });
            }
        }
        self.objects.push(ReadObject {
            name: object.name.clone(),
            stored_bytes: object.stored_bytes,
            problem: outcome.problem,
            skips: outcome.skips,
            repeated: outcome.repeated,
            is_output,
        });
    }

    /// Merges a ledger of other objects.
    pub(super) fn add(&mut self, other: Self) {
        self.account.add(&other.account);
        self.objects.extend(other.objects);
        self.pruned = self.pruned.saturating_add(other.pruned);
        self.foreign = self.foreign.saturating_add(other.foreign);
        self.warnings.extend(other.warnings);
        self.notes.extend(other.notes);
        self.outputs.extend(other.outputs);
        for (name, field) in other.unknown {
            self.unknown.entry(name).or_default().add(field);
        }
    }

    /// Sorts objects and warnings, independent of insertion order. An object that occurs twice was counted twice.
    fn settle(&mut self) -> Result<(), Error> {
        self.objects.sort_by(|one, other| one.name.cmp(&other.name));
        self.warnings.sort();
        self.warnings.dedup();
        self.notes.sort();
        self.outputs.sort();
        match self.objects.windows(2).find(|pair| pair[0].name == pair[1].name) {
            Some(pair) => Err(Error::failed(format!("{}: is in two ledgers", pair[0].name))
                .hint("each object belongs to one unit, and each unit to one ledger")),
            None => Ok(()),
        }
    }
}

/// The note of a written ledger.
#[derive(Deserialize, Serialize)]
struct Head {
    plan: String,
    account: Account,
    pruned: u64,
    foreign: u64,
    warnings: Vec<String>,
    #[serde(default)]
    notes: Vec<String>,
    #[serde(default)]
    outputs: Vec<String>,
    #[serde(default)]
    unknown: BTreeMap<String, UnknownField>,
}

/// A line of a written ledger.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Object(ReadObject),
    Interface {
        #[serde(with = "crate::units::escape")]
        id: Vec<u8>,
        #[serde(flatten)]
        interface: Box<WrittenInterface>,
    },
    /// Hours in which any interface was logged, of an account, region and flow log.
    Hours(Delivery, Hours),
}

impl Ledger {
    /// No objects.
    ///
    /// # Errors
    /// If the plan cannot be written.
    pub fn new(plan: &Plan) -> Result<Self, Error> {
        let sums = Partial::new(Arc::new(plan.spec.clone()), plan.seed);
        Ok(Self { plan: plan.identity()?, sums, interfaces: Interfaces::default(), read: Read::default() })
    }

    /// Adds another ledger of the same plan, on all threads. Associative and commutative, with [`Self::new`] as the
    /// empty one.
    ///
    /// # Errors
    /// If it belongs to another plan, both have an object in common, or spilled rows cannot be read or written.
    pub fn merge(mut self, other: Self, threads: &ThreadPool) -> Result<Self, Error> {
        if self.plan != other.plan {
            return Err(Error::failed("the ledgers belong to different plans"));
        }
        self.read.add(other.read);
        self.read.settle()?;
        self.interfaces.add(other.interfaces);
        let merge = Merge::new(self.sums, other.sums)?;
        threads.install(|| {
            let shards = merge.shards().into_par_iter();
            shards.try_for_each_init(|| merge.batcher(), |batcher, shard| merge.shard(shard, batcher))
        })?;
        Ok(Self { sums: merge.finish()?, ..self })
    }

    /// Writes it as a Parquet file.
    ///
    /// # Errors
    /// If spilled rows cannot be read, or the file cannot be written.
    pub fn write(&self, out: impl Write + Send) -> io::Result<()> {
        let Self { plan, sums, interfaces, read } = self;
        let head = Head {
            plan: plan.clone(),
            account: read.account.clone(),
            pruned: read.pruned,
            foreign: read.foreign,
            warnings: read.warnings.clone(),
            notes: read.notes.clone(),
            outputs: read.outputs.clone(),
            unknown: read.unknown.clone(),
        };
        let objects = read.objects.iter().cloned().map(Line::Object);
        let interface = |(id, interface): (&[u8], Interface<'_>)| Line::Interface {
            id: id.to_vec(),
            interface: Box::new(interface.written()),
        };
        let hours = interfaces.hours().iter().map(|(delivery, hours)| Line::Hours(delivery.clone(), hours.clone()));
        let lines = objects.chain(interfaces.iter().map(interface)).chain(hours);
        let lines = lines.map(|line| serde_json::to_string(&line)).collect::<Result<Vec<_>, _>>()?;
        wire::write(sums, serde_json::to_value(head)?, lines.into_iter(), out)
    }

    /// Reads ledgers of a plan that were written to files, on all threads, as one.
    ///
    /// # Errors
    /// If one cannot be read, is damaged or of another plan, or two have an object in common.
    pub fn read_all(paths: &[PathBuf], plan: &Plan, machine: &Machine<'_>) -> Result<Self, Error> {
        let spec = Arc::new(plan.spec.clone());
        let mut ledger = Self::new(plan)?;
        let mut files = Vec::new();
        for path in paths {
            let wire = open(path)?;
            let of = |cause: WireFault| unreadable(path, &cause);
            ledger.add_notes(&wire, path)?;
            files.push((path.as_path(), wire.groups(&spec).map_err(of)?));
        }
        ledger.read.settle()?;
        let shared = Arc::new(Shared::new(spec, plan.seed, machine.overflow.clone()));
        machine.threads.install(|| add_groups(&files, &shared))?;
        Ok(Self { sums: super::partial(shared)?, ..ledger })
    }

    /// Adds all but the sums of a written ledger.
    fn add_notes(&mut self, wire: &Wire, path: &Path) -> Result<(), Error> {
        let of = |cause: WireFault| unreadable(path, &cause);
        let json = |error: serde_json::Error| unreadable(path, format!("damaged: {error}"));
        let head = Head::deserialize(wire.head()).map_err(json)?;
        if head.plan != self.plan {
            return Err(unreadable(path, "it belongs to another plan")
                .hint("a root reads the ledgers of one plan, with the question that the plan was made for"));
        }
        let Head { account, pruned, foreign, warnings, notes, outputs, unknown, .. } = head;
        let mut read = Read { account, objects: Vec::new(), pruned, foreign, warnings, notes, outputs, unknown };
        for line in wire.lines().map_err(of)? {
            match serde_json::from_str(&line).map_err(json)? {
                Line::Object(object) => read.objects.push(object),
                Line::Interface { id, interface } => self.interfaces.insert(&id, &interface),
                Line::Hours(delivery, hours) => self.interfaces.insert_hours(delivery, &hours),
            }
        }
        self.read.add(read);
        Ok(())
    }
}

/// Adds the groups of files to the tables, all pieces of all files at the same time.
fn add_groups(files: &[(&Path, WireGroups)], shared: &Arc<Shared>) -> Result<(), Error> {
    let pieces: Vec<(usize, usize)> = files
        .iter()
        .enumerate()
        .flat_map(|(file, (_, groups))| (0..groups.pieces()).map(move |piece| (file, piece)))
        .collect();
    let none = || vec![Tallied::default(); files.len()];
    let add = |(reader, mut tallied): (WireReader, Vec<Tallied>), (file, piece): &(usize, usize)| {
        let mut reader = reader;
        let (path, groups) = &files[*file];
        let added = reader.add(groups, *piece).map_err(|cause| unreadable(path, &cause))?;
        tallied[*file] = tallied[*file].and(added);
        Ok::<_, Error>((reader, tallied))
    };
    let folded = pieces.par_iter().try_fold(|| (WireReader::new(Arc::clone(shared)), none()), add);
    let both = |one: Vec<Tallied>, other: Vec<Tallied>| {
        Ok(one.into_iter().zip(other).map(|(one, other)| one.and(other)).collect())
    };
    let tallied = folded.map(|read| read.map(|(_, tallied)| tallied)).try_reduce(none, both)?;
    for ((path, groups), tallied) in files.iter().zip(tallied) {
        groups.check(tallied).map_err(|cause| unreadable(path, &cause))?;
    }
    Ok(())
}

fn open(path: &Path) -> Result<Wire, Error> {
    let opened = File::open(path).and_then(|file| of_file(&file));
    let source = opened.map_err(|error| unreadable(path, io_cause(&error)))?;
    let source = source.ok_or_else(|| unreadable(path, "not a file"))?;
    Wire::open(source).map_err(|cause| unreadable(path, &cause))
}

fn unreadable(path: &Path, cause: impl std::fmt::Display) -> Error {
    Error::failed(format!("{}: the ledger cannot be read: {cause}", path.display()))
}
