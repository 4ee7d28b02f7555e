//! Connections: what is checked, what is read back, who sees them.

use serde_json::{Value, json};

use crate::lab::{Lab, sql_connection};

#[test]
fn a_connection_is_read_back_without_its_secrets() {
    let lab = Lab::new();
    let made = lab.post("/v1/connections", sql_connection("sql")).is(201);
    insta::assert_snapshot!("connection", made.whole());
    let path = format!("/v1/connections/{}", made.id());
    let change = json!({"connectivityType": "shareablecloud", "privacyLevel": "private", "credentialDetails": {"credentials": {"credentialType": "Basic", "username": "u2", "password": "hidden"}}});
    let changed = lab.patch(&path, change).is(200);
    assert_eq!(changed.body()["privacyLevel"], "Private");
    for reply in [lab.get(&path), lab.get("/v1/connections"), changed] {
        assert!(!reply.text().contains("hidden") && !reply.text().contains("\"u2\""), "{}", reply.text());
    }
    assert!(!format!("{:?}", lab.emulator.default_tenant().facts()).contains("hidden"));
}

#[test]
fn what_a_connection_cannot_be_is_refused() {
    let lab = Lab::new();
    lab.post("/v1/connections", sql_connection("taken")).is(201);
    let parameter = |name: &str, value: Value| json!([{"dataType": "Text", "name": "server", "value": "s"}, {"dataType": "Text", "name": name, "value": value}]);
    for (pointer, value, status, code) in [
        ("/connectivityType", json!("PersonalCloud"), 400, "InvalidInput"),
        ("/connectivityType", json!("OnPremisesGateway"), 400, "InvalidInput"),
        ("/displayName", json!(null), 400, "InvalidInput"),
        ("/displayName", json!("x".repeat(201)), 400, "InvalidInput"),
        ("/displayName", json!("TAKEN"), 409, "DuplicateConnectionName"),
        ("/privacyLevel", json!("Secret"), 400, "InvalidInput"),
        ("/connectionDetails", json!(null), 400, "InvalidInput"),
        ("/connectionDetails/type", json!("Nonsense"), 400, "InvalidConnectionDetails"),
        ("/connectionDetails/creationMethod", json!("Nonsense"), 400, "InvalidConnectionDetails"),
        ("/connectionDetails/creationMethod", json!(null), 400, "InvalidInput"),
        ("/connectionDetails/parameters", json!([]), 400, "InvalidConnectionDetails"),
        ("/connectionDetails/parameters", parameter("nonsense", json!("x")), 400, "InvalidConnectionDetails"),
        ("/connectionDetails/parameters", parameter("database", json!(5)), 400, "InvalidConnectionDetails"),
        ("/credentialDetails", json!(null), 400, "InvalidInput"),
        ("/credentialDetails/credentials", json!(null), 400, "InvalidInput"),
        ("/credentialDetails/credentials/credentialType", json!("OAuth2"), 400, "InvalidInput"),
        ("/credentialDetails/credentials/credentialType", json!("Key"), 400, "InvalidInput"),
        ("/credentialDetails/credentials/password", json!(null), 400, "InvalidCredentialDetails"),
        ("/credentialDetails/connectionEncryption", json!("Maybe"), 400, "InvalidInput"),
    ] {
        let mut body = sql_connection("new");
        *body.pointer_mut(pointer).expect(pointer) = value;
        lab.post("/v1/connections", body).refuses(status, code);
    }
    assert_eq!(lab.get("/v1/connections").body()["value"].as_array().unwrap().len(), 1);
}

#[test]
fn a_connection_is_seen_by_its_creator_only() {
    let mut lab = Lab::new();
    let path = format!("/v1/connections/{}", lab.connection());
    lab.token =
        "eyJhbGciOiJub25lIn0.eyJvaWQiOiIwMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMTEiLCJ1cG4iOiJhIn0.".into();
    lab.get(&path).refuses(404, "EntityNotFound");
    lab.delete(&path).refuses(404, "EntityNotFound");
    assert_eq!(lab.get("/v1/connections").body(), json!({"value": []}));
    // Names are the tenant's all the same.
    lab.post("/v1/connections", sql_connection("SQL")).refuses(409, "DuplicateConnectionName");
}

#[test]
fn the_types_of_every_source_are_listed() {
    let lab = Lab::new();
    insta::assert_snapshot!(
        "supported_connection_types",
        lab.get("/v1/connections/supportedConnectionTypes").is(200).text().replace("},{\"type", "},\n{\"type")
    );
}
