//! The two periods of a comparison: the window, and the reference period of `--against`.
//!
//! Traffic is aggregated by hour, so periods consist of full hours.

use crate::error::{Error, nearest};
use crate::reason::hours::gather::DELIVERY_SECONDS;
use crate::units::time::{Window, Zone, parse_moment};

const HOUR_SECONDS: u32 = 3600;
const WEEK_SECONDS: u32 = 7 * 24 * HOUR_SECONDS;
/// The words for the other period.
const PREVIOUS: &str = "previous";
const LAST_WEEK: &str = "last-week";
const LAST_MONTH: &str = "last-month";
const FORMS: &str = "write previous, last-week, last-month, or FROM..TO such as 2026-09-01..2026-10-01";

/// Both periods, and what there is to know of how they were understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Compared {
    /// The period before and the one requested.
    pub(super) windows: [Window; 2],
    /// From the first moment of both to the last one.
    pub(super) around: Window,
    /// What lies between them.
    pub(super) gap: Option<Window>,
    pub(super) notes: Vec<String>,
}

/// The full hours of a span that ends now: as many as the span has, up to the last one whose records have been delivered.
/// Cut at both sides, `--last 24h` would be 23 hours.
pub(in crate::cli) fn last_hours(window: Window, clock: u32) -> Window {
    let (Some(from), Some(to)) = (window.from, window.to) else { return window };
    let hours = (to - from) / HOUR_SECONDS;
    let end = to.min(clock.saturating_sub(DELIVERY_SECONDS)) / HOUR_SECONDS * HOUR_SECONDS;
    Window { from: end.checked_sub(hours * HOUR_SECONDS), to: Some(end) }
}

/// What comes before a period: for a month of the zone the month before, else as long a time.
pub(in crate::cli) fn previous((from, to): (u32, u32), zone: Zone) -> Option<(u32, u32)> {
    if zone.begins_month(from) && zone.month_earlier(to) == Some(from) {
        return Some((zone.month_earlier(from)?, from));
    }
    from.checked_sub(to - from).map(|start| (start, from))
}

/// A window and what it is compared with; moments are read with what is now, and in a zone.
pub(super) fn compared(window: Window, against: &str, (clock, zone): (u32, Zone)) -> Result<Compared, Error> {
    let (Some(from), Some(to)) = (window.from, window.to) else {
        return Err(Error::usage("the window has no start or no end")
            .hint("give a month (--month 2026-10), --last 7d, or --from and --to"));
    };
    let asked = against.split_once("..").map(|(from, to)| typed(from, to, clock, zone)).transpose()?;
    let mut notes = Vec::new();
    let now = whole_hours((from, to), &mut notes)?;
    let before = match asked {
        Some(asked) => whole_hours(asked, &mut notes)?,
        None => earlier(now, against, zone)?,
    };
    if before == now {
        return Err(Error::usage("--against: both periods are the same").hint(FORMS));
    }
    if now.0 < before.0 {
        notes.push("the reference period is the later one".to_owned());
    }
    let (first, second) = (before.min(now), before.max(now));
    let window = |(from, to)| Window { from: Some(from), to: Some(to) };
    Ok(Compared {
        windows: [before, now].map(window),
        around: window((first.0, first.1.max(second.1))),
        gap: (first.1 < second.0).then(|| window((first.1, second.0))),
        notes,
    })
}

/// A period that is typed.
fn typed(from: &str, to: &str, now: u32, zone: Zone) -> Result<(u32, u32), Error> {
    let moment = |text: &str| parse_moment(text, now, zone).map_err(|error| error.context("--against"));
    let (start, end) = (moment(from)?, moment(to)?);
    if start >= end {
        let error = Error::usage(format!("--against: `{}` is not after `{}`", to.trim(), from.trim()));
        return Err(error.hint("the first time is inclusive, the second exclusive"));
    }
    Ok((start, end))
}

/// The period that a word names.
fn earlier((from, to): (u32, u32), against: &str, zone: Zone) -> Result<(u32, u32), Error> {
    let month = || Some((zone.month_earlier(from)?, zone.month_earlier(to)?));
    let before = match against.trim() {
        PREVIOUS => previous((from, to), zone),
        LAST_WEEK => from.checked_sub(WEEK_SECONDS).zip(to.checked_sub(WEEK_SECONDS)),
        LAST_MONTH => month().filter(|(from, to)| from < to),
        other => {
            let error = Error::usage(format!("--against: unknown period `{other}`"));
            let near = nearest(other, [PREVIOUS, LAST_WEEK, LAST_MONTH]);
            let error = near.iter().fold(error, |error, near| error.hint(format!("did you mean `{near}`?")));
            return Err(error.hint(FORMS));
        }
    };
    let error = || Error::usage(format!("--against: the period has no {against}"));
    before.ok_or_else(|| error().hint(FORMS))
}

