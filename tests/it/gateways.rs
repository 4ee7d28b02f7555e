//! Gateways: creation, declaration, members and status.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::harness::{ALICE, Lab, MISSING, Reply};

/// The id of a declared gateway, which is also that of its primary member, and that of its second member.
pub(crate) const GATEWAY: &str = "93491300-cfbd-402f-bf17-9ace59a92354";
pub(crate) const SECOND: &str = "55226bab-5024-4b72-9716-6dc8ef3a97fe";

fn capacity(lab: &Lab) -> String {
    lab.get("/v1/capacities").body()["value"][0]["id"].as_str().unwrap().to_owned()
}

/// The request of the recording.
pub(crate) fn virtual_network(lab: &Lab, name: &str) -> Value {
    json!({
        "displayName": name, "capacityId": capacity(lab), "inactivityMinutesBeforeSleep": 30,
        "numberOfMemberGateways": 1, "type": "VirtualNetwork",
        "virtualNetworkAzureResource": {
            "subscriptionId": MISSING, "resourceGroupName": "resource_group", "virtualNetworkName": "vnet_name",
            "subnetName": "vnet_subnet",
        },
    })
}

/// Declares a gateway on premises with two members.
pub(crate) fn cluster(lab: &Lab) -> String {
    let gateway = json!({
        "id": GATEWAY, "type": "OnPremises", "displayName": "cluster", "members": [{}, {"id": SECOND}],
    });
    lab.put("/_emulator/gateways", json!({"value": [gateway]})).is(200);
    format!("/v1/gateways/{GATEWAY}")
}

