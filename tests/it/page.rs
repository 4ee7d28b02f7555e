//! The emulator's own page: its files, and its requests, which have the header `X-Specularite-Page: 1`.

use std::io::Read as _;
use std::path::Path;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use specularite::http::Arrival;
use specularite::{Auth, Emulator};
use tower::ServiceExt as _;

use crate::harness::{BOB, ENTRA, Lab, Reply, block_on};

const PAGE: (&str, &str) = ("x-specularite-page", "1");
/// The header that removes the token of a request.
const NO_TOKEN: (&str, &str) = ("authorization", "");

/// Sends a request of the page, without a token.
fn act(lab: &Lab, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    lab.send(method, path, &[&[PAGE, NO_TOKEN], headers].concat(), body)
}

fn list(lab: &Lab, headers: &[(&str, &str)]) -> Reply {
    act(lab, "GET", "/v1/workspaces", headers, &Value::Null)
}

fn journal(lab: &Lab) -> Vec<Value> {
    let lines = lab.get("/_emulator/journal").is(200).text();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn page_acts_as_the_default_user_without_a_token() {
    for auth in [Auth::Token, Auth::Strict] {
        let lab = Lab::with(Emulator::builder().auth(auth).build());
        act(&lab, "POST", "/v1/workspaces", &[], &json!({"displayName": "made by the page"})).is(201);
        let shown = list(&lab, &[]).is(200).body();
        assert_eq!(shown["value"].as_array().unwrap().len(), 2, "the workspace, and that of the user: {shown}");
        let last = journal(&lab).pop().unwrap();
        assert_eq!((&last["principal"], &last["status"], &last["fault"]), (&json!("page"), &json!(200), &Value::Null));
        // A token beside the header does not matter.
        let token = format!("Bearer {}", lab.user(BOB).token);
        lab.send("GET", "/v1/workspaces", &[PAGE, ("authorization", &token)], "").is(200);
        assert_eq!(journal(&lab).pop().unwrap()["principal"], "page");
    }
    let lab = Lab::new();
    act(&lab, "POST", "/v1/workspaces", &[], &json!({"displayName": "of both"})).is(201);
    assert_eq!(lab.get("/v1/workspaces").body()["value"][1]["displayName"], "of both", "an opaque token is that user");
}

#[test]
fn page_selects_its_tenant_in_the_query() {
    let lab = Lab::new();
    let of = |tenant: &str, method: &str, body: &Value| {
        act(&lab, method, &format!("/v1/workspaces?tenant={tenant}"), &[], body)
    };
    of("team", "POST", &json!({"displayName": "of the team"})).is(201);
    assert_eq!(of("team", "GET", &Value::Null).is(200).body()["value"][1]["displayName"], "of the team");
    assert!(!list(&lab, &[]).is(200).text().contains("of the team"));
    of("*", "GET", &Value::Null).refuses(400, "InvalidInput");
    // The query selects no tenant for other requests.
    assert!(!lab.get("/v1/workspaces?tenant=team").is(200).text().contains("of the team"));
}

#[test]
fn page_neither_steps_the_clock_nor_is_throttled() {
    let lab = Lab::new();
    lab.settings(json!({"throttle": "tight"}));
    lab.post("/_emulator/clock", json!({"mode": "stepped", "step": 5})).is(200);
    let now = || lab.get("/_emulator/clock").body()["now"].clone();
    let before = now();
    (0..30).for_each(|_| drop(list(&lab, &[]).is(200)));
    assert_eq!(now(), before);
    // The requests of the page take nothing from the limits of others.
    lab.post("/_emulator/clock", json!({"mode": "manual"})).is(200);
    (0..10).for_each(|_| drop(lab.get("/v1/workspaces").is(200)));
    lab.get("/v1/workspaces").refuses(429, "RequestBlocked");
    list(&lab, &[]).is(200);
}

#[test]
fn page_is_struck_only_by_rules_that_name_it() {
    let lab = Lab::new();
    let fail = |matches: Value| {
        let effect = json!({"answer": {"status": 503, "errorCode": "ServiceUnavailable"}});
        lab.post("/_emulator/faults", json!({"match": matches, "effect": effect})).is(201).body()
    };
    let struck = |rule: &Value| {
        let rule = lab.get(&format!("/_emulator/faults/{}", rule["id"].as_str().unwrap())).body();
        (rule["matched"].clone(), rule["struck"].clone())
    };
    let others = [json!({}), json!({"operation": "Workspaces_*"}), json!({"principal": "*"})].map(fail);
    list(&lab, &[]).is(200);
    let of_page = fail(json!({"principal": "page"}));
    list(&lab, &[]).is(503);
    assert_eq!(struck(&of_page), (json!(1), json!(1)));
    assert!(others.iter().all(|rule| struck(rule) == (json!(0), json!(0))));
    // A rejected request is not one of the page, and is not counted.
    list(&lab, &[("origin", "https://evil.example")]).refuses(403, "Forbidden");
    assert_eq!(struck(&of_page), (json!(1), json!(1)));
    lab.get("/v1/workspaces").is(503);
}

#[test]
fn page_header_is_rejected_where_the_control_interface_is() {
    let lab = Lab::new();
    let before = journal(&lab).len();
    let check = |headers: &[(&str, &str)], is_accepted: bool| {
        let (act, control) = (list(&lab, headers), lab.send("GET", "/_emulator/clock", headers, ""));
        assert_eq!((act.status, control.status.as_u16()), (control.status, if is_accepted { 200 } else { 403 }));
        if !is_accepted {
            let act = act.refuses(403, "Forbidden");
            assert!(act.header("x-emulator-note").is_some(), "{headers:?}");
        }
    };
    check(&[("host", "localhost:7310"), ("origin", "http://localhost:7310")], true);
    check(&[("sec-fetch-site", "same-origin")], true);
    check(&[("origin", "http://127.0.0.1:8080")], false);
    check(&[("origin", "null")], false);
    check(&[("origin", "https://evil.example")], false);
    check(&[("sec-fetch-site", "cross-site")], false);
    // DNS rebinding: the name of the page resolves to this machine.
    check(&[("host", "evil.example:7310")], false);
    check(&[("host", "evil.example:7310"), ("origin", "http://evil.example:7310")], false);
    check(&[("host", "api.fabric.microsoft.com")], false);
    assert_eq!(journal(&lab).len(), before + 2, "rejected requests are not recorded");
}

/// A page of another origin must ask before it may send the header: the answer allows it nothing.
#[test]
fn preflight_of_other_origins_allows_nothing() {
    let lab = Lab::new();
    for path in ["/v1/workspaces", "/_emulator/clock"] {
        let headers = [
            ("origin", "https://evil.example"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "x-specularite-page"),
        ];
        let reply = lab.send("OPTIONS", path, &headers, "");
        assert!(!reply.status.is_success(), "{path}: {}", reply.status);
        assert!(!reply.headers.keys().any(|name| name.as_str().starts_with("access-control-allow")), "{path}");
    }
}

#[test]
fn other_values_of_the_page_header_have_no_effect() {
    let lab = Lab::new();
    for value in ["0", "true", ""] {
        lab.send("GET", "/v1/workspaces", &[("x-specularite-page", value), NO_TOKEN], "").refuses(401, "Unauthorized");
    }
}

/// The files of the page: their paths and their contents.
fn files() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/page");
    let file = |entry: std::fs::DirEntry| {
        (format!("/page/{}", entry.file_name().to_str().unwrap()), std::fs::read(entry.path()).unwrap())
    };
    let mut files: Vec<_> = folder.read_dir().unwrap().map(|entry| file(entry.unwrap())).collect();
    files.push(("/".to_owned(), std::fs::read(folder.join("index.html")).unwrap()));
    files
}

