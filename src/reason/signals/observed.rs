//! What was observed of traffic with the internet, compact and sorted: the kernels of the families see nothing else.

use super::Text;
use super::hours::HourSums;
use super::series::Series;
use crate::group::KeyValue;
use crate::schema::ABSENT_SMALL;

/// TCP, UDP, ICMP, ICMPv6.
pub(crate) const TCP: u32 = 6;
pub(crate) const UDP: u32 = 17;
pub(crate) const ICMP: u32 = 1;
pub(crate) const ICMP_V6: u32 = 58;

/// An end of the estate: an interface's address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Source {
    /// Absent if no log or table has the interface of the address.
    pub(crate) interface: Option<Text>,
    pub(crate) address: u128,
    /// The last one that it had.
    pub(crate) owner: Text,
    /// Whether it has an owner.
    pub(crate) is_owned: bool,
}

/// What an end of the estate and one of the internet have to do with each other on a service port.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    /// By its place among the sources.
    pub(crate) source: usize,
    pub(crate) peer: u128,
    pub(crate) place: Text,
    /// [`ABSENT_SMALL`] where it is not known.
    pub(crate) port: u32,
    pub(crate) protocol: u32,
    /// Whether the port is the estate's: the peer called.
    pub(crate) is_served: bool,
    /// Whether it is a service of AWS in the same region, or one without a region.
    pub(crate) is_aws: bool,
    /// Whether it is on the list of approved destinations.
    pub(crate) is_allowed: bool,
    /// The start of its first and last record.
    pub(crate) first: u32,
    pub(crate) last: u32,
    /// Packets sent, of accepted records.
    pub(crate) packets_out: u128,
    /// Outbound attempts that were rejected.
    pub(crate) rejected: u128,
    /// By hour.
    pub(super) hours: Vec<HourSums>,
}

impl Pair {
    /// Bytes sent.
    pub(crate) fn bytes_out(&self) -> u128 {
        self.hours.iter().map(|hour| u128::from(hour.out)).sum()
    }

    /// Bytes received.
    pub(crate) fn bytes_back(&self) -> u128 {
        self.hours.iter().map(|hour| u128::from(hour.back)).sum()
    }

    /// Whether the estate is the client, and the destination is not on the allow list.
    pub(crate) fn is_judged(&self) -> bool {
        !self.is_served && !self.is_allowed
    }

    /// The port, if there is one.
    pub(crate) fn port(&self) -> Option<u32> {
        Some(self.port).filter(|port| !matches!(*port, 0 | ABSENT_SMALL))
    }
}

/// What a source tried in an hour.
#[derive(Clone, Debug)]
pub(crate) struct Probes {
    pub(crate) source: usize,
    pub(crate) hour: u32,
    /// Targets that rejected or did not answer, sorted.
    pub(crate) failed: Vec<(u128, u32)>,
    /// Targets of ports that administer hosts, answered or not, sorted.
    pub(crate) admin: Vec<(u128, u32)>,
    /// Whether there were more.
    pub(crate) is_full: bool,
}

/// What was rejected at an end of the estate.
#[derive(Clone, Debug)]
pub(crate) struct RejectedBySource {
    pub(crate) source: usize,
    /// Records by hour, sorted; hours without any are left out.
    pub(crate) hours: Vec<(u32, u64)>,
}

/// How many pairs are left of too many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Thinned {
    /// 0 all; 1 outbound connections; above, every 2ⁿ⁻¹th of those.
    pub(crate) level: u32,
}

impl Thinned {
    /// Note on the sampling, if any.
    pub(crate) fn note(self) -> Option<String> {
        let limit = super::PAIR_HOURS_MAX;
        match self.level {
            0 => None,
            1 => Some(format!("more than {limit} hours of internet traffic: inbound connections are ignored")),
            level => Some(format!(
                "more than {limit} hours of internet traffic: one in {} destinations is judged; use a shorter window \
                 or --where",
                1u64 << (level - 1).min(63)
            )),
        }
    }
}

/// Everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observed {
    /// The first and last start of a record.
    pub(crate) from: u32,
    pub(crate) to: u32,
    /// The hours in which any record starts, sorted: the covered hours.
    pub(crate) hours: Vec<u32>,
    /// Whether any record has TCP flags.
    pub(crate) has_flags: bool,
    /// Sorted.
    pub(crate) sources: Vec<Source>,
    /// Sorted by source, peer, port, protocol.
    pub(crate) pairs: Vec<Pair>,
    /// The threat-list prefix of a pair's peer, at its place; shorter or empty without a list.
    pub(crate) threats: Vec<Option<String>>,
    /// By pair.
    pub(super) series: Vec<Series>,
    /// The aggregation interval that series are read by.
    pub(crate) interval_seconds: u32,
    /// Sorted by source and hour.
    pub(crate) probes: Vec<Probes>,
    /// Sorted by source.
    pub(crate) rejected: Vec<RejectedBySource>,
    pub(crate) thinned: Thinned,
    /// Pairs whose series are too long to be kept.
    pub(crate) unsampled: u64,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) signal: Signal,
    pub(crate) source: Option<usize>,
    pub(crate) peer: Option<u128>,
    pub(crate) place: Option<Text>,
    pub(crate) port: Option<u32>,
    pub(crate) protocol: Option<u32>,
    pub(crate) first: u32,
    pub(crate) last: u32,
    pub(crate) bytes: u128,
    pub(crate) evidence: String,
    /// What is missing to be sure.
    pub(crate) missing: String,
    /// What it adds to the score of its destination.
    pub(crate) part: Option<(Part, u32)>,
}

impl Finding {
    /// An empty finding of a source, or of none.
    pub(crate) fn bare(signal: Signal, source: Option<usize>) -> Self {
        Self {
            signal,
            source,
            peer: None,
            place: None,
            port: None,
            protocol: None,
            first: 0,
            last: 0,
            bytes: 0,
            evidence: String::new(),
            missing: signal.missing().to_owned(),
            part: None,
        }
    }

    /// Of a pair, all of its time and bytes.
    pub(crate) fn of(signal: Signal, pair: &Pair, evidence: String) -> Self {
        Self {
            peer: Some(pair.peer),
            place: Some(Text::clone(&pair.place)),
            port: pair.port(),
            protocol: Some(pair.protocol).filter(|protocol| *protocol != ABSENT_SMALL),
            first: pair.first,
            last: pair.last,
            bytes: pair.bytes_out(),
            evidence,
            ..Self::bare(signal, Some(pair.source))
        }
    }

    /// The same with a part in the score.
    pub(crate) fn scored(self, part: Part, points: u32) -> Self {
        Self { part: Some((part, points)), ..self }
    }
}

/// What can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Signal {
    LogHealth,
    ThreatList,
    NewDestination,
    Volume,
    RatioShift,
    Beacon,
    Strobe,
    LongConnection,
    PortScan,
    Sweep,
    RejectBurst,
    PublicDns,
    DnsTunnel,
    IcmpTunnel,
    RarePort,
    RareProtocol,
    Cleartext,
    AdminPort,
}

/// What kinds of evidence there are; parts of several kinds are independent of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    Health,
    List,
    Novelty,
    Volume,
    Timing,
    Scan,
    Protocol,
    Policy,
}

/// What adds to a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    NewDestination,
    Volume,
    RatioShift,
    Beacon,
    LongConnection,
    Protocol,
    ThreatList,
}

