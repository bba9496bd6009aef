//! The kinds of charges that have a price: their names, what they run between, and the usage types they have on a
//! bill. Most are per GB; those of gateways, endpoints and addresses are per hour.
//!
//! Traffic that costs nothing (the same zone, gateway endpoints, what comes in) has no charge and so no price.

use super::region;
use crate::error::{Error, nearest};

/// Matches every location without its own row.
pub const ANY: &str = "any";
/// The region itself, as the other side of a charge inside it.
pub const SAME: &str = "same";
/// The other side of egress to the internet.
pub const INTERNET: &str = "internet";

/// The paths that no rule of charges covers, and why. Their bytes are unpriced: AWS may charge for them.
pub const UNRULED_PATHS: [(&str, &str); 4] = [
    ("unknown", "unknown path"),
    ("same-region", "unknown zones"),
    ("peering", "unknown zones of a peering"),
    ("edge", "no rule for local gateways"),
];

/// Why bytes on a path without a charge are unpriced; none where a rule says that they are free.
#[must_use]
pub fn unruled(path: &str) -> Option<&'static str> {
    UNRULED_PATHS.iter().find(|(name, _)| *name == path).map(|(_, reason)| *reason)
}

/// A kind of charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Charge {
    /// To the internet, once, of the sender's region.
    InternetEgress,
    /// The free part of a month's egress: its upper end is the free amount.
    InternetEgressFree,
    /// Between two regions, once, by the sender.
    InterRegion,
    /// Between zones of a region: the sender's half.
    InterZoneOut,
    /// Between zones of a region: the receiver's half.
    InterZoneIn,
    /// Out of a Local Zone to another zone of its region: the Local Zone's half.
    LocalZoneOut,
    /// Into a Local Zone from another zone of its region: the Local Zone's half.
    LocalZoneIn,
    /// Between zones through a peering: the sender's half.
    PeeringZoneOut,
    /// Between zones through a peering: the receiver's half.
    PeeringZoneIn,
    /// Within a region over public addresses: the sender's half.
    PublicAddressOut,
    /// Within a region over public addresses: the receiver's half.
    PublicAddressIn,
    /// Through a NAT gateway, both directions.
    NatProcessing,
    /// Into a transit gateway.
    TransitGateway,
    /// Through an interface endpoint, both directions.
    EndpointProcessing,
    /// Through a gateway load balancer endpoint, both directions.
    GwlbEndpointProcessing,
    /// Out over Direct Connect.
    DirectConnect,
    /// A NAT gateway, per hour; of a regional one per hour and zone.
    NatHour,
    /// A NAT gateway's provisioned bandwidth, per Gbps and hour.
    NatProvisionedHour,
    /// An interface endpoint, per hour and zone.
    EndpointHour,
    /// A VPC's attachment to a transit gateway, per hour.
    TransitGatewayHour,
    /// A public IPv4 address, per hour.
    PublicAddressHour,
}

/// What stands on the other side of a charge's region in a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Other {
    /// The internet.
    Internet,
    /// Another region, or any.
    Region,
    /// The region itself.
    Same,
    /// Nothing that the price depends on.
    Any,
    /// A Direct Connect location, or any.
    Location,
}

struct Info {
    charge: Charge,
    name: &'static str,
    other: Other,
    meter: &'static str,
}

#[rustfmt::skip]
const CHARGES: [Info; 21] = [
    Info { charge: Charge::InternetEgress, name: "internet-egress", other: Other::Internet, meter: "DataTransfer-Out-Bytes" },
    Info { charge: Charge::InternetEgressFree, name: "internet-egress-free", other: Other::Internet, meter: "" },
    Info { charge: Charge::InterRegion, name: "inter-region", other: Other::Region, meter: "AWS-Out-Bytes" },
    Info { charge: Charge::InterZoneOut, name: "inter-zone-out", other: Other::Same, meter: "DataTransfer-Regional-Bytes" },
    Info { charge: Charge::InterZoneIn, name: "inter-zone-in", other: Other::Same, meter: "DataTransfer-Regional-Bytes" },
    Info { charge: Charge::LocalZoneOut, name: "local-zone-out", other: Other::Same, meter: "DataTransfer-Regional-Bytes" },
    Info { charge: Charge::LocalZoneIn, name: "local-zone-in", other: Other::Same, meter: "DataTransfer-Regional-Bytes" },
    Info { charge: Charge::PeeringZoneOut, name: "peering-zone-out", other: Other::Same, meter: "VpcPeering-Out-Bytes" },
    Info { charge: Charge::PeeringZoneIn, name: "peering-zone-in", other: Other::Same, meter: "VpcPeering-In-Bytes" },
    Info { charge: Charge::PublicAddressOut, name: "public-address-out", other: Other::Same, meter: "DataTransfer-Regional-Bytes" },
    Info { charge: Charge::PublicAddressIn, name: "public-address-in", other: Other::Same, meter: "DataTransfer-Regional-Bytes" },
    Info { charge: Charge::NatProcessing, name: "nat-processing", other: Other::Any, meter: "NatGateway-Bytes" },
    Info { charge: Charge::TransitGateway, name: "transit-gateway", other: Other::Any, meter: "TransitGateway-Bytes" },
    Info { charge: Charge::EndpointProcessing, name: "endpoint-processing", other: Other::Any, meter: "VpcEndpoint-Bytes" },
    Info { charge: Charge::GwlbEndpointProcessing, name: "gwlb-endpoint-processing", other: Other::Any, meter: "VpcEndpoint-GWLBE-Bytes" },
    Info { charge: Charge::DirectConnect, name: "direct-connect", other: Other::Location, meter: "DataXfer-Out-Bytes:dc.1" },
    Info { charge: Charge::NatHour, name: "nat-hour", other: Other::Any, meter: "NatGateway-Hours" },
    Info { charge: Charge::NatProvisionedHour, name: "nat-provisioned-gbps-hour", other: Other::Any, meter: "NatGateway-Prvd-Gbps" },
    Info { charge: Charge::EndpointHour, name: "endpoint-hour", other: Other::Any, meter: "VpcEndpoint-Hours" },
    Info { charge: Charge::TransitGatewayHour, name: "transit-gateway-attachment-hour", other: Other::Any, meter: "TransitGateway-Hours" },
    Info { charge: Charge::PublicAddressHour, name: "public-ipv4-hour", other: Other::Any, meter: "PublicIPv4:InUseAddress" },
];

