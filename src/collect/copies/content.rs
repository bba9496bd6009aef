//! Whether files hold the same: their last bytes, the mark of an output, their checksums.

use std::fs::File;
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use ahash::RandomState;

use super::super::content::{Content, inflated, open};
use super::super::gunzip::GZIP_MAGIC;
use super::super::key::aws_name;
use super::super::stream::Stream;
use super::super::{Limits, Object, Source};
use super::groups_of;
use crate::schema::output::OUTPUT_MARK;

/// How many bytes at the end of a file are compared before all of them are: the checksum of a gzip file, the last
/// records of text, a part of a Parquet file's footer. Smaller files are read whole.
const TAIL_BYTES: usize = 4 << 10;
/// How many bytes at the end of a Parquet file are searched for the mark of an output.
const MARK_TAIL_BYTES: u64 = 64 << 10;
/// Bytes that are hashed at a time.
const PIECE_BYTES: usize = 64 << 10;
/// The least bytes of a gzip file: its header and trailer.
const GZIP_BYTES_MIN: u64 = 18;

/// A checksum of content under this run's own seeds, so that nobody can make two contents that share one.
type Digest = [u64; 2];

/// The first glance at a file.
#[derive(Clone, Copy, Debug)]
struct Sketch {
    /// A digest of the last bytes.
    tail: Digest,
    /// The checksum that a gzip file ends with.
    gzip: Option<u32>,
    /// How much there is without compression, modulo 2^32.
    bytes: u32,
}

/// Calls with each group of files that hold the same bytes, and then with each whose bytes are the same without gzip.
pub(super) fn each_alike(objects: &[Object], files: &[usize], join: &mut dyn FnMut(Vec<usize>)) {
    if files.len() < 2 {
        return;
    }
    let seeds = [RandomState::new(), RandomState::new()];
    let sketches = on_all_cores(files, |file| sketch(&objects[*file], &seeds));
    let known: Vec<(usize, Sketch)> =
        files.iter().zip(sketches).filter_map(|(file, sketch)| Some((*file, sketch?))).collect();
    let is_unnamed = |group: &&Vec<usize>| group.iter().any(|file| aws_name(&objects[*file].name).is_none());
    let stored = |(file, sketch): &(usize, Sketch)| ((objects[*file].stored_bytes, sketch.tail), *file);
    let mut copies = Vec::new();
    for group in groups_of(known.iter().map(stored).collect()).iter().filter(is_unnamed) {
        let is_whole = objects[group[0]].stored_bytes <= TAIL_BYTES as u64;
        let digest = |file: &usize| digest(objects[*file].stream().ok()?, &seeds);
        let same = if is_whole { vec![group.clone()] } else { alike(group, digest) };
        for group in same {
            copies.extend_from_slice(&group[1..]);
            join(group);
        }
    }
    copies.sort_unstable();
    let known = known.into_iter().filter(|(file, _)| copies.binary_search(file).is_err());
    let known: Vec<(usize, Sketch)> = known.collect();
    for group in inflating_alike(objects, &known).iter().filter(is_unnamed) {
        let digest = |file: &usize| {
            let content = inflated(objects[*file].stream(), &Limits::default());
            digest(Box::new(content.ok()?), &seeds)
        };
        alike(group, digest).into_iter().for_each(&mut *join);
    }
}

/// Files that may hold the same without gzip: length and checksum agree, and one is a gzip file.
fn inflating_alike(objects: &[Object], known: &[(usize, Sketch)]) -> Vec<Vec<usize>> {
    let place = |at: usize| (known[at].1.bytes, at);
    let mut summed = Vec::new();
    for group in groups_of((0..known.len()).map(place).collect()) {
        let gzips: Vec<u32> = group.iter().filter_map(|at| known[*at].1.gzip).collect();
        if gzips.is_empty() {
            continue;
        }
        for at in group {
            let (file, Sketch { bytes, gzip, .. }) = known[at];
            let checksum = gzip.or_else(|| checksum(&objects[file]).filter(|checksum| gzips.contains(checksum)));
            summed.extend(checksum.map(|checksum| ((bytes, checksum), file)));
        }
    }
    groups_of(summed)
}

/// The files of a group, by what they hold.
fn alike(group: &[usize], digest: impl Fn(&usize) -> Option<Digest> + Sync) -> Vec<Vec<usize>> {
    let digests = on_all_cores(group, digest);
    groups_of(digests.into_iter().zip(group).filter_map(|(digest, file)| Some((digest?, *file))).collect())
}

/// Whether two objects of one name are known to differ in content. Of S3 only the sizes are known, and Parquet cannot be
/// compared with text.
pub(super) fn differ(one: &Object, other: &Object) -> bool {
    let extension = |object: &Object| object.name.rsplit('.').next().map(str::to_owned);
    let is_parquet = |object: &Object| extension(object).as_deref() == Some("parquet");
    let (Source::File(_), Source::File(_)) = (&one.source, &other.source) else {
        return extension(one) == extension(other) && one.stored_bytes != other.stored_bytes;
    };
    if is_parquet(one) != is_parquet(other) {
        return false;
    }
    // All of both is compared: what differs in the middle has the same length, and a gzip file of several members ends
    // with the length and the checksum of the last alone.
    let seeds = [RandomState::new(), RandomState::new()];
    let stored = |object: &Object| digest(object.stream().ok()?, &seeds);
    if one.stored_bytes == other.stored_bytes && stored(one).is_some_and(|first| stored(other) == Some(first)) {
        return false;
    }
    if is_parquet(one) {
        return true;
    }
    let content = |object: &Object| digest(Box::new(inflated(object.stream(), &Limits::default()).ok()?), &seeds);
    let content = [one, other].map(content);
    content[0].is_none() || content[0] != content[1]
}

