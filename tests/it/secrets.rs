//! Secrets: wherever a client sends one and however it is encoded, the journal and the log do not contain it.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use specularite::fabric::access::DEFAULT_TENANT;
use specularite::journal::{Entry, Exchange, Shown};

use crate::harness::{ENTRA, Lab, STRANGER, base64, part, sql_connection};
use crate::log::logged;

/// The planted secret. Its first part is searched for, so that a beginning of the secret is found too.
const SECRET: &str = "Pl4ntedS3cret!~x/y";
const BEGINNING: &str = "Pl4nted";
const TOKEN_PATH: &str = "/common/oauth2/v2.0/token";

fn percent(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Percent-encodes every byte.
fn percent_all(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[track_caller]
fn assert_hidden(text: &str, place: &str) {
    let escaped: String = BEGINNING.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    for form in [
        BEGINNING.to_owned(),
        BEGINNING.to_lowercase(),
        BEGINNING.to_uppercase(),
        percent_all(BEGINNING),
        percent(&percent_all(BEGINNING)),
        escaped,
        STANDARD.encode(SECRET),
        URL_SAFE_NO_PAD.encode(SECRET),
    ] {
        assert!(!text.contains(&form), "{place}: {form} in {text}");
    }
}

/// Sends a request, and asserts that the journal and the log contain it without the secret.
#[track_caller]
fn check(lab: &Lab, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) {
    let body = body.into();
    let place = format!("{method} {path} {headers:?} {}", String::from_utf8_lossy(&body));
    lab.delete("/_emulator/journal?tenant=*").is(200);
    let log = logged(|| drop(lab.send(method, path, headers, body)));
    assert_hidden(&format!("{log:?}"), &place);
    let kept = lab.get("/_emulator/journal?tenant=*").is(200).text();
    assert_eq!(kept.lines().count(), 1, "{place}: {kept}");
    assert_hidden(&kept, &place);
}

/// A text in every encoding of a body.
fn encodings(text: &str) -> Vec<Vec<u8>> {
    let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    vec![
        text.into(),
        format!("{text}\r\n").into(),
        [b"\xEF\xBB\xBF", text.as_bytes()].concat(),
        [b"\xFF\xFE", &le[..]].concat(),
        [b"\xFE\xFF", &be[..]].concat(),
        le,
        be,
    ]
}

/// Changes the names of all members.
fn renamed(value: &Value, rename: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members.iter().map(|(name, value)| (rename(name), renamed(value, rename))).collect::<Map<_, _>>(),
        ),
        Value::Array(values) => values.iter().map(|value| renamed(value, rename)).collect(),
        other => other.clone(),
    }
}

/// Replaces the secret by a value of another type.
fn retyped(value: &Value, by: &Value) -> Value {
    match value {
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), retyped(value, by))).collect())
        }
        Value::Array(values) => values.iter().map(|value| retyped(value, by)).collect(),
        Value::String(text) if text == SECRET => by.clone(),
        other => other.clone(),
    }
}

/// Escapes every letter in the strings of a document.
fn escaped(json: &Value) -> String {
    let mut in_string = false;
    let escape = |c: char| {
        in_string ^= c == '"';
        if in_string && c.is_ascii_alphanumeric() { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }
    };
    json.to_string().chars().map(escape).collect()
}

/// The variants of a document, each in every encoding.
fn documents(json: &Value) -> Vec<Vec<u8>> {
    let text = json.to_string();
    let kebab = |name: &str| name.chars().map(|c| if c.is_uppercase() { format!("-{c}") } else { c.into() }).collect();
    let mut texts = vec![
        text.clone(),
        format!("{json:#}"),
        escaped(json),
        renamed(json, &str::to_uppercase).to_string(),
        renamed(json, &kebab).to_string(),
        json!([json]).to_string(),
        json!(text).to_string(),
        // Not JSON.
        text[..text.len() - 1].to_owned(),
        text[..text.find(SECRET).map_or(1, |at| at + SECRET.len())].to_owned(),
        escaped(json)[1..].to_owned(),
        percent(&text),
    ];
    for by in [json!([SECRET]), json!({"v": SECRET}), json!([{"v": [SECRET]}])] {
        texts.push(retyped(json, &by).to_string());
    }
    texts.iter().flat_map(|text| encodings(text)).collect()
}

