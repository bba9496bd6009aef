//! Where the files of a table are: a folder of this machine, or of a bucket. Files appear whole or not at all.

use std::fmt::Debug;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::collect::{S3File, S3Folder};

/// What the names of unfinished files begin with; other readers ignore them.
const UNFINISHED: &str = ".outflow-";

/// Where the files of a table are. Paths are relative to the table's folder, with `/`.
pub trait Storage: Debug + Send + Sync {
    /// A file's bytes; none if there is no such file.
    ///
    /// # Errors
    /// If it cannot be read.
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>>;

    /// The files directly in a folder whose names sort after a name, sorted. An absent folder is empty.
    ///
    /// # Errors
    /// If the folder cannot be read.
    fn list(&self, folder: &str, after: &str) -> io::Result<Vec<StoredFile>>;

    /// Every file, sorted by path.
    ///
    /// # Errors
    /// If a folder cannot be read.
    fn list_all(&self) -> io::Result<Vec<StoredFile>>;

    /// Writes a file, in place of one that there is.
    ///
    /// # Errors
    /// If it cannot be written; then what was there is unchanged.
    fn put(&self, path: &str, bytes: &[u8]) -> io::Result<()>;

    /// Writes a file unless there is one; says whether it did.
    ///
    /// # Errors
    /// If it cannot be written, or nobody can say whether it was.
    fn create(&self, path: &str, bytes: &[u8]) -> io::Result<bool>;

    /// Deletes a file; an absent one is fine.
    ///
    /// # Errors
    /// If it cannot be deleted.
    fn delete(&self, path: &str) -> io::Result<()>;
}

/// A file of a table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StoredFile {
    /// Below the table's folder.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// When it was written, in milliseconds since 1970.
    pub modified_milliseconds: i64,
}

/// A folder.
#[derive(Clone, Debug)]
pub struct Local {
    folder: PathBuf,
}

impl Local {
    /// The table in a folder, which need not exist.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// An unfinished file beside the one that it will be, on the disk as a whole.
    fn unfinished(&self, path: &str, bytes: &[u8]) -> io::Result<(tempfile::TempPath, PathBuf)> {
        let whole = self.folder.join(path);
        let folder = whole.parent().ok_or(ErrorKind::InvalidInput)?.to_owned();
        fs::create_dir_all(&folder)?;
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // As any file that is made, by the mask of the user: other readers are other users.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let mut file = builder.prefix(UNFINISHED).tempfile_in(&folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        Ok((file.into_temp_path(), whole))
    }

    fn files(&self, folder: &Path, found: &mut Vec<StoredFile>, deep: bool) -> io::Result<()> {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let about = match entry.metadata() {
                Ok(about) => about,
                // Another run has just finished or deleted it.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let path = entry.path();
            if about.is_dir() && deep {
                self.files(&path, found, deep)?;
            }
            let below = path.strip_prefix(&self.folder).ok().and_then(Path::to_str);
            let is_finished = !entry.file_name().to_string_lossy().starts_with(UNFINISHED);
            if let Some(below) = below.filter(|_| about.is_file() && is_finished) {
                let modified = about.modified()?.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
                let modified_milliseconds = i64::try_from(modified).unwrap_or(i64::MAX);
                found.push(StoredFile { path: below.to_owned(), bytes: about.len(), modified_milliseconds });
            }
        }
        Ok(())
    }
}

impl Storage for Local {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.folder.join(path)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn list(&self, folder: &str, after: &str) -> io::Result<Vec<StoredFile>> {
        let mut found = Vec::new();
        self.files(&self.folder.join(folder), &mut found, false)?;
        found.retain(|file| file.path.rsplit('/').next().is_some_and(|name| name > after));
        found.sort();
        Ok(found)
    }

    fn list_all(&self) -> io::Result<Vec<StoredFile>> {
        let mut found = Vec::new();
        self.files(&self.folder, &mut found, true)?;
        found.sort();
        Ok(found)
    }

    fn put(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let (unfinished, whole) = self.unfinished(path, bytes)?;
        unfinished.persist(&whole).map_err(|error| error.error)?;
        sync_folder(&whole)
    }

    fn create(&self, path: &str, bytes: &[u8]) -> io::Result<bool> {
        let (unfinished, whole) = self.unfinished(path, bytes)?;
        match fs::hard_link(&unfinished, &whole) {
            Ok(()) => sync_folder(&whole).map(|()| true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn delete(&self, path: &str) -> io::Result<()> {
        match fs::remove_file(self.folder.join(path)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

impl From<S3File> for StoredFile {
    fn from(S3File { path, bytes, modified_milliseconds }: S3File) -> Self {
        Self { path, bytes, modified_milliseconds }
    }
}

impl Storage for S3Folder {
    fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        Self::read(self, path)
    }

    fn list(&self, folder: &str, after: &str) -> io::Result<Vec<StoredFile>> {
        let below = format!("{folder}/");
        let after = if after.is_empty() { String::new() } else { format!("{below}{after}") };
        let files = Self::list(self, &below, &after)?.into_iter();
        // Files of folders below it are none of its own.
        Ok(files.filter(|file| !file.path[below.len()..].contains('/')).map(StoredFile::from).collect())
    }

    fn list_all(&self) -> io::Result<Vec<StoredFile>> {
        Ok(Self::list(self, "", "")?.into_iter().map(StoredFile::from).collect())
    }

    fn put(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        Self::put(self, path, bytes)
    }

    fn create(&self, path: &str, bytes: &[u8]) -> io::Result<bool> {
        Self::create(self, path, bytes)
    }

    fn delete(&self, path: &str) -> io::Result<()> {
        Self::delete(self, path)
    }
}

/// Brings the name of a file to the disk.
fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
