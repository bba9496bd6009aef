//! What becomes of every kind of line that real files have, and the laws that hold for any text.
//!
//! Every text here is decoded whole and once more line by line, as if a block ended after each: nothing may depend on
//! where blocks are cut.

mod laws;

use super::*;
use crate::decode::format_after;
use crate::schema::ColumnSet;

const OK: &str = "2 111122223333 eni-1 10.0.0.1 10.0.0.2 443 40000 6 10 1000 1700000000 1700000060 ACCEPT OK";
const V2: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end \
                  action log-status";

/// What a text was decoded to.
#[derive(Clone, Debug, Default, PartialEq)]
struct Decoded {
    /// The wanted columns of each record, in words.
    rows: Vec<String>,
    skips: Skips,
    lines: u64,
    format: Option<Arc<Format>>,
}

/// Decodes the blocks of an object in sequence, with all columns; returns displayed values.
fn decode(blocks: &[&[u8]], fallback: Option<&Arc<Format>>, shown: &[Column]) -> Result<Decoded, NoFormat> {
    decode_columns(blocks, fallback, shown, ColumnSet::decoded(), true)
}

fn decode_columns(
    blocks: &[&[u8]],
    fallback: Option<&Arc<Format>>,
    shown: &[Column],
    wanted: ColumnSet,
    keep_all: bool,
) -> Result<Decoded, NoFormat> {
    let (mut decoder, mut dictionary) = (TextDecoder::new(fallback.cloned()), Dictionary::default());
    let (mut flows, mut decoded) = (Flows::new(wanted), Decoded::default());
    decoded.skips = Skips::new(keep_all);
    for block in blocks {
        flows.clear();
        let (mut skips, before) = (Skips::new(keep_all), decoded.format.clone());
        let lines = decoder.decode(block, &mut decoded.format, &mut flows, &mut dictionary, &mut skips);
        if before.is_some() {
            assert_eq!(format_after(block, before.as_ref()), decoded.format, "{:?}", String::from_utf8_lossy(block));
        }
        decoded.rows.extend((0..flows.rows()).map(|row| in_words(&flows, &dictionary, shown, row)));
        decoded.skips.append(skips, decoded.lines);
        decoded.lines += lines;
    }
    if let Some(refused) = decoder.take_unformatted().filter(|_| decoded.format.is_none()) {
        return Err(refused);
    }
    Ok(decoded)
}

