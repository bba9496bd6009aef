//! Ends of records as a worker has met them: an end that means the same whenever it is met is looked up once, not for
//! every record.

use super::bits::hash;
use super::ends::{AddressResolver, End, Ends};
use super::vantage::{Direction, Fact, Vantage};

/// Ends that are kept. A place holds one end, and another end drives it out.
const ENDS_KEPT: usize = 1 << 15;

/// One side of a record and its observer: the interface whose own address it is, or else the VPC it was seen in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Side {
    observer: u64,
    pub(super) address: u128,
    is_own: bool,
}

/// Ends that were met last, with what is kept of each.
#[derive(Debug)]
pub(super) struct Sides<T> {
    /// Part of the hash of the side in each place, 0 for none: rules out most sides that are not kept without reading
    /// `kept`, and fits a core's cache.
    marks: Vec<u16>,
    kept: Vec<Option<(Side, End, T)>>,
}

impl Side {
    /// The source of a record, or else the destination.
    pub(super) fn new(
        resolver: &AddressResolver,
        vantage: &Vantage,
        fact: &Fact,
        direction: Option<Direction>,
        source: bool,
    ) -> Self {
        let address = if source { fact.src } else { fact.dst };
        match resolver.at_interface(vantage, fact, direction, source) {
            Some(place) => Self { observer: u64::from(place) << 2 | 2, address, is_own: true },
            None => {
                let vpc = vantage.interface.map(|place| resolver.estate.interfaces[place as usize].vpc);
                let vpc = vpc.map_or(0, |vpc| u64::from(vpc) + 1);
                let near = u64::from(resolver.is_near(vantage));
                Self { observer: vpc << 2 | near, address, is_own: false }
            }
        }
    }

    /// Whether the end is the same whenever the side is met.
    pub(super) fn is_steady(&self, resolver: &AddressResolver) -> bool {
        self.is_own || resolver.is_steady(self.address)
    }
}

impl<T: Copy> Sides<T> {
    pub(super) fn new() -> Self {
        Self { marks: Vec::new(), kept: Vec::new() }
    }

    /// What was kept of a side.
    #[inline]
    pub(super) fn get(&self, side: Side) -> Option<(End, T)> {
        let (place, mark) = place(side);
        if *self.marks.get(place)? != mark {
            return None;
        }
        let (kept, end, value) = self.kept.get(place)?.as_ref()?;
        (*kept == side).then_some((*end, *value))
    }

    /// Keeps a steady side's end.
    pub(super) fn keep(&mut self, side: Side, end: End, value: T) {
        let (place, mark) = place(side);
        self.marks.resize(ENDS_KEPT, 0);
        self.kept.resize(ENDS_KEPT, None);
        self.marks[place] = mark;
        self.kept[place] = Some((side, end, value));
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.marks.clear();
        self.kept.clear();
    }
}

impl Sides<()> {
    /// Source and destination of a record.
    pub(super) fn ends(
        &mut self,
        resolver: &AddressResolver,
        vantage: &Vantage,
        fact: &Fact,
        direction: Option<Direction>,
    ) -> Ends {
        let mut end = |source| {
            let side = Side::new(resolver, vantage, fact, direction, source);
            if let Some((end, ())) = self.get(side) {
                return end;
            }
            let end = resolver.side(vantage, fact, direction, source);
            if side.is_steady(resolver) {
                self.keep(side, end, ());
            }
            end
        };
        Ends { src: end(true), dst: end(false) }
    }
}

/// Where a side is kept, and its mark.
fn place(side: Side) -> (usize, u16) {
    let hash = hash([side.address, side.observer.into()]);
    let mark = u16::try_from(hash >> 16 & 0xffff).unwrap_or(0).max(1);
    (usize::try_from(hash % ENDS_KEPT as u64).unwrap_or(0), mark)
}
