//! Entra ID: sign-in, tokens and strict authentication, without a socket.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use specularite::fabric::access::{Auth, DEFAULT_TENANT, DEFAULT_USER};
use specularite::{Emulator, Pace};

use crate::harness::{ENTRA, Lab, Reply, claims};

const APP: &str = "00000000-0000-4000-8000-0000000000aa";
const TENANT: &str = "00000000-0000-4000-9000-00000000000a";
const FABRIC: &str = "https://api.fabric.microsoft.com/.default";
/// The verifier of the code challenge in [`signed_in`] (RFC 7636, appendix B).
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const AUDIENCE: &str = "https://analysis.windows.net/powerbi/api";

fn strict() -> Lab {
    Lab::with(Emulator::builder().seed(7).pace(Pace::Realistic).auth(Auth::Strict).build())
}

/// Requests a token for an app from the tenant of this name.
fn app(lab: &Lab, tenant: &str, scope: &str) -> Reply {
    let path = format!("/{tenant}/oauth2/v2.0/token");
    let fields = [("grant_type", "client_credentials"), ("client_id", APP), ("client_secret", "any"), ("scope", scope)];
    lab.form(&path, &fields)
}

/// Requests tokens for a user with name and password.
fn user(lab: &Lab, name: &str, scope: &str) -> Reply {
    let fields =
        [("grant_type", "password"), ("client_id", APP), ("username", name), ("password", "p"), ("scope", scope)];
    lab.form("/organizations/oauth2/v2.0/token", &fields)
}

/// Asserts an OAuth error: status, error and AADSTS code.
#[track_caller]
fn refused(reply: Reply, status: u16, error: &str, code: u32) -> Value {
    let body = reply.is(status).body();
    assert_eq!((body["error"].as_str(), &body["error_codes"]), (Some(error), &json!([code])), "{body}");
    assert!(body["error_description"].as_str().unwrap().starts_with(&format!("AADSTS{code}: ")), "{body}");
    for member in ["timestamp", "trace_id", "correlation_id", "error_uri"] {
        assert!(body[member].is_string(), "{body}");
    }
    body
}

#[test]
fn discovery_documents_use_the_requested_address() {
    let lab = Lab::new();
    for (host, path, issuer, token) in [
        ("login.microsoftonline.com", TENANT, format!("{TENANT}/v2.0"), format!("{TENANT}/oauth2/v2.0/token")),
        ("login.microsoftonline.com", "common", "{tenantid}/v2.0".into(), "common/oauth2/v2.0/token".into()),
        ("localhost:7310", "organizations", "{tenantid}/v2.0".into(), "organizations/oauth2/v2.0/token".into()),
        ("fabric:7310", "adfs", "adfs".into(), "adfs/oauth2/v2.0/token".into()),
    ] {
        for middle in ["/v2.0", ""] {
            let path = format!("/{path}{middle}/.well-known/openid-configuration?");
            let answer = lab.send("GET", &path, &[("host", host)], "").is(200).body();
            assert_eq!(answer["issuer"], format!("http://{host}/{issuer}"));
            assert_eq!(answer["token_endpoint"], format!("http://{host}/{token}"));
            for member in ["authorization_endpoint", "device_authorization_endpoint", "jwks_uri"] {
                assert!(answer[member].as_str().unwrap().starts_with(&format!("http://{host}/")), "{answer}");
            }
        }
    }
    let keys = lab.send("GET", "/common/discovery/v2.0/keys", &[ENTRA], "").is(200).body();
    assert_eq!((&keys["keys"][0]["kty"], &keys["keys"][0]["use"]), (&json!("RSA"), &json!("sig")));
    let realm = lab.send("GET", "/common/UserRealm/a%40b.c?api-version=1.0", &[ENTRA], "").is(200).body();
    assert_eq!((&realm["account_type"], &realm["domain_name"]), (&json!("Managed"), &json!("b.c")));
}

