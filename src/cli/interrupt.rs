//! Ctrl-C and its like while a file is written: the temporary file goes, then the process ends as it would have.
//!
//! Where no file is written nothing is done: the system ends the process at once.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

/// The files that an interrupted run must not leave behind.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Takes its file from those to be removed.
#[derive(Debug)]
pub(super) struct Guard(PathBuf);

impl Drop for Guard {
    fn drop(&mut self) {
        unfinished().retain(|path| *path != self.0);
    }
}

/// Has a file removed if the process is interrupted while the guard lives.
pub(super) fn remove_if_interrupted(path: &Path) -> Guard {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(listen);
    unfinished().push(path.to_owned());
    Guard(path.to_owned())
}

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for signals in a thread of its own. Where that cannot be had, the system ends the process as ever.
#[cfg(unix)]
fn listen() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    let Ok(mut signals) = Signals::new([SIGHUP, SIGINT, SIGTERM]) else { return };
    std::thread::spawn(move || {
        for signal in signals.forever() {
            for path in unfinished().drain(..) {
                // A file that is gone already is no matter.
                let _gone = std::fs::remove_file(path);
            }
            let _ended = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
}

#[cfg(not(unix))]
fn listen() {}
