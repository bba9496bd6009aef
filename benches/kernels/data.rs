//! What the benchmarks run over: text as the generator writes it, a block of it decoded, and made-up flows.

use std::fs;
use std::sync::Arc;

use outflow::collect::BLOCK_BYTES;
use outflow::decode::{Dictionary, Flows, Format, Skips, TextDecoder, Values};
use outflow::schema::{Column, ColumnSet};

use crate::flowgen::{self, Options};

/// Records generated: more than a block holds, in every format.
const RECORDS: u32 = 4000;
/// Rows of a block of made-up flows.
const BLOCK_ROWS: u32 = 4096;
/// IPv4 in IPv6, as the columns hold it.
const IPV4: u128 = 0xffff_0000_0000;

/// A block of whole lines in a format, without its header line.
pub(crate) struct Text {
    pub(crate) format: Arc<Format>,
    pub(crate) block: Vec<u8>,
}

impl Text {
    /// A block of the size that files are read in.
    pub(crate) fn generate(format: &str) -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let flags = format!("--format {format} --records {RECORDS} --encoding plain --layout flat --accounts 1");
        let words = flags.split(' ').map(str::to_owned).chain(["--regions".to_owned(), "1".to_owned()]);
        let out = ["--out".to_owned(), folder.path().display().to_string()];
        let options = Options::parse(words.chain(out)).expect("flags of the generator");
        flowgen::run(&options).expect("logs are written");
        let file = fs::read_dir(folder.path()).expect("the folder").next().expect("a file").expect("a file");
        let text = fs::read(file.path()).expect("the file is read");
        let header = text.iter().position(|byte| *byte == b'\n').expect("a header line");
        let lines = &text[header + 1..];
        let whole = lines[..BLOCK_BYTES.min(lines.len())].iter().rposition(|byte| *byte == b'\n');
        Self {
            format: Format::of_header(&text[..header]).expect("a header line"),
            block: lines[..=whole.expect("a line")].to_vec(),
        }
    }

    /// The same lines, each changed.
    pub(crate) fn by_line(self, change: impl Fn(&str) -> String) -> Self {
        let text = String::from_utf8(self.block).expect("text");
        Self { format: self.format, block: text.lines().map(change).collect::<String>().into_bytes() }
    }

    /// Its columns, the first `most` of those that most questions need.
    pub(crate) fn columns(&self, most: usize) -> ColumnSet {
        let fields = || self.format.fields().iter().filter_map(|field| field.column);
        let asked = [Column::Srcaddr, Column::Dstaddr, Column::Bytes];
        asked.into_iter().chain(fields()).take(most).fold(ColumnSet::default(), ColumnSet::with)
    }

    /// Its records.
    pub(crate) fn decode(&self, columns: ColumnSet) -> (Flows, Dictionary) {
        let (mut flows, mut dictionary) = (Flows::new(columns), Dictionary::default());
        let (mut decoder, mut skips) = (TextDecoder::default(), Skips::default());
        let mut format = Some(Arc::clone(&self.format));
        let lines = decoder.decode(&self.block, &mut format, &mut flows, &mut dictionary, &mut skips);
        assert_eq!(lines, flows.rows() as u64, "a line was left out");
        (flows, dictionary)
    }
}

/// Blocks of flows between as many pairs of addresses as there are keys, in no order.
pub(crate) fn made_up(rows: u32, keys: u32, ipv6: bool, columns: ColumnSet) -> Vec<Flows> {
    let blocks = 0..rows.div_ceil(BLOCK_ROWS);
    blocks
        .map(|block| made_up_block(block * BLOCK_ROWS..((block + 1) * BLOCK_ROWS).min(rows), keys, ipv6, columns))
        .collect()
}

fn made_up_block(rows: std::ops::Range<u32>, keys: u32, ipv6: bool, columns: ColumnSet) -> Flows {
    let mut flows = Flows::new(columns);
    let prefix = if ipv6 { 0x2600_1f18_u128 << 96 } else { IPV4 };
    // Both multiplications are one to one (by a prime, modulo the keys; by an odd number, modulo 2³²), so there are
    // as many addresses as keys.
    let key = |row: u32| row % keys * 7919 % keys;
    let spread = |row: u32, odd: u32| key(row).wrapping_mul(odd);
    for column in columns.iter() {
        match flows.values_mut(column).expect("a column that was asked for") {
            Values::Address(values) => {
                let odd = if column == Column::Srcaddr { 0x85eb_ca6b } else { 0xc2b2_ae35 };
                values.extend(rows.clone().map(|row| prefix | u128::from(spread(row, odd))));
            }
            Values::Small(values) => values.extend(rows.clone().map(|row| spread(row, 1) & 0xffff)),
            Values::Big(values) => values.extend(rows.clone().map(|row| u64::from(row) + 40)),
            Values::Time(values) | Values::Text(values) => values.extend(rows.clone().map(|_| 0)),
        }
    }
    flows.set_rows(rows.len());
    flows
}
