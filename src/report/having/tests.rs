//! Rows that match, and the note on those that do not.

use super::*;
use crate::report::amounts::amount;
use crate::schema::Column;
use crate::schema::output::CellKind;

/// 2026-10-15T13:14:15Z.
const NOW: u32 = 1_792_070_055;
/// A dollar, in 10⁻¹⁰ USD.
const USD: u128 = 10_000_000_000;

fn heads() -> Vec<Head> {
    let team = Head { name: "team".to_owned(), kind: CellKind::Text };
    let outputs = [
        output::BYTES,
        output::EFFECTIVE_USD_PER_GB,
        output::USD,
        output::SHARE,
        output::CHANGE_RATIO,
        output::FIRST_SEEN,
        output::PREVIOUS_BYTES,
        output::GB,
    ];
    let keys = [Column::Src, Column::Dstport].map(Head::from);
    [team].into_iter().chain(keys).chain(outputs.map(Head::from)).collect()
}

/// Teams with GB, dollars of 22, and their change of 10.
fn rows() -> Vec<Row> {
    let row = |team: &str, src: &str, gb: u128, usd: Option<u128>, change: i128, seen: u32| -> Row {
        let share = usd.map_or(Cell::Absent, |usd| Cell::Share { part: usd * USD, whole: 22 * USD });
        let bytes: Cell = (gb << 30).into();
        vec![
            team.into(),
            src.parse().map_or(Cell::Absent, Cell::Address),
            if team == "lab" { Cell::Absent } else { Cell::Integer(440 + gb) },
            bytes.clone(),
            Cell::Absent,
            usd.map_or(Cell::Absent, |usd| amount(usd * USD, usd * 100)),
            share,
            Cell::Change { change, was: if team == "lab" { 0 } else { 10 } },
            Cell::Time(seen),
            bytes,
            Cell::Decimal { units: gb << 30, per: 1 << 30 },
        ]
    };
    vec![
        row("web", "10.0.0.1", 4, Some(12), 5, NOW),
        row("app", "10.0.1.2", 3, Some(6), -5, NOW - 86_400),
        row("data", "-", 2, Some(4), 0, NOW),
        row("lab", "2001:db8::1", 1, None, 0, NOW),
        row("free", "-", 9, Some(0), 0, NOW),
    ]
}

fn having(text: &str) -> Having {
    Having::parse(text, heads(), NOW, Zone::default())
        .unwrap_or_else(|error| panic!("{text}: {error} {:?}", error.hints()))
}

fn shown(text: &str, most: Option<usize>) -> (Vec<String>, Option<String>) {
    let shown = Shown::of(Some(&having(text)), (rows().len(), most), || Ok(rows())).unwrap();
    let names = shown.split(rows()).0.iter().map(|row| super::text(&row[0]).unwrap()).collect();
    (names, shown.note)
}

#[test]
fn rows_match_by_their_columns() {
    let table = [
        ("usd > 5", "web app"),
        ("usd >= $6 and bytes < 4GiB", "app"),
        ("usd > 5.9999999999", "web app"),
        ("usd > 6.0000000000", "web"),
        ("usd > -$1 and usd < $0.0000000001", "free"),
        ("usd = 0", "free"),
        ("usd in 4..6", "app data"),
        ("usd not in (4, $6)", "web lab free"),
        ("usd != 12", "app data lab free"),
        ("usd is absent", "lab"),
        ("usd < 100 or usd >= 0", "web app data free"),
        ("share > 0.25", "web app"),
        ("share > 25%", "web app"),
        ("share >= 54.5454545454%", "web"),
        ("share > 54.5454545455%", ""),
        ("change_ratio < 0", "app"),
        ("change_ratio = -50%", "app"),
        ("change_ratio = 0", "data free"),
        ("change_ratio > 0.1 or team = data", "web data"),
        ("team = d* or team in (lab, x)", "data lab"),
        ("team ~ ^.a", "data lab"),
        ("team != web", "app data lab free"),
        ("not team = 'free'", "web app data lab"),
        ("src in 10.0.0.0/16", "web app"),
        ("src in (10.0.0.0..10.0.0.9, ::/0)", "web lab"),
        ("src is present and usd < 10", "app"),
        ("dstport = https", "app"),
        ("dst_port in (444..450)", "web free"),
        ("first_seen < today", "app"),
        ("first-seen = now", "web data lab free"),
        ("bytes = previous_bytes", "web app data lab free"),
        ("bytes > previous_bytes", ""),
        ("bytes >= 1073741824 and bytes <= 1GiB", "lab"),
        ("bytes > 3.2GB and gb < 4.5", "web app"),
        ("bytes > 3.3GB and gb < 4.5", "web"),
        ("effective_usd_per_gb < 1", ""),
    ];
    for (text, expected) in table {
        assert_eq!(shown(text, None).0.join(" "), expected, "{text}");
    }
}

