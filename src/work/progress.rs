//! Progress of a run, for display.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters that the workers move and a progress display reads. They order nothing.
#[derive(Debug, Default)]
pub struct Progress {
    stored_bytes_total: AtomicU64,
    stored_bytes: AtomicU64,
    records: AtomicU64,
}

impl Progress {
    /// Stored bytes read, and those to be read.
    #[must_use]
    pub fn stored_bytes(&self) -> (u64, u64) {
        (self.stored_bytes.load(Ordering::Relaxed), self.stored_bytes_total.load(Ordering::Relaxed))
    }

    /// Records decoded.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records.load(Ordering::Relaxed)
    }

    pub(super) fn expect_stored_bytes(&self, bytes: u64) {
        self.stored_bytes_total.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_stored_bytes(&self, bytes: u64) {
        self.stored_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_records(&self, records: u64) {
        self.records.fetch_add(records, Ordering::Relaxed);
    }
}
