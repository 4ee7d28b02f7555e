//! Every kind of item through its whole life, row by row of the table of kinds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use specularite::fabric::item::ItemKind;
use specularite::fabric::item::definition::Needed;
use specularite::fabric::item::kinds::{KINDS, KindSpec, Rename};

use crate::lab::{Lab, Reply, definition, open_mirror, part};

/// A lab with a workspace; its path.
fn lab() -> (Lab, String) {
    let lab = Lab::new();
    lab.settings(json!({"throttle": "off"}));
    let workspace = lab.workspace();
    (lab, workspace)
}

/// What is there, whether at once or by an operation.
#[expect(clippy::needless_pass_by_value, reason = "tests ask in place")]
fn done(lab: &Lab, reply: Reply) -> Value {
    if reply.status == 202 { lab.result(&reply).is(200).body() } else { reply.body() }
}

/// The least that makes an item of a kind.
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
            let connection = "00000000-1111-4222-8333-444444444444";
            body["creationPayload"] =
                json!({"catalogName": "main", "databricksWorkspaceConnectionId": connection, "mirroringMode": "Full"});
        }
        _ if spec.definition.is_some_and(|definition| definition.needed != Needed::Never) => {
            body["definition"] = given(spec, "1")
        }
        _ => {}
    }
    body
}

