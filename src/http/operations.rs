//! The table of operations. [`OPERATIONS`] contains the operations in Microsoft's description of mirroring and the
//! platform around it. [`UNDESCRIBED`] contains all other operations.
//!
//! The router, the checks of roles and scopes, and the rate limits use this table. `tests/it/coverage.rs` compares the
//! table with Microsoft's description. An operation without a handler is absent: it returns 501 `NotEmulated`.

use std::sync::LazyLock;

use crate::fabric::item::ItemKind::{
    self, CosmosDBDatabase, Lakehouse, MirroredAzureDatabricksCatalog, MirroredCatalog, MirroredDatabase,
    MirroredWarehouse, SQLDatabase, SQLEndpoint, SnowflakeDatabase,
};
use crate::fabric::item::kinds::{KINDS, KindSpec};
use crate::fabric::networking::{
    CommunicationPolicy, InboundAzureResources, InboundExternalDataShares, InboundFirewall, OutboundConnections,
    OutboundGateways, OutboundGit,
};
use crate::fabric::role::Role::{Admin, Contributor, Member, Viewer};
use crate::http::context::Handler;
use crate::http::operation::Fidelity::{self, Documented, Guessed, Seen};
use crate::http::operation::{Coverage, Operation, delete, get, patch, post, put, with_method};
use crate::http::{
    admin_operations, bulk, capacities, catalog_search, catalogs, compute_operations, connection_roles, connections,
    data_access_roles, deployment_pipelines, domains, encryption, external_data_shares, folders, gateway_members,
    gateway_roles, gateways, git, items, job_operations, jobs, lakehouses, long_running_operations,
    managed_private_endpoints, mirrored_databases, networking, onelake_settings, recoverable_items, relations,
    role_assignments, shortcuts, sql_databases, sql_endpoints, tags, workspace_operations, workspaces,
};

/// A row of the table: an operation and its handler.
#[derive(Debug)]
pub struct Route {
    /// The operation.
    pub operation: Operation,
    /// The handler that serves the operation; `None` for an absent operation.
    pub(super) handler: Option<Handler>,
}

impl Operation {
    /// Creates the row of an operation that a handler serves.
    pub(super) const fn served(mut self, fidelity: Fidelity, handler: Handler) -> Route {
        self.fidelity = fidelity;
        Route { operation: self, handler: Some(handler) }
    }

    /// Creates the row of an absent operation.
    pub(super) const fn absent(mut self) -> Route {
        self.coverage = Coverage::Absent;
        Route { operation: self, handler: None }
    }
}

/// The path of a resource in a workspace.
macro_rules! ws {
    ($path:literal) => {
        concat!("/workspaces/{workspaceId}/", $path)
    };
}

/// The scopes to read a resource.
macro_rules! reads {
    ($name:literal) => {
        concat!($name, ".Read.All ", $name, ".ReadWrite.All")
    };
}

/// The scopes to read items of a kind.
macro_rules! item_reads {
    ($kind:literal) => {
        concat!("Item.Read.All Item.ReadWrite.All ", reads!($kind))
    };
}

/// The scopes to write items of a kind.
macro_rules! item_writes {
    ($kind:literal) => {
        concat!("Item.ReadWrite.All ", $kind, ".ReadWrite.All")
    };
}

const ACCEPT_EXTERNAL_DATA_SHARE: &str =
    "ExternalDataShare.Accept.All+Item.ReadWrite.All ExternalDataShare.Accept.All+itemType.ReadWrite.All";
const DISCOVER_CATALOG: &str = concat!("CatalogMirroring.Read.All ", reads!("Workspace"));
const DISCOVER_DATABRICKS: &str = concat!("DatabricksCatalog.Read.All ", reads!("Workspace"));
const EXECUTE_DATABRICKS_CATALOG: &str = concat!("Item.Execute.All ", item_writes!("MirroredAzureDatabricksCatalog"));
const EXECUTE_LAKEHOUSE: &str = "Item.Execute.All Lakehouse.Execute.All";
const EXTERNAL_DATA_SHARE: &str =
    "Item.ExternalDataShare.All Lakehouse.ExternalDataShare.All itemType.ExternalDataShare.All";
const SCHEDULE_LAKEHOUSE_JOBS: &str = "Item.Execute.All+Item.ReadWrite.All Item.Execute.All+Lakehouse.ReadWrite.All \
    Lakehouse.Execute.All+Item.ReadWrite.All Lakehouse.Execute.All+Lakehouse.ReadWrite.All";

/// The operations outside of Microsoft's description of mirroring: the own routes of the other kinds, the creation of
/// kinds that cannot be created, the get of a SQL endpoint, recoverable items, the jobs of other kinds, the admin API, Spark, environments
/// and warehouses, settings of workspaces, and the absent operations of the public API
/// (`fixtures/absent-operations.tsv`).
pub static UNDESCRIBED: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let described = |spec: &KindSpec| OPERATIONS.iter().any(|route| route.operation.kind == Some(spec.kind));
    let of_kinds = KINDS.iter().filter(|spec| !described(spec)).flat_map(of_kind);
    let refused = KINDS.iter().filter(|spec| !spec.can_be_created).map(|spec| create(spec).served(Seen, items::create));
    let tables = [job_operations::ROWS, admin_operations::ROWS, compute_operations::ROWS, workspace_operations::ROWS];
    let rows = tables.into_iter().flatten().map(|(row, fidelity, handler)| row.clone().served(*fidelity, *handler));
    of_kinds.chain(refused).chain([sql_endpoint()]).chain(undescribed_items()).chain(rows).chain(absent()).collect()
});

/// Returns all routes of [`OPERATIONS`], followed by all routes of [`UNDESCRIBED`].
pub fn all() -> impl Iterator<Item = &'static Route> {
    OPERATIONS.iter().chain(UNDESCRIBED.iter())
}

