//! Tokens → a tree of tests, by recursive descent: `or` binds least, then `and`, then `not`, then a comparison.
//!
//! What a comparison means for its column is [`super::check`]'s; here is only how it is written.

use super::check::{Checker, Comparison, Literal, Operator, Relation, Subject};
use super::evaluate::Node;
use super::fault::Fault;
use super::lex::{self, Sort, Token};

/// How deep parentheses and `not` may nest.
pub const DEPTH_MAX: usize = 64;

const OR: [&str; 2] = ["or", "||"];
const AND: [&str; 2] = ["and", "&&"];
const NOT: [&str; 2] = ["not", "!"];
/// Words of the grammar: as a column or a value they need quotes.
const KEYWORDS: [&str; 5] = ["and", "or", "not", "in", "is"];

/// The tree of an expression.
pub(super) fn tree(expression: &str, checker: &mut Checker) -> Result<Node, Fault> {
    let mut parser = Parser { tokens: lex::tokens(expression)?, place: 0, depth: 0, checker };
    let node = parser.any()?;
    let token = parser.next();
    match &*token.text {
        _ if token.sort == Sort::End => Ok(node),
        ")" if token.sort == Sort::Symbol => Err(Fault::new(token.at, "`)` without its `(`")),
        "," if token.sort == Sort::Symbol => {
            Err(expected("`and`, `or` or the end", &token).hint("a list stands in parentheses: dstport in (80, 443)"))
        }
        _ => Err(expected("`and`, `or` or the end", &token)),
    }
}

struct Parser<'a, 'c> {
    tokens: Vec<Token<'a>>,
    place: usize,
    depth: usize,
    checker: &'c mut Checker,
}

impl<'a> Parser<'a, '_> {
    fn any(&mut self) -> Result<Node, Fault> {
        let first = self.all()?;
        let mut rest = Vec::new();
        while self.takes(&OR) {
            rest.push(self.all()?);
        }
        Ok(if rest.is_empty() { first } else { Node::Any(std::iter::once(first).chain(rest).collect()) })
    }

    fn all(&mut self) -> Result<Node, Fault> {
        let first = self.negation()?;
        let mut rest = Vec::new();
        while self.takes(&AND) {
            rest.push(self.negation()?);
        }
        Ok(if rest.is_empty() { first } else { Node::All(std::iter::once(first).chain(rest).collect()) })
    }

    fn negation(&mut self) -> Result<Node, Fault> {
        if self.takes(&NOT) {
            return Ok(self.deeper(Self::negation)?.negated(true));
        }
        if !self.takes(&["("]) {
            return self.comparison();
        }
        let node = self.deeper(Self::any)?;
        let token = self.next();
        if is(&token, &[")"]) { Ok(node) } else { Err(expected("`and`, `or` or `)`", &token)) }
    }

    fn deeper(&mut self, part: fn(&mut Self) -> Result<Node, Fault>) -> Result<Node, Fault> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let at = self.peek().at;
            return Err(Fault::new(at, format!("parentheses or `not` nested more than {DEPTH_MAX} deep")));
        }
        let node = part(self);
        self.depth -= 1;
        node
    }

    fn comparison(&mut self) -> Result<Node, Fault> {
        let token = self.next();
        if token.sort != Sort::Word || is(&token, &KEYWORDS) {
            return Err(
                expected("a column", &token).hint("a comparison is written column, operator, value: dstport = 443")
            );
        }
        let subject = Subject::of(&token.text, token.at)?;
        let operator = self.operator(&subject)?;
        let values = match operator.relation {
            Relation::Absent => Vec::new(),
            Relation::In => self.list()?,
            _ => vec![self.literal()?],
        };
        self.checker.test(&Comparison { subject, operator, values })
    }

    fn operator(&mut self, subject: &Subject) -> Result<Operator, Fault> {
        let token = self.next();
        let wrong = |token: &Token<'_>| {
            expected(&format!("an operator after `{}`", subject.name), token).hint(subject.operators())
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

    /// Whether presence is asked for, after `is`.
    fn presence(&mut self) -> Result<bool, Fault> {
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

    fn list(&mut self) -> Result<Vec<Literal<'a>>, Fault> {
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

    fn literal(&mut self) -> Result<Literal<'a>, Fault> {
        let token = self.next();
        match token.sort {
            Sort::Quoted => Ok(Literal { text: token.text, at: token.at, inside: token.at + 1 }),
            Sort::Word if is(&token, &KEYWORDS) => {
                Err(expected("a value", &token).hint("a keyword as a value needs quotes"))
            }
            Sort::Word => Ok(Literal { text: token.text, at: token.at, inside: token.at }),
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
        }
        token
    }

    fn takes(&mut self, spellings: &[&str]) -> bool {
        let taken = is(self.peek(), spellings);
        self.place += usize::from(taken);
        taken
    }
}

/// Behind the lexer's own end, which is never taken.
const END: Token<'static> = Token { sort: Sort::End, text: std::borrow::Cow::Borrowed(""), at: usize::MAX };

/// Whether a token is one of these symbols or keywords, whatever its case.
fn is(token: &Token<'_>, spellings: &[&str]) -> bool {
    matches!(token.sort, Sort::Word | Sort::Symbol)
        && spellings.iter().any(|spelling| token.text.eq_ignore_ascii_case(spelling))
}

fn expected(what: &str, found: &Token<'_>) -> Fault {
    let found_text = match found.sort {
        Sort::End => "the end".to_owned(),
        Sort::Quoted => "a quoted text".to_owned(),
        Sort::Word | Sort::Symbol => format!("`{}`", found.text),
    };
    Fault::new(found.at, format!("expected {what}, found {found_text}"))
}
