//! External data shares between two tenants.

use serde_json::{Value, json};
use specularite::fabric::access::DEFAULT_TENANT;

use crate::harness::{ALICE, Lab, MISSING, Reply, open_mirror};

/// Creates a workspace on the first capacity of a tenant. Returns its path.
pub(crate) fn workspace(lab: &Lab, name: &str) -> String {
    let capacity = lab.get("/v1/capacities").body()["value"][0]["id"].clone();
    let id = lab.post("/v1/workspaces", json!({"displayName": name, "capacityId": capacity})).is(201).id();
    format!("/v1/workspaces/{id}")
}

fn invitation(id: &str) -> String {
    format!("/v1/externalDataShares/invitations/{id}")
}

/// Accepts the first path of an invitation of the default tenant into a new lakehouse of another tenant.
pub(crate) fn accept(recipient: &Lab, id: &str) -> Reply {
    let workspace = workspace(recipient, "received");
    let lakehouse = crate::jobs::item(recipient, &workspace, "Lakehouse");
    let details = recipient.get(&format!("{}?providerTenantId={DEFAULT_TENANT}", invitation(id))).is(200).body();
    recipient.post(&format!("{}/accept", invitation(id)), acceptance(&lakehouse, &details["pathsDetails"][0]["pathId"]))
}

/// A request to accept a path into a lakehouse.
fn acceptance(lakehouse: &str, path: &Value) -> Value {
    let ids: Vec<&str> = lakehouse.split('/').collect();
    json!({
        "providerTenantId": DEFAULT_TENANT,
        "workspaceId": ids[3],
        "itemId": ids[5],
        "payload": {
            "payloadType": "ShortcutCreation",
            "path": "Files/DataFromContoso",
            "createShortcutRequests": [{"pathId": path, "shortcutName": "Sales"}],
        },
    })
}

/// A tenant that shares data of a lakehouse, and one that receives it.
struct Tenants {
    provider: Lab,
    recipient: Lab,
    workspace: String,
    shares: String,
}

impl Tenants {
    fn new() -> Self {
        let provider = Lab::unthrottled();
        let workspace = provider.workspace();
        let lakehouse = crate::jobs::item(&provider, &workspace, "Lakehouse");
        let recipient = provider.in_tenant(ALICE);
        recipient.post("/_emulator/clock", json!({"mode": "manual", "now": "2031-02-03T04:05:06Z"})).is(200);
        recipient.settings(json!({"throttle": "off"}));
        let shares = format!("{lakehouse}/externalDataShares");
        Self { provider, recipient, workspace, shares }
    }

    fn share(&self, paths: &[&str]) -> String {
        let body = json!({"paths": paths, "recipient": {"type": "User", "userPrincipalName": "lisa@fabrikam.com"}});
        self.provider.post(&self.shares, body).is(201).id()
    }

    fn status(&self, id: &str) -> Value {
        self.provider.get(&format!("{}/{id}", self.shares)).is(200).body()["status"].clone()
    }

    fn details(&self, id: &str) -> Reply {
        self.recipient.get(&format!("{}?providerTenantId={DEFAULT_TENANT}", invitation(id)))
    }
}

#[test]
fn share_is_created_listed_revoked_and_deleted() {
    let tenants = Tenants::new();
    let Tenants { provider, workspace, shares, .. } = &tenants;
    let recipient = json!({"type": "User", "userPrincipalName": "lisa@fabrikam.com"});
    let body = json!({"paths": ["Files/Sales/2023", "Tables/orders"], "recipient": recipient});
    let created = provider.post(shares, body).is(201);
    let id = created.id();
    let url = format!(
        "https://app.fabric.microsoft.com/externaldatasharing/accept?providerTenantId={DEFAULT_TENANT}&shareId={id}"
    );
    let share = created.body();
    let item = shares.split('/').nth(5).unwrap();
    assert_eq!(
        share,
        json!({
            "id": id,
            "paths": ["Files/Sales/2023", "Tables/orders"],
            "creatorPrincipal": share["creatorPrincipal"],
            "recipient": recipient,
            "status": "Pending",
            "expirationTimeUtc": "2031-05-04T04:05:06.000Z",
            "workspaceId": workspace.rsplit('/').next(),
            "itemId": item,
            "invitationUrl": url,
        })
    );
    assert_eq!(share["creatorPrincipal"]["type"], "User");
    let location = created.header("location").unwrap().strip_prefix("http://127.0.0.1:7310").unwrap().to_owned();
    assert_eq!(location, format!("{shares}/{id}"));
    assert_eq!(provider.get(&location).is(200).body(), share);

    provider.settings(json!({"pageSize": 1}));
    tenants.share(&["Files/b"]);
    let page = provider.get(shares).is(200).body();
    assert_eq!(page["value"], json!([share]));
    let next = page["continuationUri"].as_str().unwrap().strip_prefix("http://127.0.0.1:7310").unwrap().to_owned();
    assert_eq!(provider.get(&next).is(200).body()["value"][0]["paths"], json!(["Files/b"]));

    provider.post_empty(&format!("{location}/revoke")).is(200);
    provider.post_empty(&format!("{location}/revoke")).is(200);
    assert_eq!(tenants.status(&id), "Revoked");
    provider.delete(&location).is(200);
    provider.get(&location).refuses(404, "EntityNotFound");
    provider.delete(&location).refuses(404, "EntityNotFound");
    provider.post_empty(&format!("{location}/revoke")).refuses(404, "EntityNotFound");
}

