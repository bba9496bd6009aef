//! Copies of every kind, and what looks like one.

use std::fs;
use std::io::Write;
use std::path::Path;

use tempfile::TempDir;

use super::super::key::aws_name;
use super::super::{Found, Object, Prune, S3Options, Source, find};
use super::distinct;

const NAME: &str = "123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20240309T1620Z_fe123456";

/// Lines of records that differ by their seed.
fn lines(seed: u32) -> String {
    let record = |line: u32| {
        format!("2 123456789012 eni-{seed:08x} 10.0.0.{} 10.0.0.2 1 2 6 1 {line} 1 2 ACCEPT OK\n", line % 250)
    };
    (0..400).map(record).collect()
}

fn gzipped(text: &str, level: u32) -> Vec<u8> {
    packed(text.as_bytes(), level)
}

fn packed(bytes: &[u8], level: u32) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn put(folder: &TempDir, name: &str, bytes: impl AsRef<[u8]>) {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn found_of(folder: &TempDir, inputs: &[&str], copies: bool) -> Found {
    let inputs: Vec<String> = inputs.iter().map(|input| format!("{}/{input}", folder.path().display())).collect();
    find(&inputs, &Prune { copies, ..Prune::default() }, &S3Options::default()).unwrap()
}

/// The objects that are read, and what is said of the others; folders left out.
fn read(folder: &TempDir, inputs: &[&str]) -> (Vec<String>, String) {
    let short = |text: &str| text.replace(&format!("{}/", folder.path().display()), "").replace(NAME, "NAME");
    let found = found_of(folder, inputs, false);
    let names = found.objects.iter().map(|object| short(&object.name)).collect();
    let said: Vec<_> = found.notes.iter().chain(&found.warnings).map(|text| short(text)).collect();
    (names, said.join("\n"))
}

fn all_of(folder: &TempDir) -> (Vec<String>, String) {
    read(folder, &[""])
}

#[cfg(unix)]
#[test]
fn links_are_one_file_and_what_is_named_twice_is_no_copy() {
    let folder = tempfile::tempdir().unwrap();
    put(&folder, "b/a.log", lines(1));
    fs::hard_link(folder.path().join("b/a.log"), folder.path().join("b/hard.log")).unwrap();
    std::os::unix::fs::symlink("b/a.log", folder.path().join("soft.log")).unwrap();
    let note = "skipped: 2 copies: b/hard.log is the same file as b/a.log, soft.log is the same file as b/a.log; \
                --count-copies counts them too";
    assert_eq!(all_of(&folder), (vec!["b/a.log".to_owned()], note.to_owned()));
    assert_eq!(found_of(&folder, &[""], true).objects.len(), 3, "--count-copies");
    let (names, said) = read(&folder, &["b/a.log", "b/../b/a.log", "b/a.log"]);
    assert_eq!((names.len(), said.as_str()), (1, ""));
    assert_eq!(found_of(&folder, &["b/a.log", "b/../b/a.log"], true).objects.len(), 1);
}

/// Standard input may be a file that is an input too, and has no name to tell it by.
#[cfg(unix)]
#[test]
fn standard_input_and_links_of_other_names_are_the_file_that_they_are() {
    let folder = tempfile::tempdir().unwrap();
    put(&folder, &format!("{NAME}.log"), lines(1));
    fs::hard_link(folder.path().join(format!("{NAME}.log")), folder.path().join("z.log")).unwrap();
    let found = found_of(&folder, &[""], true);
    let file = found.objects.iter().find(|object| object.name.ends_with("z.log")).unwrap().file;
    let stdin = Object { file, ..Object::new("(stdin)".to_owned(), Source::Stdin, 0) };
    let kept = distinct(found.objects.into_iter().chain([stdin]).collect());
    let names: Vec<_> = kept.objects.iter().map(|object| aws_name(&object.name).is_some()).collect();
    assert_eq!(names, [true], "{:?}", kept.notes);
    assert!(kept.notes[0].contains("(stdin) is the same file as"), "{:?}", kept.notes);
}

#[test]
fn the_name_of_aws_makes_a_copy_in_any_folder_and_form() {
    let folder = tempfile::tempdir().unwrap();
    let day = "AWSLogs/123456789012/vpcflowlogs/us-east-1/2024/03/09/16";
    put(&folder, &format!("{day}/{NAME}.log.gz"), gzipped(&lines(1), 6));
    put(&folder, &format!("a-backup/{NAME}.log.gz"), gzipped(&lines(1), 1));
    put(&folder, &format!("a-backup/{NAME}.log"), lines(1));
    put(&folder, &format!("a-backup/{NAME}.parquet"), "PAR1 as some tool makes it PAR1");
    put(&folder, &format!("pieces/{NAME}.log.aa"), lines(2));
    put(&folder, &format!("pieces/{NAME}.log.ab"), lines(3));
    let (names, said) = all_of(&folder);
    let kept = [
        "AWSLogs/123456789012/vpcflowlogs/us-east-1/2024/03/09/16/NAME.log.gz",
        "pieces/NAME.log.aa",
        "pieces/NAME.log.ab",
    ];
    assert_eq!(names, kept);
    assert!(said.starts_with("skipped: 3 copies: a-backup/NAME.log has the AWS name of AWSLogs/"), "{said}");
    assert!(!said.contains('\n'), "{said}");
}

#[test]
fn a_copy_by_name_with_other_content_is_a_warning() {
    for (one, other) in [
        (gzipped(&lines(1), 6), gzipped(&lines(2)[..9000], 6)),
        (gzipped(&lines(1), 6), gzipped(&lines(1), 6)[..1500].to_vec()),
        (lines(1).into_bytes(), lines(1).as_bytes()[..5000].to_vec()),
    ] {
        let folder = tempfile::tempdir().unwrap();
        put(&folder, &format!("a/{NAME}.log.gz"), other);
        put(&folder, &format!("b/{NAME}.log.gz"), one);
        let (names, said) = all_of(&folder);
        assert_eq!(names, ["b/NAME.log.gz"], "the larger one is read");
        assert!(said.contains("\na/NAME.log.gz: has the AWS name of b/NAME.log.gz but other content"), "{said}");
    }
}

#[test]
fn the_same_content_is_read_once_whatever_it_is_called_and_however_packed() {
    let folder = tempfile::tempdir().unwrap();
    let members = [gzipped(&lines(1), 6), gzipped(&lines(2), 6)].concat();
    put(&folder, "a.log.gz", gzipped(&lines(1), 6));
    put(&folder, "b.gz", gzipped(&lines(1), 1));
    put(&folder, "c", lines(1));
    put(&folder, "d.txt", lines(1));
    put(&folder, "e.log", lines(2));
    put(&folder, "f.gz", &members);
    put(&folder, "g.bak", &members);
    let (names, said) = all_of(&folder);
    assert_eq!(names, ["a.log.gz", "e.log", "f.gz"], "f ends like e but holds more");
    assert!(said.starts_with("skipped: 4 copies: b.gz has the content of a.log.gz, c has"), "{said}");
    assert!(said.ends_with("and 1 more; --count-copies counts them too"), "{said}");
    for inputs in [["g.bak", "f.gz", "c", "a.log.gz"], ["a.log.gz", "c", "f.gz", "g.bak"]] {
        assert_eq!(read(&folder, &inputs).0, ["a.log.gz", "f.gz"]);
    }
    assert_eq!(found_of(&folder, &[""], true).objects.len(), 7);
}

#[test]
fn gzip_files_of_several_members_are_copies_of_their_text() {
    let (text, folder) = (lines(1), tempfile::tempdir().unwrap());
    let parts: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let members = |parts: &[&[String]]| parts.iter().flat_map(|part| gzipped(&part.concat(), 6)).collect::<Vec<u8>>();
    put(&folder, "a.log", &text);
    put(&folder, "b.log.gz", members(&[&parts[..1], &parts[1..399], &parts[399..]]));
    put(&folder, "c.gz", members(&[&parts[..200], &[], &parts[200..]]));
    put(&folder, "d.gz.gz", packed(&members(&[&parts[..7], &parts[7..]]), 6));
    put(&folder, "less.gz", members(&[&parts[..200], &parts[200..399]]));
    put(&folder, "more.gz", members(&[&parts, &parts[..1]]));
    put(&folder, "cut.gz", &members(&[&parts[..200], &parts[200..]])[..1800]);
    let (names, said) = all_of(&folder);
    assert_eq!(names, ["b.log.gz", "cut.gz", "less.gz", "more.gz"]);
    assert!(said.starts_with("skipped: 3 copies: a.log has the content of b.log.gz, c.gz has"), "{said}");
}

#[test]
fn line_ends_marks_and_blank_lines_make_no_other_content() {
    for seed in [1, 2] {
        // A file whose beginning is looked at, and one that is larger than what is compared at a time.
        let text: String = if seed == 1 { lines(seed) } else { (0..9).map(|part| lines(seed + part)).collect() };
        let folder = tempfile::tempdir().unwrap();
        put(&folder, "a.log", &text);
        put(&folder, "bom.log", format!("\u{feff}{text}"));
        put(&folder, "crlf.log", text.replace('\n', "\r\n"));
        put(&folder, "crlf.log.gz", gzipped(&text.replace('\n', "\r\n"), 6));
        put(&folder, "end.log", text.trim_end());
        put(&folder, "blank.log", format!("{text}\n\r\n\n"));
        put(&folder, "more.log", format!("{text}2 - eni-9\n"));
        put(&folder, "spaced.log", text.replacen("\n2", "\n\n2", 1));
        let (names, said) = all_of(&folder);
        assert_eq!(names, ["crlf.log.gz", "more.log"], "{said}");
        assert!(said.starts_with("skipped: 6 copies: "), "{said}");
    }
}

#[test]
fn a_header_line_and_blanks_make_no_other_content() {
    const HEADER: &str = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start \
                          end action log-status a b\n";
    for seeds in [1..2, 1..6] {
        let text: String = seeds.map(lines).collect();
        let folder = tempfile::tempdir().unwrap();
        put(&folder, "a.log", &text);
        put(&folder, "blanks.log", text.replace('\n', " \t\n"));
        put(&folder, "header.log", format!("{HEADER}{text}"));
        put(&folder, "header.txt.gz", gzipped(&format!("\u{feff}{}{text}", HEADER.replace(' ', "  ")), 6));
        put(&folder, "runs.log", text.replace("10.0.0.2 1", " 10.0.0.2\t1"));
        put(&folder, "other-header.log", format!("{}{text}", HEADER.replace("srcaddr dstaddr", "dstaddr srcaddr")));
        put(&folder, "words.log", text.replacen("10.0.0.2 1", "10.0.0.21", 1));
        let (names, said) = all_of(&folder);
        assert_eq!(names, ["header.log", "other-header.log", "words.log"], "{said}");
        assert!(said.starts_with("skipped: 4 copies: "), "{said}");
    }
}

#[test]
fn the_name_of_aws_makes_a_copy_of_what_it_was_converted_to() {
    let folder = tempfile::tempdir().unwrap();
    let wrapped: String = lines(1).lines().map(|line| format!("{{\"message\":\"{line}\"}}\n")).collect();
    put(&folder, &format!("{NAME}.log.gz"), gzipped(&lines(1), 6));
    put(&folder, &format!("{NAME}.json"), &wrapped);
    put(&folder, &format!("{NAME}.log.json.gz"), gzipped(&wrapped, 6));
    put(&folder, &format!("{NAME}.txt"), lines(1).replace('\n', " \n"));
    let (names, said) = all_of(&folder);
    assert_eq!(names, ["NAME.log.gz"], "{said}");
    assert!(
        said.starts_with("skipped: 3 copies: NAME.json has the AWS name of NAME.log.gz (in another form, "),
        "{said}"
    );
    assert!(!said.contains("other content"), "{said}");
}

#[test]
fn small_files_of_one_size_and_files_that_differ_in_their_middle_are_not_the_same() {
    let folder = tempfile::tempdir().unwrap();
    for seed in 0..40 {
        put(&folder, &format!("{seed:02}.log"), lines(seed));
        put(&folder, &format!("{seed:02}.small"), &lines(seed)[..lines(seed).find('\n').unwrap() + 1]);
    }
    let mut middle = lines(1).into_bytes();
    middle[8000] ^= 1;
    put(&folder, "middle.log", middle);
    let (names, said) = all_of(&folder);
    assert_eq!((names.len(), said.as_str()), (81, ""));
}

#[test]
fn objects_without_records_are_no_copies() {
    let folder = tempfile::tempdir().unwrap();
    let header = "version account-id interface-id srcaddr dstaddr\n";
    put(&folder, "a.log", header);
    put(&folder, "b.log", header);
    put(&folder, "c.gz", gzipped(header, 6));
    put(&folder, "d.gz", gzipped("", 6));
    put(&folder, "e.gz", gzipped("", 6));
    put(&folder, "f.log", "");
    put(&folder, "g.log", "");
    let all = ["a.log", "b.log", "c.gz", "d.gz", "e.gz", "f.log", "g.log"];
    assert_eq!(all_of(&folder), (all.map(str::to_owned).to_vec(), String::new()));
    put(&folder, "h.log", &lines(7)[..60]);
    put(&folder, "i.log", &lines(7)[..60]);
    assert!(all_of(&folder).1.contains("i.log has the content of h.log"), "one record, no header line");
}

#[test]
fn keys_that_say_different_objects_are_believed() {
    let folder = tempfile::tempdir().unwrap();
    // Two flow logs of one interface write the same records.
    put(&folder, &format!("{NAME}.log.gz"), gzipped(&lines(1), 6));
    put(&folder, &format!("{}.log.gz", NAME.replace("fl-1234abcd", "fl-5678abcd")), gzipped(&lines(1), 6));
    let place = |account: &str| format!("AWSLogs/{account}/vpcflowlogs/us-east-1/2024/03/09/x.log");
    put(&folder, &place("123456789012"), lines(2));
    put(&folder, &place("210987654321"), lines(2));
    assert_eq!(all_of(&folder).0.len(), 4);
    // A copy of either is one all the same.
    put(&folder, "renamed.gz", gzipped(&lines(1), 6));
    let (names, said) = all_of(&folder);
    assert_eq!(names.len(), 4);
    assert!(said.contains("renamed.gz has the content of NAME.log.gz"), "{said}");
}

#[test]
fn what_an_input_names_stays_named_where_its_copy_is_read() {
    let folder = tempfile::tempdir().unwrap();
    put(&folder, "logs/a.log", lines(1));
    put(&folder, "z.log", lines(1));
    let named = |inputs: &[&str]| {
        let found = found_of(&folder, inputs, false);
        assert_eq!(found.objects.len(), 1);
        found.objects[0].named
    };
    assert!(!named(&["logs"]) && named(&["logs", "z.log"]) && named(&["logs", "logs/a.log"]));
    assert!(Path::new(&found_of(&folder, &["logs", "z.log"], false).objects[0].name).ends_with("logs/a.log"));
}

#[test]
fn what_differs_in_its_middle_alone_differs_though_the_name_is_the_same() {
    let text = lines(1);
    let other = text.replacen("10.0.0.200 10.0.0.2 1 2 6", "10.0.0.200 10.0.0.2 1 2 7", 1);
    assert_eq!((text.len(), text == other), (other.len(), false));
    let members = [gzipped("2 - eni-9\n", 6), gzipped(&text, 6)].concat();
    for (first, second) in [
        (text.clone().into_bytes(), other.clone().into_bytes()),
        (gzipped(&text, 6), gzipped(&other, 6)),
        (gzipped(&text, 6), members),
    ] {
        let folder = tempfile::tempdir().unwrap();
        put(&folder, &format!("a/{NAME}.log"), first);
        put(&folder, &format!("b/{NAME}.log"), second);
        let (_, said) = all_of(&folder);
        assert!(said.contains("has the AWS name of") && said.contains("but other content"), "{said}");
    }
    let folder = tempfile::tempdir().unwrap();
    put(&folder, &format!("a/{NAME}.log.gz"), gzipped(&text, 6));
    put(&folder, &format!("b/{NAME}.log"), other);
    assert!(all_of(&folder).1.contains("but other content"));
    put(&folder, &format!("b/{NAME}.log"), text);
    assert!(!all_of(&folder).1.contains("but other content"));
}

#[cfg(unix)]
#[test]
fn a_link_between_two_names_of_aws_is_two_objects() {
    let folder = tempfile::tempdir().unwrap();
    let other = NAME.replace("us-east-1_fl-1234abcd", "eu-west-1_fl-9999abcd");
    put(&folder, &format!("a/{NAME}.log"), lines(1));
    fs::hard_link(folder.path().join(format!("a/{NAME}.log")), folder.path().join(format!("a/{other}.log"))).unwrap();
    assert_eq!(all_of(&folder).0.len(), 2);
}
