//! The state file of reported incidents.
//!
//! The file is read before the report is made and atomically replaced after the report was written: a run that fails in
//! between repeats its reports. Reading, judging and writing are under one lock, so two runs never report the same incident
//! as new. What is locked is a file beside the state, `FILE.lock`, for the state itself is another file after each run;
//! it is empty and stays.

use std::fs::File;
use std::io::{self, Read, Write};
use std::time::Duration;

use super::super::output::{self, Lock};
use crate::collect::io_cause;
use crate::error::Error;
use crate::reason::anomalies::state::State;

/// The most bytes that a state may have.
const STATE_BYTES_MAX: u64 = 256 << 20;
/// How long a run waits for another one on the same file.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for sole use of a state file.
///
/// # Errors
/// If another run still has it after the patience, or the file system cannot lock.
pub(super) fn lock(path: &str, patience: Duration) -> Result<Lock, Error> {
    // Two names of one file are one state.
    let whole = std::fs::canonicalize(path).map_or_else(|_| path.to_owned(), |path| path.display().to_string());
    output::lock(&format!("{whole}.lock"), &format!("--state {path}"), patience)
        .map_err(|error| error.hint("wait until it has ended, or give each run a state of its own"))
}

/// The reported incidents in the file; none if it does not exist yet.
pub(super) fn read(path: &str) -> Result<State, Error> {
    let failed = |error: io::Error| Error::read(io_cause(&error)).because(error).context(format!("--state {path}"));
    if std::fs::metadata(path).is_ok_and(|about| !about.is_file()) {
        return Err(Error::usage(format!("--state {path}: not a regular file")));
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(State::default()),
        Err(error) => return Err(failed(error)),
    };
    let mut json = String::new();
    file.take(STATE_BYTES_MAX + 1).read_to_string(&mut json).map_err(failed)?;
    if json.len() as u64 > STATE_BYTES_MAX {
        return Err(Error::limit(format!("--state {path}: a state has at most {STATE_BYTES_MAX} bytes")));
    }
    State::read(&json).map_err(|error| error.context(format!("--state {path}")))
}

/// Replaces the file.
pub(super) fn write(path: &str, state: &State) -> Result<(), Error> {
    output::to_file(path, |mut out| out.write_all(state.to_json().as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_read_back_and_an_absent_one_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json").display().to_string();
        assert_eq!(read(&path).unwrap(), State::default());
        write(&path, &State::default()).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), State::default().to_json());
        assert_eq!(read(&path).unwrap(), State::default());
        assert_eq!(folder.path().read_dir().unwrap().count(), 1, "the temporary file has gone");
    }

    #[test]
    fn a_state_has_one_user_at_a_time_and_the_second_does_not_wait_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json").display().to_string();
        let first = lock(&path, Duration::ZERO).unwrap();
        let error = lock(&path, Duration::from_millis(120)).unwrap_err();
        assert_eq!(error.to_string(), format!("--state {path}: another run has used it for 0 s"));
        drop(first);
        write(&path, &State::default()).unwrap();
        let again = lock(&path, Duration::ZERO).unwrap();
        let alias = folder.path().join("alias.json");
        #[cfg(unix)]
        std::os::unix::fs::symlink(&path, &alias).unwrap();
        #[cfg(unix)]
        assert!(lock(&alias.display().to_string(), Duration::ZERO).is_err(), "two names, one state");
        drop(again);
    }

    #[test]
    fn a_file_that_is_no_state_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json").display().to_string();
        std::fs::write(&path, "{}").unwrap();
        let error = read(&path).unwrap_err();
        assert!(error.to_string().starts_with(&format!("--state {path}: not an outflow state file")), "{error}");
        assert_eq!(error.hints().len(), 1);
        assert!(read(&folder.path().display().to_string()).is_err(), "a folder is no file");
    }
}
