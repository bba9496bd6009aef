//! What records are grouped by, and how a group's key is packed into words.
//!
//! A key is a few columns, with addresses optionally masked to a prefix. Packed keys are compared and hashed as words;
//! there are two layouts, because nearly all records have only IPv4 addresses: *narrow* uses 32 bits per address,
//! *wide* 128.

use serde::{Deserialize, Serialize};

use crate::decode::{Dictionary, Values};
use crate::error::Error;
use crate::schema::{ABSENT_ADDRESS, ABSENT_BIG, ABSENT_SMALL, Column, Kind};

/// IPv4 addresses are held in `::ffff:0:0/96`.
const IPV4_MAPPED: u128 = 0xffff_0000_0000;
/// The prefix length of IPv6 addresses where only one for IPv4 is given: a site's.
pub const IPV6_PREFIX_BITS: u8 = 48;

/// The shortest prefixes that no private range is cut by, so that a public prefix is never a private address too.
const PUBLIC_V4_BITS_MIN: u8 = 16;
const PUBLIC_V6_BITS_MIN: u8 = 10;

/// A column to group by.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The column.
    pub column: Column,
    /// How its addresses are cut, if at all.
    pub cut: Option<Cut>,
}

/// How addresses are cut to prefixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// Bits kept of an IPv4 address.
    pub v4_bits: u8,
    /// Bits kept of an IPv6 address.
    pub v6_bits: u8,
    /// Whether private addresses stay whole.
    pub public_only: bool,
}

impl Key {
    /// A key as typed: a column's name or alias, for addresses optionally with `/24` or `/24/48`, and `:public` to
    /// leave private addresses whole.
    ///
    /// # Errors
    /// A usage error that suggests the nearest column.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (text_cut, public_only) = match text.strip_suffix(":public") {
            Some(cut) => (cut, true),
            None => (text, false),
        };
        let mut parts = text_cut.split('/');
        let name = parts.next().unwrap_or_default();
        let column = Column::named("--by", name)?;
        let bits: Vec<&str> = parts.collect();
        let wrong = |why: &str| {
            Err(Error::usage(format!("--by {text}: {why}"))
                .hint("for example --by src/24 or --by src/24/48,dst:public"))
        };
        if column.kind() != Kind::Address {
            return if bits.is_empty() && !public_only {
                Ok(Self { column, cut: None })
            } else {
                wrong(&format!("{} is not a valid address column", column.name()))
            };
        }
        let parse = |bits: &str, most: u8| bits.parse().ok().filter(|bits| *bits <= most);
        let cut = match bits.as_slice() {
            [] if public_only => Some((24, IPV6_PREFIX_BITS)),
            [] => None,
            [v4] => match parse(v4, 32) {
                Some(v4) => Some((v4, IPV6_PREFIX_BITS)),
                None => return wrong("an IPv4 prefix has 0 to 32 bits"),
            },
            [v4, v6] => match (parse(v4, 32), parse(v6, 128)) {
                (Some(v4), Some(v6)) => Some((v4, v6)),
                _ => return wrong("a prefix has 0 to 32 bits for IPv4 and 0 to 128 for IPv6"),
            },
            _ => return wrong("at most two prefix lengths, IPv4's and IPv6's"),
        };
        if public_only && cut.is_some_and(|(v4, v6)| v4 < PUBLIC_V4_BITS_MIN || v6 < PUBLIC_V6_BITS_MIN) {
            return wrong("with :public a prefix has at least 16 bits for IPv4 and 10 for IPv6");
        }
        Ok(Self { column, cut: cut.map(|(v4_bits, v6_bits)| Cut { v4_bits, v6_bits, public_only }) })
    }

    /// The name of its column in a report: `src`, or `src_prefix` where addresses are cut.
    #[must_use]
    pub fn name(&self) -> String {
        let name = self.column.name();
        if self.cut.is_some() { format!("{name}_prefix") } else { name.to_owned() }
    }
}

impl Cut {
    /// The prefix length that applies to an address; none where it stays whole.
    pub(super) fn bits(self, address: u128) -> Option<u8> {
        if address == ABSENT_ADDRESS || (self.public_only && !is_public(address)) {
            return None;
        }
        Some(if is_v4(address) { self.v4_bits } else { self.v6_bits })
    }

    fn apply(self, address: u128) -> u128 {
        match self.bits(address) {
            None => address,
            Some(bits) if is_v4(address) => address & !((1u128 << (32 - bits)) - 1),
            Some(0) => 0,
            Some(bits) => address & (u128::MAX << (128 - bits)),
        }
    }
}

pub(super) fn is_v4(address: u128) -> bool {
    address >> 32 == IPV4_MAPPED >> 32
}

