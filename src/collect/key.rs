//! Attributes in an object's key, and selection of objects by them.
//!
//! Keys are hints. Where the folders and the file name contradict each other, or say nothing, the fact is unknown and
//! the object is read: a record is never lost to a key.

use std::ops::Range;

use chrono::NaiveDate;

/// How far beyond the time in its key an object's records may start: it holds slots of end times, and arrives late.
pub const KEY_MARGIN_SECONDS: i64 = 3600;

const HOUR_SECONDS: i64 = 3600;
const DAY_SECONDS: i64 = 24 * HOUR_SECONDS;

/// The service name of VPC and transit gateway flow logs.
const FLOW_LOGS: &str = "vpcflowlogs";

/// Attributes in an object's key: any of AWS's four folder layouts, and file names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyFacts {
    /// The account that owns the flow log (a shared subnet's interfaces may belong to others).
    pub account: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The day, in days since 1970-01-01.
    pub day: Option<u32>,
    /// The hour of that day.
    pub hour: Option<u8>,
    /// The flow log, `fl-…`.
    pub flow_log: Option<String>,
    /// The service that wrote the object: `vpcflowlogs`, `CloudTrail`, `elasticloadbalancing`…
    pub service: Option<String>,
}

impl KeyFacts {
    /// Reads the facts from a key or path, whose separator is `/`.
    #[must_use]
    pub fn of(key: &str) -> Self {
        let mut folders: Vec<&str> = key.split('/').filter(|folder| !folder.is_empty() && *folder != ".").collect();
        let by_name = folders.pop().map(of_name).unwrap_or_default();
        let by_folder = of_folders(scope(&folders));
        let day = agreed(by_folder.day, by_name.day);
        // Two days that differ are none, and an hour means nothing without its day. The time in a file's name is
        // not asked: files that were joined or exported again keep the name of their first slot.
        let hour = day.and(by_folder.hour);
        Self {
            account: agreed(by_folder.account, by_name.account),
            region: agreed(by_folder.region, by_name.region),
            day,
            hour,
            flow_log: by_name.flow_log,
            service: agreed(by_folder.service, by_name.service),
        }
    }

    /// How many facts are known.
    pub(super) fn known(&self) -> usize {
        let Self { account, region, day, hour, flow_log, service } = self;
        let texts = [account, region, flow_log, service].into_iter().flatten().count();
        texts + usize::from(day.is_some()) + usize::from(hour.is_some())
    }

    /// Whether two keys cannot be of the same flow log.
    pub(super) fn contradicts(&self, other: &Self) -> bool {
        let differ = |one: &Option<String>, other: &Option<String>| one.is_some() && other.is_some() && one != other;
        differ(&self.account, &other.account)
            || differ(&self.region, &other.region)
            || differ(&self.flow_log, &other.flow_log)
    }

    /// Whether the key says that another service than VPC flow logs wrote the object.
    pub(super) fn is_foreign(&self) -> bool {
        self.service.as_deref().is_some_and(|service| service != FLOW_LOGS)
    }
}

/// What the question needs, so that other objects are never opened. The default needs everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prune {
    /// The first second of the window on a record's start.
    pub from: Option<u32>,
    /// The second after the window.
    pub to: Option<u32>,
    /// A stretch inside the window of which nothing is needed: its first second and the one after it.
    pub gap: Option<(u32, u32)>,
    /// The accounts that own the flow logs; none for all.
    pub accounts: Vec<String>,
    /// The regions; none for all.
    pub regions: Vec<String>,
    /// Whether copies of an object are needed beside it.
    pub copies: bool,
}

impl Prune {
    /// Whether an object may hold a record that the question needs.
    #[must_use]
    pub fn needs(&self, key: &KeyFacts) -> bool {
        let among = |wanted: &[String], fact: &Option<String>| {
            wanted.is_empty() || fact.as_ref().is_none_or(|fact| wanted.contains(fact))
        };
        among(&self.accounts, &key.account) && among(&self.regions, &key.region) && self.needs_time(key)
    }

