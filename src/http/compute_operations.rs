//! The operations of Spark, environments and warehouses, and of the configuration of capacities. They are outside of
//! Microsoft's description of mirroring.

use crate::fabric::item::ItemKind::{Environment, Notebook, SparkJobDefinition, Warehouse};
use crate::fabric::role::Role::{Admin, Contributor, Viewer};
use crate::http::context::Handler;
use crate::http::operation::Fidelity::{self, Documented, Seen};
use crate::http::operation::{Operation, delete, get, patch, post};
use crate::http::{capacities, environments, spark, sql_endpoints, warehouses};

/// The path of a resource in a workspace.
macro_rules! ws {
    ($path:literal) => {
        concat!("/workspaces/{workspaceId}/", $path)
    };
}

/// The path of a resource of an environment.
macro_rules! environment {
    ($path:literal) => {
        concat!("/workspaces/{workspaceId}/environments/{environmentId}/", $path)
    };
}

/// The path of a resource of a warehouse.
macro_rules! warehouse {
    ($path:literal) => {
        concat!("/workspaces/{workspaceId}/warehouses/{warehouseId}/", $path)
    };
}

const READ_CAPACITY: &str = "Capacity.Read.All Capacity.ReadWrite.All";
const WRITE_CAPACITY: &str = "Capacity.ReadWrite.All";
const READ_WORKSPACE: &str = "Workspace.Read.All Workspace.ReadWrite.All";
const WRITE_WORKSPACE: &str = "Workspace.ReadWrite.All";
const READ_ENVIRONMENT: &str = "Item.Read.All Item.ReadWrite.All Environment.Read.All Environment.ReadWrite.All";
const WRITE_ENVIRONMENT: &str = "Item.ReadWrite.All Environment.ReadWrite.All";
const READ_WAREHOUSE: &str = "Warehouse.Read.All Warehouse.ReadWrite.All Item.Read.All Item.ReadWrite.All";
const WRITE_WAREHOUSE: &str = "Warehouse.ReadWrite.All Item.ReadWrite.All";
const READ_NOTEBOOK: &str = "Notebook.Read.All Notebook.ReadWrite.All Item.Read.All Item.ReadWrite.All";
const READ_SPARK_JOB: &str =
    "SparkJobDefinition.Read.All SparkJobDefinition.ReadWrite.All Item.Read.All Item.ReadWrite.All";

