//! Exact numbers → what people read.
