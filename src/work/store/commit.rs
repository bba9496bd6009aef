//! The files of a batch → one commit of the store, with the removal of what the batch supersedes.

use std::collections::{BTreeSet, HashSet};

use super::batch::Made;
use super::ingest::New;
use crate::error::Error;
use crate::ingest::delta::{Action, Add, Commit, Committed, Remove, Transaction, commit as commit_to_log};
use crate::ingest::{Kind, Part, Rewritten, StoredObject, Written, without};
use crate::work::Store;

/// The name by which the log knows this program's commits.
const APPLICATION: &str = "outflow/ingest";

/// How a batch ended.
pub(super) enum Outcome {
    /// It is in the store.
    Done { removed_files: u64 },
    /// Another run has changed objects of the batch, or the files that it supersedes, meanwhile.
    Overtaken,
}

/// Writes a batch into the store.
///
/// # Errors
/// If the store cannot be read or written; nothing of the batch is in it then.
pub(super) fn commit(store: &mut Store, made: &Made, batch: &[New], (id, now): (&str, u32)) -> Result<Outcome, Error> {
    let milliseconds = i64::from(now) * 1000;
    let superseded: Vec<&StoredObject> = batch.iter().filter_map(|(_, before)| before.as_ref()).collect();
    let rewritten = rewritten(store, &superseded)?;
    let removed = rewritten.iter().map(|(_, path, _)| &store.snapshot.files[path]);
    let removes = removed.map(|add| Action::Remove(Remove::of(add, milliseconds, true))).collect::<Vec<_>>();
    let made = made.files.iter().map(|(part, written)| (*part, written));
    let rest = rewritten.iter().filter_map(|(part, _, rest)| Some((*part, rest.as_ref()?)));
    let adds = written(store, made.chain(rest), id, milliseconds)?;
    loop {
        let version = store.snapshot.transactions.get(APPLICATION).map_or(0, |known| known.version) + 1;
        let transaction = Transaction { app_id: APPLICATION.to_owned(), version, last_updated: Some(milliseconds) };
        let files = adds.iter().cloned().map(Action::Add).chain(removes.iter().cloned());
        let all = files.chain([Action::Transaction(transaction)]).collect();
        let commit = Commit::new(all, "INGEST", id, milliseconds);
        let committed = commit_to_log(store.storage(), &store.snapshot, &commit);
        match committed.map_err(|fault| store.write_fault(&fault))? {
            Committed::Done(_) => {
                store.refresh()?;
                return Ok(Outcome::Done { removed_files: rewritten.len() as u64 });
            }
            Committed::Conflict => {
                let before: BTreeSet<String> = store.snapshot.files.keys().cloned().collect();
                store.refresh()?;
                if is_overtaken(store, &before, batch, &rewritten)? {
                    // What was written for it is in no commit, and is nobody's.
                    adds.iter().try_for_each(|add| store.delete(&add.path))?;
                    return Ok(Outcome::Overtaken);
                }
            }
        }
    }
}

/// Writes files, which the log does not name yet. If one cannot be written, none is left.
fn written<'w>(
    store: &Store,
    files: impl Iterator<Item = (Part, &'w Written)>,
    id: &str,
    now: i64,
) -> Result<Vec<Add>, Error> {
    let mut adds: Vec<Add> = Vec::new();
    for (place, (part, written)) in files.enumerate() {
        let path = part.path(&format!("{id}-{place}"));
        if let Err(error) = store.put(&path, &written.bytes) {
            // A full disk may have no room for the next try either, if these stay.
            let deleted = adds.iter().try_for_each(|add| store.delete(&add.path));
            return Err(deleted.err().unwrap_or(error));
        }
        adds.push(part.add(path, written, now, true));
    }
    Ok(adds)
}

/// Whether other commits concern the objects of a batch, or the files that it removes.
fn is_overtaken(
    store: &Store,
    before: &BTreeSet<String>,
    batch: &[New],
    rewritten: &[(Part, String, Option<Written>)],
) -> Result<bool, Error> {
    if rewritten.iter().any(|(_, path, _)| !store.snapshot.files.contains_key(path)) {
        return Ok(true);
    }
    let mine: HashSet<&str> = batch.iter().map(|(listed, _)| listed.location.as_str()).collect();
    for (_, add) in store.files(Kind::Object, &|_| true) {
        if !before.contains(&add.path) {
            let objects = crate::ingest::read_objects(store.bytes(&add.path)?)?;
            if objects.iter().any(|object| mine.contains(object.location.as_str())) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The files that hold rows of superseded objects, and what is left of each.
fn rewritten(store: &Store, superseded: &[&StoredObject]) -> Result<Vec<(Part, String, Option<Written>)>, Error> {
    let mut rewritten = Vec::new();
    if superseded.is_empty() {
        return Ok(rewritten);
    }
    let ids: HashSet<u64> = superseded.iter().map(|object| object.id).collect();
    let mut days: BTreeSet<u32> = superseded.iter().flat_map(|object| object.days()).collect();
    days.extend(superseded.iter().filter_map(|object| object.key().day));
    for kind in Kind::ALL {
        for (part, add) in store.files(kind, &|day| days.contains(&day)) {
            if let Rewritten::Rest(rest) = without(kind, store.bytes(&add.path)?, &ids)? {
                rewritten.push((part, add.path.clone(), rest));
            }
        }
    }
    Ok(rewritten)
}
