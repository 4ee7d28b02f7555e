//! Bodies of the OneLake settings of workspaces.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{required, required_id};
use crate::fabric::FabricError;
use crate::fabric::onelake_settings::{AccessTier, Destination, DestinationChange, LifecyclePolicy, OneLakeSettings};
use crate::ids::{ItemId, WorkspaceId};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettingsBody<'a> {
    diagnostics: DiagnosticsBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    immutability_policies: Option<[ImmutabilityPolicy; 1]>,
    lifecycle: LifecycleBody<'a>,
}

#[derive(Serialize)]
struct DiagnosticsBody {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<DestinationBody>,
}

#[derive(Serialize)]
struct DestinationBody {
    r#type: &'static str,
    lakehouse: LakehouseBody,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LakehouseBody {
    reference_type: &'static str,
    item_id: ItemId,
    workspace_id: WorkspaceId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ImmutabilityPolicy {
    scope: &'static str,
    retention_days: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LifecycleBody<'a> {
    default_tier: &'a AccessTier,
    policy: &'static str,
    access_time_tracking: &'static str,
}

/// The type of the destination of diagnostic logs.
const LAKEHOUSE: &str = "Lakehouse";
/// The scope of a retention.
const DIAGNOSTIC_LOGS: &str = "DiagnosticLogs";

impl<'a> From<&'a OneLakeSettings> for SettingsBody<'a> {
    fn from(settings: &'a OneLakeSettings) -> Self {
        let lakehouse =
            |at: Destination| LakehouseBody { reference_type: "ById", item_id: at.item, workspace_id: at.workspace };
        let destination =
            settings.destination.map(|at| DestinationBody { r#type: LAKEHOUSE, lakehouse: lakehouse(at) });
        let retention = |retention_days| [ImmutabilityPolicy { scope: DIAGNOSTIC_LOGS, retention_days }];
        Self {
            diagnostics: DiagnosticsBody { status: status(settings.has_diagnostics), destination },
            immutability_policies: settings.retention_days.map(retention),
            lifecycle: LifecycleBody {
                default_tier: &settings.default_tier,
                policy: match &settings.policy {
                    Some(policy) if policy.is_active() => "Active",
                    _ => "Inactive",
                },
                access_time_tracking: status(settings.tracks_access_time),
            },
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct DiagnosticsRequest {
    status: Option<String>,
    destination: Option<DestinationRequest>,
}

#[derive(Deserialize)]
struct DestinationRequest {
    r#type: Option<String>,
    lakehouse: Option<LakehouseRequest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LakehouseRequest {
    reference_type: Option<String>,
    item_id: Option<String>,
    workspace_id: Option<String>,
}

impl DiagnosticsRequest {
    /// Returns `true` to enable diagnostics, and the change of the destination.
    pub(crate) fn parsed(self) -> Result<(bool, DestinationChange), FabricError> {
        let enable = is_enabled(self.status)?;
        let change = self.destination.map_or(Ok(DestinationChange::Keep), DestinationRequest::parsed)?;
        Ok((enable, change))
    }
}

#[derive(Deserialize)]
pub(crate) struct AccessTimeTrackingRequest {
    status: Option<String>,
}

impl AccessTimeTrackingRequest {
    /// Returns `true` to enable the tracking.
    pub(crate) fn parsed(self) -> Result<bool, FabricError> {
        is_enabled(self.status)
    }
}

/// Returns the value of a status in a response.
fn status(is_enabled: bool) -> &'static str {
    if is_enabled { "Enabled" } else { "Disabled" }
}

/// Parses the status in a request.
fn is_enabled(status: Option<String>) -> Result<bool, FabricError> {
    match required(status, "Status")?.as_str() {
        "Enabled" => Ok(true),
        "Disabled" => Ok(false),
        other => Err(unsupported("Status", other)),
    }
}

impl DestinationRequest {
    fn parsed(self) -> Result<DestinationChange, FabricError> {
        let kind = required(self.r#type, "Type")?;
        if kind != LAKEHOUSE {
            return Err(unsupported("Type", &kind));
        }
        let Some(LakehouseRequest { reference_type, item_id, workspace_id }) = self.lakehouse else {
            return Ok(DestinationChange::Remove);
        };
        match reference_type.as_deref() {
            None | Some("ById") => Ok(DestinationChange::Set(Destination {
                workspace: required_id(workspace_id, "WorkspaceId")?,
                item: required_id(item_id, "ItemId")?,
            })),
            Some(other) => Err(unsupported("ReferenceType", other)),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImmutabilityRequest {
    scope: Option<String>,
    retention_days: Option<u32>,
}

impl ImmutabilityRequest {
    /// Returns the number of days.
    pub(crate) fn parsed(self) -> Result<u32, FabricError> {
        match required(self.scope, "Scope")?.as_str() {
            DIAGNOSTIC_LOGS => required(self.retention_days, "RetentionDays"),
            other => Err(unsupported("Scope", other)),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DefaultTierBody {
    default_tier: AccessTier,
}

impl From<AccessTier> for DefaultTierBody {
    fn from(default_tier: AccessTier) -> Self {
        Self { default_tier }
    }
}

#[derive(Deserialize)]
pub(crate) struct ImportPolicy {
    properties: Option<PolicyProperties>,
}

#[derive(Deserialize)]
struct PolicyProperties {
    policy: Option<PolicyRequest>,
}

#[derive(Deserialize)]
struct PolicyRequest {
    rules: Option<Vec<Map<String, Value>>>,
}

impl ImportPolicy {
    /// Returns the rules.
    pub(crate) fn parsed(self) -> Result<Vec<Map<String, Value>>, FabricError> {
        let policy = required(required(self.properties, "Properties")?.policy, "Policy")?;
        required(policy.rules, "Rules")
    }
}

/// A lifecycle policy, in the form of Azure Storage.
#[derive(Serialize)]
pub(crate) struct PolicyBody<'a> {
    properties: PropertiesBody<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PropertiesBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    last_modified_time: Option<String>,
    policy: RulesBody<'a>,
}

#[derive(Serialize)]
struct RulesBody<'a> {
    rules: &'a [Map<String, Value>],
}

impl<'a> From<Option<&'a LifecyclePolicy>> for PolicyBody<'a> {
    fn from(policy: Option<&'a LifecyclePolicy>) -> Self {
        Self {
            properties: PropertiesBody {
                last_modified_time: policy.map(|policy| policy.modified_at.to_string()),
                policy: RulesBody { rules: policy.map_or(&[], |policy| &policy.rules) },
            },
            r#type: policy.map(|_| "Microsoft.Storage/storageAccounts/managementPolicies"),
        }
    }
}

fn unsupported(member: &str, value: &str) -> FabricError {
    FabricError::invalid_input(format!("The value {value:?} of {member} is not supported."))
}
