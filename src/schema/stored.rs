//! The columns of a store's tables: which there are, and their names where these are not the columns' own.

use super::Column;

/// The key of the metadata by which a store's Parquet files say what they are; the value is the kind of their rows.
pub const STORE_MARK: &str = "outflow.store";

/// The columns of a fact: the sums of an object's records of one hour that agree in all that decides direction, ends,
/// path and charge.
pub const FACT: [Column; 31] = [
    Column::ObjectId,
    Column::Hour,
    Column::AccountId,
    Column::Region,
    Column::VpcId,
    Column::SubnetId,
    Column::AzId,
    Column::InstanceId,
    Column::InterfaceId,
    Column::ResourceId,
    Column::FlowLogId,
    Column::FlowDirection,
    Column::TrafficPath,
    Column::NextHopAzId,
    Column::NextHopVpcId,
    Column::NextHopInterfaceType,
    Column::PktSrcAwsService,
    Column::PktDstAwsService,
    Column::Action,
    Column::Srcaddr,
    Column::Dstaddr,
    Column::PktSrcaddr,
    Column::PktDstaddr,
    Column::Protocol,
    Column::Port,
    Column::ServiceSide,
    Column::RecordCount,
    Column::Bytes,
    Column::Packets,
    Column::Start,
    Column::LastStart,
];

/// The columns of a fact that are sums of its records, not what they agree in.
pub const SUMS: [Column; 5] = [Column::RecordCount, Column::Bytes, Column::Packets, Column::Start, Column::LastStart];

/// Whether all records of a fact agree in a column.
#[must_use]
pub fn is_key(column: Column) -> bool {
    FACT.contains(&column) && !SUMS.contains(&column)
}

/// The columns of an interface's hour: what its records of one status in an object say of it.
pub const INTERFACE: [Column; 25] = [
    Column::ObjectId,
    Column::Hour,
    Column::AccountId,
    Column::Region,
    Column::VpcId,
    Column::InterfaceId,
    Column::ResourceId,
    Column::FlowLogId,
    Column::LogStatus,
    Column::SubnetId,
    Column::AzId,
    Column::SublocationId,
    Column::InstanceId,
    Column::InterfaceType,
    Column::InterfaceTag,
    Column::InterfaceTag2,
    Column::InstanceTag,
    Column::InstanceTag2,
    Column::AsgTag,
    Column::AsgTag2,
    Column::EcsServiceName,
    Column::RecordCount,
    Column::Start,
    Column::LastStart,
    Column::End,
];

/// The names of columns that are sums, or are decided by more than one field.
const NAMES: [(Column, &str); 4] = [
    (Column::Port, "service_port"),
    (Column::RecordCount, "records"),
    (Column::Start, "first_start"),
    (Column::End, "last_end"),
];

/// A column's name in a store's tables.
#[must_use]
pub fn name(column: Column) -> &'static str {
    NAMES.iter().find(|(of, _)| *of == column).map_or(column.name(), |(_, name)| name)
}

/// The column of such a name, if its values are kept and not derived.
#[must_use]
pub fn column(name: &str) -> Option<Column> {
    FACT.into_iter().chain(INTERFACE).find(|column| *column != Column::Hour && self::name(*column) == name)
}
