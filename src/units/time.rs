//! Times and durations as typed, and the text form of times.
//!
//! Moments are whole seconds since 1970, UTC, below [`ABSENT_TIME`] (the year 2106). A moment without an offset is
//! local to the [`Zone`]; where a clock change leaves out that local time or has it twice, the earliest moment that is
//! not before it counts. A span is a number of seconds, so `7d` is 168 hours even over a clock change. The clock is
//! not read here: the caller says what `now` is.

use std::fmt;

use chrono::{DateTime, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use serde::{Deserialize, Serialize};

use crate::error::{self, Error};
use crate::schema::ABSENT_TIME;

/// How many zones a mistyped name is answered with.
pub const ZONES_SUGGESTED_MAX: usize = 3;

/// The units of a span and their seconds.
const SPAN_UNITS: [(&str, u32); 5] = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400), ("w", 604_800)];

/// Further than any clock change moves a clock, and any zone's offset with it.
const CLOCK_CHANGE_SECONDS_MAX: i64 = 2 * 86_400;

const MOMENT_FORMS: &str = "write a date (2026-10-01), a time (2026-10-01T12:00, with Z or +02:00 if not in the zone), Unix seconds (@1696118400), \
     now, today, yesterday, or a span back from now (7d, 36h, 90m)";
const SPAN_FORMS: &str = "write a whole number and s, m, h, d or w: 90m, 36h, 7d, 2w";

/// A moment as RFC 3339 has it: `2026-10-01T00:00:00Z`.
#[must_use]
pub fn write(seconds: u32) -> String {
    format!("{:?}", utc(seconds))
}

/// A time zone of the IANA database; UTC by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(Tz);

impl Default for Zone {
    fn default() -> Self {
        Self(Tz::UTC)
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl Zone {
    /// The zone of a name such as `Europe/Berlin`, case-insensitively.
    ///
    /// # Errors
    /// An unknown name is a usage error that suggests the nearest ones.
    pub fn parse(name: &str) -> Result<Self, Error> {
        let known = TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(name.trim()));
        known.map(|zone| Self(*zone)).ok_or_else(|| {
            let near = nearest_zones(name.trim());
            let hint = if near.is_empty() {
                "write a name such as UTC or Europe/Berlin".into()
            } else {
                format!("did you mean {}?", near.join(" or "))
            };
            Error::usage(format!("unknown time zone `{name}`")).hint(hint)
        })
    }

    /// The hour of day that a moment has here, 0 to 23.
    #[must_use]
    pub fn hour_of_day(self, seconds: u32) -> u8 {
        u8::try_from(utc(seconds).with_timezone(&self.0).hour()).unwrap_or(0)
    }

    /// The date that a moment has here, as the moment at which it begins in UTC.
    #[must_use]
    pub fn day(self, seconds: u32) -> u32 {
        u32::try_from(self.date(seconds).and_time(NaiveTime::MIN).and_utc().timestamp()).unwrap_or(0)
    }

    /// The moment at which the day of a moment begins here.
    #[must_use]
    pub fn day_start(self, seconds: u32) -> u32 {
        u32::try_from(self.midnight(self.date(seconds)).max(0)).unwrap_or(seconds)
    }

    /// Whether its offset from UTC is of whole hours throughout the time that moments can have, month by month.
    #[must_use]
    pub fn has_whole_hours(self) -> bool {
        const MONTH_SECONDS: usize = 30 * 86_400;
        (0..ABSENT_TIME)
            .step_by(MONTH_SECONDS)
            .all(|moment| utc(moment).with_timezone(&self.0).minute() == utc(moment).minute())
    }

    /// The date that a moment has here.
    fn date(self, seconds: u32) -> NaiveDate {
        utc(seconds).with_timezone(&self.0).date_naive()
    }

    /// The first moment that is not before this local time.
    fn earliest(self, local: NaiveDateTime) -> i64 {
        if let Some(moment) = self.0.from_local_datetime(&local).earliest() {
            return moment.timestamp();
        }
        let wall_seconds = local.and_utc().timestamp();
        let reached =
            |seconds: i64| self.0.timestamp_opt(seconds, 0).single().is_none_or(|at| at.naive_local() >= local);
        let (mut before, mut at) = (wall_seconds - CLOCK_CHANGE_SECONDS_MAX, wall_seconds + CLOCK_CHANGE_SECONDS_MAX);
        while before + 1 < at {
            let middle = i64::midpoint(before, at);
            if reached(middle) { at = middle } else { before = middle }
        }
        at
    }

    /// The same local time a month earlier, or on that month's last day if it is shorter.
    #[must_use]
    pub fn month_earlier(self, seconds: u32) -> Option<u32> {
        let local = utc(seconds).with_timezone(&self.0).naive_local();
        u32::try_from(self.earliest(local.checked_sub_months(Months::new(1))?)).ok()
    }

    /// Whether a moment is the first one of a month here.
    #[must_use]
    pub fn begins_month(self, seconds: u32) -> bool {
        first_of_month(self.date(seconds)).is_some_and(|first| self.midnight(first) == i64::from(seconds))
    }

    fn midnight(self, date: NaiveDate) -> i64 {
        self.earliest(date.and_time(NaiveTime::MIN))
    }
}

/// A stretch of time from one moment until before another; open where a side is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The first second in it.
    pub from: Option<u32>,
    /// The first second after it.
    pub to: Option<u32>,
}

