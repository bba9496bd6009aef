//! The subject of a tag table row, recognised by its form.

use std::fmt;
use std::sync::Arc;

use crate::error::Error;
use crate::units::address::{self, Prefix};

/// How many digits an account has.
const ACCOUNT_DIGITS: usize = 12;
const FORMS: &str = "write eni-…, i-…, nat-…, vpce-…, vpc-…/10.0.0.1, 10.0.0.1, subnet-…, 10.0.0.0/16, vpc-… or an \
     account of 12 digits";

/// Something that ends belong to. A CIDR of one address is that address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Resource {
    /// `eni-…`
    Interface(Arc<str>),
    /// `i-…`
    Instance(Arc<str>),
    /// A NAT gateway or an endpoint by its own id: `nat-…`, `vpce-…`.
    Managed(Arc<str>),
    /// An address in one VPC, as others may have it too.
    AddressInVpc(Arc<str>, u128),
    /// An address wherever it is.
    Address(u128),
    /// `subnet-…`
    Subnet(Arc<str>),
    /// A CIDR.
    Network(Prefix),
    /// `vpc-…`
    Vpc(Arc<str>),
    /// Twelve digits.
    Account(Arc<str>),
}

/// Makes a resource of an id.
type Kind = fn(Arc<str>) -> Resource;

impl Resource {
    /// The resource of a text.
    pub(super) fn parse(typed: &str) -> Result<Self, Error> {
        let text = typed.to_ascii_lowercase();
        if let Some(named) = Self::named(&text) {
            return Ok(named);
        }
        let read = match text.split_once('/') {
            Some((vpc, own)) if is_id(vpc, "vpc-") => {
                address::parse(own).map(|address| Self::AddressInVpc(vpc.into(), address))
            }
            Some((first, _)) if address::parse(first).is_ok() => return network(&text),
            _ => address::parse(&text).map(Self::Address),
        };
        read.map_err(|_| unknown(typed))
    }

    fn named(text: &str) -> Option<Self> {
        let kinds: [(&str, Kind); 6] = [
            ("eni-", Self::Interface),
            ("i-", Self::Instance),
            ("nat-", Self::Managed),
            ("vpce-", Self::Managed),
            ("subnet-", Self::Subnet),
            ("vpc-", Self::Vpc),
        ];
        if text.len() == ACCOUNT_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Account(text.into()));
        }
        kinds.iter().find(|(start, _)| is_id(text, start)).map(|(_, kind)| kind(text.into()))
    }

    /// The CIDR of this length that holds an address. One of IPv6 that is wide enough to hold all of IPv4 does not mean
    /// it.
    pub(super) fn network_of(address: u128, bits: u8) -> Option<Self> {
        let prefix = Prefix::around(address, bits);
        prefix.means(address).then_some(Self::Network(prefix))
    }

    /// The length of a CIDR.
    pub(super) fn network_bits(&self) -> Option<u8> {
        if let Self::Network(prefix) = self { Some(prefix.bits) } else { None }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interface(id)
            | Self::Instance(id)
            | Self::Managed(id)
            | Self::Subnet(id)
            | Self::Vpc(id)
            | Self::Account(id) => f.write_str(id),
            Self::AddressInVpc(vpc, address) => write!(f, "{vpc}/{}", address::shown(*address)),
            Self::Address(address) => write!(f, "{}", address::shown(*address)),
            Self::Network(prefix) => prefix.fmt(f),
        }
    }
}

