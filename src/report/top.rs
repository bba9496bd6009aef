//! Top talkers: the groups with the largest totals, the others as one row, and the total.

mod dollars;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::amounts::{amounts, ranked_amounts, share};
use super::cells::{head, key_cell, moment};
use super::having::{Having, LeftOut};
use super::{Cell, Head, Row, Table};
use crate::error::Error;
use crate::group::{Group, GroupKey, Rollup, Spec, Sums};
use crate::join::frame::ExactKey;
use crate::schema::output::{self, Output};

use dollars::{Cost, exact_cells, exact_key};
pub use dollars::{Dollars, Pricing};

/// What the rows are ordered by; equal ones by key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Most bytes first.
    Bytes,
    /// Most packets first.
    Packets,
    /// Most flows first.
    Flows,
    /// Most rejected bytes first.
    RejectedBytes,
    /// Most rejected packets first.
    RejectedPackets,
    /// Most rejected flows first.
    RejectedFlows,
    /// The earliest first.
    FirstSeen,
    /// The latest first.
    LastSeen,
    /// Most distinct values first.
    Distinct,
    /// Most expensive first.
    Usd,
    /// By key alone, ascending.
    Key,
}

impl Order {
    /// Every order with the name it is requested by.
    pub const ALL: [(&'static str, Self); 11] = [
        ("bytes", Self::Bytes),
        ("packets", Self::Packets),
        ("flows", Self::Flows),
        ("rejected_bytes", Self::RejectedBytes),
        ("rejected_packets", Self::RejectedPackets),
        ("rejected_flows", Self::RejectedFlows),
        ("first_seen", Self::FirstSeen),
        ("last_seen", Self::LastSeen),
        ("distinct", Self::Distinct),
        ("usd", Self::Usd),
        ("key", Self::Key),
    ];

    /// What is compared: the greater comes first.
    fn rank(self, counted: &Sums, rejected: &Sums, cost: Cost) -> u128 {
        match self {
            Self::FirstSeen => (u32::MAX - counted.first_seen.min(rejected.first_seen)).into(),
            Self::LastSeen => counted.last_seen.max(rejected.last_seen).into(),
            Self::Distinct => counted.distinct,
            Self::Key => 0,
            Self::Usd => cost.usd.fraction().0,
            _ => self.measured(counted, rejected),
        }
    }

    /// The total that shares refer to: the sort column, or bytes. Shares of dollars are computed separately.
    fn measured(self, counted: &Sums, rejected: &Sums) -> u128 {
        match self {
            Self::Bytes | Self::FirstSeen | Self::LastSeen | Self::Distinct | Self::Key | Self::Usd => counted.bytes,
            Self::Packets => counted.packets,
            Self::Flows => counted.flows,
            Self::RejectedBytes => rejected.bytes,
            Self::RejectedPackets => rejected.packets,
            Self::RejectedFlows => rejected.flows,
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
    /// Whether rejected records have columns of their own.
    pub rejected: bool,
}

/// The columns of a row after its rank.
#[must_use]
pub fn heads(spec: &Spec, shape: Shape, has_usd: bool) -> Vec<Head> {
    spec.keys.iter().map(head).chain(all_measures(spec, shape, has_usd).into_iter().map(Head::from)).collect()
}

/// Which groups are shown; the others are part of `(other)`.
#[derive(Debug)]
pub struct Screen<'a> {
    /// Over the columns of [`heads`].
    having: &'a Having,
    /// The columns after the keys.
    outputs: Vec<Output>,
    /// The sums of all groups, which shares refer to.
    whole: Measured,
}

/// The greatest groups of some shards of a roll-up, and the sums of all. Merges in any order.
#[derive(Debug)]
pub struct Ranking<'a> {
    rollup: &'a Rollup,
    shape: Shape,
    dollars: Option<&'a Dollars>,
    screen: Option<&'a Screen<'a>>,
    best: Vec<Ranked>,
    /// What a group must have at least to be among the best.
    least: u128,
    counted: Sums,
    rejected: Sums,
    groups: u64,
    /// Groups that the screen does not show, and their sums.
    hidden: u64,
    hidden_sums: (Sums, Cost),
}

#[derive(Debug)]
struct Ranked {
    rank: u128,
    key: RankedKey,
    counted: Sums,
    rejected: Sums,
}

/// The key of a group, or of charges without records of a group.
#[derive(Debug)]
enum RankedKey {
    Group(GroupKey),
    Charges(ExactKey),
}

impl<'a> Ranking<'a> {
    /// Of no shard yet; to rank by dollars they must be known.
    #[must_use]
    pub fn new(rollup: &'a Rollup, shape: Shape, dollars: Option<&'a Dollars>) -> Self {
        let (screen, best, least, counted, rejected) = Default::default();
        let (groups, hidden, hidden_sums) = Default::default();
        Self { rollup, shape, dollars, screen, best, least, counted, rejected, groups, hidden, hidden_sums }
    }

