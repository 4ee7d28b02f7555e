//! `.platform`: the part of a definition that contains the item's metadata.

use serde_json::{Value, json};

use super::{Part, parse};
use crate::fabric::item::{Item, ItemKind};
use crate::fabric::{ErrorCode, FabricError, json};
use crate::ids::LogicalId;

/// The path of the part `.platform`.
pub const PLATFORM: &str = ".platform";

/// The metadata of an item from its `.platform`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// The item's name.
    pub display_name: String,
    /// The item's description.
    pub description: Option<String>,
}

fn invalid(message: String) -> FabricError {
    FabricError::new(ErrorCode::InvalidPlatformFile).detail(ErrorCode::InvalidPlatformFile, message)
}

/// Returns the kind of item that a `.platform` describes.
pub fn kind_of(platform: &Part) -> Result<ItemKind, FabricError> {
    let (text, value) = parse(platform).map_err(invalid)?;
    let kind = value.pointer("/metadata/type").and_then(Value::as_str).and_then(|name| name.parse().ok());
    kind.ok_or_else(|| {
        let (line, column) = json::Positions::new(text).locate(&["metadata".into(), "type".into()]);
        invalid(format!("{PLATFORM}, line {line}, column {column}: metadata.type: a type of item was expected"))
    })
}

/// Reads the metadata in a `.platform`. Rejects a `.platform` for another kind.
pub fn read_platform(kind: ItemKind, part: &Part) -> Result<Platform, FabricError> {
    let (text, value) = parse(part).map_err(invalid)?;
    let fault = |member: &str, expected: &str| {
        let place: Vec<String> = member.split('.').map(str::to_owned).collect();
        let (line, column) = json::Positions::new(text).locate(&place);
        invalid(format!("{PLATFORM}, line {line}, column {column}: {member}: {expected} was expected"))
    };
    let metadata = value.get("metadata").and_then(Value::as_object).ok_or_else(|| fault("metadata", "an object"))?;
    let name = kind.spec().name;
    // `metadata.type` is optional, because Microsoft's examples omit it.
    if metadata.get("type").is_some_and(|given| given.as_str() != Some(name)) {
        return Err(fault("metadata.type", &format!("{name:?}")));
    }
    let display_name =
        metadata.get("displayName").and_then(Value::as_str).ok_or_else(|| fault("metadata.displayName", "a text"))?;
    let description = match metadata.get("description") {
        None | Some(Value::Null) => None,
        Some(Value::String(description)) => Some(description.clone()),
        Some(_) => return Err(fault("metadata.description", "a text")),
    };
    Ok(Platform { display_name: display_name.into(), description })
}

/// Returns `.platform` as Fabric writes it: indented by two spaces, with LF line endings. An empty description is
/// omitted. An item that is not under source control has a nil logical id.
pub(in crate::fabric) fn write_platform(item: &Item, logical_id: Option<LogicalId>) -> Part {
    let mut metadata = json!({"type": item.kind.spec().name, "displayName": item.display_name});
    if !item.description.is_empty() {
        metadata["description"] = item.description.as_str().into();
    }
    let platform = json!({
        "$schema": "https://developer.microsoft.com/json-schemas/fabric/gitIntegration/platformProperties/2.0.0/schema.json",
        "metadata": metadata,
        "config": {"version": "2.0", "logicalId": logical_id.unwrap_or(LogicalId::MIN)},
    });
    Part::lf(PLATFORM, &platform)
}
