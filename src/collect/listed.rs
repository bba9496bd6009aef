//! Objects as they can be written down, and objects again: what one process found, another one reads without looking.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::s3::Finder;
use super::{Object, S3Options, Source};
use crate::error::Error;

/// A listed object, with the attributes of its key.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// A path, or `s3://bucket/key`.
    pub location: String,
    /// How many bytes are stored.
    pub stored_bytes: u64,
    /// Whether an input names just this object.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub named: bool,
    /// Where it is, if it is in S3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub s3: Option<ListedS3>,
}

/// Additional attributes of S3 objects.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ListedS3 {
    /// The region in which the bucket was listed.
    pub region: Option<String>,
    /// Identifies this content of the key among later versions.
    pub etag: Option<String>,
}

impl Object {
    /// What another process needs to read it.
    ///
    /// # Errors
    /// If it can be read by this process alone, or its name cannot be written.
    pub fn listed(&self) -> Result<Listed, Error> {
        let (location, s3) = match &self.source {
            Source::Stdin => return Err(Error::usage("standard input cannot be distributed")),
            Source::S3(object) => (self.name.clone(), Some(object.listed())),
            Source::File(path) => {
                let location = path
                    .to_str()
                    .ok_or_else(|| Error::failed(format!("{}: the name is not valid Unicode", path.display())))?;
                (location.to_owned(), None)
            }
        };
        Ok(Listed { location, stored_bytes: self.stored_bytes, named: self.named, s3 })
    }
}

/// Objects that were found before, in their order; nothing is listed.
///
/// # Errors
/// If S3 cannot be accessed.
pub fn objects(listed: Vec<Listed>, s3: &S3Options) -> Result<Vec<Object>, Error> {
    let mut finder = Finder::new(s3);
    let object = |Listed { location, stored_bytes, named, s3 }| {
        let object = match s3 {
            Some(s3) => finder.known(&location, s3, stored_bytes)?,
            None => Object::new(location.clone(), Source::File(PathBuf::from(location)), stored_bytes),
        };
        Ok(Object { named, ..object })
    };
    listed.into_iter().map(object).collect()
}
