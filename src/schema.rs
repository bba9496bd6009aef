//! Every column once: its name, kind, unit, meaning, and the stage that adds it.
//!
//! The fields are those of AWS VPC flow logs, versions 2 to 11, and of transit gateway flow logs (version 6), from
//! the VPC user guide's "Flow log records" and the transit gateway guide's "Flow log records"; docs/columns.md is
//! generated from here. What a report adds to them (rank, share, rejected bytes…) is in [`output`].

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Error, nearest};

/// How a column's values are held and compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An IPv4 or IPv6 address, held as `u128` with IPv4 in `::ffff:0:0/96`.
    Address,
    /// A whole number below 2³²−1, held as `u32`: ports, protocol, flags, codes.
    Small,
    /// A whole number up to [`BIG_MAX`], held as `u64`: counts.
    Big,
    /// Seconds since 1970-01-01T00:00:00Z, held as `u32`, so until the year 2106.
    Time,
    /// Text, held as a code into a dictionary.
    Text,
}

impl Kind {
    /// The word for it in messages and docs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Small | Self::Big => "integer",
            Self::Time => "time",
            Self::Text => "text",
        }
    }
}

/// An absent (`-`, null) [`Kind::Address`]: inside `::/8`, which the IETF reserves and never assigns.
pub const ABSENT_ADDRESS: u128 = 0xfffe_0000_0000;
/// An absent [`Kind::Small`].
pub const ABSENT_SMALL: u32 = u32::MAX;
/// An absent [`Kind::Big`].
pub const ABSENT_BIG: u64 = u64::MAX;
/// An absent [`Kind::Time`].
pub const ABSENT_TIME: u32 = u32::MAX;
/// The code of an absent [`Kind::Text`] in every dictionary.
pub const ABSENT_TEXT: u32 = 0;
/// Bytes of a text of one record; a longer one is malformed. The longest of AWS's, a tag's value of 256 characters, has
/// 3,072 as it is written.
pub const TEXT_BYTES_MAX: usize = 4096;
/// Maximum count of one record: a pebibyte, four times what 3.2 Tbit/s gives in ten minutes. So a sum of fewer than
/// 16,384 records cannot exceed 2⁶⁴, and a larger number is a malformed line.
pub const BIG_MAX: u64 = 1 << 50;

/// The stage that gives a column its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// In the record as AWS wrote it.
    Decode,
    /// Derived from other columns of the same record.
    Group,
    /// Derived from other records, tables and accounting rules; of traffic, not of single records.
    Join,
}

macro_rules! columns {
    (logged { $($variant:ident, $name:literal, $kind:ident, $version:literal, $unit:literal, $meaning:literal;)* }
     derived { $($dvariant:ident, $dname:literal, $dkind:ident, [$($input:ident),*], $dmeaning:literal;)* }
     joined { $($jvariant:ident, $jname:literal, $jkind:ident, $jmeaning:literal;)* }) => {
        /// A column of a flow record: a field as logged, or derived from fields of the same record; or a column of
        /// traffic, joined with what else is known.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "the meaning stands in the table, once")]
        pub enum Column { $($variant,)* $($dvariant,)* $($jvariant,)* }

        static COLUMNS: &[Info] = &[
            $(Info { column: Column::$variant, name: $name, kind: Kind::$kind, stage: Stage::Decode, version: $version,
                unit: $unit, inputs: &[], meaning: $meaning },)*
            $(Info { column: Column::$dvariant, name: $dname, kind: Kind::$dkind, stage: Stage::Group, version: 0,
                unit: "", inputs: &[$(Column::$input),*], meaning: $dmeaning },)*
            $(Info { column: Column::$jvariant, name: $jname, kind: Kind::$jkind, stage: Stage::Join, version: 0,
                unit: "", inputs: &[], meaning: $jmeaning },)*
        ];
    };
}

struct Info {
    column: Column,
    name: &'static str,
    kind: Kind,
    stage: Stage,
    version: u8,
    unit: &'static str,
    inputs: &'static [Column],
    meaning: &'static str,
}

