//! What is used beside the estate's transfers: hours of its resources, services without a network interface, and a VPC
//! that nobody logs, in an account that has other logs. What an hour has is a function of the seed and the hour alone.

use super::meters::{BALANCING, EC2, HUB, Ids, VPC, resource, usage_type};
use super::rates::GB;
use super::{Item, Reason};
use crate::flowgen::estate::interfaces::Interface;
use crate::flowgen::estate::{BILL, DAY_HOURS, Estate, HOUR_SECONDS};
use crate::flowgen::random::Random;
use crate::flowgen::world::Role;

const SHOP: &str = "111122223333";
const DATA: &str = "012345678901";
const US: &str = "us-east-1";
const EU: &str = "eu-west-1";
const S3: &str = "AmazonS3";
const MIB: u64 = 1 << 20;
/// Hours that a month of storage is reckoned as.
const MONTH_HOURS: u64 = 720;
/// What two buckets hold; they do not grow.
const STORED_GB: [u64; 2] = [48_000, 9_000];

/// Item, amount in bytes or hours, and why it is there.
type Used = (Item, u64, Reason);

/// Streams of random numbers beside the one of ids: for each hour, for each day, and for names.
const HOURLY: u64 = BILL + (1 << 32);
const DAILY: u64 = BILL + (2 << 32);
const NAMES: u64 = BILL + (3 << 32);

/// What is used in an hour.
pub(super) fn of_hour(estate: &Estate, ids: &Ids, seed: u64, hour: u32) -> Vec<Used> {
    let mut used = hours(estate, ids, hour);
    let mut random = Random::new(seed, HOURLY + u64::from(hour / HOUR_SECONDS));
    used.extend(services(seed, &mut random, hour));
    used.extend(unlogged(seed, &mut random));
    used.retain(|(_, amount, _)| *amount > 0);
    used
}

fn item(
    (account, product): (&'static str, &'static str),
    from: &'static str,
    (meter, usage, operation): (&'static str, &str, &'static str),
    resource: &str,
) -> Item {
    let (usage_type, resource) = (usage_type(from, usage), resource.to_owned());
    Item { account, product, usage_type, operation, resource, meter, from, to: "", charge: "" }
}

/// Hours of the resources that are there.
fn hours(estate: &Estate, ids: &Ids, hour: u32) -> Vec<Used> {
    let mut used: Vec<Used> = Vec::new();
    for interface in estate.interfaces.iter().filter(|one| one.life.contains(&hour)) {
        let vpc = &estate.network.vpcs[interface.vpc];
        let (account, region) = (vpc.account.id, vpc.region.name);
        let metered = |product, meter| item((account, product), region, meter, &resource(estate, interface));
        let made = match interface.role {
            Role::Instance | Role::Task => metered(EC2, ("box", "BoxUsage:m5.large", "RunInstances")),
            Role::NatGateway => metered(EC2, ("nat-hours", "NatGateway-Hours", "NatGateway")),
            Role::RegionalNatGateway => metered(EC2, ("regional-nat-hours", "RegionalNatGateway-Hours", "NatGateway")),
            Role::Endpoint => metered(VPC, ("endpoint-hours", "VpcEndpoint-Hours", "VpcEndpoint")),
            Role::LoadBalancer => metered(BALANCING, ("balancer-hours", "LoadBalancerUsage", "LoadBalancing:Network")),
            Role::TransitGateway if is_first(estate, interface) => Item {
                resource: ids.transit(region),
                ..metered(VPC, ("transit-hours", "TransitGateway-Hours", "TransitGatewayVPC"))
            },
            Role::TransitGateway => continue,
        };
        used.push((made, 1, Reason::Hours));
    }
    used
}

/// Whether an interface of a transit gateway is the first of its VPC, which has one attachment.
fn is_first(estate: &Estate, interface: &Interface) -> bool {
    let same = |one: &&Interface| one.vpc == interface.vpc && one.role == Role::TransitGateway;
    estate.interfaces.iter().find(same).is_some_and(|first| first.place == interface.place)
}

