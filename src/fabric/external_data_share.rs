//! External data shares: paths of an item that another tenant may read. The recipient accepts the invitation into a
//! lakehouse of its own tenant, which creates shortcuts. There is no data behind them
//! (docs/fidelity.md#external-data-shares).

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fabric::item::shortcut::{self, Shortcut};
use crate::fabric::item::{Item, ItemKind};
use crate::fabric::principal::Principal;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State, later};
use crate::ids::{ConnectionId, ExternalDataShareId, ItemId, PrincipalId, SharedPathId, TenantId, WorkspaceId};

/// The maximum number of paths of a share, and of shortcuts of an acceptance (documented).
pub const PATHS_MAX: usize = 100;
/// The maximum length of a path, in characters (guessed).
pub const PATH_MAX: usize = 400;
/// The maximum length of the name of a recipient, in characters (documented).
pub const RECIPIENT_MAX: usize = 256;
/// The maximum number of shares in a tenant (guessed).
pub const SHARES_MAX: usize = 1_000;
/// The time for which an invitation can be accepted (documented: 90 days).
const INVITATION_LASTS: SignedDuration = SignedDuration::from_hours(90 * 24);
/// The kinds whose data can be shared (the list is guessed).
const SHARED_KINDS: [ItemKind; 5] = [
    ItemKind::Lakehouse,
    ItemKind::Warehouse,
    ItemKind::KQLDatabase,
    ItemKind::SQLDatabase,
    ItemKind::MirroredDatabase,
];

/// An external data share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExternalDataShare {
    /// The id of the share, and of the invitation to it.
    pub id: ExternalDataShareId,
    /// The workspace of the shared item.
    pub workspace: WorkspaceId,
    /// The shared item.
    pub item: ItemId,
    /// The shared paths.
    pub paths: Vec<String>,
    /// The principal that created the share.
    pub creator: Principal,
    /// The principal that is invited.
    pub recipient: Recipient,
    /// The instant from which the invitation cannot be accepted any more.
    pub expires_at: Timestamp,
    /// The tenant that accepted the invitation.
    pub accepted_by: Option<TenantId>,
    /// `true` if the share was revoked.
    pub is_revoked: bool,
}

/// The recipient of an external data share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum Recipient {
    /// A user, by its sign-in name.
    User {
        /// The sign-in name.
        user_principal_name: String,
        /// The tenant of the user.
        #[serde(skip_serializing_if = "Option::is_none")]
        tenant_id: Option<TenantId>,
    },
    /// A service principal, by its object id.
    ServicePrincipal {
        /// The object id.
        principal_id: PrincipalId,
        /// The tenant of the service principal.
        tenant_id: TenantId,
    },
}

/// The status of an external data share. The names of the variants are the values on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ShareStatus {
    /// The invitation can be accepted.
    Pending,
    /// The invitation was accepted.
    Active,
    /// The share was revoked.
    Revoked,
    /// The invitation was not accepted in time.
    InvitationExpired,
}

/// The type of a shared path. The names of the variants are the values on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum SharedPathType {
    /// A folder in `Files`.
    Folder,
    /// A table or a schema in `Tables`.
    Table,
}

/// An acceptance of an invitation: the folder in the lakehouse, and a name for the shortcut to each accepted path.
#[derive(Debug, Clone)]
pub struct Acceptance {
    /// The folder.
    pub path: String,
    /// The accepted paths, each with the name of its shortcut.
    pub shortcuts: Vec<(SharedPathId, String)>,
}

