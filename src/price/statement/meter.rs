//! What a usage type of a bill meters: its codes of Regions, and whether flow logs can show it.
//!
//! Usage types are read by a table of codes and a list of meters, not by a pattern: `USE2-AWS-Out-Bytes` has one Region,
//! `EU-DataTransfer-Out-Bytes` is Ireland's or CloudFront's, by the product. What stands in no list is shown as unknown
//! with its dollars, never dropped. Source: AWS's billing codes ("Understanding your data transfer charges" of the Cost
//! and Usage Report's guide) and public queries over such reports.

use crate::schema::charge::Charge;
use crate::schema::{edge, region};

/// What a line of usage is, for a comparison with flow logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Meter {
    /// Bytes that flow logs show, and a charge.
    Charged(Family),
    /// Bytes that cost nothing: what comes in, what stays in a zone, traffic between zones that AWS does not charge.
    Free,
    /// Transfer of a service that never appears in flow logs.
    NoInterface,
    /// Hours of gateways, endpoints and public addresses.
    Hours,
    /// Transfer that is in no list.
    Unknown,
    /// No transfer.
    Other,
}

/// Charges that a bill has apart and that are compared with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// To the internet.
    Internet,
    /// The same through a VPN, under the VPN's own id.
    Vpn,
    /// Between two Regions.
    InterRegion,
    /// Between two Regions over a peering: the bill does not say to which.
    PeeringRegion,
    /// Between zones, out.
    ZoneOut,
    /// Between zones, in.
    ZoneIn,
    /// Between a Local Zone and another zone, out.
    LocalZoneOut,
    /// Between a Local Zone and another zone, in.
    LocalZoneIn,
    /// Over public addresses, out.
    PublicOut,
    /// Over public addresses, in.
    PublicIn,
    /// Any of the six before, where the bill has no operation.
    Regional,
    /// Between zones over a peering, out.
    PeeringOut,
    /// Between zones over a peering, in.
    PeeringIn,
    /// Processing of NAT gateways.
    Nat,
    /// Into a transit gateway.
    TransitGateway,
    /// Through an interface endpoint.
    Endpoint,
    /// Through an endpoint of a gateway load balancer.
    GwlbEndpoint,
    /// Out by Direct Connect.
    DirectConnect,
}

impl Family {
    /// The family of a charge of ours.
    #[must_use]
    pub fn of_charge(charge: Charge, path: Option<&str>, has_operations: bool) -> Option<Self> {
        let family = match charge {
            Charge::InternetEgress if path == Some(ON_PREMISES) => Self::Vpn,
            Charge::InternetEgress => Self::Internet,
            Charge::InterRegion if path == Some(PEERING) => Self::PeeringRegion,
            Charge::InterRegion => Self::InterRegion,
            Charge::InterZoneOut => Self::ZoneOut,
            Charge::InterZoneIn => Self::ZoneIn,
            Charge::LocalZoneOut => Self::LocalZoneOut,
            Charge::LocalZoneIn => Self::LocalZoneIn,
            Charge::PublicAddressOut => Self::PublicOut,
            Charge::PublicAddressIn => Self::PublicIn,
            Charge::PeeringZoneOut => Self::PeeringOut,
            Charge::PeeringZoneIn => Self::PeeringIn,
            Charge::NatProcessing => Self::Nat,
            Charge::TransitGateway => Self::TransitGateway,
            Charge::EndpointProcessing => Self::Endpoint,
            Charge::GwlbEndpointProcessing => Self::GwlbEndpoint,
            Charge::DirectConnect => Self::DirectConnect,
            Charge::InternetEgressFree
            | Charge::NatHour
            | Charge::NatProvisionedHour
            | Charge::EndpointHour
            | Charge::TransitGatewayHour
            | Charge::PublicAddressHour => return None,
        };
        Some(if has_operations { family } else { family.without_operation() })
    }

