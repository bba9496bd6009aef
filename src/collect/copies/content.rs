//! Whether files hold the same: their last bytes, the mark of an output, their checksums, the lines without gzip.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use ahash::RandomState;
use rayon::prelude::*;

use super::super::content::{Content, inflated, open};
use super::super::key::aws_name;
use super::super::stream::{Peeked, Stream};
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
/// How many bytes of the lines of a file are compared, without gzip, before all of them are.
const HEAD_BYTES: usize = 4 << 10;

/// A checksum of content under this run's own seeds, so that nobody can make two contents that share one.
type Digest = [u64; 2];

/// Calls with each group of files that hold the same bytes, and then with each whose records are the same without gzip.
pub(super) fn each_alike(objects: &[Object], files: &[usize], join: &mut dyn FnMut(Vec<usize>)) {
    if files.len() < 2 {
        return;
    }
    let seeds = [RandomState::new(), RandomState::new()];
    let tails = of_each(files, |file| tail(&objects[*file], &seeds));
    let known: Vec<(usize, Digest)> = files.iter().zip(tails).filter_map(|(file, tail)| Some((*file, tail?))).collect();
    let is_unnamed = |group: &&Vec<usize>| group.iter().any(|file| aws_name(&objects[*file].name).is_none());
    let stored = |(file, tail): &(usize, Digest)| ((objects[*file].stored_bytes, *tail), *file);
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
    let others = known.into_iter().map(|(file, _)| file).filter(|file| copies.binary_search(file).is_err());
    let content = |file: &usize| inflated(objects[*file].stream(), &Limits::default()).ok();
    // The trailer of a gzip file would not do: it has the length and the checksum of the last member alone.
    let beginning_alike = alike(&others.collect::<Vec<_>>(), |file| head(content(file)?, &seeds));
    for group in beginning_alike.iter().filter(is_unnamed) {
        alike_by_records(group, |file| records(content(file)?, &seeds)).into_iter().for_each(&mut *join);
    }
}

/// The files of a group, by what they hold.
fn alike(group: &[usize], digest: impl Fn(&usize) -> Option<Digest> + Send + Sync) -> Vec<Vec<usize>> {
    let digests = of_each(group, digest);
    groups_of(digests.into_iter().zip(group).filter_map(|(digest, file)| Some((digest?, *file))).collect())
}

/// What an object is by its name: forms cannot be compared with each other.
pub(super) fn form(name: &str) -> &'static str {
    let name = name.strip_suffix(".gz").unwrap_or(name);
    ["parquet", "json"].into_iter().find(|form| name.ends_with(form)).unwrap_or("text")
}

