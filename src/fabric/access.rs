//! Callers: the content of bearer tokens, and the checks of their expiry, audience and scopes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::fabric::item::ItemKind;
use crate::fabric::principal::{Details, DirectoryEntry};
use crate::fabric::{ErrorCode, FabricError};
use crate::ids::{PrincipalId, TenantId};
use crate::seed::Seed;

/// The tenant of a caller whose token does not name a tenant.
pub const DEFAULT_TENANT: TenantId = TenantId::from_uuid(uuid::uuid!("5bec0a12-0000-4000-8000-000000000001"));
/// The caller of a request whose token is opaque: the administrator of the default tenant.
pub const DEFAULT_USER: PrincipalId = PrincipalId::from_uuid(uuid::uuid!("5bec0a12-0000-4000-8000-000000000002"));
/// The client id of the managed identity that is used when a token request names none.
pub const DEFAULT_IDENTITY: PrincipalId = PrincipalId::from_uuid(uuid::uuid!("5bec0a12-0000-4000-8000-000000000004"));
/// The domain of the default tenant.
pub const DEFAULT_DOMAIN: &str = "specularite.example";
/// Names that do not identify a particular tenant. They select the default tenant.
const OPEN_TENANTS: &[&str] = &["", "adfs", "common", "consumers", "organizations"];
/// The audiences that tokens for Fabric can have.
pub const AUDIENCES: &[&str] = &["https://analysis.windows.net/powerbi/api", "https://api.fabric.microsoft.com"];
/// The audiences that tokens for Azure Resource Manager can have.
pub const AZURE_AUDIENCES: &[&str] = &["https://management.core.windows.net", "https://management.azure.com"];
/// The audiences that tokens for OneLake's storage can have.
pub const STORAGE_AUDIENCES: &[&str] = &["https://storage.azure.com"];
/// The scope that includes all other scopes. The tokens of Azure's own tools have this scope.
pub const EVERY_SCOPE: &str = "user_impersonation";

/// The accepted clock skew for the start of a token's validity, in seconds. Entra's libraries accept five minutes.
const CLOCK_SKEW: i64 = 300;
/// The maximum length of a claim in a note, in characters.
const SHOWN_MAX: usize = 200;

/// Returns the id of the tenant with the given name: a GUID, a domain, or a keyword such as `common`. A domain is
/// mapped to an id, and always to the same id.
pub fn tenant_named(name: &str) -> TenantId {
    let name = name.trim().to_ascii_lowercase();
    if OPEN_TENANTS.contains(&name.as_str()) || name == DEFAULT_DOMAIN {
        return DEFAULT_TENANT;
    }
    name.parse().unwrap_or_else(|_| TenantId::nth(Seed::new(0).fork(&name), 0))
}

/// Returns the id of the principal with the given name. A name that is not a GUID is mapped to an id, and always to the
/// same id.
pub fn principal_named(name: &str) -> PrincipalId {
    name.parse().unwrap_or_else(|_| PrincipalId::nth(Seed::new(0).fork(name), 0))
}

/// The rule for accepting tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Auth {
    /// Any bearer token that has not expired
    #[default]
    Token,
    /// Only tokens that the emulator issued for Fabric, with a scope of the operation
    Strict,
}

/// The tenant and the caller of a request, according to the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The tenant that the token names. The default tenant if the token names no tenant or cannot be read.
    pub tenant: TenantId,
    /// The content of the token, or the error for a missing or unreadable token.
    pub bearer: Result<Bearer, FabricError>,
}

/// The content of a bearer token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// The caller, with the details in the token.
    pub caller: DirectoryEntry,
    /// The audience of the token.
    pub audience: Option<String>,
    /// The instant at which the token expires; `None` if it never expires.
    pub expires: Option<NumericDate>,
    /// The instant from which the token is valid; `None` if it is valid at once.
    pub starts: Option<NumericDate>,
    /// The delegated scopes of a user, separated by spaces. `None` for an app or an opaque token.
    pub scopes: Option<String>,
    /// `true` if the token has the claim `idtyp`. The emulator adds the claim to access tokens only, so that they can
    /// be distinguished from ID tokens.
    pub is_access_token: bool,
}

/// The instant in a claim: seconds since 1970 (RFC 7519, section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumericDate {
    /// A readable instant.
    At(Timestamp),
    /// A value that is not a number, or that is out of the range of [`Timestamp`].
    Invalid,
}

