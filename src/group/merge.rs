//! Two partials of one job → one, a shard at a time, on as many threads as the caller likes.
//!
//! Both have the same seed, so a group of numbers and addresses only is in the same shard of both. Text codes differ
//! between partials: a key with text is translated and assigned to its shard again. Memory is bounded by spilling, as
//! while reading.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::batcher::Batcher;
use super::partial::Partial;
use super::shared::{Frame, SHARDS, Shard, Shared};
use super::table::scattered;
use crate::error::Error;
use crate::schema::Kind;

/// A merge of two partials in progress.
#[derive(Debug)]
pub struct Merge {
    into: Arc<Shared>,
    frame: Frame,
    /// Each is dropped as soon as it is merged.
    shards: Vec<Mutex<Option<Shard>>>,
    /// Codes of the one as codes of the other.
    codes: Vec<u32>,
}

impl Merge {
    /// Begins to merge the second partial into the first one.
    ///
    /// # Errors
    /// If they are not sums by the same keys with the same seed.
    pub fn new(mut into: Partial, from: Partial) -> Result<Self, Error> {
        if (&into.frame.spec, into.frame.seed) != (&from.frame.spec, from.frame.seed) {
            return Err(Error::failed("sums of different jobs cannot be merged"));
        }
        if into.frame.overflow.is_none() {
            into.limit(from.frame.overflow.clone());
        }
        let codes = into.names.add(&from.names);
        let shards = from.shards.into_iter().map(|shard| Mutex::new(Some(shard))).collect();
        Ok(Self { into: Arc::new(Shared::of(into)), frame: from.frame, shards, codes })
    }

    /// The shards to be merged, each once.
    #[must_use]
    pub fn shards(&self) -> Range<usize> {
        0..SHARDS
    }

    /// A worker's handle on the sums.
    #[must_use]
    pub fn batcher(&self) -> Batcher {
        Batcher::new(Arc::clone(&self.into))
    }

    /// Merges one shard through a worker's [`Self::batcher`].
    ///
    /// # Errors
    /// If spilled rows cannot be read.
    pub fn shard(&self, shard: usize, to: &mut Batcher) -> Result<(), Error> {
        let from = self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(from) = from else { return Ok(()) };
        let Frame { spec, layouts, .. } = &self.frame;
        let is_textual = spec.keys.iter().any(|key| key.column.kind() == Kind::Text);
        let mut translated = Vec::new();
        from.rows(&self.frame, |table, rows| {
            let layout = &layouts[table / 2];
            let stride = spec.shape(layout).stride();
            for place in scattered(rows.len() / stride) {
                translated.clear();
                translated.extend_from_slice(&rows[place * stride..][..stride]);
                if is_textual {
                    layout.translate(&spec.keys, &mut translated, &self.codes);
                }
                to.add_row(table, &translated);
            }
        })
    }

    /// Both together, once every shard is merged and every batcher is gone.
    ///
    /// # Errors
    /// If rows had to be spilled and could not be.
    pub fn finish(self) -> Result<Partial, Error> {
        let into = Arc::into_inner(self.into).ok_or_else(|| Error::failed("a worker still holds the sums"))?;
        into.into_partial()
    }
}
