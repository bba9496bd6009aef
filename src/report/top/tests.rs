//! The ranking is independent of how groups are split, its rows sum to the total, and ties are sorted by key.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::decode::{Dictionary, Flows, Values};
use crate::group::{Batcher, Key, Partial, SHARDS, Shared};
use crate::schema::{Column, ColumnSet};
use crate::units::time::Zone;

/// Interface, port, bytes, packets, start, and whether it was rejected: few values, so that groups and ties are many.
type Record = (usize, u32, u64, u64, u32, bool);

const INTERFACES: [&str; 7] = ["-", "eni-1", "eni-2", "eni-10", "eni-3", "ä", "a"];

fn records() -> impl Strategy<Value = Vec<Record>> {
    let one = (0..INTERFACES.len(), 440u32..446, 0u64..4, 0u64..3, 100u32..104, prop::bool::weighted(0.3));
    prop::collection::vec(one, 0..120)
}

fn shape() -> impl Strategy<Value = Shape> {
    let orders = Order::ALL.into_iter().filter(|(_, order)| !matches!(order, Order::Distinct | Order::Usd));
    let order = prop::sample::select(orders.collect::<Vec<_>>());
    let rows = prop_oneof![4 => (0usize..50).prop_map(Some), 1 => Just(None)];
    (order, rows, any::<bool>()).prop_map(|((_, order), rows, rejected)| Shape { order, rows, rejected })
}

/// The records of a worker whose dictionary has given other codes already.
fn partial(records: &[Record], words: &[&str]) -> Partial {
    let keys = ["interface_id", "dstport"].map(|name| Key::parse(name).unwrap()).to_vec();
    let spec = Spec { keys, bytes: true, packets: true, seen: true, ..Spec::default() };
    let (mut flows, mut dictionary) = (Flows::new(spec.columns()), Dictionary::default());
    for word in words {
        dictionary.code(word.as_bytes());
    }
    for (interface, port, bytes, packets, start, _) in records {
        for column in ColumnSet::of(&[Column::Bytes, Column::Packets, Column::Start, Column::End])
            .iter()
            .chain([Column::InterfaceId, Column::Dstport])
        {
            match (column, flows.values_mut(column).unwrap()) {
                (Column::Bytes, Values::Big(values)) => values.push(*bytes),
                (_, Values::Big(values)) => values.push(*packets),
                (_, Values::Time(values)) => values.push(*start),
                (_, Values::Small(values)) => values.push(*port),
                (_, Values::Text(values)) => values.push(dictionary.code(INTERFACES[*interface].as_bytes())),
                (_, Values::Address(_)) => {}
            }
        }
    }
    flows.set_rows(records.len());
    let shared = Arc::new(Shared::new(Arc::new(spec), 7, None));
    let mut batcher = Batcher::new(Arc::clone(&shared));
    for rejected in [false, true] {
        let picked = (0u32..).zip(records).filter(|(_, record)| record.5 == rejected);
        batcher.add(&flows, &dictionary, &picked.map(|(row, _)| row).collect::<Vec<_>>(), rejected);
    }
    drop(batcher);
    Arc::into_inner(shared).unwrap().into_partial().unwrap()
}

/// The table by one ranking of all shards.
fn table(rollup: &Rollup, shape: Shape) -> Table {
    let ranking = rollup.shards().try_fold(Ranking::new(rollup, shape, None), Ranking::with_shard);
    ranking.unwrap().table().0
}

/// The numbers of a column, those of `(other)` too; none for an absent cell.
fn numbers(table: &Table, name: &str) -> Vec<Option<u128>> {
    let place = table.columns.iter().position(|head| head.name == name).unwrap();
    let number = |row: &Row| match row[place] {
        Cell::Integer(number) => Some(number),
        Cell::Share { part, .. } => Some(part),
        Cell::Time(seconds) => Some(seconds.into()),
        _ => None,
    };
    table.rows.iter().chain(&table.total).map(number).collect()
}

