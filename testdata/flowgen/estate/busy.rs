//! The steady business of `--busy`: who moves much, when, and how much. Everything has its hours: people's work a daily
//! and a weekly rhythm, batch work the nights. Around it lies noise that is nearly log-normal.
//!
//! A line of business in an hour is a function of the seed, the line and the hour alone, so that a spike changes
//! nothing but what it is about.

use Party::{Host, Outside, Own};

use super::outside::Kind::{Internet, Office, S3Us};
use super::scenarios::{Outcome, Party, RouteKind};
use super::talks::{Plan, Talk, Volume};
use super::{DAY_HOURS, Estate, HOUR_SECONDS};
use crate::flowgen::random::{ONE, Random};

/// Conversations of a heavy line in an hour.
const PARTS: u64 = 2;
/// Unit of seasonal factors.
const PER_MILLE: u64 = 1000;
const MIB: u64 = 1 << 20;
const WEEK_DAYS: u32 = 7;
/// The day of the week on which 1970 began, counted from Sunday.
const FIRST_DAY: u32 = 4;
const SATURDAY: u32 = 6;

/// Something that is done all the time between two parties.
#[derive(Clone, Copy)]
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) client: Party,
    pub(crate) server: Party,
    pub(crate) route_kind: RouteKind,
    pub(crate) port: u16,
    pub(crate) load: Load,
    pub(crate) rhythm: Rhythm,
    /// The spread of its hours around the season, in thousandths.
    pub(crate) spread: i64,
}

/// How much of it there is in an average hour of a weekday.
#[derive(Clone, Copy)]
pub(crate) enum Load {
    /// MiB that the client sends, and the server.
    Mib(u64, u64),
    /// Attempts that the server's interface refuses.
    Refused(u64),
}

/// When it is done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rhythm {
    /// People's: by day, and less on weekends.
    Work,
    /// Batch: by night, a little less on weekends.
    Batch,
    Always,
}

/// The hours of a day, UTC, in thousandths of the average.
#[rustfmt::skip]
const WORK: [u64; 24] = [
    490, 420, 380, 350, 350, 420, 570, 820, 1080, 1330, 1480, 1530, 1510, 1530, 1550, 1530, 1480, 1410, 1330, 1230,
    1110, 910, 750, 600,
];
#[rustfmt::skip]
const BATCH: [u64; 24] = [
    2150, 2450, 2550, 2450, 2150, 1650, 1150, 750, 500, 400, 350, 350, 350, 350, 350, 350, 400, 450, 500, 600, 750,
    950, 1300, 1750,
];
const WORK_ON_WEEKENDS: u64 = 700;
const BATCH_ON_WEEKENDS: u64 = 850;

/// A line of business: its parties, the server's port, and how much of it there is when.
pub(crate) const fn line(
    name: &'static str,
    (client, route_kind, server): (Party, RouteKind, Party),
    port: u16,
    load: Load,
    rhythm: Rhythm,
    spread: i64,
) -> Line {
    Line { name, client, server, route_kind, port, load, rhythm, spread }
}

/// The line that a spike doubles, and the one that it leads through the NAT gateway.
pub(crate) const CATALOGUE: &str = "catalogue";
pub(crate) const PICTURES: &str = "pictures";

/// A GiB in MiB.
pub(crate) const GIB: u64 = 1024;
pub(crate) const NAT_SHOP: RouteKind = RouteKind::Nat("nat-shop");

/// The business. A region's egress to the internet stays below 10 TB a month, where AWS's first tier ends.
#[rustfmt::skip]
pub(crate) const LINES: [Line; 20] = [
    line(CATALOGUE, (Own("web-1"), RouteKind::Inside, Own("app-3")), 8080, Load::Mib(130 * GIB, 70 * GIB), Rhythm::Work, 70),
    line("checkout", (Own("web-3"), RouteKind::Inside, Own("app-3")), 8080, Load::Mib(24 * GIB, 12 * GIB), Rhythm::Work, 80),
    line("orders", (Own("app-1"), RouteKind::Inside, Own("app-2")), 5432, Load::Mib(6 * GIB, 60 * GIB), Rhythm::Work, 60),
    line("queue", (Own("app-1"), RouteKind::Inside, Own("queue-a")), 443, Load::Mib(3 * GIB, 2 * GIB), Rhythm::Work, 80),
    line("pages-1", (Host(Internet, 11), RouteKind::Gateway, Own("web-1")), 443, Load::Mib(200, 3 * GIB), Rhythm::Work, 100),
    line("pages-2", (Host(Internet, 22), RouteKind::Gateway, Own("web-1")), 443, Load::Mib(150, 2 * GIB), Rhythm::Work, 120),
    line("pages-3", (Host(Internet, 33), RouteKind::Gateway, Own("web-3")), 443, Load::Mib(200, 3 * GIB), Rhythm::Work, 100),
    line("pages-eu", (Host(Internet, 44), RouteKind::Gateway, Own("web-eu-1")), 443, Load::Mib(200, 3 * GIB), Rhythm::Work, 100),
    line("partner", (Own("app-1"), NAT_SHOP, Host(Internet, 55)), 443, Load::Mib(2 * GIB, 34 * GIB), Rhythm::Work, 90),
    line("feeds", (Own("app-3"), NAT_SHOP, Host(Internet, 66)), 443, Load::Mib(GIB, 16 * GIB), Rhythm::Work, 110),
    line("reports", (Own("test-2"), RouteKind::Nat("nat-stage"), Host(S3Us, 7)), 443, Load::Mib(3 * GIB, GIB), Rhythm::Work, 100),
    line("fixtures", (Own("test-1"), RouteKind::Nat("nat-stage"), Host(S3Us, 8)), 443, Load::Mib(100, 60), Rhythm::Work, 120),
    line(PICTURES, (Own("app-3"), RouteKind::GatewayEndpoint, Host(S3Us, 9)), 443, Load::Mib(24 * GIB, 40 * GIB), Rhythm::Work, 80),
    line("lake-in", (Own("spark-1"), RouteKind::GatewayEndpoint, Host(S3Us, 10)), 443, Load::Mib(60 * GIB, 180 * GIB), Rhythm::Batch, 100),
    line("shuffle", (Own("spark-1"), RouteKind::Inside, Own("spark-3")), 7337, Load::Mib(45 * GIB, 30 * GIB), Rhythm::Batch, 110),
    line("events", (Own("app-3"), RouteKind::Peering, Own("spark-1")), 9092, Load::Mib(50 * GIB, 2 * GIB), Rhythm::Work, 80),
    line("mirror", (Own("app-1"), RouteKind::Peering, Own("app-eu-1")), 443, Load::Mib(45 * GIB, 4 * GIB), Rhythm::Always, 70),
    line("names", (Own("app-1"), RouteKind::Transit, Own("names-1")), 443, Load::Mib(2 * GIB, 2 * GIB), Rhythm::Work, 80),
    line("office", (Own("names-1"), RouteKind::PrivateGateway, Host(Office, 5)), 443, Load::Mib(2 * GIB, GIB), Rhythm::Work, 100),
    line("knocks", (Outside(Internet), RouteKind::Gateway, Own("bastion")), 22, Load::Refused(60), Rhythm::Always, 60),
];

