//! The table of operations of Power BI's REST API. Its groups are Fabric's workspaces.

use crate::fabric::ErrorCode::InsufficientPrivileges;
use crate::fabric::item::ItemKind::SemanticModel;
use crate::fabric::role::Role::{Admin, Contributor, Member, Viewer};
use crate::http::operation::Fidelity::Documented;
use crate::http::operation::{delete, get, patch, post, put};
use crate::http::operations::Route;
use crate::http::{datasets, groups, power_bi_admin, power_bi_gateways};

/// A path of the API.
macro_rules! myorg {
    ($path:literal) => {
        concat!("/v1.0/myorg", $path)
    };
}

/// A path below a group.
macro_rules! group {
    ($path:literal) => {
        concat!(myorg!("/groups/{workspaceId}"), $path)
    };
}

/// The start of all paths of the API. It stands for the organization of the caller.
pub const BASE: &str = myorg!("");

const READS_WORKSPACES: &str = "Workspace.Read.All Workspace.ReadWrite.All";
const WRITES_WORKSPACES: &str = "Workspace.ReadWrite.All";
const READS_DATASETS: &str = "Dataset.Read.All Dataset.ReadWrite.All";
const READS_TENANT: &str = "Tenant.Read.All Tenant.ReadWrite.All";
const WRITES_DATASETS: &str = "Dataset.ReadWrite.All";

/// The operations.
#[rustfmt::skip]
pub static OPERATIONS: &[Route] = &[
    get(myorg!("/groups"), "Groups_GetGroups", None, READS_WORKSPACES).served(Documented, groups::list),
    post(myorg!("/groups"), "Groups_CreateGroup", None, WRITES_WORKSPACES).served(Documented, groups::create),
    get(group!(""), "Groups_GetGroup", Some(Viewer), READS_WORKSPACES).served(Documented, groups::get),
    patch(group!(""), "Groups_UpdateGroup", Some(Admin), WRITES_WORKSPACES).served(Documented, groups::update),
    delete(group!(""), "Groups_DeleteGroup", Some(Admin), WRITES_WORKSPACES).served(Documented, groups::delete),
    get(group!("/users"), "Groups_GetGroupUsers", Some(Viewer), READS_WORKSPACES)
        .served(Documented, groups::list_users),
    post(group!("/users"), "Groups_AddGroupUser", Some(Member), WRITES_WORKSPACES)
        .served(Documented, groups::add_user),
    put(group!("/users"), "Groups_UpdateGroupUser", Some(Admin), WRITES_WORKSPACES)
        .served(Documented, groups::update_user),
    delete(group!("/users/{user}"), "Groups_DeleteUserInGroup", Some(Admin), WRITES_WORKSPACES)
        .served(Documented, groups::delete_user),
    post(group!("/AssignToCapacity"), "Groups_AssignToCapacity", Some(Admin),
        "Capacity.ReadWrite.All+Workspace.ReadWrite.All").served(Documented, groups::assign_to_capacity),
    get(group!("/CapacityAssignmentStatus"), "Groups_CapacityAssignmentStatus", Some(Viewer), READS_WORKSPACES)
        .served(Documented, groups::assignment_status),
    get(myorg!("/capacities"), "Capacities_GetCapacities", None, "Capacity.Read.All Capacity.ReadWrite.All")
        .served(Documented, groups::list_capacities),
    get(group!("/datasets"), "Datasets_GetDatasetsInGroup", Some(Viewer), READS_DATASETS)
        .served(Documented, datasets::list),
    get(group!("/datasets/{datasetId}"), "Datasets_GetDatasetInGroup", Some(Viewer), READS_DATASETS)
        .of(SemanticModel).served(Documented, datasets::get),
    get(group!("/datasets/{datasetId}/refreshes"), "Datasets_GetRefreshHistoryInGroup", Some(Viewer), READS_DATASETS)
        .of(SemanticModel).served(Documented, datasets::list_refreshes),
    post(group!("/datasets/{datasetId}/refreshes"), "Datasets_RefreshDatasetInGroup", Some(Contributor), WRITES_DATASETS)
        .of(SemanticModel).simplified().served(Documented, datasets::refresh),
    get(group!("/datasets/{datasetId}/refreshes/{refreshId}"), "Datasets_GetRefreshExecutionDetailsInGroup",
        Some(Viewer), READS_DATASETS).of(SemanticModel).served(Documented, datasets::get_refresh),
    delete(group!("/datasets/{datasetId}/refreshes/{refreshId}"), "Datasets_CancelRefreshInGroup", Some(Contributor),
        WRITES_DATASETS).of(SemanticModel).served(Documented, datasets::cancel_refresh),
    get(myorg!("/datasets"), "Datasets_GetDatasets", None, READS_DATASETS).served(Documented, datasets::list),
    get(myorg!("/datasets/{datasetId}"), "Datasets_GetDataset", None, READS_DATASETS).served(Documented, datasets::get),
    get(myorg!("/datasets/{datasetId}/refreshes"), "Datasets_GetRefreshHistory", None, READS_DATASETS)
        .served(Documented, datasets::list_refreshes),
    post(myorg!("/datasets/{datasetId}/refreshes"), "Datasets_RefreshDataset", None, WRITES_DATASETS)
        .simplified().served(Documented, datasets::refresh),
    get(myorg!("/datasets/{datasetId}/refreshes/{refreshId}"), "Datasets_GetRefreshExecutionDetails", None,
        READS_DATASETS).served(Documented, datasets::get_refresh),
    delete(myorg!("/datasets/{datasetId}/refreshes/{refreshId}"), "Datasets_CancelRefresh", None, WRITES_DATASETS)
        .served(Documented, datasets::cancel_refresh),
    get(myorg!("/gateways"), "Gateways_GetGateways", None, READS_DATASETS).served(Documented, power_bi_gateways::list),
    get(myorg!("/gateways/{gatewayId}"), "Gateways_GetGateway", None, READS_DATASETS)
        .served(Documented, power_bi_gateways::get),
    get(myorg!("/gateways/{gatewayId}/datasources"), "Gateways_GetDatasources", None, READS_DATASETS)
        .simplified().served(Documented, power_bi_gateways::list_sources),
    get(myorg!("/admin/groups"), "Groups_GetGroupsAsAdmin", None, READS_TENANT)
        .for_administrators(InsufficientPrivileges).limited(15).simplified()
        .served(Documented, power_bi_admin::list_groups),
    get(myorg!("/admin/capacities"), "Admin_GetCapacitiesAsAdmin", None, READS_TENANT)
        .for_administrators(InsufficientPrivileges).served(Documented, power_bi_admin::list_capacities),
];
