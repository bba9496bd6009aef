//! The tables of a reconciliation.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::amounts::{plain, signed_amounts};
use super::super::{Cell, Head, Row, Table};
use crate::price::Uncharged;
use crate::price::statement::{Kind, Statement};
use crate::price::{GB_BYTES, written_date};
use crate::reason::reconcile::{Line, Logs, MeanRate, Pool, Reason, Reconciliation, mean_rates, pools as pools_of};
use crate::schema::output::{self, Output};
use crate::units::human::counted;

/// GB have as many decimals as `--billing-month-usage` takes: a millionth of a byte.
const GB_UNITS: u128 = 10_u128.pow(15);

/// What rows may be by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The day, UTC.
    Day,
    /// The usage account.
    Account,
    /// The usage type.
    UsageType,
    /// The charge, as outflow names it.
    Charge,
    /// The Region.
    Region,
    /// The resource.
    Resource,
}

impl By {
    /// Every one.
    pub const ALL: [Self; 6] = [Self::Day, Self::Account, Self::UsageType, Self::Charge, Self::Region, Self::Resource];

    /// The column.
    #[must_use]
    pub fn output(self) -> Output {
        match self {
            Self::Day => output::BILLED_DAY,
            Self::Account => output::USAGE_ACCOUNT,
            Self::UsageType => output::USAGE_TYPE,
            Self::Charge => output::CHARGE,
            Self::Region => output::FROM,
            Self::Resource => output::RESOURCE,
        }
    }

    fn cell(self, line: &Line) -> Cell {
        let text = |text: &Arc<str>| if text.is_empty() { Cell::Absent } else { Cell::Text(Arc::clone(text)) };
        match self {
            Self::Day => Cell::Date(line.day),
            Self::Account => text(&line.place.account),
            Self::UsageType => text(&line.usage_type),
            Self::Charge => charge(line),
            Self::Region => text(&line.place.from),
            Self::Resource => text(&line.resource),
        }
    }
}

/// What a line is charged for: a charge of outflow's, or why it is none.
fn charge(line: &Line) -> Cell {
    if let Some(family) = line.place.family {
        return family.charge().name().into();
    }
    let is_free = line.parts.iter().all(|part| part.reason == Reason::Free);
    if is_free { Uncharged::Free.row().into() } else { Cell::Absent }
}

/// The sums of a row.
#[derive(Clone, Debug, Default)]
struct Sum {
    billed_bytes: i128,
    logged_bytes: i128,
    billed: i128,
    /// Bytes and dollars by reason.
    reasons: BTreeMap<Reason, (i128, i128)>,
}

impl Sum {
    fn add(&mut self, line: &Line) {
        self.billed_bytes += line.billed_bytes;
        self.logged_bytes += line.logged_bytes;
        self.billed += line.billed_usd;
        for part in &line.parts {
            let sum = self.reasons.entry(part.reason).or_default();
            sum.0 += part.bytes;
            sum.1 += part.usd;
        }
    }

    fn usd(&self, reason: Reason) -> i128 {
        self.reasons.get(&reason).map_or(0, |(_, usd)| *usd)
    }

    /// What has a name that is neither the logs nor nothing.
    fn named(&self) -> i128 {
        self.billed - self.usd(Reason::Logged) - self.usd(Reason::Residual)
    }
}

/// Bytes as GB of bills, signed.
fn gb(bytes: i128) -> Cell {
    Cell::Signed { units: bytes, per: GB_BYTES.into() }
}

/// The lines summed by some columns, the least explained and then the most expensive first.
fn sums(found: &Reconciliation, by: &[By]) -> Vec<(Row, Sum)> {
    let mut sums: BTreeMap<Row, Sum> = BTreeMap::new();
    for line in &found.lines {
        sums.entry(by.iter().map(|by| by.cell(line)).collect()).or_default().add(line);
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, sum)| std::cmp::Reverse((sum.usd(Reason::Residual).abs(), sum.billed.abs())));
    sums
}

