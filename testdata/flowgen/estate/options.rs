//! The command line of `flowgen --estate`.

use std::path::PathBuf;

use outflow::schema::Column;

use super::changes::Changes;
use super::spikes::{LEAST_DAYS, LEAST_DAYS_DRAWN};
use crate::flowgen::options::{self, Layout, choice, each_flag, number};

/// What is shown beside an error, and for `--estate --help`.
pub(crate) const USAGE: &str = "\
usage: flowgen --estate --out DIR [options]

Writes the flow logs of a small estate whose transfers are known, in several formats, and beside them what is true
and the tables that the estate's owner would have. The same options give the same files.

  --out DIR       folder to write to: logs-FORMAT/, truth/, tables/ and bill/ (what is in them: testdata/README.md)
  --days N        length of the period, 1 to 400 (default 1)
  --seed N        what the traffic is drawn from (default 1)
  --scale N       conversations are drawn N times as often, 1 to 1000000 (default 1: sixty-odd an hour)
  --start UNIX    start of the period, seconds since 1970, a whole hour (default 1790812800, 2026-10-01)
  --formats LIST  of v2, v3, v4, v5, v7 and v11, comma-separated (default v2,v3,v5,v11); the traffic is the same in each
  --layout L      plain (a folder a day), hourly, hive, hive-hourly or flat (default plain)
  --gz-level N    0 to 9 (default 6)
  --skipdata N    gaps where AWS lost records, of a thousand hours of an interface (default 0: any gap makes the
                  truth unknowable from the logs)
  --busy          a steady business on top: hourly volumes of up to hundreds of GiB with a daily and weekly rhythm
  --spikes        known anomalies in the last six days, told in truth/spikes.csv; needs --busy and seven days
  --drawn-spikes  three anomalies in the last two weeks that are drawn from the seed, told in truth/spikes.csv; needs
                  --busy and 21 days
  --visitors      clients of the public web servers on top, each there for an hour, few of which fetch 10 GiB and more
  --bill          AWS's bill of the period, with other services' usage and what nobody logs, into bill/ in six forms;
                  what explains it, into truth/bill.csv
  --bill-free-tier
                  with --bill: the first 100 GB of internet egress of a month are free
  --changed LIST  what a recommendation would change: none, gateway-endpoint (S3 from stage), interface-endpoint (queues from
                  shop), co-location (app-3), nat-per-zone (shop), peering and private-address (shop with hub), ipv6 (shop);
                  the transfers of such runs are the same but for that
  --doubled F     a second flow log, of one subnet (shop private-a), in this format, into every folder of logs
";

const HOUR_SECONDS: u32 = 3600;
/// Flags without a value.
const PLAIN: [&str; 6] = ["--busy", "--spikes", "--drawn-spikes", "--visitors", "--bill", "--bill-free-tier"];

/// What to simulate.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) formats: Vec<Format>,
    pub(crate) out: PathBuf,
    pub(crate) days: u32,
    pub(crate) seed: u64,
    pub(crate) scale: u32,
    pub(crate) start: u32,
    pub(crate) layout: Layout,
    pub(crate) gz_level: u32,
    pub(crate) skipdata_per_mille: u32,
    pub(crate) doubled: Option<Format>,
    pub(crate) busy: bool,
    pub(crate) spikes: bool,
    pub(crate) drawn_spikes: bool,
    pub(crate) visitors: bool,
    pub(crate) bill: bool,
    pub(crate) bill_free_tier: bool,
    pub(crate) changes: Changes,
}

/// A format that the logs are written in.
#[derive(Clone, Debug)]
pub(crate) struct Format {
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
}

impl Options {
    /// Reads the command line behind `--estate`; an error says which flag is wrong and why.
    pub(crate) fn parse(words: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            formats: formats("v2,v3,v5,v11")?,
            out: PathBuf::new(),
            days: 1,
            seed: 1,
            scale: 1,
            start: 1_790_812_800,
            layout: Layout::Plain,
            gz_level: 6,
            skipdata_per_mille: 0,
            doubled: None,
            busy: false,
            spikes: false,
            drawn_spikes: false,
            visitors: false,
            bill: false,
            bill_free_tier: false,
            changes: Changes::default(),
        };
        let (plain, valued): (Vec<String>, Vec<String>) =
            words.into_iter().partition(|word| PLAIN.contains(&word.as_str()));
        let [busy, spikes, drawn_spikes, visitors, bill, bill_free_tier] =
            PLAIN.map(|flag| plain.iter().any(|word| word == flag));
        options = Self { busy, spikes, drawn_spikes, visitors, bill, bill_free_tier, ..options };
        each_flag(valued, |flag, value| options.set(flag, value))?;
        if options.spikes && !(options.busy && options.days >= LEAST_DAYS) {
            return Err(format!("--spikes needs --busy and --days {LEAST_DAYS} or more"));
        }
        if options.drawn_spikes && !(options.busy && options.days >= LEAST_DAYS_DRAWN) {
            return Err(format!("--drawn-spikes needs --busy and --days {LEAST_DAYS_DRAWN} or more"));
        }
        if options.bill_free_tier && !options.bill {
            return Err("--bill-free-tier needs --bill".to_owned());
        }
        if options.out.as_os_str().is_empty() { Err("--out DIR is needed".to_owned()) } else { Ok(options) }
    }

    fn set(&mut self, flag: &str, value: &str) -> Result<(), String> {
        match flag {
            "--formats" => self.formats = formats(value)?,
            "--out" => self.out = PathBuf::from(value),
            "--days" => self.days = number(value, 1, 400)?,
            "--seed" => self.seed = number(value, 0, u64::MAX)?,
            "--scale" => self.scale = number(value, 1, 1_000_000)?,
            "--start" => self.start = whole_hour(number(value, 0, u32::MAX / 2)?)?,
            "--layout" => self.layout = Layout::named(value)?,
            "--gz-level" => self.gz_level = number(value, 0, 9)?,
            "--skipdata" => self.skipdata_per_mille = number(value, 0, 1000)?,
            "--changed" => self.changes = Changes::parse(value)?,
            "--doubled" => self.doubled = Some(format(value)?),
            _ => return Err("there is no such flag".to_owned()),
        }
        Ok(())
    }
}

fn formats(list: &str) -> Result<Vec<Format>, String> {
    list.split(',').map(format).collect()
}

fn format(name: &str) -> Result<Format, String> {
    let names = ["v2", "v3", "v4", "v5", "v7", "v11"];
    let name = choice(name, &names, &names)?;
    Ok(Format { name: name.to_owned(), columns: options::columns(name)? })
}

fn whole_hour(moment: u32) -> Result<u32, String> {
    if moment.is_multiple_of(HOUR_SECONDS) { Ok(moment) } else { Err("not a whole hour".to_owned()) }
}
