//! The text of a configuration file → what it says, or all that is wrong with it and where.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::de::{DeTable, DeValue};
use toml::value::Datetime;

use super::parameters::{self, AnomaliesTable};
use crate::error::{Error, nearest};
use crate::reason::anomalies::suppress::{Rule, RuleText};
use crate::report::config::ConfigError;

/// The table of the detector.
const ANOMALIES: &str = "anomalies";
/// The tables in it that each are a window of suppression.
const SUPPRESS: &str = "suppress";
/// What such a window can say.
const WINDOW_NAMES: [&str; 9] = ["from", "to", "cron", "hours", "tz", "scope", "metric", "reason", "expires"];

/// What a configuration file says.
#[derive(Debug, Default)]
pub(super) struct ConfigFile {
    /// The parameters that it gives.
    pub(super) anomalies: AnomaliesTable,
    /// At which line.
    pub(super) lines: BTreeMap<String, u64>,
    /// Its windows of suppression, each as written and as understood.
    pub(super) rules: Vec<(RuleText, Rule)>,
}

/// The whole file.
#[derive(Debug, Default, Deserialize)]
struct WholeFile {
    #[serde(default)]
    anomalies: AnomaliesTable,
}

/// A table of suppression.
#[derive(Debug, Deserialize)]
pub(super) struct WindowTable {
    from: Option<Moment>,
    to: Option<Moment>,
    cron: Option<String>,
    hours: Option<u32>,
    tz: Option<String>,
    scope: Option<String>,
    metric: Option<String>,
    reason: Option<String>,
    expires: Option<Moment>,
}

/// A date or time, with quotes or as TOML has them.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a date or time, such as 2026-10-01 or \"2026-10-01T12:00\"")]
enum Moment {
    Text(String),
    Toml(Datetime),
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        match moment {
            Moment::Text(text) => text,
            Moment::Toml(datetime) => datetime.to_string(),
        }
    }
}

impl From<WindowTable> for RuleText {
    fn from(table: WindowTable) -> Self {
        Self {
            from: table.from.map(Into::into),
            to: table.to.map(Into::into),
            cron: table.cron,
            hours: table.hours,
            tz: table.tz,
            scope: table.scope,
            metric: table.metric,
            reason: table.reason,
            expires: table.expires.map(Into::into),
        }
    }
}

/// Reads a configuration.
pub(super) fn read(text: &str) -> Result<ConfigFile, Vec<ConfigError>> {
    let keys = match DeTable::parse(text) {
        Ok(table) => Keys::of(text, table.get_ref()),
        Err(error) => return Err(vec![toml_fault(text, &error)]),
    };
    let mut faults = keys.faults;
    let mut file = match toml::from_str::<WholeFile>(text) {
        Ok(file) => file,
        Err(error) => {
            faults.push(toml_fault(text, &error));
            WholeFile::default()
        }
    };
    for (name, message) in file.anomalies.faults() {
        let (line, column) = keys.parameters.get(name).copied().unwrap_or((1, 1));
        faults.push(ConfigError { line, column, message, hints: Vec::new() });
    }
    let windows: Vec<RuleText> = std::mem::take(&mut file.anomalies.suppress).into_iter().map(Into::into).collect();
    let mut rules = Vec::with_capacity(windows.len());
    for (window, (line, column)) in windows.into_iter().zip(keys.windows) {
        match Rule::parse(&window) {
            Ok(rule) => rules.push((window, rule)),
            Err(error) => faults.push(window_fault(line, column, &error)),
        }
    }
    if !faults.is_empty() {
        faults.sort_by_key(|fault| (fault.line, fault.column));
        return Err(faults);
    }
    let lines = keys.parameters.into_iter().map(|(name, (line, _))| (name, line)).collect();
    Ok(ConfigFile { anomalies: file.anomalies, lines, rules })
}

fn toml_fault(text: &str, error: &toml::de::Error) -> ConfigError {
    let (line, column) = place(text, error.span().map_or(0, |span| span.start));
    let message = error.message().lines().collect::<Vec<_>>().join(", ");
    ConfigError { line, column, message, hints: Vec::new() }
}

fn window_fault(line: u64, column: u64, error: &Error) -> ConfigError {
    ConfigError { line, column, message: format!("suppression: {error}"), hints: error.hints().to_vec() }
}

/// Where everything is, and the names that mean nothing.
struct Keys {
    parameters: BTreeMap<String, (u64, u64)>,
    /// The windows of suppression, in their order.
    windows: Vec<(u64, u64)>,
    faults: Vec<ConfigError>,
}

impl Keys {
    fn of(text: &str, root: &DeTable) -> Self {
        let mut keys = Self { parameters: BTreeMap::new(), windows: Vec::new(), faults: Vec::new() };
        keys.check(text, root, "the file", &[ANOMALIES]);
        let Some(DeValue::Table(anomalies)) = root.get(ANOMALIES).map(toml::Spanned::get_ref) else { return keys };
        let names: Vec<&str> = parameters::NAMES.iter().copied().chain([SUPPRESS]).collect();
        keys.check(text, anomalies, "[anomalies]", &names);
        for key in anomalies.keys() {
            keys.parameters.insert(key.get_ref().to_string(), place(text, key.span().start));
        }
        if let Some(DeValue::Array(windows)) = anomalies.get(SUPPRESS).map(toml::Spanned::get_ref) {
            for window in windows.iter() {
                keys.windows.push(place(text, window.span().start));
                if let DeValue::Table(window) = window.get_ref() {
                    keys.check(text, window, "[[anomalies.suppress]]", &WINDOW_NAMES);
                }
            }
        }
        keys
    }

