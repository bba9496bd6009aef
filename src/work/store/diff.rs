//! Which of the objects that were listed a store does not have: new, changed, or failed the last time.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use super::ingest::Shard;
use crate::collect::{Object, Source, aws_name};
use crate::error::Error;
use crate::ingest::{Status, StoredObject};
use crate::units::human;

/// How many copies a note names.
const COPIES_SHOWN: usize = 3;

/// An object with what identifies its content.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) object: Object,
    /// `s3://bucket/key`, or an absolute path.
    pub(super) location: String,
    /// Its ETag, or the moment of its last change.
    pub(super) version: String,
}

/// What is to be read, each with the row of the ledger that it supersedes.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) new: Vec<(Listed, Option<StoredObject>)>,
    pub(super) unchanged: u64,
    pub(super) notes: Vec<String>,
}

/// The objects of a shard, identified.
///
/// # Errors
/// If one has no identity, or cannot be looked at.
pub(super) fn listed(objects: &[Object], shard: Option<Shard>) -> Result<Vec<Listed>, Error> {
    let all = objects.iter().map(identified).collect::<Result<Vec<_>, Error>>()?;
    let is_mine = |listed: &Listed| {
        shard.is_none_or(|Shard { place, of }| crc32fast::hash(listed.location.as_bytes()) % of == place)
    };
    Ok(all.into_iter().filter(is_mine).collect())
}

fn identified(object: &Object) -> Result<Listed, Error> {
    let (location, version) = match &object.source {
        Source::Stdin => {
            return Err(Error::usage("-: standard input cannot be ingested").hint("write it to a file, and name that"));
        }
        Source::S3(_) => {
            let listed = object.listed()?;
            let version = listed.s3.and_then(|s3| s3.etag);
            (listed.location, version.unwrap_or_default())
        }
        Source::File(path) => (absolute(path)?, changed(path)?),
    };
    Ok(Listed { object: object.clone(), location, version })
}

/// Where a file really is: links to it are the same object.
fn absolute(path: &Path) -> Result<String, Error> {
    let whole = path.canonicalize().map_err(|error| Error::read(format!("{}: {error}", path.display())))?;
    let text = whole.to_str().map(str::to_owned);
    text.ok_or_else(|| Error::failed(format!("{}: the name is not valid Unicode", path.display())))
}

/// The moment of a file's last change, in nanoseconds.
fn changed(path: &Path) -> Result<String, Error> {
    let changed = fs::metadata(path).and_then(|about| about.modified());
    let changed = changed.map_err(|error| Error::read(format!("{}: {error}", path.display())))?;
    Ok(changed.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos()).to_string())
}

/// What a store that knows some objects does not have of those that were listed. Copies of an object under another of its
/// names are wanted only if all copies are.
pub(super) fn wanted(listed: Vec<Listed>, known: &[StoredObject], copies: bool) -> Wanted {
    let by_location: HashMap<&str, &StoredObject> =
        known.iter().map(|object| (object.location.as_str(), object)).collect();
    let by_name: HashMap<&str, &StoredObject> =
        known.iter().filter_map(|object| Some((aws_name(&object.location)?, object))).collect();
    let (mut wanted, mut skipped) = (Wanted::default(), BTreeMap::new());
    for listed in listed {
        match by_location.get(listed.location.as_str()) {
            Some(before) if before.is_same(listed.object.stored_bytes, &listed.version) => {
                if before.status == Status::Pending {
                    wanted.new.push((listed, Some((*before).clone())));
                } else {
                    wanted.unchanged += 1;
                }
            }
            Some(before) => wanted.new.push((listed, Some((*before).clone()))),
            // AWS never gives two objects one name: it is a copy of what was read from elsewhere.
            None => match aws_name(&listed.location).filter(|_| !copies).and_then(|name| by_name.get(name)) {
                Some(original) => drop(skipped.insert(listed.location, original.location.clone())),
                None => wanted.new.push((listed, None)),
            },
        }
    }
    if !skipped.is_empty() {
        let shown: Vec<_> =
            skipped.iter().take(COPIES_SHOWN).map(|(copy, original)| format!("{copy} of {original}")).collect();
        let more = if skipped.len() > COPIES_SHOWN { ", …" } else { "" };
        let count = human::counted(skipped.len() as u64, "object");
        wanted
            .notes
            .push(format!("skipped: {count} that the store has under another name: {}{more}", shown.join(", ")));
    }
    wanted
}
