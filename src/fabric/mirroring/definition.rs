//! Parsing and validation of `mirroring.json`, the definition of a mirrored database.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::TableName;
use crate::fabric::error::{ErrorCode, FabricError};
use crate::fabric::json;
use crate::ids::ConnectionId;

/// The path of the part that defines a mirrored database.
pub const PATH: &str = "mirroring.json";
/// The maximum number of tables of a mirrored database.
pub const TABLES_MAX: usize = 1_000;
/// The maximum length of a text in `mirroring.json`, in characters (guessed).
const TEXT_MAX: usize = 1_024;
/// The range of `retentionInDays`.
pub const RETENTION_DAYS: std::ops::RangeInclusive<i64> = 1..=30;
/// The maximum number of problems that an error lists.
const PROBLEMS_MAX: usize = 20;

/// The type of a source: `properties.source.type` in `mirroring.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SourceType {
    /// Snowflake.
    Snowflake,
    /// Azure SQL Database.
    AzureSqlDatabase,
    /// Azure SQL Managed Instance.
    AzureSqlMI,
    /// Azure Database for PostgreSQL.
    AzurePostgreSql,
    /// Azure Database for MySQL.
    AzureMySql,
    /// Azure Cosmos DB for NoSQL.
    CosmosDb,
    /// Open mirroring: files in a landing zone.
    GenericMirror,
    /// SQL Server 2016 to 2022.
    #[serde(rename = "MSSQL")]
    MsSql,
    /// SQL Server 2025.
    SqlServer2025,
    /// Oracle.
    Oracle,
    /// Google BigQuery.
    GoogleBigQuery,
    /// A SharePoint list.
    SharePointList,
    /// SAP through Datasphere.
    #[serde(rename = "SAP")]
    Sap,
}

/// A row of [`SOURCES`]: the rules of a source type.
#[derive(Debug)]
pub struct SourceSpec {
    /// The type of the source.
    pub source: SourceType,
    /// The name of the type in `source.type`.
    pub name: &'static str,
    /// `true` if `typeProperties.connection` is required.
    needs_connection: bool,
    /// `true` if `typeProperties.database` is required.
    needs_database: bool,
    /// The connection types that `startMirroring` accepts. An empty list means any type (docs/fidelity.md#sources).
    pub connection_types: &'static [&'static str],
    /// The schemas and tables of a source of this type without a declaration.
    pub catalogue: &'static [(&'static str, &'static str)],
}

const SQL: &[(&str, &str)] =
    &[("dbo", "Customers"), ("dbo", "OrderLines"), ("dbo", "Orders"), ("dbo", "Products"), ("sales", "Invoices")];
const PUBLIC: &[(&str, &str)] = &[
    ("public", "customers"),
    ("public", "invoices"),
    ("public", "order_lines"),
    ("public", "orders"),
    ("public", "products"),
];
const UPPER: &[(&str, &str)] = &[
    ("PUBLIC", "CUSTOMERS"),
    ("PUBLIC", "INVOICES"),
    ("PUBLIC", "ORDERS"),
    ("PUBLIC", "ORDER_LINES"),
    ("PUBLIC", "PRODUCTS"),
];
const CONTAINERS: &[(&str, &str)] =
    &[("", "carts"), ("", "customers"), ("", "events"), ("", "orders"), ("", "products")];
const LISTS: &[(&str, &str)] =
    &[("", "Announcements"), ("", "Assets"), ("", "Contacts"), ("", "Issues"), ("", "Tasks")];

const fn row(
    source: SourceType,
    name: &'static str,
    needs_connection: bool,
    needs_database: bool,
    connection_types: &'static [&'static str],
    catalogue: &'static [(&'static str, &'static str)],
) -> SourceSpec {
    SourceSpec { source, name, needs_connection, needs_database, connection_types, catalogue }
}

/// The rules of all source types, in the order of Microsoft's documentation.
pub const SOURCES: &[SourceSpec] = &[
    row(SourceType::Snowflake, "Snowflake", true, true, &["Snowflake"], UPPER),
    row(SourceType::AzureSqlDatabase, "AzureSqlDatabase", true, false, &["SQL"], SQL),
    row(SourceType::AzureSqlMI, "AzureSqlMI", true, false, &["SQL", "AzureSqlMI"], SQL),
    row(SourceType::AzurePostgreSql, "AzurePostgreSql", true, false, &["PostgreSQL", "AzurePostgreSQL"], PUBLIC),
    row(SourceType::AzureMySql, "AzureMySql", true, false, &["MySql", "AzureDatabaseForMySQL"], PUBLIC),
    row(SourceType::CosmosDb, "CosmosDb", true, true, &["CosmosDB"], CONTAINERS),
    row(SourceType::GenericMirror, "GenericMirror", false, false, &[], &[]),
    row(SourceType::MsSql, "MSSQL", true, false, &["SQL"], SQL),
    row(SourceType::SqlServer2025, "SqlServer2025", true, false, &["SQL"], SQL),
    row(SourceType::Oracle, "Oracle", true, false, &["Oracle"], UPPER),
    row(SourceType::GoogleBigQuery, "GoogleBigQuery", true, false, &["GoogleBigQuery"], PUBLIC),
    row(SourceType::SharePointList, "SharePointList", true, false, &["SharePoint"], LISTS),
    row(SourceType::Sap, "SAP", false, false, &[], UPPER),
];

