//! Worked examples that others published, to the cent.
//!
//! Examples that need more than prices (whose bytes they are, which gateways they cross) are not here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;
use crate::schema::{edge, region};
use crate::units::human;
use crate::units::time::{Zone, parse_moment};

/// A day on which every row of the embedded table is in force.
const DAY: &str = "2026-10-15";
/// A rate that the embedded table leaves out for want of a second source, as infracost published it.
const ALSO: &str = "charge,from,to,tier_start_gb,tier_end_gb,usd_per_gb,source\n\
    direct-connect,ap-east-1,EqDC2,0,,0.09,infracost\n";

fn moment(day: &str) -> u32 {
    parse_moment(day, 0, Zone::default()).unwrap()
}

fn table() -> PriceTable {
    PriceTable::embedded().unwrap().with_overrides(PriceTable::read("test", ALSO.as_bytes()).unwrap())
}

fn cost(charge: Charge, from: &str, to: &str, bytes: u64) -> Money {
    let table = table();
    let ladder = table.look_up(charge, from, to, moment(DAY)).unwrap();
    let steps = ladder.steps(bytes, Terms::default());
    assert!(steps.iter().all(|step| step.usd.is_some()), "{charge:?} {from} {to}: not all of it has a price");
    steps.iter().filter_map(|step| step.usd).sum()
}

/// Dollars and cents of so many GB.
fn dollars(charge: Charge, from: &str, to: &str, gb: u64) -> String {
    human::usd(cost(charge, from, to, gb * GB_BYTES).rounded())
}

/// Bytes of GB that a bill prints with decimals.
fn bytes_of(gb: &str) -> u64 {
    let (whole, fraction) = gb.split_once('.').unwrap_or((gb, "0"));
    let scale = 10_u128.pow(u32::try_from(fraction.len()).unwrap());
    let gb = whole.parse::<u128>().unwrap() * scale + fraction.parse::<u128>().unwrap();
    u64::try_from((gb * u128::from(GB_BYTES) + scale / 2) / scale).unwrap()
}

#[test]
fn egress_to_the_internet_by_its_tiers() {
    let egress = |from, gb| dollars(Charge::InternetEgress, from, "internet", gb);
    assert_eq!(egress("us-west-2", 157_000), "$11,741.20");
    assert_eq!(egress("us-east-1", 57_000), "$4,809.20");
    assert_eq!(egress("af-south-1", 157_000), "$20,881.28");
    assert_eq!(egress("ap-south-1", 10_240), "$1,119.23");
}

#[test]
fn the_tiers_of_an_example_one_by_one() {
    let table = table();
    let ladder = table.look_up(Charge::InternetEgress, "us-west-2", "internet", moment(DAY)).unwrap();
    let steps = ladder.steps(157_000 * GB_BYTES, Terms::default());
    let shown: Vec<_> = steps.iter().map(|step| human::usd(step.usd.unwrap().rounded())).collect();
    assert_eq!(shown, ["$921.60", "$3,481.60", "$7,168.00", "$170.00"]);
}

#[test]
fn zones_and_peerings_are_charged_at_both_ends() {
    let half = |charge, gb| cost(charge, "us-east-1", "us-east-1", gb * GB_BYTES);
    let zones = half(Charge::InterZoneOut, 1_000) + half(Charge::InterZoneIn, 1_000);
    assert_eq!(human::usd(zones.rounded()), "$20.00");
    assert_eq!(human::usd(half(Charge::PeeringZoneOut, 500).rounded()), "$5.00");
    let peering = half(Charge::PeeringZoneOut, 500) + half(Charge::PeeringZoneIn, 500);
    assert_eq!(human::usd(peering.rounded()), "$10.00");
}

#[test]
fn pairs_of_regions() {
    let pair = |from, to, gb| dollars(Charge::InterRegion, from, to, gb);
    assert_eq!(pair("us-east-1", "us-east-2", 500), "$5.00");
    assert_eq!(pair("us-east-1", "us-west-2", 750), "$15.00");
    assert_eq!(pair("sa-east-1", "us-west-1", 750), "$103.50");
    assert_eq!(pair("me-south-1", "us-west-1", 750), "$82.88", "82.875, half up");
}

