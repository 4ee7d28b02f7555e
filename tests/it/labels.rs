//! Sensitivity labels and sharing links, as administrators change them.

use serde_json::{Value, json};

use crate::harness::{ALICE, BOB, Lab, MISSING, Reply, part};

const LABEL: &str = "00000000-0000-4000-8000-000000000005";
const SET: &str = "/v1/admin/items/bulkSetLabels";
const REMOVE: &str = "/v1/admin/items/bulkRemoveLabels";
const REMOVE_LINKS: &str = "/v1/admin/items/bulkRemoveSharingLinks";
const REMOVE_ALL_LINKS: &str = "/v1/admin/items/removeAllSharingLinks";

/// The id in the path of an item.
fn id(item: &str) -> &str {
    item.rsplit('/').next().unwrap()
}

/// Asserts the status of each item in an answer.
#[track_caller]
fn check(reply: Reply, list: &str, expected: &[(&str, &str, &str)]) {
    let body = reply.is(200).body();
    let expected: Vec<Value> =
        expected.iter().map(|(id, kind, status)| json!({"id": id, "type": kind, "status": status})).collect();
    assert_eq!(body[list], json!(expected));
}

fn label(lab: &Lab, item: &str) -> Value {
    lab.get(item).is(200).body()["sensitivityLabel"]["id"].clone()
}

#[test]
fn labels_are_set_and_removed_with_those_of_companions() {
    const LIST: &str = "itemsChangeLabelStatus";
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let [lakehouse, notebook] = ["Lakehouse", "Notebook"].map(|kind| crate::jobs::item(&lab, &workspace, kind));
    lab.advance(600.0);
    let items = lab.get(&format!("{workspace}/items")).is(200).body();
    let endpoint = items["value"].as_array().unwrap().iter().find(|it| it["type"] == "SQLEndpoint").unwrap();
    let endpoint = format!("{workspace}/items/{}", endpoint["id"].as_str().unwrap());
    // The administrator has no role in the workspace.
    let administrator = lab.user(BOB);
    let named = json!([
        {"id": id(&lakehouse), "type": "lakehouse"}, {"id": id(&notebook), "type": "Notebook"},
        {"id": MISSING, "type": "Report"}, {"id": id(&notebook), "type": "Report"},
    ]);
    let body = json!({"items": named, "labelId": LABEL, "assignmentMethod": "Standard"});
    let [missing, other] = [(MISSING, "Report", "NotFound"), (id(&notebook), "Report", "NotFound")];
    let both = [(id(&lakehouse), "Lakehouse", "Succeeded"), (id(&notebook), "Notebook", "Succeeded"), missing, other];
    check(administrator.post(SET, body), LIST, &both);
    for item in [&lakehouse, &notebook, &endpoint] {
        assert_eq!(label(&lab, item), LABEL, "{item}");
    }
    check(administrator.post(REMOVE, json!({"items": named})), LIST, &both);
    for item in [&lakehouse, &notebook, &endpoint] {
        assert_eq!(label(&lab, item), Value::Null, "{item}");
    }
    let none = [(id(&lakehouse), "Lakehouse", "NotFound"), (id(&notebook), "Notebook", "NotFound"), missing, other];
    check(administrator.post(REMOVE, json!({"items": named})), LIST, &none);
}

#[test]
fn requests_to_change_labels_are_checked() {
    let lab = Lab::unthrottled();
    let item = || json!({"id": MISSING, "type": "Report"});
    let many = |count: usize| json!(vec![item(); count]);
    let delegate =
        |kind: &str| json!({"items": [item()], "labelId": LABEL, "delegatedPrincipal": {"id": ALICE, "type": kind}});
    for (path, body, code) in [
        (SET, json!({"labelId": LABEL}), "InvalidInput"),
        (SET, json!({"items": [item()]}), "InvalidInput"),
        (SET, json!({"items": [item()], "labelId": "x"}), "InvalidInput"),
        (SET, json!({"items": [item()], "labelId": LABEL, "assignmentMethod": "x"}), "InvalidInput"),
        (SET, delegate("Group"), "InvalidInput"),
        (SET, json!({"items": [], "labelId": LABEL}), "BadRequest"),
        (SET, json!({"items": many(2_001), "labelId": LABEL}), "BadRequest"),
        (REMOVE, json!({}), "InvalidInput"),
        (REMOVE, json!({"items": [{"id": MISSING}]}), "InvalidInput"),
        (REMOVE, json!({"items": [{"id": MISSING, "type": "x"}]}), "InvalidItemType"),
        (REMOVE, json!({"items": many(2_001)}), "BadRequest"),
    ] {
        lab.post(path, body).refuses(400, code);
    }
    lab.post(REMOVE, json!({"items": many(2_000)})).is(200);
    let note = lab.post(SET, delegate("User")).is(200);
    assert!(note.header("x-emulator-note").unwrap().contains("delegatedPrincipal"));
    crate::admin::declare_no_administrator(&lab, ALICE);
    for path in [SET, REMOVE] {
        lab.user(ALICE).post(path, json!({})).refuses(403, "InsufficientPrivileges");
    }
}

#[test]
fn sharing_links_of_reports_are_removed() {
    const LIST: &str = "itemsRemoveSharingLinksStatus";
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let pbir = json!({"version": "4.0", "datasetReference": {"byConnection": {"connectionString": "x"}}});
    let parts = [part("report.json", "{}"), part("definition.pbir", &pbir.to_string())];
    let body = json!({"displayName": "r", "definition": {"parts": parts}});
    let report = lab.post(&format!("{workspace}/reports"), body).succeeds();
    let report = if report.status == 202 { lab.result(&report).id() } else { report.id() };
    let notebook = crate::jobs::item(&lab, &workspace, "Notebook");
    let named = json!([
        {"id": report, "type": "Report"}, {"id": id(&notebook), "type": "Notebook"}, {"id": MISSING, "type": "Report"},
    ]);
    let reply = lab.post(REMOVE_LINKS, json!({"items": named, "sharingLinkType": "OrgLink"}));
    assert_eq!(reply.body()["sharingLinkType"], "OrgLink");
    let expected =
        [(&*report, "Report", "Succeeded"), (id(&notebook), "Notebook", "NotFound"), (MISSING, "Report", "NotFound")];
    check(reply, LIST, &expected);
    lab.post(REMOVE_ALL_LINKS, json!({"sharingLinkType": "OrgLink"})).is(200);

    let many = |count: usize| json!(vec![json!({"id": MISSING, "type": "Report"}); count]);
    for (path, body, code) in [
        (REMOVE_LINKS, json!({"items": named}), "InvalidInput"),
        (REMOVE_LINKS, json!({"items": named, "sharingLinkType": "x"}), "InvalidInput"),
        (REMOVE_LINKS, json!({"sharingLinkType": "OrgLink"}), "InvalidInput"),
        (REMOVE_LINKS, json!({"items": many(501), "sharingLinkType": "OrgLink"}), "BadRequest"),
        (REMOVE_ALL_LINKS, json!({}), "InvalidInput"),
        (REMOVE_ALL_LINKS, json!({"sharingLinkType": "x"}), "InvalidInput"),
    ] {
        lab.post(path, body).refuses(400, code);
    }
    crate::admin::declare_no_administrator(&lab, ALICE);
    for path in [REMOVE_LINKS, REMOVE_ALL_LINKS] {
        lab.user(ALICE).post(path, json!({})).refuses(403, "Forbidden");
    }
}