fn check_json(lab: &Lab, method: &str, path: &str, json: &Value) {
    assert!(json.to_string().contains(SECRET));
    for body in documents(json) {
        check(lab, method, path, &[("content-type", "application/json")], body);
    }
}

fn connection(credentials: Value) -> Value {
    let mut body = sql_connection("planted");
    body["credentialDetails"]["credentials"] = credentials;
    body
}

#[test]
fn secrets_of_connections_are_hidden() {
    let lab = Lab::unthrottled();
    let id = lab.connection();
    for credentials in [
        json!({"credentialType": "Basic", "username": "u", "password": SECRET}),
        json!({"credentialType": "Key", "key": SECRET}),
        json!({"credentialType": "KeyPair", "identifier": "i", "privateKey": SECRET, "passphrase": SECRET}),
        json!({"credentialType": "ServicePrincipal", "tenantId": STRANGER, "servicePrincipalClientId": STRANGER, "servicePrincipalSecret": SECRET}),
        json!({"credentialType": "SharedAccessSignature", "token": format!("?sv=1&sig={SECRET}")}),
        json!({"credentialType": "SharedAccessSignature", "token": SECRET}),
        json!({"credentialType": "Windows", "username": "u", "password": SECRET, "other": SECRET}),
        json!({"credentialType": "Basic", "values": [{"gatewayId": STRANGER, "encryptedCredentials": SECRET}]}),
        json!([SECRET]),
        json!(SECRET),
    ] {
        check_json(&lab, "POST", "/v1/connections", &connection(credentials.clone()));
        let update = json!({"connectivityType": "ShareableCloud", "credentialDetails": {"credentials": credentials}});
        check_json(&lab, "PATCH", &format!("/v1/connections/{id}"), &update);
    }
    check_json(&lab, "POST", &format!("/v1/connections/{id}/testConnection"), &json!({"password": SECRET}));
}

#[test]
fn secrets_of_connection_details_are_hidden() {
    let lab = Lab::unthrottled();
    let details = |name: &str, value: &str| {
        let mut body = sql_connection("planted");
        body["connectionDetails"]["parameters"][0] = json!({"dataType": "Text", "name": name, "value": value});
        body
    };
    check_json(&lab, "POST", "/v1/connections", &details("password", SECRET));
    check_json(&lab, "POST", "/v1/connections", &details("Api Key", SECRET));
    for value in [
        format!("Server=s;Password={SECRET};Database=d"),
        format!("Server=s;pwd = \"{SECRET};x\";Database=d"),
        format!("AccountName=a;AccountKey={SECRET}"),
        format!("https://h/a?sv=1&sig={}", percent(SECRET)),
        format!("https://u:{}@h/a", percent(SECRET)),
        format!("{{\"password\":\"{SECRET}\"}}"),
        percent(&format!("password={SECRET}")),
    ] {
        for body in [details("server", &value), details("x", &value)] {
            check(&lab, "POST", "/v1/connections", &[("content-type", "application/json")], body.to_string());
        }
    }
}

/// The service of Timelog has a password among its parameters, and the path of a connection consists of parameters.
#[test]
fn path_of_connection_contains_no_password() {
    let lab = Lab::new();
    let values = [
        ("SiteCode", "s"),
        ("ApiID", "i"),
        ("ApiPassword", SECRET),
        ("URLAccountName", "u"),
        ("DefaultNumberAccount", "d"),
        ("CurrentMonthOnly", "c"),
    ];
    let parameters: Vec<Value> =
        values.iter().map(|(name, value)| json!({"dataType": "Text", "name": name, "value": value})).collect();
    let body = json!({
        "connectivityType": "ShareableCloud", "displayName": "timelog", "privacyLevel": "None",
        "connectionDetails": {"type": "Timelog", "creationMethod": "Timelog.Tables", "parameters": parameters},
        "credentialDetails": {"singleSignOnType": "None", "connectionEncryption": "NotEncrypted", "skipTestConnection": false,
            "credentials": {"credentialType": "Anonymous"}},
    });
    let answer = lab.post("/v1/connections", body).is(201);
    assert_eq!(answer.body()["connectionDetails"]["path"], "s;i;***;u;d;c");
    assert_hidden(&lab.get("/_emulator/journal").text(), "Timelog");
    assert_hidden(&format!("{:?}", lab.emulator.default_tenant().facts()), "facts");
}

