//! `outflow top`: flags → question → answer.

use clap::{Args, ValueEnum};

use super::dimensions::Dimensions;
use super::flags::memory::MemoryFlags;
use super::flags::pricing::PricingFlags;
use super::flags::tables::TableFlags;
use super::flags::{InputFlags, OutputFlags};
use super::job::{job_of_traffic, run_on};
use crate::error::{Error, Exit, nearest};
use crate::group::{Key, Spec, Verdict};
use crate::join::{Kept, Sources, Wanted};
use crate::price::Tiers;
use crate::report::explain;
use crate::report::question::Need;
use crate::report::top::{Order, Pricing, Shape};
use crate::schema::{Column, ColumnSet};
use crate::units::time::Window;
use crate::work::{self, Job, TopQuestion, TrafficQuestion};

/// Flags of `outflow top`.
#[derive(Debug, Args)]
pub(super) struct TopFlags {
    #[command(flatten)]
    pub(super) input: InputFlags,

    /// Columns to group by, comma separated; addresses may be cut: src/24 or src/24/48, dst/16:public
    #[arg(long, value_name = "COLUMNS", default_value = "src,dst", help_heading = "Report")]
    by: String,

    /// How many rows, or `all`; the rest is summed in a row `(other)`
    #[arg(long, value_name = "N", default_value = "20", help_heading = "Report")]
    top: String,

    /// Order, the greatest first: bytes, packets, flows, usd, rejected_bytes, rejected_packets, rejected_flows, distinct,
    /// last_seen; the smallest first: first_seen, key
    #[arg(long, value_name = "MEASURE", default_value = "bytes", help_heading = "Report")]
    sort: String,

    /// Which sums to show, flows always and what --sort asks for too
    #[arg(long, value_enum, value_delimiter = ',', default_value = "bytes,packets,blocked", help_heading = "Report")]
    measures: Vec<Measure>,

    /// Also count the distinct values of this column in each row
    #[arg(long, value_name = "COLUMN", help_heading = "Report")]
    distinct: Option<String>,

    /// Tell in a further table by which rules each row's records were understood
    #[arg(long, help_heading = "Report")]
    explain: bool,

    /// Records that the sums are of
    #[arg(long, value_enum, default_value_t = Action::Accept, help_heading = "Report")]
    action: Action,

    #[command(flatten)]
    memory: MemoryFlags,

    /// Sum the records as each interface saw them: what crosses several interfaces counts several times
    #[arg(long, help_heading = "Records")]
    no_dedup: bool,

    #[command(flatten)]
    tables: TableFlags,

    #[command(flatten)]
    pricing: PricingFlags,

    #[command(flatten)]
    output: OutputFlags,
}

/// A sum to show; flows always are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Measure {
    /// Bytes of the counted records
    Bytes,
    /// Packets of the counted records
    Packets,
    /// Flows, nothing more
    Flows,
    /// Bytes and flows of REJECT records, in columns of their own
    Blocked,
    /// The first start and the last end
    Seen,
    /// What it costs, all charges together
    Usd,
}

/// Records that the sums are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Action {
    /// ACCEPT; REJECT is summed apart
    Accept,
    /// REJECT alone
    Reject,
    /// Both together
    All,
}

impl TopFlags {
    /// Answers, writes and tells how it ended.
    pub(super) fn run(self) -> Result<Exit, Error> {
        let verdict = match self.action {
            Action::Accept => Verdict::Accept,
            Action::Reject => Verdict::Reject,
            Action::All => Verdict::All,
        };
        let (job, question) = self.question(verdict)?;
        run_on(&job, &self.input, &self.output, |progress| work::top(&job, &question, progress))
    }

