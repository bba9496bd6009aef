//! Keeping a store: what it holds, whether it is whole, small files into large ones, files of no version deleted.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Store;
use crate::error::Error;
use crate::group::{Account, Class};
use crate::ingest::delta::{Action, Add, Commit, Committed, Remove, commit, write_checkpoint};
use crate::ingest::{Kind, Part, Status, StoredObject, merged, rows_by_object};
use crate::report::Report;
use crate::report::store as report;
use crate::report::store::Finding;

/// Files of a part up to this size are put together.
const SMALL_BYTES: i64 = 64 << 20;
/// How large a file is that others are put into, about.
const MERGED_BYTES: i64 = 256 << 20;
/// How long a file that no version names is left alone: another run may be about to commit it, or reading it.
const SAFE_MILLISECONDS: i64 = 24 * 3600 * 1000;
/// How long the log remembers removed files.
const TOMBSTONE_MILLISECONDS: i64 = 7 * 24 * 3600 * 1000;

/// The objects of a store.
///
/// # Errors
/// If its ledger cannot be read.
pub fn list(store: &Store, only_pending: bool) -> Result<Report, Error> {
    let mut objects = store.objects(&|_| true)?;
    objects.retain(|object| !only_pending || object.status == Status::Pending);
    Ok(report::list(&objects))
}

/// Whether every file is there and whole, and the facts add up to the ledger, object by object.
///
/// # Errors
/// If the log itself cannot be read.
pub fn verify(store: &Store) -> Result<Report, Error> {
    let mut findings = Vec::new();
    let mut found = |path: &str, fault: String| findings.push(Finding { object: path.to_owned(), fault });
    let mut sums: HashMap<u64, (u64, u128)> = HashMap::new();
    let mut ledger: BTreeMap<u64, StoredObject> = BTreeMap::new();
    let mut files = 0;
    for add in store.snapshot.files.values() {
        files += 1;
        let Some(part) = Part::of(add) else {
            found(&add.path, "is of no kind that outflow writes".to_owned());
            continue;
        };
        match file(store, part, add) {
            Ok(File::Objects(objects)) => {
                for object in objects {
                    if let Some(other) = ledger.insert(object.id, object) {
                        found(&add.path, format!("{} is in the ledger twice", other.location));
                    }
                }
            }
            Ok(File::Rows(rows)) => {
                for (id, (records, bytes)) in rows {
                    let sum = sums.entry(id).or_default();
                    *sum = (sum.0 + records, sum.1 + bytes);
                }
            }
            Err(error) => found(&add.path, error.to_string()),
        }
    }
    let damaged = !findings.is_empty();
    for (id, object) in &ledger {
        let (records, bytes) = sums.remove(id).unwrap_or_default();
        let (expected, expected_bytes) = object.all();
        if (records, bytes) != (expected, expected_bytes) {
            findings.push(Finding {
                object: object.location.clone(),
                fault: format!(
                    "the ledger has {expected} records of {expected_bytes} bytes, the store's rows {records} of {bytes}"
                ),
            });
        }
    }
    if !damaged && !sums.is_empty() {
        let rows = sums.len();
        findings
            .push(Finding { object: store.name.clone(), fault: format!("{rows} objects have rows, but no ledger") });
    }
    let mut account = Account::default();
    ledger.values().for_each(|object| account.add(&object.account));
    Ok(report::verified(&store.name, (files, ledger.len() as u64), account_total(&account), &findings))
}

fn account_total(account: &Account) -> u64 {
    let classes = Class::ALL.iter().filter(|class| **class != Class::Malformed);
    classes.map(|class| account[*class].records).sum()
}

enum File {
    Objects(Vec<StoredObject>),
    /// Records and bytes by object.
    Rows(HashMap<u64, (u64, u128)>),
}

/// What a file holds, if it is whole.
fn file(store: &Store, part: Part, add: &Add) -> Result<File, Error> {
    let bytes = store.read(&add.path)?;
    if i64::try_from(bytes.len()).ok() != Some(add.size) {
        return Err(Error::read(format!("has {} bytes, the log says {}", bytes.len(), add.size)));
    }
    Ok(match part.kind {
        Kind::Object => File::Objects(crate::ingest::read_objects(bytes)?),
        kind => File::Rows(rows_by_object(kind, bytes)?),
    })
}