/// Whether an address is publicly routable: not private (RFC 1918, RFC 4193), shared (RFC 6598), link-local or
/// loopback.
#[must_use]
pub fn is_public(address: u128) -> bool {
    let inside = |network: u128, bits: u32| address >> (128 - bits) == network >> (128 - bits);
    let v4 = |a: u8, b: u8, bits: u32| inside(IPV4_MAPPED | u128::from(a) << 24 | u128::from(b) << 16, 96 + bits);
    let private_v4 = v4(10, 0, 8) || v4(172, 16, 12) || v4(192, 168, 16) || v4(100, 64, 10);
    let local_v4 = v4(169, 254, 16) || v4(127, 0, 8);
    let local_v6 = inside(0xfc00 << 112, 7) || inside(0xfe80 << 112, 10) || address == 1;
    !(private_v4 || local_v4 || local_v6)
}

/// One column of a group's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyValue {
    /// No value.
    Absent,
    /// An address, IPv4 in `::ffff:0:0/96`.
    Address(u128),
    /// A prefix: its first address, and its length in bits of the address's own family.
    Prefix(u128, u8),
    /// A port, code or count.
    Number(u64),
    /// Seconds since 1970, UTC.
    Time(u32),
    /// A code of the roll-up's dictionary.
    Text(u32),
}

impl KeyValue {
    /// The order of rows with equal sums: by value, texts by their bytes, absent first.
    #[must_use]
    pub fn compare(self, other: Self, names: &Dictionary) -> std::cmp::Ordering {
        match (self, other) {
            (Self::Text(one), Self::Text(two)) => names.text(one).cmp(names.text(two)),
            (one, two) => one.cmp(&two),
        }
    }
}

/// Where each column of a key stands in its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    parts: Vec<Part>,
    pub(super) words: usize,
}

/// Where one column of a key stands in its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    word: usize,
    shift: u32,
    wide_address: bool,
}

impl Part {
    /// A column of half a word.
    #[inline]
    pub(super) fn half(self, words: &[u64]) -> u32 {
        low_half(words[self.word] >> self.shift)
    }

    /// An address, cut as it is.
    #[inline]
    pub(super) fn address(self, words: &[u64]) -> u128 {
        if self.wide_address {
            u128::from(words[self.word]) << 64 | u128::from(words[self.word + 1])
        } else {
            IPV4_MAPPED | u128::from(self.half(words))
        }
    }
}

impl Layout {
    pub(super) fn new(keys: &[Key], wide: bool) -> Self {
        let whole_words = |key: &Key| match key.column.kind() {
            Kind::Address if wide => 2,
            Kind::Big => 1,
            _ => 0,
        };
        let mut words: usize = 0;
        let mut half_free = false;
        let mut parts = Vec::new();
        for key in keys {
            let wide_address = whole_words(key) == 2;
            let (word, shift) = match whole_words(key) {
                0 if half_free => (words - 1, 32),
                0 => (words, 0),
                _ => (words, 0),
            };
            match whole_words(key) {
                0 if half_free => half_free = false,
                0 => (words, half_free) = (words + 1, true),
                taken => (words, half_free) = (words + taken, false),
            }
            parts.push(Part { word, shift, wide_address });
        }
        // A key of no columns still needs a word to be found by.
        Self { parts, words: words.max(1) }
    }

    /// Writes one column of the picked rows into their packed rows, `stride` words apart.
    pub(super) fn encode(
        &self,
        place: usize,
        key: &Key,
        values: &Values,
        codes: &[u32],
        picks: &[u32],
        rows: &mut Rows<'_>,
    ) {
        let Part { word, shift, wide_address } = self.parts[place];
        let cut = |address| key.cut.map_or(address, |cut| cut.apply(address));
        match values {
            Values::Address(values) if wide_address => {
                rows.put(word, picks, |row| (cut(values[row]) >> 64) as u64);
                rows.put(word + 1, picks, |row| low_word(cut(values[row])));
            }
            Values::Address(values) => rows.put(word, picks, |row| (low_word(cut(values[row])) & 0xffff_ffff) << shift),
            Values::Big(values) => rows.put(word, picks, |row| values[row]),
            Values::Small(values) | Values::Time(values) => {
                rows.put(word, picks, |row| u64::from(values[row]) << shift)
            }
            Values::Text(values) => rows.put(word, picks, |row| u64::from(codes[values[row] as usize]) << shift),
        }
    }

    /// One column of a packed key.
    pub(super) fn value(&self, place: usize, key: &Key, row: &[u64]) -> KeyValue {
        let part = self.parts[place];
        let (word, half) = (part.word, part.half(row));
        match key.column.kind() {
            Kind::Address => {
                let address = part.address(row);
                match key.cut.and_then(|cut| cut.bits(address)) {
                    _ if address == ABSENT_ADDRESS => KeyValue::Absent,
                    Some(bits) => KeyValue::Prefix(address, bits),
                    None => KeyValue::Address(address),
                }
            }
            Kind::Big if row[word] == ABSENT_BIG => KeyValue::Absent,
            Kind::Big => KeyValue::Number(row[word]),
            Kind::Text if half == Dictionary::ABSENT => KeyValue::Absent,
            Kind::Text => KeyValue::Text(half),
            _ if half == ABSENT_SMALL => KeyValue::Absent,
            Kind::Time => KeyValue::Time(half),
            Kind::Small => KeyValue::Number(half.into()),
        }
    }

