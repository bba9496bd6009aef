//! Moments and spans as people type them, and how moments are written.
