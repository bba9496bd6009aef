//! Text blocks → flows: the hot loop.
//!
//! A block is indexed once ([`super::scan`]); its lines are sorted into records, headers, blanks and malformed ones;
//! then each requested column is read from all records, in a tight loop per column. A line that is not exactly "fields
//! and single spaces" takes a slower path that tolerates real files: repeated spaces, CRLF, the time prefix of
//! CloudWatch exports. Fields are not interpreted here.

use std::sync::Arc;

use super::format::{Format, may_be_header};
use super::scan::Index;
use super::value;
use super::{Dictionary, Flows, Reason, Skips, Values, avx};
use crate::schema::{
    ABSENT_ADDRESS, ABSENT_BIG, ABSENT_SMALL, ABSENT_TEXT, ABSENT_TIME, Column, DEFAULT_FORMAT, TEXT_BYTES_MAX,
};
use crate::units::human;

/// Why an object's text cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoFormat {
    /// Fields of the first line.
    pub fields: usize,
}

impl std::fmt::Display for NoFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (fields, default) = (human::counted(self.fields as u64, "field"), DEFAULT_FORMAT.len());
        write!(f, "no header line, and the first line has {fields} where AWS's default format has {default}: ")?;
        f.write_str("not a flow log, or give its format with --format '${version} ${account-id} …'")
    }
}

/// Decodes blocks of text; one per worker, as it keeps buffers from block to block.
#[derive(Debug, Default)]
pub struct TextDecoder {
    index: Index,
    /// For each line of a block that had to be sorted, the place in the index of the start of the line after it.
    lines: Vec<u32>,
    records: Vec<Record>,
    /// Starts and ends of the fields of irregular lines.
    spans: Vec<(u32, u32)>,
    failures: Vec<Failure>,
    /// The format of text without a header line, if the user gave one.
    fallback: Option<Arc<Format>>,
    met: Vec<Arc<Format>>,
    /// The first line without a format.
    unformatted: Option<NoFormat>,
}

/// Where a record's fields are: in the index, or (irregular lines) among the spans.
#[derive(Clone, Copy, Debug)]
enum Record {
    Regular { first: u32 },
    Irregular { first: u32 },
}

#[derive(Debug)]
struct Failure {
    row: usize,
    reason: Reason,
    /// Whether a NODATA or SKIPDATA record may have it: its packet fields mean nothing.
    forgivable: bool,
}

/// The first of the lines that are still to be taken, and its first field in the index.
#[derive(Clone, Copy, Debug, Default)]
struct First {
    line: usize,
    field: u32,
}

/// A block being decoded.
struct Block<'a> {
    text: &'a [u8],
    flows: &'a mut Flows,
    dictionary: &'a mut Dictionary,
    skips: &'a mut Skips,
    /// Which rows of `flows` stay.
    keep: Vec<bool>,
}

impl TextDecoder {
    /// A decoder; `fallback` is the format of text without a header line, AWS's default where there is none.
    #[must_use]
    pub fn new(fallback: Option<Arc<Format>>) -> Self {
        Self { fallback, ..Self::default() }
    }

    /// The formats that came into effect since this was last asked.
    pub fn take_formats(&mut self) -> Vec<Arc<Format>> {
        std::mem::take(&mut self.met)
    }

    /// What was the first line without a format since this was last asked. An object that ends without one is no log.
    pub fn take_unformatted(&mut self) -> Option<NoFormat> {
        self.unformatted.take()
    }

    /// Appends the records of a block of whole lines to `flows` and its malformed lines to `skips`, which counts
    /// lines from 1. `format` is the one in effect and may change at a header line. Returns the number of lines.
    ///
    /// As long as none is in effect, lines that are neither a header nor a record of the default format are skipped:
    /// see [`Self::take_unformatted`].
    pub fn decode(
        &mut self,
        text: &[u8],
        format: &mut Option<Arc<Format>>,
        flows: &mut Flows,
        dictionary: &mut Dictionary,
        skips: &mut Skips,
    ) -> u64 {
        self.index.scan(text);
        // A separator at either end of the block leaves an empty field as well as two that follow each other do.
        let ends = [text.first(), text.last().filter(|last| **last != b'\n')];
        self.index.has_runs |= ends.into_iter().flatten().any(|byte| *byte <= b' ');
        let ends_within_line = text.last().is_some_and(|last| *last != b'\n');
        if ends_within_line {
            self.index.end_field(text);
        }
        let lines = self.index.newlines() + usize::from(ends_within_line);
        let mut block = Block { text, keep: vec![true; flows.rows()], flows, dictionary, skips };
        let first = self.take_header(format, &mut block);
        if !self.all_regular(text, first, lines, format.as_deref()) {
            self.sort_lines(first, format, &mut block);
        }
        self.finish_run(format.as_ref(), &mut block);
        if block.keep.contains(&false) {
            block.flows.retain(&block.keep);
        }
        block.skips.sort();
        lines as u64
    }

