//! Connections: what is checked, what is read back, who sees them.

use serde_json::{Value, json};

use crate::coverage::shared;
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
fn connection_types_are_those_recorded() {
    let lab = Lab::new();
    let listed = |query: &str| {
        let body = lab.get(&format!("/v1/connections/supportedConnectionTypes{query}")).is(200).body();
        body["value"].as_array().unwrap().clone()
    };
    let (cloud, gateway) = (listed(""), listed("?gatewayId=93491300-cfbd-402f-bf17-9ace59a92354"));
    assert_eq!((cloud.len(), gateway.len()), (268, 245));
    let known: Vec<&Value> =
        cloud.iter().filter(|row| ["SQL", "CosmosDB", "Snowflake"].contains(&row["type"].as_str().unwrap())).collect();
    insta::assert_snapshot!("supported_connection_types", format!("{:#}", json!(known)));

    let Some(recorded) = shared("reference/connection-types.json") else { return };
    let recorded: Value = serde_json::from_str(&std::fs::read_to_string(recorded).unwrap()).unwrap();
    let rows =
        |names: &[&str]| names.iter().flat_map(|name| recorded[name].as_array().unwrap().clone()).collect::<Vec<_>>();
    let differing = |served: &[Value], recorded: &[Value]| -> Vec<String> {
        assert_eq!(served.len(), recorded.len());
        let member = "supportedCredentialTypesForUsageInUserControlledCode";
        let differs = |(served, recorded): &(&Value, &Value)| {
            let mut recorded = (*recorded).clone();
            // Older lists left it out; the newest has it null.
            recorded.as_object_mut().unwrap().entry(member).or_insert(Value::Null);
            **served != recorded
        };
        let pairs = served.iter().zip(recorded).filter(differs);
        pairs.map(|(served, _)| served["type"].as_str().unwrap().to_owned()).collect()
    };
    // docs/fidelity.md#connections: the golden recordings have an older row.
    assert_eq!(differing(&cloud, &rows(&["cloud", "cloudNoLongerListed"])), ["AzureDatabricksWorkspace"]);
    assert_eq!(differing(&gateway, &rows(&["onPremisesGateway"])), Vec::<String>::new());
}

/// A value that a parameter accepts.
fn value(parameter: &Value) -> Value {
    let mut allowed = parameter["allowedValues"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if let Some(first) = allowed.next() {
        // The list has texts, whatever the data type.
        return if parameter["dataType"] == "Text" { json!(first) } else { first.parse().unwrap() };
    }
    match parameter["dataType"].as_str().unwrap() {
        "Number" => json!(1),
        "Boolean" => json!(true),
        _ if parameter["name"] == "host" => json!("https://x.documents.azure.com"),
        _ => json!("x"),
    }
}

/// Credentials of a type that an API can give; `None`: an organizational account is given in the portal only.
fn credentials(kind: &str) -> Option<Value> {
    Some(match kind {
        "Anonymous" | "WorkspaceIdentity" => json!({"credentialType": kind}),
        "Basic" | "Windows" => json!({"credentialType": kind, "username": "u", "password": "p"}),
        "Key" => json!({"credentialType": kind, "key": "a2V5"}),
        "KeyPair" => json!({"credentialType": kind, "identifier": "i", "privateKey": "p"}),
        "SharedAccessSignature" => json!({"credentialType": kind, "token": "t"}),
        "ServicePrincipal" => json!({
            "credentialType": kind, "tenantId": "t", "servicePrincipalClientId": "c", "servicePrincipalSecret": "s",
        }),
        _ => return None,
    })
}

#[test]
fn every_listed_type_can_be_created_with_each_of_its_credentials() {
    let lab = Lab::new();
    lab.settings(json!({"throttle": "off"}));
    let gateway = "93491300-cfbd-402f-bf17-9ace59a92354";
    for (connectivity, query) in
        [("ShareableCloud", String::new()), ("OnPremisesGateway", format!("?gatewayId={gateway}"))]
    {
        let body = lab.get(&format!("/v1/connections/supportedConnectionTypes{query}")).is(200).body();
        for row in body["value"].as_array().unwrap() {
            let (name, method) = (row["type"].as_str().unwrap(), &row["creationMethods"][0]);
            let parameter = |it: &Value| json!({"name": it["name"], "dataType": it["dataType"], "value": value(it)});
            let parameters: Vec<Value> = method["parameters"].as_array().unwrap().iter().map(parameter).collect();
            for kind in row["supportedCredentialTypes"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()) {
                let given = match credentials(kind) {
                    Some(_) if query.len() > 1 && kind != "Anonymous" => json!({
                        "credentialType": kind,
                        "values": [{"gatewayId": gateway, "encryptedCredentials": "x"}],
                    }),
                    Some(given) => given,
                    None => json!({"credentialType": kind}),
                };
                let reply = lab.post("/v1/connections", json!({
                    "connectivityType": connectivity, "gatewayId": gateway, "displayName": format!("{connectivity} {name} {kind}"),
                    "connectionDetails": {
                        "type": name, "creationMethod": method["name"].as_str().unwrap().to_uppercase(), "parameters": parameters,
                    },
                    "credentialDetails": {
                        "connectionEncryption": row["supportedConnectionEncryptionTypes"][0], "credentials": given,
                    },
                }));
                match (name, kind) {
                    (_, "OAuth2") => {
                        assert!(
                            reply.text().contains("CredentialType input is not supported"),
                            "{name}: {}",
                            reply.text()
                        );
                    }
                    ("CosmosDB", "WorkspaceIdentity") => {
                        drop(reply.refuses(400, "DMTS_UntrustedEndpointForWorkspaceIdentity"))
                    }
                    _ => assert_eq!(reply.is(201).body()["connectionDetails"]["type"], name),
                }
            }
        }
    }
}

#[test]
fn connection_details_are_validated_by_the_row_of_their_type() {
    let lab = Lab::new();
    let check = |kind: &str, method: &str, parameters: Value, encryption: &str, code: &str| {
        lab.post(
            "/v1/connections",
            json!({
                "connectivityType": "ShareableCloud", "displayName": "c",
                "connectionDetails": {"type": kind, "creationMethod": method, "parameters": parameters},
                "credentialDetails": {"connectionEncryption": encryption, "credentials": credentials("Basic")},
            }),
        )
        .refuses(400, code);
    };
    let server = || json!([{"name": "server", "dataType": "Text", "value": "s"}]);
    check("FTP", "FTP.Files", server(), "NotEncrypted", "InvalidConnectionDetails");
    check("ftp", "FTP.Contents", server(), "NotEncrypted", "InvalidConnectionDetails");
    check("FTP", "FTP.Contents", server(), "Encrypted", "InvalidInput");
    check("FTP", "FTP.Contents", json!([]), "NotEncrypted", "InvalidConnectionDetails");
    let mut number = server();
    number[0]["dataType"] = json!("Number");
    check("FTP", "FTP.Contents", number, "NotEncrypted", "InvalidConnectionDetails");
    let snowflake = json!([
        {"name": "server", "dataType": "Text", "value": "s"},
        {"name": "warehouse", "dataType": "Text", "value": "w"},
        {"name": "Implementation", "dataType": "Text", "value": "9.9"},
    ]);
    check("Snowflake", "Snowflake.Databases", snowflake, "NotEncrypted", "InvalidConnectionDetails");
    assert_eq!(lab.get("/v1/connections").body(), json!({"value": []}));
}
