//! Who calls: what a bearer token says, and whether it is still good.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::fabric::item::ItemKind;
use crate::fabric::principal::{Details, DirectoryEntry};
use crate::fabric::{ErrorCode, FabricError};
use crate::ids::{PrincipalId, TenantId};
use crate::seed::Seed;

/// The tenant of a caller whose token names none.
pub const DEFAULT_TENANT: TenantId = TenantId::from_uuid(uuid::uuid!("5bec0a12-0000-4000-8000-000000000001"));
/// Whom an opaque token stands for: the default tenant's administrator.
pub const DEFAULT_USER: PrincipalId = PrincipalId::from_uuid(uuid::uuid!("5bec0a12-0000-4000-8000-000000000002"));

/// The app that a managed identity is which nobody named.
pub const DEFAULT_IDENTITY: PrincipalId = PrincipalId::from_uuid(uuid::uuid!("5bec0a12-0000-4000-8000-000000000004"));
/// The domain of the default tenant.
pub const DEFAULT_DOMAIN: &str = "specularite.example";
/// The names of tenants that stand for the one of whoever signs in.
const ANYBODYS: &[&str] = &["", "adfs", "common", "consumers", "organizations"];
/// What a token for Fabric can be meant for.
pub const AUDIENCES: &[&str] = &["https://analysis.windows.net/powerbi/api", "https://api.fabric.microsoft.com"];
/// The scope of a client that was consented to everything (as Azure's own tools have it).
pub const EVERY_SCOPE: &str = "user_impersonation";

/// The tenant of a name: its GUID, its domain, or a word that leaves it open.
pub fn tenant_named(name: &str) -> TenantId {
    let name = name.trim().to_ascii_lowercase();
    if ANYBODYS.contains(&name.as_str()) || name == DEFAULT_DOMAIN {
        return DEFAULT_TENANT;
    }
    name.parse().unwrap_or_else(|_| TenantId::nth(Seed::new(0).fork(&name), 0))
}

/// The principal of a name that is no GUID: always the same.
pub fn principal_named(name: &str) -> PrincipalId {
    name.parse().unwrap_or_else(|_| PrincipalId::nth(Seed::new(0).fork(name), 0))
}

/// The tokens that are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Auth {
    /// Any bearer token that has not expired
    #[default]
    Token,
    /// Only tokens that the emulator issued for Fabric, with a scope of the operation
    Strict,
}

/// What a request says about its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The universe that the request belongs to: the default tenant where the token does not say, or cannot be read.
    pub tenant: TenantId,
    /// The token, or why there is none.
    pub bearer: Result<Bearer, FabricError>,
}

/// What a bearer token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// The sender, as far as the token tells of him.
    pub caller: DirectoryEntry,
    /// What it is meant for.
    pub audience: Option<String>,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// The delegated scopes, separated by blanks; apps have none.
    pub scopes: Option<String>,
    /// Whether it says whom it gives access, an app or a user: of what we sign, only access tokens do.
    pub is_for_access: bool,
}

/// The claims that count (design: `tid`, `oid`, `appid`/`azp`, `upn`, `scp`, `exp`, `idtyp`), and the names.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Claims {
    tid: Option<String>,
    oid: Option<String>,
    appid: Option<String>,
    azp: Option<String>,
    upn: Option<String>,
    sub: Option<String>,
    aud: Option<OneOrMany>,
    scp: Option<OneOrMany>,
    idtyp: Option<String>,
    name: Option<String>,
    preferred_username: Option<String>,
    app_displayname: Option<String>,
    exp: Option<f64>,
}

/// A claim that may be a list (RFC 7519, 4.1.3).
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    fn text(&self) -> String {
        match self {
            Self::One(one) => one.clone(),
            Self::Many(many) => many.join(" "),
        }
    }
}

