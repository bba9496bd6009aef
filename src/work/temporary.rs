//! Rows that memory has no room for, in a file without a name.
//!
//! The file is created for the first rows and unlinked immediately, so its space is freed even if the process is
//! killed. Rows are appended and read back by position.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::Mutex;

use super::scan::lock;
use crate::error::Error;
use crate::group::Spill;
use crate::units::human;

/// A file without a name in a folder.
#[derive(Debug)]
pub struct TemporaryFile {
    folder: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    file: Option<File>,
    length_bytes: u64,
    /// Words as they stand in the file; kept to be used again.
    bytes: Vec<u8>,
}

impl TemporaryFile {
    /// One in a folder, not made yet.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, state: Mutex::default() }
    }

    fn with<T>(&self, doing: &str, work: impl FnOnce(&mut State) -> io::Result<T>) -> Result<T, Error> {
        let mut state = lock(&self.state);
        work(&mut state).map_err(|cause| {
            let (folder, held) = (self.folder.display(), human::bytes(state.length_bytes.into(), human::Units::Iec));
            Error::write(format!("cannot {doing} a temporary file in {folder} ({held} so far): {cause}"))
                .because(cause)
                .hint("the aggregation needs more than --memory: raise it, or set TMPDIR to a folder with more space")
        })
    }
}

impl Spill for TemporaryFile {
    fn write(&self, words: &[u64]) -> Result<u64, Error> {
        self.with("write to", |state| {
            if state.file.is_none() {
                state.file = Some(tempfile::tempfile_in(&self.folder)?);
            }
            let State { file: Some(file), length_bytes, bytes } = state else {
                return Err(io::ErrorKind::NotFound.into());
            };
            bytes.resize(size_of_val(words), 0);
            bytes.as_chunks_mut().0.iter_mut().zip(words).for_each(|(bytes, word)| *bytes = word.to_le_bytes());
            file.seek(SeekFrom::Start(*length_bytes))?;
            file.write_all(bytes)?;
            let place = *length_bytes;
            *length_bytes += bytes.len() as u64;
            tracing::debug!(bytes = bytes.len(), of = *length_bytes, "spilled sums");
            Ok(place)
        })
    }

    fn read(&self, place: u64, words: &mut [u64]) -> Result<(), Error> {
        self.with("read", |state| {
            let State { file: Some(file), bytes, .. } = state else { return Err(io::ErrorKind::NotFound.into()) };
            bytes.resize(size_of_val(words), 0);
            file.seek(SeekFrom::Start(place))?;
            file.read_exact(bytes)?;
            for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
                *word = u64::from_le_bytes(*bytes);
            }
            Ok(())
        })
    }

    fn spilled_bytes(&self) -> u64 {
        lock(&self.state).length_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_from_their_places_and_the_file_has_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = TemporaryFile::new(folder.path().to_owned());
        assert_eq!(file.spilled_bytes(), 0);
        let places = [vec![1, u64::MAX, 3], vec![], vec![4; 1000]].map(|words| (file.write(&words).unwrap(), words));
        for (place, words) in places.iter().rev() {
            let mut read = vec![7; words.len()];
            file.read(*place, &mut read).unwrap();
            assert_eq!(&read, words);
        }
        assert_eq!(file.spilled_bytes(), 1003 * 8);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a killed process would leave it behind");
    }

    #[test]
    fn a_folder_that_is_not_there_is_named_with_what_to_do() {
        let error = TemporaryFile::new("/nowhere/at/all".into()).write(&[1]).unwrap_err();
        assert!(error.to_string().starts_with("cannot write to a temporary file in /nowhere/at/all"), "{error}");
        assert!(error.hints()[0].contains("--memory"));
    }
}
