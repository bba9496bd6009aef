//! An update of a price table: what changed, what it does to the cost of logs, and the table to write.

use super::{TIER, by_unit, date, prices_table, skipped, table, tier};
use crate::error::Error;
use crate::price::bill::{Bill, Periods, line, notes};
use crate::price::offer::Imported;
use crate::price::{Change, Charge, Money, PoolTerms, PriceRow, PriceTable, Rate, Status, Update, unpriced_notes};
use crate::report::amounts::{amounts, change, difference, plain};
use crate::report::question::{Frames, Need, Question};
use crate::report::{Cell, Head, Report, Row, Table};
use crate::schema::frame::{int, texts};
use crate::schema::{Column, output};
use crate::units::human;

/// The frame of charges.
const CHARGES: &str = "charges";

/// What changed in a table, what was not listed, and what of the lists was skipped.
#[must_use]
pub fn update(name: &str, update: &Update, imported: &Imported, strict: bool) -> Report {
    let mut report = Report { name: "update".to_owned(), ..Report::default() };
    let unlisted = update.unlisted.iter().map(super::price).collect();
    let unlisted = Table {
        name: "unlisted".to_owned(),
        hidden_if_empty: true,
        ..prices_table("Prices that the lists do not have", unlisted)
    };
    report.tables = vec![changes(&update.changes), skipped(&mut report.meta, imported, strict), unlisted];
    let count = |status| update.changes.iter().filter(|change| change.status == status).count();
    let statuses = [Status::New, Status::Changed, Status::Dropped, Status::Kept];
    let counts = statuses.map(|status| format!("{} {}", count(status), status.name())).join(", ");
    let confirmed = human::counted(update.confirmed, "tier");
    let mut notes = vec![format!("{name}: {confirmed} confirmed, {counts}")];
    if count(Status::Kept) > 0 {
        notes.push("kept: rows without a confidence are your own, and newer lists win over older ones".to_owned());
    }
    if !update.unlisted.is_empty() {
        let tiers = human::counted(update.unlisted.len() as u64, "tier");
        notes.push(format!("{tiers} of the listed charges and regions are not in the lists and stay in force"));
    }
    report.meta.notes.splice(0..0, notes);
    report
}

/// The table as it is written to its file.
#[must_use]
pub fn updated(rows: &[PriceRow]) -> Report {
    let tables = vec![prices_table("Prices", rows.iter().map(super::price).collect())];
    Report { name: "prices".to_owned(), tables, ..Report::default() }
}

fn changes(changes: &[Change]) -> Table {
    let row = |Change { status, row, since, before }: &Change| -> Row {
        let now = row.rate.filter(|_| *status != Status::Dropped);
        let relative = match (before, now) {
            (Some(before), Some(now)) => relative(*before, now),
            _ => Cell::Absent,
        };
        let [[before, before_by_hour], [now, by_hour]] = [*before, now].map(|rate| by_unit(row.charge, rate));
        let more = [before, now, before_by_hour, by_hour, relative];
        let source = Some(row.source.as_str()).filter(|source| !source.is_empty());
        let status = Cell::from(status.name());
        std::iter::once(status)
            .chain(tier(row))
            .chain(more)
            .chain([date(Some(*since).filter(|since| *since > 0)), source.into()])
            .collect()
    };
    let columns = std::iter::once(output::STATUS).chain(TIER);
    let columns = columns.chain([output::BEFORE_USD_PER_GB, output::USD_PER_GB]);
    let columns = columns.chain([output::BEFORE_USD_PER_HOUR, output::USD_PER_HOUR, output::PRICE_CHANGE_RATIO]);
    let columns = columns.chain([output::EFFECTIVE_FROM, output::SOURCE]);
    table("changes", "Changed prices", columns, changes.iter().map(row).collect())
}

