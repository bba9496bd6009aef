//! A file that an answer is written to: it appears whole or not at all, and nothing else of a run stays beside it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::super::interrupt;
use super::folder_of;
use crate::error::Error;

/// What the name of a temporary file begins with; the target's name and a random part follow.
const PREFIX: &str = ".outflow-";
/// The random part of a temporary file's name.
const RANDOM_CHARS: usize = 6;
/// How much of the target's name is in a temporary file's.
const NAME_CHARS_MAX: usize = 100;
/// How often a temporary file is made anew that another run took for a stale one.
const TRIES: usize = 10;

/// Lets `write` write to a temporary file beside `path`, which then takes its name. A symbolic link stays, and its target
/// is replaced; a device, FIFO or socket is written to.
pub(in crate::cli) fn to_file<R>(
    path: &str,
    write: impl FnOnce(Box<dyn Write + Send>) -> io::Result<R>,
) -> Result<R, Error> {
    let failed = |error: io::Error| super::failed(&format!("cannot write {path}"), error);
    let before = fs::metadata(path).ok();
    if before.as_ref().is_some_and(|before| !before.is_file() && !before.is_dir()) {
        let special = OpenOptions::new().write(true).open(path).map_err(failed)?;
        return write(Box::new(special)).map_err(failed);
    }
    let target = target_of(Path::new(path));
    sweep(&target);
    let file = temporary(&target).map_err(failed)?;
    let _guard = interrupt::remove_if_interrupted(file.path());
    let handle = file.as_file().try_clone().map_err(failed)?;
    let result = write(Box::new(handle)).map_err(failed)?;
    if let Some(before) = before {
        // What may not be kept, such as an owner, is not worth the answer.
        let _kept = fs::set_permissions(file.path(), before.permissions());
        #[cfg(unix)]
        let _kept = {
            use std::os::unix::fs::{MetadataExt, chown};
            chown(file.path(), Some(before.uid()), Some(before.gid()))
        };
    }
    file.persist(&target).map_err(|error| failed(error.error))?;
    Ok(result)
}

/// Where a path leads over symbolic links, also if nothing is there yet.
fn target_of(path: &Path) -> PathBuf {
    if let Ok(target) = path.canonicalize() {
        return target;
    }
    match path.read_link() {
        Ok(link) => folder_of(path).join(link),
        Err(_) => path.to_owned(),
    }
}

/// What the names of a target's temporary files begin with.
fn prefix_of(target: &Path) -> String {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    format!("{PREFIX}{}-", name.chars().take(NAME_CHARS_MAX).collect::<String>())
}

/// A temporary file beside a target, locked as long as it is open, so that another run does not take it for a stale one.
fn temporary(target: &Path) -> io::Result<NamedTempFile> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for _ in 0..TRIES {
        let mut builder = tempfile::Builder::new();
        // A report is for others to read too, as far as the umask allows; temporary files are not by default.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let prefix = prefix_of(target);
        let file = builder.prefix(&prefix).rand_bytes(RANDOM_CHARS).tempfile_in(folder_of(target))?;
        // A file system without locks has no sweeping either.
        let _locked = file.as_file().try_lock();
        match fs::metadata(file.path()) {
            Ok(_) => return Ok(file),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Removes what killed runs left of a target. A file that can be locked belongs to no process that lives.
fn sweep(target: &Path) {
    let prefix = prefix_of(target);
    let Ok(entries) = fs::read_dir(folder_of(target)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let random = name.to_str().and_then(|name| name.strip_prefix(&prefix));
        let is_ours = random.is_some_and(|random| {
            random.len() == RANDOM_CHARS && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_ours && is_file && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok()) {
            // Another run may have swept it already.
            let _gone = fs::remove_file(entry.path());
        }
    }
}

/// Whether two paths are one file, also if none is there yet.
pub(in crate::cli) fn is_same(one: &str, other: &str) -> bool {
    let whole = |path: &str| {
        let target = target_of(Path::new(path));
        let folder = folder_of(&target).canonicalize().unwrap_or_else(|_| folder_of(&target).to_owned());
        folder.join(target.file_name().unwrap_or_default())
    };
    whole(one) == whole(other) || identity(one).is_some_and(|one| identity(other) == Some(one))
}

/// What makes a regular file one with another of a different name.
#[cfg(unix)]
fn identity(path: &str) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let about = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some((about.dev(), about.ino()))
}

#[cfg(not(unix))]
fn identity(path: &str) -> Option<PathBuf> {
    Path::new(path).canonicalize().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(path: &Path, text: &str) {
        to_file(&path.display().to_string(), |mut out| out.write_all(text.as_bytes())).unwrap();
    }

    #[test]
    fn what_killed_runs_left_of_a_target_is_swept_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in [".outflow-a.csv-Ab3dEf", ".outflow-b.csv-Ab3dEf", ".outflow-a.csv-b-Ab3dEf", ".outflow-a.csv"] {
            fs::write(at(name), "left").unwrap();
        }
        let alive = temporary(&at("a.csv")).unwrap();
        put(&at("a.csv"), "x");
        assert!(!at(".outflow-a.csv-Ab3dEf").exists(), "stale");
        assert!(at(".outflow-b.csv-Ab3dEf").exists() && at(".outflow-a.csv-b-Ab3dEf").exists(), "of other targets");
        assert!(at(".outflow-a.csv").exists() && alive.path().exists());
        assert_eq!(fs::read_to_string(at("a.csv")).unwrap(), "x");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_modes_are_kept_and_special_files_written_to() {
        use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("real.csv"), "old").unwrap();
        fs::set_permissions(at("real.csv"), fs::Permissions::from_mode(0o640)).unwrap();
        symlink("real.csv", at("link.csv")).unwrap();
        put(&at("link.csv"), "new");
        assert!(at("link.csv").is_symlink());
        assert_eq!(fs::read_to_string(at("real.csv")).unwrap(), "new");
        assert_eq!(fs::metadata(at("real.csv")).unwrap().permissions().mode() & 0o777, 0o640);
        symlink("later.csv", at("dangling.csv")).unwrap();
        put(&at("dangling.csv"), "new");
        assert!(at("dangling.csv").is_symlink() && at("later.csv").is_file());
        put(Path::new("/dev/null"), "x");
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        let fifo = at("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let reader = std::thread::spawn({
            let fifo = fifo.clone();
            move || fs::read_to_string(fifo).unwrap()
        });
        put(&fifo, "piped");
        assert_eq!(reader.join().unwrap(), "piped");
        assert!(fs::metadata(&fifo).unwrap().file_type().is_fifo());
    }

    #[test]
    fn paths_are_the_same_by_what_they_lead_to() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        assert!(is_same(&at("a.csv"), &at("./a.csv")) && !is_same(&at("a.csv"), &at("b.csv")), "not there yet");
        fs::write(at("a.csv"), "x").unwrap();
        fs::hard_link(at("a.csv"), at("hard.csv")).unwrap();
        assert!(is_same(&at("a.csv"), &at("hard.csv")));
    }
}
