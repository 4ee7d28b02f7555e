//! Bodies of `catalog/search`.

use serde::{Deserialize, Serialize};

use crate::fabric::item::{Item, ItemKind};
use crate::fabric::page::{self, Page};
use crate::fabric::workspace::Workspace;
use crate::ids::{ItemId, WorkspaceId};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CatalogQuery {
    pub(crate) search: Option<String>,
    pub(crate) page_size: Option<u32>,
    pub(crate) filter: Option<String>,
    pub(crate) continuation_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CatalogPage<'a> {
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

impl<'a> From<Page<(&'a Workspace, &'a Item)>> for CatalogPage<'a> {
    fn from(page: Page<(&'a Workspace, &'a Item)>) -> Self {
        let continuation_token = page.next.map(page::token);
        let entries = page.elements.into_iter().map(|(workspace, item)| CatalogEntry {
            id: item.id,
            r#type: item.kind,
            catalog_entry_type: "FabricItem",
            display_name: &item.display_name,
            description: &item.description,
            hierarchy: Hierarchy {
                workspace: CatalogWorkspace { id: workspace.id, display_name: &workspace.display_name },
            },
        });
        Self { value: entries.collect(), continuation_token }
    }
}