    fn needs_time(&self, key: &KeyFacts) -> bool {
        let Some(day) = key.day else { return true };
        let length = if key.hour.is_some() { HOUR_SECONDS } else { DAY_SECONDS };
        let start = i64::from(day) * DAY_SECONDS + i64::from(key.hour.unwrap_or(0)) * HOUR_SECONDS;
        self.needs_span(start, start + length)
    }

    /// Whether days may hold a record of the window.
    #[must_use]
    pub fn needs_days(&self, days: &Range<u32>) -> bool {
        self.needs_span(i64::from(days.start) * DAY_SECONDS, i64::from(days.end) * DAY_SECONDS)
    }

    fn needs_span(&self, start: i64, end: i64) -> bool {
        self.to.is_none_or(|to| start - KEY_MARGIN_SECONDS < i64::from(to))
            && self.from.is_none_or(|from| end + KEY_MARGIN_SECONDS > i64::from(from))
            && !self.gap.is_some_and(|(from, to)| {
                i64::from(from) <= start - KEY_MARGIN_SECONDS && end + KEY_MARGIN_SECONDS <= i64::from(to)
            })
    }

    /// The days whose objects may hold a record of the window, if it is closed on both sides.
    pub(super) fn days(&self) -> Option<Range<u32>> {
        let (from, to) = (i64::from(self.from?), i64::from(self.to?));
        let first = (from - KEY_MARGIN_SECONDS).div_euclid(DAY_SECONDS).max(0);
        let end = (to + KEY_MARGIN_SECONDS + DAY_SECONDS - 1).div_euclid(DAY_SECONDS);
        Some(u32::try_from(first).ok()?..u32::try_from(end).ok()?)
    }
}

/// What the path of a folder says, and how far down AWS's layout the folder is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FolderFacts {
    /// As of a key.
    pub(super) facts: KeyFacts,
    /// The days that lie below it, where it is a year or a month.
    pub(super) days: Option<Range<u32>>,
    /// How far down it is.
    pub(super) level: Level,
}

/// How far down AWS's layout a folder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// The path has none of AWS's folders.
    Outside,
    /// Above the region.
    Above,
    /// The region, whose folders are years or, in Hive's manner, `year=…`.
    Region {
        /// Whether it is in Hive's manner.
        hive: bool,
    },
    /// A year or a month.
    Date,
    /// A day or an hour.
    Day,
}

impl FolderFacts {
    /// Reads the facts from the path of a folder.
    pub(super) fn of(prefix: &str) -> Self {
        let folders: Vec<&str> = prefix.split('/').filter(|folder| !folder.is_empty()).collect();
        let scope = scope(&folders);
        let inside = !scope.is_empty() || folders.last() == Some(&"AWSLogs");
        let facts = of_folders(scope);
        let after_region =
            scope.iter().position(|folder| is_region(folder.strip_prefix("aws-region=").unwrap_or(folder)));
        let date = after_region.map(|region| &scope[region + 1..]);
        let (days, level) = match date {
            _ if facts.day.is_some() => (None, Level::Day),
            Some([]) => (None, Level::Region { hive: scope.iter().any(|folder| folder.contains('=')) }),
            Some(date) => (days_of(date), Level::Date),
            None if inside => (None, Level::Above),
            None => (None, Level::Outside),
        };
        Self { facts, days, level }
    }
}

/// The days of a year, or of a month of it.
fn days_of(date: &[&str]) -> Option<Range<u32>> {
    let year = date.first().map(|folder| folder.strip_prefix("year=").unwrap_or(folder))?;
    let first = |year: &str, month: &str| day_number(year, month, "01");
    let next_year = || Some((year.parse::<u32>().ok()? + 1).to_string());
    match date.get(1).map(|folder| folder.strip_prefix("month=").unwrap_or(folder)) {
        None => Some(first(year, "01")?..first(&next_year()?, "01")?),
        Some("12") => Some(first(year, "12")?..first(&next_year()?, "01")?),
        Some(month) => {
            let next = format!("{:02}", month.parse::<u32>().ok()? + 1);
            Some(first(year, month)?..first(year, &next)?)
        }
    }
}

