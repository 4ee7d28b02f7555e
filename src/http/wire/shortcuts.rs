//! Bodies of shortcuts.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::required;
use crate::fabric::FabricError;
use crate::fabric::item::shortcut::Shortcut;
use crate::http::error::ErrorDetails;

#[derive(Deserialize)]
pub(crate) struct CreateShortcut {
    path: Option<String>,
    name: Option<String>,
    target: Option<Map<String, Value>>,
    transform: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateShortcuts {
    pub(crate) create_shortcut_requests: Option<Vec<CreateShortcut>>,
}

impl CreateShortcut {
    /// Returns the shortcut, without a position.
    pub(crate) fn parsed(self) -> Result<Shortcut, FabricError> {
        Ok(Shortcut {
            path: required(self.path, "Path")?,
            name: required(self.name, "Name")?,
            target: required(self.target, "Target")?,
            transform: self.transform,
            has_query_acceleration: false,
            position: 0,
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ShortcutBody<'a> {
    path: &'a str,
    name: &'a str,
    target: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transform: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_shortcut_transform: Option<bool>,
}

impl<'a> ShortcutBody<'a> {
    /// Creates the body of a shortcut in a list, which shows only whether there is a transform.
    pub(crate) fn listed(shortcut: &'a Shortcut) -> Self {
        let is_shortcut_transform = shortcut.transform.is_some().then_some(true);
        Self { transform: None, is_shortcut_transform, ..Self::from(shortcut) }
    }
}

impl<'a> From<&'a Shortcut> for ShortcutBody<'a> {
    fn from(shortcut: &'a Shortcut) -> Self {
        Self {
            path: &shortcut.path,
            name: &shortcut.name,
            target: &shortcut.target,
            transform: shortcut.transform.as_ref(),
            is_shortcut_transform: None,
        }
    }
}

/// A request to create a table shortcut.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateTableShortcut {
    name: Option<String>,
    enable_query_acceleration: Option<bool>,
    target: Option<Map<String, Value>>,
}

impl CreateTableShortcut {
    /// Returns the shortcut, without a position.
    pub(crate) fn parsed(self) -> Result<Shortcut, FabricError> {
        let name = required(self.name, "Name")?;
        let has_acceleration = required(self.enable_query_acceleration, "EnableQueryAcceleration")?;
        Ok(Shortcut::of_table(name, required(self.target, "Target")?, has_acceleration))
    }
}

/// A table shortcut of a KQL database.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TableShortcutBody<'a> {
    name: &'a str,
    enable_query_acceleration: bool,
    target: &'a Map<String, Value>,
}

impl<'a> From<&'a Shortcut> for TableShortcutBody<'a> {
    fn from(shortcut: &'a Shortcut) -> Self {
        Self {
            name: &shortcut.name,
            enable_query_acceleration: shortcut.has_query_acceleration,
            target: &shortcut.target,
        }
    }
}

/// The result of the creation of one of many shortcuts.
#[derive(Serialize)]
pub(crate) struct CreatedShortcutBody<'a> {
    request: RequestedShortcut<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<ShortcutBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDetails<'a>>,
    status: &'static str,
}

#[derive(Serialize)]
struct RequestedShortcut<'a> {
    name: &'a str,
    path: &'a str,
}

impl<'a> CreatedShortcutBody<'a> {
    /// Creates the body of a result. The name and the path are those of the request.
    pub(crate) fn new(name: &'a str, path: &'a str, created: &'a Result<Shortcut, FabricError>) -> Self {
        Self {
            request: RequestedShortcut { name, path },
            result: created.as_ref().ok().map(ShortcutBody::from),
            error: created.as_ref().err().map(ErrorDetails::from),
            status: if created.is_ok() { "Succeeded" } else { "Failed" },
        }
    }
}
