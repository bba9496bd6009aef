//! Comparison of two periods; its parts always add up.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::price::bill::tests::{Charged, bill_of, moment};
use crate::price::{Charge, GB_BYTES, INTERNET, SAME};
use crate::reason::compare::leaves::{Fine, Route};
use crate::units::time::Zone;

/// Bytes of a team by a charge and a path, in both periods.
type Fact = (u32, Option<Charge>, u32, [u64; 2]);

const TEAMS: [&str; 4] = ["app", "batch", "hub", "web"];
const PATHS: [&str; 3] = ["cross-zone", "internet", "internet via nat"];
const CHARGES: [Option<Charge>; 3] = [None, Some(Charge::InternetEgress), Some(Charge::InterZoneOut)];

fn route_of(charge: Option<Charge>) -> Route {
    let to = if charge == Some(Charge::InternetEgress) { INTERNET } else { SAME };
    let reason = if charge.is_some() { "" } else { "same-zone" };
    Route { charge, reason: reason.into(), from: "us-east-1".into(), to: to.into() }
}

/// The facts as they come out of a roll-up, and the rows to be priced.
fn leaves_and_charges(facts: &[Fact]) -> (Leaves, Vec<Charged>) {
    let mut leaves_and_charges = Leaves {
        rows: TEAMS.iter().map(|team| vec![(*team).into()]).collect(),
        routes: CHARGES.map(route_of).into(),
        names: TEAMS.iter().chain(&PATHS).map(|name| (*name).into()).collect(),
        hours: [24, 24],
        ..Leaves::default()
    };
    let path_of = |path: u32| u32::try_from(TEAMS.len()).unwrap() + path;
    let mut leaves: BTreeMap<(u32, u32), BTreeMap<u32, [u128; 2]>> = BTreeMap::new();
    let mut charged = Vec::new();
    for (team, charge, path, bytes) in facts {
        let place = CHARGES.iter().zip(0..).find(|(of, _)| *of == charge).unwrap().1;
        let sums = leaves.entry((*team, *path)).or_default().entry(place).or_default();
        for (side, bytes) in bytes.iter().enumerate().filter(|(_, bytes)| **bytes > 0) {
            sums[side] += u128::from(*bytes);
            let Route { charge, reason, from, to } = route_of(*charge);
            charged.push(Charged {
                previous: side == 0,
                keys: vec![TEAMS[*team as usize].into()],
                charge,
                reason,
                payer: None,
                from,
                to,
                hour: moment(if side == 0 { "2026-10-01" } else { "2026-11-01" }),
                assumed: None,
                bytes: *bytes,
            });
        }
    }
    let fine = |((row, path), routes)| Fine { row, elements: vec![row, path_of(path)], routes };
    leaves_and_charges.leaves = leaves.into_iter().map(fine).collect();
    (leaves_and_charges, charged)
}

fn report_of(facts: &[Fact], shape: &CompareShape) -> Report {
    let table = PriceTable::embedded().unwrap();
    let (leaves_and_charges, charged) = leaves_and_charges(facts);
    let month = |from: &str, to: &str| Window { from: Some(moment(from)), to: Some(moment(to)) };
    let windows = [month("2026-10-01", "2026-11-01"), month("2026-11-01", "2026-12-01")];
    let bill = bill_of(&charged, (windows[1].from, windows[1].to), &table, PoolTerms::default());
    report(
        &leaves_and_charges,
        &bill,
        &CompareShape { windows, ..shape.clone() },
        &["team".to_owned(), "path".to_owned()],
    )
    .unwrap()
}

fn shape() -> CompareShape {
    let head = Head { name: "team".into(), kind: output::CellKind::Text };
    CompareShape { key_heads: vec![head], keys: vec!["key_0".into()], by_charge: true, ..CompareShape::default() }
}

fn amount(cell: &Cell) -> [i128; 2] {
    if let Cell::Amount { amount, cents } = cell { [*amount, *cents] } else { [0, 0] }
}

fn column(table: &Table, name: &str) -> usize {
    table.columns.iter().position(|head| head.name == name).unwrap()
}

fn texts(table: &Table, name: &str) -> Vec<String> {
    let text = |cell: &Cell| if let Cell::Text(text) = cell { text.to_string() } else { "-".to_owned() };
    table.rows.iter().map(|row| text(&row[column(table, name)])).collect()
}

const GB: u64 = GB_BYTES;
const EGRESS: Option<Charge> = Some(Charge::InternetEgress);

#[test]
fn rows_are_new_gone_grown_shrunk_or_the_same() {
    let facts = [
        (0, EGRESS, 1, [0, GB]),
        (1, EGRESS, 1, [9 * GB, 0]),
        (2, EGRESS, 1, [GB, 3 * GB]),
        (3, EGRESS, 1, [5 * GB, GB]),
        (3, Some(Charge::InterZoneOut), 0, [GB, GB]),
        (0, None, 0, [GB, 2 * GB]),
    ];
    let report = report_of(&facts, &shape());
    let compare = &report.tables[0];
    assert_eq!(texts(compare, "team"), ["batch", "web", "hub", "app", "web", "(free)"], "what changed most first");
    assert_eq!(texts(compare, "status"), ["gone", "shrank", "grew", "new", "same", "grew"]);
    let usd = |row: usize, name: &str| amount(&compare.rows[row][column(compare, name)])[0];
    assert_eq!(usd(0, "gone_usd"), -8_100_000_000);
    assert_eq!([usd(1, "volume_usd"), usd(2, "volume_usd")], [-3_600_000_000, 1_800_000_000]);
    assert_eq!(usd(3, "new_usd"), 900_000_000);
    let waterfall = texts(&report.tables[1], "step");
    assert_eq!(waterfall, ["before", "new", "gone", "grew", "shrank", "price", "path", "now"]);
}