impl<'de> Deserialize<'de> for NumericDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let since = value.as_f64().and_then(|seconds| SignedDuration::try_from_secs_f64(seconds).ok());
        Ok(since.and_then(|since| Timestamp::UNIX_EPOCH.checked_add(since).ok()).map_or(Self::Invalid, Self::At))
    }
}

/// Reads a claim that is present. Unlike the default of serde, `null` does not count as absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NumericDate>, D::Error> {
    NumericDate::deserialize(deserializer).map(Some)
}

/// The claims that the emulator reads. All claims are optional.
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
    #[serde(deserialize_with = "present")]
    exp: Option<NumericDate>,
    #[serde(deserialize_with = "present")]
    nbf: Option<NumericDate>,
}

/// A claim that is either a string or a list of strings (RFC 7519, section 4.1.3).
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

/// Reads the tenant and the caller from the header `Authorization`. Does not check the signature or the expiry of the
/// token.
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
        return default(Ok(Bearer::of_default_user()));
    }
    match claims_of::<Claims>(token) {
        Some(claims) => {
            let (tenant, bearer) = (claims.tenant(), claims.bearer());
            let too_long = || unauthorized("a claim of the token is too long: at most 1,024 characters are accepted");
            Identity { tenant, bearer: bearer.caller.check().map_err(|_| too_long()).map(|()| bearer) }
        }
        None => default(Err(unauthorized("the token looks like a JWT, but its claims cannot be read"))),
    }
}

impl Bearer {
    /// Creates the content of an opaque token: the default user, without expiry and scopes.
    pub fn of_default_user() -> Self {
        let (audience, expires, starts, scopes) = (None, None, None, None);
        Self { caller: default_user(), audience, expires, starts, scopes, is_access_token: false }
    }

    /// Rejects a token that has expired at `now`. The message of the error contains `clock`, the name of the clock that
    /// shows `now`.
    pub fn check_expiry(&self, now: Timestamp, clock: &'static str) -> Result<(), FabricError> {
        let note = match self.expires {
            Some(NumericDate::At(at)) if at <= now => {
                format!("the token expired at {at:.0}, and {clock} shows {now:.0}")
            }
            Some(NumericDate::Invalid) => {
                "the claim exp is not a valid time, so the token counts as expired".to_owned()
            }
            Some(NumericDate::At(_)) | None => return Ok(()),
        };
        Err(FabricError::new(ErrorCode::TokenExpired).note(note))
    }

    /// Rejects a token that is not valid yet at `now`, the time of this machine's clock. A clock skew of [`CLOCK_SKEW`] is
    /// accepted.
    pub fn check_start(&self, now: Timestamp) -> Result<(), FabricError> {
        let note = match self.starts {
            Some(NumericDate::At(at)) if at.as_second() > now.as_second() + CLOCK_SKEW => {
                format!("the token is not valid before {at:.0}, and this machine's clock shows {now:.0}")
            }
            Some(NumericDate::Invalid) => "the claim nbf is not a valid time".to_owned(),
            Some(NumericDate::At(_)) | None => return Ok(()),
        };
        Err(FabricError::new(ErrorCode::Unauthorized).note(note))
    }

    /// Rejects a token whose audience is not one of `accepted`. The note of the error suggests the last of them.
    pub fn check_audience(&self, accepted: &[&str]) -> Result<(), FabricError> {
        let audience = self.audience.as_deref().unwrap_or_default().trim_end_matches('/');
        if accepted.contains(&audience) {
            return Ok(());
        }
        let resource = accepted.last().copied().unwrap_or_default();
        Err(FabricError::new(ErrorCode::Unauthorized)
            .note(format!("the token is for {:?}; request one with the scope {resource}/.default", shown(audience))))
    }

    /// Rejects a token that is not an access token. The caller must have verified that the emulator signed the token.
    pub fn check_purpose(&self) -> Result<(), FabricError> {
        if self.is_access_token {
            Ok(())
        } else {
            Err(unauthorized("the token is not an access token, although the emulator signed it"))
        }
    }

    /// Rejects a user's token that has none of the scopes in `any_of`. Tokens of apps are accepted.
    ///
    /// Spaces separate the alternatives in `any_of`. The alternative `A+B` requires both scopes. The prefix `itemType.`
    /// matches the prefix of any kind of item, such as `MirroredDatabase.`.
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
            .note(format!("the token has the scopes {:?}; any of {any_of:?} is required", shown(scopes))))
    }
}

/// Returns the part of a claim that a note shows. A note is sent in a header, which can contain visible ASCII only.
fn shown(claim: &str) -> String {
    claim.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(SHOWN_MAX).collect()
}

