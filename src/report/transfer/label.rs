//! What an end is called: its name, or the place where it is for want of one, as bytes that sort as names do.

use polars::prelude::{BinaryChunked, Column as FrameColumn, DataFrame, DataType, IntoColumn, NewChunkedArray};

use crate::error::Error;
use crate::join::owners::EXTERNAL;
use crate::report::Cell;
use crate::schema::frame::address;

/// The first byte of a label: texts come before addresses, as elsewhere in reports.
const TEXT: u8 = 0;
const ADDRESS: u8 = 1;

/// A label; an empty one is of an end of which nothing is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Label(Vec<u8>);

impl Label {
    /// The label of some bytes of a frame.
    pub(super) fn of(bytes: Option<&[u8]>) -> Self {
        Self(bytes.unwrap_or_default().to_vec())
    }

    /// The label as a cell.
    pub(super) fn cell(&self) -> Cell {
        match self.0.split_first() {
            Some((&TEXT, text)) => Cell::from(String::from_utf8_lossy(text).as_ref()),
            Some((_, bytes)) => address(bytes).map_or(Cell::Absent, |(ip, bits)| match bits {
                Some(bits) => Cell::Prefix(ip, bits),
                None => Cell::Address(ip),
            }),
            None => Cell::Absent,
        }
    }

    /// The label as the name of a column.
    pub(super) fn name(&self) -> String {
        match self.cell() {
            Cell::Text(name) => name.to_string(),
            Cell::Address(address) => address.to_string(),
            Cell::Prefix(address, bits) => format!("{address}/{bits}"),
            _ => "-".to_owned(),
        }
    }
}

fn text_label(text: &str) -> Vec<u8> {
    [&[TEXT], text.as_bytes()].concat()
}

/// The labels of ends, and whether any is the name that was asked for and not a place.
///
/// # Errors
/// If the frame has not these columns.
pub(super) fn labels(frame: &DataFrame, name: &str, (end, place): (&str, &str)) -> Result<(FrameColumn, bool), Error> {
    let names: Vec<Option<Vec<u8>>> = match frame.column(end)?.dtype() {
        DataType::Binary => {
            let of = |bytes: &[u8]| [&[ADDRESS], bytes].concat();
            frame.column(end)?.binary()?.iter().map(|bytes| bytes.map(of)).collect()
        }
        _ => {
            let known = |name: Option<&str>| name.filter(|name| *name != EXTERNAL).map(text_label);
            frame.column(end)?.str()?.iter().map(known).collect()
        }
    };
    let is_named = names.iter().any(Option::is_some);
    let places = frame.column(place)?.str()?;
    let labels = names.into_iter().zip(places.iter()).map(|(name, place)| name.or_else(|| place.map(text_label)));
    Ok((BinaryChunked::from_iter_options(name.into(), labels).into_column(), is_named))
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv6Addr};

    use super::*;
    use crate::schema::frame::address_bytes;

    #[test]
    fn labels_give_their_cells_back_and_sort_by_kind_and_value() {
        let ip = |text: &str| text.parse::<Ipv6Addr>().unwrap();
        let of = |address: Ipv6Addr| Label([&[ADDRESS], &address_bytes(address.to_bits(), None)[..]].concat());
        let two = of(ip("::ffff:9.0.0.2"));
        let ten = of(ip("::ffff:10.0.0.1"));
        assert!(Label(text_label("zzz")) < two && two < ten && Label::of(None) < Label(Vec::from([TEXT])));
        assert_eq!(ten.cell(), Cell::Address(IpAddr::from([10, 0, 0, 1])));
        assert_eq!((Label(text_label("web")).name(), Label::of(None).name()), ("web".to_owned(), "-".to_owned()));
    }
}
