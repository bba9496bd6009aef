//! `outflow compare`: flags → question → answer.

use clap::{Args, ValueEnum};

use super::against::{Compared, compared};
use super::cost::{DEFAULT_COLUMN, DEFAULT_KEY};
use super::dimensions::Dimensions;
use super::flags::{InputFlags, OutputFlags};
use super::job::{job, run_on};
use super::memory::MemoryFlags;
use super::pricing::{BearerFlags, PricingFlags};
use super::tables::TableFlags;
use super::top::rows;
use crate::error::{Error, Exit};
use crate::group::Verdict;
use crate::join::{OWNER_KEYS_MAX, Sources, Wanted};
use crate::reason::compare::gathered::{columns, extra, spec};
use crate::report::compare::{CompareOrder, CompareShape};
use crate::report::question::Need;
use crate::schema::Column;
use crate::units::time::Zone;
use crate::work::{self, CompareQuestion, TrafficQuestion};

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
        let mut job = job(&self.input, Verdict::Accept)?;
        let compared = compared(job.window, &self.against, (self.input.now()?, Zone::parse(&self.input.tz)?))?;
        (job.window, job.gap) = (compared.around, compared.gap);
        let question = self.question(compared)?;
        run_on(&job, &self.input, &self.output, |progress| work::compare(&job, question, progress))
    }

    fn question(&self, compared: Compared) -> Result<CompareQuestion, Error> {
        let Compared { windows, mut notes, .. } = compared;
        let told = self.tables.told()?;
        let known = told.owner_keys();
        let default = if known.contains(DEFAULT_KEY) { DEFAULT_KEY } else { DEFAULT_COLUMN };
        let mut dimensions = Dimensions::default();
        dimensions.add("--by", self.by.as_deref().unwrap_or(default), &known)?;
        if let Some(time) = dimensions.keys.iter().find(|key| TIMES.contains(&key.column)) {
            return Err(Error::usage(format!("--by: `{}` is never the same in two periods", time.name()))
                .hint("for how a time went on, see `outflow cost --by day`"));
        }
        let asked = dimensions.heads();
        for owner in OWNERS.into_iter().filter(|owner| known.contains(*owner)) {
            let is_there = dimensions.labels.iter().any(|label| label.as_deref() == Some(owner));
            if !is_there && dimensions.owner_keys.len() < OWNER_KEYS_MAX {
                dimensions.add("--by", owner, &known)?;
            }
        }
        let wanted =
            Wanted { columns: dimensions.columns().union(columns()), traffic: false, charges: true, blocked: false };
        let sources = self.tables.sources(told, &dimensions.owner_keys)?;
        notes.extend(self.bearer.note());
        Ok(CompareQuestion {
            traffic: TrafficQuestion {
                sources: Sources { every_view: self.no_dedup, charge_to: self.bearer.charge_to(), ..sources },
                extra: dimensions
                    .extra()
                    .into_iter()
                    .filter(|column| !extra().contains(column))
                    .chain(extra())
                    .collect(),
                sums: vec![Need { name: "charges", wanted, spec: spec(dimensions.keys.clone()) }],
                overflow: self.memory.overflow()?,
            },
            asked: asked.len(),
            table: self.pricing.prices.table()?,
            terms: self.pricing.terms()?,
            shape: CompareShape {
                dimensions: dimensions.heads().into_iter().map(|head| head.name).collect(),
                key_heads: asked,
                by_charge: !self.no_charges,
                free: self.free,
                rows: rows("--top", &self.top)?,
                order: self.sort.into(),
                windows,
            },
            notes,
        })
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
