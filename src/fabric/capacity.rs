//! Capacities, which provide the compute of workspaces. Every new tenant has two capacities. The control interface can
//! add, pause and resume capacities, and Azure Resource Manager can create, update, suspend, resume and delete them
//! (docs/fidelity.md#capacities).

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State, later};
use crate::ids::{CapacityId, OperationId, PrincipalId};
use crate::seed::Seed;

/// The region of the capacities of a new tenant, and of declared capacities without a region.
const REGION: &str = "West Europe";
/// The maximum number of capacities of a tenant.
const CAPACITIES_MAX: usize = 1_000;
/// The maximum number of principals that cannot see a capacity.
const HIDDEN_FROM_MAX: usize = 1_000;
/// The maximum length of a text of a capacity, in characters.
const TEXT_MAX: usize = 256;
/// The maximum number of changes of capacities in a tenant. The oldest is dropped first.
pub(super) const OPERATIONS_MAX: usize = 1_000;
/// The SKUs of capacities in Azure (documented).
pub const SKUS: [&str; 11] = ["F2", "F4", "F8", "F16", "F32", "F64", "F128", "F256", "F512", "F1024", "F2048"];
/// The regions in which Azure offers capacities (the list is guessed).
pub const REGIONS: [&str; 36] = [
    "Australia East",
    "Australia Southeast",
    "Brazil South",
    "Canada Central",
    "Canada East",
    "Central India",
    "Central US",
    "East Asia",
    "East US",
    "East US 2",
    "France Central",
    "Germany West Central",
    "Israel Central",
    "Italy North",
    "Japan East",
    "Japan West",
    "Korea Central",
    "Mexico Central",
    "North Central US",
    "North Europe",
    "Norway East",
    "Poland Central",
    "Qatar Central",
    "South Africa North",
    "South Central US",
    "South India",
    "Southeast Asia",
    "Spain Central",
    "Sweden Central",
    "Switzerland North",
    "UAE North",
    "UK South",
    "UK West",
    "West Europe",
    "West US",
    "West US 3",
];
/// The maximum number of administrators of a capacity (guessed).
pub const ADMINISTRATORS_MAX: usize = 100;
/// The maximum number of tags of a resource in Azure (documented).
pub const TAGS_MAX: usize = 50;
/// The maximum length of the name of a tag in Azure, in characters (documented).
pub const TAG_NAME_MAX: usize = 512;
/// The duration of a creation (seen: 2 to 5 s).
const CREATION_TAKES: SignedDuration = SignedDuration::from_secs(4);
/// The duration of an update (seen: at most 1 s).
const UPDATE_TAKES: SignedDuration = SignedDuration::from_secs(1);
/// The duration of a deletion (seen: 17 to 36 s).
const DELETION_TAKES: SignedDuration = SignedDuration::from_secs(25);
/// The duration of a suspension (seen: 9 to 27 s).
const SUSPENSION_TAKES: SignedDuration = SignedDuration::from_secs(20);
/// The duration of a resumption (seen: 5 to 6 s).
const RESUMPTION_TAKES: SignedDuration = SignedDuration::from_secs(5);

/// The state of a capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CapacityState {
    /// The capacity is running.
    Active,
    /// The capacity is paused.
    Inactive,
}

/// The state of a capacity in Azure Resource Manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum AzureState {
    /// The capacity is running.
    Active,
    /// The capacity is paused.
    Paused,
    /// A suspension is in progress.
    Pausing,
    /// A resumption is in progress.
    Resuming,
    /// The creation is in progress.
    Provisioning,
    /// An update is in progress.
    Preparing,
    /// The deletion is in progress.
    Deleting,
}

/// A change of a capacity through Azure Resource Manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CapacityOperation {
    /// The id of the operation.
    pub id: OperationId,
    /// The capacity.
    pub capacity: CapacityId,
    /// The state of the capacity after the operation. The capacity has this state from the start of the operation.
    pub to: CapacityState,
    /// The type of the operation.
    #[serde(default, skip_serializing_if = "CapacityOperationType::is_switch")]
    pub what: CapacityOperationType,
    /// The instant of the start of the operation.
    pub began_at: Timestamp,
    /// The instant of the end of the operation.
    pub ends_at: Timestamp,
}

