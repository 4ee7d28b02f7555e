//! What lies around items: connection roles, tags of workspaces, shortcuts, search, identities, gateways and domains.

use serde_json::{Value, json};

use crate::lab::{Lab, open_mirror, sql_connection};

const ONE: &str = "00000000-0000-4000-8000-000000000011";
const OTHER: &str = "00000000-0000-4000-8000-000000000012";
const NOBODY: &str = "00000000-1111-4222-8333-444444444444";

fn lab() -> (Lab, String) {
    let lab = Lab::new();
    lab.settings(json!({"throttle": "off"}));
    let workspace = lab.workspace();
    (lab, workspace)
}

#[test]
fn connections_are_shared_by_roles() {
    let (lab, _) = lab();
    let path = format!("/v1/connections/{}", lab.connection());
    let roles = format!("{path}/roleAssignments");
    lab.knows(&[(ONE, "User"), (OTHER, "User")]);
    let give = |by: &Lab, id: &str, role: &str| {
        by.post(&roles, json!({"principal": {"id": id, "type": "User"}, "role": role}))
    };
    let user = lab.user(ONE);
    user.get(&path).refuses(404, "EntityNotFound");
    insta::assert_snapshot!("connection_role_given", give(&lab, ONE, "user").is(201).whole());
    user.get(&path).is(200);
    assert_eq!(user.get("/v1/connections").body()["value"].as_array().unwrap().len(), 1);
    user.patch(&path, json!({"connectivityType": "ShareableCloud"}))
        .refuses(403, "InsufficientPermissionsToManageConnection");
    user.delete(&path).refuses(403, "InsufficientPermissionsToManageConnection");
    give(&user, OTHER, "User").refuses(403, "InsufficientPermissionsToManageConnection");
    give(&lab, ONE, "Owner").refuses(400, "BadRequest");
    lab.settings(json!({"behaviours": {"unknownPrincipal": "400"}}));
    give(&lab, NOBODY, "User").refuses(400, "PrincipalNotFound");
    give(&lab, OTHER, "Boss").refuses(400, "InvalidInput");
    assert_eq!(
        lab.patch(&format!("{roles}/{ONE}"), json!({"role": "UserWithReshare"})).is(200).body()["role"],
        "UserWithReshare"
    );
    give(&user, OTHER, "Owner").refuses(403, "InsufficientPermissionsToManageConnection");
    give(&user, OTHER, "User").is(201);
    assert_eq!(lab.get(&roles).is(200).body()["value"].as_array().unwrap().len(), 3);
    assert_eq!(lab.get(&format!("{roles}/{OTHER}")).is(200).body()["role"], "User");
    lab.delete(&format!("{roles}/{OTHER}")).is(200);
    lab.get(&format!("{roles}/{OTHER}")).refuses(404, "EntityNotFound");
    let owner = lab.get(&roles).body()["value"][0]["id"].as_str().unwrap().to_owned();
    lab.delete(&format!("{roles}/{owner}")).refuses(400, "InvalidInput");
    lab.patch(&format!("{roles}/{owner}"), json!({"role": "User"})).refuses(400, "InvalidInput");
    assert_eq!(lab.call(&format!("{path}/testConnection")).is(200).body(), json!({"status": "Online"}));
    lab.user(NOBODY).call(&format!("{path}/testConnection")).refuses(404, "EntityNotFound");
}

#[test]
fn an_item_does_not_show_connections_that_its_reader_may_not_see() {
    let (lab, workspace) = lab();
    let connection = lab.post("/v1/connections", sql_connection("hidden")).is(201).id();
    let mirror =
        lab.mirror(&workspace, "m", &crate::lab::sql_mirror(&connection, None)).replace("mirroredDatabases", "items");
    lab.give(&workspace, ONE, "Contributor");
    let seen = |by: &Lab| by.get(&format!("{mirror}/connections")).is(200).body()["value"].as_array().unwrap().len();
    assert_eq!((seen(&lab), seen(&lab.user(ONE))), (1, 0));
}

#[test]
fn workspaces_bear_tags() {
    let (lab, workspace) = lab();
    lab.put("/_emulator/tags", json!({"value": [{"displayName": "t"}]})).is(200);
    let tag = lab.get("/v1/tags").body()["value"][0]["id"].clone();
    lab.post(&format!("{workspace}/applyTags"), json!({"tags": [tag]})).is(200);
    assert_eq!(lab.get(&workspace).body()["tags"], json!([{"id": tag, "displayName": "t"}]));
    lab.post(&format!("{workspace}/applyTags"), json!({"tags": [NOBODY]})).refuses(404, "EntityNotFound");
    lab.give(&workspace, ONE, "Member");
    let by_member = lab.user(ONE).post(&format!("{workspace}/applyTags"), json!({"tags": [tag]}));
    by_member.refuses(403, "InsufficientPrivileges");
    lab.post(&format!("{workspace}/unapplyTags"), json!({"tags": []})).refuses(400, "InvalidInputs");
    lab.post(&format!("{workspace}/unapplyTags"), json!({"tags": [tag]})).is(200);
    assert!(lab.get(&workspace).body().get("tags").is_none());
}

