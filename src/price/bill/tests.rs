//! Charges by hand, for the tests of a bill and of all that is made of one; and that a bill adds up.

use std::sync::Arc;

use polars::prelude::{NamedFrom, Series};

use super::*;
use crate::price::{GB_BYTES, INTERNET, Money, SAME};
use crate::schema::frame::{milliseconds, times};
use crate::units::time::{Zone, parse_moment};

/// One charge on counted bytes. Bytes with several charges appear once per charge.
#[derive(Clone, Debug)]
pub(crate) struct Charged {
    /// True for the previous period.
    pub(crate) previous: bool,
    /// The values of the keys `key_0`…; an empty one is absent.
    pub(crate) keys: Vec<String>,
    /// What is charged; nothing where the bytes are free.
    pub(crate) charge: Option<Charge>,
    /// Why they are free.
    pub(crate) reason: Arc<str>,
    pub(crate) payer: Option<Arc<str>>,
    pub(crate) from: Arc<str>,
    pub(crate) to: Arc<str>,
    pub(crate) hour: u32,
    pub(crate) assumed: Option<Arc<str>>,
    pub(crate) bytes: u64,
}

/// Rows as a frame of charges whose periods are marked, and the names of its keys.
fn frame_of(rows: &[Charged]) -> (DataFrame, Vec<String>) {
    let width = rows.iter().map(|row| row.keys.len()).max().unwrap_or(0);
    let keys: Vec<String> = (0..width).map(|place| format!("key_{place}")).collect();
    let text = |name: &str, of: &dyn Fn(&Charged) -> Option<String>| -> FrameColumn {
        Series::new(name.into(), rows.iter().map(of).collect::<Vec<_>>()).into()
    };
    let key = |row: &Charged, place: usize| row.keys.get(place).filter(|key| !key.is_empty()).cloned();
    let mut columns: Vec<FrameColumn> =
        keys.iter().enumerate().map(|(place, name)| text(name, &|row| key(row, place))).collect();
    let shared = |text: &Option<Arc<str>>| text.as_deref().map(str::to_owned);
    columns.extend([
        Series::new(line::IS_PREVIOUS.into(), rows.iter().map(|row| row.previous).collect::<Vec<_>>()).into(),
        text(Column::Charge.name(), &|row| row.charge.map(|charge| charge.name().to_owned())),
        text(Column::Path.name(), &|row| Some(row.reason.to_string())),
        text(Column::PayerAccount.name(), &|row| shared(&row.payer)),
        text(Column::FromRegion.name(), &|row| Some(row.from.to_string())),
        text(Column::ToRegion.name(), &|row| Some(row.to.to_string())),
        text(Column::Assumed.name(), &|row| shared(&row.assumed)),
        times(line::TIME, rows.iter().map(|row| Some(milliseconds(row.hour)))),
        ints(output::BYTES.name, rows.iter().map(|row| Some(row.bytes.into()))),
    ]);
    (DataFrame::new_infer_height(columns).unwrap(), keys)
}

/// Rows as a frame of charges by hour, as a question gets them.
pub(crate) fn frame_of_charges(rows: &[Charged]) -> DataFrame {
    let (mut frame, _) = frame_of(rows);
    let mut hour = frame.column(line::TIME).unwrap().clone();
    hour.rename(Column::Hour.name().into());
    frame.with_column(hour).unwrap();
    frame.drop(line::TIME).unwrap().drop(line::IS_PREVIOUS).unwrap()
}

pub(crate) fn moment(text: &str) -> u32 {
    parse_moment(text, 0, Zone::default()).unwrap()
}

/// Egress of a team from us-east-1, in GB.
pub(crate) fn egress(team: &str, hour: &str, gb: u64) -> Charged {
    Charged {
        previous: false,
        keys: vec![team.into()],
        charge: Some(Charge::InternetEgress),
        reason: "".into(),
        payer: Some("111111111111".into()),
        from: "us-east-1".into(),
        to: INTERNET.into(),
        hour: moment(hour),
        assumed: None,
        bytes: gb * GB_BYTES,
    }
}

/// The same between zones, the sender's half.
pub(crate) fn zones(team: &str, hour: &str, gb: u64) -> Charged {
    Charged { charge: Some(Charge::InterZoneOut), to: SAME.into(), ..egress(team, hour, gb) }
}

/// The bill of some rows, whose keys are columns `key_0`…
pub(crate) fn bill_of<'t>(
    rows: &[Charged],
    window: (Option<u32>, Option<u32>),
    table: &'t PriceTable,
    terms: PoolTerms,
) -> Bill<'t> {
    let (mut charges, mut keys) = frame_of(rows);
    if keys.is_empty() {
        keys.push("key_0".to_owned());
        charges.with_column(FrameColumn::new_empty("key_0".into(), &DataType::String)).unwrap();
    }
    Bill::of(&charges, &keys, window, (table, terms)).unwrap()
}

