//! Prices as tables: effective ones, costs of amounts, errors of a table, imported price lists.

pub mod update;

use super::{Cell, Head, Meta, Report, Row, Table};
use crate::error::RowError;
use crate::price::offer::{Imported, LeftOut};
use crate::price::{
    ANY, Charge, Confidence, Difference, Discounts, Ladder, Money, PriceRow, PriceTable, Rate, Share, Status, Terms,
    differences, rounded_parts, written_date,
};
use crate::schema::edge;
use crate::schema::output::{self, Output};
use crate::units::human;

/// Which prices to show.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// Charges; all where empty.
    pub charges: Vec<Charge>,
    /// Regions, at either side; all where empty.
    pub regions: Vec<String>,
    /// When they are in force.
    pub moment: u32,
}

/// Amounts to price.
#[derive(Clone, Debug, Default)]
pub struct Quote {
    /// Bytes, of one sender each.
    pub amounts: Vec<u64>,
    /// Bytes of the month that were charged before.
    pub already_bytes: u64,
    /// Whether the global free tier is taken off.
    pub free_tier: bool,
    /// Whether each amount has the price of the bytes before it, and not all the average.
    pub marginal: bool,
    /// Discounts on prices.
    pub discounts: Discounts,
}

/// What identifies a tier.
const TIER: [Output; 5] = [output::CHARGE, output::FROM, output::TO, output::TIER_START_GB, output::TIER_END_GB];

/// The prices in force and, if amounts are given, what those cost by each of them.
#[must_use]
pub fn show(table: &PriceTable, shown: &Shown, quote: Option<&Quote>) -> Report {
    let ladders: Vec<_> = table.in_force(shown.moment).filter(|ladder| shown.wants(ladder, table)).collect();
    let rows = ladders.iter().flat_map(Ladder::rows).map(|row| price(row));
    let prices = prices_table("Effective prices", rows.collect());
    let mut report = Report { name: "prices".to_owned(), ..Report::default() };
    report.meta.warnings.clone_from(&table.warnings);
    if ladders.is_empty() {
        report.meta.notes.push("no price is in effect on that day; the traffic is unpriced".to_owned());
    }
    let zones = shown.regions.iter().filter_map(|place| Some((place, edge::parent(place)?)));
    report
        .meta
        .notes
        .extend(zones.map(|(zone, region)| format!("{zone}: what has no row here is priced as {region}'s")));
    let ending = ladders.iter().filter(|ladder| has_end(ladder)).count();
    if ending > 0 {
        let of = format!("{ending} of {} price ladders", ladders.len());
        report.meta.notes.push(format!("tiers are missing or unpriced in {of}; bytes there are unpriced"));
    }
    if let Some(quote) = quote {
        let message = quote.discounts.iter().map(|(charge, discount)| format!("{}: {discount} off", charge.name()));
        report.meta.notes.extend(message.map(|message| format!("{message} in `usd`, not in `usd_per_gb`")));
        let priced = ladders.iter().filter_map(|ladder| Priced::of(ladder, quote, table, shown.moment));
        let priced: Vec<_> = priced.collect();
        report.tables = vec![costs(&priced), shares(&priced, quote)];
    }
    report.tables.push(prices);
    report
}

impl Shown {
    fn wants(&self, ladder: &Ladder, table: &PriceTable) -> bool {
        let Some(row) = ladder.rows().first() else { return false };
        (self.charges.is_empty() || self.charges.contains(&row.charge))
            && (self.regions.is_empty() || self.regions.iter().any(|region| self.touches(region, ladder, row, table)))
    }

    /// Whether a ladder applies to a region, as either side or as the fallback without its own.
    fn touches(&self, region: &String, ladder: &Ladder, row: &PriceRow, table: &PriceTable) -> bool {
        if row.charge == Charge::InternetEgressFree {
            return table.free_bytes(region, self.moment) > 0;
        }
        let decides = || table.look_up(row.charge, region, &row.to, self.moment).as_ref() == Some(ladder);
        [&row.from, &row.to].contains(&region) || (row.from == ANY && decides())
    }
}

/// Whether some bytes have no price by a ladder. The free tier ends by its nature.
fn has_end(ladder: &Ladder) -> bool {
    let Some(last) = ladder.rows().last().filter(|row| row.charge != Charge::InternetEgressFree) else { return false };
    last.end_gb.is_some() || ladder.rows().iter().any(|row| row.rate.is_none())
}

fn prices_table(title: &str, rows: Vec<Row>) -> Table {
    let more = [
        output::USD_PER_GB,
        output::USD_PER_HOUR,
        output::EFFECTIVE_FROM,
        output::EFFECTIVE_TO,
        output::CONFIDENCE,
        output::AS_OF,
        output::USAGE_TYPE,
        output::SOURCE,
    ];
    table("prices", title, TIER.into_iter().chain(more), rows)
}

fn table(name: &str, title: &str, columns: impl IntoIterator<Item = Output>, rows: Vec<Row>) -> Table {
    let columns = columns.into_iter().map(Head::from).collect();
    Table { name: name.to_owned(), title: title.to_owned(), columns, rows, ..Table::default() }
}

