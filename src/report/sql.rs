//! What a query of the user's gives: polars runs it over the columns that it names.
//!
//! A row of `traffic` and of `charges` is the sum of all that have the same values in the columns that the query names, so
//! that the tables stay as small as a built-in report by those columns, and every sum is what that report says, to the
//! last unit: dollars are rounded as [`super::cost`] rounds them. `flows` has the records. Nothing is written, and no
//! other table or file can be read.

mod cells;
mod query;
mod rewrite;
mod tables;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};

use polars::prelude::{
    DataFrame, Expr, IntoLazy, IntoSeries, LazyFrame, NULL, PolarsError, SortMultipleOptions, col, lit, when,
};
use polars::sql::SQLContext;

pub use query::{QUERY_BYTES_MAX, QUERY_DEPTH_MAX, Query};
pub use tables::{Field, Of, OwnerColumn, Planned, Table};

use super::question::{Frames, Need, Question, key_columns};
use super::{Cell, Meta, Report, Table as Shown};
use crate::error::{Error, panic_text};
use crate::group::{Key, Spec};
use crate::join::{Kept, Wanted};
use crate::price::bill::{Bill, Periods, line, notes};
use crate::price::{Money, PoolTerms, PriceTable, Tiers, rounded_parts, unpriced_notes};
use crate::schema::frame::{int, ints};
use crate::schema::{Column, ColumnSet, output};
use crate::units::human::USD_DECIMALS;

/// A query, and what its tables are made with.
#[derive(Debug)]
pub struct SqlQuestion {
    query: Query,
    tables: Vec<Planned>,
    owners: SqlOwners,
    pricing: SqlPricing,
    /// The records, where the query names them.
    held: Option<DataFrame>,
}

/// Owners in a query.
#[derive(Clone, Debug, Default)]
pub struct SqlOwners {
    /// The keys that owners are known by.
    pub keys: Vec<String>,
    /// The columns of owners that the query names, or may mean by `*`.
    pub columns: Vec<OwnerColumn>,
}

/// What `charges` is priced by.
#[derive(Debug)]
pub struct SqlPricing {
    /// The window of the charges, half-open; unbounded sides are none.
    pub window: (Option<u32>, Option<u32>),
    /// The prices.
    pub prices: PriceTable,
    /// What else decides the cost.
    pub terms: PoolTerms,
    /// Notes on the allocation of charges.
    pub notes: Vec<String>,
}

impl Question for SqlQuestion {
    type Answer = Report;

    fn plan(&self) -> Vec<Need> {
        let is_hourly = self.pricing.terms.tiers == Tiers::Marginal;
        let need = |planned: &Planned| {
            let keys: Vec<Key> = keys(planned);
            match planned.table {
                Table::Flows => None,
                Table::Traffic => Some(traffic_need(planned, keys)),
                Table::Charges => Some(Need::charges(Table::Charges.name(), &keys, is_hourly)),
            }
        };
        self.tables.iter().filter_map(need).collect()
    }

    fn answer(mut self, mut frames: Frames) -> Result<Report, Error> {
        let mut report = Report { name: "sql".to_owned(), ..Report::default() };
        report.meta.window = self.pricing.window;
        let held = self.held.take().unwrap_or_default();
        let mut registered = Vec::new();
        for planned in &self.tables {
            let sums = |frames: &mut Frames| frames.take(planned.table.name());
            let frame = match planned.table {
                Table::Flows => planned.table(&held)?,
                Table::Traffic => tables::sorted(planned.table(&sums(&mut frames)?)?)?,
                Table::Charges => self.charges(planned, &sums(&mut frames)?, &mut report.meta)?,
            };
            registered.push((planned.table, frame));
        }
        let result = guarded(|| {
            let lazy = lazy(self.query.text(), &registered).map_err(|error| self.refusal(&error))?;
            lazy.collect().map_err(|error| failure(&error))
        })?;
        let (table, notes) = cells::table(&result, |place, name| self.kind(self.query.behind(place, name)))?;
        report.tables.push(table);
        report.meta.notes.extend(notes);
        Ok(report)
    }
}

impl SqlQuestion {
    /// A query with the columns of owners that it may name.
    ///
    /// # Errors
    /// A usage error if it names what there is not, or cannot be computed over columns of those types.
    pub fn new(query: Query, owners: SqlOwners, pricing: SqlPricing) -> Result<Self, Error> {
        let planned = |table: &Table| Planned::new(*table, query.names(), query.has_wildcard(), &owners.columns);
        let tables = query.tables().iter().map(planned).collect();
        let question = Self { query, tables, owners, pricing, held: None };
        let is_moment = |name: &&String| question.kind(name) == Some(output::CellKind::Time);
        if let Some(name) = question.query.numbered().iter().find(is_moment) {
            let error = Error::usage(format!("`{name}` is a time and cannot be compared with a number"));
            return Err(error.hint(format!(
                "write {name} >= '2026-10-01T12:00' for a time, extract(hour from {name}) for an hour of day"
            )));
        }
        guarded(|| question.schema()?.collect().map(drop).map_err(|error| question.refusal(&error)))?;
        Ok(question)
    }

