//! Definitions: parts, `.platform`, and what is refused before the kind's own rules are asked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Item, ItemKind};
use crate::fabric::mirroring::{self, Plan};
use crate::fabric::{ErrorCode, FabricError, json};

/// The part that holds an item's metadata.
pub const PLATFORM: &str = ".platform";
/// Parts of a definition at most.
const PARTS_MAX: usize = 1_000;

/// What a kind asks of its definition.
#[derive(Debug)]
pub struct DefinitionSpec {
    /// The part that must be there.
    pub required: &'static str,
    /// Whether that part is `mirroring.json`.
    pub is_mirroring: bool,
}

/// A definition as a client sends it.
#[derive(Debug, Clone, Default)]
pub struct DefinitionRequest {
    /// Its format; mostly none.
    pub format: Option<String>,
    /// Its parts.
    pub parts: Vec<PartRequest>,
}

/// A part as a client sends it.
#[derive(Debug, Clone)]
pub struct PartRequest {
    /// Its path.
    pub path: String,
    /// Its payload, encoded.
    pub payload: String,
    /// How it is encoded.
    pub payload_type: String,
}

/// A part, decoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its path.
    pub path: String,
    /// Its bytes.
    #[serde(with = "as_base64")]
    pub payload: Vec<u8>,
}

/// A definition that was accepted: its parts, and what was understood of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// The parts but `.platform`, as they are read back: the required one first.
    pub parts: Vec<Part>,
    /// What `mirroring.json` asks for.
    pub mirroring: Option<Plan>,
}

/// What `.platform` says about its item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// Its name.
    pub display_name: String,
    /// Its description.
    pub description: Option<String>,
}

/// Checks a definition, and says what its `.platform` says. That is looked into only where it counts, and ignored elsewhere.
pub fn check(
    kind: ItemKind,
    request: DefinitionRequest,
    platform_counts: bool,
) -> Result<(Definition, Option<Platform>), FabricError> {
    let Some(spec) = &kind.spec().definition else {
        return Err(ErrorCode::OperationNotSupportedForItem.into());
    };
    if request.parts.len() > PARTS_MAX {
        return Err(invalid_parts(format!(
            "{} parts are more than the {PARTS_MAX} that a definition may have",
            request.parts.len()
        )));
    }
    check_format(kind, request.format.as_deref())?;
    let mut parts = decode(request.parts)?;
    let platform =
        take(&mut parts, PLATFORM).filter(|_| platform_counts).map(|part| read_platform(kind, &part)).transpose()?;
    let Some(main) = take(&mut parts, spec.required) else {
        return Err(FabricError::new(ErrorCode::MissingDefinitionParts)
            .detail(ErrorCode::MissingDefinitionParts, format!("the part {} is missing", spec.required)));
    };
    let (main, mirroring) = if spec.is_mirroring { read_mirroring(&main)? } else { (main, None) };
    parts.insert(0, main);
    Ok((Definition { parts, mirroring }, platform))
}

/// Refuses a format that the kind has not; no kind that is emulated has a named one.
pub fn check_format(kind: ItemKind, format: Option<&str>) -> Result<(), FabricError> {
    let Some(format) = format.filter(|format| !format.is_empty()) else { return Ok(()) };
    let complaint = format!("format is {format:?}: {} has no named formats, leave it out", kind.spec().name);
    Err(FabricError::new(ErrorCode::InvalidDefinitionFormat).detail(ErrorCode::InvalidDefinitionFormat, complaint))
}

/// The parts of an item's definition, `.platform` last.
pub fn read_back(item: &Item) -> Vec<Part> {
    let parts = item.definition.iter().flat_map(|definition| definition.parts.iter().cloned());
    parts.chain([write_platform(item)]).collect()
}

fn invalid_parts(message: String) -> FabricError {
    FabricError::new(ErrorCode::InvalidDefinitionParts).detail(ErrorCode::InvalidDefinitionParts, message)
}

