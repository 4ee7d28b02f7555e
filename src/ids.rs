//! Typed ids. Every id is a function of the seed, its purpose, and its number within that purpose.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::seed::Seed;

/// Defines the id types, each with the purpose that it is counted under.
macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $purpose:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps an id from elsewhere: a token, a request, a fixture.
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// Returns the id as 128 bits.
            pub const fn as_u128(self) -> u128 {
                self.0.as_u128()
            }

            /// Returns the `count`-th id of this purpose under `seed`.
            pub fn nth(seed: Seed, count: u64) -> Self {
                Self(uuid(seed.fork($purpose), count))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            /// Parses the hyphenated form only, in either case, as the service does.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                parse(text).map(Self)
            }
        }
    )*};
}

ids! {
    /// A tenant: Entra's `tid`.
    TenantId = "tenant";
    /// A user, service principal, group or profile: Entra's `oid`.
    PrincipalId = "principal";
    /// A capacity.
    CapacityId = "capacity";
    /// A workspace.
    WorkspaceId = "workspace";
    /// A folder within a workspace.
    FolderId = "folder";
    /// An item of any kind.
    ItemId = "item";
    /// A connection to a source.
    ConnectionId = "connection";
    /// A response: `RequestId` in its headers, `requestId` in the body of an error.
    RequestId = "request";
    /// A long-running operation.
    OperationId = "operation";
    /// A sensitivity label. The emulator does not create labels.
    LabelId = "label";
    /// The app of a workspace identity.
    ApplicationId = "application";
    /// A tag.
    TagId = "tag";
    /// A published version of an environment.
    VersionId = "version";
}

/// Parses the hyphenated form of a UUID, the only one that the service writes and reads.
fn parse(text: &str) -> Result<Uuid, uuid::Error> {
    const HYPHENATED: usize = 36;
    // The other forms that `uuid` parses (braced, urn:, simple) have other lengths. Parsing "" gives the error.
    if text.len() == HYPHENATED { Uuid::try_parse(text) } else { Uuid::try_parse("") }
}

fn uuid(seed: Seed, count: u64) -> Uuid {
    let seed = seed.fork(count.to_le_bytes());
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&seed.draw().to_le_bytes());
    bytes[8..].copy_from_slice(&seed.fork("second half").draw().to_le_bytes());
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_depend_on_seed_purpose_and_count() {
        let seed = Seed::new(1);
        assert_eq!(ItemId::nth(seed, 3), ItemId::nth(seed, 3));
        assert_ne!(ItemId::nth(seed, 3), ItemId::nth(seed, 4));
        assert_ne!(ItemId::nth(seed, 3).0, FolderId::nth(seed, 3).0);
        assert_ne!(ItemId::nth(seed, 3), ItemId::nth(Seed::new(2), 3));
    }

    #[test]
    fn ids_parse_from_hyphenated_form_in_either_case() {
        let id = ItemId::nth(Seed::new(1), 1);
        assert_eq!(id.to_string().to_uppercase().parse(), Ok(id));
        for text in ["", "not-an-id", &id.to_string().replace('-', ""), &format!("{{{id}}}"), &format!("urn:uuid:{id}")]
        {
            assert!(text.parse::<ItemId>().is_err(), "{text}");
        }
    }
}
