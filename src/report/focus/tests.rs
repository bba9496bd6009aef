//! FOCUS's own rules, where its model is at hand, and the ones that a bill of ours must keep in any case.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::super::cost::total;
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::price::bill::tests::{Charged, bill_of, egress, moment, zones};
use crate::price::{Discounts, GB_BYTES, PoolTerms, PriceTable, Tiers};
use crate::units::human;

/// Required columns of a FOCUS 1.2 dataset, and which of them may be null.
const MANDATORY: [(&str, bool); 21] = [
    ("BilledCost", false),
    ("BillingAccountId", false),
    ("BillingAccountName", true),
    ("BillingCurrency", false),
    ("BillingPeriodEnd", false),
    ("BillingPeriodStart", false),
    ("ChargeCategory", false),
    ("ChargeClass", true),
    ("ChargeDescription", true),
    ("ChargePeriodEnd", false),
    ("ChargePeriodStart", false),
    ("ContractedCost", false),
    ("EffectiveCost", false),
    ("InvoiceIssuerName", false),
    ("ListCost", false),
    ("PricingQuantity", true),
    ("PricingUnit", true),
    ("ProviderName", false),
    ("PublisherName", false),
    ("ServiceCategory", false),
    ("ServiceName", false),
];
/// What the provider of such rows does not have.
const NOT_SUPPORTED: [&str; 7] = [
    "ACCOUNT_NAMING_SUPPORTED",
    "CAPACITY_RESERVATION_SUPPORTED",
    "COMMITMENT_DISCOUNT_SUPPORTED",
    "MULTIPLE_BILLING_ACCOUNT_TYPES_SUPPORTED",
    "MULTIPLE_SUB_ACCOUNT_TYPES_SUPPORTED",
    "PRICING_BILLING_CURRENCY_DIFFERENCES_SUPPORTED",
    "VIRTUAL_CURRENCY_SUPPORTED",
];

/// Of charges on an invoice an id is requested; the model does not say that a charge may be on none.
const NOT_DECIDABLE: &str = "InvoiceId-C-005-C";

fn head(name: &str) -> Head {
    Head { name: name.to_owned(), kind: CellKind::Text }
}

fn shape() -> FocusShape {
    FocusShape {
        key_heads: vec![head("team"), head("cost_center"), head("path")],
        keys: ["key_0", "key_1", "key_2"].map(str::to_owned).to_vec(),
        owner_keys: 2,
        billing_account: None,
    }
}

fn rows() -> Vec<Charged> {
    let keys = |team: &str| vec![team.to_owned(), String::new(), "internet".to_owned()];
    let web = |hour, gb| Charged { keys: keys("web"), ..egress("", hour, gb) };
    let nobody = Charged {
        keys: keys("(unallocated)"),
        payer: None,
        assumed: Some("the path".into()),
        ..zones("", "2026-10-02", 3)
    };
    let odd = Charged { keys: keys("web"), bytes: 594, from: "eu-west-1".into(), ..zones("", "2026-10-02", 0) };
    let unpriced = Charged {
        charge: Some(Charge::NatProcessing),
        from: "cn-north-1".into(),
        to: "any".into(),
        ..web("2026-10-02", 2)
    };
    let free = Charged { charge: None, reason: "same-zone".into(), ..web("2026-10-02", 9) };
    let before = Charged { previous: true, ..web("2026-09-02", 9) };
    let pair = Charged { charge: Some(Charge::InterRegion), to: "us-west-2".into(), ..web("2026-10-03", 7) };
    vec![
        web("2026-10-02", 9_000),
        web("2026-10-03", 5_000),
        web("2026-11-01", 1),
        nobody,
        odd,
        unpriced,
        free,
        before,
        pair,
    ]
}

fn bill(table: &PriceTable) -> Bill<'_> {
    let discounts = Discounts::parse(&["internet-egress=33.33%".to_owned()]).unwrap();
    let window = (Some(moment("2026-10-02")), Some(moment("2026-12-01")));
    bill_of(&rows(), window, table, PoolTerms { free_tier: true, discounts, ..PoolTerms::default() })
}

