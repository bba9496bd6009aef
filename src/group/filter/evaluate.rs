//! A filter at work: a column at a time, a mark per row, marks combined as the expression says.
//!
//! Two-valued: a test is true or false, for absent values too (false), and `Not` turns it round. A text is tested
//! once for each code of the dictionary; the verdict is kept.

use std::sync::Arc;

use super::parse::Relation;
use super::ranges::Ranges;
use super::text::Pattern;
use super::tree::Tree;
use crate::decode::{Dictionary, Flows, Values};
use crate::group::derive;
use crate::schema::{ABSENT_ADDRESS, ABSENT_BIG, ABSENT_SMALL, ABSENT_TEXT, Column, ColumnSet};
use crate::units::time::Zone;

/// An expression of tests of columns.
pub(super) type Node = Tree<Leaf>;

/// A checked expression, or a part of one.
#[derive(Debug)]
pub(super) struct Program {
    root: Node,
    /// The columns that its tests read, derived ones as such.
    pub(super) columns: ColumnSet,
    /// One more than the greatest number of its text tests.
    text_tests: usize,
    /// Whose days it means.
    zone: Zone,
}

impl Program {
    pub(super) fn new(root: Node, zone: Zone) -> Self {
        let (mut columns, mut text_tests) = (ColumnSet::default(), 0);
        root.each(&mut |leaf: &Leaf| {
            columns = leaf.columns().fold(columns, ColumnSet::with);
            if let Leaf::Test(_, Test::Text(place, _)) = leaf {
                text_tests = text_tests.max(place + 1);
            }
        });
        Self { root, columns, text_tests, zone }
    }
}

/// A test of one row.
#[derive(Clone, Debug)]
pub(super) enum Leaf {
    /// The column's value passes.
    Test(Column, Test),
    /// Both columns have a value, and these relate so.
    Compare(Column, Relation, Column),
}

impl Leaf {
    /// The columns that it reads.
    pub(super) fn columns(&self) -> impl Iterator<Item = Column> + use<> {
        match self {
            Self::Test(column, _) => [Some(*column), None],
            Self::Compare(left, _, right) => [Some(*left), Some(*right)],
        }
        .into_iter()
        .flatten()
    }
}

/// What a value must be to pass. An absent one passes only where `is absent` asks for it.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Address(Ranges<u128>),
    /// Small numbers and times, and texts by their code.
    Small(Ranges<u32>),
    Big(Ranges<u64>),
    /// These bits of an integer.
    Bits(u64, Ranges<u64>),
    /// The number of the test among the text tests, and what it asks for.
    Text(usize, Pattern),
}

/// What one worker needs to apply a filter to block after block: buffers, and the verdicts on texts seen so far.
#[derive(Debug)]
pub struct Evaluator {
    program: Arc<Program>,
    marks: Vec<bool>,
    scratch: Scratch,
}

impl Evaluator {
    pub(super) fn new(program: Arc<Program>) -> Self {
        let columns = program.columns.iter().map(|column| (column, Values::new(column.kind()))).collect();
        let verdicts = vec![Vec::new(); program.text_tests];
        Self { program, marks: Vec::new(), scratch: Scratch { columns, verdicts, spare: Vec::new() } }
    }

    /// Marks the rows that pass. `dictionary` must be the dictionary of the block's codes, and the same for the
    /// evaluator's lifetime; it may have grown since the last block.
    pub fn select(&mut self, flows: &Flows, dictionary: &Dictionary) -> &[bool] {
        for (column, values) in &mut self.scratch.columns {
            if flows.values(*column).is_none() {
                derive::derive_in(self.program.zone, *column, flows, values);
            }
        }
        self.scratch.mark(&self.program.root, Block { flows, dictionary }, &mut self.marks);
        &self.marks
    }
}

/// What one worker needs to note which conditions records meet: a bit for each, from the lowest on.
#[derive(Debug)]
pub struct Conditions {
    evaluators: Vec<Evaluator>,
    bits: Values,
}

impl Conditions {
    pub(super) fn new(programs: &[Arc<Program>]) -> Self {
        let evaluators = programs.iter().map(|program| Evaluator::new(Arc::clone(program))).collect();
        Self { evaluators, bits: Values::Small(Vec::new()) }
    }

    /// The values of [`Column::FilterBits`] for a block; what holds for [`Evaluator::select`] holds here.
    pub fn bits(&mut self, flows: &Flows, dictionary: &Dictionary) -> &Values {
        if let Values::Small(bits) = &mut self.bits {
            bits.clear();
            bits.resize(flows.rows(), 0);
            for (place, evaluator) in self.evaluators.iter_mut().enumerate() {
                let marks = evaluator.select(flows, dictionary);
                bits.iter_mut().zip(marks).for_each(|(bits, mark)| *bits |= u32::from(*mark) << place);
            }
        }
        &self.bits
    }
}

#[derive(Clone, Copy)]
struct Block<'a> {
    flows: &'a Flows,
    dictionary: &'a Dictionary,
}

#[derive(Debug)]
struct Scratch {
    /// The columns that the tests read; the values are used where the block does not have the column.
    columns: Vec<(Column, Values)>,
    /// The verdict on each code, by text test; none where the code was not met yet.
    verdicts: Vec<Vec<Option<bool>>>,
    /// Buffers for marks, not in use.
    spare: Vec<Vec<bool>>,
}