    /// Notes the names of a table that are not known.
    fn check(&mut self, text: &str, table: &DeTable, of: &str, known: &[&str]) {
        for key in table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let ((line, column), name) = (place(text, key.span().start), key.get_ref());
            let hint = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.len() > WINDOW_NAMES.len() => "`outflow config show` lists all of them".to_owned(),
                None => format!("there are {}", known.join(", ")),
            };
            let message = format!("{of} has no `{name}`");
            self.faults.push(ConfigError { line, column, message, hints: vec![hint] });
        }
    }
}

/// The line and the column of a byte, from 1.
fn place(text: &str, at: usize) -> (u64, u64) {
    let before = text.get(..at).unwrap_or(text);
    let (line, rest) = (before.matches('\n').count(), before.rsplit('\n').next().unwrap_or_default());
    (line as u64 + 1, rest.chars().count() as u64 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::anomalies::settings::Settings;

    fn faults(text: &str) -> Vec<String> {
        let faults = read(text).err().unwrap_or_default();
        let estate = |fault: &ConfigError| {
            format!("{}:{} {} ({})", fault.line, fault.column, fault.message, fault.hints.join("; "))
        };
        faults.iter().map(estate).collect()
    }

    #[test]
    fn what_a_file_gives_is_laid_over_the_defaults() {
        let file = read("# ours\n[anomalies]\nthreshold_scales = 4\nlevel_share=0.25\ndirection = \"both\"\n").unwrap();
        let mut parameters = Settings::default();
        file.anomalies.lay_over(&mut parameters);
        assert!(parameters.detector.threshold_scales == 4.0 && parameters.detector.level_share == 0.25);
        let given = parameters::written(&parameters).into_iter().zip(parameters::written(&Settings::default()));
        let changed: Vec<_> = given.filter(|(given, default)| given != default).map(|(given, _)| given).collect();
        let expected = [("direction", "\"both\""), ("threshold_scales", "4"), ("level_share", "0.25")];
        assert_eq!(changed, expected.map(|(name, value)| (name, value.to_owned())));
        assert_eq!(file.lines["level_share"], 4);
        assert_eq!(read("").unwrap().lines.len(), 0);
    }

    #[test]
    fn windows_of_suppression_may_have_their_times_with_or_without_quotes() {
        let text = "[[anomalies.suppress]]\nfrom = 2026-11-01T10:00:00\nto = \"2026-11-02\"\nexpires = 2026-12-01\n\
                    reason = \"move\"\nscope = \"team:data*\"\n[[anomalies.suppress]]\ncron = \"0 2 * * *\"\nhours = 3\n\
                    tz = \"Europe/Berlin\"\nreason = \"backup\"\nexpires = 2027-01-01\n";
        let file = read(text).unwrap();
        assert_eq!(file.rules.len(), 2);
        assert_eq!(file.rules[0].0.from.as_deref(), Some("2026-11-01T10:00:00"));
        let inline =
            "[anomalies]\nsuppress = [{from=2026-11-01T10:00:00Z, to=2026-11-02, expires=2026-12-01, reason='r'}]";
        assert_eq!(read(inline).unwrap().rules.len(), 1);
    }

    #[test]
    fn everything_that_is_wrong_is_reported_with_its_place() {
        let text = "[anomalies]\n  treshold_scales = 4\nratio_min = -1\nlevel_share = 2.0\nscale_days = 1000\n[anomlies]\n\
                    [[anomalies.suppress]]\nreason = \"x\"\nuntil = 2026-11-01\n";
        assert_eq!(
            faults(text),
            [
                "2:3 [anomalies] has no `treshold_scales` (did you mean `threshold_scales`?)",
                "3:1 `ratio_min` = -1: it is 0 to 1000000 ()",
                "4:1 `level_share` = 2: it is 0 to 1 ()",
                "5:1 `scale_days` = 1000: it is 0 to 366 ()",
                "6:2 the file has no `anomlies` (did you mean `anomalies`?)",
                "7:1 suppression: `expires` is missing (give the day it ends at the latest: expires = 2027-01-31)",
                "9:1 [[anomalies.suppress]] has no `until` (there are from, to, cron, hours, tz, scope, metric, reason, expires)",
            ]
        );
    }

    #[test]
    fn what_is_no_toml_or_of_another_type_is_reported_with_its_place() {
        let first = |text| faults(text).remove(0);
        assert!(first("[anomalies]\nratio_min = \n").starts_with("2:13 "), "{}", first("[anomalies]\nratio_min = \n"));
        let wrong = first("[anomalies]\nratio_min = \"much\"\n");
        assert!(wrong.starts_with("2:13 invalid type: string \"much\", expected f64"), "{wrong}");
        assert!(first("[anomalies]\ndirection = \"left\"\n").starts_with("2:13 unknown variant `left`"));
        assert!(first("[anomalies]\nratio_min = nan\n").contains("`ratio_min` = NaN: it is 0 to"));
        assert!(first("[anomalies]\nscale_days = -3\n").starts_with("2:14 "));
        assert!(first("anomalies = 3\n").starts_with("1:13 invalid type: integer"));
        let moment = first("[[anomalies.suppress]]\nfrom = 3\n");
        assert!(moment.contains("expected a date or time"), "{moment}");
    }

    #[test]
    fn every_parameter_can_be_written_as_it_is_shown() {
        let mut text = "[anomalies]\n".to_owned();
        for (name, value) in parameters::written(&Settings::default()) {
            text += &format!("{name} = {value}\n");
        }
        let file = read(&text).unwrap();
        assert_eq!(file.lines.len(), parameters::NAMES.len());
        let mut read = Settings { impact_usd_min: 9.0, ..Settings::default() };
        file.anomalies.lay_over(&mut read);
        assert_eq!(read, Settings::default());
    }
}
