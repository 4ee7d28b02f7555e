//! Connections over gateways.

use serde_json::{Value, json};

use crate::gateway_roles::Shared;
use crate::gateways::{GATEWAY, SECOND, cluster};
use crate::harness::{ALICE, Lab, MISSING, sql_connection};

/// A connection over a gateway. Through a gateway on premises its credentials are encrypted for one member.
fn over(gateway: &str, connectivity: &str) -> Value {
    let mut body = sql_connection("over a gateway");
    body["connectivityType"] = json!(connectivity);
    body["gatewayId"] = json!(gateway);
    if connectivity == "OnPremisesGateway" {
        body["credentialDetails"] = json!({
            "connectionEncryption": "NotEncrypted",
            "credentials": {"credentialType": "Windows", "values": [{"gatewayId": gateway, "encryptedCredentials": "*"}]},
        });
    }
    body
}

#[test]
fn connection_over_a_gateway_is_answered_like_the_recording() {
    let lab = Lab::unthrottled();
    for kind in ["OnPremises", "VirtualNetwork", "StreamingVirtualNetwork"] {
        lab.declare_gateway(GATEWAY, kind);
        let connectivity = format!("{kind}Gateway");
        let made = lab.post("/v1/connections", over(GATEWAY, &connectivity)).is(201);
        let begin = format!(
            r#"{{"gatewayId":"{GATEWAY}","id":"{}","displayName":"over a gateway","connectivityType":"{connectivity}","connectionDetails":{{"path":"s.database.windows.net;shop","type":"SQL"}},"privacyLevel":"Organizational","credentialDetails":{{"#,
            made.id()
        );
        assert!(made.text().starts_with(&begin), "{}", made.text());
        let path = format!("/v1/connections/{}", made.id());
        let mut change = over(GATEWAY, &connectivity);
        change["displayName"] = json!("changed");
        assert_eq!(lab.patch(&path, change).is(200).body()["displayName"], "changed");
        lab.delete(&path).is(200);
    }
}

#[test]
fn connection_needs_a_gateway_of_its_type_and_a_role_in_it() {
    let lab = Lab::unthrottled();
    lab.declare_gateway(GATEWAY, "VirtualNetwork");
    let refuse = |gateway: Value, connectivity: &str, status: u16, code: &str| {
        let mut body = over(GATEWAY, connectivity);
        body["gatewayId"] = gateway;
        lab.post("/v1/connections", body).refuses(status, code);
    };
    refuse(json!(null), "VirtualNetworkGateway", 400, "InvalidInput");
    refuse(json!("x"), "VirtualNetworkGateway", 400, "InvalidInput");
    refuse(json!(MISSING), "VirtualNetworkGateway", 404, "EntityNotFound");
    refuse(json!(GATEWAY), "OnPremisesGateway", 400, "InvalidInput");
    refuse(json!(GATEWAY), "StreamingVirtualNetworkGateway", 400, "InvalidInput");
    refuse(json!(GATEWAY), "OnPremisesGatewayPersonal", 400, "InvalidInput");
    lab.get(&format!("/v1/connections/supportedConnectionTypes?gatewayId={MISSING}")).refuses(404, "EntityNotFound");
    let role = json!({"principal": {"id": ALICE, "type": "User"}, "role": "ConnectionCreator"});
    let private = json!({"id": SECOND, "type": "VirtualNetwork", "displayName": "private", "roles": [role]});
    lab.put("/_emulator/gateways", json!({"value": [private]})).is(200);
    lab.post("/v1/connections", over(SECOND, "VirtualNetworkGateway")).refuses(404, "EntityNotFound");
    lab.user(ALICE).post("/v1/connections", over(SECOND, "VirtualNetworkGateway")).is(201);
}

#[test]
fn credentials_are_encrypted_for_each_member_of_a_gateway_on_premises() {
    let lab = Lab::unthrottled();
    cluster(&lab);
    let value = |id: &str| json!({"gatewayId": id, "encryptedCredentials": "****"});
    for (credentials, code) in [
        (json!({"credentialType": "Windows", "values": [value(GATEWAY), value(SECOND)]}), None),
        (json!({"credentialType": "Windows", "values": [value(SECOND), value(&GATEWAY.to_uppercase())]}), None),
        (json!({"credentialType": "Basic", "username": "u", "password": "p"}), Some("InvalidInput")),
        (json!({"credentialType": "Windows", "values": []}), Some("InvalidInput")),
        (json!({"credentialType": "Windows", "values": "x"}), Some("InvalidInput")),
        (json!({"credentialType": "Windows", "values": [1]}), Some("InvalidInput")),
        (json!({"credentialType": "Windows", "values": [{"gatewayId": GATEWAY}]}), Some("InvalidInput")),
        (json!({"credentialType": "Windows", "values": [value(GATEWAY)]}), Some("InvalidCredentialDetails")),
        (
            json!({"credentialType": "Windows", "values": [value(GATEWAY), value(GATEWAY)]}),
            Some("InvalidCredentialDetails"),
        ),
        (
            json!({"credentialType": "Windows", "values": [value(GATEWAY), value(MISSING)]}),
            Some("InvalidCredentialDetails"),
        ),
    ] {
        let mut body = over(GATEWAY, "OnPremisesGateway");
        body["credentialDetails"]["credentials"] = credentials;
        let reply = lab.post("/v1/connections", body);
        match code {
            Some(code) => drop(reply.refuses(400, code)),
            None => drop(lab.delete(&format!("/v1/connections/{}", reply.is(201).id())).is(200)),
        }
    }
}