impl Scratch {
    fn mark(&mut self, node: &Node, block: Block<'_>, marks: &mut Vec<bool>) {
        match node {
            Node::All(nodes) => self.combine(nodes, block, marks, true, |mark, other| mark & other),
            Node::Any(nodes) => self.combine(nodes, block, marks, false, |mark, other| mark | other),
            Node::Not(node) => {
                self.mark(node, block, marks);
                marks.iter_mut().for_each(|mark| *mark = !*mark);
            }
            Node::Is(Leaf::Test(column, test)) => self.test(*column, test, block, marks),
            Node::Is(Leaf::Compare(left, relation, right)) => {
                compare(self.values(*left, block), *relation, self.values(*right, block), block.flows.rows(), marks);
            }
        }
    }

    fn combine(
        &mut self,
        nodes: &[Node],
        block: Block<'_>,
        marks: &mut Vec<bool>,
        of_none: bool,
        both: impl Fn(bool, bool) -> bool,
    ) {
        let Some((first, rest)) = nodes.split_first() else {
            marks.clear();
            marks.resize(block.flows.rows(), of_none);
            return;
        };
        self.mark(first, block, marks);
        let mut others = self.spare.pop().unwrap_or_default();
        for node in rest {
            self.mark(node, block, &mut others);
            for (mark, other) in marks.iter_mut().zip(&others) {
                *mark = both(*mark, *other);
            }
        }
        self.spare.push(others);
    }

    /// A column's values: the block's, else the derived ones.
    fn values<'s>(&'s self, column: Column, block: Block<'s>) -> Option<&'s Values> {
        let own = || self.columns.iter().find(|(own, _)| *own == column).map(|(_, values)| values);
        block.flows.values(column).or_else(own)
    }

    fn test(&mut self, column: Column, test: &Test, block: Block<'_>, marks: &mut Vec<bool>) {
        if let Test::Text(place, pattern) = test {
            let mut verdicts = std::mem::take(&mut self.verdicts[*place]);
            match self.values(column, block) {
                Some(Values::Text(codes)) => mark_texts(pattern, codes, block.dictionary, &mut verdicts, marks),
                _ => mark_none(block.flows.rows(), marks),
            }
            self.verdicts[*place] = verdicts;
            return;
        }
        match (test, self.values(column, block)) {
            (Test::Address(ranges), Some(Values::Address(values))) => ranges.mark(values, marks),
            (Test::Big(ranges), Some(Values::Big(values))) => ranges.mark(values, marks),
            (Test::Small(ranges), Some(Values::Small(values) | Values::Time(values) | Values::Text(values))) => {
                ranges.mark(values, marks);
            }
            (Test::Bits(mask, ranges), Some(values)) => {
                let passes = |row| number(values, row).is_some_and(|number| ranges.holds(number & mask));
                marks.clear();
                marks.extend((0..block.flows.rows()).map(passes));
            }
            // The checker pairs columns with tests of their kind, so there is no such block.
            _ => mark_none(block.flows.rows(), marks),
        }
    }
}

fn mark_none(rows: usize, marks: &mut Vec<bool>) {
    marks.clear();
    marks.resize(rows, false);
}

fn mark_texts(
    pattern: &Pattern,
    codes: &[u32],
    dictionary: &Dictionary,
    verdicts: &mut Vec<Option<bool>>,
    marks: &mut Vec<bool>,
) {
    if verdicts.len() < dictionary.len() {
        verdicts.resize(dictionary.len(), None);
    }
    marks.clear();
    marks.extend(codes.iter().map(|code| match verdicts.get_mut(*code as usize) {
        Some(verdict) => *verdict.get_or_insert_with(|| *code != ABSENT_TEXT && pattern.takes(dictionary.text(*code))),
        None => false,
    }));
}

/// Marks the rows in which both columns have a value and relate so.
fn compare(left: Option<&Values>, relation: Relation, right: Option<&Values>, rows: usize, marks: &mut Vec<bool>) {
    marks.clear();
    match (left, right) {
        (Some(Values::Address(left)), Some(Values::Address(right))) => {
            let is_so = |(left, right): (&u128, &u128)| {
                *left != ABSENT_ADDRESS && *right != ABSENT_ADDRESS && relation.holds(left.cmp(right))
            };
            marks.extend(left.iter().zip(right).map(is_so));
        }
        (Some(left), Some(right)) => marks.extend((0..rows).map(|row| {
            let both = number(left, row).zip(number(right, row));
            both.is_some_and(|(left, right)| relation.holds(left.cmp(&right)))
        })),
        _ => mark_none(rows, marks),
    }
}

/// A value that is a number: of texts the code, which is the same for equal texts of one dictionary.
fn number(values: &Values, row: usize) -> Option<u64> {
    let small = |values: &[u32], absent| values.get(row).filter(|value| **value != absent).map(|value| (*value).into());
    match values {
        Values::Small(values) | Values::Time(values) => small(values, ABSENT_SMALL),
        Values::Text(codes) => small(codes, ABSENT_TEXT),
        Values::Big(values) => values.get(row).filter(|value| **value != ABSENT_BIG).copied(),
        Values::Address(_) => None,
    }
}
