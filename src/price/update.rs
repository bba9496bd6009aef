//! A price table brought up to date with price lists: which rows it has then, and what became of each price.
//!
//! No row is lost. A price that changes ends where the new one begins, and the table below holds before and after its
//! rows. What the lists only confirm keeps its dates and takes the day and the name of the newer list. Rows without a
//! confidence are the user's own, a contract for one, and stay as they are. Of two statements about one time the one
//! that was published later holds, so that an older list fills in what was before and changes nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::differ::Status;
use super::ladder::Ladder;
use super::money::Rate;
use super::table::{Place, PriceRow, PriceTable};

/// A table after an update.
#[derive(Debug, Default)]
pub struct Update {
    /// Its rows, sorted by charge, places, tier and date.
    pub rows: Vec<PriceRow>,
    /// What differs from before, by charge, places, date and tier.
    pub changes: Vec<Change>,
    /// The number of listed tiers that cost what they did.
    pub confirmed: u64,
    /// Prices in force of listed charges and regions that the lists do not have; they stay in force.
    pub unlisted: Vec<PriceRow>,
}

/// A tier that the lists price differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// How.
    pub status: Status,
    /// The list's row; of a tier that the list no longer has, the one of before.
    pub row: PriceRow,
    /// Since when, in seconds since 1970, UTC.
    pub since: u32,
    /// The price of before.
    pub before: Option<Rate>,
}

/// The rows of each place.
type Places<'a> = BTreeMap<Place, Vec<&'a PriceRow>>;

/// The user's rows, which lie over `below`, brought up to date with the rows of price lists.
#[must_use]
pub fn update(own: &[PriceRow], below: &PriceTable, list: &[PriceRow]) -> Update {
    let (mine, listed) = (places(own), places(list));
    let all: BTreeSet<&Place> = mine.keys().chain(listed.keys()).collect();
    let none = Vec::new();
    let of = |place: &Place| match listed.get(place) {
        Some(listed) => merged(mine.get(place).unwrap_or(&none), listed),
        None => mine.get(place).unwrap_or(&none).iter().map(|row| (*row).clone()).collect(),
    };
    let mut rows: Vec<PriceRow> = all.into_iter().flat_map(of).collect();
    rows.iter_mut().for_each(|row| row.line = 0);
    rows.sort_by(|a, b| {
        let key = |row: &PriceRow| (row.start_gb, row.effective_from);
        a.place().cmp(&b.place()).then_with(|| key(a).cmp(&key(b)))
    });
    let over = |rows: &[PriceRow]| below.clone().with_overrides(PriceTable::of_rows(rows.to_vec()));
    let (before, after) = (over(own), over(&rows));
    let mut update = Update { unlisted: unlisted(&before, &listed), rows, ..Update::default() };
    for (place, rows) in &listed {
        let dates: BTreeSet<u32> = rows.iter().map(|row| row.effective_from).collect();
        for since in dates {
            update.compare(place, (since, &in_force(rows, since)), &before, &after);
        }
    }
    update
}

impl Update {
    /// The listed places at the prices of the newest lists, as if they had always been in force; own rows stay.
    #[must_use]
    pub fn ahead(&self, below: &PriceTable, list: &[PriceRow]) -> PriceTable {
        let table = below.clone().with_overrides(PriceTable::of_rows(self.rows.clone()));
        let newest: BTreeMap<Place, u32> = list.iter().fold(BTreeMap::new(), |mut newest, row| {
            let since = newest.entry(row.place()).or_insert(0);
            *since = row.effective_from.max(*since);
            newest
        });
        let rows = newest.iter().filter_map(|((charge, from, to), since)| table.look_up(*charge, from, to, *since));
        let rows = rows.flat_map(|ladder| ladder.rows().to_vec()).cloned();
        let rows = rows.map(|row| PriceRow { effective_from: 0, effective_to: None, ..row }).collect();
        table.with_overrides(PriceTable::of_rows(rows))
    }

    /// Compares what a place cost at a moment with what it costs now, and both with what a list says.
    fn compare(
        &mut self,
        place: &Place,
        (since, listed): (u32, &[&PriceRow]),
        before: &PriceTable,
        after: &PriceTable,
    ) {
        let of = |table: &PriceTable| -> BTreeMap<u64, PriceRow> {
            let ladder = table.look_up(place.0, &place.1, &place.2, since);
            let rows = ladder.iter().flat_map(Ladder::rows).map(|row| (row.start_gb, (*row).clone()));
            rows.collect()
        };
        let (was, is) = (of(before), of(after));
        let rate = |rows: &BTreeMap<u64, PriceRow>, start: u64| rows.get(&start).and_then(|row| row.rate);
        for row in listed {
            let start = row.start_gb;
            let tier = |row: &PriceRow| (row.end_gb, row.rate);
            let status = match (was.get(&start), is.get(&start)) {
                (_, Some(is)) if tier(is) != tier(row) => Status::Kept,
                (_, None) => Status::Kept,
                (None, Some(_)) => Status::New,
                (Some(was), Some(is)) if tier(was) != tier(is) => Status::Changed,
                _ => {
                    self.confirmed += 1;
                    continue;
                }
            };
            self.changes.push(Change { status, row: (*row).clone(), since, before: rate(&was, start) });
        }
        let dropped = was.values().filter(|row| !is.contains_key(&row.start_gb));
        let dropped = dropped.map(|row| Change { status: Status::Dropped, row: row.clone(), since, before: row.rate });
        self.changes.extend(dropped);
    }
}

