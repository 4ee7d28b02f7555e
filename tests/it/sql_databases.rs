//! SQL databases: creation, restore, definitions, and mirroring. Cosmos DB databases.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::harness::{ALICE, Lab, MISSING, Reply, open_mirror, part};

#[expect(clippy::needless_pass_by_value, reason = "tests write bodies in place")]
fn create(lab: &Lab, workspace: &str, name: &str, payload: Value) -> Reply {
    lab.post(&format!("{workspace}/sqlDatabases"), json!({"displayName": name, "creationPayload": payload}))
}

#[test]
fn sql_database_properties_are_on_the_typed_route() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let path = lab.sql_database(&workspace, "sql");
    insta::assert_snapshot!("sql_database", lab.get(&path).is(200).text());
    assert!(lab.get(&path.replace("sqlDatabases", "items")).body().get("properties").is_none());
    lab.advance(300.0);
    insta::assert_snapshot!("sql_database_backed_up", lab.get(&path).is(200).text());
    lab.advance(86_400.0 * 8.0);
    let properties = lab.get(&path).body()["properties"].clone();
    assert!(properties["earliestRestorePoint"].as_str() < properties["latestRestorePoint"].as_str(), "{properties}");
    lab.patch(&path, json!({"displayName": "other"})).refuses(400, "InvalidRequest");
    assert_eq!(
        lab.patch(&path, json!({"displayName": "other", "description": "d"})).is(200).body()["displayName"],
        "sql"
    );
}

#[test]
fn sql_database_creation_payloads_are_validated() {
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
    let gone = json!({"referenceType": "ById", "itemId": MISSING, "workspaceId": workspace.rsplit('/').next()});
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

/// The payload that restores a database at a point in time.
fn restore(workspace: &str, path: &str, point: &Value) -> Value {
    let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let source = json!({"referenceType": "ById", "itemId": id(path), "workspaceId": id(workspace)});
    json!({"creationMode": "Restore", "restorePointInTime": point, "sourceDatabaseReference": source})
}

#[test]
fn sql_database_is_restored_to_a_point_in_time() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let path = lab.sql_database(&workspace, "sql");
    lab.advance(300.0);
    let point = lab.get(&path).body()["properties"]["earliestRestorePoint"].clone();
    let started = create(&lab, &workspace, "copy", restore(&workspace, &path, &point)).is(202);
    lab.advance(380.0);
    let state = lab.get(&format!("/v1/operations/{}", started.header("x-ms-operation-id").unwrap())).body();
    assert_eq!(state["status"], "Running");
    lab.result(&started).is(200);
}

/// A viewer of the source cannot copy it into another workspace.
#[test]
fn sql_database_restore_requires_more_than_a_viewer_of_the_source() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let path = lab.sql_database(&workspace, "sql");
    lab.advance(300.0);
    let point = lab.get(&path).body()["properties"]["earliestRestorePoint"].clone();
    lab.assign_role(&workspace, ALICE, "Viewer");
    let user = lab.user(ALICE);
    let capacity = lab.get("/v1/capacities").body()["value"][0]["id"].clone();
    let own = user.post("/v1/workspaces", json!({"displayName": "own", "capacityId": capacity})).is(201).id();
    let payload = restore(&workspace, &path, &point);
    create(&user, &format!("/v1/workspaces/{own}"), "mine", payload).refuses(403, "InsufficientPrivileges");
}

/// The payload that restores the deleted database that is listed last.
fn restore_deleted(lab: &Lab, workspace: &str, point: Option<&str>) -> Value {
    let listed = lab.get(&format!("{workspace}/sqlDatabases/restorableDeletedDatabases")).is(200).body();
    let properties = listed["value"].as_array().unwrap().last().unwrap()["properties"].clone();
    json!({
        "creationMode": "RestoreDeletedDatabase",
        "restorePointInTime": point.map_or_else(|| properties["latestRestorePoint"].clone(), Value::from),
        "restorableDeletedDatabaseName": properties["restorableDeletedDatabaseName"],
    })
}

#[test]
fn deleted_sql_database_is_restored_within_its_retention() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let path = lab.sql_database(&workspace, "sql");
    lab.advance(300.0);
    let point = lab.get(&path).body()["properties"]["earliestRestorePoint"].clone();
    let copy = create(&lab, &workspace, "copy", restore(&workspace, &path, &point)).is(202);
    lab.advance(380.0);
    lab.result(&copy).is(200);
    lab.delete(&path).is(200);
    let restorable = lab.get(&format!("{workspace}/sqlDatabases/restorableDeletedDatabases")).is(200);
    insta::assert_snapshot!("restorable", restorable.text());
    let again = restore_deleted(&lab, &workspace, None);
    lab.result(&create(&lab, &workspace, "again", again.clone()).is(202)).is(200);
    lab.advance(86_400.0 * 7.0);
    assert_eq!(lab.get(&format!("{workspace}/sqlDatabases/restorableDeletedDatabases")).body(), json!({"value": []}));
    create(&lab, &workspace, "late", again).refuses(400, "InvalidInput");
}

#[test]
fn deleted_sql_database_with_a_comma_in_its_name_is_restored() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let path = lab.sql_database(&workspace, "a,b");
    lab.delete(&path).is(200);
    let payload = restore_deleted(&lab, &workspace, Some("2031-02-03T04:05:05Z"));
    create(&lab, &workspace, "comma", payload).is(202);
}

