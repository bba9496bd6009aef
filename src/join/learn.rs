//! What the records teach of interfaces: their own addresses, by direction or by elimination, and whether they are
//! gateways.
//!
//! Elimination serves logs without a direction: an interface's own address is in all of its records, and no other
//! interface of the VPC has it at the same time. The most frequent address would be wrong for 152 of 1,138 records of a
//! real file, because interfaces with a single peer have both addresses in every record.

mod few;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use self::few::Few;
use super::estate::{Eni, Enis};
use super::ranges::Ranges;
use super::tables::{Name, Role};
use super::vantage::{Direction, Fact, Facts, Vantage};
use crate::error::Error;
use crate::group::is_public;

/// Maximum number of private packet addresses that an interface may hold beyond its own, such as an instance's pods.
/// With more, it forwards traffic of others.
pub(super) const INNER_ADDRESSES_MAX: usize = 1024;

/// Bytes from which on it is worth a note that an interface passes on what it receives.
const PASSED_ON_BYTES_MIN: u64 = 1 << 20;
/// By how much the inside and the outside of a gateway may differ: records of the edges of a window are of one side.
const PASSED_ON_PERCENT_MAX: u64 = 2;

/// What some part of the records teaches. Merges in any order.
#[derive(Clone, Debug, Default)]
pub(super) struct Learnt {
    interfaces: Vec<ObservedEni>,
    /// Whether any record has no direction.
    pub(super) undirected: bool,
    /// Whether any packet bore other addresses than the interface shows.
    pub(super) rewritten: bool,
    /// AWS services of addresses outside the published ranges.
    pub(super) services: HashMap<u128, Arc<str>, ahash::RandomState>,
}

/// By address, the interfaces that it may be of.
type Holders = HashMap<u128, Vec<usize>, ahash::RandomState>;

#[derive(Clone, Debug, Default)]
struct ObservedEni {
    /// Own addresses as the records show them.
    direct: Few<u128>,
    /// Private ones that packets bore on the interface's own side; of most interfaces none.
    inner: Option<Box<Few<u128>>>,
    /// Whether packets bore others' public addresses on the interface's own side.
    inner_public: bool,
    candidates: Option<Box<Candidates>>,
    /// Accepted bytes between private addresses.
    inside_bytes: u64,
    /// Accepted bytes between a private address and a public one.
    outside_bytes: u64,
    flow_logs: FlowLogs,
}

/// By family, the addresses common to all of an interface's records without a direction.
type Candidates = [Option<Vec<u128>>; 2];

/// An interface's records by flow log, in the order of their ids. Nearly all interfaces have one.
#[derive(Clone, Debug, Default)]
enum FlowLogs {
    #[default]
    None,
    One(Name, Logged),
    Several(Vec<(Name, Logged)>),
}

/// A flow log's records of an interface.
#[derive(Clone, Copy, Debug)]
struct Logged {
    /// How many fields have a value.
    fields: u32,
    /// The first and the last start.
    span: (u32, u32),
}

/// A flow log's records of an interface that has several.
#[derive(Clone, Debug)]
pub(super) struct FlowLog {
    /// None where the records' object does not name it.
    pub(super) id: Name,
    /// The first and the last start.
    pub(super) span: (u32, u32),
}

impl Learnt {
    /// Nothing yet of any interface.
    #[must_use]
    pub(super) fn new(enis: &Enis) -> Self {
        Self { interfaces: vec![ObservedEni::default(); enis.interfaces.len()], ..Self::default() }
    }

    /// Learns from a shard. Known own addresses determine the direction of records without one.
    ///
    /// # Errors
    /// If rows of the shard were spilled and cannot be read.
    pub(super) fn add_shard(
        &mut self,
        facts: &Facts<'_>,
        shard: usize,
        enis: &Enis,
        ranges: &Ranges,
        known: Option<&Self>,
    ) -> Result<(), Error> {
        facts.for_each(shard, |fact, _| {
            let vantage = &facts.vantages[fact.vantage];
            self.meet_services(vantage, fact, ranges);
            self.meet(vantage, fact, enis, known);
        })
    }

    /// Services named by records for addresses outside the published ranges; the smallest name wins.
    fn meet_services(&mut self, vantage: &Vantage, fact: &Fact, ranges: &Ranges) {
        for (service, address) in [(&vantage.route.src_service, fact.src), (&vantage.route.dst_service, fact.dst)] {
            if let Some(service) = service.as_ref().filter(|_| ranges.look_up(address).is_none()) {
                self.add_service(address, service);
            }
        }
    }

    fn add_service(&mut self, address: u128, service: &Arc<str>) {
        let mine = self.services.entry(address).or_insert_with(|| Arc::clone(service));
        if service < mine {
            *mine = Arc::clone(service);
        }
    }

