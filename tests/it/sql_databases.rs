//! SQL databases: creation and restore, backups, definitions, and the mirroring that is on from the start.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::lab::{Lab, open_mirror, part};

#[expect(clippy::needless_pass_by_value, reason = "tests write bodies in place")]
fn create(lab: &Lab, workspace: &str, name: &str, payload: Value) -> crate::lab::Reply {
    lab.post(&format!("{workspace}/sqlDatabases"), json!({"displayName": name, "creationPayload": payload}))
}

#[test]
fn properties_stand_on_the_typed_get_and_restore_points_come_later() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let path = lab.sql_database(&workspace, "sql");
    insta::assert_snapshot!("sql_database", lab.get(&path).is(200).text());
    assert!(lab.get(&path.replace("sqlDatabases", "items")).body().get("properties").is_none());
    lab.pass(300.0);
    insta::assert_snapshot!("sql_database_backed_up", lab.get(&path).is(200).text());
    lab.pass(86_400.0 * 8.0);
    let properties = lab.get(&path).body()["properties"].clone();
    assert!(properties["earliestRestorePoint"].as_str() < properties["latestRestorePoint"].as_str(), "{properties}");
    lab.patch(&path, json!({"displayName": "other"})).refuses(400, "InvalidRequest");
    assert_eq!(
        lab.patch(&path, json!({"displayName": "other", "description": "d"})).is(200).body()["displayName"],
        "sql"
    );
}

#[test]
fn creation_payloads_are_checked() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    for payload in [
        json!({}),
        json!({"creationMode": "Clone"}),
        json!({"creationMode": "New", "backupRetentionDays": 0}),
        json!({"creationMode": "New", "backupRetentionDays": 36}),
        json!({"creationMode": "New", "collation": ""}),
        json!({"creationMode": "New", "collation": "x".repeat(129)}),
        json!({"creationMode": "New", "collation": "<x>"}),
        json!({"creationMode": "Restore"}),
        json!({"creationMode": "Restore", "restorePointInTime": "2031-02-03T04:05:05Z"}),
        json!({"creationMode": "Restore", "restorePointInTime": "2032-01-01T00:00:00Z"}),
        json!({"creationMode": "RestoreDeletedDatabase", "restorePointInTime": "2031-02-03T04:05:05Z"}),
        json!({"creationMode": "RestoreDeletedDatabase", "restorePointInTime": "2031-02-03T04:05:05Z", "restorableDeletedDatabaseName": "x,1"}),
    ] {
        create(&lab, &workspace, "sql", payload).refuses(400, "InvalidInput");
    }
    let gone = json!({"referenceType": "ById", "itemId": "00000000-1111-4222-8333-444444444444", "workspaceId": workspace.rsplit('/').next()});
    let restore = json!({"creationMode": "Restore", "restorePointInTime": "2031-02-03T04:05:05Z", "sourceDatabaseReference": gone});
    create(&lab, &workspace, "sql", restore).refuses(404, "EntityNotFound");
    let both = json!({"displayName": "sql", "creationPayload": {"creationMode": "New"}, "definition": {"parts": []}});
    lab.post(&format!("{workspace}/sqlDatabases"), both)
        .refuses(400, "RequestWithDefinitionAndCreationPayloadNotSupported");

    lab.post(&format!("{workspace}/sqlDatabases"), json!({"displayName": "a/b"})).refuses(400, "InvalidInput");
    let chosen = json!({"creationMode": "new", "backupRetentionDays": 3, "collation": "Latin1_General_100_BIN2_UTF8"});
    let id = lab.result(&create(&lab, &workspace, "sql", chosen).is(202)).id();
    let properties = lab.get(&format!("{workspace}/sqlDatabases/{id}")).body()["properties"].clone();
    assert_eq!(
        (&properties["backupRetentionDays"], &properties["collation"]),
        (&json!(3), &json!("Latin1_General_100_BIN2_UTF8"))
    );
}