/// Billed, explained, named and not explained, by row.
pub(super) fn main(found: &Reconciliation, by: &[By]) -> Table {
    let mut table = plain("reconciliation", "Bill against flow logs");
    let keys = by.iter().map(|by| by.output());
    let measures = [
        output::BILLED_GB,
        output::LOGGED_GB,
        output::DIFFERENCE_GB,
        output::BILLED_USD,
        output::LOGGED_USD,
        output::NAMED_USD,
        output::RESIDUAL_USD,
        output::REASONS,
    ];
    table.columns = keys.chain(measures).map(Head::from).collect();
    let sums = sums(found, by);
    let amounts = |of: fn(&Sum) -> i128| signed_amounts(&sums.iter().map(|(_, sum)| of(sum)).collect::<Vec<_>>());
    let columns = [
        amounts(|sum| sum.billed),
        amounts(|sum| sum.usd(Reason::Logged)),
        amounts(Sum::named),
        amounts(|sum| sum.usd(Reason::Residual)),
    ];
    let row = |(place, (keys, sum)): (usize, &(Row, Sum))| {
        let bytes = [sum.billed_bytes, sum.logged_bytes, sum.billed_bytes - sum.logged_bytes].map(gb);
        let usd = columns.iter().map(|(cells, _)| cells[place].clone());
        keys.iter().cloned().chain(bytes).chain(usd).chain([reasons_of(sum)]).collect()
    };
    table.rows = sums.iter().enumerate().map(row).collect();
    let total = |of: fn(&Sum) -> i128| gb(sums.iter().map(|(_, sum)| of(sum)).sum());
    let bytes = [
        total(|sum| sum.billed_bytes),
        total(|sum| sum.logged_bytes),
        total(|sum| sum.billed_bytes - sum.logged_bytes),
    ];
    let usd = columns.iter().map(|(_, total)| total.clone());
    let keys = vec![Cell::Absent; by.len()];
    table.total = Some(keys.into_iter().chain(bytes).chain(usd).chain([Cell::Absent]).collect());
    table
}

/// The names of a row's reasons, the greatest first.
fn reasons_of(sum: &Sum) -> Cell {
    let is_named = |reason: Reason| !matches!(reason, Reason::Logged | Reason::Residual | Reason::Rounding);
    let mut named: Vec<(i128, Reason)> = sum
        .reasons
        .iter()
        .filter(|(reason, _)| is_named(**reason))
        .map(|(reason, (_, usd))| (usd.abs(), *reason))
        .collect();
    named.sort_by_key(|(usd, reason)| (std::cmp::Reverse(*usd), *reason));
    let names: Vec<&str> = named.into_iter().map(|(_, reason)| reason.name()).collect();
    if names.is_empty() { Cell::Absent } else { names.join("; ").into() }
}

/// What the whole bill is made of: each reason, and what is no transfer.
pub(super) fn reasons(found: &Reconciliation) -> Table {
    let mut table = plain("reasons", "What the bill is made of");
    table.columns = [output::REASON, output::GB, output::USD, output::MEANING].map(Head::from).into();
    let mut whole = Sum::default();
    found.lines.iter().for_each(|line| whole.add(line));
    let of_reason = |reason: Reason| {
        let (bytes, usd) = whole.reasons.get(&reason).copied()?;
        Some((reason.name().to_owned(), gb(bytes), usd, reason.meaning().to_owned()))
    };
    let mut rest: BTreeMap<Kind, (u64, i128)> = BTreeMap::new();
    for (key, (items, usd)) in &found.rest {
        let sum = rest.entry(key.kind).or_default();
        sum.0 += items;
        sum.1 += usd;
    }
    let of_kind = |(kind, (items, usd)): (Kind, (u64, i128))| {
        let meaning = match kind {
            Kind::Usage => "usage other than transfer",
            Kind::Discount => "discounts on usage other than transfer",
            Kind::Credit => "credits",
            Kind::Refund => "refunds and corrections of earlier invoices",
            Kind::Tax => "taxes",
            Kind::Fee => "fees and purchases",
            Kind::Other => "line items of other kinds",
        };
        let name = match kind {
            Kind::Usage => "other-usage",
            Kind::Discount => "other-discount",
            kind => kind.name(),
        };
        (name.to_owned(), Cell::Absent, usd, format!("{meaning} ({})", counted(items, "line item")))
    };
    let rows: Vec<_> = Reason::ALL.into_iter().filter_map(of_reason).chain(rest.into_iter().map(of_kind)).collect();
    let (usd, total) = signed_amounts(&rows.iter().map(|(_, _, usd, _)| *usd).collect::<Vec<_>>());
    let row = |((name, gb, _, meaning), usd): ((String, Cell, i128, String), Cell)| -> Row {
        vec![name.into(), gb, usd, meaning.into()]
    };
    table.rows = rows.into_iter().zip(usd).map(row).collect();
    table.total = Some(vec![Cell::Absent, gb(whole.billed_bytes), total, Cell::Absent]);
    table
}

