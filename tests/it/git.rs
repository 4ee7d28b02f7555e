//! Git integration: connections, credentials, synchronization and relations of workspaces.

use serde_json::{Value, json};

use crate::harness::{ALICE, BOB, Lab, MISSING, Reply, open_mirror};

/// A logical id of an item that others committed.
const LOGICAL: &str = "0a1b2c3d-0000-4000-8000-0000000000e1";

/// The details of a branch and a directory in Azure DevOps.
pub(crate) fn details(branch: &str, directory: &str) -> Value {
    json!({"gitProviderType": "AzureDevOps", "organizationName": "contoso", "projectName": "sales",
        "repositoryName": "fabric", "branchName": branch, "directoryName": directory})
}

/// Pushes files to a branch from outside.
pub(crate) fn push(lab: &Lab, branch: &str, files: &Value) {
    let branches = json!([{"name": branch, "files": files}]);
    let repository = json!({"gitProviderType": "AzureDevOps", "organizationName": "contoso", "projectName": "sales",
        "repositoryName": "fabric", "branches": branches});
    lab.put("/_emulator/git", json!({"value": [repository]})).is(200);
}

/// The files of an open mirror with a name, in a folder.
pub(crate) fn mirror_files(folder: &str, name: &str, logical_id: &str) -> Value {
    let platform = json!({"metadata": {"type": "MirroredDatabase", "displayName": name},
        "config": {"version": "2.0", "logicalId": logical_id}});
    let root = format!("{folder}{name}.MirroredDatabase");
    json!({format!("{root}/.platform"): platform.to_string(), format!("{root}/mirroring.json"): open_mirror().to_string()})
}

/// Connects a workspace to the branch `main`, and returns the path of its Git operations.
pub(crate) fn connected(lab: &Lab, workspace: &str) -> String {
    connect(lab, workspace, "main")
}

/// Connects a workspace to a branch, and returns the path of its Git operations.
pub(crate) fn connect(lab: &Lab, workspace: &str, branch: &str) -> String {
    let git = format!("{workspace}/git");
    lab.post(&format!("{git}/connect"), json!({"gitProviderDetails": details(branch, "")})).is(200);
    git
}

fn initialize(lab: &Lab, git: &str, strategy: &str) -> Value {
    lab.post(&format!("{git}/initializeConnection"), json!({"initializationStrategy": strategy})).is(200).body()
}

fn status(lab: &Lab, git: &str) -> Value {
    lab.get(&format!("{git}/status")).is(200).body()
}

/// Waits for the end of an operation, and returns its status.
fn ended(lab: &Lab, started: &Reply) -> String {
    let id = started.header("x-ms-operation-id").expect("an operation").to_owned();
    lab.advance(60.0);
    lab.get(&format!("/v1/operations/{id}")).is(200).body()["status"].as_str().unwrap().to_owned()
}

fn commit(lab: &Lab, git: &str, body: Value) -> String {
    let started = lab.post(&format!("{git}/commitToGit"), body).is(202);
    ended(lab, &started)
}

/// Updates a workspace to the last commit.
fn update(lab: &Lab, git: &str, policy: Option<&str>) -> Reply {
    let now = status(lab, git);
    let mut body = json!({"workspaceHead": now["workspaceHead"], "remoteCommitHash": now["remoteCommitHash"],
        "options": {"allowOverrideItems": true}});
    if let Some(policy) = policy {
        body["conflictResolution"] = json!({"conflictResolutionType": "Workspace", "conflictResolutionPolicy": policy});
    }
    lab.post(&format!("{git}/updateFromGit"), body)
}

fn mirrors(lab: &Lab, workspace: &str) -> Vec<Value> {
    lab.get(&format!("{workspace}/mirroredDatabases")).is(200).body()["value"].as_array().unwrap().clone()
}

