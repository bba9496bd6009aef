//! The rules of the house, as tests over the project's own source: who may name whom, sizes, and habits.
//!
//! The source is read as text, with comments and literals blanked out where only code counts. It is not parsed; what
//! text cannot show is left to the compiler and reviewers.

use std::fs;
use std::path::Path;

/// The stages in data order, which is alphabetical.
const STAGES: [&str; 11] =
    ["cli", "collect", "decode", "group", "ingest", "join", "price", "reason", "report", "view", "work"];
/// Open to all, naming no stage.
const OPEN: [&str; 3] = ["error", "schema", "units"];
/// The door: it names any stage, and nothing but `main` names it.
const DOOR: &str = "cli";
/// Stages without files, environment, threads, clock and printing.
const PURE: [&str; 7] = ["decode", "group", "join", "price", "reason", "report", "view"];
/// What those do not name, tests aside.
const IMPURE: [[&str; 2]; 4] = [["std", "fs"], ["std", "env"], ["std", "thread"], ["std", "time"]];
const PRINTING: [&str; 4] = ["println!", "eprintln!", "print!", "eprint!"];
const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MAX: usize = 500;
const FOLDER_FILES_MAX: usize = 25;
/// Put together here, so that this file does not find itself.
const LEFT_OVER: [&str; 4] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("unimplemented", "!"), concat!("to", "do!")];

const PARQUET: &[&str] = &["decode/parquet", "group/wire", "ingest/", "view/parquet.rs"];
const S3: &[&str] = &["collect/s3/"];
/// Each vendor crate and its allowed locations: path prefixes below `src/`. General-purpose crates (maps, bytes, dates,
/// errors) are allowed everywhere and not listed.
const HOMES: [(&str, &[&str]); 31] = [
    ("arrow_array", PARQUET),
    ("arrow_buffer", PARQUET),
    ("arrow_schema", PARQUET),
    ("aws_config", S3),
    ("aws_credential_types", S3),
    ("aws_sdk_s3", S3),
    ("aws_smithy_http_client", S3),
    ("aws_types", S3),
    ("bytes", S3),
    ("http_body_util", S3),
    ("clap", &["cli"]),
    ("comfy_table", &["view/table.rs"]),
    ("csv", &["units/csv_stream.rs", "units/csv_table.rs", "view/csv.rs"]),
    ("flate2", &["collect"]),
    ("glob", &["collect"]),
    ("indicatif", &["cli"]),
    ("maxminddb", &["join/geoip.rs"]),
    ("ipnet", &["units/address.rs"]),
    ("parquet", PARQUET),
    ("polars", &["join/frame.rs", "price/", "reason/", "report/", "schema/frame.rs", "work/"]),
    ("rayon", &["collect/copies/content.rs", "work"]),
    ("regex", &["group/filter"]),
    (
        "serde_json",
        &[
            "cli/split.rs",
            "decode",
            "group/wire",
            "ingest/",
            "join/ranges.rs",
            "join/tables/",
            "price/offer/json.rs",
            "price/statement/manifest.rs",
            "reason/anomalies/state.rs",
            "report/focus.rs",
            "view/json.rs",
            "work/ledger.rs",
            "work/plan.rs",
            "work/store/",
        ],
    ),
    ("rustls", S3),
    ("sqlparser", &["report/sql/"]),
    ("stlrs", &["reason/anomalies/decompose.rs"]),
    ("tokio", S3),
    ("toml", &["cli/config"]),
    ("tracing", &["cli", "collect", "work"]),
    ("tracing_subscriber", &["cli/log.rs"]),
    ("walkdir", &["collect"]),
];

#[test]
fn no_stage_names_a_stage_that_sorts_after_it() {
    assert_none(sources("src").iter().flat_map(stage_faults));
}

#[test]
fn functions_and_files_have_a_bearable_length() {
    assert_none(everywhere().iter().flat_map(size_faults));
}

