//! Data files: Parquet with fixed settings, so that the same rows give the same bytes.

use std::io::{self, Write};
use std::sync::Arc;

use jiff::Timestamp;
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType as Physical, DoubleType, FixedLenByteArray, FixedLenByteArrayType,
    FloatType, Int32Type, Int64Type,
};
use parquet::errors::Result as ParquetResult;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter, SerializedRowGroupWriter};

use super::error::Problem;
use super::files::Files;
use super::parquet_types::{self, DIGITS_OF_INT32, DIGITS_OF_INT64};
use super::rows::{Column, Rows, Values};
use super::schema::{DataType, Field, Schema};
use super::table::{LiveFile, Naming};

/// The rows of a row group, unless they are large.
const GROUP_ROWS: usize = 65_536;
/// The size of a row group in memory after which it is written, in bytes.
const GROUP_BYTES: usize = 16 << 20;
/// The rows of a data file after which the next one begins.
const FILE_ROWS: u64 = 4 << 20;

/// Counts the bytes that are written.
struct Counter {
    inner: Box<dyn Write + Send>,
    bytes: u64,
}

impl Write for Counter {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// A data file that is being written.
struct DataFile {
    path: String,
    writer: SerializedFileWriter<Counter>,
    rows: u64,
}

/// The data files that a version adds.
pub(super) struct Output<'a> {
    files: &'a dyn Files,
    naming: Naming,
    version: u64,
    at: Timestamp,
    schema: &'a Schema,
    pending: Rows,
    pending_bytes: usize,
    current: Option<DataFile>,
    added: Vec<LiveFile>,
}

impl<'a> Output<'a> {
    pub(super) fn new(files: &'a dyn Files, naming: Naming, version: u64, at: Timestamp, schema: &'a Schema) -> Self {
        let pending = Rows::empty(schema);
        Self { files, naming, version, at, schema, pending, pending_bytes: 0, current: None, added: Vec::new() }
    }

    /// Returns the columns of the table.
    pub(super) fn schema(&self) -> &'a Schema {
        self.schema
    }

    /// Adds rows with the columns of the schema.
    pub(super) fn push(&mut self, rows: Rows) -> Result<(), Problem> {
        for (field, column) in self.schema.fields.iter().zip(&rows.columns) {
            if !field.is_nullable && column.has_null() {
                return Err(Problem::NullInRequiredColumn { column: field.name.clone() });
            }
        }
        self.pending_bytes += rows.weight();
        self.pending.append(rows);
        if self.pending.count >= GROUP_ROWS || self.pending_bytes >= GROUP_BYTES { self.write_group() } else { Ok(()) }
    }

    /// Completes the files and returns them.
    pub(super) fn finish(mut self) -> Result<Vec<LiveFile>, Problem> {
        if self.pending.count > 0 {
            self.write_group()?;
        }
        self.close_file()?;
        Ok(self.added)
    }

    fn write_group(&mut self) -> Result<(), Problem> {
        let rows = std::mem::replace(&mut self.pending, Rows::empty(self.schema));
        self.pending_bytes = 0;
        let mut file = match self.current.take() {
            Some(file) => file,
            None => self.begin_file()?,
        };
        write_rows(&mut file.writer, &rows, self.schema).map_err(Problem::storage)?;
        file.rows += rows.count as u64;
        let is_full = file.rows >= FILE_ROWS;
        self.current = Some(file);
        if is_full { self.close_file() } else { Ok(()) }
    }

    fn begin_file(&self) -> Result<DataFile, Problem> {
        let path = self.naming.data_file(self.version, self.added.len());
        let sink = Counter { inner: self.files.create(&path).map_err(Problem::storage)?, bytes: 0 };
        let schema = parquet_types::root(self.schema).map_err(Problem::storage)?;
        let writer = SerializedFileWriter::new(sink, Arc::new(schema), Arc::new(properties()));
        Ok(DataFile { path, writer: writer.map_err(Problem::storage)?, rows: 0 })
    }

    fn close_file(&mut self) -> Result<(), Problem> {
        let Some(file) = self.current.take() else { return Ok(()) };
        let mut sink = file.writer.into_inner().map_err(Problem::storage)?;
        sink.flush().map_err(Problem::storage)?;
        self.added.push(LiveFile { path: file.path, size: sink.bytes, rows: file.rows, added_at: self.at });
        Ok(())
    }
}

/// The settings of all data files. They contain no version and no time.
fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_created_by("Specularite".to_owned())
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .build()
}

fn write_rows(writer: &mut SerializedFileWriter<Counter>, rows: &Rows, schema: &Schema) -> ParquetResult<()> {
    let mut group = writer.next_row_group()?;
    for (field, column) in schema.fields.iter().zip(&rows.columns) {
        write_column(&mut group, field, column)?;
    }
    group.close()?;
    Ok(())
}

fn write_column(
    group: &mut SerializedRowGroupWriter<'_, Counter>,
    field: &Field,
    column: &Column,
) -> ParquetResult<()> {
    let Some(mut writer) = group.next_column()? else { return Ok(()) };
    let levels = field.is_nullable.then_some(column.levels.as_slice());
    match &column.values {
        Values::Boolean(values) => write::<BoolType>(&mut writer, values, levels)?,
        Values::Int(values) => write::<Int32Type>(&mut writer, values, levels)?,
        Values::Long(values) => write::<Int64Type>(&mut writer, values, levels)?,
        Values::Float(values) => write::<FloatType>(&mut writer, values, levels)?,
        Values::Double(values) => write::<DoubleType>(&mut writer, values, levels)?,
        Values::Bytes(values) => write::<ByteArrayType>(&mut writer, values, levels)?,
        Values::Decimal(values) => write_decimals(&mut writer, field.data_type, values, levels)?,
    }
    writer.close()
}

fn write<T: Physical>(
    writer: &mut SerializedColumnWriter<'_>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> ParquetResult<()> {
    writer.typed::<T>().write_batch(values, levels, None)?;
    Ok(())
}

/// Writes decimals with the fewest bytes for their precision, as the Parquet format asks.
fn write_decimals(
    writer: &mut SerializedColumnWriter<'_>,
    data_type: DataType,
    values: &[i128],
    levels: Option<&[i16]>,
) -> ParquetResult<()> {
    let DataType::Decimal { precision, .. } = data_type else { return Ok(()) };
    if precision <= DIGITS_OF_INT32 {
        let values: Vec<i32> = values.iter().map(|value| *value as i32).collect();
        write::<Int32Type>(writer, &values, levels)
    } else if precision <= DIGITS_OF_INT64 {
        let values: Vec<i64> = values.iter().map(|value| *value as i64).collect();
        write::<Int64Type>(writer, &values, levels)
    } else {
        let skipped = size_of::<i128>() - parquet_types::decimal_bytes(precision);
        let bytes = values.iter().map(|value| ByteArray::from(value.to_be_bytes()[skipped..].to_vec()));
        let values: Vec<FixedLenByteArray> = bytes.map(FixedLenByteArray::from).collect();
        write::<FixedLenByteArrayType>(writer, &values, levels)
    }
}
