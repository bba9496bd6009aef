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
    /// Absent where no log or table tells which interface held the address.
    pub(crate) interface: Option<Text>,
    pub(crate) address: u128,
    /// The last one that it had.
    pub(crate) owner: Text,
    /// Whether somebody owns it.
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
    /// Attempts that were blocked on their way out.
    pub(crate) blocked: u128,
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

    /// Whether it is the estate that calls, and nobody approved of it.
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
    /// Targets that refused or did not answer, sorted.
    pub(crate) failed: Vec<(u128, u32)>,
    /// Targets of ports that administer hosts, answered or not, sorted.
    pub(crate) admin: Vec<(u128, u32)>,
    /// Whether there were more.
    pub(crate) is_full: bool,
}

/// What was blocked at an end of the estate.
#[derive(Clone, Debug)]
pub(crate) struct Rejects {
    pub(crate) source: usize,
    /// Records by hour, sorted; hours without any are left out.
    pub(crate) hours: Vec<(u32, u64)>,
}

/// How many pairs are left of too many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Thinned {
    /// 0 all; 1 those that the estate calls; above, of those every 2ⁿ⁻¹th.
    pub(crate) level: u32,
}

impl Thinned {
    /// What is said of it.
    pub(crate) fn note(self) -> Option<String> {
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
pub(crate) struct Observed {
    /// The first and last start of a record.
    pub(crate) from: u32,
    pub(crate) to: u32,
    /// The hours in which any record starts, sorted: those that logs tell of.
    pub(crate) hours: Vec<u32>,
    /// Whether any record tells TCP flags.
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
    pub(crate) rejects: Vec<Rejects>,
    pub(crate) thinned: Thinned,
    /// Pairs whose series are too long to be kept.
    pub(crate) unwatched: u64,
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
    pub(crate) lacks: String,
    /// What it adds to the score of its destination.
    pub(crate) part: Option<(Part, u32)>,
}

impl Finding {
    /// Of a source, or of none, with nothing told yet.
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
            lacks: signal.lacks().to_owned(),
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
