//! Accounts that sign in: apps with their client id, users with their sign-in name. The tenant's directory contains the
//! details of declared accounts.

use crate::fabric::State;
use crate::fabric::access::{DEFAULT_IDENTITY, default_user, principal_named};
use crate::fabric::principal::{Details, DirectoryEntry};

/// A user or an app that receives tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account(pub DirectoryEntry);

impl Account {
    /// Returns the app with the given client id. The object id of an undeclared app is derived from its client id.
    pub fn app(state: &State, client: &str) -> Self {
        Self(state.app(client).cloned().unwrap_or_else(|| DirectoryEntry {
            id: principal_named(client),
            display_name: None,
            details: Details::ServicePrincipal { aad_app_id: Some(client.to_owned()) },
            fabric_admin: None,
        }))
    }

    /// Returns the managed identity with the given client id, or the default managed identity for `None`.
    pub fn managed_identity(state: &State, client: Option<&str>) -> Self {
        Self::app(state, client.map_or_else(|| DEFAULT_IDENTITY.to_string(), str::to_owned).as_str())
    }

    /// Returns the user with the given sign-in name, or the administrator for `None`. The object id of an undeclared
    /// user is derived from the name.
    pub fn user(state: &State, name: Option<&str>) -> Self {
        let administrator = default_user();
        let Some(name) = name else { return Self(administrator) };
        let has_name = |entry: &DirectoryEntry| match &entry.details {
            Details::User { user_principal_name } => {
                user_principal_name.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(name))
            }
            _ => false,
        };
        if let Some(known) = state.directory().values().find(|entry| has_name(entry)) {
            return Self(known.clone());
        }
        if has_name(&administrator) {
            return Self(administrator);
        }
        let user_principal_name = Some(name.to_owned());
        let details = Details::User { user_principal_name: user_principal_name.clone() };
        Self(DirectoryEntry {
            id: principal_named(&name.to_ascii_lowercase()),
            display_name: user_principal_name,
            details,
            fabric_admin: None,
        })
    }

    /// Returns the client id of an app. For an account without a client id, returns the object id.
    pub fn client_id(&self) -> String {
        match &self.0.details {
            Details::ServicePrincipal { aad_app_id: Some(client) } => client.clone(),
            _ => self.0.id.to_string(),
        }
    }

    /// Returns the sign-in name of a user, or `None` for an app.
    pub fn user_name(&self) -> Option<&str> {
        match &self.0.details {
            Details::User { user_principal_name } => user_principal_name.as_deref(),
            _ => None,
        }
    }
}
