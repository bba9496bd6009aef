//! Tests of the reporting times, as scenarios of hours, and of the serialised state.

use proptest::prelude::*;

use super::*;

/// 2026-11-01T00:00:00Z.
const BEGINNING: u32 = 1_793_491_200;

fn hour(hours: u32) -> u32 {
    BEGINNING + hours * HOUR_SECONDS
}

/// An incident of the first hours of the story.
fn incident(id: &str, from: u32, to: u32) -> Incident {
    Incident {
        id: id.into(),
        metric: Metric::Bytes,
        scope: Scope { dimension: "team", value: id.into() },
        start: hour(from),
        end: hour(to),
        hours: to - from,
        actual: 300,
        expected: 100,
        peak: 7.5,
        score: 40,
        severity: Severity::Low,
        impact_usd: 0,
        impact_bytes: 200,
        members: vec![id.into()],
        is_open: false,
    }
}

fn open(id: &str, from: u32, to: u32) -> Incident {
    Incident { is_open: true, ..incident(id, from, to) }
}

/// Reports by hour; the state is serialised and read back each time.
fn notifications(story: &[(u32, Vec<Incident>)]) -> Vec<Vec<(String, &'static str)>> {
    let mut state = State::default();
    let mut all = Vec::new();
    for (at, incidents) in story {
        let (notifications, next) = state.next(incidents, hour(*at));
        state = State::read(&next.to_json()).unwrap();
        assert_eq!(state, next);
        all.push(
            notifications
                .into_iter()
                .map(|notifications| (notifications.incident.id, notifications.status.name()))
                .collect(),
        );
    }
    all
}

fn one(id: &str, status: &'static str) -> Vec<(String, &'static str)> {
    vec![(id.to_owned(), status)]
}

#[test]
fn an_incident_is_reported_once_then_daily_while_it_goes_on_and_once_when_it_is_over() {
    let at = |now: u32| Incident { is_open: now <= 50, ..incident("a", 0, now.min(50)) };
    let story: Vec<_> = (1..=60).map(|now| (now, vec![at(now)])).collect();
    let notifications = notifications(&story);
    let loud: Vec<_> = notifications
        .iter()
        .zip(1..)
        .filter(|(notifications, _)| !notifications.is_empty())
        .map(|(notifications, at)| (at, notifications[0].1))
        .collect();
    assert_eq!(loud, [(1, "new"), (25, "ongoing"), (49, "ongoing"), (56, "closed")]);
}

#[test]
fn it_is_reported_again_when_its_impact_doubles_or_its_severity_rises() {
    let of = |bytes: i128, severity| Incident { impact_bytes: bytes, severity, ..open("a", 0, 1) };
    let story = [
        (1, vec![of(200, Severity::Low)]),
        (2, vec![of(399, Severity::Low)]),
        (3, vec![of(400, Severity::Low)]),
        (4, vec![of(700, Severity::Low)]),
        (5, vec![of(700, Severity::Medium)]),
        (6, vec![of(800, Severity::Low)]),
        (7, vec![of(1400, Severity::Low)]),
    ];
    let worse = || one("a", "worse");
    assert_eq!(notifications(&story), [one("a", "new"), vec![], worse(), vec![], worse(), vec![], worse()]);
}

#[test]
fn dollars_count_before_bytes_and_these_before_the_metric() {
    let of = |usd, bytes, actual| Incident { impact_usd: usd, impact_bytes: bytes, actual, ..open("a", 0, 1) };
    let doubled = |before, after| notifications(&[(1, vec![before]), (2, vec![after])])[1] == one("a", "worse");
    assert!(doubled(of(-10, 5, 200), of(-20, 5, 200)));
    assert!(!doubled(of(10, 5, 200), of(10, 50, 2000)));
    assert!(doubled(of(0, 5, 200), of(0, 10, 200)));
    assert!(doubled(of(0, 0, 200), of(0, 0, 300)));
    assert!(!doubled(of(0, 0, 200), of(0, 0, 299)));
    let rejects = Incident { metric: Metric::Rejected, ..of(0, 0, 9000) };
    assert!(!doubled(of(0, 0, 200), rejects), "bytes and records do not compare");
}

#[test]
fn what_is_over_when_it_is_first_seen_is_reported_once() {
    let story = [(10, vec![incident("a", 0, 4)]), (11, vec![incident("a", 0, 4)]), (12, vec![])];
    assert_eq!(notifications(&story), [one("a", "new"), vec![], vec![]]);
    let fresh = [(10, vec![incident("a", 0, 5)]), (11, vec![incident("a", 0, 5)]), (12, vec![incident("a", 0, 5)])];
    assert_eq!(notifications(&fresh), [one("a", "new"), one("a", "closed"), vec![]], "six clean hours");
}

#[test]
fn what_is_no_longer_found_is_over_after_its_clean_hours() {
    let story = [(1, vec![open("a", 0, 1)]), (6, vec![]), (7, vec![]), (8, vec![])];
    let (told_now, _) = State::default().next(&story[0].1, hour(1)).1.next(&[], hour(6));
    assert!(told_now.is_empty());
    let (mut state, mut loud) = (State::default(), Vec::new());
    for (at, mut incidents) in story {
        incidents.iter_mut().for_each(|incident| incident.is_open = false);
        let (notifications, next) = state.next(&incidents, hour(at));
        state = next;
        loud.extend(notifications.into_iter().map(|notifications| (at, notifications.status.name())));
    }
    assert_eq!(loud, [(1, "new"), (7, "closed")]);
}

