//! Which files of an export's folder are the bill: what its manifests name, and no older version of it.
//!
//! Data Exports (CUR 2.0, FOCUS) keep `data/BILLING_PERIOD=2026-10/…` and `metadata/BILLING_PERIOD=2026-10/…`, the older
//! CUR `20261001-20261101/…` with a folder for each version, or `year=2026/month=10`. An export that creates new files
//! keeps every version of a month beside the last; only the manifest tells them apart (user guide of Data Exports,
//! "Delivery of exports"). Files are not read here.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::error::Error;
use crate::units::human::counted;

/// The most bytes that a manifest may have.
pub const MANIFEST_BYTES_MAX: u64 = 64 << 20;
/// How the names of manifests end.
const MANIFEST: &str = "Manifest.json";
/// How the names of files end that lie beside bills and are none.
const BESIDE: [&str; 4] = [".json", ".sql", ".yml", ".yaml"];
/// The folders of an export under which both halves repeat.
const HALVES: [&str; 2] = ["data", "metadata"];

/// A manifest: its own name and what it names, as URIs or keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    name: String,
    files: Vec<String>,
}

/// What of a manifest is looked at.
#[derive(Deserialize)]
struct Written {
    /// Of Data Exports.
    #[serde(rename = "dataFiles", default)]
    data_files: Vec<String>,
    /// Of the older CUR.
    #[serde(rename = "reportKeys", default)]
    report_keys: Vec<String>,
}

/// Which files are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// By their places.
    pub read: Vec<usize>,
    /// Files of older versions, by how many there are.
    pub left_out: u64,
    /// Files that a manifest names and that are not there.
    pub missing: Vec<String>,
}

/// Whether a file is a manifest, by its name.
#[must_use]
pub fn is_manifest(name: &str) -> bool {
    name.ends_with(MANIFEST)
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// If it is no JSON, or names no files.
    pub fn parse(name: &str, json: &[u8]) -> Result<Self, Error> {
        let written: Written = serde_json::from_slice(json)
            .map_err(|error| Error::read(format!("{name}: the manifest cannot be read: {error}")))?;
        let files = [written.data_files, written.report_keys].concat();
        if files.is_empty() {
            return Err(Error::read(format!("{name}: the manifest names no files")));
        }
        Ok(Self { name: name.to_owned(), files })
    }
}

/// A month of an export: the folder that the export is in, and the folder names of the month.
type Month = (String, String);

/// The month that a file is of, if its folders say so.
fn month(name: &str) -> Option<Month> {
    let parts: Vec<&str> = name.split('/').collect();
    let folders = &parts[..parts.len() - 1];
    let is_range = |part: &str| {
        let halves = part.split_once('-').filter(|(from, to)| from.len() == 8 && to.len() == 8);
        halves.is_some_and(|(from, to)| from.bytes().chain(to.bytes()).all(|byte| byte.is_ascii_digit()))
    };
    let is_period = |part: &str| part.to_ascii_lowercase().starts_with("billing_period=");
    let at = folders.iter().position(|part| is_range(part) || is_period(part) || part.starts_with("year="))?;
    let is_year = folders[at].starts_with("year=");
    let period = if is_year { folders[at..].join("/") } else { folders[at].to_ascii_lowercase() };
    let root = match at.checked_sub(1) {
        Some(before) if HALVES.contains(&folders[before]) => &folders[..before],
        _ => &folders[..at],
    };
    Some((root.join("/"), period))
}

/// Chooses the files of a bill among those found, by the manifests among them.
///
/// # Errors
/// If a month has several versions and no manifest.
pub fn choose(names: &[&str], manifests: &[Manifest]) -> Result<Chosen, Error> {
    let mut current: BTreeMap<Month, &Manifest> = BTreeMap::new();
    for manifest in manifests {
        let Some(month) = month(&manifest.name) else { continue };
        // The manifest of the month lies above those of its versions; of versions alone the last one's is current.
        let rank = |manifest: &Manifest| (std::cmp::Reverse(manifest.name.matches('/').count()), manifest.name.clone());
        let held = current.entry(month).or_insert(manifest);
        if rank(manifest) > rank(held) {
            *held = manifest;
        }
    }
    let mut chosen = Chosen::default();
    let mut named: BTreeSet<String> = BTreeSet::new();
    for ((root, period), manifest) in &current {
        for file in &manifest.files {
            let path = below(file, root, period);
            match path.filter(|path| names.contains(&path.as_str())) {
                Some(path) => _ = named.insert(path),
                None => chosen.missing.push(file.clone()),
            }
        }
    }
    let mut folders: BTreeMap<Month, BTreeSet<&str>> = BTreeMap::new();
    for (place, name) in names.iter().enumerate() {
        let month = month(name);
        let has_manifest = month.as_ref().is_some_and(|month| current.contains_key(month));
        if BESIDE.iter().any(|end| name.ends_with(end)) {
            continue;
        }
        if has_manifest && !named.contains(*name) {
            chosen.left_out += 1;
            continue;
        }
        if let Some(month) = month.filter(|_| !has_manifest) {
            folders.entry(month).or_default().insert(name.rsplit_once('/').map_or("", |(folder, _)| folder));
        }
        chosen.read.push(place);
    }
    match folders.into_iter().find(|(_, folders)| folders.len() > 1) {
        Some(((_, period), folders)) => Err(Error::usage(format!(
            "{period} has {} and no manifest that says which one is current",
            counted(folders.len() as u64, "version")
        ))
        .hint("give the export's whole folder, or one of these alone")
        .hint(folders.into_iter().collect::<Vec<_>>().join(", "))),
        None => Ok(chosen),
    }
}

