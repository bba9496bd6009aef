//! Comparisons as written → tests: column names are found, operators allowed, values read as the column's kind.

use std::borrow::Cow;

use regex::bytes::RegexBuilder;

use super::evaluate::{Node, Pattern, Test};
use super::fault::Fault;
use super::literal::{self, Span};
use super::ranges::Ranges;
use crate::error;
use crate::schema::{ABSENT_ADDRESS, ABSENT_BIG, ABSENT_SMALL, ABSENT_TEXT, Column, ColumnSet, Kind, Stage};
use crate::units::time::Zone;

/// How large the compiled form of a pattern may become.
pub const PATTERN_BYTES_MAX: usize = 1 << 20;

/// Names that stand for two columns: a test holds if either one passes it.
const PAIRS: [(&str, [Column; 2]); 2] =
    [("addr", [Column::Src, Column::Dst]), ("anyport", [Column::Srcport, Column::Dstport])];

/// Columns whose texts are known: another text is a slip that would select nothing.
const VOCABULARIES: [(Column, &[&str]); 3] = [
    (Column::Action, &["ACCEPT", "REJECT"]),
    (Column::LogStatus, &["OK", "NODATA", "SKIPDATA"]),
    (Column::FlowDirection, &["ingress", "egress"]),
];

/// What a comparison compares: a column, or two of one kind.
#[derive(Debug)]
pub(super) struct Subject {
    /// As it was typed.
    pub(super) name: String,
    columns: Vec<Column>,
    kind: Kind,
}

impl Subject {
    /// The subject of a name at a place: a column's name or alias with or without underscores, or a pair.
    pub(super) fn of(typed: &str, at: usize) -> Result<Self, Fault> {
        let plain = |name: &str| name.replace(['_', '-'], "").to_ascii_lowercase();
        let pair = PAIRS.iter().find(|(name, _)| *name == plain(typed)).map(|(_, columns)| columns.to_vec());
        let exact = || Column::of_name(&typed.to_ascii_lowercase());
        let loose = || Column::names().find(|name| plain(name) == plain(typed)).and_then(Column::of_name);
        let of_records = |column: &Column| column.stage() != Stage::Join;
        let column = || exact().or_else(loose).filter(of_records);
        let columns = pair.or_else(|| column().map(|column| vec![column]));
        match columns.as_deref() {
            Some([first, ..]) => {
                Ok(Self { name: typed.to_owned(), kind: first.kind(), columns: columns.unwrap_or_default() })
            }
            _ => Err(unknown(typed, at)),
        }
    }

    /// The operators that it takes, for hints.
    pub(super) fn operators(&self) -> String {
        let operators = match self.kind {
            Kind::Address => "= != in, not in",
            Kind::Small | Kind::Big | Kind::Time => "= != < <= > >= in, not in",
            Kind::Text => "= != ~ !~ in, not in",
        };
        format!("{} takes {operators}, is absent, is present", article(self.kind))
    }

    fn takes(&self, relation: Relation) -> bool {
        match relation {
            Relation::Equal | Relation::In | Relation::Absent => true,
            Relation::Less | Relation::AtMost | Relation::More | Relation::AtLeast => {
                matches!(self.kind, Kind::Small | Kind::Big | Kind::Time)
            }
            Relation::Like => self.kind == Kind::Text,
        }
    }

    fn is(&self, column: Column) -> bool {
        self.columns == [column]
    }
}

/// How a subject relates to its values, without the negation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Less,
    AtMost,
    More,
    AtLeast,
    Like,
    In,
    Absent,
}

/// An operator as written.
#[derive(Debug)]
pub(super) struct Operator {
    pub(super) relation: Relation,
    /// Whether it is the relation's negation: `!=`, `!~`, `not in`, `is present`.
    pub(super) negated: bool,
    pub(super) text: String,
    pub(super) at: usize,
}

/// A value as written, without quotes.
#[derive(Debug)]
pub(super) struct Literal<'a> {
    pub(super) text: Cow<'a, str>,
    /// The byte of the expression that it starts at.
    pub(super) at: usize,
    /// The byte where it starts inside the quotes.
    pub(super) inside: usize,
}

/// A comparison as written.
#[derive(Debug)]
pub(super) struct Comparison<'a> {
    pub(super) subject: Subject,
    pub(super) operator: Operator,
    pub(super) values: Vec<Literal<'a>>,
}

/// Makes tests of comparisons, and keeps what all of them need.
#[derive(Debug)]
pub(super) struct Checker {
    now: u32,
    zone: Zone,
    /// The columns of the tests so far.
    pub(super) columns: ColumnSet,
    /// How many text tests there are so far.
    pub(super) text_tests: usize,
}

