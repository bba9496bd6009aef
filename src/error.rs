//! What can go wrong, said so that the reader knows what to do next, and the exit codes.
//!
//! An [`Error`] stops a run. One bad object or line does not: those are counted and named by the stage that met
//! them (see `decode::Skips` and `work::Outcome`). Nothing here prints.

use std::borrow::Cow;
use std::fmt;

/// How a run ended, as the process tells it to a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for was read and answered.
    Done = 0,
    /// The run could not be carried out.
    Failed = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// An answer was given, but some input could not be read.
    Incomplete = 3,
    /// A condition that the user asked to be told of.
    Condition = 4,
}

impl Exit {
    /// The number the process ends with.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }
}

/// An error that stops a run: a lower-case sentence fragment, where it applies, and hints.
#[derive(Debug)]
pub struct Error {
    exit: Exit,
    message: String,
    hints: Vec<String>,
}

impl Error {
    /// A run that could not be carried out (exit code 1).
    pub fn failed(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, message: message.into(), hints: Vec::new() }
    }

    /// A wrong command line or configuration (exit code 2).
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into(), hints: Vec::new() }
    }

    /// Adds what the reader can do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The exit code this error leads to.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// What the reader can do next, a sentence each.
    #[must_use]
    pub fn hints(&self) -> &[String] {
        &self.hints
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Something that is wrong with a table of a user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: u64,
    /// The column, if it is one's.
    pub column: Option<Cow<'static, str>>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Fault {
    /// A fault without a hint.
    pub fn new(line: u64, column: Option<&'static str>, message: impl Into<String>) -> Self {
        Self { line, column: column.map(Cow::from), message: message.into(), hint: None }
    }

    /// What an error says of a line or a column of it, with the first of its hints.
    #[must_use]
    pub fn of(line: u64, column: Option<&'static str>, error: &Error) -> Self {
        let hint = error.hints.first().cloned();
        Self { line, column: column.map(Cow::from), message: error.to_string(), hint }
    }

    /// Says which column it is of, by a name that a file has.
    #[must_use]
    pub fn in_column(mut self, column: String) -> Self {
        self.column = Some(column.into());
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hinted(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(f, "line {}, {column}: {}", self.line, self.message),
            None => write!(f, "line {}: {}", self.line, self.message),
        }
    }
}

/// The candidate nearest to a mistyped word, if one is near enough to be meant.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(score, _)| *score > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_and_nonsense_is_not() {
        assert_eq!(nearest("dstprot", ["srcport", "dstport"]), Some("dstport"));
        assert_eq!(nearest("zzz", ["srcport", "dstport"]), None);
    }
}
