//! Billed dollars by owner: as a table, and as rows of FOCUS whose parts have the columns of split cost allocation.
//!
//! FOCUS has these columns since 1.3 ("Data generator-calculated split cost allocation handling"): every dimension of a
//! part equals its origin's, the costs and quantities of the parts sum to the origin, and the origin is not written too.
//! In 1.2 they are custom columns. Unit prices are left out: after a split by bytes, price × quantity is the cost only up
//! to rounding.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::amounts::{plain, share, signed_amounts};
use super::super::focus::{PROVIDER, UNIT, custom, region, tags};
use super::super::{Cell, Head, Row, Table};
use crate::price::GB_BYTES;
use crate::price::statement::{Kind, RestKey};
use crate::reason::reconcile::{Allocated, Line, RATIO_WHOLE, Reconciliation, UNALLOCATED_PART};
use crate::schema::output::{self, CellKind};
use crate::units::human;
use crate::units::time::month_around;

const DAY_SECONDS: u32 = 86_400;
/// The documented method: by the bytes that flow logs have of each owner, of the same charge, resource and day.
const METHOD: &str = "outflow-logged-bytes-1";
/// Decimals of dollars in FOCUS rows.
const USD_WHOLE: u128 = 10_u128.pow(human::USD_DECIMALS);

/// What the answer looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Tables.
    #[default]
    Tables,
    /// Rows of FOCUS.
    Focus(FocusVersion),
}

/// A version of FOCUS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum FocusVersion {
    /// Split costs in custom columns.
    V1_2,
    /// Split costs, and the names of providers both old and new.
    #[default]
    V1_3,
    /// The old names are gone.
    V1_4,
}

impl FocusVersion {
    /// The number.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::V1_2 => "1.2",
            Self::V1_3 => "1.3",
            Self::V1_4 => "1.4",
        }
    }
}

/// The cells of owners; the first says it where there are none.
fn owners(part: &Allocated, heads: &[Head]) -> Row {
    let owner = |owner: &Option<Arc<str>>| owner.clone().map_or(Cell::Absent, Cell::Text);
    let none = || {
        let first = std::iter::once(Cell::from(UNALLOCATED_PART));
        first.chain(std::iter::repeat(Cell::Absent)).take(heads.len()).collect()
    };
    part.owners.as_ref().map_or_else(none, |owners| owners.iter().map(owner).collect())
}

/// Billed dollars by owner, usage type and resource, the most expensive first.
pub(super) fn table(found: &Reconciliation, parts: &[Allocated], heads: &[Head]) -> Table {
    let mut table = plain("allocation", "Bill by owner");
    let columns = [output::USAGE_TYPE, output::RESOURCE, output::GB, output::ALLOCATED_USD, output::SHARE];
    table.columns = heads.iter().cloned().chain(columns.map(Head::from)).collect();
    let mut sums: BTreeMap<Row, (i128, i128)> = BTreeMap::new();
    for part in parts {
        let line = &found.lines[part.line];
        let text = |text: &Arc<str>| if text.is_empty() { Cell::Absent } else { Cell::Text(Arc::clone(text)) };
        let mut key = owners(part, heads);
        key.extend([text(&line.usage_type), text(&line.resource)]);
        let sum = sums.entry(key).or_default();
        sum.0 += part.bytes;
        sum.1 += part.usd;
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, (_, usd))| std::cmp::Reverse(*usd));
    let (usd, total) = signed_amounts(&sums.iter().map(|(_, (_, usd))| *usd).collect::<Vec<_>>());
    let bytes = sums.iter().map(|(_, (bytes, _))| bytes).sum();
    let row = |((key, (bytes, _)), usd): ((Row, (i128, i128)), Cell)| -> Row {
        let share = share(&usd, &total);
        key.into_iter().chain([gb(bytes), usd, share]).collect()
    };
    table.rows = sums.into_iter().zip(usd).map(row).collect();
    let keys = vec![Cell::Absent; heads.len() + 2];
    table.total = Some(keys.into_iter().chain([gb(bytes), total.clone(), share(&total, &total)]).collect());
    table
}

fn gb(bytes: i128) -> Cell {
    Cell::Signed { units: bytes, per: GB_BYTES.into() }
}

fn usd(amount: i128) -> Cell {
    Cell::Signed { units: amount, per: USD_WHOLE }
}

/// A row of FOCUS: an allocated part, or what is not split.
struct Entry<'a> {
    found: &'a Reconciliation,
    line: Option<&'a Line>,
    part: Option<&'a Allocated>,
    /// Of what is no transfer.
    rest: Option<(&'a RestKey, i128)>,
    owners: Row,
    heads: &'a [Head],
}