#[test]
fn page_files_are_served_with_their_headers() {
    let lab = Lab::new();
    for (path, content) in files() {
        let media = match path.rsplit_once('.') {
            Some((_, "css")) => "text/css; charset=utf-8",
            Some((_, "js")) => "text/javascript; charset=utf-8",
            Some((_, "svg")) => "image/svg+xml; charset=utf-8",
            _ => "text/html; charset=utf-8",
        };
        let reply = lab.send("GET", &path, &[NO_TOKEN], "").is(200);
        assert_eq!(reply.bytes, content, "{path}");
        let length = content.len().to_string();
        for (name, value) in [
            ("content-type", media),
            ("content-length", &length),
            ("cache-control", "no-cache"),
            ("content-security-policy", "default-src 'self'"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "deny"),
            ("referrer-policy", "no-referrer"),
            ("vary", "accept-encoding"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{path} {name}");
        }
        let head = lab.send("HEAD", &path, &[], "").is(200);
        assert_eq!((head.header("content-length"), head.header("etag")), (Some(&*length), reply.header("etag")));
        assert!(head.bytes.is_empty(), "{path}");
    }
    assert_eq!(lab.get("/?tenant=other").is(200).header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(lab.emulator.tenants().len(), 1, "the page creates no tenant");
}

#[test]
fn page_files_are_compressed_for_clients_that_accept_gzip() {
    let lab = Lab::new();
    for (path, content) in files() {
        let packed = lab.send("GET", &path, &[("accept-encoding", "br, gzip")], "").is(200);
        assert_eq!((packed.header("content-encoding"), packed.header("vary")), (Some("gzip"), Some("accept-encoding")));
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&packed.bytes[..]).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, content, "{path}");
    }
}

#[test]
fn page_files_are_validated_by_their_hash() {
    let lab = Lab::new();
    let tag = lab.get("/").header("etag").unwrap().to_owned();
    assert!(tag.starts_with('"') && tag.len() > 30, "{tag}");
    assert_ne!(lab.get("/page/main.js").header("etag"), Some(&*tag), "another file has another validator");
    let check = |sent: &str, status: u16| {
        let headers = [("if-none-match", sent), ("accept-encoding", "gzip")];
        for method in ["GET", "HEAD"] {
            let reply = lab.send(method, "/", &headers, "").is(status);
            let (shown, media) = (reply.header("etag"), reply.header("content-type"));
            assert_eq!((shown, media.is_none()), (Some(&*tag), status == 304), "{sent}");
            assert_eq!(reply.header("content-encoding").is_none(), status == 304, "{sent}");
            assert!(status != 304 || reply.bytes.is_empty(), "{sent}");
            assert_eq!(
                (reply.header("cache-control"), reply.header("vary")),
                (Some("no-cache"), Some("accept-encoding"))
            );
        }
    };
    check(&tag, 304);
    check(&format!("W/{tag}"), 304);
    check(&format!("\"other\", {tag}"), 304);
    check("*", 304);
    check("\"other\"", 200);
    check(tag.trim_matches('"'), 200);
    check("", 200);
}

