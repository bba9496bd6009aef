//! What was observed of traffic with the internet, compact and sorted: the kernels of the families see nothing else.

use super::Text;
use super::hours::HourSums;
use super::series::Series;
use crate::group::KeyValue;
use crate::schema::ABSENT_SMALL;

/// TCP, UDP, ICMP, ICMPv6.
pub(super) const TCP: u32 = 6;
pub(super) const UDP: u32 = 17;
pub(super) const ICMP: u32 = 1;
pub(super) const ICMP_V6: u32 = 58;

/// An end of the estate: an interface's address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Source {
    /// Absent where no log or table tells which interface held the address.
    pub(super) interface: Option<Text>,
    pub(super) address: u128,
    /// The last one that it had.
    pub(super) owner: Text,
    /// Whether somebody owns it.
    pub(super) is_owned: bool,
}

/// What an end of the estate and one of the internet have to do with each other on a service port.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    /// By its place among the sources.
    pub(super) source: usize,
    pub(super) peer: u128,
    pub(super) place: Text,
    /// [`ABSENT_SMALL`] where it is not known.
    pub(super) port: u32,
    pub(super) protocol: u32,
    /// Whether the port is the estate's: the peer called.
    pub(super) is_served: bool,
    /// Whether it is a service of AWS in the same region, or one without a region.
    pub(super) is_aws: bool,
    /// Whether it is on the list of approved destinations.
    pub(super) is_allowed: bool,
    /// The start of its first and last record.
    pub(super) first: u32,
    pub(super) last: u32,
    /// Packets sent, of accepted records.
    pub(super) packets_out: u128,
    /// Attempts that were blocked on their way out.
    pub(super) blocked: u128,
    /// By hour.
    pub(super) hours: Vec<HourSums>,
}

impl Pair {
    /// Bytes sent.
    pub(super) fn bytes_out(&self) -> u128 {
        self.hours.iter().map(|hour| u128::from(hour.out)).sum()
    }

    /// Bytes received.
    pub(super) fn bytes_back(&self) -> u128 {
        self.hours.iter().map(|hour| u128::from(hour.back)).sum()
    }

    /// Whether it is the estate that calls, and nobody approved of it.
    pub(super) fn is_judged(&self) -> bool {
        !self.is_served && !self.is_allowed
    }

    /// The port, if there is one.
    pub(super) fn port(&self) -> Option<u32> {
        Some(self.port).filter(|port| !matches!(*port, 0 | ABSENT_SMALL))
    }
}

/// What a source tried in an hour.
#[derive(Clone, Debug)]
pub(super) struct Probes {
    pub(super) source: usize,
    pub(super) hour: u32,
    /// Targets that refused or did not answer, sorted.
    pub(super) failed: Vec<(u128, u32)>,
    /// Targets of ports that administer hosts, answered or not, sorted.
    pub(super) admin: Vec<(u128, u32)>,
    /// Whether there were more.
    pub(super) is_full: bool,
}

/// What was blocked at an end of the estate.
#[derive(Clone, Debug)]
pub(super) struct Rejects {
    pub(super) source: usize,
    /// Records by hour, sorted; hours without any are left out.
    pub(super) hours: Vec<(u32, u64)>,
}

/// How many pairs are left of too many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Thinned {
    /// 0 all; 1 those that the estate calls; above, of those every 2ⁿ⁻¹th.
    pub(super) level: u32,
}

impl Thinned {
    /// What is said of it.
    pub(super) fn note(self) -> Option<String> {
        let limit = super::PAIR_HOURS_MAX;
        match self.level {
            0 => None,
            1 => Some(format!(
                "more than {limit} hours of talk with the internet: what others call is left out, only what the estate \
                 calls is judged"
            )),
            level => Some(format!(
                "more than {limit} hours of talk with the internet: one of {} destinations is judged; ask for fewer days, \
                 or a part of the estate with --where",
                1u64 << (level - 1).min(63)
            )),
        }
    }
}

