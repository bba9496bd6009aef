//! Scores the detector, and others beside it, on the same hours: labelled ones of other people's services, and made
//! ones with spikes put in; and attribution on made traffic. Prints Markdown, for docs/numbers.md.
//!
//!     cargo run --release --example anomaly -- [--data FOLDER] [--short]

use std::path::PathBuf;
use std::process::ExitCode;

mod attribution;
mod creep;
mod hours;
mod injected;
mod labelled;
mod methods;
mod score;
mod speed;

/// What was asked for.
struct Arguments {
    /// The folder with the labelled hours.
    data: PathBuf,
    /// Whether it is enough to see that everything runs.
    is_short: bool,
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program")]
fn main() -> ExitCode {
    let Some(arguments) = arguments() else {
        eprintln!("anomaly [--data FOLDER] [--short]");
        return ExitCode::from(2);
    };
    let labelled = match labelled::section(&arguments.data, arguments.is_short) {
        Ok(section) => section,
        Err(error) => {
            eprintln!("{}: {error}", arguments.data.display());
            return ExitCode::FAILURE;
        }
    };
    println!("{labelled}");
    println!("{}", injected::section(arguments.is_short));
    println!("{}", creep::section(arguments.is_short));
    println!("{}", attribution::section(arguments.is_short));
    println!("{}", speed::section(arguments.is_short));
    ExitCode::SUCCESS
}

fn arguments() -> Option<Arguments> {
    let data = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/anomaly-data"));
    let mut arguments = Arguments { data, is_short: false };
    let mut words = std::env::args_os().skip(1);
    while let Some(word) = words.next() {
        match word.to_str()? {
            "--short" => arguments.is_short = true,
            "--data" => arguments.data = words.next()?.into(),
            _ => return None,
        }
    }
    Some(arguments)
}
