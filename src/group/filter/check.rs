//! Comparisons as written → tests: names are found, operators allowed, values read as the column's kind.

use super::evaluate::{Leaf, Test};
use super::fault::ExpressionError;
use super::literal;
use super::names::{self, Names, PAIRS};
use super::parse::{Comparison, Literal, Relation, Terms};
use super::ranges::Ranges;
use super::text::{self, is_glob};
use super::tree::Tree;
use crate::error;
use crate::schema::charge::Charge;
use crate::schema::{ABSENT_ADDRESS, ABSENT_BIG, ABSENT_SMALL, ABSENT_TEXT, Column, Kind};
use crate::units::time::Zone;

/// Columns whose texts are known: another text is a slip that would select nothing.
const VOCABULARIES: [(Column, &[&str]); 3] = [
    (Column::Action, &["ACCEPT", "REJECT"]),
    (Column::LogStatus, &["OK", "NODATA", "SKIPDATA"]),
    (Column::FlowDirection, &["ingress", "egress"]),
];

/// What a comparison compares: a column, or two of one kind.
#[derive(Debug)]
pub(super) struct Subject {
    columns: Vec<Column>,
    kind: Kind,
}

impl Subject {
    fn takes(&self, relation: Relation) -> bool {
        match relation {
            Relation::Equal | Relation::In | Relation::Absent => true,
            Relation::Like => self.kind == Kind::Text,
            _ => self.is_number() || self.kind == Kind::Time,
        }
    }

    fn is_number(&self) -> bool {
        is_number(self.kind)
    }
}

type Compared<'a> = Comparison<'a, Subject>;

/// Makes tests of comparisons, and keeps what all of them need.
pub(super) struct Checker<'n> {
    now: u32,
    zone: Zone,
    names: &'n mut dyn Names,
    /// How many text tests there are so far.
    text_tests: usize,
    /// The owners that were named.
    pub(super) owners: Vec<(String, Column)>,
}

impl<'n> Checker<'n> {
    pub(super) fn new(now: u32, zone: Zone, names: &'n mut dyn Names) -> Self {
        Self { now, zone, names, text_tests: 0, owners: Vec::new() }
    }

    /// The column of a name that is one; a fault if this expression is not for columns of its stage.
    fn column(&mut self, typed: &str, at: usize, exact: bool) -> Result<Option<Column>, ExpressionError> {
        if let Some(column) = self.names.owner(typed).map_err(|error| ExpressionError::of(at, &error))? {
            if self.owners.iter().all(|(name, _)| name != typed) {
                self.owners.push((typed.to_owned(), column));
            }
            return Ok(Some(column));
        }
        let column = if exact { names::exact_column(typed) } else { names::column(typed) };
        match column {
            Some(column) if !names::is_of_record(column) && !self.names.take_traffic() => {
                Err(ExpressionError::new(at, format!("`{typed}` is a traffic column; this command reads records"))
                    .hint("use it with top, cost, compare, transfer or anomalies"))
            }
            column => Ok(column),
        }
    }

    fn unknown(&self, typed: &str, at: usize) -> ExpressionError {
        let takes_traffic = self.names.take_traffic();
        let is_taken = |name: &&str| {
            Column::of_name(name)
                .is_some_and(|column| !column.is_inner() && (takes_traffic || names::is_of_record(column)))
        };
        let keys = self.names.owner_keys();
        let owners = keys.iter().flat_map(|key| ["", "src_", "dst_"].map(|side| format!("{side}{key}")));
        let owners: Vec<String> = owners.collect();
        let columns = Column::names().filter(is_taken).chain(PAIRS.iter().map(|(name, _)| *name));
        let known = owners.iter().map(String::as_str).chain(columns.map(|name| -> &str { name }));
        let hint = match error::nearest(&typed.to_ascii_lowercase().replace('-', "_"), known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`outflow fields` lists the columns".to_owned(),
        };
        let fault = ExpressionError::new(at, format!("unknown column `{typed}`")).hint(hint);
        match (takes_traffic, &keys[..]) {
            (false, _) => fault,
            (true, []) => fault.hint("owner keys such as team need a tag table: --tags FILE"),
            (true, keys) => fault.hint(format!("the owner keys are {}", keys.join(", "))),
        }
    }

