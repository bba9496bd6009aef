//! Rules on charges made by hand: what is recommended, at what saving, and what is not.

use std::sync::Arc;

use polars::prelude::{IntoColumn, NewChunkedArray, StringChunked};

use super::*;
use crate::price::GB_BYTES;
use crate::report::{Cell, Row};
use crate::schema::frame::{ints, milliseconds, times};
use crate::schema::output::{self, Output};
use crate::units::human::usd_exact;

/// 2026-10-01.
const OCTOBER: u32 = 1_790_812_800;
const EAST: &str = "us-east-1";

/// A row of traffic or of a charge on it: values of columns by name, and GB.
type Sent<'a> = (Vec<(Column, &'a str)>, u64);

fn column(column: Column, rows: &[Sent]) -> polars::prelude::Column {
    let value = |row: &Sent| row.0.iter().find(|(known, _)| *known == column).map(|(_, text)| (*text).to_owned());
    StringChunked::from_iter_options(column.name().into(), rows.iter().map(value)).into_column()
}

/// A frame of a need's keys.
fn frame(need: &Need, rows: &[Sent]) -> DataFrame {
    let is_text = |column: &Column| !matches!(column, Column::Day | Column::Hour | Column::Port | Column::ServiceSide);
    let keys = need.spec.keys.iter().map(|key| key.column);
    let mut columns: Vec<_> = keys.clone().filter(is_text).map(|key| column(key, rows)).collect();
    for key in keys.filter(|column| !is_text(column)) {
        let number = |row: &Sent| row.0.iter().find(|(known, _)| *known == key).and_then(|(_, text)| text.parse().ok());
        columns.push(match key {
            Column::Day | Column::Hour => times(key.name(), rows.iter().map(|_| Some(milliseconds(OCTOBER)))),
            _ => ints(key.name(), rows.iter().map(number)),
        });
    }
    columns.push(ints(output::BYTES.name, rows.iter().map(|row| Some(i128::from(row.1) * i128::from(GB_BYTES)))));
    DataFrame::new(rows.len(), columns).unwrap()
}

fn question() -> AdviseQuestion {
    AdviseQuestion {
        inventory: Inventory::default(),
        window: (None, None),
        prices: PriceTable::embedded().unwrap(),
        terms: PoolTerms::default(),
        cloudfront: None,
        owner: None,
        is_filtered: false,
        shape: AdviseShape { all: true, least_usd: 0, rows: None },
    }
}

/// The answer of a month of 730 covered hours, so that a window's amount is a month's.
fn answered(question: AdviseQuestion, rows: &[Sent]) -> Report {
    let mut frames = Frames::default();
    for need in question.plan() {
        if need.name == transfer::HOURS {
            let hours = (0..730).map(|hour| Some(milliseconds(OCTOBER + hour * 3600)));
            frames.add(need.name, DataFrame::new_infer_height(vec![times(Column::Hour.name(), hours)]).unwrap());
        } else {
            frames.add(need.name, frame(&need, rows));
        }
    }
    question.answer(frames).unwrap()
}

fn cell(row: &Row, column: Output) -> String {
    let place = table::COLUMNS.iter().position(|known| known.name == column.name).unwrap();
    match &row[place] {
        Cell::Absent => "-".to_owned(),
        Cell::Text(text) => text.to_string(),
        Cell::Integer(number) => number.to_string(),
        Cell::Amount { amount, .. } if *amount < 0 => format!("-{}", usd_exact(amount.unsigned_abs())),
        Cell::Amount { amount, .. } => usd_exact(amount.unsigned_abs()),
        other => format!("{other:?}"),
    }
}

/// Kind, resource, net and status of each row, and the total's net.
fn shown(report: &Report) -> Vec<String> {
    let columns = [output::RECOMMENDATION, output::RESOURCE, output::NET_MONTH_USD, output::STATUS];
    let line = |row: &Row| columns.map(|column| cell(row, column)).join(" ");
    report.tables[0].rows.iter().map(line).collect()
}

/// Traffic between two ends with what each is: interface, VPC, zone.
fn between<'a>(path: &'a str, src: [&'a str; 3], dst: [&'a str; 3]) -> Vec<(Column, &'a str)> {
    vec![
        (Column::Path, path),
        (Column::SrcInterface, src[0]),
        (Column::SrcVpc, src[1]),
        (Column::SrcZone, src[2]),
        (Column::SrcRegion, EAST),
        (Column::DstInterface, dst[0]),
        (Column::DstVpc, dst[1]),
        (Column::DstZone, dst[2]),
        (Column::DstRegion, EAST),
    ]
    .into_iter()
    .filter(|(_, text)| !text.is_empty())
    .collect()
}

