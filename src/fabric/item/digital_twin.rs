//! Digital twin builder flows: the builder that each belongs to.

use serde_json::{Value, json};

use super::{Item, ItemKind, definition};
use crate::ids::{ItemId, WorkspaceId};

/// The member of a creation payload and of the properties that names the builder.
const REFERENCE: &str = "digitalTwinBuilderItemReference";

/// `properties.digitalTwinBuilderItemReference` of a flow: from its creation payload, whatever the case of the members, or from its
/// definition, which names a builder of the same workspace.
pub fn builder_reference(item: &Item, workspace: WorkspaceId) -> Option<Value> {
    if item.kind != ItemKind::DigitalTwinBuilderFlow {
        return None;
    }
    let reference =
        |id: &Value, workspace: Value| json!({"referenceType": "ById", "itemId": id, "workspaceId": workspace});
    if let Some(given) = item.creation_payload.as_ref().and_then(|payload| member(payload, REFERENCE)) {
        let workspace = member(given, "workspaceId").cloned().unwrap_or_else(|| json!(workspace));
        return Some(reference(member(given, "itemId")?, workspace));
    }
    let part = item.definition.as_ref()?.parts.iter().find(|part| part.path == "definition.json")?;
    let (_, value) = definition::parse(part).ok()?;
    let builder: ItemId = member(&value, "DigitalTwinBuilderId")?.as_str()?.parse().ok()?;
    Some(reference(&json!(builder), json!(workspace)))
}

/// The member of this name, compared without regard to case.
fn member<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object.as_object()?.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
