//! Tags on items.

use serde_json::{Value, json};

use crate::lab::{Lab, open_mirror};

#[test]
fn tags_are_put_on_and_taken_off() {
    let lab = Lab::new();
    lab.settings(json!({"throttle": "off"}));
    assert_eq!(lab.get("/v1/tags").is(200).body(), json!({"value": []}));
    let declared: Vec<Value> = (0..11).map(|n| json!({"displayName": format!("tag {n}")})).collect();
    lab.put("/_emulator/tags", json!({"value": declared})).is(200);
    lab.put(
        "/_emulator/tags",
        json!({"value": [{"displayName": "of a domain", "scope": {"type": "Domain", "domainId": "d"}}]}),
    )
    .is(200);
    insta::assert_snapshot!("tags", lab.get("/v1/tags").is(200).text());
    let listed = lab.get("/_emulator/tags").body();
    assert_eq!(lab.put("/_emulator/tags", listed.clone()).is(200).body(), listed, "what is shown can be put back");
    lab.put("/_emulator/tags", json!({"value": [{"displayName": "x", "domainId": "d"}]})).refuses(400, "InvalidInput");
    let tag = |n: usize| listed["value"][n]["id"].clone();
    lab.put("/_emulator/tags", json!({"value": [{"id": tag(1), "displayName": "renamed"}]})).is(200);

    let workspace = lab.workspace();
    let mirror = lab.mirror(&workspace, "m", &open_mirror());
    let item = mirror.replace("mirroredDatabases", "items");
    let change = |verb: &str, tags: Value| lab.post(&format!("{item}/{verb}"), json!({"tags": tags}));
    change("applyTags", json!([tag(1), tag(0), tag(1)])).is(200);
    change("applyTags", json!([tag(0)])).is(200);
    insta::assert_snapshot!("tagged", lab.get(&mirror).is(200).text());
    change("applyTags", json!(["00000000-1111-4222-8333-444444444444"])).refuses(404, "EntityNotFound");
    change("applyTags", json!([])).refuses(400, "InvalidInputs");
    change("applyTags", json!((0..11).map(tag).collect::<Vec<_>>())).refuses(400, "InvalidInputs");
    change("applyTags", json!(["x"])).refuses(400, "InvalidInput");
    change("unapplyTags", json!([tag(1), tag(5)])).is(200);
    assert_eq!(lab.get(&item).body()["tags"], json!([{"id": tag(0), "displayName": "tag 0"}]));
    change("unapplyTags", json!([tag(0)])).is(200);
    assert!(lab.get(&item).body().get("tags").is_none());
}