/// The same rows with a charge each.
fn charged<'a>(of: &[(Column, &'a str)], charges: &[&'a str], gb: u64) -> Vec<Sent<'a>> {
    let with = |charge: &&'a str| {
        let to = if charge.starts_with("internet") { "internet" } else { "same" };
        let to = if ["nat-processing", "transit-gateway", "endpoint-processing"].contains(charge) { "any" } else { to };
        let more = [(Column::Charge, *charge), (Column::FromRegion, EAST), (Column::ToRegion, to)];
        (of.iter().copied().chain(more).collect(), gb)
    };
    charges.iter().map(with).collect()
}

/// From an interface in a zone through a NAT gateway in `az1`, with a service or the internet.
fn by_nat<'a>(zone: &'a str, path: &'a str, location: &'a str, region: &'a str) -> Vec<(Column, &'a str)> {
    let mut of = between(path, ["eni-1", "vpc-1", zone], ["", "", ""]);
    of.retain(|(column, _)| *column != Column::DstRegion);
    of.extend([
        (Column::DstLocation, location),
        (Column::Via, "nat"),
        (Column::NatGateway, "nat-1"),
        (Column::NatZone, "az1"),
    ]);
    of.extend((!region.is_empty()).then_some((Column::DstRegion, region)));
    of
}

fn of_kind<'r>(rows: &'r [String], kind: &str) -> Vec<&'r String> {
    rows.iter().filter(|row| row.starts_with(&format!("{kind} "))).collect()
}

#[test]
fn a_service_goes_by_the_endpoint_that_it_has() {
    let of = |service: &'static str, region: &'static str, path: &'static str| {
        charged(&by_nat("az1", path, service, region), &["nat-processing"], 1000)
    };
    let endpoints = |rows: &[Sent]| -> Vec<String> {
        let rows = shown(&answered(question(), rows));
        rows.into_iter().filter(|row| row.contains("-endpoint ")).collect()
    };
    assert_eq!(endpoints(&of("S3", EAST, "aws-service")), ["gateway-endpoint vpc-1 45.0000000000 recommended"]);
    assert_eq!(endpoints(&of("DYNAMODB", EAST, "aws-service")), ["gateway-endpoint vpc-1 45.0000000000 recommended"]);
    // 1,000 GB × (0.045 − 0.01) less 730 hours at 0.01.
    let interface = ["interface-endpoint vpc-1 27.7000000000 recommended"];
    assert_eq!(endpoints(&of("API_GATEWAY", EAST, "aws-service")), interface);
    assert_eq!(endpoints(&of("aws:amazon", EAST, "aws-service")), interface);
    // Another region's, everywhere's, and those that no endpoint serves.
    assert!(endpoints(&of("S3", "eu-west-1", "aws-service-cross-region")).is_empty());
    assert!(endpoints(&of("S3", "eu-west-1", "aws-service")).is_empty());
    assert!(endpoints(&of("aws:amazon", "", "aws-service")).is_empty());
    assert!(endpoints(&of("CLOUDFRONT_ORIGIN_FACING", EAST, "aws-service")).is_empty());
    // By an internet gateway there is nothing to save.
    let mut direct = by_nat("az1", "aws-service", "S3", EAST);
    direct.retain(|(column, _)| ![Column::Via, Column::NatGateway, Column::NatZone].contains(column));
    assert!(shown(&answered(question(), &[(direct, 1000)])).is_empty());
}

#[test]
fn where_no_vpc_is_known_regions_stay_apart_and_something_is_named() {
    let in_region = |region: &'static str| {
        let mut of = by_nat("az1", "aws-service", "S3", region);
        of.retain(|(column, _)| ![Column::SrcVpc, Column::SrcRegion].contains(column));
        of.push((Column::SrcRegion, region));
        let charge = [(Column::Charge, "nat-processing"), (Column::FromRegion, region), (Column::ToRegion, "any")];
        (of.into_iter().chain(charge).collect(), 1000)
    };
    let rows = shown(&answered(question(), &[in_region(EAST), in_region("eu-west-1")]));
    let gateway =
        ["gateway-endpoint nat-1 48.0000000000 recommended", "gateway-endpoint nat-1 45.0000000000 recommended"];
    assert_eq!(of_kind(&rows, "gateway-endpoint"), gateway);
}