/// A period by whole hours: hours that have begun at its sides do not count.
pub(in crate::cli) fn whole_hours((from, to): (u32, u32), notes: &mut Vec<String>) -> Result<(u32, u32), Error> {
    let whole = (from.div_ceil(HOUR_SECONDS) * HOUR_SECONDS, to - to % HOUR_SECONDS);
    if whole.0 >= whole.1 {
        return Err(Error::usage("the period contains no full hour").hint("periods are compared in full hours"));
    }
    if whole != (from, to) {
        let window = Window { from: Some(whole.0), to: Some(whole.1) };
        notes.push(format!("compared in full hours: {window}"));
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> u32 {
        parse_moment(text, 0, Zone::default()).unwrap()
    }

    fn estate(from: &str, to: &str, against: &str) -> Result<Compared, Error> {
        compared(Window { from: Some(moment(from)), to: Some(moment(to)) }, against, (0, Zone::default()))
    }

    fn before(from: &str, to: &str, against: &str) -> String {
        estate(from, to, against).unwrap().windows[0].to_string().replace("T00:00:00Z", "")
    }

    #[test]
    fn the_other_period_is_as_long_or_the_month_before_or_the_same_some_time_earlier() {
        assert_eq!(before("2026-10-08", "2026-10-11", PREVIOUS), "2026-10-05 to 2026-10-08");
        assert_eq!(before("2026-10-01", "2026-11-01", PREVIOUS), "2026-09-01 to 2026-10-01");
        assert_eq!(before("2026-10-08", "2026-10-11", LAST_WEEK), "2026-10-01 to 2026-10-04");
        assert_eq!(before("2026-10-08", "2026-10-11", LAST_MONTH), "2026-09-08 to 2026-09-11");
        assert_eq!(before("2026-10-08", "2026-10-11", "2026-09-02..2026-09-03"), "2026-09-02 to 2026-09-03");
    }

    #[test]
    fn what_lies_between_is_a_gap_and_periods_may_overlap() {
        let apart = estate("2026-10-08", "2026-10-11", LAST_WEEK).unwrap();
        let gap = apart.gap.unwrap();
        assert_eq!((gap.from, gap.to), (Some(moment("2026-10-04")), Some(moment("2026-10-08"))));
        assert_eq!((apart.around.from, apart.around.to), (Some(moment("2026-10-01")), Some(moment("2026-10-11"))));
        assert_eq!(estate("2026-10-08", "2026-10-11", PREVIOUS).unwrap().gap, None);
        let overlapping = estate("2026-10-01", "2026-10-15", LAST_WEEK).unwrap();
        assert_eq!((overlapping.gap, overlapping.around.to), (None, Some(moment("2026-10-15"))));
        let within = estate("2026-10-01", "2026-10-15", "2026-10-02..2026-10-03").unwrap();
        assert_eq!((within.gap, within.around.to), (None, Some(moment("2026-10-15"))));
    }

    #[test]
    fn periods_are_of_whole_hours() {
        let estate = estate("2026-10-08T00:10", "2026-10-08T05:50", PREVIOUS).unwrap();
        assert_eq!(estate.windows[1].to_string(), "2026-10-08T01:00:00Z to 2026-10-08T05:00:00Z");
        assert_eq!(estate.windows[0].to_string(), "2026-10-07T21:00:00Z to 2026-10-08T01:00:00Z");
        assert_eq!(estate.notes, ["compared in full hours: 2026-10-08T01:00:00Z to 2026-10-08T05:00:00Z"]);
    }

    #[test]
    fn a_span_up_to_now_keeps_its_number_of_hours() {
        let span = |now: &str, hours: u32| {
            let to = moment(now);
            last_hours(Window { from: Some(to - hours * 3600), to: Some(to) }, to).to_string()
        };
        assert_eq!(span("2026-10-08T10:05", 24), "2026-10-07T09:00:00Z to 2026-10-08T09:00:00Z");
        assert_eq!(span("2026-10-08T10:30", 24), "2026-10-07T10:00:00Z to 2026-10-08T10:00:00Z");
        assert_eq!(span("2026-10-08T10:30", 1), "2026-10-08T09:00:00Z to 2026-10-08T10:00:00Z");
    }

    #[test]
    fn what_cannot_be_compared_is_reported_with_the_nearest_word() {
        let error = estate("2026-10-08", "2026-10-11", "lst-week").unwrap_err();
        assert_eq!(error.to_string(), "--against: unknown period `lst-week`");
        assert_eq!(error.hints()[0], "did you mean `last-week`?");
        for (against, message) in [
            ("2026-10-03..2026-10-02", "--against: `2026-10-02` is not after `2026-10-03`"),
            ("2026-10-08..2026-10-11", "--against: both periods are the same"),
            ("soon..2026-10-02", "--against: `soon` is not a valid time"),
        ] {
            assert_eq!(estate("2026-10-08", "2026-10-11", against).unwrap_err().to_string(), message);
        }
        let early = estate("1970-01-02", "1970-01-05", LAST_WEEK).unwrap_err().to_string();
        assert_eq!(early, "--against: the period has no last-week");
        assert!(compared(Window::default(), PREVIOUS, (0, Zone::default())).is_err());
    }
}
