//! Billed dollars of each resource, split over owners by the logs' bytes.

use std::sync::Arc;

use super::{Line, Logs, Reason};
use crate::price::split_signed;

/// The owner of what the logs have no bytes of.
pub const UNALLOCATED_PART: &str = "(unallocated)";

/// A part of a billed line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocated {
    /// The line, by its place.
    pub line: usize,
    /// The owners by the keys asked for; none for the remainder that the logs have nothing of.
    pub owners: Option<Vec<Option<Arc<str>>>>,
    /// The owner's bytes in the logs.
    pub logged_bytes: u64,
    /// The part of the billed bytes.
    pub bytes: i128,
    /// The part of the billed dollars, in 10⁻¹⁰ USD.
    pub usd: i128,
    /// The part of what they were before discounts.
    pub list_usd: i128,
    /// The owner's part of the line in 10⁻¹⁰; the parts of a line add up to one.
    pub ratio: u64,
}

/// The whole of a line, in units of [`Allocated::ratio`].
pub const RATIO_WHOLE: u64 = 10_u64.pow(10);

/// Splits billed lines over owners by their bytes in the logs, by largest remainder: the parts of a line add up to it, in
/// bytes and dollars. What the logs have no bytes of is one part without an owner.
#[must_use]
pub fn allocate(lines: &[Line], logs: &Logs) -> Vec<Allocated> {
    let mut parts = Vec::new();
    for (place, line) in lines.iter().enumerate().filter(|(_, line)| (line.billed_bytes, line.billed_usd) != (0, 0)) {
        let list_usd = line.billed_usd - line.part(Reason::Discount).usd;
        let whole = Allocated {
            line: place,
            owners: None,
            logged_bytes: 0,
            bytes: line.billed_bytes,
            usd: line.billed_usd,
            list_usd,
            ratio: RATIO_WHOLE,
        };
        let owners = logs.owners(&line.place, line.day);
        let weights: Vec<(&Vec<Option<Arc<str>>>, u64)> = owners
            .into_iter()
            .flatten()
            .map(|(owner, bytes)| (owner, *bytes))
            .filter(|(_, bytes)| *bytes > 0)
            .collect();
        if weights.is_empty() {
            parts.push(whole);
            continue;
        }
        let split = |whole: i128| split_signed(whole, &weights);
        let (bytes, usd, list) = (split(line.billed_bytes), split(line.billed_usd), split(list_usd));
        let ratios = split(RATIO_WHOLE.into());
        for (((((owners, logged_bytes), bytes), usd), list_usd), ratio) in
            weights.iter().zip(bytes).zip(usd).zip(list).zip(ratios)
        {
            let (owners, logged_bytes) = (Some((*owners).clone()), *logged_bytes);
            let ratio = u64::try_from(ratio).unwrap_or(RATIO_WHOLE);
            parts.push(Allocated { line: place, owners, logged_bytes, bytes, usd, list_usd, ratio });
        }
    }
    parts
}
