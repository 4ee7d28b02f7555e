//! Definitions: parts, `.platform`, and what is refused before the kind's own rules are asked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Item, ItemKind, default_definition, notebook};
use crate::fabric::mirroring::{self, Plan};
use crate::fabric::{ErrorCode, FabricError, json};

/// The part that holds an item's metadata.
pub const PLATFORM: &str = ".platform";
/// Parts that a refusal names at most.
const PARTS_SHOWN: usize = 10;
/// Parts of a definition at most.
const PARTS_MAX: usize = 1_000;

/// What a kind asks of its definition.
#[derive(Debug, Clone, Copy)]
pub struct DefinitionSpec {
    /// What must be in it.
    pub content: Content,
    /// Whether an item can be created without one.
    pub needed: Needed,
    /// The formats that have a name, the default first; none where a definition has no format.
    pub formats: &'static [&'static str],
    /// Whether the format is told when a definition is read back.
    pub shows_format: bool,
    /// A part path and the format that it implies when a definition names no format.
    pub told_by: Option<(&'static str, &'static str)>,
}

impl DefinitionSpec {
    /// A definition that may be left out at the creation, and has no formats.
    pub(super) const fn new(content: Content) -> Self {
        Self { content, needed: Needed::Never, formats: &[], shows_format: false, told_by: None }
    }

    /// No item is created without.
    pub(super) const fn needed(mut self) -> Self {
        self.needed = Needed::Always;
        self
    }

    /// No item is created without on the kind's own route.
    pub(super) const fn needed_on_own_route(mut self) -> Self {
        self.needed = Needed::OnOwnRoute;
        self
    }

    /// With a part that implies a format when a definition names none.
    pub(super) const fn told_by(mut self, path: &'static str, format: &'static str) -> Self {
        self.told_by = Some((path, format));
        self
    }

    /// The format of a definition that names none: told by its parts, else the default.
    fn format_of(&self, parts: &[Part]) -> Option<&'static str> {
        let told = self.told_by.filter(|(path, _)| parts.iter().any(|part| part.path == *path));
        told.map(|(_, format)| format).or(self.formats.first().copied())
    }

    /// With formats, the default first.
    pub(super) const fn formats(mut self, formats: &'static [&'static str], shown: bool) -> Self {
        (self.formats, self.shows_format) = (formats, shown);
        self
    }
}

/// Where an item cannot be created without a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    /// It can.
    Never,
    /// On its kind's own route; a client that knows only the generic one, and nothing of the kind, is let do it.
    OnOwnRoute,
    /// Nowhere.
    Always,
}

/// What must be in a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Any part.
    Any,
    /// `mirroring.json`, which says what is replicated.
    Mirroring,
    /// A part of one of these paths, which is JSON; the first is the documented one.
    Json(&'static [&'static str]),
    /// By format, a part whose path ends so.
    Extension(&'static [(&'static str, &'static str)]),
}

impl Content {
    /// Whether a part is the one that must be there.
    fn is_main(self, path: &str, format: Option<&str>) -> bool {
        match self {
            Self::Any => true,
            Self::Mirroring => path == mirroring::definition::PATH,
            Self::Json(paths) => paths.contains(&path),
            Self::Extension(formats) => formats
                .iter()
                .any(|(of, ending)| format.is_none_or(|format| format == *of) && path.to_lowercase().ends_with(ending)),
        }
    }

