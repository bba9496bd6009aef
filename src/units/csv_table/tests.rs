//! Tables as users write them: column names, rows with their lines, and faults.

use proptest::prelude::*;

use super::*;

const CLOSED: Layout = Layout { required: &["cidr"], optional: &["name", "kind"], others: false, written: "cidr,name" };
const OPEN: Layout =
    Layout { required: &["resource"], optional: &["valid_to"], others: true, written: "resource,team" };

/// Rows of `cidr` and `name`, with their lines, and all faults.
fn read(text: &[u8]) -> (Vec<(u64, String, String)>, Vec<String>) {
    let row = |row: &mut Row<'_>| Some((row.line, row.text("cidr").to_owned(), row.text("name").to_owned()));
    let (rows, faults) = match CsvTable::open(text, &CLOSED) {
        Ok(table) => table.read(row),
        Err(faults) => (Vec::new(), faults),
    };
    (rows, faults.iter().map(ToString::to_string).collect())
}

fn lines(text: &str) -> Vec<u64> {
    let (rows, faults) = read(text.as_bytes());
    assert_eq!(faults, <[String; 0]>::default(), "{text:?}");
    rows.into_iter().map(|(line, ..)| line).collect()
}

fn header(text: &str, layout: &'static Layout) -> Vec<(String, Option<String>)> {
    let faults = CsvTable::open(text.as_bytes(), layout).err().unwrap_or_default();
    faults.into_iter().map(|fault| (fault.to_string(), fault.hint)).collect()
}

#[test]
fn rows_stand_at_their_lines_any_ends_them_and_lies_between() {
    for (text, expected) in [
        ("cidr\nb\nc\n", vec![2, 3]),
        ("cidr\r\nb\r\nc\r\n", vec![2, 3]),
        ("cidr\rb\r\rc", vec![2, 4]),
        ("\u{feff}# one\ncidr\n\n\nb\n# don't \"quote\n\r\nc", vec![5, 8]),
        ("cidr\r\n\r\n# one\r\nb\r\nc", vec![4, 5]),
        ("cidr,name\n,\n \"b\" ,\"\"\n , \nc,", vec![3, 5]),
    ] {
        assert_eq!(lines(text), expected, "{text:?}");
    }
}

#[test]
fn columns_go_by_their_names_in_any_order_and_letter_case() {
    let (rows, faults) = read("\u{feff}KIND, Name ,cidr\nx,\"a, \"\"b\"\"\",1\n".as_bytes());
    assert_eq!((rows, faults), (vec![(2, "1".to_owned(), "a, \"b\"".to_owned())], vec![]));
}

#[test]
fn a_missing_closing_quote_is_a_fault_of_its_line_and_takes_no_row_with_it() {
    for (line, text) in
        [(3, "1,a\n2,\"b\n3,c\n"), (3, "1,a\r\n2,\"\r\n3,c\r\n"), (3, "1,a\n\"2,b\n3,\"c\"\n"), (4, "1,a\n3,c\n4,\"")]
    {
        let (rows, faults) = read(format!("cidr,name\n{text}").as_bytes());
        let message: Vec<_> = rows.iter().map(|(_, cidr, _)| cidr.as_str()).collect();
        assert_eq!(
            (message, faults),
            (vec!["1", "3"], vec![format!("line {line}: unterminated double quote")]),
            "{text:?}"
        );
    }
    let (rows, faults) = read(b"cidr,\"name\n1,a\n");
    assert_eq!((rows, faults), (vec![], vec!["line 1: unterminated double quote".to_owned()]));
    assert_eq!(
        read(b"cidr,name\n1,19\" rack\n2,\"a\"\"\"\n3,\"a\"b\n").1,
        <[String; 0]>::default(),
        "quotes that are text"
    );
}

#[test]
fn a_wrong_header_is_reported_by_its_names() {
    let message = |text, layout, message: &str, hint: &str| {
        assert_eq!(header(text, layout), [(message.to_owned(), Some(hint.to_owned()))], "{text}");
    };
    message("", &CLOSED, "line 1: the header line is missing", "write cidr,name");
    message("# only\n\n,\n", &CLOSED, "line 1: the header line is missing", "write cidr,name");
    message("cidr,nmae\n", &CLOSED, "line 1: unknown column `nmae`", "did you mean `name`?");
    message("cidr,zzz\n", &CLOSED, "line 1: unknown column `zzz`", "the columns are cidr,name");
    message("cidr,name,\n", &CLOSED, "line 1: column 3 has no name", "name it, or remove it from every line");
    message("name\n", &CLOSED, "line 1, cidr: the column is missing", "write cidr,name");
    message("cidr,name,CIDR\n", &CLOSED, "line 1, cidr: duplicate column", "remove one of them");
    message("Resource,team,team\n", &OPEN, "line 1, team: duplicate column", "remove one of them");
    message("resuorce,team\n", &OPEN, "line 1, resource: the column is missing", "call `resuorce` resource");
    message("resource;team\n", &OPEN, "line 1: `resource;team` is one column", "write commas between the columns");
    assert_eq!(header("cidr;name\n", &CLOSED).len(), 2, "and `cidr` is missing");
    assert_eq!(header("Resource,team,Team\n", &OPEN), [], "keys are compared as written");
}

