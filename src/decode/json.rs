//! Flow-log lines wrapped in JSON → a block of text.
//!
//! Two wrappings are read: Firehose's `{"message":"2 1234…"}`, one object after another with or without newlines
//! between, and the envelope of a CloudWatch Logs subscription (`messageType`, `logEvents`), whose control messages
//! hold no records. Other clouds' JSON logs are not.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Reason, Skips};

#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "messageType")]
    message_type: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "logEvents")]
    events: Option<Vec<Event<'a>>>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    message: Cow<'a, str>,
}

/// Appends the messages in `json` to `lines`, each ended by a newline; what is no message is put into `skips` and
/// leaves an empty line, so that line numbers count messages. Returns the number of messages.
pub fn unwrap_messages(json: &[u8], lines: &mut Vec<u8>, skips: &mut Skips) -> u64 {
    let mut messages = 0;
    let mut line = 0;
    let mut rest = json;
    while !rest.is_empty() {
        let mut stream = serde_json::Deserializer::from_slice(rest).into_iter::<Wrapped<'_>>();
        let mut start = 0;
        while let Some(Ok(wrapped)) = stream.next() {
            let found = append(&wrapped, lines);
            messages += found;
            line += found;
            if found == 0 && !may_be_silent(&wrapped) {
                line += 1;
                lines.push(b'\n');
                skips.add(line, Reason::Json, rest[start..stream.byte_offset()].trim_ascii());
            }
            start = stream.byte_offset();
        }
        let blank =
            rest[start..].iter().take_while(|b| b.is_ascii_whitespace() || matches!(b, b'[' | b']' | b',')).count();
        rest = &rest[start + blank..];
        if blank == 0 && !rest.is_empty() {
            // Damaged: the next line may be whole again.
            let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            line += 1;
            lines.push(b'\n');
            skips.add(line, Reason::Json, rest[..end].trim_ascii());
            rest = &rest[end..];
        }
    }
    messages
}

/// Whether an object without messages is as it should be: a control message, or an envelope of no events.
fn may_be_silent(wrapped: &Wrapped<'_>) -> bool {
    match wrapped.message_type.as_deref() {
        Some("CONTROL_MESSAGE") => true,
        Some(_) => wrapped.events.is_some(),
        None => false,
    }
}

fn append(wrapped: &Wrapped<'_>, lines: &mut Vec<u8>) -> u64 {
    let events = wrapped.events.iter().flatten().map(|event| &event.message);
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
        unwrap_messages(json.as_bytes(), &mut text, &mut skips);
        assert_eq!(String::from_utf8(text).unwrap(), lines);
        assert_eq!(skips.samples().iter().map(|sample| sample.line).collect::<Vec<_>>(), skipped);
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
        check("{\"messageType\":\"CONTROL_MESSAGE\",\"logEvents\":[]}", "", &[]);
        check("{\"messageType\":\"DATA_MESSAGE\",\"logEvents\":[]}", "", &[]);
    }

    #[test]
    fn an_envelope_that_lost_its_events_is_told() {
        check("{\"messageType\":\"DATA_MESSAGE\",\"owner\":\"1\"}\n{\"message\":\"2 a\"}", "\n2 a\n", &[1]);
    }

    #[test]
    fn a_message_stays_one_line_and_an_empty_one_is_a_blank_line() {
        check("{\"message\":\" 2 a\\n2 b\\r\\n\"}{\"message\":\"\"}{\"message\":null}", "2 a 2 b\n\n\n", &[3]);
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
