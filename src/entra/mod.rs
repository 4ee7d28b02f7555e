//! Entra, as far as clients of Fabric need it: who signs in, what a grant gives, and the documents that lead there.
//!
//! No HTTP, no clock. Whoever asks is let in, unless a secret was declared; nothing is remembered between two requests, for what
//! a client brings back (codes, refresh tokens) is signed by us (docs/fidelity.md#entra).

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

/// The authority that a client asks: a tenant under an origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Scheme, host and port, as the client knows them.
    pub origin: String,
    /// The tenant as it stands in the path: an id, a domain, or a word as `common`.
    pub name: String,
    /// The tenant of the tokens that are issued.
    pub tenant: TenantId,
}

/// The names of tenants that stay as they are in the addresses of an authority.
const WORDS: &[&str] = &["adfs", "common", "consumers", "organizations"];

impl Site {
    /// The authority of this name. Where that leaves the tenant open, it is `whose`.
    pub fn new(origin: String, name: &str, whose: TenantId) -> Self {
        let name = name.to_ascii_lowercase();
        let tenant = if WORDS.contains(&name.as_str()) { whose } else { tenant_named(&name) };
        Self { origin, name, tenant }
    }

    /// An address beneath it: of a domain, by its id.
    pub fn url(&self, path: &str) -> String {
        let Self { origin, name, tenant } = self;
        if WORDS.contains(&name.as_str()) {
            format!("{origin}/{name}{path}")
        } else {
            format!("{origin}/{tenant}{path}")
        }
    }

    /// Who issues its tokens.
    pub fn issuer(&self) -> String {
        if self.name == "adfs" { self.url("") } else { format!("{}/{}/v2.0", self.origin, self.tenant) }
    }
}
