//! Which leaves are of the same conversations: the same ends, port and path, whoever bears them, in either direction.
//!
//! A charge on what crosses zones is half the sender's and half the receiver's, and an answer has its own sender. Each
//! shows in series of its own, and is one thing that happened all the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::reason::hours::{Dimension, FROM, Hours, Leaf};

/// Interface, destination, port and path.
type Talk = [u32; 4];

/// The leaves by what they are of.
#[derive(Debug)]
pub(super) struct Conversations<'h> {
    hours: &'h Hours,
    leaves: BTreeMap<Talk, Vec<u32>>,
    /// The interfaces of the estate by the names that they have as destinations.
    interfaces: BTreeMap<u32, Vec<u32>>,
}

fn talk(leaf: &Leaf) -> Talk {
    [Dimension::Interface, Dimension::Destination, Dimension::Port, Dimension::Path]
        .map(|dimension| leaf[dimension as usize])
}

impl<'h> Conversations<'h> {
    pub(super) fn of(hours: &'h Hours) -> Self {
        let mut leaves: BTreeMap<Talk, Vec<u32>> = BTreeMap::new();
        for (leaf, place) in hours.leaves.iter().zip(0..) {
            leaves.entry(talk(leaf)).or_default().push(place);
        }
        let mut interfaces: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (interface, destination) in &hours.own_destinations {
            interfaces.entry(*destination).or_default().push(*interface);
        }
        Self { hours, leaves, interfaces }
    }

    /// All leaves of the conversations that these leaves are of, ascending.
    pub(super) fn all(&self, leaves: impl IntoIterator<Item = u32>) -> Vec<u32> {
        let talks: BTreeSet<Talk> = leaves.into_iter().map(|leaf| talk(&self.hours.leaves[leaf as usize])).collect();
        let talks: BTreeSet<Talk> =
            talks.into_iter().flat_map(|talk| [vec![talk], self.answers(talk)].concat()).collect();
        let mut all: Vec<u32> = talks.iter().filter_map(|talk| self.leaves.get(talk)).flatten().copied().collect();
        all.sort_unstable();
        all
    }

    /// The same conversations from the other end, as far as there is any such traffic.
    fn answers(&self, [interface, destination, port, path]: Talk) -> Vec<Talk> {
        let name = self.hours.name(destination);
        let outside = match name.strip_prefix(FROM) {
            Some(to) => self.hours.code(to),
            None => self.hours.code(&format!("{FROM}{name}")),
        };
        let of_destination = self.interfaces.get(&destination).into_iter().flatten();
        let inside = of_destination.flat_map(|answering| {
            let own = self.hours.own_destinations.iter().filter(|(own, _)| *own == interface);
            own.map(|(_, name)| [*answering, *name, port, path])
        });
        let answers = outside.map(|destination| [interface, destination, port, path]).into_iter().chain(inside);
        answers.filter(|talk| self.leaves.contains_key(talk)).collect()
    }
}