#[test]
fn accepted_share_becomes_shortcuts_of_the_recipient() {
    let tenants = Tenants::new();
    let Tenants { provider, recipient, .. } = &tenants;
    let id = tenants.share(&["Files/Sales/2023", "Tables/orders"]);
    let details = tenants.details(&id).is(200).body();
    assert_eq!(details["providerTenantDetails"]["tenantId"], DEFAULT_TENANT.to_string());
    let paths = details["pathsDetails"].as_array().unwrap();
    assert_eq!((&paths[0]["type"], &paths[0]["name"]), (&json!("Folder"), &json!("2023")));
    assert_eq!((&paths[1]["type"], &paths[1]["name"]), (&json!("Table"), &json!("orders")));

    let lakehouse = crate::jobs::item(recipient, &workspace(recipient, "received"), "Lakehouse");
    let mut body = acceptance(&lakehouse, &paths[0]["pathId"]);
    let orders = json!({"pathId": paths[1]["pathId"], "shortcutName": "Orders"});
    body["payload"]["createShortcutRequests"].as_array_mut().unwrap().push(orders);
    let accept = format!("{}/accept", invitation(&id));
    let accepted = recipient.post(&accept, body.clone()).is(200).body();
    assert_eq!(accepted["value"][0]["path"], "Files/DataFromContoso");
    assert_eq!((&accepted["value"][0]["name"], &accepted["value"][1]["name"]), (&json!("Sales"), &json!("Orders")));
    let shortcut = recipient.get(&format!("{lakehouse}/shortcuts/Files%2FDataFromContoso/Sales")).is(200).body();
    assert_eq!(shortcut["target"]["type"], "ExternalDataShare");
    assert!(shortcut["target"]["externalDataShare"]["connectionId"].is_string());

    let share = provider.get(&format!("{}/{id}", tenants.shares)).is(200).body();
    assert_eq!((&share["status"], &share["acceptedByTenantId"]), (&json!("Active"), &json!(ALICE)));
    recipient.post(&accept, body).refuses(400, "BadRequest");
    tenants.details(&id).refuses(400, "BadRequest");
    provider.post_empty(&format!("{}/{id}/revoke", tenants.shares)).is(200);
    assert_eq!(tenants.status(&id), "Revoked");
    let listed = recipient.get(&format!("{lakehouse}/shortcuts")).body();
    assert_eq!(listed["value"].as_array().unwrap().len(), 2);
}

#[test]
fn invitation_expires_after_90_days() {
    let tenants = Tenants::new();
    let id = tenants.share(&["Files/a"]);
    tenants.provider.advance(90.0 * 86_400.0 - 1.0);
    assert_eq!(tenants.status(&id), "Pending");
    tenants.details(&id).is(200);
    tenants.provider.advance(1.0);
    assert_eq!(tenants.status(&id), "InvitationExpired");
    tenants.details(&id).refuses(400, "BadRequest");
    // An accepted share does not expire.
    let id = tenants.share(&["Files/a"]);
    accept(&tenants.recipient, &id).is(200);
    tenants.provider.advance(91.0 * 86_400.0);
    assert_eq!(tenants.status(&id), "Active");
}

