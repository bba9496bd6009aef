//! What happens: conversations between the interfaces of a world and the addresses outside, as the records that a
//! flow log makes of them.
//!
//! A conversation is logged in both directions at each interface that it crosses, so one between two interfaces of a
//! stream makes four records and one through a NAT gateway six. Which fields of a record a format has, and how they are
//! written, is `write`'s.

use std::net::IpAddr;

use super::random::Random;
use super::world::{Interface, Role, Stream, World, public};

/// The most records that a conversation makes.
const CONVERSATION_RECORDS_MAX: usize = 6;
/// The most conversations of an interface that follow each other in a log.
const RUN_CONVERSATIONS_MAX: usize = 24;
/// Of a thousand runs, those that are a quiet interface's; and of a thousand of these, those whose records were lost.
const QUIET_PER_MILLE: u32 = 22;
const LOST_PER_MILLE: u32 = 60;

const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP: u8 = 1;
const SCANNED_PORTS: [u16; 20] =
    [23, 22, 22, 445, 3389, 80, 8080, 1433, 5900, 3306, 6379, 5060, 25, 21, 2323, 8443, 5555, 123, 161, 27017];
const SERVED_PORTS: [u16; 10] = [443, 443, 443, 443, 443, 443, 80, 80, 8443, 22];
const INNER_PORTS: [u16; 12] = [443, 8080, 5432, 5432, 3306, 6379, 6379, 9092, 53, 53, 2049, 9200];

/// A record of an interface in an aggregation interval.
#[derive(Clone, Copy)]
pub(crate) struct Record<'w> {
    pub(crate) interface: &'w Interface,
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) content: Content<'w>,
}

/// What the interval held.
#[derive(Clone, Copy)]
pub(crate) enum Content<'w> {
    Flow(Flow<'w>),
    /// NODATA.
    Quiet,
    /// SKIPDATA.
    Lost,
}

/// A flow in one direction, as one interface shows it.
#[derive(Clone, Copy)]
pub(crate) struct Flow<'w> {
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) packet_source: IpAddr,
    pub(crate) packet_destination: IpAddr,
    pub(crate) source_port: u16,
    pub(crate) destination_port: u16,
    pub(crate) protocol: u8,
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) tcp_flags: u8,
    pub(crate) verdict: Verdict,
    pub(crate) egress: bool,
    /// AWS's traffic path code; egress only.
    pub(crate) path: u8,
    pub(crate) source_service: Option<&'static str>,
    pub(crate) destination_service: Option<&'static str>,
    /// The interface at the other end of the hop, where it has one.
    pub(crate) next_hop: Option<&'w Interface>,
}

/// What security groups and access lists said.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accepted,
    Rejected,
    /// By "block public access".
    Blocked,
}

impl<'w> Flow<'w> {
    /// The same flow as the interface at the other end of the hop shows it.
    fn at_other_end(self, seen_from: &'w Interface) -> Self {
        Self { egress: !self.egress, next_hop: Some(seen_from), ..self }
    }

    fn paths(self, path: u8) -> Self {
        Self { path, ..self }
    }
}

/// The traffic of a stream, a minute after the other.
pub(crate) struct Traffic<'w> {
    world: &'w World,
    stream: &'w Stream,
    random: Random,
    /// What the interface of this run received; it stands after what it sent.
    received: Vec<Record<'w>>,
    /// What other interfaces saw of this minute's conversations; it stands at the minute's end.
    elsewhere: Vec<Record<'w>>,
}

impl<'w> Traffic<'w> {
    /// The traffic of a stream that a file holds.
    pub(crate) fn new(world: &'w World, stream: &'w Stream, seed: u64, file: u64) -> Self {
        let random = Random::new(seed, 1000 + file);
        Self { world, stream, random, received: Vec::new(), elsewhere: Vec::new() }
    }

    /// Appends a minute's records: at least `least` and, by the last conversation, a few more, but never over `most`.
    pub(crate) fn minute(&mut self, minute: u32, least: usize, most: usize, records: &mut Vec<Record<'w>>) {
        let before = records.len();
        loop {
            let made = records.len() - before + self.elsewhere.len();
            if made >= least {
                break;
            }
            self.run(minute, least - made, most - made, records);
        }
        self.elsewhere.sort_by_key(|record| record.interface.place);
        records.append(&mut self.elsewhere);
    }

    /// Appends a run of one interface: a quiet one's record, or conversations, first what it sent.
    fn run(&mut self, minute: u32, least: usize, most: usize, records: &mut Vec<Record<'w>>) {
        if self.random.chance(QUIET_PER_MILLE) {
            let interface = self.random.pick(&self.stream.interfaces);
            let content = if self.random.chance(LOST_PER_MILLE) { Content::Lost } else { Content::Quiet };
            records.push(Record { interface, start: minute, end: minute + 59, content });
            return;
        }
        let interface = &self.stream.interfaces[self.stream.speaker_ranks.draw(&mut self.random)];
        let (before, elsewhere_before) = (records.len(), self.elsewhere.len());
        for _ in 0..1 + self.random.place(RUN_CONVERSATIONS_MAX) {
            let made = records.len() - before + self.received.len() + self.elsewhere.len() - elsewhere_before;
            if made >= least {
                break;
            }
            self.converse(interface, minute, most - made, records);
        }
        records.append(&mut self.received);
    }

