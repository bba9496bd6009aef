//! Owners as users meet them: tables as text, ends, and who owns these when.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::units::csv_table::FAULTS_SHOWN_MAX;
use crate::units::{self, time};

/// 2026-10-01T00:00:00Z.
const OCTOBER: u32 = 1_790_812_800;
const HOUR: u32 = 3600;

fn read(texts: &[&str]) -> Result<TagTable, Error> {
    let names = ["tags.csv", "more.csv"];
    TagTable::read(names.into_iter().zip(texts.iter().map(|text| text.as_bytes())))
}

fn name(text: &str) -> Name {
    Some(text.into())
}

fn keys(of: &[&str]) -> Vec<Arc<str>> {
    of.iter().map(|key| (*key).into()).collect()
}

fn address(text: &str) -> u128 {
    units::address::parse(text).unwrap()
}

/// Owners by team, of one table.
fn owners(table: &str) -> Owners {
    Owners::of(&keys(&["team"]), &read(&[table]).unwrap(), &[], &[]).unwrap()
}

/// An end that every kind of resource can name.
fn end() -> EndFacts {
    EndFacts {
        interface: name("eni-1"),
        instance: name("i-1"),
        resource: name("nat-1"),
        vpc: name("vpc-1"),
        address: address("10.0.0.1"),
        subnet: name("subnet-1"),
        account: name("012345678901"),
        tag: name("tagged"),
        ecs_service: name("served"),
    }
}

fn shown(timeline: &Timeline) -> Vec<(u32, u32, String)> {
    timeline.pieces().map(|(from, to, owner)| (from, to, owner.map_or("-", |owner| owner).to_owned())).collect()
}

fn constant(owner: &str) -> Timeline {
    Timeline::constant(name(owner))
}

/// Resources that name [`end`], the most specific first.
const BY_RANK: [&str; 10] = [
    "eni-1",
    "i-1",
    "nat-1",
    "vpc-1/10.0.0.1",
    "10.0.0.1",
    "subnet-1",
    "10.0.0.0/24",
    "10.0.0.0/8",
    "vpc-1",
    "012345678901",
];

#[test]
fn of_any_two_sources_the_more_specific_one_decides_and_is_followed_by_the_other() {
    for (rank, specific) in BY_RANK.iter().enumerate() {
        for general in &BY_RANK[rank + 1..] {
            let table = format!(
                "resource,team,valid_from,valid_to\n{general},wide,,\n{specific},narrow,2026-10-01,2026-10-02\n"
            );
            let day = OCTOBER + 24 * HOUR;
            let expected = [(0, OCTOBER, "wide"), (OCTOBER, day, "narrow"), (day, u32::MAX, "wide")];
            let expected = expected.map(|(from, to, owner)| (from, to, owner.to_owned()));
            assert_eq!(shown(&owners(&table).timeline(0, &end())), expected, "{specific} and {general}");
        }
    }
}

#[test]
fn every_source_goes_before_the_v11_tag_and_that_before_the_ecs_service() {
    for resource in BY_RANK {
        let owners = owners(&format!("resource,team\n{resource},row\n"));
        assert_eq!(owners.timeline(0, &end()), constant("row"), "{resource}");
    }
    let owners = owners("resource,team\neni-2,row\n");
    assert_eq!(owners.timeline(0, &end()), constant("tagged"));
    assert_eq!(owners.timeline(0, &EndFacts { tag: None, ..end() }), constant("served"));
    let nobodys = owners.timeline(0, &EndFacts { tag: None, ecs_service: None, ..end() });
    assert_eq!(nobodys, Timeline::constant(None));
}

#[test]
fn a_row_holds_from_its_first_second_until_before_its_last() {
    let owners = owners("resource,team,valid_from,valid_to\ni-1,web,2026-10-01,2026-10-01T01:00:00Z\n");
    let timeline = owners.timeline(0, &EndFacts { instance: name("i-1"), ..EndFacts::default() });
    let at = [OCTOBER - 1, OCTOBER, OCTOBER + HOUR - 1, OCTOBER + HOUR].map(|second| timeline.at(second).is_some());
    assert_eq!(at, [false, true, true, false]);
    assert_eq!(timeline.pieces().count(), 3);
}

