//! Conversations: two parties of a scenario, drawn with ports, sizes and times.
//!
//! Most of them lie inside a clock hour, two minutes from its ends, so that the hour of every record of theirs is the
//! same in each view. Some are long and cross hours, where neither an owner, a flow log, an address nor a month
//! changes while they run.

use std::net::IpAddr;

use super::outside::Outside;
use super::scenarios::{Outcome, Party, RouteKind, Scenario};
use super::{Estate, HOUR_SECONDS};
use crate::flowgen::random::Random;
use crate::flowgen::world::Role;

/// How far from the ends of an hour its conversations stay; no clock of an interface is wrong by half of it.
const MARGIN_SECONDS: u32 = 120;
/// How far long conversations stay from moments when something changes.
const QUIET_SECONDS: u32 = 900;
const LONG_PER_MILLE: u32 = 40;
/// How often other parties are tried where the ones drawn cannot talk to each other.
const TRIES: u32 = 20;
/// How long conversations are at most whose size is set: short, for a record is a minute of them.
const PLANNED_SECONDS: u32 = 240;
const PLANNED_PACKET_BYTES: u64 = 1200;

const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP: u8 = 1;
const PORTS: [u16; 8] = [443, 443, 443, 8080, 5432, 6379, 9092, 53];

/// One of the two ends of a transfer.
#[derive(Clone, Copy)]
pub(crate) enum End {
    /// An interface, by its place.
    Own(usize),
    Outside(Outside),
}

/// A conversation.
#[derive(Clone, Copy)]
pub(crate) struct Talk {
    /// Its number among all, from 1; 0 as long as it is not held.
    pub(crate) number: u64,
    pub(crate) client: End,
    pub(crate) server: End,
    pub(crate) route_kind: RouteKind,
    /// The NAT gateway on the route, by its index.
    pub(crate) nat: Option<usize>,
    pub(crate) six: bool,
    pub(crate) outcome: Outcome,
    pub(crate) protocol: u8,
    pub(crate) client_port: u16,
    pub(crate) server_port: u16,
    /// The port that a NAT gateway puts in place of the client's.
    pub(crate) nat_port: u16,
    /// First and last second.
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// What the client sent, and what the server did.
    pub(crate) sent: Volume,
    pub(crate) returned: Volume,
}

/// Amount in one direction.
#[derive(Clone, Copy)]
pub(crate) struct Volume {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
}

/// A conversation whose size is set.
pub(crate) struct Plan {
    pub(crate) client: Party,
    pub(crate) server: Party,
    pub(crate) route_kind: RouteKind,
    pub(crate) port: u16,
    pub(crate) outcome: Outcome,
}

impl Volume {
    /// Packets of a size that is usual where much is sent.
    pub(crate) fn of_bytes(bytes: u64) -> Self {
        Self { packets: 1 + bytes / PLANNED_PACKET_BYTES, bytes }
    }
}

impl Party {
    /// The outsider with a number.
    pub(crate) fn numbered(self) -> Option<End> {
        if let Self::Host(kind, number) = self { Some(End::Outside(Outside::numbered(kind, number))) } else { None }
    }
}

impl End {
    /// The interface, if the end is the estate's.
    pub(crate) fn interface(self) -> Option<usize> {
        if let Self::Own(place) = self { Some(place) } else { None }
    }
}

impl Talk {
    /// A conversation of a scenario in the hour that begins at `hour`; none if nobody of it is there then.
    pub(crate) fn draw(estate: &Estate, random: &mut Random, scenario: &Scenario, hour: u32) -> Option<Self> {
        let parties = (0..TRIES).find_map(|_| {
            let client = side(estate, random, scenario.client, scenario.six, hour)?;
            let server = side(estate, random, scenario.server, scenario.six, hour)?;
            fits(estate, client, server, scenario).then_some((client, server))
        });
        let (client, server) = parties?;
        let nat = estate.nat(scenario.route_kind);
        let (start, end) = when(estate, random, hour);
        let inside = scenario.route_kind == RouteKind::Inside && scenario.outcome == Outcome::Answered;
        let protocol = if inside && random.chance(60) { ICMP } else { TCP };
        let server_port = *random.pick(&PORTS);
        let portless = protocol == ICMP;
        let sent = volume(random, scenario.outcome);
        let packets = 1 + sent.packets / (1 + random.below(3));
        Some(Self {
            number: 0,
            client,
            server,
            route_kind: scenario.route_kind,
            nat,
            six: scenario.six,
            outcome: scenario.outcome,
            protocol: if protocol == TCP && server_port == 53 { UDP } else { protocol },
            client_port: if portless { 0 } else { high_port(random) },
            server_port: if portless { 0 } else { server_port },
            nat_port: if portless { 0 } else { high_port(random) },
            start,
            end: if scenario.outcome == Outcome::Answered { end } else { start + (end - start).min(3) },
            sent,
            returned: Volume { packets, bytes: packets * (40 + random.below(1400)) },
        })
    }

