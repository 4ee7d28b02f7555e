//! Tags: labels that a tenant defines for its items and workspaces (docs/fidelity.md#tags).

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::fabric::item::Item;
use crate::fabric::name::{Folded, NAME_MAX, check_name};
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{DomainId, TagId};

/// The maximum number of tags in a tenant (guessed).
pub const TAGS_MAX: usize = 10_000;
/// The maximum number of tags on an item or a workspace (documented for the portal, not for the API).
pub const TAGS_MAX_EACH: usize = 10;

/// The maximum length of the name of a tag that an administrator creates, in characters (documented).
pub const TAG_NAME_MAX: usize = 40;

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

/// Creates tags of the tenant or of a domain. Their names must be new in the tenant, without regard to case.
pub fn create(state: &State, names: Vec<String>, domain: Option<DomainId>) -> Decision<Vec<TagId>> {
    if let Some(id) = domain
        && state.domains().get(&id).is_none()
    {
        return Err(FabricError::new(ErrorCode::EntityNotFound).about("Domain", id));
    }
    if names.is_empty() {
        return Err(invalid("The CreateTagsRequest field is required."));
    }
    let mut taken: HashSet<Folded> = state.tags().values().map(|tag| Folded::new(&tag.display_name)).collect();
    for name in &names {
        if check_name(name, TAG_NAME_MAX).is_err() {
            return Err(invalid(format!("The display name of a tag has 1 to {TAG_NAME_MAX} printable characters.")));
        }
        if !taken.insert(Folded::new(name)) {
            return Err(name_conflict());
        }
    }
    let domain = domain.map(|id| id.to_string());
    let new = |display_name| NewTag { id: None, display_name, domain: domain.clone() };
    let (facts, ()) = declare(state, names.into_iter().map(new).collect())?;
    let created = facts.iter().flat_map(|fact| match fact {
        Fact::TagsDeclared { tags, .. } => tags.as_slice(),
        _ => &[],
    });
    let created = created.map(|tag| tag.id).collect();
    Ok((facts, created))
}

/// Renames a tag.
pub fn rename(state: &State, id: TagId, display_name: String) -> Decision<()> {
    let before = existing(state, id)?;
    check_name(&display_name, TAG_NAME_MAX)?;
    let folded = Folded::new(&display_name);
    let mut others = state.tags().values().filter(|tag| tag.id != id);
    if others.any(|tag| Folded::new(&tag.display_name) == folded) {
        return Err(name_conflict());
    }
    let renamed = Tag { display_name, ..before.clone() };
    let is_unchanged = renamed == *before;
    Ok((if is_unchanged { Vec::new() } else { vec![Fact::TagsDeclared { tags: vec![renamed], drawn: 0 }] }, ()))
}

/// Deletes a tag, and removes it from all items and workspaces.
pub fn delete(state: &State, id: TagId) -> Decision<()> {
    existing(state, id)?;
    Ok((vec![Fact::TagDeleted { id }], ()))
}

/// Returns a tag. Rejects an id that no tag has.
pub fn existing(state: &State, id: TagId) -> Result<&Tag, FabricError> {
    state.tag(id).ok_or_else(|| FabricError::new(ErrorCode::EntityNotFound).about("Tag", id))
}

fn name_conflict() -> FabricError {
    FabricError::new(ErrorCode::EntityConflict).message("The tag display name already exists.")
}

fn invalid(message: impl Into<String>) -> FabricError {
    FabricError::new(ErrorCode::InvalidInputs).detail(ErrorCode::InvalidParameter, message)
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
    if named.is_empty() {
        return Err(invalid("The Tags field is required."));
    }
    named.iter().try_for_each(|id| existing(state, *id).map(drop))?;
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
