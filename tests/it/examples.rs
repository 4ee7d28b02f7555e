//! Microsoft's examples: every `Create*` example of a served operation succeeds or is listed in docs/fidelity.md with
//! the reason.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use specularite::http::operation::{Coverage, Operation};
use specularite::http::operations::OPERATIONS;

use crate::coverage::shared;
use crate::git;
use crate::harness::{Lab, MISSING};

/// Reads a file. The description refers to some files in another case than that of their names.
fn read(path: &Path) -> Value {
    let name = path.file_name().unwrap();
    let mut files = std::fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
    let path = &files.find(|file| file.file_name().unwrap().eq_ignore_ascii_case(name)).unwrap_or_else(|| path.into());
    let text = std::fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap()
}

/// A new tenant, and the ids there that replace those of an example.
struct ExampleTenant {
    lab: Lab,
    workspace: String,
    capacity: String,
    folder: String,
    lakehouse: String,
    /// A second workspace.
    related: String,
}

impl ExampleTenant {
    fn new() -> Self {
        let lab = Lab::new();
        let workspace = lab.workspace();
        let folder = lab.post(&format!("{workspace}/folders"), json!({"displayName": "f"})).is(201).id();
        let lakehouse = lab.post(&format!("{workspace}/lakehouses"), json!({"displayName": "l"})).is(201).id();
        let capacity = lab.get("/v1/capacities").body()["value"][0]["id"].as_str().unwrap().to_owned();
        let workspace = workspace.rsplit('/').next().unwrap().to_owned();
        let related =
            lab.post("/v1/workspaces", json!({"displayName": "related", "capacityId": capacity})).is(201).id();
        for (id, branch) in [(&workspace, "feature"), (&related, "main")] {
            git::connect(&lab, &format!("/v1/workspaces/{id}"), branch);
        }
        Self { lab, workspace, capacity, folder, lakehouse, related }
    }

    /// The id in this tenant for a member of this name.
    fn id(&self, member: &str) -> Option<&str> {
        match member {
            "workspaceId" => Some(&self.workspace),
            "relatedWorkspaceId" => Some(&self.related),
            "capacityId" => Some(&self.capacity),
            "folderId" | "parentFolderId" => Some(&self.folder),
            "itemId" | "lakehouseId" => Some(&self.lakehouse),
            _ => None,
        }
    }

    fn replace_ids(&self, value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    match self.id(name).filter(|_| value.is_string()) {
                        Some(id) => *value = id.into(),
                        None => self.replace_ids(value),
                    }
                }
            }
            Value::Array(elements) => elements.iter_mut().for_each(|element| self.replace_ids(element)),
            _ => {}
        }
    }

    /// Declares the gateway of a connection in an example, with the members that its credentials are for.
    fn declare_gateway(&self, body: &Value) {
        let Some(kind) = body["connectivityType"].as_str().and_then(|kind| kind.strip_suffix("Gateway")) else {
            return;
        };
        let mut gateway = json!({"id": body["gatewayId"], "type": kind, "displayName": "g"});
        if let Some(values) = body["credentialDetails"]["credentials"]["values"].as_array() {
            gateway["members"] = values.iter().map(|value| json!({"id": value["gatewayId"]})).collect();
        }
        self.lab.put("/_emulator/gateways", json!({"value": [gateway]})).is(200);
    }

    /// Sends the example; status and body of the response.
    fn send(&self, operation: &Operation, mut parameters: serde_json::Map<String, Value>) -> (u16, String) {
        let mut path = format!("/v1{}", operation.path);
        let mut query = Vec::new();
        let mut body = json!({});
        for (name, value) in &mut parameters {
            let place = format!("{{{name}}}");
            if path.contains(&place) {
                let given = value.as_str().filter(|_| name == "jobType");
                path = path.replace(&place, self.id(name).or(given).unwrap_or(MISSING));
            } else if value.is_object() || value.is_array() {
                self.replace_ids(value);
                body = value.clone();
            } else {
                query.push(format!("{name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
            }
        }
        self.declare_gateway(&body);
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        let reply = self.lab.post(&format!("{path}{query}"), body);
        (reply.status.as_u16(), reply.text().to_owned())
    }
}

#[test]
fn create_examples_succeed_or_are_documented() {
    let Some(specs) = shared("specs") else { return };
    let document = include_str!("../../docs/fidelity.md");
    let (mut tried, mut failing) = (0, BTreeSet::new());
    for area in std::fs::read_dir(specs).unwrap() {
        let area = area.unwrap().path();
        if !area.join("swagger.json").exists() {
            continue;
        }
        let swagger = read(&area.join("swagger.json"));
        let served = OPERATIONS.iter().map(|route| &route.operation);
        let served = served.filter(|it| it.coverage != Coverage::Absent && it.method == "POST");
        for operation in served {
            let examples = swagger["paths"][operation.path]["post"]["x-ms-examples"].as_object();
            for reference in examples.into_iter().flatten().filter_map(|(_, example)| example["$ref"].as_str()) {
                let name = reference.rsplit('/').next().unwrap().trim_end_matches(".json");
                if !name.starts_with("Create") {
                    continue;
                }
                let example = read(&area.join(reference));
                let (status, text) =
                    ExampleTenant::new().send(operation, example["parameters"].as_object().unwrap().clone());
                tried += 1;
                if example["responses"].get(status.to_string()).is_none() {
                    failing.insert(format!("{name} {status} {text}"));
                }
            }
        }
    }
    assert!(tried >= 30, "{tried} examples");
    let unnamed: Vec<&String> =
        failing.iter().filter(|it| !document.contains(&format!("`{}`", it.split(' ').next().unwrap()))).collect();
    assert!(unnamed.is_empty(), "{tried} tried, neither created nor named in docs/fidelity.md: {unnamed:?}");
}
