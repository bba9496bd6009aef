//! What requests are signed with must not come back in a message: some stores, and many proxies, echo a request.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;

use super::written::Written;
use crate::units::human::harmless;

/// What stands in the place of a secret.
const REDACTED: &str = "[redacted]";
/// Signatures that are remembered: more than requests are on their way at a time.
const SIGNATURES_MAX: usize = 256;
/// How much is read of a text from outside, and how much of it is shown.
const READ_BYTES: usize = 16 << 10;
const SHOWN_BYTES: usize = 4 << 10;
/// Hexadecimal digits in a row that may be a signature or a hash of what was signed.
const SIGNATURE_DIGITS: usize = 64;

/// What was sent.
#[derive(Debug, Default)]
pub(super) struct Secrets(Mutex<Sent>);

#[derive(Default)]
struct Sent {
    /// Key ids and session tokens.
    lasting: BTreeSet<String>,
    signatures: VecDeque<String>,
}

/// Says nothing of what it holds.
impl std::fmt::Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sent").finish_non_exhaustive()
    }
}

impl Secrets {
    /// Remembers what a request is sent with.
    fn note(&self, authorization: &str, token: Option<&str>) {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let value = |name| authorization.split([' ', ',']).find_map(|part| part.strip_prefix(name));
        let key_id = value("Credential=").and_then(|scope: &str| scope.split('/').next());
        for secret in [key_id, token].into_iter().flatten().filter(|secret| !secret.is_empty()) {
            if !sent.lasting.contains(secret) {
                sent.lasting.insert(secret.to_owned());
            }
        }
        if let Some(signature) = value("Signature=") {
            sent.signatures.truncate(SIGNATURES_MAX - 1);
            sent.signatures.push_front(signature.to_owned());
        }
    }

    /// A text from outside, without anything that was sent in secret and without anything that is not to be seen.
    pub(super) fn redact(&self, text: &str) -> String {
        let text = without_password(start_of(text, READ_BYTES));
        let shown = self.without_sent(&text);
        let shown = harmless(&without_signatures(&without_named(&shown)));
        match start_of(&shown, SHOWN_BYTES) {
            start if start.len() < shown.len() => format!("{start}…"),
            _ => shown,
        }
    }

    /// A text without what was sent, whole or in part.
    fn without_sent(&self, text: &str) -> String {
        let written = Written::new(text);
        let sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let secrets = sent.lasting.iter().chain(&sent.signatures);
        let mut places: Vec<_> = secrets.flat_map(|secret| written.places_of(secret)).collect();
        drop(sent);
        places.sort_unstable_by_key(|place| (place.start, place.end));
        let (mut shown, mut at) = (String::with_capacity(text.len()), 0);
        for place in places.chunk_by(|one, other| other.start <= one.end) {
            // However the rest is written, it is one word.
            let end = place.iter().map(|place| place.end).max().unwrap_or_default().max(at);
            let end = end + text[end..].find(|c| !is_of_secret(c)).unwrap_or(text.len() - end);
            if place[0].start >= at {
                shown.push_str(&text[at..place[0].start]);
                shown.push_str(REDACTED);
            }
            at = end;
        }
        shown + &text[at..]
    }
}

/// What stands before a secret where a service or a program names it.
const NAMES: [&str; 9] = [
    "secretaccesskey",
    "secret_access_key",
    "sessiontoken",
    "session_token",
    "security-token",
    "securitytoken",
    "webidentitytoken",
    "accesskeyid",
    "credential=",
];

/// A text without the values that are named as secrets.
fn without_named(text: &str) -> String {
    // Of the same length, as only ASCII letters change.
    let lower = text.to_ascii_lowercase();
    let (mut shown, mut at) = (String::with_capacity(text.len()), 0);
    while let Some(end) = NAMES.iter().filter_map(|name| Some(at + lower[at..].find(name)? + name.len())).min() {
        let value = end + text[end..].find(|c: char| !"\"'`\\:=> \t".contains(c)).unwrap_or(0);
        if !text[end..value].contains([':', '=', '>']) {
            // A sentence about it.
            shown.push_str(&text[at..end]);
            at = end;
            continue;
        }
        let rest = value + value_bytes(&text[value..], text[..value].chars().next_back());
        shown.push_str(&text[at..value]);
        shown.push_str(if rest > value { REDACTED } else { "" });
        at = rest.max(end);
    }
    shown + &text[at..]
}

