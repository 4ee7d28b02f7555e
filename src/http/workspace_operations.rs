//! Operations of workspaces and of KQL databases that are outside of Microsoft's description of mirroring.

use crate::fabric::item::ItemKind::KQLDatabase;
use crate::fabric::role::Role::{Admin, Contributor, Viewer};
use crate::http::context::Handler;
use crate::http::operation::Fidelity::{self, Documented};
use crate::http::operation::{Operation, delete, get, patch, post};
use crate::http::{git, onelake_settings, table_shortcuts};

/// The path of a resource in a workspace.
macro_rules! ws {
    ($path:literal) => {
        concat!("/workspaces/{workspaceId}/", $path)
    };
}

const READ_WORKSPACE: &str = "Workspace.Read.All Workspace.ReadWrite.All";
const READ_TABLES: &str = "KQLDatabase.Read.All+OneLake.Read.All KQLDatabase.Read.All+OneLake.ReadWrite.All \
    KQLDatabase.ReadWrite.All+OneLake.Read.All KQLDatabase.ReadWrite.All+OneLake.ReadWrite.All \
    Item.Read.All+OneLake.Read.All Item.Read.All+OneLake.ReadWrite.All \
    Item.ReadWrite.All+OneLake.Read.All Item.ReadWrite.All+OneLake.ReadWrite.All";
const WRITE_TABLES: &str = "KQLDatabase.ReadWrite.All+OneLake.ReadWrite.All Item.ReadWrite.All+OneLake.ReadWrite.All";

/// The operations, each with its fidelity and its handler.
#[rustfmt::skip]
pub(super) const ROWS: &[(Operation, Fidelity, Handler)] = &[
    (get(ws!("git/connectionSettings"), "Git_GetConnectionSettings", Some(Contributor), READ_WORKSPACE)
        .simplified(), Documented, git::get_settings),
    (patch(ws!("git/connectionSettings"), "Git_UpdateConnectionSettings", Some(Admin), "Workspace.ReadWrite.All")
        .simplified(), Documented, git::update_settings),
    (post(ws!("onelake/settings/modifyAccessTimeTracking"),
        "OneLakeSettings_ModifyAccessTimeTracking", Some(Admin), "OneLake.ReadWrite.All")
        .simplified(), Documented, onelake_settings::modify_access_time_tracking),
    (get(ws!("kqlDatabases/{kqlDatabaseId}/shortcuts"), "TableShortcuts_ListShortcuts", Some(Viewer), READ_TABLES)
        .of(KQLDatabase).simplified(), Documented, table_shortcuts::list),
    (post(ws!("kqlDatabases/{kqlDatabaseId}/shortcuts"),
        "TableShortcuts_CreateShortcut", Some(Contributor), WRITE_TABLES)
        .of(KQLDatabase).simplified(), Documented, table_shortcuts::create),
    (get(ws!("kqlDatabases/{kqlDatabaseId}/shortcuts/{shortcutName}"),
        "TableShortcuts_GetShortcut", Some(Viewer), READ_TABLES)
        .of(KQLDatabase).simplified(), Documented, table_shortcuts::get),
    (delete(ws!("kqlDatabases/{kqlDatabaseId}/shortcuts/{shortcutName}"),
        "TableShortcuts_DeleteShortcut", Some(Contributor), WRITE_TABLES)
        .of(KQLDatabase).simplified(), Documented, table_shortcuts::delete),
];