#[test]
fn what_was_over_and_goes_on_is_new_again() {
    let story = [(10, vec![incident("a", 0, 4)]), (20, vec![open("a", 0, 20)]), (21, vec![open("a", 0, 21)])];
    assert_eq!(notifications(&story), [one("a", "new"), one("a", "new"), vec![]]);
}

#[test]
fn an_incident_is_known_by_any_of_its_members() {
    let folded = Incident { members: vec!["a".into(), "p".into()], ..open("p", 0, 2) };
    let story = [
        (1, vec![open("a", 0, 1)]),
        (2, vec![folded]),
        (3, vec![open("a", 0, 3), open("b", 0, 3)]),
        (4, vec![open("p", 0, 4)]),
    ];
    assert_eq!(notifications(&story), [one("a", "new"), vec![], one("b", "new"), vec![]]);
}

#[test]
fn an_incident_that_begins_in_another_hour_is_the_same_one() {
    let of_data =
        |id, from, to| Incident { scope: Scope { dimension: "team", value: "data".into() }, ..open(id, from, to) };
    let story = [(6, vec![of_data("a", 2, 6)]), (7, vec![of_data("b", 3, 7)]), (8, vec![of_data("a", 2, 8)])];
    assert_eq!(notifications(&story), [one("a", "new"), vec![], vec![]]);
    let other_metric = Incident { metric: Metric::Rejected, ..of_data("b", 3, 7) };
    assert_eq!(
        notifications(&[(6, vec![of_data("a", 2, 6)]), (7, vec![of_data("a", 2, 7), other_metric])])[1],
        one("b", "new")
    );
    assert_eq!(notifications(&[(6, vec![of_data("a", 2, 4)]), (7, vec![of_data("b", 4, 7)])])[1], one("b", "new"));
}

#[test]
fn several_known_incidents_that_become_one_are_not_reported_again() {
    let both = Incident { members: vec!["a".into(), "b".into()], impact_bytes: 399, ..open("a", 0, 2) };
    let story = [(1, vec![open("a", 0, 1), open("b", 0, 1)]), (2, vec![both])];
    assert!(notifications(&story)[1].is_empty());
}

#[test]
fn what_ended_long_ago_is_forgotten() {
    let (_, state) = State::default().next(&[incident("a", 0, 4)], hour(10));
    let (_, kept) = state.next(&[], hour(3) + KEPT_DAYS * DAY_SECONDS);
    let (_, forgotten) = state.next(&[], hour(4) + KEPT_DAYS * DAY_SECONDS);
    assert_eq!((kept.entries.len(), forgotten.entries.len()), (1, 0));
}

#[test]
fn a_text_that_is_no_state_is_rejected_with_a_way_on() {
    let (_, state) = State::default().next(&[open("a", 0, 1)], hour(1));
    let json = state.to_json();
    for broken in [
        "",
        "{",
        "[]",
        "{}",
        "{\"version\":1}",
        &json.replace("low", "lwo"),
        &json.replace("team", "taem"),
        &json.replace("\"200\"", "\"2OO\""),
        &json.replace("hours", "huors"),
        &json.replace("2026-11", "2026-13"),
    ] {
        let error = State::read(broken).unwrap_err();
        assert!(error.to_string().starts_with("not an outflow state file: "), "{error}");
        assert_eq!(error.hints().len(), 1);
    }
    let newer = State::read("{\"version\":2,\"something\":{}}").unwrap_err();
    assert_eq!(newer.to_string(), "the state has version 2; this outflow supports version 1");
    assert_eq!(newer.hints().len(), 2);
}

#[test]
fn the_text_has_a_stable_order() {
    let (_, one) = State::default().next(&[open("b", 0, 1), open("a", 0, 1)], hour(1));
    let (_, other) = State::default().next(&[open("a", 0, 1), open("b", 0, 1)], hour(1));
    assert_eq!(one.to_json(), other.to_json());
    assert!(one.to_json().starts_with("{\n  \"version\": 1,\n  \"incidents\": [\n    {\n      \"id\": \"a\""));
    assert_eq!(State::read(&State::default().to_json()).unwrap(), State::default());
}

proptest! {
    /// Nothing is reported twice in an hour, and repeating an hour reports nothing.
    #[test]
    fn asking_again_shows_nothing(ends in proptest::collection::vec((0_u32..40, 1_u32..10, any::<bool>(), 1_i128..1000), 1..6), now in 50_u32..60) {
        let incidents: Vec<_> = ends.iter().enumerate().map(|(place, (from, length, is_open, bytes))| {
            Incident { is_open: *is_open, impact_bytes: *bytes, ..incident(&format!("i{place}"), *from, from + length) }
        }).collect();
        let (first, state) = State::default().next(&incidents, hour(now));
        prop_assert_eq!(first.len(), incidents.len());
        let (again, same) = state.next(&incidents, hour(now));
        prop_assert!(again.is_empty());
        prop_assert_eq!(same.to_json(), state.to_json());
    }
}