#[test]
fn git_connection_is_shown_in_its_three_states() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let shown = || lab.get(&format!("{workspace}/git/connection")).is(200).body();
    assert_eq!(
        shown(),
        json!({"gitProviderDetails": null, "gitSyncDetails": null, "gitConnectionState": "NotConnected"})
    );
    let git = connected(&lab, &workspace);
    assert_eq!(shown()["gitConnectionState"], "Connected");
    assert_eq!(shown()["gitProviderDetails"], details("main", ""));
    lab.post(&format!("{git}/connect"), json!({"gitProviderDetails": details("main", "")}))
        .refuses(409, "WorkspaceAlreadyConnectedToGit");
    assert_eq!(initialize(&lab, &git, "None")["requiredAction"], "None");
    assert_eq!(shown()["gitConnectionState"], "ConnectedAndInitialized");
    assert_eq!(shown()["gitSyncDetails"]["head"], status(&lab, &git)["workspaceHead"]);
    lab.post(&format!("{git}/initializeConnection"), json!({}))
        .refuses(409, "WorkspaceGitConnectionAlreadyInitialized");
    lab.post_empty(&format!("{git}/disconnect")).is(200);
    assert_eq!(shown()["gitConnectionState"], "NotConnected");
    lab.post_empty(&format!("{git}/disconnect")).refuses(400, "WorkspaceNotConnectedToGit");
}

#[test]
fn git_provider_details_are_validated() {
    let lab = Lab::unthrottled();
    let connect = format!("{}/git/connect", lab.workspace());
    for (member, value) in [
        ("gitProviderType", json!(null)),
        ("gitProviderType", json!("Subversion")),
        ("organizationName", json!(null)),
        ("organizationName", json!("x".repeat(101))),
        ("projectName", json!(" ")),
        ("repositoryName", json!("x".repeat(129))),
        ("branchName", json!("x".repeat(251))),
        ("directoryName", json!(null)),
        ("directoryName", json!("x".repeat(257))),
    ] {
        let mut body = details("main", "");
        body[member] = value;
        lab.post(&connect, json!({"gitProviderDetails": body})).refuses(400, "InvalidInput");
    }
    let hub = |domain: Value| {
        json!({"gitProviderType": "GitHub", "ownerName": "contoso", "customDomainName": domain,
            "repositoryName": "fabric", "branchName": "main", "directoryName": "a/b"})
    };
    lab.post(&connect, json!({"gitProviderDetails": hub(json!("example.com"))})).refuses(400, "InvalidInput");
    // GitHub has no automatic credentials.
    lab.post(&connect, json!({"gitProviderDetails": hub(json!(null))})).refuses(400, "InvalidInput");
}

#[test]
fn git_credentials_belong_to_their_caller() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    lab.assign_role(&workspace, ALICE, "Admin");
    let path = format!("{workspace}/git/myGitCredentials");
    lab.get(&path).refuses(400, "WorkspaceNotConnectedToGit");
    let app = lab.by(ALICE, "app");
    app.post(&format!("{workspace}/git/connect"), json!({"gitProviderDetails": details("main", "")}))
        .refuses(400, "PrincipalTypeNotSupported");
    let git = connected(&lab, &workspace);
    let configured = |id: &str| json!({"source": "ConfiguredConnection", "connectionId": id});
    lab.patch(&path, configured(MISSING)).refuses(404, "ConnectionNotFound");
    lab.patch(&path, configured(&lab.connection())).refuses(400, "ConnectionMismatch");
    lab.patch(&path, json!({"source": "x"})).refuses(400, "InvalidInput");
    assert_eq!(lab.patch(&path, json!({"source": "None"})).is(200).body(), json!({"source": "None"}));
    for call in ["initializeConnection", "status"] {
        let method = if call == "status" { "GET" } else { "POST" };
        lab.send(method, &format!("{git}/{call}"), &[], "").refuses(400, "GitCredentialsNotConfigured");
    }
    assert_eq!(lab.user(ALICE).get(&path).is(200).body(), json!({"source": "Automatic"}));
}

