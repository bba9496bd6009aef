//! Shared cost split over owners: the table `split`, with what each owner costs before and after.

use std::collections::BTreeMap;

use polars::prelude::{IntoLazy, col};

use super::total;
use crate::error::{Error, nearest};
use crate::group::{Key, Spec};
use crate::join::owners::{EXTERNAL, UNALLOCATED};
use crate::join::{Kept, Wanted};
use crate::price::Money;
use crate::price::bill::{Bill, line};
use crate::price::split::{Allotted, Owned, SplitBy, SplitRule, apply};
use crate::report::amounts::{amounts, difference, plain, share};
use crate::report::question::{Frames, Need, key_columns};
use crate::report::{Cell, Head, Report, Row, Table};
use crate::schema::Column;
use crate::schema::frame::{int, texts};
use crate::schema::output::{self, CellKind};
use crate::units::human;

/// What each owner costs and sends; what is of no owner has no name.
type Owners = BTreeMap<String, Owned>;
/// Unpriced bytes by owner.
type Unpriced = BTreeMap<String, u128>;

/// The frame of bytes by owner.
const BYTES: &str = "split";

/// Which owners are split, and over whom.
#[derive(Clone, Debug)]
pub struct Splits {
    /// The key that the owners are of, as typed.
    pub label: String,
    /// Its column.
    pub key: Key,
    /// How each is split.
    pub rules: Vec<SplitRule>,
}

impl Splits {
    /// Bytes by owner, each once.
    pub(super) fn need(&self) -> Need {
        let keys = vec![self.key.clone()];
        let wanted = Wanted {
            columns: key_columns(&keys).with(Column::Bytes),
            traffic: true,
            charges: false,
            rejected: false,
            kept: Kept::default(),
            unfiltered: false,
        };
        Need { name: BYTES, wanted, spec: Spec { keys, bytes: true, ..Spec::default() } }
    }

    /// Puts the table before the others, and says what was split by which rule.
    pub(super) fn add(&self, report: &mut Report, bill: &Bill, frames: &mut Frames) -> Result<(), Error> {
        let (owners, unpriced) = self.owners(bill, frames)?;
        let is_nobody = |name: &str| name.is_empty() || matches!(name, UNALLOCATED | EXTERNAL);
        let (allotted, unsplit) = apply(&owners, &self.rules, is_nobody);
        let mut notes = Vec::new();
        for rule in &self.rules {
            let name = format!("{}={}", self.label, rule.owner);
            if !unsplit.contains(&rule) {
                let usd = owners.get(&rule.owner).map(|owned| owned.usd).unwrap_or_default();
                let how = said(rule);
                notes.push(format!("split: {} of {name} {how}", human::usd(usd.rounded())));
            } else if owners.contains_key(&rule.owner) {
                report.meta.warnings.push(format!("--split {name}: no other owner to split over; it keeps its cost"));
            } else {
                let near = nearest(&rule.owner, owners.keys().map(String::as_str));
                let near = near.map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
                report.meta.warnings.push(format!("--split {name}: nothing in these logs is of it{near}"));
            }
        }
        report.meta.notes.splice(0..0, notes);
        report.tables.insert(0, self.table(&owners, &unpriced, &allotted));
        Ok(())
    }

    /// What each owner costs and sends, and its unpriced bytes; those of no owner have no name.
    fn owners(&self, bill: &Bill, frames: &mut Frames) -> Result<(Owners, Unpriced), Error> {
        let name = self.key.name();
        let (mut owners, mut unpriced) = (Owners::new(), Unpriced::new());
        // Polars does not group by a single number of 128 bits, and owners are texts.
        let sums = [line::COST, output::UNPRICED_BYTES.name].map(|name| col(name).sum());
        let costs = bill.current()?.lazy().group_by([col(name.as_str())]).agg(sums).collect()?;
        let numbers = int(&costs, line::COST)?.iter().zip(int(&costs, output::UNPRICED_BYTES.name)?.iter());
        for (owner, (cost, bytes)) in texts(&costs, &name)?.zip(numbers) {
            let owner = owner.unwrap_or_default();
            owners.entry(owner.to_owned()).or_default().usd = Money::of_units(cost.unwrap_or(0));
            unpriced.insert(owner.to_owned(), u128::try_from(bytes.unwrap_or(0)).unwrap_or(0));
        }
        let sent = frames.take(BYTES)?;
        for (owner, bytes) in texts(&sent, &name)?.zip(int(&sent, output::BYTES.name)?.iter()) {
            owners.entry(owner.unwrap_or_default().to_owned()).or_default().bytes +=
                u128::try_from(bytes.unwrap_or(0)).unwrap_or(0);
        }
        debug_assert_eq!(unpriced.values().sum::<u128>(), total(&costs, output::UNPRICED_BYTES.name)?);
        Ok((owners, unpriced))
    }

    fn table(&self, owners: &Owners, unpriced: &Unpriced, allotted: &BTreeMap<String, Allotted>) -> Table {
        let mut ranked: Vec<(&String, &Allotted)> = allotted.iter().collect();
        ranked.sort_by(|(a, one), (b, other)| other.after.cmp(&one.after).then_with(|| a.cmp(b)));
        let column = |of: fn(&Allotted) -> Money| amounts(&ranked.iter().map(|(_, one)| of(one)).collect::<Vec<_>>());
        let (before, before_total) = column(|one| one.before);
        let (received, received_total) = column(|one| one.received);
        let (after, after_total) = column(|one| one.after);
        let heads = [
            output::SPLIT_RULE,
            output::BYTES,
            output::BEFORE_USD,
            output::SPLIT_SHARE,
            output::SPLIT_USD,
            output::AFTER_USD,
            output::UNPRICED_BYTES,
        ];
        let label = Head { name: self.label.clone(), kind: CellKind::Text };
        let mut table = plain("split", "Shared cost split over owners");
        table.columns = std::iter::once(label).chain(heads.map(Head::from)).collect();
        let row = |(name, rule): (Cell, Cell),
                   bytes: u128,
                   [before, after]: [&Cell; 2],
                   share: Cell,
                   unpriced: u128|
         -> Row {
            let split = difference(after, before);
            vec![name, rule, bytes.into(), before.clone(), share, split, after.clone(), unpriced.into()]
        };
        let rule = |name: &str| self.rules.iter().find(|rule| rule.owner == name);
        let amounts = before.iter().zip(&received).zip(&after);
        table.rows = ranked
            .iter()
            .zip(amounts)
            .map(|((name, _), ((before, received), after))| {
                let label = Cell::from(Some(name.as_str()).filter(|name| !name.is_empty()));
                let rule = rule(name);
                let part = if rule.is_some() { Cell::Absent } else { share(received, &received_total) };
                let bytes = owners.get(*name).map_or(0, |owned| owned.bytes);
                let unpriced = unpriced.get(*name).copied().unwrap_or(0);
                row((label, rule.map(said).into()), bytes, [before, after], part, unpriced)
            })
            .collect();
        let (bytes, unpriced) = (owners.values().map(|owned| owned.bytes).sum(), unpriced.values().sum());
        let whole = share(&received_total, &received_total);
        table.total = Some(row((Cell::Absent, Cell::Absent), bytes, [&before_total, &after_total], whole, unpriced));
        table.hidden_if_zero = vec![output::UNPRICED_BYTES.name];
        table
    }
}

/// A rule in words.
fn said(rule: &SplitRule) -> String {
    match &rule.by {
        SplitBy::Bytes => "by bytes".to_owned(),
        SplitBy::Even => "evenly".to_owned(),
        SplitBy::Weights { file, .. } => format!("by weights of {file}"),
    }
}
