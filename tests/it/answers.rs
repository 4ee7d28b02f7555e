//! Rules for all responses: headers, errors, compression, paging.

use std::io::{Read as _, Write as _};

use serde_json::{Value, json};

use crate::harness::{Lab, MISSING, block_on, open_mirror};

#[test]
fn malformed_requests_get_errors_in_fabrics_format() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let mirrors = format!("{workspace}/mirroredDatabases");
    let json_type = [("content-type", "application/json")];
    let deep = format!("{{\"displayName\":{}", "[".repeat(10_000));
    for (method, path, headers, body, status, code) in [
        ("POST", &*mirrors, &json_type[..], "{", 400, "InvalidInput"),
        ("POST", &mirrors, &json_type, "[]", 400, "InvalidInput"),
        ("POST", &mirrors, &json_type, "\"{}\"", 400, "InvalidInput"),
        ("POST", &mirrors, &json_type, "", 400, "InvalidInput"),
        ("POST", &mirrors, &json_type, &deep, 400, "InvalidInput"),
        ("POST", &mirrors, &json_type, r#"{"displayName": 5}"#, 400, "InvalidInput"),
        ("POST", &mirrors, &[("content-type", "text/plain")], "{}", 415, "UnsupportedMediaType"),
        ("GET", "/v1/workspaces/not-an-id", &[], "", 400, "InvalidInput"),
        ("GET", "/v1/workspaces/%00%ff", &[], "", 400, "InvalidInput"),
        ("GET", "/v1/capacities?continuationToken=garbage", &[], "", 400, "InvalidContinuationToken"),
        ("PUT", "/v1/workspaces", &[], "", 405, "MethodNotAllowed"),
        ("HEAD", "/v1/no", &[], "", 404, "EndpointNotFound"),
        ("GET", "/nothing", &[], "", 404, "EndpointNotFound"),
        ("GET", "/_emulator/nothing", &[], "", 404, "EndpointNotFound"),
        ("PUT", "/_emulator/reset", &[], "", 405, "MethodNotAllowed"),
        ("GET", "/v1/workspaces", &[("authorization", "")], "", 401, "Unauthorized"),
    ] {
        let reply = lab.send(method, path, headers, body);
        assert_eq!(reply.status.as_u16(), status, "{method} {path} {}", reply.text());
        assert_eq!(reply.header("x-ms-public-api-error-code"), Some(code), "{method} {path}");
        assert_eq!(reply.header("content-type"), Some("application/json; charset=utf-8"));
    }
    let large = vec![b' '; (16 << 20) + 1];
    lab.send("POST", &mirrors, &json_type, large).refuses(413, "InvalidPayloadSize");
    assert_eq!(lab.get(&mirrors).body(), json!({"value": []}));
}

#[test]
fn error_responses_match_the_service() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    insta::assert_snapshot!(
        "refusal",
        lab.get(&format!("{workspace}/items/{MISSING}")).refuses(404, "EntityNotFound").whole()
    );
    insta::assert_snapshot!(
        "not_emulated",
        lab.get(&format!("{workspace}/monitoringItems")).refuses(501, "NotEmulated").whole()
    );
    insta::assert_snapshot!(
        "wrong_method",
        lab.get(&format!("{workspace}/mirroredDatabases/{MISSING}/getMirroringStatus"))
            .refuses(405, "MethodNotAllowed")
            .whole()
    );
    insta::assert_snapshot!(
        "no_token",
        lab.send("GET", "/v1/workspaces", &[("authorization", "Bearer $TOKEN")], "")
            .refuses(401, "Unauthorized")
            .whole()
    );
}

#[test]
fn unexpected_bodies_are_ignored() {
    let lab = Lab::new();
    let mirror = lab.shop();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    lab.send("GET", &mirror, &form, "\"{}\"").is(200);
    lab.send("POST", &format!("{mirror}/getMirroringStatus"), &form, "\"{}\"").is(200);
    lab.send("DELETE", &mirror, &form, "\"{}\"").is(200);
}

#[test]
fn gzip_is_applied_on_request_but_not_to_mirroring_calls() {
    let lab = Lab::new();
    let mirror = lab.shop();
    let gzip = [("accept-encoding", "gzip, deflate")];
    let packed = lab.send("GET", &mirror, &gzip, "");
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(&packed.bytes[..2], [0x1f, 0x8b]);
    let mut unpacked = String::new();
    flate2::read::GzDecoder::new(&packed.bytes[..]).read_to_string(&mut unpacked).unwrap();
    assert_eq!(unpacked, lab.get(&mirror).text());
    assert_eq!(lab.send("POST", &format!("{mirror}/getMirroringStatus"), &gzip, "").header("content-encoding"), None);
}

