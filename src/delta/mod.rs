//! Delta tables of open mirroring: reading landed files, applying their rows to a table, and writing data files and the
//! log.
//!
//! Everything here is a pure function of its arguments: no clock, no randomness, no state. The same table, files, names
//! and instant give the same bytes. Data is read and written through [`Files`], a row group at a time, so that memory
//! does not grow with the table.
//!
//! Tables have reader version 1 and writer version 2, without deletion vectors, column mapping, change data feed,
//! partitions or checkpoints. See fidelity.md#delta-tables.

pub mod apply;
mod convert;
pub mod csv;
pub mod error;
pub mod files;
mod keys;
pub mod log;
mod parquet_pages;
mod parquet_read;
mod parquet_types;
mod parquet_write;
pub mod read;
pub mod rows;
pub mod schema;
pub mod table;
mod text;

pub use self::apply::{Applied, Commit, Counts, apply};
pub use self::csv::CsvRules;
pub use self::error::{Problem, TableError};
pub use self::files::{Content, Files, MemoryFiles, ReadAt};
pub use self::read::{Format, LandedFile, TableMetadata};
pub use self::schema::{DataType, Field, Schema};
pub use self::table::{LiveFile, Naming, Table};
