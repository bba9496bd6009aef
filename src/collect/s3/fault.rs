//! What S3 and the way to it can answer instead of bytes → a sentence and the next step.

use std::fmt;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use super::bounded::too_large;
use super::client::Bucket;
use crate::error::Error;

/// An error of another crate.
type Cause = dyn std::error::Error + 'static;

/// What was being done.
#[derive(Clone, Copy, Debug)]
pub(super) enum Doing<'a> {
    /// Listing the bucket.
    List,
    /// Reading the object of this key.
    Get(&'a str),
    /// Writing it.
    Put(&'a str),
    /// Deleting it.
    Delete(&'a str),
}

/// A request that failed for good, after its retries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// What is wrong, a sentence fragment.
    cause: String,
    /// What can be done about it.
    hint: Option<String>,
    /// The region that the bucket is said to be in.
    pub(super) region: Option<String>,
    /// Whether a permission is missing.
    pub(super) is_denied: bool,
}

impl Fault {
    /// Of a failed request. Nothing that the credentials consist of is ever part of it.
    pub(super) fn of<E>(error: &SdkError<E, HttpResponse>, bucket: &Bucket, doing: Doing) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        if let Some(fault) = of_credentials(error, bucket) {
            return fault;
        }
        let SdkError::ServiceError(answer) = error else { return of_way(error, bucket) };
        let header = |name| answer.raw().headers().get(name).map(str::to_owned);
        let (status, meta) = (answer.raw().status().as_u16(), answer.err().meta());
        // A store may echo the request, with what it was signed with.
        let shown = |text: Option<&str>| bucket.redact(text.unwrap_or_default());
        let (code, message) = (shown(meta.code()), shown(meta.message()));
        let mut fault = of_answer(status, &code, &message, bucket, doing);
        let elsewhere = header("x-amz-bucket-region").or_else(|| expected_region(&message));
        fault.region = elsewhere.filter(|region| Some(region.as_str()) != bucket.region());
        fault
    }

    pub(super) fn new(cause: impl Into<String>) -> Self {
        Self { cause: cause.into(), hint: None, region: None, is_denied: false }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Of a listing, which ends the run.
    pub(super) fn fatal(self, input: &str) -> Error {
        let error = Error::read(format!("cannot list `{input}`: {}", self.cause));
        self.hint.into_iter().fold(error, Error::hint)
    }
}

/// Of an object: cause and next step in one line.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.hint {
            Some(hint) => write!(f, "{}; {hint}", self.cause),
            None => f.write_str(&self.cause),
        }
    }
}

impl std::error::Error for Fault {}

/// The object is not the one that was listed any more.
pub(super) fn changed() -> Fault {
    Fault::new("it changed after it was listed").hint("run again to read what it is now")
}

/// What S3 itself answers.
fn of_answer(status: u16, code: &str, message: &str, bucket: &Bucket, doing: Doing) -> Fault {
    let name = bucket.name();
    match (status, code) {
        (404, "NoSuchBucket") => Fault::new(format!("there is no bucket `{name}`")).hint("check the name"),
        (404, _) if matches!(doing, Doing::Get(_)) => Fault::new("it was deleted after it was listed"),
        (412, _) | (_, "PreconditionFailed" | "InvalidRange") => changed(),
        (_, "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" | "RequestExpired") => {
            Fault::new("the credentials have expired").hint(LOG_IN)
        }
        (_, "InvalidAccessKeyId" | "InvalidToken" | "SignatureDoesNotMatch" | "InvalidClientTokenId") => {
            Fault::new(format!("the credentials are not valid ({code})")).hint(LOG_IN)
        }
        (_, "RequestTimeTooSkewed") => Fault::new("this machine's clock is too far from S3's").hint("set the clock"),
        (_, "InvalidObjectState") => Fault::new("it is archived").hint("restore it first (`aws s3api restore-object`)"),
        (_, "AllAccessDisabled" | "AccountProblem") => Fault::new(format!("{code}: {message}")),
        (301, _) | (_, "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException") => {
            Fault::new(format!("the bucket `{name}` is in another region")).hint("name its region with --region")
        }
        (401 | 403, _) => denied(code, message, bucket, doing),
        (429 | 503, _) | (_, "SlowDown" | "Throttling" | "ThrottlingException" | "RequestLimitExceeded") => {
            Fault::new(format!("S3 asks to slow down ({status} {code}), after {} attempts", bucket.attempts()))
                .hint("run again later, or allow more attempts with --retries")
        }
        (500..=599, _) => Fault::new(format!("S3 failed ({status} {code}), after {} attempts", bucket.attempts()))
            .hint("run again later, or allow more attempts with --retries"),
        _ => Fault::new(format!("S3 refuses it: {status} {code} {message}").trim_end().to_owned()),
    }
}

const LOG_IN: &str = "renew them: `aws sso login`, or whatever gave them to you";

