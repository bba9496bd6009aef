//! User-supplied input of `anomalies`: state files, prefix lists, suppression windows. Rejected input causes an error;
//! a state that is read is written equal; a parsed window covers only hours within the requested time.

use outflow::reason::anomalies::incident::{Metric, Scope};
use outflow::reason::anomalies::state::State;
use outflow::reason::anomalies::suppress::{Rule, RuleText, Suppressions};
use outflow::reason::signals::CidrList;

/// 2026-10-01, and ten days later.
const DAYS: (u32, u32) = (1_790_812_800, 1_791_676_800);

pub(crate) fn run(bytes: &[u8]) {
    if let Err(error) = CidrList::read([("list", bytes)]) {
        assert!(error.to_string().starts_with("list"), "{error}");
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(state) = State::read(text) {
        let again = State::read(&state.to_json());
        assert!(again.is_ok_and(|again| again == state), "a state is not read as it was written");
        let (shown, next) = state.next(&[], DAYS.1);
        assert!(shown.len() <= 1 + text.len() && State::read(&next.to_json()).is_ok());
    }
    window(text);
}

/// A window of suppression, a value a line.
fn window(text: &str) {
    let mut lines = text.lines();
    let mut next = || lines.next().filter(|line| !line.is_empty()).map(str::to_owned);
    let written = RuleText {
        from: next(),
        to: next(),
        cron: next(),
        hours: next().and_then(|hours| hours.parse().ok()),
        tz: next(),
        scope: next(),
        metric: next(),
        reason: next(),
        expires: next(),
    };
    let Ok(rule) = Rule::parse(&written) else { return };
    let rules = [rule];
    let suppressions = Suppressions::of(&rules, DAYS.0, DAYS.1, DAYS.0);
    let scope = Scope { dimension: "team", value: "data".into() };
    for hour in (DAYS.0..DAYS.1).step_by(3600) {
        let covered = suppressions.covers(Metric::Bytes, &scope, hour);
        assert!(covered.is_none() || !rules[0].has_expired(DAYS.0), "an expired window covers {hour}");
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let written = [
        "198.51.100.0/24\n# ours\n2001:db8::/32\n203.0.113.7\n",
        r#"{"version": 1, "incidents": []}"#,
        "2026-10-02\n2026-10-04T12:00\n\n\nEurope/Berlin\nteam:da*\nbytes\nmove\n2027-01-01\n",
        "\n\n0 2 * * sun,3-5/2\n4\n\n\n\nbackup\n2027-01-01\n",
    ];
    written.iter().map(|text| text.as_bytes().to_vec()).collect()
}

pub(crate) fn words() -> Vec<String> {
    let words = "version incidents id metric scope members reported_at severity impact is_closed usd bytes flows rejected low medium \
        high team: * ? sun mon jan dec */5 Europe/Berlin UTC 2026-10-02 T12:00 /24 /48 :: true false null";
    words.split_whitespace().map(str::to_owned).collect()
}
