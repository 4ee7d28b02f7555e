//! Mirroring over HTTP in virtual time. The timelines in `fixtures/timelines` are a table of tests.

use serde_json::{Value, json};
use specularite::fabric::mirroring::definition::SOURCES;

use crate::harness::{Lab, definition, sql_mirror};

/// Runs a timeline: lines with a second, and an action or an expected state.
fn run(text: &str) -> Result<(), String> {
    let lab = Lab::new();
    let (workspace, connection) = (lab.workspace(), lab.connection());
    let mut mirror = String::new();
    let mut at = 0.0_f64;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.split('#').next().unwrap_or_default().trim();
        let mut words = line.split_whitespace();
        let Some(second) = words.next() else { continue };
        let second: f64 = second.parse().map_err(|_| format!("line {number}: expected a second"))?;
        lab.advance(second - at);
        at = second;
        let words: Vec<&str> = words.collect();
        let seen = match words[0] {
            "create" => {
                let mut mirroring = sql_mirror(&connection, (words[1] != "all").then_some(&words[1..]));
                if words[1] == "nowhere" {
                    mirroring = sql_mirror("99999999-1111-4222-8333-444444444444", None);
                }
                mirror = lab.mirror(&workspace, "m", &mirroring);
                continue;
            }
            "define" => {
                let mirroring = sql_mirror(&connection, (words[1] != "all").then_some(&words[1..]));
                lab.post(
                    &format!("{mirror}/updateDefinition"),
                    json!({"definition": definition(&mirroring.to_string())}),
                )
                .is(200);
                continue;
            }
            "source" => {
                let table = |name: &&str| json!({"schemaName": "dbo", "tableName": name, "rows": 600_000});
                let tables: Vec<Value> = words[1..].iter().map(table).collect();
                lab.put(&format!("/_emulator/sources/{connection}"), json!({"tables": tables})).is(200);
                continue;
            }
            "pace" => {
                lab.settings(json!({"pace": words[1]}));
                continue;
            }
            "pause" => {
                lab.set_capacity("Inactive");
                continue;
            }
            "resume" => {
                lab.set_capacity("Active");
                continue;
            }
            "unreachable" => {
                lab.post_empty(&format!("{mirror}/getMirroringStatus")).refuses(404, "CapacityNotActive");
                lab.post_empty(&format!("{mirror}/startMirroring")).refuses(404, "CapacityNotActive");
                lab.get(&mirror).refuses(404, "CapacityNotActive");
                continue;
            }
            order @ ("start" | "stop") => {
                format!("{order} {}", lab.post_empty(&format!("{mirror}/{order}Mirroring")).status.as_u16())
            }
            "is" => {
                let body = lab.post_empty(&format!("{mirror}/getMirroringStatus")).is(200).body();
                let error = if body.get("error").is_some() { " with an error" } else { "" };
                format!("is {}{error}", body["status"].as_str().unwrap_or_default())
            }
            "tables" => {
                let tables = lab.tables(&mirror);
                let shown = |table: &Value| {
                    format!(" {}={}", table["sourceTableName"].as_str().unwrap(), table["status"].as_str().unwrap())
                };
                format!("tables{}", tables.iter().map(shown).collect::<String>())
            }
            other => return Err(format!("line {number}: {other:?} is not a known action")),
        };
        if seen != words.join(" ") {
            return Err(format!("line {number}: expected {:?}, saw {seen:?}", words.join(" ")));
        }
    }
    Ok(())
}

#[test]
fn timelines_match_their_fixtures() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/timelines");
    let mut failed = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("timelines are missing") {
        let path = entry.expect("a folder can be read").path();
        count += 1;
        if let Err(why) = run(&std::fs::read_to_string(&path).unwrap()) {
            failed.push(format!("{}: {why}", path.display()));
        }
    }
    assert!(count >= 8, "timelines are missing");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn mirroring_responses_match_the_service() {
    let lab = Lab::new();
    let mirror = lab.shop();
    insta::assert_snapshot!(
        "status_initializing",
        lab.post_empty(&format!("{mirror}/getMirroringStatus")).is(200).whole()
    );
    insta::assert_snapshot!(
        "tables_none",
        lab.post_empty(&format!("{mirror}/getTablesMirroringStatus")).is(200).whole()
    );
    insta::assert_snapshot!(
        "start_too_early",
        lab.post_empty(&format!("{mirror}/startMirroring")).refuses(400, "OperationNotAllowedInCurrentStatus").whole()
    );
    lab.advance(20.0);
    insta::assert_snapshot!("start", lab.post_empty(&format!("{mirror}/startMirroring")).is(200).whole());
    lab.advance(3600.0);
    insta::assert_snapshot!(
        "tables_replicating",
        lab.post_empty(&format!("{mirror}/getTablesMirroringStatus")).is(200).text()
    );
}

