//! Locations → objects' bytes.
//!
//! [`find`] turns what the user named (files, folders, globs, `-`) into a sorted list of objects, leaving out those
//! whose key says that they cannot matter; [`open`] tells an object's content by its first bytes and hands out blocks
//! of whole lines, or random access to a Parquet file. Nothing here knows what a line means, and nothing is printed.
//!
//! A further store joins at three places: the branch by input in [`find`], a variant of [`Source`] with its
//! `Stream` and its [`RandomAccess`], and a harness in the conformance suite.

mod access;
#[cfg(test)]
mod conformance;
mod content;
mod gunzip;
mod key;
mod lines;
mod local;
mod stream;

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

pub use access::RandomAccess;
pub use content::{Content, GZIP_LAYERS_MAX, ObjectError, open};
pub use gunzip::Gunzipper;
pub use key::{KEY_MARGIN_SECONDS, KeyFacts, Prune};
pub use lines::{Block, LONG_LINE_START_BYTES, Lines};
pub use stream::{Ending, io_cause};

use crate::error::Error;
use stream::{Plain, Stream};

/// How much one object may inflate to unless told otherwise.
pub const DECOMPRESSED_BYTES_MAX: u64 = 64 << 30;
/// How long a line of text may be unless told otherwise.
pub const LINE_BYTES_MAX: usize = 1 << 20;
/// How long a line of JSON may be unless told otherwise: an envelope of CloudWatch holds many records.
pub const JSON_LINE_BYTES_MAX: usize = 64 << 20;
/// How large a block of lines is unless told otherwise.
pub const BLOCK_BYTES: usize = 256 << 10;
/// How large a Parquet file may be that has to be held in memory (from standard input, or gzipped once more).
pub const PARQUET_IN_MEMORY_BYTES_MAX: u64 = 1 << 30;

/// What bounds the reading of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// What one object may inflate to.
    pub decompressed_bytes: u64,
    /// A longer line of text is skipped and told.
    pub line_bytes: usize,
    /// A longer line of JSON is skipped and told.
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
    /// Standard input, which can be opened once.
    Stdin,
}

impl Source {
    /// The stored bytes from first to last.
    fn stream(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::File(path) => Box::new(Plain::new(std::fs::File::open(path)?)),
            Self::Stdin => Box::new(Plain::new(io::stdin())),
        })
    }

    /// The stored bytes at any place, where the source can give that.
    fn random_access(&self) -> io::Result<Option<Arc<dyn RandomAccess>>> {
        match self {
            Self::File(path) => access::of_file(path),
            Self::Stdin => Ok(None),
        }
    }

    /// What two names of the same bytes have in common.
    fn identity(&self) -> Self {
        match self {
            Self::File(path) => Self::File(path.canonicalize().unwrap_or_else(|_| path.clone())),
            Self::Stdin => Self::Stdin,
        }
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
}

impl Object {
    fn new(name: String, source: Source, stored_bytes: u64) -> Self {
        let key = KeyFacts::of(&name);
        Self { name, source, stored_bytes, key }
    }
}

/// What the inputs hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What is to be read, by name; the same bytes named twice are there once.
    pub objects: Vec<Object>,
    /// How many were left out because their key names another day, region or account.
    pub pruned: u64,
    /// How many were left out because their key names another AWS service, such as CloudTrail.
    pub foreign: u64,
    /// What could not be looked into, a sentence fragment each.
    pub warnings: Vec<String>,
}

/// Finds the objects that the inputs name and that the question needs.
///
/// An input is a file, a folder, a glob (where no such path exists) or `-`. That nothing is left after pruning is no
/// error; that an input names nothing at all is one.
pub fn find(inputs: &[String], prune: &Prune) -> Result<Found, Error> {
    let (mut objects, mut found) = (Vec::new(), Found::default());
    for input in inputs {
        if input == "-" {
            objects.push(Object::new("(stdin)".to_owned(), Source::Stdin, 0));
        } else if input.starts_with("s3://") {
            return Err(s3_refusal(input));
        } else {
            local::find(input, &mut objects, &mut found.warnings)?;
        }
    }
    if objects.iter().filter(|object| object.source == Source::Stdin).count() > 1 {
        return Err(Error::usage("`-` is given twice, but standard input can be read only once"));
    }
    // The first by name stays, so that the order of the inputs does not matter.
    objects.sort_by(|a, b| a.name.cmp(&b.name));
    let mut seen = HashSet::with_capacity(objects.len());
    objects.retain(|object| seen.insert(object.source.identity()));
    for object in objects {
        if object.key.is_foreign() {
            found.foreign += 1;
        } else if prune.needs(&object.key) {
            found.objects.push(object);
        } else {
            found.pruned += 1;
        }
    }
    found.warnings.sort();
    found.warnings.dedup();
    Ok(found)
}

fn s3_refusal(input: &str) -> Error {
    Error::failed(format!("`{input}`: reading from S3 is not supported yet in this version"))
        .hint(format!("copy the objects first, such as `aws s3 sync {input} ./logs`, and give the folder"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_input_is_an_object_once_and_twice_is_a_usage_error() {
        let once = find(&["-".to_owned()], &Prune::default()).unwrap();
        assert_eq!((once.objects[0].name.as_str(), &once.objects[0].source), ("(stdin)", &Source::Stdin));
        let twice = find(&["-".to_owned(), "-".to_owned()], &Prune::default()).unwrap_err();
        assert_eq!(twice.exit(), crate::error::Exit::Usage);
    }

    #[test]
    fn s3_is_refused_with_the_way_round() {
        let error = find(&["s3://logs/AWSLogs/".to_owned()], &Prune::default()).unwrap_err();
        assert!(error.hints()[0].contains("aws s3 sync s3://logs/AWSLogs/"), "{error:?}");
    }
}
