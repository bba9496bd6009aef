//! What is found in hours made by hand: steady business with a daily rhythm, and what happens to it.

use std::ops::Range;
use std::sync::Arc;

use proptest::prelude::*;

use super::callers::is_demand;
use super::fold::{Found, fold};
use super::incident::{Metric, Scope, Severity};
use super::parts::{Calendar, judged, parts};
use super::runs::{Run, runs};
use super::settings::Settings;
use crate::reason::causes::Class;
use crate::reason::hours::{Amounts, Cell, Dimension, HOUR_SECONDS, Hours};

const GIB: u64 = 1 << 30;
/// 2026-10-01.
const FIRST: u32 = 1_790_812_800;
const DAYS: usize = 20;
const COUNT: usize = DAYS * 24;
/// Ten of the morning of the last day but one.
pub(crate) const SPIKE: Range<usize> = COUNT - 38..COUNT - 33;

/// Team, service, interface, destination, region pair, port, path.
pub(crate) type What = [&'static str; 7];

pub(crate) const CHATTY: What = ["shop", "web", "eni-1", "app", "us > us", "443", "cross-zone"];
const STORED: What = ["shop", "app", "eni-2", "S3", "us > us", "443", "gateway-endpoint"];
const STORED_BY_NAT: What = ["shop", "app", "eni-2", "S3", "us > us", "443", "aws-service via nat"];
const SERVED: What = ["shop", "web", "eni-1", "internet", "us > internet", "443", "internet"];
const COPIED: What = ["data", "lake", "eni-3", "lake-eu", "us > eu", "443", "peering-cross-region"];
const BUSINESS: [(What, u64); 4] = [(CHATTY, 40), (STORED, 30), (SERVED, 20), (COPIED, 5)];

/// Dollars of a GiB by path, in 10⁻¹⁰ USD.
fn rate(path: &str) -> u64 {
    match path {
        "cross-zone" | "peering-cross-region" => 200_000_000,
        "aws-service via nat" => 450_000_000,
        "internet" => 900_000_000,
        _ => 0,
    }
}

/// Business as usual in GiB of an hour: more by day, a little noise.
fn usual(gib: u64, hour: usize, place: usize) -> u64 {
    let by_day = if (8..20).contains(&(hour % 24)) { 3 } else { 2 };
    let noise = (hour * 7919 + place * 104_729) % 11;
    gib * GIB / 20 * by_day * (95 + noise as u64) / 10
}

/// Hours of the business with something else done to it: the bytes of a leaf in an hour, given what is usual.
pub(crate) fn hours(others: &[What], bytes: impl Fn(&What, usize, u64) -> u64) -> Hours {
    let leaves: Vec<(What, u64)> = BUSINESS.into_iter().chain(others.iter().map(|what| (*what, 0))).collect();
    let mut names: Vec<Arc<str>> = Vec::new();
    let mut code = |name: &str| {
        let known = names.iter().position(|known| **known == *name).unwrap_or(names.len());
        if known == names.len() {
            names.push(name.into());
        }
        u32::try_from(known).unwrap()
    };
    let coded: Vec<_> = leaves.iter().map(|(what, _)| what.map(&mut code)).collect();
    let mut cells = Vec::new();
    for (place, (what, gib)) in leaves.iter().enumerate() {
        for hour in 0..COUNT {
            let bytes = bytes(what, hour, usual(*gib, hour, place));
            if bytes > 0 {
                let usd = bytes / GIB * rate(what[6]);
                let amounts = Amounts([usd, bytes, 60, 0]);
                cells.push(Cell { leaf: u32::try_from(place).unwrap(), hour: u32::try_from(hour).unwrap(), amounts });
            }
        }
    }
    Hours::new((FIRST, vec![true; COUNT]), &names, &coded, cells, &[])
}

pub(crate) const NEVER: &(dyn Fn(Metric, &Scope, u32) -> bool + Sync) = &|_, _, _| false;

fn found_in(hours: &Hours, is_suppressed: &(dyn Fn(Metric, &Scope, u32) -> bool + Sync)) -> (Vec<Found>, usize) {
    let settings = Settings::default();
    let slots: Vec<u8> = (0..hours.count).map(|hour| u8::try_from(hour % 24).unwrap()).collect();
    let calendar = Calendar { slots: &slots, is_suppressed };
    let parts = parts(hours, &settings);
    let mut suppressed = 0;
    let all: Vec<Run> = parts
        .iter()
        .enumerate()
        .flat_map(|(place, part)| {
            let judged = judged(hours, part, calendar, &settings);
            let is_suppressed = |metric, hour: usize| is_suppressed(metric, &part.scope, hours.moment(hour));
            let runs = runs(place, &judged, 0..hours.count, is_suppressed, &settings);
            suppressed += runs.suppressed.len();
            let settings = &settings;
            runs.notable.into_iter().filter(move |run| !is_demand(hours, part, run, settings)).collect::<Vec<_>>()
        })
        .collect();
    (fold(hours, &parts, all, &settings), suppressed)
}

pub(crate) fn found(hours: &Hours) -> Vec<Found> {
    found_in(hours, NEVER).0
}

/// The values of a cause by dimension.
fn what(found: &Found, cause: usize) -> Vec<(Dimension, &str)> {
    found.why.causes[cause].what.iter().map(|(dimension, value)| (*dimension, &**value)).collect()
}

#[test]
fn nothing_is_reported_of_business_as_usual() {
    assert!(found(&hours(&[], |_, _, usual| usual)).is_empty());
    assert!(found(&Hours::default()).is_empty());
}

#[test]
fn one_thing_that_many_series_show_is_one_incident_with_its_cause() {
    let hours =
        hours(&[], |what, hour, usual| if *what == CHATTY && SPIKE.contains(&hour) { usual * 4 } else { usual });
    let found = found(&hours);
    assert_eq!(found.len(), 1, "{found:?}");
    let incident = &found[0].incident;
    let at = |hour: usize| FIRST + u32::try_from(hour).unwrap() * HOUR_SECONDS;
    assert_eq!((incident.start, incident.end, incident.hours), (at(SPIKE.start), at(SPIKE.end), 5));
    assert!(found[0].folded.len() > 4 && incident.members.len() == found[0].folded.len() + 1);
    let found_all = what(&found[0], 0);
    assert!(found_all.iter().all(|(dimension, value)| CHATTY[*dimension as usize] == *value), "{found_all:?}");
    assert!((0.9..1.1).contains(&found[0].why.causes[0].share), "{}", found[0].why.causes[0].share);
    assert_eq!(found[0].why.causes[0].class, Class::Growth);
    let more: u64 = SPIKE.map(|hour| usual(40, hour, 0) * 3).sum();
    let impact = f64::from(u32::try_from(incident.impact_bytes / i128::from(GIB)).unwrap());
    assert!((impact / (more / GIB) as f64 - 1.0).abs() < 0.1, "{impact}");
    assert!(incident.impact_usd > 0 && !incident.is_open);
}

#[test]
fn a_destination_never_seen_is_new_and_what_takes_another_path_is_a_change_of_paths() {
    let away: What = ["data", "lake", "eni-3", "198.51.100.7", "us > internet", "443", "internet"];
    let night = COUNT - 46..COUNT - 44;
    let leaked =
        hours(&[away], |what, hour, usual| if *what == away && night.contains(&hour) { 60 * GIB } else { usual });
    let found_all = found(&leaked);
    assert_eq!((found_all.len(), found_all[0].why.causes[0].class), (1, Class::New), "{found_all:?}");
    let cause = &found_all[0].why.causes[0];
    let named = std::iter::once(&cause.what).chain(&cause.also_matches);
    assert!(named.flatten().any(|(_, value)| **value == *"198.51.100.7"), "{cause:?}");

    let moved = hours(&[STORED_BY_NAT], |what, hour, as_usual| match *what {
        STORED if SPIKE.contains(&hour) => 0,
        STORED_BY_NAT if SPIKE.contains(&hour) => usual(30, hour, 1) * 3,
        STORED => as_usual * 3,
        _ => as_usual,
    });
    let found_all = found(&moved);
    assert_eq!(found_all.len(), 1, "{found_all:?}");
    assert_eq!(found_all[0].why.causes[0].from_path.as_deref(), Some("gateway-endpoint"), "{found_all:?}");
}

#[test]
fn what_costs_more_by_the_byte_is_a_price() {
    let mut dear = hours(&[], |_, _, usual| usual);
    let is_served =
        |leaf: u32| *dear.names[dear.leaves[leaf as usize][Dimension::Path as usize] as usize] == *SERVED[6];
    let served: Vec<bool> = (0..).take(dear.leaves.len()).map(is_served).collect();
    let is_dear = |cell: &&mut Cell| SPIKE.contains(&(cell.hour as usize)) && served[cell.leaf as usize];
    for cell in dear.cells.iter_mut().filter(is_dear) {
        cell.amounts.0[0] *= 6;
    }
    let found_all = found(&dear);
    let classes: Vec<_> = found_all.iter().flat_map(|found| &found.why.causes).map(|cause| cause.class).collect();
    assert!(!classes.is_empty() && classes.iter().all(|class| *class == Class::Price), "{found_all:?}");
}

#[test]
fn two_things_at_a_time_are_both_named() {
    let hours = hours(&[], |what, hour, usual| match *what {
        CHATTY if SPIKE.contains(&hour) => usual * 3,
        COPIED if SPIKE.contains(&hour) => usual * 25,
        _ => usual,
    });
    let found = found(&hours);
    let causes: Vec<_> = found.iter().flat_map(|found| &found.why.causes).collect();
    for value in ["lake", "web"] {
        let named = |description: &super::why::Description| {
            description
                .iter()
                .any(|(_, found_all)| **found_all == *value || **found_all == *"shop" || **found_all == *"data")
        };
        assert!(causes.iter().any(|cause| named(&cause.what)), "{value}: {causes:?}");
    }
    assert!((2..=3).contains(&causes.len()), "{causes:?}");
}

const LEAKED: What = ["data", "lake", "eni-3", "198.51.100.7", "us > internet", "443", "internet"];
const READ: What = ["data", "lake", "eni-3", "app", "us > us", "5432", "cross-zone"];
const ASKED: What = ["shop", "app", "eni-2", "lake", "us > us", "5432", "cross-zone"];

#[test]
fn what_leaves_in_a_noisy_hour_is_headed_by_where_it_goes_and_not_by_the_total_of_all_noise() {
    let hours = hours(&[LEAKED], |what, hour, usual| match *what {
        LEAKED if SPIKE.contains(&hour) => 60 * GIB,
        _ if SPIKE.contains(&hour) => usual / 10 * 12,
        _ => usual,
    });
    let found = found(&hours);
    assert_eq!(found.len(), 1, "{found:?}");
    let (incident, cause) = (&found[0].incident, &found[0].why.causes[0]);
    assert_eq!((incident.scope.dimension, &*incident.scope.value), ("destination", LEAKED[3]), "{incident:?}");
    assert_eq!((incident.severity, cause.class), (Severity::High, Class::New), "{incident:?}");
    assert_eq!(incident.impact_bytes, i128::from(60 * GIB) * SPIKE.len() as i128);
    let total = Scope { dimension: "total", value: "".into() };
    assert!(found[0].folded.contains(&(Metric::Bytes, total)), "{:?}", found[0].folded);
}

#[test]
fn an_incident_is_as_severe_as_the_most_severe_of_its_runs() {
    let hours =
        hours(&[], |what, hour, usual| if *what == CHATTY && SPIKE.contains(&hour) { usual * 4 } else { usual });
    let found = found(&hours);
    assert_eq!(found[0].incident.severity, Severity::High, "{found:?}");
    assert!(found[0].incident.score >= 80);
}

#[test]
fn halves_that_two_teams_pay_are_one_incident_with_all_of_its_dollars() {
    let receiver: What = ["shop", READ[1], READ[2], READ[3], READ[4], READ[5], READ[6]];
    let is_half = |what: &What| *what == READ || *what == receiver;
    let mut read = hours(
        &[READ, receiver],
        |what, hour, usual| {
            if is_half(what) && SPIKE.contains(&hour) { 60 * GIB } else { usual }
        },
    );
    let team = |leaf: u32| read.leaves[leaf as usize][Dimension::Team as usize];
    let of_receiver = |leaf: u32| *read.names[team(leaf) as usize] == *"shop" && is_read(&read, leaf);
    let halves: Vec<bool> = (0..).take(read.leaves.len()).map(of_receiver).collect();
    for cell in read.cells.iter_mut().filter(|cell| halves[cell.leaf as usize]) {
        cell.amounts.0[1..].fill(0);
    }
    let found = found(&read);
    assert_eq!(found.len(), 1, "{found:?}");
    let incident = &found[0].incident;
    let gib = 60 * SPIKE.len() as u64;
    let is_near = |impact: i128, all: u64| impact.abs_diff(i128::from(all)) * 100 <= u128::from(all);
    assert!(is_near(incident.impact_usd, 2 * gib * rate(READ[6])), "{incident:?}");
    assert!(is_near(incident.impact_bytes, gib * GIB), "{incident:?}");
}

fn is_read(hours: &Hours, leaf: u32) -> bool {
    *hours.names[hours.leaves[leaf as usize][Dimension::Port as usize] as usize] == *READ[5]
}

#[test]
fn what_is_asked_for_belongs_to_the_answers() {
    let talk = |what: &What, hour: usize, usual: u64| match *what {
        READ if SPIKE.contains(&hour) => 100 * GIB,
        ASKED if SPIKE.contains(&hour) => 4 * GIB,
        _ => usual,
    };
    let mut read = hours(&[READ, ASKED], talk);
    assert_eq!(found(&read).len(), 2, "nobody knows who is whose");
    read.set_ends(std::iter::empty(), [("eni-3", "lake"), ("eni-2", "app")].into_iter());
    let found = found(&read);
    assert_eq!((found.len(), &*found[0].incident.scope.value), (1, "eni-3"), "{found:?}");
}

#[test]
fn what_a_client_fetches_matters_from_a_multiple_of_the_floors_on() {
    let client: What = ["shop", "web", "eni-1", "203.0.113.9", "us > internet", "443", "internet"];
    let fetched = |gib: u64, callers: &[&str]| {
        let hour = SPIKE.start;
        let mut hours =
            hours(&[client], |what, at, usual| if *what == client && at == hour { gib * GIB } else { usual });
        hours.set_ends(callers.iter().copied(), std::iter::empty());
        found(&hours).len()
    };
    assert_eq!([fetched(15, &[]), fetched(15, &["203.0.113.9"]), fetched(55, &["203.0.113.9"])], [1, 0, 1]);
}

#[test]
fn hours_that_logs_do_not_show_are_no_drop_and_hide_no_spike() {
    let mut holed =
        hours(&[], |what, hour, usual| if *what == CHATTY && hour >= COUNT - 6 { usual * 4 } else { usual });
    let gap = COUNT - 60..COUNT - 40;
    holed.cells.retain(|cell| !gap.contains(&(cell.hour as usize)));
    holed.covered[gap].fill(false);
    let mut names = holed.names.clone();
    names.push("unused".into());
    let holed = Hours::new((FIRST, holed.covered.clone()), &names, &holed.leaves, holed.cells.clone(), &[]);
    let found_all = found(&holed);
    assert_eq!(
        (found_all.len(), found_all[0].incident.hours, found_all[0].incident.is_open),
        (1, 6, true),
        "{found_all:?}"
    );
}

#[test]
fn what_is_suppressed_is_counted_and_not_reported() {
    let spiky =
        hours(&[], |what, hour, usual| if *what == CHATTY && SPIKE.contains(&hour) { usual * 4 } else { usual });
    let (found_all, suppressed) =
        found_in(&spiky, &|_, _, hour| hour >= FIRST + u32::try_from(SPIKE.start).unwrap() * HOUR_SECONDS);
    assert!(found_all.is_empty() && suppressed > 4);
    let (found_all, _) = found_in(&spiky, &|_, scope, _| scope.dimension == "total");
    assert!(!found_all.is_empty() && found_all.iter().all(|found| found.incident.scope.dimension != "total"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn the_order_of_cells_changes_nothing(seed in any::<u64>(), factor in 1..8_u64) {
        let made = hours(&[], |what, hour, usual| if *what == COPIED && SPIKE.contains(&hour) { usual * factor * 10 } else { usual });
        let mut cells = made.cells.clone();
        let mut state = seed | 1;
        for place in (1..cells.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            cells.swap(place, usize::try_from(state >> 33).unwrap() % (place + 1));
        }
        let shuffled = Hours::new((FIRST, made.covered.clone()), &made.names, &made.leaves, cells, &[]);
        let found_all = |hours: &Hours| found(hours).into_iter().map(|found| (found.incident, found.folded)).collect::<Vec<_>>();
        prop_assert_eq!(found_all(&made), found_all(&shuffled));
    }
}