impl Checker {
    pub(super) fn new(now: u32, zone: Zone) -> Self {
        Self { now, zone, columns: ColumnSet::default(), text_tests: 0 }
    }

    /// The test that a comparison stands for.
    pub(super) fn test(&mut self, comparison: &Comparison<'_>) -> Result<Node, Fault> {
        let Comparison { subject, operator, .. } = comparison;
        if !subject.takes(operator.relation) {
            return Err(not_taken(subject, operator));
        }
        let test = match (operator.relation, subject.kind) {
            (Relation::Absent, kind) => absent(kind),
            (_, Kind::Address) => Test::Address(addresses(comparison)?),
            (_, Kind::Big) => Test::Big(Ranges::of(self.numbers(comparison, ABSENT_BIG - 1)?)),
            (_, Kind::Small | Kind::Time) => Test::Small(self.smalls(comparison)?),
            (_, Kind::Text) => self.text(comparison)?,
        };
        for column in &subject.columns {
            self.columns = self.columns.with(*column);
        }
        let mut tests = subject.columns.iter().map(|column| Node::Test(*column, test.clone()));
        let node = match (tests.next(), tests.next()) {
            (Some(only), None) => only,
            (first, second) => Node::Any(first.into_iter().chain(second).collect()),
        };
        Ok(node.negated(operator.negated))
    }

    fn smalls(&self, comparison: &Comparison<'_>) -> Result<Ranges<u32>, Fault> {
        let most = ABSENT_SMALL - 1;
        let ranges = self.numbers(comparison, most.into())?;
        // What begins beyond the largest small number holds none; what ends there ends at the largest.
        let narrow =
            |(low, high): (u64, u64)| Some((u32::try_from(low).ok()?, u32::try_from(high).unwrap_or(most).min(most)));
        Ok(Ranges::of(ranges.into_iter().filter_map(narrow).collect()))
    }

    /// The numbers or times that pass, none above `most`.
    fn numbers(&self, comparison: &Comparison<'_>, most: u64) -> Result<Vec<(u64, u64)>, Fault> {
        let spans: Result<Vec<_>, _> =
            comparison.values.iter().map(|value| self.number_span(comparison, value)).collect();
        let range = |(low, high): (u64, u64)| match comparison.operator.relation {
            Relation::Less => low.checked_sub(1).map(|below| (0, below)),
            Relation::AtMost => Some((0, high)),
            Relation::More => high.checked_add(1).map(|above| (above, most)),
            Relation::AtLeast => Some((low, most)),
            _ => Some((low, high)),
        };
        Ok(spans?.into_iter().filter_map(range).map(|(low, high)| (low, high.min(most))).collect())
    }

    fn number_span(&self, comparison: &Comparison<'_>, value: &Literal<'_>) -> Result<(u64, u64), Fault> {
        let read = |text: &str, at| match &comparison.subject {
            subject if subject.kind == Kind::Time => literal::moment(text, at, self.now, self.zone),
            subject if subject.is(Column::Protocol) => literal::protocol(text, at),
            _ => literal::number(text, at),
        };
        span(comparison, value, read, |low, high| low <= high)
    }

    fn text(&mut self, comparison: &Comparison<'_>) -> Result<Test, Fault> {
        let pattern = match (comparison.operator.relation, comparison.values.as_slice()) {
            (Relation::Like, [value]) => Pattern::Like(regex(value)?),
            (_, values) => {
                Pattern::OneOf(values.iter().map(|value| text(&comparison.subject, value)).collect::<Result<_, _>>()?)
            }
        };
        self.text_tests += 1;
        Ok(Test::Text(self.text_tests - 1, pattern))
    }
}

fn addresses(comparison: &Comparison<'_>) -> Result<Ranges<u128>, Fault> {
    let is_in = comparison.operator.relation == Relation::In;
    let mut ranges = Vec::new();
    for value in &comparison.values {
        let (low, high) = match value.text.contains('/') {
            true if is_in => literal::cidr(&value.text, value.at)?,
            true => {
                let hint = format!("`{} in {}` compares with a CIDR", comparison.subject.name, value.text);
                return Err(Fault::new(value.at, format!("`{}` is not one address", value.text)).hint(hint));
            }
            false => span(comparison, value, literal::address, |low, high| {
                low <= high && literal::is_ipv4(low) == literal::is_ipv4(high)
            })?,
        };
        ranges.extend(literal::present_addresses(low, high));
    }
    Ok(Ranges::of(ranges))
}

