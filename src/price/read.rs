//! The project's own price table, as CSV: text → rows, and everything that is wrong with them.
//!
//! Every fault is found, not only the first, so that a table is mended in one go; but what only follows from another
//! fault is left out: cells of wrong columns, and gaps that a row leaves which cannot be read. Columns go by their names in the
//! first line, in any order; lines that begin with `#` are left out.

use std::collections::BTreeMap;

use super::money::Rate;
use super::table::{Place, PriceRow};
use crate::error::{Fault, nearest};
use crate::schema::charge::{ANY, Charge, INTERNET, Other, SAME};
use crate::schema::region;
use crate::units::lines::Lines;
use crate::units::time::{self, Zone};

/// The columns of a table; those that may be absent are blank then.
const COLUMNS: [(&str, bool); 10] = [
    ("charge", true),
    ("from", true),
    ("to", true),
    ("tier_start_gb", false),
    ("tier_end_gb", false),
    ("usd_per_gb", true),
    ("effective_from", false),
    ("effective_to", false),
    ("source", false),
    // What `prices show` writes for people; nothing is read from it.
    ("usage_type", false),
];
/// What a tier without an end may say.
const NO_END: [&str; 2] = ["", "inf"];
/// The highest GB that a tier may begin or end at: 2⁶⁴ bytes.
pub const TIER_GB_MAX: u64 = 1 << 34;

/// The rows that can be read and everything that is wrong.
pub(super) fn rows(text: &[u8]) -> (Vec<PriceRow>, Vec<Fault>) {
    let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .has_headers(false)
        .from_reader(text);
    let (mut rows, mut faults, mut header) = (Vec::new(), Vec::new(), None);
    let mut lines = Lines::of(text);
    for record in reader.records() {
        match (record.map(|record| lines.placed(record)), &header) {
            (Err(error), _) => faults.push(unreadable(&error)),
            (Ok(record), None) => {
                header = Some(Header::of(&record, &mut faults));
                if !faults.is_empty() {
                    break;
                }
            }
            (Ok(record), Some(header)) => rows.extend(header.row(&record, &mut faults)),
        }
    }
    if header.is_none() {
        faults.push(
            Fault::new(1, None, "there is no line of column names").hinted(format!("write {}", written_columns())),
        );
    }
    let is_whole = faults.is_empty();
    faults.extend(faults_between(&rows, is_whole));
    faults.sort_by_key(|fault| fault.line);
    (rows, faults)
}

pub(super) fn unreadable(error: &csv::Error) -> Fault {
    let line = error.position().map_or(1, csv::Position::line);
    Fault::new(line, None, "the line is not UTF-8").hinted("save the file as UTF-8")
}

fn written_columns() -> String {
    COLUMNS.iter().filter(|(name, _)| *name != "usage_type").map(|(name, _)| *name).collect::<Vec<_>>().join(",")
}

fn unknown_column(line: u64, name: &str) -> Fault {
    let near = nearest(name, COLUMNS.iter().map(|(name, _)| *name));
    let hint = match near {
        _ if name.contains(';') => "write commas between the columns".to_owned(),
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the columns are {}", written_columns()),
    };
    Fault::new(line, None, format!("there is no column `{name}`")).hinted(hint)
}

/// Where each column stands.
struct Header {
    places: [Option<usize>; COLUMNS.len()],
    width: usize,
}

impl Header {
    fn of(record: &csv::StringRecord, faults: &mut Vec<Fault>) -> Self {
        let line = record.position().map_or(1, csv::Position::line);
        let mut places = [None; COLUMNS.len()];
        for (place, name) in record.iter().enumerate() {
            match COLUMNS.iter().position(|(known, _)| known.eq_ignore_ascii_case(name)) {
                Some(column) if places[column].is_some() => {
                    faults.push(Fault::new(line, Some(COLUMNS[column].0), "the column is there twice"));
                }
                Some(column) => places[column] = Some(place),
                None => faults.push(unknown_column(line, name)),
            }
        }
        for (column, (name, needed)) in COLUMNS.iter().enumerate() {
            if *needed && places[column].is_none() {
                faults.push(Fault::new(line, Some(name), "the column is missing"));
            }
        }
        Self { places, width: record.len() }
    }

