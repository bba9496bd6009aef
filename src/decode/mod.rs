//! Bytes of flow logs → [`Flows`], the columns asked for, and [`Skips`], the lines left out.
//!
//! Pure: no files, no clock, no threads. What a record means (direction, owner, price) is not decided here.

mod dictionary;
mod flows;
pub mod parquet;
mod skips;
mod value;

pub use dictionary::Dictionary;
pub use flows::{Flows, Values};
pub use skips::{Reason, SAMPLE_BYTES_MAX, Sample, Skips};