#[test]
fn workspace_is_committed_to_empty_branch() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let mirror = lab.mirror(&workspace, "m", &open_mirror());
    let git = connected(&lab, &workspace);
    let initialized = initialize(&lab, &git, "None");
    assert_eq!(initialized["requiredAction"], "CommitToGit");
    let before = status(&lab, &git);
    let id = mirror.rsplit('/').next().unwrap();
    assert_eq!(
        before["changes"],
        json!([{"itemMetadata": {"itemIdentifier": {"objectId": id}, "itemType": "MirroredDatabase", "displayName": "m"},
            "workspaceChange": "Added", "conflictType": "None"}])
    );
    let commit_path = format!("{git}/commitToGit");
    lab.post(&commit_path, json!({"mode": "All", "workspaceHead": "0".repeat(40)}))
        .refuses(400, "WorkspaceHeadMismatch");
    lab.post(&commit_path, json!({"mode": "Selective", "items": [{"objectId": MISSING}]}))
        .refuses(404, "EntityNotFound");
    lab.post(&commit_path, json!({"mode": "Some"})).refuses(400, "InvalidInput");
    lab.post(&commit_path, json!({"mode": "All", "comment": "x".repeat(301)})).refuses(400, "InvalidInput");
    let started = lab
        .post(&commit_path, json!({"mode": "All", "workspaceHead": before["workspaceHead"], "comment": "c"}))
        .is(202);
    lab.post(&commit_path, json!({"mode": "All"})).refuses(400, "WorkspacePreviousOperationInProgress");
    assert_eq!(ended(&lab, &started), "Succeeded");
    let after = status(&lab, &git);
    assert_eq!(after["changes"], json!([]));
    assert_eq!(after["workspaceHead"], after["remoteCommitHash"]);
    assert_ne!(after["workspaceHead"], before["workspaceHead"]);
    let branch = lab.get("/_emulator/git").is(200).body()["value"][0]["branches"][0].clone();
    assert_eq!(branch["head"], after["workspaceHead"]);
    assert_eq!(branch["commits"][1]["comment"], "c");
    let paths: Vec<&String> = branch["files"].as_object().unwrap().keys().collect();
    assert_eq!(paths, ["m.MirroredDatabase/.platform", "m.MirroredDatabase/mirroring.json"]);
    lab.delete(&mirror).is(200);
    assert_eq!(status(&lab, &git)["changes"][0]["workspaceChange"], "Deleted");
    assert_eq!(commit(&lab, &git, json!({"mode": "All"})), "Succeeded");
    assert_eq!(lab.get("/_emulator/git").body()["value"][0]["branches"][0]["files"], json!({}));
}

#[test]
fn workspace_is_updated_from_branch() {
    let lab = Lab::unthrottled();
    push(&lab, "main", &mirror_files("", "m", LOGICAL));
    let workspace = lab.workspace();
    let git = connected(&lab, &workspace);
    let initialized = initialize(&lab, &git, "None");
    assert_eq!((&initialized["requiredAction"], &initialized["workspaceHead"]), (&json!("UpdateFromGit"), &json!("")));
    let updates = format!("{git}/updateFromGit");
    lab.post(&updates, json!({"remoteCommitHash": "0".repeat(40)})).refuses(400, "WorkspaceHeadMismatch");
    // No item of the workspace is changed, so that the request need not allow it.
    let started = lab.post(&updates, json!({"remoteCommitHash": initialized["remoteCommitHash"]})).is(202);
    assert!(mirrors(&lab, &workspace).is_empty(), "items become visible at the end");
    assert_eq!(ended(&lab, &started), "Succeeded");
    let found = mirrors(&lab, &workspace);
    assert_eq!((found.len(), &found[0]["displayName"]), (1, &json!("m")));
    // Mirroring does not start.
    assert_eq!(
        lab.status(&format!("{workspace}/mirroredDatabases/{}", found[0]["id"].as_str().unwrap())),
        "Initialized"
    );
    assert_eq!(status(&lab, &git)["changes"], json!([]));
    // The item is renamed and moved into a folder.
    push(&lab, "main", &mirror_files("f/", "renamed", LOGICAL));
    let change = status(&lab, &git)["changes"][0].clone();
    assert_eq!((&change["remoteChange"], &change["conflictType"]), (&json!("Modified"), &json!("None")));
    let now = status(&lab, &git);
    let heads = json!({"workspaceHead": now["workspaceHead"], "remoteCommitHash": now["remoteCommitHash"]});
    lab.post(&updates, heads).refuses(400, "OverrideItemsNotAllowed");
    assert_eq!(ended(&lab, &update(&lab, &git, None).is(202)), "Succeeded");
    let renamed = mirrors(&lab, &workspace);
    assert_eq!((&renamed[0]["id"], &renamed[0]["displayName"]), (&found[0]["id"], &json!("renamed")));
    assert!(renamed[0]["folderId"].is_string());
    push(&lab, "main", &json!({}));
    assert_eq!(ended(&lab, &update(&lab, &git, None).is(202)), "Succeeded");
    assert!(mirrors(&lab, &workspace).is_empty());
}

