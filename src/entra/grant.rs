//! Grants: the requests to the token endpoint, and the tokens that they return.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::entra::form::USER_NAME_MAX;
use crate::entra::{Account, Form, Refusal, Site};
use crate::fabric::State;
use crate::fabric::access::{self, AUDIENCES, EVERY_SCOPE};
use crate::signing::{self, Signer};

/// Lifetime of an authorization code, in seconds.
const CODE_LIFETIME: i64 = 600;
/// Lifetime of a device code, in seconds.
pub const DEVICE_CODE_LIFETIME: i64 = 900;
/// The resources that stand for Fabric. The audience of a token for any of these resources is the first of
/// [`AUDIENCES`].
const FABRIC: &[&str] = &[
    "https://api.fabric.microsoft.com",
    "https://analysis.windows.net/powerbi/api",
    "https://api.powerbi.com",
    "00000009-0000-0000-c000-000000000000",
];
/// The resource id of Microsoft Graph. It is the resource of a request whose scopes name no resource.
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
/// The client id of the Azure CLI. It is the client in the user tokens that `specularite token` prints.
const AZURE_CLI: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
/// The scopes of OpenID Connect.
const OPENID: &[&str] = &["openid", "profile", "email", "offline_access"];

/// Issues the tokens of one Entra authority (a tenant at a sign-in host) at one instant.
#[derive(Debug, Clone, Copy)]
pub struct TokenIssuer<'a> {
    /// The tenant's state: its directory and the lifetime of tokens.
    pub state: &'a State,
    /// The key that signs the tokens.
    pub signer: &'a Signer,
    /// The authority that issues the tokens.
    pub site: &'a Site,
    /// The instant of issue, on the tenant's clock.
    pub now: Timestamp,
}

/// The tokens that a grant returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// The access token for the resource.
    pub access_token: String,
    /// The resource, as the client named it.
    pub resource: String,
    /// The ID token of a user; `None` for an app.
    pub id_token: Option<String>,
    /// The refresh token of a user; `None` for an app.
    pub refresh_token: Option<String>,
    /// The key of a user's account in the client's token cache; `None` for an app.
    pub client_info: Option<String>,
    /// The granted scopes.
    pub scope: String,
    /// The code that was exchanged for the tokens; `None` for other grants. The tokens must not be used if the code was
    /// redeemed before.
    pub code: Option<RedeemedCode>,
    /// The lifetime of the access token, in seconds of the tenant's clock. The code that builds the response converts
    /// the lifetime to the machine's time.
    pub lifetime: u32,
}

/// An authorization code or a device code that a request redeems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedeemedCode {
    /// The hash of the code.
    pub hash: String,
    /// The instant at which the code expires, as Unix time on the tenant's clock.
    pub ends: i64,
    /// The error if the code was redeemed before.
    pub if_used: Refusal,
}

/// The content of an authorization code, device code or refresh token. The emulator signs tickets instead of storing
/// them.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Ticket {
    ticket: Purpose,
    client: String,
    user: Option<String>,
    scope: String,
    /// The instant at which the ticket expires, as Unix time on the tenant's clock; `None` for a ticket that never
    /// expires.
    ends: Option<i64>,
    redirect_uri: Option<String>,
    nonce: Option<String>,
    challenge: Option<String>,
    /// A number that distinguishes codes with the same content. Refresh tokens have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Purpose {
    Code,
    Device,
    Refresh,
}

/// The parsed scopes of a request: a resource, and the scopes for this resource.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RequestedScopes {
    resource: String,
    scopes: String,
}

