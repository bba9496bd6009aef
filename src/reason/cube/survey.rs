//! Selects the external addresses and ports that the cube keeps as keys; the others are folded before aggregation.
//!
//! Kept are those with the largest sums in any hour: half of them by bytes, half by records, rejected ones included.

use std::cmp::Reverse;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Map, addresses, ports, sums};
use crate::error::Error;
use crate::group::{Key, Spec};
use crate::join::frame::Coded;
use crate::join::{EPHEMERAL_PORT_MIN, Kept, Wanted};
use crate::schema::{ABSENT_ADDRESS, ABSENT_SMALL, Column, ColumnSet, output};
use crate::units::human::count;

/// Maximum number of external addresses kept as keys.
pub const ADDRESSES_MAX: usize = 400;
/// Maximum number of ports kept as keys.
pub const PORTS_MAX: usize = 250;

/// The greatest sums of an hour: of bytes, and of records.
type Sizes<T> = Mutex<Map<T, [u128; 2]>>;

/// The greatest sums of addresses and of ports. Shards are added in any order.
#[derive(Debug, Default)]
pub struct Survey {
    addresses: Sizes<u128>,
    ports: Sizes<u32>,
}

/// The aggregation: traffic and rejected traffic by external address or port, and hour.
#[must_use]
pub fn sum(of: Column) -> (Wanted, Spec) {
    let columns = ColumnSet::of(&[of, Column::Start, Column::Bytes, Column::RecordCount]);
    let keys = [of, Column::Hour].map(|column| Key { column, cut: None }).into();
    let spec = Spec { keys, bytes: true, ..Spec::default() };
    (Wanted { columns, traffic: true, charges: false, rejected: true, kept: Kept::default(), unfiltered: false }, spec)
}

impl Survey {
    /// Adds a shard of [`sum`] by `outside`.
    ///
    /// # Errors
    /// If the shard has not these columns.
    pub fn add_addresses(&self, shard: &Coded<'_>) -> Result<(), Error> {
        let addresses = addresses(shard)?;
        add(&self.addresses, addresses.into_iter().map(|address| Some(address).filter(|a| *a != ABSENT_ADDRESS)), shard)
    }

    /// Adds a shard of [`sum`] by `port`.
    ///
    /// # Errors
    /// If the shard has not these columns.
    pub fn add_ports(&self, shard: &Coded<'_>) -> Result<(), Error> {
        let is_told = |port: &u32| *port < EPHEMERAL_PORT_MIN && *port != ABSENT_SMALL;
        add(&self.ports, ports(shard)?.into_iter().map(|port| Some(port).filter(is_told)), shard)
    }

    /// What stands out, and a note if that is not all.
    #[must_use]
    pub fn finish(self) -> (Kept, Option<String>) {
        let addresses = self.addresses.into_inner().unwrap_or_else(PoisonError::into_inner);
        let ports = self.ports.into_inner().unwrap_or_else(PoisonError::into_inner);
        let more = addresses.len().saturating_sub(ADDRESSES_MAX);
        let note = (more > 0).then(|| {
            let more = count(more as u128);
            format!("the top {ADDRESSES_MAX} external addresses are listed individually, {more} others are grouped")
        });
        let kept = Kept {
            addresses: Some(greatest(&addresses, ADDRESSES_MAX).into()),
            ports: Some(greatest(&ports, PORTS_MAX).into()),
        };
        (kept, note)
    }
}

fn add<T: Hash + Eq>(sizes: &Sizes<T>, of: impl Iterator<Item = Option<T>>, shard: &Coded<'_>) -> Result<(), Error> {
    let (flows, refused) = (sums(shard, output::FLOWS)?, sums(shard, output::REJECTED_FLOWS)?);
    let flows = flows.into_iter().zip(refused).map(|(flows, refused)| flows + refused);
    let bytes = sums(shard, output::BYTES)?;
    let mut sizes = lock(sizes);
    for (key, size) in of.zip(bytes.into_iter().zip(flows)) {
        if let Some(key) = key {
            let kept = sizes.entry(key).or_default();
            kept.iter_mut().zip([size.0, size.1]).for_each(|(kept, size)| *kept = (*kept).max(size));
        }
    }
    Ok(())
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Those with the greatest sums, half by bytes and half by records, sorted; equal ones by what they are. All of them if
/// they are not more than so many.
fn greatest<T: Copy + Ord>(of: &Map<T, [u128; 2]>, most: usize) -> Vec<T> {
    let mut kept = Vec::new();
    for measure in 0..2 {
        let mut all: Vec<_> = of.iter().map(|(key, sizes)| (Reverse(sizes[measure]), *key)).collect();
        all.sort_unstable();
        let part = if all.len() <= most { most } else { most / 2 };
        kept.extend(all.into_iter().take(part).map(|(_, key)| key));
    }
    kept.sort_unstable();
    kept.dedup();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_kept_while_they_are_few_and_then_the_greatest_by_either_measure() {
        let of: Map<u32, [u128; 2]> =
            [(1, [9, 0]), (2, [8, 1]), (3, [0, 9]), (4, [0, 8]), (5, [1, 1])].into_iter().collect();
        assert_eq!(greatest(&of, 5), [1, 2, 3, 4, 5]);
        assert_eq!(greatest(&of, 4), [1, 2, 3, 4]);
        assert_eq!(greatest(&of, 2), [1, 3]);
    }
}