#[test]
fn invalid_item_fails_the_whole_update() {
    let lab = Lab::unthrottled();
    let mut files = mirror_files("", "a", LOGICAL);
    files["b.MirroredDatabase/mirroring.json"] = json!("{");
    push(&lab, "main", &files);
    let workspace = lab.workspace();
    let git = connected(&lab, &workspace);
    initialize(&lab, &git, "None");
    assert_eq!(ended(&lab, &update(&lab, &git, None).is(202)), "Failed");
    assert!(mirrors(&lab, &workspace).is_empty());
    assert_eq!(status(&lab, &git)["workspaceHead"], "");
}

#[test]
fn both_sides_with_items_need_a_strategy() {
    for (strategy, action, change) in
        [("PreferRemote", "UpdateFromGit", "remoteChange"), ("PreferWorkspace", "CommitToGit", "workspaceChange")]
    {
        let lab = Lab::unthrottled();
        push(&lab, "main", &mirror_files("", "remote", LOGICAL));
        let workspace = lab.workspace();
        lab.mirror(&workspace, "own", &open_mirror());
        let git = connected(&lab, &workspace);
        lab.post(&format!("{git}/initializeConnection"), json!({"initializationStrategy": "None"}))
            .refuses(400, "MissingInitializationStrategy");
        assert_eq!(initialize(&lab, &git, strategy)["requiredAction"], action);
        let changes = status(&lab, &git)["changes"].as_array().unwrap().clone();
        assert_eq!(changes.len(), 2);
        assert!(changes.iter().all(|it| it[change].is_string() && it["conflictType"] == "None"), "{changes:?}");
        let (ended, name) = match strategy {
            "PreferRemote" => (ended(&lab, &update(&lab, &git, None).is(202)), "remote"),
            _ => (commit(&lab, &git, json!({"mode": "All"})), "own"),
        };
        assert_eq!(ended, "Succeeded");
        let found = mirrors(&lab, &workspace);
        assert_eq!((found.len(), &found[0]["displayName"]), (1, &json!(name)));
        assert_eq!(status(&lab, &git)["changes"], json!([]));
    }
}

#[test]
fn conflicts_need_a_policy() {
    for (policy, name, rest) in [("PreferRemote", "remote", 0), ("PreferWorkspace", "own", 1)] {
        let lab = Lab::unthrottled();
        push(&lab, "main", &mirror_files("", "m", LOGICAL));
        let workspace = lab.workspace();
        let git = connected(&lab, &workspace);
        initialize(&lab, &git, "None");
        assert_eq!(ended(&lab, &update(&lab, &git, None).is(202)), "Succeeded");
        let id = mirrors(&lab, &workspace)[0]["id"].clone();
        let path = format!("{workspace}/mirroredDatabases/{}", id.as_str().unwrap());
        lab.patch(&path, json!({"displayName": "own"})).is(200);
        push(&lab, "main", &mirror_files("", "remote", LOGICAL));
        assert_eq!(status(&lab, &git)["changes"][0]["conflictType"], "Conflict");
        update(&lab, &git, None).refuses(400, "MissingWorkspaceConflictResolution");
        lab.post(&format!("{git}/commitToGit"), json!({"mode": "All"})).refuses(400, "WorkspaceHeadMismatch");
        assert_eq!(ended(&lab, &update(&lab, &git, Some(policy)).is(202)), "Succeeded");
        assert_eq!(mirrors(&lab, &workspace)[0]["displayName"], name);
        assert_eq!(status(&lab, &git)["changes"].as_array().unwrap().len(), rest);
    }
}

