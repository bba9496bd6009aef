//! What signals of exfiltration and of broken policy were found, as tables, and what must be known to read them.
//!
//! Nothing is found here; that is [`crate::reason::signals`].

mod tables;

use super::Report;
use crate::reason::signals::{DAY_SECONDS, PAIR_STARTS_MAX, PROBES_KEPT_MAX, STARTS_MAX, Signals, Terms, span};
use crate::units::human;

/// What the logs cannot show whoever looks at them.
const BLIND_NOTE: &str = "flow logs do not show payload, names asked of Amazon's resolver (so no DNS tunnel through it), \
                          instance metadata, DHCP, Amazon's time service, nor mirrored traffic; a finding is a reason to \
                          look, no proof";

/// What logs of version 2 lack.
const FLAGS_NOTE: &str = "no record has TCP flags (before version 3): calls that nobody answered look like talk, so that scans \
                          are told by REJECT alone, and who calls is told by the lower port";

/// How the report looks.
#[derive(Clone, Debug, Default)]
pub struct SignalsShape {
    /// The name of the column of owners: the key that they are asked for by.
    pub owner: Option<String>,
    /// Rows of each table; all where there is none.
    pub rows: Option<usize>,
}

/// The report: the tables `signals` and `suspects`.
#[must_use]
pub fn report(signals: &Signals, terms: &Terms, shape: &SignalsShape) -> Report {
    let mut report = Report { name: "signals".to_owned(), ..Report::default() };
    report.meta.notes = notes(signals);
    let (tables, told) = tables::tables(signals, terms, shape);
    report.tables = tables;
    report.meta.notes.extend(told);
    report
}

/// What must be known to read the findings right.
fn notes(Signals { observed, health, .. }: &Signals) -> Vec<String> {
    let mut notes = vec![BLIND_NOTE.to_owned()];
    let history = observed.to.saturating_sub(observed.from);
    if !observed.pairs.is_empty() && history < 14 * DAY_SECONDS {
        notes.push(format!(
            "the logs read span {}: what is new or unusual is told by that history alone",
            span(history)
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
