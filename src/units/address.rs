//! Addresses and CIDRs in text form and in column form: one 128-bit number, IPv4 within `::ffff:0:0/96`.
//!
//! A CIDR with host bits set is rejected, because it could mean the network or the address. Addresses of records are
//! parsed in `decode/value.rs`, which is tuned for speed.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

use crate::error::Error;
use crate::schema::ABSENT_ADDRESS;

/// The first and the last address of IPv4.
pub const IPV4: (u128, u128) = (0xffff_0000_0000, 0xffff_ffff_ffff);
/// How many bits stand before those of an IPv4 address.
const BITS_BEFORE_IPV4: u8 = 96;
const CIDR_FORMS: &str = "write 10.0.0.0/16 or 2001:db8::/32; one address is 10.0.0.1/32";
const ADDRESS_FORMS: &str = "write 10.0.0.1 or 2001:db8::1";

/// An address in text form.
///
/// # Errors
/// A usage error for an invalid address, and for the one that represents absence.
pub fn parse(text: &str) -> Result<u128, Error> {
    let read = text.parse().ok().map(held).filter(|address| *address != ABSENT_ADDRESS);
    read.ok_or_else(|| Error::usage(format!("invalid address `{text}`")).hint(ADDRESS_FORMS))
}

/// An address as columns hold it.
#[must_use]
pub fn held(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().into(),
        IpAddr::V6(address) => address.into(),
    }
}

/// A column's address in text form.
#[must_use]
pub fn shown(address: u128) -> IpAddr {
    Ipv6Addr::from(address).to_canonical()
}

/// Whether columns hold an IPv4 address so.
#[must_use]
pub fn is_ipv4(address: u128) -> bool {
    (IPV4.0..=IPV4.1).contains(&address)
}

/// The addresses of a CIDR. One of IPv4 has 96 bits more here: a `/16` has 112.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    /// The first address.
    pub first: u128,
    /// How many of the 128 bits are fixed.
    pub bits: u8,
}

impl Prefix {
    /// The prefix of a CIDR such as `10.0.0.0/16` or `2001:db8::/32`.
    ///
    /// # Errors
    /// A usage error for what is no CIDR, and for host bits that are set.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (address, length) = text.split_once('/').ok_or_else(|| invalid(text).hint(CIDR_FORMS))?;
        let address: IpAddr = address.parse().map_err(|_| invalid(text).hint(CIDR_FORMS))?;
        let is_number = length.bytes().all(|byte| byte.is_ascii_digit());
        let network = length.parse().ok().filter(|_| is_number).and_then(|length| IpNet::new(address, length).ok());
        let longest = IpNet::from(address);
        let network = network
            .ok_or_else(|| invalid(text).hint(format!("the length is a number up to {}", longest.max_prefix_len())))?;
        if network.addr() == network.network() {
            return Ok(Self::of(network));
        }
        Err(Error::usage(format!("`{text}` has host bits set"))
            .hint(format!("write {} for the network, {longest} for the address", network.trunc())))
    }

    /// The prefix of a CIDR or of a single address.
    ///
    /// # Errors
    /// A usage error for what is neither.
    pub fn parse_or_address(text: &str) -> Result<Self, Error> {
        match text.parse::<IpAddr>() {
            Ok(address) => Ok(Self::of(address.into())),
            Err(_) if text.contains('/') => Self::parse(text),
            Err(_) => Err(Error::usage(format!("invalid address or CIDR `{text}`"))
                .hint("write 10.0.0.1, 10.0.0.0/16 or 2001:db8::/32")),
        }
    }

    /// The prefix of a network without host bits.
    fn of(network: IpNet) -> Self {
        let before = if network.addr().is_ipv4() { BITS_BEFORE_IPV4 } else { 0 };
        Self { first: held(network.addr()), bits: before + network.prefix_len() }
    }

    /// The prefix of this many bits around an address.
    #[must_use]
    pub fn around(address: u128, bits: u8) -> Self {
        let bits = bits.min(128);
        let behind = Self { first: 0, bits }.last();
        Self { first: address & !behind, bits }
    }

    /// The last address.
    #[must_use]
    pub fn last(self) -> u128 {
        self.first | u128::MAX.checked_shr(self.bits.into()).unwrap_or(0)
    }

    /// Whether the address lies in it.
    #[must_use]
    pub fn contains(self, address: u128) -> bool {
        (self.first..=self.last()).contains(&address)
    }

    /// Whether an address that lies in it is meant by it. A prefix around the whole of IPv4, such as `::/0`, is one of
    /// IPv6: it means neither the IPv4 addresses that columns hold amidst those of IPv6, nor the absent address.
    #[must_use]
    pub fn means(self, address: u128) -> bool {
        self.bits >= BITS_BEFORE_IPV4 || !(is_ipv4(address) || address == ABSENT_ADDRESS)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_of_ipv4 = is_ipv4(self.first) && self.bits >= BITS_BEFORE_IPV4;
        let (address, bits) = match shown(self.first) {
            ipv4 if is_of_ipv4 => (ipv4, self.bits - BITS_BEFORE_IPV4),
            _ => (Ipv6Addr::from(self.first).into(), self.bits),
        };
        write!(f, "{address}/{bits}")
    }
}

