//! Rows of Parquet files, some thousands at a time.
//!
//! Files come from producers and can be malformed. The crate `parquet` returns errors for most of them; sizes and
//! offsets are checked here before it sees them, and a panic inside it becomes an error too.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{ByteArray, DataType as Physical};
use parquet::file::metadata::{ParquetMetaData, RowGroupMetaData};
use parquet::file::reader::{FileReader as _, SerializedFileReader};

use super::convert;
use super::error::Problem;
use super::files::Content;
use super::parquet_pages::{CheckedPages, check_footer};
use super::parquet_types::{self, Conversion, PlannedColumn};
use super::rows::{Column, Rows, Values};
use super::schema::{DataType, Schema};

/// The rows of a Parquet file.
pub(super) struct ParquetRows {
    file: SerializedFileReader<Content>,
    plan: Vec<PlannedColumn>,
    schema: Schema,
    /// The number of the next row group.
    group: usize,
    /// The columns of the current row group, and its rows that were not read.
    columns: Vec<ColumnReader>,
    left: usize,
}

impl fmt::Debug for ParquetRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetRows").field("schema", &self.schema).field("group", &self.group).finish_non_exhaustive()
    }
}

/// Runs code of the crate `parquet`. A panic becomes an error.
fn guarded<T>(code: impl FnOnce() -> Result<T, Problem>) -> Result<T, Problem> {
    catch_unwind(AssertUnwindSafe(code)).unwrap_or_else(|_| Err(Problem::parquet("the file is malformed")))
}

impl ParquetRows {
    /// Reads the footer. Only columns that are wanted will be read.
    pub(super) fn open(content: &Content, is_wanted: impl Fn(&str) -> bool) -> Result<Self, Problem> {
        let content = content.clone();
        guarded(move || {
            let size = content.size();
            check_footer(&content)?;
            let file = SerializedFileReader::new(content).map_err(Problem::parquet)?;
            check_metadata(file.metadata(), size)?;
            let plan = parquet_types::plan(file.metadata().file_metadata().schema(), is_wanted)?;
            let schema = Schema { fields: plan.iter().map(|column| column.field.clone()).collect() };
            Ok(Self { file, plan, schema, group: 0, columns: Vec::new(), left: 0 })
        })
    }

    /// Returns the columns that are read.
    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Returns the number of rows that the row groups state. Reading them fails if there are others.
    pub(super) fn stated_rows(&self) -> usize {
        let groups = self.file.metadata().row_groups();
        groups.iter().map(|group| usize::try_from(group.num_rows()).unwrap_or(0)).sum()
    }

    /// Returns the next rows, at most `rows_max`, or `None` at the end.
    pub(super) fn next(&mut self, rows_max: usize) -> Result<Option<Rows>, Problem> {
        guarded(|| {
            while self.left == 0 {
                if self.group == self.file.num_row_groups() {
                    return Ok(None);
                }
                self.begin_group()?;
            }
            self.read(rows_max.min(self.left)).map(Some)
        })
    }

    fn begin_group(&mut self) -> Result<(), Problem> {
        let group = self.file.get_row_group(self.group).map_err(Problem::parquet)?;
        let columns = self.plan.iter().map(|column| {
            let pages = CheckedPages(group.get_column_page_reader(column.leaf).map_err(Problem::parquet)?);
            let description = group.metadata().column(column.leaf).column_descr_ptr();
            Ok(get_column_reader(description, Box::new(pages)))
        });
        self.columns = columns.collect::<Result<_, Problem>>()?;
        self.left = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        self.group += 1;
        Ok(())
    }

    fn read(&mut self, count: usize) -> Result<Rows, Problem> {
        let columns = self.plan.iter().zip(&mut self.columns);
        let columns = columns.map(|(planned, reader)| read_column(planned, reader, count)).collect::<Result<_, _>>()?;
        self.left -= count;
        Ok(Rows { count, columns })
    }
}

/// Rejects metadata with sizes or offsets outside the file, and with too many rows for row numbers.
fn check_metadata(metadata: &ParquetMetaData, size: u64) -> Result<(), Problem> {
    let columns = metadata.file_metadata().schema_descr().num_columns();
    let mut rows = 0_u64;
    for group in metadata.row_groups() {
        let stated = u64::try_from(group.num_rows()).ok();
        rows = stated.and_then(|stated| rows.checked_add(stated)).unwrap_or(u64::MAX);
        if group.columns().len() != columns || !are_inside(group, size) {
            return Err(Problem::parquet("a row group is outside the file"));
        }
    }
    if rows < u32::MAX.into() { Ok(()) } else { Err(Problem::parquet("the file has too many rows")) }
}

/// Returns `true` if the columns of a row group lie inside the file.
fn are_inside(group: &RowGroupMetaData, size: u64) -> bool {
    group.columns().iter().all(|column| {
        let starts = [Some(column.data_page_offset()), column.dictionary_page_offset()];
        let length = u64::try_from(column.compressed_size()).ok();
        starts.into_iter().flatten().all(|start| u64::try_from(start).is_ok_and(|start| start <= size))
            && length.is_some_and(|length| length <= size)
    })
}

