//! Kinds of items: every row of the table of kinds, and what only some kinds do.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use specularite::fabric::item::ItemKind;
use specularite::fabric::item::definition::Needed;
use specularite::fabric::item::kinds::{KINDS, KindSpec, Rename};

use crate::harness::{Lab, MISSING, Reply, definition, open_mirror, part};

/// A lab and the path of a workspace.
fn lab() -> (Lab, String) {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    (lab, workspace)
}

/// The created item, from the response itself or from the result of its operation.
#[expect(clippy::needless_pass_by_value, reason = "tests pass responses in place")]
fn done(lab: &Lab, reply: Reply) -> Value {
    if reply.status == 202 { lab.result(&reply).is(200).body() } else { reply.body() }
}

/// The smallest request that creates an item of a kind.
fn least(lab: &Lab, workspace: &str, spec: &KindSpec, name: &str) -> Value {
    let mut body = json!({"displayName": name, "folderId": null, "type": spec.name});
    match spec.kind {
        ItemKind::MirroredDatabase => body["definition"] = definition(&open_mirror().to_string()),
        ItemKind::KQLDatabase => {
            let eventhouse = json!({"displayName": format!("house_of_{name}")});
            let eventhouse = lab.post(&format!("{workspace}/eventhouses"), eventhouse).is(201).id();
            body["creationPayload"] = json!({"databaseType": "ReadWrite", "parentEventhouseItemId": eventhouse});
        }
        ItemKind::DigitalTwinBuilderFlow => {
            let reference = json!({"referenceType": "ById", "itemId": workspace, "workspaceId": workspace});
            body["creationPayload"] = json!({"digitalTwinBuilderItemReference": reference});
        }
        ItemKind::MirroredAzureDatabricksCatalog => {
            body["creationPayload"] =
                json!({"catalogName": "main", "databricksWorkspaceConnectionId": MISSING, "mirroringMode": "Full"});
        }
        _ if spec.definition.is_some_and(|definition| definition.needed != Needed::Never) => {
            body["definition"] = given(spec, "1")
        }
        _ => {}
    }
    body
}

/// A valid definition of the kind with this content.
fn given(spec: &KindSpec, content: &str) -> Value {
    let content = format!("{{\"content\": {content}}}");
    let (path, text) = match spec.kind {
        ItemKind::MirroredDatabase => return definition(&open_mirror().to_string()),
        ItemKind::MirroredAzureDatabricksCatalog => {
            let document = json!({
                "name": content, "databricksWorkspaceConnectionId": MISSING, "mirroringMode": "Full",
            });
            ("mirroringAzureDatabricksCatalog.json", document.to_string())
        }
        ItemKind::MirroredCatalog => {
            let source = json!({
                "type": "AWSIcebergCatalog",
                "typeProperties": {"connectionId": MISSING, "scope": [content]},
            });
            ("MirroredCatalogDefinition.json", json!({"$schema": "x", "properties": {"source": source}}).to_string())
        }
        ItemKind::SQLDatabase => ("x.dacpac", content),
        ItemKind::PaginatedReport => ("x.rdl", content),
        ItemKind::CosmosDBDatabase => ("definition.json", content),
        ItemKind::Notebook => ("notebook-content.py", content),
        _ => ("content.json", content),
    };
    json!({"parts": [part(path, &text)]})
}

fn created() -> impl Iterator<Item = &'static KindSpec> {
    KINDS.iter().filter(|spec| spec.can_be_created)
}

/// An item with its path on the route of its kind and on the generic route.
struct Item {
    body: Value,
    own: String,
    generic: String,
}

impl Item {
    /// Creates an item on the route of its kind. The case of a path segment makes no difference.
    fn new(lab: &Lab, workspace: &str, spec: &KindSpec) -> Self {
        let own = format!("{workspace}/{}", spec.collection.to_uppercase());
        let body = done(lab, lab.post(&own, least(lab, workspace, spec, "one")));
        let id = body["id"].as_str().unwrap();
        Self { own: format!("{own}/{id}"), generic: format!("{workspace}/items/{id}"), body }
    }
}

