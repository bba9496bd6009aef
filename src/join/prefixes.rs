//! Longest-prefix matching: a table of address prefixes, compiled into the intervals between their ends.
//!
//! Prefixes contain one another or have nothing in common, so their ends cut the addresses into intervals of which each
//! has one longest prefix. Finding an address is a binary search over a flat array. What the values mean is not known
//! here.

use std::iter;

use crate::units::address::Prefix;

/// The place of no prefix.
const NONE: usize = usize::MAX;

/// A value for each of many prefixes. A prefix may be given several times: the first one given is in front.
#[derive(Clone, Debug)]
pub struct Prefixes<T> {
    /// By first address, and what contains before what is contained.
    nodes: Vec<Node<T>>,
    /// Where each interval begins; the first one at zero.
    starts: Vec<u128>,
    /// The longest prefix of each interval, as a place in `nodes`, or [`NONE`].
    longest: Vec<usize>,
}

#[derive(Clone, Debug)]
struct Node<T> {
    prefix: Prefix,
    /// The next shorter prefix around it, or [`NONE`].
    around: usize,
    value: T,
}

impl<T> Default for Prefixes<T> {
    fn default() -> Self {
        Self::new([])
    }
}

impl<T> Prefixes<T> {
    /// Compiles prefixes, which may come in any order.
    pub fn new(given: impl IntoIterator<Item = (Prefix, T)>) -> Self {
        let node = |(prefix, value): (Prefix, T)| Node {
            prefix: Prefix::around(prefix.first, prefix.bits),
            around: NONE,
            value,
        };
        let mut nodes: Vec<Node<T>> = given.into_iter().map(node).collect();
        // Among equal prefixes the last one is innermost, which must be the first one given.
        nodes.reverse();
        nodes.sort_by_key(|node| (node.prefix.first, node.prefix.bits));
        let mut sweep = Sweep::default();
        for (place, node) in nodes.iter_mut().enumerate() {
            node.around = sweep.enter(place, node.prefix);
        }
        sweep.leave_all();
        Self { nodes, starts: sweep.starts, longest: sweep.longest }
    }

    /// The value of the longest prefix that holds the address.
    #[must_use]
    pub fn look_up(&self, address: u128) -> Option<&T> {
        self.all(address).next().map(|(_, value)| value)
    }

    /// Every prefix that holds the address, the longest first.
    pub fn all(&self, address: u128) -> impl Iterator<Item = (Prefix, &T)> {
        let interval = self.starts.partition_point(|start| *start <= address).saturating_sub(1);
        self.within(interval, address)
    }

    /// Gives each prefix a new value, made of its own and of those of the prefixes around it, the longest first.
    pub fn resolve<U>(self, value: impl Fn(&mut dyn Iterator<Item = &T>) -> U) -> Prefixes<U> {
        let values: Vec<U> =
            (0..self.nodes.len()).map(|place| value(&mut self.chain(place).map(|node| &node.value))).collect();
        let nodes = self.nodes.into_iter().zip(values);
        let nodes = nodes.map(|(node, value)| Node { prefix: node.prefix, around: node.around, value }).collect();
        Prefixes { nodes, starts: self.starts, longest: self.longest }
    }

    /// The prefixes of an interval that mean an address of it, the longest first.
    fn within(&self, interval: usize, address: u128) -> impl Iterator<Item = (Prefix, &T)> {
        let longest = self.longest.get(interval).copied().unwrap_or(NONE);
        self.chain(longest).filter(move |node| node.prefix.means(address)).map(|node| (node.prefix, &node.value))
    }

    /// A prefix and those around it.
    fn chain(&self, place: usize) -> impl Iterator<Item = &Node<T>> {
        iter::successors(self.nodes.get(place), |node| self.nodes.get(node.around))
    }
}

/// A walk over the addresses from zero on, which enters and leaves prefixes.
#[derive(Debug)]
struct Sweep {
    starts: Vec<u128>,
    longest: Vec<usize>,
    /// The prefixes entered and not left, the innermost last, with their last addresses.
    open: Vec<(usize, u128)>,
}

impl Default for Sweep {
    fn default() -> Self {
        Self { starts: vec![0], longest: vec![NONE], open: Vec::new() }
    }
}

impl Sweep {
    /// Enters a prefix; gives the one around it.
    fn enter(&mut self, place: usize, prefix: Prefix) -> usize {
        while let Some((_, last)) = self.open.pop_if(|(_, last)| *last < prefix.first) {
            self.cut(last + 1, self.innermost());
        }
        let around = self.innermost();
        self.open.push((place, prefix.last()));
        self.cut(prefix.first, place);
        around
    }

