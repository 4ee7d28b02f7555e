//! Principals, which can have roles and call the API, and the directory, which lists the principals of a tenant
//! (docs/fidelity.md#principals).

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::fabric::behaviours::UnknownPrincipal;
use crate::fabric::workspace::WORKSPACES_MAX;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::PrincipalId;

/// The maximum number of principals in a tenant's directory.
pub const DIRECTORY_MAX: usize = 10_000;

/// The maximum length of each text in an entry of the directory, in characters. Entra's longest such text is a sign-in
/// name of 1,024 characters.
pub const TEXT_MAX: usize = 1_024;
/// The length of the hash of a secret, in characters: SHA-256 in base64url.
const HASH_LENGTH: usize = 43;

/// The type of a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PrincipalType {
    /// A user.
    User,
    /// An app, or a managed identity.
    ServicePrincipal,
    /// A group. Its members are not emulated.
    Group,
    /// A profile of a service principal. A multi-tenant app has one profile for each of its customers.
    ServicePrincipalProfile,
    /// All principals in the tenant.
    EntireTenant,
}

/// A principal, which can have roles and call the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Principal {
    /// The object id in Entra.
    pub id: PrincipalId,
    /// The type of the principal.
    pub kind: PrincipalType,
}

/// The details of a principal that depend on its type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
pub enum Details {
    /// The details of a user.
    User {
        /// The sign-in name.
        user_principal_name: Option<String>,
    },
    /// The details of an app.
    ServicePrincipal {
        /// The client id.
        aad_app_id: Option<String>,
    },
    /// The details of a group.
    Group {
        /// `SecurityGroup`, `DistributionList` or `Unknown`.
        group_type: Option<String>,
    },
    /// The details of a service principal profile.
    ServicePrincipalProfile {
        /// The app that the profile belongs to.
        parent: Option<Principal>,
    },
    /// The entire tenant, which has no details.
    EntireTenant,
}

/// An entry of the directory, which describes a principal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryEntry {
    /// The object id of the principal.
    pub id: PrincipalId,
    /// The display name of the principal.
    pub display_name: Option<String>,
    /// The type of the principal, and the details that depend on the type.
    pub details: Details,
    /// `false` for a principal that is not a Fabric administrator. A principal without a declaration is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fabric_admin: Option<bool>,
}

impl DirectoryEntry {
    /// Creates an entry that contains only an id and a type.
    pub fn bare(principal: Principal) -> Self {
        let details = match principal.kind {
            PrincipalType::User => Details::User { user_principal_name: None },
            PrincipalType::ServicePrincipal => Details::ServicePrincipal { aad_app_id: None },
            PrincipalType::Group => Details::Group { group_type: None },
            PrincipalType::ServicePrincipalProfile => Details::ServicePrincipalProfile { parent: None },
            PrincipalType::EntireTenant => Details::EntireTenant,
        };
        Self { id: principal.id, display_name: None, details, fabric_admin: None }
    }

    /// Returns `true` if the entry describes the principal only by id and type.
    pub fn is_bare(&self) -> bool {
        self.display_name.is_none() && self.details == Self::bare(self.principal()).details
    }

    /// Returns the client id of an app, or `None` for other principals.
    pub fn app_id(&self) -> Option<&str> {
        match &self.details {
            Details::ServicePrincipal { aad_app_id } => aad_app_id.as_deref(),
            Details::User { .. }
            | Details::Group { .. }
            | Details::ServicePrincipalProfile { .. }
            | Details::EntireTenant => None,
        }
    }

    /// Returns the sign-in name of a user, or `None` for other principals.
    pub fn user_name(&self) -> Option<&str> {
        match &self.details {
            Details::User { user_principal_name } => user_principal_name.as_deref(),
            Details::ServicePrincipal { .. }
            | Details::Group { .. }
            | Details::ServicePrincipalProfile { .. }
            | Details::EntireTenant => None,
        }
    }

    /// Rejects an entry with a text of more than [`TEXT_MAX`] characters.
    pub fn check(&self) -> Result<(), FabricError> {
        let (member, detail) = match &self.details {
            Details::User { user_principal_name } => ("userPrincipalName", user_principal_name),
            Details::ServicePrincipal { aad_app_id } => ("aadAppId", aad_app_id),
            Details::Group { group_type } => ("groupType", group_type),
            Details::ServicePrincipalProfile { .. } | Details::EntireTenant => ("", &None),
        };
        for (member, text) in [("displayName", &self.display_name), (member, detail)] {
            if text.as_ref().is_some_and(|text| text.chars().count() > TEXT_MAX) {
                let message = format!("The {member} of the principal {} has more than {TEXT_MAX} characters.", self.id);
                return Err(FabricError::invalid_input(message));
            }
        }
        Ok(())
    }

    /// Returns the principal of the entry.
    pub fn principal(&self) -> Principal {
        let kind = match self.details {
            Details::User { .. } => PrincipalType::User,
            Details::ServicePrincipal { .. } => PrincipalType::ServicePrincipal,
            Details::Group { .. } => PrincipalType::Group,
            Details::ServicePrincipalProfile { .. } => PrincipalType::ServicePrincipalProfile,
            Details::EntireTenant => PrincipalType::EntireTenant,
        };
        Principal { id: self.id, kind }
    }
}