    /// The column that a subject is compared with, if the value names one. Any text is possible, so only an unquoted
    /// full column name means the column; numbers, times and addresses are unambiguous.
    fn other(&mut self, comparison: &Compared<'_>) -> Result<Option<Column>, ExpressionError> {
        let (subject, relation) = (&comparison.subject, comparison.operator.relation);
        let [value] = &comparison.values[..] else { return Ok(None) };
        if value.is_quoted || !(relation == Relation::Equal || relation.is_order()) {
            return Ok(None);
        }
        let is_text = subject.kind == Kind::Text;
        let column = self.column(&value.text, value.at, is_text)?;
        let is_same = |other: Kind| other == subject.kind || is_number(other) && subject.is_number();
        match column {
            Some(column) if is_same(column.kind()) => Ok(Some(column)),
            Some(column) if !is_text => {
                let (name, own, other) = (&comparison.name, article(subject.kind), article(column.kind()));
                Err(ExpressionError::new(value.at, format!("`{name}` is {own} and `{}` is {other}", value.text))
                    .hint("only columns of the same kind can be compared"))
            }
            _ => Ok(None),
        }
    }

    fn smalls(&self, comparison: &Compared<'_>) -> Result<Ranges<u32>, ExpressionError> {
        let most = ABSENT_SMALL - 1;
        let ranges = self.numbers(comparison, most.into())?;
        // What begins beyond the largest small number holds none; what ends there ends at the largest.
        let narrow =
            |(low, high): (u64, u64)| Some((u32::try_from(low).ok()?, u32::try_from(high).unwrap_or(most).min(most)));
        Ok(Ranges::of(ranges.into_iter().filter_map(narrow).collect()))
    }

