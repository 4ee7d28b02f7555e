//! Roles in gateways, and the role that each operation requires.

use serde_json::json;

use crate::gateways::{GATEWAY, SECOND, virtual_network};
use crate::harness::{ALICE, BOB, Lab, MISSING, Reply, STRANGER};

/// A virtual network gateway and the path of its role assignments.
pub(crate) struct Shared {
    pub(crate) lab: Lab,
    pub(crate) path: String,
    pub(crate) roles: String,
}

impl Shared {
    pub(crate) fn new() -> Self {
        let lab = Lab::unthrottled();
        let path = format!("/v1/gateways/{}", lab.post("/v1/gateways", virtual_network(&lab, "g")).is(201).id());
        lab.add_principals(&[(ALICE, "User"), (BOB, "User")]);
        Self { lab, roles: format!("{path}/roleAssignments"), path }
    }

    pub(crate) fn assign(&self, by: &Lab, id: &str, kind: &str, role: &str) -> Reply {
        by.post(&self.roles, json!({"principal": {"id": id, "type": kind}, "role": role}))
    }
}

#[test]
fn role_assignments_are_answered_like_the_recording() {
    let it = Shared::new();
    let lab = &it.lab;
    let creator = lab.get(&it.roles).body()["value"][0]["id"].as_str().unwrap().to_owned();
    let shown =
        |id: &str, role: &str| format!(r#"{{"id":"{id}","principal":{{"id":"{id}","type":"User"}},"role":"{role}"}}"#);
    let list = |assignments: &[String]| format!(r#"{{"value":[{}]}}"#, assignments.join(","));
    assert_eq!(lab.get(&it.roles).is(200).text(), list(&[shown(&creator, "Admin")]));
    let made = it.assign(lab, ALICE, "User", "ConnectionCreator").is(201);
    assert_eq!(made.text(), shown(ALICE, "ConnectionCreator"));
    let alice = format!("{}/{ALICE}", it.roles);
    assert_eq!(made.header("location"), Some(format!("http://127.0.0.1:7310{alice}").as_str()));
    assert_eq!(lab.get(&alice).is(200).text(), made.text());
    assert_eq!(lab.patch(&alice, json!({"role": "Admin"})).is(200).text(), shown(ALICE, "Admin"));
    assert_eq!(lab.get(&it.roles).text(), list(&[shown(&creator, "Admin"), shown(ALICE, "Admin")]));
    let deleted = lab.delete(&alice).is(200);
    assert_eq!((deleted.text(), deleted.header("content-type")), (String::new(), Some("application/octet-stream")));
    lab.get(&alice).refuses(404, "EntityNotFound");
}

#[test]
fn role_assignments_are_validated() {
    let it = Shared::new();
    let lab = &it.lab;
    it.assign(lab, ALICE, "User", "ConnectionCreator").is(201);
    it.assign(lab, ALICE, "User", "Admin").refuses(400, "BadRequest");
    it.assign(lab, BOB, "User", "Boss").refuses(400, "InvalidInput");
    it.assign(lab, BOB, "Robot", "Admin").refuses(400, "InvalidInput");
    lab.patch(&format!("{}/{BOB}", it.roles), json!({"role": "Admin"})).refuses(404, "EntityNotFound");
    it.assign(lab, MISSING, "ServicePrincipalProfile", "Admin").refuses(400, "GatewayInvalidPrincipalType");
    let learned = it.assign(lab, "00000000-0000-4000-8000-000000000099", "Group", "ConnectionCreator").is(201);
    assert!(learned.header("x-emulator-note").is_some());
    lab.settings(json!({"behaviours": {"unknownPrincipal": "400"}}));
    for kind in ["User", "ServicePrincipal", "Group"] {
        let refused = it.assign(lab, MISSING, kind, "Admin").refuses(400, "UnknownError");
        let message = "An unexpected error occurred while processing the request";
        let expected =
            format!(r#","errorCode":"UnknownError","moreDetails":[],"message":"{message}","isRetriable":false}}"#);
        assert!(refused.text().ends_with(&expected), "{}", refused.text());
    }
    // The last administrator remains.
    let admin = lab.get(&it.roles).body()["value"][0]["id"].as_str().unwrap().to_owned();
    lab.delete(&format!("{}/{admin}", it.roles)).refuses(400, "InvalidInput");
    lab.patch(&format!("{}/{admin}", it.roles), json!({"role": "ConnectionCreator"})).refuses(400, "InvalidInput");
}

#[test]
fn roles_of_a_replaced_principal_are_kept() {
    let it = Shared::new();
    let app =
        |id: &str| json!({"id": id, "type": "ServicePrincipal", "servicePrincipalDetails": {"aadAppId": MISSING}});
    let (before, after) = ("00000000-0000-4000-8000-0000000000a1", "00000000-0000-4000-8000-0000000000a2");
    it.lab.put("/_emulator/principals", json!({"value": [app(before)]})).is(200);
    it.assign(&it.lab, before, "ServicePrincipal", "ConnectionCreator").is(201);
    it.lab.put("/_emulator/principals", json!({"value": [app(after)]})).is(200);
    assert_eq!(it.lab.get(&it.roles).body()["value"][1]["id"], after);
}

/// Each operation is called by a stranger and by a principal of each role.
#[test]
fn operations_require_a_role_in_the_gateway() {
    const ANY: usize = 0;
    const RESHARING: usize = 1;
    const ADMIN: usize = 2;
    let members = &format!("members/{SECOND}");
    let bob = &format!("roleAssignments/{BOB}");
    let role = || json!({"principal": {"id": BOB, "type": "User"}, "role": "ConnectionCreator"});
    for (method, rest, body, needed) in [
        ("GET", "", json!(null), ANY),
        ("GET", "members", json!(null), ANY),
        ("POST", "checkStatus", json!(null), ANY),
        ("POST", &format!("{members}/checkStatus"), json!(null), ANY),
        ("GET", "roleAssignments", json!(null), ANY),
        ("GET", &format!("roleAssignments/{ALICE}"), json!(null), ANY),
        ("POST", "roleAssignments", role(), RESHARING),
        ("PATCH", bob, json!({"role": "Admin"}), ADMIN),
        ("DELETE", bob, json!(null), ADMIN),
        ("PATCH", "", json!({"type": "OnPremises"}), ADMIN),
        ("PATCH", members, json!({}), ADMIN),
        ("DELETE", members, json!(null), ADMIN),
        ("POST", "restart", json!(null), ADMIN),
        ("POST", "shutdown", json!(null), ADMIN),
        ("DELETE", "", json!(null), ADMIN),
    ] {
        for (rank, held) in ["ConnectionCreator", "ConnectionCreatorWithResharing", "Admin"].into_iter().enumerate() {
            let lab = Lab::unthrottled();
            let mut roles = vec![json!({"principal": {"id": ALICE, "type": "User"}, "role": held})];
            if method != "POST" {
                roles.push(role());
            }
            let gateway = json!({
                "id": GATEWAY, "type": "OnPremises", "displayName": "g", "members": [{}, {"id": SECOND}], "roles": roles,
            });
            lab.put("/_emulator/gateways", json!({"value": [gateway]})).is(200);
            let path = format!("/v1/gateways/{GATEWAY}/{rest}");
            lab.user(STRANGER).json(method, path.trim_end_matches('/'), &body).refuses(404, "EntityNotFound");
            let reply = lab.user(ALICE).json(method, path.trim_end_matches('/'), &body);
            if rank < needed {
                reply.refuses(403, "InsufficientPermissionsToManageGateway");
            } else if ["restart", "shutdown"].contains(&rest) {
                reply.refuses(400, "UnsupportedGatewayType");
            } else {
                reply.succeeds();
            }
        }
    }
}

#[test]
fn role_is_assigned_up_to_that_of_the_caller() {
    let it = Shared::new();
    it.assign(&it.lab, ALICE, "User", "ConnectionCreatorWithResharing").is(201);
    let alice = it.lab.user(ALICE);
    it.assign(&alice, BOB, "User", "Admin").refuses(403, "InsufficientPermissionsToManageGateway");
    it.assign(&alice, BOB, "User", "ConnectionCreatorWithResharing").is(201);
}

#[test]
fn lists_of_gateways_have_pages() {
    let it = Shared::new();
    let lab = &it.lab;
    lab.post("/v1/gateways", virtual_network(lab, "second")).is(201);
    lab.declare_gateway(GATEWAY, "OnPremises");
    it.assign(lab, ALICE, "User", "ConnectionCreator").is(201);
    it.assign(lab, BOB, "User", "ConnectionCreator").is(201);
    lab.settings(json!({"pageSize": 2}));
    for list in ["/v1/gateways", &it.roles] {
        let first = lab.get(list).is(200).body();
        assert_eq!(first["value"].as_array().unwrap().len(), 2);
        let next = first["continuationUri"].as_str().unwrap().replace("http://127.0.0.1:7310", "");
        let second = lab.get(&next).is(200).body();
        assert_eq!(second["value"].as_array().unwrap().len(), 1);
        assert!(second.get("continuationToken").is_none());
    }
}
