//! Bodies of the changes of sensitivity labels and sharing links.

use serde::{Deserialize, Serialize};

use super::{required, required_id};
use crate::fabric::FabricError;
use crate::fabric::item::ItemKind;
use crate::fabric::item::label::NamedItem;
use crate::ids::{ItemId, LabelId};

/// The only type of sharing links.
const ORGANIZATION: &str = "OrgLink";
/// The methods by which a label is assigned, as Microsoft spells them.
const METHODS: [&str; 2] = ["Standard", "Priviledged"];

/// A request about items.
#[derive(Deserialize)]
pub(crate) struct ItemsRequest {
    items: Option<Vec<ItemRequest>>,
}

#[derive(Deserialize)]
struct ItemRequest {
    id: Option<String>,
    r#type: Option<String>,
}

impl ItemsRequest {
    /// Returns the items.
    pub(crate) fn parsed(self) -> Result<Vec<NamedItem>, FabricError> {
        parsed(self.items)
    }
}

fn parsed(items: Option<Vec<ItemRequest>>) -> Result<Vec<NamedItem>, FabricError> {
    let item = |item: ItemRequest| {
        let kind: ItemKind = required(item.r#type, "Type")?.parse()?;
        Ok(NamedItem { id: required_id(item.id, "Id")?, kind })
    };
    required(items, "Items")?.into_iter().map(item).collect()
}

/// A request to set a label.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetLabels {
    items: Option<Vec<ItemRequest>>,
    label_id: Option<String>,
    assignment_method: Option<String>,
    delegated_principal: Option<Delegate>,
}

#[derive(Deserialize)]
struct Delegate {
    r#type: Option<String>,
}

impl SetLabels {
    /// Returns `true` if the label is set in the name of another user. Other principals are rejected (documented).
    pub(crate) fn has_delegate(&self) -> Result<bool, FabricError> {
        let Some(delegate) = &self.delegated_principal else { return Ok(false) };
        match delegate.r#type.as_deref() {
            Some("User") => Ok(true),
            other => Err(unsupported("DelegatedPrincipal.Type", other.unwrap_or_default())),
        }
    }

    /// Returns the label and the items.
    pub(crate) fn parsed(self) -> Result<(LabelId, Vec<NamedItem>), FabricError> {
        if let Some(method) = self.assignment_method.filter(|method| !METHODS.contains(&method.as_str())) {
            return Err(unsupported("AssignmentMethod", &method));
        }
        Ok((required_id(self.label_id, "LabelId")?, parsed(self.items)?))
    }
}

/// A request to remove the sharing links of items.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RemoveLinks {
    items: Option<Vec<ItemRequest>>,
    sharing_link_type: Option<String>,
}

impl RemoveLinks {
    /// Returns the items.
    pub(crate) fn parsed(self) -> Result<Vec<NamedItem>, FabricError> {
        check_type(self.sharing_link_type)?;
        parsed(self.items)
    }
}

/// A request to remove the sharing links of all items.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RemoveAllLinks {
    sharing_link_type: Option<String>,
}

impl RemoveAllLinks {
    /// Checks the type of the links.
    pub(crate) fn check(self) -> Result<(), FabricError> {
        check_type(self.sharing_link_type)
    }
}

fn check_type(name: Option<String>) -> Result<(), FabricError> {
    match required(name, "SharingLinkType")? {
        name if name == ORGANIZATION => Ok(()),
        other => Err(unsupported("SharingLinkType", &other)),
    }
}

fn unsupported(member: &str, value: &str) -> FabricError {
    FabricError::invalid_input(format!("The value {value:?} of {member} is not supported."))
}

/// The result for an item.
#[derive(Serialize)]
struct ItemStatus {
    id: ItemId,
    r#type: ItemKind,
    status: &'static str,
}

fn statuses(items: &[NamedItem], found: &[bool]) -> Vec<ItemStatus> {
    let status = |(item, is_found): (&NamedItem, &bool)| ItemStatus {
        id: item.id,
        r#type: item.kind,
        status: if *is_found { "Succeeded" } else { "NotFound" },
    };
    items.iter().zip(found).map(status).collect()
}

/// The results of a change of labels.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LabelsResponse {
    items_change_label_status: Vec<ItemStatus>,
}

impl LabelsResponse {
    /// Creates the response for items, each of which was found or not.
    pub(crate) fn new(items: &[NamedItem], found: &[bool]) -> Self {
        Self { items_change_label_status: statuses(items, found) }
    }
}

/// The results of a removal of sharing links.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SharingLinksResponse {
    items_remove_sharing_links_status: Vec<ItemStatus>,
    sharing_link_type: &'static str,
}

impl SharingLinksResponse {
    /// Creates the response for items, each of which was found or not.
    pub(crate) fn new(items: &[NamedItem], found: &[bool]) -> Self {
        Self { items_remove_sharing_links_status: statuses(items, found), sharing_link_type: ORGANIZATION }
    }
}
