//! Capacities in Azure Resource Manager, `Microsoft.Fabric/capacities`: list, get, suspend, resume, and the status of
//! an operation. A tenant has one subscription, with the id of the tenant, and one resource group
//! (docs/fidelity.md#azure).

use crate::fabric::capacity::{self, Capacity, CapacityOperation, CapacityState};
use crate::fabric::{ErrorCode, FabricError, State};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::operation::Fidelity::{Guessed, Seen};
use crate::http::operation::{delete, get, patch, post, put};
use crate::http::operations::Route;
use crate::http::wire::List;
use crate::http::wire::azure_capacities::{AzureCapacityBody, OperationBody, ResourceGroupBody};

/// The resource group of all capacities.
pub const RESOURCE_GROUP: &str = "specularite";
/// The versions of the API.
const VERSIONS: [&str; 2] = ["2022-07-01-preview", "2023-11-01"];
/// The version in the URL of an operation (seen).
const OPERATION_VERSION: &str = VERSIONS[0];
/// The namespace of the resource provider in a path, in lower case.
const PROVIDER: &str = "/providers/microsoft.fabric/";

/// A path below a subscription.
macro_rules! subscription {
    ($path:literal) => {
        concat!("/subscriptions/{subscriptionId}/", $path)
    };
}

/// A path below a resource group.
macro_rules! group {
    ($path:literal) => {
        concat!(subscription!("resourceGroups/{resourceGroupName}/providers/Microsoft.Fabric/capacities"), $path)
    };
}

/// The operations. They have no roles and scopes: Azure's own roles are not emulated.
#[rustfmt::skip]
pub static OPERATIONS: &[Route] = &[
    get(subscription!("resourceGroups"), "ResourceGroups_List", None, "").served(Guessed, list_resource_groups),
    get(subscription!("providers/Microsoft.Fabric/capacities"), "FabricCapacities_ListBySubscription", None, "")
        .served(Seen, list),
    get(group!(""), "FabricCapacities_ListByResourceGroup", None, "").served(Guessed, list),
    get(group!("/{capacityName}"), "FabricCapacities_Get", None, "").served(Seen, show),
    put(group!("/{capacityName}"), "FabricCapacities_CreateOrUpdate", None, "").absent(),
    patch(group!("/{capacityName}"), "FabricCapacities_Update", None, "").absent(),
    delete(group!("/{capacityName}"), "FabricCapacities_Delete", None, "").absent(),
    post(group!("/{capacityName}/suspend"), "FabricCapacities_Suspend", None, "").served(Seen, suspend),
    post(group!("/{capacityName}/resume"), "FabricCapacities_Resume", None, "").served(Seen, resume),
    get(group!("/{capacityName}/skus"), "FabricCapacities_ListSkusForCapacity", None, "").absent(),
    get(subscription!("providers/Microsoft.Fabric/skus"), "FabricCapacities_ListSkus", None, "").absent(),
    post(subscription!("providers/Microsoft.Fabric/locations/{location}/checkNameAvailability"),
        "FabricCapacities_CheckNameAvailability", None, "").absent(),
    get(subscription!("providers/Microsoft.Fabric/locations/{location}/operationstatuses/{operationId}"),
        "FabricCapacities_GetOperationStatus", None, "").served(Seen, operation_status),
    get(subscription!("providers/Microsoft.Fabric/locations/{location}/operationresults/{operationId}"),
        "FabricCapacities_GetOperationResult", None, "").served(Guessed, operation_result),
    get("/providers/Microsoft.Fabric/operations", "Operations_List", None, "").absent(),
];

/// Returns `true` if a path in lower case belongs to these operations.
pub(super) fn has_path(path: &str) -> bool {
    let is_group_list = || path.trim_end_matches('/').ends_with("/resourcegroups") && path.matches('/').count() <= 4;
    path.contains(PROVIDER) || path.starts_with("/subscriptions/") && is_group_list()
}

/// Rejects a request without a known version of the API, or to another subscription or resource group.
fn check(context: &Context<'_>) -> Result<(), FabricError> {
    check_subscription(context)?;
    let version = context.query("api-version").ok_or(ErrorCode::MissingApiVersionParameter)?;
    if VERSIONS.contains(&version.as_str()) {
        return Ok(());
    }
    Err(FabricError::new(ErrorCode::InvalidResourceType).message(format!(
        "The resource type 'capacities' could not be found in the namespace 'Microsoft.Fabric' for api version \
         '{version}'. The supported api-versions are '{}'.",
        VERSIONS.join(",")
    )))
}

