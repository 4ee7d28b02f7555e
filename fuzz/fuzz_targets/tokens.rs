//! Bearer tokens: any header identifies a caller or is rejected, and an expired token never passes.

#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use serde_json::{Map, Value, json};
use specularite::fabric::access::{AUDIENCES, Bearer, DEFAULT_TENANT, identify, principal_named, tenant_named};

/// The names of claims that the emulator reads.
const NAMES: &[&str] = &[
    "tid", "oid", "appid", "azp", "upn", "sub", "aud", "scp", "idtyp", "name", "preferred_username", "app_displayname",
    "exp", "nbf", "iat",
];

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    header: &'a [u8],
    claims: Vec<(u8, Claim<'a>)>,
    exp: Option<Number>,
    now: i64,
    scopes: &'a str,
}

#[derive(Debug, Arbitrary)]
enum Claim<'a> {
    Text(&'a str),
    List(Vec<&'a str>),
    Number(Number),
    Id(u64),
    Null,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Number {
    Whole(i64),
    Real(f64),
}

libfuzzer_sys::fuzz_target!(|input: Input<'_>| {
    let now = Timestamp::from_second(input.now).unwrap_or(Timestamp::UNIX_EPOCH);
    if let Ok(bearer) = identify(Some(input.header)).bearer {
        use_bearer(&bearer, now, input.scopes);
    }
    let claims: Map<String, Value> = input.claims.iter().map(|(name, claim)| (claim_name(*name), claim.value())).collect();
    if let Some(tid) = claims.get("tid").and_then(Value::as_str) {
        assert_eq!(tenant_named(tid), tenant_named(&tid.to_ascii_lowercase()));
    }
    if let Ok(bearer) = identify(Some(header(&claims).as_bytes())).bearer {
        use_bearer(&bearer, now, input.scopes);
    }
    check_expiry(input.exp, now);
});

fn claim_name(index: u8) -> String {
    NAMES[usize::from(index) % NAMES.len()].to_owned()
}

fn header(claims: &Map<String, Value>) -> String {
    let claims = serde_json::to_vec(claims).expect("claims are JSON");
    format!("Bearer eyJhbGciOiJub25lIn0.{}.", URL_SAFE_NO_PAD.encode(claims))
}

/// Makes all checks of a token. Each must end, with a message if the token is rejected.
fn use_bearer(bearer: &Bearer, now: Timestamp, scopes: &str) {
    let results = [
        bearer.check_expiry(now, "the clock"),
        bearer.check_audience(AUDIENCES),
        bearer.check_purpose(),
        bearer.check_scopes(scopes),
    ];
    for rejection in results.iter().filter_map(|result| result.as_ref().err()) {
        assert!(!rejection.text().is_empty());
    }
    assert_eq!(principal_named(&bearer.caller.id.to_string()), bearer.caller.id);
}

/// Checks the expiry of a token with this claim. A token without `exp` does not expire. One whose `exp` is not a time that
/// the emulator can represent counts as expired.
fn check_expiry(exp: Option<Number>, now: Timestamp) {
    let claims: Map<String, Value> = exp.map(|exp| ("exp".to_owned(), exp.value())).into_iter().collect();
    let identity = identify(Some(header(&claims).as_bytes()));
    assert_eq!(identity.tenant, DEFAULT_TENANT);
    let bearer = identity.bearer.expect("the claims can be read");
    let is_accepted = bearer.check_expiry(now, "the clock").is_ok();
    let Some(exp) = exp else { return assert!(is_accepted) };
    let (first, last) = (Timestamp::MIN.as_second() as f64, Timestamp::MAX.as_second() as f64);
    let left = match exp.value().as_f64() {
        Some(exp) if (first..=last).contains(&exp) => exp - now.as_second() as f64,
        Some(_) | None => f64::NEG_INFINITY,
    };
    assert!(left > 0.0 || !is_accepted, "exp {exp:?} was accepted at {now}");
    // An instant is read with nanoseconds, a floating-point number has more digits.
    assert!(left < 1.0 || is_accepted, "exp {exp:?} was rejected at {now}");
}

impl Number {
    fn value(self) -> Value {
        match self {
            Self::Whole(number) => json!(number),
            // JSON has no infinite numbers: these become null.
            Self::Real(number) => json!(number),
        }
    }
}

impl Claim<'_> {
    fn value(&self) -> Value {
        match self {
            Self::Text(text) => json!(text),
            Self::List(list) => json!(list),
            Self::Number(number) => number.value(),
            Self::Id(id) => json!(format!("00000000-0000-4000-8000-{:012x}", id & 0xffff_ffff_ffff)),
            Self::Null => Value::Null,
        }
    }
}
