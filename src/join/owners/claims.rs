//! Statements on one key of one resource over time, and contradicting rows.

use std::sync::Arc;

use crate::join::tables::Name;
use crate::schema::ABSENT_TIME;

/// Where a row stands: which file, counted from 0, and which line of it, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) file: usize,
    pub(super) line: u64,
}

/// A cell of a tag table: an owner from a moment until before another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) from: u32,
    /// [`ABSENT_TIME`] where it has no end.
    pub(super) to: u32,
    pub(super) owner: Arc<str>,
    pub(super) place: Place,
}

/// All statements on one key of one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Claims {
    /// Statements of tables, sorted by time without overlaps.
    rows: Vec<Claim>,
    /// What the inventory lists, for ever.
    pub(super) listed: Name,
}

/// Two overlapping claims, the earlier first.
pub(super) struct Overlap {
    pub(super) first: Claim,
    pub(super) second: Claim,
}

impl Overlap {
    /// The claims in file and line order.
    pub(super) fn in_order_of_places(&self) -> (&Claim, &Claim) {
        let (a, b) = (&self.first, &self.second);
        if a.place <= b.place { (a, b) } else { (b, a) }
    }
}

impl Claims {
    /// Sorts the claims and finds overlaps. Overlapping claims are merged if they agree; else the second one is
    /// dropped.
    pub(super) fn settle(mut rows: Vec<Claim>) -> (Self, Vec<Overlap>) {
        rows.sort_by_key(|claim| (claim.from, claim.place));
        let (mut apart, mut overlaps): (Vec<Claim>, Vec<Overlap>) = (Vec::new(), Vec::new());
        for claim in rows {
            let Some(before) = apart.last_mut().filter(|before| before.to > claim.from) else {
                apart.push(claim);
                continue;
            };
            overlaps.push(Overlap { first: before.clone(), second: claim.clone() });
            if before.owner == claim.owner && before.to < claim.to {
                // The current row precedes later ones from here on.
                (before.to, before.place) = (claim.to, claim.place);
            }
        }
        (Self { rows: apart, listed: None }, overlaps)
    }

    /// Statements of tables, by time.
    pub(super) fn rows(&self) -> &[Claim] {
        &self.rows
    }

    /// The owner at a moment.
    pub(super) fn at(&self, second: u32) -> Option<&Arc<str>> {
        let begun = self.rows.partition_point(|claim| claim.from <= second);
        let claim = self.rows[..begun].last().filter(|claim| second < claim.to);
        claim.map(|claim| &claim.owner).or(self.listed.as_ref())
    }

    /// The moments at which the owner may change.
    pub(super) fn edges(&self) -> impl Iterator<Item = u32> {
        self.rows.iter().flat_map(|claim| [claim.from, claim.to]).filter(|second| *second != ABSENT_TIME)
    }
}
