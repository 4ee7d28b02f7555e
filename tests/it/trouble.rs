//! Trouble in items, tables and sources; bursts, identities and back-off of sources; declared connections and capacities.

use serde_json::{Value, json};

use crate::harness::{ALICE, Lab, MISSING, Reply, open_mirror, part, sql_connection, sql_mirror};

/// A mirror of one declared table: 600,000 rows, 2 rows more a second, copied in 60 s.
struct Mirror {
    lab: Lab,
    workspace: String,
    connection: String,
    path: String,
    id: String,
}

impl Mirror {
    fn new() -> Self {
        let lab = Lab::unthrottled();
        let (workspace, connection) = (lab.workspace(), lab.connection());
        lab.put(
            &format!("/_emulator/sources/{connection}"),
            json!({"snapshotRowsPerSecond": 10_000, "tables": [big()]}),
        )
        .is(200);
        let path = lab.mirror(&workspace, "m", &sql_mirror(&connection, None));
        let id = path.rsplit('/').next().unwrap().to_owned();
        Self { lab, workspace, connection, path, id }
    }

    /// The mirror when it is `Running`.
    fn running() -> Self {
        let mirror = Self::new();
        mirror.reach("Initialized");
        mirror.start();
        mirror.reach("Running");
        mirror
    }

    /// The mirror a minute after its snapshot.
    fn replicating() -> Self {
        let mirror = Self::running();
        mirror.lab.advance(180.0);
        assert_eq!(mirror.table()["status"], "Replicating");
        mirror
    }

    fn start(&self) {
        self.lab.post_empty(&format!("{}/startMirroring", self.path)).is(200);
    }

    fn restart(&self) {
        self.lab.post_empty(&format!("{}/stopMirroring", self.path)).is(200);
        self.reach("Stopped");
        self.start();
        self.reach("Running");
    }

    /// Advances in seconds until the status is reached.
    fn reach(&self, status: &str) {
        for _ in 0..300 {
            if self.status()["status"] == status {
                return;
            }
            self.lab.advance(1.0);
        }
        panic!("{status} is not reached: {}", self.status());
    }

    fn status(&self) -> Value {
        self.lab.post_empty(&format!("{}/getMirroringStatus", self.path)).is(200).body()
    }

    fn table(&self) -> Value {
        self.lab.tables(&self.path)[0].clone()
    }

    fn rows(&self) -> u64 {
        let tables = self.lab.tables(&self.path);
        tables.first().and_then(|table| table["metrics"]["processedRows"].as_u64()).unwrap_or(0)
    }

    fn item(&self) -> Value {
        json!({"item": self.id})
    }

    fn source(&self) -> Value {
        json!({"source": self.connection})
    }

    fn big(&self) -> Value {
        json!({"source": self.connection, "table": {"schemaName": "dbo", "tableName": "Big"}})
    }

    fn plan(&self, target: Value, trouble: Value) -> Value {
        let mut body = trouble;
        body["target"] = target;
        self.lab.post("/_emulator/trouble", body).is(201).body()
    }

    fn end(&self, trouble: &Value) {
        self.lab.delete(&format!("/_emulator/trouble/{}", trouble["id"].as_str().unwrap())).is(200);
    }

    fn state(&self, trouble: &Value) -> Value {
        let list = self.lab.get("/_emulator/trouble").is(200).body();
        let list = list["value"].as_array().unwrap().clone();
        list.into_iter().find(|known| known["id"] == trouble["id"]).unwrap_or_default()
    }
}

fn big() -> Value {
    json!({"schemaName": "dbo", "tableName": "Big", "rows": 600_000, "rowsPerSecond": 2, "latencySeconds": 7})
}

fn in_seconds(lab: &Lab, seconds: i64) -> String {
    let now: jiff::Timestamp = lab.get("/_emulator/clock").body()["now"].as_str().unwrap().parse().unwrap();
    (now + jiff::SignedDuration::from_secs(seconds)).to_string()
}

#[test]
fn start_fails_while_the_trouble_lasts() {
    let mirror = Mirror::new();
    mirror.reach("Initialized");
    let error = json!({"errorCode": "X", "message": "Broken."});
    let trouble = mirror.plan(mirror.item(), json!({"kind": "startFails", "error": error}));
    mirror.start();
    mirror.lab.advance(60.0);
    assert_eq!(mirror.status(), json!({"status": "Initialized", "error": error}));
    assert_eq!(mirror.lab.tables(&mirror.path), Vec::<Value>::new());
    mirror.end(&trouble);
    assert_eq!(mirror.status(), json!({"status": "Initialized", "error": error}), "what has happened stays");
    mirror.start();
    mirror.reach("Running");
    assert_eq!(mirror.status(), json!({"status": "Running"}));
}

#[test]
fn start_fails_until_a_restart_fails_once() {
    let mirror = Mirror::new();
    mirror.reach("Initialized");
    let trouble = mirror.plan(mirror.item(), json!({"kind": "startFails", "ends": "restart"}));
    mirror.start();
    mirror.lab.advance(60.0);
    assert_eq!(mirror.status()["error"]["errorCode"], "StartFailed");
    assert_eq!(mirror.state(&trouble)["state"], "ended");
    mirror.start();
    mirror.reach("Running");
}

/// At the pace `instant`, starts and trouble have the same instant: their order decides.
#[test]
fn trouble_does_not_change_starts_of_the_same_instant_before_it() {
    let mirror = Mirror::new();
    mirror.lab.settings(json!({"pace": "instant"}));
    mirror.reach("Initialized");
    let trouble = mirror.plan(mirror.item(), json!({"kind": "startFails"}));
    mirror.start();
    assert_eq!(mirror.status()["status"], "Initialized");
    mirror.end(&trouble);
    mirror.start();
    mirror.plan(mirror.item(), json!({"kind": "startFails"}));
    mirror.plan(mirror.item(), json!({"kind": "stuck"}));
    assert_eq!(mirror.status()["status"], "Running");
}