#[test]
fn columns_of_other_names_stand_in_their_order() {
    let table = CsvTable::open(b"team,resource,env\nweb,i-1,live\nshop,i-2,\n", &OPEN).unwrap();
    assert_eq!(table.others().collect::<Vec<_>>(), ["team", "env"]);
    let (rows, faults) = table.read(|row| Some(row.others().map(str::to_owned).collect::<Vec<_>>()));
    assert_eq!(
        (rows, faults),
        (vec![vec!["web".to_owned(), "live".into()], vec!["shop".into(), String::new()]], vec![])
    );
}

#[test]
fn every_fault_of_every_row_is_reported_and_such_a_row_is_not_given() {
    let number = |text: &str| text.parse::<u8>().map_err(|_| Error::usage(format!("`{text}` is no number")).hint("1"));
    let table = CsvTable::open(b"cidr,name,kind\nx,y,\n1,,2\n1\n2,\xff,\n", &CLOSED).unwrap();
    let (rows, faults) = table.read(|row| {
        let (cidr, name) = (row.read("cidr", number), row.read_filled("name", number));
        Some((cidr?, name?))
    });
    assert_eq!(rows, [(1, None)]);
    assert_eq!(
        faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "line 2, cidr: `x` is no number",
            "line 2, name: `y` is no number",
            "line 4: 1 cells where the header has 3",
            "line 5: the line is not UTF-8",
        ]
    );
    let error = refusal(faults.iter().map(|fault| ("a.csv", fault)));
    assert_eq!(error.to_string(), "a.csv, line 2, cidr: `x` is no number");
    assert_eq!(error.hints()[..2], ["1", "also line 2, name: `y` is no number (1)"]);
}

#[test]
fn a_table_of_faults_ends_and_so_does_the_error() {
    let text = format!("cidr\n{}", "a,b\n".repeat(FAULTS_MAX + 5));
    let (_, faults) = read(text.as_bytes());
    assert_eq!(faults.len(), FAULTS_MAX + 1);
    assert_eq!(faults.last().unwrap(), "line 1001: stopped after 1000 errors");
    let one = RowError::new(2, None, "wrong");
    let error = refusal([("a.csv", &one), ("a.csv", &one), ("b.csv", &one)]);
    assert_eq!(error.hints(), ["also line 2: wrong", "also b.csv, line 2: wrong"]);
    let error = refusal(std::iter::repeat_n(("a.csv", &one), FAULTS_SHOWN_MAX + 2));
    assert_eq!(error.hints().last().unwrap(), "and 2 faults more");
}

#[test]
fn what_is_no_text_is_reported() {
    assert_eq!(read(b"\xff\xfec\0").1, ["line 1: the file is UTF-16"]);
    assert_eq!(column_names(b"\xfe\xff\0c").unwrap_err().to_string(), "line 1: the file is UTF-16");
    let long = format!("cidr\n{}\n1\n", "x".repeat(LINE_BYTES_MAX + 1));
    let (rows, faults) = read(long.as_bytes());
    assert_eq!((rows.len(), faults), (1, vec!["line 2: the line has more than 1048576 bytes".to_owned()]));
    assert_eq!(column_names(b"# c\nCIDR, Name\n").unwrap(), ["cidr", "name"]);
    assert_eq!(column_names(b"").unwrap(), <[String; 0]>::default());
}

proptest! {
    #[test]
    fn every_line_is_a_row_or_a_fault_and_none_is_both(
        lines in prop::collection::vec("[a-c\", #x]{0,6}", 0..12), line_end in prop::sample::select(&["\n", "\r\n", "\r"][..]),
    ) {
        // A comment ends at a line feed alone.
        let text: String = lines.iter().map(|line| format!("{}{line_end}", line.replace('#', "x"))).collect();
        let (rows, faults) = read(format!("cidr,name{line_end}{text}").as_bytes());
        let is_filled = |line: &&String| {
            let cells: String = line.chars().filter(|letter| !matches!(letter, '"' | ',' | ' ')).collect();
            !cells.is_empty()
        };
        let filled = lines.iter().filter(is_filled).count();
        prop_assert!(rows.len() + faults.len() >= filled, "{rows:?} {faults:?}");
        prop_assert!(rows.len() + faults.len() <= lines.len());
        prop_assert!(rows.windows(2).all(|two| two[0].0 < two[1].0));
        for (line, cidr, _) in rows {
            let written = &lines[usize::try_from(line).unwrap() - 2];
            prop_assert!(written.replace(['"', '#'], "x").contains(&cidr.replace(['"', '#'], "x")) || written.contains('"'));
        }
    }
}
