//! The limits that `benches/peers` holds the program against: the same files and threads, and none of the work.
//!
//! `limit inflate --jobs N PATH…` reads and inflates to nowhere, through the project's own inflater;
//! `limit columns A,B,C --jobs N PATH…` decodes these columns of Parquet files to nowhere. Cargo's own calls, which
//! give no command, try both on the test data, to see that they still run.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use outflow::collect::{Content, Limits, Object, Prune, S3Options, find, open};
use outflow::decode::parquet::ParquetFile;
use outflow::decode::{Dictionary, Flows};
use outflow::schema::{Column, ColumnSet};

const USAGE: &str = "usage: limit inflate|columns A,B,C [--jobs N] PATH…";
const TEST_TEXT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/logs-v5");
const TEST_PARQUET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/logs-v5-parquet");

/// What is done with each object.
#[derive(Clone, Copy)]
enum Work {
    Inflate,
    Columns(ColumnSet),
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program of its own, not part of the library")]
fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let result = match words.first().map(String::as_str) {
        Some("inflate" | "columns") => run(&words),
        _ => try_out(),
    };
    match result {
        Ok(shown) => {
            println!("{shown}");
            ExitCode::SUCCESS
        }
        Err(cause) => {
            eprintln!("limit: {cause}");
            ExitCode::FAILURE
        }
    }
}

fn try_out() -> Result<String, String> {
    let inflated = read(Work::Inflate, 2, &[TEST_TEXT.to_owned()])?;
    let decoded = read(Work::Columns(ColumnSet::of(&[Column::Srcaddr, Column::Bytes])), 2, &[TEST_PARQUET.to_owned()])?;
    Ok(format!("{inflated} bytes, {decoded} rows"))
}

fn run(words: &[String]) -> Result<String, String> {
    let mut words = words.iter();
    let work = match words.next().map(String::as_str) {
        Some("columns") => Work::Columns(columns(words.next().ok_or(USAGE)?)?),
        _ => Work::Inflate,
    };
    let (mut jobs, mut paths) = (1, Vec::new());
    while let Some(word) = words.next() {
        if word == "--jobs" {
            jobs = words.next().and_then(|jobs| jobs.parse().ok()).ok_or(USAGE)?;
        } else {
            paths.push(word.clone());
        }
    }
    let read = read(work, jobs, &paths)?;
    Ok(format!("{read} {}", if matches!(work, Work::Inflate) { "bytes" } else { "rows" }))
}

fn columns(names: &str) -> Result<ColumnSet, String> {
    let column = |name: &str| Column::of_name(name).ok_or_else(|| format!("unknown column `{name}`"));
    names.split(',').try_fold(ColumnSet::default(), |set, name| Ok(set.with(column(name)?)))
}

/// Reads everything, largest objects first, as the program does; gives the bytes or rows met.
fn read(work: Work, jobs: usize, paths: &[String]) -> Result<u64, String> {
    let mut objects = find(paths, &Prune::default(), &S3Options::default()).map_err(|error| error.to_string())?.objects;
    objects.sort_by_key(|object| std::cmp::Reverse(object.stored_bytes));
    let (next, total) = (AtomicUsize::new(0), Mutex::new(Ok(0)));
    let worker = || {
        let mut read = Ok(0);
        while let (Ok(before), Some(object)) = (&read, objects.get(next.fetch_add(1, Ordering::Relaxed))) {
            let so_far: u64 = *before;
            read = read_object(work, object)
                .map(|more| so_far + more)
                .map_err(|cause| format!("{}: {cause}", object.name));
        }
        if let Ok(mut total) = total.lock() {
            *total = total.clone().and_then(|total: u64| Ok(total + read?));
        }
    };
    std::thread::scope(|scope| (0..jobs).for_each(|_| drop(scope.spawn(worker))));
    total.into_inner().map_err(|_| "a thread stopped".to_owned())?
}

fn read_object(work: Work, object: &Object) -> Result<u64, String> {
    let content = open(object, &Limits::default()).map_err(|error| error.to_string())?;
    match (work, content) {
        (Work::Inflate, Content::Lines(mut lines)) => {
            let (mut bytes, mut block) = (0, Vec::new());
            while lines.next_block(&mut block).is_some() {
                bytes += block.len() as u64;
            }
            Ok(bytes)
        }
        (Work::Columns(wanted), Content::Parquet(bytes)) => {
            let file = ParquetFile::open(bytes).map_err(|fault| fault.to_string())?;
            let (mut rows, mut flows, mut dictionary) = (0, Flows::new(wanted), Dictionary::default());
            for group in 0..file.row_groups() {
                let mut each = |flows: &mut Flows, _: &mut Dictionary, _| rows += flows.rows() as u64;
                file.read_row_group(group, (&mut flows, &mut dictionary), &mut |_| Ok(()), &mut each)
                    .map_err(|fault| fault.to_string())?;
            }
            Ok(rows)
        }
        _ => Err("not what this command reads".to_owned()),
    }
}