#[test]
fn stuck_holds_each_transient_status() {
    let check = |transient: &str, then: &str, act: &dyn Fn(&Mirror)| {
        let mirror = Mirror::new();
        act(&mirror);
        let trouble = mirror.plan(mirror.item(), json!({"kind": "stuck"}));
        mirror.lab.advance(86_400.0);
        assert_eq!(mirror.status()["status"], transient);
        let at = in_seconds(&mirror.lab, 10);
        mirror
            .lab
            .patch(&format!("/_emulator/trouble/{}", trouble["id"].as_str().unwrap()), json!({"ends": {"at": at}}))
            .is(200);
        mirror.lab.advance(9.0);
        assert_eq!(mirror.status()["status"], transient);
        mirror.lab.advance(1.0);
        assert_eq!(mirror.status()["status"], then);
    };
    check("Initializing", "Initialized", &|_| ());
    check("Starting", "Running", &|mirror| {
        mirror.reach("Initialized");
        mirror.start();
    });
    check("Stopping", "Stopped", &|mirror| {
        mirror.reach("Initialized");
        mirror.start();
        mirror.reach("Running");
        mirror.lab.post_empty(&format!("{}/stopMirroring", mirror.path)).is(200);
    });
}

#[test]
fn database_error_is_beside_running_and_stops_figures() {
    let mirror = Mirror::replicating();
    let (error, before) = (json!({"errorCode": "X", "message": "Broken."}), mirror.rows());
    mirror.plan(mirror.item(), json!({"kind": "databaseError", "ends": {"after": 600}, "error": error}));
    assert_eq!(mirror.status(), json!({"status": "Running", "error": error}));
    mirror.lab.advance(599.0);
    assert_eq!((mirror.rows(), &mirror.table()["error"]), (before, &Value::Null));
    mirror.lab.advance(1.0);
    assert_eq!((mirror.status(), mirror.rows()), (json!({"status": "Running"}), before));
    mirror.lab.advance(15.0);
    assert!(mirror.rows() >= before + 1_200, "the figures catch up with the next publishing");
}

#[test]
fn status_not_found_hides_only_the_status_calls() {
    let mirror = Mirror::running();
    mirror.plan(mirror.item(), json!({"kind": "statusNotFound", "ends": {"after": 60}}));
    for call in ["getMirroringStatus", "getTablesMirroringStatus"] {
        mirror.lab.post_empty(&format!("{}/{call}", mirror.path)).refuses(404, "EntityNotFound");
    }
    mirror.lab.get(&mirror.path).is(200);
    mirror.lab.advance(60.0);
    assert_eq!(mirror.status()["status"], "Running");
}

#[test]
fn sql_endpoint_fails_or_is_late() {
    let provisioning = |mirror: &Mirror| {
        let properties = mirror.lab.get(&mirror.path).is(200).body()["properties"]["sqlEndpointProperties"].clone();
        let listed = mirror.lab.get(&format!("{}/items?type=SQLEndpoint", mirror.workspace)).is(200).body();
        let count = listed["value"].as_array().unwrap().len();
        (properties["provisioningStatus"].clone(), properties["connectionString"].is_null(), count)
    };
    let mirror = Mirror::new();
    let trouble = mirror.plan(mirror.item(), json!({"kind": "sqlEndpointFails"}));
    mirror.lab.advance(120.0);
    assert_eq!(
        (provisioning(&mirror), mirror.status()["status"].clone()),
        ((json!("Failed"), true, 0), json!("Initialized"))
    );
    mirror.end(&trouble);
    assert_eq!(provisioning(&mirror), (json!("Success"), false, 1));
    mirror.plan(mirror.item(), json!({"kind": "sqlEndpointFails"}));
    assert_eq!(provisioning(&mirror), (json!("Success"), false, 1), "an endpoint that is there stays");

    let mirror = Mirror::new();
    mirror.plan(mirror.item(), json!({"kind": "sqlEndpointLate", "ends": {"after": 300}}));
    mirror.lab.advance(299.0);
    assert_eq!(
        (provisioning(&mirror), mirror.status()["status"].clone()),
        ((json!("InProgress"), true, 0), json!("Initializing"))
    );
    mirror.lab.advance(1.0);
    assert_eq!(
        (provisioning(&mirror), mirror.status()["status"].clone()),
        ((json!("Success"), false, 1), json!("Initialized"))
    );
}

#[test]
fn catalog_fails_with_its_tables_and_is_not_repaired_by_a_refresh() {
    let lab = Lab::unthrottled();
    let (workspace, connection) = (lab.workspace(), lab.connection());
    let table = json!({"schemaName": "Accounting.US", "tableName": "Tax"});
    lab.put(&format!("/_emulator/sources/{connection}"), json!({"tables": [table]})).is(200);
    let document = json!({"$schema": "s", "properties": {"source": {"type": "DremioIcebergCatalog", "typeProperties": {
        "connectionId": connection, "scope": ["Accounting"],
    }}}});
    let definition = json!({"parts": [part("MirroredCatalogDefinition.json", &document.to_string())]});
    let made =
        lab.post(&format!("{workspace}/mirroredCatalogs"), json!({"displayName": "c", "definition": definition}));
    let id = made.is(201).id();
    let path = format!("{workspace}/mirroredCatalogs/{id}");
    let trouble = lab.post("/_emulator/trouble", json!({"target": {"item": id}, "kind": "catalogFails"})).is(201).id();
    let statuses = || {
        let catalog = lab.get(&format!("{path}/mirroringStatus?beta=true")).is(200).body();
        let tables = lab.get(&format!("{path}/tablesMirroringStatus?beta=true")).is(200).body();
        (
            catalog["status"].clone(),
            catalog["error"]["errorCode"].clone(),
            tables["value"][0]["error"]["errorCode"].clone(),
        )
    };
    let failed = (json!("Failed"), json!("SourceCatalogUnavailable"), json!("SourceCatalogUnavailable"));
    assert_eq!(statuses(), failed);
    lab.post_empty(&format!("{path}/refreshCatalogMetadata?beta=true")).succeeds();
    lab.advance(60.0);
    assert_eq!(statuses(), failed);
    lab.delete(&format!("/_emulator/trouble/{trouble}")).is(200);
    assert_eq!(statuses(), (json!("Running"), Value::Null, Value::Null));
}