/// The rows of FOCUS: every allocated part, and everything else of the bill unsplit.
pub(super) fn focus(found: &Reconciliation, parts: &[Allocated], heads: &[Head], version: FocusVersion) -> Table {
    let columns: Vec<&Column> = COLUMNS.iter().filter(|column| (column.versions)(version)).collect();
    let name = |column: &&Column| {
        let is_custom = version == FocusVersion::V1_2 && column.name.starts_with("Allocated");
        if is_custom { format!("x_{}", column.name) } else { column.name.to_owned() }
    };
    let mut table = plain("focus", &format!("Allocated cost and usage, FOCUS {}", version.name()));
    table.columns = columns.iter().map(|column| Head { name: name(column), kind: column.kind }).collect();
    table.columns.extend(heads.iter().map(custom));
    let of_part = |part| {
        let part: &Allocated = part;
        let line = Some(&found.lines[part.line]);
        Entry { found, line, part: Some(part), rest: None, owners: owners(part, heads), heads }
    };
    let of_rest = |(key, (_, usd))| {
        let owners = vec![Cell::Absent; heads.len()];
        Entry { found, line: None, part: None, rest: Some((key, usd)), owners, heads }
    };
    let rest = found.rest.iter().map(|(key, sum)| (key, *sum)).map(of_rest);
    let row = |entry: Entry<'_>| -> Row {
        columns.iter().map(|column| (column.cell)(&entry)).chain(entry.owners.iter().cloned()).collect()
    };
    table.rows = parts.iter().map(of_part).chain(rest).map(row).collect();
    table
}

/// A column: its name, what it holds, in which versions it is, and a row's cell of it.
struct Column {
    name: &'static str,
    kind: CellKind,
    versions: fn(FocusVersion) -> bool,
    cell: fn(&Entry<'_>) -> Cell,
}

const fn text(name: &'static str, cell: fn(&Entry<'_>) -> Cell) -> Column {
    Column { name, kind: CellKind::Text, versions: |_| true, cell }
}

const fn decimal(name: &'static str, cell: fn(&Entry<'_>) -> Cell) -> Column {
    Column { name, kind: CellKind::Decimal, versions: |_| true, cell }
}

const fn moment(name: &'static str, cell: fn(&Entry<'_>) -> Cell) -> Column {
    Column { name, kind: CellKind::Time, versions: |_| true, cell }
}

const fn until(name: &'static str, cell: fn(&Entry<'_>) -> Cell) -> Column {
    Column { name, kind: CellKind::Text, versions: |version| version < FocusVersion::V1_4, cell }
}

const fn since(name: &'static str, cell: fn(&Entry<'_>) -> Cell) -> Column {
    Column { name, kind: CellKind::Text, versions: |version| version > FocusVersion::V1_2, cell }
}

/// FOCUS's columns in its alphabetical order. Conditional columns that do not apply are omitted.
const COLUMNS: [Column; 43] = [
    text("AllocatedMethodDetails", |entry| entry.split().map(details).unwrap_or(Cell::Absent)),
    text("AllocatedMethodId", |entry| entry.split().map_or(Cell::Absent, |_| METHOD.into())),
    text("AllocatedResourceId", |entry| entry.receiver()),
    text("AllocatedResourceName", |entry| entry.receiver()),
    text("AllocatedTags", |entry| entry.split().map_or(Cell::Absent, |_| tags(entry.heads, &entry.owners))),
    text("AvailabilityZone", |_| Cell::Absent),
    decimal("BilledCost", |entry| usd(entry.usd(|part| part.usd))),
    text("BillingAccountId", |entry| entry.payer()),
    text("BillingAccountName", |_| Cell::Absent),
    text("BillingCurrency", |_| "USD".into()),
    moment("BillingPeriodEnd", |entry| entry.month(|month| month.1)),
    moment("BillingPeriodStart", |entry| entry.month(|month| month.0)),
    text("ChargeCategory", |entry| entry.category()),
    text("ChargeClass", |_| Cell::Absent),
    text("ChargeDescription", |entry| entry.description()),
    text("ChargeFrequency", |_| "Usage-Based".into()),
    moment("ChargePeriodEnd", |entry| {
        entry.line.map_or_else(|| entry.month(|month| month.1), |line| Cell::Time(line.day + DAY_SECONDS))
    }),
    moment("ChargePeriodStart", |entry| {
        entry.line.map_or_else(|| entry.month(|month| month.0), |line| Cell::Time(line.day))
    }),
    decimal("ConsumedQuantity", |entry| entry.quantity()),
    text("ConsumedUnit", |entry| entry.part.map_or(Cell::Absent, |_| UNIT.into())),
    decimal("ContractedCost", |entry| usd(entry.usd(|part| part.usd))),
    decimal("EffectiveCost", |entry| usd(entry.usd(|part| part.usd))),
    since("HostProviderName", |_| PROVIDER.into()),
    text("InvoiceId", |_| Cell::Absent),
    text("InvoiceIssuerName", |_| PROVIDER.into()),
    decimal("ListCost", |entry| usd(entry.usd(|part| part.list_usd))),
    text("PricingCategory", |_| "Standard".into()),
    decimal("PricingQuantity", |entry| entry.quantity()),
    text("PricingUnit", |entry| entry.part.map_or(Cell::Absent, |_| UNIT.into())),
    until("ProviderName", |_| PROVIDER.into()),
    until("PublisherName", |_| PROVIDER.into()),
    text("RegionId", |entry| entry.line.map_or(Cell::Absent, |line| region(&line.place.from, Some(&line.place.from)))),
    text("RegionName", |entry| entry.line.map_or(Cell::Absent, |line| region(&line.place.from, None))),
    text("ResourceId", |entry| entry.line.map_or(Cell::Absent, |line| named(&line.resource))),
    text("ResourceName", |_| Cell::Absent),
    text("ServiceCategory", |entry| entry.product().map_or(Cell::Absent, |product| category_of(product).into())),
    text("ServiceName", |entry| entry.product().map_or(Cell::Absent, named)),
    since("ServiceProviderName", |_| PROVIDER.into()),
    text("SkuId", |entry| entry.line.map_or(Cell::Absent, |line| named(&line.sku))),
    text("SkuMeter", |entry| entry.line.map_or(Cell::Absent, |line| named(&line.usage_type))),
    text("SubAccountId", |entry| entry.account().map_or(Cell::Absent, named)),
    text("SubAccountName", |_| Cell::Absent),
    Column {
        name: "x_LoggedBytes",
        kind: CellKind::Bytes,
        versions: |_| true,
        cell: |entry| entry.part.map_or(Cell::Absent, |part| part.logged_bytes.into()),
    },
];

