//! Definitions of many items at once: export and import.

use serde::{Deserialize, Serialize};

use crate::fabric::FabricError;
use crate::fabric::item::ItemKind;
use crate::fabric::item::bulk::{self, Imported};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::items::{DefinitionPart, PartBody};
use crate::http::long_running_operations;
use crate::http::wire;
use crate::ids::ItemId;

#[derive(Deserialize)]
struct ExportRequest {
    mode: Option<String>,
    items: Option<Vec<ExportItem>>,
}

#[derive(Deserialize)]
struct ExportItem {
    id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ExportResponse {
    item_definitions_index: Vec<IndexEntry>,
    definition_parts: Vec<DefinitionPart>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IndexEntry {
    id: ItemId,
    root_path: String,
}

pub(super) fn export(context: &Context<'_>) -> HandlerResult {
    let ExportRequest { mode, items } = context.json()?;
    let mode = wire::required(mode, "Mode")?;
    let named = if mode.eq_ignore_ascii_case("All") {
        None
    } else if mode.eq_ignore_ascii_case("Selective") {
        let items = wire::required(items, "Items")?.into_iter();
        let ids = items.map(|item| wire::id(Some(wire::required(item.id, "Id")?), "Id"));
        Some(ids.collect::<Result<Vec<Option<ItemId>>, FabricError>>()?.into_iter().flatten().collect::<Vec<_>>())
    } else {
        return Err(FabricError::invalid_input(format!("The value {mode:?} of Mode is neither All nor Selective.")));
    };
    context.read(|state| {
        let exported = bulk::export(state, context.workspace(state)?, named.as_deref(), context.now)?;
        let index = exported.iter().map(|item| IndexEntry { id: item.id, root_path: item.root.clone() });
        let item_definitions_index = index.collect();
        let parts = exported.into_iter().flat_map(|item| {
            let root = item.root;
            item.parts.into_iter().map(move |part| DefinitionPart::from(part).under(&root))
        });
        Ok(Answer::ok(&ExportResponse { item_definitions_index, definition_parts: parts.collect() }))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ImportRequest {
    definition_parts: Option<Vec<PartBody>>,
    options: Option<ImportOptions>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ImportOptions {
    allow_pairing_by_name: Option<bool>,
}

pub(super) fn import(context: &Context<'_>) -> HandlerResult {
    let ImportRequest { definition_parts, options } = context.json()?;
    let parts = wire::required(definition_parts, "DefinitionParts")?.into_iter().map(PartBody::request);
    let parts = parts.collect::<Result<_, FabricError>>()?;
    let may_pair = options.and_then(|options| options.allow_pairing_by_name).unwrap_or(false);
    long_running_operations::run(context, |state, now| {
        bulk::import(state, context.workspace(state)?, parts, may_pair, context.caller, now)
    })
}

/// The result of an import.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ImportResponse<'a> {
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

impl<'a> ImportResponse<'a> {
    pub(super) fn new(imported: &'a [Imported]) -> Self {
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
