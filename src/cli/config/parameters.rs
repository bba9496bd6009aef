//! The parameters of the detector in the configuration: one list of names for the file, the environment, `config show`
//! and docs/config.md. The compiler checks that the list is complete.

use std::fmt::Display;

use serde::Deserialize;

use super::file::WindowTable;
use crate::reason::anomalies::baseline::{Direction, Parameters};
use crate::reason::anomalies::settings::Settings;

/// What all parameters are in.
pub(super) type Root = Settings;

/// The longest stretch of days or hours that makes sense: a leap year.
pub(super) const DAYS_MAX: u32 = 366;
/// The most series of a dimension.
pub(super) const SERIES_MAX: u32 = 1_000_000;
/// The greatest number of anything else.
pub(super) const NUMBER_MAX: f64 = 1e6;

/// Lists the parameters by struct: where each struct is in [`Root`], and which of its fields are not parameters.
macro_rules! parameters {
    ($($type:ident at [$($place:ident)*] without [$($other:ident)*] { $($name:ident: $kind:ty,)* })*) => {
        /// The table `anomalies`.
        #[derive(Debug, Default, Deserialize)]
        pub(super) struct AnomaliesTable {
            $($($name: Option<$kind>,)*)*
            #[serde(default)]
            pub(super) suppress: Vec<WindowTable>,
        }

        /// The names of all parameters.
        pub(super) const NAMES: &[&str] = &[$($(stringify!($name)),*),*];

        impl AnomaliesTable {
            /// Overrides parameters with the given values.
            pub(super) fn lay_over(&self, root: &mut Root) {
                $({
                    let group = &mut (*root)$(.$place)*;
                    $(if let Some(value) = self.$name {
                        group.$name = value.into();
                    })*
                })*
            }

            /// The parameters that cannot be so, each with why.
            pub(super) fn faults(&self) -> Vec<(&'static str, String)> {
                let faults = [$($((stringify!($name), self.$name.and_then(|value| value.fault(stringify!($name))))),*),*];
                faults.into_iter().filter_map(|(name, fault)| Some((name, fault?))).collect()
            }
        }

        /// All parameters with their values, as one would write them.
        pub(super) fn written(root: &Root) -> Vec<(&'static str, String)> {
            let mut all = Vec::with_capacity(NAMES.len());
            $({
                // Naming every field, the compiler sees to it that none is missing.
                let $type { $($name,)* $($other: _,)* } = &(*root)$(.$place)*;
                all.extend([$((stringify!($name), <$kind>::from(*$name).written())),*]);
            })*
            all
        }
    };
}

parameters! {
    Settings at [] without [detector attribution] {
        impact_usd_min: f64,
        impact_gib_min: f64,
        impact_records_min: f64,
        high_impact_factor: f64,
        caller_floor_factor: f64,
        fold_share: f64,
        series_max: u32,
        gap_share: f64,
        lookback_days: u32,
    }
    Parameters at [detector] without [] {
        direction: DirectionName,
        threshold_scales: f64,
        threshold_young_scales: f64,
        ratio_min: f64,
        history_min_days: u32,
        history_profile_days: u32,
        history_young_days: u32,
        profile_days: u32,
        profile_values_min: u32,
        level_hours: u32,
        level_share: f64,
        scale_days: u32,
        clip_scales: f64,
        scale_floor_share: f64,
        peak_quantile: f64,
        off_peak_quantile: f64,
        incident_scales: f64,
        incident_gap_hours: u32,
        incident_learnt_hours: u32,
        shift_days: u32,
        shift_scales: f64,
        severity_start_scales: f64,
        severity_spread_scales: f64,
        severity_off_peak_loss: u8,
        severity_young_max: u8,
        creep_history_days: u32,
        creep_slack_scales: f64,
        creep_limit_scales: f64,
    }
}

/// Direction of flagged hours, as typed.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum DirectionName {
    Up,
    Down,
    Both,
}

impl From<DirectionName> for Direction {
    fn from(name: DirectionName) -> Self {
        match name {
            DirectionName::Up => Self::Up,
            DirectionName::Down => Self::Down,
            DirectionName::Both => Self::Both,
        }
    }
}

impl From<Direction> for DirectionName {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Up => Self::Up,
            Direction::Down => Self::Down,
            Direction::Both => Self::Both,
        }
    }
}

/// A value of the configuration.
trait Setting {
    /// As one would write it.
    fn written(self) -> String;
    /// Why a parameter of that name cannot have it.
    fn fault(self, name: &str) -> Option<String>;
}

impl Setting for DirectionName {
    fn written(self) -> String {
        match self {
            Self::Up => "\"up\"",
            Self::Down => "\"down\"",
            Self::Both => "\"both\"",
        }
        .to_owned()
    }

    fn fault(self, _name: &str) -> Option<String> {
        None
    }
}

impl Setting for f64 {
    fn written(self) -> String {
        self.to_string()
    }

    fn fault(self, name: &str) -> Option<String> {
        let most = if name.ends_with("_share") || name.ends_with("_quantile") { 1.0 } else { NUMBER_MAX };
        outside(name, self, 0.0, most)
    }
}

impl Setting for u32 {
    fn written(self) -> String {
        self.to_string()
    }

    fn fault(self, name: &str) -> Option<String> {
        let most = match name {
            _ if name.ends_with("_hours") => DAYS_MAX * 24,
            _ if name.ends_with("_days") => DAYS_MAX,
            _ => SERIES_MAX,
        };
        outside(name, self, 0, most)
    }
}

impl Setting for u8 {
    fn written(self) -> String {
        self.to_string()
    }

    fn fault(self, name: &str) -> Option<String> {
        outside(name, self, 0, 100)
    }
}

fn outside<N: Display + PartialOrd>(name: &str, value: N, least: N, most: N) -> Option<String> {
    // A number that is none compares with nothing, so it is not inside.
    let is_inside = least <= value && value <= most;
    (!is_inside).then(|| format!("`{name}` = {value}: it is {least} to {most}"))
}
