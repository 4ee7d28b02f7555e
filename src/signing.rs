//! The RS256 key that signs tokens. The key is stored in the data directory, so tokens in clients' caches stay valid
//! after a restart.

use std::io;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::data_dir::DataDir;

/// The name of the file that contains the key.
pub const KEY_FILE: &str = "token-signing.key";
/// The prefix of all key ids. A token with such a key id claims to come from an emulator, but not necessarily from this
/// one.
const KEY_ID_PREFIX: &str = "specularite-";

/// Signs tokens, and verifies tokens that were signed with the same key.
pub struct Signer {
    key_id: String,
    key: EncodingKey,
    public: Jwk,
    check: DecodingKey,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl Signer {
    /// Opens the key of a data directory. If there is none, creates a key.
    ///
    /// # Errors
    ///
    /// The key file cannot be read or written, or does not contain an RSA key.
    pub fn open(directory: &DataDir) -> io::Result<Self> {
        let pem = directory.keep(KEY_FILE, || {
            let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).map_err(io::Error::other)?;
            Ok(pair.serialize_pem())
        })?;
        let broken = |_| directory.complain(KEY_FILE, "does not contain an RSA key");
        let key = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(broken)?;
        let public = Jwk::from_encoding_key(&key, Algorithm::RS256).map_err(broken)?;
        let check = DecodingKey::from_jwk(&public).map_err(broken)?;
        let public_text = serde_json::to_vec(&public).map_err(io::Error::other)?;
        let key_id = format!("{KEY_ID_PREFIX}{}", &hash(&public_text)[..16]);
        Ok(Self { key_id, key, public, check })
    }

    /// Returns a signed token with the given claims.
    ///
    /// # Panics
    ///
    /// If the claims cannot be written as JSON.
    pub fn sign(&self, claims: &impl Serialize) -> String {
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::RS256) };
        jsonwebtoken::encode(&header, claims, &self.key).expect("claims are JSON")
    }

    /// Returns the claims of a token if this key signed it, else `None`. The caller must check the expiry.
    pub fn verify<T: DeserializeOwned + Clone>(&self, token: &str) -> Option<T> {
        let mut validation = Validation::new(Algorithm::RS256);
        (validation.validate_exp, validation.validate_aud) = (false, false);
        validation.required_spec_claims.clear();
        jsonwebtoken::decode(token, &self.check, &validation).ok().map(|token| token.claims)
    }

    /// Returns the public key as a JWK set.
    pub fn public_keys(&self) -> Value {
        let mut key = json!(self.public);
        key["use"] = "sig".into();
        key["kid"] = self.key_id.as_str().into();
        key["x5t"] = self.key_id.as_str().into();
        json!({"keys": [key]})
    }
}

/// Returns `true` if a token has the key id of an emulator. The signature is not checked.
pub fn claims_to_be_ours(token: &str) -> bool {
    jsonwebtoken::decode_header(token).is_ok_and(|header| header.kid.is_some_and(|kid| kid.starts_with(KEY_ID_PREFIX)))
}

/// Returns the SHA-256 hash of a text in base64url, as PKCE requires (RFC 7636, 4.2).
pub fn hash(text: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_survives_restart_and_fails_under_another_key() {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDir::at(folder.path());
        let token = Signer::open(&directory).unwrap().sign(&json!({"oid": "x"}));
        assert!(claims_to_be_ours(&token));
        let again = Signer::open(&directory).unwrap();
        assert_eq!(again.verify::<Value>(&token).unwrap()["oid"], "x");
        assert_eq!(again.public_keys()["keys"][0]["kty"], "RSA");
        assert!(Signer::open(&DataDir::none()).unwrap().verify::<Value>(&token).is_none());
        for broken in ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
            assert!(!claims_to_be_ours(broken) && again.verify::<Value>(broken).is_none());
        }
    }

    #[test]
    fn hash_matches_example_of_pkce() {
        assert_eq!(hash(b"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