/// The folders of a day below its region's, with a `/` at the end.
pub(super) fn day_folders(day: u32, hive: bool) -> String {
    let date = NaiveDate::from_epoch_days(day.cast_signed()).unwrap_or_default();
    date.format(if hive { "year=%Y/month=%m/day=%d/" } else { "%Y/%m/%d/" }).to_string()
}

/// A day as people write it.
pub(super) fn day_name(day: u32) -> String {
    NaiveDate::from_epoch_days(day.cast_signed()).unwrap_or_default().to_string()
}

/// One of two sayings, or neither if they contradict each other.
fn agreed<T: PartialEq>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => None,
        (one, other) => one.or(other),
    }
}

/// The folders that AWS named: those after `AWSLogs`, or, in a copy of a part, from the first that can only be AWS's.
fn scope<'a, 'b>(folders: &'b [&'a str]) -> &'b [&'a str] {
    let hive = |folder: &&str| HIVE_OF_AWS.iter().any(|prefix| folder.starts_with(prefix));
    let start = if let Some(root) = folders.iter().rposition(|folder| *folder == "AWSLogs") {
        root + 1
    } else if let Some(first) = folders.iter().position(hive) {
        first
    } else if let Some(service) = folders.iter().rposition(|folder| *folder == FLOW_LOGS) {
        service - usize::from(service > 0 && is_account(folders[service - 1]))
    } else {
        folders.len()
    };
    &folders[start..]
}

const HIVE_OF_AWS: [&str; 3] = ["aws-account-id=", "aws-service=", "aws-region="];

fn of_folders(folders: &[&str]) -> KeyFacts {
    if folders.iter().any(|folder| folder.contains('=')) { of_hive(folders) } else { of_plain(folders) }
}

fn of_hive(folders: &[&str]) -> KeyFacts {
    let value = |name: &str| folders.iter().find_map(|folder| folder.strip_prefix(name)?.strip_prefix('='));
    let date = || Some((value("year")?, value("month")?, value("day")?));
    let day = date().and_then(|(year, month, day)| day_number(year, month, day));
    KeyFacts {
        account: value("aws-account-id").filter(|account| is_account(account)).map(str::to_owned),
        region: value("aws-region").filter(|region| is_region(region)).map(str::to_owned),
        day,
        hour: day.and_then(|_| hour_number(value("hour")?)),
        flow_log: None,
        service: value("aws-service").or_else(|| value("service")).map(str::to_owned),
    }
}

/// `{account}/{service}/{region}/{yyyy}/{MM}/{dd}/[{HH}/]`, of which any part may be missing. An organisation's trail
/// has its id before the account.
fn of_plain(folders: &[&str]) -> KeyFacts {
    let account = folders.iter().take(2).position(|folder| is_account(folder));
    let after_account = account.map_or(0, |place| place + 1);
    let is_service = |folder: &&&str| !is_region(folder) && !is_number(folder);
    // Without an account, only the flow logs' own service name is unambiguous.
    let service = folders
        .get(after_account)
        .filter(is_service)
        .filter(|folder| account.is_some() || **folder == FLOW_LOGS)
        .map(|folder| (*folder).to_owned());
    let date = folders.windows(3).enumerate().find_map(|(place, date)| {
        let day = day_number(date[0], date[1], date[2])?;
        Some((day, folders.get(place + 3).and_then(|hour| hour_number(hour))))
    });
    KeyFacts {
        account: account.map(|place| folders[place].to_owned()),
        region: folders[after_account..].iter().find(|folder| is_region(folder)).map(|region| (*region).to_owned()),
        day: date.map(|(day, _)| day),
        hour: date.and_then(|(_, hour)| hour),
        flow_log: None,
        service,
    }
}

