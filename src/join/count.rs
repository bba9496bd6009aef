//! Each byte once: which records of a transfer count, and why.

use super::ends::{Atlas, End, Ends};
use super::estate::covers;
use super::index::{Index, client};
use super::tables::Role;
use super::view::{Direction, Fact, View};
use crate::group::Class;

/// What becomes of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Judgement {
    /// Counted, duplicate or hop.
    pub(super) class: Class,
    pub(super) rule: &'static str,
    /// How many of the bytes count; fewer than all at the edge of a watch alone.
    pub(super) bytes: u128,
}

impl Judgement {
    fn new(class: Class, rule: &'static str, fact: &Fact) -> Self {
        let bytes = if class == Class::Counted { fact.counted.bytes } else { 0 };
        Self { class, rule, bytes }
    }
}

impl Atlas {
    /// Whether an end's own records of a moment would be in the input.
    pub(super) fn is_watched(&self, end: End, moment: u32) -> bool {
        end.interface.is_some_and(|place| self.estate.interfaces[place as usize].is_watched(moment))
    }

    /// Whether the watch of a record's sender begins or ends between its first and its last start.
    pub(super) fn straddles(&self, fact: &Fact, ends: Ends) -> bool {
        let sender = ends.src.interface.map(|place| &self.estate.interfaces[place as usize]);
        sender.is_some_and(|own| own.watch_changes(fact.moment(), fact.last_moment()))
    }

    /// Whether a better flow log's records of the interface tell of the same time. One that came after it was deleted,
    /// or before it was made, is no other.
    pub(super) fn is_other_flow_log(&self, view: &View, fact: &Fact) -> bool {
        let logs = view.interface.and_then(|place| self.estate.flow_logs.get(&place));
        let mut better = logs.into_iter().flatten().take_while(|log| log.id != view.flow_log);
        better.any(|log| covers(log.span, fact.moment()))
    }

    /// Whether what left an interface is of a sender with own records.
    pub(super) fn is_forwarded(&self, place: u32, fact: &Fact, ends: Ends) -> bool {
        let other = fact.src != fact.srcaddr && ends.src.interface.is_some_and(|holder| holder != place);
        other && self.is_watched(ends.src, fact.moment())
    }

    /// Judges the accepted records of a fact.
    pub(super) fn judge(
        &self,
        index: &Index,
        view: &View,
        fact: &Fact,
        direction: Option<Direction>,
        ends: Ends,
    ) -> Judgement {
        let judged = |class, rule| Judgement::new(class, rule, fact);
        let Some(place) = view.interface else { return judged(Class::Counted, "seen at no interface") };
        let own = &self.estate.interfaces[place as usize];
        if self.is_other_flow_log(view, fact) {
            return judged(Class::Duplicate, "the interface's other flow log counts");
        }
        if own.is_hop() {
            return self.judge_hop(index, place, fact, direction, ends);
        }
        match direction {
            None => judged(Class::Counted, "direction unknown"),
            Some(Direction::Egress) if self.is_forwarded(place, fact, ends) => {
                judged(Class::Hop, "forwarded for a logged sender")
            }
            Some(Direction::Egress) => judged(Class::Counted, "at the sender"),
            Some(Direction::Ingress) => self.judge_received(index, fact, ends),
        }
    }

    fn judge_received(&self, index: &Index, fact: &Fact, ends: Ends) -> Judgement {
        let judged = |class, rule| Judgement::new(class, rule, fact);
        if self.straddles(fact, ends) {
            let bytes = index.bytes_received_alone(fact, ends);
            let class = if bytes == 0 { Class::Duplicate } else { Class::Counted };
            return Judgement { class, rule: "at the receiver, less what the sender logged of it", bytes };
        }
        if self.is_watched(ends.src, fact.moment()) {
            return judged(Class::Duplicate, "the sender's own record counts");
        }
        judged(Class::Counted, "at the receiver: the sender is not logged")
    }

    /// Records of gateways count when neither end's own do: at a NAT gateway on the client's side, else at the transit
    /// gateway's first interface on the way. Without packet addresses they name no ends.
    fn judge_hop(&self, index: &Index, place: u32, fact: &Fact, direction: Option<Direction>, ends: Ends) -> Judgement {
        let judged = |class, rule| Judgement::new(class, rule, fact);
        let own = &self.estate.interfaces[place as usize];
        let moment = fact.moment();
        if self.is_watched(ends.src, moment) || self.is_watched(ends.dst, moment) {
            return judged(Class::Hop, "an end's own record counts");
        }
        if own.is_nat() {
            return match client(own.role, fact, direction, ends) {
                Some(_) => judged(Class::Counted, "at the NAT gateway: neither end is logged"),
                None => judged(Class::Hop, "between a NAT gateway and the outside"),
            };
        }
        let passes = match direction {
            Some(Direction::Egress) => fact.src != fact.srcaddr,
            Some(Direction::Ingress) => fact.dst != fact.dstaddr,
            None => false,
        };
        if own.role != Role::TransitGateway || !passes {
            return judged(Class::Hop, "a gateway's record that names no two ends");
        }
        let (nat, first) = index.gates(fact);
        let watched =
            |place: Option<u32>| place.is_some_and(|place| self.estate.interfaces[place as usize].is_watched(moment));
        if watched(nat) || (direction == Some(Direction::Egress) && watched(first)) {
            return judged(Class::Hop, "another gateway's record counts");
        }
        judged(Class::Counted, "at the transit gateway: neither end is logged")
    }
}