columns! {
    logged {
        Version, "version", Small, 2, "", "Format version of the record: the highest version among the chosen fields, no guide to the columns.";
        AccountId, "account_id", Text, 2, "", "AWS account that owns the interface; `unknown` for interfaces an AWS service created.";
        InterfaceId, "interface_id", Text, 2, "", "Network interface the record was seen at; absent at a regional NAT gateway.";
        Srcaddr, "srcaddr", Address, 2, "", "Source address as the interface shows it.";
        Dstaddr, "dstaddr", Address, 2, "", "Destination address as the interface shows it.";
        Srcport, "srcport", Small, 2, "", "Source port, 0 where the protocol has none.";
        Dstport, "dstport", Small, 2, "", "Destination port, 0 where the protocol has none.";
        Protocol, "protocol", Small, 2, "", "IANA protocol number: 6 TCP, 17 UDP, 1 ICMP.";
        Packets, "packets", Big, 2, "packets", "Packets of the flow in the aggregation interval.";
        Bytes, "bytes", Big, 2, "bytes", "Bytes of the flow in the aggregation interval.";
        Start, "start", Time, 2, "", "First packet of the flow in the interval, UTC, within 60 s.";
        End, "end", Time, 2, "", "Last packet of the flow in the interval, UTC, within 60 s.";
        Action, "action", Text, 2, "", "ACCEPT or REJECT by security groups and network ACLs.";
        LogStatus, "log_status", Text, 2, "", "OK, NODATA (quiet interface) or SKIPDATA (records were lost).";
        VpcId, "vpc_id", Text, 3, "", "VPC of the interface.";
        SubnetId, "subnet_id", Text, 3, "", "Subnet of the interface.";
        InstanceId, "instance_id", Text, 3, "", "Instance of the interface; absent for requester-managed interfaces.";
        TcpFlags, "tcp_flags", Small, 3, "", "TCP flags OR-ed over the interval: FIN 1, SYN 2, RST 4, SYN-ACK 18.";
        Type, "type", Text, 3, "", "IPv4, IPv6 or EFA.";
        PktSrcaddr, "pkt_srcaddr", Address, 3, "", "Packet-level source address, behind a gateway the original one.";
        PktDstaddr, "pkt_dstaddr", Address, 3, "", "Packet-level destination address.";
        Region, "region", Text, 4, "", "Region of the interface.";
        AzId, "az_id", Text, 4, "", "Availability zone id of the interface.";
        SublocationType, "sublocation_type", Text, 4, "", "wavelength, outpost or localzone.";
        SublocationId, "sublocation_id", Text, 4, "", "Id of the sublocation.";
        PktSrcAwsService, "pkt_src_aws_service", Text, 5, "", "AWS service whose address range holds pkt_srcaddr.";
        PktDstAwsService, "pkt_dst_aws_service", Text, 5, "", "AWS service whose address range holds pkt_dstaddr.";
        FlowDirection, "flow_direction", Text, 5, "", "ingress or egress, relative to the interface.";
        TrafficPath, "traffic_path", Small, 5, "", "Path of egress traffic: 1 same VPC, 2 internet gateway or gateway endpoint, 3 virtual private gateway, 4 peering in the region, 5 peering across regions, 6 local or wavelength zone, 7 gateway endpoint, 8 internet gateway.";
        ResourceType, "resource_type", Text, 6, "", "Transit gateway logs: TransitGateway.";
        TgwId, "tgw_id", Text, 6, "", "Transit gateway of the record.";
        TgwAttachmentId, "tgw_attachment_id", Text, 6, "", "Transit gateway attachment of the record.";
        TgwSrcVpcAccountId, "tgw_src_vpc_account_id", Text, 6, "", "Account of the source VPC.";
        TgwDstVpcAccountId, "tgw_dst_vpc_account_id", Text, 6, "", "Account of the destination VPC.";
        TgwSrcVpcId, "tgw_src_vpc_id", Text, 6, "", "Source VPC.";
        TgwDstVpcId, "tgw_dst_vpc_id", Text, 6, "", "Destination VPC.";
        TgwSrcSubnetId, "tgw_src_subnet_id", Text, 6, "", "Source subnet.";
        TgwDstSubnetId, "tgw_dst_subnet_id", Text, 6, "", "Destination subnet.";
        TgwSrcEni, "tgw_src_eni", Text, 6, "", "Source attachment's interface.";
        TgwDstEni, "tgw_dst_eni", Text, 6, "", "Destination attachment's interface.";
        TgwSrcAzId, "tgw_src_az_id", Text, 6, "", "Zone of the source attachment's interface.";
        TgwDstAzId, "tgw_dst_az_id", Text, 6, "", "Zone of the destination attachment's interface.";
        TgwPairAttachmentId, "tgw_pair_attachment_id", Text, 6, "", "Attachment at the flow's other side.";
        PacketsLostNoRoute, "packets_lost_no_route", Big, 6, "packets", "Packets lost without a route.";
        PacketsLostBlackhole, "packets_lost_blackhole", Big, 6, "packets", "Packets lost to a black hole.";
        PacketsLostMtuExceeded, "packets_lost_mtu_exceeded", Big, 6, "packets", "Packets lost for their size.";
        PacketsLostTtlExpired, "packets_lost_ttl_expired", Big, 6, "packets", "Packets lost to an expired TTL.";
        EcsClusterArn, "ecs_cluster_arn", Text, 7, "", "ECS cluster's ARN.";
        EcsClusterName, "ecs_cluster_name", Text, 7, "", "ECS cluster's name.";
        EcsContainerInstanceArn, "ecs_container_instance_arn", Text, 7, "", "ECS container instance's ARN.";
        EcsContainerInstanceId, "ecs_container_instance_id", Text, 7, "", "ECS container instance's id.";
        EcsContainerId, "ecs_container_id", Text, 7, "", "First container's id.";
        EcsSecondContainerId, "ecs_second_container_id", Text, 7, "", "Second container's id.";
        EcsServiceName, "ecs_service_name", Text, 7, "", "ECS service's name.";
        EcsTaskDefinitionArn, "ecs_task_definition_arn", Text, 7, "", "ECS task definition's ARN.";
        EcsTaskArn, "ecs_task_arn", Text, 7, "", "ECS task's ARN.";
        EcsTaskId, "ecs_task_id", Text, 7, "", "ECS task's id.";
        RejectReason, "reject_reason", Text, 8, "", "BPA (block public access) or EC (encryption controls).";
        ResourceId, "resource_id", Text, 9, "", "Regional NAT gateway's id.";
        EncryptionStatus, "encryption_status", Small, 10, "", "0 no, 1 by the hardware, 2 by the application, 3 both.";
        InstanceTag, "instance_tag", Text, 11, "", "Value of the instance's chosen tag.";
        InstanceTag2, "instance_tag_2", Text, 11, "", "Value of the instance's second chosen tag.";
        InterfaceTag, "interface_tag", Text, 11, "", "Value of the interface's chosen tag.";
        InterfaceTag2, "interface_tag_2", Text, 11, "", "Value of the interface's second chosen tag.";
        AsgTag, "asg_tag", Text, 11, "", "Value of the Auto Scaling group's chosen tag.";
        AsgTag2, "asg_tag_2", Text, 11, "", "Value of the Auto Scaling group's second chosen tag.";
        InterfaceType, "interface_type", Text, 11, "", "nat_gateway, network_load_balancer, regional_nat_gateway, transit_gateway or vpc_endpoint.";
        NextHopInterfaceId, "next_hop_interface_id", Text, 11, "", "Egress: interface that receives; ingress: interface that sends.";
        NextHopSubnetId, "next_hop_subnet_id", Text, 11, "", "Subnet of the next hop's interface.";
        NextHopAzId, "next_hop_az_id", Text, 11, "", "Zone of the next hop's interface.";
        NextHopVpcId, "next_hop_vpc_id", Text, 11, "", "VPC of the next hop's interface.";
        NextHopInterfaceType, "next_hop_interface_type", Text, 11, "", "Type of the next hop's interface.";
    }
    derived {
        FlowLogId, "flow_log_id", Text, [], "Flow log that delivered the record, from the object's key.";
        Src, "src", Address, [PktSrcaddr, Srcaddr], "Source end: pkt_srcaddr where present, else srcaddr.";
        Dst, "dst", Address, [PktDstaddr, Dstaddr], "Destination end: pkt_dstaddr where present, else dstaddr.";
        Port, "port", Small, [Srcport, Dstport, TcpFlags, Protocol],
            "Service port: inferred from the TCP flags, else the lower of the two; 0 where the protocol has none.";
        ServiceSide, "service_side", Small, [Srcport, Dstport, TcpFlags, Protocol],
            "Which end has the service port: 0 the source, 1 the destination; absent where ports do not say.";
        Minute, "minute", Time, [Start], "Minute of start, UTC.";
        Hour, "hour", Time, [Start], "Hour of start, UTC.";
        Day, "day", Time, [Start], "Day of start, UTC.";
        FilterBits, "filter_bits", Small, [], "Conditions of a filter that the record meets, where the rest of the filter applies to traffic.";
        LastStart, "last_start", Time, [], "Latest start of the records of a stored fact.";
        ObjectId, "object_id", Big, [], "Object that a stored fact was read from.";
    }
    joined {
        Vantage, "vantage", Text, "Interface, flow log, direction, traffic path and next hop of a record, as one value.";
        RecordCount, "record_count", Big, "Number of records aggregated into a traffic row.";
        SrcVpc, "src_vpc", Text, "VPC of the source.";
        DstVpc, "dst_vpc", Text, "VPC of the destination.";
        SrcAccount, "src_account", Text, "Account of the source.";
        DstAccount, "dst_account", Text, "Account of the destination.";
        SrcRegion, "src_region", Text, "Region of the source: of its interface, its network, or its AWS address range.";
        DstRegion, "dst_region", Text, "Region of the destination.";
        SrcZone, "src_zone", Text, "Zone id of the source.";
        DstZone, "dst_zone", Text, "Zone id of the destination.";
        SrcSubnet, "src_subnet", Text, "Subnet of the source.";
        DstSubnet, "dst_subnet", Text, "Subnet of the destination.";
        SrcInterface, "src_interface", Text, "Interface that held the source address at that time.";
        DstInterface, "dst_interface", Text, "Interface that held the destination address at that time.";
        SrcInstance, "src_instance", Text, "Instance of the source.";
        DstInstance, "dst_instance", Text, "Instance of the destination.";
        SrcLocation, "src_location", Text, "What the source end is: the name of its network, an AWS service, else `internet`, `private-unknown`, `external EC2`.";
        DstLocation, "dst_location", Text, "Location of the destination.";
        Outside, "outside", Address, "Address of the external endpoint: the destination, else the source; absent if both are internal.";
        SrcCountry, "src_country", Text, "Country of the source address, by --geoip.";
        DstCountry, "dst_country", Text, "Country of the destination address, by --geoip.";
        SrcNetwork, "src_network", Text, "Autonomous system of the source address, by --geoip.";
        DstNetwork, "dst_network", Text, "Autonomous system of the destination address, by --geoip.";
        Path, "path", Text, "Path class: same-zone, cross-zone, internet, aws-service, transit-gateway…";
        Via, "via", Text, "Gateways on the path: nat, transit-gateway, endpoint, joined by `+`.";
        NatGateway, "nat_gateway", Text, "NAT gateway on the path, where it is known which one: its id, else its interface.";
        NatZone, "nat_zone", Text, "Zone id of that NAT gateway; absent for a regional one.";
        Charge, "charge", Text, "Charge on the bytes; absent for traffic itself.";
        PayerAccount, "payer_account", Text, "Account billed for the charge.";
        BilledResource, "billed_resource", Text, "Resource that AWS's bill has the charge under: NAT gateway, endpoint, load balancer, instance; else the interface.";
        FromRegion, "from_region", Text, "Region of the price, or the group of its Local or Wavelength Zone.";
        ToRegion, "to_region", Text, "Other side of the charge: a region or group of zones, `internet`, `same`, a location, or `any`.";
        Assumed, "assumed", Text, "Assumption made because the logs lack the information; absent if none.";
        DirectionRule, "direction_rule", Text, "Rule that determined the direction.";
        CountRule, "count_rule", Text, "Rule that decided where the bytes count.";
        PathRule, "path_rule", Text, "Rule that determined the path.";
        Owner1, "owner", Text, "Owner by the first requested key: for charges the allocated owner, for traffic the sender, for inbound traffic from outside the receiver.";
        Owner2, "owner_2", Text, "Owner by the second key.";
        Owner3, "owner_3", Text, "Owner by the third key.";
        SrcOwner1, "src_owner", Text, "Owner of the source end by the first key.";
        SrcOwner2, "src_owner_2", Text, "Owner of the source end by the second key.";
        SrcOwner3, "src_owner_3", Text, "Owner of the source end by the third key.";
        DstOwner1, "dst_owner", Text, "Owner of the destination end by the first key.";
        DstOwner2, "dst_owner_2", Text, "Owner of the destination end by the second key.";
        DstOwner3, "dst_owner_3", Text, "Owner of the destination end by the third key.";
    }
}

