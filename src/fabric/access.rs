//! Who calls: what a bearer token says, and whether it is still good.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::fabric::principal::{Details, DirectoryEntry};
use crate::fabric::{ErrorCode, FabricError};
use crate::ids::{PrincipalId, TenantId};
use crate::seed::Seed;

/// The tenant of a caller whose token names none.
pub const DEFAULT_TENANT: TenantId = TenantId::from_uuid(uuid::uuid!("5bec0a12-0000-4000-8000-000000000001"));
/// Whom an opaque token stands for: the default tenant's administrator.
pub const DEFAULT_USER: PrincipalId = PrincipalId::from_uuid(uuid::uuid!("5bec0a12-0000-4000-8000-000000000002"));

/// What a request says about its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The universe that the request belongs to: the default tenant where the token does not say, or cannot be read.
    pub tenant: TenantId,
    /// The sender, as far as the token tells of him, or why there is none.
    pub caller: Result<DirectoryEntry, FabricError>,
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
    scp: Option<String>,
    idtyp: Option<String>,
    name: Option<String>,
    preferred_username: Option<String>,
    app_displayname: Option<String>,
    exp: Option<f64>,
}

/// Reads the header `Authorization`: any bearer token will do, signed by anyone or no one.
///
/// `machine_time` is what tokens from elsewhere expire by.
pub fn identify(authorization: Option<&[u8]>, machine_time: Timestamp) -> Identity {
    let default = |caller| Identity { tenant: DEFAULT_TENANT, caller };
    let Some(token) = authorization.and_then(bearer) else {
        return default(Err(unauthorized("a header `Authorization: Bearer TOKEN` is needed; any TOKEN will do")));
    };
    if let Some(mistake) = mistake(token) {
        return default(Err(FabricError::new(ErrorCode::Unauthorized).note(mistake)));
    }
    if !token.starts_with("eyJ") {
        return default(Ok(default_user()));
    }
    match claims(token) {
        Some(claims) => Identity { tenant: claims.tenant(), caller: claims.caller(machine_time) },
        None => default(Err(unauthorized("the token begins as a JWT does, but its claims cannot be read"))),
    }
}

fn default_user() -> DirectoryEntry {
    let user_principal_name = Some("admin@specularite.example".into());
    DirectoryEntry {
        id: DEFAULT_USER,
        display_name: Some("Specularite Admin".into()),
        details: Details::User { user_principal_name },
    }
}

fn unauthorized(note: &'static str) -> FabricError {
    FabricError::new(ErrorCode::Unauthorized).note(note)
}

fn bearer(header: &[u8]) -> Option<&str> {
    let (scheme, token) = std::str::from_utf8(header).ok()?.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
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

fn claims(token: &str) -> Option<Claims> {
    let payload = token.split('.').nth(1)?;
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&payload).ok()
}

impl Claims {
    fn tenant(&self) -> TenantId {
        self.tid.as_deref().and_then(|tid| tid.parse().ok()).unwrap_or(DEFAULT_TENANT)
    }

    fn caller(self, machine_time: Timestamp) -> Result<DirectoryEntry, FabricError> {
        let expired = self.exp.is_some_and(|exp| {
            let at =
                SignedDuration::try_from_secs_f64(exp).ok().and_then(|exp| Timestamp::UNIX_EPOCH.checked_add(exp).ok());
            at.is_some_and(|at| at <= machine_time)
        });
        if expired {
            return Err(ErrorCode::TokenExpired.into());
        }
        let id = self.principal();
        let (display_name, details) = if self.is_app() {
            let aad_app_id = self.app().cloned();
            (self.app_displayname, Details::ServicePrincipal { aad_app_id })
        } else {
            let user_principal_name = self.upn.or(self.preferred_username);
            (self.name.or_else(|| user_principal_name.clone()), Details::User { user_principal_name })
        };
        Ok(DirectoryEntry { id, display_name, details })
    }

    fn principal(&self) -> PrincipalId {
        let Some(name) = self.oid.as_ref().or(self.app()).or(self.upn.as_ref()).or(self.sub.as_ref()) else {
            return DEFAULT_USER;
        };
        // Who is no GUID is somebody all the same, and always the same.
        name.parse().unwrap_or_else(|_| PrincipalId::nth(Seed::new(0).fork(name), 0))
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
        identify(Some(header.as_bytes()), Timestamp::from_second(1_000_000).unwrap())
    }

    #[track_caller]
    fn check(header: &str, tenant: TenantId, caller: Result<(PrincipalId, PrincipalType), ErrorCode>) {
        let identity = look(header);
        assert_eq!(identity.tenant, tenant);
        assert_eq!(identity.caller.map(|who| (who.id, who.principal().kind)).map_err(|refusal| refusal.code()), caller);
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
        check(&jwt(&format!(r#"{{"tid":"{TID}","exp":999999}}"#)), TID.parse().unwrap(), Err(ErrorCode::TokenExpired));
        assert_eq!(
            identify(None, Timestamp::UNIX_EPOCH).caller.map_err(|refusal| refusal.code()),
            Err(ErrorCode::Unauthorized)
        );
    }

    #[test]
    fn a_mistake_is_named() {
        for (token, hint) in
            [("System.Security.SecureString", "AsPlainText"), ("$TOKEN", "not expanded"), ("undefined", "not set")]
        {
            let refusal = look(&format!("Bearer {token}")).caller.expect_err(token);
            assert!(refusal.hint().is_some_and(|note| note.contains(hint)), "{refusal:?}");
        }
    }
}
