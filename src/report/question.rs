//! What a question declares that it needs, and how it gets that back: by name.
//!
//! A report is one file with a [`Question`]: `plan` says which sums of joined traffic it is made of, `answer` makes the
//! report of them. A question whose sums depend on what there is says by `survey` what it must know first. How logs are
//! read and joined is not known here.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use polars::prelude::DataFrame;

use crate::error::Error;
use crate::group::{Key, Logged, Spec};
use crate::join::frame::Coded;
use crate::join::{Kept, Wanted, passes_through};
use crate::price::bill;
use crate::reason::reconcile::Watches;
use crate::schema::{Column, ColumnSet};

/// Something that is asked of traffic.
pub trait Question {
    /// What the answer is: a report, or what one is made of where more than frames goes into it.
    type Answer;

    /// The sums of a first pass over the traffic, which decide what the answer is made of. Most questions need none.
    fn survey(&self) -> Vec<Need> {
        Vec::new()
    }

    /// Takes the frames of the survey, if there is one; it comes before the last [`Self::plan`].
    ///
    /// # Errors
    /// If a frame is not as planned.
    fn surveyed(&mut self, _frames: Frames) -> Result<(), Error> {
        Ok(())
    }

    /// The aggregations of the report. A survey changes none of their columns.
    fn plan(&self) -> Vec<Need>;

    /// Whether the answer is a judgement, which says itself what the logs lack of its windows.
    fn judges(&self) -> bool {
        false
    }

    /// The answer.
    ///
    /// # Errors
    /// If a frame is not as planned, or a sum passes its limits.
    fn answer(self, frames: Frames) -> Result<Self::Answer, Error>;
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
        let wanted = Wanted {
            columns,
            traffic: false,
            charges: true,
            rejected: false,
            kept: Kept::default(),
            unfiltered: false,
        };
        Self { name, wanted, spec: bill::spec(keys.to_vec(), is_hourly) }
    }

    /// Columns of the records that joined traffic has only where a question asks for them.
    pub fn passthrough(&self) -> impl Iterator<Item = Column> {
        self.spec.keys.iter().map(|key| key.column).filter(|column| passes_through(*column))
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

/// An aggregation not yet converted to a frame.
pub trait Summed: Debug {
    /// The whole of it.
    ///
    /// # Errors
    /// If rows were spilled and cannot be read.
    fn frame(&self) -> Result<DataFrame, Error>;

    /// Calls with every shard once, in any order, perhaps on many threads.
    ///
    /// # Errors
    /// If rows were spilled and cannot be read, or the first error of a call.
    fn each(&self, kernel: &(dyn Fn(&Coded<'_>) -> Result<(), Error> + Sync)) -> Result<(), Error>;
}

/// An existing frame; it has no shards.
impl Summed for DataFrame {
    fn frame(&self) -> Result<DataFrame, Error> {
        Ok(self.clone())
    }

    fn each(&self, _kernel: &(dyn Fn(&Coded<'_>) -> Result<(), Error> + Sync)) -> Result<(), Error> {
        Err(Error::failed("a frame is read by shards that has none"))
    }
}

/// What was planned, by name. A frame is made when it is requested, and what it is made of goes with it.
#[derive(Debug, Default)]
pub struct Frames<'t> {
    sums: BTreeMap<&'static str, Box<dyn Summed + 't>>,
    /// The coverage of the logs.
    pub logged: Arc<Logged>,
    /// By the resource of a bill: when each of its interfaces was logged, from the first record to the last; none of one
    /// that never was. Only where a frame has the resource.
    pub watches: Watches,
}

impl<'t> Frames<'t> {
    /// Adds a sum.
    pub fn add(&mut self, name: &'static str, sum: impl Summed + 't) {
        self.sums.insert(name, Box::new(sum));
    }

    /// Takes a frame out.
    ///
    /// # Errors
    /// If no frame of the name was planned, or it cannot be built.
    pub fn take(&mut self, name: &str) -> Result<DataFrame, Error> {
        self.sum(name)?.frame()
    }

    /// Takes a frame out shard by shard: for kernels that would not want all of its rows at a time.
    ///
    /// # Errors
    /// If no frame of the name was planned, or it cannot be built; or the first error of a call.
    pub fn each(&mut self, name: &str, kernel: impl Fn(&Coded<'_>) -> Result<(), Error> + Sync) -> Result<(), Error> {
        self.sum(name)?.each(&kernel)
    }

    fn sum(&mut self, name: &str) -> Result<Box<dyn Summed + 't>, Error> {
        self.sums.remove(name).ok_or_else(|| Error::internal(format!("the frame {name} was not planned")))
    }
}