/// `{account}_{service}_{region}_{flow log}_{YYYYMMDD}T{HHmm}Z_{hash}.…`, other services alike.
fn of_name(name: &str) -> KeyFacts {
    let mut parts = name.split('_');
    let (Some(account), Some(service), Some(region)) = (parts.next(), parts.next(), parts.next()) else {
        return KeyFacts::default();
    };
    if !is_account(account) || !is_region(region) {
        return KeyFacts::default();
    }
    let (mut flow_log, mut slot) = (None, None);
    for part in parts {
        flow_log = flow_log.or_else(|| part.starts_with("fl-").then(|| part.to_owned()));
        slot = slot.or_else(|| slot_day(part));
    }
    KeyFacts {
        account: Some(account.to_owned()),
        region: Some(region.to_owned()),
        day: slot,
        hour: None,
        flow_log,
        service: Some(service.to_owned()),
    }
}

/// Whether it may follow AWS's name of an object: its own extensions, and those of the same object unpacked or converted.
/// Others, such as `.part1` or ` (1).log.gz`, may be of a piece of it.
fn is_extension(text: &str) -> bool {
    let text = text.strip_suffix(".gz").unwrap_or(text);
    let text = text.strip_prefix(".log").unwrap_or(text);
    ["", ".txt", ".json", ".parquet"].contains(&text)
}

/// AWS's own name of an object, without extensions: `{account}_vpcflowlogs_{region}_{flow log}_{slot}_{hash}`.
///
/// AWS never gives two objects the same name: what has it elsewhere, or in another form, is a copy.
#[must_use]
pub fn aws_name(key: &str) -> Option<&str> {
    let file = key.rsplit('/').next()?;
    let (name, extension) = file.split_at(file.find('.').unwrap_or(file.len()));
    let mut parts = name.split('_');
    let mut part = || parts.next();
    let (account, service, region, flow_log, slot, hash) = (part()?, part()?, part()?, part()?, part()?, part()?);
    let is_word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_name = part().is_none()
        && is_account(account)
        && service == FLOW_LOGS
        && is_region(region)
        && flow_log.strip_prefix("fl-").is_some_and(is_word)
        && slot.len() == SLOT_BYTES
        && slot_day(slot).is_some()
        && is_word(hash);
    (is_name && is_extension(extension)).then_some(name)
}

/// How long a slot's name is.
const SLOT_BYTES: usize = "YYYYMMDDTHHmmZ".len();

/// The day of `{YYYYMMDD}T{HHmm}Z`.
fn slot_day(part: &str) -> Option<u32> {
    let (date, time) = part.get(..14)?.strip_suffix('Z')?.split_once('T')?;
    if date.len() != 8 || !is_number(time) {
        return None;
    }
    hour_number(time.get(..2)?).and(day_number(date.get(..4)?, date.get(4..6)?, date.get(6..)?))
}

