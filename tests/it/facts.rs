//! The persisted format: golden files pin the facts and the state that results from them.
//!
//! `SPECULARITE_GOLDEN=write cargo test --test it facts::` writes the files anew. Do that only for new facts: files of
//! released versions must stay readable.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value, json};
use specularite::fabric::State;
use specularite::fabric::access::DEFAULT_TENANT;
use specularite::fabric::fact::{DatedFact, Fact, FactLog};
use specularite::fabric::mirroring::MirroringStatus;
use specularite::fabric::pace::Pace;
use specularite::fabric::settings::SettingsChange;
use specularite::fabric::weight::weight;

use crate::harness::{ALICE, BOB, Lab, definition, sql_mirror};

pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/facts").join(name)
}

pub(crate) fn read(name: &str) -> Value {
    let text = std::fs::read_to_string(path(name)).unwrap_or_else(|why| panic!("{name}: {why}"));
    serde_json::from_str(&text).unwrap()
}

fn state(value: Value) -> State {
    serde_json::from_value(value).expect("the golden state is readable")
}

fn facts(value: Value) -> Vec<DatedFact> {
    serde_json::from_value::<FactLog>(value).expect("the golden facts are readable").facts
}

/// The names of all variants. The match fails to compile when one is missing here.
fn name(fact: &Fact) -> &'static str {
    macro_rules! names {
        ($($variant:ident $name:literal),* $(,)?) => {
            match fact { $(Fact::$variant { .. } => $name),* }
        };
    }
    names! {
        TroubleAdded "troubleAdded", TroubleChanged "troubleChanged", TroubleRemoved "troubleRemoved",
        CapacityDeclared "capacityDeclared", ConnectionDeclared "connectionDeclared",
        CapacityOperationStarted "capacityOperationStarted", CapacityCreated "capacityCreated",
        CapacityUpdated "capacityUpdated", CapacityDeleted "capacityDeleted",
        SettingsChanged "settingsChanged", SourceDeclared "sourceDeclared", CapacityChanged "capacityChanged",
        PrincipalRegistered "principalRegistered", PrincipalsDeclared "principalsDeclared",
        SecretsDeclared "secretsDeclared", TagsDeclared "tagsDeclared", WorkspaceCreated "workspaceCreated",
        WorkspaceUpdated "workspaceUpdated", WorkspaceAssigned "workspaceAssigned",
        WorkspaceDeleted "workspaceDeleted", IdentityProvisioned "identityProvisioned",
        IdentityDeprovisioned "identityDeprovisioned", WorkspaceTagged "workspaceTagged", RoleAssigned "roleAssigned",
        RoleChanged "roleChanged", RoleRemoved "roleRemoved", FolderCreated "folderCreated",
        FolderRenamed "folderRenamed", FolderMoved "folderMoved", FolderDeleted "folderDeleted",
        ConnectionCreated "connectionCreated", ConnectionUpdated "connectionUpdated",
        ConnectionDeleted "connectionDeleted", ItemCreated "itemCreated", ItemUpdated "itemUpdated",
        ShortcutsChanged "shortcutsChanged", IdentityAssociated "identityAssociated",
        KindStateChanged "kindStateChanged", ItemsMoved "itemsMoved", ItemTagged "itemTagged",
        LabelsChanged "labelsChanged",
        ItemDeleted "itemDeleted", DefinitionUpdated "definitionUpdated", OperationStarted "operationStarted",
        MirroringStarted "mirroringStarted", MirroringStopped "mirroringStopped", FaultAdded "faultAdded",
        FaultSwitched "faultSwitched", FaultDeleted "faultDeleted", NetworkingChanged "networkingChanged",
        DataAccessRolesChanged "dataAccessRolesChanged", OneLakeSettingsChanged "oneLakeSettingsChanged",
        ExternalDataShareCreated "externalDataShareCreated", ExternalDataShareAccepted "externalDataShareAccepted",
        ExternalDataShareRevoked "externalDataShareRevoked", ExternalDataShareDeleted "externalDataShareDeleted",
        ManagedPrivateEndpointCreated "managedPrivateEndpointCreated",
        ManagedPrivateEndpointDeleted "managedPrivateEndpointDeleted", EncryptionChanged "encryptionChanged",
        GatewayCreated "gatewayCreated", GatewayUpdated "gatewayUpdated", GatewaysDeclared "gatewaysDeclared",
        GatewayDeleted "gatewayDeleted",
        DeploymentPipelineCreated "deploymentPipelineCreated",
        DeploymentPipelineUpdated "deploymentPipelineUpdated",
        DeploymentPipelineRolesChanged "deploymentPipelineRolesChanged",
        DeploymentPipelineDeleted "deploymentPipelineDeleted", DeploymentStageUpdated "deploymentStageUpdated",
        DeploymentStageAssigned "deploymentStageAssigned", DeploymentStageUnassigned "deploymentStageUnassigned",
        DeploymentStarted "deploymentStarted",
        ItemSoftDeleted "itemSoftDeleted", ItemsRecovered "itemsRecovered",
        RecoverableItemDeleted "recoverableItemDeleted", LogicalIdChanged "logicalIdChanged",
        GitPushed "gitPushed", GitConnected "gitConnected", GitDisconnected "gitDisconnected",
        GitCredentialsChanged "gitCredentialsChanged", GitSettingsChanged "gitSettingsChanged",
        GitSynced "gitSynced",
        WorkspaceRelationCreated "workspaceRelationCreated", WorkspaceRelationDeleted "workspaceRelationDeleted",
        JobStarted "jobStarted", JobCancelled "jobCancelled",
        TagDeleted "tagDeleted", DomainCreated "domainCreated", DomainUpdated "domainUpdated",
        DomainDeleted "domainDeleted", DomainAssigned "domainAssigned",
        TenantSettingChanged "tenantSettingChanged", TenantSettingOverridden "tenantSettingOverridden",
        ScheduleCreated "scheduleCreated", ScheduleUpdated "scheduleUpdated", ScheduleDeleted "scheduleDeleted",
        PathCreated "pathCreated", PathFlushed "pathFlushed", PathRenamed "pathRenamed", PathDeleted "pathDeleted",
        SparkChanged "sparkChanged", SqlPoolsChanged "sqlPoolsChanged", CapacityConfigured "capacityConfigured",
    }
}

