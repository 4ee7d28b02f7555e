//! Delta tables of open mirroring: landed files in, data files and log out.
//!
//! `tests/clients/delta/readers.py` runs the test [`tables_of_a_plan_are_written`] and reads its tables with real
//! engines.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::{Value, json};
use specularite::delta::csv::{CsvColumn, CsvType, Delimiters, Encoding, RowSeparator};
use specularite::delta::read::SpecialNames;
use specularite::delta::{
    Applied, Content, CsvRules, DataType, Field, Files, Format, LandedFile, LiveFile, MemoryFiles, Naming, Problem,
    Schema, Table, TableError, TableMetadata, apply,
};
use specularite::ids::ItemId;
use specularite::seed::Seed;

fn naming() -> Naming {
    Naming::new(Seed::new(7), ItemId::nth(Seed::new(7), 1), "dbo/orders", 0)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_750_000_000 + second).unwrap()
}

fn landed(bytes: impl Into<Vec<u8>>) -> LandedFile {
    LandedFile { content: Content::new(Bytes::from(bytes.into())) }
}

/// Rules of a table with the columns `id` (the key), `name` and `when`.
fn text_rules() -> CsvRules {
    let column = |name: &str, csv_type| CsvColumn { name: name.to_owned(), csv_type, is_nullable: true };
    let columns =
        vec![column("id", CsvType::Int32), column("name", CsvType::String), column("when", CsvType::DateTime)];
    CsvRules { null_value: Some("N/A".to_owned()), ..CsvRules::new(columns) }
}

fn text_table() -> TableMetadata {
    TableMetadata { format: Format::Csv(text_rules()), ..TableMetadata::parquet(&["id"]) }
}

/// A table that is built in memory.
#[derive(Default)]
struct Lab {
    files: MemoryFiles,
    table: Table,
}

impl Lab {
    fn land(&mut self, files: &[LandedFile], metadata: &TableMetadata) -> Result<Applied, TableError> {
        let second = i64::try_from(self.table.next_version()).unwrap();
        let applied = apply(&self.table, files, metadata, &naming(), at(second), &self.files)?;
        self.table = applied.table.clone();
        Ok(applied)
    }

    /// The rows of the current version, sorted.
    fn rows(&self) -> Vec<String> {
        let all = self.files.all();
        let mut rows: Vec<String> = self.table.files.iter().flat_map(|file| read(file, &all)).collect();
        rows.sort();
        rows
    }
}

fn read(file: &LiveFile, all: &BTreeMap<String, Bytes>) -> Vec<String> {
    let bytes = all[&file.path].clone();
    assert_eq!(bytes.len() as u64, file.size);
    let reader = SerializedFileReader::new(bytes).unwrap();
    let rows: Vec<String> = reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
    assert_eq!(rows.len() as u64, file.rows);
    rows
}