/// How many groups there are.
fn groups(records: &[Record]) -> usize {
    records.iter().map(|record| (record.0, record.1)).collect::<BTreeSet<_>>().len()
}

/// The key cells of a row.
fn keys(row: &Row) -> &[Cell] {
    &row[1..3]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Having shows the rows of the whole table that match, with all their cells, and sums the others in one.
    #[test]
    fn having_shows_the_matching_rows_of_the_whole_table(
        records in records(),
        shape in shape(),
        text in prop::sample::select(vec![
            "bytes > 6", "flows >= 3 and dstport < 444", "share > 5%", "interface_id = eni-* or packets in 2..4",
            "interface_id is absent", "first_seen > 1970-01-01T00:01:41", "not (bytes > 3 and flows < 4)", "bytes < packets",
        ]),
    ) {
        let rollup = partial(&records, &[]).finish();
        let heads = heads(rollup.spec(), shape, false);
        let having = Having::parse(text, heads, 0, Zone::default()).unwrap();
        let all = table(&rollup, Shape { rows: None, ..shape });
        let of_all = rollup.shards().try_fold(Ranking::new(&rollup, shape, None), Ranking::with_shard).unwrap();
        let screen = of_all.screen(&having);
        let none = || Ranking::new(&rollup, shape, None).screened(Some(&screen));
        // Each shard by itself, so that they are merged.
        let parts = rollup.shards().map(|shard| none().with_shard(shard).unwrap());
        let ranking = parts.fold(none(), Ranking::merge);
        let note = ranking.screen_note();
        let some = ranking.table().0;
        let expected: Vec<&Row> = all.rows.iter().filter(|row| having.holds(|place| row[place + 1].clone())).collect();
        let most = shape.rows.unwrap_or(usize::MAX).min(expected.len());
        prop_assert_eq!(some.rows.len(), most + usize::from(most < all.rows.len()));
        for (row, expected) in some.rows.iter().zip(&expected[..most]) {
            prop_assert_eq!(&row[1..], &expected[1..]);
        }
        prop_assert_eq!(&some.total, &all.total);
        for name in ["bytes", "packets", "flows"] {
            let mut parts = numbers(&some, name);
            let total = parts.pop().unwrap();
            prop_assert_eq!(Some(parts.into_iter().map(Option::unwrap).sum::<u128>()), total, "{}", name);
        }
        prop_assert_eq!(note.is_none(), expected.len() == all.rows.len());
        if let Some(note) = note {
            let start = format!("--having matches {} of {}", expected.len(), all.rows.len());
            prop_assert!(note.starts_with(&start), "{}", note);
        }
    }

    #[test]
    fn the_rows_and_the_rest_sum_to_the_total(records in records(), shape in shape()) {
        let rollup = partial(&records, &[]).finish();
        let table = table(&rollup, shape);
        let summed = ["bytes", "packets", "flows", "share", "rejected_bytes", "rejected_packets", "rejected_flows"];
        for name in summed.iter().filter(|name| table.columns.iter().any(|head| head.name == **name)) {
            let mut parts = numbers(&table, name);
            let total = parts.pop().unwrap().unwrap();
            prop_assert_eq!(parts.into_iter().map(Option::unwrap).sum::<u128>(), total, "{}", name);
        }
        let of = |rejected: bool| records.iter().filter(move |record| record.5 == rejected);
        let total = |name| *numbers(&table, name).last().unwrap();
        prop_assert_eq!(total("flows"), Some(of(false).count() as u128));
        prop_assert_eq!(total("bytes"), Some(of(false).map(|record| u128::from(record.2)).sum()));
        if shape.rejected {
            prop_assert_eq!(total("rejected_flows"), Some(of(true).count() as u128));
            prop_assert_eq!(total("rejected_bytes"), Some(of(true).map(|record| u128::from(record.2)).sum()));
        }
        if shape.order == Order::RejectedPackets {
            prop_assert_eq!(total("rejected_packets"), Some(of(true).map(|record| u128::from(record.3)).sum()));
        }
    }

    #[test]
    fn any_number_of_rows_is_the_start_of_all_rows(records in records(), shape in shape()) {
        let rollup = partial(&records, &[]).finish();
        let all = table(&rollup, Shape { rows: None, ..shape });
        let some = table(&rollup, shape);
        prop_assert_eq!(all.rows.len(), groups(&records));
        let shown = shape.rows.map_or(all.rows.len(), |rows| rows.min(all.rows.len()));
        prop_assert_eq!(&some.rows[..shown], &all.rows[..shown]);
        prop_assert_eq!(some.rows.len(), shown + usize::from(shown < all.rows.len()));
        prop_assert_eq!(some.rows.get(shown).map(|other| keys(other)[0].clone()), some.rows.get(shown).map(|_| "(other)".into()));
        prop_assert_eq!(&some.total, &all.total);
        for (rank, row) in (1u64..).zip(&all.rows) {
            prop_assert_eq!(&row[0], &Cell::from(rank));
        }
    }

    #[test]
    fn shards_partials_and_dictionaries_do_not_matter(
        records in records(), shape in shape(), cut in any::<prop::sample::Index>(), hands in prop::collection::vec(0usize..4, SHARDS),
    ) {
        let rollup = partial(&records, &[]).finish();
        let expected = format!("{:?}", table(&rollup, shape));
        let (first, second) = records.split_at(cut.index(records.len() + 1));
        let other = partial(second, &["ä", "eni-3", "eni-1"]).merge(partial(first, &["eni-10", "x"])).unwrap().finish();
        prop_assert_eq!(&format!("{:?}", table(&other, shape)), &expected);

        let of_hand = |hand| {
            let shards = other.shards().rev().filter(|shard| hands[*shard] == hand);
            shards.into_iter().try_fold(Ranking::new(&other, shape, None), Ranking::with_shard).unwrap()
        };
        let rankings: Vec<_> = (0..4).map(of_hand).collect();
        prop_assert_eq!(rankings.iter().map(Ranking::groups).sum::<u64>(), groups(&records) as u64);
        let of = |order: [usize; 4], mut rankings: Vec<Option<Ranking<'_>>>| {
            let merged = order.into_iter().filter_map(|place| rankings[place].take()).reduce(Ranking::merge);
            format!("{:?}", merged.unwrap().table().0)
        };
        prop_assert_eq!(&of([2, 0, 3, 1], rankings.into_iter().map(Some).collect()), &expected);
    }

    #[test]
    fn greater_sums_stand_first_and_equal_ones_by_key(records in records(), shape in shape()) {
        let shape = Shape { rows: None, rejected: true, ..shape };
        let table = table(&partial(&records, &[]).finish(), shape);
        let name = Order::ALL.iter().find(|(_, order)| *order == shape.order).unwrap().0;
        let mut measured = if shape.order == Order::Key { vec![None; table.rows.len() + 1] } else { numbers(&table, name) };
        measured.pop();
        for (pair, measured) in table.rows.windows(2).zip(measured.windows(2)) {
            let before = if shape.order == Order::FirstSeen { measured[0] < measured[1] } else { measured[0] > measured[1] };
            let by_key = measured[0] == measured[1] && in_order(keys(&pair[0]), keys(&pair[1]));
            prop_assert!(before || by_key, "{:?} before {:?}", &pair[0], &pair[1]);
        }
    }
}

/// Whether keys differ and stand in their order: absent ones first, texts by their bytes.
fn in_order(one: &[Cell], other: &[Cell]) -> bool {
    let sortable = |cell: &Cell| match cell {
        Cell::Text(text) => (1, 0, text.as_bytes().to_vec()),
        Cell::Integer(number) => (1, *number, Vec::new()),
        _ => (0, 0, Vec::new()),
    };
    one.iter().map(sortable).lt(other.iter().map(sortable))
}
