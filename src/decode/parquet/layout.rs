//! Maps Parquet columns to flow log columns, from the schema alone.
//!
//! Three shapes are known: AWS's own, flat, a column per field; OCSF's Network Activity (class 4001) as Security Lake
//! writes it, nested; and a store's tables, whose rows are sums of records. What the values mean is [`super::readers`]'s matter.

use std::ops::Range;

use arrow_schema::{DataType, Field as ArrowField, FieldRef, Fields, Schema, TimeUnit};

use super::fault::ParquetFault;
use crate::schema::{Column, Kind, stored};

/// How many of a file's columns are named where it is no flow log.
const NAMES_SHOWN: usize = 6;
/// What says most clearly that a flat table is a flow log: other tables have a `region` and a `version` too.
const TELLING: [Column; 8] = [
    Column::InterfaceId,
    Column::Srcaddr,
    Column::Dstaddr,
    Column::PktSrcaddr,
    Column::PktDstaddr,
    Column::LogStatus,
    Column::FlowDirection,
    Column::TgwId,
];

/// How the records stand in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// AWS's own columns, one for each field.
    Flat,
    /// OCSF's Network Activity, as Security Lake writes it.
    Ocsf {
        /// The version of OCSF, if the file's statistics have it.
        version: Option<String>,
    },
}

/// How a stored value becomes a column's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// As it is.
    Plain,
    /// A time of so many ticks per second.
    Ticks(i64),
    /// `boundary_id`: 4 to 11 are the traffic paths 1 to 8.
    Boundary,
    /// `activity_id`: 1 (established; OCSF before 1.0) or 6 (traffic) is ACCEPT, 5 (refused in OCSF) is REJECT.
    Activity,
    /// `action_id` or `disposition_id`: 1 is ACCEPT, 2 is REJECT.
    Verdict,
    /// `direction` as AWS or OCSF names it, or `direction_id`: 1 is ingress, 2 is egress.
    Direction,
    /// A text that is written without loss: see [`crate::units::escape`].
    Escaped,
}

/// A step from a record batch to a column's values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Into a structure, by name.
    Child(String),
    /// To the first element of a list.
    First,
    /// To a map's value of this key.
    Key(String),
}

/// A place from which a column may take its values.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) steps: Vec<Step>,
    /// The Parquet columns to be read for it.
    pub(super) leaves: Range<usize>,
    pub(super) reading: Reading,
}

/// Where every column that a file can give stands, the first place with a value counting.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) ocsf: bool,
    pub(super) columns: Vec<(Column, Vec<Origin>)>,
}

impl Layout {
    /// The layout of a file, or why it is no flow log.
    pub(super) fn of(schema: &Schema) -> Result<Self, ParquetFault> {
        let is_struct =
            |name| matches!(schema.field_with_name(name).map(ArrowField::data_type), Ok(DataType::Struct(_)));
        if ["src_endpoint", "dst_endpoint", "connection_info", "traffic"].into_iter().all(is_struct) {
            return Ok(Self { ocsf: true, columns: ocsf(schema) });
        }
        let columns = flat(schema)?;
        let telling = columns.iter().any(|(column, _)| TELLING.contains(column));
        if !columns.is_empty() && (telling || columns.len() == schema.fields().len()) {
            return Ok(Self { ocsf: false, columns });
        }
        let names: Vec<_> = schema.fields().iter().take(NAMES_SHOWN).map(|field| field.name().as_str()).collect();
        let more = if schema.fields().len() > NAMES_SHOWN { ", …" } else { "" };
        let names = format!("{}{more}", names.join(", "));
        Err(ParquetFault::NoFlowLog { columns: schema.fields().len(), names })
    }

    /// The layout of a store's file.
    pub(super) fn stored(schema: &Schema) -> Self {
        let columns = schema.fields().iter().filter_map(|field| {
            let column = stored::column(field.name())?;
            let reading = if column.kind() == Kind::Text { Reading::Escaped } else { Reading::Plain };
            Some((column, vec![resolve(schema, field.name(), column, reading)?]))
        });
        Self { ocsf: false, columns: columns.collect() }
    }

    /// The column that a Parquet column gives, if it is one alone.
    pub(super) fn column_of(&self, leaf: usize) -> Option<Column> {
        let gives = |origin: &Origin| origin.leaves == (leaf..leaf + 1);
        self.columns.iter().find(|(_, origins)| origins.iter().any(gives)).map(|(column, _)| *column)
    }

