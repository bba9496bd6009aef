//! A range of an object on its way here: asked for, received piece by piece, asked for anew from where it stopped.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;

use super::S3Object;
use super::client::runtime;
use super::fault::{Doing, Fault, changed, innermost};

/// What is asked for first of a large Parquet file, to see that it is one.
const START_BYTES: u64 = 4 << 10;
/// What is asked for at its end: the footer, in nearly every file.
const FOOTER_BYTES: u64 = 64 << 10;
/// How long to wait before the first repetition of a request whose body broke off; twice as long before the next.
const PAUSE: Duration = Duration::from_millis(100);
/// What a request must have brought for its failure not to count as one more in a row.
const PROGRESS_BYTES: u64 = 64 << 10;
/// Repetitions before the pause stays as it is.
const PAUSE_DOUBLINGS_MAX: u32 = 7;

/// A piece of a part, or why there are no more.
type Piece = Result<Bytes, Fault>;
/// What the SDK gives bodies in.
pub(super) type Bytes = bytes::Bytes;

/// A range on its way. Its pieces wait here until they are taken, so it must be of bounded size; the channel itself
/// needs no bound. Dropping it stops the download.
#[derive(Debug)]
pub(super) struct Part {
    pieces: UnboundedReceiver<Piece>,
    task: AbortHandle,
    /// Bytes that have not been taken.
    left: u64,
    /// The room it takes among what is fetched ahead, if it does.
    room: Vec<OwnedSemaphorePermit>,
}

impl Drop for Part {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Part {
    /// Asks for a range.
    pub(super) fn start(object: &Arc<S3Object>, range: Range<u64>) -> io::Result<Self> {
        let (sender, pieces) = unbounded_channel();
        let runtime = runtime().map_err(io::Error::other)?;
        let left = range.end - range.start;
        let task = runtime.spawn(fetch(Arc::clone(object), range, sender)).abort_handle();
        Ok(Self { pieces, task, left, room: Vec::new() })
    }

    /// Waits for the next piece; none are the end. That nothing comes any more is not the end before all has come.
    pub(super) fn next(&mut self) -> Option<Piece> {
        let piece = self.pieces.blocking_recv();
        match &piece {
            Some(Ok(piece)) => self.left = self.left.saturating_sub(piece.len() as u64),
            Some(Err(_)) => self.left = 0,
            None if self.left > 0 => {
                let lost = std::mem::take(&mut self.left);
                return Some(Err(Fault::new(format!("the download failed with {lost} bytes to come"))));
            }
            None => {}
        }
        piece
    }

    /// Waits for all of it.
    pub(super) fn rest(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        while let Some(piece) = self.next() {
            bytes.extend_from_slice(&piece.map_err(io::Error::other)?);
        }
        Ok(())
    }
}

/// What is fetched of an object before anybody has looked at it.
#[derive(Debug)]
pub(super) struct First {
    pub(super) start: Part,
    /// Where it ends.
    pub(super) end: u64,
    /// Of a large Parquet file, its footer, and where that begins.
    pub(super) footer: Option<(u64, Part)>,
}

impl First {
    /// Asks for the start of an object, which is the whole of it if it is small.
    pub(super) fn start(object: &Arc<S3Object>) -> io::Result<Self> {
        let (end, footer) = Self::extent(object);
        let start = Part::start(object, 0..end)?;
        let footer = footer.map(|at| Ok::<_, io::Error>((at, Part::start(object, at..object.bytes)?))).transpose()?;
        Ok(Self { start, end, footer })
    }

    /// How many bytes it is.
    pub(super) fn bytes(object: &S3Object) -> u64 {
        let (end, footer) = Self::extent(object);
        end + footer.map_or(0, |at| object.bytes - at)
    }

    /// Holds room among what is fetched ahead for as long as its start is there.
    pub(super) fn hold(&mut self, room: Vec<OwnedSemaphorePermit>) {
        self.start.room = room;
    }

