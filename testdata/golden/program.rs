//! Runs the program as a script would: a clean environment, no terminal.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a run printed and how it ended.
pub(crate) struct Printed {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// The exit code, or `signal`.
    pub(crate) exit: String,
}

/// Runs the program in a folder. Nothing of the caller's environment or home reaches it.
pub(crate) fn run(words: &[String], folder: &Path, stdin: &[u8]) -> Result<Printed, String> {
    run_with(words, folder, stdin, &[])
}

/// The program in a folder, with no more of an environment than is given.
pub(crate) fn command(words: &[String], folder: &Path, environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outflow"));
    command.args(words).current_dir(folder).env_clear().envs([("TZ", "UTC"), ("NO_COLOR", "1")]);
    command.envs(environment.iter().copied());
    command
}

/// The same with more of an environment.
pub(crate) fn run_with(
    words: &[String],
    folder: &Path,
    stdin: &[u8],
    environment: &[(&str, &str)],
) -> Result<Printed, String> {
    let mut child = command(words, folder, environment)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("outflow does not start: {error}"))?;
    let input = child.stdin.take();
    let output = std::thread::scope(|scope| {
        // A program may end without reading its input; that is no failure of the test.
        scope.spawn(move || input.map(|mut input| input.write_all(stdin)));
        child.wait_with_output()
    });
    let output = output.map_err(|error| format!("outflow does not end: {error}"))?;
    let exit = output.status.code().map_or_else(|| "signal".to_owned(), |code| code.to_string());
    Ok(Printed { stdout: output.stdout, stderr: output.stderr, exit })
}

/// The words of a line, quoted as in a shell: `'…'`, `"…"` and `\`; nothing is expanded.
pub(crate) fn words(line: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(letters.next()),
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    if quote.is_some() { Err(format!("a quote is not closed: {line}")) } else { Ok(words) }
}

/// How a script of a shell ends in which `"$@"` is the program with these words, and what is said on standard error.
#[cfg(test)]
#[cfg(unix)]
fn shell(script: &str, line: &str) -> (Option<i32>, String) {
    let mut command = Command::new("bash");
    command.args(["-c", script, "bash", env!("CARGO_BIN_EXE_outflow")]).args(words(line).expect("quotes"));
    command.current_dir(crate::root()).env_clear().env("PATH", "/usr/bin:/bin");
    let output = command.output().expect("a shell");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_error_and_a_full_disk_is_one() {
    for line in [
        "top testdata/logs --top all",
        "flows testdata/logs",
        "inspect testdata/logs",
        "fields",
        "--help",
        "top --help",
    ] {
        for reader in ["head -c 1", "true"] {
            let (exit, said) = shell(&format!("\"$@\" | {reader} >/dev/null; exit ${{PIPESTATUS[0]}}"), line);
            assert!(exit == Some(0) && !said.contains("error"), "{line} | {reader}: {exit:?} {said}");
        }
        if cfg!(target_os = "linux") {
            let (exit, said) = shell("\"$@\" >/dev/full", line);
            assert!(exit == Some(1) && said.contains("error: cannot write the "), "{line}: {exit:?} {said}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_is_closed_is_told() {
    for (script, flags, is_told) in [
        ("\"$@\" >&-", "", true),
        ("\"$@\" >&-", "--quiet", false),
        ("\"$@\" >&-", "--out /dev/stderr -o csv", false),
        ("\"$@\" >/dev/null", "", false),
        ("\"$@\" | cat >/dev/null", "", false),
    ] {
        let (exit, said) = shell(script, &format!("top testdata/logs {flags}"));
        assert!(exit.is_some() && !said.contains("panicked"), "{script} {flags}: {said}");
        assert_eq!(said.contains("note: standard output is closed or /dev/null"), is_told, "{script} {flags}: {said}");
    }
}

#[test]
fn lines_are_split_as_a_shell_does() {
    let split = |line| words(line).expect("the quotes are closed");
    assert_eq!(split("top  --where 'src = \"a b\"' ''"), ["top", "--where", "src = \"a b\"", ""]);
    assert_eq!(split(r#"a\ b "c\"d" 'e\f'"#), ["a b", "c\"d", "e\\f"]);
    assert!(words("top 'x").is_err());
}