    /// The row of a record, if all of it can be read.
    fn row(&self, record: &csv::StringRecord, faults: &mut Vec<Fault>) -> Option<PriceRow> {
        let mut cells = Cells { header: self, record, line: record.position().map_or(0, csv::Position::line), faults };
        let before = cells.faults.len();
        if record.len() != self.width {
            let message = format!("{} cells where the header has {}", record.len(), self.width);
            cells
                .faults
                .push(Fault::new(cells.line, None, message).hinted("a text with a comma goes into double quotes"));
            return None;
        }
        let charge = cells.read("charge", charge);
        let from = cells.read("from", from);
        let to = cells.read("to", |text| to(text, charge));
        let start_gb = cells.read("tier_start_gb", |text| if text.is_empty() { Ok(0) } else { gb(text) });
        let end_gb = cells.read("tier_end_gb", end);
        let rate = cells.read("usd_per_gb", |text| {
            if text.is_empty() { Ok(None) } else { Rate::parse(text).map(Some).map_err(|message| (message, None)) }
        });
        let effective_from = cells.read("effective_from", |text| if text.is_empty() { Ok(0) } else { date(text) });
        let effective_to =
            cells.read("effective_to", |text| if text.is_empty() { Ok(None) } else { date(text).map(Some) });
        let source = unguarded(cells.text("source")).to_owned();
        let line = cells.line;
        let row = PriceRow {
            charge: charge?,
            from: from?,
            to: to?,
            start_gb: start_gb?,
            end_gb: end_gb?,
            rate: rate?,
            effective_from: effective_from?,
            effective_to: effective_to?,
            source,
            line,
        };
        cells.faults.extend(faults_within(&row));
        (cells.faults.len() == before).then_some(row)
    }
}

/// A text without the `'` that csv puts before what a spreadsheet would take for a formula.
fn unguarded(text: &str) -> &str {
    text.strip_prefix('\'').filter(|text| text.starts_with(['=', '+', '-', '@'])).unwrap_or(text)
}

/// What a cell says, or what is wrong with it and a hint.
pub(super) type Read<T> = Result<T, (String, Option<String>)>;

/// The cells of a line.
struct Cells<'a> {
    header: &'a Header,
    record: &'a csv::StringRecord,
    line: u64,
    faults: &'a mut Vec<Fault>,
}

impl Cells<'_> {
    fn text(&self, name: &str) -> &str {
        let column = COLUMNS.iter().position(|(known, _)| *known == name);
        column.and_then(|column| self.record.get(self.header.places[column]?)).unwrap_or_default()
    }

    /// The value of a column, or a fault.
    fn read<T>(&mut self, name: &'static str, read: impl FnOnce(&str) -> Read<T>) -> Option<T> {
        match read(self.text(name)) {
            Ok(value) => Some(value),
            Err((message, hint)) => {
                self.faults.push(Fault { line: self.line, column: Some(name), message, hint });
                None
            }
        }
    }
}

pub(super) fn charge(text: &str) -> Read<Charge> {
    Charge::of_name(text).ok_or_else(|| {
        let near = nearest(text, Charge::names()).map(|near| format!("did you mean `{near}`?"));
        let all = || format!("the charges are {}", Charge::names().collect::<Vec<_>>().join(", "));
        (format!("there is no charge `{text}`"), near.or_else(|| Some(all())))
    })
}

fn from(text: &str) -> Read<String> {
    if text == ANY { Ok(text.to_owned()) } else { named_region(text) }
}

/// The other side, as far as the charge allows it.
fn to(text: &str, charge: Option<Charge>) -> Read<String> {
    let Some(charge) = charge else { return Ok(text.to_owned()) };
    let only = |word: &str| {
        if text == word { Ok(text.to_owned()) } else { Err((format!("{} runs to `{word}`", charge.name()), None)) }
    };
    match charge.other() {
        Other::Internet => only(INTERNET),
        Other::Same => only(SAME),
        Other::Any => only(ANY),
        Other::Region if text == ANY => Ok(text.to_owned()),
        Other::Region => named_region(text),
        Other::Location if text.is_empty() => Err(("the location is missing".to_owned(), None)),
        Other::Location => Ok(text.to_owned()),
    }
}

pub(super) fn named_region(text: &str) -> Read<String> {
    if region::is_region(text) {
        return Ok(text.to_owned());
    }
    let near = region::nearest_region(text).map(|near| format!("did you mean `{near}`?"));
    Err((format!("there is no region `{text}`"), near.or_else(|| Some("write a code such as eu-west-1".to_owned()))))
}