#[test]
fn item_of_another_kind_replaces_the_one_with_its_logical_id() {
    let lab = Lab::unthrottled();
    push(&lab, "main", &mirror_files("", "m", LOGICAL));
    let workspace = lab.workspace();
    let git = connected(&lab, &workspace);
    initialize(&lab, &git, "None");
    assert_eq!(ended(&lab, &update(&lab, &git, None).is(202)), "Succeeded");
    let platform = json!({"metadata": {"type": "DataPipeline", "displayName": "m"},
        "config": {"version": "2.0", "logicalId": LOGICAL}});
    let files = json!({"m.DataPipeline/.platform": platform.to_string(),
        "m.DataPipeline/pipeline-content.json": json!({"properties": {"activities": []}}).to_string()});
    push(&lab, "main", &files);
    assert_eq!(ended(&lab, &update(&lab, &git, None).is(202)), "Succeeded");
    assert!(mirrors(&lab, &workspace).is_empty());
    let pipelines = lab.get(&format!("{workspace}/dataPipelines")).is(200).body();
    assert_eq!(pipelines["value"][0]["displayName"], "m");
    assert_eq!(status(&lab, &git)["changes"], json!([]));
    // In the other direction, an item of another kind gets another folder.
    let id = pipelines["value"][0]["id"].as_str().unwrap();
    lab.delete(&format!("{workspace}/items/{id}")).is(200);
    let mirror = lab.mirror(&workspace, "m", &open_mirror()).replace("mirroredDatabases", "items");
    lab.patch(&format!("{mirror}/logicalId"), json!({"logicalId": LOGICAL})).is(200);
    assert_eq!(commit(&lab, &git, json!({"mode": "All"})), "Succeeded");
    let branch = lab.get("/_emulator/git").is(200).body()["value"][0]["branches"][0].clone();
    let paths: Vec<&String> = branch["files"].as_object().unwrap().keys().collect();
    assert_eq!(paths, ["m.MirroredDatabase/.platform", "m.MirroredDatabase/mirroring.json"]);
    assert_eq!(status(&lab, &git)["changes"], json!([]));
}

#[test]
fn deleted_connection_is_no_credential() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let body = json!({"connectivityType": "ShareableCloud", "displayName": "git", "privacyLevel": "None",
        "connectionDetails": {"type": "AzureDevOpsSourceControl",
            "creationMethod": "AzureDevOpsSourceControl.Contents",
            "parameters": [{"name": "url", "dataType": "Text", "value": "https://dev.azure.com/contoso/sales/_git/fabric"}]},
        "credentialDetails": {"singleSignOnType": "None", "connectionEncryption": "NotEncrypted",
            "skipTestConnection": false, "credentials": {"credentialType": "ServicePrincipal",
                "servicePrincipalClientId": ALICE, "servicePrincipalSecret": "s", "tenantId": BOB}}});
    let connection = lab.post("/v1/connections", body).is(201).id();
    let credentials = json!({"source": "ConfiguredConnection", "connectionId": connection});
    let git = format!("{workspace}/git");
    let connect = json!({"gitProviderDetails": details("main", ""), "myGitCredentials": credentials});
    lab.post(&format!("{git}/connect"), connect).is(200);
    assert_eq!(lab.get(&format!("{git}/myGitCredentials")).is(200).body(), credentials);
    initialize(&lab, &git, "None");
    status(&lab, &git);
    lab.delete(&format!("/v1/connections/{connection}")).is(200);
    lab.get(&format!("{git}/status")).refuses(404, "ConnectionNotFound");
    lab.patch(&format!("{git}/myGitCredentials"), json!({"source": "Automatic"})).is(200);
    status(&lab, &git);
}

#[test]
fn operation_without_effects_is_in_progress_until_its_end() {
    let lab = Lab::unthrottled();
    let mut files = mirror_files("", "a", LOGICAL);
    files["b.MirroredDatabase/mirroring.json"] = json!("{");
    push(&lab, "main", &files);
    let workspace = lab.workspace();
    let git = connected(&lab, &workspace);
    initialize(&lab, &git, "None");
    let fails = update(&lab, &git, None).is(202);
    update(&lab, &git, None).refuses(400, "WorkspacePreviousOperationInProgress");
    assert_eq!(ended(&lab, &fails), "Failed");
    push(&lab, "main", &mirror_files("", "a", LOGICAL));
    let slow = json!({"match": {"operation": "Git_UpdateFromGit"}, "when": {"times": 1},
        "effect": {"operation": {"seconds": 100}}});
    lab.post("/_emulator/faults", slow).is(201);
    let slow = update(&lab, &git, None).is(202);
    assert_eq!(ended(&lab, &slow), "Running");
    update(&lab, &git, None).refuses(400, "WorkspacePreviousOperationInProgress");
    assert_eq!(ended(&lab, &slow), "Succeeded");
    let empty = lab.post(&format!("{git}/commitToGit"), json!({"mode": "All"})).is(202);
    lab.post(&format!("{git}/commitToGit"), json!({"mode": "All"}))
        .refuses(400, "WorkspacePreviousOperationInProgress");
    assert_eq!(ended(&lab, &empty), "Succeeded");
}