impl SourceType {
    /// Returns the rules of this source type.
    pub fn spec(self) -> &'static SourceSpec {
        SOURCES.iter().find(|spec| spec.source == self).expect("every source type has a row")
    }
}

/// The content of `mirroring.json` that affects replication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MirroringConfig {
    /// The type of the source; `None` if the item has no definition. A new definition cannot change the type.
    pub source: Option<SourceType>,
    /// The connection to the source. Open mirroring and SAP do not require a connection.
    pub connection: Option<ConnectionId>,
    /// The name of the database; `None` if the definition does not name the database.
    pub database: Option<String>,
    /// The connections of the landing zone and the external storages.
    pub other_connections: Vec<ConnectionId>,
    /// The schema for tables without a schema. The properties of the item contain the default schema.
    pub default_schema: Option<String>,
    /// The tables to replicate, in the order of the definition; `None` for all tables of the source.
    pub tables: Option<Vec<TableName>>,
}

impl MirroringConfig {
    /// Returns the configuration of an item without a definition.
    pub const fn empty() -> Self {
        Self {
            source: None,
            connection: None,
            database: None,
            other_connections: Vec::new(),
            default_schema: None,
            tables: None,
        }
    }

    /// Returns `true` if `other` has another connection, database or default schema. These members can change only in
    /// the statuses `Initialized` and `Stopped`.
    pub fn differs_in_location(&self, other: &Self) -> bool {
        (&self.connection, &self.database, &self.default_schema)
            != (&other.connection, &other.database, &other.default_schema)
    }
}

/// Validates `mirroring.json`, given as `text` and as the parsed `value`. The error lists each problem with its
/// location and the expected value.
pub fn read(text: &str, value: &Value) -> Result<MirroringConfig, FabricError> {
    let mut reader = Reader::default();
    let config = reader.config(value);
    match config {
        Some(config) if reader.problems.is_empty() => Ok(config),
        _ => Err(reader.into_error(text)),
    }
}

/// A problem with one member of `mirroring.json`.
#[derive(Debug)]
struct Problem {
    /// The path of the member: names and array indexes.
    path: Vec<String>,
    /// A description of the actual and the expected value.
    message: String,
}

#[derive(Debug, Default)]
struct Reader {
    path: Vec<String>,
    problems: Vec<Problem>,
}

type Object = Map<String, Value>;

impl Reader {
    fn into_error(self, text: &str) -> FabricError {
        let positions = json::Positions::new(text);
        self.problems.into_iter().take(PROBLEMS_MAX).fold(
            ErrorCode::InvalidDefinitionParts.into(),
            |error: FabricError, problem| {
                let (line, column) = positions.locate(&problem.path);
                let member = if problem.path.is_empty() { "the document".into() } else { problem.path.join(".") };
                error.detail(
                    ErrorCode::InvalidDefinitionParts,
                    format!("{PATH}, line {line}, column {column}: {member} {}", problem.message),
                )
            },
        )
    }

    fn config(&mut self, root: &Value) -> Option<MirroringConfig> {
        let root = self.as_object(Some(root))?;
        self.within("properties", |reader| {
            let properties = reader.as_object(root.get("properties"))?;
            let config = reader.within("source", |reader| reader.source(properties.get("source")));
            let default_schema = reader.within("target", |reader| reader.target(properties.get("target")));
            let tables =
                reader.within("mountedTables", |reader| reader.mounted_tables(properties.get("mountedTables")));
            Some(MirroringConfig { default_schema, tables, ..config? })
        })
    }

    /// Reads `source` into a configuration without tables and without default schema.
    fn source(&mut self, source: Option<&Value>) -> Option<MirroringConfig> {
        let source = self.as_object(source)?;
        let spec = self.within("type", |reader| reader.source_type(source.get("type")))?;
        self.within("typeProperties", |reader| {
            let empty = Object::new();
            let properties = match source.get("typeProperties") {
                // Open mirroring and SAP accept null or no `typeProperties`. For other sources, the error names the
                // missing members.
                None | Some(Value::Null) => &empty,
                given => reader.as_object(given)?,
            };
            let (connection, database) = (properties.get("connection"), properties.get("database"));
            Some(MirroringConfig {
                source: Some(spec.source),
                connection: reader.within("connection", |reader| reader.connection(connection, spec.needs_connection)),
                database: reader.within("database", |reader| reader.text(database, spec.needs_database)),
                other_connections: other_connections(properties),
                default_schema: None,
                tables: None,
            })
        })
    }

