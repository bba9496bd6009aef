//! Records as columns: what every decoder gives and every later stage takes.

use crate::schema::{ABSENT_ADDRESS, ABSENT_BIG, ABSENT_SMALL, ABSENT_TEXT, ABSENT_TIME, Column, ColumnSet, Kind};

/// The values of one column, a place per record; an absent value is the kind's `ABSENT_…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Values {
    /// IPv4 in `::ffff:0:0/96`.
    Address(Vec<u128>),
    /// Ports, protocol, codes.
    Small(Vec<u32>),
    /// Counts.
    Big(Vec<u64>),
    /// Seconds since 1970, UTC.
    Time(Vec<u32>),
    /// Codes of the dictionary that the decoder was given.
    Text(Vec<u32>),
}

impl Values {
    /// No values of a kind.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        match kind {
            Kind::Address => Self::Address(Vec::new()),
            Kind::Small => Self::Small(Vec::new()),
            Kind::Big => Self::Big(Vec::new()),
            Kind::Time => Self::Time(Vec::new()),
            Kind::Text => Self::Text(Vec::new()),
        }
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Address(values) => values.len(),
            Self::Big(values) => values.len(),
            Self::Small(values) | Self::Time(values) | Self::Text(values) => values.len(),
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes it `rows` long, with absent values where there were none.
    pub fn fill_absent(&mut self, rows: usize) {
        match self {
            Self::Address(values) => values.resize(rows, ABSENT_ADDRESS),
            Self::Big(values) => values.resize(rows, ABSENT_BIG),
            Self::Small(values) => values.resize(rows, ABSENT_SMALL),
            Self::Time(values) => values.resize(rows, ABSENT_TIME),
            Self::Text(values) => values.resize(rows, ABSENT_TEXT),
        }
    }

    /// Adds the picked rows of values of the same kind.
    fn extend_from(&mut self, other: &Self, picked: &[u32]) {
        fn extend<T: Copy>(values: &mut Vec<T>, other: &[T], picked: &[u32]) {
            values.extend(picked.iter().map(|row| other[*row as usize]));
        }
        match (self, other) {
            (Self::Address(values), Self::Address(other)) => extend(values, other, picked),
            (Self::Big(values), Self::Big(other)) => extend(values, other, picked),
            (
                Self::Small(values) | Self::Time(values) | Self::Text(values),
                Self::Small(other) | Self::Time(other) | Self::Text(other),
            ) => extend(values, other, picked),
            _ => {}
        }
    }

    /// Keeps the rows that are marked, in their order.
    pub fn retain(&mut self, keep: &[bool]) {
        fn retain<T>(values: &mut Vec<T>, keep: &[bool]) {
            let mut marks = keep.iter();
            values.retain(|_| *marks.next().unwrap_or(&true));
        }
        match self {
            Self::Address(values) => retain(values, keep),
            Self::Big(values) => retain(values, keep),
            Self::Small(values) | Self::Time(values) | Self::Text(values) => retain(values, keep),
        }
    }

    /// Whether the row has a value.
    #[must_use]
    pub fn present(&self, row: usize) -> bool {
        match self {
            Self::Address(values) => values[row] != ABSENT_ADDRESS,
            Self::Big(values) => values[row] != ABSENT_BIG,
            Self::Small(values) => values[row] != ABSENT_SMALL,
            Self::Time(values) => values[row] != ABSENT_TIME,
            Self::Text(values) => values[row] != ABSENT_TEXT,
        }
    }
}

/// A block of records as a struct of arrays: the columns requested, all of one length.
///
/// A requested column that is not in the log has absent values: later stages need not know the format of a block.
/// Buffers are reused for the next block.
#[derive(Clone, Debug)]
pub struct Flows {
    rows: usize,
    columns: Vec<(Column, Values)>,
    /// The place in `columns` by column, `u8::MAX` where it was not requested.
    places: [u8; 128],
}

impl Flows {
    /// No records of these columns.
    #[must_use]
    pub fn new(wanted: ColumnSet) -> Self {
        let columns: Vec<_> = wanted.iter().map(|column| (column, Values::new(column.kind()))).collect();
        let mut places = [u8::MAX; 128];
        for (place, (column, _)) in (0u8..).zip(&columns) {
            places[*column as usize] = place;
        }
        Self { rows: 0, columns, places }
    }

    /// How many records there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns and their values.
    #[must_use]
    pub fn columns(&self) -> &[(Column, Values)] {
        &self.columns
    }

    /// A column's values, if it was requested.
    #[must_use]
    pub fn values(&self, column: Column) -> Option<&Values> {
        self.columns.get(usize::from(self.places[column as usize])).map(|(_, values)| values)
    }

    /// The same, to be written by a decoder, which then says [`Self::set_rows`].
    pub fn values_mut(&mut self, column: Column) -> Option<&mut Values> {
        self.columns.get_mut(usize::from(self.places[column as usize])).map(|(_, values)| values)
    }

    /// An address column.
    #[must_use]
    pub fn addresses(&self, column: Column) -> Option<&[u128]> {
        match self.values(column) {
            Some(Values::Address(values)) => Some(values),
            _ => None,
        }
    }

    /// A column of small integers, times or text codes.
    #[must_use]
    pub fn smalls(&self, column: Column) -> Option<&[u32]> {
        match self.values(column) {
            Some(Values::Small(values) | Values::Time(values) | Values::Text(values)) => Some(values),
            _ => None,
        }
    }

    /// A column of counts.
    #[must_use]
    pub fn bigs(&self, column: Column) -> Option<&[u64]> {
        match self.values(column) {
            Some(Values::Big(values)) => Some(values),
            _ => None,
        }
    }

    /// Puts a text in place of the absent ones of a column, if it was requested.
    pub fn complete_texts(&mut self, column: Column, code: u32) {
        if let Some(Values::Text(codes)) = self.values_mut(column) {
            codes.iter_mut().filter(|absent| **absent == ABSENT_TEXT).for_each(|absent| *absent = code);
        }
    }

    /// Forgets the records and keeps the buffers.
    pub fn clear(&mut self) {
        self.rows = 0;
        for (_, values) in &mut self.columns {
            match values {
                Values::Address(values) => values.clear(),
                Values::Big(values) => values.clear(),
                Values::Small(values) | Values::Time(values) | Values::Text(values) => values.clear(),
            }
        }
    }

    /// Says that there are `rows` records now; columns that the decoder did not write get absent values.
    pub fn set_rows(&mut self, rows: usize) {
        self.rows = rows;
        for (_, values) in &mut self.columns {
            values.fill_absent(rows);
        }
    }

    /// Adds the picked records of other flows, whose texts are of the same dictionary; columns that they do not have are
    /// absent.
    pub fn extend_from(&mut self, other: &Self, picked: &[u32]) {
        for (column, values) in &mut self.columns {
            if let Some(other) = other.values(*column) {
                values.extend_from(other, picked);
            }
        }
        self.set_rows(self.rows + picked.len());
    }

    /// Keeps the records that are marked (`keep` is as long as there are records).
    pub fn retain(&mut self, keep: &[bool]) {
        for (_, values) in &mut self.columns {
            values.retain(keep);
        }
        self.rows = keep.iter().filter(|mark| **mark).count();
    }
}