fn day_number(year: &str, month: &str, day: &str) -> Option<u32> {
    if year.len() != 4 || !(is_number(year) && is_number(month) && is_number(day)) {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
    u32::try_from(date.to_epoch_days()).ok()
}

fn hour_number(text: &str) -> Option<u8> {
    let hour = (text.len() == 2 && is_number(text)).then(|| text.parse().ok())??;
    (hour < 24).then_some(hour)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && is_number(text)
}

/// `us-east-1`, `us-gov-west-1`, `us-isob-east-1`: words of letters, then a number.
fn is_region(text: &str) -> bool {
    let Some((words, number)) = text.rsplit_once('-') else { return false };
    let is_word = |word: &str| word.len() >= 2 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    number.len() <= 2 && is_number(number) && words.contains('-') && words.split('-').all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2024-03-09.
    const DAY: u32 = 19_791;
    const NAME: &str = "123456789012_vpcflowlogs_us-east-1_fl-1234abcd_20240309T1620Z_fe123456.log.gz";

    fn facts(
        account: &str,
        region: &str,
        day: Option<u32>,
        hour: Option<u8>,
        flow_log: &str,
        service: &str,
    ) -> KeyFacts {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        KeyFacts {
            account: text(account),
            region: text(region),
            day,
            hour,
            flow_log: text(flow_log),
            service: text(service),
        }
    }

    #[test]
    fn every_layout_gives_its_facts() {
        let day = Some(DAY);
        let full = |hour| facts("123456789012", "us-east-1", day, hour, "fl-1234abcd", "vpcflowlogs");
        let hive =
            "AWSLogs/aws-account-id=123456789012/aws-service=vpcflowlogs/aws-region=us-east-1/year=2024/month=03";
        let gateway = "AWSLogs/aws-account-id=123456789012/service=vpcflowlogs/aws-region=us-east-1/year=2024/month=03";
        let plain = "AWSLogs/123456789012/vpcflowlogs/us-east-1/2024/03/09";
        for key in [
            NAME.to_owned(),
            format!("copied/flat/{NAME}"),
            format!("{plain}/{NAME}"),
            format!("{plain}/16/{NAME}"),
            format!("a/b=c/AWSLogs/old/{plain}/{NAME}"),
            format!("./{hive}/day=09/{NAME}"),
            format!("/{hive}/day=09/hour=16/{NAME}"),
            format!("{gateway}/day=09/hour=16/{NAME}"),
            format!("vpcflowlogs/us-east-1/2024/03/09/{NAME}"),
            format!("{plain}/{}", NAME.replace(".log.gz", ".log.parquet")),
        ] {
            let hour = (key.contains("/16/") || key.contains("hour=16")).then_some(16);
            assert_eq!(KeyFacts::of(&key), full(hour), "{key}");
        }
        let folders = |day, hour| facts("123456789012", "us-east-1", day, hour, "", "vpcflowlogs");
        for (key, expected) in [
            (format!("{plain}/x.log"), folders(day, None)),
            (format!("{plain}/07/x.log"), folders(day, Some(7))),
            (format!("{hive}/day=09/x.log"), folders(day, None)),
            (format!("{hive}/day=09/hour=07/x.log"), folders(day, Some(7))),
            (format!("{hive}/x.log"), folders(None, None)),
            (format!("b/{}/x.log", &plain["AWSLogs/".len()..]), folders(day, None)),
        ] {
            assert_eq!(KeyFacts::of(&key), expected, "{key}");
        }
    }

    #[test]
    fn the_name_of_aws_is_known_in_any_folder_and_form_and_pieces_have_none() {
        let name = NAME.split('.').next().unwrap();
        for key in [NAME.to_owned(), format!("a/b/{name}"), format!("s3://b/{name}.log"), format!("{name}.log.parquet")]
        {
            assert_eq!(aws_name(&key), Some(name), "{key}");
        }
        for key in [
            format!("{name}.log.gz.1"),
            format!("{name}.log.aa"),
            format!("{name} (1).log.gz"),
            format!("copy-of-{NAME}"),
            NAME.replace("_fe123456", ""),
            NAME.replace("_fe123456", "_fe123456_2"),
            NAME.replace("vpcflowlogs", "CloudTrail"),
            NAME.replace("fl-1234abcd", "1234abcd"),
            NAME.replace("T1620Z", "T1620Zx"),
            "x.log.gz".to_owned(),
            String::new(),
        ] {
            assert_eq!(aws_name(&key), None, "{key}");
        }
    }

    #[test]
    fn regions_of_every_partition_are_regions() {
        for region in ["us-gov-east-1", "us-isob-east-1", "ap-southeast-2", "cn-north-1", "eusc-de-east-1"] {
            let key = format!("AWSLogs/123456789012/vpcflowlogs/{region}/2024/03/09/x.log.gz");
            assert_eq!(KeyFacts::of(&key).region.as_deref(), Some(region));
        }
        for word in ["us-east", "us", "fl-1234", "web-1", "-a-1", "us--1", "2024"] {
            assert!(!is_region(word), "{word}");
        }
    }

    #[test]
    fn other_services_are_foreign_and_other_folders_are_not() {
        for key in [
            "AWSLogs/123456789012/CloudTrail/us-east-1/2024/03/09/x.json.gz",
            "AWSLogs/o-abc123/123456789012/CloudTrail/us-east-1/2024/03/09/x.json.gz",
            "p/AWSLogs/123456789012/elasticloadbalancing/us-east-1/2024/03/09/x.log.gz",
            "AWSLogs/123456789012/Config/us-east-1/2024/3/9/ConfigSnapshot/x.json.gz",
            "AWSLogs/aws-account-id=123456789012/aws-service=vpcdnsquerylogs/x.log",
            "flat/123456789012_CloudTrail_us-east-1_20240309T1620Z_abc.json.gz",
        ] {
            assert!(KeyFacts::of(key).is_foreign(), "{key}");
        }
        for key in [
            "AWSLogs/production/x.log.gz",
            "AWSLogs/123456789012/x.log.gz",
            "AWSLogs/123456789012/us-east-1/x.log.gz",
            "CloudTrail/x.log.gz",
            "123456789012_notes.txt",
            &format!("AWSLogs/123456789012/CloudTrail/{NAME}"),
        ] {
            assert!(!KeyFacts::of(key).is_foreign(), "{key}");
        }
    }

    #[test]
    fn what_contradicts_itself_or_is_no_date_is_unknown() {
        let moved = KeyFacts::of(&format!("AWSLogs/210987654321/vpcflowlogs/us-west-2/2024/03/10/{NAME}"));
        assert_eq!(moved, facts("", "", None, None, "fl-1234abcd", "vpcflowlogs"));
        for key in [
            "AWSLogs/123456789012/vpcflowlogs/us-east-1/2024/13/09/x.log",
            "AWSLogs/123456789012/vpcflowlogs/us-east-1/1969/12/31/x.log",
            "year=2024/month=03/day=09/x.log",
            "2024/03/09/x.log",
            "123456789012_vpcflowlogs_us-east-1_fl-1_20240309T2420Z_h.log",
            "123456789012_vpcflowlogs_us-east-1_fl-1_2024030\u{e9}T1620Z.log",
            "",
            "/",
        ] {
            assert_eq!(KeyFacts::of(key).day, None, "{key}");
        }
    }

    #[test]
    fn a_day_is_needed_until_an_hour_beyond_both_its_ends() {
        let start = DAY * 86_400;
        let key = KeyFacts { day: Some(DAY), ..KeyFacts::default() };
        let needs = |from, to| Prune { from, to, ..Prune::default() }.needs(&key);
        assert!(needs(None, None));
        assert!(needs(None, Some(start - 3599)) && !needs(None, Some(start - 3600)));
        let end = start + 86_400;
        assert!(needs(Some(end + 3599), None) && !needs(Some(end + 3600), None));
        assert!(needs(Some(start + 5), Some(start + 6)));
    }

    #[test]
    fn an_hour_is_needed_until_an_hour_beyond_both_its_ends() {
        let start = DAY * 86_400 + 16 * 3600;
        let key = KeyFacts { day: Some(DAY), hour: Some(16), ..KeyFacts::default() };
        let needs = |from, to| Prune { from, to, ..Prune::default() }.needs(&key);
        assert!(needs(None, Some(start - 3599)) && !needs(None, Some(start - 3600)));
        assert!(needs(Some(start + 7199), None) && !needs(Some(start + 7200), None));
    }

    #[test]
    fn a_day_that_lies_in_a_gap_of_the_window_with_an_hour_to_spare_is_not_needed() {
        let (start, end) = (DAY * 86_400, DAY * 86_400 + 86_400);
        let key = KeyFacts { day: Some(DAY), ..KeyFacts::default() };
        let needs = |gap| Prune { gap: Some(gap), ..Prune::default() }.needs(&key);
        assert!(!needs((start - 3600, end + 3600)));
        assert!(needs((start - 3599, end + 3600)) && needs((start - 3600, end + 3599)));
    }

    #[test]
    fn accounts_and_regions_prune_only_what_says_its_own() {
        let prune = Prune { accounts: vec!["1".to_owned()], regions: vec!["us-east-1".to_owned()], ..Prune::default() };
        let key = |account: Option<&str>, region: Option<&str>| KeyFacts {
            account: account.map(str::to_owned),
            region: region.map(str::to_owned),
            ..KeyFacts::default()
        };
        assert!(prune.needs(&key(None, None)) && prune.needs(&key(Some("1"), Some("us-east-1"))));
        assert!(!prune.needs(&key(Some("2"), None)) && !prune.needs(&key(Some("1"), Some("eu-west-1"))));
    }
}
