//! `s3://bucket/prefix` → objects: what the question needs is listed, folder by folder, several at a time.

use std::sync::Arc;

use aws_sdk_s3::Config;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use tokio::task::{JoinError, JoinSet};

use super::bounded::Bounded;
use super::client::{Account, Bucket, guarded, runtime};
use super::fault::{Doing, Fault};
use super::narrow::{How, Visit, are_too_many, below};
use super::pages::{Pages, whole};
use super::place::{Place, SCHEME, split};
use super::{LISTS_MAX, ListedS3, Object, S3Options, object};
use crate::collect::key::{KeyFacts, Prune};
use crate::collect::local::is_skipped;
use crate::collect::seen::Seen;
use crate::error::{Error, nearest};

/// Finds what inputs name, all with the same credentials.
#[derive(Debug)]
pub(in crate::collect) struct Finder<'a> {
    options: &'a S3Options,
    account: Option<Account>,
    /// The buckets of objects that were found before.
    buckets: Vec<Arc<Bucket>>,
}

impl<'a> Finder<'a> {
    pub(in crate::collect) fn new(options: &'a S3Options) -> Self {
        Self { options, account: None, buckets: Vec::new() }
    }

    /// Adds what an input names, and says how many LIST requests that took.
    pub(in crate::collect) fn find(
        &mut self,
        input: &str,
        prune: &Prune,
        objects: &mut Vec<Object>,
        seen: &mut Seen,
    ) -> Result<u64, Error> {
        let (place, runtime) = (Place::of(input)?, runtime()?);
        let account = self.account()?;
        let listed = guarded(|| runtime.block_on(list_where_it_is(account, &place, prune)))?;
        let Listed { objects: mut found, lists, names } = listed.map_err(|fault| fault.fatal(input))?;
        if found.is_empty() && !names.any {
            return Err(absent(input, &place, &names.near));
        }
        objects.append(&mut found);
        seen.and(names.seen);
        Ok(lists)
    }

    /// What all buckets share, made for the first of them.
    fn account(&mut self) -> Result<&Account, Error> {
        let account = match self.account.take() {
            Some(account) => account,
            None => {
                let runtime = runtime()?;
                guarded(|| runtime.block_on(Account::of(self.options)))??
            }
        };
        Ok(self.account.insert(account))
    }

    /// An object that was found before.
    pub(in crate::collect) fn known(&mut self, name: &str, listed: ListedS3, bytes: u64) -> Result<Object, Error> {
        let (of, key) = name
            .strip_prefix(SCHEME)
            .map(split)
            .filter(|(_, key)| !key.is_empty())
            .ok_or_else(|| Error::failed(format!("`{name}` is no object of S3")).hint("s3://BUCKET/KEY"))?;
        let is_known = |bucket: &&Arc<Bucket>| bucket.name() == of && bucket.region() == listed.region.as_deref();
        let bucket = match self.buckets.iter().find(is_known) {
            Some(bucket) => Arc::clone(bucket),
            None => {
                let account = self.account()?;
                let bucket = Arc::new(guarded(|| account.bucket(of, listed.region))?);
                self.buckets.push(Arc::clone(&bucket));
                bucket
            }
        };
        Ok(object(&bucket, key.to_owned(), listed.etag, bytes))
    }
}

/// Lists a bucket, in the region that it says it is in.
async fn list_where_it_is(account: &Account, place: &Place, prune: &Prune) -> Result<Listed, Fault> {
    let bucket = Arc::new(account.bucket(&place.bucket, place.region()));
    match list(&bucket, place, prune).await {
        Err(Fault { region: Some(region), .. }) => {
            list(&Arc::new(account.bucket(&place.bucket, Some(region))), place, prune).await
        }
        listed => listed,
    }
}

/// What was listed.
#[derive(Debug, Default)]
struct Listed {
    objects: Vec<Object>,
    lists: u64,
    names: Names,
}

