//! The cells of a batch → the values of one column, by the same rules as a text log's fields.

use arrow_array::RecordBatch;

use super::cells::{Cells, Meanings, Sense};
use super::fault::ParquetFault;
use super::layout::{Origin, Reading};
use crate::decode::value::{decode_tag, parse_address, parse_big, parse_small, small_max};
use crate::decode::{Dictionary, Reason, Values};
use crate::schema::{
    ABSENT_ADDRESS, ABSENT_BIG, ABSENT_SMALL, ABSENT_TEXT, ABSENT_TIME, BIG_MAX, Column, TEXT_BYTES_MAX,
};
use crate::units::escape::to_bytes;

/// How many digits an AWS account number has; a writer that took it for a number lost the leading zeros.
const ACCOUNT_DIGITS: usize = 12;

/// Reads one column from batch after batch.
pub(super) struct Reader {
    pub(super) column: Column,
    origins: Vec<Origin>,
    learned: Vec<Learned>,
}

/// What the dictionaries of an origin mean; only the one of the column's kind is used.
#[derive(Default)]
struct Learned {
    addresses: Meanings<u128>,
    bigs: Meanings<u64>,
    smalls: Meanings<u32>,
}

impl Reader {
    pub(super) fn new(column: Column, origins: &[Origin]) -> Self {
        let learned = origins.iter().map(|_| Learned::default()).collect();
        Self { column, origins: origins.to_vec(), learned }
    }

    /// The Parquet columns that it reads.
    pub(super) fn leaves(&self) -> impl Iterator<Item = usize> {
        self.origins.iter().flat_map(|origin| origin.leaves.clone())
    }

    /// Sets the value of every row of the batch, and reports malformed ones.
    pub(super) fn read(
        &mut self,
        batch: &RecordBatch,
        values: &mut Values,
        dictionary: &mut Dictionary,
    ) -> Result<Vec<usize>, ParquetFault> {
        let mut bad = Vec::new();
        for (origin, learned) in self.origins.iter().zip(&mut self.learned) {
            let cells = Cells::of(batch, &origin.steps)?;
            let reading = origin.reading;
            match values {
                Values::Address(out) => {
                    cells.fill(&mut learned.addresses, ABSENT_ADDRESS, &mut Address, out, &mut bad)?;
                }
                Values::Big(out) => cells.fill(&mut learned.bigs, ABSENT_BIG, &mut Big, out, &mut bad)?,
                Values::Small(out) => {
                    cells.fill(
                        &mut learned.smalls,
                        ABSENT_SMALL,
                        &mut Small(reading, small_max(self.column)),
                        out,
                        &mut bad,
                    )?;
                }
                Values::Time(out) => {
                    let smalls = &mut learned.smalls;
                    // A division by a known number is none.
                    match reading {
                        Reading::Ticks(1_000) => cells.fill(smalls, ABSENT_TIME, &mut Time::<1_000>, out, &mut bad)?,
                        Reading::Ticks(1_000_000) => {
                            cells.fill(smalls, ABSENT_TIME, &mut Time::<1_000_000>, out, &mut bad)?;
                        }
                        Reading::Ticks(1_000_000_000) => {
                            cells.fill(smalls, ABSENT_TIME, &mut Time::<1_000_000_000>, out, &mut bad)?;
                        }
                        _ => cells.fill(smalls, ABSENT_TIME, &mut Time::<1>, out, &mut bad)?,
                    }
                }
                Values::Text(out) => {
                    let mut sense = Text { column: self.column, reading, dictionary };
                    cells.fill(&mut learned.smalls, ABSENT_TEXT, &mut sense, out, &mut bad)?;
                }
            }
        }
        Ok(bad)
    }

    /// A row's value as it is in the file, `-` where there is none.
    pub(super) fn show(&self, batch: &RecordBatch, row: usize) -> Vec<u8> {
        let shown = |origin: &Origin| Cells::of(batch, &origin.steps).ok().and_then(|cells| cells.show(row));
        self.origins.iter().find_map(shown).unwrap_or_else(|| b"-".to_vec())
    }
}

/// Why a row is left out whose value of a column is malformed.
pub(super) fn reason(column: Column) -> Reason {
    match (column, column.kind()) {
        (Column::LogStatus, _) => Reason::Status,
        (Column::Action, _) => Reason::Action,
        (_, crate::schema::Kind::Address) => Reason::Address(column),
        (_, crate::schema::Kind::Text) => Reason::TextLength(column),
        _ => Reason::Number(column),
    }
}

