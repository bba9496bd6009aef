//! Values as written → what columns hold: addresses, CIDRs, numbers, protocols, moments.

use super::fault::ExpressionError;
use crate::error;
use crate::schema::{ABSENT_ADDRESS, Column, port};
pub(super) use crate::units::address::is_ipv4;
use crate::units::address::{self, IPV4, Prefix};
use crate::units::size;
use crate::units::time::{self, Zone};

/// The first and the last value of a range.
pub(super) type Span<T> = (T, T);

/// Columns whose values have the names of ports.
const PORTS: [Column; 3] = [Column::Srcport, Column::Dstport, Column::Port];
/// Protocols by their usual names, in lower case.
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
pub(super) fn address(text: &str, at: usize) -> Result<u128, ExpressionError> {
    let hint = "after `in` also 10.0.0.0/8";
    address::parse(text).map_err(|error| ExpressionError::of(at, &error).hint(hint))
}

/// The addresses of a CIDR.
pub(super) fn cidr(text: &str, at: usize) -> Result<Span<u128>, ExpressionError> {
    Prefix::parse(text).map(|prefix| (prefix.first, prefix.last())).map_err(|error| ExpressionError::of(at, &error))
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

/// A whole number, also one in hexadecimal digits, or a size.
pub(super) fn number(text: &str, at: usize) -> Result<u64, ExpressionError> {
    let digits = text.strip_prefix("0x").filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    match digits.and_then(|digits| u64::from_str_radix(digits, 16).ok()) {
        Some(number) => Ok(number),
        None => size::parse(text).map_err(|error| ExpressionError::of(at, &error)),
    }
}

/// A number of these columns: of ports and of the protocol also by its name.
pub(crate) fn number_of(columns: &[Column], text: &str, at: usize) -> Result<u64, ExpressionError> {
    match columns {
        [Column::Protocol] => protocol(text, at),
        columns if !columns.is_empty() && columns.iter().all(|column| PORTS.contains(column)) => port(text, at),
        _ => number(text, at),
    }
}

/// A port's number or name.
fn port(text: &str, at: usize) -> Result<u64, ExpressionError> {
    if let Some(port) = port::of_name(text) {
        return Ok(port.into());
    }
    number(text, at).map_err(|fault| {
        if !text.starts_with(|letter: char| letter.is_ascii_alphabetic()) {
            return fault;
        }
        let near = error::nearest(&text.to_ascii_lowercase(), port::names());
        let hint = near.map_or("write its number, or a name such as https, ssh, dns".into(), |near| {
            format!("did you mean `{near}`?")
        });
        ExpressionError::new(at, format!("unknown port `{text}`")).hint(hint)
    })
}

/// A protocol's number or name.
fn protocol(text: &str, at: usize) -> Result<u64, ExpressionError> {
    let name = text.to_ascii_lowercase();
    if let Some((_, number)) = PROTOCOLS.iter().find(|(known, _)| *known == name) {
        return Ok(*number);
    }
    number(text, at).map_err(|_| {
        let near = error::nearest(&name, PROTOCOLS.iter().map(|(known, _)| *known));
        let hint = near.map_or("write its IANA number, or a name such as tcp, udp, icmp".into(), |near| {
            format!("did you mean `{near}`?")
        });
        ExpressionError::new(at, format!("unknown protocol `{text}`")).hint(hint)
    })
}

/// Anything that [`time::parse_moment`] reads.
pub(crate) fn moment(text: &str, at: usize, now: u32, zone: Zone) -> Result<u64, ExpressionError> {
    time::parse_moment(text, now, zone).map(u64::from).map_err(|error| ExpressionError::of(at, &error))
}