#[test]
fn a_moment_may_have_an_offset() {
    let owners = owners("valid_to,team,Resource\n2026-10-01T02:00:00+02:00,web,i-1\n");
    let timeline = owners.timeline(0, &end());
    assert_eq!(shown(&timeline), [(0, OCTOBER, "web".to_owned()), (OCTOBER, u32::MAX, "tagged".to_owned())]);
}

#[test]
fn rows_that_follow_each_other_without_a_gap_are_no_overlap_and_equal_owners_are_one_piece() {
    let table = "resource,team,valid_from,valid_to\ni-1,web,,2026-10-01\ni-1,shop,2026-10-01,\n";
    assert_eq!(shown(&owners(table).timeline(0, &end())).len(), 2);
    let table = "resource,team,valid_from,valid_to\ni-1,web,,2026-10-01\ni-1,web,2026-10-01,\n";
    assert_eq!(owners(table).timeline(0, &end()), constant("web"));
}

#[test]
fn an_address_that_two_interfaces_have_one_after_the_other_belongs_to_whoever_has_it() {
    let owners = owners("resource,team\neni-1,old\neni-2,new\n10.0.0.1,address\n");
    let held_by = |interface: &str| EndFacts { interface: name(interface), ..end() };
    assert_eq!(owners.timeline(0, &held_by("eni-1")), constant("old"));
    assert_eq!(owners.timeline(0, &held_by("eni-2")), constant("new"));
    assert_eq!(owners.timeline(0, &EndFacts { interface: None, ..end() }), constant("address"), "in between");
}

#[test]
fn the_same_address_of_two_vpcs_is_two_ends() {
    let owners = owners("resource,team\nvpc-1/10.0.0.1,one\nvpc-2/10.0.0.1,two\n");
    let of = |vpc: Name| owners.timeline(0, &EndFacts { vpc, address: address("10.0.0.1"), ..EndFacts::default() });
    assert_eq!([of(name("vpc-1")), of(name("vpc-2"))], [constant("one"), constant("two")]);
    assert_eq!(of(None), Timeline::constant(None));
}

#[test]
fn a_cidr_names_ends_outside_of_the_estate_and_none_names_an_absent_address() {
    let owners = owners("resource,team\n198.51.100.0/25,partner\n0.0.0.0/0,world\n::/0,world6\n2001:db8::/32,lab\n");
    let of = |address| owners.timeline(0, &EndFacts { address, ..EndFacts::default() });
    assert_eq!(of(address("198.51.100.127")), constant("partner"));
    assert_eq!(of(address("198.51.100.128")), constant("world"));
    assert_eq!(of(address("2001:db8::1")), constant("lab"));
    assert_eq!(of(address("2600::1")), constant("world6"));
    assert_eq!(of(ABSENT_ADDRESS), Timeline::constant(None));
}

#[test]
fn an_empty_cell_says_nothing_of_its_key_alone() {
    let table = read(&["resource,team,env\ni-1,,prod\nvpc-1,platform,test\n"]).unwrap();
    let owners = Owners::of(&keys(&["env", "team"]), &table, &[], &[]).unwrap();
    assert_eq!(owners.timeline(0, &end()), constant("prod"));
    assert_eq!(owners.timeline(1, &end()), constant("platform"));
    assert_eq!(owners.timeline(2, &end()), constant("tagged"), "there is no third key");
}

fn listed(resource: &str, value: &str) -> ResourceTags {
    ResourceTags { resource: resource.into(), tags: vec![("env".into(), "prod".into()), ("team".into(), value.into())] }
}

#[test]
fn a_row_goes_before_a_listed_tag_of_its_kind_and_behind_one_of_a_more_specific_kind() {
    let table = read(&["resource,team,valid_from\ni-1,row,2026-10-01\n"]).unwrap();
    let of = |tags: &[ResourceTags]| Owners::of(&keys(&["team"]), &table, tags, &[]).unwrap().timeline(0, &end());
    let expected = |first: &str| vec![(0, OCTOBER, first.to_owned()), (OCTOBER, u32::MAX, "row".to_owned())];
    assert_eq!(shown(&of(&[listed("i-1", "listed")])), expected("listed"));
    assert_eq!(shown(&of(&[listed("vpc-1", "listed")])), expected("listed"));
    assert_eq!(of(&[listed("eni-1", "listed")]), constant("listed"));
    assert_eq!(shown(&of(&[listed("eni-1", "")])), expected("tagged"), "an empty tag says nothing");
    assert_eq!(shown(&of(&[listed("rtb-1", "listed")])), expected("tagged"), "no end is a route table");
}

