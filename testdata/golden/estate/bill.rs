//! Laws of the simulated bill, read from its files alone: it agrees with the truth of the logs and with itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, TimestampMillisecondType};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use flate2::read::MultiGzDecoder;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use walkdir::WalkDir;

use super::read::{Cells, Row, Simulated, generate};
use crate::flowgen::estate::Options;

const FLAGS: &str = "--seed 3 --formats v2 --bill";
/// Dollars and quantities have ten decimals.
const SCALE: i64 = 10_000_000_000;
const GB: i128 = 1 << 30;

/// A run with its bill.
struct Billed {
    folder: tempfile::TempDir,
    simulated: Simulated,
}

impl Billed {
    fn new(flags: &str) -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        generate(folder.path(), flags);
        let simulated = Simulated::without_logs(folder.path());
        Self { folder, simulated }
    }

    fn truth(&self) -> &[Row] {
        self.simulated.truth("bill")
    }

    /// The line items of a data export, by the manifests of its months.
    fn export(&self, form: &str) -> Vec<Row> {
        let bill = self.folder.path().join("bill");
        let manifests = manifests(&bill.join(form).join("estate/metadata"));
        let keys = manifests.iter().flat_map(|manifest| texts(&manifest["dataFiles"]));
        let rows = keys.flat_map(|key| table(&bill.join(key.strip_prefix("s3://estate-billing/").expect("a bucket"))));
        let rows: Vec<Row> = rows.collect();
        let named: BTreeSet<&str> = manifests[0]["columns"]
            .as_array()
            .expect("columns")
            .iter()
            .filter_map(|one| one["name"].as_str())
            .collect();
        assert_eq!(rows[0].keys().map(String::as_str).collect::<BTreeSet<_>>(), named, "{form}");
        rows
    }

    /// The usage of CUR 2.0.
    fn usage(&self) -> Vec<Row> {
        let mut lines = self.export("cur2-csv");
        lines.retain(|line| line["line_item_line_item_type"] == "Usage");
        lines
    }
}

/// One day.
fn day() -> &'static Billed {
    static DAY: OnceLock<Billed> = OnceLock::new();
    DAY.get_or_init(|| Billed::new(FLAGS))
}

fn manifests(folder: &Path) -> Vec<Value> {
    let files = WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(Result::ok);
    let files = files.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "json"));
    files.map(|entry| serde_json::from_slice(&fs::read(entry.path()).expect("a file")).expect("JSON")).collect()
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().filter_map(Value::as_str).collect()
}

/// The rows of a file of either kind, as the text of CSV.
fn table(path: &Path) -> Vec<Row> {
    if path.extension().is_some_and(|extension| extension == "parquet") {
        let file = fs::File::open(path).expect("the file is there");
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).and_then(|builder| builder.build());
        return reader.expect("Parquet").flat_map(|batch| rows(&batch.expect("a batch"))).collect();
    }
    let mut text = Vec::new();
    MultiGzDecoder::new(fs::File::open(path).expect("the file is there")).read_to_end(&mut text).expect("gzip");
    csv::Reader::from_reader(text.as_slice()).deserialize().map(|row| row.expect("a row")).collect()
}

fn rows(batch: &RecordBatch) -> Vec<Row> {
    let cell = |column: &dyn Array, row: usize| match column.data_type() {
        _ if column.is_null(row) => String::new(),
        DataType::Float64 => format!("{:.10}", column.as_primitive::<Float64Type>().value(row)),
        DataType::Timestamp(..) => {
            let value = column.as_primitive::<TimestampMillisecondType>().value(row);
            chrono::DateTime::from_timestamp_millis(value).expect("a time").format("%Y-%m-%dT%H:%M:%S.000Z").to_string()
        }
        _ => column.as_string::<i32>().value(row).to_owned(),
    };
    let schema = batch.schema();
    let row = |row: usize| {
        let cells = schema.fields().iter().zip(batch.columns());
        cells.map(|(field, column)| (field.name().clone(), cell(column.as_ref(), row))).collect()
    };
    (0..batch.num_rows()).map(row).collect()
}