/// How long the value at the beginning of a text is: what stands between quotes or tags, over lines too, else a word.
fn value_bytes(text: &str, before: Option<char>) -> usize {
    let close = match before {
        Some('>') => text.find('<'),
        Some(quote @ ('"' | '\'')) => text.find([quote, '\\']),
        _ => None,
    };
    close.or_else(|| text.find(|c| !is_of_secret(c) && c != '.')).unwrap_or(text.len())
}

/// Remembers what the requests of a client are sent with.
#[derive(Debug)]
pub(super) struct Remember(pub(super) std::sync::Arc<Secrets>);

impl Intercept for Remember {
    fn name(&self) -> &'static str {
        "Remember"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request().headers();
        self.0.note(headers.get("authorization").unwrap_or_default(), headers.get("x-amz-security-token"));
        Ok(())
    }
}

/// A text in which URLs have no user and no password, be their scheme forgotten or not.
#[must_use]
pub fn without_password(text: &str) -> String {
    let text = without_bare_password(text);
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text.as_str());
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        shown.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || "/?#`\"'<>".contains(c)).unwrap_or(after.len());
        // A password may hold a slash that nobody escaped: what precedes the last `@` of the word is taken for it.
        let word = after.find(|c: char| c.is_whitespace() || "`\"'<>".contains(c)).unwrap_or(after.len());
        let at_sign =
            after[..end].rfind('@').or_else(|| after[..word].rfind('@').filter(|_| after[..end].contains(':')));
        rest = match at_sign {
            Some(at) => {
                shown.push_str(REDACTED);
                &after[at..]
            }
            None => after,
        };
    }
    shown + rest
}

/// The same of `user:password@host` that stands alone.
fn without_bare_password(text: &str) -> String {
    let is_outside = |c: char| c.is_whitespace() || "`\"'<>()".contains(c);
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(start) = rest.find(|c| !is_outside(c)) {
        let end = rest[start..].find(is_outside).map_or(rest.len(), |end| start + end);
        let word = &rest[start..end];
        let at_sign = word.rfind('@').filter(|at| word[..*at].contains(':') && !word.contains("://"));
        shown.push_str(&rest[..start]);
        shown.push_str(if at_sign.is_some() { REDACTED } else { "" });
        shown.push_str(&word[at_sign.unwrap_or(0)..]);
        rest = &rest[end..];
    }
    shown + rest
}

/// Whether a key id, a token or a signature may hold it, percent-encoded or not.
fn is_of_secret(character: char) -> bool {
    character.is_ascii_alphanumeric() || "+/=%_-".contains(character)
}

