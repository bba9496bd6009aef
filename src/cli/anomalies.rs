//! `outflow anomalies`: flags → question → answer.

mod state;

use clap::{Args, ValueEnum};

use super::config::{Config, ConfigFlags};
use super::dimensions::{DEFAULT_KEY, Dimensions, absent_default};
use super::flags::InputFlags;
use super::flags::report::ReportFlags;
use super::job::{job_of_traffic, run_on};
use super::output::{check_targets, format, local_path};
use super::signals::{self, SignalFlags, unknown};
use super::top::rows;
use crate::error::{Error, Exit};
use crate::group::ActionFilter;
use crate::reason::anomalies::incident::Severity;
use crate::reason::anomalies::settings::Settings;
use crate::reason::anomalies::suppress::Rule;
use crate::reason::cube::CubeKeys;
use crate::reason::hours::gather::Pricing;
use crate::report::anomalies::tables::AnomaliesShape;
use crate::report::signals::SignalsShape;
use crate::units::time::{Window, Zone};
use crate::view::Format;
use crate::work::{self, AnomaliesQuestion, Job};

const DAY_SECONDS: u32 = 86_400;
const SERVICE: &str = "service";

/// Flags of incidents only, which conflict with signals.
const OF_INCIDENTS: [&str; 14] = [
    "service",
    "min_severity",
    "fail_on",
    "state",
    "explain",
    "threshold",
    "min_usd",
    "min_gib",
    "config",
    "prices",
    "discount",
    "free_tier",
    "tiers",
    "billing_month_usage",
];

/// Flags of `outflow anomalies`.
#[derive(Debug, Args)]
pub(super) struct AnomaliesFlags {
    #[command(flatten)]
    pub(super) input: InputFlags,

    /// Owner key of teams [default: team]
    #[arg(long, value_name = "KEY", help_heading = "Report")]
    team: Option<String>,

    /// Owner key of services [default: service]
    #[arg(long, value_name = "KEY", help_heading = "Report")]
    service: Option<String>,

    /// Maximum number of incidents, or of rows per signals table, or `all`
    #[arg(long, visible_alias = "top", value_name = "N", default_value = "20", help_heading = "Report")]
    max_incidents: String,

    /// Minimum severity of the listed incidents
    #[arg(long, value_enum, default_value_t = SeverityFlag::Low, help_heading = "Report")]
    min_severity: SeverityFlag,

    /// Exit with code 4 if an incident has at least this severity
    #[arg(long, value_enum, value_name = "SEVERITY", help_heading = "Report")]
    fail_on: Option<SeverityFlag>,

    /// Report each incident once, and again if it gets worse, after a day, and when it ends; state is kept in this file
    #[arg(long, value_name = "FILE", value_parser = local_path, conflicts_with = "explain", help_heading = "Report")]
    state: Option<String>,

    /// Explain one incident: its hours, the expected values, its causes and its records
    #[arg(long, value_name = "ID", help_heading = "Report")]
    explain: Option<String>,

    /// Deviation from which an hour is anomalous; overrides `threshold_scales`
    #[arg(long, value_name = "SCALES", help_heading = "Report")]
    threshold: Option<f64>,

    /// Minimum impact in dollars; overrides `impact_usd_min`
    #[arg(long, value_name = "USD", help_heading = "Report")]
    min_usd: Option<f64>,

    /// Alternative minimum impact in GiB; overrides `impact_gib_min`
    #[arg(long, value_name = "GIB", help_heading = "Report")]
    min_gib: Option<f64>,

    /// Report exfiltration and policy signals instead: new destinations, beacons, scans…
    #[arg(long, conflicts_with_all = OF_INCIDENTS, help_heading = "Signals")]
    signals: bool,

    #[command(flatten)]
    signal: SignalFlags,

    #[command(flatten)]
    pub(super) config: ConfigFlags,

    #[command(flatten)]
    report: ReportFlags,
}

/// The estate tables, and the positions of the requested owners.
struct Owners {
    estate: work::EstateTables,
    dimensions: Dimensions,
    team: Option<usize>,
    service: Option<usize>,
}

/// How much an incident matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SeverityFlag {
    /// Somewhat unusual
    Low,
    /// Unusual
    Medium,
    /// Very unusual, with high impact
    High,
}

impl From<SeverityFlag> for Severity {
    fn from(flag: SeverityFlag) -> Self {
        match flag {
            SeverityFlag::Low => Self::Low,
            SeverityFlag::Medium => Self::Medium,
            SeverityFlag::High => Self::High,
        }
    }
}