    /// Whether every line is a record of just the format's fields with single spaces between them, as in nearly all
    /// blocks; then they are collected, without a look at how their fields are spread over the lines.
    fn all_regular(&mut self, text: &[u8], from: First, lines: usize, format: Option<&Format>) -> bool {
        let Some(fields) = format.map(|format| format.fields().len()) else { return false };
        let (starts, lines) = (&self.index.starts()[from.field as usize..], lines - from.line);
        if self.index.has_runs || starts.len() != lines * fields + 1 {
            return false;
        }
        let is_record = |line: &[u32]| {
            let end = line[fields] as usize - 1;
            text.get(end).is_none_or(|byte| *byte == b'\n') && !may_be_header(&text[line[0] as usize..])
        };
        self.lines.clear();
        let is_regular = (0..lines).all(|line| is_record(&starts[line * fields..=(line + 1) * fields]));
        if is_regular {
            self.records.extend((0..lines).map(|line| Record::Regular { first: from.field + place(line * fields) }));
        }
        is_regular
    }

    /// Takes a header line that the block starts with, as the first block of an object does; says what is next.
    fn take_header(&mut self, format: &mut Option<Arc<Format>>, block: &mut Block<'_>) -> First {
        if self.index.has_runs || !may_be_header(block.text) {
            return First::default();
        }
        let Some(length) = memchr::memchr(b'\n', block.text) else { return First::default() };
        let next = self.index.starts().partition_point(|start| *start as usize <= length);
        self.irregular(0, 0, place(next), format, block);
        First { line: 1, field: place(next) }
    }

    /// Sorts the lines into records, headers, blanks and malformed ones.
    fn sort_lines(&mut self, from: First, format: &mut Option<Arc<Format>>, block: &mut Block<'_>) {
        self.find_lines(block.text);
        let mut first = from.field;
        for line in from.line..self.lines.len() {
            let next = self.lines[line];
            if let Some(first) = self.regular(block.text, first, next, format.as_deref()) {
                self.records.push(Record::Regular { first });
            } else {
                self.irregular(line, first, next, format, block);
            }
            first = next;
        }
    }

    /// Looks for the ends of the lines, which most blocks need not know.
    fn find_lines(&mut self, text: &[u8]) {
        self.index.lines(text, &mut self.lines);
        if text.last().is_some_and(|last| *last != b'\n') {
            self.lines.push(place(self.index.starts().len() - 1));
        }
    }

    /// The place in the index of the first field of a line that has just the format's fields and single spaces, but
    /// for a time in front and a carriage return at the end; the line's fields start in `first..next`.
    #[inline]
    fn regular(&self, text: &[u8], mut first: u32, mut next: u32, format: Option<&Format>) -> Option<u32> {
        let starts = self.index.starts();
        let expected = format?.fields().len();
        if self.index.has_runs && starts[next as usize] - starts[next as usize - 1] == 1 && next > first + 1 {
            next -= u32::from(text.get(starts[next as usize - 1] as usize - 1) == Some(&b'\r'));
        }
        if (next - first) as usize == expected + 1
            && is_timestamp(field(text, starts, &[], Record::Regular { first }, 0))
        {
            first += 1;
        }
        let has_empty_field = || starts[first as usize..=next as usize].windows(2).any(|pair| pair[1] - pair[0] == 1);
        let regular = (next - first) as usize == expected
            && !(self.index.has_runs && has_empty_field())
            && !may_be_header(&text[starts[first as usize] as usize..]);
        regular.then_some(first)
    }

    /// A line that is not exactly fields and single spaces: a header, blank, tolerable, or malformed.
    fn irregular(
        &mut self,
        line: usize,
        first: u32,
        next: u32,
        format: &mut Option<Arc<Format>>,
        block: &mut Block<'_>,
    ) {
        let start = self.index.starts()[first as usize] as usize;
        let text = &block.text[start..self.index.starts()[next as usize] as usize - 1];
        if text.trim_ascii().is_empty() {
            return;
        }
        // The first line is always asked, for a field that AWS added may have digits in its name as ids have.
        if (format.is_none() || may_be_header(text.trim_ascii_start()))
            && let Some(header) = Format::of_header(text)
        {
            self.finish_run(format.as_ref(), block);
            self.met.push(Arc::clone(&header));
            *format = Some(header);
            return;
        }
        // The same bytes separate here as in the index.
        let mut tokens: Vec<&[u8]> = text.split(|byte| *byte <= b' ').filter(|token| !token.is_empty()).collect();
        let stamped = tokens.first().is_some_and(|token| is_timestamp(token));
        if format.is_none() {
            *format = self.assumed(&tokens[usize::from(stamped)..]);
            self.met.extend(format.clone());
        }
        if format.is_none() {
            self.unformatted.get_or_insert(NoFormat { fields: tokens.len() });
        }
        let expected = format.as_ref().map(|format| format.fields().len());
        if stamped && expected.is_some_and(|expected| tokens.len() == expected + 1) {
            tokens.remove(0);
        }
        if expected != Some(tokens.len()) {
            block.skips.add(line as u64 + 1, Reason::FieldCount, text.trim_ascii_end());
            return;
        }
        let first = place(self.spans.len());
        for token in tokens {
            let from = start + (token.as_ptr().addr() - text.as_ptr().addr());
            self.spans.push((place(from), place(from + token.len())));
        }
        self.records.push(Record::Irregular { first });
    }

