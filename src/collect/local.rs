//! Files, folders and globs of this machine → objects.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern, PatternError};
use walkdir::{DirEntry, WalkDir};

use super::stream::io_cause;
use super::{FileId, Object, Source};
use crate::error::{Error, nearest};

/// What makes a path that does not exist a glob.
const WILDCARDS: [char; 3] = ['*', '?', '['];

/// Adds the objects of an input, and warns of unreadable folders.
pub(super) fn find(input: &str, objects: &mut Vec<Object>, warnings: &mut Vec<String>) -> Result<(), Error> {
    let path = Path::new(input);
    let (objects_before, warnings_before) = (objects.len(), warnings.len());
    let what = match path.metadata() {
        Ok(metadata) if metadata.is_dir() => {
            walk(path, objects, warnings);
            "no files in folder"
        }
        Ok(metadata) => {
            objects.push(Object { named: true, ..object(path.to_owned(), &metadata) });
            return Ok(());
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && input.contains(WILDCARDS) => {
            expand(input, objects, warnings)?;
            "no files match"
        }
        Err(error) => return Err(absent(path, error)),
    };
    if objects.len() > objects_before {
        return Ok(());
    }
    let error = Error::read(format!("{what} `{input}`"))
        .hint("name the folder, file or glob of the logs; names starting with `.` or `_` are skipped");
    Err(warnings.drain(warnings_before..).fold(error, Error::hint))
}

/// The file that standard input is, if it is one: it may be among the inputs by its name too.
pub(super) fn standard_input() -> Option<FileId> {
    FileId::of(&std::fs::metadata("/dev/stdin").ok()?)
}

fn object(path: PathBuf, metadata: &Metadata) -> Object {
    let object = Object::new(path.to_string_lossy().into_owned(), Source::File(path), metadata.len());
    Object { file: FileId::of(metadata), ..object }
}

/// Adds the files below a folder. Links are followed; one that leads back up is left, as its files are read anyhow.
fn walk(folder: &Path, objects: &mut Vec<Object>, warnings: &mut Vec<String>) {
    let wanted = |entry: &DirEntry| entry.depth() == 0 || !is_skipped(entry.file_name(), entry.file_type().is_dir());
    for entry in WalkDir::new(folder).follow_links(true).into_iter().filter_entry(wanted) {
        match entry.and_then(|entry| Ok((entry.metadata()?, entry))) {
            Ok((metadata, entry)) if metadata.is_file() => objects.push(object(entry.into_path(), &metadata)),
            Ok(_) => {}
            Err(error) => warnings.extend(warning(&error)),
        }
    }
}

/// Whether a name below a folder or a wildcard is not a log: `.git`, `.DS_Store`, `_SUCCESS`.
pub(super) fn is_skipped(name: &OsStr, is_folder: bool) -> bool {
    let bytes = name.as_encoded_bytes();
    bytes.starts_with(b".") || (bytes.starts_with(b"_") && !is_folder)
}

fn warning(error: &walkdir::Error) -> Option<String> {
    let (path, cause) = (error.path()?, error.io_error()?);
    if path.file_name().is_some_and(|name| is_skipped(name, false)) {
        return None;
    }
    let path_is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    Some(match cause.kind() {
        std::io::ErrorKind::NotFound if path_is_link => format!("`{}` is a broken link", path.display()),
        _ => format!("`{}` cannot be listed: {}", path.display(), io_cause(cause)),
    })
}

/// Adds what a glob matches, folders with all that is in them.
fn expand(input: &str, objects: &mut Vec<Object>, warnings: &mut Vec<String>) -> Result<(), Error> {
    let glob = Glob::new(input)
        .map_err(|error| Error::usage(format!("`{input}` is neither a path nor a glob: {}", error.msg)))?;
    if let Err(error) = glob.base.metadata() {
        return Err(absent(&glob.base, error));
    }
    let walk_of_base = WalkDir::new(&glob.base).follow_links(true).max_depth(glob.depth_max);
    let mut entries = walk_of_base.into_iter().filter_entry(|entry| glob.may_lead_to_a_match(entry));
    while let Some(entry) = entries.next() {
        match entry.and_then(|entry| Ok((entry.metadata()?, entry))) {
            Ok((_, entry)) if entry.depth() == 0 || !glob.matches(entry.path()) => {}
            Ok((metadata, entry)) => {
                let path = entry.path().strip_prefix(".").unwrap_or(entry.path());
                if metadata.is_dir() {
                    walk(path, objects, warnings);
                    entries.skip_current_dir();
                } else if metadata.is_file() && (glob.names_underscore || !is_skipped(entry.file_name(), false)) {
                    objects.push(object(path.to_owned(), &metadata));
                }
            }
            // A link that leads nowhere matters only if it was requested.
            Err(error) if error.path().is_some_and(|path| path.exists() || glob.matches(path)) => {
                warnings.extend(warning(&error));
            }
            Err(_) => {}
        }
    }
    Ok(())
}

/// A glob split into a folder to walk and a pattern. Own code, because it must stop at link cycles and support names
/// that are not Unicode.
struct Glob {
    base: PathBuf,
    whole: Pattern,
    /// The patterns of the folders and files before the first `**`.
    levels: Vec<Pattern>,
    depth_max: usize,
    names_underscore: bool,
}

const LIKE_A_SHELL: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: true };

