//! Tags: labels that a tenant defines for its items and workspaces (docs/fidelity.md#tags).

use serde::{Deserialize, Serialize};

use crate::fabric::item::Item;
use crate::fabric::name::{NAME_MAX, check_name};
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::TagId;

/// The maximum number of tags in a tenant (guessed).
pub const TAGS_MAX: usize = 10_000;
/// The maximum number of tags on an item or a workspace (documented for the portal, not for the API).
pub const TAGS_MAX_EACH: usize = 10;

/// A tag of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tag {
    /// The id of the tag.
    pub id: TagId,
    /// The display name of the tag.
    pub display_name: String,
    /// The id of the domain of the tag; `None` if the tag belongs to the tenant.
    pub domain: Option<String>,
}

/// A tag to declare.
#[derive(Debug, Clone)]
pub struct NewTag {
    /// The id of the tag; `None` to generate an id.
    pub id: Option<TagId>,
    /// The display name of the tag.
    pub display_name: String,
    /// The id of the domain of the tag; `None` if the tag belongs to the tenant.
    pub domain: Option<String>,
}

/// A change of the tags of an item or a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Adds tags.
    Apply,
    /// Removes tags.
    Unapply,
}

/// Adds tags to the tenant. Replaces existing tags with the same id.
pub fn declare(state: &State, new: Vec<NewTag>) -> Decision<()> {
    let more = new.iter().filter(|tag| tag.id.is_none_or(|id| state.tag(id).is_none())).count();
    if state.tags().len() + more > TAGS_MAX {
        return Err(FabricError::invalid_input(format!("A tenant has at most {TAGS_MAX} tags.")));
    }
    let mut drawn = 0;
    let mut tags = Vec::with_capacity(new.len());
    for NewTag { id, display_name, domain } in new {
        check_name(&display_name, NAME_MAX)?;
        if domain.as_ref().is_some_and(|domain| domain.chars().count() > NAME_MAX) {
            let message = format!("The domain of the tag {display_name:?} has more than {NAME_MAX} characters.");
            return Err(FabricError::invalid_input(message));
        }
        let id = id.unwrap_or_else(|| {
            loop {
                drawn += 1;
                let id = state.next_tag(drawn - 1);
                // Skips ids that existing tags already have.
                if state.tag(id).is_none() {
                    break id;
                }
            }
        });
        tags.push(Tag { id, display_name, domain });
    }
    Ok((vec![Fact::TagsDeclared { tags, drawn }], ()))
}

/// Adds tags to an item, or removes tags from it. Adding an existing tag or removing a missing tag has no effect.
pub fn change(state: &State, workspace: &Workspace, item: &Item, named: &[TagId], change: Change) -> Decision<()> {
    let tags = changed(state, &item.tags, named, change)?;
    let tagged = (tags != item.tags).then_some(Fact::ItemTagged { workspace: workspace.id, id: item.id, tags });
    Ok((tagged.into_iter().collect(), ()))
}

/// Adds tags to a workspace, or removes tags from it. Adding an existing tag or removing a missing tag has no effect.
pub fn change_workspace(state: &State, workspace: &Workspace, named: &[TagId], change: Change) -> Decision<()> {
    let tags = changed(state, &workspace.tags, named, change)?;
    let tagged = (tags != workspace.tags).then_some(Fact::WorkspaceTagged { id: workspace.id, tags });
    Ok((tagged.into_iter().collect(), ()))
}

/// Returns the tags after a change. Rejects unknown tags, an empty list, and more than [`TAGS_MAX_EACH`] tags.
fn changed(state: &State, before: &[TagId], named: &[TagId], change: Change) -> Result<Vec<TagId>, FabricError> {
    let invalid =
        |message: String| FabricError::new(ErrorCode::InvalidInputs).detail(ErrorCode::InvalidParameter, message);
    if named.is_empty() {
        return Err(invalid("The Tags field is required.".into()));
    }
    if let Some(unknown) = named.iter().find(|id| state.tag(**id).is_none()) {
        return Err(FabricError::new(ErrorCode::EntityNotFound).about("Tag", unknown));
    }
    let mut tags = before.to_vec();
    match change {
        Change::Apply => named.iter().for_each(|id| {
            if !tags.contains(id) {
                tags.push(*id);
            }
        }),
        Change::Unapply => tags.retain(|id| !named.contains(id)),
    }
    if tags.len() > TAGS_MAX_EACH {
        return Err(invalid(format!("At most {TAGS_MAX_EACH} tags are applied at once.")));
    }
    Ok(tags)
}
