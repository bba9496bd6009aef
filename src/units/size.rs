//! Sizes as people type them: `10MiB`.
