//! Groups as columns of values, with a digest that detects changes.

use crate::decode::{Dictionary, Values};
use crate::group::table::hash;
use crate::schema::ABSENT_TIME;

/// The digest's own seed: it is the same in every file.
const SEED: u64 = 0x6f75_7466_6c6f_7731;

/// Some groups, column by column.
#[derive(Debug, Default)]
pub(in crate::group) struct Groups {
    /// In the order of the spec's keys.
    pub(in crate::group) keys: Vec<Values>,
    /// In row word order.
    pub(in crate::group) counts: Vec<Vec<u64>>,
    /// As in a row's last word, if moments are kept.
    pub(in crate::group) seen: Option<Vec<u64>>,
    pub(in crate::group) rejected: Vec<bool>,
}

/// What the digest of a text is made with, by its code.
#[derive(Debug, Default)]
pub(super) struct Texts(Vec<u64>);

impl Texts {
    /// Looks at the texts that a dictionary has learnt since.
    fn learn(&mut self, names: &Dictionary) {
        let new = u32::try_from(self.0.len()).unwrap_or(u32::MAX)..u32::try_from(names.len()).unwrap_or(u32::MAX);
        self.0.extend(new.map(|code| {
            let text = names.text(code);
            u64::from(crc32fast::hash(text)) << 32 | text.len() as u64 & 0xffff_ffff
        }));
    }
}

impl Groups {
    /// The first and the last moments, if they are kept.
    pub(super) fn moments(&self) -> Option<(Vec<u32>, Vec<u32>)> {
        let half = |word: u64| u32::try_from(word & 0xffff_ffff).unwrap_or(ABSENT_TIME);
        let last = |word: &u64| Some(half(*word)).filter(|last| *last != 0).unwrap_or(ABSENT_TIME);
        let seen = self.seen.as_ref()?;
        Some((seen.iter().map(|seen| half(seen >> 32)).collect(), seen.iter().map(last).collect()))
    }

    /// The sum of the groups' digests, independent of order; `names` has the texts of the keys.
    #[expect(clippy::cast_possible_truncation, reason = "an address is two words")]
    pub(super) fn digest(&self, names: &Dictionary, texts: &mut Texts) -> u64 {
        texts.learn(names);
        let mut words = Vec::new();
        let digest = |row: usize| {
            words.clear();
            for values in &self.keys {
                match values {
                    Values::Address(values) => {
                        words.extend([(values[row] >> 64) as u64, values[row] as u64]);
                    }
                    Values::Big(values) => words.push(values[row]),
                    Values::Small(values) | Values::Time(values) => words.push(values[row].into()),
                    Values::Text(values) => words.push(texts.0.get(values[row] as usize).copied().unwrap_or(0)),
                }
            }
            words.extend(self.counts.iter().chain(&self.seen).map(|column| column[row]));
            words.push(self.rejected[row].into());
            hash(&words, SEED)
        };
        (0..self.rejected.len()).map(digest).fold(0, u64::wrapping_add)
    }
}
