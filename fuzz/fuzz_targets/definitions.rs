//! Definitions and `.platform`: any files are checked without a panic, and an accepted definition is accepted again.
//!
//! The first byte selects a kind of item. The files follow, separated by NUL bytes: a path, a new line, and the content.

#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use specularite::check::{Report, check as check_file};
use specularite::fabric::item::definition::{PLATFORM, check, check_files, kind_of, read_platform};
use specularite::fabric::item::kinds::{KINDS, KindSpec};
use specularite::fabric::item::definition::PartRequest;
use specularite::fabric::item::{DefinitionRequest, ItemKind, Part};

/// Kinds with rules for the form of their definitions. The first byte selects one of these or, above, any kind.
const SPECIAL: &[ItemKind] = &[
    ItemKind::MirroredDatabase,
    ItemKind::MirroredCatalog,
    ItemKind::MirroredAzureDatabricksCatalog,
    ItemKind::SQLDatabase,
    ItemKind::SemanticModel,
    ItemKind::Report,
    ItemKind::PaginatedReport,
    ItemKind::VariableLibrary,
];

/// The file that `specularite check` reads.
static FILE: LazyLock<tempfile::NamedTempFile> =
    LazyLock::new(|| tempfile::NamedTempFile::new().expect("a temporary file can be created"));

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((selector, files)) = input.split_first() else { return };
    let selector = usize::from(*selector);
    let any = || KINDS.iter().map(|spec: &KindSpec| spec.kind).cycle().nth(selector);
    let Some(kind) = SPECIAL.get(selector).copied().or_else(any) else { return };
    let parts: Vec<Part> = files.split(|byte| *byte == 0).filter_map(part).collect();
    let platform = parts.iter().find(|part| part.path == PLATFORM);
    if let Some(platform) = platform {
        let named = kind_of(platform);
        if read_platform(kind, platform).is_ok() {
            assert!(named.is_err() || named == Ok(kind), "{named:?}");
        }
    }
    check_once_and_again(kind, &parts);
    if kind == ItemKind::MirroredDatabase && parts.len() == 1 {
        check_as_file(&parts[0]);
    }
    let _ = check_files(kind, parts);
});

fn part(file: &[u8]) -> Option<Part> {
    let end = file.iter().position(|byte| *byte == b'\n')?;
    Some(Part { path: std::str::from_utf8(&file[..end]).ok()?.to_owned(), payload: file[end + 1..].to_vec().into() })
}

fn request(parts: &[Part], format: Option<String>) -> DefinitionRequest {
    let encoded = |part: &Part| PartRequest {
        path: part.path.clone(),
        payload: STANDARD.encode(&**part.payload),
        payload_type: "InlineBase64".into(),
    };
    DefinitionRequest { format, parts: parts.iter().map(encoded).collect() }
}

/// Checks a definition as a client sends it. The stored definition must be accepted again, without a change.
fn check_once_and_again(kind: ItemKind, parts: &[Part]) {
    let Ok((stored, _)) = check(kind, request(parts, None), true) else { return };
    let again = check(kind, request(&stored.parts, stored.format.clone()), true);
    assert_eq!(again.as_ref().map(|(definition, _)| definition), Ok(&stored));
}

/// Checks a `mirroring.json` on the disk. The result must be that of the same check in memory.
fn check_as_file(part: &Part) {
    std::fs::write(FILE.path(), &**part.payload).expect("the temporary file can be written");
    let mut report = Report::default();
    check_file(FILE.path(), &mut report).expect("the temporary file can be read");
    let part = Part { path: "mirroring.json".into(), payload: part.payload.clone() };
    let is_valid = check_files(ItemKind::MirroredDatabase, vec![part]).is_ok();
    assert_eq!(report.faults.is_empty(), is_valid, "{:?}", report.faults);
    assert!(report.faults.iter().all(|fault| fault.starts_with(&*FILE.path().to_string_lossy())), "{:?}", report.faults);
}
