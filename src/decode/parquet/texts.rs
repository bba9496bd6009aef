//! Columns of any Parquet file as texts: for files of others that have many columns, of which a few are wanted and are
//! small, such as bills. Nested columns are not read, and no type is expected of a column.

use std::fmt;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use chrono::DateTime;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::push_decoder::ParquetPushDecoderBuilder;

use super::groups::{next_batch, read_chunks};
use super::{BATCH_ROWS, ParquetFault, check_chunks, guarded, read_footer};
use crate::collect::RandomAccess;

const DAY_SECONDS: i64 = 86_400;

/// An opened file, nothing of its rows read yet.
#[derive(Clone)]
pub struct TextFile {
    source: Arc<dyn RandomAccess>,
    metadata: ArrowReaderMetadata,
}

/// The texts of a column in a batch; none where a value is null.
pub type TextColumn = Vec<Option<String>>;

impl fmt::Debug for TextFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TextFile").field("columns", &self.columns()).finish_non_exhaustive()
    }
}

impl TextFile {
    /// Reads the footer.
    ///
    /// # Errors
    /// Why it cannot be read, as a lower-case fragment.
    pub fn open(source: Arc<dyn RandomAccess>) -> Result<Self, ParquetFault> {
        let footer = Arc::new(read_footer(&*source)?);
        check_chunks(&footer, source.len())?;
        let plain = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let metadata = guarded(|| ArrowReaderMetadata::try_new(footer, plain))?;
        Ok(Self { source, metadata })
    }

    /// The names of its columns, in their order; a nested one is one.
    #[must_use]
    pub fn columns(&self) -> Vec<&str> {
        self.metadata.schema().fields().iter().map(|field| field.name().as_str()).collect()
    }

    /// How many row groups there are.
    #[must_use]
    pub fn row_groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// Reads columns of a row group, by their places in [`Self::columns`], batch by batch: `each` gets one list of texts
    /// for every place, in the order of the places. Times are ISO 8601, numbers decimals without exponent.
    ///
    /// # Errors
    /// The reason as a lower-case fragment, or the error of `each`.
    pub fn read_row_group<E: From<ParquetFault>>(
        &self,
        group: usize,
        places: &[usize],
        each: &mut dyn FnMut(&[TextColumn]) -> Result<(), E>,
    ) -> Result<(), E> {
        let groups = self.metadata.metadata().row_groups();
        let rows = groups.get(group).map(|group| group.num_rows().cast_unsigned());
        let rows = rows.ok_or(ParquetFault::NoGroup(group))?;
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), places.iter().copied());
        let builder = ParquetPushDecoderBuilder::new_with_metadata(self.metadata.clone());
        let builder = builder.with_row_groups(vec![group]).with_batch_size(BATCH_ROWS).with_projection(mask);
        let mut decoder = guarded(|| builder.build())?;
        let mut read = 0;
        while let Some(batch) = next_batch(&mut decoder, |ranges| read_chunks(&*self.source, ranges))? {
            read += batch.num_rows() as u64;
            let columns = places.iter().map(|place| self.texts(&batch, *place)).collect::<Result<Vec<_>, _>>()?;
            each(&columns)?;
        }
        if read == rows { Ok(()) } else { Err(ParquetFault::Rows { group, found: read, expected: rows }.into()) }
    }

    fn texts(&self, batch: &RecordBatch, place: usize) -> Result<TextColumn, ParquetFault> {
        let name = self.metadata.schema().field(place).name();
        let array = batch.column_by_name(name).ok_or_else(|| ParquetFault::NoValues(name.clone()))?;
        texts(array).ok_or_else(|| ParquetFault::NoTexts { column: name.clone(), held: array.data_type().clone() })
    }
}

