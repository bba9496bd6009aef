//! The configuration: which file it is, what it and the environment say, and the commands that show and check it.
//!
//! The file is the one of `--config`, else `OUTFLOW_CONFIG`, else `./outflow.toml`, else `outflow/config.toml` in the
//! user's configuration folder. Variables `OUTFLOW_ANOMALIES_…` override the file, flags override both.
//! Every command refuses a faulty one, whether it needs it or not.

mod file;
mod parameters;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use clap::{Args, Subcommand};

use self::file::ConfigFile;
use super::flags::OutputFlags;
use super::job::now;
use super::{output, prices};
use crate::collect::io_cause;
use crate::error::{Error, Exit, nearest};
use crate::reason::anomalies::settings::Settings;
use crate::reason::anomalies::suppress::{Rule, RuleText};
use crate::report::config::{self, ConfigError, Setting, Window};

/// The most bytes that a configuration file may have.
const CONFIG_BYTES_MAX: u64 = 1 << 20;
/// The file in the folder where outflow is started.
const LOCAL_FILE: &str = "outflow.toml";
/// The file in the user's configuration folder.
const USER_FILE: &str = "outflow/config.toml";
/// The variable that names a file.
const FILE_VARIABLE: &str = "OUTFLOW_CONFIG";
/// What the variables begin with that each give a parameter.
const PARAMETER_VARIABLES: &str = "OUTFLOW_ANOMALIES_";

/// Which configuration file.
#[derive(Debug, Default, Args)]
pub(super) struct ConfigFlags {
    /// Configuration file [default: the first of OUTFLOW_CONFIG, ./outflow.toml, ~/.config/outflow/config.toml]
    #[arg(long, value_name = "FILE", help_heading = "Configuration")]
    config: Option<String>,
}

/// Commands of `outflow config`.
#[derive(Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Show every setting with its value, default and origin
    Show(ShowFlags),
    /// Check a configuration file (exit code 4 if it has errors)
    Check(CheckFlags),
}

/// Flags of `outflow config show`.
#[derive(Debug, Args)]
pub(super) struct ShowFlags {
    #[command(flatten)]
    config: ConfigFlags,

    #[command(flatten)]
    output: OutputFlags,
}

/// Flags of `outflow config check`.
#[derive(Debug, Args)]
pub(super) struct CheckFlags {
    /// A configuration file [default: the one that commands use]
    #[arg(value_name = "FILE")]
    file: Option<String>,

    #[command(flatten)]
    output: OutputFlags,
}

/// The configuration in force, before flags.
#[derive(Debug, Default)]
pub(super) struct Config {
    /// What is an incident.
    pub(super) settings: Settings,
    /// The suppression windows, including expired ones.
    pub(super) rules: Vec<Rule>,
    /// The same as written.
    windows: Vec<RuleText>,
    /// Who says what of the parameters; the others have their defaults.
    origins: BTreeMap<String, String>,
    /// The file, if there is one.
    path: Option<String>,
}

impl ConfigCommand {
    /// Runs the command: computes and writes the report, returns the exit status.
    pub(super) fn run(self) -> Result<Exit, Error> {
        match self {
            Self::Show(flags) => flags.run(),
            Self::Check(flags) => flags.run(),
        }
    }
}

impl ShowFlags {
    fn run(self) -> Result<Exit, Error> {
        output::format(&self.output)?;
        let (config, now) = (self.config.load()?, now()?);
        let windows: Vec<_> =
            config.windows.iter().zip(&config.rules).map(|(text, rule)| window(text, rule, now)).collect();
        let mut report = config::shown(&config.shown(), &windows);
        let none =
            || format!("no configuration file: neither {FILE_VARIABLE} nor ./{LOCAL_FILE} nor {USER_FILE} is there");
        report.meta.notes.push(config.path.as_ref().map_or_else(none, |path| format!("configuration: {path}")));
        let expired = config.rules.iter().filter(|rule| rule.has_expired(now));
        report.meta.warnings.extend(expired.map(Rule::expiry));
        prices::write(report, &self.output, Exit::Done)
    }
}

impl CheckFlags {
    fn run(self) -> Result<Exit, Error> {
        output::format(&self.output)?;
        let Some((path, text)) = found(self.file.as_deref())? else {
            return Err(
                Error::usage("there is no configuration file to check").hint("name one: outflow config check FILE")
            );
        };
        let faults = file::read(&text).err().unwrap_or_default();
        let mut report = config::checked(&faults);
        let exit = if faults.is_empty() { Exit::Done } else { Exit::Condition };
        let said = if faults.is_empty() { "the file is valid" } else { "the file is invalid" };
        report.meta.notes.push(format!("{path}: {said}"));
        prices::write(report, &self.output, exit)
    }
}

