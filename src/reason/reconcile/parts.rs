//! One place and day: its billed lines and what the logs have → parts that add up.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::gather::{Logs, Use};
use super::{Against, Line, Part, Place, Reason, usage_type};
use crate::price::statement::{BilledLine, Meter};
use crate::price::{GB_BYTES, PriceTable, Rate};

/// Units of a bill's amounts, 10⁻¹⁴ USD, in the last decimal of reports.
const UNITS_PER_DECIMAL: i128 = 10_000;
const GB: i128 = GB_BYTES as i128;

/// An amount of 10⁻¹⁴ USD in 10⁻¹⁰ USD, halves away from zero.
pub(super) fn rounded(units: i128) -> i128 {
    let half = UNITS_PER_DECIMAL / 2 * units.signum();
    (units + half) / UNITS_PER_DECIMAL
}

/// `whole × part / parts`, rounded towards zero; 0 of no parts.
fn share(whole: i128, part: i128, parts: i128) -> i128 {
    if parts == 0 {
        return 0;
    }
    // The quotient and the rest apart, so that no product passes 2¹²⁷.
    whole / parts * part + whole % parts * part / parts
}

/// Bytes and 10⁻¹⁴ USD of each reason.
#[derive(Debug, Default)]
struct Sums(BTreeMap<Reason, (i128, i128)>);

impl Sums {
    fn add(&mut self, reason: Reason, bytes: i128, units: i128) {
        let sum = self.0.entry(reason).or_default();
        sum.0 += bytes;
        sum.1 += units;
    }

    /// The parts of a whole in 10⁻¹⁰ USD: what rounding leaves is a part of its own.
    fn parts(mut self, whole: i128) -> Vec<Part> {
        let parts = self.0.iter().filter(|(reason, _)| **reason != Reason::Rounding);
        let sum: i128 = parts.map(|(_, (_, units))| rounded(*units)).sum();
        let left = whole - sum;
        if left != 0 {
            self.0.insert(Reason::Rounding, (0, left * UNITS_PER_DECIMAL));
        } else {
            self.0.remove(&Reason::Rounding);
        }
        let part = |(reason, (bytes, units)): (Reason, (i128, i128))| Part { reason, bytes, usd: rounded(units) };
        self.0.into_iter().map(part).filter(|part| (part.bytes, part.usd) != (0, 0)).collect()
    }
}

/// The line of a place and day.
pub(super) fn line(place: Place, day: u32, billed: &BTreeMap<u32, Vec<&BilledLine>>, against: &Against<'_>) -> Line {
    let mut sums = Sums::default();
    let (logs, prices) = (against.logs, against.prices);
    let all = || billed.values().flatten();
    let uses: BTreeMap<u32, Use> = logs.uses(&place, day).collect();
    match place.family {
        None => all().for_each(|line| sums.add(reason_of(line), line.bytes, line.cost)),
        Some(_) => {
            let mut periods: Vec<u32> = billed.keys().chain(uses.keys()).copied().collect();
            periods.sort_unstable();
            periods.dedup();
            for period in periods {
                let lines = billed.get(&period).map_or(&[][..], Vec::as_slice);
                let used = uses.get(&period).copied().unwrap_or_default();
                Period { place: &place, period, lines, used, prices }.explain(logs, &mut sums);
            }
        }
    }
    sums.add(Reason::Discount, 0, all().map(|line| line.discount).sum());
    let whole: i128 = all().map(|line| line.cost + line.discount).sum();
    let first = |text: fn(&BilledLine) -> &Arc<str>| all().map(|line| text(line)).min().cloned();
    let only = |text: fn(&BilledLine) -> &Arc<str>| first(text).filter(|found| all().all(|line| text(line) == found));
    let billed_usd = rounded(whole);
    Line {
        day,
        usage_type: first(|line| &line.usage_type).unwrap_or_else(|| usage_type(&place)),
        resource: only(|line| &line.resource).unwrap_or_else(|| Arc::clone(&place.resource)),
        product: first(|line| &line.product).unwrap_or_default(),
        sku: only(|line| &line.sku).unwrap_or_default(),
        billed_bytes: all().map(|line| line.bytes).sum(),
        logged_bytes: uses.values().map(|part| part.bytes).sum(),
        billed_usd,
        parts: sums.parts(billed_usd),
        place,
    }
}