fn focus() -> Report {
    report(&bill(&PriceTable::embedded().unwrap()), &shape()).unwrap()
}

/// The cells of rows by the names of their columns.
fn named(report: &Report) -> Vec<BTreeMap<&str, &Cell>> {
    let table = &report.tables[0];
    let names = || table.columns.iter().map(|head| head.name.as_str());
    table.rows.iter().map(|row| names().zip(row).collect()).collect()
}

/// A cell as data formats write it; nothing where it is null.
fn text(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Absent => None,
        Cell::Text(text) => Some(text.to_string()),
        Cell::Time(seconds) => Some(time::write(*seconds)),
        Cell::Exact { units, per } => Some(human::decimal_exact(*units, *per)),
        Cell::Integer(number) => Some(number.to_string()),
        other => panic!("no cell of FOCUS: {other:?}"),
    }
}

fn fraction(cell: &Cell) -> (u128, u128) {
    match cell {
        Cell::Exact { units, per } => (*units, *per),
        other => panic!("no decimal: {other:?}"),
    }
}

#[test]
fn a_unit_price_times_the_quantity_is_the_cost_to_the_last_digit() {
    let report = focus();
    for row in named(&report) {
        for (price, cost) in [("ListUnitPrice", "ListCost"), ("ContractedUnitPrice", "ContractedCost")] {
            let ((price, per), (quantity, of)) = (fraction(row[price]), fraction(row["PricingQuantity"]));
            assert_eq!((price * quantity, per * of), fraction(row[cost]), "{row:?}");
        }
        assert_eq!([row["BilledCost"], row["EffectiveCost"]], [row["ContractedCost"]; 2]);
    }
}

#[test]
fn rows_are_split_at_tiers_and_add_up_to_the_bill() {
    let table = PriceTable::embedded().unwrap();
    let report = focus();
    let rows = named(&report);
    let message = |row: &BTreeMap<&str, &Cell>| {
        ["SkuPriceId", "PricingQuantity", "ListUnitPrice", "ContractedUnitPrice"].map(|name| text(row[name]).unwrap())
    };
    let expected = [
        ["inter-region/us-east-1/us-west-2/0", "7", "0.02", "0.02"],
        ["inter-zone-out/eu-west-1/same/0", "0.00000055320560932159423828125", "0.01", "0.01"],
        ["inter-zone-out/us-east-1/same/0", "3", "0.01", "0.01"],
        ["internet-egress/us-east-1/internet/0", "10240", "0.09", "0.060003"],
        ["internet-egress/us-east-1/internet/10240", "3660", "0.085", "0.0566695"],
        ["internet-egress/us-east-1/internet/free", "1", "0", "0"],
        ["internet-egress/us-east-1/internet/free", "100", "0", "0"],
    ];
    let mut found: Vec<_> = rows.iter().map(message).collect();
    found.sort();
    assert_eq!(found, expected.map(|row| row.map(str::to_owned)));
    let costs = rows.iter().map(|row| fraction(row["BilledCost"]).0).sum::<u128>();
    let lines = bill(&table);
    let current = lines.current().unwrap();
    let whole = Money::of_units(total(&current, line::COST).unwrap().try_into().unwrap());
    assert_eq!(costs, whole.fraction().0);
    let bytes: u128 = rows.iter().map(|row| text(row["x_Bytes"]).unwrap().parse::<u128>().unwrap()).sum();
    let charged: u128 =
        total(&current.lazy().filter(col(Field::Charge.name()).is_not_null()).collect().unwrap(), output::BYTES.name)
            .unwrap();
    assert_eq!(bytes + 2 * u128::from(GB_BYTES), charged, "all but what has no price");
    assert!(
        report
            .meta
            .notes
            .last()
            .unwrap()
            .starts_with("skipped: 2.00 GiB (2,147,483,648 bytes) are unpriced and excluded from totals")
    );
}