#[test]
fn what_stands_for_no_owner_is_no_owner() {
    for name in ["(unallocated)", "(external)", "(other)", "(total)"] {
        let error = read(&[&format!("resource,team,env\ni-1,web,prod\ni-2,shop,{name}\n")]).unwrap_err();
        assert_eq!(error.to_string(), format!("tags.csv, line 3: `{name}` is the name of rows that are no owner's"));
        let marked = constant(&format!("{name} (tag)"));
        let of = |tags: &[ResourceTags]| Owners::of(&keys(&["team"]), &TagTable::default(), tags, &keys(&["team"]));
        assert_eq!(of(&[listed("i-1", name)]).unwrap().timeline(0, &end()), marked);
        let tagged = EndFacts { tag: self::name(name), ..end() };
        assert_eq!(of(&[]).unwrap().timeline(0, &tagged), marked);
    }
    assert!(read(&["resource,team\ni-1,(Other)\ni-2,other\ni-3,(data)\n"]).is_ok());
}

#[test]
fn an_inventory_that_contradicts_itself_is_reported_and_its_first_word_counts() {
    let tags = [listed("i-1", "web"), listed("i-1", "web"), listed("i-1", "shop")];
    let owners = Owners::of(&keys(&["team"]), &TagTable::default(), &tags, &[]).unwrap();
    assert_eq!(owners.timeline(0, &end()), constant("web"));
    assert_eq!(owners.warnings, ["the inventory lists i-1 with team `web` and `shop`: using the first, `web`"]);
}

#[test]
fn a_key_that_nobody_has_is_answered_with_those_that_there_are() {
    let table = read(&["resource,team,Env\n"]).unwrap();
    let refused = |key: &str| {
        let error = Owners::of(&keys(&[key]), &table, &[listed("i-1", "web")], &keys(&["service"])).unwrap_err();
        (error.to_string(), error.hints().to_vec())
    };
    let (message, hints) = refused("taem");
    assert_eq!(message, "unknown owner key `taem`");
    assert_eq!(hints, ["did you mean `team`?", "the keys are Env, env, service, team"]);
    assert_eq!(refused("TEAM").1[0], "did you mean `team`?");
    for key in ["team", "Env", "env", "service"] {
        assert!(Owners::of(&keys(&[key]), &table, &[listed("i-1", "web")], &keys(&["service"])).is_ok(), "{key}");
    }
    let bare = Owners::of(&keys(&["team"]), &TagTable::default(), &[], &[]).unwrap_err();
    assert!(bare.hints()[0].starts_with("add a tag table"));
}

