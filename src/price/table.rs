//! Layered price tables, and the rows that apply.
//!
//! A table that is given later comes first: what it has a row for at the moment it decides, also with a row for any
//! place, and the tables below it are not asked. Within a table the most exact row decides: the pair of places, then
//! the place and any other, then any place. Local and Wavelength Zones that no table has a row for have the prices of
//! their region.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use super::attested::Confidence;
use super::ladder::Ladder;
use super::money::{GB_BYTES, Rate};
use super::read;
use crate::error::{Error, RowError};
use crate::schema::charge::{ANY, Charge, INTERNET, SAME};
use crate::schema::{edge, region};
use crate::units::csv_table::{CsvTable, Layout};
use crate::units::human::counted;

/// The table that is part of the program; its sources are keys of [`SOURCES`], joined by `+`.
const EMBEDDED: &str = include_str!("prices.csv");
/// The part of it that is of Local and Wavelength Zones: what differs from their regions.
const EMBEDDED_ZONES: &str = include_str!("zones.csv");
/// The part of it that is per hour.
const EMBEDDED_HOURS: &str = include_str!("hours.csv");
const SOURCES: &str = include_str!("sources.csv");
const SOURCES_LAYOUT: Layout =
    Layout { required: &["key", "source"], optional: &[], others: false, written: "key,source" };

/// One tier of one charge between two places, while it was in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceRow {
    /// What is charged.
    pub charge: Charge,
    /// The region that is charged, the group of a Local or Wavelength Zone, or [`ANY`].
    pub from: String,
    /// The other side: a region or group of zones, [`SAME`], [`INTERNET`], [`ANY`], or a Direct Connect location.
    pub to: String,
    /// Where the tier begins, in GB of 2³⁰ bytes a month.
    pub start_gb: u64,
    /// Where it ends; it has no end where there is none.
    pub end_gb: Option<u64>,
    /// The price per GB, or per hour of a charge by the hour; none where it is known not to be known.
    pub rate: Option<Rate>,
    /// When it comes into force, in seconds since 1970, UTC; 0 for ever since.
    pub effective_from: u32,
    /// When it is no longer in force; none for open.
    pub effective_to: Option<u32>,
    /// Where the price was read, in the words of the table; empty where it does not say.
    pub source: String,
    /// By how many sources it is attested; none where the table does not say.
    pub confidence: Option<Confidence>,
    /// The day of the newest source, in seconds since 1970, UTC; none where the table does not say.
    pub as_of: Option<u32>,
    /// Line of the table.
    pub line: u64,
}

impl PriceRow {
    /// What a row prices, tiers and validity aside.
    #[must_use]
    pub fn place(&self) -> Place {
        (self.charge, self.from.clone(), self.to.clone())
    }

    /// Whether it is in force at a moment.
    #[must_use]
    pub fn is_in_force(&self, moment: u32) -> bool {
        self.effective_from <= moment && self.effective_to.is_none_or(|end| moment < end)
    }
}

/// A charge and its two sides.
pub type Place = (Charge, String, String);

/// The rows of a table by what they price.
type Layer = BTreeMap<Place, Vec<PriceRow>>;

/// Prices: rows by key, in layers; the last one wins.
#[derive(Clone, Debug)]
pub struct PriceTable {
    layers: Vec<Arc<Layer>>,
    /// The names of the tables that are laid over the first one.
    overrides: Vec<String>,
    name: String,
    /// Rows that are left out, and why.
    pub warnings: Vec<String>,
}

impl PriceTable {
    /// The table that is part of the program: AWS's list prices, each with its sources and how well they attest it.
    ///
    /// # Errors
    /// None, as a test reads it.
    pub fn embedded() -> Result<Self, Error> {
        // Read once: it has more than a thousand rows.
        static READ: OnceLock<PriceTable> = OnceLock::new();
        if let Some(table) = READ.get() {
            return Ok(table.clone());
        }
        let parts = [EMBEDDED, EMBEDDED_ZONES, EMBEDDED_HOURS];
        let mut rows: Vec<_> = parts.iter().flat_map(|part| Self::examine(part.as_bytes()).0).collect();
        let sources = sources()?;
        for row in &mut rows {
            let named = row.source.split('+').map(|key| sources.get(key).map(String::as_str));
            let named = named.collect::<Option<Vec<_>>>().ok_or_else(|| {
                Error::internal(format!("the embedded prices, line {}: unknown source `{}`", row.line, row.source))
            })?;
            row.source = named.join("; ");
        }
        Ok(READ.get_or_init(|| Self::of_rows(rows)).clone())
    }

