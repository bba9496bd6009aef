//! What a pair did hour by hour, and sums of it by day and by any stretch.

use std::collections::BTreeMap;

use super::{DAY_SECONDS, HOUR_SECONDS};

/// Sums of an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct HourSums {
    /// The start of the hour.
    pub(super) hour: u32,
    /// Connections opened, if flags are present; else records.
    pub(super) connections: u32,
    /// Bytes sent and received.
    pub(super) out: u64,
    pub(super) back: u64,
}

impl HourSums {
    fn add(&mut self, other: &Self) {
        self.connections = self.connections.saturating_add(other.connections);
        self.out = self.out.saturating_add(other.out);
        self.back = self.back.saturating_add(other.back);
    }
}

/// Adds to the hour of sorted hours; gives how many hours there are more.
pub(super) fn add(hours: &mut Vec<HourSums>, more: HourSums) -> usize {
    match hours.binary_search_by_key(&more.hour, |sums| sums.hour) {
        Ok(place) => {
            hours[place].add(&more);
            0
        }
        Err(place) => {
            hours.insert(place, more);
            1
        }
    }
}

/// The hour and the day that a moment lies in.
pub(super) fn hour_of(moment: u32) -> u32 {
    moment - moment % HOUR_SECONDS
}

pub(super) fn day_of(moment: u32) -> u32 {
    moment - moment % DAY_SECONDS
}

/// Bytes out and back by day.
pub(super) fn days<'a>(hours: impl IntoIterator<Item = &'a HourSums>) -> BTreeMap<u32, (u128, u128)> {
    let mut days: BTreeMap<u32, (u128, u128)> = BTreeMap::new();
    for hour in hours {
        let (out, back) = days.entry(day_of(hour.hour)).or_default();
        *out += u128::from(hour.out);
        *back += u128::from(hour.back);
    }
    days
}

/// The most bytes sent in a day's length, and when it begins; the earliest of equal ones.
pub(super) fn busiest_day(hours: &[HourSums]) -> (u128, u32) {
    let (mut sum, mut first, mut best) = (0, 0, (0, hours.first().map_or(0, |hour| hour.hour)));
    for hour in hours {
        sum += u128::from(hour.out);
        while hour.hour - hours[first].hour >= DAY_SECONDS {
            sum -= u128::from(hours[first].out);
            first += 1;
        }
        if sum > best.0 {
            best = (sum, hours[first].hour);
        }
    }
    best
}

/// How far the sorted hours reach back from a time, up to the look-back; zero without hours in it. If there are earlier
/// hours too, a first day without any is no gap.
pub(super) fn history(hours: &[u32], moment: u32, look_back_seconds: u32) -> u32 {
    let first = hours.partition_point(|hour| *hour < moment.saturating_sub(look_back_seconds));
    let reached = hours.get(first).map_or(0, |hour| moment.saturating_sub(*hour));
    let is_whole = first > 0 && reached > 0 && look_back_seconds - reached <= DAY_SECONDS;
    if is_whole { look_back_seconds } else { reached }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(number: u32, out: u64) -> HourSums {
        HourSums { hour: number * HOUR_SECONDS, connections: 1, out, back: 1 }
    }

    #[test]
    fn hours_are_summed_and_sorted_in_any_order() {
        let mut hours = Vec::new();
        let added: usize = [hour(30, 1), hour(2, 5), hour(30, 2)].into_iter().map(|sums| add(&mut hours, sums)).sum();
        assert_eq!(added, 2);
        assert_eq!(hours.iter().map(|sums| (sums.hour, sums.out)).collect::<Vec<_>>(), [(7200, 5), (108_000, 3)]);
        assert_eq!(days(&hours).into_values().collect::<Vec<_>>(), [(5, 1), (3, 2)]);
    }

    #[test]
    fn the_busiest_day_may_begin_at_any_hour() {
        let hours = [hour(0, 10), hour(20, 30), hour(25, 30), hour(43, 30), hour(44, 1)];
        assert_eq!(busiest_day(&hours), (90, 20 * HOUR_SECONDS));
        assert_eq!(busiest_day(&[]), (0, 0));
    }

    #[test]
    fn history_is_what_the_look_back_holds_and_ends_at_the_moment() {
        let hours = [0, 3600, 36_000];
        assert_eq!(history(&hours, 36_000, 40_000), 36_000);
        assert_eq!(history(&hours, 36_000, 35_000), 35_000, "with hours before");
        assert_eq!(history(&hours[1..], 36_000, 35_000), 32_400);
        assert_eq!(history(&hours, 36_000, 20_000), 0);
        assert_eq!(history(&hours, 90_000, 20_000), 0);
        assert_eq!(history(&[], 90_000, 20_000), 0);
    }
}
