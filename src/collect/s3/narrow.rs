//! A folder of a bucket → how to list what the question needs of it. Only names are looked at; nothing is asked here.

use crate::collect::key::{FolderFacts, Level, Prune, day_folders};

/// Days that are listed by name; of a longer window, years and months are listed to see which days there are.
pub(super) const DAYS_MAX: usize = 100;
/// How deep AWS's folders are looked for below the input.
pub(super) const DEPTH_MAX: usize = 3;
/// More folders than this, none of AWS's, are no place to look for AWS's further down.
pub(super) const FOLDERS_MAX: usize = 100;

/// A listing to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Visit {
    /// The folder, with its `/`; the whole bucket if empty.
    pub(super) prefix: String,
    /// How.
    pub(super) how: How,
    /// How many folders outside of AWS's layout lie between it and the input.
    pub(super) depth: usize,
}

/// How a folder is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// Every key below it.
    All,
    /// Every key below it if one page holds them, else as a level.
    Probe,
    /// The keys in it, and its folders for further visits.
    Level,
    /// The object of this very name.
    Exact,
}

/// What to list to see what the question needs below a folder.
pub(super) fn visits(prefix: &str, depth: usize, prune: &Prune) -> Vec<Visit> {
    let visit = |how| vec![Visit { prefix: prefix.to_owned(), how, depth }];
    let folder = FolderFacts::of(prefix);
    match folder.level {
        Level::Day => visit(How::All),
        Level::Outside if depth > DEPTH_MAX => visit(How::All),
        _ if *prune == Prune::default() => visit(How::Probe),
        // Days are never children of a bucket's other folders.
        Level::Region { hive } => match prune.days().filter(|days| days.len() <= DAYS_MAX) {
            Some(days) => days
                .map(|day| Visit { prefix: format!("{prefix}{}", day_folders(day, hive)), how: How::All, depth })
                .collect(),
            None if prune.from.is_none() && prune.to.is_none() => visit(How::Probe),
            None => visit(How::Level),
        },
        _ => visit(How::Level),
    }
}

/// Whether a level's folders, as far as they are known, are too many to look for AWS's in each.
pub(super) fn are_too_many(level: &Visit, folders: &[String]) -> bool {
    folders.len() > FOLDERS_MAX && is_outside(&level.prefix) && folders.iter().all(|folder| is_outside(folder))
}

fn is_outside(prefix: &str) -> bool {
    FolderFacts::of(prefix).level == Level::Outside
}

/// The visits to a level's folders.
pub(super) fn below(level: &Visit, folders: &[String], prune: &Prune) -> Vec<Visit> {
    if are_too_many(level, folders) {
        return vec![Visit { how: How::All, ..level.clone() }];
    }
    let wanted = folders.iter().filter(|folder| needs(folder, prune));
    wanted.flat_map(|folder| visits(folder, level.depth + usize::from(is_outside(folder)), prune)).collect()
}

