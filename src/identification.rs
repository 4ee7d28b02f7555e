//! Identification: who calls, according to the token of a request. It is a pure function of the header `Authorization` and
//! the keys of the emulator. Expiry, audience and scopes are checked for each request (`http/fabric_api.rs`).

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::Value;

use crate::emulator::Emulator;
use crate::fabric::access::{self, Auth, Bearer, DEFAULT_TENANT, Identity};
use crate::fabric::{ErrorCode, FabricError};
use crate::ids::TenantId;
use crate::signing;

/// The maximum size of a header that a connection remembers, in bytes. The tokens of Entra are smaller.
const REMEMBERED_MAX: usize = 8 << 10;

/// The caller of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identification {
    /// The tenant that the token names. The default tenant if the token is rejected or names none.
    pub(crate) tenant: TenantId,
    /// The content of the token, or the error for a missing, unreadable or unsigned token.
    pub(crate) bearer: Result<Bearer, FabricError>,
    /// `true` if the token has the key id of an emulator.
    pub(crate) is_ours: bool,
}

impl Identification {
    /// Reads the token in the header `Authorization`. Under [`Auth::Strict`], rejects tokens that the emulator did not
    /// sign. The claims of a rejected token are not used, so the request belongs to the default tenant.
    pub(crate) fn of(emulator: &Emulator, authorization: Option<&[u8]>) -> Self {
        let Identity { tenant, bearer } = access::identify(authorization);
        let token = authorization.and_then(access::bearer).unwrap_or_default();
        let is_ours = signing::claims_to_be_ours(token);
        if emulator.auth() == Auth::Token || bearer.is_err() {
            return Self { tenant, bearer, is_ours };
        }
        let refusal = match emulator.signer() {
            Ok(signer) if signer.verify::<Value>(token).is_some() => return Self { tenant, bearer, is_ours },
            Ok(_) => access::unauthorized("--auth strict accepts only tokens that this emulator issued"),
            Err(why) => {
                tracing::error!(%why, "cannot use the signing key");
                ErrorCode::UnknownError.into()
            }
        };
        Self { tenant: DEFAULT_TENANT, bearer: Err(refusal), is_ours }
    }
}

impl Identification {
    /// Rejects an expired token.
    ///
    /// The expiry of a token from the emulator is compared with the tenant's clock, which shows `now`. The expiry of any
    /// other token is compared with the machine's clock, which shows `begun`, and so is the start of its validity. The
    /// start of a token from the emulator is not checked: a reset sets the tenant's clock back, and must not invalidate
    /// the tokens that clients hold.
    ///
    /// # Errors
    ///
    /// `TokenExpired`, or `Unauthorized` for a token that is not valid yet.
    pub(crate) fn check_time(&self, bearer: &Bearer, now: Timestamp, begun: Timestamp) -> Result<(), FabricError> {
        let is_ours = self.is_ours && bearer.expires.is_some();
        let (now, clock) = if is_ours { (now, "the tenant's clock") } else { (begun, "this machine's clock") };
        bearer.check_expiry(now, clock)?;
        if is_ours { Ok(()) } else { bearer.check_start(begun) }
    }
}

/// The last identification of a connection. Most clients send the same token with each request of a connection.
#[derive(Debug, Default)]
pub(crate) struct LastIdentification(Mutex<Option<Remembered>>);

#[derive(Debug)]
struct Remembered {
    /// The header `Authorization`.
    header: Box<[u8]>,
    identification: Arc<Identification>,
}

impl LastIdentification {
    /// Returns [`Identification::of`] the header. The token is read only if it is not that of the last request.
    pub(crate) fn identify(&self, emulator: &Emulator, authorization: Option<&[u8]>) -> Arc<Identification> {
        let Some(header) = authorization.filter(|header| header.len() <= REMEMBERED_MAX) else {
            return Arc::new(Identification::of(emulator, authorization));
        };
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some(known) if *known.header == *header => Arc::clone(&known.identification),
            Some(_) | None => {
                let identification = Arc::new(Identification::of(emulator, authorization));
                // A failure to open the key can end.
                let remember = || Remembered { header: header.into(), identification: Arc::clone(&identification) };
                *last = identification.bearer.is_ok().then(remember);
                identification
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn headers(emulator: &Emulator) -> impl Strategy<Value = Option<String>> {
        let tokens = ["alice", "bob"].map(|name| {
            let claims = json!({"oid": name, "tid": name, "idtyp": "user", "aud": access::AUDIENCES[0]});
            format!("Bearer {}", emulator.signer().unwrap().sign(&claims))
        });
        let [alice, bob] = tokens;
        let forged = alice.replace("Bearer eyJ", "Bearer eyJ0");
        prop_oneof![
            Just(None),
            prop::sample::select(vec![alice, bob, forged, "Bearer x".to_owned(), "Bearer y".to_owned()]).prop_map(Some),
            prop::sample::select(vec!["Bearer ", "", "Bearer eyJ.eyJ.x", "bearer $TOKEN", "Basic eA=="])
                .prop_map(|header| Some(header.to_owned())),
            (1..20_000_usize).prop_map(|length| Some(format!("Bearer {}", "x".repeat(length)))),
        ]
    }

    fn check(auth: Auth) {
        let emulator = Emulator::builder().auth(auth).build();
        let last = LastIdentification::default();
        let histories = prop::collection::vec(headers(&emulator), 1..20);
        proptest!(ProptestConfig::with_cases(32), |(history in histories)| {
            for header in history {
                let header = header.as_ref().map(String::as_bytes);
                prop_assert_eq!(&*last.identify(&emulator, header), &Identification::of(&emulator, header));
            }
        });
    }

    #[test]
    fn remembered_identification_equals_a_new_one() {
        check(Auth::Token);
        check(Auth::Strict);
    }
}
