//! Filters: what parses can be applied, `not (E)` selects what `E` leaves, and an error points into the line it shows.

use outflow::decode::{Dictionary, Flows, Format, Skips, TextDecoder};
use outflow::error::Error;
use outflow::group::filter::Filter;
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
    let filter = match Filter::parse(text, NOW, Zone::default()) {
        Ok(filter) => filter,
        Err(error) => return check_caret(&error),
    };
    let selected = select(&filter);
    match Filter::parse(&format!("not ({text})"), NOW, Zone::default()) {
        Ok(negated) => {
            let left: Vec<bool> = select(&negated).iter().map(|mark| !mark).collect();
            assert_eq!(selected, left, "not ({text})");
        }
        // One level more may be too many.
        Err(error) => assert!(error.to_string().contains("nested"), "not ({text}): {error}"),
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
    let quoted = |line: String| Some(line.split_once("--where '")?.1.split_once('\'')?.0.to_owned());
    let more = [
        "src in (10.0.0.0/8, 1.2.3.4..1.2.3.9) && !(dst = ::1 || anyport in 80..90)",
        "start >= 2026-10-01T12:00 and start < yesterday or end = @1790856060",
        "instance_tag is absent and action not in (ACCEPT, REJECT)",
        "protocol = tcp and bytes <> 10MiB and \"interface-id\" !~ 'eni-[12]$'",
        "addr != 10.0.0.1 and port is present and flags = 3",
    ];
    let expressions = seeds::command_lines().into_iter().filter_map(quoted).chain(more.map(str::to_owned));
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
    ];
    all.map(Column::name).chain(syntax).map(str::to_owned).collect()
}
