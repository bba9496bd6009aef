//! What is requested, and the sums of one group: a packed row's words read as numbers.

use serde::{Deserialize, Serialize};

use super::key::{Key, Layout};
use super::table::{NEVER_SEEN, Shape};
use crate::schema::{ABSENT_TIME, Column, ColumnSet};

/// What is summed, by what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The columns to group by; none for one group of everything.
    pub keys: Vec<Key>,
    /// Columns that are grouped by as one, the key [`Column::Vantage`]; the only key that holds texts then. Often none.
    pub vantages: Vec<Column>,
    /// Whether bytes are summed. Flows always are.
    pub bytes: bool,
    /// Whether packets are summed.
    pub packets: bool,
    /// Whether the first start and the last end are kept.
    pub seen: bool,
    /// Whether the last start is kept in the place of the last end.
    pub starts: bool,
    /// Whether the distinct values of a further column have been counted: see [`super::Rollup::count_distinct`].
    pub distinct: bool,
}

impl Spec {
    /// The columns that must be decoded for it.
    #[must_use]
    pub fn columns(&self) -> ColumnSet {
        let measured = [
            (self.bytes, Column::Bytes),
            (self.packets, Column::Packets),
            (self.seen, Column::Start),
            (self.seen && !self.starts, Column::End),
        ];
        let measured =
            measured.iter().filter(|(asked, _)| *asked).fold(ColumnSet::default(), |set, (_, c)| set.with(*c));
        let viewed = measured.union(ColumnSet::of(&self.vantages));
        self.keys.iter().fold(viewed, |set, key| set.union(key.column.decoded()))
    }

    pub(super) fn shape(&self, layout: &Layout) -> Shape {
        let sum_words = 1 + usize::from(self.bytes) + usize::from(self.packets) + usize::from(self.distinct);
        Shape { key_words: layout.words, sum_words, seen: self.seen }
    }

    /// One group's sums out of the words of its row after the key.
    pub(super) fn sums(&self, words: &[u64]) -> Sums {
        let packets = 1 + usize::from(self.bytes);
        let distinct = packets + usize::from(self.packets);
        let seen = if self.seen { words[distinct + usize::from(self.distinct)] } else { NEVER_SEEN };
        let half = |word| u32::try_from(word).unwrap_or(ABSENT_TIME);
        Sums {
            flows: words[0].into(),
            bytes: if self.bytes { words[1].into() } else { 0 },
            packets: if self.packets { words[packets].into() } else { 0 },
            distinct: if self.distinct { words[distinct].into() } else { 0 },
            first_seen: half(seen >> 32),
            last_seen: half(seen & 0xffff_ffff),
        }
    }
}

/// The sums of one group or of many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// Records.
    pub flows: u128,
    /// Bytes, 0 where they are not summed.
    pub bytes: u128,
    /// Packets, 0 where they are not summed.
    pub packets: u128,
    /// Distinct values of a further column, 0 where they are not counted; those of two groups may be the same ones.
    pub distinct: u128,
    /// The earliest start, [`ABSENT_TIME`] where there is none.
    pub first_seen: u32,
    /// The latest end or start, as the spec has it; 0 where there is none.
    pub last_seen: u32,
}

impl Default for Sums {
    fn default() -> Self {
        Self { flows: 0, bytes: 0, packets: 0, distinct: 0, first_seen: ABSENT_TIME, last_seen: 0 }
    }
}

impl Sums {
    /// Adds other sums.
    pub fn add(&mut self, other: &Self) {
        self.flows += other.flows;
        self.bytes += other.bytes;
        self.packets += other.packets;
        self.distinct += other.distinct;
        self.first_seen = self.first_seen.min(other.first_seen);
        self.last_seen = self.last_seen.max(other.last_seen);
    }
}