    /// The same with a screen; dollars must be those of all groups, if there are any.
    #[must_use]
    pub fn screened(self, screen: Option<&'a Screen<'a>>) -> Self {
        Self { screen, ..self }
    }

    /// The screen of a filter, once all shards are added.
    #[must_use]
    pub fn screen<'h>(&self, having: &'h Having) -> Screen<'h> {
        let outputs = all_measures(self.rollup.spec(), self.shape, self.dollars.is_some());
        Screen { having, outputs, whole: self.whole() }
    }

    fn whole(&self) -> Measured {
        Measured { counted: self.counted, rejected: self.rejected, cost: self.dollars.map(|all| all.total) }
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
        self.rejected.add(&group.rejected);
        let rollup = self.rollup;
        let asks_cost = self.shape.order == Order::Usd || self.screen.is_some();
        let cost = match self.dollars {
            Some(dollars) if asks_cost => dollars.cost(&exact_key(rollup.group_values(group), rollup.names())),
            _ => Cost::default(),
        };
        let key = |place| rollup.group_values(group).nth(place).map(|value| key_cell(value, rollup.names()));
        if !self.shows((&group.counted, &group.rejected, cost), key) {
            return;
        }
        let rank = self.shape.order.rank(&group.counted, &group.rejected, cost);
        if rank < self.least {
            return;
        }
        let key = RankedKey::Group(group.key());
        self.best.push(Ranked { rank, key, counted: group.counted, rejected: group.rejected });
        // Twice as many as needed are kept before the lesser half goes: each group is moved a few times at most.
        if self.shape.rows.is_some_and(|rows| self.best.len() >= rows.saturating_mul(2).max(64)) {
            self.cut();
        }
    }

    /// Whether the screen shows a group; counts it otherwise.
    fn shows(&mut self, (counted, rejected, cost): (&Sums, &Sums, Cost), key: impl Fn(usize) -> Option<Cell>) -> bool {
        let Some(Screen { having, outputs, whole }) = self.screen else { return true };
        let keys = self.rollup.spec().keys.len();
        let row = Measured { counted: *counted, rejected: *rejected, cost: self.dollars.map(|_| cost) };
        let usd = if cost.is_unknown() { Cell::Absent } else { amounts(&[cost.usd]).1 };
        let share = || match self.shape.order {
            Order::Usd => share(&usd, &amounts(&[whole.cost.unwrap_or_default().usd]).1),
            order => share_of(order, &row, whole),
        };
        let shows = having.holds(|place| match place.checked_sub(keys) {
            None => key(place).unwrap_or(Cell::Absent),
            Some(place) => outputs.get(place).map_or(Cell::Absent, |output| cell(*output, &row, &share(), &usd)),
        });
        if !shows {
            self.hidden += 1;
            self.hidden_sums.0.add(counted);
            self.hidden_sums.1 = self.hidden_sums.1.and(cost);
        }
        shows
    }

    /// Note on groups that the screen does not show.
    #[must_use]
    pub fn screen_note(&self) -> Option<String> {
        let (sums, cost) = self.hidden_sums;
        let usd = self.dollars.map(|_| i128::try_from(cost.usd.rounded()).unwrap_or(i128::MAX));
        let bytes = self.rollup.spec().bytes.then_some(sums.bytes);
        LeftOut { rows: self.hidden, of: self.groups, bytes, usd }.note()
    }

    /// Adds the groups of other shards.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.groups += other.groups;
        self.hidden += other.hidden;
        self.hidden_sums.0.add(&other.hidden_sums.0);
        self.hidden_sums.1 = self.hidden_sums.1.and(other.hidden_sums.1);
        self.counted.add(&other.counted);
        self.rejected.add(&other.rejected);
        self.best.extend(other.best);
        self
    }

    /// Adds rows for charges on records that count in no group, once all shards are added and dollars are known.
    ///
    /// # Errors
    /// If rows of the roll-up were spilled and cannot be read.
    pub fn with_charges_alone(mut self) -> Result<Self, Error> {
        let Some(dollars) = self.dollars else { return Ok(self) };
        let none = Sums::default();
        for key in dollars.keys_without(self.rollup)? {
            self.groups += 1;
            let (cost, cells) = (dollars.cost(&key), exact_cells(&key));
            if !self.shows((&none, &none, cost), |place| cells.get(place).cloned()) {
                continue;
            }
            let rank = self.shape.order.rank(&none, &none, cost);
            self.best.push(Ranked { rank, key: RankedKey::Charges(key), counted: none, rejected: none });
        }
        Ok(self)
    }

    /// The keys that are shown, if no charge can change them: of charges on records that count in no group, nothing
    /// else is known than dollars.
    #[must_use]
    pub fn shown(&mut self) -> Option<BTreeSet<ExactKey>> {
        self.cut();
        let is_full = self.shape.rows.is_some_and(|rows| self.best.len() == rows);
        let is_by_key = matches!(self.shape.order, Order::Key | Order::Usd);
        let is_settled = is_full && !is_by_key && self.best.iter().all(|group| group.rank > 0);
        is_settled.then(|| self.best.iter().map(|group| group.key.exact(self.rollup).into_owned()).collect())
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

    /// The finished table, and the keys of its rows but the one of the rest.
    #[must_use]
    pub fn table(mut self) -> (Table, Vec<ExactKey>) {
        self.cut();
        let rollup = self.rollup;
        self.best.sort_unstable_by(|one, other| compare(rollup, one, other));
        let spec = rollup.spec();
        let whole = self.whole();
        let mut rest = whole;
        let (mut keys, mut measured) = (Vec::new(), Vec::with_capacity(self.best.len() + 2));
        for (rank, group) in (1u64..).zip(&self.best) {
            let cost = self.dollars.map(|dollars| dollars.cost(&group.key.exact(rollup)));
            let part = Measured { counted: group.counted, rejected: group.rejected, cost };
            rest.subtract(&part);
            keys.push((Cell::from(rank), group.key.cells(rollup)));
            measured.push(part);
        }
        if self.groups > self.best.len() as u64 {
            keys.push((Cell::Absent, named("(other)", spec)));
            measured.push(rest.without_moments());
        }
        let (columns, mut sums) = columns(spec, self.shape, &measured, &whole);
        let total = sums.pop().map(|total| row(Cell::Absent, vec![Cell::Absent; spec.keys.len()], total));
        let rows = keys.into_iter().zip(sums).map(|((rank, keys), sums)| row(rank, keys, sums)).collect();
        let heads = std::iter::once(output::RANK.into()).chain(spec.keys.iter().map(head));
        let columns = heads.chain(columns.into_iter().map(Into::into)).collect();
        let shown = self.best.iter().map(|group| group.key.exact(rollup).into_owned()).collect();
        let (name, title, hidden_if_zero) =
            ("top".to_owned(), "Top talkers".to_owned(), vec![output::UNPRICED_BYTES.name]);
        (Table { name, title, columns, rows, total, hidden_if_zero, hidden_if_empty: false }, shown)
    }
}

