//! Interface and object attributes are independent of order and partitioning.

use super::*;
use crate::units::time::Window;

const COLUMNS: [Column; 10] = [
    Column::InterfaceId,
    Column::ResourceId,
    Column::AccountId,
    Column::FlowLogId,
    Column::VpcId,
    Column::InstanceTag,
    Column::Action,
    Column::LogStatus,
    Column::Start,
    Column::End,
];

/// Records of two objects within a short time, so that gaps touch.
fn records() -> impl Strategy<Value = Vec<(usize, Record)>> {
    let moment = || 100u64..160;
    let dated =
        (record(COLUMNS.to_vec()), moment(), moment(), any::<bool>()).prop_map(|(mut record, start, end, lost)| {
            for (column, moment) in [(Column::Start, start), (Column::End, start.max(end.min(start + 5)))] {
                record.entry(column).and_modify(|value| *value = Plain::Number(moment));
            }
            if lost {
                record.insert(Column::LogStatus, Plain::Text("SKIPDATA"));
            }
            record
        });
    prop::collection::vec((0usize..2, dated), 0..30)
}

fn survey(records: &[(usize, Record)], words: usize) -> Survey {
    let (mut survey, mut dictionary) = (Survey::default(), used_dictionary(words));
    for (object, record) in records {
        survey.look(*object, &block([record], ColumnSet::of(&COLUMNS), &mut dictionary), &dictionary, &[0]);
    }
    survey.finish(&dictionary)
}

/// The records of an interface, as attributed by [`Interfaces`].
fn of_id<'a>(records: &'a [(usize, Record)], id: &str) -> Vec<&'a Record> {
    let part = |record: &Record, column| text(record, column).unwrap_or("-");
    let nameless = |record: &Record| {
        nameless_id(part(record, Column::AccountId), part(record, Column::Region), part(record, Column::VpcId))
    };
    let owner = |record: &Record| match text(record, Column::InterfaceId).or(text(record, Column::ResourceId)) {
        Some(id) => id.to_owned(),
        None => nameless(record),
    };
    records.iter().map(|(_, record)| record).filter(|record| owner(record) == id).collect()
}

/// The seconds that lie in no record's hands, as intervals.
fn intervals(seconds: &std::collections::BTreeSet<u64>) -> Vec<(u32, u32)> {
    let small = |second: u64| u32::try_from(second).unwrap();
    let begins = seconds.iter().filter(|second| !seconds.contains(&(**second - 1)));
    let ends = seconds.iter().filter(|second| !seconds.contains(&(**second + 1)));
    begins.zip(ends).map(|(from, to)| (small(*from), small(*to))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn surveys_merge_in_any_order_and_parts(records in records(), cuts in (0usize..30, 0usize..30), turn in 0usize..30) {
        let whole = survey(&records, 0);
        let mut turned = records.clone();
        turned.rotate_left(turn.min(records.len()));
        turned.reverse();
        prop_assert_eq!(&survey(&turned, 3), &whole);

        let (first, second) = (cuts.0.min(cuts.1).min(records.len()), cuts.0.max(cuts.1).min(records.len()));
        let part = |range: std::ops::Range<usize>| survey(&records[range.clone()], range.start);
        let parts = || [part(0..first), part(first..second), part(second..records.len())];
        let sum = |parts: &[Survey]| {
            let mut sum = Survey::default();
            parts.iter().for_each(|part| sum.add(part.clone()));
            sum
        };
        let [one, two, three] = parts();
        prop_assert_eq!(&sum(&[one.clone(), two.clone(), three.clone()]), &whole);
        prop_assert_eq!(&sum(&[three.clone(), sum(&[two.clone(), one.clone()])]), &whole);
        prop_assert_eq!(&sum(&[sum(&[one, three]), two, Survey::default()]), &whole);
    }

    #[test]
    fn each_interface_is_what_its_records_say(records in records()) {
        let survey = survey(&records, 2);
        let rows: u64 = survey.objects.values().map(|object| object.ok + object.no_data + object.skip_data).sum();
        prop_assert_eq!(rows, records.len() as u64);
        let unknown = records.iter().filter(|(_, record)| text(record, Column::AccountId) == Some("unknown")).count();
        prop_assert_eq!(survey.unknown_accounts, unknown as u64);
        for (id, interface) in survey.interfaces.iter() {
            let mine = of_id(&records, std::str::from_utf8(id).unwrap());
            for column in [Column::AccountId, Column::VpcId, Column::InstanceTag] {
                let dated = |record: &&Record| Some((number(record, Column::Start).unwrap_or(0), text(record, column)?));
                let latest = mine.iter().filter_map(dated).max().map(|(_, value)| value.as_bytes());
                prop_assert_eq!(interface.attribute(column), latest);
            }
            let records = interface.records;
            let lost = |record: &&&Record| text(record, Column::LogStatus) == Some("SKIPDATA");
            let span = |record: &&Record| number(record, Column::Start).zip(number(record, Column::End));
            let gaps = mine.iter().filter(lost).filter_map(span).flat_map(|(from, to)| from..=to).collect();
            prop_assert_eq!(interface.records.gaps(), intervals(&gaps));
            prop_assert_eq!(interface.records.skip_data, mine.iter().filter(lost).count() as u64);
            prop_assert_eq!(records.ok + records.no_data + records.skip_data, mine.len() as u64);
            let logged: Vec<_> = mine.iter().filter(|record| !lost(record)).filter_map(span).collect();
            let side = |moment: Option<u64>| moment.map(|moment| u32::try_from(moment).unwrap());
            let first = side(logged.iter().map(|span| span.0).min());
            prop_assert_eq!(records.logged, first.zip(side(logged.iter().map(|span| span.1).max())));
        }
    }
}

#[test]
fn an_hour_is_reported_by_quiet_interfaces_too_but_not_by_lost_records() {
    let record = |hour: u64, status: &'static str| {
        let moments = [(Column::Start, 3600 * hour + 5), (Column::End, 3600 * hour + 60)];
        let mut record: Record = moments.map(|(column, moment)| (column, Plain::Number(moment))).into();
        record.extend([(Column::InterfaceId, Plain::Text("eni-1")), (Column::LogStatus, Plain::Text(status))]);
        (0, record)
    };
    let shown = survey(&[record(0, "OK"), record(1, "NODATA"), record(2, "SKIPDATA"), record(4, "OK")], 0).interfaces;
    let shown = Logged::of(&shown);
    let hours = |hour: u32| shown.has_hour(hour * 3600 + 1800);
    assert_eq!([0, 1, 2, 3, 4].map(hours), [true, true, false, false, true]);
}

