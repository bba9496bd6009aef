//! When anything was logged: all that is asked of interfaces once records are joined.

use std::collections::BTreeSet;

use super::interfaces::{HOUR_SECONDS, Interfaces, joined};

/// Intervals in which AWS lost records, `[start, end]`, sorted and apart.
type Gaps = Vec<(u32, u32)>;

/// The coverage of the logs.
#[derive(Clone, Debug, Default)]
pub struct Logged {
    /// The hours with coverage of any interface, counted since 1970.
    hours: BTreeSet<u32>,
    /// The earliest start and the latest end of a record of any interface.
    pub span: Option<(u32, u32)>,
    /// By interface, where AWS lost records of it.
    pub gaps: Vec<(Box<[u8]>, Gaps)>,
}

impl Logged {
    /// The coverage by all interfaces.
    #[must_use]
    pub fn of(interfaces: &Interfaces) -> Self {
        let mut logged = Self { hours: interfaces.hours().collect(), ..Self::default() };
        for (id, interface) in interfaces.iter() {
            logged.span = interface.records.logged.map(|span| joined(logged.span, span)).or(logged.span);
            if !interface.records.gaps().is_empty() {
                logged.gaps.push((id.into(), interface.records.gaps().to_vec()));
            }
        }
        logged
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