impl TokenIssuer<'_> {
    /// Issues tokens for a request to `/oauth2/v2.0/token` or `/oauth2/token`.
    pub fn redeem(&self, form: &Form) -> Result<Granted, Refusal> {
        let grant = form.need("grant_type")?;
        self.check_secret(form)?;
        match grant {
            "client_credentials" => self.client_credentials(form),
            "password" => {
                let account = Account::user(self.state, Some(form.need("username")?));
                self.check_password(&account, form.need("password")?)?;
                Ok(self.for_user(&account, form.need("client_id")?, required_scope(form)?, None))
            }
            "authorization_code" => {
                let code = form.need("code")?;
                let ticket = self.ticket(code, Purpose::Code, "code")?;
                check_code(&ticket, form)?;
                let account = Account::user(self.state, ticket.user.as_deref());
                let code = ticket.redeemed(code, Refusal::redeemed_code());
                let scope = requested_scope(form).unwrap_or(ticket.scope);
                Ok(Granted { code, ..self.for_user(&account, &ticket.client, scope, ticket.nonce.as_deref()) })
            }
            "refresh_token" => {
                let ticket = self.ticket(form.need("refresh_token")?, Purpose::Refresh, "refresh token")?;
                ticket.check_client(form)?;
                let account = Account::user(self.state, ticket.user.as_deref());
                Ok(self.for_user(&account, &ticket.client, requested_scope(form).unwrap_or(ticket.scope), None))
            }
            "device_code" | "urn:ietf:params:oauth:grant-type:device_code" => {
                let code = form.get("device_code").or_else(|| form.get("code"));
                let code = code.ok_or_else(|| Refusal::missing("device_code"))?;
                let ticket = self.ticket(code, Purpose::Device, "device code")?;
                ticket.check_client(form)?;
                let code = ticket.redeemed(code, Refusal::redeemed_device_code());
                let account = Account::user(self.state, None);
                Ok(Granted { code, ..self.for_user(&account, &ticket.client, ticket.scope, None) })
            }
            "urn:ietf:params:oauth:grant-type:jwt-bearer" => {
                self.check_client(form)?;
                let user = subject(form.need("assertion")?).ok_or_else(|| Refusal::bad_grant("assertion"))?;
                let account = Account::user(self.state, Some(&user));
                Ok(self.for_user(&account, form.need("client_id")?, required_scope(form)?, None))
            }
            other => Err(Refusal::unknown_grant(other)),
        }
    }

    /// Issues an access token without a grant, for `specularite token`. `roles` are the app roles in the token.
    pub fn issue(&self, account: &Account, scope: &str, roles: &[String]) -> String {
        let requested = parse_scopes(scope);
        let mut claims = match account.user_name() {
            Some(_) => self.claims_of_user(account, AZURE_CLI, &requested),
            None => self.claims_of_app(account, &requested.resource),
        };
        if !roles.is_empty() {
            claims["roles"] = json!(roles);
        }
        self.signer.sign(&claims)
    }

    /// Issues a managed identity's access token for a resource.
    pub fn managed_identity(&self, resource: &str, client: Option<&str>) -> Granted {
        let account = Account::managed_identity(self.state, client);
        self.for_app(&account, resource.to_owned())
    }

    /// Issues an authorization code without a prompt. The user is the one in `login_hint` or `username`, or else the
    /// administrator. Each code needs a different `number`.
    pub fn authorize(&self, form: &Form, number: u64) -> Result<String, Refusal> {
        let ticket = Ticket {
            ticket: Purpose::Code,
            client: form.need("client_id")?.to_owned(),
            user: form.get("login_hint").or_else(|| form.get("username")).map(str::to_owned),
            scope: requested_scope(form).unwrap_or_else(|| "openid".into()),
            ends: Some(self.now.as_second() + CODE_LIFETIME),
            redirect_uri: Some(form.need("redirect_uri")?.to_owned()),
            nonce: form.get("nonce").map(str::to_owned),
            challenge: form.get("code_challenge").map(|challenge| match form.get("code_challenge_method") {
                Some("S256") => challenge.to_owned(),
                // With the method `plain`, the challenge is the verifier.
                _ => signing::hash(challenge.as_bytes()),
            }),
            number: Some(number),
        };
        Ok(self.signer.sign(&ticket))
    }

    /// Issues a device code. The code can be redeemed at once, because no user has to approve it. Each code needs a
    /// different `number`.
    pub fn device_code(&self, form: &Form, number: u64) -> Result<String, Refusal> {
        Ok(self.signer.sign(&Ticket {
            ticket: Purpose::Device,
            client: form.need("client_id")?.to_owned(),
            user: None,
            scope: required_scope(form)?,
            ends: Some(self.now.as_second() + DEVICE_CODE_LIFETIME),
            redirect_uri: None,
            nonce: None,
            challenge: None,
            number: Some(number),
        }))
    }

    fn client_credentials(&self, form: &Form) -> Result<Granted, Refusal> {
        let account = self.check_client(form)?;
        let scope = required_scope(form)?;
        // Some clients add scopes of OpenID Connect. These scopes have no meaning for an app and are ignored.
        let default = scope.split(' ').find_map(|scope| scope.strip_suffix("/.default"));
        let resource = default.ok_or_else(|| Refusal::bad_scope(&scope))?;
        Ok(self.for_app(&account, resource.to_owned()))
    }

    /// Returns the app of the request. Rejects a request without a secret or an assertion. The secret itself has
    /// already been checked by `check_secret`.
    fn check_client(&self, form: &Form) -> Result<Account, Refusal> {
        let client = form.need("client_id")?;
        match form.get("client_secret").or_else(|| form.get("client_assertion")) {
            Some(_) => Ok(Account::app(self.state, client)),
            None => Err(Refusal::no_credential()),
        }
    }

    /// Rejects a client secret that differs from the declared secret of the app. Applies to all grant types.
    fn check_secret(&self, form: &Form) -> Result<(), Refusal> {
        let (Some(client), Some(secret)) = (form.get("client_id"), form.get("client_secret")) else { return Ok(()) };
        if self.is_wrong_secret(&Account::app(self.state, client), secret) {
            Err(Refusal::wrong_secret(client))
        } else {
            Ok(())
        }
    }

    fn check_password(&self, account: &Account, password: &str) -> Result<(), Refusal> {
        if self.is_wrong_secret(account, password) { Err(Refusal::wrong_password()) } else { Ok(()) }
    }

    fn is_wrong_secret(&self, account: &Account, secret: &str) -> bool {
        self.state.secret_of(account.0.id).is_some_and(|declared| declared != signing::hash(secret.as_bytes()))
    }

    fn ticket(&self, text: &str, purpose: Purpose, what: &str) -> Result<Ticket, Refusal> {
        let ticket: Option<Ticket> = self.signer.verify(text);
        let is_valid =
            |ticket: &Ticket| ticket.ticket == purpose && ticket.ends.is_none_or(|ends| self.now.as_second() < ends);
        ticket.filter(is_valid).ok_or_else(|| Refusal::bad_grant(what))
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
            code: None,
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

    fn claims_of_user(&self, account: &Account, client: &str, requested: &RequestedScopes) -> Value {
        let mut claims = self.claims(account, audience(&requested.resource));
        let name = account.user_name().unwrap_or_default();
        claims["appid"] = client.into();
        claims["idtyp"] = "user".into();
        claims["name"] = account.0.display_name.as_deref().unwrap_or(name).into();
        claims["scp"] = requested.scopes.as_str().into();
        claims["unique_name"] = name.into();
        claims["upn"] = name.into();
        claims
    }

    fn for_user(&self, account: &Account, client: &str, scope: String, nonce: Option<&str>) -> Granted {
        let requested = parse_scopes(&scope);
        let claims = self.claims_of_user(account, client, &requested);
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
            number: None,
        };
        let (uid, utid) = (account.0.id, self.site.tenant);
        let client_info = json!({"uid": uid, "utid": utid}).to_string();
        Granted {
            access_token: self.signer.sign(&claims),
            resource: requested.resource,
            id_token: Some(self.signer.sign(&identity)),
            refresh_token: Some(self.signer.sign(&refresh)),
            client_info: Some(URL_SAFE_NO_PAD.encode(client_info)),
            scope,
            code: None,
            lifetime: self.state.settings.token_lifetime,
        }
    }

    /// Returns the claims that are common to all tokens.
    fn claims(&self, account: &Account, audience: &str) -> Value {
        let issued_at = self.now.as_second();
        json!({
            "aud": audience,
            "iss": self.site.issuer(),
            "iat": issued_at,
            "nbf": issued_at,
            "exp": issued_at + i64::from(self.state.settings.token_lifetime),
            "oid": account.0.id,
            "sub": account.0.id,
            "tid": self.site.tenant,
            "ver": "1.0",
        })
    }
}

