//! `properties`: the member of an item that only its kind's own routes show. The content depends on the kind
//! (docs/fidelity.md#kinds).

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::catalogs::MirroredCatalogProperties;
use super::mirrored_databases::MirroredDatabaseProperties;
use super::sql_databases::SqlDatabaseProperties;
use crate::fabric::State;
use crate::fabric::item::environment::published;
use crate::fabric::item::{
    self, Item, ItemKind, digital_twin_builder_flow, lakehouse, mirrored_azure_databricks_catalog, mirrored_catalog,
    variable_library,
};
use crate::fabric::workspace::Workspace;
use crate::http::answer::{utc, zoneless};

/// The `properties` of an item.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum PropertiesBody<'a> {
    MirroredDatabase(MirroredDatabaseProperties<'a>),
    SqlDatabase(SqlDatabaseProperties<'a>),
    Other(Value),
}

/// Returns the properties of an item at `now`; `None` if the kind or this item has no known properties.
pub(crate) fn of<'a>(
    state: &'a State,
    workspace: &'a Workspace,
    item: &'a Item,
    now: Timestamp,
) -> Option<PropertiesBody<'a>> {
    let other = match item.kind {
        ItemKind::MirroredDatabase => {
            return MirroredDatabaseProperties::new(state, workspace, item, now).map(PropertiesBody::MirroredDatabase);
        }
        ItemKind::SQLDatabase => {
            return SqlDatabaseProperties::new(state, workspace.id, item, now).map(PropertiesBody::SqlDatabase);
        }
        ItemKind::MirroredCatalog => mirrored_catalog(workspace, item, now)?,
        ItemKind::MirroredAzureDatabricksCatalog => databricks_catalog(workspace, item, now)?,
        ItemKind::SnowflakeDatabase => snowflake_database(workspace, item, now),
        ItemKind::Environment => publish_details(item, now),
        ItemKind::Lakehouse => lakehouse_properties(workspace, item, now),
        ItemKind::Warehouse => warehouse(workspace, item),
        ItemKind::Eventhouse => eventhouse(workspace, item, now),
        ItemKind::KQLDatabase => kql_database(item),
        ItemKind::MLExperiment => json!({"mlFlowExperimentId": item.id}),
        ItemKind::Dataflow => json!({"isParametric": false}),
        ItemKind::DigitalTwinBuilderFlow => {
            json!({"digitalTwinBuilderItemReference": digital_twin_builder_flow::builder_reference(item, workspace.id)?})
        }
        ItemKind::SparkJobDefinition => {
            json!({"oneLakeRootPath": format!("https://onelake.dfs.fabric.microsoft.com/{}/{}", workspace.id, item.id)})
        }
        // A new agent is inactive.
        ItemKind::OperationsAgent => json!({"state": "Inactive"}),
        ItemKind::WarehouseSnapshot => warehouse_snapshot(workspace, item)?,
        ItemKind::VariableLibrary => json!({"activeValueSetName": variable_library::active_value_set(item)}),
        _ => return None,
    };
    Some(PropertiesBody::Other(other))
}

/// Returns the properties in the response to an update on the kind's own route. Only two kinds return properties
/// (seen).
pub(crate) fn of_update<'a>(
    state: &'a State,
    workspace: &'a Workspace,
    item: &'a Item,
    now: Timestamp,
) -> Option<PropertiesBody<'a>> {
    match item.kind {
        ItemKind::MLExperiment => of(state, workspace, item, now),
        ItemKind::VariableLibrary => Some(PropertiesBody::Other(json!({
            "$type": "VariableLibraryProperties",
            "activeValueSetName": variable_library::active_value_set(item),
        }))),
        _ => None,
    }
}

/// Returns `publishDetails`: the last publication of an environment. It has no `endTime` while it is in progress (guessed).
pub(crate) fn publish_details(item: &Item, now: Timestamp) -> Value {
    let publishing = published(item);
    let state = publishing.state_at(now);
    let mut details = json!({
        "state": state,
        "targetVersion": publishing.version(item),
        "startTime": utc(publishing.at),
    });
    if let Some(end) = publishing.ended_at(now) {
        details["endTime"] = utc(end).into();
    }
    details["componentPublishInfo"] = json!({"sparkSettings": {"state": state}, "sparkLibraries": {"state": state}});
    json!({"publishDetails": details})
}

/// Returns the properties of a warehouse snapshot. `snapshotDateTime` is the value in the creation payload, or the
/// instant of the creation if the payload has no such value.
fn warehouse_snapshot(workspace: &Workspace, item: &Item) -> Option<Value> {
    let parent = item::text_of(item, "/parentWarehouseId");
    let chosen = Some(item::text_of(item, "/snapshotDateTime")).filter(|at| !at.is_empty());
    (!parent.is_empty()).then(|| {
        json!({
            "connectionString": item::sql_endpoint_host(workspace.id, item.id),
            "parentWarehouseId": parent,
            "snapshotDateTime": chosen.map_or_else(|| utc(item.visible_from), str::to_owned),
        })
    })
}

/// Returns the OneLake URL of a folder of an item.
fn one_lake(workspace: &Workspace, item: &Item, folder: &str) -> String {
    format!("https://onelake.dfs.fabric.microsoft.com/{}/{}/{folder}", workspace.id, item.id)
}

