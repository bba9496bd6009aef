//! The name of a row or column: a value of any frame column as bytes that sort as the values do.

use polars::prelude::{BinaryChunked, Column as FrameColumn, DataFrame, DataType, IntoColumn, NewChunkedArray};

use super::Cell;
use crate::error::Error;
use crate::schema::Column;
use crate::schema::frame::{address, int, moments, texts};
use crate::units::human;

/// The first byte of a label, by what it holds; the order is that of kinds in reports.
const TEXT: u8 = 0;
const ADDRESS: u8 = 1;
const NUMBER: u8 = 2;
const MOMENT: u8 = 3;
const DAY: u8 = 4;

/// A label; an empty one means an absent value.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Label(Vec<u8>);

impl Label {
    /// The label of some bytes of a frame.
    pub(super) fn of(bytes: Option<&[u8]>) -> Self {
        Self(bytes.unwrap_or_default().to_vec())
    }

    /// The label as a cell.
    pub(super) fn cell(&self) -> Cell {
        let Some((kind, bytes)) = self.0.split_first() else { return Cell::Absent };
        match *kind {
            TEXT => Cell::from(String::from_utf8_lossy(bytes).as_ref()),
            ADDRESS => address(bytes).map_or(Cell::Absent, |(ip, bits)| match bits {
                Some(bits) => Cell::Prefix(ip, bits),
                None => Cell::Address(ip),
            }),
            NUMBER => bytes.first_chunk().map_or(Cell::Absent, |bytes| Cell::Integer(u128::from_be_bytes(*bytes))),
            kind => bytes.first_chunk().map_or(Cell::Absent, |bytes| match u32::from_be_bytes(*bytes) {
                day if kind == DAY => Cell::Date(day),
                moment => Cell::Time(moment),
            }),
        }
    }

    /// The label as the name of a column.
    pub(super) fn name(&self) -> String {
        match self.cell() {
            Cell::Text(name) => name.to_string(),
            Cell::Address(address) => address.to_string(),
            Cell::Prefix(address, bits) => format!("{address}/{bits}"),
            Cell::Integer(number) => number.to_string(),
            Cell::Time(moment) => human::moment(moment),
            Cell::Date(day) => human::date(day),
            _ => "-".to_owned(),
        }
    }
}

fn tagged(kind: u8, bytes: &[u8]) -> Vec<u8> {
    [&[kind], bytes].concat()
}

/// The labels of a column; of texts those alone that `keep` accepts. Null where there is no value.
///
/// # Errors
/// If there is no such column.
pub(super) fn bytes(frame: &DataFrame, name: &str, keep: impl Fn(&str) -> bool) -> Result<Vec<Option<Vec<u8>>>, Error> {
    Ok(match frame.column(name)?.dtype() {
        DataType::String => {
            let text = |text: &str| tagged(TEXT, text.as_bytes());
            texts(frame, name)?.map(|value| value.filter(|value| keep(value)).map(text)).collect()
        }
        DataType::Binary => {
            let bytes = frame.column(name)?.binary()?;
            bytes.iter().map(|bytes| bytes.map(|bytes| tagged(ADDRESS, bytes))).collect()
        }
        DataType::Datetime(..) => {
            let kind = if name == Column::Day.name() { DAY } else { MOMENT };
            moments(frame, name)?.map(|moment| moment.map(|moment| tagged(kind, &moment.to_be_bytes()))).collect()
        }
        _ => {
            int(frame, name)?.iter().map(|number| number.map(|number| tagged(NUMBER, &number.to_be_bytes()))).collect()
        }
    })
}

/// Labels as a column of a frame.
pub(super) fn column(name: &str, labels: impl Iterator<Item = Option<Vec<u8>>>) -> FrameColumn {
    BinaryChunked::from_iter_options(name.into(), labels).into_column()
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv6Addr};

    use super::*;
    use crate::schema::frame::address_bytes;

    #[test]
    fn labels_give_their_cells_back_and_sort_by_kind_and_value() {
        let ip = |text: &str| text.parse::<Ipv6Addr>().unwrap();
        let of = |address: Ipv6Addr| Label(tagged(ADDRESS, &address_bytes(address.to_bits(), None)));
        let (two, ten) = (of(ip("::ffff:9.0.0.2")), of(ip("::ffff:10.0.0.1")));
        let text = Label(tagged(TEXT, b"zzz"));
        assert!(text < two && two < ten && Label::of(None) < text);
        assert_eq!(ten.cell(), Cell::Address(IpAddr::from([10, 0, 0, 1])));
        assert_eq!((text.name(), Label::of(None).name()), ("zzz".to_owned(), "-".to_owned()));
        let number = |number: i128| Label(tagged(NUMBER, &number.to_be_bytes()));
        assert!(number(9) < number(10));
        assert_eq!(number(443).name(), "443");
        assert_eq!(Label(tagged(MOMENT, &7_u32.to_be_bytes())).cell(), Cell::Time(7));
    }
}
