//! Bodies of the encryption of a workspace.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fabric::encryption::EncryptionStatus;
use crate::fabric::item::{Item, ItemKind};
use crate::fabric::workspace::Workspace;
use crate::ids::ItemId;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssignEncryptionBody {
    pub(crate) key_identifier: Option<String>,
}

/// The encryption of a workspace. While it changes, the body also has the key before the change and all items.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EncryptionBody<'a> {
    encryption_detail: EncryptionDetail<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_encryption_detail: Option<EncryptionDetail<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_encryption_items_details: Option<[ItemsDetail<'a>; 1]>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EncryptionDetail<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    key_identifier: Option<&'a str>,
    encryption_status: EncryptionStatus,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemsDetail<'a> {
    items: Vec<EncryptedItem<'a>>,
    encryption_status: EncryptionStatus,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EncryptedItem<'a> {
    display_name: &'a str,
    r#type: ItemKind,
    id: ItemId,
}

impl<'a> EncryptionBody<'a> {
    /// Creates the body of the encryption of a workspace at `now`.
    pub(crate) fn new(workspace: &'a Workspace, now: Timestamp) -> Self {
        let Some(encryption) = workspace.encryption() else {
            let disabled = EncryptionDetail { key_identifier: None, encryption_status: EncryptionStatus::Disabled };
            return Self {
                encryption_detail: disabled,
                previous_encryption_detail: None,
                workspace_encryption_items_details: None,
            };
        };
        let encryption_status = encryption.status_at(now);
        let is_changing = now < encryption.completed_at;
        let previous = encryption.previous.as_deref().filter(|_| is_changing);
        let items = || {
            let items = workspace.items().values().filter(|item| item.visible_from <= now);
            [ItemsDetail { items: items.map(EncryptedItem::from).collect(), encryption_status }]
        };
        Self {
            encryption_detail: EncryptionDetail { key_identifier: encryption.key.as_deref(), encryption_status },
            previous_encryption_detail: previous
                .map(|key| EncryptionDetail { key_identifier: Some(key), encryption_status: EncryptionStatus::Active }),
            workspace_encryption_items_details: is_changing.then(items),
        }
    }
}

impl<'a> From<&'a Item> for EncryptedItem<'a> {
    fn from(item: &'a Item) -> Self {
        Self { display_name: &item.display_name, r#type: item.kind, id: item.id }
    }
}