#[test]
fn kinds_are_created_on_the_generic_route_and_their_own() {
    for spec in created() {
        let (lab, workspace) = lab();
        let item = Item::new(&lab, &workspace, spec).body;
        assert_eq!((&item["type"], &item["displayName"]), (&json!(spec.name), &json!("one")), "{item}");
        assert!(item.get("properties").is_none(), "{}", spec.name);
        let body = least(&lab, &workspace, spec, "two");
        done(&lab, lab.post(&format!("{workspace}/items"), body.clone()));
        lab.post(&format!("{workspace}/items"), body).refuses(409, "ItemDisplayNameAlreadyInUse");
        let listed = lab.get(&format!("{workspace}/{}", spec.collection)).is(200).body();
        let names = listed["value"].as_array().unwrap().iter().map(|it| it["displayName"].as_str().unwrap());
        assert_eq!(names.filter(|name| ["one", "two"].contains(name)).count(), 2, "{}: {listed}", spec.name);
    }
}

#[test]
fn kinds_are_read_on_the_generic_route_and_their_own() {
    for spec in created() {
        let (lab, workspace) = lab();
        let item = Item::new(&lab, &workspace, spec);
        let id = &item.body["id"];
        assert!(lab.get(&item.generic).is(200).body().get("properties").is_none());
        let typed = lab.get(&item.own).is(200).body();
        assert_eq!(typed["id"], *id);
        let listed = lab.get(&format!("{workspace}/{}", spec.collection)).is(200).body();
        let listed = listed["value"].as_array().unwrap().iter().find(|it| it["id"] == *id).unwrap();
        assert_eq!(listed["properties"], typed["properties"], "{}", spec.name);
        let other = if spec.kind == ItemKind::Notebook { "reports" } else { "notebooks" };
        lab.get(&format!("{workspace}/{other}/{}", id.as_str().unwrap())).refuses(404, "EntityNotFound");
        let connections = lab.get(&format!("{}/connections", item.generic));
        if spec.lists_connections {
            assert_eq!(connections.is(200).body(), json!({"value": []}));
        } else {
            connections.refuses(400, "OperationNotSupportedForItem");
        }
    }
}

#[test]
fn kinds_are_renamed_moved_and_deleted() {
    for spec in created() {
        let (lab, workspace) = lab();
        let item = Item::new(&lab, &workspace, spec);
        let renamed = lab.patch(&item.own, json!({"displayName": "three"}));
        match spec.rename {
            Rename::Accepted => assert_eq!(renamed.is(200).body()["displayName"], "three"),
            Rename::Ignored => drop(renamed.refuses(400, "InvalidRequest")),
            Rename::Refused(code) => drop(renamed.refuses(400, code.as_str())),
        }
        assert_eq!(lab.patch(&item.generic, json!({"description": "d"})).is(200).body()["description"], "d");
        let folder = lab.post(&format!("{workspace}/folders"), json!({"displayName": "f"})).is(201).id();
        let moved = lab.post(&format!("{}/move", item.generic), json!({"targetFolderId": folder}));
        if spec.kind == ItemKind::KQLDatabase {
            moved.refuses(400, "CannotMoveChildOnly");
        } else {
            moved.is(200);
            assert_eq!(lab.get(&item.generic).body()["folderId"], folder.as_str());
        }
        lab.delete(&item.own).is(200);
        lab.get(&item.generic).refuses(404, "EntityNotFound");
        lab.delete(&workspace).is(200);
    }
}

