//! AWS's bill of the period, as AWS would write it: what the estate's transfers are charged, seen in the logs or not,
//! and what else such a bill has. It is the simulator's own, and takes nothing from outflow's prices or accounting.
//!
//! `meters` says which meter, account and resource a charge is billed on, `others` what is used beside the transfers,
//! `rates` the prices, `lines` applies them to each hour with the month's tiers, `discounts` makes the lines that are money
//! alone, `truth` says why each line is there, and `cur`, `focus`, `form` and `files` write it. What was chosen where AWS's
//! documents leave something open:
//! - A transfer is billed in the hours in which those records start that its charge is counted by: of charges of a NAT
//!   gateway those of the gateway that name the client, else the counted ones. What no record shows is billed in the
//!   hour in which it starts.
//! - Transfer between Regions through a transit gateway stands on the sender, as that over public addresses does.
//! - What was lost in gaps is, by transfer and hour, what no other view of the same ends has in that hour.

mod cur;
mod discounts;
mod files;
mod focus;
mod form;
mod lines;
mod meters;
mod others;
mod rates;
mod truth;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::charges::{self, Nature};
use super::options::Options;
use super::records::{Content, Record};
use super::routes::Class;
use super::scenarios::Outcome;
use super::talks::Talk;
use super::{Estate, HOUR_SECONDS};
use crate::flowgen::world::Role;
use meters::{Ids, Meters};

/// What is metered: everything that line items of different hours have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    account: &'static str,
    product: &'static str,
    usage_type: String,
    operation: &'static str,
    /// As the bill has it; empty for none.
    resource: String,
    /// The rate's name in `rates`, its Region and the one at the other side; empty for none.
    meter: &'static str,
    from: &'static str,
    to: &'static str,
    /// The charge of docs/accounting.md, or empty.
    charge: &'static str,
}

/// Why something is on the bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    /// The logs show it.
    Logged,
    /// The logs would show it, had AWS not lost the records.
    Skipped,
    /// Nobody logs it.
    Unlogged,
    /// A service that has no network interface.
    NoInterface,
    /// At a price of zero.
    Free,
    /// By the hour.
    Hours,
    /// No transfer.
    Other,
    Discount,
    Credit,
    Refund,
    Tax,
}

/// Bytes by hour.
type Hours = BTreeMap<u32, u64>;

/// What is billed of a transfer, kept with its records where some may be lost.
pub(crate) struct Billed {
    conversation: u64,
    forward: bool,
    /// Items, and the view that says when.
    dues: Vec<(u32, usize)>,
    views: Vec<View>,
}

/// What an interface saw of a transfer.
struct View {
    interface: usize,
    egress: bool,
    class: Class,
    /// Whether its records show both ends, so that they can stand for others.
    names_ends: bool,
    /// Bytes by the hour in which the records start.
    hours: Hours,
}

/// The bill, while time passes.
pub(crate) struct Bill<'e> {
    estate: &'e Estate,
    ids: Ids,
    items: BTreeMap<Item, u32>,
    /// By hour, item and reason; in bytes or hours.
    amounts: BTreeMap<(u32, u32, Reason), u64>,
    /// Whether records may be lost.
    gaps: bool,
    /// By conversation and direction: what was billed, and for each view what was lost.
    losses: BTreeMap<(u64, bool), (Arc<Billed>, Vec<Hours>)>,
}

impl<'e> Bill<'e> {
    /// Nothing yet.
    pub(crate) fn new(estate: &'e Estate, options: &Options) -> Self {
        Self {
            estate,
            ids: Ids::new(options.seed),
            items: BTreeMap::new(),
            amounts: BTreeMap::new(),
            gaps: options.skipdata_per_mille > 0,
            losses: BTreeMap::new(),
        }
    }

    /// Adds a transfer with its records.
    pub(crate) fn transfer(&mut self, talk: &Talk, forward: bool, nature: &Nature, records: &mut [Record]) {
        if !matches!(talk.outcome, Outcome::Answered | Outcome::Refused) {
            return;
        }
        let views = self.views(talk, records);
        let counted = views.iter().position(|view| view.class == Class::Counted).unwrap_or(0);
        let nat = views.iter().position(|view| Some(view.interface) == talk.nat && view.names_ends).unwrap_or(counted);
        let mut dues = Vec::new();
        for due in Meters::new(self.estate, &self.ids, talk, forward).all(nature) {
            let (item, carrier) = (self.number(due.item), if due.by_nat { nat } else { counted });
            let reason = if due.is_free { Reason::Free } else { Reason::Logged };
            for (hour, bytes) in &views[carrier].hours {
                *self.amounts.entry((*hour, item, reason)).or_default() += bytes;
            }
            if !due.is_free {
                dues.push((item, carrier));
            }
        }
        if self.gaps {
            mark(records, &Arc::new(Billed { conversation: talk.number, forward, dues, views }));
        }
    }

