//! Catalog search.

use serde_json::{Value, json};

use crate::harness::{ALICE, Lab, open_mirror};

#[test]
fn catalog_search_covers_workspaces_of_the_caller() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    for name in ["Sales", "sales of last year", "other"] {
        lab.mirror(&workspace, name, &open_mirror());
    }
    lab.advance(30.0);
    let search = |by: &Lab, body: Value| by.post("/v1/catalog/search", body).is(200).body();
    let found = search(&lab, json!({"search": "SALES", "filter": "Type eq 'MirroredDatabase'"}));
    assert_eq!(found["value"].as_array().unwrap().len(), 2);
    insta::assert_snapshot!("catalog_entry", found["value"][0].to_string());
    let first = search(&lab, json!({"search": "", "pageSize": 4}));
    let rest = search(&lab, json!({"search": "", "pageSize": 4, "continuationToken": first["continuationToken"]}));
    assert_eq!((rest["value"].as_array().unwrap().len(), rest.get("continuationToken")), (2, None));
    assert_eq!(search(&lab.user(ALICE), json!({"search": "sales"}))["value"], json!([]));
    for body in [json!({"pageSize": 0}), json!({"filter": "Size gt 3"})] {
        lab.post("/v1/catalog/search", body).refuses(400, "InvalidInput");
    }
    lab.post("/v1/catalog/search", json!({"continuationToken": "x"})).refuses(400, "InvalidContinuationToken");
}
