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