#[test]
fn table_fails_stops_and_is_copied_anew_after_its_end() {
    let mirror = Mirror::running();
    let trouble = json!({"kind": "tableFails", "starts": {"after": 120}, "ends": {"after": 100}});
    let trouble = mirror.plan(mirror.big(), trouble);
    assert_eq!(trouble["state"], "planned");
    mirror.lab.advance(119.0);
    assert_eq!(mirror.table()["status"], "Replicating");
    mirror.lab.advance(1.0);
    let failed = mirror.table();
    assert_eq!(
        (&failed["status"], &failed["error"]["errorCode"]),
        (&json!("Failed"), &json!("TableReplicationFailed"))
    );
    mirror.lab.advance(99.0);
    assert_eq!(mirror.table(), failed, "the figures stand still");
    mirror.lab.advance(1.0);
    assert_eq!((&mirror.table()["status"], &mirror.table()["error"]), (&json!("Snapshotting"), &Value::Null));
    mirror.lab.advance(61.0);
    assert_eq!(mirror.table()["status"], "Replicating");
    assert!(mirror.rows() >= failed["metrics"]["processedRows"].as_u64().unwrap() + 600_000);
    assert_eq!(mirror.status(), json!({"status": "Running"}));
}

#[test]
fn table_error_begins_at_a_share_of_the_snapshot_and_then_goes_on() {
    let mirror = Mirror::running();
    mirror.plan(mirror.big(), json!({"kind": "tableError", "starts": {"share": 0.4}, "ends": {"after": 1_000}}));
    for _ in 0..200 {
        if !mirror.table()["error"].is_null() {
            break;
        }
        mirror.lab.advance(1.0);
    }
    let (table, rows) = (mirror.table(), mirror.rows());
    assert_eq!(
        (&table["status"], &table["error"]["errorCode"]),
        (&json!("Snapshotting"), &json!("TableReplicationError"))
    );
    assert!((240_000..=250_000).contains(&rows), "{rows}");
    mirror.lab.advance(990.0);
    assert_eq!(mirror.rows(), rows);
    mirror.lab.advance(60.0);
    assert_eq!((&mirror.table()["status"], &mirror.table()["error"]), (&json!("Replicating"), &Value::Null));
    assert!(mirror.rows() >= 600_000);
}

#[test]
fn reseed_adds_the_copied_rows() {
    let mirror = Mirror::replicating();
    let before = mirror.rows();
    let trouble = mirror.plan(mirror.source(), json!({"cause": "logFull"}));
    assert_eq!((&mirror.table()["status"], mirror.rows()), (&json!("Reseeding"), before));
    mirror.lab.advance(30.0);
    assert_eq!((&mirror.table()["status"], mirror.rows()), (&json!("Reseeding"), before + 300_000));
    assert_eq!(mirror.table()["error"], Value::Null);
    mirror.lab.advance(30.0);
    assert_eq!(mirror.table()["status"], "Replicating");
    assert!(mirror.rows() >= before + 600_000);
    assert_eq!(mirror.state(&trouble)["state"], "ended");
}

#[test]
fn reseed_while_paused_begins_with_the_next_running() {
    let mirror = Mirror::replicating();
    mirror.lab.set_capacity("Inactive");
    mirror.lab.advance(10.0);
    mirror.plan(mirror.source(), json!({"kind": "reseed"}));
    mirror.lab.advance(3_600.0);
    mirror.lab.set_capacity("Active");
    let rows = mirror.rows();
    mirror.start();
    mirror.reach("Running");
    assert_eq!(mirror.table()["status"], "Reseeding");
    mirror.lab.advance(30.0);
    mirror.lab.set_capacity("Inactive");
    mirror.lab.advance(3_600.0);
    mirror.lab.set_capacity("Active");
    assert_eq!(
        (mirror.status()["status"].clone(), mirror.table()["status"].clone()),
        (json!("Paused"), json!("Reseeding"))
    );
    mirror.start();
    mirror.reach("Running");
    assert_eq!(mirror.table()["status"], "Reseeding", "the copy stood still during the pause");
    mirror.lab.advance(45.0);
    assert_eq!(mirror.table()["status"], "Replicating");
    assert!(mirror.rows() >= rows + 600_000);
}

#[test]
fn no_rows_is_running_without_metrics_or_error() {
    let mirror = Mirror::running();
    let trouble = mirror.plan(mirror.source(), json!({"kind": "noRows"}));
    mirror.lab.advance(86_400.0);
    let table = mirror.table();
    assert_eq!(mirror.status(), json!({"status": "Running"}));
    assert_eq!(
        (&table["status"], &table["error"], &table["metrics"]),
        (&json!("Snapshotting"), &Value::Null, &Value::Null)
    );
    mirror.end(&trouble);
    mirror.lab.advance(60.0);
    assert_eq!(mirror.table()["status"], "Replicating");
    assert!(mirror.rows() >= 600_000);
    mirror.lab.advance(600.0);
    let before = mirror.rows();
    mirror.plan(mirror.source(), json!({"kind": "noRows"}));
    mirror.lab.advance(3_600.0);
    assert_eq!((mirror.rows(), &mirror.table()["error"]), (before, &Value::Null));
}

#[test]
fn slow_prolongs_snapshots_and_latencies() {
    let mirror = Mirror::running();
    let snapshotting = || {
        mirror.reach("Running");
        (0..200).find(|_| {
            mirror.lab.advance(1.0);
            mirror.table()["status"] == "Snapshotting"
        })
    };
    let trouble = mirror.plan(mirror.source(), json!({"kind": "slow", "factor": 3}));
    snapshotting();
    mirror.lab.advance(178.0);
    assert_eq!(mirror.table()["status"], "Snapshotting");
    mirror.lab.advance(3.0);
    assert_eq!(mirror.table()["status"], "Replicating");
    assert_eq!(mirror.table()["metrics"]["lastSyncLatencyInSeconds"], 21);
    mirror.lab.advance(600.0);
    let before = mirror.rows();
    mirror.end(&trouble);
    assert_eq!(mirror.table()["metrics"]["lastSyncLatencyInSeconds"], 7);
    mirror.lab.advance(15.0);
    assert!(mirror.rows() >= before + 40, "the changes of 14 s more have arrived");
}

