//! The simulated source behind a connection: its tables, and the changes of the rows over time.
//!
//! A source has a list of declarations, each in effect from an instant. Before its first declaration, a source is
//! *assumed*: its tables and figures are derived from the source type and the seed.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::source_table::{Assumed, SourceTable};
use super::{SourceType, TableName};
use crate::fabric::as_list;
use crate::ids::{ConnectionId, ItemId, PrincipalId, SourceId};
use crate::seed::Seed;

/// The default snapshot speed, in rows per second.
pub const SNAPSHOT_ROWS_PER_SECOND: f64 = 10_000.0;
/// The maximum number of declarations of a source. Beyond the maximum, the oldest declaration is dropped. At instants
/// before the oldest remaining declaration, the source then counts as assumed.
const DECLARATIONS_MAX: usize = 100;

/// The type of a table in a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ObjectType {
    /// A table, or a Cosmos DB container.
    #[default]
    Table,
    /// A view.
    View,
}

/// The figures of a declared or assumed table in a source.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Table {
    /// The type of the object.
    pub object_type: ObjectType,
    /// The number of rows that a snapshot copies.
    pub rows: u64,
    /// The size of a row, in bytes.
    pub bytes_per_row: u64,
    /// The number of rows that are inserted, updated or deleted per second.
    pub rows_per_second: f64,
    /// The time from a commit at the source to the commit in OneLake, in seconds.
    pub latency_seconds: u32,
}

/// A number of rows that change at once, at a fixed interval from the declaration on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Burst {
    /// The interval, in seconds.
    pub every: f64,
    /// The number of rows.
    pub rows: u64,
}

/// The members of a table that few tables have.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TableDetails {
    /// The names of the columns of the primary key. They have no effect.
    pub primary_key: Vec<String>,
    /// The bursts of changes.
    pub bursts: Vec<Burst>,
}

/// A declaration of a source. A new declaration replaces the previous declaration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Declaration {
    /// The tables of the source, by schema and name.
    #[serde(with = "as_list")]
    pub tables: BTreeMap<TableName, Table>,
    /// The snapshot speed, in rows per second. `None` means [`SNAPSHOT_ROWS_PER_SECOND`], and the pace may shorten
    /// snapshots.
    pub snapshot_rows_per_second: Option<f64>,
    /// The primary keys and bursts of the tables that have some.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", with = "as_list")]
    pub details: BTreeMap<TableName, TableDetails>,
    /// The managed identity of the source. If there is one, rows arrive only while it can write in the workspace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<PrincipalId>,
    /// `true` if the source is asked less often while nothing changes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub idle_backoff: bool,
}

/// The identity of a source, taken from the definition of a mirrored database when mirroring starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceKey {
    /// The type of the source.
    pub source: SourceType,
    /// The connection to the source.
    pub connection: Option<ConnectionId>,
    /// The mirrored database, if it is an open mirror.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_mirror: Option<ItemId>,
    /// The name of the database at the source.
    pub database: Option<String>,
}

impl SourceKey {
    /// Returns the id of the source: that of the connection or of the open mirror.
    pub fn id(&self) -> Option<SourceId> {
        self.connection.map(SourceId::from).or(self.open_mirror.map(SourceId::from))
    }
}

/// The declarations of one source, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Declared(Vec<(Timestamp, Arc<Declaration>)>);

impl Declared {
    /// Adds a declaration that is in effect from `at`.
    pub fn declare(&mut self, at: Timestamp, declaration: Arc<Declaration>) {
        self.0.push((at, declaration));
        if self.0.len() > DECLARATIONS_MAX {
            self.0.remove(0);
        }
    }

    /// Returns the declarations, each with its instant, oldest first.
    pub fn all(&self) -> &[(Timestamp, Arc<Declaration>)] {
        &self.0
    }

    /// Returns the declaration in effect at `now`, or `None` before the first declaration.
    pub fn at(&self, now: Timestamp) -> Option<&Declaration> {
        self.0.iter().rev().find(|(from, _)| *from <= now).map(|(_, declaration)| &**declaration)
    }
}

/// A view of a source, which combines its declarations with the figures derived from the seed.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    seed: Seed,
    key: &'a SourceKey,
    declared: &'a [(Timestamp, Arc<Declaration>)],
}

impl<'a> Source<'a> {
    /// Creates the view of the source with this `key`. Undeclared figures are derived from `seed`.
    pub fn new(seed: Seed, key: &'a SourceKey, declared: Option<&'a Declared>) -> Self {
        let connection = key.connection.map(|id| id.to_string()).unwrap_or_default();
        let seed = seed.fork("source").fork(connection).fork(key.database.as_deref().unwrap_or_default());
        Self { seed, key, declared: declared.map_or(&[], |declared| &declared.0) }
    }

