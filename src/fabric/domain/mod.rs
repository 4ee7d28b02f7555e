//! Domains, which group the workspaces of a tenant (docs/fidelity.md#domains). A domain may have subdomains, which have
//! none.

mod assignment;
pub mod role;

use serde::{Deserialize, Serialize};

pub use self::assignment::{
    assign, assign_by_capacities, assign_by_principals, assign_one, unassign, unassign_all, unassign_one,
};
use self::role::{DomainRole, DomainRoleAssignment};
use crate::fabric::name::{Folded, check_description, check_name};
use crate::fabric::principal::{Principal, PrincipalType};
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{DomainId, LabelId};

/// The maximum number of domains in a tenant (guessed).
pub const DOMAINS_MAX: usize = 1_000;
/// The maximum length of the name of a domain, in characters (documented).
pub const NAME_MAX: usize = 40;
/// The maximum length of the description of a domain, in characters (documented).
pub const DESCRIPTION_MAX: usize = 256;

/// The principals that may assign workspaces to a domain, in addition to the administrators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ContributorsScope {
    /// All principals.
    #[default]
    AllTenant,
    /// The principals with the role [`DomainRole::Contributor`].
    SpecificUsersAndGroups,
    /// No others.
    AdminsOnly,
}

/// A domain of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Domain {
    /// The id of the domain.
    pub id: DomainId,
    /// The display name, unique in the tenant without regard to case.
    pub display_name: String,
    /// The description; empty if there is none.
    pub description: String,
    /// The domain that this one is a subdomain of.
    pub parent: Option<DomainId>,
    /// The principals that may assign workspaces to the domain.
    pub contributors_scope: ContributorsScope,
    /// The default sensitivity label. It has no effect.
    pub default_label: Option<LabelId>,
    /// The role assignments, in order of creation.
    pub(super) roles: Vec<DomainRoleAssignment>,
}

/// The properties of a new domain.
#[derive(Debug, Clone)]
pub struct NewDomain {
    /// The display name.
    pub display_name: String,
    /// The description.
    pub description: String,
    /// The domain that the new one is a subdomain of.
    pub parent: Option<DomainId>,
}

/// A change of the properties of a domain. `None` leaves the current value unchanged.
#[derive(Debug, Clone, Default)]
pub struct DomainChange {
    /// The display name.
    pub display_name: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// The principals that may assign workspaces to the domain.
    pub contributors_scope: Option<ContributorsScope>,
    /// The default sensitivity label. [`LabelId::MIN`] removes the label (documented).
    pub default_label: Option<LabelId>,
}

/// Creates a domain, or a subdomain of a domain that is not a subdomain itself.
pub fn create(state: &State, new: NewDomain) -> Decision<DomainId> {
    let NewDomain { display_name, description, parent } = new;
    check_name(&display_name, NAME_MAX)?;
    check_description(&description, DESCRIPTION_MAX)?;
    if let Some(id) = parent {
        let missing = || FabricError::new(ErrorCode::EntityNotFound).about("Domain", id);
        let parent = state.domains().get(&id).ok_or_else(missing)?;
        if parent.parent.is_some() {
            return Err(FabricError::invalid_input("ParentDomainId is the id of a subdomain."));
        }
    }
    check_free(state, &display_name, None)?;
    if state.domains().len() >= DOMAINS_MAX {
        return Err(FabricError::invalid_input(format!("A tenant has at most {DOMAINS_MAX} domains.")));
    }
    let id = state.next_domain();
    let contributors_scope = ContributorsScope::default();
    let domain =
        Domain { id, display_name, description, parent, contributors_scope, default_label: None, roles: Vec::new() };
    Ok((vec![Fact::DomainCreated(domain)], id))
}

/// Changes the properties of a domain.
pub fn update(state: &State, id: DomainId, change: DomainChange) -> Decision<()> {
    let before = state.domain(id)?;
    let DomainChange { display_name, description, contributors_scope, default_label } = change;
    let mut domain = before.clone();
    if let Some(name) = display_name {
        check_name(&name, NAME_MAX)?;
        check_free(state, &name, Some(id))?;
        domain.display_name = name;
    }
    if let Some(description) = description {
        check_description(&description, DESCRIPTION_MAX)?;
        domain.description = description;
    }
    domain.contributors_scope = contributors_scope.unwrap_or(domain.contributors_scope);
    if let Some(label) = default_label {
        domain.default_label = Some(label).filter(|label| *label != LabelId::MIN);
    }
    Ok((if domain == *before { Vec::new() } else { vec![Fact::DomainUpdated(domain)] }, ()))
}

/// Deletes a domain with its subdomains. Their workspaces remain, without a domain.
pub fn delete(state: &State, id: DomainId) -> Decision<()> {
    state.domain(id)?;
    let subdomains = state.subdomains(id).map(|subdomain| subdomain.id);
    Ok((subdomains.chain([id]).map(|id| Fact::DomainDeleted { id }).collect(), ()))
}

/// Rejects a name that another domain has.
fn check_free(state: &State, name: &str, own: Option<DomainId>) -> Result<(), FabricError> {
    let folded = Folded::new(name);
    let others = state.domains().values().filter(|domain| Some(domain.id) != own);
    match others.map(|domain| Folded::new(&domain.display_name)).any(|taken| taken == folded) {
        true => Err(FabricError::new(ErrorCode::EntityConflict).message("The domain display name already exists.")),
        false => Ok(()),
    }
}

impl State {
    /// Returns the subdomains of a domain, in order of creation.
    pub fn subdomains(&self, id: DomainId) -> impl Iterator<Item = &Domain> {
        self.domains().values().filter(move |domain| domain.parent == Some(id))
    }

    /// Rejects callers that may not assign workspaces to a domain. Fabric administrators and the administrators of the
    /// domain and of its parent may, and those that the contributors scope includes.
    pub(super) fn check_contributor(&self, domain: &Domain, caller: Principal) -> Result<(), FabricError> {
        let parent = domain.parent.and_then(|id| self.domains().get(&id));
        let is_admin = |domain: &Domain| domain.has_role(caller, DomainRole::Admin);
        let is_contributor = match domain.contributors_scope {
            ContributorsScope::AllTenant => true,
            ContributorsScope::SpecificUsersAndGroups => domain.has_role(caller, DomainRole::Contributor),
            ContributorsScope::AdminsOnly => false,
        };
        if is_contributor || self.is_administrator(caller) || is_admin(domain) || parent.is_some_and(is_admin) {
            return Ok(());
        }
        Err(FabricError::new(ErrorCode::InsufficientPermissionsToDomain).about("Domain", domain.id))
    }
}

impl Domain {
    /// Returns `true` if a principal, or the entire tenant, has a role in the domain.
    fn has_role(&self, principal: Principal, role: DomainRole) -> bool {
        let is_meant = |it: &Principal| it.id == principal.id || it.kind == PrincipalType::EntireTenant;
        self.roles.iter().any(|assignment| assignment.role == role && is_meant(&assignment.principal))
    }
}
