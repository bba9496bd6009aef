//! At which line of a CSV file a record begins. The csv reader's own count is too low after CRLF, blank lines and
//! comments.

/// Lines of a text by where records begin. The csv reader tells where it began to look for a record: before the line
/// feed that ends the line above, before blank lines and before comments.
#[derive(Debug)]
pub struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    /// The lines of a text.
    #[must_use]
    pub fn of(text: &'a [u8]) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// The line, from 1, of the record that the reader found from this byte on. Records come in order.
    pub fn line(&mut self, start_byte: u64) -> u64 {
        let start = usize::try_from(start_byte).unwrap_or(self.text.len()).min(self.text.len());
        while self.at < start {
            self.step();
        }
        while let Some(byte) = self.text.get(self.at) {
            match byte {
                b'\n' | b'\r' => self.step(),
                b'#' => {
                    while self.text.get(self.at).is_some_and(|byte| *byte != b'\n') {
                        self.step();
                    }
                }
                _ => break,
            }
        }
        self.line
    }

    fn step(&mut self) {
        self.line += u64::from(self.text.get(self.at) == Some(&b'\n'));
        self.at += 1;
    }

    /// A record with its line set right. Records come in order.
    #[must_use]
    pub fn placed(&mut self, mut record: csv::StringRecord) -> csv::StringRecord {
        if let Some(mut position) = record.position().cloned() {
            position.set_line(self.line(position.byte()));
            record.set_position(Some(position));
        }
        record
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_stand_at_their_lines_whatever_ends_them_and_lies_between() {
        for (text, lines) in [
            ("a\nb\nc\n", [1, 2, 3]),
            ("a\r\nb\r\nc\r\n", [1, 2, 3]),
            ("# one\na\n\n\nb\n# two\nc", [2, 5, 7]),
            ("a\r\n\r\n# one\r\nb\r\nc", [1, 4, 5]),
        ] {
            let mut builder = csv::ReaderBuilder::new();
            builder.comment(Some(b'#')).has_headers(false);
            let mut told = Lines::of(text.as_bytes());
            let records = builder.from_reader(text.as_bytes()).into_records();
            let placed = records.map(|record| told.placed(record.unwrap()).position().unwrap().line());
            assert_eq!(placed.collect::<Vec<_>>(), lines, "{text:?}");
        }
    }
}