/// A file that a manifest names, where the export's folder is found.
fn below(file: &str, root: &str, period: &str) -> Option<String> {
    let parts: Vec<&str> = file.strip_prefix("s3://").unwrap_or(file).split('/').collect();
    let first = period.split('/').next()?;
    let at = parts.iter().position(|part| part.eq_ignore_ascii_case(first))?;
    let at = match at.checked_sub(1) {
        Some(before) if HALVES.contains(&parts[before]) => before,
        _ => at,
    };
    let path = parts[at..].join("/");
    Some(if root.is_empty() { path } else { format!("{root}/{path}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(name: &str, files: &[&str]) -> Manifest {
        Manifest { name: name.to_owned(), files: files.iter().map(|file| (*file).to_owned()).collect() }
    }

    fn read<'n>(names: &[&'n str], manifests: &[Manifest]) -> Vec<&'n str> {
        choose(names, manifests).unwrap().read.into_iter().map(|place| names[place]).collect()
    }

    #[test]
    fn only_what_the_manifest_of_a_month_names_is_read() {
        let names = [
            "in/x/data/BILLING_PERIOD=2026-10/20261101T0000Z-b/x-00001.csv.gz",
            "in/x/data/BILLING_PERIOD=2026-10/20261031T0000Z-a/x-00001.csv.gz",
            "in/x/data/BILLING_PERIOD=2026-10/20261101T0000Z-b/x-00002.csv.gz",
            "in/x/metadata/BILLING_PERIOD=2026-10/x-Manifest.json",
            "in/x/metadata/BILLING_PERIOD=2026-10/20261031T0000Z-a/x-Manifest.json",
        ];
        let file =
            |version: &str| format!("s3://bucket/some/prefix/x/data/BILLING_PERIOD=2026-10/{version}/x-00001.csv.gz");
        let manifests =
            [manifest(names[4], &[&file("20261031T0000Z-a")]), manifest(names[3], &[&file("20261101T0000Z-b")])];
        assert_eq!(read(&names, &manifests), [names[0]]);
        assert_eq!(choose(&names, &manifests).unwrap().left_out, 2);
        let versions = [
            manifests[0].clone(),
            manifest(
                "in/x/metadata/BILLING_PERIOD=2026-10/20261101T0000Z-b/x-Manifest.json",
                &[&file("20261101T0000Z-b")],
            ),
        ];
        assert_eq!(read(&names, &versions), [names[0]], "without one above them the last version is current");
    }

    #[test]
    fn older_reports_have_ranges_and_assemblies() {
        let names = [
            "cur/report/20261001-20261101/one/report-1.csv.gz",
            "cur/report/20261001-20261101/two/report-1.csv.gz",
            "cur/report/20261001-20261101/report-Manifest.json",
        ];
        let manifests = [manifest(names[2], &["prefix/report/20261001-20261101/two/report-1.csv.gz"])];
        assert_eq!(read(&names, &manifests), [names[1]]);
    }

    #[test]
    fn files_without_a_manifest_are_all_read_but_not_two_versions() {
        assert_eq!(read(&["a.csv", "b.parquet", "create-table.sql"], &[]), ["a.csv", "b.parquet"]);
        let months = ["x/year=2026/month=9/a.parquet", "x/year=2026/month=10/a.parquet"];
        assert_eq!(read(&months, &[]), months);
        let error = choose(&["d/BILLING_PERIOD=2026-10/a/x.csv", "d/BILLING_PERIOD=2026-10/b/x.csv"], &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "billing_period=2026-10 has 2 versions and no manifest that says which one is current"
        );
    }

    #[test]
    fn what_a_manifest_names_and_is_not_there_is_told() {
        let manifests = [manifest(
            "x/metadata/billing_period=2026-10/x-Manifest.json",
            &["s3://b/x/data/billing_period=2026-10/x.csv"],
        )];
        let chosen = choose(&["x/metadata/billing_period=2026-10/x-Manifest.json"], &manifests).unwrap();
        assert_eq!(chosen.missing, ["s3://b/x/data/billing_period=2026-10/x.csv"]);
        assert!(chosen.read.is_empty());
    }

    #[test]
    fn a_manifest_is_json_that_names_files() {
        let parsed = Manifest::parse("m", br#"{"dataFiles": ["s3://b/x"], "columns": [{"name": "a"}]}"#).unwrap();
        assert_eq!(parsed.files, ["s3://b/x"]);
        assert!(Manifest::parse("m", b"{}").unwrap_err().to_string().ends_with("names no files"));
        assert!(Manifest::parse("m", b"[").unwrap_err().to_string().starts_with("m: the manifest cannot be read"));
    }
}
