//! Outputs against every file that the command line names, be it a log, a table, a bill or a list: none is written over.

use std::ffi::OsString;
use std::path::Path;

use super::is_same;
use crate::collect::{Prune, S3Options, find};
use crate::error::Error;

/// The flags of outputs.
const WRITTEN: [&str; 2] = ["--out", "--malformed-out"];
/// The flags whose folders are read as tables or bills, file by file. Folders of logs may hold earlier outputs, and are looked
/// at elsewhere.
const FOLDERS: [&str; 3] = ["--network", "--tags", "--rates-from-bill"];
/// The file of the configuration, which is read unasked.
const CONFIG: &str = "outflow.toml";
/// Standard input, where it is a file.
const STDIN: &str = "/dev/stdin";

/// A word of the command line that may name a file: the flag before it, and itself.
struct Word<'a> {
    flag: Option<&'a str>,
    value: &'a str,
}

/// Refuses to write over a file that the command line names to be read.
///
/// # Errors
/// A usage error with the flag and the file.
pub(in crate::cli) fn check_words(arguments: &[OsString]) -> Result<(), Error> {
    let texts: Vec<&str> = arguments.iter().skip(1).filter_map(|argument| argument.to_str()).collect();
    let words = words(&texts);
    let is_written = |word: &&Word<'_>| word.flag.is_some_and(|flag| WRITTEN.contains(&flag));
    let takes_bills = texts.first() == Some(&"reconcile");
    for output in words.iter().filter(is_written).filter(|output| Path::new(output.value).is_file()) {
        let mut read = words.iter().filter(|word| !is_written(word));
        let names_it = |word: &Word<'_>| {
            let path = Path::new(if word.value == "-" { STDIN } else { word.value });
            let is_folder = match word.flag {
                Some(flag) => FOLDERS.contains(&flag),
                None => takes_bills,
            };
            let same = |path: &Path| path.to_str().is_some_and(|path| is_same(output.value, path));
            let inside = || {
                let all = Prune { copies: true, ..Prune::default() };
                let found = find(&[word.value.to_owned()], &all, &S3Options::default());
                found.is_ok_and(|found| found.objects.iter().any(|object| is_same(output.value, &object.name)))
            };
            path.is_file() && same(path) || is_folder && path.is_dir() && inside()
        };
        if read.any(names_it) || is_same(output.value, CONFIG) {
            let flag = output.flag.unwrap_or_default();
            let error = format!("{flag} {}: the file is one of the inputs and would be overwritten", output.value);
            return Err(Error::usage(error).hint("write to another file or folder"));
        }
    }
    Ok(())
}

/// Words with the flags before them; of `--flag=value` its value.
fn words<'a>(texts: &[&'a str]) -> Vec<Word<'a>> {
    let is_flag = |text: &str| text.starts_with('-') && text.len() > 1;
    let mut words = Vec::new();
    for (place, text) in texts.iter().enumerate() {
        let before =
            place.checked_sub(1).map(|before| texts[before]).filter(|before| is_flag(before) && !before.contains('='));
        match text.split_once('=').filter(|_| is_flag(text)) {
            Some((flag, value)) => words.push(Word { flag: Some(flag), value }),
            None if is_flag(text) => {}
            None => words.push(Word { flag: before, value: text }),
        }
    }
    words
}
