//! `outflow advise` on the estate: what it predicts is what the same traffic costs less once the change is made, and
//! what cannot be saved is not recommended.

use std::path::Path;

use super::read::{Row, generate, report, rows};

const TABLES: &str = "--network tables/network.csv --network tables/aws --tags tables/tags.csv --ip-ranges \
                      tables/ip-ranges.json --quiet -o json";
/// Two days with business, drawn so that a change of a route changes nothing else.
const DAYS: &str = "--seed 3 --days 2 --busy --formats v5";
const DAYS_HOURS: f64 = 48.0;
const MONTH_HOURS: f64 = 730.0;
/// The most that a prediction may differ from what comes about: a hundredth.
const ERROR_MAX: f64 = 0.01;

/// What the traffic costs in all.
fn cost(folder: &Path) -> f64 {
    let answer = report(folder, &format!("cost logs-v5 --top all {TABLES}"));
    rows(&answer, "cost").iter().map(|row| usd(row, "usd")).sum()
}

/// Whether a candidate is the one that a change makes.
type Matches<'a> = Box<dyn Fn(&Row) -> bool + 'a>;

/// The candidates, and the parts of each by its rank.
struct Advised {
    candidates: Vec<Row>,
    parts: Vec<Row>,
}

fn advised(folder: &Path, flags: &str) -> Advised {
    let answer = report(folder, &format!("advise logs-v5 --all --min-usd 0 --top all {flags} {TABLES}"));
    Advised { candidates: rows(&answer, "recommendations"), parts: rows(&answer, "parts") }
}

impl Advised {
    fn of(&self, kind: &str) -> Vec<&Row> {
        self.candidates.iter().filter(|row| row["recommendation"] == kind).collect()
    }

    /// What a candidate's bytes save in the two days. Hours of gateways are in no flow log.
    fn window(&self, candidate: &Row) -> f64 {
        let own = self.parts.iter().filter(|part| part["rank"] == candidate["rank"] && part["gateway_hours"] == "0");
        -own.map(|part| usd(part, "change_month_usd")).sum::<f64>() * DAYS_HOURS / MONTH_HOURS
    }
}

fn usd(row: &Row, column: &str) -> f64 {
    if row[column].is_empty() { 0.0 } else { row[column].parse().expect("dollars") }
}

/// The id of a VPC or an instance by its name.
fn id(folder: &Path, name: &str) -> String {
    let simulated = super::read::Simulated::without_logs(folder);
    let network = simulated.tables["network"].iter().find(|row| row["name"] == name).map(|row| row["vpc"].clone());
    let of = |column: &str| {
        simulated.truth("interfaces").iter().find(|row| row["name"] == name).map(|row| row[column].clone())
    };
    network.or_else(|| of("instance").filter(|instance| !instance.is_empty())).or_else(|| of("interface")).expect(name)
}

