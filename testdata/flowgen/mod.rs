//! A generator of AWS VPC flow logs: the same options give the same files, for any number of threads.
//!
//! `world` says what there is, `traffic` what happens, `write` how a record is written, `layout` which files there are.
//! Each file is a function of the options and its number alone. `estate` is another mode: less traffic, of which is known
//! what is true.

use std::{fmt, fs};

use rayon::prelude::*;

pub(crate) mod estate;
mod layout;
mod options;
mod random;
mod traffic;
mod world;
mod write;

pub(crate) use options::{Options, USAGE};

use layout::{Part, Plan};
use traffic::Traffic;
use world::World;
use write::File;

/// What was written.
pub(crate) struct Summary {
    files: u64,
    records: u64,
    stored_bytes: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} files, {} records, {} bytes as stored", self.files, self.records, self.stored_bytes)
    }
}

/// Writes every file.
pub(crate) fn run(options: &Options) -> Result<Summary, String> {
    let world = World::new(options.seed, options.accounts, options.regions);
    let plan = Plan::new(options, world.streams.len() as u64);
    let stored = |number| write_file(options, &world, &plan.part(number));
    let stored_bytes = (0..plan.files).into_par_iter().map(stored).try_reduce(|| 0, |a, b| Ok(a + b))?;
    Ok(Summary { files: plan.files, records: options.records, stored_bytes })
}

fn write_file(options: &Options, world: &World, part: &Part) -> Result<u64, String> {
    let stream = &world.streams[part.stream];
    let mut file = File::new(options, stream)?;
    let mut traffic = Traffic::new(world, stream, options.seed, part.number);
    let (mut records, mut made) = (Vec::new(), 0);
    for (minute, target) in part.minutes() {
        records.clear();
        traffic.minute(minute, target.saturating_sub(made), part.records - made, &mut records);
        file.write(&records)?;
        made += records.len();
    }
    let bytes = file.finish()?;
    let path = options.out.join(layout::key(options, stream, part));
    let folder = path.parent().unwrap_or(&options.out);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, &bytes));
    written.map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(bytes.len() as u64)
}