    /// Where a column stands.
    pub(super) fn part(&self, place: usize) -> Part {
        self.parts[place]
    }

    /// Packs one column of a key as another layout has it packed.
    pub(super) fn repack(&self, place: usize, key: &Key, from: &Self, packed: &[u64], row: &mut [u64]) {
        let Part { word, shift, wide_address } = self.parts[place];
        let source = from.parts[place];
        match key.column.kind() {
            Kind::Address => {
                let address = source.address(packed);
                if wide_address {
                    (row[word], row[word + 1]) = ((address >> 64) as u64, low_word(address));
                } else {
                    row[word] |= (low_word(address) & 0xffff_ffff) << shift;
                }
            }
            Kind::Big => row[word] = packed[source.word],
            _ => row[word] |= u64::from(low_half(packed[source.word] >> source.shift)) << shift,
        }
    }

    /// A packed key under the codes of another dictionary.
    pub(super) fn translate(&self, keys: &[Key], row: &mut [u64], codes: &[u32]) {
        for (part, _) in self.parts.iter().zip(keys).filter(|(_, key)| key.column.kind() == Kind::Text) {
            let code = codes[low_half(row[part.word] >> part.shift) as usize];
            let other_half = row[part.word] & !(0xffff_ffff << part.shift);
            row[part.word] = other_half | u64::from(code) << part.shift;
        }
    }
}

/// Packed rows being written, one after another.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    pub(super) words: &'a mut [u64],
    pub(super) stride: usize,
}

impl Rows<'_> {
    /// Joins a value into one word of each picked row's packed row.
    #[inline]
    pub(super) fn put(&mut self, word: usize, picks: &[u32], value: impl Fn(usize) -> u64) {
        for (packed, row) in self.words.chunks_exact_mut(self.stride).zip(picks) {
            packed[word] |= value(*row as usize);
        }
    }
}

/// Whether any address of these columns is not IPv4, which needs the wide layout.
pub(super) fn is_wide(address: u128) -> bool {
    !is_v4(address)
}

#[expect(clippy::cast_possible_truncation, reason = "the low word is what is requested")]
fn low_word(address: u128) -> u64 {
    address as u64
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is requested")]
fn low_half(word: u64) -> u32 {
    word as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_typed_by_name_alias_and_prefix() {
        assert_eq!(Key::parse("eni").unwrap(), Key { column: Column::InterfaceId, cut: None });
        let cut = Key::parse("src/24").unwrap().cut.unwrap();
        assert_eq!((cut.v4_bits, cut.v6_bits, cut.public_only), (24, IPV6_PREFIX_BITS, false));
        assert_eq!(Key::parse("dst/16/32:public").unwrap().name(), "dst_prefix");
    }

    #[test]
    fn a_wrong_key_is_named_with_a_suggestion() {
        for (text, hint) in [
            ("srcadr", "srcaddr"),
            ("dstport/24", "src/24"),
            ("src/33", "src/24"),
            ("src/1/2/3", "src/24"),
            ("src/8:public", "src/24"),
        ] {
            let error = Key::parse(text).unwrap_err();
            assert!(error.hints()[0].contains(hint), "{text}: {error} {:?}", error.hints());
        }
    }

    #[test]
    fn prefixes_cut_each_family_by_its_own_length_and_private_ones_only_if_asked() {
        let address = |text: &str| match text.parse().unwrap() {
            std::net::IpAddr::V4(v4) => u128::from(v4.to_ipv6_mapped()),
            std::net::IpAddr::V6(v6) => u128::from(v6),
        };
        let cut = Cut { v4_bits: 24, v6_bits: 48, public_only: false };
        assert_eq!(cut.apply(address("10.1.2.3")), address("10.1.2.0"));
        assert_eq!(cut.apply(address("2001:db8:1:2::3")), address("2001:db8:1::"));
        let public = Cut { public_only: true, ..cut };
        for whole in ["10.1.2.3", "172.31.0.1", "192.168.1.1", "100.64.0.1", "169.254.1.1", "fd00::1", "fe80::1"] {
            assert_eq!(public.apply(address(whole)), address(whole));
        }
        assert_eq!(public.apply(address("172.32.0.1")), address("172.32.0.0"));
        assert_eq!(Cut { v4_bits: 0, v6_bits: 0, public_only: false }.apply(address("9.9.9.9")), address("0.0.0.0"));
    }
}
