//! The same estate as AWS's own tools list it, a folder for each account and region, as of the period's end: what was
//! gone by then is not in it, and tags are the last ones.
//!
//! The fields are those of the `describe-*` answers that say what a network is; zones have names there, which differ
//! between accounts.

use std::path::Path;

use serde_json::{Value, json};

use super::changes::WITH_ENDPOINT;
use super::interfaces::Interface;
use super::network::{ACCOUNTS, Account, REGIONS, Region, Subnet, Vpc};
use super::owners::ResourceKind;
use super::{Estate, tables};
use crate::flowgen::world::Role;

/// Writes the lists.
pub(crate) fn write(estate: &Estate, folder: &Path) -> Result<(), String> {
    for account in &ACCOUNTS {
        for region in &REGIONS {
            let part = Part { estate, account, region };
            if part.vpcs().next().is_none() {
                continue;
            }
            let folder = folder.join("aws").join(account.id).join(region.name);
            let put = |name: &str, list: Value| tables::put(&folder, &format!("{name}.json"), &format!("{list:#}\n"));
            put("describe-network-interfaces", json!({ "NetworkInterfaces": part.list(Part::interface) }))?;
            put("describe-instances", json!({ "Reservations": part.list(Part::reservation) }))?;
            put("describe-subnets", json!({ "Subnets": part.subnets() }))?;
            put("describe-nat-gateways", json!({ "NatGateways": part.list(Part::nat_gateway) }))?;
            put("describe-vpc-endpoints", json!({ "VpcEndpoints": part.endpoints() }))?;
            put("get-resources", json!({ "ResourceTagMappingList": part.resources() }))?;
        }
    }
    Ok(())
}

/// What an account has in a region.
struct Part<'e> {
    estate: &'e Estate,
    account: &'e Account,
    region: &'e Region,
}

impl<'e> Part<'e> {
    fn vpcs(&self) -> impl Iterator<Item = (usize, &'e Vpc)> {
        let (account, region) = (self.account.id, self.region.name);
        let own = move |vpc: &Vpc| vpc.account.id == account && vpc.region.name == region;
        self.estate.network.vpcs.iter().enumerate().filter(move |(_, vpc)| own(vpc))
    }

    fn is_own(&self, vpc: usize) -> bool {
        self.vpcs().any(|(place, _)| place == vpc)
    }

    /// What a list says of the interfaces that are there at the end.
    fn list(&self, of: impl Fn(&Self, &'e Interface) -> Option<Value>) -> Vec<Value> {
        let there = |interface: &&Interface| interface.life.end == self.estate.moments.to && self.is_own(interface.vpc);
        self.estate.interfaces.iter().filter(there).filter_map(|interface| of(self, interface)).collect()
    }

    fn subnet(&self, interface: &Interface) -> &'e Subnet {
        &self.estate.network.subnets[interface.subnet]
    }