fn bill(rows: Vec<Charged>, table: &PriceTable) -> Bill<'_> {
    bill_of(&rows, (Some(moment("2026-10-01")), Some(moment("2026-11-01"))), table, PoolTerms::default())
}

/// The bytes of the lines, and what they cost.
fn lines_of(bill: &Bill) -> Vec<(i128, u128)> {
    let (bytes, cost) = (int(&bill.lines, output::BYTES.name).unwrap(), int(&bill.lines, line::COST).unwrap());
    bytes.iter().flatten().zip(cost.iter().flatten().map(|cost| Money::of_units(cost).rounded())).collect()
}

#[test]
fn equal_rows_become_one_line_and_the_order_of_rows_does_not_matter() {
    let table = PriceTable::embedded().unwrap();
    let rows = vec![egress("web", "2026-10-01", 1), zones("web", "2026-10-01", 5), egress("web", "2026-10-01", 2)];
    let turned = rows.iter().cloned().rev().collect();
    let lines = bill(rows, &table).lines;
    let bytes = int(&lines, output::BYTES.name).unwrap().iter().flatten();
    assert_eq!(bytes.map(|bytes| bytes / i128::from(GB_BYTES)).collect::<Vec<_>>(), [3, 5]);
    assert!(lines.equals_missing(&bill(turned, &table).lines));
    let full = Charged { bytes: u64::MAX, ..egress("web", "2026-10-01", 0) };
    let lines = lines_of(&bill(vec![full.clone(), full], &table));
    assert_eq!(lines.iter().map(|(bytes, _)| *bytes).collect::<Vec<_>>(), [2 * i128::from(u64::MAX)]);
}

#[test]
fn each_line_has_its_own_price_and_free_bytes_have_none() {
    let table = PriceTable::embedded().unwrap();
    let free = Charged { charge: None, reason: "same-zone".into(), ..egress("app", "2026-10-01", 7) };
    let before = Charged { previous: true, ..egress("web", "2026-10-01", 3) };
    let bill = bill(vec![egress("web", "2026-10-01", 1), zones("app", "2026-10-01", 2), free, before], &table);
    let shown: Vec<_> = lines_of(&bill).into_iter().map(|(bytes, usd)| (bytes / i128::from(GB_BYTES), usd)).collect();
    assert_eq!(shown, [(7, 0), (2, 200_000_000), (1, 900_000_000), (3, 2_700_000_000)]);
}

#[test]
fn a_period_costs_the_same_whether_or_not_another_is_beside_it() {
    let table = PriceTable::embedded().unwrap();
    let rows = vec![egress("web", "2026-10-20", 9_000)];
    let before = Charged { previous: true, ..egress("web", "2026-10-05", 9_000) };
    let cost = |rows| {
        let current = bill(rows, &table).current().unwrap();
        int(&current, line::COST).unwrap().iter().flatten().sum::<i128>()
    };
    assert_eq!(cost(rows.clone()), cost([rows, vec![before]].concat()));
}

#[test]
fn months_that_the_window_cuts_are_reported() {
    let table = PriceTable::embedded().unwrap();
    let rows = vec![egress("web", "2026-09-30T23:00", 1), egress("web", "2026-10-31T23:00", 1)];
    let months = |window| bill_of(&rows, window, &table, PoolTerms::default()).partial_months().unwrap();
    let [september, october, november] = ["2026-09-01", "2026-10-01", "2026-11-01"].map(moment);
    assert_eq!(months((Some(september), Some(november))), [0_u32; 0]);
    assert_eq!(months((Some(september + 1), Some(november))), [september]);
    assert_eq!(months((None, None)), [september, october]);
}

#[test]
fn dollars_on_doubtful_and_old_prices_are_noted() {
    let table = PriceTable::embedded().unwrap();
    let at = |charge: Charge, from: &str, day: &str, gb: u64| Charged {
        charge: Some(charge),
        from: from.into(),
        to: SAME.into(),
        hour: moment(day),
        ..egress("web", day, gb)
    };
    let notes_of = |rows: &[Charged]| notes(&bill(rows.to_vec(), &table)).unwrap();
    let certain = notes_of(&[egress("web", "2026-10-01", 10)]);
    assert!(!certain.iter().any(|note| note.contains("rest on")), "{certain:?}");
    // eu-central-1's price between peered zones is inferred from that between zones.
    let peered = at(Charge::PeeringZoneOut, "eu-central-1", "2026-10-01", 100);
    let old = [egress("web", "2021-10-01", 10), egress("web", "2029-10-01", 10)];
    let noted = notes_of(&[[peered].as_slice(), &old].concat());
    let said = |text: &str| noted.iter().any(|note| note.starts_with(text));
    assert!(said("$1.00 of peering-zone-out rest on prices of a single source, or inferred"), "{noted:?}");
    assert!(said(
        "$1.80 of internet-egress rest on prices read more than a year before or after the traffic (2026-08-31)"
    ));
}
