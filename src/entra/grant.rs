//! Grants: what a client brings, and the tokens that it gets for it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::entra::{Account, Form, Refusal, Site};
use crate::fabric::State;
use crate::fabric::access::{self, AUDIENCES, EVERY_SCOPE};
use crate::signing::{self, Signer};

/// How long a code of the authorize page is good for, in seconds.
const CODE_LASTS: i64 = 600;
/// How long a device may wait for its user, in seconds.
pub const DEVICE_LASTS: i64 = 900;
/// Fabric is asked for by any of these; its tokens name the first of [`AUDIENCES`].
const FABRIC: &[&str] = &[
    "https://api.fabric.microsoft.com",
    "https://analysis.windows.net/powerbi/api",
    "https://api.powerbi.com",
    "00000009-0000-0000-c000-000000000000",
];
/// Whom a token is for when only OpenID's scopes are asked: Microsoft Graph.
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
/// The client of a token that nobody signed in for: Azure's own command line.
const APP_OF_TOOLS: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
/// The scopes of OpenID Connect itself.
const OPENID: &[&str] = &["openid", "profile", "email", "offline_access"];

/// Where tokens are given out: one tenant of one authority, at one instant.
#[derive(Debug, Clone, Copy)]
pub struct TokenIssuer<'a> {
    /// Who is known, and how long tokens last.
    pub state: &'a State,
    /// What signs them.
    pub signer: &'a Signer,
    /// The authority that is asked.
    pub site: &'a Site,
    /// The instant, in the tenant's time.
    pub now: Timestamp,
}

/// What a grant gives; the caller turns seconds of the tenant's time into his.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The token for the resource.
    pub access_token: String,
    /// The resource, as it was asked for.
    pub resource: String,
    /// Who a user is; apps get none.
    pub id_token: Option<String>,
    /// What gets a user's client new tokens.
    pub refresh_token: Option<String>,
    /// A user's client's name for the account.
    pub client_info: Option<String>,
    /// The scopes, as they were granted.
    pub scope: String,
    /// Seconds of the tenant's time.
    pub lifetime: u32,
}

/// What we hand to a client so that it comes back with it. It is signed, so nothing needs to be remembered.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Ticket {
    ticket: Purpose,
    client: String,
    user: Option<String>,
    scope: String,
    /// Seconds since 1970, in the tenant's time.
    ends: Option<i64>,
    redirect_uri: Option<String>,
    nonce: Option<String>,
    challenge: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Purpose {
    Code,
    Device,
    Refresh,
}

/// The resource and the scopes that a list of scopes comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    resource: String,
    scopes: String,
}

