//! Error codes: each one that the API description lists for a served operation is provoked here or documented as never
//! answered.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use specularite::fabric::access::DEFAULT_TENANT;
use specularite::http::operation::Coverage;
use specularite::http::operations::OPERATIONS;

use crate::coverage::shared;
use crate::git;
use crate::harness::{BOB, Lab, MISSING, Reply, definition, open_mirror, part, sql_connection};

/// Creates a notebook and returns its path.
fn notebook(lab: &Lab) -> String {
    crate::jobs::item(lab, &lab.workspace(), "Notebook")
}

/// Two workspaces that are connected to branches of the same directory.
fn related(lab: &Lab) -> [String; 2] {
    let capacity = lab.get("/v1/capacities").body()["value"][0]["id"].clone();
    ["base", "branch"].map(|name| {
        let id = lab.post("/v1/workspaces", json!({"displayName": name, "capacityId": capacity})).is(201).id();
        git::connect(lab, &format!("/v1/workspaces/{id}"), name);
        id
    })
}

fn relate(lab: &Lab, of: &str, to: &str, kind: &str) -> Reply {
    let body = json!({"relatedWorkspaceId": to, "relationType": kind});
    lab.post(&format!("/v1/workspaces/{of}/git/workspaceRelations"), body)
}

fn workspace_id(path: &str) -> String {
    path.rsplit('/').next().unwrap().to_owned()
}

