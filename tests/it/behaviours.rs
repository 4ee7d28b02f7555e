//! Behaviours: every selectable answer that no other test covers.

use serde_json::{Value, json};
use specularite::fabric::behaviours::Behaviours;

use crate::git;
use crate::harness::{Lab, MISSING, Reply, definition, open_mirror};

/// A behaviour, one of its answers, and a check of a mirrored database under it.
type Check = (&'static str, &'static str, fn(&Lab, &str) -> bool);

#[test]
fn behaviours_each_select_their_answer() {
    let checks: &[Check] = &[
        ("mirroringByApps", "200", |lab, mirror| by_app(lab, mirror).status == 200),
        ("mirroringByApps", "401", |lab, mirror| by_app(lab, mirror).status == 401),
        ("capacityNotActive", "404", |lab, mirror| paused(lab, mirror).status == 404),
        ("capacityNotActive", "503", |lab, mirror| paused(lab, mirror).status == 503),
        ("itemNotFound", "EntityNotFound", |lab, mirror| code(&missing(lab, mirror)) == "EntityNotFound"),
        ("itemNotFound", "ItemNotFound", |lab, mirror| code(&missing(lab, mirror)) == "ItemNotFound"),
        ("isRetriable", "present", |lab, mirror| missing(lab, mirror).body()["isRetriable"] == false),
        ("isRetriable", "absent", |lab, mirror| missing(lab, mirror).body().get("isRetriable").is_none()),
        ("emptyDescription", "empty", |lab, mirror| lab.get(mirror).body()["description"] == ""),
        ("emptyDescription", "absent", |lab, mirror| lab.get(mirror).body().get("description").is_none()),
        ("sqlEndpointProvisioning", "InProgress", |lab, mirror| {
            endpoint(lab, mirror)["provisioningStatus"] == "InProgress"
        }),
        ("sqlEndpointProvisioning", "null", |lab, mirror| endpoint(lab, mirror).is_null()),
        ("getDefinition", "200", |lab, mirror| lab.post_empty(&format!("{mirror}/getDefinition")).status == 200),
        ("getDefinition", "202", |lab, mirror| {
            lab.result(&lab.post_empty(&format!("{mirror}/getDefinition")).is(202)).body()["definition"]["parts"]
                .is_array()
        }),
        ("updateDefinition", "200", |lab, mirror| update(lab, mirror).status == 200),
        ("updateDefinition", "202", |lab, mirror| {
            lab.result(&update(lab, mirror).is(202)).body()["displayName"] == "m"
        }),
        ("warehouseCreation", "201", |lab, mirror| warehouse(lab, mirror).status == 201),
        ("warehouseCreation", "202", |lab, mirror| {
            lab.result(&warehouse(lab, mirror).is(202)).body()["type"] == "Warehouse"
        }),
        ("operationLocation", "same", |lab, mirror| {
            location(lab, mirror).starts_with("http://127.0.0.1:7310/v1/operations/")
        }),
        ("operationLocation", "regional", |lab, mirror| location(lab, mirror).starts_with("https://wabi-")),
        ("sqlDatabaseCreation", "Contributor", |lab, mirror| by_contributor(lab, mirror).status == 202),
        ("sqlDatabaseCreation", "Member", |lab, mirror| by_contributor(lab, mirror).status == 403),
        ("createWithoutDefinition", "400", |lab, mirror| without_definition(lab, mirror).status == 400),
        ("createWithoutDefinition", "201", |lab, mirror| without_definition(lab, mirror).status == 201),
        ("startAnswer", "200", |lab, mirror| started(lab, mirror).status == 200),
        ("startAnswer", "202", |lab, mirror| started(lab, mirror).status == 202),
        ("readsWhilePaused", "404", |lab, mirror| read_while_paused(lab, mirror).status == 404),
        ("readsWhilePaused", "500", |lab, mirror| read_while_paused(lab, mirror).status == 500),
        ("readsWhilePaused", "200", |lab, mirror| read_while_paused(lab, mirror).status == 200),
        ("gitStatus", "200", |lab, mirror| {
            initialized(lab, mirror, json!({"initializationStrategy": "PreferWorkspace"})).status == 200
        }),
        ("gitStatus", "202", |lab, mirror| {
            initialized(lab, mirror, json!({"initializationStrategy": "PreferWorkspace"})).status == 202
        }),
        ("gitInitialization", "MissingInitializationStrategy", |lab, mirror| {
            code(&initialized(lab, mirror, json!({}))) == "MissingInitializationStrategy"
        }),
        ("gitInitialization", "MissingInitializationPolicy", |lab, mirror| {
            code(&initialized(lab, mirror, json!({}))) == "MissingInitializationPolicy"
        }),
        ("doubleEncodedToken", "400", |lab, mirror| code(&twice(lab, mirror)) == "InvalidContinuationToken"),
        ("doubleEncodedToken", "firstPage", |lab, mirror| twice(lab, mirror).body()["value"][0]["displayName"] == "m"),
    ];
    for (name, answer, holds) in checks {
        let lab = Lab::new();
        let mirror = lab.mirror(&lab.workspace(), "m", &open_mirror());
        lab.settings(json!({"behaviours": {*name: answer}}));
        assert!(holds(&lab, &mirror), "{name}: {answer}");
    }
    // The tests of the operations themselves cover the others.
    let elsewhere = [
        "startWhileRunning",
        "stopWhileNotRunning",
        "tablesBeforeStart",
        "nameConflict",
        "operationMembers",
        "unknownPrincipal",
    ];
    for (name, answers) in Behaviours::ANSWERS {
        let tested = answers.iter().all(|answer| checks.iter().any(|(of, tests, _)| of == name && tests == answer));
        assert!(tested || elsewhere.contains(name), "{name} has no test");
    }
}

