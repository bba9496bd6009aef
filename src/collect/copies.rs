//! Objects that are copies of others, of which one is read: links to one file, AWS's name once more, the same content.
//!
//! Names and sizes are compared first, without opening objects. Content is compared only where an object has no name of
//! AWS: first a few bytes of each file, then checksums of those that still look alike. An object of S3 and a file have no
//! checksum in common, so only their names are compared; objects that were joined or cut are not taken apart.

mod content;

use std::borrow::Cow;
use std::cmp::Reverse;

use super::key::aws_name;
use super::{Object, Source};
use crate::units::human;

/// How many copies a note names.
const COPIES_SHOWN: usize = 3;

/// Why an object is a copy of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alike {
    File,
    Name,
    Content,
}

impl Alike {
    fn described(self) -> &'static str {
        match self {
            Self::File => "is the same file as",
            Self::Name => "has the AWS name of",
            Self::Content => "has the content of",
        }
    }
}

/// What is left of some objects.
#[derive(Debug, Default)]
pub(super) struct Distinct {
    /// In their order.
    pub(super) objects: Vec<Object>,
    /// What was left out.
    pub(super) notes: Vec<String>,
    /// What was left out although it differs.
    pub(super) warnings: Vec<String>,
}

/// Keeps one of the objects that are copies of each other. Which one does not depend on their order.
pub(super) fn distinct(objects: Vec<Object>) -> Distinct {
    let mut finder = Finder::new(&objects);
    // A link between two names of AWS stands for two objects that were found to hold the same.
    for files in finder.groups(|object| Some((object.file?, aws_name(&object.name)))) {
        finder.join(files, Alike::File);
    }
    // A name that is none of AWS, such as standard input's, stands for whatever it is.
    for files in finder.groups(|object| object.file) {
        let (named, mut others): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|object| aws_name(&objects[*object].name).is_some());
        others.extend(named.into_iter().min_by_key(|object| rank(&objects[*object])));
        if others.len() > 1 {
            finder.join(others, Alike::File);
        }
    }
    let mut warnings = Vec::new();
    for named in finder.groups(|object| aws_name(&object.name)) {
        let first = finder.join(named.clone(), Alike::Name);
        let differing =
            named.iter().filter(|copy| **copy != first && content::differ(&objects[first], &objects[**copy]));
        warnings.extend(differing.map(|copy| {
            let (copy, first) = (&objects[*copy].name, &objects[first].name);
            format!("{copy}: has the AWS name of {first} but other content; skipped (--count-copies reads both)")
        }));
    }
    // AWS writes no object twice: where every object has its name, content need not be looked at.
    if finder.left().any(|object| aws_name(&objects[object].name).is_none()) {
        // What is a copy by its name may be the only one to share a checksum with others.
        let digest = |object: usize| match &objects[object].source {
            Source::S3(in_s3) => Some(((in_s3.digest()?, objects[object].stored_bytes), object)),
            _ => None,
        };
        for alike in groups_of((0..objects.len()).filter_map(digest).collect()) {
            finder.join_content(alike);
        }
        let files: Vec<usize> = (0..objects.len()).filter(|object| finder.is_file_of_its_own(*object)).collect();
        content::each_alike(&objects, &files, &mut |alike| finder.join_content(alike));
    }
    let (copies, notes) = (finder.copies(), finder.note().into_iter().collect());
    Distinct { objects: without(objects, &copies), notes, warnings }
}

/// Which objects are copies of which.
struct Finder<'a> {
    objects: &'a [Object],
    /// For each object, of which it is a copy and why.
    of: Vec<Option<(usize, Alike)>>,
}

impl<'a> Finder<'a> {
    fn new(objects: &'a [Object]) -> Self {
        Self { objects, of: vec![None; objects.len()] }
    }

    /// The objects that are no copies.
    fn left(&self) -> impl Iterator<Item = usize> {
        (0..self.of.len()).filter(|object| self.of[*object].is_none())
    }

