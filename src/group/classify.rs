//! Which class each record of a block falls into, and so which records are summed.

use serde::{Deserialize, Serialize};

use super::account::{Account, Class};
use super::filter::{Conditions, Evaluator, Filter};
use crate::decode::{Dictionary, Flows, Values};
use crate::schema::{ABSENT_BIG, ABSENT_TIME, Column, ColumnSet};
use crate::units::time::Window;

/// Selects the records to sum by their action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionFilter {
    /// ACCEPT (and records without an action); REJECT is summed apart.
    #[default]
    Accept,
    /// REJECT only.
    Reject,
    /// Both together.
    All,
    /// Every record, NODATA and SKIPDATA too.
    Every,
}

impl ActionFilter {
    /// The class of a record in the window. Filtered records are not part of the report, of any kind; but NODATA and
    /// SKIPDATA records have no addresses or ports to filter by, unless the records themselves are requested.
    fn class(self, status: u32, rejected: bool, passes: bool) -> Class {
        match (status, self) {
            (Dictionary::NODATA | Dictionary::SKIPDATA, Self::Every) if !passes => Class::Filtered,
            (Dictionary::NODATA, _) => Class::NoData,
            (Dictionary::SKIPDATA, _) => Class::SkipData,
            _ if !passes => Class::Filtered,
            (_, Self::Accept | Self::Every) if rejected => Class::Rejected,
            (_, Self::Reject) if !rejected => Class::Filtered,
            _ => Class::Counted,
        }
    }
}

/// Sorts the records of blocks into classes; one per worker, as it keeps buffers and the filter's caches.
#[derive(Debug)]
pub struct Classifier {
    window: Window,
    /// A stretch inside the window that is out of it, too.
    gap: Option<Window>,
    action_filter: ActionFilter,
    evaluator: Option<Evaluator>,
    conditions: Option<Conditions>,
    /// Rows of the block that are summed.
    pub counted: Vec<u32>,
    /// Rows of the block that are summed apart.
    pub rejected: Vec<u32>,
}

impl Classifier {
    /// A classifier for records that start in the window and pass the filter.
    #[must_use]
    pub fn new(window: Window, action_filter: ActionFilter, filter: Option<&Filter>) -> Self {
        let (evaluator, conditions) = (filter.map(Filter::evaluator), filter.and_then(Filter::conditions));
        Self { window, gap: None, action_filter, evaluator, conditions, counted: Vec::new(), rejected: Vec::new() }
    }

    /// What traffic will be asked of the records of a block, as [`Column::FilterBits`], if it is asked anything.
    pub fn filter_bits(&mut self, flows: &Flows, dictionary: &Dictionary) -> Option<&Values> {
        self.conditions.as_mut().map(|conditions| conditions.bits(flows, dictionary))
    }

    /// The same, but for records that start in a stretch inside the window.
    #[must_use]
    pub fn without(self, gap: Option<Window>) -> Self {
        Self { gap, ..self }
    }

    /// The columns needed to classify records.
    #[must_use]
    pub fn columns(window: Window, action_filter: ActionFilter, filter: Option<&Filter>) -> ColumnSet {
        let always = ColumnSet::of(&[Column::LogStatus, Column::Bytes]);
        let judged = if action_filter == ActionFilter::All { always } else { always.with(Column::Action) };
        let dated = if window == Window::default() { judged } else { judged.with(Column::Start) };
        filter.map_or(dated, |filter| dated.union(filter.columns()))
    }

    /// Classifies every record: adds it to the account and selects the rows to sum. A row that stands for many records
    /// counts as many.
    pub fn classify(&mut self, flows: &Flows, dictionary: &Dictionary, account: &mut Account) {
        self.counted.clear();
        self.rejected.clear();
        let statuses = flows.smalls(Column::LogStatus).unwrap_or(&[]);
        let actions = flows.smalls(Column::Action).unwrap_or(&[]);
        let (window, gap) = (self.window, self.gap);
        let is_inside =
            |start: u32| start != ABSENT_TIME && window.contains(start) && gap.is_none_or(|gap| !gap.contains(start));
        let starts = flows.smalls(Column::Start).filter(|_| self.window != Window::default());
        let sizes = flows.bigs(Column::Bytes).unwrap_or(&[]);
        let weights = flows.bigs(Column::RecordCount);
        let passes = self.evaluator.as_mut().map(|evaluator| evaluator.select(flows, dictionary));
        for (place, row) in (0..flows.rows()).zip(0u32..) {
            let status = statuses.get(place).copied().unwrap_or(Dictionary::ABSENT);
            let rejected = actions.get(place) == Some(&Dictionary::REJECT);
            let passes = passes.is_none_or(|passes| passes[place]);
            let bytes = sizes.get(place).copied().unwrap_or(ABSENT_BIG);
            let start = starts.map(|starts| starts[place]);
            let class = match start {
                Some(start) if !is_inside(start) => Class::OutOfWindow,
                _ => self.action_filter.class(status, rejected, passes),
            };
            match class {
                Class::OutOfWindow | Class::Filtered => {}
                Class::Rejected if self.action_filter == ActionFilter::Accept => self.rejected.push(row),
                Class::NoData | Class::SkipData if self.action_filter != ActionFilter::Every => {}
                _ => self.counted.push(row),
            }
            let records = weights.map_or(1, |weights| weights[place]);
            account.without_start += if start == Some(ABSENT_TIME) { records } else { 0 };
            let summed = matches!(class, Class::Counted | Class::Rejected);
            account.without_bytes += if summed && bytes == ABSENT_BIG { records } else { 0 };
            let tally = &mut account[class];
            tally.records += records;
            tally.bytes += if bytes == ABSENT_BIG { 0 } else { u128::from(bytes) };
        }
    }
}
