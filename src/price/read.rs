//! The project's own price table, as CSV: text → rows, and everything that is wrong with them.
//!
//! Every fault is found, not only the first, so that a table is mended in one go; but what only follows from another
//! fault is skipped: cells of wrong columns, and gaps that a row leaves which cannot be read.

use std::collections::BTreeMap;

use super::attested::Confidence;
use super::money::Rate;
use super::table::{Place, PriceRow};
use crate::error::{Error, RowError, nearest};
use crate::schema::charge::{ANY, Charge, INTERNET, Other, SAME};
use crate::schema::{edge, region};
use crate::units::csv_table::{CsvTable, Layout, Row};
use crate::units::time::{self, Zone};

/// The columns of a table.
const LAYOUT: Layout = Layout {
    required: &["charge", "from", "to", "usd_per_gb"],
    // `usage_type` is informational output of `prices show`; it is ignored on input.
    optional: &[
        "usd_per_hour",
        "tier_start_gb",
        "tier_end_gb",
        "effective_from",
        "effective_to",
        "confidence",
        "as_of",
        "source",
        "usage_type",
    ],
    others: false,
    written: "charge,from,to,tier_start_gb,tier_end_gb,usd_per_gb,effective_from,effective_to,source",
};
/// What is said of a region that this version does not know. Such a row is left out and the others apply.
const UNKNOWN_REGION: &str = "unknown region";
/// What a tier without an end may say.
const NO_END: [&str; 2] = ["", "inf"];
/// The highest GB that a tier may begin or end at: 2⁶⁴ bytes.
pub const TIER_GB_MAX: u64 = 1 << 34;

/// The rows that can be read and everything that is wrong.
pub(super) fn rows(text: &[u8]) -> (Vec<PriceRow>, Vec<RowError>) {
    let (rows, mut faults) = match CsvTable::open(text, &LAYOUT) {
        Ok(table) => table.read(price),
        Err(faults) => (Vec::new(), faults),
    };
    let is_whole = faults.iter().all(is_of_region);
    faults.extend(faults_between(&rows, is_whole));
    faults.sort_by_key(|fault| fault.line);
    (rows, faults)
}

/// Whether a fault is a region that is not known, which concerns its own row alone.
pub(super) fn is_of_region(fault: &RowError) -> bool {
    fault.message.starts_with(UNKNOWN_REGION)
}

/// The price of a row, if all of it can be read.
fn price(row: &mut Row<'_>) -> Option<PriceRow> {
    let charge = row.read("charge", charge);
    let from = row.read("from", from);
    let to = row.read("to", |text| to(text, charge));
    let start_gb = row.read_filled("tier_start_gb", gb);
    let end_gb = row.read("tier_end_gb", end);
    let rate = rate(row, charge);
    let effective_from = row.read_filled("effective_from", date);
    let effective_to = row.read_filled("effective_to", date);
    let confidence = row.read_filled("confidence", Confidence::parse);
    let as_of = row.read_filled("as_of", date);
    let price = PriceRow {
        charge: charge?,
        from: from?,
        to: to?,
        start_gb: start_gb?.unwrap_or_default(),
        end_gb: end_gb?,
        rate: rate?,
        effective_from: effective_from?.unwrap_or_default(),
        effective_to: effective_to?,
        confidence: confidence?,
        as_of: as_of?,
        source: unguarded(row.text("source")).to_owned(),
        line: row.line,
    };
    check(&price, row);
    Some(price)
}

/// The price, in the column of the charge's unit.
fn rate(row: &mut Row<'_>, charge: Option<Charge>) -> Option<Option<Rate>> {
    let (own, other) = match charge {
        Some(charge) if charge.is_hourly() => ("usd_per_hour", "usd_per_gb"),
        _ => ("usd_per_gb", "usd_per_hour"),
    };
    if let Some(charge) = charge.filter(|_| !row.text(other).is_empty()) {
        let message = format!("{} has its price in {own}", charge.name());
        row.fault(Some(other), &Error::usage(message));
    }
    row.read_filled(own, Rate::parse)
}

/// A text without the `'` that csv puts before what a spreadsheet would take for a formula.
fn unguarded(text: &str) -> &str {
    text.strip_prefix('\'').filter(|text| text.starts_with(['=', '+', '-', '@'])).unwrap_or(text)
}

pub(super) fn charge(text: &str) -> Result<Charge, Error> {
    Charge::of_name(text).ok_or_else(|| {
        let near = nearest(text, Charge::names()).map(|near| format!("did you mean `{near}`?"));
        let all = || format!("the charges are {}", Charge::names().collect::<Vec<_>>().join(", "));
        Error::usage(format!("unknown charge `{text}`")).hint(near.unwrap_or_else(all))
    })
}