#[test]
fn accounts_and_flow_logs_that_are_silent_while_others_go_on_are_named() {
    let record = |hour: u64, account: &'static str, flow_log: &'static str, status: &'static str| {
        let moments = [(Column::Start, 3600 * hour + 5), (Column::End, 3600 * hour + 60)];
        let mut record: Record = moments.map(|(column, moment)| (column, Plain::Number(moment))).into();
        let texts = [(Column::AccountId, account), (Column::FlowLogId, flow_log), (Column::LogStatus, status)];
        record.extend(texts.map(|(column, text)| (column, Plain::Text(text))));
        record.extend([(Column::InterfaceId, Plain::Text("eni-1"))]);
        (0, record)
    };
    let said = |records: Vec<(usize, Record)>, from: u32, to: u32| {
        let window = Window { from: Some(from * 3600), to: Some(to * 3600) };
        Logged::of(&survey(&records, 0).interfaces).silent(&[window])
    };
    let (one, two) = ("111122223333", "222233334444");
    let all =
        |account, flow_log, hours: std::ops::Range<u64>| hours.map(move |hour| record(hour, account, flow_log, "OK"));
    let with = |other: &[std::ops::Range<u64>]| -> Vec<(usize, Record)> {
        all(one, "fl-1", 0..24).chain(other.iter().cloned().flat_map(|hours| all(two, "fl-2", hours))).collect()
    };
    let gap = said(with(&[0..8, 13..24]), 0, 24).unwrap();
    let place = "222233334444 (fl-2): 5 hours from 1970-01-01T08:00:00Z to 1970-01-01T13:00:00Z: their traffic";
    assert!(gap.contains(place), "{gap}");
    assert_eq!(said(with(&[0..8, 13..24]), 13, 24), None, "it is not asked for");
    assert_eq!(said(with(&[0..8, 9..24]), 0, 24), None, "an hour may be late");
    assert_eq!(said(with(&[0..1, 23..24]), 0, 24), None, "two samples");
    let idle = (8..13).map(|hour| record(hour, two, "fl-2", "NODATA"));
    assert_eq!(said(with(&[0..8, 13..24]).into_iter().chain(idle).collect(), 0, 24), None);
    let lost = (8..13).map(|hour| record(hour, two, "fl-2", "SKIPDATA"));
    assert!(said(with(&[0..8, 13..24]).into_iter().chain(lost).collect(), 0, 24).is_some());
    // One of two flow logs of an account.
    let both = all(one, "fl-1", 0..24).chain(all(one, "fl-2", 0..8)).chain(all(one, "fl-2", 13..24)).collect();
    assert!(said(both, 0, 24).unwrap().contains("111122223333 (fl-2): 5 hours"));
    let alone = all(one, "fl-1", 0..8).chain(all(one, "fl-1", 13..24)).collect();
    assert_eq!(said(alone, 0, 24), None, "nothing goes on: these hours are not covered at all");
}

#[test]
fn accounts_whose_logs_end_before_the_others_are_named() {
    let record = |hour: u64, account: &'static str| {
        let moments = [(Column::Start, 3600 * hour + 5), (Column::End, 3600 * hour + 60)];
        let mut record: Record = moments.map(|(column, moment)| (column, Plain::Number(moment))).into();
        record.extend([(Column::InterfaceId, Plain::Text(account)), (Column::AccountId, Plain::Text(account))]);
        (0, record)
    };
    let shown =
        [record(2, "111122223333"), record(9, "222233334444"), record(1, "222233334444"), record(8, "333344445555")];
    let logged = Logged::of(&survey(&shown, 0).interfaces);
    let said = logged.stopped(None).unwrap();
    assert!(said.starts_with("logs end early for 111122223333 (until 1970-01-01T02:01:00Z): "), "{said}");
    assert_eq!(logged.stopped(Some(4 * 3600)), None, "nothing later is asked for");
    assert!(logged.stopped(Some(6 * 3600)).is_some());
    let said = logged.late(None).unwrap();
    assert!(said.starts_with("logs begin late for 333344445555 (from 1970-01-01T08:00:00Z): "), "{said}");
    assert!(logged.late(Some(5 * 3600)).is_some());
    assert_eq!(logged.late(Some(6 * 3600)), None, "nothing earlier is asked for");
}
