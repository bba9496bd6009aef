//! The value of each field, from a record and what stands behind its interface.

use outflow::schema::Column;

use super::Field;
use crate::flowgen::traffic::{Content, Flow, Record, Verdict};
use crate::flowgen::world::{Interface, Role, Stream, Task};

/// The version that the records of a format bear: the highest one among its fields.
pub(crate) fn version(columns: &[Column]) -> u8 {
    columns.iter().map(|column| column.version()).max().unwrap_or(0)
}

/// A field's value: of the record itself, else of its flow, else of its interface.
pub(super) fn field<'w>(stream: &'w Stream, record: &Record<'w>, column: Column, version: u8) -> Field<'w> {
    let interface = record.interface;
    match column {
        Column::Version => Field::Number(version.into()),
        Column::AccountId => Field::Text(interface.account),
        Column::InterfaceId => Field::Text(&interface.id),
        Column::Start => Field::Number(record.start.into()),
        Column::End => Field::Number(record.end.into()),
        Column::LogStatus => Field::Text(match record.content {
            Content::Flow(_) => "OK",
            Content::Quiet => "NODATA",
            Content::Lost => "SKIPDATA",
        }),
        _ => match &record.content {
            Content::Flow(flow) => flow_field(stream, flow, column),
            Content::Quiet | Content::Lost => None,
        }
        .unwrap_or_else(|| interface_field(stream, interface, column)),
    }
}

/// A field of a flow; none where the column is not about the flow.
fn flow_field<'w>(stream: &'w Stream, flow: &Flow<'w>, column: Column) -> Option<Field<'w>> {
    Some(match column {
        Column::Srcaddr => Field::Address(flow.source),
        Column::Dstaddr => Field::Address(flow.destination),
        Column::Srcport => Field::Number(flow.source_port.into()),
        Column::Dstport => Field::Number(flow.destination_port.into()),
        Column::Protocol => Field::Number(flow.protocol.into()),
        Column::Packets => Field::Number(flow.packets),
        Column::Bytes => Field::Number(flow.bytes),
        Column::Action => Field::Text(if flow.verdict == Verdict::Accepted { "ACCEPT" } else { "REJECT" }),
        Column::TcpFlags => Field::Number(flow.tcp_flags.into()),
        Column::Type => Field::Text(if flow.source.is_ipv6() { "IPv6" } else { "IPv4" }),
        Column::PktSrcaddr => Field::Address(flow.packet_source),
        Column::PktDstaddr => Field::Address(flow.packet_destination),
        Column::PktSrcAwsService => text(flow.source_service),
        Column::PktDstAwsService => text(flow.destination_service),
        Column::FlowDirection => Field::Text(if flow.egress { "egress" } else { "ingress" }),
        Column::TrafficPath if flow.egress => Field::Number(flow.path.into()),
        Column::RejectReason if flow.verdict == Verdict::Blocked => Field::Text("BPA"),
        Column::EncryptionStatus => Field::Number(if flow.next_hop.is_some() { 1 } else { 0 }),
        Column::NextHopInterfaceId => text(flow.next_hop.map(|hop| hop.id.as_str())),
        Column::NextHopSubnetId => flow.next_hop.map_or(Field::Absent, |hop| subnet(stream, hop)),
        Column::NextHopAzId => text(flow.next_hop.map(|hop| stream.subnet(hop).zone.as_str())),
        Column::NextHopVpcId => text(flow.next_hop.map(|hop| stream.vpcs[hop.vpc].id.as_str())),
        Column::NextHopInterfaceType => text(flow.next_hop.and_then(|hop| interface_type(hop.role))),
        _ => return None,
    })
}

/// A field of an interface; absent for the fields of a flow, of a transit gateway log, and those that AWS leaves out.
fn interface_field<'w>(stream: &'w Stream, interface: &'w Interface, column: Column) -> Field<'w> {
    match column {
        Column::VpcId => Field::Text(&stream.vpcs[interface.vpc].id),
        Column::SubnetId => subnet(stream, interface),
        Column::InstanceId => text(interface.instance.as_deref()),
        Column::Region => Field::Text(stream.region),
        Column::AzId => Field::Text(&stream.subnet(interface).zone),
        Column::ResourceId => text(interface.resource.as_deref()),
        Column::InstanceTag | Column::AsgTag if interface.instance.is_some() => text(interface.team.as_deref()),
        Column::InstanceTag2 if interface.instance.is_some() => text(interface.stage.as_deref()),
        Column::InterfaceTag => text(interface.team.as_deref()),
        Column::InterfaceTag2 => text(interface.stage.as_deref()),
        Column::InterfaceType => text(interface_type(interface.role)),
        _ => interface.task.as_ref().map_or(Field::Absent, |task| task_field(stream, task, column)),
    }
}

/// A field of an ECS task on Fargate, which has no container instance.
fn task_field<'w>(stream: &'w Stream, task: &'w Task, column: Column) -> Field<'w> {
    let arn = |rest: String| Field::Made(format!("arn:aws:ecs:{}:{}:{rest}", stream.region, stream.account));
    match column {
        Column::EcsClusterArn => arn(format!("cluster/{}", task.cluster)),
        Column::EcsClusterName => Field::Text(task.cluster),
        Column::EcsContainerId => Field::Text(&task.container),
        Column::EcsSecondContainerId => text(task.second_container.as_deref()),
        Column::EcsServiceName => text(task.service.as_deref()),
        Column::EcsTaskDefinitionArn => arn(format!("task-definition/{}:7", task.cluster)),
        Column::EcsTaskArn => arn(format!("task/{}/{}", task.cluster, task.id)),
        Column::EcsTaskId => Field::Text(&task.id),
        _ => Field::Absent,
    }
}

fn subnet<'w>(stream: &'w Stream, interface: &Interface) -> Field<'w> {
    let regional = interface.role == Role::RegionalNatGateway;
    if regional { Field::Absent } else { Field::Text(&stream.subnet(interface).id) }
}

/// What AWS calls an interface's type, where it has a word for it.
pub(crate) fn interface_type(role: Role) -> Option<&'static str> {
    match role {
        Role::Instance | Role::Task => None,
        Role::LoadBalancer => Some("network_load_balancer"),
        Role::TransitGateway => Some("transit_gateway"),
        Role::Endpoint => Some("vpc_endpoint"),
        Role::NatGateway => Some("nat_gateway"),
        Role::RegionalNatGateway => Some("regional_nat_gateway"),
    }
}

fn text(text: Option<&str>) -> Field<'_> {
    text.map_or(Field::Absent, Field::Text)
}
