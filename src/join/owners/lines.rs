//! At which line of a CSV file a record begins.

/// Lines of a text by where records begin. The csv reader tells where it began to look for a record: before the line
/// feed that ends the line above, before blank lines and before comments.
pub(super) struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a [u8]) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// The line, from 1, of the record that the reader found from this byte on. Records come in order.
    pub(super) fn line(&mut self, start_byte: u64) -> u64 {
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
}
