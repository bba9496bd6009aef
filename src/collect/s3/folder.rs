//! A folder of a bucket that is read and written, for a store of facts. A file can be created on the condition that there
//! is none, which is what commits rest on; whether a server heeds that is tested, not believed.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::primitives::ByteStream;

use super::client::{Account, Bucket, guarded, runtime};
use super::fault::{Doing, Fault};
use super::pages::Pages;
use super::place::Place;
use super::{Object, S3Options, object};
use crate::error::Error;

/// How often a file is created anew where the server says that another request for it is under way.
const CONFLICTS_MAX: u32 = 8;
/// How long to wait before that.
const PAUSE: Duration = Duration::from_millis(50);

/// A folder of a bucket.
#[derive(Clone, Debug)]
pub struct S3Folder {
    bucket: Arc<Bucket>,
    /// With its `/` at the end; empty for the whole bucket.
    prefix: String,
}

/// A file in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3File {
    /// Below the folder.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// When it was written, in milliseconds since 1970.
    pub modified_milliseconds: i64,
}

impl S3Folder {
    /// The folder `s3://bucket/prefix`, which need not hold anything yet.
    ///
    /// # Errors
    /// If the bucket cannot be listed.
    pub fn open(location: &str, options: &S3Options) -> Result<Self, Error> {
        Self::looked_into(location, options, "")?.map(|(folder, _)| folder).map_err(|fault| fault.fatal(location))
    }

    /// The same if there is any file below a path of it, by one request. Who may not look there finds none.
    ///
    /// # Errors
    /// If the bucket cannot be listed for another reason.
    pub fn with(location: &str, options: &S3Options, below: &str) -> Result<Option<Self>, Error> {
        match Self::looked_into(location, options, below)? {
            Ok((folder, has)) => Ok(has.then_some(folder)),
            Err(fault) if fault.is_denied => Ok(None),
            Err(fault) => Err(fault.fatal(location)),
        }
    }

    /// The folder, in the region that it is in, and whether there is a file below a path of it.
    fn looked_into(location: &str, options: &S3Options, below: &str) -> Result<Result<(Self, bool), Fault>, Error> {
        let (place, runtime) = (Place::of(location)?, runtime()?);
        let prefix = place.prefix.trim_end_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        let folder = |bucket: Bucket| Self { bucket: Arc::new(bucket), prefix: prefix.clone() };
        let account = guarded(|| runtime.block_on(Account::of(options)))??;
        guarded(|| {
            runtime.block_on(async {
                let has = |page: ListObjectsV2Output| page.contents.is_some_and(|contents| !contents.is_empty());
                let here = folder(account.bucket(&place.bucket, place.region()));
                let elsewhere = match here.page(below, "", None, Some(1)).await {
                    Err(Fault { region: Some(region), .. }) => region,
                    page => return page.map(|page| (here, has(page))),
                };
                let there = folder(account.bucket(&place.bucket, Some(elsewhere)));
                let page = there.page(below, "", None, Some(1)).await?;
                Ok((there, has(page)))
            })
        })
    }

    /// The files below a path, at any depth, whose paths sort after another one.
    ///
    /// # Errors
    /// If they cannot be listed.
    pub fn list(&self, below: &str, after: &str) -> io::Result<Vec<S3File>> {
        waited(async {
            let (mut files, mut token, mut pages) = (Vec::new(), None, Pages::default());
            loop {
                let page = self.page(below, after, token, None).await?;
                token = pages.next(&page)?;
                files.extend(page.contents.into_iter().flatten().filter_map(|entry| {
                    let path = entry.key?.strip_prefix(&self.prefix)?.to_owned();
                    let modified = entry.last_modified.and_then(|moment| moment.to_millis().ok());
                    let bytes = u64::try_from(entry.size.unwrap_or_default()).unwrap_or_default();
                    Some(S3File { path, bytes, modified_milliseconds: modified.unwrap_or_default() })
                }));
                if token.is_none() {
                    return Ok(files);
                }
            }
        })
    }