#[test]
fn a_database_is_restored_while_it_is_there_and_after_it_was_deleted() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let path = lab.sql_database(&workspace, "sql");
    lab.pass(300.0);
    let point = lab.get(&path).body()["properties"]["earliestRestorePoint"].clone();
    let source = json!({"referenceType": "ById", "itemId": path.rsplit('/').next(), "workspaceId": workspace.rsplit('/').next()});
    let restore = json!({"creationMode": "Restore", "restorePointInTime": point, "sourceDatabaseReference": source});
    let started = create(&lab, &workspace, "copy", restore.clone()).is(202);
    lab.pass(380.0);
    let state = lab.get(&format!("/v1/operations/{}", started.header("x-ms-operation-id").unwrap())).body();
    assert_eq!(state["status"], "Running");
    lab.result(&started).is(200);
    // Who only reads the source cannot make it his own.
    let reader = "00000000-0000-4000-8000-000000000011";
    lab.give(&workspace, reader, "Viewer");
    let user = lab.user(reader);
    let capacity = lab.get("/v1/capacities").body()["value"][0]["id"].clone();
    let own = user.post("/v1/workspaces", json!({"displayName": "own", "capacityId": capacity})).is(201).id();
    create(&user, &format!("/v1/workspaces/{own}"), "mine", restore).refuses(403, "InsufficientPrivileges");

    lab.delete(&path).is(200);
    let restorable = lab.get(&format!("{workspace}/sqlDatabases/restorableDeletedDatabases")).is(200);
    insta::assert_snapshot!("restorable", restorable.text());
    let deleted = restorable.body()["value"][0]["properties"].clone();
    let again = json!({"creationMode": "RestoreDeletedDatabase", "restorePointInTime": deleted["latestRestorePoint"], "restorableDeletedDatabaseName": deleted["restorableDeletedDatabaseName"]});
    lab.result(&create(&lab, &workspace, "again", again.clone()).is(202)).is(200);
    lab.sql_database(&workspace, "a,b");
    let comma =
        lab.get(&format!("{workspace}/sqlDatabases")).body()["value"].as_array().unwrap().last().unwrap()["id"].clone();
    lab.delete(&format!("{workspace}/sqlDatabases/{}", comma.as_str().unwrap())).is(200);
    let listed = lab.get(&format!("{workspace}/sqlDatabases/restorableDeletedDatabases")).body();
    let name =
        listed["value"].as_array().unwrap().last().unwrap()["properties"]["restorableDeletedDatabaseName"].clone();
    let payload = json!({"creationMode": "RestoreDeletedDatabase", "restorePointInTime": "2031-02-03T04:05:05Z", "restorableDeletedDatabaseName": name});
    create(&lab, &workspace, "comma", payload).is(202);
    lab.pass(86_400.0 * 7.0);
    assert_eq!(lab.get(&format!("{workspace}/sqlDatabases/restorableDeletedDatabases")).body(), json!({"value": []}));
    create(&lab, &workspace, "late", again).refuses(400, "InvalidInput");
}