/// The type of an operation of a capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CapacityOperationType {
    /// A suspension or a resumption.
    #[default]
    Switch,
    /// The creation of the capacity.
    Creation,
    /// A change of its SKU, administrators or tags.
    Update,
    /// The deletion of the capacity.
    Deletion,
}

impl CapacityOperationType {
    fn is_switch(&self) -> bool {
        *self == Self::Switch
    }

    /// Returns the duration at the realistic pace.
    const fn takes(self, to: CapacityState) -> SignedDuration {
        match (self, to) {
            (Self::Switch, CapacityState::Active) => RESUMPTION_TAKES,
            (Self::Switch, CapacityState::Inactive) => SUSPENSION_TAKES,
            (Self::Creation, _) => CREATION_TAKES,
            (Self::Update, _) => UPDATE_TAKES,
            (Self::Deletion, _) => DELETION_TAKES,
        }
    }
}

impl CapacityOperation {
    /// Returns an operation that starts at `now`.
    fn begin(
        state: &State,
        capacity: CapacityId,
        what: CapacityOperationType,
        to: CapacityState,
        now: Timestamp,
    ) -> Self {
        let ends_at = later(now, state.settings.timing().operation(what.takes(to)));
        Self { id: state.next_operation(), capacity, to, what, began_at: now, ends_at }
    }

    /// Returns `true` if the operation is in progress at `now`.
    pub fn is_running(&self, now: Timestamp) -> bool {
        now < self.ends_at
    }

    /// Returns the state that Azure Resource Manager shows while the operation is in progress.
    pub fn transition(&self) -> AzureState {
        match (self.what, self.to) {
            (CapacityOperationType::Switch, CapacityState::Active) => AzureState::Resuming,
            (CapacityOperationType::Switch, CapacityState::Inactive) => AzureState::Pausing,
            (CapacityOperationType::Creation, _) => AzureState::Provisioning,
            (CapacityOperationType::Update, _) => AzureState::Preparing,
            (CapacityOperationType::Deletion, _) => AzureState::Deleting,
        }
    }
}

/// A capacity of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Capacity {
    /// The id of the capacity.
    pub id: CapacityId,
    /// The display name of the capacity.
    pub display_name: Cow<'static, str>,
    /// The SKU of the capacity, such as `F64`.
    pub sku: Cow<'static, str>,
    /// The Azure region of the capacity.
    pub region: Cow<'static, str>,
    /// The current state of the capacity.
    pub state: CapacityState,
    /// The principals that cannot see the capacity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden_from: Vec<PrincipalId>,
    /// The administrators, by sign-in name or object id. Without any, the default user is the administrator.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub administrators: Vec<String>,
    /// The tags in Azure.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub azure_tags: BTreeMap<String, String>,
}

/// A change of a capacity in Azure Resource Manager. `None` leaves a member unchanged.
#[derive(Debug, Clone, Default)]
pub struct AzureChange {
    /// The SKU.
    pub sku: Option<String>,
    /// The administrators.
    pub administrators: Option<Vec<String>>,
    /// The tags.
    pub tags: Option<BTreeMap<String, String>>,
}

impl Capacity {
    /// Returns `true` if a principal can see the capacity.
    pub fn is_visible_to(&self, principal: PrincipalId) -> bool {
        !self.hidden_from.contains(&principal)
    }

    /// Returns `true` if the capacity is a resource in Azure: it has a SKU such as `F64` and a name that Azure accepts.
    pub fn is_in_azure(&self) -> bool {
        let name = &self.display_name;
        let size = self.sku.strip_prefix('F').unwrap_or_default();
        !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_digit()) && is_azure_name(name)
    }

    /// Applies a change. Rejects SKUs that do not exist, and administrators and tags that are too many or too long.
    fn changed(mut self, change: AzureChange) -> Result<Self, FabricError> {
        let invalid = |message: String| FabricError::new(ErrorCode::BadRequest).message(message);
        if let Some(sku) = change.sku {
            let known = SKUS.iter().find(|known| **known == sku);
            self.sku = (*known.ok_or_else(|| invalid(format!("The SKU {sku:?} is not valid.")))?).into();
        }
        if let Some(administrators) = change.administrators {
            let fits = |name: &String| !name.trim().is_empty() && name.chars().count() <= TEXT_MAX;
            if !(1..=ADMINISTRATORS_MAX).contains(&administrators.len()) || !administrators.iter().all(fits) {
                return Err(invalid(format!(
                    "A capacity has 1 to {ADMINISTRATORS_MAX} administrators of at most {TEXT_MAX} characters."
                )));
            }
            self.administrators = administrators;
        }
        if let Some(tags) = change.tags {
            let fits = |(name, value): (&String, &String)| {
                name.chars().count() <= TAG_NAME_MAX && value.chars().count() <= TEXT_MAX
            };
            if tags.len() > TAGS_MAX || !tags.iter().all(fits) {
                return Err(invalid(format!("A resource has at most {TAGS_MAX} tags.")));
            }
            self.azure_tags = tags;
        }
        Ok(self)
    }

    /// Returns the state that Azure Resource Manager shows at `now`.
    pub fn azure_state(&self, state: &State, now: Timestamp) -> AzureState {
        let last = state.capacity_operations().values().rfind(|operation| operation.capacity == self.id);
        match last.filter(|operation| operation.to == self.state && operation.is_running(now)) {
            Some(operation) => operation.transition(),
            None if self.state == CapacityState::Active => AzureState::Active,
            None => AzureState::Paused,
        }
    }
}