fn from(text: &str) -> Result<String, Error> {
    if text == ANY { Ok(text.to_owned()) } else { named_region(text) }
}

/// The other side, as far as the charge allows it.
fn to(text: &str, charge: Option<Charge>) -> Result<String, Error> {
    let Some(charge) = charge else { return Ok(text.to_owned()) };
    let only = |word: &str| {
        let wrong = || Error::usage(format!("{} runs to `{word}`", charge.name()));
        if text == word { Ok(text.to_owned()) } else { Err(wrong()) }
    };
    match charge.other() {
        Other::Internet => only(INTERNET),
        Other::Same => only(SAME),
        Other::Any => only(ANY),
        Other::Region if text == ANY => Ok(text.to_owned()),
        Other::Region => named_region(text),
        Other::Location if text.is_empty() => Err(Error::usage("the location is missing")),
        Other::Location => Ok(text.to_owned()),
    }
}

pub(super) fn named_region(text: &str) -> Result<String, Error> {
    if edge::is_place(text) {
        return Ok(text.to_owned());
    }
    let near = region::nearest_region(text).map(|near| format!("did you mean `{near}`?"));
    let hint = near.unwrap_or_else(|| "write a code such as eu-west-1".to_owned());
    Err(Error::usage(format!("{UNKNOWN_REGION} `{text}`")).hint(hint))
}

fn gb(text: &str) -> Result<u64, Error> {
    let gb = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    gb.filter(|gb| *gb <= TIER_GB_MAX).ok_or_else(|| {
        let hint = format!("write whole GB of 2^30 bytes, at most {TIER_GB_MAX}");
        Error::usage(format!("invalid number of GB `{text}`")).hint(hint)
    })
}

fn end(text: &str) -> Result<Option<u64>, Error> {
    if NO_END.iter().any(|word| text.eq_ignore_ascii_case(word)) { Ok(None) } else { gb(text).map(Some) }
}

/// The midnight, UTC, that a date begins with.
fn date(text: &str) -> Result<u32, Error> {
    midnight(text).ok_or_else(|| Error::usage(format!("invalid date `{text}`")).hint("write it as 2026-10-01"))
}

/// The midnight, UTC, that a date of the form 2026-10-01 begins with.
pub(super) fn midnight(text: &str) -> Option<u32> {
    let is_date = text.len() == 10 && text.as_bytes()[4] == b'-';
    is_date.then(|| time::parse_moment(text, 0, Zone::default()).ok()).flatten()
}

/// Finds what a price says against itself.
fn check(price: &PriceRow, row: &mut Row<'_>) {
    let mut wrong = |column, message: &str| row.fault(Some(column), &Error::usage(message));
    if price.end_gb.is_some_and(|end| end <= price.start_gb) {
        wrong("tier_end_gb", "the tier ends before it starts");
    }
    if price.effective_to.is_some_and(|end| end <= price.effective_from) {
        wrong("effective_to", "the row ends before it takes effect");
    }
    if price.charge == Charge::InternetEgressFree && price.rate.is_none_or(|rate| rate != Rate::default()) {
        wrong("usd_per_gb", "free usage must cost 0");
    }
    if price.charge == Charge::InternetEgressFree && price.end_gb.is_none() {
        row.fault(Some("tier_end_gb"), &Error::usage("free usage needs an upper bound").hint("write 100"));
    }
}

/// What rows say against each other; of gaps only if no row is missing.
fn faults_between(rows: &[PriceRow], is_whole: bool) -> Vec<RowError> {
    let mut places: BTreeMap<Place, Vec<&PriceRow>> = BTreeMap::new();
    for row in rows {
        places.entry(row.place()).or_default().push(row);
    }
    let faults = places.values().flat_map(|rows| {
        let clashes = clashes(rows);
        // Among overlapping rows, gaps are not meaningful.
        let gaps = if is_whole && clashes.is_empty() { gaps(rows) } else { Vec::new() };
        clashes.into_iter().chain(gaps)
    });
    faults.collect()
}

/// Rows that are in force at once for the same bytes.
fn clashes(rows: &[&PriceRow]) -> Vec<RowError> {
    let mut faults = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let meets = |other: &&&PriceRow| {
            let tiers =
                row.start_gb < other.end_gb.unwrap_or(u64::MAX) && other.start_gb < row.end_gb.unwrap_or(u64::MAX);
            let end = |row: &PriceRow| row.effective_to.unwrap_or(u32::MAX);
            tiers && row.effective_from < end(other) && other.effective_from < end(row)
        };
        let Some(other) = rows[..place].iter().find(meets) else { continue };
        let is_same = (other.start_gb, other.effective_from) == (row.start_gb, row.effective_from);
        faults.push(if is_same {
            RowError::new(row.line, None, format!("line {} has a price for this tier from the same day", other.line))
                .hinted("remove one of them")
        } else if other.start_gb == row.start_gb {
            let message = format!("overlaps with line {} in time", other.line);
            let hint = format!("set effective_to of line {} to {}", other.line, written_date(row.effective_from));
            RowError::new(row.line, Some("effective_from"), message).hinted(hint)
        } else {
            RowError::new(row.line, Some("tier_start_gb"), format!("the tier overlaps that of line {}", other.line))
        });
    }
    faults
}

