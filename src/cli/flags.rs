//! The flags that every command that reads logs has, as they are typed.

pub(super) mod memory;
pub(super) mod pricing;
pub(super) mod report;
pub(super) mod tables;

use clap::{Args, ValueEnum};

use self::memory::MemoryFlags;
use super::output::local_path;
use super::split::Occasion;
use crate::error::Error;
use crate::report::Head;
use crate::report::having::Having;
use crate::units::human::Units;
use crate::work::Job;

/// What `--where` takes, at the end of a command's help.
macro_rules! filters {
    ($columns:expr) => {
        concat!(
            "Filters:
  = !=               numbers, times, addresses, texts: dstport = 443, protocol = tcp, port = https
                     texts exactly, or with * and ? as globs: vpc_id = vpc-0f*; in quotes no globs
  in, not in         lists, ranges and CIDRs: port in (ssh, 8000..8999), src in 10.0.0.0/8
  < <= > >=          numbers and times: bytes > 10MiB, start >= yesterday
  ~ !~               texts by a regular expression: instance_tag ~ ^web-
  & BITS             bits of an integer: tcp_flags & 2 = 2
  is absent, is present
  a column's name    in place of a value, of the same kind: srcport < dstport
  and, or, not, ( )  && || ! too; `and` binds before `or`
",
            $columns
        )
    };
}

/// Columns of filters of commands that join records.
macro_rules! filters_of_traffic {
    ($rows:literal) => {
        filters!(concat!(
            "Columns of records are decided on before records are joined, those of traffic after: owners by any
key (team, src_team, dst_team), path, via, charge, payer_account, src_region != dst_region…
(`outflow fields`). A note in the answer says which part was applied to what.",
            $rows
        ))
    };
}

/// Of commands that join records.
pub(super) const FILTERS_OF_TRAFFIC: &str = filters_of_traffic!("");

/// Of commands whose rows are filtered too.
pub(super) const FILTERS_OF_ROWS: &str = filters_of_traffic!(
    "

--having takes the same operators, except & BITS, and the columns of the main table:
  = != < <= > >= in  bytes > 1GiB, usd >= $10.50, share > 5%, change_ratio in -10%..10%
  = != ~ !~ in       team = web-*, src in 10.0.0.0/8, dstport = https
  a column's name    previous_usd < usd
A name that both have is the row's sum in --having, and the value of a record or of traffic in --where."
);

/// Of commands that read records alone.
pub(super) const FILTERS_OF_RECORDS: &str =
    filters!("Columns are those of records (`outflow fields`); addr is src or dst, anyport is srcport or dstport.");

/// Input files and record filters.
#[derive(Debug, Args)]
pub(super) struct InputFlags {
    /// Files, folders, globs, s3://BUCKET/PREFIX, or `-` for standard input
    #[arg(required = true, value_name = "PATH")]
    pub(super) inputs: Vec<String>,

    /// Start of the window (inclusive): a date, a time, `yesterday`, or a duration back from now such as 7d or 36h
    #[arg(long, value_name = "TIME", help_heading = "Window")]
    pub(super) from: Option<String>,

    /// End of the window (exclusive)
    #[arg(long, value_name = "TIME", help_heading = "Window")]
    pub(super) to: Option<String>,

    /// Window up to now: 24h, 7d, 90m…
    #[arg(long, value_name = "SPAN", help_heading = "Window")]
    pub(super) last: Option<String>,

    /// Window of a month: 2026-10, this-month, last-month
    #[arg(long, value_name = "MONTH", help_heading = "Window")]
    pub(super) month: Option<String>,

    /// Time zone of the times above
    #[arg(long, value_name = "ZONE", default_value = "UTC", help_heading = "Window")]
    pub(super) tz: String,

    /// Filter: keep only records that match, such as 'src in 10.0.0.0/8 and dstport = https and bytes > 10MiB'; `bytes`
    /// and `packets` are per record. The operators are listed below
    #[arg(long = "where", value_name = "EXPRESSION", help_heading = "Records")]
    pub(super) filter: Option<String>,

    /// Read only objects whose key names these accounts
    #[arg(long, value_name = "ID", value_delimiter = ',', help_heading = "Records")]
    pub(super) account: Vec<String>,

    /// Read only objects whose key names these regions; with s3://, a single region is also tried first for the bucket
    #[arg(long, value_name = "REGION", value_delimiter = ',', help_heading = "Records")]
    pub(super) region: Vec<String>,

    /// Format of text logs without a header line, as in AWS: '${version} ${account-id} …'
    #[arg(long, value_name = "FIELDS", help_heading = "Reading")]
    pub(super) format: Option<String>,

    /// Write malformed lines to this file (csv, or by its extension)
    #[arg(long, value_name = "FILE", value_parser = local_path, help_heading = "Reading")]
    pub(super) malformed_out: Option<String>,

    /// Tolerate this many malformed lines before exit code 3 (incomplete)
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Reading")]
    pub(super) max_malformed: u64,

    /// Exit with code 3 (incomplete) also if AWS dropped records (SKIPDATA), or hours of the window or of an account are
    /// missing from the logs
    #[arg(long, visible_alias = "require-complete", help_heading = "Reading")]
    pub(super) strict: bool,