#[test]
fn unreachable_source_gives_every_table_an_error_and_catches_up() {
    let mirror = Mirror::replicating();
    let before = mirror.rows();
    mirror.plan(mirror.source(), json!({"kind": "unreachable", "ends": {"after": 900}}));
    mirror.lab.advance(899.0);
    let table = mirror.table();
    assert_eq!((&table["status"], &table["error"]["errorCode"]), (&json!("Replicating"), &json!("SourceNotReachable")));
    assert_eq!((mirror.rows(), mirror.status()), (before, json!({"status": "Running"})));
    mirror.lab.advance(16.0);
    assert_eq!(mirror.table()["error"], Value::Null);
    assert!(mirror.rows() >= before + 1_800);
}

fn credentials(password: &str, skips_test: bool) -> Value {
    json!({"connectivityType": "ShareableCloud", "credentialDetails": {"singleSignOnType": "None",
        "connectionEncryption": "Encrypted", "skipTestConnection": skips_test,
        "credentials": {"credentialType": "Basic", "username": "u", "password": password}}})
}

#[test]
fn connection_test_fails_for_requests_with_credentials() {
    let mirror = Mirror::new();
    let path = format!("/v1/connections/{}", mirror.connection);
    let trouble = mirror.plan(mirror.source(), json!({"kind": "connectionTestFails"}));
    let refused = mirror.lab.patch(&path, credentials("wrong", false)).refuses(400, "IncorrectCredentials");
    assert_eq!(refused.body()["message"], "Failed to establish connection using the Credentials input");
    mirror.lab.patch(&path, credentials("wrong", true)).is(200);
    mirror.lab.patch(&path, json!({"connectivityType": "ShareableCloud", "displayName": "renamed"})).is(200);
    mirror.lab.post("/v1/connections", sql_connection("another")).is(201);
    mirror.end(&trouble);
    mirror.lab.patch(&path, credentials("right", false)).is(200);

    let details = json!({"connectionDetails": {"type": "sql", "path": "*.DATABASE.windows.net*"}});
    mirror.plan(details, json!({"cause": "loginFailed", "ends": {"after": 60}}));
    let refused = mirror.lab.post("/v1/connections", sql_connection("third")).is(400).body();
    assert_eq!(refused["errorCode"], "DM_GWPipeline_Gateway_DataSourceAccessError");
    assert_eq!(refused["moreDetails"][1]["message"], "Login failed for user 'user'.");
    mirror.lab.patch(&path, credentials("right", false)).is(200);
    mirror.lab.advance(60.0);
    mirror.lab.post("/v1/connections", sql_connection("third")).is(201);
}

/// The error that a client sees for each cause, where it sees it, and if figures stand still.
#[test]
fn causes_show_their_errors() {
    let mirror = Mirror::new();
    let listed = mirror.lab.get("/_emulator/trouble/causes").is(200).body()["value"].as_array().unwrap().clone();
    let mut seen = Vec::new();
    let mut check = |cause: &str, place: &str, stands_still: bool| {
        let row = listed.iter().find(|row| row["cause"] == cause).unwrap_or_else(|| panic!("{cause} is not listed"));
        for member in ["kind", "target", "class", "source"] {
            assert!(row[member].is_string(), "{cause}: {member}");
        }
        seen.push(cause.to_owned());
        let mirror = if place == "start" { Mirror::new() } else { Mirror::replicating() };
        let target = if row["target"] == "item" { mirror.item() } else { mirror.source() };
        let before = if place == "start" { 0 } else { mirror.rows() };
        let trouble = mirror.plan(target, json!({"cause": cause}));
        assert_eq!(
            (&trouble["kind"], &trouble["state"]),
            (&row["kind"], &json!(if place == "reseed" { "ended" } else { "active" }))
        );
        if place == "start" {
            mirror.reach("Initialized");
            mirror.start();
            mirror.lab.advance(60.0);
        } else if place == "connection" {
            let refused = mirror.lab.post("/v1/connections", sql_connection("new")).is(201);
            drop(refused);
            let path = format!("/v1/connections/{}", mirror.connection);
            let refused = mirror.lab.patch(&path, credentials("p", false)).is(400).body();
            assert_eq!((&refused["errorCode"], &refused["message"]), (&row["errorCode"], &row["message"]), "{cause}");
            return;
        }
        let error = match place {
            "table" => mirror.table()["error"].clone(),
            "nowhere" | "reseed" => {
                assert_eq!(
                    (mirror.table()["error"].clone(), mirror.status()["error"].clone()),
                    (Value::Null, Value::Null)
                );
                Value::Null
            }
            _ => mirror.status()["error"].clone(),
        };
        if !error.is_null() {
            let text = row["message"].as_str().unwrap().split('{').next().unwrap();
            assert_eq!(error["errorCode"], row["errorCode"], "{cause}");
            assert!(error["message"].as_str().unwrap().starts_with(text), "{cause}: {error}");
        } else {
            assert!(["nowhere", "reseed"].contains(&place), "{cause} shows no error");
        }
        mirror.lab.advance(3_600.0);
        assert_eq!(before == mirror.rows(), stands_still, "{cause}");
    };
    check("wrongKey", "connection", false);
    check("loginFailed", "connection", false);
    check("rotatedKey", "table", true);
    check("readOnlyKey", "table", true);
    check("readMetadataMissing", "table", true);
    check("readAnalyticsMissing", "table", true);
    check("networkBypassMisused", "table", true);
    check("sourceThrottled", "table", true);
    check("continuousBackupOff", "start", true);
    check("publicNetworkOff", "table", true);
    check("logFull", "reseed", false);
    check("tooManyTables", "database", false);
    check("changeVolumeThrottled", "database", true);
    check("schemaMergeFailure", "table", true);
    check("identityWithoutPermission", "nowhere", true);
    check("oneLakeAccessOff", "nowhere", true);
    assert_eq!(seen.len(), listed.len(), "each cause has a check");
}