    /// The format of text without a header line: the one the user gave, or AWS's default if the line is such a record.
    fn assumed(&self, tokens: &[&[u8]]) -> Option<Arc<Format>> {
        let ends_well = tokens.last().is_some_and(|last| matches!(*last, b"OK" | b"NODATA" | b"SKIPDATA"));
        let is_default = ends_well && tokens.len() == DEFAULT_FORMAT.len();
        self.fallback.clone().or_else(|| is_default.then(Format::default_v2))
    }

    /// Reads the wanted columns of the records collected under one format.
    fn finish_run(&mut self, format: Option<&Arc<Format>>, block: &mut Block<'_>) {
        let rows_before = block.flows.rows();
        let rows = rows_before + self.records.len();
        if let Some(format) = format.filter(|_| rows > rows_before) {
            let columns: Vec<Column> = block.flows.columns().iter().map(|(column, _)| *column).collect();
            for column in columns {
                if let Some(place) = format.place(column) {
                    self.column(column, place, block);
                }
            }
            if let Some(column) = format.repeated() {
                let reason = Reason::FieldTwice(column);
                self.failures = (rows_before..rows).map(|row| Failure { row, reason, forgivable: false }).collect();
            }
        }
        block.flows.set_rows(rows);
        block.keep.resize(rows, true);
        self.settle_failures(rows_before, block);
        self.records.clear();
        self.spans.clear();
    }

    /// Reads one column of every record.
    fn column(&mut self, column: Column, place: usize, block: &mut Block<'_>) {
        let text = block.text;
        let dictionary = &mut *block.dictionary;
        let Some(values) = block.flows.values_mut(column) else { return };
        let forgivable = !matches!(column, Column::Start | Column::End | Column::LogStatus);
        let fail = |reason| (reason, forgivable);
        match values {
            Values::Address(out) => self.addresses(text, place, out, fail(Reason::Address(column))),
            Values::Small(out) => {
                let most = value::small_max(column);
                let small = |number| value::small(number).filter(|number| *number <= most);
                self.each(text, place, out, ABSENT_SMALL, fail(Reason::Number(column)), small);
            }
            Values::Big(out) => {
                self.each(text, place, out, ABSENT_BIG, fail(Reason::Number(column)), value::big);
            }
            Values::Time(out) => {
                self.each(text, place, out, ABSENT_TIME, fail(Reason::Number(column)), value::time);
            }
            Values::Text(out) => self.texts(text, place, out, column, dictionary),
        }
    }

    /// The hot loop: one column of numbers of every record.
    #[inline]
    fn each<T: Copy>(
        &mut self,
        text: &[u8],
        place: usize,
        out: &mut Vec<T>,
        absent: T,
        failure: (Reason, bool),
        parse: impl Fn(u64) -> Option<T>,
    ) {
        let Self { index, records, spans, failures, .. } = self;
        let starts = index.starts();
        out.reserve(records.len());
        for record in records.iter() {
            let (start, end) = span(starts, spans, *record, place);
            let value = value::number_at(text, start, end).and_then(&parse);
            out.push(value.unwrap_or_else(|| missed(&text[start..end], out.len(), absent, failure, failures)));
        }
    }

    /// The hot loop for addresses, most of which are IPv4.
    fn addresses(&mut self, text: &[u8], place: usize, out: &mut Vec<u128>, failure: (Reason, bool)) {
        let Self { index, records, spans, failures, .. } = self;
        let starts = index.starts();
        let fields = records.iter().map(|record| span(starts, spans, *record, place));
        out.reserve(records.len());
        avx::ipv4_addresses(text, fields, |(start, end), ipv4| {
            let address = ipv4.map(value::of_ipv4).or_else(|| value::parse_address(&text[start..end]));
            out.push(
                address.unwrap_or_else(|| missed(&text[start..end], out.len(), ABSENT_ADDRESS, failure, failures)),
            );
        });
    }

