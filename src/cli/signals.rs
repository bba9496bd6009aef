//! The flags of signals → question; for `anomalies --signals`.

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::dimensions::{DEFAULT_KEY, Dimensions, absent_default};
use super::flags::tables::TableFlags;
use crate::error::Error;
use crate::join::Sources;
use crate::reason::signals::{Lists, Terms};
use crate::report::signals::SignalsShape;
use crate::units::{size, time};
use crate::work::{self, EstateTables, SignalsQuestion};

/// The flag without which the others have nothing to say.
const SIGNALS: &str = "signals";

/// Flags of signals.
#[derive(Debug, Args)]
pub(super) struct SignalFlags {
    /// Threat list: one prefix or address per line; repeatable
    #[arg(long, value_name = "FILE", requires = SIGNALS, help_heading = "Signals")]
    threats: Vec<String>,

    /// Allow list of destinations, such as update servers and partners: one prefix or address per line; repeatable
    #[arg(long, value_name = "FILE", requires = SIGNALS, help_heading = "Signals")]
    allow: Vec<String>,

    /// Treat destinations not contacted for this long as new
    #[arg(long, value_name = "SPAN", default_value = "14d", requires = SIGNALS, help_heading = "Signals")]
    new_after: String,

    /// Minimum bytes per day to a destination for volume signals
    #[arg(long, value_name = "SIZE", default_value = "100MiB", requires = SIGNALS, help_heading = "Signals")]
    suspect_bytes: String,

    /// Minimum score, 0 to 100, of listed destinations
    #[arg(long, value_name = "SCORE", default_value_t = 50, value_parser = clap::value_parser!(u32).range(0..=100), requires = SIGNALS, help_heading = "Signals")]
    suspect_score: u32,

    /// Aggregation interval of the flow logs [default: detected]
    #[arg(long, value_enum, value_name = "INTERVAL", requires = SIGNALS, help_heading = "Signals")]
    aggregation: Option<Interval>,
}

/// The aggregation intervals that AWS has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Interval {
    /// A minute
    #[value(name = "1m")]
    Minute,
    /// Ten minutes
    #[value(name = "10m")]
    TenMinutes,
}

/// The estate tables, and owners by this key, else `team`, else the first available key.
pub(super) fn owners(tables: &TableFlags, owner: Option<&str>) -> Result<(EstateTables, Dimensions), Error> {
    let mut estate = tables.estate()?;
    let known = estate.owner_keys();
    let key = match owner {
        Some(name) => Some(known.get(name).cloned().ok_or_else(|| unknown(name, &known))?),
        None => known.get(DEFAULT_KEY).or_else(|| known.first()).cloned(),
    };
    if let (None, Some(key)) = (owner, &key) {
        estate.warn(absent_default(&known, &format!("owners are by `{key}`"), "--team"));
    }
    let owner_keys = key.into_iter().collect();
    Ok((estate, Dimensions { owner_keys, ..Dimensions::default() }))
}

/// The question that the flags mean.
pub(super) fn question(sources: Sources, flags: &SignalFlags, shape: SignalsShape) -> Result<SignalsQuestion, Error> {
    let terms = flags.terms()?;
    let lists = Lists { threats: work::cidrs(&flags.threats)?, allowed: work::cidrs(&flags.allow)? };
    Ok(SignalsQuestion { sources, lists, terms, shape })
}

impl SignalFlags {
    fn terms(&self) -> Result<Terms, Error> {
        Ok(Terms {
            look_back_seconds: time::parse_span(&self.new_after).map_err(|error| error.context("--new-after"))?,
            bytes_min: size::parse(&self.suspect_bytes).map_err(|error| error.context("--suspect-bytes"))?,
            score_min: self.suspect_score,
            interval_seconds: self.aggregation.map(|interval| match interval {
                Interval::Minute => 60,
                Interval::TenMinutes => 600,
            }),
        })
    }
}

/// Builds the error for an unknown owner key.
pub(super) fn unknown(name: &str, known: &BTreeSet<Arc<str>>) -> Error {
    let keys: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
    let error = Error::usage(format!("no table has the owner key `{name}`"));
    if keys.is_empty() {
        return error.hint("owner keys such as team need a tag table: --tags FILE");
    }
    error.hint(format!("the owner keys are {}", keys.join(", ")))
}
