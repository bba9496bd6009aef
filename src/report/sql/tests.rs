//! What queries name, how they are rewritten, and what they give.

use polars::prelude::{IntoColumn, NewChunkedArray, StringChunked};
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::error::Exit;
use crate::price::PoolTerms;
use crate::report::Row;
use crate::schema::frame::{address_bytes, times};

fn question(query: &str) -> Result<SqlQuestion, Error> {
    let columns = vec![("team".to_owned(), Column::Owner1), ("src_team".to_owned(), Column::SrcOwner1)];
    let owners = SqlOwners { keys: vec!["team".to_owned()], columns };
    let pricing = SqlPricing {
        window: (None, None),
        prices: PriceTable::embedded()?,
        terms: PoolTerms::default(),
        notes: Vec::new(),
    };
    SqlQuestion::new(Query::parse(query)?, owners, pricing)
}

fn refused(query: &str) -> (String, Vec<String>) {
    let error = question(query).err().unwrap_or_else(|| panic!("{query} is taken"));
    assert_eq!(error.exit(), Exit::Usage, "{query}");
    (error.to_string(), error.hints().to_vec())
}

/// Rows of `traffic`: team, port, bytes.
type Sums = Vec<(Option<&'static str>, u16, u64)>;

/// What a query gives of traffic; the frame has all that a query may name here.
fn answered(query: &str, sums: &Sums) -> Result<Vec<Row>, Error> {
    let texts = |name: &str| StringChunked::from_iter_options(name.into(), sums.iter().map(|row| row.0)).into_column();
    let source = |_: &(_, u16, _)| Some(address_bytes(0xffff_0a00_0001, None));
    let columns = vec![
        texts(Column::Owner1.name()),
        texts(Column::SrcOwner1.name()),
        polars::prelude::BinaryChunked::from_iter_options("src".into(), sums.iter().map(source)).into_column(),
        ints("port", sums.iter().map(|row| Some(row.1.into()))),
        times("hour", sums.iter().map(|row| Some(i64::from(row.1) * 3_600_000))),
        ints("bytes", sums.iter().map(|row| Some(row.2.into()))),
        ints("flows", sums.iter().map(|_| Some(1))),
    ];
    let mut frames = Frames::default();
    frames.add("traffic", DataFrame::new_infer_height(columns)?);
    Ok(question(query)?.answer(frames)?.tables.remove(0).rows)
}

fn few() -> Sums {
    vec![(Some("web"), 443, 5), (Some("data"), 443, 7), (Some("web"), 22, 11), (None, 53, 7)]
}

fn number(number: i128) -> Cell {
    u128::try_from(number).map_or(Cell::Signed { units: number, per: 1 }, Cell::Integer)
}

#[test]
fn a_query_needs_what_it_names_anywhere() {
    let names = |query| Query::parse(query).unwrap().names().join(" ");
    assert_eq!(
        names("select src, sum(t.bytes) as b from traffic t where port = 443 group by src order by b"),
        "src bytes port b"
    );
    assert_eq!(names("select count(*) from traffic a join charges b using (day, path)"), "day path");
    assert_eq!(names("with a as (select dst from flows where srcport > 1) select * from a"), "dst srcport");
    assert_eq!(names("select sum(bytes) over (partition by team order by hour) from traffic"), "bytes team hour");
    let tables = |query| Query::parse(query).unwrap().tables().iter().map(|table| table.name()).collect::<Vec<_>>();
    assert_eq!(
        tables("select 1 from charges where path in (select path from traffic) union select 2 from charges"),
        ["charges", "traffic"]
    );
    let question = question("select vpc, src, count(*) from flows group by vpc, src").unwrap();
    assert_eq!(question.records(), Some(vec![Column::VpcId, Column::Src]));
    assert!(question.plan().is_empty(), "no traffic is summed for records");
}

#[test]
fn queries_are_rewritten_to_be_exact_and_in_one_order() {
    let text = |query| Query::parse(query).unwrap().text().to_owned();
    for (query, rewritten) in [
        (
            "select src, count(*) from traffic group by src",
            "SELECT src, CAST(count(*) AS BIGINT) AS \"count(*)\" FROM traffic GROUP BY src ORDER BY 1, 2",
        ),
        (
            "select src, sum(bytes) as b from traffic group by src order by sum(bytes) desc limit 3",
            "SELECT src, sum(bytes) AS b FROM traffic GROUP BY src ORDER BY 2 DESC, 1, 2 LIMIT 3",
        ),
        (
            "select usd / bytes as r, cast(bytes as integer) as c from charges",
            "SELECT CAST(usd AS DOUBLE) / bytes AS r, CAST(bytes AS BIGINT) AS c FROM charges",
        ),
        (
            "select bytes from traffic where hour >= '2026-10-01T12:00:00Z' and day in (date '2026-10-01', '2026-10-02')",
            "SELECT bytes FROM traffic WHERE hour >= '2026-10-01T12:00:00' AND (day = '2026-10-01' OR day = '2026-10-02')",
        ),
        ("select * from flows limit 2", "SELECT * FROM flows LIMIT 2"),
    ] {
        assert_eq!(text(query), rewritten);
    }
}

#[test]
fn what_is_no_query_over_the_tables_is_rejected_with_the_reason() {
    for (query, message, hint) in [
        ("select bytess from traffic", "unknown column `bytess` in traffic", "did you mean `bytes`?"),
        ("select SRC from flows", "unknown column `SRC` in flows", "did you mean `src`?"),
        ("select charge from traffic", "unknown column `charge` in traffic", ""),
        (
            "select zzz from charges",
            "unknown column `zzz` in charges",
            "`outflow fields --table charges` lists its columns",
        ),
        ("select src from trafic", "unknown table `trafic`", "did you mean `traffic`?"),
        ("select 1", "the query names no table", "the tables are flows, traffic, charges"),
        ("select src from other.traffic", "unknown table `other.traffic`", ""),
        ("select src from traffic group by src order by sum(bytes)", "`bytes` is not available here", ""),
        ("delete from flows", "only SELECT is supported", ""),
        ("drop table flows", "only SELECT is supported", ""),
        ("create table x as select * from flows", "only SELECT is supported", ""),
        ("select src into x from flows", "SELECT INTO is not supported", ""),
        ("explain select src from flows", "only SELECT is supported", "--explain shows how a query is carried out"),
        ("select src from flows; select dst from flows", "the query has more than one statement", ""),
        ("", "the query is empty", ""),
        ("select src form flows", "invalid query: Expected: end of statement, found: flows at Line: 1, Column: 17", ""),
        ("select src from traffic natural join charges", "NATURAL JOIN is not supported", ""),
        ("with flows as (select 1) select * from flows", "WITH flows: the name is a built-in table", "choose another"),
        ("select dst_teem from charges", "unknown column `dst_teem` in charges", "did you mean `dst_team`?"),
        ("select src from traffic where hour > 5", "`hour` is a time and cannot be compared with a number", ""),
    ] {
        let (found, hints) = refused(query);
        assert!(found.starts_with(message), "{query}: {found}");
        assert!(hint.is_empty() || hints == [hint], "{query}: {hints:?}");
    }
    let deep = format!("select src from traffic where {}", vec!["port = 1"; QUERY_DEPTH_MAX + 1].join(" or "));
    assert!(refused(&deep).0.contains("nested more than"));
    assert!(refused(&" ".repeat(QUERY_BYTES_MAX + 1)).0.contains("more than 65536 bytes"));
}

#[test]
fn no_function_of_a_query_reads_a_file() {
    for call in ["read_csv('Cargo.toml')", "read_parquet('x')", "read_ipc('x')", "read_json('x')", "scan_csv('x')"] {
        let (message, _) = refused(&format!("select * from {call}"));
        assert!(message.contains("table functions are not supported"), "{message}");
    }
    assert!(refused("select * from 'Cargo.toml'").0.starts_with("unknown table"));
    refused("select read_csv('Cargo.toml') from traffic");
}

#[test]
fn results_have_the_types_and_names_that_they_were_asked_for_with() {
    let query = "select team, sum(bytes), count(*), avg(bytes) as mean, min(hour) as first, port - 500 as below \
                 from traffic where src = '10.0.0.1' and team = 'web' group by team, port order by port";
    let rows = answered(query, &few()).unwrap();
    let mean = |units| Cell::Signed { units, per: 1 };
    let row = |bytes, port: i128| {
        let first = Cell::Time(u32::try_from(port).unwrap() * 3600);
        vec!["web".into(), number(bytes), number(1), mean(bytes), first, number(port - 500)]
    };
    assert_eq!(rows, [row(11, 22), row(5, 443)]);
    let mut frames = Frames::default();
    let none = question("select port, bytes, sum(bytes), hour from traffic group by all").unwrap();
    frames.add("traffic", none.tables[0].empty().unwrap());
    let table = none.answer(frames).unwrap().tables.remove(0);
    let heads: Vec<_> = table.columns.iter().map(|head| (head.name.as_str(), head.kind)).collect();
    use crate::schema::output::CellKind::{Bytes, Integer, Time};
    assert_eq!(heads, [("port", Integer), ("bytes", Bytes), ("sum(bytes)", Bytes), ("hour", Time)]);
}

#[test]
fn a_count_can_be_below_zero_and_a_division_by_zero_is_reported() {
    assert_eq!(answered("select count(*) - 10 as n from traffic", &few()).unwrap(), [[number(-6)]]);
    assert_eq!(answered("select sum(bytes) / 0 as n from traffic", &few()).unwrap(), [[Cell::Absent]]);
    assert_eq!(
        answered("select sum(bytes * bytes) as n from traffic", &vec![(None, 1, 1 << 62)]).unwrap(),
        [[number(1 << 124)]]
    );
}

/// Polars panics at these two, in `order by 0` only as long as overflows are checked.
#[test]
fn a_panic_of_polars_is_an_error() {
    let grouped = answered("select bytes, count(*) from traffic group by bytes", &few());
    assert!(
        grouped.map_or_else(|error| error.to_string().contains("a sum cannot be the only key"), |rows| rows.len() == 3)
    );
    assert!(answered("select bytes from traffic order by 0", &few()).is_err());
}

/// Builds without optimisation take some 60 KiB for each level.
#[test]
fn many_conditions_fit_on_the_stack_that_a_command_has() {
    let ports = (0..QUERY_DEPTH_MAX - 2).map(|port| format!("port = {port}")).collect::<Vec<_>>().join(" or ");
    let query = format!("select sum(bytes) from traffic where {ports}");
    let thread = std::thread::Builder::new().stack_size(16 << 20).spawn(move || answered(&query, &few()).unwrap());
    assert_eq!(thread.unwrap().join().unwrap(), [[number(18)]]);
}

fn sums() -> impl Strategy<Value = Sums> {
    let teams = select(vec![None, Some("web"), Some("data"), Some("ops")]);
    prop::collection::vec((teams, 440_u16..444, any::<u64>()), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn groups_add_up_to_the_whole_exactly_and_come_in_one_order(mut sums in sums(), turn in any::<prop::sample::Index>()) {
        let query = "select team, port, sum(bytes) as b, count(*) as n from traffic group by team, port";
        let rows = answered(query, &sums).unwrap();
        let whole: u128 = sums.iter().map(|(.., bytes)| u128::from(*bytes)).sum();
        let bytes = |row: &Row| if let Cell::Integer(bytes) = row[2] { bytes } else { 0 };
        prop_assert_eq!(rows.iter().map(bytes).sum::<u128>(), whole);
        if !sums.is_empty() {
            let turn = turn.index(sums.len());
            sums.rotate_left(turn);
        }
        prop_assert_eq!(answered(query, &sums).unwrap(), rows);
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}", query in query()) {
        drop(question(&text));
        drop(question(&query));
    }
}

/// Words in an order in which queries often have them.
fn query() -> impl Strategy<Value = String> {
    let words = vec![
        "select", "from", "where", "group by", "order by", "traffic", "flows", "charges", "bytes", "usd", "sum(", ")",
        "(", ",", "*", "port", "src", "=", "'a'", "1", "/", "hour", "and", "case", "when", "then", "end", "limit",
        "as", "x", "over", "in", "union", "distinct", "count(*)", "-", "with",
    ];
    let body = prop::collection::vec(select(words), 0..12).prop_map(|words| words.join(" "));
    body.prop_map(|body| format!("select {body} from traffic"))
}
