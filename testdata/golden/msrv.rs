//! The Rust version of the manifest is one that every crate in Cargo.lock is content with. That the project's own code is,
//! clippy says (`incompatible_msrv`).

use serde_json::Value;

use crate::licences::{metadata, needed};

/// `1.91` or `1.91.0`.
fn version(text: &str) -> (u32, u32, u32) {
    let mut numbers = text.split('.').map(|number| number.parse().expect("a number"));
    let mut next = || numbers.next().unwrap_or(0);
    (next(), next(), next())
}

#[test]
fn no_crate_needs_a_newer_rust_than_the_manifest_names() {
    let Some(metadata) = metadata() else {
        println!("skipped: cargo metadata says nothing here");
        return;
    };
    let own = version(env!("CARGO_PKG_RUST_VERSION"));
    // What is built for the program, but not what tests alone need.
    let is_built = |kind: &Value| kind.is_null() || kind == "build";
    let named: Vec<(String, String)> = needed(&metadata, is_built)
        .into_iter()
        .filter_map(|package| {
            Some((package["name"].as_str()?.to_owned(), package["rust_version"].as_str()?.to_owned()))
        })
        .collect();
    assert!(named.len() > 100, "{named:?}");
    let newer: Vec<_> = named.iter().filter(|(_, rust)| version(rust) > own).collect();
    assert!(newer.is_empty(), "rust-version in Cargo.toml must be at least theirs: {newer:?}");
}
