//! Fuzz targets: one binary, run by `benches/fuzz/run`, which sets libFuzzer's corpus and duration.
//!
//! The environment variable `OUTFLOW_FUZZ` names the target. Each feeds an input to a part of the program that
//! untrusted bytes reach, and asserts invariants: a broken invariant is a finding as much as a panic. If
//! `OUTFLOW_FUZZ_SEEDS` names a folder, the target's seeds and dictionary are written there.
#![no_main]
#![expect(clippy::disallowed_methods, reason = "the environment is how one binary is told its target")]

use std::panic::{self, PanicHookInfo, catch_unwind};
use std::path::Path;
use std::process::abort;
use std::sync::{Mutex, OnceLock};

mod bill;
mod gunzip;
mod header;
mod json;
mod keys;
mod ledger;
mod log;
mod parquet;
mod seeds;
mod state;
mod tables;
mod text;
mod r#where;

/// A part of the program and what is asked of it.
struct Target {
    name: &'static str,
    /// Panics if an input breaks a law.
    run: fn(&[u8]),
    /// Inputs to begin with.
    seeds: fn() -> Vec<Vec<u8>>,
    /// Words that a mutated input may be given.
    words: fn() -> Vec<String>,
}

const TARGETS: [Target; 12] = [
    Target { name: "text", run: text::run, seeds: text::seeds, words: text::words },
    Target { name: "header", run: header::run, seeds: header::seeds, words: text::words },
    Target { name: "parquet", run: parquet::run, seeds: parquet::seeds, words: parquet::words },
    Target { name: "where", run: r#where::run, seeds: r#where::seeds, words: r#where::words },
    Target { name: "json", run: json::run, seeds: json::seeds, words: json::words },
    Target { name: "gunzip", run: gunzip::run, seeds: gunzip::seeds, words: gunzip::words },
    Target { name: "keys", run: keys::run, seeds: keys::seeds, words: keys::words },
    Target { name: "ledger", run: ledger::run, seeds: ledger::seeds, words: ledger::words },
    Target { name: "log", run: log::run, seeds: log::seeds, words: log::words },
    Target { name: "state", run: state::run, seeds: state::seeds, words: state::words },
    Target { name: "bill", run: bill::run, seeds: bill::seeds, words: bill::words },
    Target { name: "tables", run: tables::run, seeds: tables::seeds, words: tables::words },
];

static TARGET: OnceLock<&Target> = OnceLock::new();
/// What was said by the last panic that may be caught.
static PANIC: Mutex<String> = Mutex::new(String::new());

libfuzzer_sys::fuzz_target!(init: begin().unwrap_or_else(|cause| fail(&cause)), |bytes: &[u8]| {
    let Some(target) = TARGET.get() else { abort() };
    if catch_unwind(|| (target.run)(bytes)).is_err() {
        fail(&PANIC.lock().map(|panic| panic.clone()).unwrap_or_default());
    }
});

/// Chooses the target, writes its seeds, and judges panics from now on.
fn begin() -> Result<(), String> {
    let name = std::env::var("OUTFLOW_FUZZ").unwrap_or_default();
    let target = TARGETS
        .iter()
        .find(|target| target.name == name)
        .ok_or_else(|| format!("OUTFLOW_FUZZ must name a target: {}", TARGETS.map(|target| target.name).join(" ")))?;
    TARGET.set(target).map_err(|_| "it has begun already".to_owned())?;
    if let Some(folder) = std::env::var_os("OUTFLOW_FUZZ_SEEDS") {
        seeds::write(target, Path::new(&folder)).map_err(|error| format!("the seeds cannot be written: {error}"))?;
    }
    // The first hook is libFuzzer's, which ends the process at any panic; behind it is the language's own.
    drop(panic::take_hook());
    let tell = panic::take_hook();
    panic::set_hook(Box::new(move |panic| judge(panic, &tell)));
    Ok(())
}

/// Ends the process where the panic is this project's. A library's may be caught, as those of a damaged Parquet file
/// are; one that is not comes back to the target, and then is a finding too.
fn judge(panic: &PanicHookInfo<'_>, tell: &dyn Fn(&PanicHookInfo<'_>)) {
    // Files of this project are compiled by their path below it, libraries' by their full one.
    if panic.location().is_none_or(|location| Path::new(location.file()).is_relative()) {
        tell(panic);
        abort();
    }
    if let Ok(mut last) = PANIC.lock() {
        *last = panic.to_string();
    }
}

#[expect(clippy::print_stderr, reason = "that is where a fuzzer tells what it finds")]
fn fail(cause: &str) -> ! {
    eprintln!("{cause}");
    abort();
}