/// What there is where nothing was listed.
#[derive(Debug, Default)]
struct Names {
    /// Whether there is anything below the input, needed or not.
    any: bool,
    /// What is said by folders, looked into or not.
    seen: Seen,
    /// The names beside it.
    near: Vec<String>,
}

/// One listing as it was answered.
#[derive(Debug, Default)]
struct Answered {
    objects: Vec<Object>,
    next: Vec<Visit>,
    lists: u64,
    seen: Seen,
    any: bool,
}

async fn list(bucket: &Arc<Bucket>, place: &Place, prune: &Prune) -> Result<Listed, Fault> {
    let (prune, mut listed) = (Arc::new(prune.clone()), Listed::default());
    let (mut waiting, mut running) = (place.visits(&prune), JoinSet::new());
    loop {
        while running.len() < LISTS_MAX {
            let Some(visit) = waiting.pop() else { break };
            running.spawn(answer(Arc::clone(bucket), visit, Arc::clone(&prune)));
        }
        let Some(answered) = running.join_next().await else { break };
        let answered = answered.map_err(|error: JoinError| {
            Fault::new(format!("a listing broke off: {}", bucket.redact(&error.to_string())))
        })??;
        listed.lists += answered.lists;
        listed.names.any |= answered.any;
        listed.names.seen.and(answered.seen);
        waiting.extend(answered.next);
        let wanted = answered.objects.into_iter().filter(|object| is_wanted(object, place));
        listed.objects.extend(wanted.map(|object| Object { named: key_of(&object, place) == place.prefix, ..object }));
    }
    if listed.objects.is_empty() && !listed.names.any {
        let seen = std::mem::take(&mut listed.names.seen);
        listed.names = names(bucket, place).await?;
        listed.names.seen.and(seen);
    }
    Ok(listed)
}

/// Makes one listing, page after page.
async fn answer(bucket: Arc<Bucket>, visit: Visit, prune: Arc<Prune>) -> Result<Answered, Fault> {
    let (mut answered, mut folders, mut token) = (Answered::default(), Vec::new(), None);
    let mut pages = Pages::default();
    loop {
        let page = page(&bucket, &visit, token).await?;
        answered.lists += 1;
        token = pages.next(&page)?;
        if visit.how == How::Probe && token.is_some() {
            // Too many for one page: from here on several listings at a time are faster than one.
            let level = Visit { how: How::Level, ..visit };
            return Ok(Answered { next: vec![level], objects: Vec::new(), any: true, ..answered });
        }
        for folder in page.common_prefixes.into_iter().flatten().filter_map(|folder| folder.prefix) {
            if !folder.starts_with(&visit.prefix) || folder.len() == visit.prefix.len() {
                return Err(strange(&bucket, &folder, &visit.prefix));
            }
            folders.push(folder);
        }
        for entry in page.contents.into_iter().flatten() {
            let (Some(key), bytes) = (entry.key, entry.size.unwrap_or_default()) else { continue };
            if !key.starts_with(&visit.prefix) {
                return Err(strange(&bucket, &key, &visit.prefix));
            }
            let is_meant = visit.how != How::Exact || key == visit.prefix;
            // A key that ends so is a folder as the console makes it.
            if is_meant && !key.ends_with('/') {
                answered.objects.push(object(&bucket, key, entry.e_tag, u64::try_from(bytes).unwrap_or_default()));
            }
        }
        if token.is_none() || visit.how == How::Exact || are_too_many(&visit, &folders) {
            break;
        }
    }
    answered.any = !folders.is_empty();
    folders.iter().for_each(|folder| answered.seen.add_folder(folder));
    answered.next = below(&visit, &folders, &prune);
    let (known, wanted) = (folders.len(), answered.next.len());
    tracing::debug!(prefix = ?visit.prefix, folders = known, wanted, "chose folders");
    if answered.next.iter().any(|next| next.prefix == visit.prefix) {
        // The folder is listed as a whole after all.
        answered.objects.clear();
    }
    Ok(answered)
}