/// Whether what the question needs may lie below a folder.
fn needs(prefix: &str, prune: &Prune) -> bool {
    let FolderFacts { facts, days, .. } = FolderFacts::of(prefix);
    !facts.is_foreign() && prune.needs(&facts) && days.is_none_or(|days| prune.needs_days(&days))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGION: &str = "x/AWSLogs/123456789012/vpcflowlogs/us-east-1/";
    const HIVE: &str = "AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=us-east-1/";
    /// 2024-03-09 12:00, in seconds.
    const NOON: u32 = 19_791 * 86_400 + 43_200;

    fn shown(prefix: &str, prune: &Prune) -> Vec<(String, How)> {
        let cut = |visit: Visit| (visit.prefix.strip_prefix(prefix).unwrap_or("?").to_owned(), visit.how);
        visits(prefix, 0, prune).into_iter().map(cut).collect()
    }

    #[test]
    fn days_of_a_window_are_named_with_an_hour_on_each_side() {
        let prune = Prune { from: Some(NOON), to: Some(NOON + 11 * 3600), ..Prune::default() };
        assert_eq!(shown(REGION, &prune), [("2024/03/09/".to_owned(), How::All)]);
        let prune = Prune { to: Some(NOON + 11 * 3600 + 1), ..prune };
        let days = ["2024/03/09/", "2024/03/10/"].map(|day| (day.to_owned(), How::All));
        assert_eq!(shown(REGION, &prune), days);
        let early = Prune { from: Some(NOON - 11 * 3600 - 1), to: Some(NOON), ..Prune::default() };
        let days = ["year=2024/month=03/day=08/", "year=2024/month=03/day=09/"].map(|day| (day.to_owned(), How::All));
        assert_eq!(shown(HIVE, &early), days);
    }

    #[test]
    fn an_open_or_long_window_is_walked_down_and_no_window_is_tried_at_once() {
        let open = Prune { from: Some(NOON), ..Prune::default() };
        assert_eq!(shown(REGION, &open), [(String::new(), How::Level)]);
        assert_eq!(shown(REGION, &Prune::default()), [(String::new(), How::Probe)]);
        assert_eq!(shown(&format!("{REGION}2024/03/09/"), &open), [(String::new(), How::All)]);
        let level = Visit { prefix: REGION.to_owned(), how: How::Level, depth: 0 };
        let below = |folders: &[&str]| -> Vec<String> {
            let folders: Vec<_> = folders.iter().map(|folder| format!("{REGION}{folder}")).collect();
            let visits = below(&level, &folders, &open);
            visits.into_iter().map(|visit| visit.prefix[REGION.len()..].to_owned()).collect()
        };
        assert_eq!(below(&["2023/", "2024/", "2025/"]), ["2024/", "2025/"]);
        assert_eq!(below(&["2024/02/", "2024/03/", "2024/12/", "2024/13/"]), ["2024/03/", "2024/12/", "2024/13/"]);
        assert_eq!(below(&["2024/03/07/", "2024/03/08/", "2024/03/09/"]), ["2024/03/09/"]);
    }

    #[test]
    fn other_accounts_regions_and_services_are_not_looked_into() {
        let prune = Prune {
            accounts: vec!["123456789012".to_owned()],
            regions: vec!["us-east-1".to_owned()],
            ..Prune::default()
        };
        for (prefix, expected) in [
            ("AWSLogs/", true),
            ("AWSLogs/123456789012/", true),
            ("AWSLogs/210987654321/", false),
            ("AWSLogs/aws-account-id=210987654321/", false),
            ("AWSLogs/o-abc/210987654321/", false),
            ("AWSLogs/123456789012/CloudTrail/", false),
            ("AWSLogs/123456789012/vpcflowlogs/", true),
            ("AWSLogs/123456789012/vpcflowlogs/eu-west-1/", false),
            (REGION, true),
            ("210987654321/", true),
        ] {
            assert_eq!(needs(prefix, &prune), expected, "{prefix}");
        }
    }

    #[test]
    fn aws_s_folders_are_looked_for_a_few_levels_down_and_not_among_very_many() {
        let prune = Prune { from: Some(NOON), ..Prune::default() };
        assert_eq!(visits("a/b/c/", 3, &prune)[0].how, How::Level);
        assert_eq!(visits("a/b/c/d/", 4, &prune)[0].how, How::All);
        let level = Visit { prefix: "a/".to_owned(), how: How::Level, depth: 1 };
        let mut folders: Vec<_> = (0..=FOLDERS_MAX).map(|folder| format!("a/{folder}/")).collect();
        assert_eq!(below(&level, &folders, &prune), [Visit { how: How::All, ..level.clone() }]);
        folders.push("a/AWSLogs/".to_owned());
        assert_eq!(below(&level, &folders, &prune).len(), FOLDERS_MAX + 2);
    }
}
