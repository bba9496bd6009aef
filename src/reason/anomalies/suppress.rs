//! Suppression: windows in which anomalies are expected, and the reason.
//!
//! A [`Rule`] is a checked window of the configuration; [`Suppressions`] are the hours of active rules. Suppressed
//! hours are judged but not reported or learned from; callers must count suppressed incidents and note them. Expired
//! rules cover nothing and cause a warning. This module does not read files.

use super::cron::Cron;
use super::incident::{Metric, Scope};
use crate::error::{Error, nearest};
use crate::units::time::{Zone, parse_moment, write};

/// The dimensions with series.
pub const DIMENSIONS: [&str; 7] = ["total", "team", "service", "interface", "destination", "region_pair", "path"];
/// The longest that one firing of `cron` may cover.
pub const CRON_HOURS_MAX: u32 = 7 * 24;
const HOUR_SECONDS: u32 = 3600;

/// A window as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleText {
    /// Its first moment, with `to`.
    pub from: Option<String>,
    /// The first moment after it.
    pub to: Option<String>,
    /// When it begins again and again, instead of `from` and `to`.
    pub cron: Option<String>,
    /// For how many hours from then on, with `cron`.
    pub hours: Option<u32>,
    /// The zone of all its times; UTC without.
    pub tz: Option<String>,
    /// A pattern of `dimension:value` with `*` and `?`; everything without.
    pub scope: Option<String>,
    /// The metric by its name; all without.
    pub metric: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The day from whose beginning on it no longer applies.
    pub expires: Option<String>,
}

/// A window that makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    when: When,
    zone: Zone,
    scope: Option<String>,
    metric: Option<Metric>,
    reason: String,
    expires: u32,
}

/// When a window is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum When {
    Once { from: u32, to: u32 },
    Again { cron: Cron, seconds: u32 },
}

impl Rule {
    /// What a window means.
    ///
    /// # Errors
    /// What is missing, contradicts itself or cannot be understood is a usage error.
    pub fn parse(text: &RuleText) -> Result<Self, Error> {
        let zone = text.tz.as_deref().map_or(Ok(Zone::default()), Zone::parse)?;
        let reason = text.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
        let reason =
            reason.ok_or_else(|| Error::usage("`reason` is missing").hint("add a reason: reason = \"backup\""))?;
        let expires = text.expires.as_deref().ok_or_else(|| {
            Error::usage("`expires` is missing").hint("give the day it ends at the latest: expires = 2027-01-31")
        })?;
        let expires = moment("expires", expires, zone)?;
        let when = When::parse(text, zone)?;
        if matches!(when, When::Once { from, .. } if expires <= from) {
            return Err(Error::usage("it expires before it begins").hint("`expires` is a day after `to`"));
        }
        let metric = text.metric.as_deref().map(metric).transpose()?;
        let scope = text.scope.as_deref().map(scope).transpose()?;
        Ok(Self { when, zone, scope, metric, reason: reason.to_owned(), expires })
    }

    /// Whether it no longer applies.
    #[must_use]
    pub fn has_expired(&self, now: u32) -> bool {
        self.expires <= now
    }

    /// Warning for an expired rule.
    #[must_use]
    pub fn expiry(&self) -> String {
        format!("the suppression `{}` expired at {} and does not apply", self.reason, write(self.expires))
    }

    /// The intervals that it covers, among those that overlap a half-open time range.
    fn spans(&self, from: u32, to: u32) -> Vec<(u32, u32)> {
        match &self.when {
            When::Once { from, to } => vec![(*from, *to)],
            When::Again { cron, seconds } => {
                let fires = cron.first_and_last(from.saturating_sub(*seconds), to, self.zone);
                joined(fires.into_iter().map(|(first, last)| (first, last.saturating_add(*seconds))).collect())
            }
        }
    }
}

impl When {
    fn parse(text: &RuleText, zone: Zone) -> Result<Self, Error> {
        match (&text.from, &text.to, &text.cron, text.hours) {
            (Some(from), Some(to), None, None) => {
                let (from, to) = (moment("from", from, zone)?, moment("to", to, zone)?);
                if from >= to {
                    return Err(Error::usage("it is empty: `to` is not after `from`"));
                }
                Ok(Self::Once { from, to })
            }
            (None, None, Some(cron), Some(hours)) if (1..=CRON_HOURS_MAX).contains(&hours) => {
                Ok(Self::Again { cron: Cron::parse(cron)?, seconds: hours * HOUR_SECONDS })
            }
            (None, None, Some(_), Some(_)) => Err(Error::usage(format!("`hours` is 1 to {CRON_HOURS_MAX}"))),
            _ => Err(Error::usage("it does not say when it is")
                .hint("give `from` and `to`, or `cron` and `hours`, and not parts of both")),
        }
    }
}