/// A text, or nothing if it is empty.
fn named(text: &Arc<str>) -> Cell {
    if text.is_empty() { Cell::Absent } else { Cell::Text(Arc::clone(text)) }
}

/// How much of the line an owner has, and by how many of its bytes.
fn details(part: &Allocated) -> Cell {
    let ratio = human::decimal_exact(part.ratio.into(), RATIO_WHOLE.into());
    let quantity = human::decimal_exact(part.logged_bytes.into(), GB_BYTES.into());
    format!(r#"{{"Elements":[{{"AllocatedRatio":{ratio},"UsageUnit":"{UNIT}","UsageQuantity":{quantity}}}]}}"#).into()
}

impl Entry<'_> {
    /// The part, if the line is split.
    fn split(&self) -> Option<&Allocated> {
        self.part.filter(|part| part.owners.is_some())
    }

    fn usd(&self, of: fn(&Allocated) -> i128) -> i128 {
        self.part.map_or_else(|| self.rest.map_or(0, |(_, usd)| usd), of)
    }

    fn quantity(&self) -> Cell {
        self.part.map_or(Cell::Absent, |part| gb(part.bytes))
    }

    /// Who gets a part: the owners.
    fn receiver(&self) -> Cell {
        if self.split().is_none() {
            return Cell::Absent;
        }
        let name = |cell: &Cell| if let Cell::Text(text) = cell { text.to_string() } else { "-".to_owned() };
        self.owners.iter().map(name).collect::<Vec<_>>().join("/").into()
    }

    fn payer(&self) -> Cell {
        self.found.payer.as_ref().or_else(|| self.account()).map_or(Cell::Absent, named)
    }

    fn account(&self) -> Option<&Arc<str>> {
        self.line.map(|line| &line.place.account).or_else(|| self.rest.map(|(key, _)| &key.account))
    }

    /// The month of the line, or of what is no transfer.
    fn month(&self, of: fn((u32, u32)) -> u32) -> Cell {
        let moment = self.line.map(|line| line.day).or_else(|| self.rest.map(|(key, _)| key.month));
        moment.map_or(Cell::Absent, |moment| Cell::Time(of(month_around(moment))))
    }

    fn category(&self) -> Cell {
        match self.rest.map(|(key, _)| key.kind) {
            None | Some(Kind::Usage | Kind::Other) => "Usage",
            Some(Kind::Credit) => "Credit",
            Some(Kind::Refund | Kind::Discount) => "Adjustment",
            Some(Kind::Tax) => "Tax",
            Some(Kind::Fee) => "Purchase",
        }
        .into()
    }

    fn description(&self) -> Cell {
        let of_line = |line: &Line| line.usage_type.to_string();
        let of_rest = || self.rest.map(|(key, _)| format!("{} of {}", key.kind.name(), key.product));
        self.line.map(of_line).or_else(of_rest).map_or(Cell::Absent, Cell::from)
    }

    fn product(&self) -> Option<&Arc<str>> {
        self.line.map(|line| &line.product).or_else(|| self.rest.map(|(key, _)| &key.product))
    }
}

/// FOCUS's category of a service, by its code or name; of those that have transfer.
fn category_of(product: &str) -> &'static str {
    const CATEGORIES: [(&str, &str); 12] = [
        ("S3", "Storage"),
        ("Simple Storage", "Storage"),
        ("EFS", "Storage"),
        ("Lambda", "Compute"),
        ("ECS", "Compute"),
        ("EC2 Container Registry", "Compute"),
        ("EC2", "Compute"),
        ("Elastic Compute", "Compute"),
        ("RDS", "Databases"),
        ("DynamoDB", "Databases"),
        ("CloudWatch", "Management and Governance"),
        ("SNS", "Integration"),
    ];
    let found = CATEGORIES.iter().find(|(part, _)| product.contains(part));
    found.map_or("Networking", |(_, category)| category)
}