#[test]
fn shortcuts_are_kept_and_found_again() {
    let (lab, workspace) = lab();
    let lakehouse = lab.post(&format!("{workspace}/lakehouses"), json!({"displayName": "l"})).is(201).id();
    let shortcuts = format!("{workspace}/items/{lakehouse}/shortcuts");
    let target = json!({"oneLake": {"workspaceId": NOBODY, "itemId": NOBODY, "path": "Tables/t"}});
    let large = json!({"oneLake": {"path": "x".repeat(10_000)}});
    lab.post(&shortcuts, json!({"path": "Files", "name": "l", "target": large})).refuses(400, "InvalidInput");
    let make = |path: &str, name: &str, policy: &str| {
        lab.post(&format!("{shortcuts}{policy}"), json!({"path": path, "name": name, "target": target}))
    };
    let made = make("Files/deep er", "s 1", "").is(201);
    insta::assert_snapshot!("shortcut", made.whole());
    let location = made.header("location").unwrap().strip_prefix("http://127.0.0.1:7310").unwrap().to_owned();
    assert_eq!(lab.get(&location).is(200).body(), made.body());
    let odd = make("Files", "a=b&c+d", "").is(201).body();
    let odd_path = format!("{shortcuts}/Files/a=b&c+d");
    assert_eq!(lab.get(&odd_path).is(200).body(), odd);
    lab.delete(&odd_path).is(200);
    make("Files/deep er", "s 1", "").refuses(409, "EntityConflict");
    make("Files/deep er", "s 1", "?shortcutConflictPolicy=overwriteOnly").is(200);
    make("Tables", "t", "?shortcutConflictPolicy=OverwriteOnly").refuses(404, "EntityNotFound");
    make("Tables", "t", "?shortcutConflictPolicy=CreateOrOverwrite").is(201);
    assert_eq!(make("Tables", "t", "?shortcutConflictPolicy=GenerateUniqueName").is(201).body()["name"], "t (1)");
    make("Tables", "t", "?shortcutConflictPolicy=Perhaps").refuses(400, "InvalidInput");
    make("Elsewhere", "t", "").refuses(400, "InvalidInput");
    make("Files", "a/b", "").refuses(400, "InvalidInput");
    lab.post(&shortcuts, json!({"path": "Files", "name": "x", "target": {}})).refuses(400, "InvalidInput");
    let count = |query: &str| lab.get(&format!("{shortcuts}{query}")).is(200).body()["value"].as_array().unwrap().len();
    assert_eq!((count(""), count("?parentPath=Files"), count("?parentPath=Table")), (3, 1, 0));
    lab.delete(&location).is(200);
    lab.get(&location).refuses(404, "EntityNotFound");
}

#[test]
fn items_are_searched_where_the_caller_has_a_role() {
    let (lab, workspace) = lab();
    for name in ["Sales", "sales of last year", "other"] {
        lab.mirror(&workspace, name, &open_mirror());
    }
    lab.pass(30.0);
    let search = |by: &Lab, body: Value| by.post("/v1/catalog/search", body).is(200).body();
    let found = search(&lab, json!({"search": "SALES", "filter": "Type eq 'MirroredDatabase'"}));
    assert_eq!(found["value"].as_array().unwrap().len(), 2);
    insta::assert_snapshot!("catalog_entry", found["value"][0].to_string());
    let first = search(&lab, json!({"search": "", "pageSize": 4}));
    let rest = search(&lab, json!({"search": "", "pageSize": 4, "continuationToken": first["continuationToken"]}));
    assert_eq!((rest["value"].as_array().unwrap().len(), rest.get("continuationToken")), (2, None));
    assert_eq!(search(&lab.user(ONE), json!({"search": "sales"}))["value"], json!([]));
    for body in [json!({"pageSize": 0}), json!({"filter": "Size gt 3"})] {
        lab.post("/v1/catalog/search", body).refuses(400, "InvalidInput");
    }
    lab.post("/v1/catalog/search", json!({"continuationToken": "x"})).refuses(400, "InvalidContinuationToken");
}