/// A moment that does not depend on when the file is read.
fn moment(name: &str, text: &str, zone: Zone) -> Result<u32, Error> {
    if !text.trim().starts_with(|letter: char| letter.is_ascii_digit()) || !text.contains('-') {
        return Err(Error::usage(format!("`{name}`: `{text}` is not a date or time"))
            .hint("write 2026-10-01 or 2026-10-01T12:00"));
    }
    let read = parse_moment(text, 0, zone);
    read.map_err(|error| Error::usage(format!("`{name}`: {error}")).hint("write 2026-10-01 or 2026-10-01T12:00"))
}

fn metric(name: &str) -> Result<Metric, Error> {
    Metric::ALL.into_iter().find(|metric| metric.name() == name).ok_or_else(|| {
        let names = Metric::ALL.map(Metric::name);
        let hint = format!("the metrics are {}", names.join(", "));
        suggest(Error::usage(format!("unknown metric `{name}`")), name, &names).hint(hint)
    })
}

/// A pattern whose dimension, if it is written out, exists.
fn scope(pattern: &str) -> Result<String, Error> {
    let Some((dimension, _)) = pattern.split_once(':') else {
        return Err(
            Error::usage(format!("`scope`: `{pattern}` has no `:`")).hint("write dimension:value, such as team:data*")
        );
    };
    if !dimension.contains(['*', '?']) && !DIMENSIONS.contains(&dimension) {
        let error = Error::usage(format!("`scope`: unknown dimension `{dimension}`"));
        return Err(
            suggest(error, dimension, &DIMENSIONS).hint(format!("the dimensions are {}", DIMENSIONS.join(", ")))
        );
    }
    Ok(pattern.to_owned())
}

fn suggest(error: Error, word: &str, names: &[&str]) -> Error {
    match nearest(word, names.iter().copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error,
    }
}

/// The hours that rules cover.
#[derive(Clone, Debug, Default)]
pub struct Suppressions {
    covered: Vec<Covered>,
    /// Warnings on rules that do not apply.
    pub warnings: Vec<String>,
}

#[derive(Clone, Debug)]
struct Covered {
    metric: Option<Metric>,
    scope: Option<String>,
    reason: String,
    /// Sorted stretches with time between them.
    spans: Vec<(u32, u32)>,
}

impl Suppressions {
    /// What rules cover of the time from one moment until before another, as of now.
    #[must_use]
    pub fn of(rules: &[Rule], from: u32, to: u32, now: u32) -> Self {
        let (expired, in_force): (Vec<_>, Vec<_>) = rules.iter().partition(|rule| rule.has_expired(now));
        let covered = |rule: &Rule| Covered {
            metric: rule.metric,
            scope: rule.scope.clone(),
            reason: rule.reason.clone(),
            spans: rule.spans(from, to),
        };
        Self {
            covered: in_force.into_iter().map(covered).collect(),
            warnings: expired.into_iter().map(Rule::expiry).collect(),
        }
    }

    /// The reason for which the hour starting at this time is suppressed, if any: partial overlap counts, the first
    /// rule wins.
    #[must_use]
    pub fn covers(&self, metric: Metric, scope: &Scope, hour: u32) -> Option<&str> {
        let covers = |covered: &&Covered| {
            covered.metric.is_none_or(|only| only == metric) && covered.has(hour) && covered.is_of(scope)
        };
        self.covered.iter().find(covers).map(|covered| covered.reason.as_str())
    }
}

impl Covered {
    fn has(&self, hour: u32) -> bool {
        let next = self.spans.partition_point(|(_, to)| *to <= hour);
        self.spans.get(next).is_some_and(|(from, _)| *from < hour.saturating_add(HOUR_SECONDS))
    }

    fn is_of(&self, scope: &Scope) -> bool {
        self.scope.as_ref().is_none_or(|pattern| matches(pattern, &format!("{}:{}", scope.dimension, scope.value)))
    }
}

/// Stretches as few, sorted ones.
fn joined(mut spans: Vec<(u32, u32)>) -> Vec<(u32, u32)> {
    spans.sort_unstable();
    let mut joined: Vec<(u32, u32)> = Vec::with_capacity(spans.len());
    for (from, to) in spans {
        match joined.last_mut().filter(|(_, end)| from <= *end) {
            Some((_, end)) => *end = to.max(*end),
            None => joined.push((from, to)),
        }
    }
    joined
}

