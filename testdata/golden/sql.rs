//! The queries of docs/sql.md give what the page shows: each `sql` block is run over the shipped logs, and the `text` block
//! after it is what is printed. `UPDATE_GOLDEN=1` writes the `text` blocks.

use std::fs;

use crate::compare::difference;
use crate::{program, root};

/// What the page says that its queries are run with.
const INPUTS: [&str; 5] = ["testdata/logs-v5", "--tags", "testdata/tables/tags.csv", "-o", "csv"];
/// How many questions the page answers at least.
const QUESTIONS_MIN: usize = 16;

#[test]
fn the_queries_of_the_page_give_what_it_shows() {
    let path = root().join("docs/sql.md");
    let page = fs::read_to_string(&path).expect("docs/sql.md can be read");
    let (answered, queries) = answered(&page).expect("every query is answered");
    assert!(queries >= QUESTIONS_MIN, "{queries} queries");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        return fs::write(&path, &answered).expect("docs/sql.md can be written");
    }
    assert_eq!(difference("docs/sql.md", page.as_bytes(), answered.as_bytes()), None);
}

/// The page with the answers of its queries, and how many there are.
fn answered(page: &str) -> Result<(String, usize), String> {
    let (mut answered, mut queries) = (String::new(), 0);
    let (mut query, mut block): (Option<String>, Option<String>) = (None, None);
    for line in page.lines() {
        match line.strip_prefix("```") {
            Some("sql") => query = Some(String::new()),
            Some("text") => block = query.take(),
            Some("") if block.is_some() => {
                answered += &answer(&block.take().unwrap_or_default())?;
                queries += 1;
            }
            // A line of an answer is replaced, one of a query kept.
            None if block.is_some() => continue,
            None => query.iter_mut().for_each(|query| *query += &format!("{line}\n")),
            _ => {}
        }
        answered += &format!("{line}\n");
    }
    if query.is_some() { Err("the last query has no answer after it".to_owned()) } else { Ok((answered, queries)) }
}

fn answer(query: &str) -> Result<String, String> {
    let words = ["sql", query].into_iter().chain(INPUTS).chain(["--quiet"]).map(str::to_owned).collect::<Vec<_>>();
    let printed = program::run(&words, root(), b"")?;
    let error = String::from_utf8_lossy(&printed.stderr).into_owned();
    if printed.exit != "0" {
        return Err(format!("{query}exit code {}: {error}", printed.exit));
    }
    let text = String::from_utf8_lossy(&printed.stdout);
    Ok(text.lines().map(|line| format!("{}\n", line.trim_end())).collect())
}

/// A heading is a text from outside, as a cell is.
#[test]
fn headings_of_queries_are_escaped_as_cells_are() {
    let query = "select sum(bytes) as \"a\u{1b}[31m|\u{202e}<b>,\u{9b}c\" from flows";
    let of = |format: &str| {
        let words =
            ["sql", query].into_iter().chain(INPUTS.into_iter().take(3)).chain(["-o", format]).map(str::to_owned);
        let printed = program::run(&words.collect::<Vec<_>>(), root(), b"").expect("the program runs");
        let text = String::from_utf8(printed.stdout).expect("text");
        assert_eq!(printed.exit, "0", "{format}: {}", String::from_utf8_lossy(&printed.stderr));
        text
    };
    for format in ["table", "md"] {
        let text = of(format);
        assert!(!text.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{format}: {text:?}");
    }
    let markdown = of("md");
    let heading = markdown.lines().find(|line| line.contains("[31m")).expect("a heading");
    assert!(heading.contains("\\|") && !heading.contains("<b>"), "{heading}");
    assert!(of("csv").starts_with("\"a\u{1b}[31m|"), "data has the name as it is");
    let json: serde_json::Value = serde_json::from_str(&of("json")).expect("JSON");
    assert!(json.to_string().contains("\\u001b[31m|"), "{json}");
}