/// A store that lists what was not asked for may count another's objects, or never come to an end.
fn strange(bucket: &Bucket, name: &str, asked: &str) -> Fault {
    Fault::new(format!("the store lists {}, which is not below {asked:?}", bucket.redact(&format!("{name:?}"))))
}

async fn page(bucket: &Bucket, visit: &Visit, token: Option<String>) -> Result<ListObjectsV2Output, Fault> {
    let request = bucket
        .client()
        .list_objects_v2()
        .bucket(bucket.name())
        .prefix(&visit.prefix)
        .set_request_payer(bucket.payer())
        .set_delimiter((visit.how == How::Level).then(|| "/".to_owned()))
        .set_max_keys((visit.how == How::Exact).then_some(1))
        .set_continuation_token(token);
    // A page is read whole before it is given, so its time bounds its rate.
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(bucket.options().limits.page_time).build();
    let config = Config::builder().timeout_config(timeouts);
    let request = request.customize().config_override(config).interceptor(Bounded::Pages);
    let page = request.send().await.map_err(|error| Fault::of(&error, bucket, Doing::List))?;
    whole(&page)?;
    let (keys, folders) = (page.contents().len(), page.common_prefixes().len());
    tracing::debug!(bucket = ?bucket.name(), prefix = ?visit.prefix, keys, folders, "listed a page");
    Ok(page)
}

fn key_of<'a>(object: &'a Object, place: &Place) -> &'a str {
    object.name.get(SCHEME.len() + place.bucket.len() + 1..).unwrap_or_default()
}

/// Whether an object below the input is a log by its name, as with files: `.x` and `_SUCCESS` are none.
fn is_wanted(object: &Object, place: &Place) -> bool {
    let key = key_of(object, place);
    let mut names = key.strip_prefix(place.folder()).unwrap_or(key).split('/').rev();
    let is_log = names.next().is_some_and(|name| !is_skipped(name.as_ref(), false));
    key == place.prefix || (is_log && !names.any(|folder| is_skipped(folder.as_ref(), true)))
}

/// What there is where nothing that is needed was found: other days of the folder, or other names beside it.
async fn names(bucket: &Bucket, place: &Place) -> Result<Names, Fault> {
    let visit = |prefix: &str, how| Visit { prefix: prefix.to_owned(), how, depth: 0 };
    let folder = if place.open { place.prefix.clone() } else { format!("{}/", place.prefix.trim_end_matches('/')) };
    let folder = folder.trim_start_matches('/');
    let inside = page(bucket, &visit(folder, How::Exact), None).await?;
    let is_log =
        |key: &str| !key.ends_with('/') && !key.rsplit('/').next().is_some_and(|name| is_skipped(name.as_ref(), false));
    if let Some(key) = inside.contents.into_iter().flatten().filter_map(|entry| entry.key).find(|key| is_log(key)) {
        let mut seen = Seen::default();
        seen.add(&KeyFacts::of(&key));
        return Ok(Names { any: true, seen, near: Vec::new() });
    }
    let beside = page(bucket, &visit(place.folder(), How::Level), None).await?;
    let folders = beside.common_prefixes.into_iter().flatten().filter_map(|folder| folder.prefix);
    let near = folders.chain(beside.contents.into_iter().flatten().filter_map(|entry| entry.key)).collect();
    Ok(Names { near, ..Names::default() })
}

fn absent(input: &str, place: &Place, near: &[String]) -> Error {
    let error = Error::read(format!("no objects in `{input}`"));
    match nearest(place.prefix.trim_end_matches('/'), near.iter().map(|near| near.trim_end_matches('/'))) {
        Some(near) => error.hint(format!("did you mean `{SCHEME}{}/{near}`?", place.bucket)),
        None => error.hint(
            "give the folder or key that holds the logs, or how keys begin with a `*` at the end; names that begin with `.` or `_` are left out",
        ),
    }
}
