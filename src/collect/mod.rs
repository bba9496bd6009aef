//! Locations → objects' bytes.