    /// The file's schema with texts as dictionaries wherever the layout looks: each distinct text is then looked at once.
    pub(super) fn with_dictionaries(&self, schema: &Schema) -> Schema {
        let mut first_leaf = 0;
        let fields = schema.fields().iter().map(|field| {
            let leaves = first_leaf..first_leaf + leaf_count(field.data_type());
            first_leaf = leaves.end;
            let looks = |origin: &Origin| leaves.contains(&origin.leaves.start);
            let used = self.columns.iter().flat_map(|(_, origins)| origins).any(looks);
            if used { with_dictionaries(field) } else { field.clone() }
        });
        Schema::new_with_metadata(fields.collect::<Fields>(), schema.metadata().clone())
    }
}

fn with_dictionaries(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        text @ (DataType::Utf8 | DataType::Binary) => {
            DataType::Dictionary(Box::new(DataType::Int32), Box::new(text.clone()))
        }
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(with_dictionaries).collect()),
        DataType::List(element) => DataType::List(with_dictionaries(element)),
        DataType::Map(entries, sorted) => DataType::Map(with_dictionaries(entries), *sorted),
        other => other.clone(),
    };
    std::sync::Arc::new(field.as_ref().clone().with_data_type(data_type))
}

fn leaf_count(data_type: &DataType) -> usize {
    match data_type {
        DataType::Struct(fields) => fields.iter().map(|field| leaf_count(field.data_type())).sum(),
        DataType::List(element)
        | DataType::LargeList(element)
        | DataType::FixedSizeList(element, _)
        | DataType::Map(element, _) => leaf_count(element.data_type()),
        _ => 1,
    }
}

fn flat(schema: &Schema) -> Result<Vec<(Column, Vec<Origin>)>, ParquetFault> {
    let mut columns: Vec<(Column, Vec<Origin>)> = Vec::new();
    let mut misfits = Vec::new();
    for field in schema.fields() {
        let Some(column) = Column::of_header(field.name().as_bytes()) else { continue };
        if columns.iter().any(|(taken, _)| *taken == column) {
            return Err(ParquetFault::Twice(column));
        }
        match resolve(schema, field.name(), column, Reading::Plain) {
            Some(origin) => columns.push((column, vec![origin])),
            None => misfits.push(field),
        }
    }
    match misfits.first() {
        Some(misfit) if columns.iter().any(|(column, _)| TELLING.contains(column)) => {
            Err(ParquetFault::Misfit { column: misfit.name().clone(), held: misfit.data_type().clone() })
        }
        _ => Ok(columns),
    }
}

/// Where Security Lake puts each field, by AWS's published mappings from OCSF 1.0 on and by a file of before.
#[rustfmt::skip]
const OCSF: &[(Column, Reading, &[&str])] = &[
    (Column::Version, Reading::Plain, &["metadata.product.version"]),
    (Column::AccountId, Reading::Plain, &["cloud.account_uid", "cloud.account.uid"]),
    (Column::InterfaceId, Reading::Plain, &["src_endpoint.interface_uid", "dst_endpoint.interface_uid"]),
    // Where the packet's address is another than the interface shows, the latter is the intermediate one.
    (Column::Srcaddr, Reading::Plain, &["src_endpoint.intermediate_ips", "src_endpoint.ip"]),
    (Column::Dstaddr, Reading::Plain, &["dst_endpoint.intermediate_ips", "dst_endpoint.ip"]),
    (Column::PktSrcaddr, Reading::Plain, &["src_endpoint.ip"]),
    (Column::PktDstaddr, Reading::Plain, &["dst_endpoint.ip"]),
    (Column::Srcport, Reading::Plain, &["src_endpoint.port"]),
    (Column::Dstport, Reading::Plain, &["dst_endpoint.port"]),
    (Column::Protocol, Reading::Plain, &["connection_info.protocol_num"]),
    (Column::Packets, Reading::Plain, &["traffic.packets"]),
    (Column::Bytes, Reading::Plain, &["traffic.bytes"]),
    (Column::Start, Reading::Ticks(1000), &["start_time", "start_time_dt", "time", "time_dt"]),
    (Column::End, Reading::Ticks(1000), &["end_time", "end_time_dt"]),
    (Column::Action, Reading::Verdict, &["action_id", "disposition_id"]),
    (Column::Action, Reading::Activity, &["activity_id"]),
    (Column::LogStatus, Reading::Plain, &["unmapped.log_status", "status_code"]),
    (Column::VpcId, Reading::Plain, &["src_endpoint.vpc_uid", "dst_endpoint.vpc_uid"]),
    (Column::SubnetId, Reading::Plain, &["src_endpoint.subnet_uid", "dst_endpoint.subnet_uid"]),
    (Column::InstanceId, Reading::Plain, &["src_endpoint.instance_uid", "dst_endpoint.instance_uid"]),
    (Column::TcpFlags, Reading::Plain, &["connection_info.tcp_flags"]),
    (Column::Type, Reading::Plain, &["connection_info.protocol_ver"]),
    (Column::Region, Reading::Plain, &["cloud.region"]),
    (Column::AzId, Reading::Plain, &["cloud.zone"]),
    (Column::PktSrcAwsService, Reading::Plain, &["src_endpoint.svc_name"]),
    (Column::PktDstAwsService, Reading::Plain, &["dst_endpoint.svc_name"]),
    (Column::FlowDirection, Reading::Direction, &["connection_info.direction", "connection_info.direction_id"]),
    (Column::TrafficPath, Reading::Boundary, &["connection_info.boundary_id"]),
];

