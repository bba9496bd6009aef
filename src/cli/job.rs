//! What the flags mean: flags → a job, with the clock read once; and how a job is run from the command line.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::time::Instant;

use super::compare::against::last_hours;
use super::dimensions::{Dimensions, NamesOfTraffic};
use super::flags::{InputFlags, OutputFlags, S3Flags};
use super::notice::{self, ProgressDisplay};
use super::output;
use crate::collect::{Limits, S3Limits, S3Options};
use crate::decode::Format;
use crate::error::{Error, Exit};
use crate::group::ActionFilter;
use crate::group::filter::{Filter, Names, OfRecords};
use crate::schema::Column;
use crate::schema::region::logged_region;
use crate::units::size;
use crate::units::time::{Zone, parse_span, window};
use crate::work::{self, Answer, Job, Local, Progress, Reading};

/// How many digits the id of an account has.
const ACCOUNT_DIGITS: usize = 12;

/// The job that the flags of a command mean that reads records alone.
pub(super) fn job_of_records(flags: &InputFlags, action_filter: ActionFilter) -> Result<Job, Error> {
    if flags.max_age.is_some() {
        return Err(no_age());
    }
    job(flags, action_filter, &mut OfRecords)
}

/// The job that the flags of a command mean that joins records; owners that the filter asks for are added to what is
/// grouped by.
pub(super) fn job_of_traffic(
    flags: &InputFlags,
    action_filter: ActionFilter,
    dimensions: &mut Dimensions,
    known: &BTreeSet<Arc<str>>,
) -> Result<Job, Error> {
    let by_day = dimensions.keys.iter().any(|key| key.column == Column::Day);
    let job = job(flags, action_filter, &mut NamesOfTraffic { dimensions, known })?;
    if by_day && !job.zone.has_whole_hours() {
        return Err(Error::usage(format!(
            "day: {} is not whole hours off UTC, and traffic is summed by the hour",
            job.zone
        ))
        .hint("leave out --tz for days of UTC, or take a zone of whole hours"));
    }
    Ok(job)
}

fn job(flags: &InputFlags, action_filter: ActionFilter, names: &mut dyn Names) -> Result<Job, Error> {
    let now = flags.now()?;
    let zone = Zone::parse(&flags.tz)?;
    let window =
        window(flags.from.as_deref(), flags.to.as_deref(), flags.last.as_deref(), flags.month.as_deref(), now, zone)?;
    let Reading { s3, limits, jobs } = reading(flags)?;
    // A store holds full hours.
    let is_rounded = flags.last.is_some() && work::is_store_of(&flags.inputs, &s3)?;
    let window = if is_rounded { last_hours(window, now) } else { window };
    let filter = flags.filter.as_deref().map(|text| Filter::parse_with(text, now, zone, names)).transpose()?;
    let format = flags.format.as_deref().map(Format::of_log_format).transpose()?;
    for region in &flags.region {
        logged_region("--region", region)?;
    }
    let max_age = flags.max_age.as_deref().map(parse_span).transpose();
    flags.account.iter().try_for_each(|account| account_id("--account", account))?;
    Ok(Job {
        now,
        zone,
        leaves: flags.occasion.leaves.clone().unwrap_or_else(|| Arc::new(Local)),
        inputs: flags.inputs.clone(),
        accounts: flags.account.clone(),
        regions: flags.region.clone(),
        window,
        gap: None,
        filter,
        format,
        action_filter,
        seed: flags.occasion.seed.unwrap_or_else(seed),
        jobs,
        overflow: flags.memory.overflow()?,
        keep_malformed: flags.malformed_out.is_some(),
        copies: flags.count_copies,
        max_malformed: flags.max_malformed,
        strict: flags.strict,
        max_age_seconds: max_age.map_err(|error| error.context("--max-age"))?,
        limits,
        s3,
    })
}

/// How files of any kind are read.
pub(super) fn reading(flags: &InputFlags) -> Result<Reading, Error> {
    let mut limits = Limits::default();
    if let Some(text) = &flags.max_object_size {
        limits.decompressed_bytes =
            size::parse(text).map_err(|error| Error::usage(format!("--max-object-size: {error}")))?;
    }
    if flags.jobs == Some(0) {
        return Err(Error::usage("--jobs: at least one thread is required"));
    }
    Ok(Reading { s3: s3(flags), limits, jobs: flags.jobs.unwrap_or_else(cores) })
}