    /// A table in the project's own form, whole and without faults.
    ///
    /// # Errors
    /// The first fault, with its line and column, and how many more there are.
    pub fn read(name: &str, csv: &[u8]) -> Result<Self, Error> {
        let (rows, faults) = Self::examine(csv);
        let (left_out, faults): (Vec<_>, Vec<_>) = faults.into_iter().partition(read::is_of_region);
        let Some(first) = faults.first() else {
            let hint = |fault: &RowError| fault.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
            let warning = |fault: &RowError| format!("{name}, {fault}: the row is left out{}", hint(fault));
            let warnings = left_out.iter().map(warning).collect();
            return Ok(Self { name: name.to_owned(), warnings, ..Self::of_rows(rows) });
        };
        let error = Error::usage(format!("{name}, {first}"));
        let error = first.hint.iter().fold(error, |error, hint| error.hint(hint));
        let more = faults.len() - 1;
        Err(if more == 0 { error } else { error.hint(format!("`outflow prices check` shows {more} more")) })
    }

    /// The valid rows of a table, in file order, and all its errors.
    #[must_use]
    pub fn examine(csv: &[u8]) -> (Vec<PriceRow>, Vec<RowError>) {
        read::rows(csv)
    }

    /// A table of rows that have no faults.
    #[must_use]
    pub fn of_rows(rows: Vec<PriceRow>) -> Self {
        let mut layer: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for row in rows {
            layer.entry(row.place()).or_default().push(row);
        }
        layer.values_mut().for_each(|rows| rows.sort_by_key(|row| (row.start_gb, row.effective_from)));
        Self { layers: vec![Arc::new(layer)], overrides: Vec::new(), name: String::new(), warnings: Vec::new() }
    }

    /// The table under the name of where it is from, for messages.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// This table with another laid over it.
    #[must_use]
    pub fn with_overrides(mut self, over: Self) -> Self {
        self.layers.extend(over.layers);
        self.overrides.push(over.name);
        self.overrides.extend(over.overrides);
        self.warnings.extend(over.warnings);
        self
    }

    /// Tables laid over the first one of which no row is among those that priced something, as sentences. Rows that
    /// take a price away, or make bytes free, price nothing.
    #[must_use]
    pub fn unused(&self, used: &[&PriceRow]) -> Vec<String> {
        let of = |layer: &Layer| -> Option<usize> {
            let rows: Vec<&PriceRow> = layer.values().flatten().collect();
            let prices = |row: &&PriceRow| row.rate.is_some() && row.charge != Charge::InternetEgressFree;
            let is_used = |row: &&PriceRow| used.iter().any(|used| std::ptr::eq(*used, *row));
            (rows.iter().all(prices) && !rows.iter().any(is_used)).then_some(rows.len())
        };
        let layers = self.layers.iter().skip(1).zip(&self.overrides);
        let unused = layers.filter_map(|(layer, name)| Some((of(layer)?, name)));
        let sentence = |(rows, name): (usize, &String)| {
            let rows = counted(rows as u64, "row");
            format!("{name}: none of its {rows} prices a charge of these logs: check charge, regions and dates")
        };
        unused.map(sentence).collect()
    }

