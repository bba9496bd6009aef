//! The tables that a query may name, their columns, and the frames of planned columns as those tables.
//!
//! Whole numbers that are summed are `Int128`, so that no sum wraps; ports, codes and flags are `Int64`. Addresses are
//! text, moments `Datetime[ms, UTC]`, dollars decimals with ten places.

use polars::prelude::{
    Column as FrameColumn, DataFrame, DataType, IntoColumn, IntoLazy, IntoSeries, NewChunkedArray, SortMultipleOptions,
    StringChunked, col,
};

use super::super::flows;
use crate::error::{Error, nearest};
use crate::schema::frame::{address, moment_type};
use crate::schema::output::{self, CellKind, Output};
use crate::schema::{Column, Kind, Stage};
use crate::units::human::USD_DECIMALS;

/// Digits of dollars.
pub(super) const USD_DIGITS: usize = 38;

/// The columns of allocated owners.
const BEARERS: [Column; 3] = [Column::Owner1, Column::Owner2, Column::Owner3];

/// A table that a query may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// The records as logged.
    Flows,
    /// Traffic, each byte once.
    Traffic,
    /// What is charged for it.
    Charges,
}

/// What a column of a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// A column of records or of traffic: of `flows` its values, of the other tables what rows are apart by.
    Key(Column),
    /// What is summed.
    Sum(Output),
}

/// A column of a table, by the name that the query gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name.
    pub name: String,
    /// What it is.
    pub of: Of,
}

/// A table with the columns that a query needs of it.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The table.
    pub table: Table,
    /// Its columns.
    pub fields: Vec<Field>,
}

/// A column of owners by the name of its key, perhaps with `src_` or `dst_` before it.
pub type OwnerColumn = (String, Column);

impl Table {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Flows, Self::Traffic, Self::Charges];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Flows => "flows",
            Self::Traffic => "traffic",
            Self::Charges => "charges",
        }
    }

    /// A one-line title.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Flows => "Table flows: one row per record, as logged",
            Self::Traffic => "Table traffic: deduplicated bytes, one row per combination of the query's columns",
            Self::Charges => {
                "Table charges: bytes and cost by charge; bytes with several charges appear once per charge"
            }
        }
    }

    /// The table of a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }

    /// The sums of a row; none where rows are records.
    #[must_use]
    pub fn sums(self) -> &'static [Output] {
        match self {
            Self::Flows => &[],
            Self::Traffic => &[
                output::BYTES,
                output::PACKETS,
                output::FLOWS,
                output::REJECTED_BYTES,
                output::REJECTED_PACKETS,
                output::REJECTED_FLOWS,
                output::FIRST_SEEN,
                output::LAST_SEEN,
            ],
            Self::Charges => &[output::BYTES, output::USD, output::UNPRICED_BYTES],
        }
    }

    /// Its other columns, but for those of owners.
    pub fn keys(self) -> impl Iterator<Item = Column> {
        let of_charges =
            [Column::Charge, Column::PayerAccount, Column::BilledResource, Column::FromRegion, Column::ToRegion];
        let is_summed = move |column: Column| self.sums().iter().any(|sum| sum.name == column.name());
        Column::all().filter(move |column| match self {
            Self::Flows => column.stage() != Stage::Join,
            Self::Traffic => !column.is_inner() && !of_charges.contains(column) && !is_summed(*column),
            Self::Charges => !column.is_inner() && !is_summed(*column) && *column != Column::Packets,
        })
    }

    /// The column of a name, if there is one.
    #[must_use]
    pub fn field(self, name: &str, owners: &[OwnerColumn]) -> Option<Field> {
        let sum = self.sums().iter().find(|sum| sum.name == name).map(|sum| Of::Sum(*sum));
        let owner = || owners.iter().find(|(owner, _)| owner == name).map(|(_, column)| Of::Key(*column));
        let owner = owner().filter(|_| self != Self::Flows);
        let key = || Column::of_name(name).filter(|column| self.keys().any(|key| key == *column)).map(Of::Key);
        sum.or(owner).or_else(key).map(|of| Field { name: name.to_owned(), of })
    }

    /// The columns of `*`.
    fn defaults(self, owners: &[OwnerColumn]) -> Vec<String> {
        let names = |columns: &[Column]| columns.iter().map(|column| column.name().to_owned()).collect::<Vec<_>>();
        let bearers = owners.iter().filter(|(_, column)| BEARERS.contains(column)).map(|(name, _)| name.clone());
        let sums = |sums: &[Output]| sums.iter().map(|sum| sum.name.to_owned()).collect::<Vec<_>>();
        match self {
            Self::Flows => names(&flows::DEFAULT_COLUMNS),
            Self::Traffic => {
                let keys = [Column::Src, Column::Dst, Column::Protocol, Column::Port, Column::Path];
                bearers.chain(names(&keys)).chain(sums(&self.sums()[..3])).collect()
            }
            Self::Charges => {
                let keys = [Column::Path, Column::Charge, Column::PayerAccount, Column::FromRegion, Column::ToRegion];
                bearers.chain(names(&keys)).chain(sums(self.sums())).collect()
            }
        }
    }
}