#[test]
fn items_to_commit_are_named_by_either_id() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let make = |name: &str| lab.mirror(&workspace, name, &open_mirror()).rsplit('/').next().unwrap().to_owned();
    let (one, _) = (make("one"), make("two"));
    let git = connected(&lab, &workspace);
    initialize(&lab, &git, "None");
    let changed = |git: &str| -> Vec<String> {
        let changes = status(&lab, git)["changes"].as_array().unwrap().clone();
        changes.iter().map(|it| it["itemMetadata"]["displayName"].as_str().unwrap().to_owned()).collect()
    };
    // The id of the item takes precedence over the logical id.
    let items = json!([{"objectId": one, "logicalId": MISSING}, {"objectId": one}]);
    assert_eq!(commit(&lab, &git, json!({"mode": "Selective", "items": items})), "Succeeded");
    assert_eq!(changed(&git), ["two"]);
    lab.delete(&format!("{workspace}/items/{one}")).is(200);
    let deleted = status(&lab, &git)["changes"][1]["itemMetadata"]["itemIdentifier"].clone();
    assert_eq!(commit(&lab, &git, json!({"mode": "Selective", "items": [deleted]})), "Succeeded");
    assert_eq!(changed(&git), ["two"]);
    for item in [json!({"objectId": one}), json!({"logicalId": MISSING})] {
        lab.post(&format!("{git}/commitToGit"), json!({"mode": "Selective", "items": [item]}))
            .refuses(404, "EntityNotFound");
    }
}

#[test]
fn recovered_item_is_not_paired_with_its_successor() {
    let lab = Lab::unthrottled();
    lab.settings(json!({"itemRetentionDays": 7, "durations": {"nameReserved": 0}}));
    push(&lab, "main", &mirror_files("", "m", LOGICAL));
    let workspace = lab.workspace();
    let git = connected(&lab, &workspace);
    initialize(&lab, &git, "None");
    let updated = || {
        assert_eq!(ended(&lab, &update(&lab, &git, None).is(202)), "Succeeded");
        mirrors(&lab, &workspace)
    };
    let old = updated()[0]["id"].as_str().unwrap().to_owned();
    push(&lab, "main", &json!({}));
    assert!(updated().is_empty());
    push(&lab, "main", &mirror_files("", "m", LOGICAL));
    let new = updated()[0]["id"].as_str().unwrap().to_owned();
    assert_ne!(old, new);
    lab.patch(&format!("{workspace}/items/{new}"), json!({"displayName": "new"})).is(200);
    lab.post_empty(&format!("{workspace}/recoverableItems/{old}/recover")).is(200);
    let changes = status(&lab, &git)["changes"].as_array().unwrap().clone();
    let shown = |it: &Value| {
        let id = it["itemMetadata"]["itemIdentifier"]["objectId"].as_str().unwrap().to_owned();
        (id, it["workspaceChange"].as_str().unwrap().to_owned())
    };
    let changes: Vec<(String, String)> = changes.iter().map(shown).collect();
    assert_eq!(changes, [(new, "Modified".to_owned()), (old, "Added".to_owned())]);
}

#[test]
fn name_of_a_synced_item_is_bounded() {
    let lab = Lab::unthrottled();
    push(&lab, "main", &mirror_files("", &"x".repeat(400), LOGICAL));
    let workspace = lab.workspace();
    lab.mirror(&workspace, "own", &open_mirror());
    let git = connected(&lab, &workspace);
    initialize(&lab, &git, "PreferWorkspace");
    push(&lab, "main", &json!({}));
    let change = status(&lab, &git)["changes"][1].clone();
    assert_eq!((&change["remoteChange"], &change["workspaceChange"]), (&json!("Deleted"), &json!("Deleted")));
    assert_eq!(change["itemMetadata"]["displayName"], "x".repeat(256));
}

