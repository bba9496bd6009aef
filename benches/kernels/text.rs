//! Text → columns: by format, by how many columns are wanted, and for lines that are not as AWS writes them.

use std::fmt;
use std::sync::Arc;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use outflow::decode::{Dictionary, Flows, Skips, TextDecoder};
use outflow::schema::ColumnSet;

use crate::data::Text;

/// A format and how many of its columns are wanted; of none, what is left is the index and the sorting of lines.
struct Case {
    format: &'static str,
    columns: usize,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.columns {
            0 => write!(f, "{}, index and lines alone", self.format),
            usize::MAX => write!(f, "{}, all columns", self.format),
            columns => write!(f, "{}, {columns} columns", self.format),
        }
    }
}

const CASES: [Case; 9] = [
    Case { format: "v2", columns: 0 },
    Case { format: "v2", columns: 3 },
    Case { format: "v2", columns: usize::MAX },
    Case { format: "v5", columns: 0 },
    Case { format: "v5", columns: 3 },
    Case { format: "v5", columns: usize::MAX },
    Case { format: "v11", columns: 0 },
    Case { format: "v11", columns: 3 },
    Case { format: "v11", columns: usize::MAX },
];

#[divan::bench(args = CASES)]
fn decode(bencher: Bencher<'_, '_>, case: &Case) {
    let text = Text::generate(case.format);
    run(bencher, &text, text.columns(case.columns));
}

#[divan::bench(args = ["carriage returns", "double spaces", "times in front", "every tenth malformed"])]
fn decode_irregular(bencher: Bencher<'_, '_>, kind: &str) {
    let change = |line: &str| match kind {
        "carriage returns" => format!("{line}\r\n"),
        "double spaces" => format!("{}\n", line.replace(' ', "  ")),
        "times in front" => format!("2026-10-01T00:00:00.000Z {line}\n"),
        _ if line.ends_with("0 ACCEPT OK") => format!("{line} more\n"),
        _ => format!("{line}\n"),
    };
    let text = Text::generate("v2").by_line(change);
    run(bencher, &text, text.columns(3));
}

fn run(bencher: Bencher<'_, '_>, text: &Text, columns: ColumnSet) {
    let (mut decoder, mut flows, mut dictionary) = (TextDecoder::default(), Flows::new(columns), Dictionary::default());
    let lines = text.block.split(|byte| *byte == b'\n').count() - 1;
    bencher.counter(BytesCount::of_slice(&text.block)).counter(ItemsCount::new(lines)).bench_local(|| {
        flows.clear();
        let (mut format, mut skips) = (Some(Arc::clone(&text.format)), Skips::default());
        decoder.decode(&text.block, &mut format, &mut flows, &mut dictionary, &mut skips);
        skips
    });
}
