//! Quantities as people write and read them: sizes, moments, counts.

pub mod human;
pub mod lines;
pub mod size;
pub mod time;