#[test]
fn each_fault_names_its_file_line_and_column() {
    for (text, shown) in [
        ("", "line 1: the header line is missing"),
        ("# nothing\n", "line 1: the header line is missing"),
        ("team,valid_from\n", "line 1, resource: the column is missing"),
        ("resource,valid_from,valid_to\n", "line 1: no owner key column, such as team"),
        ("resource,team,team\n", "line 1, team: duplicate column"),
        ("resource,team,Resource\n", "line 1, resource: duplicate column"),
        ("resource,team,\n", "line 1: column 3 has no name"),
        ("resource;team\n", "line 1: `resource;team` is one column"),
        ("resource,team,valid_form\n", "line 1: `valid_form` is neither a time column nor a key"),
        ("resource,team,Valid Until\n", "line 1: `Valid Until` is neither a time column nor a key"),
        ("resource,team,effective_to\n", "line 1: `effective_to` is neither a time column nor a key"),
        ("resource,team\nWeb-1,web\n", "line 2, resource: invalid resource `Web-1`"),
        ("resource,team\n10.0.0.1/16,web\n", "line 2, resource: `10.0.0.1/16` has host bits set"),
        ("resource,team\ni-1\n", "line 2: 1 cells where the header has 2"),
        ("resource,team\ni-1,a,b\n", "line 2: 3 cells where the header has 2"),
        ("resource,team\ni-1,\"web\ni-2,shop\n", "line 2: unterminated double quote"),
        ("resource,team,valid_from\ni-1,web,7d\n", "line 2, valid_from: `7d` is not a valid time"),
        ("resource,team,valid_from\ni-1,web,2026-02-30\n", "line 2, valid_from: `2026-02-30` is not a valid time"),
        (
            "resource,team,valid_to\ni-1,web,9999-12-31\n",
            "line 2, valid_to: `9999-12-31` is outside the years 1970 to 2106",
        ),
        (
            "resource,team,valid_from,valid_to\ni-1,web,2026-10-01,2026-10-01\n",
            "line 2, valid_to: the row ends before it starts",
        ),
        (
            "resource,team,valid_from,valid_to\ni-1,web,,2026-10-02\n\ni-1,shop,2026-10-01,\n",
            "line 4, team: i-1 is assigned to `shop` here and to `web` by line 2 at the same time",
        ),
        (
            "resource,team\n10.0.0.1,web\n10.0.0.1/32,shop\n",
            "line 3, team: 10.0.0.1 is assigned to `shop` here and to `web` by line 2 at the same time",
        ),
    ] {
        let error = read(&[text]).expect_err(text);
        assert_eq!(error.to_string(), format!("tags.csv, {shown}"));
        assert_eq!(error.exit(), crate::error::Exit::Usage);
        assert!(!error.hints().is_empty(), "{text}");
    }
}

#[test]
fn rows_that_overlap_are_reported_with_when_the_first_one_may_end() {
    let error = read(&[
        "resource,env,team,valid_from\ni-1,prod,shop,2026-10-01\n",
        "resource,team\n# the old one\n\ni-1,web\n",
    ])
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "more.csv, line 4, team: i-1 is assigned to `web` here and to `shop` by line 2 of tags.csv at the same time"
    );
    assert_eq!(error.hints(), ["set valid_to of line 4 to 2026-10-01T00:00:00Z"]);
}

#[test]
fn the_same_said_twice_is_a_warning_that_names_both_lines() {
    let table = "resource,team,env,valid_from,valid_to\n\
        i-1,web,prod,,2026-10-02\ni-1,web,,2026-10-01,2026-10-03\ni-1,shop,,2026-10-03,\n";
    let owners = owners(table);
    assert_eq!(owners.warnings, ["tags.csv, line 3, team: line 2 already assigns i-1 to `web`"]);
    let third = OCTOBER + 48 * HOUR;
    assert_eq!(
        shown(&owners.timeline(0, &end())),
        [(0, third, "web".to_owned()), (third, u32::MAX, "shop".to_owned())]
    );
    assert_eq!(read(&["resource,team\n"]).unwrap().warnings, ["tags.csv has no rows and so no owners"]);
}

#[test]
fn all_faults_are_reported_in_the_order_of_files_and_lines() {
    let error = read(&["resource,team,valid_to\nx,web,y\ni-1\n", "resource\n"]).unwrap_err();
    let hints: Vec<_> = error.hints().iter().map(|hint| hint.split(" (").next().unwrap()).collect();
    assert_eq!(error.to_string(), "tags.csv, line 2, resource: invalid resource `x`");
    assert_eq!(
        hints[1..],
        [
            "also line 2, valid_to: `y` is not a valid time",
            "also line 3: 1 cells where the header has 3",
            "also more.csv, line 1: no owner key column, such as team",
        ]
    );
    let many = format!("resource,team\n{}", "x,web\n".repeat(FAULTS_SHOWN_MAX + 2));
    assert_eq!(read(&[&many]).unwrap_err().hints().last().unwrap(), "and 2 faults more");
}