impl Window {
    /// Whether an hour, counted since 1970, lies in it whole.
    #[must_use]
    pub fn has_hour(&self, hour: u32) -> bool {
        let (from, to) = (u64::from(hour) * 3600, (u64::from(hour) + 1) * 3600);
        self.from.is_none_or(|first| u64::from(first) <= from) && self.to.is_none_or(|end| to <= u64::from(end))
    }

    /// Whether a record of this start lies in it. One whose start is absent lies in no window that has a side.
    #[must_use]
    pub fn contains(&self, start: u32) -> bool {
        match (self.from, self.to) {
            (None, None) => true,
            (from, to) => from.unwrap_or(0) <= start && start < to.unwrap_or(ABSENT_TIME),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from, self.to) {
            (None, None) => f.write_str("all time"),
            (Some(from), None) => write!(f, "from {}", write(from)),
            (None, Some(to)) => write!(f, "until {}", write(to)),
            (Some(from), Some(to)) => write!(f, "{} to {}", write(from), write(to)),
        }
    }
}

/// The UTC month around a moment: its first second, and that of the next month.
#[must_use]
pub fn month_around(seconds: u32) -> (u32, u32) {
    let date = utc(seconds).date_naive();
    let first = first_of_month(date).unwrap_or(date);
    let midnight = |date: NaiveDate| u32::try_from(date.and_time(NaiveTime::MIN).and_utc().timestamp()).ok();
    let next = first.checked_add_months(Months::new(1)).and_then(midnight);
    (midnight(first).unwrap_or(0), next.unwrap_or(u32::MAX))
}

/// The window that `--from`, `--to`, `--last` and `--month` ask for.
///
/// `--last 24h` ends now. A month is `2026-10`, `this-month` or `last-month`, of the zone. `--to` names the first
/// moment outside, so `--to yesterday` ends at yesterday's midnight and leaves yesterday out.
///
/// # Errors
/// Texts that are no moment, flags that exclude each other and windows without a second in them are usage errors.
pub fn window(
    from: Option<&str>,
    to: Option<&str>,
    last: Option<&str>,
    month: Option<&str>,
    now: u32,
    zone: Zone,
) -> Result<Window, Error> {
    let moment = |text: Option<&str>| text.map(|text| parse_moment(text, now, zone)).transpose();
    let window = match (last, month) {
        (None, None) => Window { from: moment(from)?, to: moment(to)? },
        (Some(last), None) if from.is_none() && to.is_none() => {
            let from = in_range(last, i64::from(now) - i64::from(parse_span(last)?))?;
            Window { from: Some(from), to: Some(now) }
        }
        (None, Some(month)) if from.is_none() && to.is_none() => month_window(month, now, zone)?,
        _ => return Err(conflict([("--from", from), ("--to", to), ("--last", last), ("--month", month)], now, zone)),
    };
    match (window.from, window.to) {
        (Some(from), Some(to)) if from >= to => Err(empty(from, to)),
        _ => Ok(window),
    }
}

