//! Tokens → a tree of tests, by recursive descent: `or` binds least, then `and`, then `not`, then a comparison.
//!
//! Here is only how an expression is written. What names mean and what a comparison tests is for [`Terms`]: those of
//! records and traffic are [`super::check`]'s, those of an answer's rows the reports'.

use std::borrow::Cow;
use std::ops::Range;

use super::fault::ExpressionError;
use super::lex::{self, Sort, Token};
use super::tree::Tree;

/// How deep parentheses and `not` may nest.
pub const DEPTH_MAX: usize = 64;
/// How long an expression may be: room for some thousand addresses.
pub const LENGTH_MAX: usize = 1 << 16;

const OR: [&str; 2] = ["or", "||"];
const AND: [&str; 2] = ["and", "&&"];
const NOT: [&str; 2] = ["not", "!"];
const BITS: [&str; 1] = ["&"];
/// Words of the grammar: as a column or a value they need quotes.
const KEYWORDS: [&str; 5] = ["and", "or", "not", "in", "is"];

/// What the names and comparisons of an expression mean.
pub(crate) trait Terms {
    /// The meaning of a name on the left of a comparison.
    type Subject;
    /// What a comparison becomes.
    type Test;

    /// Whether a quoted text is a name; only names that need quotes are.
    fn is_quoted_name(&self, text: &str) -> bool {
        let _ = text;
        false
    }

    /// The meaning of a name.
    fn subject(&mut self, name: &str, at: usize) -> Result<Self::Subject, ExpressionError>;

    /// The operators that a subject takes, for hints.
    fn operators(&self, subject: &Self::Subject) -> String;

    /// The tests of a comparison.
    fn test(&mut self, comparison: &Comparison<'_, Self::Subject>) -> Result<Tree<Self::Test>, ExpressionError>;
}

/// How a subject relates to its values, without the negation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    Equal,
    Less,
    AtMost,
    More,
    AtLeast,
    Like,
    In,
    Absent,
}

impl Relation {
    /// Whether two values satisfy the comparison; for unordered kinds, equality.
    pub(crate) fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::More => order.is_gt(),
            Self::AtLeast => order.is_ge(),
            Self::Equal | Self::Like | Self::In | Self::Absent => order.is_eq(),
        }
    }

    /// Whether it compares by size.
    pub(crate) fn is_order(self) -> bool {
        matches!(self, Self::Less | Self::AtMost | Self::More | Self::AtLeast)
    }
}

/// An operator as written.
#[derive(Debug)]
pub(crate) struct Operator {
    pub(crate) relation: Relation,
    /// Whether it is the relation's negation: `!=`, `!~`, `not in`, `is present`.
    pub(crate) negated: bool,
    pub(crate) text: String,
    pub(crate) at: usize,
}

/// A value as written, without quotes.
#[derive(Debug)]
pub(crate) struct Literal<'a> {
    pub(crate) text: Cow<'a, str>,
    /// The byte of the expression that it starts at.
    pub(crate) at: usize,
    /// The byte where it starts inside the quotes.
    pub(crate) inside: usize,
    pub(crate) is_quoted: bool,
}

/// A comparison as written.
#[derive(Debug)]
pub(crate) struct Comparison<'a, S> {
    /// The subject as it was typed.
    pub(crate) name: String,
    pub(crate) subject: S,
    /// The bits of the subject that are compared, after `&`.
    pub(crate) bits: Option<Literal<'a>>,
    pub(crate) operator: Operator,
    pub(crate) values: Vec<Literal<'a>>,
}

/// A part of an expression that has to hold, and where it is written.
#[derive(Debug)]
pub(crate) struct Conjunct<L> {
    pub(crate) tree: Tree<L>,
    pub(crate) at: Range<usize>,
}