impl AnomaliesFlags {
    /// Runs the command: computes and writes the report, returns the exit status.
    pub(super) fn run(mut self) -> Result<Exit, Error> {
        if self.signals {
            return self.run_signals();
        }
        self.report.output.holds_incidents = true;
        let mut owners = self.owners()?;
        let known = owners.estate.owner_keys();
        let mut job = job_of_traffic(&self.input, ActionFilter::Accept, &mut owners.dimensions, &known)?;
        let Config { settings, rules, .. } = self.config.load()?;
        let settings = self.settings(settings)?;
        let asked_from = with_lookback(&mut job, &settings);
        let state = self.state.as_deref().map(|path| ("--state", path));
        check_targets(&self.input, &self.report.output, &state.into_iter().collect::<Vec<_>>())?;
        // Held until the new state is written: what is judged must not change in between.
        let _lock = self.state.as_deref().map(|path| state::lock(path, state::PATIENCE)).transpose()?;
        let question = self.question(owners, settings, rules, asked_from)?;
        let (mut worst, mut state) = (None, None);
        let exit = run_on(&job, &self.input, &self.report.output, |progress| {
            let anomalies = work::anomalies(&job, question, progress)?;
            (worst, state) = (anomalies.worst, anomalies.state);
            Ok(anomalies.answer)
        })?;
        // The state is saved only after the report was written.
        if let (Some(path), Some(state)) = (&self.state, &state) {
            state::write(path, state)?;
        }
        // What is missing from the answer is said first: it may have been worse.
        let is_told_of = exit == Exit::Done && self.fail_on.is_some_and(|least| worst >= Some(least.into()));
        Ok(if is_told_of { Exit::Condition } else { exit })
    }

    fn run_signals(&self) -> Result<Exit, Error> {
        let (estate, mut dimensions) = signals::owners(&self.report.tables, self.team.as_deref())?;
        let owner = dimensions.owner_keys.first().map(ToString::to_string);
        let job = job_of_traffic(&self.input, ActionFilter::Accept, &mut dimensions, &estate.owner_keys())?;
        let sources = self.report.tables.sources(estate, &dimensions.owner_keys)?;
        let shape = SignalsShape { owner, rows: rows("--max-incidents", &self.max_incidents)? };
        let question = signals::question(sources, &self.signal, shape)?;
        run_on(&job, &self.input, &self.report.output, |progress| work::signals(&job, question, progress))
    }

    /// Flags beat the configuration.
    fn settings(&self, mut settings: Settings) -> Result<Settings, Error> {
        let given = [
            ("--threshold", self.threshold, &mut settings.detector.threshold_scales),
            ("--min-usd", self.min_usd, &mut settings.impact_usd_min),
            ("--min-gib", self.min_gib, &mut settings.impact_gib_min),
        ];
        for (flag, value, setting) in given {
            let Some(value) = value else { continue };
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::usage(format!("{flag} {value}: expected a number above zero")));
            }
            *setting = value;
        }
        Ok(settings)
    }

    /// The owners that are requested before the filter asks for any.
    fn owners(&self) -> Result<Owners, Error> {
        let mut estate = self.report.tables.estate()?;
        let known = estate.owner_keys();
        let mut dimensions = Dimensions::default();
        let mut place = |asked: Option<&str>, usual: &str| match known.get(asked.unwrap_or(usual)) {
            Some(key) => dimensions.owner_place(key.clone()).map(Some),
            None => asked.map_or(Ok(None), |name| Err(unknown(name, &known))),
        };
        let team = place(self.team.as_deref(), DEFAULT_KEY)?;
        let service = place(self.service.as_deref(), SERVICE)?;
        if self.team.is_none() {
            estate.warn(absent_default(&known, "incidents name no team", "--team"));
        }
        Ok(Owners { estate, dimensions, team, service })
    }

    fn question(
        &self,
        owners: Owners,
        settings: Settings,
        rules: Vec<Rule>,
        asked_from: Option<u32>,
    ) -> Result<AnomaliesQuestion, Error> {
        let Owners { estate, dimensions, team, service } = owners;
        let sources = self.report.tables.sources(estate, &dimensions.owner_keys)?;
        let networks = !sources.geography.is_empty();
        Ok(AnomaliesQuestion {
            sources,
            keys: CubeKeys { team, service, networks, callers: true, further: Vec::new() },
            pricing: Pricing { table: self.report.pricing.table(&self.input)?, terms: self.report.pricing.terms()? },
            settings,
            rules,
            state: self.state.as_deref().map(state::read).transpose()?,
            asked_from,
            now: self.input.now()?,
            zone: Zone::parse(&self.input.tz)?,
            explain: self.explain.clone(),
            shape: AnomaliesShape {
                brief: matches!(format(&self.report.output)?, Format::Table | Format::Markdown),
                rows: rows("--max-incidents", &self.max_incidents)?,
                severity_min: self.min_severity.into(),
            },
        })
    }
}

/// Lets the job read what came before too; gives where the time requested begins.
fn with_lookback(job: &mut Job, settings: &Settings) -> Option<u32> {
    let from = job.window.from?;
    job.window = Window { from: Some(from.saturating_sub(settings.lookback_days * DAY_SECONDS)), ..job.window };
    Some(from)
}