/// Which permission is missing.
fn denied(code: &str, message: &str, bucket: &Bucket, doing: Doing) -> Fault {
    let name = bucket.name();
    let hint = if message.to_ascii_lowercase().contains("kms") {
        "allow kms:Decrypt on the key that encrypts it".to_owned()
    } else {
        match doing {
            Doing::List => format!("allow s3:ListBucket on arn:aws:s3:::{name}"),
            Doing::Get(key) => format!("allow s3:GetObject on arn:aws:s3:::{name}/{key}"),
            Doing::Put(key) => format!("allow s3:PutObject on arn:aws:s3:::{name}/{key}"),
            Doing::Delete(key) => format!("allow s3:DeleteObject on arn:aws:s3:::{name}/{key}"),
        }
    };
    let also = match (bucket.options().unsigned, bucket.options().request_payer) {
        (true, _) => ", or leave out --no-sign-request",
        (false, false) => "; where the requester pays, give --request-payer",
        (false, true) => "",
    };
    let code = if code.is_empty() { "403" } else { code };
    Fault { is_denied: true, ..Fault::new(format!("access is denied ({code})")) }.hint(format!("{hint}{also}"))
}

/// The region in `…; expecting 'eu-west-1'`.
fn expected_region(message: &str) -> Option<String> {
    let (_, after) = message.split_once("expecting '")?;
    after.split_once('\'').map(|(region, _)| region.to_owned())
}

/// There are no credentials, or they cannot be had.
fn of_credentials<E>(error: &SdkError<E, HttpResponse>, bucket: &Bucket) -> Option<Fault>
where
    E: std::error::Error + 'static,
{
    let found = chain(error).find_map(|cause| cause.downcast_ref::<CredentialsError>())?;
    let profile = bucket.options().profile.as_deref();
    // The machine's own service is the last that is asked: that it refuses says only that nobody else had any.
    let is_last = matches!(found, CredentialsError::CredentialsNotLoaded(_)) || innermost(found).contains("IMDS");
    if let (true, Some(profile)) = (is_last, profile) {
        let fault = Fault::new(format!("the profile `{profile}` has no credentials"));
        return Some(fault.hint("`aws configure list-profiles` lists the profiles"));
    }
    if is_last {
        return Some(Fault::new("there are no credentials").hint(
            "set AWS_PROFILE to a profile that exists, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; for a public bucket give --no-sign-request",
        ));
    }
    let of_profile = profile.map_or(String::new(), |profile| format!(" of profile `{profile}`"));
    let innermost = bucket.redact(&innermost(found));
    Some(Fault::new(format!("the credentials{of_profile} cannot be had: {innermost}")).hint(LOG_IN))
}

/// S3 was not reached, or what answered was not S3.
fn of_way<E>(error: &SdkError<E, HttpResponse>, bucket: &Bucket) -> Fault
where
    E: std::error::Error + 'static,
{
    let innermost = bucket.redact(&innermost(error));
    let attempts = bucket.attempts();
    let hint = match (proxy(), bucket.endpoint()) {
        _ if innermost.contains("certificate") => {
            "AWS_CA_BUNDLE may name a file with the certificates of who signed it (PEM)".to_owned()
        }
        (Some(variable), _) => format!("the proxy that {variable} names must be reachable, or NO_PROXY name the store"),
        (None, Some(url)) => format!("check that a store answers at {url}"),
        (None, None) => "check the network, and the region or endpoint that is configured".to_owned(),
    };
    match error {
        SdkError::TimeoutError(_) => Fault::new(format!("no answer in time, after {attempts} attempts")).hint(hint),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            Fault::new(format!("no answer in time, after {attempts} attempts")).hint(hint)
        }
        SdkError::DispatchFailure(_) => Fault::new(format!("no answer from S3: {innermost}")).hint(hint),
        SdkError::ResponseError(answer) => {
            let status = answer.raw().status().as_u16();
            let what = chain(error).find_map(|cause| too_large(status, cause));
            let what =
                what.unwrap_or_else(|| format!("what answers (with status {status}) does not speak S3: {innermost}"));
            Fault::new(what).hint(hint)
        }
        _ => Fault::new(format!("the request cannot be made: {innermost}")),
    }
}

/// The variable that names a proxy; its value may hold a password and is not shown.
fn proxy() -> Option<&'static str> {
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"]
        .into_iter()
        .find(|variable| std::env::var_os(variable).is_some_and(|value| !value.is_empty()))
}

/// What an error is at its root.
pub(super) fn innermost(error: &Cause) -> String {
    chain(error).last().map_or_else(String::new, ToString::to_string)
}

/// An error and what led to it.
fn chain(error: &Cause) -> impl Iterator<Item = &Cause> {
    std::iter::successors(Some(error), |&error| error.source())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_that_s3_expects_is_found_in_its_message() {
        let message = "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'";
        assert_eq!(expected_region(message).as_deref(), Some("eu-west-1"));
        assert_eq!(expected_region("expecting nothing"), None);
    }
}