/// The values of a column as texts, if its type has such.
fn texts(array: &dyn Array) -> Option<TextColumn> {
    let decimals = |places: i8| move |value: i128| Some(decimal(value, places));
    Some(match array.data_type() {
        DataType::Null => vec![None; array.len()],
        DataType::Utf8 => array.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect(),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().map(|text| text.map(str::to_owned)).collect(),
        DataType::Utf8View => array.as_string_view().iter().map(|text| text.map(str::to_owned)).collect(),
        DataType::Boolean => array.as_boolean().iter().map(|value| value.map(|value| value.to_string())).collect(),
        DataType::Int32 => numbers::<Int32Type>(array, |value| Some(value.to_string())),
        DataType::Int64 => numbers::<Int64Type>(array, |value| Some(value.to_string())),
        DataType::Float32 => numbers::<Float32Type>(array, |value| Some(value.to_string())),
        DataType::Float64 => numbers::<Float64Type>(array, |value| Some(value.to_string())),
        DataType::Decimal128(_, places) => numbers::<Decimal128Type>(array, decimals(*places)),
        DataType::Date32 => numbers::<Date32Type>(array, |days| moment(i64::from(days) * DAY_SECONDS)),
        DataType::Timestamp(unit, _) => match unit {
            TimeUnit::Second => numbers::<TimestampSecondType>(array, moment),
            TimeUnit::Millisecond => numbers::<TimestampMillisecondType>(array, |at| moment(at.div_euclid(1000))),
            TimeUnit::Microsecond => numbers::<TimestampMicrosecondType>(array, |at| moment(at.div_euclid(1_000_000))),
            TimeUnit::Nanosecond => {
                numbers::<TimestampNanosecondType>(array, |at| moment(at.div_euclid(1_000_000_000)))
            }
        },
        _ => return None,
    })
}

fn numbers<T: ArrowPrimitiveType>(array: &dyn Array, text: impl Fn(T::Native) -> Option<String>) -> TextColumn {
    array.as_primitive::<T>().iter().map(|value| value.and_then(&text)).collect()
}

/// Seconds since 1970 as ISO 8601.
fn moment(seconds: i64) -> Option<String> {
    DateTime::from_timestamp(seconds, 0).map(|time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// A whole number with so many of its digits after the point.
fn decimal(value: i128, places: i8) -> String {
    let Some(places) = usize::try_from(places).ok().filter(|places| *places > 0) else { return value.to_string() };
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    format!("{}{whole}.{fraction}", if value < 0 { "-" } else { "" })
}

#[cfg(test)]
mod tests {
    use arrow_array::{
        ArrayRef, Decimal128Array, Float64Array, Int64Array, StringArray, StructArray, TimestampMillisecondArray,
    };
    use arrow_schema::Field;
    use parquet::arrow::ArrowWriter;

    use super::*;
    use crate::collect::of_bytes;

    fn file(columns: Vec<(&str, ArrayRef)>) -> TextFile {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        TextFile::open(of_bytes(bytes)).unwrap()
    }

    fn read(file: &TextFile, places: &[usize]) -> Result<Vec<TextColumn>, ParquetFault> {
        let mut all = Vec::new();
        file.read_row_group(0, places, &mut |columns: &[TextColumn]| {
            all.extend(columns.iter().cloned());
            Ok::<_, ParquetFault>(())
        })?;
        Ok(all)
    }

    #[test]
    fn columns_of_any_type_are_texts_in_the_order_asked_for() {
        let nested = StructArray::from(vec![(
            Arc::new(Field::new("a", DataType::Int64, true)),
            Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef,
        )]);
        let file = file(vec![
            ("tags", Arc::new(nested)),
            ("cost", Arc::new(Float64Array::from(vec![Some(0.000_000_012_5), None]))),
            ("start", Arc::new(TimestampMillisecondArray::from(vec![1_790_812_800_000, 0]).with_timezone("UTC"))),
            ("exact", Arc::new(Decimal128Array::from(vec![-5, 12_345]).with_precision_and_scale(20, 3).unwrap())),
            ("name", Arc::new(StringArray::from(vec!["a,b", ""]))),
        ]);
        assert_eq!(file.columns(), ["tags", "cost", "start", "exact", "name"]);
        let text = |text: &str| Some(text.to_owned());
        let columns = read(&file, &[4, 1, 3, 2]).unwrap();
        assert_eq!(columns[0], [text("a,b"), text("")]);
        assert_eq!(columns[1], [text("0.0000000125"), None]);
        assert_eq!(columns[2], [text("-0.005"), text("12.345")]);
        assert_eq!(columns[3], [text("2026-10-01T00:00:00Z"), text("1970-01-01T00:00:00Z")]);
        let error = read(&file, &[0]).unwrap_err().to_string();
        assert!(error.starts_with("column tags holds "), "{error}");
        assert!(read(&file, &[]).is_ok());
    }
}