    /// The objects that are no copies and have a key in common with another.
    fn groups<K: Ord>(&self, key: impl Fn(&'a Object) -> Option<K>) -> Vec<Vec<usize>> {
        let keyed = self.left().filter_map(|object| Some((key(&self.objects[object])?, object)));
        groups_of(keyed.collect())
    }

    /// Makes all of a group copies of one of them, which is returned.
    fn join(&mut self, mut group: Vec<usize>, alike: Alike) -> usize {
        group.sort_by_cached_key(|object| rank(&self.objects[*object]));
        for copy in &group[1..] {
            self.of[*copy] = Some((group[0], alike));
        }
        group[0]
    }

    /// Joins objects whose content is the same, unless their keys say that they are different objects: another name of
    /// AWS, or another flow log. Two flow logs of one interface may well write the same records, and the join knows
    /// which of them count. Objects without records change nothing and are left as they are. One with a header line is
    /// read before those that lost it.
    fn join_content(&mut self, mut group: Vec<usize>) {
        if content::is_without_records(&self.objects[group[0]]) {
            return;
        }
        let has_header = |object: &usize| content::has_header(&self.objects[*object]);
        group.sort_by_cached_key(|object| (!has_header(object), rank(&self.objects[*object])));
        let mut firsts: Vec<usize> = Vec::new();
        for object in group {
            let new = &self.objects[object];
            let is_copy = |first: &&usize| {
                let first = &self.objects[**first];
                let named_both = aws_name(&new.name).is_some() && aws_name(&first.name).is_some();
                !named_both && !new.key.contradicts(&first.key)
            };
            match firsts.iter().find(is_copy) {
                Some(first) if self.of[object].is_none() && self.read_for(*first) != object => {
                    self.of[object] = Some((*first, Alike::Content));
                }
                Some(_) => {}
                None => firsts.push(object),
            }
        }
    }

    /// Whether an object is a regular file and no link to another that was found.
    fn is_file_of_its_own(&self, object: usize) -> bool {
        let is_link = self.of[object].is_some_and(|(_, alike)| alike == Alike::File);
        self.objects[object].file.is_some() && !is_link
    }

    /// The object that is read in place of an object, which may be itself.
    fn read_for(&self, mut object: usize) -> usize {
        while let Some((of, _)) = self.of[object] {
            object = of;
        }
        object
    }

    /// For each copy, the object that is read in its place.
    fn copies(&self) -> Vec<Option<usize>> {
        self.of.iter().map(|of| of.map(|(of, _)| self.read_for(of))).collect()
    }

    fn note(&self) -> Option<String> {
        let copies = self.of.iter().zip(self.objects).filter_map(|(of, copy)| of.map(|of| (copy, of)));
        let copies = copies.map(|(copy, (of, alike))| {
            tracing::debug!(name = ?copy.name, of = ?self.objects[of].name, ?alike, "skips a copy");
            (copy, of, alike)
        });
        let copies: Vec<_> = copies.collect();
        if copies.is_empty() {
            return None;
        }
        let shown = copies.iter().take(COPIES_SHOWN);
        let mut shown: Vec<Cow<'_, str>> = shown
            .map(|(copy, of, alike)| {
                let of = &self.objects[*of].name;
                let compared = *alike != Alike::Name || content::form(&copy.name) == content::form(of);
                let not_compared = if compared { "" } else { " (in another form, not compared)" };
                format!("{} {} {of}{not_compared}", copy.name, alike.described()).into()
            })
            .collect();
        if let Some(more) = copies.len().checked_sub(COPIES_SHOWN).filter(|more| *more > 0) {
            shown.push(format!("and {more} more").into());
        }
        let (count, shown) = (copies.len(), shown.join(", "));
        let noun = if count == 1 { "copy" } else { "copies" };
        Some(format!("skipped: {} {noun}: {shown}; --count-copies counts them too", human::count(count as u128)))
    }
}

/// What sorts the object that is read before its copies: what AWS wrote before what was made of it, and what says most
/// by its key before what says less.
fn rank(object: &Object) -> impl Ord + use<> {
    let text = ["", ".log", ".gz", ".log.gz"].iter().any(|extension| ends_in(&object.name, extension));
    let is_output = !text && content::is_output(object);
    let form = match () {
        () if ends_in(&object.name, ".log.gz") => 0,
        () if ends_in(&object.name, ".log.parquet") => 1,
        () if text => 2,
        () => 3,
    };
    let (known, stored) = (Reverse(object.key.known()), Reverse(object.stored_bytes));
    (is_output, aws_name(&object.name).is_none(), form, known, stored, object.name.clone())
}

/// Whether a name has exactly this extension.
fn ends_in(name: &str, extension: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    file.find('.').map_or("", |dot| &file[dot..]) == extension
}

/// Gathers what has the same key, without what is alone.
fn groups_of<K: Ord>(mut keyed: Vec<(K, usize)>) -> Vec<Vec<usize>> {
    keyed.sort();
    let groups = keyed.chunk_by(|one, other| one.0 == other.0).filter(|group| group.len() > 1);
    groups.map(|group| group.iter().map(|(_, object)| *object).collect()).collect()
}

/// Leaves copies out. What an input names stays named, whichever of its copies is read.
fn without(mut objects: Vec<Object>, copies: &[Option<usize>]) -> Vec<Object> {
    for (copy, of) in copies.iter().enumerate() {
        if let Some(of) = of {
            objects[*of].named |= objects[copy].named;
        }
    }
    let mut copies = copies.iter();
    objects.retain(|_| copies.next().is_none_or(Option::is_none));
    objects
}

#[cfg(test)]
mod tests;