#[test]
fn an_item_acts_as_the_caller_once_it_is_told_to() {
    let (lab, workspace) = lab();
    let item = lab.mirror(&workspace, "m", &open_mirror()).replace("mirroredDatabases", "items");
    let assign = |body: Value| lab.post(&format!("{item}/identities/default/assign?beta=true"), body);
    assign(json!({"assignmentType": "Somebody"})).refuses(400, "InvalidRequest");
    let id = item.rsplit('/').next().unwrap();
    let told = assign(json!({"assignmentType": "Caller"})).is(200).body();
    assert_eq!(told, json!({"assignmentStatus": [{"itemId": id, "status": "Succeeded"}]}));
    assert!(lab.get(&item).body().get("defaultIdentity").is_none());
    let shown = lab.get(&format!("{item}?include=defaultIdentity")).body();
    assert_eq!(shown["defaultIdentity"]["displayName"], "Specularite Admin");
    lab.get(&format!("{workspace}/items?include=DefaultIdentity,size")).refuses(400, "InvalidInput");
    let other = lab.get(&format!("{workspace}/items?include=DefaultIdentity")).is(200);
    assert!(other.body()["value"][0].get("defaultIdentity").is_some());
}

#[test]
fn gateways_and_domains_are_empty() {
    let (lab, _) = lab();
    for path in ["/v1/gateways", "/v1/domains"] {
        assert_eq!(lab.get(path).is(200).body(), json!({"value": []}));
        lab.get(&format!("{path}/{NOBODY}")).refuses(404, "EntityNotFound");
    }
}

#[test]
fn environment_publish_makes_a_new_version() {
    let (lab, workspace) = lab();
    let environment = lab.post(&format!("{workspace}/environments"), json!({"displayName": "e"})).is(201).id();
    let details = || {
        let shown = lab.get(&format!("{workspace}/environments/{environment}")).is(200).body()["properties"].clone();
        let listed = lab.get(&format!("{workspace}/environments/")).is(200).body();
        assert_eq!(listed["value"][0]["properties"], shown);
        shown
    };
    let first = details();
    assert_eq!(first["publishDetails"]["state"], "Success");
    lab.pass(60.0);
    assert_eq!(details(), first);
    let publish = || lab.call(&format!("{workspace}/environments/{environment}/staging/publish")).is(200).body();
    let second = publish();
    assert_eq!(details(), second);
    assert_ne!(first["publishDetails"]["targetVersion"], second["publishDetails"]["targetVersion"]);
    assert_ne!(publish()["publishDetails"]["targetVersion"], second["publishDetails"]["targetVersion"]);
}

#[test]
fn coverage_is_data() {
    let (lab, _) = lab();
    let body = lab.get("/_emulator/coverage").is(200).body();
    let operations = body["operations"].as_array().unwrap();
    let of = |id: &str| operations.iter().find(|it| it["operation"] == id).unwrap()["coverage"].clone();
    assert_eq!(of("Items_CreateMirroredDatabase"), "served");
    assert_eq!(of("Connections_TestConnection"), "simplified");
    assert_eq!(of("Git_Connect"), "absent");
    let count = |what: &str| operations.iter().filter(|it| it["coverage"] == what).count() as u64;
    assert_eq!(body["served"].as_u64().unwrap(), count("served") + count("simplified"));
    assert_eq!(body["absent"].as_u64().unwrap(), count("absent"));
}

