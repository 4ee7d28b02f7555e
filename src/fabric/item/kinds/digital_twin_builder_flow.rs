//! Digital twin builder flows. Each flow refers to its digital twin builder.

use serde_json::{Value, json};

use super::ItemKind;
use super::hooks::KindHooks;
use crate::fabric::item::{Item, Part, text_of};
use crate::ids::{ItemId, WorkspaceId};

/// The name of the member that refers to the builder, both in the creation payload and in `properties`.
pub(super) const REFERENCE: &str = "digitalTwinBuilderItemReference";

pub(super) const HOOKS: KindHooks = KindHooks { default_definition, ..KindHooks::DEFAULT };

fn default_definition(item: &Item, _: Option<&str>) -> Vec<Part> {
    let builder = text_of(item, "/digitalTwinBuilderItemReference/itemId");
    let definition = json!({"DigitalTwinBuilderId": builder, "OperationIds": [], "IsOnDemand": false});
    vec![Part::crlf("definition.json", &definition)]
}

/// Returns `properties.digitalTwinBuilderItemReference` of a flow; `None` for items of other kinds. The reference comes
/// from the creation payload, or else from the definition. A definition names a builder in the workspace of the flow.
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
    let definition = item.definition.as_ref()?.json(&["definition.json"])?;
    let builder: ItemId = member(&definition, "DigitalTwinBuilderId")?.as_str()?.parse().ok()?;
    Some(reference(&json!(builder), json!(workspace)))
}

/// Returns the value of the member with this name, regardless of case.
fn member<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object.as_object()?.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
