//! Bodies of folders.

use serde::{Deserialize, Serialize};

use crate::fabric::folder::Folder;
use crate::ids::{FolderId, WorkspaceId};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateFolder {
    pub(crate) display_name: Option<String>,
    pub(crate) parent_folder_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateFolder {
    pub(crate) display_name: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MoveFolder {
    pub(crate) target_folder_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FolderBody<'a> {
    id: FolderId,
    display_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_folder_id: Option<FolderId>,
    workspace_id: WorkspaceId,
}

impl<'a> FolderBody<'a> {
    pub(crate) fn new(workspace_id: WorkspaceId, folder: &'a Folder) -> Self {
        Self { id: folder.id, display_name: &folder.display_name, parent_folder_id: folder.parent, workspace_id }
    }
}
