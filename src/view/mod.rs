//! Report → text or file, one format a file.
