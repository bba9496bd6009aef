//! Compares what was printed with what was expected, and shows the difference.

use std::sync::LazyLock;

use regex::bytes::Regex;

/// The most lines of a difference that are shown, of each side.
const SHOWN_LINES_MAX: usize = 20;

/// Durations and rates, which differ from run to run: `in 0.12 s`, `1.2 M records/s`, `380 MiB/s`.
static TIMES: LazyLock<Vec<(Regex, &[u8])>> = LazyLock::new(|| {
    let patterns: [(_, &[u8]); 2] = [
        (r"\bin [0-9][0-9.,]* ?(?:ns|µs|ms|s|min)\b", b"in <time>"),
        (r"\b[0-9][0-9.,]* ?(?:[kKMGT]i?)? ?(?:records|rec|bytes|B)?/s\b", b"<rate>"),
    ];
    patterns.into_iter().filter_map(|(pattern, name)| Some((Regex::new(pattern).ok()?, name))).collect()
});

/// What was said, without what differs from run to run.
pub(crate) fn settled(said: &[u8]) -> Vec<u8> {
    TIMES.iter().fold(said.to_vec(), |said, (pattern, name)| pattern.replace_all(&said, *name).into_owned())
}

/// Nothing if both are the same, else the lines where they part.
pub(crate) fn difference(what: &str, expected: &[u8], printed: &[u8]) -> Option<String> {
    if expected == printed {
        return None;
    }
    if [expected, printed].iter().any(|bytes| std::str::from_utf8(bytes).is_err()) {
        let same = expected.iter().zip(printed).take_while(|(a, b)| a == b).count();
        let (expected, printed) = (expected.len(), printed.len());
        return Some(format!("{what}: {printed} bytes instead of {expected}, the first difference at byte {same}\n"));
    }
    let lines = |bytes: &[u8]| -> Vec<String> { bytes.split_inclusive(|byte| *byte == b'\n').map(shown).collect() };
    let (expected, printed) = (lines(expected), lines(printed));
    let before = expected.iter().zip(&printed).take_while(|(a, b)| a == b).count();
    let rest = expected[before..].iter().rev().zip(printed[before..].iter().rev());
    let after = rest.take_while(|(a, b)| a == b).count();
    let side = |sign: &str, lines: &[String]| -> String {
        let middle = &lines[before..lines.len() - after];
        let more = middle.len().saturating_sub(SHOWN_LINES_MAX);
        let shown = middle.iter().take(SHOWN_LINES_MAX).map(|line| format!("    {sign} {line}\n"));
        let tail = (more > 0).then(|| format!("    {sign} … {more} lines more\n"));
        shown.chain(tail).collect()
    };
    Some(format!("{what}, from line {}:\n{}{}", before + 1, side("-", &expected), side("+", &printed)))
}

/// A line with what the eye would miss: control characters, and a missing end.
fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let (body, end) = text.strip_suffix('\n').map_or((&*text, " (no newline)"), |body| (body, ""));
    let visible = |letter: char| if letter.is_control() { letter.escape_default().to_string() } else { letter.into() };
    body.chars().map(visible).chain([end.to_owned()]).collect()
}

#[test]
fn a_difference_shows_the_lines_that_differ_and_no_others() {
    assert_eq!(difference("stdout", b"a\nb\n", b"a\nb\n"), None);
    let shown = difference("stdout", b"a\nb\nc\n", b"a\nB\r\nc\n");
    assert_eq!(shown.as_deref(), Some("stdout, from line 2:\n    - b\n    + B\\r\n"));
}

#[test]
fn durations_and_rates_are_settled_and_other_numbers_stay() {
    let said = "40,000 records in 0.12 s, 1.2 M records/s, 38 MiB/s, window 24 h".as_bytes();
    assert_eq!(settled(said), b"40,000 records in <time>, <rate>, <rate>, window 24 h");
}
