//! The part of a filter that is decided on traffic: rows wait here in blocks of the columns that it reads, until all of
//! a block are decided at once.
//!
//! A charge passes by its own columns. Traffic too, but its charges are separate rows: if the filter reads charge
//! columns, traffic passes if any of its charges would, with the other columns of the traffic. Charges at a NAT gateway
//! belong to the traffic through it, wherever its records count.

use super::charges::Item;
use super::kept::Kept;
use super::output::Texts;
use super::row::Row;
use crate::decode::{Flows, Values};
use crate::group::filter::{Evaluator, Filter};
use crate::group::{Account, Class, Tally};
use crate::schema::{Column, ColumnSet};

/// Rows of a block.
const BLOCK_ROWS: usize = 2048;
/// The columns that a charge has and traffic has not.
const OF_CHARGES: [Column; 5] =
    [Column::Charge, Column::PayerAccount, Column::BilledResource, Column::FromRegion, Column::ToRegion];

/// What becomes of records once it is decided whether they pass.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pending {
    /// Their class if they pass.
    pub(super) class: Option<Class>,
    pub(super) tally: Tally,
    /// Whether they count without a direction.
    pub(super) is_undirected: bool,
    /// Whether only a part of their bytes counts here.
    pub(super) is_boundary: bool,
    /// Whether either end is Global Accelerator.
    pub(super) is_accelerated: bool,
}

/// Notes on counted records.
#[derive(Clone, Debug, Default)]
pub(super) struct Counted {
    /// What became of the records.
    pub(super) account: Account,
    /// Counted records of unknown direction; both vantages may be counted.
    pub(super) undirected: Tally,
    /// Bytes counted at coverage boundaries, where vantages are separated by difference.
    pub(super) boundary: Tally,
    /// Counted records from and to Global Accelerator.
    pub(super) accelerated: Tally,
    /// Records at endpoints of gateway load balancers that do not say whether they arrive there.
    pub(super) unmetered: Tally,
}

impl Counted {
    /// Adds records to the class that they have, or to the filtered ones.
    pub(super) fn add(&mut self, pending: &Pending, passes: bool) {
        let Some(class) = pending.class else { return };
        let add = |tally: &mut Tally| {
            tally.records += pending.tally.records;
            tally.bytes += pending.tally.bytes;
        };
        add(&mut self.account[if passes { class } else { Class::Filtered }]);
        for (tally, is_so) in [
            (&mut self.undirected, pending.is_undirected),
            (&mut self.boundary, pending.is_boundary),
            (&mut self.accelerated, pending.is_accelerated),
        ] {
            if is_so && passes {
                add(tally);
            }
        }
    }
}

/// Rows that wait to be decided.
#[derive(Debug)]
pub(super) struct Gate {
    evaluator: Evaluator,
    columns: ColumnSet,
    /// Nothing is folded for it.
    kept: Kept,
    values: Vec<(Column, Values)>,
    flows: Flows,
    rows: u32,
    /// Charge rows, with the row of the traffic.
    charges: Vec<(u32, u32)>,
    /// Records by the row that decides on them.
    pending: Vec<(u32, Pending)>,
    marks: Vec<bool>,
}

impl Gate {
    /// The gate of a filter; none if records decide it all.
    pub(super) fn new(filter: &Filter) -> Option<Self> {
        let (evaluator, columns) = (filter.traffic_evaluator()?, filter.traffic_columns());
        let values = columns.iter().map(|column| (column, Values::new(column.kind()))).collect();
        let (charges, pending, marks) = Default::default();
        Some(Self {
            evaluator,
            columns,
            kept: Kept::default(),
            values,
            flows: Flows::new(columns),
            rows: 0,
            charges,
            pending,
            marks,
        })
    }

    /// The columns that it reads.
    pub(super) fn columns(&self) -> ColumnSet {
        self.columns
    }

    /// Whether it reads what is charged.
    pub(super) fn asks_charges(&self) -> bool {
        OF_CHARGES.into_iter().any(|column| self.columns.has(column))
    }

    /// Whether the next rows should wait for a new block.
    pub(super) fn is_full(&self) -> bool {
        self.rows as usize >= BLOCK_ROWS
    }

    /// Adds a row that is decided by its own columns; gives its place.
    pub(super) fn row(&mut self, row: &Row<'_>, texts: &mut Texts<'_>) -> u32 {
        self.push(row, row.item, texts)
    }

    /// Adds traffic with the charges on it; gives its place.
    pub(super) fn traffic(&mut self, row: &Row<'_>, charges: &[Item], texts: &mut Texts<'_>) -> u32 {
        let place = self.push(row, None, texts);
        for item in charges {
            let charge = self.push(row, Some(item), texts);
            self.charges.push((charge, place));
        }
        place
    }

    /// Lets the row at a place decide what becomes of records.
    pub(super) fn decides(&mut self, place: u32, pending: Pending) {
        self.pending.push((place, pending));
    }

    fn push(&mut self, row: &Row<'_>, item: Option<&Item>, texts: &mut Texts<'_>) -> u32 {
        let charge = Row { item, ..*row };
        for (column, values) in &mut self.values {
            let row = if OF_CHARGES.contains(column) { &charge } else { row };
            texts.push(*column, row, &self.kept, values);
        }
        self.rows += 1;
        self.rows - 1
    }

    /// Decides on all rows of the block and begins a new one: whether each passes, by its place.
    pub(super) fn decide(&mut self, texts: &Texts<'_>, counted: &mut Counted) -> &[bool] {
        self.flows.clear();
        for (column, values) in &mut self.values {
            if let Some(out) = self.flows.values_mut(*column) {
                std::mem::swap(out, values);
            }
        }
        self.flows.set_rows(self.rows as usize);
        self.marks.clear();
        self.marks.extend_from_slice(self.evaluator.select(&self.flows, &texts.dictionary));
        // Traffic that is charged for passes by its charges alone.
        self.charges.iter().for_each(|(_, traffic)| self.marks[*traffic as usize] = false);
        for (charge, traffic) in self.charges.drain(..) {
            self.marks[traffic as usize] |= self.marks[charge as usize];
        }
        for (place, pending) in self.pending.drain(..) {
            counted.add(&pending, self.marks[place as usize]);
        }
        self.rows = 0;
        &self.marks
    }
}
