//! `inspect`: scans everything and reports the content; and `--dry-run`, which only uses the keys.

use super::answer::Answer;
use super::ledger::Read;
use super::object::{Outcome, Output, Written};
use super::scan::{Scan, Take};
use super::{Job, Progress};
use crate::collect::Object;
use crate::decode::{Dictionary, Flows, Reason};
use crate::error::Error;
use crate::group::{Account, ActionFilter, Classifier, Logged, Survey};
use crate::report::inspect::{Malformed, ObjectFacts, report};
use crate::schema::ColumnSet;

/// How an object is listed that this program wrote, and did not read.
const SKIPPED_OUTPUT: &str = "outflow output, skipped";

/// Accounts for every record of the window that passes the filter, of any kind.
struct Surveying {
    survey: Survey,
    picker: Classifier,
    classifier: Classifier,
    account: Account,
}

impl Take for Surveying {
    fn bytes(&self) -> usize {
        self.survey.bytes()
    }

    fn take(&mut self, object: usize, flows: &Flows, dictionary: &Dictionary) {
        self.classifier.classify(flows, dictionary, &mut self.account);
        self.picker.classify(flows, dictionary, &mut Account::default());
        self.survey.look(object, flows, dictionary, &self.picker.counted);
    }
}

/// Reports the contents of the logs.
///
/// # Errors
/// If the inputs cannot be listed or threads cannot be started; errors of single objects are in the report.
pub fn inspect(job: &Job, progress: &Progress) -> Result<Answer, Error> {
    let found = job.find()?;
    let scan = Scan {
        job,
        objects: &found.objects,
        columns: ColumnSet::decoded(),
        progress,
        new_taker: &|| Surveying {
            survey: Survey::default(),
            picker: Classifier::new(job.window, ActionFilter::Every, job.filter.as_ref()).without(job.gap),
            classifier: job.classifier(),
            account: Account::default(),
        },
        object_done: None,
        stopped: None,
    };
    let (outcomes, takers) = scan.run(&job.threads()?)?;
    let (mut survey, mut account) = (Survey::default(), Account::default());
    for (taker, dictionary) in takers {
        account.add(&taker.account);
        survey.add(taker.survey.finish(&dictionary));
    }
    let facts: Vec<_> = found.objects.iter().zip(&outcomes).map(|(object, outcome)| facts(object, outcome)).collect();
    let mut report = report(&facts, &survey);
    let logged = Logged::of(&survey.interfaces);
    let lacks: Vec<_> = logged.stopped(job.window.to).into_iter().chain(logged.silent(&job.windows())).collect();
    report.meta.incomplete |= job.strict && !lacks.is_empty();
    report.meta.warnings.extend(lacks);
    report.meta.notes.extend(logged.late(job.window.from));
    Ok(Answer::new(report, job, &Read::new(&found, outcomes, account)))
}

fn facts(object: &Object, outcome: &Outcome) -> ObjectFacts {
    let malformed = |(reason, lines): (&Reason, &u64)| {
        let first = outcome.skips.samples().iter().find(|sample| sample.reason == *reason);
        Malformed {
            reason: reason.to_string(),
            lines: *lines,
            line: first.map_or(0, |sample| sample.line),
            example: first.map_or(String::new(), |sample| String::from_utf8_lossy(&sample.text).into_owned()),
        }
    };
    ObjectFacts {
        name: object.name.clone(),
        written: match outcome.output {
            Some(Output::Skipped) => Some(SKIPPED_OUTPUT),
            _ => outcome.written.map(Written::name),
        },
        headers: outcome.formats.iter().map(|format| format.header()).collect(),
        fields: outcome.fields().map(|field| (field.name.clone(), field.column)).collect(),
        stored_bytes: object.stored_bytes,
        lines: outcome.lines,
        records: outcome.records,
        malformed: outcome.skips.total(),
        reasons: outcome.skips.counts().iter().map(malformed).collect(),
    }
}
