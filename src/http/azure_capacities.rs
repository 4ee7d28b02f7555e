//! Capacities in Azure Resource Manager, `Microsoft.Fabric/capacities`: list, get, create, update, delete, suspend,
//! resume, their SKUs and names, and the status of an operation. A tenant has one subscription, with the id of the tenant, and one resource group
//! (docs/fidelity.md#azure).

use crate::fabric::capacity::{self, Capacity, CapacityOperation, CapacityState, SKUS};
use crate::fabric::{ErrorCode, FabricError, State};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::operation::Fidelity::{Documented, Guessed, Seen};
use crate::http::operation::{delete, get, patch, post, put};
use crate::http::operations::Route;
use crate::http::wire::List;
use crate::http::wire::azure_capacities::{
    AvailabilityBody, AzureCapacityBody, AzureCapacityRequest, NameRequest, NewSkuBody, OperationBody,
    ProviderOperationBody, ResourceGroupBody, SkuBody,
};

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
    put(group!("/{capacityName}"), "FabricCapacities_CreateOrUpdate", None, "").served(Seen, create),
    patch(group!("/{capacityName}"), "FabricCapacities_Update", None, "").served(Seen, update),
    delete(group!("/{capacityName}"), "FabricCapacities_Delete", None, "").served(Seen, remove),
    post(group!("/{capacityName}/suspend"), "FabricCapacities_Suspend", None, "").served(Seen, suspend),
    post(group!("/{capacityName}/resume"), "FabricCapacities_Resume", None, "").served(Seen, resume),
    get(group!("/{capacityName}/skus"), "FabricCapacities_ListSkusForCapacity", None, "")
        .served(Documented, skus_of_capacity),
    get(subscription!("providers/Microsoft.Fabric/skus"), "FabricCapacities_ListSkus", None, "").served(Documented, skus),
    post(subscription!("providers/Microsoft.Fabric/locations/{location}/checkNameAvailability"),
        "FabricCapacities_CheckNameAvailability", None, "").served(Documented, check_name),
    get(subscription!("providers/Microsoft.Fabric/locations/{location}/operationstatuses/{operationId}"),
        "FabricCapacities_GetOperationStatus", None, "").served(Seen, operation_status),
    get(subscription!("providers/Microsoft.Fabric/locations/{location}/operationresults/{operationId}"),
        "FabricCapacities_GetOperationResult", None, "").served(Guessed, operation_result),
    get("/providers/Microsoft.Fabric/operations", "Operations_List", None, "").served(Documented, list_operations),
];

/// The operations of the resource provider: the name, the type of the resource, and the description.
const PROVIDER_OPERATIONS: [(&str, &str, &str); 12] = [
    ("register/action", "Fabric resource provider", "Registers the Fabric resource provider."),
    ("capacities/read", "Fabric capacity", "Retrieves the information of a Fabric capacity."),
    ("capacities/write", "Fabric capacity", "Creates or updates a Fabric capacity."),
    ("capacities/delete", "Fabric capacity", "Deletes a Fabric capacity."),
    ("capacities/suspend/action", "Fabric capacity", "Suspends a Fabric capacity."),
    ("capacities/resume/action", "Fabric capacity", "Resumes a Fabric capacity."),
    ("capacities/skus/read", "Fabric capacity", "Retrieves the SKUs available to a capacity."),
    ("locations/checkNameAvailability/action", "Fabric capacity", "Checks that a name is valid and not in use."),
    ("locations/operationresults/read", "Operation result", "Retrieves the result of an operation."),
    ("locations/operationstatuses/read", "Operation status", "Retrieves the status of an operation."),
    ("operations/read", "Operation", "Retrieves the operations of the resource provider."),
    ("skus/read", "SKU", "Retrieves the available SKUs."),
];

/// Returns `true` if a path in lower case belongs to these operations.
pub(super) fn has_path(path: &str) -> bool {
    let is_group_list = || path.trim_end_matches('/').ends_with("/resourcegroups") && path.matches('/').count() <= 4;
    path.contains(PROVIDER) || path.starts_with("/subscriptions/") && is_group_list()
}

/// Rejects a request without a known version of the API, or to another subscription or resource group.
fn check(context: &Context<'_>) -> Result<(), FabricError> {
    check_subscription(context)?;
    check_version(context)
}

/// Rejects a request without a known version of the API.
fn check_version(context: &Context<'_>) -> Result<(), FabricError> {
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
    Ok(tracked(context, Answer::accepted(), &operation, &region))
}

