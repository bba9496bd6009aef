//! Price lists in AWS's shape, made by us with SKUs of our own: what is taken, every trap by itself, and lists that do
//! not fit in memory.

use std::io::{BufReader, Read};

use proptest::prelude::*;

use super::super::tests::shared;
use super::super::{Charge, PriceTable};
use super::*;

const ABOUT: &str = "\"FormatVersion\",\"v1.0\"\n\"Disclaimer\",\"made for a test\"\n\
    \"Publication Date\",\"2026-09-04T23:11:17Z\"\n\"Version\",\"20260904231117\"\n\"OfferCode\",\"AWSDataTransfer\"\n";
const HEAD: &str = "\"SKU\",\"TermType\",\"EffectiveDate\",\"StartingRange\",\"EndingRange\",\"Unit\",\"PricePerUnit\",\
    \"Currency\",\"usageType\",\"operation\",\"From Region Code\",\"From Location\",\"To Location\"\n";

/// What lists give: rows as `charge from to start-end rate from..to`, and what was left out.
fn imported(lists: &[&str]) -> (Vec<String>, Vec<(Reason, u64)>) {
    let mut import = Import::default();
    for list in lists {
        import.read("test", list.as_bytes()).unwrap();
    }
    let imported = import.finish();
    // What comes out is always a table without faults.
    let rows: Vec<_> = imported.rows.iter().map(shown).collect();
    let left = imported.left_out.into_iter().map(|(reason, left)| (reason, left.rows)).collect();
    (rows, left)
}

fn shown(row: &PriceRow) -> String {
    use super::super::written_date;
    let PriceRow { charge, from, to, start_gb, end_gb, rate, effective_from, effective_to, .. } = row;
    let end = end_gb.map_or("Inf".to_owned(), |end| end.to_string());
    let rate = crate::units::human::usd_rate(rate.unwrap().rounded());
    let (since, until) = (written_date(*effective_from), effective_to.map(written_date).unwrap_or_default());
    format!("{} {from} {to} {start_gb}-{end} {rate} {since}..{until}", charge.name())
}

/// A list of lines of (usage type, start, end, price), on demand, in GB and USD.
fn list(lines: &[(&str, &str, &str, &str)]) -> String {
    let line = |(usage, start, end, price): &(&str, &str, &str, &str)| {
        format!(
            "\"SKU1\",\"OnDemand\",\"2026-09-01\",\"{start}\",\"{end}\",\"GB\",\"{price}\",\"USD\",\"{usage}\",,,,\n"
        )
    };
    format!("{ABOUT}{HEAD}{}", lines.iter().map(line).collect::<String>())
}

/// A list of one line, its cells in the order of [`HEAD`].
fn one(cells: [&str; 13]) -> String {
    format!("{ABOUT}{HEAD}\"{}\"\n", cells.join("\",\""))
}

const PLAIN: [&str; 13] =
    ["SKU1", "OnDemand", "2026-09-01", "0", "Inf", "GB", "0.0480000000", "USD", "EU-NatGateway-Bytes", "", "", "", ""];

/// What a line gives that differs from a plain one in one cell.
fn with(place: usize, cell: &str) -> (Vec<String>, Vec<(Reason, u64)>) {
    let mut cells = PLAIN;
    cells[place] = cell;
    imported(&[&one(cells)])
}

#[test]
fn tiers_of_a_list_become_a_ladder() {
    let (rows, left) = imported(&[&list(&[
        ("EU-DataTransfer-Out-Bytes", "10240", "Inf", "0.0850000000"),
        ("EU-DataTransfer-Out-Bytes", "0", "10240", "0.0900000000"),
    ])]);
    assert_eq!(
        rows,
        [
            "internet-egress eu-west-1 internet 0-10240 $0.09 2026-09-01..",
            "internet-egress eu-west-1 internet 10240-Inf $0.085 2026-09-01..",
        ]
    );
    assert_eq!(left, []);
}

#[test]
fn lines_about_the_list_come_before_the_names_of_columns() {
    let mut import = Import::default();
    import.read("test", one(PLAIN).as_bytes()).unwrap();
    assert_eq!(import.finish().rows[0].source, "AWSDataTransfer price list published 2026-09-04, SKU SKU1");
    let error = Import::default().read("test", ABOUT.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("no line has the columns"), "{error}");
}