#[test]
fn throttled_replication_names_the_end() {
    let mirror = Mirror::running();
    let at = in_seconds(&mirror.lab, 3_600);
    mirror.plan(mirror.item(), json!({"cause": "changeVolumeThrottled", "ends": {"at": at}}));
    let text = at.trim_end_matches('Z').split('.').next().unwrap();
    let message = mirror.status()["error"]["message"].as_str().unwrap().to_owned();
    assert_eq!(message, format!("The replication is being throttled and expected to continue at {text}."));
}

#[test]
fn restart_ends_trouble_that_has_shown() {
    let mirror = Mirror::replicating();
    let trouble = mirror.plan(mirror.source(), json!({"cause": "rotatedKey"}));
    assert_eq!((&trouble["ends"], &trouble["to"]), (&json!("restart"), &Value::Null));
    mirror.restart();
    mirror.lab.advance(180.0);
    assert_eq!((&mirror.table()["status"], &mirror.table()["error"]), (&json!("Replicating"), &Value::Null));
    assert_eq!(mirror.state(&trouble)["state"], "ended");
    // Trouble that begins after the restart has not shown before it.
    let at = in_seconds(&mirror.lab, 600);
    let later = mirror.plan(mirror.source(), json!({"kind": "unreachable", "starts": {"at": at}, "ends": "restart"}));
    mirror.restart();
    mirror.lab.advance(600.0);
    assert_eq!(mirror.state(&later)["state"], "active");
    assert_eq!(mirror.table()["error"]["errorCode"], "SourceNotReachable");
}

#[test]
fn planned_trouble_is_upcoming_and_can_be_removed() {
    let mirror = Mirror::replicating();
    let at = in_seconds(&mirror.lab, 600);
    let trouble = json!({"kind": "tableError", "starts": {"at": at}, "ends": {"after": 60}});
    let trouble = mirror.plan(mirror.big(), trouble);
    assert_eq!(trouble["state"], "planned");
    let moved = mirror.lab.post("/_emulator/clock/advance", json!({"to": "next-change"})).is(200).body();
    assert_eq!(moved["changes"][0]["what"], "tableStatus");
    assert_eq!(mirror.state(&trouble)["state"], "active");
    assert!(!mirror.table()["error"].is_null());
    mirror.lab.post("/_emulator/clock/advance", json!({"to": "next-change"})).is(200);
    assert_eq!(
        (mirror.table()["error"].clone(), mirror.state(&trouble)["state"].clone()),
        (Value::Null, json!("ended"))
    );

    let at = in_seconds(&mirror.lab, 600);
    let planned = mirror.plan(mirror.item(), json!({"kind": "databaseError", "starts": {"at": at}}));
    let spans = mirror.lab.get(&format!("/_emulator/timeline?item={}", mirror.id)).is(200).body();
    let last = spans["spans"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&last["status"], &last["reason"], &last["trouble"]),
        (&json!("Running"), &json!("trouble"), &planned["id"])
    );
    mirror.end(&planned);
    mirror.lab.advance(1_000.0);
    assert_eq!(mirror.status(), json!({"status": "Running"}));
}

#[test]
fn trouble_lists_are_filtered_and_forget_deleted_items() {
    let mirror = Mirror::running();
    mirror.plan(mirror.item(), json!({"kind": "databaseError"}));
    mirror.plan(mirror.source(), json!({"kind": "unreachable"}));
    let another = mirror.lab.mirror(&mirror.workspace, "another", &open_mirror());
    let open = another.rsplit('/').next().unwrap().to_owned();
    mirror.plan(json!({"source": open}), json!({"kind": "noRows"}));
    let count = |query: &str| {
        let list = mirror.lab.get(&format!("/_emulator/trouble{query}")).is(200).body();
        list["value"].as_array().unwrap().len()
    };
    assert_eq!(count(""), 3);
    assert_eq!(count(&format!("?item={}", mirror.id)), 2);
    assert_eq!(count(&format!("?source={}", mirror.connection)), 1);
    assert_eq!(count(&format!("?item={open}")), 1);
    mirror.lab.delete(&another).is(200);
    assert_eq!(count(""), 2);
    mirror.lab.delete(&mirror.path).is(200);
    assert_eq!(count(""), 1);
    mirror.lab.delete(&mirror.workspace).is(200);
    mirror.lab.post_empty("/_emulator/reset").is(200);
    assert_eq!(count(""), 0);
}

