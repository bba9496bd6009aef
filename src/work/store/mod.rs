//! Stores: opened, asked which objects they hold, filled, kept. What they answer is [`answer`]'s matter.

mod answer;
mod batch;
mod commit;
mod diff;
mod ingest;
#[cfg(test)]
mod tests;
mod upkeep;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use self::ingest::{IngestQuestion, Shard, ingest};
pub use self::upkeep::{Pruned, compact, list, prune, verify};
use super::ledger::{ReadObject, UnknownField};
use crate::collect::{KeyFacts, Object, S3Folder, S3Options, Source, io_cause};
use crate::error::Error;
use crate::ingest::delta::{Add, DeltaFault, Local, Snapshot, Storage};
use crate::ingest::{Kind, Part, StoredObject, check, read_objects};
use crate::units::human;
use crate::units::time;

/// How locations in S3 begin.
const S3: &str = "s3://";
/// The folder that makes a folder a store.
const LOG: &str = "_delta_log";

/// An opened store.
#[derive(Debug)]
pub struct Store {
    name: String,
    place: Place,
    snapshot: Snapshot,
}

/// Where a store is.
#[derive(Debug)]
enum Place {
    Folder(Local, PathBuf),
    Bucket(S3Folder),
}

impl Place {
    fn of(name: &str, s3: &S3Options) -> Result<Self, Error> {
        if name.starts_with(S3) {
            return S3Folder::open(name, s3).map(Self::Bucket);
        }
        let folder = PathBuf::from(name);
        Ok(Self::Folder(Local::new(folder.clone()), folder))
    }

    fn storage(&self) -> &dyn Storage {
        match self {
            Self::Folder(local, _) => local,
            Self::Bucket(folder) => folder,
        }
    }
}

/// What the ledger's rows keep for answers.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Note {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) object: Option<ReadObject>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) unknown: BTreeMap<String, UnknownField>,
}

/// Whether an input is the folder of a store on this machine.
#[must_use]
pub fn is_store(input: &str) -> bool {
    Path::new(input).join(LOG).is_dir()
}

/// Whether the inputs are a store, on this machine or in S3.
///
/// # Errors
/// If a bucket cannot be listed.
pub fn is_store_of(inputs: &[String], s3: &S3Options) -> Result<bool, Error> {
    match inputs {
        [input] if input.starts_with(S3) => Ok(S3Folder::with(input, s3, &format!("{LOG}/"))?.is_some()),
        inputs => Ok(inputs.iter().any(|input| is_store(input))),
    }
}

impl Store {
    /// The store among the inputs, which is the only one then.
    ///
    /// # Errors
    /// If there are other inputs too, or its log cannot be read.
    pub fn among(inputs: &[String], s3: &S3Options) -> Result<Option<Self>, Error> {
        if let [input] = inputs
            && input.starts_with(S3)
        {
            let folder = S3Folder::with(input, s3, &format!("{LOG}/"))?;
            return folder.map_or(Ok(None), |folder| Self::at(input, Place::Bucket(folder)));
        }
        let Some(input) = inputs.iter().find(|input| is_store(input)) else { return Ok(None) };
        if inputs.len() > 1 {
            return Err(Error::usage(format!("{input}: a store is read alone, not beside other inputs"))
                .hint("ingest the logs into it, or read the logs alone"));
        }
        Self::open(input, s3)?.map_or_else(|| Err(empty(input)), |store| Ok(Some(store)))
    }

    /// The store in a folder, if there is one.
    ///
    /// # Errors
    /// If its log cannot be read.
    pub fn open(name: &str, s3: &S3Options) -> Result<Option<Self>, Error> {
        Self::at(name, Place::of(name, s3)?)
    }

    fn at(name: &str, place: Place) -> Result<Option<Self>, Error> {
        let snapshot = Snapshot::load(place.storage()).map_err(|fault| Error::read(format!("{name}: {fault}")))?;
        if let Some(snapshot) = &snapshot {
            check(&snapshot.metadata).map_err(|error| error.context(name))?;
        }
        Ok(snapshot.map(|snapshot| Self { name: name.to_owned(), place, snapshot }))
    }

    fn storage(&self) -> &dyn Storage {
        self.place.storage()
    }

    /// Its files of a kind whose days may be needed; rows without a day may always be.
    pub(super) fn files(&self, kind: Kind, needs_day: &dyn Fn(u32) -> bool) -> Vec<(Part, &Add)> {
        let parts = self.snapshot.files.values().filter_map(|add| Some((Part::of(add)?, add)));
        parts.filter(|(part, _)| part.kind == kind && part.day.is_none_or(needs_day)).collect()
    }

