//! Classifies a product of a price list: the charge and locations of its usage type, or why it is ignored.
//!
//! Usage types decide. Descriptions, transfer types and locations are informal, and rows that differ only in their
//! usage type have other prices: accelerated transfer, traffic between zones inside a service at zero, hours of a NAT
//! gateway at the same rate as its bytes.

use std::fmt;

use crate::schema::charge::{ANY, Charge, INTERNET, SAME};
use crate::schema::{edge, region};

/// The relevant attributes of a product in a price list; empty if absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Product {
    pub(super) sku: String,
    pub(super) usage_type: String,
    pub(super) operation: String,
    pub(super) region: String,
    pub(super) from_region: String,
    pub(super) from_location: String,
    pub(super) from_location_type: String,
    pub(super) to_region: String,
    pub(super) to_location: String,
    pub(super) to_location_type: String,
}

/// What a product prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Meter {
    /// The charges; two where one meter is for both halves.
    pub(super) charges: &'static [Charge],
    pub(super) from: String,
    pub(super) to: String,
}

/// Why a row of a price list is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It prices something that flow logs do not show.
    OtherMeter,
    /// Transfer over S3 Transfer Acceleration, priced beside the plain one.
    Accelerated,
    /// Transfer between zones inside a service, at no charge.
    InsideService,
    /// Another kind of NAT gateway meter: regional, or provisioned bandwidth.
    OtherNat,
    /// A transit gateway attachment that is no VPC's.
    OtherAttachment,
    /// A peering between regions, which the pairs of regions price.
    RegionPeering,
    /// A multi-region access point.
    AccessPoint,
    /// A zone that is not known or whose meter is not, or an edge location.
    Zone,
    /// A free part without a size, or at a price.
    FreeTier,
    /// A term other than on demand.
    Term,
    /// A unit other than GB, or hours of a price by the hour.
    Unit,
    /// A price by the hour that depends on the number of hours.
    HourTiers,
    /// A currency other than USD.
    Currency,
    /// The same price as another row gives.
    Repeated,
    /// A prefix or region that is not known here.
    UnknownRegion,
    /// The usage type belongs to another region than the row.
    Contradiction,
    /// A price, tier or date that cannot be read.
    Malformed,
    /// Two rows that give the same bytes other prices, or tiers with a gap.
    Conflict,
}

impl Reason {
    /// Whether the table misses a required price.
    #[must_use]
    pub fn is_damage(self) -> bool {
        matches!(self, Self::Malformed | Self::Conflict)
    }

    /// Whether the table may miss a required price.
    #[must_use]
    pub fn is_doubtful(self) -> bool {
        self.is_damage() || matches!(self, Self::UnknownRegion | Self::Contradiction)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherMeter => "another meter",
            Self::Accelerated => "accelerated transfer",
            Self::InsideService => "between zones inside a service",
            Self::OtherNat => "regional NAT gateway or provisioned bandwidth",
            Self::OtherAttachment => "transit gateway attachment that is no VPC's",
            Self::RegionPeering => "peering between regions without its pair",
            Self::AccessPoint => "multi-region access point",
            Self::Zone => "zone that is not known, or edge",
            Self::FreeTier => "free tier without a size",
            Self::Term => "term other than on demand",
            Self::Unit => "another unit",
            Self::HourTiers => "price by the hour with tiers",
            Self::Currency => "currency other than USD",
            Self::Repeated => "the same price again",
            Self::UnknownRegion => "unknown region",
            Self::Contradiction => "usage type and region contradict each other",
            Self::Malformed => "price, tier or date that cannot be read",
            Self::Conflict => "contradicting prices or a gap between tiers",
        })
    }
}

