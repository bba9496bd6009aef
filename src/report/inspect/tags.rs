//! Coverage of tags: which rows of the tag tables meet an end of these logs, and which ends have no owner, largest first.

use std::sync::Arc;

use polars::prelude::{DataFrame, Expr, IntoLazy, SortMultipleOptions, UnionArgs, col, concat, lit};

use crate::error::Error;
use crate::group::{Key, Spec};
use crate::join::owners::{EXTERNAL, Owners, UNALLOCATED};
use crate::join::{Kept, Wanted};
use crate::price::bill::{Bill, Periods, line, notes};
use crate::price::{Money, PoolTerms, PriceTable, Tiers, unpriced_notes};
use crate::report::amounts::{amounts, plain, share};
use crate::report::frame::rows;
use crate::report::question::{Frames, Need, Question, key_columns};
use crate::report::{Cell, Head, Report, Row, Table};
use crate::schema::frame::{int, texts};
use crate::schema::{Column, output};
use crate::units::human::{self, counted};

/// The names of the tables.
pub const TABLES: [&str; 3] = ["tags", "untagged", "unmatched"];
/// How many untagged ends are listed.
const UNTAGGED_MAX: u32 = 100;
/// The frames of traffic by source and by destination, and of charges by owner.
const FRAMES: [&str; 2] = ["sources", "destinations"];
const CHARGES: &str = "charges";
/// What an end is told by, at either side.
const ENDS: [[Column; 5]; 2] = [
    [Column::SrcInterface, Column::SrcInstance, Column::SrcVpc, Column::SrcSubnet, Column::Src],
    [Column::DstInterface, Column::DstInstance, Column::DstVpc, Column::DstSubnet, Column::Dst],
];
/// The same in the tables.
const END_HEADS: [output::Output; 5] =
    [output::INTERFACE, output::INSTANCE, output::VPC, output::SUBNET, output::ADDRESS];

/// Coverage of tags.
#[derive(Debug)]
pub struct TagsQuestion {
    /// The owner keys, by name.
    pub keys: Vec<Arc<str>>,
    /// The columns of each key: the owner that charges are allocated to, the source's, the destination's.
    pub columns: Vec<[Column; 3]>,
    /// The owners that the join asks; they tell which rows met an end.
    pub owners: Owners,
    /// The names of the tag tables, in their order.
    pub files: Vec<String>,
    /// The window, half-open; unbounded sides are none.
    pub window: (Option<u32>, Option<u32>),
    /// The prices.
    pub prices: PriceTable,
    /// What else decides the cost.
    pub terms: PoolTerms,
}

impl Question for TagsQuestion {
    type Answer = Report;

    fn plan(&self) -> Vec<Need> {
        let side = |side: usize| {
            let owners = self.columns.iter().map(|columns| columns[side + 1]);
            let keys: Vec<Key> = owners.chain(ENDS[side]).map(key).collect();
            let columns = key_columns(&keys).with(Column::Bytes);
            let wanted = Wanted {
                columns,
                traffic: true,
                charges: false,
                rejected: false,
                kept: Kept::default(),
                unfiltered: false,
            };
            Need { name: FRAMES[side], wanted, spec: Spec { keys, bytes: true, ..Spec::default() } }
        };
        let is_hourly = self.terms.tiers == Tiers::Marginal;
        vec![side(0), side(1), Need::charges(CHARGES, &self.owner_keys(), is_hourly)]
    }

    fn answer(self, mut frames: Frames) -> Result<Report, Error> {
        let ends = self.ends(&mut frames)?;
        let charges = Periods::default().mark(&frames.take(CHARGES)?)?;
        let names: Vec<String> = self.owner_keys().iter().map(Key::name).collect();
        let bill = Bill::of(&charges, &names, self.window, (&self.prices, self.terms.clone()))?;
        let mut report = Report { name: "inspect".to_owned(), ..Report::default() };
        report.meta.window = self.window;
        report.meta.warnings.clone_from(&bill.warnings);
        report.meta.notes = notes(&bill)?;
        report.meta.notes.extend(unpriced_notes(&bill.lines)?);
        let (unmatched, said) = self.unmatched();
        report.meta.notes.splice(0..0, said);
        report.tables = vec![self.coverage(&ends, &bill)?, self.untagged(&ends)?, unmatched];
        Ok(report)
    }
}