/// A Parquet file with the columns `id` (64 bits), `name` and, if there are markers, the row marker.
fn parquet(rows: &[(i64, &str)], markers: Option<&[i32]>) -> LandedFile {
    let marker = if markers.is_some() { "required int32 __rowMarker__;" } else { "" };
    let schema = format!("message m {{ optional int64 id; optional binary name (UTF8); {marker} }}");
    let mut writer = SerializedFileWriter::new(
        Vec::new(),
        Arc::new(parse_message_type(&schema).unwrap()),
        Arc::new(WriterProperties::builder().build()),
    )
    .unwrap();
    let mut group = writer.next_row_group().unwrap();
    let levels = vec![1; rows.len()];
    let ids: Vec<i64> = rows.iter().map(|row| row.0).collect();
    let names: Vec<ByteArray> = rows.iter().map(|row| row.1.into()).collect();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&ids, Some(&levels), None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<ByteArrayType>().write_batch(&names, Some(&levels), None).unwrap();
    column.close().unwrap();
    if let Some(markers) = markers {
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int32Type>().write_batch(markers, None, None).unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    landed(writer.into_inner().unwrap())
}

#[test]
fn row_markers_apply_from_top_to_bottom() {
    let before = [(1, "a"), (2, "b"), (3, "c"), (3, "d")];
    let check = |rows: &[(i64, &str)], markers: &[i32], expected: &[(i64, &str)]| {
        let mut lab = Lab::default();
        lab.land(&[parquet(&before, None)], &TableMetadata::parquet(&["id"])).unwrap();
        lab.land(&[parquet(rows, Some(markers))], &TableMetadata::parquet(&["id"])).unwrap();
        let expected: Vec<String> =
            expected.iter().map(|(id, name)| format!("{{id: {id}, name: \"{name}\"}}")).collect();
        assert_eq!(lab.rows(), expected, "{rows:?} {markers:?}");
    };
    let all = |rows: &[(i64, &'static str)]| [&[(1, "a"), (2, "b")], rows].concat();
    check(&[(4, "e")], &[0], &all(&[(3, "c"), (3, "d"), (4, "e")]));
    check(&[(1, "e")], &[0], &[(1, "a"), (1, "e"), (2, "b"), (3, "c"), (3, "d")]);
    check(&[(1, "e")], &[1], &[(1, "e"), (2, "b"), (3, "c"), (3, "d")]);
    check(&[(4, "e")], &[1], &all(&[(3, "c"), (3, "d"), (4, "e")]));
    check(&[(1, "")], &[2], &[(2, "b"), (3, "c"), (3, "d")]);
    check(&[(9, "")], &[2], &all(&[(3, "c"), (3, "d")]));
    check(&[(1, "e")], &[4], &[(1, "e"), (2, "b"), (3, "c"), (3, "d")]);
    // An update of a key with two rows leaves one, and a delete leaves none.
    check(&[(3, "e")], &[1], &all(&[(3, "e")]));
    check(&[(3, "")], &[2], &all(&[]));
    // Several changes of a key in one file.
    check(&[(4, "e"), (4, "")], &[0, 2], &all(&[(3, "c"), (3, "d")]));
    check(&[(1, ""), (1, "e")], &[2, 0], &[(1, "e"), (2, "b"), (3, "c"), (3, "d")]);
    check(&[(1, "e"), (1, "f"), (1, "g")], &[4, 0, 0], &[(1, "e"), (1, "f"), (1, "g"), (2, "b"), (3, "c"), (3, "d")]);
    check(&[(1, "e"), (1, "f"), (1, "g")], &[0, 4, 2], &[(2, "b"), (3, "c"), (3, "d")]);
    check(&[], &[], &all(&[(3, "c"), (3, "d")]));
}

#[test]
fn row_without_marker_is_insert_or_upsert() {
    for (is_upsert_default, expected) in [(false, 2), (true, 1)] {
        let mut lab = Lab::default();
        let metadata = TableMetadata { is_upsert_default, ..TableMetadata::parquet(&["id"]) };
        for name in ["a", "b"] {
            lab.land(&[parquet(&[(1, name)], None)], &metadata).unwrap();
        }
        assert_eq!(lab.rows().len(), expected);
    }
}

#[test]
fn several_files_make_one_version() {
    let mut lab = Lab::default();
    let files = [
        parquet(&[(1, "a"), (2, "b")], None),
        parquet(&[(1, "c"), (3, "d")], Some(&[1, 0])),
        parquet(&[(2, "")], Some(&[2])),
    ];
    let applied = lab.land(&files, &TableMetadata::parquet(&["id"])).unwrap();
    assert_eq!(lab.rows(), ["{id: 1, name: \"c\"}", "{id: 3, name: \"d\"}"]);
    assert_eq!(lab.table.version, Some(0));
    assert_eq!(applied.counts.iter().map(|counts| counts.rows()).collect::<Vec<_>>(), [2, 2, 1]);
}

#[test]
fn untouched_data_file_stays() {
    let mut lab = Lab::default();
    let keys = TableMetadata::parquet(&["id"]);
    lab.land(&[parquet(&[(1, "a")], None)], &keys).unwrap();
    lab.land(&[parquet(&[(2, "b"), (3, "c")], None)], &keys).unwrap();
    let first = lab.table.files[0].clone();
    let commit = lab.land(&[parquet(&[(2, "d")], Some(&[1]))], &keys).unwrap().commit.unwrap();
    assert_eq!((commit.removed.len(), commit.added.len()), (1, 1));
    assert_eq!(lab.table.files[0], first);
}

#[test]
fn file_without_rows_creates_a_table_and_changes_none() {
    let mut lab = Lab::default();
    let empty = parquet(&[], None);
    let commit = lab.land(&[empty.clone()], &TableMetadata::parquet(&[])).unwrap().commit.unwrap();
    assert_eq!((commit.version, commit.added.len()), (0, 0));
    assert!(String::from_utf8(commit.log).unwrap().contains("schemaString"));
    assert_eq!(lab.land(&[empty], &TableMetadata::parquet(&[])).unwrap().commit, None);
    assert_eq!(lab.table.version, Some(0));
}

#[test]
fn log_has_the_instant_of_the_commit() {
    let mut lab = Lab::default();
    let commit = lab.land(&[parquet(&[(1, "a")], None)], &TableMetadata::parquet(&[])).unwrap().commit.unwrap();
    let log = String::from_utf8(commit.log).unwrap();
    let actions: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(commit.log_path, "_delta_log/00000000000000000000.json");
    assert_eq!(actions[0]["commitInfo"]["timestamp"], 1_750_000_000_000_i64);
    assert_eq!(actions[1]["protocol"], json!({"minReaderVersion": 1, "minWriterVersion": 2}));
    assert_eq!(actions[3]["add"]["stats"], "{\"numRecords\":1}");
    assert_eq!(actions[3]["add"]["path"], commit.added[0].path.as_str());
}

#[test]
fn same_input_gives_same_bytes() {
    let build = || {
        let mut lab = Lab::default();
        let metadata = TableMetadata::parquet(&["id"]);
        let first = lab.land(&[parquet(&[(1, "a"), (2, "b")], None)], &metadata).unwrap();
        let second = lab.land(&[parquet(&[(1, "c")], Some(&[4]))], &metadata).unwrap();
        (first, second, lab.files.all())
    };
    assert_eq!(build(), build());
}

#[test]
fn changed_row_needs_key_columns_and_a_valid_marker() {
    let check = |markers: &[i32], keys: &[&str], expected: Problem| {
        let rows = vec![(1, "a"); markers.len()];
        let error = Lab::default().land(&[parquet(&rows, Some(markers))], &TableMetadata::parquet(keys)).unwrap_err();
        assert_eq!(error, TableError { file: 0, problem: expected });
    };
    check(&[0, 1], &[], Problem::NoKeyColumns);
    check(&[2], &["other"], Problem::KeyColumnMissing { column: "other".to_owned() });
    check(&[3], &["id"], Problem::MarkerValue { marker: Some(3) });
}

#[test]
fn malformed_file_is_an_error() {
    let good = parquet(&[(1, "a"), (2, "b")], Some(&[0, 0]));
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut parquet::file::reader::ChunkReader::get_read(&good.content, 0).unwrap(), &mut bytes)
        .unwrap();
    let keys = TableMetadata::parquet(&["id"]);
    let problem = |bytes: &[u8]| Lab::default().land(&[landed(bytes)], &keys).map_err(|error| error.problem);
    assert_eq!(problem(b"").unwrap_err(), Problem::EmptyParquet);
    assert!(matches!(problem(b"this is no Parquet file"), Err(Problem::Parquet { .. })));
    for length in 0..bytes.len() {
        assert!(problem(&bytes[..length]).is_err(), "the first {length} bytes");
    }
    // No byte of a valid file, when it is changed, causes a panic.
    for at in 0..bytes.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] = value;
            let _ = problem(&changed);
        }
    }
}

