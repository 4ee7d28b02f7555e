//! Definitions of mirrored databases: accepted, read back, and rejected with the location of the error.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::harness::{Lab, base64, definition, open_mirror, part, sql_mirror};

/// Samples in `fixtures/definitions` named `valid-…` are accepted, `broken-…` rejected with the messages in the
/// snapshot.
#[test]
fn definition_samples_are_accepted_or_rejected_by_name() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let mut messages = String::new();
    let mut samples: Vec<_> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/definitions"))
        .expect("the fixtures are there")
        .map(|entry| entry.expect("a folder can be read").path())
        .collect();
    samples.sort();
    assert!(samples.len() >= 20, "samples are missing");
    for path in samples {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let body = json!({"displayName": name, "definition": definition(&text)});
        let reply = lab.post(&format!("{workspace}/mirroredDatabases"), body);
        if name.starts_with("valid-") {
            reply.is(201);
        } else {
            let body = reply.is(400).body();
            messages += &format!("{name}: {}\n", body["errorCode"].as_str().unwrap());
            for detail in body["moreDetails"].as_array().unwrap() {
                messages += &format!("    {}\n", detail["message"].as_str().unwrap());
            }
        }
    }
    insta::assert_snapshot!("broken_definitions", messages);
}

fn read_back(lab: &Lab, mirror: &str) -> Vec<(String, String)> {
    let body = lab.post_empty(&format!("{mirror}/getDefinition")).is(200).body();
    let text = |part: &Value| String::from_utf8(STANDARD.decode(part["payload"].as_str().unwrap()).unwrap()).unwrap();
    body["definition"]["parts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| (part["path"].as_str().unwrap().into(), text(part)))
        .collect()
}

#[test]
fn definition_is_read_back_reserialised_with_its_platform() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let text = r#"{ "properties": {"source":{"typeProperties":{},"type":"GenericMirror","later":[1,{}]},
        "target":{"type":"MountedRelationalDatabase","typeProperties":{"format":"Delta","retentionInDays":3}}}}"#;
    let body = json!({"displayName": "a", "description": "b", "definition": {"parts": [part("notes.txt", "kept"), part("mirroring.json", text)]}});
    let id = lab.post(&format!("{workspace}/mirroredDatabases"), body).is(201).id();
    let parts = read_back(&lab, &format!("{workspace}/mirroredDatabases/{id}"));
    let shown: Vec<String> =
        parts.iter().map(|(path, text)| format!("{path}\n{}\n", text.replace('\r', "␍"))).collect();
    insta::assert_snapshot!("definition_read_back", shown.join("\n"));
}

#[test]
fn definition_parts_are_checked_before_the_rules_of_the_kind() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let good = part("mirroring.json", &open_mirror().to_string());
    let platform = |text: &str| json!({"parts": [good, part(".platform", text)]});
    for (definition, code) in [
        (json!({"parts": [good, good]}), "InvalidDefinitionParts"),
        (
            json!({"parts": [{"path": "mirroring.json", "payloadType": "InlineBase64", "payload": "e30"}]}),
            "CorruptedPayload",
        ),
        (
            json!({"parts": [{"path": "mirroring.json", "payloadType": "InlineBase64", "payload": "/w=="}]}),
            "CorruptedPayload",
        ),
        (json!({"parts": [{"path": "mirroring.json", "payload": base64("{}")}]}), "InvalidInput"),
        (json!({"format": "x", "parts": [good]}), "InvalidDefinitionFormat"),
        (platform("{"), "InvalidPlatformFile"),
        (platform(r#""{}""#), "InvalidPlatformFile"),
        (platform(r#"{"metadata":{"type":"Lakehouse","displayName":"x"}}"#), "InvalidPlatformFile"),
        (platform(r#"{"metadata":{"type":"MirroredDatabase"}}"#), "InvalidPlatformFile"),
        (json!({"parts": vec![part("x", "x"); 1001]}), "InvalidDefinitionParts"),
    ] {
        lab.post(&format!("{workspace}/mirroredDatabases"), json!({"displayName": "d", "definition": definition}))
            .refuses(400, code);
    }
    assert_eq!(lab.get(&format!("{workspace}/items")).body(), json!({"value": []}));
}

#[test]
fn create_prefers_the_name_in_the_body_to_the_platform_file() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let platform = r#"{"metadata":{"type":"MirroredDatabase","displayName":"other","description":"from the file"}}"#;
    let parts = json!({"parts": [part("mirroring.json", &open_mirror().to_string()), part(".platform", platform)]});
    let made = lab
        .post(&format!("{workspace}/mirroredDatabases"), json!({"displayName": "mine", "definition": parts}))
        .is(201)
        .body();
    assert_eq!((&made["displayName"], &made["description"]), (&json!("mine"), &json!("from the file")));
}

#[test]
fn update_definition_is_atomic() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    lab.mirror(&workspace, "taken", &open_mirror());
    let mirror = lab.mirror(&workspace, "mine", &open_mirror());
    let before = read_back(&lab, &mirror);
    let platform = r#"{"metadata":{"type":"MirroredDatabase","displayName":"TAKEN"}}"#;
    let mut changed = open_mirror();
    changed["properties"]["target"]["typeProperties"]["retentionInDays"] = 3.into();
    let parts =
        json!({"definition": {"parts": [part("mirroring.json", &changed.to_string()), part(".platform", platform)]}});
    lab.post(&format!("{mirror}/updateDefinition?updateMetadata=true"), parts)
        .refuses(409, "ItemDisplayNameAlreadyInUse");
    assert_eq!(read_back(&lab, &mirror), before);
}

#[test]
fn update_definition_changes_source_and_target_only_while_stopped() {
    let lab = Lab::new();
    let mirror = lab.shop();
    let connection = lab.get("/v1/connections").body()["value"][0]["id"].as_str().unwrap().to_owned();
    let mut moved = sql_mirror(&connection, Some(&["Orders"]));
    moved["properties"]["target"]["typeProperties"]["defaultSchema"] = "sales".into();
    let update = |mirroring: &Value| {
        lab.post(&format!("{mirror}/updateDefinition"), json!({"definition": definition(&mirroring.to_string())}))
    };
    for (passes, status) in [(0.0, 400), (20.0, 200)] {
        lab.advance(passes);
        update(&moved).is(status);
    }
    lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    let back = sql_mirror(&connection, Some(&["Orders"]));
    for passes in [0.0, 20.0] {
        lab.advance(passes);
        update(&back).refuses(400, "OperationNotAllowedInCurrentStatus");
    }
    moved["properties"]["target"]["typeProperties"]["retentionInDays"] = 9.into();
    update(&moved).is(200);
    update(&open_mirror()).refuses(400, "InvalidDefinitionParts");
}

#[test]
fn platform_file_description_is_bounded() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let platform =
        json!({"metadata": {"type": "MirroredDatabase", "displayName": "x", "description": "x".repeat(257)}});
    let parts = json!({"parts": [part("mirroring.json", &open_mirror().to_string()), part(".platform", &platform.to_string())]});
    lab.post(&format!("{workspace}/mirroredDatabases"), json!({"displayName": "d", "definition": parts}))
        .refuses(400, "InvalidInput");
    assert_eq!(lab.get(&format!("{workspace}/items")).body(), json!({"value": []}));
}