impl RankedKey {
    fn exact(&self, rollup: &Rollup) -> Cow<'_, ExactKey> {
        match self {
            Self::Group(key) => Cow::Owned(exact_key(rollup.values(key), rollup.names())),
            Self::Charges(key) => Cow::Borrowed(key),
        }
    }

    fn cells(&self, rollup: &Rollup) -> Vec<Cell> {
        match self {
            Self::Group(key) => rollup.values(key).map(|value| key_cell(value, rollup.names())).collect(),
            Self::Charges(key) => exact_cells(key),
        }
    }
}

/// A total order, so that the result is independent of input order.
fn compare(rollup: &Rollup, one: &Ranked, other: &Ranked) -> Ordering {
    other.rank.cmp(&one.rank).then_with(|| match (&one.key, &other.key) {
        (RankedKey::Group(one), RankedKey::Group(other)) => rollup.compare_keys(one, other),
        (one, other) => one.exact(rollup).cmp(&other.exact(rollup)),
    })
}

/// Values of a row in addition to its keys.
#[derive(Clone, Copy, Debug)]
struct Measured {
    counted: Sums,
    rejected: Sums,
    /// What it costs, where dollars are requested.
    cost: Option<Cost>,
}

impl Measured {
    fn subtract(&mut self, part: &Self) {
        subtract(&mut self.counted, &part.counted);
        subtract(&mut self.rejected, &part.rejected);
        if let (Some(rest), Some(part)) = (&mut self.cost, part.cost) {
            *rest = rest.less(part);
        }
    }