    /// The numbers or times that pass, none above `most`.
    fn numbers(&self, comparison: &Compared<'_>, most: u64) -> Result<Vec<(u64, u64)>, ExpressionError> {
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

    fn number_span(&self, comparison: &Compared<'_>, value: &Literal<'_>) -> Result<(u64, u64), ExpressionError> {
        let subject = &comparison.subject;
        let read = |text: &str, at| match subject.kind {
            Kind::Time => self.moment(comparison, text, at),
            _ if comparison.bits.is_some() => literal::number(text, at),
            _ => literal::number_of(&subject.columns, text, at),
        };
        span(comparison, value, read, |low, high| low <= high)
    }

    /// A moment; a single one that a stretch of time is compared with must be the start of such a stretch, as no other can
    /// be equal to it.
    fn moment(&self, comparison: &Compared<'_>, text: &str, at: usize) -> Result<u64, ExpressionError> {
        let moment = literal::moment(text, at, self.now, self.zone)?;
        let is_one = matches!(comparison.operator.relation, Relation::Equal | Relation::In)
            && comparison.values.iter().any(|value| value.text == text);
        let seconds = u32::try_from(moment).unwrap_or(ABSENT_SMALL);
        let (start, what) = match comparison.subject.columns[..] {
            [Column::Day] => (self.zone.day_start(seconds), format!("midnight ({})", self.zone)),
            [Column::Hour] => (seconds - seconds % 3600, "full hours of UTC".to_owned()),
            [Column::Minute] => (seconds - seconds % 60, "full minutes".to_owned()),
            _ => return Ok(moment),
        };
        if !is_one || start == seconds {
            return Ok(moment);
        }
        let name = &comparison.name;
        let fault = ExpressionError::new(at, format!("`{name}` is never `{text}`: it begins at {what}"));
        Err(fault.hint(format!("`start` is a record's own time; `{name} >= …` and `{name} < …` take any")))
    }

    fn bits(&self, comparison: &Compared<'_>, bits: &Literal<'_>) -> Result<Test, ExpressionError> {
        if !comparison.subject.is_number() {
            let (name, kind) = (&comparison.name, article(comparison.subject.kind));
            return Err(ExpressionError::new(bits.at, format!("`{name}` is {kind}, and & tests the bits of integers")));
        }
        if comparison.operator.relation == Relation::Absent {
            return Err(ExpressionError::new(comparison.operator.at, "bit tests need a value")
                .hint(format!("write `{} is absent`", comparison.name)));
        }
        let mask = literal::number(&bits.text, bits.at)?;
        Ok(Test::Bits(mask, Ranges::of(self.numbers(comparison, u64::MAX)?)))
    }

    fn text(&mut self, comparison: &Compared<'_>) -> Result<Test, ExpressionError> {
        let pattern = match (comparison.operator.relation, comparison.values.as_slice()) {
            (Relation::Like, [value]) => text::like(value)?,
            (relation, values) => {
                for value in values {
                    self.check_text(comparison, value, relation)?;
                }
                text::one_of(values)?
            }
        };
        self.text_tests += 1;
        Ok(Test::Text(self.text_tests - 1, pattern))
    }

    fn check_text(
        &mut self,
        comparison: &Compared<'_>,
        value: &Literal<'_>,
        relation: Relation,
    ) -> Result<(), ExpressionError> {
        let name = &comparison.name;
        if value.text == "-" {
            let hint = format!("write `{name} is absent`");
            return Err(ExpressionError::new(value.at, "`-` in a log means an absent value").hint(hint));
        }
        let is_column = |column: Column| column.kind() == Kind::Text;
        if relation == Relation::In
            && !value.is_quoted
            && self.column(&value.text, value.at, true)?.is_some_and(is_column)
        {
            return Err(ExpressionError::new(value.at, format!("`{}` is a column; lists contain values", value.text))
                .hint(format!("write `{name} = {}`, or put the text in quotes", value.text)));
        }
        let [column] = comparison.subject.columns[..] else { return Ok(()) };
        let fixed = VOCABULARIES.iter().find(|(of, _)| *of == column).map(|(_, texts)| texts.to_vec());
        let of_charges = || (column == Column::Charge).then(|| Charge::names().collect::<Vec<_>>());
        let Some(texts) = fixed.or_else(of_charges).or_else(|| self.names.texts(column)) else { return Ok(()) };
        if texts.iter().any(|known| text::passes(value, known)) {
            return Ok(());
        }
        let fault = ExpressionError::new(value.at, format!("`{name}` cannot be `{}`", value.text));
        let near = if is_glob(value) { None } else { error::nearest(&value.text, texts.iter().copied()) };
        Err(match near.filter(|near| !near.eq_ignore_ascii_case(&value.text) && texts.len() > 3) {
            Some(near) => fault.hint(format!("did you mean `{near}`?")),
            None => fault.hint(format!("valid values: {}", texts.join(", "))),
        })
    }
}

impl Terms for Checker<'_> {
    type Subject = Subject;
    type Test = Leaf;

    fn is_quoted_name(&self, text: &str) -> bool {
        self.names.owner_keys().iter().any(|key| {
            let side = |side: &str| text.strip_prefix(side) == Some(key);
            names::column(text).is_none() && (text == *key || side("src_") || side("dst_"))
        })
    }

    fn subject(&mut self, name: &str, at: usize) -> Result<Subject, ExpressionError> {
        let columns = match names::pair(name) {
            Some(pair) => pair.to_vec(),
            None => self.column(name, at, false)?.into_iter().collect(),
        };
        let kind = columns.first().map(|first| first.kind()).ok_or_else(|| self.unknown(name, at))?;
        Ok(Subject { columns, kind })
    }

    fn operators(&self, subject: &Subject) -> String {
        let operators = match subject.kind {
            Kind::Address => "= != in, not in",
            Kind::Small | Kind::Big | Kind::Time => "= != < <= > >= in, not in",
            Kind::Text => "= != ~ !~ in, not in",
        };
        format!("{} supports {operators}, is absent, is present", article(subject.kind))
    }

