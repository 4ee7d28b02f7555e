//! Principals, workspace roles, and the errors for callers without them.

use serde_json::{Value, json};
use specularite::fabric::role::Role;
use specularite::http::operation::Coverage;
use specularite::http::operations::OPERATIONS;

use crate::harness::{ALICE, BOB, Lab, MISSING, Reply, STRANGER, open_mirror, sql_connection, sql_mirror};

/// Every operation in a workspace is called by a stranger and by a user of each role.
#[test]
fn operations_require_the_role_in_their_row() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let id = workspace.rsplit('/').next().unwrap();
    let users: Vec<(Role, Lab)> = Role::ALL
        .into_iter()
        .map(|role| {
            let oid = format!("00000000-0000-4000-8000-00000000010{}", role as u8);
            lab.assign_role(&workspace, &oid, role.as_str());
            (role, lab.user(&oid))
        })
        .collect();
    let stranger = lab.user(STRANGER);
    let mut tried = 0;
    for operation in OPERATIONS.iter().map(|route| &route.operation).filter(|it| it.coverage != Coverage::Absent) {
        let Some(needed) = operation.role else { continue };
        let path = operation.path.replacen("{workspaceId}", id, 1);
        let path: Vec<&str> = path.split('/').map(|it| if it.starts_with('{') { MISSING } else { it }).collect();
        let path = format!("/v1{}{}", path.join("/"), if operation.is_beta { "?beta=true" } else { "" });
        let body = json!({
            "displayName": "x", "type": "MirroredDatabase", "tags": [MISSING], "items": [MISSING], "role": "Viewer",
            "capacityId": MISSING, "principal": {"id": MISSING, "type": "User"},
            "definition": {"parts": []},
        });
        let ask = |by: &Lab| by.json(operation.method.as_str(), &path, &body);
        let refused = |reply: &Reply| reply.header("x-ms-public-api-error-code") == Some("InsufficientPrivileges");
        let strange = ask(&stranger);
        let hidden = strange.header("x-ms-public-api-error-code") == Some("EntityNotFound");
        assert!(refused(&strange) || hidden, "{} by a stranger: {}", operation.id, strange.text());
        assert!(strange.header("x-emulator-note").is_some());
        for (role, user) in &users {
            // The workspace is needed for the remaining operations.
            if operation.id == "Workspaces_DeleteWorkspace" && *role >= needed {
                continue;
            }
            let reply = ask(user);
            assert_eq!(refused(&reply), *role < needed, "{} by {role:?}: {}", operation.id, reply.text());
        }
        tried += 1;
    }
    assert!(tried > 40, "{tried}");
}

#[test]
fn role_assignment_is_created_changed_and_deleted() {
    let lab = Lab::new();
    let roles = format!("{}/roleAssignments", lab.workspace());
    let app = json!({"id": ALICE, "type": "ServicePrincipal", "displayName": "app", "servicePrincipalDetails": {"aadAppId": BOB}});
    insta::assert_snapshot!("directory", lab.put("/_emulator/principals", json!({"value": [app]})).is(200).text());
    // The service looks up the id and ignores the type in the request.
    let body = json!({"principal": {"id": ALICE, "type": "user"}, "role": "member"});
    insta::assert_snapshot!("role_given", lab.post(&roles, body.clone()).is(201).whole());
    lab.post(&roles, body).refuses(409, "PrincipalAlreadyHasWorkspaceRolePermissions");
    insta::assert_snapshot!(
        "role_changed",
        lab.patch(&format!("{roles}/{ALICE}"), json!({"role": "Viewer"})).is(200).whole()
    );
    insta::assert_snapshot!("roles_listed", lab.get(&roles).is(200).text());
    assert_eq!(lab.get(&format!("{roles}/{ALICE}")).is(200).body()["role"], "Viewer");
    insta::assert_snapshot!("role_taken", lab.delete(&format!("{roles}/{ALICE}")).is(200).whole());
    for reply in [
        lab.get(&format!("{roles}/{ALICE}")),
        lab.patch(&format!("{roles}/{ALICE}"), json!({"role": "Viewer"})),
        lab.delete(&format!("{roles}/{ALICE}")),
    ] {
        reply.refuses(404, "EntityNotFound");
    }
}

