//! The roll-up that traffic is made of: what records are grouped by, and its rows taken apart.
//!
//! The key holds everything that determines direction, endpoints, paths and charges, plus the hour; attributes of an
//! interface are stored separately. Other group columns are passed through.

use std::collections::HashSet;
use std::sync::Arc;

use super::estate::Enis;
use super::tables::Name;
use super::tables::texts::Texts;
use crate::decode::Dictionary;
use crate::error::Error;
use crate::group::{Group, Key, KeyValue, Rollup, Spec, Sums, nameless_id, vantages};
use crate::schema::{ABSENT_ADDRESS, ABSENT_TIME, Column, Kind, Stage};

/// The text columns of the key, as one.
const VIEW: [Column; 13] = [
    Column::InterfaceId,
    Column::ResourceId,
    Column::FlowLogId,
    Column::FlowDirection,
    Column::TrafficPath,
    Column::NextHopAzId,
    Column::NextHopVpcId,
    Column::NextHopInterfaceType,
    Column::PktSrcAwsService,
    Column::PktDstAwsService,
    Column::AccountId,
    Column::Region,
    Column::VpcId,
];
pub(super) const HOUR_SECONDS: u32 = 3600;
/// The other columns of the key.
const KEYS: [Column; 6] = [Column::Vantage, Column::Hour, Column::Srcaddr, Column::Dstaddr, Column::Src, Column::Dst];

/// What to sum for a question that also groups by these columns of the records, and sums packets or does not.
#[must_use]
pub fn spec(passthrough: &[Column], packets: bool) -> Spec {
    let key = |column: Column| Key { column, cut: None };
    let viewed = |column: &&Column| column.kind() == Kind::Text && !VIEW.contains(column);
    let apart = |column: &&Column| rides_apart(**column);
    Spec {
        vantages: VIEW.into_iter().chain(passthrough.iter().filter(viewed).copied()).collect(),
        keys: KEYS.into_iter().chain(passthrough.iter().filter(apart).copied()).map(key).collect(),
        bytes: true,
        packets,
        seen: true,
        starts: true,
        distinct: false,
    }
}

/// Whether a column of the records has to ride along to be in traffic: see [`spec`].
#[must_use]
pub fn passes_through(column: Column) -> bool {
    let other_keys = [Column::PktSrcaddr, Column::PktDstaddr, Column::Hour, Column::Day];
    let summed = [Column::Bytes, Column::Packets];
    column.stage() != Stage::Join
        && !KEYS.contains(&column)
        && !VIEW.contains(&column)
        && !other_keys.contains(&column)
        && !summed.contains(&column)
}

/// Whether a column that rides along is a key of its own.
fn rides_apart(column: Column) -> bool {
    column.kind() != Kind::Text && !KEYS.contains(&column) && !VIEW.contains(&column)
}

/// Relative to the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Direction {
    Egress,
    Ingress,
}

/// The common attributes of records logged at one interface with the same direction, traffic path and next hop. There
/// may be millions.
#[derive(Clone, Debug)]
pub(super) struct Vantage {
    /// The interface, by its place in the roster.
    pub(super) interface: Option<u32>,
    pub(super) direction: Option<Direction>,
    pub(super) traffic_path: Option<u32>,
    pub(super) route: Arc<Route>,
}

/// What the vantages of many interfaces have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Route {
    pub(super) flow_log: Name,
    pub(super) next_hop_zone: Name,
    pub(super) next_hop_vpc: Name,
    pub(super) next_hop_type: Name,
    pub(super) src_service: Name,
    pub(super) dst_service: Name,
    /// Number of fields with a value: decides which of two flow logs is better.
    pub(super) fields: u32,
}

/// A roll-up of [`spec`] with its views taken apart.
#[derive(Debug)]
pub struct Facts<'a> {
    rollup: &'a Rollup,
    /// By the code of the view.
    pub(super) vantages: Vec<Vantage>,
}

/// Records that are alike in everything the join looks at, in one hour; accepted ones, or rejected ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fact {
    pub(super) vantage: usize,
    /// The start of the hour.
    pub(super) hour: u32,
    /// As the interface shows them.
    pub(super) srcaddr: u128,
    pub(super) dstaddr: u128,
    /// The packet's.
    pub(super) src: u128,
    pub(super) dst: u128,
    pub(super) counted: Sums,
    pub(super) rejected: Sums,
}

impl Fact {
    /// The first start of its records.
    pub(super) fn moment(&self) -> u32 {
        self.counted.first_seen.min(self.rejected.first_seen)
    }

    /// First and last start of accepted records.
    pub(super) fn starts(&self) -> (u32, u32) {
        (self.counted.first_seen, self.counted.last_seen)
    }

