//! Ctrl-C and its like while a file is written: the temporary file goes, then the process ends as it would have.
//!
//! Where no file is written nothing is done: the system ends the process at once.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

#[cfg(unix)]
use signal_hook::consts::SIGHUP;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::{flag, low_level};

/// What ends a run.
#[cfg(unix)]
const SIGNALS: [i32; 3] = [SIGHUP, SIGINT, SIGTERM];
#[cfg(not(unix))]
const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];
/// How often is looked whether one came.
const PAUSE: Duration = Duration::from_millis(50);

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
///
/// A signal only sets a number that the thread looks at, as Windows has nothing to wait on.
fn listen() {
    let came = Arc::new(AtomicUsize::new(0));
    let listening = SIGNALS.iter().filter_map(|signal| Some((*signal, usize::try_from(*signal).ok()?)));
    if !listening.map(|(signal, number)| flag::register_usize(signal, Arc::clone(&came), number)).all(|set| set.is_ok())
    {
        return;
    }
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(PAUSE);
            let Some(signal) =
                SIGNALS.iter().find(|signal| usize::try_from(**signal) == Ok(came.load(Ordering::SeqCst)))
            else {
                continue;
            };
            for path in unfinished().drain(..) {
                // A file that is gone already is no matter.
                let _gone = std::fs::remove_file(path);
            }
            let _ended = low_level::emulate_default_handler(*signal);
        }
    });
}
