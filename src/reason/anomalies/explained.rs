//! One incident in full: its series with what was expected in each hour and why, and which records are behind it.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::Range;

use super::baseline::Verdict;
use super::decompose::{Decomposition, decompose};
use super::fold::Found;
use super::parts::Judged;
use crate::reason::hours::{Dimension, FROM, Hours};

/// So many values of a column go into an expression at most; with more, it says nothing of that column.
const VALUES_MAX: usize = 100;

/// An hour of an incident's series, in the unit of its metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeriesHour {
    /// Its first second, UTC.
    pub moment: u32,
    /// The actual value; none if the hour is not fully covered.
    pub value: Option<f64>,
    /// The verdict on it.
    pub verdict: Verdict,
    /// The trend, where the series can be taken apart.
    pub trend: Option<f64>,
    /// What the hour of day adds to it.
    pub season: Option<f64>,
    /// What is in neither.
    pub rest: Option<f64>,
}

/// The hours of an incident's series in a range of them.
#[must_use]
pub fn series(hours: &Hours, found: &Found, judged: &Judged, range: Range<usize>) -> Vec<SeriesHour> {
    let metric = found.run.metric as usize;
    let (values, verdicts) = (&judged.values[metric], &judged.verdicts[metric]);
    // Anomalies would be taken for a part of the season: it belongs to the rest.
    let is_usual = |hour: usize| !verdicts[hour].flagged && !found.run.hours.contains(&hour);
    let usual: Vec<_> = values.iter().enumerate().map(|(hour, value)| value.filter(|_| is_usual(hour))).collect();
    let parts = decompose(&usual);
    let part = |of: fn(&Decomposition) -> &Vec<f64>, hour: usize| of(parts.as_ref()?).get(hour).copied();
    let one = |hour: usize| {
        let (trend, season) = (part(|parts| &parts.trend, hour), part(|parts| &parts.season, hour));
        let rest = values[hour].zip(trend).zip(season).map(|((value, trend), season)| value - trend - season);
        let (moment, verdict) = (hours.moment(hour), verdicts[hour]);
        SeriesHour { moment, value: values[hour], verdict, trend, season, rest }
    };
    range.map(one).collect()
}

/// The records behind an incident, as an expression for `--where`; none if it cannot say which.
#[must_use]
pub fn records_where(hours: &Hours, found: &Found) -> Option<String> {
    let range = &found.run.hours;
    let is_there = |leaf: &&u32| {
        let mut cells = hours.cells_of(**leaf).iter();
        cells.any(|cell| range.contains(&(cell.hour as usize)))
    };
    let leaves: Vec<u32> = found.why.causes.iter().flat_map(|cause| &cause.leaves).filter(is_there).copied().collect();
    let values = |dimension: Dimension| -> BTreeSet<&str> {
        leaves.iter().map(|leaf| &**hours.name(hours.leaves[*leaf as usize][dimension as usize])).collect()
    };
    let list = |values: BTreeSet<&str>| values.into_iter().collect::<Vec<_>>().join(", ");
    let few = |values: &BTreeSet<&str>| !values.is_empty() && values.len() <= VALUES_MAX;
    let interfaces = Some(values(Dimension::Interface)).filter(|values| few(values) && !values.contains("-"));
    let ports = values(Dimension::Port);
    let is_port = |port: &&str| port.parse::<u16>().is_ok();
    let ports = Some(ports).filter(|ports| few(ports) && ports.iter().all(is_port));
    let ends = values(Dimension::Destination);
    let ends: BTreeSet<&str> = ends.into_iter().map(|end| end.trim_start_matches(FROM)).collect();
    let is_address = |end: &&str| end.parse::<IpAddr>().is_ok();
    let ends = Some(ends).filter(|ends| few(ends) && ends.iter().all(is_address));
    let of = |column: &str, values: Option<BTreeSet<&str>>| Some(format!("{column} in ({})", list(values?)));
    let parts = [of("interface_id", interfaces), of("addr", ends), of("port", ports)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" and "))
}
