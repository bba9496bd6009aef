//! `outflow anomalies`: flags → question → answer.

use clap::{Args, ValueEnum};

use super::config::{Config, ConfigFlags};
use super::dimensions::Dimensions;
use super::flags::memory::MemoryFlags;
use super::flags::pricing::PricingFlags;
use super::flags::tables::TableFlags;
use super::flags::{InputFlags, OutputFlags};
use super::job::{job_of_traffic, run_on};
use super::output::{format, local_path};
use super::signals::{self, SignalFlags, unknown};
use super::state;
use super::top::rows;
use crate::error::{Error, Exit};
use crate::group::Verdict;
use crate::reason::anomalies::incident::Severity;
use crate::reason::anomalies::settings::Settings;
use crate::reason::anomalies::suppress::Rule;
use crate::reason::cube::CubeKeys;
use crate::reason::hours::gather::Pricing;
use crate::report::anomalies::told::AnomaliesShape;
use crate::report::signals::SignalsShape;
use crate::units::time::{Window, Zone};
use crate::view::Format;
use crate::work::{self, AnomaliesQuestion, Job};

const DAY_SECONDS: u32 = 86_400;
/// The owner keys that are asked for where none are.
const TEAM: &str = "team";
const SERVICE: &str = "service";

/// Flags that are of incidents alone, and have nothing to say of signals.
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

    /// The owner key that tells teams apart [default: team]
    #[arg(long, value_name = "KEY", help_heading = "Report")]
    team: Option<String>,

    /// The owner key that tells services apart [default: service]
    #[arg(long, value_name = "KEY", help_heading = "Report")]
    service: Option<String>,

    /// How many incidents, or rows of each table of signals, or `all`
    #[arg(long, visible_alias = "top", value_name = "N", default_value = "20", help_heading = "Report")]
    max_incidents: String,

    /// Leave out incidents that are less severe
    #[arg(long, value_enum, default_value_t = SeverityFlag::Low, help_heading = "Report")]
    min_severity: SeverityFlag,

    /// End with exit code 4 if an incident is as severe, or more
    #[arg(long, value_enum, value_name = "SEVERITY", help_heading = "Report")]
    fail_on: Option<SeverityFlag>,

    /// Tell of each incident once, and again if it becomes worse, after a day, and when it is over; what was told is
    /// kept in this file
    #[arg(long, value_name = "FILE", value_parser = local_path, conflicts_with = "explain", help_heading = "Report")]
    state: Option<String>,

    /// Tell all of one incident: its hours, what was expected and why, its causes, and the records behind it
    #[arg(long, value_name = "ID", help_heading = "Report")]
    explain: Option<String>,

    #[command(flatten)]
    memory: MemoryFlags,

    /// How far off an hour must be to be out of line, in usual deviations; for `threshold_scales` of the configuration
    #[arg(long, value_name = "SCALES", help_heading = "Report")]
    threshold: Option<f64>,

    /// Tell incidents of dollars and bytes from so many dollars on; for `impact_usd_min` of the configuration
    #[arg(long, value_name = "USD", help_heading = "Report")]
    min_usd: Option<f64>,

    /// Or from so many GiB on; for `impact_gib_min` of the configuration
    #[arg(long, value_name = "GIB", help_heading = "Report")]
    min_gib: Option<f64>,

    /// Look for signals of exfiltration and of broken policy instead: new destinations, beacons, scans…
    #[arg(long, conflicts_with_all = OF_INCIDENTS, help_heading = "Signals")]
    signals: bool,

    #[command(flatten)]
    signal: SignalFlags,

    #[command(flatten)]
    config: ConfigFlags,

    #[command(flatten)]
    tables: TableFlags,

    #[command(flatten)]
    pricing: PricingFlags,

    #[command(flatten)]
    output: OutputFlags,
}

