//! What an owner costs, split over the others: by their bytes, evenly, or by weights of a file.
//!
//! An owner that is split keeps nothing and gets nothing of another one's. The parts are apportioned by largest
//! remainder, so they add up to what was split, to the last unit. Traffic of nobody, and ends outside, get nothing unless
//! weights name them.

use std::collections::{BTreeMap, BTreeSet};

use super::money::{Money, decimal, split};
use crate::error::{Error, RowError};
use crate::units::csv_table::{CsvTable, Layout, Row, refusal};

/// The columns of a file of weights.
const LAYOUT: Layout = Layout { required: &["owner", "weight"], optional: &[], others: false, written: "owner,weight" };
/// Decimals that a weight may have.
const WEIGHT_DECIMALS: u32 = 6;

/// Weights by owner.
pub type Weights = BTreeMap<String, u64>;

/// How a cost is split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SplitBy {
    /// In proportion to bytes.
    Bytes,
    /// The same for each.
    Even,
    /// By weights of a file.
    Weights {
        /// The file's name.
        file: String,
        /// What it says.
        weights: Weights,
    },
}

/// The owner whose cost is split, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitRule {
    /// The owner.
    pub owner: String,
    /// How its cost is split.
    pub by: SplitBy,
}

/// What an owner costs and sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owned {
    /// Its cost.
    pub usd: Money,
    /// Its bytes, each once.
    pub bytes: u128,
}

/// What an owner has after the split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allotted {
    /// Its cost before.
    pub before: Money,
    /// What it got of others.
    pub received: Money,
    /// Its cost after.
    pub after: Money,
}

/// Every owner after the split, also those that weights alone name; and the rules that nobody gets anything by.
#[must_use]
pub fn apply<'r>(
    owners: &BTreeMap<String, Owned>,
    rules: &'r [SplitRule],
    is_nobody: impl Fn(&str) -> bool,
) -> (BTreeMap<String, Allotted>, Vec<&'r SplitRule>) {
    let shared: BTreeSet<&str> = rules.iter().map(|rule| rule.owner.as_str()).collect();
    let all = |owned: &Owned| Allotted { before: owned.usd, received: Money::default(), after: owned.usd };
    let mut allotted: BTreeMap<_, _> = owners.iter().map(|(name, owned)| (name.clone(), all(owned))).collect();
    let mut unsplit = Vec::new();
    for rule in rules {
        let Some(whole) = owners.get(&rule.owner).map(|owned| owned.usd) else {
            unsplit.push(rule);
            continue;
        };
        let others = owners.iter().filter(|(name, _)| !shared.contains(name.as_str()) && !is_nobody(name));
        let weights: Vec<(&str, u64)> = match &rule.by {
            SplitBy::Bytes => {
                let scale = others.clone().map(|(_, owned)| owned.bytes).sum::<u128>() / u128::from(u64::MAX >> 1) + 1;
                others
                    .map(|(name, owned)| (name.as_str(), u64::try_from(owned.bytes / scale).unwrap_or(u64::MAX)))
                    .collect()
            }
            SplitBy::Even => others.map(|(name, _)| (name.as_str(), 1)).collect(),
            SplitBy::Weights { weights, .. } => {
                let weights = weights.iter().filter(|(name, _)| !shared.contains(name.as_str()));
                weights.map(|(name, weight)| (name.as_str(), *weight)).collect()
            }
        };
        if weights.iter().all(|(_, weight)| *weight == 0) {
            unsplit.push(rule);
            continue;
        }
        for ((name, _), part) in weights.iter().zip(split(whole.0, &weights)) {
            let own = allotted.entry((*name).to_owned()).or_default();
            own.received = own.received + Money(part);
            own.after = own.after + Money(part);
        }
        if let Some(own) = allotted.get_mut(&rule.owner) {
            own.after = Money::default();
        }
    }
    (allotted, unsplit)
}

/// Reads a file of weights, `owner,weight`.
///
/// # Errors
/// The first fault, with its line and column, and the next ones as hints; weights that are all zero.
pub fn read_weights(name: &str, csv: &[u8]) -> Result<Weights, Error> {
    let mut weights = Weights::new();
    let faults: Vec<RowError> = match CsvTable::open(csv, &LAYOUT) {
        Ok(table) => table.read(|row| weight(row, &mut weights)).1,
        Err(faults) => faults,
    };
    if !faults.is_empty() {
        return Err(refusal(faults.iter().map(|fault| (name, fault))));
    }
    if weights.values().all(|weight| *weight == 0) {
        return Err(Error::usage(format!("{name}: no owner has a weight")).hint("write rows of owner,weight: web,3"));
    }
    Ok(weights)
}