fn check_subscription(context: &Context<'_>) -> Result<(), FabricError> {
    let named = context.text("subscriptionId");
    let subscription: uuid::Uuid = named.parse().map_err(|_| {
        let message = format!("The provided subscription identifier '{named}' is malformed or invalid.");
        FabricError::new(ErrorCode::InvalidSubscriptionId).message(message)
    })?;
    if subscription.as_u128() != context.tenant.id().as_u128() {
        let message = format!("The subscription '{named}' could not be found.");
        return Err(FabricError::new(ErrorCode::SubscriptionNotFound).message(message));
    }
    let group = context.parameters.get("resourceGroupName").map(|_| context.text("resourceGroupName"));
    match group.filter(|group| !group.eq_ignore_ascii_case(RESOURCE_GROUP)) {
        None => Ok(()),
        Some(group) => Err(FabricError::new(ErrorCode::ResourceGroupNotFound)
            .message(format!("Resource group '{group}' could not be found."))
            .note(format!("the resource group of all capacities is {RESOURCE_GROUP}"))),
    }
}

/// Lists the resource group. Any version of the API is accepted, because this is another API of Azure.
fn list_resource_groups(context: &Context<'_>) -> HandlerResult {
    check_subscription(context)?;
    context.query("api-version").ok_or(ErrorCode::MissingApiVersionParameter)?;
    Ok(Answer::ok(&List::all(vec![ResourceGroupBody::new(context.tenant.id(), RESOURCE_GROUP)])))
}

fn list(context: &Context<'_>) -> HandlerResult {
    check(context)?;
    context.read(|state| {
        let capacities = state.capacities().iter().filter(|it| is_visible(context, it));
        Ok(Answer::ok(&List::all(capacities.map(|capacity| body(context, state, capacity)).collect())))
    })
}

fn show(context: &Context<'_>) -> HandlerResult {
    check(context)?;
    context.read(|state| Ok(Answer::ok(&body(context, state, find(context, state)?))))
}

fn suspend(context: &Context<'_>) -> HandlerResult {
    begin(context, CapacityState::Inactive)
}

fn resume(context: &Context<'_>) -> HandlerResult {
    begin(context, CapacityState::Active)
}

fn begin(context: &Context<'_>, to: CapacityState) -> HandlerResult {
    check(context)?;
    let (operation, region) = context.commit(|state, now| {
        let Capacity { id, region, .. } = find(context, state)?;
        let (facts, operation) = capacity::begin(state, *id, to, now)?;
        Ok((facts, (operation, region.clone())))
    })?;
    let region: String = region.to_lowercase().split_whitespace().collect();
    let url = |resource| {
        let subscription = context.tenant.id();
        let id = operation.id.to_string().to_uppercase();
        context.url(&format!(
            "/subscriptions/{subscription}/providers/Microsoft.Fabric/locations/{region}/{resource}/{id}\
             ?api-version={OPERATION_VERSION}"
        ))
    };
    Ok(Answer::accepted().at(url("operationresults")).tracked_at(url("operationstatuses")))
}

fn operation_status(context: &Context<'_>) -> HandlerResult {
    check(context)?;
    context.read(|state| {
        let operation = find_operation(context, state)?;
        let path = context.path();
        let id = path.replacen("/providers/Microsoft.Fabric", "", 1);
        Ok(Answer::ok(&OperationBody::new(id, operation, context.now)))
    })
}

/// Returns the result of an operation: 202 while the operation is in progress, then an empty 200.
fn operation_result(context: &Context<'_>) -> HandlerResult {
    check(context)?;
    context.read(|state| {
        let is_running = find_operation(context, state)?.is_running(context.now);
        Ok(if is_running { Answer::accepted() } else { Answer::empty() })
    })
}

fn is_visible(context: &Context<'_>, capacity: &Capacity) -> bool {
    capacity.is_in_azure() && capacity.is_visible_to(context.caller.id)
}

fn find<'s>(context: &Context<'_>, state: &'s State) -> Result<&'s Capacity, FabricError> {
    let name = context.text("capacityName");
    let mut visible = state.capacities().iter().filter(|capacity| is_visible(context, capacity));
    visible.find(|capacity| capacity.display_name.eq_ignore_ascii_case(&name)).ok_or_else(|| {
        FabricError::new(ErrorCode::ResourceNotFound).message(format!(
            "The Resource 'Microsoft.Fabric/capacities/{name}' under resource group '{RESOURCE_GROUP}' was not found."
        ))
    })
}

fn find_operation<'s>(context: &Context<'_>, state: &'s State) -> Result<&'s CapacityOperation, FabricError> {
    let id = context.id("operationId")?;
    let found = state.capacity_operations().get(&id);
    found.ok_or_else(|| FabricError::new(ErrorCode::ResourceNotFound).message("The operation was not found."))
}

fn body<'a>(context: &Context<'_>, state: &State, capacity: &'a Capacity) -> AzureCapacityBody<'a> {
    let id = format!(
        "/subscriptions/{}/resourceGroups/{RESOURCE_GROUP}/providers/Microsoft.Fabric/capacities/{}",
        context.tenant.id(),
        capacity.display_name
    );
    AzureCapacityBody::new(id, capacity, capacity.azure_state(state, context.now))
}