/// The usage types of ours without their prefixes, and the charges they price.
const METERS: [(&str, &[Charge]); 14] = [
    ("DataTransfer-Out-Bytes", &[Charge::InternetEgress]),
    ("AWS-Out-Bytes", &[Charge::InterRegion]),
    ("DataTransfer-Regional-Bytes", &[Charge::InterZoneOut, Charge::InterZoneIn]),
    ("VpcPeering-Out-Bytes", &[Charge::PeeringZoneOut]),
    ("VpcPeering-In-Bytes", &[Charge::PeeringZoneIn]),
    ("NatGateway-Bytes", &[Charge::NatProcessing]),
    ("TransitGateway-Bytes", &[Charge::TransitGateway]),
    ("VpcEndpoint-Bytes", &[Charge::EndpointProcessing]),
    ("VpcEndpoint-GWLBE-Bytes", &[Charge::GwlbEndpointProcessing]),
    ("NatGateway-Hours", &[Charge::NatHour]),
    ("NatGateway-Prvd-Gbps", &[Charge::NatProvisionedHour]),
    ("VpcEndpoint-Hours", &[Charge::EndpointHour]),
    ("TransitGateway-Hours", &[Charge::TransitGatewayHour]),
    ("PublicIPv4:InUseAddress", &[Charge::PublicAddressHour]),
];
/// What transfer inside a Region is where it is a Local Zone's.
const LOCAL_ZONE: &[Charge] = &[Charge::LocalZoneOut, Charge::LocalZoneIn];
/// What transit gateway rows of a VPC's attachment say; the others share their usage type.
const VPC_ATTACHMENT: &str = "TransitGatewayVPC";
/// Where the global free tier's row is from.
const GLOBAL: &str = "Global";
/// What price lists call the internet.
const EXTERNAL: &str = "External";
/// The kinds of places that prices are of: whole regions, and zones.
const REGION_TYPE: &str = "AWS Region";
const ZONE_TYPES: [&str; 2] = ["AWS Local Zone", "AWS Wavelength Zone"];

impl Product {
    /// The charge of a product, or why it is ignored.
    pub(super) fn meter(&self) -> Result<Meter, Reason> {
        let usage = self.usage_type.as_str();
        let Some((prefixes, charges)) = METERS.iter().find_map(|(meter, charges)| {
            let prefix = usage.strip_suffix(meter)?;
            (prefix.is_empty() || prefix.ends_with('-')).then_some((prefix.trim_end_matches('-'), *charges))
        }) else {
            return Err(decoy(usage));
        };
        let charge = charges[0];
        if charge == Charge::InternetEgress && (prefixes == GLOBAL || self.from_location == GLOBAL) {
            let free = &[Charge::InternetEgressFree];
            return Ok(Meter { charges: free, from: ANY.to_owned(), to: INTERNET.to_owned() });
        }
        let is_zone = |kind: &str| ZONE_TYPES.contains(&kind);
        let is_place = |kind: &str| kind.is_empty() || kind == REGION_TYPE || is_zone(kind);
        let is_external = self.to_location == EXTERNAL;
        if !is_place(&self.from_location_type) || !(is_place(&self.to_location_type) || is_external) {
            return Err(Reason::Zone);
        }
        let is_attached = matches!(charge, Charge::TransitGateway | Charge::TransitGatewayHour);
        if is_attached && !matches!(self.operation.as_str(), "" | VPC_ATTACHMENT) {
            return Err(Reason::OtherAttachment);
        }
        let codes: Vec<&str> = prefixes.split('-').filter(|code| !code.is_empty()).collect();
        let of = |code: &str| region::of_code(code).ok_or(Reason::UnknownRegion);
        let (from, to) = match (charge, codes.as_slice()) {
            (Charge::InterRegion, _) if is_external => return Err(Reason::AccessPoint),
            (Charge::InterRegion, [from, to]) => (of(from)?, of(to)?),
            (Charge::InterRegion, _) => return Err(Reason::RegionPeering),
            (_, []) => (region::without_prefix(), other_side(charge)),
            (_, [from]) => (of(from)?, other_side(charge)),
            // Of a Region and a zone of it, the zone.
            (_, [_, zone]) if let Some(zone) = edge::of_code(zone) => (zone, other_side(charge)),
            _ => return Err(Reason::OtherMeter),
        };
        // Codes of zones that are not known here may be read as those of something else.
        let is_lost = |kind: &str, place: &str| is_zone(kind) && edge::parent(place).is_none();
        if is_lost(&self.from_location_type, from) || is_lost(&self.to_location_type, to) && to != SAME {
            return Err(Reason::Zone);
        }
        self.agrees(charge, from, to)?;
        let charges = match (charge, edge::parent(from)) {
            (Charge::InterZoneOut, Some(_)) if edge::is_wavelength(from) => return Err(Reason::Zone),
            (Charge::InterZoneOut, Some(_)) => LOCAL_ZONE,
            _ => charges,
        };
        if charge == Charge::InternetEgress && !self.to_location.is_empty() && !is_external {
            return Err(Reason::OtherMeter);
        }
        Ok(Meter { charges, from: from.to_owned(), to: to.to_owned() })
    }