/// Reads the header `Authorization`. Who signed the token is not looked at, nor whether it is still good.
pub fn identify(authorization: Option<&[u8]>) -> Identity {
    let default = |bearer| Identity { tenant: DEFAULT_TENANT, bearer };
    let Some(token) = authorization.and_then(bearer) else {
        return default(Err(unauthorized(
            "a header `Authorization: Bearer TOKEN` is needed; `specularite token` prints one",
        )));
    };
    if let Some(mistake) = mistake(token) {
        return default(Err(FabricError::new(ErrorCode::Unauthorized).note(mistake)));
    }
    if !token.starts_with("eyJ") {
        let caller = default_user();
        return default(Ok(Bearer { caller, audience: None, expires: None, scopes: None, is_for_access: false }));
    }
    match claims_of::<Claims>(token) {
        Some(claims) => Identity { tenant: claims.tenant(), bearer: Ok(claims.bearer()) },
        None => default(Err(unauthorized("the token begins as a JWT does, but its claims cannot be read"))),
    }
}

impl Bearer {
    /// Refuses a token that has ended at this instant, which `clock` shows.
    pub fn check_expiry(&self, now: Timestamp, clock: &'static str) -> Result<(), FabricError> {
        match self.expires {
            Some(at) if at <= now => Err(FabricError::new(ErrorCode::TokenExpired)
                .note(format!("the token ended at {at:.0}, and {clock} shows {now:.0}"))),
            Some(_) | None => Ok(()),
        }
    }

    /// Refuses a token that is not meant for Fabric.
    pub fn check_audience(&self) -> Result<(), FabricError> {
        let audience = self.audience.as_deref().unwrap_or_default().trim_end_matches('/');
        if AUDIENCES.contains(&audience) {
            return Ok(());
        }
        Err(FabricError::new(ErrorCode::Unauthorized).note(format!(
            "the token is for {audience:?}; the scope https://api.fabric.microsoft.com/.default asks for Fabric's"
        )))
    }

    /// Refuses what is no access token, although we signed it.
    pub fn check_purpose(&self) -> Result<(), FabricError> {
        if self.is_for_access { Ok(()) } else { Err(unauthorized("the token is signed, and no access token")) }
    }

    /// Refuses a user's token that has none of these scopes: they are separated by blanks, `A+B` is both, and `itemType` stands
    /// for any kind of item.
    pub fn check_scopes(&self, any_of: &str) -> Result<(), FabricError> {
        let Some(scopes) = &self.scopes else { return Ok(()) };
        let is = |scope: &str, wanted: &str| match (wanted.strip_prefix("itemType."), scope.split_once('.')) {
            (Some(wanted), Some((kind, rest))) => kind.parse::<ItemKind>().is_ok() && rest.eq_ignore_ascii_case(wanted),
            _ => scope.eq_ignore_ascii_case(wanted),
        };
        let has = |wanted: &str| scopes.split(' ').any(|scope| is(scope, wanted));
        if any_of.is_empty() || has(EVERY_SCOPE) || any_of.split(' ').any(|all_of| all_of.split('+').all(has)) {
            return Ok(());
        }
        Err(FabricError::new(ErrorCode::InsufficientScopes)
            .note(format!("the token has the scopes {scopes:?}; {any_of:?} are needed, any of them")))
    }
}

/// The header's token, if it has one.
pub fn bearer(header: &[u8]) -> Option<&str> {
    let (scheme, token) = std::str::from_utf8(header).ok()?.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The refusal of a caller whose token is none that we would take.
pub fn unauthorized(note: &'static str) -> FabricError {
    FabricError::new(ErrorCode::Unauthorized).note(note)
}

/// Who an opaque token is, and who signs in when nobody says who.
pub fn default_user() -> DirectoryEntry {
    let user_principal_name = Some(format!("admin@{DEFAULT_DOMAIN}"));
    DirectoryEntry {
        id: DEFAULT_USER,
        display_name: Some("Specularite Admin".into()),
        details: Details::User { user_principal_name },
    }
}

/// What scripts send when a variable was empty, or was never a string.
fn mistake(token: &str) -> Option<String> {
    let unset = ["null", "undefined", "none", "[object object]"].iter().any(|word| token.eq_ignore_ascii_case(word));
    let unexpanded = token.starts_with(['$', '%', '<', '{']);
    let secure = token == "System.Security.SecureString";
    (unset || unexpanded || secure).then(|| {
        let why = if secure {
            "the token was never turned into text: ConvertFrom-SecureString -AsPlainText does"
        } else {
            "the variable that should hold the token was not set or not expanded"
        };
        // A header takes visible ASCII only.
        let shown: String = token.chars().filter(|c| c.is_ascii_graphic()).take(40).collect();
        format!("the bearer token is {shown:?}: {why}")
    })
}

/// The claims of a token, whoever signed it.
pub fn claims_of<T: DeserializeOwned>(token: &str) -> Option<T> {
    let payload = token.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&payload).ok()
}