/// A capacity, as the control interface accepts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CapacityDeclaration {
    /// The display name.
    pub display_name: String,
    /// The SKU, such as `F64`.
    pub sku: String,
    /// The Azure region.
    #[serde(default = "default_region")]
    pub region: String,
    /// The state.
    #[serde(default = "default_state")]
    pub state: CapacityState,
    /// The object ids of the principals that cannot see the capacity.
    #[serde(default)]
    pub hidden_from: Vec<PrincipalId>,
}

pub(super) fn default_region() -> String {
    REGION.into()
}

fn default_state() -> CapacityState {
    CapacityState::Active
}

/// Adds a capacity, or replaces the capacity with the same id.
pub fn declare(state: &State, id: CapacityId, declared: CapacityDeclaration) -> Decision<()> {
    let CapacityDeclaration { display_name, sku, region, state: to, hidden_from } = declared;
    for (member, text) in [("displayName", &display_name), ("sku", &sku), ("region", &region)] {
        let length = text.chars().count();
        if length == 0 || length > TEXT_MAX {
            return Err(FabricError::invalid_input(format!(
                "{member} has {length} characters: expected 1 to {TEXT_MAX}."
            )));
        }
    }
    if hidden_from.len() > HIDDEN_FROM_MAX {
        return Err(FabricError::invalid_input(format!("hiddenFrom has more than {HIDDEN_FROM_MAX} elements.")));
    }
    if state.capacity(id).is_err() && state.capacities().len() >= CAPACITIES_MAX {
        return Err(FabricError::invalid_input(format!("A tenant has at most {CAPACITIES_MAX} capacities.")));
    }
    let (display_name, sku, region) = (display_name.into(), sku.into(), region.into());
    let known = state.capacity(id).ok();
    let administrators = known.map(|known| known.administrators.clone()).unwrap_or_default();
    let azure_tags = known.map(|known| known.azure_tags.clone()).unwrap_or_default();
    let declared = Capacity { id, display_name, sku, region, state: to, hidden_from, administrators, azure_tags };
    Ok((vec![Fact::CapacityDeclared(declared)], ()))
}

/// Returns the capacities of a new tenant: an F64 capacity and a trial capacity.
pub fn seeded(seed: Seed) -> Vec<Capacity> {
    [("specularite", "F64"), ("Trial", "FT1")]
        .into_iter()
        .zip(1..)
        .map(|((display_name, sku), count)| {
            let (id, region) = (CapacityId::nth(seed, count), REGION.into());
            let (display_name, sku, state) = (display_name.into(), sku.into(), CapacityState::Active);
            let (hidden_from, administrators, azure_tags) = (Vec::new(), Vec::new(), BTreeMap::new());
            Capacity { id, display_name, sku, region, state, hidden_from, administrators, azure_tags }
        })
        .collect()
}

/// Pauses or resumes a capacity. A pause also pauses mirroring in the workspaces of the capacity. Mirroring stays
/// paused when the capacity resumes.
pub fn change(state: &State, id: CapacityId, to: CapacityState) -> Decision<()> {
    let is_unchanged = state.capacity(id)?.state == to;
    Ok((if is_unchanged { Vec::new() } else { vec![Fact::CapacityChanged { id, state: to }] }, ()))
}

