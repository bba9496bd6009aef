//! Which fields a text record has, in which order: from a header line, from AWS's `LogFormat` syntax, or the default.

use std::sync::Arc;

use crate::error::{Error, misspelt, nearest};
use crate::schema::{Column, ColumnSet, DEFAULT_FORMAT};

/// A field of a format: its name as written and, unless AWS added it after this was built, its column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatField {
    /// The name as written.
    pub name: String,
    /// The column it gives; none for an unknown field, which is tolerated.
    pub column: Option<Column>,
}

/// The fields of a text record, in line order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    fields: Vec<FormatField>,
}

impl Format {
    /// AWS's default format, version 2.
    #[must_use]
    pub fn default_v2() -> Arc<Self> {
        let fields = DEFAULT_FORMAT
            .iter()
            .map(|column| FormatField { name: column.name().replace('_', "-"), column: Some(*column) });
        Arc::new(Self { fields: fields.collect() })
    }

    /// The format that a line declares, if it is a header: lower-case names only, of which at least half are
    /// known. A record is never taken for one, as its values are not names of fields.
    #[must_use]
    pub fn of_header(line: &[u8]) -> Option<Arc<Self>> {
        let tokens: Vec<&[u8]> = line.split(u8::is_ascii_whitespace).filter(|token| !token.is_empty()).collect();
        let is_name = |token: &&[u8]| {
            token[0].is_ascii_lowercase()
                && token.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
        };
        if tokens.is_empty() || !tokens.iter().all(is_name) {
            return None;
        }
        let fields: Vec<_> = tokens.iter().map(|token| Self::field(token)).collect();
        let known = fields.iter().filter(|field| field.column.is_some()).count();
        (known * 2 >= fields.len()).then(|| Arc::new(Self { fields }))
    }

    /// The format of AWS's `LogFormat` syntax, `${version} ${account-id} …`; plain names are taken too.
    ///
    /// # Errors
    /// A usage error for an empty format, an unclosed `${`, a name that is none, or a format without a known field.
    pub fn of_log_format(text: &str) -> Result<Arc<Self>, Error> {
        let mut fields = Vec::new();
        for token in text.split(|c: char| c.is_whitespace() || c == ',').filter(|token| !token.is_empty()) {
            let name = match token.strip_prefix("${") {
                Some(rest) => rest.strip_suffix('}').ok_or_else(|| {
                    Error::usage(format!("--format: `{token}` has no closing brace"))
                        .hint("write it as AWS does: --format '${version} ${account-id} ${interface-id}'")
                })?,
                None => token,
            };
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            {
                return Err(Error::usage(format!("--format: `{token}` is not the name of a field"))
                    .hint("write it as AWS does: --format '${version} ${account-id} ${interface-id}'"));
            }
            fields.push(Self::field(name.as_bytes()));
        }
        if let Some(unknown) = fields.first().filter(|_| fields.iter().all(|field| field.column.is_none())) {
            let error = Error::usage(format!("--format: no flow log field, such as `{}`", unknown.name));
            let near = nearest(&unknown.name.replace('-', "_"), Column::names());
            return Err(match near {
                Some(near) => error.hint(format!("did you mean `{}`?", near.replace('_', "-"))),
                None => error.hint("`outflow fields` lists them"),
            });
        }
        if fields.is_empty() {
            return Err(Error::usage("--format: is empty").hint("name the fields in the order of the lines"));
        }
        let format = Self { fields };
        if let Some(twice) = format.repeated() {
            let error = Error::usage(format!("--format: `{}` is there twice", twice.name().replace('_', "-")));
            return Err(error.hint("name each field once, in the order of the lines"));
        }
        Ok(Arc::new(format))
    }

    /// The format of these fields, as a Parquet file has them.
    #[must_use]
    pub fn of_fields(fields: Vec<FormatField>) -> Self {
        Self { fields }
    }

    /// The fields in line order.
    #[must_use]
    pub fn fields(&self) -> &[FormatField] {
        &self.fields
    }

    /// The fields that are not known, each with the name of a known one that the format lacks and that may be meant.
    pub fn unknown(&self) -> impl Iterator<Item = (&str, Option<String>)> {
        let known = || Column::all().filter(|column| self.place(*column).is_none()).map(Column::name);
        let known = move || known().filter(|name| Column::of_header(name.as_bytes()).is_some());
        let unknown = self.fields.iter().filter(|field| field.column.is_none()).map(|field| field.name.as_str());
        unknown.map(move |name| {
            let meant = misspelt(&name.replace('-', "_"), known());
            (name, meant.map(|meant| if name.contains('_') { meant.to_owned() } else { meant.replace('_', "-") }))
        })
    }

    /// The first column that stands in the line twice, so that nobody knows which of its values is right.
    #[must_use]
    pub fn repeated(&self) -> Option<Column> {
        let mut seen = ColumnSet::default();
        self.fields.iter().filter_map(|field| field.column).find(|column| {
            let repeated = seen.has(*column);
            seen = seen.with(*column);
            repeated
        })
    }

    /// The place of a column in the line; the first one of a column that is [repeated](Self::repeated).
    #[must_use]
    pub fn place(&self, column: Column) -> Option<usize> {
        self.fields.iter().position(|field| field.column == Some(column))
    }

