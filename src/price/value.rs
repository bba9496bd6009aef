//! What a key of charged traffic is, its texts resolved.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use crate::decode::Dictionary;
use crate::group::KeyValue;
use crate::units::human;

/// The value of one key column. The order is one to keep rows apart by, no more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// None.
    Absent,
    /// Text.
    Text(Arc<str>),
    /// An address.
    Address(IpAddr),
    /// An address prefix: its first address and its length in bits.
    Prefix(IpAddr, u8),
    /// A port, code or count.
    Number(u64),
    /// Seconds since 1970, UTC.
    Time(u32),
}

impl Value {
    /// A value of a roll-up's key, by its dictionary.
    #[must_use]
    pub fn of(value: KeyValue, names: &Dictionary) -> Self {
        let ip = |address: u128| Ipv6Addr::from(address).to_canonical();
        match value {
            KeyValue::Absent => Self::Absent,
            KeyValue::Address(address) => Self::Address(ip(address)),
            KeyValue::Prefix(address, bits) => Self::Prefix(ip(address), bits),
            KeyValue::Number(number) => Self::Number(number),
            KeyValue::Time(seconds) => Self::Time(seconds),
            KeyValue::Text(code) => Self::from(names.display(code).as_ref()),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

/// In words; `-` where there is none.
impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => out.write_str("-"),
            Self::Text(text) => out.write_str(text),
            Self::Address(address) => address.fmt(out),
            Self::Prefix(address, bits) => write!(out, "{address}/{bits}"),
            Self::Number(number) => number.fmt(out),
            Self::Time(seconds) => out.write_str(&human::moment(*seconds)),
        }
    }
}