#[test]
fn trouble_requests_are_validated() {
    let mirror = Mirror::new();
    let (item, source, big) = (mirror.item(), mirror.source(), mirror.big());
    let past = in_seconds(&mirror.lab, -1);
    let (soon, later) = (in_seconds(&mirror.lab, 10), in_seconds(&mirror.lab, 20));
    let check = |status: u16, body: Value| {
        let reply = mirror.lab.post("/_emulator/trouble", body.clone());
        assert_eq!(reply.status.as_u16(), status, "{body}: {}", reply.text());
        assert!(status != 400 || reply.body()["moreDetails"][0]["message"].is_string(), "{body}");
    };
    let table = json!({"schemaName": "dbo", "tableName": "Big"});
    check(400, json!({"target": item}));
    check(400, json!({"kind": "stuck"}));
    check(400, json!({"target": {}, "kind": "stuck"}));
    check(400, json!({"target": {"item": mirror.id, "source": mirror.connection}, "kind": "stuck"}));
    check(400, json!({"target": item, "kind": "sulking"}));
    check(400, json!({"target": item, "cause": "noSuchCause"}));
    check(400, json!({"target": item, "kind": "stuck", "colour": 1}));
    check(404, json!({"target": {"item": MISSING}, "kind": "stuck"}));
    check(404, json!({"target": {"source": MISSING}, "kind": "unreachable"}));
    check(404, json!({"target": {"source": mirror.id}, "kind": "unreachable"}));
    for kind in ["unreachable", "catalogFails", "connectionTestFails", "tableFails", "reseed", "noRows", "slow"] {
        check(400, json!({"target": item, "kind": kind, "factor": 2}));
    }
    for kind in ["stuck", "startFails", "databaseError", "statusNotFound", "sqlEndpointFails", "catalogFails"] {
        check(400, json!({"target": source, "kind": kind}));
        check(400, json!({"target": {"item": mirror.id, "table": table}, "kind": kind}));
    }
    check(400, json!({"target": {"connectionDetails": {"type": "SQL"}}, "kind": "unreachable"}));
    check(400, json!({"target": item, "kind": "stuck", "starts": {"at": past}}));
    check(400, json!({"target": item, "kind": "stuck", "ends": {"at": past}}));
    check(400, json!({"target": item, "kind": "stuck", "starts": {"at": later}, "ends": {"at": soon}}));
    check(400, json!({"target": item, "kind": "stuck", "starts": {"at": soon, "after": 5}}));
    check(400, json!({"target": item, "kind": "stuck", "starts": {"after": -1}}));
    check(400, json!({"target": item, "kind": "stuck", "starts": {"after": 1e300}}));
    check(400, json!({"target": item, "kind": "stuck", "ends": {"after": 0}}));
    check(400, json!({"target": item, "kind": "stuck", "ends": "never"}));
    check(400, json!({"target": source, "kind": "unreachable", "starts": {"share": 0.4}}));
    check(400, json!({"target": big, "kind": "tableFails", "starts": {"share": 1.4}}));
    check(400, json!({"target": big, "kind": "reseed", "ends": {"after": 1}}));
    check(400, json!({"target": source, "kind": "connectionTestFails", "ends": "restart"}));
    check(400, json!({"target": source, "kind": "connectionTestFails", "error": {"errorCode": "X", "message": ""}}));
    check(400, json!({"target": source, "kind": "slow", "factor": 0}));
    check(400, json!({"target": source, "kind": "slow"}));
    check(400, json!({"target": source, "kind": "noRows", "factor": 2}));
    check(
        400,
        json!({"target": item, "kind": "databaseError", "error": {"errorCode": "X", "message": "m".repeat(4_097)}}),
    );
    check(400, json!({"target": item, "table": table, "kind": "stuck"}));
    for path in ["nope", MISSING] {
        let path = format!("/_emulator/trouble/{path}");
        mirror.lab.patch(&path, json!({"ends": {"at": soon}})).refuses(404, "EntityNotFound");
        mirror.lab.delete(&path).refuses(404, "EntityNotFound");
    }
    assert_eq!(mirror.lab.get("/_emulator/trouble").body(), json!({"value": []}));
    check(201, json!({"target": {"item": mirror.id, "table": table}, "kind": "slow", "factor": 2}));
}

#[test]
fn trouble_end_can_be_moved_until_it_has_passed() {
    let mirror = Mirror::running();
    let trouble = mirror.plan(mirror.item(), json!({"kind": "databaseError", "ends": {"after": 100}}));
    let path = format!("/_emulator/trouble/{}", trouble["id"].as_str().unwrap());
    let past = in_seconds(&mirror.lab, -1);
    mirror.lab.patch(&path, json!({"ends": {"at": past}})).refuses(400, "InvalidInput");
    mirror.lab.patch(&path, json!({"starts": {"at": past}})).refuses(400, "InvalidInput");
    let moved = mirror.lab.patch(&path, json!({"ends": {"after": 200}})).is(200).body();
    assert_eq!(moved["ends"], json!({"after": 200.0}));
    mirror.lab.advance(199.0);
    assert!(!mirror.status()["error"].is_null());
    mirror.lab.patch(&path, json!({"ends": {"after": 100}})).refuses(400, "InvalidInput");
    mirror.lab.advance(1.0);
    assert!(mirror.status()["error"].is_null());
    mirror.lab.patch(&path, json!({"ends": {"after": 1000}})).refuses(400, "InvalidInput");
}

#[test]
fn tenant_has_at_most_1000_troubles() {
    let mirror = Mirror::new();
    let body =
        json!({"target": mirror.source(), "kind": "slow", "factor": 2, "starts": {"at": in_seconds(&mirror.lab, 60)}});
    let troubles = vec![json!({"kind": "noRows", "starts": {"after": 60}}); 999];
    let declared = json!({"tables": [big()], "trouble": troubles});
    mirror.lab.put(&format!("/_emulator/sources/{}", mirror.connection), declared).is(200);
    mirror.lab.post("/_emulator/trouble", body.clone()).is(201);
    mirror.lab.post("/_emulator/trouble", body).refuses(400, "InvalidInput");
}

#[test]
fn source_declaration_has_trouble_and_replaces_it() {
    let mirror = Mirror::running();
    let path = format!("/_emulator/sources/{}", mirror.connection);
    let fails =
        json!({"table": {"schemaName": "dbo", "tableName": "Big"}, "kind": "tableFails", "starts": {"after": 600}});
    for _ in 0..2 {
        mirror.lab.put(&path, json!({"tables": [big()], "trouble": [fails]})).is(200);
    }
    let list = mirror.lab.get(&format!("/_emulator/trouble?source={}", mirror.connection)).body();
    assert_eq!(list["value"].as_array().unwrap().len(), 1);
    for _ in 0..2 {
        mirror.lab.put(&path, json!({"tables": [big()], "trouble": vec![&fails; 600]})).is(200);
    }
    mirror.lab.put(&path, json!({"tables": [big()], "trouble": [fails]})).is(200);
    mirror.lab.advance(600.0);
    assert_eq!(mirror.table()["status"], "Failed");
    let with_target = json!({"target": mirror.source(), "kind": "noRows"});
    mirror.lab.put(&path, json!({"tables": [], "trouble": [with_target]})).refuses(400, "InvalidInput");
    assert_eq!(mirror.lab.tables(&mirror.path).len(), 1, "a rejected declaration changes nothing");
    mirror.lab.put(&path, json!({"tables": [big()]})).is(200);
    mirror.lab.advance(120.0);
    assert_eq!(mirror.table()["status"], "Replicating");
}