    /// The columns of the records that `flows` needs, if the query names it.
    #[must_use]
    pub fn records(&self) -> Option<Vec<Column>> {
        let flows = self.tables.iter().find(|planned| planned.table == Table::Flows)?;
        let mut columns: Vec<Column> = Vec::new();
        for column in flows.keys() {
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        Some(columns)
    }

    /// Takes the records in the columns of [`Self::records`].
    pub fn hold(&mut self, records: DataFrame) {
        self.held = Some(records);
    }

    /// The query plan: its columns, the decoded fields, and polars' plan.
    ///
    /// # Errors
    /// If it cannot be planned.
    pub fn explanation(&self, decoded: ColumnSet) -> Result<Report, Error> {
        let plan = guarded(|| self.schema()?.describe_optimized_plan().map_err(|error| self.refusal(&error)))?;
        let fields =
            self.tables.iter().flat_map(|planned| planned.fields.iter().map(move |field| (planned.table, field)));
        let row = |(table, field): (Table, &Field)| {
            vec![table.name().into(), Cell::from(field.name.as_str()), field.origin().into()]
        };
        let text = |name: &str, title: &str, lines: Vec<Cell>| Shown {
            name: name.to_owned(),
            title: title.to_owned(),
            columns: vec![if name == "plan" { output::STEP.into() } else { output::FIELD.into() }],
            rows: lines.into_iter().map(|line| vec![line]).collect(),
            ..Shown::default()
        };
        let needed = Shown {
            name: "columns".to_owned(),
            title: "Query columns".to_owned(),
            columns: [output::TABLE, output::FIELD, output::STAGE].map(Into::into).to_vec(),
            rows: fields.map(row).collect(),
            ..Shown::default()
        };
        let decoded = decoded.iter().map(|column| column.name().into()).collect();
        let tables = vec![
            needed,
            text("decoded", "Decoded fields", decoded),
            text("plan", "Polars plan", plan.lines().map(Cell::from).collect()),
        ];
        Ok(Report { name: "sql".to_owned(), tables, ..Report::default() })
    }

    /// The query over tables without rows: whether it names what there is and computes with what fits together.
    fn schema(&self) -> Result<LazyFrame, Error> {
        let empty = |planned: &Planned| Ok((planned.table, planned.empty()?));
        let tables = self.tables.iter().map(empty).collect::<Result<Vec<_>, Error>>()?;
        guarded(|| {
            let mut lazy = lazy(self.query.text(), &tables).map_err(|error| self.refusal(&error))?;
            lazy.collect_schema().map_err(|error| self.refusal(&error))?;
            Ok(lazy)
        })
    }

    /// The kind of a column that is named so in one of the tables.
    fn kind(&self, name: &str) -> Option<output::CellKind> {
        self.tables.iter().flat_map(|planned| &planned.fields).find(|field| field.name == name).map(Field::kind)
    }

    /// Why polars does not take a query.
    fn refusal(&self, error: &PolarsError) -> Error {
        let reason = reason(error);
        if reason.starts_with("cannot compare string with numeric type") {
            return self.mixed_comparison();
        }
        let name = reason.strip_prefix("unable to find column \"").and_then(|rest| rest.split('"').next());
        let Some(name) = name else { return Error::usage(format!("query failed: {reason}")) };
        if self.kind(name).is_some() {
            let error = Error::usage(format!("`{name}` is not available here"));
            return error.hint("ORDER BY, HAVING and outer queries can only use selected columns");
        }
        tables::unknown(name, self.query.tables(), &self.owners.keys)
    }

    /// A text is compared with a number.
    fn mixed_comparison(&self) -> Error {
        let error = Error::usage("a text cannot be compared with a number");
        let is_text = |name: &&String| self.kind(name) == Some(output::CellKind::Text);
        match self.query.numbered().iter().find(is_text) {
            Some(name) => error.hint(format!("`{name}` is a text: write its value in single quotes")),
            None => error.hint("texts are written in single quotes, numbers without"),
        }
    }

    /// The table of charges: priced line by line, and summed by the columns that the query names.
    fn charges(&self, planned: &Planned, frame: &DataFrame, meta: &mut Meta) -> Result<DataFrame, Error> {
        let SqlPricing { window, prices, terms, notes: borne } = &self.pricing;
        let mut keys: Vec<String> = keys(planned).iter().map(Key::name).collect();
        keys.dedup();
        let bill = Bill::of(&Periods::default().mark(frame)?, &keys, *window, (prices, terms.clone()))?;
        meta.warnings.clone_from(&bill.warnings);
        meta.notes.extend(borne.iter().cloned().chain(notes(&bill)?).chain(unpriced_notes(&bill.current()?)?));
        planned.table(&dollars(&bill, &keys)?)
    }
}

fn keys(planned: &Planned) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    for column in planned.keys() {
        let key = Key { column, cut: None };
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// What `traffic` is summed by.
fn traffic_need(planned: &Planned, keys: Vec<Key>) -> Need {
    let rejected = [output::REJECTED_BYTES, output::REJECTED_PACKETS, output::REJECTED_FLOWS];
    let packets = [output::PACKETS, output::REJECTED_PACKETS];
    let measured = [Column::Bytes, Column::RecordCount, Column::Packets, Column::Start, Column::End];
    let wanted = Wanted {
        columns: key_columns(&keys).union(ColumnSet::of(&measured)),
        traffic: true,
        charges: false,
        rejected: planned.has_sum(&rejected),
        kept: Kept::default(),
        unfiltered: false,
    };
    let spec = Spec {
        keys,
        bytes: true,
        packets: planned.has_sum(&packets),
        seen: planned.has_sum(&[output::FIRST_SEEN, output::LAST_SEEN]),
        ..Spec::default()
    };
    Need { name: Table::Traffic.name(), wanted, spec }
}

/// The lines of a bill summed by these keys, with dollars that add up to the whole.
fn dollars(bill: &Bill, keys: &[String]) -> Result<DataFrame, Error> {
    let is_free = col(Column::Charge.name()).is_null();
    let known =
        |column: Column| when(is_free.clone()).then(lit(NULL)).otherwise(col(column.name())).alias(column.name());
    let sums = [output::BYTES.name, line::COST, output::UNPRICED_BYTES.name].map(|name| col(name).sum());
    let lines = bill.current()?.lazy().with_columns([known(Column::FromRegion), known(Column::ToRegion)]);
    let by: Vec<Expr> = keys.iter().map(col).collect();
    // Polars does not group by a single number of 128 bits; the period, which is one, is a second key.
    let apart = [by.clone(), vec![col(line::IS_PREVIOUS)]].concat();
    let summed = if by.is_empty() { lines.select(sums) } else { lines.group_by(apart).agg(sums) };
    // As the report of cost ranks its rows: what is lost by rounding goes to the same ones.
    let descending = (0..2).map(|_| true).chain(by.iter().map(|_| false)).collect::<Vec<_>>();
    let options = SortMultipleOptions::default().with_order_descending_multi(descending);
    let order = [vec![col(line::COST), col(output::BYTES.name)], by].concat();
    let mut rows = summed.sort_by_exprs(order, options).collect()?;
    let costs: Vec<_> = int(&rows, line::COST)?.iter().map(|units| Money::of_units(units.unwrap_or(0))).collect();
    let unpriced = int(&rows, output::UNPRICED_BYTES.name)?;
    let usd = rounded_parts(&costs).into_iter().zip(unpriced.iter()).map(|(usd, unpriced)| {
        let is_known = usd > 0 || unpriced.is_none_or(|unpriced| unpriced == 0);
        i128::try_from(usd).ok().filter(|_| is_known)
    });
    let usd = ints(output::USD.name, usd).as_materialized_series().clone();
    rows.with_column(usd.into_decimal(tables::USD_DIGITS, USD_DECIMALS as usize)?.into_series().into())?;
    Ok(rows)
}

/// A query over tables.
fn lazy(text: &str, tables: &[(Table, DataFrame)]) -> Result<LazyFrame, PolarsError> {
    let mut context = SQLContext::new();
    for (table, frame) in tables {
        context.register(table.name(), frame.clone().lazy());
    }
    context.execute(text)
}

/// Why a query failed on its rows.
fn failure(error: &PolarsError) -> Error {
    let reason = reason(error);
    if reason.starts_with("conversion from `i128` to `i64` failed") {
        return Error::limit("query failed: a value has more than 64 bits")
            .hint("`//`, div and bigint have 64 bits; sums have 128, and `/` gives a floating-point number");
    }
    Error::failed(format!("query failed: {reason}"))
}

/// What polars says in one line, without the plan that it was at.
fn reason(error: &PolarsError) -> String {
    use PolarsError::{
        ColumnNotFound, ComputeError, Duplicate, InvalidOperation, SQLInterface, SQLSyntax, SchemaMismatch,
    };
    let text = match error {
        PolarsError::Context { error, .. } | PolarsError::ExprContext { error, .. } => return reason(error),
        ColumnNotFound(text) | ComputeError(text) | Duplicate(text) | InvalidOperation(text) => text.to_string(),
        SQLInterface(text) | SQLSyntax(text) | SchemaMismatch(text) => text.to_string(),
        other => other.to_string(),
    };
    text.split("\n\n").next().unwrap_or_default().replace('\n', " ")
}

/// Turns a panic of polars, which meets some queries with one, into an error.
fn guarded<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic_text(&*panic);
        if text.contains("dtype-u128") {
            // Polars is built without what it needs for that.
            let error = Error::limit("a sum cannot be the only key of GROUP BY, JOIN or DISTINCT");
            return Err(error.hint("write `cast(bytes as bigint)` for it, or name another column beside it"));
        }
        Err(Error::internal(format!("polars failed on the query: {text}")))
    })
}
