//! Text: for any cut between two lines, the records, skipped lines and format are the same, as they are for other
//! spacing and line ends; every line is accounted for; and the requested columns do not affect their values.

use std::sync::Arc;

use outflow::decode::{Dictionary, Flows, Format, NoFormat, Skips, TextDecoder, Values, format_after};
use outflow::schema::{Column, ColumnSet};

use crate::seeds;

/// What the first bytes of an input ask for.
struct Options {
    /// Where the text is cut, as the number of a line.
    cut: u8,
    /// Which columns are wanted beside all.
    subset: ColumnSet,
    before: Option<Arc<Format>>,
    fallback: Option<Arc<Format>>,
}

impl Options {
    fn of([cut, subset, formats]: [u8; 3]) -> Self {
        let wanted = |column: &Column| (*column as u8).wrapping_mul(subset | 1) & 0x10 != 0;
        let short = || Format::of_header(b"start bytes log-status");
        Self {
            cut,
            subset: ColumnSet::decoded().iter().filter(wanted).fold(ColumnSet::default(), ColumnSet::with),
            before: (formats & 1 != 0).then(Format::default_v2),
            fallback: (formats & 2 != 0).then(short).flatten(),
        }
    }
}

pub(crate) fn run(input: &[u8]) {
    let Some((options, text)) = input.split_first_chunk() else { return };
    let options = Options::of(*options);
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let cut = usize::from(options.cut) % (lines.len() + 1);
    let (first, rest) = lines.split_at(cut);
    let mut dictionary = Dictionary::default();
    let all = ColumnSet::decoded();
    let whole = Decoded::of(&[text], all, &options, &mut dictionary);
    whole.check_account(text, &options);
    whole.check_same(&Decoded::of(&[&first.concat(), &rest.concat()], all, &options, &mut dictionary));
    let by_line = Decoded::of(&lines, all, &options, &mut dictionary);
    whole.check_same(&by_line);
    for spaced in [replaced(text, b' ', b"  "), replaced(text, b'\n', b" \r\n")] {
        whole.check_alike(&Decoded::of(&[&spaced], all, &options, &mut dictionary));
    }
    by_line.check_subset(&Decoded::of(&lines, options.subset, &options, &mut dictionary));
}

/// The text with different spaces or newlines.
fn replaced(text: &[u8], byte: u8, by: &[u8]) -> Vec<u8> {
    text.split_inclusive(|other| *other == byte)
        .flat_map(|part| match part.strip_suffix(&[byte]) {
            Some(part) => [part, by],
            None => [part, b""],
        })
        .flatten()
        .copied()
        .collect()
}

/// What came of a text that was decoded block by block.
struct Decoded {
    flows: Flows,
    skips: Skips,
    lines: u64,
    format: Option<Arc<Format>>,
    formats: Vec<Arc<Format>>,
    refused: Option<NoFormat>,
    /// How many rows there were after each block.
    rows: Vec<usize>,
}

impl Decoded {
    fn of(blocks: &[&[u8]], wanted: ColumnSet, options: &Options, dictionary: &mut Dictionary) -> Self {
        let mut decoder = TextDecoder::new(options.fallback.clone());
        let mut decoded = Self {
            flows: Flows::new(wanted),
            skips: Skips::new(true),
            lines: 0,
            format: options.before.clone(),
            formats: Vec::new(),
            refused: None,
            rows: Vec::new(),
        };
        for block in blocks {
            let mut skips = Skips::new(true);
            let before = decoded.format.clone();
            let lines = decoder.decode(block, &mut decoded.format, &mut decoded.flows, dictionary, &mut skips);
            decoded.skips.append(skips, decoded.lines);
            decoded.lines += lines;
            if before.is_some() {
                assert_eq!(format_after(block, before.as_ref()), decoded.format, "the reader foretells the format");
            }
            decoded.formats.extend(decoder.take_formats());
            decoded.rows.push(decoded.flows.rows());
        }
        decoded.refused = decoder.take_unformatted().filter(|_| decoded.format.is_none());
        decoded
    }

    /// Every line is a record, skipped, a header or blank.
    fn check_account(&self, text: &[u8], options: &Options) {
        if self.refused.is_some() {
            assert_eq!(self.flows.rows(), 0, "a refused text gives nothing");
            return;
        }
        let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).collect();
        let blanks = lines.iter().filter(|line| line.is_empty()).count();
        // The first format may come from a header or be assumed; the decoder does not expose which.
        let may_be_assumed = usize::from(options.before.is_none() && !self.formats.is_empty());
        let headers = self.formats.len();
        assert_eq!(self.lines, lines.len() as u64, "lines");
        let accounted = self.flows.rows() as u64 + self.skips.total() + (headers + blanks) as u64;
        let missing = accounted.checked_sub(self.lines);
        assert!(missing.is_some_and(|one| one <= may_be_assumed as u64), "rows, skips, headers and blanks");
        assert_eq!(self.skips.samples().len() as u64, self.skips.total(), "every skipped line is kept");
        for (_, values) in self.flows.columns() {
            assert_eq!(values.len(), self.flows.rows(), "every column has every row");
        }
    }

    fn check_same(&self, other: &Self) {
        self.check_alike(other);
        if self.refused.is_none() {
            assert_eq!(self.skips, other.skips);
        }
    }

    /// The same but for how the skipped lines are written.
    fn check_alike(&self, other: &Self) {
        assert_eq!(self.refused, other.refused);
        assert_eq!(self.format, other.format);
        if self.refused.is_none() {
            assert_eq!((self.lines, &self.formats), (other.lines, &other.formats));
            assert_eq!(self.skips.counts(), other.skips.counts());
            assert_eq!(self.flows.columns(), other.flows.columns());
        }
    }

    /// A line that is a record under both sets of columns has the same values.
    fn check_subset(&self, subset: &Self) {
        assert_eq!((&self.refused, &self.format), (&subset.refused, &subset.format));
        let (mut row, mut subset_row) = (0, 0);
        for (rows, subset_rows) in self.rows.iter().zip(&subset.rows) {
            if *rows > row && *subset_rows > subset_row {
                for (column, values) in subset.flows.columns() {
                    let all = self.flows.values(*column).map(|values| value(values, row));
                    assert_eq!(all, Some(value(values, subset_row)), "{column:?}");
                }
            }
            (row, subset_row) = (*rows, *subset_rows);
        }
    }
}

fn value(values: &Values, row: usize) -> u128 {
    match values {
        Values::Address(values) => values[row],
        Values::Big(values) => values[row].into(),
        Values::Small(values) | Values::Time(values) | Values::Text(values) => values[row].into(),
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let texts = [seeds::logs(), seeds::cases(".log"), seeds::cases("/000000")].concat();
    seeds::with_controls(&[&[2, 0xff, 0], &[1, 0x35, 3]], &texts)
}

/// Names of fields, and values with a meaning of their own.
pub(crate) fn words() -> Vec<String> {
    let names = ColumnSet::decoded().iter().map(|column| column.name().replace('_', "-"));
    let values =
        ["\n", "\r\n", "  ", " - ", "OK", "NODATA", "SKIPDATA", "ACCEPT", "REJECT", "2026-10-01T12:00:00.000Z "];
    let numbers =
        ["4294967295", "1125899906842624", "18446744073709551616", "::ffff:1.2.3.4", "::fffe:0:0", "10.0.0.1"];
    names.chain(values.into_iter().chain(numbers).map(str::to_owned)).collect()
}
