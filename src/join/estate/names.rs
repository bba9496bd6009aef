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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_of_one_place_share_it_and_are_small() {
        assert!(size_of::<Eni>() <= 104, "{} bytes, of which there may be a million", size_of::<Eni>());
        let (mut commons, mut enis) = (Commons::default(), [Eni::default(), Eni::default(), Eni::default()]);
        for (own, subnet) in enis.iter_mut().zip(["subnet-1", "subnet-1", "subnet-2"]) {
            commons.change(own, |names| names.subnet = Some(subnet.into()));
        }
        assert!(Arc::ptr_eq(&enis[0].names, &enis[1].names) && enis[0].names != enis[2].names);
        let before = Arc::clone(&enis[2].names);
        commons.change(&mut enis[2], |names| names.account = None);
        assert!(Arc::ptr_eq(&before, &enis[2].names), "nothing changed");
    }
}