#[test]
fn secrets_of_definitions_are_hidden() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    for text in [
        json!({"properties": {"source": {"typeProperties": {"password": SECRET}}}}).to_string(),
        format!("Server=s;Password={SECRET}"),
        format!("password: {SECRET}\nother: 1"),
    ] {
        let body = json!({"displayName": "m", "definition": {"parts": [part("mirroring.json", &text)]}});
        check(&lab, "POST", &format!("{workspace}/mirroredDatabases"), &[], body.to_string());
        lab.post(&format!("{workspace}/mirroredDatabases"), body);
        let kept = lab.get("/_emulator/journal").text();
        assert!(!kept.contains(&base64(&text)) && !kept.contains(&STANDARD.encode(&text)));
        // Fabric rejects other forms of base64, and the journal must know them all the same.
        let encoded = STANDARD.encode(&text);
        let wrapped = encoded.as_bytes().chunks(20).map(|line| std::str::from_utf8(line).unwrap()).collect::<Vec<_>>();
        for payload in [URL_SAFE_NO_PAD.encode(&text), wrapped.join("\n"), encoded.trim_end_matches('=').to_owned()] {
            let part = json!({"path": "mirroring.json", "payload": payload, "payloadType": "InlineBase64"});
            let body = json!({"displayName": "m", "definition": {"parts": [part]}});
            lab.delete("/_emulator/journal").is(200);
            lab.post(&format!("{workspace}/mirroredDatabases"), body).is(400);
            let kept = lab.get("/_emulator/journal").text();
            assert!(kept.contains("payload") && !kept.contains(&payload.escape_default().to_string()), "{kept}");
        }
    }
}

#[test]
fn secrets_in_other_forms_are_hidden() {
    let lab = Lab::unthrottled();
    for body in [
        json!({"parameterName": "password", "parameterValue": SECRET}),
        json!({"dataType": "Password", "name": "x", "value": SECRET}),
        json!({"secretValue": SECRET, "clientSecretValue": [SECRET]}),
        json!({"command": format!("curl -H 'Authorization: Basic {SECRET}' -H \"x-api-key: {SECRET}\"")}),
        json!({"text": format!("{{user: a, password: {SECRET}}}")}),
    ] {
        check(&lab, "POST", "/v1/connections", &[("content-type", "application/json")], body.to_string());
    }
}

#[test]
fn secrets_of_token_requests_are_hidden() {
    let lab = Lab::unthrottled();
    let media = [("content-type", "application/x-www-form-urlencoded"), ENTRA, ("authorization", "")];
    for (grant, name) in [
        ("client_credentials", "client_secret"),
        ("client_credentials", "client_assertion"),
        ("password", "password"),
        ("refresh_token", "refresh_token"),
        ("authorization_code", "code"),
        ("authorization_code", "code_verifier"),
        ("urn:ietf:params:oauth:grant-type:device_code", "device_code"),
        ("urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion"),
    ] {
        let form = |name: &str, value: &str| {
            format!("client_id={STRANGER}&{name}={value}&username=u&scope=openid&grant_type={}", percent(grant))
        };
        let value = percent(SECRET);
        for text in [
            form(name, &value),
            form(name, SECRET),
            form(name, &percent(&value)),
            form(&name.to_uppercase(), &value),
            form(&name.replace('_', "-"), &value),
            form(&percent_all(name), &value),
            form(&percent(&percent_all(name)), &value),
            format!("{}&{name}={value}", form("scope", "x")),
            form(name, &value).replace('&', ";"),
            form(name, &value).replace('&', "&\n"),
        ] {
            for body in encodings(&text) {
                check(&lab, "POST", TOKEN_PATH, &media, body);
            }
            check(&lab, "GET", &format!("{TOKEN_PATH}?{}", text.replace('\n', "")), &media, "");
        }
        for body in documents(&json!({"grant_type": grant, name: SECRET})) {
            // In JSON, `code` and `device_code` are no names of secrets.
            if !["code", "code_verifier", "device_code"].contains(&name) {
                check(&lab, "POST", TOKEN_PATH, &media, body);
            }
        }
    }
}

