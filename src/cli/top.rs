//! `outflow top`: flags → question → answer.

use clap::{Args, ValueEnum};

use super::dimensions::Dimensions;
use super::flags::report::ReportFlags;
use super::flags::{HavingFlags, InputFlags};
use super::job::{job_of_traffic, no_age, run_on};
use crate::error::{Error, Exit, nearest};
use crate::group::{ActionFilter, Key, Spec};
use crate::join::{Kept, Sources, Wanted};
use crate::price::Tiers;
use crate::report::explain;
use crate::report::question::Need;
use crate::report::top::{self, Order, Pricing, Shape};
use crate::schema::{Column, ColumnSet};
use crate::units::time::Window;
use crate::work::{self, Job, TopQuestion, TrafficQuestion};

/// Flags of `outflow top`.
#[derive(Debug, Args)]
pub(super) struct TopFlags {
    #[command(flatten)]
    pub(super) input: InputFlags,

    /// Columns to group by, comma separated; addresses can be masked: src/24 or src/24/48, dst/16:public
    #[arg(long, value_name = "COLUMNS", default_value = "src,dst", help_heading = "Report")]
    by: String,

    /// Maximum number of rows, or `all`; the others are summed as `(other)`
    #[arg(long, value_name = "N", default_value = "20", help_heading = "Report")]
    top: String,

    /// Order, largest first: bytes, packets, flows, usd, rejected_bytes, rejected_packets, rejected_flows, distinct,
    /// last_seen; smallest first: first_seen, key
    #[arg(long, value_name = "MEASURE", default_value = "bytes", help_heading = "Report")]
    sort: String,

    /// Totals to show; flows and the --sort column are always included
    #[arg(long, value_enum, value_delimiter = ',', default_value = "bytes,packets,rejected", help_heading = "Report")]
    measures: Vec<Measure>,

    /// Also count the distinct values of this column per row
    #[arg(long, value_name = "COLUMN", help_heading = "Report")]
    distinct: Option<String>,

    /// Add a table that lists the rules applied to each row
    #[arg(long, help_heading = "Report")]
    explain: bool,

    /// Records to sum
    #[arg(long, value_enum, default_value_t = Action::Accept, help_heading = "Report")]
    action: Action,

    #[command(flatten)]
    having: HavingFlags,

    /// Sum records without deduplication: traffic logged at several interfaces counts several times
    #[arg(long, help_heading = "Records")]
    no_dedup: bool,

    #[command(flatten)]
    report: ReportFlags,
}

/// A sum to show; flows always are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Measure {
    /// Bytes of the counted records
    Bytes,
    /// Packets of the counted records
    Packets,
    /// Flows only
    Flows,
    /// Bytes and flows of REJECT records, in separate columns
    Rejected,
    /// First start and last end
    Seen,
    /// Total cost
    Usd,
}

/// Records to sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Action {
    /// ACCEPT; REJECT is summed separately
    Accept,
    /// REJECT only
    Reject,
    /// Both together
    All,
}

impl TopFlags {
    /// Runs the command: computes and writes the report, returns the exit status.
    pub(super) fn run(self) -> Result<Exit, Error> {
        let action_filter = match self.action {
            Action::Accept => ActionFilter::Accept,
            Action::Reject => ActionFilter::Reject,
            Action::All => ActionFilter::All,
        };
        let (job, question) = self.question(action_filter)?;
        run_on(&job, &self.input, &self.report.output, |progress| work::top(&job, &question, progress))
    }