#[test]
fn what_takes_another_path_between_the_same_ends_is_a_path_change_and_its_cause_says_so() {
    let facts = [(3, None, 2, [9 * GB, 0]), (3, EGRESS, 1, [GB, 10 * GB]), (0, EGRESS, 1, [GB, GB])];
    let report = report_of(&facts, &shape());
    let compare = &report.tables[0];
    let row = &compare.rows[0];
    assert_eq!(amount(&row[column(compare, "path_usd")])[0], 8_100_000_000, "it was free");
    assert_eq!(amount(&row[column(compare, "volume_usd")])[0], 0);
    let causes = &report.tables[2];
    assert_eq!(texts(causes, "class"), ["path-change"]);
    assert_eq!(texts(causes, "other_path"), ["internet via nat"]);
}

#[test]
fn a_dearer_tier_or_price_is_price_and_not_the_mix_of_charges() {
    let facts = [(3, None, 0, [9 * GB, GB]), (3, EGRESS, 1, [10_240 * GB, 20_480 * GB]), (0, EGRESS, 1, [GB, GB])];
    let report = report_of(&facts, &shape());
    let compare = &report.tables[0];
    let row = &compare.rows[0];
    assert!(amount(&row[column(compare, "price_usd")])[0] < 0, "the second tier is cheaper");
    assert_eq!(texts(&report.tables[2], "class")[0], "growth", "though the free bytes fell");
}

#[test]
fn what_is_beyond_the_first_rows_is_one_row_and_nothing_is_lost() {
    let facts: Vec<Fact> = (0..4).map(|team| (team, EGRESS, 1, [GB, u64::from(team) * GB])).collect();
    let all = report_of(&facts, &shape());
    let some = report_of(&facts, &CompareShape { rows: Some(2), ..shape() });
    assert_eq!(texts(&some.tables[0], "team"), ["web", "app", "(other)"]);
    assert_eq!(some.tables[0].total, all.tables[0].total);
    assert_eq!(some.tables[1].rows, all.tables[1].rows);
}

#[test]
fn rows_that_do_not_match_are_part_of_the_other_row() {
    let facts: Vec<Fact> = (0..4).map(|team| (team, EGRESS, 1, [GB, u64::from(team) * GB])).collect();
    let all = report_of(&facts, &shape());
    let having = |text| Having::parse(text, shape().heads(), 0, Zone::default()).ok();
    let some = report_of(&facts, &CompareShape { having: having("change_usd <= 0"), ..shape() });
    assert_eq!(texts(&some.tables[0], "team"), ["app", "batch", "(other)"]);
    assert_eq!(some.tables[0].rows[0], all.tables[0].rows[1]);
    assert_eq!(some.tables[0].total, all.tables[0].total);
    assert!(some.meta.notes.iter().any(|note| note.starts_with("--having matches 2 of 4 rows")));
    let cut = report_of(&facts, &CompareShape { having: having("status = same"), rows: Some(3), ..shape() });
    assert_eq!(texts(&cut.tables[0], "team"), ["batch", "(other)"]);
}

#[test]
fn a_period_without_records_is_reported() {
    let (mut without, _) = leaves_and_charges(&[]);
    without.hours = [0, 3];
    let month = Window { from: Some(0), to: Some(36_000) };
    let notes = window_notes(&without, &CompareShape { windows: [month, month], ..shape() });
    assert!(notes[1].starts_with("the previous period has no counted records"), "{notes:?}");
    assert!(notes[2].starts_with("the current period has counted records in 3 of 10 hours"), "{notes:?}");
}

fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let bytes = || prop_oneof![Just(0), 0..1_000_u64, 0..40_000 * GB];
    let fact = (0_u32..4, 0_usize..3, 0_u32..3, bytes(), bytes());
    let fact = fact.prop_map(|(team, charge, path, before, now)| (team, CHARGES[charge], path, [before, now]));
    proptest::collection::vec(fact, 0..20)
}

proptest! {
    #[test]
    fn parts_add_up_to_the_change_and_rows_to_the_total(
        facts in facts(),
        by_charge in any::<bool>(),
        free in any::<bool>(),
        rows in prop::option::of(0_usize..4),
    ) {
        let report = report_of(&facts, &CompareShape { by_charge, free, rows, ..shape() });
        let compare = &report.tables[0];
        let total = compare.total.as_ref().unwrap();
        let [before, now, change] = ["previous_usd", "usd", "change_usd"].map(|name| column(compare, name));
        let parts = column(compare, "new_usd")..compare.columns.len();
        let sum = |row: &Row| parts.clone().map(|part| amount(&row[part])).fold([0; 2], |sum, part| [sum[0] + part[0], sum[1] + part[1]]);
        for row in compare.rows.iter().chain([total]) {
            prop_assert_eq!(sum(row), amount(&row[change]), "{:?}", row);
        }
        for place in before..compare.columns.len() {
            let all = compare.rows.iter().map(|row| amount(&row[place])).fold([0; 2], |sum, one| [sum[0] + one[0], sum[1] + one[1]]);
            prop_assert!(place == change + 1 || all == amount(&total[place]), "{}", compare.columns[place].name);
        }
        let [was, is, changed] = [before, now, change].map(|place| amount(&total[place]));
        prop_assert_eq!([is[0] - was[0], is[1] - was[1]], changed);
        let waterfall = &report.tables[1].rows;
        prop_assert_eq!(&waterfall[waterfall.len() - 2][2], &waterfall[waterfall.len() - 1][2]);
    }
}
