//! Rules on frames made by hand.