/// Short names of columns.
const ALIASES: &[(&str, Column)] = &[
    ("eni", Column::InterfaceId),
    ("interface", Column::InterfaceId),
    ("account", Column::AccountId),
    ("vpc", Column::VpcId),
    ("subnet", Column::SubnetId),
    ("instance", Column::InstanceId),
    ("az", Column::AzId),
    ("zone", Column::AzId),
    ("direction", Column::FlowDirection),
    ("flags", Column::TcpFlags),
    ("status", Column::LogStatus),
    ("src_service", Column::PktSrcAwsService),
    ("dst_service", Column::PktDstAwsService),
];

impl Column {
    fn info(self) -> &'static Info {
        &COLUMNS[self as usize]
    }

    /// Every column: AWS's fields by version, then the derived ones.
    pub fn all() -> impl Iterator<Item = Self> {
        COLUMNS.iter().map(|info| info.column)
    }

    /// The stable `snake_case` name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// How its values are held.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.info().kind
    }

    /// The first AWS format version with this field; 0 for a derived column.
    #[must_use]
    pub fn version(self) -> u8 {
        self.info().version
    }

    /// `bytes`, `packets` or nothing.
    #[must_use]
    pub fn unit(self) -> &'static str {
        self.info().unit
    }

    /// A one-sentence description.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        self.info().meaning
    }

    /// Whether it holds the values of a tag, which AWS writes percent-encoded.
    #[must_use]
    pub fn is_tag(self) -> bool {
        use Column::{AsgTag, AsgTag2, InstanceTag, InstanceTag2, InterfaceTag, InterfaceTag2};
        matches!(self, InstanceTag | InstanceTag2 | InterfaceTag | InterfaceTag2 | AsgTag | AsgTag2)
    }

    /// The stage that gives it its values.
    #[must_use]
    pub fn stage(self) -> Stage {
        // The flow log stands in no record, yet it comes with it.
        if self == Self::FlowLogId { Stage::Decode } else { self.info().stage }
    }

    /// The fields that a derived column is computed from; none for a field.
    #[must_use]
    pub fn inputs(self) -> &'static [Self] {
        self.info().inputs
    }

    /// The columns that `decode` must give for this one: its inputs, or itself.
    #[must_use]
    pub fn decoded(self) -> ColumnSet {
        if self.stage() == Stage::Decode { ColumnSet::of(&[self]) } else { ColumnSet::of(self.inputs()) }
    }

    /// Whether it is internal, or a placeholder for user-defined names: cannot be requested.
    #[must_use]
    pub fn is_inner(self) -> bool {
        matches!(
            self,
            Self::Vantage
                | Self::FilterBits
                | Self::LastStart
                | Self::ObjectId
                | Self::ServiceSide
                | Self::RecordCount
                | Self::Owner1
                | Self::Owner2
                | Self::Owner3
                | Self::SrcOwner1
                | Self::SrcOwner2
                | Self::SrcOwner3
                | Self::DstOwner1
                | Self::DstOwner2
                | Self::DstOwner3
        )
    }

    /// Short names of the column.
    pub fn aliases(self) -> impl Iterator<Item = &'static str> {
        ALIASES.iter().filter(move |(_, column)| *column == self).map(|(alias, _)| *alias)
    }

    /// The column of a header's token (`account-id` or `account_id`); none for a field that AWS did not have when
    /// this was written.
    #[must_use]
    pub fn of_header(token: &[u8]) -> Option<Self> {
        let same = |name: &str| {
            name.len() == token.len() && name.bytes().zip(token).all(|(a, b)| a == *b || (a == b'_' && *b == b'-'))
        };
        COLUMNS.iter().find(|info| info.version > 0 && same(info.name)).map(|info| info.column)
    }

    /// The column of a typed name: with `_` or `-`, or an alias.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.replace('-', "_");
        let alias = || ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, column)| *column);
        COLUMNS.iter().find(|info| info.name == name).map(|info| info.column).or_else(alias)
    }

    /// The column that a flag's value names.
    ///
    /// # Errors
    /// A usage error that suggests the nearest name.
    pub fn named(flag: &str, name: &str) -> Result<Self, Error> {
        if name.is_empty() {
            return Err(
                Error::usage(format!("{flag}: the name of a column is missing")).hint("for example src,dstport")
            );
        }
        Self::of_name(name).ok_or_else(|| {
            let error = Error::usage(format!("{flag}: unknown column `{name}`"));
            match nearest(&name.replace('-', "_"), Self::names()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("`outflow fields` lists the columns"),
            }
        })
    }

    /// Every name that [`Self::of_name`] takes, for suggestions.
    pub fn names() -> impl Iterator<Item = &'static str> {
        COLUMNS.iter().map(|info| info.name).chain(ALIASES.iter().map(|(alias, _)| *alias))
    }
}