#[test]
fn open_mirror_shows_declared_tables() {
    let lab = Lab::unthrottled();
    let workspace = lab.workspace();
    let path = lab.mirror(&workspace, "open", &open_mirror());
    let id = path.rsplit('/').next().unwrap();
    let source = format!("/_emulator/sources/{id}");
    let table = json!({"schemaName": "sales", "tableName": "Orders", "rows": 1_000, "primaryKey": ["OrderId"]});
    lab.put(&source, json!({"tables": [table]})).is(200);
    assert_eq!(lab.get(&source).is(200).body()["tables"][0]["primaryKey"], json!(["OrderId"]));
    lab.advance(60.0);
    lab.post_empty(&format!("{path}/startMirroring")).is(200);
    lab.advance(600.0);
    let table = lab.tables(&path)[0].clone();
    assert_eq!((&table["sourceTableName"], &table["metrics"]["processedRows"]), (&json!("Orders"), &json!(1_000)));
    lab.put(&source, json!({"tables": []})).is(200);
    assert_eq!(lab.tables(&path), Vec::<Value>::new());
    lab.put(&format!("/_emulator/sources/{MISSING}"), json!({"tables": []})).refuses(404, "EntityNotFound");
    lab.delete(&path).is(200);
    lab.get(&source).refuses(404, "EntityNotFound");
}

#[test]
fn rows_arrive_only_while_the_identity_can_write() {
    let mirror = Mirror::new();
    mirror.lab.add_principals(&[(ALICE, "ServicePrincipal")]);
    let source = json!({"identity": {"principalId": ALICE}, "snapshotRowsPerSecond": 10_000, "tables": [big()]});
    mirror.lab.put(&format!("/_emulator/sources/{}", mirror.connection), source).is(200);
    mirror.reach("Initialized");
    mirror.start();
    mirror.lab.advance(3_600.0);
    let roles = format!("{}/roleAssignments", mirror.workspace);
    let has_metrics = || !mirror.table()["metrics"].is_null();
    assert!(!has_metrics() && mirror.status()["status"] == "Running");
    let viewer = json!({"principal": {"id": ALICE, "type": "ServicePrincipal"}, "role": "Viewer"});
    mirror.lab.post(&roles, viewer).is(201);
    mirror.lab.advance(3_600.0);
    assert!(!has_metrics());
    mirror.lab.patch(&format!("{roles}/{ALICE}"), json!({"role": "Contributor"})).is(200);
    mirror.lab.advance(600.0);
    let rows = mirror.rows();
    assert!(rows >= 600_000);
    mirror.lab.delete(&format!("{roles}/{ALICE}")).is(200);
    mirror.lab.advance(3_600.0);
    assert_eq!(mirror.rows(), rows);
    let member = json!({"principal": {"id": ALICE, "type": "ServicePrincipal"}, "role": "Member"});
    mirror.lab.post(&roles, member).is(201);
    mirror.lab.advance(15.0);
    assert!(mirror.rows() >= rows + 7_200, "what waited arrives");
}

#[test]
fn bursts_come_at_intervals_from_the_declaration() {
    let mirror = Mirror::new();
    let mut table = big();
    (table["rows"], table["rowsPerSecond"], table["bursts"]) =
        (json!(1_000), json!(0), json!([{"every": 3_600, "rows": 500}]));
    let path = format!("/_emulator/sources/{}", mirror.connection);
    mirror.lab.put(&path, json!({"tables": [table]})).is(200);
    assert_eq!(mirror.lab.get(&path).body()["tables"][0]["bursts"], json!([{"every": 3_600.0, "rows": 500}]));
    let declared = mirror.lab.get("/_emulator/clock").body()["now"].clone();
    mirror.reach("Initialized");
    mirror.start();
    mirror.reach("Running");
    let now: jiff::Timestamp = mirror.lab.get("/_emulator/clock").body()["now"].as_str().unwrap().parse().unwrap();
    let since: jiff::Timestamp = declared.as_str().unwrap().parse().unwrap();
    mirror.lab.advance(3_599.0 - now.duration_since(since).as_secs_f64());
    assert_eq!(mirror.rows(), 1_000);
    mirror.lab.advance(31.0);
    assert_eq!(mirror.rows(), 1_500);
    mirror.lab.advance(9.0 * 3_600.0);
    assert_eq!(mirror.rows(), 6_000);
    let check = |burst: Value| {
        let mut table = big();
        table["bursts"] = json!([burst]);
        mirror.lab.put(&path, json!({"tables": [table]})).refuses(400, "InvalidInput");
    };
    check(json!({"every": 0, "rows": 1}));
    check(json!({"every": 1, "rows": -1}));
    check(json!({"every": 1, "rows": 1, "colour": 1}));
}

/// The last rows came with a burst. The source is then asked after 15, 45, 105, 225, 465, 945, 1,905 s, and then every hour.
#[test]
fn idle_source_is_asked_less_often() {
    let mirror = Mirror::new();
    let mut table = big();
    (table["rowsPerSecond"], table["latencySeconds"]) = (json!(0), json!(0));
    table["bursts"] = json!([{"every": 10_000, "rows": 500}]);
    let path = format!("/_emulator/sources/{}", mirror.connection);
    mirror.lab.put(&path, json!({"idleBackoff": true, "snapshotRowsPerSecond": 10_000, "tables": [table]})).is(200);
    assert_eq!(mirror.lab.get(&path).body()["idleBackoff"], true);
    mirror.reach("Initialized");
    mirror.start();
    mirror.reach("Running");
    let mut first = None;
    for n in 0..1_000 {
        mirror.lab.advance(15.0);
        if mirror.rows() > 600_000 {
            first = Some(n * 15);
            break;
        }
    }
    let first = first.expect("the burst arrives");
    assert!(first > 10_000 && first <= 10_000 + 3_600, "after {first} s: later than the burst, by at most an hour");
    assert_eq!(mirror.rows(), 600_500);
}