#[test]
fn no_folder_has_too_many_files() {
    let mut folders: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for source in sources("src") {
        let folder = Path::new(&source.name).parent().map(|folder| folder.display().to_string());
        *folders.entry(folder.unwrap_or_default()).or_default() += 1;
    }
    let large = folders.into_iter().filter(|(_, files)| *files > FOLDER_FILES_MAX);
    assert_none(large.map(|(folder, files)| format!("{folder} has {files} files, over {FOLDER_FILES_MAX}")));
}

#[test]
fn pure_stages_touch_no_files_environment_threads_clock_and_print_nothing() {
    assert_none(sources("src").iter().flat_map(purity_faults));
}

#[test]
fn every_vendor_crate_has_one_home() {
    assert_none(sources("src").iter().flat_map(home_faults));
}

#[test]
fn every_file_says_first_what_it_is_for() {
    let silent = |source: &&Source| !source.text.starts_with("//! ");
    assert_none(everywhere().iter().filter(silent).map(|source| source.fault(0, "no module doc (//!) at the top")));
}

#[test]
fn every_documented_limit_is_in_the_code() {
    let sources = sources("src");
    let limits = include_str!("../docs/limits.md").split('`').skip(1).step_by(2);
    let named = limits.filter_map(|limit| limit.rsplit_once("::")).collect::<Vec<_>>();
    assert!(named.len() > 50, "only {} limits are documented", named.len());
    assert_none(named.into_iter().filter_map(|(module, name)| {
        let (path, constant) = (format!("src/{}", module.replace("::", "/")), format!("const {name}: "));
        let has = |source: &Source| source.name.starts_with(&path) && source.text.contains(&constant);
        (!sources.iter().any(has)).then(|| format!("docs/limits.md: {module} has no constant {name}"))
    }));
}

#[test]
fn nothing_is_left_for_later() {
    assert_none(everywhere().iter().flat_map(|source| {
        let found = LEFT_OVER.iter().flat_map(|mark| words(&source.text, mark).into_iter().map(move |at| (at, mark)));
        found.map(|(at, mark)| source.fault(at, &format!("{mark} is left over"))).collect::<Vec<_>>()
    }));
}

#[test]
fn the_rules_find_what_breaks_them() {
    let faults =
        |rule: fn(&Source) -> Vec<String>, name: &str, text: &str| rule(&Source::new(name.into(), text.into()));
    let stages = |name, text| faults(stage_faults, name, text).len();
    assert_eq!(stages("src/decode/text.rs", "use crate::{collect, group::{a, b}};\nuse super::super::view;"), 3);
    assert_eq!(stages("src/decode/mod.rs", "// crate::view\nuse super::collect;\nconst A: &str = \"crate::view\";"), 0);
    assert_eq!(
        stages("src/view/csv.rs", "mod tests { use super::super::super::work::Job; use super::super::csv; }"),
        1
    );
    assert_eq!(stages("src/error.rs", "use crate::schema::Column; fn f() { crate::decode::g() }"), 1);
    assert_eq!(stages("src/work/mod.rs", "use crate::cli;"), 1);
    assert_eq!(stages("src/main.rs", "use outflow::cli;"), 0);
    assert_eq!(stages("src/helpers.rs", ""), 1);

    let impure = "use std::{fs, io};\nfn f() { println!(\"std::env\") }\n#[cfg(test)]\nmod tests { use std::fs; }";
    assert_eq!(faults(purity_faults, "src/view/csv.rs", impure).len(), 2);
    assert_eq!(faults(purity_faults, "src/work/mod.rs", impure).len(), 0);

    assert_eq!(faults(home_faults, "src/group/mod.rs", "use rayon::prelude::*;\nuse crate::view::csv::x;").len(), 1);
    assert_eq!(faults(home_faults, "src/view/mod.rs", "mod csv;\nfn f() { csv::write() }").len(), 0);

    let long = format!("fn f() {{\n{}}}\n#[cfg(test)]\nmod tests {{\n{}}}\n", "a();\n".repeat(69), "\n".repeat(500));
    assert_eq!(faults(size_faults, "src/view/a.rs", &long), ["src/view/a.rs:1: fn f has 71 lines, over 70"]);
    assert_eq!(faults(size_faults, "src/view/a.rs", &"\n".repeat(501)).len(), 1);
}