#[test]
fn rows_are_filtered_before_they_are_cut_and_a_note_sums_those_that_do_not_match() {
    assert_eq!(shown("bytes > 1GiB", Some(2)).0, ["web", "app"]);
    assert_eq!(shown("usd < 10", Some(2)).0, ["app", "data"]);
    assert_eq!(shown("usd < 10", Some(0)).0, [""; 0]);
    let note = "--having matches 2 of 5 rows; (other) includes the 3 that do not match with 12.0 GiB (12,884,901,888 \
                bytes) and $4.00";
    assert_eq!(shown("usd > 5", Some(1)).1.as_deref(), Some(note));
    assert_eq!(shown("bytes > 0", Some(1)).1, None, "all match");
}

#[test]
fn sums_beyond_64_bits_are_compared_exactly() {
    let heads = vec![Head::from(output::BYTES), output::PREVIOUS_BYTES.into()];
    let holds = |text: &str, cells: [u128; 2]| {
        let having = Having::parse(text, heads.clone(), NOW, Zone::default()).unwrap();
        having.holds(|place| cells[place].into())
    };
    let large = u128::from(u64::MAX) + 1;
    assert!(holds("bytes > 18446744073709551615", [large, 0]));
    assert!(!holds("bytes > 18446744073709551615", [large - 1, 0]));
    assert!(holds("bytes > previous_bytes", [large << 1, (large << 1) - 1]));
    assert!(!holds("bytes = previous_bytes", [large << 1, (large << 1) - 1]));
}

#[test]
fn an_error_points_at_its_place() {
    let table = [
        ("byts > 1", "unknown column `byts`", 0, "did you mean `bytes`?"),
        ("flows > 1", "unknown column `flows`", 0, "the columns are team, src, dstport, bytes"),
        ("vpc_id = x", "unknown column `vpc_id`", 0, "--where filters records and traffic"),
        ("usd > x", "`x` is not an amount", 6, "write 12, 12.5 or $12.50, up to 10 decimals"),
        ("usd > 0.00000000001", "`0.00000000001` is not an amount", 6, "write 12"),
        ("usd > 1GiB", "`1GiB` is not an amount", 6, "write 12"),
        ("bytes > 1.5", "invalid size `1.5`", 8, "a decimal needs a unit"),
        ("bytes > -1", "invalid size `-1`", 8, "write 1000"),
        ("share > 5x", "`5x` is not a share", 8, "write 5% or 0.05"),
        ("share > x%", "`x%` is not a share", 8, "write 5% or 0.05"),
        ("gb > $1", "`$1` is not a number", 5, "write 12 or 12.5"),
        ("usd ~ 1", "`usd` is an amount; `~` does not apply", 4, "an amount supports = !="),
        ("team < web", "`team` is a text; `<` does not apply", 5, "a text supports = !="),
        ("src = 10.0.0.0/8", "`10.0.0.0/8` is not one address", 6, "`src in 10.0.0.0/8`"),
        ("usd > bytes", "`usd` is an amount and `bytes` is an integer", 6, "only columns of the same kind"),
        ("usd in 2..1", "the range `2..1` ends before it begins", 7, ""),
        ("usd = 1..2", "`1..2` is not one value", 6, "`usd in 1..2`"),
        ("bytes & 2 = 2", "only records have bits to test", 8, "--where tests bits"),
        ("usd >", "expected a value, found the end", 5, ""),
        ("team = (", "expected a value, found `(`", 7, ""),
    ];
    for (text, message, caret, hint) in table {
        let error = Having::parse(text, heads(), NOW, Zone::default()).expect_err(text);
        let shown = error.to_string();
        let lines: Vec<_> = shown.lines().collect();
        assert!(lines[0].starts_with(&format!("--having: {message}")), "{text}: {shown}");
        assert_eq!(lines[1..], [format!("  {text}"), format!("{}^", " ".repeat(caret + 2))], "{shown}");
        let is_hinted = hint.is_empty() || error.hints().iter().any(|given| given.starts_with(hint));
        assert!(is_hinted, "{text}: {:?}", error.hints());
    }
}
