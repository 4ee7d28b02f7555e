//! Principals and roles: who may do what, who may give it, and what strangers see.

use serde_json::{Value, json};
use specularite::fabric::role::Role;
use specularite::http::operation::Coverage;
use specularite::http::operations::OPERATIONS;

use crate::lab::{Lab, Reply, open_mirror, sql_connection, sql_mirror};

const ONE: &str = "00000000-0000-4000-8000-000000000011";
const OTHER: &str = "00000000-0000-4000-8000-000000000012";
const NOBODY: &str = "00000000-1111-4222-8333-444444444444";

/// Every operation in a workspace, tried by a stranger, by who has one role too few, and by who has the role.
#[test]
fn every_operation_takes_the_role_that_its_row_says() {
    let lab = Lab::new();
    lab.settings(json!({"throttle": "off"}));
    let workspace = lab.workspace();
    let id = workspace.rsplit('/').next().unwrap();
    let users: Vec<(Role, Lab)> = Role::ALL
        .into_iter()
        .map(|role| {
            let oid = format!("00000000-0000-4000-8000-00000000010{}", role as u8);
            lab.give(&workspace, &oid, role.as_str());
            (role, lab.user(&oid))
        })
        .collect();
    let stranger = lab.user(NOBODY);
    let mut tried = 0;
    for operation in OPERATIONS.iter().map(|route| &route.operation).filter(|it| it.coverage != Coverage::Absent) {
        let Some(needed) = operation.role else { continue };
        let path = operation.path.replacen("{workspaceId}", id, 1);
        let path: Vec<&str> = path.split('/').map(|it| if it.starts_with('{') { NOBODY } else { it }).collect();
        let path = format!("/v1{}{}", path.join("/"), if operation.is_beta { "?beta=true" } else { "" });
        let body = json!({
            "displayName": "x", "type": "MirroredDatabase", "tags": [NOBODY], "items": [NOBODY], "role": "Viewer",
            "capacityId": NOBODY, "principal": {"id": NOBODY, "type": "User"},
            "definition": {"parts": []},
        });
        let ask = |by: &Lab| by.json(operation.method.as_str(), &path, &body);
        let refused = |reply: &Reply| reply.header("x-ms-public-api-error-code") == Some("InsufficientPrivileges");
        let strange = ask(&stranger);
        let hidden = strange.header("x-ms-public-api-error-code") == Some("EntityNotFound");
        assert!(refused(&strange) || hidden, "{} by a stranger: {}", operation.id, strange.text());
        assert!(strange.header("x-emulator-note").is_some());
        for (role, user) in &users {
            // The workspace itself stays for the others.
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
fn a_role_is_given_changed_shown_and_taken() {
    let lab = Lab::new();
    let roles = format!("{}/roleAssignments", lab.workspace());
    let app = json!({"id": ONE, "type": "ServicePrincipal", "displayName": "app", "servicePrincipalDetails": {"aadAppId": OTHER}});
    insta::assert_snapshot!("directory", lab.put("/_emulator/principals", json!({"value": [app]})).is(200).text());
    // The service looks the id up, whatever type is claimed.
    let body = json!({"principal": {"id": ONE, "type": "user"}, "role": "member"});
    insta::assert_snapshot!("role_given", lab.post(&roles, body.clone()).is(201).whole());
    lab.post(&roles, body).refuses(409, "PrincipalAlreadyHasWorkspaceRolePermissions");
    insta::assert_snapshot!(
        "role_changed",
        lab.patch(&format!("{roles}/{ONE}"), json!({"role": "Viewer"})).is(200).whole()
    );
    insta::assert_snapshot!("roles_listed", lab.get(&roles).is(200).text());
    assert_eq!(lab.get(&format!("{roles}/{ONE}")).is(200).body()["role"], "Viewer");
    insta::assert_snapshot!("role_taken", lab.delete(&format!("{roles}/{ONE}")).is(200).whole());
    for reply in [
        lab.get(&format!("{roles}/{ONE}")),
        lab.patch(&format!("{roles}/{ONE}"), json!({"role": "Viewer"})),
        lab.delete(&format!("{roles}/{ONE}")),
    ] {
        reply.refuses(404, "EntityNotFound");
    }
}

#[test]
fn what_no_role_assignment_can_be_is_refused() {
    let lab = Lab::new();
    let roles = format!("{}/roleAssignments", lab.workspace());
    lab.knows(&[(ONE, "ServicePrincipalProfile"), (OTHER, "Group")]);
    let add = |principal: Value, role: Value| lab.post(&roles, json!({"principal": principal, "role": role}));
    let one = || json!({"id": ONE, "type": "ServicePrincipalProfile"});
    add(json!(null), json!("Viewer")).refuses(400, "InvalidInput");
    add(json!({"id": "x", "type": "User"}), json!("Viewer")).refuses(400, "InvalidInput");
    add(json!({"id": ONE}), json!("Viewer")).refuses(400, "InvalidInput");
    add(json!({"id": ONE, "type": "Robot"}), json!("Viewer")).refuses(400, "InvalidInput");
    add(one(), json!("Owner")).refuses(400, "InvalidInput");
    add(one(), json!(null)).refuses(400, "InvalidInput");
    add(one(), json!("Viewer")).refuses(400, "WorkspaceRoleNotAllowedForServicePrincipalProfile");
    add(one(), json!("Member")).is(201);
    lab.patch(&format!("{roles}/{ONE}"), json!({"role": "Viewer"}))
        .refuses(400, "WorkspaceRoleNotAllowedForServicePrincipalProfile");
    add(json!({"id": OTHER, "type": "Group"}), json!("Viewer")).is(201);
    let profile = json!({"id": NOBODY, "type": "ServicePrincipalProfile"});
    add(profile, json!("Admin")).refuses(400, "WorkspaceRoleNotAllowedForServicePrincipalProfile");
    lab.settings(json!({"behaviours": {"unknownPrincipal": "400"}}));
    let unknown = add(json!({"id": NOBODY, "type": "User"}), json!("Viewer")).refuses(400, "PrincipalNotFound");
    insta::assert_snapshot!("principal_not_found", unknown.whole());
    lab.put("/_emulator/principals", json!({"value": [{"id": OTHER, "type": "User"}]})).refuses(400, "InvalidInput");
    lab.settings(json!({"behaviours": {"unknownPrincipal": "201"}}));
    add(json!({"id": NOBODY, "type": "User"}), json!("Viewer")).is(201);
}

#[test]
fn the_last_admin_stays() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let roles = format!("{workspace}/roleAssignments");
    let admin = lab.get(&roles).body()["value"][0]["id"].as_str().unwrap().to_owned();
    lab.delete(&format!("{roles}/{admin}")).refuses(400, "InvalidInput");
    lab.patch(&format!("{roles}/{admin}"), json!({"role": "Member"})).refuses(400, "InvalidInput");
    lab.patch(&format!("{roles}/{admin}"), json!({"role": "Admin"})).is(200);
    lab.give(&workspace, ONE, "Admin");
    lab.patch(&format!("{roles}/{admin}"), json!({"role": "Member"})).is(200);
    lab.delete(&format!("{roles}/{ONE}")).refuses(403, "InsufficientPrivileges");
    lab.user(ONE).delete(&format!("{roles}/{admin}")).is(200);
    lab.get(&workspace).refuses(403, "InsufficientPrivileges");
}

#[test]
fn a_role_for_everybody_counts_where_it_is_the_most() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    lab.knows(&[(OTHER, "EntireTenant")]);
    lab.give(&workspace, ONE, "Viewer");
    let user = lab.user(ONE);
    user.create(&workspace, "m", &open_mirror()).refuses(403, "InsufficientPrivileges");
    let everybody = json!({"principal": {"id": OTHER, "type": "EntireTenant"}, "role": "Contributor"});
    lab.post(&format!("{workspace}/roleAssignments"), everybody).is(201);
    user.create(&workspace, "m", &open_mirror()).is(201);
    lab.user(NOBODY).create(&workspace, "n", &open_mirror()).is(201);
}

#[test]
fn a_stranger_cannot_tell_an_item_from_none() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let mirror = lab.mirror(&workspace, "m", &open_mirror());
    let stranger = lab.user(NOBODY);
    let told = |path: &str| {
        let mut body = stranger.get(path).refuses(404, "EntityNotFound").body();
        (body["requestId"], body["relatedResource"]) = (json!(null), json!(null));
        body
    };
    assert_eq!(told(&mirror), told(&format!("{workspace}/mirroredDatabases/{NOBODY}")));
}

