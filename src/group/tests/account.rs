//! Nothing vanishes: the account holds every record once, and the sums are those of its classes.

use super::input::groups;
use super::*;
use crate::group::filter::Filter;
use crate::units::time::{Window, Zone};

const FILTERS: [&str; 6] = [
    "bytes > 100",
    "srcaddr in 10.0.0.0/8",
    "action = REJECT",
    "log_status != OK or bytes is absent",
    "interface_id ~ '^[ab]$' and not dstport = 443",
    "start >= 1970-01-01T01:00:00Z",
];

const COLUMNS: [Column; 8] = [
    Column::Srcaddr,
    Column::Dstport,
    Column::InterfaceId,
    Column::Bytes,
    Column::Packets,
    Column::Start,
    Column::Action,
    Column::LogStatus,
];

fn window() -> impl Strategy<Value = Window> {
    let side = || prop::option::of(3550u32..3650);
    (side(), side()).prop_map(|(from, to)| Window { from, to })
}

/// The class of a record, in the order of the account.
fn class(record: &Record, window: Window, action_filter: ActionFilter, passes: bool) -> Class {
    let start = number(record, Column::Start);
    let inside = start.is_some_and(|start| {
        window.from.is_none_or(|from| start >= from.into()) && window.to.is_none_or(|to| start < to.into())
    });
    let rejected = text(record, Column::Action) == Some("REJECT");
    let quiet = match text(record, Column::LogStatus) {
        Some("NODATA") => Some(Class::NoData),
        Some("SKIPDATA") => Some(Class::SkipData),
        _ => None,
    };
    if window != Window::default() && !inside {
        return Class::OutOfWindow;
    }
    match (quiet, action_filter) {
        (Some(_), ActionFilter::Every) if !passes => Class::Filtered,
        (Some(quiet), _) => quiet,
        _ if !passes => Class::Filtered,
        (None, ActionFilter::Accept | ActionFilter::Every) if rejected => Class::Rejected,
        (None, ActionFilter::Reject) if !rejected => Class::Filtered,
        _ => Class::Counted,
    }
}

proptest! {
    #[test]
    fn every_record_is_in_one_class_and_the_sums_are_those_of_the_classes(
        records in prop::collection::vec(record(COLUMNS.to_vec()), 0..60),
        window in window(),
        gap in prop::option::of(window()),
        action_filter in select(vec![ActionFilter::Accept, ActionFilter::Reject, ActionFilter::All, ActionFilter::Every]),
        expression in prop::option::of(select(FILTERS.to_vec())),
        block_rows in 1usize..20,
    ) {
        // A gap is one of a window.
        let gap = gap.filter(|_| window != Window::default());
        let filter = expression.map(|text| Filter::parse(text, 0, Zone::default()).unwrap());
        let columns = Classifier::columns(window, action_filter, filter.as_ref()).union(ColumnSet::of(&[Column::InterfaceId]));
        let keys = vec![Key { column: Column::InterfaceId, cut: None }];
        let shared = Arc::new(Shared::new(Arc::new(Spec { keys, bytes: true, ..Spec::default() }), 7, None));
        let (mut batcher, mut dictionary) = (Batcher::new(Arc::clone(&shared)), Dictionary::default());
        let mut classifier = Classifier::new(window, action_filter, filter.as_ref()).without(gap);
        let mut evaluator = filter.as_ref().map(Filter::evaluator);
        let (mut account, mut expected) = (Account::default(), Account::default());
        for chunk in records.chunks(block_rows) {
            let flows = block(chunk, columns, &mut dictionary);
            let mut part = Account::default();
            classifier.classify(&flows, &dictionary, &mut part);
            batcher.add(&flows, &dictionary, &classifier.counted, false);
            batcher.add(&flows, &dictionary, &classifier.rejected, true);
            account.add(&part);
            let passes = evaluator.as_mut().map(|evaluator| evaluator.select(&flows, &dictionary).to_vec());
            for (row, record) in chunk.iter().enumerate() {
                let passes = passes.as_ref().is_none_or(|passes| passes[row]);
                let start = number(record, Column::Start).and_then(|start| u32::try_from(start).ok());
                let is_in_gap = gap.is_some_and(|gap| start.is_some_and(|start| gap.contains(start)));
                let class = if is_in_gap { Class::OutOfWindow } else { class(record, window, action_filter, passes) };
                let bytes = number(record, Column::Bytes);
                let dated = window != Window::default() && number(record, Column::Start).is_none();
                expected.without_start += u64::from(dated);
                let summed = matches!(class, Class::Counted | Class::Rejected);
                expected.without_bytes += u64::from(summed && bytes.is_none());
                expected[class].records += 1;
                expected[class].bytes += u128::from(bytes.unwrap_or(0));
            }
        }
        drop(batcher);
        prop_assert_eq!(&account, &expected);
        let counted: u64 = Class::ALL.iter().map(|class| account[*class].records).sum();
        prop_assert_eq!(counted, records.len() as u64);
        let mut sums = (Sums::default(), Sums::default());
        for (of_counted, of_rejected) in groups(&Arc::into_inner(shared).unwrap().into_partial().unwrap().finish()).values() {
            sums.0.add(of_counted);
            sums.1.add(of_rejected);
        }
        // `Every` counts records of any kind; otherwise only ACCEPT or REJECT are summed.
        let (together, apart): (&[Class], &[Class]) = match action_filter {
            ActionFilter::Every => (&[Class::Counted, Class::Rejected, Class::NoData, Class::SkipData], &[]),
            _ => (&[Class::Counted], &[Class::Rejected]),
        };
        let tally = |classes: &[Class]| classes.iter().fold((0u128, 0u128), |(records, bytes), class| {
            (records + u128::from(account[*class].records), bytes + account[*class].bytes)
        });
        prop_assert_eq!((sums.0.flows, sums.0.bytes), tally(together));
        prop_assert_eq!((sums.1.flows, sums.1.bytes), tally(apart));
    }
}
