//! Who talks most: the groups with the greatest sums, the rest as one row, and the total.

use std::cmp::Ordering;

use super::cells::{head, key_cell, moment};
use super::{Cell, Row, Table};
use crate::error::Error;
use crate::group::{Group, GroupKey, Rollup, Spec, Sums};
use crate::schema::output::{self, Output};

/// What the rows are ordered by; equal ones by key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Most bytes first.
    Bytes,
    /// Most packets first.
    Packets,
    /// Most flows first.
    Flows,
    /// Most blocked bytes first.
    BlockedBytes,
    /// Most blocked packets first.
    BlockedPackets,
    /// Most blocked flows first.
    BlockedFlows,
    /// The earliest first.
    FirstSeen,
    /// The latest first.
    LastSeen,
    /// Most distinct values first.
    Distinct,
    /// By key alone, ascending.
    Key,
}

impl Order {
    /// Every order with the name it is asked for by.
    pub const ALL: [(&'static str, Self); 10] = [
        ("bytes", Self::Bytes),
        ("packets", Self::Packets),
        ("flows", Self::Flows),
        ("blocked_bytes", Self::BlockedBytes),
        ("blocked_packets", Self::BlockedPackets),
        ("blocked_flows", Self::BlockedFlows),
        ("first_seen", Self::FirstSeen),
        ("last_seen", Self::LastSeen),
        ("distinct", Self::Distinct),
        ("key", Self::Key),
    ];

    /// What is compared: the greater comes first.
    fn rank(self, counted: &Sums, blocked: &Sums) -> u128 {
        match self {
            Self::FirstSeen => (u32::MAX - counted.first_seen.min(blocked.first_seen)).into(),
            Self::LastSeen => counted.last_seen.max(blocked.last_seen).into(),
            Self::Distinct => counted.distinct,
            Self::Key => 0,
            _ => self.measured(counted, blocked),
        }
    }

    /// What shares are parts of: the sum that is ordered by, or the bytes.
    fn measured(self, counted: &Sums, blocked: &Sums) -> u128 {
        match self {
            Self::Bytes | Self::FirstSeen | Self::LastSeen | Self::Distinct | Self::Key => counted.bytes,
            Self::Packets => counted.packets,
            Self::Flows => counted.flows,
            Self::BlockedBytes => blocked.bytes,
            Self::BlockedPackets => blocked.packets,
            Self::BlockedFlows => blocked.flows,
        }
    }
}

/// The distinct values of several groups together: groups may share them, so their numbers do not add up.
const UNKNOWN_DISTINCT: u128 = u128::MAX;

/// How many rows, in which order, with which columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// The order.
    pub order: Order,
    /// The number of rows; all where there is none.
    pub rows: Option<usize>,
    /// Whether blocked records have columns of their own.
    pub blocked: bool,
}

/// The greatest groups of some shards of a roll-up, and the sums of all. Merges in any order.
#[derive(Debug)]
pub struct Ranking<'a> {
    rollup: &'a Rollup,
    shape: Shape,
    best: Vec<Ranked>,
    /// What a group must have at least to be among the best.
    least: u128,
    counted: Sums,
    blocked: Sums,
    groups: u64,
}

#[derive(Debug)]
struct Ranked {
    rank: u128,
    key: GroupKey,
    counted: Sums,
    blocked: Sums,
}

impl<'a> Ranking<'a> {
    /// Of no shard yet.
    #[must_use]
    pub fn new(rollup: &'a Rollup, shape: Shape) -> Self {
        let (best, least, counted, blocked, groups) = Default::default();
        Self { rollup, shape, best, least, counted, blocked, groups }
    }

    /// Adds the groups of a shard.
    ///
    /// # Errors
    /// If rows of the shard were spilled and cannot be read.
    pub fn with_shard(mut self, shard: usize) -> Result<Self, Error> {
        self.rollup.for_each_group(shard, |group| self.add(&group))?;
        Ok(self)
    }

    fn add(&mut self, group: &Group<'_>) {
        self.groups += 1;
        self.counted.add(&group.counted);
        self.blocked.add(&group.blocked);
        let rank = self.shape.order.rank(&group.counted, &group.blocked);
        if rank < self.least {
            return;
        }
        self.best.push(Ranked { rank, key: group.key(), counted: group.counted, blocked: group.blocked });
        // Twice as many as needed are kept before the lesser half goes: each group is moved a few times at most.
        if self.shape.rows.is_some_and(|rows| self.best.len() >= rows.saturating_mul(2).max(64)) {
            self.cut();
        }
    }