fn in_words(flows: &Flows, dictionary: &Dictionary, shown: &[Column], row: usize) -> String {
    let word = |column: &Column| match flows.values(*column) {
        Some(values) if !values.present(row) => "-".to_owned(),
        Some(Values::Address(values)) => std::net::Ipv6Addr::from(values[row]).to_canonical().to_string(),
        Some(Values::Big(values)) => values[row].to_string(),
        Some(Values::Small(values) | Values::Time(values)) => values[row].to_string(),
        Some(Values::Text(values)) => dictionary.display(values[row]).into_owned(),
        None => "(not wanted)".to_owned(),
    };
    shown.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn named(names: &str) -> Vec<Column> {
    names.split(' ').map(|name| Column::of_name(name).expect(name)).collect()
}

/// Decodes a text, which must give these records (as words of the named columns) and leave out these lines.
#[track_caller]
fn check(text: impl AsRef<[u8]>, columns: &str, rows: &[&str], skipped: &[(u64, Reason, &str)]) {
    check_with(None, text.as_ref(), columns, rows, skipped);
}

#[track_caller]
fn check_with(
    fallback: Option<&Arc<Format>>,
    text: &[u8],
    columns: &str,
    rows: &[&str],
    skipped: &[(u64, Reason, &str)],
) {
    let shown = named(columns);
    let whole = decode(&[text], fallback, &shown).unwrap();
    assert_eq!(whole.rows, rows);
    let skips = whole.skips.samples().iter();
    let skips: Vec<_> =
        skips.map(|sample| (sample.line, sample.reason, String::from_utf8_lossy(&sample.text))).collect();
    let expected: Vec<_> = skipped.iter().map(|(line, reason, text)| (*line, *reason, (*text).into())).collect();
    assert_eq!(skips, expected);
    let lines: Vec<_> = text.split_inclusive(|byte| *byte == b'\n').collect();
    assert_eq!(whole.lines, lines.len() as u64);
    assert_eq!(decode(&lines, fallback, &shown).unwrap(), whole, "line by line");
}

/// The line [`OK`] with other values in some places.
fn changed(changes: &[(&str, &str)]) -> String {
    let mut fields: Vec<&str> = OK.split(' ').collect();
    for (name, value) in changes {
        let place = V2.split_ascii_whitespace().position(|field| field == *name);
        fields[place.expect(name)] = value;
    }
    fields.join(" ")
}

#[test]
fn text_without_a_header_is_of_the_default_format() {
    let all = "version account_id interface_id srcaddr dstaddr srcport dstport protocol packets bytes start end action \
               log_status";
    check(format!("{OK}\n"), all, &[OK], &[]);
    check(OK, all, &[OK], &[]);
    check("", all, &[], &[]);
    check("\n \n\r\n\t\n", all, &[], &[]);
}

#[test]
fn a_header_gives_order_and_subset_in_either_spelling_and_unknown_fields_are_tolerated() {
    check("log-status bytes start\nOK 7 9\n", "bytes start log_status dstport", &["7 9 OK -"], &[]);
    check("log_status pkt_srcaddr vpc-id\nOK 1.2.3.4 vpc-1\n", "vpc_id pkt_srcaddr", &["vpc-1 1.2.3.4"], &[]);
    check("bytes brand-new-12 start\n7 what/ever 9\n", "bytes start", &["7 9"], &[]);
    check("bytes\n7\n8\n", "bytes", &["7", "8"], &[]);
}

#[test]
fn a_header_with_a_field_twice_gives_no_records_until_the_next_one() {
    let twice = Reason::FieldTwice(Column::Bytes);
    check("bytes bytes start\n7 8 9\n7 7 9\n", "bytes start", &[], &[(2, twice, "7 8 9"), (3, twice, "7 7 9")]);
    let text = "start bytes\n1 2\nbytes start bytes log-status\n3 4 5 OK\n3 4 5 NODATA\nx\nstart bytes\n6 7\n";
    let of = |line, reason, text| (line, reason, text);
    let skipped = [of(4, twice, "3 4 5 OK"), of(5, twice, "3 4 5 NODATA"), of(6, Reason::FieldCount, "x")];
    check(text, "start bytes", &["1 2", "6 7"], &skipped);
    let account = Reason::FieldTwice(Column::AccountId);
    check("account-id account_id bytes\na b 1\n", "bytes", &[], &[(2, account, "a b 1")]);
}

#[test]
fn the_first_line_may_be_a_header_that_begins_with_a_field_of_tomorrow() {
    check("ip6-prefix srcaddr bytes\nx 1.2.3.4 7\n", "srcaddr bytes", &["1.2.3.4 7"], &[]);
}

#[test]
fn a_header_in_midstream_changes_the_format_and_a_repeated_one_does_not() {
    let text = "bytes start\n1 10\nbytes start\n2 20\nstart interface-id bytes\n30 eni-1 3\n40 eni-1 4\nbytes\n5\n";
    check(text, "bytes start interface_id", &["1 10 -", "2 20 -", "3 30 eni-1", "4 40 eni-1", "5 - -"], &[]);
    check("bytes start\nbytes start\n\nstart bytes\n1 2\n", "bytes", &["2"], &[]);
    let text = "bytes start\n1 10 11\n  start bytes interface-id  \n20 2\n20 2 eni-1\n";
    let skipped = [(2, Reason::FieldCount, "1 10 11"), (4, Reason::FieldCount, "20 2")];
    check(text, "bytes start", &["2 20"], &skipped);
}

#[test]
fn spaces_tabs_line_ends_and_blank_lines_do_not_matter() {
    for between in [" ", "  ", "\t", " \t ", "     "] {
        let (line, header) = (OK.replace(' ', between), V2.replace(' ', between));
        for (before, after) in [("", ""), (" ", ""), ("", " "), ("\t", "\t"), ("  ", " \r"), ("", "\r"), (" ", "\r")] {
            let lines = [&header, &line, &line].map(|line| format!("{before}{line}{after}"));
            for text in [lines.join("\n"), lines.join("\n\n") + "\n", lines.join("\n \r\n\n") + "\n\n\n"] {
                check(text, "srcaddr end log_status", &["10.0.0.1 1700000060 OK"; 2], &[]);
            }
        }
    }
}

#[test]
fn the_time_that_a_cloudwatch_export_puts_in_front_is_taken_off() {
    let stamped = format!("2025-02-25T12:25:04.000Z {OK}");
    for end in ["\n", "\r\n", " \r\n"] {
        let text = format!("{stamped}{end}{OK}{end}{stamped}{end}  {stamped}{end}");
        check(text, "version dstaddr log_status", &["2 10.0.0.2 OK"; 4], &[]);
    }
    let short = stamped.strip_suffix(" OK").unwrap();
    let text = format!("{OK}\n{short}\n");
    check(text, "version", &["2"], &[(2, Reason::Number(Column::Version), short)]);
}

#[test]
fn a_dash_in_every_field_is_an_absent_value() {
    let names: Vec<_> = Column::all().filter(|column| column.version() > 0).map(Column::name).collect();
    let (header, dashes) = (names.join(" "), vec!["-"; names.len()].join(" "));
    check(format!("{header}\n{dashes}\n"), &header, &[&dashes], &[]);
}

#[test]
fn what_means_nothing_in_a_quiet_record_is_forgiven_and_its_moments_are_not() {
    for status in ["NODATA", "SKIPDATA"] {
        let text = format!(
            "srcaddr bytes log-status dstport start action\n\
             x y {status} z 1700000000 w\n- - {status} - - -\nx y {status} z 17e8 w\n1.2.3.4 5 OK 6 7 ACCEPT\n"
        );
        let rows =
            [format!("- - {status} - 1700000000 -"), format!("- - {status} - - -"), "1.2.3.4 5 OK 6 7 ACCEPT".into()];
        let skipped = format!("x y {status} z 17e8 w");
        check(
            text,
            "srcaddr bytes log_status dstport start action",
            &rows.each_ref().map(String::as_str),
            &[(4, Reason::Number(Column::Start), &skipped)],
        );
    }
}

#[test]
fn unknown_accounts_and_leading_zeros_stay_as_they_are() {
    let text = ["unknown", "012345678901", "-"].map(|account| changed(&[("account-id", account)])).join("\n");
    check(text, "account_id", &["unknown", "012345678901", "-"], &[]);
}

#[test]
fn a_record_that_begins_with_a_word_is_no_header() {
    let text = "account-id flow-direction bytes\nunknown ingress 7\nunknown egress 8\n";
    check(text, "account_id flow_direction bytes", &["unknown ingress 7", "unknown egress 8"], &[]);
}

#[test]
fn addresses_of_both_families_are_read_in_all_their_forms() {
    let text = "srcaddr dstaddr\n::1 2001:DB8:0:0:0:0:0:1\n::ffff:1.2.3.4 64:ff9b::1.2.3.4\n0.0.0.0 ::\n";
    let rows = ["::1 2001:db8::1", "1.2.3.4 64:ff9b::102:304", "0.0.0.0 ::"];
    check(text, "srcaddr dstaddr", &rows, &[]);
}

#[test]
fn tags_are_percent_decoded_and_other_texts_are_not() {
    let text = "instance-tag interface-id asg-tag-2\nweb%20%C3%A4 eni%20 50%\n- - %2\n";
    check(text, "instance_tag interface_id asg_tag_2", &["web ä eni%20 50%", "- - %2"], &[]);
}

#[test]
fn each_kind_of_damage_is_named_with_its_line() {
    let table = [
        ("version", "two", Reason::Number(Column::Version)),
        ("srcaddr", "10.0.0.256", Reason::Address(Column::Srcaddr)),
        ("dstaddr", "somewhere", Reason::Address(Column::Dstaddr)),
        ("srcport", "-1", Reason::Number(Column::Srcport)),
        ("dstport", "https", Reason::Number(Column::Dstport)),
        ("protocol", "4294967295", Reason::Number(Column::Protocol)),
        ("packets", "1.5", Reason::Number(Column::Packets)),
        ("bytes", "1125899906842625", Reason::Number(Column::Bytes)),
        ("start", "2023-11-14", Reason::Number(Column::Start)),
        ("end", "1700000060000", Reason::Number(Column::End)),
        ("action", "accept", Reason::Action),
        ("log-status", "FINE", Reason::Status),
    ];
    let lines: Vec<String> = table.iter().map(|(field, value, _)| changed(&[(field, value)])).collect();
    let (text, crlf) = (lines.join("\n"), format!("{V2}\r\n{}\r\n{OK}\r\n", lines.join("\r\n")));
    let skipped = |lines_before: u64| -> Vec<_> {
        let found = table.iter().zip(&lines).zip(1 + lines_before..);
        found.map(|(((.., reason), line), number)| (number, *reason, line.as_str())).collect()
    };
    check(text, "bytes", &[], &skipped(0));
    check(crlf, "bytes", &["1000"], &skipped(1));
}

#[test]
fn of_several_damaged_fields_the_first_column_is_named_and_damage_does_not_spread() {
    let worse = changed(&[("srcport", "x"), ("action", "maybe"), ("srcaddr", "y")]);
    let odd = [changed(&[("action", "maybe")]), changed(&[("action", "maybe")]), changed(&[("action", "-")])];
    let text = format!("{OK}\n{worse}\n{OK}\n{}\n{OK}\n", odd.join("\n"));
    let skipped = [
        (2, Reason::Address(Column::Srcaddr), worse.as_str()),
        (4, Reason::Action, &odd[0]),
        (5, Reason::Action, &odd[1]),
    ];
    check(text, "action srcport", &["ACCEPT 443", "ACCEPT 443", "- 443", "ACCEPT 443"], &skipped);
}

#[test]
fn a_field_more_or_less_is_never_a_shifted_record() {
    let (more, less) = (format!("{OK} more"), OK.strip_suffix(" OK").unwrap());
    // A field that is empty: two separators where its neighbours meet, or one at the line's end.
    let hidden = OK.replace(" 443 ", "  ");
    let first = OK.strip_prefix('2').unwrap();
    let last = format!("{less} ");
    for bad in [more.as_str(), less, &hidden, first, &last] {
        let shown = bad.trim_ascii_end();
        let text = format!("{V2}\n{bad}\n{OK}\n{bad}");
        check(text, "dstport", &["40000"], &[(2, Reason::FieldCount, shown), (4, Reason::FieldCount, shown)]);
        let text = format!("{OK}\n{bad}\r\n{OK}\n");
        check(text, "dstport", &["40000"; 2], &[(2, Reason::FieldCount, shown)]);
    }
}

#[test]
fn a_separator_at_the_end_of_a_block_hides_no_empty_field() {
    let wrong = |line, text| [(line, Reason::FieldCount, text)];
    check("interface-id account-id\neni-1 1\neni-2 ", "interface_id account_id", &["eni-1 1"], &wrong(3, "eni-2"));
    check("interface-id account-id\n eni-2\neni-1 1", "interface_id account_id", &["eni-1 1"], &wrong(2, " eni-2"));
    check("interface-id\n\neni-1\n \n\n", "interface_id", &["eni-1"], &[]);
    check("interface-id\neni-1\n\t", "interface_id", &["eni-1"], &[]);
}

#[test]
fn control_characters_separate_and_so_never_hide_in_a_field() {
    let hidden = OK.replace("eni-1", "eni\u{1}1");
    check(format!("{OK}\n{hidden}\n{OK}"), "bytes", &["1000"; 2], &[(2, Reason::FieldCount, &hidden)]);
    let shifted = format!("{}  ", OK.replace("eni-1", "eni\u{0}1").replace(" OK", ""));
    let reason = Reason::Address(Column::Srcaddr);
    check(format!("{OK}\n{shifted}\n"), "bytes", &["1000"], &[(2, reason, shifted.trim_end())]);
    check(format!("{OK}\n\0\0\n{OK}"), "bytes", &["1000"; 2], &[(2, Reason::FieldCount, "\0\0")]);
}

#[test]
fn long_fields_and_bytes_that_are_no_utf8_are_texts_like_others() {
    let longest = "x".repeat(crate::schema::TEXT_BYTES_MAX);
    check(format!("interface-id bytes\n{longest} 7\n"), "interface_id", &[&longest], &[]);
    let long = "x".repeat(70_000);
    check(b"interface-id bytes\n\xff\xfe\x80 7\n", "interface_id bytes", &["\u{fffd}\u{fffd}\u{fffd} 7"], &[]);
    let text = format!("bytes start\n{long} 7\n1 2\n");
    let shown = &format!("{long} 7")[..crate::decode::SAMPLE_BYTES_MAX];
    check(text, "bytes", &["1"], &[(2, Reason::Number(Column::Bytes), shown)]);
}

#[test]
fn text_of_neither_header_nor_default_format_is_rejected_unless_its_format_is_given() {
    let refused = |text: &str| decode(&[text.as_bytes()], None, &[]).unwrap_err().fields;
    assert_eq!(refused("Phony unsupported log format.\n"), 4);
    assert_eq!(refused(&format!("\n\n{OK} more\n")), 15);
    assert_eq!(refused(&format!("2025-02-25T12:25:04.000Z {}\n", OK.strip_suffix(" OK").unwrap())), 14);
    let given = Format::of_log_format("${instance-id} ${srcaddr} ${bytes}").unwrap();
    let text = "- 10.0.0.1 7\ni-1 10.0.0.2 8\nbytes srcaddr\n9 10.0.0.3\n";
    check_with(Some(&given), text.as_bytes(), "srcaddr bytes", &["10.0.0.1 7", "10.0.0.2 8", "10.0.0.3 9"], &[]);
    let wrong = (1, Reason::FieldCount, OK);
    check_with(Some(&given), format!("{OK}\n- 10.0.0.1 7\n").as_bytes(), "bytes", &["7"], &[wrong]);
}

#[test]
fn a_column_that_is_not_wanted_is_not_judged_but_its_place_is_kept() {
    let text = format!("{}\n{OK}\n", changed(&[("srcport", "x")]));
    let wanted = ColumnSet::of(&[Column::Dstport, Column::LogStatus]);
    let shown = [Column::Dstport, Column::Srcport];
    let decoded = decode_columns(&[text.as_bytes()], None, &shown, wanted, true).unwrap();
    assert_eq!(decoded.rows, ["40000 (not wanted)"; 2]);
    assert_eq!(decoded.skips.total(), 0);
}

#[test]
fn a_line_of_control_characters_without_a_format_is_no_record() {
    assert_eq!(decode(&[b"\x03"], None, &[]).map(|decoded| decoded.rows), Err(NoFormat { fields: 0 }));
}

#[test]
fn records_are_appended_to_those_of_the_block_before() {
    let (mut decoder, mut dictionary, mut skips) = (TextDecoder::new(None), Dictionary::default(), Skips::new(true));
    let (mut flows, mut format) = (Flows::new(ColumnSet::of(&[Column::Bytes])), None);
    for text in ["bytes start\n1 1\nx 2\n", "3 3\n4\ny 4\n5 5\n"] {
        decoder.decode(text.as_bytes(), &mut format, &mut flows, &mut dictionary, &mut skips);
    }
    assert_eq!(flows.bigs(Column::Bytes), Some(&[1, 3, 5][..]));
    assert_eq!(decoder.take_formats().len(), 1);
    assert!(decoder.take_formats().is_empty());
}

#[test]
fn ports_of_more_than_16_bits_and_protocols_of_more_than_8_are_malformed() {
    let with = |ports: &str| OK.replace("443 40000 6", ports);
    let text = ["65535 0 255", "65536 0 6", "443 4294967294 6", "443 40000 256"].map(with).join("\n");
    let decoded = decode(&[text.as_bytes()], None, &[Column::Srcport, Column::Dstport, Column::Protocol]).unwrap();
    assert_eq!(decoded.rows, ["65535 0 255"]);
    let reasons: Vec<_> = decoded.skips.samples().iter().map(|sample| sample.reason.to_string()).collect();
    let expected = ["srcport", "dstport", "protocol"].map(|column| format!("{column} is not a valid number"));
    assert_eq!(reasons, expected);
}

#[test]
fn a_text_beyond_its_limit_is_malformed_and_no_shorter_text() {
    let long = "e".repeat(crate::schema::TEXT_BYTES_MAX);
    let text = format!("interface-id bytes\n{long} 1\n{long}e 2\neni-1 3\n");
    let (mut flows, mut dictionary) = (Flows::new(ColumnSet::of(&[Column::InterfaceId])), Dictionary::default());
    let mut skips = Skips::new(true);
    TextDecoder::new(None).decode(text.as_bytes(), &mut None, &mut flows, &mut dictionary, &mut skips);
    assert_eq!(flows.rows(), 2);
    let reasons: Vec<_> = skips.samples().iter().map(|sample| (sample.line, sample.reason)).collect();
    assert_eq!(reasons, [(3, Reason::TextLength(Column::InterfaceId))]);
}