#[test]
fn columns_go_by_name_in_any_case_and_place() {
    let text = format!(
        "{ABOUT}\"Price Per Unit\",\"usage type\",\"Sku\",\"UNIT\",\"Extra\"\n\"0.0480000000\",\"EU-NatGateway-Bytes\",\"S\",\"GB\",\"x\"\n"
    );
    assert_eq!(imported(&[&text]).0, ["nat-processing eu-west-1 any 0-Inf $0.048 2026-09-04.."]);
}

#[test]
fn empty_cells_without_quotes_are_empty() {
    let text = format!("{ABOUT}{HEAD}S,OnDemand,,,,GB,0.02,USD,EU-TransitGateway-Bytes,TransitGatewayVPC,,,\n");
    assert_eq!(imported(&[&text]), (vec![], vec![(Reason::Malformed, 1)]), "a tier without edges is none");
    let text = text.replace("OnDemand,,,,GB", "OnDemand,,0,Inf,GB");
    assert_eq!(imported(&[&text]).0, ["transit-gateway eu-west-1 any 0-Inf $0.02 2026-09-04.."], "the list's own date");
}

#[test]
fn other_terms_units_and_currencies_are_not_taken() {
    assert_eq!(with(1, "Reserved"), (vec![], vec![(Reason::Term, 1)]));
    assert_eq!(with(5, "Hrs"), (vec![], vec![(Reason::Unit, 1)]), "hours of a gateway cost what its bytes cost");
    assert_eq!(with(7, "CNY"), (vec![], vec![(Reason::Currency, 1)]));
    assert_eq!(with(5, "GigaBytes").0.len(), 1, "as transit gateways have it");
}

#[test]
fn what_cannot_be_read_is_damage() {
    for (place, cell) in [(6, "-0.048"), (6, "free"), (6, "0.12345678901"), (3, "ten"), (4, "0"), (2, "soon")] {
        assert_eq!(with(place, cell), (vec![], vec![(Reason::Malformed, 1)]), "{cell}");
    }
    assert!(Reason::Malformed.is_damage() && !Reason::Term.is_doubtful());
}

#[test]
fn a_list_that_is_cut_off_is_damage() {
    let text = one(PLAIN);
    let cut = &text[..text.len() - 40];
    assert_eq!(imported(&[cut]), (vec![], vec![(Reason::Malformed, 1)]));
}

#[test]
fn a_quote_that_takes_a_line_into_its_own_is_damage() {
    let line = format!("\"{}\"\n", PLAIN.join("\",\""));
    let open = format!("{}\n", line.trim_end().strip_suffix('"').unwrap());
    let text = format!("{ABOUT}{HEAD}{open}{line}");
    assert_eq!(imported(&[&text]), (vec![], vec![(Reason::Malformed, 1)]));
}

#[test]
fn zero_between_zones_inside_a_service_is_not_the_price_between_zones() {
    let (rows, left) = imported(&[&list(&[
        ("USE1-DataTransfer-xAZ-Out-Bytes", "0", "Inf", "0.0000000000"),
        ("USE1-DataTransfer-xAZ-In-Bytes", "0", "Inf", "0.0000000000"),
        ("DataTransfer-Regional-Bytes", "0", "Inf", "0.0100000000"),
    ])]);
    assert_eq!(
        rows,
        [
            "inter-zone-out us-east-1 same 0-Inf $0.01 2026-09-01..",
            "inter-zone-in us-east-1 same 0-Inf $0.01 2026-09-01..",
        ]
    );
    assert_eq!(left, [(Reason::InsideService, 2)]);
}

#[test]
fn accelerated_rows_beside_plain_ones_are_not_taken() {
    let (rows, left) = imported(&[&list(&[
        ("USE1-EU-AWS-Out-ABytes", "0", "Inf", "0.0400000000"),
        ("USE1-EU-AWS-Out-Bytes", "0", "Inf", "0.0200000000"),
    ])]);
    assert_eq!(rows, ["inter-region us-east-1 eu-west-1 0-Inf $0.02 2026-09-01.."]);
    assert_eq!(left, [(Reason::Accelerated, 1)]);
}

#[test]
fn one_region_in_a_pair_is_a_peering_and_not_the_internet() {
    assert_eq!(
        imported(&[&list(&[("USE2-AWS-Out-Bytes", "0", "Inf", "0.01")])]),
        (vec![], vec![(Reason::RegionPeering, 1)])
    );
}

