//! The shipped logs are what the generator makes of the commands in testdata/README.md.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use flate2::read::MultiGzDecoder;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use walkdir::WalkDir;

use crate::flowgen::{self, Options};
use crate::{at, program, testdata};

const COMMAND: &str = "$ cargo run --release --example flowgen -- ";

#[test]
fn the_shipped_logs_are_what_the_generator_makes() {
    let readme = fs::read_to_string(testdata().join("README.md")).expect("testdata/README.md can be read");
    let commands: Vec<_> = readme.lines().filter_map(|line| line.strip_prefix(COMMAND)).collect();
    assert!(!commands.is_empty(), "testdata/README.md has no line that begins with `{COMMAND}`");
    for command in commands {
        if let Err(reason) = regenerate(command) {
            panic!("{reason}\n  by {COMMAND}{command}");
        }
    }
}

#[test]
fn flags_are_rejected_with_the_reason() {
    let refused = |line: &str| Options::parse(line.split(' ').map(str::to_owned)).err().unwrap_or_default();
    assert_eq!(refused("--format v9"), "--format v9: not one of custom, v2, v3, v4, v5, v7, v11");
    assert_eq!(refused("--gz-level 10"), "--gz-level 10: not a number from 0 to 9");
    assert_eq!(refused("--out"), "--out: a value must follow, or there is no such flag");
    assert!(flowgen::USAGE.contains("--gz-level"));
}

/// Runs a command into a scratch folder and compares.
fn regenerate(command: &str) -> Result<(), String> {
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut options = Options::parse(program::words(command)?)?;
    let shipped = crate::root().join(&options.out);
    options.out = scratch.path().to_owned();
    let written = flowgen::run(&options)?;
    let (expected, made) = (files(&shipped)?, files(scratch.path())?);
    if expected.keys().ne(made.keys()) {
        return Err(format!("{} has other files than those made now ({written})", shipped.display()));
    }
    let differs = |name: &&PathBuf| expected[*name] != made[*name];
    match made.keys().find(differs) {
        Some(name) => Err(format!("{} is not what is made now", shipped.join(name).display())),
        None => Ok(()),
    }
}

/// What the files of a folder hold: the text of gzip and the rows of Parquet, for their bytes are the library's matter.
fn files(folder: &Path) -> Result<BTreeMap<PathBuf, Held>, String> {
    let mut files = BTreeMap::new();
    for entry in WalkDir::new(folder) {
        let entry = entry.map_err(|error| error.to_string())?;
        if entry.file_type().is_file() {
            let name = entry.path().strip_prefix(folder).map_err(|error| error.to_string())?;
            files.insert(name.to_owned(), held(entry.path())?);
        }
    }
    Ok(files)
}

/// What a file holds.
#[derive(PartialEq)]
enum Held {
    Text(Vec<u8>),
    Rows(Vec<RecordBatch>),
}

fn held(path: &Path) -> Result<Held, String> {
    let file = File::open(path).map_err(at(path))?;
    if path.extension().is_some_and(|extension| extension == "parquet") {
        let rows = ParquetRecordBatchReaderBuilder::try_new(file).and_then(|builder| builder.build());
        let batches: Result<Vec<_>, _> = rows.map_err(|error| error.to_string())?.collect();
        return batches.map(Held::Rows).map_err(|error| error.to_string());
    }
    let mut text = Vec::new();
    MultiGzDecoder::new(file).read_to_end(&mut text).map_err(at(path))?;
    Ok(Held::Text(text))
}