/// A decimal in units of its tenth place; 0 for nothing.
fn parts(text: &str) -> i64 {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
    let number = |text: &str| if text.is_empty() { 0 } else { text.parse::<i64>().expect("a number") };
    assert!(decimals.len() <= 10, "{text}");
    sign * (number(whole) * SCALE + number(&format!("{decimals:0<10}")))
}

/// The bytes of a quantity in GB.
fn bytes(text: &str) -> u64 {
    let scaled = i128::from(parts(text)) * GB;
    u64::try_from((scaled + i128::from(SCALE) / 2) / i128::from(SCALE)).expect("an amount")
}

fn is_bytes(line: &Row) -> bool {
    ["GB", "GigaBytes"].contains(&line["pricing_unit"].as_str())
}

#[test]
fn the_truth_has_each_lines_bytes_and_dollars() {
    let key = |row: &Row, names: [&str; 5]| names.map(|name| row[name].clone());
    let (mut billed, mut explained) = (BTreeMap::<_, (u64, i64)>::new(), BTreeMap::<_, (u64, i64)>::new());
    for line in day().export("cur2-csv") {
        let names = ["line_item_usage_start_date", "line_item_usage_account_id", "line_item_usage_type"];
        let mut key = key(&line, [names[0], names[1], names[2], "line_item_operation", "line_item_resource_id"]);
        key[0].truncate("2026-10-01".len());
        let sum = billed.entry(key).or_default();
        sum.0 += if is_bytes(&line) { bytes(&line["line_item_usage_amount"]) } else { 0 };
        sum.1 += parts(&line["line_item_unblended_cost"]);
    }
    for row in day().truth() {
        let sum =
            explained.entry(key(row, ["day", "usage_account", "usage_type", "operation", "resource"])).or_default();
        sum.0 += if row["bytes"].is_empty() { 0 } else { row.number("bytes") };
        sum.1 += parts(&row["usd"]);
    }
    assert_eq!(billed, explained);
    assert!(explained.len() > 250, "{} rows", explained.len());
}

#[test]
fn what_the_logs_show_is_charged_as_their_truth_says() {
    // The usage type alone does not say: CloudFront's European edge has that of Ireland.
    let line = ["line_item_usage_type", "line_item_operation", "line_item_resource_id"];
    let metered = |row: &Row, names: [&str; 3]| names.map(|name| row[name].clone());
    let regions: BTreeMap<_, _> =
        day().usage().iter().map(|row| (metered(row, line), row["product_region_code"].clone())).collect();
    let mut billed: BTreeMap<[String; 3], u64> = BTreeMap::new();
    for row in day().truth().iter().filter(|row| row["reason"] == "logged") {
        let region = &regions[&metered(row, ["usage_type", "operation", "resource"])];
        let key = [row["charge"].clone(), row["usage_account"].clone(), region.clone()];
        *billed.entry(key).or_default() += row.number("bytes");
    }
    let mut charged = BTreeMap::new();
    for row in day().simulated.truth("charges") {
        let key = ["charge", "payer_account", "from_region"].map(|column| row[column].clone());
        *charged.entry(key).or_default() += row.number("bytes");
    }
    assert_eq!(billed, charged);
    let pair = |row: &&Row| row["charge"] == "inter-region" && row["usage_type"].contains("EUC1");
    let central: u64 = day().truth().iter().filter(pair).map(|row| row.number("bytes")).sum();
    let to = |row: &&Row| row["to_region"] == "eu-central-1";
    let expected: u64 = day().simulated.truth("charges").iter().filter(to).map(|row| row.number("bytes")).sum();
    assert_eq!(central, expected);
}

#[test]
fn quantity_times_rate_is_the_cost_and_what_is_free_costs_nothing() {
    let mut free = BTreeSet::new();
    for line in day().usage() {
        let [quantity, rate, cost] = ["line_item_usage_amount", "line_item_unblended_rate", "line_item_unblended_cost"]
            .map(|name| i128::from(parts(&line[name])));
        let scale = i128::from(SCALE);
        assert!((quantity * rate - cost * scale).abs() * 2 <= scale, "{line:?}");
        assert!(quantity > 0, "{line:?}");
        let code = line["pricing_rate_code"].split('.').collect::<Vec<_>>();
        assert_eq!((code.len(), code[0], code[1]), (3, line["product_sku"].as_str(), "JRTCKXETXF"));
        if rate == 0 {
            free.insert(line["line_item_usage_type"].clone());
        }
    }
    for wanted in ["DataTransfer-In-Bytes", "EU-USE1-AWS-In-Bytes", "USE1-AWS-In-Bytes", "DataTransfer-xAZ-Out-Bytes"] {
        assert!(free.contains(wanted), "{wanted} is not in {free:?}");
    }
    assert!(!free.iter().any(|usage| usage.ends_with("AWS-Out-Bytes")), "{free:?}");
    let rows: Vec<&Row> = day().truth().iter().filter(|row| row["reason"] == "free").collect();
    assert!(rows.len() > 50 && rows.iter().all(|row| parts(&row["usd"]) == 0), "{} rows", rows.len());
}

