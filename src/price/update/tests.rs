//! What becomes of a table's rows, in the words of its CSV.

use proptest::prelude::*;

use super::*;
use crate::price::{Charge, Confidence, written_date};
use crate::units::human::usd_rate;

const DAY: u32 = 86_400;

/// Rows of NAT processing in one region, as `start-end price from..to confidence as_of source`; a dash is nothing.
fn rows(text: &str) -> Vec<PriceRow> {
    let head =
        "charge,from,to,tier_start_gb,tier_end_gb,usd_per_gb,effective_from,effective_to,confidence,as_of,source\n";
    let line = |line: &str| {
        let cells: Vec<String> = line.split_whitespace().map(|cell| cell.replace('_', "")).collect();
        format!("nat-processing,eu-west-1,any,{}\n", cells.join(","))
    };
    let csv = text.lines().map(line).collect::<String>();
    let (rows, faults) = PriceTable::examine(format!("{head}{csv}").as_bytes());
    assert_eq!(faults, [], "{csv}");
    rows
}

fn shown(rows: &[PriceRow]) -> Vec<String> {
    let date = |date: Option<u32>| date.map(written_date).unwrap_or_default();
    let line = |row: &PriceRow| {
        let end = row.end_gb.map(|end| end.to_string()).unwrap_or_default();
        let rate = row.rate.map(|rate| usd_rate(rate.rounded())).unwrap_or_default();
        let from = date(Some(row.effective_from).filter(|from| *from > 0));
        format!("{}-{end} {rate} {from}..{} {}", row.start_gb, date(row.effective_to), row.source)
    };
    rows.iter().map(line).collect()
}

fn empty() -> PriceTable {
    PriceTable::of_rows(Vec::new())
}

fn statuses(update: &Update) -> Vec<(&'static str, u64)> {
    update.changes.iter().map(|change| (change.status.name(), change.row.start_gb)).collect()
}

const OLD: &str = "0 _ 0.045 2026-01-01 _ verified 2026-01-05 old";

#[test]
fn a_changed_price_ends_where_the_new_one_begins() {
    let update = update(&rows(OLD), &empty(), &rows("0 _ 0.05 2026-11-01 _ verified 2026-11-03 new"));
    assert_eq!(shown(&update.rows), ["0- $0.045 2026-01-01..2026-11-01 old", "0- $0.05 2026-11-01.. new"]);
    assert_eq!((statuses(&update), update.confirmed), (vec![("changed", 0)], 0));
    assert_eq!(update.changes[0].before, Rate::parse("0.045").ok());
}

#[test]
fn what_is_confirmed_keeps_its_dates_and_takes_the_newer_list() {
    let list = rows("0 _ 0.045 2026-11-01 _ verified 2026-11-03 new");
    let update = update(&rows(OLD), &empty(), &list);
    assert_eq!(shown(&update.rows), ["0- $0.045 2026-01-01.. new"]);
    assert_eq!((statuses(&update), update.confirmed), (vec![], 1));
}

#[test]
fn an_older_list_fills_in_what_was_before_and_changes_nothing_else() {
    let own = rows("0 _ 0.05 2026-11-01 _ verified 2026-11-03 new");
    let updated = update(&own, &empty(), &rows(OLD));
    assert_eq!(shown(&updated.rows), ["0- $0.045 2026-01-01..2026-11-01 old", "0- $0.05 2026-11-01.. new"]);
    assert_eq!(statuses(&updated), [("new", 0)]);
    let other = rows("0 _ 0.06 2026-12-01 _ verified 2026-10-01 older");
    let updated = update(&own, &empty(), &other);
    assert_eq!((shown(&updated.rows), statuses(&updated)), (shown(&own), vec![("kept", 0)]));
}

#[test]
fn a_newer_list_decides_where_two_speak_of_one_time() {
    let own = rows("0 _ 0.05 2026-11-01 _ verified 2026-11-03 new");
    let list = rows("0 _ 0.045 2026-10-01 _ verified 2026-12-01 newest");
    assert_eq!(shown(&update(&own, &empty(), &list).rows), ["0- $0.045 2026-10-01.. newest"]);
}

#[test]
fn the_users_own_prices_stay() {
    let own = rows("0 _ 0.02 2026-10-01 2027-01-01 _ _ contract");
    let updated = update(&own, &empty(), &rows("0 _ 0.045 2026-09-01 _ verified 2026-09-03 list"));
    let expected = [
        "0- $0.045 2026-09-01..2026-10-01 list",
        "0- $0.02 2026-10-01..2027-01-01 contract",
        "0- $0.045 2027-01-01.. list",
    ];
    assert_eq!(shown(&updated.rows), expected);
    let later = update(&own, &empty(), &rows("0 _ 0.05 2026-11-01 _ verified 2026-11-03 list"));
    assert_eq!(statuses(&later), [("kept", 0)]);
}

