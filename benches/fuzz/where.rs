//! Filters of records, of traffic and of rows: what parses can be applied, `not (E)` selects what `E` leaves, and an error
//! points into the line it shows.

use outflow::decode::{Dictionary, Flows, Format, Skips, TextDecoder};
use outflow::error::Error;
use outflow::group::filter::{AsNamed, Filter};
use outflow::report::having::Having;
use outflow::report::{Cell, Head};
use outflow::schema::output::{self, Output};
use outflow::schema::{Column, ColumnSet};
use outflow::units::time::Zone;

use crate::keys::NOW;
use crate::seeds;

/// Records that differ, absent values among them.
const RECORDS: &str = "\
version account-id interface-id srcaddr dstaddr pkt-srcaddr srcport dstport protocol packets bytes start end tcp-flags action log-status flow-direction instance-tag
11 123456789012 eni-1 10.0.0.1 52.95.110.1 10.0.0.1 49152 443 6 10 5000 1792065600 1792065660 3 ACCEPT OK egress web%20shop
11 123456789012 eni-1 52.95.110.1 10.0.0.1 52.95.110.1 443 49152 6 12 10485760 1792065600 1792065660 19 ACCEPT OK ingress -
11 210987654321 eni-2 2001:db8::1 2001:db8::2 - 0 0 58 1 40 1790856000 1790856060 0 REJECT OK ingress -
11 210987654321 eni-2 - - - - - - - - 1790856000 1790856060 - - NODATA - -
11 - - 1.2.3.4 255.255.255.255 - 65535 53 17 0 1125899906842624 4294967294 4294967294 - - OK - 100%25
";

pub(crate) fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    of_traffic(text);
    of_rows(text);
    let filter = match Filter::parse(text, NOW, Zone::default()) {
        Ok(filter) => filter,
        Err(error) => return check_caret(&error),
    };
    let selected = select(&filter);
    if let Some(negated) = negated(text, |text| Filter::parse(text, NOW, Zone::default())) {
        let left: Vec<bool> = select(&negated).iter().map(|mark| !mark).collect();
        assert_eq!(selected, left, "not ({text})");
    }
}

/// The negation of an expression; none where one level more is too many, or the whole too long.
fn negated<T>(text: &str, parse: impl Fn(&str) -> Result<T, Error>) -> Option<T> {
    match parse(&format!("not ({text})")) {
        Ok(negated) => Some(negated),
        Err(error) => {
            let message = error.to_string();
            assert!(message.contains("nested") || message.contains("longer than"), "not ({text}): {error}");
            None
        }
    }
}

/// What records decide of an expression over traffic is an expression over records.
fn of_traffic(text: &str) {
    match Filter::parse_with(text, NOW, Zone::default(), &mut AsNamed::default()) {
        Ok(filter) => {
            if let (Some(records), Some(_)) = filter.parts() {
                let part = Filter::parse(records, NOW, Zone::default());
                assert_eq!(part.map(|part| select(&part)).ok(), Some(select(&filter)), "{records} of {text}");
            }
        }
        Err(error) => check_caret(&error),
    }
}

/// The columns of rows and their cells: extremes, and none.
const OUTPUTS: [Output; 6] =
    [output::BYTES, output::USD, output::SHARE, output::CHANGE_RATIO, output::GB, output::FIRST_SEEN];

fn rows() -> Vec<Vec<Cell>> {
    let amount = |amount: i128| Cell::Amount { amount, cents: 0 };
    let keys = |src: &str, port: Option<u64>, path: &str| {
        vec![src.parse().map_or(Cell::Absent, Cell::Address), port.map_or(Cell::Absent, Cell::from), path.into()]
    };
    let cells = [
        [
            Cell::Integer(u128::MAX),
            amount(i128::MIN),
            Cell::Share { part: 1, whole: 3 },
            Cell::Change { change: i128::MIN, was: u128::MAX },
            Cell::Decimal { units: u128::MAX, per: 1 << 30 },
            Cell::Time(0),
        ],
        [
            Cell::Integer(0),
            amount(0),
            Cell::Share { part: 0, whole: 0 },
            Cell::Change { change: 0, was: 0 },
            Cell::Decimal { units: 0, per: 1 << 30 },
            Cell::Time(u32::MAX),
        ],
        [1_u64 << 30, 0, 0, 0, 0, 0].map(|bytes| if bytes > 0 { Cell::from(bytes) } else { Cell::Absent }),
    ];
    let keys = [keys("10.0.0.1", Some(443), "internet"), keys("2001:db8::1", Some(0), "-"), keys("-", None, "via nat")];
    keys.into_iter().zip(cells).map(|(keys, cells)| keys.into_iter().chain(cells).collect()).collect()
}