    fn meet(&mut self, vantage: &Vantage, fact: &Fact, enis: &Enis, known: Option<&Self>) {
        let Some(place) = vantage.interface.map(|place| place as usize) else { return };
        let taught = &mut self.interfaces[place];
        let span = (fact.moment(), fact.last_moment());
        taught.flow_logs.add(&vantage.route.flow_log, Logged { fields: vantage.route.fields, span });
        taught.count(fact.srcaddr, fact.dstaddr, u64::try_from(fact.counted.bytes).unwrap_or(u64::MAX));
        // A regional NAT gateway's records show the packets' addresses, not its own.
        if enis.interfaces[place].role == Role::RegionalNat {
            return;
        }
        let recorded = vantage.direction.or_else(|| by_packet(fact));
        let recorded = recorded.or_else(|| known.and_then(|known| known.direction(place, fact.srcaddr, fact.dstaddr)));
        self.undirected |= vantage.direction.is_none();
        self.rewritten |= fact.src != fact.srcaddr || fact.dst != fact.dstaddr;
        let Some(direction) = recorded else { return taught.narrow(fact.srcaddr, fact.dstaddr) };
        let (shown, inside) = match direction {
            Direction::Egress => (fact.srcaddr, fact.src),
            Direction::Ingress => (fact.dstaddr, fact.dst),
        };
        taught.direct.insert(shown);
        if inside != shown {
            if is_public(inside) {
                taught.inner_public = true;
            } else if taught.inner_len() <= INNER_ADDRESSES_MAX {
                taught.inner.get_or_insert_default().insert(inside);
            }
        }
    }

    /// Adds what another part taught.
    #[must_use]
    pub(super) fn merge(mut self, other: Self) -> Self {
        self.undirected |= other.undirected;
        self.rewritten |= other.rewritten;
        other.services.iter().for_each(|(address, service)| self.add_service(*address, service));
        for (mine, theirs) in self.interfaces.iter_mut().zip(other.interfaces) {
            mine.add(theirs);
        }
        self
    }

    /// Determines the own addresses of interfaces without a logged direction: from the inventory, else by elimination,
    /// else the private one of two.
    #[must_use]
    pub(super) fn eliminate(mut self, enis: &Enis) -> Self {
        for (taught, own) in self.interfaces.iter_mut().zip(&enis.interfaces) {
            if own.is_listed() {
                taught.candidates = None;
                taught.direct.extend(own.addresses().iter().copied());
            }
        }
        let mut holders = Holders::default();
        let mut ready: Vec<(usize, u128)> = Vec::new();
        for (place, taught) in self.interfaces.iter().enumerate() {
            for candidates in taught.candidates() {
                candidates.iter().for_each(|address| holders.entry(*address).or_default().push(place));
                ready.extend(<[u128; 1]>::try_from(&candidates[..]).map(|[only]| (place, only)));
            }
            taught.direct.iter().for_each(|address| ready.push((place, address)));
        }
        // What is inside of one interface's packets is its pods', or comes from elsewhere: it is no neighbour's own.
        for place in 0..self.interfaces.len() {
            self.inner(place).into_iter().for_each(|address| self.take(enis, &holders, (place, address), &mut ready));
        }
        self.spread(enis, &holders, ready);
        let ties = self.interfaces.iter().enumerate().filter_map(|(place, taught)| Some((place, taught.private()?)));
        let ties = ties.collect();
        self.spread(enis, &holders, ties);
        self
    }

    /// Determines own addresses and the consequences.
    fn spread(&mut self, enis: &Enis, holders: &Holders, mut ready: Vec<(usize, u128)>) {
        while let Some((place, address)) = ready.pop() {
            self.interfaces[place].direct.insert(address);
            self.take(enis, holders, (place, address), &mut ready);
        }
    }

    /// Removes an interface's address from the candidates of others; interfaces with a single remaining candidate are
    /// resolved next.
    fn take(
        &mut self,
        enis: &Enis,
        holders: &Holders,
        (place, address): (usize, u128),
        ready: &mut Vec<(usize, u128)>,
    ) {
        for other in holders.get(&address).into_iter().flatten().filter(|other| **other != place) {
            if !self.exclusive(enis, place, *other) {
                continue;
            }
            for candidates in self.interfaces[*other].candidates_mut() {
                if candidates.len() > 1 && candidates.contains(&address) {
                    candidates.retain(|candidate| *candidate != address);
                    ready.extend(<[u128; 1]>::try_from(&candidates[..]).map(|[only]| (*other, only)));
                }
            }
        }
    }

    /// Adds own addresses determined earlier.
    #[must_use]
    pub(super) fn with_own_addresses_of(mut self, before: &Self) -> Self {
        for (mine, theirs) in self.interfaces.iter_mut().zip(&before.interfaces) {
            mine.direct.extend(theirs.direct.iter());
        }
        self
    }

