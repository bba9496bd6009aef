//! `outflow cost`: flags → question → answer.

use clap::{Args, ValueEnum};

use super::compare::against::{last_hours, previous, whole_hours};
use super::dimensions::Dimensions;
use super::flags::pricing::BearerFlags;
use super::flags::report::ReportFlags;
use super::flags::{HavingFlags, InputFlags};
use super::job::{job_of_traffic, run_on};
use super::top::rows;
use crate::error::{Error, Exit};
use crate::group::{ActionFilter, Key};
use crate::join::Sources;
use crate::price::split::{SplitBy, SplitRule};
use crate::report::Head;
use crate::report::cost::split::Splits;
use crate::report::cost::{Billed, CostOrder, CostQuestion, CostShape};
use crate::report::focus::FocusShape;
use crate::schema::output::CellKind;
use crate::units::time::{Window, Zone};
use crate::work::{self, EstateTables};

/// The name of the output format that is a report of its own.
const FOCUS: &str = "focus";

/// Flags of `outflow cost`.
#[derive(Debug, Args)]
pub(super) struct CostFlags {
    #[command(flatten)]
    pub(super) input: InputFlags,

    /// Owner keys and columns to group by, comma separated: team, team,env, src_region, payer_account, day… [default:
    /// team, or payer_account without owners]
    #[arg(long, value_name = "KEYS", help_heading = "Report")]
    by: Option<String>,

    /// Sum all charges into one row per key
    #[arg(long, help_heading = "Report")]
    no_charges: bool,

    /// Maximum number of rows, or `all`; the others are summed as `(other)`
    #[arg(long, value_name = "N", default_value = "all", help_heading = "Report")]
    top: String,

    /// Order: most expensive first, most bytes first, or by key
    #[arg(long, value_enum, default_value_t = SortFlag::Usd, help_heading = "Report")]
    sort: SortFlag,

    /// Also break down free traffic by key and path
    #[arg(long, help_heading = "Report")]
    free: bool,

    /// Add the previous period: for a month the month before, else the preceding period of the same length
    #[arg(long, help_heading = "Report")]
    previous: bool,

    /// Add tables that list the rules and prices applied to each row
    #[arg(long, help_heading = "Report")]
    explain: bool,

    #[command(flatten)]
    having: HavingFlags,

    #[command(flatten)]
    bearer: BearerFlags,

    /// Split the cost of a shared owner over the others, in the table `split`: 'team=platform by bytes', 'team=platform
    /// even', or 'team=platform by FILE' with weights (CSV of owner,weight); repeatable
    #[arg(long, value_name = "RULE", help_heading = "Report")]
    split: Vec<String>,

    /// Billing account of the organisation, for -o focus [default: each payer account]
    #[arg(long, value_name = "ID", help_heading = "Report")]
    billing_account: Option<String>,

    /// Price records without deduplication: traffic logged at several interfaces is charged several times
    #[arg(long, help_heading = "Records")]
    no_dedup: bool,

    #[command(flatten)]
    report: ReportFlags,
}

/// The order of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SortFlag {
    /// Most expensive first
    Usd,
    /// Most bytes first
    Bytes,
    /// By key
    Key,
}

impl CostFlags {
    /// Runs the command: computes and writes the report, returns the exit status.
    pub(super) fn run(mut self) -> Result<Exit, Error> {
        let focus = self.report.output.output.as_deref() == Some(FOCUS);
        if focus {
            self.report.output.output = self.report.output.out.is_none().then(|| "csv".to_owned());
        }
        let mut estate = self.report.tables.estate()?;
        let known = estate.owner_keys();
        let mut dimensions = Dimensions::by(self.by.as_deref(), &mut estate, &known)?;
        let mut job = job_of_traffic(&self.input, ActionFilter::Accept, &mut dimensions, &known)?;
        let mut periods = Periods { current: job.window, previous: None, notes: Vec::new() };
        if self.previous {
            periods = Periods::of(job.window, self.input.last.is_some(), (job.now, job.zone))?;
            job.window.from = periods.previous.and_then(|previous| previous.from);
            job.window.to = periods.current.to;
        }
        let (mut question, sources) = self.question((estate, dimensions), focus, periods)?;
        if let Billed::Cost(shape) = &mut question.billed {
            shape.having = self.having.of(|| shape.heads(), &job)?;
        }
        run_on(&job, &self.input, &self.report.output, |progress| work::ask(&job, question, sources, progress))
    }

    fn question(
        &self,
        (estate, dimensions): (EstateTables, Dimensions),
        focus: bool,
        Periods { current, previous, notes }: Periods,
    ) -> Result<(CostQuestion, Sources), Error> {
        if self.explain && focus {
            return Err(
                Error::usage("--explain: FOCUS output has no further tables").hint("leave out --explain, or -o focus")
            );
        }
        if self.having.is_given() && focus {
            return Err(Error::usage("--having: FOCUS output has every row of the bill")
                .hint("leave out --having, or -o focus; --where filters charges"));
        }
        if focus && !self.split.is_empty() {
            return Err(Error::usage("--split: FOCUS output has the rows of the bill as they are")
                .hint("leave out --split, or -o focus"));
        }
        let splits = splits(&self.split, &dimensions)?;
        let sources = self.report.tables.sources(estate, &dimensions.owner_keys)?;
        let sources = Sources { every_view: self.no_dedup, charge_to: self.bearer.charge_to(), ..sources };
        let question = CostQuestion {
            window: (current.from, current.to),
            current_from: previous.and(current.from),
            previous,
            now: self.input.now()?,
            prices: self.report.pricing.table(&self.input)?,
            terms: self.report.pricing.terms()?,
            billed: if focus { Billed::Focus(self.focus(&dimensions)) } else { Billed::Cost(self.shape(&dimensions)?) },
            notes: self.bearer.note().into_iter().chain(notes).collect(),
            explain: self.explain,
            splits,
            keys: dimensions.keys,
        };
        Ok((question, sources))
    }

