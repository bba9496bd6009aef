//! The columns there are, for people who write `--by`, `--where` and `--columns`.

use super::{Cell, Report, Row, Table};
use crate::schema::{Column, Stage, output};

/// Every column of a record, and the columns that reports add.
#[must_use]
pub fn report() -> Report {
    let columns = [output::FIELD, output::KIND, output::VERSION, output::STAGE, output::ALIASES, output::MEANING];
    let fields = Table {
        name: "fields".to_owned(),
        title: "Columns of a record".to_owned(),
        columns: columns.map(Into::into).to_vec(),
        rows: Column::all().map(field).collect(),
        total: None,
    };
    let added =
        |output: &output::Output| -> Row { vec![output.name.into(), output.kind.name().into(), output.meaning.into()] };
    let outputs = Table {
        name: "outputs".to_owned(),
        title: "Columns that reports add".to_owned(),
        columns: [output::FIELD, output::KIND, output::MEANING].map(Into::into).to_vec(),
        rows: output::ALL.iter().map(added).collect(),
        total: None,
    };
    Report { name: "fields".to_owned(), tables: vec![fields, outputs], ..Report::default() }
}

fn field(column: Column) -> Row {
    let version = if column.version() == 0 { Cell::Absent } else { u64::from(column.version()).into() };
    let stage = match column.stage() {
        Stage::Decode if column.version() == 0 => "object key",
        Stage::Decode => "record",
        Stage::Group => "derived",
        Stage::Join => "joined",
    };
    let aliases: Vec<_> = column.aliases().collect();
    let aliases = if aliases.is_empty() { Cell::Absent } else { aliases.join(", ").into() };
    vec![column.name().into(), column.kind().name().into(), version, stage.into(), aliases, column.meaning().into()]
}