    fn converse(&mut self, interface: &'w Interface, minute: u32, room: usize, records: &mut Vec<Record<'w>>) {
        let start = minute + self.random.below_small(30);
        let end = start + self.random.below_small(29);
        let record = |flow| Record { interface, start, end, content: Content::Flow(flow) };
        let by_six = interface.address6.is_some() && self.random.chance(440);
        let kind = self.random.below_small(1000);
        if kind < 76 || room < 2 {
            records.push(record(self.scan(interface, by_six)));
            return;
        }
        let peer = match kind {
            _ if room < CONVERSATION_RECORDS_MAX => self.client(by_six),
            ..=420 => self.inner(interface, by_six),
            421..=850 => self.client(by_six),
            _ => self.service(),
        };
        let talk = self.talk(interface, &peer);
        let outbound = !peer.calls && peer.interface.is_none();
        if outbound && self.stream.subnet(interface).private && peer.path == 8 {
            let gateway = self.stream.gateway(interface);
            let hop = |flow: Flow<'w>| Flow { next_hop: Some(gateway), ..flow };
            records.push(record(hop(talk.sent).paths(1)));
            self.received.push(record(hop(talk.received)));
            self.relay(gateway, interface, &talk, start);
            return;
        }
        records.push(record(talk.sent));
        self.received.push(record(talk.received));
        if let Some(other) = peer.interface {
            self.see(other, start, talk.sent.at_other_end(interface));
            self.see(other, start, talk.received.at_other_end(interface));
        }
    }

    /// A scan from the internet, rejected.
    fn scan(&mut self, interface: &'w Interface, by_six: bool) -> Flow<'w> {
        let random = &mut self.random;
        let (source, own) = match interface.address6 {
            Some(own) if by_six => ((*random.pick(&self.world.clients6)).into(), own.into()),
            _ => (public(random).into(), interface.address.into()),
        };
        let protocol = [TCP, TCP, TCP, TCP, TCP, TCP, TCP, TCP, UDP, UDP, ICMP][random.place(11)];
        let port = if random.chance(300) { any_port(random, 1, 65_534) } else { *random.pick(&SCANNED_PORTS) };
        let (source_port, destination_port) =
            if protocol == ICMP { (0, 0) } else { (any_port(random, 1024, 64_000), port) };
        let packets = 1 + random.below(3);
        let verdict = if random.chance(30) { Verdict::Blocked } else { Verdict::Rejected };
        let bytes = packets * (40 + random.below(24));
        let tcp_flags = if protocol == TCP { 2 } else { 0 };
        Flow {
            source_port,
            destination_port,
            protocol,
            packets,
            bytes,
            tcp_flags,
            verdict,
            ..plain(source, own, false)
        }
    }

    /// Another interface of the stream that serves this one.
    fn inner(&mut self, interface: &'w Interface, by_six: bool) -> Peer<'w> {
        let interfaces = &self.stream.interfaces;
        let drawn = self.stream.speaker_ranks.draw(&mut self.random);
        let other = &interfaces[if drawn == interface.place { drawn.abs_diff(1) } else { drawn }];
        let address = match other.address6 {
            Some(address) if by_six => address.into(),
            _ => other.address.into(),
        };
        let path = if other.vpc == interface.vpc { 1 } else { 4 };
        Peer {
            address,
            interface: Some(other),
            service: None,
            calls: false,
            port: *self.random.pick(&INNER_PORTS),
            path,
        }
    }

    /// A client in the internet that calls this interface.
    fn client(&mut self, by_six: bool) -> Peer<'w> {
        let (world, random) = (self.world, &mut self.random);
        let address: IpAddr = if by_six {
            world.clients6[world.client6_ranks.draw(random)].into()
        } else {
            world.clients[world.client_ranks.draw(random)].into()
        };
        Peer { address, interface: None, service: None, calls: true, port: *random.pick(&SERVED_PORTS), path: 8 }
    }

    /// A public service that this interface calls; S3 and DynamoDB through a gateway endpoint.
    fn service(&mut self) -> Peer<'w> {
        let (address, service) = self.world.services[self.world.service_ranks.draw(&mut self.random)];
        let path = if matches!(service, Some("S3" | "DYNAMODB")) { 7 } else { 8 };
        Peer { address: address.into(), interface: None, service, calls: false, port: 443, path }
    }

