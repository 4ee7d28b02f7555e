//! Definitions of items: checks that apply to all kinds, and reading a stored definition.

mod change;
mod finding;
mod platform;

use std::collections::HashSet;

pub use self::change::{get_definition, update_definition};
pub use self::finding::{Finding, findings};
pub(in crate::fabric) use self::platform::write_platform;
pub use self::platform::{PLATFORM, Platform, kind_of, read_platform};
pub use super::kinds::{Content, DefinitionSpec, Needed};
pub use super::part::{Definition, Part, PartRequest};
use super::part::{corrupted, parse};
use super::{Item, ItemKind};
use crate::fabric::mirroring::{self, MirroringConfig};
use crate::fabric::{ErrorCode, FabricError, json};

/// The maximum number of parts that an error message lists.
const PARTS_SHOWN: usize = 10;
/// The maximum number of parts in a definition, not counting `.platform`.
const PARTS_MAX: usize = 1_000;

/// A definition as a client sends it.
#[derive(Debug, Clone, Default)]
pub struct DefinitionRequest {
    /// The format. Most clients do not send a format.
    pub format: Option<String>,
    /// The parts, not yet decoded.
    pub parts: Vec<PartRequest>,
}

/// The result of [`check`]. Because the check can take long and needs no state, it comes before a decision, which holds a
/// lock. The decision returns the error in its place among the other errors.
pub type Checked = Result<(Definition, Option<Platform>), FabricError>;

/// Checks a definition. Returns the decoded definition, and the metadata in `.platform` if `platform_counts` is `true`.
/// Otherwise ignores `.platform`.
pub fn check(kind: ItemKind, request: DefinitionRequest, platform_counts: bool) -> Checked {
    let Some(spec) = &kind.spec().definition else {
        return Err(ErrorCode::OperationNotSupportedForItem.into());
    };
    let count = request.parts.iter().filter(|part| part.path != PLATFORM).count();
    if count > PARTS_MAX {
        return Err(invalid_parts(format!("{count} parts are more than the {PARTS_MAX} that a definition may have")));
    }
    let named = check_format(kind, request.format.as_deref())?;
    let parts = decode(request.parts)?;
    let format = named.or_else(|| spec.format_of(&parts));
    check_parts(kind, spec, format, parts, platform_counts)
}

/// Checks the files in a folder as the parts of a definition. Accepts every format of the kind.
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
) -> Checked {
    let platform =
        take(&mut parts, |path| path == PLATFORM).filter(|_| platform_counts).map(|part| read_platform(kind, &part));
    let platform = platform.transpose()?;
    let Some(main) = take(&mut parts, |path| spec.content.is_main(path, format)) else {
        let sent = parts.iter().map(|part| part.path.as_str()).take(PARTS_SHOWN).collect::<Vec<_>>().join(", ");
        let sent = if sent.is_empty() { String::new() } else { format!(", found: {sent}") };
        let missing = format!("the part {} is missing{sent}", spec.content.describe(format));
        return Err(
            FabricError::new(ErrorCode::MissingDefinitionParts).detail(ErrorCode::MissingDefinitionParts, missing)
        );
    };
    let (main, mirroring) = if spec.content == Content::Mirroring { read_mirroring(&main)? } else { (main, None) };
    parts.insert(0, main);
    Ok((Definition { format: format.map(str::to_owned), parts, mirroring }, platform))
}

/// Checks the content of the required part. Slow kinds parse this part only after the request was accepted. Therefore
/// an error fails the long-running operation, not the request. Requests that complete at once ignore the error.
pub(in crate::fabric) fn check_content(kind: ItemKind, definition: &Definition) -> Result<(), FabricError> {
    match kind.spec().definition.as_ref().map(|spec| spec.content) {
        Some(Content::Json(paths)) => {
            let main = definition.parts.iter().find(|part| paths.contains(&part.path.as_str()));
            main.map_or(Ok(()), |part| parse(part).map(drop).map_err(corrupted))
        }
        Some(Content::Any | Content::Mirroring | Content::Extension(_)) | None => Ok(()),
    }
}