#[test]
fn a_workspace_is_exported_and_imported_elsewhere() {
    let (lab, workspace) = lab();
    let folder = lab.post(&format!("{workspace}/folders"), json!({"displayName": "raw"})).is(201).id();
    let mirror = lab.mirror(&workspace, "m", &open_mirror()).replace("mirroredDatabases", "items");
    lab.call(&format!("{mirror}/move")).is(200);
    lab.post(&format!("{mirror}/move"), json!({"targetFolderId": folder})).is(200);
    lab.post(&format!("{workspace}/notebooks"), json!({"displayName": "n"})).succeeds();
    lab.pass(60.0);
    let notebook = lab.get(&format!("{workspace}/notebooks")).body()["value"][0]["id"].clone();

    let export = |body: Value| lab.post(&format!("{workspace}/items/bulkExportDefinitions?beta=true"), body);
    let without_beta = lab.post(&format!("{workspace}/items/bulkExportDefinitions"), json!({"mode": "All"})).is(200);
    assert_eq!(without_beta.body(), export(json!({"mode": "all"})).is(200).body());
    export(json!({})).refuses(400, "InvalidInput");
    export(json!({"mode": "Some"})).refuses(400, "InvalidInput");
    export(json!({"mode": "Selective", "items": [{"id": NOBODY}]})).refuses(404, "EntityNotFound");
    let one = export(json!({"mode": "Selective", "items": [{"id": notebook}]})).is(200).body();
    assert_eq!(one["itemDefinitionsIndex"], json!([{"id": notebook, "rootPath": "/n.Notebook"}]));
    let all = export(json!({"mode": "All"})).is(200).body();
    let roots = all["itemDefinitionsIndex"].as_array().unwrap().iter().map(|it| it["rootPath"].clone());
    assert_eq!(roots.collect::<Vec<_>>(), ["/raw/m.MirroredDatabase", "/n.Notebook"]);

    let capacity = lab.get(&workspace).body()["capacityId"].clone();
    let other = lab.post("/v1/workspaces", json!({"displayName": "elsewhere", "capacityId": capacity})).is(201).id();
    let other = format!("/v1/workspaces/{other}");
    let import = |parts: &Value, pairing: bool| {
        let body = json!({"definitionParts": parts, "options": {"allowPairingByName": pairing}});
        lab.post(&format!("{other}/items/bulkImportDefinitions?beta=true"), body)
    };
    let came = |reply: crate::lab::Reply, what: &str| {
        let details = lab.result(&reply.is(202)).body()["importItemDefinitionsDetails"].clone();
        let details = details.as_array().unwrap().iter();
        assert!(details.clone().all(|it| it["operationType"] == what && it["operationStatus"] == "Succeeded"));
        details.map(|it| it["itemId"].clone()).collect::<Vec<_>>()
    };
    let made = came(import(&all["definitionParts"], false), "Create");
    assert_eq!(made.len(), 2);
    lab.pass(30.0);
    let again = lab.post(&format!("{other}/items/bulkExportDefinitions?beta=true"), json!({"mode": "All"})).is(200);
    let sorted = |body: &Value| {
        let mut parts = body["definitionParts"].as_array().unwrap().clone();
        parts.sort_by_key(|part| part["path"].to_string());
        parts
    };
    assert_eq!(sorted(&again.body()), sorted(&all), "what went in is what comes out");

    // The main part shows the format, and all items appear when the import is done.
    let inner = json!([{"path": "q3/s.SQLDatabase/s.sqlproj", "payload": "", "payloadType": "InlineBase64"}]);
    let inner = lab.result(&import(&inner, false).is(202)).body();
    let inner = &inner["importItemDefinitionsDetails"][0];
    assert_eq!((&inner["itemType"], &inner["itemDisplayName"]), (&json!("SQLDatabase"), &json!("s")));
    let inner = lab.get(&format!("{other}/items/{}", inner["itemId"].as_str().unwrap())).is(200).body();
    lab.delete(&format!("{other}/items/{}", inner["id"].as_str().unwrap())).is(200);
    lab.delete(&format!("{other}/folders/{}", inner["folderId"].as_str().unwrap())).is(200);

    // Without an id of its own, an item is another of that name, unless it may be paired by it.
    import(&all["definitionParts"], false).refuses(409, "ItemDisplayNameAlreadyInUse");
    assert_eq!(came(import(&all["definitionParts"], true), "Update"), made);

    // What a slow kind finds only later makes all of it fail.
    let broken =
        json!({"path": "c.CosmosDBDatabase/definition.json", "payload": "ew==", "payloadType": "InlineBase64"});
    let before = lab.get(&format!("{other}/items")).body();
    let started = import(&json!([broken]), false).is(202);
    lab.result(&started).refuses(400, "OperationNotSucceeded");
    assert_eq!(lab.get(&format!("{other}/items")).body(), before);

    // All or nothing.
    let good = json!({"path": "/new/x.Notebook/notebook-content.py", "payload": "", "payloadType": "InlineBase64"});
    for (bad, code) in [("x.Notebook", "InvalidFilesPath"), ("/a/b.txt", "InvalidFilesPath")] {
        let bad = json!({"path": bad, "payload": "", "payloadType": "InlineBase64"});
        import(&json!([good, bad]), false).refuses(400, code);
    }
    let broken = json!({"path": "y.MirroredDatabase/mirroring.json", "payload": "?", "payloadType": "InlineBase64"});
    import(&json!([good, broken]), false).refuses(400, "CorruptedPayload");
    import(&json!([]), false).refuses(400, "InvalidInput");
    assert_eq!(lab.get(&format!("{other}/items")).body(), before);
    assert_eq!(lab.get(&format!("{other}/folders")).body()["value"].as_array().unwrap().len(), 1);
}

