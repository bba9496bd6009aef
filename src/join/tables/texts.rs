//! Texts that many rows share, each kept once.

use std::collections::HashSet;
use std::sync::Arc;

use super::Name;

/// The texts met so far.
#[derive(Debug, Default)]
pub(in crate::join) struct Texts(HashSet<Arc<str>, ahash::RandomState>);

impl Texts {
    /// The one copy of a text.
    pub(in crate::join) fn one(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.0.insert(Arc::clone(&new));
        new
    }

    /// The one copy of a text that may be absent; an empty one is.
    pub(in crate::join) fn name(&mut self, text: Option<&str>) -> Name {
        text.filter(|text| !text.is_empty()).map(|text| self.one(text))
    }
}