#[test]
fn definitions_are_kept_as_they_were_given() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let path = lab.sql_database(&workspace, "sql");
    let read = |format: &str| lab.result(&lab.call(&format!("{path}/getDefinition{format}")).is(202)).is(200).body();
    let packed = read("");
    let payload = STANDARD.decode(packed["definition"]["parts"][0]["payload"].as_str().unwrap()).unwrap();
    assert_eq!((&packed["definition"]["parts"][0]["path"], &payload[..2]), (&json!("sql.dacpac"), &b"PK"[..]));
    assert_eq!(read("?format=SQLPROJ")["definition"]["parts"][0]["path"], "sql.sqlproj");
    lab.call(&format!("{path}/getDefinition?format=bacpac")).refuses(400, "InvalidDefinitionFormat");

    let project = json!({"definition": {"format": "sqlproj", "parts": [part("t.sql", "CREATE TABLE t (id INT);"), part("sql.sqlproj", "<Project/>")]}});
    lab.result(&lab.post(&format!("{path}/updateDefinition"), project).is(202)).is(200);
    let kept = read("");
    let paths: Vec<&Value> = kept["definition"]["parts"].as_array().unwrap().iter().map(|part| &part["path"]).collect();
    assert_eq!(paths, ["sql.sqlproj", "t.sql", ".platform"]);
    lab.call(&format!("{path}/getDefinition?format=dacpac")).refuses(501, "NotEmulated");
    // A copy has the tables of its source.
    let source = json!({"referenceType": "ById", "itemId": path.rsplit('/').next(), "workspaceId": workspace.rsplit('/').next()});
    let restore = json!({"creationMode": "Restore", "restorePointInTime": "2031-02-03T04:05:05Z", "sourceDatabaseReference": source});
    let copy = lab.result(&create(&lab, &workspace, "copy", restore).is(202)).id();
    let copied = lab.result(&lab.call(&format!("{workspace}/sqlDatabases/{copy}/getDefinition")).is(202)).body();
    assert_eq!(copied["definition"]["parts"][1], kept["definition"]["parts"][1]);
    let wrong = json!({"definition": {"parts": [part("sql.sqlproj", "<Project/>")]}});
    lab.post(&format!("{path}/updateDefinition"), wrong).refuses(400, "MissingDefinitionParts");
}

#[test]
fn mirroring_is_on_from_the_start_and_shows_in_the_timeline() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let path = lab.sql_database(&workspace, "sql");
    let id = path.rsplit('/').next().unwrap();
    lab.pass(100.0);
    insta::assert_snapshot!("sql_stopped", lab.call(&format!("{path}/stopMirroring")).is(200).whole());
    lab.pass(5.0);
    lab.call(&format!("{path}/startMirroring")).is(200);
    lab.pass(50.0);
    lab.call(&format!("{path}/startMirroring")).is(200);
    insta::assert_snapshot!(
        "sql_timeline",
        lab.get(&format!("/_emulator/timeline?item={id}")).is(200).text().replace("},", "},\n")
    );
    let mirror = lab.mirror(&workspace, "m", &open_mirror());
    let mirror_id = mirror.rsplit('/').next().unwrap();
    lab.pass(30.0);
    lab.call(&format!("{mirror}/startMirroring")).is(200);
    let statuses = |query: &str| {
        let body = lab.get(&format!("/_emulator/timeline?item={mirror_id}{query}")).is(200).body();
        body["spans"]
            .as_array()
            .unwrap()
            .iter()
            .map(|span| span["status"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(statuses(""), ["Initializing", "Initialized", "Starting", "Running"]);
    assert_eq!(statuses("&from=2040-01-01T00:00:00Z"), ["Running"]);
    assert_eq!(statuses("&to=2031-01-01T00:00:00Z"), [""; 0]);
    for query in ["", "?item=x", "?item=00000000-1111-4222-8333-444444444444&from=yesterday"] {
        lab.get(&format!("/_emulator/timeline{query}")).refuses(400, "InvalidInput");
    }
    lab.get("/_emulator/timeline?item=00000000-1111-4222-8333-444444444444").refuses(404, "EntityNotFound");
}

#[test]
fn a_cosmos_db_database_keeps_its_name() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let started = lab.post(&format!("{workspace}/cosmosDbDatabases"), json!({"displayName": "c"})).is(202);
    let path = format!("{workspace}/cosmosDbDatabases/{}", lab.result(&started).is(200).id());
    lab.patch(&path, json!({"displayName": "d"})).refuses(400, "CosmosDBDatabaseDisplayNameCannotBeChanged");
    lab.patch(&path.replace("cosmosDbDatabases", "items"), json!({"displayName": "d"}))
        .refuses(400, "CosmosDBDatabaseDisplayNameCannotBeChanged");
    lab.patch(&path, json!({"description": "d"})).is(200);
    let read = lab.result(&lab.call(&format!("{path}/getDefinition")).is(202)).text();
    insta::assert_snapshot!("cosmos_definition", read);
    lab.call(&format!("{path}/startMirroring")).refuses(404, "EndpointNotFound");
}
