//! The journal: a secret below the name of a secret never appears in a line, and each line is JSON.

#![no_main]

use axum::http::{HeaderMap, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use serde_json::{Map, Value, json};
use specularite::fabric::access::DEFAULT_TENANT;
use specularite::journal::{Entry, Exchange, Shown};

const SECRET: &str = "pl4nted-S3cr3t";
/// Names of members and parameters with secrets, in requests to Fabric and to Entra.
const NAMES: &[&str] = &[
    "password", "Password", "pwd", "client_secret", "clientSecret", "servicePrincipalSecret", "key", "accountKey",
    "token", "sasToken", "access_token", "refresh_token", "refreshToken", "id_token", "passphrase", "privateKey",
    "assertion", "client_assertion", "secret", "encryptedCredentials",
];
/// Names of parameters with secrets in queries.
const QUERY_NAMES: &[&str] = &["sig", "api_key", "apikey", "pwd", "SharedAccessSignature", "X-Amz-Signature", "code"];

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    name: u8,
    place: Place,
    /// The containers between the name and the secret.
    within: Vec<Container<'a>>,
    /// The containers around the name.
    around: Vec<Container<'a>>,
    escapes_name: bool,
    in_response: bool,
    is_of_state: bool,
    encoding: Encoding,
    path: &'a str,
    other: &'a [u8],
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Place {
    Json,
    Form { ends_in_new_line: bool },
    Query,
    Nowhere,
}

#[derive(Debug, Arbitrary)]
enum Container<'a> {
    Member(&'a str),
    Element,
    ElementAfter(&'a str),
}

impl<'a> Container<'a> {
    fn text(&self) -> &'a str {
        match self {
            Self::Member(text) | Self::ElementAfter(text) => text,
            Self::Element => "",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Arbitrary)]
enum Encoding {
    Utf8,
    Utf8Mark,
    Utf16Little,
    Utf16Big,
}

libfuzzer_sys::fuzz_target!(|input: Input<'_>| {
    let holds = |bytes: &[u8]| contains(bytes, SECRET.as_bytes()) || contains(bytes, &encoded(Encoding::Utf16Big, SECRET));
    let texts = input.within.iter().chain(&input.around).map(Container::text).chain([input.path]);
    let mut others = texts.map(str::as_bytes).chain([input.other]);
    // An input that contains the secret elsewhere is skipped. NUL characters are ignored, as below.
    let is_known = others.any(|text| holds(&text.iter().copied().filter(|byte| *byte != 0).collect::<Vec<_>>()));
    if is_known || input.within.len() + input.around.len() > 32 {
        return;
    }
    let mut path = format!("/v1/{}", input.path);
    let mut body = input.other.to_vec();
    let name = NAMES[usize::from(input.name) % NAMES.len()];
    match input.place {
        Place::Json => body = encoded(input.encoding, &planted_json(&input, name)),
        Place::Form { ends_in_new_line } => {
            body = format!("a=b&{name}={SECRET}{}", if ends_in_new_line { "\n" } else { "" }).into_bytes();
        }
        Place::Query => {
            let name = QUERY_NAMES[usize::from(input.name) % QUERY_NAMES.len()];
            path = format!("/v1/{}?a=b&{name}={SECRET}&c=d", input.path.replace('?', ""));
        }
        Place::Nowhere => {}
    }
    let bodies: [&[u8]; 2] = if input.in_response { [&[], &body] } else { [&body, &[]] };
    let line = line_of(&path, bodies, input.other, input.is_of_state);
    let value: Value = serde_json::from_str(&line).expect("a line is JSON");
    assert_eq!(value["status"], 200);
    assert!(line.ends_with('\n') && line.lines().count() == 1, "{line:?}");
    assert!(!holds(line.as_bytes()), "{line}");
    // A body of another encoding is written as text with NUL characters, or in base64.
    let bodies = [&value["request"], &value["body"]].map(|body| body.to_string().replace("\\u0000", ""));
    assert!(!bodies.iter().any(|body| body.contains(SECRET)), "{line}");
});

/// Returns JSON with the secret below a name.
fn planted_json(input: &Input<'_>, name: &str) -> String {
    let wrap = |value: Value, container: &Container<'_>| match container {
        Container::Member(name) => Value::Object(Map::from_iter([((*name).to_owned(), value)])),
        Container::Element => json!([value]),
        Container::ElementAfter(text) => json!([text, value]),
    };
    let secret = input.within.iter().fold(json!(SECRET), wrap);
    let text = input.around.iter().fold(json!({ name: secret }), wrap).to_string();
    if !input.escapes_name {
        return text;
    }
    let escaped: String = name.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    text.replace(&format!("\"{name}\":"), &format!("\"{escaped}\":"))
}

fn encoded(encoding: Encoding, text: &str) -> Vec<u8> {
    let units = || std::iter::once('\u{feff}').chain(text.chars()).collect::<String>();
    match encoding {
        Encoding::Utf8 => text.as_bytes().to_vec(),
        Encoding::Utf8Mark => units().into_bytes(),
        Encoding::Utf16Little => units().encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Big => units().encode_utf16().flat_map(u16::to_be_bytes).skip(2).collect(),
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// Returns the line that the journal stores for an exchange.
fn line_of(path: &str, [request, body]: [&[u8]; 2], location: &[u8], is_of_state: bool) -> String {
    let location = HeaderValue::from_bytes(location).ok();
    let headers: HeaderMap = location.map(|location| (axum::http::header::LOCATION, location)).into_iter().collect();
    let (time, took) = (Timestamp::UNIX_EPOCH, SignedDuration::ZERO);
    let (tenant, principal, operation, method, status) = (DEFAULT_TENANT, None, None, "POST", Some(200));
    let (headers, is_storage) = (&headers, false);
    let fault = None;
    let exchange = Exchange {
        time, tenant, principal, operation, method, path, is_storage, request, status, fault, headers, body, is_of_state, took,
    };
    Entry::new(&exchange, 1 << 20).line(Shown::ALL)
}
