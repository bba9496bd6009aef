//! What `--verbose` and `--log-level` say on standard error; standard output stays as it is.

use crate::{program, root};

/// The answer and what was said beside it.
fn run(flags: &str) -> (Vec<u8>, String, String) {
    let words = program::words(&format!("cost testdata/logs-v5 {flags}"));
    let printed = program::run(&words.expect("quotes"), root(), b"").expect("the program runs");
    (printed.stdout, String::from_utf8_lossy(&printed.stderr).into_owned(), printed.exit)
}

#[test]
fn stages_are_reported_once_and_objects_twice_and_the_answer_is_the_same() {
    let (answer, silent, _) = run("");
    let (with_stages, stages, _) = run("-v");
    let (with_objects, objects, _) = run("-vv");
    assert!(answer == with_stages && answer == with_objects);
    for stage in ["objects were found", "objects were read", "records were joined", "traffic was summed"] {
        assert!(!silent.contains(stage) && stages.contains(stage) && objects.contains(stage), "{stage}: {stages}");
    }
    assert!(stages.contains("took=") && stages.contains(" INFO ") && !stages.contains("DEBUG"), "{stages}");
    assert!(objects.contains("reads an object name=\"testdata/logs-v5"), "{objects}");
    assert!(!objects.contains('\u{1b}'));
}

#[test]
fn levels_have_names_and_quiet_means_quiet() {
    assert!(run("--log-level info").1.contains("traffic was summed"));
    assert!(run("--log-level debug").1.contains("reads an object"));
    for silent in ["--log-level off", "--log-level warn", "-vv --quiet", "--quiet --log-level debug"] {
        let (_, said, exit) = run(silent);
        assert!(!said.contains("took=") && !said.contains("objects were found") && exit == "0", "{silent}: {said}");
    }
    assert_eq!(run("--log-level loud").2, "2");
    assert_eq!(run("-v --log-level info").2, "2");
}

#[test]
fn what_an_error_comes_from_is_reported_to_those_who_ask() {
    let words = |flags: &str| program::words(&format!("top absent.log {flags}")).expect("quotes");
    let said = |flags| {
        let printed = program::run(&words(flags), root(), b"").expect("the program runs");
        String::from_utf8_lossy(&printed.stderr).into_owned()
    };
    assert!(said("-v").contains("caused by: \"No such file or directory (os error 2)\""), "{}", said("-v"));
    assert!(!said("").contains("caused by"));
}