    /// The family where a bill has no operations, so that what stays in a Region is one.
    #[must_use]
    pub fn without_operation(self) -> Self {
        match self {
            Self::ZoneOut | Self::ZoneIn | Self::PublicOut | Self::PublicIn => Self::Regional,
            Self::LocalZoneOut | Self::LocalZoneIn => Self::Regional,
            family => family,
        }
    }

    /// The charge whose prices it has.
    #[must_use]
    pub fn charge(self) -> Charge {
        match self {
            Self::Internet | Self::Vpn => Charge::InternetEgress,
            Self::InterRegion | Self::PeeringRegion => Charge::InterRegion,
            Self::ZoneOut | Self::Regional => Charge::InterZoneOut,
            Self::ZoneIn => Charge::InterZoneIn,
            Self::LocalZoneOut => Charge::LocalZoneOut,
            Self::LocalZoneIn => Charge::LocalZoneIn,
            Self::PublicOut => Charge::PublicAddressOut,
            Self::PublicIn => Charge::PublicAddressIn,
            Self::PeeringOut => Charge::PeeringZoneOut,
            Self::PeeringIn => Charge::PeeringZoneIn,
            Self::Nat => Charge::NatProcessing,
            Self::TransitGateway => Charge::TransitGateway,
            Self::Endpoint => Charge::EndpointProcessing,
            Self::GwlbEndpoint => Charge::GwlbEndpointProcessing,
            Self::DirectConnect => Charge::DirectConnect,
        }
    }

    /// Whether the other side tells its usage types apart.
    #[must_use]
    pub fn has_other_side(self) -> bool {
        matches!(self, Self::InterRegion | Self::DirectConnect)
    }

    /// Whether a bill's id of the resource is one that logs know. Bills have a gateway or its attachment, a VPN or a
    /// connection there, which flow logs do not name.
    #[must_use]
    pub fn has_resource(self) -> bool {
        !matches!(self, Self::Vpn | Self::TransitGateway | Self::DirectConnect)
    }
}

/// A usage type, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metered<'a> {
    /// What it is.
    pub meter: Meter,
    /// The Region, or the group of a Local or Wavelength Zone, if its code is known.
    pub from: Option<&'static str>,
    /// The other side: a Region, a place of Direct Connect, or a code that is not known.
    pub to: Option<&'a str>,
}

/// The path of traffic with a site of the company.
const ON_PREMISES: &str = "on-premises";
/// The path of traffic between Regions over a peering.
const PEERING: &str = "peering-cross-region";
/// The operation of rows that a VPN causes.
const VPN: &str = "CreateVpnConnection";
/// How a VPN's id begins.
const VPN_ID: &str = "vpn-";
/// The product code of CloudFront, whose edges have the codes of continents.
const CLOUDFRONT: [&str; 2] = ["AmazonCloudFront", "Amazon CloudFront"];

/// What a meter's bytes are, as far as the meter says it.
#[derive(Clone, Copy)]
enum Kind {
    Is(Meter),
    /// Egress to the internet, or by a VPN.
    Egress,
    /// By the number of codes: a pair of Regions, or one, over a peering.
    Regions,
    /// By the operation.
    Regional,
}

