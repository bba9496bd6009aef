//! What external ends fetch that called first: clients of the estate's own servers.
//!
//! Whoever serves has a client now and then that fetches much; it is demand, and no one client has a past to be compared
//! with. Such a run matters from a multiple of the floors on, as the many small ones would hide what nobody asked for.

use super::parts::Part;
use super::runs::Run;
use super::settings::Settings;
use super::usual::beyond;
use crate::reason::hours::{Dimension, Hours, Metric};

/// Whether a run is mostly what clients fetched, and too little for that. Rejected records are nobody's demand.
#[must_use]
pub fn is_demand(hours: &Hours, part: &Part, run: &Run, settings: &Settings) -> bool {
    if run.metric == Metric::Rejected || run.matters_by(settings.caller_floor_factor, settings) {
        return false;
    }
    let is_called = |leaf: &&u32| {
        let destination = hours.leaves[**leaf as usize][Dimension::Destination as usize];
        hours.callers.binary_search(&destination).is_ok()
    };
    let beyond = |leaf: &u32| beyond(hours, *leaf, (&run.hours, run.is_up), run.metric);
    let called: f64 = part.leaves.iter().filter(is_called).map(beyond).sum();
    called >= settings.fold_share * run.excess()
}
