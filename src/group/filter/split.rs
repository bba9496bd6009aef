//! What of a filter can be decided on records, before they are grouped, and what has to wait for the traffic.
//!
//! A conjunct goes to the stage it reads. If it reads both, as in `bytes > 1MiB or path = internet`, its record
//! conditions are still evaluated on records, each as one bit of [`Column::FilterBits`], which is passed through to
//! traffic. So a condition on `bytes` always means the record's bytes, and groups are split only by the conditions that
//! matter.

use super::evaluate::{Leaf, Node, Test};
use super::fault::ExpressionError;
use super::names::is_of_record;
use super::parse::{Conjunct, together};
use super::ranges::Ranges;
use crate::schema::Column;

/// How many conditions on the record may stand in parts that read traffic too.
pub const CONDITIONS_MAX: usize = 31;

/// A filter taken apart.
#[derive(Debug, Default)]
pub(super) struct Split {
    /// The parts that records have to pass, and how they are written.
    pub(super) records: Option<(Node, String)>,
    /// Conditions on records that are bits, from the lowest on.
    pub(super) conditions: Vec<Node>,
    /// The parts that traffic has to pass, and how they are written.
    pub(super) traffic: Option<(Node, String)>,
    /// The record's columns that traffic is compared with.
    pub(super) compared: Vec<Column>,
}

impl Split {
    /// Takes the parts of an expression apart.
    pub(super) fn of(expression: &str, conjuncts: Vec<Conjunct<Leaf>>) -> Result<Self, ExpressionError> {
        let (early, late): (Vec<_>, Vec<_>) = conjuncts.into_iter().partition(|part| is_early(&part.tree));
        let written = |parts: &[Conjunct<Leaf>]| {
            let texts = parts.iter().filter_map(|part| expression.get(part.at.clone()));
            texts.collect::<Vec<_>>().join(" and ")
        };
        let mut split = Self::default();
        let text = written(&early);
        split.records = (!early.is_empty()).then(|| (together(early), text));
        let text = written(&late);
        let mut waiting = Vec::new();
        for Conjunct { tree, at } in late {
            let tree = split.lower(tree, at.start)?;
            waiting.push(Conjunct { tree, at });
        }
        split.traffic = (!waiting.is_empty()).then(|| (together(waiting), text));
        Ok(split)
    }

    /// A part that reads traffic, with what it asks of records as bits.
    fn lower(&mut self, node: Node, at: usize) -> Result<Node, ExpressionError> {
        if is_early(&node) {
            return self.bit(node, at);
        }
        match node {
            Node::All(parts) => self.lower_all(parts, at, Node::All).map(Node::All),
            Node::Any(parts) => self.lower_all(parts, at, Node::Any).map(Node::Any),
            Node::Not(part) => Ok(self.lower(*part, at)?.negated(true)),
            Node::Is(Leaf::Compare(left, relation, right)) => {
                let (left, right) = (self.compared(left, at)?, self.compared(right, at)?);
                Ok(Node::Is(Leaf::Compare(left, relation, right)))
            }
            node @ Node::Is(Leaf::Test(..)) => Ok(node),
        }
    }

    /// The same for several parts: record conditions are combined into one bit.
    fn lower_all(
        &mut self,
        parts: Vec<Node>,
        at: usize,
        as_one: fn(Vec<Node>) -> Node,
    ) -> Result<Vec<Node>, ExpressionError> {
        let (early, late): (Vec<_>, Vec<_>) = parts.into_iter().partition(is_early);
        let first = (!early.is_empty()).then(|| self.bit(as_one(early), at)).transpose()?;
        let rest = late.into_iter().map(|part| self.lower(part, at)).collect::<Result<Vec<_>, _>>()?;
        Ok(first.into_iter().chain(rest).collect())
    }

    fn bit(&mut self, condition: Node, at: usize) -> Result<Node, ExpressionError> {
        let place = self.conditions.len();
        if place == CONDITIONS_MAX {
            let message = format!("more than {CONDITIONS_MAX} record conditions combined with traffic conditions");
            return Err(ExpressionError::new(at, message)
                .hint("combine the record conditions by `or` in one pair of parentheses"));
        }
        self.conditions.push(condition);
        let bit = 1 << place;
        Ok(Node::Is(Leaf::Test(Column::FilterBits, Test::Bits(bit, Ranges::of(vec![(bit, bit)])))))
    }

    /// How traffic has a column that is compared with one of traffic. The ends of a record are those of its packets;
    /// traffic has others where it knows better.
    fn compared(&mut self, column: Column, at: usize) -> Result<Column, ExpressionError> {
        let column = match column {
            Column::Src => Column::PktSrcaddr,
            Column::Dst => Column::PktDstaddr,
            Column::Srcaddr | Column::Dstaddr | Column::PktSrcaddr | Column::PktDstaddr => {
                return Err(ExpressionError::new(at, format!("traffic cannot be compared with `{}`", column.name()))
                    .hint("compare it with src or dst"));
            }
            column => column,
        };
        if is_of_record(column) {
            self.compared.push(column);
        }
        Ok(column)
    }
}

/// Whether a part reads records alone.
fn is_early(node: &Node) -> bool {
    let mut early = true;
    node.each(&mut |leaf: &Leaf| early &= leaf.columns().all(is_of_record));
    early
}