#[test]
fn tiers_come_and_go() {
    let own = rows("0 100 0.05 _ _ verified _ old\n100 200 0.04 _ _ verified _ old\n200 _ 0.03 _ _ verified _ old");
    let list = rows("0 100 0.05 2026-11-01 _ verified 2026-11-03 new\n100 _ 0.04 2026-11-01 _ verified 2026-11-03 new");
    let updated = update(&own, &empty(), &list);
    assert_eq!(statuses(&updated), [("changed", 100), ("dropped", 200)], "a tier of another end is another tier");
    assert_eq!(updated.confirmed, 1);
    let (_, faults) = PriceTable::examine(b"");
    assert!(!faults.is_empty());
    let after = PriceTable::of_rows(updated.rows);
    let ladder = after.look_up(Charge::NatProcessing, "eu-west-1", "any", 1_800_000_000).unwrap();
    assert_eq!(ladder.rows().len(), 2);
}

#[test]
fn what_is_not_listed_stays_and_is_named() {
    let row = |from: &str, to: &str, rate: &str| PriceRow {
        charge: Charge::InterRegion,
        from: from.into(),
        to: to.into(),
        rate: Rate::parse(rate).ok(),
        ..rows(OLD)[0].clone()
    };
    let own = [row("eu-west-1", "us-east-1", "0.02"), row("eu-west-2", "us-east-1", "0.02")];
    let updated = update(&own, &empty(), &[row("eu-west-1", "us-east-2", "0.02")]);
    let places: Vec<_> = updated.unlisted.iter().map(|row| (row.from.as_str(), row.to.as_str())).collect();
    assert_eq!(places, [("eu-west-1", "us-east-1")]);
    assert_eq!(updated.rows.len(), 3);
}

#[test]
fn prices_of_the_table_below_are_compared_with_and_looked_ahead_of() {
    let below = PriceTable::embedded().unwrap();
    let list = rows("0 _ 0.05 2027-01-01 _ verified 2026-11-03 new");
    let updated = update(&[], &below, &list);
    assert_eq!((statuses(&updated), updated.rows.len()), (vec![("changed", 0)], 1));
    assert_eq!(updated.changes[0].before, Rate::parse("0.048").ok());
    let rate = |table: &PriceTable, moment| {
        let ladder = table.look_up(Charge::NatProcessing, "eu-west-1", "any", moment).unwrap();
        ladder.rows()[0].rate
    };
    assert_eq!(rate(&updated.ahead(&below, &list), 1_790_000_000), Rate::parse("0.05").ok());
}

/// Lists of one place: a day of publication, a day from which its price holds, and the price in cents.
fn statement() -> impl Strategy<Value = (u32, u32, u64, bool)> {
    (1..20_u32, 1..20_u32, 1..4_u64, any::<bool>())
}

fn row_of((published, since, cents, has_tiers): (u32, u32, u64, bool)) -> Vec<PriceRow> {
    let whole = PriceRow {
        charge: Charge::NatProcessing,
        from: "eu-west-1".into(),
        to: "any".into(),
        start_gb: 0,
        end_gb: None,
        rate: Rate::parse(&format!("0.0{cents}")).ok(),
        effective_from: since * DAY,
        effective_to: None,
        confidence: Some(Confidence::Verified),
        as_of: Some(published * DAY),
        source: format!("list {published}"),
        line: 0,
    };
    match has_tiers {
        true => vec![
            PriceRow { end_gb: Some(10), ..whole.clone() },
            PriceRow { start_gb: 10, rate: Rate::parse("0.005").ok(), ..whole },
        ],
        false => vec![whole],
    }
}

proptest! {
    #[test]
    fn a_table_stays_valid_and_the_same_lists_again_change_nothing(
        lists in prop::collection::vec(statement(), 1..8),
    ) {
        let mut table = Vec::new();
        for list in &lists {
            table = update(&table, &empty(), &row_of(*list)).rows;
            // The rows of a moment are one statement, whole: from zero on, without a gap, open at the end.
            for day in 0..25 {
                let all: Vec<&PriceRow> = table.iter().collect();
                let ladder = in_force(&all, day * DAY);
                let mut at = Some(0);
                for row in &ladder {
                    prop_assert_eq!(Some(row.start_gb), at);
                    at = row.end_gb;
                }
                prop_assert!(ladder.is_empty() || at.is_none());
            }
        }
        let last = row_of(lists[lists.len() - 1]);
        let again = update(&table, &empty(), &last);
        prop_assert_eq!(&again.rows, &table);
        prop_assert!(again.changes.iter().all(|change| change.status == Status::Kept));
    }

    #[test]
    fn no_day_that_had_a_price_loses_it(own in statement(), list in statement()) {
        let own = row_of(own);
        let updated = update(&own, &empty(), &row_of(list));
        let (before, after): (Vec<&PriceRow>, Vec<&PriceRow>) = (own.iter().collect(), updated.rows.iter().collect());
        for day in 0..25 {
            prop_assert!(in_force(&before, day * DAY).is_empty() || !in_force(&after, day * DAY).is_empty());
        }
    }
}