/// Returns the bearer token in the value of the header `Authorization`.
pub fn bearer(header: &[u8]) -> Option<&str> {
    let (scheme, token) = std::str::from_utf8(header).ok()?.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Returns the error for a token that is rejected. `note` gives the reason.
pub fn unauthorized(note: &'static str) -> FabricError {
    FabricError::new(ErrorCode::Unauthorized).note(note)
}

/// Returns the default user: the caller of requests with opaque tokens, and the user of sign-ins that name no user.
pub fn default_user() -> DirectoryEntry {
    let user_principal_name = Some(format!("admin@{DEFAULT_DOMAIN}"));
    DirectoryEntry {
        id: DEFAULT_USER,
        display_name: Some("Specularite Admin".into()),
        details: Details::User { user_principal_name },
        fabric_admin: None,
    }
}

/// Returns an explanation if a script evidently sent the token by mistake. Such tokens come from variables that are
/// unset or unexpanded, and from secure strings that were not converted to text. The explanation contains no part of a
/// token that could be a secret.
fn mistake(token: &str) -> Option<String> {
    const SECURE: &str = "System.Security.SecureString";
    const UNSET: [&str; 4] = ["null", "undefined", "none", "[object object]"];
    if token == SECURE {
        return Some(format!(
            "the bearer token is {SECURE:?}: the secure string was not converted to text (use ConvertFrom-SecureString \
             -AsPlainText)"
        ));
    }
    if let Some(word) = UNSET.iter().find(|word| token.eq_ignore_ascii_case(word)) {
        return Some(format!("the bearer token is {word:?}: the variable that should hold the token was not set"));
    }
    let sign = token.chars().next().filter(|sign| "$%<{".contains(*sign))?;
    Some(format!("the bearer token begins with {sign:?}: the variable that should hold the token was not expanded"))
}

/// Returns the claims of a token, without checking its signature.
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
        let (expires, starts) = (self.exp, self.nbf);
        let is_app = self.is_app();
        let scopes = if is_app { None } else { Some(self.scp.as_ref().map(OneOrMany::text).unwrap_or_default()) };
        let audience = self.aud.as_ref().map(OneOrMany::text);
        let is_access_token = self.idtyp.is_some();
        let id = self.principal();
        let (display_name, details) = if is_app {
            let aad_app_id = self.app().cloned();
            (self.app_displayname, Details::ServicePrincipal { aad_app_id })
        } else {
            let user_principal_name = self.upn.or(self.preferred_username);
            (self.name.or_else(|| user_principal_name.clone()), Details::User { user_principal_name })
        };
        let caller = DirectoryEntry { id, display_name, details, fabric_admin: None };
        Bearer { caller, audience, expires, starts, scopes, is_access_token }
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

    fn identify_header(header: &str) -> Identity {
        identify(Some(header.as_bytes()))
    }

    #[track_caller]
    fn check(header: &str, tenant: TenantId, caller: Result<(PrincipalId, PrincipalType), ErrorCode>) {
        let identity = identify_header(header);
        assert_eq!(identity.tenant, tenant);
        let found = identity.bearer.map(|bearer| (bearer.caller.id, bearer.caller.principal().kind));
        assert_eq!(found.map_err(|refusal| refusal.code()), caller);
    }

    #[test]
    fn opaque_token_is_default_user() {
        check("Bearer anything", DEFAULT_TENANT, Ok((DEFAULT_USER, PrincipalType::User)));
        check("bearer  anything ", DEFAULT_TENANT, Ok((DEFAULT_USER, PrincipalType::User)));
    }

    #[test]
    fn claims_name_principal_and_tenant() {
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
    fn unreadable_and_expired_tokens_are_rejected() {
        check("Basic dTpw", DEFAULT_TENANT, Err(ErrorCode::Unauthorized));
        check("Bearer ", DEFAULT_TENANT, Err(ErrorCode::Unauthorized));
        check("Bearer eyJhbGciOiJub25lIn0.!!!.", DEFAULT_TENANT, Err(ErrorCode::Unauthorized));
        let expired = identify_header(&jwt(&format!(r#"{{"tid":"{TID}","exp":999999}}"#))).bearer.unwrap();
        assert_eq!(expired.check_expiry(Timestamp::from_second(999_998).unwrap(), "a clock"), Ok(()));
        let refusal =
            expired.check_expiry(Timestamp::from_second(999_999).unwrap(), "a clock").expect_err("it has expired");
        assert_eq!(refusal.code(), ErrorCode::TokenExpired);
        assert_eq!(identify(None).bearer.map_err(|refusal| refusal.code()), Err(ErrorCode::Unauthorized));
    }

    #[test]
    fn invalid_expiry_counts_as_expired() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        for (exp, accepted) in [
            ("1800000001", true),
            ("1800000000.5", true),
            ("1.9e9", true),
            ("253402207200", true),
            ("1800000000", false),
            ("0", false),
            ("-1", false),
            ("253402300800", false),
            ("1e18", false),
            ("1e400", false),
            ("18446744073709551615", false),
            ("99999999999999999999999", false),
            (r#""1900000000""#, false),
            (r#""never""#, false),
            ("null", false),
            ("true", false),
            ("[1900000000]", false),
            ("{}", false),
        ] {
            let found = identify_header(&jwt(&format!(r#"{{"upn":"a@b","exp":{exp}}}"#))).bearer;
            let found = found.and_then(|bearer| bearer.check_expiry(now, "a clock"));
            assert_eq!(found.is_ok(), accepted, "{exp}: {found:?}");
        }
    }

    #[test]
    fn token_is_rejected_before_its_begin() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        for (nbf, accepted) in [
            ("1800000000", true),
            ("1800000300", true),
            ("-5", true),
            ("1800000301", false),
            ("1e18", false),
            (r#""1800000000""#, false),
            ("null", false),
        ] {
            let bearer = identify_header(&jwt(&format!(r#"{{"upn":"a@b","nbf":{nbf}}}"#))).bearer.unwrap();
            let found = bearer.check_start(now).map_err(|refusal| refusal.code());
            assert_eq!(found, if accepted { Ok(()) } else { Err(ErrorCode::Unauthorized) }, "{nbf}");
        }
    }

    #[test]
    fn scopes_are_required_of_users_only() {
        let bearer = |claims: &str| identify_header(&jwt(claims)).bearer.unwrap();
        let wanted = "Workspace.Read.All Workspace.ReadWrite.All";
        for (claims, accepted) in [
            (r#"{"upn":"a@b","scp":["Item.Read.All","Workspace.Read.All"],"aud":["a","b"]}"#, true),
            (r#"{"upn":"a@b","scp":"Item.Read.All workspace.read.all"}"#, true),
            (r#"{"upn":"a@b","scp":"user_impersonation"}"#, true),
            (r#"{"upn":"a@b","scp":"Item.Read.All"}"#, false),
            (r#"{"upn":"a@b"}"#, false),
            (r#"{"appid":"a","idtyp":"app"}"#, true),
        ] {
            assert_eq!(bearer(claims).check_scopes(wanted).is_ok(), accepted, "{claims}");
        }
        for (scopes, wanted, accepted) in [
            ("A", "A+B", false),
            ("A B", "A+B", true),
            ("C", "A+B C", true),
            ("MirroredDatabase.Read.All", "Item.Read.All itemType.Read.All", true),
            ("Nonsense.Read.All", "Item.Read.All itemType.Read.All", false),
            ("MirroredDatabase.ReadWrite.All", "itemType.Read.All", false),
            ("", "", true),
        ] {
            let token = bearer(&format!(r#"{{"upn":"a@b","scp":"{scopes}"}}"#));
            assert_eq!(token.check_scopes(wanted).is_ok(), accepted, "{scopes:?} for {wanted:?}");
        }
        assert!(bearer(r#"{"aud":"https://api.fabric.microsoft.com/"}"#).check_audience(AUDIENCES).is_ok());
        assert!(bearer(r#"{"aud":"https://storage.azure.com"}"#).check_audience(AUDIENCES).is_err());
    }

    #[test]
    fn tenant_names_are_keywords_domains_or_guids() {
        for name in ["common", "Organizations", "adfs", "specularite.example", &DEFAULT_TENANT.to_string()] {
            assert_eq!(tenant_named(name), DEFAULT_TENANT, "{name}");
        }
        assert_eq!(tenant_named("Contoso.com"), tenant_named("contoso.com"));
        assert_ne!(tenant_named("contoso.com"), tenant_named("fabrikam.com"));
    }

    #[test]
    fn likely_mistakes_are_explained() {
        for (token, hint) in
            [("System.Security.SecureString", "AsPlainText"), ("$TOKEN", "not expanded"), ("undefined", "not set")]
        {
            let refusal = identify_header(&format!("Bearer {token}")).bearer.expect_err(token);
            assert!(refusal.hint().is_some_and(|note| note.contains(hint)), "{refusal:?}");
        }
    }
}
