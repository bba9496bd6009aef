//! What is talked on which port and protocol to the internet: DNS past the resolver, rare ports and protocols, ICMP with
//! payload, cleartext, administration, addresses on a threat list; and how healthy the logs are.

use std::collections::BTreeMap;

use super::hours::{days, history};
use super::observed::{Finding, ICMP, ICMP_V6, Observed, Pair, Part, Signal, TCP, UDP};
use super::volume::{HISTORY_SECONDS_MIN, date};
use super::{DAY_SECONDS, LogHealth, Terms, Text, span};
use crate::schema::ABSENT_SMALL;
use crate::units::human::{self, Units};
use crate::units::time;

/// DNS, multicast DNS, DNS over TLS.
const DNS_PORTS: [u32; 3] = [53, 5353, 853];
/// Bytes to a resolver in a day from which on names carry more than questions.
const DNS_BYTES_MIN: u128 = 50_000_000;
/// Or more out than back, from so many bytes on: 65 to 35, a ratio of 0.3.
const DNS_RATIO_PERCENT: u128 = 65;
const DNS_RATIO_BYTES_MIN: u128 = 1_000_000;
/// Ports that carry passwords and files in clear.
const CLEARTEXT_PORTS: [u32; 7] = [20, 21, 23, 25, 26, 110, 143];
/// Ports that administer hosts or share files.
const ADMIN_PORTS: [u32; 3] = [445, 3389, 5900];
/// Mean bytes of an ICMP packet that carries more than an echo.
const ICMP_BYTES_MIN: u128 = 256;
const ICMP_PACKETS_MIN: u128 = 10;
/// Look-back of known ports, and the minimum bytes sent on a new one.
const RARE_PORT_SECONDS: u32 = 30 * DAY_SECONDS;
const RARE_PORT_BYTES_MIN: u128 = 1 << 20;
/// Ports from here on are callers' own as often as services.
const SERVICE_PORTS_END: u32 = 32_768;
/// What a rare port or protocol adds to a score.
const PROTOCOL_POINTS: u32 = 10;
/// What an address on the user's threat list adds.
const THREAT_POINTS: u32 = 50;

/// All findings about ports and protocols.
pub(super) fn findings(observed: &Observed, terms: &Terms) -> Vec<Finding> {
    let mut findings: Vec<Finding> = threats(observed).collect();
    let judged = || observed.pairs.iter().filter(|pair| pair.is_judged() && !pair.hours.is_empty());
    findings.extend(judged().flat_map(dns));
    findings.extend(judged().filter_map(icmp));
    findings.extend(judged().filter_map(rare_protocol));
    findings.extend(judged().filter_map(plain));
    findings.extend(rare_ports(observed, terms));
    findings
}

/// What AWS lost, which every other finding must be read by.
pub(super) fn log_health(health: LogHealth, observed: &Observed) -> Option<Finding> {
    let evidence = || {
        format!(
            "{} with records dropped by AWS (SKIPDATA), {} without traffic (NODATA): other signals are incomplete",
            human::counted(health.lost, "interval"),
            human::count(health.quiet.into())
        )
    };
    let finding = Finding { first: observed.from, last: observed.to, ..Finding::bare(Signal::LogHealth, None) };
    (health.lost > 0).then(|| Finding { evidence: evidence(), ..finding })
}

fn threats(observed: &Observed) -> impl Iterator<Item = Finding> + '_ {
    observed.pairs.iter().zip(&observed.threats).filter_map(|(pair, threat)| {
        let prefix = threat.as_ref()?;
        let who = if pair.is_served { "it called" } else { "inbound" };
        let rejected = match u64::try_from(pair.rejected).unwrap_or(u64::MAX) {
            0 => String::new(),
            rejected => format!(", and {} rejected outbound", human::counted(rejected, "record")),
        };
        let evidence = format!(
            "{prefix} is on the threat list; {who}: {} sent, {} received{rejected}",
            human::bytes(pair.bytes_out(), Units::Iec),
            human::bytes(pair.bytes_back(), Units::Iec),
        );
        let finding = Finding::of(Signal::ThreatList, pair, evidence);
        // Inbound probes with almost no response are not suspicious destinations.
        let is_scored = !pair.is_served;
        Some(if is_scored { finding.scored(Part::ThreatList, THREAT_POINTS) } else { finding })
    })
}

/// DNS past Amazon's resolver, and whether it carries more than names.
fn dns(pair: &Pair) -> Vec<Finding> {
    let is_dns = matches!(pair.protocol, TCP | UDP) && DNS_PORTS.contains(&pair.port);
    if !is_dns || pair.is_aws {
        return Vec::new();
    }
    let (out, back) = (pair.bytes_out(), pair.bytes_back());
    let evidence = format!(
        "a resolver that is not on the allow list; {} sent, {} received",
        human::bytes(out, Units::Iec),
        human::bytes(back, Units::Iec)
    );
    let mut findings = vec![Finding::of(Signal::PublicDns, pair, evidence)];
    let most = days(&pair.hours).into_iter().max_by_key(|(day, (out, back))| (out + back, u32::MAX - day));
    let Some((day, (day_out, day_back))) = most.filter(|_| pair.port == DNS_PORTS[0]) else { return findings };
    let share = out.saturating_mul(100) / (out + back).max(1);
    let hint = if day_out + day_back > DNS_BYTES_MIN {
        let bytes = human::bytes(day_out + day_back, Units::Si);
        format!("{bytes} on {} (more than {} a day)", date(day), human::bytes(DNS_BYTES_MIN, Units::Si))
    } else if share > DNS_RATIO_PERCENT && out >= DNS_RATIO_BYTES_MIN {
        format!(
            "{share} % of the bytes go out (more than {DNS_RATIO_PERCENT} %), {} sent",
            human::bytes(out, Units::Si)
        )
    } else {
        return findings;
    };
    findings.push(Finding::of(Signal::DnsTunnel, pair, hint).scored(Part::Protocol, PROTOCOL_POINTS));
    findings
}

