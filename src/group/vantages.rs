//! Many columns as one: the values of a few text and small columns of a record, together, as a code.
//!
//! Interfaces, directions and traffic paths occur in few combinations. A key with one code for a combination is as wide
//! as a key with one column, and hashing is done once per combination and block.

use std::collections::HashMap;

use crate::decode::{Dictionary, Flows, HEAP_BYTES, Values};
use crate::schema::{ABSENT_SMALL, Column, Kind};

/// Combinations that a block's records are compared with before they are looked up among all: few enough for a core's
/// cache.
const RECENT: usize = 1 << 11;
/// The code of a place among them that holds none.
const NONE: u32 = u32::MAX;

/// Codes of combinations, as one worker meets them.
#[derive(Debug)]
pub(super) struct Vantages {
    columns: Vec<Column>,
    /// By the worker's codes of the columns' values.
    known: HashMap<Box<[u32]>, u32, ahash::RandomState>,
    /// Those met since the last [`Self::take_new`], as [`fields`] reads them.
    new: Vec<Vec<u8>>,
    values: Values,
    /// The columns that have values in the block that was looked at last.
    present: Vec<usize>,
    /// Combinations met last, one in a place: the values of the columns present, and the combination's code.
    recent: Vec<u32>,
}

impl Vantages {
    pub(super) fn new(columns: &[Column]) -> Self {
        let (known, new, present, recent) = Default::default();
        Self { columns: columns.to_vec(), known, new, values: Values::Text(Vec::new()), present, recent }
    }

    /// The combinations met since the last call, in the order of their codes, which are those of a
    /// dictionary that they are added to in this order.
    pub(super) fn take_new(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.new)
    }

    /// Bytes of memory, about.
    pub(super) fn bytes(&self) -> usize {
        let combination = size_of::<(Box<[u32]>, u32)>() + self.columns.len() * size_of::<u32>() + HEAP_BYTES;
        self.known.capacity() * combination
    }

    /// The codes of the block that was looked at last.
    pub(super) fn values(&self) -> &Values {
        &self.values
    }

    /// Codes the picked records of a block; the others get none.
    pub(super) fn look(&mut self, flows: &Flows, dictionary: &Dictionary, picked: &[u32]) {
        let columns: Vec<&[u32]> = self.columns.iter().map(|column| flows.smalls(*column).unwrap_or(&[])).collect();
        let present = present(self.columns.iter().zip(&columns).map(|(column, values)| (*column, *values)));
        let width = present.len() + 1;
        if present != self.present {
            self.recent.clear();
            self.present = present;
        }
        self.recent.resize(RECENT * width, NONE);
        let Self { known, new, values: Values::Text(codes), present, recent, .. } = self else { return };
        codes.clear();
        codes.resize(flows.rows(), Dictionary::ABSENT);
        let compared: Vec<&[u32]> = present.iter().map(|place| columns[*place]).collect();
        for row in picked.iter().map(|row| *row as usize) {
            let slot = place(compared.iter().map(|values| values[row])) * width;
            let Some((code, slot)) = recent[slot..slot + width].split_last_mut() else { continue };
            let same = *code != NONE && slot.iter().zip(&compared).all(|(value, values)| *value == values[row]);
            if !same {
                slot.iter_mut().zip(&compared).for_each(|(value, values)| *value = values[row]);
                let at = |values: &&[u32]| values.get(row).copied().unwrap_or(ABSENT_SMALL);
                let combination: Box<[u32]> = columns.iter().map(at).collect();
                *code = match known.get(&combination) {
                    Some(code) => *code,
                    None => {
                        new.push(text(&self.columns, &combination, dictionary));
                        let code = u32::try_from(Dictionary::FIXED_COUNT + known.len()).unwrap_or(Dictionary::ABSENT);
                        known.insert(combination, code);
                        code
                    }
                };
            }
            codes[row] = *code;
        }
    }
}

/// The places of the columns that have any value. Most formats have few of the columns that are asked for.
pub(super) fn present<'a>(columns: impl Iterator<Item = (Column, &'a [u32])>) -> Vec<usize> {
    let has_value = |(column, values): (Column, &[u32])| {
        let absent = if column.kind() == Kind::Text { Dictionary::ABSENT } else { ABSENT_SMALL };
        values.chunks(64).any(|values| values.iter().fold(false, |any, value| any | (*value != absent)))
    };
    columns.enumerate().filter(|(_, column)| has_value(*column)).map(|(place, _)| place).collect()
}

/// Where a combination is among those met last.
fn place(values: impl Iterator<Item = u32>) -> usize {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let hash = values.fold(0, |hash: u64, value| (hash ^ u64::from(value)).wrapping_mul(ODD).rotate_left(29));
    usize::try_from(hash % RECENT as u64).unwrap_or(0)
}

/// A combination as bytes: of each column the length of its value and the value, which is empty if it is absent.
fn text(columns: &[Column], codes: &[u32], dictionary: &Dictionary) -> Vec<u8> {
    let mut text = Vec::new();
    for (column, code) in columns.iter().zip(codes) {
        let number;
        let value: &[u8] = match column.kind() {
            _ if *code == ABSENT_SMALL => b"",
            Kind::Text if *code == Dictionary::ABSENT => b"",
            Kind::Text => dictionary.text(*code),
            _ => {
                number = code.to_string();
                number.as_bytes()
            }
        };
        let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
        text.extend_from_slice(&length.to_le_bytes());
        text.extend_from_slice(&value[..length.into()]);
    }
    text
}

/// The values of a combination, in column order; an empty one is absent.
pub fn fields(mut view: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = view.split_first_chunk::<2>()?;
        let (value, rest) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
        view = rest;
        Some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::ColumnSet;

    #[test]
    fn a_combination_has_one_code_and_gives_its_values_back() {
        let columns = [Column::InterfaceId, Column::TrafficPath, Column::Region];
        let mut dictionary = Dictionary::default();
        let (one, two) = (dictionary.code(b"eni-1"), dictionary.code(b"eni-2"));
        let mut flows = Flows::new(ColumnSet::of(&columns[..2]));
        *flows.values_mut(columns[0]).unwrap() = Values::Text(vec![one, two, one, one, Dictionary::ABSENT]);
        *flows.values_mut(columns[1]).unwrap() = Values::Small(vec![8, 8, 8, ABSENT_SMALL, 1]);
        flows.set_rows(5);
        let mut views = Vantages::new(&columns);
        views.look(&flows, &dictionary, &[0, 1, 2, 3, 4]);
        let Values::Text(codes) = views.values().clone() else { panic!() };
        assert_eq!(codes[0], codes[2]);
        assert_eq!(codes.iter().collect::<std::collections::BTreeSet<_>>().len(), 4);
        let mut texts = Dictionary::default();
        for text in views.take_new() {
            texts.code(&text);
        }
        assert!(views.take_new().is_empty());
        let values = |code: u32| fields(texts.text(code)).map(<[u8]>::to_vec).collect::<Vec<_>>();
        assert_eq!(values(codes[0]), [&b"eni-1"[..], b"8", b""]);
        assert_eq!(values(codes[4]), [&b""[..], b"1", b""]);
        assert_eq!(fields(b"\x05\x00eni").count(), 0, "a damaged one gives what can be read");
    }
}