    /// The tiers in force for a charge from a region to a place, else those of the regions that zones are in, else those
    /// of the charge that it falls back on.
    #[must_use]
    pub fn look_up(&self, charge: Charge, from: &str, to: &str, moment: u32) -> Option<Ladder<'_>> {
        let froms = [Some(from), edge::parent(from)];
        let tos = [Some(to), edge::parent(to)];
        let mut places = froms.iter().flatten().flat_map(|from| tos.iter().flatten().map(move |to| (*from, *to)));
        let in_layers =
            |(from, to)| self.layers.iter().rev().find_map(|layer| in_layer(layer, charge, from, to, moment));
        let found = places.find_map(in_layers);
        found.or_else(|| self.look_up(charge.fallback()?, from, to, moment))
    }

    /// What an hour of a gateway, an endpoint or an address costs in a region, before discounts; none where it is not
    /// known.
    #[must_use]
    pub fn hourly(&self, charge: Charge, from: &str, moment: u32) -> Option<Rate> {
        self.look_up(charge, from, ANY, moment)?.rows.first()?.rate
    }

    /// How many bytes of a month's egress from a region are free, of all regions together.
    #[must_use]
    pub fn free_bytes(&self, from: &str, moment: u32) -> u64 {
        let free = self.look_up(Charge::InternetEgressFree, from, INTERNET, moment);
        let gb = free.and_then(|ladder| ladder.rows.last()?.end_gb).filter(|_| region::has_free_tier(from));
        gb.unwrap_or(0).saturating_mul(GB_BYTES)
    }

    /// Every ladder that applies at a time, sorted by charge and location.
    pub fn in_force(&self, moment: u32) -> impl Iterator<Item = Ladder<'_>> {
        let mut places: Vec<_> = self.layers.iter().flat_map(|layer| layer.keys()).collect();
        places.sort();
        places.dedup();
        places.into_iter().filter_map(move |place| {
            let ladder = self.look_up(place.0, &place.1, &place.2, moment)?;
            ladder.rows.first().is_some_and(|row| row.place() == *place).then_some(ladder)
        })
    }

    /// Every moment at which a price may change, in order.
    pub(super) fn changes(&self) -> Vec<u32> {
        let edges = |row: &PriceRow| [Some(row.effective_from), row.effective_to].into_iter().flatten();
        let changes: BTreeSet<_> = self.rows().flat_map(edges).collect();
        changes.into_iter().collect()
    }

    /// Every row, the tables given later after those before them.
    pub fn rows(&self) -> impl Iterator<Item = &PriceRow> {
        self.layers.iter().flat_map(|layer| layer.values().flatten())
    }
}

/// The sources of the embedded table by their keys.
fn sources() -> Result<BTreeMap<String, String>, Error> {
    let damaged = |faults: &[RowError]| {
        Error::internal(format!("the embedded sources: {}", faults.first().map_or(String::new(), ToString::to_string)))
    };
    let table = CsvTable::open(SOURCES.as_bytes(), &SOURCES_LAYOUT).map_err(|faults| damaged(&faults))?;
    let (rows, faults) = table.read(|row| Some((row.text("key").to_owned(), row.text("source").to_owned())));
    if faults.is_empty() { Ok(rows.into_iter().collect()) } else { Err(damaged(&faults)) }
}

