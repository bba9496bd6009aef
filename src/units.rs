//! What people write and read: sizes, moments, counts, and tables of them.

pub mod csv_table;
pub mod human;
pub mod size;
pub mod time;