impl TokenIssuer<'_> {
    /// Gives tokens for what a client brings to `/oauth2/v2.0/token`.
    pub fn redeem(&self, form: &Form) -> Result<Granted, Refusal> {
        let grant = form.need("grant_type")?;
        self.check_secret(form)?;
        match grant {
            "client_credentials" => self.client_credentials(form),
            "password" => {
                let account = Account::user(self.state, Some(form.need("username")?));
                self.check_password(&account, form.need("password")?)?;
                Ok(self.for_user(&account, form.need("client_id")?, needed_scope(form)?, None))
            }
            "authorization_code" => {
                let ticket = self.ticket(form.need("code")?, Purpose::Code, "code")?;
                check_code(&ticket, form)?;
                let account = Account::user(self.state, ticket.user.as_deref());
                let scope = asked_scope(form).unwrap_or(ticket.scope);
                Ok(self.for_user(&account, &ticket.client, scope, ticket.nonce.as_deref()))
            }
            "refresh_token" => {
                let ticket = self.ticket(form.need("refresh_token")?, Purpose::Refresh, "refresh token")?;
                let account = Account::user(self.state, ticket.user.as_deref());
                Ok(self.for_user(&account, &ticket.client, asked_scope(form).unwrap_or(ticket.scope), None))
            }
            "device_code" | "urn:ietf:params:oauth:grant-type:device_code" => {
                let code = form.get("device_code").or_else(|| form.get("code"));
                let code = code.ok_or_else(|| Refusal::missing("device_code"))?;
                let ticket = self.ticket(code, Purpose::Device, "device code")?;
                Ok(self.for_user(&Account::user(self.state, None), &ticket.client, ticket.scope, None))
            }
            "urn:ietf:params:oauth:grant-type:jwt-bearer" => {
                self.check_client(form)?;
                let user = subject(form.need("assertion")?).ok_or_else(|| Refusal::bad_grant("assertion"))?;
                let account = Account::user(self.state, Some(&user));
                Ok(self.for_user(&account, form.need("client_id")?, needed_scope(form)?, None))
            }
            other => Err(Refusal::unknown_grant(other)),
        }
    }

    /// A token for anybody, without a grant: what `specularite token` prints. `roles` are an app's in another app.
    pub fn issue(&self, account: &Account, scope: &str, roles: &[String]) -> String {
        let wanted = wanted(scope);
        let mut claims = match account.user_name() {
            Some(_) => self.claims_of_user(account, APP_OF_TOOLS, &wanted),
            None => self.claims_of_app(account, &wanted.resource),
        };
        if !roles.is_empty() {
            claims["roles"] = json!(roles);
        }
        self.signer.sign(&claims)
    }

    /// The token of a managed identity for a resource.
    pub fn managed_identity(&self, resource: &str, client: Option<&str>) -> Granted {
        let account = Account::managed_identity(self.state, client);
        self.for_app(&account, resource.to_owned())
    }

    /// Signs in whoever is hinted at: a code for the client to come back with. The page asks nobody anything.
    pub fn authorize(&self, form: &Form) -> Result<String, Refusal> {
        let ticket = Ticket {
            ticket: Purpose::Code,
            client: form.need("client_id")?.to_owned(),
            user: form.get("login_hint").or_else(|| form.get("username")).map(str::to_owned),
            scope: asked_scope(form).unwrap_or_else(|| "openid".into()),
            ends: Some(self.now.as_second() + CODE_LASTS),
            redirect_uri: Some(form.need("redirect_uri")?.to_owned()),
            nonce: form.get("nonce").map(str::to_owned),
            challenge: form.get("code_challenge").map(|challenge| match form.get("code_challenge_method") {
                Some("S256") => challenge.to_owned(),
                // The plain method has the verifier itself.
                _ => signing::hash(challenge.as_bytes()),
            }),
        };
        Ok(self.signer.sign(&ticket))
    }

    /// A device's code; it approves itself.
    pub fn device_code(&self, form: &Form) -> Result<String, Refusal> {
        Ok(self.signer.sign(&Ticket {
            ticket: Purpose::Device,
            client: form.need("client_id")?.to_owned(),
            user: None,
            scope: needed_scope(form)?,
            ends: Some(self.now.as_second() + DEVICE_LASTS),
            redirect_uri: None,
            nonce: None,
            challenge: None,
        }))
    }

    fn client_credentials(&self, form: &Form) -> Result<Granted, Refusal> {
        let account = self.check_client(form)?;
        let scope = needed_scope(form)?;
        // Some clients ask for OpenID's scopes too; an app has no use for them.
        let default = scope.split(' ').find_map(|scope| scope.strip_suffix("/.default"));
        let resource = default.ok_or_else(|| Refusal::bad_scope(&scope))?;
        Ok(self.for_app(&account, resource.to_owned()))
    }

    /// The app of the request, which proves itself by any secret or assertion; a secret that was declared is looked at before.
    fn check_client(&self, form: &Form) -> Result<Account, Refusal> {
        let client = form.need("client_id")?;
        match form.get("client_secret").or_else(|| form.get("client_assertion")) {
            Some(_) => Ok(Account::app(self.state, client)),
            None => Err(Refusal::no_credential()),
        }
    }

    /// Whatever is asked for: a secret that comes along is the one that was declared, if one was.
    fn check_secret(&self, form: &Form) -> Result<(), Refusal> {
        let (Some(client), Some(secret)) = (form.get("client_id"), form.get("client_secret")) else { return Ok(()) };
        if self.is_wrong(&Account::app(self.state, client), secret) {
            Err(Refusal::wrong_secret(client))
        } else {
            Ok(())
        }
    }

    fn check_password(&self, account: &Account, password: &str) -> Result<(), Refusal> {
        if self.is_wrong(account, password) { Err(Refusal::wrong_password()) } else { Ok(()) }
    }

    fn is_wrong(&self, account: &Account, secret: &str) -> bool {
        self.state.secret_of(account.0.id).is_some_and(|declared| declared != signing::hash(secret.as_bytes()))
    }

    fn ticket(&self, text: &str, purpose: Purpose, what: &str) -> Result<Ticket, Refusal> {
        let ticket: Option<Ticket> = self.signer.verify(text);
        let good =
            |ticket: &Ticket| ticket.ticket == purpose && ticket.ends.is_none_or(|ends| self.now.as_second() < ends);
        ticket.filter(good).ok_or_else(|| Refusal::bad_grant(what))
    }

    fn for_app(&self, account: &Account, resource: String) -> Granted {
        let scope = format!("{resource}/.default");
        Granted {
            access_token: self.signer.sign(&self.claims_of_app(account, &resource)),
            resource,
            id_token: None,
            refresh_token: None,
            client_info: None,
            scope,
            lifetime: self.state.settings.token_lifetime,
        }
    }

    fn claims_of_app(&self, account: &Account, resource: &str) -> Value {
        let mut claims = self.claims(account, audience(resource));
        claims["appid"] = account.client_id().into();
        claims["appidacr"] = "1".into();
        claims["idtyp"] = "app".into();
        if let Some(name) = &account.0.display_name {
            claims["app_displayname"] = name.as_str().into();
        }
        claims
    }

    fn claims_of_user(&self, account: &Account, client: &str, wanted: &Wanted) -> Value {
        let mut claims = self.claims(account, audience(&wanted.resource));
        let name = account.user_name().unwrap_or_default();
        claims["appid"] = client.into();
        claims["idtyp"] = "user".into();
        claims["name"] = account.0.display_name.as_deref().unwrap_or(name).into();
        claims["scp"] = wanted.scopes.as_str().into();
        claims["unique_name"] = name.into();
        claims["upn"] = name.into();
        claims
    }

    fn for_user(&self, account: &Account, client: &str, scope: String, nonce: Option<&str>) -> Granted {
        let wanted = wanted(&scope);
        let claims = self.claims_of_user(account, client, &wanted);
        let mut identity = self.claims(account, client);
        identity["ver"] = "2.0".into();
        identity["name"] = claims["name"].clone();
        identity["preferred_username"] = claims["upn"].clone();
        if let Some(nonce) = nonce {
            identity["nonce"] = nonce.into();
        }
        let refresh = Ticket {
            ticket: Purpose::Refresh,
            client: client.to_owned(),
            user: account.user_name().map(str::to_owned),
            scope: scope.clone(),
            ends: None,
            redirect_uri: None,
            nonce: None,
            challenge: None,
        };
        let (uid, utid) = (account.0.id, self.site.tenant);
        let client_info = json!({"uid": uid, "utid": utid}).to_string();
        Granted {
            access_token: self.signer.sign(&claims),
            resource: wanted.resource,
            id_token: Some(self.signer.sign(&identity)),
            refresh_token: Some(self.signer.sign(&refresh)),
            client_info: Some(URL_SAFE_NO_PAD.encode(client_info)),
            scope,
            lifetime: self.state.settings.token_lifetime,
        }
    }

    /// What all tokens have.
    fn claims(&self, account: &Account, audience: &str) -> Value {
        let begins = self.now.as_second();
        json!({
            "aud": audience,
            "iss": self.site.issuer(),
            "iat": begins,
            "nbf": begins,
            "exp": begins + i64::from(self.state.settings.token_lifetime),
            "oid": account.0.id,
            "sub": account.0.id,
            "tid": self.site.tenant,
            "ver": "1.0",
        })
    }
}

