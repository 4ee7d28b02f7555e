//! The scenarios in `fixtures/scenarios/`: each is applied, and shows what its name promises.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use specularite::fabric::scenario::ready_made::READY_MADE;
use specularite::http::operation_ids::operation_ids;
use specularite::scenario_file;

use crate::harness::{Lab, MISSING};
use crate::scenario::path;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios").join(format!("{name}.json"))
}

/// A new tenant with a scenario, and what the call answered.
fn tenant(name: &str) -> (Lab, Value) {
    let lab = Lab::new();
    let text = std::fs::read_to_string(file(name)).unwrap();
    let applied = lab.send("POST", "/_emulator/scenario", &[], text).is(200).body();
    (lab, applied)
}

#[test]
fn fixtures_are_described_and_are_valid() {
    let document = include_str!("../../docs/TESTING.md");
    let folder = file("x").parent().unwrap().to_owned();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            names.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
        }
    }
    names.sort();
    assert_eq!(
        names,
        [
            "bad-day",
            "cosmos-tutorial",
            "empty",
            "everything",
            "failing-table",
            "paused-capacity",
            "thousand-tables",
            "throttled"
        ]
    );
    for name in names {
        assert!(document.contains(&format!("| [`{name}`](../fixtures/scenarios/{name}.json) |")), "{name} has no row");
        let scenario = scenario_file::open(&file(&name)).unwrap();
        let tenant = Lab::new().emulator.default_tenant();
        tenant.apply_scenario(&scenario, &operation_ids()).unwrap();
        assert!(tenant.replays());
    }
}

/// The program contains every scenario that needs no other file.
#[test]
fn ready_made_scenarios_are_listed_and_can_be_applied() {
    let lab = Lab::new();
    let listed = lab.get("/_emulator/scenarios").is(200).body()["value"].clone();
    let listed = listed.as_array().unwrap();
    assert!(listed.iter().all(|it| it["title"].as_str().is_some_and(|title| title.len() > 10)), "{listed:?}");
    let mut contained: Vec<&str> = listed.iter().map(|it| it["name"].as_str().unwrap()).collect();
    contained.sort_unstable();

    let mut self_contained = Vec::new();
    for entry in std::fs::read_dir(file("x").parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_file()
            && Lab::new().send("POST", "/_emulator/scenario", &[], std::fs::read(&path).unwrap()).status == 200
        {
            let shown = lab.get(&format!("/_emulator/scenarios/{name}")).is(200);
            assert_eq!(shown.header("content-type"), Some("application/json; charset=utf-8"));
            assert_eq!(shown.bytes, std::fs::read(&path).unwrap(), "{name}");
            Lab::new().send("POST", "/_emulator/scenario", &[], shown.bytes).is(200);
            self_contained.push(name);
        }
    }
    self_contained.sort();
    assert_eq!(contained, self_contained);
}

#[test]
fn ready_made_scenarios_belong_to_no_tenant() {
    let lab = Lab::new();
    lab.in_tenant(MISSING).get("/v1/workspaces").is(200);
    assert!(lab.get("/_emulator/clock").header("x-emulator-note").is_some());
    for path in ["/_emulator/scenarios", "/_emulator/scenarios/empty"] {
        assert_eq!(lab.get(path).is(200).header("x-emulator-note"), None, "{path}");
        lab.get(&format!("{path}?tenant=*")).refuses(400, "InvalidInput");
    }
    for name in ["none", "everything", "EMPTY", "empty.json", "..%2Fscenarios%2Fempty"] {
        lab.get(&format!("/_emulator/scenarios/{name}")).refuses(404, "EntityNotFound");
    }
}

/// The image is built from files that `.dockerignore` does not name.
#[test]
fn ready_made_scenarios_are_in_the_build_context() {
    let ignored = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".dockerignore")).unwrap();
    for name in READY_MADE.iter().map(|scenario| scenario.name) {
        let path = format!("/fixtures/scenarios/{name}.json");
        assert!(!ignored.lines().any(|line| path.starts_with(line)), "{path} is ignored");
    }
}

#[test]
fn empty_declares_nothing() {
    let (lab, applied) = tenant("empty");
    assert_eq!(applied, json!({"workspaces": {}, "items": {}, "connections": {}}));
    assert_eq!(lab.emulator.default_tenant().facts(), []);
}

