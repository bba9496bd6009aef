//! `outflow compare`: flags → question → answer.

pub(super) mod against;

use std::sync::Arc;

use clap::{Args, ValueEnum};

use self::against::{Compared, compared, last_hours};
use super::dimensions::Dimensions;
use super::flags::pricing::BearerFlags;
use super::flags::report::ReportFlags;
use super::flags::{HavingFlags, InputFlags};
use super::job::{job_of_traffic, run_on};
use super::top::rows;
use crate::error::{Error, Exit};
use crate::group::{ActionFilter, Key};
use crate::join::Sources;
use crate::reason::cube::CubeKeys;
use crate::report::compare::{CompareOrder, CompareQuestion, CompareShape};
use crate::report::cube::CubePlan;
use crate::schema::Column;
use crate::units::time::Zone;
use crate::work::{self, EstateTables};

/// Owner keys for causes, if tables have them.
const OWNERS: [&str; 2] = ["team", "service"];
/// What differs between any two periods.
const TIMES: [Column; 3] = [Column::Minute, Column::Hour, Column::Day];

/// Flags of `outflow compare`.
#[derive(Debug, Args)]
pub(super) struct CompareFlags {
    #[command(flatten)]
    pub(super) input: InputFlags,

    /// Reference period: previous (the preceding period of the same length; for a month the month before), last-week,
    /// last-month, or FROM..TO
    #[arg(long, value_name = "PERIOD", default_value = "previous", help_heading = "Window")]
    against: String,

    /// Owner keys and columns to group by, comma separated: team, team,env, src_region, payer_account… [default: team,
    /// or payer_account without owners]
    #[arg(long, value_name = "KEYS", help_heading = "Report")]
    by: Option<String>,

    /// Sum all charges into one row per key
    #[arg(long, help_heading = "Report")]
    no_charges: bool,

    /// Maximum number of rows, or `all`; the others are summed as `(other)`
    #[arg(long, value_name = "N", default_value = "all", help_heading = "Report")]
    top: String,

    /// Order: largest change first, most expensive first, or by key
    #[arg(long, value_enum, default_value_t = SortFlag::Change, help_heading = "Report")]
    sort: SortFlag,

    /// Also break down free traffic by key and path
    #[arg(long, help_heading = "Report")]
    free: bool,

    #[command(flatten)]
    having: HavingFlags,

    #[command(flatten)]
    bearer: BearerFlags,

    /// Price records without deduplication: traffic logged at several interfaces is charged several times
    #[arg(long, help_heading = "Records")]
    no_dedup: bool,

    #[command(flatten)]
    report: ReportFlags,
}

/// The order of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SortFlag {
    /// Largest change first
    Change,
    /// Most expensive first
    Usd,
    /// By key
    Key,
}

impl CompareFlags {
    /// Runs the command: computes and writes the report, returns the exit status.
    pub(super) fn run(self) -> Result<Exit, Error> {
        let mut estate = self.report.tables.estate()?;
        let known = estate.owner_keys();
        let mut dimensions = Dimensions::by(self.by.as_deref(), &mut estate, &known)?;
        let mut job = job_of_traffic(&self.input, ActionFilter::Accept, &mut dimensions, &known)?;
        let now = self.input.now()?;
        let window = if self.input.last.is_some() { last_hours(job.window, now) } else { job.window };
        let mut compared = compared(window, &self.against, (now, Zone::parse(&self.input.tz)?))?;
        if window != job.window {
            let hours = format!("--last: compared in full hours whose records have arrived: {}", compared.windows[1]);
            compared.notes.push(hours);
        }
        (job.window, job.gap) = (compared.around, compared.gap);
        let (mut question, sources) = self.question(estate, dimensions, compared)?;
        question.shape.having = self.having.of(|| question.shape.heads(), &job)?;
        run_on(&job, &self.input, &self.report.output, |progress| work::ask(&job, question, sources, progress))
    }

    fn question(
        &self,
        estate: EstateTables,
        mut dimensions: Dimensions,
        compared: Compared,
    ) -> Result<(CompareQuestion, Sources), Error> {
        let Compared { windows, mut notes, .. } = compared;
        let known = estate.owner_keys();
        if let Some(time) = dimensions.keys.iter().find(|key| TIMES.contains(&key.column)) {
            return Err(Error::usage(format!("--by: `{}` differs between periods by definition", time.name()))
                .hint("for a time series, use `outflow cost --by day`"));
        }
        let (keys, key_heads) = (dimensions.keys.clone(), dimensions.heads());
        let mut owner = |name: &str| match known.get(name) {
            // Added as a dimension of causes if the requested keys leave room.
            Some(key) => dimensions.owner_place(Arc::clone(key)).ok(),
            None => None,
        };
        let [team, service] = OWNERS.map(&mut owner);
        let sources = self.report.tables.sources(estate, &dimensions.owner_keys)?;
        notes.extend(self.bearer.note());
        let cube =
            CubeKeys { team, service, networks: !sources.geography.is_empty(), callers: false, further: keys.clone() };
        let question = CompareQuestion {
            cube: CubePlan::new(cube),
            prices: self.report.pricing.table(&self.input)?,
            terms: self.report.pricing.terms()?,
            shape: CompareShape {
                keys: keys.iter().map(Key::name).collect(),
                key_heads,
                by_charge: !self.no_charges,
                free: self.free,
                rows: rows("--top", &self.top)?,
                order: self.sort.into(),
                windows,
                having: None,
            },
            keys,
            notes,
            now: self.input.now()?,
        };
        let sources = Sources { every_view: self.no_dedup, charge_to: self.bearer.charge_to(), ..sources };
        Ok((question, sources))
    }
}

impl From<SortFlag> for CompareOrder {
    fn from(flag: SortFlag) -> Self {
        match flag {
            SortFlag::Change => Self::Change,
            SortFlag::Usd => Self::Usd,
            SortFlag::Key => Self::Key,
        }
    }
}