/// Whether two objects of one name are known to differ in content. Of S3 only the sizes are known.
pub(super) fn differ(one: &Object, other: &Object) -> bool {
    let extension = |object: &Object| object.name.rsplit('.').next().map(str::to_owned);
    let (Source::File(_), Source::File(_)) = (&one.source, &other.source) else {
        return extension(one) == extension(other) && one.stored_bytes != other.stored_bytes;
    };
    if form(&one.name) != form(&other.name) {
        return false;
    }
    // All of both is compared: what differs in the middle has the same length, and a gzip file of several members ends
    // with the length and the checksum of the last alone.
    let seeds = [RandomState::new(), RandomState::new()];
    let stored = |object: &Object| digest(object.stream().ok()?, &seeds);
    if one.stored_bytes == other.stored_bytes && stored(one).is_some_and(|first| stored(other) == Some(first)) {
        return false;
    }
    if form(&one.name) == "parquet" {
        return true;
    }
    let records = |object: &Object| records(inflated(object.stream(), &Limits::default()).ok()?, &seeds);
    match [one, other].map(records) {
        [Some((one, of_one)), Some((other, of_other))] => {
            one != other || of_one.zip(of_other).is_some_and(|(one, other)| one != other)
        }
        _ => true,
    }
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

/// Whether a file begins with a header line.
pub(super) fn has_header(object: &Object) -> bool {
    let head = object.file.and_then(|_| inflated(object.stream(), &Limits::default()).ok());
    let head = head.as_ref().map_or(&[][..], |stream| stream.head());
    let head = head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head).trim_ascii_start();
    is_header(head.split(|byte| *byte == b'\n').next().unwrap_or_default())
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
fn tail(object: &Object, seeds: &[RandomState; 2]) -> Option<Digest> {
    let Source::File(path) = &object.source else { return None };
    let mut file = File::open(path).ok().filter(|_| object.stored_bytes > 0)?;
    let mut buffer = [0; TAIL_BYTES];
    let tail = usize::try_from(object.stored_bytes).map_or(TAIL_BYTES, |bytes| bytes.min(TAIL_BYTES));
    let tail = &mut buffer[..tail];
    file.seek(SeekFrom::End(-i64::try_from(tail.len()).ok()?)).ok()?;
    file.read_exact(tail).ok()?;
    Some(hashed(tail, seeds))
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

/// A digest of the first records of a stream; none where even these do not end well.
fn head(mut stream: Peeked, seeds: &[RandomState; 2]) -> Option<Digest> {
    let (mut lines, mut piece) = (Lines::default(), Vec::with_capacity(HEAD_BYTES));
    let mut goes_on = true;
    while goes_on && lines.text.len() < 2 * HEAD_BYTES {
        piece.clear();
        goes_on = fill(&mut stream, &mut piece)?;
        lines.add(&piece);
    }
    if !goes_on {
        lines.finish();
    }
    Some(hashed(&lines.text[..lines.text.len().min(HEAD_BYTES)], seeds))
}

/// What is compared of a text, and its header line if it has one.
type Records = (Digest, Option<Digest>);

/// A digest of the records of a text, however they are spaced; none where it does not end well.
fn records(mut stream: Peeked, seeds: &[RandomState; 2]) -> Option<Records> {
    let mut hashers = [seeds[0].build_hasher(), seeds[1].build_hasher()];
    let mut take = |piece: &[u8]| hashers.iter_mut().for_each(|hasher| hasher.write(piece));
    let mut lines = Lines::default();
    each_piece(&mut stream, |piece| {
        lines.add(piece);
        while lines.text.len() >= 2 * PIECE_BYTES {
            take(&lines.text[..PIECE_BYTES]);
            lines.text.drain(..PIECE_BYTES);
        }
    })?;
    lines.finish();
    lines.text.chunks(PIECE_BYTES).for_each(take);
    Some((hashers.map(|hasher| hasher.finish()), lines.header.map(|header| hashed(&header, seeds))))
}

/// The files of a group that hold the same records under the same header line. A text without one may be of any.
fn alike_by_records(group: &[usize], records: impl Fn(&usize) -> Option<Records> + Send + Sync) -> Vec<Vec<usize>> {
    let known = of_each(group, records).into_iter().zip(group).filter_map(|(records, file)| Some((records?, *file)));
    let known: BTreeMap<usize, Records> = known.map(|(records, file)| (file, records)).collect();
    let by_records = groups_of(known.iter().map(|(file, (records, _))| (*records, *file)).collect());
    let by_header = |group: Vec<usize>| {
        let first = group.iter().find_map(|file| known[file].1);
        let keyed = group.into_iter().map(|file| (known[&file].1.or(first), file));
        groups_of(keyed.collect())
    };
    by_records.into_iter().flat_map(by_header).collect()
}

/// A text in one spelling: words apart by one space, lines by one line feed, no blank lines, and the header line aside.
#[derive(Default)]
struct Lines {
    text: Vec<u8>,
    /// What stands between the last word and the next.
    gap: Option<u8>,
    header: Option<Vec<u8>>,
    /// Whether the first line was looked at.
    is_past_header: bool,
}

impl Lines {
    fn add(&mut self, part: &[u8]) {
        let is_first = self.text.is_empty() && !self.is_past_header;
        for &byte in part.strip_prefix("\u{feff}".as_bytes()).filter(|_| is_first).unwrap_or(part) {
            match byte {
                b'\n' => self.gap = Some(b'\n'),
                0..=b' ' => self.gap = self.gap.or(Some(b' ')),
                _ => {
                    let is_begun = self.is_past_header || !self.text.is_empty();
                    self.text.extend(self.gap.take().filter(|_| is_begun));
                    self.text.push(byte);
                }
            }
        }
        if !self.is_past_header
            && let Some(end) = memchr::memchr(b'\n', &self.text)
        {
            self.look_at_header(end + 1);
        }
    }

    /// Takes what there is for all.
    fn finish(&mut self) {
        if !self.is_past_header {
            self.look_at_header(self.text.len());
        }
    }

    fn look_at_header(&mut self, end: usize) {
        self.is_past_header = true;
        if is_header(&self.text[..end]) {
            self.header = Some(self.text.drain(..end).collect());
        }
    }
}

fn each_piece(stream: &mut dyn Stream, mut take: impl FnMut(&[u8])) -> Option<()> {
    let mut piece = Vec::with_capacity(PIECE_BYTES);
    loop {
        let more = fill(stream, &mut piece)?;
        take(&piece);
        if !more {
            return Some(());
        }
        piece.clear();
    }
}

/// Fills the capacity of a piece, and says whether the stream did not end before; none where it does not end well.
fn fill(stream: &mut dyn Stream, piece: &mut Vec<u8>) -> Option<bool> {
    while piece.len() < piece.capacity() {
        if stream.append(piece).ok()? == 0 {
            return Some(false);
        }
    }
    Some(true)
}

/// What a function makes of each item, in their order, on as many threads as the run has.
fn of_each<I: Sync, T: Send>(items: &[I], of: impl Fn(&I) -> T + Send + Sync) -> Vec<T> {
    items.par_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_compared_on_the_threads_of_the_run() {
        for jobs in [1, 3] {
            let threads = rayon::ThreadPoolBuilder::new().num_threads(jobs).build().unwrap();
            let at = |_: &u32| {
                std::thread::sleep(std::time::Duration::from_millis(2));
                (rayon::current_num_threads(), rayon::current_thread_index())
            };
            let used = threads.install(|| of_each(&(0..50).collect::<Vec<u32>>(), at));
            assert!(used.iter().all(|(threads, index)| (*threads, index.is_some()) == (jobs, true)), "{used:?}");
        }
    }
}