/// Whether a text matches a pattern, where `*` stands for any text and `?` for any character.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut place) = (0, 0);
    // Where the last star was, and how far into the text it reaches so far.
    let mut star = None;
    while place < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, place));
                at += 1;
            }
            Some(letter) if *letter == '?' || *letter == text[place] => (at, place) = (at + 1, place + 1),
            _ => {
                let Some((star_at, reached)) = star else { return false };
                star = Some((star_at, reached + 1));
                (at, place) = (star_at + 1, reached + 1);
            }
        }
    }
    pattern[at..].iter().all(|letter| *letter == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL_TIME: (u32, u32) = (0, u32::MAX);

    fn at(text: &str) -> u32 {
        parse_moment(text, 0, Zone::default()).unwrap()
    }

    fn given(texts: &[(&str, &str)]) -> RuleText {
        let get = |name| texts.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
        RuleText {
            from: get("from"),
            to: get("to"),
            cron: get("cron"),
            hours: get("hours").map(|hours| hours.parse().unwrap()),
            tz: get("tz"),
            scope: get("scope"),
            metric: get("metric"),
            reason: get("reason").or_else(|| Some("backup".to_owned())).filter(|reason| reason != "none"),
            expires: get("expires").or_else(|| Some("2027-01-01".to_owned())).filter(|expires| expires != "none"),
        }
    }

    fn rule(texts: &[(&str, &str)]) -> Rule {
        Rule::parse(&given(texts)).unwrap()
    }

    fn scope_of(dimension: &'static str, value: &str) -> Scope {
        Scope { dimension, value: value.into() }
    }

    fn covers(rule: &Rule, hour: &str) -> bool {
        let suppressions =
            Suppressions::of(std::slice::from_ref(rule), at("2026-10-01"), at("2026-12-01"), at("2026-11-20"));
        suppressions.covers(Metric::Bytes, &scope_of("team", "data"), at(hour)).is_some()
    }

    #[test]
    fn an_hour_is_covered_if_any_part_of_it_is() {
        let once = rule(&[("from", "2026-11-01T10:30"), ("to", "2026-11-01T12:00")]);
        let hours = ["2026-11-01T09:00", "2026-11-01T10:00", "2026-11-01T11:00", "2026-11-01T12:00"];
        assert_eq!(hours.map(|hour| covers(&once, hour)), [false, true, true, false]);
    }

    #[test]
    fn cron_covers_its_hours_again_and_again_in_its_zone() {
        let nightly = rule(&[("cron", "0 2 * * *"), ("hours", "3"), ("tz", "Europe/Berlin")]);
        let covered: Vec<u32> = (0..24).filter(|hour| covers(&nightly, &format!("2026-11-03T{hour:02}:00"))).collect();
        assert_eq!(covered, [1, 2, 3], "02:00 in Berlin is 01:00 UTC in winter");
        assert!(covers(&nightly, "2026-10-20T00:00"), "and 00:00 UTC in summer");
        let over_midnight = rule(&[("cron", "30 23 31 10 *"), ("hours", "2")]);
        let hours =
            ["2026-10-31T22:00", "2026-10-31T23:00", "2026-11-01T00:00", "2026-11-01T01:00", "2026-11-01T02:00"];
        assert_eq!(hours.map(|hour| covers(&over_midnight, hour)), [false, true, true, true, false]);
    }

    #[test]
    fn a_window_that_began_before_the_time_asked_for_still_covers_it() {
        let rule = rule(&[("cron", "0 0 1 11 *"), ("hours", "100")]);
        let late = Suppressions::of(&[rule], at("2026-11-04"), at("2026-11-10"), 0);
        assert!(late.covers(Metric::Usd, &scope_of("total", ""), at("2026-11-05T03:00")).is_some());
        assert!(late.covers(Metric::Usd, &scope_of("total", ""), at("2026-11-05T04:00")).is_none());
    }

    #[test]
    fn rules_are_of_a_metric_and_of_scopes() {
        let day = [("from", "2026-11-01"), ("to", "2026-11-02")];
        let of = |more: (&'static str, &'static str)| {
            Suppressions::of(&[rule(&[day[0], day[1], more])], ALL_TIME.0, ALL_TIME.1, 0)
        };
        let suppressed_by = |suppressions: &Suppressions, metric, scope: &Scope| {
            suppressions.covers(metric, scope, at("2026-11-01T05:00")).map(str::to_owned)
        };
        let bytes = of(("metric", "bytes"));
        assert_eq!(suppressed_by(&bytes, Metric::Bytes, &scope_of("total", "")).as_deref(), Some("backup"));
        assert_eq!(suppressed_by(&bytes, Metric::Usd, &scope_of("total", "")), None);
        let data = of(("scope", "team:data*"));
        assert!(suppressed_by(&data, Metric::Usd, &scope_of("team", "data-lake")).is_some());
        assert!(suppressed_by(&data, Metric::Usd, &scope_of("team", "web")).is_none());
        assert!(suppressed_by(&data, Metric::Usd, &scope_of("service", "data")).is_none());
        assert!(suppressed_by(&of(("scope", "*:web")), Metric::Usd, &scope_of("service", "web")).is_some());
        assert!(suppressed_by(&of(("scope", "total:*")), Metric::Usd, &scope_of("total", "")).is_some());
    }

    #[test]
    fn what_has_expired_is_warned_of_and_covers_nothing() {
        let once = rule(&[("from", "2026-11-01"), ("to", "2026-11-02"), ("expires", "2026-11-03")]);
        let suppressions = |now| Suppressions::of(std::slice::from_ref(&once), ALL_TIME.0, ALL_TIME.1, now);
        let (before, after) = (suppressions(at("2026-11-03") - 1), suppressions(at("2026-11-03")));
        let hour = at("2026-11-01T05:00");
        assert!(before.covers(Metric::Usd, &scope_of("total", ""), hour).is_some() && before.warnings.is_empty());
        assert!(after.covers(Metric::Usd, &scope_of("total", ""), hour).is_none());
        assert_eq!(after.warnings, ["the suppression `backup` expired at 2026-11-03T00:00:00Z and does not apply"]);
    }

    #[test]
    fn rules_that_make_no_sense_are_rejected_with_what_to_write() {
        let day = [("from", "2026-11-01"), ("to", "2026-11-02")];
        let table: &[(&[(&str, &str)], &str)] = &[
            (&[], "it does not say when it is"),
            (&[day[0]], "it does not say when it is"),
            (&[day[0], day[1], ("cron", "0 0 * * *"), ("hours", "1")], "it does not say when it is"),
            (&[("cron", "0 0 * * *")], "it does not say when it is"),
            (&[("cron", "0 0 * * *"), ("hours", "0")], "`hours` is 1 to 168"),
            (&[("from", "2026-11-02"), ("to", "2026-11-01")], "it is empty: `to` is not after `from`"),
            (&[("from", "7d"), ("to", "2026-11-01")], "`from`: `7d` is not a date or time"),
            (&[day[0], day[1], ("reason", "none")], "`reason` is missing"),
            (&[day[0], day[1], ("reason", " ")], "`reason` is missing"),
            (&[day[0], day[1], ("expires", "none")], "`expires` is missing"),
            (&[day[0], day[1], ("expires", "2026-10-01")], "it expires before it begins"),
            (&[day[0], day[1], ("expires", "2026-13-01")], "`expires`: `2026-13-01` is not a valid time"),
            (&[day[0], day[1], ("metric", "byte")], "unknown metric `byte`"),
            (&[day[0], day[1], ("scope", "team")], "`scope`: `team` has no `:`"),
            (&[day[0], day[1], ("scope", "taem:web")], "`scope`: unknown dimension `taem`"),
            (&[day[0], day[1], ("tz", "Europe/Berln")], "unknown time zone `Europe/Berln`"),
        ];
        for (texts, message) in table {
            assert_eq!(Rule::parse(&given(texts)).unwrap_err().to_string(), *message);
        }
        let near = Rule::parse(&given(&[day[0], day[1], ("scope", "taem:web")])).unwrap_err();
        assert_eq!(near.hints()[0], "did you mean `team`?");
    }

    #[test]
    fn patterns_match_as_a_shell_has_it() {
        let table = [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abb", false),
            ("?", "é", true),
            ("?", "", false),
            ("*a*b*", "xaxbx", true),
            ("a*b*c", "abxbxc", true),
            ("a", "aa", false),
            ("**", "a", true),
        ];
        for (pattern, text, expected) in table {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    proptest! {
        #[test]
        fn hours_covered_are_those_of_the_stretches(spans in proptest::collection::vec((0_u32..500_000, 1_u32..20_000), 0..20), hour in 0_u32..140) {
            let spans: Vec<_> = spans.into_iter().map(|(from, length)| (from, from + length)).collect();
            let (from, to) = (hour * HOUR_SECONDS, (hour + 1) * HOUR_SECONDS);
            let expected = spans.iter().any(|span| span.0 < to && from < span.1);
            let covered = Covered { metric: None, scope: None, reason: String::new(), spans: joined(spans) };
            prop_assert_eq!(covered.has(from), expected);
        }
    }
}
