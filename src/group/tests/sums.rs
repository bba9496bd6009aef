//! However records are dealt and partials merged, groups and sums are those of the naive map.

use proptest::sample::subsequence;

use super::input::{Dealt, Groups, Kept, WORKERS, dealt, groups, naive, partial, partial_within};
use super::*;

/// Columns that the naive map supports, including derived ones.
fn keyable() -> Vec<Column> {
    Column::all().filter(|column| !matches!(column, Column::Port | Column::ServiceSide)).collect()
}

fn cut() -> impl Strategy<Value = Cut> {
    let v4 = select(vec![0, 8, 12, 16, 24, 31, 32]);
    let v6 = select(vec![0, 10, 32, 48, 64, 127, 128]);
    (v4, v6, any::<bool>()).prop_map(|(v4_bits, v6_bits, public_only)| Cut { v4_bits, v6_bits, public_only })
}

pub(super) fn spec(keys: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Arc<Spec>> {
    let key = |column: Column| {
        let cut = prop::option::of(cut()).prop_map(move |cut| cut.filter(|_| column.kind() == Kind::Address));
        cut.prop_map(move |cut| Key { column, cut })
    };
    let keys = subsequence(keyable(), keys).prop_shuffle();
    let keys = keys.prop_flat_map(move |columns| columns.into_iter().map(key).collect::<Vec<_>>());
    (keys, any::<[bool; 3]>())
        .prop_map(|(keys, [bytes, packets, seen])| Arc::new(Spec { keys, bytes, packets, seen, ..Spec::default() }))
}

fn input() -> impl Strategy<Value = (Arc<Spec>, Vec<Dealt>)> {
    spec(0..=5).prop_flat_map(|spec| {
        let columns = spec.columns().iter().collect();
        (Just(spec), dealt(columns, 60))
    })
}

pub(super) fn merged(partials: impl IntoIterator<Item = Partial>) -> Groups {
    let merged = partials.into_iter().reduce(|one, other| one.merge(other).unwrap()).unwrap();
    groups(&merged.finish())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn merging_is_associative_and_commutative_with_an_empty_partial_as_identity((spec, dealt) in input()) {
        let of = |pair: usize| partial(&spec, &dealt, 2 * pair..2 * pair + 2);
        let expected = naive(&spec, &dealt);
        prop_assert_eq!(&merged([of(0).merge(of(1)).unwrap(), of(2)]), &expected);
        prop_assert_eq!(&merged([of(0), of(1).merge(of(2)).unwrap()]), &expected);
        prop_assert_eq!(&merged([of(2), of(0), of(1)]), &expected);
        let empty = || Partial::new(Arc::clone(&spec), SEED);
        prop_assert_eq!(&merged([empty(), of(1)]), &merged([of(1), empty()]));
        prop_assert_eq!(&merged([empty(), of(1)]), &merged([of(1)]));
        prop_assert!(groups(&empty().finish()).is_empty());
    }

    #[test]
    fn the_order_and_the_number_of_workers_do_not_matter((spec, dealt) in input(), order: u64, workers in 1usize..6) {
        let mut again = dealt.clone();
        // A rotation and new hands: any order and any split.
        again.rotate_left(if dealt.is_empty() { 0 } else { usize::try_from(order % dealt.len() as u64).unwrap() });
        for (place, dealt) in again.iter_mut().enumerate() {
            dealt.worker = place % workers;
        }
        let at_once = partial(&spec, &again, 0..workers).finish();
        prop_assert_eq!(groups(&at_once), naive(&spec, &dealt));
        prop_assert_eq!(at_once.spec(), &*spec);
    }

    #[test]
    fn what_is_spilled_comes_back((spec, dealt) in input(), memory_bytes in 0usize..300_000) {
        let expected = naive(&spec, &dealt);
        let spilling = |workers| {
            let overflow = Kept::within(memory_bytes, usize::MAX);
            let partial = partial_within(Some(overflow.clone()), &spec, &dealt, workers);
            (partial, overflow.spill.spilled_bytes() > 0)
        };
        let (whole, spilled) = spilling(0..WORKERS);
        prop_assert_eq!(groups(&whole.finish()), expected.clone());
        prop_assert!(spilled || memory_bytes > 0 || dealt.is_empty());
        let parts = [0..2, 2..6].map(|workers| spilling(workers).0);
        prop_assert_eq!(merged(parts), expected);
    }

    #[test]
    fn rows_that_cannot_be_spilled_are_an_error_and_no_less_sums((spec, dealt) in input(), most in 0usize..40) {
        let shared = Arc::new(Shared::new(Arc::clone(&spec), SEED, Some(Kept::within(0, most))));
        let mut batcher = Batcher::new(Arc::clone(&shared));
        let mut dictionary = used_dictionary(0);
        let flows = block(dealt.iter().map(|dealt| &dealt.record), spec.columns(), &mut dictionary);
        batcher.add(&flows, &dictionary, &(0u32..).take(dealt.len()).collect::<Vec<_>>(), false);
        drop(batcher);
        let failed = shared.failed().load(std::sync::atomic::Ordering::Relaxed);
        let partial = Arc::into_inner(shared).unwrap().into_partial();
        prop_assert_eq!(partial.is_err(), failed);
        prop_assert!(failed || partial.unwrap().frame.overflow.unwrap().spill.spilled_bytes() <= most as u64 * 8);
    }

    #[test]
    fn a_key_of_any_columns_is_read_back_as_it_was_packed(
        (spec, dealt) in spec(0..=keyable().len()).prop_flat_map(|spec| {
            let columns = spec.columns().iter().collect();
            (Just(spec), dealt(columns, 4))
        }),
    ) {
        let partials = [0..2, 2..6].map(|workers| partial(&spec, &dealt, workers));
        prop_assert_eq!(merged(partials), naive(&spec, &dealt));
    }
}

#[test]
fn all_columns_at_once_make_a_key() {
    let keys = keyable().into_iter().map(|column| Key { column, cut: None }).collect();
    let spec = Arc::new(Spec { keys, bytes: true, packets: true, seen: true, ..Spec::default() });
    let full = |address: &str| -> Record {
        let value = |column: Column| match column.kind() {
            Kind::Address => Plain::Address(address.parse().unwrap()),
            Kind::Text => Plain::Text(column.name()),
            Kind::Small | Kind::Big | Kind::Time => Plain::Number(column as u64 + 1),
        };
        decoded().into_iter().map(|column| (column, value(column))).collect()
    };
    let records = [full("10.0.0.1"), full("2001:db8::1"), Record::new(), full("10.0.0.1")];
    let dealt = records.map(|record| Dealt { record, rejected: false, worker: 0 });
    let found = groups(&partial(&spec, &dealt, 0..1).finish());
    assert_eq!(found.len(), 3);
    assert_eq!(found, naive(&spec, &dealt));
}

#[test]
fn more_groups_than_a_batch_or_a_young_table_holds_are_all_there() {
    let spec = Spec {
        vantages: Vec::new(),
        keys: vec![Key { column: Column::Bytes, cut: None }],
        bytes: true,
        packets: false,
        seen: false,
        starts: false,
        distinct: false,
    };
    let record = |bytes| Record::from([(Column::Bytes, Plain::Number(bytes))]);
    let dealt: Vec<_> =
        (0..20_000).map(|place| Dealt { record: record(place % 7001), rejected: place % 5 == 0, worker: 4 }).collect();
    assert_eq!(groups(&partial(&Arc::new(spec.clone()), &dealt, 4..5).finish()), naive(&spec, &dealt));
}

#[test]
fn a_sum_beyond_64_bits_is_an_error_and_no_zero() {
    let spec = Arc::new(Spec { keys: Vec::new(), bytes: true, ..Spec::default() });
    // Met in the worker's own rows, in the shared tables, and when partials are merged.
    let sum = |blocks: &[Vec<u64>]| {
        let shared = Arc::new(Shared::new(Arc::clone(&spec), SEED, None));
        for bytes in blocks {
            let mut flows = Flows::new(ColumnSet::of(&[Column::Bytes]));
            *flows.values_mut(Column::Bytes).unwrap() = Values::Big(bytes.clone());
            flows.set_rows(bytes.len());
            let picked: Vec<u32> = (0..u32::try_from(bytes.len()).unwrap()).collect();
            Batcher::new(Arc::clone(&shared)).add(&flows, &Dictionary::default(), &picked, false);
        }
        Arc::into_inner(shared).unwrap().into_partial()
    };
    let half = 1u64 << 63;
    assert!(sum(&[vec![half, half]]).is_err());
    assert!(sum(&[vec![half], vec![half]]).is_err());
    let (one, other) = (sum(&[vec![half]]).unwrap(), sum(&[vec![half]]).unwrap());
    assert!(one.merge(other).is_err());
    assert!(sum(&[vec![half, half - 2]]).is_ok());
}
