//! One column of a record batch, row by row, for any type and nesting.
//!
//! What a text or number means is not known here: a [`Sense`] says it.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, TimeUnit};

use super::fault::ParquetFault;
use super::layout::Step;

/// The place of a row that has no value in a list or map.
const NO_PLACE: usize = usize::MAX;
/// The largest whole number up to which a double is exact.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// What the values of a column mean. `None` is a malformed value; an absent one has its own.
pub(super) trait Sense<T> {
    /// A text that is neither empty nor `-`.
    fn text(&mut self, text: &[u8]) -> Option<T>;
    /// A whole number.
    fn number(&mut self, number: i64) -> Option<T>;
    /// Every number from 0 to below this one is well-formed; others may be.
    fn sound_below(&self) -> u64 {
        0
    }
}

/// What each text of a dictionary means, so that it is asked once. The dictionary is held, so that no other one can
/// come to lie at its address and be taken for it.
#[derive(Debug)]
pub(super) struct Meanings<T> {
    of: Option<ArrayRef>,
    values: Vec<T>,
    /// The places of malformed texts, in their order; apart, so that values lie close.
    malformed: Vec<usize>,
}

impl<T> Default for Meanings<T> {
    fn default() -> Self {
        Self { of: None, values: Vec::new(), malformed: Vec::new() }
    }
}

impl<T: Copy> Meanings<T> {
    fn learn(&mut self, texts: &ArrayRef, absent: T, sense: &mut impl Sense<T>) -> Result<(), ParquetFault> {
        if self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, texts)) {
            return Ok(());
        }
        self.values.clear();
        self.malformed.clear();
        for place in 0..texts.len() {
            let text = text_at(texts, place)?;
            let meaning = if is_absent(text) { Some(absent) } else { sense.text(text) };
            if meaning.is_none() {
                self.malformed.push(place);
            }
            self.values.push(meaning.unwrap_or(absent));
        }
        self.of = Some(texts.clone());
        Ok(())
    }

    fn sound(&self, place: usize) -> Option<T> {
        if self.malformed.binary_search(&place).is_ok() { None } else { self.values.get(place).copied() }
    }
}

/// Where in its dictionary a key's text stands; nowhere for a negative one.
fn place_of(key: i32) -> usize {
    key.cast_unsigned() as usize
}

/// The values of one place of a batch.
pub(super) struct Cells {
    array: ArrayRef,
    /// Where in `array` a row's value stands, if not at the row's own place.
    places: Option<Vec<usize>>,
}

/// A type's numbers as whole ones.
trait Number: Copy {
    /// Whether it is how some writers say that there is none.
    fn is_absent(self) -> bool {
        false
    }
    /// The whole number that it is.
    fn whole(self) -> Option<i64>;
    /// The same in bits, all of them set where it is none.
    fn bits(self) -> u64 {
        self.whole().map_or(u64::MAX, i64::cast_unsigned)
    }
}

macro_rules! whole {
    ($($native:ty),*) => {
        $(impl Number for $native {
            fn whole(self) -> Option<i64> {
                i64::try_from(self).ok()
            }
        })*
    };
}
whole!(i8, i16, i32, i64, u8, u16, u32, u64);

impl Number for f64 {
    fn is_absent(self) -> bool {
        self.is_nan()
    }

    #[expect(clippy::cast_possible_truncation, reason = "a whole number that a double holds exactly is cast as it is")]
    fn whole(self) -> Option<i64> {
        (self.fract() == 0.0 && self.abs() < EXACT_MAX).then_some(self as i64)
    }
}

impl Number for f32 {
    fn is_absent(self) -> bool {
        self.is_nan()
    }

    fn whole(self) -> Option<i64> {
        f64::from(self).whole()
    }
}

/// Dispatches on the type of a numeric array, with `$typed` as the typed one.
macro_rules! with_numbers {
    ($array:expr, $typed:ident => $call:expr, $other:expr) => {
        with_numbers!(@ $array, $typed, $call, $other;
            DataType::Int8 => Int8Type, DataType::Int16 => Int16Type, DataType::Int32 => Int32Type,
            DataType::Int64 => Int64Type, DataType::UInt8 => UInt8Type, DataType::UInt16 => UInt16Type,
            DataType::UInt32 => UInt32Type, DataType::UInt64 => UInt64Type, DataType::Float32 => Float32Type,
            DataType::Float64 => Float64Type,
            DataType::Timestamp(TimeUnit::Second, _) => TimestampSecondType,
            DataType::Timestamp(TimeUnit::Millisecond, _) => TimestampMillisecondType,
            DataType::Timestamp(TimeUnit::Microsecond, _) => TimestampMicrosecondType,
            DataType::Timestamp(TimeUnit::Nanosecond, _) => TimestampNanosecondType)
    };
    (@ $array:expr, $typed:ident, $call:expr, $other:expr; $($pattern:pat => $type:ty),*) => {
        match $array.data_type() {
            $($pattern => { let $typed = $array.as_primitive::<$type>(); $call })*
            _ => $other,
        }
    };
}

