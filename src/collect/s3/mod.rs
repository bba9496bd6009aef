//! Objects of S3 and of stores that speak its protocol.
//!
//! A [`Finder`] lists what is below `s3://bucket/prefix` and leaves out before listing what the question does not need;
//! [`Ahead`] keeps a bounded number of downloads ahead of the decoders; an [`S3Object`] gives its bytes from first to
//! last or at any place. The SDK and its runtime are at home here and nowhere else: the rest of the program is
//! synchronous, and its threads wait on channels that the runtime's threads fill. The runtime is started by the first
//! `s3://` that is found, so that questions of local files do not pay for it.

mod ahead;
mod bounded;
mod client;
mod download;
mod fault;
mod folder;
mod list;
mod narrow;
mod pages;
mod part;
mod place;
mod proxy;
mod ranges;
mod secrets;
mod settings;
#[cfg(test)]
pub(super) mod tests;
mod written;

use std::hash::{Hash, Hasher};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::stream::Stream;
use super::{ListedS3, Object, Source};
pub(super) use ahead::Ahead;
use client::Bucket;
pub use folder::{S3File, S3Folder};
pub(super) use list::Finder;
pub use secrets::without_password;

/// Objects that are being fetched, or wait fetched, before a decoder asks for them. A request takes 30 to 100 ms
/// before its first byte: this many hide it from decoders that need a millisecond for an object.
pub const OBJECTS_AHEAD_MAX: usize = 64;
/// Bytes of objects that are being fetched, or wait fetched, before a decoder asks for them.
pub const BYTES_AHEAD_MAX: u64 = 64 << 20;
/// Larger objects are fetched in parts of this size, several at a time.
pub const PART_BYTES: u64 = 8 << 20;
/// Parts of one object that are being fetched, or wait fetched, while it is decoded.
pub const PARTS_AHEAD_MAX: usize = 4;
/// How long a connection may give no byte before the rest is asked for anew.
pub const STALL: Duration = Duration::from_secs(10);
/// What a body must bring in a second, averaged over [`RATE_SPAN`] and longer; a slower one is asked for anew, and given
/// up after as many times as a stalled one. A line that carries all downloads ahead at this rate is slower than a modem.
pub const RATE_MIN: u64 = 256;
/// How long a body may be slower.
pub const RATE_SPAN: Duration = Duration::from_secs(30);
/// How long a page of a listing may take from first to last.
pub const PAGE_TIME_MAX: Duration = Duration::from_secs(300);
/// Listings that run at the same time.
pub const LISTS_MAX: usize = 16;
/// A Parquet file up to this size is fetched whole: its footer and columns alone would take more requests and, at
/// the latency of one, no less time.
pub const WHOLE_PARQUET_BYTES: u64 = 1 << 20;

/// How S3 is reached. What is not given here is what the environment and the profile say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct S3Options {
    /// The region to begin with; a bucket that is elsewhere is followed there.
    pub region: Option<String>,
    /// The profile of the shared configuration files.
    pub profile: Option<String>,
    /// The endpoint of another store than AWS's.
    pub endpoint_url: Option<String>,
    /// Whether the bucket's name is in the path, not in the host.
    pub path_style: bool,
    /// Whether this account pays for the requests.
    pub request_payer: bool,
    /// Whether requests are sent without credentials.
    pub unsigned: bool,
    /// How many times a failed request is sent again.
    pub retries: Option<u32>,
    /// Limits on what is in flight; each machine has its own.
    #[serde(skip)]
    pub limits: S3Limits,
}

/// What bounds the fetching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct S3Limits {
    /// Objects ahead of the decoders.
    pub objects_ahead: usize,
    /// Bytes ahead of the decoders.
    pub bytes_ahead: u64,
    /// The size of a part.
    pub part_bytes: u64,
    /// Parts ahead within an object.
    pub parts_ahead: usize,
    /// How long to wait for a byte.
    pub stall: Duration,
    /// Bytes that a body must bring in a second.
    pub rate_min: u64,
    /// How long it may bring fewer.
    pub rate_span: Duration,
    /// How long to wait for a page of a listing.
    pub page_time: Duration,
}

impl Default for S3Limits {
    fn default() -> Self {
        Self {
            objects_ahead: OBJECTS_AHEAD_MAX,
            bytes_ahead: BYTES_AHEAD_MAX,
            part_bytes: PART_BYTES,
            parts_ahead: PARTS_AHEAD_MAX,
            stall: STALL,
            rate_min: RATE_MIN,
            rate_span: RATE_SPAN,
            page_time: PAGE_TIME_MAX,
        }
    }
}

/// Hexadecimal digits of an MD5 digest.
const MD5_DIGITS: usize = 32;

/// An object as it was listed. Two are the same if bucket and key are.
#[derive(Debug)]
pub struct S3Object {
    bucket: Arc<Bucket>,
    key: String,
    /// Distinguishes this content from what the key may hold later.
    etag: Option<String>,
    bytes: u64,
}

impl PartialEq for S3Object {
    fn eq(&self, other: &Self) -> bool {
        (self.bucket.name(), &self.key) == (other.bucket.name(), &other.key)
    }
}

impl Eq for S3Object {}

impl Hash for S3Object {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.bucket.name(), &self.key).hash(state);
    }
}

impl S3Object {
    /// What another process needs to know of it.
    pub(super) fn listed(&self) -> ListedS3 {
        ListedS3 { region: self.bucket.region().map(str::to_owned), etag: self.etag.clone() }
    }

    /// What objects with the same bytes have in common: the etag, if it is a digest of them (MD5, of parts where a `-`
    /// follows). Other stores may have etags of other kinds.
    pub(super) fn digest(&self) -> Option<&str> {
        let etag = self.etag.as_deref()?.trim_matches('"');
        let (digest, parts) = etag.split_once('-').unwrap_or((etag, ""));
        let is_digest = digest.len() == MD5_DIGITS && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_digest && parts.bytes().all(|byte| byte.is_ascii_digit())).then_some(etag)
    }

    /// The bytes from first to last, fetched from now on.
    pub(super) fn stream(self: &Arc<Self>) -> io::Result<Box<dyn Stream>> {
        Ok(Box::new(download::Download::new(Arc::clone(self), part::First::start(self)?)))
    }

    /// How many GET requests reading it takes, about: of a large Parquet file, its start, its footer and one request
    /// for each part of its size, which is more than the columns of most questions need.
    pub(super) fn gets(&self) -> u64 {
        let parts = self.bytes.div_ceil(self.bucket.options().limits.part_bytes.max(1));
        if self.is_large_parquet() { parts + 2 } else { parts }
    }

    /// Whether the key says that it is a Parquet file, and it is too large to be fetched whole on suspicion. This only
    /// decides what is asked for first; what the object is, its bytes tell.
    fn is_large_parquet(&self) -> bool {
        self.key.ends_with(".parquet") && self.bytes > WHOLE_PARQUET_BYTES
    }
}

/// An object as it stands in a listing.
fn object(bucket: &Arc<Bucket>, key: String, etag: Option<String>, bytes: u64) -> Object {
    let name = format!("s3://{}/{key}", bucket.name());
    Object::new(name, Source::S3(Arc::new(S3Object { bucket: Arc::clone(bucket), key, etag, bytes })), bytes)
}
