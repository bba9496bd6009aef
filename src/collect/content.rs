//! The content type of an object, from its first bytes. Names and suffixes are unreliable and ignored.

use std::io;
use std::sync::Arc;

use super::access::{RandomAccess, of_bytes};
use super::gunzip::{GZIP_MAGIC, Gunzip};
use super::lines::Lines;
use super::stream::{Ending, Peeked, Stream, io_cause};
use super::{Limits, Object};

/// How many times an object may be gzipped (copying tools do it a second time now and then).
pub const GZIP_LAYERS_MAX: usize = 2;

/// An opened object.
#[derive(Debug)]
pub enum Content {
    /// Nothing, or compressed nothing.
    Empty,
    /// Text.
    Lines(Lines),
    /// Text that begins with `{` or `[`, with the limit on lines that JSON has.
    Json(Lines),
    /// A Parquet file.
    Parquet(Arc<dyn RandomAccess>),
}

/// Why an object cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// The store does not give it.
    #[error("cannot be opened: {0}")]
    Unopened(String),
    /// It is in a form that others can unpack.
    #[error("{form} is not supported; unpack it first: `{remedy}`")]
    Packed {
        /// What it is.
        form: &'static str,
        /// The command that makes it readable.
        remedy: &'static str,
    },
    /// It was gzipped again and again.
    #[error("more than {GZIP_LAYERS_MAX} gzip layers")]
    Layers,
    /// It is a Parquet file whose columns are encrypted.
    #[error("encrypted Parquet files are not supported")]
    Encrypted,
    /// It is no text.
    #[error("binary file, not a flow log")]
    Binary,
    /// It is a Parquet file that cannot be read in any order, and too large to hold.
    #[error("it is a Parquet file of more than {limit} bytes that is compressed or piped; save it uncompressed first")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// It is a compressed Parquet file that did not inflate to its end.
    #[error("it is a compressed Parquet file, {0}")]
    Damaged(Ending),
}

/// Opens an object and looks at its first bytes.
pub fn open(object: &Object, limits: &Limits) -> Result<Content, ObjectError> {
    open_stream(object.stream(), limits)
}

/// What an object holds, without compression.
pub(super) fn inflated(stored: io::Result<Box<dyn Stream>>, limits: &Limits) -> Result<Peeked, ObjectError> {
    let stored = stored.map_err(|error| ObjectError::Unopened(io_cause(&error)))?;
    let (mut stream, mut layers) = (Peeked::new(stored), 0);
    while stream.head().starts_with(&GZIP_MAGIC) {
        layers += 1;
        if layers > GZIP_LAYERS_MAX {
            return Err(ObjectError::Layers);
        }
        stream = Peeked::new(Box::new(Gunzip::new(stream, limits.decompressed_bytes)));
    }
    Ok(stream)
}

/// Detects the content from the first bytes.
pub(super) fn open_stream(stored: io::Result<Box<dyn Stream>>, limits: &Limits) -> Result<Content, ObjectError> {
    let mut stream = inflated(stored, limits)?;
    if stream.head().starts_with(UTF8_BOM) {
        stream.skip(UTF8_BOM.len());
    }
    match (stream.end_if_empty(), kind_of(stream.head())?) {
        (Some(Ok(_)), _) => Ok(Content::Empty),
        (Some(Err(stop)), _) if matches!(stop.ending, Ending::Failed { .. }) => Err(unopened(&stop.ending)),
        (_, Kind::Text) => Ok(Content::Lines(Lines::new(Box::new(stream), limits.block_bytes, limits.line_bytes))),
        (_, Kind::Json) => Ok(Content::Json(Lines::new(Box::new(stream), limits.block_bytes, limits.json_line_bytes))),
        (_, Kind::Parquet) => {
            let access = stream.random_access();
            match access.map_err(|error| ObjectError::Unopened(io_cause(&error)))? {
                Some(access) => Ok(Content::Parquet(access)),
                None => hold(stream, limits.parquet_in_memory_bytes).map(Content::Parquet),
            }
        }
    }
}

fn unopened(ending: &Ending) -> ObjectError {
    match ending {
        Ending::Failed { cause } => ObjectError::Unopened(cause.clone()),
        ending => ObjectError::Unopened(ending.to_string()),
    }
}