#[test]
fn role_assignments_are_validated() {
    let lab = Lab::new();
    let roles = format!("{}/roleAssignments", lab.workspace());
    lab.add_principals(&[(ALICE, "ServicePrincipalProfile"), (BOB, "Group")]);
    let add = |principal: Value, role: Value| lab.post(&roles, json!({"principal": principal, "role": role}));
    let check = |principal: Value, role: Value, code: &str| add(principal, role).refuses(400, code);
    let of = |id: &str, kind: &str| json!({"id": id, "type": kind});
    let (profile, profile_role) = ("ServicePrincipalProfile", "WorkspaceRoleNotAllowedForServicePrincipalProfile");
    check(json!(null), json!("Viewer"), "InvalidInput");
    check(of("x", "User"), json!("Viewer"), "InvalidInput");
    check(json!({"id": ALICE}), json!("Viewer"), "InvalidInput");
    check(of(ALICE, "Robot"), json!("Viewer"), "InvalidInput");
    check(of(ALICE, profile), json!("Owner"), "InvalidInput");
    check(of(ALICE, profile), json!(null), "InvalidInput");
    check(of(ALICE, profile), json!("Viewer"), profile_role);
    check(of(MISSING, profile), json!("Admin"), profile_role);
    add(of(ALICE, profile), json!("Member")).is(201);
    lab.patch(&format!("{roles}/{ALICE}"), json!({"role": "Viewer"})).refuses(400, profile_role);
    add(of(BOB, "Group"), json!("Viewer")).is(201);
    lab.settings(json!({"behaviours": {"unknownPrincipal": "400"}}));
    let unknown = check(of(MISSING, "User"), json!("Viewer"), "PrincipalNotFound");
    insta::assert_snapshot!("principal_not_found", unknown.whole());
    lab.put("/_emulator/principals", json!({"value": [of(BOB, "User")]})).refuses(400, "InvalidInput");
    lab.settings(json!({"behaviours": {"unknownPrincipal": "201"}}));
    add(of(MISSING, "User"), json!("Viewer")).is(201);
}

#[test]
fn last_admin_cannot_be_removed() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let roles = format!("{workspace}/roleAssignments");
    let admin = lab.get(&roles).body()["value"][0]["id"].as_str().unwrap().to_owned();
    lab.delete(&format!("{roles}/{admin}")).refuses(400, "InvalidInput");
    lab.patch(&format!("{roles}/{admin}"), json!({"role": "Member"})).refuses(400, "InvalidInput");
    lab.patch(&format!("{roles}/{admin}"), json!({"role": "Admin"})).is(200);
    lab.assign_role(&workspace, ALICE, "Admin");
    lab.patch(&format!("{roles}/{admin}"), json!({"role": "Member"})).is(200);
    lab.delete(&format!("{roles}/{ALICE}")).refuses(403, "InsufficientPrivileges");
    lab.user(ALICE).delete(&format!("{roles}/{admin}")).is(200);
    lab.get(&workspace).refuses(403, "InsufficientPrivileges");
}

#[test]
fn entire_tenant_role_applies_if_it_is_the_highest() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    lab.add_principals(&[(BOB, "EntireTenant")]);
    lab.assign_role(&workspace, ALICE, "Viewer");
    let user = lab.user(ALICE);
    user.create(&workspace, "m", &open_mirror()).refuses(403, "InsufficientPrivileges");
    let entire_tenant = json!({"principal": {"id": BOB, "type": "EntireTenant"}, "role": "Contributor"});
    lab.post(&format!("{workspace}/roleAssignments"), entire_tenant).is(201);
    user.create(&workspace, "m", &open_mirror()).is(201);
    lab.user(STRANGER).create(&workspace, "n", &open_mirror()).is(201);
}

#[test]
fn caller_without_a_role_cannot_detect_items() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let mirror = lab.mirror(&workspace, "m", &open_mirror());
    let stranger = lab.user(STRANGER);
    let answer = |path: &str| {
        let mut body = stranger.get(path).refuses(404, "EntityNotFound").body();
        (body["requestId"], body["relatedResource"]) = (json!(null), json!(null));
        body
    };
    assert_eq!(answer(&mirror), answer(&format!("{workspace}/mirroredDatabases/{MISSING}")));
}

#[test]
fn hard_delete_requires_admin_on_the_generic_route() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    lab.assign_role(&workspace, ALICE, "Contributor");
    let user = lab.user(ALICE);
    let mirror = lab.mirror(&workspace, "m", &open_mirror());
    let item = mirror.replace("mirroredDatabases", "items");
    user.delete(&format!("{item}?hardDelete=true")).refuses(403, "InsufficientPrivileges");
    user.delete(&format!("{mirror}?hardDelete=True")).is(200);
    let other = lab.mirror(&workspace, "n", &open_mirror());
    lab.delete(&format!("{}?hardDelete=true", other.replace("mirroredDatabases", "items"))).is(200);
}

