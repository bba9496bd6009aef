//! Bytes of flow logs → [`Flows`], the columns requested, and [`Skips`], the lines left out.
//!
//! Pure: no files, no clock, no threads. What a record means (direction, owner, price) is not decided here.

mod avx;
mod dictionary;
mod flows;
mod format;
mod json;
pub mod parquet;
mod scan;
mod skips;
mod text;
mod value;

pub use dictionary::{Dictionary, HEAP_BYTES};
pub use flows::{Flows, Values};
pub use format::{Format, FormatField, format_after, is_table};
pub use json::{Repeats, Unwrapped, unwrap_messages};
pub use skips::{Reason, SAMPLE_BYTES_MAX, Sample, Skips};
pub use text::{NoFormat, TextDecoder};