#[test]
fn second_item_with_the_same_name_is_rejected() {
    let lab = Lab::unthrottled();
    push(&lab, "main", &mirror_files("", "m", LOGICAL));
    let workspace = lab.workspace();
    let git = connected(&lab, &workspace);
    initialize(&lab, &git, "None");
    assert_eq!(ended(&lab, &update(&lab, &git, None).is(202)), "Succeeded");
    let mut files = mirror_files("", "m", LOGICAL);
    let second = mirror_files("other/", "m", BOB);
    files.as_object_mut().unwrap().extend(second.as_object().unwrap().clone());
    push(&lab, "main", &files);
    update(&lab, &git, None).refuses(400, "PotentialDuplicateDisplayNameAndType");
}

#[test]
fn declared_repository_has_only_its_branches_and_directories() {
    let lab = Lab::unthrottled();
    push(&lab, "main", &json!({"a/b/.gitkeep": ""}));
    let connect = format!("{}/git/connect", lab.workspace());
    for (branch, directory) in [("other", ""), ("main", "a/c"), ("Main", "")] {
        lab.post(&connect, json!({"gitProviderDetails": details(branch, directory)}))
            .refuses(404, "GitProviderResourceNotFound");
    }
    lab.post(&connect, json!({"gitProviderDetails": details("main", "/a/b/")})).is(200);
}

#[test]
fn answers_of_comparisons_can_be_operations() {
    let lab = Lab::unthrottled();
    lab.settings(json!({"behaviours": {"gitStatus": "202"}}));
    let workspace = lab.workspace();
    let git = connected(&lab, &workspace);
    let started = lab.post(&format!("{git}/initializeConnection"), json!({})).is(202);
    assert_eq!(lab.result(&started).is(200).body()["requiredAction"], "None");
    let started = lab.get(&format!("{git}/status")).is(202);
    assert_eq!(lab.result(&started).is(200).body()["changes"], json!([]));
}

#[test]
fn roles_are_those_of_the_description() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let git = connected(&lab, &workspace);
    lab.assign_role(&workspace, ALICE, "Contributor");
    lab.assign_role(&workspace, BOB, "Viewer");
    lab.user(ALICE).get(&format!("{git}/connection")).is(200);
    lab.user(ALICE).post_empty(&format!("{git}/disconnect")).refuses(403, "InsufficientPrivileges");
    lab.user(BOB).get(&format!("{git}/connection")).refuses(403, "InsufficientPrivileges");
    lab.user(BOB).get(&format!("{git}/workspaceRelations")).is(200);
}

#[test]
fn relations_connect_a_base_with_its_branches() {
    let lab = Lab::unthrottled();
    let make = |name: &str| {
        let capacity = lab.get("/v1/capacities").body()["value"][0]["id"].clone();
        lab.post("/v1/workspaces", json!({"displayName": name, "capacityId": capacity})).is(201).id()
    };
    let [base, branch, other] = ["base", "branch", "other"].map(make);
    let path = |id: &str| format!("/v1/workspaces/{id}/git/workspaceRelations");
    let relate =
        |of: &str, to: &str, kind: &str| lab.post(&path(of), json!({"relatedWorkspaceId": to, "relationType": kind}));
    relate(&branch, &base, "Base").refuses(400, "WorkspaceRelationRootDirectoryMismatch");
    for (id, name) in [(&base, "main"), (&branch, "feature"), (&other, "third")] {
        let connect = format!("/v1/workspaces/{id}/git/connect");
        lab.post(&connect, json!({"gitProviderDetails": details(name, "dir")})).is(200);
    }
    relate(&branch, &branch, "Base").refuses(400, "WorkspaceRelationSelfReferencing");
    relate(&branch, &base, "RelatedWorkspace").refuses(400, "WorkspaceRelationInvalidType");
    relate(&branch, "x", "Base").refuses(400, "WorkspaceRelationInvalidArgument");
    relate(&branch, MISSING, "Base").refuses(404, "WorkspaceNotFound");
    let made = relate(&branch, &base, "Base").is(201).body();
    assert_eq!((&made["relatedWorkspaceId"], &made["relationType"]), (&json!(base), &json!("Base")));
    let seen = lab.get(&path(&base)).is(200).body();
    assert_eq!((&seen["value"][0]["id"], &seen["value"][0]["relationType"]), (&made["id"], &json!("Branch")));
    relate(&base, &branch, "Branch").refuses(409, "WorkspaceRelationAlreadyExists");
    relate(&base, &branch, "Base").refuses(409, "WorkspaceRelationBidirectionalExists");
    relate(&other, &branch, "Base").refuses(400, "WorkspaceRelationBaseIsBranch");
    relate(&base, &other, "Base").refuses(400, "WorkspaceRelationTargetHasBranches");
    relate(&branch, &other, "Base").refuses(400, "WorkspaceRelationDifferentBase");
    let id = made["id"].as_str().unwrap();
    lab.delete(&format!("{}/{id}", path(&other))).refuses(400, "WorkspaceNotInvolvedInRelation");
    lab.delete(&format!("{}/{id}", path(&base))).is(200);
    lab.delete(&format!("{}/{id}", path(&base))).refuses(404, "WorkspaceRelationNotFound");
}