/// Tiers that leave bytes out below another one, at any moment that something changes.
fn gaps(rows: &[&PriceRow]) -> Vec<RowError> {
    let mut moments: Vec<_> =
        rows.iter().flat_map(|row| [Some(row.effective_from), row.effective_to]).flatten().collect();
    moments.sort_unstable();
    moments.dedup();
    let mut faults = Vec::new();
    for moment in moments {
        let mut tiers: Vec<_> = rows.iter().filter(|row| row.is_in_force(moment)).collect();
        tiers.sort_by_key(|row| row.start_gb);
        let mut at = 0;
        for row in tiers {
            if row.start_gb > at && !faults.iter().any(|fault: &RowError| fault.line == row.line) {
                let since = if moment == 0 { String::new() } else { format!(" on {}", written_date(moment)) };
                let message = format!("no tier goes from {at} to {} GB{since}", row.start_gb);
                faults.push(RowError::new(row.line, Some("tier_start_gb"), message));
            }
            at = row.end_gb.unwrap_or(u64::MAX);
        }
    }
    faults
}

/// A moment's date, as tables have it.
#[must_use]
pub fn written_date(moment: u32) -> String {
    time::write(moment).split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEAD: &str = "charge,from,to,tier_start_gb,tier_end_gb,usd_per_gb,effective_from,effective_to,source\n";

    /// The faults of a table of these lines.
    fn faults(lines: &str) -> Vec<String> {
        rows(format!("{HEAD}{lines}").as_bytes()).1.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_fault_names_its_line_and_column() {
        for (line, message) in [
            ("nat,us-east-1,any,0,,0.1,,,", "line 2, charge: unknown charge `nat`"),
            ("nat-processing,us-esat-1,any,0,,0.1,,,", "line 2, from: unknown region `us-esat-1`"),
            ("nat-processing,us-east-1,same,0,,0.1,,,", "line 2, to: nat-processing runs to `any`"),
            ("inter-region,us-east-1,mars,0,,0.1,,,", "line 2, to: unknown region `mars`"),
            ("nat-processing,us-east-1,any,1.5,,0.1,,,", "line 2, tier_start_gb: invalid number of GB `1.5`"),
            (
                "nat-processing,us-east-1,any,0,99999999999,0.1,,,",
                "line 2, tier_end_gb: invalid number of GB `99999999999`",
            ),
            ("nat-processing,us-east-1,any,0,0,0.1,,,", "line 2, tier_end_gb: the tier ends before it starts"),
            ("nat-processing,us-east-1,any,0,,-0.1,,,", "line 2, usd_per_gb: `-0.1` is negative"),
            (
                "nat-processing,us-east-1,any,0,,0.12345678901,,,",
                "line 2, usd_per_gb: `0.12345678901` has more than 10 decimals",
            ),
            ("nat-processing,us-east-1,any,0,,0.1,2026-13-01,,", "line 2, effective_from: invalid date `2026-13-01`"),
            ("nat-processing,us-east-1,any,0,,0.1,7d,,", "line 2, effective_from: invalid date `7d`"),
            (
                "nat-processing,us-east-1,any,0,,0.1,2026-02-01,2026-02-01,",
                "line 2, effective_to: the row ends before it takes effect",
            ),
            ("internet-egress-free,any,internet,0,100,0.1,,,", "line 2, usd_per_gb: free usage must cost 0"),
            ("nat-processing,us-east-1", "line 2: 2 cells where the header has 9"),
            ("nat-processing,us-east-1,any,10,,0.1,,,", "line 2, tier_start_gb: no tier goes from 0 to 10 GB"),
        ] {
            assert_eq!(faults(&format!("{line}\n")), [message]);
        }
    }

    #[test]
    fn what_follows_from_another_fault_is_not_reported() {
        let middle_missing = "internet-egress,eu-west-1,internet,0,10,0.1,,,\n\
            internet-egress,eu-west-1,internet,10,20,x,,,\ninternet-egress,eu-west-1,internet,20,,0.1,,,\n";
        assert_eq!(faults(middle_missing), ["line 3, usd_per_gb: invalid decimal `x`, expected a number such as 0.09"]);
        let message = rows(b"charge,from,usd_per_gb\nnat-processing,us-east-1,0.1\n").1;
        assert_eq!(message.iter().map(ToString::to_string).collect::<Vec<_>>(), ["line 1, to: the column is missing"]);
    }

    #[test]
    fn a_line_with_two_faults_shows_both() {
        assert_eq!(faults("nat,us-east-1,any,0,,x,,,\n").len(), 2);
    }

    #[test]
    fn rows_that_meet_are_distinguished_by_how() {
        let nat = |rest: &str| format!("nat-processing,us-east-1,any,{rest}\n");
        let two = |a: &str, b: &str| faults(&(nat(a) + &nat(b)));
        assert_eq!(two("0,,0.1,,,", "0,,0.2,,,"), ["line 3: line 2 has a price for this tier from the same day"]);
        assert_eq!(
            two("0,,0.1,2025-01-01,,", "0,,0.2,2026-01-01,,"),
            ["line 3, effective_from: overlaps with line 2 in time"]
        );
        assert_eq!(two("0,10,0.1,,,", "5,,0.2,,,"), ["line 3, tier_start_gb: the tier overlaps that of line 2"]);
        assert_eq!(two("0,10,0.1,,,", "20,,0.2,,,"), ["line 3, tier_start_gb: no tier goes from 10 to 20 GB"]);
        assert!(two("0,,0.1,2025-01-01,2026-01-01,", "0,,0.2,2026-01-01,,").is_empty());
        assert!(two("0,10,0.1,,,", "10,20,0.2,,,").is_empty(), "a ladder may end");
        assert_eq!(
            two("0,10,0.1,2025-01-01,2026-01-01,", "10,,0.2,2025-01-01,,"),
            ["line 3, tier_start_gb: no tier goes from 0 to 10 GB on 2026-01-01"],
            "a tier that outlives the one below it"
        );
    }

    #[test]
    fn a_wrong_header_is_reported_by_its_names() {
        let message = |text: &str| rows(text.as_bytes()).1.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(message(""), ["line 1: the header line is missing"]);
        assert_eq!(
            message("charge,from,to,cny_per_gb\n"),
            ["line 1: unknown column `cny_per_gb`", "line 1, usd_per_gb: the column is missing"]
        );
        let semicolons = rows(b"charge;from;to;usd_per_gb\n").1;
        assert_eq!(semicolons[0].to_string(), "line 1: `charge;from;to;usd_per_gb` is one column");
        assert_eq!(semicolons[0].hint.as_deref(), Some("write commas between the columns"));
        assert_eq!(message("charge,from,to,usd_per_gb,to\n"), ["line 1, to: duplicate column"]);
        assert_eq!(
            message("charge,from,to,usd_per_gb\nnat-processing,us-east-1,any,\"0.1\n\u{1}"),
            ["line 2: unterminated double quote", "line 3: 1 cells where the header has 4"]
        );
    }

    #[test]
    fn a_missing_closing_quote_swallows_no_rows() {
        let nat = |region: &str, source: &str| format!("nat-processing,{region},any,0,,0.1,,,{source}\n");
        let text = [nat("us-east-1", "\"a"), nat("us-west-2", "b"), nat("eu-west-1", "\"c\"")].concat();
        let (rows, faults) = rows(format!("{HEAD}{text}").as_bytes());
        assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(faults.iter().map(ToString::to_string).collect::<Vec<_>>(), ["line 2: unterminated double quote"]);
    }

    #[test]
    fn columns_stand_in_any_order_with_comments_and_a_byte_order_mark() {
        let text = "\u{feff}# rates of our contract\nusd_per_gb, to ,from,Charge\n0.04,any,us-east-1,nat_processing\n";
        let (rows, faults) = rows(text.as_bytes());
        assert_eq!(faults, []);
        assert_eq!(
            (rows[0].charge, rows[0].rate.map(Rate::rounded), rows[0].line),
            (Charge::NatProcessing, Some(400_000_000), 3)
        );
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_read_without_fault_is_a_table(
            cells in prop::collection::vec(
                "nat-processing|internet-egress|us-east-1|any|internet|[0-9]{1,12}|0\\.0[0-9]|2026-0[1-9]-01|[\\x00-\\xff]{0,3}|,|\n|\"",
                0..60,
            ),
        ) {
            let text = format!("{HEAD}{}", cells.join(","));
            let (rows, faults) = rows(text.as_bytes());
            if faults.is_empty() {
                for row in &rows {
                    prop_assert!(row.end_gb.is_none_or(|end| end > row.start_gb));
                }
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_a_fault_and_no_end() {
        let mut text = HEAD.as_bytes().to_vec();
        text.extend(b"nat-processing,us-east-1,any,0,,0.1,,,\xff\nnat-processing,us-west-2,any,0,,0.1,,,\n");
        let (rows, faults) = rows(&text);
        assert_eq!((rows.len(), faults.len()), (1, 1));
        assert_eq!(faults[0].line, 2);
    }
}