#[test]
fn schema_accepts_new_nullable_columns_only() {
    let field = |name: &str, data_type, is_nullable| Field { name: name.to_owned(), data_type, is_nullable };
    let schema = |fields: &[Field]| Schema { fields: fields.to_vec() };
    let (a, b) = (field("a", DataType::Long, true), field("b", DataType::Integer, false));
    let table = schema(&[a.clone(), b.clone()]);
    let check = |incoming: &[Field], expected: Result<usize, &str>| {
        let merged = table.merged(&schema(incoming)).map(|merged| merged.fields.len());
        assert_eq!(merged.map_err(|problem| problem.to_string()), expected.map_err(str::to_owned), "{incoming:?}");
    };
    let c = field("c", DataType::String, true);
    check(&[b.clone(), a.clone()], Ok(2));
    check(&[b.clone()], Ok(2));
    check(&[a.clone(), b.clone(), c.clone()], Ok(3));
    check(&[a.clone()], Err("SchemaMergeFailure: Column 'b' is not nullable and missing in the incoming schema"));
    let required = field("c", DataType::String, false);
    check(&[a.clone(), b.clone(), required], Err("SchemaMergeFailure: Column 'c' is new and not nullable"));
    let text = "SchemaMergeFailure: Type mismatch for column 'a'. Incoming type: 'string', existing type: 'long'";
    check(&[field("a", DataType::String, true), b.clone()], Err(text));
    let text = "SchemaMergeFailure: Type mismatch for column 'b'. Incoming type: 'long', existing type: 'integer'";
    check(&[field("b", DataType::Long, true)], Err(text));
    let text = "SchemaMergeFailure: Column 'A' differs from another column only in case, or not at all";
    check(&[b, field("A", DataType::Long, true)], Err(text));
}