/// A tier: what it prices, and where it begins and ends.
fn tier(row: &PriceRow) -> Row {
    vec![
        row.charge.name().into(),
        row.from.as_str().into(),
        row.to.as_str().into(),
        row.start_gb.into(),
        row.end_gb.into(),
    ]
}

fn price(row: &PriceRow) -> Row {
    let [by_gb, by_hour] = by_unit(row.charge, row.rate);
    let more = [
        by_gb,
        by_hour,
        date(Some(row.effective_from).filter(|from| *from > 0)),
        date(row.effective_to),
        row.confidence.map(Confidence::name).into(),
        date(row.as_of),
        row.charge.usage_type(&row.from, &row.to).into(),
        Some(row.source.as_str()).filter(|source| !source.is_empty()).into(),
    ];
    tier(row).into_iter().chain(more).collect()
}

/// A price in the column of its unit.
fn by_unit(charge: Charge, rate: Option<Rate>) -> [Cell; 2] {
    let price = usd_per_gb(rate);
    if charge.is_hourly() { [Cell::Absent, price] } else { [price, Cell::Absent] }
}

pub(super) fn usd_per_gb(rate: Option<Rate>) -> Cell {
    rate.map_or(Cell::Absent, |rate| Cell::Usd(rate.rounded()))
}

pub(super) fn date(day: Option<u32>) -> Cell {
    day.map(written_date).into()
}

/// A ladder and the amounts priced by it.
struct Priced<'a> {
    ladder: &'a Ladder<'a>,
    steps: Vec<Row>,
    shares: Vec<Share>,
    usd: u128,
    bytes: u64,
}

impl<'a> Priced<'a> {
    /// None for parts of another charge, and for what has no bytes.
    fn of(ladder: &'a Ladder<'a>, quote: &Quote, table: &PriceTable, moment: u32) -> Option<Self> {
        let is_of_bytes = |charge: Charge| charge != Charge::InternetEgressFree && !charge.is_hourly();
        let first = ladder.rows().first().filter(|row| is_of_bytes(row.charge))?;
        let is_free = quote.free_tier && first.charge == Charge::InternetEgress;
        let free_bytes = if is_free { table.free_bytes(&first.from, moment) } else { 0 };
        let terms =
            Terms { already_bytes: quote.already_bytes, free_bytes, discount: quote.discounts.of(first.charge) };
        let bytes = quote.amounts.iter().try_fold(0_u64, |sum, bytes| sum.checked_add(*bytes))?;
        let steps = ladder.steps(bytes, terms);
        let usd = rounded_parts(&steps.iter().map(|step| step.usd.unwrap_or_default()).collect::<Vec<_>>());
        let whole = usd.iter().sum();
        let rows = steps.iter().zip(usd).map(|(step, usd)| {
            let head = step.row.map(tier).unwrap_or_else(|| without_tier(first));
            let rate = match step.row {
                Some(row) => usd_per_gb(row.rate),
                None => step.usd.map_or(Cell::Absent, |_| Cell::Usd(0)),
            };
            let usd = step.usd.map_or(Cell::Absent, |_| Cell::Usd(usd));
            head.into_iter().chain([rate, step.bytes.into(), usd]).collect()
        });
        let steps = rows.collect();
        Some(Self { ladder, steps, shares: borne(ladder, quote, terms)?, usd: whole, bytes })
    }
}

/// A row's places without a tier.
fn without_tier(row: &PriceRow) -> Row {
    tier(row).into_iter().take(3).chain([Cell::Absent, Cell::Absent]).collect()
}

/// Cost by amount.
fn borne(ladder: &Ladder, quote: &Quote, mut terms: Terms) -> Option<Vec<Share>> {
    if !quote.marginal {
        let parts: Vec<_> = quote.amounts.iter().copied().enumerate().collect();
        return ladder.shares(&parts, terms);
    }
    let one = |bytes: &u64| {
        let share = ladder.shares(&[(0, *bytes)], terms)?.into_iter().next();
        terms = terms.after(*bytes);
        share
    };
    quote.amounts.iter().map(one).collect()
}

fn costs(priced: &[Priced]) -> Table {
    let columns = TIER.into_iter().chain([output::USD_PER_GB, output::BYTES, output::USD]);
    let rows = priced.iter().flat_map(|priced| priced.steps.clone()).collect();
    let mut table = table("cost", "Cost by tier", columns, rows);
    // Ladders are alternatives to each other: their sum would mean nothing.
    if let [only] = priced {
        let blank = TIER.map(|_| Cell::Absent).into_iter().chain([Cell::Absent]);
        table.total = Some(blank.chain([only.bytes.into(), Cell::Usd(only.usd)]).collect());
    }
    table
}

