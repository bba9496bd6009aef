//! `outflow transfer`: flags → question → answer.

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::dimensions::Dimensions;
use super::flags::pricing::BearerFlags;
use super::flags::report::ReportFlags;
use super::flags::{HavingFlags, InputFlags};
use super::job::{job_of_traffic, run_on};
use super::output::format;
use super::top::rows;
use crate::error::{Error, Exit, nearest};
use crate::group::{ActionFilter, Key};
use crate::join::Sources;
use crate::report::transfer::{TransferKeys, TransferOrder, TransferQuestion, TransferShape};
use crate::schema::Column;
use crate::view::Format;
use crate::work::{self, Job};

/// Endpoint keys other than owners, with the source and destination columns.
const ENDS: [(&str, [Column; 2]); 11] = [
    ("regions", [Column::SrcRegion, Column::DstRegion]),
    ("zones", [Column::SrcZone, Column::DstZone]),
    ("vpcs", [Column::SrcVpc, Column::DstVpc]),
    ("accounts", [Column::SrcAccount, Column::DstAccount]),
    ("subnets", [Column::SrcSubnet, Column::DstSubnet]),
    ("instances", [Column::SrcInstance, Column::DstInstance]),
    ("interfaces", [Column::SrcInterface, Column::DstInterface]),
    ("addresses", [Column::Src, Column::Dst]),
    ("locations", [Column::SrcLocation, Column::DstLocation]),
    ("countries", [Column::SrcCountry, Column::DstCountry]),
    ("networks", [Column::SrcNetwork, Column::DstNetwork]),
];
/// The first of them.
const REGIONS: &str = ENDS[0].0;
/// Placeholder for the only owner key, or the first one of --by.
const OWNERS: &str = "owners";
/// The most specific owner key for pairs of endpoints.
const SERVICE: &str = "service";
const SUBNETS: &str = "subnets";

/// Flags of `outflow transfer`.
#[derive(Debug, Args)]
pub(super) struct TransferFlags {
    #[command(flatten)]
    pub(super) input: InputFlags,

    /// Endpoints to group by: regions, zones, vpcs, accounts, subnets, instances, interfaces, addresses, locations,
    /// countries, networks, owners, or an owner key such as team
    #[arg(long, value_name = "ENDS", default_value = REGIONS, help_heading = "Report")]
    between: String,

    /// Additional columns: an owner key such as team (of charges the allocated owner, of bytes the sender), src_team,
    /// any column
    #[arg(long, value_name = "COLUMNS", help_heading = "Report")]
    by: Option<String>,

    /// Endpoints in the recommendations, as in --between [default: the first owner key of
    /// --by, else the owner key `service`, else subnets]
    #[arg(long, value_name = "ENDS", help_heading = "Report")]
    services: Option<String>,

    #[command(flatten)]
    having: HavingFlags,

    #[command(flatten)]
    bearer: BearerFlags,

    /// Maximum number of rows of the list and the recommendations, or `all`; the others are summed as `(other)`
    #[arg(long, value_name = "N", default_value = "20", help_heading = "Report")]
    top: String,

    /// Order, largest first; by key smallest first
    #[arg(long, value_enum, default_value_t = Order::Usd, help_heading = "Report")]
    sort: Order,

    /// Add a table that lists the rules applied to each row
    #[arg(long, help_heading = "Report")]
    explain: bool,

    #[command(flatten)]
    report: ReportFlags,
}

/// What rows are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Order {
    /// Dollars, then bytes
    Usd,
    /// Bytes
    Bytes,
    /// The names of ends
    Key,
}

impl From<Order> for TransferOrder {
    fn from(order: Order) -> Self {
        match order {
            Order::Usd => Self::Usd,
            Order::Bytes => Self::Bytes,
            Order::Key => Self::Key,
        }
    }
}

impl TransferFlags {
    /// Runs the command: computes and writes the report, returns the exit status.
    pub(super) fn run(self) -> Result<Exit, Error> {
        let (job, question, sources) = self.question()?;
        run_on(&job, &self.input, &self.report.output, |progress| work::ask(&job, question, sources, progress))
    }

