//! Variable libraries: the default definition and the active value set.

use serde_json::{Map, Value, json};

use super::SCHEMAS;
use super::hooks::KindHooks;
use super::state::{KindChange, KindState};
use crate::fabric::FabricError;
use crate::fabric::item::{Item, Part};
use crate::fabric::name::NAME_MAX;

/// The member of `properties` that names the active value set.
const ACTIVE_VALUE_SET: &str = "activeValueSetName";
/// The value set that is active until a client activates another value set.
const DEFAULT_VALUE_SET: &str = "Default value set";

pub(super) const HOOKS: KindHooks = KindHooks {
    default_definition,
    state: || KindState::VariableLibrary { active_value_set: None },
    settable,
    ..KindHooks::DEFAULT
};

/// Returns the name of the active value set of a variable library.
pub fn active_value_set(item: &Item) -> &str {
    match &item.kind_state {
        KindState::VariableLibrary { active_value_set: Some(name) } => name,
        _ => DEFAULT_VALUE_SET,
    }
}

fn settable(properties: &Map<String, Value>) -> Result<Vec<KindChange>, FabricError> {
    match properties.get(ACTIVE_VALUE_SET) {
        None => Ok(Vec::new()),
        Some(Value::String(name)) if name.chars().count() <= NAME_MAX => {
            Ok(vec![KindChange::ValueSetActivated { name: name.clone() }])
        }
        Some(_) => Err(FabricError::invalid_input(format!(
            "The field {ACTIVE_VALUE_SET} must be a text of at most {NAME_MAX} characters."
        ))),
    }
}

fn default_definition(_: &Item, _: Option<&str>) -> Vec<Part> {
    let schema = |of: &str| format!("{SCHEMAS}/variableLibrary/definition/{of}/1.0.0/schema.json");
    vec![
        Part::crlf("variables.json", &json!({"$schema": schema("variables"), "variables": []})),
        Part::crlf("settings.json", &json!({"$schema": schema("settings"), "valueSetsOrder": []})),
    ]
}
