//! Each byte once: which records of a transfer count, and why.
//!
//! A fact covers one hour and is judged as a whole: if the sender is logged for all of its records, or for none, it is
//! judged as each record would be. At a coverage boundary inside the hour the records can no longer be separated; the
//! difference between what was seen here and what the preceding vantages saw counts. See `super::index::splits`.

use super::ends::{AddressResolver, End, Ends};
use super::estate::{covers, edges};
use super::index::{Index, Part, client};
use super::tables::Role;
use super::vantage::{Direction, Fact, HOUR_SECONDS, Vantage};
use crate::group::{Class, KeyValue};

/// What becomes of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Judgement {
    /// Counted, duplicate or hop.
    pub(super) class: Class,
    pub(super) rule: &'static str,
    /// Number of counted bytes and packets; fewer than all at a coverage boundary.
    pub(super) part: Part,
    /// What becomes of the other bytes.
    pub(super) rest: Class,
}

impl Judgement {
    /// One for all records of a fact.
    pub(super) fn of_all((class, rule): Verdict, fact: &Fact) -> Self {
        let part = if class == Class::Counted { Part::all(fact) } else { Part::default() };
        Self { class, rule, part, rest: class }
    }
}

/// What becomes of records that start at a moment, and by which rule.
type Verdict = (Class, &'static str);

/// A fact as its interface saw it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sighting<'a> {
    pub(super) vantage: &'a Vantage,
    pub(super) fact: &'a Fact,
    pub(super) direction: Option<Direction>,
    pub(super) ends: Ends,
}

/// The vantage of a record on a transfer. Among several vantages with the same bytes the first one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Seat {
    Sender,
    /// An interface that a logged sender's packets leave by.
    Forwarder,
    Receiver,
    /// A NAT gateway, on its client's side.
    Nat,
    /// A transit gateway's interface that takes packets in.
    TransitIn,
    /// One that gives them out.
    TransitOut,
    /// The direction is unknown: the record counts regardless of other vantages.
    Undirected,
    /// At a NAT gateway, for its charges, regardless of other vantages.
    Charged,
    /// At an endpoint, for the charges of a NAT gateway that is not logged.
    Through,
}

/// The vantage on a transfer: the seat, the rank of the interface's flow log (0 is the best), and the location.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Observer {
    pub(super) seat: Seat,
    pub(super) log: usize,
    pub(super) place: u32,
}

impl Observer {
    /// Whether another's records of the same bytes go first.
    pub(super) fn comes_after(&self, other: &Self) -> bool {
        let apart = |seat| matches!(seat, Seat::Undirected | Seat::Charged | Seat::Through);
        match self.seat {
            Seat::Through => {
                let first = other.seat == Seat::Nat || other.seat == Seat::Through && other.log < self.log;
                first && other.place == self.place
            }
            seat => {
                let comparable = seat == other.seat || !apart(seat) && !apart(other.seat);
                comparable && (other.seat, other.log) < (seat, self.log)
            }
        }
    }
}

impl AddressResolver {
    /// Whether an end's own records of a moment would be in the input: of any interface that has the address.
    pub(super) fn is_logged(&self, end: End, moment: u32) -> bool {
        let mut watchers = self.estate.watchers(&end).iter();
        watchers.any(|place| self.estate.interfaces[*place as usize].is_logged(moment))
    }

    /// Whether an endpoint is logged for the whole hour.
    pub(super) fn is_logged_throughout(&self, end: End, hour: u32) -> bool {
        let last = hour.saturating_add(HOUR_SECONDS - 1);
        let logged = |moment| self.is_logged(end, moment);
        logged(hour) && (!self.estate.changes_in(hour) || self.changes(end, hour, last).all(logged))
    }

    /// The times after the first and up to the last second at which an endpoint's coverage may change.
    fn changes(&self, end: End, first: u32, last: u32) -> impl Iterator<Item = u32> {
        let watchers = self.estate.watchers(&end).to_vec();
        let edges = watchers.into_iter().flat_map(|place| self.estate.interfaces[place as usize].edges());
        edges.filter(move |edge| first < *edge && *edge <= last)
    }

    /// Whether a better flow log has the interface's records at this time. A flow log that was created after the other
    /// one was deleted does not overlap with it.
    fn is_other_flow_log(&self, vantage: &Vantage, moment: u32) -> bool {
        self.better_flow_logs(vantage).any(|span| covers(span, moment))
    }

    /// The times of flow logs of the interface that go before the one of a view.
    fn better_flow_logs(&self, vantage: &Vantage) -> impl Iterator<Item = (u32, u32)> {
        let logs = vantage.interface.and_then(|place| self.estate.flow_logs.get(&place));
        logs.into_iter().flatten().take_while(|log| log.id != vantage.route.flow_log).map(|log| log.span)
    }

    /// Whether egress traffic has a sender whose address belongs to another interface.
    fn is_forwarded(place: u32, fact: &Fact, ends: Ends) -> bool {
        fact.src != fact.srcaddr && ends.src.interface.is_some_and(|holder| holder != place)
    }