    fn source_type(&mut self, name: Option<&Value>) -> Option<&'static SourceSpec> {
        let known = || SOURCES.iter().map(|spec| spec.name).collect::<Vec<_>>().join(", ");
        let Some(name) = name.and_then(Value::as_str) else {
            return self.problem(format!("is {}: one of {} was expected", shown(name), known()));
        };
        if let Some(spec) = SOURCES.iter().find(|spec| spec.name == name) {
            return Some(spec);
        }
        match SOURCES.iter().find(|spec| spec.name.eq_ignore_ascii_case(name)) {
            Some(spec) => self.problem(format!("is {name:?}: {:?} was expected, spelled so", spec.name)),
            None => self.problem(format!("is {name:?}: one of {} was expected", known())),
        }
    }

    fn connection(&mut self, connection: Option<&Value>, required: bool) -> Option<ConnectionId> {
        let text = match connection {
            None | Some(Value::Null) if !required => return None,
            given => given.and_then(Value::as_str),
        };
        match text.and_then(|text| text.parse().ok()) {
            Some(id) => Some(id),
            None => self.problem(format!("is {}: the id of a connection was expected, a GUID", shown(connection))),
        }
    }

    fn target(&mut self, target: Option<&Value>) -> Option<String> {
        let target = self.as_object(target)?;
        self.within("type", |reader| reader.exactly(target.get("type"), "MountedRelationalDatabase"));
        self.within("typeProperties", |reader| {
            let properties = reader.as_object(target.get("typeProperties"))?;
            reader.within("format", |reader| reader.exactly(properties.get("format"), "Delta"));
            reader.within("retentionInDays", |reader| reader.retention(properties.get("retentionInDays")));
            reader
                .within("enableDeltaChangeDataFeed", |reader| reader.flag(properties.get("enableDeltaChangeDataFeed")));
            reader.within("defaultSchema", |reader| reader.text(properties.get("defaultSchema"), false))
        })
    }

    fn retention(&mut self, days: Option<&Value>) {
        let given = match days {
            None | Some(Value::Null) => return,
            Some(days) => days.as_i64(),
        };
        if !given.is_some_and(|days| RETENTION_DAYS.contains(&days)) {
            let (min, max) = RETENTION_DAYS.into_inner();
            self.problem::<()>(format!("is {}: a whole number from {min} to {max} was expected", shown(days)));
        }
    }

    fn flag(&mut self, flag: Option<&Value>) {
        if !matches!(flag, None | Some(Value::Null | Value::Bool(_))) {
            self.problem::<()>(format!("is {}: true or false was expected", shown(flag)));
        }
    }

    fn mounted_tables(&mut self, tables: Option<&Value>) -> Option<Vec<TableName>> {
        let tables = match tables {
            None | Some(Value::Null) => return None,
            Some(Value::Array(tables)) => tables,
            other => return self.problem(format!("is {}: a list was expected", shown(other))),
        };
        if tables.len() > TABLES_MAX {
            return self.problem(format!("has {} tables: at most {TABLES_MAX} were expected", tables.len()));
        }
        let mut names: Vec<TableName> = Vec::with_capacity(tables.len());
        let mut seen = std::collections::HashSet::with_capacity(tables.len());
        for (index, table) in tables.iter().enumerate() {
            let name = self.within(&index.to_string(), |reader| reader.mounted_table(table));
            names.extend(name.filter(|name| seen.insert(name.clone())));
        }
        Some(names)
    }

    fn mounted_table(&mut self, table: &Value) -> Option<TableName> {
        let table = self.as_object(Some(table))?;
        self.within("source", |reader| {
            let source = reader.as_object(table.get("source"))?;
            reader.within("typeProperties", |reader| {
                let properties = reader.as_object(source.get("typeProperties"))?;
                let schema = reader.within("schemaName", |reader| reader.text(properties.get("schemaName"), true));
                let table = reader.within("tableName", |reader| reader.text(properties.get("tableName"), true));
                Some(TableName { schema: schema?.into(), table: table?.into() })
            })
        })
    }

    fn as_object<'a>(&mut self, value: Option<&'a Value>) -> Option<&'a Object> {
        match value {
            Some(Value::Object(object)) => Some(object),
            other => self.problem(format!("is {}: an object was expected", shown(other))),
        }
    }

    fn text(&mut self, text: Option<&Value>, required: bool) -> Option<String> {
        match text {
            None | Some(Value::Null) if !required => None,
            Some(Value::String(text)) if text.chars().count() > TEXT_MAX => {
                self.problem(format!("has more than {TEXT_MAX} characters"))
            }
            Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
            other => self.problem(format!("is {}: a text that is not empty was expected", shown(other))),
        }
    }

    fn exactly(&mut self, value: Option<&Value>, expected: &str) {
        if value.and_then(Value::as_str) != Some(expected) {
            self.problem::<()>(format!("is {}: {expected:?} was expected", shown(value)));
        }
    }

    fn within<T>(&mut self, member: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(member.to_owned());
        let read = read(self);
        self.path.pop();
        read
    }

    fn problem<T>(&mut self, message: String) -> Option<T> {
        self.problems.push(Problem { path: self.path.clone(), message });
        None
    }
}