impl Planned {
    /// The columns of a table that a query needs: the named ones, and for `*` the default ones.
    #[must_use]
    pub fn new(table: Table, names: &[String], has_wildcard: bool, owners: &[OwnerColumn]) -> Self {
        let defaults = if has_wildcard { table.defaults(owners) } else { Vec::new() };
        let mut fields: Vec<Field> = Vec::new();
        for field in defaults.iter().chain(names).filter_map(|name| table.field(name, owners)) {
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        if fields.is_empty() {
            // Rows are counted by any column.
            fields.extend(table.field(output::BYTES.name, owners));
        }
        Self { table, fields }
    }

    /// The columns that are no sums.
    pub fn keys(&self) -> impl Iterator<Item = Column> {
        self.fields.iter().filter_map(|field| if let Of::Key(column) = field.of { Some(column) } else { None })
    }

    /// Whether one of these sums is requested.
    #[must_use]
    pub fn has_sum(&self, sums: &[Output]) -> bool {
        self.fields.iter().any(|field| matches!(field.of, Of::Sum(sum) if sums.contains(&sum)))
    }

    /// A frame of it without rows.
    ///
    /// # Errors
    /// If two columns have one name.
    pub fn empty(&self) -> Result<DataFrame, Error> {
        let columns =
            self.fields.iter().map(|field| FrameColumn::new_empty(field.name.as_str().into(), &field.data_type()));
        Ok(DataFrame::new(0, columns.collect())?)
    }

    /// The table of a frame whose columns have schema names, in column order.
    ///
    /// # Errors
    /// If the frame has not the columns, or a number is too large for its column.
    pub fn table(&self, frame: &DataFrame) -> Result<DataFrame, Error> {
        let columns = self.fields.iter().map(|field| field.column(frame)).collect::<Result<Vec<_>, _>>()?;
        Ok(DataFrame::new(frame.height(), columns)?)
    }
}

/// Sorts a frame by its columns, so that the result is independent of aggregation order.
///
/// # Errors
/// If a column cannot be sorted.
pub(super) fn sorted(frame: DataFrame) -> Result<DataFrame, Error> {
    let names: Vec<_> = frame.get_column_names_owned();
    let by: Vec<_> = names.iter().map(|name| col(name.clone())).collect();
    Ok(frame.lazy().sort_by_exprs(by, SortMultipleOptions::default()).collect()?)
}

/// The type of dollars.
pub(super) fn usd_type() -> DataType {
    DataType::Decimal(USD_DIGITS, USD_DECIMALS as usize)
}

impl Field {
    /// How its values are shown.
    #[must_use]
    pub fn kind(&self) -> CellKind {
        match self.of {
            Of::Key(column) => CellKind::of(column),
            Of::Sum(sum) => sum.kind,
        }
    }

    /// The type of its values in a query.
    #[must_use]
    pub fn data_type(&self) -> DataType {
        match self.of {
            Of::Key(column) => match column.kind() {
                Kind::Address | Kind::Text => DataType::String,
                Kind::Small => DataType::Int64,
                Kind::Big => DataType::Int128,
                Kind::Time => moment_type(),
            },
            Of::Sum(sum) if sum.kind == CellKind::Usd => usd_type(),
            Of::Sum(sum) if sum.kind == CellKind::Time => moment_type(),
            Of::Sum(_) => DataType::Int128,
        }
    }

    /// Where its values come from.
    #[must_use]
    pub fn origin(&self) -> &'static str {
        match self.of {
            Of::Sum(_) => "summed",
            Of::Key(column) => match column.stage() {
                Stage::Decode => "record",
                Stage::Group => "derived",
                Stage::Join => "joined",
            },
        }
    }

    /// The column of a frame that has the schema's names.
    fn column(&self, frame: &DataFrame) -> Result<FrameColumn, Error> {
        let column = frame.column(match self.of {
            Of::Key(column) => column.name(),
            Of::Sum(sum) => sum.name,
        })?;
        let mut column = if *column.dtype() == DataType::Binary {
            address_texts(column)?
        } else {
            column.strict_cast(&self.data_type())?
        };
        column.rename(self.name.as_str().into());
        Ok(column)
    }
}

/// Addresses in text form.
fn address_texts(column: &FrameColumn) -> Result<FrameColumn, Error> {
    let text = |bytes: &[u8]| address(bytes).map(|(ip, _)| ip.to_string());
    let texts = column.binary()?.iter().map(|bytes| bytes.and_then(text));
    Ok(StringChunked::from_iter_options(column.name().clone(), texts).into_series().into_column())
}

/// The error for a column that is in none of these tables, given these owner keys.
pub(super) fn unknown(name: &str, tables: &[Table], owner_keys: &[String]) -> Error {
    let named: Vec<_> = tables.iter().map(|table| table.name()).collect();
    let error = Error::usage(format!("unknown column `{name}` in {}", named.join(" or ")));
    let has_owners = tables.iter().any(|table| *table != Table::Flows);
    let built_in = tables.iter().flat_map(|table| {
        let keys = table.keys().flat_map(|key| std::iter::once(key.name()).chain(key.aliases()));
        table.sums().iter().map(|sum| sum.name).chain(keys)
    });
    let owned = owner_keys
        .iter()
        .filter(|_| has_owners)
        .flat_map(|key| [key.clone(), format!("src_{key}"), format!("dst_{key}")]);
    let known: Vec<String> = owned.chain(built_in.map(str::to_owned)).collect();
    let error = match nearest(&name.to_lowercase(), known.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("`outflow fields --table {}` lists its columns", named[0])),
    };
    if has_owners && owner_keys.is_empty() {
        return error.hint("owner keys such as team need a tag table: --tags FILE");
    }
    error
}