/// The scopes of a request. Version 1 of the endpoint has a resource, which goes before the scopes that come with it.
fn asked_scope(form: &Form) -> Option<String> {
    let resource = form.get("resource").map(|resource| format!("{}/.default", resource.trim_end_matches('/')));
    resource.or_else(|| form.get("scope").map(str::to_owned))
}

fn needed_scope(form: &Form) -> Result<String, Refusal> {
    asked_scope(form).ok_or_else(|| Refusal::missing("scope"))
}

/// `https://api.fabric.microsoft.com/Item.Read.All openid` is the scope `Item.Read.All` of that resource. The first resource that
/// is named counts, and `.default` is everything.
fn wanted(scope: &str) -> Wanted {
    let named: Vec<(&str, &str)> = scope
        .split_whitespace()
        .filter(|scope| !OPENID.contains(scope))
        .filter_map(|scope| scope.rsplit_once('/'))
        .collect();
    let Some((resource, _)) = named.first().copied() else {
        return Wanted { resource: GRAPH.to_owned(), scopes: scope.to_owned() };
    };
    let scopes: Vec<&str> = named
        .iter()
        .filter(|(of, _)| *of == resource)
        .map(|(_, scope)| if *scope == ".default" { EVERY_SCOPE } else { scope })
        .collect();
    Wanted { resource: resource.to_owned(), scopes: scopes.join(" ") }
}

