//! First inputs: from the logs and cases of `testdata`, so that none have to be kept here.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use walkdir::WalkDir;

use crate::Target;

/// A seed is short, so that many inputs can be tried.
const SEED_BYTES_MAX: usize = 2048;
/// Lines taken of each log.
const LOG_LINES: usize = 4;

/// Writes the target's seeds, a file each, into a folder, and its words as libFuzzer's dictionary beside it.
pub(crate) fn write(target: &Target, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (place, seed) in (target.seeds)().iter().enumerate() {
        fs::write(folder.join(format!("{place:03}")), seed)?;
    }
    let escaped = |word: &String| format!("\"{}\"\n", word.bytes().map(escaped).collect::<String>());
    let words: String = (target.words)().iter().map(escaped).collect();
    fs::write(folder.with_extension("dict"), words)
}

/// A byte as libFuzzer's dictionaries have it.
fn escaped(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("\\x{byte:02x}") }
}

/// The first lines of each log of `testdata`.
pub(crate) fn logs() -> Vec<Vec<u8>> {
    let gzipped = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "gz");
    let start = |path: &PathBuf| {
        let mut lines = BufReader::new(MultiGzDecoder::new(File::open(path).ok()?));
        let mut text = Vec::new();
        for _ in 0..LOG_LINES {
            lines.read_until(b'\n', &mut text).ok()?;
        }
        Some(text)
    };
    distinct(files("").iter().filter(gzipped).filter_map(start))
}

/// What the small files of the cases hold whose name ends so.
pub(crate) fn cases(ending: &str) -> Vec<Vec<u8>> {
    let named = |path: &&PathBuf| path.to_string_lossy().ends_with(ending);
    distinct(files("cases").iter().filter(named).filter_map(|path| fs::read(path).ok()))
}

/// The command lines of the cases.
pub(crate) fn command_lines() -> Vec<String> {
    let text = cases("/args").join(&b'\n');
    String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
}

/// The seeds with control bytes in front.
pub(crate) fn with_controls(controls: &[&[u8]], seeds: &[Vec<u8>]) -> Vec<Vec<u8>> {
    controls.iter().flat_map(|control| seeds.iter().map(move |seed| [control, seed.as_slice()].concat())).collect()
}

/// The files below a folder of `testdata`, by name.
pub(crate) fn files(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(folder);
    let entries = WalkDir::new(root).sort_by_file_name().into_iter().filter_map(Result::ok);
    entries.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

fn distinct(seeds: impl Iterator<Item = Vec<u8>>) -> Vec<Vec<u8>> {
    seeds.filter(|seed| seed.len() <= SEED_BYTES_MAX).collect::<BTreeSet<_>>().into_iter().collect()
}
