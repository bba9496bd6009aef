//! The `--where` grammar: text → filter → the rows of a block that pass.