/// Executes each call of `curl` in the section of CONTROL.md about Git.
#[test]
fn examples_in_the_documentation_work() {
    let lab = Lab::unthrottled();
    let replies = lab.send_documented_puts("Git");
    assert_eq!(replies.len(), 2);
    assert_eq!(replies[1].body()["value"][0]["branches"].as_array().unwrap().len(), 2);
}

#[test]
fn administrators_discover_the_connections_of_all_workspaces() {
    const ALL: &str = "/v1/admin/workspaces/discoverGitConnections";
    let lab = Lab::unthrottled();
    assert_eq!(lab.get(ALL).is(200).body(), json!({"value": []}));
    let workspaces = ["a", "b"].map(|name| crate::external_data_shares::workspace(&lab, name));
    for workspace in &workspaces {
        connected(&lab, workspace);
    }
    let listed = |at: usize| {
        json!([{
            "workspaceId": workspaces[at].rsplit('/').next(),
            "gitProviderDetails": details("main", ""),
        }])
    };
    // The administrator has no role in the workspaces.
    let administrator = lab.user(BOB);
    lab.settings(json!({"pageSize": 1}));
    let page = administrator.get(ALL).is(200).body();
    assert_eq!(page["value"], listed(0));
    let next = page["continuationUri"].as_str().unwrap().strip_prefix("http://127.0.0.1:7310").unwrap();
    assert_eq!(administrator.get(next).is(200).body(), json!({"value": listed(1)}));
    lab.post_empty(&format!("{}/git/disconnect", workspaces[0])).is(200);
    assert_eq!(lab.get(ALL).is(200).body(), json!({"value": listed(1)}));
    crate::admin::declare_no_administrator(&lab, ALICE);
    lab.user(ALICE).get(ALL).refuses(403, "InsufficientPrivileges");
}

#[test]
fn connection_settings_are_kept_until_the_workspace_is_disconnected() {
    let lab = Lab::unthrottled();
    let workspace = crate::external_data_shares::workspace(&lab, "w");
    let settings = format!("{workspace}/git/connectionSettings");
    lab.get(&settings).refuses(400, "WorkspaceNotConnectedToGit");
    lab.patch(&settings, json!({})).refuses(400, "WorkspaceNotConnectedToGit");
    let git = connected(&lab, &workspace);
    let body = |roles: &str| json!({"additionalRolesAuthorizedToChangeBranch": roles});
    assert_eq!(lab.get(&settings).is(200).body(), body("None"));
    assert_eq!(lab.patch(&settings, body("memberAndContributor")).is(200).body(), body("MemberAndContributor"));
    assert_eq!(lab.patch(&settings, json!({})).is(200).body(), body("MemberAndContributor"));
    assert_eq!(lab.get(&settings).is(200).body(), body("MemberAndContributor"));
    lab.patch(&settings, body("Viewer")).refuses(400, "InvalidInput");

    lab.add_principals(&[(BOB, "User"), (ALICE, "User")]);
    let (bob, alice) = (lab.user(BOB), lab.user(ALICE));
    bob.get(&settings).refuses(403, "InsufficientPrivileges");
    lab.assign_role(&workspace, BOB, "Contributor");
    lab.assign_role(&workspace, ALICE, "Viewer");
    bob.get(&settings).is(200);
    bob.patch(&settings, body("None")).refuses(403, "InsufficientPrivileges");
    alice.get(&settings).refuses(403, "InsufficientPrivileges");

    lab.post_empty(&format!("{git}/disconnect")).is(200);
    connected(&lab, &workspace);
    assert_eq!(lab.get(&settings).is(200).body(), body("None"));
}
