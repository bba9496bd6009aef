//! Signals of exfiltration and of broken policy: what traffic with the internet looks like, who shows it, and how
//! suspect each destination is.
//!
//! Every finding names its evidence in numbers beside the threshold, and what is missing to be sure. Nothing here is
//! proof: a score says which destinations to look at first. What flow logs do not show (payload, names that Amazon's
//! resolver was asked for, instance metadata) cannot be told, and a note says so. Series of hours, and what is odd about
//! them, are not judged here.

mod gather;
mod hours;
mod lists;
mod observed;
mod ports;
mod robust;
mod scans;
mod score;
mod series;
mod tables;
#[cfg(test)]
mod tests;
mod timing;
mod volume;

use std::sync::Arc;

use super::Report;
use crate::error::Error;
use crate::group::{Key, Rollup, Spec};
use crate::schema::{Column, ColumnSet};
use crate::units::human;

pub use gather::{PAIR_HOURS_MAX, PROBES_KEPT_MAX};
pub use lists::{CidrList, Lists};
pub use series::{PAIR_STARTS_MAX, STARTS_MAX};

/// Seconds of an hour, of a day.
pub(crate) const HOUR_SECONDS: u32 = 3600;
pub(crate) const DAY_SECONDS: u32 = 86_400;

/// The columns of the records that ride along with traffic.
pub const EXTRA: [Column; 5] = [Column::Minute, Column::Srcport, Column::Dstport, Column::Protocol, Column::TcpFlags];
/// What traffic is summed by. [`gather`] takes them in this order.
const KEYS: [Column; 16] = [
    Column::Minute,
    Column::SrcOwner1,
    Column::DstOwner1,
    Column::SrcInterface,
    Column::DstInterface,
    Column::SrcVpc,
    Column::DstVpc,
    Column::SrcPlace,
    Column::DstPlace,
    Column::Path,
    Column::Src,
    Column::Dst,
    Column::Srcport,
    Column::Dstport,
    Column::Protocol,
    Column::TcpFlags,
];
/// The last key, which grouping derives of the others.
const DERIVED_KEY: Column = Column::Port;

/// What the logs cannot show whoever looks at them.
const BLIND_NOTE: &str = "flow logs do not show payload, names asked of Amazon's resolver (so no DNS tunnel through it), \
                          instance metadata, DHCP, Amazon's time service, nor mirrored traffic; a finding is a reason to \
                          look, no proof";

/// What logs of version 2 lack.
const FLAGS_NOTE: &str = "no record has TCP flags (before version 3): calls that nobody answered look like talk, so that scans \
                          are told by REJECT alone, and who calls is told by the lower port";

/// What decides whether something is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// A destination that was not talked to for so long counts as new.
    pub look_back_seconds: u32,
    /// Bytes sent in a day below which no volume is suspect.
    pub bytes_min: u64,
    /// The score from which a destination is a suspect.
    pub score_min: u32,
    /// The aggregation interval of the logs; told by the records where there is none.
    pub interval_seconds: Option<u32>,
}

impl Default for Terms {
    fn default() -> Self {
        Self { look_back_seconds: 14 * DAY_SECONDS, bytes_min: 100 << 20, score_min: 50, interval_seconds: None }
    }
}

/// How the report looks.
#[derive(Clone, Debug, Default)]
pub struct SignalsShape {
    /// The name of the column of owners: the key that they are asked for by.
    pub owner: Option<String>,
    /// Rows of each table; all where there is none.
    pub rows: Option<usize>,
}

/// Intervals that AWS lost records in, and quiet ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogHealth {
    /// SKIPDATA records.
    pub lost: u64,
    /// NODATA records.
    pub quiet: u64,
}

/// What to sum for [`report`].
#[must_use]
pub fn spec() -> Spec {
    let keys = KEYS.into_iter().chain([DERIVED_KEY]).map(|column| Key { column, cut: None }).collect();
    Spec { keys, views: Vec::new(), bytes: true, packets: true, seen: true, starts: false, distinct: false }
}

/// The columns that traffic must have for it.
#[must_use]
pub fn columns() -> ColumnSet {
    let measures = ColumnSet::of(&[Column::Start, Column::End, Column::Bytes, Column::Packets, Column::Weight]);
    ColumnSet::of(&KEYS).union(measures)
}

/// The report: the tables `signals` and `suspects`, out of a roll-up by [`spec`].
///
/// # Errors
/// If rows of the roll-up were spilled and cannot be read.
pub fn report(
    rollup: &Rollup,
    lists: &Lists,
    terms: &Terms,
    health: LogHealth,
    shape: &SignalsShape,
) -> Result<Report, Error> {
    let observed = gather::observed(rollup, lists, terms)?;
    let mut findings = volume::findings(&observed, terms);
    findings.extend(timing::findings(&observed));
    findings.extend(scans::findings(&observed));
    findings.extend(ports::findings(&observed, terms));
    findings.extend(ports::log_health(health, &observed));
    let suspects = score::suspects(&observed, &findings);
    let mut report = Report { name: "signals".to_owned(), ..Report::default() };
    report.meta.notes = notes(&observed, health);
    let (tables, told) = tables::tables(&observed, findings, &suspects, terms, shape);
    report.tables = tables;
    report.meta.notes.extend(told);
    Ok(report)
}

/// What must be known to read the findings right.
fn notes(observed: &observed::Observed, health: LogHealth) -> Vec<String> {
    let mut notes = vec![BLIND_NOTE.to_owned()];
    let history = observed.to.saturating_sub(observed.from);
    if !observed.pairs.is_empty() && history < 14 * DAY_SECONDS {
        notes.push(format!(
            "the logs read span {}: what is new or unusual is told by that history alone",
            tables::span(history)
        ));
    }
    if health.lost > 0 {
        notes
            .push("AWS lost records (SKIPDATA): every signal is incomplete, and none found is no all-clear".to_owned());
    }
    if !observed.sources.is_empty() && !observed.has_flags {
        notes.push(FLAGS_NOTE.to_owned());
    }
    if let Some(pairs) = observed.thinned.note() {
        notes.push(pairs);
    }
    if observed.unwatched > 0 {
        notes.push(format!(
            "{} with too many records (more than {} each, or {} together) not looked at for beacons and long connections",
            human::counted(observed.unwatched, "destination"),
            human::count(PAIR_STARTS_MAX as u128),
            human::count(STARTS_MAX as u128),
        ));
    }
    if observed.probes.iter().any(|probes| probes.is_full) {
        notes.push(format!(
            "of a source's failed targets in an hour {} are kept: scans that have more are larger than told",
            human::count(PROBES_KEPT_MAX as u128)
        ));
    }
    notes
}

/// A text that many share.
type Text = Arc<str>;