#[test]
fn new_column_is_null_in_old_rows() {
    let mut lab = Lab::default();
    let metadata = TableMetadata::parquet(&["id"]);
    lab.land(&[parquet(&[(1, "a")], None)], &metadata).unwrap();
    let rules = |names: &[&str]| {
        let column = |name: &&str| CsvColumn { name: (*name).to_owned(), csv_type: CsvType::Int64, is_nullable: true };
        CsvRules::new(names.iter().map(column).collect())
    };
    let wide = TableMetadata { format: Format::Csv(rules(&["id", "more"])), ..metadata };
    lab.land(&[landed("id,more,__rowMarker__\n2,5,0\n")], &wide).unwrap();
    assert_eq!(lab.rows(), ["{id: 1, name: \"a\"}", "{id: 2, name: null, more: 5}"]);
    lab.land(&[landed("id,more,__rowMarker__\n1,6,1\n")], &wide).unwrap();
    assert_eq!(lab.rows(), ["{id: 1, name: null, more: 6}", "{id: 2, name: null, more: 5}"]);
}

#[test]
fn delimited_text_is_split_into_cells() {
    let rows = |text: &[u8], rules: CsvRules| {
        let mut lab = Lab::default();
        let metadata = TableMetadata { format: Format::Csv(rules), ..TableMetadata::parquet(&["id"]) };
        lab.land(&[landed(text)], &metadata).map(|_| lab.rows()).map_err(|error| error.problem)
    };
    let check = |text: &str, name: &str| {
        let text = format!("id,name,when,__rowMarker__\r\n1,{text},N/A,0\r\n");
        assert_eq!(rows(text.as_bytes(), text_rules()).unwrap(), [format!("{{id: 1, name: {name}, when: null}}")]);
    };
    check("a", "\"a\"");
    check(" a ", "\" a \"");
    check("", "\"\"");
    check("N/A", "null");
    check("\"N/A\"", "\"N/A\"");
    check("\"x,y\"", "\"x,y\"");
    check("\"two\r\nlines\"", "\"two\r\nlines\"");
    check("\"say \\\"so\\\"\"", "\"say \"so\"\"");
    check("\"say \"\"so\"\"\"", "\"say \"so\"\"");
    check("\"a\\b\"", "\"a\\b\"");
    check("Zürich 🦀", "\"Zürich 🦀\"");
    let expected = ["{id: 1, name: \"ü\", when: null}"];
    let text = "id|name|when|__rowMarker__\n1|'ü'|N/A|0";
    let delimiters =
        Delimiters { row: RowSeparator::Only(b'\n'), column: b'|', quote: Some(b'\''), escape: Some(b'/') };
    let other = |encoding| CsvRules { delimiters, encoding, ..text_rules() };
    let wide: Vec<u8> = "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert_eq!(rows(&wide, other(Encoding::Utf16)).unwrap(), expected);
    let narrow: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    assert_eq!(rows(&narrow, other(Encoding::Windows1252)).unwrap(), expected);
    assert_eq!(rows(b"", text_rules()), Err(Problem::EmptyText));
    assert!(rows(b"id,name,when,__rowMarker__\n", text_rules()).unwrap().is_empty());
    assert_eq!(rows(b"id,name,when\n", text_rules()), Err(Problem::MarkerMissing));
    assert_eq!(rows(b"id,__rowMarker__,name\n", text_rules()), Err(Problem::MarkerNotLast));
    assert!(matches!(rows(b"id,name,when,__rowMarker__\n1,2\n", text_rules()), Err(Problem::Text { .. })));
    assert!(matches!(rows(b"id,name,when,__rowMarker__\n1,\"2\n", text_rules()), Err(Problem::Text { .. })));
}