#[test]
fn every_mandatory_column_is_there_and_ours_come_last() {
    let report = focus();
    let names: Vec<_> = report.tables[0].columns.iter().map(|head| head.name.clone()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    let (theirs, ours): (Vec<_>, Vec<_>) = names.iter().partition(|name| !name.starts_with("x_"));
    assert_eq!([theirs.clone(), ours.clone()].concat(), names.iter().collect::<Vec<_>>());
    assert!(theirs.is_sorted());
    assert_eq!(ours[5..], ["x_Team", "x_CostCenter", "x_Path"]);
    for row in named(&report) {
        for (name, nullable) in MANDATORY {
            assert!(nullable || row[name] != &Cell::Absent, "{name}");
        }
        assert_ne!(row["SkuPriceId"], &Cell::Absent);
        assert!(row.values().all(|cell| text(cell).as_deref() != Some("")), "null is not an empty text");
    }
}

#[test]
fn months_are_billing_periods_and_charges_lie_in_the_window() {
    let report = focus();
    let periods: BTreeSet<_> = named(&report)
        .iter()
        .map(|row| {
            ["BillingPeriodStart", "ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodEnd"]
                .map(|name| text(row[name]).unwrap().split('T').next().unwrap().to_owned())
        })
        .collect();
    let expected = [
        ["2026-10-01", "2026-10-02", "2026-11-01", "2026-11-01"],
        ["2026-11-01", "2026-11-01", "2026-12-01", "2026-12-01"],
    ];
    assert_eq!(periods, expected.map(|period| period.map(str::to_owned)).into());
}

#[test]
fn owners_are_tags_and_what_stands_for_none_is_not() {
    let report = focus();
    let tags: BTreeSet<_> = named(&report).iter().map(|row| (text(row["x_Team"]), text(row["Tags"]))).collect();
    let expected =
        [(Some("(unallocated)".to_owned()), None), (Some("web".to_owned()), Some("{\"team\":\"web\"}".to_owned()))];
    assert_eq!(tags, expected.into());
    let message = report.tables[0].rows.iter().any(|row| row.contains(&"assumed".into()));
    assert!(message, "what is assumed says so");
    let organisation = FocusShape { billing_account: Some("999999999999".into()), ..shape() };
    let table = PriceTable::embedded().unwrap();
    let report = super::report(&bill(&table), &organisation).unwrap();
    let accounts: BTreeSet<_> =
        named(&report).iter().map(|row| (text(row["BillingAccountId"]).unwrap(), text(row["SubAccountId"]))).collect();
    let expected = [None, Some("111111111111".to_owned())].map(|payer| ("999999999999".to_owned(), payer));
    assert_eq!(accounts, expected.into());
}

/// FOCUS's machine-readable rules over rows.
struct Model<'a> {
    rules: &'a serde_json::Map<String, Value>,
    rows: Vec<BTreeMap<&'a str, &'a Cell>>,
}