fn names(reply: &Reply) -> Vec<String> {
    let body = reply.body();
    body["value"].as_array().unwrap().iter().map(|it| it["displayName"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn virtual_network_gateway_is_answered_like_the_recording() {
    let lab = Lab::unthrottled();
    let made = lab.post("/v1/gateways", virtual_network(&lab, "fabcli000002")).is(201);
    let expected = format!(
        concat!(
            r#"{{"displayName":"fabcli000002","capacityId":"{}","virtualNetworkAzureResource":{{"virtualNetworkName":"vnet_name","#,
            r#""subnetName":"vnet_subnet","resourceGroupName":"resource_group","subscriptionId":"{}"}},"#,
            r#""inactivityMinutesBeforeSleep":30,"numberOfMemberGateways":1,"id":"{}","type":"VirtualNetwork"}}"#
        ),
        capacity(&lab),
        MISSING,
        made.id()
    );
    assert_eq!(made.text(), expected);
    let path = format!("/v1/gateways/{}", made.id());
    assert_eq!(made.header("location"), Some(format!("http://127.0.0.1:7310{path}").as_str()));
    assert_eq!(lab.get(&path).is(200).text(), expected);
    assert_eq!(lab.get("/v1/gateways").is(200).text(), format!(r#"{{"value":[{expected}]}}"#));
    let deleted = lab.delete(&path).is(200);
    assert_eq!((deleted.text(), deleted.header("content-type")), (String::new(), Some("application/octet-stream")));
    lab.get(&path).refuses(404, "EntityNotFound");
    assert_eq!(lab.get("/v1/gateways").body(), json!({"value": []}));
    // The name is free again, and the id is not used again.
    assert_ne!(lab.post("/v1/gateways", virtual_network(&lab, "fabcli000002")).is(201).id(), made.id());
}

#[test]
fn virtual_network_gateway_is_updated() {
    let lab = Lab::unthrottled();
    let path = format!("/v1/gateways/{}", lab.post("/v1/gateways", virtual_network(&lab, "a")).is(201).id());
    let other = lab.get("/v1/capacities").body()["value"][1]["id"].clone();
    for (change, shown) in [
        (json!({"displayName": "A"}), json!({"displayName": "A"})),
        (json!({"inactivityMinutesBeforeSleep": 60}), json!({"inactivityMinutesBeforeSleep": 60})),
        (json!({"numberOfMemberGateways": 2}), json!({"numberOfMemberGateways": 2})),
        (json!({"capacityId": other}), json!({"capacityId": other})),
        (
            json!({"minMemberGatewayCount": 1, "maxMemberGatewayCount": 5}),
            json!({"numberOfMemberGateways": 5, "minMemberGatewayCount": 1, "maxMemberGatewayCount": 5}),
        ),
        (
            json!({"numberOfMemberGateways": 9}),
            json!({"numberOfMemberGateways": 9, "minMemberGatewayCount": null, "maxMemberGatewayCount": null}),
        ),
    ] {
        let mut change = change;
        change["type"] = json!("virtualnetwork");
        let changed = lab.patch(&path, change).is(200).body();
        for (member, value) in shown.as_object().unwrap() {
            assert_eq!(changed[member], *value, "{member}");
        }
        assert_eq!(lab.get(&path).body(), changed);
    }
}

#[test]
fn gateway_requests_are_validated() {
    let lab = Lab::unthrottled();
    let taken = lab.post("/v1/gateways", virtual_network(&lab, "taken")).is(201).id();
    let own = lab.post("/v1/gateways", virtual_network(&lab, "own")).is(201).id();
    for (member, value, status, code) in [
        ("type", json!(null), 400, "InvalidInput"),
        ("type", json!("Nonsense"), 400, "InvalidInput"),
        ("type", json!("OnPremises"), 400, "InvalidInput"),
        ("displayName", json!("x".repeat(201)), 400, "InvalidInput"),
        ("displayName", json!(" "), 400, "InvalidInput"),
        ("displayName", json!("TAKEN"), 409, "DuplicateGatewayName"),
        ("capacityId", json!("x"), 400, "InvalidInput"),
        ("capacityId", json!(MISSING), 404, "CapacityNotFound"),
        ("inactivityMinutesBeforeSleep", json!(31), 400, "InvalidInput"),
        ("numberOfMemberGateways", json!(0), 400, "InvalidInput"),
        ("numberOfMemberGateways", json!(10), 400, "InvalidInput"),
        ("numberOfMemberGateways", json!(-1), 400, "InvalidInput"),
        ("maxMemberGatewayCount", json!(3), 400, "ConflictingMemberGatewayCountProperties"),
    ] {
        for (method, path) in [("POST", "/v1/gateways".to_owned()), ("PATCH", format!("/v1/gateways/{own}"))] {
            let mut body = virtual_network(&lab, "own");
            body[member] = value.clone();
            lab.json(method, &path, &body).refuses(status, code);
        }
    }
    for (member, value) in [
        ("displayName", json!(null)),
        ("capacityId", json!(null)),
        ("inactivityMinutesBeforeSleep", json!(null)),
        ("virtualNetworkAzureResource", json!(null)),
        ("virtualNetworkAzureResource", json!({"subscriptionId": MISSING})),
    ] {
        let mut body = virtual_network(&lab, "new");
        body[member] = value;
        lab.post("/v1/gateways", body).refuses(400, "InvalidInput");
    }
    for range in [
        json!({"minMemberGatewayCount": 1}),
        json!({"minMemberGatewayCount": 3, "maxMemberGatewayCount": 2}),
        json!({"minMemberGatewayCount": 1, "maxMemberGatewayCount": 10}),
    ] {
        let mut body = range;
        body["type"] = json!("VirtualNetwork");
        lab.patch(&format!("/v1/gateways/{own}"), body).refuses(400, "InvalidInput");
    }
    let error = lab.patch(&format!("/v1/gateways/{own}"), json!({"type": "VirtualNetwork", "capacityId": MISSING}));
    assert_eq!(error.body()["message"], "The provided capacity was not found");
    lab.patch(&format!("/v1/gateways/{own}"), json!({"type": "OnPremises"})).refuses(400, "InvalidInput");
    lab.get("/v1/gateways/x").refuses(400, "InvalidInput");
    assert_eq!(names(&lab.get("/v1/gateways")), ["taken", "own"]);
    lab.patch(&format!("/v1/gateways/{taken}"), json!({"type": "VirtualNetwork", "displayName": "Taken"})).is(200);
}

#[test]
fn streaming_gateway_has_a_name_and_a_subnet() {
    let lab = Lab::unthrottled();
    let mut body = virtual_network(&lab, "streams");
    body["type"] = json!("StreamingVirtualNetwork");
    let made = lab.post("/v1/gateways", body).is(201);
    let shown = made.body();
    let shown: Vec<&String> = shown.as_object().unwrap().keys().collect();
    assert_eq!(shown, ["displayName", "virtualNetworkAzureResource", "id", "type"]);
    let renamed = json!({"type": "StreamingVirtualNetwork", "displayName": "renamed"});
    assert_eq!(lab.patch(&format!("/v1/gateways/{}", made.id()), renamed).is(200).body()["displayName"], "renamed");
}

#[test]
fn gateway_on_premises_is_declared_and_changed() {
    let lab = Lab::unthrottled();
    lab.put("/_emulator/gateways", json!({"value": [{"id": GATEWAY, "type": "OnPremises", "displayName": "gw"}]}))
        .is(200);
    let path = format!("/v1/gateways/{GATEWAY}");
    let shown = lab.get(&path).is(200);
    let modulus = shown.body()["publicKey"]["modulus"].as_str().unwrap().to_owned();
    assert_eq!(STANDARD.decode(&modulus).unwrap().len(), 256);
    let expected = format!(
        concat!(
            r#"{{"displayName":"gw","numberOfMemberGateways":1,"loadBalancingSetting":"Failover","allowCloudConnectionRefresh":false,"#,
            r#""allowCustomConnectors":false,"publicKey":{{"exponent":"AQAB","modulus":"{}"}},"version":"3000.286.14","#,
            r#""id":"{}","type":"OnPremises"}}"#
        ),
        modulus, GATEWAY
    );
    assert_eq!(shown.text(), expected);
    let change = json!({
        "type": "OnPremises", "displayName": "renamed", "loadBalancingSetting": "DistributeEvenly",
        "allowCloudConnectionRefresh": true, "allowCustomConnectors": true,
    });
    let changed = lab.patch(&path, change.clone()).is(200).body();
    assert!(change.as_object().unwrap().iter().all(|(member, value)| changed[member] == *value), "{changed}");
    lab.patch(&path, json!({"type": "OnPremises", "loadBalancingSetting": "Random"})).refuses(400, "InvalidInput");
    lab.delete(&path).is(200);
    lab.get(&path).refuses(404, "EntityNotFound");
}

#[test]
fn personal_gateway_has_no_name_and_is_not_changed() {
    let lab = Lab::unthrottled();
    lab.put("/_emulator/gateways", json!({"value": [{"id": GATEWAY, "type": "OnPremisesPersonal"}]})).is(200);
    let path = format!("/v1/gateways/{GATEWAY}");
    let shown = lab.get(&path).is(200).body();
    let shown: Vec<&String> = shown.as_object().unwrap().keys().collect();
    assert_eq!(shown, ["publicKey", "version", "id", "type"]);
    lab.patch(&path, json!({"type": "OnPremisesPersonal"})).refuses(400, "UnsupportedGatewayType");
    assert_eq!(lab.post_empty(&format!("{path}/checkStatus")).is(200).body()["status"], "Online");
}

#[test]
fn declared_gateways_are_read_back() {
    let lab = Lab::unthrottled();
    let created = lab.post("/v1/gateways", virtual_network(&lab, "created")).is(201).id();
    let role = json!({"principal": {"id": ALICE, "type": "User"}, "role": "ConnectionCreator"});
    let declared = json!({"value": [
        {"type": "OnPremises", "displayName": "one", "numberOfMemberGateways": 2, "roles": [role]},
        {"type": "OnPremises", "displayName": "two", "version": "3000.1.1", "publicKey": {"exponent": "AQAB", "modulus": "AAAA"},
            "members": [{"displayName": "first"}, {"id": SECOND, "enabled": false, "status": "Offline"}]},
        {"type": "OnPremisesPersonal", "status": "Offline"},
        {"type": "VirtualNetwork", "displayName": "three", "minMemberGatewayCount": 1, "maxMemberGatewayCount": 3},
        {"type": "StreamingVirtualNetwork", "displayName": "four"},
    ]});
    let listed = lab.put("/_emulator/gateways", declared).is(200).body();
    assert_eq!(listed["value"].as_array().unwrap().len(), 6);
    assert_eq!(listed["value"][0]["id"], *created);
    assert_eq!(listed["value"][1]["roles"], json!([role]));
    assert_eq!(listed["value"][2]["publicKey"], listed["value"][2]["members"][0]["publicKey"]);
    assert_eq!(listed["value"][2]["members"][1]["version"], "3000.1.1");
    assert_eq!(lab.get("/_emulator/gateways").is(200).body(), listed);
    assert_eq!(lab.put("/_emulator/gateways", listed.clone()).is(200).body(), listed);
    // Only those in which the caller has a role are listed.
    assert_eq!(lab.get("/v1/gateways").body()["value"].as_array().unwrap().len(), 5);
    let again = Lab::unthrottled();
    let mut elsewhere = listed;
    elsewhere["value"].as_array_mut().unwrap().remove(0);
    assert_eq!(again.put("/_emulator/gateways", elsewhere.clone()).is(200).body(), elsewhere);
}

#[test]
fn declarations_are_validated() {
    let lab = Lab::unthrottled();
    cluster(&lab);
    let refuse = |gateways: Value, status: u16, code: &str| {
        lab.put("/_emulator/gateways", json!({"value": gateways})).refuses(status, code);
    };
    let on_premises = |member: &str, value: Value| {
        let mut gateway = json!({"type": "OnPremises", "displayName": "new"});
        gateway[member] = value;
        json!([gateway])
    };
    let everybody = json!({"principal": {"id": ALICE, "type": "User"}, "role": "Admin"});
    for (member, value) in [
        ("type", json!("Nonsense")),
        ("colour", json!("red")),
        ("displayName", json!(null)),
        ("displayName", json!("x".repeat(201))),
        ("members", json!([])),
        ("members", json!(vec![json!({}); 11])),
        ("members", json!([{"id": SECOND}, {"id": SECOND}])),
        ("members", json!([{"displayName": ""}])),
        ("numberOfMemberGateways", json!(0)),
        ("numberOfMemberGateways", json!(11)),
        ("version", json!("")),
        ("publicKey", json!({"exponent": "AQAB", "modulus": "x".repeat(4_097)})),
        ("status", json!("Asleep")),
        ("roles", json!([everybody, everybody])),
    ] {
        refuse(on_premises(member, value), 400, "InvalidInput");
    }
    for (kind, member, value) in [
        ("OnPremises", "capacityId", json!(MISSING)),
        ("OnPremises", "minMemberGatewayCount", json!(1)),
        ("OnPremisesPersonal", "members", json!([{}])),
        ("VirtualNetwork", "version", json!("1")),
        ("StreamingVirtualNetwork", "numberOfMemberGateways", json!(1)),
    ] {
        let mut gateway = json!({"type": kind, "displayName": "new"});
        gateway[member] = value;
        let refused = lab.put("/_emulator/gateways", json!({"value": [gateway]})).refuses(400, "InvalidInput");
        assert!(refused.text().contains("does not have"), "{}", refused.text());
    }
    refuse(on_premises("displayName", json!("CLUSTER")), 409, "DuplicateGatewayName");
    refuse(
        json!([{"type": "OnPremises", "displayName": "a"}, {"type": "OnPremises", "displayName": "A"}]),
        400,
        "InvalidInput",
    );
    refuse(
        json!([{"id": GATEWAY, "type": "OnPremisesPersonal"}, {"id": GATEWAY, "type": "OnPremisesPersonal"}]),
        400,
        "InvalidInput",
    );
    refuse(json!([{"type": "VirtualNetwork", "displayName": "v", "capacityId": MISSING}]), 404, "CapacityNotFound");
    refuse(
        json!([{"type": "VirtualNetwork", "displayName": "v", "inactivityMinutesBeforeSleep": 1}]),
        400,
        "InvalidInput",
    );
    refuse(json!(vec![json!({"type": "OnPremisesPersonal"}); 1_000]), 400, "InvalidInput");
    assert_eq!(names(&lab.get("/v1/gateways")), ["cluster"]);
    lab.put("/_emulator/gateways", json!({"value": vec![json!({"type": "OnPremisesPersonal"}); 999]})).is(200);
    lab.post("/v1/gateways", virtual_network(&lab, "one more")).refuses(400, "InvalidInput");
}

#[test]
fn members_are_listed_updated_and_deleted() {
    let lab = Lab::unthrottled();
    let members = format!("{}/members", cluster(&lab));
    let listed = lab.get(&members).is(200).body();
    assert_eq!(names(&lab.get(&members)), ["cluster", "cluster 2"]);
    assert_eq!(listed["value"][0]["publicKey"], lab.get(&format!("/v1/gateways/{GATEWAY}")).body()["publicKey"]);
    assert_ne!(listed["value"][0]["publicKey"], listed["value"][1]["publicKey"]);
    let second = format!("{members}/{SECOND}");
    let changed = lab.patch(&second, json!({"displayName": "renamed", "enabled": false})).is(200).body();
    assert_eq!((&changed["displayName"], &changed["enabled"]), (&json!("renamed"), &json!(false)));
    assert_eq!(lab.get(&members).body()["value"][1], changed);
    lab.patch(&second, json!({"displayName": "x".repeat(201)})).refuses(400, "InvalidInput");
    lab.patch(&format!("{members}/{MISSING}"), json!({})).refuses(404, "EntityNotFound");
    let primary = format!("{members}/{GATEWAY}");
    lab.delete(&primary).refuses(400, "CannotDeletePrimaryGatewayIfClusterMemberExists");
    lab.delete(&second).is(200);
    lab.delete(&second).refuses(404, "EntityNotFound");
    assert_eq!(lab.get(&format!("/v1/gateways/{GATEWAY}")).body()["numberOfMemberGateways"], 1);
    lab.delete(&primary).is(200);
    lab.get(&members).refuses(404, "EntityNotFound");
}

#[test]
fn members_belong_to_gateways_on_premises() {
    let lab = Lab::unthrottled();
    let path = format!("/v1/gateways/{}", lab.post("/v1/gateways", virtual_network(&lab, "v")).is(201).id());
    let member = format!("{path}/members/{MISSING}");
    for reply in [
        lab.get(&format!("{path}/members")),
        lab.patch(&member, json!({})),
        lab.delete(&member),
        lab.post_empty(&format!("{member}/checkStatus")),
    ] {
        reply.refuses(400, "UnsupportedGatewayType");
    }
}

#[test]
fn status_of_a_cluster_depends_on_its_members() {
    let lab = Lab::unthrottled();
    let unreachable = |id: &str| ("DM_GWPipeline_Client_GatewayUnreachable", id.to_owned());
    let disabled = |id: &str| ("DMTS_GatewayIsDisabled", id.to_owned());
    for (first, second, status, faults) in [
        (json!({}), json!({}), "Online", vec![]),
        (json!({"enabled": false}), json!({}), "Online", vec![disabled(GATEWAY)]),
        (json!({}), json!({"status": "Offline"}), "Online", vec![unreachable(SECOND)]),
        (
            json!({"enabled": false}),
            json!({"status": "Offline"}),
            "Offline",
            vec![disabled(GATEWAY), unreachable(SECOND)],
        ),
    ] {
        let mut second = second;
        second["id"] = json!(SECOND);
        let gateway = json!({"id": GATEWAY, "type": "OnPremises", "displayName": "g", "members": [first, second]});
        lab.put("/_emulator/gateways", json!({"value": [gateway]})).is(200);
        let shown = lab.post_empty(&format!("/v1/gateways/{GATEWAY}/checkStatus")).is(200).body();
        assert_eq!((&shown["status"], &shown["gatewayVersion"]), (&json!(status), &json!("3000.286.14")));
        let details = shown["errorDetails"].as_array().cloned().unwrap_or_default();
        let fault = |it: &Value| (it["errorCode"].clone(), it["relatedResource"].clone());
        let shown: Vec<(Value, Value)> = details.iter().map(fault).collect();
        let related = |id: &str| json!({"resourceId": id, "resourceType": "Gateway"});
        let faults: Vec<(Value, Value)> = faults.iter().map(|(code, id)| (json!(code), related(id))).collect();
        assert_eq!(shown, faults);
    }
    let members = format!("/v1/gateways/{GATEWAY}/members");
    let of = |member: &str| lab.post_empty(&format!("{members}/{member}/checkStatus")).is(200).text();
    let expected = |code: &str, message: &str, id: &str| {
        format!(
            r#"{{"status":"Offline","gatewayVersion":"3000.286.14","gatewayUpgradeState":"UpToDate","errorDetails":[{{"errorCode":"{code}","message":"{message}","relatedResource":{{"resourceId":"{id}","resourceType":"Gateway"}}}}]}}"#
        )
    };
    assert_eq!(of(GATEWAY), expected("DMTS_GatewayIsDisabled", "Gateway is disabled", GATEWAY));
    assert_eq!(of(SECOND), expected("DM_GWPipeline_Client_GatewayUnreachable", "Gateway is unreachable", SECOND));
}

#[test]
fn virtual_network_gateway_is_shut_down_and_restarted() {
    let lab = Lab::unthrottled();
    lab.declare_gateway(GATEWAY, "StreamingVirtualNetwork");
    let created = lab.post("/v1/gateways", virtual_network(&lab, "v")).is(201).id();
    for id in [GATEWAY, &created] {
        let path = format!("/v1/gateways/{id}");
        let status = || lab.post_empty(&format!("{path}/checkStatus")).is(200).body()["status"].clone();
        assert_eq!(status(), "Online");
        assert_eq!(lab.post_empty(&format!("{path}/shutdown")).is(200).text(), "");
        assert_eq!(status(), "Offline");
        lab.post_empty(&format!("{path}/restart")).is(200);
        assert_eq!(status(), "Online");
    }
    let cluster = json!({"id": SECOND, "type": "OnPremises", "displayName": "c"});
    lab.put("/_emulator/gateways", json!({"value": [cluster]})).is(200);
    for verb in ["shutdown", "restart"] {
        lab.post_empty(&format!("/v1/gateways/{SECOND}/{verb}")).refuses(400, "UnsupportedGatewayType");
    }
}

/// Executes each call of `curl` in the section of CONTROL.md about gateways.
#[test]
fn examples_in_the_documentation_work() {
    let lab = Lab::unthrottled();
    let replies = lab.send_documented_puts("Gateways");
    assert_eq!(replies.len(), 2);
    assert_eq!(names(&lab.get("/v1/gateways")), ["branch office", "headquarters"]);
}