    fn question(&self, verdict: Verdict) -> Result<(Job, TopQuestion), Error> {
        let told = self.tables.told()?;
        let owner_keys = told.owner_keys();
        let mut dimensions = Dimensions::default();
        dimensions.add("--by", &self.by, &owner_keys)?;
        // What is counted distinct is no key of what a row costs, and of why.
        let own_keys = dimensions.keys.clone();
        let order = order(&self.sort)?;
        if let Some(distinct) = &self.distinct {
            dimensions.add("--distinct", distinct, &owner_keys)?;
        } else if order == Order::Distinct {
            return Err(Error::usage("--sort distinct: nothing distinct is counted").hint("for example --distinct dst"));
        }
        let job = job_of_traffic(&self.input, verdict, &mut dimensions, &owner_keys)?;
        let blocked = self.blocked(order)?;
        let spec = self.spec(order, dimensions.keys.clone());
        let overflow = self.memory.overflow()?;
        let pricing = self.pricing(order, job.window)?;
        // What was refused is no traffic: each view of it is told.
        let every_view = self.no_dedup || self.action != Action::Accept;
        let asks_traffic = dimensions.is_joined() || pricing.is_some() || self.explain;
        let filtered = job.filter.as_ref().and_then(|filter| filter.parts().1);
        if let Some(text) = filtered.filter(|_| self.no_dedup && !asks_traffic) {
            return Err(Error::usage(format!("--where: `{text}` is of traffic, and --no-dedup sums records"))
                .hint("leave out --no-dedup, or group by a column of traffic too: --by src_region"));
        }
        let traffic = if !every_view || asks_traffic || filtered.is_some() {
            let columns = [Column::Bytes, Column::Weight, Column::Packets, Column::Start, Column::End];
            let keys = dimensions.columns();
            let columns = keys.union(ColumnSet::of(&columns));
            let wanted =
                Wanted { columns, traffic: true, charges: false, blocked, kept: Kept::default(), unfiltered: false };
            let mut sums = vec![Need { name: "top", wanted, spec: spec.clone() }];
            if let Some(pricing) = &pricing {
                sums.push(Need::charges("charges", &own_keys, pricing.terms.tiers == Tiers::Marginal));
            }
            if self.explain {
                sums.push(explain::need(&own_keys, false));
            }
            Some(TrafficQuestion {
                sources: Sources { every_view, ..self.tables.sources(told, &dimensions.owner_keys)? },
                extra: dimensions.extra(),
                sums,
                overflow: overflow.clone(),
            })
        } else {
            None
        };
        let question = TopQuestion {
            spec,
            distinct: self.distinct.is_some(),
            shape: Shape { order, rows: rows("--top", &self.top)?, blocked },
            overflow,
            labels: dimensions.labels,
            traffic,
            pricing,
            explain: self.explain,
        };
        Ok((job, question))
    }

    /// What is summed by these keys.
    fn spec(&self, order: Order, keys: Vec<Key>) -> Spec {
        let has = |measure| self.measures.contains(&measure);
        let asked = |orders: &[Order]| orders.contains(&order);
        Spec {
            keys,
            vantages: Vec::new(),
            bytes: has(Measure::Bytes) || asked(&[Order::Bytes, Order::BlockedBytes]),
            packets: has(Measure::Packets) || asked(&[Order::Packets, Order::BlockedPackets]),
            seen: has(Measure::Seen) || asked(&[Order::FirstSeen, Order::LastSeen]),
            starts: false,
            distinct: false,
        }
    }

    /// Whether blocked records have columns of their own.
    fn blocked(&self, order: Order) -> Result<bool, Error> {
        let asked = [Order::BlockedBytes, Order::BlockedPackets, Order::BlockedFlows].contains(&order);
        if asked && self.action != Action::Accept {
            return Err(Error::usage(format!("--sort {}: blocked records have no columns of their own", self.sort))
                .hint("leave --action out, or sort by bytes, packets or flows"));
        }
        Ok((self.measures.contains(&Measure::Blocked) || asked) && self.action == Action::Accept)
    }

    /// What dollars are told by, if they are asked for.
    fn pricing(&self, order: Order, window: Window) -> Result<Option<Pricing>, Error> {
        if order != Order::Usd && !self.measures.contains(&Measure::Usd) {
            return Ok(None);
        }
        let (table, terms) = (self.pricing.prices.table()?, self.pricing.terms()?);
        Ok(Some(Pricing { table, terms, window: (window.from, window.to) }))
    }
}

fn order(name: &str) -> Result<Order, Error> {
    let name = name.replace('-', "_");
    let names = || Order::ALL.iter().map(|(name, _)| *name);
    Order::ALL.iter().find(|(known, _)| *known == name).map(|(_, order)| *order).ok_or_else(|| {
        let error = Error::usage(format!("--sort: there is no order `{name}`"));
        match nearest(&name, names()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!("one of {}", names().collect::<Vec<_>>().join(", "))),
        }
    })
}

/// How many rows a flag such as `--top` asks for; none for all.
pub(super) fn rows(flag: &str, text: &str) -> Result<Option<usize>, Error> {
    if text == "all" {
        return Ok(None);
    }
    let wrong = || Error::usage(format!("{flag} {text}: not a number of rows")).hint("a number, or `all`");
    text.parse().map(Some).map_err(|_| wrong())
}
