//! AWS's services that are reached through a NAT gateway, by endpoints instead.
//!
//! A gateway endpoint (S3, DynamoDB) is free. An interface endpoint is paid by the hour in each zone, and by the byte in
//! both directions.

use std::collections::{BTreeMap, BTreeSet};

use super::line::{Advice, Line, Side};
use super::{Confidence, Estate, Kind};
use crate::price::Charge;
use crate::schema::charge::ANY;
use crate::schema::region;
use crate::units::human;

/// The services that have gateway endpoints (VPC guide, "Gateway endpoints").
pub(super) const BY_GATEWAY: [&str; 2] = ["S3", "DYNAMODB"];
/// Services of AWS's address ranges that no interface endpoint serves, by how their names begin: they are everywhere, or
/// for clients outside of AWS.
const WITHOUT_ENDPOINT: [&str; 8] = [
    "CLOUDFRONT",
    "ROUTE53",
    "GLOBALACCELERATOR",
    "CHIME_",
    "WORKSPACES_GATEWAYS",
    "IVS_",
    "MEDIA_PACKAGE",
    "AMAZON_CONNECT",
];
/// What ranges are called that no service claims: an endpoint is of one service, and which it is the logs do not say.
const UNNAMED: &str = "aws:amazon";

/// A VPC, as far as it is known, the region, and a service.
type Group<'f> = (Option<&'f str>, &'f str, &'f str);
/// The zones of clients; none stands for one that is not known.
type Zones<'f> = BTreeSet<Option<&'f str>>;

/// The path of traffic with a service of the own region.
const SERVICE: &str = "aws-service";

/// S3 and DynamoDB of the own region through a NAT gateway.
pub(super) fn gateway(estate: &Estate<'_>) -> Vec<Advice> {
    let mut found: BTreeMap<Group<'_>, Advice> = BTreeMap::new();
    for (place, line, client, service) in services(estate) {
        if !BY_GATEWAY.contains(&service) {
            continue;
        }
        let group = (client.vpc, &*line.from, service);
        let advice = found.entry(group).or_insert_with(|| {
            let mut advice = Advice::new(
                Kind::GatewayEndpoint,
                &line.from,
                Confidence::High,
                "the route tables of the clients' subnets can take the endpoint's route",
            );
            advice.resource = resource(line, client);
            advice.action = format!("add a gateway endpoint for {service}");
            let listed =
                client.vpc.and_then(|vpc| estate.inventory.gateway_endpoints.get(&(vpc.into(), service.into())));
            if let Some(id) = listed {
                advice.resource = id.to_string();
                advice.action = format!("add the route of {service}'s gateway endpoint to the clients' subnets");
            }
            advice
        });
        advice.remove(place, line);
        advice.bytes += if line.is(Charge::NatProcessing) { line.bytes } else { 0 };
    }
    found.into_values().collect()
}

/// Other services of the own region through a NAT gateway.
pub(super) fn interface(estate: &Estate<'_>) -> Vec<Advice> {
    let mut found: BTreeMap<Group<'_>, (Advice, Zones<'_>)> = BTreeMap::new();
    for (place, line, client, service) in services(estate) {
        let is_excluded = WITHOUT_ENDPOINT.iter().any(|start| service.starts_with(start));
        if is_excluded || BY_GATEWAY.contains(&service) {
            continue;
        }
        let group = (client.vpc, &*line.from, service);
        let (advice, zones) = found.entry(group).or_insert_with(|| {
            let (confidence, assumption) = if service == UNNAMED {
                (Confidence::Low, "all of it is one service: DNS query logs say which")
            } else {
                (Confidence::Medium, "the service has an interface endpoint in the region")
            };
            let mut advice = Advice::new(Kind::InterfaceEndpoint, &line.from, confidence, assumption);
            advice.resource = resource(line, client);
            (advice, BTreeSet::new())
        });
        zones.insert(client.zone);
        advice.remove(place, line);
        if line.is(Charge::NatProcessing) {
            advice.bytes += line.bytes;
            advice.add(Charge::EndpointProcessing, line, (&line.from, ANY));
        }
    }
    let finished = |((_, _, service), (mut advice, zones)): (Group<'_>, (Advice, Zones<'_>))| {
        let count = zones.len();
        let zones_count = human::counted(count as u64, "zone");
        advice.action = format!("add an interface endpoint for {service} in {zones_count}");
        advice.hourly.push((Charge::EndpointHour, i64::try_from(count).unwrap_or(i64::MAX)));
        if zones.contains(&None) {
            advice.confidence = Confidence::Low;
        }
        advice
    };
    found.into_iter().map(finished).collect()
}

/// The VPC to change; where the logs do not name it, the NAT gateway that its clients use, or one of them.
pub(super) fn resource(line: &Line<'_>, client: Side<'_>) -> String {
    client.vpc.or(line.nat).or(client.interface).unwrap_or_default().to_owned()
}

/// Charged lines with a service of the client's region through a NAT gateway: place, line, client, service.
fn services<'e, 'f>(estate: &'e Estate<'f>) -> impl Iterator<Item = (usize, &'e Line<'f>, Side<'f>, &'f str)> {
    estate.lines.iter().enumerate().filter_map(|(place, line)| {
        let (client, service) = line.client().filter(|_| line.path == SERVICE && line.is_via("nat"))?;
        // A range of no region is not served by an endpoint of this one.
        let is_here = service.region.is_some_and(|of| of == &*line.from && region::is_region(of));
        line.charge.filter(|_| is_here)?;
        Some((place, line, client, service.location?))
    })
}