/// The moment that a text names, in seconds since 1970, UTC: a date (its midnight), a date and time, Unix seconds
/// (`@` or ten digits), `now`, `today`, `yesterday`, or a span back from now.
///
/// # Errors
/// Any other text, and a moment outside the years 1970 to 2106, is a usage error.
pub fn parse_moment(text: &str, now: u32, zone: Zone) -> Result<u32, Error> {
    let typed = text.trim();
    let seconds = match typed.to_ascii_lowercase().as_str() {
        "now" => Some(i64::from(now)),
        "today" => Some(zone.midnight(zone.date(now))),
        "yesterday" => zone.date(now).pred_opt().map(|date| zone.midnight(date)),
        _ => unix_seconds(typed)
            .or_else(|| calendar_seconds(typed, zone))
            .or_else(|| span_seconds(typed).map(|span| i64::from(now) - i64::from(span))),
    };
    let seconds = seconds.ok_or_else(|| Error::usage(format!("`{text}` is not a valid time")).hint(MOMENT_FORMS))?;
    in_range(text, seconds)
}

/// The moment of a text that programs write, UTC where it names no offset: `2026-10-01T00:00:00Z`, `2026-10-01
/// 00:00:00.000`, `2026-10-01 00:00:00 UTC`, `2026-10-01`. Fractions of a second are dropped.
#[must_use]
pub fn parse_utc(text: &str) -> Option<u32> {
    let text = text.strip_suffix(" UTC").unwrap_or(text);
    let whole = match text.split_once('.') {
        Some((whole, fraction)) => {
            format!("{whole}{}", fraction.trim_start_matches(|digit: char| digit.is_ascii_digit()))
        }
        None => text.to_owned(),
    };
    calendar_seconds(&whole, Zone::default()).and_then(|seconds| u32::try_from(seconds).ok())
}

/// The seconds of a span such as `36h`.
///
/// # Errors
/// Anything but a whole number and a unit is a usage error, and so are spans of 2³² seconds and more.
pub fn parse_span(text: &str) -> Result<u32, Error> {
    span_seconds(text.trim()).ok_or_else(|| Error::usage(format!("invalid duration `{text}`")).hint(SPAN_FORMS))
}

fn utc(seconds: u32) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds.into(), 0).unwrap_or_default()
}

/// The zones whose name, or last part of it where the word has no `/`, is nearest to a mistyped one.
fn nearest_zones(word: &str) -> Vec<&'static str> {
    let word = word.to_ascii_lowercase().replace(' ', "_");
    let part = |name: &str| match name.rsplit_once('/') {
        Some((_, city)) if !word.contains('/') => city.to_ascii_lowercase(),
        _ => name.to_ascii_lowercase(),
    };
    let parts: Vec<String> = TZ_VARIANTS.iter().map(|zone| part(zone.name())).collect();
    let near = error::nearest(&word, parts.iter().map(String::as_str));
    let same = TZ_VARIANTS.iter().zip(&parts).filter(|(_, part)| Some(part.as_str()) == near);
    same.map(|(zone, _)| zone.name()).take(ZONES_SUGGESTED_MAX).collect()
}

/// `@1696118400`, or ten digits without the `@`.
fn unix_seconds(text: &str) -> Option<i64> {
    let number = text.strip_prefix('@').or_else(|| shaped(text, "0000000000").then_some(text))?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())?
}

/// A date, or a date and time with or without an offset from UTC.
fn calendar_seconds(text: &str, zone: Zone) -> Option<i64> {
    let (date, rest) = text.split_at_checked("2026-10-01".len())?;
    let date = shaped(date, "0000-00-00").then(|| date.parse::<NaiveDate>().ok())??;
    if rest.is_empty() {
        return Some(zone.midnight(date));
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, offset) = rest.split_at(rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len()));
    let local = date.and_time(clock_time(clock)?);
    match offset {
        "" => Some(zone.earliest(local)),
        "Z" | "z" => Some(local.and_utc().timestamp()),
        offset => Some(local.and_utc().timestamp() - offset_seconds(offset)?),
    }
}

