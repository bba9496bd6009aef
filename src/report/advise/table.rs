//! Priced recommendations → tables: ranked, what excludes what, and the parts that each figure is made of.

use std::collections::HashMap;

use super::what_if::{Judged, Part};
use super::{Effort, Kind};
use crate::report::amounts::{difference, exact_amounts, plain};
use crate::report::{Cell, Head, Row, Table};
use crate::schema::output::{self, Output};
use crate::units::human::{self, CENT};

/// The row of those that are not shown.
const OTHER: &str = "(other)";

/// Which rows.
#[derive(Clone, Debug, Default)]
pub struct AdviseShape {
    /// Whether to show what does not save, too.
    pub all: bool,
    /// The least net saving a month, in 10⁻¹⁰ USD.
    pub least_usd: u128,
    /// The number of rows; all where there is none.
    pub rows: Option<usize>,
}

/// What becomes of a recommendation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Recommended,
    /// It takes charges away that a better one, by its place, takes away too.
    Alternative(usize),
    /// It saves less than asked for.
    Small,
    NoSaving,
    Unpriced,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Recommended => "recommended",
            Self::Alternative(_) => "alternative",
            Self::Small => "small",
            Self::NoSaving => "no-saving",
            Self::Unpriced => "unpriced",
        }
    }
}

pub(super) const COLUMNS: [Output; 16] = [
    output::RANK,
    output::RECOMMENDATION,
    output::RESOURCE,
    output::ACTION,
    output::OWNER,
    output::ACCOUNT,
    output::REGION,
    output::NET_MONTH_USD,
    output::SAVING_MONTH_USD,
    output::COST_MONTH_USD,
    output::EFFORT,
    output::CONFIDENCE,
    output::STATUS,
    output::OVERLAPS_WITH,
    output::BYTES,
    output::ASSUMPTION,
];
/// The columns before those of money.
const BEFORE_MONEY: usize = 7;
const PART_COLUMNS: [Output; 6] =
    [output::RANK, output::CHARGE, output::REGION, output::BYTES, output::GATEWAY_HOURS, output::CHANGE_MONTH_USD];

/// Orders recommendations by likely net saving for effort, those without a price last; of equal ones by kind and
/// resource.
pub(super) fn rank(judged: &mut [Judged]) {
    let score = |one: &Judged| {
        let weight = one.advice.kind.effort().weight();
        one.net().map(|net| net.saturating_mul(one.advice.confidence.quarters()) / weight)
    };
    judged.sort_by(|one, other| {
        let names = |one: &Judged| (one.advice.kind, one.advice.resource.clone(), one.advice.action.clone());
        score(other).cmp(&score(one)).then_with(|| names(one).cmp(&names(other)))
    });
}

/// The tables of nothing.
pub(super) fn none() -> Vec<Table> {
    tables(Vec::new(), &AdviseShape::default()).0
}

/// The tables of ranked recommendations, and what is not in them.
pub(super) fn tables(judged: Vec<Judged>, shape: &AdviseShape) -> (Vec<Table>, Vec<String>) {
    let statuses = statuses(&judged, shape);
    let is_shown = |place: usize| match statuses[place] {
        _ if shape.all => true,
        Status::Recommended | Status::Unpriced => true,
        // Of one kind the best says it all: the same two workloads can move either way.
        Status::Alternative(better) => judged[better].advice.kind != judged[place].advice.kind,
        Status::Small | Status::NoSaving => false,
    };
    let shown: Vec<usize> = (0..judged.len()).filter(|place| is_shown(*place)).collect();
    let notes = notes(&judged, &statuses, judged.len() - shown.len());
    let rows = shape.rows.unwrap_or(usize::MAX).min(shown.len());
    let listed = Listed { judged: &judged, statuses: &statuses, shown: &shown, rows };
    (vec![listed.recommendations(), listed.parts()], notes)
}

/// What becomes of each, in the order of the ranks.
fn statuses(judged: &[Judged], shape: &AdviseShape) -> Vec<Status> {
    let mut claimed: HashMap<usize, usize, ahash::RandomState> = HashMap::default();
    let mut statuses = Vec::with_capacity(judged.len());
    for (place, one) in judged.iter().enumerate() {
        let status = match one.net() {
            None => Status::Unpriced,
            Some(net) if net <= 0 => Status::NoSaving,
            Some(net) if net.unsigned_abs() < shape.least_usd => Status::Small,
            Some(_) => {
                let better = one.advice.claims.iter().filter_map(|line| claimed.get(line)).min();
                better.map_or(Status::Recommended, |better| Status::Alternative(*better))
            }
        };
        if status == Status::Recommended {
            claimed.extend(one.advice.claims.iter().map(|line| (*line, place)));
        }
        statuses.push(status);
    }
    statuses
}

