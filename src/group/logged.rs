//! When anything was logged: all that is asked of interfaces once records are joined.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::hours::Hours;
use super::interfaces::{Delivery, HOUR_SECONDS, Interfaces, joined};
use crate::schema::Column;
use crate::units::human::counted;
use crate::units::time::{self, Window};

/// Intervals in which AWS lost records, `[start, end]`, sorted and apart.
type Gaps = Vec<(u32, u32)>;

/// How much earlier than the others' one account's logs may end without a warning: an aggregation interval and a
/// delivery.
const STOPPED_SECONDS: u32 = 2 * HOUR_SECONDS;
/// Accounts that one sentence names.
const STOPPED_SHOWN_MAX: usize = 3;
/// Full hours in a row from which on an account or flow log without any record is named, while others have some.
const SILENT_HOURS_MIN: u32 = 2;
/// Stretches of silence that one sentence names.
const SILENT_SHOWN_MAX: usize = 3;

/// The coverage of the logs.
#[derive(Clone, Debug, Default)]
pub struct Logged {
    /// The hours with coverage of any interface, counted since 1970.
    hours: Hours,
    /// The same of each account, region and flow log.
    deliveries: Vec<(Delivery, Hours)>,
    /// The earliest start and the latest end of a record of any interface.
    pub span: Option<(u32, u32)>,
    /// By interface, where AWS lost records of it.
    pub gaps: Vec<(Box<[u8]>, Gaps)>,
    /// By account and region, where records name them: the latest end of a record.
    ends: BTreeMap<(String, String), u32>,
    /// The interfaces with an OK or NODATA record.
    interfaces: Ids,
}

/// Ids in their order, end to end: there may be millions.
#[derive(Clone, Debug, Default)]
struct Ids {
    text: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Ids {
    /// Adds the next one.
    fn push(&mut self, id: &[u8]) {
        self.text.extend_from_slice(id);
        self.ends.push(self.text.len());
    }

    fn at(&self, place: usize) -> &[u8] {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[start..self.ends[place]]
    }

    fn contains(&self, id: &[u8]) -> bool {
        let (mut from, mut to) = (0, self.ends.len());
        while from < to {
            let middle = from + (to - from) / 2;
            match self.at(middle).cmp(id) {
                Ordering::Less => from = middle + 1,
                Ordering::Equal => return true,
                Ordering::Greater => to = middle,
            }
        }
        false
    }
}

impl Logged {
    /// The coverage by all interfaces.
    #[must_use]
    pub fn of(interfaces: &Interfaces) -> Self {
        let deliveries = interfaces.hours().iter().map(|(delivery, hours)| (delivery.clone(), hours.clone())).collect();
        let mut logged = Self { deliveries, ..Self::default() };
        interfaces.hours().values().for_each(|hours| logged.hours.extend(hours));
        for (id, interface) in interfaces.iter() {
            logged.span = interface.records.logged.map(|span| joined(logged.span, span)).or(logged.span);
            let text = |column| interface.attribute(column).map(|text| String::from_utf8_lossy(text).into_owned());
            if let (Some(account), Some((_, end))) = (text(Column::AccountId), interface.records.logged) {
                let place = (account, text(Column::Region).unwrap_or_default());
                let known = logged.ends.entry(place).or_default();
                *known = end.max(*known);
            }
            if interface.records.logged.is_some() {
                logged.interfaces.push(id);
            }
            if !interface.records.gaps().is_empty() {
                logged.gaps.push((id.into(), interface.records.gaps().to_vec()));
            }
        }
        logged.interfaces.text.shrink_to_fit();
        logged.interfaces.ends.shrink_to_fit();
        logged
    }

    /// A coverage by these hours alone, where nothing is asked of interfaces.
    #[must_use]
    pub fn with_hours(hours: Hours) -> Self {
        Self { hours, ..Self::default() }
    }

    /// A coverage of these interfaces, for tests of what is asked of it.
    #[cfg(test)]
    #[must_use]
    pub fn with_interfaces(ids: &[&str]) -> Self {
        let (mut ids, mut interfaces) = (ids.to_vec(), Ids::default());
        ids.sort_unstable();
        ids.iter().for_each(|id| interfaces.push(id.as_bytes()));
        Self { interfaces, ..Self::default() }
    }

    /// Accounts whose logs end before those of others and before `to`, where there is such an end: delivery may have
    /// stopped, and what they sent after that is in no answer.
    #[must_use]
    pub fn stopped(&self, to: Option<u32>) -> Option<String> {
        let (_, last) = self.span?;
        let asked = to.map_or(last, |to| to.min(last)).saturating_sub(STOPPED_SECONDS);
        let stopped: Vec<_> = self.ends.iter().filter(|(_, end)| **end < asked).collect();
        let name = |((account, region), end): &(&(String, String), &u32)| {
            let region = if region.is_empty() { String::new() } else { format!(" in {region}") };
            format!("{account}{region} (until {})", time::write(**end))
        };
        let named = stopped.iter().take(STOPPED_SHOWN_MAX).map(name).collect::<Vec<_>>().join(", ");
        let more = match stopped.len().saturating_sub(STOPPED_SHOWN_MAX) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (!stopped.is_empty()).then(|| {
            format!(
                "logs end early for {named}{more}: their later traffic is missing; check the delivery, or read only \
                 complete accounts with --account"
            )
        })
    }

