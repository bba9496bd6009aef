//! Parquet → columns, by how many are wanted, of the shipped file (gzip, one row group of 4,000 rows).

use divan::Bencher;
use divan::counter::ItemsCount;
use outflow::collect::{Content, Limits, Prune, S3Options, find, open};
use outflow::decode::parquet::ParquetFile;
use outflow::decode::{Dictionary, Flows};
use outflow::schema::{Column, ColumnSet};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/logs-v5-parquet");

#[divan::bench(args = ["bytes", "srcaddr,dstaddr,bytes", "all columns"])]
fn decode(bencher: Bencher<'_, '_>, columns: &str) {
    let file = file();
    let logged = || file.fields().iter().filter_map(|field| field.column);
    let named = |name| Column::of_name(name).expect("a column");
    let columns: ColumnSet = match columns {
        "all columns" => logged().fold(ColumnSet::default(), ColumnSet::with),
        names => names.split(',').map(named).fold(ColumnSet::default(), ColumnSet::with),
    };
    let (mut flows, mut dictionary) = (Flows::new(columns), Dictionary::default());
    bencher.counter(ItemsCount::new(file.rows())).bench_local(|| {
        let mut rows = 0;
        let each = &mut |flows: &mut Flows, _: &mut Dictionary, _| rows += flows.rows() as u64;
        file.read_row_group(0, (&mut flows, &mut dictionary), &mut |_| Ok(()), each)
            .expect("the shipped file is whole");
        assert_eq!(rows, file.rows());
    });
}

/// The footer and the dictionary of its columns: what a file costs before its first row.
#[divan::bench]
fn open_file() -> ParquetFile {
    file()
}

fn file() -> ParquetFile {
    let objects =
        find(&[FOLDER.to_owned()], &Prune::default(), &S3Options::default()).expect("the shipped file").objects;
    match open(&objects[0], &Limits::default()) {
        Ok(Content::Parquet(bytes)) => ParquetFile::open(bytes).expect("a flow log"),
        other => panic!("the shipped file is {other:?}"),
    }
}