#[test]
fn gateways_and_endpoints() {
    let nat = |gb| dollars(Charge::NatProcessing, "us-east-1", "any", gb);
    assert_eq!([100, 2_048, 20_480, 5_000].map(nat), ["$4.50", "$92.16", "$921.60", "$225.00"]);
    let nat = cost(Charge::NatProcessing, "us-east-1", "any", bytes_of("20167.32"));
    assert_eq!(human::usd(nat.rounded()), "$907.53");
    assert_eq!(dollars(Charge::TransitGateway, "us-east-1", "any", 100), "$2.00");
    assert_eq!(dollars(Charge::TransitGateway, "ap-northeast-1", "any", 50), "$1.00");
    // With edges at round millions it would be 42,000.00.
    assert_eq!(dollars(Charge::EndpointProcessing, "us-east-1", "any", 7_000_000), "$42,680.06");
    let third_party = cost(Charge::NatProcessing, "us-east-1", "any", GB_BYTES)
        + cost(Charge::InternetEgress, "us-east-1", "internet", GB_BYTES);
    assert_eq!(human::usd_rate(third_party.rounded()), "$0.135");
}

#[test]
fn direct_connect_by_its_location() {
    let out = |from, gb| dollars(Charge::DirectConnect, from, "EqDC2", gb);
    assert_eq!(
        [out("us-east-1", 200), out("eu-west-1", 1_000), out("ap-east-1", 3_000)],
        ["$4.00", "$28.20", "$270.00"]
    );
}

#[test]
fn a_gb_is_two_to_the_thirty() {
    let egress = |from, bytes| human::usd(cost(Charge::InternetEgress, from, "internet", bytes).rounded());
    assert_eq!(egress("eu-west-1", 500 * 8_192 * 2_628_000), "$902.25", "with 10^9 it would be 968.79");
    assert_eq!(egress("us-east-1", 1_000_000_000_000), "$83.82", "with 10^9 it would be 90.00");
}

#[test]
fn lines_of_real_bills() {
    for (gb, rate, usd) in [
        ("2023.848", "0.059", "$119.41"),
        ("301.134", "0.059", "$17.77"),
        ("1961.881", "0.126", "$247.20"),
        ("107.630", "0.01", "$1.08"),
        ("11.440", "0.09", "$1.03"),
        ("1.299", "0.114", "$0.15"),
    ] {
        assert_eq!(human::usd(Rate::parse(rate).unwrap().of(bytes_of(gb)).rounded()), usd, "{gb} GB at {rate}");
    }
}

/// The folder of material that lies beside the repository, if it does.
pub(super) fn shared(path: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let found =
        ["../shared", "../../shared"].map(|shared| root.join(shared).join(path)).into_iter().find(|path| path.exists());
    if found.is_none() {
        eprintln!("skipped: there is no ../shared/{path}");
    }
    found
}

#[test]
fn every_line_of_the_focus_sample_costs_what_it_says() {
    let Some(path) = shared("billing-samples/focus_sample_aws_datatransfer.csv") else { return };
    let mut reader = csv::Reader::from_path(path).unwrap();
    let names = reader.headers().unwrap().clone();
    let place = |name: &str| names.iter().position(|column| column == name).unwrap();
    let (quantity, price, list) = (place("PricingQuantity"), place("ListUnitPrice"), place("ListCost"));
    let mut lines = 0;
    for line in reader.records() {
        let line = line.unwrap();
        let usd = Rate::parse(&line[price]).unwrap().of(bytes_of(&line[quantity])).rounded();
        // Quantities are printed with eleven decimals of a GB, which is less than a byte; costs with ten of a dollar.
        let stated = Rate::parse(line[list].trim_end_matches('0').trim_end_matches('.')).unwrap().rounded();
        assert!(usd.abs_diff(stated) <= 1, "{line:?}: {usd} and {stated}");
        lines += 1;
    }
    assert_eq!(lines, 547);
}