/// Registers a caller at its first call: adds the caller to the directory, and creates "My workspace" for a user.
///
/// An existing entry of the directory is replaced only if it contains just an id and a type. If the tenant has the
/// maximum number of principals or workspaces, the caller is not registered, but the call is still served.
pub fn register(state: &State, caller: &DirectoryEntry) -> Decision<()> {
    let has_room = state.directory().len() < DIRECTORY_MAX && state.workspaces().len() < WORKSPACES_MAX;
    let facts = if !state.learns_from(caller) || !has_room {
        Vec::new()
    } else {
        let known = state.directory().get(&caller.id);
        let mut entry = known.filter(|known| !known.is_bare()).unwrap_or(caller).clone();
        entry.fabric_admin = known.and_then(|known| known.fabric_admin);
        let is_user = matches!(entry.details, Details::User { .. });
        let personal = is_user.then(|| state.personal_workspace(entry.id));
        // A user whose details become known later has the workspace already.
        let personal = personal.filter(|id| !state.workspaces().contains(id));
        vec![Fact::PrincipalRegistered { entry, personal }]
    };
    Ok((facts, ()))
}

/// Returns the principal for a role assignment, and the fact that adds an unknown principal to the directory. A full
/// directory adds no principal.
///
/// Returns `None` if the principal is unknown and `behaviours.unknownPrincipal` rejects unknown principals.
pub fn assignee(state: &State, asked: Principal) -> Option<(Principal, Option<Fact>)> {
    match state.directory().get(&asked.id) {
        Some(entry) => Some((entry.principal(), None)),
        None if state.settings.behaviours.unknown_principal == UnknownPrincipal::Refuse => None,
        None if state.directory().len() >= DIRECTORY_MAX => Some((asked, None)),
        None => Some((asked, Some(Fact::PrincipalsDeclared(vec![DirectoryEntry::bare(asked)])))),
    }
}

impl State {
    /// Returns `true` for a Fabric administrator: every principal that was not declared to be none.
    pub fn is_administrator(&self, principal: Principal) -> bool {
        self.directory().get(&principal.id).and_then(|entry| entry.fabric_admin).unwrap_or(true)
    }

    /// Rejects callers that are not Fabric administrators. `code` is the code of the rejection.
    pub fn check_administrator(&self, caller: Principal, code: ErrorCode) -> Result<(), FabricError> {
        if self.is_administrator(caller) {
            return Ok(());
        }
        let error = FabricError::new(code).message("The caller does not have permissions to call the API.");
        Err(error.note(format!("the principal {} is declared with fabricAdmin false", caller.id)))
    }
}

/// The emulator's hint in the response to the assignment of a role to an unknown principal.
pub const LEARNED: &str =
    "the unknown principal was added to the directory; behaviours.unknownPrincipal 400 rejects unknown principals";

/// Rejects two declared apps with the same client id. Also rejects a declared user with the sign-in name of another
/// declared user or of a user in the directory.
fn check_unique(state: &State, entries: &[DirectoryEntry]) -> Result<(), FabricError> {
    let declared: BTreeSet<PrincipalId> = entries.iter().map(|entry| entry.id).collect();
    let (mut apps, mut users) = (HashMap::new(), HashMap::new());
    let others = state.directory().values().filter(|entry| !declared.contains(&entry.id));
    users.extend(others.filter_map(|entry| Some((entry.user_name()?.to_ascii_lowercase(), entry.id))));
    for entry in entries {
        let app = entry.app_id().and_then(|app| apps.insert(app.to_ascii_lowercase(), entry.id));
        let user = entry.user_name().and_then(|name| users.insert(name.to_ascii_lowercase(), entry.id));
        for (other, member) in [(app, "aadAppId"), (user, "userPrincipalName")] {
            if let Some(other) = other.filter(|other| *other != entry.id) {
                let id = entry.id;
                return Err(FabricError::invalid_input(format!(
                    "The principals {id} and {other} have the same {member}."
                )));
            }
        }
    }
    Ok(())
}

/// Adds principals to the directory. Replaces existing entries with the same id. A declared app also replaces an
/// existing app with the same client id, and receives its roles.
///
/// `secrets` contains the SHA-256 hashes of the secrets that the principals must use from now on. The emulator never
/// stores the secrets themselves.
pub fn declare(state: &State, entries: Vec<DirectoryEntry>, secrets: Vec<(PrincipalId, String)>) -> Decision<()> {
    let new = entries.iter().filter(|entry| !state.directory().contains_key(&entry.id)).count();
    if state.directory().len() + new > DIRECTORY_MAX {
        return Err(FabricError::invalid_input(format!("A directory has at most {DIRECTORY_MAX} principals.")));
    }
    if secrets.iter().any(|(_, hash)| hash.len() != HASH_LENGTH) {
        return Err(FabricError::invalid_input(format!("The hash of a secret has {HASH_LENGTH} characters.")));
    }
    for entry in &entries {
        entry.check()?;
        let known = state.directory().get(&entry.id);
        if known.is_some_and(|known| known.principal().kind != entry.principal().kind) {
            return Err(FabricError::invalid_input(format!("The principal {} is known as another type.", entry.id)));
        }
    }
    check_unique(state, &entries)?;
    let secrets = (!secrets.is_empty()).then_some(Fact::SecretsDeclared(secrets));
    Ok(([Fact::PrincipalsDeclared(entries)].into_iter().chain(secrets).collect(), ()))
}
