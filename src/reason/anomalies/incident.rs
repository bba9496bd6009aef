//! Results of the detector: anomalous hours, merged and folded into incidents.

use std::sync::Arc;

pub use crate::reason::hours::Metric;

/// The part of the traffic that a series covers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope {
    /// `total`, or the name of a dimension.
    pub dimension: &'static str,
    /// Its value; of the total nothing.
    pub value: Arc<str>,
}

impl Scope {
    /// Whether it names nobody: what has no owner, or the rest of a dimension.
    #[must_use]
    pub fn is_nameless(&self) -> bool {
        self.value.starts_with('(')
    }
}

/// How much an incident matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Somewhat unusual.
    Low,
    /// Unusual.
    Medium,
    /// Very unusual, with high impact.
    High,
}

impl Severity {
    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Anomalous hours, merged and folded.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// 12 hexadecimal digits that stay the same while the incident goes on.
    pub id: String,
    /// Anomalies.
    pub metric: Metric,
    /// Of which traffic.
    pub scope: Scope,
    /// The first second of its first hour, UTC.
    pub start: u32,
    /// The first second after its last hour.
    pub end: u32,
    /// Number of anomalous hours.
    pub hours: u32,
    /// What the metric was: 10⁻¹⁰ USD, bytes, flows.
    pub actual: u128,
    /// What it would usually have been.
    pub expected: u128,
    /// The greatest distance from what was expected, in scales.
    pub peak: f64,
    /// How unusual it is, 0 to 100.
    pub score: u8,
    /// How much it matters.
    pub severity: Severity,
    /// Dollars above what was expected, in 10⁻¹⁰ USD.
    pub impact_usd: i128,
    /// Bytes above what was expected.
    pub impact_bytes: i128,
    /// The ids of everything that was folded into it, its own among them, sorted.
    pub members: Vec<String>,
    /// Whether it still goes on in the last hour that was judged.
    pub is_open: bool,
}