/// Adds a row's weight.
fn weight(row: &mut Row<'_>, weights: &mut Weights) -> Option<()> {
    let owner = row.read("owner", |text| match text {
        "" => Err(Error::usage("the owner is missing")),
        text => Ok(text.to_owned()),
    });
    let weight = row.read("weight", |text| {
        let weight = decimal(text, WEIGHT_DECIMALS)?;
        // Few enough that all weights of a file add up.
        u64::try_from(weight).ok().filter(|weight| *weight <= 1 << 40).ok_or_else(|| {
            Error::usage(format!("the weight `{text}` is too large")).hint("weights are relative: divide all of them")
        })
    });
    let (owner, weight) = (owner?, weight?);
    if weights.contains_key(&owner) {
        row.fault(
            Some("owner"),
            &Error::usage(format!("duplicate owner `{owner}`")).hint("leave one of the lines out"),
        );
        return None;
    }
    weights.insert(owner, weight);
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn owners(rows: &[(&str, u128, u128)]) -> BTreeMap<String, Owned> {
        rows.iter().map(|(name, usd, bytes)| ((*name).to_owned(), Owned { usd: Money(*usd), bytes: *bytes })).collect()
    }

    fn rule(owner: &str, by: SplitBy) -> SplitRule {
        SplitRule { owner: owner.to_owned(), by }
    }

    fn nobody(name: &str) -> bool {
        name.starts_with('(')
    }

    fn after(owners: &BTreeMap<String, Owned>, rules: &[SplitRule]) -> Vec<(String, u128)> {
        apply(owners, rules, nobody).0.into_iter().map(|(name, allotted)| (name, allotted.after.0)).collect()
    }

    fn named(rows: &[(&str, u128)]) -> Vec<(String, u128)> {
        rows.iter().map(|(name, usd)| ((*name).to_owned(), *usd)).collect()
    }

    const ROWS: [(&str, u128, u128); 4] =
        [("(unallocated)", 5, 100), ("data", 20, 30), ("platform", 100, 50), ("web", 10, 60)];

    #[test]
    fn by_bytes_evenly_and_by_weights() {
        let owners = owners(&ROWS);
        let bytes = after(&owners, &[rule("platform", SplitBy::Bytes)]);
        assert_eq!(bytes, named(&[("(unallocated)", 5), ("data", 53), ("platform", 0), ("web", 77)]));
        let even = after(&owners, &[rule("platform", SplitBy::Even)]);
        assert_eq!(even, named(&[("(unallocated)", 5), ("data", 70), ("platform", 0), ("web", 60)]));
        let weights = read_weights("w.csv", b"owner,weight\nweb,0.5\nnew,1.5\nplatform,9\n(unallocated),0\n").unwrap();
        let weighted = after(&owners, &[rule("platform", SplitBy::Weights { file: "w.csv".into(), weights })]);
        let expected = [("(unallocated)", 5), ("data", 20), ("new", 75), ("platform", 0), ("web", 35)];
        assert_eq!(weighted, named(&expected));
    }

    #[test]
    fn owners_that_are_split_get_nothing_of_each_other() {
        let rules = [rule("platform", SplitBy::Even), rule("data", SplitBy::Bytes)];
        let expected = [("(unallocated)", 5), ("data", 0), ("platform", 0), ("web", 130)];
        assert_eq!(after(&owners(&ROWS), &rules), named(&expected));
    }

    #[test]
    fn where_nobody_is_left_nothing_is_split() {
        let alone = owners(&[("platform", 100, 50), ("(external)", 1, 9)]);
        let rules = [rule("platform", SplitBy::Bytes), rule("nobody", SplitBy::Even)];
        let (allotted, unsplit) = apply(&alone, &rules, nobody);
        assert_eq!(allotted["platform"].after.0, 100);
        assert_eq!(unsplit, [&rules[0], &rules[1]]);
    }

    #[test]
    fn faults_of_weights_name_their_line() {
        for (text, message) in [
            ("owner\n", "w.csv, line 1, weight: the column is missing"),
            ("owner,weight\nweb,-1\n", "w.csv, line 2, weight: invalid decimal `-1`, expected a number such as 0.09"),
            ("owner,weight\nweb,1\nweb,2\n", "w.csv, line 3, owner: duplicate owner `web`"),
            ("owner,weight\n,1\n", "w.csv, line 2, owner: the owner is missing"),
            ("owner,weight\nweb,0\n", "w.csv: no owner has a weight"),
        ] {
            assert_eq!(read_weights("w.csv", text.as_bytes()).unwrap_err().to_string(), message);
        }
    }

    proptest! {
        #[test]
        fn a_split_adds_up_to_the_last_unit(
            rows in prop::collection::btree_map("[a-f]", (0..1_u128 << 100, 0..1_u128 << 70), 1..6),
            shared in prop::collection::btree_set("[a-f]", 0..4),
            kinds in prop::collection::vec(0..3_u8, 4),
            weights in prop::collection::btree_map("[a-h]", 0..1000_u64, 1..5),
        ) {
            let owners: BTreeMap<_, _> =
                rows.into_iter().map(|(name, (usd, bytes))| (name, Owned { usd: Money(usd), bytes })).collect();
            let by = |kind: u8| match kind {
                0 => SplitBy::Bytes,
                1 => SplitBy::Even,
                _ => SplitBy::Weights { file: "w".into(), weights: weights.clone() },
            };
            let rules: Vec<_> = shared.iter().zip(kinds).map(|(owner, kind)| rule(owner, by(kind))).collect();
            let (allotted, unsplit) = apply(&owners, &rules, nobody);
            let sum = |of: fn(&Allotted) -> Money| allotted.values().map(of).map(|usd| usd.0).sum::<u128>();
            prop_assert_eq!(sum(|one| one.before), sum(|one| one.after));
            for rule in &rules {
                let is_split = !unsplit.contains(&rule);
                prop_assert!(!is_split || allotted[&rule.owner].after.0 == 0);
            }
        }
    }
}