#[test]
fn updated_definition_is_read_back() {
    for spec in created() {
        let (lab, workspace) = lab();
        let item = done(&lab, lab.post(&format!("{workspace}/items"), least(&lab, &workspace, spec, "one")));
        let path = format!("{workspace}/{}/{}", spec.collection, item["id"].as_str().unwrap());
        let read = || lab.post_empty(&format!("{path}/getDefinition"));
        if spec.definition.is_none() {
            read().refuses(404, "EndpointNotFound");
            lab.post_empty(&format!("{}/getDefinition", path.replace(spec.collection, "items")))
                .refuses(400, "OperationNotSupportedForItem");
            continue;
        }
        let first = done(&lab, read().succeeds());
        let update = lab.post(&format!("{path}/updateDefinition"), json!({"definition": given(spec, "2")}));
        if update.status == 202 {
            assert_eq!(lab.result(&update).is(200).body()["id"], item["id"], "{}", spec.name);
        } else {
            assert!(update.is(200).bytes.is_empty());
        }
        let second = done(&lab, read());
        let given = given(spec, "2");
        let parts = second["definition"]["parts"].as_array().unwrap();
        assert_eq!(parts[0]["path"], given["parts"][0]["path"], "{}", spec.name);
        if spec.kind == ItemKind::MirroredDatabase {
            assert_eq!(first, second);
        } else {
            assert_eq!(parts[0]["payload"], given["parts"][0]["payload"], "{}", spec.name);
            assert_ne!(first, second, "{}", spec.name);
        }
        assert_eq!(parts.last().unwrap()["path"], ".platform");
    }
}

#[test]
fn default_definitions_by_kind() {
    let (lab, workspace) = lab();
    let mut shown = String::new();
    for spec in created().filter(|spec| spec.definition.is_some_and(|definition| definition.needed == Needed::Never)) {
        let item = done(&lab, lab.post(&format!("{workspace}/items"), least(&lab, &workspace, spec, spec.name)));
        let path = format!("{workspace}/items/{}/getDefinition", item["id"].as_str().unwrap());
        let definition = done(&lab, lab.post_empty(&path))["definition"].clone();
        shown += &format!("== {} {}\n", spec.name, definition["format"]);
        for part in definition["parts"].as_array().unwrap().iter().filter(|part| part["path"] != ".platform") {
            let payload = STANDARD.decode(part["payload"].as_str().unwrap()).unwrap();
            let text = String::from_utf8(payload).unwrap_or_else(|_| "(not text)".into());
            shown += &format!("-- {}\n{}\n", part["path"].as_str().unwrap(), text.replace('\r', "␍"));
        }
    }
    insta::assert_snapshot!("default_definitions", shown);
}

#[test]
fn properties_by_kind() {
    let (lab, workspace) = lab();
    let mut shown = String::new();
    for spec in created() {
        let item = done(&lab, lab.post(&format!("{workspace}/items"), least(&lab, &workspace, spec, spec.name)));
        lab.advance(30.0);
        let typed =
            lab.get(&format!("{workspace}/{}/{}", spec.collection, item["id"].as_str().unwrap())).is(200).body();
        shown += &format!("{}: {:#}\n", spec.name, typed["properties"]);
    }
    insta::assert_snapshot!("properties", shown);
}

/// Type and name of all items, in list order.
fn items(lab: &Lab, workspace: &str) -> Vec<String> {
    let list = lab.get(&format!("{workspace}/items")).is(200).body();
    let shown = |item: &Value| format!("{} {}", item["type"].as_str().unwrap(), item["displayName"].as_str().unwrap());
    list["value"].as_array().unwrap().iter().map(shown).collect()
}

/// Creates an item from its name alone; its id.
fn create(lab: &Lab, workspace: &str, collection: &str, name: &str) -> String {
    let reply = lab.post(&format!("{workspace}/{collection}"), json!({"displayName": name}));
    done(lab, reply)["id"].as_str().unwrap().to_owned()
}

#[test]
fn kql_databases_are_deleted_with_their_eventhouse() {
    let (lab, workspace) = lab();
    let house = create(&lab, &workspace, "eventhouses", "house");
    let database = lab.get(&format!("{workspace}/kqlDatabases")).body()["value"][0].clone();
    assert_eq!((&database["displayName"], &database["description"]), (&json!("house"), &json!("house")));
    let payload = json!({"displayName": "more", "creationPayload": {"parentEventhouseItemId": house}});
    done(&lab, lab.post(&format!("{workspace}/kqlDatabases"), payload));
    let shown = lab.get(&format!("{workspace}/eventhouses/{house}")).body();
    assert_eq!(shown["properties"]["databasesItemIds"].as_array().unwrap().len(), 2);
    lab.post(&format!("{workspace}/kqlDatabases"), json!({"displayName": "x"})).refuses(400, "InvalidInput");
    lab.delete(&format!("{workspace}/eventhouses/{house}")).is(200);
    assert_eq!(items(&lab, &workspace), [""; 0]);
}