/// Leaks a text. The memory use is bounded, because the tables are built only once.
fn leaked(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// Returns the absent operations of the public API and of its newest SDKs. They have no roles and scopes, because no
/// handler serves them.
fn absent() -> impl Iterator<Item = Route> {
    let rows = include_str!("../../fixtures/absent-operations.tsv").lines().skip(1);
    rows.filter_map(|row| {
        let mut columns = row.split('\t');
        let method = columns.next()?.parse().ok()?;
        Some(with_method(method, columns.next()?, columns.next()?).absent())
    })
}

/// Returns the operation that creates an item on its kind's own route.
fn create(spec: &KindSpec) -> Operation {
    let KindSpec { kind, name, collection, .. } = *spec;
    let path = leaked(format!("/workspaces/{{workspaceId}}/{collection}"));
    let scopes = leaked(format!("Item.ReadWrite.All {name}.ReadWrite.All"));
    post(path, leaked(format!("Items_Create{name}")), Some(Contributor), scopes).item().of(kind)
}

/// Returns the route that gets a single SQL endpoint. Microsoft's description has only the list of SQL endpoints, but
/// the service answered a test request (seen).
fn sql_endpoint() -> Route {
    get(ws!("sqlEndpoints/{sqlEndpointId}"), "Items_GetSQLEndpoint", Some(Viewer), item_reads!("SQLEndpoint"))
        .item()
        .of(SQLEndpoint)
        .served(Seen, items::get)
}

/// Returns the operations of items that only the newest SDKs and Microsoft's documentation have.
fn undescribed_items() -> [Route; 4] {
    [
        patch(ws!("items/{itemId}/logicalId"), "Items_UpdateLogicalId", Some(Contributor), item_writes!("itemType"))
            .served(Documented, items::update_logical_id),
        get(ws!("recoverableItems"), "RecoverableItems_ListRecoverableItems", Some(Viewer), reads!("Workspace"))
            .served(Documented, recoverable_items::list),
        post(
            ws!("recoverableItems/{itemId}/recover"),
            "RecoverableItems_RecoverItem",
            Some(Contributor),
            item_writes!("itemType"),
        )
        .served(Documented, recoverable_items::recover),
        delete(
            ws!("recoverableItems/{itemId}"),
            "RecoverableItems_DeleteRecoverableItem",
            Some(Admin),
            "Workspace.ReadWrite.All",
        )
        .served(Documented, recoverable_items::delete),
    ]
}

/// Returns the own routes of a kind.
fn of_kind(spec: &KindSpec) -> Vec<Route> {
    let KindSpec { kind, name, collection, .. } = *spec;
    let text = leaked;
    let all = text(format!("/workspaces/{{workspaceId}}/{collection}"));
    let one = text(format!("{all}/{{itemId}}"));
    let verb = |verb: &str| text(format!("{one}/{verb}"));
    let id = |verb: &str, plural: &str| text(format!("Items_{verb}{name}{plural}"));
    let lists = "Workspace.Read.All Workspace.ReadWrite.All";
    let reads = text(format!("Item.Read.All Item.ReadWrite.All {name}.Read.All {name}.ReadWrite.All"));
    let writes = text(format!("Item.ReadWrite.All {name}.ReadWrite.All"));
    let mut operations = vec![
        get(all, id("List", "s"), Some(Viewer), lists).served(Guessed, items::list),
        get(one, id("Get", ""), Some(Viewer), reads).item().served(Seen, items::get),
        patch(one, id("Update", ""), Some(Contributor), writes).item().served(Seen, items::update),
        delete(one, id("Delete", ""), Some(Contributor), writes).served(Guessed, items::delete),
    ];
    if spec.can_be_created {
        operations.push(create(spec).served(Seen, items::create));
    }
    if spec.definition.is_some() {
        let (read, write) = (id("Get", "Definition"), id("Update", "Definition"));
        operations
            .push(post(verb("getDefinition"), read, Some(Contributor), writes).served(Seen, items::get_definition));
        operations.push(
            post(verb("updateDefinition"), write, Some(Contributor), writes).served(Seen, items::update_definition),
        );
    }
    if kind == ItemKind::Environment {
        operations.push(
            post(verb("staging/publish"), "Environments_PublishEnvironment", Some(Contributor), writes)
                .served(Guessed, items::publish_environment),
        );
    }
    if kind == ItemKind::SemanticModel {
        operations.push(
            post(verb("bindConnection"), "SemanticModels_BindConnection", Some(Contributor), writes)
                .served(Guessed, items::bind_connection),
        );
    }
    operations
        .into_iter()
        .map(|Route { operation, handler }| Route { operation: operation.of(kind), handler })
        .collect()
}

/// The operations in Microsoft's description of mirroring and the platform around it. Each row has path, id, role and
/// scopes, then header family, kind and limit, then fidelity and handler.
#[rustfmt::skip]
pub static OPERATIONS: &[Route] = &[
    // The platform: workspaces, items, connections, capacities and related resources.
    post("/workspaces", "Workspaces_CreateWorkspace", None, "Workspace.ReadWrite.All")
        .served(Seen, workspaces::create),
    get("/workspaces", "Workspaces_ListWorkspaces", None, reads!("Workspace")).served(Seen, workspaces::list),
    get("/workspaces/{workspaceId}", "Workspaces_GetWorkspace", Some(Viewer), reads!("Workspace"))
        .served(Seen, workspaces::get),
    patch("/workspaces/{workspaceId}", "Workspaces_UpdateWorkspace", Some(Admin), "Workspace.ReadWrite.All")
        .served(Documented, workspaces::update),
    delete("/workspaces/{workspaceId}", "Workspaces_DeleteWorkspace", Some(Admin), "Workspace.ReadWrite.All")
        .served(Seen, workspaces::delete),
    post(ws!("roleAssignments"), "Workspaces_AddWorkspaceRoleAssignment", Some(Member), "Workspace.ReadWrite.All")
        .served(Seen, role_assignments::add),
    get(ws!("roleAssignments"), "Workspaces_ListWorkspaceRoleAssignments", Some(Member), reads!("Workspace"))
        .served(Seen, role_assignments::list),
    delete(ws!("roleAssignments/{workspaceRoleAssignmentId}"),
        "Workspaces_DeleteWorkspaceRoleAssignment", Some(Admin), "Workspace.ReadWrite.All")
        .served(Seen, role_assignments::delete),
    patch(ws!("roleAssignments/{workspaceRoleAssignmentId}"),
        "Workspaces_UpdateWorkspaceRoleAssignment", Some(Admin), "Workspace.ReadWrite.All")
        .served(Seen, role_assignments::update),
    get(ws!("roleAssignments/{workspaceRoleAssignmentId}"),
        "Workspaces_GetWorkspaceRoleAssignment", Some(Member), reads!("Workspace"))
        .served(Documented, role_assignments::get),
    get(ws!("items"), "Items_ListItems", Some(Viewer), reads!("Workspace")).served(Seen, items::list),
    post(ws!("items"), "Items_CreateItem", Some(Contributor), item_writes!("itemType"))
        .item().served(Seen, items::create),
    get(ws!("items/{itemId}"), "Items_GetItem", Some(Viewer), item_reads!("itemType"))
        .item().served(Seen, items::get),
    patch(ws!("items/{itemId}"), "Items_UpdateItem", Some(Contributor), item_writes!("itemType"))
        .item().served(Seen, items::update),
    delete(ws!("items/{itemId}"), "Items_DeleteItem", Some(Contributor), item_writes!("itemType"))
        .served(Seen, items::delete),
    post(ws!("items/{itemId}/getDefinition"), "Items_GetItemDefinition", Some(Contributor), item_writes!("itemType"))
        .served(Seen, items::get_definition),
    post(ws!("items/{itemId}/updateDefinition"),
        "Items_UpdateItemDefinition", Some(Contributor), item_writes!("itemType"))
        .served(Seen, items::update_definition),
    post(ws!("items/bulkExportDefinitions"),
        "Items_Bulk_Export_Item_Definitions_(beta)", Some(Contributor), "Item.ReadWrite.All")
        .served(Documented, bulk::export),
    post(ws!("items/bulkImportDefinitions"),
        "Items_Bulk_Import_Item_Definitions_(beta)", Some(Contributor), "Item.ReadWrite.All")
        .served(Documented, bulk::import),
    get(ws!("items/{itemId}/jobs/{jobType}/schedules"),
        "JobScheduler_ListItemSchedules", Some(Viewer), item_reads!("itemType")).served(Seen, jobs::list_schedules),
    post(ws!("items/{itemId}/jobs/{jobType}/schedules"),
        "JobScheduler_CreateItemSchedule", Some(Contributor), "Item.Execute.All+Item.ReadWrite.All").served(Seen, jobs::create_schedule),
    get(ws!("items/{itemId}/jobs/{jobType}/schedules/{scheduleId}"),
        "JobScheduler_GetItemSchedule", Some(Viewer), item_reads!("itemType")).served(Seen, jobs::get_schedule),
    patch(ws!("items/{itemId}/jobs/{jobType}/schedules/{scheduleId}"),
        "JobScheduler_UpdateItemSchedule", Some(Contributor), "Item.Execute.All+Item.ReadWrite.All").served(Seen, jobs::update_schedule),
    delete(ws!("items/{itemId}/jobs/{jobType}/schedules/{scheduleId}"),
        "JobScheduler_DeleteItemSchedule", Some(Contributor), item_writes!("itemType")).served(Seen, jobs::delete_schedule),
    get(ws!("items/{itemId}/jobs/instances/{jobInstanceId}"),
        "JobScheduler_GetItemJobInstance", Some(Viewer), item_reads!("itemType")).served(Seen, jobs::get),
    get(ws!("items/{itemId}/jobs/instances"),
        "JobScheduler_ListItemJobInstances", Some(Viewer), item_reads!("itemType")).served(Documented, jobs::list),
    post(ws!("items/{itemId}/jobs/{jobType}/instances"),
        "JobScheduler_RunOnDemandItemJob", Some(Contributor), "Item.Execute.All itemType.Execute.All").simplified().served(Documented, jobs::run),
    post(ws!("items/{itemId}/jobs/instances/{jobInstanceId}/cancel"),
        "JobScheduler_CancelItemJobInstance", Some(Contributor), "Item.Execute.All itemType.Execute.All").served(Seen, jobs::cancel),
    post(ws!("assignToCapacity"),
        "Workspaces_AssignToCapacity", Some(Admin), "Capacity.ReadWrite.All+Workspace.ReadWrite.All")
        .served(Documented, workspaces::assign_to_capacity),
    post(ws!("unassignFromCapacity"),
        "Workspaces_UnassignFromCapacity", Some(Admin), "Capacity.ReadWrite.All+Workspace.ReadWrite.All")
        .served(Documented, workspaces::unassign_from_capacity),
    post(ws!("assignToDomain"), "Workspaces_AssignToDomain", Some(Admin), "Workspace.ReadWrite.All")
        .served(Documented, domains::assign_workspace),
    post(ws!("unassignFromDomain"), "Workspaces_UnassignFromDomain", Some(Admin), "Workspace.ReadWrite.All")
        .served(Documented, domains::unassign_workspace),
    get(ws!("git/connection"), "Git_GetConnection", Some(Contributor), reads!("Workspace"))
        .served(Documented, git::get_connection),
    post(ws!("git/connect"), "Git_Connect", Some(Admin), "Workspace.ReadWrite.All")
        .served(Documented, git::connect),
    post(ws!("git/disconnect"), "Git_Disconnect", Some(Admin), "Workspace.ReadWrite.All")
        .served(Documented, git::disconnect),
    post(ws!("git/initializeConnection"), "Git_InitializeConnection", Some(Admin), "Workspace.ReadWrite.All")
        .served(Documented, git::initialize),
    post(ws!("git/updateFromGit"), "Git_UpdateFromGit", Some(Contributor), "Workspace.GitUpdate.All")
        .served(Documented, git::update),
    get(ws!("git/status"), "Git_GetStatus", Some(Contributor), "Workspace.GitCommit.All Workspace.GitUpdate.All")
        .served(Documented, git::get_status),
    post(ws!("git/commitToGit"), "Git_CommitToGit", Some(Contributor), "Workspace.GitCommit.All")
        .served(Documented, git::commit),
    get(ws!("git/myGitCredentials"), "Git_GetMyGitCredentials", Some(Contributor), reads!("Workspace"))
        .served(Documented, git::get_credentials),
    patch(ws!("git/myGitCredentials"), "Git_UpdateMyGitCredentials", Some(Contributor), "Workspace.ReadWrite.All")
        .served(Documented, git::update_credentials),
    get(ws!("git/workspaceRelations"), "Git_ListWorkspaceRelations", Some(Viewer), reads!("Workspace"))
        .served(Documented, git::list_relations),
    post(ws!("git/workspaceRelations"), "Git_CreateWorkspaceRelation", Some(Contributor), "Workspace.ReadWrite.All")
        .served(Documented, git::create_relation),
    delete(ws!("git/workspaceRelations/{workspaceRelationId}"),
        "Git_DeleteWorkspaceRelation", Some(Admin), "Workspace.ReadWrite.All")
        .served(Documented, git::delete_relation),
    get("/capacities", "Capacities_ListCapacities", None, reads!("Capacity")).served(Seen, capacities::list),
    get("/capacities/{capacityId}", "Capacities_GetCapacity", None, reads!("Capacity"))
        .served(Documented, capacities::get),
    get("/operations/{operationId}", "LongRunningOperations_GetOperationState", None, "")
        .served(Seen, long_running_operations::get_state),
    get("/operations/{operationId}/result", "LongRunningOperations_GetOperationResult", None, "")
        .served(Seen, long_running_operations::get_result),
    post(ws!("items/{itemId}/shortcuts/bulkCreate"),
        "OneLakeShortcuts_CreatesShortcutsInBulk", Some(Contributor), "OneLake.ReadWrite.All")
        .simplified().served(Documented, shortcuts::create_many),
    get(ws!("items/{itemId}/shortcuts"), "OneLakeShortcuts_ListShortcuts", Some(Viewer), reads!("OneLake"))
        .simplified().served(Documented, shortcuts::list),
    post(ws!("items/{itemId}/shortcuts"),
        "OneLakeShortcuts_CreateShortcut", Some(Contributor), "OneLake.ReadWrite.All")
        .simplified().served(Documented, shortcuts::create),
    get(ws!("items/{itemId}/shortcuts/{shortcutPath}/{shortcutName}"),
        "OneLakeShortcuts_GetShortcut", Some(Viewer), reads!("OneLake"))
        .simplified().served(Documented, shortcuts::get),
    delete(ws!("items/{itemId}/shortcuts/{shortcutPath}/{shortcutName}"),
        "OneLakeShortcuts_DeleteShortcut", Some(Contributor), "OneLake.ReadWrite.All")
        .simplified().served(Documented, shortcuts::delete),
    get("/tags", "Tags_ListTags", None, "Tag.Read.All").limited(25).served(Documented, tags::list),
    get("/domains", "Domains_ListDomains", None, "Domain.Read.All").served(Documented, domains::list),
    get("/domains/{domainId}", "Domains_GetDomain", None, "Domain.Read.All").served(Documented, domains::get),
    post(ws!("onelake/resetShortcutCache"),
        "OneLakeShortcuts_ResetShortcutCache", Some(Contributor), "OneLake.ReadWrite.All")
        .simplified().served(Documented, shortcuts::reset_cache),
    get(ws!("onelake/settings"), "OneLakeSettings_GetSettings", Some(Admin), reads!("OneLake"))
        .simplified().served(Documented, onelake_settings::get),
    post(ws!("onelake/settings/modifyDiagnostics"),
        "OneLakeSettings_ModifyDiagnostics", Some(Admin), "OneLake.ReadWrite.All")
        .simplified().served(Documented, onelake_settings::modify_diagnostics),
    post(ws!("onelake/settings/modifyImmutabilityPolicy"),
        "OneLakeSettings_ModifyImmutabilityPolicy", Some(Admin), "OneLake.ReadWrite.All")
        .simplified().served(Documented, onelake_settings::modify_immutability),
    post(ws!("onelake/settings/modifyDefaultTier"),
        "OneLakeSettings_ModifyDefaultTier", Some(Admin), "OneLake.ReadWrite.All")
        .simplified().served(Documented, onelake_settings::modify_default_tier),
    post(ws!("onelake/lifecycle/exportPolicy"), "OneLakeLifecyclePolicy_ExportPolicy", Some(Admin), reads!("OneLake"))
        .simplified().served(Documented, onelake_settings::export_policy),
    post(ws!("onelake/lifecycle/importPolicy"),
        "OneLakeLifecyclePolicy_ImportPolicy", Some(Admin), "OneLake.ReadWrite.All")
        .simplified().served(Documented, onelake_settings::import_policy),
    get("/deploymentPipelines", "DeploymentPipelines_ListDeploymentPipelines", None, reads!("Pipeline"))
        .served(Documented, deployment_pipelines::list),
    post("/deploymentPipelines", "DeploymentPipelines_CreateDeploymentPipeline", None, "Pipeline.ReadWrite.All")
        .served(Documented, deployment_pipelines::create),
    get("/deploymentPipelines/{deploymentPipelineId}",
        "DeploymentPipelines_GetDeploymentPipeline", None, reads!("Pipeline"))
        .served(Documented, deployment_pipelines::get),
    patch("/deploymentPipelines/{deploymentPipelineId}",
        "DeploymentPipelines_UpdateDeploymentPipeline", None, "Pipeline.ReadWrite.All")
        .served(Documented, deployment_pipelines::update),
    delete("/deploymentPipelines/{deploymentPipelineId}",
        "DeploymentPipelines_DeleteDeploymentPipeline", None, "Pipeline.ReadWrite.All")
        .served(Documented, deployment_pipelines::delete),
    get("/deploymentPipelines/{deploymentPipelineId}/roleAssignments",
        "DeploymentPipelines_ListDeploymentPipelineRoleAssignments", None, reads!("Pipeline"))
        .served(Documented, deployment_pipelines::list_roles),
    post("/deploymentPipelines/{deploymentPipelineId}/roleAssignments",
        "DeploymentPipelines_AddDeploymentPipelineRoleAssignment", None, "Pipeline.ReadWrite.All")
        .served(Documented, deployment_pipelines::add_role),
    delete("/deploymentPipelines/{deploymentPipelineId}/roleAssignments/{principalId}",
        "DeploymentPipelines_DeleteDeploymentPipelineRoleAssignment", None, "Pipeline.ReadWrite.All")
        .served(Documented, deployment_pipelines::delete_role),
    get("/deploymentPipelines/{deploymentPipelineId}/operations",
        "DeploymentPipelines_ListDeploymentPipelineOperations", None, reads!("Pipeline"))
        .served(Documented, deployment_pipelines::list_operations),
    get("/deploymentPipelines/{deploymentPipelineId}/operations/{operationId}",
        "DeploymentPipelines_GetDeploymentPipelineOperation", None, reads!("Pipeline"))
        .served(Documented, deployment_pipelines::get_operation),
    get("/deploymentPipelines/{deploymentPipelineId}/stages",
        "DeploymentPipelines_ListDeploymentPipelineStages", None, reads!("Pipeline"))
        .served(Documented, deployment_pipelines::list_stages),
    get("/deploymentPipelines/{deploymentPipelineId}/stages/{stageId}",
        "DeploymentPipelines_GetDeploymentPipelineStage", None, reads!("Pipeline"))
        .served(Documented, deployment_pipelines::get_stage),
    patch("/deploymentPipelines/{deploymentPipelineId}/stages/{stageId}",
        "DeploymentPipelines_UpdateDeploymentPipelineStage", None, "Pipeline.ReadWrite.All")
        .served(Documented, deployment_pipelines::update_stage),
    get("/deploymentPipelines/{deploymentPipelineId}/stages/{stageId}/items",
        "DeploymentPipelines_ListDeploymentPipelineStageItems", None, reads!("Pipeline"))
        .served(Documented, deployment_pipelines::list_items),
    post("/deploymentPipelines/{deploymentPipelineId}/deploy", "DeploymentPipelines_DeployStageContent", None, "Pipeline.Deploy")
        .served(Documented, deployment_pipelines::deploy),
    post("/deploymentPipelines/{deploymentPipelineId}/stages/{stageId}/assignWorkspace",
        "DeploymentPipelines_AssignWorkspaceToStage", None, "Pipeline.ReadWrite.All+Workspace.ReadWrite.All")
        .served(Documented, deployment_pipelines::assign),
    post("/deploymentPipelines/{deploymentPipelineId}/stages/{stageId}/unassignWorkspace",
        "DeploymentPipelines_UnassignWorkspaceFromStage", None, "Pipeline.ReadWrite.All")
        .served(Documented, deployment_pipelines::unassign),
    get(ws!("items/{itemId}/dataAccessRoles"),
        "OneLakeDataAccessSecurity_ListDataAccessRoles", Some(Viewer), reads!("OneLake"))
        .item().simplified().served(Documented, data_access_roles::list),
    put(ws!("items/{itemId}/dataAccessRoles"),
        "OneLakeDataAccessSecurity_CreateOrUpdateDataAccessRoles", Some(Contributor), "OneLake.ReadWrite.All")
        .simplified().served(Documented, data_access_roles::set),
    post(ws!("items/{itemId}/dataAccessRoles"),
        "OneLakeDataAccessSecurity_CreateOrUpdateSingleDataAccessRole", Some(Member), "OneLake.ReadWrite.All")
        .simplified().served(Documented, data_access_roles::set_one),
    get(ws!("items/{itemId}/dataAccessRoles/{roleName}"),
        "OneLakeDataAccessSecurity_GetDataAccessRole", Some(Member), reads!("OneLake"))
        .item().simplified().served(Documented, data_access_roles::get),
    delete(ws!("items/{itemId}/dataAccessRoles/{roleName}"),
        "OneLakeDataAccessSecurity_DeleteDataAccessRole", Some(Member), "OneLake.ReadWrite.All")
        .simplified().served(Documented, data_access_roles::delete),
    post(ws!("provisionIdentity"), "Workspaces_ProvisionIdentity", Some(Admin), "Workspace.ReadWrite.All")
        .served(Seen, workspaces::provision_identity),
    post(ws!("deprovisionIdentity"), "Workspaces_DeprovisionIdentity", Some(Admin), "Workspace.ReadWrite.All")
        .served(Seen, workspaces::deprovision_identity),
    post(ws!("items/{itemId}/externalDataShares"),
        "ExternalDataSharesProvider_CreateExternalDataShare", Some(Contributor), EXTERNAL_DATA_SHARE)
        .limited(10).served(Documented, external_data_shares::create),
    get(ws!("items/{itemId}/externalDataShares"),
        "ExternalDataSharesProvider_ListExternalDataSharesInItem", Some(Contributor), EXTERNAL_DATA_SHARE)
        .limited(10).served(Documented, external_data_shares::list),
    get(ws!("items/{itemId}/externalDataShares/{externalDataShareId}"),
        "ExternalDataSharesProvider_GetExternalDataShare", Some(Contributor), EXTERNAL_DATA_SHARE)
        .limited(10).served(Documented, external_data_shares::get),
    delete(ws!("items/{itemId}/externalDataShares/{externalDataShareId}"),
        "ExternalDataSharesProvider_DeleteExternalDataShare", Some(Contributor), EXTERNAL_DATA_SHARE)
        .limited(10).served(Documented, external_data_shares::delete),
    post(ws!("items/{itemId}/externalDataShares/{externalDataShareId}/revoke"),
        "ExternalDataSharesProvider_RevokeExternalDataShare", Some(Contributor), EXTERNAL_DATA_SHARE)
        .limited(10).served(Documented, external_data_shares::revoke),
    get("/externalDataShares/invitations/{invitationId}",
        "ExternalDataSharesRecipient_GetExternalDataShareInvitationDetails", None, "ExternalDataShare.Accept.All")
        .limited(10).served(Documented, external_data_shares::invitation),
    post("/externalDataShares/invitations/{invitationId}/accept",
        "ExternalDataSharesRecipient_AcceptExternalDataShareInvitation", None, ACCEPT_EXTERNAL_DATA_SHARE)
        .limited(10).served(Documented, external_data_shares::accept),
    get(ws!("items/{itemId}/connections"), "Items_ListItemConnections", Some(Contributor), item_writes!("itemType"))
        .served(Guessed, items::connections),
    post(ws!("items/{itemId}/applyTags"),
        "Tags_ApplyTags", Some(Contributor), "Item.ReadWrite.All ItemMetadata.ReadWrite.All itemType.ReadWrite.All")
        .limited(25).served(Documented, tags::apply),
    post(ws!("items/{itemId}/unapplyTags"),
        "Tags_UnapplyTags", Some(Contributor), "Item.ReadWrite.All ItemMetadata.ReadWrite.All itemType.ReadWrite.All")
        .limited(25).served(Documented, tags::unapply),
    post(ws!("applyTags"), "Workspaces_ApplyWorkspaceTags", Some(Admin), "Workspace.ReadWrite.All")
        .served(Documented, tags::apply_to_workspace),
    post(ws!("unapplyTags"), "Workspaces_UnapplyWorkspaceTags", Some(Admin), "Tenant.ReadWrite.All")
        .served(Documented, tags::unapply_from_workspace),
    get(ws!("folders"), "Folders_ListFolders", Some(Viewer), reads!("Workspace"))
        .limited(10).served(Seen, folders::list),
    post(ws!("folders"), "Folders_CreateFolder", Some(Contributor), "Workspace.ReadWrite.All")
        .served(Seen, folders::create),
    get(ws!("folders/{folderId}"), "Folders_GetFolder", Some(Viewer), reads!("Workspace")).served(Seen, folders::get),
    patch(ws!("folders/{folderId}"), "Folders_UpdateFolder", Some(Contributor), "Workspace.ReadWrite.All")
        .served(Seen, folders::update),
    delete(ws!("folders/{folderId}"), "Folders_DeleteFolder", Some(Contributor), "Workspace.ReadWrite.All")
        .served(Seen, folders::delete),
    post(ws!("folders/{folderId}/move"), "Folders_MoveFolder", Some(Contributor), "Workspace.ReadWrite.All")
        .served(Documented, folders::relocate),
    post(ws!("items/bulkMove"), "Items_BulkMoveItems", Some(Contributor), "Workspace.ReadWrite.All")
        .served(Documented, items::bulk_relocate),
    post(ws!("items/{itemId}/move"), "Items_MoveItem", Some(Contributor), "Workspace.ReadWrite.All")
        .served(Documented, items::relocate),
    get(ws!("managedPrivateEndpoints"),
        "ManagedPrivateEndpoints_ListWorkspaceManagedPrivateEndpoints", Some(Viewer), reads!("Workspace"))
        .simplified().served(Documented, managed_private_endpoints::list),
    post(ws!("managedPrivateEndpoints"),
        "ManagedPrivateEndpoints_CreateWorkspaceManagedPrivateEndpoint", Some(Admin), "Workspace.ReadWrite.All")
        .simplified().served(Documented, managed_private_endpoints::create),
    delete(ws!("managedPrivateEndpoints/{managedPrivateEndpointId}"),
        "ManagedPrivateEndpoints_DeleteWorkspaceManagedPrivateEndpoint", Some(Admin), "Workspace.ReadWrite.All")
        .simplified().served(Documented, managed_private_endpoints::delete),
    get(ws!("managedPrivateEndpoints/{managedPrivateEndpointId}"),
        "ManagedPrivateEndpoints_GetWorkspaceManagedPrivateEndpoint", Some(Viewer), reads!("Workspace"))
        .simplified().served(Documented, managed_private_endpoints::get),
    get("/connections", "Connections_ListConnections", None, reads!("Connection"))
        .limited(10).served(Seen, connections::list),
    post("/connections", "Connections_CreateConnection", None, "Connection.ReadWrite.All")
        .served(Seen, connections::create),
    get("/connections/{connectionId}", "Connections_GetConnection", None, reads!("Connection"))
        .served(Seen, connections::get),
    patch("/connections/{connectionId}", "Connections_UpdateConnection", None, "Connection.ReadWrite.All")
        .served(Seen, connections::update),
    delete("/connections/{connectionId}", "Connections_DeleteConnection", None, "Connection.ReadWrite.All")
        .served(Seen, connections::delete),
    post("/connections/{connectionId}/testConnection", "Connections_TestConnection", None, reads!("Connection"))
        .simplified().served(Documented, connections::test),
    get("/connections/supportedConnectionTypes",
        "Connections_ListSupportedConnectionTypes", None, reads!("Connection"))
        .served(Seen, connections::supported_types),
    get("/gateways", "Gateways_ListGateways", None, reads!("Gateway")).served(Seen, gateways::list),
    post("/gateways", "Gateways_CreateGateway", None, "Gateway.ReadWrite.All").served(Seen, gateways::create),
    get("/gateways/{gatewayId}", "Gateways_GetGateway", None, reads!("Gateway")).served(Seen, gateways::get),
    patch("/gateways/{gatewayId}", "Gateways_UpdateGateway", None, "Gateway.ReadWrite.All")
        .served(Seen, gateways::update),
    delete("/gateways/{gatewayId}", "Gateways_DeleteGateway", None, "Gateway.ReadWrite.All")
        .served(Seen, gateways::delete),
    get("/gateways/{gatewayId}/members", "Gateways_ListGatewayMembers", None, reads!("Gateway"))
        .served(Documented, gateway_members::list),
    patch("/gateways/{gatewayId}/members/{gatewayMemberId}",
        "Gateways_UpdateGatewayMember", None, "Gateway.ReadWrite.All")
        .served(Documented, gateway_members::update),
    delete("/gateways/{gatewayId}/members/{gatewayMemberId}",
        "Gateways_DeleteGatewayMember", None, "Gateway.ReadWrite.All")
        .served(Documented, gateway_members::delete),
    post("/gateways/{gatewayId}/checkStatus", "Gateways_CheckGatewayStatus", None, reads!("Gateway"))
        .served(Documented, gateways::check_status),
    post("/gateways/{gatewayId}/members/{gatewayMemberId}/checkStatus",
        "Gateways_CheckGatewayMemberStatus", None, reads!("Gateway"))
        .served(Documented, gateway_members::check_status),
    post("/gateways/{gatewayId}/restart", "Gateways_RestartGateway", None, "Gateway.ReadWrite.All")
        .served(Documented, gateways::restart),
    get("/gateways/{gatewayId}/roleAssignments", "Gateways_ListGatewayRoleAssignments", None, reads!("Gateway"))
        .served(Seen, gateway_roles::list),
    post("/gateways/{gatewayId}/roleAssignments", "Gateways_AddGatewayRoleAssignment", None, "Gateway.ReadWrite.All")
        .served(Seen, gateway_roles::add),
    get("/gateways/{gatewayId}/roleAssignments/{gatewayRoleAssignmentId}",
        "Gateways_GetGatewayRoleAssignment", None, reads!("Gateway"))
        .served(Documented, gateway_roles::get),
    patch("/gateways/{gatewayId}/roleAssignments/{gatewayRoleAssignmentId}",
        "Gateways_UpdateGatewayRoleAssignment", None, "Gateway.ReadWrite.All")
        .served(Seen, gateway_roles::update),
    delete("/gateways/{gatewayId}/roleAssignments/{gatewayRoleAssignmentId}",
        "Gateways_DeleteGatewayRoleAssignment", None, "Gateway.ReadWrite.All")
        .served(Seen, gateway_roles::delete),
    post("/gateways/{gatewayId}/shutdown", "Gateways_ShutdownGateway", None, "Gateway.ReadWrite.All")
        .served(Documented, gateways::shut_down),
    get("/connections/{connectionId}/roleAssignments",
        "Connections_ListConnectionRoleAssignments", None, reads!("Connection"))
        .served(Documented, connection_roles::list),
    post("/connections/{connectionId}/roleAssignments",
        "Connections_AddConnectionRoleAssignment", None, "Connection.ReadWrite.All")
        .served(Documented, connection_roles::add),
    get("/connections/{connectionId}/roleAssignments/{connectionRoleAssignmentId}",
        "Connections_GetConnectionRoleAssignment", None, reads!("Connection"))
        .served(Documented, connection_roles::get),
    patch("/connections/{connectionId}/roleAssignments/{connectionRoleAssignmentId}",
        "Connections_UpdateConnectionRoleAssignment", None, "Connection.ReadWrite.All")
        .served(Documented, connection_roles::update),
    delete("/connections/{connectionId}/roleAssignments/{connectionRoleAssignmentId}",
        "Connections_DeleteConnectionRoleAssignment", None, "Connection.ReadWrite.All")
        .served(Documented, connection_roles::delete),
    get(ws!("networking/communicationPolicy"),
        "Workspaces_GetNetworkCommunicationPolicy", Some(Viewer), reads!("Workspace"))
        .item().simplified().served(Documented, networking::get::<CommunicationPolicy>),
    put(ws!("networking/communicationPolicy"),
        "Workspaces_SetNetworkCommunicationPolicy", Some(Admin), "Workspace.ReadWrite.All")
        .simplified().served(Documented, networking::set::<CommunicationPolicy>),
    get(ws!("networking/communicationPolicy/outbound/connections"),
        "Workspaces_GetOutboundCloudConnectionRules", Some(Viewer), reads!("Workspace"))
        .item().simplified().served(Documented, networking::get::<OutboundConnections>),
    put(ws!("networking/communicationPolicy/outbound/connections"),
        "Workspaces_SetOutboundCloudConnectionRules", Some(Admin), "Workspace.ReadWrite.All")
        .simplified().served(Documented, networking::set::<OutboundConnections>),
    get(ws!("networking/communicationPolicy/outbound/gateways"),
        "Workspaces_GetOutboundGatewayRules", Some(Viewer), reads!("Workspace"))
        .item().simplified().served(Documented, networking::get::<OutboundGateways>),
    put(ws!("networking/communicationPolicy/outbound/gateways"),
        "Workspaces_SetOutboundGatewayRules", Some(Admin), "Workspace.ReadWrite.All")
        .simplified().served(Documented, networking::set::<OutboundGateways>),
    get(ws!("networking/communicationPolicy/outbound/git"),
        "Workspaces_GetGitOutboundPolicy", Some(Viewer), reads!("Workspace"))
        .item().simplified().served(Documented, networking::get::<OutboundGit>),
    put(ws!("networking/communicationPolicy/outbound/git"),
        "Workspaces_SetGitOutboundPolicy", Some(Admin), "Workspace.ReadWrite.All")
        .simplified().served(Documented, networking::set::<OutboundGit>),
    get(ws!("networking/communicationPolicy/inbound/azureResources"),
        "Workspaces_GetInboundAzureResourceRules", Some(Viewer), reads!("Workspace"))
        .item().simplified().served(Documented, networking::get::<InboundAzureResources>),
    put(ws!("networking/communicationPolicy/inbound/azureResources"),
        "Workspaces_SetInboundAzureResourceRules", Some(Admin), "Workspace.ReadWrite.All")
        .simplified().served(Documented, networking::set::<InboundAzureResources>),
    get(ws!("networking/communicationPolicy/inbound/externalDataShares"),
        "Workspaces_GetInboundExternalDataSharesPolicy", Some(Viewer), reads!("Workspace"))
        .item().simplified().served(Documented, networking::get::<InboundExternalDataShares>),
    put(ws!("networking/communicationPolicy/inbound/externalDataShares"),
        "Workspaces_SetInboundExternalDataSharesPolicy", Some(Admin), "Workspace.ReadWrite.All")
        .simplified().served(Documented, networking::set::<InboundExternalDataShares>),
    post("/catalog/search", "Catalog_Search", None, "Catalog.Read.All").served(Documented, catalog_search::search),
    post(ws!("items/{itemId}/identities/default/assign"),
        "Items_Associate_Identity_(beta)", Some(Contributor), item_writes!("itemType"))
        .beta().served(Documented, items::associate_identity),
    get(ws!("encryption"), "Workspaces_GetWorkspaceEncryption", Some(Viewer), reads!("Workspace"))
        .simplified().served(Documented, encryption::get),
    post(ws!("encryption/assign"), "Workspaces_AssignWorkspaceEncryption", Some(Admin), "Workspace.ReadWrite.All")
        .simplified().served(Documented, encryption::assign),
    post(ws!("encryption/reset"), "Workspaces_ResetWorkspaceEncryption", Some(Admin), "Workspace.ReadWrite.All")
        .simplified().served(Documented, encryption::reset),
    get(ws!("networking/communicationPolicy/inbound/firewall"),
        "Workspaces_GetFirewallRules", Some(Viewer), reads!("Workspace"))
        .item().simplified().served(Documented, networking::get::<InboundFirewall>),
    put(ws!("networking/communicationPolicy/inbound/firewall"),
        "Workspaces_SetFirewallRules", Some(Admin), "Workspace.ReadWrite.All")
        .simplified().served(Documented, networking::set::<InboundFirewall>),
    get(ws!("items/{itemId}/relations/downstream"),
        "Items_Get_Downstream_Relations_(beta)", Some(Viewer), reads!("Item")).beta().served(Documented, relations::downstream),
    get(ws!("items/{itemId}/relations/upstream"), "Items_Get_Upstream_Relations_(beta)", Some(Viewer), reads!("Item"))
        .beta().served(Documented, relations::upstream),

    // Mirrored databases.
    get(ws!("mirroredDatabases"), "Items_ListMirroredDatabases", Some(Viewer), reads!("Workspace"))
        .of(MirroredDatabase).served(Seen, items::list),
    post(ws!("mirroredDatabases"),
        "Items_CreateMirroredDatabase", Some(Contributor), item_writes!("MirroredDatabase"))
        .item().of(MirroredDatabase).served(Seen, items::create),
    get(ws!("mirroredDatabases/{mirroredDatabaseId}"),
        "Items_GetMirroredDatabase", Some(Viewer), item_reads!("MirroredDatabase"))
        .item().of(MirroredDatabase).served(Seen, items::get),
    patch(ws!("mirroredDatabases/{mirroredDatabaseId}"),
        "Items_UpdateMirroredDatabase", Some(Contributor), item_writes!("MirroredDatabase"))
        .item().of(MirroredDatabase).served(Seen, items::update),
    delete(ws!("mirroredDatabases/{mirroredDatabaseId}"),
        "Items_DeleteMirroredDatabase", Some(Contributor), item_writes!("MirroredDatabase"))
        .of(MirroredDatabase).served(Seen, items::delete),
    post(ws!("mirroredDatabases/{mirroredDatabaseId}/getDefinition"),
        "Items_GetMirroredDatabaseDefinition", Some(Contributor), item_writes!("MirroredDatabase"))
        .of(MirroredDatabase).served(Seen, items::get_definition),
    post(ws!("mirroredDatabases/{mirroredDatabaseId}/updateDefinition"),
        "Items_UpdateMirroredDatabaseDefinition", Some(Contributor), item_writes!("MirroredDatabase"))
        .of(MirroredDatabase).served(Seen, items::update_definition),
    post(ws!("mirroredDatabases/{mirroredDatabaseId}/startMirroring"),
        "Mirroring_StartMirroring", Some(Contributor), item_writes!("MirroredDatabase"))
        .workload().of(MirroredDatabase).served(Seen, mirrored_databases::start),
    post(ws!("mirroredDatabases/{mirroredDatabaseId}/stopMirroring"),
        "Mirroring_StopMirroring", Some(Contributor), item_writes!("MirroredDatabase"))
        .workload().of(MirroredDatabase).served(Seen, mirrored_databases::stop),
    post(ws!("mirroredDatabases/{mirroredDatabaseId}/getMirroringStatus"),
        "Mirroring_GetMirroringStatus", Some(Viewer), item_reads!("MirroredDatabase"))
        .workload().of(MirroredDatabase).served(Seen, mirrored_databases::status),
    post(ws!("mirroredDatabases/{mirroredDatabaseId}/getTablesMirroringStatus"),
        "Mirroring_GetTablesMirroringStatus", Some(Viewer), item_reads!("MirroredDatabase"))
        .workload().of(MirroredDatabase).paged_by_post().served(Seen, mirrored_databases::tables_status),

    // Mirrored catalogs.
    get(ws!("mirroredCatalogs"), "Items_ListMirroredCatalogs", Some(Viewer), reads!("Workspace"))
        .of(MirroredCatalog).served(Documented, items::list),
    post(ws!("mirroredCatalogs"), "Items_CreateMirroredCatalog", Some(Contributor), "Item.ReadWrite.All")
        .item().of(MirroredCatalog).served(Documented, items::create),
    get(ws!("mirroredCatalogs/{mirroredCatalogId}"), "Items_GetMirroredCatalog", Some(Viewer), reads!("Item"))
        .item().of(MirroredCatalog).served(Documented, items::get),
    patch(ws!("mirroredCatalogs/{mirroredCatalogId}"),
        "Items_UpdateMirroredCatalog", Some(Contributor), "Item.ReadWrite.All")
        .item().of(MirroredCatalog).served(Documented, items::update),
    delete(ws!("mirroredCatalogs/{mirroredCatalogId}"),
        "Items_DeleteMirroredCatalog", Some(Contributor), "Item.ReadWrite.All")
        .of(MirroredCatalog).served(Documented, items::delete),
    post(ws!("mirroredCatalogs/{mirroredCatalogId}/getDefinition"),
        "Items_GetMirroredCatalogDefinition", Some(Contributor), "Item.ReadWrite.All")
        .of(MirroredCatalog).served(Documented, items::get_definition),
    post(ws!("mirroredCatalogs/{mirroredCatalogId}/updateDefinition"),
        "Items_UpdateMirroredCatalogDefinition", Some(Contributor), "Item.ReadWrite.All")
        .of(MirroredCatalog).served(Documented, items::update_definition),
    post(ws!("mirroredCatalogs/{mirroredCatalogId}/refreshCatalogMetadata"),
        "Refresh_Refresh_Catalog_Metadata_(beta)", Some(Contributor), "Item.ReadWrite.All")
        .of(MirroredCatalog).beta().served(Documented, catalogs::refresh),
    get(ws!("catalogmirroring/scopes"),
        "Discovery_List_Scopes_(beta)", Some(Viewer), DISCOVER_CATALOG)
        .beta().served(Documented, catalogs::scopes),
    get(ws!("catalogmirroring/tables"),
        "Discovery_List_Tables_(beta)", Some(Viewer), DISCOVER_CATALOG)
        .beta().served(Documented, catalogs::tables),
    get(ws!("mirroredCatalogs/{mirroredCatalogId}/mirroringStatus"),
        "Monitoring_Mirroring_Status_(beta)", Some(Viewer), reads!("Item"))
        .of(MirroredCatalog).beta().served(Documented, catalogs::status),
    get(ws!("mirroredCatalogs/{mirroredCatalogId}/tablesMirroringStatus"),
        "Monitoring_Tables_Mirroring_Status_(beta)", Some(Viewer), reads!("Item"))
        .of(MirroredCatalog).beta().served(Documented, catalogs::tables_status),

    // Mirrored Azure Databricks catalogs.
    get(ws!("mirroredAzureDatabricksCatalogs"),
        "Items_ListMirroredAzureDatabricksCatalogs", Some(Viewer), reads!("Workspace"))
        .of(MirroredAzureDatabricksCatalog).served(Documented, items::list),
    post(ws!("mirroredAzureDatabricksCatalogs"),
        "Items_CreateMirroredAzureDatabricksCatalog", Some(Contributor), item_writes!("MirroredAzureDatabricksCatalog"))
        .item().of(MirroredAzureDatabricksCatalog).served(Documented, items::create),
    get(ws!("mirroredAzureDatabricksCatalogs/{mirroredAzureDatabricksCatalogId}"),
        "Items_GetMirroredAzureDatabricksCatalog", Some(Viewer), item_reads!("MirroredAzureDatabricksCatalog"))
        .item().of(MirroredAzureDatabricksCatalog).served(Documented, items::get),
    patch(ws!("mirroredAzureDatabricksCatalogs/{mirroredAzureDatabricksCatalogId}"),
        "Items_UpdateMirroredAzureDatabricksCatalog", Some(Contributor), EXECUTE_DATABRICKS_CATALOG)
        .item().of(MirroredAzureDatabricksCatalog).served(Documented, items::update),
    delete(ws!("mirroredAzureDatabricksCatalogs/{mirroredAzureDatabricksCatalogId}"),
        "Items_DeleteMirroredAzureDatabricksCatalog", Some(Contributor), item_writes!("MirroredAzureDatabricksCatalog"))
        .of(MirroredAzureDatabricksCatalog).served(Documented, items::delete),
    post(ws!("mirroredAzureDatabricksCatalogs/{mirroredAzureDatabricksCatalogId}/getDefinition"),
        "Items_GetMirroredAzureDatabricksCatalogDefinition",
        Some(Contributor), item_writes!("MirroredAzureDatabricksCatalog"))
        .of(MirroredAzureDatabricksCatalog).served(Documented, items::get_definition),
    post(ws!("mirroredAzureDatabricksCatalogs/{mirroredAzureDatabricksCatalogId}/updateDefinition"),
        "Items_UpdateMirroredAzureDatabricksCatalogDefinition", Some(Contributor), EXECUTE_DATABRICKS_CATALOG)
        .of(MirroredAzureDatabricksCatalog).served(Documented, items::update_definition),
    post(ws!("mirroredAzureDatabricksCatalogs/{mirroredAzureDatabricksCatalogId}/refreshCatalogMetadata"),
        "Refresh_RefreshCatalogMetadata", Some(Contributor), item_writes!("MirroredAzureDatabricksCatalog"))
        .of(MirroredAzureDatabricksCatalog).served(Documented, catalogs::refresh),
    get(ws!("azureDatabricks/catalogs"),
        "Discovery_DiscoverCatalogs", Some(Viewer), DISCOVER_DATABRICKS)
        .served(Documented, catalogs::databricks_catalogs),
    get(ws!("azureDatabricks/catalogs/{catalogName}/schemas"),
        "Discovery_DiscoverSchemas", Some(Viewer), DISCOVER_DATABRICKS)
        .served(Documented, catalogs::databricks_schemas),
    get(ws!("azureDatabricks/catalogs/{catalogName}/schemas/{schemaName}/tables"),
        "Discovery_DiscoverTables", Some(Viewer), DISCOVER_DATABRICKS)
        .served(Documented, catalogs::databricks_tables),

    // Mirrored warehouses.
    get(ws!("mirroredWarehouses"), "Items_ListMirroredWarehouses", Some(Viewer), reads!("Workspace"))
        .of(MirroredWarehouse).served(Documented, items::list),

    // SQL databases.
    get(ws!("sqlDatabases"), "Items_ListSQLDatabases", Some(Viewer), reads!("Workspace"))
        .of(SQLDatabase).served(Documented, items::list),
    post(ws!("sqlDatabases"), "Items_CreateSQLDatabase", Some(Contributor), item_writes!("SQLDatabase"))
        .item().of(SQLDatabase).served(Seen, items::create),
    get(ws!("sqlDatabases/{sqlDatabaseId}"), "Items_GetSQLDatabase", Some(Viewer), item_reads!("SQLDatabase"))
        .item().of(SQLDatabase).served(Seen, items::get),
    patch(ws!("sqlDatabases/{sqlDatabaseId}"),
        "Items_UpdateSQLDatabase", Some(Contributor), item_writes!("SQLDatabase"))
        .item().of(SQLDatabase).served(Documented, items::update),
    delete(ws!("sqlDatabases/{sqlDatabaseId}"),
        "Items_DeleteSQLDatabase", Some(Contributor), item_writes!("SQLDatabase"))
        .of(SQLDatabase).served(Documented, items::delete),
    post(ws!("sqlDatabases/{sqlDatabaseId}/getDefinition"),
        "Items_GetSQLDatabaseDefinition", Some(Contributor), item_writes!("SQLDatabase"))
        .of(SQLDatabase).served(Seen, items::get_definition),
    post(ws!("sqlDatabases/{sqlDatabaseId}/updateDefinition"),
        "Items_UpdateSQLDatabasesDefinition", Some(Contributor), item_writes!("SQLDatabase"))
        .of(SQLDatabase).served(Documented, items::update_definition),
    post(ws!("sqlDatabases/{sqlDatabaseId}/startMirroring"),
        "Mirroring_StartMirroring", Some(Contributor), item_writes!("SQLDatabase"))
        .workload().of(SQLDatabase).served(Documented, mirrored_databases::start),
    post(ws!("sqlDatabases/{sqlDatabaseId}/stopMirroring"),
        "Mirroring_StopMirroring", Some(Contributor), item_writes!("SQLDatabase"))
        .workload().of(SQLDatabase).served(Documented, mirrored_databases::stop),
    post(ws!("sqlDatabases/{sqlDatabaseId}/revalidateCMK"),
        "Items_RevalidateCMK", Some(Contributor), item_writes!("SQLDatabase"))
        .of(SQLDatabase).simplified().served(Documented, sql_databases::revalidate_cmk),
    get(ws!("sqlDatabases/{sqlDatabaseId}/settings/sqlAudit"),
        "SQLAuditSettings_GetSQLAuditSettings", Some(Viewer), item_reads!("SQLDatabase"))
        .of(SQLDatabase).simplified().served(Documented, sql_endpoints::audit),
    patch(ws!("sqlDatabases/{sqlDatabaseId}/settings/sqlAudit"),
        "SQLAuditSettings_UpdateSQLAuditSettings", Some(Contributor), item_writes!("SQLDatabase"))
        .of(SQLDatabase).simplified().served(Documented, sql_endpoints::update_audit),
    get(ws!("sqlDatabases/restorableDeletedDatabases"),
        "Items_ListRestorableDeletedDatabases", Some(Contributor), item_writes!("SQLDatabase"))
        .of(SQLDatabase).served(Seen, sql_databases::restorable),

    // Cosmos DB databases.
    get(ws!("cosmosDbDatabases"), "Items_ListCosmosDBDatabases", Some(Viewer), reads!("Workspace"))
        .of(CosmosDBDatabase).served(Documented, items::list),
    post(ws!("cosmosDbDatabases"), "Items_CreateCosmosDBDatabase", Some(Contributor), "Item.ReadWrite.All")
        .item().of(CosmosDBDatabase).served(Seen, items::create),
    get(ws!("cosmosDbDatabases/{cosmosDbDatabaseId}"), "Items_GetCosmosDBDatabase", Some(Viewer), reads!("Item"))
        .item().of(CosmosDBDatabase).served(Seen, items::get),
    patch(ws!("cosmosDbDatabases/{cosmosDbDatabaseId}"),
        "Items_UpdateCosmosDBDatabase", Some(Contributor), "Item.ReadWrite.All")
        .item().of(CosmosDBDatabase).served(Seen, items::update),
    delete(ws!("cosmosDbDatabases/{cosmosDbDatabaseId}"),
        "Items_DeleteCosmosDBDatabase", Some(Contributor), "Item.ReadWrite.All")
        .of(CosmosDBDatabase).served(Documented, items::delete),
    post(ws!("cosmosDbDatabases/{cosmosDbDatabaseId}/getDefinition"),
        "Items_GetCosmosDBDatabaseDefinition", Some(Contributor), "Item.ReadWrite.All")
        .of(CosmosDBDatabase).served(Seen, items::get_definition),
    post(ws!("cosmosDbDatabases/{cosmosDbDatabaseId}/updateDefinition"),
        "Items_UpdateCosmosDBDatabaseDefinition", Some(Contributor), "Item.ReadWrite.All")
        .of(CosmosDBDatabase).served(Seen, items::update_definition),

    // Snowflake databases.
    get(ws!("snowflakeDatabases"), "Items_ListSnowflakeDatabases", Some(Viewer), reads!("Workspace"))
        .of(SnowflakeDatabase).served(Documented, items::list),
    post(ws!("snowflakeDatabases"), "Items_CreateSnowflakeDatabase", Some(Contributor), "Item.ReadWrite.All")
        .item().of(SnowflakeDatabase).served(Documented, items::create),
    get(ws!("snowflakeDatabases/{snowflakeDatabaseId}"), "Items_GetSnowflakeDatabase", Some(Viewer), reads!("Item"))
        .item().of(SnowflakeDatabase).served(Documented, items::get),
    delete(ws!("snowflakeDatabases/{snowflakeDatabaseId}"),
        "Items_DeleteSnowflakeDatabase", Some(Contributor), "Item.ReadWrite.All")
        .of(SnowflakeDatabase).served(Documented, items::delete),
    patch(ws!("snowflakeDatabases/{snowflakeDatabaseId}"),
        "Items_UpdateSnowflakeDatabase", Some(Contributor), "Item.ReadWrite.All")
        .item().of(SnowflakeDatabase).served(Documented, items::update),
    post(ws!("snowflakeDatabases/{snowflakeDatabaseId}/getDefinition"),
        "Items_GetSnowflakeDatabaseDefinition", Some(Contributor), "Item.ReadWrite.All")
        .of(SnowflakeDatabase).served(Documented, items::get_definition),
    post(ws!("snowflakeDatabases/{snowflakeDatabaseId}/updateDefinition"),
        "Items_UpdateSnowflakeDatabaseDefinition", Some(Contributor), "Item.ReadWrite.All")
        .of(SnowflakeDatabase).served(Documented, items::update_definition),

    // SQL endpoints.
    get(ws!("sqlEndpoints"), "Items_ListSQLEndpoints", Some(Viewer), reads!("Workspace"))
        .of(SQLEndpoint).served(Documented, items::list),
    post(ws!("sqlEndpoints/{sqlEndpointId}/refreshMetadata"),
        "Items_RefreshSqlEndpointMetadata", Some(Contributor), "Item.ReadWrite.All")
        .of(SQLEndpoint).served(Seen, sql_endpoints::refresh_metadata),
    get(ws!("sqlEndpoints/{sqlEndpointId}/connectionString"),
        "Items_GetConnectionString", Some(Viewer), item_reads!("SQLEndpoint"))
        .of(SQLEndpoint).served(Documented, sql_endpoints::connection_string),
    patch(ws!("sqlEndpoints/{itemId}/settings/sqlAudit"),
        "SQLAuditSettings_UpdateSQLAuditSettings", Some(Contributor), "Item.Audit.All")
        .of(SQLEndpoint).simplified().served(Documented, sql_endpoints::update_audit),
    get(ws!("sqlEndpoints/{itemId}/settings/sqlAudit"),
        "SQLAuditSettings_GetSQLAuditSettings", Some(Viewer), item_reads!("SQLEndpoint"))
        .of(SQLEndpoint).simplified().served(Documented, sql_endpoints::audit),
    post(ws!("sqlEndpoints/{itemId}/settings/sqlAudit/setAuditActionsAndGroups"),
        "SQLAuditSettings_SetAuditActionsAndGroups", Some(Contributor), "Item.Audit.All")
        .of(SQLEndpoint).simplified().served(Documented, sql_endpoints::set_audit_groups),

    // Lakehouses.
    get(ws!("lakehouses"), "Items_ListLakehouses", Some(Viewer), reads!("Workspace"))
        .of(Lakehouse).served(Seen, items::list),
    post(ws!("lakehouses"), "Items_CreateLakehouse", Some(Contributor), item_writes!("Lakehouse"))
        .item().of(Lakehouse).served(Seen, items::create),
    get(ws!("lakehouses/{lakehouseId}"), "Items_GetLakehouse", Some(Viewer), item_reads!("Lakehouse"))
        .item().of(Lakehouse).served(Seen, items::get),
    patch(ws!("lakehouses/{lakehouseId}"), "Items_UpdateLakehouse", Some(Contributor), item_writes!("Lakehouse"))
        .item().of(Lakehouse).served(Seen, items::update),
    delete(ws!("lakehouses/{lakehouseId}"), "Items_DeleteLakehouse", Some(Contributor), item_writes!("Lakehouse"))
        .of(Lakehouse).served(Seen, items::delete),
    get(ws!("lakehouses/{lakehouseId}/tables"), "Tables_ListTables", Some(Viewer), reads!("Lakehouse"))
        .of(Lakehouse).simplified().served(Documented, lakehouses::list_tables),
    post(ws!("lakehouses/{lakehouseId}/tables/{tableName}/load"),
        "Tables_LoadTable", Some(Contributor), "Lakehouse.ReadWrite.All")
        .of(Lakehouse).simplified().served(Documented, lakehouses::load_table),
    post(ws!("lakehouses/{lakehouseId}/schemas/{schemaName}/tables/{tableName}/load"),
        "Tables_Load_Schema_Table_(beta)", Some(Contributor), "Lakehouse.ReadWrite.All")
        .of(Lakehouse).beta().simplified().served(Documented, lakehouses::load_schema_table),
    post(ws!("lakehouses/{lakehouseId}/jobs/tableMaintenance/instances"),
        "BackgroundJobs_RunOnDemandTableMaintenance", Some(Contributor), EXECUTE_LAKEHOUSE)
        .of(Lakehouse).simplified().served(Documented, jobs::run),
    post(ws!("lakehouses/{lakehouseId}/jobs/refreshMaterializedLakeViews/schedules"),
        "BackgroundJobs_CreateRefreshMaterializedLakeViewsSchedule", Some(Contributor), SCHEDULE_LAKEHOUSE_JOBS)
        .of(Lakehouse).served(Documented, jobs::create_schedule),
    get(ws!("lakehouses/{lakehouseId}/livySessions"),
        "LivySessions_ListLivySessions", Some(Viewer), item_reads!("Lakehouse"))
        .of(Lakehouse).simplified().served(Documented, lakehouses::list_livy_sessions),
    get(ws!("lakehouses/{lakehouseId}/livySessions/{livyId}"),
        "LivySessions_GetLivySession", Some(Viewer), item_reads!("Lakehouse"))
        .of(Lakehouse).simplified().served(Documented, lakehouses::get_livy_session),
    post(ws!("lakehouses/{lakehouseId}/jobs/refreshMaterializedLakeViews/instances"),
        "BackgroundJobs_RunOnDemandRefreshMaterializedLakeViews", Some(Contributor), EXECUTE_LAKEHOUSE)
        .of(Lakehouse).simplified().served(Documented, jobs::run),
    patch(ws!("lakehouses/{lakehouseId}/jobs/refreshMaterializedLakeViews/schedules/{scheduleId}"),
        "BackgroundJobs_UpdateRefreshMaterializedLakeViewsSchedule", Some(Contributor), SCHEDULE_LAKEHOUSE_JOBS)
        .of(Lakehouse).served(Documented, jobs::update_schedule),
    delete(ws!("lakehouses/{lakehouseId}/jobs/refreshMaterializedLakeViews/schedules/{scheduleId}"),
        "BackgroundJobs_DeleteRefreshMaterializedLakeViewsSchedule", Some(Contributor), item_writes!("Lakehouse"))
        .of(Lakehouse).served(Documented, jobs::delete_schedule),
    post(ws!("lakehouses/{lakehouseId}/getDefinition"),
        "Items_GetLakehouseDefinition", Some(Contributor), item_writes!("Lakehouse"))
        .of(Lakehouse).served(Seen, items::get_definition),
    post(ws!("lakehouses/{lakehouseId}/updateDefinition"),
        "Items_UpdateLakehouseDefinition", Some(Contributor), item_writes!("Lakehouse"))
        .of(Lakehouse).served(Seen, items::update_definition),
    post(ws!("lakehouses/{lakehouseId}/mlvexecutiondefinitions"),
        "MaterializedLakeViews_CreateMlvExecutionDefinition", Some(Contributor), item_writes!("Lakehouse"))
        .of(Lakehouse).simplified().served(Documented, lakehouses::create_execution_definition),
    get(ws!("lakehouses/{lakehouseId}/mlvexecutiondefinitions"),
        "MaterializedLakeViews_ListMlvExecutionDefinitions", Some(Viewer), item_reads!("Lakehouse"))
        .of(Lakehouse).simplified().served(Documented, lakehouses::list_execution_definitions),
    get(ws!("lakehouses/{lakehouseId}/mlvexecutiondefinitions/{mlvExecutionDefinitionId}"),
        "MaterializedLakeViews_GetMlvExecutionDefinition", Some(Viewer), item_reads!("Lakehouse"))
        .of(Lakehouse).simplified().served(Documented, lakehouses::get_execution_definition),
    patch(ws!("lakehouses/{lakehouseId}/mlvexecutiondefinitions/{mlvExecutionDefinitionId}"),
        "MaterializedLakeViews_UpdateMlvExecutionDefinition", Some(Contributor), item_writes!("Lakehouse"))
        .of(Lakehouse).simplified().served(Documented, lakehouses::update_execution_definition),
    delete(ws!("lakehouses/{lakehouseId}/mlvexecutiondefinitions/{mlvExecutionDefinitionId}"),
        "MaterializedLakeViews_DeleteMlvExecutionDefinition", Some(Contributor), item_writes!("Lakehouse"))
        .of(Lakehouse).simplified().served(Documented, lakehouses::delete_execution_definition),
];