    fn leave_all(&mut self) {
        while let Some((_, last)) = self.open.pop() {
            if let Some(next) = last.checked_add(1) {
                self.cut(next, self.innermost());
            }
        }
    }

    fn innermost(&self) -> usize {
        self.open.last().map_or(NONE, |(place, _)| *place)
    }

    /// From here on another prefix is the longest. Of several at one place the last holds.
    fn cut(&mut self, start: u128, longest: usize) {
        if self.starts.last() == Some(&start) {
            self.starts.pop();
            self.longest.pop();
        }
        self.starts.push(start);
        self.longest.push(longest);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::schema::ABSENT_ADDRESS;
    use crate::units;

    fn address(text: &str) -> u128 {
        units::address::parse(text).unwrap()
    }

    fn prefixes<'a>(texts: &[&'a str]) -> Prefixes<&'a str> {
        Prefixes::new(texts.iter().map(|text| (Prefix::parse(text).unwrap(), *text)))
    }

    #[test]
    fn the_longest_prefix_wins_and_those_around_follow() {
        let table = prefixes(&["10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.0.0/24", "192.0.2.0/24"]);
        let all = |text| table.all(address(text)).map(|(_, value)| *value).collect::<Vec<_>>();
        assert_eq!(all("10.1.2.3"), ["10.1.2.0/24", "10.1.0.0/16", "10.0.0.0/8"]);
        assert_eq!(all("10.1.0.0"), ["10.1.0.0/24", "10.1.0.0/16", "10.0.0.0/8"]);
        assert_eq!(all("10.255.255.255"), ["10.0.0.0/8"]);
        assert!(all("11.0.0.0").is_empty() && all("9.255.255.255").is_empty());
        assert_eq!(table.look_up(address("192.0.2.255")), Some(&"192.0.2.0/24"));
    }

    #[test]
    fn a_prefix_around_ipv4_is_one_of_ipv6() {
        let table = prefixes(&["::/0", "10.0.0.0/8"]);
        assert_eq!(table.look_up(address("2001:db8::1")), Some(&"::/0"));
        assert_eq!(table.look_up(u128::MAX), Some(&"::/0"));
        assert_eq!(table.look_up(address("192.0.2.1")), None);
        assert_eq!(table.look_up(ABSENT_ADDRESS), None);
        assert_eq!(table.all(address("10.0.0.1")).count(), 1);
        assert_eq!(prefixes(&["0.0.0.0/0"]).look_up(address("192.0.2.1")), Some(&"0.0.0.0/0"));
    }

    #[test]
    fn of_equal_prefixes_the_first_one_given_is_in_front() {
        let prefix = Prefix::parse("10.0.0.0/16").unwrap();
        let table = Prefixes::new([(prefix, "a"), (prefix, "b"), (prefix, "c")]);
        let all: Vec<_> = table.all(address("10.0.1.1")).map(|(_, value)| *value).collect();
        assert_eq!(all, ["a", "b", "c"]);
    }

    /// Prefixes that often contain one another, with bits behind them, at both ends of the addresses too.
    fn some_prefix() -> impl Strategy<Value = Prefix> {
        let first = prop_oneof![
            4 => (0u128..64).prop_map(|low| address("10.0.0.0") + low),
            1 => 0u128..16,
            1 => (0u128..16).prop_map(|low| u128::MAX - low),
            1 => any::<u128>(),
        ];
        (first, prop_oneof![3 => 120u8..=128, 1 => 0u8..=128]).prop_map(|(first, bits)| Prefix { first, bits })
    }

    proptest! {
        #[test]
        fn every_way_of_asking_agrees_with_looking_at_each_prefix(
            given in prop::collection::vec(some_prefix(), 0..24),
            asked in prop::collection::vec(some_prefix().prop_map(|prefix| prefix.first), 1..24),
        ) {
            let table = Prefixes::new(given.iter().copied().zip(0..));
            let trimmed = |prefix: Prefix| Prefix::around(prefix.first, prefix.bits);
            let holds = |prefix: Prefix, address| trimmed(prefix).contains(address) && prefix.means(address);
            let naive = |address: u128| {
                let mut found: Vec<(Prefix, i32)> = given.iter().copied().zip(0..).filter(|(prefix, _)| holds(*prefix, address)).collect();
                found.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.bits));
                found.into_iter().map(|(prefix, place)| (trimmed(prefix), place)).collect::<Vec<_>>()
            };
            for address in &asked {
                let all: Vec<_> = table.all(*address).map(|(prefix, place)| (prefix, *place)).collect();
                prop_assert_eq!(all, naive(*address));
                prop_assert_eq!(table.look_up(*address).copied(), naive(*address).first().map(|(_, place)| *place));
            }
        }
    }
}
