//! The log files: for each flow log and format one a day (an hour, where the layout has folders of hours), of the
//! records that end in it, as gzip.
//!
//! As in AWS's own files the records of an interface stand together, quiet ones first.

use std::fs;

use chrono::DateTime;
use outflow::schema::Column;
use rayon::prelude::*;

use super::gzip::Gzip;
use super::network::FlowLog;
use super::options::{Format, Options};
use super::records::{Content, Record};
use super::{Estate, HOUR_SECONDS, fields};
use crate::flowgen::layout;
use crate::flowgen::options::{Encoding, Layout};
use crate::flowgen::random::Random;
use crate::flowgen::write::{header, push, version};

/// Stands for the second flow log of a subnet where others have their place in the list.
const SECOND_LOG: u64 = 255;
const DAY_SECONDS: u32 = 24 * HOUR_SECONDS;

/// All log files.
pub(crate) struct Files<'e> {
    estate: &'e Estate,
    options: &'e Options,
    open: Vec<Open<'e>>,
}

/// The file that is written now of a flow log in a format.
struct Open<'e> {
    log: &'e FlowLog,
    boundaries: Watches,
    folder: String,
    columns: &'e [Column],
    /// The cell of time that it is of, and the file.
    file: Option<(u32, Gzip)>,
    files: u64,
    stored_bytes: u64,
}

/// Whose records a flow log has.
#[derive(Clone, Copy)]
enum Watches {
    /// Of the interfaces that name it.
    Own(usize),
    /// Of the interfaces of a subnet, though they name another.
    Subnet(usize),
}

impl<'e> Files<'e> {
    /// No files yet.
    pub(crate) fn new(estate: &'e Estate, options: &'e Options) -> Self {
        let file = |folder: &str, (log, boundaries), columns| Open {
            log,
            boundaries,
            folder: format!("logs-{folder}"),
            columns,
            file: None,
            files: 0,
            stored_bytes: 0,
        };
        let all = || estate.network.flow_logs.iter().enumerate().map(|(place, log)| (log, Watches::Own(place)));
        let (subnet, second) = &estate.network.second;
        let open = options.formats.iter().flat_map(|Format { name, columns }| {
            let own = all().map(|log| file(name, log, columns.as_slice()));
            let doubled = options
                .doubled
                .iter()
                .map(|format| file(name, (second, Watches::Subnet(*subnet)), format.columns.as_slice()));
            own.chain(doubled).collect::<Vec<_>>()
        });
        Self { estate, options, open: open.collect() }
    }

    /// Appends the records that end in an hour.
    pub(crate) fn write(&mut self, hour: u32, mut records: Vec<Record>) -> Result<(), String> {
        let quiet = |record: &Record| !matches!(record.content, Content::Quiet);
        records.sort_by_key(|record| (quiet(record), record.interface, record.start, record.end));
        let (estate, options) = (self.estate, self.options);
        self.open.par_iter_mut().try_for_each(|open| open.write(estate, options, hour, &records))
    }

    /// Ends all files; gives how many there are and their bytes as stored.
    pub(crate) fn finish(mut self) -> Result<(u64, u64), String> {
        let (estate, options) = (self.estate, self.options);
        self.open.par_iter_mut().try_for_each(|open| open.finish(estate, options))?;
        let sum = |of: fn(&Open<'_>) -> u64| self.open.iter().map(of).sum();
        Ok((sum(|open| open.files), sum(|open| open.stored_bytes)))
    }
}

impl Open<'_> {
    fn write(&mut self, estate: &Estate, options: &Options, hour: u32, records: &[Record]) -> Result<(), String> {
        let mut text = Vec::new();
        let version = version(self.columns);
        let own = |record: &&Record| match self.boundaries {
            Watches::Own(log) => estate.interfaces[record.interface].flow_log == Some(log),
            Watches::Subnet(subnet) => estate.interfaces[record.interface].subnet == subnet,
        };
        for record in records.iter().filter(own) {
            for column in self.columns {
                push(&mut text, fields::field(estate, record, *column, version));
                text.push(b' ');
            }
            if let Some(last) = text.last_mut() {
                *last = b'\n';
            }
        }
        if text.is_empty() {
            return Ok(());
        }
        let hourly = matches!(options.layout, Layout::Hourly | Layout::HiveHourly);
        let cell = hour - hour % if hourly { HOUR_SECONDS } else { DAY_SECONDS };
        if self.file.as_ref().is_some_and(|(of, _)| *of != cell) {
            self.finish(estate, options)?;
        }
        if self.file.is_none() {
            let mut file = Gzip::new(options.gz_level);
            file.write(&header(self.columns)).map_err(message)?;
            self.file = Some((cell, file));
        }
        self.file.as_mut().map_or(Ok(()), |(_, file)| file.write(&text)).map_err(message)
    }

    /// Writes the file that is open, if one is.
    fn finish(&mut self, estate: &Estate, options: &Options) -> Result<(), String> {
        let Some((cell, file)) = self.file.take() else { return Ok(()) };
        let bytes = file.finish().map_err(message)?;
        let vpc = &estate.network.vpcs[self.log.vpc];
        let number = match self.boundaries {
            Watches::Own(log) => log as u64,
            Watches::Subnet(_) => SECOND_LOG,
        };
        let object = layout::Object {
            account: vpc.account.id,
            region: vpc.region.name,
            flow_log: &self.log.id,
            time: DateTime::from_timestamp(cell.into(), 0).unwrap_or_default(),
            hash: Random::new(options.seed, 2 << 48 | u64::from(cell) << 8 | number).hex(8),
        };
        let path = options.out.join(&self.folder).join(object.key(options.layout, Encoding::Gzip));
        let folder = path.parent().unwrap_or(&options.out);
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, &bytes));
        written.map_err(|error| format!("{}: {error}", path.display()))?;
        self.files += 1;
        self.stored_bytes += bytes.len() as u64;
        Ok(())
    }
}

fn message(error: std::io::Error) -> String {
    error.to_string()
}
