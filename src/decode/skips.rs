//! Why a line was left out, how many, and a few of them to look at.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::schema::Column;

/// How many malformed lines are kept as samples for each reason.
pub(super) const SAMPLES_PER_REASON: usize = 3;
/// How many bytes of a malformed line are kept.
pub const SAMPLE_BYTES_MAX: usize = 4096;

/// Why a line or row is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// More or fewer fields than the header or format says.
    FieldCount,
    /// The header or format has this field twice.
    FieldTwice(Column),
    /// Not a whole number, or one out of the column's range.
    Number(Column),
    /// Neither an IPv4 nor an IPv6 address.
    Address(Column),
    /// A log-status other than OK, NODATA and SKIPDATA.
    Status,
    /// An action other than ACCEPT, REJECT and `-`.
    Action,
    /// A text longer than the limit.
    TextLength(Column),
    /// A line of JSON that is none, or an object without a message.
    Json,
    /// A line longer than the limit.
    LineLength,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::FieldCount => f.write_str("wrong number of fields"),
            Self::FieldTwice(column) => write!(f, "its header has {} twice", column.name()),
            Self::Number(column) => write!(f, "{} is not a valid number", column.name()),
            Self::Address(column) => write!(f, "{} is not a valid address", column.name()),
            Self::Status => f.write_str("log_status is not OK, NODATA or SKIPDATA"),
            Self::Action => f.write_str("action is not ACCEPT or REJECT"),
            Self::TextLength(column) => write!(f, "{} is too long", column.name()),
            Self::Json => f.write_str("not a JSON object with a message"),
            Self::LineLength => f.write_str("line too long"),
        }
    }
}

/// A malformed line.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Sample {
    /// Line (text) or row (Parquet), from 1, counted from the start of the block that was decoded.
    pub line: u64,
    /// Why it was left out.
    pub reason: Reason,
    /// The line, at most [`SAMPLE_BYTES_MAX`] of it; a Parquet row as `name=value` pairs.
    #[serde(with = "crate::units::escape")]
    pub text: Vec<u8>,
}

/// A map as pairs, for formats whose maps have texts for keys.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::Reason;

    pub(super) fn serialize<S: Serializer>(map: &BTreeMap<Reason, u64>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<Reason, u64>, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}

/// The malformed lines of a block or of several in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Skips {
    #[serde(with = "pairs")]
    counts: BTreeMap<Reason, u64>,
    samples: Vec<Sample>,
    keep_all: bool,
}

impl Skips {
    /// None so far; `keep_all` keeps every line (--malformed-out), else a few for each reason.
    #[must_use]
    pub fn new(keep_all: bool) -> Self {
        Self { keep_all, ..Self::default() }
    }

    /// Notes a malformed line.
    pub fn add(&mut self, line: u64, reason: Reason, text: &[u8]) {
        let count = self.counts.entry(reason).or_default();
        *count += 1;
        if self.keep_all || *count <= SAMPLES_PER_REASON as u64 {
            let text = text[..text.len().min(SAMPLE_BYTES_MAX)].to_vec();
            self.samples.push(Sample { line, reason, text });
        }
    }

    /// Puts the kept lines into the order of the input.
    pub(super) fn sort(&mut self) {
        self.samples.sort_by_key(|sample| sample.line);
    }

    /// Appends what the blocks after this one left out; `lines_before` is the number of lines before them.
    pub fn append(&mut self, later: Self, lines_before: u64) {
        for mut sample in later.samples {
            let kept = || self.samples.iter().filter(|kept| kept.reason == sample.reason).count();
            if self.keep_all || kept() < SAMPLES_PER_REASON {
                sample.line += lines_before;
                self.samples.push(sample);
            }
        }
        for (reason, count) in later.counts {
            *self.counts.entry(reason).or_default() += count;
        }
    }

    /// How many lines were left out, by reason.
    #[must_use]
    pub fn counts(&self) -> &BTreeMap<Reason, u64> {
        &self.counts
    }

    /// How many lines were left out.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The kept lines, in input order.
    #[must_use]
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }
}