/// The parts of an expression that all have to hold.
pub(crate) fn conjuncts<T: Terms>(expression: &str, terms: &mut T) -> Result<Vec<Conjunct<T::Test>>, ExpressionError> {
    if expression.len() > LENGTH_MAX {
        return Err(ExpressionError::new(LENGTH_MAX, format!("longer than {LENGTH_MAX} bytes")));
    }
    let mut parser = Parser { tokens: lex::tokens(expression)?, place: 0, depth: 0, behind: 0, terms };
    let conjuncts = parser.any()?;
    let token = parser.next();
    match &*token.text {
        _ if token.sort == Sort::End => Ok(conjuncts),
        ")" if token.sort == Sort::Symbol => Err(ExpressionError::new(token.at, "`)` without its `(`")),
        "," if token.sort == Sort::Symbol => {
            Err(expected("`and`, `or` or the end", &token).hint("lists need parentheses: dstport in (80, 443)"))
        }
        "&" if token.sort == Sort::Symbol => Err(expected("`and`, `or` or the end", &token)
            .hint("write and, or &&; a single & tests bits of a column: tcp_flags & 2 = 2")),
        _ => Err(expected("`and`, `or` or the end", &token)),
    }
}

/// Parts that all have to hold as one.
pub(crate) fn together<L>(mut conjuncts: Vec<Conjunct<L>>) -> Tree<L> {
    match (conjuncts.len(), conjuncts.pop()) {
        (1, Some(only)) => only.tree,
        (_, last) => Tree::All(conjuncts.into_iter().chain(last).map(|part| part.tree).collect()),
    }
}

struct Parser<'a, 't, T> {
    tokens: Vec<Token<'a>>,
    place: usize,
    depth: usize,
    /// Where the last token that was taken ends.
    behind: usize,
    terms: &'t mut T,
}

type Parsed<T> = Result<Vec<Conjunct<<T as Terms>::Test>>, ExpressionError>;