impl Model<'_> {
    /// Whether a rule is about a column that the rows do not have; that they need not, other rules say.
    fn is_of_absent_column(&self, rule: &str) -> bool {
        let rule = &self.rules[rule];
        let name = rule["Reference"].as_str().unwrap();
        rule["EntityType"] == "Column" && self.rows.iter().any(|row| !row.contains_key(name))
    }

    /// Whether a rule holds in a row. What only may or should be, or does not apply, does.
    fn holds(&self, rule: &str, row: usize) -> bool {
        if NOT_DECIDABLE == rule {
            return true;
        }
        let rule = &self.rules[rule];
        let applies = |criterion: &Value| !NOT_SUPPORTED.contains(&criterion.as_str().unwrap());
        let criteria = &rule["ValidationCriteria"];
        let is_must = criteria["Keyword"].as_str().unwrap().starts_with("MUST");
        let applies = rule["ApplicabilityCriteria"].as_array().unwrap().iter().all(applies);
        let conditioned = || self.check(&criteria["Condition"], row);
        !is_must || !applies || !conditioned() || self.check(&criteria["Requirement"], row)
    }

    fn check(&self, check: &Value, row: usize) -> bool {
        // Some rules have nothing to check. A few of the model's conditions are not written as it writes them.
        let Some(function) = check["CheckFunction"].as_str() else { return true };
        let cells = &self.rows[row];
        let column = |name: &str| check[name].as_str().or(check["CheckCondition"].as_str()).unwrap_or_default();
        let cell = |name: &str| cells.get(column(name)).copied().unwrap_or(&Cell::Absent);
        let value = || text(cell("ColumnName"));
        let mut items = check["Items"].as_array().into_iter().flatten();
        match function {
            "AND" => items.all(|item| self.check(item, row)),
            "OR" => items.any(|item| self.check(item, row)),
            "CheckModelRule" => self.holds(check["ModelRuleId"].as_str().unwrap(), row),
            "ColumnPresent" => cells.contains_key(check["ColumnName"].as_str().unwrap()),
            "CheckValue" => is_value(&check["Value"], value().as_deref()),
            "CheckNotValue" => !is_value(&check["Value"], value().as_deref()),
            "CheckSameValue" => cell("ColumnAName") == cell("ColumnBName"),
            "CheckNotSameValue" => cell("ColumnAName") != cell("ColumnBName"),
            // Quantities have no sign, so they are never negative.
            "CheckGreaterOrEqualThanValue" | "TypeDecimal" | "FormatNumeric" | "CheckDecimalValue" => {
                value().is_none_or(|text| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
            }
            "TypeString" | "FormatString" => matches!(cell("ColumnName"), Cell::Absent | Cell::Text(_)),
            "TypeDateTime" | "FormatDateTime" => matches!(cell("ColumnName"), Cell::Absent | Cell::Time(_)),
            "FormatUnit" => value().is_none_or(|unit| unit == "GB"),
            "FormatCurrency" | "CheckNationalCurrency" => value().is_none_or(|currency| currency == "USD"),
            "FormatKeyValue" => value().is_none_or(|json| is_flat(&json)),
            "ColumnByColumnEqualsColumnValue" => {
                let (a, b) = (fraction(cell("ColumnAName")), fraction(cell("ColumnBName")));
                (a.0 * b.0, a.1 * b.1) == fraction(cell("ResultColumnName"))
            }
            "CheckDistinctCount" => {
                let name = |name: &str| check[name].as_str().unwrap().to_owned();
                let (a, b) = (name("ColumnAName"), name("ColumnBName"));
                let same = self.rows.iter().filter(|other| other.get(a.as_str()) == cells.get(a.as_str()));
                let values: BTreeSet<_> = same.filter_map(|other| text(other.get(b.as_str())?)).collect();
                values.len() as u64 <= check["ExpectedCount"].as_u64().unwrap()
            }
            other => panic!("a check of the model that is not known: {other}"),
        }
    }
}

fn is_value(expected: &Value, value: Option<&str>) -> bool {
    match expected {
        Value::Null => value.is_none(),
        Value::Number(number) => value == Some(number.to_string().as_str()),
        other => value == other.as_str(),
    }
}

fn is_flat(json: &str) -> bool {
    let Ok(Value::Object(members)) = serde_json::from_str(json) else { return false };
    members.values().all(|value| !value.is_array() && !value.is_object())
}

/// The rules of FOCUS's model that a report breaks; none where the model is not at hand.
fn broken(report: &Report) -> Option<BTreeMap<String, String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let place = "billing-samples/focus_model-1.2.json";
    let found = ["../shared", "../../shared"].map(|shared| root.join(shared).join(place));
    let Some(path) = found.iter().find(|path| path.exists()) else {
        eprintln!("skipped: there is no ../shared/{place}");
        return None;
    };
    let model: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let model = Model { rules: model["ModelRules"].as_object().unwrap(), rows: named(report) };
    assert!(model.rules.len() > 600);
    // The first rule of each column and of the dataset calls the others where they apply.
    let is_first = |rule: &&String| rule.contains("-000-") && !model.is_of_absent_column(rule);
    let is_broken = |rule: &&String| !(0..model.rows.len()).all(|row| model.holds(rule, row));
    let message = |rule: &String| (rule.clone(), model.rules[rule]["ValidationCriteria"]["MustSatisfy"].to_string());
    Some(model.rules.keys().filter(is_first).filter(is_broken).map(message).collect())
}