    /// The last start of its records.
    pub(super) fn last_moment(&self) -> u32 {
        self.counted.last_seen.max(self.rejected.last_seen).max(self.moment())
    }
}

impl<'a> Facts<'a> {
    /// Takes a roll-up of [`spec`] apart.
    #[must_use]
    pub fn new(rollup: &'a Rollup, enis: &Enis) -> Self {
        let (names, mut known) = (rollup.names(), Routes::default());
        let codes = 0..u32::try_from(names.len()).unwrap_or(u32::MAX);
        let vantage = |code| Vantage::new(names.text(code), enis, &mut known);
        Self { rollup, vantages: codes.map(vantage).collect() }
    }

    /// All values of a vantage, in the order of the spec's vantage columns; absent ones are empty.
    pub(super) fn vantage_values(&self, vantage: usize) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let code = u32::try_from(vantage).unwrap_or(Dictionary::ABSENT);
        vantages::fields(self.rollup.names().text(code))
    }

    /// The roll-up.
    #[must_use]
    pub fn rollup(&self) -> &'a Rollup {
        self.rollup
    }

    /// The columns that ride along as keys of their own, in their order.
    pub(super) fn passthrough(&self) -> Vec<Column> {
        self.rollup.spec().keys.iter().skip(KEYS.len()).map(|key| key.column).collect()
    }

    /// Visits each fact of a shard with its passthrough columns.
    ///
    /// # Errors
    /// If rows of the shard were spilled and cannot be read.
    pub(super) fn for_each(&self, shard: usize, mut each: impl FnMut(&Fact, &[KeyValue])) -> Result<(), Error> {
        let mut passthrough = Vec::new();
        let has_passthrough = self.rollup.spec().keys.len() > KEYS.len();
        let [vantage, hour, srcaddr, dstaddr, src, dst] = [0, 1, 2, 3, 4, 5].map(|place| self.rollup.reader(place));
        self.rollup.for_each_part(shard, |group: Group<'_>| {
            if has_passthrough {
                passthrough.clear();
                passthrough.extend(self.rollup.group_values(&group).skip(KEYS.len()));
            }
            let (srcaddr, dstaddr) = (group.address(srcaddr), group.address(dstaddr));
            let (src, dst) = (group.address(src), group.address(dst));
            let hour = Some(group.half(hour)).filter(|hour| *hour != ABSENT_TIME).unwrap_or(0);
            let or = |one, other| if one == ABSENT_ADDRESS { other } else { one };
            let fact = Fact {
                vantage: group.half(vantage) as usize,
                hour: hour - hour % HOUR_SECONDS,
                srcaddr: or(srcaddr, src),
                dstaddr: or(dstaddr, dst),
                src: or(src, srcaddr),
                dst: or(dst, dstaddr),
                counted: group.counted,
                rejected: group.rejected,
            };
            each(&fact, &passthrough);
        })
    }
}

/// The routes met so far, each once, as are their texts.
#[derive(Default)]
struct Routes {
    texts: Texts,
    routes: HashSet<Arc<Route>, ahash::RandomState>,
}

impl Routes {
    fn one(&mut self, route: Route) -> Arc<Route> {
        if let Some(known) = self.routes.get(&route) {
            return Arc::clone(known);
        }
        let new = Arc::new(route);
        self.routes.insert(Arc::clone(&new));
        new
    }
}

impl Vantage {
    fn new(text: &[u8], enis: &Enis, known: &mut Routes) -> Self {
        let values: Vec<_> = vantages::fields(text).map(String::from_utf8_lossy).collect();
        let at = |place: usize| values.get(place).map(|value| &**value).filter(|value| !value.is_empty());
        let mut name = |place: usize| known.texts.name(at(place));
        let route = Route {
            flow_log: name(2),
            next_hop_zone: name(5),
            next_hop_vpc: name(6),
            next_hop_type: name(7),
            src_service: name(8),
            dst_service: name(9),
            fields: values.iter().map(|value| u32::from(!value.is_empty())).sum(),
        };
        Self {
            interface: match at(0).or(at(1)) {
                Some(id) => enis.place(id),
                None => {
                    let [account, region, vpc] = [10, 11, 12].map(|place| at(place).unwrap_or("-"));
                    enis.place(&nameless_id(account, region, vpc))
                }
            },
            direction: match at(3) {
                Some("egress") => Some(Direction::Egress),
                Some("ingress") => Some(Direction::Ingress),
                _ => None,
            },
            traffic_path: at(4).and_then(|number| number.parse().ok()),
            route: known.one(route),
        }
    }
}