#[test]
fn comments_and_literals_are_blanked_and_lifetimes_are_not() {
    let code = blank("fn f<'a>(x: &'a str) { '{'; b'\\''; r#\"}\"#; \"\\\"}\"; /* { /* */ { */ } // }");
    assert_eq!(code.chars().filter(|letter| "{}".contains(*letter)).collect::<String>(), "{}");
    assert!(code.contains("<'a>(x: &'a str)"));
}

fn stage_faults(source: &Source) -> Vec<String> {
    let stage = source.stage();
    if matches!(stage, "lib" | "tidy") {
        return Vec::new();
    }
    if stage != "main" && !STAGES.contains(&stage) && !OPEN.contains(&stage) {
        return vec![source.fault(0, &format!("`{stage}` is neither a stage nor one of {OPEN:?}"))];
    }
    let may_name = |other: &str| match other {
        DOOR => matches!(stage, "main" | DOOR),
        _ if OPEN.contains(&stage) => false,
        _ => matches!(stage, "main" | DOOR) || other <= stage,
    };
    let wrong = |named: Named| {
        let other = source.module(&named).filter(|other| STAGES.contains(&other.as_str()) && !may_name(other))?;
        Some(source.fault(named.at, &format!("`{stage}` may not name `{other}`")))
    };
    paths(&source.code).into_iter().filter_map(wrong).collect()
}

fn size_faults(source: &Source) -> Vec<String> {
    if source.is_test() {
        return Vec::new();
    }
    let lines = |(from, to): (usize, usize)| source.code[from..to].lines().count();
    let tests: usize = test_modules(&source.code).into_iter().map(lines).sum();
    let whole = source.text.lines().count() - tests;
    let long_file = (whole > FILE_LINES_MAX)
        .then(|| source.fault(0, &format!("{whole} lines without tests, over {FILE_LINES_MAX}")));
    let long = |(name, from, to): (&str, usize, usize)| {
        let lines = lines((from, to));
        let rule = format!("fn {name} has {lines} lines, over {FUNCTION_LINES_MAX}");
        (lines > FUNCTION_LINES_MAX).then(|| source.fault(from, &rule))
    };
    functions(&source.untested).into_iter().filter_map(long).chain(long_file).collect()
}

fn purity_faults(source: &Source) -> Vec<String> {
    if !PURE.contains(&source.stage()) || source.is_test() {
        return Vec::new();
    }
    let named = paths(&source.untested).into_iter().filter_map(|named| {
        let name = named.segments.join("::");
        IMPURE.iter().any(|path| named.segments.starts_with(&path.map(str::to_owned))).then_some((named.at, name))
    });
    let printing = PRINTING
        .iter()
        .flat_map(|word| words(&source.untested, word).into_iter().map(move |at| (at, (*word).to_owned())));
    named.chain(printing).map(|(at, what)| source.fault(at, &format!("{what} in a pure stage"))).collect()
}

fn home_faults(source: &Source) -> Vec<String> {
    let below = source.name.strip_prefix("src/").unwrap_or(&source.name);
    let wrong = |named: Named| {
        let (vendor, homes) = HOMES.iter().find(|(vendor, _)| *vendor == named.segments[0])?;
        // A file may have a module of the same name, which hides the crate.
        let hidden = modules(&source.code).iter().any(|(name, ..)| name == vendor);
        let home = homes.iter().any(|home| below.starts_with(home));
        let rule = format!("{vendor} is at home in {}", homes.join(", "));
        (named.segments.len() > 1 && !hidden && !home).then(|| source.fault(named.at, &rule))
    };
    if source.is_test() { Vec::new() } else { paths(&source.untested).into_iter().filter_map(wrong).collect() }
}

/// Fails with all faults.
fn assert_none(faults: impl Iterator<Item = String>) {
    let faults: Vec<String> = faults.collect();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// The sources below every folder that holds any.
fn everywhere() -> Vec<Source> {
    ["src", "testdata", "benches", "fuzz"].into_iter().flat_map(sources).collect()
}

/// The sources below a folder of the repository, none if there is no such folder.
fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut files) = (vec![root.join(folder)], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    let name = |path: &Path| path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
    files.iter().map(|path| Source::new(name(path), fs::read_to_string(path).unwrap())).collect()
}