/// The parts of each row, reason by reason.
pub(super) fn differences(found: &Reconciliation, by: &[By]) -> Table {
    let mut table = plain("differences", "Parts of the bill by reason");
    let keys = by.iter().map(|by| by.output());
    table.columns = keys.chain([output::REASON, output::GB, output::USD]).map(Head::from).collect();
    let sums = sums(found, by);
    let parts: Vec<(&Row, Reason, i128, i128)> = sums
        .iter()
        .flat_map(|(keys, sum)| sum.reasons.iter().map(move |(reason, (bytes, usd))| (keys, *reason, *bytes, *usd)))
        .collect();
    let (usd, total) = signed_amounts(&parts.iter().map(|(_, _, _, usd)| *usd).collect::<Vec<_>>());
    let bytes = parts.iter().map(|(_, _, bytes, _)| bytes).sum();
    let row = |((keys, reason, bytes, _), usd): ((&Row, Reason, i128, i128), Cell)| -> Row {
        keys.iter().cloned().chain([reason.name().into(), gb(bytes), usd]).collect()
    };
    table.rows = parts.into_iter().zip(usd).map(row).collect();
    let keys = vec![Cell::Absent; by.len() + 1];
    table.total = Some(keys.into_iter().chain([gb(bytes), total]).collect());
    table
}

/// What the logs miss of a resource.
#[derive(Default)]
struct Missing {
    bytes: i128,
    usd: i128,
    usage_types: Vec<Arc<str>>,
}

/// Resources that the bill has and the logs do not, the most expensive first: where to enable flow logs.
pub(super) fn unlogged(found: &Reconciliation) -> Table {
    let mut table = plain("unlogged", "Enable flow logs here");
    let columns = [
        output::USAGE_ACCOUNT,
        output::FROM,
        output::RESOURCE,
        output::GB,
        output::USD,
        output::USAGE_TYPES,
        output::HINT,
    ];
    table.columns = columns.map(Head::from).into();
    let mut sums: BTreeMap<(Row, bool), Missing> = BTreeMap::new();
    for line in &found.lines {
        for part in &line.parts {
            if !matches!(part.reason, Reason::Unlogged | Reason::UnloggedHours) {
                continue;
            }
            let key = [By::Account, By::Region, By::Resource].iter().map(|by| by.cell(line)).collect();
            let sum = sums.entry((key, part.reason == Reason::Unlogged)).or_default();
            sum.bytes += part.bytes;
            sum.usd += part.usd;
            if !sum.usage_types.contains(&line.usage_type) {
                sum.usage_types.push(Arc::clone(&line.usage_type));
            }
        }
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, missing)| std::cmp::Reverse(missing.usd));
    let (usd, total) = signed_amounts(&sums.iter().map(|(_, missing)| missing.usd).collect::<Vec<_>>());
    let bytes = sums.iter().map(|(_, missing)| missing.bytes).sum();
    let row = |(((key, is_never), missing), usd): (((Row, bool), Missing), Cell)| -> Row {
        let hint = if is_never {
            "enable flow logs on its interface, subnet or VPC"
        } else {
            "it is logged at other hours: check its flow log and the delivery"
        };
        let types = missing.usage_types.join(" ").into();
        key.into_iter().chain([gb(missing.bytes), usd, types, hint.into()]).collect()
    };
    table.rows = sums.into_iter().zip(usd).map(row).collect();
    table.hidden_if_empty = true;
    let none = || Cell::Absent;
    table.total = Some(vec![none(), none(), none(), gb(bytes), total, none(), none()]);
    table
}

