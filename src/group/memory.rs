//! The memory of a run: one limit for all that grows with the input.
//!
//! Tables are spilled when everything together exceeds it. What cannot be spilled, texts and interfaces, ends the run
//! beyond it. What is held for a short time, the pages of a Parquet file, waits until others are gone. What a join
//! derives from tables and interfaces is not counted, and neither are the rows of a report.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::units::human::{self, Units};

/// What cannot be spilled may always take so much, whatever the limit.
const KEPT_BYTES_MIN: usize = 64 << 20;
/// What is held for a short time may always take so much.
const HELD_BYTES_MIN: usize = 256 << 20;
/// What is held for a short time may take one in so many parts of the limit, so that tables need not make room for it.
const HELD_PARTS: usize = 2;

/// A limit, and what is used of it.
#[derive(Debug)]
pub struct Memory {
    limit_bytes: usize,
    /// Of tables, and of all that cannot be spilled.
    used_bytes: AtomicUsize,
    /// Of all that cannot be spilled.
    kept_bytes: AtomicUsize,
    /// Of all that is held for a short time.
    held_bytes: Mutex<usize>,
    released: Condvar,
}

/// What one holder uses of a memory; given back when dropped.
#[derive(Debug)]
pub struct Share {
    memory: Option<Arc<Memory>>,
    is_kept: bool,
    bytes: AtomicUsize,
}

/// What is held for a short time.
#[derive(Debug, Default)]
pub struct Held {
    memory: Option<Arc<Memory>>,
    bytes: usize,
}

impl Memory {
    /// Nothing used yet.
    #[must_use]
    pub fn new(limit_bytes: usize) -> Self {
        let (used_bytes, kept_bytes, held_bytes, released) = Default::default();
        Self { limit_bytes, used_bytes, kept_bytes, held_bytes, released }
    }

    /// The limit.
    #[must_use]
    pub fn limit_bytes(&self) -> usize {
        self.limit_bytes
    }

    /// Whether something has to be spilled.
    fn is_full(&self) -> bool {
        self.used_bytes.load(Ordering::Relaxed) + *self.held() > self.limit_bytes
    }

    fn held(&self) -> MutexGuard<'_, usize> {
        self.held_bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// What tables use, which can be spilled.
    pub(super) fn of_tables(memory: Option<&Arc<Memory>>) -> Self {
        Self { memory: memory.cloned(), is_kept: false, bytes: AtomicUsize::new(0) }
    }

    /// What cannot be spilled.
    #[must_use]
    pub fn kept(memory: Option<&Arc<Memory>>) -> Self {
        Self { memory: memory.cloned(), is_kept: true, bytes: AtomicUsize::new(0) }
    }

    /// Uses more; says whether the memory is full.
    pub(super) fn grow(&self, bytes: usize) -> bool {
        let Some(memory) = &self.memory else { return false };
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        memory.used_bytes.fetch_add(bytes, Ordering::Relaxed);
        memory.is_full()
    }

    /// Uses less.
    pub(super) fn shrink(&self, bytes: usize) {
        let Some(memory) = &self.memory else { return };
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
        memory.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Says how much is used of what cannot be spilled.
    ///
    /// # Errors
    /// If all of that is more than the limit.
    pub fn set(&self, bytes: usize) -> Result<(), Error> {
        let Some(memory) = &self.memory else { return Ok(()) };
        let before = self.bytes.swap(bytes, Ordering::Relaxed);
        if before == bytes {
            return Ok(());
        }
        for used in [&memory.used_bytes, &memory.kept_bytes] {
            used.fetch_add(bytes, Ordering::Relaxed);
            used.fetch_sub(before, Ordering::Relaxed);
        }
        let most = memory.limit_bytes.max(KEPT_BYTES_MIN);
        if memory.kept_bytes.load(Ordering::Relaxed) <= most {
            return Ok(());
        }
        let limit = human::bytes(most as u128, Units::Iec);
        Err(Error::limit(format!("interfaces and texts of the records need more memory than {limit} (--memory)"))
            .hint("raise --memory, or read less: --from, --to, --account, --region"))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let Some(memory) = &self.memory else { return };
        let bytes = self.bytes.load(Ordering::Relaxed);
        memory.used_bytes.fetch_sub(bytes, Ordering::Relaxed);
        if self.is_kept {
            memory.kept_bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
    }
}

impl Held {
    /// Nothing of a memory yet.
    #[must_use]
    pub fn of(memory: Option<&Arc<Memory>>) -> Self {
        Self { memory: memory.cloned(), bytes: 0 }
    }

    /// Holds so many bytes in all, once others have released enough. A holder that holds something already does not
    /// wait, so that no two wait for each other.
    ///
    /// # Errors
    /// The bytes that may be held, if they are fewer.
    pub fn hold(&mut self, bytes: usize) -> Result<(), usize> {
        let Some(memory) = &self.memory else { return Ok(()) };
        let most = memory.limit_bytes.max(HELD_BYTES_MIN);
        if bytes > most {
            return Err(most);
        }
        let together = (memory.limit_bytes / HELD_PARTS).max(HELD_BYTES_MIN);
        let mut held = memory.held();
        while self.bytes == 0 && *held > 0 && *held + bytes > together {
            held = memory.released.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
        *held = *held - self.bytes + bytes;
        self.bytes = bytes;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(memory) = self.memory.as_ref().filter(|_| self.bytes > 0) {
            *memory.held() -= self.bytes;
            memory.released.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_and_what_is_kept_fill_one_memory() {
        let memory = Arc::new(Memory::new(100 << 20));
        let (tables, kept) = (Share::of_tables(Some(&memory)), Share::kept(Some(&memory)));
        assert!(!tables.grow(60 << 20));
        assert!(kept.set(30 << 20).is_ok());
        assert!(tables.grow(20 << 20), "110 MiB of 100");
        tables.shrink(80 << 20);
        assert!(kept.set(101 << 20).unwrap_err().to_string().contains("100 MiB (--memory)"));
        drop((tables, kept));
        assert_eq!(memory.used_bytes.load(Ordering::Relaxed) + memory.kept_bytes.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn what_is_held_waits_for_others_and_has_an_end() {
        let memory = Arc::new(Memory::new(600 << 20));
        let mut one = Held::of(Some(&memory));
        one.hold(200 << 20).unwrap();
        let other = std::thread::spawn({
            let memory = Arc::clone(&memory);
            move || {
                let mut held = Held::of(Some(&memory));
                held.hold(250 << 20).map(|()| *memory.held())
            }
        });
        one.hold(280 << 20).unwrap();
        drop(one);
        assert_eq!(other.join().unwrap(), Ok(250 << 20), "held alone, after the other");
        assert_eq!(Held::of(Some(&memory)).hold(601 << 20), Err(600 << 20));
        assert_eq!(Held::of(Some(&Arc::new(Memory::new(0)))).hold(HELD_BYTES_MIN), Ok(()));
    }
}
