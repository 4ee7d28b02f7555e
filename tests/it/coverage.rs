//! The table of operations against Microsoft's description, both ways. The description lies beside the project, in CI.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;

use serde_json::Value;
use specularite::http::operations::OPERATIONS;

use crate::lab::Lab;

/// What lies beside the project where it is built by us. Elsewhere its absence is said; in CI it is a failure.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let found = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    if found.exists() {
        return Some(found);
    }
    assert!(!std::env::var("CI").is_ok_and(|ci| ci == "true"), "{} is needed in CI", found.display());
    say(&format!("SKIPPED, LOUDLY: {} is not here", found.display()));
    None
}

/// Says something that is seen: the output of `println!` is held back where a test passes.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn described(path: PathBuf) -> BTreeSet<String> {
    let mut operations = BTreeSet::new();
    for entry in std::fs::read_dir(path).unwrap() {
        let Ok(text) = std::fs::read_to_string(entry.unwrap().path().join("swagger.json")) else { continue };
        let swagger: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
        for (path, methods) in swagger["paths"].as_object().unwrap() {
            let path = path.split('?').next().unwrap();
            for method in methods.as_object().unwrap().keys().filter(|method| *method != "parameters") {
                operations.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    operations
}

#[test]
fn the_table_is_the_description() {
    let Some(specs) = shared("specs") else { return };
    let described = described(specs);
    let table: BTreeSet<String> =
        OPERATIONS.iter().map(|operation| format!("{} {}", operation.method, operation.path)).collect();
    assert_eq!(table.difference(&described).collect::<Vec<_>>(), Vec::<&String>::new(), "in the table only");
    assert_eq!(described.difference(&table).collect::<Vec<_>>(), Vec::<&String>::new(), "in the description only");
    assert_eq!(table.len(), OPERATIONS.len(), "a row is there twice");
}

/// The scopes that a description asks for: what ends in `.All`, but for examples.
fn scopes(description: &str) -> BTreeSet<String> {
    let Some((_, rest)) =
        description.split_once("Required Delegated Scopes").or_else(|| description.split_once("Required Scope"))
    else {
        return BTreeSet::new();
    };
    let section = rest.split("\n##").next().unwrap_or_default();
    let without_examples: String = section
        .split("(for example")
        .enumerate()
        .map(|(n, text)| if n == 0 { text } else { text.split_once(')').map_or("", |(_, rest)| rest) })
        .collect();
    let words = without_examples.split(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '*');
    let words = words.map(|word| word.trim_matches('.').replace('*', ""));
    words.filter(|word| word.ends_with(".All") && word.matches('.').count() > 1).collect()
}

#[test]
fn the_scopes_are_those_of_the_description() {
    let Some(specs) = shared("specs") else { return };
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(specs).unwrap() {
        let Ok(text) = std::fs::read_to_string(entry.unwrap().path().join("swagger.json")) else { continue };
        let swagger: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
        for operation in OPERATIONS {
            let method = operation.method.as_str().to_lowercase();
            let described = &swagger["paths"][operation.path][method.as_str()];
            let Some(description) = described["description"].as_str() else { continue };
            let (asked, known) =
                (scopes(description), operation.scopes.split([' ', '+']).filter(|scope| !scope.is_empty()));
            let known: BTreeSet<String> = known.map(str::to_owned).collect();
            if asked != known {
                wrong.push(format!("{}: {known:?} for {asked:?}", operation.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_absent_operation_answers_501() {
    let lab = Lab::new();
    lab.settings(serde_json::json!({"throttle": "off"}));
    for operation in OPERATIONS {
        let path: Vec<&str> =
            operation.path.split('/').map(|segment| if segment.starts_with('{') { "x" } else { segment }).collect();
        let reply = lab.send(
            operation.method.as_str(),
            &format!("/v1{}", path.join("/")),
            &[("content-type", "application/json")],
            "{}",
        );
        assert_eq!(reply.status.as_u16() == 501, operation.handler().is_none(), "{} {}", operation.id, reply.status);
    }
}

/// Every operation of the public API and its newest SDKs is served or answers 501: never 404 `EndpointNotFound`, never 405.
#[test]
fn operations_of_the_public_api_are_served_or_answer_501() {
    let lab = Lab::new();
    lab.settings(serde_json::json!({"throttle": "off"}));
    let check = |method: &str, path: &str, id: &str| {
        let path: Vec<&str> =
            path.split('/').map(|segment| if segment.starts_with('{') { "x" } else { segment }).collect();
        let reply = lab.send(method, &path.join("/"), &[("content-type", "application/json")], "{}");
        let code = reply.header("x-ms-public-api-error-code").unwrap_or_default().to_owned();
        assert!(
            !["EndpointNotFound", "MethodNotAllowed"].contains(&code.as_str()),
            "{method} {} {code}",
            path.join("/")
        );
        if code == "NotEmulated" {
            assert!(reply.text().contains(id), "{id}: {}", reply.text());
        }
        code
    };
    let absent = include_str!("../../fixtures/absent-operations.tsv").lines().skip(1);
    for row in absent {
        let columns: Vec<&str> = row.split('\t').collect();
        assert_eq!(check(columns[0], &format!("/v1{}", columns[1]), columns[2]), "NotEmulated", "{row}");
    }
    let Some(published) = shared("specs/operations.tsv") else { return };
    let published = std::fs::read_to_string(published).unwrap();
    let rows: Vec<Vec<&str>> = published.lines().skip(1).map(|row| row.split('\t').collect()).collect();
    assert!(rows.len() > 700);
    for row in rows {
        let id = row[2].split(" (").next().unwrap();
        // Ids of the same operation differ between the description and the SDKs: then the path is what counts.
        let path = row[1].split('?').next().unwrap();
        let known = specularite::http::operations::all().any(|it| it.id == id);
        check(row[0], path, if known { id } else { "" });
    }
}