#[test]
fn deleting_for_good_takes_an_admin_on_the_generic_route() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    lab.give(&workspace, ONE, "Contributor");
    let user = lab.user(ONE);
    let mirror = lab.mirror(&workspace, "m", &open_mirror());
    let item = mirror.replace("mirroredDatabases", "items");
    user.delete(&format!("{item}?hardDelete=true")).refuses(403, "InsufficientPrivileges");
    user.delete(&format!("{mirror}?hardDelete=True")).is(200);
    let other = lab.mirror(&workspace, "n", &open_mirror());
    lab.delete(&format!("{}?hardDelete=true", other.replace("mirroredDatabases", "items"))).is(200);
}

/// The app that signs in before it is declared keeps what it has: its roles, items and connections pass to the declared id.
#[test]
fn a_declared_app_takes_the_place_of_the_one_with_its_client_id() {
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
        "id": ONE, "type": "ServicePrincipal", "displayName": "Deployment",
        "servicePrincipalDetails": {"aadAppId": client}, "secret": "right",
    });
    lab.put("/_emulator/principals", json!({"value": [entry]})).is(200);
    let directory = lab.get("/_emulator/principals").body();
    let apps = directory["value"].as_array().unwrap().iter().filter(|it| it["type"] == "ServicePrincipal");
    assert_eq!(apps.map(|it| it["id"].clone()).collect::<Vec<_>>(), [json!(ONE)]);
    // A token from before is as good as a new one.
    let roles = app.get(&format!("{workspace}/roleAssignments")).is(200).body();
    assert_eq!((&roles["value"][0]["id"], &roles["value"][0]["role"]), (&json!(ONE), &json!("Admin")));
    app.get(&format!("/v1/connections/{connection}")).is(200);
    lab.pass(30.0);
    app.call(&format!("{mirror}/startMirroring")).is(200);
    lab.pass(30.0);
    assert_eq!(app.status(&mirror), "Running");
    assert_eq!(lab.get("/_emulator/principals").body(), directory);
    assert!(lab.emulator.default_tenant().replays());
    assert_eq!(token("any").is(401).body()["error"], "invalid_client");
    token("right").is(200);
    let twice =
        |other: &str| json!({"id": other, "type": "ServicePrincipal", "servicePrincipalDetails": {"aadAppId": "same"}});
    lab.put("/_emulator/principals", json!({"value": [twice(OTHER), twice(NOBODY)]})).refuses(400, "InvalidInput");
}