#[test]
fn digital_twin_builder_lakehouse_outlives_its_parent() {
    let (lab, workspace) = lab();
    let builder = create(&lab, &workspace, "digitalTwinBuilders", "twin");
    lab.advance(30.0);
    assert_eq!(
        items(&lab, &workspace),
        [
            "SQLEndpoint twindtdm",
            "DigitalTwinBuilder twin",
            "Lakehouse twindtdm",
            "DigitalTwinBuilderFlow twinOnDemand"
        ]
    );
    lab.delete(&format!("{workspace}/digitalTwinBuilders/{builder}")).is(200);
    assert_eq!(items(&lab, &workspace), ["SQLEndpoint twindtdm", "Lakehouse twindtdm"]);
    let lakehouse = lab.get(&format!("{workspace}/lakehouses")).body()["value"][0]["id"].as_str().unwrap().to_owned();
    lab.delete(&format!("{workspace}/lakehouses/{lakehouse}")).is(200);
    assert_eq!(items(&lab, &workspace), [""; 0]);
}

#[test]
fn dataflow_staging_items_outlive_the_dataflow() {
    let (lab, workspace) = lab();
    let flow = create(&lab, &workspace, "dataflows", "flow");
    lab.advance(60.0);
    let names = items(&lab, &workspace);
    assert_eq!(names.len(), 4, "{names:?}");
    create(&lab, &workspace, "dataflows", "second");
    lab.delete(&format!("{workspace}/dataflows/{flow}")).is(200);
    assert_eq!(items(&lab, &workspace).len(), 4);
}

#[test]
fn item_list_is_grouped_by_kind_at_any_page_size() {
    let (lab, workspace) = lab();
    for spec in created().filter(|spec| spec.definition.is_some()) {
        done(&lab, lab.post(&format!("{workspace}/items"), least(&lab, &workspace, spec, "x")));
    }
    lab.advance(60.0);
    let whole = items(&lab, &workspace);
    let rank = |name: &String| {
        let kind = name.split(' ').next().unwrap();
        KINDS.iter().find(|spec| spec.name == kind).unwrap().rank
    };
    assert!(whole.is_sorted_by_key(rank), "{whole:?}");
    lab.settings(json!({"pageSize": 3}));
    let (mut pages, mut query) = (Vec::new(), String::new());
    loop {
        let body = lab.get(&format!("{workspace}/items{query}")).is(200).body();
        let shown =
            |item: &Value| format!("{} {}", item["type"].as_str().unwrap(), item["displayName"].as_str().unwrap());
        pages.extend(body["value"].as_array().unwrap().iter().map(shown));
        let Some(token) = body["continuationToken"].as_str() else { break };
        query = format!("?continuationToken={token}");
    }
    assert_eq!(pages, whole);
}

#[test]
fn item_names_follow_the_rules_of_their_kind() {
    let (lab, workspace) = lab();
    for kind in ["lakehouses", "environments", "ontologies"] {
        let refused =
            lab.post(&format!("{workspace}/{kind}"), json!({"displayName": "a b"})).refuses(400, "InvalidInput");
        assert!(refused.text().contains("DisplayName is Invalid for ArtifactType. DisplayName: <pi>a b</pi>"));
        lab.post(&format!("{workspace}/{kind}"), json!({"displayName": "a_1"})).is(201);
    }
    let app = "00000000-0000-4000-8000-00000000000b";
    lab.add_principals(&[(app, "ServicePrincipal")]);
    let role = json!({"principal": {"id": app, "type": "ServicePrincipal"}, "role": "Contributor"});
    lab.post(&format!("{workspace}/roleAssignments"), role).is(201);
    for spec in KINDS.iter().filter(|spec| !spec.can_be_created) {
        let path = format!("{workspace}/{}", spec.collection);
        lab.post(&path, json!({"displayName": "x"})).refuses(400, "UnsupportedItemType");
        let of_app =
            if spec.kind == ItemKind::SQLEndpoint { "UnsupportedItemType" } else { "PrincipalTypeNotSupported" };
        lab.by(app, "app").post(&path, json!({"displayName": "x"})).refuses(400, of_app);
        lab.get(&path).is(200);
    }
    lab.post(&format!("{workspace}/items"), json!({"displayName": "x", "type": "Dashboard"}))
        .refuses(400, "UnsupportedItemType");
}

