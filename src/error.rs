//! What can go wrong, said so that the reader knows what to do next, and the exit codes.
//!
//! An [`Error`] stops a run. One bad object or line does not: those are counted and named by the stage that met
//! them (see `decode::Skips` and `work::Outcome`). Nothing here prints.

use std::borrow::Cow;
use std::fmt;

/// Exit status of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything requested was read and answered.
    Done = 0,
    /// The run could not be carried out.
    Failed = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// An answer was given, but some input could not be read.
    Incomplete = 3,
    /// A condition that the user asked to be notified of.
    Condition = 4,
}

impl Exit {
    /// The number the process ends with.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }
}

/// What stopped a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The command line, the configuration or a table of the user's is wrong.
    Usage,
    /// What was to be read cannot be.
    Read,
    /// What was to be written cannot be.
    Write,
    /// Something is larger than its limit.
    Limit,
    /// The machine does not give what is needed: threads, a clock.
    System,
    /// The program contradicts itself.
    Internal,
}

/// The error of a library or of the system that another one comes from.
type Source = Box<dyn std::error::Error + Send + Sync>;

/// An error that stops a run: its kind, a lower-case sentence fragment that says where it applies, hints, and what it
/// comes from.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    hints: Vec<String>,
    source: Option<Source>,
}

impl Error {
    /// An error of a kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hints: Vec::new(), source: None }
    }

    /// A wrong command line, configuration or table.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// Something that cannot be read.
    pub fn read(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Read, message)
    }

    /// Something that cannot be written.
    pub fn write(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Write, message)
    }

    /// Something larger than its limit.
    pub fn limit(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Limit, message)
    }

    /// Something that the machine does not give.
    pub fn system(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::System, message)
    }

    /// A contradiction of the program's own.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// A run that could not be carried out, as something cannot be read.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::read(message)
    }

    /// Adds what the reader can do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Says where it applies: a flag, a file, a line.
    #[must_use]
    pub fn context(mut self, place: impl fmt::Display) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// The same error with another kind.
    #[must_use]
    pub fn of_kind(mut self, kind: ErrorKind) -> Self {
        self.kind = kind;
        self
    }

    /// Keeps the error that it comes from. The message has said in the program's own words what a reader needs of it.
    #[must_use]
    pub fn because(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The kind of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The exit code this error leads to.
    #[must_use]
    pub fn exit(&self) -> Exit {
        if self.kind == ErrorKind::Usage { Exit::Usage } else { Exit::Failed }
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

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}

/// Something that is wrong with a table of a user's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// The line, from 1.
    pub line: u64,
    /// The column, if it is one's.
    pub column: Option<Cow<'static, str>>,
    /// The error message.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl RowError {
    /// A fault without a hint.
    pub fn new(line: u64, column: Option<&'static str>, message: impl Into<String>) -> Self {
        Self { line, column: column.map(Cow::from), message: message.into(), hint: None }
    }

    /// Converts an error on a line or column, with its first hint.
    #[must_use]
    pub fn of(line: u64, column: Option<&'static str>, error: &Error) -> Self {
        let hint = error.hints.first().cloned();
        Self { line, column: column.map(Cow::from), message: error.to_string(), hint }
    }

    /// Sets the column, by its name in the file.
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

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(f, "line {}, {column}: {}", self.line, self.message),
            None => write!(f, "line {}: {}", self.line, self.message),
        }
    }
}

/// The text that a panic gives.
#[must_use]
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("no reason is given")
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

/// The candidate that a word is but for a slip of the hand: one letter wrong, two in a word of some length.
#[must_use]
pub fn misspelt<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONG_WORD: usize = 8;
    let slips = if word.len() < LONG_WORD { 1 } else { 2 };
    let near = candidates.into_iter().map(|candidate| (strsim::osa_distance(word, candidate), candidate));
    // Among equally near ones, letters swapped or struck wrong are likelier than one left out.
    near.filter(|(distance, _)| *distance <= slips)
        .min_by_key(|(distance, candidate)| (*distance, candidate.len().abs_diff(word.len()), *candidate))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_hand_is_recognised_and_another_word_is_not() {
        let names = ["bytes", "srcaddr", "next_hop_subnet_id", "end"];
        for (word, meant) in [("byts", "bytes"), ("src_addr", "srcaddr"), ("scraddr", "srcaddr"), ("ends", "end")] {
            assert_eq!(misspelt(word, names), Some(meant));
        }
        for word in ["next_next_hop", "source", "quantum", "kind"] {
            assert_eq!(misspelt(word, names), None, "{word}");
        }
    }

    #[test]
    fn an_error_has_a_kind_a_place_hints_and_what_it_comes_from() {
        let source = std::io::Error::from(std::io::ErrorKind::NotFound);
        let error =
            Error::read("no such file").hint("check the name").because(source).context("line 3").context("a.csv");
        assert_eq!(error.to_string(), "a.csv: line 3: no such file");
        assert_eq!((error.kind(), error.exit()), (ErrorKind::Read, Exit::Failed));
        assert_eq!(error.hints(), ["check the name"]);
        let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<std::io::Error>());
        assert_eq!(source.map(std::io::Error::kind), Some(std::io::ErrorKind::NotFound));
        let usage = error.of_kind(ErrorKind::Usage);
        assert_eq!((usage.exit(), usage.hints().len()), (Exit::Usage, 1));
        assert!(std::error::Error::source(&Error::usage("x")).is_none());
    }

    #[test]
    fn the_nearest_name_is_suggested_and_nonsense_is_not() {
        assert_eq!(nearest("dstprot", ["srcport", "dstport"]), Some("dstport"));
        assert_eq!(nearest("zzz", ["srcport", "dstport"]), None);
    }
}
