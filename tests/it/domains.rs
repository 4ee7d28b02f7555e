//! Domains: their properties, workspaces and roles.

use serde_json::{Value, json};

use crate::harness::{ALICE, BOB, Lab, MISSING};

const DOMAINS: &str = "/v1/admin/domains";

/// Creates a domain and returns its id.
pub(crate) fn domain(lab: &Lab, name: &str) -> String {
    lab.post(DOMAINS, json!({"displayName": name})).is(201).id()
}

/// Creates a subdomain and returns its id.
fn subdomain(lab: &Lab, name: &str, parent: &str) -> String {
    lab.post(DOMAINS, json!({"displayName": name, "parentDomainId": parent})).is(201).id()
}

/// Creates a workspace on a capacity and returns its id.
fn workspace(lab: &Lab, name: &str, capacity: &Value) -> String {
    lab.post("/v1/workspaces", json!({"displayName": name, "capacityId": capacity})).is(201).id()
}

fn capacities(lab: &Lab) -> Value {
    let list = lab.get("/v1/capacities").body()["value"].clone();
    json!([list[0]["id"], list[1]["id"]])
}

/// The names of the workspaces of a domain.
fn workspaces(lab: &Lab, domain: &str) -> Vec<String> {
    let list = lab.get(&format!("{DOMAINS}/{domain}/workspaces")).is(200).body();
    list["value"].as_array().unwrap().iter().map(|it| it["displayName"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn domain_is_answered_like_the_recordings() {
    let lab = Lab::unthrottled();
    let parent = domain(&lab, "fabcli000001");
    let body = json!({"displayName": "fabcli000002", "description": "test child domain", "parentDomainId": parent});
    let created = lab.post(DOMAINS, body).is(201);
    let id = created.id();
    let child = format!(
        concat!(
            r#"{{"contributorsScope":"AllTenant","id":"{}","displayName":"fabcli000002","#,
            r#""description":"test child domain","parentDomainId":"{}"}}"#
        ),
        id, parent
    );
    assert_eq!(created.text(), child);
    let path = format!("{DOMAINS}/{id}");
    assert_eq!(created.header("location"), Some(format!("http://127.0.0.1:7310{path}").as_str()));
    assert_eq!(created.header("access-control-expose-headers"), Some("RequestId,Location"));
    let first =
        format!(r#"{{"contributorsScope":"AllTenant","id":"{parent}","displayName":"fabcli000001","description":""}}"#);
    assert_eq!(lab.get(DOMAINS).is(200).text(), format!(r#"{{"domains":[{first},{child}]}}"#));
    let changed = lab.patch(&path, json!({"contributorsScope": "AdminsOnly", "domainWorkspaces": "x"})).is(200);
    assert_eq!(changed.text(), child.replace("AllTenant", "AdminsOnly"));
    assert_eq!(lab.get(&path).is(200).text(), changed.text());
    let shown = format!(r#"{{"id":"{parent}","displayName":"fabcli000001","description":""}}"#);
    assert_eq!(lab.get(&format!("/v1/domains/{parent}")).is(200).text(), shown);
    assert_eq!(lab.get("/v1/domains").is(200).body()["value"].as_array().unwrap().len(), 2);
    let deleted = lab.delete(&path).is(200);
    assert_eq!((deleted.text(), deleted.header("content-type")), (String::new(), Some("application/octet-stream")));
    lab.get(&path).refuses(404, "DomainNotFound");
    lab.get(&format!("/v1/domains/{id}")).refuses(404, "DomainNotFound");
    assert_ne!(domain(&lab, "fabcli000002"), id);
}

#[test]
fn domain_without_preview_has_a_label_and_no_scope() {
    let lab = Lab::unthrottled();
    let id = domain(&lab, "d");
    let path = format!("{DOMAINS}/{id}?preview=false");
    let labelled = lab.patch(&path, json!({"defaultLabelId": ALICE, "description": "text"})).is(200);
    assert_eq!(labelled.header("x-emulator-note"), Some("inert=defaultLabelId"));
    let expected = json!({"id": id, "displayName": "d", "description": "text", "defaultLabelId": ALICE});
    assert_eq!(labelled.body(), expected);
    assert_eq!(lab.get(&format!("{DOMAINS}?preview=False")).is(200).body(), json!({"domains": [expected]}));
    let none = json!({"defaultLabelId": "00000000-0000-0000-0000-000000000000"});
    assert!(lab.patch(&path, none).is(200).body().get("defaultLabelId").is_none());
    lab.get(&format!("{DOMAINS}?preview=x")).refuses(400, "InvalidInput");
}

#[test]
fn domain_requests_are_validated() {
    let lab = Lab::unthrottled();
    let parent = domain(&lab, "taken");
    let child = subdomain(&lab, "child", &parent);
    let before = lab.get(DOMAINS).text();
    for (body, status, code) in [
        (json!({}), 400, "InvalidInput"),
        (json!({"displayName": " "}), 400, "InvalidInput"),
        (json!({"displayName": "x".repeat(41)}), 400, "InvalidInput"),
        (json!({"displayName": "x", "description": "x".repeat(257)}), 400, "InvalidInput"),
        (json!({"displayName": "TAKEN"}), 409, "EntityConflict"),
        (json!({"displayName": "x", "parentDomainId": "x"}), 400, "InvalidInput"),
        (json!({"displayName": "x", "parentDomainId": MISSING}), 404, "EntityNotFound"),
        (json!({"displayName": "x", "parentDomainId": child}), 400, "InvalidInput"),
    ] {
        lab.post(DOMAINS, body).refuses(status, code);
    }
    let path = format!("{DOMAINS}/{child}");
    lab.patch(&path, json!({"displayName": "Taken"})).refuses(409, "EntityConflict");
    lab.patch(&path, json!({"displayName": "x".repeat(41)})).refuses(400, "InvalidInput");
    lab.patch(&path, json!({"contributorsScope": "Nonsense"})).refuses(400, "InvalidInput");
    assert_eq!(lab.get(DOMAINS).text(), before);
    lab.patch(&path, json!({"displayName": "CHILD"})).is(200);
    let missing = format!("{DOMAINS}/{MISSING}");
    lab.get(&missing).refuses(404, "DomainNotFound");
    lab.patch(&missing, json!({"displayName": "y"})).refuses(404, "DomainNotFound");
    lab.delete(&missing).refuses(404, "DomainNotFound");
    lab.get(&format!("{missing}/workspaces")).refuses(404, "DomainNotFound");
    lab.get(&format!("{missing}/roleAssignments")).refuses(404, "DomainNotFound");
    lab.post(&format!("{missing}/assignWorkspaces"), json!({"workspacesIds": []})).refuses(404, "DomainNotFound");
    lab.post_empty(&format!("{missing}/unassignAllWorkspaces")).refuses(404, "DomainNotFound");
}

#[test]
fn workspaces_are_assigned_by_ids_capacities_and_principals() {
    let lab = Lab::unthrottled();
    let capacity = capacities(&lab);
    let (one, other) = (domain(&lab, "one"), domain(&lab, "other"));
    let a = workspace(&lab, "a", &capacity[0]);
    let b = workspace(&lab, "b", &capacity[1]);
    let c = workspace(&lab, "c", &capacity[1]);
    lab.assign_role(&format!("/v1/workspaces/{c}"), ALICE, "Admin");
    lab.assign_role(&format!("/v1/workspaces/{b}"), ALICE, "Member");
    let path = |domain: &str, verb: &str| format!("{DOMAINS}/{domain}/{verb}");
    let assigned = lab.post(&path(&one, "assignWorkspaces"), json!({"workspacesIds": [a]})).is(200);
    assert_eq!((assigned.text(), assigned.header("content-type")), (String::new(), Some("application/octet-stream")));
    let list = lab.get(&path(&one, "workspaces")).is(200).text();
    assert_eq!(list, format!(r#"{{"value":[{{"id":"{a}","displayName":"a"}}]}}"#));
    assert_eq!(lab.get(&format!("/v1/workspaces/{a}")).body()["domainId"], json!(one));

    let started =
        lab.post(&path(&other, "assignWorkspacesByCapacities"), json!({"capacitiesIds": [capacity[1]]})).is(202);
    let operation = format!("/v1/operations/{}", started.header("x-ms-operation-id").unwrap());
    assert_eq!(lab.get(&operation).is(200).body()["status"], "Succeeded");
    lab.get(&format!("{operation}/result")).refuses(400, "OperationHasNoResult");
    assert_eq!(workspaces(&lab, &other), ["b", "c"]);

    // Workspaces of other domains move, and personal ones are left out.
    let principals = json!({"principals": [{"id": ALICE, "type": "User"}]});
    lab.post(&path(&one, "assignWorkspacesByPrincipals"), principals).is(202);
    assert_eq!((workspaces(&lab, &one), workspaces(&lab, &other)), (vec!["a".into(), "c".into()], vec!["b".into()]));

    let unassign = |ids: Value| lab.post(&path(&one, "unassignWorkspaces"), json!({"workspacesIds": ids}));
    unassign(json!([b, MISSING])).is(200);
    assert_eq!(workspaces(&lab, &other), ["b"]);
    unassign(json!([a])).is(200);
    assert_eq!(workspaces(&lab, &one), ["c"]);
    lab.post_empty(&path(&one, "unassignAllWorkspaces")).is(200);
    assert!(workspaces(&lab, &one).is_empty());
    assert!(lab.get(&format!("/v1/workspaces/{c}")).body().get("domainId").is_none());
}

#[test]
fn workspace_assignments_are_validated() {
    let lab = Lab::unthrottled();
    let capacity = capacities(&lab);
    let id = domain(&lab, "d");
    let a = workspace(&lab, "a", &capacity[0]);
    let mine = lab.get("/v1/workspaces").body()["value"][0]["id"].clone();
    for (verb, body, status, code) in [
        ("assignWorkspaces", json!({}), 400, "InvalidInput"),
        ("assignWorkspaces", json!({"workspacesIds": ["x"]}), 400, "InvalidInput"),
        ("assignWorkspaces", json!({"workspacesIds": [a, MISSING]}), 404, "WorkspaceNotFound"),
        ("assignWorkspaces", json!({"workspacesIds": [a, mine]}), 400, "MyWorkspaceCantBeChanged"),
        ("assignWorkspacesByCapacities", json!({}), 400, "InvalidInput"),
        ("assignWorkspacesByCapacities", json!({"capacitiesIds": [capacity[0], MISSING]}), 404, "CapacityNotFound"),
        ("assignWorkspacesByPrincipals", json!({}), 400, "InvalidInput"),
        ("assignWorkspacesByPrincipals", json!({"principals": [{"id": ALICE}]}), 400, "InvalidInput"),
        ("unassignWorkspaces", json!({}), 400, "InvalidInput"),
    ] {
        lab.post(&format!("{DOMAINS}/{id}/{verb}"), body).refuses(status, code);
    }
    assert!(workspaces(&lab, &id).is_empty());
}

#[test]
fn assignments_stay_if_the_tenant_setting_blocks_overrides() {
    let lab = Lab::unthrottled();
    let (one, other) = (domain(&lab, "one"), domain(&lab, "other"));
    let a = workspace(&lab, "a", &capacities(&lab)[0]);
    let assign = |domain: &str| {
        lab.post(&format!("{DOMAINS}/{domain}/assignWorkspaces"), json!({"workspacesIds": [a]})).is(200);
    };
    assign(&one);
    let setting = "/v1/admin/tenantsettings/EnableReassignDataDomainSwitch/update";
    lab.post(setting, json!({"enabled": false})).is(200);
    assign(&other);
    assert_eq!((workspaces(&lab, &one).len(), workspaces(&lab, &other).len()), (1, 0));
    lab.post(setting, json!({"enabled": true})).is(200);
    assign(&other);
    assert_eq!((workspaces(&lab, &one).len(), workspaces(&lab, &other).len()), (0, 1));
}

#[test]
fn deleted_domain_leaves_its_workspaces_without_a_domain() {
    let lab = Lab::unthrottled();
    let parent = domain(&lab, "parent");
    let child = subdomain(&lab, "child", &parent);
    let workspace = lab.workspace();
    lab.post(&format!("{workspace}/assignToDomain"), json!({"domainId": child})).is(200);
    assert_eq!(lab.get(&workspace).body()["domainId"], json!(child));
    lab.delete(&format!("{DOMAINS}/{parent}")).is(200);
    assert_eq!(lab.get(DOMAINS).body(), json!({"domains": []}));
    assert!(lab.get(&workspace).body().get("domainId").is_none());
}

#[test]
fn domains_are_filtered_by_their_workspaces() {
    let lab = Lab::unthrottled();
    let (empty, used, filled) = (domain(&lab, "empty"), domain(&lab, "used"), domain(&lab, "filled"));
    let capacity = capacities(&lab)[0].clone();
    for (name, domain) in [("a", &used), ("b", &filled)] {
        let body = json!({"displayName": name, "capacityId": capacity, "domainId": domain});
        let made = lab.post("/v1/workspaces", body).is(201);
        assert_eq!((made.body()["domainId"].as_str(), made.header("x-emulator-note")), (Some(domain.as_str()), None));
        if name == "b" {
            let items = format!("/v1/workspaces/{}/lakehouses", made.id());
            lab.post(&items, json!({"displayName": "l"})).is(201);
        }
    }
    let check = |query: &str, expected: &[&String]| {
        let body = lab.get(&format!("{DOMAINS}?{query}")).is(200).body();
        let ids: Vec<&str> = body["domains"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
        assert_eq!(ids, expected, "{query}");
    };
    check("nonEmptyOnly=false", &[&empty, &used, &filled]);
    check("withAssignedWorkspacesOnly=true", &[&used, &filled]);
    check("nonEmptyOnly=true", &[&filled]);
}

#[test]
fn workspace_admins_assign_to_domains_that_let_them() {
    let lab = Lab::unthrottled();
    let parent = domain(&lab, "parent");
    let child = subdomain(&lab, "child", &parent);
    let workspace = lab.workspace();
    for user in [ALICE, BOB] {
        lab.assign_role(&workspace, user, "Admin");
        crate::admin::declare_no_administrator(&lab, user);
    }
    let (alice, bob) = (lab.user(ALICE), lab.user(BOB));
    let assign = |lab: &Lab| lab.post(&format!("{workspace}/assignToDomain"), json!({"domainId": child}));
    let scope = |scope: &str| lab.patch(&format!("{DOMAINS}/{child}"), json!({"contributorsScope": scope})).is(200);
    let role = |domain: &str, role: &str, user: &str| {
        let body = json!({"type": role, "principals": [{"id": user, "type": "User"}]});
        lab.post(&format!("{DOMAINS}/{domain}/roleAssignments/bulkAssign"), body).is(200);
    };
    assign(&alice).is(200);
    alice.post_empty(&format!("{workspace}/unassignFromDomain")).is(200);
    alice.post_empty(&format!("{workspace}/unassignFromDomain")).is(200);
    scope("SpecificUsersAndGroups");
    role(&child, "Contributors", ALICE);
    assign(&bob).refuses(403, "InsufficientPermissionsToDomain");
    assign(&alice).is(200);
    scope("AdminsOnly");
    assign(&alice).refuses(403, "InsufficientPermissionsToDomain");
    // An administrator of the parent is one of its subdomains.
    role(&parent, "Admins", BOB);
    assign(&bob).is(200);
    assign(&lab).is(200);
    let create = |lab: &Lab| lab.post("/v1/workspaces", json!({"displayName": "new", "domainId": child}));
    create(&alice).refuses(403, "InsufficientPermissionsToDomain");
    create(&bob).is(201);

    lab.post(&format!("{workspace}/assignToDomain"), json!({})).refuses(400, "InvalidInput");
    lab.post(&format!("{workspace}/assignToDomain"), json!({"domainId": MISSING})).refuses(404, "DomainNotFound");
    let missing = format!("/v1/workspaces/{MISSING}/assignToDomain");
    lab.post(&missing, json!({"domainId": child})).refuses(404, "WorkspaceNotFound");
    lab.user(MISSING)
        .post(&format!("{workspace}/assignToDomain"), json!({"domainId": child}))
        .refuses(403, "InsufficientPrivileges");
}

#[test]
fn roles_are_assigned_listed_and_unassigned() {
    let lab = Lab::unthrottled();
    let id = domain(&lab, "d");
    let roles = format!("{DOMAINS}/{id}/roleAssignments");
    let named = json!({"id": ALICE, "type": "User", "displayName": "Alice"});
    lab.put("/_emulator/principals", json!({"value": [named]})).is(200);
    let change = |verb: &str, role: &str, users: &[&str]| {
        let principals: Vec<Value> = users.iter().map(|id| json!({"id": id, "type": "User"})).collect();
        lab.post(&format!("{roles}/{verb}"), json!({"type": role, "principals": principals}))
    };
    assert_eq!(change("bulkAssign", "Admin", &[ALICE]).is(200).header("x-emulator-note"), None);
    let learned = change("bulkAssign", "Contributors", &[ALICE, BOB]).is(200);
    assert!(learned.header("x-emulator-note").is_some_and(|note| note.contains("unknown principal")));
    let contributor = json!({"role": "Contributor", "principal": {"id": BOB, "type": "User"}});
    let listed = json!([
        {"role": "Admin", "principal": named}, {"role": "Contributor", "principal": named}, contributor,
    ]);
    assert_eq!(lab.get(&roles).is(200).body(), json!({"value": listed}));
    lab.settings(json!({"pageSize": 2}));
    let page = lab.get(&roles).body();
    let next = lab.get(&format!("{roles}?continuationToken={}", page["continuationToken"].as_str().unwrap()));
    assert_eq!(next.is(200).body(), json!({"value": [contributor]}));

    change("bulkAssign", "Admins", &[BOB, ALICE]).refuses(409, "PrincipalWithDomainRoleAssignmentAlreadyExists");
    change("bulkUnassign", "Admins", &[ALICE, BOB]).refuses(404, "PrincipalWithDomainRoleAssignmentNotFound");
    change("bulkAssign", "Nonsense", &[BOB]).refuses(400, "InvalidInput");
    let tenant = json!({"type": "Admin", "principals": [{"id": MISSING, "type": "EntireTenant"}]});
    for verb in ["bulkAssign", "bulkUnassign"] {
        lab.post(&format!("{roles}/{verb}"), tenant.clone())
            .refuses(400, "UnsupportedPrincipalTypeForDomainAdminAssignment");
    }
    lab.settings(json!({"pageSize": 100, "behaviours": {"unknownPrincipal": "400"}}));
    change("bulkAssign", "Admins", &[MISSING]).refuses(400, "PrincipalNotFound");
    assert_eq!(lab.get(&roles).body(), json!({"value": listed}));
    change("bulkUnassign", "Admin", &[ALICE]).is(200);
    assert_eq!(lab.get(&roles).body()["value"].as_array().unwrap().len(), 2);
}

#[test]
fn contributors_are_synced_to_subdomains() {
    let lab = Lab::unthrottled();
    let parent = domain(&lab, "parent");
    let child = subdomain(&lab, "child", &parent);
    let roles = |domain: &str| format!("{DOMAINS}/{domain}/roleAssignments");
    let assign = |domain: &str, role: &str, user: &str| {
        let body = json!({"type": role, "principals": [{"id": user, "type": "User"}]});
        lab.post(&format!("{}/bulkAssign", roles(domain)), body).is(200);
    };
    assign(&parent, "Contributor", ALICE);
    assign(&parent, "Admin", BOB);
    assign(&child, "Contributor", BOB);
    assign(&child, "Admin", ALICE);
    let sync = |role: &str| lab.post(&format!("{}/syncToSubdomains", roles(&parent)), json!({"role": role}));
    sync("Admin").refuses(400, "SyncingAdminsToSubdomainsIsNotSupported");
    sync("Nonsense").refuses(400, "InvalidInput");
    sync("Contributor").is(200);
    let list = lab.get(&roles(&child)).body()["value"].clone();
    let list: Vec<_> = list.as_array().unwrap().iter().map(|it| (&it["role"], &it["principal"]["id"])).collect();
    assert_eq!(list, [(&json!("Admin"), &json!(ALICE)), (&json!("Contributor"), &json!(ALICE))]);
}
