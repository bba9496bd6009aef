//! The README's commands do what it says: each fenced `console` or `sh` block is run, in order, in the repository.
//!
//! Lines that begin with `$ ` are commands; the lines after one are its output, and must match: as printed on stdout, or
//! there and then on stderr. A line `…` stands for any lines. `s3://logs` holds the shipped logs, and those of the last
//! hours, on a server of this process. A reader has a terminal and so gets tables, so a command
//! without `-o` is run with `-o table`.

use std::fs;

use crate::compare::{difference, settled};
use crate::program;
use crate::root;
use crate::s3;

/// Commands that the README may have and that a test does not run.
const KNOWN: [&str; 6] = ["cargo test", "cargo build", "cargo install ", "git clone ", "cd ", "rustup "];
/// The commands of the program whose output depends on whether there is a terminal.
const TABLES: [&str; 5] = ["top", "flows", "inspect", "fields", "anomalies"];

/// A command and the output that the README shows.
struct Shown {
    line: usize,
    command: String,
    output: Vec<String>,
}

#[test]
fn the_commands_of_the_readme_print_what_it_shows() {
    let readme = fs::read_to_string(root().join("README.md")).expect("README.md can be read");
    let commands = commands(&readme);
    assert!(!commands.is_empty(), "README.md has no ```console or ```sh block with lines that begin with `$ `");
    let server = s3::server_of_logs();
    let failures: String = commands.iter().filter_map(|shown| check(shown, &s3::environment(&server)).err()).collect();
    assert!(failures.is_empty(), "\n{failures}");
}

/// The commands of all blocks.
fn commands(readme: &str) -> Vec<Shown> {
    let (mut commands, mut fence, mut runs) = (Vec::<Shown>::new(), false, false);
    for (line, text) in (1..).zip(readme.lines()) {
        if let Some(language) = text.strip_prefix("```") {
            fence = !fence;
            runs = fence && matches!(language.trim(), "console" | "sh");
        } else if let Some(command) = text.strip_prefix("$ ").filter(|_| runs) {
            commands.push(Shown { line, command: command.to_owned(), output: Vec::new() });
        } else if let Some(shown) = commands.last_mut().filter(|_| runs) {
            shown.output.push(text.trim_end().to_owned());
        }
    }
    commands
}

fn check(shown: &Shown, environment: &[(&str, &str)]) -> Result<(), String> {
    let Shown { line, command, output } = shown;
    let failed = |reason: String| format!("README.md:{line}: $ {command}\n  {reason}\n");
    let arguments = ["cargo run --release -- ", "outflow "].iter().find_map(|start| command.strip_prefix(start));
    let Some(arguments) = arguments else {
        let known = KNOWN.iter().any(|known| command.starts_with(known));
        return if known { Ok(()) } else { Err(failed("this test does not know the command".to_owned())) };
    };
    let arguments = arguments.split(" # ").next().unwrap_or_default();
    let printed =
        program::run_with(&as_on_a_terminal(program::words(arguments)?), root(), b"", environment).map_err(failed)?;
    let stdout = settled(&printed.stdout);
    let both = [&stdout[..], &settled(&printed.stderr)].concat();
    // The logs are of fixed days, and a judgement of other days says that it had nothing to judge.
    let is_unjudged = printed.exit == "3" && String::from_utf8_lossy(&printed.stderr).contains(" judged: ");
    if printed.exit != "0" && !(is_unjudged && output.iter().all(String::is_empty)) {
        return Err(failed(format!("exit code {}: {}", printed.exit, String::from_utf8_lossy(&printed.stderr))));
    }
    let expected: Vec<String> =
        output.iter().map(|line| String::from_utf8_lossy(&settled(line.as_bytes())).into_owned()).collect();
    let fits = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        matches(&expected, &lines)
    };
    if expected.iter().all(String::is_empty) || fits(&stdout) || fits(&both) {
        return Ok(());
    }
    let wanted: String = expected.iter().map(|line| format!("{line}\n")).collect();
    Err(failed(difference("output", wanted.as_bytes(), &both).unwrap_or_default()))
}

/// The words, with the choice of output that a terminal makes.
fn as_on_a_terminal(mut words: Vec<String>) -> Vec<String> {
    let chosen = |word: &String| {
        ["-o", "--output", "--out", "--help", "--dry-run"].iter().any(|flag| word.starts_with(flag)) || word == "-h"
    };
    if words.first().is_some_and(|first| TABLES.contains(&first.as_str())) && !words.iter().any(chosen) {
        words.extend(["-o".to_owned(), "table".to_owned()]);
    }
    words
}

/// Whether lines fit, `…` standing for any number of them; empty lines at the end do not count.
fn matches(expected: &[String], printed: &[&str]) -> bool {
    match (expected.split_first(), printed.split_first()) {
        (None, _) => printed.iter().all(|line| line.is_empty()),
        (Some((wild, rest)), _) if wild.trim() == "…" => {
            (0..=printed.len()).any(|skipped| matches(rest, &printed[skipped..]))
        }
        (Some((line, rest)), None) => line.is_empty() && matches(rest, &[]),
        (Some((line, rest)), Some((first, others))) => line == first && matches(rest, others),
    }
}

#[test]
fn blocks_are_read_and_wildcards_fit_any_lines() {
    let readme = "```console\n$ outflow top x\nrank\n…\n1\n$ cargo test\n```\n```rust\n$ no\n```\n";
    let found = commands(readme);
    assert_eq!(found.iter().map(|shown| shown.command.as_str()).collect::<Vec<_>>(), ["outflow top x", "cargo test"]);
    assert!(matches(&found[0].output, &["rank", "a", "b", "1", ""]));
    assert!(!matches(&found[0].output, &["rank", "a"]));
}
