//! The `outflow` program: a door and nothing more.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(outflow::cli::run(std::env::args_os()).code())
}