#[test]
fn connection_of_a_personal_gateway_is_declared_and_updated() {
    let lab = Lab::unthrottled();
    lab.declare_gateway(GATEWAY, "VirtualNetwork");
    lab.put("/_emulator/gateways", json!({"value": [{"id": SECOND, "type": "OnPremisesPersonal"}]})).is(200);
    let declared = json!({
        "displayName": "personal", "connectivityType": "OnPremisesGatewayPersonal", "gatewayId": SECOND,
        "connectionDetails": {"type": "SQL", "path": "s;d"}, "credentialDetails": {"credentialType": "Windows"},
    });
    lab.put(&format!("/_emulator/connections/{MISSING}"), declared).is(200);
    let update = |credentials: Value| {
        let body =
            json!({"connectivityType": "OnPremisesGatewayPersonal", "credentialDetails": {"credentials": credentials}});
        lab.patch(&format!("/v1/connections/{MISSING}"), body)
    };
    let changed = update(json!({"credentialType": "Basic", "encryptedCredentials": "****"})).is(200).body();
    assert_eq!(changed["credentialDetails"]["credentialType"], "Basic");
    update(json!({"credentialType": "Basic", "username": "u", "password": "p"}))
        .refuses(400, "InvalidCredentialDetails");
}

#[test]
fn connections_are_managed_by_administrators_of_their_gateway() {
    let it = Shared::new();
    let gateway = it.path.rsplit('/').next().unwrap();
    let connection = it.lab.post("/v1/connections", over(gateway, "VirtualNetworkGateway")).is(201).id();
    let path = format!("/v1/connections/{connection}");
    let alice = it.lab.user(ALICE);
    it.assign(&it.lab, ALICE, "User", "ConnectionCreatorWithResharing").is(201);
    alice.get(&path).refuses(404, "EntityNotFound");
    assert_eq!(alice.get("/v1/connections").body(), json!({"value": []}));
    it.lab.patch(&format!("{}/{ALICE}", it.roles), json!({"role": "Admin"})).is(200);
    assert_eq!(alice.get("/v1/connections").body()["value"][0]["id"], *connection);
    alice.get(&path).is(200);
    alice.get(&format!("{path}/roleAssignments")).is(200);
    alice.post_empty(&format!("{path}/testConnection")).is(200);
    alice.patch(&path, json!({"connectivityType": "VirtualNetworkGateway", "displayName": "renamed"})).is(200);
    alice.delete(&path).is(200);
}

#[test]
fn connections_are_offline_with_their_gateway_and_remain_without_it() {
    let it = Shared::new();
    let lab = &it.lab;
    let gateway = it.path.rsplit('/').next().unwrap();
    let connection =
        format!("/v1/connections/{}", lab.post("/v1/connections", over(gateway, "VirtualNetworkGateway")).is(201).id());
    let test = || lab.post_empty(&format!("{connection}/testConnection")).is(200).body();
    assert_eq!(test(), json!({"status": "Online"}));
    lab.post_empty(&format!("{}/shutdown", it.path)).is(200);
    assert_eq!(test()["errors"][0]["errorCode"], "DM_GWPipeline_Client_GatewayUnreachable");
    let mut new = over(gateway, "VirtualNetworkGateway");
    new["displayName"] = json!("new");
    lab.post("/v1/connections", new.clone()).refuses(400, "CreateGatewayConnectionFailed");
    lab.patch(&connection, over(gateway, "VirtualNetworkGateway")).refuses(400, "UpdateGatewayConnectionFailed");
    new["credentialDetails"]["skipTestConnection"] = json!(true);
    lab.post("/v1/connections", new).is(201);
    lab.delete(&it.path).is(200);
    assert_eq!(test()["status"], "Offline");
    assert_eq!(test()["errors"][0]["errorCode"], "DM_GWPipeline_UnknownError");
    assert_eq!(lab.get(&connection).is(200).body()["gatewayId"], *gateway);
}
