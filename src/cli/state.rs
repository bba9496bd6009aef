//! The state file of reported incidents.
//!
//! The file is read before the report is made and atomically replaced after the report was written: a run that fails in
//! between repeats its reports. There is no lock. Of two concurrent runs on one file the last one wins; incidents found
//! by both are reported by both, and incidents found only by the other run may be reported again. Use separate files,
//! or run one after the other.

use std::fs::File;
use std::io::{self, Read, Write};

use super::output;
use crate::collect::io_cause;
use crate::error::Error;
use crate::reason::anomalies::state::State;

/// The most bytes that a state may have.
const STATE_BYTES_MAX: u64 = 256 << 20;

/// The reported incidents in the file; none if it does not exist yet.
pub(super) fn read(path: &str) -> Result<State, Error> {
    let failed = |error: io::Error| Error::read(io_cause(&error)).because(error).context(format!("--state {path}"));
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
