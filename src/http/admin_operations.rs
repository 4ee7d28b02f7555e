//! The operations of the admin API. Their caller must be a Fabric administrator.

use crate::fabric::ErrorCode::{Forbidden, InsufficientPrivileges, InsufficientScopes};
use crate::http::context::Handler;
use crate::http::operation::Fidelity::{self, Documented, Seen};
use crate::http::operation::{Operation, delete, get, patch, post};
use crate::http::{
    admin_domains, admin_items, admin_labels, admin_workspaces, external_data_shares, git, tags, tenant_settings,
};

const READS: &str = "Tenant.Read.All Tenant.ReadWrite.All";
const WRITES: &str = "Tenant.ReadWrite.All";

/// The path of a resource of a domain.
macro_rules! domain {
    ($path:literal) => {
        concat!("/admin/domains/{domainId}", $path)
    };
}

/// The path of a resource of a workspace.
macro_rules! ws {
    ($path:literal) => {
        concat!("/admin/workspaces/{workspaceId}", $path)
    };
}

/// The operations, each with its fidelity and its handler. The description names the code of the rejection of other callers
/// for workspaces and tenant settings; for the rest it is guessed. Limits per hour are not emulated.
#[rustfmt::skip]
pub(super) const ROWS: &[(Operation, Fidelity, Handler)] = &[
    (get("/admin/workspaces", "Workspaces_ListWorkspaces", None, READS)
        .for_administrators(InsufficientPrivileges), Documented, admin_workspaces::list),
    (get(ws!(""), "Workspaces_GetWorkspace", None, READS)
        .for_administrators(InsufficientPrivileges), Documented, admin_workspaces::get),
    (get(ws!("/users"), "Workspaces_ListWorkspaceAccessDetails", None, READS)
        .for_administrators(InsufficientPrivileges), Documented, admin_workspaces::users),
    (post(ws!("/grantAdminTemporaryAccess"), "Workspaces_GrantAdminTemporaryAccess", None, WRITES)
        .for_administrators(InsufficientScopes).limited(25).simplified(), Documented, admin_workspaces::grant_access),
    (post(ws!("/removeAdminTemporaryAccess"), "Workspaces_RemoveAdminTemporaryAccess", None, WRITES)
        .for_administrators(InsufficientScopes).limited(25), Documented, admin_workspaces::remove_access),
    (get("/admin/workspaces/networking/communicationpolicies",
        "Workspaces_ListNetworkingCommunicationPolicies", None, READS)
        .for_administrators(InsufficientPrivileges), Documented, admin_workspaces::list_policies),
    (get("/admin/workspaces/discoverGitConnections", "Workspaces_ListGitConnections", None, READS)
        .for_administrators(InsufficientPrivileges).limited(25), Documented, git::list_connections),

    (get("/admin/items", "Items_ListItems", None, READS)
        .for_administrators(InsufficientPrivileges), Documented, admin_items::list),
    (get(ws!("/items/{itemId}"), "Items_GetItem", None, READS)
        .for_administrators(InsufficientPrivileges), Documented, admin_items::get),
    (get(ws!("/items/{itemId}/users"), "Items_ListItemAccessDetails", None, READS)
        .for_administrators(InsufficientPrivileges), Seen, admin_items::users),
    (get("/admin/users/{userId}/access", "Users_ListAccessEntities", None, READS)
        .for_administrators(InsufficientPrivileges), Documented, admin_items::of_user),
    (post("/admin/items/bulkSetLabels", "Labels_BulkSetLabels", None, WRITES)
        .for_administrators(InsufficientPrivileges).simplified(), Seen, admin_labels::set),
    (post("/admin/items/bulkRemoveLabels", "Labels_BulkRemoveLabels", None, WRITES)
        .for_administrators(InsufficientPrivileges).simplified(), Seen, admin_labels::remove),
    (post("/admin/items/bulkRemoveSharingLinks", "SharingLinks_BulkRemoveSharingLinks", None, WRITES)
        .for_administrators(Forbidden).limited(10).simplified(), Documented, admin_labels::remove_sharing_links),
    (post("/admin/items/removeAllSharingLinks", "SharingLinks_RemoveAllSharingLinks", None, WRITES)
        .for_administrators(Forbidden).limited(10).simplified(), Documented, admin_labels::remove_all_sharing_links),
    (get("/admin/items/externalDataShares", "ExternalDataSharesProvider_ListExternalDataShares", None, WRITES)
        .for_administrators(InsufficientPrivileges).limited(10), Documented, external_data_shares::list_all),
    (post(ws!("/items/{itemId}/externalDataShares/{externalDataShareId}/revoke"),
        "ExternalDataSharesProvider_RevokeExternalDataShare", None, WRITES)
        .for_administrators(InsufficientPrivileges).limited(10), Documented, external_data_shares::revoke_any),

    (get("/admin/tags", "Tags_ListTags", None, READS)
        .for_administrators(InsufficientPrivileges).limited(25), Documented, tags::list),
    (post("/admin/tags/bulkCreateTags", "Tags_BulkCreateTags", None, WRITES)
        .for_administrators(InsufficientPrivileges).limited(25), Documented, admin_domains::create_tags),
    (patch("/admin/tags/{tagId}", "Tags_UpdateTag", None, WRITES)
        .for_administrators(InsufficientPrivileges).limited(25), Documented, admin_domains::rename_tag),
    (delete("/admin/tags/{tagId}", "Tags_DeleteTag", None, WRITES)
        .for_administrators(InsufficientPrivileges).limited(10), Documented, admin_domains::delete_tag),

    (get("/admin/domains", "Domains_ListDomains", None, READS)
        .for_administrators(InsufficientPrivileges).limited(25), Seen, admin_domains::list),
    (post("/admin/domains", "Domains_CreateDomain", None, WRITES)
        .for_administrators(InsufficientPrivileges).limited(25), Seen, admin_domains::create),
    (get(domain!(""), "Domains_GetDomain", None, READS)
        .for_administrators(InsufficientPrivileges).limited(25), Seen, admin_domains::get),
    (patch(domain!(""), "Domains_UpdateDomain", None, WRITES)
        .for_administrators(InsufficientPrivileges).limited(25), Seen, admin_domains::update),
    (delete(domain!(""), "Domains_DeleteDomain", None, WRITES)
        .for_administrators(InsufficientPrivileges).limited(25), Seen, admin_domains::delete),
    (get(domain!("/workspaces"), "Domains_ListDomainWorkspaces", None, READS)
        .for_administrators(InsufficientPrivileges).limited(25), Seen, admin_domains::list_workspaces),
    (post(domain!("/assignWorkspaces"), "Domains_AssignDomainWorkspacesByIds", None, WRITES)
        .for_administrators(InsufficientPrivileges).limited(10), Seen, admin_domains::assign),
    (post(domain!("/assignWorkspacesByCapacities"), "Domains_AssignDomainWorkspacesByCapacities", None, WRITES)
        .for_administrators(InsufficientPrivileges).limited(10), Documented, admin_domains::assign_by_capacities),
    (post(domain!("/assignWorkspacesByPrincipals"), "Domains_AssignDomainWorkspacesByPrincipals", None, WRITES)
        .for_administrators(InsufficientPrivileges).limited(10), Documented, admin_domains::assign_by_principals),
    (post(domain!("/unassignWorkspaces"), "Domains_UnassignDomainWorkspacesByIds", None, WRITES)
        .for_administrators(InsufficientPrivileges).limited(25), Seen, admin_domains::unassign),
    (post(domain!("/unassignAllWorkspaces"), "Domains_UnassignAllDomainWorkspaces", None, WRITES)
        .for_administrators(InsufficientPrivileges).limited(10), Documented, admin_domains::unassign_all),
    (get(domain!("/roleAssignments"), "Domains_ListRoleAssignments", None, READS)
        .for_administrators(InsufficientPrivileges), Documented, admin_domains::list_roles),
    (post(domain!("/roleAssignments/bulkAssign"), "Domains_RoleAssignmentsBulkAssign", None, WRITES)
        .for_administrators(InsufficientPrivileges).limited(25), Documented, admin_domains::assign_roles),
    (post(domain!("/roleAssignments/bulkUnassign"), "Domains_RoleAssignmentsBulkUnassign", None, WRITES)
        .for_administrators(InsufficientPrivileges).limited(25), Documented, admin_domains::unassign_roles),
    (post(domain!("/roleAssignments/syncToSubdomains"), "Domains_SyncRoleAssignmentsToSubdomains", None, WRITES)
        .for_administrators(InsufficientPrivileges), Documented, admin_domains::sync_roles),

    (get("/admin/tenantsettings", "Tenants_ListTenantSettings", None, READS)
        .for_administrators(Forbidden).limited(25), Documented, tenant_settings::list),
    (post("/admin/tenantsettings/{tenantSettingName}/update", "Tenants_UpdateTenantSetting", None, WRITES)
        .for_administrators(Forbidden).limited(25).simplified(), Documented, tenant_settings::update),
    (get("/admin/capacities/delegatedTenantSettingOverrides",
        "Tenants_ListCapacitiesTenantSettingsOverrides", None, READS)
        .for_administrators(Forbidden).limited(25), Documented, tenant_settings::list_capacities),
    (get("/admin/capacities/{capacityId}/delegatedTenantSettingOverrides",
        "Tenants_ListCapacityTenantSettingsOverridesByCapacityId", None, READS)
        .for_administrators(Forbidden).limited(100), Documented, tenant_settings::list_of_capacity),
    (delete("/admin/capacities/{capacityId}/delegatedTenantSettingOverrides/{tenantSettingName}",
        "Tenants_DeleteCapacityTenantSettingOverride", None, WRITES)
        .for_administrators(Forbidden).limited(25), Documented, tenant_settings::remove_override),
    (post("/admin/capacities/{capacityId}/delegatedTenantSettingOverrides/{tenantSettingName}/update",
        "Tenants_UpdateCapacityTenantSettingOverride", None, WRITES)
        .for_administrators(Forbidden).limited(25).simplified(), Documented, tenant_settings::override_for_capacity),
    (get("/admin/domains/delegatedTenantSettingOverrides", "Tenants_ListDomainsTenantSettingsOverrides", None, READS)
        .for_administrators(Forbidden).limited(25), Documented, tenant_settings::list_none),
    (get("/admin/workspaces/delegatedTenantSettingOverrides",
        "Tenants_ListWorkspacesTenantSettingsOverrides", None, READS)
        .for_administrators(Forbidden).limited(25), Documented, tenant_settings::list_none),
];
