//! What a leaf has to do, and of which objects, as it can be written down: any process that reads both sums the same.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::Job;
use crate::collect::{Found, Limits, Listed, S3Options, objects};
use crate::decode::Format;
use crate::error::Error;
use crate::group::filter::{AsNamed, Filter};
use crate::group::{ActionFilter, Spec};
use crate::schema::Column;
use crate::units::time::{Window, Zone};

/// Version of plans; others are rejected.
pub const PLAN_VERSION: u32 = 1;

/// What a question needs of the records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needs {
    /// What is summed, by what.
    pub spec: Spec,
    /// Whether rejected records are summed too, apart.
    pub rejected: bool,
    /// Whether interfaces are learnt.
    pub interfaces: bool,
}

/// Everything a leaf needs, except its objects and machine-specific settings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    version: u32,
    /// The job's: see [`Job::seed`].
    pub seed: u64,
    /// The moment that the job calls now, and the zone of its moments.
    pub now: u32,
    /// The name of that zone.
    pub zone: String,
    /// Records that start in it.
    pub window: Window,
    /// Except those that start in this stretch inside it.
    pub gap: Option<Window>,
    /// The expression that records pass, as it was typed.
    pub filter: Option<String>,
    /// The owners that it names, with the columns that they have in traffic.
    pub filter_owners: Vec<(String, Column)>,
    /// The fields of text without a header line.
    pub format: Option<String>,
    /// The records to sum, by action.
    pub action_filter: ActionFilter,
    /// What is summed, by what.
    pub spec: Spec,
    /// Whether rejected records are summed too, apart.
    pub rejected: bool,
    /// Whether interfaces are learnt.
    pub interfaces: bool,
    /// Whether every malformed line is kept.
    pub keep_malformed: bool,
    /// Whether outputs of this program are read too.
    #[serde(default)]
    pub copies: bool,
    /// Limits on the input.
    pub limits: Limits,
    /// How S3 is reached; credentials are each machine's own.
    pub s3: S3Options,
}

impl Plan {
    /// What leaves have to do for a question of a job.
    #[must_use]
    pub fn new(job: &Job, needs: Needs) -> Self {
        let Needs { spec, rejected, interfaces } = needs;
        Self {
            version: PLAN_VERSION,
            seed: job.seed,
            now: job.now,
            zone: job.zone.to_string(),
            window: job.window,
            gap: job.gap,
            filter: job.filter.as_ref().map(|filter| filter.text().to_owned()),
            filter_owners: job.filter.iter().flat_map(|filter| filter.owners().to_vec()).collect(),
            format: job.format.as_ref().map(|format| format.header()),
            action_filter: job.action_filter,
            spec,
            rejected,
            interfaces,
            keep_malformed: job.keep_malformed,
            copies: job.copies,
            limits: job.limits,
            s3: job.s3.clone(),
        }
    }

    /// Reads a plan.
    ///
    /// # Errors
    /// If it is damaged or of another version.
    pub fn read(text: &str) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let damaged = |error: serde_json::Error| Error::failed(format!("the plan cannot be read: {error}"));
        let Versioned { version } = serde_json::from_str(text).map_err(damaged)?;
        if version != PLAN_VERSION {
            let wrong = format!("the plan has version {version}; this outflow supports version {PLAN_VERSION}");
            return Err(Error::failed(wrong).hint("plan, leaf and root need the same outflow version"));
        }
        serde_json::from_str(text).map_err(damaged)
    }

    /// The plan as text.
    ///
    /// # Errors
    /// If the endpoint of S3 holds a password, which is not written down.
    pub fn write(&self) -> Result<String, Error> {
        if self.s3.endpoint_url.as_ref().is_some_and(|url| url.contains('@')) {
            return Err(Error::usage("--endpoint-url: contains credentials, which are not written to a plan")
                .hint("pass them by the environment or a profile"));
        }
        self.text()
    }

    fn text(&self) -> Result<String, Error> {
        serde_json::to_string_pretty(self)
            .map_err(|error| Error::failed(format!("the plan cannot be written: {error}")))
    }

    /// Identifies the plan.
    ///
    /// # Errors
    /// If it has no written form.
    pub fn identity(&self) -> Result<String, Error> {
        Ok(format!("{:016x}-{:08x}", self.seed, crc32fast::hash(self.text()?.as_bytes())))
    }

    /// The same as a job without inputs, for a machine with so many threads.
    ///
    /// # Errors
    /// If the expression, the format or the zone is invalid.
    pub(super) fn job(&self, jobs: usize) -> Result<Job, Error> {
        let zone = Zone::parse(&self.zone)?;
        let mut names = AsNamed(self.filter_owners.clone());
        let filter = self.filter.as_deref().map(|text| Filter::parse_with(text, self.now, zone, &mut names));
        let filter = filter.transpose()?;
        Ok(Job {
            inputs: Vec::new(),
            accounts: Vec::new(),
            regions: Vec::new(),
            window: self.window,
            gap: self.gap,
            filter,
            format: self.format.as_deref().map(Format::of_log_format).transpose()?,
            action_filter: self.action_filter,
            seed: self.seed,
            now: self.now,
            zone,
            jobs,
            overflow: None,
            keep_malformed: self.keep_malformed,
            copies: self.copies,
            max_malformed: 0,
            strict: false,
            max_age_seconds: None,
            limits: self.limits,
            s3: self.s3.clone(),
            leaves: std::sync::Arc::new(super::Local),
        })
    }
}

/// Version of written units; others are rejected.
pub const UNIT_VERSION: u32 = 1;

/// Objects of one leaf, and messages of the listing.
#[derive(Debug, Default)]
pub struct Unit {
    pub(super) found: Found,
}

