//! Parquet objects → flows.
