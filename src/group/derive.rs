//! Columns derived from other columns of the same record.