fn invalid(text: &str) -> Error {
    Error::usage(format!("invalid CIDR `{text}`"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fault(text: &str) -> String {
        let error = Prefix::parse(text).unwrap_err();
        format!("{error}; {}", error.hints().join("; "))
    }

    #[test]
    fn addresses_are_held_as_one_number_and_shown_as_they_are_written() {
        for text in ["0.0.0.0", "10.0.0.1", "255.255.255.255", "::", "2001:db8::1", "::1"] {
            assert_eq!(shown(parse(text).unwrap()).to_string(), text);
        }
        assert_eq!(parse("::ffff:10.0.0.1").unwrap(), parse("10.0.0.1").unwrap());
        assert!(is_ipv4(parse("255.255.255.255").unwrap()) && !is_ipv4(parse("::ffff").unwrap()));
        for text in ["", "10.0.0", "10.0.0.256", "010.0.0.1", "10.0.0.1/32", " 10.0.0.1", "fe80::1%eth0", "::fffe:0:0"]
        {
            assert_eq!(parse(text).unwrap_err().to_string(), format!("invalid address `{text}`"));
        }
    }

    #[test]
    fn prefixes_are_read_as_they_are_written() {
        for text in ["10.0.0.0/16", "0.0.0.0/0", "1.2.3.4/32", "2001:db8::/32", "::/0", "::1/128"] {
            assert_eq!(Prefix::parse(text).unwrap().to_string(), text);
            assert_eq!(Prefix::parse_or_address(text).unwrap(), Prefix::parse(text).unwrap());
        }
        assert_eq!(Prefix::parse("10.0.0.0/8").unwrap(), Prefix { first: parse("10.0.0.0").unwrap(), bits: 104 });
        assert_eq!(Prefix::parse_or_address("10.0.0.1").unwrap().to_string(), "10.0.0.1/32");
        assert_eq!(Prefix::parse_or_address("2001:db8::1").unwrap().to_string(), "2001:db8::1/128");
    }

    #[test]
    fn what_is_no_prefix_is_reported_with_what_to_write() {
        assert_eq!(
            fault("10.0.0.1/16"),
            "`10.0.0.1/16` has host bits set; write 10.0.0.0/16 for the network, 10.0.0.1/32 for the address"
        );
        assert_eq!(
            fault("2001:db8::1/32"),
            "`2001:db8::1/32` has host bits set; write 2001:db8::/32 for the network, 2001:db8::1/128 for the address"
        );
        assert_eq!(fault("10.0.0.0/33"), "invalid CIDR `10.0.0.0/33`; the length is a number up to 32");
        for text in ["", "/", "10.0.0.0", "10.0.0/8", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/8 ", "::/129", "x/8"] {
            assert!(fault(text).starts_with(&format!("invalid CIDR `{text}`; ")), "{text}");
        }
        let error = Prefix::parse_or_address("evil.example").unwrap_err();
        assert_eq!(error.to_string(), "invalid address or CIDR `evil.example`");
    }

    #[test]
    fn a_prefix_around_ipv4_is_one_of_ipv6() {
        let all = Prefix::parse("::/0").unwrap();
        assert!(all.means(1) && !all.means(parse("10.0.0.1").unwrap()) && !all.means(ABSENT_ADDRESS));
        assert!(Prefix::parse("0.0.0.0/0").unwrap().means(parse("10.0.0.1").unwrap()));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[0-9a-f:./]{0,24}") {
            if let Ok(prefix) = Prefix::parse(&text) {
                prop_assert_eq!(Prefix::parse(&prefix.to_string()).unwrap(), prefix);
            }
        }

        #[test]
        fn a_prefix_around_an_address_holds_it_and_is_read_back(address in any::<u128>(), bits in 0u8..=255) {
            let prefix = Prefix::around(address, bits);
            prop_assert!(prefix.contains(address));
            prop_assert_eq!(Prefix::parse(&prefix.to_string()).unwrap(), prefix);
        }
    }
}
