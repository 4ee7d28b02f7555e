//! The parts of Entra that clients of Fabric need: accounts, grants, tokens and discovery documents.
//!
//! This module contains no HTTP code and reads no clock. An account without a declared secret can sign in with any
//! credential. Codes and refresh tokens are signed, so they are not stored. The tenant keeps only hashes of the codes that
//! were redeemed (docs/fidelity.md#entra).

pub mod account;
pub mod documents;
pub mod form;
pub mod grant;
pub mod redirect;
pub mod refusal;

pub use self::account::Account;
pub use self::form::Form;
pub use self::refusal::Refusal;

use crate::fabric::access::tenant_named;
use crate::ids::TenantId;

/// An Entra authority: a tenant at a sign-in host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The scheme, host and port that the client used.
    pub origin: String,
    /// The tenant as the path names it: an id, a domain, or a keyword such as `common`.
    pub name: String,
    /// The tenant of the tokens that the authority issues.
    pub tenant: TenantId,
}

/// Keywords that a path can contain instead of a tenant. The URLs in discovery documents keep the keyword.
const KEYWORDS: &[&str] = &["adfs", "common", "consumers", "organizations"];

impl Site {
    /// Creates the authority with the given name. A keyword stands for the tenant `default`.
    pub fn new(origin: String, name: &str, default: TenantId) -> Self {
        let name = name.to_ascii_lowercase();
        let tenant = if KEYWORDS.contains(&name.as_str()) { default } else { tenant_named(&name) };
        Self { origin, name, tenant }
    }

    /// Returns the URL of a path of the authority. The URL contains the id of the tenant, or the keyword if `name`
    /// is one of the keywords.
    pub fn url(&self, path: &str) -> String {
        let Self { origin, name, tenant } = self;
        if KEYWORDS.contains(&name.as_str()) {
            format!("{origin}/{name}{path}")
        } else {
            format!("{origin}/{tenant}{path}")
        }
    }

    /// Returns the issuer of the authority's tokens, as in the claim `iss`.
    pub fn issuer(&self) -> String {
        if self.name == "adfs" { self.url("") } else { format!("{}/{}/v2.0", self.origin, self.tenant) }
    }
}
