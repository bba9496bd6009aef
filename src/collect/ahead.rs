//! Opening many objects in a known order.

use std::collections::HashMap;
use std::sync::Arc;

use super::content::{Content, ObjectError, open_stream};
use super::{Limits, Object, Source, s3};

/// Objects that will be opened, those far away fetched before that. Files need no fetching: the system reads ahead.
#[derive(Debug)]
pub struct Ahead<'a> {
    objects: &'a [Object],
    fetched: Option<s3::Ahead>,
    /// Positions of the objects to fetch, in fetch order.
    places: HashMap<usize, usize>,
}

impl<'a> Ahead<'a> {
    /// Takes the positions of the objects in approximate opening order.
    #[must_use]
    pub fn new(objects: &'a [Object], order: &[usize]) -> Self {
        let (mut far, mut places) = (Vec::new(), HashMap::new());
        for place in order {
            if let Source::S3(object) = &objects[*place].source {
                places.insert(*place, far.len());
                far.push(Arc::clone(object));
            }
        }
        Self { objects, fetched: s3::Ahead::start(far), places }
    }

    /// Opens the object at a place and looks at its first bytes.
    pub fn open(&self, place: usize, limits: &Limits) -> Result<Content, ObjectError> {
        match (&self.fetched, self.places.get(&place)) {
            (Some(fetched), Some(turn)) => open_stream(fetched.stream(*turn), limits),
            _ => open_stream(self.objects[place].stream(), limits),
        }
    }
}