/// `12:00` or `12:00:30`.
fn clock_time(text: &str) -> Option<NaiveTime> {
    if !shaped(text, "00:00") && !shaped(text, "00:00:00") {
        return None;
    }
    let part = |at: usize| text.get(at..at + 2).map_or(Some(0), |digits| digits.parse().ok());
    NaiveTime::from_hms_opt(part(0)?, part(3)?, part(6)?)
}

/// `+02:00`, `+0200` or `+02`.
fn offset_seconds(text: &str) -> Option<i64> {
    let (sign, size) = text.split_at_checked(1)?;
    let (hours, minutes) = if shaped(size, "00:00") || shaped(size, "0000") || shaped(size, "00") {
        (size[..2].parse::<i64>().ok()?, size[2..].trim_start_matches(':'))
    } else {
        return None;
    };
    let minutes = if minutes.is_empty() { 0 } else { minutes.parse::<i64>().ok()? };
    let seconds = (hours < 24 && minutes < 60).then_some(hours * 3600 + minutes * 60)?;
    Some(if sign == "-" { -seconds } else { seconds })
}

fn span_seconds(text: &str) -> Option<u32> {
    let (count, unit) = text.split_at(text.find(|letter: char| !letter.is_ascii_digit())?);
    let (_, seconds) = SPAN_UNITS.iter().find(|(name, _)| *name == unit)?;
    count.parse::<u32>().ok()?.checked_mul(*seconds)
}

fn month_window(text: &str, now: u32, zone: Zone) -> Result<Window, Error> {
    let wrong = || Error::usage(format!("invalid month `{text}`")).hint("write 2026-10, this-month or last-month");
    let typed = text.trim();
    let first = match typed.to_ascii_lowercase().as_str() {
        "this-month" => first_of_month(zone.date(now)),
        "last-month" => first_of_month(zone.date(now)).and_then(|first| first.checked_sub_months(Months::new(1))),
        _ if shaped(typed, "0000-00") => format!("{typed}-01").parse().ok(),
        _ => None,
    };
    let first = first.ok_or_else(wrong)?;
    let next = first.checked_add_months(Months::new(1)).ok_or_else(wrong)?;
    Ok(Window { from: Some(in_range(text, zone.midnight(first))?), to: Some(in_range(text, zone.midnight(next))?) })
}

fn first_of_month(date: NaiveDate) -> Option<NaiveDate> {
    use chrono::Datelike;
    date.checked_sub_days(Days::new(date.day0().into()))
}

fn in_range(text: &str, seconds: i64) -> Result<u32, Error> {
    u32::try_from(seconds)
        .ok()
        .filter(|seconds| *seconds < ABSENT_TIME)
        .ok_or_else(|| Error::usage(format!("`{text}` is outside the years 1970 to 2106")))
}

/// Flags that exclude each other, each with the window that it asks for alone.
fn conflict(flags: [(&str, Option<&str>); 4], now: u32, zone: Zone) -> Error {
    let mut asked = Vec::new();
    for (place, (flag, text)) in flags.into_iter().enumerate() {
        let alone = |at| text.filter(|_| at == place);
        let Some(text) = text else { continue };
        match window(alone(0), alone(1), alone(2), alone(3), now, zone) {
            Ok(window) => asked.push(format!("{flag} {text} ({window})")),
            Err(error) => return error,
        }
    }
    Error::usage(format!("more than one window: {}", asked.join(", ")))
        .hint("use one of --last, --month, or --from and --to")
}

fn empty(from: u32, to: u32) -> Error {
    Error::usage(format!("the window is empty: {} to {}", write(from), write(to)))
        .hint("--to is exclusive and must be after --from")
}