fn icmp(pair: &Pair) -> Option<Finding> {
    let mean = pair.bytes_out() / pair.packets_out.max(1);
    let is_large = pair.packets_out >= ICMP_PACKETS_MIN && mean >= ICMP_BYTES_MIN;
    let evidence = format!(
        "{} packets of {mean} bytes on average (at least {ICMP_BYTES_MIN}, and {ICMP_PACKETS_MIN} packets)",
        human::count(pair.packets_out)
    );
    let found = matches!(pair.protocol, ICMP | ICMP_V6) && is_large;
    found.then(|| Finding::of(Signal::IcmpTunnel, pair, evidence).scored(Part::Protocol, PROTOCOL_POINTS))
}

fn rare_protocol(pair: &Pair) -> Option<Finding> {
    let is_usual = matches!(pair.protocol, TCP | UDP | ICMP | ICMP_V6 | ABSENT_SMALL);
    let evidence = format!("IP protocol {} (not TCP, UDP or ICMP)", pair.protocol);
    (!is_usual).then(|| Finding::of(Signal::RareProtocol, pair, evidence).scored(Part::Protocol, PROTOCOL_POINTS))
}

/// Ports that should not be talked to over the internet.
fn plain(pair: &Pair) -> Option<Finding> {
    let (signal, what) = match pair.port {
        port if CLEARTEXT_PORTS.contains(&port) => (Signal::Cleartext, "transfers passwords and files in clear text"),
        port if ADMIN_PORTS.contains(&port) => (Signal::AdminPort, "is used for administration or file sharing"),
        _ => return None,
    };
    let evidence = format!(
        "port {} {what}; {} sent in {}",
        pair.port,
        human::bytes(pair.bytes_out(), Units::Iec),
        human::counted(u64::try_from(pair.packets_out).unwrap_or(u64::MAX), "packet")
    );
    (pair.protocol == TCP).then(|| Finding::of(signal, pair, evidence))
}

/// Who uses a port: an owner, without one an end.
type User = (Option<Text>, Option<usize>);

/// In which hours users called anything, and which port of which protocol.
#[derive(Default)]
struct Used {
    known: BTreeMap<User, Vec<u32>>,
    hours: BTreeMap<(User, u32, u32), Vec<u32>>,
}

fn user(observed: &Observed, pair: &Pair) -> User {
    let source = &observed.sources[pair.source];
    if source.is_owned { (Some(Text::clone(&source.owner)), None) } else { (None, Some(pair.source)) }
}

/// Ports that a user used for the first time in a month, with enough history to say so.
fn rare_ports(observed: &Observed, terms: &Terms) -> Vec<Finding> {
    let called = || observed.pairs.iter().filter(|pair| !pair.is_served && !pair.hours.is_empty());
    let mut used = Used::default();
    for pair in called() {
        let user = user(observed, pair);
        let hours = || pair.hours.iter().map(|hour| hour.hour);
        used.known.entry(user.clone()).or_default().extend(hours());
        used.hours.entry((user, pair.protocol, pair.port)).or_default().extend(hours());
    }
    for hours in used.hours.values_mut().chain(used.known.values_mut()) {
        hours.sort_unstable();
        hours.dedup();
    }
    called().filter_map(|pair| rare_port(observed, &used, pair, terms)).collect()
}

fn rare_port(observed: &Observed, used: &Used, pair: &Pair, terms: &Terms) -> Option<Finding> {
    let has_port = matches!(pair.protocol, TCP | UDP) && (1..SERVICE_PORTS_END).contains(&pair.port);
    if !has_port || !pair.is_judged() || pair.bytes_out() < RARE_PORT_BYTES_MIN {
        return None;
    }
    let user = user(observed, pair);
    let known = used.known.get(&user)?;
    let hours = used.hours.get(&(user, pair.protocol, pair.port))?;
    let now = pair.hours.last()?.hour;
    let begun = hours
        .iter()
        .rev()
        .fold(now, |begun, hour| if *hour <= begun && begun - hour <= RARE_PORT_SECONDS { *hour } else { begun });
    let shown = history(known, begun, RARE_PORT_SECONDS);
    // A port in use for as long as a look-back is no longer rare.
    if shown < HISTORY_SECONDS_MIN || now - begun > terms.look_back_seconds {
        return None;
    }
    let evidence = format!(
        "its owner or interface had not used port {} in the {} before {}; {} sent (at least {})",
        pair.port,
        span(shown),
        time::write(begun),
        human::bytes(pair.bytes_out(), Units::Iec),
        human::bytes(RARE_PORT_BYTES_MIN, Units::Iec)
    );
    let mut finding = Finding::of(Signal::RarePort, pair, evidence).scored(Part::Protocol, PROTOCOL_POINTS);
    if shown < RARE_PORT_SECONDS {
        finding.missing = format!("history: {} and not {}; {}", span(shown), span(RARE_PORT_SECONDS), finding.missing);
    }
    Some(finding)
}
