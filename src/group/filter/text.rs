//! What a text must be: one of several texts, globs among them, or like a regular expression.

use std::collections::BTreeSet;

use regex::bytes::{Regex, RegexBuilder};

use super::fault::ExpressionError;
use super::parse::Literal;

/// How large the compiled form of a pattern may become.
pub const PATTERN_BYTES_MAX: usize = 1 << 20;

/// What a text must be.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    /// One of these, or of the globs' form if there are any.
    OneOf(BTreeSet<Vec<u8>>, Option<Regex>),
    /// It matches somewhere.
    Like(Regex),
}

impl Pattern {
    /// Whether a text is so.
    pub(crate) fn takes(&self, text: &[u8]) -> bool {
        match self {
            Self::OneOf(texts, globs) => {
                texts.contains(text) || globs.as_ref().is_some_and(|globs| globs.is_match(text))
            }
            Self::Like(regex) => regex.is_match(text),
        }
    }
}

/// Whether a value has `*` or `?` outside of quotes.
pub(crate) fn is_glob(value: &Literal<'_>) -> bool {
    !value.is_quoted && value.text.contains(['*', '?'])
}

/// Whether a text is that of a value, or of its glob's form.
pub(crate) fn passes(value: &Literal<'_>, text: &str) -> bool {
    if !is_glob(value) {
        return value.text == text;
    }
    one_of(std::slice::from_ref(value)).is_ok_and(|pattern| pattern.takes(text.as_bytes()))
}

/// The texts of these values.
pub(crate) fn one_of(values: &[Literal<'_>]) -> Result<Pattern, ExpressionError> {
    let (globs, texts): (Vec<_>, Vec<_>) = values.iter().partition(|value| is_glob(value));
    let texts = texts.into_iter().map(|value| value.text.as_bytes().to_vec()).collect();
    let Some(first) = globs.first() else { return Ok(Pattern::OneOf(texts, None)) };
    let forms: Vec<String> = globs.iter().map(|glob| form(&glob.text)).collect();
    let regex = RegexBuilder::new(&format!(r"\A(?:{})\z", forms.join("|"))).size_limit(PATTERN_BYTES_MAX).build();
    let too_large = |_| ExpressionError::new(first.at, format!("pattern `{}` is too large", first.text));
    Ok(Pattern::OneOf(texts, Some(regex.map_err(too_large)?)))
}

/// A glob as a regular expression: `*` is any bytes, `?` is one character.
fn form(glob: &str) -> String {
    let mut form = String::new();
    let mut plain = [0; 4];
    for letter in glob.chars() {
        match letter {
            '*' if form.ends_with("*") => {}
            '*' => form.push_str("(?s-u:.)*"),
            '?' => form.push_str("(?s:.)"),
            letter => form.push_str(&regex::escape(letter.encode_utf8(&mut plain))),
        }
    }
    form
}

/// What is like a value.
pub(crate) fn like(value: &Literal<'_>) -> Result<Pattern, ExpressionError> {
    let regex = RegexBuilder::new(&value.text).size_limit(PATTERN_BYTES_MAX).build();
    regex.map(Pattern::Like).map_err(|error| {
        let shown = error.to_string();
        // The library draws the pattern with its own caret; its last line has the error.
        let reason = shown.lines().last().unwrap_or_default().trim_start_matches("error: ");
        ExpressionError::new(value.at, format!("invalid pattern `{}`: {reason}", value.text))
            .hint("patterns are regular expressions; escape . ( [ + with a backslash")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Whether a glob fits, letter by letter.
    fn fits(glob: &[char], text: &[char]) -> bool {
        match (glob, text) {
            ([], text) => text.is_empty(),
            (['*', rest @ ..], text) => (0..=text.len()).any(|skipped| fits(rest, &text[skipped..])),
            (['?', rest @ ..], [_, text @ ..]) => fits(rest, text),
            ([letter, rest @ ..], [first, text @ ..]) => letter == first && fits(rest, text),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn globs_fit_as_they_do_letter_by_letter(glob in "[*?]?[ab.+é*?\n]{0,6}[*?]", text in "[ab.+é\n]{0,8}") {
            let value = Literal { text: glob.as_str().into(), at: 0, inside: 0, is_quoted: false };
            let letters = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(passes(&value, &text), fits(&letters(&glob), &letters(&text)), "{} {}", glob, text);
            let quoted = Literal { is_quoted: true, ..value };
            prop_assert_eq!(passes(&quoted, &text), glob == text);
        }
    }
}
