//! OneLake data access roles of items.

use serde_json::{Value, json};

use crate::harness::{ALICE, Lab, MISSING, Reply, open_mirror};

fn rule(path: &str, action: &str) -> Value {
    json!({"effect": "Permit", "permission": [
        {"attributeName": "Path", "attributeValueIncludedIn": [path]},
        {"attributeName": "Action", "attributeValueIncludedIn": [action]},
    ]})
}

fn role(name: &str) -> Value {
    let member = json!({"tenantId": MISSING, "objectId": ALICE, "objectType": "User"});
    json!({"name": name, "kind": "Policy", "decisionRules": [rule("/Tables/sales", "Read")],
        "members": {"microsoftEntraMembers": [member]}})
}

/// A mirrored database and the path of its roles.
struct Roles {
    lab: Lab,
    workspace: String,
    path: String,
}

impl Roles {
    fn new() -> Self {
        let lab = Lab::unthrottled();
        let workspace = lab.workspace();
        let mirror = lab.mirror(&workspace, "m", &open_mirror());
        let path = format!("{}/dataAccessRoles", mirror.replace("mirroredDatabases", "items"));
        Self { lab, workspace, path }
    }

    fn names(&self) -> Vec<String> {
        let listed = self.lab.get(&self.path).is(200).body();
        listed["value"].as_array().unwrap().iter().map(|role| role["name"].as_str().unwrap().to_owned()).collect()
    }

    fn set(&self, roles: &[Value]) -> Reply {
        self.lab.put(&self.path, json!({"value": roles}))
    }

    fn send(&self, method: &str, path: &str, header: &str, tag: &str, body: &Value) -> Reply {
        let headers = [("content-type", "application/json"), (header, tag)];
        self.lab.send(method, path, &headers, body.to_string())
    }
}

#[test]
fn default_reader_is_shown_until_roles_are_set() {
    let it = Roles::new();
    let listed = it.lab.get(&it.path).is(200).body();
    let mut shown = listed["value"][0].clone();
    let ids =
        it.path.trim_start_matches("/v1/workspaces/").trim_end_matches("/dataAccessRoles").replace("/items/", "/");
    let member = json!({"itemAccess": ["ReadAll"], "sourcePath": ids});
    for name in ["id", "eTag"] {
        assert!(shown.as_object_mut().unwrap().remove(name).is_some(), "{name}");
    }
    assert_eq!(
        shown,
        json!({"name": "DefaultReader", "kind": "Policy", "decisionRules": [rule("*", "Read")],
            "members": {"fabricItemMembers": [member]}})
    );
    it.set(&[]).is(200);
    assert!(it.names().is_empty());
}

#[test]
fn set_replaces_all_roles() {
    let it = Roles::new();
    let set = it.set(&[role("b"), role("a")]).is(200);
    let listed = it.lab.get(&it.path).is(200);
    assert_eq!((it.names(), listed.header("etag")), (vec!["b".into(), "a".into()], set.header("etag")));
    let shown = it.lab.get(&format!("{}/A", it.path)).is(200);
    assert_eq!(shown.body(), role("a"));
    assert_eq!(shown.header("etag"), listed.body()["value"][1]["eTag"].as_str());
    it.lab.put(&format!("{}?dryRun=true", it.path), json!({"value": []})).is(200);
    it.lab.put(&format!("{}?dryRun=true", it.path), json!({"value": [role("1")]})).refuses(400, "InvalidInput");
    assert_eq!(it.names(), ["b", "a"]);
    it.lab.settings(json!({"pageSize": 1}));
    let first = it.lab.get(&it.path).body();
    let next = it.lab.get(&format!("{}?continuationToken={}", it.path, first["continuationToken"].as_str().unwrap()));
    assert_eq!(next.is(200).body()["value"][0]["name"], "a");
}

