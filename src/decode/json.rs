//! Flow-log lines wrapped in JSON → a block of text.
//!
//! Three wrappings are read: Firehose's `{"message":"2 1234…"}`, one object after another with or without newlines
//! between; the envelope of a CloudWatch Logs subscription (`messageType`, `logEvents`), whose control messages hold no
//! records; and pages of `aws logs get-log-events` and `filter-log-events` (`events`), of which the last is empty. Other
//! clouds' JSON logs are not.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::Deserialize;

use super::{Reason, Skips};

/// The type of messages by which CloudWatch Logs checks that a subscription works.
const CONTROL_MESSAGE: &str = "CONTROL_MESSAGE";

/// How often a text may be looked through to its end for that of an object that does not end.
const TRIES_MAX: usize = 16;
/// How many places where an object seems to begin one is looked at beyond, once that is used up. A record holds few.
const OBJECTS_MAX: usize = 16;

#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "messageType")]
    message_type: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "logEvents", alias = "events")]
    events: Option<Vec<Event<'a>>>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    message: Cow<'a, str>,
}

/// Events that repeats are looked for among: as many as an object of a subscription or of Firehose can hold, and more.
const REPEATS_AMONG_MAX: usize = 4 << 20;

/// The log events of an object that were met. CloudWatch Logs delivers an event once at least, and gives each an id: one
/// with the same id and message once more is not another record.
#[derive(Debug, Default)]
pub struct Repeats {
    met: HashSet<u64, ahash::RandomState>,
    /// How many were left out.
    pub count: u64,
}

impl Repeats {
    /// Whether an event was met before, which counts it.
    fn is_repeated(&mut self, event: &Event<'_>) -> bool {
        let Some(id) = &event.id else { return false };
        if self.met.len() >= REPEATS_AMONG_MAX {
            self.met.clear();
        }
        let hash = self.met.hasher().hash_one((id, &event.message));
        let is_repeated = !self.met.insert(hash);
        self.count += u64::from(is_repeated);
        is_repeated
    }
}

/// What [`unwrap_messages`] made of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unwrapped {
    /// Messages found.
    pub messages: u64,
    /// Bytes already scanned; the remainder is the start of an object.
    pub bytes: usize,
    /// Lists that begin, less those that end: of a whole text as many.
    pub lists: i64,
    /// Bytes that were looked at, again and again where there is damage: so many times the text at most.
    pub looked_at: usize,
}

/// Appends the messages in `json` to `lines`, each ended by a newline; what is no message is put into `skips` and
/// leaves an empty line, so that line numbers count messages. Unless this is the `last` of the text, an object that
/// is cut off at its end is left for the next call, with what follows.
///
/// An event that was met before is left out, without a line of its own.
///
/// Damage costs what is damaged alone: reading goes on with the next object, be it on the same line or inside of the
/// damaged one, and each message that is lost by it is counted.
pub fn unwrap_messages(
    json: &[u8],
    last: bool,
    repeats: &mut Repeats,
    lines: &mut Vec<u8>,
    skips: &mut Skips,
) -> Unwrapped {
    let (mut messages, mut line, mut at, mut lists) = (0, 0, 0, 0);
    let mut skip = |line: &mut u64, lines: &mut Vec<u8>, lost: &[u8]| {
        *line += 1;
        lines.push(b'\n');
        skips.add(*line, Reason::Json, lost.trim_ascii());
    };
    let (mut is_damaged, mut effort, mut looked_at) = (false, json.len().saturating_mul(TRIES_MAX), 0);
    while at < json.len() {
        // Trying an object that never ends at each place where one seems to begin would take forever, so that after
        // damage only few may look beyond a short stretch.
        let short = is_damaged && effort < json.len() - at;
        let within = &json[at..if short { end_of_few(json, at) } else { json.len() }];
        looked_at += within.len();
        let mut stream = serde_json::Deserializer::from_slice(within).into_iter::<Wrapped<'_>>();
        let (begin, mut start, mut cut_off) = (at, at, false);
        while let Some(next) = stream.next() {
            let Ok(wrapped) = next else {
                cut_off = at + within.len() == json.len() && next.is_err_and(|error| error.is_eof());
                break;
            };
            let end = begin + stream.byte_offset();
            let found = append(&wrapped, repeats, lines);
            messages += found;
            line += found;
            if found == 0 && !may_be_silent(&wrapped) {
                skip(&mut line, lines, &json[start..end]);
            }
            start = end;
        }
        at = start + json[start..].iter().take_while(|byte| is_between(**byte)).count();
        lists += json[start..at].iter().map(|byte| i64::from(*byte == b'[') - i64::from(*byte == b']')).sum::<i64>();
        if at > begin || at == json.len() {
            continue;
        }
        let next = next_object(json, at + 1);
        if !last && (cut_off || next.is_none()) {
            break;
        }
        is_damaged = true;
        effort = effort.saturating_sub(if short { 0 } else { json.len() - at });
        let damaged = &json[at..next.unwrap_or(json.len())];
        for lost in messages_of(damaged) {
            skip(&mut line, lines, lost);
        }
        at += damaged.len();
    }
    Unwrapped { messages, bytes: at, lists, looked_at }
}

