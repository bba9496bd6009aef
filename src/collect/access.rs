//! Bytes at any place of an object, which is how a Parquet file is read.

use std::fs::File;
use std::io;
use std::sync::Arc;

/// An object whose bytes can be read in any order, by several threads.
pub trait RandomAccess: Send + Sync + std::fmt::Debug {
    /// How many bytes there are.
    fn len(&self) -> u64;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Exactly the bytes requested; an error where the object does not have them all.
    fn read(&self, offset: u64, length: usize) -> io::Result<Vec<u8>>;

    /// The bytes of several ranges, as [`Self::read`] gives each; a store far away gives them at the same time.
    fn read_all(&self, ranges: &[(u64, usize)]) -> io::Result<Vec<Vec<u8>>> {
        ranges.iter().map(|(offset, length)| self.read(*offset, *length)).collect()
    }
}

/// A file, if it can be read in any order (a pipe cannot).
///
/// # Errors
/// If the system call fails.
pub fn of_file(file: &File) -> io::Result<Option<Arc<dyn RandomAccess>>> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Ok(None);
    }
    Ok(Some(Arc::new(FileAccess::new(file.try_clone()?, metadata.len()))))
}

/// Bytes held in memory.
#[must_use]
pub fn of_bytes(bytes: Vec<u8>) -> Arc<dyn RandomAccess> {
    Arc::new(Memory(bytes))
}

/// The end of a range that lies within `len` bytes: a damaged footer must not make us allocate what is not there.
pub(super) fn end_within(offset: u64, length: usize, len: u64) -> io::Result<u64> {
    offset.checked_add(length as u64).filter(|end| *end <= len).ok_or_else(|| {
        let message = format!("{length} bytes at {offset} are beyond the end of {len} bytes");
        io::Error::new(io::ErrorKind::UnexpectedEof, message)
    })
}

#[derive(Debug)]
struct Memory(Vec<u8>);

impl RandomAccess for Memory {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        end_within(offset, length, self.len())?;
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        Ok(self.0[start..start + length].to_vec())
    }
}

#[cfg(unix)]
#[derive(Debug)]
struct FileAccess {
    file: File,
    len: u64,
}

#[cfg(unix)]
impl FileAccess {
    fn new(file: File, len: u64) -> Self {
        Self { file, len }
    }
}

#[cfg(unix)]
impl RandomAccess for FileAccess {
    fn len(&self) -> u64 {
        self.len
    }

    fn read(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        end_within(offset, length, self.len)?;
        let mut bytes = vec![0; length];
        std::os::unix::fs::FileExt::read_exact_at(&self.file, &mut bytes, offset)?;
        Ok(bytes)
    }
}

#[cfg(not(unix))]
#[derive(Debug)]
struct FileAccess {
    file: std::sync::Mutex<File>,
    len: u64,
}

#[cfg(not(unix))]
impl FileAccess {
    fn new(file: File, len: u64) -> Self {
        Self { file: std::sync::Mutex::new(file), len }
    }
}

#[cfg(not(unix))]
impl RandomAccess for FileAccess {
    fn len(&self) -> u64 {
        self.len
    }

    fn read(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        use std::io::{Read, Seek, SeekFrom};
        end_within(offset, length, self.len)?;
        let mut bytes = vec![0; length];
        let mut file = self.file.lock().map_err(|_| io::Error::other("another reader of this file failed"))?;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_exact_and_those_beyond_the_end_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, b"0123456789").unwrap();
        for access in [of_bytes(b"0123456789".to_vec()), of_file(&File::open(&path).unwrap()).unwrap().unwrap()] {
            assert_eq!((access.len(), access.is_empty()), (10, false));
            assert_eq!(access.read(3, 4).unwrap(), b"3456");
            assert_eq!(access.read(10, 0).unwrap(), b"");
            assert_eq!(access.read_all(&[(8, 2), (0, 1)]).unwrap(), [b"89".to_vec(), b"0".to_vec()]);
            for (offset, length) in [(7, 4), (11, 0), (u64::MAX, 2), (0, usize::MAX)] {
                assert_eq!(access.read(offset, length).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
            }
        }
    }
}