/// The number of variants of [`Fact`].
const VARIANTS: usize = 102;

/// A history with every variant of a fact.
pub(crate) fn history() -> Lab {
    let lab = Lab::new();
    live(&lab);
    lab
}

/// Gives a lab a history with every variant of a fact.
pub(crate) fn live(lab: &Lab) {
    lab.settings(json!({"pace": "realistic", "durations": {"starting": 30}}));
    lab.put("/_emulator/principals", json!({"value": [{"id": ALICE, "type": "User", "secret": "s"}]})).is(200);
    let tags = lab.put("/_emulator/tags", json!({"value": [{"displayName": "gold"}]})).is(200).body();
    let tag = tags["value"][0]["id"].clone();
    workspaces(lab, &tag);
    let connection = lab.connection();
    let table = json!({"schemaName": "dbo", "tableName": "Orders", "rowsPerSecond": 0.1});
    lab.put(&format!("/_emulator/sources/{connection}"), json!({"tables": [table]})).is(200);
    let unused = lab.post("/v1/connections", crate::harness::sql_connection("unused")).is(201).id();
    let rename = json!({"connectivityType": "ShareableCloud", "displayName": "renamed"});
    lab.patch(&format!("/v1/connections/{unused}"), rename).is(200);
    lab.delete(&format!("/v1/connections/{unused}")).is(200);
    items(lab, &connection, &tag);
    trouble(lab, &connection);
    faults(lab);
    protection(lab);
    gateways(lab);
    jobs(lab);
    administration(lab);
    shares(lab);
    azure(lab);
    compute(lab);
}

/// Domains with roles and workspaces, tags, tenant settings, and a principal that is no administrator.
fn administration(lab: &Lab) {
    let no_administrator = json!({"id": BOB, "type": "User", "displayName": "Bob", "fabricAdmin": false});
    lab.put("/_emulator/principals", json!({"value": [no_administrator]})).is(200);
    let domains = "/v1/admin/domains";
    let domain = lab.post(domains, json!({"displayName": "Finance", "description": "d"})).is(201).id();
    let domain = format!("{domains}/{domain}");
    let within = json!({"displayName": "Audit", "parentDomainId": domain.rsplit('/').next()});
    let deleted = lab.post(domains, within.clone()).is(201).id();
    lab.delete(&format!("{domains}/{deleted}")).is(200);
    lab.post(domains, within).is(201);
    let change = json!({"contributorsScope": "SpecificUsersAndGroups", "defaultLabelId": ALICE});
    lab.patch(&domain, change).is(200);
    for role in ["Admin", "Contributor"] {
        let roles = json!({"type": role, "principals": [{"id": ALICE, "type": "User"}]});
        lab.post(&format!("{domain}/roleAssignments/bulkAssign"), roles).is(200);
    }
    let workspace = lab.get("/v1/workspaces").body()["value"].as_array().unwrap().last().unwrap()["id"].clone();
    lab.post(&format!("{domain}/assignWorkspaces"), json!({"workspacesIds": [workspace]})).is(200);
    let capacity = lab.get("/v1/capacities").body()["value"][0]["id"].clone();
    lab.post(&format!("{domain}/assignWorkspacesByCapacities"), json!({"capacitiesIds": [capacity]})).is(202);
    let tags = json!({"createTagsRequest": [{"displayName": "kept"}, {"displayName": "deleted"}]});
    let tags = lab.post("/v1/admin/tags/bulkCreateTags", tags).is(201).body()["tags"].clone();
    lab.delete(&format!("/v1/admin/tags/{}", tags[1]["id"].as_str().unwrap())).is(200);
    let group = json!({"graphId": ALICE, "name": "g"});
    let properties = json!([{"name": "CreateP2w", "value": "true", "type": "Boolean"}]);
    let change = json!({"enabled": true, "enabledSecurityGroups": [group], "properties": properties});
    lab.post("/v1/admin/tenantsettings/PublishToWeb/update", change).is(200);
    let overrides = format!("/v1/admin/capacities/{}/delegatedTenantSettingOverrides", capacity.as_str().unwrap());
    for name in ["FabricGAWorkloads", "EnableAOAI"] {
        lab.post(&format!("{overrides}/{name}/update"), json!({"enabled": false, "excludedSecurityGroups": [group]}))
            .is(200);
    }
    lab.delete(&format!("{overrides}/EnableAOAI")).is(200);
    deployment_pipelines(lab);
    recovery(lab);
    git(lab);
}

