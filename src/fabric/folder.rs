//! Folders of a workspace (docs/fidelity.md#folders).

use std::collections::HashSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fabric::name::Folded;
use crate::fabric::workspace::{Workspace, WorkspaceType};
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::FolderId;

/// Maximum number of folders in a workspace (guessed: Fabric's API description has the error, but not the number).
pub const FOLDERS_MAX: usize = 1_000;
/// Maximum depth of a folder. A folder directly in the workspace has depth 1.
pub const DEPTH_MAX: usize = 10;
/// Maximum length of a folder's name, in characters.
pub const NAME_MAX: usize = 255;
/// Characters that a folder's name must not contain.
const FORBIDDEN: &[char] = &['~', '"', '#', '.', '&', '*', ':', '<', '>', '?', '/', '\\', '{', '|', '}'];
/// Names that a folder must not have, compared without regard to case.
const RESERVED: &[&str] = &["$recycle.bin", "recycled", "recycler"];

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Folder {
    /// The id of the folder.
    pub id: FolderId,
    /// The name of the folder, unique within the parent without regard to case.
    pub display_name: String,
    /// The folder that contains this folder; `None` for a folder directly in the workspace.
    pub parent: Option<FolderId>,
}

/// Creates a folder.
pub fn create(state: &State, within: &Workspace, display_name: String, parent: Option<FolderId>) -> Decision<FolderId> {
    if within.kind == WorkspaceType::Personal {
        return Err(FabricError::new(ErrorCode::WorkspaceNotSupported).about("Workspace", within.id));
    }
    check_name(&display_name)?;
    if let Some(parent) = parent {
        within.folder(parent)?;
        if within.depth(parent) >= DEPTH_MAX {
            return Err(ErrorCode::FolderDepthOutOfRange.into());
        }
    }
    within.check_folder_name(&display_name, parent, None)?;
    if within.folders.len() >= FOLDERS_MAX {
        return Err(ErrorCode::TooManyFolders.into());
    }
    let id = state.next_folder();
    Ok((vec![Fact::FolderCreated { workspace: within.id, id, display_name, parent }], id))
}

/// Renames a folder.
pub fn update(within: &Workspace, id: FolderId, display_name: String) -> Decision<()> {
    let folder = within.folder(id)?;
    check_name(&display_name)?;
    within.check_folder_name(&display_name, folder.parent, Some(id))?;
    Ok((vec![Fact::FolderRenamed { workspace: within.id, id, display_name }], ()))
}

/// Moves a folder and its content into the folder `target`, or directly into the workspace if `target` is `None`.
pub fn relocate(within: &Workspace, id: FolderId, target: Option<FolderId>) -> Decision<()> {
    let folder = within.folder(id)?;
    if let Some(target) = target {
        within.folder(target)?;
    }
    let places = within.below(id);
    if places.contains(&target) {
        return Err(FabricError::new(ErrorCode::InfiniteFolderHierarchyLoop).about("Folder", id));
    }
    let deepest = places.iter().flatten().map(|id| within.depth(*id)).max().unwrap_or_default();
    let height = deepest - within.depth(id) + 1;
    if target.map_or(0, |target| within.depth(target)) + height > DEPTH_MAX {
        return Err(ErrorCode::FolderDepthOutOfRange.into());
    }
    within.check_folder_name(&folder.display_name, target, Some(id))?;
    Ok((vec![Fact::FolderMoved { workspace: within.id, id, parent: target }], ()))
}

/// Deletes an empty folder. Items that can be recovered into the folder at `now` count as content (documented).
pub fn delete(within: &Workspace, id: FolderId, now: Timestamp) -> Decision<()> {
    within.folder(id)?;
    let has_folder = within.folders.values().any(|folder| folder.parent == Some(id));
    let has_item = within.items().values().any(|item| item.folder == Some(id));
    let has_recoverable = within.recoverable_items(None, now).any(|(_, it)| it.item.folder == Some(id));
    if has_folder || has_item || has_recoverable {
        return Err(FabricError::new(ErrorCode::FolderNotEmpty).about("Folder", id));
    }
    Ok((vec![Fact::FolderDeleted { workspace: within.id, id }], ()))
}

fn check_name(name: &str) -> Result<(), FabricError> {
    let is_invalid = name.trim().is_empty()
        || name.trim() != name
        || name.chars().count() > NAME_MAX
        || name.contains(FORBIDDEN)
        || name.chars().any(char::is_control)
        || RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name));
    if is_invalid { Err(ErrorCode::InvalidFolderDisplayName.into()) } else { Ok(()) }
}

impl Workspace {
    /// Returns the depth of a folder. A folder directly in the workspace has depth 1.
    fn depth(&self, id: FolderId) -> usize {
        std::iter::successors(self.folders.get(&id), |folder| self.folders.get(&folder.parent?)).count()
    }

    /// Returns the scope of a list that starts at the folder `root`, or at the workspace if `root` is `None`. If
    /// `recursive` is `true`, the scope includes all folders below the start.
    pub fn scope(&self, root: Option<FolderId>, recursive: bool) -> Result<FolderScope, FabricError> {
        if let Some(root) = root {
            self.folder(root)?;
        }
        Ok(match (root, recursive) {
            (None, true) => FolderScope::Everything,
            (root, false) => FolderScope::Places(HashSet::from([root])),
            (Some(root), true) => FolderScope::Places(self.below(root)),
        })
    }

    /// Returns the folder `root` and all folders below it, at any depth.
    fn below(&self, root: FolderId) -> HashSet<Option<FolderId>> {
        let mut places = HashSet::from([Some(root)]);
        // A folder can be moved into a newer folder, so one pass in order of creation is not enough.
        loop {
            let before = places.len();
            let inner = self.folders.values().filter(|folder| places.contains(&folder.parent));
            places.extend(inner.map(|folder| Some(folder.id)).collect::<Vec<_>>());
            if places.len() == before {
                return places;
            }
        }
    }

    fn check_folder_name(&self, name: &str, place: Option<FolderId>, own: Option<FolderId>) -> Result<(), FabricError> {
        let folded = Folded::new(name);
        let taken = |folder: &Folder| {
            folder.parent == place && Some(folder.id) != own && Folded::new(&folder.display_name) == folded
        };
        if self.folders.values().any(taken) { Err(ErrorCode::FolderDisplayNameAlreadyInUse.into()) } else { Ok(()) }
    }
}

/// The places whose direct content a list returns. A place is a folder or the workspace itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FolderScope {
    /// All folders, and the workspace itself.
    Everything,
    /// These places; `None` stands for the workspace itself.
    Places(HashSet<Option<FolderId>>),
}

impl FolderScope {
    /// Returns `true` if the scope includes a place.
    pub fn has(&self, place: Option<FolderId>) -> bool {
        match self {
            Self::Everything => true,
            Self::Places(places) => places.contains(&place),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_names_follow_documented_rules() {
        for name in ["a", "Größe 1", "x-y_z"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        for name in ["", " ", " a", "a ", "a/b", "a.b", "$Recycle.Bin", "recycled", &"x".repeat(256)] {
            assert!(check_name(name).is_err(), "{name}");
        }
    }
}