    fn vpc(&self, interface: &Interface) -> &'e str {
        &self.estate.network.vpcs[interface.vpc].id
    }

    fn interface(&self, interface: &'e Interface) -> Option<Value> {
        if interface.role == Role::RegionalNatGateway {
            return None;
        }
        let (subnet, owner) = (self.subnet(interface), self.account.id);
        let association = interface.public.map(|public| json!({ "IpOwnerId": owner, "PublicIp": public.to_string() }));
        let mut main = json!({ "Primary": true, "PrivateIpAddress": interface.address.to_string() });
        let mut value = json!({
            "NetworkInterfaceId": interface.id,
            "OwnerId": owner,
            "VpcId": self.vpc(interface),
            "SubnetId": subnet.id,
            "AvailabilityZone": self.estate.network.zone_name(subnet),
            "AvailabilityZoneId": subnet.zone_id,
            "Description": self.description(interface),
            "InterfaceType": kind(interface.role),
            "RequesterManaged": interface.role != Role::Instance,
            "PrivateIpAddress": interface.address.to_string(),
            "Status": "in-use",
            "TagSet": self.tags(&interface.id),
        });
        if let Some(association) = association {
            main["Association"] = association.clone();
            value["Association"] = association;
        }
        let second = interface.second.map(|two| json!({ "Primary": false, "PrivateIpAddress": two.to_string() }));
        value["PrivateIpAddresses"] = [main].into_iter().chain(second).collect();
        let six = interface.address6.map(|six| json!({ "Ipv6Address": six.to_string() }));
        value["Ipv6Addresses"] = six.into_iter().collect();
        if let Some(instance) = &interface.instance {
            value["Attachment"] = json!({ "InstanceId": instance, "DeviceIndex": 0, "Status": "attached" });
        }
        Some(value)
    }

    /// What AWS writes beside an interface that it made for something else.
    fn description(&self, interface: &Interface) -> String {
        let resource = interface.resource.as_deref().unwrap_or("");
        match interface.role {
            Role::NatGateway => format!("Interface for NAT Gateway {resource}"),
            Role::Endpoint => format!("VPC Endpoint Interface {resource}"),
            Role::TransitGateway => "Network Interface for Transit Gateway Attachment".to_owned(),
            Role::LoadBalancer => format!("ELB net/{}/1", interface.name),
            Role::Instance | Role::Task | Role::RegionalNatGateway => String::new(),
        }
    }

    fn reservation(&self, interface: &'e Interface) -> Option<Value> {
        let instance = interface.instance.as_deref()?;
        let instance = json!({
            "InstanceId": instance,
            "VpcId": self.vpc(interface),
            "SubnetId": self.subnet(interface).id,
            "PrivateIpAddress": interface.address.to_string(),
            "Placement": { "AvailabilityZone": self.estate.network.zone_name(self.subnet(interface)) },
            "State": { "Code": 16, "Name": "running" },
            "NetworkInterfaces": [{ "NetworkInterfaceId": interface.id }],
            "Tags": self.tags(instance),
        });
        Some(json!({ "OwnerId": self.account.id, "Instances": [instance] }))
    }

    fn subnets(&self) -> Vec<Value> {
        let network = &self.estate.network;
        let own = network.subnets.iter().filter(|subnet| self.is_own(subnet.vpc));
        let value = |subnet: &Subnet| {
            let six = subnet.network6.map(|six| json!({ "Ipv6CidrBlock": format!("{six}/64") }));
            json!({
                "SubnetId": subnet.id,
                "VpcId": network.vpcs[subnet.vpc].id,
                "OwnerId": self.account.id,
                "CidrBlock": format!("{}/24", subnet.network),
                "Ipv6CidrBlockAssociationSet": six.into_iter().collect::<Vec<_>>(),
                "AvailabilityZone": network.zone_name(subnet),
                "AvailabilityZoneId": subnet.zone_id,
                "Tags": self.tags(&subnet.id),
            })
        };
        own.map(value).collect()
    }

    fn nat_gateway(&self, interface: &'e Interface) -> Option<Value> {
        let regional = interface.role == Role::RegionalNatGateway;
        let id = interface.resource.as_deref().filter(|_| regional || interface.role == Role::NatGateway)?;
        let public = interface.public.map(|public| public.to_string());
        let mut value = json!({
            "NatGatewayId": id,
            "VpcId": self.vpc(interface),
            "State": "available",
            "ConnectivityType": "public",
            "AvailabilityMode": if regional { "regional" } else { "zonal" },
            "Tags": self.tags(id),
        });
        if regional {
            value["NatGatewayAddresses"] = json!([{ "PublicIp": public }]);
        } else {
            value["SubnetId"] = json!(self.subnet(interface).id);
            let private = interface.address.to_string();
            value["NatGatewayAddresses"] =
                json!([{ "NetworkInterfaceId": interface.id, "PrivateIp": private, "PublicIp": public }]);
        }
        Some(value)
    }

    /// The interface endpoints, and the gateway endpoints of S3 and DynamoDB.
    fn endpoints(&self) -> Vec<Value> {
        let mut values: Vec<Value> = Vec::new();
        for (place, vpc) in self.vpcs() {
            let parts: Vec<&Interface> =
                self.estate.interfaces.iter().filter(|one| one.vpc == place && one.role == Role::Endpoint).collect();
            let service = |name: &str| format!("com.amazonaws.{}.{name}", self.region.name);
            if let Some(first) = parts.first() {
                values.push(json!({
                    "VpcEndpointId": first.resource,
                    "VpcEndpointType": "Interface",
                    "VpcId": vpc.id,
                    "ServiceName": service("sqs"),
                    "OwnerId": self.account.id,
                    "State": "available",
                    "SubnetIds": parts.iter().map(|one| self.subnet(one).id.as_str()).collect::<Vec<_>>(),
                    "NetworkInterfaceIds": parts.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(),
                    "Tags": [],
                }));
            }
            // The VPCs with gateway endpoints are the lake and those of the shop, which have interface endpoints too.
            let has_gateways = !parts.is_empty() || vpc.name == "lake";
            let is_added = self.estate.changes.has("gateway-endpoint") && vpc.name == WITH_ENDPOINT;
            for name in ["s3", "dynamodb"].into_iter().filter(|name| has_gateways || is_added && *name == "s3") {
                values.push(json!({
                    "VpcEndpointId": format!("vpce-1{}{}", &vpc.id["vpc-0".len()..][..14], &name[..2]),
                    "VpcEndpointType": "Gateway",
                    "VpcId": vpc.id,
                    "ServiceName": service(name),
                    "OwnerId": self.account.id,
                    "State": "available",
                    "SubnetIds": [],
                    "NetworkInterfaceIds": [],
                    "Tags": [],
                }));
            }
        }
        values
    }

    /// What has tags at the end, by its ARN.
    fn resources(&self) -> Vec<Value> {
        let owners = &self.estate.owners;
        let now = self.estate.moments.to - 1;
        let mut values = Vec::new();
        for tag in &owners.tags {
            let word = match tag.kind {
                ResourceKind::Interface => "network-interface",
                ResourceKind::Instance => "instance",
                ResourceKind::Subnet => "subnet",
                ResourceKind::Vpc => "vpc",
                ResourceKind::Other => continue,
            };
            if self.has(&tag.resource) && owners.tag(&tag.resource, now) == Some(tag.team) {
                let arn = format!("arn:aws:ec2:{}:{}:{word}/{}", self.region.name, self.account.id, tag.resource);
                values.push(json!({ "ResourceARN": arn, "Tags": self.tags(&tag.resource) }));
            }
        }
        values
    }

    /// Whether a resource is this account's in this region, and there at the end.
    fn has(&self, resource: &str) -> bool {
        let network = &self.estate.network;
        let of_interface = |interface: &'e Interface| {
            (interface.id == resource || interface.instance.as_deref() == Some(resource)).then_some(Value::Null)
        };
        !self.list(|_, interface| of_interface(interface)).is_empty()
            || network.subnets.iter().any(|subnet| subnet.id == resource && self.is_own(subnet.vpc))
            || self.vpcs().any(|(_, vpc)| vpc.id == resource)
    }

    /// A resource's tags at the end.
    fn tags(&self, resource: &str) -> Vec<Value> {
        let team = self.estate.owners.tag(resource, self.estate.moments.to - 1);
        team.map(|team| json!({ "Key": "team", "Value": team })).into_iter().collect()
    }
}

/// AWS's word for an interface.
fn kind(role: Role) -> &'static str {
    match role {
        Role::Instance | Role::Task => "interface",
        Role::LoadBalancer => "network_load_balancer",
        Role::NatGateway | Role::RegionalNatGateway => "nat_gateway",
        Role::TransitGateway => "transit_gateway",
        Role::Endpoint => "vpc_endpoint",
    }
}
