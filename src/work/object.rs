//! One object: open it, cut it into blocks, decode them here or leave them to a free thread.

use std::sync::Arc;

use rayon::Scope;

use super::scan::{Running, Take, Worker};
use crate::collect::{Block, Content, Ending, Lines};
use crate::decode::parquet::{ParquetFault, ParquetFile, Shape, is_output};
use crate::decode::{
    Dictionary, Flows, Format, FormatField, NoFormat, Reason, Repeats, Skips, format_after, is_table, unwrap_messages,
};
use crate::group::Held;
use crate::schema::Column;

/// Blocks of text that may pass without a header or a record of the default format: an object without either in its
/// first mebibytes is no log, and need not be read to its end.
const UNFORMATTED_BLOCKS_MAX: u64 = 16;

/// What became of an object.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// How it is written, once that is known.
    pub(super) written: Option<Written>,
    /// The formats met.
    pub(super) formats: Vec<Arc<Format>>,
    /// What became of its blocks, until that is settled.
    pub(super) blocks: Vec<BlockOutcome>,
    /// Lines or rows.
    pub(super) lines: u64,
    /// Well-formed records.
    pub(super) records: u64,
    /// Lines left out.
    pub(super) skips: Skips,
    /// Events that were delivered more than once, and count once.
    pub(super) repeated: u64,
    /// Its first line without a format.
    unformatted: Option<NoFormat>,
    /// Its error, if any.
    pub(super) problem: Option<String>,
    /// Whether this program wrote it, and what that means.
    pub(super) output: Option<Output>,
}

/// What becomes of an object that this program wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// It is left out: what it was made of may be among the inputs.
    Skipped,
    /// It was asked for.
    Read,
}

/// How an object is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Empty,
    Text,
    Json,
    Parquet,
    Ocsf,
}

impl Written {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Text => "text",
            Self::Json => "json",
            Self::Parquet => "parquet",
            Self::Ocsf => "ocsf parquet",
        }
    }
}

/// A JSON object being read.
#[derive(Default)]
struct Json {
    /// Read and not unwrapped yet.
    pending: Vec<u8>,
    /// How much must be pending before unwrapping is worth a try.
    retry_bytes: usize,
    format: Option<Arc<Format>>,
    blocks: u64,
    /// Whether there was a message.
    found: bool,
    /// Blocks in which something was no message.
    skipped: Vec<BlockOutcome>,
    /// Lists that began and have not ended.
    lists: i64,
    /// The events met.
    repeats: Repeats,
}

/// What became of a block.
#[derive(Debug)]
pub(super) struct BlockOutcome {
    /// Its place among the object's blocks.
    pub(super) place: u64,
    pub(super) lines: u64,
    pub(super) records: u64,
    pub(super) skips: Skips,
}

impl Outcome {
    /// Adds the result of a block. Consecutive blocks without skips, which is nearly all of them, are stored as one:
    /// there may be millions of objects and blocks.
    pub(super) fn add_block(&mut self, block: BlockOutcome) {
        let follows =
            |last: &&mut BlockOutcome| last.place + 1 == block.place && last.skips.total() + block.skips.total() == 0;
        match self.blocks.last_mut().filter(follows) {
            Some(last) => {
                last.place = block.place;
                last.lines += block.lines;
                last.records += block.records;
            }
            None => {
                self.blocks.reserve_exact(usize::from(self.blocks.is_empty()));
                self.blocks.push(block);
            }
        }
    }

    /// Joins what became of the blocks, in their order.
    pub(super) fn settled(mut self) -> Self {
        self.blocks.sort_by_key(|block| block.place);
        for block in std::mem::take(&mut self.blocks) {
            self.skips.append(block.skips, self.lines);
            self.lines += block.lines;
            self.records += block.records;
        }
        self.formats.sort_by_cached_key(|format| format.header());
        self
    }

    /// The fields met, each once per format that has it.
    pub(super) fn fields(&self) -> impl Iterator<Item = &FormatField> {
        self.formats.iter().flat_map(|format| format.fields())
    }

    fn meet(&mut self, formats: impl IntoIterator<Item = Arc<Format>>) {
        for format in formats {
            if !self.formats.contains(&format) {
                self.formats.push(format);
            }
        }
    }
}

