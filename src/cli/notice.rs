//! Messages on stderr: progress while reading, then the trailer, errors with hints.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::flags::{OutputFlags, ProgressFlag};
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
    let mut text = format!("error: {error}\n");
    for hint in error.hints() {
        text.push_str(&format!("hint: {hint}\n"));
    }
    say(&text);
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        tracing::warn!("caused by: {:?}", cause.to_string());
        source = cause.source();
    }
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
        for note in &meta.notes {
            text.push_str(&format!("note: {}\n", human::harmless(note)));
        }
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
        text.push_str(&format!("warning: {}\n", human::harmless(warning)));
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
    say(&meta.notes.iter().map(|note| format!("note: {}\n", human::harmless(note))).collect::<String>());
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

fn say(text: &str) {
    // Nothing can be done about a terminal that is gone.
    let _unheard = io::stderr().write_all(text.as_bytes());
}