#[test]
fn nat_gateways_have_decoys() {
    let (rows, left) = imported(&[&list(&[
        ("EU-RegionalNatGateway-Bytes", "0", "Inf", "0.0990000000"),
        ("EU-NatGateway-Prvd-Bytes", "0", "Inf", "0.0000000000"),
        ("EU-NatGateway-Hours", "0", "Inf", "0.0480000000"),
        ("EU-NatGateway-Bytes", "0", "Inf", "0.0480000000"),
    ])]);
    assert_eq!(rows, ["nat-processing eu-west-1 any 0-Inf $0.048 2026-09-01.."]);
    assert_eq!(left, [(Reason::OtherNat, 2), (Reason::Unit, 1)], "an hour is no GB");
}

#[test]
fn prices_by_the_hour_are_taken_in_hours() {
    let hours = |usage: &str, operation: &str, unit: &str, end: &str| {
        let mut cells = PLAIN;
        (cells[4], cells[5], cells[8], cells[9], cells[10]) = (end, unit, usage, operation, "");
        imported(&[&one(cells)])
    };
    for (usage, unit, charge) in [
        ("EU-NatGateway-Hours", "Hrs", "nat-hour"),
        ("EU-NatGateway-Prvd-Gbps", "Gbps-Hrs", "nat-provisioned-gbps-hour"),
        ("EU-VpcEndpoint-Hours", "Hrs", "endpoint-hour"),
        ("EU-TransitGateway-Hours", "hours", "transit-gateway-attachment-hour"),
        ("EU-PublicIPv4:InUseAddress", "Hrs", "public-ipv4-hour"),
    ] {
        let operation = if usage.contains("Transit") { "TransitGatewayVPC" } else { "" };
        let row = format!("{charge} eu-west-1 any 0-Inf $0.048 2026-09-01..");
        assert_eq!(hours(usage, operation, unit, "Inf"), (vec![row], vec![]), "{usage}");
    }
    let other = hours("EU-TransitGateway-Hours", "TransitGatewayVPN", "hour", "Inf");
    assert_eq!(other, (vec![], vec![(Reason::OtherAttachment, 1)]));
    assert_eq!(hours("EU-NatGateway-Hours", "", "Hrs", "750"), (vec![], vec![(Reason::HourTiers, 1)]));
    assert_eq!(hours("EU-NatGateway-Hours", "", "GB", "Inf"), (vec![], vec![(Reason::Unit, 1)]));
}

#[test]
fn a_row_that_several_regional_files_repeat_is_taken_once_by_where_it_is_from() {
    let file = |region: &str| {
        format!(
            "{ABOUT}SKU,usageType,Unit,PricePerUnit,Region Code,From Region Code\nS,EU-DataTransfer-Out-Bytes,GB,0.09,{region},eu-west-1\n"
        )
    };
    let (rows, left) = imported(&[&file("eu-west-1"), &file("ap-east-1")]);
    assert_eq!(rows, ["internet-egress eu-west-1 internet 0-Inf $0.09 2026-09-04.."]);
    assert_eq!(left, [(Reason::Repeated, 1)]);
}

#[test]
fn the_global_row_at_zero_is_the_free_tier_and_no_first_tier() {
    let mut cells = PLAIN;
    (cells[4], cells[6], cells[8], cells[11], cells[12]) =
        ("100", "0.0000000000", "DataTransfer-Out-Bytes", "Global", "External");
    assert_eq!(imported(&[&one(cells)]).0, ["internet-egress-free any internet 0-100 $0.00 2026-09-01.."]);
    cells[4] = "Inf";
    assert_eq!(imported(&[&one(cells)]), (vec![], vec![(Reason::FreeTier, 1)]));
}

#[test]
fn an_access_point_over_the_internet_is_no_pair_of_regions() {
    let mut cells = PLAIN;
    (cells[6], cells[8], cells[12]) = ("0.0033000000", "USE1-USW2-AWS-Out-Bytes", "External");
    assert_eq!(imported(&[&one(cells)]), (vec![], vec![(Reason::AccessPoint, 1)]));
}