impl Cells {
    /// The values that some steps lead to.
    pub(super) fn of(batch: &RecordBatch, steps: &[Step]) -> Result<Self, ParquetFault> {
        let missing = || ParquetFault::NoValues(format!("{steps:?}"));
        let mut cells: Option<Self> = None;
        for step in steps {
            let array = cells.as_ref().map(|cells| &cells.array);
            cells = Some(match (step, array) {
                (Step::Child(name), None) => Self::whole(batch.column_by_name(name).ok_or_else(missing)?),
                (Step::Child(name), Some(parent)) => {
                    let parent = parent.as_struct_opt().ok_or_else(missing)?;
                    Self::whole(parent.column_by_name(name).ok_or_else(missing)?)
                }
                (Step::First, Some(lists)) => Self::first(lists).ok_or_else(missing)?,
                (Step::Key(key), Some(maps)) => Self::keyed(maps, key)?.ok_or_else(missing)?,
                (_, None) => return Err(missing()),
            });
        }
        cells.ok_or_else(missing)
    }

    fn whole(array: &ArrayRef) -> Self {
        Self { array: array.clone(), places: None }
    }

    fn first(lists: &ArrayRef) -> Option<Self> {
        let lists = lists.as_list_opt::<i32>()?;
        let place = |row: usize| {
            let (start, end) = (lists.value_offsets()[row], lists.value_offsets()[row + 1]);
            if lists.is_valid(row) && start < end { usize::try_from(start).unwrap_or(NO_PLACE) } else { NO_PLACE }
        };
        let places = (0..lists.len()).map(place).collect();
        Some(Self { array: lists.values().clone(), places: Some(places) })
    }

    fn keyed(maps: &ArrayRef, key: &str) -> Result<Option<Self>, ParquetFault> {
        let Some(maps) = maps.as_map_opt() else { return Ok(None) };
        let keys = Self::whole(maps.keys());
        let (mut is_key, mut meanings, mut bad) = (Vec::new(), Meanings::default(), Vec::new());
        keys.fill(&mut meanings, 0, &mut IsKey(key), &mut is_key, &mut bad)?;
        let place = |row: usize| {
            let offset = |row: usize| usize::try_from(maps.value_offsets()[row]).unwrap_or_default();
            let mut entries = offset(row)..offset(row + 1);
            entries.find(|entry| maps.is_valid(row) && is_key[*entry] == 1).unwrap_or(NO_PLACE)
        };
        let places = (0..maps.len()).map(place).collect();
        Ok(Some(Self { array: maps.values().clone(), places: Some(places) }))
    }

    /// Gives every row that has no value yet its own, and names those whose value is malformed. `out` has no rows yet
    /// or all of them.
    pub(super) fn fill<T: Copy + PartialEq>(
        &self,
        meanings: &mut Meanings<T>,
        absent: T,
        sense: &mut impl Sense<T>,
        out: &mut Vec<T>,
        bad: &mut Vec<usize>,
    ) -> Result<(), ParquetFault> {
        if let DataType::Null = self.array.data_type() {
            out.resize(self.rows(), absent);
            return Ok(());
        }
        if let Some(dictionary) = self.array.as_dictionary_opt::<Int32Type>() {
            meanings.learn(dictionary.values(), absent, sense)?;
            let (keys, values) = (dictionary.keys().values(), meanings.values.as_slice());
            if meanings.malformed.is_empty() {
                let largest = |keys: &[i32]| keys.iter().fold(0, |largest: u32, key| largest.max(key.cast_unsigned()));
                let are_sound = |keys: &[i32]| (largest(keys) as usize) < values.len();
                self.each(keys, absent, out, bad, are_sound, move |key| values.get(place_of(key)).copied());
            } else {
                self.each(keys, absent, out, bad, |_| false, |key| meanings.sound(place_of(key)));
            }
            return Ok(());
        }
        let other = || Err(ParquetFault::Type(self.array.data_type().clone()));
        let sound_below = sense.sound_below();
        with_numbers!(self.array, typed => {
            let are_sound = |values: &[_]| {
                // As large as the largest at least, and found faster; a negative one makes it huge.
                let bits = values.iter().fold(0, |bits, value| bits | Number::bits(*value));
                bits < sound_below
            };
            self.each(typed.values(), absent, out, bad, are_sound, |value| {
                if value.is_absent() { Some(absent) } else { value.whole().and_then(|number| sense.number(number)) }
            });
            Ok(())
        }, other())
    }

