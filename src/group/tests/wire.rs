//! Written sums are read back equal, in any order and from any number of files; damage is detected.

use serde_json::json;

use super::input::{Dealt, Groups, Kept, WORKERS, dealt, groups, partial, partial_within};
use super::sums::{merged, spec};
use super::*;
use crate::collect::of_bytes;
use crate::group::wire::WireFault;
use crate::group::wire::{Tallied, Wire, WireReader, write};

/// Specs as the join has them: many columns as one, the hour and addresses.
fn viewed() -> Arc<Spec> {
    let keys = [Column::Vantage, Column::Hour, Column::Srcaddr, Column::Dst, Column::Dstport, Column::Bytes];
    Arc::new(Spec {
        keys: keys.map(|column| Key { column, cut: None }).to_vec(),
        vantages: vec![Column::InterfaceId, Column::TrafficPath, Column::Region, Column::FlowDirection],
        bytes: true,
        packets: true,
        seen: true,
        starts: true,
        distinct: false,
    })
}

fn input() -> impl Strategy<Value = (Arc<Spec>, Vec<Dealt>)> {
    prop_oneof![3 => spec(0..=5), 1 => Just(viewed())].prop_flat_map(|spec| {
        let columns = spec.columns().iter().collect();
        (Just(spec), dealt(columns, 60))
    })
}

fn written(partial: &Partial, lines: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(partial, json!({ "of": "a test" }), lines.iter().map(|line| (*line).to_owned()), &mut bytes).unwrap();
    bytes
}

/// Adds a file's groups to those of a reader.
fn add(bytes: Vec<u8>, spec: &Spec, reader: &mut WireReader) -> Result<(), WireFault> {
    let groups = Wire::open(of_bytes(bytes))?.groups(spec)?;
    let mut tallied = Tallied::default();
    for piece in 0..groups.pieces() {
        tallied = tallied.and(reader.add(&groups, piece)?);
    }
    groups.check(tallied)
}

fn read(files: impl IntoIterator<Item = Vec<u8>>, spec: &Arc<Spec>) -> Result<Groups, WireFault> {
    let shared = Arc::new(Shared::new(Arc::clone(spec), SEED, None));
    let mut reader = WireReader::new(Arc::clone(&shared));
    let added = files.into_iter().try_for_each(|bytes| add(bytes, spec, &mut reader));
    drop(reader);
    added.map(|()| groups(&Arc::into_inner(shared).unwrap().into_partial().unwrap().finish()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn sums_come_back_from_files_in_any_order_spilled_or_not((spec, dealt) in input(), memory_bytes in 0usize..300_000) {
        let expected = merged([partial(&spec, &dealt, 0..WORKERS)]);
        let of = |workers: std::ops::Range<usize>| {
            let overflow = (workers.start > 0).then(|| Kept::within(memory_bytes, usize::MAX));
            written(&partial_within(overflow, &spec, &dealt, workers), &[])
        };
        let files = [0..2, 2..3, 3..6].map(of);
        prop_assert_eq!(&read(files.clone(), &spec).unwrap(), &expected);
        prop_assert_eq!(&read(files.into_iter().rev(), &spec).unwrap(), &expected);
        prop_assert_eq!(&read([of(0..WORKERS)], &spec).unwrap(), &expected);
    }
}

/// A few groups of every kind of column.
fn example() -> Partial {
    let record = |text: &'static str, address: &str, number: u64| -> Record {
        let value = |column: Column| match column.kind() {
            Kind::Address => Plain::Address(address.parse().unwrap()),
            Kind::Text => Plain::Text(text),
            Kind::Small | Kind::Big | Kind::Time => Plain::Number(number),
        };
        decoded().into_iter().map(|column| (column, value(column))).collect()
    };
    let records = [record("a", "10.0.0.1", 7000), record("b", "2001:db8::1", 20), Record::new()];
    let dealt = records.map(|record| Dealt { rejected: record.is_empty(), record, worker: 0 });
    partial(&viewed(), &dealt, 0..1)
}

#[test]
fn other_readers_find_named_columns() {
    let file = of_bytes(written(&example(), &[]));
    let fields = crate::decode::parquet::ParquetFile::open(file).unwrap().fields().to_vec();
    let names: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
    let keys = "interface_id traffic_path region flow_direction hour srcaddr dst dstport bytes_2";
    assert_eq!(names.join(" "), format!("{keys} rejected records bytes packets first_start last_start"));
}

#[test]
fn the_note_and_the_lines_come_back() {
    let lines = ["{}", "", "ä\n"];
    let wire = Wire::open(of_bytes(written(&example(), &lines))).unwrap();
    assert_eq!(wire.head(), &json!({ "of": "a test" }));
    assert_eq!(wire.lines().unwrap(), lines);
    assert!(wire.groups(&Spec { bytes: false, ..(*viewed()).clone() }).unwrap_err().to_string().contains("columns"));
}

#[test]
fn another_version_and_other_files_are_rejected() {
    let bytes = written(&example(), &[]);
    let note = b"{\"version\":1,";
    let at = bytes.windows(note.len()).position(|window| window == note).unwrap();
    let mut other = bytes.clone();
    other[at + note.len() - 2] = b'2';
    // The check sum in front of the note must be that of the changed one.
    let length = bytes[at..].iter().position(|byte| *byte < b' ').unwrap_or(bytes.len() - at);
    let end = (at..at + length).rev().find(|end| bytes[*end] == b'}').unwrap() + 1;
    let check = format!("{:08x}", crc32fast::hash(&other[at..end]));
    other[at - 9..at - 1].copy_from_slice(check.as_bytes());
    let error = Wire::open(of_bytes(other)).unwrap_err();
    assert_eq!(error.to_string(), "it has version 2; this outflow supports version 1");
    assert!(Wire::open(of_bytes(b"PAR1".to_vec())).is_err());
    assert!(Wire::open(of_bytes(Vec::new())).is_err());
}

#[test]
fn a_cut_file_is_an_error_and_a_flipped_bit_is_one_or_matters_nothing() {
    let (spec, lines) = (viewed(), ["one", "two"]);
    let bytes = written(&example(), &lines);
    let all = |bytes: Vec<u8>| {
        let lines = Wire::open(of_bytes(bytes.clone()))?.lines()?;
        Ok::<_, WireFault>((read([bytes], &spec)?, lines))
    };
    let expected = all(bytes.clone()).unwrap();
    assert_eq!((expected.0.len(), &expected.1[..]), (3, &lines.map(str::to_owned)[..]));
    for length in 0..bytes.len() {
        assert!(all(bytes[..length].to_vec()).is_err(), "cut after {length} bytes");
    }
    for place in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[place] ^= 1 << (place % 8);
        if let Ok(found) = all(flipped) {
            assert_eq!(found, expected, "the flipped byte {place}");
        }
    }
}