#[test]
fn failing_table_has_one_failed_table() {
    let (lab, applied) = tenant("failing-table");
    let item = path(&applied, "Sales/orders");
    assert_eq!(lab.status(&item), "Running");
    let tables = lab.tables(&item);
    let of = |name: &str| tables.iter().find(|table| table["sourceTableName"] == name).unwrap().clone();
    assert_eq!((&of("Orders")["status"], &of("Customers")["status"]), (&json!("Replicating"), &json!("Replicating")));
    assert_eq!(
        (&of("Returns")["status"], &of("Returns")["error"]["errorCode"]),
        (&json!("Failed"), &json!("UnsupportedColumnType"))
    );
}

#[test]
fn throttled_blocks_every_third_status_call() {
    let (lab, applied) = tenant("throttled");
    let item = path(&applied, "Sales/orders");
    let call = || lab.post_empty(&format!("{item}/getMirroringStatus")).status.as_u16();
    assert_eq!([call(), call(), call(), call(), call(), call()], [200, 200, 429, 200, 200, 429]);
    assert_eq!(lab.get("/_emulator/settings").body()["throttle"], "tight");
}

#[test]
fn paused_capacity_has_a_paused_database() {
    let (lab, applied) = tenant("paused-capacity");
    let item = path(&applied, "Sales/orders");
    lab.post_empty(&format!("{item}/getMirroringStatus")).refuses(404, "CapacityNotActive");
    let capacities = lab.get("/v1/capacities").body();
    let night = capacities["value"].as_array().unwrap().iter().find(|it| it["displayName"] == "night").unwrap().clone();
    assert_eq!(night["state"], "Inactive");
    let night = night["id"].as_str().unwrap();
    lab.patch(&format!("/_emulator/capacities/{night}"), json!({"state": "Active"})).is(200);
    assert_eq!(lab.status(&item), "Paused");
    lab.post_empty(&format!("{item}/startMirroring")).is(200);
    lab.advance(30.0);
    assert_eq!(lab.status(&item), "Running");
}

#[test]
fn thousand_tables_are_replicated() {
    let (lab, applied) = tenant("thousand-tables");
    let tables = lab.tables(&path(&applied, "Sales/orders"));
    assert_eq!(tables.len(), 1_000);
    assert!(tables.iter().all(|table| table["status"] == "Replicating"));
}

/// Everything that the scenario plans happens once, and then all is well.
#[test]
fn bad_day_goes_wrong_once_and_recovers() {
    let (lab, applied) = tenant("bad-day");
    let (item, connection) = (path(&applied, "Sales/orders"), applied["connections"]["orders database"].clone());
    let workspace = item.split("/mirroredDatabases").next().unwrap().to_owned();
    let statuses = |path: &str| lab.post_empty(&format!("{item}/{path}")).status.as_u16();
    let again = |method: &str, path: &str| [0; 3].map(|_| lab.send(method, path, &[], "").status.as_u16());
    assert_eq!(again("GET", "/v1/workspaces"), [429, 200, 200]);
    assert_eq!(again("GET", "/v1/capacities"), [200, 401, 200]);
    assert_eq!(again("POST", &format!("{item}/getMirroringStatus")), [503, 503, 200]);
    assert_eq!([statuses("getTablesMirroringStatus"), statuses("getTablesMirroringStatus")], [502, 200]);
    let list = || lab.get(&format!("{workspace}/items")).body()["value"].as_array().unwrap().len();
    let create = || lab.create(&workspace, "copy", &crate::harness::open_mirror());
    lab.advance(10.0);
    let before = list();
    // Without a socket there is no connection to close.
    drop(create());
    create().refuses(409, "ItemDisplayNameAlreadyInUse");
    assert_eq!(list(), before, "the list is some seconds old");
    assert!(list() > before);
    let operation = lab.post(&format!("{workspace}/sqlDatabases"), json!({"displayName": "sql"})).is(202);
    let operation = format!("/v1/operations/{}", operation.header("x-ms-operation-id").unwrap());
    lab.advance(29.0);
    assert_eq!(lab.get(&operation).body()["status"], "Running");
    lab.advance(1.0);
    assert_eq!(lab.get(&operation).body()["status"], "Succeeded");

    let start = || {
        lab.post_empty(&format!("{item}/startMirroring")).is(200);
        lab.advance(2.0);
        lab.status(&item)
    };
    assert_eq!(start(), "Initialized", "the first start falls back");
    assert_eq!(start(), "Running");
    let table = |name: &str| {
        let tables = lab.tables(&item);
        tables.iter().find(|table| table["sourceTableName"] == name).cloned().unwrap()
    };
    lab.advance(60.0);
    assert_eq!(table("Returns")["status"], "Failed");
    lab.advance(180.0);
    assert_eq!(table("Returns")["status"], "Replicating");
    lab.advance(600.0);
    assert_eq!(table("Orders")["error"]["errorCode"], "SourceAuthenticationFailed");
    lab.post_empty(&format!("{item}/stopMirroring")).is(200);
    lab.advance(5.0);
    assert_eq!(start(), "Running");
    lab.advance(60.0);
    assert_eq!(table("Orders")["error"], Value::Null);
    let typo = crate::harness::sql_connection("typo").to_string().replace("s.database", "typo.database");
    lab.send("POST", "/v1/connections", &[], typo).refuses(400, "IncorrectCredentials");
    assert!(connection.is_string());
    let faults = lab.get("/_emulator/faults").body();
    assert!(faults["value"].as_array().unwrap().iter().all(|fault| fault["struck"].as_u64() > Some(0)), "{faults}");
}