#[test]
fn list_continues_in_order_while_items_change() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    lab.settings(json!({"pageSize": 2}));
    let list = format!("{workspace}/mirroredDatabases");
    let mirrors: Vec<String> =
        ["a", "b", "c", "d", "e"].iter().map(|name| lab.mirror(&workspace, name, &open_mirror())).collect();
    let first = lab.get(&format!("{list}?recursive=true")).body();
    let uri = first["continuationUri"].as_str().unwrap();
    assert!(uri.starts_with(&format!("http://127.0.0.1:7310{list}?recursive=true&continuationToken=")), "{uri}");
    lab.delete(&mirrors[1]).is(200);
    lab.delete(&mirrors[2]).is(200);
    lab.mirror(&workspace, "f", &open_mirror());
    let second = lab.get(uri.strip_prefix("http://127.0.0.1:7310").unwrap()).body();
    let names: Vec<&str> =
        second["value"].as_array().unwrap().iter().map(|item| item["displayName"].as_str().unwrap()).collect();
    assert_eq!(names, ["d", "e"]);
}

/// Over a socket. The body of a rejected request is still read, otherwise the next request would be lost.
#[test]
fn keep_alive_survives_an_early_error() {
    let lab = Lab::new();
    let running = block_on(specularite::server::start(lab.emulator.clone())).unwrap();
    let mut stream = std::net::TcpStream::connect(running.address()).unwrap();
    let large = "x".repeat(4 << 20);
    let refused =
        format!("POST /v1/workspaces HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{large}", large.len());
    stream.write_all(refused.as_bytes()).unwrap();
    stream
        .write_all(
            b"GET /v1/capacities HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\nConnection: close\r\n\r\n",
        )
        .unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    let statuses: Vec<&str> =
        answers.lines().filter_map(|line| line.split_once("HTTP/1.1 ")).map(|(_, status)| &status[..3]).collect();
    assert_eq!(statuses, ["401", "200"], "{answers}");
}

fn next_page(lab: &Lab, path: &str, page: &Value) -> Value {
    lab.get(&format!("{path}?continuationToken={}", page["continuationToken"].as_str().unwrap())).is(200).body()
}

/// One member of every element of a page.
fn members(page: &Value, member: &str) -> Vec<Value> {
    page["value"].as_array().unwrap().iter().map(|it| it[member].clone()).collect()
}

#[test]
fn shortcut_list_continues_after_changes_to_the_first_page() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    lab.settings(json!({"pageSize": 2}));
    let lakehouse = lab.post(&format!("{workspace}/lakehouses"), json!({"displayName": "l"})).is(201).id();
    let shortcuts = format!("{workspace}/items/{lakehouse}/shortcuts");
    let target = json!({"oneLake": {"workspaceId": MISSING, "itemId": MISSING, "path": "Tables/t"}});
    let body = |name: &str| json!({"path": "Files", "name": name, "target": target});
    for name in ["a", "b", "c", "d"] {
        lab.post(&shortcuts, body(name)).is(201);
    }
    let page = lab.get(&shortcuts).is(200).body();
    lab.delete(&format!("{shortcuts}/Files/a")).is(200);
    lab.post(&format!("{shortcuts}?shortcutConflictPolicy=CreateOrOverwrite"), body("b")).is(200);
    assert_eq!(members(&next_page(&lab, &shortcuts, &page), "name"), ["c", "d"]);
}

#[test]
fn connection_role_list_continues_after_a_deletion_on_the_first_page() {
    let lab = Lab::unthrottled();
    lab.settings(json!({"pageSize": 2}));
    let roles = format!("/v1/connections/{}/roleAssignments", lab.connection());
    let users: Vec<String> = (1..4).map(|n| format!("00000000-0000-4000-8000-00000000002{n}")).collect();
    for id in &users {
        lab.add_principals(&[(id, "User")]);
        lab.post(&roles, json!({"principal": {"id": id, "type": "User"}, "role": "User"})).is(201);
    }
    let page = lab.get(&roles).is(200).body();
    lab.delete(&format!("{roles}/{}", users[0])).is(200);
    assert_eq!(members(&next_page(&lab, &roles, &page), "id"), [json!(users[1]), json!(users[2])]);
}

#[test]
fn catalog_search_continues_after_a_deletion_on_the_first_page() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    for name in ["x1", "x2", "x3", "x4"] {
        lab.post(&format!("{workspace}/reflexes"), json!({"displayName": name})).is(201);
    }
    let search = |token: &Value| {
        let body = json!({"search": "x", "pageSize": 2, "continuationToken": token});
        lab.post("/v1/catalog/search", body).is(200).body()
    };
    let page = search(&Value::Null);
    assert_eq!(members(&page, "displayName"), ["x1", "x2"]);
    lab.delete(&format!("{workspace}/items/{}", page["value"][0]["id"].as_str().unwrap())).is(200);
    assert_eq!(members(&search(&page["continuationToken"]), "displayName"), ["x3", "x4"]);
}
