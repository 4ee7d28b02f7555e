//! Bodies of bulk export and import.

use serde::{Deserialize, Serialize};

use super::definitions::{DefinitionPart, PartBody};
use crate::fabric::item::ItemKind;
use crate::fabric::item::bulk::{Exported, Imported};
use crate::ids::ItemId;

#[derive(Deserialize)]
pub(crate) struct ExportRequest {
    pub(crate) mode: Option<String>,
    pub(crate) items: Option<Vec<ExportItem>>,
}

#[derive(Deserialize)]
pub(crate) struct ExportItem {
    pub(crate) id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExportResponse {
    item_definitions_index: Vec<IndexEntry>,
    definition_parts: Vec<DefinitionPart>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IndexEntry {
    id: ItemId,
    root_path: String,
}

impl ExportResponse {
    /// Returns the approximate size of the JSON in bytes.
    pub(crate) fn size(&self) -> usize {
        /// The size of the member names, the id and the punctuation of an entry, in bytes.
        const REST: usize = 72;
        let of_index = self.item_definitions_index.iter().map(|entry| REST + entry.root_path.len()).sum::<usize>();
        of_index + self.definition_parts.iter().map(DefinitionPart::size).sum::<usize>()
    }
}

impl From<Vec<Exported>> for ExportResponse {
    fn from(exported: Vec<Exported>) -> Self {
        let index = exported.iter().map(|item| IndexEntry { id: item.id, root_path: item.root.clone() });
        let item_definitions_index = index.collect();
        let parts = exported.into_iter().flat_map(|item| {
            let root = item.root;
            item.parts.into_iter().map(move |part| DefinitionPart::from(part).under(&root))
        });
        Self { item_definitions_index, definition_parts: parts.collect() }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportRequest {
    pub(crate) definition_parts: Option<Vec<PartBody>>,
    pub(crate) options: Option<ImportOptions>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportOptions {
    pub(crate) allow_pairing_by_name: Option<bool>,
}

/// The result of an import.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportResponse<'a> {
    import_item_definitions_details: Vec<ImportDetails<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ImportDetails<'a> {
    item_id: ItemId,
    item_display_name: &'a str,
    item_type: ItemKind,
    item_logical_id: &'a str,
    operation_type: &'static str,
    operation_status: &'static str,
}

impl<'a> From<&'a [Imported]> for ImportResponse<'a> {
    fn from(imported: &'a [Imported]) -> Self {
        let details = imported.iter().map(|item| ImportDetails {
            item_id: item.id,
            item_display_name: &item.display_name,
            item_type: item.kind,
            item_logical_id: &item.logical_id,
            operation_type: if item.is_new { "Create" } else { "Update" },
            operation_status: "Succeeded",
        });
        Self { import_item_definitions_details: details.collect() }
    }
}
