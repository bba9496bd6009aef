//! The command line of the generator.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use outflow::schema::Column;

use super::world::{ACCOUNTS, REGIONS};

/// What is shown beside an error, and for `--help`.
pub(crate) const USAGE: &str = "\
usage: flowgen --out DIR [options]
       flowgen --estate --out DIR [options]   an estate whose transfers are known: see --estate --help

Writes AWS VPC flow logs that are the same for the same options.

  --format F      v2, v3, v4, v5, v7, v11 or custom (default v2); the same seed gives the same flows in each
  --records N     records over all files (default 1000000)
  --seed N        what the traffic is drawn from (default 1)
  --out DIR       folder to write to
  --layout L      plain (a folder a day), hourly, hive, hive-hourly or flat (default plain)
  --per-file N    records a file holds at most (default 650000); a file of a day's or hour's folder stays inside it
  --hours N       length of the period (default 24)
  --start UNIX    its start, seconds since 1970, a whole hour (default 1790812800, 2026-10-01)
  --encoding E    gz, plain or parquet (default gz)
  --gz-level N    0 to 9 (default 6)
  --accounts N    1 to 4 (default 3)
  --regions N     1 to 6 (default 4)
";

/// A custom format: neither `version` nor the default order, `start` and `end` far apart.
const CUSTOM: [Column; 17] = [
    Column::Start,
    Column::InterfaceId,
    Column::PktSrcaddr,
    Column::Srcaddr,
    Column::Dstaddr,
    Column::PktDstaddr,
    Column::Bytes,
    Column::Packets,
    Column::LogStatus,
    Column::Action,
    Column::Protocol,
    Column::Srcport,
    Column::Dstport,
    Column::TcpFlags,
    Column::FlowDirection,
    Column::AzId,
    Column::End,
];

/// What to generate.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) columns: Vec<Column>,
    pub(crate) records: u64,
    pub(crate) seed: u64,
    pub(crate) out: PathBuf,
    pub(crate) layout: Layout,
    pub(crate) per_file: u64,
    pub(crate) hours: u32,
    pub(crate) start: u32,
    pub(crate) encoding: Encoding,
    pub(crate) gz_level: u32,
    pub(crate) accounts: usize,
    pub(crate) regions: usize,
}

/// Which folders the files are laid in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    Plain,
    Hourly,
    Hive,
    HiveHourly,
    Flat,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Gzip,
    Plain,
    Parquet,
}

impl Options {
    /// Reads the command line; an error says which flag is wrong and why.
    pub(crate) fn parse(words: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            columns: columns("v2")?,
            records: 1_000_000,
            seed: 1,
            out: PathBuf::new(),
            layout: Layout::Plain,
            per_file: 650_000,
            hours: 24,
            start: 1_790_812_800,
            encoding: Encoding::Gzip,
            gz_level: 6,
            accounts: 3,
            regions: 4,
        };
        each_flag(words, |flag, value| options.set(flag, value))?;
        if options.out.as_os_str().is_empty() { Err("--out DIR is needed".to_owned()) } else { Ok(options) }
    }

    fn set(&mut self, flag: &str, value: &str) -> Result<(), String> {
        match flag {
            "--format" => self.columns = columns(value)?,
            "--records" => self.records = number(value, 1, 1 << 40)?,
            "--seed" => self.seed = number(value, 0, u64::MAX)?,
            "--out" => self.out = PathBuf::from(value),
            "--layout" => self.layout = Layout::named(value)?,
            "--per-file" => self.per_file = number(value, 1, 1 << 32)?,
            "--hours" => self.hours = number(value, 1, 24 * 400)?,
            "--start" => self.start = number(value, 0, u32::MAX / 2)?,
            "--encoding" => {
                let encodings = [Encoding::Gzip, Encoding::Plain, Encoding::Parquet];
                self.encoding = choice(value, &["gz", "plain", "parquet"], &encodings)?;
            }
            "--gz-level" => self.gz_level = number(value, 0, 9)?,
            "--accounts" => self.accounts = number(value, 1, ACCOUNTS.len())?,
            "--regions" => self.regions = number(value, 1, REGIONS.len())?,
            _ => return Err("there is no such flag".to_owned()),
        }
        Ok(())
    }
}

impl Layout {
    /// The layout that a flag's value names.
    pub(super) fn named(value: &str) -> Result<Self, String> {
        let layouts = [Self::Plain, Self::Hourly, Self::Hive, Self::HiveHourly, Self::Flat];
        choice(value, &["plain", "hourly", "hive", "hive-hourly", "flat"], &layouts)
    }
}

/// The fields of a format: all up to a version, in AWS's order, without those of transit gateway logs (version 6).
pub(super) fn columns(format: &str) -> Result<Vec<Column>, String> {
    let version = choice(format, &["custom", "v2", "v3", "v4", "v5", "v7", "v11"], &[0, 2, 3, 4, 5, 7, 11])?;
    let has = |column: &Column| (1..=version).contains(&column.version()) && column.version() != 6;
    Ok(if version == 0 { CUSTOM.to_vec() } else { Column::all().filter(has).collect() })
}

/// Calls with each flag and its value; an error says which flag is wrong and why.
pub(super) fn each_flag(
    words: impl IntoIterator<Item = String>,
    mut set: impl FnMut(&str, &str) -> Result<(), String>,
) -> Result<(), String> {
    let mut words = words.into_iter();
    while let Some(flag) = words.next() {
        let value = words.next().ok_or_else(|| format!("{flag}: a value must follow, or there is no such flag"))?;
        set(&flag, &value).map_err(|reason| format!("{flag} {value}: {reason}"))?;
    }
    Ok(())
}

pub(super) fn number<N: FromStr + PartialOrd + Display>(value: &str, least: N, most: N) -> Result<N, String> {
    let number = value.parse().ok().filter(|number| (&least..=&most).contains(&number));
    number.ok_or_else(|| format!("not a number from {least} to {most}"))
}

pub(super) fn choice<T: Copy>(value: &str, names: &[&str], choices: &[T]) -> Result<T, String> {
    let found = names.iter().zip(choices).find(|(name, _)| **name == value);
    found.map(|(_, choice)| *choice).ok_or_else(|| format!("not one of {}", names.join(", ")))
}
