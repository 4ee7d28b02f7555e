//! Types of Parquet columns: those that producers land, with their conversion, and those that data files have.

use std::sync::Arc;

use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::errors::Result as ParquetResult;
use parquet::schema::types::{Type, TypePtr};

use super::error::Problem;
use super::schema::{DataType, Field, Schema};

/// The largest precision of a decimal that data files store in 32 bits.
pub(super) const DIGITS_OF_INT32: u8 = 9;
/// The largest precision of a decimal that data files store in 64 bits.
pub(super) const DIGITS_OF_INT64: u8 = 18;
/// The largest precision of a decimal.
const DIGITS_MAX: i32 = 38;
/// The precision of a decimal that holds an unsigned number of 64 bits.
const DIGITS_OF_UINT64: u8 = 20;

/// The conversion of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conversion {
    /// The values stay as they are.
    None,
    /// Unsigned 32 bits become 64 bits.
    Unsigned32,
    /// Unsigned 64 bits become a decimal.
    Unsigned64,
    /// Digits in a number or in bytes become a decimal.
    Decimal,
    /// A count of so many nanoseconds since 1970 becomes microseconds.
    Timestamp(i64),
    /// A count of so many nanoseconds since midnight becomes text.
    Time(i64),
    /// 16 bits become 32.
    Half,
    /// Bytes must be UTF-8.
    Text,
}

/// A column of a file that is read.
#[derive(Debug, Clone)]
pub(super) struct PlannedColumn {
    /// The position of the column in the file.
    pub(super) leaf: usize,
    /// The column in the table.
    pub(super) field: Field,
    /// The conversion of its values.
    pub(super) conversion: Conversion,
}

/// Returns the columns of a file that are wanted. fidelity.md#delta-tables
pub(super) fn plan(root: &Type, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<PlannedColumn>, Problem> {
    // A group has several columns, so that the positions of the columns after it are other ones; but a file with
    // groups is rejected.
    let mut planned = Vec::new();
    for (leaf, column) in root.get_fields().iter().enumerate() {
        let info = column.get_basic_info();
        let unsupported = |kind: String| Problem::UnsupportedType { column: column.name().to_owned(), kind };
        if column.is_group() || info.repetition() == Repetition::REPEATED {
            return Err(unsupported(nested_name(column).to_owned()));
        }
        let (data_type, conversion) = column_type(column).ok_or_else(|| unsupported(primitive_name(column)))?;
        if is_wanted(column.name()) {
            let is_nullable = info.repetition() != Repetition::REQUIRED;
            let field = Field { name: column.name().to_owned(), data_type, is_nullable };
            planned.push(PlannedColumn { leaf, field, conversion });
        }
    }
    Ok(planned)
}

fn nested_name(column: &TypePtr) -> &'static str {
    match column.get_basic_info().converted_type() {
        ConvertedType::LIST => "list",
        ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE => "map",
        _ if column.is_group() => "struct",
        _ => "repeated",
    }
}

fn primitive_name(column: &TypePtr) -> String {
    let info = column.get_basic_info();
    format!("{:?} {:?}", column.get_physical_type(), info.converted_type())
}

/// Returns the type of a column in the table and the conversion, or `None` if there is none.
fn column_type(column: &TypePtr) -> Option<(DataType, Conversion)> {
    let info = column.get_basic_info();
    let physical = column.get_physical_type();
    if let Some(logical) = info.logical_type_ref()
        && let Some(found) = logical_type(logical, physical)
    {
        return Some(found);
    }
    let is_decimal = matches!(info.logical_type_ref(), Some(LogicalType::Decimal(_)));
    if is_decimal || info.converted_type() == ConvertedType::DECIMAL {
        return decimal(column.get_precision(), column.get_scale());
    }
    Some(converted_type(info.converted_type()).unwrap_or(match physical {
        Physical::BOOLEAN => (DataType::Boolean, Conversion::None),
        Physical::INT32 => (DataType::Integer, Conversion::None),
        Physical::INT64 => (DataType::Long, Conversion::None),
        Physical::INT96 => (DataType::Timestamp, Conversion::None),
        Physical::FLOAT => (DataType::Float, Conversion::None),
        Physical::DOUBLE => (DataType::Double, Conversion::None),
        Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY => (DataType::Binary, Conversion::None),
    }))
}

/// Returns the type of a logical type, or `None` if the converted or the physical type decides.
fn logical_type(logical: &LogicalType, physical: Physical) -> Option<(DataType, Conversion)> {
    match logical {
        LogicalType::Integer(integers) => Some(integer(integers.bit_width, integers.is_signed)),
        LogicalType::Timestamp(timestamp) => Some((DataType::Timestamp, Conversion::Timestamp(nanos(&timestamp.unit)))),
        LogicalType::Time(time) => Some((DataType::String, Conversion::Time(nanos(&time.unit)))),
        LogicalType::Date => Some((DataType::Date, Conversion::None)),
        LogicalType::String | LogicalType::Json | LogicalType::Enum => Some((DataType::String, Conversion::Text)),
        LogicalType::Float16 if physical == Physical::FIXED_LEN_BYTE_ARRAY => Some((DataType::Float, Conversion::Half)),
        _ => None,
    }
}

