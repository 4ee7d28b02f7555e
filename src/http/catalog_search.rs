//! `catalog/search`: items by a text, in all workspaces that the caller sees.

use serde::{Deserialize, Serialize};

use crate::fabric::FabricError;
use crate::fabric::item::ItemKind;
use crate::fabric::page::{self, PageRequest};
use crate::fabric::search::{self, PAGE_SIZE, PAGE_SIZE_MAX};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::ids::{ItemId, WorkspaceId};

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct CatalogQuery {
    search: Option<String>,
    page_size: Option<u32>,
    filter: Option<String>,
    continuation_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CatalogPage<'a> {
    value: Vec<CatalogEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continuation_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CatalogEntry<'a> {
    id: ItemId,
    r#type: ItemKind,
    catalog_entry_type: &'static str,
    display_name: &'a str,
    description: &'a str,
    hierarchy: Hierarchy<'a>,
}

#[derive(Serialize)]
struct Hierarchy<'a> {
    workspace: CatalogWorkspace<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CatalogWorkspace<'a> {
    id: WorkspaceId,
    display_name: &'a str,
}

pub(super) fn search(context: &Context<'_>) -> HandlerResult {
    let CatalogQuery { search, page_size, filter, continuation_token } = context.json()?;
    let size = page_size.unwrap_or(PAGE_SIZE);
    if !(1..=PAGE_SIZE_MAX).contains(&size) {
        return Err(FabricError::invalid_input(format!("The field PageSize must be between 1 and {PAGE_SIZE_MAX}.")));
    }
    // The token is in a body: nobody has percent-decoded it.
    let after = continuation_token.map(|token| page::position(&token.replace("%3D", "="))).transpose()?;
    let filter = filter.as_deref().map(str::parse).transpose()?;
    let text = search.unwrap_or_default();
    context.read(|state| {
        let page = PageRequest { after, size };
        let page = search::find(state, &text, filter.as_ref(), page, context.caller, context.now);
        let continuation_token = page.next.map(page::token);
        let value = page.map(|(workspace, item)| CatalogEntry {
            id: item.id,
            r#type: item.kind,
            catalog_entry_type: "FabricItem",
            display_name: &item.display_name,
            description: &item.description,
            hierarchy: Hierarchy {
                workspace: CatalogWorkspace { id: workspace.id, display_name: &workspace.display_name },
            },
        });
        Ok(Answer::ok(&CatalogPage { value: value.elements, continuation_token }))
    })
}
