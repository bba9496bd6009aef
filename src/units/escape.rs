//! Bytes that should be UTF-8 and may not be, as text and back, without loss.
//!
//! Logs hold texts as bytes; output for other programs is UTF-8. An invalid byte becomes a character in the last
//! private-use plane, `U+10FF80` to `U+10FFFF`; such characters in the input are escaped byte by byte, so decoding is
//! always exact.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serializer};

/// What is added to a byte to make it a character.
const BASE: u32 = 0x10_ff00;
/// The first byte of the characters that bytes become, in UTF-8.
const LEAD: u8 = 0xf4;

fn is_escape(letter: char) -> bool {
    u32::from(letter) >= BASE + 0x80
}

/// Bytes as text.
#[must_use]
pub fn to_text(bytes: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(is_escape) => return Cow::Borrowed(text),
        _ => {}
    }
    let mut text = String::with_capacity(bytes.len());
    let escape = |text: &mut String, bytes: &[u8]| {
        text.extend(bytes.iter().filter_map(|byte| char::from_u32(BASE + u32::from(*byte))));
    };
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if is_escape(letter) {
                escape(&mut text, letter.encode_utf8(&mut [0; 4]).as_bytes());
            } else {
                text.push(letter);
            }
        }
        escape(&mut text, chunk.invalid());
    }
    Cow::Owned(text)
}

/// The bytes of such a text.
#[must_use]
pub fn to_bytes(text: &str) -> Cow<'_, [u8]> {
    if !text.as_bytes().contains(&LEAD) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len());
    for letter in text.chars() {
        match u8::try_from(u32::from(letter).wrapping_sub(BASE)) {
            Ok(byte) if is_escape(letter) => bytes.push(byte),
            _ => bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Cow::Owned(bytes)
}

/// Writes bytes as text; for `serde(with)`.
///
/// # Errors
/// As the serializer has them.
pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&to_text(bytes))
}

/// Reads bytes that were written as text; for `serde(with)`.
///
/// # Errors
/// If it is no text.
pub fn deserialize<'de, D: Deserializer<'de>, B: From<Vec<u8>>>(deserializer: D) -> Result<B, D::Error> {
    let text = Cow::<'_, str>::deserialize(deserializer)?;
    Ok(to_bytes(&text).into_owned().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_come_back(bytes: Vec<u8>, text: String, high in 0x10_ff00u32..0x11_0000) {
            let high = char::from_u32(high).unwrap();
            for bytes in [bytes.clone(), text.clone().into_bytes(), format!("{text}{high}").into_bytes(), [&bytes[..], high.to_string().as_bytes()].concat()] {
                let written = to_text(&bytes).into_owned();
                prop_assert_eq!(to_bytes(&written), &bytes[..]);
            }
        }
    }

    #[test]
    fn plain_text_stays_what_it_is() {
        assert_eq!(to_text("eni-1 ü".as_bytes()), "eni-1 ü");
        assert_eq!(to_text(b"a\xffb"), "a\u{10ffff}b");
        assert_eq!(to_bytes("a\u{10ffff}b"), &b"a\xffb"[..]);
    }
}