/// Returns the name of a format in Fabric's spelling; `None` if no format is given. Rejects formats that the kind does
/// not have.
pub fn check_format(kind: ItemKind, format: Option<&str>) -> Result<Option<&'static str>, FabricError> {
    let Some(format) = format.filter(|format| !format.is_empty()) else { return Ok(None) };
    let formats = kind.spec().definition.as_ref().map_or(&[] as &[_], |spec| spec.formats);
    if let Some(known) = formats.iter().find(|known| known.eq_ignore_ascii_case(format)) {
        return Ok(Some(known));
    }
    let name = kind.spec().name;
    let message = if formats.is_empty() {
        format!("format is {format:?}: {name} has no named formats, leave it out")
    } else {
        format!("format is {format:?}: one of {} was expected", formats.join(", "))
    };
    Err(FabricError::new(ErrorCode::InvalidDefinitionFormat).detail(ErrorCode::InvalidDefinitionFormat, message))
}

/// Rejects a format that differs from the format of the stored definition, unless the kind can convert definitions.
fn check_convertible(item: &Item, format: Option<&str>) -> Result<(), FabricError> {
    let stored = item.definition.as_ref().and_then(|definition| definition.format.as_deref());
    match (stored, format) {
        (Some(stored), Some(requested)) if stored != requested && item.kind.spec().hooks.convert.is_none() => {
            Err(FabricError::new(ErrorCode::NotEmulated).message(format!(
                "Specularite does not convert definitions of this kind: the stored format is {stored}, not {requested}."
            )))
        }
        _ => Ok(()),
    }
}

/// An item's definition as `getDefinition` returns it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadBack {
    /// The format; `None` if responses for the kind do not include a format.
    pub format: Option<String>,
    /// The parts, with `.platform` last.
    pub parts: Vec<Part>,
}

/// Returns the definition of an item in a format that [`check_format`] accepted. For an item without a definition,
/// returns the default definition of its kind.
pub fn read_back(item: &Item, format: Option<&str>) -> ReadBack {
    let kind = item.kind.spec();
    let Some(spec) = &kind.definition else { return ReadBack { format: None, parts: Vec::new() } };
    let asked = format.or(spec.formats.first().copied());
    let (format, mut parts) = match (&item.definition, kind.hooks.convert) {
        (Some(definition), Some(convert)) => (None, convert(definition, asked)),
        (Some(definition), None) => (definition.format.clone(), definition.parts.clone()),
        (None, _) => (asked.map(str::to_owned), (kind.hooks.default_definition)(item, asked)),
    };
    parts.push(write_platform(item, item.logical_id));
    ReadBack { format: format.filter(|_| spec.shows_format), parts }
}

fn invalid_parts(message: String) -> FabricError {
    FabricError::new(ErrorCode::InvalidDefinitionParts).detail(ErrorCode::InvalidDefinitionParts, message)
}

fn decode(parts: Vec<PartRequest>) -> Result<Vec<Part>, FabricError> {
    let mut decoded: Vec<Part> = Vec::with_capacity(parts.len());
    let mut paths = HashSet::with_capacity(parts.len());
    for part in parts {
        let payload = part.decoded()?;
        let path = part.path;
        if !paths.insert(path.clone()) {
            return Err(invalid_parts(format!("the part {path} is there twice")));
        }
        decoded.push(Part { path, payload: payload.into() });
    }
    Ok(decoded)
}

fn take(parts: &mut Vec<Part>, is_it: impl Fn(&str) -> bool) -> Option<Part> {
    let at = parts.iter().position(|part| is_it(&part.path))?;
    Some(parts.remove(at))
}

fn read_mirroring(part: &Part) -> Result<(Part, Option<MirroringConfig>), FabricError> {
    let (text, value) = parse(part).map_err(corrupted)?;
    let config = mirroring::definition::read(text, &value)?;
    Ok((Part { path: part.path.clone(), payload: json::to_crlf(&value).into() }, Some(config)))
}
