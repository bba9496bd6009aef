//! Locations → objects' bytes.
//!
//! [`find`] resolves the inputs (files, folders, globs, `s3://` prefixes, `-`) to a sorted list of objects, skipping
//! those whose key rules them out and copies of others; [`open`] detects the content by its first bytes and returns
//! blocks of whole lines, or random access to a Parquet file; [`Ahead`] does the same for many objects in order, with
//! prefetch for remote ones. Lines are not interpreted here, and nothing is printed.
//!
//! A further store joins at three places: the branch by input in [`find`], a variant of [`Source`] with its
//! `Stream` and its [`RandomAccess`], and a harness in the conformance suite.

mod access;
mod ahead;
#[cfg(test)]
mod conformance;
mod content;
mod copies;
mod gunzip;
mod inflated;
mod key;
mod lines;
mod listed;
mod local;
mod s3;
mod seen;
#[cfg(test)]
#[path = "../../testdata/store.rs"]
#[allow(dead_code, reason = "each of its users needs a part of it")]
mod store;
mod stream;

use std::collections::HashMap;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use access::{RandomAccess, of_bytes, of_file};
pub use ahead::Ahead;
pub use content::{Content, GZIP_LAYERS_MAX, ObjectError, open};
pub use gunzip::{Gunzipper, Uninflated};
pub use inflated::Inflated;
pub use key::{KEY_MARGIN_SECONDS, KeyFacts, Prune, aws_name};
pub use lines::{Block, LONG_LINE_START_BYTES, Lines};
pub use listed::{Listed, ListedS3, objects};
pub use s3::{
    BYTES_AHEAD_MAX, LISTS_MAX, OBJECTS_AHEAD_MAX, PAGE_TIME_MAX, PART_BYTES, PARTS_AHEAD_MAX, RATE_MIN, RATE_SPAN,
    S3Limits, S3Object, S3Options, STALL, WHOLE_PARQUET_BYTES, without_password,
};
pub use s3::{S3File, S3Folder};
pub use stream::{Ending, io_cause};

use serde::{Deserialize, Serialize};

use crate::error::Error;
use seen::Seen;
use stream::{FileStream, Plain, Stream};

/// Default limit of an object's decompressed size.
pub const DECOMPRESSED_BYTES_MAX: u64 = 64 << 30;
/// Default limit of a text line.
pub const LINE_BYTES_MAX: usize = 1 << 20;
/// Default limit of a JSON line: a CloudWatch envelope holds many records.
pub const JSON_LINE_BYTES_MAX: usize = 64 << 20;
/// Default size of a block of lines.
pub const BLOCK_BYTES: usize = 256 << 10;
/// How large a Parquet file may be that has to be held in memory (from standard input, or gzipped once more).
pub const PARQUET_IN_MEMORY_BYTES_MAX: u64 = 1 << 30;

/// What bounds the reading of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// What one object may inflate to.
    pub decompressed_bytes: u64,
    /// Longer text lines are skipped and reported.
    pub line_bytes: usize,
    /// Longer JSON lines are skipped and reported.
    pub json_line_bytes: usize,
    /// How large a block of lines is, about.
    pub block_bytes: usize,
    /// A Parquet file without random access is held in memory up to here.
    pub parquet_in_memory_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            decompressed_bytes: DECOMPRESSED_BYTES_MAX,
            line_bytes: LINE_BYTES_MAX,
            json_line_bytes: JSON_LINE_BYTES_MAX,
            block_bytes: BLOCK_BYTES,
            parquet_in_memory_bytes: PARQUET_IN_MEMORY_BYTES_MAX,
        }
    }
}

/// Where an object's bytes are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A file of this machine (or a pipe that has a name, such as `/dev/fd/63`).
    File(PathBuf),
    /// An object of S3.
    S3(Arc<S3Object>),
    /// Standard input, which can be opened once.
    Stdin,
}

impl Source {
    /// What two names of the same entry of a folder have in common; a link is an entry of its own, unless it leads to
    /// what can be read only once. Where folders really are is looked up once for each.
    fn entry(&self, is_regular: bool, folders: &mut HashMap<PathBuf, PathBuf>) -> Self {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        match self {
            Self::File(path) if !is_regular && path.is_symlink() => Self::File(real(path)),
            Self::File(path) => Self::File(match (path.parent(), path.file_name()) {
                (Some(folder), Some(name)) if !folder.as_os_str().is_empty() => {
                    folders.entry(folder.to_owned()).or_insert_with_key(|folder| real(folder)).join(name)
                }
                _ => real(path),
            }),
            Self::S3(_) | Self::Stdin => self.clone(),
        }
    }
}

/// What makes a regular file one with another of a different name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// None for what is no regular file, and where the system has no such numbers.
    #[cfg(unix)]
    fn of(metadata: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        metadata.is_file().then(|| Self { device: metadata.dev(), inode: metadata.ino() })
    }

    #[cfg(not(unix))]
    fn of(_metadata: &Metadata) -> Option<Self> {
        None
    }
}

/// Something that may hold flow logs, not opened yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// The name as found, for messages; `(stdin)` for `-`.
    pub name: String,
    /// Where its bytes are.
    pub source: Source,
    /// How many bytes are stored, 0 where that is not known beforehand.
    pub stored_bytes: u64,
    /// What its key says.
    pub key: KeyFacts,
    /// Whether an input names just this object, not a folder, glob or prefix that it is in.
    pub named: bool,
    /// Which file it is, if it is a regular one.
    file: Option<FileId>,
}

