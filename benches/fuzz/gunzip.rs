//! Objects: what was gzipped comes back whole, within the limit, or with an ending that says what is wrong.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::LazyLock;

use flate2::Compression;
use flate2::write::GzEncoder;
use outflow::collect::{Block, Content, Ending, GZIP_LAYERS_MAX, LONG_LINE_START_BYTES, Limits, Lines};
use outflow::collect::{Object, Source, open};

use crate::seeds;

const DECOMPRESSED_BYTES_MAX: u64 = 64 << 10;
const LINE_BYTES_MAX: usize = 200;
/// Above any block: what a buffer of a line, a block and the start of a line may have grown to, as buffers double.
const BLOCK_BYTES_MAX: usize = 2 * (LINE_BYTES_MAX + 256 + LONG_LINE_START_BYTES);
const BOM: &[u8] = b"\xef\xbb\xbf";

/// The object's file; `run` sets up a folder for it that is in memory and deleted in the end.
static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("outflow-fuzz-{}", std::process::id())));

/// How an object is made from the input, and what must come of it.
enum Law {
    /// Anything: the input is the object.
    Raw,
    /// Exactly the input.
    Whole,
    /// The start of the input, and an ending that says that it was cut.
    Cut,
    /// The input, or an ending that says that it is damaged.
    Damaged,
}

pub(crate) fn run(input: &[u8]) {
    let Some(([mode, high, low, block_bytes], text)) = input.split_first_chunk() else { return };
    let at = usize::from(u16::from_be_bytes([*high, *low]));
    let (law, object) = made(*mode, at, text);
    if fs::write(&*FILE, object).is_err() {
        return;
    }
    let read = Read::of(usize::from(*block_bytes) + 1);
    // The law speaks of the text as it is; that of a gzip file, which is unpacked once more, is another.
    if !text.starts_with(&[0x1f, 0x8b]) {
        read.check(&law, text.strip_prefix(BOM).unwrap_or(text));
    }
}

fn made(mode: u8, at: usize, text: &[u8]) -> (Law, Vec<u8>) {
    let mut object = gzip(text);
    match mode % 6 {
        0 => (Law::Raw, text.to_vec()),
        1 => (Law::Whole, object),
        2 => (Law::Whole, (1..GZIP_LAYERS_MAX).fold(object, |object, _| gzip(&object))),
        3 => {
            let (first, second) = text.split_at(at % (text.len() + 1));
            (Law::Whole, [gzip(first), gzip(second)].concat())
        }
        4 => {
            object.truncate(2 + at % (object.len() - 2));
            (Law::Cut, object)
        }
        _ => {
            let place = 2 + at % (object.len() - 2);
            object[place] ^= 1 << (mode / 6 % 8);
            (Law::Damaged, object)
        }
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(text);
    encoder.finish().ok().filter(|_| written.is_ok()).unwrap_or_default()
}

/// What was read of the object.
enum Read {
    Refused,
    Lines(Vec<(Block, Vec<u8>)>, Ending),
    Parquet(Vec<u8>),
}

impl Read {
    fn of(block_bytes: usize) -> Self {
        let limits = Limits {
            decompressed_bytes: DECOMPRESSED_BYTES_MAX,
            line_bytes: LINE_BYTES_MAX,
            json_line_bytes: LINE_BYTES_MAX,
            block_bytes,
            parquet_in_memory_bytes: DECOMPRESSED_BYTES_MAX,
        };
        let source = Source::File(FILE.clone());
        match open(&Object::new("-".to_owned(), source, 0), &limits) {
            Ok(Content::Empty) => Self::Lines(Vec::new(), Ending::Complete),
            Ok(Content::Lines(lines) | Content::Json(lines)) => Self::of_lines(lines),
            Ok(Content::Parquet(access)) => {
                let length = usize::try_from(access.len()).unwrap_or(usize::MAX);
                access.read(0, length).map_or_else(|_| Self::Refused, Self::Parquet)
            }
            Err(_) => Self::Refused,
        }
    }

    fn of_lines(mut lines: Lines) -> Self {
        let (mut blocks, mut block, mut bytes) = (Vec::new(), Vec::new(), 0);
        while let Some(kind) = lines.next_block(&mut block) {
            bytes += match kind {
                Block::Lines => block.len() as u64,
                Block::LongLine { bytes } => bytes,
            };
            assert!(bytes <= DECOMPRESSED_BYTES_MAX, "no more than the limit is inflated");
            assert!(block.len() <= BLOCK_BYTES_MAX, "memory is bounded");
            assert!(!block.is_empty(), "a block holds something");
            blocks.push((kind, block.clone()));
        }
        let whole = |(kind, block): &(Block, Vec<u8>)| *kind != Block::Lines || block.ends_with(b"\n");
        assert!(blocks.iter().rev().skip(1).all(whole), "only the last line may lack its newline");
        Self::Lines(blocks, lines.ending().clone())
    }

    fn check(&self, law: &Law, text: &[u8]) {
        match (self, law) {
            (Self::Refused, _) | (_, Law::Raw) => {}
            (Self::Parquet(bytes), _) => assert_eq!(bytes, text),
            (Self::Lines(blocks, ending), Law::Whole) => {
                assert_eq!(*ending, Ending::Complete);
                assert_eq!(rest(blocks, text), Some(&b""[..]), "the text is given whole");
            }
            (Self::Lines(blocks, ending), Law::Cut) => {
                assert!(
                    matches!(ending, Ending::Truncated { .. }) || (blocks.is_empty() && text.is_empty()),
                    "{ending}"
                );
                assert!(rest(blocks, text).is_some(), "what is given is the start of the text");
            }
            (Self::Lines(blocks, ending), Law::Damaged) => {
                let same = rest(blocks, text) == Some(b"");
                assert!(same || *ending != Ending::Complete, "damage is told");
            }
        }
    }
}

/// What is left of a text after blocks that must be its start.
fn rest<'a>(blocks: &[(Block, Vec<u8>)], text: &'a [u8]) -> Option<&'a [u8]> {
    blocks.iter().try_fold(text, |text, (kind, block)| match kind {
        Block::Lines => text.strip_prefix(block.as_slice()),
        Block::LongLine { bytes } => {
            let (line, rest) = text.split_at_checked(usize::try_from(*bytes).ok()?)?;
            let start = &line[..line.len().min(LONG_LINE_START_BYTES)];
            (block == start && !line.contains(&b'\n')).then(|| rest.strip_prefix(b"\n").unwrap_or(rest))
        }
    })
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let texts = [seeds::logs(), seeds::cases(".log"), seeds::cases(".json")].concat();
    let raw = seeds::with_controls(&[&[0, 0, 0, 63]], &[seeds::cases(".gz"), texts.clone()].concat());
    let made = seeds::with_controls(&[&[1, 0, 0, 9], &[3, 0, 80, 99], &[4, 0, 99, 40], &[5, 1, 1, 40]], &texts);
    [raw, made].concat()
}

/// Magic numbers, and a member that holds nothing.
pub(crate) fn words() -> Vec<String> {
    ["\x1f", "PAR1", "\u{feff}", "\x03\0\0\0\0\0\0\0\0\0", "{"].map(str::to_owned).to_vec()
}