/// The tutorial of a mirrored Cosmos DB database, with all that can go wrong.
mod tutorial {
    use super::*;

    struct Tutorial {
        lab: Lab,
        item: String,
        id: Value,
    }

    impl Tutorial {
        fn new() -> Self {
            let (lab, applied) = tenant("cosmos-tutorial");
            let item = path(&applied, "Cosmos tutorial/shop");
            Self { lab, item, id: applied["items"]["Cosmos tutorial/shop"].clone() }
        }

        /// Plans the trouble of the tutorial's account.
        fn trouble(&self, cause: &str) -> String {
            let more =
                json!({"format": 1, "trouble": [{"target": {"source": "organizational account"}, "cause": cause}]});
            self.lab.post("/_emulator/scenario", more).is(200);
            let listed = self.lab.get("/_emulator/trouble").body();
            listed["value"][0]["id"].as_str().unwrap().to_owned()
        }

        fn start(&self) {
            self.lab.post_empty(&format!("{}/startMirroring", self.item)).is(200);
        }

        fn running(&self) {
            self.start();
            self.lab.advance(150.0);
            assert_eq!(self.lab.status(&self.item), "Running");
        }

        fn orders(&self) -> Value {
            let tables = self.lab.tables(&self.item);
            tables.iter().find(|table| table["sourceTableName"] == "orders").cloned().unwrap()
        }

        /// Starts mirroring while the source has a trouble, which every table shows until it is repaired.
        #[track_caller]
        fn practise(cause: &str, code: &str, text: &str, repair: impl Fn(&Self, &str)) {
            let tutorial = Self::new();
            let trouble = tutorial.trouble(cause);
            tutorial.running();
            tutorial.lab.advance(120.0);
            let error = tutorial.orders()["error"].clone();
            assert_eq!(error["errorCode"], code, "{error}");
            assert!(error["message"].as_str().unwrap().contains(text), "{error}");
            repair(&tutorial, &trouble);
            tutorial.lab.advance(300.0);
            let orders = tutorial.orders();
            assert_eq!((&orders["status"], &orders["error"]), (&json!("Replicating"), &Value::Null), "{orders}");
        }

        fn restart(&self, _: &str) {
            self.lab.post_empty(&format!("{}/stopMirroring", self.item)).is(200);
            self.lab.advance(30.0);
            self.running();
        }

        fn remove(&self, trouble: &str) {
            self.lab.delete(&format!("/_emulator/trouble/{trouble}")).is(200);
        }
    }

    #[test]
    fn start_takes_two_to_five_minutes() {
        let tutorial = Tutorial::new();
        tutorial.start();
        tutorial.lab.advance(119.0);
        assert_eq!(tutorial.lab.status(&tutorial.item), "Starting");
        tutorial.lab.advance(181.0);
        assert_eq!(tutorial.lab.status(&tutorial.item), "Running");
    }

    #[test]
    fn last_refresh_and_total_rows_are_shown() {
        let tutorial = Tutorial::new();
        tutorial.running();
        tutorial.lab.advance(120.0);
        let first = tutorial.orders()["metrics"].clone();
        tutorial.lab.advance(60.0);
        let second = tutorial.orders()["metrics"].clone();
        assert!(first["processedRows"].as_u64() >= Some(1_000), "{first}");
        assert!(second["processedRows"].as_u64() > first["processedRows"].as_u64(), "{second}");
        assert!(second["lastSyncDateTime"].as_str() > first["lastSyncDateTime"].as_str(), "{second}");
    }

