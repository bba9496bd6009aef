//! The report on a spike in synthetic hours.

use super::tables::{AnomaliesShape, Looked, Shown, report};
use crate::reason::anomalies::incident::Severity;
use crate::reason::anomalies::parts::{Calendar, judged, parts};
use crate::reason::anomalies::settings::Settings;
use crate::reason::anomalies::tests::{CHATTY, NEVER, SPIKE, found, hours};

#[test]
fn the_report_says_what_happened_and_what_was_left_out() {
    let hours =
        hours(&[], |what, hour, usual| if *what == CHATTY && SPIKE.contains(&hour) { usual * 4 } else { usual });
    let (found, settings) = (found(&hours), Settings::default());
    let slots = vec![0; hours.count];
    let calendar = Calendar { slots: &slots, is_suppressed: NEVER };
    let judged = judged(&hours, &parts(&hours, &settings)[found[0].run.part], calendar, &settings);
    let shown = [Shown { incident: &found[0].incident, status: "new", detail: Some((&found[0], &judged)) }];
    let shape = |rows, severity_min| AnomaliesShape { brief: false, rows, severity_min };
    let whole = report(&shown, &Looked::default(), &shape(None, Severity::Low), &settings);
    let row = &whole.tables[0].rows[0];
    assert_eq!((row.len(), whole.tables[0].rows.len()), (whole.tables[0].columns.len(), 1));
    let summary = row.last().unwrap();
    assert!(
        matches!(summary, crate::report::Cell::Text(text) if text.contains("was expected") && text.contains('%')),
        "{summary:?}"
    );
    let none = report(&shown, &Looked::default(), &shape(Some(0), Severity::Low), &settings);
    assert!(none.tables[0].rows.is_empty() && none.meta.notes.iter().any(|note| note.contains("1 incident more")));
}
