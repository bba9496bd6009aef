//! What an input names: `s3://BUCKET/PREFIX`, the bucket by its name or by the ARN of an access point.

use super::narrow::{How, Visit, visits};
use crate::collect::key::Prune;
use crate::error::Error;

/// How an input begins that names a bucket.
pub(super) const SCHEME: &str = "s3://";

/// Whether a bucket is named by an ARN.
pub(super) fn is_arn(bucket: &str) -> bool {
    bucket.starts_with("arn:")
}

/// A bucket, and the rest of a path. The resource of an ARN has a slash of its own: `…:accesspoint/NAME`.
pub(super) fn split(path: &str) -> (&str, &str) {
    let resource = if is_arn(path) { path.find(":accesspoint/").map(|at| at + ":accesspoint/".len()) } else { None };
    let start = resource.unwrap_or_default();
    path[start..].find('/').map_or((path, ""), |slash| (&path[..start + slash], &path[start + slash + 1..]))
}

/// The region of an access point: `arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME`, or with a colon before the name.
fn region_of(bucket: &str) -> Option<&str> {
    let mut parts = bucket.strip_prefix("arn:")?.splitn(5, ':');
    let (_, service, region, _, resource) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let name = resource.strip_prefix("accesspoint")?.strip_prefix(['/', ':'])?;
    (service == "s3" && !region.is_empty() && !name.is_empty() && !name.contains(['/', ':'])).then_some(region)
}

/// A bucket and what is meant of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) bucket: String,
    /// A folder with its `/`, a key, or how keys begin.
    pub(super) prefix: String,
    /// Whether every key that begins so is meant, not only those of the folder of this name.
    pub(super) open: bool,
}

impl Place {
    pub(super) fn of(input: &str) -> Result<Self, Error> {
        let path = input.strip_prefix(SCHEME).unwrap_or(input);
        let (bucket, prefix) = split(path);
        if is_arn(bucket) && region_of(bucket).is_none() {
            return Err(Error::usage(format!("`{input}`: of ARNs only those of access points are supported"))
                .hint("s3://arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME/PREFIX"));
        }
        if bucket.is_empty() || bucket.contains(['*', '?']) {
            return Err(Error::usage(format!("`{input}` names no bucket")).hint("s3://BUCKET/PREFIX"));
        }
        let (prefix, open) = prefix.strip_suffix('*').map_or((prefix, false), |prefix| (prefix, true));
        if prefix.contains('*') {
            return Err(Error::usage(format!("`{input}`: only the end of a prefix may be `*`"))
                .hint("name the folder above; --account, --region and the window say what is needed of it"));
        }
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned(), open })
    }

    /// The region that the name says, which an access point's does.
    pub(super) fn region(&self) -> Option<String> {
        region_of(&self.bucket).map(str::to_owned)
    }

    /// The folder that the name stands in, with its `/`.
    pub(super) fn folder(&self) -> &str {
        let name = self.prefix.trim_end_matches('/');
        &name[..name.rfind('/').map_or(0, |slash| slash + 1)]
    }

    /// The first listings.
    pub(super) fn visits(&self, prune: &Prune) -> Vec<Visit> {
        let visit = |how| Visit { prefix: self.prefix.clone(), how, depth: 0 };
        if self.prefix.is_empty() || self.prefix.ends_with('/') {
            return visits(&self.prefix, 0, prune);
        }
        if self.open {
            return vec![visit(How::Level)];
        }
        // A name alone may be an object's or a folder's.
        let mut first = visits(&format!("{}/", self.prefix), 0, prune);
        first.push(visit(How::Exact));
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_point_is_a_bucket_with_a_region() {
        for arn in ["arn:aws:s3:eu-west-1:123456789012:accesspoint/name", "arn:aws-cn:s3:cn-north-1:1:accesspoint:name"]
        {
            for (rest, prefix) in [("", ""), ("/", ""), ("/a/b", "a/b")] {
                let place = Place::of(&format!("s3://{arn}{rest}")).unwrap();
                assert_eq!((place.bucket.as_str(), place.prefix.as_str()), (arn, prefix));
                assert!(place.region().unwrap().contains('-'));
            }
            assert_eq!(split(&format!("{arn}/a/b.log")), (arn, "a/b.log"));
        }
        assert_eq!(split("bucket/a/b"), ("bucket", "a/b"));
        assert_eq!(Place::of("s3://bucket/a").unwrap().region(), None);
        for other in [
            "arn:aws:s3:::bucket",
            "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap",
            "arn:aws:s3-outposts:us-east-1:1:outpost/op-1/accesspoint/name",
            "arn:aws:s3-object-lambda:us-east-1:1:accesspoint/name",
            "arn:aws:s3:us-east-1:1:accesspoint/",
        ] {
            let said = Place::of(&format!("s3://{other}/x")).unwrap_err().to_string();
            assert!(said.ends_with("of ARNs only those of access points are supported"), "{said}");
        }
    }
}