    /// Values that are not additive are absent for combined groups.
    fn without_moments(mut self) -> Self {
        self.counted.distinct = UNKNOWN_DISTINCT;
        for sums in [&mut self.counted, &mut self.rejected] {
            (sums.first_seen, sums.last_seen) = (Sums::default().first_seen, 0);
        }
        self
    }
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

/// The columns after the keys, the cells of each row, and at the end those of the total.
fn columns(spec: &Spec, shape: Shape, rows: &[Measured], whole: &Measured) -> (Vec<Output>, Vec<Vec<Cell>>) {
    let cost = |row: &Measured| row.cost.unwrap_or_default();
    let (usd, total_usd) = ranked_amounts(&rows.iter().map(|row| cost(row).usd).collect::<Vec<_>>());
    let outputs = measures(spec, shape, whole.cost);
    let mut whole = *whole;
    whole.counted.distinct = UNKNOWN_DISTINCT;
    let cells = |row: &Measured, usd: Cell| {
        let usd = if cost(row).is_unknown() { Cell::Absent } else { usd };
        let share = match shape.order {
            Order::Usd => share(&usd, &total_usd),
            order => share_of(order, row, &whole),
        };
        outputs.iter().map(|output| cell(*output, row, &share, &usd)).collect()
    };
    let rows = rows.iter().chain([&whole]).zip(usd.into_iter().chain([total_usd.clone()]));
    let all = rows.map(|(row, usd)| cells(row, usd)).collect();
    (outputs, all)
}

/// A row's part of the whole, by the sort column or bytes.
fn share_of(order: Order, row: &Measured, whole: &Measured) -> Cell {
    let measured = |row: &Measured| order.measured(&row.counted, &row.rejected);
    Cell::Share { part: measured(row), whole: measured(whole) }
}

/// The columns after the keys, unpriced bytes among them.
fn all_measures(spec: &Spec, shape: Shape, has_usd: bool) -> Vec<Output> {
    measures(spec, shape, has_usd.then(|| Cost { unpriced_bytes: 1, ..Cost::default() }))
}

/// The columns after the keys.
fn measures(spec: &Spec, shape: Shape, cost: Option<Cost>) -> Vec<Output> {
    let share_of_bytes = spec.bytes || !matches!(shape.order, Order::Bytes | Order::Key | Order::Distinct);
    let asked = [
        (spec.bytes, output::BYTES),
        (share_of_bytes, output::SHARE),
        (spec.packets, output::PACKETS),
        (true, output::FLOWS),
        (cost.is_some(), output::USD),
        (cost.is_some(), output::UNPRICED_BYTES),
        (spec.distinct, output::DISTINCT),
        (spec.bytes && shape.rejected, output::REJECTED_BYTES),
        (shape.order == Order::RejectedPackets, output::REJECTED_PACKETS),
        (shape.rejected, output::REJECTED_FLOWS),
        (spec.seen, output::FIRST_SEEN),
        (spec.seen, output::LAST_SEEN),
    ];
    asked.into_iter().filter(|(asked, _)| *asked).map(|(_, output)| output).collect()
}

/// The cell of one of those columns.
fn cell(output: Output, row: &Measured, share: &Cell, usd: &Cell) -> Cell {
    let Measured { counted, rejected, cost } = row;
    let last_seen = counted.last_seen.max(rejected.last_seen);
    match output {
        output::BYTES => counted.bytes.into(),
        output::SHARE => share.clone(),
        output::PACKETS => counted.packets.into(),
        output::FLOWS => counted.flows.into(),
        output::USD => usd.clone(),
        output::UNPRICED_BYTES => cost.unwrap_or_default().unpriced_bytes.into(),
        output::DISTINCT if counted.distinct == UNKNOWN_DISTINCT => Cell::Absent,
        output::DISTINCT => counted.distinct.into(),
        output::REJECTED_BYTES => rejected.bytes.into(),
        output::REJECTED_PACKETS => rejected.packets.into(),
        output::REJECTED_FLOWS => rejected.flows.into(),
        output::FIRST_SEEN => moment(counted.first_seen.min(rejected.first_seen)),
        _ if last_seen == 0 => Cell::Absent,
        _ => Cell::Time(last_seen),
    }
}