/// How usage types end, the longer ones first where one ends as another.
#[rustfmt::skip]
const METERS: [(&str, Kind); 39] = [
    ("DataTransfer-Out-Bytes", Kind::Egress),
    ("DataTransfer-In-Bytes", Kind::Is(Meter::Free)),
    ("DataTransfer-Out-OBytes", Kind::Is(Meter::NoInterface)),
    ("DataTransfer-Regional-Bytes", Kind::Regional),
    ("DataTransfer-xAZ-In-Bytes", Kind::Is(Meter::Free)),
    ("DataTransfer-xAZ-Out-Bytes", Kind::Is(Meter::Free)),
    ("DataTransfer-AZ-In-Bytes", Kind::Is(Meter::Free)),
    ("DataTransfer-AZ-Out-Bytes", Kind::Is(Meter::Free)),
    ("AWS-In-Bytes", Kind::Is(Meter::Free)),
    ("AWS-Out-Bytes", Kind::Regions),
    ("VpcPeering-In-Bytes", Kind::Is(Meter::Charged(Family::PeeringIn))),
    ("VpcPeering-Out-Bytes", Kind::Is(Meter::Charged(Family::PeeringOut))),
    ("RegionalNatGateway-Bytes", Kind::Is(Meter::Charged(Family::Nat))),
    ("NatGateway-Prvd-Bytes", Kind::Is(Meter::Charged(Family::Nat))),
    ("NatGateway-Bytes", Kind::Is(Meter::Charged(Family::Nat))),
    ("TransitGateway-Bytes", Kind::Is(Meter::Charged(Family::TransitGateway))),
    ("TGW-Multicast-Consumer-Bytes", Kind::Is(Meter::NoInterface)),
    ("VpcEndpoint-Bytes", Kind::Is(Meter::Charged(Family::Endpoint))),
    ("VpcEndpoint-GWLBE-Bytes", Kind::Is(Meter::Charged(Family::GwlbEndpoint))),
    ("DataXfer-Out", Kind::Is(Meter::Charged(Family::DirectConnect))),
    ("DataXfer-Out:dc.1", Kind::Is(Meter::Charged(Family::DirectConnect))),
    ("DataXfer-Out:dc.3", Kind::Is(Meter::Charged(Family::DirectConnect))),
    ("DataXfer-Out-Bytes:dc.1", Kind::Is(Meter::Charged(Family::DirectConnect))),
    ("DataXfer-In", Kind::Is(Meter::Free)),
    ("DataXfer-In:dc.1", Kind::Is(Meter::Free)),
    ("DataXfer-In:dc.3", Kind::Is(Meter::Free)),
    ("DataXfer-In-Bytes:dc.1", Kind::Is(Meter::Free)),
    ("CloudFront-In-Bytes", Kind::Is(Meter::Free)),
    ("CloudFront-Out-Bytes", Kind::Is(Meter::Free)),
    ("C3DataTransfer-In-Bytes", Kind::Is(Meter::NoInterface)),
    ("C3DataTransfer-Out-Bytes", Kind::Is(Meter::NoInterface)),
    ("DataProcessing-Bytes", Kind::Is(Meter::NoInterface)),
    ("Bytes-Internet", Kind::Is(Meter::NoInterface)),
    ("Bytes-AWS", Kind::Is(Meter::NoInterface)),
    ("NatGateway-Hours", Kind::Is(Meter::Hours)),
    ("NatGateway-Prvd-Gbps", Kind::Is(Meter::Hours)),
    ("VpcEndpoint-Hours", Kind::Is(Meter::Hours)),
    ("TransitGateway-Hours", Kind::Is(Meter::Hours)),
    ("VPN-Usage-Hours:ipsec.1", Kind::Is(Meter::Hours)),
];

/// Words of usage types that no flow log has: acceleration, replication, public addresses by the hour.
const PARTS: [(&str, Meter); 4] = [
    ("-ABytes", Meter::NoInterface),
    ("S3RTC-", Meter::NoInterface),
    ("PublicIPv4:", Meter::Hours),
    ("NatGateway-Hours", Meter::Hours),
];