#[test]
fn behaviours_default_to_first_answer() {
    let defaults = serde_json::to_value(Behaviours::default()).unwrap();
    let first: Value = Behaviours::ANSWERS
        .iter()
        .map(|(name, answers)| ((*name).to_owned(), answers[0].into()))
        .collect::<serde_json::Map<_, _>>()
        .into();
    assert_eq!(defaults, first);
}

fn workspace(mirror: &str) -> &str {
    mirror.split("/mirroredDatabases").next().unwrap()
}

fn code(reply: &Reply) -> String {
    reply.header("x-ms-public-api-error-code").unwrap_or_default().to_owned()
}

fn by_app(lab: &Lab, mirror: &str) -> Reply {
    let app = "00000000-0000-4000-8000-00000000000b";
    lab.add_principals(&[(app, "ServicePrincipal")]);
    let role = json!({"principal": {"id": app, "type": "ServicePrincipal"}, "role": "Contributor"});
    lab.post(&format!("{}/roleAssignments", workspace(mirror)), role).is(201);
    lab.advance(30.0);
    lab.by(app, "app").post_empty(&format!("{mirror}/startMirroring"))
}

fn by_contributor(lab: &Lab, mirror: &str) -> Reply {
    let user = "00000000-0000-4000-8000-00000000000a";
    lab.assign_role(workspace(mirror), user, "Contributor");
    lab.user(user).post(&format!("{}/sqlDatabases", workspace(mirror)), json!({"displayName": "sql"}))
}

fn paused(lab: &Lab, mirror: &str) -> Reply {
    lab.set_capacity("Inactive");
    lab.post_empty(&format!("{mirror}/getMirroringStatus"))
}

/// The answer to the initialization of a Git connection whose branch has an item.
fn initialized(lab: &Lab, mirror: &str, body: Value) -> Reply {
    git::push(lab, "main", &git::mirror_files("", "other", MISSING));
    let connection = git::connected(lab, workspace(mirror));
    lab.post(&format!("{connection}/initializeConnection"), body)
}

/// The status of reads does not depend on that of writes.
fn read_while_paused(lab: &Lab, mirror: &str) -> Reply {
    lab.settings(json!({"behaviours": {"capacityNotActive": "503"}}));
    lab.set_capacity("Inactive");
    lab.get(&format!("{}/items", workspace(mirror))).is(200);
    lab.get(mirror)
}

fn without_definition(lab: &Lab, mirror: &str) -> Reply {
    lab.post(&format!("{}/mirroredDatabases", workspace(mirror)), json!({"displayName": "none"}))
}

fn started(lab: &Lab, mirror: &str) -> Reply {
    lab.advance(30.0);
    lab.post_empty(&format!("{mirror}/startMirroring"))
}

fn missing(lab: &Lab, mirror: &str) -> Reply {
    lab.get(&format!("{}/mirroredDatabases/{MISSING}", workspace(mirror))).is(404)
}

fn endpoint(lab: &Lab, mirror: &str) -> Value {
    lab.get(mirror).body()["properties"]["sqlEndpointProperties"].clone()
}

fn update(lab: &Lab, mirror: &str) -> Reply {
    let body = json!({"definition": definition(&open_mirror().to_string())});
    lab.post(&format!("{mirror}/updateDefinition"), body)
}

fn warehouse(lab: &Lab, mirror: &str) -> Reply {
    lab.post(&format!("{}/warehouses", workspace(mirror)), json!({"displayName": "w"}))
}

fn location(lab: &Lab, mirror: &str) -> String {
    let started = lab.post(&format!("{}/sqlDatabases", workspace(mirror)), json!({"displayName": "sql"})).is(202);
    started.header("location").unwrap().to_owned()
}

fn twice(lab: &Lab, mirror: &str) -> Reply {
    lab.create(workspace(mirror), "n", &open_mirror()).is(201);
    lab.settings(json!({"pageSize": 1}));
    let list = format!("{}/mirroredDatabases", workspace(mirror));
    let token = lab.get(&list).body()["continuationToken"].as_str().unwrap().replace('%', "%25");
    lab.get(&format!("{list}?continuationToken={token}"))
}