/// Services that are in no flow log: their egress is in the same pools, and the data set that is published on each day
/// takes those to further tiers.
fn services(seed: u64, random: &mut Random, hour: u32) -> Vec<Used> {
    use Reason::{Free, NoInterface, Other};
    let [media, media_eu, lake] = ["media", "media-eu", "lake"].map(|name| named(seed, name));
    let topic = format!("arn:aws:sns:{US}:{SHOP}:{}", named(seed, "orders"));
    let group = format!("arn:aws:logs:{US}:{HUB}:log-group:{}", named(seed, "flows"));
    let edge = format!("arn:aws:cloudfront::{SHOP}:distribution/{}", named(seed, "E1"));
    let mut within = |least: u64, most: u64| (least + random.below(most - least + 1)) * MIB + random.below(MIB);
    let out =
        |meter, resource: &str, from, of| item(of, from, (meter, "DataTransfer-Out-Bytes", "GetObject"), resource);
    let shop_out = out("internet-egress", &media, US, (SHOP, S3));
    let replicated = Item {
        usage_type: "USE1-EU-AWS-Out-Bytes".to_owned(),
        meter: "inter-region",
        to: EU,
        operation: "PutObjectForRepl",
        ..shop_out.clone()
    };
    let stored =
        |region, of, bucket: &str| item(of, region, ("storage", "TimedStorage-ByteHrs", "StandardStorage"), bucket);
    let near = |usage, meter, operation| item((DATA, S3), US, (meter, usage, operation), &lake);
    let storage = STORED_GB.map(|gb| gb * GB / MONTH_HOURS);
    vec![
        (shop_out, within(2000, 6000) + published(seed, hour), NoInterface),
        (out("internet-egress", &media_eu, EU, (SHOP, S3)), within(500, 1500), NoInterface),
        (
            Item { operation: "DeliveryAttempts-HTTP", ..out("internet-egress", &topic, US, (SHOP, "AmazonSNS")) },
            within(5, 50),
            NoInterface,
        ),
        (
            Item {
                from: "",
                operation: "GET",
                usage_type: "EU-DataTransfer-Out-Bytes".to_owned(),
                ..out("edge-out", &edge, EU, (SHOP, "AmazonCloudFront"))
            },
            within(1000, 4000),
            NoInterface,
        ),
        (replicated, within(100, 900), NoInterface),
        (near("C3DataTransfer-Out-Bytes", "s3-out", "GetObject"), within(9000, 30_000), Free),
        (near("C3DataTransfer-In-Bytes", "s3-in", "PutObject"), within(4000, 9000), Free),
        (
            item((HUB, "AmazonCloudWatch"), US, ("logs", "DataProcessing-Bytes", "PutLogEvents"), &group),
            within(50, 300),
            Other,
        ),
        (stored(US, (DATA, S3), &lake), storage[0], Other),
        (stored(EU, (SHOP, S3), &media_eu), storage[1], Other),
    ]
}

/// What is fetched of the day's data set in an hour: all of it in one.
fn published(seed: u64, hour: u32) -> u64 {
    let hours = hour / HOUR_SECONDS;
    let mut random = Random::new(seed, DAILY + u64::from(hours / DAY_HOURS));
    let at = random.below_small(DAY_HOURS);
    if hours % DAY_HOURS == at { (800 + random.below(800)) * GB } else { 0 }
}

/// A VPC without a flow log that no list has: two servers, and the NAT gateway of others.
fn unlogged(seed: u64, random: &mut Random) -> Vec<Used> {
    let mut names = Random::new(seed, NAMES);
    let mut id = |kind: &str| format!("{kind}-0{}", names.hex(16));
    let (one, other) = (id("i"), id("i"));
    let nat = format!("arn:aws:ec2:{US}:{DATA}:natgateway/{}", id("nat"));
    let mut within = |least: u64, most: u64| (least + random.below(most - least + 1)) * MIB + random.below(MIB);
    let made = |resource: &str, charge, meter, usage, operation| Item {
        charge,
        ..item((DATA, EC2), US, (meter, usage, operation), resource)
    };
    let out =
        |resource: &str| made(resource, "internet-egress", "internet-egress", "DataTransfer-Out-Bytes", "RunInstances");
    let zone = |resource: &str, charge, operation| {
        made(resource, charge, "regional", "DataTransfer-Regional-Bytes", operation)
    };
    let (sent, received, across, direct) = (within(300, 900), within(100, 2000), within(200, 3000), within(20, 200));
    let boxed = |resource: &str| made(resource, "", "box", "BoxUsage:m5.large", "RunInstances");
    vec![
        (out(&nat), sent, Reason::Unlogged),
        (made(&nat, "", "in", "DataTransfer-In-Bytes", "RunInstances"), received, Reason::Free),
        (made(&nat, "nat-processing", "nat", "NatGateway-Bytes", "NatGateway"), sent + received, Reason::Unlogged),
        (made(&nat, "", "nat-hours", "NatGateway-Hours", "NatGateway"), 1, Reason::Hours),
        (out(&one), direct, Reason::Unlogged),
        (zone(&one, "inter-zone-out", "InterZone-Out"), across, Reason::Unlogged),
        (zone(&other, "inter-zone-in", "InterZone-In"), across, Reason::Unlogged),
        (boxed(&one), 1, Reason::Hours),
        (boxed(&other), 1, Reason::Hours),
    ]
}

/// A name with an ending of the seed's.
fn named(seed: u64, name: &str) -> String {
    format!("estate-{name}-{}", Random::new(seed, NAMES).hex(6))
}