/// A source file.
struct Source {
    /// Its path below the repository, with `/`.
    name: String,
    text: String,
    /// The text with comments and literals blanked, place for place.
    code: String,
    /// The same with test modules blanked.
    untested: String,
}

impl Source {
    fn new(name: String, text: String) -> Self {
        let code = blank(&text);
        let mut untested = code.clone();
        for (from, to) in test_modules(&code) {
            untested.replace_range(from..to, &spaces(&code[from..to]));
        }
        Self { name, text, code, untested }
    }

    /// The module under the crate's root that the file belongs to; `main` or `lib`.
    fn stage(&self) -> &str {
        let below = self.name.strip_prefix("src/").unwrap_or(&self.name);
        below.split('/').next().unwrap_or(below).trim_end_matches(".rs")
    }

    /// Whether the whole file is tests.
    fn is_test(&self) -> bool {
        self.name.ends_with("/tests.rs") || self.name.contains("/tests/") || self.name == "src/tidy.rs"
    }

    /// The module under the crate's root that a path leads to, if it leads through the root.
    fn module(&self, named: &Named) -> Option<String> {
        let segments = &named.segments;
        if matches!(segments[0].as_str(), "crate" | "outflow") {
            return segments.get(1).cloned();
        }
        let first = segments.iter().position(|segment| !matches!(segment.as_str(), "super" | "self"))?;
        let ups = segments[..first].iter().filter(|segment| *segment == "super").count();
        let file_depth = self.name.split('/').skip(1).filter(|part| !matches!(*part, "mod.rs" | "main.rs" | "lib.rs"));
        let around = modules(&self.code).into_iter().filter(|(_, from, to)| (*from..*to).contains(&named.at));
        (ups > 0 && ups == file_depth.count() + around.count()).then(|| segments[first].clone())
    }

    fn fault(&self, at: usize, rule: &str) -> String {
        format!("{}:{}: {rule}", self.name, 1 + self.text[..at].matches('\n').count())
    }
}

/// A path in code, `a::b::c`; each of a group (`a::{b, c}`) is one.
struct Named {
    /// The place in the code where it begins.
    at: usize,
    segments: Vec<String>,
}

/// The paths in code, single names too.
fn paths(code: &str) -> Vec<Named> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(word) = next_word(code, at) {
        at = spread(code, word, &[], &mut found);
    }
    found
}

/// Notes the paths that begin with `before` and go on at a word; gives the place after them.
fn spread(code: &str, at: usize, before: &[String], found: &mut Vec<Named>) -> usize {
    let mut segments = before.to_vec();
    let mut end = at;
    loop {
        let length = word_length(&code[end..]);
        segments.push(code[end..end + length].to_owned());
        end += length;
        let Some(rest) = code[end..].trim_start().strip_prefix("::") else { break };
        let next = code.len() - rest.trim_start().len();
        if code[next..].starts_with('{') {
            let (mut inner, close) = (next, close(code, next));
            while let Some(word) = next_word(code, inner).filter(|word| *word < close) {
                inner = spread(code, word, &segments, found);
            }
            return close;
        }
        if word_length(&code[next..]) == 0 {
            break;
        }
        end = next;
    }
    found.push(Named { at, segments });
    end
}

/// The functions with a body: name, and where they begin and end.
fn functions(code: &str) -> Vec<(&str, usize, usize)> {
    let function = |at: usize| {
        let name_at = next_word(code, at + 2)?;
        let name = &code[name_at..name_at + word_length(&code[name_at..])];
        let mut depth = 0;
        let body = code[name_at..].find(|letter| {
            depth += i32::from(matches!(letter, '(' | '[')) - i32::from(matches!(letter, ')' | ']'));
            depth == 0 && matches!(letter, '{' | ';')
        })?;
        let open = name_at + body;
        (code[at + 2..name_at].trim().is_empty() && code[open..].starts_with('{'))
            .then(|| (name, at, close(code, open)))
    };
    words(code, "fn").into_iter().filter_map(function).collect()
}