    /// Whether an address of one interface cannot be the other's too: inside one VPC (account, region and flow log
    /// where it is not named) and at overlapping times.
    fn exclusive(&self, enis: &Enis, one: usize, other: usize) -> bool {
        let (a, b) = (&enis.interfaces[one], &enis.interfaces[other]);
        let same = match (&a.names.vpc, &b.names.vpc) {
            (Some(one), Some(other)) => one == other,
            _ => {
                let place = |own: &Eni| (own.names.account.clone(), own.names.region.clone());
                place(a) == place(b) && self.flow_log(one) == self.flow_log(other)
            }
        };
        let overlap = match (a.logged, b.logged) {
            (Some(a), Some(b)) => a.0 <= b.1 && b.0 <= a.1,
            _ => true,
        };
        same && overlap
    }

    /// The direction by own addresses; none if both or neither are the interface's.
    pub(super) fn direction(&self, place: usize, srcaddr: u128, dstaddr: u128) -> Option<Direction> {
        let direct = &self.interfaces.get(place)?.direct;
        match (direct.contains(srcaddr), direct.contains(dstaddr)) {
            (true, false) => Some(Direction::Egress),
            (false, true) => Some(Direction::Ingress),
            _ => None,
        }
    }

    /// An interface's own addresses as its records show them.
    pub(super) fn direct(&self, place: usize) -> Vec<u128> {
        self.interfaces.get(place).map_or(Vec::new(), |taught| taught.direct.iter().collect())
    }

    /// Private addresses that packets bore on its side.
    pub(super) fn inner(&self, place: usize) -> Vec<u128> {
        let inner = self.interfaces.get(place).and_then(|taught| taught.inner.as_ref());
        inner.filter(|inner| inner.len() <= INNER_ADDRESSES_MAX).map_or(Vec::new(), |inner| inner.iter().collect())
    }

    /// The flow log that logs an interface: the first by its id where there are several.
    pub(super) fn flow_log(&self, place: usize) -> Name {
        self.flow_logs(place).next().cloned()
    }

    /// The known flow logs of an interface, in order.
    pub(super) fn flow_logs(&self, place: usize) -> impl Iterator<Item = &Arc<str>> {
        self.interfaces
            .get(place)
            .into_iter()
            .flat_map(|taught| taught.flow_logs.iter().filter_map(|(id, _)| id.as_ref()))
    }

    /// By interface, where there are several flow logs: those, the best first, which has the most fields, else the
    /// lowest id.
    pub(super) fn several_flow_logs(&self) -> HashMap<u32, Vec<FlowLog>, ahash::RandomState> {
        let several =
            (0u32..).zip(&self.interfaces).filter(|(_, taught)| matches!(taught.flow_logs, FlowLogs::Several(_)));
        let ranked = |taught: &ObservedEni| {
            let mut logs: Vec<_> = taught.flow_logs.iter().collect();
            logs.sort_by_key(|(_, logged)| Reverse(logged.fields));
            logs.into_iter().map(|(id, logged)| FlowLog { id: id.clone(), span: logged.span }).collect()
        };
        several.map(|(place, taught)| (place, ranked(taught))).collect()
    }

    /// The bytes that an interface seems to pass on between the inside and the outside, if these are nearly all of its
    /// traffic. Without packet addresses that is all that records show of a NAT gateway, or of a load balancer.
    pub(super) fn passed_on_bytes(&self, place: usize) -> Option<u64> {
        let ObservedEni { inside_bytes, outside_bytes, .. } = *self.interfaces.get(place)?;
        let (less, more) = (inside_bytes.min(outside_bytes), inside_bytes.max(outside_bytes));
        let differ = u128::from(more - less) * 100 > u128::from(more) * u128::from(PASSED_ON_PERCENT_MAX);
        (less >= PASSED_ON_BYTES_MIN && !differ).then_some(less)
    }

    /// Detects gateways: those that name their clients, and interfaces without an instance that show packets of others
    /// on their own side.
    pub(super) fn complete(&self, interfaces: &mut [Eni]) {
        let instances = interfaces.iter().any(|own| own.instance.is_some());
        for (own, taught) in interfaces.iter_mut().zip(&self.interfaces) {
            own.names_clients = taught.inner_public || taught.inner_len() > 0;
            // Version 11 has one word for all endpoints. Those of interfaces end connections, so none shows others' packets
            // on its own side.
            if own.role == Role::Endpoint && own.names_clients && !own.is_listed() {
                own.role = Role::GatewayLoadBalancerEndpoint;
            }
            if own.is_listed() || own.role != Role::End || own.instance.is_some() {
                continue;
            }
            if taught.inner_public {
                own.role = Role::Nat;
            } else if taught.inner_len() > 0 && instances {
                own.role = Role::TransitGateway;
            }
        }
    }
}

