//! `cargo run --release --example flowgen -- --out DIR`: writes AWS VPC flow logs for tests and measurements.

use std::io::{self, Write};
use std::process::ExitCode;

#[path = "mod.rs"]
mod flowgen;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    if words.iter().any(|word| word == "--help" || word == "-h") {
        return say(&mut io::stdout(), flowgen::USAGE, ExitCode::SUCCESS);
    }
    let options = match flowgen::Options::parse(words) {
        Ok(options) => options,
        Err(reason) => {
            return say(&mut io::stderr(), &format!("flowgen: {reason}\n\n{}", flowgen::USAGE), ExitCode::from(2));
        }
    };
    match flowgen::run(&options) {
        Ok(written) => say(&mut io::stdout(), &format!("{written}\n"), ExitCode::SUCCESS),
        Err(reason) => say(&mut io::stderr(), &format!("flowgen: {reason}\n"), ExitCode::FAILURE),
    }
}

/// Says something and ends so; if nobody hears it, that changes nothing.
fn say(out: &mut impl Write, text: &str, end: ExitCode) -> ExitCode {
    if out.write_all(text.as_bytes()).is_ok() { end } else { ExitCode::FAILURE }
}
