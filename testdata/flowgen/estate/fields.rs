//! The value of each field of a record, from what stands behind its interface.

use outflow::schema::Column;

use super::records::{Content, Flow, Record};
use super::{Estate, outside};
use crate::flowgen::world::Role;
use crate::flowgen::write::{Field, interface_type};

/// A field's value: of the record itself, else of its flow, else of its interface.
pub(crate) fn field<'e>(estate: &'e Estate, record: &Record, column: Column, version: u8) -> Field<'e> {
    match column {
        Column::Version => Field::Number(version.into()),
        Column::Start => Field::Number(record.start.into()),
        Column::End => Field::Number(record.end.into()),
        Column::LogStatus => Field::Text(match record.content {
            Content::Flow(_) => "OK",
            Content::Quiet => "NODATA",
            Content::Lost => "SKIPDATA",
        }),
        _ => match &record.content {
            Content::Flow(flow) => flow_field(estate, flow, column),
            Content::Quiet | Content::Lost => None,
        }
        .unwrap_or_else(|| interface_field(estate, record, column)),
    }
}

/// A field of a flow; none where the column is not about the flow.
fn flow_field<'e>(estate: &'e Estate, flow: &Flow, column: Column) -> Option<Field<'e>> {
    let crossing = &flow.crossing;
    let service = |address| text(outside::service(address));
    Some(match column {
        Column::Srcaddr => Field::Address(crossing.shown(estate).0),
        Column::Dstaddr => Field::Address(crossing.shown(estate).1),
        Column::PktSrcaddr => Field::Address(crossing.source),
        Column::PktDstaddr => Field::Address(crossing.destination),
        Column::Srcport => Field::Number(crossing.source_port.into()),
        Column::Dstport => Field::Number(crossing.destination_port.into()),
        Column::Protocol => Field::Number(flow.protocol.into()),
        Column::Packets => Field::Number(flow.packets),
        Column::Bytes => Field::Number(flow.bytes),
        Column::Action => Field::Text(if crossing.rejected { "REJECT" } else { "ACCEPT" }),
        Column::TcpFlags => Field::Number(flow.tcp_flags.into()),
        Column::Type => Field::Text(if crossing.source.is_ipv6() { "IPv6" } else { "IPv4" }),
        Column::PktSrcAwsService => service(crossing.source),
        Column::PktDstAwsService => service(crossing.destination),
        Column::FlowDirection => Field::Text(if crossing.egress { "egress" } else { "ingress" }),
        Column::TrafficPath => crossing.path.map_or(Field::Absent, |path| Field::Number(path.into())),
        Column::NextHopInterfaceId
        | Column::NextHopSubnetId
        | Column::NextHopAzId
        | Column::NextHopVpcId
        | Column::NextHopInterfaceType => next_hop_field(estate, flow, column).unwrap_or(Field::Absent),
        _ => return None,
    })
}

/// A next-hop field, as far as AWS logs it: see `routes`.
fn next_hop_field<'e>(estate: &'e Estate, flow: &Flow, column: Column) -> Option<Field<'e>> {
    let hop = &estate.interfaces[flow.crossing.next_hop?];
    let vpc = |place: usize| &estate.network.vpcs[place];
    let foreign = vpc(hop.vpc).account.id != vpc(estate.interfaces[flow.crossing.interface].vpc).account.id;
    let subnet = &estate.network.subnets[hop.subnet];
    let regional = hop.role == Role::RegionalNatGateway;
    match column {
        Column::NextHopInterfaceType if !foreign => interface_type(hop.role).map(Field::Text),
        _ if regional => None,
        Column::NextHopAzId => Some(Field::Text(&subnet.zone_id)),
        _ if foreign => None,
        Column::NextHopInterfaceId => Some(Field::Text(&hop.id)),
        Column::NextHopSubnetId => Some(Field::Text(&subnet.id)),
        Column::NextHopVpcId => Some(Field::Text(&vpc(hop.vpc).id)),
        _ => None,
    }
}

/// A field of an interface; absent for the fields of a flow and those that the estate has nothing for.
fn interface_field<'e>(estate: &'e Estate, record: &Record, column: Column) -> Field<'e> {
    let interface = &estate.interfaces[record.interface];
    let (vpc, subnet) = (&estate.network.vpcs[interface.vpc], &estate.network.subnets[interface.subnet]);
    let regional = interface.role == Role::RegionalNatGateway;
    let tag = |resource: Option<&str>| resource.and_then(|resource| estate.owners.tag(resource, record.start));
    let encoded = |team: Option<&str>| team.map_or(Field::Absent, |team| Field::Made(crate::flowgen::world::tag(team)));
    match column {
        Column::AccountId => Field::Text(interface.logged_account(&estate.network)),
        Column::InterfaceId => Field::Text(&interface.id),
        Column::VpcId => Field::Text(&vpc.id),
        Column::SubnetId if !regional => Field::Text(&subnet.id),
        Column::AzId if !regional => Field::Text(&subnet.zone_id),
        Column::InstanceId => text(interface.instance.as_deref()),
        Column::Region => Field::Text(vpc.region.name),
        Column::ResourceId if regional => text(interface.resource.as_deref()),
        Column::InstanceTag => encoded(tag(interface.instance.as_deref())),
        Column::InterfaceTag => encoded(tag(Some(&interface.id))),
        Column::InterfaceType => text(interface_type(interface.role)),
        _ => Field::Absent,
    }
}

fn text(text: Option<&str>) -> Field<'_> {
    text.map_or(Field::Absent, Field::Text)
}