    /// The header line of this format.
    #[must_use]
    pub fn header(&self) -> String {
        let names: Vec<_> = self.fields.iter().map(|field| field.name.as_str()).collect();
        names.join(" ")
    }

    fn field(name: &[u8]) -> FormatField {
        FormatField { name: String::from_utf8_lossy(name).into_owned(), column: Column::of_header(name) }
    }
}

/// Whether a text is a table as this program writes it, though it could pass for a log: names of columns with tabs between
/// them (`-o tsv`), one name alone, where nothing separates (`-o csv` too), or names above a rule (`-o table`). AWS and the tools
/// that export its logs separate fields by spaces, and a log of one field answers nothing.
#[must_use]
pub fn is_table(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n');
    let line = lines.next().unwrap_or_default();
    let Some(format) = Format::of_header(line) else { return false };
    let has_tabs = line.contains(&b'\t') && !line.contains(&b' ');
    let mut has_rule = || lines.next().is_some_and(|line| line.trim_ascii_start().starts_with("─".as_bytes()));
    has_tabs || format.fields.len() == 1 || has_rule()
}

/// Whether a line may be a header, from its first bytes alone. Ids start with a letter too, but contain digits.
pub(super) fn may_be_header(line: &[u8]) -> bool {
    if !line.first().is_some_and(u8::is_ascii_lowercase) {
        return false;
    }
    let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
    !line[..end].iter().any(u8::is_ascii_digit) || Column::of_header(&line[..end]).is_some()
}

/// The format in effect after a text, given the one before it: that of its last header line, if it has any.
///
/// Lets blocks of one object be decoded at the same time: the reader finds each block's format before handing it on.
#[must_use]
pub fn format_after(text: &[u8], before: Option<&Arc<Format>>) -> Option<Arc<Format>> {
    let starts = memchr::memchr_iter(b'\n', text).map(|newline| newline + 1);
    let mut after = before.cloned();
    for start in std::iter::once(0).chain(starts) {
        let line = &text[start..];
        let indented = line.first().is_some_and(|first| *first <= b' ');
        if indented || may_be_header(line) {
            let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
            if let Some(format) = Format::of_header(line).filter(|_| may_be_header(line.trim_ascii_start())) {
                after = Some(format);
            }
        }
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_in_any_order_with_unknown_fields_is_one() {
        let format = Format::of_header(b"log-status bytes  new_field_12 start\r").unwrap();
        assert_eq!(format.place(Column::Bytes), Some(1));
        assert_eq!(format.fields()[2].column, None);
        assert!(Format::of_header(b"bytes").is_some(), "one field is a format");
    }

    #[test]
    fn what_this_program_writes_is_no_log() {
        for text in [
            "bytes\n7\n",
            "account_id\r\n1\r\n",
            "src\tbytes\n",
            "srcaddr\tbytes\n1\t2\n",
            "srcaddr   bytes\n───────  ─────\n",
        ] {
            let is_header = Format::of_header(text.split('\n').next().unwrap().as_bytes()).is_some();
            assert_eq!(is_table(text.as_bytes()), is_header, "{text}");
        }
        for text in ["srcaddr bytes\n1.2.3.4 7\n", "srcaddr\tbytes packets\n", "7\n", "", "2 x\n───\n"] {
            assert!(!is_table(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_field_that_stands_twice_is_found_however_it_is_written() {
        let repeated = |line: &str| Format::of_header(line.as_bytes()).unwrap().repeated();
        assert_eq!(repeated("start bytes packets bytes"), Some(Column::Bytes));
        assert_eq!(repeated("account-id bytes account_id"), Some(Column::AccountId));
        assert_eq!(repeated("bytes new-field new-field packets"), None, "nobody reads an unknown field");
        let error = Format::of_log_format("${version} ${account-id} ${account-id}").unwrap_err();
        assert_eq!(error.to_string(), "--format: `account-id` is there twice");
    }

    #[test]
    fn records_and_prose_are_no_headers() {
        for line in [
            "2 123456789010 eni-1 10.0.0.1 10.0.0.2 1 2 6 1 1 1 1 ACCEPT OK",
            "- eni-1235b8ca123456789 10.0.1.5 10.0.0.220 10.0.1.5 203.0.113.5",
            "eni-1235b8ca123456789 ingress",
            "Phony unsupported log format.",
            "this is some type of prose",
            "ingress egress",
            "",
        ] {
            assert_eq!(Format::of_header(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn the_log_format_syntax_of_aws_is_read_and_its_slips_are_named() {
        let format = Format::of_log_format("${version} ${account-id} ${brand-new}").unwrap();
        assert_eq!(format.header(), "version account-id brand-new");
        assert!(Format::of_log_format("${version ${account-id}").unwrap_err().to_string().contains("closing brace"));
        let error = Format::of_log_format("${byte}").unwrap_err();
        assert_eq!(error.hints(), ["did you mean `bytes`?"]);
    }

    #[test]
    fn the_last_header_of_a_text_is_in_effect_after_it() {
        let before = Format::default_v2();
        let text = b"2 x\nbytes start\n1 2\nend bytes packets\n3 4 5\n";
        assert_eq!(format_after(text, Some(&before)).unwrap().header(), "end bytes packets");
        assert_eq!(format_after(b"2 a b\n", Some(&before)), Some(before.clone()));
    }
}
