//! The integration tests, one binary: what the program prints case by case, the README's commands, the generated pages
//! of the docs, whether the shipped logs are what the generator makes, and laws of the estate that it simulates.

use std::path::{Path, PathBuf};

#[cfg(test)]
#[path = "golden/blind.rs"]
mod blind;
#[path = "golden/cases.rs"]
mod cases;
#[path = "golden/compare.rs"]
mod compare;
#[cfg(test)]
#[path = "golden/copies.rs"]
mod copies;
#[path = "golden/docs.rs"]
mod docs;
#[cfg(test)]
#[path = "golden/estate.rs"]
mod estate;
#[cfg(test)]
#[path = "golden/figures.rs"]
mod figures;
mod flowgen;
#[cfg(test)]
#[path = "golden/ingest.rs"]
mod ingest;
#[cfg(test)]
#[path = "golden/licences.rs"]
mod licences;
#[path = "golden/logs.rs"]
mod logs;
#[cfg(test)]
#[path = "golden/msrv.rs"]
mod msrv;
#[cfg(test)]
#[path = "golden/peers.rs"]
mod peers;
#[path = "golden/program.rs"]
mod program;
#[cfg(test)]
#[path = "golden/reach.rs"]
mod reach;
#[path = "golden/readme.rs"]
mod readme;
#[cfg(test)]
#[path = "golden/regions.rs"]
mod regions;
#[cfg(test)]
#[path = "golden/s3.rs"]
mod s3;
#[cfg(test)]
#[path = "golden/samples.rs"]
mod samples;
#[cfg(test)]
#[path = "golden/split.rs"]
mod split;
#[path = "golden/sql.rs"]
mod sql;
#[cfg(test)]
#[allow(dead_code, reason = "each of its users needs a part of it")]
mod store;
#[cfg(test)]
#[path = "golden/trust.rs"]
mod trust;
#[cfg(test)]
#[path = "golden/verbose.rs"]
mod verbose;

/// The repository's folder.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of test data.
fn testdata() -> PathBuf {
    root().join("testdata")
}

/// A failed file operation, with the file.
fn at<'p>(path: &'p Path) -> impl FnOnce(std::io::Error) -> String + 'p {
    move |error| format!("{}: {error}", path.display())
}
