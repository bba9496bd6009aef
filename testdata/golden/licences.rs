//! The page of third-party licences lists every crate that is in the program, as Cargo knows them. `UPDATE_GOLDEN=1`
//! writes it.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::docs::check;
use crate::root;

/// The platform of the page; other platforms add or leave out a few crates.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";
const HEAD: &str = "# Third-party licences\n\nThe crates in the program on 64-bit Linux with their licences, as `cargo metadata` \
                    lists them; a test compares this page. The texts of the licences are in the crates' packages.\n\n\
                    | crate | version | licence |\n|---|---|---|\n";
/// Terms under which everything in the program can be passed on without its source.
const PERMISSIVE: [&str; 12] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "CC0-1.0",
    "BSL-1.0",
    "Unicode-3.0",
    "Unlicense",
];

#[test]
fn the_page_of_licences_lists_every_crate_and_none_asks_for_source() {
    let Some(metadata) = metadata() else {
        println!("skipped: cargo metadata says nothing here");
        return;
    };
    let crates = crates(&metadata);
    assert!(crates.len() > 100, "{crates:?}");
    let demanding: Vec<_> = crates.iter().filter(|(_, _, licence)| !is_permissive(licence)).collect();
    assert!(demanding.is_empty(), "{demanding:?}");
    let rows = crates.iter().map(|(name, version, licence)| format!("| {name} | {version} | {licence} |\n"));
    assert_eq!(check("docs/third-party-licences.md", &(HEAD.to_owned() + &rows.collect::<String>())), Ok(()));
}

/// Whether one of the alternatives, all of whose parts hold together, is permissive.
fn is_permissive(licence: &str) -> bool {
    let plain = licence.replace(['(', ')'], "").replace('/', " OR ").replace(" WITH LLVM-exception", "");
    let holds = |part: &str| part.split(" OR ").any(|one| PERMISSIVE.contains(&one.trim()));
    plain.split(" AND ").all(holds)
}

/// What Cargo knows of the crates; none where they are not all there.
pub(crate) fn metadata() -> Option<Value> {
    let cargo = std::env::var_os("CARGO")?;
    let words = ["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", PLATFORM];
    let printed = Command::new(cargo).args(words).current_dir(root()).output().ok()?;
    printed.status.success().then(|| serde_json::from_slice(&printed.stdout).ok())?
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

/// The crates that outflow needs when it runs: name, version and licence, in order.
fn crates(metadata: &Value) -> BTreeSet<(String, String, String)> {
    let packages = needed(metadata, |kind| kind.is_null()).into_iter();
    packages.map(|package| (text(&package["name"]), text(&package["version"]), text(&package["license"]))).collect()
}

/// The packages that outflow depends on in ways of some kinds, without itself.
pub(crate) fn needed(metadata: &Value, is_meant: impl Fn(&Value) -> bool) -> Vec<Value> {
    let nodes: BTreeMap<String, Value> =
        list(&metadata["resolve"]["nodes"]).into_iter().map(|node| (text(&node["id"]), node)).collect();
    let root = text(&metadata["resolve"]["root"]);
    let (mut needed, mut open) = (BTreeSet::new(), vec![root.clone()]);
    while let Some(id) = open.pop() {
        if !needed.insert(id.clone()) {
            continue;
        }
        let runs = |kinds: &Value| list(kinds).iter().any(|kind| is_meant(&kind["kind"]));
        let dependencies = nodes.get(&id).map(|node| list(&node["deps"])).unwrap_or_default();
        open.extend(dependencies.iter().filter(|one| runs(&one["dep_kinds"])).map(|one| text(&one["pkg"])));
    }
    let packages = list(&metadata["packages"]).into_iter();
    packages.filter(|package| text(&package["id"]) != root && needed.contains(&text(&package["id"]))).collect()
}
