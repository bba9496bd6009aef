//! Reporting settings of incidents, in addition to the detector's parameters.

use super::baseline;
use crate::reason::causes;
use crate::reason::hours::Metric;
use crate::units::human::USD_DECIMALS;

/// A dollar, in the unit of [`Metric::Usd`].
const USD: f64 = 10_u64.pow(USD_DECIMALS) as f64;
const GIB: f64 = (1_u64 << 30) as f64;

/// Everything that decides what is an incident.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The detector's.
    pub detector: baseline::Parameters,
    /// What is a cause.
    pub attribution: causes::Parameters,
    /// Minimum impact of incidents of dollars or bytes, in dollars: 10. Less is not worth the time to look at it.
    pub impact_usd_min: f64,
    /// Or from so many GiB on: 10, which leaves a cloud for about a dollar; it may be data that should not leave.
    pub impact_gib_min: f64,
    /// Minimum impact of incidents of flows or rejected records: 1,000.
    pub impact_records_min: f64,
    /// High are incidents of so many times these: 5.
    pub high_impact_factor: f64,
    /// What external ends fetch that called first matters from so many times the floors on: 5.
    pub caller_floor_factor: f64,
    /// What is explained by so much of an incident's cause is part of that incident: 0.7.
    pub fold_share: f64,
    /// Of each dimension so many values have a series of their own: 5,000. The rest is one series, `(other)`.
    pub series_max: u32,
    /// How much of the records of a series an interface has whose gaps are gaps of the series: 0.2.
    pub gap_share: f64,
    /// Days of history read before the window: 28.
    pub lookback_days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            detector: baseline::Parameters::default(),
            attribution: causes::Parameters::default(),
            impact_usd_min: 10.0,
            impact_gib_min: 10.0,
            impact_records_min: 1000.0,
            high_impact_factor: 5.0,
            caller_floor_factor: 5.0,
            fold_share: 0.7,
            series_max: 5000,
            gap_share: 0.2,
            lookback_days: 28,
        }
    }
}

impl Settings {
    /// Minimum impact, in the unit of the metric.
    #[must_use]
    pub fn impact_min(&self, metric: Metric) -> f64 {
        match metric {
            Metric::Usd => self.impact_usd_min * USD,
            Metric::Bytes => self.impact_gib_min * GIB,
            Metric::Flows | Metric::Rejected => self.impact_records_min,
        }
    }

    /// The least scale of a series: by a day of hours that far off it is worth telling.
    #[must_use]
    pub fn scale_min(&self, metric: Metric) -> f64 {
        self.impact_min(metric) / (24.0 * self.detector.threshold_scales.max(1.0))
    }
}
