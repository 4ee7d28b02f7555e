//! The parser of `_metadata.json`. Names of members are compared without regard to case, as clients in use require.

use serde_json::{Map, Value};

use super::{Column, DataType, Delimited, DetectionStrategy, FileFormat, Metadata};
use crate::fabric::json::{Positions, has_too_many_values};

/// The maximum size of a `_metadata.json`, in bytes.
pub const BYTES_MAX: usize = 1 << 20;
/// The maximum length of a text in it, in bytes.
pub const TEXT_MAX: usize = 1_024;
/// The maximum number of key columns.
pub const KEY_COLUMNS_MAX: usize = 128;
/// The maximum number of key columns that the documentation advises.
pub const KEY_COLUMNS_ADVISED: usize = 4;
/// The maximum number of columns of delimited text.
pub const COLUMNS_MAX: usize = 4_096;

/// A fault of a `_metadata.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1.
    pub column: usize,
    /// The fault.
    pub message: String,
}

/// A `_metadata.json` that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The content.
    pub metadata: Metadata,
    /// What the service accepts, and the producer hardly meant.
    pub warnings: Vec<Fault>,
}

/// Parses a `_metadata.json`.
///
/// # Errors
///
/// The faults because of which the table cannot be read, at least one.
pub fn parse(bytes: &[u8]) -> Result<Parsed, Vec<Fault>> {
    let text = text(bytes).map_err(|fault| vec![fault])?;
    let document = value(text).map_err(|fault| vec![fault])?;
    let mut reader = Reader { text, path: Vec::new(), faults: Vec::new(), warnings: Vec::new() };
    let metadata = match &document {
        Value::Object(members) => reader.metadata(members),
        _ => {
            reader.fault("an object is expected");
            Metadata::default()
        }
    };
    if reader.faults.is_empty() { Ok(Parsed { metadata, warnings: reader.warnings }) } else { Err(reader.faults) }
}

/// Returns the text of a small JSON file, without a byte order mark.
pub(in crate::fabric::landing) fn text(bytes: &[u8]) -> Result<&str, Fault> {
    let at_start = |message: String| Fault { line: 1, column: 1, message };
    if bytes.len() > BYTES_MAX {
        return Err(at_start(format!("the file has {} bytes: at most {BYTES_MAX} are read", bytes.len())));
    }
    if has_too_many_values(bytes) {
        return Err(at_start("the file has too many values".into()));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| at_start("the file is not UTF-8".into()))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Parses a text as JSON.
pub(in crate::fabric::landing) fn value(text: &str) -> Result<Value, Fault> {
    serde_json::from_str(text).map_err(|why| {
        let full = why.to_string();
        let message = full.rsplit_once(" at line ").map_or(full.as_str(), |(message, _)| message);
        Fault { line: why.line().max(1), column: why.column().max(1), message: format!("not JSON: {message}") }
    })
}

/// The reader of a document: where it is, and the faults so far.
struct Reader<'t> {
    text: &'t str,
    path: Vec<String>,
    faults: Vec<Fault>,
    warnings: Vec<Fault>,
}