#[test]
fn mirroring_behaviours_are_selectable() {
    let lab = Lab::new();
    let mirror = lab.shop();
    lab.settings(
        json!({"behaviours": {"tablesBeforeStart": "404", "stopWhileNotRunning": "200", "startWhileRunning": 400}}),
    );
    lab.advance(20.0);
    lab.post_empty(&format!("{mirror}/getTablesMirroringStatus")).refuses(404, "EntityNotFound");
    lab.post_empty(&format!("{mirror}/stopMirroring")).is(200);
    assert_eq!(lab.status(&mirror), "Initialized");
    lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    lab.advance(20.0);
    lab.post_empty(&format!("{mirror}/startMirroring")).refuses(400, "OperationNotAllowedInCurrentStatus");
    lab.post_empty(&format!("{mirror}/getTablesMirroringStatus")).is(200);
}

#[test]
fn table_pages_are_read_by_post_or_get() {
    let lab = Lab::new();
    let (workspace, connection) = (lab.workspace(), lab.connection());
    let mirror = lab.mirror(&workspace, "m", &sql_mirror(&connection, None));
    lab.advance(20.0);
    lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    lab.advance(600.0);
    lab.settings(json!({"pageSize": 2}));
    let mut path = format!("{mirror}/getTablesMirroringStatus");
    lab.get(&path).refuses(405, "MethodNotAllowed");
    let mut names = Vec::new();
    for rows in [2, 2, 1] {
        let body = lab.post_empty(&path).is(200).body();
        if !names.is_empty() {
            assert_eq!(lab.get(&path).is(200).body(), body);
        }
        let data = body["data"].as_array().unwrap();
        assert_eq!(data.len(), rows);
        names.extend(data.iter().map(|table| table["sourceTableName"].as_str().unwrap().to_owned()));
        let uri = body["continuationUri"].as_str().unwrap_or_default();
        path = uri.strip_prefix("http://127.0.0.1:7310").unwrap_or_default().to_owned();
    }
    assert_eq!(path, "");
    assert_eq!(names, ["Customers", "OrderLines", "Orders", "Products", "Invoices"]);
}

#[test]
fn table_missing_from_its_source_fails_or_disappears() {
    let lab = Lab::new();
    let (workspace, connection) = (lab.workspace(), lab.connection());
    let declare = |tables: &[&str]| {
        let tables: Vec<Value> = tables.iter().map(|name| json!({"schemaName": "dbo", "tableName": name})).collect();
        lab.put(&format!("/_emulator/sources/{connection}"), json!({"tables": tables})).is(200);
    };
    declare(&["A", "B"]);
    let named = lab.mirror(&workspace, "named", &sql_mirror(&connection, Some(&["A", "B", "C"])));
    let all = lab.mirror(&workspace, "all", &sql_mirror(&connection, None));
    lab.advance(20.0);
    for mirror in [&named, &all] {
        lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    }
    let seen = |mirror: &str| -> Vec<String> {
        let tables = lab.tables(mirror);
        tables
            .iter()
            .map(|table| {
                format!("{}={}", table["sourceTableName"].as_str().unwrap(), table["status"].as_str().unwrap())
            })
            .collect()
    };
    lab.advance(300.0);
    assert_eq!(seen(&named), ["A=Replicating", "B=Replicating", "C=Failed"]);
    declare(&["A"]);
    lab.advance(1.0);
    assert_eq!(seen(&named), ["A=Replicating", "B=Failed", "C=Failed"]);
    assert_eq!(lab.tables(&named)[1]["error"]["message"], "The source table does not exist");
    assert_eq!(seen(&all), ["A=Replicating"]);
}