    /// Accounts whose logs begin after those of others and after `from`, where there is such a start. They may be new, so it
    /// is no fault.
    #[must_use]
    pub fn late(&self, from: Option<u32>) -> Option<String> {
        let (first, _) = self.span?;
        let asked = from.map_or(first, |from| from.max(first)).saturating_add(STOPPED_SECONDS);
        let mut begins: BTreeMap<(&str, &str), u32> = BTreeMap::new();
        let is_named = |account: &str| !account.is_empty() && account != "unknown";
        for ([account, region, _], hours) in self.deliveries.iter().filter(|(place, _)| is_named(&place[0])) {
            let Some((hour, _)) = hours.stretches().first() else { continue };
            let known = begins.entry((account, region)).or_insert(*hour);
            *known = (*known).min(*hour);
        }
        let begun = |hour: u32| hour.saturating_mul(HOUR_SECONDS);
        let late: Vec<_> = begins.into_iter().filter(|(_, hour)| begun(*hour) > asked).collect();
        let name = |((account, region), hour): &((&str, &str), u32)| {
            let region = if region.is_empty() { String::new() } else { format!(" in {region}") };
            format!("{account}{region} (from {})", time::write(begun(*hour)))
        };
        let named = late.iter().take(STOPPED_SHOWN_MAX).map(name).collect::<Vec<_>>().join(", ");
        let more = match late.len().saturating_sub(STOPPED_SHOWN_MAX) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (!late.is_empty()).then(|| {
            format!(
                "logs begin late for {named}{more}: new accounts, or their earlier traffic is missing from the logs"
            )
        })
    }

    /// Accounts and flow logs of which no interface has a record for hours in the midst of the windows, while others have:
    /// even an idle interface has NODATA records, so their delivery may have failed.
    #[must_use]
    pub fn silent(&self, windows: &[Window]) -> Option<String> {
        let mut found: Vec<(&Delivery, (u32, u32))> = Vec::new();
        for (delivery, hours) in &self.deliveries {
            let pauses = hours.stretches().windows(2).map(|pair| (pair[0].1, pair[1].0));
            let is_asked = |hour: u32| windows.iter().any(|window| window.has_hour(hour));
            // An account with a few records here and there is not silent between them, but hardly there.
            let pauses = pauses.filter(|(from, to)| u64::from(to - from) <= hours.count());
            let others =
                |pause: &(u32, u32)| (pause.0..pause.1).filter(|hour| self.hours.has(*hour) && is_asked(*hour));
            found.extend(
                pauses.filter(|pause| others(pause).count() >= SILENT_HOURS_MIN as usize).map(|of| (delivery, of)),
            );
        }
        found.sort_by_key(|(delivery, (from, to))| (std::cmp::Reverse(to - from), *from, *delivery));
        let name = |(delivery, (from, to)): &(&Delivery, (u32, u32))| {
            let [account, region, flow_log] = delivery;
            let region = if region.is_empty() { String::new() } else { format!(" in {region}") };
            let flow_log = if flow_log.is_empty() { String::new() } else { format!(" ({flow_log})") };
            let account = if account.is_empty() { "an unnamed account" } else { account };
            let [start, end] = [from, to].map(|hour| time::write(hour.saturating_mul(HOUR_SECONDS)));
            format!("{account}{region}{flow_log}: {} from {start} to {end}", counted(u64::from(to - from), "hour"))
        };
        let named = found.iter().take(SILENT_SHOWN_MAX).map(name).collect::<Vec<_>>().join(", ");
        let more = match found.len().saturating_sub(SILENT_SHOWN_MAX) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (!found.is_empty()).then(|| {
            format!("no records at all while others go on, of {named}{more}: their traffic is missing then; check the delivery")
        })
    }

    /// The hours with coverage, since 1970, of each account, region and flow log.
    pub fn deliveries(&self) -> impl Iterator<Item = &(Delivery, Hours)> {
        self.deliveries.iter()
    }

    /// The hours with coverage of any interface, by their first seconds.
    pub fn hours(&self) -> impl Iterator<Item = u32> {
        self.hours.iter().map(|hour| hour.saturating_mul(HOUR_SECONDS))
    }

    /// Whether an interface has an OK or NODATA record; gateways without interfaces go by their own id.
    #[must_use]
    pub fn has_interface(&self, id: &str) -> bool {
        self.interfaces.contains(id.as_bytes())
    }

    /// Whether an OK or NODATA record of any interface starts in the hour of a moment.
    #[must_use]
    pub fn has_hour(&self, moment: u32) -> bool {
        self.hours.has(moment / HOUR_SECONDS)
    }
}
