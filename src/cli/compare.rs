//! `outflow compare`: flags → question → answer.

mod against;

use std::sync::Arc;

use clap::{Args, ValueEnum};

use self::against::{Compared, compared};
use super::cost::{DEFAULT_COLUMN, DEFAULT_KEY};
use super::dimensions::Dimensions;
use super::flags::memory::MemoryFlags;
use super::flags::pricing::{BearerFlags, PricingFlags};
use super::flags::tables::TableFlags;
use super::flags::{InputFlags, OutputFlags};
use super::job::{job_of_traffic, run_on};
use super::top::rows;
use crate::error::{Error, Exit};
use crate::group::{Key, Verdict};
use crate::join::Sources;
use crate::reason::cube::CubeKeys;
use crate::report::compare::{CompareOrder, CompareQuestion, CompareShape};
use crate::report::cube::CubePlan;
use crate::schema::Column;
use crate::units::time::Zone;
use crate::work::{self, Means, Told};

/// Owners that causes are told by where a table tells them.
const OWNERS: [&str; 2] = ["team", "service"];
/// What differs between any two periods.
const TIMES: [Column; 3] = [Column::Minute, Column::Hour, Column::Day];

/// Flags of `outflow compare`.
#[derive(Debug, Args)]
pub(super) struct CompareFlags {
    #[command(flatten)]
    pub(super) input: InputFlags,

    /// The other period: previous (as long a time just before; of a month the month before), last-week (the same a week
    /// earlier), last-month, or FROM..TO
    #[arg(long, value_name = "PERIOD", default_value = "previous", help_heading = "Window")]
    against: String,

    /// Owner keys and columns to compare by, comma separated: team, team,env, src_region, payer_account… [default: team,
    /// or payer_account where no table tells owners]
    #[arg(long, value_name = "KEYS", help_heading = "Report")]
    by: Option<String>,

    /// Sum all charges of a key in one row
    #[arg(long, help_heading = "Report")]
    no_charges: bool,

    /// How many rows, or `all`; the rest is summed in a row `(other)`
    #[arg(long, value_name = "N", default_value = "all", help_heading = "Report")]
    top: String,

    /// Order: what changed most first, the dearest now first, or by key
    #[arg(long, value_enum, default_value_t = SortFlag::Change, help_heading = "Report")]
    sort: SortFlag,

    /// Show what is free by key and path too, not in one row
    #[arg(long, help_heading = "Report")]
    free: bool,

    #[command(flatten)]
    bearer: BearerFlags,

    /// Price records as each interface saw them: what crosses several interfaces is charged several times
    #[arg(long, help_heading = "Records")]
    no_dedup: bool,

    #[command(flatten)]
    memory: MemoryFlags,

    #[command(flatten)]
    tables: TableFlags,

    #[command(flatten)]
    pricing: PricingFlags,

    #[command(flatten)]
    output: OutputFlags,
}

/// The order of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SortFlag {
    /// What changed most first, whichever way
    Change,
    /// The dearest now first
    Usd,
    /// By key
    Key,
}

impl CompareFlags {
    /// Answers, writes and tells how it ended.
    pub(super) fn run(self) -> Result<Exit, Error> {
        let told = self.tables.told()?;
        let known = told.owner_keys();
        let default = if known.contains(DEFAULT_KEY) { DEFAULT_KEY } else { DEFAULT_COLUMN };
        let mut dimensions = Dimensions::default();
        dimensions.add("--by", self.by.as_deref().unwrap_or(default), &known)?;
        let mut job = job_of_traffic(&self.input, Verdict::Accept, &mut dimensions, &known)?;
        let compared = compared(job.window, &self.against, (self.input.now()?, Zone::parse(&self.input.tz)?))?;
        (job.window, job.gap) = (compared.around, compared.gap);
        let (question, means) = self.question(told, dimensions, compared)?;
        run_on(&job, &self.input, &self.output, |progress| work::ask(&job, question, means, progress))
    }

    fn question(
        &self,
        told: Told,
        mut dimensions: Dimensions,
        compared: Compared,
    ) -> Result<(CompareQuestion, Means), Error> {
        let Compared { windows, mut notes, .. } = compared;
        let known = told.owner_keys();
        if let Some(time) = dimensions.keys.iter().find(|key| TIMES.contains(&key.column)) {
            return Err(Error::usage(format!("--by: `{}` is never the same in two periods", time.name()))
                .hint("for how a time went on, see `outflow cost --by day`"));
        }
        let (keys, key_heads) = (dimensions.keys.clone(), dimensions.heads());
        let mut owner = |name: &str| match known.get(name) {
            // Causes are told by it if there is room for it besides the keys asked for.
            Some(key) => dimensions.owner_place(Arc::clone(key)).ok(),
            None => None,
        };
        let [team, service] = OWNERS.map(&mut owner);
        let sources = self.tables.sources(told, &dimensions.owner_keys)?;
        notes.extend(self.bearer.note());
        let cube = CubeKeys { team, service, networks: !sources.geography.is_empty(), further: keys.clone() };
        let question = CompareQuestion {
            cube: CubePlan::new(cube),
            prices: self.pricing.prices.table()?,
            terms: self.pricing.terms()?,
            shape: CompareShape {
                keys: keys.iter().map(Key::name).collect(),
                key_heads,
                by_charge: !self.no_charges,
                free: self.free,
                rows: rows("--top", &self.top)?,
                order: self.sort.into(),
                windows,
            },
            keys,
            notes,
        };
        let sources = Sources { every_view: self.no_dedup, charge_to: self.bearer.charge_to(), ..sources };
        Ok((question, Means { sources, overflow: self.memory.overflow()? }))
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
