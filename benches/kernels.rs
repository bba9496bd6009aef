//! The inner loops on their own, in one thread: `cargo bench --bench kernels [-- FILTER]`.
//!
//! For telling which loop a change made faster or slower; what a whole run costs is measured by `benches/peers`.
//! `cargo test --benches` runs each once, over less data, to see that it still runs.

#![expect(clippy::expect_used, reason = "a benchmark that cannot prepare its data can only stop")]

#[path = "kernels/data.rs"]
mod data;
#[path = "kernels/filter.rs"]
mod filter;
#[path = "../testdata/flowgen/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the generator's help is for its own program")]
mod flowgen;
#[path = "kernels/group.rs"]
mod group;
#[path = "kernels/parquet.rs"]
mod parquet;
#[path = "kernels/places.rs"]
mod places;
#[path = "kernels/text.rs"]
mod text;

fn main() {
    divan::main();
}