impl ConfigFlags {
    /// Reads the configuration.
    ///
    /// # Errors
    /// If a requested file cannot be read, or the file or environment is invalid.
    pub(super) fn load(&self) -> Result<Config, Error> {
        let mut config = Config::default();
        if let Some((path, text)) = found(self.config.as_deref())? {
            let file = file::read(&text).map_err(|faults| refused(&path, faults))?;
            config.add(file, path);
        }
        let variables = env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        config.add_variables(variables)?;
        Ok(config)
    }
}

impl Config {
    fn add(&mut self, file: ConfigFile, path: String) {
        file.anomalies.lay_over(&mut self.settings);
        self.origins.extend(file.lines.into_iter().map(|(name, line)| (name, format!("{path}:{line}"))));
        (self.windows, self.rules) = file.rules.into_iter().unzip();
        self.path = Some(path);
    }

    /// Takes the parameters that variables of the environment give.
    fn add_variables(&mut self, variables: impl Iterator<Item = (String, OsString)>) -> Result<(), Error> {
        let ours = variables.filter(|(variable, _)| variable.starts_with(PARAMETER_VARIABLES));
        let ours: BTreeMap<String, OsString> = ours.collect();
        for (variable, value) in ours {
            let name = variable[PARAMETER_VARIABLES.len()..].to_ascii_lowercase();
            if !parameters::NAMES.contains(&name.as_str()) {
                let error = Error::usage(format!("{variable}: unknown detector parameter `{name}`"));
                return Err(match nearest(&name, parameters::NAMES.iter().copied()) {
                    Some(near) => {
                        error.hint(format!("did you mean {PARAMETER_VARIABLES}{}?", near.to_ascii_uppercase()))
                    }
                    None => error.hint("`outflow config show` lists all of them"),
                });
            }
            let value = value.to_string_lossy();
            // As in the file, but that words need no quotes.
            let literal = if value.parse::<f64>().is_ok() { value.to_string() } else { format!("{value:?}") };
            let said = file::read(&format!("[anomalies]\n{name} = {literal}\n"));
            let wrong = |faults: Vec<ConfigError>| {
                let why = faults.into_iter().next().map(|fault| fault.message).unwrap_or_default();
                Error::usage(format!("{variable}: {why}"))
            };
            said.map_err(wrong)?.anomalies.lay_over(&mut self.settings);
            self.origins.insert(name, variable);
        }
        Ok(())
    }

    fn shown(&self) -> Vec<Setting> {
        let values = parameters::written(&self.settings).into_iter().zip(parameters::written(&Settings::default()));
        let setting = |((name, value), (_, default)): ((&'static str, String), (_, String))| {
            let origin = self.origins.get(name).cloned().unwrap_or_else(|| "default".to_owned());
            Setting { name, value, default, origin }
        };
        values.map(setting).collect()
    }
}

/// A window as it is shown.
fn window(text: &RuleText, rule: &Rule, now: u32) -> Window {
    let written = |text: &Option<String>| text.clone().unwrap_or_default();
    let zone = text.tz.as_ref().map(|zone| format!(" {zone}")).unwrap_or_default();
    let when = match (&text.cron, text.hours) {
        (Some(cron), Some(hours)) => format!("{cron} for {hours} h{zone}"),
        _ => format!("{} to {}{zone}", written(&text.from), written(&text.to)),
    };
    Window {
        reason: written(&text.reason),
        when,
        metric: text.metric.clone(),
        scope: text.scope.clone(),
        expires: written(&text.expires),
        in_force: !rule.has_expired(now),
    }
}

/// The first fault of a file, and how many more there are.
fn refused(path: &str, faults: Vec<ConfigError>) -> Error {
    let more = faults.len().saturating_sub(1);
    let Some(first) = faults.into_iter().next() else { return Error::usage(format!("{path}: the file is invalid")) };
    let error = Error::usage(format!("{path}, line {}, column {}: {}", first.line, first.column, first.message));
    let error = first.hints.into_iter().fold(error, Error::hint);
    if more > 0 { error.hint(format!("`outflow config check {path}` shows {more} more")) } else { error }
}

/// The path and text of the configuration file: the requested one, or the first that exists.
fn found(asked: Option<&str>) -> Result<Option<(String, String)>, Error> {
    let variable = env::var_os(FILE_VARIABLE).filter(|path| !path.is_empty());
    if let Some(path) = asked.map(PathBuf::from).or_else(|| variable.map(PathBuf::from)) {
        return match text_of(&path)? {
            Some(text) => Ok(Some((path.display().to_string(), text))),
            None => Err(Error::usage(format!("{}: no such configuration file", path.display()))),
        };
    }
    for path in [Some(PathBuf::from(LOCAL_FILE)), user_file()].into_iter().flatten() {
        if let Some(text) = text_of(&path)? {
            return Ok(Some((path.display().to_string(), text)));
        }
    }
    Ok(None)
}

/// The file in the user's configuration folder.
fn user_file() -> Option<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))?;
    Some(folder.join(USER_FILE))
}