/// The pools of tiers: all that a SKU has, and how much of it the logs have.
pub(super) fn pools(statement: &Statement, logs: &Logs) -> Table {
    let mut table = plain("pools", "Tier pools");
    let columns = [
        output::SKU,
        output::CHARGE,
        output::FROM,
        output::BILLED_GB,
        output::LOGGED_GB,
        output::OTHER_GB,
        output::USD,
        output::EFFECTIVE_USD_PER_GB,
    ];
    table.columns = columns.map(Head::from).into();
    let pools = pools_of(statement, logs);
    let (usd, _) = signed_amounts(&pools.iter().map(|pool| pool.cost / 10_000).collect::<Vec<_>>());
    let row = |(pool, usd): (&Pool, Cell)| -> Row {
        let rate = (pool.billed_bytes > 0).then(|| pool.cost * i128::from(GB_BYTES) / pool.billed_bytes / 10_000);
        vec![
            if pool.sku.is_empty() { Cell::Absent } else { Cell::Text(Arc::clone(&pool.sku)) },
            pool.charge.name().into(),
            Cell::Text(Arc::clone(&pool.from)),
            gb(pool.billed_bytes),
            gb(pool.logged_bytes),
            gb(pool.billed_bytes - pool.logged_bytes),
            usd,
            rate.map_or(Cell::Absent, |rate| Cell::Usd(rate.unsigned_abs())),
        ]
    };
    table.rows = pools.iter().zip(usd).map(row).collect();
    table.hidden_if_empty = true;
    table
}

/// What the pools have outside of the logs, as `--billing-month-usage` reads it.
pub(super) fn month_usage(statement: &Statement, logs: &Logs) -> Table {
    let mut table = plain("month_usage", "Usage outside the logs, for --billing-month-usage");
    table.columns = [output::CHARGE, output::FROM_REGION, output::GB].map(Head::from).into();
    let mut sums: BTreeMap<(&'static str, Arc<str>), i128> = BTreeMap::new();
    // Where tiers start does not count what was free.
    for pool in pools_of(statement, logs).into_iter().filter(|pool| pool.cost > 0) {
        *sums.entry((pool.charge.name(), pool.from)).or_default() += pool.billed_bytes - pool.logged_bytes;
    }
    let row = |((charge, from), other): ((&str, Arc<str>), i128)| -> Row {
        let gb = other.max(0).unsigned_abs() * GB_UNITS / u128::from(GB_BYTES);
        let other = Cell::Decimal { units: gb, per: GB_UNITS };
        vec![charge.into(), Cell::Text(from), other]
    };
    table.rows = sums.into_iter().map(row).collect();
    table.hidden_if_empty = true;
    table
}

/// What a GB really cost, as `--prices` reads it.
pub(super) fn rates(statement: &Statement) -> Table {
    let mut table = plain("rates", "Rates of the bill after discounts, for --prices");
    let columns = [
        output::CHARGE,
        output::FROM,
        output::TO,
        output::TIER_START_GB,
        output::TIER_END_GB,
        output::USD_PER_GB,
        output::EFFECTIVE_FROM,
        output::EFFECTIVE_TO,
        output::SOURCE,
    ];
    table.columns = columns.map(Head::from).into();
    let row = |rate: MeanRate| -> Row {
        vec![
            rate.charge.name().into(),
            Cell::Text(Arc::clone(&rate.from)),
            Cell::Text(Arc::clone(&rate.to)),
            0_u64.into(),
            Cell::Absent,
            Cell::Usd(rate.usd_per_gb().unsigned_abs()),
            written_date(rate.month.0).into(),
            written_date(rate.month.1).into(),
            "mean of the bill after discounts".into(),
        ]
    };
    table.rows = mean_rates(statement).into_iter().map(row).collect();
    table.hidden_if_empty = true;
    table
}
