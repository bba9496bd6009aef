//! What a question declares that it needs, and how it gets that back: by name.
//!
//! A report is one file with a [`Question`]: `plan` says which sums of joined traffic it is made of, `answer` makes the
//! report of them. How logs are read and joined is not known here.

use std::collections::BTreeMap;

use polars::prelude::DataFrame;

use super::Report;
use crate::error::Error;
use crate::group::{Key, Spec};
use crate::join::{Wanted, rides_along};
use crate::price::bill;
use crate::schema::{Column, ColumnSet};

/// Something that is asked of traffic.
pub trait Question {
    /// The sums that the answer is made of.
    fn plan(&self) -> Vec<Need>;

    /// The answer.
    ///
    /// # Errors
    /// If a frame is not as planned, or a sum passes its limits.
    fn answer(self, frames: Frames) -> Result<Report, Error>;
}

/// A sum of traffic: a frame with these keys and sums as columns.
#[derive(Clone, Debug)]
pub struct Need {
    /// The frame's name.
    pub name: &'static str,
    /// Which rows of traffic.
    pub wanted: Wanted,
    /// What is summed by what.
    pub spec: Spec,
}

impl Need {
    /// Charges, and free traffic, by these keys and by all that decides a price.
    #[must_use]
    pub fn charges(name: &'static str, keys: &[Key], is_hourly: bool) -> Self {
        let columns = key_columns(keys).union(bill::columns());
        let wanted = Wanted { columns, traffic: false, charges: true, blocked: false };
        Self { name, wanted, spec: bill::spec(keys.to_vec(), is_hourly) }
    }

    /// Columns of the records that joined traffic has only where a question asks for them.
    pub fn passthrough(&self) -> impl Iterator<Item = Column> {
        self.spec.keys.iter().map(|key| key.column).filter(|column| rides_along(*column))
    }
}

/// The columns that traffic must have for these keys.
#[must_use]
pub fn key_columns(keys: &[Key]) -> ColumnSet {
    keys.iter().fold(ColumnSet::default(), |set, key| match key.column {
        Column::Hour | Column::Day => set.with(Column::Start),
        column => set.with(column),
    })
}

/// The frames that were planned, by name.
#[derive(Debug, Default)]
pub struct Frames(BTreeMap<&'static str, DataFrame>);

impl Frames {
    /// Adds a frame.
    pub fn add(&mut self, name: &'static str, frame: DataFrame) {
        self.0.insert(name, frame);
    }

    /// Takes a frame out.
    ///
    /// # Errors
    /// If none of the name was planned.
    pub fn take(&mut self, name: &str) -> Result<DataFrame, Error> {
        self.0.remove(name).ok_or_else(|| Error::internal(format!("the frame {name} was not planned")))
    }
}
