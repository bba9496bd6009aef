//! Where a text holds a secret, however that is written: whole or in part, in capitals, broken over lines, escaped, as
//! base64 or hexadecimal digits.
//!
//! Both are reduced to what all these have in common, small letters and digits, and compared by runs of those.

use std::collections::HashMap;
use std::ops::Range;

/// Letters and digits in a row by which a part of a secret is known.
const RUN: usize = 16;
/// How often a text may have been escaped.
const ESCAPES_MAX: usize = 2;

/// A character and the bytes that it was written with.
type Piece = (char, Range<usize>);

/// A text as letters and digits.
pub(super) struct Written<'a> {
    text: &'a str,
    letters: Vec<u8>,
    places: Vec<Range<usize>>,
    /// Where each run begins.
    runs: HashMap<[u8; RUN], Vec<usize>>,
}

impl<'a> Written<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut pieces: Vec<Piece> =
            text.char_indices().map(|(at, character)| (character, at..at + character.len_utf8())).collect();
        for _ in 0..ESCAPES_MAX {
            pieces = unescaped(&pieces);
        }
        let known = pieces.into_iter().filter(|(character, _)| character.is_ascii_alphanumeric());
        let (letters, places): (Vec<u8>, _) =
            known.map(|(character, place)| (character.to_ascii_lowercase() as u8, place)).unzip();
        let mut runs: HashMap<_, Vec<_>> = HashMap::new();
        for (at, run) in letters.array_windows().enumerate() {
            runs.entry(*run).or_default().push(at);
        }
        Self { text, letters, places, runs }
    }

    /// Where a secret or a part of it stands; of a secret of few letters, where it is a word.
    pub(super) fn places_of(&self, secret: &str) -> Vec<Range<usize>> {
        forms(secret).iter().flat_map(|form| self.runs_of(form).chain(self.words_of(form))).collect()
    }

    fn runs_of<'b>(&'b self, form: &'b [u8]) -> impl Iterator<Item = Range<usize>> + 'b {
        let found = form.array_windows::<RUN>().filter_map(|run| self.runs.get(run)).flatten();
        found.map(|at| self.places[*at].start..self.places[at + RUN - 1].end)
    }

    fn words_of<'b>(&'b self, form: &'b [u8]) -> impl Iterator<Item = Range<usize>> + 'b {
        let is_short = (1..RUN).contains(&form.len());
        let found = memchr::memmem::find_iter(&self.letters, form).filter(move |_| is_short);
        let places = found.map(|at| self.places[at].start..self.places[at + form.len() - 1].end);
        let is_part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        places.filter(move |place| {
            let (before, after) = (&self.text[..place.start], &self.text[place.end..]);
            !is_part(before.chars().next_back()) && !is_part(after.chars().next())
        })
    }
}

/// The letters and digits of a secret, and of what else it may be written as.
fn forms(secret: &str) -> [Vec<u8>; 5] {
    let bytes = secret.as_bytes();
    let plain = bytes.to_vec();
    let hexadecimal = bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect();
    [plain, hexadecimal, base64(bytes, 0), base64(bytes, 1), base64(bytes, 2)].map(|mut form| {
        form.retain(u8::is_ascii_alphanumeric);
        form.make_ascii_lowercase();
        form
    })
}

/// How a secret is written at the end of a text in base64, so many bytes after one that is a multiple of three: without
/// the digit that those have a part in. In a longer text the last digit is another one.
fn base64(bytes: &[u8], before: usize) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = |three: &[u8]| {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | usize::from(three.get(at).copied().unwrap_or_default()));
        [18, 12, 6, 0].map(|shift| DIGITS[bits >> shift & 63])
    };
    let all = [&[0; 2][..before], bytes].concat();
    let written: Vec<u8> = all.chunks(3).flat_map(digits).collect();
    written[(before * 8).div_ceil(6)..(all.len() * 8).div_ceil(6)].to_vec()
}

/// Characters in place of their escapes: of URLs, of JSON and of XML.
fn unescaped(pieces: &[Piece]) -> Vec<Piece> {
    let (mut plain, mut at) = (Vec::with_capacity(pieces.len()), 0);
    while let Some((character, place)) = pieces.get(at) {
        let (character, length) = escape(&pieces[at..]).unwrap_or((*character, 1));
        plain.push((character, place.start..pieces[at + length - 1].1.end));
        at += length;
    }
    plain
}

/// The character that an escape at the beginning of a text stands for, and the escape's length.
fn escape(pieces: &[Piece]) -> Option<(char, usize)> {
    let text: String = pieces.iter().take(10).map(|(character, _)| *character).collect();
    let number = |digits: Option<&str>, radix| {
        let digits = digits.filter(|digits| digits.chars().all(|digit| digit.is_digit(radix)))?;
        char::from_u32(u32::from_str_radix(digits, radix).ok()?)
    };
    if text.starts_with('%') {
        return Some((number(text.get(1..3), 16)?, 3));
    }
    if text.starts_with("\\u") {
        return Some((number(text.get(2..6), 16)?, 6));
    }
    if let Some(letter) = text.strip_prefix('\\').and_then(|rest| rest.chars().next()) {
        return Some((if "nrt".contains(letter) { '\n' } else { letter }, 2));
    }
    let name = text.strip_prefix('&')?.split_once(';')?.0;
    let character = match name.strip_prefix('#') {
        Some(digits) => match digits.strip_prefix(['x', 'X']) {
            Some(digits) => number(Some(digits), 16),
            None => number(Some(digits), 10),
        }?,
        None if ["amp", "lt", "gt", "quot", "apos"].contains(&name) => '&',
        None => return None,
    };
    Some((character, name.chars().count() + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_the_middle_of_what_surrounds_it() {
        let text = |before| format!("{}=", String::from_utf8(base64(b"AKIAIOSFODNN7EXAMPLE", before)).unwrap());
        // As of `base64`: alone, after `x` and after `xy`.
        assert_eq!(text(0), "QUtJQUlPU0ZPRE5ON0VYQU1QTEU=");
        assert_eq!(text(1), "FLSUFJT1NGT0ROTjdFWEFNUExF=");
        assert_eq!(text(2), "BS0lBSU9TRk9ETk43RVhBTVBMRQ=");
    }

    #[test]
    fn escapes_are_those_of_urls_json_and_xml() {
        let read = |text: &str| -> String {
            let written: Vec<Piece> = text.char_indices().map(|(at, c)| (c, at..at + c.len_utf8())).collect();
            unescaped(&written).into_iter().map(|(character, _)| character).collect()
        };
        assert_eq!(read("a%2Bb%2fé%zz%2"), "a+b/é%zz%2");
        assert_eq!(read("a\\u002Bb\\/c\\nd\\\\u"), "a+b/c\nd\\u");
        assert_eq!(read("a&#43;b&#x2b;c&amp;d&other;&#xx;&"), "a+b+c&d&other;&#xx;&");
        let written = Written::new("x %2541%%");
        assert_eq!((written.letters.as_slice(), &written.places[1]), (&b"xa"[..], &(2..7)));
    }
}