/// Puts the small files of each day together, and writes a checkpoint; no answer changes. Gives how many files became how
/// many.
///
/// # Errors
/// If the store cannot be read or written.
pub fn compact(store: &mut Store, run: &str, now: i64) -> Result<(u64, u64), Error> {
    let mut parts: BTreeMap<Part, Vec<Add>> = BTreeMap::new();
    for add in store.snapshot.files.values().filter(|add| add.size < SMALL_BYTES) {
        if let Some(part) = Part::of(add) {
            parts.entry(part).or_default().push(add.clone());
        }
    }
    let (mut before, mut after) = (0, 0);
    for (number, (part, files)) in groups(parts).into_iter().enumerate() {
        let bytes = files.iter().map(|add| store.bytes(&add.path));
        let Some(written) = merged(part.kind, bytes)? else { continue };
        let path = part.path(&format!("{run}-{number:04}"));
        store.put(&path, &written.bytes)?;
        let mut actions: Vec<Action> = vec![Action::Add(part.add(path.clone(), &written, now, false))];
        actions.extend(files.iter().map(|add| Action::Remove(Remove::of(add, now, false))));
        if store.commit_over(&files, actions, "OPTIMIZE", (&format!("{run}-{number:04}"), now))? {
            before += files.len() as u64;
            after += 1;
        } else {
            store.delete(&path)?;
        }
    }
    let written = write_checkpoint(store.storage(), &store.snapshot, now - TOMBSTONE_MILLISECONDS);
    written.map_err(|fault| store.write_fault(&fault))?;
    Ok((before, after))
}

/// The files of each part in groups of a bearable size, of two at least.
fn groups(parts: BTreeMap<Part, Vec<Add>>) -> Vec<(Part, Vec<Add>)> {
    let mut groups: Vec<(Part, Vec<Add>)> = Vec::new();
    for (part, files) in parts {
        let mut bytes = MERGED_BYTES;
        for add in files {
            bytes += add.size;
            match groups.last_mut().filter(|_| bytes <= MERGED_BYTES) {
                Some((_, group)) => group.push(add),
                None => {
                    bytes = add.size;
                    groups.push((part, vec![add]));
                }
            }
        }
    }
    groups.retain(|(_, files)| files.len() > 1);
    groups
}

/// What [`prune`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Files that no version names any more, which were deleted.
    pub deleted_files: u64,
    /// Their size.
    pub deleted_bytes: u64,
}

/// Deletes the files that no version has had for a day.
///
/// # Errors
/// If the store cannot be read or written.
pub fn prune(store: &Store, now: i64) -> Result<Pruned, Error> {
    let mut pruned = Pruned::default();
    let named: BTreeSet<&str> = store.snapshot.files.keys().map(String::as_str).collect();
    let all = store.storage().list_all().map_err(|error| Error::read(format!("{}: {error}", store.name)))?;
    let is_ours = |path: &str| Kind::ALL.iter().any(|kind| path.starts_with(&format!("kind={}/", kind.name())));
    for file in all {
        let removed = store.snapshot.tombstones.get(&file.path).and_then(|remove| remove.deletion_timestamp);
        let since = removed.unwrap_or(file.modified_milliseconds);
        if is_ours(&file.path) && !named.contains(file.path.as_str()) && since < now - SAFE_MILLISECONDS {
            store.delete(&file.path)?;
            pruned.deleted_files += 1;
            pruned.deleted_bytes += file.bytes;
        }
    }
    Ok(pruned)
}

impl Store {
    /// Commits a change of some files, if they are all still in the store; says whether it did.
    pub(super) fn commit_over(
        &mut self,
        files: &[Add],
        actions: Vec<Action>,
        operation: &str,
        (run, now): (&str, i64),
    ) -> Result<bool, Error> {
        let change = Commit::new(actions, operation, run, now);
        loop {
            if files.iter().any(|add| !self.snapshot.files.contains_key(&add.path)) {
                return Ok(false);
            }
            let committed =
                commit(self.storage(), &self.snapshot, &change).map_err(|fault| self.write_fault(&fault))?;
            self.refresh()?;
            if let Committed::Done(_) = committed {
                return Ok(true);
            }
        }
    }
}