    /// A text column: neighbours are often equal, so the one before is compared first.
    fn texts(&mut self, text: &[u8], place: usize, out: &mut Vec<u32>, column: Column, dictionary: &mut Dictionary) {
        let before = out.len();
        out.reserve(self.records.len());
        let (mut last, mut last_code): (&[u8], u32) = (b"-", ABSENT_TEXT);
        for (row, record) in self.records.iter().enumerate() {
            let field = field(text, self.index.starts(), &self.spans, *record, place);
            if !value::same(field, last) {
                last = field;
                last_code = match field.len() {
                    length if length > TEXT_BYTES_MAX => ABSENT_TEXT,
                    _ if column.is_tag() => dictionary.code(&value::decode_tag(field)),
                    _ => dictionary.code(field),
                };
                let too_long = (field.len() > TEXT_BYTES_MAX).then_some(Reason::TextLength(column));
                if let Some(reason) = too_long.or_else(|| refused(column, last_code)) {
                    // The next line is judged independently, so no state is kept.
                    last = b"-";
                    last_code = ABSENT_TEXT;
                    self.failures.push(Failure { row: before + row, reason, forgivable: column != Column::LogStatus });
                }
            }
            out.push(last_code);
        }
    }

    /// Leaves out the records with a field that could not be read, unless the field means nothing in them.
    fn settle_failures(&mut self, rows_before: usize, block: &mut Block<'_>) {
        if !self.failures.is_empty() && self.lines.is_empty() {
            self.find_lines(block.text);
        }
        self.failures.sort_by_key(|failure| failure.row);
        let statuses = block.flows.smalls(Column::LogStatus).unwrap_or(&[]);
        for failure in &self.failures {
            let quiet = matches!(statuses.get(failure.row), Some(&(Dictionary::NODATA | Dictionary::SKIPDATA)));
            if !block.keep[failure.row] || (quiet && failure.forgivable) {
                continue;
            }
            block.keep[failure.row] = false;
            let record = self.records[failure.row - rows_before];
            let (from, line) = self.line_of(record);
            let end = memchr::memchr(b'\n', &block.text[from..]).map_or(block.text.len(), |length| from + length);
            let text = block.text[from..end].trim_ascii_end();
            block.skips.add(line, failure.reason, text);
        }
        self.failures.clear();
    }

    /// Where a record's line starts, and its number in the block.
    fn line_of(&self, record: Record) -> (usize, u64) {
        let start = match record {
            Record::Regular { first } => self.index.starts()[first as usize],
            Record::Irregular { first } => self.spans[first as usize].0,
        };
        let starts = self.index.starts();
        let line = self.lines.partition_point(|next| starts[*next as usize] <= start);
        let line_start = if line == 0 { 0 } else { starts[self.lines[line - 1] as usize] };
        (line_start as usize, line as u64 + 1)
    }
}

/// The start and the end of a record's field.
#[inline]
fn span(starts: &[u32], spans: &[(u32, u32)], record: Record, place: usize) -> (usize, usize) {
    match record {
        Record::Regular { first } => {
            let first = first as usize + place;
            (starts[first] as usize, (starts[first + 1] - 1) as usize)
        }
        Record::Irregular { first } => {
            let (start, end) = spans[first as usize + place];
            (start as usize, end as usize)
        }
    }
}

#[inline]
fn field<'a>(text: &'a [u8], starts: &[u32], spans: &[(u32, u32)], record: Record, place: usize) -> &'a [u8] {
    let (start, end) = span(starts, spans, record, place);
    &text[start..end]
}

/// The value for an unreadable field, which is an error unless it is absent.
#[cold]
fn missed<T>(field: &[u8], row: usize, absent: T, (reason, forgivable): (Reason, bool), to: &mut Vec<Failure>) -> T {
    if field != b"-" {
        to.push(Failure { row, reason, forgivable });
    }
    absent
}

/// A place in a block: those of at most [`super::scan::BLOCK_BYTES_MAX`] bytes fit.
fn place(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// Whether a token is a time as CloudWatch's export puts it before each line: `2025-02-25T12:25:04.000Z`.
fn is_timestamp(token: &[u8]) -> bool {
    let shape = b"dddd-dd-ddTdd:dd:dd";
    token.len() > shape.len()
        && token.last() == Some(&b'Z')
        && shape.iter().zip(token).all(|(s, t)| if *s == b'd' { t.is_ascii_digit() } else { s == t })
}

/// Why a text cannot stand in a column that has a closed set of values.
fn refused(column: Column, code: u32) -> Option<Reason> {
    match (column, code) {
        (_, Dictionary::ABSENT)
        | (Column::LogStatus, Dictionary::OK | Dictionary::NODATA | Dictionary::SKIPDATA)
        | (Column::Action, Dictionary::ACCEPT | Dictionary::REJECT) => None,
        (Column::LogStatus, _) => Some(Reason::Status),
        (Column::Action, _) => Some(Reason::Action),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
