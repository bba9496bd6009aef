//! Notes on the prices of Local and Wavelength Zones: what of them is taken from their regions.

use std::collections::BTreeSet;

use super::bill::{Bill, line};
use super::money::Money;
use super::table::PriceRow;
use crate::error::Error;
use crate::schema::charge::{ANY, Charge};
use crate::schema::frame::{int, texts};
use crate::schema::{Column, edge, output};
use crate::units::human::{self, Units};

/// The only group of Local Zones to which AWS's pricing feed of 2025-12-02 has the pairs of regions; it has all pairs
/// from Local Zones, and those from and to Wavelength Zones.
const LISTED_DESTINATION: &str = "us-west-2-lax-1";

/// Which bytes and dollars of zones have the prices of their regions, and which tiers are counted apart from them.
///
/// # Errors
/// If the steps cannot be joined with their lines.
pub(super) fn notes(bill: &Bill<'_>) -> Result<Vec<String>, Error> {
    let is_of_zone = |text: Option<&str>| text.is_some_and(|text| edge::parent(text).is_some());
    let has_zones = |column: Column| Ok::<_, Error>(texts(&bill.lines, column.name())?.any(is_of_zone));
    if !has_zones(Column::FromRegion)? && !has_zones(Column::ToRegion)? {
        return Ok(Vec::new());
    }
    let steps = bill.current_steps()?;
    let text = |column: Column| texts(&steps, column.name());
    let places = text(Column::Charge)?.zip(text(Column::FromRegion)?).zip(text(Column::ToRegion)?);
    let prices = steps.column(line::PRICE)?.u32()?.iter();
    let sums = int(&steps, output::BYTES.name)?.iter().zip(int(&steps, line::COST)?.iter());
    let (mut borrowed, mut pooled) = (Part::default(), Part::default());
    for (((charge, from), to), (price, (bytes, cost))) in places.zip(prices.zip(sums)) {
        let (Some(charge), Some(from), Some(to)) = (charge.and_then(Charge::of_name), from, to) else { continue };
        let Some(row) = price.and_then(|place| bill.prices.get(place as usize)) else { continue };
        if is_borrowed(row, charge, from, to) {
            borrowed.add([from, to], bytes, cost);
        }
        if charge == Charge::InternetEgress {
            pooled.add([from], bytes, cost);
        }
    }
    let borrowed = borrowed.sentence("have no price of their own and are priced as their region's");
    let pooled = pooled.sentence("have tiers of their own: assumed, as AWS does not say which tiers zones share");
    Ok(borrowed.into_iter().chain(pooled).collect())
}

/// Whether a price is that of a zone's region for want of one of the zone's own. Where AWS's feed has the same price for
/// a zone and its region, the table has the region's alone, and that is the zone's.
fn is_borrowed(row: &PriceRow, charge: Charge, from: &str, to: &str) -> bool {
    let is_own = |side: &str, priced: &str| edge::parent(side).is_none() || priced == side || priced == ANY;
    if is_own(from, &row.from) && is_own(to, &row.to) {
        return false;
    }
    let is_listed = |group: &str| edge::groups().any(|listed| listed == group);
    let in_feed = match (edge::parent(from), edge::parent(to)) {
        (Some(_), None) => is_listed(from),
        (None, Some(_)) => is_listed(to) && (edge::is_wavelength(to) || to == LISTED_DESTINATION),
        _ => false,
    };
    // A row without a confidence is the user's own, and the feed says nothing of it.
    !(in_feed && charge == Charge::InterRegion && row.confidence.is_some())
}

/// Bytes and dollars of some zones.
#[derive(Default)]
struct Part {
    bytes: u128,
    usd: Money,
    groups: BTreeSet<String>,
}

impl Part {
    fn add<const N: usize>(&mut self, sides: [&str; N], bytes: Option<i128>, cost: Option<i128>) {
        let groups: Vec<_> = sides.into_iter().filter(|side| edge::parent(side).is_some()).collect();
        if !groups.is_empty() {
            self.bytes += u128::try_from(bytes.unwrap_or(0)).unwrap_or(0);
            self.usd = self.usd + Money::of_units(cost.unwrap_or(0));
        }
        self.groups.extend(groups.into_iter().map(str::to_owned));
    }

    fn sentence(&self, what: &str) -> Option<String> {
        let groups = self.groups.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let (bytes, usd) = (human::bytes(self.bytes, Units::Iec), human::usd(self.usd.rounded()));
        (!self.groups.is_empty()).then(|| format!("{bytes} ({usd}) of {groups} {what}"))
    }
}
