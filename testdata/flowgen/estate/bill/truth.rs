//! Why each line is on the bill, by day, and what the kinds of lines sum to: `truth/bill.csv`, `truth/bill-total.csv`.
//!
//! Where one line has several reasons, they share its dollars by their bytes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::DateTime;

use super::lines::{Kind, Month, SCALE};
use super::{Item, Reason};
use crate::flowgen::estate::truth::rows;

const BILL: &str = "day,usage_account,usage_type,operation,resource,charge,bytes,usd,reason";
const TOTAL: &str = "month,kind,usd";
const DAY_SECONDS: u32 = 86_400;

impl Reason {
    /// The word for it.
    fn name(self) -> &'static str {
        match self {
            Self::Logged => "logged",
            Self::Skipped => "skipped",
            Self::Unlogged => "unlogged",
            Self::NoInterface => "no-interface",
            Self::Free => "free",
            Self::Hours => "hours",
            Self::Other => "other",
            Self::Discount => "discount",
            Self::Credit => "credit",
            Self::Refund => "refund",
            Self::Tax => "tax",
        }
    }
}

/// A row but for its sums: day, account, usage type, operation, resource, charge, reason.
type Key<'i> = (u32, &'i str, &'i str, &'i str, &'i str, &'i str, Reason);

/// Writes the tables.
pub(super) fn write(
    folder: &Path,
    items: &[Arc<Item>],
    amounts: &BTreeMap<(u32, u32, Reason), u64>,
    months: &[Month],
) -> Result<(), String> {
    let mut sums: BTreeMap<Key<'_>, (Option<u64>, i64)> = BTreeMap::new();
    let mut is_bytes = vec![false; items.len()];
    let mut costs: BTreeMap<(u32, u32), i64> = BTreeMap::new();
    for line in months.iter().flat_map(|month| &month.lines) {
        if let (Some(number), Some(product)) = (line.number, &line.product) {
            is_bytes[number as usize] = product.unit.is_bytes();
            *costs.entry((line.start, number)).or_default() += line.cost;
        } else {
            sums.entry(key(line.start, &line.item, reason(line.kind))).or_default().1 += line.cost;
        }
    }
    let mut shares: BTreeMap<(u32, u32), Vec<(Reason, u64)>> = BTreeMap::new();
    for ((hour, number, reason), amount) in amounts {
        shares.entry((*hour, *number)).or_default().push((*reason, *amount));
    }
    for ((hour, number), parts) in shares {
        let cost = costs.get(&(hour, number)).copied().unwrap_or(0);
        for ((reason, amount), usd) in parts.iter().zip(apportion(cost, &parts)) {
            let sum = sums.entry(key(hour, &items[number as usize], *reason)).or_default();
            if is_bytes[number as usize] {
                *sum.0.get_or_insert(0) += amount;
            }
            sum.1 += usd;
        }
    }
    let row = |((day, account, usage, operation, resource, charge, reason), (bytes, usd)): (Key<'_>, _)| {
        let day = DateTime::from_timestamp(day.into(), 0).unwrap_or_default().format("%Y-%m-%d").to_string();
        let key = (day, account.to_owned(), usage.to_owned(), operation.to_owned(), resource.to_owned());
        (key, charge.to_owned(), bytes, decimals(usd), reason.name())
    };
    rows(folder, "bill", BILL, sums.into_iter().map(row))?;
    let mut totals: BTreeMap<(String, Kind), i64> = BTreeMap::new();
    for month in months {
        let name = DateTime::from_timestamp(month.start.into(), 0).unwrap_or_default().format("%Y-%m").to_string();
        for line in &month.lines {
            *totals.entry((name.clone(), line.kind)).or_default() += line.cost;
        }
    }
    let total = |((month, kind), usd): ((String, Kind), i64)| (month, kind.name(), decimals(usd));
    rows(folder, "bill-total", TOTAL, totals.into_iter().map(total))
}

fn key(moment: u32, item: &Item, reason: Reason) -> Key<'_> {
    let day = moment - moment % DAY_SECONDS;
    (day, item.account, &item.usage_type, item.operation, &item.resource, item.charge, reason)
}

fn reason(kind: Kind) -> Reason {
    match kind {
        Kind::Usage => Reason::Other,
        Kind::EdpDiscount => Reason::Discount,
        Kind::Credit => Reason::Credit,
        Kind::Refund => Reason::Refund,
        Kind::Tax => Reason::Tax,
    }
}

/// Divides a cost by amounts; what rounding leaves goes to the greatest remainders, of equal ones to the first.
fn apportion(cost: i64, parts: &[(Reason, u64)]) -> Vec<i64> {
    let whole = parts.iter().map(|(_, amount)| i128::from(*amount)).sum::<i128>().max(1);
    let products: Vec<i128> = parts.iter().map(|(_, amount)| i128::from(cost) * i128::from(*amount)).collect();
    let mut shares: Vec<i128> = products.iter().map(|product| product / whole).collect();
    let mut places: Vec<usize> = (0..parts.len()).collect();
    places.sort_by_key(|place| std::cmp::Reverse(products[*place] % whole));
    let rest = i128::from(cost) - shares.iter().sum::<i128>();
    places.into_iter().take(usize::try_from(rest).unwrap_or(0)).for_each(|place| shares[place] += 1);
    shares.into_iter().map(|share| i64::try_from(share).unwrap_or(0)).collect()
}

/// A number of parts as a decimal.
pub(super) fn decimals(parts: i64) -> String {
    let (sign, parts) = (if parts < 0 { "-" } else { "" }, parts.unsigned_abs());
    format!("{sign}{}.{:010}", parts / SCALE, parts % SCALE)
}
