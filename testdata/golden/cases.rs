//! Runs every folder of `cases/`; see testdata/README.md for their content.

use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::compare::{difference, settled};
use crate::flowgen::estate;
use crate::program::{self, Printed};
use crate::{at, testdata};

/// One folder.
struct Case {
    name: String,
    folder: PathBuf,
    /// A run a line.
    lines: Vec<String>,
    stdin: Vec<u8>,
}

#[test]
fn every_case_prints_what_it_is_expected_to() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let chosen = std::env::var_os("CASE").map(|part| part.to_string_lossy().into_owned()).unwrap_or_default();
    let scratch = tempfile::tempdir().expect("a scratch folder can be made");
    let names = case_names().expect("the cases can be listed");
    assert!(!names.is_empty(), "there are no cases");
    share_logs(scratch.path()).expect("the logs can be copied");
    let names: Vec<_> = names.iter().filter(|name| name.contains(&chosen)).collect();
    if names.iter().any(|name| name.starts_with("estate")) {
        estate(&scratch.path().join("estate")).expect("the estate can be simulated");
    }
    let run = |name: &str| check(name, scratch.path(), update).unwrap_or_else(|reason| format!("{reason}\n"));
    let failures: Vec<_> = names.iter().map(|name| (name, run(name))).filter(|(_, why)| !why.is_empty()).collect();
    let shown: String = failures.iter().map(|(name, why)| format!("\n== {name}\n{why}")).collect();
    let counts = format!("{} of {} cases failed (UPDATE_GOLDEN=1 takes what was printed)", failures.len(), names.len());
    assert!(failures.is_empty(), "{shown}\n{counts}");
}

/// The cases by name; every folder is one, so none is forgotten.
fn case_names() -> Result<Vec<String>, String> {
    let folder = testdata().join("cases");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(at(&folder))? {
        let entry = entry.map_err(at(&folder))?;
        if entry.path().is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// Copies the shipped logs to where a case finds them from its scratch folder.
fn share_logs(scratch: &Path) -> Result<(), String> {
    let folder = testdata();
    for entry in fs::read_dir(&folder).map_err(at(&folder))? {
        let entry = entry.map_err(at(&folder))?;
        if entry.file_name().to_string_lossy().starts_with("logs") {
            copy(&entry.path(), &scratch.join(entry.file_name()), |_| true)?;
        }
    }
    Ok(())
}

/// Simulates the estate for the cases whose names begin so: `../../estate` there.
fn estate(folder: &Path) -> Result<(), String> {
    let words = program::words("--out estate --seed 3 --formats v2,v5 --gz-level 0 --layout flat")?;
    let mut options = estate::Options::parse(words)?;
    options.out = folder.to_owned();
    estate::run(&options).map(drop)
}

/// Copies a folder with all below it, as far as names are wanted.
fn copy(from: &Path, to: &Path, wanted: impl Fn(&str) -> bool) -> Result<(), String> {
    for entry in WalkDir::new(from) {
        let entry = entry.map_err(|error| error.to_string())?;
        let target = to.join(entry.path().strip_prefix(from).map_err(|error| error.to_string())?);
        if entry.file_type().is_dir() {
            fs::create_dir_all(&target).map_err(at(&target))?;
        } else if wanted(&entry.file_name().to_string_lossy()) {
            fs::copy(entry.path(), &target).map_err(at(&target))?;
        }
    }
    Ok(())
}

/// Runs a case in a copy of its folder; gives what differs, or writes it down as expected.
fn check(name: &str, scratch: &Path, update: bool) -> Result<String, String> {
    let case = Case::read(name)?;
    let work = scratch.join("cases").join(name);
    copy(&case.folder, &work, |file| !is_expectation(file))?;
    let actual = case.actual(&work)?;
    if update {
        for (file, bytes) in &actual {
            put(&case.folder.join(file), bytes, file == "stdout" || file.starts_with("expect."))?;
        }
        return Ok(String::new());
    }
    if !case.folder.join("stdout").exists() {
        return Err("nothing is expected yet: run with UPDATE_GOLDEN=1, then read what it wrote".to_owned());
    }
    let differs = |(file, bytes): &(String, Vec<u8>)| difference(file, &content(&case.folder.join(file)), bytes);
    Ok(actual.iter().filter_map(differs).collect())
}

impl Case {
    fn read(name: &str) -> Result<Self, String> {
        let folder = testdata().join("cases").join(name);
        let args = folder.join("args");
        let text = fs::read_to_string(&args).map_err(at(&args))?;
        let lines: Vec<String> = text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
        if lines.is_empty() {
            return Err("args has no line to run".to_owned());
        }
        let stdin = content(&folder.join("stdin"));
        Ok(Self { name: name.to_owned(), folder, lines, stdin })
    }

    /// What the runs printed and wrote, by the name of the file that expects it.
    fn actual(&self, work: &Path) -> Result<Vec<(String, Vec<u8>)>, String> {
        let (mut stdout, mut stderr, mut exits) = (Vec::new(), Vec::new(), String::new());
        for line in &self.lines {
            let Printed { stdout: out, stderr: err, exit } = program::run(&program::words(line)?, work, &self.stdin)?;
            if self.lines.len() > 1 {
                let title = format!("$ outflow {line}\n");
                stdout.extend_from_slice(title.as_bytes());
                stderr.extend_from_slice(title.as_bytes());
            }
            stdout.extend(out);
            stderr.extend(settled(&err));
            exits += &format!("{exit}\n");
        }
        if exits.lines().all(|exit| exit == "0") {
            exits.clear();
        }
        let mut actual = vec![("stdout".to_owned(), stdout), ("stderr".to_owned(), stderr)];
        actual.push(("exit".to_owned(), exits.into_bytes()));
        for entry in fs::read_dir(&self.folder).map_err(at(&self.folder))? {
            let expectation = entry.map_err(at(&self.folder))?.file_name().to_string_lossy().into_owned();
            if let Some(written) = expectation.strip_prefix("expect.") {
                let bytes = fs::read(work.join(written));
                let bytes = bytes.map_err(|error| format!("{}: {written} was not written: {error}", self.name))?;
                actual.push((expectation, bytes));
            }
        }
        Ok(actual)
    }
}

fn is_expectation(file: &str) -> bool {
    matches!(file, "args" | "stdin" | "stdout" | "stderr" | "exit") || file.starts_with("expect.")
}

/// A file's bytes; none of an absent one.
fn content(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_default()
}

/// Writes an expectation; one of nothing is no file, unless it has to be there.
fn put(path: &Path, bytes: &[u8], always: bool) -> Result<(), String> {
    if !bytes.is_empty() || always {
        return fs::write(path, bytes).map_err(at(path));
    }
    if path.exists() { fs::remove_file(path).map_err(at(path)) } else { Ok(()) }
}