#[test]
fn messages_contain_the_texts_of_the_service() {
    let mut lab = Lab::default();
    let error = lab.land(&[landed("id,name,when,__rowMarker__\n1,a,not-a-date,0\n")], &text_table()).unwrap_err();
    let message = error.problem.message("a.csv", "11111111-1111-4111-8111-111111111111", Some(3));
    assert_eq!(
        message,
        "We encountered an error while parsing data file being used, please fix the file and try again. The error is: \
         Exception reading the data file. Exception: System.FormatException: String was not recognized as a valid \
         DateTime., ErrorCode: InternalError, ErrorCode: InputValidationError ArtifactId: \
         11111111-1111-4111-8111-111111111111, SequenceNumber: 3"
    );
    let message = Problem::EmptyParquet.message("a.parquet", "11111111-1111-4111-8111-111111111111", Some(1));
    assert!(message.contains("Parquet file 'a.parquet'") && message.contains("Parquet file size is 0 bytes"));
}

#[test]
fn special_names_are_kept_or_rejected() {
    let column = CsvColumn { name: "a b".to_owned(), csv_type: CsvType::Int64, is_nullable: true };
    let metadata = TableMetadata { format: Format::Csv(CsvRules::new(vec![column])), ..TableMetadata::parquet(&[]) };
    let file = [landed("a b,__rowMarker__\n1,0\n")];
    assert!(Lab::default().land(&file, &metadata).is_ok());
    let strict = TableMetadata { special_names: SpecialNames::Reject, ..metadata };
    let problem = Lab::default().land(&file, &strict).unwrap_err().problem;
    assert_eq!(problem, Problem::SpecialCharacters { column: "a b".to_owned() });
}

#[test]
fn type_of_a_column_is_accepted_or_rejected() {
    let check = |column: &str, expected: Result<&str, &str>| {
        let root = Arc::new(parse_message_type(&format!("message m {{ {column} }}")).unwrap());
        let writer = SerializedFileWriter::new(Vec::new(), root, Arc::default()).unwrap();
        let mut lab = Lab::default();
        let applied = lab.land(&[landed(writer.into_inner().unwrap())], &TableMetadata::parquet(&[]));
        let types = applied.map(|applied| applied.table.schema.fields[0].data_type.name());
        let types = types.map_err(|error| error.problem.to_string());
        assert_eq!(types, expected.map(str::to_owned).map_err(str::to_owned), "{column}");
    };
    check("optional boolean a;", Ok("boolean"));
    check("optional int32 a;", Ok("integer"));
    check("optional int32 a (INTEGER(8,true));", Ok("byte"));
    check("optional int32 a (INT_16);", Ok("short"));
    check("optional int32 a (INTEGER(32,false));", Ok("long"));
    check("optional int64 a (UINT_64);", Ok("decimal(20,0)"));
    check("optional int32 a (DATE);", Ok("date"));
    check("optional int32 a (DECIMAL(9,2));", Ok("decimal(9,2)"));
    check("optional fixed_len_byte_array(16) a (DECIMAL(38,10));", Ok("decimal(38,10)"));
    check("optional int32 a (TIME_MILLIS);", Ok("string"));
    check("optional int64 a (TIMESTAMP(NANOS,false));", Ok("timestamp"));
    check("optional int64 a (TIMESTAMP_MILLIS);", Ok("timestamp"));
    check("optional int96 a;", Ok("timestamp"));
    check("optional float a;", Ok("float"));
    check("optional double a;", Ok("double"));
    check("optional binary a (JSON);", Ok("string"));
    check("optional binary a (ENUM);", Ok("string"));
    check("optional binary a;", Ok("binary"));
    check("optional fixed_len_byte_array(16) a (UUID);", Ok("binary"));
    check("optional group a { optional int32 b; }", Err("Column 'a' has the unsupported type struct"));
    let list = "optional group a (LIST) { repeated group list { optional int32 element; } }";
    check(list, Err("Column 'a' has the unsupported type list"));
    check("repeated int32 a;", Err("Column 'a' has the unsupported type repeated"));
    check("optional int32 __rowMarker__;", Err("The file has no data columns"));
    check("optional binary a; optional binary __rowMarker__ (UTF8);", Err("Column '__rowMarker__' is not an integer"));
    check("optional int32 __rowMarker__; optional int32 a;", Err("Column '__rowMarker__' is not the last column"));
}

