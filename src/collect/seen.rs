//! Which accounts, regions and days the inputs hold, wanted or not: what to name where nothing matches the flags.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Object;
use super::key::{FolderFacts, KeyFacts, Prune, day_name};

/// How many names of a kind are shown.
const NAMES_MAX: usize = 10;

/// What keys and folders named, as far as they were listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    accounts: BTreeSet<String>,
    regions: BTreeSet<String>,
    days: Option<Range<u32>>,
}

impl Seen {
    /// Adds what an object's key names, unless another service wrote it.
    pub(super) fn add(&mut self, key: &KeyFacts) {
        if !key.is_foreign() {
            insert(&mut self.accounts, key.account.as_deref());
            insert(&mut self.regions, key.region.as_deref());
            self.add_days(key.day.map(|day| day..day + 1));
        }
    }

    /// Adds what a folder's path names.
    pub(super) fn add_folder(&mut self, prefix: &str) {
        let FolderFacts { facts, days, .. } = FolderFacts::of(prefix);
        self.add(&facts);
        self.add_days(days.filter(|_| !facts.is_foreign()));
    }

    /// Adds what was seen elsewhere.
    pub(super) fn and(&mut self, other: Self) {
        self.accounts.extend(other.accounts);
        self.regions.extend(other.regions);
        self.add_days(other.days);
    }

    fn add_days(&mut self, days: Option<Range<u32>>) {
        self.days = match (self.days.take(), days) {
            (Some(one), Some(other)) => Some(one.start.min(other.start)..one.end.max(other.end)),
            (one, other) => one.or(other),
        };
    }

    /// What to say where accounts or regions were asked for and nothing is read of one of them. Objects whose keys name
    /// none are read in any case, so nothing can be said of them.
    pub(super) fn missing(&self, prune: &Prune, needed: &[Object]) -> Option<String> {
        let accounts = absent(&prune.accounts, &self.accounts, needed, |key| key.account.as_deref());
        let regions = absent(&prune.regions, &self.regions, needed, |key| key.region.as_deref());
        let of = match (&accounts[..], &regions[..]) {
            ([], []) if !needed.is_empty() || (prune.accounts.is_empty() && prune.regions.is_empty()) => return None,
            // Each name is there, but no object has all that was asked for.
            ([], []) => {
                let (accounts, regions): (Vec<_>, Vec<_>) =
                    (prune.accounts.iter().collect(), prune.regions.iter().collect());
                let window = prune.from.is_some() || prune.to.is_some();
                format!("{}{}", named(&accounts, &regions), if window { " in the window" } else { "" })
            }
            _ => named(&accounts, &regions),
        };
        Some(format!("no objects for {of}; {}", self.described()))
    }

    fn described(&self) -> String {
        let list = |kind, names: &BTreeSet<String>| {
            (!names.is_empty()).then(|| format!("{kind} {}", listed(&names.iter().collect::<Vec<_>>())))
        };
        let days = self.days.as_ref().map(|days| match (day_name(days.start), day_name(days.end.saturating_sub(1))) {
            (first, last) if first == last => format!("day {first}"),
            (first, last) => format!("days {first} to {last}"),
        });
        let found: Vec<_> =
            [list("accounts", &self.accounts), list("regions", &self.regions), days].into_iter().flatten().collect();
        if found.is_empty() { "the keys name none".to_owned() } else { format!("found {}", found.join("; ")) }
    }
}

fn insert(names: &mut BTreeSet<String>, name: Option<&str>) {
    if let Some(name) = name.filter(|name| !names.contains(*name)) {
        names.insert(name.to_owned());
    }
}

/// The names that nothing was seen of.
fn absent<'a>(
    wanted: &'a [String],
    seen: &BTreeSet<String>,
    needed: &[Object],
    fact: impl Fn(&KeyFacts) -> Option<&str>,
) -> Vec<&'a String> {
    if needed.iter().any(|object| fact(&object.key).is_none()) {
        return Vec::new();
    }
    wanted.iter().filter(|name| !seen.contains(*name)).collect()
}