/// What the tables tell, and the places of the owners asked for.
struct Owners {
    told: work::Told,
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
    /// Very unusual, and it matters
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
    /// Answers, writes and tells how it ended.
    pub(super) fn run(mut self) -> Result<Exit, Error> {
        if self.signals {
            return self.run_signals();
        }
        self.output.holds_incidents = true;
        let mut owners = self.owners()?;
        let known = owners.told.owner_keys();
        let mut job = job_of_traffic(&self.input, Verdict::Accept, &mut owners.dimensions, &known)?;
        let Config { settings, rules, .. } = self.config.load()?;
        let settings = self.settings(settings)?;
        let asked_from = with_lookback(&mut job, &settings);
        let question = self.question(owners, settings, rules, asked_from)?;
        let (mut worst, mut state) = (None, None);
        let exit = run_on(&job, &self.input, &self.output, |progress| {
            let anomalies = work::anomalies(&job, question, progress)?;
            (worst, state) = (anomalies.worst, anomalies.state);
            Ok(anomalies.answer)
        })?;
        // What was not written was not told, so it is remembered only now.
        if let (Some(path), Some(state)) = (&self.state, &state) {
            state::write(path, state)?;
        }
        // What is missing from the answer is said first: it may have been worse.
        let is_told_of = exit == Exit::Done && self.fail_on.is_some_and(|least| worst >= Some(least.into()));
        Ok(if is_told_of { Exit::Condition } else { exit })
    }

    fn run_signals(&self) -> Result<Exit, Error> {
        let (told, mut dimensions) = signals::owners(&self.tables, self.team.as_deref())?;
        let owner = dimensions.owner_keys.first().map(ToString::to_string);
        let job = job_of_traffic(&self.input, Verdict::Accept, &mut dimensions, &told.owner_keys())?;
        let sources = self.tables.sources(told, &dimensions.owner_keys)?;
        let shape = SignalsShape { owner, rows: rows("--max-incidents", &self.max_incidents)? };
        let question = signals::question(sources, &self.signal, shape, self.memory.overflow()?)?;
        run_on(&job, &self.input, &self.output, |progress| work::signals(&job, question, progress))
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
                return Err(Error::usage(format!("{flag} {value}: a number above zero is needed")));
            }
            *setting = value;
        }
        Ok(settings)
    }

    /// The owners that are asked for before the filter asks for any.
    fn owners(&self) -> Result<Owners, Error> {
        let told = self.tables.told()?;
        let known = told.owner_keys();
        let mut dimensions = Dimensions::default();
        let mut place = |asked: Option<&str>, usual: &str| match known.get(asked.unwrap_or(usual)) {
            Some(key) => dimensions.owner_place(key.clone()).map(Some),
            None => asked.map_or(Ok(None), |name| Err(unknown(name, &known))),
        };
        let team = place(self.team.as_deref(), TEAM)?;
        let service = place(self.service.as_deref(), SERVICE)?;
        Ok(Owners { told, dimensions, team, service })
    }

    fn question(
        &self,
        owners: Owners,
        settings: Settings,
        rules: Vec<Rule>,
        asked_from: Option<u32>,
    ) -> Result<AnomaliesQuestion, Error> {
        let Owners { told, dimensions, team, service } = owners;
        let sources = self.tables.sources(told, &dimensions.owner_keys)?;
        let networks = !sources.geography.is_empty();
        Ok(AnomaliesQuestion {
            sources,
            keys: CubeKeys { team, service, networks, further: Vec::new() },
            pricing: Pricing { table: self.pricing.prices.table()?, terms: self.pricing.terms()? },
            settings,
            rules,
            state: self.state.as_deref().map(state::read).transpose()?,
            asked_from,
            now: self.input.now()?,
            zone: Zone::parse(&self.input.tz)?,
            explain: self.explain.clone(),
            shape: AnomaliesShape {
                brief: matches!(format(&self.output)?, Format::Table | Format::Markdown),
                rows: rows("--max-incidents", &self.max_incidents)?,
                severity_min: self.min_severity.into(),
            },
            overflow: self.memory.overflow()?,
        })
    }
}

/// Lets the job read what came before too; gives where the time asked for begins.
fn with_lookback(job: &mut Job, settings: &Settings) -> Option<u32> {
    let from = job.window.from?;
    job.window = Window { from: Some(from.saturating_sub(settings.lookback_days * DAY_SECONDS)), ..job.window };
    Some(from)
}