#[test]
fn metrics_do_not_shrink_when_a_source_is_redeclared() {
    let lab = Lab::new();
    let (workspace, connection) = (lab.workspace(), lab.connection());
    let declare = |latency: u32, rate: f64| {
        let table = json!({"schemaName": "dbo", "tableName": "A", "rowsPerSecond": rate, "latencySeconds": latency});
        lab.put(&format!("/_emulator/sources/{connection}"), json!({"tables": [table]})).is(200);
    };
    declare(1, 10.0);
    let mirror = lab.mirror(&workspace, "m", &sql_mirror(&connection, Some(&["A"])));
    lab.advance(20.0);
    lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    lab.advance(600.0);
    let rows = || lab.tables(&mirror)[0]["metrics"]["processedRows"].as_i64().unwrap();
    let mut before = rows();
    for (latency, rate) in [(600, 10.0), (0, 0.0), (1, 0.5)] {
        declare(latency, rate);
        for seconds in [0.0, 1.0, 60.0] {
            lab.advance(seconds);
            assert!(rows() >= before);
            before = rows();
        }
    }
    lab.put(&format!("/_emulator/sources/{connection}"), json!({"tables": []})).is(200);
    assert_eq!((rows() >= before, &lab.tables(&mirror)[0]["status"]), (true, &json!("Failed")));
}

#[test]
fn capacity_pause_halts_metrics_and_start_catches_up() {
    let lab = Lab::new();
    let (workspace, connection) = (lab.workspace(), lab.connection());
    let source = json!({"tables": [{"schemaName": "dbo", "tableName": "T", "rows": 1000, "rowsPerSecond": 1}]});
    lab.put(&format!("/_emulator/sources/{connection}"), source).is(200);
    let mirror = lab.mirror(&workspace, "m", &sql_mirror(&connection, None));
    lab.advance(20.0);
    lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    lab.advance(500.0);
    let rows = |lab: &Lab| lab.tables(&mirror)[0]["metrics"]["processedRows"].as_u64().unwrap();
    let before = rows(&lab);
    lab.set_capacity("Inactive");
    lab.advance(1000.0);
    lab.set_capacity("Active");
    assert_eq!(rows(&lab), before);
    lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    lab.advance(19.0);
    assert_eq!(rows(&lab), before, "rows are copied only after the restart");
    lab.advance(1.0);
    let caught_up = rows(&lab);
    assert!((before + 1000..before + 1040).contains(&caught_up), "{before} {caught_up}");
}

#[test]
fn table_added_to_the_definition_starts_initialized() {
    let lab = Lab::new();
    let (workspace, connection) = (lab.workspace(), lab.connection());
    let mirror = lab.mirror(&workspace, "m", &sql_mirror(&connection, None));
    lab.advance(20.0);
    lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    lab.advance(3600.0);
    let named = sql_mirror(&connection, Some(&["New", "Orders"]));
    lab.post(&format!("{mirror}/updateDefinition"), json!({"definition": definition(&named.to_string())})).is(200);
    let statuses: Vec<Value> = lab.tables(&mirror).iter().map(|table| table["status"].clone()).collect();
    assert_eq!(statuses, ["Initialized", "Replicating"]);
}

/// The generic route creates a mirrored database without a definition. It has no source until it gets one.
#[test]
fn mirroring_without_a_definition_cannot_start() {
    let lab = Lab::new();
    let (workspace, connection) = (lab.workspace(), lab.connection());
    let body = json!({"displayName": "bare", "type": "MirroredDatabase"});
    lab.post(&format!("{workspace}/mirroredDatabases"), body.clone()).refuses(400, "InvalidInput");
    let bare = format!("{workspace}/mirroredDatabases/{}", lab.post(&format!("{workspace}/items"), body).is(201).id());
    let read =
        |path: &str| lab.post_empty(&format!("{path}/getDefinition")).is(200).body()["definition"]["parts"].clone();
    assert_eq!(read(&bare)[0]["path"], "mirroring.json");
    let given = definition(&sql_mirror(&connection, Some(&["Orders"])).to_string());
    let define = || lab.post(&format!("{bare}/updateDefinition"), json!({"definition": given}));
    define().refuses(400, "MirroredDatabaseNotReady");
    lab.post_empty(&format!("{bare}/startMirroring")).refuses(400, "MirroringDefinitionMissing");
    lab.advance(60.0);
    assert_eq!(lab.status(&bare), "Initialized");
    lab.post_empty(&format!("{bare}/startMirroring")).refuses(400, "MirroringDefinitionMissing");
    define().is(200);
    lab.post_empty(&format!("{bare}/startMirroring")).is(200);
    lab.advance(60.0);
    assert_eq!(lab.status(&bare), "Running");
    assert_eq!(lab.tables(&bare).len(), 1);
    assert!(lab.emulator.default_tenant().replays());
}

