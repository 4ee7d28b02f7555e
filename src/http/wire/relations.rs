//! The body with the relations of an item.

use serde::Serialize;

use crate::fabric::item::ItemKind;
use crate::fabric::item::relations::{RelationType, Relations};
use crate::ids::{ItemId, WorkspaceId};

/// The relations of an item.
#[derive(Serialize)]
pub(crate) struct RelationsBody<'a> {
    items: Vec<RelatedItem<'a>>,
    relations: Vec<RelationEdge>,
    workspaces: Vec<RelatedWorkspace<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RelatedItem<'a> {
    id: ItemId,
    r#type: ItemKind,
    display_name: &'a str,
    workspace_id: WorkspaceId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RelationEdge {
    item_id: ItemId,
    dependent_on_item_id: ItemId,
    relation_type: RelationType,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RelatedWorkspace<'a> {
    id: WorkspaceId,
    display_name: &'a str,
}

impl<'a> From<&Relations<'a>> for RelationsBody<'a> {
    fn from(found: &Relations<'a>) -> Self {
        let mut workspaces: Vec<RelatedWorkspace<'a>> = Vec::new();
        for (workspace, _) in &found.items {
            if !workspaces.iter().any(|known| known.id == workspace.id) {
                workspaces.push(RelatedWorkspace { id: workspace.id, display_name: &workspace.display_name });
            }
        }
        let items = found.items.iter().map(|(workspace, item)| RelatedItem {
            id: item.id,
            r#type: item.kind,
            display_name: &item.display_name,
            workspace_id: workspace.id,
        });
        let relations = found.relations.iter().map(|relation| RelationEdge {
            item_id: relation.item,
            dependent_on_item_id: relation.dependent_on,
            relation_type: relation.kind,
        });
        Self { items: items.collect(), relations: relations.collect(), workspaces }
    }
}