/// Why flow logs do not show a line.
fn reason_of(line: &BilledLine) -> Reason {
    match line.meter {
        Meter::Free => Reason::Free,
        Meter::NoInterface if line.cost == 0 => Reason::Free,
        Meter::NoInterface => Reason::NoInterface,
        Meter::Hours => Reason::Hours,
        Meter::Unknown | Meter::Other | Meter::Charged(_) => Reason::Unknown,
    }
}

/// A period of a place.
struct Period<'a> {
    place: &'a Place,
    period: u32,
    lines: &'a [&'a BilledLine],
    used: Use,
    prices: &'a PriceTable,
}

impl Period<'_> {
    /// Adds the parts of the period.
    fn explain(&self, logs: &Logs, sums: &mut Sums) {
        let billed: i128 = self.lines.iter().map(|line| line.bytes).sum();
        let cost: i128 = self.lines.iter().map(|line| line.cost).sum();
        let more = billed - self.used.bytes;
        let reason = self.why(more, logs);
        // What is missing costs what the period's bytes cost on average: a bill does not say which of them it is.
        let missing = share(cost, more, billed);
        sums.add(reason, more, missing);
        let listed = self.used.cost / GB;
        sums.add(Reason::Logged, self.used.bytes, listed);
        let left = cost - missing - listed;
        if billed == 0 {
            // The logs have a charge that is not on the bill.
            sums.add(Reason::Residual, 0, left);
        } else {
            self.prices(left, listed, billed, sums);
        }
    }

    /// Why the bill has more bytes than the logs, or less.
    fn why(&self, more: i128, logs: &Logs) -> Reason {
        let place = self.place;
        match more {
            1.. if logs.shows(place) && !logs.covers(place, self.period) => Reason::UnloggedHours,
            1.. if !logs.knows(place) => Reason::Unlogged,
            // Around a gap what counts at which interface is told by difference, so it may be more than was billed too.
            more if more != 0 && logs.has_gap(place, self.period) => Reason::Skipped,
            1.. if !logs.is_watched(place, self.period) => Reason::UnloggedHours,
            _ => Reason::Residual,
        }
    }

    /// Adds why the bytes of the logs cost something else on the bill: `left` more than their list price.
    fn prices(&self, left: i128, listed: i128, billed: i128, sums: &mut Sums) {
        let used = self.used.bytes;
        if used == 0 {
            return sums.add(Reason::Rounding, 0, left);
        }
        let mut named = 0;
        for line in self.lines.iter().filter(|line| line.bytes > 0) {
            // A cost is rounded; a rate that does not give it is of something else, such as an average.
            let by_rate = line.rate.map(|rate| share(rate, line.bytes, GB));
            let exact = by_rate.filter(|exact| (exact - line.cost).abs() <= UNITS_PER_DECIMAL).unwrap_or(line.cost);
            let more = share(exact, used, billed) - share(listed, line.bytes, billed);
            let reason = self.reason_of_price(line);
            if more.abs() >= UNITS_PER_DECIMAL {
                sums.add(reason, 0, more);
                named += more;
            }
        }
        let rest = left - named;
        let rounding_max = UNITS_PER_DECIMAL * i128::try_from(self.lines.len() + 1).unwrap_or(i128::MAX);
        sums.add(if rest.abs() <= rounding_max { Reason::Rounding } else { Reason::Residual }, 0, rest);
    }

    /// Why a line's rate is not the average of the price table.
    fn reason_of_price(&self, line: &BilledLine) -> Reason {
        if self.used.unpriced > 0 && self.used.unpriced == self.used.bytes {
            return Reason::Unpriced;
        }
        if line.cost == 0 {
            return Reason::FreeTier;
        }
        let family = self.place.family.map(|family| family.charge());
        let ladder = family
            .and_then(|charge| self.prices.look_up(charge, &self.place.from, self.place.other_side(), self.period));
        let rates = ladder.iter().flat_map(|ladder| ladder.rows()).filter_map(|row| row.rate).map(Rate::units);
        let rates: Vec<i128> = rates.collect();
        let is_tier = line.rate.is_none_or(|rate| rates.contains(&rate));
        if rates.len() > 1 && is_tier { Reason::Tiers } else { Reason::Price }
    }
}
