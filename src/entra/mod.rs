//! Entra, as far as clients of Fabric need it: accounts, grants, tokens and discovery documents.
//!
//! No HTTP, no clock. Any credential is accepted unless a secret was declared. Nothing is stored between requests, because codes
//! and refresh tokens are signed (docs/fidelity.md#entra).

pub mod account;
pub mod documents;
pub mod form;
pub mod grant;
pub mod refusal;

pub use self::account::Account;
pub use self::form::Form;
pub use self::refusal::Refusal;

use crate::fabric::access::tenant_named;
use crate::ids::TenantId;

/// An authority: a tenant at an origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Scheme, host and port, as the client sees them.
    pub origin: String,
    /// The tenant in the path: an id, a domain, or a keyword such as `common`.
    pub name: String,
    /// The tenant in issued tokens.
    pub tenant: TenantId,
}

/// Keywords in the place of a tenant. The URLs of an authority keep them.
const KEYWORDS: &[&str] = &["adfs", "common", "consumers", "organizations"];

impl Site {
    /// Creates the authority with the given name; a keyword stands for the tenant `default`.
    pub fn new(origin: String, name: &str, default: TenantId) -> Self {
        let name = name.to_ascii_lowercase();
        let tenant = if KEYWORDS.contains(&name.as_str()) { default } else { tenant_named(&name) };
        Self { origin, name, tenant }
    }

    /// Returns the URL of a path below the authority. A domain becomes the tenant's id.
    pub fn url(&self, path: &str) -> String {
        let Self { origin, name, tenant } = self;
        if KEYWORDS.contains(&name.as_str()) {
            format!("{origin}/{name}{path}")
        } else {
            format!("{origin}/{tenant}{path}")
        }
    }

    /// Returns the issuer of its tokens.
    pub fn issuer(&self) -> String {
        if self.name == "adfs" { self.url("") } else { format!("{}/{}/v2.0", self.origin, self.tenant) }
    }
}
