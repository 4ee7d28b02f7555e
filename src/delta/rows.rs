//! A batch of rows, column by column.

use parquet::data_type::ByteArray;

use super::schema::{DataType, Schema};

/// The values of a column that are not NULL, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Of [`DataType::Boolean`].
    Boolean(Vec<bool>),
    /// Of [`DataType::Byte`], [`DataType::Short`], [`DataType::Integer`] and [`DataType::Date`].
    Int(Vec<i32>),
    /// Of [`DataType::Long`] and [`DataType::Timestamp`].
    Long(Vec<i64>),
    /// Of [`DataType::Float`].
    Float(Vec<f32>),
    /// Of [`DataType::Double`].
    Double(Vec<f64>),
    /// Of [`DataType::Decimal`]: the digits without the point.
    Decimal(Vec<i128>),
    /// Of [`DataType::String`] and [`DataType::Binary`].
    Bytes(Vec<ByteArray>),
}

/// Calls a generic expression with the vector of any variant.
macro_rules! each {
    ($values:expr, $vector:ident => $body:expr) => {
        match $values {
            Values::Boolean($vector) => $body,
            Values::Int($vector) => $body,
            Values::Long($vector) => $body,
            Values::Float($vector) => $body,
            Values::Double($vector) => $body,
            Values::Decimal($vector) => $body,
            Values::Bytes($vector) => $body,
        }
    };
}

impl Values {
    /// Returns no values of a type.
    pub fn empty(data_type: DataType) -> Self {
        match data_type {
            DataType::Boolean => Self::Boolean(Vec::new()),
            DataType::Byte | DataType::Short | DataType::Integer | DataType::Date => Self::Int(Vec::new()),
            DataType::Long | DataType::Timestamp => Self::Long(Vec::new()),
            DataType::Float => Self::Float(Vec::new()),
            DataType::Double => Self::Double(Vec::new()),
            DataType::Decimal { .. } => Self::Decimal(Vec::new()),
            DataType::String | DataType::Binary => Self::Bytes(Vec::new()),
        }
    }

    /// Returns the number of values.
    pub fn len(&self) -> usize {
        each!(self, values => values.len())
    }

    /// Returns `true` if there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes the values whose flag is `false`.
    fn retain(&mut self, kept: &[bool]) {
        let before = self.len();
        let mut kept = kept.iter();
        each!(self, values => values.retain(|_| kept.next().copied().unwrap_or(true)));
        if self.len() < before / 2 {
            self.detach();
        }
    }

    /// Copies byte strings out of the pages that they were read from, which they would keep in memory.
    fn detach(&mut self) {
        if let Self::Bytes(values) = self {
            for value in values {
                *value = value.data().to_vec().into();
            }
        }
    }

    /// Moves the values of `other` to the end. Both have the same type.
    fn append(&mut self, other: Self) {
        match (self, other) {
            (Self::Boolean(to), Self::Boolean(from)) => to.extend(from),
            (Self::Int(to), Self::Int(from)) => to.extend(from),
            (Self::Long(to), Self::Long(from)) => to.extend(from),
            (Self::Float(to), Self::Float(from)) => to.extend(from),
            (Self::Double(to), Self::Double(from)) => to.extend(from),
            (Self::Decimal(to), Self::Decimal(from)) => to.extend(from),
            (Self::Bytes(to), Self::Bytes(from)) => to.extend(from),
            (_, other) => debug_assert!(other.is_empty(), "columns of different types"),
        }
    }

    /// Returns the approximate size in memory, in bytes.
    fn weight(&self) -> usize {
        match self {
            Self::Bytes(values) => values.iter().map(|value| value.len() + size_of::<ByteArray>()).sum(),
            Self::Boolean(values) => values.len(),
            Self::Int(_) | Self::Float(_) => self.len() * size_of::<i32>(),
            Self::Long(_) | Self::Double(_) => self.len() * size_of::<i64>(),
            Self::Decimal(values) => values.len() * size_of::<i128>(),
        }
    }
}

/// The cells of a column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// For each row, 1 if it has a value and 0 if it is NULL: the definition levels of Parquet.
    pub levels: Vec<i16>,
    /// The values.
    pub values: Values,
}

impl Column {
    /// Returns `rows` cells that are NULL.
    pub fn null(data_type: DataType, rows: usize) -> Self {
        Self { levels: vec![0; rows], values: Values::empty(data_type) }
    }

    /// Returns a column without rows.
    pub fn empty(data_type: DataType) -> Self {
        Self::null(data_type, 0)
    }

    /// Returns `true` if a cell is NULL.
    pub fn has_null(&self) -> bool {
        self.values.len() < self.levels.len()
    }

    /// Removes the rows whose flag is `false`.
    fn retain(&mut self, kept: &[bool]) {
        if self.has_null() {
            let present: Vec<bool> =
                self.levels.iter().zip(kept).filter(|(level, _)| **level > 0).map(|(_, kept)| *kept).collect();
            self.values.retain(&present);
            let mut kept = kept.iter();
            self.levels.retain(|_| kept.next().copied().unwrap_or(true));
        } else {
            self.values.retain(kept);
            self.levels.truncate(self.values.len());
        }
    }

    /// Returns the value of each row as 64 bits, or `None` if the column has no integer type.
    pub fn integers(&self) -> Option<Vec<Option<i64>>> {
        let mut values: Box<dyn Iterator<Item = i64>> = match &self.values {
            Values::Int(values) => Box::new(values.iter().copied().map(i64::from)),
            Values::Long(values) => Box::new(values.iter().copied()),
            Values::Boolean(_) | Values::Float(_) | Values::Double(_) | Values::Decimal(_) | Values::Bytes(_) => {
                return None;
            }
        };
        Some(self.levels.iter().map(|level| if *level > 0 { values.next() } else { None }).collect())
    }
}

/// A batch of rows. All columns have the same number of cells.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// The number of rows.
    pub count: usize,
    /// The columns, in the order of a schema.
    pub columns: Vec<Column>,
}

impl Rows {
    /// Returns a batch without rows.
    pub fn empty(schema: &Schema) -> Self {
        Self { count: 0, columns: schema.fields.iter().map(|field| Column::empty(field.data_type)).collect() }
    }

    /// Removes the rows whose flag is `false`.
    pub fn retain(&mut self, kept: &[bool]) {
        if kept.iter().all(|kept| *kept) {
            return;
        }
        for column in &mut self.columns {
            column.retain(kept);
        }
        self.count = kept.iter().filter(|kept| **kept).count();
    }

    /// Moves the rows of `other` to the end. Both have the same schema.
    pub fn append(&mut self, other: Self) {
        self.count += other.count;
        for (to, from) in self.columns.iter_mut().zip(other.columns) {
            to.levels.extend(from.levels);
            to.values.append(from.values);
        }
    }

    /// Returns the rows with the columns of another schema: in its order, and NULL where `own` has no such column.
    pub fn conform(self, own: &Schema, to: &Schema) -> Self {
        let mut columns: Vec<Option<Column>> = self.columns.into_iter().map(Some).collect();
        let conformed = to.fields.iter().map(|field| {
            let column = own.position(&field.name).and_then(|at| columns.get_mut(at)?.take());
            column.unwrap_or_else(|| Column::null(field.data_type, self.count))
        });
        Self { count: self.count, columns: conformed.collect() }
    }

    /// Returns the approximate size in memory, in bytes.
    pub fn weight(&self) -> usize {
        self.columns.iter().map(|column| column.levels.len() * size_of::<i16>() + column.values.weight()).sum()
    }
}
