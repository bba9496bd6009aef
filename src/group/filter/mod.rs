//! The `--where` grammar: text → filter → the rows of a block that pass.
//!
//! ```text
//! src in 10.0.0.0/8 and dst_port = https and bytes > 10MiB and not team = web
//! ```
//!
//! docs/filter.md documents the syntax for users.
//!
//! **Grammar**, loosest first; keywords in any case:
//! `a or b` (`||`) · `a and b` (`&&`) · `not a` (`!`) · `( a )` · *column operator value*.
//!
//! **Columns** are those of the schema and their aliases, with or without their underscores (`dst_port` is `dstport`),
//! two pairs, `addr` (src or dst) and `anyport` (srcport or dstport), and the owner keys that [`Names`] knows. A
//! comparison of a pair holds if it holds for either side; its negation (`!=`, `not in`, `is present`) therefore if it
//! holds for neither.
//!
//! **Absent values.** Logic is two-valued. A comparison with an absent value is false, also between columns; `!=`, `not
//! in`, `!~` and `is present` are the exact negations of `=`, `in`, `~` and `is absent`, so the first three are true
//! for an absent value; `not` negates the condition that follows. IPv6 CIDRs and ranges match IPv6 addresses only:
//! `::/0` is every IPv6 address and no IPv4 one.
//!
//! **Records and traffic.** What reads columns of records alone is decided before anything is summed; the rest when the
//! records are joined: see `split`. The lexer and the parser serve other terms too: `--having` is the same grammar over the
//! columns of an answer.

mod check;
mod evaluate;
mod fault;
mod lex;
mod literal;
mod names;
mod parse;
mod ranges;
mod split;
mod text;
mod tree;

use std::sync::Arc;

use crate::error::Error;
use crate::schema::{Column, ColumnSet};
use crate::units::time::Zone;
use evaluate::Program;
use split::Split;

pub(crate) use check::{addresses, span};
pub use evaluate::{Conditions, Evaluator};
pub(crate) use fault::ExpressionError;
pub(crate) use literal::{moment, number_of};
pub use names::{AsNamed, Names, OfRecords};
pub(crate) use parse::{Comparison, Relation, Terms, conjuncts, together};
pub use parse::{DEPTH_MAX, LENGTH_MAX};
pub(crate) use ranges::Ranges;
pub use split::CONDITIONS_MAX;
pub use text::PATTERN_BYTES_MAX;
pub(crate) use text::{Pattern, like, one_of};
pub(crate) use tree::Tree;

/// A checked expression; cheap to clone.
#[derive(Clone, Debug)]
pub struct Filter {
    text: Arc<str>,
    /// What records have to pass.
    records: Part,
    /// What is noted of records for the traffic's part.
    conditions: Arc<[Arc<Program>]>,
    /// What traffic has to pass.
    traffic: Option<Part>,
    /// Columns of the records that traffic is compared with.
    compared: Arc<[Column]>,
    /// The owners that it names, with their columns.
    owners: Arc<[(String, Column)]>,
}

/// A part of a filter, with its own text.
#[derive(Clone, Debug)]
struct Part {
    program: Arc<Program>,
    /// As it was written; empty if there is nothing to pass.
    text: Arc<str>,
}

impl Part {
    fn new((node, text): (evaluate::Node, String), zone: Zone) -> Self {
        Self { program: Arc::new(Program::new(node, zone)), text: text.into() }
    }
}

impl Filter {
    /// Reads an expression over records; `now` and `zone` are for the moments in it.
    ///
    /// # Errors
    /// A usage error that shows the expression, points at the character, and suggests a correction.
    pub fn parse(text: &str, now: u32, zone: Zone) -> Result<Self, Error> {
        Self::parse_with(text, now, zone, &mut OfRecords)
    }

    /// Parses an expression with names beyond record columns.
    ///
    /// # Errors
    /// The same.
    pub fn parse_with(text: &str, now: u32, zone: Zone, names: &mut dyn Names) -> Result<Self, Error> {
        let mut checker = check::Checker::new(now, zone, names);
        let split = conjuncts(text, &mut checker).and_then(|conjuncts| Split::of(text, conjuncts));
        let Split { records, conditions, traffic, compared } =
            split.map_err(|fault| fault.into_error("--where", text))?;
        let all = || (Tree::All(Vec::new()), String::new());
        Ok(Self {
            text: text.into(),
            records: Part::new(records.unwrap_or_else(all), zone),
            conditions: conditions.into_iter().map(|condition| Arc::new(Program::new(condition, zone))).collect(),
            traffic: traffic.map(|traffic| Part::new(traffic, zone)),
            compared: compared.into(),
            owners: checker.owners.into(),
        })
    }

    /// The columns that `decode` must give so that records can be decided on.
    #[must_use]
    pub fn columns(&self) -> ColumnSet {
        self.named_columns().iter().fold(ColumnSet::default(), |set, column| set.union(column.decoded()))
    }

    /// The columns of the records that it names, as they are named.
    #[must_use]
    pub fn named_columns(&self) -> ColumnSet {
        let programs = self.conditions.iter().chain([&self.records.program]);
        programs.map(|program| program.columns).fold(ColumnSet::default(), ColumnSet::union)
    }

    /// What a worker needs to decide on records.
    #[must_use]
    pub fn evaluator(&self) -> Evaluator {
        Evaluator::new(Arc::clone(&self.records.program))
    }

    /// What a worker needs to note of records, if traffic is decided on too and asks for it.
    #[must_use]
    pub fn conditions(&self) -> Option<Conditions> {
        (!self.conditions.is_empty()).then(|| Conditions::new(&self.conditions))
    }

    /// What a worker needs to decide on traffic; nothing if the records decide it all.
    #[must_use]
    pub fn traffic_evaluator(&self) -> Option<Evaluator> {
        self.traffic.as_ref().map(|part| Evaluator::new(Arc::clone(&part.program)))
    }

    /// The columns that traffic must have for that.
    #[must_use]
    pub fn traffic_columns(&self) -> ColumnSet {
        self.traffic.as_ref().map_or_else(ColumnSet::default, |part| part.program.columns)
    }

    /// The columns of the records that must ride along to the traffic for that.
    #[must_use]
    pub fn passthrough(&self) -> Vec<Column> {
        let bits = (!self.conditions.is_empty()).then_some(Column::FilterBits);
        ColumnSet::of(&self.compared).iter().chain(bits).collect()
    }

    /// The owners that it names, with their columns: what [`AsNamed`] needs to read it once more.
    #[must_use]
    pub fn owners(&self) -> &[(String, Column)] {
        &self.owners
    }

    /// The expression as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The conjuncts on records and those on traffic.
    #[must_use]
    pub fn parts(&self) -> (Option<&str>, Option<&str>) {
        let records = Some(&*self.records.text).filter(|text| !text.is_empty());
        (records, self.traffic.as_ref().map(|part| &*part.text))
    }
}

#[cfg(test)]
mod tests;
