//! Power BI's gateways and data sources.

use serde_json::json;

use crate::gateways::{GATEWAY, SECOND, cluster};
use crate::harness::{ALICE, Lab, MISSING, Reply, sql_connection};

const GATEWAYS: &str = "/v1.0/myorg/gateways";

/// Asserts an error in the form of Power BI.
#[track_caller]
fn refused(reply: Reply, status: u16, code: &str) {
    let reply = reply.is(status);
    assert_eq!(reply.body()["error"]["code"], code, "{}", reply.text());
}

#[test]
fn gateways_on_premises_are_listed_and_shown() {
    let lab = Lab::unthrottled();
    assert_eq!(lab.get(GATEWAYS).is(200).body()["value"], json!([]));
    let fabric = cluster(&lab);
    let key = lab.get(&fabric).is(200).body()["publicKey"].clone();
    let body = json!({"id": GATEWAY, "name": "cluster", "type": "Resource", "publicKey": key});
    assert_eq!(lab.get(&format!("{GATEWAYS}/{GATEWAY}")).is(200).body(), body);
    let listed = lab.get(GATEWAYS).is(200).body();
    assert_eq!(listed["value"], json!([body]));
    assert!(listed["@odata.context"].as_str().unwrap().ends_with("/v1.0/myorg/$metadata#gateways"));
    refused(lab.get(&format!("{GATEWAYS}/{MISSING}")), 404, "PowerBIEntityNotFound");
}

#[test]
fn virtual_networks_and_gateways_of_others_are_not_shown() {
    let lab = Lab::unthrottled();
    let role = json!({"principal": {"id": ALICE, "type": "User"}, "role": "ConnectionCreator"});
    let declared = json!({"value": [
        {"id": SECOND, "type": "VirtualNetwork", "displayName": "vnet"},
        {"id": GATEWAY, "type": "OnPremises", "displayName": "private", "roles": [role]},
    ]});
    lab.put("/_emulator/gateways", declared).is(200);
    assert_eq!(lab.get(GATEWAYS).is(200).body()["value"], json!([]));
    refused(lab.get(&format!("{GATEWAYS}/{SECOND}")), 404, "PowerBIEntityNotFound");
    refused(lab.get(&format!("{GATEWAYS}/{GATEWAY}")), 404, "PowerBIEntityNotFound");
    for path in ["", "/datasources"] {
        let reply = lab.user(ALICE).get(&format!("{GATEWAYS}/{GATEWAY}{path}"));
        refused(reply, 403, "PowerBINotAuthorizedException");
    }
    assert_eq!(lab.user(ALICE).get(GATEWAYS).is(200).body()["value"], json!([]));
}

#[test]
fn data_sources_are_the_connections_over_a_gateway() {
    let lab = Lab::unthrottled();
    cluster(&lab);
    lab.connection();
    let mut body = sql_connection("over");
    body["connectivityType"] = json!("OnPremisesGateway");
    body["gatewayId"] = json!(GATEWAY);
    body["credentialDetails"] = json!({
        "connectionEncryption": "NotEncrypted",
        "credentials": {"credentialType": "Windows", "values": [{"gatewayId": GATEWAY, "encryptedCredentials": "*"},
            {"gatewayId": SECOND, "encryptedCredentials": "*"}]},
    });
    let id = lab.post("/v1/connections", body).is(201).id();
    let listed = lab.get(&format!("{GATEWAYS}/{GATEWAY}/datasources")).is(200).body();
    let expected = json!({
        "id": id, "gatewayId": GATEWAY, "datasourceType": "Sql", "credentialType": "Windows", "datasourceName": "over",
        "connectionDetails": r#"{"server":"s.database.windows.net","database":"shop"}"#,
    });
    assert_eq!(listed["value"], json!([expected]));
}