#[test]
fn every_form_holds_the_same_line_items_month_by_month() {
    let billed = Billed::new("--seed 3 --formats v2 --bill --start 1793404800 --days 2");
    let items = |lines: Vec<Row>, names: [&str; 7]| {
        let item = |line: &Row| {
            let [start, account, usage, operation, resource, quantity, cost] = names.map(|name| line[name].clone());
            let second = start.replace(".000Z", "Z");
            (second, account, usage, operation, resource, parts(&quantity), parts(&cost))
        };
        let mut items: Vec<_> = lines.iter().map(item).collect();
        items.sort();
        items
    };
    let cur = ["usage_start_date", "usage_account_id", "usage_type", "operation", "resource_id", "usage_amount"];
    let cur: Vec<String> = cur.iter().chain([&"unblended_cost"]).map(|name| format!("line_item_{name}")).collect();
    let cur: [&str; 7] = std::array::from_fn(|place| cur[place].as_str());
    let first = items(billed.export("cur2-csv"), cur);
    assert!(first.len() > 5000, "{} line items", first.len());
    assert!(first == items(billed.export("cur2-parquet"), cur), "Parquet differs");
    let focus = |usage| {
        let tail = ["x_Operation", "ResourceId", "PricingQuantity", "BilledCost"];
        ["ChargePeriodStart", "SubAccountId", usage, tail[0], tail[1], tail[2], tail[3]]
    };
    assert!(first == items(billed.export("focus-1.0"), focus("x_UsageType")), "FOCUS 1.0 differs");
    assert!(first == items(billed.export("focus-1.2"), focus("SkuMeter")), "FOCUS 1.2 differs");
    let latest = billed.export("focus-1.4");
    assert!(!latest[0].contains_key("ProviderName") && latest[0]["ServiceProviderName"] == "AWS");
    assert!(first == items(latest, focus("SkuMeter")), "FOCUS 1.4 differs");
    let (legacy, stale) = legacy(&billed);
    let names = ["UsageStartDate", "UsageAccountId", "UsageType", "Operation", "ResourceId", "UsageAmount"];
    let names: Vec<String> = names.iter().chain([&"UnblendedCost"]).map(|name| format!("lineItem/{name}")).collect();
    assert!(first == items(legacy, std::array::from_fn(|place| names[place].as_str())), "the legacy report differs");
    assert_eq!(stale, 2, "months with an older version beside the current one");
    let months: BTreeSet<&str> = billed.simulated.truth("bill-total").iter().map(|row| row["month"].as_str()).collect();
    assert_eq!(months, BTreeSet::from(["2026-10", "2026-11"]));
    assert!(billed.folder.path().join("bill/focus-1.2/estate/data/billing_period=2026-11").is_dir());
}

/// The line items that the months' own manifests name, and how many months have a file that none of them does.
fn legacy(billed: &Billed) -> (Vec<Row>, usize) {
    let bill = billed.folder.path().join("bill");
    let (mut lines, mut stale) = (Vec::new(), 0);
    for month in fs::read_dir(bill.join("legacy-csv/estate")).expect("months").filter_map(Result::ok) {
        let path = month.path().join("estate-Manifest.json");
        let manifest: Value = serde_json::from_slice(&fs::read(path).expect("a manifest")).expect("JSON");
        let keys = texts(&manifest["reportKeys"]);
        assert!(keys.iter().all(|key| key.contains(manifest["assemblyId"].as_str().expect("an id"))));
        let files = WalkDir::new(month.path()).into_iter().filter_map(Result::ok).filter(|entry| {
            let name = entry.path().strip_prefix(&bill).expect("it is below").display().to_string();
            name.ends_with(".csv.gz") && !keys.contains(&name.as_str())
        });
        stale += usize::from(files.count() == 1);
        lines.extend(keys.into_iter().flat_map(|key| table(&bill.join(key))));
    }
    (lines, stale)
}