#[test]
fn an_endpoint_that_costs_as_much_as_it_saves_is_not_recommended() {
    let rows = |gb| charged(&by_nat("az1", "aws-service", "API_GATEWAY", EAST), &["nat-processing"], gb);
    // 730 hours at 0.01 are 0.035 a GB of 208.57 GB.
    let status =
        |gb| shown(&answered(question(), &rows(gb))).into_iter().find(|row| row.starts_with("interface")).unwrap();
    assert_eq!(status(208), "interface-endpoint vpc-1 -0.0200000000 no-saving");
    assert_eq!(status(209), "interface-endpoint vpc-1 0.0150000000 recommended");
    let mut asked = question();
    asked.shape = AdviseShape { all: false, least_usd: 10_000_000_000, rows: None };
    let report = answered(asked, &rows(209));
    assert!(of_kind(&shown(&report), "interface-endpoint").is_empty());
    assert!(
        report.meta.notes.iter().any(|note| note.ends_with("left out: --all shows them")),
        "{:?}",
        report.meta.notes
    );
}

#[test]
fn a_nat_gateway_that_is_there_already_costs_nothing_more() {
    let legs = ["nat-processing", "inter-zone-out", "inter-zone-in"];
    let mut rows = charged(&by_nat("az2", "internet", "internet", ""), &legs, 3000);
    let nets = |rows: &[Sent]| -> Vec<String> {
        let shown = shown(&answered(question(), rows));
        let of =
            ["nat-per-zone", "regional-nat"].map(|kind| of_kind(&shown, kind).into_iter().cloned().collect::<Vec<_>>());
        // Whether IPv6 is better is not the question here.
        of.concat().iter().filter_map(|row| row.rsplit_once(' ')).map(|(row, _)| row.to_owned()).collect()
    };
    // 3,000 GB × 0.02 less an hour's 0.045 and 0.005 for 730 hours; a regional one is then in one zone, too.
    assert_eq!(nets(&rows), ["nat-per-zone vpc-1 23.5000000000", "regional-nat vpc-1 60.0000000000"]);
    let mut near = by_nat("az2", "internet", "internet", "");
    near.retain(|(column, _)| ![Column::NatGateway, Column::NatZone].contains(column));
    near.extend([(Column::NatGateway, "nat-2"), (Column::NatZone, "az2")]);
    rows.extend(charged(&near, &["nat-processing"], 1));
    assert_eq!(nets(&rows), ["nat-per-zone vpc-1 60.0000000000", "regional-nat vpc-1 96.5000000000"]);
    // A regional NAT gateway has no legs.
    let mut regional = by_nat("az2", "internet", "internet", "");
    regional.retain(|(column, _)| *column != Column::NatZone);
    assert!(nets(&charged(&regional, &["nat-processing"], 3000)).is_empty());
}

#[test]
fn bandwidth_is_whole_gbps_for_twice_the_busiest_hour() {
    assert_eq!(nat::gbps(0), 1);
    assert_eq!(nat::gbps(225_000_000_000), 1, "1 Gbps is 450 GB an hour, half of which may be the average");
    assert_eq!(nat::gbps(225_000_000_001), 2);
    // All in one hour: 30,000 GB are 143.2 Gbps at twice the average.
    let rows = charged(&by_nat("az1", "internet", "internet", ""), &["nat-processing"], 30_000);
    let shown = shown(&answered(question(), &rows));
    let provisioned = of_kind(&shown, "nat-provisioned-bandwidth");
    // 30,000 × 0.045 − 144 × 1.076 × 730.
    assert_eq!(provisioned, [&"nat-provisioned-bandwidth nat-1 -111759.1200000000 no-saving".to_owned()]);
}

#[test]
fn what_moves_takes_its_whole_traffic_along() {
    let cross = between("cross-zone", ["eni-1", "vpc-1", "az1"], ["eni-2", "vpc-1", "az2"]);
    let near = between("same-zone", ["eni-3", "vpc-1", "az1"], ["eni-1", "vpc-1", "az1"]);
    let mut rows = charged(&cross, &["inter-zone-out", "inter-zone-in"], 1000);
    rows.push((near, 400));
    let co_located = shown(&answered(question(), &rows));
    let expected = [
        "co-location eni-2 20.0000000000 recommended",
        // 1,000 GB × 0.02 less 400 GB × 0.02 that are free now.
        "co-location eni-1 12.0000000000 alternative",
    ];
    assert_eq!(co_located, expected);
    // Its NAT gateway stays behind: 1,500 GB cross zones then, which is more than is saved.
    rows.extend(charged(&by_nat("az1", "internet", "internet", ""), &["nat-processing"], 1500));
    let shown = shown(&answered(question(), &rows));
    assert!(
        of_kind(&shown, "co-location").contains(&&"co-location eni-1 -18.0000000000 no-saving".to_owned()),
        "{shown:?}"
    );
}