/// The first characters of a text, as many as there is room for.
fn start_of(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

fn without_signatures(text: &str) -> String {
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(first) = rest.chars().next() {
        let digits = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        let (run, after) = rest.split_at(if digits > 0 { digits } else { first.len_utf8() });
        shown.push_str(if digits >= SIGNATURE_DIGITS { REDACTED } else { run });
        rest = after;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQ==";
    const SIGNATURE: &str = "fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024";

    fn secrets() -> Secrets {
        let secrets = Secrets::default();
        let scope = "20240309/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date";
        let authorization = |id: &str| format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, Signature={SIGNATURE}");
        secrets.note(&authorization("AKIAIOSFODNN7EXAMPLE"), Some(TOKEN));
        secrets.note(&authorization("test"), None);
        secrets
    }

    #[test]
    fn nothing_that_was_sent_in_secret_is_shown() {
        let secrets = secrets();
        let upper = SIGNATURE.to_uppercase();
        let encoded = percent_encoding::utf8_percent_encode(TOKEN, percent_encoding::NON_ALPHANUMERIC).to_string();
        for (text, expected) in [
            ("id AKIAIOSFODNN7EXAMPLE, no".to_owned(), "id [redacted], no"),
            (format!("token={TOKEN}&x"), "token=[redacted]&x"),
            (format!("token={encoded}&x"), "token=[redacted]&x"),
            (format!("cut {}", &TOKEN[..30]), "cut [redacted]"),
            (format!("Signature={SIGNATURE};"), "Signature=[redacted];"),
            (format!("{upper} cut {}…", &SIGNATURE[..20]), "[redacted] cut [redacted]…"),
            (
                "{\"SecretAccessKey\": \"wJal/rX+1\", \"x\": 1}".to_owned(),
                "{\"SecretAccessKey\": \"[redacted]\", \"x\": 1}",
            ),
            (
                "x-amz-security-token: BASE64.x, WebIdentityToken=eyJh.eyJi".to_owned(),
                "x-amz-security-token: [redacted], WebIdentityToken=[redacted]",
            ),
            (format!("x {} y", TOKEN.to_lowercase()), "x [redacted] y"),
            ("akiaiosfodnn7example TEST".to_owned(), "[redacted] [redacted]"),
            (format!("token {}\r\n  {}\\n{}.", &TOKEN[..9], &TOKEN[9..29], &TOKEN[29..]), "token [redacted]."),
            (format!("end {}", &TOKEN[32..]), "end [redacted]"),
            ("id \"AKIAIOS\\u0046ODNN7%2545XAMPL&#69;\"".to_owned(), "id \"[redacted]\""),
            ("id QUtJQUlPU0ZPRE5O\nN0VYQU1QTEU= of".to_owned(), "id [redacted] of"),
            ("eHlBS0lBSU9TRk9ETk43RVhBTVBMRQ==".to_owned(), "eHl[redacted]"),
            ("hex 41:4b:49:41:49:4f:53:46:4f:44:4e:4e:37:45:58:41:4d:50:4c:45".to_owned(), "hex [redacted]"),
            ("aXE= dGVzdA== ZGVzdA==".to_owned(), "aXE= [redacted] ZGVzdA=="),
            (
                "<SecretAccessKey>ab+c\n de.f</SecretAccessKey>".to_owned(),
                "<SecretAccessKey>[redacted]</SecretAccessKey>",
            ),
            ("x".repeat(5000), &format!("{}…", "x".repeat(SHOWN_BYTES))),
            ("<SessionToken>abc</SessionToken>".to_owned(), "<SessionToken>[redacted]</SessionToken>"),
            (
                "the session token is expired, SessionToken missing".to_owned(),
                "the session token is expired, SessionToken missing",
            ),
            ("the latest test".to_owned(), "the latest [redacted]"),
            ("a\x1b[31m\nhint: b".to_owned(), "a\\u{1b}[31m\\u{a}hint: b"),
        ] {
            assert_eq!(secrets.redact(&text), expected);
        }
        let debug = format!("{secrets:?}");
        assert!(!debug.contains("AKIA") && !debug.contains(&TOKEN[..10]), "{debug}");
    }

    #[test]
    fn urls_have_no_passwords() {
        for (text, expected) in [
            ("http://user:pass@host:9000/x is down", "http://[redacted]@host:9000/x is down"),
            ("http://user:pa/ss@host", "http://[redacted]@host"),
            ("`https://a@b` and http://c:d@e", "`https://[redacted]@b` and http://[redacted]@e"),
            ("https://host/key@2", "https://host/key@2"),
            ("--endpoint-url `user:pass@host:1` is no URL", "--endpoint-url `[redacted]@host:1` is no URL"),
            ("10:20 a@b", "10:20 a@b"),
            ("s3://bucket/key, a@b", "s3://bucket/key, a@b"),
        ] {
            assert_eq!(without_password(text), expected);
        }
    }

    #[test]
    fn as_many_signatures_are_remembered_as_may_be_on_their_way() {
        let secrets = Secrets::default();
        for signature in 0..1000 {
            secrets.note(&format!("Credential=a/b, Signature={signature:020}"), None);
        }
        assert_eq!(secrets.redact(&format!("{:020}", 999)), "[redacted]");
        assert_eq!(secrets.0.lock().unwrap().signatures.len(), SIGNATURES_MAX);
    }
}