    async fn page(
        &self,
        below: &str,
        after: &str,
        token: Option<String>,
        most: Option<i32>,
    ) -> Result<ListObjectsV2Output, Fault> {
        let (bucket, prefix) = (&self.bucket, format!("{}{below}", self.prefix));
        let after = (!after.is_empty()).then(|| format!("{}{after}", self.prefix));
        let request = bucket.client().list_objects_v2().bucket(bucket.name()).prefix(&prefix);
        let request = request.set_request_payer(bucket.payer()).set_max_keys(most).set_start_after(after);
        let page = request.set_continuation_token(token).send().await;
        page.map_err(|error| Fault::of(&error, bucket, Doing::List))
    }

    /// A file's bytes; none if there is no such file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let (bucket, key) = (&self.bucket, self.key(path));
        waited(async {
            let request = bucket.client().get_object().bucket(bucket.name()).key(&key);
            let answer = match request.set_request_payer(bucket.payer()).send().await {
                Err(SdkError::ServiceError(answer)) if answer.raw().status().as_u16() == 404 => {
                    // A bucket that is gone is no absent file.
                    return match answer.err().code() {
                        Some("NoSuchBucket") => Err(Fault::new(format!("there is no bucket `{}`", bucket.name()))),
                        _ => Ok(None),
                    };
                }
                answer => answer.map_err(|error| Fault::of(&error, bucket, Doing::Get(&key)))?,
            };
            let bytes = answer.content_length().and_then(|length| u64::try_from(length).ok());
            let body = answer.body.collect().await;
            let body = body.map_err(|error| Fault::new(bucket.redact(&error.to_string())))?.to_vec();
            match bytes.filter(|bytes| *bytes != body.len() as u64) {
                Some(bytes) => Err(Fault::new(format!("{} of {bytes} bytes came", body.len()))),
                None => Ok(Some(body)),
            }
        })
    }

    /// Writes a file, in place of one that there is.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn put(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.send(path, bytes, None).map(drop)
    }

    /// Writes a file unless there is one; says whether it did. A request that was repeated may find what it wrote itself.
    ///
    /// # Errors
    /// If it cannot be written, or nobody can say whether it was.
    pub fn create(&self, path: &str, bytes: &[u8]) -> io::Result<bool> {
        self.send(path, bytes, Some("*"))
    }

    fn send(&self, path: &str, bytes: &[u8], unless: Option<&str>) -> io::Result<bool> {
        let (bucket, key) = (&self.bucket, self.key(path));
        waited(async {
            for attempt in 0.. {
                let request = bucket.client().put_object().bucket(bucket.name()).key(&key);
                let request = request.set_request_payer(bucket.payer()).set_if_none_match(unless.map(str::to_owned));
                let status = match request.body(ByteStream::from(bytes.to_vec())).send().await {
                    Ok(_) => return Ok(true),
                    Err(SdkError::ServiceError(answer)) if unless.is_some() => match answer.raw().status().as_u16() {
                        412 => return Ok(false),
                        409 if attempt < CONFLICTS_MAX => 409,
                        _ => {
                            let error = SdkError::ServiceError(answer);
                            return Err(Fault::of(&error, bucket, Doing::Put(&key)));
                        }
                    },
                    Err(error) => return Err(Fault::of(&error, bucket, Doing::Put(&key))),
                };
                tracing::debug!(?key, status, "another request for the file is under way");
                tokio::time::sleep(PAUSE * (attempt + 1)).await;
            }
            Ok(false)
        })
    }

    /// Deletes a file; an absent one is fine.
    ///
    /// # Errors
    /// If it cannot be deleted.
    pub fn delete(&self, path: &str) -> io::Result<()> {
        let (bucket, key) = (&self.bucket, self.key(path));
        waited(async {
            let request = bucket.client().delete_object().bucket(bucket.name()).key(&key);
            let deleted = request.set_request_payer(bucket.payer()).send().await;
            deleted.map(drop).map_err(|error| Fault::of(&error, bucket, Doing::Delete(&key)))
        })
    }

    /// A file as an object that is scanned.
    #[must_use]
    pub fn object(&self, path: &str, bytes: u64) -> Object {
        object(&self.bucket, self.key(path), None, bytes)
    }

    fn key(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }
}

/// Waits for the runtime's threads.
fn waited<T>(task: impl Future<Output = Result<T, Fault>>) -> io::Result<T> {
    runtime().map_err(io::Error::other)?.block_on(task).map_err(io::Error::other)
}