#[test]
fn tiers_of_a_pool_are_full_before_the_next_begins() {
    let billed = Billed::new("--seed 3 --formats v2 --bill --bill-free-tier --days 10");
    let mut lines = billed.usage();
    let pool = |line: &&Row| line["line_item_usage_type"] == "DataTransfer-Out-Bytes";
    let sku = lines.iter().find(pool).expect("egress")["product_sku"].clone();
    lines.retain(|line| line["product_sku"] == sku);
    let products: BTreeSet<&str> = lines.iter().map(|line| line["line_item_product_code"].as_str()).collect();
    assert_eq!(products, BTreeSet::from(["AWSELB", "AmazonEC2", "AmazonS3", "AmazonSNS", "AmazonVPC"]));
    let mut tiers: BTreeMap<i64, (u64, String, String)> = BTreeMap::new();
    for line in &lines {
        let start = &line["line_item_usage_start_date"];
        let rate =
            if parts(&line["line_item_unblended_rate"]) == 0 { 0 } else { -parts(&line["line_item_unblended_rate"]) };
        // In the order in which they are reached: free, then cheaper and cheaper.
        let place = if rate == 0 { i64::MIN } else { rate };
        let tier = tiers.entry(place).or_insert_with(|| (0, start.clone(), start.clone()));
        tier.0 += bytes(&line["line_item_usage_amount"]);
        tier.1 = start.min(&tier.1).clone();
        tier.2 = start.max(&tier.2).clone();
    }
    let tiers: Vec<_> = tiers.into_values().collect();
    assert_eq!(tiers.len(), 3, "{tiers:?}");
    assert_eq!(tiers[1].0, 10_240 << 30);
    assert!(tiers.windows(2).all(|pair| pair[0].2 <= pair[1].1), "{tiers:?}");
    // The free 100 GB are of both regions together.
    let free = |line: &&Row| {
        line["pricing_rate_code"].ends_with(".E63J5HTPNN") && parts(&line["line_item_unblended_cost"]) == 0
    };
    let whole: u64 = billed.usage().iter().filter(free).map(|line| bytes(&line["line_item_usage_amount"])).sum();
    assert_eq!(whole, 100 << 30);
}

#[test]
fn lines_that_are_money_alone_follow_from_the_usage() {
    let lines = day().export("cur2-csv");
    let of = |kind: &str| lines.iter().filter(|line| line["line_item_line_item_type"] == kind).collect::<Vec<_>>();
    let cost = |line: &&Row| parts(&line["line_item_unblended_cost"]);
    let totals: BTreeMap<String, i64> =
        day().simulated.truth("bill-total").iter().map(|row| (row["kind"].clone(), parts(&row["usd"]))).collect();
    assert_eq!(totals.len(), 5);
    for (kind, total) in &totals {
        assert_eq!(of(kind).iter().map(cost).sum::<i64>(), *total, "{kind}");
    }
    assert_eq!(lines.iter().map(|line| cost(&line)).sum::<i64>(), totals.values().sum::<i64>());
    let pool = |line: &Row| (line["line_item_usage_account_id"].clone(), line["product_sku"].clone());
    let mut sums: BTreeMap<(String, String), i64> = BTreeMap::new();
    of("Usage").iter().for_each(|line| *sums.entry(pool(line)).or_default() += cost(line));
    for line in of("EdpDiscount") {
        assert!(line["line_item_resource_id"].is_empty(), "{line:?}");
        let usage = sums.remove(&pool(line)).expect("one discount for an account's product");
        assert!((usage + cost(&line) * 20).abs() <= 10, "{line:?}");
    }
    assert!(sums.values().all(|usage| *usage == 0), "without a discount: {sums:?}");
    assert!(of("Credit").iter().chain(&of("Refund")).all(|line| cost(line) < 0));
    assert!(of("Tax").iter().all(|line| cost(line) > 0 && cost(line) % (SCALE / 100) == 0));
}