const UTF8_BOM: &[u8] = b"\xef\xbb\xbf";

enum Kind {
    Text,
    Json,
    Parquet,
}

/// Where each magic number stands, and what is to be done about it.
const PACKED: [(usize, &[u8], &str, &str); 10] = [
    (0, b"\x28\xb5\x2f\xfd", "compressed with zstd", "zstd -d FILE"),
    (0, b"PK\x03\x04", "a zip archive", "unzip FILE"),
    (0, b"PK\x05\x06", "an empty zip archive", "unzip FILE"),
    (0, b"BZh", "compressed with bzip2", "bunzip2 FILE"),
    (0, b"\xfd7zXZ\0", "compressed with xz", "xz -d FILE"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", "7z x FILE"),
    (0, b"\x04\x22\x4d\x18", "compressed with lz4", "lz4 -d FILE"),
    (257, b"ustar", "a tar archive", "tar -xf FILE"),
    (0, b"\xff\xfe", "UTF-16 text", "iconv -f UTF-16 -t UTF-8 FILE"),
    (0, b"\xfe\xff", "UTF-16 text", "iconv -f UTF-16 -t UTF-8 FILE"),
];

fn kind_of(head: &[u8]) -> Result<Kind, ObjectError> {
    if head.starts_with(b"PAR1") {
        return Ok(Kind::Parquet);
    }
    if head.starts_with(b"PARE") {
        return Err(ObjectError::Encrypted);
    }
    for (place, magic, form, remedy) in PACKED {
        if head.get(place..).is_some_and(|bytes| bytes.starts_with(magic)) {
            return Err(ObjectError::Packed { form, remedy });
        }
    }
    if is_binary(head) {
        return Err(ObjectError::Binary);
    }
    match head.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{' | b'[') => Ok(Kind::Json),
        _ => Ok(Kind::Text),
    }
}

/// A NUL, or one control byte in ten: more than a damaged line would bring.
fn is_binary(head: &[u8]) -> bool {
    let is_control = |byte: &&u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    head.contains(&0) || head.iter().filter(is_control).count() * 10 > head.len()
}

/// Reads a Parquet file to its end, where its footer is.
fn hold(mut stream: Peeked, limit: u64) -> Result<Arc<dyn RandomAccess>, ObjectError> {
    let mut bytes = Vec::new();
    loop {
        if bytes.len() as u64 > limit {
            return Err(ObjectError::TooLarge { limit });
        }
        bytes.reserve(super::BLOCK_BYTES);
        match stream.append(&mut bytes) {
            Ok(0) => return Ok(of_bytes(bytes)),
            Ok(_) => {}
            Err(stop) => return Err(ObjectError::Damaged(stop.ending)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Block, Prune, find};
    use super::*;

    #[test]
    fn every_sample_is_opened_and_read_to_its_end() {
        let places = ["/../shared/samples", "/../../shared/samples"];
        let mut folders = places.map(|place| format!("{}{place}", env!("CARGO_MANIFEST_DIR"))).into_iter();
        let Some(folder) = folders.find(|folder| std::path::Path::new(folder).exists()) else {
            eprintln!("skipped: there are no samples");
            return;
        };
        let (mut block, mut parquet) = (Vec::new(), 0);
        for object in find(&[folder], &Prune::default(), &crate::collect::S3Options::default()).unwrap().objects {
            match open(&object, &Limits::default()) {
                Ok(Content::Lines(mut lines) | Content::Json(mut lines)) => {
                    while let Some(kind) = lines.next_block(&mut block) {
                        assert_eq!(kind, Block::Lines, "{}", object.name);
                    }
                    assert_eq!(lines.ending(), &Ending::Complete, "{}", object.name);
                    assert_eq!(lines.stored_bytes_read(), object.stored_bytes, "{}", object.name);
                }
                Ok(Content::Parquet(access)) => {
                    assert_eq!(access.read(access.len() - 4, 4).unwrap(), b"PAR1", "{}", object.name);
                    parquet += 1;
                }
                other => panic!("{}: {other:?}", object.name),
            }
        }
        assert!(parquet > 0, "the samples hold Parquet files");
    }
}
