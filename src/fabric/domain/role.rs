//! Domain roles: their assignments.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::Domain;
use crate::fabric::page::Position;
use crate::fabric::principal::{self, Principal, PrincipalType};
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{DomainId, PrincipalId};

/// The maximum number of role assignments in a domain (guessed).
pub const ASSIGNMENTS_MAX: usize = 1_000;

/// A role in a domain. A principal may have both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DomainRole {
    /// Can manage the domain, and assign workspaces to it.
    Admin,
    /// Can assign workspaces to the domain.
    Contributor,
}

impl DomainRole {
    /// Returns the role with the given name, in the singular or the plural, compared without regard to case. The
    /// description has the singular, its examples have the plural.
    pub fn named(name: &str) -> Option<Self> {
        let names = [("Admin", Self::Admin), ("Admins", Self::Admin)];
        let others = [("Contributor", Self::Contributor), ("Contributors", Self::Contributor)];
        names.into_iter().chain(others).find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, role)| role)
    }
}

/// A role of a principal in a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DomainRoleAssignment {
    /// The principal.
    pub principal: Principal,
    /// The role.
    pub role: DomainRole,
    /// The position of the assignment in the list of assignments. The position never changes.
    position: Position,
}

impl Domain {
    /// Returns the role assignments after a position, each with its position.
    pub fn role_assignments(&self, after: Option<Position>) -> impl Iterator<Item = (Position, &DomainRoleAssignment)> {
        let all = self.roles.iter().map(|assignment| (assignment.position, assignment));
        all.skip_while(move |(at, _)| Some(*at) <= after)
    }

    fn index_of(&self, principal: PrincipalId, role: DomainRole) -> Option<usize> {
        self.roles.iter().position(|it| it.principal.id == principal && it.role == role)
    }

    fn add(&mut self, principal: Principal, role: DomainRole) -> Result<(), FabricError> {
        if self.roles.len() >= ASSIGNMENTS_MAX {
            return Err(FabricError::invalid_input(format!(
                "A domain has at most {ASSIGNMENTS_MAX} role assignments."
            )));
        }
        let position = self.roles.last().map_or(0, |last| last.position).saturating_add(1);
        self.roles.push(DomainRoleAssignment { principal, role, position });
        Ok(())
    }

    /// Replaces principals. The keys of `replaced` are the ids of the old principals.
    pub(in crate::fabric) fn replace_principals(&mut self, replaced: &BTreeMap<PrincipalId, Principal>) {
        for assignment in &mut self.roles {
            if let Some(after) = replaced.get(&assignment.principal.id) {
                assignment.principal = *after;
            }
        }
        let mut known = HashSet::new();
        self.roles.retain(|assignment| known.insert((assignment.principal.id, assignment.role)));
    }
}

/// Gives principals a role in a domain. Returns `true` if a principal is also added to the directory.
pub fn assign(state: &State, id: DomainId, role: DomainRole, asked: &[Principal]) -> Decision<bool> {
    let mut domain = state.domain(id)?.clone();
    let mut learned = Vec::new();
    for asked in asked {
        let missing = || FabricError::new(ErrorCode::PrincipalNotFound).concerning("Principal", asked.id);
        let (principal, fact) = principal::assignee(state, *asked).ok_or_else(missing)?;
        check_type(principal, role)?;
        if domain.index_of(principal.id, role).is_some() {
            return Err(FabricError::new(ErrorCode::PrincipalWithDomainRoleAssignmentAlreadyExists)
                .about("Domain", id)
                .concerning("Principal", principal.id));
        }
        domain.add(principal, role)?;
        learned.extend(fact);
    }
    let is_learned = !learned.is_empty();
    if domain != *state.domain(id)? {
        learned.push(Fact::DomainUpdated(domain));
    }
    Ok((learned, is_learned))
}

/// Removes a role of principals in a domain.
pub fn unassign(state: &State, id: DomainId, role: DomainRole, principals: &[Principal]) -> Decision<()> {
    let mut domain = state.domain(id)?.clone();
    for principal in principals {
        check_type(*principal, role)?;
        let missing = || {
            FabricError::new(ErrorCode::PrincipalWithDomainRoleAssignmentNotFound)
                .about("Domain", id)
                .concerning("Principal", principal.id)
        };
        let index = domain.index_of(principal.id, role).ok_or_else(missing)?;
        domain.roles.remove(index);
    }
    Ok((if principals.is_empty() { Vec::new() } else { vec![Fact::DomainUpdated(domain)] }, ()))
}

/// Gives the contributors of a domain the same role in its subdomains, and takes it from all others.
pub fn sync_to_subdomains(state: &State, id: DomainId, role: DomainRole) -> Decision<()> {
    let domain = state.domain(id)?;
    if role == DomainRole::Admin {
        return Err(ErrorCode::SyncingAdminsToSubdomainsIsNotSupported.into());
    }
    let contributors = || domain.roles.iter().filter(|it| it.role == role).map(|it| it.principal);
    let mut facts = Vec::new();
    for before in state.subdomains(id) {
        let mut subdomain = before.clone();
        subdomain.roles.retain(|it| it.role != role || contributors().any(|principal| principal == it.principal));
        for principal in contributors() {
            if subdomain.index_of(principal.id, role).is_none() {
                subdomain.add(principal, role)?;
            }
        }
        if subdomain != *before {
            facts.push(Fact::DomainUpdated(subdomain));
        }
    }
    Ok((facts, ()))
}

/// Rejects administrators that are neither users, apps nor groups (documented; the types guessed).
fn check_type(principal: Principal, role: DomainRole) -> Result<(), FabricError> {
    match (role, principal.kind) {
        (DomainRole::Admin, PrincipalType::ServicePrincipalProfile | PrincipalType::EntireTenant) => {
            Err(FabricError::new(ErrorCode::UnsupportedPrincipalTypeForDomainAdminAssignment)
                .concerning("Principal", principal.id))
        }
        _ => Ok(()),
    }
}
