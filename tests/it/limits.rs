//! The limits of what clients can store: the length of each text, and the memory of a tenant and of all tenants.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use specularite::Emulator;

use crate::harness::{BOB, Lab, Reply, STRANGER, definition, open_mirror, part, sql_connection, sql_mirror};

/// The header `Authorization` with these claims.
fn token(claims: &Value) -> String {
    format!("Bearer eyJhbGciOiJub25lIn0.{}.", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// A SQL connection whose parameter `database` has this value.
fn connection_to(database: &str) -> Value {
    let mut connection = sql_connection("wide");
    connection["connectionDetails"]["parameters"][1]["value"] = database.into();
    connection
}

/// Creates a mirrored database with a second part of this path and size.
fn database(lab: &Lab, workspace: &str, name: &str, (path, size): (&str, usize)) -> Reply {
    let parts = [part("mirroring.json", &open_mirror().to_string()), part(path, &"x".repeat(size))];
    lab.post(&format!("{workspace}/mirroredDatabases"), json!({"displayName": name, "definition": {"parts": parts}}))
}

/// Creates databases with 100 kB each until one is rejected. Returns their number, and the rejection.
fn fill(lab: &Lab, workspace: &str) -> (usize, Reply) {
    for count in 0..1_000 {
        let reply = database(lab, workspace, &format!("db{count}"), ("notes", 100_000));
        if reply.status != 201 {
            return (count, reply.refuses(403, "MemoryFull"));
        }
    }
    panic!("nothing was rejected")
}

#[test]
fn texts_have_a_maximum_length() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let long = |length: usize| "x".repeat(length);
    lab.post("/v1/connections", connection_to(&long(4_096))).is(201);
    let mut wide = connection_to(&long(4_097));
    wide["displayName"] = "other".into();
    lab.post("/v1/connections", wide).refuses(400, "InvalidConnectionDetails");

    let principals = |member: &str, kind: &str, length: usize| {
        let mut principal = json!({"id": BOB, "type": kind});
        principal[member] = if member == "displayName" {
            long(length).into()
        } else if kind == "User" {
            json!({"userPrincipalName": long(length)})
        } else {
            json!({"aadAppId": long(length)})
        };
        lab.put("/_emulator/principals", json!({"value": [principal]}))
    };
    for (member, kind) in [("displayName", "User"), ("userDetails", "User")] {
        principals(member, kind, 1_024).is(200);
        principals(member, kind, 1_025).refuses(400, "InvalidInput");
    }
    for (claim, length, status) in [("name", 1_024, 200), ("name", 1_025, 401), ("upn", 1_025, 401)] {
        let token = token(&json!({"oid": BOB, "upn": "bob@example.com", claim: long(length)}));
        lab.send("GET", "/v1/workspaces", &[("authorization", &token)], "").is(status);
    }
    let tag = |length: usize| json!({"value": [{"displayName": "t", "domain": long(length)}]});
    lab.put("/_emulator/tags", tag(257)).refuses(400, "InvalidInput");

    let payload = |length: usize| {
        let body = json!({"displayName": "lake", "type": "Lakehouse", "creationPayload": {"note": long(length)}});
        lab.post(&format!("{workspace}/items"), body)
    };
    payload(256 << 10).refuses(400, "InvalidInput");
    payload(200 << 10).succeeds();

    database(&lab, &workspace, "parts", (&long(1_025), 1)).refuses(400, "InvalidDefinitionParts");
    database(&lab, &workspace, "parts", (&long(1_024), 1)).is(201);

    let connection = lab.connection();
    lab.create(&workspace, "named", &sql_mirror(&connection, Some(&[&long(1_024)]))).is(201);
    let misnamed = sql_mirror(&connection, Some(&[&long(1_025)]));
    lab.create(&workspace, "misnamed", &misnamed).refuses(400, "InvalidDefinitionParts");
}

#[test]
fn json_has_a_maximum_number_of_values() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let many = format!("[{}0]", "0,".repeat(100_000));
    lab.send("POST", "/v1/workspaces", &[], format!(r#"{{"displayName":{many}}}"#)).refuses(400, "InvalidInput");
    let body = json!({"displayName": "many", "definition": definition(&many)});
    lab.post(&format!("{workspace}/mirroredDatabases"), body).refuses(400, "CorruptedPayload");
}

#[test]
fn connection_updates_weigh_as_much_as_the_connection() {
    let lab = Lab::unthrottled();
    let id = lab.post("/v1/connections", connection_to(&"x".repeat(4_096))).is(201).id();
    let update = json!({"connectivityType": "ShareableCloud", "privacyLevel": "Public"});
    lab.patch(&format!("/v1/connections/{id}"), update).is(200);
    let facts = lab.emulator.default_tenant().facts();
    assert!(facts.last().unwrap().fact.weight() > 4_096);
}

#[test]
fn texts_are_weighed_in_state_and_base() {
    let lab = Lab::with(Emulator::builder().tenant_memory(4 << 20).build());
    lab.settings(json!({"throttle": "off"}));
    let create = |n: usize| {
        let mut connection = connection_to(&"x".repeat(4_096));
        connection["displayName"] = format!("c{n}").into();
        lab.post("/v1/connections", connection).status
    };
    let count = (0..1_000).find(|n| create(*n) != 201).expect("the tenant is full");
    // State and base have a copy each.
    assert!((300..480).contains(&count), "{count}");
}

#[test]
fn full_tenant_answers_reads_and_accepts_deletions() {
    let lab = Lab::with(Emulator::builder().tenant_memory(2 << 20).build());
    lab.settings(json!({"throttle": "off"}));
    let workspace = lab.workspace();
    let (count, rejection) = fill(&lab, &workspace);
    // 100 kB are 133 kB in Base64. The rest of the memory is for the connections, and all other state.
    assert!((10..16).contains(&count), "{count}");
    let message = rejection.body()["message"].as_str().unwrap().to_owned();
    assert!(
        message.starts_with("The tenant may store at most 2.0 MiB") && message.contains("--tenant-memory"),
        "{message}"
    );
    let databases = lab.get(&format!("{workspace}/mirroredDatabases")).is(200).body();
    assert_eq!(databases["value"].as_array().unwrap().len(), count);
    lab.user(BOB).get("/v1/workspaces").is(200);
    let first = databases["value"][0]["id"].as_str().unwrap();
    lab.delete(&format!("{workspace}/mirroredDatabases/{first}")).is(200);
    database(&lab, &workspace, "again", ("notes", 90_000)).is(201);
    let tenant = lab.emulator.default_tenant();
    assert!(tenant.replays());
    // Another tenant has memory of its own.
    lab.patch("/_emulator/settings?tenant=other", json!({"pageSize": 5})).is(200);
    // What one tenant deletes is free for another.
    lab.delete(&workspace).is(200);
    let token = token(&json!({"tid": STRANGER, "oid": BOB, "upn": "bob@example.com"}));
    let other = |method: &str, path: &str, body: Value| {
        lab.send(method, path, &[("authorization", &token), ("content-type", "application/json")], body.to_string())
    };
    let capacity = other("GET", "/v1/capacities", Value::Null).is(200).body()["value"][0]["id"].clone();
    let workspace = other("POST", "/v1/workspaces", json!({"displayName": "w", "capacityId": capacity})).is(201).id();
    let parts = [part("mirroring.json", &open_mirror().to_string()), part("notes", &"x".repeat(1_000_000))];
    let large = json!({"displayName": "large", "definition": {"parts": parts}});
    other("POST", &format!("/v1/workspaces/{workspace}/mirroredDatabases"), large).is(201);
}

#[test]
fn replaced_definitions_do_not_fill_a_tenant() {
    let lab = Lab::with(Emulator::builder().tenant_memory(2 << 20).build());
    lab.settings(json!({"throttle": "off"}));
    let workspace = lab.workspace();
    let id = database(&lab, &workspace, "replaced", ("notes", 100_000)).is(201).id();
    let path = format!("{workspace}/mirroredDatabases/{id}");
    let parts = lab.post_empty(&format!("{path}/getDefinition")).is(200).body();
    for _ in 0..100 {
        lab.post(&format!("{path}/updateDefinition"), parts.clone()).is(200);
    }
    assert!(lab.emulator.default_tenant().replays());
}

#[test]
fn tenants_share_the_memory_of_the_emulator() {
    let lab = Lab::with(Emulator::builder().memory(2 << 20).journal(0).build());
    lab.settings(json!({"throttle": "off"}));
    let workspace = lab.workspace();
    let (_, rejection) = fill(&lab, &workspace);
    let message = rejection.body()["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("The tenants together may store") && message.contains("--memory"), "{message}");
    lab.patch("/_emulator/settings?tenant=other", json!({"pageSize": 5})).is(200);
    lab.post_empty("/_emulator/reset?tenant=*").is(200);
    lab.settings(json!({"throttle": "off"}));
    let workspace = lab.workspace();
    database(&lab, &workspace, "again", ("notes", 100_000)).is(201);
}

#[test]
fn idle_tenants_give_up_their_history_for_others() {
    let lab = Lab::with(Emulator::builder().memory(4 << 20).journal(0).build());
    lab.settings(json!({"throttle": "off"}));
    let workspace = lab.workspace();
    let id = database(&lab, &workspace, "updated", ("notes", 100_000)).is(201).id();
    let definition =
        json!({"parts": [part("mirroring.json", &open_mirror().to_string()), part("notes", &"y".repeat(100_000))]});
    for _ in 0..11 {
        let path = format!("{workspace}/mirroredDatabases/{id}/updateDefinition");
        lab.post(&path, json!({"definition": definition})).is(200);
    }
    let tenant = lab.emulator.default_tenant();
    assert!(tenant.facts().len() > 11);
    let token = token(&json!({"tid": STRANGER, "oid": BOB, "upn": "bob@example.com"}));
    let other = |path: &str, body: Value| {
        lab.send("POST", path, &[("authorization", &token), ("content-type", "application/json")], body.to_string())
    };
    let capacity = lab.send("GET", "/v1/capacities", &[("authorization", &token)], "").body()["value"][0]["id"].clone();
    let workspace = other("/v1/workspaces", json!({"displayName": "w", "capacityId": capacity})).is(201).id();
    let parts = [part("notebook-content.py", &"x".repeat(2_100_000))];
    let notebook = json!({"displayName": "large", "definition": {"parts": parts}});
    let created = other(&format!("/v1/workspaces/{workspace}/notebooks"), notebook);
    assert!(created.status.is_success(), "{}", created.text());
    assert!(tenant.facts().is_empty(), "the other tenant is compacted");
}

#[test]
fn export_has_a_maximum_size() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    for name in ["a", "b"] {
        database(&lab, &workspace, name, ("notes", 9 << 20)).is(201);
    }
    let path = format!("{workspace}/items/bulkExportDefinitions?beta=true");
    lab.post(&path, json!({"mode": "All"})).refuses(400, "InvalidInput");
}

#[test]
fn definition_with_the_maximum_number_of_parts_can_be_sent_back() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let parts = |count: usize| {
        let others = (1..count).map(|n| part(&format!("part{n}"), "x"));
        std::iter::once(part("mirroring.json", &open_mirror().to_string())).chain(others).collect::<Vec<_>>()
    };
    let create = |count| json!({"displayName": "parts", "definition": {"parts": parts(count)}});
    lab.post(&format!("{workspace}/mirroredDatabases"), create(1_001)).refuses(400, "InvalidDefinitionParts");
    let id = lab.post(&format!("{workspace}/mirroredDatabases"), create(1_000)).is(201).id();
    let path = format!("{workspace}/mirroredDatabases/{id}");
    let read = lab.post_empty(&format!("{path}/getDefinition")).is(200).body();
    assert_eq!(read["definition"]["parts"].as_array().unwrap().len(), 1_001);
    lab.post(&format!("{path}/updateDefinition?updateMetadata=true"), read).is(200);
}

#[test]
fn connection_parameters_are_given_once() {
    let lab = Lab::new();
    let mut twice = sql_connection("twice");
    let parameters = twice["connectionDetails"]["parameters"].as_array_mut().unwrap();
    let mut again = parameters[0].clone();
    again["name"] = again["name"].as_str().unwrap().to_uppercase().into();
    parameters.push(again);
    lab.post("/v1/connections", twice).refuses(400, "InvalidConnectionDetails");
}
#[test]
fn journals_count_towards_the_memory_of_the_emulator() {
    let lab = Lab::with(Emulator::builder().memory(1 << 20).build());
    for _ in 0..200 {
        lab.send("POST", "/v1/none", &[], "x".repeat(10_000));
    }
    let kept = lab.get("/_emulator/journal").is(200).bytes.len();
    assert!((10_000..(1 << 20)).contains(&kept), "{kept}");
}
