//! A filter at work: a column at a time, a mark per record, marks combined as the expression says.
//!
//! Two-valued: a test is true or false, for absent values too (false), and `Not` turns it round. A text is tested
//! once for each code of the dictionary; the verdict is kept.

use std::collections::BTreeSet;
use std::sync::Arc;

use regex::bytes::Regex;

use super::ranges::Ranges;
use crate::decode::{Dictionary, Flows, Values};
use crate::group::derive;
use crate::schema::{ABSENT_TEXT, Column, ColumnSet};

/// A checked expression.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) root: Node,
    /// The columns that its tests read, derived ones as such.
    pub(super) columns: ColumnSet,
    /// How many text tests it has.
    pub(super) text_tests: usize,
}

/// A part of an expression.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// Every part holds; there is one at least.
    All(Vec<Self>),
    /// One of the parts holds; there is one at least.
    Any(Vec<Self>),
    /// The part does not hold.
    Not(Box<Self>),
    /// The column's value passes.
    Test(Column, Test),
}

impl Node {
    /// The part turned round if `negated`.
    pub(super) fn negated(self, negated: bool) -> Self {
        if negated { Self::Not(Box::new(self)) } else { self }
    }
}

/// What a value must be to pass. An absent one passes only where `is absent` asks for it.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Address(Ranges<u128>),
    /// Small numbers and times, and texts by their code.
    Small(Ranges<u32>),
    Big(Ranges<u64>),
    /// The number of the test among the text tests, and what it asks for.
    Text(usize, Pattern),
}

/// What a text must be.
#[derive(Clone, Debug)]
pub(super) enum Pattern {
    OneOf(BTreeSet<Vec<u8>>),
    Like(Regex),
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

    /// Marks the records that pass. `dictionary` is the one that the block's codes belong to, and must be the same
    /// one for the evaluator's life; it may have grown since the last block.
    pub fn select(&mut self, flows: &Flows, dictionary: &Dictionary) -> &[bool] {
        for (column, values) in &mut self.scratch.columns {
            if flows.values(*column).is_none() {
                derive::derive(*column, flows, values);
            }
        }
        self.scratch.mark(&self.program.root, Block { flows, dictionary }, &mut self.marks);
        &self.marks
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
            Node::All(nodes) => self.combine(nodes, block, marks, |mark, other| mark & other),
            Node::Any(nodes) => self.combine(nodes, block, marks, |mark, other| mark | other),
            Node::Not(node) => {
                self.mark(node, block, marks);
                marks.iter_mut().for_each(|mark| *mark = !*mark);
            }
            Node::Test(column, test) => self.test(*column, test, block, marks),
        }
    }

    fn combine(&mut self, nodes: &[Node], block: Block<'_>, marks: &mut Vec<bool>, both: impl Fn(bool, bool) -> bool) {
        let Some((first, rest)) = nodes.split_first() else { return };
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

    fn test(&mut self, column: Column, test: &Test, block: Block<'_>, marks: &mut Vec<bool>) {
        let own = || self.columns.iter().find(|(own, _)| *own == column).map(|(_, values)| values);
        match (test, block.flows.values(column).or_else(own)) {
            (Test::Address(ranges), Some(Values::Address(values))) => ranges.mark(values, marks),
            (Test::Big(ranges), Some(Values::Big(values))) => ranges.mark(values, marks),
            (Test::Small(ranges), Some(Values::Small(values) | Values::Time(values) | Values::Text(values))) => {
                ranges.mark(values, marks);
            }
            (Test::Text(place, pattern), Some(Values::Text(codes))) => {
                pattern.mark(codes, block.dictionary, &mut self.verdicts[*place], marks);
            }
            // The checker pairs columns with tests of their kind, so there is no such block.
            _ => {
                marks.clear();
                marks.resize(block.flows.rows(), false);
            }
        }
    }
}

impl Pattern {
    fn mark(&self, codes: &[u32], dictionary: &Dictionary, verdicts: &mut Vec<Option<bool>>, marks: &mut Vec<bool>) {
        if verdicts.len() < dictionary.len() {
            verdicts.resize(dictionary.len(), None);
        }
        marks.clear();
        marks.extend(codes.iter().map(|code| match verdicts.get_mut(*code as usize) {
            Some(verdict) => *verdict.get_or_insert_with(|| *code != ABSENT_TEXT && self.takes(dictionary.text(*code))),
            None => false,
        }));
    }

    fn takes(&self, text: &[u8]) -> bool {
        match self {
            Self::OneOf(texts) => texts.contains(text),
            Self::Like(regex) => regex.is_match(text),
        }
    }
}
