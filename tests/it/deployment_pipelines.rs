//! Deployment pipelines: pipelines, roles, stages and their workspaces, pairs of items, and deployments.

use serde_json::{Value, json};

use crate::harness::{ALICE, BOB, Lab, MISSING, Reply, base64, definition, open_mirror, part, sql_mirror};

const PIPELINES: &str = "/v1/deploymentPipelines";

fn stages(names: &[&str]) -> Value {
    names.iter().map(|name| json!({"displayName": name})).collect()
}

fn create(lab: &Lab, name: &str, names: &[&str]) -> Reply {
    lab.post(PIPELINES, json!({"displayName": name, "stages": stages(names)}))
}

/// A deployment pipeline with three stages, and a workspace in each of the first two.
struct Pipeline {
    lab: Lab,
    path: String,
    stages: Vec<String>,
    workspaces: Vec<String>,
}

impl Pipeline {
    /// Each workspace gets its items before it is assigned.
    fn with(fill: impl Fn(&Lab, &str)) -> Self {
        let lab = Lab::unthrottled();
        let workspaces: Vec<String> = ["dev", "test"].iter().map(|name| workspace(&lab, name)).collect();
        workspaces.iter().for_each(|workspace| fill(&lab, workspace));
        lab.advance(60.0);
        Self::over(lab, workspaces)
    }

    fn new() -> Self {
        Self::with(|_, _| {})
    }

    fn over(lab: Lab, workspaces: Vec<String>) -> Self {
        let made = create(&lab, "pipeline", &["Development", "Test", "Production"]).is(201);
        let stages = made.body()["stages"].as_array().unwrap().iter().map(|stage| text(&stage["id"])).collect();
        let it = Self { path: format!("{PIPELINES}/{}", made.id()), lab, stages, workspaces };
        for (stage, workspace) in it.workspaces.iter().enumerate() {
            it.assign(stage, workspace).is(200);
        }
        it
    }

    fn stage(&self, order: usize) -> String {
        format!("{}/stages/{}", self.path, self.stages[order])
    }

    fn assign(&self, order: usize, workspace: &str) -> Reply {
        let id = workspace.rsplit('/').next();
        self.lab.post(&format!("{}/assignWorkspace", self.stage(order)), json!({"workspaceId": id}))
    }

    fn unassign(&self, order: usize) -> Reply {
        self.lab.post_empty(&format!("{}/unassignWorkspace", self.stage(order)))
    }

    /// The items of a stage, sorted by name.
    fn items(&self, order: usize) -> Vec<Value> {
        let list = self.lab.get(&format!("{}/items", self.stage(order))).is(200).body();
        let mut items = list["value"].as_array().unwrap().clone();
        items.sort_by_key(|item| text(&item["itemDisplayName"]));
        items
    }

    fn names(&self, order: usize) -> Vec<String> {
        self.items(order).iter().map(|item| text(&item["itemDisplayName"])).collect()
    }

