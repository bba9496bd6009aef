//! JSON: each message is a line, each thing that is none is skipped and leaves an empty line in its place; undamaged
//! text gives the same lines in two parts.

use outflow::decode::{Repeats, Skips, unwrap_messages};

use crate::seeds;

pub(crate) fn run(json: &[u8]) {
    let (mut text, mut skips) = (Vec::new(), Skips::new(true));
    let messages = unwrap_messages(json, true, &mut Repeats::default(), &mut text, &mut skips).messages;
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    assert_eq!(lines.len() as u64, messages + skips.total(), "a line for each message and each skip");
    assert!(lines.iter().all(|line| line.ends_with(b"\n")), "every line is whole");
    let places: Vec<usize> = skips.samples().iter().filter_map(|sample| usize::try_from(sample.line).ok()).collect();
    assert_eq!(places.len() as u64, skips.total());
    assert!(places.is_sorted_by(|before, after| before < after), "skips stand in the order of the input");
    for place in places {
        assert_eq!(lines.get(place - 1).copied(), Some(&b"\n"[..]), "a skip leaves an empty line");
    }
    if skips.total() == 0 {
        in_two(json, &text);
    }
}

/// What the first part leaves over and the second part give what is missing.
fn in_two(json: &[u8], whole: &[u8]) {
    let cut = json.first().map_or(0, |byte| usize::from(*byte) * json.len() / 256);
    let (mut text, mut skips) = (Vec::new(), Skips::new(true));
    let mut repeats = Repeats::default();
    let first = unwrap_messages(&json[..cut], false, &mut repeats, &mut text, &mut skips);
    unwrap_messages(&json[first.bytes..], true, &mut repeats, &mut text, &mut skips);
    assert_eq!((text.as_slice(), skips.total()), (whole, 0), "two parts are the whole");
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    seeds::cases(".json")
}

pub(crate) fn words() -> Vec<String> {
    let names = ["\"message\":\"", "\"messageType\":\"", "\"logEvents\":[", "\\u000a", "\\n", "{}", "[]", "null"];
    names.map(str::to_owned).to_vec()
}