/// What a token for a resource names: Fabric's tokens are Power BI's.
fn audience(resource: &str) -> &str {
    if FABRIC.contains(&resource.trim_end_matches('/')) { AUDIENCES[0] } else { resource }
}

/// The code must come back from the client and the place that it was sent to, with what its challenge was made of.
fn check_code(ticket: &Ticket, form: &Form) -> Result<(), Refusal> {
    if form.get("client_id").is_some_and(|client| client != ticket.client) {
        return Err(Refusal::bad_grant("code"));
    }
    if form.get("redirect_uri").is_some_and(|uri| ticket.redirect_uri.as_deref() != Some(uri)) {
        return Err(Refusal::other_reply_address());
    }
    let Some(challenge) = &ticket.challenge else { return Ok(()) };
    let verifier = form.get("code_verifier").unwrap_or_default();
    if signing::hash(verifier.as_bytes()) == *challenge { Ok(()) } else { Err(Refusal::wrong_verifier()) }
}

/// The user on whose behalf somebody acts, whoever signed the assertion. An app is none.
fn subject(assertion: &str) -> Option<String> {
    let claims: Value = access::claims_of(assertion)?;
    let names = ["upn", "preferred_username", "unique_name", "oid", "sub"];
    let name = names.iter().find_map(|name| claims[*name].as_str()).map(str::to_owned);
    name.filter(|_| claims["idtyp"] != "app")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_name_a_resource() {
        for (scope, resource, scopes) in [
            (
                "https://api.fabric.microsoft.com/.default openid",
                "https://api.fabric.microsoft.com",
                "user_impersonation",
            ),
            (
                "https://management.core.windows.net//.default",
                "https://management.core.windows.net/",
                "user_impersonation",
            ),
            ("openid https://a/Item.Read.All https://a/X https://b/Y", "https://a", "Item.Read.All X"),
            ("openid profile", GRAPH, "openid profile"),
        ] {
            assert_eq!(wanted(scope), Wanted { resource: resource.into(), scopes: scopes.into() }, "{scope}");
        }
        assert_eq!(audience("https://api.fabric.microsoft.com/"), AUDIENCES[0]);
        assert_eq!(audience("https://storage.azure.com"), "https://storage.azure.com");
    }
}