/// Everything.
#[derive(Clone, Debug, Default)]
pub(super) struct Observed {
    /// The first and last start of a record.
    pub(super) from: u32,
    pub(super) to: u32,
    /// The hours in which any record starts, sorted: those that logs tell of.
    pub(super) hours: Vec<u32>,
    /// Whether any record tells TCP flags.
    pub(super) has_flags: bool,
    /// Sorted.
    pub(super) sources: Vec<Source>,
    /// Sorted by source, peer, port, protocol.
    pub(super) pairs: Vec<Pair>,
    /// The threat-list prefix of a pair's peer, at its place; shorter or empty without a list.
    pub(super) threats: Vec<Option<String>>,
    /// By pair.
    pub(super) series: Vec<Series>,
    /// The aggregation interval that series are read by.
    pub(super) interval_seconds: u32,
    /// Sorted by source and hour.
    pub(super) probes: Vec<Probes>,
    /// Sorted by source.
    pub(super) rejects: Vec<Rejects>,
    pub(super) thinned: Thinned,
    /// Pairs whose series are too long to be kept.
    pub(super) unwatched: u64,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) signal: Signal,
    pub(super) source: Option<usize>,
    pub(super) peer: Option<u128>,
    pub(super) place: Option<Text>,
    pub(super) port: Option<u32>,
    pub(super) protocol: Option<u32>,
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) bytes: u128,
    pub(super) evidence: String,
    /// What is missing to be sure.
    pub(super) lacks: String,
    /// What it adds to the score of its destination.
    pub(super) part: Option<(Part, u32)>,
}

impl Finding {
    /// Of a source, or of none, with nothing told yet.
    pub(super) fn bare(signal: Signal, source: Option<usize>) -> Self {
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
            lacks: signal.lacks().to_owned(),
            part: None,
        }
    }

    /// Of a pair, all of its time and bytes.
    pub(super) fn of(signal: Signal, pair: &Pair, evidence: String) -> Self {
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
    pub(super) fn scored(self, part: Part, points: u32) -> Self {
        Self { part: Some((part, points)), ..self }
    }
}

/// What can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Signal {
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
pub(super) enum Family {
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
pub(super) enum Part {
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
    pub(super) fn name(self) -> &'static str {
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
    pub(super) fn family(self) -> Family {
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

    /// What flow logs lack to be sure of it.
    fn lacks(self) -> &'static str {
        match self {
            Self::LogHealth => "what was in the lost records",
            Self::ThreatList => "payload; whether the list still holds",
            Self::NewDestination => {
                "payload; who runs the destination (see --geoip); that somebody approved it (--allow)"
            }
            Self::Volume => "payload; what was planned (a backup, a migration)",
            Self::RatioShift => "payload; bytes are those of packets, with headers and repeats",
            Self::Beacon => "payload; the process: agents, updates and monitoring are as regular (--allow)",
            Self::Strobe => "payload; the process",
            Self::LongConnection => "payload; records tell packets, not that the connection stayed open between",
            Self::PortScan | Self::Sweep => {
                "whether it is a scanner of your own; packets that a security group dropped at \
                                             interfaces that are not logged"
            }
            Self::RejectBurst => "which rule refused",
            Self::PublicDns => "the names asked for; what goes through Amazon's resolver",
            Self::DnsTunnel => "the names asked for: zone transfers and DNS over TLS look alike",
            Self::IcmpTunnel => "payload; measuring of path MTU looks alike",
            Self::RarePort => "payload; which application uses the port",
            Self::RareProtocol => "payload; VPNs of your own look alike",
            Self::Cleartext => "payload: whether it is encrypted after all (STARTTLS)",
            Self::AdminPort => "payload; who logged in",
        }
    }
}

impl Family {
    /// The word for it.
    pub(super) fn name(self) -> &'static str {
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
    pub(super) fn name(self) -> &'static str {
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
    pub(super) fn family(self) -> Family {
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
pub(super) fn number(value: KeyValue) -> u32 {
    match value {
        KeyValue::Number(number) => u32::try_from(number).unwrap_or(ABSENT_SMALL),
        _ => ABSENT_SMALL,
    }
}
