//! Tables and rows of a reconciliation.