/// Where the next object seems to begin.
fn next_object(json: &[u8], from: usize) -> Option<usize> {
    let is_key = |place: &usize| json[place + 1..].iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'"');
    memchr::memchr_iter(b'{', json.get(from..)?).map(|place| from + place).find(is_key)
}

/// Where the last of a few objects seems to begin that come next.
fn end_of_few(json: &[u8], from: usize) -> usize {
    (0..OBJECTS_MAX).try_fold(from, |place, _| next_object(json, place + 1)).unwrap_or(json.len())
}

/// What was damaged, a piece for each message that it seems to hold; all of it if it holds none.
fn messages_of(damaged: &[u8]) -> impl Iterator<Item = &[u8]> {
    let begins: Vec<usize> = memchr::memmem::find_iter(damaged, b"\"message\"").skip(1).collect();
    let starts = std::iter::once(0).chain(begins.clone());
    let ends = begins.into_iter().chain([damaged.len()]);
    starts.zip(ends).map(|(start, end)| &damaged[start..end])
}

/// Whether a byte may stand between objects, be they lines or the items of a list.
fn is_between(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'[' | b']' | b',')
}

/// Whether an object without messages is as it should be: a control message, or an envelope of no events.
fn may_be_silent(wrapped: &Wrapped<'_>) -> bool {
    match wrapped.message_type.as_deref() {
        Some(CONTROL_MESSAGE) => true,
        _ => wrapped.events.is_some(),
    }
}

