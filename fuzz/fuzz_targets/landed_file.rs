//! A landed file: any bytes are applied to a table or rejected, and the table can then be read again.

#![no_main]

use bytes::Bytes;
use jiff::Timestamp;
use specularite::delta::csv::{CsvColumn, CsvType};
use specularite::delta::{
    Content, CsvRules, Format, LandedFile, MemoryFiles, Naming, Problem, Table, TableMetadata, apply,
};
use specularite::ids::ItemId;
use specularite::seed::Seed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let column = |name: &str, csv_type| CsvColumn { name: name.to_owned(), csv_type, is_nullable: true };
    let columns =
        vec![column("id", CsvType::Int32), column("name", CsvType::String), column("when", CsvType::DateTime)];
    let format = if kind % 2 == 0 { Format::Parquet } else { Format::Csv(CsvRules::new(columns)) };
    let metadata = TableMetadata { format, ..TableMetadata::parquet(&["id"]) };
    let naming = Naming::new(Seed::new(1), ItemId::nth(Seed::new(1), 1), "dbo/fuzz", 0);
    let files = MemoryFiles::default();
    let landed = [LandedFile { content: Content::new(Bytes::copy_from_slice(bytes)) }];
    let Ok(applied) = apply(&Table::default(), &landed, &metadata, &naming, Timestamp::UNIX_EPOCH, &files) else {
        return;
    };
    // What was written can be read: a second time, the file changes the table or is rejected for a reason of its own.
    let again = apply(&applied.table, &landed, &metadata, &naming, Timestamp::UNIX_EPOCH, &files);
    if let Err(error) = again {
        assert!(!matches!(error.problem, Problem::Storage { .. }), "{error:?}");
    }
});
