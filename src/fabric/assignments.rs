//! The role assignments of a connection or a gateway.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fabric::page::Position;
use crate::fabric::principal::{Principal, PrincipalType};
use crate::fabric::{ErrorCode, FabricError};
use crate::ids::PrincipalId;

/// The maximum number of role assignments of a connection or a gateway (guessed).
pub const ASSIGNMENTS_MAX: usize = 1_000;

/// A role of a principal. The id of the assignment is the id of the principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Assignment<R> {
    /// The principal.
    pub principal: Principal,
    /// The role.
    pub role: R,
    /// The position of the assignment in the list of assignments. The position never changes.
    pub position: Position,
}

/// Role assignments, in order of creation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Assignments<R>(Vec<Assignment<R>>);

/// A role assignment, as the control interface accepts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredRole<R> {
    /// The principal.
    pub principal: DeclaredPrincipal,
    /// The role.
    pub role: R,
}

/// A principal with a declared role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredPrincipal {
    /// The object id.
    pub id: PrincipalId,
    /// The type.
    pub r#type: PrincipalType,
}

impl<R: Copy + Ord> Assignments<R> {
    /// Creates the assignments of a new resource: the role of its creator.
    pub fn new(principal: Principal, role: R) -> Self {
        Self(vec![Assignment { principal, role, position: 1 }])
    }

    /// Creates declared assignments. If none are declared, everybody in the tenant has the role `of_everybody`.
    ///
    /// # Errors
    ///
    /// Returns an error if a principal occurs twice, or if there are more than [`ASSIGNMENTS_MAX`] assignments.
    pub fn declared(declared: Option<Vec<DeclaredRole<R>>>, of_everybody: R) -> Result<Self, FabricError> {
        let Some(declared) = declared else {
            let everybody =
                Principal { id: PrincipalId::from_uuid(uuid::Uuid::nil()), kind: PrincipalType::EntireTenant };
            return Ok(Self::new(everybody, of_everybody));
        };
        let mut roles = Self(Vec::with_capacity(declared.len().min(ASSIGNMENTS_MAX)));
        for DeclaredRole { principal: DeclaredPrincipal { id, r#type: kind }, role } in declared {
            if roles.get(id).is_some() {
                return Err(FabricError::invalid_input(format!("roles: {id} is given twice.")));
            }
            roles.add(Principal { id, kind }, role)?;
        }
        Ok(roles)
    }

    /// Returns the assignments, in order of creation.
    pub fn iter(&self) -> impl Iterator<Item = &Assignment<R>> {
        self.0.iter()
    }

    /// Returns the assignments after a position, each with its position.
    pub fn after(&self, position: Option<Position>) -> impl Iterator<Item = (Position, &Assignment<R>)> {
        let all = self.0.iter().map(|assignment| (assignment.position, assignment));
        all.skip_while(move |(at, _)| Some(*at) <= position)
    }

    /// Returns the assignment of a principal.
    pub fn get(&self, id: PrincipalId) -> Option<&Assignment<R>> {
        self.0.iter().find(|assignment| assignment.principal.id == id)
    }

    /// Returns the role of a principal: the higher of the principal's own role and the role assigned to the entire
    /// tenant.
    pub fn role_of(&self, id: PrincipalId) -> Option<R> {
        let of_tenant = self.0.iter().filter(|it| it.principal.kind == PrincipalType::EntireTenant);
        self.own_role(id).max(of_tenant.map(|assignment| assignment.role).max())
    }

    fn own_role(&self, id: PrincipalId) -> Option<R> {
        self.get(id).map(|assignment| assignment.role)
    }

    /// Adds an assignment. Rejects a principal that has a role, and more than [`ASSIGNMENTS_MAX`] assignments.
    pub(in crate::fabric) fn add(&mut self, principal: Principal, role: R) -> Result<Assignment<R>, FabricError> {
        if self.get(principal.id).is_some() {
            let message = "The principal already has a role.";
            return Err(FabricError::new(ErrorCode::BadRequest).detail(ErrorCode::InvalidParameter, message));
        }
        if self.0.len() >= ASSIGNMENTS_MAX {
            return Err(FabricError::invalid_input(format!("There are at most {ASSIGNMENTS_MAX} role assignments.")));
        }
        let position = self.0.last().map_or(0, |last| last.position).saturating_add(1);
        let assignment = Assignment { principal, role, position };
        self.0.push(assignment);
        Ok(assignment)
    }

    /// Changes the role of a principal, and returns the changed assignment.
    pub(in crate::fabric) fn change(&mut self, id: PrincipalId, role: R) -> Option<Assignment<R>> {
        let assignment = self.0.iter_mut().find(|assignment| assignment.principal.id == id)?;
        assignment.role = role;
        Some(*assignment)
    }

    /// Removes the assignment of a principal.
    pub(in crate::fabric) fn remove(&mut self, id: PrincipalId) {
        self.0.retain(|assignment| assignment.principal.id != id);
    }

    /// Returns `true` if no other principal than this one has the role.
    pub(in crate::fabric) fn is_last(&self, id: PrincipalId, role: R) -> bool {
        self.0.iter().filter(|assignment| assignment.role == role).all(|assignment| assignment.principal.id == id)
    }

    /// Replaces principals. The keys of `replaced` are the ids of the old principals. A principal that would have two
    /// roles afterwards keeps the higher role.
    pub(in crate::fabric) fn replace_principals(&mut self, replaced: &BTreeMap<PrincipalId, Principal>) {
        let assigned = self.0.iter().map(|assignment| assignment.principal.id);
        let affected: Vec<PrincipalId> = assigned.filter(|id| replaced.contains_key(id)).collect();
        for before in affected {
            let (Some(old), Some(after)) = (self.own_role(before), replaced.get(&before).copied()) else { continue };
            if self.own_role(after.id).is_some() {
                self.remove(before);
            }
            for assignment in self.0.iter_mut().filter(|it| [before, after.id].contains(&it.principal.id)) {
                (assignment.principal, assignment.role) = (after, assignment.role.max(old));
            }
        }
    }
}