impl<'a, T: Terms> Parser<'a, '_, T> {
    fn any(&mut self) -> Parsed<T> {
        let from = self.peek().at;
        let mut parts = vec![self.all()?];
        while self.takes(&OR) {
            parts.push(self.all()?);
        }
        if parts.len() > 1 {
            return Ok(self.one(Tree::Any(parts.into_iter().map(together).collect()), from));
        }
        Ok(parts.pop().unwrap_or_default())
    }

    fn all(&mut self) -> Parsed<T> {
        let mut parts = self.negation()?;
        while self.takes(&AND) {
            parts.extend(self.negation()?);
        }
        Ok(parts)
    }

    fn negation(&mut self) -> Parsed<T> {
        let from = self.peek().at;
        if self.takes(&NOT) {
            let part = together(self.deeper(Self::negation)?);
            return Ok(self.one(part.negated(true), from));
        }
        if !self.takes(&["("]) {
            let test = self.comparison()?;
            return Ok(self.one(test, from));
        }
        let mut parts = self.deeper(Self::any)?;
        let token = self.next();
        if !is(&token, &[")"]) {
            return Err(expected("`and`, `or` or `)`", &token));
        }
        if let [only] = &mut parts[..] {
            only.at = from..self.behind;
        }
        Ok(parts)
    }

    /// The only part so far, from this byte on.
    fn one(&self, tree: Tree<T::Test>, from: usize) -> Vec<Conjunct<T::Test>> {
        vec![Conjunct { tree, at: from..self.behind }]
    }

    fn deeper(&mut self, part: fn(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let at = self.peek().at;
            return Err(ExpressionError::new(at, format!("parentheses or `not` nested more than {DEPTH_MAX} deep")));
        }
        let parts = part(self);
        self.depth -= 1;
        parts
    }

    fn comparison(&mut self) -> Result<Tree<T::Test>, ExpressionError> {
        let token = self.next();
        let is_name = match token.sort {
            Sort::Word => !is(&token, &KEYWORDS),
            Sort::Quoted => self.terms.is_quoted_name(&token.text),
            Sort::Symbol | Sort::End => false,
        };
        if !is_name {
            return Err(
                expected("a column", &token).hint("a comparison is written column, operator, value: dstport = 443")
            );
        }
        let (name, subject) = (token.text.to_string(), self.terms.subject(&token.text, token.at)?);
        let bits = if self.takes(&BITS) { Some(self.literal()?) } else { None };
        let operator = self.operator(&name, &subject)?;
        let values = match operator.relation {
            Relation::Absent => Vec::new(),
            Relation::In => self.list()?,
            _ => vec![self.literal()?],
        };
        self.terms.test(&Comparison { name, subject, bits, operator, values })
    }

    fn operator(&mut self, name: &str, subject: &T::Subject) -> Result<Operator, ExpressionError> {
        let token = self.next();
        let wrong = |token: &Token<'_>| {
            expected(&format!("an operator after `{name}`"), token).hint(self.terms.operators(subject))
        };
        if token.sort == Sort::Quoted {
            return Err(wrong(&token));
        }
        let (relation, negated) = match token.text.to_ascii_lowercase().as_str() {
            "=" | "==" => (Relation::Equal, false),
            "!=" | "<>" => (Relation::Equal, true),
            "<" => (Relation::Less, false),
            "<=" => (Relation::AtMost, false),
            ">" => (Relation::More, false),
            ">=" => (Relation::AtLeast, false),
            "~" => (Relation::Like, false),
            "!~" => (Relation::Like, true),
            "in" => (Relation::In, false),
            "not" => {
                let next = self.next();
                if !is(&next, &["in"]) {
                    return Err(expected("`in` after `not`", &next));
                }
                (Relation::In, true)
            }
            "is" => (Relation::Absent, self.presence()?),
            _ => return Err(wrong(&token)),
        };
        Ok(Operator { relation, negated, text: token.text.into_owned(), at: token.at })
    }

    /// Whether presence is requested, after `is`.
    fn presence(&mut self) -> Result<bool, ExpressionError> {
        let turned = self.takes(&["not"]);
        let token = self.next();
        if is(&token, &["present"]) {
            Ok(!turned)
        } else if is(&token, &["absent"]) {
            Ok(turned)
        } else {
            Err(expected("`absent` or `present`", &token))
        }
    }

    fn list(&mut self) -> Result<Vec<Literal<'a>>, ExpressionError> {
        if !self.takes(&["("]) {
            return Ok(vec![self.literal()?]);
        }
        let mut values = vec![self.literal()?];
        loop {
            let token = self.next();
            if is(&token, &[")"]) {
                return Ok(values);
            }
            if !is(&token, &[","]) {
                return Err(expected("`,` or `)`", &token));
            }
            values.push(self.literal()?);
        }
    }

    fn literal(&mut self) -> Result<Literal<'a>, ExpressionError> {
        let token = self.next();
        let is_quoted = token.sort == Sort::Quoted;
        match token.sort {
            Sort::Word if is(&token, &KEYWORDS) => {
                Err(expected("a value", &token).hint("a keyword as a value needs quotes"))
            }
            Sort::Word | Sort::Quoted => {
                Ok(Literal { text: token.text, at: token.at, inside: token.at + usize::from(is_quoted), is_quoted })
            }
            Sort::Symbol | Sort::End => Err(expected("a value", &token)),
        }
    }

    fn peek(&self) -> &Token<'a> {
        self.tokens.get(self.place).unwrap_or(&END)
    }

    /// The next token, which is then behind; the end stays ahead.
    fn next(&mut self) -> Token<'a> {
        let token = self.peek().clone();
        if token.sort != Sort::End {
            self.place += 1;
            self.behind = token.end;
        }
        token
    }

    fn takes(&mut self, spellings: &[&str]) -> bool {
        let taken = is(self.peek(), spellings);
        if taken {
            self.next();
        }
        taken
    }
}

/// Behind the lexer's own end, which is never taken.
const END: Token<'static> = Token { sort: Sort::End, text: Cow::Borrowed(""), at: usize::MAX, end: usize::MAX };

/// Whether a token is one of these symbols or keywords, case-insensitively.
fn is(token: &Token<'_>, spellings: &[&str]) -> bool {
    matches!(token.sort, Sort::Word | Sort::Symbol)
        && spellings.iter().any(|spelling| token.text.eq_ignore_ascii_case(spelling))
}

fn expected(what: &str, found: &Token<'_>) -> ExpressionError {
    let found_text = match found.sort {
        Sort::End => "the end".to_owned(),
        Sort::Quoted => "a quoted text".to_owned(),
        Sort::Word | Sort::Symbol => format!("`{}`", found.text),
    };
    ExpressionError::new(found.at, format!("expected {what}, found {found_text}"))
}
