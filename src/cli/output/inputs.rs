//! Outputs against every file that the command reads, be it a log, a table, a bill or a list: none is written over.

use std::ffi::OsStr;
use std::path::Path;

use clap::{Arg, ArgMatches, Command};

use super::is_same;
use crate::collect::{Prune, S3Options, find};
use crate::error::Error;

/// The arguments that name outputs.
const OUTPUTS: [&str; 2] = ["out", "malformed_out"];
/// The argument that names logs, whose folders may hold earlier outputs and are looked at elsewhere.
const LOGS: &str = "inputs";
/// What the values of arguments are called that name files to be read.
const FILES: [&str; 4] = ["FILE", "FILE.mmdb", "BILL", "LEDGER"];
/// The file of the configuration, which is read unasked.
const CONFIG: &str = "outflow.toml";
/// Standard input, where it is a file.
const STDIN: &str = "/dev/stdin";

/// Refuses to write over a file that an argument names to be read.
///
/// # Errors
/// A usage error with the flag and the file.
pub(in crate::cli) fn check_inputs(command: &Command, matches: &ArgMatches) -> Result<(), Error> {
    if let Some((name, inner)) = matches.subcommand() {
        return command.find_subcommand(name).map_or(Ok(()), |command| check_inputs(command, inner));
    }
    for (id, output) in OUTPUTS.iter().flat_map(|id| values(matches, id).map(move |value| (id, value))) {
        if !Path::new(output).is_file() {
            continue;
        }
        let reads = |arg: &Arg| {
            values(matches, arg.get_id().as_str()).any(|input| is_or_holds(input, output, arg.get_id() != LOGS))
        };
        if command.get_arguments().filter(|arg| names_inputs(arg)).any(reads) || is_same(output, CONFIG) {
            let flag = id.replace('_', "-");
            let error = format!("--{flag} {output}: the file is one of the inputs and would be overwritten");
            return Err(Error::usage(error).hint("write to another file or folder"));
        }
    }
    Ok(())
}

/// The values of an argument, where the command has it and they are paths that can be written here.
fn values<'a>(matches: &'a ArgMatches, id: &str) -> impl Iterator<Item = &'a str> + use<'a> {
    matches.try_get_raw(id).ok().flatten().into_iter().flatten().filter_map(OsStr::to_str)
}

/// Whether the values of an argument are files to be read.
fn names_inputs(arg: &Arg) -> bool {
    let is_file = |name: &str| FILES.contains(&name);
    let is_output = OUTPUTS.contains(&arg.get_id().as_str());
    let names = arg.get_value_names().unwrap_or_default();
    !is_output && (arg.is_positional() || arg.get_id() == LOGS || names.iter().any(|name| is_file(name)))
}

/// Whether an input is the output, or a folder of tables or bills that holds it.
fn is_or_holds(input: &str, output: &str, in_folders: bool) -> bool {
    let path = Path::new(if input == "-" { STDIN } else { input });
    if path.is_file() {
        return path.to_str().is_some_and(|path| is_same(output, path));
    }
    let all = Prune { copies: true, ..Prune::default() };
    let found = || find(&[input.to_owned()], &all, &S3Options::default());
    in_folders && path.is_dir() && found().is_ok_and(|found| found.objects.iter().any(|one| is_same(output, &one.name)))
}