impl Glob {
    fn new(input: &str) -> Result<Self, PatternError> {
        let wildcard = input.find(WILDCARDS).unwrap_or(input.len());
        let (base, pattern) = input.split_at(input[..wildcard].rfind('/').map_or(0, |slash| slash + 1));
        let pattern = pattern.trim_end_matches('/');
        let levels = pattern.split('/').take_while(|level| *level != "**");
        let last = pattern.rsplit('/').next().unwrap_or(pattern);
        Ok(Self {
            base: PathBuf::from(if base.is_empty() { "." } else { base }),
            whole: Pattern::new(pattern)?,
            levels: levels.map(Pattern::new).collect::<Result<_, _>>()?,
            depth_max: if pattern.contains("**") { usize::MAX } else { pattern.split('/').count() },
            names_underscore: last.starts_with('_'),
        })
    }

    fn may_lead_to_a_match(&self, entry: &DirEntry) -> bool {
        let level = entry.depth().checked_sub(1).and_then(|depth| self.levels.get(depth));
        level.is_none_or(|level| level.matches_with(&entry.file_name().to_string_lossy(), LIKE_A_SHELL))
    }

    fn matches(&self, path: &Path) -> bool {
        let below = path.strip_prefix(&self.base).unwrap_or(path);
        self.whole.matches_with(&below.to_string_lossy(), LIKE_A_SHELL)
    }
}

/// Says that a path is not there, and which one was likely meant.
fn absent(path: &Path, error: std::io::Error) -> Error {
    let is_absent = error.kind() == std::io::ErrorKind::NotFound;
    let failed = Error::read(format!("cannot open `{}`: {}", path.display(), io_cause(&error))).because(error);
    if path.symlink_metadata().is_ok() && is_absent {
        return failed.hint("it is a broken link");
    }
    match similar(path) {
        Some(similar) => failed.hint(format!("did you mean `{}`?", similar.display())),
        None => failed,
    }
}

