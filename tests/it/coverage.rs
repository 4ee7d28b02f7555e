//! The table of operations against Microsoft's API description, which is outside the repository and present in CI.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;

use serde_json::Value;
use specularite::http::operation::{Coverage, Operation};
use specularite::http::operations::{OPERATIONS, Route};
use specularite::http::{azure_capacities, power_bi};

use crate::harness::Lab;

/// A file of `../shared`. Where it is missing, the test is skipped with a notice, and fails if `CI` is `true`.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let found = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    if found.exists() {
        return Some(found);
    }
    assert!(!std::env::var("CI").is_ok_and(|ci| ci == "true"), "{} is needed in CI", found.display());
    notice(&format!("SKIPPED: {} is not here", found.display()));
    None
}

/// Prints a notice to standard error. Output of `println!` is captured when a test passes.
pub(crate) fn notice(text: &str) {
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

/// The operations of the description of mirroring.
fn operations() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().map(|route| &route.operation)
}

#[test]
fn operations_match_the_api_description() {
    let Some(specs) = shared("specs") else { return };
    let described = described(specs);
    let table: BTreeSet<String> =
        operations().map(|operation| format!("{} {}", operation.method, operation.path)).collect();
    assert_eq!(table.difference(&described).collect::<Vec<_>>(), Vec::<&String>::new(), "only in the table");
    assert_eq!(described.difference(&table).collect::<Vec<_>>(), Vec::<&String>::new(), "only in the description");
    assert_eq!(table.len(), OPERATIONS.len(), "a row is duplicated");
}

/// The scopes that a description requires: `Pipeline.Deploy`, and words that end in `.All`, except in examples.
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
    words.filter(|word| word == "Pipeline.Deploy" || word.ends_with(".All") && word.matches('.').count() > 1).collect()
}

#[test]
fn scopes_match_the_api_description() {
    let Some(specs) = shared("specs") else { return };
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(specs).unwrap() {
        let Ok(text) = std::fs::read_to_string(entry.unwrap().path().join("swagger.json")) else { continue };
        let swagger: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
        for operation in operations() {
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
fn absent_operations_answer_501() {
    let lab = Lab::unthrottled();
    for operation in operations() {
        let path: Vec<&str> =
            operation.path.split('/').map(|segment| if segment.starts_with('{') { "x" } else { segment }).collect();
        let reply = lab.send(
            operation.method.as_str(),
            &format!("/v1{}", path.join("/")),
            &[("content-type", "application/json")],
            "{}",
        );
        assert_eq!(
            reply.status.as_u16() == 501,
            operation.coverage == Coverage::Absent,
            "{} {}",
            operation.id,
            reply.status
        );
    }
}

/// The operations of Power BI and of Azure Resource Manager.
#[test]
fn absent_operations_of_other_services_answer_501() {
    let lab = Lab::unthrottled();
    for Route { operation, .. } in power_bi::OPERATIONS.iter().chain(azure_capacities::OPERATIONS) {
        let path: Vec<&str> =
            operation.path.split('/').map(|segment| if segment.starts_with('{') { "x" } else { segment }).collect();
        let headers = [("content-type", "application/json"), ("host", "management.azure.com")];
        let headers = if operation.path.starts_with("/v1.0/") { &headers[..1] } else { &headers[..] };
        let reply = lab.send(operation.method.as_str(), &path.join("/"), headers, "{}");
        assert_eq!(reply.status == 501, operation.coverage == Coverage::Absent, "{} {}", operation.id, reply.text());
    }
}

/// Every operation of the public API and its newest SDKs is served or answers 501: never 404 `EndpointNotFound`, never
/// 405.
#[test]
fn public_operations_are_served_or_answer_501() {
    let lab = Lab::unthrottled();
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
        // The description and the SDKs have different ids for some operations. Then only the path counts.
        let path = row[1].split('?').next().unwrap();
        let known = specularite::http::operations::all().any(|it| it.operation.id == id);
        check(row[0], path, if known { id } else { "" });
    }
}

#[test]
fn coverage_endpoint_counts_operations() {
    let lab = Lab::unthrottled();
    let body = lab.get("/_emulator/coverage").is(200).body();
    let operations = body["operations"].as_array().unwrap();
    let of = |id: &str| operations.iter().find(|it| it["operation"] == id).unwrap()["coverage"].clone();
    assert_eq!(of("Items_CreateMirroredDatabase"), "served");
    assert_eq!(of("Connections_TestConnection"), "simplified");
    assert_eq!(of("Git_Connect"), "served");
    assert_eq!(of("FabricCapacities_Suspend"), "served");
    assert_eq!(of("Datasets_RefreshDatasetInGroup"), "simplified");
    assert_eq!(of("Gateways_GetDatasources"), "simplified");
    assert_eq!(of("Workloads_ListWorkloads"), "absent");
    let groups = operations.iter().find(|it| it["operation"] == "Groups_GetGroups").unwrap();
    assert_eq!(groups["path"], "/v1.0/myorg/groups");
    let count = |what: &str| operations.iter().filter(|it| it["coverage"] == what).count() as u64;
    assert_eq!(body["served"].as_u64().unwrap(), count("served") + count("simplified"));
    assert_eq!(body["absent"].as_u64().unwrap(), count("absent"));
}
