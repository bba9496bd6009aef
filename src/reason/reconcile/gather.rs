//! The priced lines of the logs → what each place has in each period, and what was logged when.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::{DAY_SECONDS, HOUR_SECONDS, Moments, OTHER_RESOURCES, Place};
use crate::error::Error;
use crate::group::{Hours, Logged};
use crate::price::Charge;
use crate::price::bill::{Bill, UNKNOWN, line};
use crate::price::statement::{Family, Statement, is_known_kind};
use crate::schema::frame::{int, moments, texts};
use crate::schema::{Column, output};

/// How far the first and the last record may be from the edges of a period that was logged: the tolerance of a record's
/// start ("up to 60 seconds", VPC user guide, "Flow log records").
const SLACK_SECONDS: u32 = 60;

/// What a place has in a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Use {
    /// Bytes.
    pub bytes: i128,
    /// What they cost by the price table, in units of [`crate::price::Money`].
    pub cost: i128,
    /// Bytes without a price.
    pub unpriced: i128,
}

/// By the resource of a bill: when each of its interfaces was logged, from the first record to the last; none of one that
/// never was.
pub type Watches = Vec<(String, Option<(u32, u32)>)>;

/// Bytes of a place and day by owners.
pub type OwnerBytes = BTreeMap<Vec<Option<Arc<str>>>, u64>;

/// What the logs have.
#[derive(Clone, Debug, Default)]
pub struct Logs {
    /// By place and period.
    uses: BTreeMap<Place, BTreeMap<u32, Use>>,
    /// By place and day: bytes by owner.
    owners: BTreeMap<(Place, u32), OwnerBytes>,
    /// When each interface of a resource was logged, from its first record to its last; none of one that never was.
    watches: HashMap<Arc<str>, Vec<Option<(u32, u32)>>>,
    /// When each account has.
    accounts: Moments,
    /// The interfaces at which a place's bytes were counted.
    observers: HashMap<Place, BTreeSet<Arc<str>>>,
    /// When AWS lost records of an interface.
    gaps: Moments,
    /// The hours with records of each account, and of records that name none; empty where that is not known.
    hours: HashMap<Arc<str>, Hours>,
    /// Seconds of a period.
    period_seconds: u32,
}

impl Logs {
    /// Gathers the lines of a bill of ours, which have `billed_resource`, `path`, `interface_id` and the owner keys, by the
    /// hour. Periods are those of AWS's bill.
    ///
    /// # Errors
    /// If a column is missing.
    pub fn of(
        bill: &Bill,
        owner_keys: &[String],
        (logged, watches): (&Logged, Watches),
        statement: &Statement,
    ) -> Result<Self, Error> {
        let period_seconds = if statement.is_hourly() { HOUR_SECONDS } else { DAY_SECONDS };
        let mut logs = Self { period_seconds, ..Self::default() };
        logs.add_gaps(logged);
        for ([account, ..], hours) in logged.deliveries() {
            logs.hours.entry(account.as_str().into()).or_default().extend(hours);
        }
        watches.into_iter().for_each(|(resource, span)| logs.watches.entry(resource.into()).or_default().push(span));
        let lines = &bill.lines;
        let text = |column: Column| texts(lines, column.name());
        let sums = int(lines, output::BYTES.name)?.iter().zip(int(lines, line::COST)?.iter());
        let sums = sums.zip(int(lines, output::UNPRICED_BYTES.name)?.iter());
        let charges = text(Column::Charge)?.zip(text(Column::Path)?).zip(text(Column::PayerAccount)?);
        let sides = text(Column::FromRegion)?.zip(text(Column::ToRegion)?);
        let seen = text(Column::BilledResource)?.zip(text(Column::InterfaceId)?);
        let mut owners = vec![Vec::new(); lines.height()];
        for key in owner_keys {
            owners.iter_mut().zip(texts(lines, key)?).for_each(|(owners, owner)| owners.push(owner.map(Arc::from)));
        }
        let mut names = Names::default();
        for (
            (((((charge, path), payer), (from, to)), (resource, observer)), (((bytes, cost), unpriced), time)),
            owners,
        ) in charges.zip(sides).zip(seen).zip(sums.zip(moments(lines, line::TIME)?)).zip(owners)
        {
            let time = time.unwrap_or(0);
            let period = time - time % period_seconds;
            let (account, resource) = (names.of(payer.unwrap_or_default()), names.of(resource.unwrap_or_default()));
            logs.accounts.entry(Arc::clone(&account)).or_default().insert(period);
            let family = charge.and_then(Charge::of_name);
            let family = family.and_then(|charge| Family::of_charge(charge, path, statement.has_operations()));
            let Some(family) = family else { continue };
            let place = Place {
                account,
                family: Some(family),
                from: names.of(from.unwrap_or(UNKNOWN)),
                to: names.of(if family.has_other_side() { to.unwrap_or_default() } else { "" }),
                usage_type: names.of(""),
                resource: names.of(billed_name(family, &resource, statement.has_resources())),
            };
            let bytes = bytes.unwrap_or(0);
            let part = Use { bytes, cost: cost.unwrap_or(0), unpriced: unpriced.unwrap_or(0) };
            if let Some(observer) = observer {
                logs.observers.entry(place.clone()).or_default().insert(names.of(observer));
            }
            let of_owner = logs.owners.entry((place.clone(), time - time % DAY_SECONDS)).or_default();
            let of_owner = of_owner.entry(owners).or_default();
            *of_owner = of_owner.saturating_add(u64::try_from(bytes).unwrap_or(0));
            logs.uses.entry(place).or_default().entry(period).or_default().add(&part);
        }
        Ok(logs)
    }

