//! The assignment of workspaces to domains.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::fabric::operation::{self, Progress};
use crate::fabric::principal::Principal;
use crate::fabric::role::Role;
use crate::fabric::tenant_setting::OVERRIDES_DOMAIN_ASSIGNMENTS;
use crate::fabric::workspace::{Workspace, WorkspaceType};
use crate::fabric::{Decision, Fact, State};
use crate::ids::{CapacityId, DomainId, PrincipalId, WorkspaceId};

/// Assigns a workspace to a domain, if the caller may assign workspaces to the domain.
pub fn assign_one(state: &State, workspace: &Workspace, id: DomainId, caller: Principal) -> Decision<()> {
    workspace.check_shared()?;
    state.check_contributor(state.domain(id)?, caller)?;
    Ok((assigned(state, id, [workspace]), ()))
}

/// Assigns workspaces to a domain.
pub fn assign(state: &State, id: DomainId, workspaces: &[WorkspaceId]) -> Decision<()> {
    state.domain(id)?;
    let mut named = Vec::with_capacity(workspaces.len());
    for id in workspaces {
        let workspace = state.workspace(*id)?;
        workspace.check_shared()?;
        named.push(workspace);
    }
    Ok((assigned(state, id, named), ()))
}

/// Assigns the workspaces on some capacities to a domain, except personal ones.
pub fn assign_by_capacities(
    state: &State,
    id: DomainId,
    capacities: &[CapacityId],
    now: Timestamp,
) -> Decision<Progress<()>> {
    state.domain(id)?;
    for capacity in capacities {
        state.capacity(*capacity)?;
    }
    let on_capacity = |workspace: &&Workspace| workspace.capacity.is_some_and(|id| capacities.contains(&id));
    let facts = assigned(state, id, shared(state).filter(on_capacity));
    Ok(operation::begin_in_tenant(state, now).after(facts))
}

/// Assigns the workspaces that some principals administer to a domain, except personal ones.
pub fn assign_by_principals(
    state: &State,
    id: DomainId,
    principals: &[Principal],
    now: Timestamp,
) -> Decision<Progress<()>> {
    state.domain(id)?;
    let principals: BTreeSet<PrincipalId> = principals.iter().map(|principal| principal.id).collect();
    let is_administered = |workspace: &&Workspace| {
        let mut admins = workspace.role_assignments().values().filter(|assignment| assignment.role == Role::Admin);
        admins.any(|assignment| principals.contains(&assignment.principal.id))
    };
    let facts = assigned(state, id, shared(state).filter(is_administered));
    Ok(operation::begin_in_tenant(state, now).after(facts))
}

/// Unassigns workspaces from a domain. Workspaces that are not in the domain do not change.
pub fn unassign(state: &State, id: DomainId, workspaces: &[WorkspaceId]) -> Decision<()> {
    state.domain(id)?;
    let known = workspaces.iter().filter_map(|id| state.workspaces().get(id));
    Ok((unassigned(known.filter(|workspace| workspace.domain == Some(id))), ()))
}

/// Unassigns all workspaces from a domain.
pub fn unassign_all(state: &State, id: DomainId) -> Decision<()> {
    state.domain(id)?;
    Ok((unassigned(state.workspaces().values().filter(|workspace| workspace.domain == Some(id))), ()))
}

/// Unassigns a workspace from its domain. A workspace without a domain does not change.
pub fn unassign_one(workspace: &Workspace) -> Decision<()> {
    Ok((unassigned([workspace].into_iter().filter(|workspace| workspace.domain.is_some())), ()))
}

fn shared(state: &State) -> impl Iterator<Item = &Workspace> {
    state.workspaces().values().filter(|workspace| workspace.kind == WorkspaceType::Workspace)
}

/// Returns the fact that assigns workspaces to a domain. Workspaces of other domains remain there if the tenant does not
/// allow to override assignments (documented).
fn assigned<'a>(state: &State, domain: DomainId, workspaces: impl IntoIterator<Item = &'a Workspace>) -> Vec<Fact> {
    let overrides = state.is_enabled(OVERRIDES_DOMAIN_ASSIGNMENTS);
    let moves = |workspace: &&Workspace| match workspace.domain {
        None => true,
        Some(other) => overrides && other != domain,
    };
    let workspaces: Vec<WorkspaceId> = workspaces.into_iter().filter(moves).map(|workspace| workspace.id).collect();
    changed(workspaces, Some(domain))
}

fn unassigned<'a>(workspaces: impl Iterator<Item = &'a Workspace>) -> Vec<Fact> {
    changed(workspaces.map(|workspace| workspace.id).collect(), None)
}

fn changed(workspaces: Vec<WorkspaceId>, domain: Option<DomainId>) -> Vec<Fact> {
    if workspaces.is_empty() { Vec::new() } else { vec![Fact::DomainAssigned { workspaces, domain }] }
}
