//! Whether a listing was given whole: each page as it says itself, and the pages as a row that comes to an end.
//!
//! A listing that ends too early is an answer with objects missing and nothing to show for it, so every doubt is an error.

use std::collections::HashSet;

use aws_sdk_s3::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;

use super::fault::Fault;

/// Pages in a row that may hold nothing and have another behind them.
pub(super) const EMPTY_PAGES_MAX: usize = 1000;
/// What the answer to a listing begins and ends with.
const ROOT: (&[u8], &[u8]) = (b"<ListBucketResult", b"</ListBucketResult>");

/// A page that is as whole as it says, and the token of the next one.
pub(super) fn whole(page: &ListObjectsV2Output) -> Result<Option<&str>, Fault> {
    let given = page.contents().len() + page.common_prefixes().len();
    if let Some(said) = page.key_count().filter(|said| usize::try_from(*said) != Ok(given)) {
        return Err(cut(format!("it counts {said} entries and holds {given}")));
    }
    if page.contents().iter().any(|entry| entry.key().is_none() || entry.size().is_none_or(|size| size < 0)) {
        return Err(cut("an entry has no key or no size".to_owned()));
    }
    if page.common_prefixes().iter().any(|folder| folder.prefix().is_none()) {
        return Err(cut("a folder has no name".to_owned()));
    }
    let token = page.next_continuation_token().filter(|token| !token.is_empty());
    match (page.is_truncated(), token) {
        (None, _) => Err(cut("it does not say whether there is more (IsTruncated)".to_owned())),
        (Some(true), None) => Err(cut("it says that there is more, and has no token for it".to_owned())),
        (Some(false), Some(_)) => Err(cut("it says that there is no more, and has a token for more".to_owned())),
        (Some(_), token) => Ok(token),
    }
}

fn cut(what: String) -> Fault {
    Fault::new(format!("the store's listing is incomplete: {what}"))
        .hint("run again; if it stays so, the store or a proxy before it answers wrongly")
}

/// The pages of one listing so far.
#[derive(Debug, Default)]
pub(super) struct Pages {
    tokens: HashSet<String>,
    /// The last name of the pages before.
    last: Option<String>,
    empty: usize,
}

impl Pages {
    /// Takes the next page, and says with which token to go on. A listing is in the order of its names: a page that
    /// does not lead beyond the one before leads nowhere.
    pub(super) fn next(&mut self, page: &ListObjectsV2Output) -> Result<Option<String>, Fault> {
        let token = whole(page)?.map(str::to_owned);
        let keys = page.contents().iter().filter_map(|entry| entry.key());
        match keys.chain(page.common_prefixes().iter().filter_map(|folder| folder.prefix())).max() {
            Some(last) if self.last.as_deref().is_some_and(|before| last <= before) => {
                return Err(stuck(&format!("a page ends at `{last}`, which was passed before")));
            }
            Some(last) => (self.last, self.empty) = (Some(last.to_owned()), 0),
            None => self.empty += 1,
        }
        if self.empty > EMPTY_PAGES_MAX {
            return Err(stuck(&format!("{EMPTY_PAGES_MAX} pages in a row are empty")));
        }
        if let Some(token) = token.as_ref().filter(|token| !self.tokens.insert((*token).clone())) {
            return Err(stuck(&format!("the token `{token}` comes again")));
        }
        Ok(token)
    }
}

fn stuck(what: &str) -> Fault {
    Fault::new(format!("the store's listing makes no progress: {what}"))
}

/// Refuses the answer to a listing that stops in its midst: the SDK takes what came for all there is.
#[derive(Debug)]
pub(super) struct Closed;

impl Intercept for Closed {
    fn name(&self) -> &'static str {
        "Closed"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // The bodies of objects are not at hand here, those of answers in XML are.
        let body = context.response().body().bytes().unwrap_or_default();
        if is_cut(body) { Err("the listing stops in its midst".into()) } else { Ok(()) }
    }
}

fn is_cut(body: &[u8]) -> bool {
    let (begin, end) = ROOT;
    memchr::memmem::find(body, begin).is_some() && !body.trim_ascii_end().ends_with(end)
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::{CommonPrefix, Object};

    use super::*;

    fn page(keys: &[&str], folders: &[&str], token: Option<&str>) -> ListObjectsV2Output {
        let object = |key: &&str| Object::builder().key(*key).size(1).build();
        let folder = |name: &&str| CommonPrefix::builder().prefix(*name).build();
        ListObjectsV2Output::builder()
            .set_contents(Some(keys.iter().map(object).collect()))
            .set_common_prefixes(Some(folders.iter().map(folder).collect()))
            .key_count(i32::try_from(keys.len() + folders.len()).unwrap())
            .is_truncated(token.is_some())
            .set_next_continuation_token(token.map(str::to_owned))
            .build()
    }

    fn said(pages: &[ListObjectsV2Output]) -> String {
        let mut row = Pages::default();
        pages.iter().find_map(|page| row.next(page).err()).map_or_else(String::new, |fault| fault.to_string())
    }

    #[test]
    fn pages_lead_on() {
        let pages = [page(&["a", "c"], &["b/"], Some("1")), page(&[], &[], Some("2")), page(&["d"], &[], None)];
        assert_eq!(said(&pages), "");
        let mut row = Pages::default();
        let tokens: Vec<_> = pages.iter().map(|page| row.next(page).unwrap()).collect();
        assert_eq!(tokens, [Some("1".to_owned()), Some("2".to_owned()), None]);
        let twice = said(&[page(&["a"], &[], Some("1")), page(&["b"], &[], Some("2")), page(&["c"], &[], Some("1"))]);
        assert!(twice.ends_with("no progress: the token `1` comes again"), "{twice}");
        let back = said(&[page(&["a", "c"], &[], Some("1")), page(&["b"], &["c"], Some("2"))]);
        assert!(back.ends_with("no progress: a page ends at `c`, which was passed before"), "{back}");
        let empty: Vec<_> = (0..=EMPTY_PAGES_MAX).map(|place| page(&[], &[], Some(&place.to_string()))).collect();
        assert!(said(&empty).ends_with("1000 pages in a row are empty"));
    }

    #[test]
    fn a_page_is_whole_or_an_error() {
        let with = |change: &dyn Fn(&mut ListObjectsV2Output)| {
            let mut page = page(&["a"], &[], None);
            change(&mut page);
            said(&[page])
        };
        for (said, part) in [
            (with(&|page| page.is_truncated = Some(true)), "has no token for it"),
            (with(&|page| page.next_continuation_token = Some("x".to_owned())), "has a token for more"),
            (with(&|page| page.is_truncated = None), "IsTruncated"),
            (with(&|page| page.key_count = Some(2)), "it counts 2 entries and holds 1"),
            (with(&|page| page.contents = None), "it counts 1 entries and holds 0"),
            (with(&|page| page.contents = Some(vec![Object::builder().key("a").build()])), "no key or no size"),
        ] {
            assert!(said.starts_with("the store's listing is incomplete: ") && said.contains(part), "{said}");
        }
        assert_eq!(with(&|page| page.key_count = None), "", "not every store counts");
    }

    #[test]
    fn an_answer_that_stops_is_seen() {
        let whole = b"<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><Name>a</Name></ListBucketResult>\n";
        assert!(!is_cut(whole) && !is_cut(b"") && !is_cut(b"<Error></Error>"));
        for end in 40..whole.len() - 2 {
            assert!(is_cut(&whole[..end]), "{end}");
        }
    }
}