impl Ticket {
    /// Rejects a client other than the one that received the ticket.
    fn check_client(&self, form: &Form) -> Result<(), Refusal> {
        if form.need("client_id")?.eq_ignore_ascii_case(&self.client) { Ok(()) } else { Err(Refusal::other_client()) }
    }

    /// Returns the redemption of this ticket, whose signed text is `code`, or `None` if the ticket never expires. `if_used` is
    /// the error if the code was redeemed before.
    fn redeemed(&self, code: &str, if_used: Refusal) -> Option<RedeemedCode> {
        let hash = signing::hash(code.as_bytes());
        self.ends.map(|ends| RedeemedCode { hash, ends, if_used })
    }
}

/// Returns the scopes of a request. The parameter `resource`, from version 1 of the endpoint, takes precedence over
/// `scope`.
fn requested_scope(form: &Form) -> Option<String> {
    let resource = form.get("resource").map(|resource| format!("{}/.default", resource.trim_end_matches('/')));
    resource.or_else(|| form.get("scope").map(str::to_owned))
}

fn required_scope(form: &Form) -> Result<String, Refusal> {
    requested_scope(form).ok_or_else(|| Refusal::missing("scope"))
}

/// Parses a list of scopes. `https://api.fabric.microsoft.com/Item.Read.All openid` is the scope `Item.Read.All` of the
/// resource `https://api.fabric.microsoft.com`. Only the first resource in the list is used. `.default`
/// stands for all scopes.
fn parse_scopes(scope: &str) -> RequestedScopes {
    let named: Vec<(&str, &str)> = scope
        .split_whitespace()
        .filter(|scope| !OPENID.contains(scope))
        .filter_map(|scope| scope.rsplit_once('/'))
        .collect();
    let Some((resource, _)) = named.first().copied() else {
        return RequestedScopes { resource: GRAPH.to_owned(), scopes: scope.to_owned() };
    };
    let scopes: Vec<&str> = named
        .iter()
        .filter(|(of, _)| *of == resource)
        .map(|(_, scope)| if *scope == ".default" { EVERY_SCOPE } else { scope })
        .collect();
    RequestedScopes { resource: resource.to_owned(), scopes: scopes.join(" ") }
}

