//! `cargo run --release --example flowgen -- --out DIR`: writes AWS VPC flow logs for tests and measurements.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

#[path = "mod.rs"]
mod flowgen;

use flowgen::estate;

fn main() -> ExitCode {
    let mut words: Vec<String> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    if words.first().is_some_and(|word| word == "--estate") {
        drop(words.remove(0));
        return perform(words, estate::USAGE, estate::Options::parse, estate::run);
    }
    perform(words, flowgen::USAGE, flowgen::Options::parse, flowgen::run)
}

/// Writes what the command line asks for, or says why not.
fn perform<Options, Written: Display>(
    words: Vec<String>,
    usage: &str,
    parse: impl FnOnce(Vec<String>) -> Result<Options, String>,
    run: impl FnOnce(&Options) -> Result<Written, String>,
) -> ExitCode {
    if words.iter().any(|word| word == "--help" || word == "-h") {
        return say(&mut io::stdout(), usage, ExitCode::SUCCESS);
    }
    let options = match parse(words) {
        Ok(options) => options,
        Err(reason) => return say(&mut io::stderr(), &format!("flowgen: {reason}\n\n{usage}"), ExitCode::from(2)),
    };
    match run(&options) {
        Ok(written) => say(&mut io::stdout(), &format!("{written}\n"), ExitCode::SUCCESS),
        Err(reason) => say(&mut io::stderr(), &format!("flowgen: {reason}\n"), ExitCode::FAILURE),
    }
}

/// Says something and ends so; if nobody hears it, that changes nothing.
fn say(out: &mut impl Write, text: &str, end: ExitCode) -> ExitCode {
    if out.write_all(text.as_bytes()).is_ok() { end } else { ExitCode::FAILURE }
}