    /// Who saw a fact, if it may count; and what else is charged for by it.
    pub(super) fn observers(&self, index: &Index, sighting: &Sighting<'_>) -> impl Iterator<Item = Observer> + use<> {
        let Sighting { vantage, fact, direction, ends } = *sighting;
        let log = || self.better_flow_logs(vantage).count();
        let own = vantage.interface.map(|place| (place, &self.estate.interfaces[place as usize]));
        let seats = match own {
            None => [None, None],
            Some((place, own)) if own.is_nat() => {
                let client = client(own, fact, direction, ends);
                [Seat::Nat, Seat::Charged].map(|seat| client.map(|_| (seat, place)))
            }
            Some((place, own)) if own.is_hop() => {
                let passes = own.role == Role::TransitGateway && passes(fact, direction);
                let seat = if direction == Some(Direction::Egress) { Seat::TransitOut } else { Seat::TransitIn };
                [passes.then_some((seat, place)), None]
            }
            Some((place, _)) => {
                let (seat, near, far) = match direction {
                    None => (Seat::Undirected, ends.src, ends.dst),
                    Some(Direction::Egress) if Self::is_forwarded(place, fact, ends) => {
                        (Seat::Forwarder, ends.src, ends.dst)
                    }
                    Some(Direction::Egress) => (Seat::Sender, ends.src, ends.dst),
                    Some(Direction::Ingress) => (Seat::Receiver, ends.dst, ends.src),
                };
                let nat = index.nat_of(near).filter(|_| far.vpc.is_none());
                [Some((seat, place)), nat.map(|nat| (Seat::Through, nat))]
            }
        };
        seats.map(|seat| seat.map(|(seat, place)| Observer { seat, log: log(), place })).into_iter().flatten()
    }

    /// Judges the accepted records of a fact. `passthrough` holds the group's passthrough columns.
    pub(super) fn judge(&self, index: &Index, sighting: &Sighting<'_>, passthrough: &[KeyValue]) -> Judgement {
        let fact = sighting.fact;
        if let Some((part, rest)) =
            index.part(self, sighting, passthrough, |seat| !matches!(seat, Seat::Charged | Seat::Through))
        {
            let class = if part.counts { Class::Counted } else { rest };
            return Judgement { class, rule: "by difference from the preceding vantage", part, rest };
        }
        let verdict = self.verdict(index, sighting, fact.moment());
        let verdict = match verdict.0 {
            Class::Counted => verdict,
            _ => self.verdict_of_hour(index, sighting).unwrap_or(verdict),
        };
        Judgement::of_all(verdict, fact)
    }

    /// Why records of an hour do not count: the first of several reasons, regardless of the records.
    fn verdict_of_hour(&self, index: &Index, sighting: &Sighting<'_>) -> Option<Verdict> {
        let hour = sighting.fact.hour;
        if !self.estate.changes_in(hour) {
            return None;
        }
        let inside = |edge: &u32| (hour..hour.saturating_add(HOUR_SECONDS)).contains(edge);
        let moments = self.edges(index, sighting, true).filter(inside).chain([hour]);
        let verdicts = moments.map(|moment| self.verdict(index, sighting, moment));
        verdicts.filter(|(class, _)| *class != Class::Counted).min()
    }

    /// What a NAT gateway is charged for of a fact that names its client.
    pub(super) fn charged(&self, index: &Index, sighting: &Sighting<'_>, passthrough: &[KeyValue]) -> Part {
        let Sighting { vantage, fact, .. } = *sighting;
        if let Some((part, _)) = index.part(self, sighting, passthrough, |seat| seat == Seat::Charged) {
            return part;
        }
        if self.is_other_flow_log(vantage, fact.moment()) { Part::default() } else { Part::all(fact) }
    }

    /// The charges of a NAT gateway on a fact's route that its own records do not cover, if they are computed by
    /// difference.
    pub(super) fn charged_on_route(
        &self,
        index: &Index,
        sighting: &Sighting<'_>,
        passthrough: &[KeyValue],
    ) -> Option<Part> {
        index.part(self, sighting, passthrough, |seat| seat == Seat::Through).map(|(part, _)| part)
    }

    /// What becomes of the records that do not count, if of those from one moment to another some may count and some may
    /// not.
    pub(super) fn split(
        &self,
        index: &Index,
        sighting: &Sighting<'_>,
        observer: Observer,
        (first, last): (u32, u32),
    ) -> Option<Class> {
        let Observer { seat, place, .. } = observer;
        let nat = &self.estate.interfaces[place as usize];
        let class = |moment: u32| match seat {
            Seat::Charged if self.is_other_flow_log(sighting.vantage, moment) => Class::Deduplicated,
            Seat::Through if nat.names_clients_at(moment) => Class::Deduplicated,
            Seat::Charged | Seat::Through => Class::Counted,
            _ => self.verdict(index, sighting, moment).0,
        };
        let changes = self.moments_of_change(index, sighting, observer, (first, last));
        let (mut counts, mut rest) = (false, None);
        for class in [first].into_iter().chain(changes).map(class) {
            match class {
                Class::Counted => counts = true,
                other => rest = Some(rest.map_or(other, |rest: Class| rest.min(other))),
            }
        }
        rest.filter(|_| counts)
    }