/// The direction if packet addresses differ from the logged ones: this happens only on the interface's own side, where
/// gateways forward traffic of others and instances that of their pods.
pub(super) fn by_packet(fact: &Fact) -> Option<Direction> {
    match (fact.src != fact.srcaddr, fact.dst != fact.dstaddr) {
        (true, false) => Some(Direction::Egress),
        (false, true) => Some(Direction::Ingress),
        _ => None,
    }
}

impl ObservedEni {
    /// Keeps the candidates that this record has too.
    fn narrow(&mut self, srcaddr: u128, dstaddr: u128) {
        let family = usize::from(srcaddr >> 32 != 0xffff);
        let both = [srcaddr, dstaddr];
        match &mut self.candidates.get_or_insert_default()[family] {
            Some(candidates) => candidates.retain(|candidate| both.contains(candidate)),
            none => *none = Some(both[usize::from(srcaddr == dstaddr)..].to_vec()),
        }
    }

    /// The private one of a private and a public IPv4 address left by elimination: records show the private address of
    /// an interface, even if it has a public one.
    fn private(&self) -> Option<u128> {
        match self.candidates.as_ref()?[0].as_deref() {
            Some([one, other]) if is_public(*one) != is_public(*other) => {
                Some(if is_public(*one) { *other } else { *one })
            }
            _ => None,
        }
    }

    fn count(&mut self, srcaddr: u128, dstaddr: u128, bytes: u64) {
        match (is_public(srcaddr), is_public(dstaddr)) {
            (false, false) => self.inside_bytes = self.inside_bytes.saturating_add(bytes),
            (true, true) => {}
            _ => self.outside_bytes = self.outside_bytes.saturating_add(bytes),
        }
    }

    fn add(&mut self, other: Self) {
        self.inside_bytes = self.inside_bytes.saturating_add(other.inside_bytes);
        self.outside_bytes = self.outside_bytes.saturating_add(other.outside_bytes);
        self.direct.extend(other.direct.iter());
        if let Some(inner) = other.inner {
            self.inner.get_or_insert_default().extend(inner.iter());
        }
        self.inner_public |= other.inner_public;
        let theirs = other.candidates.map_or([None, None], |candidates| *candidates);
        for (family, theirs) in theirs.into_iter().enumerate().filter(|(_, theirs)| theirs.is_some()) {
            let mine = &mut self.candidates.get_or_insert_default()[family];
            match (&mut *mine, theirs) {
                (Some(mine), Some(theirs)) => mine.retain(|candidate| theirs.contains(candidate)),
                (none, theirs) => *none = none.take().or(theirs),
            }
        }
        other.flow_logs.iter().for_each(|(id, logged)| self.flow_logs.add(id, *logged));
    }

    fn inner_len(&self) -> usize {
        self.inner.as_ref().map_or(0, |inner| inner.len())
    }

    fn candidates(&self) -> impl Iterator<Item = &Vec<u128>> {
        self.candidates.iter().flat_map(|candidates| candidates.iter().flatten())
    }

    fn candidates_mut(&mut self) -> impl Iterator<Item = &mut Vec<u128>> {
        self.candidates.iter_mut().flat_map(|candidates| candidates.iter_mut().flatten())
    }
}

impl FlowLogs {
    fn add(&mut self, id: &Name, logged: Logged) {
        match self {
            Self::None => *self = Self::One(id.clone(), logged),
            Self::One(known, mine) if known == id => mine.add(logged),
            Self::One(known, mine) => {
                let mut both = vec![(known.take(), *mine), (id.clone(), logged)];
                both.sort_by(|(one, _), (other, _)| one.cmp(other));
                *self = Self::Several(both);
            }
            Self::Several(logs) => match logs.binary_search_by(|(known, _)| known.cmp(id)) {
                Ok(place) => logs[place].1.add(logged),
                Err(place) => logs.insert(place, (id.clone(), logged)),
            },
        }
    }

    fn iter(&self) -> impl Iterator<Item = (&Name, &Logged)> {
        let (one, several): (_, &[(Name, Logged)]) = match self {
            Self::None => (None, &[]),
            Self::One(id, logged) => (Some((id, logged)), &[]),
            Self::Several(logs) => (None, logs),
        };
        one.into_iter().chain(several.iter().map(|(id, logged)| (id, logged)))
    }
}

impl Logged {
    fn add(&mut self, other: Self) {
        self.fields = self.fields.max(other.fields);
        self.span = (self.span.0.min(other.span.0), self.span.1.max(other.span.1));
    }
}