/// The nanoseconds in a unit.
fn nanos(unit: &TimeUnit) -> i64 {
    match unit {
        TimeUnit::MILLIS => 1_000_000,
        TimeUnit::MICROS => 1_000,
        TimeUnit::NANOS => 1,
    }
}

fn integer(bits: i8, is_signed: bool) -> (DataType, Conversion) {
    match (bits, is_signed) {
        (8, true) => (DataType::Byte, Conversion::None),
        (16, true) | (8, false) => (DataType::Short, Conversion::None),
        (32, true) | (16, false) => (DataType::Integer, Conversion::None),
        (32, false) => (DataType::Long, Conversion::Unsigned32),
        (_, true) => (DataType::Long, Conversion::None),
        (_, false) => (DataType::Decimal { precision: DIGITS_OF_UINT64, scale: 0 }, Conversion::Unsigned64),
    }
}

fn converted_type(converted: ConvertedType) -> Option<(DataType, Conversion)> {
    Some(match converted {
        ConvertedType::UTF8 | ConvertedType::JSON | ConvertedType::ENUM => (DataType::String, Conversion::Text),
        ConvertedType::DATE => (DataType::Date, Conversion::None),
        ConvertedType::TIME_MILLIS => (DataType::String, Conversion::Time(1_000_000)),
        ConvertedType::TIME_MICROS => (DataType::String, Conversion::Time(1_000)),
        ConvertedType::TIMESTAMP_MILLIS => (DataType::Timestamp, Conversion::Timestamp(1_000_000)),
        ConvertedType::TIMESTAMP_MICROS => (DataType::Timestamp, Conversion::Timestamp(1_000)),
        ConvertedType::INT_8 => integer(8, true),
        ConvertedType::INT_16 => integer(16, true),
        ConvertedType::INT_32 => integer(32, true),
        ConvertedType::INT_64 => integer(64, true),
        ConvertedType::UINT_8 => integer(8, false),
        ConvertedType::UINT_16 => integer(16, false),
        ConvertedType::UINT_32 => integer(32, false),
        ConvertedType::UINT_64 => integer(64, false),
        _ => return None,
    })
}

fn decimal(precision: i32, scale: i32) -> Option<(DataType, Conversion)> {
    let is_valid = (1..=DIGITS_MAX).contains(&precision) && (0..=precision).contains(&scale);
    is_valid.then_some(())?;
    let (precision, scale) = (u8::try_from(precision).ok()?, u8::try_from(scale).ok()?);
    Some((DataType::Decimal { precision, scale }, Conversion::Decimal))
}

/// Returns the number of bytes that hold every decimal of a precision.
pub(super) fn decimal_bytes(precision: u8) -> usize {
    let largest = 10_u128.saturating_pow(precision.into()) - 1;
    let bits = u128::BITS - largest.leading_zeros() + 1;
    (bits as usize).div_ceil(8)
}

/// Returns the schema of a data file.
pub(super) fn root(schema: &Schema) -> ParquetResult<Type> {
    let fields = schema.fields.iter().map(|field| leaf(field).map(Arc::new)).collect::<ParquetResult<Vec<_>>>()?;
    Type::group_type_builder("schema").with_fields(fields).build()
}

fn leaf(field: &Field) -> ParquetResult<Type> {
    let (physical, converted) = physical_type(field.data_type);
    let mut builder = Type::primitive_type_builder(&field.name, physical)
        .with_repetition(if field.is_nullable { Repetition::OPTIONAL } else { Repetition::REQUIRED })
        .with_converted_type(converted);
    if let DataType::Decimal { precision, scale } = field.data_type {
        builder = builder.with_precision(precision.into()).with_scale(scale.into());
        if physical == Physical::FIXED_LEN_BYTE_ARRAY {
            builder = builder.with_length(i32::try_from(decimal_bytes(precision)).unwrap_or(i32::MAX));
        }
    }
    builder.build()
}

fn physical_type(data_type: DataType) -> (Physical, ConvertedType) {
    match data_type {
        DataType::Boolean => (Physical::BOOLEAN, ConvertedType::NONE),
        DataType::Byte => (Physical::INT32, ConvertedType::INT_8),
        DataType::Short => (Physical::INT32, ConvertedType::INT_16),
        DataType::Integer => (Physical::INT32, ConvertedType::NONE),
        DataType::Long => (Physical::INT64, ConvertedType::NONE),
        DataType::Float => (Physical::FLOAT, ConvertedType::NONE),
        DataType::Double => (Physical::DOUBLE, ConvertedType::NONE),
        DataType::Date => (Physical::INT32, ConvertedType::DATE),
        DataType::Timestamp => (Physical::INT64, ConvertedType::TIMESTAMP_MICROS),
        DataType::String => (Physical::BYTE_ARRAY, ConvertedType::UTF8),
        DataType::Binary => (Physical::BYTE_ARRAY, ConvertedType::NONE),
        DataType::Decimal { precision, .. } if precision <= DIGITS_OF_INT32 => {
            (Physical::INT32, ConvertedType::DECIMAL)
        }
        DataType::Decimal { precision, .. } if precision <= DIGITS_OF_INT64 => {
            (Physical::INT64, ConvertedType::DECIMAL)
        }
        DataType::Decimal { .. } => (Physical::FIXED_LEN_BYTE_ARRAY, ConvertedType::DECIMAL),
    }
}