fn shares(priced: &[Priced], quote: &Quote) -> Table {
    let columns = [output::CHARGE, output::FROM, output::TO, output::PART, output::BYTES, output::USD];
    let columns = columns.into_iter().chain([output::EFFECTIVE_USD_PER_GB, output::UNPRICED_BYTES]);
    let rows = priced.iter().flat_map(|priced| {
        let usd = rounded_parts(&priced.shares.iter().map(|share| share.usd).collect::<Vec<Money>>());
        let place = priced.ladder.rows().first().map(|row| tier(row)).unwrap_or_default();
        let row = move |(((part, bytes), share), usd): (((u64, &u64), &Share), u128)| -> Row {
            let average = share.usd.per_gb(bytes - share.unpriced_bytes).map_or(Cell::Absent, Cell::Usd);
            let more = [part.into(), (*bytes).into(), Cell::Usd(usd), average, share.unpriced_bytes.into()];
            place.iter().take(3).cloned().chain(more).collect()
        };
        (1..).zip(&quote.amounts).zip(&priced.shares).zip(usd).map(row).collect::<Vec<_>>()
    });
    table("shares", "Cost by amount", columns, rows.collect())
}

/// Errors of a table; without any, differences from the embedded one.
#[must_use]
pub fn check(name: &str, rows: &[PriceRow], faults: &[RowError], embedded: &PriceTable) -> Report {
    let mut report = Report { name: "check".to_owned(), ..Report::default() };
    if !faults.is_empty() {
        report.tables.push(faults_table(faults));
        let (faults, rows) = (human::counted(faults.len() as u64, "fault"), human::counted(rows.len() as u64, "row"));
        report.meta.notes.push(format!("{name}: {faults}; {rows} without any"));
        return report;
    }
    let (found, same) = differences(embedded.rows(), rows.iter());
    let count = |status| found.iter().filter(|difference| difference.status == status).count();
    let statuses = [Status::New, Status::Changed, Status::Dropped, Status::Unpriced, Status::Unverified];
    let message = statuses.map(|status| format!("{} {}", count(status), status.name())).join(", ");
    let (rows, same) = (human::counted(rows.len() as u64, "row"), human::counted(same as u64, "tier"));
    report.meta.notes.push(format!("{name}: {rows}, no faults; {same} as embedded, {message}"));
    report.tables.push(differences_table(&found));
    report
}

fn faults_table(faults: &[RowError]) -> Table {
    let row = |fault: &RowError| -> Row {
        vec![
            fault.line.into(),
            fault.column.as_deref().into(),
            fault.message.as_str().into(),
            fault.hint.as_deref().into(),
        ]
    };
    let columns = [output::LINE, output::COLUMN, output::FAULT, output::HINT];
    table("faults", "Errors", columns, faults.iter().map(row).collect())
}

fn differences_table(found: &[Difference]) -> Table {
    let row = |difference: &Difference| -> Row {
        let (own, line) = match difference.status {
            Status::Dropped => (None, Cell::Absent),
            _ => (difference.row.rate, difference.row.line.into()),
        };
        let status = Cell::from(difference.status.name());
        let rates = [difference.below, own].map(|rate| by_unit(difference.row.charge, rate));
        let [[below, below_by_hour], [own, own_by_hour]] = rates;
        let rates = [below, own, below_by_hour, own_by_hour, line];
        [status].into_iter().chain(tier(difference.row)).chain(rates).collect()
    };
    let columns = [output::STATUS].into_iter().chain(TIER);
    let columns = columns.chain([
        output::EMBEDDED_USD_PER_GB,
        output::USD_PER_GB,
        output::EMBEDDED_USD_PER_HOUR,
        output::USD_PER_HOUR,
        output::LINE,
    ]);
    table("differences", "Differences from the embedded prices", columns, found.iter().map(row).collect())
}

/// The table that price lists gave, and what of them was not taken.
#[must_use]
pub fn import(imported: &Imported, strict: bool) -> Report {
    let rows = imported.rows.iter().map(price).collect();
    let mut report = Report { name: "import".to_owned(), ..Report::default() };
    let (taken, written) = (human::counted(imported.taken, "row"), human::counted(imported.rows.len() as u64, "price"));
    report.meta.notes.push(format!("{taken} of price lists taken, {written} written"));
    report.tables = vec![prices_table("Imported prices", rows), skipped(&mut report.meta, imported, strict)];
    report
}

/// The rows of price lists that were not taken, with a note on each reason; a warning where the table misses prices.
fn skipped(meta: &mut Meta, imported: &Imported, strict: bool) -> Table {
    let row = |(reason, left): &(_, LeftOut)| -> Row {
        vec![format!("{reason}").into(), left.rows.into(), left.example.as_str().into()]
    };
    for (reason, left) in &imported.left_out {
        let rows = human::count(left.rows.into());
        let message = format!("skipped: {rows} × {reason}, such as {}", left.example);
        if reason.is_damage() || (strict && reason.is_doubtful()) {
            meta.warnings.push(message);
            meta.incomplete = true;
        } else {
            meta.notes.push(message);
        }
    }
    let columns = [output::REASON, output::ROWS, output::EXAMPLE];
    table("left_out", "Skipped price list rows", columns, imported.left_out.iter().map(row).collect())
}