    /// Reads newer versions.
    fn refresh(&mut self) -> Result<(), Error> {
        let refreshed = self.snapshot.refresh(self.place.storage());
        refreshed.map(drop).map_err(|fault| Error::read(format!("{}: {fault}", self.name)))
    }

    /// Writes a file, which no version has yet.
    fn put(&self, path: &str, bytes: &[u8]) -> Result<(), Error> {
        self.storage().put(path, bytes).map_err(|error| {
            Error::write(format!("cannot write {}/{path}: {}", self.name, io_cause(&error)))
                .hint("the store is as it was before this step")
                .because(error)
        })
    }

    /// Deletes a file that no version has.
    fn delete(&self, path: &str) -> Result<(), Error> {
        let failed = |error| Error::write(format!("cannot delete {}/{path}: {}", self.name, io_cause(&error)));
        self.storage().delete(path).map_err(failed)
    }

    fn write_fault(&self, fault: &DeltaFault) -> Error {
        Error::write(format!("{}: {fault}", self.name)).hint("the store is as it was before this step")
    }

    /// The bytes of one of its files.
    fn read(&self, path: &str) -> Result<Vec<u8>, Error> {
        let read = self.storage().read(path).map_err(|error| Error::read(io_cause(&error)).because(error));
        read.and_then(|bytes| bytes.ok_or_else(|| Error::read("is missing, though the store's log names it")))
    }

    /// The same, named in errors.
    fn bytes(&self, path: &str) -> Result<Vec<u8>, Error> {
        self.read(path).map_err(|error| self.damaged(path, error))
    }

    fn damaged(&self, path: &str, error: Error) -> Error {
        error
            .context(format!("{}/{path}", self.name))
            .hint(format!("outflow store verify {} lists the damage", self.name))
    }

    /// The objects that it holds of some days, by location.
    ///
    /// # Errors
    /// If a file of its ledger cannot be read.
    pub fn objects(&self, needs_day: &dyn Fn(u32) -> bool) -> Result<Vec<StoredObject>, Error> {
        let mut objects = Vec::new();
        for (_, add) in self.files(Kind::Object, needs_day) {
            let read = self
                .bytes(&add.path)
                .and_then(|bytes| read_objects(bytes).map_err(|error| self.damaged(&add.path, error)));
            objects.extend(read?);
        }
        objects.sort_by(|one, other| one.location.cmp(&other.location));
        Ok(objects)
    }

    /// How fresh what it holds is, in a sentence.
    fn freshness(&self, objects: &[StoredObject]) -> Option<String> {
        let ingested = objects.iter().map(|object| object.ingested).max()?;
        let last = objects.iter().filter_map(|object| object.starts).map(|(_, last)| last).max();
        let until = last.map(|last| format!(", records until {}", time::write(last))).unwrap_or_default();
        let counted = human::counted(objects.len() as u64, "object");
        Some(format!("store: {counted}, the last ingested at {}{until}", time::write(ingested)))
    }

    /// Adds the objects that can answer what the store cannot.
    fn with_objects(&self, error: Error, objects: &[StoredObject]) -> Error {
        let Some(first) = objects.first() else { return error };
        let shared = |one: &str, other: &str| one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
        let length = objects.iter().map(|object| shared(&first.location, &object.location)).min().unwrap_or(0);
        let folder = match first.location.get(..length).and_then(|prefix| prefix.rfind('/')) {
            Some(end) if objects.len() > 1 => &first.location[..=end],
            _ => &first.location,
        };
        error.hint(format!("scan the {} instead: {folder}", human::counted(objects.len() as u64, "object")))
    }

    /// A file as an object that is scanned.
    fn object(&self, add: &Add) -> Object {
        let size = u64::try_from(add.size).unwrap_or(0);
        let mut object = match &self.place {
            Place::Folder(_, folder) => {
                Object::new(format!("{}/{}", self.name, add.path), Source::File(folder.join(&add.path)), size)
            }
            Place::Bucket(folder) => folder.object(&add.path, size),
        };
        // What its path says of accounts and days is not what a log's would.
        (object.key, object.named) = (KeyFacts::default(), true);
        object
    }
}

fn empty(name: &str) -> Error {
    Error::read(format!("{name}: the store's log is empty"))
}