/// The modules that a file declares: name, and where they begin and end; those in files of their own end at once.
fn modules(code: &str) -> Vec<(&str, usize, usize)> {
    let module = |at: usize| {
        let name_at = next_word(code, at + 3)?;
        let after = name_at + word_length(&code[name_at..]);
        let open = code.len() - code[after..].trim_start().len();
        let end = if code[open..].starts_with('{') { close(code, open) } else { after };
        Some((&code[name_at..after], at, end))
    };
    words(code, "mod").into_iter().filter_map(module).collect()
}

/// Where test modules begin and end.
fn test_modules(code: &str) -> Vec<(usize, usize)> {
    let marked = |at: usize| code[..at].trim_end().ends_with("#[cfg(test)]");
    modules(code).into_iter().filter(|(_, from, _)| marked(*from)).map(|(_, from, to)| (from, to)).collect()
}

/// The place after the brace that closes the one at `open`.
fn close(code: &str, open: usize) -> usize {
    let mut depth = 0;
    let end = code[open..].find(|letter| {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        depth == 0
    });
    end.map_or(code.len(), |end| open + end + 1)
}

/// Where a word stands by itself.
fn words(text: &str, word: &str) -> Vec<usize> {
    let alone = |at: &usize| {
        let before = text[..*at].chars().next_back().is_some_and(is_word);
        let after = word.ends_with(is_word) && text[at + word.len()..].starts_with(is_word);
        !before && !after
    };
    text.match_indices(word).map(|(at, _)| at).filter(alone).collect()
}

/// The next place from `at` where a word begins.
fn next_word(code: &str, at: usize) -> Option<usize> {
    code[at..].find(is_word).map(|skipped| at + skipped)
}

fn word_length(code: &str) -> usize {
    code.find(|letter| !is_word(letter)).unwrap_or(code.len())
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The text with comments and literals blanked, place for place.
fn blank(text: &str) -> String {
    let (mut code, mut at) = (String::with_capacity(text.len()), 0);
    while let Some(letter) = text[at..].chars().next() {
        let literal = literal_length(&text[at..]);
        let length = match literal {
            Some(length) => length,
            None => word_length(&text[at..]).max(letter.len_utf8()),
        };
        let piece = &text[at..at + length];
        if literal.is_some() {
            code.push_str(&spaces(piece))
        } else {
            code.push_str(piece)
        }
        at += length;
    }
    code
}

/// As many bytes of spaces, line for line.
fn spaces(text: &str) -> String {
    text.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect()
}

/// The length of the comment or literal that a text begins with.
fn literal_length(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return Some(comment_length(text));
    }
    let plain = text.strip_prefix(['b', 'c']).unwrap_or(text);
    let prefix = text.len() - plain.len();
    if let Some(raw) = plain.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let end = format!("\"{}", &raw[..hashes]);
        let body = raw[hashes..].strip_prefix('"')?;
        return Some(text.len() - body.len() + body.find(&end)? + end.len());
    }
    if plain.starts_with('"') {
        return Some(prefix + quoted_length(plain, '"'));
    }
    let mut letters = plain.strip_prefix('\'')?.chars();
    let is_letter = letters.next() == Some('\\') || letters.next() == Some('\'');
    is_letter.then(|| prefix + quoted_length(plain, '\''))
}

/// The length of a comment in `/*`, which may hold others.
fn comment_length(text: &str) -> usize {
    let (mut depth, mut at) = (1, 2);
    while depth > 0 && at < text.len() {
        let (opens, closes) = (text[at..].starts_with("/*"), text[at..].starts_with("*/"));
        depth += i32::from(opens) - i32::from(closes);
        at += if opens || closes { 2 } else { text[at..].chars().next().map_or(1, char::len_utf8) };
    }
    at
}

/// The length of a quoted text, quotes included.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, letter)| {
        let ends = *letter == quote && !escaped;
        escaped = *letter == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}
