//! Bodies of shortcuts.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fabric::item::shortcut::Shortcut;

#[derive(Deserialize)]
pub(crate) struct CreateShortcut {
    pub(crate) path: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) target: Option<Map<String, Value>>,
}

#[derive(Serialize)]
pub(crate) struct ShortcutBody<'a> {
    path: &'a str,
    name: &'a str,
    target: &'a Map<String, Value>,
}

impl<'a> From<&'a Shortcut> for ShortcutBody<'a> {
    fn from(shortcut: &'a Shortcut) -> Self {
        Self { path: &shortcut.path, name: &shortcut.name, target: &shortcut.target }
    }
}