    fn extent(object: &S3Object) -> (u64, Option<u64>) {
        if object.is_large_parquet() {
            return (START_BYTES, Some(object.bytes - FOOTER_BYTES));
        }
        (object.bytes.min(object.bucket.options().limits.part_bytes), None)
    }
}

/// Sends the bytes of a range, or at last why that is not possible. A body that breaks off or stalls is asked for
/// again from where it stopped; only repetitions that bring next to nothing count against the number of attempts.
async fn fetch(object: Arc<S3Object>, range: Range<u64>, sender: UnboundedSender<Piece>) {
    let (mut at, mut failures) = (range.start, 0);
    while at < range.end {
        let (before, rest) = (at, at..range.end);
        let broken = match get(&object, &rest).await {
            Ok(body) => receive(&object, body, &mut at, range.end, &sender).await,
            Err(fault) => Err(Stop::Fault(fault)),
        };
        failures = if at - before >= PROGRESS_BYTES { 1 } else { failures + 1 };
        let fault = match broken {
            Ok(()) | Err(Stop::Unwanted) => return,
            Err(Stop::Fault(fault)) => fault,
            Err(Stop::Broken(cause)) if failures >= object.bucket.attempts() => {
                Fault::new(format!("the download broke off {failures} times at byte {at}: {cause}"))
            }
            Err(Stop::Broken(cause)) => {
                tracing::warn!(key = ?object.key, at, failures, ?cause, "a download broke off and is asked for again");
                tokio::time::sleep(PAUSE * 2u32.pow((failures - 1).min(PAUSE_DOUBLINGS_MAX))).await;
                continue;
            }
        };
        // Nobody may be waiting any more.
        let _gone = sender.send(Err(fault));
        return;
    }
}

/// Why a body was not received to its end.
enum Stop {
    /// It broke off or stalled, and may be asked for again.
    Broken(String),
    /// It cannot be had.
    Fault(Fault),
    /// Nobody wants it any more.
    Unwanted,
}

async fn get(object: &S3Object, range: &Range<u64>) -> Result<ByteStream, Fault> {
    tracing::debug!(key = ?object.key, from = range.start, to = range.end, "fetches");
    let bucket = &*object.bucket;
    let whole = *range == (0..object.bytes);
    let request = bucket
        .client()
        .get_object()
        .bucket(bucket.name())
        .key(&object.key)
        .set_request_payer(bucket.payer())
        .set_if_match(object.etag.clone())
        .set_range((!whole).then(|| format!("bytes={}-{}", range.start, range.end - 1)));
    let answer = request.send().await.map_err(|error| Fault::of(&error, bucket, Doing::Get(&object.key)))?;
    check(object, range, whole, &answer)?;
    Ok(answer.body)
}

/// Stores that do not know conditions or ranges answer with something else than was asked for.
fn check(object: &S3Object, range: &Range<u64>, whole: bool, answer: &GetObjectOutput) -> Result<(), Fault> {
    // Not every store writes the quotes in both places.
    let other = |listed: &String| match answer.e_tag() {
        Some(now) => now.trim_matches('"') != listed.trim_matches('"'),
        // What follows may be of another version than what came before.
        None => range.start > 0,
    };
    let begins = |answer: &str| answer.strip_prefix("bytes ").and_then(|range| range.split('-').next()?.parse().ok());
    if object.etag.as_ref().is_some_and(other) {
        return Err(changed());
    }
    if !whole && answer.content_range().and_then(begins) != Some(range.start) {
        return Err(Fault::new("the store does not give the range that was asked for"));
    }
    match answer.content_length().and_then(|length| u64::try_from(length).ok()) {
        Some(length) if length != range.end - range.start => Err(changed()),
        _ => Ok(()),
    }
}

async fn receive(
    object: &S3Object,
    mut body: ByteStream,
    at: &mut u64,
    end: u64,
    sender: &UnboundedSender<Piece>,
) -> Result<(), Stop> {
    let limits = object.bucket.options().limits;
    let (stall, began, from) = (limits.stall, Instant::now(), *at);
    while *at < end {
        let piece = match tokio::time::timeout(stall, body.next()).await {
            Ok(Some(Ok(piece))) => piece,
            Ok(Some(Err(error))) => return Err(Stop::Broken(innermost(&error))),
            Ok(None) => return Err(Stop::Broken("it ended too early".to_owned())),
            Err(_) => return Err(Stop::Broken(format!("no byte came for {} s", stall.as_secs()))),
        };
        *at += piece.len() as u64;
        if *at > end {
            return Err(Stop::Fault(changed()));
        }
        sender.send(Ok(piece)).map_err(|_| Stop::Unwanted)?;
        let (took, came) = (began.elapsed(), *at - from);
        if *at < end && took >= limits.rate_span && (came as f64) < limits.rate_min as f64 * took.as_secs_f64() {
            let seconds = took.as_secs_f64();
            return Err(Stop::Broken(format!(
                "only {came} bytes came in {seconds:.0} s, less than {} B/s",
                limits.rate_min
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_ends_before_its_bytes_are_there_is_no_end() {
        let (sender, pieces) = unbounded_channel();
        let task = runtime().unwrap().spawn(async {}).abort_handle();
        let mut part = Part { pieces, task, left: 5, room: Vec::new() };
        sender.send(Ok(Bytes::from_static(b"ab"))).unwrap();
        drop(sender);
        let mut bytes = Vec::new();
        let error = part.rest(&mut bytes).unwrap_err();
        assert_eq!((error.to_string().as_str(), &bytes[..]), ("the download failed with 3 bytes to come", &b"ab"[..]));
        assert!(part.next().is_none());
    }
}