/// Shares paths of an item.
pub fn create(
    state: &State,
    within: &Workspace,
    item: &Item,
    (paths, recipient): (Vec<String>, Recipient),
    creator: Principal,
    now: Timestamp,
) -> Decision<ExternalDataShareId> {
    if !SHARED_KINDS.contains(&item.kind) {
        return Err(unsupported(item));
    }
    state.check_capacity(within)?;
    check_paths(&paths)?;
    recipient.check()?;
    if state.external_data_shares().len() >= SHARES_MAX {
        return Err(FabricError::invalid_input(format!("A tenant has at most {SHARES_MAX} external data shares.")));
    }
    let id = state.next_external_data_share();
    let share = ExternalDataShare {
        id,
        workspace: within.id,
        item: item.id,
        paths,
        creator,
        recipient,
        expires_at: later(now, INVITATION_LASTS),
        accepted_by: None,
        is_revoked: false,
    };
    Ok((vec![Fact::ExternalDataShareCreated(share)], id))
}

/// Revokes a share. A revoked share remains as it is.
pub fn revoke(state: &State, item: &Item, id: ExternalDataShareId) -> Decision<()> {
    let is_revoked = find(state, item, id)?.is_revoked;
    Ok(((!is_revoked).then_some(Fact::ExternalDataShareRevoked { id }).into_iter().collect(), ()))
}

/// Deletes a share.
pub fn delete(state: &State, item: &Item, id: ExternalDataShareId) -> Decision<()> {
    find(state, item, id)?;
    Ok((vec![Fact::ExternalDataShareDeleted { id }], ()))
}

/// Returns a share of an item.
pub fn find<'s>(state: &'s State, item: &Item, id: ExternalDataShareId) -> Result<&'s ExternalDataShare, FabricError> {
    let found = state.external_data_shares().get(&id).filter(|share| share.item == item.id);
    found.ok_or_else(|| missing(id))
}

/// Returns the share of an invitation that a tenant can accept. `state` is that of the tenant that shares the data.
///
/// # Errors
///
/// There is no such invitation, it is for another tenant, or it is not pending.
pub fn invitation(
    state: &State,
    id: ExternalDataShareId,
    tenant: TenantId,
    now: Timestamp,
) -> Result<&ExternalDataShare, FabricError> {
    let share = state.external_data_shares().get(&id).ok_or_else(|| missing(id))?;
    if share.recipient.tenant().is_some_and(|invited| invited != tenant) {
        return Err(missing(id).note("the recipient of the invitation is in another tenant"));
    }
    match share.status_at(now) {
        ShareStatus::Pending => Ok(share),
        status => Err(FabricError::new(ErrorCode::BadRequest)
            .message(format!("The invitation is not pending: the status of the external data share is {status:?}."))
            .about("ExternalDataShare", id)),
    }
}

/// Accepts an invitation in the tenant that shares the data.
pub fn accept(share: &ExternalDataShare, tenant: TenantId) -> Fact {
    Fact::ExternalDataShareAccepted { id: share.id, tenant }
}

/// Creates the shortcuts of an acceptance in a lakehouse of the tenant that accepts it. `paths` are those of the share.
pub fn receive(
    state: &State,
    within: &Workspace,
    item: &Item,
    id: ExternalDataShareId,
    paths: &[(SharedPathId, &str)],
    acceptance: &Acceptance,
) -> Decision<Vec<Shortcut>> {
    if item.kind != ItemKind::Lakehouse {
        return Err(unsupported(item));
    }
    state.check_capacity(within)?;
    if !(1..=PATHS_MAX).contains(&acceptance.shortcuts.len()) {
        return Err(FabricError::invalid_input(format!(
            "CreateShortcutRequests has {} elements: expected 1 to {PATHS_MAX}.",
            acceptance.shortcuts.len()
        )));
    }
    let connection = ConnectionId::nth(state.seed().fork(id.to_ascii()), 0);
    let details = Map::from_iter([("connectionId".to_owned(), Value::from(connection.to_string()))]);
    let new = acceptance.shortcuts.iter().map(|(path, name)| {
        if !paths.iter().any(|(known, _)| known == path) {
            return Err(FabricError::invalid_input(format!("The external data share has no path with the id {path}.")));
        }
        Ok(Shortcut::to_external_data_share(acceptance.path.clone(), name.clone(), details.clone()))
    });
    shortcut::create_all(within, item, new.collect::<Result<_, FabricError>>()?)
}

