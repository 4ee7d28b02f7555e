//! The encryption of a workspace with a customer-managed key. It is kept and shown, but has no effect
//! (docs/fidelity.md#encryption).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, FabricError, Fact, State, later};

/// The maximum length of a key identifier, in characters (guessed).
pub const KEY_MAX: usize = 2_048;

/// The encryption of a workspace. `None` as the key stands for the keys that Microsoft manages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Encryption {
    /// The identifier of the key.
    pub key: Option<String>,
    /// The identifier of the key before the last change.
    pub previous: Option<String>,
    /// The instant at which the last change is complete.
    pub completed_at: Timestamp,
}

/// The status of an encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum EncryptionStatus {
    /// Microsoft's keys encrypt the workspace.
    Disabled,
    /// The customer-managed key encrypts the workspace.
    Active,
    /// The items of the workspace are being encrypted with the key.
    EnableInProgress,
    /// The items of the workspace are being encrypted with Microsoft's keys.
    DisableInProgress,
}

/// Encrypts a workspace with a key of Azure Key Vault, or changes the key.
pub fn assign(state: &State, workspace: &Workspace, key: String, now: Timestamp) -> Decision<()> {
    state.check_capacity(workspace)?;
    if key.chars().count() > KEY_MAX || !is_versionless_key(&key) {
        return Err(FabricError::invalid_input(
            "KeyIdentifier is not the versionless URI of a key in Azure Key Vault.",
        ));
    }
    change(state, workspace, Some(key), now)
}

/// Encrypts a workspace with Microsoft's keys again.
pub fn reset(state: &State, workspace: &Workspace, now: Timestamp) -> Decision<()> {
    state.check_capacity(workspace)?;
    change(state, workspace, None, now)
}

fn change(state: &State, workspace: &Workspace, key: Option<String>, now: Timestamp) -> Decision<()> {
    workspace.check_shared()?;
    let previous = workspace.encryption().and_then(|encryption| encryption.key.clone());
    if previous == key {
        return Ok((Vec::new(), ()));
    }
    let completed_at = later(now, state.settings.timing().encryption());
    let encryption = Encryption { key, previous, completed_at };
    Ok((vec![Fact::EncryptionChanged { workspace: workspace.id, encryption }], ()))
}

impl Encryption {
    /// Returns the status at `now`.
    pub fn status_at(&self, now: Timestamp) -> EncryptionStatus {
        match (&self.key, now < self.completed_at) {
            (Some(_), true) => EncryptionStatus::EnableInProgress,
            (Some(_), false) => EncryptionStatus::Active,
            (None, true) => EncryptionStatus::DisableInProgress,
            (None, false) => EncryptionStatus::Disabled,
        }
    }
}

impl Workspace {
    /// Returns the status of the encryption with a customer-managed key at `now`.
    pub fn encryption_status(&self, now: Timestamp) -> EncryptionStatus {
        self.encryption().map_or(EncryptionStatus::Disabled, |encryption| encryption.status_at(now))
    }
}

/// Returns `true` for a URI of the form `https://vault/keys/name`, with or without a slash at its end.
fn is_versionless_key(key: &str) -> bool {
    let Some(rest) = key.strip_prefix("https://") else { return false };
    let segments: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
    matches!(segments[..], [vault, keys, name] if !vault.is_empty() && keys.eq_ignore_ascii_case("keys") && !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_identifiers_have_no_version() {
        for key in ["https://v.vault.azure.net/keys/k", "https://v.vault.azure.net/keys/k/"] {
            assert!(is_versionless_key(key), "{key}");
        }
        for key in ["", "http://v/keys/k", "https://v/keys/", "https://v/keys/k/0123", "https:///keys/k"] {
            assert!(!is_versionless_key(key), "{key}");
        }
    }
}