    /// Whether the row's own regions are those of its usage type. A row that has a region it comes from is judged by
    /// that: regional files of AWSDataTransfer repeat rows of other regions under their own region code.
    fn agrees(&self, charge: Charge, from: &str, to: &str) -> Result<(), Reason> {
        let own = if self.from_region.is_empty() { &self.region } else { &self.from_region };
        let other = if charge == Charge::InterRegion { self.to_region.as_str() } else { "" };
        let fits = |said: &str, meant: &str| said.is_empty() || said == meant || Some(said) == edge::parent(meant);
        if fits(own, from) && fits(other, to) { Ok(()) } else { Err(Reason::Contradiction) }
    }
}

fn other_side(charge: Charge) -> &'static str {
    match charge {
        Charge::InternetEgress => INTERNET,
        Charge::InterZoneOut | Charge::PeeringZoneOut | Charge::PeeringZoneIn => SAME,
        _ => ANY,
    }
}

/// Why an ignored usage type is reported separately.
fn decoy(usage: &str) -> Reason {
    let has = |part: &str| usage.contains(part);
    match usage {
        _ if has("-ABytes") => Reason::Accelerated,
        _ if has("-xAZ-") => Reason::InsideService,
        _ if has("RegionalNatGateway-") || has("NatGateway-Prvd-") => Reason::OtherNat,
        _ if has("MRAP") => Reason::AccessPoint,
        _ => Reason::OtherMeter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(usage_type: &str) -> Product {
        Product { usage_type: usage_type.to_owned(), ..Product::default() }
    }

    fn priced(product: &Product) -> (&'static str, String, String) {
        let meter = product.meter().unwrap();
        (meter.charges[0].name(), meter.from, meter.to)
    }

    #[test]
    fn usage_types_of_ours_are_reported_with_and_without_a_prefix() {
        for (usage, charge, from, to) in [
            ("DataTransfer-Out-Bytes", "internet-egress", "us-east-1", "internet"),
            ("USE1-DataTransfer-Out-Bytes", "internet-egress", "us-east-1", "internet"),
            ("EU-DataTransfer-Out-Bytes", "internet-egress", "eu-west-1", "internet"),
            ("USE1-EU-AWS-Out-Bytes", "inter-region", "us-east-1", "eu-west-1"),
            ("APS1-APS3-AWS-Out-Bytes", "inter-region", "ap-southeast-1", "ap-south-1"),
            ("EUC1-DataTransfer-Regional-Bytes", "inter-zone-out", "eu-central-1", "same"),
            ("USW2-VpcPeering-In-Bytes", "peering-zone-in", "us-west-2", "same"),
            ("EUW2-NatGateway-Bytes", "nat-processing", "eu-west-2", "any"),
            ("TransitGateway-Bytes", "transit-gateway", "us-east-1", "any"),
            ("APN1-VpcEndpoint-Bytes", "endpoint-processing", "ap-northeast-1", "any"),
            ("EU-VpcEndpoint-GWLBE-Bytes", "gwlb-endpoint-processing", "eu-west-1", "any"),
            ("EU-NatGateway-Hours", "nat-hour", "eu-west-1", "any"),
            ("NatGateway-Prvd-Gbps", "nat-provisioned-gbps-hour", "us-east-1", "any"),
            ("USW2-VpcEndpoint-Hours", "endpoint-hour", "us-west-2", "any"),
            ("TransitGateway-Hours", "transit-gateway-attachment-hour", "us-east-1", "any"),
            ("USE1-PublicIPv4:InUseAddress", "public-ipv4-hour", "us-east-1", "any"),
            ("LAX1-NatGateway-Hours", "nat-hour", "us-west-2-lax-1", "any"),
            ("LAX1-DataTransfer-Out-Bytes", "internet-egress", "us-west-2-lax-1", "internet"),
            ("USW2-LAX1-DataTransfer-Out-Bytes", "internet-egress", "us-west-2-lax-1", "internet"),
            ("LAX1-DataTransfer-Regional-Bytes", "local-zone-out", "us-west-2-lax-1", "same"),
            ("USE1WL1ATL1-CAN1-AWS-Out-Bytes", "inter-region", "us-east-1-wl1-atl-wlz-1", "ca-central-1"),
        ] {
            assert_eq!(priced(&of(usage)), (charge, from.to_owned(), to.to_owned()), "{usage}");
        }
        assert_eq!(of("DataTransfer-Regional-Bytes").meter().unwrap().charges.len(), 2, "both halves");
    }

    #[test]
    fn neighbours_of_another_meaning_are_not_taken() {
        for (usage, reason) in [
            ("EUC1-AWS-Out-ABytes", Reason::Accelerated),
            ("EU-DataTransfer-Out-ABytes-T1", Reason::Accelerated),
            ("USE1-DataTransfer-xAZ-Out-Bytes", Reason::InsideService),
            ("EU-RegionalNatGateway-Bytes", Reason::OtherNat),
            ("NatGateway-Prvd-Bytes", Reason::OtherNat),
            ("EU-RegionalNatGateway-Hours", Reason::OtherNat),
            ("USE1-PublicIPv4:IdleAddress", Reason::OtherMeter),
            ("EU-VpcEndpoint-GWLBE-Hours", Reason::OtherMeter),
            ("USE1WL1ATL1-DataTransfer-Regional-Bytes", Reason::Zone),
            ("USE2-AWS-Out-Bytes", Reason::RegionPeering),
            ("USE1-MRAP-Out-Bytes", Reason::AccessPoint),
            ("EU-C3DataTransfer-Out-Bytes", Reason::OtherMeter),
            ("XYZ1-NatGateway-Bytes", Reason::UnknownRegion),
            ("DataTransfer-In-Bytes", Reason::OtherMeter),
        ] {
            assert_eq!(of(usage).meter(), Err(reason), "{usage}");
        }
    }

    #[test]
    fn the_region_a_row_comes_from_counts_and_not_a_copied_region_code() {
        let copied =
            Product { region: "ap-east-1".into(), from_region: "eu-west-1".into(), ..of("EU-DataTransfer-Out-Bytes") };
        assert_eq!(priced(&copied).1, "eu-west-1");
        let wrong = Product { region: "ap-east-1".into(), ..of("EU-NatGateway-Bytes") };
        assert_eq!(wrong.meter(), Err(Reason::Contradiction));
    }

    #[test]
    fn the_global_row_is_the_free_tier() {
        let global =
            Product { from_location: "Global".into(), to_location: "External".into(), ..of("DataTransfer-Out-Bytes") };
        assert_eq!(priced(&global), ("internet-egress-free", "any".into(), "internet".into()));
        assert_eq!(priced(&of("Global-DataTransfer-Out-Bytes")).0, "internet-egress-free");
    }

    #[test]
    fn an_access_point_that_looks_like_a_pair_is_reported_by_its_location() {
        let row = Product { to_location: "External".into(), ..of("USE1-USW2-AWS-Out-Bytes") };
        assert_eq!(row.meter(), Err(Reason::AccessPoint));
    }

    #[test]
    fn zones_outside_a_region_share_its_locations_and_are_reported_by_their_type() {
        let zone = |kind: &str| Product { from_location_type: kind.into(), ..of("USW2-DataTransfer-Out-Bytes") };
        assert_eq!(zone("AWS Local Zone").meter(), Err(Reason::Zone));
        assert_eq!(zone("AWS Wavelength Zone").meter(), Err(Reason::Zone));
        assert_eq!(zone("AWS Edge Location").meter(), Err(Reason::Zone));
        let known = Product { usage_type: "LAX1-DataTransfer-Out-Bytes".into(), ..zone("AWS Local Zone") };
        let known = Product { region: "us-west-2".into(), ..known };
        assert_eq!(priced(&known).1, "us-west-2-lax-1", "its own row may name the Region");
        assert!(zone("AWS Region").meter().is_ok());
        let external =
            Product { to_location: "External".into(), to_location_type: "Other".into(), ..zone("AWS Region") };
        assert!(external.meter().is_ok(), "the internet has a type of its own");
    }

    #[test]
    fn attachments_of_a_transit_gateway_share_their_usage_type() {
        let attached = |operation: &str| Product { operation: operation.into(), ..of("EU-TransitGateway-Bytes") };
        assert!(attached("TransitGatewayVPC").meter().is_ok());
        assert_eq!(attached("TransitGatewayPeering").meter(), Err(Reason::OtherAttachment));
        assert_eq!(attached("TransitGatewayVPN").meter(), Err(Reason::OtherAttachment));
    }
}