fn gb(text: &str) -> Read<u64> {
    let gb = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    gb.filter(|gb| *gb <= TIER_GB_MAX).ok_or_else(|| {
        let hint = format!("write whole GB of 2^30 bytes, at most {TIER_GB_MAX}");
        (format!("`{text}` is no number of GB"), Some(hint))
    })
}

fn end(text: &str) -> Read<Option<u64>> {
    if NO_END.iter().any(|word| text.eq_ignore_ascii_case(word)) { Ok(None) } else { gb(text).map(Some) }
}

/// The midnight, UTC, that a date begins with.
fn date(text: &str) -> Read<u32> {
    midnight(text).ok_or_else(|| (format!("`{text}` is no date"), Some("write it as 2026-10-01".to_owned())))
}

/// The midnight, UTC, that a date of the form 2026-10-01 begins with.
pub(super) fn midnight(text: &str) -> Option<u32> {
    let is_date = text.len() == 10 && text.as_bytes()[4] == b'-';
    is_date.then(|| time::parse_moment(text, 0, Zone::default()).ok()).flatten()
}

/// What a row says against itself.
fn faults_within(row: &PriceRow) -> Vec<Fault> {
    let mut faults = Vec::new();
    if row.end_gb.is_some_and(|end| end <= row.start_gb) {
        faults.push(Fault::new(row.line, Some("tier_end_gb"), "the tier ends before it begins"));
    }
    if row.effective_to.is_some_and(|end| end <= row.effective_from) {
        faults.push(Fault::new(row.line, Some("effective_to"), "the row ends before it comes into force"));
    }
    if row.charge == Charge::InternetEgressFree && row.rate.is_none_or(|rate| rate != Rate::default()) {
        faults.push(Fault::new(row.line, Some("usd_per_gb"), "what is free costs 0"));
    }
    if row.charge == Charge::InternetEgressFree && row.end_gb.is_none() {
        faults.push(Fault::new(row.line, Some("tier_end_gb"), "what is free has an end").hinted("write 100"));
    }
    faults
}

/// What rows say against each other; of gaps only if no row is missing.
fn faults_between(rows: &[PriceRow], is_whole: bool) -> Vec<Fault> {
    let mut places: BTreeMap<Place, Vec<&PriceRow>> = BTreeMap::new();
    for row in rows {
        places.entry(row.place()).or_default().push(row);
    }
    let faults = places.values().flat_map(|rows| {
        let clashes = clashes(rows);
        // Where rows are in each other's way, what looks like a gap says nothing more.
        let gaps = if is_whole && clashes.is_empty() { gaps(rows) } else { Vec::new() };
        clashes.into_iter().chain(gaps)
    });
    faults.collect()
}

/// Rows that are in force at once for the same bytes.
fn clashes(rows: &[&PriceRow]) -> Vec<Fault> {
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
            Fault::new(row.line, None, format!("line {} has a price for this tier from the same day", other.line))
                .hinted("leave one of them out")
        } else if other.start_gb == row.start_gb {
            let message = format!("in force together with line {}", other.line);
            let hint = format!("give line {} an effective_to of {}", other.line, written_date(row.effective_from));
            Fault::new(row.line, Some("effective_from"), message).hinted(hint)
        } else {
            Fault::new(row.line, Some("tier_start_gb"), format!("the tier overlaps that of line {}", other.line))
        });
    }
    faults
}