#[test]
fn local_and_wavelength_zones_have_prices_of_their_own() {
    let text = format!(
        "{ABOUT}SKU,usageType,Unit,PricePerUnit,From Location Type\nS,USW2-DataTransfer-Out-Bytes,GB,0.09,AWS Local Zone\nS,USE1WL1ATL1-DataTransfer-Out-Bytes,GB,0.108,AWS Wavelength Zone\n"
    );
    let row = "internet-egress us-east-1-wl1-atl-wlz-1 internet 0-Inf $0.108 2026-09-04..";
    assert_eq!(imported(&[&text]), (vec![row.to_owned()], vec![(Reason::Zone, 1)]), "a zone under its Region's code");
}

#[test]
fn unknown_regions_are_doubtful() {
    assert_eq!(with(8, "XYZ1-NatGateway-Bytes"), (vec![], vec![(Reason::UnknownRegion, 1)]));
    assert_eq!(with(10, "us-east-1"), (vec![], vec![(Reason::Contradiction, 1)]));
    assert!(Reason::UnknownRegion.is_doubtful() && !Reason::UnknownRegion.is_damage());
}

#[test]
fn contradicting_prices_and_gaps_give_no_price() {
    let usage = "EU-DataTransfer-Out-Bytes";
    let conflict = |lines: &[(&str, &str, &str, &str)]| imported(&[&list(lines)]);
    let two = conflict(&[(usage, "0", "Inf", "0.09"), (usage, "0", "Inf", "0.08")]);
    assert_eq!(two, (vec![], vec![(Reason::Repeated, 1), (Reason::Conflict, 1)]));
    let gap = conflict(&[(usage, "0", "10", "0.09"), (usage, "20", "Inf", "0.08")]);
    assert_eq!(gap, (vec![], vec![(Reason::Conflict, 2)]));
    let usage = "EU-DataTransfer-Regional-Bytes";
    let halves = conflict(&[(usage, "0", "Inf", "0.01"), (usage, "0", "Inf", "0.02")]);
    assert_eq!(halves, (vec![], vec![(Reason::Repeated, 1), (Reason::Conflict, 1)]), "a row for two halves is one row");
}

#[test]
fn lists_of_several_dates_follow_each_other() {
    let dated = |date: &str, price: &str| {
        let mut cells = PLAIN;
        (cells[2], cells[6]) = (date, price);
        one(cells)
    };
    let (old, same, new) = (dated("2026-01-01", "0.05"), dated("2026-04-01", "0.05"), dated("2026-07-01", "0.048"));
    let expected = [
        "nat-processing eu-west-1 any 0-Inf $0.05 2026-01-01..2026-07-01",
        "nat-processing eu-west-1 any 0-Inf $0.048 2026-07-01..",
    ];
    assert_eq!(imported(&[&old, &same, &new]).0, expected);
    assert_eq!(imported(&[&new, &old, &same]).0, expected, "independent of file order");
}

/// An offer file as JSON with two products, one of them of ours.
const JSON: &str = r#"{"formatVersion":"v1.0","offerCode":"AmazonEC2","publicationDate":"2026-09-25T17:45:21Z","products":{
 "AAA":{"sku":"AAA","productFamily":"NAT Gateway","attributes":{"usagetype":"EU-NatGateway-Bytes","regionCode":"eu-west-1"}},
 "BBB":{"sku":"BBB","attributes":{"usagetype":"EU-BoxUsage:m7g.large"}}},
 "terms":{"OnDemand":{
  "AAA":{"AAA.T":{"effectiveDate":"2026-09-01T00:00:00Z","priceDimensions":{"AAA.T.R":{"unit":"GB","beginRange":"0","endRange":"Inf","pricePerUnit":{"USD":"0.0480000000"}}}}},
  "BBB":{"BBB.T":{"priceDimensions":{"BBB.T.R":{"unit":"Hrs","pricePerUnit":{"USD":"0.08"}}}}}},
 "Reserved":{"AAA":{"x":[1,{}]}}}}"#;

#[test]
fn json_gives_what_csv_gives() {
    let (rows, left) = imported(&[JSON]);
    assert_eq!(rows, ["nat-processing eu-west-1 any 0-Inf $0.048 2026-09-01.."]);
    assert_eq!(left, [(Reason::OtherMeter, 1), (Reason::Term, 1)]);
    let cny = JSON.replace("USD\":\"0.04", "CNY\":\"0.04");
    assert_eq!(imported(&[&format!("\u{feff} {JSON}")]).0, rows, "after a byte order mark");
    assert_eq!(imported(&[&cny]).1, [(Reason::OtherMeter, 1), (Reason::Term, 1), (Reason::Currency, 1)]);
}