/// The networking policies, the private endpoints and the encryption of a workspace.
fn protection(lab: &Lab) {
    let capacity = lab.get("/v1/capacities").body()["value"][0]["id"].clone();
    let workspace = json!({"displayName": "protected", "capacityId": capacity});
    let workspace = format!("/v1/workspaces/{}", lab.post("/v1/workspaces", workspace).is(201).id());
    let deny = json!({"outbound": {"publicAccessRules": {"defaultAction": "Deny"}}});
    lab.put(&format!("{workspace}/networking/communicationPolicy"), deny).is(200);
    let endpoints = format!("{workspace}/managedPrivateEndpoints");
    let resource = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/s";
    for name in ["kept", "deleted"] {
        let request = json!({"name": name, "targetPrivateLinkResourceId": resource});
        let id = lab.post(&endpoints, request).is(201).id();
        if name == "deleted" {
            lab.delete(&format!("{endpoints}/{id}")).is(200);
        }
    }
    let key = json!({"keyIdentifier": "https://v.vault.azure.net/keys/k"});
    lab.post(&format!("{workspace}/encryption/assign"), key).is(200);
}

/// OneLake settings, a share that another tenant accepts, and a revoked and a deleted share.
fn shares(lab: &Lab) {
    let workspace = crate::external_data_shares::workspace(lab, "shares");
    let lakehouse = crate::jobs::item(lab, &workspace, "Lakehouse");
    let tier = format!("{workspace}/onelake/settings/modifyDefaultTier?defaultTier=Cool");
    lab.post_empty(&tier).is(200);
    let rule = json!({"name": "r", "type": "Lifecycle",
        "definition": {"actions": {"baseBlob": {"tierToCool": {"daysAfterModificationGreaterThan": 1.0}}}}});
    let policy = json!({"properties": {"policy": {"rules": [rule]}}});
    lab.post(&format!("{workspace}/onelake/lifecycle/importPolicy"), policy).is(200);
    lab.post(&format!("{workspace}/onelake/settings/modifyAccessTimeTracking"), json!({"status": "Enabled"})).is(200);
    let labeled = json!([{"id": lakehouse.rsplit('/').next(), "type": "Lakehouse"}]);
    lab.post("/v1/admin/items/bulkSetLabels", json!({"items": labeled, "labelId": ALICE})).is(200);
    let shares = format!("{lakehouse}/externalDataShares");
    lab.settings(json!({"throttle": "off"}));
    let recipients = [
        json!({"userPrincipalName": "lisa@fabrikam.com", "tenantId": ALICE}),
        json!({"type": "ServicePrincipal", "principalId": ALICE, "tenantId": ALICE}),
    ];
    let [accepted, deleted] = recipients
        .map(|recipient| lab.post(&shares, json!({"paths": ["Files/a"], "recipient": recipient})).is(201).id());
    lab.post_empty(&format!("{shares}/{deleted}/revoke")).is(200);
    lab.delete(&format!("{shares}/{deleted}")).is(200);
    let recipient = lab.in_tenant(ALICE);
    crate::external_data_shares::accept(&recipient, &accepted).is(200);
}

/// A capacity of Azure that is updated, and one that is deleted.
fn azure(lab: &Lab) {
    let body = json!({"location": "westus3", "sku": {"name": "F2"}, "tags": {"team": "data"},
        "properties": {"administration": {"members": ["admin@contoso.com"]}}});
    for name in ["updated", "deleted"] {
        let path = crate::azure_capacities::group(&format!("/{name}"));
        lab.json("PUT", &path, &body).is(201);
        lab.advance(60.0);
        match name {
            "updated" => lab.patch(&path, json!({"sku": {"name": "F4", "tier": "Fabric"}})).is(202),
            _ => lab.delete(&path).is(202),
        };
    }
}