#[test]
fn a_peering_is_for_networks_that_do_not_overlap() {
    let pair = |zones: [&'static str; 2]| {
        charged(
            &between("transit-gateway", ["eni-1", "vpc-1", zones[0]], ["eni-2", "vpc-2", zones[1]]),
            &["transit-gateway"],
            100,
        )
    };
    let net = |zones| shown(&answered(question(), &pair(zones)));
    assert_eq!(net(["az1", "az1"]), ["peering vpc-1 ↔ vpc-2 2.0000000000 recommended"]);
    assert_eq!(net(["az1", "az2"]), ["peering vpc-1 ↔ vpc-2 0.0000000000 no-saving"]);
    assert_eq!(net(["az1", ""]), ["peering vpc-1 ↔ vpc-2 0.0000000000 no-saving"], "an unknown zone may be another");
    let network = |cidr: &str, vpc: &str| crate::join::tables::Network {
        prefix: crate::units::address::Prefix::parse(cidr).unwrap(),
        vpc: Some(vpc.into()),
        ..Default::default()
    };
    let of = |one: &str, other: &str| {
        let networks = vec![network(one, "vpc-1"), network(other, "vpc-2")];
        let tables = crate::join::tables::Tables { networks, ..Default::default() };
        let asked = AdviseQuestion { inventory: Inventory::of(&tables), ..question() };
        shown(&answered(asked, &pair(["az1", "az1"]))).len()
    };
    assert_eq!((of("10.0.0.0/16", "10.1.0.0/16"), of("10.0.0.0/16", "10.0.3.0/24")), (1, 0));
}

#[test]
fn private_addresses_help_inside_a_zone_between_own_ends() {
    let halves = ["public-address-out", "public-address-in"];
    let net = |src, dst| shown(&answered(question(), &charged(&between("public-address", src, dst), &halves, 100)));
    let (one, two, far) = (["eni-1", "vpc-1", "az1"], ["eni-2", "vpc-1", "az1"], ["eni-3", "vpc-1", "az2"]);
    assert_eq!(net(one, two), ["private-address eni-1 ↔ eni-2 2.0000000000 recommended"]);
    assert_eq!(net(one, far), ["private-address eni-1 ↔ eni-3 0.0000000000 no-saving"]);
    assert!(net(one, ["", "", ""]).is_empty(), "a stranger has no private address here");
}

#[test]
fn what_may_have_carried_something_is_not_idle() {
    use crate::join::tables::{KnownNatGateway, ListedEni, Role, Tables};
    let eni = |id: &str, role| ListedEni {
        id: id.into(),
        vpc: Some("vpc-1".into()),
        region: Some(EAST.into()),
        role,
        ..Default::default()
    };
    let tables = Tables {
        interfaces: vec![eni("eni-nat", Role::Nat), eni("eni-transit", Role::TransitGateway)],
        nat_gateways: vec![KnownNatGateway {
            id: "nat-9".into(),
            vpc: Some("vpc-1".into()),
            interfaces: vec!["eni-nat".into()],
            public: vec![1, 2],
            ..Default::default()
        }],
        ..Default::default()
    };
    let idle = |rows: &[Sent], logged: &[&str], is_filtered| -> Vec<String> {
        let mut frames = Frames::default();
        let asked = AdviseQuestion { inventory: Inventory::of(&tables), is_filtered, ..question() };
        for need in asked.plan() {
            let hours = (0..730).map(|hour| Some(milliseconds(OCTOBER + hour * 3600)));
            let hours = DataFrame::new_infer_height(vec![times(Column::Hour.name(), hours)]).unwrap();
            frames.add(need.name, if need.name == transfer::HOURS { hours } else { frame(&need, rows) });
        }
        frames.logged = Arc::new(Logged::with_interfaces(logged));
        let shown = shown(&asked.answer(frames).unwrap());
        of_kind(&shown, "idle").into_iter().cloned().collect()
    };
    let both = ["eni-nat", "eni-transit"];
    // 730 × (0.045 + 2 × 0.005), and 730 × 0.05.
    let found = ["idle nat-9 40.1500000000 recommended", "idle vpc-1 36.5000000000 recommended"];
    assert_eq!(idle(&[], &both, false), found);
    assert_eq!(idle(&[], &["eni-nat"], false), found[..1], "what is not logged may carry anything");
    assert_eq!(idle(&[], &both, true), [""; 0], "a filter leaves out what may be its traffic");
    let mut unnamed = by_nat("az1", "internet", "internet", "");
    unnamed.retain(|(column, _)| ![Column::NatGateway, Column::NatZone].contains(column));
    assert_eq!(idle(&charged(&unnamed, &["nat-processing"], 5), &both, false), found[1..]);
    let mut peered = between("peering-same-zone", ["eni-1", "vpc-1", "az1"], ["eni-2", "vpc-2", "az1"]);
    assert_eq!(idle(&[(peered.clone(), 5)], &both, false), found);
    peered.push((Column::Assumed, "other VPCs are reached through a peering connection"));
    assert_eq!(idle(&[(peered, 5)], &both, false), found[..1], "it may have gone by the transit gateway");
}

