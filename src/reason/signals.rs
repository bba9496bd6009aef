//! Signals of exfiltration and of broken policy: what traffic with the internet looks like, who shows it, and how
//! suspect each destination is.
//!
//! Every finding has its evidence as numbers with the threshold, and what is missing for certainty. Nothing here is
//! proof: a score ranks destinations. What flow logs do not contain (payload, queries to the Amazon DNS resolver,
//! instance metadata) cannot be detected, as a note says. Anomalies of hourly series are not handled here.

mod gather;
mod hours;
mod lists;
mod observed;
mod ports;
mod robust;
mod scans;
mod score;
mod series;
#[cfg(test)]
mod tests;
mod timing;
mod volume;

use std::sync::Arc;

use crate::error::Error;
use crate::group::{Key, Rollup, Spec};
use crate::schema::{Column, ColumnSet};

pub use gather::{PAIR_HOURS_MAX, PROBES_KEPT_MAX};
pub use lists::{CidrList, Lists};
pub(crate) use observed::{Family, Finding, Observed};
pub(crate) use score::Suspect;
pub use series::{PAIR_STARTS_MAX, STARTS_MAX};

/// Seconds of an hour, of a day.
pub(crate) const HOUR_SECONDS: u32 = 3600;
pub(crate) const DAY_SECONDS: u32 = 86_400;

/// The columns of the records that ride along with traffic.
pub const EXTRA: [Column; 5] = [Column::Minute, Column::Srcport, Column::Dstport, Column::Protocol, Column::TcpFlags];
/// What traffic is summed by.
const KEYS: [Column; 16] = [
    Column::Minute,
    Column::SrcOwner1,
    Column::DstOwner1,
    Column::SrcInterface,
    Column::DstInterface,
    Column::SrcVpc,
    Column::DstVpc,
    Column::SrcLocation,
    Column::DstLocation,
    Column::Path,
    Column::Src,
    Column::Dst,
    Column::Srcport,
    Column::Dstport,
    Column::Protocol,
    Column::TcpFlags,
];
/// A further key, which grouping derives of the others.
const DERIVED_KEY: Column = Column::Port;

/// What decides whether something is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Treat destinations not contacted for this long as new.
    pub look_back_seconds: u32,
    /// Bytes sent in a day below which no volume is suspect.
    pub bytes_min: u64,
    /// The score from which a destination is a suspect.
    pub score_min: u32,
    /// The aggregation interval of the logs; detected from the records if none is given.
    pub interval_seconds: Option<u32>,
}

impl Default for Terms {
    fn default() -> Self {
        Self { look_back_seconds: 14 * DAY_SECONDS, bytes_min: 100 << 20, score_min: 50, interval_seconds: None }
    }
}

/// Intervals that AWS lost records in, and quiet ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogHealth {
    /// SKIPDATA records.
    pub lost: u64,
    /// NODATA records.
    pub quiet: u64,
}

/// What to sum for [`signals`].
#[must_use]
pub fn spec() -> Spec {
    let keys = KEYS.into_iter().chain([DERIVED_KEY]).map(|column| Key { column, cut: None }).collect();
    Spec { keys, bytes: true, packets: true, seen: true, ..Spec::default() }
}

/// The columns that traffic must have for it.
#[must_use]
pub fn columns() -> ColumnSet {
    let measures = ColumnSet::of(&[Column::Start, Column::End, Column::Bytes, Column::Packets, Column::RecordCount]);
    ColumnSet::of(&KEYS).union(measures)
}

/// What was found in a roll-up by [`spec`].
///
/// # Errors
/// If rows of the roll-up were spilled and cannot be read.
pub fn signals(rollup: &Rollup, lists: &Lists, terms: &Terms, health: LogHealth) -> Result<Signals, Error> {
    let observed = gather::observed(rollup, lists, terms)?;
    let mut findings = volume::findings(&observed, terms);
    findings.extend(timing::findings(&observed));
    findings.extend(scans::findings(&observed));
    findings.extend(ports::findings(&observed, terms));
    findings.extend(ports::log_health(health, &observed));
    Ok(Signals::of(observed, findings, terms, health))
}

/// The findings, by priority.
#[derive(Debug)]
pub struct Signals {
    /// Findings with the score of their destination, what says how far the rest can be trusted first, then what is most
    /// suspect.
    pub(crate) findings: Vec<(Option<u32>, Finding)>,
    /// Destinations from the score that is requested, the most suspect first.
    pub(crate) suspects: Vec<Suspect>,
    /// In what they were found.
    pub(crate) observed: Observed,
    /// Log health as reported by AWS.
    pub(crate) health: LogHealth,
}

impl Signals {
    fn of(observed: Observed, findings: Vec<Finding>, terms: &Terms, health: LogHealth) -> Self {
        let suspects = score::suspects(&observed, &findings);
        let score = |finding: &Finding| Some(suspects.get(&(finding.source?, finding.peer?))?.score);
        let mut findings: Vec<(Option<u32>, Finding)> =
            findings.into_iter().map(|finding| (score(&finding), finding)).collect();
        findings.sort_by(|(one_score, one), (other_score, other)| {
            let is_health = |finding: &Finding| finding.signal.family() == Family::Health;
            let key =
                |finding: &Finding| (finding.signal, finding.source, finding.peer, finding.port, finding.protocol);
            (is_health(other).cmp(&is_health(one)))
                .then_with(|| other_score.cmp(one_score))
                .then_with(|| other.bytes.cmp(&one.bytes))
                .then_with(|| key(one).cmp(&key(other)))
                .then_with(|| (one.first, &one.evidence).cmp(&(other.first, &other.evidence)))
        });
        let mut suspects: Vec<Suspect> =
            suspects.into_values().filter(|suspect| suspect.score >= terms.score_min).collect();
        suspects.sort_by_key(|suspect| std::cmp::Reverse((suspect.score, suspect.bytes)));
        Self { findings, suspects, observed, health }
    }
}

/// A length of time in its two largest units: `3 d 4 h`, `12 h`, `90 s`.
pub(crate) fn span(seconds: u32) -> String {
    const MINUTE_SECONDS: u32 = 60;
    let two = |large: u32, large_name: &str, small: u32, small_name: &str| match seconds % large / small {
        0 => format!("{} {large_name}", seconds / large),
        rest => format!("{} {large_name} {rest} {small_name}", seconds / large),
    };
    match seconds {
        DAY_SECONDS.. => two(DAY_SECONDS, "d", HOUR_SECONDS, "h"),
        HOUR_SECONDS.. => two(HOUR_SECONDS, "h", MINUTE_SECONDS, "min"),
        121.. => two(MINUTE_SECONDS, "min", 1, "s"),
        _ => format!("{seconds} s"),
    }
}

/// A text that many share.
type Text = Arc<str>;