/// A unit as it is written.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    objects: Vec<Listed>,
    pruned: u64,
    foreign: u64,
    warnings: Vec<String>,
    #[serde(default)]
    notes: Vec<String>,
}

impl From<Found> for Unit {
    fn from(found: Found) -> Self {
        Self { found }
    }
}

impl Unit {
    /// Splits the unit into parts of about equal stored bytes; the first part has the messages of the listing.
    #[must_use]
    pub fn split(self, parts: usize) -> Vec<Self> {
        let Found { mut objects, pruned, foreign, lists, warnings, notes } = self.found;
        let mut units: Vec<(u64, Self)> = (0..parts.max(1)).map(|_| (0, Self::default())).collect();
        objects.sort_by_key(|object| Reverse(object.stored_bytes));
        for object in objects {
            if let Some((bytes, unit)) = units.iter_mut().min_by_key(|(bytes, _)| *bytes) {
                // Fixed cost of an object, in bytes.
                *bytes += object.stored_bytes + 1;
                unit.found.objects.push(object);
            }
        }
        let mut units: Vec<Self> = units.into_iter().map(|(_, unit)| unit).collect();
        units.iter_mut().for_each(|unit| unit.found.objects.sort_by(|one, other| one.name.cmp(&other.name)));
        if let Some(first) = units.first_mut() {
            let objects = std::mem::take(&mut first.found.objects);
            first.found = Found { objects, pruned, foreign, lists, warnings, notes };
        }
        units
    }

    /// The unit as text.
    ///
    /// # Errors
    /// If one of its objects can be read by this process alone.
    pub fn write(&self) -> Result<String, Error> {
        let objects = self.found.objects.iter().map(|object| object.listed()).collect::<Result<_, Error>>()?;
        let Found { pruned, foreign, warnings, notes, .. } = &self.found;
        let (pruned, foreign, warnings, notes) = (*pruned, *foreign, warnings.clone(), notes.clone());
        let written = Written { version: UNIT_VERSION, objects, pruned, foreign, warnings, notes };
        serde_json::to_string_pretty(&written)
            .map_err(|error| Error::failed(format!("the unit cannot be written: {error}")))
    }

    /// Reads a unit of a plan.
    ///
    /// # Errors
    /// If it is damaged, has another version, or its objects cannot be accessed.
    pub fn read(text: &str, plan: &Plan) -> Result<Self, Error> {
        let damaged = |error: serde_json::Error| Error::failed(format!("the unit cannot be read: {error}"));
        let Written { version, objects: listed, pruned, foreign, warnings, notes } =
            serde_json::from_str(text).map_err(damaged)?;
        if version != UNIT_VERSION {
            let wrong = format!("the unit has version {version}; this outflow supports version {UNIT_VERSION}");
            return Err(Error::failed(wrong));
        }
        let objects = objects(listed, &plan.s3)?;
        Ok(Self { found: Found { objects, pruned, foreign, lists: 0, warnings, notes } })
    }

    /// Adds another unit's objects.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.found.objects.extend(other.found.objects);
        self.found.objects.sort_by(|one, other| one.name.cmp(&other.name));
        self.found.pruned += other.found.pruned;
        self.found.foreign += other.found.foreign;
        self.found.warnings.extend(other.found.warnings);
        self.found.notes.extend(other.found.notes);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Plan {
        let keys = ["src/24:public", "dstport", "eni"].map(|key| crate::group::Key::parse(key).unwrap()).to_vec();
        let spec = Spec { keys, bytes: true, seen: true, ..Spec::default() };
        Plan {
            version: PLAN_VERSION,
            seed: u64::MAX,
            now: 1_790_856_000,
            zone: "Europe/Berlin".to_owned(),
            window: Window { from: Some(7), to: None },
            gap: None,
            filter: Some("start > yesterday and (src_team = web or not srcaddr in 10.0.0.0/8)".to_owned()),
            filter_owners: vec![("src_team".to_owned(), Column::SrcOwner1)],
            format: Some("version account-id brand-new".to_owned()),
            action_filter: ActionFilter::Every,
            spec,
            rejected: true,
            interfaces: false,
            keep_malformed: true,
            copies: true,
            limits: Limits::default(),
            s3: S3Options { region: Some("eu-west-1".to_owned()), retries: Some(3), ..S3Options::default() },
        }
    }

    #[test]
    fn a_plan_comes_back_and_makes_the_plan_it_was_made_of() {
        let plan = example();
        let read = Plan::read(&plan.write().unwrap()).unwrap();
        assert_eq!(read, plan);
        let Plan { spec, rejected, interfaces, .. } = plan.clone();
        assert_eq!(Plan::new(&read.job(2).unwrap(), Needs { spec, rejected, interfaces }), plan);
        assert_eq!(read.identity().unwrap(), plan.identity().unwrap());
        assert_ne!(Plan { rejected: false, ..plan.clone() }.identity().unwrap(), plan.identity().unwrap());
    }

    #[test]
    fn another_version_and_what_is_not_known_are_rejected() {
        let text = example().write().unwrap();
        let error = Plan::read(&text.replace("\"version\": 1", "\"version\": 2")).unwrap_err();
        assert_eq!(error.to_string(), "the plan has version 2; this outflow supports version 1");
        for damaged in
            [text.replace("\"gap\"", "\"hole\""), text.replace("src", "sauce"), text[..40].to_owned(), String::new()]
        {
            assert!(Plan::read(&damaged).unwrap_err().to_string().starts_with("the plan cannot be read"), "{damaged}");
        }
        let s3 = S3Options { endpoint_url: Some("http://user:secret@host".to_owned()), ..S3Options::default() };
        assert!(!Plan { s3, ..example() }.write().unwrap_err().to_string().contains("secret"));
    }
}
