//! An object's bytes at any place: only what is asked for is fetched, what lies close together by one request, what
//! lies apart at the same time.

use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::S3Object;
use super::part::Part;
use crate::collect::access::{RandomAccess, end_within};

/// Bytes that nobody asked for but are fetched nevertheless, where that spares a request: what comes over a connection
/// in a few milliseconds, while a request takes 30 at least.
const GAP_BYTES_MAX: u64 = 256 << 10;

/// An object read in ranges.
#[derive(Debug)]
pub(super) struct Ranges {
    object: Arc<S3Object>,
    footer: Mutex<Footer>,
}

/// The end of the object, which every reader asks for first.
#[derive(Debug)]
enum Footer {
    /// Not fetched ahead, or given up.
    Unknown,
    Coming(u64, Part),
    Here(u64, Vec<u8>),
}

impl Ranges {
    pub(super) fn new(object: Arc<S3Object>, footer: Option<(u64, Part)>) -> Self {
        let footer = footer.map_or(Footer::Unknown, |(at, part)| Footer::Coming(at, part));
        Self { object, footer: Mutex::new(footer) }
    }

    /// A range, if it lies within what was fetched of the end.
    fn in_footer(&self, range: &Range<u64>) -> io::Result<Option<Vec<u8>>> {
        let mut footer = self.footer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Footer::Coming(at, part) = &mut *footer {
            let (at, mut bytes) = (*at, Vec::new());
            part.rest(&mut bytes)?;
            *footer = Footer::Here(at, bytes);
        }
        let Footer::Here(at, bytes) = &*footer else { return Ok(None) };
        let Some(start) = range.start.checked_sub(*at) else { return Ok(None) };
        slice(bytes, start, range.end - range.start).map(Some)
    }
}

impl RandomAccess for Ranges {
    fn len(&self) -> u64 {
        self.object.bytes
    }

    fn read(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = self.read_all(&[(offset, length)])?;
        Ok(bytes.pop().unwrap_or_default())
    }

    fn read_all(&self, ranges: &[(u64, usize)]) -> io::Result<Vec<Vec<u8>>> {
        let bounded = |&(offset, length): &(u64, usize)| Ok(offset..end_within(offset, length, self.len())?);
        let ranges = ranges.iter().map(bounded).collect::<io::Result<Vec<_>>>()?;
        let mut given = ranges.iter().map(|range| self.in_footer(range)).collect::<io::Result<Vec<_>>>()?;
        let missing = || ranges.iter().zip(&given).filter(|(_, bytes)| bytes.is_none()).map(|(range, _)| range);
        let part_bytes = self.object.bucket.options().limits.part_bytes.max(1);
        let wholes = joined(missing().cloned().collect());
        let pieces = wholes.iter().flat_map(|whole| pieces(whole, part_bytes));
        let started = pieces.map(|piece| Ok((piece.start, Part::start(&self.object, piece)?)));
        let started = started.collect::<io::Result<Vec<_>>>()?;
        let mut fetched: Vec<(u64, Vec<u8>)> = wholes.iter().map(|whole| (whole.start, Vec::new())).collect();
        for (start, mut part) in started {
            let whole = fetched.iter_mut().rfind(|(at, _)| *at <= start);
            whole.map_or(Ok(()), |(_, bytes)| part.rest(bytes))?;
        }
        for (range, given) in ranges.iter().zip(&mut given).filter(|(_, given)| given.is_none()) {
            let whole = fetched.iter().rfind(|(at, _)| *at <= range.start);
            let (at, bytes) = whole.ok_or_else(|| io::Error::other("a range was not fetched"))?;
            *given = Some(slice(bytes, range.start - at, range.end - range.start)?);
        }
        Ok(given.into_iter().map(Option::unwrap_or_default).collect())
    }
}

fn slice(bytes: &[u8], start: u64, length: u64) -> io::Result<Vec<u8>> {
    let start = usize::try_from(start).map_err(io::Error::other)?;
    let length = usize::try_from(length).map_err(io::Error::other)?;
    let found = bytes.get(start..start + length);
    found.map(<[u8]>::to_vec).ok_or_else(|| io::Error::other("the store gave fewer bytes than were asked for"))
}

/// Ranges in order, those close together made one.
fn joined(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end + GAP_BYTES_MAX => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

/// A range in pieces that are fetched at the same time.
fn pieces(whole: &Range<u64>, part_bytes: u64) -> impl Iterator<Item = Range<u64>> {
    let end = whole.end;
    (0..(end - whole.start).div_ceil(part_bytes)).map({
        let start = whole.start;
        move |piece| start + piece * part_bytes..end.min(start + (piece + 1) * part_bytes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_ranges_are_one_request_and_long_ones_several() {
        let gap = GAP_BYTES_MAX;
        assert_eq!(joined(vec![30..40, 0..10, 5..20, gap + 41..gap + 50]), [0..40, gap + 41..gap + 50]);
        assert_eq!(joined(vec![gap..gap + 1, 2 * gap + 1..2 * gap + 2]).len(), 1);
        assert_eq!(pieces(&(5..30), 10).collect::<Vec<_>>(), [5..15, 15..25, 25..30]);
        assert_eq!(pieces(&(5..5), 10).count(), 0);
    }
}