/// The most visits in an hour of average season.
const VISITS_MAX: u64 = 4;
/// What a visitor fetches at the median, in MiB, and its spread, in thousandths: one in a hundred fetches ten times that.
const VISIT_MIB: u64 = 1024;
const VISIT_SPREAD: i64 = 1000;
/// The public web servers, the one of the second region as often as the others together.
const VISITED: [&str; 4] = ["web-1", "web-3", "web-eu-1", "web-eu-1"];

/// Visits of an hour: clients that call a public web server and are hardly met again.
pub(crate) fn visits(estate: &Estate, seed: u64, purpose: u64, hour: u32) -> (Random, Vec<Talk>) {
    let mut random = Random::new(seed, purpose + u64::from(hour / HOUR_SECONDS));
    let count = random.below(VISITS_MAX * Rhythm::Work.level(hour) / PER_MILLE / PER_MILLE + 1);
    let mut visit = |_| {
        let server = Own(random.pick::<&str>(&VISITED));
        let plan = Plan {
            client: Outside(Internet),
            server,
            route_kind: RouteKind::Gateway,
            port: 443,
            outcome: Outcome::Answered,
        };
        let bytes = VISIT_MIB * MIB / ONE * random.factor(VISIT_SPREAD);
        Talk::planned(estate, &mut random, &plan, hour, [Volume::of_bytes(bytes / 50), Volume::of_bytes(bytes)])
    };
    let talks = (0..count).filter_map(&mut visit).collect();
    (random, talks)
}

impl Line {
    /// Its conversations in an hour, and what else of the hour is drawn from. The line has a place in a list, and that a
    /// purpose.
    pub(crate) fn talks(
        &self,
        estate: &Estate,
        seed: u64,
        purpose: u64,
        place: usize,
        hour: u32,
    ) -> (Random, Vec<Talk>) {
        let purpose = purpose + ((place as u64) << 32) + u64::from(hour / HOUR_SECONDS);
        let mut random = Random::new(seed, purpose);
        let level = u128::from(self.rhythm.level(hour) * random.factor(self.spread));
        let whole = u128::from(PER_MILLE * PER_MILLE * ONE);
        let scaled = |amount: u64| u64::try_from(u128::from(amount) * level / whole).unwrap_or(0);
        let Self { client, server, route_kind, port, .. } = *self;
        let plan = |outcome| Plan { client, server, route_kind, port, outcome };
        let mut talk = |outcome, volumes| Talk::planned(estate, &mut random, &plan(outcome), hour, volumes);
        let talks = match self.load {
            Load::Mib(sent, returned) => {
                let volume = |mib: u64| Volume::of_bytes(scaled(mib * MIB) / PARTS);
                let volumes = [volume(sent), volume(returned)];
                (0..PARTS).filter_map(|_| talk(Outcome::Answered, volumes)).collect()
            }
            Load::Refused(count) => {
                let volumes = [Volume::of_bytes(0); 2];
                (0..scaled(count)).filter_map(|_| talk(Outcome::Blocked, volumes)).collect()
            }
        };
        (random, talks)
    }
}

impl Rhythm {
    /// The season of an hour, in millionths of the average.
    fn level(self, hour: u32) -> u64 {
        let hours = hour / HOUR_SECONDS;
        let of_day = usize::try_from(hours % DAY_HOURS).unwrap_or(0);
        let day = (hours / DAY_HOURS + FIRST_DAY) % WEEK_DAYS;
        let weekend = |share: u64| if day == 0 || day == SATURDAY { share } else { PER_MILLE };
        match self {
            Self::Work => WORK[of_day] * weekend(WORK_ON_WEEKENDS),
            Self::Batch => BATCH[of_day] * weekend(BATCH_ON_WEEKENDS),
            Self::Always => PER_MILLE * PER_MILLE,
        }
    }
}
