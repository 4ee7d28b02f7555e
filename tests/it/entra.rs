//! Signing in, without a socket: what is asked of Entra, and what it answers.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use specularite::fabric::access::{Auth, DEFAULT_TENANT, DEFAULT_USER};
use specularite::{Emulator, Pace};

use crate::lab::{ENTRA, Lab, Reply, claims};

const APP: &str = "00000000-0000-4000-8000-0000000000aa";
const TENANT: &str = "00000000-0000-4000-9000-00000000000a";
const FABRIC: &str = "https://api.fabric.microsoft.com/.default";
/// What the challenge of [`signed_in`] was made of (RFC 7636, appendix B).
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const AUDIENCE: &str = "https://analysis.windows.net/powerbi/api";

fn strict() -> Lab {
    Lab::of(Emulator::builder().seed(7).pace(Pace::Realistic).auth(Auth::Strict).build())
}

/// The token of an app, from the tenant of this name.
fn app(lab: &Lab, tenant: &str, scope: &str) -> Reply {
    let path = format!("/{tenant}/oauth2/v2.0/token");
    let fields = [("grant_type", "client_credentials"), ("client_id", APP), ("client_secret", "any"), ("scope", scope)];
    lab.form(&path, &fields)
}

/// The tokens of a user, by name and password.
fn user(lab: &Lab, name: &str, scope: &str) -> Reply {
    let fields =
        [("grant_type", "password"), ("client_id", APP), ("username", name), ("password", "p"), ("scope", scope)];
    lab.form("/organizations/oauth2/v2.0/token", &fields)
}

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
fn documents_have_the_address_that_was_asked() {
    let lab = Lab::new();
    for (host, path, issuer, token) in [
        ("login.microsoftonline.com", TENANT, format!("{TENANT}/v2.0"), format!("{TENANT}/oauth2/v2.0/token")),
        ("login.microsoftonline.com", "common", "{tenantid}/v2.0".into(), "common/oauth2/v2.0/token".into()),
        ("localhost:7310", "organizations", "{tenantid}/v2.0".into(), "organizations/oauth2/v2.0/token".into()),
        ("fabric:7310", "adfs", "adfs".into(), "adfs/oauth2/v2.0/token".into()),
    ] {
        for middle in ["/v2.0", ""] {
            let path = format!("/{path}{middle}/.well-known/openid-configuration?");
            let told = lab.send("GET", &path, &[("host", host)], "").is(200).body();
            assert_eq!(told["issuer"], format!("http://{host}/{issuer}"));
            assert_eq!(told["token_endpoint"], format!("http://{host}/{token}"));
            for member in ["authorization_endpoint", "device_authorization_endpoint", "jwks_uri"] {
                assert!(told[member].as_str().unwrap().starts_with(&format!("http://{host}/")), "{told}");
            }
        }
    }
    let keys = lab.send("GET", "/common/discovery/v2.0/keys", &[ENTRA], "").is(200).body();
    assert_eq!((&keys["keys"][0]["kty"], &keys["keys"][0]["use"]), (&json!("RSA"), &json!("sig")));
    let realm = lab.send("GET", "/common/UserRealm/a%40b.c?api-version=1.0", &[ENTRA], "").is(200).body();
    assert_eq!((&realm["account_type"], &realm["domain_name"]), (&json!("Managed"), &json!("b.c")));
}

