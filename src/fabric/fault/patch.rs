//! JSON Patch (RFC 6902).
//!
//! The crate `json-patch` (5.0) does not fit. It removes a member with `Map::remove`, which moves the last member into
//! the gap: an answer would change its order of members. It also accepts steps with unknown members.

use serde::Deserialize;
use serde_json::Value;

/// A step of a JSON Patch.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase", deny_unknown_fields)]
pub enum PatchStep {
    /// Adds a member, or inserts an element into an array.
    Add {
        /// The place of the new value.
        path: Pointer,
        /// The new value.
        value: Value,
    },
    /// Removes a value.
    Remove {
        /// The place of the value.
        path: Pointer,
    },
    /// Replaces a value.
    Replace {
        /// The place of the value.
        path: Pointer,
        /// The new value.
        value: Value,
    },
    /// Moves a value.
    Move {
        /// The place from which the value is removed.
        from: Pointer,
        /// The place to which it is added.
        path: Pointer,
    },
    /// Copies a value.
    Copy {
        /// The place of the value.
        from: Pointer,
        /// The place to which its copy is added.
        path: Pointer,
    },
    /// Requires that a value is equal to another. If it is not, the patch does not apply.
    Test {
        /// The place of the value.
        path: Pointer,
        /// The expected value.
        value: Value,
    },
}

/// A JSON Pointer (RFC 6901).
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Pointer(String);

impl TryFrom<String> for Pointer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.is_empty() || text.starts_with('/') {
            return Ok(Self(text));
        }
        Err(format!("{text:?} is not a JSON Pointer: expected \"\" or a text that begins with /"))
    }
}

/// The maximum depth of a patched document. It is that of a parsed document.
const DEPTH_MAX: usize = 127;
/// The maximum size of all values that a patch adds, in bytes of memory.
const ADDED_MAX: usize = 16 << 20;

/// Returns a document with a patch applied. Returns `None` if a step does not apply, or if the document would become
/// deeper than `DEPTH_MAX` or grow by more than `ADDED_MAX`.
pub fn patched(mut document: Value, patch: &[PatchStep]) -> Option<Value> {
    let mut left = ADDED_MAX;
    let mut bounded = |path: &Pointer, value: Value| {
        let (size, depth) = measure(&value);
        left = left.checked_sub(size)?;
        (path.0.matches('/').count() + depth <= DEPTH_MAX).then_some(value)
    };
    for step in patch {
        match step {
            PatchStep::Add { path, value } => add(&mut document, path, bounded(path, value.clone())?)?,
            PatchStep::Remove { path } => drop(remove(&mut document, path)?),
            PatchStep::Replace { path, value } => *document.pointer_mut(&path.0)? = bounded(path, value.clone())?,
            PatchStep::Move { from, path } => {
                let value = remove(&mut document, from)?;
                add(&mut document, path, bounded(path, value)?)?;
            }
            PatchStep::Copy { from, path } => {
                let value = document.pointer(&from.0)?.clone();
                add(&mut document, path, bounded(path, value)?)?;
            }
            PatchStep::Test { path, value } => (document.pointer(&path.0)? == value).then_some(())?,
        }
    }
    Some(document)
}