#[test]
fn null_equals_null_in_keys_and_is_rejected_in_required_columns() {
    let mut lab = Lab::default();
    lab.land(&[landed("id,name,when,__rowMarker__\nN/A,a,,4\nN/A,b,,4\n")], &text_table()).unwrap();
    assert_eq!(lab.rows(), ["{id: null, name: \"b\", when: null}"]);
    let mut rules = text_rules();
    rules.columns[1].is_nullable = false;
    let metadata = TableMetadata { format: Format::Csv(rules), ..text_table() };
    let mut lab = Lab::default();
    lab.land(&[landed("id,name,when,__rowMarker__\n1,a,,0\n1,N/A,,2\n")], &metadata).unwrap();
    assert!(lab.rows().is_empty());
    let problem = lab.land(&[landed("id,name,when,__rowMarker__\n1,N/A,,0\n")], &metadata).unwrap_err().problem;
    assert_eq!(problem, Problem::NullInRequiredColumn { column: "name".to_owned() });
}

/// Files below a folder.
struct Folder(PathBuf);

impl Files for Folder {
    fn open(&self, path: &str) -> io::Result<Content> {
        fs::File::open(self.0.join(path)).map(Content::new)
    }

    fn create(&self, path: &str) -> io::Result<Box<dyn Write + Send>> {
        Ok(Box::new(fs::File::create(self.0.join(path))?))
    }
}

/// Writes the tables of the file that `SPECULARITE_DELTA_PLAN` names, and the errors beside it. Without the variable
/// there is nothing to do.
#[test]
fn tables_of_a_plan_are_written() {
    let Ok(path) = std::env::var("SPECULARITE_DELTA_PLAN") else { return };
    let plan: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let folder = Path::new(&path).parent().unwrap();
    let errors: Vec<Value> = plan.as_array().unwrap().iter().map(|table| write_table(folder, table)).collect();
    fs::write(folder.join("errors.json"), json!(errors).to_string()).unwrap();
}

/// Writes one table. Returns the error of each commit.
fn write_table(folder: &Path, plan: &Value) -> Value {
    let root = folder.join(plan["name"].as_str().unwrap());
    fs::create_dir_all(root.join("_delta_log")).unwrap();
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let metadata = TableMetadata {
        key_columns: texts(&plan["keys"]),
        is_upsert_default: plan["upsert"] == true,
        format: if plan["csv"].is_null() { Format::Parquet } else { Format::Csv(plan_rules(&plan["csv"])) },
        special_names: SpecialNames::Keep,
    };
    let mut table = Table::default();
    let mut errors = Vec::new();
    for (number, commit) in plan["commits"].as_array().unwrap().iter().enumerate() {
        let open = |name: &String| LandedFile { content: Folder(folder.to_owned()).open(name).unwrap() };
        let files: Vec<LandedFile> = texts(commit).iter().map(open).collect();
        let second = i64::try_from(number).unwrap();
        let applied = apply(&table, &files, &metadata, &naming(), at(second), &Folder(root.clone()));
        errors.push(applied.as_ref().err().map(|error| error.problem.to_string()));
        let Ok(applied) = applied else { continue };
        if let Some(commit) = applied.commit {
            fs::write(root.join(commit.log_path), commit.log).unwrap();
        }
        table = applied.table;
    }
    json!(errors)
}

fn plan_rules(rules: &Value) -> CsvRules {
    let text = |name: &str| rules[name].as_str().unwrap_or_default();
    let columns = rules["columns"].as_array().unwrap().iter().map(|column| CsvColumn {
        name: column[0].as_str().unwrap().to_owned(),
        csv_type: CsvType::from_name(column[1].as_str().unwrap()).unwrap(),
        is_nullable: true,
    });
    let row = match text("row") {
        "" => RowSeparator::Any,
        "\r\n" => RowSeparator::CrLf,
        other => RowSeparator::Only(other.as_bytes()[0]),
    };
    let (quote, escape) = (text("quote").bytes().next(), text("escape").bytes().next());
    CsvRules {
        delimiters: Delimiters { row, column: text("sep").as_bytes()[0], quote, escape },
        null_value: rules["null"].as_str().map(str::to_owned),
        encoding: Encoding::from_name(text("encoding")).unwrap(),
        ..CsvRules::new(columns.collect())
    }
}