#[test]
fn sql_database_definitions_are_stored_as_given() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let path = lab.sql_database(&workspace, "sql");
    let read =
        |format: &str| lab.result(&lab.post_empty(&format!("{path}/getDefinition{format}")).is(202)).is(200).body();
    let packed = read("");
    let payload = STANDARD.decode(packed["definition"]["parts"][0]["payload"].as_str().unwrap()).unwrap();
    assert_eq!((&packed["definition"]["parts"][0]["path"], &payload[..2]), (&json!("sql.dacpac"), &b"PK"[..]));
    assert_eq!(read("?format=SQLPROJ")["definition"]["parts"][0]["path"], "sql.sqlproj");
    lab.post_empty(&format!("{path}/getDefinition?format=bacpac")).refuses(400, "InvalidDefinitionFormat");

    let project = json!({"definition": {"format": "sqlproj", "parts": [part("t.sql", "CREATE TABLE t (id INT);"), part("sql.sqlproj", "<Project/>")]}});
    lab.result(&lab.post(&format!("{path}/updateDefinition"), project).is(202)).is(200);
    let kept = read("");
    let paths: Vec<&Value> = kept["definition"]["parts"].as_array().unwrap().iter().map(|part| &part["path"]).collect();
    assert_eq!(paths, ["sql.sqlproj", "t.sql", ".platform"]);
    lab.post_empty(&format!("{path}/getDefinition?format=dacpac")).refuses(501, "NotEmulated");
    // A restored copy has the tables of its source.
    let source = json!({"referenceType": "ById", "itemId": path.rsplit('/').next(), "workspaceId": workspace.rsplit('/').next()});
    let restore = json!({"creationMode": "Restore", "restorePointInTime": "2031-02-03T04:05:05Z", "sourceDatabaseReference": source});
    let copy = lab.result(&create(&lab, &workspace, "copy", restore).is(202)).id();
    let copied = lab.result(&lab.post_empty(&format!("{workspace}/sqlDatabases/{copy}/getDefinition")).is(202)).body();
    assert_eq!(copied["definition"]["parts"][1], kept["definition"]["parts"][1]);
    let wrong = json!({"definition": {"parts": [part("sql.sqlproj", "<Project/>")]}});
    lab.post(&format!("{path}/updateDefinition"), wrong).refuses(400, "MissingDefinitionParts");
}

#[test]
fn sql_database_mirroring_is_on_from_the_start() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let path = lab.sql_database(&workspace, "sql");
    let id = path.rsplit('/').next().unwrap();
    lab.advance(100.0);
    insta::assert_snapshot!("sql_stopped", lab.post_empty(&format!("{path}/stopMirroring")).is(200).whole());
    lab.advance(5.0);
    lab.post_empty(&format!("{path}/startMirroring")).is(200);
    lab.advance(50.0);
    lab.post_empty(&format!("{path}/startMirroring")).is(200);
    let timeline = lab.get(&format!("/_emulator/timeline?item={id}")).is(200);
    insta::assert_snapshot!("sql_timeline", timeline.text().replace("},", "},\n"));
}

#[test]
fn timeline_shows_the_statuses_in_a_range() {
    let lab = Lab::new();
    let mirror = lab.mirror(&lab.workspace(), "m", &open_mirror());
    let id = mirror.rsplit('/').next().unwrap();
    lab.advance(30.0);
    lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    let statuses = |query: &str| -> Vec<String> {
        let body = lab.get(&format!("/_emulator/timeline?item={id}{query}")).is(200).body();
        let spans = body["spans"].as_array().unwrap().iter();
        spans.map(|span| span["status"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(statuses(""), ["Initializing", "Initialized", "Starting", "Running"]);
    assert_eq!(statuses("&from=2040-01-01T00:00:00Z"), ["Running"]);
    assert_eq!(statuses("&to=2031-01-01T00:00:00Z"), [""; 0]);
    for query in ["", "?item=x", &format!("?item={MISSING}&from=yesterday")] {
        lab.get(&format!("/_emulator/timeline{query}")).refuses(400, "InvalidInput");
    }
    lab.get(&format!("/_emulator/timeline?item={MISSING}")).refuses(404, "EntityNotFound");
}

#[test]
fn cosmos_db_database_cannot_be_renamed() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let started = lab.post(&format!("{workspace}/cosmosDbDatabases"), json!({"displayName": "c"})).is(202);
    let path = format!("{workspace}/cosmosDbDatabases/{}", lab.result(&started).is(200).id());
    lab.patch(&path, json!({"displayName": "d"})).refuses(400, "CosmosDBDatabaseDisplayNameCannotBeChanged");
    lab.patch(&path.replace("cosmosDbDatabases", "items"), json!({"displayName": "d"}))
        .refuses(400, "CosmosDBDatabaseDisplayNameCannotBeChanged");
    lab.patch(&path, json!({"description": "d"})).is(200);
    let read = lab.result(&lab.post_empty(&format!("{path}/getDefinition")).is(202)).text();
    insta::assert_snapshot!("cosmos_definition", read);
    lab.post_empty(&format!("{path}/startMirroring")).refuses(404, "EndpointNotFound");
}