/// Whether a text has digits where the shape has `0`, and else the shape's characters.
fn shaped(text: &str, shape: &str) -> bool {
    let same = |(byte, shape): (u8, u8)| if shape == b'0' { byte.is_ascii_digit() } else { byte == shape };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(same)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2026-10-15T13:14:15Z.
    const NOW: u32 = 1_792_070_055;

    fn zone(name: &str) -> Zone {
        Zone::parse(name).expect(name)
    }

    fn moment(text: &str, zone_name: &str) -> String {
        write(parse_moment(text, NOW, zone(zone_name)).expect(text))
    }

    #[test]
    fn moments_that_programs_write_are_read() {
        for text in [
            "2026-10-01T00:00:00Z",
            "2026-10-01T00:00:00.000Z",
            "2026-10-01 00:00:00",
            "2026-10-01 00:00:00.123456",
            "2026-10-01 00:00:00.000 UTC",
            "2026-10-01T02:00:00+02:00",
            "2026-10-01",
        ] {
            assert_eq!(parse_utc(text), Some(1_790_812_800), "{text}");
        }
        for wrong in ["", "7d", "now", "@1790812800", "2026-10-01T00:00:00.000X", "1950-01-01"] {
            assert_eq!(parse_utc(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_moment_lies_in_its_month() {
        let month = |text: &str| {
            let (first, next) = month_around(parse_moment(text, 0, Zone::default()).unwrap());
            (write(first), write(next))
        };
        let october = ("2026-10-01T00:00:00Z".to_owned(), "2026-11-01T00:00:00Z".to_owned());
        assert_eq!(month("2026-10-01"), october);
        assert_eq!(month("2026-10-31T23:59:59Z"), october);
        assert_eq!(month("2026-12-31").1, "2027-01-01T00:00:00Z");
        assert_eq!(month_around(u32::MAX).1, u32::MAX, "the last representable month is cut");
    }

    #[test]
    fn moments_are_written_as_rfc_3339() {
        assert_eq!(write(0), "1970-01-01T00:00:00Z");
        assert_eq!(write(NOW), "2026-10-15T13:14:15Z");
        assert_eq!(write(ABSENT_TIME - 1), "2106-02-07T06:28:14Z");
    }

    #[test]
    fn moments_are_read_in_every_form() {
        let table = [
            ("2026-10-01", "UTC", "2026-10-01T00:00:00Z"),
            ("2026-10-01", "Europe/Berlin", "2026-09-30T22:00:00Z"),
            ("2026-10-01T12:00", "UTC", "2026-10-01T12:00:00Z"),
            ("2026-10-01T12:00:30", "UTC", "2026-10-01T12:00:30Z"),
            ("2026-10-01 12:00", "Asia/Kolkata", "2026-10-01T06:30:00Z"),
            ("2026-10-01t12:00z", "Europe/Berlin", "2026-10-01T12:00:00Z"),
            ("2026-10-01T12:00:30+02:00", "UTC", "2026-10-01T10:00:30Z"),
            ("2026-10-01T12:00-0330", "UTC", "2026-10-01T15:30:00Z"),
            ("2026-10-01T12:00+05", "UTC", "2026-10-01T07:00:00Z"),
            ("@0", "Europe/Berlin", "1970-01-01T00:00:00Z"),
            ("@1696118400", "UTC", "2023-10-01T00:00:00Z"),
            ("1696118400", "UTC", "2023-10-01T00:00:00Z"),
            ("now", "Europe/Berlin", "2026-10-15T13:14:15Z"),
            (" Today ", "UTC", "2026-10-15T00:00:00Z"),
            ("today", "Pacific/Auckland", "2026-10-15T11:00:00Z"),
            ("yesterday", "America/New_York", "2026-10-14T04:00:00Z"),
            ("7d", "Europe/Berlin", "2026-10-08T13:14:15Z"),
            ("36h", "UTC", "2026-10-14T01:14:15Z"),
            ("90m", "UTC", "2026-10-15T11:44:15Z"),
            ("2w", "UTC", "2026-10-01T13:14:15Z"),
            ("30s", "UTC", "2026-10-15T13:13:45Z"),
            ("2106-02-07T06:28:14Z", "UTC", "2106-02-07T06:28:14Z"),
        ];
        for (text, zone, expected) in table {
            assert_eq!(moment(text, zone), expected, "{text} in {zone}");
        }
    }

    #[test]
    fn a_local_time_at_a_clock_change_is_the_earliest_moment_not_before_it() {
        let table = [
            ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30:00Z"),
            ("2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:00:00Z"),
            ("2026-03-29T01:59", "Europe/Berlin", "2026-03-29T00:59:00Z"),
            ("2026-03-29T03:00", "Europe/Berlin", "2026-03-29T01:00:00Z"),
            ("2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00Z"),
            ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00Z"),
        ];
        for (text, zone, expected) in table {
            assert_eq!(moment(text, zone), expected, "{text} in {zone}");
        }
    }

    #[test]
    fn what_is_no_moment_is_rejected() {
        let table = [
            "",
            "x",
            "2026",
            "2026-10",
            "2026-1-1",
            "2026-13-01",
            "2026-02-29",
            "2026-10-01T",
            "2026-10-01T24:00",
            "2026-10-01T12",
            "2026-10-01T12:0",
            "2026-10-01T12:00:60",
            "2026-10-01Z12:00",
            "2026-10-01T12:00+25:00",
            "2026-10-01T12:00+2",
            "2026-10-01T12:00 +02:00",
            "20261001",
            "@",
            "@1x",
            "-1",
            "7",
            "7 d",
            "7D",
            "5M",
            "1d12h",
            "d",
            "９d",
            "２026-10-01",
            "99999999999999999999d",
        ];
        for text in table {
            let error = parse_moment(text, NOW, Zone::default()).expect_err(text);
            assert!(error.to_string().contains("is not a valid time"), "{text}: {error}");
        }
        for text in ["1969-12-31", "2106-02-07T06:28:15Z", "2107-01-01", "@4294967295", "@99999999999", "4000w"] {
            let error = parse_moment(text, NOW, Zone::default()).expect_err(text);
            assert!(error.to_string().contains("outside the years 1970 to 2106"), "{text}: {error}");
        }
    }

    #[test]
    fn spans_are_a_number_and_a_unit() {
        let table = [("30s", 30), ("90m", 5400), ("36h", 129_600), ("7d", 604_800), ("2w", 1_209_600), ("0s", 0)];
        for (text, seconds) in table {
            assert_eq!(parse_span(text).expect(text), seconds);
        }
        for text in ["", "5", "h", "1.5h", "-1h", "1y", "8000w"] {
            assert!(parse_span(text).expect_err(text).hints()[0].contains("90m, 36h"), "{text}");
        }
    }

    #[test]
    fn zones_are_found_by_name_and_a_slip_is_answered_with_the_nearest() {
        assert_eq!(zone("europe/berlin").to_string(), "Europe/Berlin");
        assert_eq!(Zone::default(), zone("UTC"));
        let hint = |name: &str| Zone::parse(name).expect_err(name).hints()[0].clone();
        assert_eq!(hint("Europe/Berln"), "did you mean Europe/Berlin?");
        assert_eq!(hint("berlin"), "did you mean Europe/Berlin?");
        assert_eq!(hint("new york"), "did you mean America/New_York?");
        assert_eq!(hint("q!"), "write a name such as UTC or Europe/Berlin");
    }

    #[test]
    fn windows_are_half_open() {
        let berlin = zone("Europe/Berlin");
        let read = |from, to, last, month| window(from, to, last, month, NOW, berlin).expect("a window").to_string();
        let table = [
            (read(None, None, None, None), "all time"),
            (read(Some("2026-10-01"), None, None, None), "from 2026-09-30T22:00:00Z"),
            (read(None, Some("yesterday"), None, None), "until 2026-10-13T22:00:00Z"),
            (read(Some("yesterday"), Some("today"), None, None), "2026-10-13T22:00:00Z to 2026-10-14T22:00:00Z"),
            (read(None, None, Some("24h"), None), "2026-10-14T13:14:15Z to 2026-10-15T13:14:15Z"),
            (read(None, None, None, Some("2026-10")), "2026-09-30T22:00:00Z to 2026-10-31T23:00:00Z"),
            (read(None, None, None, Some("last-month")), "2026-08-31T22:00:00Z to 2026-09-30T22:00:00Z"),
            (read(None, None, None, Some("This-Month")), "2026-09-30T22:00:00Z to 2026-10-31T23:00:00Z"),
            (read(None, None, None, Some("2025-12")), "2025-11-30T23:00:00Z to 2025-12-31T23:00:00Z"),
        ];
        for (window, expected) in table {
            assert_eq!(window, expected);
        }
        let window = Window { from: Some(10), to: Some(20) };
        assert_eq!([9, 10, 19, 20].map(|start| window.contains(start)), [false, true, true, false]);
        assert!(Window::default().contains(ABSENT_TIME));
        assert!(!Window { from: Some(10), to: None }.contains(ABSENT_TIME));
    }

    #[test]
    fn a_month_earlier_is_the_same_local_time_or_the_last_day() {
        let berlin = Zone::parse("Europe/Berlin").expect("a zone");
        let moment = |text: &str| parse_moment(text, NOW, berlin).expect("a moment");
        let earlier = |text: &str| berlin.month_earlier(moment(text)).map(write);
        assert_eq!(earlier("2026-11-01"), Some("2026-09-30T22:00:00Z".to_owned()), "over a clock change");
        assert_eq!(earlier("2026-03-31T12:00"), Some("2026-02-28T11:00:00Z".to_owned()));
        assert_eq!(Zone::default().month_earlier(0), None);
        assert!(berlin.begins_month(moment("2026-11-01")) && !berlin.begins_month(moment("2026-11-01T00:00Z")));
    }

    #[test]
    fn windows_that_cannot_be_meant_show_what_was_understood() {
        let read = |from, to, last, month| {
            window(from, to, last, month, NOW, Zone::default()).expect_err("no window").to_string()
        };
        let table = [
            (
                read(Some("yesterday"), None, Some("24h"), None),
                "more than one window: --from yesterday (from 2026-10-14T00:00:00Z), \
                 --last 24h (2026-10-14T13:14:15Z to 2026-10-15T13:14:15Z)",
            ),
            (
                read(None, Some("2026-10-02"), None, Some("2026-10")),
                "more than one window: --to 2026-10-02 (until 2026-10-02T00:00:00Z), \
                 --month 2026-10 (2026-10-01T00:00:00Z to 2026-11-01T00:00:00Z)",
            ),
            (
                read(Some("today"), Some("yesterday"), None, None),
                "the window is empty: 2026-10-15T00:00:00Z to 2026-10-14T00:00:00Z",
            ),
            (read(None, None, Some("0h"), None), "the window is empty: 2026-10-15T13:14:15Z to 2026-10-15T13:14:15Z"),
            (read(None, None, Some("yesterday"), None), "invalid duration `yesterday`"),
            (read(None, None, Some("3000w"), None), "`3000w` is outside the years 1970 to 2106"),
            (read(None, None, None, Some("2026-13")), "invalid month `2026-13`"),
            (read(None, None, None, Some("2106-02")), "`2106-02` is outside the years 1970 to 2106"),
            (read(None, None, Some("x"), Some("2026-10")), "invalid duration `x`"),
        ];
        for (message, expected) in table {
            assert_eq!(message, expected);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(seconds in 0..ABSENT_TIME, place in 0..TZ_VARIANTS.len()) {
            let text = write(seconds);
            prop_assert_eq!(parse_moment(&text, NOW, Zone(TZ_VARIANTS[place])).expect("a moment"), seconds);
        }

        #[test]
        fn a_local_time_is_never_read_as_an_earlier_one(seconds in 100_000..ABSENT_TIME - 100_000, place in 0..TZ_VARIANTS.len()) {
            let zone = Zone(TZ_VARIANTS[place]);
            let local = DateTime::from_timestamp(seconds.into(), 0).expect("in range").naive_utc();
            let at = zone.earliest(local);
            let shown = |at: i64| zone.0.timestamp_opt(at, 0).single().expect("a moment").naive_local();
            prop_assert!(shown(at) >= local);
            prop_assert!(shown(at - 1) < local);
        }

        #[test]
        fn no_text_panics(text in "\\PC*|[0-9TZ:+@dhm -]{0,24}") {
            drop(parse_moment(&text, NOW, Zone::default()));
            drop(Zone::parse(&text));
            drop(window(None, None, None, Some(&text), NOW, Zone::default()));
        }
    }
}
