//! An expression → words, quoted texts and symbols.
//!
//! A word ends at a space, a quote or one of `( ) , = < > ! ~ & |`, so addresses, CIDRs, sizes, times, ranges and
//! simple patterns need no quotes. In quoted text a backslash is literal and the quote is doubled.

use std::borrow::Cow;

use super::fault::ExpressionError;

/// The symbols, each before its own beginnings.
const SYMBOLS: [&str; 17] =
    ["<=", ">=", "!=", "!~", "==", "<>", "&&", "||", "=", "<", ">", "!", "~", "(", ")", ",", "&"];
/// Characters that end a word, beside spaces.
const WORD_ENDS: &str = "()!,=<>~&|\"'";
/// Typographic quotes, which are never part of a word.
const CURLY_QUOTES: [char; 6] = ['“', '”', '„', '‘', '’', '‚'];

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Word,
    Quoted,
    Symbol,
    /// After the last one.
    End,
}

/// A piece of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) sort: Sort,
    /// Without the quotes.
    pub(super) text: Cow<'a, str>,
    /// The byte of the expression that it starts at.
    pub(super) at: usize,
    /// The byte behind its last.
    pub(super) end: usize,
}

/// The tokens of an expression; the last one is its end.
pub(super) fn tokens(expression: &str) -> Result<Vec<Token<'_>>, ExpressionError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        let rest = expression[at..].trim_start();
        at = expression.len() - rest.len();
        let (sort, text, length) = token(rest, at)?;
        tokens.push(Token { sort, text, at, end: at + length });
        if sort == Sort::End {
            return Ok(tokens);
        }
        at += length;
    }
}

/// The token that a text starts with, and its length as written.
fn token(rest: &str, at: usize) -> Result<(Sort, Cow<'_, str>, usize), ExpressionError> {
    match rest.chars().next() {
        None => Ok((Sort::End, "".into(), 0)),
        Some(quote @ ('"' | '\'')) => quoted(rest, quote, at),
        Some(quote) if CURLY_QUOTES.contains(&quote) => {
            Err(ExpressionError::new(at, format!("`{quote}` is not a quote here"))
                .hint("use straight quotes: \"…\" or '…'"))
        }
        Some(_) => match SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            Some(symbol) => Ok((Sort::Symbol, (*symbol).into(), symbol.len())),
            None => word(rest, at),
        },
    }
}

fn quoted(rest: &str, quote: char, at: usize) -> Result<(Sort, Cow<'_, str>, usize), ExpressionError> {
    let mut end = 1;
    loop {
        let Some(length) = rest[end..].find(quote) else {
            return Err(ExpressionError::new(at, "unterminated quote")
                .hint(format!("write {quote}{quote} for a literal quote")));
        };
        end += length + 1;
        if !rest[end..].starts_with(quote) {
            break;
        }
        end += 1;
    }
    let inside = &rest[1..end - 1];
    let twice = [quote, quote].iter().collect::<String>();
    let text = if inside.contains(quote) { inside.replace(&twice, &quote.to_string()).into() } else { inside.into() };
    Ok((Sort::Quoted, text, end))
}

fn word(rest: &str, at: usize) -> Result<(Sort, Cow<'_, str>, usize), ExpressionError> {
    let end = rest.find(|letter: char| letter.is_whitespace() || WORD_ENDS.contains(letter)).unwrap_or(rest.len());
    match &rest[..end] {
        "" => Err(ExpressionError::new(at, format!("a single `{}`", &rest[..1]))
            .hint("write and, or; a pattern with such characters needs quotes")),
        word => Ok((Sort::Word, word.into(), end)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_falls_into_its_tokens() {
        let shown =
            |text| tokens(text).expect(text).into_iter().map(|token| token.text.into_owned()).collect::<Vec<_>>();
        assert_eq!(
            shown("src in(10.0.0.0/8,::1)&&!a<>1"),
            ["src", "in", "(", "10.0.0.0/8", ",", "::1", ")", "&&", "!", "a", "<>", "1", ""]
        );
        assert_eq!(shown("tcp_flags&2=2"), ["tcp_flags", "&", "2", "=", "2", ""]);
        assert_eq!(
            shown(r#"a="it's" b='it''s' c~"\d""""#),
            ["a", "=", "it's", "b", "=", "it's", "c", "~", "\\d\"", ""]
        );
        assert_eq!(shown("start>=2026-10-01T12:00:00+02:00"), ["start", ">=", "2026-10-01T12:00:00+02:00", ""]);
        let places: Vec<_> = tokens(" ü = 'é' x").expect("tokens").into_iter().map(|token| token.at).collect();
        assert_eq!(places, [1, 4, 6, 11, 12]);
        let ends: Vec<_> = tokens(" ü = 'é' x").expect("tokens").into_iter().map(|token| token.end).collect();
        assert_eq!(ends, [3, 5, 10, 12, 12]);
    }
}