#[test]
fn requests_for_shares_are_checked() {
    let tenants = Tenants::new();
    let Tenants { provider, workspace, shares, .. } = &tenants;
    let user = json!({"userPrincipalName": "lisa@fabrikam.com"});
    let many = json!(vec!["Files/a"; 101]);
    for (paths, recipient) in [
        (json!(null), user.clone()),
        (json!([]), user.clone()),
        (many, user.clone()),
        (json!(["Files"]), user.clone()),
        (json!(["Other/a"]), user),
        (json!(["Files/a"]), json!(null)),
        (json!(["Files/a"]), json!({"type": "User"})),
        (json!(["Files/a"]), json!({"userPrincipalName": "lisa"})),
        (json!(["Files/a"]), json!({"userPrincipalName": format!("{}@x", "l".repeat(256))})),
        (json!(["Files/a"]), json!({"userPrincipalName": "lisa@fabrikam.com", "tenantId": "x"})),
        (json!(["Files/a"]), json!({"type": "ServicePrincipal", "principalId": MISSING})),
        (json!(["Files/a"]), json!({"type": "Group", "userPrincipalName": "lisa@fabrikam.com"})),
    ] {
        provider.post(shares, json!({"paths": paths, "recipient": recipient})).refuses(400, "InvalidInput");
    }
    assert_eq!(provider.get(shares).body()["value"], json!([]));
    let notebook = crate::jobs::item(provider, workspace, "Notebook");
    let body = json!({"paths": ["Files/a"], "recipient": {"userPrincipalName": "lisa@fabrikam.com"}});
    let of_notebook = provider.post(&format!("{notebook}/externalDataShares"), body.clone());
    of_notebook.refuses(400, "ExternalDataShareOperationNotSupportedForItemType");
    let mirror = provider.mirror(workspace, "m", &open_mirror()).replace("mirroredDatabases", "items");
    provider.post(&format!("{mirror}/externalDataShares"), body.clone()).is(201);

    let bob = "b0b0b0b0-0000-4000-8000-000000000001";
    provider.add_principals(&[(bob, "User")]);
    let id = tenants.share(&["Files/a"]);
    let stranger = provider.user(bob);
    stranger.get(shares).refuses(404, "EntityNotFound");
    provider.assign_role(workspace, bob, "Viewer");
    stranger.get(shares).refuses(403, "InsufficientPrivileges");
    stranger.post(shares, body.clone()).refuses(403, "InsufficientPrivileges");
    stranger.delete(&format!("{shares}/{id}")).refuses(403, "InsufficientPrivileges");
    provider.set_capacity("Inactive");
    provider.post(shares, body).refuses(404, "CapacityNotActive");
    provider.set_capacity("Active");

    provider.delete(shares.strip_suffix("/externalDataShares").unwrap()).is(200);
    tenants.details(&id).refuses(404, "EntityNotFound");
}

