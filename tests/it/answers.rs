//! What all answers have in common: headers, refusals, malformed requests.

use std::io::{Read as _, Write as _};

use serde_json::json;

use crate::lab::{Lab, block_on, open_mirror};

const NOWHERE: &str = "00000000-1111-4222-8333-444444444444";

#[test]
fn malformed_requests_are_refused_in_fabrics_shape() {
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
        ("GET", "/", &[], "", 404, "EndpointNotFound"),
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
fn a_refusal_looks_as_the_service_writes_it() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    insta::assert_snapshot!(
        "refusal",
        lab.get(&format!("{workspace}/items/{NOWHERE}")).refuses(404, "EntityNotFound").whole()
    );
    insta::assert_snapshot!(
        "not_emulated",
        lab.get(&format!("{workspace}/git/status")).refuses(501, "NotEmulated").whole()
    );
    insta::assert_snapshot!(
        "wrong_method",
        lab.get(&format!("{workspace}/mirroredDatabases/{NOWHERE}/getMirroringStatus"))
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
fn a_body_where_none_is_read_does_not_matter() {
    let lab = Lab::new();
    let mirror = lab.shop();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    lab.send("GET", &mirror, &form, "\"{}\"").is(200);
    lab.send("POST", &format!("{mirror}/getMirroringStatus"), &form, "\"{}\"").is(200);
    lab.send("DELETE", &mirror, &form, "\"{}\"").is(200);
}

#[test]
fn answers_are_packed_for_those_who_take_it_but_not_all() {
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
fn lists_are_walked_page_by_page_while_others_write() {
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

/// Over a socket: what is refused before its body matters is read all the same, or the next request would be lost.
#[test]
fn a_connection_goes_on_after_a_refusal() {
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
    let mut told = String::new();
    stream.read_to_string(&mut told).unwrap();
    let statuses: Vec<&str> =
        told.lines().filter_map(|line| line.split_once("HTTP/1.1 ")).map(|(_, status)| &status[..3]).collect();
    assert_eq!(statuses, ["401", "200"], "{told}");
}
