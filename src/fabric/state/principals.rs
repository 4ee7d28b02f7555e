//! The directory: principals and their secrets.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use crate::fabric::State;
use crate::fabric::principal::{Details, DirectoryEntry, Principal, PrincipalType};
use crate::fabric::workspace::Workspace;
use crate::ids::{PrincipalId, WorkspaceId};

impl State {
    /// Returns the directory, which contains all known principals.
    pub fn directory(&self) -> &BTreeMap<PrincipalId, DirectoryEntry> {
        &self.directory
    }

    /// Returns the app with this client id. Client ids are compared without regard to case.
    pub fn app(&self, client: &str) -> Option<&DirectoryEntry> {
        self.directory.values().find(|entry| entry.app_id().is_some_and(|id| id.eq_ignore_ascii_case(client)))
    }

    /// Returns the user with this sign-in name. Names are compared without regard to case.
    pub fn user(&self, name: &str) -> Option<&DirectoryEntry> {
        self.directory.values().find(|entry| entry.user_name().is_some_and(|known| known.eq_ignore_ascii_case(name)))
    }

    /// Returns the principal that a caller stands for. The directory is searched by object id, and then by client id,
    /// because an app can be declared with another object id after its token was issued.
    pub fn known_caller(&self, caller: &DirectoryEntry) -> Principal {
        let by_client_id = || caller.app_id().and_then(|client| self.app(client));
        let known = if self.directory.contains_key(&caller.id) { None } else { by_client_id() };
        known.map_or_else(|| caller.principal(), DirectoryEntry::principal)
    }

    /// Returns the SHA-256 hash of the declared secret or password of a principal. If none was declared, any secret or
    /// password is accepted.
    pub fn secret_of(&self, principal: PrincipalId) -> Option<&str> {
        self.secrets.get(&principal).map(String::as_str)
    }

    /// Returns `true` if the directory does not contain the caller, if the caller is a user without a personal workspace, or
    /// if the token has details and the entry in the directory has only an id and a type.
    pub fn learns_from(&self, caller: &DirectoryEntry) -> bool {
        let Some(known) = self.directory.get(&caller.id) else { return true };
        let is_user = known.principal().kind == PrincipalType::User;
        is_user && !self.workspaces().contains(&self.personal_workspace(caller.id))
            || known.is_bare() && !caller.is_bare()
    }

    /// Returns the id of a user's personal workspace, which may not exist yet.
    pub fn personal_workspace(&self, user: PrincipalId) -> WorkspaceId {
        WorkspaceId::nth(self.seed.fork(user.to_ascii()), 0)
    }

    /// Adds a principal to the directory, or replaces its entry, and creates the personal workspace of a user.
    pub(super) fn register_principal(&mut self, entry: DirectoryEntry, personal: Option<WorkspaceId>, at: Timestamp) {
        if let Some(id) = personal {
            self.workspaces.insert(Workspace::personal(id, entry.principal(), at));
        }
        self.directory.insert(entry.id, entry);
    }

    /// Adds principals to the directory, and replaces existing entries with the same object id. An app also replaces an
    /// existing app with the same client id but another object id.
    pub(super) fn declare_principals(&mut self, entries: Vec<DirectoryEntry>, at: Timestamp) {
        let declared: BTreeSet<PrincipalId> = entries.iter().map(|entry| entry.id).collect();
        let others = self.directory.values().filter(|entry| !declared.contains(&entry.id));
        let apps: HashMap<String, PrincipalId> =
            others.filter_map(|entry| Some((entry.app_id()?.to_ascii_lowercase(), entry.id))).collect();
        let replacement = |entry: &DirectoryEntry| {
            let before = apps.get(&entry.app_id()?.to_ascii_lowercase())?;
            Some((*before, entry.principal()))
        };
        let replaced: BTreeMap<PrincipalId, Principal> = entries.iter().filter_map(replacement).collect();
        if !replaced.is_empty() {
            self.replace_principals(&replaced);
            let workspaces: Vec<WorkspaceId> = self.workspaces().values().map(|workspace| workspace.id).collect();
            workspaces.into_iter().for_each(|id| self.record_permissions(id, at));
        }
        self.directory.extend(entries.into_iter().map(|entry| (entry.id, entry)));
    }

    /// Replaces principals wherever the state refers to them. The keys of `replaced` are the ids of the old principals.
    fn replace_principals(&mut self, replaced: &BTreeMap<PrincipalId, Principal>) {
        for (before, after) in replaced {
            self.directory.remove(before);
            if let Some(secret) = self.secrets.remove(before) {
                self.secrets.entry(after.id).or_insert(secret);
            }
        }
        let replace = |principal: &mut Principal| {
            if let Some(after) = replaced.get(&principal.id) {
                *principal = *after;
            }
        };
        for entry in self.directory.values_mut() {
            if let Details::ServicePrincipalProfile { parent: Some(parent) } = &mut entry.details {
                replace(parent);
            }
        }
        self.connections.values_mut().for_each(|connection| connection.roles.replace_principals(replaced));
        self.gateways.values_mut().for_each(|gateway| gateway.roles.replace_principals(replaced));
        self.domains.values_mut().for_each(|domain| domain.replace_principals(replaced));
        self.external_data_shares.values_mut().for_each(|share| replace(&mut share.creator));
        self.deployment_pipelines.replace_principals(replaced);
        for workspace in self.workspaces.values_mut() {
            workspace.replace_principals(replaced);
            let recoverable = workspace.recoverable.values_mut().map(|it| Arc::make_mut(&mut it.item));
            for item in workspace.items.values_mut().chain(recoverable) {
                let owners = item.jobs.iter_mut().flat_map(|jobs| jobs.owners_mut());
                let others = item.kind_state.principals_mut().chain(owners);
                item.creator.iter_mut().chain(&mut item.default_identity).chain(others).for_each(replace);
            }
        }
    }
}