/// Suspends or resumes a capacity, as an operation of Azure Resource Manager. Rejects a capacity that has the state
/// already, or whose last operation is in progress.
pub fn begin(state: &State, id: CapacityId, to: CapacityState, now: Timestamp) -> Decision<CapacityOperation> {
    let settled = match to {
        CapacityState::Active => AzureState::Paused,
        CapacityState::Inactive => AzureState::Active,
    };
    if state.capacity(id)?.azure_state(state, now) != settled {
        return Err(not_ready());
    }
    let operation = CapacityOperation::begin(state, id, CapacityOperationType::Switch, to, now);
    let (mut facts, ()) = change(state, id, to)?;
    facts.push(Fact::CapacityOperationStarted(operation));
    Ok((facts, operation))
}

/// Creates a capacity through Azure Resource Manager.
pub fn create_in_azure(
    state: &State,
    name: &str,
    location: &str,
    change: AzureChange,
    now: Timestamp,
) -> Decision<CapacityOperation> {
    if !is_azure_name(name) {
        return Err(
            FabricError::new(ErrorCode::BadRequest).message(format!("The capacity name {name:?} is not valid."))
        );
    }
    let region = region(location).ok_or_else(|| {
        FabricError::new(ErrorCode::LocationNotAvailableForResourceType).message(format!(
            "The provided location '{location}' is not available for resource type 'Microsoft.Fabric/capacities'."
        ))
    })?;
    if state.capacities().len() >= CAPACITIES_MAX {
        let message = format!("A tenant has at most {CAPACITIES_MAX} capacities.");
        return Err(FabricError::new(ErrorCode::BadRequest).message(message));
    }
    let id = state.next_capacity();
    let new = Capacity {
        id,
        display_name: name.to_owned().into(),
        sku: SKUS[0].into(),
        region: region.into(),
        state: CapacityState::Active,
        hidden_from: Vec::new(),
        administrators: Vec::new(),
        azure_tags: BTreeMap::new(),
    };
    let new = new.changed(change)?;
    let operation = CapacityOperation::begin(state, id, CapacityOperationType::Creation, new.state, now);
    Ok((vec![Fact::CapacityCreated(new), Fact::CapacityOperationStarted(operation)], operation))
}

/// Updates a capacity through Azure Resource Manager. Rejects a capacity whose last operation is in progress.
pub fn update_in_azure(
    state: &State,
    capacity: &Capacity,
    change: AzureChange,
    now: Timestamp,
) -> Decision<CapacityOperation> {
    capacity.check_settled(state, now)?;
    let updated = capacity.clone().changed(change)?;
    let operation = CapacityOperation::begin(state, capacity.id, CapacityOperationType::Update, capacity.state, now);
    Ok((vec![Fact::CapacityUpdated(updated), Fact::CapacityOperationStarted(operation)], operation))
}

/// Deletes a capacity through Azure Resource Manager. Its workspaces and their items remain, without a capacity.
pub fn delete_in_azure(state: &State, capacity: &Capacity, now: Timestamp) -> Decision<CapacityOperation> {
    capacity.check_settled(state, now)?;
    let id = capacity.id;
    let operation = CapacityOperation::begin(state, id, CapacityOperationType::Deletion, capacity.state, now);
    Ok((vec![Fact::CapacityDeleted { id }, Fact::CapacityOperationStarted(operation)], operation))
}

/// Returns the error for a capacity whose last operation is in progress.
fn not_ready() -> FabricError {
    FabricError::new(ErrorCode::BadRequest).message("Service is not ready to be updated")
}

impl Capacity {
    /// Rejects a capacity whose last operation is in progress.
    fn check_settled(&self, state: &State, now: Timestamp) -> Result<(), FabricError> {
        match self.azure_state(state, now) {
            AzureState::Active | AzureState::Paused => Ok(()),
            _ => Err(not_ready()),
        }
    }
}

/// Returns `true` for a name that Azure accepts (documented).
pub fn is_azure_name(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// Returns the display name of a region of Azure, which is named in either form: `westeurope` or `West Europe`.
pub fn region(name: &str) -> Option<&'static str> {
    let short = azure_location(name);
    REGIONS.into_iter().find(|region| azure_location(region) == short)
}

/// Returns the name of a region in lower case and without blanks.
pub fn azure_location(region: &str) -> String {
    region.to_lowercase().split_whitespace().collect()
}
