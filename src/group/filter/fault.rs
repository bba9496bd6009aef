//! Errors in an expression, with their position: the message points at the character.

use crate::error::Error;

/// How many characters of a long expression are shown on each side of the fault.
pub(super) const EXCERPT_SIDE_MAX: usize = 60;

/// Something wrong at a place of the expression.
#[derive(Debug)]
pub(crate) struct ExpressionError {
    /// The byte of the expression that it starts at.
    at: usize,
    message: String,
    hints: Vec<String>,
}

impl ExpressionError {
    pub(crate) fn new(at: usize, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), hints: Vec::new() }
    }

    /// The error of another parser for a literal at this position.
    pub(crate) fn of(at: usize, error: &Error) -> Self {
        Self { at, message: error.to_string(), hints: error.hints().to_vec() }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The error that shows an expression of this name with a caret under the place.
    pub(crate) fn into_error(self, name: &str, expression: &str) -> Error {
        let (line, caret) = excerpt(expression, self.at);
        // A value may hold anything; the message stays one line.
        let message: String = self.message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let error = Error::usage(format!("{name}: {message}\n  {line}\n  {}^", " ".repeat(caret)));
        self.hints.into_iter().fold(error, Error::hint)
    }
}

/// The expression around a byte, on one line, and how many characters of it stand before that byte.
fn excerpt(expression: &str, at: usize) -> (String, usize) {
    let (before, after) = expression.split_at_checked(at).unwrap_or((expression, ""));
    let shown = |letter: char| if letter.is_control() { ' ' } else { letter };
    let mut line: Vec<char> = before.chars().rev().take(EXCERPT_SIDE_MAX).map(shown).collect();
    if before.chars().nth(EXCERPT_SIDE_MAX).is_some() {
        line.push('…');
    }
    line.reverse();
    let caret = line.len();
    line.extend(after.chars().take(EXCERPT_SIDE_MAX).map(shown));
    if after.chars().nth(EXCERPT_SIDE_MAX).is_some() {
        line.push('…');
    }
    (line.into_iter().collect(), caret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_character_that_is_meant() {
        let shown = |expression: &str, at| ExpressionError::new(at, "no").into_error("filter", expression).to_string();
        assert_eq!(shown("a = b", 4), "filter: no\n  a = b\n      ^");
        assert_eq!(shown("é\t= ü!", "é\t= ü".len()), "filter: no\n  é = ü!\n       ^");
        assert_eq!(shown("a =", 3), "filter: no\n  a =\n     ^");
        let long = "x".repeat(100);
        let side = "x".repeat(EXCERPT_SIDE_MAX);
        let expected = format!("filter: no\n  …{side}!{}…\n   {}^", &side[1..], " ".repeat(EXCERPT_SIDE_MAX));
        assert_eq!(shown(&format!("{long}!{long}"), 100), expected);
    }
}