    /// Logs of one use of a place in a period, by these owners.
    #[cfg(test)]
    pub(crate) fn of_uses(period_seconds: u32, uses: &[(&Place, u32, Use, &str)]) -> Self {
        let mut logs = Self { period_seconds, ..Self::default() };
        for (place, period, part, owner) in uses {
            logs.accounts.entry(Arc::clone(&place.account)).or_default().insert(*period);
            logs.uses.entry((*place).clone()).or_default().entry(*period).or_default().add(part);
            logs.observers.entry((*place).clone()).or_default().insert("eni-1".into());
            let owners = logs.owners.entry(((*place).clone(), period - period % DAY_SECONDS)).or_default();
            *owners.entry(vec![Some((*owner).into())]).or_default() += u64::try_from(part.bytes).unwrap_or(0);
        }
        logs
    }

    /// The same with the first and last record of a resource's interface, and a gap of `eni-1`.
    #[cfg(test)]
    pub(crate) fn watched(mut self, resource: &str, span: Option<(u32, u32)>, gap: Option<u32>) -> Self {
        self.watches.entry(resource.into()).or_default().push(span);
        self.gaps.entry("eni-1".into()).or_default().extend(gap);
        self
    }

    fn add_gaps(&mut self, logged: &Logged) {
        for (interface, gaps) in &logged.gaps {
            let periods = gaps.iter().flat_map(|(from, to)| {
                let first = from - from % self.period_seconds;
                (first..=*to).step_by(self.period_seconds as usize)
            });
            self.gaps.entry(String::from_utf8_lossy(interface).into()).or_default().extend(periods);
        }
    }

    /// The bytes of some charges of a Region.
    pub(super) fn bytes(&self, families: &[Family], from: &str) -> i128 {
        let is_of =
            |place: &Place| place.family.is_some_and(|family| families.contains(&family)) && &*place.from == from;
        let of_place = |periods: &BTreeMap<u32, Use>| periods.values().map(|part| part.bytes).sum::<i128>();
        self.uses.iter().filter(|(place, _)| is_of(place)).map(|(_, periods)| of_place(periods)).sum()
    }

    /// Every place and day with bytes.
    pub(super) fn days(&self) -> impl Iterator<Item = (&Place, u32)> {
        self.owners.keys().map(|(place, day)| (place, *day))
    }

    /// The bytes of a place and day by owner.
    #[must_use]
    pub fn owners(&self, place: &Place, day: u32) -> Option<&OwnerBytes> {
        self.owners.get(&(place.clone(), day))
    }

    /// The periods of a day in which a place has bytes.
    pub(super) fn uses(&self, place: &Place, day: u32) -> impl Iterator<Item = (u32, Use)> {
        let periods = self.uses.get(place).into_iter();
        periods.flat_map(move |periods| periods.range(day..day + DAY_SECONDS)).map(|(period, part)| (*period, *part))
    }

