//! Interned texts: each distinct text is stored once and represented by a code.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::schema::ABSENT_TEXT;

/// Distinct texts by code. Codes mean something only beside the dictionary that gave them; the first ones are the
/// same in every dictionary. The texts are end to end in one buffer: there may be millions, and short ones.
#[derive(Clone, Debug)]
pub struct Dictionary {
    bytes: Vec<u8>,
    /// Where each text ends, by its code.
    ends: Vec<usize>,
    codes: HashTable<u32>,
    hasher: ahash::RandomState,
}

/// What an allocation takes beside its bytes, about.
pub const HEAP_BYTES: usize = 16;
/// What a text takes beside its bytes: where it ends, its code and a byte of its hash, in tables with room to grow.
const TEXT_BYTES: usize = 2 * (size_of::<usize>() + size_of::<u32>() + 1);

macro_rules! fixed {
    ($($constant:ident $code:literal $text:literal),*) => {
        impl Dictionary {
            $(#[doc = concat!("The code of `", $text, "` in every dictionary.")] pub const $constant: u32 = $code;)*
        }
        const FIXED: &[&str] = &[$($text),*];
        impl Dictionary {
            /// How many texts are in every dictionary: the first code of any other text.
            pub const FIXED_COUNT: usize = FIXED.len();
        }
    };
}

fixed! {
    ABSENT 0 "-", ACCEPT 1 "ACCEPT", REJECT 2 "REJECT", OK 3 "OK", NODATA 4 "NODATA", SKIPDATA 5 "SKIPDATA",
    INGRESS 6 "ingress", EGRESS 7 "egress", IPV4 8 "IPv4", IPV6 9 "IPv6", UNKNOWN 10 "unknown"
}

impl Default for Dictionary {
    fn default() -> Self {
        let (bytes, ends, codes, hasher) = Default::default();
        let mut fixed = Self { bytes, ends, codes, hasher };
        for text in FIXED {
            fixed.code(text.as_bytes());
        }
        fixed
    }
}

impl Dictionary {
    /// The code of a text, which is kept if it is new.
    pub fn code(&mut self, text: &[u8]) -> u32 {
        let Self { bytes, ends, codes, hasher } = self;
        let known = |code: &u32| text_at(bytes, ends, *code as usize);
        let entry = codes.entry(
            hasher.hash_one(text),
            |code| known(code) == Some(text),
            |code| hasher.hash_one(known(code).unwrap_or_default()),
        );
        match entry {
            Entry::Occupied(code) => *code.get(),
            Entry::Vacant(place) => {
                let Ok(code) = u32::try_from(ends.len()) else { return ABSENT_TEXT };
                bytes.extend_from_slice(text);
                ends.push(bytes.len());
                place.insert(code);
                code
            }
        }
    }

    /// Keeps all texts of another dictionary; returns its codes as codes of this one.
    pub fn add(&mut self, other: &Self) -> Vec<u32> {
        (0..other.len()).map(|code| self.code(text_at(&other.bytes, &other.ends, code).unwrap_or_default())).collect()
    }

    /// The text of a code; `-` for one that this dictionary never gave.
    #[must_use]
    pub fn text(&self, code: u32) -> &[u8] {
        text_at(&self.bytes, &self.ends, code as usize).unwrap_or(b"-")
    }

    /// The text of a code as UTF-8, damaged bytes replaced.
    #[must_use]
    pub fn display(&self, code: u32) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.text(code))
    }

    /// How many codes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of memory, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len() + self.len() * TEXT_BYTES
    }

    /// Never: the fixed texts are in every dictionary.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

fn text_at<'a>(bytes: &'a [u8], ends: &[usize], code: usize) -> Option<&'a [u8]> {
    let start = code.checked_sub(1).map_or(Some(0), |before| ends.get(before).copied())?;
    bytes.get(start..*ends.get(code)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_its_code_and_the_fixed_ones_are_where_they_are_said_to_be() {
        let mut dictionary = Dictionary::default();
        let code = dictionary.code(b"eni-1");
        assert_eq!((dictionary.code(b"eni-1"), dictionary.text(code)), (code, &b"eni-1"[..]));
        for (code, text) in FIXED.iter().enumerate() {
            assert_eq!(dictionary.code(text.as_bytes()) as usize, code);
        }
        assert_eq!(dictionary.code(b"-"), ABSENT_TEXT);
    }
}