/// A definition that the kind takes, with a content.
fn given(spec: &KindSpec, content: &str) -> Value {
    let content = format!("{{\"content\": {content}}}");
    let (path, text) = match spec.kind {
        ItemKind::MirroredDatabase => return definition(&open_mirror().to_string()),
        ItemKind::MirroredAzureDatabricksCatalog => {
            let told = json!({
                "name": content, "databricksWorkspaceConnectionId": "00000000-1111-4222-8333-444444444444", "mirroringMode": "Full",
            });
            ("mirroringAzureDatabricksCatalog.json", told.to_string())
        }
        ItemKind::MirroredCatalog => {
            let source = json!({
                "type": "AWSIcebergCatalog",
                "typeProperties": {"connectionId": "00000000-1111-4222-8333-444444444444", "scope": [content]},
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

#[test]
fn every_kind_lives_on_the_generic_route_and_on_its_own() {
    for spec in created() {
        let (lab, workspace) = lab();
        let name = spec.name;
        // The case of a segment makes no difference.
        let own = format!("{workspace}/{}", spec.collection.to_uppercase());
        let item = done(&lab, lab.post(&own, least(&lab, &workspace, spec, "one")));
        assert_eq!((&item["type"], &item["displayName"]), (&json!(name), &json!("one")), "{item}");
        assert!(item.get("properties").is_none(), "{name}");
        let id = item["id"].as_str().unwrap().to_owned();
        let body = least(&lab, &workspace, spec, "two");
        done(&lab, lab.post(&format!("{workspace}/items"), body.clone()));
        lab.post(&format!("{workspace}/items"), body).refuses(409, "ItemDisplayNameAlreadyInUse");

        let listed = lab.get(&own).is(200).body();
        let both = listed["value"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|it| ["one", "two"].contains(&it["displayName"].as_str().unwrap()));
        assert_eq!(both.count(), 2, "{name}: {listed}");
        let generic = format!("{workspace}/items/{id}");
        assert!(lab.get(&generic).is(200).body().get("properties").is_none());
        let typed = lab.get(&format!("{own}/{id}")).is(200).body();
        assert_eq!(typed["id"], item["id"]);
        let listed = lab.get(&own).is(200).body();
        let listed = listed["value"].as_array().unwrap().iter().find(|it| it["id"] == item["id"]).unwrap();
        assert_eq!(listed["properties"], typed["properties"], "{name}");
        let other = if spec.kind == ItemKind::Notebook { "reports" } else { "notebooks" };
        lab.get(&format!("{workspace}/{other}/{id}")).refuses(404, "EntityNotFound");

        let renamed = lab.patch(&format!("{own}/{id}"), json!({"displayName": "three"}));
        match spec.rename {
            Rename::Accepted => assert_eq!(renamed.is(200).body()["displayName"], "three"),
            Rename::Ignored => drop(renamed.refuses(400, "InvalidRequest")),
            Rename::Refused(code) => drop(renamed.refuses(400, code.as_str())),
        }
        assert_eq!(lab.patch(&generic, json!({"description": "d"})).is(200).body()["description"], "d");
        let folder = lab.post(&format!("{workspace}/folders"), json!({"displayName": "f"})).is(201).id();
        let moved = lab.post(&format!("{generic}/move"), json!({"targetFolderId": folder}));
        if spec.kind == ItemKind::KQLDatabase {
            moved.refuses(400, "CannotMoveChildOnly");
        } else {
            moved.is(200);
            assert_eq!(lab.get(&generic).body()["folderId"], folder.as_str());
        }
        let connections = lab.get(&format!("{generic}/connections"));
        if spec.lists_connections {
            assert_eq!(connections.is(200).body(), json!({"value": []}));
        } else {
            connections.refuses(400, "OperationNotSupportedForItem");
        }
        lab.delete(&format!("{own}/{id}")).is(200);
        lab.get(&generic).refuses(404, "EntityNotFound");
        lab.delete(&workspace).is(200);
    }
}

#[test]
fn a_definition_that_was_updated_is_the_one_read_back() {
    for spec in created() {
        let (lab, workspace) = lab();
        let item = done(&lab, lab.post(&format!("{workspace}/items"), least(&lab, &workspace, spec, "one")));
        let path = format!("{workspace}/{}/{}", spec.collection, item["id"].as_str().unwrap());
        let read = || lab.call(&format!("{path}/getDefinition"));
        if spec.definition.is_none() {
            read().refuses(404, "EndpointNotFound");
            lab.call(&format!("{}/getDefinition", path.replace(spec.collection, "items")))
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
fn what_an_item_without_a_definition_is_read_back_as() {
    let (lab, workspace) = lab();
    let mut told = String::new();
    for spec in created().filter(|spec| spec.definition.is_some_and(|definition| definition.needed == Needed::Never)) {
        let item = done(&lab, lab.post(&format!("{workspace}/items"), least(&lab, &workspace, spec, spec.name)));
        let path = format!("{workspace}/items/{}/getDefinition", item["id"].as_str().unwrap());
        let definition = done(&lab, lab.call(&path))["definition"].clone();
        told += &format!("== {} {}\n", spec.name, definition["format"]);
        for part in definition["parts"].as_array().unwrap().iter().filter(|part| part["path"] != ".platform") {
            let payload = STANDARD.decode(part["payload"].as_str().unwrap()).unwrap();
            let text = String::from_utf8(payload).unwrap_or_else(|_| "(not text)".into());
            told += &format!("-- {}\n{}\n", part["path"].as_str().unwrap(), text.replace('\r', "␍"));
        }
    }
    insta::assert_snapshot!("unwritten", told);
}

#[test]
fn properties_by_kind() {
    let (lab, workspace) = lab();
    let mut told = String::new();
    for spec in created() {
        let item = done(&lab, lab.post(&format!("{workspace}/items"), least(&lab, &workspace, spec, spec.name)));
        lab.pass(30.0);
        let typed =
            lab.get(&format!("{workspace}/{}/{}", spec.collection, item["id"].as_str().unwrap())).is(200).body();
        told += &format!("{}: {:#}\n", spec.name, typed["properties"]);
    }
    insta::assert_snapshot!("properties", told);
}

/// Type and name of all items, in the order of the list.
fn items(lab: &Lab, workspace: &str) -> Vec<String> {
    let list = lab.get(&format!("{workspace}/items")).is(200).body();
    let shown = |item: &Value| format!("{} {}", item["type"].as_str().unwrap(), item["displayName"].as_str().unwrap());
    list["value"].as_array().unwrap().iter().map(shown).collect()
}

#[test]
fn what_comes_along_goes_along_or_stays() {
    let (lab, workspace) = lab();
    let make = |collection: &str, name: &str| {
        let reply = lab.post(&format!("{workspace}/{collection}"), json!({"displayName": name}));
        done(&lab, reply)["id"].as_str().unwrap().to_owned()
    };
    let gone = |collection: &str, id: &str| drop(lab.delete(&format!("{workspace}/{collection}/{id}")).is(200));

    let house = make("eventhouses", "house");
    let database = lab.get(&format!("{workspace}/kqlDatabases")).body()["value"][0].clone();
    assert_eq!((&database["displayName"], &database["description"]), (&json!("house"), &json!("house")));
    let payload = json!({"displayName": "more", "creationPayload": {"parentEventhouseItemId": house}});
    done(&lab, lab.post(&format!("{workspace}/kqlDatabases"), payload));
    let shown = lab.get(&format!("{workspace}/eventhouses/{house}")).body();
    assert_eq!(shown["properties"]["databasesItemIds"].as_array().unwrap().len(), 2);
    lab.post(&format!("{workspace}/kqlDatabases"), json!({"displayName": "x"})).refuses(400, "InvalidInput");
    gone("eventhouses", &house);
    assert_eq!(items(&lab, &workspace), [""; 0]);

    let builder = make("digitalTwinBuilders", "twin");
    lab.pass(30.0);
    assert_eq!(
        items(&lab, &workspace),
        [
            "SQLEndpoint twindtdm",
            "DigitalTwinBuilder twin",
            "Lakehouse twindtdm",
            "DigitalTwinBuilderFlow twinOnDemand"
        ]
    );
    gone("digitalTwinBuilders", &builder);
    assert_eq!(items(&lab, &workspace), ["SQLEndpoint twindtdm", "Lakehouse twindtdm"]);
    let lakehouse = lab.get(&format!("{workspace}/lakehouses")).body()["value"][0]["id"].as_str().unwrap().to_owned();
    gone("lakehouses", &lakehouse);
    assert_eq!(items(&lab, &workspace), [""; 0]);

    let flow = make("dataflows", "flow");
    lab.pass(60.0);
    let names = items(&lab, &workspace);
    assert_eq!(names.len(), 4, "{names:?}");
    make("dataflows", "second");
    gone("dataflows", &flow);
    assert_eq!(items(&lab, &workspace).len(), 4);
}

#[test]
fn lists_stand_in_groups_whatever_the_page() {
    let (lab, workspace) = lab();
    for spec in created().filter(|spec| spec.definition.is_some()) {
        done(&lab, lab.post(&format!("{workspace}/items"), least(&lab, &workspace, spec, "x")));
    }
    lab.pass(60.0);
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
fn names_follow_the_rules_of_their_kind() {
    let (lab, workspace) = lab();
    for kind in ["lakehouses", "environments", "ontologies"] {
        let refused =
            lab.post(&format!("{workspace}/{kind}"), json!({"displayName": "a b"})).refuses(400, "InvalidInput");
        assert!(refused.text().contains("DisplayName is Invalid for ArtifactType. DisplayName: <pi>a b</pi>"));
        lab.post(&format!("{workspace}/{kind}"), json!({"displayName": "a_1"})).is(201);
    }
    let app = "00000000-0000-4000-8000-00000000000b";
    lab.knows(&[(app, "ServicePrincipal")]);
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
fn a_notebook_is_had_in_both_forms() {
    let (lab, workspace) = lab();
    let source = "# Fabric notebook source\n\n# CELL ********************\n\nprint(1)\n";
    let body = json!({"displayName": "n", "definition": {"parts": [part("notebook-content.py", source)]}});
    let id = done(&lab, lab.post(&format!("{workspace}/notebooks"), body))["id"].clone();
    let read = |format: &str| {
        let path = format!("{workspace}/notebooks/{}/getDefinition{format}", id.as_str().unwrap());
        done(&lab, lab.call(&path))["definition"].clone()
    };
    assert_eq!((&read("")["parts"][0]["path"], read("").get("format")), (&json!("notebook-content.py"), None));
    assert_eq!(read("?format=fabricGitSource"), read(""));
    let ipynb = read("?format=ipynb")["parts"][0].clone();
    assert_eq!(ipynb["path"], "notebook-content.ipynb");
    let text = String::from_utf8(STANDARD.decode(ipynb["payload"].as_str().unwrap()).unwrap()).unwrap();
    assert!(text.contains(r#""source":["print(1)"]"#), "{text}");
}

#[test]
fn a_variable_librarys_value_set_is_chosen() {
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
fn a_workspace_gets_and_loses_an_identity() {
    let (lab, workspace) = lab();
    let started = lab.call(&format!("{workspace}/provisionIdentity")).is(202);
    assert_eq!((started.header("retry-after"), started.header("etag")), (Some("5"), None));
    assert!(lab.get(&workspace).body().get("workspaceIdentity").is_none());
    let identity = lab.result(&started).is(200).body();
    assert_eq!(lab.get(&workspace).body()["workspaceIdentity"], identity);
    lab.call(&format!("{workspace}/provisionIdentity")).refuses(409, "WorkspaceIdentityAlreadyExists");
    let ended = lab.call(&format!("{workspace}/deprovisionIdentity")).is(202);
    lab.result(&ended).refuses(400, "OperationHasNoResult");
    let state = lab.get(&format!("/v1/operations/{}", ended.header("x-ms-operation-id").unwrap())).is(200);
    assert_eq!((state.header("location"), state.header("x-ms-operation-id")), (None, None));
    assert!(lab.get(&workspace).body().get("workspaceIdentity").is_none());
    lab.call(&format!("{workspace}/deprovisionIdentity")).refuses(404, "WorkspaceIdentityNotFound");
}

#[test]
fn what_dataflows_share_comes_once() {
    let (lab, workspace) = lab();
    let flow = |name: &str| lab.post(&format!("{workspace}/dataflows"), json!({"displayName": name})).is(201).id();
    let first = flow("first");
    lab.delete(&format!("{workspace}/dataflows/{first}")).is(200);
    flow("second");
    lab.pass(60.0);
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

/// Reports and models keep the format that their parts tell.
#[test]
fn formats_are_read_from_the_parts() {
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
        let read = |query: &str| lab.call(&format!("{workspace}/{collection}/{id}/getDefinition{query}"));
        assert_eq!(done(&lab, read(""))["definition"]["format"], format);
        assert_eq!(done(&lab, read(&format!("?format={format}")))["definition"]["format"], format);
        read(&format!("?format={other}")).refuses(501, "NotEmulated");
    }
}