    fn rows(&self) -> usize {
        self.places.as_ref().map_or(self.array.len(), Vec::len)
    }

    fn each<N: Copy, T: Copy + PartialEq>(
        &self,
        values: &[N],
        absent: T,
        out: &mut Vec<T>,
        bad: &mut Vec<usize>,
        are_sound: impl Fn(&[N]) -> bool,
        mut meaning: impl FnMut(N) -> Option<T>,
    ) {
        if out.is_empty() && self.places.is_none() {
            if self.straight(values, absent, out, are_sound, &mut meaning) {
                return;
            }
            out.clear();
        }
        out.resize(self.rows(), absent);
        let nulls = self.array.nulls();
        for (row, out) in out.iter_mut().enumerate() {
            let place = self.places.as_ref().map_or(row, |places| places[row]);
            if *out == absent && place != NO_PLACE && nulls.is_none_or(|nulls| nulls.is_valid(place)) {
                match meaning(values[place]) {
                    Some(value) => *out = value,
                    None => bad.push(row),
                }
            }
        }
    }

    /// Fast path in tight loops: a value per row, each run between nulls as a whole. `are_sound` may check a run for
    /// malformed values; if there are any, the slow path names them.
    fn straight<N: Copy, T: Copy>(
        &self,
        values: &[N],
        absent: T,
        out: &mut Vec<T>,
        are_sound: impl Fn(&[N]) -> bool,
        meaning: &mut impl FnMut(N) -> Option<T>,
    ) -> bool {
        let mut sound = true;
        let nulls = self.array.nulls();
        let whole = nulls.is_none().then_some((0, values.len()));
        out.reserve(values.len());
        for (start, end) in whole.into_iter().chain(nulls.into_iter().flat_map(|nulls| nulls.valid_slices())) {
            let stretch = &values[start..end];
            out.resize(start, absent);
            // Two loops that each do one thing are faster than one that does both.
            out.extend(stretch.iter().map(|value| meaning(*value).unwrap_or(absent)));
            sound &= are_sound(stretch) || stretch.iter().fold(true, |sound, value| sound & meaning(*value).is_some());
        }
        out.resize(values.len(), absent);
        sound
    }

    /// A row's value as it is in the file, if there is one.
    pub(super) fn show(&self, row: usize) -> Option<Vec<u8>> {
        let place = self.places.as_ref().map_or(row, |places| places[row]);
        if place == NO_PLACE || self.array.is_null(place) {
            return None;
        }
        if let Some(dictionary) = self.array.as_dictionary_opt::<Int32Type>() {
            let key = usize::try_from(dictionary.keys().value(place)).ok()?;
            return text_at(dictionary.values(), key).ok().filter(|text| !is_absent(text)).map(<[u8]>::to_vec);
        }
        with_numbers!(self.array, typed => Some(typed.value(place).to_string().into_bytes()), None)
    }
}

/// Whether a text is the key that is looked for.
struct IsKey<'a>(&'a str);

impl Sense<u8> for IsKey<'_> {
    fn text(&mut self, text: &[u8]) -> Option<u8> {
        Some(u8::from(text == self.0.as_bytes()))
    }

    fn number(&mut self, _: i64) -> Option<u8> {
        None
    }
}

fn is_absent(text: &[u8]) -> bool {
    text.is_empty() || text == b"-"
}

fn text_at(texts: &ArrayRef, place: usize) -> Result<&[u8], ParquetFault> {
    match texts.data_type() {
        DataType::Utf8 => Ok(texts.as_string::<i32>().value(place).as_bytes()),
        DataType::Binary => Ok(texts.as_binary::<i32>().value(place)),
        other => Err(ParquetFault::DictionaryType(other.clone())),
    }
}