    /// Exit with code 3 (incomplete) also if the newest record ended longer ago than this, such as 2h
    #[arg(long, value_name = "SPAN", help_heading = "Reading")]
    pub(super) max_age: Option<String>,

    /// Maximum decompressed size of an object
    #[arg(long, value_name = "SIZE", help_heading = "Reading")]
    pub(super) max_object_size: Option<String>,

    /// Read copies of an object too (links to one file, AWS's name of an object once more, the same content), and
    /// outflow's own outputs found in a folder; by default each object is read once, and a note names the copies
    #[arg(long, help_heading = "Reading")]
    pub(super) count_copies: bool,

    /// Number of threads [default: all cores]
    #[arg(long, value_name = "N", help_heading = "Reading")]
    pub(super) jobs: Option<usize>,

    #[command(flatten)]
    pub(super) memory: MemoryFlags,

    /// Show what would be read by account, region and day, with S3 requests and their cost; read nothing
    #[arg(long, help_heading = "Reading")]
    pub(super) dry_run: bool,

    #[command(flatten)]
    pub(super) s3: S3Flags,

    /// What the command is run for; said by the command that runs it
    #[arg(skip)]
    pub(super) occasion: Occasion,
}

/// How S3 is reached.
#[derive(Debug, Args)]
pub(super) struct S3Flags {
    /// Profile of the AWS configuration files; its credentials win over keys in the environment [default: AWS_PROFILE]
    #[arg(long, value_name = "NAME", help_heading = "S3")]
    pub(super) profile: Option<String>,

    /// Endpoint of an S3-compatible store, such as http://localhost:9000 [default: AWS_ENDPOINT_URL_S3,
    /// AWS_ENDPOINT_URL or the profile's]
    #[arg(long, value_name = "URL", help_heading = "S3")]
    pub(super) endpoint_url: Option<String>,

    /// Use path-style addressing, as many S3-compatible stores require
    #[arg(long, help_heading = "S3")]
    pub(super) path_style: bool,

    /// Pay for requests to requester-pays buckets
    #[arg(long, help_heading = "S3")]
    pub(super) request_payer: bool,

    /// Send unsigned requests, for public buckets
    #[arg(long, help_heading = "S3")]
    pub(super) no_sign_request: bool,

    /// Maximum retries of a failed request [default: AWS_MAX_ATTEMPTS - 1, or 2]
    #[arg(long, value_name = "N", help_heading = "S3")]
    pub(super) retries: Option<u32>,
}

/// Which rows of the report are shown.
#[derive(Debug, Args)]
pub(super) struct HavingFlags {
    /// Show only rows whose columns match, such as 'usd > 10 and bytes > 1GiB'; the others are summed as `(other)`.
    /// Here `bytes` is the row's sum, in --where each record's. The operators are listed below
    #[arg(long, value_name = "EXPRESSION", help_heading = "Report")]
    having: Option<String>,
}

impl HavingFlags {
    /// Whether the flag is given.
    pub(super) fn is_given(&self) -> bool {
        self.having.is_some()
    }

    /// The filter of rows with these columns.
    pub(super) fn of(&self, heads: impl FnOnce() -> Vec<Head>, job: &Job) -> Result<Option<Having>, Error> {
        self.having.as_deref().map(|text| Having::parse(text, heads(), job.now, job.zone)).transpose()
    }
}

/// How the answer is written.
#[derive(Debug, Args)]
pub(super) struct OutputFlags {
    /// Output format: table, csv, tsv, json, ndjson, md or parquet [default: by --out's extension, table on a terminal,
    /// else csv]
    #[arg(short = 'o', long = "output", value_name = "FORMAT", help_heading = "Output")]
    pub(super) output: Option<String>,

    /// Whether the report is on incidents, for which there are formats of their own; said by the command
    #[arg(skip)]
    pub(super) holds_incidents: bool,

    /// Write to this file, atomically
    #[arg(long, value_name = "FILE", value_parser = local_path, help_heading = "Output")]
    pub(super) out: Option<String>,

    /// Show only this table of the report; for single-table formats, a note lists the others
    #[arg(long, value_name = "NAME", help_heading = "Output")]
    pub(super) table: Option<String>,

    /// Omit the header line
    #[arg(long, help_heading = "Output")]
    pub(super) no_header: bool,

    /// Units of bytes in tables
    #[arg(long, value_enum, default_value_t = UnitsFlag::Iec, help_heading = "Output")]
    pub(super) units: UnitsFlag,

    /// Print only warnings and errors
    #[arg(short, long, help_heading = "Output")]
    pub(super) quiet: bool,

    /// Show progress on standard error
    #[arg(long, value_enum, default_value_t = ProgressFlag::Auto, help_heading = "Output")]
    pub(super) progress: ProgressFlag,
}

/// Units of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum UnitsFlag {
    /// KiB, MiB, GiB (1024)
    Iec,
    /// kB, MB, GB (1000)
    Si,
    /// Every digit
    Raw,
}

impl From<UnitsFlag> for Units {
    fn from(flag: UnitsFlag) -> Self {
        match flag {
            UnitsFlag::Iec => Self::Iec,
            UnitsFlag::Si => Self::Si,
            UnitsFlag::Raw => Self::Raw,
        }
    }
}

/// When to show progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ProgressFlag {
    /// If standard error is a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}