#[test]
fn lists_go_on_where_they_stopped_although_what_was_seen_is_gone() {
    let (lab, workspace) = lab();
    lab.settings(json!({"pageSize": 2}));
    let lakehouse = lab.post(&format!("{workspace}/lakehouses"), json!({"displayName": "l"})).is(201).id();
    let shortcuts = format!("{workspace}/items/{lakehouse}/shortcuts");
    let target = json!({"oneLake": {"workspaceId": NOBODY, "itemId": NOBODY, "path": "Tables/t"}});
    for name in ["a", "b", "c", "d"] {
        lab.post(&shortcuts, json!({"path": "Files", "name": name, "target": target})).is(201);
    }
    let connection = lab.connection();
    let roles = format!("/v1/connections/{connection}/roleAssignments");
    let people: Vec<String> = (1..4).map(|n| format!("00000000-0000-4000-8000-00000000002{n}")).collect();
    for id in &people {
        lab.knows(&[(id, "User")]);
        lab.post(&roles, json!({"principal": {"id": id, "type": "User"}, "role": "User"})).is(201);
    }
    for name in ["x1", "x2", "x3", "x4"] {
        lab.post(&format!("{workspace}/reflexes"), json!({"displayName": name})).is(201);
    }
    let search = |token: &Value| {
        lab.post("/v1/catalog/search", json!({"search": "x", "pageSize": 2, "continuationToken": token})).is(200).body()
    };
    let more = |path: &str, page: &Value| {
        lab.get(&format!("{path}?continuationToken={}", page["continuationToken"].as_str().unwrap())).is(200).body()
    };
    let names = |page: &Value, member: &str| {
        page["value"].as_array().unwrap().iter().map(|it| it[member].clone()).collect::<Vec<_>>()
    };

    let page = lab.get(&shortcuts).is(200).body();
    lab.delete(&format!("{shortcuts}/Files/a")).is(200);
    lab.post(
        &format!("{shortcuts}?shortcutConflictPolicy=CreateOrOverwrite"),
        json!({"path": "Files", "name": "b", "target": target}),
    )
    .is(200);
    assert_eq!(names(&more(&shortcuts, &page), "name"), ["c", "d"]);

    let page = lab.get(&roles).is(200).body();
    lab.delete(&format!("{roles}/{}", people[0])).is(200);
    assert_eq!(names(&more(&roles, &page), "id"), [json!(people[1]), json!(people[2])]);

    let page = search(&Value::Null);
    assert_eq!(names(&page, "displayName"), ["x1", "x2"]);
    lab.delete(&format!("{workspace}/items/{}", page["value"][0]["id"].as_str().unwrap())).is(200);
    assert_eq!(names(&search(&page["continuationToken"]), "displayName"), ["x3", "x4"]);
}

#[test]
fn a_semantic_model_is_bound_to_a_connection() {
    let (lab, workspace) = lab();
    let definition =
        json!({"parts": [crate::lab::part("definition.pbism", "{}"), crate::lab::part("model.bim", "{}")]});
    let model = json!({"displayName": "m", "definition": definition});
    let made = lab.post(&format!("{workspace}/semanticModels"), model).is(202);
    let model = lab.result(&made).id();
    let connection = lab.connection();
    let bind = |id: Value, path: &str| {
        let details = json!({"type": "SQL", "path": path});
        let binding = json!({"id": id, "connectivityType": "ShareableCloud", "connectionDetails": details});
        lab.post(&format!("{workspace}/semanticModels/{model}/bindConnection"), json!({"connectionBinding": binding}))
    };
    let bound = || lab.get(&format!("{workspace}/items/{model}/connections")).is(200).body()["value"].clone();
    assert_eq!(bound(), json!([]));
    assert!(bind(json!(connection), "server;database").is(200).bytes.is_empty());
    bind(json!(connection), "server;other").is(200);
    assert_eq!(bound().as_array().unwrap().len(), 1);
    assert_eq!(bound()[0]["id"], connection);
    bind(json!(NOBODY), "server;database").refuses(404, "EntityNotFound");
    bind(json!("x"), "server;database").refuses(400, "InvalidInput");
    bind(json!(connection), &"x".repeat(2_000)).refuses(400, "InvalidInput");
    for path in ["server;database", "server;other"] {
        assert_eq!(bound().as_array().unwrap().len(), 1);
        bind(Value::Null, path).is(200);
    }
    assert_eq!(bound(), json!([]));
    for n in 0..100 {
        bind(json!(connection), &n.to_string()).is(200);
    }
    bind(json!(connection), "one more").refuses(400, "InvalidInput");
    lab.post(&format!("{workspace}/semanticModels/{model}/bindConnection"), json!({})).refuses(400, "InvalidInput");
}
