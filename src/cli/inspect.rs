//! `outflow inspect`: flags → answer.

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::Args;

use super::dimensions::{DEFAULT_KEY, Dimensions};
use super::flags::InputFlags;
use super::flags::report::ReportFlags;
use super::job::{job_of_records, run_on};
use crate::error::{Error, Exit};
use crate::group::ActionFilter;
use crate::join::{OWNER_KEYS_MAX, Sources};
use crate::report::inspect::tags::{TABLES, TagsQuestion};
use crate::work::{self, Answer, EstateTables, Job, Progress};

/// Flags of `outflow inspect`.
#[derive(Debug, Args)]
pub(super) struct InspectFlags {
    #[command(flatten)]
    input: InputFlags,

    #[command(flatten)]
    report: ReportFlags,
}

impl InspectFlags {
    /// Runs the command: computes and writes the report, returns the exit status.
    pub(super) fn run(self) -> Result<Exit, Error> {
        let job = job_of_records(&self.input, ActionFilter::Accept)?;
        let estate = self.report.tables.estate()?;
        let keys = estate.owner_keys();
        let asked = self.report.output.table.as_deref().filter(|table| TABLES.contains(table));
        if let Some(table) = asked.filter(|_| keys.is_empty()) {
            return Err(Error::usage(format!("--table {table}: there are no owner keys"))
                .hint("give a tag table: --tags tags.csv, or a version 11 column: --v11-tag interface-tag=team"));
        }
        let tags = if keys.is_empty() { None } else { Some(self.tags(estate, &keys, &job)?) };
        if tags.is_some() && asked.is_none() && self.input.inputs.iter().any(|input| input == "-") {
            return Err(Error::usage(
                "inspect with --tags reads the logs twice, and standard input can be read only once",
            )
            .hint("choose one table, such as --table tags, or name a file"));
        }
        run_on(&job, &self.input, &self.report.output, |progress| answer(&job, tags, asked.is_some(), progress))
    }

    /// The question for coverage of tags, by as many keys as owners can be asked by.
    fn tags(
        &self,
        estate: EstateTables,
        keys: &BTreeSet<Arc<str>>,
        job: &Job,
    ) -> Result<(TagsQuestion, Sources, Option<String>), Error> {
        let left = keys.len().saturating_sub(OWNER_KEYS_MAX);
        let note = (left > 0)
            .then(|| format!("tags: {left} more owner keys are left out; give a table with {OWNER_KEYS_MAX}"));
        let mut keys: Vec<Arc<str>> = keys.iter().cloned().collect();
        // The usual key first: an inventory may have many.
        keys.sort_by_key(|key| &**key != DEFAULT_KEY);
        keys.truncate(OWNER_KEYS_MAX);
        let mut dimensions = Dimensions::default();
        let columns = keys.iter().map(|key| {
            let [src, dst] = dimensions.owner_ends(Arc::clone(key))?;
            Ok([dimensions.owner_column(Arc::clone(key))?, src, dst])
        });
        let columns = columns.collect::<Result<_, Error>>()?;
        let files = estate.tag_files();
        let sources = self.report.tables.sources(estate, &dimensions.owner_keys)?;
        let question = TagsQuestion {
            keys,
            columns,
            owners: sources.owners.clone(),
            files,
            window: (job.window.from, job.window.to),
            prices: self.report.pricing.table(&self.input)?,
            terms: self.report.pricing.terms()?,
        };
        Ok((question, sources, note))
    }
}

/// The contents of the logs, and coverage of tags; the latter alone if only that is asked for.
fn answer(
    job: &Job,
    tags: Option<(TagsQuestion, Sources, Option<String>)>,
    only_tags: bool,
    progress: &Progress,
) -> Result<Answer, Error> {
    let Some((question, sources, note)) = tags else { return work::inspect(job, progress) };
    let mut tags = work::ask(job, question, sources, progress)?;
    tags.report.meta.notes.extend(note);
    if only_tags {
        return Ok(tags);
    }
    let mut contents = work::inspect(job, progress)?;
    let (report, other) = (&mut contents.report, tags.report);
    report.tables.extend(other.tables);
    // What both say of the input is said once.
    let new =
        |own: &[String], other: Vec<String>| other.into_iter().filter(|text| !own.contains(text)).collect::<Vec<_>>();
    let (notes, warnings) =
        (new(&report.meta.notes, other.meta.notes), new(&report.meta.warnings, other.meta.warnings));
    report.meta.notes.extend(notes);
    report.meta.warnings.extend(warnings);
    report.meta.incomplete |= other.meta.incomplete;
    Ok(contents)
}