#[test]
fn answers_of_the_query_interface_are_texts_of_json() {
    let answer = |usage: &str, unit: &str| {
        let terms = format!(
            r#"{{"OnDemand":{{"A.T":{{"effectiveDate":"2026-09-01T00:00:00Z","priceDimensions":{{"A.T.R":{{"unit":"{unit}","beginRange":"0","endRange":"Inf","pricePerUnit":{{"USD":"0.0480000000"}}}}}}}}}}}}"#
        );
        let product = format!(r#"{{"productFamily":"NAT Gateway","sku":"A","attributes":{{"usagetype":"{usage}"}}}}"#);
        let text = format!(
            r#"{{"product":{product},"serviceCode":"AmazonEC2","terms":{terms},"publicationDate":"2026-09-25T17:45:21Z"}}"#
        );
        serde_json::to_string(&text).unwrap()
    };
    let list = [answer("EU-NatGateway-Bytes", "GB"), answer("EU-NatGateway-Hours", "Hrs")].join(",");
    let (rows, left) = imported(&[&format!(r#"{{"FormatVersion":"aws_v1","PriceList":[{list}]}}"#)]);
    let hour = "nat-hour eu-west-1 any 0-Inf $0.048 2026-09-01..";
    assert_eq!(rows, ["nat-processing eu-west-1 any 0-Inf $0.048 2026-09-01..", hour]);
    assert_eq!(left, []);
    let error = Import::default().read("answer", r#"{"PriceList":["{}"]}"#.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("missing field `product`"), "{error}");
}

#[test]
fn json_that_is_no_price_list_or_damaged_stops_the_import() {
    let shown = |text: &str| Import::default().read("list", text.as_bytes()).unwrap_err().to_string();
    assert!(shown("{}").contains("no products"));
    assert!(shown(r#"{"terms":{}}"#).contains("terms come before its products"));
    assert!(shown(&JSON[..JSON.len() / 2]).contains("EOF"));
    assert!(shown(&format!("{JSON}x")).contains("trailing characters"));
    assert_eq!(shown("charge,from\n"), "list: not an AWS price list");
    assert_eq!(shown(""), "list: not an AWS price list");
}

proptest! {
    #[test]
    fn every_row_of_a_list_is_taken_or_left_out_and_what_is_taken_is_a_table(
        lines in prop::collection::vec(
            (
                prop::sample::select(vec![
                    "DataTransfer-Regional-Bytes", "EU-DataTransfer-Out-Bytes", "USE1-EU-AWS-Out-Bytes", "NatGateway-Hours",
                    "XX-NatGateway-Bytes", "EU-NatGateway-Bytes", "Global-DataTransfer-Out-Bytes", "EU-DataTransfer-Out-ABytes",
                ]),
                prop::sample::select(vec!["0", "10", "20", "x"]),
                prop::sample::select(vec!["10", "20", "Inf"]),
                prop::sample::select(vec!["0.01", "0.02", "0", "-1"]),
            ),
            0..20,
        ),
    ) {
        let mut import = Import::default();
        import.read("test", list(&lines).as_bytes()).unwrap();
        let imported = import.finish();
        let left: u64 = imported.left_out.iter().map(|(_, left)| left.rows).sum();
        prop_assert_eq!(imported.taken + left, lines.len() as u64);
        let mut places: Vec<_> = imported.rows.iter().map(|row| (row.place(), row.start_gb, row.effective_from)).collect();
        let rows = places.len();
        places.dedup();
        prop_assert_eq!(places.len(), rows);
    }

    #[test]
    fn no_list_panics_and_what_it_gives_has_no_faults(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        is_json in any::<bool>(),
    ) {
        let mut list = if is_json { JSON.as_bytes().to_vec() } else { one(PLAIN).into_bytes() };
        for (place, byte) in damage {
            let place = place.index(list.len());
            list[place] = byte;
        }
        list.truncate(list.len() - cut.index(20));
        let mut import = Import::default();
        if import.read("test", list.as_slice()).is_ok() {
            for row in import.finish().rows {
                prop_assert!(row.rate.is_some() && row.end_gb.is_none_or(|end| end > row.start_gb));
            }
        }
    }
}

/// A text that is made as it is read: a beginning, many times a middle with its number, an end.
struct Made {
    begin: String,
    middle: fn(u32) -> String,
    end: String,
    next: u32,
    times: u32,
    pending: Vec<u8>,
}

impl Read for Made {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.pending.is_empty() {
            let text = match self.next {
                0 => std::mem::take(&mut self.begin),
                next if next <= self.times => (self.middle)(next),
                _ => std::mem::take(&mut self.end),
            };
            self.next += 1;
            self.pending = text.into_bytes();
        }
        let taken = self.pending.len().min(buffer.len());
        buffer[..taken].copy_from_slice(&self.pending[..taken]);
        self.pending.drain(..taken);
        Ok(taken)
    }
}

/// What is kept of a list with this many lines of no use.
fn kept_of(times: u32, begin: String, middle: fn(u32) -> String, end: &str) -> (usize, Imported) {
    let made = Made { begin, middle, end: end.to_owned(), next: 0, times, pending: Vec::new() };
    let mut import = Import::default();
    import.read("made", BufReader::new(made)).unwrap();
    (format!("{import:?}").len(), import.finish())
}

#[test]
fn a_list_of_any_length_keeps_what_it_gives_and_counters() {
    let csv = |times| {
        let line = |_| {
            format!("\"{}\",\"OnDemand\",,\"0\",\"Inf\",\"Hrs\",\"0.1\",\"USD\",\"BoxUsage\",,,,\n", "X".repeat(200))
        };
        kept_of(times, one(PLAIN), line, "")
    };
    let (begin, end) = JSON.split_once("\n \"BBB\"").unwrap();
    let end = format!("\n \"BBB\"{end}");
    let json = |times| {
        let line = |number| {
            format!(
                "\n\"S{number}\":{{\"attributes\":{{\"usagetype\":\"BoxUsage\",\"memory\":\"{}\"}}}},",
                "x".repeat(200)
            )
        };
        kept_of(times, begin.to_owned(), line, &end)
    };
    for (few, many) in [(csv(10), csv(40_000)), (json(10), json(40_000))] {
        assert_eq!(few.1.rows, many.1.rows);
        assert_eq!(many.1.rows.len(), 1);
        assert!(many.0 < few.0 + 10, "{} bytes kept of many lines, {} of few", many.0, few.0);
    }
}

#[test]
fn a_quote_that_nobody_closes_is_reported_before_memory_ends() {
    let line = |_| format!("X{}\n", "x".repeat(1000));
    let made = Made {
        begin: one(PLAIN) + "\"",
        middle: line,
        end: String::new(),
        next: 0,
        times: 100_000,
        pending: Vec::new(),
    };
    let error = Import::default().read("made", BufReader::new(made)).unwrap_err();
    assert!(error.to_string().contains("more than 1048576 bytes"), "{error}");
}

#[test]
fn what_comes_out_is_a_table_without_faults() {
    let mut import = Import::default();
    import.read("test", JSON.as_bytes()).unwrap();
    let table = PriceTable::of_rows(import.finish().rows);
    assert!(table.look_up(Charge::NatProcessing, "eu-west-1", "any", 1_792_000_000).is_some());
}

#[test]
fn the_excerpts_of_real_lists_give_their_nat_prices() {
    let Some(folder) = shared("reference/pricelist") else { return };
    let mut import = Import::default();
    for file in ["ec2_nat_slice_20260904.csv", "ec2_offer_csv_20250912_excerpt.csv", "offer_json_shape_20260925.json"] {
        import.read(file, std::fs::read(folder.join(file)).unwrap().as_slice()).unwrap();
    }
    let imported = import.finish();
    let rows: Vec<_> = imported.rows.iter().map(shown).collect();
    assert_eq!(
        rows,
        [
            "nat-processing eu-west-1 any 0-Inf $0.048 2026-09-25..",
            "nat-processing eu-west-2 any 0-Inf $0.05 2026-09-04..",
            "nat-hour eu-west-1 any 0-Inf $0.052 2026-09-25..",
            "nat-hour eu-west-2 any 0-Inf $0.05 2026-09-04..",
            "nat-hour us-east-1 any 0-Inf $0.045 2026-09-04..",
        ]
    );
    let left: Vec<_> = imported.left_out.iter().map(|(reason, left)| (*reason, left.rows)).collect();
    assert_eq!(left, [(Reason::OtherNat, 2), (Reason::Term, 1)]);
}