/// A gateway of each type, and a deleted one.
fn gateways(lab: &Lab) {
    let resource =
        json!({"subscriptionId": ALICE, "resourceGroupName": "g", "virtualNetworkName": "v", "subnetName": "s"});
    let capacity = lab.get("/v1/capacities").body()["value"][0]["id"].clone();
    let mut body = json!({"type": "VirtualNetwork", "displayName": "vnet", "capacityId": capacity,
        "virtualNetworkAzureResource": resource, "inactivityMinutesBeforeSleep": 30});
    let created = format!("/v1/gateways/{}", lab.post("/v1/gateways", body.clone()).is(201).id());
    let range = json!({"type": "VirtualNetwork", "minMemberGatewayCount": 1, "maxMemberGatewayCount": 2});
    lab.patch(&created, range).is(200);
    body["displayName"] = json!("deleted");
    let deleted = lab.post("/v1/gateways", body).is(201).id();
    lab.delete(&format!("/v1/gateways/{deleted}")).is(200);
    let declared = json!({"value": [
        {"type": "OnPremises", "displayName": "cluster", "numberOfMemberGateways": 2},
        {"type": "OnPremisesPersonal"},
        {"type": "StreamingVirtualNetwork", "displayName": "streams"},
    ]});
    lab.put("/_emulator/gateways", declared).is(200);
}

/// Trouble of each target, a source with all members, and a declared connection and capacity.
fn trouble(lab: &Lab, connection: &str) {
    let table =
        json!({"schemaName": "dbo", "tableName": "Orders", "primaryKey": ["id"], "bursts": [{"every": 60, "rows": 5}]});
    let declared =
        json!({"table": {"schemaName": "dbo", "tableName": "Orders"}, "kind": "tableFails", "starts": {"share": 0.5}});
    let source =
        json!({"tables": [table], "identity": {"principalId": ALICE}, "idleBackoff": true, "trouble": [declared]});
    lab.put(&format!("/_emulator/sources/{connection}"), source).is(200);
    let plan = |body: Value| lab.post("/_emulator/trouble", body).is(201).id();
    plan(json!({"target": {"source": connection}, "cause": "rotatedKey", "starts": {"after": 5}}));
    plan(
        json!({"target": {"source": connection}, "kind": "slow", "factor": 2, "starts": {"at": "2032-01-01T00:00:00Z"}}),
    );
    let test = plan(json!({"target": {"connectionDetails": {"type": "SQL", "path": "*"}}, "cause": "wrongKey"}));
    lab.patch(&format!("/_emulator/trouble/{test}"), json!({"ends": {"after": 60}})).is(200);
    lab.delete(&format!("/_emulator/trouble/{test}")).is(200);
    let workspace = lab.post("/v1/workspaces", json!({"displayName": "trouble"})).is(201).id();
    let capacity = lab.get("/v1/capacities").body()["value"][0]["id"].clone();
    let workspace = format!("/v1/workspaces/{workspace}");
    lab.post(&format!("{workspace}/assignToCapacity"), json!({"capacityId": capacity})).is(202);
    lab.advance(60.0);
    let mirror = lab.mirror(&workspace, "late", &sql_mirror(connection, None));
    plan(json!({"target": {"item": mirror.rsplit('/').next()}, "kind": "sqlEndpointLate", "ends": {"after": 60}}));
    let connection = json!({"displayName": "declared", "connectionDetails": {"type": "SQL", "path": "s;d"},
        "credentialDetails": {"credentialType": "OAuth2"}});
    lab.put("/_emulator/connections/0a1b2c3d-0000-4000-8000-000000000001", connection).is(200);
    let capacity = json!({"displayName": "declared", "sku": "F2", "hiddenFrom": [ALICE]});
    lab.put("/_emulator/capacities/0a1b2c3d-0000-4000-8000-00000000000c", capacity).is(200);
    suspend(lab);
}

/// Suspends a capacity that no workspace uses.
fn suspend(lab: &Lab) {
    let group = format!("/subscriptions/{DEFAULT_TENANT}/resourceGroups/specularite");
    let path = format!("{group}/providers/Microsoft.Fabric/capacities/declared/suspend?api-version=2023-11-01");
    lab.post_empty(&path).is(202);
}