/// The first and last value of a literal: `8000..8999` after `in`, else one value twice.
fn span<T: Copy>(
    comparison: &Comparison<'_>,
    value: &Literal<'_>,
    read: impl Fn(&str, usize) -> Result<T, Fault>,
    in_order: impl Fn(T, T) -> bool,
) -> Result<Span<T>, Fault> {
    let Some((low, high)) = value.text.split_once("..") else {
        return read(&value.text, value.at).map(|only| (only, only));
    };
    if comparison.operator.relation != Relation::In {
        let hint = format!("`{} in {}` compares with a range", comparison.subject.name, value.text);
        return Err(Fault::new(value.at, format!("`{}` is not one value", value.text)).hint(hint));
    }
    let span = (read(low, value.inside)?, read(high, value.inside + low.len() + 2)?);
    if in_order(span.0, span.1) {
        Ok(span)
    } else {
        Err(Fault::new(value.at, format!("the range `{}` ends before it begins", value.text)))
    }
}

fn absent(kind: Kind) -> Test {
    match kind {
        Kind::Address => Test::Address(Ranges::of(vec![(ABSENT_ADDRESS, ABSENT_ADDRESS)])),
        Kind::Big => Test::Big(Ranges::of(vec![(ABSENT_BIG, ABSENT_BIG)])),
        Kind::Small | Kind::Time => Test::Small(Ranges::of(vec![(ABSENT_SMALL, ABSENT_SMALL)])),
        Kind::Text => Test::Small(Ranges::of(vec![(ABSENT_TEXT, ABSENT_TEXT)])),
    }
}

fn text(subject: &Subject, value: &Literal<'_>) -> Result<Vec<u8>, Fault> {
    if value.text == "-" {
        let hint = format!("write `{} is absent`", subject.name);
        return Err(Fault::new(value.at, "`-` in a log means an absent value").hint(hint));
    }
    let vocabulary = VOCABULARIES.iter().find(|(column, _)| subject.is(*column)).map(|(_, texts)| *texts);
    match vocabulary {
        Some(texts) if !texts.contains(&&*value.text) => {
            Err(Fault::new(value.at, format!("`{}` is never `{}`", subject.name, value.text))
                .hint(format!("its texts are {}", texts.join(", "))))
        }
        _ => Ok(value.text.as_bytes().to_vec()),
    }
}

fn regex(value: &Literal<'_>) -> Result<regex::bytes::Regex, Fault> {
    RegexBuilder::new(&value.text).size_limit(PATTERN_BYTES_MAX).build().map_err(|error| {
        let shown = error.to_string();
        // The library draws the pattern with a caret of its own; its last line tells what is wrong.
        let reason = shown.lines().last().unwrap_or_default().trim_start_matches("error: ");
        Fault::new(value.at, format!("`{}` is not a pattern: {reason}", value.text))
            .hint("patterns are regular expressions; a backslash before . ( [ + makes them plain characters")
    })
}

fn unknown(typed: &str, at: usize) -> Fault {
    if Column::of_name(&typed.to_ascii_lowercase()).is_some_and(|column| column.stage() == Stage::Join) {
        return Fault::new(
            at,
            format!("`{typed}` is a column of traffic, and records are chosen before they are joined"),
        )
        .hint("group by it (--by), and choose among the rows");
    }
    let of_records = |name: &&str| Column::of_name(name).is_none_or(|column| column.stage() != Stage::Join);
    let names = Column::names().filter(of_records).chain(PAIRS.iter().map(|(name, _)| *name));
    let hint = match error::nearest(&typed.to_ascii_lowercase().replace('-', "_"), names) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`outflow fields` lists the columns".to_owned(),
    };
    Fault::new(at, format!("unknown column `{typed}`")).hint(hint)
}

fn not_taken(subject: &Subject, operator: &Operator) -> Fault {
    let what = article(subject.kind);
    let fault =
        Fault::new(operator.at, format!("`{}` is {what}, which `{}` does not compare", subject.name, operator.text));
    let fault = match subject.kind {
        Kind::Text => fault.hint("`~` compares a text with a pattern: instance_tag ~ \"^web-\""),
        Kind::Address => fault.hint("`in` compares an address with a CIDR or a range: src in 10.0.0.0/8"),
        Kind::Small | Kind::Big | Kind::Time => fault,
    };
    fault.hint(subject.operators())
}

fn article(kind: Kind) -> &'static str {
    match kind {
        Kind::Address => "an address",
        Kind::Small | Kind::Big => "an integer",
        Kind::Time => "a time",
        Kind::Text => "a text",
    }
}