    fn test(&mut self, comparison: &Compared<'_>) -> Result<Tree<Leaf>, ExpressionError> {
        let Comparison { subject, operator, bits, .. } = comparison;
        if !subject.takes(operator.relation) {
            return Err(self.not_taken(comparison));
        }
        let leaf: Box<dyn Fn(Column) -> Leaf> = match (bits, self.other(comparison)?) {
            (None, Some(other)) => Box::new(move |column| Leaf::Compare(column, operator.relation, other)),
            _ => {
                let test = match (bits, operator.relation, subject.kind) {
                    (Some(bits), ..) => self.bits(comparison, bits)?,
                    (_, Relation::Absent, kind) => absent(kind),
                    (_, _, Kind::Address) => Test::Address(addresses(comparison)?),
                    (_, _, Kind::Big) => Test::Big(Ranges::of(self.numbers(comparison, ABSENT_BIG - 1)?)),
                    (_, _, Kind::Small | Kind::Time) => Test::Small(self.smalls(comparison)?),
                    (_, _, Kind::Text) => self.text(comparison)?,
                };
                Box::new(move |column| Leaf::Test(column, test.clone()))
            }
        };
        let mut tests = subject.columns.iter().map(|column| Tree::Is(leaf(*column)));
        let tree = match (tests.next(), tests.next()) {
            (Some(only), None) => only,
            (first, second) => Tree::Any(first.into_iter().chain(second).collect()),
        };
        Ok(tree.negated(operator.negated))
    }
}

impl Checker<'_> {
    fn not_taken(&self, comparison: &Compared<'_>) -> ExpressionError {
        let Comparison { name, subject, operator, .. } = comparison;
        let (what, text) = (article(subject.kind), &operator.text);
        let fault = ExpressionError::new(operator.at, format!("`{name}` is {what}; `{text}` does not apply"));
        let fault = match subject.kind {
            Kind::Text => fault.hint("`~` compares a text with a pattern: instance_tag ~ \"^web-\""),
            Kind::Address => fault.hint("`in` compares an address with a CIDR or a range: src in 10.0.0.0/8"),
            Kind::Small | Kind::Big | Kind::Time => fault,
        };
        fault.hint(self.operators(subject))
    }
}

fn is_number(kind: Kind) -> bool {
    matches!(kind, Kind::Small | Kind::Big)
}

/// The addresses of a comparison's values; after `in` also CIDRs and ranges.
pub(crate) fn addresses<S>(comparison: &Comparison<'_, S>) -> Result<Ranges<u128>, ExpressionError> {
    let is_in = comparison.operator.relation == Relation::In;
    let mut ranges = Vec::new();
    for value in &comparison.values {
        let (low, high) = match value.text.contains('/') {
            true if is_in => literal::cidr(&value.text, value.at)?,
            true => {
                let hint = format!("`{} in {}` compares with a CIDR", comparison.name, value.text);
                return Err(ExpressionError::new(value.at, format!("`{}` is not one address", value.text)).hint(hint));
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
pub(crate) fn span<T: Copy, S>(
    comparison: &Comparison<'_, S>,
    value: &Literal<'_>,
    read: impl Fn(&str, usize) -> Result<T, ExpressionError>,
    in_order: impl Fn(T, T) -> bool,
) -> Result<(T, T), ExpressionError> {
    let Some((low, high)) = value.text.split_once("..") else {
        return read(&value.text, value.at).map(|only| (only, only));
    };
    if comparison.operator.relation != Relation::In {
        let hint = format!("`{} in {}` compares with a range", comparison.name, value.text);
        return Err(ExpressionError::new(value.at, format!("`{}` is not one value", value.text)).hint(hint));
    }
    let span = (read(low, value.inside)?, read(high, value.inside + low.len() + 2)?);
    if in_order(span.0, span.1) {
        Ok(span)
    } else {
        Err(ExpressionError::new(value.at, format!("the range `{}` ends before it begins", value.text)))
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

fn article(kind: Kind) -> &'static str {
    match kind {
        Kind::Address => "an address",
        Kind::Small | Kind::Big => "an integer",
        Kind::Time => "a time",
        Kind::Text => "a text",
    }
}