fn faults(lab: &Lab) {
    for name in ["kept", "deleted"] {
        let matches = json!({"operation": "Items_*", "request": {"displayName": "x"}});
        let answer = json!({"status": 503, "headers": {"x-region": "west"}, "body": {"value": []}});
        let rule = json!({"name": name, "match": matches, "when": {"times": 2}, "effect": {"answer": answer}});
        let fault = format!("/_emulator/faults/{}", lab.post("/_emulator/faults", rule).is(201).id());
        lab.patch(&fault, json!({"enabled": false})).is(200);
        if name == "deleted" {
            lab.delete(&fault).is(200);
        }
    }
}

fn workspaces(lab: &Lab, tag: &Value) {
    let workspace = lab.workspace();
    lab.patch(&workspace, json!({"description": "d"})).is(200);
    lab.post(&format!("{workspace}/applyTags"), json!({"tags": [tag]})).is(200);
    lab.post_empty(&format!("{workspace}/provisionIdentity")).is(202);
    lab.advance(10.0);
    lab.post_empty(&format!("{workspace}/deprovisionIdentity")).is(202);
    lab.post_empty(&format!("{workspace}/unassignFromCapacity")).is(202);
    let roles = format!("{workspace}/roleAssignments");
    lab.post(&roles, json!({"principal": {"id": ALICE, "type": "User"}, "role": "Viewer"})).is(201);
    lab.patch(&format!("{roles}/{ALICE}"), json!({"role": "Member"})).is(200);
    lab.delete(&format!("{roles}/{ALICE}")).is(200);
    let folders = format!("{workspace}/folders");
    let outer = lab.post(&folders, json!({"displayName": "outer"})).is(201).id();
    let inner = lab.post(&folders, json!({"displayName": "inner"})).is(201).id();
    lab.patch(&format!("{folders}/{inner}"), json!({"displayName": "renamed"})).is(200);
    lab.post(&format!("{folders}/{inner}/move"), json!({"targetFolderId": outer})).is(200);
    lab.delete(&format!("{folders}/{inner}")).is(200);
    lab.delete(&workspace).is(200);
}

fn items(lab: &Lab, connection: &str, tag: &Value) {
    let workspace = lab.workspace();
    let mirror = lab.mirror(&workspace, "m", &sql_mirror(connection, Some(&["Orders", "Customers"])));
    let item = mirror.replace("mirroredDatabases", "items");
    lab.advance(60.0);
    lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    lab.advance(600.0);
    let chosen = sql_mirror(connection, Some(&["Orders"]));
    lab.post(&format!("{mirror}/updateDefinition"), json!({"definition": definition(&chosen.to_string())})).is(200);
    lab.post_empty(&format!("{mirror}/stopMirroring")).is(200);
    lab.advance(60.0);
    lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    lab.advance(600.0);
    lab.set_capacity("Inactive");
    lab.set_capacity("Active");
    lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    lab.patch(&mirror, json!({"description": "d"})).is(200);
    lab.post(&format!("{item}/applyTags"), json!({"tags": [tag]})).is(200);
    let folder = lab.post(&format!("{workspace}/folders"), json!({"displayName": "f"})).is(201).id();
    lab.post(&format!("{item}/move"), json!({"targetFolderId": folder})).is(200);
    lab.post(&format!("{item}/identities/default/assign?beta=true"), json!({"assignmentType": "Caller"})).is(200);
    let lakehouse = lab.post(&format!("{workspace}/lakehouses"), json!({"displayName": "l"})).is(201).id();
    lab.put(&format!("{workspace}/items/{lakehouse}/dataAccessRoles"), json!({"value": []})).is(200);
    crate::onelake::paths(lab, &format!("/{}/{lakehouse}", workspace.rsplit('/').next().unwrap()));
    let target = json!({"oneLake": {"workspaceId": ALICE, "itemId": ALICE, "path": "Tables/x"}});
    let shortcut = json!({"path": "Tables", "name": "x", "target": target});
    lab.post(&format!("{workspace}/items/{lakehouse}/shortcuts"), shortcut).is(201);
    let database = lab.sql_database(&workspace, "s");
    let audit = format!("{database}/settings/sqlAudit");
    lab.patch(&audit, json!({"state": "Enabled", "retentionDays": 3})).is(200);
    lab.post_empty(&format!("{database}/stopMirroring")).is(200);
    lab.delete(&database).is(200);
}