    /// What is missed where it is not there.
    fn missed(self, format: Option<&str>) -> String {
        match self {
            Self::Any => "with the content".into(),
            Self::Mirroring => mirroring::definition::PATH.into(),
            Self::Json(paths) => paths.first().copied().unwrap_or_default().into(),
            Self::Extension(formats) => {
                let endings = formats.iter().filter(|(of, _)| format.is_none_or(|format| format == *of));
                endings.map(|(_, ending)| format!("*{ending}")).collect::<Vec<_>>().join(" or ")
            }
        }
    }
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

impl PartRequest {
    /// Its bytes; refused where they do not come as the service takes them.
    pub(super) fn decoded(&self) -> Result<Vec<u8>, FabricError> {
        let Self { path, payload, payload_type } = self;
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
    /// Its format, where its kind has formats.
    pub format: Option<String>,
    /// The parts but `.platform`, as they are read back: the required one first.
    pub parts: Vec<Part>,
    /// What `mirroring.json` asks for.
    pub mirroring: Option<Plan>,
}

impl Definition {
    /// Its size in memory, roughly, in bytes.
    pub fn weight(&self) -> usize {
        self.parts.iter().map(|part| part.path.len() + part.payload.len()).sum()
    }
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
    let named = check_format(kind, request.format.as_deref())?;
    let parts = decode(request.parts)?;
    let format = named.or_else(|| spec.format_of(&parts));
    check_parts(kind, spec, format, parts, platform_counts)
}

/// Checks parts that lie side by side, as those of a folder do, in the format that they are in.
pub fn check_files(kind: ItemKind, parts: Vec<Part>) -> Result<(), FabricError> {
    let Some(spec) = &kind.spec().definition else { return Ok(()) };
    let (definition, _) = check_parts(kind, spec, None, parts, true)?;
    check_content(kind, &definition)
}

fn check_parts(
    kind: ItemKind,
    spec: &DefinitionSpec,
    format: Option<&str>,
    mut parts: Vec<Part>,
    platform_counts: bool,
) -> Result<(Definition, Option<Platform>), FabricError> {
    let platform =
        take(&mut parts, |path| path == PLATFORM).filter(|_| platform_counts).map(|part| read_platform(kind, &part));
    let platform = platform.transpose()?;
    let Some(main) = take(&mut parts, |path| spec.content.is_main(path, format)) else {
        let sent = parts.iter().map(|part| part.path.as_str()).take(PARTS_SHOWN).collect::<Vec<_>>().join(", ");
        let sent = if sent.is_empty() { String::new() } else { format!(", found: {sent}") };
        let missed = format!("the part {} is missing{sent}", spec.content.missed(format));
        return Err(
            FabricError::new(ErrorCode::MissingDefinitionParts).detail(ErrorCode::MissingDefinitionParts, missed)
        );
    };
    let (main, mirroring) = if spec.content == Content::Mirroring { read_mirroring(&main)? } else { (main, None) };
    parts.insert(0, main);
    Ok((Definition { format: format.map(str::to_owned), parts, mirroring }, platform))
}

/// The kind of item that a `.platform` is for.
pub fn kind_of(platform: &Part) -> Result<ItemKind, FabricError> {
    let invalid = |message: String| {
        FabricError::new(ErrorCode::InvalidPlatformFile).detail(ErrorCode::InvalidPlatformFile, message)
    };
    let (text, value) = parse(platform).map_err(invalid)?;
    let kind = value.pointer("/metadata/type").and_then(Value::as_str).and_then(|name| name.parse().ok());
    kind.ok_or_else(|| {
        let (line, column) = json::locate(text, &["metadata".into(), "type".into()]);
        invalid(format!("{PLATFORM}, line {line}, column {column}: metadata.type: a type of item was expected"))
    })
}

/// Checks what a slow kind looks into only once the request was accepted: the operation fails on it.
pub(super) fn check_content(kind: ItemKind, definition: &Definition) -> Result<(), FabricError> {
    match kind.spec().definition.as_ref().map(|spec| spec.content) {
        Some(Content::Json(paths)) => {
            let main = definition.parts.iter().find(|part| paths.contains(&part.path.as_str()));
            main.map_or(Ok(()), |part| parse(part).map(drop).map_err(corrupted))
        }
        Some(Content::Any | Content::Mirroring | Content::Extension(_)) | None => Ok(()),
    }
}

/// The format of this name, as the kind spells it; refused where the kind has none such.
pub fn check_format(kind: ItemKind, format: Option<&str>) -> Result<Option<&'static str>, FabricError> {
    let Some(format) = format.filter(|format| !format.is_empty()) else { return Ok(None) };
    let formats = kind.spec().definition.as_ref().map_or(&[] as &[_], |spec| spec.formats);
    if let Some(known) = formats.iter().find(|known| known.eq_ignore_ascii_case(format)) {
        return Ok(Some(known));
    }
    let name = kind.spec().name;
    let complaint = if formats.is_empty() {
        format!("format is {format:?}: {name} has no named formats, leave it out")
    } else {
        format!("format is {format:?}: one of {} was expected", formats.join(", "))
    };
    Err(FabricError::new(ErrorCode::InvalidDefinitionFormat).detail(ErrorCode::InvalidDefinitionFormat, complaint))
}

/// Refuses a format that the item's definition was not given in: only notebooks are translated.
pub(super) fn check_given(item: &Item, format: Option<&str>) -> Result<(), FabricError> {
    let given = item.definition.as_ref().and_then(|definition| definition.format.as_deref());
    match (given, format) {
        (Some(given), Some(asked)) if given != asked && item.kind != ItemKind::Notebook => {
            Err(FabricError::new(ErrorCode::NotEmulated).message(format!(
                "Specularite does not translate definitions: this one was given as {given}, and {asked} is asked for."
            )))
        }
        _ => Ok(()),
    }
}

/// An item's definition as it is read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadBack {
    /// Its format, where its kind has formats.
    pub format: Option<String>,
    /// Its parts, `.platform` last.
    pub parts: Vec<Part>,
}

/// The definition of an item, in a format that was checked.
pub fn read_back(item: &Item, format: Option<&str>) -> ReadBack {
    let Some(spec) = &item.kind.spec().definition else { return ReadBack { format: None, parts: Vec::new() } };
    let asked = format.or(spec.formats.first().copied());
    let (format, mut parts) = match &item.definition {
        Some(definition) if item.kind == ItemKind::Notebook => (None, notebook::translated(definition, asked)),
        Some(definition) => (definition.format.clone(), definition.parts.clone()),
        None => (asked.map(str::to_owned), default_definition::parts(item, asked)),
    };
    parts.push(write_platform(item));
    ReadBack { format: format.filter(|_| spec.shows_format), parts }
}

fn invalid_parts(message: String) -> FabricError {
    FabricError::new(ErrorCode::InvalidDefinitionParts).detail(ErrorCode::InvalidDefinitionParts, message)
}

fn decode(parts: Vec<PartRequest>) -> Result<Vec<Part>, FabricError> {
    let mut decoded: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        let payload = part.decoded()?;
        let path = part.path;
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

fn take(parts: &mut Vec<Part>, is_it: impl Fn(&str) -> bool) -> Option<Part> {
    let at = parts.iter().position(|part| is_it(&part.path))?;
    Some(parts.remove(at))
}

/// Reads JSON; a byte order mark before it does no harm.
pub(super) fn parse(part: &Part) -> Result<(&str, Value), String> {
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

/// Reads a `.platform` that is to be for items of this kind.
pub fn read_platform(kind: ItemKind, part: &Part) -> Result<Platform, FabricError> {
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
    // Microsoft's own examples leave the type out.
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