    /// The first and the last time within `(first, last]` at which the judgement of an observer's records may change.
    pub(super) fn changes_of(
        &self,
        index: &Index,
        sighting: &Sighting<'_>,
        observer: Observer,
        span: (u32, u32),
    ) -> Option<(u32, u32)> {
        let changes = self.moments_of_change(index, sighting, observer, span);
        changes.fold(None, |found, change| {
            let (first, last) = found.unwrap_or((change, change));
            Some((change.min(first), change.max(last)))
        })
    }

    fn moments_of_change(
        &self,
        index: &Index,
        sighting: &Sighting<'_>,
        Observer { seat, place, .. }: Observer,
        (first, last): (u32, u32),
    ) -> impl Iterator<Item = u32> {
        let by_ends = !matches!(seat, Seat::Sender | Seat::Undirected | Seat::Charged | Seat::Through);
        let of_nat = (seat == Seat::Through).then(|| self.estate.interfaces[place as usize].edges());
        let edges = self.edges(index, sighting, by_ends).chain(of_nat.into_iter().flatten());
        edges.filter(move |edge| first < *edge && *edge <= last)
    }

    /// The times at which the judgement of a fact's records may change: by flow logs of the same interface and, on
    /// request, by coverage boundaries.
    fn edges(&self, index: &Index, sighting: &Sighting<'_>, by_ends: bool) -> impl Iterator<Item = u32> {
        let Sighting { vantage, fact, direction, ends } = *sighting;
        let hop = vantage.interface.is_some_and(|place| self.estate.interfaces[place as usize].is_hop());
        let mut places = Vec::new();
        if by_ends && (hop || direction.is_some()) {
            places.extend_from_slice(self.estate.watchers(&ends.src));
        }
        if by_ends && hop {
            places.extend_from_slice(self.estate.watchers(&ends.dst));
            let (nat, first) = index.gates(fact);
            places.extend(nat.into_iter().chain(first));
        }
        let boundaries = places.into_iter().flat_map(|place| self.estate.interfaces[place as usize].edges());
        boundaries.chain(self.better_flow_logs(vantage).flat_map(edges))
    }

    /// What becomes of a fact's records that start at a moment.
    fn verdict(&self, index: &Index, sighting: &Sighting<'_>, moment: u32) -> Verdict {
        let Sighting { vantage, fact, direction, ends } = *sighting;
        let Some(place) = vantage.interface else { return (Class::Counted, "logged at no interface") };
        let own = &self.estate.interfaces[place as usize];
        if self.is_other_flow_log(vantage, moment) {
            return (Class::Deduplicated, "counted in the interface's other flow log");
        }
        if own.is_hop() {
            return self.verdict_at_hop(index, sighting, place, moment);
        }
        match direction {
            None => (Class::Counted, "direction unknown"),
            Some(Direction::Egress) if Self::is_forwarded(place, fact, ends) && self.is_logged(ends.src, moment) => {
                (Class::Transit, "forwarded for a logged sender")
            }
            Some(Direction::Egress) => (Class::Counted, "at the sender"),
            Some(Direction::Ingress) if self.is_logged(ends.src, moment) => {
                (Class::Deduplicated, "counted at the sender")
            }
            Some(Direction::Ingress) => (Class::Counted, "at the receiver: the sender is not logged"),
        }
    }

    /// Gateway records count only if no endpoint's record does: at a NAT gateway on the client's side, else at the
    /// first interface of the transit gateway. Without packet addresses they do not name the endpoints.
    fn verdict_at_hop(&self, index: &Index, sighting: &Sighting<'_>, place: u32, moment: u32) -> Verdict {
        let Sighting { fact, direction, ends, .. } = *sighting;
        let own = &self.estate.interfaces[place as usize];
        if self.is_logged(ends.src, moment) || self.is_logged(ends.dst, moment) {
            return (Class::Transit, "counted at an endpoint");
        }
        if own.is_nat() {
            return match client(own, fact, direction, ends) {
                Some(_) => (Class::Counted, "at the NAT gateway: neither end is logged"),
                None => (Class::Transit, "between a NAT gateway and the outside"),
            };
        }
        if own.role != Role::TransitGateway || !passes(fact, direction) {
            return (Class::Transit, "gateway record without both endpoints");
        }
        let (nat, first) = index.gates(fact);
        let logged =
            |place: Option<u32>| place.is_some_and(|place| self.estate.interfaces[place as usize].is_logged(moment));
        if logged(nat) || (direction == Some(Direction::Egress) && logged(first)) {
            return (Class::Transit, "counted at another gateway");
        }
        (Class::Counted, "at the transit gateway: neither end is logged")
    }
}

/// Whether a transit gateway's record names both ends.
fn passes(fact: &Fact, direction: Option<Direction>) -> bool {
    match direction {
        Some(Direction::Egress) => fact.src != fact.srcaddr,
        Some(Direction::Ingress) => fact.dst != fact.dstaddr,
        None => false,
    }
}
