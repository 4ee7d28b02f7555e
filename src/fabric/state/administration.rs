//! Tags, domains, and the tenant settings that are overridden for a capacity.

use crate::fabric::domain::Domain;
use crate::fabric::ordered::Ordered;
use crate::fabric::tag::Tag;
use crate::fabric::tenant_setting::SettingOverride;
use crate::fabric::{ErrorCode, FabricError, State};
use crate::ids::{CapacityId, DomainId, ItemId, TagId, WorkspaceId};

impl State {
    /// Returns the tags, in order of declaration.
    pub fn tags(&self) -> &Ordered<TagId, Tag> {
        &self.tags
    }

    /// Returns a tag.
    pub fn tag(&self, id: TagId) -> Option<&Tag> {
        self.tags.get(&id)
    }

    /// Returns the domains, in order of creation.
    pub fn domains(&self) -> &Ordered<DomainId, Domain> {
        &self.domains
    }

    /// Returns a domain.
    pub fn domain(&self, id: DomainId) -> Result<&Domain, FabricError> {
        self.domains.get(&id).ok_or_else(|| FabricError::new(ErrorCode::DomainNotFound).about("Domain", id))
    }

    /// Adds tags, or replaces the tags with the same ids. `drawn` is the number of ids that the decision consumed.
    pub(super) fn declare_tags(&mut self, tags: Vec<Tag>, drawn: u64) {
        self.counts.tags += drawn;
        for tag in tags {
            match self.tags.get_mut(&tag.id) {
                Some(known) => *known = tag,
                None => self.tags.insert(tag.id, tag),
            }
        }
    }

    /// Deletes a tag, and removes it from all items and workspaces.
    pub(super) fn delete_tag(&mut self, tag: TagId) {
        self.tags.remove(&tag);
        let tagged = |tags: &[TagId]| tags.contains(&tag);
        let workspaces = self.workspaces().values().filter(|workspace| tagged(&workspace.tags));
        let workspaces: Vec<WorkspaceId> = workspaces.map(|workspace| workspace.id).collect();
        let items = self.workspaces().values().flat_map(|within| within.items().values().map(|item| (within.id, item)));
        let items: Vec<(WorkspaceId, ItemId)> =
            items.filter(|(_, item)| tagged(&item.tags)).map(|(workspace, item)| (workspace, item.id)).collect();
        for id in workspaces {
            self.with_workspace(id, |workspace| workspace.tags.retain(|known| *known != tag));
        }
        for (workspace, id) in items {
            self.with_item(workspace, id, |item| item.tags.retain(|known| *known != tag));
        }
    }

    pub(super) fn create_domain(&mut self, domain: Domain) {
        self.counts.domains += 1;
        self.domains.insert(domain.id, domain);
    }

    pub(super) fn update_domain(&mut self, domain: Domain) {
        if let Some(before) = self.domains.get_mut(&domain.id) {
            *before = domain;
        }
    }

    /// Deletes a domain. Its workspaces are then in no domain.
    pub(super) fn delete_domain(&mut self, id: DomainId) {
        self.domains.remove(&id);
        let assigned = self.workspaces().values().filter(|workspace| workspace.domain == Some(id));
        let assigned: Vec<WorkspaceId> = assigned.map(|workspace| workspace.id).collect();
        self.assign_to_domain(&assigned, None);
    }

    pub(super) fn assign_to_domain(&mut self, workspaces: &[WorkspaceId], domain: Option<DomainId>) {
        workspaces.iter().for_each(|id| self.with_workspace(*id, |workspace| workspace.domain = domain));
    }

    /// Overrides a tenant setting for a capacity, or removes the override.
    pub(super) fn override_setting(&mut self, capacity: CapacityId, name: String, to: Option<Box<SettingOverride>>) {
        let of_capacity = self.setting_overrides.entry(capacity).or_default();
        match to {
            Some(overriding) => drop(of_capacity.insert(name, *overriding)),
            None => drop(of_capacity.remove(&name)),
        }
        self.setting_overrides.retain(|_, of_capacity| !of_capacity.is_empty());
    }
}