#[test]
fn one_role_is_created_updated_and_deleted() {
    let it = Roles::new();
    let created = it.lab.post(&it.path, role("sales")).is(201);
    assert!(created.header("location").unwrap().ends_with(&format!("{}/sales", it.path)));
    assert_eq!(it.names(), ["DefaultReader", "sales"]);
    let mut changed = role("SALES");
    changed["decisionRules"] = json!([rule("/Files", "ReadWrite")]);
    it.lab.post(&format!("{}?dataAccessRoleConflictPolicy=Abort", it.path), changed.clone()).refuses(409, "Conflict");
    let updated = it.lab.post(&it.path, changed.clone()).is(200);
    let read = it.lab.get(&format!("{}/sales", it.path)).is(200);
    assert_eq!((read.body(), read.header("etag")), (changed, updated.header("etag")));
    it.lab.delete(&format!("{}/sales", it.path)).is(200);
    it.lab.get(&format!("{}/sales", it.path)).refuses(404, "RoleNotFound");
    it.lab.delete(&format!("{}/sales", it.path)).refuses(404, "RoleNotFound");
    it.lab.post(&format!("{}?dataAccessRoleConflictPolicy=x", it.path), role("a")).refuses(400, "InvalidInput");
}

#[test]
fn conditions_name_the_roles_that_are_replaced() {
    let it = Roles::new();
    let none = json!({"value": []});
    let tag = it.lab.get(&it.path).header("etag").unwrap().to_owned();
    it.send("PUT", &it.path, "if-match", "\"x\"", &none).refuses(412, "PreconditionFailed");
    it.send("PUT", &it.path, "if-none-match", &tag, &none).refuses(412, "PreconditionFailed");
    it.send("PUT", &it.path, "if-match", &tag, &none).is(200);
    it.send("POST", &it.path, "if-match", "*", &role("a")).refuses(412, "PreconditionFailed");
    let created = it.send("POST", &it.path, "if-none-match", "*", &role("a")).is(201);
    it.send("POST", &it.path, "if-none-match", "*", &role("a")).refuses(412, "PreconditionFailed");
    let tag = created.header("etag").unwrap();
    let one = format!("{}/a", it.path);
    it.lab.send("GET", &one, &[("if-match", tag)], "").is(200);
    it.lab.send("GET", &one, &[("if-none-match", tag)], "").refuses(412, "PreconditionFailed");
}

#[test]
fn roles_are_validated() {
    let it = Roles::new();
    let with = |member: &str, value: Value| {
        let mut changed = role("a");
        changed[member] = value;
        changed
    };
    let entra =
        |count: usize| json!({"microsoftEntraMembers": vec![json!({"tenantId": MISSING, "objectId": ALICE}); count]});
    let paths = |count: usize| {
        let mut rule = rule("/x", "Read");
        rule["permission"][0]["attributeValueIncludedIn"] = json!(vec!["/x"; count]);
        json!([rule])
    };
    for invalid in [
        with("name", json!("")),
        with("name", json!("1a")),
        with("name", json!("a b")),
        with("name", json!("a".repeat(129))),
        with("kind", json!("Other")),
        with("decisionRules", json!([])),
        with("decisionRules", json!([rule("", "Read")])),
        with("decisionRules", json!([rule("/x", "Delete")])),
        with("decisionRules", json!([rule(&"x".repeat(1_025), "Read")])),
        with("decisionRules", json!([{"permission": [rule("/x", "Read")["permission"][0]]}])),
        with("decisionRules", paths(500)),
        with("members", json!({"microsoftEntraMembers": [{"tenantId": "x", "objectId": ALICE}]})),
        with("members", entra(501)),
    ] {
        it.set(std::slice::from_ref(&invalid)).refuses(400, "InvalidInput");
        it.lab.post(&it.path, invalid).refuses(400, "InvalidInput");
    }
    it.set(&[role("a"), role("A")]).refuses(400, "InvalidInput");
    it.set(&(0..251).map(|n| role(&format!("r{n}"))).collect::<Vec<_>>()).refuses(400, "InvalidInput");
    assert_eq!(it.names(), ["DefaultReader"]);
}

#[test]
fn roles_belong_to_kinds_with_data_in_onelake() {
    let it = Roles::new();
    let reflex = it.lab.post(&format!("{}/reflexes", it.workspace), json!({"displayName": "r"})).is(201).id();
    let roles = format!("{}/items/{reflex}/dataAccessRoles", it.workspace);
    it.lab.get(&roles).refuses(400, "OperationNotSupportedForItem");
    it.lab.add_principals(&[(ALICE, "User")]);
    it.lab.assign_role(&it.workspace, ALICE, "Contributor");
    let alice = it.lab.user(ALICE);
    alice.put(&it.path, json!({"value": [role("a")]})).is(200);
    alice.post(&it.path, role("b")).refuses(403, "InsufficientPrivileges");
}
