//! Tags: what a tenant lets its items be marked with (docs/fidelity.md#tags).

use serde::{Deserialize, Serialize};

use crate::fabric::item::Item;
use crate::fabric::name::{NAME_MAX, check_name};
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::TagId;

/// Tags of a tenant at most (guessed).
pub const TAGS_MAX: usize = 10_000;
/// Tags of an item or of a workspace at most (documented for people, not for the API).
pub const TAGS_MAX_EACH: usize = 10;

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tag {
    /// Its id.
    pub id: TagId,
    /// Its name.
    pub display_name: String,
    /// The domain whose tag it is; `None`: the tenant's.
    pub domain: Option<String>,
}

/// A tag to be.
#[derive(Debug, Clone)]
pub struct NewTag {
    /// Its id; `None`: one is drawn.
    pub id: Option<TagId>,
    /// Its name.
    pub display_name: String,
    /// The domain whose tag it is.
    pub domain: Option<String>,
}

/// Whether tags are put on or taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Put on.
    Apply,
    /// Taken off.
    Unapply,
}

/// Makes tags known to the tenant; one whose id is known already is written anew.
pub fn declare(state: &State, new: Vec<NewTag>) -> Decision<()> {
    let more = new.iter().filter(|tag| tag.id.is_none_or(|id| state.tag(id).is_none())).count();
    if state.tags().len() + more > TAGS_MAX {
        return Err(FabricError::invalid_input(format!("A tenant has at most {TAGS_MAX} tags.")));
    }
    let mut drawn = 0;
    let mut tags = Vec::with_capacity(new.len());
    for NewTag { id, display_name, domain } in new {
        check_name(&display_name, NAME_MAX)?;
        let id = id.unwrap_or_else(|| {
            loop {
                drawn += 1;
                let id = state.next_tag(drawn - 1);
                // One that was declared under its id is not drawn again.
                if state.tag(id).is_none() {
                    break id;
                }
            }
        });
        tags.push(Tag { id, display_name, domain });
    }
    Ok((vec![Fact::TagsDeclared { tags, drawn }], ()))
}

/// Puts tags on an item or takes them off; what is so already stays so.
pub fn change(state: &State, workspace: &Workspace, item: &Item, named: &[TagId], change: Change) -> Decision<()> {
    let tags = changed(state, &item.tags, named, change)?;
    let tagged = (tags != item.tags).then_some(Fact::ItemTagged { workspace: workspace.id, id: item.id, tags });
    Ok((tagged.into_iter().collect(), ()))
}

/// The same of a workspace.
pub fn change_workspace(state: &State, workspace: &Workspace, named: &[TagId], change: Change) -> Decision<()> {
    let tags = changed(state, &workspace.tags, named, change)?;
    let tagged = (tags != workspace.tags).then_some(Fact::WorkspaceTagged { id: workspace.id, tags });
    Ok((tagged.into_iter().collect(), ()))
}

/// The tags after a change; refused where one is unknown, none is named, or there are too many.
fn changed(state: &State, before: &[TagId], named: &[TagId], change: Change) -> Result<Vec<TagId>, FabricError> {
    let invalid =
        |complaint: String| FabricError::new(ErrorCode::InvalidInputs).detail(ErrorCode::InvalidParameter, complaint);
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