/// By how much a price changed.
fn relative(before: Rate, now: Rate) -> Cell {
    let units = |rate: Rate| i128::try_from(rate.rounded()).unwrap_or(i128::MAX);
    Cell::Change { change: units(now) - units(before), was: before.rounded() }
}

/// What logs cost at the prices of before, and at the new ones.
#[derive(Debug)]
pub struct EffectQuestion {
    /// The report that the effect is added to.
    pub report: Report,
    /// The window, half-open; unbounded sides are none.
    pub window: (Option<u32>, Option<u32>),
    /// The prices of before.
    pub before: PriceTable,
    /// The new prices, in force at all times.
    pub after: PriceTable,
    /// What else decides the cost.
    pub terms: PoolTerms,
}

impl Question for EffectQuestion {
    type Answer = Report;

    fn plan(&self) -> Vec<Need> {
        vec![Need::charges(CHARGES, &[], self.terms.tiers == crate::price::Tiers::Marginal)]
    }

    fn answer(self, mut frames: Frames) -> Result<Report, Error> {
        let charges = Periods::default().mark(&frames.take(CHARGES)?)?;
        let bill = |prices| Bill::of(&charges, &[], self.window, (prices, self.terms.clone()));
        let (before, after) = (bill(&self.before)?, bill(&self.after)?);
        let mut report = self.report;
        report.meta.window = self.window;
        report.meta.notes.extend(notes(&after)?);
        report.meta.notes.extend(unpriced_notes(&after.lines)?);
        report.meta.notes.push(
            "effect: the logs' period at the newest listed prices, as if they had been in force all of it".to_owned(),
        );
        report.tables.insert(1, effect(&before, &after)?);
        Ok(report)
    }
}

/// Sums of a charge.
#[derive(Clone, Copy, Default)]
struct Sum {
    bytes: u128,
    unpriced: u128,
    usd: Money,
}

/// The sums of each charge.
fn by_charge(bill: &Bill) -> Result<Vec<Sum>, Error> {
    let mut sums = vec![Sum::default(); Charge::names().count()];
    let numbers =
        int(&bill.lines, output::BYTES.name)?.iter().zip(int(&bill.lines, output::UNPRICED_BYTES.name)?.iter());
    let numbers = numbers.zip(int(&bill.lines, line::COST)?.iter());
    for (charge, ((bytes, unpriced), cost)) in texts(&bill.lines, Column::Charge.name())?.zip(numbers) {
        let Some(sum) = charge.and_then(Charge::of_name).and_then(|charge| sums.get_mut(charge as usize)) else {
            continue;
        };
        let count = |value: Option<i128>| u128::try_from(value.unwrap_or(0)).unwrap_or(0);
        sum.bytes += count(bytes);
        sum.unpriced += count(unpriced);
        sum.usd = sum.usd + Money::of_units(cost.unwrap_or(0));
    }
    Ok(sums)
}

