//! The available columns, for `--by`, `--where`, `--columns` and SQL.

use super::sql::{self, Of};
use super::{Cell, Report, Row, Table};
use crate::schema::{Column, Stage, output};

/// The columns that a table of `outflow sql` has for each key of `--tags`, such as team.
const OWNERS: [(&str, &str); 3] = [
    (
        "KEY",
        "Owner by a key of --tags, such as team: for charges the allocated owner, for traffic the sender, for inbound traffic from outside the receiver.",
    ),
    ("src_KEY", "Owner of the source, such as src_team."),
    ("dst_KEY", "Owner of the destination, such as dst_team."),
];

/// Every column of a record, the columns that reports add, and those of the tables of `outflow sql`.
#[must_use]
pub fn report() -> Report {
    let columns = [output::FIELD, output::KIND, output::VERSION, output::STAGE, output::ALIASES, output::MEANING];
    let fields = Table {
        name: "fields".to_owned(),
        title: "Record columns".to_owned(),
        columns: columns.map(Into::into).to_vec(),
        rows: Column::all().map(field).collect(),
        ..Table::default()
    };
    let added =
        |output: &output::Output| -> Row { vec![output.name.into(), output.kind.name().into(), output.meaning.into()] };
    let outputs = Table {
        name: "outputs".to_owned(),
        title: "Report columns".to_owned(),
        columns: [output::FIELD, output::KIND, output::MEANING].map(Into::into).to_vec(),
        rows: output::ALL.iter().map(added).collect(),
        ..Table::default()
    };
    let tables = [fields, outputs].into_iter().chain(sql::Table::ALL.map(queried)).collect();
    Report { name: "fields".to_owned(), tables, ..Report::default() }
}

/// The columns of a table of `outflow sql`, what is summed last.
fn queried(table: sql::Table) -> Table {
    let columns = [output::FIELD, output::KIND, output::STAGE, output::MEANING];
    let row = |name: &str, kind: &str, stage: &str, meaning: &str| -> Row {
        vec![name.into(), kind.into(), stage.into(), meaning.into()]
    };
    let keys = table.keys().map(|column| {
        let stage = sql::Field { name: column.name().to_owned(), of: Of::Key(column) }.origin();
        row(column.name(), column.kind().name(), stage, column.meaning())
    });
    let owners = OWNERS.iter().filter(|_| table != sql::Table::Flows);
    let owners = owners.map(|(name, meaning)| row(name, "text", "joined", meaning));
    let sums = table.sums().iter().map(|sum| row(sum.name, sum.kind.name(), "summed", sum.meaning));
    Table {
        name: table.name().to_owned(),
        title: table.meaning().to_owned(),
        columns: columns.map(Into::into).to_vec(),
        rows: owners.chain(keys).chain(sums).collect(),
        ..Table::default()
    }
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