/// The text of a file; none if it is not there.
fn text_of(path: &Path) -> Result<Option<String>, Error> {
    let failed = |error: io::Error| Error::read(io_cause(&error)).because(error).context(path.display());
    match fs::metadata(path) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(failed(error)),
        Ok(about) if about.len() > CONFIG_BYTES_MAX => {
            let error = format!("{}: a configuration has at most {CONFIG_BYTES_MAX} bytes", path.display());
            return Err(Error::usage(error));
        }
        Ok(_) => {}
    }
    fs::read_to_string(path).map(Some).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Config, Error> {
        let mut config = Config::default();
        let file = file::read("[anomalies]\nratio_min = 2\nlevel_share = 0.25\n").unwrap();
        config.add(file, "outflow.toml".to_owned());
        config.add_variables(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())))?;
        Ok(config)
    }

    fn estate(config: &Config, name: &str) -> [String; 3] {
        let setting = config.shown().into_iter().find(|setting| setting.name == name).unwrap();
        [setting.value, setting.default, setting.origin]
    }

    #[test]
    fn the_environment_beats_the_file_and_the_file_the_defaults() {
        let config =
            with(&[("OUTFLOW_ANOMALIES_RATIO_MIN", "3.5"), ("OUTFLOW_ANOMALIES_DIRECTION", "down"), ("HOME", "/")]);
        let config = config.unwrap();
        let default = Settings::default().detector.ratio_min.to_string();
        assert_eq!(estate(&config, "ratio_min"), ["3.5", &default, "OUTFLOW_ANOMALIES_RATIO_MIN"]);
        assert_eq!(estate(&config, "level_share"), ["0.25", "0.5", "outflow.toml:3"]);
        assert_eq!(estate(&config, "direction"), ["\"down\"", "\"up\"", "OUTFLOW_ANOMALIES_DIRECTION"]);
        assert_eq!(estate(&config, "level_hours"), ["24", "24", "default"]);
        assert_eq!(config.shown().len(), parameters::NAMES.len());
    }

    #[test]
    fn variables_that_make_no_sense_are_rejected() {
        fn refused(name: &str, value: &str) -> Error {
            with(&[(name, value)]).unwrap_err()
        }
        let unknown = refused("OUTFLOW_ANOMALIES_RATIO_MINN", "3");
        assert_eq!(unknown.to_string(), "OUTFLOW_ANOMALIES_RATIO_MINN: unknown detector parameter `ratio_minn`");
        assert_eq!(unknown.hints(), ["did you mean OUTFLOW_ANOMALIES_RATIO_MIN?"]);
        for (name, value) in [
            ("RATIO_MIN", "much"),
            ("RATIO_MIN", "-1"),
            ("RATIO_MIN", ""),
            ("RATIO_MIN", "1\nx=2"),
            ("DIRECTION", "left"),
            ("SCALE_DAYS", "1.5"),
            ("LEVEL_SHARE", "inf"),
        ] {
            let variable = format!("{PARAMETER_VARIABLES}{name}");
            let error = refused(&variable, value);
            assert!(error.to_string().starts_with(&format!("{variable}: ")), "{error}");
        }
    }

    #[test]
    fn a_faulty_file_is_rejected_with_its_first_fault_and_the_number_of_others() {
        let error = refused("a.toml", file::read("x = 1\ny = 2\n[anomalies]\nratio = 1\n").unwrap_err());
        assert_eq!(error.to_string(), "a.toml, line 1, column 1: the file has no `x`");
        assert_eq!(error.hints(), ["there are anomalies", "`outflow config check a.toml` shows 2 more"]);
    }

    #[test]
    fn the_page_of_the_configuration_has_every_parameter_with_its_default() {
        let page = include_str!("../../docs/config.md");
        for (name, default) in parameters::written(&Settings::default()) {
            let row = page.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
            let row = row.unwrap_or_else(|| panic!("docs/config.md has no row for `{name}`"));
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            assert_eq!(cells[2], format!("`{default}`"), "docs/config.md, {name}: the default");
            assert!(cells[3].len() > 20, "docs/config.md, {name}: what it is and why");
        }
        let named = page.lines().filter(|line| line.starts_with("| `") && line.matches('|').count() == 4);
        let unknown: Vec<_> = named
            .filter_map(|line| line.split('`').nth(1))
            .filter(|name| name.contains('_') && !parameters::NAMES.contains(name))
            .collect();
        assert_eq!(unknown, [""; 0], "docs/config.md documents unknown parameters");
    }
}