#[test]
fn app_token_has_the_expected_claims() {
    let lab = Lab::new();
    let answer = app(&lab, TENANT, &format!("{FABRIC} openid offline_access profile")).is(200).body();
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert_eq!(answer["ext_expires_in"], 3600);
    assert!(answer.get("id_token").is_none() && answer.get("refresh_token").is_none());
    let claims = claims(&answer["access_token"]);
    let now = claims["iat"].as_i64().unwrap();
    assert_eq!(
        claims,
        json!({
            "aud": AUDIENCE, "iss": format!("http://login.microsoftonline.com/{TENANT}/v2.0"), "iat": now, "nbf": now,
            "exp": now + 3600, "oid": APP, "sub": APP, "tid": TENANT, "ver": "1.0", "appid": APP, "appidacr": "1", "idtyp": "app",
        })
    );
    // Version 1 of the endpoint takes a resource and answers `expires_on` as a string.
    let fields =
        [("grant_type", "client_credentials"), ("client_id", APP), ("client_assertion", "any"), ("resource", AUDIENCE)];
    let answer = lab.form(&format!("/{TENANT}/oauth2/token"), &fields).is(200).body();
    assert_eq!(answer["resource"], AUDIENCE);
    assert!(answer["expires_on"].as_str().unwrap().parse::<i64>().is_ok());
}

#[test]
fn user_tokens_are_renewed_for_other_resources() {
    let lab = Lab::new();
    let answer = user(&lab, "Someone@contoso.com", &format!("{FABRIC} openid offline_access")).is(200).body();
    let (access, identity) = (claims(&answer["access_token"]), claims(&answer["id_token"]));
    assert_eq!((&access["upn"], &access["scp"]), (&json!("Someone@contoso.com"), &json!("user_impersonation")));
    assert_eq!((&identity["aud"], &identity["oid"]), (&json!(APP), &access["oid"]));
    assert!(answer["client_info"].is_string());
    let renewed = [
        ("grant_type", "refresh_token"),
        ("client_id", APP),
        ("refresh_token", answer["refresh_token"].as_str().unwrap()),
        ("scope", "https://storage.azure.com/.default"),
    ];
    let renewed = lab.form("/common/oauth2/v2.0/token", &renewed).is(200).body();
    let renewed = claims(&renewed["access_token"]);
    assert_eq!((&renewed["aud"], &renewed["oid"]), (&json!("https://storage.azure.com"), &access["oid"]));
    // A user in the directory keeps the same id. Names are compared without case.
    assert_eq!(claims(&user(&lab, "someone@CONTOSO.com", FABRIC).body()["access_token"])["oid"], access["oid"]);
    assert_eq!(
        claims(&user(&lab, "admin@specularite.example", FABRIC).body()["access_token"])["oid"],
        DEFAULT_USER.to_string()
    );
}

/// Signs in as a browser does; the reply of the page and the authorization code.
fn signed_in(lab: &Lab, more: &[(&str, &str)]) -> (Reply, String) {
    let mut query = vec![
        ("client_id", APP),
        ("response_type", "code"),
        ("redirect_uri", "http://localhost:8400"),
        ("scope", FABRIC),
        ("state", "a \"b\"<c>"),
        ("nonce", "once"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
    ];
    query.extend(more);
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let page = format!("/common/oauth2/v2.0/authorize?{query}");
    let form = lab.send("GET", &page, &[ENTRA, ("accept", "application/json")], "").is(200).body();
    let code = form["fields"]["code"].as_str().unwrap().to_owned();
    (lab.send("GET", &page, &[ENTRA], ""), code)
}

const REDIRECT: &str = "http://localhost:8400";

/// Redeems an authorization code.
fn redeem(lab: &Lab, code: &str, verifier: &str, redirect: &str) -> Reply {
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", APP),
        ("code", code),
        ("code_verifier", verifier),
        ("redirect_uri", redirect),
    ];
    lab.form("/common/oauth2/v2.0/token", &fields)
}

/// Signs in, and returns the authorization code.
pub(crate) fn new_code(lab: &Lab) -> String {
    signed_in(lab, &[]).1
}

/// Redeems a code of [`new_code`].
pub(crate) fn redeem_code(lab: &Lab, code: &str) -> Reply {
    redeem(lab, code, VERIFIER, REDIRECT)
}