fn missing(id: ExternalDataShareId) -> FabricError {
    FabricError::new(ErrorCode::EntityNotFound).about("ExternalDataShare", id)
}

fn unsupported(item: &Item) -> FabricError {
    FabricError::new(ErrorCode::ExternalDataShareOperationNotSupportedForItemType).about("Item", item.id)
}

/// Rejects paths outside of `Files` and `Tables`, and these folders themselves.
fn check_paths(paths: &[String]) -> Result<(), FabricError> {
    if !(1..=PATHS_MAX).contains(&paths.len()) {
        return Err(FabricError::invalid_input(format!(
            "Paths has {} elements: expected 1 to {PATHS_MAX}.",
            paths.len()
        )));
    }
    let is_valid = |path: &str| {
        let within = path.strip_prefix("Files/").or_else(|| path.strip_prefix("Tables/"));
        path.chars().count() <= PATH_MAX
            && within.is_some_and(|within| within.trim_end_matches('/').split('/').all(|name| !name.trim().is_empty()))
    };
    match paths.iter().find(|path| !is_valid(path)) {
        None => Ok(()),
        Some(path) => {
            let path: String = path.chars().take(PATH_MAX).collect();
            Err(FabricError::invalid_input(format!("The path {path:?} does not name content of Files or Tables.")))
        }
    }
}

impl Recipient {
    fn tenant(&self) -> Option<TenantId> {
        match self {
            Self::User { tenant_id, .. } => *tenant_id,
            Self::ServicePrincipal { tenant_id, .. } => Some(*tenant_id),
        }
    }

    fn check(&self) -> Result<(), FabricError> {
        let Self::User { user_principal_name: name, .. } = self else { return Ok(()) };
        let is_address = name.split_once('@').is_some_and(|(user, domain)| !user.is_empty() && !domain.is_empty());
        if is_address && name.chars().count() <= RECIPIENT_MAX && !name.contains(char::is_whitespace) {
            return Ok(());
        }
        Err(FabricError::invalid_input(format!(
            "UserPrincipalName is not an email address of at most {RECIPIENT_MAX} characters."
        )))
    }
}

impl ExternalDataShare {
    /// Returns the status at `now`.
    pub fn status_at(&self, now: Timestamp) -> ShareStatus {
        match self.accepted_by {
            _ if self.is_revoked => ShareStatus::Revoked,
            Some(_) => ShareStatus::Active,
            None if self.expires_at <= now => ShareStatus::InvitationExpired,
            None => ShareStatus::Pending,
        }
    }

    /// Returns the paths with their ids. `state` is that of the tenant that shares the data.
    pub fn identified_paths(&self, state: &State) -> Vec<(SharedPathId, &str)> {
        let seed = state.seed().fork(self.id.to_ascii());
        self.paths.iter().zip(1..).map(|(path, count)| (SharedPathId::nth(seed, count), path.as_str())).collect()
    }
}

impl SharedPathType {
    /// Returns the type of a path.
    pub fn of(path: &str) -> Self {
        if path.starts_with("Tables/") { Self::Table } else { Self::Folder }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_content_of_files_or_tables() {
        let check = |paths: &[&str]| check_paths(&paths.iter().copied().map(str::to_owned).collect::<Vec<_>>());
        for path in ["Files/a", "Tables/dbo/orders", "Files/a b/c/"] {
            assert_eq!(check(&[path]), Ok(()), "{path}");
        }
        for path in [
            "",
            "Files",
            "Files/",
            "Tables//x",
            "files/a",
            "Other/a",
            "/Files/a",
            &format!("Files/{}", "x".repeat(400)),
        ] {
            assert!(check(&[path]).is_err(), "{path}");
        }
        assert!(check(&[]).is_err());
        assert!(check(&["Files/a"; 101]).is_err());
    }
}
