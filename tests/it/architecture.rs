//! Rules about modules that neither types nor lints can express: the order of modules, and words that must not occur.

use std::collections::BTreeSet;
use std::path::Path;

use crate::imports::{ImportGraph, circles, sources};

/// The order of the modules below a parent: a module uses only modules after it. Those in parentheses form a known
/// circle.
const ORDER: &[(&str, &str)] = &[
    (
        "",
        "main run demo sign_in config environment server disconnect idle proxy tls check scenario_file item_folder http entra identification emulator traffic tenant state_file events journal content memory in_flight fabric \
         delta ca signing client hosts data_dir ids seed clock notify maybe_ready signals",
    ),
    // The circle: decisions take the state, and the state applies their facts to the same types.
    (
        "fabric",
        "scenario control changes upcoming overview timeline search integrity inventory excerpt access \
         ( assignments capacity connection deployment_pipeline domain encryption external_data_share fact fault folder gateway git item job managed_private_endpoint networking onelake onelake_settings operation operations principal role spark sql_pools state tag tenant_setting trouble trouble_view troubles workspace \
         workspaces ) throttle name ordered pattern settings pace landing mirroring page as_list behaviours error instant json weight",
    ),
    (
        "http",
        "dispatch page control operation_ids fabric_api api routes power_bi azure_capacities operations job_operations compute_operations admin_operations workspace_operations managed_identity resource_manager onelake entra \
         admin_domains admin_labels admin_workspaces bulk capacities catalog_search catalogs connection_roles connections domains data_access_roles deployment_pipelines datasets encryption environments external_data_shares admin_items folders gateway_members gateway_roles gateways git power_bi_admin power_bi_gateways groups items jobs lakehouses \
         managed_private_endpoints mirrored_databases networking recoverable_items relations onelake_settings role_assignments table_shortcuts shortcuts spark sql_databases sql_endpoints tags warehouses tenant_settings workspaces \
         long_running_operations multipart odata etag context path_parameters wire exchange fault error json operation answer request",
    ),
];

/// Where a word must not occur.
const BANNED: &[(&str, &[&str])] = &[
    (
        "src/fabric",
        &["axum", "tokio", "tower", "hyper", "crate::clock", "async fn", "StatusCode", "tracing", "Mutex", "RwLock"],
    ),
    ("src/delta", &["axum", "tokio", "hyper", "crate::clock", "crate::fabric", "async fn", "StatusCode", "tracing"]),
    ("src/http", &["DashMap", "RwLock", "Mutex", "Timestamp::now"]),
    ("src/entra", &["axum", "tokio", "hyper", "crate::clock", "async fn", "StatusCode", "std::fs", "DataDir"]),
    ("src", &["#[allow", "unimplemented!", "todo!"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The groups of an order: single modules, and known circles.
fn groups(order: &str) -> Vec<BTreeSet<String>> {
    let mut groups = Vec::new();
    let mut circle: Option<BTreeSet<String>> = None;
    for word in order.split_whitespace() {
        match (word, &mut circle) {
            ("(", _) => circle = Some(BTreeSet::new()),
            (")", _) => groups.extend(circle.take()),
            (module, Some(circle)) => drop(circle.insert(module.to_owned())),
            (module, None) => groups.push([module.to_owned()].into()),
        }
    }
    groups
}

#[test]
fn modules_use_only_modules_after_them() {
    let graph = ImportGraph::read(&root().join("src"));
    let mut broken = Vec::new();
    for (parent, order) in ORDER {
        let groups = groups(order);
        let rank = |module: &str| groups.iter().position(|group| group.contains(module));
        let path: Vec<&str> = parent.split("::").filter(|segment| !segment.is_empty()).collect();
        broken.extend(
            graph
                .modules(&path)
                .iter()
                .filter(|module| rank(module).is_none())
                .map(|module| format!("{parent}::{module} has no place in the order")),
        );
        let edges = graph.edges(&path).into_iter().filter(|(from, _)| from != "mod");
        broken.extend(
            edges.filter(|(from, to)| rank(from) > rank(to)).map(|(from, to)| format!("{parent}::{from} uses {to}")),
        );
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// The replication engine, its pace and everything below them know nothing of the state.
#[test]
fn mirroring_engine_is_in_no_circle() {
    let graph = ImportGraph::read(&root().join("src"));
    let circles = circles(&graph.edges(&["fabric"]));
    let is_known = |circle: &BTreeSet<String>| ["mirroring", "pace"].iter().all(|module| !circle.contains(*module));
    assert!(circles.iter().all(is_known), "{circles:?}");
}

#[test]
fn http_has_no_circle() {
    let graph = ImportGraph::read(&root().join("src"));
    for parent in [&["http"][..], &["http", "wire"], &["http", "control"], &["http", "entra"]] {
        assert_eq!(circles(&graph.edges(parent)), BTreeSet::new(), "{parent:?}");
    }
}

#[test]
fn banned_words_do_not_occur() {
    let mut broken = Vec::new();
    for (folder, words) in BANNED {
        for path in sources(&root().join(folder)) {
            let text = std::fs::read_to_string(&path).unwrap();
            broken.extend(
                words.iter().filter(|word| text.contains(**word)).map(|word| format!("{}: {word}", path.display())),
            );
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn references_to_the_fidelity_document_lead_somewhere() {
    let document = std::fs::read_to_string(root().join("docs/fidelity.md")).unwrap();
    let headings: Vec<String> = document
        .lines()
        .filter_map(|line| line.strip_prefix('#'))
        .map(|heading| heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-"))
        .collect();
    let mut lost = Vec::new();
    for path in sources(&root().join("src")) {
        let text = std::fs::read_to_string(&path).unwrap();
        for reference in text.split("fidelity.md#").skip(1) {
            let anchor: String = reference.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
            if !headings.contains(&anchor) {
                lost.push(format!("{}: #{anchor}", path.display()));
            }
        }
    }
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}