#[test]
fn lines_are_counted_over_comments_blank_lines_and_both_line_ends() {
    for (text, line) in [
        ("resource,team\r\ni-1,web\r\nx,web\r\n", 3),
        ("\u{feff}# ours\n\nresource,team\n#\n# more\n\nx,web", 7),
        ("resource,team\r\n# c\r\n\r\nx,web\r\n", 4),
        ("resource,team\n,\nx,web\n", 3),
    ] {
        let error = read(&[text]).expect_err(text).to_string();
        assert_eq!(error, format!("tags.csv, line {line}, resource: invalid resource `x`"), "{text:?}");
    }
}

#[test]
fn bytes_that_are_no_text_are_a_fault_with_their_line() {
    let refused = |text: &[u8]| TagTable::read([("tags.csv", text)]).unwrap_err();
    let error = refused(b"resource,team\ni-1,web\n\ni-2,\xff\nx,web\n");
    assert_eq!(error.to_string(), "tags.csv, line 4: the line is not UTF-8");
    assert_eq!(error.hints().len(), 2, "{:?}", error.hints());
    assert_eq!(refused(b"\xff\xfer\0e\0s\0\n\0").to_string(), "tags.csv, line 1: the file is UTF-16");
    assert_eq!(refused(b"resource,\"team\n\"\nx,web\n").to_string(), "tags.csv, line 1: unterminated double quote");
}

/// A row of a small random table: resource, owner (empty for none) and a stretch of seconds.
type Line = (&'static str, &'static str, u32, u32);

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let line = (prop::sample::select(&BY_RANK[..]), prop::sample::select(&["", "a", "b"][..]), 0..20_u32, 1..8_u32);
    prop::collection::vec(line.prop_map(|(resource, owner, from, size)| (resource, owner, from, from + size)), 0..9)
}

/// Who owns [`end`] at a second, or an error if two rows of a resource say different things of it then.
fn naive(lines: &[Line], listed: &BTreeMap<&str, &str>, second: u32) -> Result<String, ()> {
    let mut decided = None;
    for resource in BY_RANK {
        let holds = |line: &&Line| line.0 == resource && !line.1.is_empty() && (line.2..line.3).contains(&second);
        let mut owners: Vec<_> = lines.iter().filter(holds).map(|line| line.1).collect();
        owners.dedup();
        if owners.len() > 1 {
            return Err(());
        }
        decided = decided.or(owners.first().or(listed.get(resource)).copied());
    }
    Ok(decided.unwrap_or("tagged").to_owned())
}

proptest! {
    #[test]
    fn a_timeline_says_at_every_second_what_looking_through_the_rows_says(
        lines in lines(),
        tags in prop::collection::btree_map(prop::sample::select(&BY_RANK[..]), Just("c"), 0..3),
    ) {
        let mut table = "resource,team,valid_from,valid_to\n".to_owned();
        for (resource, owner, from, to) in &lines {
            table += &format!("{resource},{owner},{},{}\n", time::write(*from), time::write(*to));
        }
        let expected: Result<Vec<String>, ()> = (0..30).map(|second| naive(&lines, &tags, second)).collect();
        let read = read(&[&table]);
        prop_assert_eq!(read.is_ok(), expected.is_ok());
        let (Ok(read), Ok(expected)) = (read, expected) else { return Ok(()) };
        let tags: Vec<_> = tags.iter().map(|(resource, owner)| listed(resource, owner)).collect();
        let timeline = Owners::of(&keys(&["team"]), &read, &tags, &[]).unwrap().timeline(0, &end());
        let at: Vec<_> = (0..30).map(|second| timeline.at(second).unwrap().to_string()).collect();
        prop_assert_eq!(at, expected);
        let mut until = 0;
        for (from, to, _) in timeline.pieces() {
            prop_assert!(from == until && from < to);
            until = to;
        }
        prop_assert_eq!(until, u32::MAX);
    }

    #[test]
    fn no_text_panics(text in prop::collection::vec(
        "resource|team|valid_from|valid_to|i-1|10\\.0\\.0\\.0/|[0-9]{1,12}|2026-10-01|[\\x00-\\xff]{0,3}|,|\n|\r\n|\"|#",
        0..40,
    )) {
        drop(read(&[&text.concat()]));
        drop(read(&[&format!("resource,team,valid_to\n{}", text.concat())]));
        drop(Resource::parse(&text.concat()));
    }
}