/// A deployment that creates and overwrites an item, an unassigned stage, and a deleted pipeline.
fn deployment_pipelines(lab: &Lab) {
    let capacity = lab.get("/v1/capacities").body()["value"][0]["id"].clone();
    let workspaces = ["development", "production"].map(|name| {
        let workspace = lab.post("/v1/workspaces", json!({"displayName": name, "capacityId": capacity})).is(201).id();
        let item = json!({"displayName": "paired", "type": "DataPipeline", "description": name});
        lab.post(&format!("/v1/workspaces/{workspace}/items"), item).is(201);
        workspace
    });
    let new = json!({"displayName": "new", "type": "DataPipeline"});
    lab.post(&format!("/v1/workspaces/{}/items", workspaces[0]), new).is(201);
    let create = |name: &str| {
        let stages = json!([{"displayName": "a"}, {"displayName": "b"}, {"displayName": "c"}]);
        lab.post("/v1/deploymentPipelines", json!({"displayName": name, "stages": stages})).is(201)
    };
    let pipeline = create("pipeline");
    let path = format!("/v1/deploymentPipelines/{}", pipeline.id());
    let stages: Vec<Value> = (0..3).map(|order| pipeline.body()["stages"][order]["id"].clone()).collect();
    let stage = |order: usize| format!("{path}/stages/{}", stages[order].as_str().unwrap());
    lab.patch(&path, json!({"description": "d"})).is(200);
    lab.patch(&stage(2), json!({"displayName": "d", "isPublic": true})).is(200);
    let role = json!({"principal": {"id": ALICE, "type": "User"}, "role": "Admin"});
    lab.post(&format!("{path}/roleAssignments"), role).is(200);
    for (order, workspace) in workspaces.iter().enumerate() {
        lab.post(&format!("{}/assignWorkspace", stage(order)), json!({"workspaceId": workspace})).is(200);
    }
    let request = json!({"sourceStageId": stages[0], "targetStageId": stages[1], "note": "n"});
    lab.post(&format!("{path}/deploy"), request).is(202);
    lab.advance(60.0);
    let request = json!({"sourceStageId": stages[1], "targetStageId": stages[2],
        "createdWorkspaceDetails": {"name": "further"}});
    lab.post(&format!("{path}/deploy"), request).is(202);
    lab.advance(60.0);
    lab.post_empty(&format!("{}/unassignWorkspace", stage(2))).is(200);
    let deleted = create("deleted").id();
    lab.delete(&format!("/v1/deploymentPipelines/{deleted}")).is(200);
}

/// A workspace that is committed to a branch, one that was disconnected, and a deleted relation beside another.
fn git(lab: &Lab) {
    let capacity = lab.get("/v1/capacities").body()["value"][0]["id"].clone();
    let make = |name: &str| {
        let id = lab.post("/v1/workspaces", json!({"displayName": name, "capacityId": capacity})).is(201).id();
        let connect = json!({"gitProviderDetails": crate::git::details(name, "dir")});
        lab.post(&format!("/v1/workspaces/{id}/git/connect"), connect).is(200);
        id
    };
    let [base, branch] = ["base", "branch"].map(make);
    let git = format!("/v1/workspaces/{base}/git");
    lab.mirror(&format!("/v1/workspaces/{base}"), "in Git", &crate::harness::open_mirror());
    lab.post(&format!("{git}/initializeConnection"), json!({})).is(200);
    lab.post(&format!("{git}/commitToGit"), json!({"mode": "All"})).is(202);
    lab.patch(&format!("{git}/myGitCredentials"), json!({"source": "None"})).is(200);
    let roles = json!({"additionalRolesAuthorizedToChangeBranch": "MemberAndContributor"});
    lab.patch(&format!("{git}/connectionSettings"), roles).is(200);
    let relation = json!({"relatedWorkspaceId": branch, "relationType": "Branch"});
    let relations = format!("{git}/workspaceRelations");
    let deleted = lab.post(&relations, relation.clone()).is(201).id();
    lab.delete(&format!("{relations}/{deleted}")).is(200);
    lab.post(&relations, relation).is(201);
    lab.post_empty(&format!("/v1/workspaces/{branch}/git/disconnect")).is(200);
}

/// A run of a notebook that is cancelled, two of a schedule, and a schedule that is deleted.
fn jobs(lab: &Lab) {
    let workspace = lab.get("/v1/workspaces").body()["value"].as_array().unwrap().last().unwrap()["id"].clone();
    let items = format!("/v1/workspaces/{}/items", workspace.as_str().unwrap());
    let started = lab.post(&items, json!({"displayName": "n", "type": "Notebook"})).is(202);
    let jobs = format!("{items}/{}/jobs", lab.result(&started).id());
    let run = lab.post_empty(&format!("{jobs}/RunNotebook/instances")).is(202);
    let id = run.header("location").unwrap().rsplit('/').next().unwrap().to_owned();
    lab.post_empty(&format!("{jobs}/instances/{id}/cancel")).is(202);
    let configuration = json!({"type": "Monthly", "startDateTime": "2031-01-01T00:00:00",
        "endDateTime": "2041-01-01T00:00:00", "localTimeZoneId": "UTC", "recurrence": 1,
        "occurrence": {"occurrenceType": "DayOfMonth", "dayOfMonth": 4}, "times": ["00:00", "12:00"]});
    let schedule = json!({"enabled": true, "configuration": configuration, "executionData": {"a": 1}});
    let schedules = format!("{jobs}/RunNotebook/schedules");
    let kept = lab.post(&schedules, schedule.clone()).is(201).id();
    lab.advance(86_400.0);
    let weekly = json!({"type": "Weekly", "startDateTime": "2031-01-01T00:00:00", "endDateTime": "2041-01-01T00:00:00",
        "localTimeZoneId": "UTC", "weekdays": ["Monday"], "times": ["09:30"]});
    let update = json!({"enabled": true, "configuration": weekly});
    lab.patch(&format!("{schedules}/{kept}"), update).is(200);
    let deleted = lab.post(&schedules, schedule).is(201).id();
    lab.delete(&format!("{schedules}/{deleted}")).is(200);
}