#[test]
fn a_predicted_saving_is_what_the_same_traffic_costs_less_after_the_change() {
    let before = tempfile::tempdir().expect("a scratch folder");
    generate(before.path(), &format!("{DAYS} --changed none"));
    let before = before.path();
    let (advised, cost_before) = (advised(before, ""), cost(before));
    let of = |name: &str| id(before, name);
    let (shop, stage, hub) = (of("shop"), of("stage"), of("hub"));
    let pair = |one: &str, other: &str| {
        let mut pair = [one, other];
        pair.sort_unstable();
        pair.join(" ↔ ")
    };
    let (app, bastion) = (of("app-3"), simulated_interface(before, "bastion"));
    let publics: Vec<String> =
        ["web-1", "web-2", "web-3"].iter().map(|name| pair(&simulated_interface(before, name), &bastion)).collect();
    let changes: [(&str, Matches<'_>); 7] = [
        ("gateway-endpoint", Box::new(|row| row["resource"] == stage)),
        ("interface-endpoint", Box::new(|row| row["resource"] == shop)),
        ("co-location", Box::new(|row| row["resource"] == app && row["action"].contains("to use1-az1"))),
        ("nat-per-zone", Box::new(|row| row["resource"] == shop)),
        ("peering", Box::new(|row| row["resource"] == pair(&shop, &hub))),
        ("private-address", Box::new(|row| publics.contains(&row["resource"]))),
        ("ipv6", Box::new(|row| row["resource"] == shop)),
    ];
    for (kind, is_it) in changes {
        let candidates: Vec<_> = advised.of(kind).into_iter().filter(|row| is_it(row)).collect();
        assert!(!candidates.is_empty(), "{kind}: nothing of it");
        let predicted: f64 = candidates.iter().map(|row| advised.window(row)).sum();
        let after = tempfile::tempdir().expect("a scratch folder");
        generate(after.path(), &format!("{DAYS} --changed {kind}"));
        let dropped = cost_before - cost(after.path());
        assert!(predicted > 0.0005, "{kind}: {predicted}");
        assert!((predicted - dropped).abs() <= ERROR_MAX * dropped, "{kind}: predicted {predicted}, dropped {dropped}");
    }
}

fn simulated_interface(folder: &Path, name: &str) -> String {
    let simulated = super::read::Simulated::without_logs(folder);
    simulated.truth("interfaces").iter().find(|row| row["name"] == name).expect(name)["interface"].clone()
}

#[test]
fn a_change_that_was_made_is_recommended_no_more() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let made = "gateway-endpoint,nat-per-zone,peering,private-address";
    generate(scratch.path(), &format!("{DAYS} --changed {made}"));
    let (advised, of) = (advised(scratch.path(), ""), |name: &str| id(scratch.path(), name));
    let (shop, stage, hub) = (of("shop"), of("stage"), of("hub"));
    for (kind, vpcs) in
        [("gateway-endpoint", vec![stage]), ("nat-per-zone", vec![shop.clone()]), ("peering", vec![shop, hub])]
    {
        let again: Vec<_> = advised.of(kind);
        let again = again.iter().find(|row| vpcs.iter().all(|vpc| row["resource"].contains(vpc.as_str())));
        assert_eq!(again, None, "{kind}");
    }
    assert_eq!(advised.of("private-address"), Vec::<&Row>::new());
}

#[test]
fn what_cannot_be_saved_is_not_recommended() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    generate(scratch.path(), "--seed 3 --formats v5");
    let advised = advised(scratch.path(), "--cloudfront-usd-per-gb 0.2");
    // S3 of another region, and of the own one by a gateway endpoint or an internet gateway.
    let with_gateway: Vec<_> = advised.of("gateway-endpoint").iter().map(|row| row["resource"].clone()).collect();
    let expected = [id(scratch.path(), "stage"), id(scratch.path(), "legacy")];
    assert!(with_gateway.iter().all(|vpc| expected.contains(vpc)) && with_gateway.len() == 2, "{with_gateway:?}");
    // An endpoint, a NAT gateway in another zone or CloudFront that costs more than it saves is only shown with --all.
    let net = |row: &&Row| usd(row, "net_month_usd");
    for kind in ["interface-endpoint", "nat-per-zone", "nat-provisioned-bandwidth", "cloudfront"] {
        let of = advised.of(kind);
        assert!(!of.is_empty(), "{kind}");
        assert!(of.iter().all(|row| net(row) < 0.0 && row["status"] == "no-saving"), "{kind}: {of:?}");
    }
    let shown = report(scratch.path(), &format!("advise logs-v5 --min-usd 0.01 --top all {TABLES}"));
    let shown = rows(&shown, "recommendations");
    assert!(!shown.is_empty() && shown.iter().all(|row| usd(row, "net_month_usd") >= 0.01), "{shown:?}");
    // Networks that overlap cannot be peered: `lake-eu` has that of `lake`.
    let (lake, lake_eu) = (id(scratch.path(), "lake"), id(scratch.path(), "lake-eu"));
    let is_of = |row: &&Row| row["resource"].contains(&lake) && row["resource"].contains(&lake_eu);
    assert!(!advised.of("peering").iter().any(is_of));
}

#[test]
fn every_figure_is_the_sum_of_its_parts() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    generate(scratch.path(), "--seed 3 --formats v5");
    let advised = advised(scratch.path(), "");
    assert!(advised.candidates.len() > 20);
    for row in &advised.candidates {
        let parts = advised.parts.iter().filter(|part| part["rank"] == row["rank"]);
        let (saved, spent) = parts.fold((0.0, 0.0), |(saved, spent), part| {
            let change = usd(part, "change_month_usd");
            (saved - change.min(0.0), spent + change.max(0.0))
        });
        let close = |one: f64, other: f64| (one - other).abs() < 1e-9;
        assert!(close(usd(row, "saving_month_usd"), saved) && close(usd(row, "cost_month_usd"), spent), "{row:?}");
        assert!(close(usd(row, "net_month_usd"), saved - spent), "{row:?}");
    }
}