fn decode(parts: Vec<PartRequest>) -> Result<Vec<Part>, FabricError> {
    let mut decoded: Vec<Part> = Vec::with_capacity(parts.len());
    for PartRequest { path, payload, payload_type } in parts {
        if !payload_type.eq_ignore_ascii_case("InlineBase64") {
            return Err(FabricError::new(ErrorCode::UnsupportedPayloadType).detail(
                ErrorCode::UnsupportedPayloadType,
                format!("{path}: payloadType is {payload_type:?}, InlineBase64 was expected"),
            ));
        }
        let payload = STANDARD
            .decode(payload)
            .map_err(|why| corrupted(format!("{path}: the payload is not base64 with its padding: {why}")))?;
        if decoded.iter().any(|part| part.path == path) {
            return Err(invalid_parts(format!("the part {path} is there twice")));
        }
        decoded.push(Part { path, payload });
    }
    Ok(decoded)
}

fn corrupted(message: String) -> FabricError {
    FabricError::new(ErrorCode::CorruptedPayload).detail(ErrorCode::CorruptedPayload, message)
}

fn take(parts: &mut Vec<Part>, path: &str) -> Option<Part> {
    let at = parts.iter().position(|part| part.path == path)?;
    Some(parts.remove(at))
}

/// Reads JSON; a byte order mark before it does no harm.
fn parse(part: &Part) -> Result<(&str, Value), String> {
    let text =
        std::str::from_utf8(&part.payload).map_err(|why| format!("{}: the payload is not UTF-8: {why}", part.path))?;
    let text = text.trim_start_matches('\u{feff}');
    serde_json::from_str(text).map(|value| (text, value)).map_err(|why| {
        let (line, column) = (why.line(), why.column());
        let why = why.to_string();
        let why = why.split(" at line ").next().unwrap_or_default();
        format!("{}, line {line}, column {column}: the payload is not JSON: {why}", part.path)
    })
}

fn read_mirroring(part: &Part) -> Result<(Part, Option<Plan>), FabricError> {
    let (text, value) = parse(part).map_err(corrupted)?;
    let plan = mirroring::definition::read(text, &value)?;
    Ok((Part { path: part.path.clone(), payload: json::to_crlf(&value) }, Some(plan)))
}

fn read_platform(kind: ItemKind, part: &Part) -> Result<Platform, FabricError> {
    let invalid = |message: String| {
        FabricError::new(ErrorCode::InvalidPlatformFile).detail(ErrorCode::InvalidPlatformFile, message)
    };
    let (text, value) = parse(part).map_err(invalid)?;
    let fault = |member: &str, expected: &str| {
        let place: Vec<String> = member.split('.').map(str::to_owned).collect();
        let (line, column) = json::locate(text, &place);
        invalid(format!("{PLATFORM}, line {line}, column {column}: {member}: {expected} was expected"))
    };
    let metadata = value.get("metadata").and_then(Value::as_object).ok_or_else(|| fault("metadata", "an object"))?;
    let name = kind.spec().name;
    if metadata.get("type").and_then(Value::as_str) != Some(name) {
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

/// `.platform` as the service writes it: indented by two with LF, and without a description when there is none.
fn write_platform(item: &Item) -> Part {
    let mut metadata = json!({"type": item.kind.spec().name, "displayName": item.display_name});
    if !item.description.is_empty() {
        metadata["description"] = item.description.as_str().into();
    }
    let platform = json!({
        "$schema": "https://developer.microsoft.com/json-schemas/fabric/gitIntegration/platformProperties/2.0.0/schema.json",
        "metadata": metadata,
        "config": {"version": "2.0", "logicalId": "00000000-0000-0000-0000-000000000000"},
    });
    Part { path: PLATFORM.into(), payload: format!("{platform:#}").into_bytes() }
}

mod as_base64 {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
