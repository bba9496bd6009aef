//! Interned texts: each distinct text is stored once and represented by a code.

use indexmap::IndexSet;

use crate::schema::ABSENT_TEXT;

/// Distinct texts by code. Codes mean something only beside the dictionary that gave them; the first ones are the
/// same in every dictionary.
#[derive(Clone, Debug)]
pub struct Dictionary {
    texts: IndexSet<Box<[u8]>, ahash::RandomState>,
    text_bytes: usize,
}

/// What an allocation takes beside its bytes, about.
pub const HEAP_BYTES: usize = 16;
/// What a text takes beside its bytes: where it is, its hash, its place in the index.
const TEXT_BYTES: usize = size_of::<Box<[u8]>>() + 2 * size_of::<usize>() + HEAP_BYTES;

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
        Self { texts: FIXED.iter().map(|text| text.as_bytes().into()).collect(), text_bytes: 0 }
    }
}

impl Dictionary {
    /// The code of a text, which is kept if it is new.
    pub fn code(&mut self, text: &[u8]) -> u32 {
        let place = match self.texts.get_index_of(text) {
            Some(place) => place,
            None => {
                self.text_bytes += text.len();
                self.texts.insert_full(text.into()).0
            }
        };
        u32::try_from(place).unwrap_or(ABSENT_TEXT)
    }

    /// Keeps all texts of another dictionary; returns its codes as codes of this one.
    pub fn add(&mut self, other: &Self) -> Vec<u32> {
        other.texts.iter().map(|text| self.code(text)).collect()
    }

    /// The text of a code; `-` for one that this dictionary never gave.
    #[must_use]
    pub fn text(&self, code: u32) -> &[u8] {
        self.texts.get_index(code as usize).map_or(b"-", |text| text)
    }

    /// The text of a code as UTF-8, damaged bytes replaced.
    #[must_use]
    pub fn display(&self, code: u32) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(self.text(code))
    }

    /// How many codes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Bytes of memory, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.text_bytes + self.texts.len() * TEXT_BYTES
    }

    /// Never: the fixed texts are in every dictionary.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
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