/// The lines of a CSV by the names of their columns.
fn lines_of(path: &Path) -> Vec<std::collections::HashMap<String, String>> {
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

/// The words of the collected facts, and those of the table.
const WORDS: [(&str, &[Charge], Option<&str>); 12] = [
    ("internet_egress", &[Charge::InternetEgress], None),
    ("internet_egress_free_tier", &[Charge::InternetEgressFree], None),
    ("inter_region", &[Charge::InterRegion], None),
    ("inter_az_each_direction", &[Charge::InterZoneOut, Charge::InterZoneIn], Some(SAME)),
    ("vpc_peering_cross_az_each_direction", &[Charge::PeeringZoneOut, Charge::PeeringZoneIn], Some(SAME)),
    ("public_or_eip_same_region_each_direction", &[Charge::PublicAddressOut, Charge::PublicAddressIn], Some(SAME)),
    ("nat_gateway_processing", &[Charge::NatProcessing], Some(ANY)),
    ("transit_gateway_processing", &[Charge::TransitGateway], Some(ANY)),
    ("interface_endpoint_processing", &[Charge::EndpointProcessing], Some(ANY)),
    ("gwlb_endpoint_processing", &[Charge::GwlbEndpointProcessing], Some(ANY)),
    ("local_zone_to_az_each_direction", &[Charge::LocalZoneOut, Charge::LocalZoneIn], Some(SAME)),
    ("direct_connect_out", &[Charge::DirectConnect], None),
];

/// A location as the pricing feed names it, by its buildings; bills have its code.
const LOCATION: &str = "dx:Equinix DC1 - DC6 & DC10 - DC11";

#[test]
fn every_embedded_price_is_a_published_fact() {
    let Some(path) = shared("reference/prices.csv") else { return };
    let gb = |text: &str| text.parse::<u64>().ok();
    let mut facts = BTreeSet::new();
    for line in lines_of(&path).iter().filter(|line| line["confidence"] != "unknown") {
        let Some((_, charges, to)) = WORDS.iter().find(|(word, ..)| *word == line["charge"]) else { continue };
        let from = line["from_region"].replace("ANY", ANY);
        let to = to.unwrap_or(&line["to_region"]).replace(LOCATION, "EqDC2");
        let rate = Rate::parse(&line["usd_per_gb"]).ok();
        let tier = (gb(&line["tier_start_gb"]).unwrap(), gb(&line["tier_end_gb"]), rate);
        // The row of Los Angeles was read under the usage type that other Local Zones' transfer has.
        let is_local = edge::parent(&from).is_some() && charges[0] == Charge::InterZoneOut;
        let charges = if is_local { &[Charge::LocalZoneOut, Charge::LocalZoneIn] } else { *charges };
        facts.extend(charges.iter().map(|charge| ((*charge, from.clone(), to.clone()), tier)));
    }
    for line in zone_lines() {
        let (charge, to) = if line["charge"] == "inter_region" {
            (Charge::InterRegion, feed_name(&line["to_zone_or_region"]))
        } else {
            (Charge::InternetEgress, INTERNET.to_owned())
        };
        let tier =
            (gb(&line["tier_start_gb"]).unwrap(), gb(&line["tier_end_gb"]), Rate::parse(&line["usd_per_gb"]).ok());
        facts.insert(((charge, feed_name(&line["from_zone_or_region"]), to), tier));
    }
    let table = PriceTable::embedded().unwrap();
    // The collected facts are per GB; those per hour have a test of their own.
    let rows = table.rows().filter(|row| !row.charge.is_hourly());
    // A pair of a zone that is inferred has the price of its Region's: see the test of zones.
    let rows =
        rows.filter(|row| row.confidence != Some(Confidence::Inferred) || edge::region_of(&row.from) == row.from);
    let rows = rows.filter(|row| row.confidence != Some(Confidence::Inferred) || edge::region_of(&row.to) == row.to);
    let rows = rows.map(|row| (row.place(), (row.start_gb, row.end_gb, row.rate)));
    // A fact of any region is embedded for those whose prices are in US dollars.
    let is_fact = |row: &(_, _)| {
        let ((charge, _, to), tier): &((Charge, String, String), _) = row;
        facts.contains(row) || facts.contains(&((*charge, ANY.to_owned(), to.clone()), *tier))
    };
    let others: Vec<_> = rows.filter(|row| !is_fact(row)).collect();
    assert!(others.is_empty(), "{} of the embedded rows are no facts: {others:?}", others.len());
}

/// The lines of the collected facts of Local and Wavelength Zones, if they are there.
fn zone_lines() -> Vec<std::collections::HashMap<String, String>> {
    shared("reference/prices-zones.csv").map(|path| lines_of(&path)).unwrap_or_default()
}

/// A place as the pricing feed names it: `us-east-1-wl1-nyc1`, and `us-east-1-wl1` for the first of a Region.
fn feed_name(place: &str) -> String {
    let first = [("us-east-1-wl1", "us-east-1-wl1-bos-wlz-1"), ("us-west-2-wl1", "us-west-2-wl1-sfo-wlz-1")];
    if let Some((_, name)) = first.iter().find(|(feed, _)| *feed == place) {
        return (*name).to_owned();
    }
    let at = place.len() - 1;
    if place.contains("-wl") { format!("{}-wlz-{}", &place[..at], &place[at..]) } else { place.to_owned() }
}

/// The feed has every pair that it names at one price. Its zeros (99, of which 16 are between two Regions) are gaps and
/// no prices: what of them is priced is inferred, what stays in a Region is not.
#[test]
fn zones_have_the_prices_of_the_feed() {
    let table = PriceTable::embedded().unwrap();
    let rate = |charge, from: &str, to: &str| {
        let ladder = table.look_up(charge, from, to, moment(DAY))?;
        ladder.rows()[0].rate
    };
    let mut pairs = 0;
    for line in zone_lines().iter().filter(|line| line["charge"] == "inter_region") {
        let [from, to] = ["from_zone_or_region", "to_zone_or_region"].map(|side| feed_name(&line[side]));
        let listed = Rate::parse(&line["usd_per_gb"]).ok();
        let is_inside = edge::region_of(&from) == edge::region_of(&to);
        let is_half = is_inside && edge::parent(&from) == Some(&*to) && !edge::is_wavelength(&from);
        let expected = match listed {
            Some(zero) if zero == Rate::default() && is_inside => None,
            // From a Local Zone to its Region both halves of it have a price of their own.
            _ if is_half => None,
            Some(zero) if zero == Rate::default() => {
                rate(Charge::InterRegion, edge::region_of(&from), edge::region_of(&to))
            }
            listed => listed,
        };
        assert_eq!(rate(Charge::InterRegion, &from, &to), expected, "{from} to {to}");
        pairs += 1;
    }
    assert!(pairs == 0 || pairs == 5_422, "{pairs}");
    for group in edge::groups() {
        let region = edge::region_of(group);
        for charge in [Charge::InternetEgress, Charge::LocalZoneOut, Charge::LocalZoneIn] {
            let to = if charge == Charge::InternetEgress { INTERNET } else { SAME };
            let is_own = table.look_up(charge, group, to, moment(DAY)).unwrap().rows()[0].from == group;
            assert_eq!(is_own, charge == Charge::InternetEgress || !edge::is_wavelength(group), "{group}");
        }
        for other in region::codes().filter(|code| !code.starts_with(NOT_IN_USD) && *code != region) {
            for (from, to) in [(group, other), (other, group)] {
                assert!(rate(Charge::InterRegion, from, to).is_some(), "{from} to {to}");
                let ladder = table.look_up(Charge::InterRegion, from, to, moment(DAY)).unwrap();
                if ladder.rows()[0].confidence == Some(Confidence::Inferred) {
                    let regions = rate(Charge::InterRegion, edge::region_of(from), edge::region_of(to));
                    assert_eq!(ladder.rows()[0].rate, regions, "{from} to {to}");
                }
            }
        }
    }
}

/// What is per hour, by readings of AWS's price lists and by the law that holds in all of them: an hour of a NAT gateway
/// has the price of its GB.
#[test]
fn prices_by_the_hour_are_those_of_price_lists() {
    let table = PriceTable::embedded().unwrap();
    let hourly = |charge, from| table.hourly(charge, from, moment(DAY));
    for from in region::codes().filter(|code| !code.starts_with(NOT_IN_USD)) {
        let gb = table.look_up(Charge::NatProcessing, from, ANY, moment(DAY)).unwrap().rows()[0].rate;
        assert_eq!(hourly(Charge::NatHour, from), gb, "{from}");
        assert_eq!(hourly(Charge::PublicAddressHour, from), Rate::parse("0.005").ok(), "{from}");
    }
    assert_eq!(hourly(Charge::NatProvisionedHour, "us-east-1"), Rate::parse("1.076").ok());
    assert_eq!(hourly(Charge::NatProvisionedHour, "us-east-2"), None, "it is not sold there");
    assert_eq!(hourly(Charge::EndpointHour, "eu-central-1"), Rate::parse("0.012").ok());
    assert_eq!(hourly(Charge::TransitGatewayHour, "ap-northeast-1"), Rate::parse("0.07").ok());
    assert_eq!(hourly(Charge::NatHour, "cn-north-1"), None);
    assert_eq!(human::usd(hourly(Charge::NatHour, "us-east-1").unwrap().of_hours(730).rounded()), "$32.85");
    let Some(path) = shared("reference/pricelist/ec2_nat_slice_20260904.csv") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let mut read = 0;
    for line in text.lines().filter(|line| line.contains("-NatGateway-Hours") || line.contains(",\"NatGateway-Hours")) {
        let cells: Vec<_> = line.split(',').map(|cell| cell.trim_matches('"')).collect();
        assert_eq!(hourly(Charge::NatHour, cells[7]), Rate::parse(cells[3]).ok(), "{line}");
        read += 1;
    }
    assert_eq!(read, 2);
}

#[test]
fn readings_of_real_price_lists_import_to_what_is_embedded() {
    let Some(path) = shared("reference/pricelist/transcribed_rates_2026.csv") else { return };
    let mut list =
        "FormatVersion,v1.0\nSKU,usageType,StartingRange,EndingRange,Unit,PricePerUnit,EffectiveDate\n".to_owned();
    for line in lines_of(&path) {
        let cells = ["usagetype", "begin_gb", "end_gb", "unit", "usd"].map(|name| line[name].as_str());
        list += &format!("{},{},2026-09-01\n", line["region"], cells.join(","));
    }
    let mut import = offer::Import::default();
    import.read("readings", list.as_bytes()).unwrap();
    let table = PriceTable::embedded().unwrap();
    let imported = import.finish();
    for row in &imported.rows {
        let ladder = table.look_up(row.charge, &row.from, &row.to, moment(DAY));
        let embedded = ladder.and_then(|ladder| ladder.rows().iter().find(|own| own.start_gb == row.start_gb).copied());
        let embedded = embedded.map(|own| (own.end_gb, own.rate));
        assert_eq!(embedded, Some((row.end_gb, row.rate)), "{row:?}");
    }
    assert_eq!(imported.rows.len(), 28, "every meter of ours, both halves of a zone's apart");
    assert!(imported.left_out.iter().all(|(reason, _)| !reason.is_doubtful()), "{:?}", imported.left_out);
}

/// Regions whose prices AWS lists in another currency.
const NOT_IN_USD: &str = "cn-";

#[test]
fn every_charge_in_every_region_has_a_price() {
    let table = PriceTable::embedded().unwrap();
    let regions: Vec<&str> = region::codes().filter(|code| !code.starts_with(NOT_IN_USD)).collect();
    assert_eq!(regions.len(), 36);
    let day = moment(DAY);
    let is_whole = |charge: Charge, from: &str, to: &str| {
        let ladder = table.look_up(charge, from, to, day);
        ladder.is_some_and(|ladder| ladder.steps(1 << 60, Terms::default()).iter().all(|step| step.usd.is_some()))
    };
    for from in &regions {
        let inside = Charge::names().filter_map(Charge::of_name).filter(|charge| {
            // Provisioned bandwidth is sold in a few regions.
            let elsewhere = Charge::NatProvisionedHour;
            ![Charge::InterRegion, Charge::InternetEgressFree, Charge::DirectConnect, elsewhere].contains(charge)
        });
        for charge in inside {
            let to = if charge == Charge::InternetEgress { INTERNET } else { *from };
            assert!(is_whole(charge, from, to), "{} {from}", charge.name());
        }
        for to in regions.iter().filter(|to| *to != from) {
            assert!(is_whole(Charge::InterRegion, from, to), "{from} to {to}");
        }
    }
}

#[test]
fn no_embedded_price_is_for_regions_of_another_currency() {
    let table = PriceTable::embedded().unwrap();
    for region in region::codes().filter(|code| code.starts_with(NOT_IN_USD)).chain(["eusc-de-east-1"]) {
        for charge in Charge::names().filter_map(Charge::of_name).filter(|one| *one != Charge::InternetEgressFree) {
            for to in [INTERNET, region, "us-east-1", ANY, "EqDC2"] {
                assert_eq!(table.look_up(charge, region, to, moment(DAY)), None, "{} {region} {to}", charge.name());
            }
        }
    }
}

#[test]
fn every_embedded_price_says_how_it_is_known() {
    let table = PriceTable::embedded().unwrap();
    assert!(table.rows().count() > 1700);
    for row in table.rows() {
        assert!(row.confidence.is_some() && row.as_of.is_some() && row.source.len() > 10, "{row:?}");
    }
}