#[test]
fn notebook_is_read_in_both_formats() {
    let (lab, workspace) = lab();
    let source = "# Fabric notebook source\n\n# CELL ********************\n\nprint(1)\n";
    let body = json!({"displayName": "n", "definition": {"parts": [part("notebook-content.py", source)]}});
    let id = done(&lab, lab.post(&format!("{workspace}/notebooks"), body))["id"].clone();
    let read = |format: &str| {
        let path = format!("{workspace}/notebooks/{}/getDefinition{format}", id.as_str().unwrap());
        done(&lab, lab.post_empty(&path))["definition"].clone()
    };
    assert_eq!((&read("")["parts"][0]["path"], read("").get("format")), (&json!("notebook-content.py"), None));
    assert_eq!(read("?format=fabricGitSource"), read(""));
    let ipynb = read("?format=ipynb")["parts"][0].clone();
    assert_eq!(ipynb["path"], "notebook-content.ipynb");
    let text = String::from_utf8(STANDARD.decode(ipynb["payload"].as_str().unwrap()).unwrap()).unwrap();
    assert!(text.contains(r#""source":["print(1)"]"#), "{text}");
}

#[test]
fn variable_library_selects_its_active_value_set() {
    let (lab, workspace) = lab();
    let id = lab.post(&format!("{workspace}/variableLibraries"), json!({"displayName": "v"})).is(201).id();
    let path = format!("{workspace}/VariableLibraries/{id}");
    assert_eq!(lab.get(&path).body()["properties"], json!({"activeValueSetName": "Default value set"}));
    let chosen = lab.patch(&path, json!({"properties": {"activeValueSetName": "test", "other": 1}})).is(200);
    assert!(
        chosen.text().contains(r#""properties":{"$type":"VariableLibraryProperties","activeValueSetName":"test"}"#)
    );
    assert_eq!(lab.get(&path).body()["properties"], json!({"activeValueSetName": "test"}));
    lab.patch(&path, json!({"properties": {"activeValueSetName": 1}})).refuses(400, "InvalidInput");
    lab.patch(&path, json!({"properties": {"other": 1}})).refuses(400, "InvalidRequest");
}

#[test]
fn workspace_identity_is_provisioned_and_removed() {
    let (lab, workspace) = lab();
    let started = lab.post_empty(&format!("{workspace}/provisionIdentity")).is(202);
    assert_eq!((started.header("retry-after"), started.header("etag")), (Some("5"), None));
    assert!(lab.get(&workspace).body().get("workspaceIdentity").is_none());
    let identity = lab.result(&started).is(200).body();
    assert_eq!(lab.get(&workspace).body()["workspaceIdentity"], identity);
    lab.post_empty(&format!("{workspace}/provisionIdentity")).refuses(409, "WorkspaceIdentityAlreadyExists");
    let ended = lab.post_empty(&format!("{workspace}/deprovisionIdentity")).is(202);
    lab.result(&ended).refuses(400, "OperationHasNoResult");
    let state = lab.get(&format!("/v1/operations/{}", ended.header("x-ms-operation-id").unwrap())).is(200);
    assert_eq!((state.header("location"), state.header("x-ms-operation-id")), (None, None));
    assert!(lab.get(&workspace).body().get("workspaceIdentity").is_none());
    lab.post_empty(&format!("{workspace}/deprovisionIdentity")).refuses(404, "WorkspaceIdentityNotFound");
}

#[test]
fn dataflows_share_one_staging_lakehouse() {
    let (lab, workspace) = lab();
    let flow = |name: &str| lab.post(&format!("{workspace}/dataflows"), json!({"displayName": name})).is(201).id();
    let first = flow("first");
    lab.delete(&format!("{workspace}/dataflows/{first}")).is(200);
    flow("second");
    lab.advance(60.0);
    let lakehouses = lab.get(&format!("{workspace}/lakehouses")).body();
    assert_eq!(lakehouses["value"].as_array().unwrap().len(), 1, "{lakehouses}");
}

#[test]
fn properties_come_from_creation_payloads_and_definitions() {
    let (lab, workspace) = lab();
    let other = "11111111-2222-4333-8444-555555555555";
    let id = workspace.rsplit('/').next().unwrap();
    let flow = |name: &str, member: &str, value: Value| {
        let made =
            lab.post(&format!("{workspace}/digitalTwinBuilderFlows"), json!({"displayName": name, member: value}));
        let id = done(&lab, made)["id"].as_str().unwrap().to_owned();
        lab.get(&format!("{workspace}/digitalTwinBuilderFlows/{id}")).is(200).body()["properties"].clone()
    };
    let expected =
        json!({"digitalTwinBuilderItemReference": {"referenceType": "ById", "itemId": other, "workspaceId": id}});
    let payload =
        json!({"digitalTwinBuilderItemReference": {"workspaceID": id, "referenceType": "ById", "itemID": other}});
    assert_eq!(flow("payload", "creationPayload", payload), expected);
    let text = json!({"DigitalTwinBuilderId": other, "OperationIds": [], "IsOnDemand": false}).to_string();
    assert_eq!(flow("definition", "definition", json!({"parts": [part("definition.json", &text)]})), expected);

    let snapshots = format!("{workspace}/warehousesnapshots");
    let snapshot = |parent: &str| json!({"displayName": "s", "creationPayload": {"parentWarehouseId": parent}});
    lab.post(&snapshots, snapshot("x")).refuses(400, "InvalidInput");
    let made = lab.post(&snapshots, snapshot(other)).is(201).id();
    let properties = lab.get(&format!("{snapshots}/{made}")).is(200).body()["properties"].clone();
    assert_eq!(properties["parentWarehouseId"], other);
    assert!(properties["connectionString"].is_string() && properties["snapshotDateTime"].is_string(), "{properties}");
}

/// The parts of reports and semantic models determine their format.
#[test]
fn definition_format_follows_from_the_parts() {
    let (lab, workspace) = lab();
    for (collection, first, second, format, other) in [
        ("semanticModels", "definition.pbism", "model.bim", "TMSL", "TMDL"),
        ("semanticModels", "definition.pbism", "definition/model.tmdl", "TMDL", "TMSL"),
        ("reports", "definition.pbir", "report.json", "PBIR-Legacy", "PBIR"),
        ("reports", "definition.pbir", "definition/report.json", "PBIR", "PBIR-Legacy"),
    ] {
        let parts = json!({"parts": [part(first, "{}"), part(second, "{}")]});
        let body = json!({"displayName": format, "definition": parts});
        let id = done(&lab, lab.post(&format!("{workspace}/{collection}"), body))["id"].as_str().unwrap().to_owned();
        let read = |query: &str| lab.post_empty(&format!("{workspace}/{collection}/{id}/getDefinition{query}"));
        assert_eq!(done(&lab, read(""))["definition"]["format"], format);
        assert_eq!(done(&lab, read(&format!("?format={format}")))["definition"]["format"], format);
        read(&format!("?format={other}")).refuses(501, "NotEmulated");
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
    lab.advance(60.0);
    assert_eq!(details(), first);
    let publish = || lab.post_empty(&format!("{workspace}/environments/{environment}/staging/publish")).is(200).body();
    let second = publish();
    assert_eq!(details(), second);
    assert_ne!(first["publishDetails"]["targetVersion"], second["publishDetails"]["targetVersion"]);
    assert_ne!(publish()["publishDetails"]["targetVersion"], second["publishDetails"]["targetVersion"]);
}