    fn question(&self) -> Result<(Job, TransferQuestion, Sources), Error> {
        let estate = self.report.tables.estate()?;
        let known = estate.owner_keys();
        let mut by = Dimensions::default();
        // Columns that the list always has are not requested twice.
        by.add("--by", "path,via", &known)?;
        if let Some(names) = &self.by {
            by.add("--by", names, &known)?;
        }
        if by.keys.iter().any(|key| key.column == Column::Charge) {
            return Err(Error::usage("--by charge: a row of transfer has the dollars of all charges together")
                .hint("`outflow cost --by path,charge` shows them separately"));
        }
        let ends = ends("--between", &self.between, &mut by, &known)?;
        let services = self.services.clone().unwrap_or_else(|| match by.owner_keys.first() {
            Some(key) => key.to_string(),
            None if known.contains(SERVICE) => SERVICE.to_owned(),
            None => SUBNETS.to_owned(),
        });
        let (services, _) = self::ends("--services", &services, &mut by, &known)?;
        let job = job_of_traffic(&self.input, ActionFilter::Accept, &mut by, &known)?;
        let (ends, names) = ends;
        let is_by_region = ends[0].column == Column::SrcRegion;
        let mut shape = TransferShape {
            ends: names,
            by: by.heads().split_off(2),
            rows: rows("--top", &self.top)?,
            order: self.sort.into(),
            matrix_first: is_by_region && matches!(format(&self.report.output)?, Format::Table | Format::Markdown),
            having: None,
        };
        shape.having = self.having.of(|| shape.heads(), &job)?;
        let sources = self.report.tables.sources(estate, &by.owner_keys)?;
        let question = TransferQuestion {
            keys: TransferKeys { ends, services, by: by.keys.split_off(2) },
            window: (job.window.from, job.window.to),
            prices: self.report.pricing.table(&self.input)?,
            terms: self.report.pricing.terms()?,
            shape,
            explain: self.explain,
            notes: self.bearer.note().into_iter().collect(),
        };
        let sources = Sources { charge_to: self.bearer.charge_to(), ..sources };
        Ok((job, question, sources))
    }
}

/// The keys of both ends, and the names of their columns.
fn ends(
    flag: &str,
    name: &str,
    dimensions: &mut Dimensions,
    known: &BTreeSet<Arc<str>>,
) -> Result<([Key; 2], [String; 2]), Error> {
    let keys = |columns: [Column; 2]| columns.map(|column| Key { column, cut: None });
    let same = |plural: &str| plural == name || singular(plural) == name;
    if let Some((_, columns)) = ENDS.iter().find(|(plural, _)| same(plural)) {
        return Ok((keys(*columns), columns.map(|column| column.name().to_owned())));
    }
    let owners = || match (dimensions.owner_keys.first(), known.len()) {
        (Some(key), _) => Ok(Arc::clone(key)),
        (None, 1) => known.first().map(Arc::clone).ok_or_else(|| unknown_ends(flag, name, known)),
        (None, 0) => Err(Error::usage(format!("{flag} {name}: no owner keys are known"))
            .hint("owner keys such as team need a tag table: --tags FILE")),
        _ => Err(Error::usage(format!("{flag} {name}: ambiguous owner key"))
            .hint(format!("for example {flag} {}", known.iter().map(|key| &**key).collect::<Vec<_>>().join(", or ")))),
    };
    let key = match known.get(name) {
        Some(key) => Arc::clone(key),
        None if name == OWNERS => owners()?,
        None => return Err(unknown_ends(flag, name, known)),
    };
    let names = [format!("src_{key}"), format!("dst_{key}")];
    Ok((keys(dimensions.owner_ends(key)?), names))
}

/// One of a kind of ends: `region`, `country`, `address`.
fn singular(plural: &str) -> String {
    match (plural.strip_suffix("ies"), plural.strip_suffix("sses")) {
        (Some(country), _) => format!("{country}y"),
        (_, Some(address)) => format!("{address}ss"),
        _ => plural.trim_end_matches('s').to_owned(),
    }
}

fn unknown_ends(flag: &str, name: &str, known: &BTreeSet<Arc<str>>) -> Error {
    let names = || ENDS.iter().map(|(plural, _)| *plural).chain([OWNERS]).chain(known.iter().map(|key| &**key));
    let error = Error::usage(format!("{flag}: unknown column `{name}`"));
    let near = nearest(name, names());
    let error = near.iter().fold(error, |error, near| error.hint(format!("did you mean `{near}`?")));
    error.hint(format!("one of {}", names().collect::<Vec<_>>().join(", ")))
}