/// Returns the approximate size of a value in bytes of memory, and its depth.
fn measure(value: &Value) -> (usize, usize) {
    let own = size_of::<Value>();
    let with = |(size, depth): (usize, usize), name: usize, value: &Value| {
        let (more, below) = measure(value);
        (size + name + more, depth.max(below + 1))
    };
    match value {
        Value::String(text) => (own + text.len(), 0),
        Value::Array(elements) => elements.iter().fold((own, 1), |sum, element| with(sum, 0, element)),
        Value::Object(members) => {
            members.iter().fold((own, 1), |sum, (name, value)| with(sum, own + name.len(), value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => (own, 0),
    }
}

/// Returns the value that contains the place of a pointer, and the last token of the pointer. Returns `None` for the
/// pointer to the whole document.
fn parent<'a>(document: &'a mut Value, pointer: &Pointer) -> Option<(&'a mut Value, String)> {
    let (parent, token) = pointer.0.rsplit_once('/')?;
    Some((document.pointer_mut(parent)?, token.replace("~1", "/").replace("~0", "~")))
}

fn add(document: &mut Value, path: &Pointer, value: Value) -> Option<()> {
    if path.0.is_empty() {
        *document = value;
        return Some(());
    }
    match parent(document, path)? {
        (Value::Object(members), name) => drop(members.insert(name, value)),
        (Value::Array(elements), place) => {
            let at = if place == "-" { elements.len() } else { index(&place)? };
            (at <= elements.len()).then(|| elements.insert(at, value))?;
        }
        _ => return None,
    }
    Some(())
}

fn remove(document: &mut Value, path: &Pointer) -> Option<Value> {
    match parent(document, path)? {
        (Value::Object(members), name) => members.shift_remove(&name),
        (Value::Array(elements), place) => {
            let at = index(&place)?;
            (at < elements.len()).then(|| elements.remove(at))
        }
        _ => None,
    }
}

/// Parses the index of an array element, which has no leading zeros.
fn index(place: &str) -> Option<usize> {
    let is_canonical = place == "0" || !place.starts_with(['0', '+']);
    if is_canonical { place.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(document: &Value, patch: Value, expected: Option<&str>) {
        let shown = patch.to_string();
        let patch: Vec<PatchStep> = serde_json::from_value(patch).unwrap();
        let patched = patched(document.clone(), &patch).map(|document| document.to_string());
        assert_eq!(patched.as_deref(), expected, "{shown}");
    }

    #[test]
    fn patched_document_is_bounded() {
        let check = |steps: Vec<Value>, applies: bool| {
            let patch: Vec<PatchStep> = serde_json::from_value(steps.into()).unwrap();
            assert_eq!(patched(json!({"a": {}}), &patch).is_some(), applies);
        };
        let copy = |path: String| json!({"op": "copy", "from": "", "path": path});
        // Each step doubles the document.
        check((0..10).map(|n| copy(format!("/m{n}"))).collect(), true);
        check((0..40).map(|n| copy(format!("/m{n}"))).collect(), false);
        // Each step makes the document one level deeper.
        check((0..DEPTH_MAX - 2).map(|_| copy("/a".into())).collect(), true);
        check((0..DEPTH_MAX - 1).map(|_| copy("/a".into())).collect(), false);
        let text = "x".repeat(ADDED_MAX / 2);
        let replace = json!({"op": "replace", "path": "/a", "value": text});
        check(vec![replace.clone()], true);
        check(vec![replace.clone(), replace], false);
    }

    #[test]
    fn patch_applies_every_operation_and_keeps_order() {
        let document = json!({"a": 1, "b": [1, 2], "c": {"x/y": 1, "m~n": 2}});
        for (patch, expected) in [
            (json!([]), Some(r#"{"a":1,"b":[1,2],"c":{"x/y":1,"m~n":2}}"#)),
            (json!([{"op": "remove", "path": "/a"}]), Some(r#"{"b":[1,2],"c":{"x/y":1,"m~n":2}}"#)),
            (json!([{"op": "remove", "path": "/b/0"}]), Some(r#"{"a":1,"b":[2],"c":{"x/y":1,"m~n":2}}"#)),
            (json!([{"op": "add", "path": "/b/1", "value": 9}]), Some(r#"{"a":1,"b":[1,9,2],"c":{"x/y":1,"m~n":2}}"#)),
            (json!([{"op": "add", "path": "/b/-", "value": 9}]), Some(r#"{"a":1,"b":[1,2,9],"c":{"x/y":1,"m~n":2}}"#)),
            (
                json!([{"op": "replace", "path": "/c/x~1y", "value": null}]),
                Some(r#"{"a":1,"b":[1,2],"c":{"x/y":null,"m~n":2}}"#),
            ),
            (json!([{"op": "remove", "path": "/c/m~0n"}]), Some(r#"{"a":1,"b":[1,2],"c":{"x/y":1}}"#)),
            (json!([{"op": "move", "from": "/a", "path": "/c"}]), Some(r#"{"b":[1,2],"c":1}"#)),
            (json!([{"op": "copy", "from": "/a", "path": "/c"}]), Some(r#"{"a":1,"b":[1,2],"c":1}"#)),
            (json!([{"op": "test", "path": "/a", "value": 1}, {"op": "add", "path": "", "value": 7}]), Some("7")),
            (json!([{"op": "test", "path": "/a", "value": 2}]), None),
            (json!([{"op": "remove", "path": "/x"}]), None),
            (json!([{"op": "replace", "path": "/x", "value": 1}]), None),
            (json!([{"op": "add", "path": "/x/y", "value": 1}]), None),
            (json!([{"op": "add", "path": "/b/3", "value": 1}]), None),
            (json!([{"op": "remove", "path": "/b/00"}]), None),
            (json!([{"op": "remove", "path": ""}]), None),
            (json!([{"op": "move", "from": "/c", "path": "/c/d"}]), None),
        ] {
            check(&document, patch, expected);
        }
    }

    #[test]
    fn patch_steps_are_parsed_strictly() {
        for step in [
            json!({"op": "frobnicate", "path": "/a"}),
            json!({"op": "add", "path": "/a"}),
            json!({"op": "remove", "path": "a"}),
            json!({"op": "remove", "path": "/a", "valeu": 1}),
        ] {
            assert!(serde_json::from_value::<PatchStep>(step.clone()).is_err(), "{step}");
        }
    }
}
