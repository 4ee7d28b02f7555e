//! Stored definitions and their parts. Clients send parts; the emulator writes others, in Fabric's formatting.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fabric::mirroring::MirroringConfig;
use crate::fabric::{ErrorCode, FabricError, json};

/// The maximum length of the path of a part, in characters (guessed).
const PATH_MAX: usize = 1_024;
/// The number of characters of a longer path that an error message repeats.
const PATH_SHOWN: usize = 60;

/// An accepted definition: its parts, and the mirroring configuration parsed from the parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Definition {
    /// The format; `None` if definitions of the kind have no format.
    pub format: Option<String>,
    /// The parts, without `.platform`. The required part is the first. `getDefinition` returns the parts in this order.
    pub parts: Vec<Part>,
    /// The configuration in `mirroring.json`; `None` for kinds other than mirrored databases.
    pub mirroring: Option<MirroringConfig>,
}

impl Definition {
    /// Returns the size of the parts in bytes.
    pub fn size(&self) -> usize {
        self.parts.iter().map(|part| part.path.len() + part.payload.len()).sum()
    }

    /// Returns the value of the first part with one of these paths; `None` if there is no such part, or if the part is
    /// not JSON.
    pub(super) fn json(&self, paths: &[&str]) -> Option<Value> {
        let part = self.parts.iter().find(|part| paths.contains(&part.path.as_str()))?;
        parse(part).ok().map(|(_, value)| value)
    }
}

/// A part as a client sends it, not yet checked.
#[derive(Debug, Clone)]
pub struct PartRequest {
    /// The path.
    pub path: String,
    /// The encoded payload.
    pub payload: String,
    /// The encoding of the payload. Only `InlineBase64` is accepted.
    pub payload_type: String,
}

impl PartRequest {
    /// Encodes a part, as a client would send it.
    pub(super) fn encoded(part: &Part) -> Self {
        let Part { path, payload } = part;
        Self {
            path: path.clone(),
            payload: STANDARD.encode(payload.as_slice()),
            payload_type: "InlineBase64".to_owned(),
        }
    }

    /// Returns the decoded payload. Rejects a payload type other than `InlineBase64`, and a payload that is not Base64
    /// with padding.
    pub(super) fn decoded(&self) -> Result<Vec<u8>, FabricError> {
        let Self { path, payload, payload_type } = self;
        if path.chars().count() > PATH_MAX {
            let start: String = path.chars().take(PATH_SHOWN).collect();
            return Err(FabricError::new(ErrorCode::InvalidDefinitionParts).detail(
                ErrorCode::InvalidDefinitionParts,
                format!("the path that begins with {start:?} has more than {PATH_MAX} characters"),
            ));
        }
        if !payload_type.eq_ignore_ascii_case("InlineBase64") {
            return Err(FabricError::new(ErrorCode::UnsupportedPayloadType).detail(
                ErrorCode::UnsupportedPayloadType,
                format!("{path}: payloadType is {payload_type:?}, InlineBase64 was expected"),
            ));
        }
        let decoded = STANDARD.decode(payload);
        decoded.map_err(|why| corrupted(format!("{path}: the payload is not base64 with its padding: {why}")))
    }
}

/// A decoded part of a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// The path.
    pub path: String,
    /// The decoded payload.
    #[serde(with = "as_base64")]
    pub payload: Arc<Vec<u8>>,
}

impl Part {
    /// Creates a part with this text.
    pub(super) fn text(path: &str, text: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), payload: Arc::new(text.into()) }
    }

    /// Creates a part with JSON on one line.
    pub(super) fn compact(path: &str, value: &Value) -> Self {
        Self::text(path, value.to_string())
    }

    /// Creates a part with JSON indented by two spaces, with LF line endings.
    pub(super) fn lf(path: &str, value: &Value) -> Self {
        Self::text(path, format!("{value:#}"))
    }

    /// Creates a part with JSON indented by two spaces, with CRLF line endings.
    pub(super) fn crlf(path: &str, value: &Value) -> Self {
        Self::text(path, json::to_crlf(value))
    }
}

/// Parses a part as JSON, with or without a byte order mark. Returns the text without the byte order mark, and the
/// value. The error is a message that names the path of the part.
pub(super) fn parse(part: &Part) -> Result<(&str, Value), String> {
    let text =
        std::str::from_utf8(&part.payload).map_err(|why| format!("{}: the payload is not UTF-8: {why}", part.path))?;
    let text = text.trim_start_matches('\u{feff}');
    if json::has_too_many_values(text.as_bytes()) {
        return Err(format!("{}: the payload has more than {} JSON values", part.path, json::VALUES_MAX));
    }
    serde_json::from_str(text).map(|value| (text, value)).map_err(|why| {
        let (line, column) = (why.line(), why.column());
        let why = why.to_string();
        let why = why.split(" at line ").next().unwrap_or_default();
        format!("{}, line {line}, column {column}: the payload is not JSON: {why}", part.path)
    })
}

/// Returns the error for a payload that cannot be decoded or parsed.
pub(super) fn corrupted(message: String) -> FabricError {
    FabricError::new(ErrorCode::CorruptedPayload).detail(ErrorCode::CorruptedPayload, message)
}

mod as_base64 {
    use std::sync::Arc;

    use base64::Engine as _;
    use base64::display::Base64Display;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(&Base64Display::new(bytes, &STANDARD))
        } else {
            serializer.serialize_bytes(bytes)
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<Vec<u8>>, D::Error> {
        STANDARD.decode(String::deserialize(deserializer)?).map(Arc::new).map_err(serde::de::Error::custom)
    }
}