    /// Both directions between an interface and its peer.
    fn talk(&mut self, interface: &'w Interface, peer: &Peer<'w>) -> Talk<'w> {
        let random = &mut self.random;
        let own: IpAddr = match (peer.address, interface.address6) {
            (IpAddr::V6(_), Some(own)) => own.into(),
            _ => interface.address.into(),
        };
        let protocol = if peer.port == 53 { UDP } else { TCP };
        let high = any_port(random, 32_768, 28_232);
        let (own_port, peer_port) = if peer.calls { (peer.port, high) } else { (high, peer.port) };
        let (call_flags, answer_flags) = if protocol == TCP { tcp_flags(random) } else { (0, 0) };
        let (own_flags, peer_flags) = if peer.calls { (answer_flags, call_flags) } else { (call_flags, answer_flags) };
        let packets = 1 + random.lognormal(11);
        let packets_back = 1 + packets / (1 + random.below(4));
        let sent = Flow {
            source_port: own_port,
            destination_port: peer_port,
            protocol,
            packets,
            bytes: packets * packet_bytes(random),
            tcp_flags: own_flags,
            path: peer.path,
            destination_service: peer.service,
            next_hop: peer.interface,
            ..plain(own, peer.address, true)
        };
        let received = Flow {
            source_port: peer_port,
            destination_port: own_port,
            protocol,
            packets: packets_back,
            bytes: packets_back * (40 + random.below(256) * 5),
            tcp_flags: peer_flags,
            path: peer.path,
            source_service: peer.service,
            next_hop: peer.interface,
            ..plain(peer.address, own, false)
        };
        Talk { sent, received }
    }

    /// What a NAT gateway sees of a conversation: both directions on its inner and on its outer side.
    ///
    /// A zonal gateway shows itself as the end of each hop and the real ends in the packet's addresses; a regional one
    /// shows the real ends.
    fn relay(&mut self, gateway: &'w Interface, inside: &'w Interface, talk: &Talk<'w>, start: u32) {
        let (sent, received, nat) = (talk.sent, talk.received, IpAddr::from(gateway.address));
        let regional = gateway.role == Role::RegionalNatGateway;
        let shown = |own: IpAddr| if regional { own } else { nat };
        let nat_port = any_port(&mut self.random, 1024, 64_000);
        let flows = [
            Flow { destination: shown(sent.destination), ..sent }.at_other_end(inside),
            Flow { source: nat, packet_source: nat, source_port: nat_port, next_hop: None, ..sent },
            Flow { destination: nat, packet_destination: nat, destination_port: nat_port, next_hop: None, ..received },
            Flow { source: shown(received.source), ..received }.at_other_end(inside).paths(1),
        ];
        for flow in flows {
            self.see(gateway, start, flow);
        }
    }

    /// Notes a flow at another interface; its clock and its intervals are its own.
    fn see(&mut self, interface: &'w Interface, start: u32, flow: Flow<'w>) {
        let start = start + self.random.below_small(20);
        let end = start + self.random.below_small(40);
        self.elsewhere.push(Record { interface, start, end, content: Content::Flow(flow) });
    }
}

/// The other end of a conversation.
struct Peer<'w> {
    address: IpAddr,
    /// Where it is an interface of the same stream.
    interface: Option<&'w Interface>,
    service: Option<&'static str>,
    /// Whether the peer opened the connection.
    calls: bool,
    /// The port of whoever serves.
    port: u16,
    path: u8,
}

/// Both directions of a conversation, as logged by the first interface.
struct Talk<'w> {
    sent: Flow<'w>,
    received: Flow<'w>,
}

/// An accepted flow between two addresses, empty as yet.
fn plain<'w>(source: IpAddr, destination: IpAddr, egress: bool) -> Flow<'w> {
    Flow {
        source,
        destination,
        packet_source: source,
        packet_destination: destination,
        source_port: 0,
        destination_port: 0,
        protocol: TCP,
        packets: 0,
        bytes: 0,
        tcp_flags: 0,
        verdict: Verdict::Accepted,
        egress,
        path: 0,
        source_service: None,
        destination_service: None,
        next_hop: None,
    }
}

fn any_port(random: &mut Random, first: u16, count: u16) -> u16 {
    first + (random.below_small(u32::from(count)) & 0xffff) as u16
}

/// The flags of the caller and of the called over an interval: most connections are short and whole in it.
fn tcp_flags(random: &mut Random) -> (u8, u8) {
    match random.below_small(16) {
        0..=7 => (3, 19),
        8..=11 => (0, 0),
        12 | 13 => (2, 18),
        14 => (1, 1),
        _ => (6, 18),
    }
}

/// Bytes of a packet: mostly small, some full.
fn packet_bytes(random: &mut Random) -> u64 {
    match random.below_small(8) {
        0..=3 => 40 + random.below(128),
        4 | 5 => 100 + random.below(512),
        _ => 700 + random.below(768),
    }
}