/// The name nearest to the first one on the path that does not exist.
fn similar(path: &Path) -> Option<PathBuf> {
    let is_missing = |ancestor: &&Path| !ancestor.as_os_str().is_empty() && !ancestor.exists();
    let missing = path.ancestors().take_while(is_missing).last()?;
    let folder = missing.parent()?;
    let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = listed.read_dir().ok()?.filter_map(Result::ok);
    let names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let name = nearest(missing.file_name()?.to_str()?, names.iter().map(String::as_str))?;
    Some(folder.join(name))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::super::{Content, Ending, Found, Limits, Prune};
    use super::*;

    fn folder_of(files: &[&str]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        folder
    }

    fn find_all(folder: &TempDir, inputs: &[&str]) -> Result<Found, Error> {
        let inputs: Vec<String> = inputs.iter().map(|input| format!("{}/{input}", folder.path().display())).collect();
        super::super::find(&inputs, &Prune::default(), &super::super::S3Options::default())
    }

    fn names(folder: &TempDir, inputs: &[&str]) -> Vec<String> {
        let root = format!("{}/", folder.path().display());
        let found = find_all(folder, inputs).unwrap();
        found.objects.iter().map(|object| object.name.replace("//", "/").replace(&root, "")).collect()
    }

    #[test]
    fn files_folders_and_globs_are_found_once_and_in_order() {
        let folder = folder_of(&["b/2.log", "b/1.log", "a.log.gz", "c/d/3.log"]);
        assert_eq!(names(&folder, &[""]), ["a.log.gz", "b/1.log", "b/2.log", "c/d/3.log"]);
        assert_eq!(names(&folder, &["b/*.log", "b", "b/1.log", "c/../b/2.log"]), ["b/1.log", "b/2.log"]);
        assert_eq!(names(&folder, &["*"]), ["a.log.gz", "b/1.log", "b/2.log", "c/d/3.log"]);
        assert_eq!(names(&folder, &["**/[13].log"]), ["b/1.log", "c/d/3.log"]);
        assert_eq!(names(&folder, &["?/*.log"]), ["b/1.log", "b/2.log"]);
        assert_eq!(names(&folder, &["[ab]*"]), ["a.log.gz", "b/1.log", "b/2.log"]);
        assert_eq!(names(&folder, &["c/**/*.log", "b*/"]), ["b/1.log", "b/2.log", "c/d/3.log"]);
    }

    #[test]
    fn hidden_names_are_left_out_unless_they_are_given() {
        let files = [".git/x", "_SUCCESS", ".DS_Store", "year=2024/_x=1/a.log", "_kept/b.log"];
        let folder = folder_of(&files);
        assert_eq!(names(&folder, &[""]), ["_kept/b.log", "year=2024/_x=1/a.log"]);
        assert_eq!(names(&folder, &["*"]), ["_kept/b.log", "year=2024/_x=1/a.log"]);
        assert_eq!(names(&folder, &[".git", "_SUCCESS", ".DS_Store"]), [".DS_Store", ".git/x", "_SUCCESS"]);
        assert_eq!(names(&folder, &["_S*"]), ["_SUCCESS"]);
    }

    #[test]
    fn a_path_with_wildcards_in_its_name_is_that_path() {
        let folder = folder_of(&["[1].log", "1.log"]);
        assert_eq!(names(&folder, &["[1].log"]), ["[1].log"]);
        assert_eq!(names(&folder, &["[12].log"]), ["1.log"]);
    }

    #[test]
    fn what_names_nothing_is_an_error_that_shows_what_was_meant() {
        let folder = folder_of(&["logs/october.log", ".hidden"]);
        let hint = |input: &str| find_all(&folder, &[input]).unwrap_err().hints().join(" ");
        assert!(hint("logs/octobre.log").contains("logs/october.log"));
        assert!(hint("lgos/october.log").contains("/logs`"));
        assert_eq!(hint("zzz"), "");
        assert!(find_all(&folder, &["logs/*.gz"]).unwrap_err().to_string().contains("no files match"));
        assert!(hint("lgos/*.log").contains("/logs`"));
        assert!(find_all(&folder, &["log[s"]).unwrap_err().to_string().contains("neither a path nor a glob"));
        fs::create_dir(folder.path().join("empty")).unwrap();
        assert!(find_all(&folder, &["empty"]).unwrap_err().to_string().contains("no files in folder"));
    }

    /// What reading a file gives that is listed, opened and changed then, and how it ends.
    fn read_changed(bytes: &[u8], opened: bool, change: impl FnOnce(&Path)) -> Result<(Vec<u8>, Ending), String> {
        let folder = folder_of(&["a.log"]);
        let path = folder.path().join("a.log");
        fs::write(&path, bytes).unwrap();
        let found = find_all(&folder, &["a.log"]).unwrap();
        let limits = Limits { block_bytes: 4096, ..Limits::default() };
        let open = || super::super::open(&found.objects[0], &limits).map_err(|error| error.to_string());
        let content = if opened {
            let content = open();
            change(&path);
            content
        } else {
            change(&path);
            open()
        };
        let Content::Lines(mut lines) = content? else { panic!("text") };
        let (mut block, mut all) = (Vec::new(), Vec::new());
        while lines.next_block(&mut block).is_some() {
            all.extend_from_slice(&block);
        }
        Ok((all, lines.ending().clone()))
    }

    #[test]
    fn a_file_that_is_truncated_after_it_was_listed_is_damaged_and_one_that_grows_is_not() {
        let text: Vec<u8> = (0..10_000).flat_map(|line| format!("line {line}\n").into_bytes()).collect();
        let cut = |path: &Path, bytes| fs::OpenOptions::new().write(true).open(path).unwrap().set_len(bytes).unwrap();
        for opened in [false, true] {
            let (read, ending) = read_changed(&text, opened, |path| cut(path, 50_000)).unwrap();
            assert!(text.starts_with(&read) && read.ends_with(b"\n") && read.len() > 40_000, "{}", read.len());
            let said = ending.to_string();
            assert!(said.contains("truncated") && said.contains("ends at 50000"), "{said}");
            let grow = |path: &Path| fs::write(path, [text.as_slice(), b"more\n"].concat()).unwrap();
            assert_eq!(read_changed(&text, opened, grow).unwrap().1, Ending::Complete);
        }
        let said = read_changed(&text, false, |path| cut(path, 0)).unwrap_err();
        assert!(said.starts_with("cannot be opened: the file was truncated"), "{said}");
    }

    #[test]
    fn gzip_members_that_are_missing_at_the_end_are_damage() {
        use std::io::Write;
        let member = |text: &str| {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(text.as_bytes()).unwrap();
            gzip.finish().unwrap()
        };
        let (first, both) = (member("a\nb\n"), [member("a\nb\n"), member("c\n")].concat());
        let (read, ending) = read_changed(&both, false, |path| fs::write(path, &first).unwrap()).unwrap();
        assert_eq!(read, b"a\nb\n");
        assert!(ending.to_string().contains("truncated"), "{ending}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_name_that_is_not_unicode_is_found() {
        use std::os::unix::ffi::OsStrExt;
        let folder = folder_of(&["a.log"]);
        fs::write(folder.path().join(OsStr::from_bytes(b"\xff.log")), "x").unwrap();
        assert_eq!(names(&folder, &["*.log"]), ["a.log", "\u{fffd}.log"]);
        assert_eq!(names(&folder, &[""]), ["a.log", "\u{fffd}.log"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_once_and_broken_ones_are_reported() {
        use std::os::unix::fs::symlink;
        let folder = folder_of(&["a/1.log"]);
        let path = folder.path();
        symlink(path, path.join("a/up")).unwrap();
        symlink(path.join("a"), path.join("same")).unwrap();
        symlink("nowhere", path.join("broken.log")).unwrap();
        symlink("nowhere", path.join(".#lock")).unwrap();
        assert_eq!(names(&folder, &[""]), ["a/1.log"]);
        assert_eq!(names(&folder, &["**/1.log", "*/*.log", "**"]), ["a/1.log"]);
        let warnings = find_all(&folder, &[""]).unwrap().warnings;
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("broken.log` is a broken link"));
        let error = find_all(&folder, &["broken.log"]).unwrap_err();
        assert_eq!(error.hints(), ["it is a broken link"]);
    }
}