/// Reads `count` cells of a column.
fn read_column(planned: &PlannedColumn, reader: &mut ColumnReader, count: usize) -> Result<Column, Problem> {
    let mut levels = Vec::new();
    let conversion = planned.conversion;
    let values = match reader {
        ColumnReader::BoolColumnReader(reader) => Values::Boolean(read_values(reader, count, &mut levels)?),
        ColumnReader::Int32ColumnReader(reader) => from_int32(read_values(reader, count, &mut levels)?, conversion),
        ColumnReader::Int64ColumnReader(reader) => from_int64(read_values(reader, count, &mut levels)?, conversion),
        ColumnReader::Int96ColumnReader(reader) => {
            let values = read_values(reader, count, &mut levels)?;
            let micros = values.iter().map(|value| convert::int96_micros(value.data()).ok_or_else(out_of_range));
            Values::Long(micros.collect::<Result<_, _>>()?)
        }
        ColumnReader::FloatColumnReader(reader) => Values::Float(read_values(reader, count, &mut levels)?),
        ColumnReader::DoubleColumnReader(reader) => Values::Double(read_values(reader, count, &mut levels)?),
        ColumnReader::ByteArrayColumnReader(reader) => {
            from_bytes(read_values(reader, count, &mut levels)?, conversion)?
        }
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            let values = read_values(reader, count, &mut levels)?;
            from_bytes(values.into_iter().map(ByteArray::from).collect(), conversion)?
        }
    };
    check(&values, planned.field.data_type)?;
    if !planned.field.is_nullable {
        levels = vec![1; count];
    }
    Ok(Column { levels, values })
}

fn out_of_range() -> Problem {
    Problem::parquet("a value is outside the range of its type")
}

/// Reads `count` cells: their levels and the values that are not NULL.
fn read_values<T: Physical>(
    reader: &mut ColumnReaderImpl<T>,
    count: usize,
    levels: &mut Vec<i16>,
) -> Result<Vec<T::T>, Problem> {
    let mut values = Vec::with_capacity(count);
    let read = reader.read_records(count, Some(levels), None, &mut values).map_err(Problem::parquet)?;
    let is_complete = read.0 == count && (levels.is_empty() || levels.len() == count);
    if is_complete { Ok(values) } else { Err(Problem::parquet("the columns have different numbers of rows")) }
}

fn from_int32(values: Vec<i32>, conversion: Conversion) -> Values {
    match conversion {
        Conversion::Unsigned32 => Values::Long(values.into_iter().map(|value| i64::from(value as u32)).collect()),
        Conversion::Decimal => Values::Decimal(values.into_iter().map(i128::from).collect()),
        Conversion::Time(nanos) => times(values.into_iter().map(i64::from), nanos),
        Conversion::Timestamp(nanos) => timestamps(values.into_iter().map(i64::from), nanos),
        Conversion::None | Conversion::Unsigned64 | Conversion::Half | Conversion::Text => Values::Int(values),
    }
}

fn from_int64(values: Vec<i64>, conversion: Conversion) -> Values {
    match conversion {
        Conversion::Unsigned64 => Values::Decimal(values.into_iter().map(|value| i128::from(value as u64)).collect()),
        Conversion::Decimal => Values::Decimal(values.into_iter().map(i128::from).collect()),
        Conversion::Time(nanos) => times(values.into_iter(), nanos),
        Conversion::Timestamp(nanos) if nanos != 1_000 => timestamps(values.into_iter(), nanos),
        Conversion::Timestamp(_) | Conversion::None | Conversion::Unsigned32 | Conversion::Half | Conversion::Text => {
            Values::Long(values)
        }
    }
}

fn times(values: impl Iterator<Item = i64>, nanos: i64) -> Values {
    let texts = values.map(|value| convert::time_text(value.saturating_mul(nanos)).into_bytes().into());
    Values::Bytes(texts.collect())
}

/// Instants before and after the range of 64 bits are cut to it.
fn timestamps(values: impl Iterator<Item = i64>, nanos: i64) -> Values {
    let micros = |value: i64| match nanos {
        1 => value.div_euclid(1_000),
        _ => value.saturating_mul(nanos / 1_000),
    };
    Values::Long(values.map(micros).collect())
}

fn from_bytes(values: Vec<ByteArray>, conversion: Conversion) -> Result<Values, Problem> {
    match conversion {
        Conversion::Decimal => {
            let numbers = values.iter().map(|value| convert::decimal(value.data()).ok_or_else(out_of_range));
            Ok(Values::Decimal(numbers.collect::<Result<_, _>>()?))
        }
        Conversion::Half => {
            let bits = values.iter().map(|value| value.data().first_chunk().copied().map(u16::from_le_bytes));
            Ok(Values::Float(bits.map(|bits| convert::half(bits.unwrap_or(0))).collect()))
        }
        Conversion::Text if values.iter().any(|value| std::str::from_utf8(value.data()).is_err()) => {
            Err(Problem::parquet("a text is not encoded as UTF-8"))
        }
        Conversion::None
        | Conversion::Text
        | Conversion::Unsigned32
        | Conversion::Unsigned64
        | Conversion::Time(_)
        | Conversion::Timestamp(_) => Ok(Values::Bytes(values)),
    }
}

/// Rejects values outside the range of their type, and annotations that do not suit the values.
fn check(values: &Values, data_type: DataType) -> Result<(), Problem> {
    let fits = match (values, data_type) {
        (Values::Int(values), DataType::Byte) => values.iter().all(|value| i8::try_from(*value).is_ok()),
        (Values::Int(values), DataType::Short) => values.iter().all(|value| i16::try_from(*value).is_ok()),
        (Values::Decimal(values), DataType::Decimal { precision, .. }) => {
            let limit = 10_u128.pow(precision.into());
            values.iter().all(|value| value.unsigned_abs() < limit)
        }
        (values, data_type) => std::mem::discriminant(values) == std::mem::discriminant(&Values::empty(data_type)),
    };
    if fits { Ok(()) } else { Err(out_of_range()) }
}
