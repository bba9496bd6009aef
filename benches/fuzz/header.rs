//! Formats: the header line of a format is that format again.

use outflow::decode::Format;

use crate::seeds;

pub(crate) fn run(input: &[u8]) {
    if let Some(format) = Format::of_header(input) {
        let header = format.header();
        assert_eq!(Format::of_header(header.as_bytes()), Some(format), "{header:?}");
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    match Format::of_log_format(text) {
        Ok(format) => {
            let header = format.header();
            let again = Format::of_log_format(&header).map_err(|error| error.to_string());
            assert_eq!(again, Ok(format), "{header:?}");
        }
        Err(error) => assert!(!error.to_string().is_empty() && !error.hints().is_empty(), "{error:?}"),
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let first_line = |text: Vec<u8>| text.split(|byte| *byte == b'\n').next().unwrap_or_default().to_vec();
    let headers = [seeds::logs(), seeds::cases(".log")].concat().into_iter().map(first_line);
    headers.chain([b"${version} ${account-id},${bytes}\t${brand-new}".to_vec()]).collect()
}
