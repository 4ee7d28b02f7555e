//! Tags of items and workspaces.

use serde_json::{Value, json};

use crate::harness::{ALICE, Lab, MISSING, Reply, open_mirror};

#[test]
fn tags_are_declared_and_read_back() {
    let lab = Lab::unthrottled();
    assert_eq!(lab.get("/v1/tags").is(200).body(), json!({"value": []}));
    let declared: Vec<Value> = (0..11).map(|n| json!({"displayName": format!("tag {n}")})).collect();
    let of_domain = json!({"displayName": "of a domain", "scope": {"type": "Domain", "domainId": "d"}});
    lab.put("/_emulator/tags", json!({"value": declared})).is(200);
    lab.put("/_emulator/tags", json!({"value": [of_domain]})).is(200);
    insta::assert_snapshot!("tags", lab.get("/v1/tags").is(200).text());
    let listed = lab.get("/_emulator/tags").body();
    assert_eq!(lab.put("/_emulator/tags", listed.clone()).is(200).body(), listed);
    lab.put("/_emulator/tags", json!({"value": [{"displayName": "x", "domainId": "d"}]})).refuses(400, "InvalidInput");
}

/// Creates tags of the tenant and returns them.
fn created(lab: &Lab, names: &[&str]) -> Value {
    let requests: Vec<Value> = names.iter().map(|name| json!({"displayName": name})).collect();
    lab.post("/v1/admin/tags/bulkCreateTags", json!({"createTagsRequest": requests})).is(201).body()["tags"].clone()
}

#[test]
fn administrators_create_rename_and_delete_tags() {
    let lab = Lab::unthrottled();
    let tags = created(&lab, &["Finance", "Sales"]);
    assert_eq!(tags[0]["scope"], json!({"type": "Tenant"}));
    let domain = crate::domains::domain(&lab, "d");
    let scope = json!({"type": "Domain", "domainId": domain});
    let of_domain = json!({"scope": scope, "createTagsRequest": [{"displayName": "of a domain"}]});
    let of_domain = lab.post("/v1/admin/tags/bulkCreateTags", of_domain).is(201).body()["tags"][0].clone();
    assert_eq!(of_domain["scope"], scope);
    let all = json!({"value": [tags[0], tags[1], of_domain]});
    assert_eq!(lab.get("/v1/admin/tags").is(200).body(), all);
    assert_eq!(lab.get("/v1/tags").is(200).body(), all);

    let tag = format!("/v1/admin/tags/{}", tags[0]["id"].as_str().unwrap());
    let renamed = json!({"id": tags[0]["id"], "displayName": "Money", "scope": {"type": "Tenant"}});
    assert_eq!(lab.patch(&tag, json!({"displayName": "Money"})).is(200).body(), renamed);
    assert_eq!(lab.get("/v1/tags").body()["value"][0], renamed);

    let workspace = lab.workspace();
    let item = lab.mirror(&workspace, "m", &open_mirror()).replace("mirroredDatabases", "items");
    for resource in [&workspace, &item] {
        lab.post(&format!("{resource}/applyTags"), json!({"tags": [tags[0]["id"], tags[1]["id"]]})).is(200);
    }
    assert!(lab.delete(&tag).is(200).text().is_empty());
    for resource in [&workspace, &item] {
        assert_eq!(lab.get(resource).body()["tags"], json!([{"id": tags[1]["id"], "displayName": "Sales"}]));
    }
    assert_eq!(lab.get("/v1/tags").body()["value"].as_array().unwrap().len(), 2);
    lab.delete(&tag).refuses(404, "EntityNotFound");
    lab.patch(&tag, json!({"displayName": "x"})).refuses(404, "EntityNotFound");
}

#[test]
fn tags_of_administrators_are_validated() {
    let lab = Lab::unthrottled();
    let tags = created(&lab, &["Finance", "Sales"]);
    let before = lab.get("/v1/tags").text();
    let named = |name: &str| json!({"createTagsRequest": [{"displayName": "new"}, {"displayName": name}]});
    let scoped = |scope: Value| json!({"scope": scope, "createTagsRequest": [{"displayName": "new"}]});
    for (body, status, code) in [
        (json!({}), 400, "InvalidInput"),
        (json!({"createTagsRequest": []}), 400, "InvalidInputs"),
        (json!({"createTagsRequest": [{}]}), 400, "InvalidInput"),
        (named(""), 400, "InvalidInputs"),
        (named(&"x".repeat(41)), 400, "InvalidInputs"),
        (named("finance"), 409, "EntityConflict"),
        (named("NEW"), 409, "EntityConflict"),
        (scoped(json!({})), 400, "InvalidInput"),
        (scoped(json!({"type": "Nonsense"})), 400, "InvalidInput"),
        (scoped(json!({"type": "Domain"})), 400, "InvalidInput"),
        (scoped(json!({"type": "Domain", "domainId": MISSING})), 404, "EntityNotFound"),
    ] {
        lab.post("/v1/admin/tags/bulkCreateTags", body).refuses(status, code);
    }
    let tag = format!("/v1/admin/tags/{}", tags[0]["id"].as_str().unwrap());
    lab.patch(&tag, json!({"displayName": "SALES"})).refuses(409, "EntityConflict");
    lab.patch(&tag, json!({"displayName": "x".repeat(41)})).refuses(400, "InvalidInput");
    lab.patch(&tag, json!({})).refuses(400, "InvalidInput");
    assert_eq!(lab.get("/v1/tags").text(), before);
}

