//! Where an answer goes: standard output, or a file that appears whole or not at all.

mod file;
mod inputs;
mod lock;

use std::collections::BTreeSet;
use std::fs::{File, Metadata};
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::str::FromStr;

use self::file::is_same;
pub(super) use self::file::to_file;
pub(super) use self::lock::{Lock, lock};
use super::flags::{InputFlags, OutputFlags};
use super::notice;
use crate::collect::{Prune, S3Options, find, io_cause, of_file};
use crate::decode::parquet::is_output;
use crate::error::Error;
use crate::report::Report;
use crate::units::human;
use crate::view::{self, Format, Style};
pub(super) use inputs::check_inputs;

/// Rows of each table that a report of several tables shows in a terminal.
const ROWS_SHOWN_MAX: usize = 40;

/// A path that is written to. A URL is refused with the other wrong words, not after hours of reading.
pub(super) fn local_path(text: &str) -> Result<String, String> {
    if text.split_once("://").is_some_and(|(scheme, _)| !scheme.is_empty() && !scheme.contains('/')) {
        return Err("files are written to this machine; write one and copy it, for example with `aws s3 cp`".to_owned());
    }
    Ok(text.to_owned())
}

/// The format that is requested, or fits where the answer goes. Called before anything is read, so it also checks that
/// the answer can go there.
pub(super) fn format(flags: &OutputFlags) -> Result<Format, Error> {
    let format = asked_format(flags)?;
    if let Some(path) = &flags.out {
        destination(path).map_err(|error| failed(&format!("cannot write {path}"), error))?;
    }
    if format.is_for_incidents() && !flags.holds_incidents {
        return Err(Error::usage(format!(
            "-o {}: this report has no incidents",
            flags.output.as_deref().unwrap_or("")
        ))
        .hint("`outflow anomalies` gives incidents; -o json and -o ndjson support every report"));
    }
    Ok(format)
}

fn asked_format(flags: &OutputFlags) -> Result<Format, Error> {
    match (&flags.output, &flags.out) {
        (Some(name), _) => Format::from_str(name),
        (None, Some(path)) => Format::of_extension(path).ok_or_else(|| {
            Error::usage(format!("--out {path}: unknown format by extension"))
                .hint(format!("choose one with -o: {}", Format::NAMES.join(", ")))
        }),
        (None, None) if io::stdout().is_terminal() => Ok(Format::Table),
        (None, None) => Ok(Format::Csv),
    }
}