impl Reader<'_> {
    fn located(&self, message: &str) -> Fault {
        let (line, column) = Positions::new(self.text).locate(&self.path);
        let names = self.path.join(".");
        let message = if names.is_empty() { message.to_owned() } else { format!("{names}: {message}") };
        Fault { line, column, message }
    }

    fn fault(&mut self, message: &str) {
        let fault = self.located(message);
        self.faults.push(fault);
    }

    fn warning(&mut self, message: &str) {
        let warning = self.located(message);
        self.warnings.push(warning);
    }

    /// Reads each member below its name. `read` returns `false` for an unknown one. A member that is null counts as absent.
    /// Of two members whose names differ in case only, the second is a fault.
    fn members(&mut self, members: &Map<String, Value>, mut read: impl FnMut(&mut Self, &str, &Value) -> bool) {
        let mut seen = Vec::new();
        for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
            let lower = name.to_ascii_lowercase();
            self.path.push(name.clone());
            if seen.contains(&lower) {
                self.fault("the member occurs twice, in different spellings");
            } else if !read(self, &lower, value) {
                self.warning("unknown member");
            }
            self.path.pop();
            seen.push(lower);
        }
    }

    fn object(&mut self, value: &Value, read: impl FnMut(&mut Self, &str, &Value) -> bool) {
        match value {
            Value::Object(members) => self.members(members, read),
            _ => self.fault("an object is expected"),
        }
    }

    fn array(&mut self, value: &Value, most: usize, mut read: impl FnMut(&mut Self, &Value)) {
        let Value::Array(elements) = value else { return self.fault("an array is expected") };
        if elements.len() > most {
            return self.fault(&format!("{} elements: at most {most} are allowed", elements.len()));
        }
        for (index, element) in elements.iter().enumerate() {
            self.path.push(index.to_string());
            read(self, element);
            self.path.pop();
        }
    }

    fn string<'v>(&mut self, value: &'v Value) -> Option<&'v str> {
        match value {
            Value::String(text) if text.len() <= TEXT_MAX => return Some(text),
            Value::String(_) => self.fault(&format!("at most {TEXT_MAX} bytes are allowed")),
            _ => self.fault("a string is expected"),
        }
        None
    }

    /// Reads a Boolean, or a string with one: `isPartitionEnabled` is written as `"true"`.
    fn boolean(&mut self, value: &Value) -> bool {
        match value {
            Value::Bool(value) => return *value,
            Value::String(text) if text.eq_ignore_ascii_case("true") => return true,
            Value::String(text) if text.eq_ignore_ascii_case("false") => {}
            _ => self.fault("true or false is expected"),
        }
        false
    }

    /// Reads one of some values, named without regard to case.
    fn one_of<T: Copy>(&mut self, value: &Value, known: &[(&str, T)]) -> Option<T> {
        let text = self.string(value)?;
        let found = known.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
        if found.is_none() {
            let names: Vec<String> = known.iter().map(|(name, _)| format!("{name:?}")).collect();
            self.fault(&format!("{text:?} is unknown: {} is expected", names.join(" or ")));
        }
        found.map(|(_, value)| *value)
    }

    fn metadata(&mut self, members: &Map<String, Value>) -> Metadata {
        let mut metadata = Metadata::default();
        let mut text = Declared::default();
        self.members(members, |reader, name, value| {
            match name {
                "keycolumns" => metadata.key_columns = reader.key_columns(value),
                "filedetectionstrategy" => metadata.strategy = reader.one_of(value, STRATEGIES).unwrap_or_default(),
                "isupsertdefaultrowmarker" => metadata.upserts_by_default = reader.boolean(value),
                "ispartitionenabled" => metadata.has_partitions = reader.boolean(value),
                "conditionalupdatecolumn" => {
                    metadata.conditional_update_column = reader.string(value).map(Into::into);
                }
                _ => return text.read(reader, name, value),
            }
            true
        });
        metadata.format = text.format(self, &metadata.key_columns);
        if metadata.upserts_by_default && metadata.key_columns.is_empty() {
            self.warning("isUpsertDefaultRowMarker has no effect without keyColumns");
        }
        metadata
    }

    fn key_columns(&mut self, value: &Value) -> Vec<Box<str>> {
        let mut columns: Vec<Box<str>> = Vec::new();
        self.array(value, KEY_COLUMNS_MAX, |reader, element| match reader.string(element) {
            Some("") => reader.fault("a name is expected"),
            Some(name) if columns.iter().any(|column| **column == *name) => reader.fault("the column occurs twice"),
            Some(name) => columns.push(name.into()),
            None => {}
        });
        if columns.len() > KEY_COLUMNS_ADVISED {
            self.warning("fewer than five key columns are advised");
        }
        columns
    }
}

const STRATEGIES: &[(&str, DetectionStrategy)] = &[
    ("SequentialFileName", DetectionStrategy::SequentialFileName),
    ("LastUpdateTimeFileDetection", DetectionStrategy::LastUpdateTime),
];

