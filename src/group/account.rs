//! The account that always balances: every record ends in exactly one class.

use std::ops::{Index, IndexMut};

/// What becomes of a record: the first of these that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A line that is no record.
    Malformed,
    /// Its start lies outside the window, or it has none and there is a window.
    OutOfWindow,
    /// NODATA: the interface was watched and quiet.
    NoData,
    /// SKIPDATA: AWS lost records of the interface in that interval.
    SkipData,
    /// Left out by `--where`, or by the choice of actions.
    Filtered,
    /// REJECT: summed in columns of its own, never billed.
    Blocked,
    /// Seen at a gateway on its way between others, whose own records count.
    Hop,
    /// Another interface's record of the same packets counts.
    Duplicate,
    /// Summed.
    Counted,
}

impl Class {
    /// Every class, in the order of the account.
    pub const ALL: [Self; 9] = [
        Self::Malformed,
        Self::OutOfWindow,
        Self::NoData,
        Self::SkipData,
        Self::Filtered,
        Self::Blocked,
        Self::Hop,
        Self::Duplicate,
        Self::Counted,
    ];

    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::OutOfWindow => "out_of_window",
            Self::NoData => "no_data",
            Self::SkipData => "skip_data",
            Self::Blocked => "blocked",
            Self::Filtered => "filtered",
            Self::Hop => "hop",
            Self::Duplicate => "duplicate",
            Self::Counted => "counted",
        }
    }
}

/// Records and bytes of one class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records.
    pub records: u64,
    /// Their bytes, as far as they bear any.
    pub bytes: u128,
}

/// Records and bytes by class, and what the counted ones lack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    tallies: [Tally; Class::ALL.len()],
    /// Counted or blocked records without bytes.
    pub without_bytes: u64,
    /// Records that have no start although there is a window.
    pub without_start: u64,
}

impl Account {
    /// Adds another account: associative and commutative.
    pub fn add(&mut self, other: &Self) {
        for (tally, other) in self.tallies.iter_mut().zip(other.tallies) {
            tally.records += other.records;
            tally.bytes += other.bytes;
        }
        self.without_bytes += other.without_bytes;
        self.without_start += other.without_start;
    }
}

impl Index<Class> for Account {
    type Output = Tally;

    fn index(&self, class: Class) -> &Tally {
        &self.tallies[class as usize]
    }
}

impl IndexMut<Class> for Account {
    fn index_mut(&mut self, class: Class) -> &mut Tally {
        &mut self.tallies[class as usize]
    }
}
