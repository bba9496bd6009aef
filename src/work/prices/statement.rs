//! AWS's bill, from files, folders and S3: objects → one [`Statement`].

use std::collections::{BTreeMap, HashMap};
use std::io::Read;

use rayon::prelude::*;

use super::super::scan::threads;
use crate::collect::{Content, Inflated, Limits, Object, Prune, S3Options, find, open};
use crate::decode::parquet::{ParquetFault, TextColumn, TextFile};
use crate::error::Error;
use crate::price::statement::{
    Chosen, Columns, LineItem, MANIFEST_BYTES_MAX, Manifest, Statement, choose, is_manifest, read_csv,
};
use crate::price::{PriceRow, PriceTable, Rate};
use crate::reason::reconcile::{MeanRate, mean_rates};
use crate::units::human::counted;

/// How a bill is read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// How S3 is reached.
    pub s3: S3Options,
    /// What bounds the reading of one file.
    pub limits: Limits,
    /// Threads.
    pub jobs: usize,
}

/// A bill that was read, and what there is to say of it.
#[derive(Clone, Debug, Default)]
pub struct ReadStatement {
    /// Its sums.
    pub statement: Statement,
    /// What to know of its files.
    pub notes: Vec<String>,
    /// What could not be read.
    pub warnings: Vec<String>,
}

/// Reads a bill: files, folders of exports, `s3://` prefixes. Of a folder with manifests only what they name is read.
///
/// # Errors
/// If nothing is found, a month has several versions without a manifest, or nothing can be read.
pub fn statement(reading: &Reading, bill: &[String]) -> Result<ReadStatement, Error> {
    // A bill's files are known by their manifests; those of two months may begin alike.
    let prune = Prune { copies: true, ..Prune::default() };
    let found = find(bill, &prune, &reading.s3)?;
    let mut read = ReadStatement { warnings: found.warnings, ..ReadStatement::default() };
    let names: Vec<&str> = found.objects.iter().map(|object| object.name.as_str()).collect();
    let mut manifests = Vec::new();
    for object in found.objects.iter().filter(|object| is_manifest(&object.name)) {
        match manifest(object, &reading.limits) {
            Ok(manifest) => manifests.push(manifest),
            Err(error) => read.warnings.push(error.to_string()),
        }
    }
    let Chosen { read: places, left_out, missing } = choose(&names, &manifests)?;
    if left_out > 0 {
        let files = counted(left_out, "file");
        read.notes.push(format!("{files} of the bill left out: no manifest names them, so they are older versions"));
    }
    let missing = missing.into_iter().map(|file| format!("{file}: the bill's manifest names it, and it is not there"));
    read.warnings.extend(missing);
    if places.is_empty() {
        let error = Error::read(format!("{}: no file of a bill", bill.join(", ")));
        let error = read.warnings.into_iter().take(3).fold(error, Error::hint);
        return Err(error.hint("give the folder of an export, or its files"));
    }
    let parts: Vec<_> = threads(reading.jobs)?
        .install(|| places.par_iter().map(|place| (*place, part(&found.objects[*place], &reading.limits))).collect());
    refuse_repeated(&parts, &names)?;
    let mut any = false;
    for (place, (statement, problem)) in parts {
        any |= statement.items() > 0;
        read.statement = read.statement.and(statement);
        read.warnings.extend(problem.map(|problem| format!("{}: {problem}", names[place])));
    }
    for (fault, (rows, first)) in read.statement.faults() {
        read.warnings.push(format!("{} of the bill left out: {}, first {first}", counted(*rows, "row"), fault.name()));
    }
    if any {
        return Ok(read);
    }
    let error = Error::read(format!("{}: nothing of a bill can be read", bill.join(", ")));
    if read.warnings.is_empty() {
        return Err(error.hint("it has no line items"));
    }
    Err(read.warnings.into_iter().take(3).fold(error, Error::hint))
}

/// Refuses a bill of which two files have the same lines: a month in two forms, or a copy of a part, would count twice.
///
/// Parts of one bill have each their own lines, so few of them can be alike by chance.
///
/// # Errors
/// If two files have most lines of the smaller one in common.
fn refuse_repeated(parts: &[(usize, (Statement, Option<String>))], names: &[&str]) -> Result<(), Error> {
    let mut firsts: HashMap<u64, usize> = HashMap::new();
    let mut sizes = Vec::new();
    for (place, (_, (statement, _))) in parts.iter().enumerate() {
        let marks = statement.marks();
        sizes.push(marks.len());
        let mut common: BTreeMap<usize, usize> = BTreeMap::new();
        for mark in marks {
            let first = *firsts.entry(mark).or_insert(place);
            if first != place {
                *common.entry(first).or_default() += 1;
            }
        }
        let repeated = common.into_iter().find(|(other, lines)| 2 * lines > sizes[*other].min(sizes[place]));
        if let Some((other, lines)) = repeated {
            let [one, other] = [other, place].map(|place| names[parts[place].0]);
            let lines = counted(lines as u64, "line");
            return Err(Error::usage(format!(
                "{one} and {other} have {lines} of transfer in common: they would count twice"
            ))
            .hint("give each month's bill once, in one format"));
        }
    }
    Ok(())
}

