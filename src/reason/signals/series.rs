//! When a pair talked: starts of records, put together to connections.
//!
//! Records are keyed by the local port: consecutive records of one port are one connection. Ports are reused, so a long
//! silence starts a new connection.

use std::collections::BTreeMap;

/// The most starts that are kept of a pair: a connection that is seen each minute of four weeks.
pub const PAIR_STARTS_MAX: u64 = 40_320;
/// The most starts that are kept of all pairs; those with the fewest come first, as beacons are quiet.
pub const STARTS_MAX: u64 = 1 << 22;
/// The aggregation intervals that AWS has, in seconds.
const SHORT_INTERVAL_SECONDS: u32 = 60;
const LONG_INTERVAL_SECONDS: u32 = 600;
/// Consecutive records of a connection with smaller steps imply the short interval; steps above the second value may
/// belong to another connection.
const SHORT_STEP_SECONDS: u32 = 120;
const LONG_STEP_SECONDS: u32 = 900;
/// The interval is the short one if at least one step in so many is short: idle connections skip intervals.
const SHORT_STEPS_PARTS: u64 = 10;

/// A record that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Start {
    /// The port of the estate's side.
    pub(super) own_port: u32,
    /// The earliest and the latest start in its minute.
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) bytes: u64,
}

/// What a pair sent, record by record.
#[derive(Clone, Debug, Default)]
pub(super) struct Series {
    /// By its place among the pairs.
    pub(super) pair: usize,
    /// Sorted.
    pub(super) starts: Vec<Start>,
}

/// Records that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Connection {
    pub(super) first: u32,
    /// The start of its last record.
    pub(super) last: u32,
    pub(super) bytes: u64,
}

impl Series {
    /// The connections, by when they begin; a silence longer than this ends one.
    pub(super) fn connections(&self, silence_seconds: u32) -> Vec<Connection> {
        let mut connections: Vec<Connection> = Vec::new();
        let mut port = None;
        for start in &self.starts {
            let begun = connections.last_mut().filter(|_| port == Some(start.own_port));
            match begun {
                Some(begun) if start.first.saturating_sub(begun.last) <= silence_seconds => {
                    begun.last = begun.last.max(start.last);
                    begun.bytes = begun.bytes.saturating_add(start.bytes);
                }
                _ => connections.push(Connection { first: start.first, last: start.last, bytes: start.bytes }),
            }
            port = Some(start.own_port);
        }
        connections.sort_unstable();
        connections
    }
}

/// The aggregation interval inferred from the steps between records of the same ports; else the short one.
pub(super) fn interval_seconds(series: &[Series]) -> u32 {
    let steps = series.iter().flat_map(|series| series.starts.windows(2)).filter_map(|pair| {
        let is_same = pair[0].own_port == pair[1].own_port;
        is_same.then(|| pair[1].first.saturating_sub(pair[0].first)).filter(|step| *step <= LONG_STEP_SECONDS)
    });
    let (mut all, mut short) = (0u64, 0u64);
    for step in steps {
        all += 1;
        short += u64::from(step <= SHORT_STEP_SECONDS);
    }
    if short * SHORT_STEPS_PARTS >= all { SHORT_INTERVAL_SECONDS } else { LONG_INTERVAL_SECONDS }
}

/// Of keys with their numbers of starts, those whose starts are kept: the fewest first, then by key. Gives also how many
/// are left out.
pub(super) fn chosen<K: Ord>(mut counts: Vec<(u64, K)>) -> (Vec<K>, u64) {
    counts.sort_unstable();
    let (mut kept, mut all, mut left) = (Vec::new(), 0u64, 0);
    for (count, key) in counts {
        all = all.saturating_add(count);
        if count <= PAIR_STARTS_MAX && all <= STARTS_MAX { kept.push(key) } else { left += 1 }
    }
    (kept, left)
}

/// The distinct hours in which connections have records, from their first and last ones.
pub(super) fn hours(connections: &[Connection], hour_seconds: u32) -> Vec<u32> {
    let mut hours = BTreeMap::new();
    for connection in connections {
        for hour in connection.first / hour_seconds..=connection.last / hour_seconds {
            hours.insert(hour, ());
        }
    }
    hours.into_keys().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(starts: &[(u32, u32)]) -> Series {
        let mut starts: Vec<_> = starts
            .iter()
            .map(|(own_port, first)| Start { own_port: *own_port, first: *first, last: *first, bytes: 10 })
            .collect();
        starts.sort_unstable();
        Series { pair: 0, starts }
    }

    #[test]
    fn records_of_a_port_are_one_connection_until_it_is_silent() {
        let series = series(&[(50_000, 60), (50_001, 90), (50_000, 0), (50_000, 121), (50_000, 900)]);
        let connection = |first, last, bytes| Connection { first, last, bytes };
        assert_eq!(series.connections(120), [connection(0, 121, 30), connection(90, 90, 10), connection(900, 900, 10)]);
    }

    #[test]
    fn the_interval_is_reported_by_steps_of_the_same_port() {
        let every = |step: u32| series(&(0..20).map(|place| (50_000, place * step)).collect::<Vec<_>>());
        assert_eq!(interval_seconds(&[every(60)]), 60);
        assert_eq!(interval_seconds(&[every(600)]), 600);
        assert_eq!(interval_seconds(&[every(600), every(60)]), 60);
        assert_eq!(interval_seconds(&[series(&[(1, 0), (2, 600), (3, 1200)])]), 60, "other ports do not matter");
        assert_eq!(interval_seconds(&[]), 60);
    }

    #[test]
    fn quiet_pairs_are_kept_first_and_limits_leave_out_the_busiest() {
        let (kept, left) = chosen(vec![(PAIR_STARTS_MAX + 1, 'a'), (2, 'c'), (2, 'b'), (PAIR_STARTS_MAX, 'd')]);
        assert_eq!((kept, left), (vec!['b', 'c', 'd'], 1));
        let many = (0..200u32).map(|key| (PAIR_STARTS_MAX, key)).collect();
        let (kept, left) = chosen(many);
        assert_eq!(kept.len() as u64 + left, 200);
        assert_eq!(kept.len() as u64, STARTS_MAX / PAIR_STARTS_MAX);
    }

    #[test]
    fn hours_are_those_that_a_connection_lasts() {
        let connections =
            [Connection { first: 3599, last: 7200, bytes: 0 }, Connection { first: 1, last: 2, bytes: 0 }];
        assert_eq!(hours(&connections, 3600), [0, 1, 2]);
    }
}
