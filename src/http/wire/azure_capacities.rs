//! Bodies of capacities in Azure Resource Manager.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::capacities::administrators;
use crate::fabric::capacity::{
    AzureChange, AzureState, Capacity, CapacityOperation, CapacityOperationType, REGIONS, azure_location,
};
use crate::fabric::{ErrorCode, FabricError};
use crate::http::answer::utc;
use crate::ids::TenantId;

/// A request to create or update a capacity.
#[derive(Deserialize)]
pub(crate) struct AzureCapacityRequest {
    pub(crate) location: Option<String>,
    sku: Option<SkuRequest>,
    properties: Option<PropertiesRequest>,
    tags: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct SkuRequest {
    name: Option<String>,
    tier: Option<String>,
}

#[derive(Deserialize)]
struct PropertiesRequest {
    administration: Option<AdministrationRequest>,
}

#[derive(Deserialize)]
struct AdministrationRequest {
    members: Option<Vec<String>>,
}

impl AzureCapacityRequest {
    /// Returns the change of a capacity that exists.
    pub(crate) fn change(self) -> Result<AzureChange, FabricError> {
        let administration = self.properties.and_then(|properties| properties.administration);
        Ok(AzureChange {
            sku: self.sku.map(SkuRequest::parsed).transpose()?,
            administrators: administration.and_then(|administration| administration.members),
            tags: self.tags,
        })
    }

    /// Returns the location and all other members of a new capacity.
    pub(crate) fn whole(mut self) -> Result<(String, AzureChange), FabricError> {
        let location = required(self.location.take(), "location")?;
        let change = self.change()?;
        let (sku, administrators) =
            (required(change.sku, "sku")?, required(change.administrators, "properties.administration.members")?);
        let tags = Some(change.tags.unwrap_or_default());
        Ok((location, AzureChange { sku: Some(sku), administrators: Some(administrators), tags }))
    }
}

impl SkuRequest {
    fn parsed(self) -> Result<String, FabricError> {
        match self.tier.as_deref() {
            None | Some(TIER) => required(self.name, "sku.name"),
            Some(tier) => {
                Err(FabricError::new(ErrorCode::BadRequest).message(format!("The tier {tier:?} is not valid.")))
            }
        }
    }
}

/// Returns a required member of a request.
fn required<T>(value: Option<T>, member: &str) -> Result<T, FabricError> {
    value
        .ok_or_else(|| FabricError::new(ErrorCode::BadRequest).message(format!("The property '{member}' is required.")))
}

/// The tier of all SKUs.
const TIER: &str = "Fabric";
/// The type of the resource.
const TYPE: &str = "Microsoft.Fabric/capacities";

/// A capacity.
#[derive(Serialize)]
pub(crate) struct AzureCapacityBody<'a> {
    properties: Properties,
    id: String,
    name: &'a str,
    r#type: &'static str,
    location: Cow<'a, str>,
    sku: Sku<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<&'a BTreeMap<String, String>>,
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
    members: Vec<String>,
}

#[derive(Serialize)]
struct Sku<'a> {
    name: &'a str,
    tier: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity: Option<u32>,
}

impl<'a> AzureCapacityBody<'a> {
    /// Creates the body of a capacity with its id and its state in Azure. While a capacity is created, its region has
    /// the short name, and the tags are missing; while it is updated, its SKU has a member more (seen).
    pub(crate) fn new(id: String, capacity: &'a Capacity, state: AzureState) -> Self {
        let provisioning_state = match state {
            AzureState::Active | AzureState::Paused => "Succeeded",
            AzureState::Pausing | AzureState::Resuming | AzureState::Preparing => "Updating",
            AzureState::Provisioning => "Provisioning",
            AzureState::Deleting => "Deleting",
        };
        let administration = Administration { members: administrators(capacity) };
        let is_new = state == AzureState::Provisioning;
        let region = &capacity.region;
        Self {
            properties: Properties { provisioning_state, state, administration },
            id,
            name: &capacity.display_name,
            r#type: TYPE,
            location: if is_new { azure_location(region).into() } else { Cow::Borrowed(region) },
            sku: Sku { name: &capacity.sku, tier: TIER, capacity: (state == AzureState::Preparing).then_some(1) },
            tags: (!is_new).then_some(&capacity.azure_tags),
        }
    }
}

/// A SKU of new capacities.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewSkuBody {
    resource_type: &'static str,
    name: &'static str,
    locations: &'static [&'static str],
}

impl From<&'static str> for NewSkuBody {
    fn from(name: &'static str) -> Self {
        Self { resource_type: "Capacities", name, locations: &REGIONS }
    }
}

/// A SKU to which a capacity can change.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SkuBody {
    resource_type: &'static str,
    sku: Sku<'static>,
}

impl From<&'static str> for SkuBody {
    fn from(name: &'static str) -> Self {
        Self { resource_type: TYPE, sku: Sku { name, tier: TIER, capacity: None } }
    }
}

#[derive(Deserialize)]
pub(crate) struct NameRequest {
    name: Option<String>,
    r#type: Option<String>,
}

impl NameRequest {
    /// Returns the name.
    pub(crate) fn parsed(self) -> Result<String, FabricError> {
        match required(self.r#type, "type")? {
            kind if kind.eq_ignore_ascii_case(TYPE) => required(self.name, "name"),
            kind => Err(FabricError::new(ErrorCode::BadRequest).message(format!("The type {kind:?} is not valid."))),
        }
    }
}

/// The availability of a name.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AvailabilityBody {
    name_available: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
}

impl AvailabilityBody {
    /// Creates the body of a name.
    pub(crate) fn new(is_valid: bool, is_taken: bool) -> Self {
        let unavailable = match (is_valid, is_taken) {
            (false, _) => {
                Some(("Invalid", "A name has 3 to 63 lower-case letters and digits, and begins with a letter."))
            }
            (true, true) => Some(("AlreadyExists", "The name is already in use.")),
            (true, false) => None,
        };
        let (reason, message) = unavailable.unzip();
        Self { name_available: unavailable.is_none(), reason, message }
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
    Named(&'static str),
}

impl OperationBody {
    /// Creates the body of an operation at `now`. `id` is its id in Azure.
    pub(crate) fn new(id: String, operation: &CapacityOperation, now: Timestamp) -> Self {
        let is_running = operation.is_running(now);
        Self {
            id,
            name: operation.id.to_string().to_uppercase(),
            status: match (is_running, operation.what) {
                (true, CapacityOperationType::Update) => OperationStatus::Named("Updating"),
                (true, _) => OperationStatus::Running(operation.transition()),
                (false, _) => OperationStatus::Named("Succeeded"),
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

/// An operation of the resource provider.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProviderOperationBody {
    name: String,
    is_data_action: bool,
    display: ProviderOperationDisplay,
}

#[derive(Serialize)]
struct ProviderOperationDisplay {
    provider: &'static str,
    resource: &'static str,
    operation: &'static str,
    description: &'static str,
}

impl From<(&'static str, &'static str, &'static str)> for ProviderOperationBody {
    fn from((name, resource, description): (&'static str, &'static str, &'static str)) -> Self {
        let operation = description.trim_end_matches('.');
        Self {
            name: format!("Microsoft.Fabric/{name}"),
            is_data_action: false,
            display: ProviderOperationDisplay { provider: "Microsoft Fabric", resource, operation, description },
        }
    }
}