/// An item and eleven tags, the second of which was renamed.
struct Tagged {
    lab: Lab,
    mirror: String,
    item: String,
    tags: Value,
}

impl Tagged {
    fn new() -> Self {
        let lab = Lab::unthrottled();
        let declared: Vec<Value> = (0..11).map(|n| json!({"displayName": format!("tag {n}")})).collect();
        lab.put("/_emulator/tags", json!({"value": declared})).is(200);
        let tags = lab.get("/_emulator/tags").body()["value"].clone();
        let renamed = json!({"id": tags[1]["id"], "displayName": "renamed"});
        lab.put("/_emulator/tags", json!({"value": [renamed]})).is(200);
        let mirror = lab.mirror(&lab.workspace(), "m", &open_mirror());
        Self { item: mirror.replace("mirroredDatabases", "items"), lab, mirror, tags }
    }

    fn tag(&self, n: usize) -> Value {
        self.tags[n]["id"].clone()
    }

    #[expect(clippy::needless_pass_by_value, reason = "tests write bodies in place")]
    fn apply(&self, tags: Value) -> Reply {
        self.lab.post(&format!("{}/applyTags", self.item), json!({"tags": tags}))
    }

    #[expect(clippy::needless_pass_by_value, reason = "tests write bodies in place")]
    fn unapply(&self, tags: Value) -> Reply {
        self.lab.post(&format!("{}/unapplyTags", self.item), json!({"tags": tags}))
    }
}

#[test]
fn tags_are_applied_once_and_unapplied() {
    let it = Tagged::new();
    it.apply(json!([it.tag(1), it.tag(0), it.tag(1)])).is(200);
    it.apply(json!([it.tag(0)])).is(200);
    insta::assert_snapshot!("tagged", it.lab.get(&it.mirror).is(200).text());
    it.unapply(json!([it.tag(1), it.tag(5)])).is(200);
    assert_eq!(it.lab.get(&it.item).body()["tags"], json!([{"id": it.tag(0), "displayName": "tag 0"}]));
    it.unapply(json!([it.tag(0)])).is(200);
    assert!(it.lab.get(&it.item).body().get("tags").is_none());
}

#[test]
fn tag_requests_are_validated() {
    let it = Tagged::new();
    it.apply(json!([MISSING])).refuses(404, "EntityNotFound");
    it.apply(json!([])).refuses(400, "InvalidInputs");
    it.apply(json!((0..11).map(|n| it.tag(n)).collect::<Vec<_>>())).refuses(400, "InvalidInputs");
    it.apply(json!(["x"])).refuses(400, "InvalidInput");
}

#[test]
fn workspace_tags_are_applied_by_admins() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    lab.put("/_emulator/tags", json!({"value": [{"displayName": "t"}]})).is(200);
    let tag = lab.get("/v1/tags").body()["value"][0]["id"].clone();
    lab.post(&format!("{workspace}/applyTags"), json!({"tags": [tag]})).is(200);
    assert_eq!(lab.get(&workspace).body()["tags"], json!([{"id": tag, "displayName": "t"}]));
    lab.post(&format!("{workspace}/applyTags"), json!({"tags": [MISSING]})).refuses(404, "EntityNotFound");
    lab.assign_role(&workspace, ALICE, "Member");
    let by_member = lab.user(ALICE).post(&format!("{workspace}/applyTags"), json!({"tags": [tag]}));
    by_member.refuses(403, "InsufficientPrivileges");
    lab.post(&format!("{workspace}/unapplyTags"), json!({"tags": []})).refuses(400, "InvalidInputs");
    lab.post(&format!("{workspace}/unapplyTags"), json!({"tags": [tag]})).is(200);
    assert!(lab.get(&workspace).body().get("tags").is_none());
}