/// Spark settings and pools, an environment, a warehouse with restore points, SQL pools and the configuration of a capacity.
fn compute(lab: &Lab) {
    let capacity = lab.get("/v1/capacities").body()["value"][0]["id"].as_str().unwrap().to_owned();
    let workspace = json!({"displayName": "compute", "capacityId": capacity});
    let workspace = format!("/v1/workspaces/{}", lab.post("/v1/workspaces", workspace).is(201).id());
    let pool = json!({"name": "p", "nodeFamily": "MemoryOptimized", "nodeSize": "Small",
        "autoScale": {"enabled": true, "minNodeCount": 1, "maxNodeCount": 3},
        "dynamicExecutorAllocation": {"enabled": false, "minExecutors": 1, "maxExecutors": 1}});
    lab.post(&format!("{workspace}/spark/pools"), pool.clone()).is(201);
    let default = json!({"pool": {"defaultPool": {"name": "p", "type": "Workspace"}}});
    lab.patch(&format!("{workspace}/spark/settings"), default.clone()).is(200);
    lab.post(&format!("/v1/capacities/{capacity}/spark/pools?beta=true"), pool).is(201);
    let surge = json!({"state": "Enabled", "rejectionThreshold": 80, "recoveryThreshold": 70});
    lab.patch(&format!("/v1/capacities/{capacity}/surgeProtection"), surge).is(200);
    let pools = json!({"customSQLPools": [{"name": "p", "maxResourcePercentage": 30,
        "classifier": {"type": "Statement Type", "value": ["SELECT"]}}]});
    lab.patch(&format!("{workspace}/warehouses/sqlPoolsConfiguration"), pools).is(200);

    let environments = format!("{workspace}/environments");
    let environment = format!("{environments}/{}", lab.post(&environments, json!({"displayName": "e"})).is(201).id());
    let compute = json!({"instancePool": default["pool"]["defaultPool"], "sparkProperties": {"spark.a": "x"},
        "dynamicExecutorAllocation": {"enabled": true, "minExecutors": 1, "maxExecutors": 2}});
    lab.patch(&format!("{environment}/staging/sparkcompute"), compute).is(200);
    let upload = |path: &str| {
        let media = [("content-type", "application/octet-stream")];
        lab.send("POST", &format!("{environment}/staging/libraries/{path}"), &media, "- a=1").is(200);
    };
    upload("l.py");
    lab.post_empty(&format!("{environment}/staging/publish")).is(200);
    lab.post_empty(&format!("{environment}/staging/cancelPublish")).is(200);
    lab.post_empty(&format!("{environment}/staging/publish")).is(200);
    upload("importExternalLibraries");

    let warehouses = format!("{workspace}/warehouses");
    let warehouse = format!("{warehouses}/{}", lab.post(&warehouses, json!({"displayName": "w"})).is(201).id());
    let points = format!("{warehouse}/restorePoints");
    for name in ["kept", "deleted"] {
        let started = lab.post(&points, json!({"displayName": name})).is(202);
        let point = format!("{points}/{}", lab.result(&started).id());
        match name {
            "deleted" => lab.delete(&point).is(200),
            _ => lab.post_empty(&format!("{point}/restore")).is(202),
        };
    }
}

/// A loaded table and an execution definition of a lakehouse that is deleted and recovered, and a lakehouse that is
/// deleted permanently.
fn recovery(lab: &Lab) {
    lab.settings(json!({"itemRetentionDays": 7}));
    let workspace = lab.get("/v1/workspaces").body()["value"].as_array().unwrap().last().unwrap()["id"].clone();
    let workspace = format!("/v1/workspaces/{}", workspace.as_str().unwrap());
    for name in ["recovered", "purged"] {
        let id = lab.post(&format!("{workspace}/lakehouses"), json!({"displayName": name})).is(201).id();
        let lakehouse = format!("{workspace}/lakehouses/{id}");
        let load = json!({"relativePath": "Files/a.csv", "pathType": "File", "formatOptions": {"format": "Csv"}});
        lab.post(&format!("{lakehouse}/tables/t/load"), load).is(202);
        let definition = json!({"displayName": "d", "currentLakehouseExecutionContext": {"mode": "All"}});
        lab.post(&format!("{lakehouse}/mlvexecutiondefinitions"), definition).is(201);
        lab.patch(&format!("{workspace}/items/{id}/logicalId"), json!({"logicalId": id})).is(200);
        lab.delete(&lakehouse).is(200);
        let deleted = format!("{workspace}/recoverableItems/{id}");
        match name {
            "recovered" => lab.post_empty(&format!("{deleted}/recover")).is(200),
            _ => lab.delete(&deleted).is(200),
        };
    }
}

