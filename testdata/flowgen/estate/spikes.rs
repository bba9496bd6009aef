//! The known anomalies of `--spikes` and `--drawn-spikes`: what happens late in the period beyond the business, and what
//! is true of it. Those of `--spikes` are the same for each seed; the others are drawn, one of each kind.
//!
//! What is above the usual is exact: the same run without `--spikes` has the same traffic but for this. Its dollars are
//! its charges by the embedded prices at the first tier, where a small estate's traffic stays.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use outflow::price::{self, Money, PoolTerms, PriceTable, Usage};

use super::busy::{CATALOGUE, GIB, Line, Load, NAT_SHOP, PICTURES, Rhythm, line};
use super::options::Options;
use super::outside::Kind::{Internet, S3Us};
use super::scenarios::Party::{self, Host, Own};
use super::scenarios::RouteKind;
use super::talks::{Talk, Volume};
use super::{DAY_HOURS, DRAWN_SPIKES, Estate, HOUR_SECONDS, charges, outside, truth};
use crate::flowgen::random::Random;

/// Days that a period must have, so that the spikes are in it.
pub(crate) const LEAST_DAYS: u32 = 7;
/// The same for drawn spikes: two weeks in which they lie, and one before.
pub(crate) const LEAST_DAYS_DRAWN: u32 = 21;
/// Drawn spikes lie on days counted back from the last midnight, from 2 to below this.
const DRAWN_DAYS_END: u32 = 14;
/// Thousandths, the unit of how many times as much a line is.
const PER_MILLE: u64 = 1000;

const DAY_SECONDS: u32 = DAY_HOURS * HOUR_SECONDS;
/// The spread of what is extra, in thousandths.
const EXTRA_SPREAD: i64 = 50;
const SPIKES: &str = "spike,class,needs,from,to,team,src_vpc,src,src_interface,src_account,src_region,src_zone,\
                      src_owner,dst_vpc,dst,dst_interface,dst_account,dst_region,dst_zone,dst_owner,dst_service,port,\
                      path,via,usual_path,usual_via,bytes,returned_bytes,refused,usd";

/// An anomaly.
#[derive(Clone, Copy)]
struct Spike {
    name: &'static str,
    /// What it is beside its cause's past.
    class: &'static str,
    /// The field without which logs do not show it.
    needs: &'static str,
    /// Its day, counted back from the last midnight of the period, the hour of it (UTC), and for how many hours.
    when: (u32, u32, u32),
    change: Change,
}