impl Serialize for Column {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Column {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let column = COLUMNS.iter().find(|info| info.name == name).map(|info| info.column);
        column.ok_or_else(|| de::Error::custom(format!("unknown column `{name}`")))
    }
}

/// A set of columns, with a place for every number that a [`Column`] can have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ColumnSet([u64; 4]);

const _: () = assert!(size_of::<ColumnSet>() * 8 > u8::MAX as usize);

impl ColumnSet {
    /// The set of these columns.
    #[must_use]
    pub fn of(columns: &[Column]) -> Self {
        columns.iter().fold(Self::default(), |set, column| set.with(*column))
    }

    /// Every column that `decode` can give.
    #[must_use]
    pub fn decoded() -> Self {
        Column::all().filter(|column| column.stage() == Stage::Decode).fold(Self::default(), Self::with)
    }

    /// This set and one column more.
    #[must_use]
    pub fn with(mut self, column: Column) -> Self {
        let (word, bit) = Self::place(column);
        self.0[word] |= bit;
        self
    }

    /// Both sets.
    #[must_use]
    pub fn union(mut self, other: Self) -> Self {
        for (word, more) in self.0.iter_mut().zip(other.0) {
            *word |= more;
        }
        self
    }

    /// Whether it holds a column.
    #[must_use]
    pub fn has(self, column: Column) -> bool {
        let (word, bit) = Self::place(column);
        self.0[word] & bit != 0
    }

