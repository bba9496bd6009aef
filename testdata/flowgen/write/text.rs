//! Records as lines of text, fields separated by a space.

use std::io::Write;
use std::net::IpAddr;

use outflow::schema::Column;

use super::{Field, fields};
use crate::flowgen::traffic::Record;
use crate::flowgen::world::Stream;

/// Writes lines; the first ones that it gives begin with the header.
pub(crate) struct Text<'w> {
    columns: Vec<Column>,
    version: u8,
    stream: &'w Stream,
    bytes: Vec<u8>,
    headed: bool,
}

impl<'w> Text<'w> {
    pub(super) fn new(columns: &[Column], stream: &'w Stream) -> Self {
        let version = fields::version(columns);
        Self { columns: columns.to_vec(), version, stream, bytes: Vec::new(), headed: false }
    }

    /// The lines of these records.
    pub(super) fn lines(&mut self, records: &[Record<'w>]) -> &[u8] {
        self.bytes.clear();
        if !self.headed {
            self.headed = true;
            self.bytes.extend(header(&self.columns));
        }
        for record in records {
            for column in &self.columns {
                push(&mut self.bytes, fields::field(self.stream, record, *column, self.version));
                self.bytes.push(b' ');
            }
            if let Some(last) = self.bytes.last_mut() {
                *last = b'\n';
            }
        }
        &self.bytes
    }
}

/// The header line.
pub(crate) fn header(columns: &[Column]) -> Vec<u8> {
    let names: Vec<String> = columns.iter().map(|column| column.name().replace('_', "-")).collect();
    format!("{}\n", names.join(" ")).into_bytes()
}

/// Appends a value.
pub(crate) fn push(bytes: &mut Vec<u8>, field: Field<'_>) {
    match field {
        Field::Absent => bytes.push(b'-'),
        Field::Text(text) => bytes.extend_from_slice(text.as_bytes()),
        Field::Made(text) => bytes.extend_from_slice(text.as_bytes()),
        Field::Number(number) => push_number(bytes, number),
        Field::Address(IpAddr::V4(address)) => {
            for octet in address.octets() {
                push_number(bytes, octet.into());
                bytes.push(b'.');
            }
            bytes.pop();
        }
        Field::Address(IpAddr::V6(address)) => {
            // Writing to memory cannot fail.
            let _written = write!(bytes, "{address}");
        }
    }
}

fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut first = digits.len();
    while first == digits.len() || number > 0 {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    bytes.extend_from_slice(&digits[first..]);
}
