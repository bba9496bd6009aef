//! Addresses and CIDRs as people and AWS write them → what the tables hold.

use std::net::{IpAddr, Ipv6Addr};

use super::Prefix;

/// How many bits stand before an IPv4 address where it lies in `::ffff:0:0/96`.
const IPV4_OFFSET_BITS: u8 = 96;

/// An address, IPv4 in `::ffff:0:0/96`.
pub(super) fn address(text: &str) -> Option<u128> {
    text.parse::<IpAddr>().ok().map(held)
}

/// The prefix of a CIDR, or what is wrong with it and a hint.
pub(super) fn prefix(text: &str) -> Result<Prefix, (String, Option<String>)> {
    let wrong = || (format!("`{text}` is no CIDR"), Some("write 10.0.0.0/16 or 2001:db8::/56".to_owned()));
    let (network, length) = text.split_once('/').ok_or_else(wrong)?;
    let network: IpAddr = network.parse().map_err(|_| wrong())?;
    let (offset, bits_max) = if network.is_ipv4() { (IPV4_OFFSET_BITS, 32) } else { (0, 128) };
    let is_number = length.bytes().all(|byte| byte.is_ascii_digit());
    let length: u8 = length.parse().ok().filter(|length| is_number && *length <= bits_max).ok_or_else(wrong)?;
    let bits = offset + length;
    let hosts = u128::MAX.checked_shr(bits.into()).unwrap_or(0);
    let first = held(network) & !hosts;
    if first == held(network) {
        return Ok(Prefix { first, bits });
    }
    let meant = Ipv6Addr::from(first);
    let meant = if network.is_ipv4() { meant.to_canonical() } else { meant.into() };
    Err((format!("`{text}` has bits set behind its first {length}"), Some(format!("did you mean `{meant}/{length}`?"))))
}

fn held(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().into(),
        IpAddr::V6(address) => address.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cidrs_of_both_families_are_read() {
        let read = |text| prefix(text).map(|prefix| (prefix.first, prefix.bits));
        assert_eq!(read("10.0.0.0/16"), Ok((0xffff_0a00_0000, 112)));
        assert_eq!(read("0.0.0.0/0"), Ok((0xffff_0000_0000, 96)));
        assert_eq!(read("10.1.2.3/32"), Ok((0xffff_0a01_0203, 128)));
        assert_eq!(read("::/0"), Ok((0, 0)));
        assert_eq!(read("2001:db8::/56"), Ok((0x2001_0db8 << 96, 56)));
    }

    #[test]
    fn what_is_no_cidr_is_told_with_what_is_meant() {
        for text in
            ["", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/+8", "10.0.0.0/", "10.0.0/8", "::/129", "a/8", "10.0.0.0/256"]
        {
            assert_eq!(prefix(text).unwrap_err().0, format!("`{text}` is no CIDR"));
        }
        let hint = |text| prefix(text).unwrap_err().1.unwrap();
        assert_eq!(hint("10.0.1.0/16"), "did you mean `10.0.0.0/16`?");
        assert_eq!(hint("2001:db8::1/64"), "did you mean `2001:db8::/64`?");
        assert_eq!(hint("10.0.0.1/0"), "did you mean `0.0.0.0/0`?");
    }
}