/// Dollars before and after by charge.
fn effect(before: &Bill, after: &Bill) -> Result<Table, Error> {
    let (before, after) = (by_charge(before)?, by_charge(after)?);
    let usd = |sums: &[Sum]| amounts(&sums.iter().map(|sum| sum.usd).collect::<Vec<_>>());
    let ((was, was_all), (is, is_all)) = (usd(&before), usd(&after));
    let row = |name: Cell, bytes: u128, [was, is]: [(Cell, u128); 2]| -> Row {
        let unpriced = [&was, &is].map(|(_, unpriced)| (*unpriced).into());
        let known = |(usd, unpriced): (Cell, u128)| if unpriced > 0 && unpriced == bytes { Cell::Absent } else { usd };
        let (was, is) = (known(was), known(is));
        let changed = difference(&is, &was);
        let ratio = change(&changed, &was);
        [name, bytes.into(), was, is, changed, ratio].into_iter().chain(unpriced).collect()
    };
    let mut table = plain("effect", "Effect on the logs' period");
    let columns = [
        output::CHARGE,
        output::BYTES,
        output::BEFORE_USD,
        output::AFTER_USD,
        output::CHANGE_USD,
        output::CHANGE_RATIO,
        output::BEFORE_UNPRICED_BYTES,
        output::UNPRICED_BYTES,
    ];
    table.columns = columns.map(Head::from).into();
    let sums = Charge::names().zip(before.iter().zip(&after)).zip(was.into_iter().zip(is));
    let rows = sums.filter(|((_, (before, _)), _)| before.bytes > 0);
    table.rows = rows
        .map(|((name, (before, after)), (was, is))| {
            row(name.into(), before.bytes, [(was, before.unpriced), (is, after.unpriced)])
        })
        .collect();
    let all =
        |sums: &[Sum]| sums.iter().fold((0, 0), |(bytes, unpriced), sum| (bytes + sum.bytes, unpriced + sum.unpriced));
    let ((bytes, unpriced), (_, unpriced_after)) = (all(&before), all(&after));
    table.total = Some(row(Cell::Absent, bytes, [(was_all, unpriced), (is_all, unpriced_after)]));
    table.hidden_if_zero = vec![output::BEFORE_UNPRICED_BYTES.name, output::UNPRICED_BYTES.name];
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::bill::tests::{egress, frame_of_charges, zones};
    use crate::price::{GB_BYTES, update as updated_rows};

    const LIST: &str = "FormatVersion,v1.0\nPublication Date,2026-11-03\nOfferCode,AWSDataTransfer\n\
        SKU,usageType,StartingRange,EndingRange,Unit,PricePerUnit,EffectiveDate\n\
        A,DataTransfer-Out-Bytes,0,10240,GB,0.1,2026-12-01\nA,DataTransfer-Out-Bytes,10240,Inf,GB,0.05,2026-12-01\n\
        B,DataTransfer-Regional-Bytes,0,Inf,GB,0.01,2026-12-01\nC,DataTransfer-Out-Bytes,0,Inf,GB-Mo,0.1,2026-12-01\n";

    fn imported() -> Imported {
        let mut import = crate::price::offer::Import::default();
        import.read("list", LIST.as_bytes()).unwrap();
        import.finish()
    }

    #[test]
    fn the_effect_is_that_of_the_newest_prices_on_the_whole_period() {
        let (imported, embedded) = (imported(), PriceTable::embedded().unwrap());
        let updated = updated_rows(&[], &embedded, &imported.rows);
        let report = update("prices.csv", &updated, &imported, false);
        assert_eq!(report.meta.notes[0], "prices.csv: 2 tiers confirmed, 0 new, 2 changed, 2 dropped, 0 kept");
        let question = EffectQuestion {
            report,
            window: (None, None),
            after: updated.ahead(&embedded, &imported.rows),
            before: embedded,
            terms: PoolTerms::default(),
        };
        let mut frames = Frames::default();
        frames.add(CHARGES, frame_of_charges(&[egress("web", "2026-10-01", 100), zones("web", "2026-10-01", 50)]));
        let report = question.answer(frames).unwrap();
        let table = &report.tables[1];
        assert_eq!(table.name, "effect");
        let usd = |cell: &Cell| match cell {
            Cell::Amount { amount, .. } => amount / 100_000_000,
            other => panic!("{other:?}"),
        };
        let row = |row: &Row| (row[0].clone(), row[2..5].iter().map(usd).collect::<Vec<_>>());
        assert_eq!(row(&table.rows[0]), ("internet-egress".into(), vec![900, 1000, 100]));
        assert_eq!(row(&table.rows[1]), ("inter-zone-out".into(), vec![50, 50, 0]));
        assert_eq!(row(table.total.as_ref().unwrap()), (Cell::Absent, vec![950, 1050, 100]));
        assert_eq!(table.rows[0][1], Cell::from(u128::from(100 * GB_BYTES)));
    }
}