    #[test]
    fn wrong_key_is_rejected_with_the_connection() {
        let tutorial = Tutorial::new();
        let target = json!({"connectionDetails": {"type": "CosmosDB", "path": "*contoso.documents.azure.com*"}});
        let more = json!({"format": 1, "trouble": [{"target": target, "cause": "wrongKey", "ends": {"after": 60}}]});
        tutorial.lab.post("/_emulator/scenario", more).is(200);
        let create = || {
            let host = json!({"dataType": "Text", "name": "host", "value": "https://contoso.documents.azure.com:443/"});
            let body = json!({"connectivityType": "ShareableCloud", "displayName": "by key", "privacyLevel": "Organizational",
                "connectionDetails": {"type": "CosmosDB", "creationMethod": "CosmosDB.Contents", "parameters": [host]},
                "credentialDetails": {"singleSignOnType": "None", "connectionEncryption": "NotEncrypted",
                    "skipTestConnection": false, "credentials": {"credentialType": "Key", "key": "c2VjcmV0"}}});
            tutorial.lab.post("/v1/connections", body)
        };
        create().refuses(400, "IncorrectCredentials");
        tutorial.lab.advance(60.0);
        create().is(201);
    }

    #[test]
    fn rotated_key_needs_a_restart() {
        Tutorial::practise("rotatedKey", "SourceAuthenticationFailed", "SQLAPIendpoint", Tutorial::restart);
    }

    #[test]
    fn read_only_key_shows_on_the_tables() {
        Tutorial::practise("readOnlyKey", "SourceAuthenticationFailed", "SQLAPIendpoint", Tutorial::remove);
    }

    #[test]
    fn missing_permission_shows_on_the_tables() {
        Tutorial::practise("readMetadataMissing", "InternalServerError", "internal server error", Tutorial::remove);
        Tutorial::practise("readAnalyticsMissing", "SourceNotReachable", "status code 0", Tutorial::remove);
    }

    #[test]
    fn closed_network_shows_on_the_tables() {
        Tutorial::practise("publicNetworkOff", "SourceNotReachable", "public network access", Tutorial::remove);
    }

    #[test]
    fn missing_backup_makes_the_start_fall_back() {
        let tutorial = Tutorial::new();
        let trouble = json!({"target": {"item": tutorial.id}, "cause": "continuousBackupOff"});
        let trouble = tutorial.lab.post("/_emulator/trouble", trouble).is(201).id();
        tutorial.start();
        tutorial.lab.advance(150.0);
        let status = tutorial.lab.post_empty(&format!("{}/getMirroringStatus", tutorial.item)).is(200).body();
        assert_eq!(
            (&status["status"], &status["error"]["errorCode"]),
            (&json!("Initialized"), &json!("ContinuousBackupNotEnabled"))
        );
        tutorial.remove(&trouble);
        tutorial.running();
    }

    #[test]
    fn transient_errors_while_polling_pass() {
        let tutorial = Tutorial::new();
        let answer = json!({"status": 503, "errorCode": "ServiceUnavailable", "isRetriable": true, "retryAfter": 5});
        let rule = json!({"match": {"item": "Cosmos tutorial/shop", "operation": "Mirroring_GetMirroringStatus"},
            "when": {"times": 2}, "effect": {"answer": answer}});
        tutorial.lab.post("/_emulator/scenario", json!({"format": 1, "faults": [rule]})).is(200);
        tutorial.start();
        let poll = || {
            tutorial.lab.advance(60.0);
            tutorial.lab.post_empty(&format!("{}/getMirroringStatus", tutorial.item))
        };
        poll().is(503);
        poll().is(503);
        assert_eq!(poll().is(200).body()["status"], "Running");
    }

    #[test]
    fn reader_signs_in_and_cannot_stop() {
        let tutorial = Tutorial::new();
        let people = tutorial.lab.get("/_emulator/principals").body();
        let reader =
            people["value"].as_array().unwrap().iter().find(|it| it["displayName"] == "Tutorial reader").unwrap();
        let reader = tutorial.lab.user(reader["id"].as_str().unwrap());
        assert_eq!(reader.status(&tutorial.item), "Initialized");
        reader.post_empty(&format!("{}/startMirroring", tutorial.item)).refuses(403, "InsufficientPrivileges");
    }
}