    /// A conversation of a plan in an hour, with what the client and the server send if it is answered.
    pub(crate) fn planned(
        estate: &Estate,
        random: &mut Random,
        plan: &Plan,
        hour: u32,
        [sent, returned]: [Volume; 2],
    ) -> Option<Self> {
        let client = side(estate, random, plan.client, false, hour)?;
        let server = side(estate, random, plan.server, false, hour)?;
        let answered = plan.outcome == Outcome::Answered;
        let duration = if answered { PLANNED_SECONDS / 2 + random.below_small(PLANNED_SECONDS / 2) } else { 0 };
        let start = hour + MARGIN_SECONDS + random.below_small(HOUR_SECONDS - 2 * MARGIN_SECONDS - duration);
        Some(Self {
            number: 0,
            client,
            server,
            route_kind: plan.route_kind,
            nat: estate.nat(plan.route_kind),
            six: false,
            outcome: plan.outcome,
            protocol: TCP,
            client_port: high_port(random),
            server_port: plan.port,
            nat_port: high_port(random),
            start,
            end: start + duration,
            sent: if answered { sent } else { volume(random, plan.outcome) },
            returned,
        })
    }

    /// Who sends and who receives in a direction.
    pub(crate) fn ends(&self, forward: bool) -> (End, End) {
        if forward { (self.client, self.server) } else { (self.server, self.client) }
    }

    /// How much goes in a direction.
    pub(crate) fn volume(&self, forward: bool) -> Volume {
        if forward { self.sent } else { self.returned }
    }

    /// The TCP flags of a direction in a part of it: those of the opening in the first, of the closing in the last.
    pub(crate) fn flags(&self, forward: bool, first: bool, last: bool) -> u8 {
        if self.protocol != TCP {
            return 0;
        }
        let opening = if forward { 2 } else { 18 };
        let closing = u8::from(self.outcome == Outcome::Answered);
        let (opening, closing) = (u8::from(first) * opening, u8::from(last) * closing);
        opening | closing
    }
}

impl Estate {
    /// The NAT gateway on a route, by its index.
    pub(crate) fn nat(&self, route_kind: RouteKind) -> Option<usize> {
        let (RouteKind::Nat(name) | RouteKind::CentralNat(name)) = route_kind else { return None };
        self.interfaces.iter().position(|one| one.name == name)
    }

    /// The true address of an end: of an interface the private one.
    pub(crate) fn address(&self, end: End, six: bool) -> IpAddr {
        match end {
            End::Own(place) => self.interfaces[place].end(six),
            End::Outside(outside) => outside.address,
        }
    }
}

/// One of those who may take a side and are there for the whole hour.
fn side(estate: &Estate, random: &mut Random, party: Party, six: bool, hour: u32) -> Option<End> {
    let names = match party {
        Party::Own(names) => names,
        Party::Outside(kind) => return Some(End::Outside(Outside::draw(random, kind, six))),
        Party::Host(..) => return party.numbered(),
    };
    let fit = |place: &usize| {
        let interface = &estate.interfaces[*place];
        names.split(',').any(|name| interface.name.starts_with(name))
            && interface.life.start <= hour
            && interface.life.end >= hour + HOUR_SECONDS
    };
    let fitting: Vec<usize> = (0..estate.interfaces.len()).filter(fit).collect();
    (!fitting.is_empty()).then(|| End::Own(*random.pick(&fitting)))
}

/// Whether two ends are two, with addresses of the family that is wanted.
fn fits(estate: &Estate, client: End, server: End, scenario: &Scenario) -> bool {
    let has = |end: End| end.interface().is_none_or(|place| estate.interfaces[place].address6.is_some());
    let is_nat = |end: End| end.interface().is_some_and(|place| estate.interfaces[place].role == Role::NatGateway);
    let two = client.interface().is_none() || client.interface() != server.interface();
    two && (!scenario.six || has(client) && has(server)) && (scenario.outcome == Outcome::Dropped || !is_nat(server))
}

/// First and last second of a conversation.
fn when(estate: &Estate, random: &mut Random, hour: u32) -> (u32, u32) {
    let room = HOUR_SECONDS - 2 * MARGIN_SECONDS;
    let first = hour + MARGIN_SECONDS;
    if random.chance(LONG_PER_MILLE) {
        let start = first + random.below_small(room);
        let end = start + HOUR_SECONDS / 2 + random.below_small(2 * HOUR_SECONDS);
        if estate.moments.steady(start.saturating_sub(QUIET_SECONDS), end + QUIET_SECONDS) {
            return (start, end);
        }
    }
    let duration = if random.chance(600) { random.below_small(40) } else { random.below_small(900) };
    let start = first + random.below_small(room - duration);
    (start, start + duration)
}

/// What the client sends.
fn volume(random: &mut Random, outcome: Outcome) -> Volume {
    if outcome != Outcome::Answered {
        let packets = 1 + random.below(3);
        return Volume { packets, bytes: packets * (40 + random.below(21)) };
    }
    let packets = 1 + random.lognormal(44);
    Volume { packets, bytes: packets * (40 + random.below(1461)) }
}

fn high_port(random: &mut Random) -> u16 {
    u16::try_from(32_768 + random.below_small(28_232)).unwrap_or(u16::MAX)
}