    fn question(&self, action_filter: ActionFilter) -> Result<(Job, TopQuestion), Error> {
        let estate = self.report.tables.estate()?;
        let owner_keys = estate.owner_keys();
        let mut dimensions = Dimensions::default();
        dimensions.add("--by", &self.by, &owner_keys)?;
        // The --distinct column is not a key of costs and rules.
        let own_keys = dimensions.keys.clone();
        let order = order(&self.sort)?;
        if let Some(distinct) = &self.distinct {
            dimensions.add("--distinct", distinct, &owner_keys)?;
        } else if order == Order::Distinct {
            return Err(Error::usage("--sort distinct: no column is counted")
                .hint("add --distinct, add --distinct, for example --distinct dst"));
        }
        let job = job_of_traffic(&self.input, action_filter, &mut dimensions, &owner_keys)?;
        let rejected = self.rejected(order)?;
        let spec = self.spec(order, dimensions.keys.clone());
        let pricing = self.pricing(order, job.window)?;
        // Rejected records are not deduplicated: each vantage is shown.
        let every_view = self.no_dedup || self.action != Action::Accept;
        let asks_traffic = dimensions.is_joined() || pricing.is_some() || self.explain;
        let filtered = job.filter.as_ref().and_then(|filter| filter.parts().1);
        if let Some(text) = filtered.filter(|_| self.no_dedup && !asks_traffic) {
            return Err(Error::usage(format!("--where: `{text}` filters traffic, but --no-dedup sums records"))
                .hint("drop --no-dedup, or also group by a traffic column: --by src_region"));
        }
        let traffic = if !every_view || asks_traffic || filtered.is_some() {
            let columns = [Column::Bytes, Column::RecordCount, Column::Packets, Column::Start, Column::End];
            let keys = dimensions.columns();
            let columns = keys.union(ColumnSet::of(&columns));
            let wanted =
                Wanted { columns, traffic: true, charges: false, rejected, kept: Kept::default(), unfiltered: false };
            let mut sums = vec![Need { name: "top", wanted, spec: spec.clone() }];
            if let Some(pricing) = &pricing {
                sums.push(Need::charges("charges", &own_keys, pricing.terms.tiers == Tiers::Marginal));
            }
            if self.explain {
                sums.push(explain::need(&own_keys, false));
            }
            Some(TrafficQuestion {
                sources: Sources { every_view, ..self.report.tables.sources(estate, &dimensions.owner_keys)? },
                extra: dimensions.extra(),
                sums,
            })
        } else if self.input.max_age.is_some() {
            return Err(no_age());
        } else {
            None
        };
        let shape = Shape { order, rows: rows("--top", &self.top)?, rejected };
        let own_heads = dimensions.heads().into_iter().take(own_keys.len());
        let own_spec = Spec { keys: own_keys, distinct: self.distinct.is_some(), ..spec.clone() };
        let measures = top::heads(&own_spec, shape, pricing.is_some()).split_off(own_spec.keys.len());
        let having = self.having.of(|| own_heads.chain(measures).collect(), &job)?;
        let question = TopQuestion {
            having,
            spec,
            distinct: self.distinct.is_some(),
            shape,
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
            bytes: has(Measure::Bytes) || asked(&[Order::Bytes, Order::RejectedBytes]),
            packets: has(Measure::Packets) || asked(&[Order::Packets, Order::RejectedPackets]),
            seen: has(Measure::Seen) || asked(&[Order::FirstSeen, Order::LastSeen]),
            ..Spec::default()
        }
    }

    /// Whether rejected records have columns of their own.
    fn rejected(&self, order: Order) -> Result<bool, Error> {
        let asked = [Order::RejectedBytes, Order::RejectedPackets, Order::RejectedFlows].contains(&order);
        if asked && self.action != Action::Accept {
            return Err(Error::usage(format!("--sort {}: rejected records have no separate columns", self.sort))
                .hint("drop --action, or sort by bytes, packets or flows"));
        }
        Ok((self.measures.contains(&Measure::Rejected) || asked) && self.action == Action::Accept)
    }

    /// Pricing of dollars, if requested.
    fn pricing(&self, order: Order, window: Window) -> Result<Option<Pricing>, Error> {
        if order != Order::Usd && !self.measures.contains(&Measure::Usd) {
            return Ok(None);
        }
        let (table, terms) = (self.report.pricing.table(&self.input)?, self.report.pricing.terms()?);
        Ok(Some(Pricing { table, terms, window: (window.from, window.to) }))
    }
}

fn order(name: &str) -> Result<Order, Error> {
    let name = name.replace('-', "_");
    let names = || Order::ALL.iter().map(|(name, _)| *name);
    Order::ALL.iter().find(|(known, _)| *known == name).map(|(_, order)| *order).ok_or_else(|| {
        let error = Error::usage(format!("--sort: unknown order `{name}`"));
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