    /// Whether the resource of a place was ever logged; where the bill's id of it means nothing to logs, its account.
    pub(super) fn knows(&self, place: &Place) -> bool {
        match self.spans(place) {
            Some(spans) => spans.iter().any(Option::is_some),
            None => is_by_account(place) && self.accounts.contains_key(&place.account) && self.has_account(place),
        }
    }

    /// Whether records of a place's account are in the logs, where records name their account.
    fn has_account(&self, place: &Place) -> bool {
        self.hours.is_empty() || self.hours.contains_key("") || self.hours.contains_key(&place.account)
    }

    /// Whether the logs have records of a place's account in each hour of a period. Of an account without logs nothing
    /// tells: what is known of it, others' records show.
    pub(super) fn covers(&self, place: &Place, period: u32) -> bool {
        let hours = ["", &place.account].map(|account| self.hours.get(account));
        let is_covered = |hour: u32| hours.iter().flatten().any(|hours| is_inside(hours, hour));
        let mut wanted = period / HOUR_SECONDS..(period + self.period_seconds) / HOUR_SECONDS;
        hours.iter().all(Option::is_none) || wanted.all(is_covered)
    }

    /// Whether any of its bytes are in the logs, be it by records of others.
    pub(super) fn shows(&self, place: &Place) -> bool {
        self.uses.contains_key(place)
    }

    /// The accounts that records name.
    pub fn logged_accounts(&self) -> impl Iterator<Item = &Arc<str>> {
        self.hours.keys().filter(|account| !account.is_empty())
    }

    /// Whether bytes of some charges are there.
    #[must_use]
    pub fn has(&self, family: Family) -> bool {
        self.uses.keys().any(|place| place.family == Some(family))
    }

    /// Whether it was logged for all of a period: each of its interfaces has records from its start to its end.
    pub(super) fn is_watched(&self, place: &Place, period: u32) -> bool {
        let end = period + self.period_seconds;
        let covers = |(first, last): (u32, u32)| {
            first <= period.saturating_add(SLACK_SECONDS) && last.saturating_add(SLACK_SECONDS) >= end
        };
        if !self.covers(place, period) {
            return false;
        }
        match self.spans(place) {
            Some(spans) => spans.iter().all(|span| span.is_some_and(covers)),
            None => self.accounts.get(&place.account).is_some_and(|periods| periods.contains(&period)),
        }
    }

    fn spans(&self, place: &Place) -> Option<&[Option<(u32, u32)>]> {
        if is_by_account(place) { None } else { self.watches.get(&place.resource).map(Vec::as_slice) }
    }

    /// Whether AWS lost records in a period of an interface at which bytes of the place are counted.
    pub(super) fn has_gap(&self, place: &Place, period: u32) -> bool {
        let lost = |interface: &Arc<str>| self.gaps.get(interface).is_some_and(|gaps| gaps.contains(&period));
        self.observers.get(place).is_some_and(|observers| observers.iter().any(lost))
    }
}

impl Use {
    fn add(&mut self, other: &Self) {
        self.bytes += other.bytes;
        self.cost += other.cost;
        self.unpriced += other.unpriced;
    }
}

/// Whether an hour is in a stretch of hours with records, and not at an edge of it where records are missing: some files
/// may have the hour, and others not.
fn is_inside(hours: &Hours, hour: u32) -> bool {
    let stretches = hours.stretches();
    let (first, last) = (stretches.first().map(|(first, _)| *first), stretches.last().map(|(_, end)| *end));
    stretches.iter().any(|(from, end)| {
        let starts = hour > *from || Some(hour) == first;
        let ends = hour + 1 < *end || Some(hour + 1) == last;
        (*from..*end).contains(&hour) && starts && ends
    })
}

/// Whether a place stands for all that an account has of its charge.
fn is_by_account(place: &Place) -> bool {
    place.resource.is_empty() || &*place.resource == OTHER_RESOURCES
}

/// The name under which a resource is compared: interfaces stand on a bill under another name.
fn billed_name(family: Family, resource: &str, has_resources: bool) -> &str {
    if !has_resources || !family.has_resource() {
        ""
    } else if is_known_kind(resource) && !resource.starts_with("eni-") {
        resource
    } else {
        OTHER_RESOURCES
    }
}

/// Texts, each kept once.
#[derive(Debug, Default)]
struct Names(HashMap<Box<str>, Arc<str>>);

impl Names {
    fn of(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let name = Arc::<str>::from(text);
        self.0.insert(text.into(), Arc::clone(&name));
        name
    }
}