fn in_layer<'a>(layer: &'a Layer, charge: Charge, from: &str, to: &str, moment: u32) -> Option<Ladder<'a>> {
    let same = (from == to).then_some(SAME);
    let sides = [Some(to), same, Some(ANY)];
    let mut candidates = [from, ANY].into_iter().flat_map(|from| sides.iter().flatten().map(move |to| (from, *to)));
    candidates.find_map(|(from, to)| {
        let rows = layer.get(&(charge, from.to_owned(), to.to_owned()))?;
        let rows: Vec<_> = rows.iter().filter(|row| row.is_in_force(moment)).collect();
        (!rows.is_empty()).then_some(Ladder { rows })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u32 = 1_792_000_000;

    fn user(csv: &str) -> PriceTable {
        let head = "charge,from,to,tier_start_gb,tier_end_gb,usd_per_gb,effective_from,effective_to,source\n";
        let user = PriceTable::read("test", format!("{head}{csv}").as_bytes()).unwrap();
        PriceTable::embedded().unwrap().with_overrides(user)
    }

    fn rate(table: &PriceTable, charge: Charge, from: &str, to: &str, moment: u32) -> Option<u128> {
        table.look_up(charge, from, to, moment)?.rows[0].rate.map(Rate::rounded)
    }

    #[test]
    fn the_embedded_table_is_right_and_every_row_is_in_force() {
        assert_eq!(PriceTable::examine(EMBEDDED.as_bytes()).1, []);
        assert_eq!(PriceTable::examine(EMBEDDED_ZONES.as_bytes()).1, []);
        assert_eq!(PriceTable::examine(EMBEDDED_HOURS.as_bytes()).1, []);
        let table = PriceTable::embedded().unwrap();
        assert!(table.rows().all(|row| row.rate.is_some()));
        assert_eq!(table.in_force(NOW).map(|ladder| ladder.rows.len()).sum::<usize>(), table.rows().count());
    }

    #[test]
    fn what_is_not_attested_has_no_price() {
        let table = PriceTable::embedded().unwrap();
        assert_eq!(rate(&table, Charge::NatProcessing, "cn-north-1", ANY, NOW), None);
        assert_eq!(rate(&table, Charge::InterRegion, "eu-west-1", "cn-north-1", NOW), None);
        assert_eq!(rate(&table, Charge::DirectConnect, "eu-west-1", "EqFA5", NOW), None);
    }

    #[test]
    fn the_more_exact_row_decides_and_a_later_table_before_an_earlier() {
        let table = user("nat-processing,eu-west-1,any,0,,0.02,2026-01-01,2027-01-01,contract\n");
        let at = |moment| rate(&table, Charge::NatProcessing, "eu-west-1", ANY, moment);
        assert_eq!(at(NOW), Some(200_000_000));
        assert_eq!(at(1_800_000_000), Some(480_000_000), "after the contract the embedded price is back");

        let table = user("nat-processing,any,any,0,,0.05,,,\nnat-processing,eu-west-2,any,0,,0.04,,,\n");
        assert_eq!(rate(&table, Charge::NatProcessing, "us-east-1", ANY, NOW), Some(500_000_000));
        assert_eq!(rate(&table, Charge::NatProcessing, "eu-west-2", ANY, NOW), Some(400_000_000));
    }

    #[test]
    fn a_row_without_a_rate_takes_the_price_away() {
        let table = user("nat-processing,eu-west-1,any,0,,,,,asked AWS\n");
        let ladder = table.look_up(Charge::NatProcessing, "eu-west-1", ANY, NOW).unwrap();
        assert_eq!(ladder.rows[0].rate, None);
    }

    #[test]
    fn peering_falls_back_on_zones_and_same_means_the_region_itself() {
        let table = PriceTable::embedded().unwrap();
        let peering = |moment| table.look_up(Charge::PeeringZoneOut, "eu-central-1", "eu-central-1", moment).unwrap();
        assert_eq!(peering(NOW).rows[0].charge, Charge::PeeringZoneOut);
        assert_eq!(peering(1_700_000_000).rows[0].charge, Charge::InterZoneOut, "before peerings had a meter");
        assert_eq!(rate(&table, Charge::PublicAddressIn, "eu-north-1", "eu-north-1", NOW), Some(100_000_000));
        assert_eq!(rate(&table, Charge::PublicAddressIn, "eu-north-1", "eu-west-1", NOW), None);
    }

    #[test]
    fn a_zone_has_its_own_price_before_its_regions() {
        let table = PriceTable::embedded().unwrap();
        let pair = |from, to| rate(&table, Charge::InterRegion, from, to, NOW);
        assert_eq!(pair("us-west-2-hnl-1", "us-east-1"), Some(320_000_000));
        assert_eq!(pair("us-west-2-lax-1", "eu-west-1"), pair("us-west-2", "eu-west-1"), "as in AWS's feed");
        assert_eq!(pair("us-west-2-lax-1", "us-west-2-sea-1"), None, "the feed has no price of it");
        assert_eq!(pair("us-west-2-sea-1", "us-west-2-lax-1"), Some(200_000_000));
        let local = |from| rate(&table, Charge::LocalZoneOut, from, SAME, NOW);
        assert_eq!([local("us-west-2-hnl-1"), local("us-west-2-xyz-1")], [Some(220_000_000), Some(100_000_000)]);
        let over = user("internet-egress,us-west-2,internet,0,,0.02,,,contract\n");
        let egress = |from| rate(&over, Charge::InternetEgress, from, INTERNET, NOW);
        assert_eq!(egress("us-west-2-lax-1"), Some(900_000_000), "a Region's contract is not the zone's");
        assert_eq!(egress("us-west-2-xyz-1"), Some(200_000_000));
    }

    #[test]
    fn the_free_tier_is_a_hundred_gb_outside_govcloud_and_china() {
        let table = PriceTable::embedded().unwrap();
        assert_eq!(table.free_bytes("eu-west-1", NOW), 100 << 30);
        assert_eq!(table.free_bytes("us-gov-east-1", NOW), 0);
        assert_eq!(table.free_bytes("cn-north-1", NOW), 0);
    }
}