/// Writes the golden files when that is asked for.
pub(crate) fn write_if_asked(name: &str, value: &Value) {
    if std::env::var("SPECULARITE_GOLDEN").is_ok_and(|mode| mode == "write") {
        std::fs::create_dir_all(path("")).unwrap();
        std::fs::write(path(name), format!("{value:#}\n")).unwrap();
    }
}

#[test]
fn golden_facts_cover_every_variant() {
    let lab = history();
    let tenant = lab.emulator.default_tenant();
    write_if_asked("v1-facts.json", &json!(FactLog::new(tenant.facts())));
    write_if_asked("v1-state.json", &tenant.read(|state| json!(state)));
    lab.post_empty("/_emulator/reset").is(200);
    write_if_asked("v1-base.json", &tenant.read(|state| json!(state)));
    let log = read("v1-facts.json");
    let types: BTreeSet<&str> =
        log["facts"].as_array().unwrap().iter().filter_map(|it| it["fact"]["type"].as_str()).collect();
    let names: BTreeSet<&str> = facts(log.clone()).iter().map(|dated| name(&dated.fact)).collect();
    assert_eq!(types, names, "the names in the file are those of the variants");
    assert_eq!(names.len(), VARIANTS, "a variant is missing in the golden facts");
}

#[test]
fn golden_facts_replay_to_the_golden_state() {
    let mut replayed = state(read("v1-base.json"));
    facts(read("v1-facts.json")).iter().for_each(|dated| replayed.apply(dated));
    assert_eq!(replayed, state(read("v1-state.json")));
    assert_eq!(json!(replayed), read("v1-state.json"), "the state is written as it was");
}

#[test]
fn golden_facts_keep_their_durations_under_other_settings() {
    let replay = |change: SettingsChange| {
        let mut base = state(read("v1-base.json"));
        base.settings = base.settings.changed(change).unwrap();
        facts(read("v1-facts.json"))
            .iter()
            .filter(|it| !matches!(it.fact, Fact::SettingsChanged(_)))
            .for_each(|it| base.apply(it));
        json!(base)["workspaces"].clone()
    };
    let durations = [("starting".to_owned(), Some(1.0)), ("snapshot".to_owned(), Some(2.0))].into_iter().collect();
    let other = SettingsChange { pace: Some(Pace::Instant), durations: Some(durations), ..SettingsChange::default() };
    assert_eq!(replay(SettingsChange::default()), replay(other));
}

#[test]
fn golden_state_answers_with_the_stored_durations() {
    let golden = state(read("v1-state.json"));
    let items = golden.workspaces().values();
    let items = items.flat_map(|workspace| workspace.items().values().map(|item| (workspace.id, item)));
    let mut mirrors = items.filter_map(|(workspace, item)| golden.replication(workspace, item).ok());
    let spans = mirrors.next().expect("the golden state has a mirror").spans();
    let first = spans.iter().find(|span| span.status == MirroringStatus::Starting).unwrap();
    let lasts = first.to.expect("the first start ended").duration_since(first.from);
    assert_eq!(lasts.as_secs(), 30, "the duration that the settings had at the start");
}

#[test]
fn fact_log_rejects_other_formats() {
    let mut log = read("v1-facts.json");
    log["format"] = 2.into();
    let why = serde_json::from_value::<FactLog>(log).unwrap_err().to_string();
    assert_eq!(why, "cannot read facts of format 2: this version of specularite reads format 1");
}

#[test]
fn golden_facts_weigh_at_least_their_size_as_json() {
    for dated in facts(read("v1-facts.json")) {
        let json = serde_json::to_string(&dated.fact).unwrap();
        assert!(dated.fact.weight() >= json.len(), "{json}");
    }
}

#[test]
fn golden_facts_add_at_most_their_footprint_to_the_state() {
    let mut state = state(read("v1-base.json"));
    for dated in facts(read("v1-facts.json")) {
        let before = weight(&state);
        state.apply(&dated);
        let added = weight(&state).saturating_sub(before);
        assert!(dated.fact.weight() + added <= dated.fact.footprint(), "{added}: {dated:?}");
    }
}
