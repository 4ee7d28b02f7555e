//! Bodies of capacities in Azure Resource Manager.

use jiff::Timestamp;
use serde::Serialize;

use crate::fabric::access::DEFAULT_DOMAIN;
use crate::fabric::capacity::{AzureState, Capacity, CapacityOperation};
use crate::http::answer::utc;
use crate::ids::TenantId;

/// A capacity.
#[derive(Serialize)]
pub(crate) struct AzureCapacityBody<'a> {
    properties: Properties,
    id: String,
    name: &'a str,
    r#type: &'static str,
    location: &'a str,
    sku: Sku<'a>,
    tags: Tags,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    provisioning_state: &'static str,
    state: AzureState,
    administration: Administration,
}

#[derive(Serialize)]
struct Administration {
    members: [String; 1],
}

#[derive(Serialize)]
struct Sku<'a> {
    name: &'a str,
    tier: &'static str,
}

/// Tags in Azure. Capacities have none.
#[derive(Serialize)]
struct Tags {}

impl<'a> AzureCapacityBody<'a> {
    /// Creates the body of a capacity with its id and its state in Azure.
    pub(crate) fn new(id: String, capacity: &'a Capacity, state: AzureState) -> Self {
        let provisioning_state = match state {
            AzureState::Active | AzureState::Paused => "Succeeded",
            AzureState::Pausing | AzureState::Resuming => "Updating",
        };
        let administration = Administration { members: [format!("admin@{DEFAULT_DOMAIN}")] };
        Self {
            properties: Properties { provisioning_state, state, administration },
            id,
            name: &capacity.display_name,
            r#type: "Microsoft.Fabric/capacities",
            location: &capacity.region,
            sku: Sku { name: &capacity.sku, tier: "Fabric" },
            tags: Tags {},
        }
    }
}

/// The status of an operation.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OperationBody {
    id: String,
    name: String,
    status: OperationStatus,
    start_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<String>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum OperationStatus {
    Running(AzureState),
    Ended(&'static str),
}

impl OperationBody {
    /// Creates the body of an operation at `now`. `id` is its id in Azure.
    pub(crate) fn new(id: String, operation: &CapacityOperation, now: Timestamp) -> Self {
        let is_running = operation.is_running(now);
        Self {
            id,
            name: operation.id.to_string().to_uppercase(),
            status: match is_running {
                true => OperationStatus::Running(operation.transition()),
                false => OperationStatus::Ended("Succeeded"),
            },
            start_time: utc(operation.began_at),
            end_time: (!is_running).then(|| utc(operation.ends_at)),
        }
    }
}

/// A resource group.
#[derive(Serialize)]
pub(crate) struct ResourceGroupBody {
    id: String,
    name: &'static str,
    r#type: &'static str,
    location: &'static str,
    properties: GroupProperties,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GroupProperties {
    provisioning_state: &'static str,
}

impl ResourceGroupBody {
    /// Creates the body of a resource group.
    pub(crate) fn new(subscription: TenantId, name: &'static str) -> Self {
        Self {
            id: format!("/subscriptions/{subscription}/resourceGroups/{name}"),
            name,
            r#type: "Microsoft.Resources/resourceGroups",
            location: "westeurope",
            properties: GroupProperties { provisioning_state: "Succeeded" },
        }
    }
}