/// Whether an object holds no record: nothing at all, or a header line.
pub(super) fn is_without_records(object: &Object) -> bool {
    if object.stored_bytes > TAIL_BYTES as u64 || object.file.is_none() {
        return false;
    }
    match open(object, &Limits::default()) {
        Ok(Content::Empty) => true,
        Ok(Content::Lines(mut lines)) => {
            let mut block = Vec::new();
            lines.next_block(&mut block).is_none() || is_header(&block)
        }
        _ => false,
    }
}

/// Whether a text is one line of names: every record has a number.
fn is_header(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let mut words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    !text.contains(&b'\n') && words.all(|word| word[0].is_ascii_alphabetic())
}

/// Whether a Parquet file carries the mark of this program's outputs.
pub(super) fn is_output(object: &Object) -> bool {
    let Source::File(path) = &object.source else { return false };
    object.file.is_some()
        && last_bytes(path, object.stored_bytes.min(MARK_TAIL_BYTES)).is_ok_and(|bytes| {
            bytes.ends_with(b"PAR1") && memchr::memmem::find(&bytes, OUTPUT_MARK.as_bytes()).is_some()
        })
}

fn last_bytes(path: &Path, bytes: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-i64::try_from(bytes).unwrap_or(i64::MAX)))?;
    let mut last = Vec::new();
    file.take(bytes).read_to_end(&mut last)?;
    Ok(last)
}

/// None for a file that is empty, that cannot be read, or that has changed since it was listed.
fn sketch(object: &Object, seeds: &[RandomState; 2]) -> Option<Sketch> {
    let Source::File(path) = &object.source else { return None };
    let mut file = File::open(path).ok().filter(|_| object.stored_bytes > 0)?;
    let mut buffer = [0; TAIL_BYTES];
    let tail = usize::try_from(object.stored_bytes).map_or(TAIL_BYTES, |bytes| bytes.min(TAIL_BYTES));
    let tail = &mut buffer[..tail];
    let mut magic = [0; GZIP_MAGIC.len()];
    if object.stored_bytes > TAIL_BYTES as u64 {
        file.read_exact(&mut magic).ok()?;
        file.seek(SeekFrom::End(-i64::try_from(tail.len()).ok()?)).ok()?;
    }
    file.read_exact(tail).ok()?;
    if object.stored_bytes <= TAIL_BYTES as u64 {
        let head = &tail[..tail.len().min(magic.len())];
        magic[..head.len()].copy_from_slice(head);
    }
    let trailer = tail.last_chunk::<8>().filter(|_| magic == GZIP_MAGIC && object.stored_bytes >= GZIP_BYTES_MIN);
    let number = |at: usize| trailer.and_then(|trailer| trailer[at..].first_chunk().map(|of| u32::from_le_bytes(*of)));
    let stored = u32::try_from(object.stored_bytes & u64::from(u32::MAX)).ok()?;
    Some(Sketch { tail: hashed(tail, seeds), gzip: number(0), bytes: number(4).unwrap_or(stored) })
}

fn hashed(bytes: &[u8], seeds: &[RandomState; 2]) -> Digest {
    [seeds[0].hash_one(bytes), seeds[1].hash_one(bytes)]
}

/// A digest of all bytes of a stream; none where it does not end well.
fn digest(mut stream: Box<dyn Stream>, seeds: &[RandomState; 2]) -> Option<Digest> {
    let mut hashers = [seeds[0].build_hasher(), seeds[1].build_hasher()];
    // The hash depends on how the bytes are cut, so the pieces are always of the same size.
    each_piece(&mut *stream, |piece| hashers.iter_mut().for_each(|hasher| hasher.write(piece)))?;
    Some(hashers.map(|hasher| hasher.finish()))
}

/// The checksum that gzip would give a file.
fn checksum(object: &Object) -> Option<u32> {
    let mut hasher = crc32fast::Hasher::new();
    each_piece(&mut *object.stream().ok()?, |piece| hasher.update(piece))?;
    Some(hasher.finalize())
}

fn each_piece(stream: &mut dyn Stream, mut take: impl FnMut(&[u8])) -> Option<()> {
    let mut piece = Vec::with_capacity(PIECE_BYTES);
    loop {
        while piece.len() < piece.capacity() {
            if stream.append(&mut piece).ok()? == 0 {
                take(&piece);
                return Some(());
            }
        }
        take(&piece);
        piece.clear();
    }
}

/// What a function makes of each item, in their order.
fn on_all_cores<I: Sync, T: Send>(items: &[I], of: impl Fn(&I) -> T + Sync) -> Vec<T> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(items.len());
    if cores < 2 {
        return items.iter().map(of).collect();
    }
    let next = AtomicUsize::new(0);
    let work = || {
        let mut made = Vec::new();
        while let Some((at, item)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, items.get(at)?)))
        {
            made.push((at, of(item)));
        }
        made
    };
    let mut made: Vec<(usize, T)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (1..cores).map(|_| scope.spawn(work)).collect();
        let mut made = work();
        for thread in threads {
            made.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        made
    });
    made.sort_unstable_by_key(|(at, _)| *at);
    made.into_iter().map(|(_, made)| made).collect()
}
