//! An expression as a tree of tests of any type: records, traffic, or report rows.

/// A part of an expression, with tests of some kind as leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tree<L> {
    /// Every part holds; of none, it does.
    All(Vec<Self>),
    /// One of the parts holds; of none, it does not.
    Any(Vec<Self>),
    /// The part does not hold.
    Not(Box<Self>),
    /// The test holds.
    Is(L),
}

impl<L> Tree<L> {
    /// The part turned round if `negated`.
    pub(crate) fn negated(self, negated: bool) -> Self {
        if negated { Self::Not(Box::new(self)) } else { self }
    }

    /// Calls with each test.
    pub(crate) fn each<'t>(&'t self, call: &mut impl FnMut(&'t L)) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.each(call)),
            Self::Not(part) => part.each(call),
            Self::Is(test) => call(test),
        }
    }

    /// Whether the expression holds where `is` says which tests do.
    pub(crate) fn holds(&self, is: &mut impl FnMut(&L) -> bool) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(is)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(is)),
            Self::Not(part) => !part.holds(is),
            Self::Is(test) => is(test),
        }
    }
}
