//! The one table of operations: everything that Fabric describes for mirroring and the platform around it.
//!
//! Router, 501s, roles, scopes and rate limits are read from it; `tests/it/coverage.rs` holds it against Microsoft's
//! description. A row without a handler is absent: it answers 501 `NotEmulated`.

use std::sync::LazyLock;

use axum::http::Method;

use crate::fabric::item::ItemKind;
use crate::fabric::item::kinds::{KINDS, KindSpec};
use crate::fabric::role::Role::{self, Admin, Contributor, Member, Viewer};
use crate::fabric::{ErrorCode, FabricError};
use crate::http::answer::Headers;
use crate::http::operations::Fidelity::{Documented, Guessed, Seen};
use crate::http::{
    Handler, bulk, capacities, catalog_search, catalogs, connection_roles, connections, folders, gateways, items,
    long_running_operations, mirrored_databases, role_assignments, shortcuts, sql_databases, sql_endpoints, tags,
    workspaces,
};

/// What an operation's behaviour rests on (docs/fidelity.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fidelity {
    /// The real service was recorded.
    Seen,
    /// Microsoft describes it.
    Documented,
    /// Neither.
    Guessed,
}

/// An operation of Fabric's REST API.
#[derive(Debug)]
pub struct Operation {
    /// The description's `operationId`.
    pub id: &'static str,
    /// Its method.
    pub method: Method,
    /// Its path under `/v1`.
    pub path: &'static str,
    /// The workspace role that it takes at least.
    pub role: Option<Role>,
    /// The delegated scopes of which it takes any, separated by a blank; `A+B` is both. `itemType` is any kind of item.
    pub scopes: &'static str,
    /// The headers of its success.
    pub headers: Headers,
    /// The kind of item that its path is for; the generic routes are for all.
    pub kind: Option<ItemKind>,
    /// The calls after which the real service was seen to block in a window, or is documented to.
    pub limit: Option<u32>,
    served: Option<(Fidelity, Handler)>,
}

impl Operation {
    /// What answers it; `None` while it is absent.
    pub fn handler(&self) -> Option<Handler> {
        self.served.map(|(_, handler)| handler)
    }

    /// What its behaviour rests on; `None` while it is absent.
    pub fn fidelity(&self) -> Option<Fidelity> {
        self.served.map(|(fidelity, _)| fidelity)
    }

    /// Whether it is `served`, `simplified` (it answers, and does less than it says) or `absent`.
    pub fn coverage(&self) -> &'static str {
        match self.served {
            None => "absent",
            Some(_) if SIMPLIFIED.contains(&self.id) => "simplified",
            Some(_) => "served",
        }
    }

    /// Whether it requires `?beta=true`: every beta operation but the two that Microsoft's newest SDKs call without it.
    pub fn is_beta(&self) -> bool {
        self.id.ends_with("(beta)") && !RELEASED.contains(&self.id)
    }

    /// Whether its path names an item, on the generic route or on the kind's own.
    pub fn names_item(&self) -> bool {
        let own = self.kind.is_some() && self.path.matches('{').count() > 1;
        own || self.path.contains("{itemId}")
    }

    /// Whether it is a list that is asked for with POST, although its pages have addresses to get (docs/fidelity.md#tables).
    pub(super) fn is_paged_by_post(&self) -> bool {
        self.method == Method::POST && self.path.ends_with("/getTablesMirroringStatus")
    }

    /// What its calls are counted under: ids are not unique in the description, paths are with their method.
    pub(super) fn key(&'static self) -> (&'static str, &'static str) {
        (self.method.as_str(), self.path)
    }

    /// The refusal while it is absent.
    pub(super) fn not_emulated(&self) -> FabricError {
        let Self { id, method, path, .. } = self;
        FabricError::new(ErrorCode::NotEmulated).message(format!(
            "Specularite does not emulate {id} ({method} /v1{path}). What it emulates stands in docs/fidelity.md; \
             what needs this operation needs the real service."
        ))
    }

    const fn new(
        method: Method,
        path: &'static str,
        id: &'static str,
        role: Option<Role>,
        scopes: &'static str,
    ) -> Self {
        Self { id, method, path, role, scopes, headers: Headers::Core, kind: None, limit: None, served: None }
    }

    /// Answers with an item.
    const fn item(mut self) -> Self {
        self.headers = Headers::Item;
        self
    }

    /// Is answered by the mirroring workload.
    const fn workload(mut self) -> Self {
        self.headers = Headers::Workload;
        self
    }

    const fn of(mut self, kind: ItemKind) -> Self {
        self.kind = Some(kind);
        self
    }

    const fn limited(mut self, calls: u32) -> Self {
        self.limit = Some(calls);
        self
    }

    const fn served(mut self, fidelity: Fidelity, handler: Handler) -> Self {
        self.served = Some((fidelity, handler));
        self
    }
}

const fn get(path: &'static str, id: &'static str, role: Option<Role>, scopes: &'static str) -> Operation {
    Operation::new(Method::GET, path, id, role, scopes)
}

const fn post(path: &'static str, id: &'static str, role: Option<Role>, scopes: &'static str) -> Operation {
    Operation::new(Method::POST, path, id, role, scopes)
}

const fn patch(path: &'static str, id: &'static str, role: Option<Role>, scopes: &'static str) -> Operation {
    Operation::new(Method::PATCH, path, id, role, scopes)
}

const fn put(path: &'static str, id: &'static str, role: Option<Role>, scopes: &'static str) -> Operation {
    Operation::new(Method::PUT, path, id, role, scopes)
}

const fn delete(path: &'static str, id: &'static str, role: Option<Role>, scopes: &'static str) -> Operation {
    Operation::new(Method::DELETE, path, id, role, scopes)
}

/// Beta operations for which `beta` is optional: microsoft-fabric-api 0.1.0b30 no longer sends it.
const RELEASED: &[&str] = &["Items_Bulk_Export_Item_Definitions_(beta)", "Items_Bulk_Import_Item_Definitions_(beta)"];

/// Operations that answer and have no effect beyond what they show: docs/fidelity.md says of each what is left out.
const SIMPLIFIED: &[&str] = &[
    "Connections_TestConnection",
    "Domains_GetDomain",
    "Domains_ListDomains",
    "Gateways_GetGateway",
    "Gateways_ListGateways",
    "Items_RevalidateCMK",
    "OneLakeShortcuts_CreateShortcut",
    "OneLakeShortcuts_DeleteShortcut",
    "OneLakeShortcuts_GetShortcut",
    "OneLakeShortcuts_ListShortcuts",
    "SQLAuditSettings_GetSQLAuditSettings",
    "SQLAuditSettings_SetAuditActionsAndGroups",
    "SQLAuditSettings_UpdateSQLAuditSettings",
];

/// Operations that are not in the description of mirroring: the common routes of the other kinds, and the absent rest of the public
/// API (`fixtures/absent-operations.tsv`).
pub static UNDESCRIBED: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let described = |spec: &KindSpec| OPERATIONS.iter().any(|operation| operation.kind == Some(spec.kind));
    let of_kinds = KINDS.iter().filter(|spec| !described(spec)).flat_map(of_kind);
    let refused = KINDS.iter().filter(|spec| !spec.can_be_created).map(|spec| create(spec).served(Seen, items::create));
    of_kinds.chain(refused).chain([sql_endpoint()]).chain(absent()).collect()
});

/// Every operation: those of [`OPERATIONS`], then those of [`UNDESCRIBED`].
pub fn all() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().chain(UNDESCRIBED.iter())
}

