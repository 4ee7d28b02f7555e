//! Bodies of items of every kind.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::definitions::DefinitionBody;
use super::principals::PrincipalBody;
use super::properties::PropertiesBody;
use super::tags::{AppliedTag, applied};
use crate::fabric::State;
use crate::fabric::item::{Item, ItemKind};
use crate::ids::{FolderId, ItemId, LabelId, WorkspaceId};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateItemBody {
    pub(crate) r#type: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) folder_id: Option<String>,
    pub(crate) definition: Option<DefinitionBody>,
    pub(crate) creation_payload: Option<Value>,
    pub(crate) sensitivity_label_settings: Option<SensitivityLabelSettings>,
    pub(crate) properties: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SensitivityLabelSettings {
    pub(crate) label_id: Option<String>,
    pub(crate) sensitivity_label_apply_strategy: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateItemBody {
    pub(crate) display_name: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) properties: Option<Map<String, Value>>,
}

/// The logical id of an item, in a request and its response.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogicalIdBody {
    pub(crate) logical_id: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MoveItemBody {
    pub(crate) target_folder_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BulkMoveItemsBody {
    pub(crate) target_folder_id: Option<String>,
    pub(crate) items: Option<Vec<String>>,
}

/// An item. The members are in the service's order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ItemBody<'a> {
    id: ItemId,
    r#type: ItemKind,
    display_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    workspace_id: WorkspaceId,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder_id: Option<FolderId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<AppliedTag<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_identity: Option<PrincipalBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sensitivity_label: Option<SensitivityLabel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<PropertiesBody<'a>>,
}

#[derive(Serialize)]
struct SensitivityLabel {
    id: LabelId,
}

impl<'a> ItemBody<'a> {
    pub(crate) fn new(state: &'a State, workspace_id: WorkspaceId, item: &'a Item) -> Self {
        Self {
            id: item.id,
            r#type: item.kind,
            display_name: &item.display_name,
            description: super::description(state, &item.description),
            workspace_id,
            folder_id: item.folder,
            tags: applied(state, &item.tags),
            default_identity: None,
            sensitivity_label: item.sensitivity_label.map(|id| SensitivityLabel { id }),
            properties: None,
        }
    }

    /// Adds the `properties`, which only the routes of the item's kind show.
    pub(crate) fn with_properties(self, properties: Option<PropertiesBody<'a>>) -> Self {
        Self { properties, ..self }
    }

    /// Adds the default identity.
    pub(crate) fn with_default_identity(self, identity: Option<PrincipalBody<'a>>) -> Self {
        Self { default_identity: identity, ..self }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateItemIdentity {
    pub(crate) assignment_type: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateItemIdentityResponse {
    assignment_status: [AssignmentStatus; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AssignmentStatus {
    item_id: ItemId,
    status: &'static str,
}

impl UpdateItemIdentityResponse {
    /// Creates the response for an item to which an identity was assigned.
    pub(crate) fn succeeded(item_id: ItemId) -> Self {
        Self { assignment_status: [AssignmentStatus { item_id, status: "Succeeded" }] }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BindConnectionBody {
    pub(crate) connection_binding: Option<ConnectionBindingBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectionBindingBody {
    pub(crate) id: Option<String>,
    pub(crate) connectivity_type: Option<String>,
    pub(crate) connection_details: Option<ConnectionDetailsBody>,
}

#[derive(Deserialize)]
pub(crate) struct ConnectionDetailsBody {
    pub(crate) r#type: Option<String>,
    pub(crate) path: Option<String>,
}