fn append(wrapped: &Wrapped<'_>, repeats: &mut Repeats, lines: &mut Vec<u8>) -> u64 {
    if wrapped.message_type.as_deref() == Some(CONTROL_MESSAGE) {
        return 0;
    }
    let new = |event: &&Event<'_>| !repeats.is_repeated(event);
    let events = wrapped.events.iter().flatten().filter(new).map(|event| &event.message);
    let mut found = 0;
    for message in wrapped.message.iter().chain(events) {
        // A message is one record: a newline inside it would make two.
        lines.extend(message.trim().bytes().map(|b| if b == b'\n' { b' ' } else { b }));
        lines.push(b'\n');
        found += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, lines: &str, skipped: &[u64]) {
        let (mut text, mut skips) = (Vec::new(), Skips::new(true));
        unwrap_messages(json.as_bytes(), true, &mut Repeats::default(), &mut text, &mut skips);
        assert_eq!(String::from_utf8(text).unwrap(), lines);
        assert_eq!(skips.samples().iter().map(|sample| sample.line).collect::<Vec<_>>(), skipped);
        for cut in 0..json.len() {
            check_in_two(json.as_bytes(), cut, lines, skips.total());
        }
    }

    /// For any cut, the remainder of the first part and the second part together give the rest.
    fn check_in_two(json: &[u8], cut: usize, lines: &str, skipped: u64) {
        let (mut text, mut skips) = (Vec::new(), Skips::new(true));
        let mut repeats = Repeats::default();
        let first = unwrap_messages(&json[..cut], false, &mut repeats, &mut text, &mut skips);
        unwrap_messages(&json[first.bytes..], true, &mut repeats, &mut text, &mut skips);
        let is_damaged = skipped > 0;
        assert!(is_damaged || String::from_utf8(text).unwrap() == lines, "cut at {cut}");
    }

    #[test]
    fn messages_are_unwrapped_with_newlines_between_back_to_back_and_in_arrays() {
        check("{\"message\":\"2 a\"}\n{\"message\":\"2 b\"}\n", "2 a\n2 b\n", &[]);
        check("{\"message\":\"2 a\"}{\"message\":\"2 b\",\"more\":{\"x\":[1]}}", "2 a\n2 b\n", &[]);
        check("[{\"message\":\"2 a\"},\n{\"message\":\"2 b\"}]", "2 a\n2 b\n", &[]);
    }

    #[test]
    fn the_envelope_of_a_subscription_gives_its_events_and_control_messages_give_none() {
        check(
            "{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[{\"message\":\"2 a\"},{\"message\":\"2 b\"}]}",
            "2 a\n2 b\n",
            &[],
        );
        check("{\"messageType\":\"CONTROL_MESSAGE\",\"logEvents\":[{\"message\":\"CWL CONTROL MESSAGE\"}]}", "", &[]);
        check("{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[]}", "", &[]);
    }

    #[test]
    fn an_event_that_was_delivered_twice_is_one_record_and_one_of_another_id_is_another() {
        let event = |id: u8, message: &str| format!(r#"{{"id":"{id}","timestamp":1,"message":"{message}"}}"#);
        let envelope =
            |events: &[String]| format!(r#"{{"messageType":"DATA_MESSAGE","logEvents":[{}]}}"#, events.join(","));
        let one = envelope(&[event(1, "a"), event(2, "a"), event(2, "a")]);
        let json = format!("{one}{one}{}", envelope(&[event(1, "b"), event(3, "a")]));
        check(&json, "a\na\nb\na\n", &[]);
        let mut repeats = Repeats::default();
        unwrap_messages(json.as_bytes(), true, &mut repeats, &mut Vec::new(), &mut Skips::new(true));
        assert_eq!(repeats.count, 4);
        check(r#"{"message":"a"}{"message":"a"}"#, "a\na\n", &[]);
    }

    #[test]
    fn pages_of_the_cli_give_their_events_and_the_last_one_is_empty() {
        check(
            "{\n  \"events\": [\n {\"timestamp\": 1, \"message\": \"2 a\"}, {\"message\": \"2 b\"}],\n \"nextForwardToken\": \"f/1\"\n}\n\
             {\"events\": [], \"nextForwardToken\": \"f/1\"}",
            "2 a\n2 b\n",
            &[],
        );
        check("{\"events\":5}{\"message\":\"2 a\"}", "\n2 a\n", &[1]);
    }

    #[test]
    fn an_envelope_that_lost_its_events_is_reported() {
        check("{\"messageType\":\"DATA_MESSAGE\",\"owner\":\"1\"}\n{\"message\":\"2 a\"}", "\n2 a\n", &[1]);
    }

    #[test]
    fn a_message_stays_one_line_and_an_empty_one_is_a_blank_line() {
        check("{\"message\":\" 2 a\\n2 b\\r\\n\"}{\"message\":\"\"}{\"message\":null}", "2 a 2 b\n\n\n", &[3]);
    }

    #[test]
    fn objects_that_never_end_are_reported_line_by_line_in_linear_time() {
        let (lines, mut text, mut skips) = (50_000, Vec::new(), Skips::new(false));
        unwrap_messages("{\"a\":[\n".repeat(lines).as_bytes(), true, &mut Repeats::default(), &mut text, &mut skips);
        assert_eq!(skips.total(), lines as u64);
    }

    /// Work is counted, as time depends on the machine.
    #[test]
    fn damage_takes_work_in_proportion_to_the_text() {
        let whole = "{\"message\":\"2 a\",\"x\":{\"y\":[{\"z\":1}]}}";
        for (damaged, lost) in [
            ("{\"a\":[\n".to_owned(), 1),
            ("{\"".to_owned(), 1),
            ("{   \"a\":\"".to_owned(), 1),
            ("{\"message\":5,\"a\":[1,2,3],\"b\":".to_owned(), 1),
            (format!("{{\"a\":{whole},x}}"), 2),
            (format!("{{\"logEvents\":[{whole},"), 1),
            (format!("{whole}{whole}!{whole}"), 1),
        ] {
            let looked_at = [3_000, 30_000].map(|times| {
                let (mut text, mut skips) = (Vec::new(), Skips::new(false));
                let json = damaged.repeat(times);
                let unwrapped = unwrap_messages(json.as_bytes(), true, &mut Repeats::default(), &mut text, &mut skips);
                let messages = damaged.matches(whole).count() * times;
                assert_eq!(unwrapped.messages, messages as u64, "{damaged}");
                assert!(skips.total() >= times as u64 && skips.total() <= (lost * times) as u64, "{damaged}");
                assert!(unwrapped.looked_at <= 64 * json.len(), "{damaged}: {unwrapped:?}");
                unwrapped.looked_at
            });
            assert!(looked_at[1] < 12 * looked_at[0], "{damaged}: {looked_at:?}");
        }
    }

    #[test]
    fn damage_costs_the_damaged_object_alone_wherever_the_next_one_is() {
        check("{\"message\":\"2 a\"}{\"mess\u{1}age\":\"2 b\"}{\"message\":\"2 c\"}", "2 a\n\n2 c\n", &[2]);
        check("{\"message\":\"2 a\"}\"message\":\"2 b\"}{\"message\":\"2 c\"}", "2 a\n\n2 c\n", &[2]);
        // Of a damaged envelope the whole events are kept, and the damaged ones counted.
        let envelope = "{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[{\"id\":\"1\",\"message\":\"2 a\"},\
                        {\"id\":\"2\"\"message\":\"2 b\"},{\"id\":\"3\",\"message\":\"2 c\"}]}";
        check(envelope, "\n2 a\n\n2 c\n\n", &[1, 3, 5]);
    }

    #[test]
    fn damage_costs_the_damaged_line_alone() {
        check(
            "{\"message\":\"2 a\"}\n{\"message\":\"2 b\n{\"message\":\"2 c\"}\n{\"other\":1}\n",
            "2 a\n\n2 c\n\n",
            &[2, 4],
        );
        check("{\"message\":\"2 a\"} trailing {", "2 a\n\n", &[2]);
    }
}