/// Returns the audience of tokens for a resource. The audience of tokens for Fabric is Power BI.
fn audience(resource: &str) -> &str {
    if FABRIC.contains(&resource.trim_end_matches('/')) { AUDIENCES[0] } else { resource }
}

/// Rejects an authorization code if the client or the redirect URI differs from that of the authorization request, or
/// if the code verifier does not match the code challenge.
fn check_code(ticket: &Ticket, form: &Form) -> Result<(), Refusal> {
    if !form.need("client_id")?.eq_ignore_ascii_case(&ticket.client) {
        return Err(Refusal::bad_grant("code"));
    }
    if form.get("redirect_uri").is_some_and(|uri| ticket.redirect_uri.as_deref() != Some(uri)) {
        return Err(Refusal::other_reply_address());
    }
    let Some(challenge) = &ticket.challenge else { return Ok(()) };
    let verifier = form.get("code_verifier").unwrap_or_default();
    if signing::hash(verifier.as_bytes()) == *challenge { Ok(()) } else { Err(Refusal::wrong_verifier()) }
}

/// Returns the user in an assertion of the on-behalf-of flow, or `None` for an app. The signature is not checked.
fn subject(assertion: &str) -> Option<String> {
    let claims: Value = access::claims_of(assertion)?;
    let names = ["upn", "preferred_username", "unique_name", "oid", "sub"];
    let name = names.iter().find_map(|name| claims[*name].as_str()).map(str::to_owned);
    name.filter(|name| claims["idtyp"] != "app" && name.len() <= USER_NAME_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_select_resource_and_audience() {
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
            let expected = RequestedScopes { resource: resource.into(), scopes: scopes.into() };
            assert_eq!(parse_scopes(scope), expected, "{scope}");
        }
        assert_eq!(audience("https://api.fabric.microsoft.com/"), AUDIENCES[0]);
        assert_eq!(audience("https://storage.azure.com"), "https://storage.azure.com");
    }
}