/// The operations, each with its fidelity and its handler.
#[rustfmt::skip]
pub(super) const ROWS: &[(Operation, Fidelity, Handler)] = &[
    // The configuration of capacities.
    (get("/capacities/{capacityId}/overageConfiguration", "Capacities_GetOverageConfiguration", None, READ_CAPACITY)
        .simplified(), Documented, capacities::overage),
    (patch("/capacities/{capacityId}/overageConfiguration",
        "Capacities_UpdateOverageConfiguration", None, WRITE_CAPACITY)
        .simplified(), Documented, capacities::update_overage),
    (get("/capacities/{capacityId}/surgeProtection",
        "SurgeProtection_GetCapacitySurgeProtection", None, READ_CAPACITY)
        .simplified(), Documented, capacities::surge_protection),
    (patch("/capacities/{capacityId}/surgeProtection",
        "SurgeProtection_UpdateCapacitySurgeProtection", None, WRITE_CAPACITY)
        .simplified(), Documented, capacities::update_surge_protection),
    (get("/capacities/{capacityId}/spark/settings",
        "CapacitySettings_GetSparkSettings_(beta)", None, READ_CAPACITY)
        .beta().simplified(), Documented, capacities::spark_settings),
    (patch("/capacities/{capacityId}/spark/settings",
        "CapacitySettings_UpdateSparkSettings_(beta)", None, WRITE_CAPACITY)
        .beta().simplified(), Documented, capacities::update_spark_settings),
    (get("/capacities/{capacityId}/spark/pools",
        "CustomPools_ListCapacityCustomPools_(beta)", None, READ_CAPACITY)
        .workload().beta().simplified(), Documented, capacities::pools),
    (post("/capacities/{capacityId}/spark/pools",
        "CustomPools_CreateCapacityCustomPool_(beta)", None, WRITE_CAPACITY)
        .workload().beta().simplified(), Documented, capacities::create_pool),
    (get("/capacities/{capacityId}/spark/pools/{poolId}",
        "CustomPools_GetCapacityCustomPool_(beta)", None, READ_CAPACITY)
        .workload().beta().simplified(), Documented, capacities::pool),
    (patch("/capacities/{capacityId}/spark/pools/{poolId}",
        "CustomPools_UpdateCapacityCustomPool_(beta)", None, WRITE_CAPACITY)
        .workload().beta().simplified(), Documented, capacities::update_pool),
    (delete("/capacities/{capacityId}/spark/pools/{poolId}",
        "CustomPools_DeleteCapacityCustomPool_(beta)", None, WRITE_CAPACITY)
        .workload().beta().simplified(), Documented, capacities::delete_pool),

    // Spark in workspaces.
    (get(ws!("spark/settings"), "WorkspaceSettings_GetSparkSettings", Some(Viewer), READ_WORKSPACE)
        .workload().simplified(), Seen, spark::settings),
    (patch(ws!("spark/settings"), "WorkspaceSettings_UpdateSparkSettings", Some(Admin), WRITE_WORKSPACE)
        .workload().simplified(), Documented, spark::update_settings),
    (get(ws!("spark/pools"), "CustomPools_ListWorkspaceCustomPools", Some(Viewer), READ_WORKSPACE)
        .workload().simplified(), Seen, spark::pools),
    (post(ws!("spark/pools"), "CustomPools_CreateWorkspaceCustomPool", Some(Admin), WRITE_WORKSPACE)
        .workload().simplified(), Seen, spark::create_pool),
    (get(ws!("spark/pools/{poolId}"), "CustomPools_GetWorkspaceCustomPool", Some(Viewer), READ_WORKSPACE)
        .workload().simplified(), Seen, spark::pool),
    (patch(ws!("spark/pools/{poolId}"), "CustomPools_UpdateWorkspaceCustomPool", Some(Admin), WRITE_WORKSPACE)
        .workload().simplified(), Seen, spark::update_pool),
    (delete(ws!("spark/pools/{poolId}"), "CustomPools_DeleteWorkspaceCustomPool", Some(Admin), WRITE_WORKSPACE)
        .workload().simplified(), Documented, spark::delete_pool),
    (get(ws!("spark/livySessions"), "LivySessions_ListLivySessions", Some(Viewer), READ_WORKSPACE)
        .simplified(), Documented, spark::sessions),
    (get(ws!("notebooks/{notebookId}/livySessions"), "LivySessions_ListLivySessions", Some(Viewer), READ_NOTEBOOK)
        .of(Notebook).simplified(), Documented, spark::item_sessions),
    (get(ws!("notebooks/{notebookId}/livySessions/{livyId}"),
        "LivySessions_GetLivySession", Some(Viewer), READ_NOTEBOOK)
        .of(Notebook).simplified(), Documented, spark::item_session),
    (get(ws!("sparkJobDefinitions/{sparkJobDefinitionId}/livySessions"),
        "LivySessions_ListLivySessions", Some(Viewer), READ_SPARK_JOB)
        .of(SparkJobDefinition).simplified(), Documented, spark::item_sessions),
    (get(ws!("sparkJobDefinitions/{sparkJobDefinitionId}/livySessions/{livyId}"),
        "LivySessions_GetLivySession", Some(Viewer), READ_SPARK_JOB)
        .of(SparkJobDefinition).simplified(), Documented, spark::item_session),

    // Environments.
    (get(environment!("sparkcompute"), "Published_Get_Spark_Compute_(beta)", Some(Viewer), READ_ENVIRONMENT)
        .workload().of(Environment).simplified(), Documented, environments::published_compute),
    (get(environment!("libraries"), "Published_ListLibraries", Some(Viewer), READ_ENVIRONMENT)
        .workload().of(Environment).simplified(), Documented, environments::published_libraries),
    (get(environment!("libraries/exportExternalLibraries"),
        "Published_ExportExternalLibraries", Some(Viewer), READ_ENVIRONMENT)
        .of(Environment).simplified(), Documented, environments::export_published),
    (get(environment!("staging/sparkcompute"), "Staging_Get_Spark_Compute_(beta)", Some(Viewer), READ_ENVIRONMENT)
        .workload().of(Environment).simplified(), Documented, environments::staged_compute),
    (patch(environment!("staging/sparkcompute"),
        "Staging_Update_Spark_Compute_(beta)", Some(Contributor), WRITE_ENVIRONMENT)
        .workload().of(Environment).simplified(), Seen, environments::update_compute),
    (get(environment!("staging/libraries"), "Staging_ListLibraries", Some(Viewer), READ_ENVIRONMENT)
        .workload().of(Environment).simplified(), Documented, environments::staged_libraries),
    (post(environment!("staging/libraries"),
        "Staging_Upload_Custom_Library_(beta)", Some(Contributor), WRITE_ENVIRONMENT)
        .of(Environment).simplified(), Documented, environments::upload),
    (delete(environment!("staging/libraries"),
        "Staging_Delete_Custom_Library_(beta)", Some(Contributor), WRITE_ENVIRONMENT)
        .of(Environment).simplified(), Documented, environments::delete),
    (post(environment!("staging/libraries/{libraryName}"),
        "Staging_UploadCustomLibrary", Some(Contributor), WRITE_ENVIRONMENT)
        .of(Environment).simplified(), Documented, environments::upload_named),
    (delete(environment!("staging/libraries/{libraryName}"),
        "Staging_DeleteCustomLibrary", Some(Contributor), WRITE_ENVIRONMENT)
        .of(Environment).simplified(), Documented, environments::delete_named),
    (post(environment!("staging/libraries/importExternalLibraries"),
        "Staging_ImportExternalLibraries", Some(Contributor), WRITE_ENVIRONMENT)
        .of(Environment).simplified(), Documented, environments::import_external),
    (get(environment!("staging/libraries/exportExternalLibraries"),
        "Staging_ExportExternalLibraries", Some(Viewer), READ_ENVIRONMENT)
        .of(Environment).simplified(), Documented, environments::export_staged),
    (post(environment!("staging/libraries/removeExternalLibrary"),
        "Staging_RemoveExternalLibrary", Some(Contributor), WRITE_ENVIRONMENT)
        .of(Environment).simplified(), Documented, environments::remove_external),
    (post(environment!("staging/cancelPublish"), "Items_CancelPublishEnvironment", Some(Contributor), WRITE_ENVIRONMENT)
        .of(Environment).simplified(), Documented, environments::cancel_publishing),

    // Warehouses.
    (get(ws!("warehouses/sqlPoolsConfiguration"),
        "SQLPools_Get_Sql_Pools_Configuration_(beta)", Some(Admin), READ_WORKSPACE)
        .simplified(), Documented, warehouses::sql_pools),
    (patch(ws!("warehouses/sqlPoolsConfiguration"),
        "SQLPools_Update_Sql_Pools_Configuration_(beta)", Some(Admin), WRITE_WORKSPACE)
        .simplified(), Documented, warehouses::update_sql_pools),
    (get(ws!("warehouses/{itemId}/settings/sqlAudit"),
        "SQLAuditSettings_GetSQLAuditSettings", Some(Viewer), READ_WAREHOUSE)
        .of(Warehouse).simplified(), Documented, sql_endpoints::audit),
    (patch(ws!("warehouses/{itemId}/settings/sqlAudit"),
        "SQLAuditSettings_UpdateSQLAuditSettings", Some(Contributor), "Item.Audit.All")
        .of(Warehouse).simplified(), Documented, sql_endpoints::update_audit),
    (post(ws!("warehouses/{itemId}/settings/sqlAudit/setAuditActionsAndGroups"),
        "SQLAuditSettings_SetAuditActionsAndGroups", Some(Contributor), "Item.Audit.All")
        .of(Warehouse).simplified(), Documented, sql_endpoints::set_audit_groups),
    (get(warehouse!("connectionString"), "Items_GetConnectionString", Some(Viewer), READ_WAREHOUSE)
        .of(Warehouse), Documented, sql_endpoints::connection_string),
    (get(warehouse!("restorePoints"), "RestorePoints_ListRestorePoints", Some(Viewer), READ_WAREHOUSE)
        .of(Warehouse), Documented, warehouses::restore_points),
    (post(warehouse!("restorePoints"), "RestorePoints_CreateRestorePoint", Some(Contributor), WRITE_WAREHOUSE)
        .of(Warehouse), Documented, warehouses::create_restore_point),
    (get(warehouse!("restorePoints/{restorePointId}"),
        "RestorePoints_GetRestorePoint", Some(Viewer), READ_WAREHOUSE)
        .of(Warehouse), Documented, warehouses::restore_point),
    (patch(warehouse!("restorePoints/{restorePointId}"),
        "RestorePoints_UpdateRestorePoint", Some(Contributor), WRITE_WAREHOUSE)
        .of(Warehouse), Documented, warehouses::update_restore_point),
    (delete(warehouse!("restorePoints/{restorePointId}"),
        "RestorePoints_DeleteRestorePoint", Some(Contributor), WRITE_WAREHOUSE)
        .of(Warehouse), Documented, warehouses::delete_restore_point),
    (post(warehouse!("restorePoints/{restorePointId}/restore"),
        "RestorePoints_RestoreToRestorePoint", Some(Admin), "Warehouse.Restore.All")
        .of(Warehouse).simplified(), Documented, warehouses::restore),
];