fn is_id(text: &str, start: &str) -> bool {
    let rest = text.strip_prefix(start).unwrap_or_default();
    !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The network of a CIDR, or the address that it is.
fn network(cidr: &str) -> Result<Resource, Error> {
    let prefix = Prefix::parse(cidr)?;
    Ok(if prefix.bits == 128 { Resource::Address(prefix.first) } else { Resource::Network(prefix) })
}

fn unknown(typed: &str) -> Error {
    let text = typed.to_ascii_lowercase();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let hint = match text.rsplit(['/', ':']).next() {
        Some(id) if text.starts_with("arn:") && Resource::named(id).is_some() => format!("write its id alone: {id}"),
        _ if is_number && text.len() < ACCOUNT_DIGITS => {
            format!("an account has {ACCOUNT_DIGITS} digits; a spreadsheet may have dropped the zeros before them")
        }
        _ if text.starts_with(|first: char| first.is_ascii_digit()) && text.contains("e+") => {
            "a spreadsheet has rounded the account's number; make the column text".to_owned()
        }
        _ => FORMS.to_owned(),
    };
    let message =
        if text.is_empty() { "the resource is missing".to_owned() } else { format!("invalid resource `{typed}`") };
    Error::usage(message).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Resource, Error> {
        Resource::parse(text)
    }

    #[test]
    fn a_resource_is_reported_by_its_form() {
        let address = |text: &str| address::parse(text).unwrap();
        let network = |text: &str, bits| Resource::Network(Prefix { first: address(text), bits });
        for (text, resource) in [
            ("eni-0a", Resource::Interface("eni-0a".into())),
            ("I-0AB", Resource::Instance("i-0ab".into())),
            ("nat-1", Resource::Managed("nat-1".into())),
            ("vpce-1", Resource::Managed("vpce-1".into())),
            ("subnet-1", Resource::Subnet("subnet-1".into())),
            ("vpc-1", Resource::Vpc("vpc-1".into())),
            ("012345678901", Resource::Account("012345678901".into())),
            ("vpc-1/10.0.0.1", Resource::AddressInVpc("vpc-1".into(), address("10.0.0.1"))),
            ("vpc-1/2001:DB8::1", Resource::AddressInVpc("vpc-1".into(), address("2001:db8::1"))),
            ("10.0.0.1", Resource::Address(address("10.0.0.1"))),
            ("10.0.0.1/32", Resource::Address(address("10.0.0.1"))),
            ("2001:db8::1/128", Resource::Address(address("2001:db8::1"))),
            ("10.0.0.0/8", network("10.0.0.0", 104)),
            ("0.0.0.0/0", network("0.0.0.0", 96)),
            ("2001:db8::/32", network("2001:db8::", 32)),
            ("::/0", network("::", 0)),
        ] {
            assert_eq!(parsed(text).expect(text), resource, "{text}");
        }
    }

    #[test]
    fn what_is_no_resource_is_reported_with_what_to_write() {
        for (text, message, hint) in [
            ("", "the resource is missing", "write eni-…"),
            ("web-1", "invalid resource `web-1`", "write eni-…"),
            ("eni-", "invalid resource `eni-`", "write eni-…"),
            ("vpc-1/10.0.0.0/24", "invalid resource `vpc-1/10.0.0.0/24`", "write eni-…"),
            ("10.0.0.0/33", "invalid CIDR `10.0.0.0/33`", "the length is a number up to 32"),
            ("10.0.0.0/+8", "invalid CIDR `10.0.0.0/+8`", "the length is a number up to 32"),
            ("10.0.0.256", "invalid resource `10.0.0.256`", "write eni-…"),
            ("::fffe:0:0", "invalid resource `::fffe:0:0`", "write eni-…"),
            ("12345678901", "invalid resource `12345678901`", "an account has 12 digits"),
            ("1.23457e+11", "invalid resource `1.23457e+11`", "a spreadsheet has rounded"),
            (
                "arn:aws:ec2:eu-west-1:1:instance/i-1",
                "invalid resource `arn:aws:ec2:eu-west-1:1:instance/i-1`",
                "write its id alone: i-1",
            ),
            (
                "10.0.0.1/16",
                "`10.0.0.1/16` has host bits set",
                "write 10.0.0.0/16 for the network, 10.0.0.1/32 for the address",
            ),
            (
                "2001:db8::1/32",
                "`2001:db8::1/32` has host bits set",
                "write 2001:db8::/32 for the network, 2001:db8::1/128 for the address",
            ),
        ] {
            let error = parsed(text).unwrap_err();
            assert_eq!(error.to_string(), message);
            assert!(error.hints()[0].starts_with(hint), "{text}: {:?}", error.hints());
        }
    }

    #[test]
    fn what_is_shown_is_read_back() {
        for text in ["vpc-1/10.0.0.1", "10.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "::/0", "2001:db8::/32", "i-1"] {
            assert_eq!(parsed(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_wide_network_of_ipv6_holds_no_ipv4() {
        let ipv4 = address::parse("10.0.0.1").unwrap();
        assert_eq!(Resource::network_of(ipv4, 0), None);
        assert_eq!(Resource::network_of(ipv4, 96), Some(parsed("0.0.0.0/0").unwrap()));
        assert_eq!(Resource::network_of(address::parse("2001:db8::1").unwrap(), 0), Some(parsed("::/0").unwrap()));
    }
}