fn key(column: Column) -> Key {
    Key { column, cut: None }
}

/// The name of the owner by the key at a place, in a frame of ends.
fn owner(place: usize) -> String {
    format!("owner_{place}")
}

/// Whether an owner is one.
fn is_tagged(name: &str) -> Expr {
    col(name).neq(lit(UNALLOCATED)).and(col(name).neq(lit(EXTERNAL)))
}

impl TagsQuestion {
    fn owner_keys(&self) -> Vec<Key> {
        self.columns.iter().map(|columns| key(columns[0])).collect()
    }

    /// Every end of the estate with its owners and the bytes of its traffic: what two own ends exchange is at both.
    fn ends(&self, frames: &mut Frames) -> Result<DataFrame, Error> {
        let mut sides = Vec::new();
        for (side, name) in FRAMES.into_iter().enumerate() {
            let owners = self.columns.iter().enumerate();
            let owners = owners.map(|(place, columns)| col(key(columns[side + 1]).name()).alias(owner(place)));
            let ends = ENDS[side].into_iter().zip(END_HEADS);
            let ends = ends.map(|(column, head)| col(key(column).name()).alias(head.name));
            let columns: Vec<Expr> = owners.chain(ends).chain([col(output::BYTES.name)]).collect();
            sides.push(frames.take(name)?.lazy().select(columns));
        }
        let owners = (0..self.keys.len()).map(|place| col(owner(place)));
        let by: Vec<Expr> = owners.chain(END_HEADS.map(|head| col(head.name))).collect();
        let all = concat(sides, UnionArgs::default())?.filter(col(owner(0)).neq(lit(EXTERNAL)));
        Ok(all.group_by(by).agg([col(output::BYTES.name).sum()]).collect()?)
    }

    /// By key: rows and interfaces that match, and how many bytes and dollars have an owner.
    fn coverage(&self, ends: &DataFrame, bill: &Bill) -> Result<Table, Error> {
        let mut table = plain("tags", "Coverage of tags");
        let heads = [
            output::OWNER_KEY,
            output::TAG_ROWS,
            output::MATCHED_ROWS,
            output::INTERFACES,
            output::TAGGED_INTERFACES,
            output::BYTES,
            output::TAGGED_BYTES,
            output::TAGGED_BYTES_SHARE,
            output::USD,
            output::TAGGED_USD,
            output::TAGGED_USD_SHARE,
        ];
        table.columns = heads.map(Head::from).into();
        let interface = END_HEADS[0].name;
        for (place, name) in self.keys.iter().enumerate() {
            let tagged = ends.clone().lazy().filter(is_tagged(&owner(place))).collect()?;
            let interfaces = |frame: &DataFrame| -> Result<u64, Error> {
                let ids: std::collections::BTreeSet<_> =
                    texts(frame, interface)?.flatten().map(str::to_owned).collect();
                Ok(ids.len() as u64)
            };
            let bytes = |frame: &DataFrame| -> Result<u128, Error> {
                let bytes = int(frame, output::BYTES.name)?;
                Ok(bytes.iter().flatten().map(|bytes| u128::try_from(bytes).unwrap_or(0)).sum())
            };
            let (all, covered) = (bytes(ends)?, bytes(&tagged)?);
            let (usd, own) = self.dollars(place, bill)?;
            let (parts, whole) = amounts(&[own, usd.without(own)]);
            let rows = self.owners.rows(place);
            let of_usd = share(&parts[0], &whole);
            table.rows.push(vec![
                (&**name).into(),
                rows.all.into(),
                (rows.all - rows.unmet.len() as u64).into(),
                interfaces(ends)?.into(),
                interfaces(&tagged)?.into(),
                all.into(),
                covered.into(),
                Cell::Share { part: covered, whole: all },
                whole,
                parts[0].clone(),
                of_usd,
            ]);
        }
        Ok(table)
    }