struct Address;

impl Sense<u128> for Address {
    fn text(&mut self, text: &[u8]) -> Option<u128> {
        parse_address(text)
    }

    fn number(&mut self, _: i64) -> Option<u128> {
        None
    }
}

struct Big;

impl Sense<u64> for Big {
    fn text(&mut self, text: &[u8]) -> Option<u64> {
        parse_big(text)
    }

    fn number(&mut self, number: i64) -> Option<u64> {
        u64::try_from(number).ok().filter(|number| *number <= BIG_MAX)
    }

    fn sound_below(&self) -> u64 {
        BIG_MAX
    }
}

/// How it is read, and its largest number.
struct Small(Reading, u32);

impl Sense<u32> for Small {
    fn text(&mut self, text: &[u8]) -> Option<u32> {
        self.number(parse_small(text)?.into())
    }

    fn number(&mut self, number: i64) -> Option<u32> {
        let number = u32::try_from(number).ok().filter(|number| *number <= self.1);
        match (self.0, number) {
            (Reading::Boundary, Some(boundary @ 4..=11)) => Some(boundary - 3),
            // Localhost, internal, external and other boundaries are no path that AWS writes.
            (Reading::Boundary, _) => Some(ABSENT_SMALL),
            _ => number,
        }
    }

    fn sound_below(&self) -> u64 {
        u64::from(self.1) + 1
    }
}

/// Times of so many ticks per second.
struct Time<const TICKS: i64>;

impl<const TICKS: i64> Sense<u32> for Time<TICKS> {
    fn text(&mut self, text: &[u8]) -> Option<u32> {
        self.number(i64::try_from(parse_big(text)?).ok()?)
    }

    fn number(&mut self, number: i64) -> Option<u32> {
        u32::try_from(number.div_euclid(TICKS)).ok().filter(|seconds| *seconds != ABSENT_TIME)
    }

    fn sound_below(&self) -> u64 {
        u64::from(ABSENT_TIME) * TICKS.cast_unsigned()
    }
}

struct Text<'a> {
    column: Column,
    reading: Reading,
    dictionary: &'a mut Dictionary,
}

impl Sense<u32> for Text<'_> {
    fn text(&mut self, text: &[u8]) -> Option<u32> {
        match self.column {
            Column::LogStatus => match text {
                b"OK" => Some(Dictionary::OK),
                b"NODATA" => Some(Dictionary::NODATA),
                b"SKIPDATA" => Some(Dictionary::SKIPDATA),
                _ => None,
            },
            Column::Action => match text {
                b"ACCEPT" => Some(Dictionary::ACCEPT),
                b"REJECT" => Some(Dictionary::REJECT),
                _ => None,
            },
            Column::FlowDirection if self.reading == Reading::Direction => match text {
                b"Inbound" => Some(Dictionary::INGRESS),
                b"Outbound" => Some(Dictionary::EGRESS),
                b"Unknown" => Some(ABSENT_TEXT),
                other => Some(self.dictionary.code(other)),
            },
            _ if self.reading == Reading::Escaped => Some(self.dictionary.code(&to_bytes(str::from_utf8(text).ok()?))),
            _ if text.len() > TEXT_BYTES_MAX => None,
            column if column.is_tag() => Some(self.dictionary.code(&decode_tag(text))),
            _ => Some(self.dictionary.code(text)),
        }
    }

    fn number(&mut self, number: i64) -> Option<u32> {
        let coded = match (self.reading, number) {
            (Reading::Verdict, 1) | (Reading::Activity, 1 | 6) => Dictionary::ACCEPT,
            (Reading::Verdict, 2) | (Reading::Activity, 5) => Dictionary::REJECT,
            (Reading::Direction, 1) => Dictionary::INGRESS,
            (Reading::Direction, 2) => Dictionary::EGRESS,
            (Reading::Verdict | Reading::Activity | Reading::Direction, _) => ABSENT_TEXT,
            _ => return self.text(self.digits(number).as_bytes()),
        };
        Some(coded)
    }

    fn sound_below(&self) -> u64 {
        if matches!(self.column, Column::LogStatus | Column::Action) { 0 } else { i64::MAX.cast_unsigned() }
    }
}

impl Text<'_> {
    fn digits(&self, number: i64) -> String {
        match self.column {
            Column::AccountId | Column::TgwSrcVpcAccountId | Column::TgwDstVpcAccountId => {
                format!("{number:0ACCOUNT_DIGITS$}")
            }
            _ => number.to_string(),
        }
    }
}