/// A text that lives as long as the program: the tables are made once.
fn leaked(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// The operations of the public API and of its newest SDKs that are not served. Their roles and scopes do not matter.
fn absent() -> impl Iterator<Item = Operation> {
    let rows = include_str!("../../fixtures/absent-operations.tsv").lines().skip(1);
    rows.filter_map(|row| {
        let mut columns = row.split('\t');
        let method = columns.next()?.parse().ok()?;
        Some(Operation::new(method, columns.next()?, columns.next()?, None, ""))
    })
}

/// The creation of an item on its kind's own route.
fn create(spec: &KindSpec) -> Operation {
    let KindSpec { kind, name, collection, .. } = *spec;
    let path = leaked(format!("/workspaces/{{workspaceId}}/{collection}"));
    let scopes = leaked(format!("Item.ReadWrite.All {name}.ReadWrite.All"));
    post(path, leaked(format!("Items_Create{name}")), Some(Contributor), scopes).item().of(kind)
}

/// The get of a single SQL endpoint. The description has only the list; the service answered a live probe.
fn sql_endpoint() -> Operation {
    let scopes = "Item.Read.All Item.ReadWrite.All SQLEndpoint.Read.All SQLEndpoint.ReadWrite.All";
    get("/workspaces/{workspaceId}/sqlEndpoints/{sqlEndpointId}", "Items_GetSQLEndpoint", Some(Viewer), scopes)
        .item()
        .of(ItemKind::SQLEndpoint)
        .served(Seen, items::get)
}

/// The operations of a kind's own routes.
fn of_kind(spec: &KindSpec) -> Vec<Operation> {
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
    operations.into_iter().map(|operation| operation.of(kind)).collect()
}

/// The table: path, id, role, scopes; then headers, kind, limit, and what serves it.
#[rustfmt::skip]
pub static OPERATIONS: &[Operation] = &[
    // The platform: workspaces, items, connections, capacities and all that is around them.
    post("/workspaces", "Workspaces_CreateWorkspace", None, "Workspace.ReadWrite.All").served(Seen, workspaces::create),
    get("/workspaces", "Workspaces_ListWorkspaces", None, "Workspace.Read.All Workspace.ReadWrite.All").served(Seen, workspaces::list),
    get("/workspaces/{workspaceId}", "Workspaces_GetWorkspace", Some(Viewer), "Workspace.Read.All Workspace.ReadWrite.All").served(Seen, workspaces::get),
    patch("/workspaces/{workspaceId}", "Workspaces_UpdateWorkspace", Some(Admin), "Workspace.ReadWrite.All").served(Documented, workspaces::update),
    delete("/workspaces/{workspaceId}", "Workspaces_DeleteWorkspace", Some(Admin), "Workspace.ReadWrite.All").served(Seen, workspaces::delete),
    post("/workspaces/{workspaceId}/roleAssignments", "Workspaces_AddWorkspaceRoleAssignment", Some(Member), "Workspace.ReadWrite.All").served(Seen, role_assignments::add),
    get("/workspaces/{workspaceId}/roleAssignments", "Workspaces_ListWorkspaceRoleAssignments", Some(Member), "Workspace.Read.All Workspace.ReadWrite.All").served(Seen, role_assignments::list),
    delete("/workspaces/{workspaceId}/roleAssignments/{workspaceRoleAssignmentId}", "Workspaces_DeleteWorkspaceRoleAssignment", Some(Admin), "Workspace.ReadWrite.All").served(Seen, role_assignments::delete),
    patch("/workspaces/{workspaceId}/roleAssignments/{workspaceRoleAssignmentId}", "Workspaces_UpdateWorkspaceRoleAssignment", Some(Admin), "Workspace.ReadWrite.All").served(Seen, role_assignments::update),
    get("/workspaces/{workspaceId}/roleAssignments/{workspaceRoleAssignmentId}", "Workspaces_GetWorkspaceRoleAssignment", Some(Member), "Workspace.Read.All Workspace.ReadWrite.All").served(Documented, role_assignments::get),
    get("/workspaces/{workspaceId}/items", "Items_ListItems", Some(Viewer), "Workspace.Read.All Workspace.ReadWrite.All").served(Seen, items::list),
    post("/workspaces/{workspaceId}/items", "Items_CreateItem", Some(Contributor), "Item.ReadWrite.All itemType.ReadWrite.All").item().served(Seen, items::create),
    get("/workspaces/{workspaceId}/items/{itemId}", "Items_GetItem", Some(Viewer), "Item.Read.All Item.ReadWrite.All itemType.Read.All itemType.ReadWrite.All").item().served(Seen, items::get),
    patch("/workspaces/{workspaceId}/items/{itemId}", "Items_UpdateItem", Some(Contributor), "Item.ReadWrite.All itemType.ReadWrite.All").item().served(Seen, items::update),
    delete("/workspaces/{workspaceId}/items/{itemId}", "Items_DeleteItem", Some(Contributor), "Item.ReadWrite.All itemType.ReadWrite.All").served(Seen, items::delete),
    post("/workspaces/{workspaceId}/items/{itemId}/getDefinition", "Items_GetItemDefinition", Some(Contributor), "Item.ReadWrite.All itemType.ReadWrite.All").served(Seen, items::get_definition),
    post("/workspaces/{workspaceId}/items/{itemId}/updateDefinition", "Items_UpdateItemDefinition", Some(Contributor), "Item.ReadWrite.All itemType.ReadWrite.All").served(Seen, items::update_definition),
    post("/workspaces/{workspaceId}/items/bulkExportDefinitions", "Items_Bulk_Export_Item_Definitions_(beta)", Some(Contributor), "Item.ReadWrite.All").served(Documented, bulk::export),
    post("/workspaces/{workspaceId}/items/bulkImportDefinitions", "Items_Bulk_Import_Item_Definitions_(beta)", Some(Contributor), "Item.ReadWrite.All").served(Documented, bulk::import),
    get("/workspaces/{workspaceId}/items/{itemId}/jobs/{jobType}/schedules", "JobScheduler_ListItemSchedules", Some(Viewer), "Item.Read.All Item.ReadWrite.All itemType.Read.All itemType.ReadWrite.All"),
    post("/workspaces/{workspaceId}/items/{itemId}/jobs/{jobType}/schedules", "JobScheduler_CreateItemSchedule", Some(Contributor), "Item.Execute.All+Item.ReadWrite.All"),
    get("/workspaces/{workspaceId}/items/{itemId}/jobs/{jobType}/schedules/{scheduleId}", "JobScheduler_GetItemSchedule", Some(Viewer), "Item.Read.All Item.ReadWrite.All itemType.Read.All itemType.ReadWrite.All"),
    patch("/workspaces/{workspaceId}/items/{itemId}/jobs/{jobType}/schedules/{scheduleId}", "JobScheduler_UpdateItemSchedule", Some(Contributor), "Item.Execute.All+Item.ReadWrite.All"),
    delete("/workspaces/{workspaceId}/items/{itemId}/jobs/{jobType}/schedules/{scheduleId}", "JobScheduler_DeleteItemSchedule", Some(Contributor), "Item.ReadWrite.All itemType.ReadWrite.All"),
    get("/workspaces/{workspaceId}/items/{itemId}/jobs/instances/{jobInstanceId}", "JobScheduler_GetItemJobInstance", Some(Viewer), "Item.Read.All Item.ReadWrite.All itemType.Read.All itemType.ReadWrite.All"),
    get("/workspaces/{workspaceId}/items/{itemId}/jobs/instances", "JobScheduler_ListItemJobInstances", Some(Viewer), "Item.Read.All Item.ReadWrite.All itemType.Read.All itemType.ReadWrite.All"),
    post("/workspaces/{workspaceId}/items/{itemId}/jobs/{jobType}/instances", "JobScheduler_RunOnDemandItemJob", Some(Contributor), "Item.Execute.All itemType.Execute.All"),
    post("/workspaces/{workspaceId}/items/{itemId}/jobs/instances/{jobInstanceId}/cancel", "JobScheduler_CancelItemJobInstance", Some(Contributor), "Item.Execute.All itemType.Execute.All"),
    post("/workspaces/{workspaceId}/assignToCapacity", "Workspaces_AssignToCapacity", Some(Admin), "Capacity.ReadWrite.All+Workspace.ReadWrite.All").served(Documented, workspaces::assign_to_capacity),
    post("/workspaces/{workspaceId}/unassignFromCapacity", "Workspaces_UnassignFromCapacity", Some(Admin), "Capacity.ReadWrite.All+Workspace.ReadWrite.All").served(Documented, workspaces::unassign_from_capacity),
    post("/workspaces/{workspaceId}/assignToDomain", "Workspaces_AssignToDomain", Some(Admin), "Workspace.ReadWrite.All"),
    post("/workspaces/{workspaceId}/unassignFromDomain", "Workspaces_UnassignFromDomain", Some(Admin), "Workspace.ReadWrite.All"),
    get("/workspaces/{workspaceId}/git/connection", "Git_GetConnection", Some(Contributor), "Workspace.Read.All Workspace.ReadWrite.All"),
    post("/workspaces/{workspaceId}/git/connect", "Git_Connect", Some(Admin), "Workspace.ReadWrite.All"),
    post("/workspaces/{workspaceId}/git/disconnect", "Git_Disconnect", Some(Admin), "Workspace.ReadWrite.All"),
    post("/workspaces/{workspaceId}/git/initializeConnection", "Git_InitializeConnection", Some(Admin), "Workspace.ReadWrite.All"),
    post("/workspaces/{workspaceId}/git/updateFromGit", "Git_UpdateFromGit", Some(Contributor), "Workspace.GitUpdate.All"),
    get("/workspaces/{workspaceId}/git/status", "Git_GetStatus", Some(Contributor), "Workspace.GitCommit.All Workspace.GitUpdate.All"),
    post("/workspaces/{workspaceId}/git/commitToGit", "Git_CommitToGit", Some(Contributor), "Workspace.GitCommit.All"),
    get("/workspaces/{workspaceId}/git/myGitCredentials", "Git_GetMyGitCredentials", Some(Contributor), "Workspace.Read.All Workspace.ReadWrite.All"),
    patch("/workspaces/{workspaceId}/git/myGitCredentials", "Git_UpdateMyGitCredentials", Some(Contributor), "Workspace.ReadWrite.All"),
    get("/workspaces/{workspaceId}/git/workspaceRelations", "Git_ListWorkspaceRelations", Some(Viewer), "Workspace.Read.All Workspace.ReadWrite.All"),
    post("/workspaces/{workspaceId}/git/workspaceRelations", "Git_CreateWorkspaceRelation", Some(Admin), "Workspace.ReadWrite.All"),
    delete("/workspaces/{workspaceId}/git/workspaceRelations/{workspaceRelationId}", "Git_DeleteWorkspaceRelation", Some(Admin), "Workspace.ReadWrite.All"),
    get("/capacities", "Capacities_ListCapacities", None, "Capacity.Read.All Capacity.ReadWrite.All").served(Seen, capacities::list),
    get("/capacities/{capacityId}", "Capacities_GetCapacity", None, "Capacity.Read.All Capacity.ReadWrite.All").served(Documented, capacities::get),
    get("/operations/{operationId}", "LongRunningOperations_GetOperationState", None, "").served(Seen, long_running_operations::get_state),
    get("/operations/{operationId}/result", "LongRunningOperations_GetOperationResult", None, "").served(Seen, long_running_operations::get_result),
    post("/workspaces/{workspaceId}/items/{itemId}/shortcuts/bulkCreate", "OneLakeShortcuts_CreatesShortcutsInBulk", Some(Contributor), "OneLake.ReadWrite.All"),
    get("/workspaces/{workspaceId}/items/{itemId}/shortcuts", "OneLakeShortcuts_ListShortcuts", Some(Viewer), "OneLake.Read.All OneLake.ReadWrite.All").served(Documented, shortcuts::list),
    post("/workspaces/{workspaceId}/items/{itemId}/shortcuts", "OneLakeShortcuts_CreateShortcut", Some(Contributor), "OneLake.ReadWrite.All").served(Documented, shortcuts::create),
    get("/workspaces/{workspaceId}/items/{itemId}/shortcuts/{shortcutPath}/{shortcutName}", "OneLakeShortcuts_GetShortcut", Some(Viewer), "OneLake.Read.All OneLake.ReadWrite.All").served(Documented, shortcuts::get),
    delete("/workspaces/{workspaceId}/items/{itemId}/shortcuts/{shortcutPath}/{shortcutName}", "OneLakeShortcuts_DeleteShortcut", Some(Contributor), "OneLake.ReadWrite.All").served(Documented, shortcuts::delete),
    get("/tags", "Tags_ListTags", None, "Tag.Read.All").limited(25).served(Documented, tags::list),
    get("/domains", "Domains_ListDomains", None, "Domain.Read.All").served(Guessed, gateways::list),
    get("/domains/{domainId}", "Domains_GetDomain", None, "Domain.Read.All").served(Guessed, gateways::get),
    post("/workspaces/{workspaceId}/onelake/resetShortcutCache", "OneLakeShortcuts_ResetShortcutCache", Some(Contributor), "OneLake.ReadWrite.All"),
    get("/workspaces/{workspaceId}/onelake/settings", "OneLakeSettings_GetSettings", Some(Admin), "OneLake.Read.All OneLake.ReadWrite.All"),
    post("/workspaces/{workspaceId}/onelake/settings/modifyDiagnostics", "OneLakeSettings_ModifyDiagnostics", Some(Admin), "OneLake.ReadWrite.All"),
    post("/workspaces/{workspaceId}/onelake/settings/modifyImmutabilityPolicy", "OneLakeSettings_ModifyImmutabilityPolicy", Some(Admin), "OneLake.ReadWrite.All"),
    post("/workspaces/{workspaceId}/onelake/settings/modifyDefaultTier", "OneLakeSettings_ModifyDefaultTier", Some(Admin), "OneLake.ReadWrite.All"),
    post("/workspaces/{workspaceId}/onelake/lifecycle/exportPolicy", "OneLakeLifecyclePolicy_ExportPolicy", Some(Admin), "OneLake.Read.All OneLake.ReadWrite.All"),
    post("/workspaces/{workspaceId}/onelake/lifecycle/importPolicy", "OneLakeLifecyclePolicy_ImportPolicy", Some(Admin), "OneLake.ReadWrite.All"),
    get("/deploymentPipelines", "DeploymentPipelines_ListDeploymentPipelines", None, "Pipeline.Read.All Pipeline.ReadWrite.All"),
    post("/deploymentPipelines", "DeploymentPipelines_CreateDeploymentPipeline", None, "Pipeline.ReadWrite.All"),
    get("/deploymentPipelines/{deploymentPipelineId}", "DeploymentPipelines_GetDeploymentPipeline", None, "Pipeline.Read.All Pipeline.ReadWrite.All"),
    patch("/deploymentPipelines/{deploymentPipelineId}", "DeploymentPipelines_UpdateDeploymentPipeline", None, "Pipeline.ReadWrite.All"),
    delete("/deploymentPipelines/{deploymentPipelineId}", "DeploymentPipelines_DeleteDeploymentPipeline", None, "Pipeline.ReadWrite.All"),
    get("/deploymentPipelines/{deploymentPipelineId}/roleAssignments", "DeploymentPipelines_ListDeploymentPipelineRoleAssignments", None, "Pipeline.Read.All Pipeline.ReadWrite.All"),
    post("/deploymentPipelines/{deploymentPipelineId}/roleAssignments", "DeploymentPipelines_AddDeploymentPipelineRoleAssignment", None, "Pipeline.ReadWrite.All"),
    delete("/deploymentPipelines/{deploymentPipelineId}/roleAssignments/{principalId}", "DeploymentPipelines_DeleteDeploymentPipelineRoleAssignment", None, "Pipeline.ReadWrite.All"),
    get("/deploymentPipelines/{deploymentPipelineId}/operations", "DeploymentPipelines_ListDeploymentPipelineOperations", None, "Pipeline.Read.All Pipeline.ReadWrite.All"),
    get("/deploymentPipelines/{deploymentPipelineId}/operations/{operationId}", "DeploymentPipelines_GetDeploymentPipelineOperation", None, "Pipeline.Read.All Pipeline.ReadWrite.All"),
    get("/deploymentPipelines/{deploymentPipelineId}/stages", "DeploymentPipelines_ListDeploymentPipelineStages", None, "Pipeline.Read.All Pipeline.ReadWrite.All"),
    get("/deploymentPipelines/{deploymentPipelineId}/stages/{stageId}", "DeploymentPipelines_GetDeploymentPipelineStage", None, "Pipeline.Read.All Pipeline.ReadWrite.All"),
    patch("/deploymentPipelines/{deploymentPipelineId}/stages/{stageId}", "DeploymentPipelines_UpdateDeploymentPipelineStage", None, "Pipeline.ReadWrite.All"),
    get("/deploymentPipelines/{deploymentPipelineId}/stages/{stageId}/items", "DeploymentPipelines_ListDeploymentPipelineStageItems", None, "Pipeline.Read.All Pipeline.ReadWrite.All"),
    post("/deploymentPipelines/{deploymentPipelineId}/deploy", "DeploymentPipelines_DeployStageContent", None, ""),
    post("/deploymentPipelines/{deploymentPipelineId}/stages/{stageId}/assignWorkspace", "DeploymentPipelines_AssignWorkspaceToStage", None, "Pipeline.ReadWrite.All+Workspace.ReadWrite.All"),
    post("/deploymentPipelines/{deploymentPipelineId}/stages/{stageId}/unassignWorkspace", "DeploymentPipelines_UnassignWorkspaceFromStage", None, "Pipeline.ReadWrite.All"),
    get("/workspaces/{workspaceId}/items/{itemId}/dataAccessRoles", "OneLakeDataAccessSecurity_ListDataAccessRoles", Some(Viewer), "OneLake.Read.All OneLake.ReadWrite.All"),
    put("/workspaces/{workspaceId}/items/{itemId}/dataAccessRoles", "OneLakeDataAccessSecurity_CreateOrUpdateDataAccessRoles", Some(Contributor), "OneLake.ReadWrite.All"),
    post("/workspaces/{workspaceId}/items/{itemId}/dataAccessRoles", "OneLakeDataAccessSecurity_CreateOrUpdateSingleDataAccessRole", Some(Member), "OneLake.ReadWrite.All"),
    get("/workspaces/{workspaceId}/items/{itemId}/dataAccessRoles/{roleName}", "OneLakeDataAccessSecurity_GetDataAccessRole", Some(Member), "OneLake.Read.All OneLake.ReadWrite.All"),
    delete("/workspaces/{workspaceId}/items/{itemId}/dataAccessRoles/{roleName}", "OneLakeDataAccessSecurity_DeleteDataAccessRole", Some(Member), "OneLake.ReadWrite.All"),
    post("/workspaces/{workspaceId}/provisionIdentity", "Workspaces_ProvisionIdentity", Some(Admin), "Workspace.ReadWrite.All").served(Seen, workspaces::provision_identity),
    post("/workspaces/{workspaceId}/deprovisionIdentity", "Workspaces_DeprovisionIdentity", Some(Admin), "Workspace.ReadWrite.All").served(Seen, workspaces::deprovision_identity),
    post("/workspaces/{workspaceId}/items/{itemId}/externalDataShares", "ExternalDataSharesProvider_CreateExternalDataShare", Some(Contributor), "Item.ExternalDataShare.All Lakehouse.ExternalDataShare.All itemType.ExternalDataShare.All"),
    get("/workspaces/{workspaceId}/items/{itemId}/externalDataShares", "ExternalDataSharesProvider_ListExternalDataSharesInItem", Some(Contributor), "Item.ExternalDataShare.All Lakehouse.ExternalDataShare.All itemType.ExternalDataShare.All").limited(10),
    get("/workspaces/{workspaceId}/items/{itemId}/externalDataShares/{externalDataShareId}", "ExternalDataSharesProvider_GetExternalDataShare", Some(Contributor), "Item.ExternalDataShare.All Lakehouse.ExternalDataShare.All itemType.ExternalDataShare.All"),
    delete("/workspaces/{workspaceId}/items/{itemId}/externalDataShares/{externalDataShareId}", "ExternalDataSharesProvider_DeleteExternalDataShare", Some(Contributor), "Item.ExternalDataShare.All Lakehouse.ExternalDataShare.All itemType.ExternalDataShare.All"),
    post("/workspaces/{workspaceId}/items/{itemId}/externalDataShares/{externalDataShareId}/revoke", "ExternalDataSharesProvider_RevokeExternalDataShare", Some(Contributor), "Item.ExternalDataShare.All Lakehouse.ExternalDataShare.All itemType.ExternalDataShare.All"),
    get("/externalDataShares/invitations/{invitationId}", "ExternalDataSharesRecipient_GetExternalDataShareInvitationDetails", None, "ExternalDataShare.Accept.All"),
    post("/externalDataShares/invitations/{invitationId}/accept", "ExternalDataSharesRecipient_AcceptExternalDataShareInvitation", None, "ExternalDataShare.Accept.All+Item.ReadWrite.All ExternalDataShare.Accept.All+itemType.ReadWrite.All"),
    get("/workspaces/{workspaceId}/items/{itemId}/connections", "Items_ListItemConnections", Some(Contributor), "Item.ReadWrite.All itemType.ReadWrite.All").served(Guessed, items::connections),
    post("/workspaces/{workspaceId}/items/{itemId}/applyTags", "Tags_ApplyTags", Some(Contributor), "Item.ReadWrite.All ItemMetadata.ReadWrite.All itemType.ReadWrite.All").limited(25).served(Documented, tags::apply),
    post("/workspaces/{workspaceId}/items/{itemId}/unapplyTags", "Tags_UnapplyTags", Some(Contributor), "Item.ReadWrite.All ItemMetadata.ReadWrite.All itemType.ReadWrite.All").limited(25).served(Documented, tags::unapply),
    post("/workspaces/{workspaceId}/applyTags", "Workspaces_ApplyWorkspaceTags", Some(Admin), "Workspace.ReadWrite.All").served(Documented, tags::apply_to_workspace),
    post("/workspaces/{workspaceId}/unapplyTags", "Workspaces_UnapplyWorkspaceTags", Some(Admin), "Tenant.ReadWrite.All").served(Documented, tags::unapply_from_workspace),
    get("/workspaces/{workspaceId}/folders", "Folders_ListFolders", Some(Viewer), "Workspace.Read.All Workspace.ReadWrite.All").limited(10).served(Seen, folders::list),
    post("/workspaces/{workspaceId}/folders", "Folders_CreateFolder", Some(Contributor), "Workspace.ReadWrite.All").served(Seen, folders::create),
    get("/workspaces/{workspaceId}/folders/{folderId}", "Folders_GetFolder", Some(Viewer), "Workspace.Read.All Workspace.ReadWrite.All").served(Seen, folders::get),
    patch("/workspaces/{workspaceId}/folders/{folderId}", "Folders_UpdateFolder", Some(Contributor), "Workspace.ReadWrite.All").served(Seen, folders::update),
    delete("/workspaces/{workspaceId}/folders/{folderId}", "Folders_DeleteFolder", Some(Contributor), "Workspace.ReadWrite.All").served(Seen, folders::delete),
    post("/workspaces/{workspaceId}/folders/{folderId}/move", "Folders_MoveFolder", Some(Contributor), "Workspace.ReadWrite.All").served(Documented, folders::relocate),
    post("/workspaces/{workspaceId}/items/bulkMove", "Items_BulkMoveItems", Some(Contributor), "Workspace.ReadWrite.All").served(Documented, items::bulk_relocate),
    post("/workspaces/{workspaceId}/items/{itemId}/move", "Items_MoveItem", Some(Contributor), "Workspace.ReadWrite.All").served(Documented, items::relocate),
    get("/workspaces/{workspaceId}/managedPrivateEndpoints", "ManagedPrivateEndpoints_ListWorkspaceManagedPrivateEndpoints", Some(Viewer), "Workspace.Read.All Workspace.ReadWrite.All"),
    post("/workspaces/{workspaceId}/managedPrivateEndpoints", "ManagedPrivateEndpoints_CreateWorkspaceManagedPrivateEndpoint", Some(Admin), "Workspace.ReadWrite.All"),
    delete("/workspaces/{workspaceId}/managedPrivateEndpoints/{managedPrivateEndpointId}", "ManagedPrivateEndpoints_DeleteWorkspaceManagedPrivateEndpoint", Some(Admin), "Workspace.ReadWrite.All"),
    get("/workspaces/{workspaceId}/managedPrivateEndpoints/{managedPrivateEndpointId}", "ManagedPrivateEndpoints_GetWorkspaceManagedPrivateEndpoint", Some(Viewer), "Workspace.Read.All Workspace.ReadWrite.All"),
    get("/connections", "Connections_ListConnections", None, "Connection.Read.All Connection.ReadWrite.All").limited(10).served(Seen, connections::list),
    post("/connections", "Connections_CreateConnection", None, "Connection.ReadWrite.All").served(Seen, connections::create),
    get("/connections/{connectionId}", "Connections_GetConnection", None, "Connection.Read.All Connection.ReadWrite.All").served(Seen, connections::get),
    patch("/connections/{connectionId}", "Connections_UpdateConnection", None, "Connection.ReadWrite.All").served(Seen, connections::update),
    delete("/connections/{connectionId}", "Connections_DeleteConnection", None, "Connection.ReadWrite.All").served(Seen, connections::delete),
    post("/connections/{connectionId}/testConnection", "Connections_TestConnection", None, "Connection.Read.All Connection.ReadWrite.All").served(Documented, connections::test),
    get("/connections/supportedConnectionTypes", "Connections_ListSupportedConnectionTypes", None, "Connection.Read.All Connection.ReadWrite.All").served(Seen, connections::supported_types),
    get("/gateways", "Gateways_ListGateways", None, "Gateway.Read.All Gateway.ReadWrite.All").served(Guessed, gateways::list),
    post("/gateways", "Gateways_CreateGateway", None, "Gateway.ReadWrite.All"),
    get("/gateways/{gatewayId}", "Gateways_GetGateway", None, "Gateway.Read.All Gateway.ReadWrite.All").served(Guessed, gateways::get),
    patch("/gateways/{gatewayId}", "Gateways_UpdateGateway", None, "Gateway.ReadWrite.All"),
    delete("/gateways/{gatewayId}", "Gateways_DeleteGateway", None, "Gateway.ReadWrite.All"),
    get("/gateways/{gatewayId}/members", "Gateways_ListGatewayMembers", None, "Gateway.Read.All Gateway.ReadWrite.All"),
    patch("/gateways/{gatewayId}/members/{gatewayMemberId}", "Gateways_UpdateGatewayMember", None, "Gateway.ReadWrite.All"),
    delete("/gateways/{gatewayId}/members/{gatewayMemberId}", "Gateways_DeleteGatewayMember", None, "Gateway.ReadWrite.All"),
    post("/gateways/{gatewayId}/checkStatus", "Gateways_CheckGatewayStatus", None, "Gateway.Read.All Gateway.ReadWrite.All"),
    post("/gateways/{gatewayId}/members/{gatewayMemberId}/checkStatus", "Gateways_CheckGatewayMemberStatus", None, "Gateway.Read.All Gateway.ReadWrite.All"),
    post("/gateways/{gatewayId}/restart", "Gateways_RestartGateway", None, "Gateway.ReadWrite.All"),
    get("/gateways/{gatewayId}/roleAssignments", "Gateways_ListGatewayRoleAssignments", None, "Gateway.Read.All Gateway.ReadWrite.All"),
    post("/gateways/{gatewayId}/roleAssignments", "Gateways_AddGatewayRoleAssignment", None, "Gateway.ReadWrite.All"),
    get("/gateways/{gatewayId}/roleAssignments/{gatewayRoleAssignmentId}", "Gateways_GetGatewayRoleAssignment", None, "Gateway.Read.All Gateway.ReadWrite.All"),
    patch("/gateways/{gatewayId}/roleAssignments/{gatewayRoleAssignmentId}", "Gateways_UpdateGatewayRoleAssignment", None, "Gateway.ReadWrite.All"),
    delete("/gateways/{gatewayId}/roleAssignments/{gatewayRoleAssignmentId}", "Gateways_DeleteGatewayRoleAssignment", None, "Gateway.ReadWrite.All"),
    post("/gateways/{gatewayId}/shutdown", "Gateways_ShutdownGateway", None, "Gateway.ReadWrite.All"),
    get("/connections/{connectionId}/roleAssignments", "Connections_ListConnectionRoleAssignments", None, "Connection.Read.All Connection.ReadWrite.All").served(Documented, connection_roles::list),
    post("/connections/{connectionId}/roleAssignments", "Connections_AddConnectionRoleAssignment", None, "Connection.ReadWrite.All").served(Documented, connection_roles::add),
    get("/connections/{connectionId}/roleAssignments/{connectionRoleAssignmentId}", "Connections_GetConnectionRoleAssignment", None, "Connection.Read.All Connection.ReadWrite.All").served(Documented, connection_roles::get),
    patch("/connections/{connectionId}/roleAssignments/{connectionRoleAssignmentId}", "Connections_UpdateConnectionRoleAssignment", None, "Connection.ReadWrite.All").served(Documented, connection_roles::update),
    delete("/connections/{connectionId}/roleAssignments/{connectionRoleAssignmentId}", "Connections_DeleteConnectionRoleAssignment", None, "Connection.ReadWrite.All").served(Documented, connection_roles::delete),
    get("/workspaces/{workspaceId}/networking/communicationPolicy", "Workspaces_GetNetworkCommunicationPolicy", Some(Viewer), "Workspace.Read.All Workspace.ReadWrite.All"),
    put("/workspaces/{workspaceId}/networking/communicationPolicy", "Workspaces_SetNetworkCommunicationPolicy", Some(Admin), "Workspace.ReadWrite.All"),
    get("/workspaces/{workspaceId}/networking/communicationPolicy/outbound/connections", "Workspaces_GetOutboundCloudConnectionRules", Some(Viewer), "Workspace.Read.All Workspace.ReadWrite.All"),
    put("/workspaces/{workspaceId}/networking/communicationPolicy/outbound/connections", "Workspaces_SetOutboundCloudConnectionRules", Some(Admin), "Workspace.ReadWrite.All"),
    get("/workspaces/{workspaceId}/networking/communicationPolicy/outbound/gateways", "Workspaces_GetOutboundGatewayRules", Some(Viewer), "Workspace.Read.All Workspace.ReadWrite.All"),
    put("/workspaces/{workspaceId}/networking/communicationPolicy/outbound/gateways", "Workspaces_SetOutboundGatewayRules", Some(Admin), "Workspace.ReadWrite.All"),
    get("/workspaces/{workspaceId}/networking/communicationPolicy/outbound/git", "Workspaces_GetGitOutboundPolicy", Some(Viewer), "Workspace.Read.All Workspace.ReadWrite.All"),
    put("/workspaces/{workspaceId}/networking/communicationPolicy/outbound/git", "Workspaces_SetGitOutboundPolicy", Some(Admin), "Workspace.ReadWrite.All"),
    get("/workspaces/{workspaceId}/networking/communicationPolicy/inbound/azureResources", "Workspaces_GetInboundAzureResourceRules", Some(Viewer), "Workspace.Read.All Workspace.ReadWrite.All"),
    put("/workspaces/{workspaceId}/networking/communicationPolicy/inbound/azureResources", "Workspaces_SetInboundAzureResourceRules", Some(Admin), "Workspace.ReadWrite.All"),
    get("/workspaces/{workspaceId}/networking/communicationPolicy/inbound/externalDataShares", "Workspaces_GetInboundExternalDataSharesPolicy", Some(Viewer), "Workspace.Read.All Workspace.ReadWrite.All"),
    put("/workspaces/{workspaceId}/networking/communicationPolicy/inbound/externalDataShares", "Workspaces_SetInboundExternalDataSharesPolicy", Some(Admin), "Workspace.ReadWrite.All"),
    post("/catalog/search", "Catalog_Search", None, "Catalog.Read.All").served(Documented, catalog_search::search),
    post("/workspaces/{workspaceId}/items/{itemId}/identities/default/assign", "Items_Associate_Identity_(beta)", Some(Contributor), "Item.ReadWrite.All itemType.ReadWrite.All").served(Documented, items::associate_identity),
    get("/workspaces/{workspaceId}/encryption", "Workspaces_GetWorkspaceEncryption", Some(Viewer), "Workspace.Read.All Workspace.ReadWrite.All"),
    post("/workspaces/{workspaceId}/encryption/assign", "Workspaces_AssignWorkspaceEncryption", Some(Admin), "Workspace.ReadWrite.All"),
    post("/workspaces/{workspaceId}/encryption/reset", "Workspaces_ResetWorkspaceEncryption", Some(Admin), "Workspace.ReadWrite.All"),
    get("/workspaces/{workspaceId}/networking/communicationPolicy/inbound/firewall", "Workspaces_GetFirewallRules", Some(Viewer), "Workspace.Read.All Workspace.ReadWrite.All"),
    put("/workspaces/{workspaceId}/networking/communicationPolicy/inbound/firewall", "Workspaces_SetFirewallRules", Some(Admin), "Workspace.ReadWrite.All"),
    get("/workspaces/{workspaceId}/items/{itemId}/relations/downstream", "Items_Get_Downstream_Relations_(beta)", Some(Viewer), "Item.Read.All Item.ReadWrite.All"),
    get("/workspaces/{workspaceId}/items/{itemId}/relations/upstream", "Items_Get_Upstream_Relations_(beta)", Some(Viewer), "Item.Read.All Item.ReadWrite.All"),

    // Mirrored databases.
    get("/workspaces/{workspaceId}/mirroredDatabases", "Items_ListMirroredDatabases", Some(Viewer), "Workspace.Read.All Workspace.ReadWrite.All").of(ItemKind::MirroredDatabase).served(Seen, items::list),
    post("/workspaces/{workspaceId}/mirroredDatabases", "Items_CreateMirroredDatabase", Some(Contributor), "Item.ReadWrite.All MirroredDatabase.ReadWrite.All").item().of(ItemKind::MirroredDatabase).served(Seen, items::create),
    get("/workspaces/{workspaceId}/mirroredDatabases/{mirroredDatabaseId}", "Items_GetMirroredDatabase", Some(Viewer), "Item.Read.All Item.ReadWrite.All MirroredDatabase.Read.All MirroredDatabase.ReadWrite.All").item().of(ItemKind::MirroredDatabase).served(Seen, items::get),
    patch("/workspaces/{workspaceId}/mirroredDatabases/{mirroredDatabaseId}", "Items_UpdateMirroredDatabase", Some(Contributor), "Item.ReadWrite.All MirroredDatabase.ReadWrite.All").item().of(ItemKind::MirroredDatabase).served(Seen, items::update),
    delete("/workspaces/{workspaceId}/mirroredDatabases/{mirroredDatabaseId}", "Items_DeleteMirroredDatabase", Some(Contributor), "Item.ReadWrite.All MirroredDatabase.ReadWrite.All").of(ItemKind::MirroredDatabase).served(Seen, items::delete),
    post("/workspaces/{workspaceId}/mirroredDatabases/{mirroredDatabaseId}/getDefinition", "Items_GetMirroredDatabaseDefinition", Some(Contributor), "Item.ReadWrite.All MirroredDatabase.ReadWrite.All").of(ItemKind::MirroredDatabase).served(Seen, items::get_definition),
    post("/workspaces/{workspaceId}/mirroredDatabases/{mirroredDatabaseId}/updateDefinition", "Items_UpdateMirroredDatabaseDefinition", Some(Contributor), "Item.ReadWrite.All MirroredDatabase.ReadWrite.All").of(ItemKind::MirroredDatabase).served(Seen, items::update_definition),
    post("/workspaces/{workspaceId}/mirroredDatabases/{mirroredDatabaseId}/startMirroring", "Mirroring_StartMirroring", Some(Contributor), "Item.ReadWrite.All MirroredDatabase.ReadWrite.All").workload().of(ItemKind::MirroredDatabase).served(Seen, mirrored_databases::start),
    post("/workspaces/{workspaceId}/mirroredDatabases/{mirroredDatabaseId}/stopMirroring", "Mirroring_StopMirroring", Some(Contributor), "Item.ReadWrite.All MirroredDatabase.ReadWrite.All").workload().of(ItemKind::MirroredDatabase).served(Seen, mirrored_databases::stop),
    post("/workspaces/{workspaceId}/mirroredDatabases/{mirroredDatabaseId}/getMirroringStatus", "Mirroring_GetMirroringStatus", Some(Viewer), "Item.Read.All Item.ReadWrite.All MirroredDatabase.Read.All MirroredDatabase.ReadWrite.All").workload().of(ItemKind::MirroredDatabase).served(Seen, mirrored_databases::status),
    post("/workspaces/{workspaceId}/mirroredDatabases/{mirroredDatabaseId}/getTablesMirroringStatus", "Mirroring_GetTablesMirroringStatus", Some(Viewer), "Item.Read.All Item.ReadWrite.All MirroredDatabase.Read.All MirroredDatabase.ReadWrite.All").workload().of(ItemKind::MirroredDatabase).served(Seen, mirrored_databases::tables_status),

    // Mirrored catalogs.
    get("/workspaces/{workspaceId}/mirroredCatalogs", "Items_ListMirroredCatalogs", Some(Viewer), "Workspace.Read.All Workspace.ReadWrite.All").of(ItemKind::MirroredCatalog).served(Documented, items::list),
    post("/workspaces/{workspaceId}/mirroredCatalogs", "Items_CreateMirroredCatalog", Some(Contributor), "Item.ReadWrite.All").item().of(ItemKind::MirroredCatalog).served(Documented, items::create),
    get("/workspaces/{workspaceId}/mirroredCatalogs/{mirroredCatalogId}", "Items_GetMirroredCatalog", Some(Viewer), "Item.Read.All Item.ReadWrite.All").item().of(ItemKind::MirroredCatalog).served(Documented, items::get),
    patch("/workspaces/{workspaceId}/mirroredCatalogs/{mirroredCatalogId}", "Items_UpdateMirroredCatalog", Some(Contributor), "Item.ReadWrite.All").item().of(ItemKind::MirroredCatalog).served(Documented, items::update),
    delete("/workspaces/{workspaceId}/mirroredCatalogs/{mirroredCatalogId}", "Items_DeleteMirroredCatalog", Some(Contributor), "Item.ReadWrite.All").of(ItemKind::MirroredCatalog).served(Documented, items::delete),
    post("/workspaces/{workspaceId}/mirroredCatalogs/{mirroredCatalogId}/getDefinition", "Items_GetMirroredCatalogDefinition", Some(Contributor), "Item.ReadWrite.All").of(ItemKind::MirroredCatalog).served(Documented, items::get_definition),
    post("/workspaces/{workspaceId}/mirroredCatalogs/{mirroredCatalogId}/updateDefinition", "Items_UpdateMirroredCatalogDefinition", Some(Contributor), "Item.ReadWrite.All").of(ItemKind::MirroredCatalog).served(Documented, items::update_definition),
    post("/workspaces/{workspaceId}/mirroredCatalogs/{mirroredCatalogId}/refreshCatalogMetadata", "Refresh_Refresh_Catalog_Metadata_(beta)", Some(Contributor), "Item.ReadWrite.All").of(ItemKind::MirroredCatalog).served(Documented, catalogs::refresh),
    get("/workspaces/{workspaceId}/catalogmirroring/scopes", "Discovery_List_Scopes_(beta)", Some(Viewer), "CatalogMirroring.Read.All Workspace.Read.All Workspace.ReadWrite.All").served(Documented, catalogs::scopes),
    get("/workspaces/{workspaceId}/catalogmirroring/tables", "Discovery_List_Tables_(beta)", Some(Viewer), "CatalogMirroring.Read.All Workspace.Read.All Workspace.ReadWrite.All").served(Documented, catalogs::tables),
    get("/workspaces/{workspaceId}/mirroredCatalogs/{mirroredCatalogId}/mirroringStatus", "Monitoring_Mirroring_Status_(beta)", Some(Viewer), "Item.Read.All Item.ReadWrite.All").of(ItemKind::MirroredCatalog).served(Documented, catalogs::status),
    get("/workspaces/{workspaceId}/mirroredCatalogs/{mirroredCatalogId}/tablesMirroringStatus", "Monitoring_Tables_Mirroring_Status_(beta)", Some(Viewer), "Item.Read.All Item.ReadWrite.All").of(ItemKind::MirroredCatalog).served(Documented, catalogs::tables_status),

    // Mirrored Azure Databricks catalogs.
    get("/workspaces/{workspaceId}/mirroredAzureDatabricksCatalogs", "Items_ListMirroredAzureDatabricksCatalogs", Some(Viewer), "Workspace.Read.All Workspace.ReadWrite.All").of(ItemKind::MirroredAzureDatabricksCatalog).served(Documented, items::list),
    post("/workspaces/{workspaceId}/mirroredAzureDatabricksCatalogs", "Items_CreateMirroredAzureDatabricksCatalog", Some(Contributor), "Item.ReadWrite.All MirroredAzureDatabricksCatalog.ReadWrite.All").item().of(ItemKind::MirroredAzureDatabricksCatalog).served(Documented, items::create),
    get("/workspaces/{workspaceId}/mirroredAzureDatabricksCatalogs/{mirroredAzureDatabricksCatalogId}", "Items_GetMirroredAzureDatabricksCatalog", Some(Viewer), "Item.Read.All Item.ReadWrite.All MirroredAzureDatabricksCatalog.Read.All MirroredAzureDatabricksCatalog.ReadWrite.All").item().of(ItemKind::MirroredAzureDatabricksCatalog).served(Documented, items::get),
    patch("/workspaces/{workspaceId}/mirroredAzureDatabricksCatalogs/{mirroredAzureDatabricksCatalogId}", "Items_UpdateMirroredAzureDatabricksCatalog", Some(Contributor), "Item.Execute.All Item.ReadWrite.All MirroredAzureDatabricksCatalog.ReadWrite.All").item().of(ItemKind::MirroredAzureDatabricksCatalog).served(Documented, items::update),
    delete("/workspaces/{workspaceId}/mirroredAzureDatabricksCatalogs/{mirroredAzureDatabricksCatalogId}", "Items_DeleteMirroredAzureDatabricksCatalog", Some(Contributor), "Item.ReadWrite.All MirroredAzureDatabricksCatalog.ReadWrite.All").of(ItemKind::MirroredAzureDatabricksCatalog).served(Documented, items::delete),
    post("/workspaces/{workspaceId}/mirroredAzureDatabricksCatalogs/{mirroredAzureDatabricksCatalogId}/getDefinition", "Items_GetMirroredAzureDatabricksCatalogDefinition", Some(Contributor), "Item.ReadWrite.All MirroredAzureDatabricksCatalog.ReadWrite.All").of(ItemKind::MirroredAzureDatabricksCatalog).served(Documented, items::get_definition),
    post("/workspaces/{workspaceId}/mirroredAzureDatabricksCatalogs/{mirroredAzureDatabricksCatalogId}/updateDefinition", "Items_UpdateMirroredAzureDatabricksCatalogDefinition", Some(Contributor), "Item.Execute.All Item.ReadWrite.All MirroredAzureDatabricksCatalog.ReadWrite.All").of(ItemKind::MirroredAzureDatabricksCatalog).served(Documented, items::update_definition),
    post("/workspaces/{workspaceId}/mirroredAzureDatabricksCatalogs/{mirroredAzureDatabricksCatalogId}/refreshCatalogMetadata", "Refresh_RefreshCatalogMetadata", Some(Contributor), "Item.ReadWrite.All MirroredAzureDatabricksCatalog.ReadWrite.All").of(ItemKind::MirroredAzureDatabricksCatalog).served(Documented, catalogs::refresh),
    get("/workspaces/{workspaceId}/azureDatabricks/catalogs", "Discovery_DiscoverCatalogs", Some(Viewer), "DatabricksCatalog.Read.All Workspace.Read.All Workspace.ReadWrite.All").served(Documented, catalogs::databricks_catalogs),
    get("/workspaces/{workspaceId}/azureDatabricks/catalogs/{catalogName}/schemas", "Discovery_DiscoverSchemas", Some(Viewer), "DatabricksCatalog.Read.All Workspace.Read.All Workspace.ReadWrite.All").served(Documented, catalogs::databricks_schemas),
    get("/workspaces/{workspaceId}/azureDatabricks/catalogs/{catalogName}/schemas/{schemaName}/tables", "Discovery_DiscoverTables", Some(Viewer), "DatabricksCatalog.Read.All Workspace.Read.All Workspace.ReadWrite.All").served(Documented, catalogs::databricks_tables),

    // Mirrored warehouses.
    get("/workspaces/{workspaceId}/mirroredWarehouses", "Items_ListMirroredWarehouses", Some(Viewer), "Workspace.Read.All Workspace.ReadWrite.All").of(ItemKind::MirroredWarehouse).served(Documented, items::list),

    // SQL databases.
    get("/workspaces/{workspaceId}/sqlDatabases", "Items_ListSQLDatabases", Some(Viewer), "Workspace.Read.All Workspace.ReadWrite.All").of(ItemKind::SQLDatabase).served(Documented, items::list),
    post("/workspaces/{workspaceId}/sqlDatabases", "Items_CreateSQLDatabase", Some(Contributor), "Item.ReadWrite.All SQLDatabase.ReadWrite.All").item().of(ItemKind::SQLDatabase).served(Seen, items::create),
    get("/workspaces/{workspaceId}/sqlDatabases/{sqlDatabaseId}", "Items_GetSQLDatabase", Some(Viewer), "Item.Read.All Item.ReadWrite.All SQLDatabase.Read.All SQLDatabase.ReadWrite.All").item().of(ItemKind::SQLDatabase).served(Seen, items::get),
    patch("/workspaces/{workspaceId}/sqlDatabases/{sqlDatabaseId}", "Items_UpdateSQLDatabase", Some(Contributor), "Item.ReadWrite.All SQLDatabase.ReadWrite.All").item().of(ItemKind::SQLDatabase).served(Documented, items::update),
    delete("/workspaces/{workspaceId}/sqlDatabases/{sqlDatabaseId}", "Items_DeleteSQLDatabase", Some(Contributor), "Item.ReadWrite.All SQLDatabase.ReadWrite.All").of(ItemKind::SQLDatabase).served(Documented, items::delete),
    post("/workspaces/{workspaceId}/sqlDatabases/{sqlDatabaseId}/getDefinition", "Items_GetSQLDatabaseDefinition", Some(Contributor), "Item.ReadWrite.All SQLDatabase.ReadWrite.All").of(ItemKind::SQLDatabase).served(Seen, items::get_definition),
    post("/workspaces/{workspaceId}/sqlDatabases/{sqlDatabaseId}/updateDefinition", "Items_UpdateSQLDatabasesDefinition", Some(Contributor), "Item.ReadWrite.All SQLDatabase.ReadWrite.All").of(ItemKind::SQLDatabase).served(Documented, items::update_definition),
    post("/workspaces/{workspaceId}/sqlDatabases/{sqlDatabaseId}/startMirroring", "Mirroring_StartMirroring", Some(Contributor), "Item.ReadWrite.All SQLDatabase.ReadWrite.All").workload().of(ItemKind::SQLDatabase).served(Documented, mirrored_databases::start),
    post("/workspaces/{workspaceId}/sqlDatabases/{sqlDatabaseId}/stopMirroring", "Mirroring_StopMirroring", Some(Contributor), "Item.ReadWrite.All SQLDatabase.ReadWrite.All").workload().of(ItemKind::SQLDatabase).served(Documented, mirrored_databases::stop),
    post("/workspaces/{workspaceId}/sqlDatabases/{sqlDatabaseId}/revalidateCMK", "Items_RevalidateCMK", Some(Contributor), "Item.ReadWrite.All SQLDatabase.ReadWrite.All").of(ItemKind::SQLDatabase).served(Documented, sql_databases::revalidate_cmk),
    get("/workspaces/{workspaceId}/sqlDatabases/{sqlDatabaseId}/settings/sqlAudit", "SQLAuditSettings_GetSQLAuditSettings", Some(Viewer), "Item.Read.All Item.ReadWrite.All SQLDatabase.Read.All SQLDatabase.ReadWrite.All").of(ItemKind::SQLDatabase).served(Documented, sql_endpoints::audit),
    patch("/workspaces/{workspaceId}/sqlDatabases/{sqlDatabaseId}/settings/sqlAudit", "SQLAuditSettings_UpdateSQLAuditSettings", Some(Contributor), "Item.ReadWrite.All SQLDatabase.ReadWrite.All").of(ItemKind::SQLDatabase).served(Documented, sql_endpoints::update_audit),
    get("/workspaces/{workspaceId}/sqlDatabases/restorableDeletedDatabases", "Items_ListRestorableDeletedDatabases", Some(Contributor), "Item.ReadWrite.All SQLDatabase.ReadWrite.All").of(ItemKind::SQLDatabase).served(Seen, sql_databases::restorable),

    // Cosmos DB databases.
    get("/workspaces/{workspaceId}/cosmosDbDatabases", "Items_ListCosmosDBDatabases", Some(Viewer), "Workspace.Read.All Workspace.ReadWrite.All").of(ItemKind::CosmosDBDatabase).served(Documented, items::list),
    post("/workspaces/{workspaceId}/cosmosDbDatabases", "Items_CreateCosmosDBDatabase", Some(Contributor), "Item.ReadWrite.All").item().of(ItemKind::CosmosDBDatabase).served(Seen, items::create),
    get("/workspaces/{workspaceId}/cosmosDbDatabases/{cosmosDbDatabaseId}", "Items_GetCosmosDBDatabase", Some(Viewer), "Item.Read.All Item.ReadWrite.All").item().of(ItemKind::CosmosDBDatabase).served(Seen, items::get),
    patch("/workspaces/{workspaceId}/cosmosDbDatabases/{cosmosDbDatabaseId}", "Items_UpdateCosmosDBDatabase", Some(Contributor), "Item.ReadWrite.All").item().of(ItemKind::CosmosDBDatabase).served(Seen, items::update),
    delete("/workspaces/{workspaceId}/cosmosDbDatabases/{cosmosDbDatabaseId}", "Items_DeleteCosmosDBDatabase", Some(Contributor), "Item.ReadWrite.All").of(ItemKind::CosmosDBDatabase).served(Documented, items::delete),
    post("/workspaces/{workspaceId}/cosmosDbDatabases/{cosmosDbDatabaseId}/getDefinition", "Items_GetCosmosDBDatabaseDefinition", Some(Contributor), "Item.ReadWrite.All").of(ItemKind::CosmosDBDatabase).served(Seen, items::get_definition),
    post("/workspaces/{workspaceId}/cosmosDbDatabases/{cosmosDbDatabaseId}/updateDefinition", "Items_UpdateCosmosDBDatabaseDefinition", Some(Contributor), "Item.ReadWrite.All").of(ItemKind::CosmosDBDatabase).served(Seen, items::update_definition),

    // Snowflake databases.
    get("/workspaces/{workspaceId}/snowflakeDatabases", "Items_ListSnowflakeDatabases", Some(Viewer), "Workspace.Read.All Workspace.ReadWrite.All").of(ItemKind::SnowflakeDatabase).served(Documented, items::list),
    post("/workspaces/{workspaceId}/snowflakeDatabases", "Items_CreateSnowflakeDatabase", Some(Contributor), "Item.ReadWrite.All").item().of(ItemKind::SnowflakeDatabase).served(Documented, items::create),
    get("/workspaces/{workspaceId}/snowflakeDatabases/{snowflakeDatabaseId}", "Items_GetSnowflakeDatabase", Some(Viewer), "Item.Read.All Item.ReadWrite.All").item().of(ItemKind::SnowflakeDatabase).served(Documented, items::get),
    delete("/workspaces/{workspaceId}/snowflakeDatabases/{snowflakeDatabaseId}", "Items_DeleteSnowflakeDatabase", Some(Contributor), "Item.ReadWrite.All").of(ItemKind::SnowflakeDatabase).served(Documented, items::delete),
    patch("/workspaces/{workspaceId}/snowflakeDatabases/{snowflakeDatabaseId}", "Items_UpdateSnowflakeDatabase", Some(Contributor), "Item.ReadWrite.All").item().of(ItemKind::SnowflakeDatabase).served(Documented, items::update),
    post("/workspaces/{workspaceId}/snowflakeDatabases/{snowflakeDatabaseId}/getDefinition", "Items_GetSnowflakeDatabaseDefinition", Some(Contributor), "Item.ReadWrite.All").of(ItemKind::SnowflakeDatabase).served(Documented, items::get_definition),
    post("/workspaces/{workspaceId}/snowflakeDatabases/{snowflakeDatabaseId}/updateDefinition", "Items_UpdateSnowflakeDatabaseDefinition", Some(Contributor), "Item.ReadWrite.All").of(ItemKind::SnowflakeDatabase).served(Documented, items::update_definition),

    // SQL endpoints.
    get("/workspaces/{workspaceId}/sqlEndpoints", "Items_ListSQLEndpoints", Some(Viewer), "Workspace.Read.All Workspace.ReadWrite.All").of(ItemKind::SQLEndpoint).served(Documented, items::list),
    post("/workspaces/{workspaceId}/sqlEndpoints/{sqlEndpointId}/refreshMetadata", "Items_RefreshSqlEndpointMetadata", Some(Contributor), "Item.ReadWrite.All").of(ItemKind::SQLEndpoint).served(Seen, sql_endpoints::refresh_metadata),
    get("/workspaces/{workspaceId}/sqlEndpoints/{sqlEndpointId}/connectionString", "Items_GetConnectionString", Some(Viewer), "Item.Read.All Item.ReadWrite.All SQLEndpoint.Read.All SQLEndpoint.ReadWrite.All").of(ItemKind::SQLEndpoint).served(Documented, sql_endpoints::connection_string),
    patch("/workspaces/{workspaceId}/sqlEndpoints/{itemId}/settings/sqlAudit", "SQLAuditSettings_UpdateSQLAuditSettings", Some(Contributor), "Item.Audit.All").of(ItemKind::SQLEndpoint).served(Documented, sql_endpoints::update_audit),
    get("/workspaces/{workspaceId}/sqlEndpoints/{itemId}/settings/sqlAudit", "SQLAuditSettings_GetSQLAuditSettings", Some(Viewer), "Item.Read.All Item.ReadWrite.All SQLEndpoint.Read.All SQLEndpoint.ReadWrite.All").of(ItemKind::SQLEndpoint).served(Documented, sql_endpoints::audit),
    post("/workspaces/{workspaceId}/sqlEndpoints/{itemId}/settings/sqlAudit/setAuditActionsAndGroups", "SQLAuditSettings_SetAuditActionsAndGroups", Some(Contributor), "Item.Audit.All").of(ItemKind::SQLEndpoint).served(Documented, sql_endpoints::set_audit_groups),

    // Lakehouses.
    get("/workspaces/{workspaceId}/lakehouses", "Items_ListLakehouses", Some(Viewer), "Workspace.Read.All Workspace.ReadWrite.All").of(ItemKind::Lakehouse).served(Seen, items::list),
    post("/workspaces/{workspaceId}/lakehouses", "Items_CreateLakehouse", Some(Contributor), "Item.ReadWrite.All Lakehouse.ReadWrite.All").item().of(ItemKind::Lakehouse).served(Seen, items::create),
    get("/workspaces/{workspaceId}/lakehouses/{lakehouseId}", "Items_GetLakehouse", Some(Viewer), "Item.Read.All Item.ReadWrite.All Lakehouse.Read.All Lakehouse.ReadWrite.All").item().of(ItemKind::Lakehouse).served(Seen, items::get),
    patch("/workspaces/{workspaceId}/lakehouses/{lakehouseId}", "Items_UpdateLakehouse", Some(Contributor), "Item.ReadWrite.All Lakehouse.ReadWrite.All").item().of(ItemKind::Lakehouse).served(Seen, items::update),
    delete("/workspaces/{workspaceId}/lakehouses/{lakehouseId}", "Items_DeleteLakehouse", Some(Contributor), "Item.ReadWrite.All Lakehouse.ReadWrite.All").of(ItemKind::Lakehouse).served(Seen, items::delete),
    get("/workspaces/{workspaceId}/lakehouses/{lakehouseId}/tables", "Tables_ListTables", Some(Viewer), "Lakehouse.Read.All Lakehouse.ReadWrite.All").of(ItemKind::Lakehouse),
    post("/workspaces/{workspaceId}/lakehouses/{lakehouseId}/tables/{tableName}/load", "Tables_LoadTable", Some(Contributor), "Lakehouse.ReadWrite.All").of(ItemKind::Lakehouse),
    post("/workspaces/{workspaceId}/lakehouses/{lakehouseId}/schemas/{schemaName}/tables/{tableName}/load", "Tables_Load_Schema_Table_(beta)", Some(Contributor), "Lakehouse.ReadWrite.All").of(ItemKind::Lakehouse),
    post("/workspaces/{workspaceId}/lakehouses/{lakehouseId}/jobs/tableMaintenance/instances", "BackgroundJobs_RunOnDemandTableMaintenance", Some(Contributor), "Item.Execute.All Lakehouse.Execute.All").of(ItemKind::Lakehouse),
    post("/workspaces/{workspaceId}/lakehouses/{lakehouseId}/jobs/refreshMaterializedLakeViews/schedules", "BackgroundJobs_CreateRefreshMaterializedLakeViewsSchedule", Some(Contributor), "Item.Execute.All+Item.ReadWrite.All Item.Execute.All+Lakehouse.ReadWrite.All Lakehouse.Execute.All+Item.ReadWrite.All Lakehouse.Execute.All+Lakehouse.ReadWrite.All").of(ItemKind::Lakehouse),
    get("/workspaces/{workspaceId}/lakehouses/{lakehouseId}/livySessions", "LivySessions_ListLivySessions", Some(Viewer), "Item.Read.All Item.ReadWrite.All Lakehouse.Read.All Lakehouse.ReadWrite.All").of(ItemKind::Lakehouse),
    get("/workspaces/{workspaceId}/lakehouses/{lakehouseId}/livySessions/{livyId}", "LivySessions_GetLivySession", Some(Viewer), "Item.Read.All Item.ReadWrite.All Lakehouse.Read.All Lakehouse.ReadWrite.All").of(ItemKind::Lakehouse),
    post("/workspaces/{workspaceId}/lakehouses/{lakehouseId}/jobs/refreshMaterializedLakeViews/instances", "BackgroundJobs_RunOnDemandRefreshMaterializedLakeViews", Some(Contributor), "Item.Execute.All Lakehouse.Execute.All").of(ItemKind::Lakehouse),
    patch("/workspaces/{workspaceId}/lakehouses/{lakehouseId}/jobs/refreshMaterializedLakeViews/schedules/{scheduleId}", "BackgroundJobs_UpdateRefreshMaterializedLakeViewsSchedule", Some(Contributor), "Item.Execute.All+Item.ReadWrite.All Item.Execute.All+Lakehouse.ReadWrite.All Lakehouse.Execute.All+Item.ReadWrite.All Lakehouse.Execute.All+Lakehouse.ReadWrite.All").of(ItemKind::Lakehouse),
    delete("/workspaces/{workspaceId}/lakehouses/{lakehouseId}/jobs/refreshMaterializedLakeViews/schedules/{scheduleId}", "BackgroundJobs_DeleteRefreshMaterializedLakeViewsSchedule", Some(Contributor), "Item.ReadWrite.All Lakehouse.ReadWrite.All").of(ItemKind::Lakehouse),
    post("/workspaces/{workspaceId}/lakehouses/{lakehouseId}/getDefinition", "Items_GetLakehouseDefinition", Some(Contributor), "Item.ReadWrite.All Lakehouse.ReadWrite.All").of(ItemKind::Lakehouse).served(Seen, items::get_definition),
    post("/workspaces/{workspaceId}/lakehouses/{lakehouseId}/updateDefinition", "Items_UpdateLakehouseDefinition", Some(Contributor), "Item.ReadWrite.All Lakehouse.ReadWrite.All").of(ItemKind::Lakehouse).served(Seen, items::update_definition),
    post("/workspaces/{workspaceId}/lakehouses/{lakehouseId}/mlvexecutiondefinitions", "MaterializedLakeViews_CreateMlvExecutionDefinition", Some(Contributor), "Item.ReadWrite.All Lakehouse.ReadWrite.All").of(ItemKind::Lakehouse),
    get("/workspaces/{workspaceId}/lakehouses/{lakehouseId}/mlvexecutiondefinitions", "MaterializedLakeViews_ListMlvExecutionDefinitions", Some(Viewer), "Item.Read.All Item.ReadWrite.All Lakehouse.Read.All Lakehouse.ReadWrite.All").of(ItemKind::Lakehouse),
    get("/workspaces/{workspaceId}/lakehouses/{lakehouseId}/mlvexecutiondefinitions/{mlvExecutionDefinitionId}", "MaterializedLakeViews_GetMlvExecutionDefinition", Some(Viewer), "Item.Read.All Item.ReadWrite.All Lakehouse.Read.All Lakehouse.ReadWrite.All").of(ItemKind::Lakehouse),
    patch("/workspaces/{workspaceId}/lakehouses/{lakehouseId}/mlvexecutiondefinitions/{mlvExecutionDefinitionId}", "MaterializedLakeViews_UpdateMlvExecutionDefinition", Some(Contributor), "Item.ReadWrite.All Lakehouse.ReadWrite.All").of(ItemKind::Lakehouse),
    delete("/workspaces/{workspaceId}/lakehouses/{lakehouseId}/mlvexecutiondefinitions/{mlvExecutionDefinitionId}", "MaterializedLakeViews_DeleteMlvExecutionDefinition", Some(Contributor), "Item.ReadWrite.All Lakehouse.ReadWrite.All").of(ItemKind::Lakehouse),
];
