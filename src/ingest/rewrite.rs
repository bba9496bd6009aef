//! Files of a store → one file of their rows: without those of some objects, or put together.

use std::collections::{HashMap, HashSet};

use super::Kind;
use super::file::{FileWriter, Written};
use super::objects;
use crate::collect::of_bytes;
use crate::decode::parquet::{ParquetFault, ParquetFile};
use crate::decode::{Dictionary, Flows};
use crate::error::Error;
use crate::schema::{ABSENT_BIG, Column, ColumnSet};

/// A file without the rows of some objects.
#[derive(Debug)]
pub enum Rewritten {
    /// It has none of their rows.
    Same,
    /// The rest of it, if there is any.
    Rest(Option<Written>),
}

/// A file without the rows of these objects.
///
/// # Errors
/// If it is damaged.
pub fn without(kind: Kind, bytes: Vec<u8>, ids: &HashSet<u64>) -> Result<Rewritten, Error> {
    if kind == Kind::Object {
        let all = objects::read(bytes)?;
        let rest: Vec<_> = all.iter().filter(|object| !ids.contains(&object.id)).cloned().collect();
        return Ok(match rest.len() {
            same if same == all.len() => Rewritten::Same,
            0 => Rewritten::Rest(None),
            _ => Rewritten::Rest(Some(objects::write(&rest)?)),
        });
    }
    let (mut copy, mut dropped) = (Copy::new(kind)?, 0);
    copy.add(bytes, &mut |object| {
        let stays = !ids.contains(&object);
        dropped += u64::from(!stays);
        stays
    })?;
    if dropped == 0 {
        return Ok(Rewritten::Same);
    }
    copy.finish().map(Rewritten::Rest)
}

/// All rows of some files as one.
///
/// # Errors
/// If one is damaged.
pub fn merged(kind: Kind, files: impl Iterator<Item = Result<Vec<u8>, Error>>) -> Result<Option<Written>, Error> {
    if kind == Kind::Object {
        let mut all = Vec::new();
        for bytes in files {
            all.extend(objects::read(bytes?)?);
        }
        return if all.is_empty() { Ok(None) } else { objects::write(&all).map(Some) };
    }
    let mut copy = Copy::new(kind)?;
    for bytes in files {
        copy.add(bytes?, &mut |_| true)?;
    }
    copy.finish()
}

/// Records and bytes of each object in a file that is made of records. Interfaces' hours count only where they are of no
/// traffic, since facts have the rest.
///
/// # Errors
/// If it is damaged.
pub fn rows_by_object(kind: Kind, bytes: Vec<u8>) -> Result<HashMap<u64, (u64, u128)>, Error> {
    let wanted = [Column::ObjectId, Column::RecordCount, Column::Bytes, Column::LogStatus];
    let (mut flows, mut dictionary) = (Flows::new(ColumnSet::of(&wanted)), Dictionary::default());
    let mut sums: HashMap<u64, (u64, u128)> = HashMap::new();
    each_block(bytes, (&mut flows, &mut dictionary), &mut |flows, _| {
        let big = |column| flows.bigs(column).unwrap_or_default();
        let [ids, records, bytes] = [Column::ObjectId, Column::RecordCount, Column::Bytes].map(big);
        let statuses = flows.smalls(Column::LogStatus).unwrap_or_default();
        for (row, id) in ids.iter().enumerate() {
            let is_quiet = matches!(statuses[row], Dictionary::NODATA | Dictionary::SKIPDATA);
            let (sum, counts) = (sums.entry(*id).or_default(), is_quiet || kind == Kind::Fact);
            let bytes = if bytes[row] == ABSENT_BIG { 0 } else { bytes[row] };
            *sum = if counts { (sum.0 + records[row], sum.1 + u128::from(bytes)) } else { *sum };
        }
        Ok(())
    })?;
    Ok(sums)
}

/// Hands on the rows of a file, block by block.
fn each_block(
    bytes: Vec<u8>,
    (flows, dictionary): (&mut Flows, &mut Dictionary),
    each: &mut dyn FnMut(&Flows, &Dictionary) -> Result<(), Error>,
) -> Result<(), Error> {
    let damaged = |fault: ParquetFault| Error::read(format!("damaged: {fault}"));
    let file = ParquetFile::open(of_bytes(bytes)).map_err(damaged)?;
    for group in 0..file.row_groups() {
        let (mut failed, mut lost) = (None, 0);
        let read = file.read_row_group(group, (flows, dictionary), &mut |_| Ok(()), &mut |flows, names, skips| {
            lost += skips.total();
            failed = failed.take().or_else(|| each(flows, names).err());
        });
        read.map_err(damaged)?;
        match failed {
            Some(error) => return Err(error),
            None if lost > 0 => return Err(Error::read(format!("damaged: {lost} rows cannot be read"))),
            None => {}
        }
    }
    Ok(())
}

/// A file that is made of others' rows.
struct Copy {
    writer: FileWriter,
    flows: Flows,
    dictionary: Dictionary,
}

impl Copy {
    fn new(kind: Kind) -> Result<Self, Error> {
        let flows = Flows::new(ColumnSet::of(kind.columns()));
        Ok(Self { writer: FileWriter::new(kind)?, flows, dictionary: Dictionary::default() })
    }

    fn add(&mut self, bytes: Vec<u8>, stays: &mut dyn FnMut(u64) -> bool) -> Result<(), Error> {
        let Self { writer, flows, dictionary } = self;
        each_block(bytes, (flows, dictionary), &mut |flows, names| {
            let objects = flows.bigs(Column::ObjectId).unwrap_or_default();
            let rows = (0u32..).zip(objects).filter(|(_, object)| stays(**object)).map(|(row, _)| row);
            writer.add(flows, names, &rows.collect::<Vec<_>>())
        })
    }

    fn finish(self) -> Result<Option<Written>, Error> {
        self.writer.finish(&self.dictionary)
    }
}
