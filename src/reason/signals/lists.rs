//! Lists of address prefixes that users give: threats, and approved destinations.
//!
//! A line holds one prefix or address; what follows a blank, a comma, `#` or `;` is a remark, and a second prefix is an
//! error rather than a remark. Nothing is looked up anywhere, and no list is part of the program.

use crate::error::Error;
use crate::join::prefixes::Prefixes;
use crate::units::address::Prefix;

/// The most prefixes that a list may have.
pub(super) const CIDRS_MAX: usize = 4_000_000;
/// How much of a wrong line is shown.
const SHOWN_CHARS: usize = 60;

/// A list of prefixes.
#[derive(Clone, Debug, Default)]
pub struct CidrList(Prefixes<()>);

/// Both lists.
#[derive(Clone, Debug, Default)]
pub struct Lists {
    /// Threat list addresses.
    pub threats: CidrList,
    /// Destinations that are approved.
    pub allowed: CidrList,
}

impl CidrList {
    /// One list of files by their names and contents; nothing is on it without files.
    ///
    /// # Errors
    /// For the first line that holds neither a prefix nor an address, with its number; for a file of nothing.
    pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Self, Error> {
        let mut all = Vec::new();
        for (name, bytes) in files {
            let before = all.len();
            add(name, bytes, &mut all)?;
            if all.len() == before {
                return Err(Error::usage(format!("{name}: holds no prefix"))
                    .hint("write one prefix or address a line: 198.51.100.0/24"));
            }
        }
        Ok(Self(Prefixes::new(all.into_iter().map(|prefix| (prefix, ())))))
    }

    /// The longest prefix that holds the address, as it is written.
    pub(super) fn find(&self, address: u128) -> Option<String> {
        self.0.all(address).next().map(|(prefix, ())| prefix.to_string())
    }

    /// Whether a prefix holds the address.
    pub(super) fn holds(&self, address: u128) -> bool {
        self.0.look_up(address).is_some()
    }
}

/// Adds what a file holds.
fn add(name: &str, bytes: &[u8], prefixes: &mut Vec<Prefix>) -> Result<(), Error> {
    let text = String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    for (line, text) in (1u64..).zip(text.lines()) {
        let with_context = |error: Error| error.context(format!("{name}, line {line}"));
        let end = text.find(['#', ';']).unwrap_or(text.len());
        let mut words = text[..end].split([',', ' ', '\t', '\r']).filter(|word| !word.is_empty());
        let Some(word) = words.next() else { continue };
        let shown: String = word.chars().take(SHOWN_CHARS).collect();
        // What is too long to be one need not be shown whole.
        let word = if word.len() > 4 * SHOWN_CHARS { &shown } else { word };
        let prefix = Prefix::parse_or_address(word).map_err(with_context)?;
        if let Some(second) = words.find(|word| Prefix::parse_or_address(word).is_ok()) {
            let error = Error::usage(format!("`{second}` is a second prefix or address"));
            return Err(with_context(error.hint("write one a line; a remark may follow it")));
        }
        if prefixes.len() == CIDRS_MAX {
            return Err(Error::usage(format!("{name}, line {line}: a list has at most {CIDRS_MAX} prefixes"))
                .hint("merge prefixes that lie beside each other"));
        }
        prefixes.push(prefix);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn v4(address: u32) -> u128 {
        0xffff_0000_0000 | address as u128
    }

    #[test]
    fn prefixes_and_addresses_are_read_remarks_are_not() {
        let text = b"\xef\xbb\xbf# feed of today\n\n203.0.113.0/24 ; scanners\r\n198.51.100.7,c2\n  2001:db8::/32\n";
        let list = CidrList::read([("threats.txt", &text[..])]).unwrap();
        assert_eq!(list.find(v4(0xcb00_7109)).as_deref(), Some("203.0.113.0/24"));
        assert_eq!(list.find(v4(0xc633_6407)).as_deref(), Some("198.51.100.7/32"));
        assert!(list.holds(0x2001_0db8 << 96));
        assert!(!list.holds(v4(0xc633_6408)));
    }

    #[test]
    fn a_bad_line_is_named_with_what_to_write_instead() {
        for (text, with_context, hint) in [
            ("10.0.0.0/8\nevil.example", "t, line 2: invalid address or CIDR `evil.example`", "2001:db8::/32"),
            ("10.0.0.1/8", "t, line 1: `10.0.0.1/8` has host bits set", "write 10.0.0.0/8 for the network"),
            ("1.2.3.4,5.6.7.8", "t, line 1: `5.6.7.8` is a second prefix or address", "write one a line"),
            ("1.2.3.4 c2, 5.6.7.0/24", "t, line 1: `5.6.7.0/24` is a second prefix or address", "write one a line"),
            ("# nothing\n", "t: holds no prefix", "one prefix or address a line"),
        ] {
            let error = CidrList::read([("t", text.as_bytes())]).unwrap_err();
            assert_eq!(error.to_string(), with_context);
            assert!(error.hints().iter().any(|with_context| with_context.contains(hint)), "{:?}", error.hints());
        }
    }
}