/// Tiers that leave bytes out below another one, at any moment that something changes.
fn gaps(rows: &[&PriceRow]) -> Vec<Fault> {
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
            if row.start_gb > at && !faults.iter().any(|fault: &Fault| fault.line == row.line) {
                let since = if moment == 0 { String::new() } else { format!(" on {}", written_date(moment)) };
                let message = format!("no tier goes from {at} to {} GB{since}", row.start_gb);
                faults.push(Fault::new(row.line, Some("tier_start_gb"), message));
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
        for (line, told) in [
            ("nat,us-east-1,any,0,,0.1,,,", "line 2, charge: there is no charge `nat`"),
            ("nat-processing,us-esat-1,any,0,,0.1,,,", "line 2, from: there is no region `us-esat-1`"),
            ("nat-processing,us-east-1,same,0,,0.1,,,", "line 2, to: nat-processing runs to `any`"),
            ("inter-region,us-east-1,mars,0,,0.1,,,", "line 2, to: there is no region `mars`"),
            ("nat-processing,us-east-1,any,1.5,,0.1,,,", "line 2, tier_start_gb: `1.5` is no number of GB"),
            (
                "nat-processing,us-east-1,any,0,99999999999,0.1,,,",
                "line 2, tier_end_gb: `99999999999` is no number of GB",
            ),
            ("nat-processing,us-east-1,any,0,0,0.1,,,", "line 2, tier_end_gb: the tier ends before it begins"),
            (
                "nat-processing,us-east-1,any,0,,-0.1,,,",
                "line 2, usd_per_gb: `-0.1` is negative, and AWS pays nobody for traffic",
            ),
            (
                "nat-processing,us-east-1,any,0,,0.12345678901,,,",
                "line 2, usd_per_gb: `0.12345678901` has more than 10 decimals",
            ),
            ("nat-processing,us-east-1,any,0,,0.1,2026-13-01,,", "line 2, effective_from: `2026-13-01` is no date"),
            ("nat-processing,us-east-1,any,0,,0.1,7d,,", "line 2, effective_from: `7d` is no date"),
            (
                "nat-processing,us-east-1,any,0,,0.1,2026-02-01,2026-02-01,",
                "line 2, effective_to: the row ends before it comes into force",
            ),
            ("internet-egress-free,any,internet,0,100,0.1,,,", "line 2, usd_per_gb: what is free costs 0"),
            ("nat-processing,us-east-1", "line 2: 2 cells where the header has 9"),
            ("nat-processing,us-east-1,any,10,,0.1,,,", "line 2, tier_start_gb: no tier goes from 0 to 10 GB"),
        ] {
            assert_eq!(faults(&format!("{line}\n")), [told]);
        }
    }

    #[test]
    fn what_follows_from_another_fault_is_not_told() {
        let middle_missing = "internet-egress,eu-west-1,internet,0,10,0.1,,,\n\
            internet-egress,eu-west-1,internet,10,20,x,,,\ninternet-egress,eu-west-1,internet,20,,0.1,,,\n";
        assert_eq!(faults(middle_missing), ["line 3, usd_per_gb: `x` is no decimal number, such as 0.09"]);
        let told = rows(b"charge,from,usd_per_gb\nnat-processing,us-east-1,0.1\n").1;
        assert_eq!(told.iter().map(ToString::to_string).collect::<Vec<_>>(), ["line 1, to: the column is missing"]);
    }

    #[test]
    fn a_line_with_two_faults_tells_both() {
        assert_eq!(faults("nat,us-east-1,any,0,,x,,,\n").len(), 2);
    }

    #[test]
    fn rows_that_meet_are_told_apart_by_how() {
        let nat = |rest: &str| format!("nat-processing,us-east-1,any,{rest}\n");
        let two = |a: &str, b: &str| faults(&(nat(a) + &nat(b)));
        assert_eq!(two("0,,0.1,,,", "0,,0.2,,,"), ["line 3: line 2 has a price for this tier from the same day"]);
        assert_eq!(
            two("0,,0.1,2025-01-01,,", "0,,0.2,2026-01-01,,"),
            ["line 3, effective_from: in force together with line 2"]
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
    fn a_wrong_header_is_told_by_its_names() {
        let told = |text: &str| rows(text.as_bytes()).1.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(told(""), ["line 1: there is no line of column names"]);
        assert_eq!(
            told("charge,from,to,cny_per_gb\n"),
            ["line 1: there is no column `cny_per_gb`", "line 1, usd_per_gb: the column is missing"]
        );
        let semicolons = rows(b"charge;from;to;usd_per_gb\n").1;
        assert_eq!(semicolons[0].hint.as_deref(), Some("write commas between the columns"));
        assert_eq!(told("charge,from,to,usd_per_gb,to\n"), ["line 1, to: the column is there twice"]);
        assert_eq!(
            told("charge,from,to,usd_per_gb\nnat-processing,us-east-1,any,\"0.1\n\u{1}"),
            ["line 2, usd_per_gb: `0.1\n\u{1}` is no decimal number, such as 0.09"]
        );
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