    /// Returns the first `max` tables of the source at `now`, ordered by schema and name.
    pub fn tables(&self, now: Timestamp, max: usize) -> Vec<TableName> {
        match self.declaration_at(now) {
            Some(declaration) => {
                declaration.tables.keys().filter(|name| self.mirrors(name)).take(max).cloned().collect()
            }
            None => {
                let names =
                    self.catalogue().map(|(schema, table)| TableName { schema: schema.into(), table: table.into() });
                names.take(max).collect()
            }
        }
    }

    /// Returns `true` if the first `max` tables of the source at `now` include this table.
    pub fn lists(&self, name: &TableName, now: Timestamp, max: usize) -> bool {
        match self.declaration_at(now) {
            Some(declaration) if declaration.tables.len() <= max => {
                declaration.tables.contains_key(name) && self.mirrors(name)
            }
            Some(_) | None => self.tables(now, max).contains(name),
        }
    }

    /// Returns the instants of the declarations, in order.
    pub fn declared_at(&self) -> impl Iterator<Item = Timestamp> + use<'a> {
        self.declared.iter().map(|(at, _)| *at)
    }

    /// Returns `true` if the definition covers a table. For Cosmos DB, the definition covers only one database.
    fn mirrors(&self, name: &TableName) -> bool {
        let database = self.key.database.as_deref().filter(|_| self.key.source == SourceType::CosmosDb);
        database.is_none_or(|database| database == &*name.schema)
    }

    /// Returns a table over time. Figures that are not declared are derived from the seed. `named` is `true` if a definition
    /// names the table. An assumed source contains every named table.
    pub fn table(&self, name: &TableName, named: bool) -> SourceTable<'a> {
        let assumed = Assumed {
            table: self.assumed(name),
            exists: named || self.catalogue().any(|(schema, table)| schema == &*name.schema && table == &*name.table),
        };
        SourceTable::new(name, self.mirrors(name), assumed, self.declared)
    }

    fn declaration_at(&self, now: Timestamp) -> Option<&'a Declaration> {
        self.declared.iter().rev().find(|(from, _)| *from <= now).map(|(_, declaration)| &**declaration)
    }

    /// Returns the schemas and names of the tables of an assumed source.
    fn catalogue(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let database = self.key.database.as_deref().unwrap_or_default();
        // Containers and lists have no schema, so the database name is their schema.
        let of_spec =
            move |(schema, table): &(&'a str, &'a str)| (if schema.is_empty() { database } else { schema }, *table);
        self.key.source.spec().catalogue.iter().map(of_spec)
    }

    fn assumed(&self, name: &TableName) -> Table {
        let seed = self.seed.fork(&*name.schema).fork(&*name.table);
        Table {
            object_type: ObjectType::default(),
            rows: seed.fork("rows").between(1_000, 1_000_000),
            bytes_per_row: seed.fork("bytes").between(40, 400),
            rows_per_second: seed.fork("changes").between(1, 50) as f64 / 10.0,
            latency_seconds: seed.fork("latency").between(5, 20) as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::source_table::Presence;
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn name(table: &str) -> TableName {
        TableName { schema: "dbo".into(), table: table.into() }
    }

    fn declaration(tables: &[(&str, f64)]) -> Arc<Declaration> {
        let table = |rows_per_second| Table {
            object_type: ObjectType::Table,
            rows: 10,
            bytes_per_row: 1,
            rows_per_second,
            latency_seconds: 1,
        };
        let tables = tables.iter().map(|(known, rate)| (name(known), table(*rate))).collect();
        Arc::new(Declaration { tables, snapshot_rows_per_second: Some(1.0), ..Declaration::default() })
    }

    fn key() -> SourceKey {
        SourceKey { source: SourceType::AzureSqlDatabase, connection: None, open_mirror: None, database: None }
    }

    #[test]
    fn presence_follows_declarations() {
        let mut declared = Declared::default();
        declared.declare(at(10), declaration(&[("a", 0.0), ("Orders", 0.0)]));
        declared.declare(at(20), declaration(&[("a", 0.0)]));
        let key = key();
        let source = Source::new(Seed::new(1), &key, Some(&declared));
        assert_eq!(source.table(&name("a"), false).presence(at(30)), Presence::Since(at(10)));
        assert_eq!(source.table(&name("a"), true).presence(at(30)), Presence::Since(Timestamp::MIN));
        assert_eq!(source.table(&name("Orders"), false).presence(at(15)), Presence::Since(Timestamp::MIN));
        assert_eq!(source.table(&name("Orders"), false).presence(at(30)), Presence::Until(at(20)));
        assert_eq!(source.table(&name("x"), false).presence(at(30)), Presence::Never);
    }
}