    fn shape(&self, dimensions: &Dimensions) -> Result<CostShape, Error> {
        Ok(CostShape {
            key_heads: dimensions.heads(),
            keys: dimensions.keys.iter().map(Key::name).collect(),
            by_charge: !self.no_charges,
            free: self.free,
            rows: rows("--top", &self.top)?,
            order: match self.sort {
                SortFlag::Usd => CostOrder::Usd,
                SortFlag::Bytes => CostOrder::Bytes,
                SortFlag::Key => CostOrder::Key,
            },
            compare: self.previous,
            having: None,
        })
    }

    fn focus(&self, dimensions: &Dimensions) -> FocusShape {
        FocusShape {
            key_heads: dimensions.heads(),
            keys: dimensions.keys.iter().map(Key::name).collect(),
            owner_keys: dimensions.labels.iter().take_while(|label| label.is_some()).count(),
            billing_account: self.billing_account.as_deref().map(Into::into),
        }
    }
}

/// The rules of `--split`. Their key is one of those of `--by`, so that its rows stand beside the split.
fn splits(rules: &[String], dimensions: &Dimensions) -> Result<Option<Splits>, Error> {
    const FORMS: &str = "write 'team=platform by bytes', 'team=platform even', or 'team=platform by FILE'";
    let mut splits: Option<Splits> = None;
    for text in rules {
        let wrong = |what: &str| Error::usage(format!("--split '{text}': {what}"));
        let (label, rest) =
            text.split_once('=').ok_or_else(|| wrong("expected OWNER_KEY=OWNER and a rule").hint(FORMS))?;
        let (owner, by) = match rest.rsplit_once(" by ") {
            Some((owner, by)) => (owner.trim(), by.trim()),
            None => match rest.trim().rsplit_once(' ') {
                Some((owner, "even")) => (owner.trim(), "even"),
                _ => return Err(wrong("the rule is missing").hint(FORMS)),
            },
        };
        if owner.is_empty() || by.is_empty() {
            return Err(wrong("the owner or the rule is missing").hint(FORMS));
        }
        let label = label.trim().replace('-', "_");
        let place = dimensions.labels.iter().position(|known| known.as_deref() == Some(&label)).ok_or_else(|| {
            wrong(&format!("`{label}` is no owner key of --by")).hint(format!("group by it: --by {label}, with --tags"))
        })?;
        let by = match by {
            "bytes" => SplitBy::Bytes,
            "even" => SplitBy::Even,
            file => SplitBy::Weights { file: file.to_owned(), weights: work::split_weights(file)? },
        };
        if let SplitBy::Weights { weights, .. } = &by
            && weights.contains_key(owner)
        {
            return Err(wrong("the weights name the owner that is split").hint("leave its line out"));
        }
        let splits = splits.get_or_insert_with(|| Splits {
            label: label.clone(),
            key: dimensions.keys[place].clone(),
            rules: Vec::new(),
        });
        if splits.label != label {
            return Err(wrong(&format!("another rule splits by `{}`", splits.label)).hint("split by one key at a time"));
        }
        if splits.rules.iter().any(|rule| rule.owner == owner) {
            return Err(wrong("the owner is split twice").hint("give each owner one rule"));
        }
        splits.rules.push(SplitRule { owner: owner.to_owned(), by });
    }
    Ok(splits)
}

/// The period requested, and the one that stands beside it.
struct Periods {
    current: Window,
    previous: Option<Window>,
    notes: Vec<String>,
}

impl Periods {
    /// A window and the one before it, both of full hours: no hour is of two periods.
    fn of(window: Window, is_last: bool, (now, zone): (u32, Zone)) -> Result<Self, Error> {
        let window = if is_last { last_hours(window, now) } else { window };
        let (Some(from), Some(to)) = (window.from, window.to) else {
            return Err(Error::usage("--previous: the window has no start or no end")
                .hint("give a month (--month 2026-10), or --from and --to"));
        };
        let mut notes = Vec::new();
        let (from, to) = whole_hours((from, to), &mut notes)?;
        let before = previous((from, to), zone).ok_or_else(|| Error::usage("--previous: nothing is before 1970"))?;
        let [current, previous] = [(from, to), before].map(|(from, to)| Window { from: Some(from), to: Some(to) });
        notes.push(format!("compared with {previous}"));
        Ok(Self { current, previous: Some(previous), notes })
    }
}

impl Dimensions {
    /// The columns of a report for them.
    pub(super) fn heads(&self) -> Vec<Head> {
        let labels = self.labels.iter().zip(&self.keys);
        let head = |(label, key): (&Option<String>, &Key)| Head {
            name: label.clone().unwrap_or_else(|| key.name()),
            kind: CellKind::of(key.column),
        };
        labels.map(head).collect()
    }
}