    /// Adds a transfer that nobody logs.
    pub(crate) fn unseen(&mut self, talk: &Talk, forward: bool) {
        if !matches!(talk.outcome, Outcome::Answered | Outcome::Refused) {
            return;
        }
        let nature = charges::nature(self.estate, talk, forward);
        for due in Meters::new(self.estate, &self.ids, talk, forward).all(&nature) {
            let reason = if due.is_free { Reason::Free } else { Reason::Unlogged };
            let (hour, item) = (talk.start - talk.start % HOUR_SECONDS, self.number(due.item));
            *self.amounts.entry((hour, item, reason)).or_default() += talk.volume(forward).bytes;
        }
    }

    /// Notes records that AWS lost.
    pub(crate) fn lose(&mut self, records: &[Record]) {
        for record in records {
            let Content::Flow(flow) = &record.content else { continue };
            let Some((billed, view)) = &flow.billed else { continue };
            let nothing = || (Arc::clone(billed), vec![Hours::new(); billed.views.len()]);
            let (_, lost) = self.losses.entry((billed.conversation, billed.forward)).or_insert_with(nothing);
            *lost[*view].entry(record.start - record.start % HOUR_SECONDS).or_default() += flow.bytes;
        }
    }

    /// Writes the bill and why each of its lines is there.
    pub(crate) fn finish(mut self, options: &Options) -> Result<(), String> {
        self.skip();
        for hour in (self.estate.moments.from..self.estate.moments.to).step_by(HOUR_SECONDS as usize) {
            for (item, amount, reason) in others::of_hour(self.estate, &self.ids, options.seed, hour) {
                let item = self.number(item);
                *self.amounts.entry((hour, item, reason)).or_default() += amount;
            }
        }
        let items: BTreeMap<u32, Arc<Item>> = self.items.into_iter().map(|(item, at)| (at, Arc::new(item))).collect();
        let items: Vec<Arc<Item>> = items.into_values().collect();
        let months = lines::months(&items, &self.amounts, options.bill_free_tier)?;
        truth::write(&options.out.join("truth"), &items, &self.amounts, &months)?;
        files::write(options, &months)
    }

    /// Moves to another reason what no record shows any more.
    fn skip(&mut self) {
        for (billed, lost) in std::mem::take(&mut self.losses).into_values() {
            let at = |sums: &Hours, hour: u32| sums.get(&hour).copied().unwrap_or(0);
            for (item, carrier) in &billed.dues {
                for (hour, gone) in &lost[*carrier] {
                    let views = billed.views.iter().zip(&lost).filter(|(view, _)| view.names_ends);
                    let left = views.map(|(view, lost)| at(&view.hours, *hour) - at(lost, *hour)).max().unwrap_or(0);
                    let whole = at(&billed.views[*carrier].hours, *hour);
                    let skipped = whole.saturating_sub(left).min(*gone);
                    if skipped > 0 {
                        *self.amounts.entry((*hour, *item, Reason::Logged)).or_default() -= skipped;
                        *self.amounts.entry((*hour, *item, Reason::Skipped)).or_default() += skipped;
                    }
                }
            }
        }
        self.amounts.retain(|_, amount| *amount > 0);
    }

    fn number(&mut self, item: Item) -> u32 {
        let next = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        *self.items.entry(item).or_insert(next)
    }

    /// What each interface saw of a transfer.
    fn views(&self, talk: &Talk, records: &[Record]) -> Vec<View> {
        let client = self.estate.address(talk.client, talk.six);
        let mut views: Vec<View> = Vec::new();
        for record in records {
            let Content::Flow(flow) = &record.content else { continue };
            let (interface, egress, class) = (record.interface, flow.crossing.egress, flow.crossing.class);
            let role = self.estate.interfaces[interface].role;
            let to_client = [flow.crossing.source, flow.crossing.destination].contains(&client);
            let names_ends = match class {
                Class::Counted | Class::Deduplicated => true,
                Class::Transit => role == Role::TransitGateway || to_client,
                Class::Rejected | Class::Unseen => false,
            };
            let same = |view: &View| (view.interface, view.egress) == (interface, egress);
            let place = views.iter().position(same).unwrap_or_else(|| {
                views.push(View { interface, egress, class, names_ends, hours: Hours::new() });
                views.len() - 1
            });
            *views[place].hours.entry(record.start - record.start % HOUR_SECONDS).or_default() += flow.bytes;
        }
        views
    }
}

/// Puts into each record what was billed.
fn mark(records: &mut [Record], billed: &Arc<Billed>) {
    for record in records {
        let interface = record.interface;
        if let Content::Flow(flow) = &mut record.content {
            let same = |view: &View| (view.interface, view.egress) == (interface, flow.crossing.egress);
            flow.billed = billed.views.iter().position(same).map(|view| (Arc::clone(billed), view));
        }
    }
}