fn places(rows: &[PriceRow]) -> Places<'_> {
    let mut places = Places::new();
    for row in rows {
        places.entry(row.place()).or_default().push(row);
    }
    places
}

/// The rows in force at a moment, by tier.
fn in_force<'a>(rows: &[&'a PriceRow], moment: u32) -> Vec<&'a PriceRow> {
    let mut found: Vec<&PriceRow> = rows.iter().copied().filter(|row| row.is_in_force(moment)).collect();
    found.sort_by_key(|row| row.start_gb);
    found
}

/// The rows of a place: at each moment those of the statement that holds then.
fn merged(own: &[&PriceRow], list: &[&PriceRow]) -> Vec<PriceRow> {
    let own: Vec<PriceRow> = own.iter().map(|row| confirmed(row, own, list)).collect();
    let own: Vec<&PriceRow> = own.iter().collect();
    let both = || own.iter().chain(list);
    let edges: BTreeSet<u32> =
        both().flat_map(|row| std::iter::once(row.effective_from).chain(row.effective_to)).collect();
    let edges: Vec<u32> = edges.into_iter().collect();
    let ends = edges.iter().skip(1).map(|edge| Some(*edge)).chain([None]);
    let mut rows: Vec<PriceRow> = Vec::new();
    for (from, to) in edges.iter().copied().zip(ends) {
        for row in holds(in_force(&own, from), in_force(list, from)) {
            let same = |held: &&mut PriceRow| {
                let held =
                    PriceRow { effective_from: row.effective_from, effective_to: row.effective_to, ..(**held).clone() };
                held == *row
            };
            match rows.iter_mut().filter(|held| held.effective_to == Some(from)).find(same) {
                Some(held) => held.effective_to = to,
                None => rows.push(PriceRow { effective_from: from, effective_to: to, ..row.clone() }),
            }
        }
    }
    rows
}

/// What a row prices.
fn tiers(rows: &[&PriceRow]) -> Vec<(u64, Option<u64>, Option<Rate>)> {
    rows.iter().map(|row| (row.start_gb, row.end_gb, row.rate)).collect()
}

/// Whether a statement is the user's own.
fn is_own(rows: &[&PriceRow]) -> bool {
    rows.iter().any(|row| row.confidence.is_none())
}

/// A row with the day and source of a newer list that says the same.
fn confirmed(row: &PriceRow, own: &[&PriceRow], list: &[&PriceRow]) -> PriceRow {
    let dates = list.iter().map(|row| row.effective_from).filter(|date| row.is_in_force(*date));
    let says_same = |date: &u32| {
        let (mine, listed) = (in_force(own, *date), in_force(list, *date));
        !is_own(&mine) && tiers(&mine) == tiers(&listed)
    };
    let newer = dates
        .filter(says_same)
        .flat_map(|date| in_force(list, date))
        .filter(|listed| listed.start_gb == row.start_gb && listed.as_of > row.as_of);
    match newer.max_by_key(|listed| listed.as_of) {
        Some(listed) => PriceRow {
            confidence: listed.confidence,
            as_of: listed.as_of,
            source: listed.source.clone(),
            ..row.clone()
        },
        None => row.clone(),
    }
}

/// Which of two statements about a moment holds.
fn holds<'a>(own: Vec<&'a PriceRow>, list: Vec<&'a PriceRow>) -> Vec<&'a PriceRow> {
    let newest = |rows: &[&PriceRow]| rows.iter().map(|row| (row.as_of, row.effective_from)).max();
    let is_mine = list.is_empty()
        || !own.is_empty() && (is_own(&own) || tiers(&own) == tiers(&list) || newest(&own) > newest(&list));
    if is_mine { own } else { list }
}

/// Prices in force of charges and regions of the lists that these do not have.
fn unlisted(before: &PriceTable, listed: &Places<'_>) -> Vec<PriceRow> {
    let since = listed.values().flatten().map(|row| row.effective_from).max().unwrap_or(0);
    let sides: BTreeSet<_> = listed.keys().map(|(charge, from, _)| (*charge, from.as_str())).collect();
    let is_unlisted = |ladder: &Ladder<'_>| {
        let place = ladder.rows().first().map(|row| row.place());
        place.is_some_and(|place| sides.contains(&(place.0, place.1.as_str())) && !listed.contains_key(&place))
    };
    let ladders = before.in_force(since).filter(is_unlisted);
    ladders.flat_map(|ladder| ladder.rows().iter().map(|row| (*row).clone()).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests;
