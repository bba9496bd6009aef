//! When anything was logged: all that is asked of interfaces once records are joined.

use std::collections::{BTreeMap, BTreeSet};

use super::interfaces::{HOUR_SECONDS, Interfaces, joined};
use crate::schema::Column;
use crate::units::time;

/// Intervals in which AWS lost records, `[start, end]`, sorted and apart.
type Gaps = Vec<(u32, u32)>;

/// How much earlier than the others' one account's logs may end without a warning: an aggregation interval and a
/// delivery.
const STOPPED_SECONDS: u32 = 2 * HOUR_SECONDS;
/// Accounts that one sentence names.
const STOPPED_SHOWN_MAX: usize = 3;

/// The coverage of the logs.
#[derive(Clone, Debug, Default)]
pub struct Logged {
    /// The hours with coverage of any interface, counted since 1970.
    hours: BTreeSet<u32>,
    /// The earliest start and the latest end of a record of any interface.
    pub span: Option<(u32, u32)>,
    /// By interface, where AWS lost records of it.
    pub gaps: Vec<(Box<[u8]>, Gaps)>,
    /// By account and region, where records name them: the latest end of a record.
    ends: BTreeMap<(String, String), u32>,
}

impl Logged {
    /// The coverage by all interfaces.
    #[must_use]
    pub fn of(interfaces: &Interfaces) -> Self {
        let mut logged = Self { hours: interfaces.hours().collect(), ..Self::default() };
        for (id, interface) in interfaces.iter() {
            logged.span = interface.records.logged.map(|span| joined(logged.span, span)).or(logged.span);
            let text = |column| interface.attribute(column).map(|text| String::from_utf8_lossy(text).into_owned());
            if let (Some(account), Some((_, end))) = (text(Column::AccountId), interface.records.logged) {
                let place = (account, text(Column::Region).unwrap_or_default());
                let known = logged.ends.entry(place).or_default();
                *known = end.max(*known);
            }
            if !interface.records.gaps().is_empty() {
                logged.gaps.push((id.into(), interface.records.gaps().to_vec()));
            }
        }
        logged
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

    /// The hours with coverage of any interface, by their first seconds.
    pub fn hours(&self) -> impl Iterator<Item = u32> {
        self.hours.iter().map(|hour| hour.saturating_mul(HOUR_SECONDS))
    }

    /// Whether an OK or NODATA record of any interface starts in the hour of a moment.
    #[must_use]
    pub fn has_hour(&self, moment: u32) -> bool {
        self.hours.contains(&(moment / HOUR_SECONDS))
    }
}