/// Creates a capacity, or updates the one with this name. The region of a capacity cannot change.
fn create(context: &Context<'_>) -> HandlerResult {
    check(context)?;
    let (location, change) = context.json::<AzureCapacityRequest>()?.whole()?;
    let name = context.text("capacityName");
    context.commit_then(
        |state, now| match find(context, state) {
            Ok(known) if capacity::region(&location) != Some(&known.region) => {
                Err(FabricError::new(ErrorCode::InvalidResourceLocation).message(format!(
                    "The resource '{name}' already exists in location '{}'. A resource with the same name cannot be \
                     created in location '{location}'.",
                    capacity::azure_location(&known.region)
                )))
            }
            Ok(known) => {
                let (facts, operation) = capacity::update_in_azure(state, known, change, now)?;
                Ok((facts, (operation, false)))
            }
            Err(_) => {
                let (facts, operation) = capacity::create_in_azure(state, &name, &location, change, now)?;
                Ok((facts, (operation, true)))
            }
        },
        |state, (operation, is_new)| {
            let made = state.capacity(operation.capacity)?;
            let body = body_during(context, made, &operation);
            let answer = if is_new { Answer::created(&body) } else { Answer::ok(&body) };
            Ok(tracked(context, answer, &operation, &made.region))
        },
    )?
}

fn update(context: &Context<'_>) -> HandlerResult {
    check(context)?;
    let change = context.json::<AzureCapacityRequest>()?.change()?;
    context.commit_then(
        |state, now| capacity::update_in_azure(state, find(context, state)?, change, now),
        |state, operation| {
            let changed = state.capacity(operation.capacity)?;
            let answer = Answer::accepted_with(&body_during(context, changed, &operation));
            Ok(tracked(context, answer, &operation, &changed.region))
        },
    )?
}

/// Deletes a capacity. One that does not exist is 204 (documented).
fn remove(context: &Context<'_>) -> HandlerResult {
    check(context)?;
    let started = context.commit(|state, now| {
        let Ok(known) = find(context, state) else { return Ok((Vec::new(), None)) };
        let (facts, operation) = capacity::delete_in_azure(state, known, now)?;
        Ok((facts, Some((operation, known.region.clone()))))
    })?;
    Ok(match started {
        Some((operation, region)) => tracked(context, Answer::accepted(), &operation, &region),
        None => Answer::no_content(),
    })
}

/// Lists the operations of the resource provider, which Azure's roles name.
fn list_operations(context: &Context<'_>) -> HandlerResult {
    check_version(context)?;
    Ok(Answer::ok(&List::all(PROVIDER_OPERATIONS.map(ProviderOperationBody::from).into())))
}

fn skus(context: &Context<'_>) -> HandlerResult {
    check(context)?;
    Ok(Answer::ok(&List::all(SKUS.into_iter().map(NewSkuBody::from).collect())))
}

fn skus_of_capacity(context: &Context<'_>) -> HandlerResult {
    check(context)?;
    context.read(|state| {
        find(context, state)?;
        Ok(Answer::ok(&List::all(SKUS.into_iter().map(SkuBody::from).collect())))
    })
}

/// Checks a name. A capacity of the tenant has it, even if the caller cannot see the capacity.
fn check_name(context: &Context<'_>) -> HandlerResult {
    check(context)?;
    let name = context.json::<NameRequest>()?.parsed()?;
    context.read(|state| {
        let is_taken = state.capacities().iter().any(|capacity| capacity.display_name.eq_ignore_ascii_case(&name));
        Ok(Answer::ok(&AvailabilityBody::new(capacity::is_azure_name(&name), is_taken)))
    })
}

/// Adds the places of the status and of the result of an operation to an answer.
fn tracked(context: &Context<'_>, answer: Answer, operation: &CapacityOperation, region: &str) -> Answer {
    let region = capacity::azure_location(region);
    let url = |resource| {
        let subscription = context.tenant.id();
        let id = operation.id.to_string().to_uppercase();
        context.url(&format!(
            "/subscriptions/{subscription}/providers/Microsoft.Fabric/locations/{region}/{resource}/{id}\
             ?api-version={OPERATION_VERSION}"
        ))
    };
    answer.at(url("operationresults")).tracked_at(url("operationstatuses"))
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
    AzureCapacityBody::new(resource_id(context, capacity), capacity, capacity.azure_state(state, context.now))
}

/// Returns the body in the answer to a request that starts an operation, even if the operation takes no time.
fn body_during<'a>(
    context: &Context<'_>,
    capacity: &'a Capacity,
    operation: &CapacityOperation,
) -> AzureCapacityBody<'a> {
    AzureCapacityBody::new(resource_id(context, capacity), capacity, operation.transition())
}

fn resource_id(context: &Context<'_>, capacity: &Capacity) -> String {
    format!(
        "/subscriptions/{}/resourceGroups/{RESOURCE_GROUP}/providers/Microsoft.Fabric/capacities/{}",
        context.tenant.id(),
        capacity.display_name
    )
}