/// The values of `FileFormat`. `true` is delimited text.
const FORMATS: &[(&str, bool)] = &[("DelimitedText", true), ("csv", true), ("Parquet", false)];

/// What a document says of the format of files. The rules of delimited text apply if it names this format, an extension
/// other than that of Parquet, columns or rules.
#[derive(Default)]
struct Declared {
    format: Option<bool>,
    extension: Option<Box<str>>,
    has_columns: bool,
    has_rules: bool,
    rules: Delimited,
}

impl Declared {
    /// Reads a member of the document. Returns `false` for an unknown one.
    fn read(&mut self, reader: &mut Reader<'_>, name: &str, value: &Value) -> bool {
        match name {
            "fileformat" => self.format = reader.one_of(value, FORMATS),
            "fileextension" => self.extension = extension(reader, value),
            "schemadefinition" => {
                self.has_columns = true;
                let columns = &mut self.rules.columns;
                reader.object(value, |reader, name, value| {
                    let is_known = name == "columns";
                    if is_known {
                        *columns = read_columns(reader, value);
                    }
                    is_known
                });
            }
            "fileformattypeproperties" => {
                self.has_rules = true;
                let rules = &mut self.rules;
                reader.object(value, |reader, name, value| read_rule(rules, reader, name, value));
            }
            _ => return false,
        }
        true
    }

    fn is_delimited(&self) -> bool {
        let by_extension = self.extension.as_ref().map(|extension| !extension.eq_ignore_ascii_case("parquet"));
        self.format.or(by_extension).unwrap_or(self.has_columns || self.has_rules)
    }

    /// Returns the format, after the checks that need the whole document.
    fn format(mut self, reader: &mut Reader<'_>, keys: &[Box<str>]) -> FileFormat {
        if !self.is_delimited() {
            return FileFormat::Parquet;
        }
        match self.extension.take() {
            Some(extension) => self.rules.extension = extension,
            None => reader.warning("FileExtension is required for delimited text: csv is assumed"),
        }
        if self.rules.columns.is_empty() {
            reader.fault("SchemaDefinition.Columns is required for delimited text");
        } else if let Some(key) = keys.iter().find(|key| self.rules.columns.iter().all(|column| column.name != **key)) {
            reader.fault(&format!("the key column {key:?} is not in SchemaDefinition.Columns"));
        }
        FileFormat::Delimited(Box::new(self.rules))
    }
}

fn extension(reader: &mut Reader<'_>, value: &Value) -> Option<Box<str>> {
    let text = reader.string(value)?;
    let extension = text.strip_prefix('.').unwrap_or(text);
    if extension.is_empty() || extension.contains(['.', '/']) {
        reader.fault("an extension is expected, such as csv");
        return None;
    }
    Some(extension.into())
}

fn read_columns(reader: &mut Reader<'_>, value: &Value) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    reader.array(value, COLUMNS_MAX, |reader, element| {
        let Some(column) = read_column(reader, element) else { return };
        if columns.iter().any(|other| other.name == column.name) {
            reader.fault(&format!("the column {:?} occurs twice", column.name));
        } else {
            columns.push(column);
        }
    });
    columns
}

fn read_column(reader: &mut Reader<'_>, value: &Value) -> Option<Column> {
    let (mut column, mut data_type, mut is_nullable) = (None, None, true);
    let faults = reader.faults.len();
    reader.object(value, |reader, name, value| {
        match name {
            "name" => column = reader.string(value).filter(|name| !name.is_empty()).map(Box::<str>::from),
            "datatype" => data_type = reader.one_of(value, &DataType::ALL),
            "isnullable" => is_nullable = reader.boolean(value),
            _ => return false,
        }
        true
    });
    if let (Some(name), Some(data_type)) = (column, data_type) {
        return Some(Column { name, data_type, is_nullable });
    }
    if reader.faults.len() == faults {
        reader.fault("Name and DataType are required");
    }
    None
}