#[test]
fn failed_acceptance_changes_neither_tenant() {
    let tenants = Tenants::new();
    let Tenants { provider, recipient, .. } = &tenants;
    let id = tenants.share(&["Files/a"]);
    let path = tenants.details(&id).is(200).body()["pathsDetails"][0]["pathId"].clone();
    let received = workspace(recipient, "received");
    let lakehouse = crate::jobs::item(recipient, &received, "Lakehouse");
    let notebook = crate::jobs::item(recipient, &received, "Notebook");
    let accept = |lab: &Lab, body: Value| lab.post(&format!("{}/accept", invitation(&id)), body);
    let valid = || acceptance(&lakehouse, &path);
    let with = |pointer: &str, value: Value| {
        let mut body = valid();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    for (body, status, code) in [
        (with("/workspaceId", json!(MISSING)), 404, "WorkspaceNotFound"),
        (with("/itemId", json!(MISSING)), 404, "EntityNotFound"),
        (with("/providerTenantId", json!(MISSING)), 404, "EntityNotFound"),
        (with("/providerTenantId", json!(ALICE)), 400, "ExternalDataShareCannotBeAcceptedInTheSameTenant"),
        (acceptance(&notebook, &path), 400, "ExternalDataShareOperationNotSupportedForItemType"),
        (acceptance(&lakehouse, &json!(MISSING)), 400, "InvalidInput"),
        (with("/payload/payloadType", json!("Copy")), 400, "InvalidInput"),
        (with("/payload/path", json!("Other")), 400, "InvalidInput"),
        (with("/payload/createShortcutRequests", json!([])), 400, "InvalidInput"),
        (with("/payload", json!(null)), 400, "InvalidInput"),
    ] {
        accept(recipient, body).refuses(status, code);
    }
    // The second shortcut conflicts with the first.
    let twice = json!({"pathId": path, "shortcutName": "Sales"});
    accept(recipient, with("/payload/createShortcutRequests", json!([twice, twice]))).refuses(409, "EntityConflict");
    recipient.set_capacity("Inactive");
    accept(recipient, valid()).refuses(404, "CapacityNotActive");
    recipient.set_capacity("Active");
    assert_eq!(tenants.status(&id), "Pending");
    assert_eq!(recipient.get(&format!("{lakehouse}/shortcuts")).body()["value"], json!([]));

    provider
        .get(&format!("{}?providerTenantId={DEFAULT_TENANT}", invitation(&id)))
        .refuses(400, "ExternalDataShareCannotBeAcceptedInTheSameTenant");
    recipient.get(&invitation(&id)).refuses(400, "InvalidInput");
    recipient.get(&format!("{}?providerTenantId={MISSING}", invitation(&id))).refuses(404, "EntityNotFound");
    accept(recipient, valid()).is(200);
}

#[test]
fn invitation_for_a_tenant_is_hidden_from_others() {
    let tenants = Tenants::new();
    let share = |tenant: &str| {
        let recipient = json!({"type": "ServicePrincipal", "principalId": MISSING, "tenantId": tenant});
        let body = json!({"paths": ["Tables/dbo/orders"], "recipient": recipient});
        let created = tenants.provider.post(&tenants.shares, body).is(201);
        assert_eq!(created.body()["recipient"], recipient);
        created.id()
    };
    tenants.details(&share(MISSING)).refuses(404, "EntityNotFound");
    tenants.details(&share(ALICE)).is(200);
}

#[test]
fn shares_are_limited_per_minute() {
    let tenants = Tenants::new();
    tenants.provider.settings(json!({"throttle": "measured"}));
    for _ in 0..10 {
        tenants.provider.get(&tenants.shares).is(200);
    }
    tenants.provider.get(&tenants.shares).refuses(429, "RequestBlocked");
}

#[test]
fn administrators_list_and_revoke_all_shares() {
    const ALL: &str = "/v1/admin/items/externalDataShares";
    let tenants = Tenants::new();
    let Tenants { provider, workspace, shares, .. } = &tenants;
    let first = tenants.share(&["Files/a"]);
    let other = crate::jobs::item(provider, &self::workspace(provider, "other"), "Lakehouse");
    let body = json!({"paths": ["Tables/t"], "recipient": {"userPrincipalName": "lisa@fabrikam.com"}});
    let second = provider.post(&format!("{other}/externalDataShares"), body).is(201).body();

    // The administrator has no role in the workspaces.
    let administrator = provider.user(crate::harness::BOB);
    provider.settings(json!({"pageSize": 1}));
    let page = administrator.get(ALL).is(200).body();
    assert_eq!(page["value"], json!([provider.get(&format!("{shares}/{first}")).is(200).body()]));
    let next = page["continuationUri"].as_str().unwrap().strip_prefix("http://127.0.0.1:7310").unwrap();
    assert_eq!(administrator.get(next).is(200).body(), json!({"value": [second]}));

    let item = shares.strip_suffix("/externalDataShares").unwrap().replace("/v1/", "/v1/admin/");
    let revoke = |item: &str, id: &str| administrator.post_empty(&format!("{item}/externalDataShares/{id}/revoke"));
    revoke(&item, &first).is(200);
    revoke(&item, &first).is(200);
    assert_eq!(tenants.status(&first), "Revoked");
    revoke(&item, MISSING).refuses(404, "EntityNotFound");
    revoke(&item, second["id"].as_str().unwrap()).refuses(404, "EntityNotFound");
    let missing = format!("{}/items/{MISSING}", workspace.replace("/v1/", "/v1/admin/"));
    revoke(&missing, &first).refuses(404, "ItemNotFound");
    revoke(&item, "x").refuses(400, "InvalidInput");

    crate::admin::declare_no_administrator(provider, ALICE);
    provider.user(ALICE).get(ALL).refuses(403, "InsufficientPrivileges");
    provider.settings(json!({"throttle": "measured"}));
    for _ in 0..10 {
        provider.get(ALL).is(200);
    }
    provider.get(ALL).refuses(429, "RequestBlocked");
}
