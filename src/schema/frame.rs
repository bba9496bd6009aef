//! Frames: columns of the types that all frames here have, made and read.
//!
//! Whole numbers are `Int128`, so that no sum of bytes, records or money wraps; moments are `Datetime[ms, UTC]`; addresses
//! are `Binary`, sixteen bytes in network order and of a prefix its length as a seventeenth. No frame is made or
//! computed here.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use polars::prelude::{
    Column, DataFrame, DataType, Expr, Int64Chunked, Int128Chunked, IntoColumn, NewChunkedArray, PolarsError,
    StringChunked, TimeUnit, TimeZone, UInt32Chunked, lit,
};

use crate::error::Error;
use crate::units::human;

const MILLISECONDS: i64 = 1000;

impl From<PolarsError> for Error {
    fn from(error: PolarsError) -> Self {
        Self::failed(format!("a frame cannot be computed: {error}"))
    }
}

/// Seconds as a frame has moments.
#[must_use]
pub fn milliseconds(seconds: u32) -> i64 {
    i64::from(seconds) * MILLISECONDS
}

/// A frame's moment in seconds.
#[must_use]
pub fn seconds(milliseconds: i64) -> u32 {
    u32::try_from(milliseconds / MILLISECONDS).unwrap_or(0)
}

/// The type of moments.
#[must_use]
pub fn moment_type() -> DataType {
    DataType::Datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC))
}

/// A moment to compare a column with.
pub fn moment(seconds: u32) -> Expr {
    lit(milliseconds(seconds)).cast(moment_type())
}

/// A column of moments in milliseconds.
#[must_use]
pub fn times(name: &str, values: impl Iterator<Item = Option<i64>>) -> Column {
    let values = Int64Chunked::from_iter_options(name.into(), values);
    values.into_datetime(TimeUnit::Milliseconds, Some(TimeZone::UTC)).into_column()
}

/// The bytes of an address, or of a prefix with its length.
#[must_use]
pub fn address_bytes(address: u128, bits: Option<u8>) -> Vec<u8> {
    address.to_be_bytes().into_iter().chain(bits).collect()
}

/// The address of a frame's bytes, and the length of a prefix.
#[must_use]
pub fn address(bytes: &[u8]) -> Option<(IpAddr, Option<u8>)> {
    let (address, rest) = bytes.split_first_chunk::<16>()?;
    Some((Ipv6Addr::from(u128::from_be_bytes(*address)).to_canonical(), rest.first().copied()))
}

/// A column of whole numbers.
#[must_use]
pub fn ints(name: &str, values: impl Iterator<Item = Option<i128>>) -> Column {
    Int128Chunked::from_iter_options(name.into(), values).into_column()
}

/// A column of places in something else.
#[must_use]
pub fn codes(name: &str, values: impl Iterator<Item = Option<u32>>) -> Column {
    UInt32Chunked::from_iter_options(name.into(), values).into_column()
}

/// The whole numbers of a column.
///
/// # Errors
/// If there is no such column of whole numbers.
pub fn int<'f>(frame: &'f DataFrame, name: &str) -> Result<&'f Int128Chunked, Error> {
    Ok(frame.column(name)?.i128()?)
}

/// The texts of a column.
///
/// # Errors
/// If there is no such column of texts.
pub fn texts<'f>(frame: &'f DataFrame, name: &str) -> Result<impl Iterator<Item = Option<&'f str>> + use<'f>, Error> {
    let texts: &StringChunked = frame.column(name)?.str()?;
    Ok(texts.iter())
}

/// The moments of a column, in seconds since 1970, UTC.
///
/// # Errors
/// If there is no such column of moments.
pub fn moments<'f>(frame: &'f DataFrame, name: &str) -> Result<impl Iterator<Item = Option<u32>> + use<'f>, Error> {
    let moments = frame.column(name)?.datetime()?.physical();
    Ok(moments.iter().map(|moment| moment.map(seconds)))
}

/// The values of a column in words; `-` where there is none.
///
/// # Errors
/// If there is no such column, or it holds something else than texts, addresses, moments and whole numbers.
pub fn words(frame: &DataFrame, name: &str) -> Result<Vec<Arc<str>>, Error> {
    let or_none = |word: Option<Arc<str>>| word.unwrap_or_else(|| "-".into());
    Ok(match frame.column(name)?.dtype() {
        DataType::String => texts(frame, name)?.map(|text| or_none(text.map(Arc::from))).collect(),
        DataType::Binary => {
            let word = |bytes: &[u8]| {
                address(bytes).map(|(ip, bits)| bits.map_or_else(|| ip.to_string(), |bits| format!("{ip}/{bits}")))
            };
            let addresses = frame.column(name)?.binary()?;
            addresses.iter().map(|bytes| or_none(bytes.and_then(word).map(Arc::from))).collect()
        }
        DataType::Datetime(..) => {
            let word = |moment: Option<u32>| or_none(moment.map(|moment| human::moment(moment).into()));
            moments(frame, name)?.map(word).collect()
        }
        _ => int(frame, name)?.iter().map(|number| or_none(number.map(|number| number.to_string().into()))).collect(),
    })
}
