//! Messages on stderr: progress while reading, then the trailer, errors with hints.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::flags::{OutputFlags, ProgressFlag};
use crate::collect::without_password;
use crate::error::Error;
use crate::report::Meta;
use crate::units::human::{self, Units};
use crate::work::Progress;

/// Warnings that are shown; the rest is counted.
const WARNINGS_MAX: usize = 20;
/// How often the progress display looks at the counters.
const REFRESH: Duration = Duration::from_millis(200);

/// Says what went wrong and what can be done about it.
pub(super) fn error(error: &Error) {
    let mut text = line("error", error);
    text.extend(error.hints().iter().map(|hint| line("hint", hint)));
    say(&text);
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        tracing::warn!("caused by: {:?}", cause.to_string());
        source = cause.source();
    }
}

/// Says what is worth knowing.
pub(super) fn note(message: &str) {
    say(&line("note", message));
}

/// Shows progress until it is stopped.
pub(super) struct ProgressDisplay {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl ProgressDisplay {
    /// Starts the progress display, if enabled and standard error is a terminal.
    pub(super) fn start(flags: &OutputFlags, progress: &Arc<Progress>) -> Option<Self> {
        let wanted = match flags.progress {
            ProgressFlag::Always => true,
            ProgressFlag::Never => false,
            // A bar and lines about the work would write over each other.
            ProgressFlag::Auto => {
                io::stderr().is_terminal() && !flags.quiet && !tracing::enabled!(tracing::Level::WARN)
            }
        };
        let (stop, stopped) = channel();
        let progress = Arc::clone(progress);
        let thread = wanted.then(|| {
            std::thread::spawn(move || {
                let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
                bar.set_style(style());
                while stopped.recv_timeout(REFRESH) == Err(RecvTimeoutError::Timeout) {
                    let (read, total) = progress.stored_bytes();
                    bar.set_length(total);
                    bar.set_position(read);
                    bar.set_message(format!("{} records", human::count(progress.records().into())));
                }
                bar.finish_and_clear();
            })
        });
        thread.map(|thread| Self { stop, thread })
    }

    /// Takes the display away.
    pub(super) fn stop(self) {
        drop(self.stop);
        // A display that failed has nothing more to show.
        let _gone = self.thread.join();
    }
}

fn style() -> ProgressStyle {
    let template = "{bar:30} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec}, {eta} left, {msg}";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Prints the trailer: window, objects, rate, the account, notes and warnings.
pub(super) fn trailer(meta: &Meta, began: Instant, quiet: bool) {
    let mut text = String::new();
    if !quiet {
        text.push_str(&reading(meta, began.elapsed()));
        text.push_str(&account(meta));
        text.extend(meta.notes.iter().map(|note| line("note", human::harmless(note))));
    }
    say(&(text + &warned(meta)));
}

/// Says a report's warnings alone.
pub(super) fn warnings(meta: &Meta) {
    say(&warned(meta));
}

fn warned(meta: &Meta) -> String {
    let mut text = String::new();
    for warning in meta.warnings.iter().take(WARNINGS_MAX) {
        text.push_str(&line("warning", human::harmless(warning)));
    }
    if let Some(more) = meta.warnings.len().checked_sub(WARNINGS_MAX).filter(|more| *more > 0) {
        text.push_str(&format!("warning: {more} more warnings (list all with -o json)\n"));
    }
    if meta.incomplete {
        text.push_str("warning: the report is incomplete (exit code 3)\n");
    }
    text
}

/// Says a report's notes alone.
pub(super) fn notes(meta: &Meta) {
    say(&meta.notes.iter().map(|note| line("note", human::harmless(note))).collect::<String>());
}

fn reading(meta: &Meta, took: Duration) -> String {
    let records: u64 = meta.account.iter().map(|line| line.records).sum();
    let objects = human::counted(meta.objects, "object");
    let pruned = if meta.pruned_objects > 0 {
        format!(" ({} left out by their keys)", human::count(meta.pruned_objects.into()))
    } else {
        String::new()
    };
    let window = match meta.window {
        (None, None) => String::new(),
        (from, to) => {
            let moment = |moment: Option<u32>| moment.map_or("…".to_owned(), human::moment);
            format!("window: {} to {} (start of the record)\n", moment(from), moment(to))
        }
    };
    // The size of a pipe is unknown.
    let stored = match meta.stored_bytes {
        0 => String::new(),
        bytes => format!(", {}", human::bytes(bytes.into(), Units::Iec)),
    };
    let spilled = match meta.spilled_bytes {
        0 => String::new(),
        bytes => format!(
            "spilled: {} of sums, through a temporary file (--memory)\n",
            human::bytes(bytes.into(), Units::Iec)
        ),
    };
    let (records_text, seconds) = (human::counted(records, "record"), took.as_secs_f64());
    let rate = records as f64 / seconds.max(0.001) / 1e6;
    format!(
        "{window}read: {objects}{pruned}{stored}, {records_text} in {seconds:.2} s, {rate:.1} M records/s\n{spilled}"
    )
}

fn account(meta: &Meta) -> String {
    let filled: Vec<_> = meta.account.iter().filter(|line| line.records > 0).collect();
    let classes = filled.iter().map(|line| {
        let bytes = if line.bytes > 0 { format!(" ({})", human::bytes(line.bytes, Units::Iec)) } else { String::new() };
        format!("{} {}{bytes}", human::count(line.records.into()), line.class)
    });
    if filled.is_empty() { String::new() } else { format!("records: {}\n", classes.collect::<Vec<_>>().join(", ")) }
}

/// Prints clap's error without its colors, which could not be distinguished from escapes in the user's input; help, which
/// is no error, to standard output.
pub(super) fn clap_error(error: &clap::Error) -> io::Result<()> {
    if error.use_stderr() {
        say(&error.render().to_string());
        return Ok(());
    }
    error.print().and_then(|()| io::stdout().flush())
}

/// A message of its kind. Its further lines are indented, so that no text from outside passes for a message of its own.
fn line(kind: &str, message: impl Display) -> String {
    let text = message.to_string();
    let mut lines = text.split('\n');
    let mut line = format!("{kind}: {}\n", lines.next().unwrap_or_default());
    for further in lines {
        let indent = if further.starts_with("  ") { "" } else { "  " };
        line.push_str(&format!("{indent}{further}\n"));
    }
    line
}

/// Writes to standard error. Nothing else does, but for the log, which escapes texts itself, and the progress display.
fn say(text: &str) {
    // Nothing can be done about a terminal that is gone.
    let _unheard = io::stderr().write_all(shown(&without_password(text)).as_bytes());
}

/// A text that does nothing to a terminal but be read; its lines stay lines.
fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character != '\n' && human::is_hidden(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_escaped_and_has_one_line_of_its_own() {
        assert_eq!(shown("a\x1b[31m\tb\u{202e}c\r\n"), "a\\u{1b}[31m\\u{9}b\\u{202e}c\\u{d}\n");
        assert_eq!(line("error", "no\nhint: run this\n  here\n  ^"), "error: no\n  hint: run this\n  here\n  ^\n");
        assert_eq!(line("hint", ""), "hint: \n");
    }
}