/// An error code, its status, and a request that is answered with it.
type Provocation = (&'static str, u16, fn(&Lab) -> Reply);

const PROVOKED: &[Provocation] = &[
    ("BadRequest", 400, |lab| {
        let roles = format!("/v1/connections/{}/roleAssignments", lab.connection());
        let owner = lab.get(&roles).body()["value"][0]["principal"].clone();
        lab.post(&roles, json!({"principal": owner, "role": "User"}))
    }),
    ("CannotDeletePrimaryGatewayIfClusterMemberExists", 400, |lab| {
        let cluster = json!({"id": MISSING, "type": "OnPremises", "displayName": "g", "numberOfMemberGateways": 2});
        lab.put("/_emulator/gateways", json!({"value": [cluster]})).is(200);
        lab.delete(&format!("/v1/gateways/{MISSING}/members/{MISSING}"))
    }),
    ("CreateGatewayConnectionFailed", 400, |lab| {
        let gateway = json!({"id": MISSING, "type": "VirtualNetwork", "displayName": "g", "status": "Offline"});
        lab.put("/_emulator/gateways", json!({"value": [gateway]})).is(200);
        lab.post("/v1/connections", over_virtual_network())
    }),
    ("UpdateGatewayConnectionFailed", 400, |lab| {
        lab.declare_gateway(MISSING, "VirtualNetwork");
        let connection = lab.post("/v1/connections", over_virtual_network()).is(201).id();
        lab.delete(&format!("/v1/gateways/{MISSING}")).is(200);
        lab.patch(&format!("/v1/connections/{connection}"), over_virtual_network())
    }),
    ("DuplicateGatewayName", 409, |lab| {
        lab.post("/v1/gateways", virtual_network(lab)).is(201);
        lab.post("/v1/gateways", virtual_network(lab))
    }),
    ("InsufficientPermissionsToManageGateway", 403, |lab| {
        let role = json!({"principal": {"id": MISSING, "type": "User"}, "role": "ConnectionCreator"});
        let gateway = json!({"id": MISSING, "type": "OnPremises", "displayName": "g", "roles": [role]});
        lab.put("/_emulator/gateways", json!({"value": [gateway]})).is(200);
        lab.user(MISSING).delete(&format!("/v1/gateways/{MISSING}"))
    }),
    ("InvalidCapacitySKU", 400, |lab| {
        let capacity = json!({"displayName": "c", "sku": "A1"});
        lab.put(&format!("/_emulator/capacities/{MISSING}"), capacity).is(200);
        let mut body = virtual_network(lab);
        body["capacityId"] = MISSING.into();
        lab.post("/v1/gateways", body)
    }),
    ("InvalidCapacityState", 400, |lab| {
        lab.set_capacity("Inactive");
        lab.post("/v1/gateways", virtual_network(lab))
    }),
    ("PrincipalTypeNotSupported", 400, |lab| {
        let workspace = lab.workspace();
        let role = json!({"principal": {"id": MISSING, "type": "ServicePrincipal"}, "role": "Contributor"});
        lab.post(&format!("{workspace}/roleAssignments"), role).is(201);
        let dashboard = json!({"displayName": "d", "type": "Dashboard"});
        lab.by(MISSING, "app").post(&format!("{workspace}/items"), dashboard)
    }),
    ("UnknownError", 400, |lab| {
        lab.settings(json!({"behaviours": {"unknownPrincipal": "400"}}));
        let gateway = lab.post("/v1/gateways", virtual_network(lab)).is(201).id();
        let role = json!({"principal": {"id": MISSING, "type": "User"}, "role": "Admin"});
        lab.post(&format!("/v1/gateways/{gateway}/roleAssignments"), role)
    }),
    ("UnsupportedGatewayType", 400, |lab| {
        lab.declare_gateway(MISSING, "OnPremises");
        lab.post_empty(&format!("/v1/gateways/{MISSING}/restart"))
    }),
    ("Alm_InvalidRequest_DuplicateAlmPipelineName", 400, |lab| {
        lab.post("/v1/deploymentPipelines", deployment_pipeline()).is(201);
        lab.post("/v1/deploymentPipelines", deployment_pipeline())
    }),
    ("CannotMoveChildOnly", 400, |lab| {
        let workspace = lab.workspace();
        lab.mirror(&workspace, "m", &open_mirror());
        lab.advance(30.0);
        let endpoint = lab.get(&format!("{workspace}/sqlEndpoints")).body()["value"][0]["id"].clone();
        lab.post(&format!("{workspace}/items/bulkMove"), json!({"items": [endpoint]}))
    }),
    ("ConnectionMismatch", 400, |lab| {
        let git = git::connected(lab, &lab.workspace());
        let credentials = json!({"source": "ConfiguredConnection", "connectionId": lab.connection()});
        lab.patch(&format!("{git}/myGitCredentials"), credentials)
    }),
    ("ConnectionNotFound", 404, |lab| {
        let git = git::connected(lab, &lab.workspace());
        let credentials = json!({"source": "ConfiguredConnection", "connectionId": MISSING});
        lab.patch(&format!("{git}/myGitCredentials"), credentials)
    }),
    ("MissingInitializationPolicy", 400, |lab| {
        lab.settings(json!({"behaviours": {"gitInitialization": "MissingInitializationPolicy"}}));
        git::push(lab, "main", &git::mirror_files("", "remote", MISSING));
        let workspace = lab.workspace();
        lab.mirror(&workspace, "own", &open_mirror());
        lab.post(&format!("{}/initializeConnection", git::connected(lab, &workspace)), json!({}))
    }),
    ("PotentialDuplicateDisplayNameAndType", 400, |lab| {
        let mut files = git::mirror_files("", "m", MISSING);
        files.as_object_mut().unwrap().extend(git::mirror_files("f/", "m", BOB).as_object().unwrap().clone());
        git::push(lab, "main", &files);
        let git = git::connected(lab, &lab.workspace());
        let head = lab.post(&format!("{git}/initializeConnection"), json!({})).is(200).body();
        lab.post(&format!("{git}/updateFromGit"), json!({"remoteCommitHash": head["remoteCommitHash"]}))
    }),
    ("WorkspaceAlreadyConnectedToGit", 409, |lab| {
        let git = git::connected(lab, &lab.workspace());
        lab.post(&format!("{git}/connect"), json!({"gitProviderDetails": git::details("main", "")}))
    }),
    ("WorkspaceHeadMismatch", 400, |lab| {
        let git = git::connected(lab, &lab.workspace());
        lab.post(&format!("{git}/initializeConnection"), json!({})).is(200);
        lab.post(&format!("{git}/updateFromGit"), json!({"remoteCommitHash": "x"}))
    }),
    ("WorkspaceNotConnectedToGit", 400, |lab| lab.get(&format!("{}/git/status", lab.workspace()))),
    ("WorkspaceNotInvolvedInRelation", 400, |lab| {
        let [base, branch] = related(lab);
        let id = relate(lab, &branch, &base, "Base").is(201).id();
        lab.delete(&format!("{}/git/workspaceRelations/{id}", lab.workspace()))
    }),
    ("WorkspacePreviousOperationInProgress", 400, |lab| {
        let workspace = lab.workspace();
        lab.mirror(&workspace, "m", &open_mirror());
        let git = git::connected(lab, &workspace);
        lab.post(&format!("{git}/initializeConnection"), json!({})).is(200);
        lab.post(&format!("{git}/commitToGit"), json!({"mode": "All"})).is(202);
        lab.post(&format!("{git}/commitToGit"), json!({"mode": "All"}))
    }),
    ("WorkspaceRelationAlreadyExists", 409, |lab| {
        let [base, branch] = related(lab);
        relate(lab, &branch, &base, "Base").is(201);
        relate(lab, &branch, &base, "Base")
    }),
    ("WorkspaceRelationBaseIsBranch", 400, |lab| {
        let [base, branch] = related(lab);
        relate(lab, &branch, &base, "Base").is(201);
        let third = workspace_id(&lab.workspace());
        relate(lab, &third, &branch, "Base")
    }),
    ("WorkspaceRelationBidirectionalExists", 409, |lab| {
        let [base, branch] = related(lab);
        relate(lab, &branch, &base, "Base").is(201);
        relate(lab, &base, &branch, "Base")
    }),
    ("WorkspaceRelationDifferentBase", 400, |lab| {
        let [base, branch] = related(lab);
        relate(lab, &branch, &base, "Base").is(201);
        let third = workspace_id(&lab.workspace());
        relate(lab, &branch, &third, "Base")
    }),
    ("WorkspaceRelationInvalidArgument", 400, |lab| {
        lab.post(&format!("{}/git/workspaceRelations", lab.workspace()), json!({}))
    }),
    ("WorkspaceRelationInvalidType", 400, |lab| {
        let [base, branch] = related(lab);
        relate(lab, &branch, &base, "RelatedWorkspace")
    }),
    ("WorkspaceRelationNotFound", 404, |lab| {
        lab.delete(&format!("{}/git/workspaceRelations/{MISSING}", lab.workspace()))
    }),
    ("WorkspaceRelationRootDirectoryMismatch", 400, |lab| {
        let [base, _] = related(lab);
        let third = workspace_id(&lab.workspace());
        relate(lab, &third, &base, "Base")
    }),
    ("WorkspaceRelationSelfReferencing", 400, |lab| {
        let [base, _] = related(lab);
        relate(lab, &base, &base, "Base")
    }),
    ("WorkspaceRelationTargetHasBranches", 400, |lab| {
        let [base, branch] = related(lab);
        relate(lab, &branch, &base, "Base").is(201);
        let third = workspace_id(&lab.workspace());
        relate(lab, &base, &third, "Base")
    }),
    ("CorruptedPayload", 400, |lab| {
        let body = json!({"displayName": "m", "definition": definition("{")});
        lab.post(&format!("{}/mirroredDatabases", lab.workspace()), body)
    }),
    ("DomainNotFound", 404, |lab| lab.get(&format!("/v1/domains/{MISSING}"))),
    ("InsufficientPermissionsToDomain", 403, |lab| {
        let domain = crate::domains::domain(lab, "closed");
        lab.patch(&format!("/v1/admin/domains/{domain}"), json!({"contributorsScope": "AdminsOnly"})).is(200);
        let workspace = lab.workspace();
        lab.assign_role(&workspace, MISSING, "Admin");
        crate::admin::declare_no_administrator(lab, MISSING);
        lab.user(MISSING).post(&format!("{workspace}/assignToDomain"), json!({"domainId": domain}))
    }),
    ("DuplicateConnectionName", 409, |lab| {
        lab.post("/v1/connections", sql_connection("c")).is(201);
        lab.post("/v1/connections", sql_connection("C"))
    }),
    ("EntityNotFound", 404, |lab| lab.get(&format!("/v1/connections/{MISSING}"))),
    ("FolderDepthOutOfRange", 400, |lab| {
        let folders = format!("{}/folders", lab.workspace());
        let mut body = json!({"displayName": "f"});
        for _ in 0..10 {
            body["parentFolderId"] = lab.post(&folders, body.clone()).is(201).id().into();
        }
        lab.post(&folders, body)
    }),
    ("FolderDisplayNameAlreadyInUse", 409, |lab| {
        let folders = format!("{}/folders", lab.workspace());
        lab.post(&folders, json!({"displayName": "f"})).is(201);
        lab.post(&folders, json!({"displayName": "F"}))
    }),
    ("FolderNotEmpty", 400, |lab| {
        let folders = format!("{}/folders", lab.workspace());
        let outer = lab.post(&folders, json!({"displayName": "f"})).is(201).id();
        lab.post(&folders, json!({"displayName": "f", "parentFolderId": outer})).is(201);
        lab.delete(&format!("{folders}/{outer}"))
    }),
    ("FolderNotFound", 404, |lab| lab.get(&format!("{}/items?rootFolderId={MISSING}", lab.workspace()))),
    ("IncorrectCredentials", 400, |lab| {
        let target = json!({"connectionDetails": {"type": "SQL"}});
        lab.post("/_emulator/trouble", json!({"target": target, "cause": "wrongKey"})).is(201);
        lab.post("/v1/connections", sql_connection("c"))
    }),
    ("InfiniteFolderHierarchyLoop", 400, |lab| {
        let folders = format!("{}/folders", lab.workspace());
        let folder = lab.post(&folders, json!({"displayName": "f"})).is(201).id();
        lab.post(&format!("{folders}/{folder}/move"), json!({"targetFolderId": folder}))
    }),
    ("InvalidConnectionDetails", 400, |lab| {
        let mut body = sql_connection("c");
        body["connectionDetails"]["type"] = "Nonsense".into();
        lab.post("/v1/connections", body)
    }),
    ("InvalidCredentialDetails", 400, |lab| {
        let mut body = sql_connection("c");
        body["credentialDetails"]["credentials"] = json!({"credentialType": "Basic"});
        lab.post("/v1/connections", body)
    }),
    ("InvalidFolderDisplayName", 400, |lab| {
        lab.post(&format!("{}/folders", lab.workspace()), json!({"displayName": "a/b"}))
    }),
    ("InvalidGuestTenantId", 400, |lab| {
        let workspace = lab.workspace();
        lab.mirror(&workspace, "m", &open_mirror());
        lab.advance(30.0);
        let endpoint = lab.get(&format!("{workspace}/sqlEndpoints")).body()["value"][0]["id"].clone();
        lab.get(&format!("{workspace}/sqlEndpoints/{}/connectionString?guestTenantId=x", endpoint.as_str().unwrap()))
    }),
    ("InternalServerError", 500, |lab| {
        lab.settings(json!({"behaviours": {"readsWhilePaused": "500"}}));
        let workspace = lab.workspace();
        lab.set_capacity("Inactive");
        lab.get(&format!("{workspace}/lakehouses"))
    }),
    ("InvalidInput", 400, |lab| lab.post("/v1/workspaces", json!({}))),
    ("InvalidInputs", 400, |lab| {
        let mirror = lab.mirror(&lab.workspace(), "m", &open_mirror()).replace("mirroredDatabases", "items");
        lab.post(&format!("{mirror}/applyTags"), json!({"tags": []}))
    }),
    ("InvalidItemType", 400, |lab| lab.get(&format!("{}/items?type=Nonsense", lab.workspace()))),
    ("InvalidJobType", 400, |lab| lab.post_empty(&format!("{}/jobs/Nonsense/instances", notebook(lab)))),
    ("JobAlreadyCompleted", 400, |lab| {
        let notebook = notebook(lab);
        let run = lab.post_empty(&format!("{notebook}/jobs/RunNotebook/instances")).is(202);
        let id = run.header("location").unwrap().rsplit('/').next().unwrap().to_owned();
        lab.advance(60.0);
        lab.post_empty(&format!("{notebook}/jobs/instances/{id}/cancel"))
    }),
    ("ScheduleExceedsLimit", 400, |lab| {
        let schedules = format!("{}/jobs/RunNotebook/schedules", notebook(lab));
        let schedule = crate::jobs::schedule(&crate::jobs::cron(10));
        for _ in 0..20 {
            lab.post(&schedules, schedule.clone()).is(201);
        }
        lab.post(&schedules, schedule)
    }),
    ("TooManyRequestsForJobs", 429, |lab| {
        let run = format!("{}/jobs/RunNotebook/instances", notebook(lab));
        for _ in 0..50 {
            lab.post_empty(&run).is(202);
        }
        lab.post_empty(&run)
    }),
    ("InvalidParameter", 400, |lab| lab.get("/v1/workspaces?roles=Nonsense")),
    ("InvalidRequest", 400, |lab| lab.patch(&lab.shop(), json!({}))),
    ("ItemDisplayNameAlreadyInUse", 409, |lab| {
        let workspace = lab.workspace();
        lab.mirror(&workspace, "m", &open_mirror());
        lab.create(&workspace, "M", &open_mirror())
    }),
    ("ItemNotFound", 404, |lab| {
        lab.settings(json!({"behaviours": {"itemNotFound": "ItemNotFound"}}));
        lab.get(&format!("{}/items/{MISSING}", lab.workspace()))
    }),
    ("OperationNotSupportedForItem", 400, |lab| {
        let workspace = lab.workspace();
        lab.mirror(&workspace, "m", &open_mirror());
        lab.advance(30.0);
        let endpoint = lab.get(&format!("{workspace}/sqlEndpoints")).body()["value"][0]["id"].clone();
        lab.post_empty(&format!("{workspace}/items/{}/getDefinition", endpoint.as_str().unwrap()))
    }),
    ("InvalidFilesPath", 400, |lab| {
        let parts = json!([{"path": "x.txt", "payload": "", "payloadType": "InlineBase64"}]);
        let path = format!("{}/items/bulkImportDefinitions?beta=true", lab.workspace());
        lab.post(&path, json!({"definitionParts": parts}))
    }),
    ("DuplicateDisplayNameAndType", 400, |lab| {
        let part = |path: &str| json!({"path": path, "payload": "", "payloadType": "InlineBase64"});
        let parts = json!([part("a/x.Notebook/notebook-content.py"), part("b/X.notebook/notebook-content.py")]);
        let path = format!("{}/items/bulkImportDefinitions?beta=true", lab.workspace());
        lab.post(&path, json!({"definitionParts": parts}))
    }),
    ("ItemReferencedMoreThanOnce", 400, |lab| {
        let workspace = lab.workspace();
        lab.mirror(&workspace, "m", &open_mirror());
        let item = json!({"id": lab.get(&format!("{workspace}/items")).body()["value"][0]["id"]});
        let path = format!("{workspace}/items/bulkExportDefinitions?beta=true");
        lab.post(&path, json!({"mode": "Selective", "items": [item, item]}))
    }),
    ("TooManyFolders", 400, |lab| {
        lab.settings(json!({"throttle": "off"}));
        let folders = format!("{}/folders", lab.workspace());
        for n in 0..1000 {
            lab.post(&folders, json!({"displayName": format!("f{n}")})).is(201);
        }
        lab.post(&folders, json!({"displayName": "one more"}))
    }),
    ("Unauthorized", 401, |lab| lab.send("GET", "/v1/workspaces", &[("authorization", "Basic x")], "")),
    ("WorkspaceItemsLimitExceeded", 400, |lab| {
        lab.settings(json!({"throttle": "off"}));
        let workspace = lab.workspace();
        for n in 0..500 {
            lab.mirror(&workspace, &format!("m{n}"), &open_mirror());
        }
        lab.create(&workspace, "one more", &open_mirror())
    }),
    ("WorkspaceHasNoCapacityAssigned", 400, |lab| {
        let bare = lab.post("/v1/workspaces", json!({"displayName": "no capacity"})).is(201).id();
        lab.post(&format!("/v1/workspaces/{bare}/lakehouses"), json!({"displayName": "l"}))
    }),
    ("WorkspaceNotFound", 404, |lab| lab.get(&format!("/v1/workspaces/{MISSING}"))),
    ("InsufficientPermissionsToManageConnection", 403, |lab| {
        let path = format!("/v1/connections/{}", lab.connection());
        let user = "00000000-0000-4000-8000-000000000011";
        lab.add_principals(&[(user, "User")]);
        let role = json!({"principal": {"id": user, "type": "User"}, "role": "User"});
        lab.post(&format!("{path}/roleAssignments"), role).is(201);
        lab.user(user).delete(&path)
    }),
    ("UnsupportedItemType", 400, |lab| {
        lab.post(&format!("{}/sqlEndpoints", lab.workspace()), json!({"displayName": "e"}))
    }),
    ("MirroringDefinitionMissing", 400, |lab| {
        let mirrors = format!("{}/mirroredDatabases", lab.workspace());
        let shell = lab.post(&mirrors, json!({"displayName": "shell", "properties": {}})).is(201).id();
        lab.post_empty(&format!("{mirrors}/{shell}/startMirroring"))
    }),
    ("DMTS_UntrustedEndpointForWorkspaceIdentity", 400, |lab| {
        let host = json!({"name": "host", "dataType": "Text", "value": "https://a.documents.azure.com"});
        lab.post(
            "/v1/connections",
            json!({
                "connectivityType": "ShareableCloud", "displayName": "c",
                "connectionDetails": {"type": "CosmosDB", "creationMethod": "CosmosDB.Contents", "parameters": [host]},
                "credentialDetails": {"credentials": {"credentialType": "WorkspaceIdentity"}},
            }),
        )
    }),
    ("ConflictingRequest", 409, |lab| {
        let body = json!({"displayName": "d", "currentLakehouseExecutionContext": {"mode": "All"}});
        let definitions = format!("{}/mlvexecutiondefinitions", lakehouse(lab));
        lab.post(&definitions, body.clone()).is(201);
        lab.post(&definitions, body)
    }),
    ("SparkCoreSessionNotFound", 404, |lab| lab.get(&format!("{}/livySessions/{MISSING}", lakehouse(lab)))),
    ("Conflict", 409, |lab| {
        let roles = data_access_roles(lab);
        lab.post(&format!("{roles}?dataAccessRoleConflictPolicy=Abort"), default_reader())
    }),
    ("PreconditionFailed", 412, |lab| {
        let headers = [("content-type", "application/json"), ("if-match", "\"x\"")];
        lab.send("POST", &data_access_roles(lab), &headers, default_reader().to_string())
    }),
    ("RoleNotFound", 404, |lab| lab.get(&format!("{}/x", data_access_roles(lab)))),
    ("WorkspaceNotSupported", 400, |lab| lab.post(&format!("{}/folders", mine(lab)), json!({"displayName": "f"}))),
    ("ExternalDataShareCannotBeAcceptedInTheSameTenant", 400, |lab| {
        lab.get(&format!("/v1/externalDataShares/invitations/{MISSING}?providerTenantId={DEFAULT_TENANT}"))
    }),
    ("ExternalDataShareOperationNotSupportedForItemType", 400, |lab| {
        let body = json!({"paths": ["Files/a"], "recipient": {"userPrincipalName": "a@b"}});
        lab.post(&format!("{}/externalDataShares", notebook(lab)), body)
    }),
    ("DestinationItemNotFound", 404, |lab| {
        let workspace = lab.workspace();
        enable_diagnostics(lab, &workspace, workspace.rsplit('/').next().unwrap())
    }),
    ("DestinationWorkspaceNotFound", 404, |lab| enable_diagnostics(lab, &lab.workspace(), MISSING)),
    ("RequiredDestination", 400, |lab| {
        lab.post(&format!("{}/onelake/settings/modifyDiagnostics", lab.workspace()), json!({"status": "Enabled"}))
    }),
    ("SettingsNotAllowedOnWorkspace", 400, |lab| enable_diagnostics(lab, &mine(lab), MISSING)),
    ("UserNotAuthorizedDestinationItem", 403, |lab| {
        let (source, logs) = (lab.workspace(), lab.post("/v1/workspaces", json!({"displayName": "logs"})).is(201).id());
        lab.add_principals(&[(MISSING, "User")]);
        lab.assign_role(&source, MISSING, "Admin");
        lab.assign_role(&format!("/v1/workspaces/{logs}"), MISSING, "Viewer");
        enable_diagnostics(&lab.user(MISSING), &source, &logs)
    }),
    ("WorkspaceNotInSameCapacity", 400, |lab| {
        let source = lab.post("/v1/workspaces", json!({"displayName": "source"})).is(201).id();
        let logs = lab.workspace();
        let lakehouse = crate::jobs::item(lab, &logs, "Lakehouse");
        let destination = crate::onelake_settings::destination(&lakehouse);
        let body = json!({"status": "Enabled", "destination": destination});
        lab.post(&format!("/v1/workspaces/{source}/onelake/settings/modifyDiagnostics"), body)
    }),
    ("LifecycleNotAllowedForMyWorkspace", 400, |lab| {
        lab.post_empty(&format!("{}/onelake/lifecycle/exportPolicy", mine(lab)))
    }),
    ("PolicyNotFound", 404, |lab| lab.post_empty(&format!("{}/onelake/lifecycle/exportPolicy", lab.workspace()))),
];

/// The path of the personal workspace of the caller.
fn mine(lab: &Lab) -> String {
    format!("/v1/workspaces/{}", lab.get("/v1/workspaces").body()["value"][0]["id"].as_str().unwrap())
}

/// Enables the diagnostics of a workspace, with a lakehouse that does not exist as destination.
fn enable_diagnostics(lab: &Lab, workspace: &str, logs: &str) -> Reply {
    let lakehouse = json!({"referenceType": "ById", "itemId": MISSING, "workspaceId": logs});
    let body = json!({"status": "Enabled", "destination": {"type": "Lakehouse", "lakehouse": lakehouse}});
    lab.post(&format!("{workspace}/onelake/settings/modifyDiagnostics"), body)
}

/// Creates a lakehouse and returns its path on its own route.
fn lakehouse(lab: &Lab) -> String {
    crate::jobs::item(lab, &lab.workspace(), "Lakehouse").replace("/items/", "/lakehouses/")
}

/// Creates a mirrored database, and returns the path of its data access roles.
fn data_access_roles(lab: &Lab) -> String {
    let mirror = lab.mirror(&lab.workspace(), "m", &open_mirror());
    format!("{}/dataAccessRoles", mirror.replace("mirroredDatabases", "items"))
}

/// A data access role that every item has.
fn default_reader() -> Value {
    let scope = |name: &str, value: &str| json!({"attributeName": name, "attributeValueIncludedIn": [value]});
    json!({"name": "DefaultReader", "decisionRules": [{"permission": [scope("Path", "*"), scope("Action", "Read")]}]})
}

/// A request for a deployment pipeline.
fn deployment_pipeline() -> Value {
    json!({"displayName": "p", "stages": [{"displayName": "a"}, {"displayName": "b"}]})
}

/// A request for a virtual network gateway.
fn virtual_network(lab: &Lab) -> Value {
    json!({
        "type": "VirtualNetwork", "displayName": "g", "inactivityMinutesBeforeSleep": 30,
        "capacityId": lab.get("/v1/capacities").body()["value"][0]["id"],
        "virtualNetworkAzureResource": {
            "subscriptionId": MISSING, "resourceGroupName": "r", "virtualNetworkName": "v", "subnetName": "s",
        },
    })
}

/// A request for a connection over the virtual network gateway with the id [`MISSING`].
fn over_virtual_network() -> Value {
    let mut body = sql_connection("c");
    body["connectivityType"] = "VirtualNetworkGateway".into();
    body["gatewayId"] = MISSING.into();
    body
}

#[test]
fn error_codes_are_answered_with_their_status() {
    for (code, status, provoke) in PROVOKED {
        provoke(&Lab::new()).refuses(*status, code);
    }
    // Errors of kinds that are created by an operation appear in the operation.
    let lab = Lab::new();
    let body = json!({"displayName": "c", "definition": {"parts": [part("definition.json", "{")]}});
    let started = lab.post(&format!("{}/cosmosDbDatabases", lab.workspace()), body).is(202);
    lab.result(&started).refuses(400, "OperationNotSucceeded");
}

/// The codes in the description of a response: `* Code - meaning`.
fn codes(description: &str) -> impl Iterator<Item = &str> {
    description.lines().filter_map(|line| {
        let line = line.trim().trim_start_matches('*').trim_start();
        let (code, _) = line.split_once(" - ")?;
        let is_code = code.starts_with(char::is_uppercase) && code.chars().all(|c| c.is_ascii_alphanumeric());
        is_code.then_some(code)
    })
}

#[test]
fn error_codes_are_provoked_or_documented_as_unused() {
    let Some(specs) = shared("specs") else { return };
    let served: BTreeSet<String> = OPERATIONS
        .iter()
        .filter(|route| route.operation.coverage != Coverage::Absent)
        .map(|route| format!("{} {}", route.operation.method, route.operation.path))
        .collect();
    let document = include_str!("../../docs/fidelity.md");
    let (_, never) = document.split_once("## Codes that are never answered").expect("the document has the section");
    let never = never.split("\n## ").next().unwrap();
    let mut described = BTreeSet::new();
    for entry in std::fs::read_dir(specs).unwrap() {
        let Ok(text) = std::fs::read_to_string(entry.unwrap().path().join("swagger.json")) else { continue };
        let swagger: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
        for (path, methods) in swagger["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                if !served.contains(&format!("{} {}", method.to_uppercase(), path.split('?').next().unwrap())) {
                    continue;
                }
                let responses = operation["responses"].as_object().into_iter().flatten();
                let texts = responses.filter_map(|(_, response)| response["description"].as_str());
                described.extend(texts.flat_map(codes).map(str::to_owned));
            }
        }
    }
    assert!(described.len() > 30, "{described:?}");
    let lost: Vec<&String> = described
        .iter()
        .filter(|code| !PROVOKED.iter().any(|(known, ..)| known == code) && !never.contains(&format!("`{code}`")))
        .collect();
    assert!(lost.is_empty(), "neither provoked nor named as never answered: {lost:?}");
    let both: Vec<&str> =
        PROVOKED.iter().map(|(code, ..)| *code).filter(|code| never.contains(&format!("`{code}`"))).collect();
    assert!(both.is_empty(), "named as never answered, and answered: {both:?}");
}