impl Signal {
    /// The stable name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::LogHealth => "log-health",
            Self::ThreatList => "threat-list",
            Self::NewDestination => "new-destination",
            Self::Volume => "unusual-volume",
            Self::RatioShift => "producer-consumer-shift",
            Self::Beacon => "beacon",
            Self::Strobe => "strobe",
            Self::LongConnection => "long-connection",
            Self::PortScan => "port-scan",
            Self::Sweep => "sweep",
            Self::RejectBurst => "reject-burst",
            Self::PublicDns => "public-dns",
            Self::DnsTunnel => "dns-tunnel-hint",
            Self::IcmpTunnel => "icmp-tunnel-hint",
            Self::RarePort => "rare-port",
            Self::RareProtocol => "rare-protocol",
            Self::Cleartext => "cleartext-port",
            Self::AdminPort => "admin-port",
        }
    }

    /// The kind of evidence.
    pub(crate) fn family(self) -> Family {
        match self {
            Self::LogHealth => Family::Health,
            Self::ThreatList => Family::List,
            Self::NewDestination => Family::Novelty,
            Self::Volume | Self::RatioShift => Family::Volume,
            Self::Beacon | Self::Strobe | Self::LongConnection => Family::Timing,
            Self::PortScan | Self::Sweep | Self::RejectBurst => Family::Scan,
            Self::DnsTunnel | Self::IcmpTunnel | Self::RarePort | Self::RareProtocol => Family::Protocol,
            Self::PublicDns | Self::Cleartext | Self::AdminPort => Family::Policy,
        }
    }

    /// What flow logs lack for certainty.
    fn missing(self) -> &'static str {
        match self {
            Self::LogHealth => "contents of the dropped records",
            Self::ThreatList => "payload; whether the list is current",
            Self::NewDestination => "payload; the destination's operator (see --geoip); approvals (--allow)",
            Self::Volume => "payload; planned transfers (backup, migration)",
            Self::RatioShift => "payload; bytes include headers and retransmissions",
            Self::Beacon => "payload; the process: agents, updates and monitoring are equally regular (--allow)",
            Self::Strobe => "payload; the process",
            Self::LongConnection => "payload; whether the connection stayed open between records",
            Self::PortScan | Self::Sweep => {
                "whether it is your own scanner; packets dropped at interfaces that are not logged"
            }
            Self::RejectBurst => "which rule rejected it",
            Self::PublicDns => "the queried names; queries to the Amazon DNS resolver",
            Self::DnsTunnel => "the queried names; zone transfers and DNS over TLS look the same",
            Self::IcmpTunnel => "payload; path MTU discovery looks the same",
            Self::RarePort => "payload; the application on the port",
            Self::RareProtocol => "payload; your own VPNs look the same",
            Self::Cleartext => "payload; whether it is encrypted (STARTTLS)",
            Self::AdminPort => "payload; the user",
        }
    }
}

impl Family {
    /// The word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::List => "list",
            Self::Novelty => "novelty",
            Self::Volume => "volume",
            Self::Timing => "timing",
            Self::Scan => "scan",
            Self::Protocol => "protocol",
            Self::Policy => "policy",
        }
    }
}

impl Part {
    /// The words for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NewDestination => "new destination",
            Self::Volume => "unusual volume",
            Self::RatioShift => "producer-consumer shift",
            Self::Beacon => "beacon",
            Self::LongConnection => "long connection",
            Self::Protocol => "rare port or protocol",
            Self::ThreatList => "threat list",
        }
    }

    /// The kind of evidence.
    pub(crate) fn family(self) -> Family {
        match self {
            Self::NewDestination => Family::Novelty,
            Self::Volume | Self::RatioShift => Family::Volume,
            Self::Beacon | Self::LongConnection => Family::Timing,
            Self::Protocol => Family::Protocol,
            Self::ThreatList => Family::List,
        }
    }
}

/// The number that a key's value holds, else that of none.
pub(crate) fn number(value: KeyValue) -> u32 {
    match value {
        KeyValue::Number(number) => u32::try_from(number).unwrap_or(ABSENT_SMALL),
        _ => ABSENT_SMALL,
    }
}
