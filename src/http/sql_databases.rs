//! SQL databases: their properties, and those that were deleted and can be restored.
//!
//! Start and stop of their mirroring are those of `mirrored_databases.rs`; all else is every item's, in `items.rs`.

use jiff::Timestamp;
use serde::Serialize;

use crate::fabric::State;
use crate::fabric::item::Item;
use crate::fabric::item::sql_database::{self, DeletedDatabase};
use crate::http::answer::{Answer, utc};
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::List;
use crate::ids::WorkspaceId;

/// `properties`, which the get on the kind's own route shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SqlDatabaseProperties<'a> {
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

/// The properties of a SQL database at `now`; other kinds have none.
pub(super) fn properties<'a>(
    state: &State,
    workspace: WorkspaceId,
    item: &'a Item,
    now: Timestamp,
) -> Option<SqlDatabaseProperties<'a>> {
    let database = item.sql_database.as_ref()?;
    let (server_fqdn, database_name) = (sql_database::server_fqdn(state, workspace), sql_database::database_name(item));
    let connection = format!(
        "Data Source={server_fqdn};Initial Catalog={database_name};Multiple Active Result Sets=False;\
         Connect Timeout=30;Encrypt=True;Trust Server Certificate=False"
    );
    let points = database.restore_points(now);
    // In whole seconds: `2026-07-01T19:19:18Z`.
    let whole = |at: Timestamp| format!("{at:.0}");
    Some(SqlDatabaseProperties {
        connection_info: connection.clone(),
        connection_string: connection,
        database_name,
        server_fqdn,
        earliest_restore_point: points.map(|points| whole(points.earliest)),
        latest_restore_point: points.map(|points| whole(points.latest)),
        backup_retention_days: database.backup_retention_days,
        collation: &database.collation,
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RestorableBody {
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

/// There is no key of the customer's to look at anew: it is as good as before.
pub(super) fn revalidate_cmk(context: &Context<'_>) -> HandlerResult {
    context.read(|state| context.item(state, context.now).map(|_| Answer::empty()))
}

pub(super) fn restorable(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let page = context.page(state)?;
        let page = page.cut(context.workspace(state)?.restorable_after(page.after, context.now));
        Ok(Answer::ok(&List::new(context, page.map(RestorableBody::from))))
    })
}
