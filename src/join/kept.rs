//! The external addresses and ports that are kept as group keys; the others are folded before aggregation to limit the
//! number of groups.

use std::sync::Arc;

use crate::schema::{ABSENT_ADDRESS, ABSENT_SMALL, Column};

/// The first ephemeral port; it represents all of them.
pub const EPHEMERAL_PORT_MIN: u32 = 32_768;
/// Represents every other port that is not kept; above the range of ports.
pub const OTHER_PORT: u32 = 1 << 16;

/// What is kept, sorted. Where there is none, all stand as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Addresses of the column `outside`; others are absent.
    pub addresses: Option<Arc<[u128]>>,
    /// Ports of the column `port` below [`EPHEMERAL_PORT_MIN`].
    pub ports: Option<Arc<[u32]>>,
}

impl Kept {
    /// The representative of an address.
    pub(super) fn address(&self, column: Column, address: u128) -> u128 {
        let is_folded = column == Column::Outside
            && self.addresses.as_ref().is_some_and(|kept| kept.binary_search(&address).is_err());
        if is_folded { ABSENT_ADDRESS } else { address }
    }

    /// The representative of a number.
    pub(super) fn small(&self, column: Column, number: u32) -> u32 {
        match &self.ports {
            Some(_) if column != Column::Port || number == ABSENT_SMALL => number,
            Some(_) if number >= EPHEMERAL_PORT_MIN => EPHEMERAL_PORT_MIN,
            Some(kept) if kept.binary_search(&number).is_err() => OTHER_PORT,
            _ => number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_kept_is_folded_and_other_columns_stay() {
        let all = Kept::default();
        assert_eq!([all.small(Column::Port, 443), all.small(Column::Port, 40_000)], [443, 40_000]);
        assert_eq!(all.address(Column::Outside, 7), 7);
        let some = Kept { addresses: Some([7].into()), ports: Some([443].into()) };
        let ports = [443, 80, 65_535, ABSENT_SMALL].map(|port| some.small(Column::Port, port));
        assert_eq!(ports, [443, OTHER_PORT, EPHEMERAL_PORT_MIN, ABSENT_SMALL]);
        assert_eq!([7, 8].map(|address| some.address(Column::Outside, address)), [7, ABSENT_ADDRESS]);
        assert_eq!((some.small(Column::Srcport, 80), some.address(Column::Src, 8)), (80, 8));
    }
}