#[test]
fn page_rejects_other_methods_and_unknown_files() {
    let lab = Lab::new();
    for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"] {
        for path in ["/", "/page/main.js"] {
            let reply = lab.send(method, path, &[], vec![b' '; 2 << 20]).refuses(405, "MethodNotAllowed");
            assert_eq!(reply.header("allow"), Some("GET, HEAD"), "{method} {path}");
        }
    }
    for path in
        ["/page/", "/page/none.js", "/page/main.js/", "/page/../main.rs", "/page/%2e%2e/main.rs", "/page/MAIN.JS"]
    {
        let reply = lab.get(path).refuses(404, "EndpointNotFound");
        assert_eq!(reply.header("content-type"), Some("application/json; charset=utf-8"), "{path}");
        lab.post_empty(path).refuses(404, "EndpointNotFound");
    }
}

#[test]
fn page_is_served_where_the_control_interface_is() {
    let lab = Lab::with(Emulator::builder().allowed_hosts(["fabric.test"]).build());
    let check = |headers: &[(&str, &str)], status: u16| {
        let control = lab.send("GET", "/_emulator/health", headers, "").is(status);
        for path in ["/", "/page/main.js", "/page/none.js"] {
            let reply = lab.send("GET", path, headers, "");
            if status == 200 {
                assert_eq!(reply.status.as_u16(), if path.ends_with("none.js") { 404 } else { 200 }, "{headers:?}");
            } else {
                let reply = reply.refuses(status, "Forbidden");
                assert!(reply.header("x-emulator-note").is_some(), "{headers:?}");
                assert_eq!(reply.header("x-emulator-note"), control.header("x-emulator-note"), "{headers:?}");
            }
        }
    };
    check(&[("host", "localhost:7310"), ("origin", "http://localhost:7310")], 200);
    check(&[("host", "specularite:7310"), ("sec-fetch-site", "same-origin")], 200);
    check(&[("host", "fabric.test"), ("sec-fetch-site", "none")], 200);
    check(&[("sec-fetch-site", "cross-site")], 403);
    check(&[("origin", "https://evil.example")], 403);
    check(&[("origin", "null")], 403);
    // DNS rebinding: the name of the page resolves to this machine.
    check(&[("host", "evil.example:7310")], 403);
    check(&[("host", "evil.example:7310"), ("origin", "http://evil.example:7310")], 403);

    let status_for = |peer: &str| {
        let (peer, local) = (peer.parse().unwrap(), "127.0.0.1:7310".parse().unwrap());
        let arrival = Arrival { peer, local, scheme: "http", tenant: None, in_tunnel: false };
        let request = Request::get("/").header("host", "127.0.0.1:7310").extension(arrival).body(Body::empty());
        let router = specularite::router(lab.emulator.clone());
        block_on(router.oneshot(request.unwrap())).unwrap().status().as_u16()
    };
    assert_eq!((status_for("127.0.0.1:1"), status_for("192.0.2.1:1")), (200, 403));
}

/// The paths of the page belong to the services under their host names.
#[test]
fn page_is_not_served_under_emulated_hosts() {
    let lab = Lab::new();
    for path in ["/", "/page/main.js"] {
        lab.send("GET", path, &[("host", "api.fabric.microsoft.com")], "").refuses(404, "EndpointNotFound");
        for host in [ENTRA, ("host", "management.azure.com"), ("host", "onelake.dfs.fabric.microsoft.com")] {
            let reply = lab.send("GET", path, &[host], "");
            assert!(!reply.status.is_success() && reply.header("content-security-policy").is_none(), "{host:?} {path}");
        }
    }
}

#[test]
fn page_loads_leave_no_trace() {
    let [lab, other] = [Lab::new(), Lab::new()];
    lab.post("/_emulator/clock", json!({"mode": "stepped", "step": 5})).is(200);
    other.post("/_emulator/clock", json!({"mode": "stepped", "step": 5})).is(200);
    for path in ["/", "/page/main.js", "/page/none.js"] {
        lab.send("GET", path, &[], "");
        lab.send("POST", path, &[], "");
        lab.send("GET", path, &[("host", "evil.example"), ("origin", "http://evil.example")], "").is(403);
    }
    assert_eq!(journal(&lab), [] as [Value; 0]);
    let [seen, expected] = [lab, other].map(|lab| lab.get("/v1/workspaces").is(200).whole());
    assert_eq!(seen, expected, "request ids and clock are those of an emulator without a page");
}