impl Charge {
    fn info(self) -> &'static Info {
        &CHARGES[self as usize]
    }

    /// The charge of a name such as `internet-egress`; `_` will do for `-`.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.replace('_', "-");
        CHARGES.iter().find(|info| info.name == name).map(|info| info.charge)
    }

    /// The charge that a flag's value names.
    ///
    /// # Errors
    /// A usage error that suggests the nearest name.
    pub fn named(flag: &str, name: &str) -> Result<Self, Error> {
        Self::of_name(name).ok_or_else(|| {
            let error = Error::usage(format!("{flag}: unknown charge `{name}`"));
            match nearest(name, Self::names()) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint(format!("the charges are {}", Self::names().collect::<Vec<_>>().join(", "))),
            }
        })
    }

    /// Every name.
    pub fn names() -> impl Iterator<Item = &'static str> {
        CHARGES.iter().map(|info| info.name)
    }

    /// The name, as columns have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// What stands on the other side.
    pub(crate) fn other(self) -> Other {
        self.info().other
    }

    /// Whether the price is per hour and not per GB. Such a charge is on no traffic: it is what recommendations need.
    #[must_use]
    pub fn is_hourly(self) -> bool {
        self >= Self::NatHour
    }

    /// The charge whose price applies if this one has none: cross-zone peering traffic was billed as any other
    /// cross-zone traffic until peerings had meters of their own, and a Local Zone without a price of its own is taken
    /// for any other zone.
    pub(crate) fn fallback(self) -> Option<Self> {
        match self {
            Self::PeeringZoneOut | Self::LocalZoneOut => Some(Self::InterZoneOut),
            Self::PeeringZoneIn | Self::LocalZoneIn => Some(Self::InterZoneIn),
            _ => None,
        }
    }

    /// The usage type that the charge has on a bill; none where it depends on what a row leaves open.
    #[must_use]
    pub fn usage_type(self, from: &str, to: &str) -> Option<String> {
        let meter = self.info().meter;
        match self {
            Self::InternetEgressFree => None,
            Self::InterRegion => Some(format!("{}-{}-{meter}", region::code(from)?, region::code(to)?)),
            Self::DirectConnect if to == ANY => None,
            Self::DirectConnect => region::with_prefix(from, &format!("{to}-{meter}")),
            _ => region::with_prefix(from, meter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charges_stand_at_their_own_place() {
        assert!(CHARGES.iter().enumerate().all(|(place, info)| info.charge as usize == place));
        assert_eq!(Charge::of_name("inter_zone_out"), Some(Charge::InterZoneOut));
        assert_eq!(Charge::of_name("inter-zone"), None);
    }

    #[test]
    fn usage_types_are_those_of_a_bill() {
        let usage = |charge: Charge, from, to| charge.usage_type(from, to);
        assert_eq!(usage(Charge::InternetEgress, "us-east-1", INTERNET).as_deref(), Some("DataTransfer-Out-Bytes"));
        assert_eq!(
            usage(Charge::InternetEgress, "ap-south-1", INTERNET).as_deref(),
            Some("APS3-DataTransfer-Out-Bytes")
        );
        assert_eq!(usage(Charge::InterRegion, "us-east-1", "eu-west-1").as_deref(), Some("USE1-EU-AWS-Out-Bytes"));
        assert_eq!(usage(Charge::InterRegion, "us-east-1", ANY), None);
        let zone = "us-west-2-lax-1";
        assert_eq!(usage(Charge::InternetEgress, zone, INTERNET).as_deref(), Some("LAX1-DataTransfer-Out-Bytes"));
        assert_eq!(usage(Charge::InterRegion, "us-east-1", zone).as_deref(), Some("USE1-LAX1-AWS-Out-Bytes"));
        assert_eq!(usage(Charge::NatProcessing, ANY, ANY), None);
        assert_eq!(
            usage(Charge::DirectConnect, "us-east-1", "EqDC2").as_deref(),
            Some("EqDC2-DataXfer-Out-Bytes:dc.1")
        );
    }
}
