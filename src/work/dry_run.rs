//! Information available before reading: the input of a run, and the columns of its logs.

use super::Job;
use crate::collect::{Ahead, Content, Object, ObjectError};
use crate::decode::parquet::ParquetFile;
use crate::decode::{Format, is_table};
use crate::error::Error;
use crate::report::Report;
use crate::report::plan::{Part, Requests, report};
use crate::schema::{Column, ColumnSet, DEFAULT_FORMAT};

/// The input of a run, from object keys only.
///
/// # Errors
/// If the inputs cannot be found.
pub fn dry_run(job: &Job) -> Result<Report, Error> {
    const DAY_SECONDS: u32 = 86_400;
    let found = job.find()?;
    let part = |object: &Object| Part {
        account: object.key.account.clone(),
        region: object.key.region.clone(),
        day: object.key.day.and_then(|day| day.checked_mul(DAY_SECONDS)),
    };
    let requests = Requests { lists: found.lists, gets: found.objects.iter().map(Object::gets).sum() };
    let mut plan = report(found.objects.iter().map(|object| (part(object), object.stored_bytes)), requests, job.jobs);
    plan.meta.window = (job.window.from, job.window.to);
    plan.meta.pruned_objects = found.pruned;
    plan.meta.incomplete = !found.warnings.is_empty();
    plan.meta.warnings = found.warnings;
    plan.meta.notes.extend(found.notes);
    Ok(plan)
}

/// Columns of a job's logs, from the start of each object, in schema order.
///
/// # Errors
/// If the inputs cannot be found, or standard input is among them, which can be read only once.
pub fn columns_met(job: &Job) -> Result<Vec<Column>, Error> {
    if job.inputs.iter().any(|input| input == "-") {
        return Err(Error::usage("--columns all: standard input can be read only once")
            .hint("name the columns, or read from a file"));
    }
    let found = job.find()?;
    let order: Vec<usize> = (0..found.objects.len()).collect();
    let ahead = Ahead::new(&found.objects, &order);
    let mut columns = Vec::new();
    for (place, object) in found.objects.iter().enumerate() {
        let outputs = job.copies || object.named;
        columns.extend(columns_of(ahead.open(place, &job.limits), job, outputs));
    }
    for Object { key, .. } in &found.objects {
        columns.extend(key.account.is_some().then_some(Column::AccountId));
        columns.extend(key.region.is_some().then_some(Column::Region));
        columns.extend(key.flow_log.is_some().then_some(Column::FlowLogId));
    }
    Ok(ColumnSet::of(&columns).iter().collect())
}

/// An object's columns; none for one that cannot be read, which reading it will say, and none for an output of this
/// program unless outputs are read.
fn columns_of(object: Result<Content, ObjectError>, job: &Job, outputs: bool) -> Vec<Column> {
    let known = |format: &Format| format.fields().iter().filter_map(|field| field.column).collect();
    let assumed = || job.format.as_deref().map_or_else(|| DEFAULT_FORMAT.to_vec(), known);
    match object {
        Ok(Content::Parquet(bytes)) => match ParquetFile::open(bytes) {
            Ok(file) if file.is_output() && !outputs => Vec::new(),
            Ok(file) => file.fields().iter().filter_map(|field| field.column).collect(),
            Err(_) => Vec::new(),
        },
        Ok(Content::Lines(mut lines)) => {
            let mut block = Vec::new();
            while lines.next_block(&mut block).is_some() {
                if is_table(&block) && !outputs {
                    break;
                }
                let first = block.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty());
                if let Some(line) = first {
                    return Format::of_header(line).as_deref().map_or_else(assumed, known);
                }
            }
            Vec::new()
        }
        Ok(Content::Json(_)) => assumed(),
        Ok(Content::Empty) | Err(_) => Vec::new(),
    }
}