#[test]
fn every_rule_of_the_model_that_applies_holds() {
    let Some(broken) = broken(&focus()) else { return };
    assert_eq!(broken, BTreeMap::new());
}

#[test]
fn the_model_finds_what_breaks_it() {
    let column =
        |report: &Report, name: &str| report.tables[0].columns.iter().position(|head| head.name == name).unwrap();
    let breaks = |name: &str, cell: Cell, rule: &str| {
        let mut report = focus();
        let place = column(&report, name);
        report.tables[0].rows[0][place] = cell;
        broken(&report).is_none_or(|broken| broken.contains_key(rule))
    };
    assert!(breaks("ListCost", Cell::Exact { units: 1, per: 1 }, "ListCost-C-000-M"));
    assert!(breaks("BilledCost", Cell::Absent, "BilledCost-C-000-M"));
    assert!(breaks("ChargeCategory", "Traffic".into(), "ChargeCategory-C-000-M"));
    assert!(breaks("Tags", "{\"a\":{}}".into(), "Tags-C-000-C"));
    let mut without = focus();
    without.tables[0].columns[1].name = "Cost".to_owned();
    assert!(broken(&without).is_none_or(|broken| broken.contains_key("CostAndUsage-D-000-M")));
}

proptest! {
    #[test]
    fn rows_of_any_traffic_keep_the_product_rules_and_add_up_to_the_bill(
        rows in prop::collection::vec((0..4_u8, 0..3_u8, 0..2_000_u32, 0..1_u64 << 44), 0..20),
        free_tier: bool,
        hourly: bool,
    ) {
        let row = |(team, kind, hour, bytes): (u8, u8, u32, u64)| {
            let row = if kind == 0 { zones("", "2026-10-01", 0) } else { egress("", "2026-10-01", 0) };
            let from: Arc<str> = if kind == 2 { "sa-east-1".into() } else { Arc::clone(&row.from) };
            Charged { keys: vec![format!("t{team}")], from, hour: row.hour + hour * 3600, bytes, ..row }
        };
        let table = PriceTable::embedded().unwrap();
        let tiers = if hourly { Tiers::Marginal } else { Tiers::Blended };
        let discounts = Discounts::parse(&["internet-egress=7.77%".to_owned()]).unwrap();
        let terms = PoolTerms { tiers, free_tier, discounts, ..PoolTerms::default() };
        let bill = bill_of(&rows.into_iter().map(row).collect::<Vec<_>>(), (None, None), &table, terms);
        let keys = vec!["key_0".to_owned()];
        let report = super::report(&bill, &FocusShape { key_heads: vec![head("team")], keys, ..FocusShape::default() }).unwrap();
        let (mut costs, mut bytes) = (0, 0);
        for row in named(&report) {
            for (price, cost) in [("ListUnitPrice", "ListCost"), ("ContractedUnitPrice", "ContractedCost")] {
                let ((price, per), (quantity, of)) = (fraction(row[price]), fraction(row["PricingQuantity"]));
                prop_assert_eq!((price * quantity, per * of), fraction(row[cost]));
            }
            costs += fraction(row["EffectiveCost"]).0;
            bytes += fraction(row["PricingQuantity"]).0;
        }
        let sum = |name: &str| total(&bill.current().unwrap(), name).unwrap();
        prop_assert_eq!(costs, sum(line::COST));
        prop_assert_eq!(bytes, sum(output::BYTES.name) - sum(output::UNPRICED_BYTES.name));
    }
}
