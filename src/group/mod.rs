//! Flows → exact sums by key, in partials that merge in any order.
//!
//! Sums the record's own fields only: tags, prices and policy come later, so that a stored roll-up can be joined and
//! priced again. Deduplication is not done here either.

mod account;
mod batcher;
mod classify;
pub mod derive;
mod distinct;
pub mod filter;
mod hours;
mod interfaces;
mod key;
mod logged;
mod memory;
mod merge;
mod partial;
mod recent;
mod shared;
mod spec;
mod survey;
mod table;
pub mod vantages;
pub mod wire;

pub use account::{Account, Class, Tally};
pub use batcher::Batcher;
pub use classify::{ActionFilter, Classifier};
pub use hours::Hours;
pub use interfaces::{ATTRIBUTES, Delivery, Interface, Interfaces, Learner, NAMELESS, WrittenInterface, nameless_id};
pub use key::{Cut, IPV6_PREFIX_BITS, Key, KeyValue, is_public};
pub use logged::Logged;
pub use memory::{Held, Memory, Share};
pub use merge::Merge;
pub use partial::{Group, GroupKey, KeyReader, Partial, Rollup};
pub use shared::{Overflow, SHARDS, Shared, Spill};
pub use spec::{Spec, Sums};
pub use survey::{ObjectSurvey, Survey};

#[cfg(test)]
mod tests;