    /// The body of a request to deploy from one stage to another, with more members.
    fn request(&self, from: usize, to: usize, more: &Value) -> Value {
        let mut body = json!({"sourceStageId": self.stages[from], "targetStageId": self.stages[to]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    }

    fn deploy_with(&self, from: usize, to: usize, more: &Value) -> Reply {
        self.lab.post(&format!("{}/deploy", self.path), self.request(from, to, more))
    }

    /// Deploys everything from the first stage to the second, and waits. Returns the deployment.
    #[track_caller]
    fn deploy(&self) -> Value {
        let started = self.deploy_with(0, 1, &json!({})).is(202);
        self.lab.result(&started).is(200).body()
    }

    /// Starts a deployment that fails, and waits. Returns the deployment and the error of the long-running operation.
    #[track_caller]
    fn fail(&self, more: &Value) -> (Value, Value) {
        let started = self.deploy_with(0, 1, more).is(202);
        self.lab.advance(60.0);
        let operation = format!("/v1/operations/{}", started.header("x-ms-operation-id").unwrap());
        let state = self.lab.get(&operation).is(200).body();
        assert_eq!(state["status"], "Failed", "{state}");
        self.lab.get(&format!("{operation}/result")).refuses(400, "OperationNotSucceeded");
        let id = started.header("deployment-id").unwrap();
        let deployment = self.lab.get(&format!("{}/operations/{id}", self.path)).is(200).body();
        assert_eq!(deployment["status"], "Failed", "{deployment}");
        (deployment, state["error"].clone())
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a string")).to_owned()
}

fn workspace(lab: &Lab, name: &str) -> String {
    let capacity = lab.get("/v1/capacities").body()["value"][0]["id"].clone();
    let made = lab.post("/v1/workspaces", json!({"displayName": name, "capacityId": capacity})).is(201);
    format!("/v1/workspaces/{}", made.id())
}

/// Creates an item that exists at once, and returns its id.
fn item(lab: &Lab, workspace: &str, kind: &str, name: &str) -> String {
    lab.post(&format!("{workspace}/items"), json!({"displayName": name, "type": kind})).is(201).id()
}

/// Creates an item of a kind that deployment pipelines do not support, and returns its id.
fn model(lab: &Lab, workspace: &str) -> String {
    let started = lab.post(&format!("{workspace}/items"), json!({"displayName": "model", "type": "MLModel"})).is(202);
    lab.result(&started).is(200).id()
}

/// The definition of a data pipeline with a description.
fn pipeline_definition(text: &str) -> Value {
    let content = json!({"properties": {"activities": [], "description": text}}).to_string();
    json!({"parts": [part("pipeline-content.json", &content)]})
}

fn write(lab: &Lab, workspace: &str, item: &str, text: &str) {
    let body = json!({"definition": pipeline_definition(text)});
    lab.post(&format!("{workspace}/items/{item}/updateDefinition"), body).is(200);
}

/// The first part of the definition of an item.
fn payload(lab: &Lab, workspace: &str, item: &str) -> Value {
    let read = lab.post_empty(&format!("{workspace}/items/{item}/getDefinition")).is(200).body();
    read["definition"]["parts"][0]["payload"].clone()
}

#[test]
fn pipeline_is_created_read_updated_and_deleted() {
    let lab = Lab::unthrottled();
    let body = json!({"displayName": "p", "description": "d", "stages": [
        {"displayName": "Development", "description": "first", "isPublic": true}, {"displayName": "Production"},
    ]});
    let made = lab.post(PIPELINES, body).is(201);
    let path = format!("{PIPELINES}/{}", made.id());
    let (first, second) = (made.body()["stages"][0]["id"].clone(), made.body()["stages"][1]["id"].clone());
    assert_ne!(first, second);
    let mut expected = json!({"id": made.id(), "displayName": "p", "description": "d", "stages": [
        {"id": first, "order": 0, "displayName": "Development", "description": "first", "isPublic": true},
        {"id": second, "order": 1, "displayName": "Production", "description": "", "isPublic": false},
    ]});
    assert_eq!(made.body(), expected);
    assert_eq!(lab.get(&path).is(200).body(), expected);
    let listed = json!({"value": [{"id": made.id(), "displayName": "p", "description": "d"}]});
    assert_eq!(lab.get(PIPELINES).is(200).body(), listed);
    assert_eq!(lab.get(&format!("{path}/stages")).is(200).body(), json!({"value": expected["stages"]}));
    let stage = format!("{path}/stages/{}", text(&second));
    assert_eq!(lab.get(&stage).is(200).body(), expected["stages"][1]);

    expected["displayName"] = json!("P");
    assert_eq!(lab.patch(&path, json!({"displayName": "P"})).is(200).body(), expected);
    expected["description"] = json!("");
    assert_eq!(lab.patch(&path, json!({"description": ""})).is(200).body(), expected);
    let renamed = json!({"displayName": "Live", "description": "s", "isPublic": true});
    expected["stages"][1] =
        json!({"id": second, "order": 1, "displayName": "Live", "description": "s", "isPublic": true});
    assert_eq!(lab.patch(&stage, renamed).is(200).body(), expected["stages"][1]);
    assert_eq!(lab.get(&path).body(), expected);

    let deleted = lab.delete(&path).is(200);
    assert_eq!(deleted.text(), "");
    lab.get(&path).refuses(404, "EntityNotFound");
    create(&lab, "p", &["a", "b"]).is(201);
}

#[test]
fn pipelines_and_stages_are_validated() {
    let lab = Lab::unthrottled();
    let path = format!("{PIPELINES}/{}", create(&lab, "taken", &["a", "b"]).is(201).id());
    let before = lab.get(PIPELINES).text();
    let long = |length| "x".repeat(length);
    let check = |body: Value, status: u16, code: &str| {
        lab.post(PIPELINES, body).refuses(status, code);
        assert_eq!(lab.get(PIPELINES).text(), before);
    };
    let two = stages(&["a", "b"]);
    check(json!({"stages": two}), 400, "InvalidInput");
    check(json!({"displayName": "p"}), 400, "InvalidInput");
    check(json!({"displayName": " ", "stages": two}), 400, "InvalidInput");
    check(json!({"displayName": long(257), "stages": two}), 400, "InvalidInput");
    check(json!({"displayName": "p", "description": long(1_025), "stages": two}), 400, "InvalidInput");
    check(json!({"displayName": "p", "stages": stages(&["a"])}), 400, "InvalidInput");
    check(json!({"displayName": "p", "stages": stages(&["a"; 11])}), 400, "InvalidInput");
    check(json!({"displayName": "p", "stages": [{"displayName": "a"}, {}]}), 400, "InvalidInput");
    check(json!({"displayName": "p", "stages": [{"displayName": "a"}, {"displayName": ""}]}), 400, "InvalidInput");
    check(json!({"displayName": "TAKEN", "stages": two}), 400, "Alm_InvalidRequest_DuplicateAlmPipelineName");
    lab.post(PIPELINES, json!({"displayName": long(256), "description": long(1_024), "stages": two})).is(201);
    create(&lab, "ten", &["a"; 10]).is(201);

    lab.patch(&path, json!({})).refuses(400, "InvalidRequest");
    lab.patch(&path, json!({"displayName": "ten"})).refuses(400, "Alm_InvalidRequest_DuplicateAlmPipelineName");
    lab.patch(&path, json!({"displayName": "Taken"})).is(200);
    let stage = format!("{path}/stages/{}", text(&lab.get(&path).body()["stages"][0]["id"]));
    lab.patch(&stage, json!({"isPublic": true})).refuses(400, "InvalidInput");
    lab.patch(&stage, json!({"displayName": "s", "description": long(1_025)})).refuses(400, "InvalidInput");
    lab.get(&format!("{path}/stages/{MISSING}")).refuses(404, "EntityNotFound");
    lab.get(&format!("{path}/stages/x")).refuses(400, "InvalidInput");
    lab.get(&format!("{path}/operations/{MISSING}")).refuses(404, "EntityNotFound");
}

#[test]
fn lists_are_paged() {
    let it = Pipeline::with(|lab, workspace| {
        ["a", "b"].iter().for_each(|name| drop(item(lab, workspace, "DataPipeline", name)));
    });
    create(&it.lab, "another", &["a", "b"]).is(201);
    it.lab.post(&format!("{}/roleAssignments", it.path), admin(ALICE)).is(200);
    (0..3).for_each(|_| drop(it.deploy()));
    it.lab.settings(json!({"pageSize": 1}));
    let check = |path: &str, expected: usize| {
        let (mut next, mut seen) = (Some(path.to_owned()), Vec::new());
        while let Some(path) = next {
            let page = it.lab.get(&path).is(200).body();
            seen.extend(page["value"].as_array().unwrap().clone());
            next = page["continuationUri"].as_str().map(|uri| uri.replace("http://127.0.0.1:7310", ""));
        }
        seen.dedup();
        assert_eq!(seen.len(), expected, "{path}");
    };
    check(PIPELINES, 2);
    check(&format!("{}/stages", it.path), 3);
    check(&format!("{}/roleAssignments", it.path), 2);
    check(&format!("{}/operations", it.path), 3);
    check(&format!("{}/items", it.stage(0)), 2);
}

fn admin(id: &str) -> Value {
    json!({"principal": {"id": id, "type": "User"}, "role": "Admin"})
}

#[test]
fn role_assignments_are_added_listed_and_deleted() {
    let it = Pipeline::new();
    it.lab.add_principals(&[(ALICE, "User")]);
    let roles = format!("{}/roleAssignments", it.path);
    let creator = it.lab.get(&roles).is(200).body()["value"][0]["id"].clone();
    let shown = |id: &Value| json!({"id": id, "principal": {"id": id, "type": "User"}, "role": "Admin"});
    assert_eq!(it.lab.post(&roles, admin(ALICE)).is(200).body(), shown(&json!(ALICE)));
    assert_eq!(it.lab.get(&roles).body(), json!({"value": [shown(&creator), shown(&json!(ALICE))]}));
    it.lab.post(&roles, admin(ALICE)).refuses(400, "BadRequest");
    let mut viewer = admin(BOB);
    viewer["role"] = json!("Viewer");
    it.lab.post(&roles, viewer).refuses(400, "InvalidInput");
    it.lab.post(&roles, json!({"role": "Admin"})).refuses(400, "InvalidInput");
    it.lab.post(&roles, json!({"principal": {"id": BOB, "type": "User"}})).refuses(400, "InvalidInput");
    let learned = it.lab.post(&roles, json!({"principal": {"id": BOB, "type": "Group"}, "role": "admin"})).is(200);
    assert!(learned.header("x-emulator-note").is_some());
    it.lab.settings(json!({"behaviours": {"unknownPrincipal": "400"}}));
    it.lab.post(&roles, admin(MISSING)).refuses(400, "PrincipalNotFound");

    it.lab.delete(&format!("{roles}/{MISSING}")).refuses(404, "EntityNotFound");
    for id in [ALICE, BOB] {
        it.lab.delete(&format!("{roles}/{id}")).is(200);
    }
    it.lab.delete(&format!("{roles}/{}", text(&creator))).refuses(400, "InvalidInput");
    assert_eq!(it.lab.get(&roles).body(), json!({"value": [shown(&creator)]}));
}

#[test]
fn pipelines_are_visible_to_their_administrators_only() {
    let it = Pipeline::new();
    let alice = it.lab.user(ALICE);
    let (stage, deploy) = (it.stage(0), it.request(0, 1, &json!({})));
    let properties = || json!({"displayName": "x"});
    let workspace = || json!({"workspaceId": MISSING});
    let calls = [
        ("GET", String::new(), json!(null)),
        ("PATCH", String::new(), properties()),
        ("GET", "/roleAssignments".to_owned(), json!(null)),
        ("POST", "/roleAssignments".to_owned(), admin(BOB)),
        ("DELETE", format!("/roleAssignments/{BOB}"), json!(null)),
        ("GET", "/operations".to_owned(), json!(null)),
        ("GET", format!("/operations/{MISSING}"), json!(null)),
        ("GET", "/stages".to_owned(), json!(null)),
        ("GET", stage.replace(&it.path, ""), json!(null)),
        ("PATCH", stage.replace(&it.path, ""), properties()),
        ("GET", format!("{}/items", stage.replace(&it.path, "")), json!(null)),
        ("POST", format!("{}/assignWorkspace", stage.replace(&it.path, "")), workspace()),
        ("POST", format!("{}/unassignWorkspace", stage.replace(&it.path, "")), json!(null)),
        ("POST", "/deploy".to_owned(), deploy),
        ("DELETE", String::new(), json!(null)),
    ];
    let before = it.lab.get(&it.path).text();
    for (method, rest, body) in calls {
        let path = format!("{}{rest}", it.path);
        let reply = if body.is_null() { alice.send(method, &path, &[], "") } else { alice.json(method, &path, &body) };
        let body = reply.refuses(404, "EntityNotFound").body();
        assert_eq!(body["relatedResource"]["resourceType"], "DeploymentPipeline", "{method} {rest}");
    }
    assert_eq!(it.lab.get(&it.path).text(), before);
    assert_eq!(alice.get(PIPELINES).body(), json!({"value": []}));

    // An administrator without a role in a workspace sees neither its name nor its items.
    it.lab.post(&format!("{}/roleAssignments", it.path), admin(ALICE)).is(200);
    assert_eq!(alice.get(PIPELINES).body()["value"][0]["displayName"], "pipeline");
    let id = it.workspaces[0].rsplit('/').next();
    let shown = alice.get(&stage).is(200).body();
    assert_eq!((shown["workspaceId"].as_str(), shown.get("workspaceName")), (id, None));
    assert_eq!(it.lab.get(&stage).body()["workspaceName"], "dev");
    alice.get(&format!("{stage}/items")).refuses(403, "InsufficientPrivileges");
    let production = format!("{}/items", it.stage(2));
    assert_eq!(alice.get(&production).is(200).body(), json!({"value": []}));
}

#[test]
fn workspace_is_assigned_to_one_stage() {
    let it = Pipeline::new();
    let lab = &it.lab;
    let before = lab.get(&it.path).text();
    let free = workspace(lab, "free");
    let bare = format!("/v1/workspaces/{}", lab.post("/v1/workspaces", json!({"displayName": "bare"})).is(201).id());
    let personal = lab.get("/v1/workspaces").body()["value"][0].clone();
    assert_eq!(personal["type"], "Personal");
    let check = |order: usize, workspace: &str, status: u16, code: &str| {
        it.assign(order, workspace).refuses(status, code);
        assert_eq!(lab.get(&it.path).text(), before);
    };
    check(0, &free, 400, "InvalidRequest");
    check(2, &it.workspaces[0], 400, "InvalidRequest");
    check(2, &bare, 400, "Alm_InvalidRequest_WorkspaceHasNoCapacity");
    check(2, MISSING, 404, "WorkspaceNotFound");
    check(2, "x", 400, "InvalidInput");
    check(2, &text(&personal["id"]), 400, "MyWorkspaceCantBeChanged");
    lab.post(&format!("{}/assignWorkspace", it.stage(2)), json!({})).refuses(400, "InvalidInput");
    it.unassign(2).refuses(400, "InvalidRequest");
    let other = create(lab, "other", &["a", "b"]).is(201);
    let stage = format!("{PIPELINES}/{}/stages/{}", other.id(), text(&other.body()["stages"][0]["id"]));
    let taken = json!({"workspaceId": it.workspaces[0].rsplit('/').next()});
    lab.post(&format!("{stage}/assignWorkspace"), taken.clone()).refuses(400, "InvalidRequest");
    it.unassign(0).is(200);
    assert_eq!(lab.get(&it.stage(0)).body().get("workspaceId"), None);
    lab.post(&format!("{stage}/assignWorkspace"), taken).is(200);
    it.assign(0, &free).is(200);

    // Roles: administrator of the workspace, and contributor in the neighbouring stages.
    let roles = format!("{}/roleAssignments", it.path);
    lab.post(&roles, admin(ALICE)).is(200);
    let alice = lab.user(ALICE);
    let production = workspace(lab, "production");
    let assign = || {
        let id = production.rsplit('/').next();
        alice.post(&format!("{}/assignWorkspace", it.stage(2)), json!({"workspaceId": id}))
    };
    lab.assign_role(&production, ALICE, "Member");
    assign().refuses(403, "InsufficientPrivileges");
    lab.patch(&format!("{production}/roleAssignments/{ALICE}"), json!({"role": "Admin"})).is(200);
    assign().refuses(403, "InsufficientPrivileges");
    lab.assign_role(&it.workspaces[1], ALICE, "Contributor");
    assign().is(200);
    // Unassigning requires no role in the workspace.
    alice.post_empty(&format!("{}/unassignWorkspace", it.stage(0))).is(200);
}

#[test]
fn deletion_of_a_workspace_or_a_pipeline_unassigns() {
    let it = Pipeline::new();
    it.lab.delete(&it.workspaces[0]).is(200);
    let stages = it.lab.get(&it.path).is(200).body()["stages"].clone();
    assert_eq!(stages[0].get("workspaceId"), None);
    assert!(stages[1].get("workspaceId").is_some());
    assert_eq!(it.names(0), Vec::<String>::new());
    it.lab.delete(&it.path).is(200);
    it.lab.get(&it.workspaces[1]).is(200);
    let other = create(&it.lab, "other", &["a", "b"]).is(201);
    let stage = format!("{PIPELINES}/{}/stages/{}", other.id(), text(&other.body()["stages"][0]["id"]));
    let freed = json!({"workspaceId": it.workspaces[1].rsplit('/').next()});
    it.lab.post(&format!("{stage}/assignWorkspace"), freed).is(200);
}

#[test]
fn items_with_equal_kinds_and_names_are_paired_when_a_workspace_is_assigned() {
    let it = Pipeline::with(|lab, workspace| {
        item(lab, workspace, "DataPipeline", "same");
        let (kind, name) = if lab.get(workspace).body()["displayName"] == "dev" {
            ("DataPipeline", "kind")
        } else {
            ("Lakehouse", "kind")
        };
        item(lab, workspace, kind, name);
        model(lab, workspace);
    });
    let (dev, test) = (it.items(0), it.items(1));
    // Kinds without definitions are not supported. A lakehouse has a SQL endpoint.
    assert_eq!(it.names(0), ["kind", "same"]);
    let find = |items: &[Value], name: &str, kind: &str| {
        items.iter().find(|item| item["itemDisplayName"] == name && item["itemType"] == kind).unwrap().clone()
    };
    let (a, b) = (find(&dev, "same", "DataPipeline"), find(&test, "same", "DataPipeline"));
    assert_eq!((&a["targetItemId"], a.get("sourceItemId")), (&b["itemId"], None));
    assert_eq!((&b["sourceItemId"], b.get("targetItemId")), (&a["itemId"], None));
    assert_eq!(a.get("lastDeploymentTime"), None);
    assert_eq!(find(&dev, "kind", "DataPipeline").get("targetItemId"), None);

    // A rename does not end a pair, and later items are not paired by their names.
    let path = format!("{}/items/{}", it.workspaces[1], text(&b["itemId"]));
    it.lab.patch(&path, json!({"displayName": "renamed"})).is(200);
    assert_eq!(find(&it.items(0), "same", "DataPipeline")["targetItemId"], b["itemId"]);
    it.workspaces.iter().for_each(|workspace| drop(item(&it.lab, workspace, "DataPipeline", "later")));
    assert_eq!(find(&it.items(0), "later", "DataPipeline").get("targetItemId"), None);
    // A deletion ends it.
    it.lab.delete(&path).is(200);
    assert_eq!(find(&it.items(0), "same", "DataPipeline").get("targetItemId"), None);
    // Assigning the workspace again pairs anew.
    it.unassign(1).is(200);
    assert_eq!(find(&it.items(0), "later", "DataPipeline").get("targetItemId"), None);
    it.assign(1, &it.workspaces[1]).is(200);
    assert!(find(&it.items(0), "later", "DataPipeline").get("targetItemId").is_some());
}

#[test]
fn pairs_of_recoverable_items_are_lost_when_a_stage_is_unassigned() {
    let it = Pipeline::with(|lab, workspace| {
        lab.settings(json!({"itemRetentionDays": 7}));
        item(lab, workspace, "DataPipeline", "a");
    });
    let pair = || it.items(0)[0]["targetItemId"].clone();
    let id = text(&it.items(0)[0]["itemId"]);
    let delete_and_recover = |between: &dyn Fn()| {
        it.lab.delete(&format!("{}/items/{id}", it.workspaces[0])).is(200);
        between();
        it.lab.post_empty(&format!("{}/recoverableItems/{id}/recover", it.workspaces[0])).is(200);
    };
    delete_and_recover(&|| {});
    assert_eq!(pair(), it.items(1)[0]["itemId"]);
    delete_and_recover(&|| {
        it.unassign(0).is(200);
        it.assign(0, &it.workspaces[0]).is(200);
    });
    assert_eq!(pair(), Value::Null);
}

#[test]
fn pairs_are_shown_to_contributors_of_both_workspaces() {
    let it = Pipeline::with(|lab, workspace| drop(item(lab, workspace, "DataPipeline", "same")));
    it.lab.post(&format!("{}/roleAssignments", it.path), admin(ALICE)).is(200);
    it.lab.assign_role(&it.workspaces[0], ALICE, "Viewer");
    let alice = it.lab.user(ALICE);
    let items = format!("{}/items", it.stage(0));
    alice.get(&items).refuses(403, "InsufficientPrivileges");
    it.lab.patch(&format!("{}/roleAssignments/{ALICE}", it.workspaces[0]), json!({"role": "Contributor"})).is(200);
    assert_eq!(alice.get(&items).is(200).body()["value"][0].get("targetItemId"), None);
    it.lab.assign_role(&it.workspaces[1], ALICE, "Contributor");
    assert!(alice.get(&items).is(200).body()["value"][0].get("targetItemId").is_some());
}

#[test]
fn deployment_creates_and_overwrites_items() {
    let it = Pipeline::with(|lab, workspace| {
        ["equal", "changed"].iter().for_each(|name| drop(item(lab, workspace, "DataPipeline", name)));
    });
    let [dev, test] = [&it.workspaces[0], &it.workspaces[1]];
    let folder = it.lab.post(&format!("{dev}/folders"), json!({"displayName": "outer"})).is(201).id();
    let inner = json!({"displayName": "inner", "parentFolderId": folder});
    let inner = it.lab.post(&format!("{dev}/folders"), inner).is(201).id();
    let body = json!({"displayName": "new", "type": "DataPipeline", "description": "d", "folderId": inner,
        "definition": pipeline_definition("new")});
    let new = it.lab.post(&format!("{dev}/items"), body).is(201).id();
    let changed = text(&it.items(0)[0]["itemId"]);
    write(&it.lab, dev, &changed, "changed");
    let renamed = json!({"displayName": "renamed", "description": "e"});
    it.lab.patch(&format!("{dev}/items/{changed}"), renamed).is(200);

    let started = it.deploy_with(0, 1, &json!({"note": "n"})).is(202);
    assert_eq!(started.text(), "null");
    let operation = started.header("x-ms-operation-id").unwrap().to_owned();
    let location = format!("http://127.0.0.1:7310/v1/operations/{operation}");
    assert_eq!(started.header("location"), Some(&*location));
    assert!(started.header("retry-after").is_some());
    let id = started.header("deployment-id").unwrap().to_owned();
    let path = format!("{}/operations/{id}", it.path);
    let running = it.lab.get(&path).is(200).body();
    assert_eq!((&running["status"], running.get("executionEndTime")), (&json!("Running"), None));
    let statuses = |deployment: &Value| -> Vec<String> {
        let steps = deployment["executionPlan"]["steps"].as_array().unwrap().clone();
        steps.iter().map(|step| text(&step["status"])).collect()
    };
    assert_eq!(statuses(&running), ["Running", "NotStarted", "NotStarted"]);
    it.lab.advance(15.0);
    assert_eq!(statuses(&it.lab.get(&path).body()), ["Succeeded", "Running", "NotStarted"]);
    assert_eq!(it.names(1), ["equal", "renamed"]);
    it.lab.get(&format!("/v1/operations/{operation}/result")).refuses(400, "OperationNotSucceeded");
    it.lab.advance(15.0);

    let target = it.items(1);
    assert_eq!(it.names(1), ["equal", "new", "renamed"]);
    let created = &target[1];
    assert_eq!(created["sourceItemId"], json!(new));
    assert_eq!(created["lastDeploymentTime"], "2031-02-03T04:06:36.000Z");
    let ids = |name: &str| {
        let of = |order| it.items(order).into_iter().find(|item| item["itemDisplayName"] == name).unwrap();
        (text(&of(0)["itemId"]), text(&of(1)["itemId"]))
    };
    let step = |index: usize, state: &str, name: &str, before: Option<&str>| {
        let (source, target) = ids(name);
        let mut pair = json!({"sourceItemId": source, "sourceItemDisplayName": name, "itemType": "DataPipeline"});
        if let Some(before) = before {
            pair["targetItemId"] = json!(target);
            pair["targetItemDisplayName"] = json!(before);
        }
        json!({"index": index, "description": "DataPipelineDeployment", "status": "Succeeded",
            "preDeploymentDiffState": state, "sourceAndTarget": pair})
    };
    let caller = it.lab.get(&format!("{}/roleAssignments", it.path)).body()["value"][0]["principal"].clone();
    let mut expected = json!({
        "id": id, "type": "Deploy", "status": "Succeeded", "lastUpdatedTime": "2031-02-03T04:06:36.000Z",
        "executionStartTime": "2031-02-03T04:06:06.000Z", "executionEndTime": "2031-02-03T04:06:36.000Z",
        "sourceStageId": it.stages[0], "targetStageId": it.stages[1], "note": {"content": "n"},
        "preDeploymentDiffInformation": {"newItemsCount": 1, "differentItemsCount": 1, "noDifferenceItemsCount": 1},
        "performedBy": caller,
        "executionPlan": {"steps": [
            step(0, "NoDifference", "equal", Some("equal")), step(1, "Different", "renamed", Some("changed")),
            step(2, "New", "new", None),
        ]},
    });
    assert_eq!(it.lab.get(&path).is(200).body(), expected);
    assert_eq!(it.lab.get(&format!("/v1/operations/{operation}/result")).is(200).body(), expected);
    expected.as_object_mut().unwrap().remove("executionPlan");
    assert_eq!(it.lab.get(&format!("{}/operations", it.path)).body(), json!({"value": [expected]}));

    let copy = it.lab.get(&format!("{test}/items/{}", text(&created["itemId"]))).is(200).body();
    assert_eq!(copy["description"], "d");
    let folders = it.lab.get(&format!("{test}/folders")).body()["value"].clone();
    let folder = folders.as_array().unwrap().iter().find(|folder| folder["id"] == copy["folderId"]).unwrap();
    assert_eq!(folder["displayName"], "inner");
    for name in ["new", "renamed"] {
        let (source, target) = ids(name);
        assert_eq!(payload(&it.lab, dev, &source), payload(&it.lab, test, &target), "{name}");
    }

    // What is moved to another folder is different; nothing else is.
    it.lab.post_empty(&format!("{dev}/items/{new}/move")).is(200);
    let again = it.deploy();
    let counts = json!({"newItemsCount": 0, "differentItemsCount": 1, "noDifferenceItemsCount": 2});
    assert_eq!(again["preDeploymentDiffInformation"], counts);
    let moved = it.lab.get(&format!("{test}/items/{}", text(&created["itemId"]))).body();
    assert_eq!(moved.get("folderId"), None);
    let counts = json!({"newItemsCount": 0, "differentItemsCount": 0, "noDifferenceItemsCount": 3});
    assert_eq!(it.deploy()["preDeploymentDiffInformation"], counts);
}

#[test]
fn mirrored_database_arrives_unstarted_and_is_updated_in_place() {
    let it = Pipeline::new();
    let [dev, test] = [&it.workspaces[0], &it.workspaces[1]];
    let connection = it.lab.connection();
    let mirror = it.lab.mirror(dev, "m", &sql_mirror(&connection, Some(&["Orders"])));
    it.lab.advance(60.0);
    it.lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    it.lab.advance(600.0);
    assert_eq!(it.lab.status(&mirror), "Running");
    it.deploy();
    it.lab.advance(60.0);
    let copy = it.items(1).into_iter().find(|item| item["itemType"] == "MirroredDatabase").unwrap();
    let copy = format!("{test}/mirroredDatabases/{}", text(&copy["itemId"]));
    assert_eq!(it.lab.status(&copy), "Initialized");
    // SQL endpoints are created with their items, and paired like them.
    let endpoint = it.items(0).into_iter().find(|item| item["itemType"] == "SQLEndpoint").unwrap();
    let pair = it.items(1).into_iter().find(|item| item["itemType"] == "SQLEndpoint").unwrap();
    assert_eq!((&endpoint["targetItemId"], &pair["sourceItemId"]), (&pair["itemId"], &endpoint["itemId"]));

    it.lab.post_empty(&format!("{copy}/startMirroring")).is(200);
    it.lab.advance(600.0);
    let both = sql_mirror(&connection, Some(&["Orders", "Customers"])).to_string();
    it.lab.post(&format!("{mirror}/updateDefinition"), json!({"definition": definition(&both)})).is(200);
    it.deploy();
    it.lab.advance(600.0);
    assert_eq!((it.lab.status(&copy), it.lab.tables(&copy).len()), ("Running".to_owned(), 2));

    // A change that the item's own operation rejects fails the deployment.
    it.lab.post_empty(&format!("{mirror}/stopMirroring")).is(200);
    it.lab.advance(60.0);
    let other = it.lab.post("/v1/connections", crate::harness::sql_connection("other")).is(201).id();
    let moved = definition(&sql_mirror(&other, None).to_string());
    it.lab.post(&format!("{mirror}/updateDefinition"), json!({"definition": moved})).is(200);
    let (deployment, error) = it.fail(&json!({}));
    let step = &deployment["executionPlan"]["steps"][0];
    assert_eq!((&step["status"], &step["error"]["errorCode"]), (&json!("Failed"), &error["errorCode"]));
    assert_eq!((it.lab.status(&copy), it.lab.tables(&copy).len()), ("Running".to_owned(), 2));
}

#[test]
fn companions_are_created_with_the_copies_of_their_items() {
    let it = Pipeline::new();
    let [dev, test] = [&it.workspaces[0], &it.workspaces[1]];
    let house = item(&it.lab, dev, "Eventhouse", "house");
    let payload = json!({"databaseType": "ReadWrite", "parentEventhouseItemId": house});
    let body = json!({"displayName": "extra", "creationPayload": payload});
    let extra = it.lab.post(&format!("{dev}/kqlDatabases"), body).is(202);
    it.lab.result(&extra).is(200);
    item(&it.lab, dev, "Lakehouse", "lake");
    it.lab.advance(60.0);
    // The database that belongs to the eventhouse is not deployed by itself.
    let own = it.items(0).into_iter().find(|it| it["itemType"] == "KQLDatabase" && it["itemDisplayName"] == "house");
    let own = json!({"items": [{"sourceItemId": own.unwrap()["itemId"], "itemType": "KQLDatabase"}]});
    it.deploy_with(0, 1, &own).refuses(400, "OperationNotSupportedForItem");
    let deployment = it.deploy();
    assert_eq!(deployment["preDeploymentDiffInformation"]["newItemsCount"], 3);
    it.lab.advance(60.0);
    assert_eq!(it.names(1), it.names(0));
    for item in it.items(0) {
        assert!(item.get("targetItemId").is_some(), "{item}");
    }
    let find = |kind: &str, name: &str| {
        let found = it.items(1).into_iter().find(|it| it["itemType"] == kind && it["itemDisplayName"] == name);
        text(&found.unwrap()["itemId"])
    };
    let database = it.lab.get(&format!("{test}/kqlDatabases/{}", find("KQLDatabase", "extra"))).is(200).body();
    assert_eq!(database["properties"]["parentEventhouseItemId"], json!(find("Eventhouse", "house")));
    let counts = it.deploy()["preDeploymentDiffInformation"].clone();
    assert_eq!(counts["noDifferenceItemsCount"], 3);

    // A database whose eventhouse is not in the target cannot be created.
    let alone = Pipeline::new();
    let house = item(&alone.lab, &alone.workspaces[0], "Eventhouse", "house");
    let payload = json!({"databaseType": "ReadWrite", "parentEventhouseItemId": house});
    let body = json!({"displayName": "extra", "creationPayload": payload});
    let extra = alone.lab.post(&format!("{}/kqlDatabases", alone.workspaces[0]), body).is(202);
    let extra = alone.lab.result(&extra).id();
    alone.fail(&json!({"items": [{"sourceItemId": extra, "itemType": "KQLDatabase"}]}));
    assert_eq!(alone.names(1), Vec::<String>::new());
}

#[test]
fn selected_items_are_deployed() {
    let it = Pipeline::new();
    let items: Vec<String> =
        ["a", "b", "c"].iter().map(|name| item(&it.lab, &it.workspaces[0], "DataPipeline", name)).collect();
    let model = model(&it.lab, &it.workspaces[0]);
    it.lab.advance(60.0);
    let id = |number: usize| items[number].as_str();
    let select = |items: &[(&str, &str)]| -> Value {
        let items = items.iter().map(|(id, kind)| json!({"sourceItemId": id, "itemType": kind}));
        json!({"items": items.collect::<Vec<Value>>()})
    };
    let pipeline = "DataPipeline";
    for (request, status, code) in [
        (select(&[(id(0), "Notebook")]), 404, "EntityNotFound"),
        (select(&[(id(0), "Robot")]), 400, "InvalidItemType"),
        (select(&[(MISSING, pipeline)]), 404, "EntityNotFound"),
        (select(&[("x", pipeline)]), 400, "InvalidInput"),
        (select(&[(id(0), pipeline), (id(0), pipeline)]), 400, "ItemReferencedMoreThanOnce"),
        (select(&[(model.as_str(), "MLModel")]), 400, "OperationNotSupportedForItem"),
        (select(&[(MISSING, pipeline); 301]), 400, "InvalidInput"),
        (json!({"items": [{"itemType": pipeline}]}), 400, "InvalidInput"),
        (json!({"items": [{"sourceItemId": id(0)}]}), 400, "InvalidInput"),
    ] {
        it.deploy_with(0, 1, &request).refuses(status, code);
    }
    assert_eq!(it.lab.get(&format!("{}/operations", it.path)).body(), json!({"value": []}));
    let started = it.deploy_with(0, 1, &select(&[(id(2), pipeline), (id(0), "datapipeline")])).is(202);
    it.lab.result(&started).is(200);
    assert_eq!(it.names(1), ["a", "c"]);
}

#[test]
fn deployments_are_validated() {
    let it = Pipeline::new();
    let lab = &it.lab;
    it.deploy_with(0, 1, &json!({})).refuses(400, "Alm_InvalidRequest_NoArtifactsToDeploy");
    it.workspaces.iter().for_each(|workspace| drop(item(lab, workspace, "DataPipeline", "a")));
    let check = |from: usize, to: usize, more: Value, status: u16, code: &str| {
        it.deploy_with(from, to, &more).refuses(status, code);
        assert_eq!(lab.get(&format!("{}/operations", it.path)).body(), json!({"value": []}));
    };
    check(0, 0, json!({}), 400, "InvalidInput");
    check(0, 2, json!({}), 400, "InvalidInput");
    check(1, 0, json!({}), 400, "InvalidRequest");
    check(2, 1, json!({}), 400, "InvalidRequest");
    check(1, 2, json!({}), 400, "InvalidInput");
    check(1, 2, json!({"createdWorkspaceDetails": {}}), 400, "InvalidInput");
    check(1, 2, json!({"createdWorkspaceDetails": {"name": "dev"}}), 409, "WorkspaceNameAlreadyExists");
    check(1, 2, json!({"createdWorkspaceDetails": {"name": "p", "capacityId": MISSING}}), 404, "CapacityNotFound");
    check(0, 1, json!({"note": "x".repeat(1_025)}), 400, "InvalidInput");
    check(0, 1, json!({"sourceStageId": MISSING}), 404, "EntityNotFound");
    check(0, 1, json!({"targetStageId": null}), 400, "InvalidInput");
    lab.set_capacity("Inactive");
    check(0, 1, json!({}), 404, "CapacityNotActive");
    lab.set_capacity("Active");
    // An empty source stage, and one whose workspace has lost its capacity.
    it.unassign(0).is(200);
    check(0, 1, json!({}), 400, "InvalidRequest");
    let bare = workspace(lab, "bare");
    it.assign(0, &bare).is(200);
    lab.post_empty(&format!("{bare}/unassignFromCapacity")).is(202);
    lab.advance(60.0);
    check(0, 1, json!({}), 400, "Alm_InvalidRequest_WorkspaceHasNoCapacity");
}

#[test]
fn deployment_requires_contributors_of_both_workspaces() {
    let it = Pipeline::new();
    item(&it.lab, &it.workspaces[0], "DataPipeline", "a");
    it.lab.post(&format!("{}/roleAssignments", it.path), admin(ALICE)).is(200);
    let alice = it.lab.user(ALICE);
    let deploy = || alice.post(&format!("{}/deploy", it.path), it.request(0, 1, &json!({})));
    deploy().refuses(403, "InsufficientPrivileges");
    it.lab.assign_role(&it.workspaces[0], ALICE, "Contributor");
    deploy().refuses(403, "InsufficientPrivileges");
    it.lab.assign_role(&it.workspaces[1], ALICE, "Viewer");
    deploy().refuses(403, "InsufficientPrivileges");
    it.lab.patch(&format!("{}/roleAssignments/{ALICE}", it.workspaces[1]), json!({"role": "Contributor"})).is(200);
    let started = deploy().is(202);
    let deployment = alice.result(&started).is(200).body();
    assert_eq!(deployment["performedBy"], json!({"id": ALICE, "type": "User"}));
}

#[test]
fn workspaces_in_different_regions_need_consent() {
    let lab = Lab::unthrottled();
    let capacity = json!({"displayName": "far", "sku": "F2", "region": "East US"});
    lab.put(&format!("/_emulator/capacities/{MISSING}"), capacity).is(200);
    let dev = workspace(&lab, "dev");
    let far = lab.post("/v1/workspaces", json!({"displayName": "far", "capacityId": MISSING})).is(201).id();
    item(&lab, &dev, "DataPipeline", "a");
    let it = Pipeline::over(lab, vec![dev, format!("/v1/workspaces/{far}")]);
    it.deploy_with(0, 1, &json!({})).refuses(400, "InvalidRequest");
    it.deploy_with(0, 1, &json!({"options": {"allowCrossRegionDeployment": false}})).refuses(400, "InvalidRequest");
    it.deploy_with(0, 1, &json!({"options": {"allowCrossRegionDeployment": true}})).is(202);
}

#[test]
fn deployment_creates_a_workspace_for_an_empty_stage() {
    let it = Pipeline::with(|lab, workspace| drop(item(lab, workspace, "DataPipeline", "a")));
    let check = |from: usize, to: usize, name: &str| {
        let details = json!({"createdWorkspaceDetails": {"name": name}});
        let started = it.deploy_with(from, to, &details).is(202);
        it.lab.result(&started).is(200);
        let stage = it.lab.get(&it.stage(to)).is(200).body();
        assert_eq!(stage["workspaceName"], name);
        let path = format!("/v1/workspaces/{}", text(&stage["workspaceId"]));
        let capacity = it.lab.get(&it.workspaces[1]).body()["capacityId"].clone();
        assert_eq!(it.lab.get(&path).is(200).body()["capacityId"], capacity);
        assert_eq!(it.lab.get(&format!("{path}/roleAssignments")).body()["value"].as_array().unwrap().len(), 1);
        assert_eq!(it.names(to), ["a"]);
        let (from, to) = (it.items(from)[0].clone(), it.items(to)[0].clone());
        assert!(to.get("lastDeploymentTime").is_some());
        (from, to)
    };
    let (test, production) = check(1, 2, "production");
    assert_eq!((&test["targetItemId"], &production["sourceItemId"]), (&production["itemId"], &test["itemId"]));
    // Backwards, to an empty stage.
    it.unassign(0).is(200);
    let (test, dev) = check(1, 0, "development");
    assert_eq!((&test["sourceItemId"], &dev["targetItemId"]), (&dev["itemId"], &test["itemId"]));
}

#[test]
fn one_deployment_of_a_pipeline_runs_at_a_time() {
    let it = Pipeline::new();
    item(&it.lab, &it.workspaces[0], "DataPipeline", "a");
    it.deploy_with(0, 1, &json!({})).is(202);
    let before = it.lab.get(&it.path).text();
    let code = "WorkspaceMigrationOperationInProgress";
    it.deploy_with(0, 1, &json!({})).refuses(400, code);
    it.unassign(0).refuses(400, code);
    it.assign(2, &workspace(&it.lab, "production")).refuses(400, code);
    it.lab.delete(&it.path).refuses(400, code);
    assert_eq!(it.lab.get(&it.path).text(), before);
    it.lab.patch(&it.path, json!({"description": "d"})).is(200);
    it.lab.advance(30.0);
    it.deploy_with(0, 1, &json!({})).is(202);
    it.lab.advance(30.0);
    it.lab.delete(&it.path).is(200);
}

#[test]
fn failed_deployment_changes_nothing() {
    let it = Pipeline::new();
    let [dev, test] = [&it.workspaces[0], &it.workspaces[1]];
    for name in ["a", "b", "c"] {
        item(&it.lab, dev, "DataPipeline", name);
    }
    // The item is not paired, because it is younger than the assignment. Its name is in use.
    item(&it.lab, test, "DataPipeline", "b");
    let (deployment, error) = it.fail(&json!({}));
    assert_eq!(error["errorCode"], "ItemDisplayNameAlreadyInUse");
    let steps = deployment["executionPlan"]["steps"].as_array().unwrap().clone();
    let statuses: Vec<&str> = steps.iter().map(|step| step["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["NotStarted", "Failed", "NotStarted"]);
    assert_eq!(steps[1]["error"]["errorCode"], error["errorCode"]);
    assert_eq!(it.names(1), ["b"]);
    assert_eq!(it.items(0)[0].get("targetItemId"), None);
    // So does one to a new workspace.
    let limit = json!({"createdWorkspaceDetails": {"name": "production"}});
    let fault = json!({"match": {"operation": "DeploymentPipelines_DeployStageContent"},
        "effect": {"operation": {"status": "Failed"}}});
    it.lab.post("/_emulator/faults", fault).is(201);
    it.deploy_with(1, 2, &limit).is(202);
    it.lab.advance(60.0);
    assert_eq!(it.lab.get(&it.stage(2)).body().get("workspaceId"), None);
    assert!(!it.lab.get("/v1/workspaces").text().contains("production"));
}

#[test]
fn fault_rules_apply_to_deployments() {
    let it = Pipeline::with(|lab, workspace| drop(item(lab, workspace, "DataPipeline", "a")));
    item(&it.lab, &it.workspaces[0], "DataPipeline", "b");
    write(&it.lab, &it.workspaces[0], &text(&it.items(0)[0]["itemId"]), "changed");
    let rule = |effect: Value| {
        let body = json!({"match": {"operation": "DeploymentPipelines_DeployStageContent"}, "when": {"times": 1},
            "effect": {"operation": effect}});
        it.lab.post("/_emulator/faults", body).is(201);
    };
    let error = json!({"errorCode": "Boom", "message": "m"});
    rule(json!({"status": "Failed", "error": error}));
    let (deployment, shown) = it.fail(&json!({}));
    assert_eq!(shown["errorCode"], "Boom");
    assert_eq!(deployment["executionPlan"]["steps"][0]["error"], error);
    assert_eq!(it.names(1), ["a"]);
    rule(json!({"seconds": 5}));
    let started = it.deploy_with(0, 1, &json!({})).is(202);
    let path = format!("{}/operations/{}", it.path, started.header("deployment-id").unwrap());
    it.lab.advance(4.0);
    assert_eq!(it.lab.get(&path).body()["status"], "Running");
    it.lab.advance(1.0);
    assert_eq!(it.lab.get(&path).body()["status"], "Succeeded");
    assert_eq!(it.names(1), ["a", "b"]);
    rule(json!({"stalled": true}));
    it.deploy_with(0, 1, &json!({})).is(202);
    it.lab.advance(1_000_000.0);
    it.deploy_with(0, 1, &json!({})).refuses(400, "WorkspaceMigrationOperationInProgress");
}

#[test]
fn history_is_bounded_and_lost_when_a_stage_is_unassigned() {
    let it = Pipeline::with(|lab, workspace| drop(item(lab, workspace, "DataPipeline", "a")));
    let first = text(&it.deploy()["id"]);
    (0..20).for_each(|_| drop(it.deploy()));
    let operations = format!("{}/operations", it.path);
    assert_eq!(it.lab.get(&operations).is(200).body()["value"].as_array().unwrap().len(), 20);
    it.lab.get(&format!("{operations}/{first}")).refuses(404, "EntityNotFound");
    it.unassign(1).is(200);
    assert_eq!(it.lab.get(&operations).body(), json!({"value": []}));
    it.assign(1, &it.workspaces[1]).is(200);
    assert_eq!(it.items(1)[0].get("lastDeploymentTime"), None);
}

#[test]
fn deployments_of_a_replaced_principal_are_kept() {
    let it = Pipeline::new();
    let app = |id: &str| json!({"value": [{"id": id, "type": "ServicePrincipal", "servicePrincipalDetails": {"aadAppId": MISSING}}]});
    let (before, after) = ("00000000-0000-4000-8000-0000000000a1", "00000000-0000-4000-8000-0000000000a2");
    it.lab.put("/_emulator/principals", app(before)).is(200);
    let role = json!({"principal": {"id": before, "type": "ServicePrincipal"}, "role": "Admin"});
    it.lab.post(&format!("{}/roleAssignments", it.path), role).is(200);
    it.lab.put("/_emulator/principals", app(after)).is(200);
    assert_eq!(it.lab.get(&format!("{}/roleAssignments", it.path)).body()["value"][1]["id"], after);
}

#[test]
fn open_mirror_and_lakehouse_settings_are_copied() {
    let it = Pipeline::new();
    let dev = &it.workspaces[0];
    it.lab.mirror(dev, "open", &open_mirror());
    let lake = json!({"displayName": "lake", "creationPayload": {"enableSchemas": true}});
    it.lab.post(&format!("{dev}/lakehouses"), lake).is(201);
    it.lab.advance(60.0);
    it.deploy();
    let lake = it.items(1).into_iter().find(|item| item["itemType"] == "Lakehouse").unwrap();
    let lake = it.lab.get(&format!("{}/lakehouses/{}", it.workspaces[1], text(&lake["itemId"]))).is(200).body();
    assert_eq!(lake["properties"]["defaultSchema"], "dbo");
    let open = it.items(1).into_iter().find(|item| item["itemType"] == "MirroredDatabase").unwrap();
    let read =
        it.lab.post_empty(&format!("{}/mirroredDatabases/{}/getDefinition", it.workspaces[1], text(&open["itemId"])));
    let parts = read.is(200).body()["definition"]["parts"].clone();
    assert_ne!(parts[0]["payload"], json!(base64("{}")));
}