/// Refuses what cannot be an account, which no key would ever name.
fn account_id(flag: &str, text: &str) -> Result<(), Error> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && text.len() == ACCOUNT_DIGITS {
        return Ok(());
    }
    let error = Error::usage(format!("{flag}: `{text}` is no account id"));
    Err(if is_number && text.len() < ACCOUNT_DIGITS {
        error.hint(format!("an id has {ACCOUNT_DIGITS} digits, with its leading zeros: {text:0>ACCOUNT_DIGITS$}"))
    } else {
        error.hint(format!("an id has {ACCOUNT_DIGITS} digits: 111122223333"))
    })
}

/// How S3 is reached. One region to read is also where to look for the bucket first.
pub(super) fn s3(flags: &InputFlags) -> S3Options {
    let region = match &flags.region[..] {
        [region] => Some(region.clone()),
        _ => None,
    };
    S3Options { region, ..s3_options(&flags.s3) }
}

/// What is said where records are read and not judged by the coverage of the logs.
pub(super) fn no_age() -> Error {
    Error::usage("--max-age: this reads records, and does not look at how far the logs reach")
        .hint("`outflow top … --max-age 2h` does")
}

/// The same without a region.
pub(super) fn s3_options(flags: &S3Flags) -> S3Options {
    S3Options {
        region: None,
        profile: flags.profile.clone(),
        endpoint_url: flags.endpoint_url.clone(),
        path_style: flags.path_style,
        request_payer: flags.request_payer,
        unsigned: flags.no_sign_request,
        retries: flags.retries,
        limits: S3Limits::default(),
    }
}

impl InputFlags {
    /// The one moment that the whole run calls now, also where another process began it.
    pub(super) fn now(&self) -> Result<u32, Error> {
        self.occasion.now.map_or_else(now, Ok)
    }
}

/// What the clock says.
#[expect(clippy::disallowed_methods, reason = "cli is where the clock is read")]
pub(super) fn now() -> Result<u32, Error> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seconds = since.ok().and_then(|since| u32::try_from(since.as_secs()).ok());
    seconds.ok_or_else(|| Error::system("the clock is not between 1970 and 2106"))
}

/// An unpredictable number.
pub(super) fn seed() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}

pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Runs a question that gives a whole report: progress, the answer, malformed lines, the trailer.
pub(super) fn run_on(
    job: &Job,
    input: &InputFlags,
    output: &OutputFlags,
    answer: impl FnOnce(&Progress) -> Result<Answer, Error>,
) -> Result<Exit, Error> {
    let began = Instant::now();
    // A wrong format is said before anything is read.
    output::format(output)?;
    output::check_targets(input, output, &[])?;
    if input.dry_run {
        return dry_run(job, output);
    }
    let progress = Arc::new(Progress::default());
    let display = ProgressDisplay::start(output, &progress);
    let answer = answer(&progress);
    if let Some(display) = display {
        display.stop();
    }
    let mut answer = answer?;
    tracing::info!("computed the report");
    output::shorten(&mut answer.report, output)?;
    output::write(&mut answer.report, output)?;
    tracing::info!("wrote the report");
    write_malformed(input, &answer)?;
    notice::trailer(&answer.report.meta, began, output.quiet);
    Ok(answer.exit())
}

/// Says what would be read.
pub(super) fn dry_run(job: &Job, flags: &OutputFlags) -> Result<Exit, Error> {
    let mut report = work::dry_run(job)?;
    output::write(&mut report, flags)?;
    if !flags.quiet {
        notice::notes(&report.meta);
    }
    notice::warnings(&report.meta);
    Ok(if report.meta.incomplete { Exit::Incomplete } else { Exit::Done })
}

/// Writes the malformed lines, if they are requested.
pub(super) fn write_malformed(input: &InputFlags, answer: &Answer) -> Result<(), Error> {
    input.malformed_out.as_ref().map_or(Ok(()), |path| output::write_malformed(&answer.malformed_report(), path))
}
