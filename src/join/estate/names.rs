//! Where interfaces are, kept once for all that are at the same place.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::tables::Name;
use super::Eni;

/// What an interface has in common with others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(in super::super) struct EniNames {
    pub(in super::super) account: Name,
    pub(in super::super) region: Name,
    pub(in super::super) vpc: Name,
    pub(in super::super) subnet: Name,
    pub(in super::super) zone: Name,
}

/// One copy of what interfaces have in common.
#[derive(Default)]
pub(super) struct Commons(HashSet<Arc<EniNames>, ahash::RandomState>);

impl Commons {
    /// Changes the names of an interface.
    pub(super) fn change(&mut self, own: &mut Eni, change: impl FnOnce(&mut EniNames)) {
        let mut names = EniNames::clone(&own.names);
        change(&mut names);
        if names != *own.names {
            own.names = self.one(names);
        }
    }

    pub(super) fn one(&mut self, names: EniNames) -> Arc<EniNames> {
        if let Some(known) = self.0.get(&names) {
            return Arc::clone(known);
        }
        let new = Arc::new(names);
        self.0.insert(Arc::clone(&new));
        new
    }
}