    /// Its columns in schema order.
    pub fn iter(self) -> impl Iterator<Item = Column> {
        Column::all().filter(move |column| self.has(*column))
    }

    /// The word that holds a column, and its bit there.
    fn place(column: Column) -> (usize, u64) {
        let place = column as usize;
        (place / 64, 1 << (place % 64))
    }
}

/// AWS's default format, version 2, in its fixed order.
pub const DEFAULT_FORMAT: [Column; 14] = [
    Column::Version,
    Column::AccountId,
    Column::InterfaceId,
    Column::Srcaddr,
    Column::Dstaddr,
    Column::Srcport,
    Column::Dstport,
    Column::Protocol,
    Column::Packets,
    Column::Bytes,
    Column::Start,
    Column::End,
    Column::Action,
    Column::LogStatus,
];

pub mod charge;
pub mod edge;
pub mod frame;
pub mod output;
pub mod port;
pub mod region;
pub mod stored;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_at_their_own_place_and_have_one_name_each() {
        let names: std::collections::BTreeSet<_> = Column::names().collect();
        assert_eq!(names.len(), Column::names().count());
        assert!(Column::all().enumerate().all(|(place, column)| column as usize == place));
    }

    #[test]
    fn a_set_holds_the_columns_that_it_was_given_and_no_others() {
        let every = Column::all().fold(ColumnSet::default(), ColumnSet::with);
        assert!(every.iter().eq(Column::all()));
        for column in Column::all() {
            let one = ColumnSet::of(&[column]);
            assert!(one.iter().eq([column]) && one.has(column));
            assert_eq!(one.union(every), every);
            assert!(!ColumnSet::default().has(column));
        }
        let (even, odd): (Vec<_>, Vec<_>) = Column::all().partition(|column| (*column as u8).is_multiple_of(2));
        assert_eq!(ColumnSet::of(&even).union(ColumnSet::of(&odd)), every);
        assert!(ColumnSet::of(&even).iter().eq(even));
    }

    #[test]
    fn header_tokens_and_typed_names_find_their_column() {
        assert_eq!(Column::of_header(b"pkt-dst-aws-service"), Some(Column::PktDstAwsService));
        assert_eq!(Column::of_header(b"account_id"), Some(Column::AccountId));
        assert_eq!(Column::of_header(b"src"), None, "a derived column is in no header");
        assert_eq!(Column::of_name("eni"), Some(Column::InterfaceId));
        assert_eq!(Column::of_name("log-status"), Some(Column::LogStatus));
    }

    #[test]
    fn version_counts_are_those_of_the_field_table() {
        let upto = |version| Column::all().filter(|c| (1..=version).contains(&c.version()) && c.version() != 6).count();
        assert_eq!([2, 3, 4, 5, 7, 8, 9, 10, 11].map(upto), [14, 21, 25, 29, 39, 40, 41, 42, 54]);
    }
}