#[test]
fn an_app_gets_a_token_with_all_that_clients_want() {
    let lab = Lab::new();
    let told = app(&lab, TENANT, &format!("{FABRIC} openid offline_access profile")).is(200).body();
    assert_eq!((&told["token_type"], &told["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert_eq!(told["ext_expires_in"], 3600);
    assert!(told.get("id_token").is_none() && told.get("refresh_token").is_none());
    let claims = claims(&told["access_token"]);
    let now = claims["iat"].as_i64().unwrap();
    assert_eq!(
        claims,
        json!({
            "aud": AUDIENCE, "iss": format!("http://login.microsoftonline.com/{TENANT}/v2.0"), "iat": now, "nbf": now,
            "exp": now + 3600, "oid": APP, "sub": APP, "tid": TENANT, "ver": "1.0", "appid": APP, "appidacr": "1", "idtyp": "app",
        })
    );
    // Version 1 of the endpoint has a resource, and tells the end as a text.
    let fields =
        [("grant_type", "client_credentials"), ("client_id", APP), ("client_assertion", "any"), ("resource", AUDIENCE)];
    let told = lab.form(&format!("/{TENANT}/oauth2/token"), &fields).is(200).body();
    assert_eq!(told["resource"], AUDIENCE);
    assert!(told["expires_on"].as_str().unwrap().parse::<i64>().is_ok());
}

#[test]
fn a_user_gets_tokens_and_renews_them_for_other_resources() {
    let lab = Lab::new();
    let told = user(&lab, "Someone@contoso.com", &format!("{FABRIC} openid offline_access")).is(200).body();
    let (access, identity) = (claims(&told["access_token"]), claims(&told["id_token"]));
    assert_eq!((&access["upn"], &access["scp"]), (&json!("Someone@contoso.com"), &json!("user_impersonation")));
    assert_eq!((&identity["aud"], &identity["oid"]), (&json!(APP), &access["oid"]));
    assert!(told["client_info"].is_string());
    let renewed = [
        ("grant_type", "refresh_token"),
        ("client_id", APP),
        ("refresh_token", told["refresh_token"].as_str().unwrap()),
        ("scope", "https://storage.azure.com/.default"),
    ];
    let renewed = lab.form("/common/oauth2/v2.0/token", &renewed).is(200).body();
    let renewed = claims(&renewed["access_token"]);
    assert_eq!((&renewed["aud"], &renewed["oid"]), (&json!("https://storage.azure.com"), &access["oid"]));
    // Who is known in the directory keeps his id, and nobody's name is told apart by its case.
    assert_eq!(claims(&user(&lab, "someone@CONTOSO.com", FABRIC).body()["access_token"])["oid"], access["oid"]);
    assert_eq!(
        claims(&user(&lab, "admin@specularite.example", FABRIC).body()["access_token"])["oid"],
        DEFAULT_USER.to_string()
    );
}

/// Follows the page of a browser; the reply of the page, and its code.
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

#[test]
fn a_browser_is_led_back_with_a_code() {
    let lab = Lab::new();
    let (page, _) = signed_in(&lab, &[("response_mode", "form_post")]);
    let page = page.is(200).text();
    assert!(
        page.contains(r#"action="http://localhost:8400""#) && page.contains(r#"value="a &quot;b&quot;&lt;c&gt;""#),
        "{page}"
    );
    let (page, code) = signed_in(&lab, &[("login_hint", "b@contoso.com")]);
    let location = page.is(302).header("location").unwrap().to_owned();
    assert!(
        location.starts_with("http://localhost:8400?code=eyJ") && location.contains("&state=a+%22b%22%3Cc%3E"),
        "{location}"
    );

    let redeem = |code: &str, verifier: &str, redirect: &str| {
        lab.form(
            "/common/oauth2/v2.0/token",
            &[
                ("grant_type", "authorization_code"),
                ("client_id", APP),
                ("code", code),
                ("code_verifier", verifier),
                ("redirect_uri", redirect),
            ],
        )
    };
    let told = redeem(&code, VERIFIER, "http://localhost:8400").is(200).body();
    let identity = claims(&told["id_token"]);
    assert_eq!((&identity["nonce"], &identity["preferred_username"]), (&json!("once"), &json!("b@contoso.com")));
    assert_eq!(claims(&told["access_token"])["tid"], DEFAULT_TENANT.to_string());

    refused(redeem(&code, "another", "http://localhost:8400"), 400, "invalid_grant", 501_481);
    refused(
        redeem(&code, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "http://localhost:8400"),
        400,
        "invalid_grant",
        501_481,
    );
    refused(redeem(&code, VERIFIER, "http://localhost:1"), 400, "invalid_grant", 500_112);
    refused(redeem("eyJ.x.y", VERIFIER, "http://localhost:8400"), 400, "invalid_grant", 70_000);
    refused(
        redeem(told["refresh_token"].as_str().unwrap(), VERIFIER, "http://localhost:8400"),
        400,
        "invalid_grant",
        70_000,
    );
    lab.pass(601.0);
    refused(redeem(&code, VERIFIER, "http://localhost:8400"), 400, "invalid_grant", 70_000);

    let other = [
        ("grant_type", "authorization_code"),
        ("client_id", "other"),
        ("code", code.as_str()),
        ("code_verifier", VERIFIER),
    ];
    refused(lab.form("/common/oauth2/v2.0/token", &other), 400, "invalid_grant", 70_000);
    let implicit = "/common/oauth2/v2.0/authorize?client_id=x&response_type=token&redirect_uri=http%3A%2F%2Flocalhost";
    refused(lab.send("GET", implicit, &[ENTRA], ""), 400, "unsupported_response_type", 700_051);
    let bad = "/common/oauth2/v2.0/authorize?client_id=x&response_type=code&response_mode=form_post&redirect_uri=javascript%3Aalert(1)";
    refused(lab.send("GET", bad, &[ENTRA], ""), 400, "invalid_request", 50_011);
}

#[test]
fn a_device_is_approved_at_once() {
    let lab = Lab::new();
    let asked = lab.form("/common/oauth2/v2.0/devicecode", &[("client_id", APP), ("scope", FABRIC)]).is(200).body();
    for member in ["device_code", "user_code", "verification_uri", "message"] {
        assert!(asked[member].is_string(), "{asked}");
    }
    assert!(asked["interval"].is_number() && asked["expires_in"].is_number());
    for grant in ["device_code", "urn:ietf:params:oauth:grant-type:device_code"] {
        let fields =
            [("grant_type", grant), ("client_id", APP), ("device_code", asked["device_code"].as_str().unwrap())];
        let told = lab.form("/common/oauth2/v2.0/token", &fields).is(200).body();
        assert_eq!(claims(&told["access_token"])["oid"], DEFAULT_USER.to_string());
    }
}

#[test]
fn refusals_are_numbered() {
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
        ("management.azure.com", "/subscriptions/x/resourceGroups"),
        ("onelake.dfs.fabric.microsoft.com", "/ws/item"),
        ("api.powerbi.com", "/v1.0/myorg/groups"),
    ] {
        lab.send("GET", path, &[("host", host)], "").refuses(501, "NotEmulated");
    }
}

#[test]
fn a_secret_that_was_declared_is_the_only_one() {
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
    let told = claims(&with("right").is(200).body()["access_token"]);
    assert_eq!((&told["oid"], &told["appid"], &told["app_displayname"]), (&json!(oid), &json!(APP), &json!("Robot")));
    refused(with("wrong"), 401, "invalid_client", 7_000_215);
    refused(user(&lab, "a@contoso.com", FABRIC), 400, "invalid_grant", 50_126);
    let facts = format!("{:?}", lab.emulator.default_tenant().facts());
    assert!(!facts.contains("right") && !facts.contains("word\""), "{facts}");
}

#[test]
fn managed_identities_have_texts_for_times() {
    let lab = Lab::new();
    let resource = "resource=https%3A%2F%2Fapi.fabric.microsoft.com";
    let header = [("x-identity-header", TENANT)];
    let metadata = [("metadata", "true")];
    let app_service = format!("/msi/token?api-version=2019-08-01&{resource}");
    let machine = format!("/metadata/identity/oauth2/token/?api-version=2018-02-01&{resource}&client_id={APP}");
    for told in [
        lab.send("GET", &app_service, &header, ""),
        lab.send("GET", &machine, &metadata, ""),
        lab.send("GET", &machine, &[("metadata", "TRUE"), ("host", "169.254.169.254")], ""),
        lab.send("POST", "/MSI/token", &[metadata[0], ("content-type", "application/x-www-form-urlencoded")], resource),
    ] {
        let told = told.is(200).body();
        for member in ["access_token", "expires_on", "resource", "token_type", "expires_in"] {
            assert!(told[member].is_string(), "{told}");
        }
        assert_eq!(claims(&told["access_token"])["aud"], AUDIENCE);
    }
    let told = lab.send("GET", &app_service, &header, "").body();
    assert_eq!(claims(&told["access_token"])["tid"], TENANT);
    // Clients probe for the machine's identity without a header, and take a 404 for one that is not ready yet.
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
fn a_token_of_ours_ends_by_the_tenants_clock() {
    let lab = Lab::new();
    lab.settings(json!({"tokenLifetime": 90}));
    let told = app(&lab, "common", FABRIC).is(200).body();
    assert_eq!(told["expires_in"], 90);
    let bearer = format!("Bearer {}", told["access_token"].as_str().unwrap());
    let ask = || lab.send("GET", "/v1/workspaces", &[("authorization", &bearer)], "");
    lab.pass(89.0);
    ask().is(200);
    lab.pass(1.0);
    let note = ask().refuses(401, "TokenExpired").header("x-emulator-note").unwrap().to_owned();
    assert!(note.contains("2031-02-03T04:06:36Z, and the tenant's clock shows 2031-02-03T04:06:36Z"), "{note}");
    // A clock that runs faster makes it shorter for the caller.
    lab.post("/_emulator/clock", json!({"mode": "scaled", "rate": 30})).is(200);
    assert_eq!(app(&lab, "common", FABRIC).body()["expires_in"], 3);
    for lifetime in [0, 31_536_001] {
        lab.patch("/_emulator/settings", json!({"tokenLifetime": lifetime})).refuses(400, "InvalidInput");
    }
}

#[test]
fn strict_takes_only_what_it_issued_for_fabric() {
    let lab = strict();
    let ask = |token: &Value| {
        let bearer = format!("Bearer {}", token.as_str().unwrap());
        lab.send("GET", "/v1/workspaces", &[("authorization", &bearer)], "")
    };
    ask(&app(&lab, "common", FABRIC).body()["access_token"]).is(200);
    ask(&user(&lab, "a@b.c", FABRIC).body()["access_token"]).is(200);
    ask(&user(&lab, "a@b.c", "https://api.fabric.microsoft.com/Workspace.Read.All").body()["access_token"]).is(200);
    let item = user(&lab, "a@b.c", "https://api.fabric.microsoft.com/Item.Read.All").body();
    ask(&item["access_token"]).refuses(403, "InsufficientScopes");
    ask(&app(&lab, "common", "https://storage.azure.com/.default").body()["access_token"]).refuses(401, "Unauthorized");
    ask(&json!("anything")).refuses(401, "Unauthorized");
    let other = app(&strict(), "common", FABRIC).body();
    ask(&other["access_token"]).refuses(401, "Unauthorized");
    let mut forged = app(&lab, "common", FABRIC).body()["access_token"].as_str().unwrap().to_owned();
    forged.truncate(forged.len() - 4);
    ask(&json!(forged)).refuses(401, "Unauthorized");
    // Nothing else that we sign is a key.
    let told = user(&lab, "a@b.c", FABRIC).body();
    let (_, code) = signed_in(&lab, &[]);
    let for_fabric = [
        ("grant_type", "password"),
        ("client_id", "https://api.fabric.microsoft.com"),
        ("username", "a@b.c"),
        ("password", "p"),
        ("scope", FABRIC),
    ];
    let posing = lab.form("/common/oauth2/v2.0/token", &for_fabric).is(200).body();
    for signed in [&told["id_token"], &told["refresh_token"], &json!(code), &posing["id_token"]] {
        ask(signed).refuses(401, "Unauthorized");
    }
    // Nor is what another wrote, whichever key he names; and it brings no universe into being.
    let universes = lab.emulator.tenants().len();
    let token = told["access_token"].as_str().unwrap();
    let (head, rest) = token.split_once('.').unwrap();
    let claims = json!({"tid": TENANT, "oid": APP, "aud": AUDIENCE, "idtyp": "app", "exp": 4_000_000_000_u64});
    let unsigned = base64(&json!({"alg": "none", "kid": signed_by(head)}).to_string());
    for forged in [
        format!("{head}.{}.{}", base64(&claims.to_string()), rest.split_once('.').unwrap().1),
        format!("{unsigned}.{}.", base64(&claims.to_string())),
    ] {
        ask(&json!(forged)).refuses(401, "Unauthorized");
    }
    assert_eq!(lab.emulator.tenants().len(), universes);
    ask(&told["access_token"]).is(200);
    lab.pass(3600.0);
    ask(&told["access_token"]).refuses(401, "TokenExpired");
}

fn base64(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// The key that a token's head names.
fn signed_by(head: &str) -> Value {
    serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap()["kid"].clone()
}

#[test]
fn the_first_version_has_resources() {
    let lab = Lab::new();
    let token = |fields: &[(&str, &str)]| lab.form("/common/oauth2/token", fields).is(200).body();
    let user = [("grant_type", "password"), ("client_id", APP), ("username", "a@b.c"), ("password", "p")];
    let told = token(&[&user[..], &[("resource", AUDIENCE), ("scope", "openid")]].concat());
    assert_eq!(claims(&told["access_token"])["aud"], AUDIENCE);
    assert_eq!((&told["resource"], told["expires_on"].is_string()), (&json!(AUDIENCE), true));
    let refresh = told["refresh_token"].as_str().unwrap();
    let renewed =
        [("grant_type", "refresh_token"), ("refresh_token", refresh), ("resource", "https://storage.azure.com/")];
    assert_eq!(claims(&token(&renewed)["access_token"])["aud"], "https://storage.azure.com");
    let app = [("grant_type", "client_credentials"), ("client_id", APP), ("client_secret", "x")];
    let told = token(&[&app[..], &[("resource", "https://management.azure.com/")]].concat());
    assert_eq!(claims(&told["access_token"])["aud"], "https://management.azure.com");
    // The second version tells neither, whatever is left out.
    let (_, code) = signed_in(&lab, &[]);
    let redeemed = [("grant_type", "authorization_code"), ("code", code.as_str()), ("code_verifier", VERIFIER)];
    let told = lab.form("/common/oauth2/v2.0/token", &redeemed).is(200).body();
    assert!(told.get("resource").is_none() && told.get("expires_on").is_none(), "{told}");
}

#[test]
fn somebody_acts_on_behalf_of_a_user_and_of_no_app() {
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
    let told = behalf(&user(&lab, "a@b.c", FABRIC).body()["access_token"]).is(200).body();
    assert_eq!(claims(&told["access_token"])["upn"], "a@b.c");
    refused(behalf(&app(&lab, "common", FABRIC).body()["access_token"]), 400, "invalid_grant", 70_000);
    refused(behalf(&json!("opaque")), 400, "invalid_grant", 70_000);
}

/// A page that is not there, or says the same to everybody, is no sign of a tenant.
#[test]
fn only_who_is_given_a_token_has_a_universe() {
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

#[test]
fn the_journal_has_no_token() {
    let lab = Lab::new();
    let told = user(&lab, "a@b.c", FABRIC).body();
    app(&lab, "common", FABRIC).is(200);
    let (_, code) = signed_in(&lab, &[]);
    let kept = lab.get("/_emulator/journal").is(200).text();
    assert!(
        kept.contains("Entra_Token") && kept.contains("Entra_Authorize") && kept.contains("client_credentials"),
        "{kept}"
    );
    for secret in [&told["access_token"], &told["refresh_token"], &told["id_token"], &json!(code)] {
        assert!(!kept.contains(secret.as_str().unwrap()), "{kept}");
    }
    assert!(!kept.contains("eyJ0eXAi"), "{kept}");
}