impl Object {
    /// An object by its name, of which nothing else is known.
    #[must_use]
    pub fn new(name: String, source: Source, stored_bytes: u64) -> Self {
        let key = KeyFacts::of(&name);
        Self { name, source, stored_bytes, key, named: false, file: None }
    }

    /// The stored bytes from first to last.
    fn stream(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match &self.source {
            Source::File(path) => Box::new(FileStream::new(std::fs::File::open(path)?, self.stored_bytes)),
            Source::S3(object) => object.stream()?,
            Source::Stdin => Box::new(Plain::new(io::stdin())),
        })
    }

    /// How many requests reading it takes, about, where it is in S3.
    #[must_use]
    pub fn gets(&self) -> u64 {
        match &self.source {
            Source::S3(object) => object.gets(),
            Source::File(_) | Source::Stdin => 0,
        }
    }
}

/// What the inputs hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The inputs, by name, without duplicates.
    pub objects: Vec<Object>,
    /// How many were left out because their key names another day, region or account.
    pub pruned: u64,
    /// How many were left out because their key names another AWS service, such as CloudTrail.
    pub foreign: u64,
    /// How many LIST requests that took; objects that these left out of the listing are not counted above.
    pub lists: u64,
    /// What could not be looked into, a sentence fragment each.
    pub warnings: Vec<String>,
    /// Which copies of the objects were left out.
    pub notes: Vec<String>,
}

/// Finds the objects that the inputs name and that the question needs, each once, however many copies there are.
///
/// An input is a file, a folder, a glob (where no such path exists), `s3://bucket/prefix` or `-`. That nothing is left after pruning is no
/// error; that an input names nothing at all is one.
pub fn find(inputs: &[String], prune: &Prune, s3: &S3Options) -> Result<Found, Error> {
    let (mut objects, mut found, mut s3) = (Vec::new(), Found::default(), s3::Finder::new(s3));
    let mut seen = Seen::default();
    for input in inputs {
        let before = objects.len();
        if input == "-" {
            let object = Object::new("(stdin)".to_owned(), Source::Stdin, 0);
            let file = local::standard_input();
            objects.push(Object { named: true, file, ..object });
        } else if input.starts_with("s3://") {
            found.lists += s3.find(input, prune, &mut objects, &mut seen)?;
        } else {
            local::find(input, &mut objects, &mut found.warnings)?;
        }
        tracing::debug!(?input, objects = objects.len() - before, "listed an input");
    }
    if objects.iter().filter(|object| object.source == Source::Stdin).count() > 1 {
        return Err(Error::usage("`-` is given twice, but standard input can be read only once"));
    }
    for object in entries(objects) {
        seen.add(&object.key);
        if object.key.is_foreign() {
            found.foreign += 1;
        } else if prune.needs(&object.key) {
            found.objects.push(object);
        } else {
            found.pruned += 1;
        }
    }
    found.warnings.extend(seen.missing(prune, &found.objects));
    if !prune.copies {
        let copies::Distinct { objects, notes, warnings } = copies::distinct(std::mem::take(&mut found.objects));
        (found.objects, found.notes) = (objects, notes);
        found.warnings.extend(warnings);
    }
    found.warnings.sort();
    found.warnings.dedup();
    let stored_bytes: u64 = found.objects.iter().map(|object| object.stored_bytes).sum();
    let (objects, Found { pruned, foreign, lists, .. }) = (found.objects.len(), &found);
    tracing::info!(objects, stored_bytes, pruned, foreign, lists, "objects were found");
    Ok(found)
}

/// Sorts objects by name and leaves out what inputs name more than once. The first by name stays, so that the order of
/// the inputs does not matter.
fn entries(mut objects: Vec<Object>) -> Vec<Object> {
    objects.sort_by(|a, b| a.name.cmp(&b.name));
    let (mut names, mut folders) = (HashMap::<FileId, u32>::new(), HashMap::new());
    objects.iter().filter_map(|object| object.file).for_each(|file| *names.entry(file).or_default() += 1);
    let (mut places, mut kept) = (HashMap::new(), Vec::<Object>::with_capacity(objects.len()));
    for object in objects {
        // Nearly all files have one name, and nothing need be looked up.
        if object.file.is_none_or(|file| names.get(&file).is_some_and(|names| *names > 1)) {
            let place = *places.entry(object.source.entry(object.file.is_some(), &mut folders)).or_insert(kept.len());
            if let Some(first) = kept.get_mut(place) {
                first.named |= object.named;
                continue;
            }
        }
        kept.push(object);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_input_is_an_object_once_and_twice_is_a_usage_error() {
        let once = find(&["-".to_owned()], &Prune::default(), &S3Options::default()).unwrap();
        assert_eq!((once.objects[0].name.as_str(), &once.objects[0].source), ("(stdin)", &Source::Stdin));
        let twice = find(&["-".to_owned(), "-".to_owned()], &Prune::default(), &S3Options::default()).unwrap_err();
        assert_eq!(twice.exit(), crate::error::Exit::Usage);
    }
}