/// An expression over the rows of a report.
fn of_rows(text: &str) {
    let keys = [Column::Src, Column::Port, Column::Path].map(Head::from);
    let heads: Vec<Head> = keys.into_iter().chain(OUTPUTS.map(Head::from)).collect();
    let parse = |text: &str| Having::parse(text, heads.clone(), NOW, Zone::default());
    let holds = |having: &Having| rows().iter().map(|row| having.holds(|place| row[place].clone())).collect::<Vec<_>>();
    match parse(text) {
        Ok(having) => {
            if let Some(negated) = negated(text, parse) {
                let left: Vec<bool> = holds(&negated).iter().map(|held| !held).collect();
                assert_eq!(holds(&having), left, "not ({text})");
            }
        }
        Err(error) => check_caret(&error),
    }
}

/// The records that a filter selects, twice over, as its evaluator remembers texts.
fn select(filter: &Filter) -> Vec<bool> {
    let (mut flows, mut dictionary) = (Flows::new(filter.columns()), Dictionary::default());
    let (mut format, mut skips): (Option<_>, _) = (None::<std::sync::Arc<Format>>, Skips::new(false));
    TextDecoder::new(None).decode(RECORDS.as_bytes(), &mut format, &mut flows, &mut dictionary, &mut skips);
    assert_eq!(flows.rows(), RECORDS.lines().count() - 1, "{skips:?}");
    let mut evaluator = filter.evaluator();
    let selected = evaluator.select(&flows, &dictionary).to_vec();
    assert_eq!(selected.len(), flows.rows());
    assert_eq!(selected, evaluator.select(&flows, &dictionary));
    selected
}

/// The message is three lines: what is wrong, the expression, and a caret under a character of it or behind its last.
fn check_caret(error: &Error) {
    let message = error.to_string();
    let [_, line, caret] = message.split('\n').collect::<Vec<_>>()[..] else { panic!("not three lines: {message:?}") };
    let place = caret.strip_suffix('^').filter(|spaces| spaces.bytes().all(|space| space == b' '));
    assert!(place.is_some_and(|place| place.len() >= 2 && place.len() <= line.chars().count()), "{message}");
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let quoted = |line: &str, flag: &str| Some(line.split_once(flag)?.1.split_once('\'')?.0.to_owned());
    let of_line = |line: String| ["--where '", "--having '"].into_iter().filter_map(move |flag| quoted(&line, flag));
    let more = [
        "src in (10.0.0.0/8, 1.2.3.4..1.2.3.9) && !(dst = ::1 || anyport in 80..90)",
        "start >= 2026-10-01T12:00 and start < yesterday or end = @1790856060",
        "instance_tag is absent and action not in (ACCEPT, REJECT)",
        "protocol = tcp and bytes <> 10MiB and \"interface-id\" !~ 'eni-[12]$'",
        "addr != 10.0.0.1 and port is present and flags = 3",
        "tcp_flags & 0x12 = 2 or tcp_flags & 2 in (2, 3..4)",
        "instance_tag = web* or interface_id in ('eni-1', eni-?) and action != 'A*'",
        "srcport < dstport and not src = dst or account = region",
        "bytes > 10MiB and (path = internet or srcport > dstport) and src_region != dst_region",
        "usd > -$10.5 and share in 1%..0.5 or change_ratio <= -10% and gb < 4.25",
        "src in (10.0.0.0/8, ::/0) and port = https and first_seen < now or bytes = bytes",
    ];
    let expressions = seeds::command_lines().into_iter().flat_map(of_line).chain(more.map(str::to_owned));
    expressions.map(String::into_bytes).collect()
}

pub(crate) fn words() -> Vec<String> {
    let all = ColumnSet::decoded().iter().chain([Column::Src, Column::Dst, Column::Port, Column::Hour]);
    let syntax = [
        " and ",
        " or ",
        "not ",
        " in (",
        "not in ",
        " is absent",
        " is present",
        "<=",
        ">=",
        "!=",
        "!~",
        "==",
        "<>",
        "&&",
        "||",
        "..",
        "addr",
        "anyport",
        "10.0.0.0/8",
        "::/0",
        "tcp",
        "MiB",
        "now",
        "7d",
        "2026-10-01",
        "'",
        "\"",
        "[a-z]{9}",
        " & 0x12 = ",
        "https",
        "eni-*",
        "web?",
        "usd",
        "share",
        "change_ratio",
        "gb",
        "path",
        "$1.5",
        "5%",
    ];
    all.map(Column::name).chain(syntax).map(str::to_owned).collect()
}