/// Returns the connections of the external storages and the landing zone. Ignores malformed connection ids, because the
/// service does not read them.
fn other_connections(properties: &Object) -> Vec<ConnectionId> {
    let storages = properties.get("externalStorages").and_then(Value::as_array).into_iter().flatten();
    let id = |holder: &Value| holder.get("typeProperties")?.get("connection")?.as_str()?.parse().ok();
    storages.chain(properties.get("landingZone")).filter_map(id).collect()
}

/// Returns the description of a value for an error message.
fn shown(value: Option<&Value>) -> String {
    match value {
        None => "missing".into(),
        Some(Value::Object(_)) => "an object".into(),
        Some(Value::Array(_)) => "a list".into(),
        Some(Value::String(text)) if text.chars().count() > 60 => {
            format!("{:?} and so on", text.chars().take(60).collect::<String>())
        }
        Some(scalar) => scalar.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONNECTION: &str = "11111111-1111-4111-8111-111111111111";

    /// Checks the source type of a document, or the message of its first error.
    #[track_caller]
    fn check(document: &str, expected: &str) {
        let document = document.replace("CONNECTION", CONNECTION);
        let value = serde_json::from_str(&document).expect("the document of the test is JSON");
        let result = match read(&document, &value) {
            Ok(config) => config.source.unwrap().spec().name.to_owned(),
            Err(error) => error.more_details()[0].fault.as_ref().unwrap().1.clone(),
        };
        assert_eq!(result, expected);
    }

    fn document(source: &str, rest: &str) -> String {
        format!(
            r#"{{"properties":{{"source":{source},"target":{{"type":"MountedRelationalDatabase","typeProperties":{{"format":"Delta"}}}}{rest}}}}}"#
        )
    }

    #[test]
    fn missing_members_are_reported_with_location() {
        check(
            r#"{"properties":{"source":{"type":"GenericMirror"}}}"#,
            "mirroring.json, line 1, column 15: properties.target is missing: an object was expected",
        );
        check(
            &document(r#"{"type":"CosmosDb","typeProperties":{"connection":"CONNECTION"}}"#, ""),
            "mirroring.json, line 1, column 61: properties.source.typeProperties.database is missing: a text that is not empty was expected",
        );
        check(
            &document(
                r#"{"type":"GenericMirror"}"#,
                r#","mountedTables":[{"source":{"typeProperties":{"schemaName":"dbo"}}}]"#,
            ),
            "mirroring.json, line 1, column 177: properties.mountedTables.0.source.typeProperties.tableName is missing: a text that is not empty was expected",
        );
    }

    #[test]
    fn invalid_values_are_reported_with_expected_ones() {
        check(
            &document(r#"{"type":"CosmosDB"}"#, ""),
            r#"mirroring.json, line 1, column 33: properties.source.type is "CosmosDB": "CosmosDb" was expected, spelled so"#,
        );
        check(
            &document("{\n  \"type\": \"MSSQL\",\n  \"typeProperties\": {\"connection\": \"sales\"}}", ""),
            r#"mirroring.json, line 3, column 36: properties.source.typeProperties.connection is "sales": the id of a connection was expected, a GUID"#,
        );
        check("[]", "mirroring.json, line 1, column 1: the document is a list: an object was expected");
    }

    #[test]
    fn source_without_properties_is_accepted_in_all_spellings() {
        for source in [
            r#"{"type":"GenericMirror"}"#,
            r#"{"type":"GenericMirror","typeProperties":null}"#,
            r#"{"type":"SAP","typeProperties":{}}"#,
        ] {
            check(&document(source, ""), if source.contains("SAP") { "SAP" } else { "GenericMirror" });
        }
    }

    #[test]
    fn source_types_have_unique_rows() {
        let mut names: Vec<&str> = SOURCES.iter().map(|spec| spec.source.spec().name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SOURCES.len());
    }
}