fn ocsf(schema: &Schema) -> Vec<(Column, Vec<Origin>)> {
    let origins = |column: Column| {
        let rows = OCSF.iter().filter(move |(mapped, ..)| *mapped == column);
        let mapped = rows.flat_map(|(_, reading, paths)| paths.iter().map(|path| (*reading, (*path).to_owned())));
        // A field that OCSF has no place for keeps its name, in `unmapped`.
        let unmapped = (Reading::Plain, format!("unmapped.{}", column.name()));
        let paths = mapped.chain((!OCSF.iter().any(|(mapped, ..)| *mapped == column)).then_some(unmapped));
        paths.filter_map(|(reading, path)| resolve(schema, &path, column, reading)).collect::<Vec<_>>()
    };
    let logged = Column::all().filter(|column| column.version() > 0);
    logged.map(|column| (column, origins(column))).filter(|(_, origins)| !origins.is_empty()).collect()
}

/// The place that a dotted path leads to, if it is in the file and its type can be the column's.
fn resolve(schema: &Schema, path: &str, column: Column, reading: Reading) -> Option<Origin> {
    let mut steps = Vec::new();
    let mut leaf = 0;
    let mut fields = Some(schema.fields());
    let mut data_type = &DataType::Null;
    let mut leaves = None;
    // A flat column's name may itself hold a dot.
    let whole = schema.field_with_name(path).is_ok();
    for name in if whole { vec![path] } else { path.split('.').collect() } {
        if let DataType::Map(entries, _) = data_type {
            steps.push(Step::Key(name.to_owned()));
            leaves = Some(leaf..leaf + leaf_count(entries.data_type()));
            let DataType::Struct(entry) = entries.data_type() else { return None };
            data_type = entry.get(1)?.data_type();
            fields = None;
            continue;
        }
        let siblings = fields?;
        let place = siblings.iter().position(|field| field.name() == name)?;
        leaf += siblings.iter().take(place).map(|field| leaf_count(field.data_type())).sum::<usize>();
        data_type = siblings[place].data_type();
        steps.push(Step::Child(name.to_owned()));
        fields = if let DataType::Struct(children) = data_type { Some(children) } else { None };
    }
    if let DataType::List(element) = data_type {
        steps.push(Step::First);
        data_type = element.data_type();
    }
    let reading = fitting(data_type, column.kind(), reading)?;
    Some(Origin { steps, leaves: leaves.unwrap_or(leaf..leaf + 1), reading })
}

/// How values of a type become a column's, if they can.
fn fitting(data_type: &DataType, kind: Kind, reading: Reading) -> Option<Reading> {
    match (data_type, kind) {
        (DataType::Utf8 | DataType::Binary | DataType::Null, _) => Some(reading),
        (DataType::Timestamp(unit, _), Kind::Time) => Some(Reading::Ticks(match unit {
            TimeUnit::Second => 1,
            TimeUnit::Millisecond => 1_000,
            TimeUnit::Microsecond => 1_000_000,
            TimeUnit::Nanosecond => 1_000_000_000,
        })),
        (_, Kind::Address) => None,
        (DataType::Float32 | DataType::Float64, _) => Some(reading),
        (number, _) if number.is_integer() => Some(reading),
        _ => None,
    }
}