/// Returns `sqlEndpointProperties`. The id and the connection string are null until the endpoint is visible.
fn sql_endpoint(workspace: &Workspace, item: &Item, now: Timestamp) -> Value {
    let endpoint = item.sql_endpoint.filter(|id| workspace.item(*id, now).is_ok());
    json!({
        "connectionString": endpoint.map(|id| item::sql_endpoint_host(workspace.id, id)),
        "id": endpoint,
        "provisioningStatus": if endpoint.is_some() { "Success" } else { "InProgress" },
    })
}

/// Returns `sqlEndpointProperties` of the newer kinds. Microsoft's description allows no null for them, so the response
/// contains the id and the connection string from the creation of the item (guessed).
fn sql_endpoint_from_creation(workspace: &Workspace, item: &Item, now: Timestamp) -> Value {
    let mut properties = sql_endpoint(workspace, item, now);
    properties["id"] = json!(item.sql_endpoint);
    properties["connectionString"] = json!(item.sql_endpoint.map(|id| item::sql_endpoint_host(workspace.id, id)));
    properties
}

fn lakehouse_properties(workspace: &Workspace, item: &Item, now: Timestamp) -> Value {
    let mut properties = json!({
        "oneLakeTablesPath": one_lake(workspace, item, "Tables"),
        "oneLakeFilesPath": one_lake(workspace, item, "Files"),
        "sqlEndpointProperties": sql_endpoint(workspace, item, now),
    });
    if lakehouse::has_schemas(item) {
        properties["defaultSchema"] = "dbo".into();
    }
    properties
}

fn mirrored_catalog(workspace: &Workspace, item: &Item, now: Timestamp) -> Option<Value> {
    let mut properties = json!(MirroredCatalogProperties::from(mirrored_catalog::source(item)?));
    properties["oneLakeTablesPath"] = one_lake(workspace, item, "Tables").into();
    properties["sqlEndpointProperties"] = sql_endpoint_from_creation(workspace, item, now);
    Some(properties)
}

fn databricks_catalog(workspace: &Workspace, item: &Item, now: Timestamp) -> Option<Value> {
    let config = mirrored_azure_databricks_catalog::config(item)?;
    let refreshing = mirrored_azure_databricks_catalog::is_refreshing(item, now);
    let mut endpoint = sql_endpoint_from_creation(workspace, item, now);
    if let Some(endpoint) = endpoint.as_object_mut() {
        endpoint.remove("provisioningStatus");
    }
    let mut properties = json!({
        "catalogName": config.catalog_name,
        "databricksWorkspaceConnectionId": config.databricks_workspace_connection_id,
        "oneLakeTablesPath": one_lake(workspace, item, "Tables"),
        "sqlEndpointProperties": endpoint,
        "autoSync": config.auto_sync,
        "mirroringMode": config.mirroring_mode,
        "syncDetails": {
            "status": if refreshing { "InProgress" } else { "Success" },
            "lastSyncDateTime": utc(mirrored_azure_databricks_catalog::last_sync(item, now)),
            "errorInfo": null,
        },
        "mirrorStatus": "Mirrored",
    });
    if let Some(storage) = config.storage_connection_id {
        properties["storageConnectionId"] = storage.into();
    }
    Some(properties)
}

fn snowflake_database(workspace: &Workspace, item: &Item, now: Timestamp) -> Value {
    let text = |member: &str| {
        let value = item::text_of(item, &format!("/{member}"));
        (!value.is_empty()).then(|| value.to_owned())
    };
    json!({
        "snowflakeDatabaseName": text("snowflakeDatabaseName"),
        "connectionId": text("connectionId"),
        "onelakeTablesPath": one_lake(workspace, item, "Tables"),
        "snowflakeVolumePath": one_lake(workspace, item, "Files"),
        "sqlEndpointProperties": sql_endpoint_from_creation(workspace, item, now),
    })
}

fn warehouse(workspace: &Workspace, item: &Item) -> Value {
    let host = item::sql_endpoint_host(workspace.id, item.id);
    let collation = [item::text_of(item, "/defaultCollation"), item::text_of(item, "/collationType")];
    let collation = collation.into_iter().find(|name| !name.is_empty()).unwrap_or("Latin1_General_100_BIN2_UTF8");
    json!({
        "connectionInfo": host,
        "connectionString": host,
        "createdDate": zoneless(item.visible_from),
        "lastUpdatedTime": zoneless(item.visible_from),
        "collationType": collation,
        "creationMode": "New",
    })
}

fn eventhouse(workspace: &Workspace, item: &Item, now: Timestamp) -> Value {
    let host = item::query_host(item.id);
    let databases =
        workspace.items().values().filter(|other| other.parent == Some(item.id) && other.visible_from <= now);
    json!({
        "queryServiceUri": format!("https://{host}"),
        "ingestionServiceUri": format!("https://ingest-{host}"),
        "databasesItemIds": databases.map(|database| database.id).collect::<Vec<_>>(),
        "minimumConsumptionUnits": 0.0,
    })
}

fn kql_database(item: &Item) -> Value {
    let host = item.parent.map(item::query_host).unwrap_or_default();
    json!({
        "parentEventhouseItemId": item.parent,
        "queryServiceUri": format!("https://{host}"),
        "ingestionServiceUri": format!("https://ingest-{host}"),
        "databaseType": "ReadWrite",
    })
}
