//! Bodies of SQL databases: their properties, and deleted databases that can be restored.

use jiff::Timestamp;
use serde::Serialize;

use crate::fabric::State;
use crate::fabric::item::Item;
use crate::fabric::item::sql_database::{self, DeletedDatabase};
use crate::http::answer::utc;
use crate::ids::WorkspaceId;

/// The `properties` of a SQL database.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SqlDatabaseProperties<'a> {
    connection_info: String,
    connection_string: String,
    database_name: String,
    server_fqdn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    earliest_restore_point: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest_restore_point: Option<String>,
    backup_retention_days: u32,
    collation: &'a str,
}

impl<'a> SqlDatabaseProperties<'a> {
    /// Creates the properties of a SQL database at `now`; `None` for other kinds.
    pub(super) fn new(state: &State, workspace: WorkspaceId, item: &'a Item, now: Timestamp) -> Option<Self> {
        let database = item.sql_database.as_ref()?;
        let (server_fqdn, database_name) =
            (sql_database::server_fqdn(state, workspace), sql_database::database_name(item));
        let connection = format!(
            "Data Source={server_fqdn};Initial Catalog={database_name};Multiple Active Result Sets=False;\
             Connect Timeout=30;Encrypt=True;Trust Server Certificate=False"
        );
        let points = database.restore_points(now);
        // Restore points have no fraction of a second: `2026-07-01T19:19:18Z`.
        let seconds = |at: Timestamp| format!("{at:.0}");
        Some(Self {
            connection_info: connection.clone(),
            connection_string: connection,
            database_name,
            server_fqdn,
            earliest_restore_point: points.map(|points| seconds(points.earliest)),
            latest_restore_point: points.map(|points| seconds(points.latest)),
            backup_retention_days: database.backup_retention_days,
            collation: &database.collation,
        })
    }
}

/// A deleted database that can be restored.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RestorableBody {
    display_name: String,
    properties: RestorableProperties,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RestorableProperties {
    restorable_deleted_database_name: String,
    earliest_restore_point: String,
    latest_restore_point: String,
    deletion_timestamp: String,
}

impl From<&DeletedDatabase> for RestorableBody {
    fn from(deleted: &DeletedDatabase) -> Self {
        Self {
            display_name: deleted.database_name.clone(),
            properties: RestorableProperties {
                restorable_deleted_database_name: deleted.restorable_name(),
                earliest_restore_point: utc(deleted.points.earliest),
                latest_restore_point: utc(deleted.points.latest),
                deletion_timestamp: utc(deleted.deleted_at),
            },
        }
    }
}
