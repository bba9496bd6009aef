//! Which class each record of a block falls into, and so which records are summed.

use super::account::{Account, Class};
use super::filter::{Evaluator, Filter};
use crate::decode::{Dictionary, Flows};
use crate::schema::{ABSENT_BIG, ABSENT_TIME, Column, ColumnSet};
use crate::units::time::Window;

/// Which records the main sums are of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// ACCEPT (and records without an action); REJECT is summed apart.
    #[default]
    Accept,
    /// REJECT alone.
    Reject,
    /// Both together.
    All,
    /// Every record, NODATA and SKIPDATA too.
    Every,
}

/// Sorts the records of blocks into classes; one per worker, as it keeps buffers and the filter's caches.
#[derive(Debug)]
pub struct Classifier {
    window: Window,
    verdict: Verdict,
    evaluator: Option<Evaluator>,
    /// Rows of the block that are summed.
    pub counted: Vec<u32>,
    /// Rows of the block that are summed apart.
    pub blocked: Vec<u32>,
}

impl Classifier {
    /// A classifier for records that start in the window and pass the filter.
    #[must_use]
    pub fn new(window: Window, verdict: Verdict, filter: Option<&Filter>) -> Self {
        let evaluator = filter.map(Filter::evaluator);
        Self { window, verdict, evaluator, counted: Vec::new(), blocked: Vec::new() }
    }

    /// The columns that this question needs decoded to tell a record's class.
    #[must_use]
    pub fn columns(window: Window, filter: Option<&Filter>) -> ColumnSet {
        let always = ColumnSet::of(&[Column::LogStatus, Column::Action, Column::Bytes]);
        let dated = if window == Window::default() { always } else { always.with(Column::Start) };
        filter.map_or(dated, |filter| dated.union(filter.columns()))
    }

    /// Tells every record's class: adds it to the account and picks the rows to be summed.
    pub fn classify(&mut self, flows: &Flows, dictionary: &Dictionary, account: &mut Account) {
        self.counted.clear();
        self.blocked.clear();
        let statuses = flows.smalls(Column::LogStatus).unwrap_or(&[]);
        let actions = flows.smalls(Column::Action).unwrap_or(&[]);
        let starts = flows.smalls(Column::Start).filter(|_| self.window != Window::default());
        let sizes = flows.bigs(Column::Bytes).unwrap_or(&[]);
        let passes = self.evaluator.as_mut().map(|evaluator| evaluator.select(flows, dictionary));
        for (place, row) in (0..flows.rows()).zip(0u32..) {
            let status = statuses.get(place).copied().unwrap_or(Dictionary::ABSENT);
            let rejected = actions.get(place) == Some(&Dictionary::REJECT);
            let passes = passes.is_none_or(|passes| passes[place]);
            let bytes = sizes.get(place).copied().unwrap_or(ABSENT_BIG);
            let start = starts.map(|starts| starts[place]);
            let class = match start {
                Some(start) if start == ABSENT_TIME || !self.window.contains(start) => Class::OutOfWindow,
                _ => match (status, rejected, self.verdict) {
                    (_, _, Verdict::Every) if passes => Class::Counted,
                    (_, _, Verdict::Every) => Class::Filtered,
                    (Dictionary::NODATA, ..) => Class::NoData,
                    (Dictionary::SKIPDATA, ..) => Class::SkipData,
                    (_, true, Verdict::Accept) => Class::Blocked,
                    (_, false, Verdict::Reject) => Class::Filtered,
                    _ if passes => Class::Counted,
                    _ => Class::Filtered,
                },
            };
            match class {
                Class::Counted => self.counted.push(row),
                Class::Blocked if passes => self.blocked.push(row),
                _ => {}
            }
            account.without_start += u64::from(start == Some(ABSENT_TIME));
            let sized = self.verdict == Verdict::Every || bytes != ABSENT_BIG;
            account.without_bytes += u64::from(!sized && matches!(class, Class::Counted | Class::Blocked));
            let tally = &mut account[class];
            tally.records += 1;
            tally.bytes += if bytes == ABSENT_BIG { 0 } else { u128::from(bytes) };
        }
    }
}
