//! The account that always balances: every record ends in exactly one class.

use std::collections::BTreeMap;
use std::ops::{Index, IndexMut};

use serde::{Deserialize, Serialize};

/// What becomes of a record: the first of these that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A line that is no record.
    Malformed,
    /// Its start lies outside the window, or it has none and there is a window.
    OutOfWindow,
    /// NODATA: the interface was logged but had no traffic.
    NoData,
    /// SKIPDATA: AWS lost records of the interface in that interval.
    SkipData,
    /// Left out by `--where`, or by the choice of actions.
    Filtered,
    /// REJECT: summed in columns of its own, never billed.
    Rejected,
    /// Logged at a gateway in transit between endpoints whose own records count.
    Transit,
    /// Another interface's record of the same packets counts.
    Deduplicated,
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
        Self::Rejected,
        Self::Transit,
        Self::Deduplicated,
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
            Self::Rejected => "rejected",
            Self::Filtered => "filtered",
            Self::Transit => "transit",
            Self::Deduplicated => "deduplicated",
            Self::Counted => "counted",
        }
    }
}

/// Records and bytes of one class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Tally {
    /// Records.
    pub records: u64,
    /// Their bytes, where present.
    #[serde(with = "digits")]
    pub bytes: u128,
}

/// Records and bytes by class, and missing values of counted records.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Account {
    tallies: [Tally; Class::ALL.len()],
    /// Counted or rejected records without bytes.
    pub without_bytes: u64,
    /// Records that have no start although there is a window.
    pub without_start: u64,
}

impl Account {
    /// Adds another account: associative and commutative.
    pub fn add(&mut self, other: &Self) {
        for (tally, other) in self.tallies.iter_mut().zip(other.tallies) {
            tally.records = tally.records.saturating_add(other.records);
            tally.bytes = tally.bytes.saturating_add(other.bytes);
        }
        self.without_bytes = self.without_bytes.saturating_add(other.without_bytes);
        self.without_start = self.without_start.saturating_add(other.without_start);
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

/// An account as it is written: by the names of the classes.
#[derive(Deserialize, Serialize)]
struct Written {
    classes: BTreeMap<String, Tally>,
    without_bytes: u64,
    without_start: u64,
}

impl From<Account> for Written {
    fn from(account: Account) -> Self {
        let classes = Class::ALL.map(|class| (class.name().to_owned(), account[class])).into();
        Self { classes, without_bytes: account.without_bytes, without_start: account.without_start }
    }
}

impl TryFrom<Written> for Account {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { classes, without_bytes, without_start } = written;
        let mut account = Self { without_bytes, without_start, ..Self::default() };
        for (name, tally) in classes {
            let class = Class::ALL.into_iter().find(|class| class.name() == name);
            account[class.ok_or_else(|| format!("unknown record class `{name}`"))?] = tally;
        }
        Ok(account)
    }
}

/// A number too large for some readers of JSON, as text.
mod digits {
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(number: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