/// Two declared apps that swap their client ids keep their own roles.
#[test]
fn declared_apps_keep_their_roles_when_they_swap_client_ids() {
    let lab = Lab::new();
    let roles = format!("{}/roleAssignments", lab.workspace());
    let app = |id: &str, client: &str| json!({"id": id, "type": "ServicePrincipal", "servicePrincipalDetails": {"aadAppId": client}});
    lab.put("/_emulator/principals", json!({"value": [app(ONE, "x"), app(OTHER, "y")]})).is(200);
    for (id, role) in [(ONE, "Admin"), (OTHER, "Viewer")] {
        lab.post(&roles, json!({"principal": {"id": id, "type": "ServicePrincipal"}, "role": role})).is(201);
    }
    lab.put("/_emulator/principals", json!({"value": [app(ONE, "y"), app(OTHER, "x")]})).is(200);
    let role = |id: &str| lab.get(&format!("{roles}/{id}")).is(200).body()["role"].clone();
    assert_eq!((role(ONE), role(OTHER)), (json!("Admin"), json!("Viewer")));
    // A new principal takes the place of one that has a lower role than its own.
    lab.post(&roles, json!({"principal": {"id": NOBODY, "type": "ServicePrincipal"}, "role": "Contributor"})).is(201);
    lab.put("/_emulator/principals", json!({"value": [app(NOBODY, "x")]})).is(200);
    assert_eq!(role(NOBODY), "Contributor");
    lab.get(&format!("{roles}/{OTHER}")).refuses(404, "EntityNotFound");
}

/// A principal that only a role assignment named is completed by its first call.
#[test]
fn a_learned_principal_is_completed_by_its_token() {
    let lab = Lab::new();
    let roles = format!("{}/roleAssignments", lab.workspace());
    lab.post(&roles, json!({"principal": {"id": ONE, "type": "User"}, "role": "Viewer"})).is(201);
    let name = || lab.get(&format!("{roles}/{ONE}")).is(200).body()["principal"]["displayName"].clone();
    assert_eq!(name(), Value::Null);
    lab.user(ONE).get("/v1/workspaces").is(200);
    assert_eq!(name(), "0011@example.com");
}