/// Products whose transfer passes no network interface of the customer's, by their codes and by the names that FOCUS has.
const WITHOUT_INTERFACE: [&str; 46] = [
    "AWSAmplify",
    "AWSAppSync",
    "AWSCodeArtifact",
    "AWSEvents",
    "AWSGlobalAccelerator",
    "AWSIoT",
    "AWSLambda",
    "AWSQueueService",
    "AWSSecretsManager",
    "AWSTransfer",
    "AmazonApiGateway",
    "AmazonCloudFront",
    "AmazonCloudWatch",
    "AmazonCognito",
    "AmazonDynamoDB",
    "AmazonECR",
    "AmazonECRPublic",
    "AmazonGlacier",
    "AmazonKinesis",
    "AmazonKinesisFirehose",
    "AmazonLightsail",
    "AmazonPolly",
    "AmazonS3",
    "AmazonSES",
    "AmazonSNS",
    "AmazonStates",
    "awskms",
    "AWS Amplify",
    "AWS AppSync",
    "AWS CodeArtifact",
    "AWS Global Accelerator",
    "AWS IoT",
    "AWS Lambda",
    "AWS Secrets Manager",
    "AWS Transfer Family",
    "Amazon API Gateway",
    "Amazon CloudFront",
    "Amazon DynamoDB",
    "Amazon EC2 Container Registry (ECR)",
    "Amazon Kinesis",
    "Amazon Kinesis Firehose",
    "Amazon Simple Email Service",
    "Amazon Simple Notification Service",
    "Amazon Simple Queue Service",
    "Amazon Simple Storage Service",
    "AmazonCloudWatchLogs",
];

/// Reads a usage type; `operation`, `product` and `resource` are what stands beside it.
#[must_use]
pub fn metered<'a>(usage_type: &'a str, operation: &str, product: &str, resource: &str) -> Metered<'a> {
    let ends = |meter: &str| {
        let codes = usage_type.strip_suffix(meter)?;
        (codes.is_empty() || codes.ends_with('-')).then(|| codes.trim_end_matches('-'))
    };
    let found = METERS.iter().filter_map(|(meter, kind)| Some((ends(meter)?, meter.len(), *kind)));
    let Some((codes, _, kind)) = found.max_by_key(|(_, length, _)| *length) else {
        return Metered { meter: unlisted(usage_type), from: None, to: None };
    };
    if usage_type.ends_with("DataProcessing-Bytes") && WITHOUT_INTERFACE.contains(&product) {
        // What CloudWatch takes in is no transfer; a load balancer's is.
        return Metered { meter: Meter::Other, from: None, to: None };
    }
    let is_edge = CLOUDFRONT.contains(&product);
    let codes: Vec<&str> = codes.split('-').filter(|code| !code.is_empty()).collect();
    let first = codes.first().and_then(|code| region::of_code(code));
    let (from, to) = match codes.as_slice() {
        [] => (Some(region::without_prefix()), None),
        // The place of a connection stands alone, or behind the Region's code.
        [place] if first.is_none() => (None, Some(*place)),
        [_] => (first, None),
        [_, other, ..] => (first, Some(region::of_code(other).unwrap_or(other))),
    };
    let meter = match kind {
        _ if is_edge || WITHOUT_INTERFACE.contains(&product) => match kind {
            Kind::Is(meter @ (Meter::Free | Meter::Hours)) => meter,
            _ => Meter::NoInterface,
        },
        Kind::Is(meter) => meter,
        Kind::Egress if operation == VPN || resource.starts_with(VPN_ID) => Meter::Charged(Family::Vpn),
        Kind::Egress => Meter::Charged(Family::Internet),
        Kind::Regions if to.is_some() => Meter::Charged(Family::InterRegion),
        Kind::Regions => Meter::Charged(Family::PeeringRegion),
        Kind::Regional => regional(operation, from.is_some_and(|from| edge::parent(from).is_some())),
    };
    match meter {
        // A code that no list here has, a new zone's for one: nothing says of which Region it is.
        Meter::Charged(family) if family != Family::DirectConnect && from.is_none() => {
            Metered { meter: Meter::Unknown, from, to }
        }
        // A second code of a charge without another side is that of a zone, and the place that is charged.
        Meter::Charged(family) if to.is_some() && !family.has_other_side() => match codes.as_slice() {
            [_, code, ..] if let Some(zone) = edge::of_code(code) => Metered { meter, from: Some(zone), to: None },
            _ => Metered { meter: Meter::Unknown, from, to },
        },
        meter => Metered { meter, from, to },
    }
}