/// Reads a member of `FileFormatTypeProperties`. Returns `false` for an unknown one.
fn read_rule(rules: &mut Delimited, reader: &mut Reader<'_>, name: &str, value: &Value) -> bool {
    const ROWS: &[(&str, &str)] = &[("\r\n", "\r\n"), ("\n", "\n"), ("\r", "\r")];
    const COLUMNS: &[(&str, char)] = &[(",", ','), (";", ';'), ("|", '|'), ("\t", '\t')];
    const QUOTES: &[(&str, Option<char>)] = &[("\"", Some('"')), ("'", Some('\'')), ("", None)];
    const ESCAPES: &[(&str, Option<char>)] = &[("\\", Some('\\')), ("/", Some('/')), ("\"", Some('"')), ("", None)];
    match name {
        "firstrowasheader" => {
            rules.has_header = reader.boolean(value);
            if !rules.has_header {
                reader.warning("a header row is mandatory");
            }
        }
        "rowseparator" => rules.row_separator = reader.one_of(value, ROWS).unwrap_or("\r\n").into(),
        "columnseparator" => rules.column_separator = reader.one_of(value, COLUMNS).unwrap_or(','),
        "quotecharacter" => rules.quote = reader.one_of(value, QUOTES).unwrap_or(rules.quote),
        "escapecharacter" => rules.escape = reader.one_of(value, ESCAPES).unwrap_or(rules.escape),
        "nullvalue" => rules.null_value = reader.string(value).unwrap_or_default().into(),
        "encoding" => rules.encoding = reader.string(value).unwrap_or("UTF-8").into(),
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses a text and returns the metadata, or the faults in short.
    fn parsed(text: &str) -> Result<Metadata, Vec<String>> {
        parse(text.as_bytes()).map(|parsed| parsed.metadata).map_err(|faults| faults.iter().map(short).collect())
    }

    fn short(fault: &Fault) -> String {
        format!("{}:{}: {}", fault.line, fault.column, fault.message)
    }

    fn delimited(text: &str) -> Delimited {
        match parsed(text).expect("the text is valid").format {
            FileFormat::Delimited(format) => *format,
            FileFormat::Parquet => panic!("{text}"),
        }
    }

    #[test]
    fn members_are_read_without_regard_to_case() {
        let check = |text: &str, expected: Metadata| assert_eq!(parsed(text), Ok(expected), "{text}");
        let keys = |keys: &[&str]| keys.iter().map(|key| (*key).into()).collect();
        check("{}", Metadata::default());
        check("\u{feff}{}", Metadata::default());
        check(r#"{"keyColumns": null, "FileExtension": "parquet"}"#, Metadata::default());
        for name in ["keyColumns", "KeyColumns", "KEYCOLUMNS"] {
            let expected = Metadata { key_columns: keys(&["Id", "id"]), ..Metadata::default() };
            check(&format!(r#"{{"{name}": ["Id", "id"]}}"#), expected);
        }
        check(
            r#"{"fileDetectionStrategy": "lastUpdateTimeFileDetection", "isUpsertDefaultRowMarker": true,
                "isPartitionEnabled": "true", "ConditionalUpdateColumn": "seq"}"#,
            Metadata {
                strategy: DetectionStrategy::LastUpdateTime,
                upserts_by_default: true,
                has_partitions: true,
                conditional_update_column: Some("seq".into()),
                ..Metadata::default()
            },
        );
    }

    #[test]
    fn delimited_text_has_rules() {
        let columns = r#""SchemaDefinition": {"Columns": [{"Name": "a", "DataType": "int16", "IsNullable": false}]}"#;
        let column = Column { name: "a".into(), data_type: DataType::Int16, is_nullable: false };
        let default = Delimited { columns: vec![column], ..Delimited::default() };
        for format in [r#""fileFormat": "csv""#, r#""FileFormat": "DelimitedText""#, r#""FileExtension": "csv""#] {
            assert_eq!(delimited(&format!("{{{format}, {columns}}}")), default, "{format}");
        }
        let rules = r#""FileExtension": ".tsv", "FileFormatTypeProperties": {"FirstRowAsHeader": true, "RowSeparator": "\n",
            "ColumnSeparator": "\t", "QuoteCharacter": "'", "EscapeCharacter": "", "NullValue": "", "Encoding": "utf-16"}"#;
        let expected = Delimited {
            extension: "tsv".into(),
            row_separator: "\n".into(),
            column_separator: '\t',
            quote: Some('\''),
            escape: None,
            null_value: "".into(),
            encoding: "utf-16".into(),
            ..default
        };
        assert_eq!(delimited(&format!("{{{columns}, {rules}}}")), expected);
    }

    #[test]
    fn faults_have_positions() {
        let check = |text: &str, expected: &[&str]| {
            let faults = parsed(text).expect_err(text);
            assert_eq!(faults, expected, "{text}");
        };
        check("", &["1:1: not JSON: EOF while parsing a value"]);
        check("[]", &["1:1: an object is expected"]);
        check("{\n  \"fileDetectionStrategy\": LastUpdateTimeFileDetection\n}", &["2:28: not JSON: expected value"]);
        check(
            "{\n  \"fileDetectionStrategy\": \"Last\"\n}",
            &[
                "2:28: fileDetectionStrategy: \"Last\" is unknown: \"SequentialFileName\" or \"LastUpdateTimeFileDetection\" is expected",
            ],
        );
        check(r#"{"keyColumns": "a"}"#, &["1:16: keyColumns: an array is expected"]);
        check(r#"{"keyColumns": ["a", 1]}"#, &["1:22: keyColumns.1: a string is expected"]);
        check(r#"{"keyColumns": ["a", "a"]}"#, &["1:22: keyColumns.1: the column occurs twice"]);
        check(
            r#"{"a": 1, "keyColumns": [], "KeyColumns": []}"#,
            &["1:42: KeyColumns: the member occurs twice, in different spellings"],
        );
        check(r#"{"isUpsertDefaultRowMarker": "yes"}"#, &["1:30: isUpsertDefaultRowMarker: true or false is expected"]);
        check(r#"{"FileExtension": "csv"}"#, &["1:1: SchemaDefinition.Columns is required for delimited text"]);
        check(
            r#"{"FileExtension": "csv", "SchemaDefinition": {"Columns": [{"Name": "a"}]}}"#,
            &[
                "1:59: SchemaDefinition.Columns.0: Name and DataType are required",
                "1:1: SchemaDefinition.Columns is required for delimited text",
            ],
        );
        check(
            r#"{"FileExtension": "csv", "keyColumns": ["b"], "SchemaDefinition": {"Columns": [{"Name": "a", "DataType": "String"}]}}"#,
            &["1:1: the key column \"b\" is not in SchemaDefinition.Columns"],
        );
        let long = "x".repeat(TEXT_MAX + 1);
        check(&format!(r#"{{"keyColumns": ["{long}"]}}"#), &["1:17: keyColumns.0: at most 1024 bytes are allowed"]);
        let many = vec!["\"a\""; KEY_COLUMNS_MAX + 1].join(",");
        check(&format!(r#"{{"keyColumns": [{many}]}}"#), &["1:16: keyColumns: 129 elements: at most 128 are allowed"]);
        check(&" ".repeat(BYTES_MAX + 1), &["1:1: the file has 1048577 bytes: at most 1048576 are read"]);
    }

    #[test]
    fn warnings_name_what_has_no_effect() {
        let check = |text: &str, expected: &[&str]| {
            let warnings: Vec<String> = parse(text.as_bytes()).expect(text).warnings.iter().map(short).collect();
            assert_eq!(warnings, expected, "{text}");
        };
        check(r#"{"keyColumn": ["a"]}"#, &["1:15: keyColumn: unknown member"]);
        check(
            r#"{"keyColumns": ["a","b","c","d","e"]}"#,
            &["1:16: keyColumns: fewer than five key columns are advised"],
        );
        check(
            r#"{"isUpsertDefaultRowMarker": true}"#,
            &["1:1: isUpsertDefaultRowMarker has no effect without keyColumns"],
        );
    }
}