impl<T: Take> Running<'_, T> {
    pub(super) fn read_object<'s>(&'s self, place: usize, scope: &Scope<'s>) {
        self.note(place, |outcome| outcome.skips = self.new_skips());
        match self.ahead.open(place, &self.scan.job.limits) {
            Ok(Content::Empty) => {
                self.note(place, |outcome| outcome.written = Some(Written::Empty));
                self.fail(place, "empty file; a flow log has at least a header line".to_owned());
            }
            Ok(Content::Lines(lines)) => self.read_text(place, lines, scope),
            Ok(Content::Json(lines)) => self.read_json(place, lines),
            Ok(Content::Parquet(bytes)) => match ParquetFile::open(Arc::clone(&bytes)) {
                Ok(file) if file.is_output() && self.skips_output(place) => {}
                Ok(file) => self.read_parquet(place, &file, scope),
                Err(_) if is_output(&*bytes) && self.skips_output(place) => {}
                Err(fault) => self.fail(place, fault.to_string()),
            },
            Err(error) => self.fail(place, error.to_string()),
        }
    }

    /// Whether an output of this program is left out, which is noted: unless it is named itself.
    fn skips_output(&self, place: usize) -> bool {
        let asked = self.scan.job.copies || self.scan.objects[place].named;
        let output = if asked { Output::Read } else { Output::Skipped };
        self.note(place, |outcome| outcome.output = Some(output));
        output == Output::Skipped
    }

    fn read_text<'s>(&'s self, place: usize, mut lines: Lines, scope: &Scope<'s>) {
        self.note(place, |outcome| outcome.written = Some(Written::Text));
        let (mut format, mut blocks, mut stored_bytes) = (None, 0, 0);
        let mut buffer = self.buffer();
        while let Some(kind) = lines.next_block(&mut buffer).filter(|_| !self.is_stopped()) {
            self.scan.progress.add_stored_bytes(lines.stored_bytes_read() - stored_bytes);
            stored_bytes = lines.stored_bytes_read();
            // What has AWS's name, which has the flow log's id, is a log whatever it looks like.
            let is_named_log = || self.scan.objects[place].key.flow_log.is_some();
            if blocks == 0 && !is_named_log() && is_table(&buffer) && self.skips_output(place) {
                return self.recycle(buffer);
            }
            match kind {
                Block::LongLine { .. } => self.note_long_line(place, blocks, &buffer),
                Block::Lines if format.is_some() && self.wants_help() => {
                    let mut before = format.clone();
                    format = format_after(&buffer, format.as_ref());
                    let block = std::mem::replace(&mut buffer, self.buffer());
                    self.spawn(scope, move |worker| {
                        self.decode_text(worker, place, blocks, &block, &mut before);
                        self.recycle(block);
                    });
                }
                Block::Lines => {
                    self.with_worker(|worker| self.decode_text(worker, place, blocks, &buffer, &mut format));
                }
            }
            blocks += 1;
            if format.is_none() && blocks >= UNFORMATTED_BLOCKS_MAX {
                break;
            }
        }
        self.recycle(buffer);
        if !self.is_stopped() {
            self.note_ending(place, lines.ending());
            self.refuse_unformatted(place, format.as_ref());
        }
    }

    /// JSON is unwrapped block by block; the remainder of a block is the start of an object and is kept for the next.
    fn read_json(&self, place: usize, mut lines: Lines) {
        self.note(place, |outcome| outcome.written = Some(Written::Json));
        let (mut json, mut block) = (Json::default(), self.buffer());
        while lines.next_piece(&mut block) {
            json.pending.extend_from_slice(&block);
            // An object that does not end is looked at again only when there is twice as much of it.
            let full = json.pending.len() > self.scan.job.limits.json_line_bytes;
            if full || json.pending.len() >= json.retry_bytes {
                self.unwrap_json(place, &mut json, full);
            }
        }
        self.recycle(block);
        self.scan.progress.add_stored_bytes(lines.stored_bytes_read());
        self.unwrap_json(place, &mut json, true);
        self.note(place, |outcome| outcome.repeated = json.repeats.count);
        self.note_ending(place, lines.ending());
        if !json.found && !json.skipped.is_empty() {
            self.fail(place, "is JSON without a `message` or `logEvents`: not an AWS flow log".to_owned());
        }
        self.refuse_unformatted(place, json.format.as_ref());
    }

    fn unwrap_json(&self, place: usize, json: &mut Json, last: bool) {
        let (mut skips, mut text) = (self.new_skips(), self.buffer());
        text.clear();
        let unwrapped = unwrap_messages(&json.pending, last, &mut json.repeats, &mut text, &mut skips);
        json.pending.drain(..unwrapped.bytes);
        json.lists += unwrapped.lists;
        if last && json.lists != 0 && skips.total() == 0 {
            // What is missing of a list that was cut between its items nobody knows.
            let cause: &[u8] = if json.lists > 0 { b"a list is cut off" } else { b"`]` without a list" };
            skips.add(unwrapped.messages + 1, Reason::Json, cause);
        }
        json.retry_bytes = json.pending.len() * 2;
        if skips.total() > 0 {
            json.skipped.push(BlockOutcome { place: json.blocks, lines: 0, records: 0, skips });
        }
        json.found |= unwrapped.messages > 0;
        if json.found {
            // Until there is a message, it may be another program's JSON, which has no malformed lines but is foreign.
            json.skipped.drain(..).for_each(|skipped| self.note_block(place, skipped));
        }
        json.blocks += 2;
        self.with_worker(|worker| self.decode_text(worker, place, json.blocks - 1, &text, &mut json.format));
        self.recycle(text);
    }

    /// Marks an object without a recognised format as not a log; its lines are foreign instead of malformed.
    fn refuse_unformatted(&self, place: usize, format: Option<&Arc<Format>>) {
        self.note(place, |outcome| {
            if let Some(refused) = outcome.unformatted.take().filter(|_| format.is_none()) {
                outcome.blocks.clear();
                outcome.problem = Some(refused.to_string());
            }
        });
    }

    fn decode_text(
        &self,
        worker: &mut Worker<T>,
        place: usize,
        block: u64,
        text: &[u8],
        format: &mut Option<Arc<Format>>,
    ) {
        let Worker { decoder, dictionary, flows, taker, .. } = worker;
        flows.clear();
        let mut skips = self.new_skips();
        let lines = decoder.decode(text, format, flows, dictionary, &mut skips);
        let formats: Vec<_> = decoder.take_formats().into_iter().map(|format| self.shared(format)).collect();
        self.note(place, |outcome| {
            outcome.meet(formats);
            outcome.unformatted = outcome.unformatted.take().or(decoder.take_unformatted());
        });
        self.note_block(place, BlockOutcome { place: block, lines, records: flows.rows() as u64, skips });
        self.hand_on(place, flows, dictionary, taker);
        self.count_memory(worker);
    }

    /// Ends the scan if what the worker keeps has no room any more.
    fn count_memory(&self, worker: &Worker<T>) {
        if let Err(failure) = worker.share.set(worker.dictionary.bytes() + worker.taker.bytes()) {
            self.stop(failure);
        }
    }

    fn read_parquet<'s>(&'s self, place: usize, file: &ParquetFile, scope: &Scope<'s>) {
        let written = if matches!(file.shape(), Shape::Flat) { Written::Parquet } else { Written::Ocsf };
        let format = self.shared(Arc::new(Format::of_fields(file.fields().to_vec())));
        self.note(place, |outcome| {
            outcome.written = Some(written);
            outcome.meet([format]);
        });
        let (groups, stored_bytes) = (file.row_groups(), self.scan.objects[place].stored_bytes);
        for group in (0..groups).take_while(|_| !self.is_stopped()) {
            let file = file.clone();
            let read = move |worker: &mut Worker<T>| self.decode_row_group(worker, place, &file, group);
            if self.wants_help() && group + 1 < groups {
                self.spawn(scope, read)
            } else {
                self.with_worker(read)
            }
            self.scan.progress.add_stored_bytes(stored_bytes / groups as u64);
        }
    }

    fn decode_row_group(&self, worker: &mut Worker<T>, place: usize, file: &ParquetFile, group: usize) {
        let Worker { dictionary, flows, taker, .. } = worker;
        let (mut records, mut skips) = (0, self.new_skips());
        let mut held = Held::of(self.scan.job.memory());
        let mut room = |needed_bytes| {
            let held = held.hold(usize::try_from(needed_bytes).unwrap_or(usize::MAX));
            held.map_err(|most_bytes| ParquetFault::Memory { needed_bytes, most_bytes })
        };
        let read = file.read_row_group(group, (flows, dictionary), &mut room, &mut |flows, dictionary, skipped| {
            records += flows.rows() as u64;
            skips.append(skipped, 0);
            self.hand_on(place, flows, dictionary, taker);
        });
        let lines = records + skips.total();
        self.note_block(place, BlockOutcome { place: group as u64, lines, records, skips });
        drop(held);
        if let Err(cause) = read {
            self.fail(place, format!("row group {}: {cause}", group + 1));
        }
        self.count_memory(worker);
    }

    /// Passes a block to the taker, completed with account, region and flow log from the object's key.
    fn hand_on(&self, place: usize, flows: &mut Flows, dictionary: &mut Dictionary, taker: &mut T) {
        let key = &self.scan.objects[place].key;
        let given =
            [(Column::AccountId, &key.account), (Column::Region, &key.region), (Column::FlowLogId, &key.flow_log)];
        for (column, value) in given {
            if let Some(value) = value {
                flows.complete_texts(column, dictionary.code(value.as_bytes()));
            }
        }
        taker.take(place, flows, dictionary);
    }

    fn new_skips(&self) -> Skips {
        Skips::new(self.scan.job.keep_malformed)
    }

    fn note_long_line(&self, place: usize, block: u64, start: &[u8]) {
        let mut skips = self.new_skips();
        skips.add(1, Reason::LineLength, start);
        self.note_block(place, BlockOutcome { place: block, lines: 1, records: 0, skips });
    }

    fn note_ending(&self, place: usize, ending: &Ending) {
        if *ending != Ending::Complete {
            self.fail(place, format!("{ending}; earlier records are counted"));
        }
    }

    fn fail(&self, place: usize, cause: String) {
        tracing::warn!(name = ?self.scan.objects[place].name, ?cause, "an object could not be read completely");
        self.note(place, |outcome| outcome.problem = Some(cause));
    }
}