impl Claims {
    fn tenant(&self) -> TenantId {
        self.tid.as_deref().and_then(|tid| tid.parse().ok()).unwrap_or(DEFAULT_TENANT)
    }

    fn bearer(self) -> Bearer {
        let expires = self.exp.and_then(|exp| {
            let since = SignedDuration::try_from_secs_f64(exp).ok()?;
            Timestamp::UNIX_EPOCH.checked_add(since).ok()
        });
        let is_app = self.is_app();
        let scopes = if is_app { None } else { Some(self.scp.as_ref().map(OneOrMany::text).unwrap_or_default()) };
        let audience = self.aud.as_ref().map(OneOrMany::text);
        let is_for_access = self.idtyp.is_some();
        let id = self.principal();
        let (display_name, details) = if is_app {
            let aad_app_id = self.app().cloned();
            (self.app_displayname, Details::ServicePrincipal { aad_app_id })
        } else {
            let user_principal_name = self.upn.or(self.preferred_username);
            (self.name.or_else(|| user_principal_name.clone()), Details::User { user_principal_name })
        };
        Bearer { caller: DirectoryEntry { id, display_name, details }, audience, expires, scopes, is_for_access }
    }

    fn principal(&self) -> PrincipalId {
        let Some(name) = self.oid.as_ref().or(self.app()).or(self.upn.as_ref()).or(self.sub.as_ref()) else {
            return DEFAULT_USER;
        };
        principal_named(name)
    }

    fn app(&self) -> Option<&String> {
        self.appid.as_ref().or(self.azp.as_ref())
    }

