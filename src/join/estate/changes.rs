//! Coverage boundaries: the hours that contain one, and the addresses concerned.

use std::collections::HashSet;

use super::super::bits::{Bits, hash};
use super::super::vantage::HOUR_SECONDS;
use super::{Eni, Estate, edges};

/// The hours with a coverage boundary of any interface or flow log.
#[derive(Debug, Default)]
pub(super) struct Changes {
    hours: HashSet<u32, ahash::RandomState>,
    /// Hours with a boundary that may concern any pair of addresses.
    sweeping: HashSet<u32, ahash::RandomState>,
    /// Addresses of the interfaces concerned, with the hour; false positives are possible.
    concerned: Bits,
}

impl Estate {
    /// Indexes the boundaries; needs the holders of addresses.
    pub(super) fn settle_changes(&mut self) {
        let hour = |edge: u32| edge - edge % HOUR_SECONDS;
        let mut changes = Changes::default();
        for (address, holders) in self.holders.iter() {
            let address = self.inside_of(address);
            let edges = holders.iter().flat_map(|holder| self.interfaces[holder.interface as usize].edges());
            edges.for_each(|edge| changes.concerned.set(hash([address, hour(edge).into()])));
        }
        // Traffic through a gateway, and addresses held by a prefix, are not in `holders`.
        let sweeps = |own: &&Eni| own.is_hop() || !own.prefixes().is_empty();
        let logs = self.flow_logs.values().flatten().flat_map(|log| edges(log.span));
        changes.sweeping = self.interfaces.iter().filter(sweeps).flat_map(Eni::edges).chain(logs).map(hour).collect();
        changes.hours = self.interfaces.iter().flat_map(Eni::edges).map(hour).collect();
        changes.hours.extend(&changes.sweeping);
        self.changes = changes;
    }

    /// Whether the hour contains a coverage boundary of any interface.
    pub(in super::super) fn changes_in(&self, hour: u32) -> bool {
        self.changes.hours.contains(&hour)
    }

    /// Whether a boundary in the hour may change which records between two addresses count.
    pub(in super::super) fn may_change(&self, src: u128, dst: u128, hour: u32) -> bool {
        let Changes { sweeping, concerned, .. } = &self.changes;
        let is_concerned = |address: u128| concerned.has(hash([self.inside_of(address), hour.into()]));
        self.changes_in(hour) && (sweeping.contains(&hour) || is_concerned(src) || is_concerned(dst))
    }

    /// The private address behind one of the estate's public addresses, else the address itself.
    pub(in super::super) fn inside_of(&self, address: u128) -> u128 {
        self.inside(address).map_or(address, |(_, inside)| inside)
    }
}
