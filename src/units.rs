//! Input and output of values: sizes, times, counts, addresses, and tables of them.

pub mod address;
pub mod csv_stream;
pub mod csv_table;
pub mod escape;
pub mod human;
pub mod size;
pub mod time;
