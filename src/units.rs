//! Quantities as people write and read them: sizes, moments, counts.

pub mod human;
pub mod size;
pub mod time;