    /// What everything costs, and what is allocated to an owner by a key.
    fn dollars(&self, place: usize, bill: &Bill) -> Result<(Money, Money), Error> {
        let (mut all, mut own) = (Money::default(), Money::default());
        let name = key(self.columns[place][0]).name();
        for (owner, cost) in texts(&bill.lines, &name)?.zip(int(&bill.lines, line::COST)?.iter()) {
            let cost = Money::of_units(cost.unwrap_or(0));
            all = all + cost;
            if owner.is_some_and(|owner| !matches!(owner, UNALLOCATED | EXTERNAL)) {
                own = own + cost;
            }
        }
        Ok((all, own))
    }

    /// The ends of the estate without an owner by some key, most bytes first: what to tag next.
    fn untagged(&self, ends: &DataFrame) -> Result<Table, Error> {
        let mut table = plain("untagged", "Largest ends without an owner");
        table.columns = std::iter::once(output::OWNER_KEY.into())
            .chain(END_HEADS.map(Head::from))
            .chain([output::BYTES, output::SHARE].map(Head::from))
            .collect();
        table.hidden_if_empty = true;
        for (place, name) in self.keys.iter().enumerate() {
            let all: i128 = int(ends, output::BYTES.name)?.iter().flatten().sum();
            let by: Vec<Expr> = END_HEADS.map(|head| col(head.name)).into();
            let lines = ends.clone().lazy().filter(is_tagged(&owner(place)).not());
            let lines = lines.group_by(by.clone()).agg([col(output::BYTES.name).sum()]);
            let descending = std::iter::once(true).chain(by.iter().map(|_| false)).collect::<Vec<_>>();
            let options = SortMultipleOptions::default().with_order_descending_multi(descending);
            let order = std::iter::once(col(output::BYTES.name)).chain(by).collect::<Vec<_>>();
            let frame = lines.sort_by_exprs(order, options).limit(UNTAGGED_MAX).collect()?;
            let cells = rows(&frame, END_HEADS.map(|head| head.name))?;
            for (cells, bytes) in cells.into_iter().zip(int(&frame, output::BYTES.name)?.iter()) {
                let bytes = u128::try_from(bytes.unwrap_or(0)).unwrap_or(0);
                let share = Cell::Share { part: bytes, whole: u128::try_from(all).unwrap_or(0) };
                let row: Row = std::iter::once(Cell::from(&**name)).chain(cells).chain([bytes.into(), share]).collect();
                table.rows.push(row);
            }
        }
        Ok(table)
    }

    /// The rows of tag tables that met no end, and a note on each key.
    fn unmatched(&self) -> (Table, Vec<String>) {
        let mut table = plain("unmatched", "Rows of tag tables that match nothing");
        let heads = [output::OWNER_KEY, output::TAG_TABLE, output::LINE, output::RESOURCE, output::OWNER];
        table.columns = heads.map(Head::from).into();
        table.hidden_if_empty = true;
        let mut notes = Vec::new();
        for (place, name) in self.keys.iter().enumerate() {
            let rows = self.owners.rows(place);
            let met = rows.all - rows.unmet.len() as u64;
            if rows.all > 0 {
                let (met, all) = (human::count(met.into()), counted(rows.all, "row"));
                notes.push(format!("{name}: {met} of {all} of the tag tables match an end in these logs"));
            }
            table.rows.extend(rows.unmet.into_iter().map(|row| -> Row {
                let file = self.files.get(row.file).map(String::as_str);
                vec![(&**name).into(), file.into(), row.line.into(), row.resource.as_str().into(), (&*row.owner).into()]
            }));
        }
        (table, notes)
    }
}