/// A price table with what a GB really cost by a bill laid over it: the mean of each charge and month after discounts, so
/// that dollars sum to what was paid.
///
/// # Errors
/// If any of the bill cannot be read: its means would be wrong.
pub fn with_rates_of_bill(table: PriceTable, reading: &Reading, bill: &[String]) -> Result<PriceTable, Error> {
    let ReadStatement { statement, warnings, .. } = statement(reading, bill)?;
    if !warnings.is_empty() {
        let error =
            Error::read(format!("--rates-from-bill: {} is not read whole, so its rates are wrong", bill.join(", ")));
        return Err(warnings.into_iter().take(3).fold(error, Error::hint));
    }
    let row = |rate: MeanRate| PriceRow {
        charge: rate.charge,
        from: rate.from.to_string(),
        to: rate.to.to_string(),
        start_gb: 0,
        end_gb: None,
        rate: Some(Rate::of_decimals(rate.usd_per_gb())),
        effective_from: rate.month.0,
        effective_to: Some(rate.month.1),
        source: "the bill, after discounts".to_owned(),
        confidence: None,
        as_of: None,
        line: 0,
    };
    let rates = PriceTable::of_rows(mean_rates(&statement).into_iter().map(row).collect());
    Ok(table.with_overrides(rates.named(&bill.join(", "))))
}

fn manifest(object: &Object, limits: &Limits) -> Result<Manifest, Error> {
    let failed = |cause: String| Error::read(format!("{}: {cause}", object.name));
    let content = open(object, limits).map_err(|error| failed(error.to_string()))?;
    let Content::Json(lines) = content else { return Err(failed("the manifest is no JSON".to_owned())) };
    let mut json = Vec::new();
    Inflated::of(lines).take(MANIFEST_BYTES_MAX).read_to_end(&mut json).map_err(|error| failed(error.to_string()))?;
    Manifest::parse(&object.name, &json)
}

/// The line items of an object, and why it could not be read to its end.
fn part(object: &Object, limits: &Limits) -> (Statement, Option<String>) {
    let mut statement = Statement::default();
    let problem = match open(object, limits) {
        Ok(Content::Empty) => Some("it is empty".to_owned()),
        Ok(Content::Json(_)) => Some("it is JSON, not a bill in CSV or Parquet".to_owned()),
        Ok(Content::Lines(lines)) => {
            let place = |row: u64| format!("{}, row {row}", object.name);
            let read = read_csv(Inflated::of(lines), &mut |row, item| statement.add(item, || place(row)));
            read.err().map(|error| with_hints(&error))
        }
        Ok(Content::Parquet(bytes)) => {
            let parquet = TextFile::open(bytes).map_err(|fault| Error::read(fault.to_string()));
            parquet
                .and_then(|file| read_parquet(&file, &object.name, &mut statement))
                .err()
                .map(|error| with_hints(&error))
        }
        Err(error) => Some(error.to_string()),
    };
    (statement, problem)
}

/// What went wrong, and what to do about it.
fn with_hints(error: &Error) -> String {
    let hints = error.hints().iter().map(|hint| format!("; {hint}"));
    std::iter::once(error.to_string()).chain(hints).collect()
}

fn read_parquet(file: &TextFile, name: &str, statement: &mut Statement) -> Result<(), Error> {
    let columns = Columns::of(file.columns())?;
    let places = columns.places();
    let columns = columns.among(&places);
    let mut rows = 0;
    let mut each = |texts: &[TextColumn]| {
        for row in 0..texts.first().map_or(0, Vec::len) {
            let cell = |place: usize| texts.get(place).and_then(|column: &TextColumn| column[row].as_deref());
            statement.add(LineItem::of(&columns, cell), || format!("{name}, row {}", rows + row + 1));
        }
        rows += texts.first().map_or(0, Vec::len);
        Ok::<_, ParquetFault>(())
    };
    (0..file.row_groups())
        .try_for_each(|group| file.read_row_group(group, &places, &mut each))
        .map_err(|fault: ParquetFault| Error::read(fault.to_string()))
}