#[test]
fn what_has_no_price_is_unpriced_and_last() {
    let mut rows = charged(&by_nat("az1", "aws-service", "S3", EAST), &["nat-processing"], 1000);
    let cross = between("cross-zone", ["eni-8", "vpc-8", "cnn1-az1"], ["eni-9", "vpc-8", "cnn1-az2"]);
    for (mut row, gb) in charged(&cross, &["inter-zone-out", "inter-zone-in"], 1000) {
        row.retain(|(column, _)| ![Column::FromRegion, Column::SrcRegion, Column::DstRegion].contains(column));
        row.extend([Column::FromRegion, Column::SrcRegion, Column::DstRegion].map(|column| (column, "cn-north-1")));
        rows.push((row, gb));
    }
    let report = answered(AdviseQuestion { shape: AdviseShape::default(), ..question() }, &rows);
    let shown = shown(&report);
    assert_eq!(shown[0], "gateway-endpoint vpc-1 45.0000000000 recommended");
    assert_eq!(shown.last().unwrap(), "co-location eni-9 - unpriced");
    let note = "2 rows unpriced: inter-zone-out in cn-north-1 has no price (add prices with --prices FILE)";
    assert!(report.meta.notes.iter().any(|known| known == note), "{:?}", report.meta.notes);
}

#[test]
fn tiers_are_left_from_the_top() {
    let mut of = between("internet", ["eni-1", "vpc-1", "az1"], ["", "", ""]);
    of.extend([(Column::Port, "443"), (Column::ServiceSide, "0")]);
    let mut rows = charged(&of, &["internet-egress"], 10_000);
    let mut other = between("internet", ["eni-2", "vpc-1", "az1"], ["", "", ""]);
    other.extend([(Column::Port, "22"), (Column::ServiceSide, "0")]);
    rows.extend(charged(&other, &["internet-egress"], 5_000));
    let cloudfront = Some(Rate::parse("0.02").unwrap());
    let shown = shown(&answered(AdviseQuestion { cloudfront, ..question() }, &rows));
    // 15,000 GB cost 10,240 × 0.09 + 4,760 × 0.085 = 1,326.20, and 5,000 GB 450.00; CloudFront 10,000 × 0.02.
    assert_eq!(shown, ["cloudfront eni-1 676.2000000000 recommended"]);
}

#[test]
fn what_shares_charges_is_in_the_total_once() {
    let legs = ["nat-processing", "inter-zone-out", "inter-zone-in"];
    let rows = charged(&by_nat("az2", "internet", "internet", ""), &legs, 10_000);
    let report = answered(question(), &rows);
    let recommended: Vec<_> = shown(&report).into_iter().filter(|row| row.ends_with("recommended")).collect();
    let net = |row: &str| row.split(' ').nth(2).unwrap().parse::<f64>().unwrap();
    let sum: f64 = recommended.iter().map(|row| net(row)).sum();
    let total = report.tables[0].total.as_ref().unwrap();
    assert!((cell(total, output::NET_MONTH_USD).parse::<f64>().unwrap() - sum).abs() < 1e-9);
    let overlaps: Vec<_> = report.tables[0].rows.iter().map(|row| cell(row, output::OVERLAPS_WITH)).collect();
    assert!(recommended.len() < overlaps.len() && overlaps.iter().any(|rank| rank == "1"), "{overlaps:?}");
}

#[test]
fn no_hour_is_no_all_clear() {
    let mut frames = Frames::default();
    for need in question().plan() {
        let none = DataFrame::new_infer_height(vec![times(Column::Hour.name(), std::iter::empty())]).unwrap();
        frames.add(need.name, if need.name == transfer::HOURS { none } else { frame(&need, &[]) });
    }
    let report = question().answer(frames).unwrap();
    assert!(report.meta.incomplete && report.tables[0].rows.is_empty());
}