#[test]
fn what_nobody_logs_is_nowhere_but_on_the_bill() {
    let of = |reason: &str| day().truth().iter().filter(|row| row["reason"] == reason).collect::<Vec<_>>();
    let files = WalkDir::new(day().folder.path().join("tables")).into_iter().filter_map(Result::ok);
    let tables: String = files.filter_map(|entry| fs::read_to_string(entry.path()).ok()).collect();
    let named = |row: &Row| row["resource"].rsplit('/').next().is_some_and(|id| tables.contains(id));
    let (known, unknown): (Vec<&Row>, Vec<&Row>) = of("unlogged").into_iter().partition(|row| named(row));
    let charges = |rows: &[&Row]| rows.iter().map(|row| row["charge"].clone()).collect::<BTreeSet<_>>();
    // Of the VPC whose flow log is made later, what is said before that.
    assert_eq!(charges(&known), BTreeSet::from(["inter-zone-in", "inter-zone-out"].map(str::to_owned)));
    let all = ["inter-zone-in", "inter-zone-out", "internet-egress", "nat-processing"].map(str::to_owned);
    assert_eq!(charges(&unknown), BTreeSet::from(all));
    let logged: BTreeSet<&str> = of("logged").iter().map(|row| row["usage_account"].as_str()).collect();
    assert!(unknown.iter().all(|row| logged.contains(row["usage_account"].as_str())));
    assert!(of("logged").iter().filter(|row| row["resource"].starts_with("i-")).all(|row| named(row)));
    assert!(of("no-interface").len() >= 5 && of("hours").len() > 40 && of("other").len() == 3);
}

#[test]
fn gaps_change_the_reasons_and_not_the_bill() {
    let (whole, holed) = (Billed::new(FLAGS), Billed::new(&format!("{FLAGS} --skipdata 50")));
    assert!(whole.export("cur2-csv") == holed.export("cur2-csv"), "the bills differ");
    let sums = |billed: &Billed, reasons: &[&str]| {
        let mut sums: BTreeMap<[String; 5], (u64, i64)> = BTreeMap::new();
        for row in billed.truth().iter().filter(|row| reasons.contains(&row["reason"].as_str())) {
            let key = ["day", "usage_account", "usage_type", "operation", "resource"].map(|name| row[name].clone());
            let sum = sums.entry(key).or_default();
            *sum = (sum.0 + row.number("bytes"), sum.1 + parts(&row["usd"]));
        }
        sums
    };
    assert_eq!(sums(&whole, &["logged"]), sums(&holed, &["logged", "skipped"]));
    let bytes = |sums: BTreeMap<_, (u64, i64)>| sums.into_values().map(|(bytes, _)| bytes).sum::<u64>();
    let (logged, skipped) = (bytes(sums(&holed, &["logged"])), bytes(sums(&holed, &["skipped"])));
    assert!(skipped > 0 && skipped < logged / 50, "{skipped} beside {logged}");
    assert_eq!(bytes(sums(&whole, &["skipped"])), 0);
}

#[test]
fn the_bill_changes_no_other_file_and_its_free_tier_needs_it() {
    let files = |flags: &str| {
        let folder = tempfile::tempdir().expect("a scratch folder");
        generate(folder.path(), flags);
        let entries = WalkDir::new(folder.path()).into_iter().filter_map(Result::ok);
        let entries = entries.filter(|entry| entry.file_type().is_file());
        let name = |entry: &walkdir::DirEntry| entry.path().strip_prefix(folder.path()).expect("below").to_owned();
        let held = |entry: walkdir::DirEntry| (name(&entry), fs::read(entry.path()).expect("a file"));
        let mut files: BTreeMap<_, _> = entries.map(held).collect();
        files.retain(|path, _| !path.starts_with("bill") && !path.starts_with("truth/bill.csv"));
        files.retain(|path, _| !path.starts_with("truth/bill-total.csv"));
        files
    };
    let flags = "--seed 5 --formats v5 --skipdata 30";
    assert!(files(flags) == files(&format!("{flags} --bill --bill-free-tier")), "other files differ");
    let words = ["--out", "x", "--bill-free-tier"].map(str::to_owned);
    assert_eq!(Options::parse(words).err().unwrap_or_default(), "--bill-free-tier needs --bill");
}
