//! Values as written → what columns hold: addresses, CIDRs, numbers, protocols, moments.

use std::net::IpAddr;

use super::fault::Fault;
use crate::error;
use crate::schema::ABSENT_ADDRESS;
use crate::units::size;
use crate::units::time::{self, Zone};

/// The first and the last value of a range.
pub(super) type Span<T> = (T, T);

/// Where columns hold IPv4: `::ffff:0:0/96`.
const IPV4: Span<u128> = (0xffff_0000_0000, 0xffff_ffff_ffff);

/// Protocols by the names that people type, in lower case.
const PROTOCOLS: [(&str, u64); 18] = [
    ("icmp", 1),
    ("igmp", 2),
    ("ipv4", 4),
    ("tcp", 6),
    ("egp", 8),
    ("udp", 17),
    ("dccp", 33),
    ("ipv6", 41),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("icmpv6", 58),
    ("ipv6-icmp", 58),
    ("ospf", 89),
    ("pim", 103),
    ("vrrp", 112),
    ("sctp", 132),
    ("udplite", 136),
];

/// An address as columns hold it.
pub(super) fn address(text: &str, at: usize) -> Result<u128, Fault> {
    let read = text.parse::<IpAddr>().map(held);
    read.ok().filter(|address| *address != ABSENT_ADDRESS).ok_or_else(|| {
        Fault::new(at, format!("`{text}` is not an address"))
            .hint("write 10.0.0.1 or 2001:db8::1, and after `in` also 10.0.0.0/8")
    })
}

/// The addresses of a CIDR.
pub(super) fn cidr(text: &str, at: usize) -> Result<Span<u128>, Fault> {
    let wrong = || Fault::new(at, format!("`{text}` is not a CIDR")).hint("write 10.0.0.0/8 or 2001:db8::/32");
    let (network, length) = text.split_once('/').ok_or_else(wrong)?;
    let network: IpAddr = network.parse().map_err(|_| wrong())?;
    let bits: u32 = if network.is_ipv4() { 32 } else { 128 };
    let is_number = length.bytes().all(|byte| byte.is_ascii_digit());
    let length = length.parse::<u32>().ok().filter(|length| is_number && *length <= bits).ok_or_else(wrong)?;
    let hosts = u128::MAX.checked_shr(128 - (bits - length)).unwrap_or(0);
    let (low, high) = (held(network) & !hosts, held(network) | hosts);
    if low == held(network) {
        return Ok((low, high));
    }
    let meant = shown(low, network.is_ipv4());
    Err(Fault::new(at, format!("`{text}` has bits set behind its first {length}"))
        .hint(format!("the network is {meant}/{length}; the address alone is {network}")))
}

/// The parts of a range of addresses that records can hold. A range of IPv6 addresses does not mean those IPv4
/// addresses that columns hold amidst them, nor the absent address.
pub(super) fn present_addresses(low: u128, high: u128) -> Vec<Span<u128>> {
    if is_ipv4(low) && is_ipv4(high) {
        return vec![(low, high)];
    }
    vec![
        (low, high.min(ABSENT_ADDRESS - 1)),
        (low.max(ABSENT_ADDRESS + 1), high.min(IPV4.0 - 1)),
        (low.max(IPV4.1 + 1), high),
    ]
}

pub(super) fn is_ipv4(address: u128) -> bool {
    IPV4.0 <= address && address <= IPV4.1
}

/// A whole number or a size.
pub(super) fn number(text: &str, at: usize) -> Result<u64, Fault> {
    size::parse(text).map_err(|error| Fault::of(at, &error))
}

/// A protocol's number or name.
pub(super) fn protocol(text: &str, at: usize) -> Result<u64, Fault> {
    let name = text.to_ascii_lowercase();
    if let Some((_, number)) = PROTOCOLS.iter().find(|(known, _)| *known == name) {
        return Ok(*number);
    }
    number(text, at).map_err(|_| {
        let near = error::nearest(&name, PROTOCOLS.iter().map(|(known, _)| *known));
        let hint = near.map_or("write its IANA number, or a name such as tcp, udp, icmp".into(), |near| {
            format!("did you mean `{near}`?")
        });
        Fault::new(at, format!("unknown protocol `{text}`")).hint(hint)
    })
}

/// Anything that [`time::parse_moment`] reads.
pub(super) fn moment(text: &str, at: usize, now: u32, zone: Zone) -> Result<u64, Fault> {
    time::parse_moment(text, now, zone).map(u64::from).map_err(|error| Fault::of(at, &error))
}

fn held(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().into(),
        IpAddr::V6(address) => address.into(),
    }
}

fn shown(address: u128, as_ipv4: bool) -> IpAddr {
    let address = std::net::Ipv6Addr::from(address);
    if as_ipv4 { IpAddr::V6(address).to_canonical() } else { address.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protocol_names_are_lower_case_and_stand_once() {
        let names: std::collections::BTreeSet<_> =
            PROTOCOLS.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
        assert_eq!(names.len(), PROTOCOLS.len());
        assert!(PROTOCOLS.iter().all(|(name, _)| names.contains(*name)));
    }
}