/// Checks that a file can have this name: its folder exists, and it is no folder itself.
fn destination(path: &str) -> io::Result<()> {
    if Path::new(path).is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    folder_of(Path::new(path))
        .metadata()
        .and_then(|folder| if folder.is_dir() { Ok(()) } else { Err(io::ErrorKind::NotADirectory.into()) })
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// How it is written.
pub(super) fn style(flags: &OutputFlags) -> Style {
    let terminal = flags.out.is_none() && io::stdout().is_terminal();
    let plain = std::env::var_os("NO_COLOR").is_some();
    // Some terminals do not say how wide they are; a shell may know.
    let of_shell = || std::env::var_os("COLUMNS")?.to_str()?.trim().parse().ok().filter(|width| *width > 0);
    let width = terminal_size::terminal_size().map(|(width, _)| width.0).or_else(of_shell).filter(|_| terminal);
    Style { units: flags.units.into(), header: !flags.no_header, width, color: terminal && !plain }
}

/// Writes a finished report; notes in it what is not shown.
pub(super) fn write(report: &mut Report, flags: &OutputFlags) -> Result<(), Error> {
    let (format, style, chosen) = (format(flags)?, style(flags), flags.table.as_deref());
    if report.tables.len() > 1 && chosen.is_none() && !format.holds_several_tables() {
        let others: Vec<_> = report.tables.iter().skip(1).map(|table| table.name.as_str()).collect();
        report.meta.notes.push(format!("this is the first table; --table chooses another: {}", others.join(", ")));
    }
    let report = &*report;
    check_names(report)?;
    to_destination(flags, |out| view::write(report, chosen, format, &style, out)).map(|_| ())
}

/// Refuses a report with two columns of one name: an owner key may be called as a column of the report is.
fn check_names(report: &Report) -> Result<(), Error> {
    for table in &report.tables {
        let mut names = BTreeSet::new();
        if let Some(twice) = table.columns.iter().find(|head| !names.insert(&head.name)) {
            let error = Error::usage(format!("two columns of the report are named `{}`", twice.name));
            return Err(error.hint("rename the owner key in the table of --tags, and group by its new name"));
        }
    }
    Ok(())
}

/// Truncates long tables of multi-table reports for terminals, with a note.
pub(super) fn shorten(report: &mut Report, flags: &OutputFlags) -> Result<(), Error> {
    if report.tables.len() < 2 || flags.table.is_some() || format(flags)? != Format::Table {
        return Ok(());
    }
    for table in report.tables.iter_mut().filter(|table| table.rows.len() > ROWS_SHOWN_MAX) {
        let (name, all) = (&table.name, human::count(table.rows.len() as u128));
        report.meta.notes.push(format!("{name}: {ROWS_SHOWN_MAX} of {all} rows are shown; --table {name} shows all"));
        table.cut(ROWS_SHOWN_MAX);
    }
    Ok(())
}

/// Writes malformed lines as a table.
pub(super) fn write_malformed(report: &Report, path: &str) -> Result<(), Error> {
    let format = Format::of_extension(path).unwrap_or(Format::Csv);
    let style = Style { units: crate::units::human::Units::Raw, header: true, width: None, color: false };
    to_file(path, |out| view::write(report, None, format, &style, out)).map(|_| ())
}

/// Lets `write` write to where the answer goes. A reader that has gone away is no error.
pub(super) fn to_destination<R>(
    flags: &OutputFlags,
    write: impl FnOnce(Box<dyn Write + Send>) -> io::Result<R>,
) -> Result<Option<R>, Error> {
    if let Some(path) = &flags.out {
        return to_file(path, write).map(Some);
    }
    if goes_nowhere() && !flags.quiet {
        notice::note("standard output is closed or /dev/null, so the answer is not kept (--out FILE writes it)");
    }
    heard(write(Box::new(io::stdout())), "cannot write the report")
}

/// What was written to standard output; nothing where its reader has gone away, which is no error.
pub(super) fn heard<R>(written: io::Result<R>, what: &str) -> Result<Option<R>, Error> {
    match written {
        Ok(result) => Ok(Some(result)),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(None),
        Err(error) => Err(failed(what, error)),
    }
}

/// Whether standard output was closed when this program began. Rust then opens `/dev/null` in its place, for reading too,
/// as some programs do that do not want an answer: the two cannot be told apart, so this is no error.
fn goes_nowhere() -> bool {
    let output = Path::new("/proc/self/fd/1");
    let is_null = || std::fs::read_link(output).is_ok_and(|target| target == Path::new("/dev/null"));
    cfg!(target_os = "linux") && is_null() && output.symlink_metadata().is_ok_and(|link| is_readable(&link))
}

#[cfg(unix)]
fn is_readable(link: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::mode(link) & 0o400 != 0
}

#[cfg(not(unix))]
fn is_readable(_: &Metadata) -> bool {
    false
}

/// Refuses to write over what is read, or two answers into one file. Called before anything is read.
pub(super) fn check_targets(input: &InputFlags, flags: &OutputFlags, others: &[(&str, &str)]) -> Result<(), Error> {
    let outputs = [("--out", &flags.out), ("--malformed-out", &input.malformed_out)];
    let outputs: Vec<(&str, &str)> = outputs
        .into_iter()
        .filter_map(|(flag, path)| Some((flag, path.as_deref()?)))
        .chain(others.iter().copied())
        .collect();
    for (place, (flag, path)) in outputs.iter().enumerate() {
        if let Some((other, _)) = outputs[..place].iter().find(|(_, other)| is_same(path, other)) {
            let error = Error::usage(format!("{flag} {path}: {other} writes to the same file"));
            return Err(error.hint("give each a file of its own"));
        }
    }
    // Only what is there can be lost. Stores are never written to.
    let there: Vec<_> = outputs.iter().filter(|(_, path)| Path::new(path).is_file()).collect();
    let local: Vec<String> =
        input.inputs.iter().filter(|path| *path != "-" && !path.contains("://")).cloned().collect();
    if there.is_empty() || local.is_empty() {
        return Ok(());
    }
    // What is wrong with the inputs is said when they are read.
    let all = Prune { copies: true, ..Prune::default() };
    let Ok(found) = find(&local, &all, &S3Options::default()) else { return Ok(()) };
    for (flag, path) in there {
        // An earlier output is no input unless it is asked for, so the same command may be run again.
        let read = |named: bool| named || input.count_copies || !is_own(path);
        if found.objects.iter().any(|object| is_same(path, &object.name) && read(object.named)) {
            let error = Error::usage(format!("{flag} {path}: the file is one of the inputs and would be overwritten"));
            return Err(error.hint("write to another file or folder"));
        }
    }
    Ok(())
}

/// Whether this program wrote a Parquet file.
fn is_own(path: &str) -> bool {
    let source = File::open(path).and_then(|file| of_file(&file)).ok().flatten();
    source.is_some_and(|source| is_output(&*source))
}

fn failed(what: &str, error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::InvalidInput {
        Error::usage(error.to_string())
    } else {
        Error::write(format!("{what}: {}", io_cause(&error))).because(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_no_path_that_can_be_written() {
        for url in ["s3://bucket/a.csv", "S3://b", "https://x/y.csv", "file:///tmp/a.csv"] {
            assert!(local_path(url).unwrap_err().contains("aws s3 cp"), "{url}");
        }
        for path in ["a.csv", "/tmp/a.csv", "s3/a.csv", "./s3://a.csv", "s3:a.csv"] {
            assert_eq!(local_path(path).unwrap(), path);
        }
    }

    #[test]
    fn a_file_needs_a_folder_that_exists() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("file"), "x").unwrap();
        assert!(destination(&path("new.csv")).is_ok() && destination(&path("file")).is_ok());
        assert!(destination("new.csv").is_ok());
        let kind = |path: &str| destination(path).unwrap_err().kind();
        assert_eq!(kind(&path("no/such.csv")), io::ErrorKind::NotFound);
        assert_eq!(kind(&path("file/a.csv")), io::ErrorKind::NotADirectory);
        assert_eq!(kind(&path("")), io::ErrorKind::IsADirectory);
    }
}