    /// Adds the groups of other shards.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.groups += other.groups;
        self.counted.add(&other.counted);
        self.blocked.add(&other.blocked);
        self.best.extend(other.best);
        self
    }

    /// How many groups there are.
    #[must_use]
    pub fn groups(&self) -> u64 {
        self.groups
    }

    fn cut(&mut self) {
        let (rows, rollup) = (self.shape.rows.unwrap_or(usize::MAX), self.rollup);
        if rows > 0 && rows < self.best.len() {
            let (_, last, _) = self.best.select_nth_unstable_by(rows - 1, |one, other| compare(rollup, one, other));
            self.least = last.rank;
        }
        self.best.truncate(rows);
    }

    /// The finished table.
    #[must_use]
    pub fn table(mut self) -> Table {
        self.cut();
        let rollup = self.rollup;
        self.best.sort_unstable_by(|one, other| compare(rollup, one, other));
        let (spec, shape) = (rollup.spec(), self.shape);
        let total = shape.order.measured(&self.counted, &self.blocked);
        let mut columns = vec![output::RANK.into()];
        columns.extend(spec.keys.iter().map(head));
        columns.extend(measures(spec, shape).into_iter().map(Into::into));
        let mut rest = (self.counted, self.blocked);
        let mut rows: Vec<Row> = Vec::with_capacity(self.best.len() + 1);
        for (rank, group) in (1u64..).zip(&self.best) {
            subtract(&mut rest.0, &group.counted);
            subtract(&mut rest.1, &group.blocked);
            let keys = rollup.values(&group.key).map(|value| key_cell(value, rollup.names()));
            rows.push(row(rank.into(), keys.collect(), sums(spec, shape, &group.counted, &group.blocked, total)));
        }
        if self.groups > self.best.len() as u64 {
            let (mut counted, mut blocked) = rest;
            counted.distinct = UNKNOWN_DISTINCT;
            (counted.first_seen, counted.last_seen) = (Sums::default().first_seen, 0);
            (blocked.first_seen, blocked.last_seen) = (Sums::default().first_seen, 0);
            rows.push(row(Cell::Absent, named("(other)", spec), sums(spec, shape, &counted, &blocked, total)));
        }
        self.counted.distinct = UNKNOWN_DISTINCT;
        let total = row(
            Cell::Absent,
            vec![Cell::Absent; spec.keys.len()],
            sums(spec, shape, &self.counted, &self.blocked, total),
        );
        Table { name: "top".to_owned(), title: "Top talkers".to_owned(), columns, rows, total: Some(total) }
    }
}

/// A total order, so that the same groups come out whatever the order they came in.
fn compare(rollup: &Rollup, one: &Ranked, other: &Ranked) -> Ordering {
    other.rank.cmp(&one.rank).then_with(|| rollup.compare_keys(&one.key, &other.key))
}

fn subtract(from: &mut Sums, part: &Sums) {
    from.flows -= part.flows;
    from.bytes -= part.bytes;
    from.packets -= part.packets;
}

fn row(rank: Cell, keys: Vec<Cell>, sums: Vec<Cell>) -> Row {
    std::iter::once(rank).chain(keys).chain(sums).collect()
}

/// A name in the first key column, nothing in the others.
fn named(name: &str, spec: &Spec) -> Vec<Cell> {
    let mut cells = vec![Cell::Absent; spec.keys.len()];
    if let Some(first) = cells.first_mut() {
        *first = name.into();
    }
    cells
}

/// The columns after the keys.
fn measures(spec: &Spec, shape: Shape) -> Vec<Output> {
    let share_of_bytes = spec.bytes || !matches!(shape.order, Order::Bytes | Order::Key | Order::Distinct);
    let asked = [
        (spec.bytes, output::BYTES),
        (share_of_bytes, output::SHARE),
        (spec.packets, output::PACKETS),
        (true, output::FLOWS),
        (spec.distinct, output::DISTINCT),
        (spec.bytes && shape.blocked, output::BLOCKED_BYTES),
        (shape.order == Order::BlockedPackets, output::BLOCKED_PACKETS),
        (shape.blocked, output::BLOCKED_FLOWS),
        (spec.seen, output::FIRST_SEEN),
        (spec.seen, output::LAST_SEEN),
    ];
    asked.into_iter().filter(|(asked, _)| *asked).map(|(_, output)| output).collect()
}

/// The cells of those columns.
fn sums(spec: &Spec, shape: Shape, counted: &Sums, blocked: &Sums, total: u128) -> Vec<Cell> {
    let share = Cell::Share { part: shape.order.measured(counted, blocked), whole: total };
    let first_seen = counted.first_seen.min(blocked.first_seen);
    let last_seen = counted.last_seen.max(blocked.last_seen);
    let cell = |output| match output {
        output::BYTES => counted.bytes.into(),
        output::SHARE => share.clone(),
        output::PACKETS => counted.packets.into(),
        output::FLOWS => counted.flows.into(),
        output::DISTINCT if counted.distinct == UNKNOWN_DISTINCT => Cell::Absent,
        output::DISTINCT => counted.distinct.into(),
        output::BLOCKED_BYTES => blocked.bytes.into(),
        output::BLOCKED_PACKETS => blocked.packets.into(),
        output::BLOCKED_FLOWS => blocked.flows.into(),
        output::FIRST_SEEN => moment(first_seen),
        _ if last_seen == 0 => Cell::Absent,
        _ => Cell::Time(last_seen),
    };
    measures(spec, shape).into_iter().map(cell).collect()
}

#[cfg(test)]
mod tests;
