//! Files → groups, handed to the shared tables.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, RecordBatch};
use serde_json::Value;

use super::WireFault;
use super::columns::{Keyed, counts, keyed, line_schema, moments, of_counts, of_times, schema, to_values};
use super::digest::{Groups, Texts};
use super::{NOTE, Note};
use crate::collect::{RandomAccess, of_bytes};
use crate::decode::parquet::{ArrayFile, TypedArrays};
use crate::decode::{Dictionary, Flows, Values};
use crate::group::batcher::Batcher;
use crate::group::shared::Shared;
use crate::group::spec::Spec;
use crate::group::vantages::Vantages;
use crate::schema::{ABSENT_TIME, Column, ColumnSet};

const ROWS_DIFFER: &str = "damaged: its rows are not what was written";

/// An opened file: its note is read and whole, its rows are not looked at yet.
#[derive(Debug)]
pub struct Wire {
    file: ArrayFile,
    note: Note,
}

/// The groups of a file, which are by the keys of a spec. What has been read of them is summed up here.
#[derive(Debug)]
pub struct WireGroups {
    arrays: TypedArrays,
    keyed: Vec<Keyed>,
    rows: u64,
    digest: u64,
}

/// The groups read from a file so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tallied {
    rows: u64,
    digest: u64,
}

impl Tallied {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { rows: self.rows.wrapping_add(other.rows), digest: self.digest.wrapping_add(other.digest) }
    }
}

impl Wire {
    /// Opens a file.
    ///
    /// # Errors
    /// If it is damaged, no such file, or of another version; as a lower-case fragment.
    pub fn open(source: Arc<dyn RandomAccess>) -> Result<Self, WireFault> {
        let file = ArrayFile::open(source)?;
        let note = Note::read(file.note(NOTE).ok_or("not an outflow ledger")?)?;
        Ok(Self { file, note })
    }

    /// The caller's part of the note.
    #[must_use]
    pub fn head(&self) -> &Value {
        &self.note.head
    }

    /// How many groups it is said to have.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.file.rows()
    }

    /// The lines that came with the sums.
    ///
    /// # Errors
    /// If they are damaged, as a lower-case fragment.
    pub fn lines(&self) -> Result<Vec<String>, WireFault> {
        let damaged = || "damaged: the lines beside its rows are not what was written".to_owned();
        let lines = &self.note.lines;
        let end = lines.offset.checked_add(lines.bytes).ok_or_else(damaged)?;
        let bytes = self.file.bytes(&(lines.offset..end))?;
        if crc32fast::hash(&bytes) != lines.check {
            return Err(damaged().into());
        }
        let arrays = ArrayFile::open(of_bytes(bytes))?.typed(line_schema())?;
        let mut read = Vec::new();
        for group in 0..arrays.row_groups() {
            arrays.read_row_group::<WireFault>(group, &mut |batch| {
                let column = batch.column(0).as_string_opt::<i32>().ok_or_else(damaged)?;
                read.extend(column.iter().flatten().map(str::to_owned));
                Ok(())
            })?;
        }
        Ok(read)
    }

    /// Its groups, which must be by these keys.
    ///
    /// # Errors
    /// If they are not, as a lower-case fragment.
    pub fn groups(&self, spec: &Spec) -> Result<WireGroups, WireFault> {
        let arrays = self.file.typed(schema(spec))?;
        if self.file.rows() != self.note.rows {
            return Err(ROWS_DIFFER.into());
        }
        Ok(WireGroups { arrays, keyed: keyed(spec), rows: self.note.rows, digest: self.note.digest })
    }
}

impl WireGroups {
    /// How many pieces there are, each of which can be read on its own.
    #[must_use]
    pub fn pieces(&self) -> usize {
        self.arrays.row_groups()
    }

    /// Says whether all of its pieces together are what was written.
    ///
    /// # Errors
    /// If they are not, as a lower-case fragment.
    pub fn check(&self, tallied: Tallied) -> Result<(), WireFault> {
        if tallied == (Tallied { rows: self.rows, digest: self.digest }) {
            return Ok(());
        }
        Err(ROWS_DIFFER.into())
    }
}

/// A worker's reader from files into the shared tables.
#[derive(Debug)]
pub struct WireReader {
    batcher: Batcher,
    spec: Arc<Spec>,
    reading: Reading,
    /// Digests of the keys' texts.
    texts: Texts,
}

impl WireReader {
    /// A worker that adds to these tables.
    #[must_use]
    pub fn new(shared: Arc<Shared>) -> Self {
        let spec = Arc::clone(&shared.frame.spec);
        Self { reading: Reading::new(&spec), spec, batcher: Batcher::new(shared), texts: Texts::default() }
    }