#[test]
fn declared_connection_is_used_by_everybody() {
    let mirror = Mirror::new();
    let id = "0a1b2c3d-0000-4000-8000-000000000001";
    let path = format!("/_emulator/connections/{id}");
    let connection = json!({"displayName": "me@contoso.com", "connectionDetails": {"type": "SQL", "path": "s;shop"},
        "credentialDetails": {"credentialType": "OAuth2"}});
    let declared = mirror.lab.put(&path, connection.clone()).is(200).body();
    assert_eq!(mirror.lab.user(ALICE).get(&format!("/v1/connections/{id}")).is(200).body(), declared);
    assert_eq!(
        (&declared["connectivityType"], &declared["privacyLevel"]),
        (&json!("ShareableCloud"), &json!("Organizational"))
    );
    let used = mirror.lab.mirror(&mirror.workspace, "used", &sql_mirror(id, None));
    mirror.lab.advance(60.0);
    mirror.lab.post_empty(&format!("{used}/startMirroring")).is(200);
    mirror.lab.advance(60.0);
    assert_eq!(mirror.lab.status(&used), "Running");

    let mut private = connection.clone();
    private["roles"] = json!([{"principal": {"id": ALICE, "type": "User"}, "role": "Owner"}]);
    mirror.lab.put(&path, private).is(200);
    mirror.lab.user(ALICE).get(&format!("/v1/connections/{id}")).is(200);
    mirror.lab.get(&format!("/v1/connections/{id}")).refuses(404, "EntityNotFound");
    let check = |change: &dyn Fn(&mut Value)| {
        let mut body = connection.clone();
        change(&mut body);
        mirror.lab.put(&path, body).refuses(400, "InvalidInput");
    };
    check(&|body| body["connectionDetails"]["type"] = json!("NoSuchSource"));
    check(&|body| body["credentialDetails"]["credentialType"] = json!("Smile"));
    check(&|body| body["connectivityType"] = json!("Telepathy"));
    check(&|body| body["gatewayId"] = json!("x"));
    check(&|body| body["colour"] = json!(1));
    let refused: Reply = mirror.lab.put("/_emulator/connections/not-an-id", connection.clone());
    refused.refuses(400, "InvalidInput");
    let mut same = connection;
    same["displayName"] = json!("SQL");
    mirror.lab.put(&path, same).refuses(409, "DuplicateConnectionName");
}

#[test]
fn declared_capacity_can_be_hidden_and_paused() {
    let lab = Lab::unthrottled();
    let id = "0a1b2c3d-0000-4000-8000-00000000000c";
    let path = format!("/_emulator/capacities/{id}");
    let capacity = json!({"displayName": "hidden", "sku": "F2", "region": "North Europe", "hiddenFrom": [ALICE]});
    lab.put(&path, capacity.clone()).is(200);
    let made = lab.post("/v1/workspaces", json!({"displayName": "w", "capacityId": id})).is(201).id();
    let workspace = format!("/v1/workspaces/{made}");
    lab.assign_role(&workspace, ALICE, "Member");
    let alice = lab.user(ALICE);
    let count = |lab: &Lab| lab.get("/v1/capacities").is(200).body()["value"].as_array().unwrap().len();
    assert_eq!((count(&lab), count(&alice)), (3, 2));
    lab.get(&format!("/v1/capacities/{id}")).is(200);
    alice.get(&format!("/v1/capacities/{id}")).is(404);
    assert_eq!(alice.get(&workspace).is(200).body()["capacityId"], id);
    let path_of = alice.mirror(&workspace, "m", &open_mirror());
    alice.advance(60.0);
    alice.post_empty(&format!("{path_of}/startMirroring")).is(200);
    alice.advance(60.0);
    let mut paused = capacity.clone();
    paused["state"] = json!("Inactive");
    lab.put(&path, paused).is(200);
    alice.create(&workspace, "n", &open_mirror()).refuses(404, "CapacityNotActive");
    lab.put(&path, capacity.clone()).is(200);
    assert_eq!(alice.status(&path_of), "Paused");
    let check = |member: &str, value: Value| {
        let mut body = capacity.clone();
        body[member] = value;
        lab.put(&path, body).refuses(400, "InvalidInput");
    };
    check("colour", json!(1));
    check("state", json!("Sleepy"));
    check("sku", json!(""));
    check("hiddenFrom", json!(["x"]));
}

/// Executes each call of `curl` in the sections of CONTROL.md about trouble, connections and declared capacities.
#[test]
fn examples_in_the_documentation_work() {
    let mirror = Mirror::running();
    let document = include_str!("../../docs/CONTROL.md");
    let section = |name: &str| {
        let (_, rest) = document.split_once(&format!("\n## {name}\n")).unwrap();
        rest.split("\n## ").next().unwrap().to_owned()
    };
    let source = json!({"source": {"type": "DremioIcebergCatalog", "typeProperties": {
        "connectionId": mirror.connection, "scope": ["dbo"],
    }}});
    let catalog = json!({"$schema": "s", "properties": source}).to_string();
    let definition = json!({"parts": [part("MirroredCatalogDefinition.json", &catalog)]});
    let body = json!({"displayName": "c", "definition": definition});
    let catalog = mirror.lab.post(&format!("{}/mirroredCatalogs", mirror.workspace), body).is(201).id();
    let notebook = crate::jobs::item(&mirror.lab, &mirror.workspace, "Notebook");
    let notebook = notebook.rsplit('/').next().unwrap().to_owned();
    let capacity = mirror.lab.get("/v1/capacities").body()["value"][1]["id"].as_str().unwrap().to_owned();
    let mut trouble = String::new();
    let mut count = 0;
    for line in [section("Capacities"), section("Connections"), section("Trouble")].concat().lines() {
        let Some(call) = line.strip_prefix("    curl ") else { continue };
        let mut call = call.replace("$base", "");
        for (name, id) in [
            ("mirror", &mirror.id),
            ("catalog", &catalog),
            ("notebook", &notebook),
            ("connection", &mirror.connection),
            ("capacity", &capacity),
            ("trouble", &trouble),
        ] {
            call = call.replace(&format!("'${name}'"), id).replace(&format!("${name}"), id);
        }
        let (call, body) = call.split_once(" -d ").unwrap_or((&call, ""));
        let (method, path) = match call.strip_prefix("-X ") {
            Some(rest) => rest.split_once(' ').unwrap(),
            None => ("GET", call),
        };
        let path = path.trim_matches('"');
        let reply = mirror.lab.send(method, path, &[], body.trim_matches('\''));
        let reply = reply.is(if method == "POST" { 201 } else { 200 });
        if method == "POST" {
            trouble = reply.id();
        }
        count += 1;
    }
    assert!(count >= 22, "{count} calls were found");
}