/// What the rows leave open.
fn notes(judged: &[Judged], statuses: &[Status], hidden: usize) -> Vec<String> {
    let mut notes = Vec::new();
    if statuses.iter().any(|status| matches!(status, Status::Alternative(_))) {
        notes.push(
            "alternatives share charges with a better recommendation (overlaps_with) and are in no total".to_owned(),
        );
    }
    let unpriced: Vec<&Part> = judged.iter().flat_map(|one| &one.parts).filter(|part| part.month.is_none()).collect();
    if let Some(part) = unpriced.first() {
        let (charge, region) = (part.charge, if part.region.is_empty() { "an unknown region" } else { &part.region });
        let of = human::counted(statuses.iter().filter(|status| **status == Status::Unpriced).count() as u64, "row");
        notes.push(format!("{of} unpriced: {charge} in {region} has no price (add prices with --prices FILE)"));
    }
    if hidden > 0 {
        let hidden = human::counted(hidden as u64, "candidate");
        notes.push(format!("{hidden} without enough of a saving left out: --all shows them"));
    }
    notes
}

/// The rows of the tables.
struct Listed<'j> {
    judged: &'j [Judged],
    statuses: &'j [Status],
    shown: &'j [usize],
    rows: usize,
}

impl Listed<'_> {
    fn recommendations(&self) -> Table {
        let mut table = plain("recommendations", "Savings");
        table.columns = COLUMNS.map(Head::from).to_vec();
        let sums: Vec<_> = self.shown.iter().map(|place| self.judged[*place].sums().unwrap_or_default()).collect();
        let unsigned = |sum: i128| sum.unsigned_abs();
        let (saved, _) = exact_amounts(&sums.iter().map(|(saved, _)| unsigned(*saved)).collect::<Vec<_>>());
        let (spent, _) = exact_amounts(&sums.iter().map(|(_, spent)| unsigned(*spent)).collect::<Vec<_>>());
        let money: Vec<[Cell; 3]> =
            saved.into_iter().zip(spent).map(|(saved, spent)| [difference(&saved, &spent), saved, spent]).collect();
        for (row, place) in self.shown.iter().take(self.rows).enumerate() {
            table.rows.push(self.row(row, *place, &money[row]));
        }
        let sum = |rows: std::ops::Range<usize>| {
            let counted = rows.filter(|row| self.statuses[self.shown[*row]] == Status::Recommended);
            counted.fold([zero(), zero(), zero()], |sum, row| {
                let mut cells = sum.into_iter().zip(&money[row]).map(|(one, other)| one.and(other.clone()));
                std::array::from_fn(|_| cells.next().unwrap_or(Cell::Absent))
            })
        };
        if self.rows < self.shown.len() {
            table.rows.push(around(OTHER.into(), sum(self.rows..self.shown.len())));
        }
        table.total = Some(around(Cell::Absent, sum(0..self.shown.len())));
        table
    }

    fn row(&self, row: usize, place: usize, money: &[Cell; 3]) -> Row {
        let Judged { advice, .. } = &self.judged[place];
        let status = self.statuses[place];
        let overlaps_with = match status {
            Status::Alternative(better) => self.shown.iter().position(|shown| *shown == better),
            _ => None,
        };
        let text = |text: &str| Some(text).filter(|text| !text.is_empty()).into();
        let [net, saved, spent] = match status {
            Status::Unpriced => [Cell::Absent, Cell::Absent, Cell::Absent],
            _ => money.clone(),
        };
        vec![
            (row as u64 + 1).into(),
            advice.kind.name().into(),
            text(&advice.resource),
            advice.action.as_str().into(),
            advice.owner().into(),
            advice.payer().into(),
            text(&advice.region),
            net,
            saved,
            spent,
            Effort::name(Kind::effort(advice.kind)).into(),
            advice.confidence.name().into(),
            status.name().into(),
            overlaps_with.map(|better| better as u64 + 1).into(),
            advice.bytes.into(),
            advice.assumption.into(),
        ]
    }

    /// What each figure is made of.
    fn parts(&self) -> Table {
        let mut table = plain("parts", "Parts of each saving");
        table.columns = PART_COLUMNS.map(Head::from).to_vec();
        for (row, place) in self.shown.iter().take(self.rows).enumerate() {
            for part in &self.judged[*place].parts {
                table.rows.push(vec![
                    (row as u64 + 1).into(),
                    part.charge.into(),
                    Some(&*part.region).filter(|region| !region.is_empty()).into(),
                    part.bytes.unsigned_abs().into(),
                    part.hours.unsigned_abs().into(),
                    part.month.map_or(Cell::Absent, signed),
                ]);
            }
        }
        table
    }
}

fn zero() -> Cell {
    Cell::Amount { amount: 0, cents: 0 }
}

/// A signed amount of 10⁻¹⁰ USD, with its cents rounded half away from zero.
fn signed(amount: i128) -> Cell {
    let cents = i128::try_from((amount.unsigned_abs() + CENT / 2) / CENT).unwrap_or(i128::MAX);
    Cell::Amount { amount, cents: cents * amount.signum() }
}

/// A row of money alone.
fn around(name: Cell, money: [Cell; 3]) -> Row {
    let mut row = vec![Cell::Absent; COLUMNS.len()];
    row[1] = name;
    for (cell, money) in row.iter_mut().skip(BEFORE_MONEY).zip(money) {
        *cell = money;
    }
    row
}
