//! The permissions on an item that a workspace role includes.

use serde::Serialize;

use super::ItemKind;
use crate::fabric::role::Role;

/// A permission on an item. The names are the service's (seen).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ItemPermission {
    /// Can read the item.
    Read,
    /// Can change the item.
    Write,
    /// Can give others permissions on the item.
    ReShare,
    /// Can run the item.
    Execute,
}

/// Returns the permissions on an item that a workspace role includes: those of an administrator were seen, the others are
/// guessed.
pub fn permissions(role: Role) -> &'static [ItemPermission] {
    use ItemPermission::{Execute, ReShare, Read, Write};
    match role {
        Role::Admin | Role::Member => &[Read, Write, ReShare, Execute],
        Role::Contributor => &[Read, Write, Execute],
        Role::Viewer => &[Read],
    }
}

/// Returns the permissions that depend on the kind. Only those on lakehouses are known (seen for an administrator).
pub fn additional_permissions(kind: ItemKind, role: Role) -> &'static [&'static str] {
    match (kind, role) {
        (ItemKind::Lakehouse, Role::Admin | Role::Member | Role::Contributor) => {
            &["ReadAll", "ViewOutput", "ViewLogs", "SubscribeOneLakeEvents"]
        }
        _ => &[],
    }
}