    /// Adds the groups of a piece of a file, whose keys must be those of the tables.
    ///
    /// # Errors
    /// If it is damaged, as a lower-case fragment.
    pub fn add(&mut self, groups: &WireGroups, piece: usize) -> Result<Tallied, WireFault> {
        let Self { batcher, spec, reading, texts } = self;
        let mut tallied = Tallied::default();
        groups.arrays.read_row_group::<WireFault>(piece, &mut |batch| {
            let (groups, names) = reading.groups(batch, &groups.keyed, spec)?;
            tallied = tallied.and(Tallied { rows: batch.num_rows() as u64, digest: groups.digest(names, texts) });
            batcher.add_groups(&groups, names);
            Ok(())
        })?;
        Ok(tallied)
    }
}

/// What batches are read into.
#[derive(Debug)]
struct Reading {
    /// The texts of the columns.
    names: Dictionary,
    /// The columns that are grouped as one, and what puts them together.
    views: Option<(Flows, Vantages, Dictionary)>,
    every: Vec<u32>,
}

impl Reading {
    fn new(spec: &Spec) -> Self {
        let views = (!spec.vantages.is_empty())
            .then(|| (Flows::new(ColumnSet::of(&spec.vantages)), Vantages::new(&spec.vantages), Dictionary::default()));
        Self { names: Dictionary::default(), views, every: Vec::new() }
    }

    /// The groups of a batch, and the texts of their keys.
    fn groups(
        &mut self,
        batch: &RecordBatch,
        keyed: &[Keyed],
        spec: &Spec,
    ) -> Result<(Groups, &Dictionary), WireFault> {
        let rows = batch.num_rows();
        let mut columns = batch.columns().iter();
        let mut next = || columns.next().ok_or_else(|| "a column is missing".to_owned());
        let mut read = Vec::new();
        for key in keyed {
            read.push(to_values(key.column, next()?, &mut self.names)?);
        }
        let keys = self.keys(read, rows, spec).ok_or("damaged: a text is too long")?;
        let mut groups = Groups { keys, ..Groups::default() };
        let damaged = |name: &str| format!("damaged: {name} is no count in every row, or no moment");
        let rejected = next()?;
        let rejected = rejected.as_boolean_opt().filter(|rejected| rejected.null_count() == 0);
        groups.rejected = rejected.ok_or_else(|| damaged("rejected"))?.iter().flatten().collect();
        for name in counts(spec) {
            groups.counts.push(of_counts(next()?).ok_or_else(|| damaged(name))?);
        }
        // Without records a row would be taken for a free place of a table.
        if groups.counts.first().is_none_or(|records| records.contains(&0)) {
            return Err("damaged: there is a row of no records".into());
        }
        if let [first_name, last_name] = moments(spec)[..] {
            let firsts = of_times(next()?).ok_or_else(|| damaged(first_name))?;
            let lasts = of_times(next()?).ok_or_else(|| damaged(last_name))?;
            let word = |(first, last): (Option<u32>, Option<u32>)| {
                u64::from(first.unwrap_or(ABSENT_TIME)) << 32 | u64::from(last.unwrap_or(0))
            };
            groups.seen = Some(firsts.into_iter().zip(lasts).map(word).collect());
        }
        Ok((groups, self.views.as_ref().map_or(&self.names, |(_, _, texts)| texts)))
    }

    /// The spec's keys, of the columns as they were read. None if two views are the same but for what is cut off of
    /// their texts.
    fn keys(&mut self, columns: Vec<Values>, rows: usize, spec: &Spec) -> Option<Vec<Values>> {
        let mut columns = columns.into_iter();
        let mut keys = Vec::new();
        for key in &spec.keys {
            match &mut self.views {
                Some((flows, views, texts)) if key.column == Column::Vantage => {
                    for (column, values) in spec.vantages.iter().zip(&mut columns) {
                        if let Some(into) = flows.values_mut(*column) {
                            *into = values;
                        }
                    }
                    flows.set_rows(rows);
                    let known = u32::try_from(self.every.len()).unwrap_or(u32::MAX);
                    self.every.extend(known..u32::try_from(rows).unwrap_or(u32::MAX));
                    views.look(flows, &self.names, &self.every[..rows]);
                    let new = views.take_new();
                    let expected = texts.len() + new.len();
                    for text in &new {
                        texts.code(text);
                    }
                    if texts.len() != expected {
                        return None;
                    }
                    keys.push(views.values().clone());
                }
                _ => keys.extend(columns.next()),
            }
        }
        Some(keys)
    }
}