/// What stays in a Region, by its operation: `InterZone-Out`, `PublicIP-In`, `LoadBalancing-NLB-PublicIP-Out`…
fn regional(operation: &str, is_of_zone: bool) -> Meter {
    const OPERATIONS: [(&str, Family); 4] = [
        ("InterZone-Out", Family::ZoneOut),
        ("InterZone-In", Family::ZoneIn),
        ("PublicIP-Out", Family::PublicOut),
        ("PublicIP-In", Family::PublicIn),
    ];
    let known = OPERATIONS.iter().find(|(end, _)| operation.ends_with(end));
    Meter::Charged(match known.map_or(Family::Regional, |(_, family)| *family) {
        Family::ZoneOut if is_of_zone => Family::LocalZoneOut,
        Family::ZoneIn if is_of_zone => Family::LocalZoneIn,
        family => family,
    })
}

/// What a usage type of no listed meter is.
fn unlisted(usage_type: &str) -> Meter {
    if let Some((_, meter)) = PARTS.iter().find(|(part, _)| usage_type.contains(part)) {
        return *meter;
    }
    let is_transfer = usage_type.contains("Bytes") || usage_type.contains("DataXfer");
    if is_transfer { Meter::Unknown } else { Meter::Other }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(usage_type: &str) -> (Meter, Option<&'static str>, Option<&str>) {
        let Metered { meter, from, to } = metered(usage_type, "", "AmazonEC2", "");
        (meter, from, to)
    }

    #[test]
    fn usage_types_are_read_by_codes_and_not_by_a_pattern() {
        let charged = |family| Meter::Charged(family);
        for (usage_type, meter, from, to) in [
            ("DataTransfer-Out-Bytes", charged(Family::Internet), Some("us-east-1"), None),
            ("EU-DataTransfer-Out-Bytes", charged(Family::Internet), Some("eu-west-1"), None),
            ("USE2-AWS-Out-Bytes", charged(Family::PeeringRegion), Some("us-east-2"), None),
            ("USE1-APS3-AWS-Out-Bytes", charged(Family::InterRegion), Some("us-east-1"), Some("ap-south-1")),
            ("AFS1-LAX1-AWS-Out-Bytes", charged(Family::InterRegion), Some("af-south-1"), Some("us-west-2-lax-1")),
            (
                "USE1WL1ATL1-CAN1-AWS-Out-Bytes",
                charged(Family::InterRegion),
                Some("us-east-1-wl1-atl-wlz-1"),
                Some("ca-central-1"),
            ),
            ("LAX1-DataTransfer-Out-Bytes", charged(Family::Internet), Some("us-west-2-lax-1"), None),
            ("USW2-LAX1-DataTransfer-Out-Bytes", charged(Family::Internet), Some("us-west-2-lax-1"), None),
            ("USW2-XYZ9-DataTransfer-Out-Bytes", Meter::Unknown, Some("us-west-2"), Some("XYZ9")),
            ("USE1-EU-AWS-In-Bytes", Meter::Free, Some("us-east-1"), Some("eu-west-1")),
            ("EUC1-DataTransfer-xAZ-Out-Bytes", Meter::Free, Some("eu-central-1"), None),
            ("NatGateway-Bytes", charged(Family::Nat), Some("us-east-1"), None),
            ("USE1-RegionalNatGateway-Bytes", charged(Family::Nat), Some("us-east-1"), None),
            ("EU-NatGateway-Prvd-Bytes", charged(Family::Nat), Some("eu-west-1"), None),
            ("EUW2-VpcEndpoint-Bytes", charged(Family::Endpoint), Some("eu-west-2"), None),
            ("EUW2-VpcEndpoint-GWLBE-Bytes", charged(Family::GwlbEndpoint), Some("eu-west-2"), None),
            ("EqDC2-DataXfer-Out:dc.3", charged(Family::DirectConnect), None, Some("EqDC2")),
            ("USW2-EqSe2-DataXfer-Out", charged(Family::DirectConnect), Some("us-west-2"), Some("EqSe2")),
            ("USE1-NatGateway-Hours", Meter::Hours, Some("us-east-1"), None),
            ("USE1-PublicIPv4:InUseAddress", Meter::Hours, None, None),
            ("EU-AWS-Out-ABytes-T1", Meter::NoInterface, None, None),
            ("NA-EU-OUT-Bytes-Internet", Meter::NoInterface, None, Some("eu-west-1")),
            ("USE1-BoxUsage:m5.large", Meter::Other, None, None),
            ("USE1-TimedStorage-ByteHrs", Meter::Other, None, None),
            ("XYZ9-DataTransfer-Out-Bytes", Meter::Unknown, None, Some("XYZ9")),
            ("XYZ9-DataTransfer-In-Bytes", Meter::Free, None, Some("XYZ9")),
            ("USE1-SomeNew-Out-Bytes", Meter::Unknown, None, None),
        ] {
            assert_eq!(of(usage_type), (meter, from, to), "{usage_type}");
        }
    }

    #[test]
    fn the_product_decides_what_has_no_interface() {
        let meter = |product: &str, usage_type| metered(usage_type, "", product, "").meter;
        assert_eq!(meter("AmazonCloudFront", "EU-DataTransfer-Out-Bytes"), Meter::NoInterface);
        assert_eq!(meter("AmazonS3", "DataTransfer-Out-Bytes"), Meter::NoInterface);
        assert_eq!(meter("Amazon Simple Storage Service", "USE1-EU-AWS-Out-Bytes"), Meter::NoInterface);
        assert_eq!(meter("AmazonS3", "DataTransfer-In-Bytes"), Meter::Free);
        assert_eq!(meter("AWSELB", "DataTransfer-Out-Bytes"), Meter::Charged(Family::Internet));
    }

    #[test]
    fn the_operation_decides_what_stays_in_a_region() {
        let family = |operation| metered("EU-DataTransfer-Regional-Bytes", operation, "AmazonEC2", "").meter;
        for (operation, expected) in [
            ("InterZone-Out", Family::ZoneOut),
            ("InterZone-In", Family::ZoneIn),
            ("PublicIP-In", Family::PublicIn),
            ("LoadBalancing-NLB-PublicIP-Out", Family::PublicOut),
            ("", Family::Regional),
            ("RunInstances", Family::Regional),
        ] {
            assert_eq!(family(operation), Meter::Charged(expected), "{operation}");
        }
        let zone = metered("LAX1-DataTransfer-Regional-Bytes", "InterZone-In", "AmazonEC2", "");
        assert_eq!((zone.meter, zone.from), (Meter::Charged(Family::LocalZoneIn), Some("us-west-2-lax-1")));
    }

    #[test]
    fn egress_by_a_vpn_has_the_vpns_id() {
        let meter = |operation, resource| metered("DataTransfer-Out-Bytes", operation, "AmazonVPC", resource).meter;
        assert_eq!(meter("CreateVpnConnection", ""), Meter::Charged(Family::Vpn));
        assert_eq!(meter("RunInstances", "vpn-1"), Meter::Charged(Family::Vpn));
    }

    #[test]
    fn every_charge_has_a_family_with_its_own_prices() {
        for charge in Charge::names().filter_map(Charge::of_name) {
            let Some(family) = Family::of_charge(charge, None, true) else { continue };
            assert_eq!(family.charge(), charge);
        }
        assert_eq!(Family::of_charge(Charge::InternetEgress, Some("on-premises"), true), Some(Family::Vpn));
        assert_eq!(
            Family::of_charge(Charge::InterRegion, Some("peering-cross-region"), true),
            Some(Family::PeeringRegion)
        );
        assert_eq!(Family::of_charge(Charge::InterZoneIn, None, false), Some(Family::Regional));
    }
}
