//! Names, operators and values of `--having`: what they mean over the columns of a report's rows.

use super::Test;
use super::number::{self, Number};
use crate::error;
use crate::group::filter::{
    Comparison, ExpressionError, Relation, Terms, Tree, addresses, like, moment, number_of, one_of, span,
};
use crate::report::Head;
use crate::schema::output::{self, CellKind};
use crate::schema::{Column, Kind};
use crate::units::time::Zone;

/// The columns of the rows.
pub(super) struct Columns {
    pub(super) heads: Vec<Head>,
    pub(super) now: u32,
    pub(super) zone: Zone,
}

/// Values that can be compared with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Text,
    Address,
    Integer,
    Usd,
    Share,
    Decimal,
    Time,
    /// A day of the zone, as a day of UTC.
    Date,
}

impl Class {
    fn of(head: &Head) -> Self {
        let is_address = || Column::of_name(&head.name).is_some_and(|column| column.kind() == Kind::Address);
        match head.kind {
            CellKind::Text if is_address() => Self::Address,
            CellKind::Text => Self::Text,
            CellKind::Integer | CellKind::Count | CellKind::Bytes => Self::Integer,
            CellKind::Usd | CellKind::Rate => Self::Usd,
            CellKind::Share | CellKind::Change => Self::Share,
            CellKind::Decimal => Self::Decimal,
            CellKind::Time => Self::Time,
            CellKind::Date => Self::Date,
        }
    }

    fn article(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Address => "an address",
            Self::Integer => "an integer",
            Self::Usd => "an amount",
            Self::Share => "a share",
            Self::Decimal => "a decimal",
            Self::Time => "a time",
            Self::Date => "a date",
        }
    }

    fn takes(self, relation: Relation) -> bool {
        match relation {
            Relation::Like => self == Self::Text,
            relation => !relation.is_order() || !matches!(self, Self::Text | Self::Address),
        }
    }
}

type Compared<'a> = Comparison<'a, usize>;

impl Columns {
    fn class(&self, place: usize) -> Class {
        Class::of(&self.heads[place])
    }

    /// The column of a name, or of another name of a column of records.
    fn find(&self, typed: &str) -> Option<usize> {
        let plain = |name: &str| name.replace(['_', '-'], "").to_ascii_lowercase();
        let named = |is: &dyn Fn(&str) -> bool| self.heads.iter().position(|head| is(&head.name));
        let alias = || Column::of_name(&typed.to_ascii_lowercase());
        named(&|name| name == typed)
            .or_else(|| named(&|name| plain(name) == plain(typed)))
            .or_else(|| alias().and_then(|column| named(&|name| name == column.name())))
    }

    /// The column that another one is compared with; a text means a column only by the full name.
    fn other(&self, comparison: &Compared<'_>) -> Result<Option<usize>, ExpressionError> {
        let relation = comparison.operator.relation;
        let [value] = &comparison.values[..] else { return Ok(None) };
        if value.is_quoted || !(relation == Relation::Equal || relation.is_order()) {
            return Ok(None);
        }
        let own = self.class(comparison.subject);
        let found = self.find(&value.text).filter(|place| own != Class::Text || self.heads[*place].name == value.text);
        match found {
            Some(place) if self.class(place) == own => Ok(Some(place)),
            Some(place) if own != Class::Text => {
                let (name, other) = (&comparison.name, self.class(place).article());
                let message = format!("`{name}` is {} and `{}` is {other}", own.article(), value.text);
                Err(ExpressionError::new(value.at, message).hint("only columns of the same kind can be compared"))
            }
            _ => Ok(None),
        }
    }

    fn number(&self, place: usize, text: &str, at: usize) -> Result<Number, ExpressionError> {
        let wrong = |what: &str, hint: &str| {
            ExpressionError::new(at, format!("`{text}` is not {what}")).hint(format!("{hint}, up to 10 decimals"))
        };
        let head = &self.heads[place];
        match Class::of(head) {
            Class::Time => moment(text, at, self.now, self.zone).map(Number::whole),
            Class::Date => moment(text, at, self.now, Zone::default()).map(Number::whole),
            Class::Integer => {
                let column: Vec<Column> = Column::of_name(&head.name).into_iter().collect();
                number_of(&column, text, at).map(Number::whole)
            }
            Class::Share => number::share(text).ok_or_else(|| wrong("a share", "write 5% or 0.05")),
            Class::Usd => number::usd(text).ok_or_else(|| wrong("an amount", "write 12, 12.5 or $12.50")),
            _ => number::decimal(text).ok_or_else(|| wrong("a number", "write 12 or 12.5")),
        }
    }

    fn not_taken(&self, comparison: &Compared<'_>) -> ExpressionError {
        let Comparison { name, subject, operator, .. } = comparison;
        let (what, text) = (self.class(*subject).article(), &operator.text);
        let fault = ExpressionError::new(operator.at, format!("`{name}` is {what}; `{text}` does not apply"));
        fault.hint(self.operators(subject))
    }
}

impl Terms for Columns {
    type Subject = usize;
    type Test = Test;

    fn is_quoted_name(&self, text: &str) -> bool {
        text.contains(' ') && self.heads.iter().any(|head| head.name == text)
    }

    fn subject(&mut self, name: &str, at: usize) -> Result<usize, ExpressionError> {
        let unknown = || {
            let names = || self.heads.iter().map(|head| head.name.as_str());
            let fault = ExpressionError::new(at, format!("unknown column `{name}`"));
            let near = error::nearest(&name.to_ascii_lowercase().replace('-', "_"), names());
            let fault = match near {
                Some(near) => fault.hint(format!("did you mean `{near}`?")),
                None if name == output::USD.name => fault.hint("add --measures usd; in pivot: --measure usd"),
                None if Column::of_name(name).is_some() => fault.hint("--where filters records and traffic"),
                None => fault,
            };
            fault.hint(format!("the columns are {}", names().collect::<Vec<_>>().join(", ")))
        };
        self.find(name).ok_or_else(unknown)
    }

    fn operators(&self, subject: &usize) -> String {
        let class = self.class(*subject);
        let operators = match class {
            Class::Text => "= != ~ !~ in, not in",
            Class::Address => "= != in, not in",
            _ => "= != < <= > >= in, not in",
        };
        format!("{} supports {operators}, is absent, is present", class.article())
    }

    fn test(&mut self, comparison: &Compared<'_>) -> Result<Tree<Test>, ExpressionError> {
        let Comparison { subject, bits, operator, values, .. } = comparison;
        let (place, relation, class) = (*subject, operator.relation, self.class(*subject));
        if let Some(bits) = bits {
            return Err(ExpressionError::new(bits.at, "only records have bits to test")
                .hint("--where tests bits: tcp_flags & 2 = 2"));
        }
        if !class.takes(relation) {
            return Err(self.not_taken(comparison));
        }
        let test = match (relation, class, self.other(comparison)?) {
            (Relation::Absent, ..) => Test::Absent(place),
            (_, _, Some(other)) => Test::Compare(place, relation, other),
            (Relation::Like, ..) => Test::Text(place, like(&values[0])?),
            (_, Class::Text, None) => Test::Text(place, one_of(values)?),
            (_, Class::Address, None) => Test::Address(place, addresses(comparison)?),
            _ => {
                let read = |text: &str, at| self.number(place, text, at);
                let spans = values.iter().map(|value| span(comparison, value, read, |low, high| low <= high));
                Test::Number(place, relation, spans.collect::<Result<_, _>>()?)
            }
        };
        Ok(Tree::Is(test).negated(operator.negated))
    }
}
