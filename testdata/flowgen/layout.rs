//! Which files there are: how records and time are divided among them, and their names, as AWS forms both.

use chrono::{DateTime, Utc};

use super::options::{Encoding, Layout, Options};
use super::random::Random;
use super::world::Stream;

const MINUTE_SECONDS: u32 = 60;
const HOUR_SECONDS: u32 = 3600;
const HOUR_MINUTES: u64 = 60;
const DAY_MINUTES: u64 = 24 * HOUR_MINUTES;

/// How the records are divided. File `f` belongs to stream `f % streams`; the files of a stream share its period.
pub(crate) struct Plan {
    pub(crate) files: u64,
    streams: u64,
    records: u64,
    /// Hours since 1970.
    from: u64,
    to: u64,
    /// Days or hours of the calendar that the period touches, one folder each.
    cells: u64,
    cell_hours: u64,
}

/// One file's part.
pub(crate) struct Part {
    /// The file's number among all.
    pub(crate) number: u64,
    pub(crate) stream: usize,
    pub(crate) records: usize,
    /// Seconds since 1970, whole minutes.
    pub(crate) from: u32,
    pub(crate) to: u32,
}

impl Plan {
    /// As few files as `--per-file` allows, but one at least for each folder of each stream that has any.
    pub(crate) fn new(options: &Options, streams: u64) -> Self {
        let (from, hours) = (u64::from(options.start / HOUR_SECONDS), u64::from(options.hours));
        let to = from + hours;
        let cell_hours = match options.layout {
            Layout::Flat => to,
            Layout::Plain | Layout::Hive => 24,
            Layout::Hourly | Layout::HiveHourly => 1,
        };
        let cells = to.div_ceil(cell_hours) - from / cell_hours;
        let files = options.records.div_ceil(options.per_file);
        let streams = streams.min(files);
        let files = files.max(streams * cells);
        Self { files, streams, records: options.records, from, to, cells, cell_hours }
    }

    /// What a file holds: the files of a stream are dealt out to its folders, and divide a folder's time evenly.
    pub(crate) fn part(&self, number: u64) -> Part {
        let (stream, turn) = (number % self.streams, number / self.streams);
        let of_stream = (self.files - 1 - stream) / self.streams + 1;
        let cell = turn * self.cells / of_stream;
        let first = (cell * of_stream).div_ceil(self.cells);
        let siblings = ((cell + 1) * of_stream).div_ceil(self.cells) - first;
        let minute = |place: u64| {
            let hour = |cell: u64| ((self.from / self.cell_hours + cell) * self.cell_hours).clamp(self.from, self.to);
            let (from, to) = (hour(cell) * HOUR_MINUTES, hour(cell + 1) * HOUR_MINUTES);
            from + (to - from) * place / siblings
        };
        let second =
            |minute: u64| u32::try_from(minute).map_or(u32::MAX, |minute| minute.saturating_mul(MINUTE_SECONDS));
        let (from, to) = (minute(turn - first), minute(turn - first + 1));
        let records = self.records / self.files + u64::from(number < self.records % self.files);
        Part {
            number,
            stream: usize::try_from(stream).unwrap_or(0),
            records: usize::try_from(records).unwrap_or(0),
            from: second(from),
            to: second(to.max(from + 1)),
        }
    }
}

impl Part {
    /// Each minute, and how many records the file has at its end: few at night, many in the afternoon (UTC).
    pub(crate) fn minutes(&self) -> impl Iterator<Item = (u32, usize)> {
        let minutes = (self.from..self.to).step_by(MINUTE_SECONDS as usize);
        let whole: u64 = minutes.clone().map(busyness).sum();
        let records = self.records as u64;
        minutes.scan(0, move |busy, minute| {
            *busy += busyness(minute);
            Some((minute, usize::try_from(records * *busy / whole).unwrap_or(0)))
        })
    }
}

/// How busy a minute is: 300 at four in the morning, 1020 at four in the afternoon.
fn busyness(minute: u32) -> u64 {
    let of_day = u64::from(minute / MINUTE_SECONDS) % DAY_MINUTES;
    let from_peak = of_day.abs_diff(16 * HOUR_MINUTES);
    300 + DAY_MINUTES / 2 - from_peak.min(DAY_MINUTES - from_peak)
}

/// The path of a file below the output folder.
pub(crate) fn key(options: &Options, stream: &Stream, part: &Part) -> String {
    let object = Object {
        account: stream.account,
        region: stream.region,
        flow_log: &stream.flow_log,
        time: DateTime::from_timestamp(part.from.into(), 0).unwrap_or_default(),
        hash: Random::new(options.seed, 1 << 48 | part.number).hex(8),
    };
    object.key(options.layout, options.encoding)
}

/// Attributes in a file's path.
pub(crate) struct Object<'a> {
    pub(crate) account: &'a str,
    pub(crate) region: &'a str,
    pub(crate) flow_log: &'a str,
    pub(crate) time: DateTime<Utc>,
    pub(crate) hash: String,
}

impl Object<'_> {
    /// The path.
    pub(crate) fn key(&self, layout: Layout, encoding: Encoding) -> String {
        let Self { account, region, flow_log, time, hash } = self;
        let format = match layout {
            Layout::Flat => "",
            Layout::Plain => "%Y/%m/%d/",
            Layout::Hourly => "%Y/%m/%d/%H/",
            Layout::Hive => "year=%Y/month=%m/day=%d/",
            Layout::HiveHourly => "year=%Y/month=%m/day=%d/hour=%H/",
        };
        let folder = match layout {
            Layout::Flat => String::new(),
            Layout::Plain | Layout::Hourly => format!("AWSLogs/{account}/vpcflowlogs/{region}/"),
            Layout::Hive | Layout::HiveHourly => {
                format!("AWSLogs/aws-account-id={account}/aws-service=vpcflowlogs/aws-region={region}/")
            }
        };
        let suffix = match encoding {
            Encoding::Gzip => "log.gz",
            Encoding::Plain => "log",
            Encoding::Parquet => "log.parquet",
        };
        let (days, slot) = (time.format(format), time.format("%Y%m%dT%H%MZ"));
        format!("{folder}{days}{account}_vpcflowlogs_{region}_{flow_log}_{slot}_{hash}.{suffix}")
    }
}