    fn is_app(&self) -> bool {
        let delegated = self.upn.is_some() || self.scp.is_some();
        match self.idtyp.as_deref() {
            Some(kind) => kind == "app",
            None => self.app().is_some() && !delegated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fabric::principal::PrincipalType;

    const OID: &str = "00000000-0000-4000-8000-000000000010";
    const TID: &str = "00000000-0000-4000-9000-000000000002";

    fn jwt(claims: &str) -> String {
        format!("Bearer eyJhbGciOiJub25lIn0.{}.", URL_SAFE_NO_PAD.encode(claims))
    }

    fn look(header: &str) -> Identity {
        identify(Some(header.as_bytes()))
    }

    #[track_caller]
    fn check(header: &str, tenant: TenantId, caller: Result<(PrincipalId, PrincipalType), ErrorCode>) {
        let identity = look(header);
        assert_eq!(identity.tenant, tenant);
        let told = identity.bearer.map(|bearer| (bearer.caller.id, bearer.caller.principal().kind));
        assert_eq!(told.map_err(|refusal| refusal.code()), caller);
    }

    #[test]
    fn an_opaque_token_is_the_default_user() {
        check("Bearer anything", DEFAULT_TENANT, Ok((DEFAULT_USER, PrincipalType::User)));
        check("bearer  anything ", DEFAULT_TENANT, Ok((DEFAULT_USER, PrincipalType::User)));
    }

    #[test]
    fn claims_say_who_and_where() {
        let (oid, tid) = (OID.parse().unwrap(), TID.parse().unwrap());
        check(&jwt(&format!(r#"{{"oid":"{OID}","upn":"a@b"}}"#)), DEFAULT_TENANT, Ok((oid, PrincipalType::User)));
        check(
            &jwt(&format!(r#"{{"oid":"{OID}","tid":"{TID}","idtyp":"app"}}"#)),
            tid,
            Ok((oid, PrincipalType::ServicePrincipal)),
        );
        check(&jwt(&format!(r#"{{"appid":"{OID}"}}"#)), DEFAULT_TENANT, Ok((oid, PrincipalType::ServicePrincipal)));
    }

    #[test]
    fn what_cannot_be_read_or_has_expired_is_refused() {
        check("Basic dTpw", DEFAULT_TENANT, Err(ErrorCode::Unauthorized));
        check("Bearer ", DEFAULT_TENANT, Err(ErrorCode::Unauthorized));
        check("Bearer eyJhbGciOiJub25lIn0.!!!.", DEFAULT_TENANT, Err(ErrorCode::Unauthorized));
        let ended = look(&jwt(&format!(r#"{{"tid":"{TID}","exp":999999}}"#))).bearer.unwrap();
        assert_eq!(ended.check_expiry(Timestamp::from_second(999_998).unwrap(), "a clock"), Ok(()));
        let refusal =
            ended.check_expiry(Timestamp::from_second(999_999).unwrap(), "a clock").expect_err("it has ended");
        assert_eq!(refusal.code(), ErrorCode::TokenExpired);
        assert_eq!(identify(None).bearer.map_err(|refusal| refusal.code()), Err(ErrorCode::Unauthorized));
    }

    #[test]
    fn scopes_and_audience_are_a_users_to_have() {
        let bearer = |claims: &str| look(&jwt(claims)).bearer.unwrap();
        let wanted = "Workspace.Read.All Workspace.ReadWrite.All";
        for (claims, taken) in [
            (r#"{"upn":"a@b","scp":["Item.Read.All","Workspace.Read.All"],"aud":["a","b"]}"#, true),
            (r#"{"upn":"a@b","scp":"Item.Read.All workspace.read.all"}"#, true),
            (r#"{"upn":"a@b","scp":"user_impersonation"}"#, true),
            (r#"{"upn":"a@b","scp":"Item.Read.All"}"#, false),
            (r#"{"upn":"a@b"}"#, false),
            (r#"{"appid":"a","idtyp":"app"}"#, true),
        ] {
            assert_eq!(bearer(claims).check_scopes(wanted).is_ok(), taken, "{claims}");
        }
        for (scopes, wanted, taken) in [
            ("A", "A+B", false),
            ("A B", "A+B", true),
            ("C", "A+B C", true),
            ("MirroredDatabase.Read.All", "Item.Read.All itemType.Read.All", true),
            ("Nonsense.Read.All", "Item.Read.All itemType.Read.All", false),
            ("MirroredDatabase.ReadWrite.All", "itemType.Read.All", false),
            ("", "", true),
        ] {
            let token = bearer(&format!(r#"{{"upn":"a@b","scp":"{scopes}"}}"#));
            assert_eq!(token.check_scopes(wanted).is_ok(), taken, "{scopes:?} for {wanted:?}");
        }
        assert!(bearer(r#"{"aud":"https://api.fabric.microsoft.com/"}"#).check_audience().is_ok());
        assert!(bearer(r#"{"aud":"https://storage.azure.com"}"#).check_audience().is_err());
    }

    #[test]
    fn tenants_have_names() {
        for name in ["common", "Organizations", "adfs", "specularite.example", &DEFAULT_TENANT.to_string()] {
            assert_eq!(tenant_named(name), DEFAULT_TENANT, "{name}");
        }
        assert_eq!(tenant_named("Contoso.com"), tenant_named("contoso.com"));
        assert_ne!(tenant_named("contoso.com"), tenant_named("fabrikam.com"));
    }

    #[test]
    fn a_mistake_is_named() {
        for (token, hint) in
            [("System.Security.SecureString", "AsPlainText"), ("$TOKEN", "not expanded"), ("undefined", "not set")]
        {
            let refusal = look(&format!("Bearer {token}")).bearer.expect_err(token);
            assert!(refusal.hint().is_some_and(|note| note.contains(hint)), "{refusal:?}");
        }
    }
}