/// Every source type with each suitable connection type, and with an unsuitable one.
#[test]
fn mirroring_start_requires_a_suitable_connection_type() {
    for spec in SOURCES.iter().filter(|spec| !spec.connection_types.is_empty()) {
        let lab = Lab::new();
        let workspace = lab.workspace();
        for kind in spec.connection_types.iter().copied().chain(["FTP"]) {
            let name = format!("over {kind}");
            let types = lab.get("/v1/connections/supportedConnectionTypes").is(200).body();
            let row = types["value"].as_array().unwrap().iter().find(|row| row["type"] == kind).unwrap().clone();
            let connection = lab.post("/v1/connections", connection_of(&row)).is(201).id();
            let mut document = sql_mirror(&connection, None);
            document["properties"]["source"] =
                json!({"type": spec.name, "typeProperties": {"connection": connection, "database": "shop"}});
            let mirror = lab.mirror(&workspace, &name, &document);
            lab.advance(30.0);
            lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
            lab.advance(300.0);
            let ended = lab.post_empty(&format!("{mirror}/getMirroringStatus")).is(200).body();
            let (status, code) = (ended["status"].clone(), ended["error"]["errorCode"].clone());
            let expected =
                if kind == "FTP" { ("Initialized", json!("InvalidConnectionType")) } else { ("Running", Value::Null) };
            assert_eq!((status, code), (json!(expected.0), expected.1), "{} {name}", spec.name);
        }
    }
}

/// A request for a connection of a listed type, with the first credentials that the API accepts.
fn connection_of(row: &Value) -> Value {
    let parameters = row["creationMethods"][0]["parameters"].as_array().unwrap().iter();
    let required = parameters.filter(|it| it["required"] == true);
    let value = |it: &Value| {
        let value = if it["name"] == "host" { "https://x.documents.azure.com" } else { "x" };
        json!({"name": it["name"], "dataType": it["dataType"], "value": value})
    };
    let kinds = row["supportedCredentialTypes"].as_array().unwrap();
    let kind = kinds.iter().find(|kind| *kind != "OAuth2").unwrap();
    json!({
        "connectivityType": "ShareableCloud", "displayName": row["type"],
        "connectionDetails": {
            "type": row["type"], "creationMethod": row["creationMethods"][0]["name"],
            "parameters": required.map(value).collect::<Vec<_>>(),
        },
        "credentialDetails": {
            "connectionEncryption": "NotEncrypted",
            "credentials": {"credentialType": kind, "username": "u", "password": "p", "key": "k"},
        },
    })
}

#[test]
fn entire_tenant_role_lets_a_creator_use_a_connection() {
    let lab = Lab::new();
    let (workspace, connection) = (lab.workspace(), lab.connection());
    let user = "00000000-0000-4000-8000-000000000011";
    lab.assign_role(&workspace, user, "Contributor");
    let tenant = json!({"id": "00000000-0000-4000-8000-0000000000ee", "type": "EntireTenant"});
    let roles = format!("/v1/connections/{connection}/roleAssignments");
    let mirror = lab.user(user).mirror(&workspace, "m", &sql_mirror(&connection, None));
    lab.advance(30.0);
    lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    lab.advance(30.0);
    assert_eq!(lab.status(&mirror), "Initialized");
    lab.post(&roles, json!({"principal": tenant, "role": "User"})).is(201);
    lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    lab.advance(30.0);
    assert_eq!(lab.status(&mirror), "Running");
}