#[test]
fn secrets_in_headers_are_hidden() {
    let lab = Lab::unthrottled();
    let basic = format!("Basic {}", STANDARD.encode(format!("{STRANGER}:{SECRET}")));
    let form = "grant_type=client_credentials&scope=x";
    check(&lab, "POST", TOKEN_PATH, &[ENTRA, ("authorization", &basic)], form);
    for authorization in [
        format!("Bearer {SECRET}"),
        format!("bearer {SECRET}"),
        format!("Bearer ${SECRET}"),
        format!("Bearer <{SECRET}>"),
        format!("Bearer eyJ{SECRET}"),
        format!("Basic {SECRET}"),
        format!("SharedAccessSignature sig={SECRET}"),
        SECRET.to_owned(),
        basic,
    ] {
        check(&lab, "GET", "/v1/workspaces", &[("authorization", &authorization)], "");
    }
    for name in ["proxy-authorization", "cookie", "x-ms-authorization-auxiliary", "x-api-key"] {
        check(&lab, "GET", "/v1/workspaces", &[(name, SECRET)], "");
    }
    for name in ["x-identity-header", "secret"] {
        check(&lab, "GET", "/msi/token?resource=https%3A%2F%2Fapi.fabric.microsoft.com", &[(name, SECRET)], "");
        check(&lab, "GET", "/msi/token", &[(name, SECRET)], "");
    }
    check(&lab, "GET", &format!("http://user:{}@api.fabric.microsoft.com/v1/workspaces", percent(SECRET)), &[], "");
}

#[test]
fn secrets_in_queries_are_hidden() {
    const ONELAKE: (&str, &str) = ("host", "onelake.dfs.fabric.microsoft.com");
    let lab = Lab::unthrottled();
    let value = percent(SECRET);
    for name in [
        "sig",
        "SIG",
        "api_key",
        "apikey",
        "api-key",
        "pwd",
        "password",
        "token",
        "access_token",
        "refreshToken",
        "client_secret",
        "SharedAccessSignature",
        "X-Amz-Signature",
        "X-Amz-Credential",
        "X-Amz-Security-Token",
        "code",
        "subscription-key",
        "%73ig",
        "%2573ig",
    ] {
        for (path, headers) in [
            ("/v1/workspaces", &[][..]),
            ("/v1/no/such/path", &[]),
            ("/common/oauth2/v2.0/authorize", &[ENTRA]),
            ("/metadata/identity/oauth2/token", &[("host", "169.254.169.254")]),
            ("/workspace/item/Files", &[ONELAKE]),
        ] {
            check(&lab, "GET", &format!("{path}?a=1&{name}={value}&b=2"), headers, "");
        }
    }
    for path in [
        format!("/v1/workspaces?back=https%3A%2F%2Fh%2F%3Fsig%3D{value}"),
        format!("/v1/workspaces?sig%3D{value}"),
        format!("/v1/workspaces?a=1?sig={value}"),
        format!("/v1/workspaces;password={value}"),
        format!("/v1/workspaces%3Fsig%3D{value}"),
    ] {
        check(&lab, "GET", &path, &[], "");
    }
    for name in ["sv", "se", "unknown", "skoid"] {
        check(&lab, "GET", &format!("/workspace/item?resource=filesystem&{name}={value}"), &[ONELAKE], "");
    }
    assert!(lab.get("/_emulator/journal").text().contains("/workspace/item?resource=filesystem&skoid=***"));
}

/// The answer of the authorization endpoint repeats the redirect URI, in a header or in a page.
#[test]
fn secrets_in_redirects_are_hidden() {
    let lab = Lab::unthrottled();
    for mode in ["query", "fragment", "form_post"] {
        for redirect in [
            format!("http://localhost:5000/cb?sig={}", percent(SECRET)),
            format!("http://localhost:5000/cb?a=1&code={}", percent(SECRET)),
            format!("http://u:{}@localhost:5000/cb", percent(SECRET)),
        ] {
            if mode == "form_post" && redirect.contains("code=") {
                continue;
            }
            let path = format!(
                "/common/oauth2/v2.0/authorize?client_id={STRANGER}&response_type=code&response_mode={mode}&redirect_uri={}",
                percent(&redirect)
            );
            check(&lab, "GET", &path, &[ENTRA], "");
        }
    }
}

