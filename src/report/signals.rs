//! What signals of exfiltration and of broken policy were found, as tables, and what must be known to read them.
//!
//! Nothing is found here; that is [`crate::reason::signals`].

mod tables;

use super::Report;
use crate::reason::signals::{DAY_SECONDS, PAIR_STARTS_MAX, PROBES_KEPT_MAX, STARTS_MAX, Signals, Terms, span};
use crate::units::human;

/// Limitations of the logs.
const BLIND_NOTE: &str = "flow logs do not contain payload, queries to the Amazon DNS resolver, instance metadata, \
                          DHCP, the Amazon time service or mirrored traffic; a finding is a lead, not proof";

/// Limitations of version 2 logs.
const FLAGS_NOTE: &str = "no record has TCP flags (version 3): unanswered connections look established, so scans are \
                          detected by REJECT only and the client is inferred from the lower port";

/// How the report looks.
#[derive(Clone, Debug, Default)]
pub struct SignalsShape {
    /// The name of the column of owners: the key that they are requested by.
    pub owner: Option<String>,
    /// Rows of each table; all where there is none.
    pub rows: Option<usize>,
}

/// The report: the tables `signals` and `suspects`.
#[must_use]
pub fn report(signals: &Signals, terms: &Terms, shape: &SignalsShape) -> Report {
    let mut report = Report { name: "signals".to_owned(), ..Report::default() };
    report.meta.notes = notes(signals);
    let (tables, message) = tables::tables(signals, terms, shape);
    report.tables = tables;
    report.meta.notes.extend(message);
    report
}

/// What must be known to read the findings right.
fn notes(Signals { observed, health, .. }: &Signals) -> Vec<String> {
    let mut notes = vec![BLIND_NOTE.to_owned()];
    let history = observed.to.saturating_sub(observed.from);
    if !observed.pairs.is_empty() && history < 14 * DAY_SECONDS {
        notes.push(format!("the logs span {}: novelty and baselines use only this history", span(history)));
    }
    if health.lost > 0 {
        notes.push(
            "AWS dropped records (SKIPDATA): signals are incomplete, and their absence proves nothing".to_owned(),
        );
    }
    if !observed.sources.is_empty() && !observed.has_flags {
        notes.push(FLAGS_NOTE.to_owned());
    }
    if let Some(pairs) = observed.thinned.note() {
        notes.push(pairs);
    }
    if observed.unsampled > 0 {
        notes.push(format!(
            "{} with too many records (more than {} each, or {} in total) not checked for beacons and long connections",
            human::counted(observed.unsampled, "destination"),
            human::count(PAIR_STARTS_MAX as u128),
            human::count(STARTS_MAX as u128),
        ));
    }
    if observed.probes.iter().any(|probes| probes.is_full) {
        notes.push(format!(
            "at most {} failed targets per source and hour are kept: larger scans are underestimated",
            human::count(PROBES_KEPT_MAX as u128)
        ));
    }
    notes
}
