//! Who owns one end, from the beginning of time to its end.
//!
//! It is made once for an end; hours are then looked up in it, so that no record asks the tables again.

use std::sync::Arc;

use super::claims::Claims;
use crate::join::tables::Name;

/// Owners of an endpoint over time, without gaps; periods without an owner have none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// When each owner begins; the first one at 0, and never the same owner twice in a row.
    changes: Vec<(u32, Name)>,
}

impl Timeline {
    /// At each moment the owner by the first source that has one then, else the last one.
    pub(super) fn of(sources: &[&Claims], last: Option<&Arc<str>>) -> Self {
        let mut moments: Vec<u32> = sources.iter().flat_map(|claims| claims.edges()).chain([0]).collect();
        moments.sort_unstable();
        moments.dedup();
        let owner = |second: u32| sources.iter().find_map(|claims| claims.at(second)).or(last).cloned();
        let mut changes: Vec<_> = moments.into_iter().map(|second| (second, owner(second))).collect();
        changes.dedup_by(|next, kept| next.1 == kept.1);
        Self { changes }
    }

    /// The owner at a second since 1970, UTC. After the last change that is the last one, even if the moment is absent.
    #[must_use]
    pub fn at(&self, second: u32) -> Option<&Arc<str>> {
        let begun = self.changes.partition_point(|(from, _)| *from <= second);
        self.changes[..begun].last().and_then(|(_, owner)| owner.as_ref())
    }
}

#[cfg(test)]
impl Timeline {
    /// One owner, or none, for ever.
    pub(super) fn constant(owner: Name) -> Self {
        Self { changes: vec![(0, owner)] }
    }

    /// Its pieces in order: from, until before, and the owner. The last one ends at `ABSENT_TIME`.
    pub(super) fn pieces(&self) -> impl Iterator<Item = (u32, u32, Option<&Arc<str>>)> {
        let ends = self.changes.iter().skip(1).map(|(from, _)| *from).chain([crate::schema::ABSENT_TIME]);
        self.changes.iter().zip(ends).map(|((from, owner), to)| (*from, to, owner.as_ref()))
    }
}