/// What it does.
#[derive(Clone, Copy)]
enum Change {
    /// Something that is not done otherwise.
    Extra(Line),
    /// So many thousandths of a line.
    Multiplied(&'static str, u64),
    /// Another form of a line.
    Rerouted(&'static str, RouteKind),
}

const fn extra(name: &'static str, parties: (Party, RouteKind, Party), port: u16, load: Load) -> Change {
    Change::Extra(line(name, parties, port, load, Rhythm::Always, EXTRA_SPREAD))
}

const fn spike(
    (name, class, needs): (&'static str, &'static str, &'static str),
    when: (u32, u32, u32),
    change: Change,
) -> Spike {
    Spike { name, class, needs, when, change }
}

/// The spikes, in the order of time.
#[rustfmt::skip]
const ALL: [Spike; 6] = [
    spike(("endpoint-bypassed", "path-change", "traffic_path"), (6, 6, 8), Change::Rerouted(PICTURES, NAT_SHOP)),
    spike(("snapshot-copied", "new", ""), (5, 9, 5),
        extra("snapshot", (Own("moved-1"), RouteKind::Peering, Own("app-eu-3")), 873, Load::Mib(320 * GIB, 2 * GIB))),
    spike(("nat-to-s3", "growth", ""), (4, 10, 8),
        extra("backup", (Own("test-1"), RouteKind::Nat("nat-stage"), Host(S3Us, 8)), 443, Load::Mib(70 * GIB, GIB))),
    spike(("new-destination", "new", ""), (3, 2, 2),
        extra("leak", (Own("bastion"), RouteKind::Gateway, Host(Internet, 250)), 443, Load::Mib(30 * GIB, 300))),
    spike(("chatty-service", "growth", ""), (2, 8, 10), Change::Multiplied(CATALOGUE, 2 * PER_MILLE)),
    spike(("refused-burst", "new", ""), (1, 13, 3),
        extra("scan", (Host(Internet, 251), RouteKind::Gateway, Own("bastion")), 22, Load::Refused(540))),
];

type Parties = (Party, RouteKind, Party, u16);

/// Who may send what it should not, by which route, to an address of the internet that is met nowhere else.
#[rustfmt::skip]
const EXFILTRATORS: [(Party, RouteKind, u16); 8] = [
    (Own("bastion"), RouteKind::Gateway, 443),
    (Own("web-3"), RouteKind::Gateway, 443),
    (Own("web-eu-1"), RouteKind::Gateway, 22),
    (Own("app-2"), NAT_SHOP, 443),
    (Own("moved-1"), NAT_SHOP, 22),
    (Own("names-1"), RouteKind::Nat("nat-hub"), 443),
    (Own("spark-2"), RouteKind::Nat("nat-lake"), 443),
    (Own("test-2"), RouteKind::Nat("nat-stage"), 443),
];
/// Numbers of addresses of the internet that nobody else meets.
const EXFILTRATION_HOSTS: (u32, u32) = (201, 49);
/// Clients that may read from a server in another zone; some of the servers are nobody's.
#[rustfmt::skip]
const MISPLACED: [Parties; 8] = [
    (Own("app-1"), RouteKind::Inside, Own("moved-1"), 3306),
    (Own("app-3"), RouteKind::Inside, Own("pods-1"), 11211),
    (Own("test-1"), RouteKind::Inside, Own("test-4"), 3306),
    (Own("test-3"), RouteKind::Inside, Own("test-2"), 3306),
    (Own("app-eu-1"), RouteKind::Inside, Own("app-eu-3"), 3306),
    (Own("app-eu-3"), RouteKind::Inside, Own("app-eu-2"), 11211),
    (Own("spark-2"), RouteKind::Inside, Own("spark-4"), 27017),
    (Own("app-2"), RouteKind::Peering, Own("spark-3"), 27017),
];
/// Lines of business that may grow.
const GROWING: [&str; 6] = [CATALOGUE, "partner", "feeds", "events", "mirror", "reports"];

/// One spike of each kind, on three days, with parties, hours and amounts drawn.
fn drawn(seed: u64) -> [Spike; 3] {
    let random = &mut Random::new(seed, DRAWN_SPIKES);
    let mut days: Vec<u32> = (2..DRAWN_DAYS_END).collect();
    let mut day = |random: &mut Random| days.swap_remove(random.place(days.len()));
    let within = |random: &mut Random, least: u64, most: u64| least + random.below(most - least + 1);
    let hours = |random: &mut Random, least: u32, most: u32| least + random.below_small(most - least + 1);
    let exfiltration = {
        let (from, route, port) = *random.pick(&EXFILTRATORS);
        let host = Host(Internet, EXFILTRATION_HOSTS.0 + random.below_small(EXFILTRATION_HOSTS.1));
        let load = Load::Mib(within(random, 12, 40) * GIB, 100);
        let length = hours(random, 2, 6);
        let when = (day(random), random.below_small(DAY_HOURS - length), length);
        spike(("exfiltration", "new", ""), when, extra("exfiltration", (from, route, host), port, load))
    };
    let misplaced = {
        let (client, route, server, port) = *random.pick(&MISPLACED);
        let returned = within(random, 60, 200) * GIB;
        let length = hours(random, 4, 10);
        let when = (day(random), random.below_small(DAY_HOURS - length), length);
        let load = Load::Mib(returned / 50, returned);
        spike(("misplaced-reads", "new", ""), when, extra("reads", (client, route, server), port, load))
    };
    let growth = {
        let change = Change::Multiplied(random.pick::<&str>(&GROWING), within(random, 2500, 4000));
        let when = (day(random), hours(random, 7, 13), hours(random, 4, 10));
        spike(("growth", "growth", ""), when, change)
    };
    [exfiltration, misplaced, growth]
}

/// The spikes of a period, and what has been made of them so far.
pub(crate) struct Spikes<'e> {
    estate: &'e Estate,
    tallies: Vec<Tally>,
}

struct Tally {
    spike: Spike,
    from: u32,
    to: u32,
    /// One of its conversations, and the usual one in its place.
    example: Option<(Talk, Option<Talk>)>,
    bytes: u64,
    returned: u64,
    refused: u64,
    /// By charge, from and to: bytes that bear it, and those that would have.
    charges: BTreeMap<[&'static str; 3], (u64, u64)>,
}

impl<'e> Spikes<'e> {
    /// The spikes of an estate's period that are wanted.
    pub(crate) fn new(estate: &'e Estate, options: &Options) -> Self {
        let midnight = estate.moments.to / DAY_SECONDS * DAY_SECONDS;
        let tally = |spike: Spike| {
            let (days, hour, hours) = spike.when;
            let from = midnight - days * DAY_SECONDS + hour * HOUR_SECONDS;
            let to = from + hours * HOUR_SECONDS;
            let (example, charges) = (None, BTreeMap::new());
            Tally { spike, from, to, example, bytes: 0, returned: 0, refused: 0, charges }
        };
        let fixed = ALL.into_iter().filter(|_| options.spikes);
        let drawn = drawn(options.seed).into_iter().filter(|_| options.drawn_spikes);
        Self { estate, tallies: fixed.chain(drawn).map(tally).collect() }
    }

    /// What is extra in an hour: the spike's place, and the line.
    pub(crate) fn extra(&self, hour: u32) -> Vec<(usize, Line)> {
        let extra = |(place, tally): (usize, &Tally)| match tally.spike.change {
            Change::Extra(line) if tally.is_on(hour) => Some((place, line)),
            _ => None,
        };
        self.tallies.iter().enumerate().filter_map(extra).collect()
    }

    /// What becomes of a line's conversation in an hour, and the spike that did it.
    pub(crate) fn changed(&self, line: &Line, hour: u32, talk: Talk) -> (Talk, Option<usize>) {
        for (place, tally) in self.tallies.iter().enumerate().filter(|(_, tally)| tally.is_on(hour)) {
            match tally.spike.change {
                Change::Multiplied(name, per_mille) if name == line.name => {
                    let times = |amount: u64| amount * per_mille / PER_MILLE;
                    let more = |volume: Volume| Volume { packets: times(volume.packets), bytes: times(volume.bytes) };
                    let (sent, returned) = (more(talk.sent), more(talk.returned));
                    return (Talk { sent, returned, ..talk }, Some(place));
                }
                Change::Rerouted(name, route_kind) if name == line.name => {
                    return (Talk { route_kind, nat: self.estate.nat(route_kind), ..talk }, Some(place));
                }
                _ => {}
            }
        }
        (talk, None)
    }

    /// Adds a conversation of a spike, its counterfactual, and its number of rejected records.
    pub(crate) fn note(&mut self, place: usize, talk: Talk, usual: Option<Talk>, refused: u64) {
        let estate = self.estate;
        let Some(tally) = self.tallies.get_mut(place) else { return };
        tally.example.get_or_insert((talk, usual));
        tally.refused += refused;
        if refused > 0 {
            return;
        }
        for forward in [true, false] {
            let nature = charges::nature(estate, &talk, forward);
            let mut above = talk.volume(forward).bytes;
            for one in &nature.charges {
                tally.charges.entry([one.charge, one.from, one.to]).or_default().0 += above;
            }
            if let Some(usual) = &usual {
                let (former, bytes) = (charges::nature(estate, usual, forward), usual.volume(forward).bytes);
                for one in &former.charges {
                    tally.charges.entry([one.charge, one.from, one.to]).or_default().1 += bytes;
                }
                above -= if (former.path, former.via) == (nature.path, nature.via) { bytes } else { 0 };
            }
            *if forward { &mut tally.bytes } else { &mut tally.returned } += above;
        }
    }

    /// Writes the table.
    pub(crate) fn finish(mut self, folder: &Path) -> Result<(), String> {
        if self.tallies.is_empty() {
            return Ok(());
        }
        self.tallies.sort_by_key(|tally| tally.from);
        let prices = PriceTable::embedded().map_err(|error| error.to_string())?;
        let rows = self.tallies.iter().filter_map(|tally| tally.row(self.estate, &prices));
        truth::rows(folder, "spikes", SPIKES, rows)
    }
}

impl Tally {
    fn is_on(&self, hour: u32) -> bool {
        (self.from..self.to).contains(&hour)
    }

    fn row<'s>(&'s self, estate: &'s Estate, prices: &PriceTable) -> Option<impl serde::Serialize + use<'s>> {
        let (talk, usual) = self.example.as_ref()?;
        let (source, destination) = (truth::place(estate, talk, talk.client), truth::place(estate, talk, talk.server));
        let nature = charges::nature(estate, talk, true);
        let former = usual.as_ref().map(|usual| charges::nature(estate, usual, true));
        let usual_way = former.map_or(("", ""), |former| (former.path, former.via));
        let team = if talk.client.interface().is_some() { source.6 } else { destination.6 };
        let service = outside::service(estate.address(talk.server, talk.six));
        let Spike { name, class, needs, .. } = self.spike;
        let head = (name, class, needs, self.from, self.to, team);
        let route_kind =
            (service.filter(|_| talk.server.interface().is_none()), talk.server_port, nature.path, nature.via);
        let usd = self.usd(prices).rounded();
        let scale = 10_u128.pow(10);
        let usd = format!("{}.{:010}", usd / scale, usd % scale);
        Some((head, source, destination, route_kind, usual_way, self.bytes, self.returned, self.refused, usd))
    }

    /// What it costs above the usual.
    fn usd(&self, prices: &PriceTable) -> Money {
        let cost = |of: fn(&(u64, u64)) -> u64| {
            let usage = |([charge, from, to], bytes): (&[&str; 3], &(u64, u64))| {
                let (from, to) = (Arc::from(*from), Arc::from(*to));
                let charge = price::Charge::of_name(charge)?;
                Some((charge.name(), Usage { hour: self.from, charge, from, to, bytes: of(bytes) }))
            };
            let rows: Vec<_> = self.charges.iter().filter_map(usage).collect();
            price::price(&rows, prices, &PoolTerms::default()).into_iter().map(|priced| priced.usd).sum::<Money>()
        };
        cost(|(now, _)| *now).without(cost(|(_, before)| *before))
    }
}