#[test]
fn authorize_posts_a_form_or_redirects() {
    let lab = Lab::new();
    let (page, _) = signed_in(&lab, &[("response_mode", "form_post")]);
    let page = page.is(200).text();
    let form = [r#"action="http://localhost:8400""#, r#"value="a &quot;b&quot;&lt;c&gt;""#];
    assert!(form.iter().all(|wanted| page.contains(wanted)), "{page}");
    let (page, _) = signed_in(&lab, &[("login_hint", "b@contoso.com")]);
    let location = page.is(302).header("location").unwrap().to_owned();
    assert!(location.starts_with("http://localhost:8400?code=eyJ"), "{location}");
    assert!(location.contains("&state=a+%22b%22%3Cc%3E"), "{location}");
}

#[test]
fn authorization_code_is_redeemed_for_tokens() {
    let lab = Lab::new();
    let (_, code) = signed_in(&lab, &[("login_hint", "b@contoso.com")]);
    let tokens = redeem(&lab, &code, VERIFIER, REDIRECT).is(200).body();
    let identity = claims(&tokens["id_token"]);
    assert_eq!((&identity["nonce"], &identity["preferred_username"]), (&json!("once"), &json!("b@contoso.com")));
    assert_eq!(claims(&tokens["access_token"])["tid"], DEFAULT_TENANT.to_string());
}

#[test]
fn authorization_code_is_checked() {
    let lab = Lab::new();
    let (_, code) = signed_in(&lab, &[]);
    let tokens = redeem(&lab, &code, VERIFIER, REDIRECT).is(200).body();
    let check = |code: &str, verifier: &str, redirect: &str, error: u32| {
        refused(redeem(&lab, code, verifier, redirect), 400, "invalid_grant", error);
    };
    check(&code, "another", REDIRECT, 501_481);
    check(&code, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", REDIRECT, 501_481);
    check(&code, VERIFIER, "http://localhost:1", 500_112);
    check("eyJ.x.y", VERIFIER, REDIRECT, 70_000);
    check(tokens["refresh_token"].as_str().unwrap(), VERIFIER, REDIRECT, 70_000);
    lab.advance(601.0);
    check(&code, VERIFIER, REDIRECT, 70_000);
    let other = [
        ("grant_type", "authorization_code"),
        ("client_id", "other"),
        ("code", code.as_str()),
        ("code_verifier", VERIFIER),
    ];
    refused(lab.form("/common/oauth2/v2.0/token", &other), 400, "invalid_grant", 70_000);
}

/// Each code can be redeemed once, even if another code has the same content.
#[test]
fn authorization_code_is_redeemed_once() {
    let lab = Lab::new();
    let codes = [signed_in(&lab, &[]).1, signed_in(&lab, &[]).1];
    for code in &codes {
        redeem(&lab, code, "another", REDIRECT).is(400);
        redeem(&lab, code, VERIFIER, REDIRECT).is(200);
        let again = refused(redeem(&lab, code, VERIFIER, REDIRECT), 400, "invalid_grant", 54_005);
        assert!(again["error_description"].as_str().unwrap().contains("already redeemed"), "{again}");
    }
    lab.advance(590.0);
    refused(redeem(&lab, &codes[0], VERIFIER, REDIRECT), 400, "invalid_grant", 54_005);
}

#[test]
fn authorization_codes_of_concurrent_requests_are_redeemed_once() {
    let lab = Lab::new();
    let (_, code) = signed_in(&lab, &[]);
    let accepted = std::thread::scope(|scope| {
        let begun: Vec<_> = (0..8).map(|_| scope.spawn(|| redeem(&lab, &code, VERIFIER, REDIRECT).status)).collect();
        begun.into_iter().map(|one| one.join().unwrap()).filter(|status| *status == 200).count()
    });
    assert_eq!(accepted, 1);
}

#[test]
fn refresh_token_works_for_its_client_only() {
    let lab = Lab::new();
    let token = user(&lab, "a@b.c", FABRIC).body()["refresh_token"].clone();
    let renew = |client: &str| {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", client),
            ("refresh_token", token.as_str().unwrap()),
            ("scope", FABRIC),
        ];
        lab.form("/common/oauth2/v2.0/token", &fields)
    };
    refused(renew("other"), 400, "invalid_grant", 700_007);
    refused(renew(""), 400, "invalid_request", 900_144);
    // A refresh token can be used repeatedly. Client ids are compared without case.
    for client in [APP, &APP.to_uppercase()] {
        assert_eq!(claims(&renew(client).is(200).body()["access_token"])["appid"], APP);
    }
}

/// Requests a code with these parameters, besides the client and the response type.
fn authorize(lab: &Lab, parameters: &[(&str, &str)]) -> Reply {
    let always = [("client_id", "x"), ("response_type", "code")];
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(always).extend_pairs(parameters).finish();
    lab.send("GET", &format!("/common/oauth2/v2.0/authorize?{query}"), &[ENTRA], "")
}

#[test]
fn authorize_rejects_invalid_redirect_uris() {
    let lab = Lab::new();
    for uri in
        ["http://a/\r\nX: y", "http://a/\u{0}", "http://a/\u{7f}b", "http://ä", "a", "http://a/#", "http://a/#b?c=d"]
    {
        for mode in ["query", "fragment", "form_post"] {
            let reply = authorize(&lab, &[("redirect_uri", uri), ("response_mode", mode)]);
            assert_eq!(reply.header("location"), None, "{uri:?}");
            refused(reply, 400, "invalid_request", 90_102);
        }
    }
    let location = |mode: &str| {
        let reply = authorize(&lab, &[("redirect_uri", "http://a/?b=c"), ("response_mode", mode)]).is(302);
        reply.header("location").unwrap().to_owned()
    };
    assert!(location("query").starts_with("http://a/?b=c&code="));
    assert!(location("fragment").starts_with("http://a/?b=c#code="));
}

#[test]
fn parameters_have_maximum_lengths() {
    let lab = Lab::new();
    let redirect = ("redirect_uri", "http://a");
    for (name, longest) in [("state", 8_192), ("nonce", 1_024), ("login_hint", 1_024), ("scope", 8_192)] {
        authorize(&lab, &[redirect, (name, &"x".repeat(longest))]).is(302);
        let reply = authorize(&lab, &[redirect, (name, &"x".repeat(longest + 1))]);
        refused(reply, 400, "invalid_request", 90_013);
    }
    for (length, status) in [(256, 302), (257, 400)] {
        let uri = format!("http://a/{}", "x".repeat(length - "http://a/".len()));
        authorize(&lab, &[("redirect_uri", &uri)]).is(status);
    }
    let token = "/common/oauth2/v2.0/token";
    let long = "x".repeat(9_000);
    for fields in [
        [("grant_type", long.as_str()), ("client_id", "a")],
        [("grant_type", "client_credentials"), ("client_id", &long)],
        [("grant_type", "password"), ("username", &long)],
        [("grant_type", "client_credentials"), ("resource", &long)],
    ] {
        refused(lab.form(token, &fields), 400, "invalid_request", 90_013);
    }
    let identity = format!("/msi/token?resource={long}");
    refused(lab.send("GET", &identity, &[("x-identity-header", TENANT)], ""), 400, "invalid_request", 90_013);
    let realm = format!("/common/UserRealm/{long}");
    refused(lab.send("GET", &realm, &[ENTRA], ""), 400, "invalid_request", 90_013);
    let page = lab.send("GET", &format!("/error?code={}", "1".repeat(9_000)), &[ENTRA], "").is(200).text();
    assert!(page.contains("AADSTS1111111111 is"), "{page}");
}

#[test]
fn authorize_rejects_unsupported_responses_and_redirects() {
    let lab = Lab::new();
    let implicit = "/common/oauth2/v2.0/authorize?client_id=x&response_type=token&redirect_uri=http%3A%2F%2Flocalhost";
    refused(lab.send("GET", implicit, &[ENTRA], ""), 400, "unsupported_response_type", 700_051);
    let bad = "/common/oauth2/v2.0/authorize?client_id=x&response_type=code&response_mode=form_post&redirect_uri=javascript%3Aalert(1)";
    refused(lab.send("GET", bad, &[ENTRA], ""), 400, "invalid_request", 50_011);
}

#[test]
fn device_code_is_approved_at_once() {
    let lab = Lab::new();
    for grant in ["device_code", "urn:ietf:params:oauth:grant-type:device_code"] {
        let asked = lab.form("/common/oauth2/v2.0/devicecode", &[("client_id", APP), ("scope", FABRIC)]).is(200).body();
        for member in ["device_code", "user_code", "verification_uri", "message"] {
            assert!(asked[member].is_string(), "{asked}");
        }
        assert!(asked["interval"].is_number() && asked["expires_in"].is_number());
        let fields =
            [("grant_type", grant), ("client_id", APP), ("device_code", asked["device_code"].as_str().unwrap())];
        let of_other = [fields[0], ("client_id", "other"), fields[2]];
        refused(lab.form("/common/oauth2/v2.0/token", &of_other), 400, "invalid_grant", 700_007);
        let answer = lab.form("/common/oauth2/v2.0/token", &fields).is(200).body();
        assert_eq!(claims(&answer["access_token"])["oid"], DEFAULT_USER.to_string());
        refused(lab.form("/common/oauth2/v2.0/token", &fields), 400, "invalid_grant", 90_120);
    }
}

#[test]
fn entra_errors_have_their_codes() {
    let lab = Lab::new();
    let token = "/common/oauth2/v2.0/token";
    let client = [("grant_type", "client_credentials"), ("client_id", APP)];
    for (fields, status, error, code) in [
        (&[][..], 400, "invalid_request", 900_144),
        (&[("grant_type", "magic")], 400, "unsupported_grant_type", 70_003),
        (&[("grant_type", "client_credentials")], 400, "invalid_request", 900_144),
        (&[client[0], client[1], ("scope", FABRIC)], 401, "invalid_client", 7_000_216),
        (&[client[0], client[1], ("client_secret", "x")], 400, "invalid_request", 900_144),
        (&[client[0], client[1], ("client_secret", "x"), ("scope", "openid")], 400, "invalid_scope", 70_011),
        (&[("grant_type", "refresh_token"), ("refresh_token", "x")], 400, "invalid_grant", 70_000),
    ] {
        refused(lab.form(token, fields), status, error, code);
    }
    refused(lab.send("GET", token, &[ENTRA], ""), 400, "invalid_request", 900_561);
    let lost =
        "/common/discovery/instance?api-version=1.1&authorization_endpoint=https%3A%2F%2Fexample.com%2Fc%2Fauthorize";
    refused(lab.send("GET", lost, &[ENTRA], ""), 400, "invalid_instance", 50_049);
    for (host, path) in [
        ("login.microsoftonline.com", "/nothing/of/entra"),
        ("management.azure.com", "/subscriptions/x/locations"),
        ("api.onelake.fabric.microsoft.com", "/ws/item"),
        ("api.powerbi.com", "/powerbi/globalservice/v201606/clusterdetails"),
    ] {
        lab.send("GET", path, &[("host", host)], "").refuses(501, "NotEmulated");
    }
}

#[test]
fn declared_secret_is_required() {
    let lab = Lab::new();
    let (person, oid) = ("00000000-0000-4000-8000-0000000000bb", "00000000-0000-4000-8000-0000000000cc");
    let declared = lab.put("/_emulator/principals", json!({"value": [
        {"id": oid, "type": "ServicePrincipal", "servicePrincipalDetails": {"aadAppId": APP}, "displayName": "Robot", "secret": "right"},
        {"id": person, "type": "User", "userDetails": {"userPrincipalName": "a@contoso.com"}, "secret": "word"},
    ]}));
    assert!(!declared.is(200).text().contains("right"));
    let with = |secret| {
        let fields =
            [("grant_type", "client_credentials"), ("client_id", APP), ("client_secret", secret), ("scope", FABRIC)];
        lab.form("/common/oauth2/v2.0/token", &fields)
    };
    let answer = claims(&with("right").is(200).body()["access_token"]);
    assert_eq!(
        (&answer["oid"], &answer["appid"], &answer["app_displayname"]),
        (&json!(oid), &json!(APP), &json!("Robot"))
    );
    refused(with("wrong"), 401, "invalid_client", 7_000_215);
    refused(user(&lab, "a@contoso.com", FABRIC), 400, "invalid_grant", 50_126);
    let facts = format!("{:?}", lab.emulator.default_tenant().facts());
    assert!(!facts.contains("right") && !facts.contains("word\""), "{facts}");
}

#[test]
fn managed_identity_answers_times_as_strings() {
    let lab = Lab::new();
    let resource = "resource=https%3A%2F%2Fapi.fabric.microsoft.com";
    let header = [("x-identity-header", TENANT)];
    let metadata = [("metadata", "true")];
    let app_service = format!("/msi/token?api-version=2019-08-01&{resource}");
    let machine = format!("/metadata/identity/oauth2/token/?api-version=2018-02-01&{resource}&client_id={APP}");
    for answer in [
        lab.send("GET", &app_service, &header, ""),
        lab.send("GET", &machine, &metadata, ""),
        lab.send("GET", &machine, &[("metadata", "TRUE"), ("host", "169.254.169.254")], ""),
        lab.send("POST", "/MSI/token", &[metadata[0], ("content-type", "application/x-www-form-urlencoded")], resource),
    ] {
        let answer = answer.is(200).body();
        for member in ["access_token", "expires_on", "resource", "token_type", "expires_in"] {
            assert!(answer[member].is_string(), "{answer}");
        }
        assert_eq!(claims(&answer["access_token"])["aud"], AUDIENCE);
    }
    let answer = lab.send("GET", &app_service, &header, "").body();
    assert_eq!(claims(&answer["access_token"])["tid"], TENANT);
    // Clients probe for the machine's identity without a header. They take a 404 for an identity that is not ready yet.
    for probe in [
        machine.as_str(),
        "/metadata/identity/getplatformmetadata?cred-api-version=2.0",
        "/metadata/instance/compute?api-version=2021-02-01",
        app_service.as_str(),
    ] {
        refused(lab.send("GET", probe, &[], ""), 400, "invalid_request", 90_002);
    }
}

#[test]
fn token_expires_by_the_tenants_clock() {
    let lab = Lab::new();
    lab.settings(json!({"tokenLifetime": 90}));
    let answer = app(&lab, "common", FABRIC).is(200).body();
    assert_eq!(answer["expires_in"], 90);
    let bearer = format!("Bearer {}", answer["access_token"].as_str().unwrap());
    let ask = || lab.send("GET", "/v1/workspaces", &[("authorization", &bearer)], "");
    lab.advance(89.0);
    ask().is(200);
    lab.advance(1.0);
    let note = ask().refuses(401, "TokenExpired").header("x-emulator-note").unwrap().to_owned();
    assert!(note.contains("2031-02-03T04:06:36Z, and the tenant's clock shows 2031-02-03T04:06:36Z"), "{note}");
    // On a faster clock the lifetime is shorter for the caller.
    lab.post("/_emulator/clock", json!({"mode": "scaled", "rate": 30})).is(200);
    assert_eq!(app(&lab, "common", FABRIC).body()["expires_in"], 3);
    for lifetime in [0, 31_536_001] {
        lab.patch("/_emulator/settings", json!({"tokenLifetime": lifetime})).refuses(400, "InvalidInput");
    }
}

/// Lists workspaces with this bearer token.
fn list_with(lab: &Lab, token: &Value) -> Reply {
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    lab.send("GET", "/v1/workspaces", &[("authorization", &bearer)], "")
}

#[test]
fn token_times_of_other_issuers_are_checked() {
    let lab = Lab::new();
    let now = specularite::clock::machine_time().as_second();
    for (times, code, hint) in [
        (format!(r#""exp":{}"#, now + 60), None, ""),
        (format!(r#""exp":{}"#, now - 1), Some("TokenExpired"), "the token expired at "),
        (r#""exp":1e300"#.into(), Some("TokenExpired"), "not a valid time"),
        (r#""exp":-1e300"#.into(), Some("TokenExpired"), "not a valid time"),
        (r#""exp":"4000000000""#.into(), Some("TokenExpired"), "not a valid time"),
        (format!(r#""nbf":{}"#, now + 200), None, ""),
        (format!(r#""nbf":{}"#, now + 900), Some("Unauthorized"), "the token is not valid before "),
        (r#""nbf":1e300"#.into(), Some("Unauthorized"), "not a valid time"),
    ] {
        let token = format!("eyJhbGciOiJub25lIn0.{}.", base64(&format!(r#"{{"upn":"a@b.c",{times}}}"#)));
        let reply = list_with(&lab, &json!(token));
        match code {
            None => drop(reply.is(200)),
            Some(code) => {
                let note = reply.refuses(401, code).header("x-emulator-note").unwrap_or_default().to_owned();
                assert!(note.contains(hint), "{times}: {note}");
            }
        }
    }
}

/// A reset sets the clock back to an instant before the tokens of clients become valid.
#[test]
fn token_of_the_emulator_stays_valid_after_a_reset() {
    let lab = strict();
    lab.advance(86_400.0);
    let token = app(&lab, "common", FABRIC).body()["access_token"].clone();
    lab.post("/_emulator/reset", json!({})).is(200);
    list_with(&lab, &token).is(200);
}

#[test]
fn strict_auth_accepts_tokens_issued_for_fabric() {
    let lab = strict();
    list_with(&lab, &app(&lab, "common", FABRIC).body()["access_token"]).is(200);
    let workspaces = "https://api.fabric.microsoft.com/Workspace.Read.All";
    for scope in [FABRIC, workspaces] {
        list_with(&lab, &user(&lab, "a@b.c", scope).body()["access_token"]).is(200);
    }
    let items = user(&lab, "a@b.c", "https://api.fabric.microsoft.com/Item.Read.All").body();
    list_with(&lab, &items["access_token"]).refuses(403, "InsufficientScopes");
}

#[test]
fn strict_auth_rejects_tokens_of_other_resources_and_issuers() {
    let lab = strict();
    let storage = app(&lab, "common", "https://storage.azure.com/.default").body()["access_token"].clone();
    let other = app(&strict(), "common", FABRIC).body()["access_token"].clone();
    let mut truncated = app(&lab, "common", FABRIC).body()["access_token"].as_str().unwrap().to_owned();
    truncated.truncate(truncated.len() - 4);
    for token in [storage, json!("anything"), other, json!(truncated)] {
        list_with(&lab, &token).refuses(401, "Unauthorized");
    }
}

#[test]
fn strict_auth_rejects_other_signed_tokens() {
    let lab = strict();
    let tokens = user(&lab, "a@b.c", FABRIC).body();
    let (_, code) = signed_in(&lab, &[]);
    // The audience of this id token is Fabric.
    let for_fabric = [
        ("grant_type", "password"),
        ("client_id", "https://api.fabric.microsoft.com"),
        ("username", "a@b.c"),
        ("password", "p"),
        ("scope", FABRIC),
    ];
    let posing = lab.form("/common/oauth2/v2.0/token", &for_fabric).is(200).body();
    for signed in [&tokens["id_token"], &tokens["refresh_token"], &json!(code), &posing["id_token"]] {
        list_with(&lab, signed).refuses(401, "Unauthorized");
    }
}

/// A forged token is rejected and creates no tenant.
#[test]
fn strict_auth_rejects_forged_and_expired_tokens() {
    let lab = strict();
    let issued = user(&lab, "a@b.c", FABRIC).body()["access_token"].clone();
    let tenants = lab.emulator.tenants().len();
    let (head, rest) = issued.as_str().unwrap().split_once('.').unwrap();
    let claims = json!({"tid": TENANT, "oid": APP, "aud": AUDIENCE, "idtyp": "app", "exp": 4_000_000_000_u64});
    let unsigned = base64(&json!({"alg": "none", "kid": key_id(head)}).to_string());
    for forged in [
        format!("{head}.{}.{}", base64(&claims.to_string()), rest.split_once('.').unwrap().1),
        format!("{unsigned}.{}.", base64(&claims.to_string())),
    ] {
        list_with(&lab, &json!(forged)).refuses(401, "Unauthorized");
    }
    assert_eq!(lab.emulator.tenants().len(), tenants);
    list_with(&lab, &issued).is(200);
    lab.advance(3600.0);
    list_with(&lab, &issued).refuses(401, "TokenExpired");
}

fn base64(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// The key id in a token's head.
fn key_id(head: &str) -> Value {
    serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap()["kid"].clone()
}

#[test]
fn token_endpoint_v1_takes_a_resource() {
    let lab = Lab::new();
    let token = |fields: &[(&str, &str)]| lab.form("/common/oauth2/token", fields).is(200).body();
    let user = [("grant_type", "password"), ("client_id", APP), ("username", "a@b.c"), ("password", "p")];
    let answer = token(&[&user[..], &[("resource", AUDIENCE), ("scope", "openid")]].concat());
    assert_eq!(claims(&answer["access_token"])["aud"], AUDIENCE);
    assert_eq!((&answer["resource"], answer["expires_on"].is_string()), (&json!(AUDIENCE), true));
    let refresh = answer["refresh_token"].as_str().unwrap();
    let renewed = [
        ("grant_type", "refresh_token"),
        ("client_id", APP),
        ("refresh_token", refresh),
        ("resource", "https://storage.azure.com/"),
    ];
    assert_eq!(claims(&token(&renewed)["access_token"])["aud"], "https://storage.azure.com");
    let app = [("grant_type", "client_credentials"), ("client_id", APP), ("client_secret", "x")];
    let answer = token(&[&app[..], &[("resource", "https://management.azure.com/")]].concat());
    assert_eq!(claims(&answer["access_token"])["aud"], "https://management.azure.com");
    // Version 2 answers neither, even without a scope.
    let (_, code) = signed_in(&lab, &[]);
    let redeemed = [
        ("grant_type", "authorization_code"),
        ("client_id", APP),
        ("code", code.as_str()),
        ("code_verifier", VERIFIER),
    ];
    let answer = lab.form("/common/oauth2/v2.0/token", &redeemed).is(200).body();
    assert!(answer.get("resource").is_none() && answer.get("expires_on").is_none(), "{answer}");
}

#[test]
fn on_behalf_of_accepts_users_but_not_apps() {
    let lab = Lab::new();
    let behalf = |assertion: &Value| {
        lab.form(
            "/common/oauth2/v2.0/token",
            &[
                ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                ("client_id", APP),
                ("client_secret", "x"),
                ("assertion", assertion.as_str().unwrap()),
                ("scope", FABRIC),
            ],
        )
    };
    let answer = behalf(&user(&lab, "a@b.c", FABRIC).body()["access_token"]).is(200).body();
    assert_eq!(claims(&answer["access_token"])["upn"], "a@b.c");
    refused(behalf(&app(&lab, "common", FABRIC).body()["access_token"]), 400, "invalid_grant", 70_000);
    refused(behalf(&json!("opaque")), 400, "invalid_grant", 70_000);
}

/// Unknown paths and pages that are the same for every tenant create no tenant.
#[test]
fn tenants_are_created_only_by_issued_tokens() {
    let lab = Lab::new();
    for path in [
        "/favicon.ico",
        "/a/b/c",
        "/devicelogin",
        "/error?code=1",
        "/contoso.com/v2.0/.well-known/openid-configuration",
    ] {
        lab.send("GET", path, &[ENTRA, ("authorization", "")], "");
    }
    lab.send("GET", &format!("/{TENANT}/discovery/v2.0/keys"), &[ENTRA], "").is(200);
    assert_eq!(lab.emulator.tenants().len(), 1);
    app(&lab, "contoso.com", FABRIC).is(200);
    assert_eq!(lab.emulator.tenants().len(), 2);
}

/// A web page can send such requests with `<img>`, so they must not create tenants. Redeeming a code creates the tenant.
#[test]
fn entra_reads_create_no_tenant() {
    let lab = Lab::new();
    let redirect = ("redirect_uri", "http://localhost");
    let codes: Vec<String> = (0..2)
        .map(|_| {
            let query = [("client_id", APP), ("response_type", "code"), redirect];
            let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
            let path = format!("/contoso.com/oauth2/v2.0/authorize?{query}");
            let form = lab.send("GET", &path, &[ENTRA, ("accept", "application/json")], "").is(200).body();
            form["fields"]["code"].as_str().unwrap().to_owned()
        })
        .collect();
    let query = format!("client_id={APP}&scope=https%3A%2F%2Fa%2F.default");
    lab.send("GET", &format!("/fabrikam.com/oauth2/v2.0/devicecode?{query}"), &[ENTRA], "").is(200);
    lab.send("GET", "/adatum.com/oauth2/v2.0/token", &[ENTRA], "").is(400);
    assert_eq!(lab.emulator.tenants().len(), 1);
    assert_ne!(codes[0], codes[1]);
    for code in &codes {
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", APP),
            ("code", code.as_str()),
            ("scope", FABRIC),
            redirect,
        ];
        let tokens = lab.form("/contoso.com/oauth2/v2.0/token", &fields).is(200).body();
        list_with(&lab, &tokens["access_token"]).is(200);
    }
    assert_eq!(lab.emulator.tenants().len(), 2);
}

#[test]
fn journal_contains_no_tokens() {
    let lab = Lab::new();
    let answer = user(&lab, "a@b.c", FABRIC).body();
    app(&lab, "common", FABRIC).is(200);
    let (_, code) = signed_in(&lab, &[]);
    let kept = lab.get("/_emulator/journal").is(200).text();
    assert!(
        kept.contains("Entra_Token") && kept.contains("Entra_Authorize") && kept.contains("client_credentials"),
        "{kept}"
    );
    for secret in [&answer["access_token"], &answer["refresh_token"], &answer["id_token"], &json!(code)] {
        assert!(!kept.contains(secret.as_str().unwrap()), "{kept}");
    }
    assert!(!kept.contains("eyJ0eXAi"), "{kept}");
}
