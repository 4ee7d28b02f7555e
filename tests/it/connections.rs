//! Connections: validation, types, roles, and the items that use them.

use serde_json::{Value, json};

use crate::coverage::shared;
use crate::harness::{ALICE, BOB, Lab, MISSING, Reply, STRANGER, part, sql_connection, sql_mirror};

#[test]
fn connection_is_read_without_its_secrets() {
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
fn connection_requests_are_validated() {
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
fn connection_is_visible_to_its_creator_only() {
    let mut lab = Lab::new();
    let path = format!("/v1/connections/{}", lab.connection());
    lab.token =
        "eyJhbGciOiJub25lIn0.eyJvaWQiOiIwMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAwMTEiLCJ1cG4iOiJhIn0.".into();
    lab.get(&path).refuses(404, "EntityNotFound");
    lab.delete(&path).refuses(404, "EntityNotFound");
    assert_eq!(lab.get("/v1/connections").body(), json!({"value": []}));
    // Names are still unique within the tenant.
    lab.post("/v1/connections", sql_connection("SQL")).refuses(409, "DuplicateConnectionName");
}

#[test]
fn connection_types_match_the_recordings() {
    let lab = Lab::new();
    lab.declare_gateway(GATEWAY, "OnPremises");
    lab.declare_gateway(MISSING, "VirtualNetwork");
    let listed = |query: &str| {
        let body = lab.get(&format!("/v1/connections/supportedConnectionTypes{query}")).is(200).body();
        body["value"].as_array().unwrap().clone()
    };
    let (cloud, gateway) = (listed(""), listed(&format!("?gatewayId={GATEWAY}")));
    let virtual_network = listed(&format!("?gatewayId={MISSING}"));
    assert_eq!((cloud.len(), gateway.len(), virtual_network.len()), (268, 245, 244));
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
            // Older lists omit the member. In the newest it is null.
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

/// The id of a declared gateway.
const GATEWAY: &str = "93491300-cfbd-402f-bf17-9ace59a92354";

/// A value that a parameter accepts.
fn value(parameter: &Value) -> Value {
    let mut allowed = parameter["allowedValues"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if let Some(first) = allowed.next() {
        // The list has strings for every data type.
        return if parameter["dataType"] == "Text" { json!(first) } else { first.parse().unwrap() };
    }
    match parameter["dataType"].as_str().unwrap() {
        "Number" => json!(1),
        "Boolean" => json!(true),
        _ if parameter["name"] == "host" => json!("https://x.documents.azure.com"),
        _ => json!("x"),
    }
}

/// Credentials of a type, or `None` for types that only the portal accepts (organizational accounts).
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
fn connection_types_accept_each_of_their_credentials() {
    let lab = Lab::unthrottled();
    let gateway = GATEWAY;
    lab.declare_gateway(gateway, "OnPremises");
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
fn connection_details_are_validated_by_type() {
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

/// A connection, the path of its role assignments, and a call that assigns a role.
struct Shared {
    lab: Lab,
    path: String,
    roles: String,
}

impl Shared {
    fn new() -> Self {
        let lab = Lab::unthrottled();
        // Request ids count the requests, and a snapshot has one.
        lab.workspace();
        let path = format!("/v1/connections/{}", lab.connection());
        lab.add_principals(&[(ALICE, "User"), (BOB, "User")]);
        Self { lab, roles: format!("{path}/roleAssignments"), path }
    }

    fn assign(&self, by: &Lab, id: &str, role: &str) -> Reply {
        by.post(&self.roles, json!({"principal": {"id": id, "type": "User"}, "role": role}))
    }
}

#[test]
fn connection_user_can_read_but_not_change_it() {
    let it = Shared::new();
    let user = it.lab.user(ALICE);
    user.get(&it.path).refuses(404, "EntityNotFound");
    insta::assert_snapshot!("connection_role_given", it.assign(&it.lab, ALICE, "user").is(201).whole());
    user.get(&it.path).is(200);
    assert_eq!(user.get("/v1/connections").body()["value"].as_array().unwrap().len(), 1);
    for reply in [
        user.patch(&it.path, json!({"connectivityType": "ShareableCloud"})),
        user.delete(&it.path),
        it.assign(&user, BOB, "User"),
    ] {
        reply.refuses(403, "InsufficientPermissionsToManageConnection");
    }
}

#[test]
fn connection_user_with_reshare_can_assign_the_role_user() {
    let it = Shared::new();
    let user = it.lab.user(ALICE);
    it.assign(&it.lab, ALICE, "User").is(201);
    let changed = it.lab.patch(&format!("{}/{ALICE}", it.roles), json!({"role": "UserWithReshare"})).is(200);
    assert_eq!(changed.body()["role"], "UserWithReshare");
    it.assign(&user, BOB, "Owner").refuses(403, "InsufficientPermissionsToManageConnection");
    it.assign(&user, BOB, "User").is(201);
}

#[test]
fn connection_role_assignments_are_validated() {
    let it = Shared::new();
    it.assign(&it.lab, ALICE, "User").is(201);
    it.assign(&it.lab, ALICE, "Owner").refuses(400, "BadRequest");
    it.lab.settings(json!({"behaviours": {"unknownPrincipal": "400"}}));
    it.assign(&it.lab, MISSING, "User").refuses(400, "PrincipalNotFound");
    it.assign(&it.lab, BOB, "Boss").refuses(400, "InvalidInput");
}

#[test]
fn connection_role_is_listed_read_and_deleted() {
    let it = Shared::new();
    let lab = &it.lab;
    it.assign(lab, ALICE, "User").is(201);
    it.assign(lab, BOB, "User").is(201);
    assert_eq!(lab.get(&it.roles).is(200).body()["value"].as_array().unwrap().len(), 3);
    let bob = format!("{}/{BOB}", it.roles);
    assert_eq!(lab.get(&bob).is(200).body()["role"], "User");
    lab.delete(&bob).is(200);
    lab.get(&bob).refuses(404, "EntityNotFound");
}

#[test]
fn connection_keeps_its_last_owner() {
    let it = Shared::new();
    let owner = it.lab.get(&it.roles).body()["value"][0]["id"].as_str().unwrap().to_owned();
    let owner = format!("{}/{owner}", it.roles);
    it.lab.delete(&owner).refuses(400, "InvalidInput");
    it.lab.patch(&owner, json!({"role": "User"})).refuses(400, "InvalidInput");
}

#[test]
fn connection_test_succeeds_for_callers_with_a_role() {
    let it = Shared::new();
    let test = format!("{}/testConnection", it.path);
    assert_eq!(it.lab.post_empty(&test).is(200).body(), json!({"status": "Online"}));
    it.lab.user(STRANGER).post_empty(&test).refuses(404, "EntityNotFound");
}

#[test]
fn item_connections_hide_those_the_caller_cannot_see() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let connection = lab.post("/v1/connections", sql_connection("hidden")).is(201).id();
    let mirror = lab.mirror(&workspace, "m", &sql_mirror(&connection, None)).replace("mirroredDatabases", "items");
    lab.assign_role(&workspace, ALICE, "Contributor");
    let seen = |by: &Lab| by.get(&format!("{mirror}/connections")).is(200).body()["value"].as_array().unwrap().len();
    assert_eq!((seen(&lab), seen(&lab.user(ALICE))), (1, 0));
}

/// A semantic model, and a call that binds one of its sources to a connection.
struct Model {
    lab: Lab,
    connection: String,
    bind: String,
    connections: String,
}

impl Model {
    fn new() -> Self {
        let lab = Lab::unthrottled();
        let workspace = lab.workspace();
        let definition = json!({"parts": [part("definition.pbism", "{}"), part("model.bim", "{}")]});
        let body = json!({"displayName": "m", "definition": definition});
        let id = lab.result(&lab.post(&format!("{workspace}/semanticModels"), body).is(202)).id();
        let bind = format!("{workspace}/semanticModels/{id}/bindConnection");
        Self { connection: lab.connection(), lab, bind, connections: format!("{workspace}/items/{id}/connections") }
    }

    fn bind(&self, id: &Value, path: &str) -> Reply {
        let details = json!({"type": "SQL", "path": path});
        let binding = json!({"id": id, "connectivityType": "ShareableCloud", "connectionDetails": details});
        self.lab.post(&self.bind, json!({"connectionBinding": binding}))
    }

    fn bound(&self) -> Value {
        self.lab.get(&self.connections).is(200).body()["value"].clone()
    }
}

#[test]
fn semantic_model_sources_are_bound_and_unbound() {
    let model = Model::new();
    let id = json!(model.connection);
    assert_eq!(model.bound(), json!([]));
    assert!(model.bind(&id, "server;database").is(200).bytes.is_empty());
    model.bind(&id, "server;other").is(200);
    assert_eq!(model.bound().as_array().unwrap().len(), 1);
    assert_eq!(model.bound()[0]["id"], id);
    for path in ["server;database", "server;other"] {
        assert_eq!(model.bound().as_array().unwrap().len(), 1);
        model.bind(&Value::Null, path).is(200);
    }
    assert_eq!(model.bound(), json!([]));
}

#[test]
fn semantic_model_bindings_are_validated_and_bounded() {
    let model = Model::new();
    let id = json!(model.connection);
    model.bind(&json!(MISSING), "server;database").refuses(404, "EntityNotFound");
    model.bind(&json!("x"), "server;database").refuses(400, "InvalidInput");
    model.bind(&id, &"x".repeat(2_000)).refuses(400, "InvalidInput");
    model.lab.post(&model.bind, json!({})).refuses(400, "InvalidInput");
    for n in 0..100 {
        model.bind(&id, &n.to_string()).is(200);
    }
    model.bind(&id, "one more").refuses(400, "InvalidInput");
}