/// A continuation repeats the other parameters of a query.
#[test]
fn secrets_in_continuations_are_hidden() {
    let lab = Lab::unthrottled();
    lab.settings(json!({"pageSize": 1}));
    assert!(lab.get("/v1/capacities").body()["continuationUri"].is_string());
    check(&lab, "GET", &format!("/v1/capacities?sig={}", percent(SECRET)), &[], "");
}

#[test]
fn secrets_of_principals_are_never_repeated() {
    let lab = Lab::new();
    for secret in [json!(SECRET), json!([SECRET]), json!({"v": SECRET}), json!(987_654_321)] {
        let body = json!({"value": [{"id": STRANGER, "type": "User", "secret": secret}]});
        for path in ["/_emulator/principals", "/_emulator/tags", "/_emulator/settings"] {
            let answer = lab.put(path, body.clone());
            assert_hidden(&answer.whole(), path);
            assert!(!answer.whole().contains("987654321"), "{}", answer.whole());
        }
    }
    assert_hidden(&lab.get("/_emulator/journal").text(), "principals");
    assert_hidden(&format!("{:?}", lab.emulator.default_tenant().facts()), "facts");
}

/// The names of secrets, in several spellings.
fn secret_names() -> impl Strategy<Value = String> {
    let names = vec![
        "password",
        "pwd",
        "client_secret",
        "refresh-token",
        "api_key",
        "account key",
        "privateKey",
        "sig",
        "X-Amz-Signature",
        "credentials",
        "credentialDetails",
        "access_token",
        "Authorization",
    ];
    (prop::sample::select(names), 0..4).prop_map(|(name, spelling)| match spelling {
        0 => name.to_owned(),
        1 => name.to_uppercase(),
        2 => name.replace(['_', '-', ' '], ""),
        _ => percent_all(name),
    })
}

/// Any JSON around a member.
fn wrapped(inner: BoxedStrategy<Value>) -> impl Strategy<Value = Value> {
    inner.prop_recursive(4, 8, 2, |inner| {
        prop_oneof![
            ("[a-z]{0,8}", inner.clone()).prop_map(|(name, value)| json!({name: value, "other": 1})),
            (inner.clone(), any::<i32>()).prop_map(|(value, number)| json!([number, value, null])),
            inner.clone().prop_map(|value| json!({"text": value.to_string()})),
            inner.prop_map(|value| json!({"payload": base64(&value.to_string())})),
        ]
    })
}

proptest! {
    #[test]
    fn secrets_below_secret_names_are_never_shown(
        (secret, body) in ("[A-Za-z0-9]{20}", secret_names()).prop_flat_map(|(secret, name)| {
            let value = wrapped(Just(json!(secret)).boxed());
            let labelled = json!({"value": secret, "name": "password"});
            let member = prop_oneof![4 => value.prop_map(move |value| json!({name.clone(): value})), 1 => Just(labelled)];
            (Just(secret), wrapped(member.boxed()))
        }),
        cut in 0..3_usize,
    ) {
        let text = body.to_string();
        let text = &text[..text.len() - cut.min(1)];
        let exchange = Exchange {
            time: jiff::Timestamp::UNIX_EPOCH,
            tenant: DEFAULT_TENANT,
            principal: None,
            operation: None,
            method: "POST",
            path: "/",
            is_storage: false,
            request: text.as_bytes(),
            status: Some(200),
            fault: None,
            headers: &HeaderMap::new(),
            body: text.as_bytes(),
            is_of_state: false,
            took: jiff::SignedDuration::ZERO,
        };
        let line = |exchange| Entry::new(&exchange, 1 << 20).line(Shown { timing: false, ..Shown::ALL });
        let redacted = line(exchange);
        prop_assert!(!redacted.contains(&secret), "{text}\n{redacted}");
        prop_assert_eq!(line(Exchange { is_of_state: true, ..exchange }), redacted);
    }
}