fn named(accounts: &[&String], regions: &[&String]) -> String {
    let of = |noun, names: &[&String]| (!names.is_empty()).then(|| format!("{noun} {}", listed(names)));
    let parts: Vec<_> = [of("account", accounts), of("region", regions)].into_iter().flatten().collect();
    parts.join(" and ")
}

fn listed(names: &[&String]) -> String {
    let shown: Vec<_> = names.iter().take(NAMES_MAX).map(|name| name.as_str()).collect();
    match names.len().checked_sub(NAMES_MAX).filter(|more| *more > 0) {
        Some(more) => format!("{} and {more} more", shown.join(", ")),
        None => shown.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::Source;
    use super::*;

    fn object(key: &str) -> Object {
        Object::new(key.to_owned(), Source::File(PathBuf::from(key)), 1)
    }

    fn said(accounts: &[&str], regions: &[&str], keys: &[&str]) -> Option<String> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let prune = Prune { accounts: owned(accounts), regions: owned(regions), ..Prune::default() };
        let (mut seen, mut objects) = (Seen::default(), Vec::new());
        for object in keys.iter().map(|key| object(key)) {
            seen.add(&object.key);
            objects.extend(prune.needs(&object.key).then_some(object));
        }
        seen.missing(&prune, &objects)
    }

    const ONE: &str = "AWSLogs/111111111111/vpcflowlogs/us-east-1/2024/03/09/x.log.gz";
    const TWO: &str = "AWSLogs/222222222222/vpcflowlogs/eu-west-1/2024/03/12/x.log.gz";

    #[test]
    fn what_matches_nothing_is_named_with_what_there_is() {
        let found =
            "found accounts 111111111111, 222222222222; regions eu-west-1, us-east-1; days 2024-03-09 to 2024-03-12";
        assert_eq!(
            said(&["333333333333"], &[], &[ONE, TWO]),
            Some(format!("no objects for account 333333333333; {found}"))
        );
        assert_eq!(
            said(&["111111111111", "333333333333"], &["us-east-1", "eu-north-1"], &[ONE, TWO]),
            Some(format!("no objects for account 333333333333 and region eu-north-1; {found}")),
            "one of several"
        );
        assert_eq!(
            said(&["111111111111"], &["eu-west-1"], &[ONE, TWO]),
            Some(format!("no objects for account 111111111111 and region eu-west-1; {found}")),
            "both are there, not together"
        );
        assert_eq!(said(&["111111111111"], &["us-east-1"], &[ONE, TWO]), None);
        assert_eq!(said(&[], &[], &[]), None, "a window alone may be empty");
    }

    #[test]
    fn keys_that_name_no_account_may_be_of_any() {
        assert_eq!(said(&["333333333333"], &[], &["a.log", ONE]), None);
        let region = "no objects for region eu-west-1; found accounts 111111111111; regions us-east-1; day 2024-03-09";
        assert_eq!(said(&[], &["eu-west-1"], &[ONE]).as_deref(), Some(region));
        let foreign = "AWSLogs/333333333333/CloudTrail/us-east-1/2024/03/09/x.json.gz";
        let mut seen = Seen::default();
        seen.add(&object(foreign).key);
        assert_eq!(seen, Seen::default());
    }

    #[test]
    fn folders_tell_as_much_as_their_path_holds() {
        let mut seen = Seen::default();
        for folder in ["AWSLogs/111111111111/", "AWSLogs/111111111111/vpcflowlogs/us-east-1/2024/02/", "other/"] {
            seen.add_folder(folder);
        }
        assert_eq!(seen.described(), "found accounts 111111111111; regions us-east-1; days 2024-02-01 to 2024-02-29");
        let many: BTreeSet<_> = (0..12).map(|account| format!("{account:012}")).collect();
        let seen = Seen { accounts: many, ..Seen::default() };
        assert!(seen.described().ends_with("000000000009 and 2 more"), "{}", seen.described());
    }
}
