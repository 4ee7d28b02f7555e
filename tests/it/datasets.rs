//! Power BI's datasets and their refreshes.

use serde_json::{Value, json};

use crate::harness::{ALICE, Lab, MISSING, Reply, part};

/// Asserts an error in the form of Power BI.
#[track_caller]
fn refused(reply: Reply, status: u16, code: &str) {
    let reply = reply.is(status);
    assert_eq!(reply.body()["error"]["code"], code, "{}", reply.text());
}

/// A group with a semantic model.
struct Group {
    lab: Lab,
    group: String,
    id: String,
    dataset: String,
}

impl Group {
    fn new() -> Self {
        let lab = Lab::unthrottled();
        let workspace = lab.workspace();
        let id = model(&lab, &workspace);
        let group = format!("/v1.0/myorg/groups/{}", workspace.rsplit('/').next().unwrap());
        let dataset = format!("{group}/datasets/{id}");
        Self { lab, group, id, dataset }
    }

    /// The refreshes of the dataset, latest first.
    fn refreshes(&self, query: &str) -> Vec<Value> {
        let listed = self.lab.get(&format!("{}/refreshes{query}", self.dataset)).is(200).body();
        listed["value"].as_array().unwrap().clone()
    }

    /// Starts a refresh. Returns its path.
    fn refresh(&self, body: Value) -> String {
        let started = self.lab.post(&format!("{}/refreshes", self.dataset), body).is(202);
        assert_eq!(started.text(), "");
        let location = started.header("location").unwrap();
        assert!(location.ends_with(started.header("x-ms-request-id").unwrap()));
        location.strip_prefix("http://127.0.0.1:7310").unwrap().to_owned()
    }
}

/// Creates a semantic model in a workspace. Returns its id.
fn model(lab: &Lab, workspace: &str) -> String {
    let parts = [part("model.bim", "{}"), part("definition.pbism", "{}")];
    let body = json!({"displayName": "Sales", "description": "d", "definition": {"parts": parts}});
    let started = lab.post(&format!("{workspace}/semanticModels"), body).is(202);
    lab.result(&started).id()
}

#[test]
fn datasets_are_semantic_models() {
    let Group { lab, group, id, dataset } = Group::new();
    let listed = lab.get(&format!("{group}/datasets")).is(200).body();
    let body = lab.get(&dataset).is(200).body();
    assert_eq!(listed["value"], json!([body]));
    assert_eq!((&body["id"], &body["name"], &body["isRefreshable"]), (&json!(id), &json!("Sales"), &json!(true)));
    assert_eq!(body["configuredBy"], "admin@specularite.example");
    refused(lab.get(&format!("{group}/datasets/{MISSING}")), 404, "PowerBIEntityNotFound");
    refused(lab.user(ALICE).get(&format!("{group}/datasets")), 403, "PowerBINotAuthorizedException");
    // Those without a group are in the personal workspace.
    assert_eq!(lab.get("/v1.0/myorg/datasets").is(200).body()["value"], json!([]));
    refused(lab.get(&format!("/v1.0/myorg/datasets/{id}")), 404, "PowerBIEntityNotFound");
    refused(lab.post(&format!("/v1.0/myorg/datasets/{id}/refreshes"), json!({})), 404, "PowerBIEntityNotFound");
    let app = lab.by(MISSING, "app");
    assert_eq!(app.get("/v1.0/myorg/datasets").is(200).body()["value"], json!([]));
}

#[test]
fn refresh_runs_in_virtual_time() {
    let group = Group::new();
    let details = group.refresh(json!({"notifyOption": "NoNotification"}));
    let running = group.refreshes("?$top=1");
    assert_eq!((&running[0]["status"], &running[0]["refreshType"]), (&json!("Unknown"), &json!("ViaApi")));
    assert!(running[0]["endTime"].is_null());
    refused(group.lab.post(&format!("{}/refreshes", group.dataset), json!({})), 400, "InvalidRequest");
    // Only an enhanced refresh has details.
    refused(group.lab.get(&details), 404, "PowerBIEntityNotFound");
    group.lab.advance(60.0);
    let ended = group.refreshes("");
    assert_eq!((&ended[0]["status"], ended[0]["endTime"].is_string()), (&json!("Completed"), true));
    assert_eq!(ended[0]["requestId"].as_str(), details.rsplit('/').next());
    group.refresh(json!({"retryCount": 1}));
    let latest = group.refreshes("");
    assert_eq!((latest.len(), &latest[0]["refreshType"]), (2, &json!("ViaEnhancedApi")));
    assert_eq!(group.refreshes("?$top=1").len(), 1);
}

#[test]
fn enhanced_refresh_has_details_and_can_be_cancelled() {
    let group = Group::new();
    let objects = json!([{"table": "Customer", "partition": "Robert"}]);
    let request = json!({"type": "dataOnly", "commitMode": "partialBatch", "objects": objects});
    let details = group.refresh(request);
    let body = group.lab.get(&details).is(202).body();
    assert_eq!((&body["type"], &body["commitMode"]), (&json!("DataOnly"), &json!("PartialBatch")));
    assert_eq!((&body["status"], &body["extendedStatus"]), (&json!("Unknown"), &json!("NotStarted")));
    assert_eq!(body["objects"], objects);
    group.lab.advance(30.0);
    assert_eq!(group.lab.get(&details).is(202).body()["extendedStatus"], "InProgress");
    group.lab.delete(&details).is(200);
    group.lab.advance(20.0);
    let body = group.lab.get(&details).is(200).body();
    assert_eq!((&body["status"], &body["extendedStatus"]), (&json!("Cancelled"), &json!("Cancelled")));
    refused(group.lab.delete(&details), 400, "InvalidRequest");
    refused(group.lab.delete(&format!("{}/refreshes/{MISSING}", group.dataset)), 404, "PowerBIEntityNotFound");
}

#[test]
fn requests_for_refreshes_are_checked() {
    let group = Group::new();
    let refreshes = format!("{}/refreshes", group.dataset);
    for body in [
        json!({"notifyOption": "Call"}),
        json!({"type": "Half"}),
        json!({"commitMode": "Never"}),
        json!({"objects": [{"table": ""}]}),
        json!({"objects": vec![json!({"table": "t"}); 1_001]}),
    ] {
        refused(group.lab.post(&refreshes, body), 400, "InvalidRequest");
    }
    refused(group.lab.get(&format!("{refreshes}?$top=0")), 400, "InvalidRequest");
    group.lab.add_principals(&[(ALICE, "User")]);
    group.lab.assign_role(&format!("/v1/workspaces/{}", group.group.rsplit('/').next().unwrap()), ALICE, "Viewer");
    let alice = group.lab.user(ALICE);
    alice.get(&refreshes).is(200);
    refused(alice.post(&refreshes, json!({})), 403, "PowerBINotAuthorizedException");
    group.lab.set_capacity("Inactive");
    refused(group.lab.post(&refreshes, json!({})), 404, "CapacityNotActive");
    assert_eq!(group.refreshes(""), Vec::<Value>::new());
    assert_eq!(group.lab.get(&group.dataset).is(200).body()["id"], json!(group.id));
}