/// An app that signs in before it is declared keeps its roles, items and connections: they pass to the declared id.
#[test]
fn declared_app_replaces_the_one_with_its_client_id() {
    let lab = Lab::new();
    let client = "0b9c8d7e-6f5a-4b3c-8d1e-2f3a4b5c6d7e";
    let token = |secret: &str| {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", client),
            ("client_secret", secret),
            ("scope", "https://api.fabric.microsoft.com/.default"),
        ];
        lab.form("/organizations/oauth2/v2.0/token", &fields)
    };
    let mut app = lab.by(client, "app");
    app.token = token("any").is(200).body()["access_token"].as_str().unwrap().to_owned();
    let workspace = app.workspace();
    let connection = app.post("/v1/connections", sql_connection("of app")).is(201).id();
    let mirror = app.mirror(&workspace, "m", &sql_mirror(&connection, None));
    let entry = json!({
        "id": ALICE, "type": "ServicePrincipal", "displayName": "Deployment",
        "servicePrincipalDetails": {"aadAppId": client}, "secret": "right",
    });
    lab.put("/_emulator/principals", json!({"value": [entry]})).is(200);
    let directory = lab.get("/_emulator/principals").body();
    let apps = directory["value"].as_array().unwrap().iter().filter(|it| it["type"] == "ServicePrincipal");
    assert_eq!(apps.map(|it| it["id"].clone()).collect::<Vec<_>>(), [json!(ALICE)]);
    // Tokens from before the declaration remain valid.
    let roles = app.get(&format!("{workspace}/roleAssignments")).is(200).body();
    assert_eq!((&roles["value"][0]["id"], &roles["value"][0]["role"]), (&json!(ALICE), &json!("Admin")));
    app.get(&format!("/v1/connections/{connection}")).is(200);
    lab.advance(30.0);
    app.post_empty(&format!("{mirror}/startMirroring")).is(200);
    lab.advance(30.0);
    assert_eq!(app.status(&mirror), "Running");
    assert_eq!(lab.get("/_emulator/principals").body(), directory);
    assert!(lab.emulator.default_tenant().replays());
    assert_eq!(token("any").is(401).body()["error"], "invalid_client");
    token("right").is(200);
    let twice =
        |other: &str| json!({"id": other, "type": "ServicePrincipal", "servicePrincipalDetails": {"aadAppId": "same"}});
    lab.put("/_emulator/principals", json!({"value": [twice(BOB), twice(MISSING)]})).refuses(400, "InvalidInput");
}

/// Two declared apps that swap their client ids keep their own roles.
#[test]
fn declared_apps_keep_their_roles_when_they_swap_client_ids() {
    let lab = Lab::new();
    let roles = format!("{}/roleAssignments", lab.workspace());
    let app = |id: &str, client: &str| json!({"id": id, "type": "ServicePrincipal", "servicePrincipalDetails": {"aadAppId": client}});
    lab.put("/_emulator/principals", json!({"value": [app(ALICE, "x"), app(BOB, "y")]})).is(200);
    for (id, role) in [(ALICE, "Admin"), (BOB, "Viewer")] {
        lab.post(&roles, json!({"principal": {"id": id, "type": "ServicePrincipal"}, "role": role})).is(201);
    }
    lab.put("/_emulator/principals", json!({"value": [app(ALICE, "y"), app(BOB, "x")]})).is(200);
    let role = |id: &str| lab.get(&format!("{roles}/{id}")).is(200).body()["role"].clone();
    assert_eq!((role(ALICE), role(BOB)), (json!("Admin"), json!("Viewer")));
    // A new principal takes the place of one that has a lower role than its own.
    lab.post(&roles, json!({"principal": {"id": MISSING, "type": "ServicePrincipal"}, "role": "Contributor"})).is(201);
    lab.put("/_emulator/principals", json!({"value": [app(MISSING, "x")]})).is(200);
    assert_eq!(role(MISSING), "Contributor");
    lab.get(&format!("{roles}/{BOB}")).refuses(404, "EntityNotFound");
}

/// A principal that only a role assignment named is completed by its first call.
#[test]
fn learned_principal_is_completed_by_its_token() {
    let lab = Lab::new();
    let roles = format!("{}/roleAssignments", lab.workspace());
    lab.post(&roles, json!({"principal": {"id": ALICE, "type": "User"}, "role": "Viewer"})).is(201);
    let name = || lab.get(&format!("{roles}/{ALICE}")).is(200).body()["principal"]["displayName"].clone();
    assert_eq!(name(), Value::Null);
    lab.user(ALICE).get("/v1/workspaces").is(200);
    assert_eq!(name(), "0011@example.com");
}
