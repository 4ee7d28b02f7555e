//! Situations that users of the service have reported. Each can be provoked by a fault, by trouble or by a setting, and
//! a client sees what was reported.

use serde_json::{Value, json};

use crate::harness::{ALICE, Lab, definition, open_mirror, sql_mirror};

const MIRROR: &str = "/mirroredDatabases";

/// A mirrored database that runs and has copied its tables, in a tenant without rate limits.
struct Running {
    lab: Lab,
    workspace: String,
    path: String,
    connection: String,
}

impl Running {
    fn new() -> Self {
        let lab = Lab::unthrottled();
        let (workspace, connection) = (lab.workspace(), lab.connection());
        let path = lab.mirror(&workspace, "shop", &sql_mirror(&connection, Some(&["Orders", "Customers"])));
        lab.advance(60.0);
        lab.post_empty(&format!("{path}/startMirroring")).is(200);
        lab.advance(3_600.0);
        assert_eq!(lab.status(&path), "Running");
        Self { lab, workspace, path, connection }
    }

    /// The id of the mirrored database.
    fn item(&self) -> &str {
        self.path.rsplit('/').next().unwrap()
    }

    /// Plans trouble in the mirrored database.
    fn trouble(&self, mut trouble: Value) {
        trouble["target"] = json!({"item": self.item()});
        self.lab.post("/_emulator/trouble", trouble).is(201);
    }

    /// Plans trouble in the table `Orders`.
    fn table_trouble(&self, mut trouble: Value) {
        trouble["target"] = json!({"source": self.connection, "table": {"schemaName": "dbo", "tableName": "Orders"}});
        self.lab.post("/_emulator/trouble", trouble).is(201);
    }

    /// Adds a rule for an operation.
    fn fault(&self, operation: &str, effect: Value) {
        fault(&self.lab, operation, effect);
    }

    /// The status and the error code of the table `Orders`.
    fn orders(&self) -> (String, Option<String>) {
        let tables = self.lab.tables(&self.path);
        let table = tables.iter().find(|table| table["sourceTableName"] == "Orders").expect("the table is listed");
        let text = |value: &Value| value.as_str().map(str::to_owned);
        (text(&table["status"]).unwrap(), text(&table["error"]["errorCode"]))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "tests write bodies in place")]
fn fault(lab: &Lab, operation: &str, effect: Value) {
    lab.post("/_emulator/faults", json!({"match": {"operation": operation}, "when": {"times": 1}, "effect": effect}))
        .is(201);
}

#[test]
fn tables_fail_heal_and_stay_failed() {
    let check = |trouble: Value, during: (&str, Option<&str>), after: (&str, Option<&str>)| {
        let running = Running::new();
        let owned = |(status, code): (&str, Option<&str>)| (status.to_owned(), code.map(str::to_owned));
        running.table_trouble(trouble.clone());
        assert_eq!(running.orders(), owned(during), "{trouble}");
        running.lab.advance(7_200.0);
        assert_eq!(running.orders(), owned(after), "{trouble}");
    };
    let merge = Some("SchemaMergeFailure");
    check(json!({"cause": "schemaMergeFailure"}), ("Replicating", merge), ("Replicating", merge));
    check(json!({"cause": "schemaMergeFailure", "ends": {"after": 60}}), ("Replicating", merge), ("Replicating", None));
    let error =
        json!({"errorCode": "ParquetFileInvalid", "message": "The file 00000000000000000002.parquet is empty."});
    let invalid = Some("ParquetFileInvalid");
    check(json!({"kind": "tableFails", "error": error}), ("Failed", invalid), ("Failed", invalid));
    check(json!({"kind": "reseed"}), ("Reseeding", None), ("Replicating", None));
}

#[test]
fn database_is_running_although_no_row_arrives() {
    let lab = Lab::new();
    let (workspace, connection) = (lab.workspace(), lab.connection());
    lab.post("/_emulator/trouble", json!({"target": {"source": connection}, "cause": "identityWithoutPermission"}))
        .is(201);
    let path = lab.mirror(&workspace, "empty", &sql_mirror(&connection, Some(&["Orders"])));
    lab.advance(60.0);
    lab.post_empty(&format!("{path}/startMirroring")).is(200);
    lab.advance(86_400.0);
    let tables = lab.tables(&path);
    assert_eq!((lab.status(&path).as_str(), &tables[0]["status"]), ("Running", &json!("Snapshotting")));
    assert_eq!((&tables[0]["metrics"], &tables[0]["error"]), (&Value::Null, &Value::Null));
}

#[test]
fn open_mirror_loses_its_tables_over_stop_and_start() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let path = lab.mirror(&workspace, "open", &open_mirror());
    let source = format!("/_emulator/sources/{}", path.rsplit('/').next().unwrap());
    lab.put(&source, json!({"tables": [{"schemaName": "dbo", "tableName": "Orders", "rows": 100}]})).is(200);
    lab.advance(60.0);
    lab.post_empty(&format!("{path}/startMirroring")).is(200);
    lab.advance(600.0);
    assert_eq!(lab.tables(&path).len(), 1);
    lab.post_empty(&format!("{path}/stopMirroring")).is(200);
    lab.put(&source, json!({"tables": []})).is(200);
    lab.advance(60.0);
    lab.post_empty(&format!("{path}/startMirroring")).is(200);
    lab.advance(600.0);
    assert_eq!((lab.status(&path).as_str(), lab.tables(&path).len()), ("Running", 0));
}

#[test]
fn running_database_reports_an_error_of_its_own() {
    let check = |cause: &str, code: &str| {
        let running = Running::new();
        running.trouble(json!({"cause": cause}));
        let status = running.lab.post_empty(&format!("{}/getMirroringStatus", running.path)).is(200).body();
        assert_eq!((&status["status"], &status["error"]["errorCode"]), (&json!("Running"), &json!(code)), "{cause}");
    };
    check("changeVolumeThrottled", "ReplicationThrottled");
    check("tooManyTables", "TablesCountExceedsLimit");
}

#[test]
fn status_calls_answer_404_together_or_alone() {
    let running = Running::new();
    running.trouble(json!({"kind": "statusNotFound", "ends": {"after": 60}}));
    running.lab.post_empty(&format!("{}/getMirroringStatus", running.path)).refuses(404, "EntityNotFound");
    running.lab.advance(60.0);
    let not_found = json!({"answer": {"status": 404, "errorCode": "EntityNotFound", "message": "not found"}});
    running.fault("Mirroring_GetTablesMirroringStatus", not_found);
    assert_eq!(running.lab.status(&running.path), "Running");
    running.lab.post_empty(&format!("{}/getTablesMirroringStatus", running.path)).refuses(404, "EntityNotFound");
}

#[test]
fn start_falls_back_or_never_ends_on_a_real_clock() {
    let check = |trouble: Value, expected: &str| {
        let running = Running::new();
        running.lab.post_empty(&format!("{}/stopMirroring", running.path)).is(200);
        running.lab.advance(60.0);
        running.trouble(trouble);
        running.lab.post_empty(&format!("{}/startMirroring", running.path)).is(200);
        running.lab.advance(86_400.0);
        assert_eq!(running.lab.status(&running.path), expected);
        // Another item of the same tenant is not affected.
        let other = running.lab.mirror(&running.workspace, "other", &open_mirror());
        running.lab.advance(60.0);
        running.lab.post_empty(&format!("{other}/startMirroring")).is(200);
        running.lab.advance(60.0);
        assert_eq!(running.lab.status(&other), "Running");
    };
    check(json!({"cause": "continuousBackupOff"}), "Initialized");
    check(json!({"kind": "stuck"}), "Starting");
}

#[test]
fn status_has_a_value_that_the_client_does_not_know() {
    let running = Running::new();
    let unknown = json!({"patch": [{"op": "replace", "path": "/status", "value": "Hibernating"}]});
    running.fault("Mirroring_GetMirroringStatus", unknown);
    assert_eq!(running.lab.status(&running.path), "Hibernating");
    assert_eq!(running.lab.status(&running.path), "Running");
}

#[test]
fn start_is_accepted_with_202_or_refused_for_chosen_reasons() {
    let check = |effect: Value, status: u16, code: Option<&str>, then: &str| {
        let running = Running::new();
        running.lab.post_empty(&format!("{}/stopMirroring", running.path)).is(200);
        running.lab.advance(60.0);
        running.fault("Mirroring_StartMirroring", effect);
        let started = running.lab.post_empty(&format!("{}/startMirroring", running.path)).is(status);
        assert_eq!(started.header("x-ms-public-api-error-code"), code);
        running.lab.advance(60.0);
        assert_eq!(running.lab.status(&running.path), then);
    };
    check(json!({"answer": {"status": 202, "body": ""}, "commit": true}), 202, None, "Running");
    for code in ["MirroringDefinitionMissing", "MirroredDatabaseNotReady"] {
        let answer = json!({"answer": {"status": 400, "errorCode": code, "message": "refused"}});
        check(answer, 400, Some(code), "Stopped");
    }
}

#[test]
fn name_is_reserved_for_a_chosen_time_and_with_the_older_code() {
    let lab = Lab::unthrottled();
    lab.settings(json!({"durations": {"nameReserved": 300}}));
    let workspace = lab.workspace();
    let path = lab.mirror(&workspace, "a", &open_mirror());
    lab.advance(60.0);
    lab.delete(&path).is(200);
    lab.advance(299.0);
    lab.create(&workspace, "a", &open_mirror()).refuses(409, "ItemDisplayNameNotAvailableYet");
    let older = json!({"answer": {"status": 400, "errorCode": "ItemDisplayNameAlreadyInUse", "message": "in use"}});
    fault(&lab, "Items_CreateMirroredDatabase", older);
    lab.create(&workspace, "a", &open_mirror()).refuses(400, "ItemDisplayNameAlreadyInUse");
    lab.advance(1.0);
    lab.create(&workspace, "a", &open_mirror()).is(201);
}

#[test]
fn failed_create_keeps_its_name() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let lost = json!({"answer": {"status": 500, "errorCode": "UnknownError", "message": "failed"}, "commit": true});
    fault(&lab, "Items_CreateMirroredDatabase", lost);
    lab.create(&workspace, "a", &open_mirror()).refuses(500, "UnknownError");
    lab.create(&workspace, "a", &open_mirror()).refuses(409, "ItemDisplayNameAlreadyInUse");
    assert_eq!(lab.get(&format!("{workspace}{MIRROR}")).body()["value"].as_array().unwrap().len(), 1);
}

#[test]
fn answers_fail_n_times_in_the_ways_of_services_and_gateways() {
    let check = |answer: Value, times: u64, status: u16, header: (&str, Option<&str>), body: &str| {
        let lab = Lab::new();
        let rule = json!({"match": {"path": "/v1/workspaces"}, "when": {"times": times}, "effect": {"answer": answer}});
        lab.post("/_emulator/faults", rule).is(201);
        for _ in 0..times {
            let reply = lab.get("/v1/workspaces").is(status);
            assert_eq!(reply.header(header.0), header.1);
            assert!(reply.text().contains(body), "{}", reply.text());
        }
        lab.get("/v1/workspaces").is(200);
    };
    let code = "x-ms-public-api-error-code";
    for (status, name) in [(500, "InternalServerError"), (500, "UnknownError"), (502, "BadGateway"), (504, "Timeout")] {
        let answer = json!({"status": status, "errorCode": name, "message": "The service failed."});
        check(answer, 3, status, (code, Some(name)), "The service failed.");
    }
    let page = json!({"status": 503, "body": "<html>Service Unavailable</html>", "contentType": "text/html"});
    check(page, 2, 503, ("content-type", Some("text/html")), "<html>");
    let limited = json!({"status": 429, "errorCode": "RequestBlocked", "message": "wait", "retryAfter": 53});
    check(limited, 2, 429, ("retry-after", Some("53")), "RequestBlocked");
    let limited = json!({"status": 429, "errorCode": "RequestBlocked", "message": "wait"});
    check(limited, 2, 429, ("retry-after", None), "RequestBlocked");
}

#[test]
fn create_succeeds_with_an_empty_body() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    fault(&lab, "Items_CreateMirroredDatabase", json!({"answer": {"status": 201, "body": ""}, "commit": true}));
    assert!(lab.create(&workspace, "a", &open_mirror()).is(201).bytes.is_empty());
    assert_eq!(lab.get(&format!("{workspace}{MIRROR}")).body()["value"][0]["displayName"], "a");
}

#[test]
fn operations_fail_stall_get_lost_and_lack_their_location() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let create = |name: &str| lab.post(&format!("{workspace}/sqlDatabases"), json!({"displayName": name})).is(202);
    let operation = |effect: Value, name: &str| {
        fault(&lab, "Items_CreateSQLDatabase", json!({"operation": effect}));
        let started = create(name);
        lab.advance(3_600.0);
        lab.get(&format!("/v1/operations/{}", started.header("x-ms-operation-id").unwrap())).is(200).body()
    };
    let error = json!({"errorCode": "WorkloadUnavailable", "message": "The workload is unavailable."});
    let failed = operation(json!({"status": "Failed", "error": error}), "failed");
    assert_eq!((&failed["status"], &failed["error"]["errorCode"]), (&json!("Failed"), &json!("WorkloadUnavailable")));
    assert_eq!(operation(json!({"stalled": true}), "stalled")["status"], "Running");
    fault(&lab, "Items_CreateSQLDatabase", json!({"headers": {"Location": null}}));
    let started = create("without a location");
    assert_eq!(started.header("location"), None);
    let lost = json!({"answer": {"status": 404, "errorCode": "OperationNotFound", "message": "not found"}});
    fault(&lab, "LongRunningOperations_GetOperationState", lost);
    let path = format!("/v1/operations/{}", started.header("x-ms-operation-id").unwrap());
    lab.get(&path).refuses(404, "OperationNotFound");
    lab.get(&path).is(200);
}

#[test]
fn lists_and_items_lag_behind_writes() {
    let lab = Lab::new();
    let workspace = lab.workspace();
    let old = lab.mirror(&workspace, "old", &open_mirror());
    lab.advance(60.0);
    let new = lab.mirror(&workspace, "new", &open_mirror());
    lab.delete(&old).is(200);
    for path in [format!("{workspace}/items"), new.clone(), format!("{workspace}{MIRROR}")] {
        let rule = json!({"match": {"path": path}, "when": {"times": 1}, "effect": {"staleSeconds": 10}});
        lab.post("/_emulator/faults", rule).is(201);
    }
    lab.get(&new).refuses(404, "EntityNotFound");
    lab.get(&new).is(200);
    let names = || {
        let listed = lab.get(&format!("{workspace}{MIRROR}")).is(200).body();
        listed["value"].as_array().unwrap().iter().map(|item| item["displayName"].clone()).collect::<Vec<Value>>()
    };
    assert_eq!((names(), names()), (vec![json!("old")], vec![json!("new")]));
}

#[test]
fn answers_lack_members_and_have_members_of_other_states() {
    let running = Running::new();
    let (lab, workspace) = (&running.lab, &running.workspace);
    let provisioned = lab.post_empty(&format!("{workspace}/provisionIdentity")).is(202);
    lab.result(&provisioned);
    let check = |operation: &str, patch: Value, path: &str, pointer: &str, expected: Option<Value>| {
        let real = lab.get(path).is(200).body().pointer(pointer).cloned();
        running.fault(operation, json!({"patch": [patch]}));
        let edited = lab.get(path).is(200).body().pointer(pointer).cloned();
        assert_eq!(edited, expected, "{operation}");
        assert_ne!(edited, real, "{operation}");
    };
    let remove = |path: &str| json!({"op": "remove", "path": path});
    let replace = |path: &str, value: &str| json!({"op": "replace", "path": path, "value": value});
    check("Workspaces_GetWorkspace", remove("/workspaceIdentity"), workspace, "/workspaceIdentity", None);
    let progress = "/capacityAssignmentProgress";
    check("Workspaces_GetWorkspace", replace(progress, "Failed"), workspace, progress, Some(json!("Failed")));
    let token = json!({"op": "add", "path": "/continuationToken", "value": "invalid"});
    check("Workspaces_ListWorkspaces", token, "/v1/workspaces", "/continuationToken", Some(json!("invalid")));
    let roles = format!("{workspace}/roleAssignments");
    let role = "/value/0/principal/type";
    check("Workspaces_ListWorkspaceRoleAssignments", replace(role, "Group"), &roles, role, Some(json!("Group")));
    let lakehouse = lab.post(&format!("{workspace}/lakehouses"), json!({"displayName": "l"})).succeeds();
    let id = lakehouse.id();
    let items = format!("{workspace}/items?type=Lakehouse");
    check("Items_ListItems", remove("/value/0"), &items, "/value/0/id", None);
    lab.get(&format!("{workspace}/lakehouses/{id}")).is(200);
}

#[test]
fn sql_endpoint_is_failed_or_late_for_one_item() {
    let check = |trouble: Value, expected: &str| {
        let lab = Lab::new();
        let path = lab.shop();
        let item = path.rsplit('/').next().unwrap();
        let mut trouble = trouble;
        trouble["target"] = json!({"item": item});
        lab.post("/_emulator/trouble", trouble).is(201);
        lab.advance(600.0);
        let shown = lab.get(&path).is(200).body();
        assert_eq!(shown["properties"]["sqlEndpointProperties"]["provisioningStatus"], expected);
    };
    check(json!({"kind": "sqlEndpointFails"}), "Failed");
    check(json!({"kind": "sqlEndpointLate"}), "InProgress");
}

#[test]
fn principal_is_refused_where_the_service_refused_it() {
    let running = Running::new();
    let app = running.lab.by(ALICE, "app");
    running.lab.add_principals(&[(ALICE, "ServicePrincipal")]);
    let role = json!({"principal": {"id": ALICE, "type": "ServicePrincipal"}, "role": "Admin"});
    running.lab.post(&format!("{}/roleAssignments", running.workspace), role).is(201);
    let definition_path = format!("{}/getDefinition", running.path);
    let check = |operation: &str, status: u16, code: &str, send: &dyn Fn(&Lab) -> u16| {
        let answer = json!({"status": status, "errorCode": code, "message": "refused"});
        let rule = json!({"match": {"operation": operation, "principal": ALICE}, "effect": {"answer": answer}});
        running.lab.post("/_emulator/faults", rule).is(201);
        assert_eq!(send(&app), status, "{code}");
        assert!(send(&running.lab) < 300, "{code}: a user is not affected");
    };
    check("Items_GetMirroredDatabaseDefinition", 401, "Unauthorized", &|lab| {
        lab.post_empty(&definition_path).status.as_u16()
    });
    check("Workspaces_ListWorkspaces", 400, "PrincipalTypeNotSupported", &|lab| {
        lab.get("/v1/workspaces").status.as_u16()
    });
    let name = std::cell::Cell::new(0);
    check("Items_CreateMirroredDatabase", 403, "FeatureNotAvailable", &|lab| {
        name.set(name.get() + 1);
        lab.create(&running.workspace, &format!("m{}", name.get()), &open_mirror()).status.as_u16()
    });
}

#[test]
fn protected_item_refuses_its_definition() {
    let running = Running::new();
    let answer = json!({"status": 403, "errorCode": "ItemHasProtectedLabel", "message": "protected"});
    let rule = json!({"match": {"operation": "*Definition", "item": running.item()}, "effect": {"answer": answer}});
    running.lab.post("/_emulator/faults", rule).is(201);
    running.lab.post_empty(&format!("{}/getDefinition", running.path)).refuses(403, "ItemHasProtectedLabel");
    let other = running.lab.mirror(&running.workspace, "other", &open_mirror());
    running.lab.post_empty(&format!("{other}/getDefinition")).is(200);
}

#[test]
fn refresh_of_the_endpoint_is_slow_or_times_out() {
    let running = Running::new();
    let shown = running.lab.get(&running.path).is(200).body();
    let endpoint = shown["properties"]["sqlEndpointProperties"]["id"].as_str().unwrap().to_owned();
    let timeout = json!({"answer": {"status": 504, "errorCode": "OperationFailedOnTimeout", "message": "timeout"}});
    running.fault("Items_RefreshSqlEndpointMetadata", timeout);
    let path = format!("{}/sqlEndpoints/{endpoint}/refreshMetadata", running.workspace);
    running.lab.post(&path, json!({})).refuses(504, "OperationFailedOnTimeout");
    running.lab.post(&path, json!({})).succeeds();
}

#[test]
fn capacity_is_hidden_from_a_caller_whose_workspace_is_on_it() {
    let running = Running::new();
    let capacity = running.lab.get(&running.workspace).body()["capacityId"].as_str().unwrap().to_owned();
    let shown = running.lab.get("/v1/capacities").body()["value"][0].clone();
    let hidden = json!({"displayName": shown["displayName"], "sku": shown["sku"], "region": shown["region"],
        "state": shown["state"], "hiddenFrom": [ALICE]});
    running.lab.put(&format!("/_emulator/capacities/{capacity}"), hidden).is(200);
    running.lab.assign_role(&running.workspace, ALICE, "Contributor");
    let alice = running.lab.user(ALICE);
    assert_eq!(alice.get(&running.workspace).body()["capacityId"], capacity.as_str());
    assert!(!alice.get("/v1/capacities").text().contains(&capacity));
}

#[test]
fn connections_fail_their_test_or_come_from_the_portal() {
    let lab = Lab::new();
    let target = json!({"connectionDetails": {"type": "SQL", "path": "*"}});
    lab.post("/_emulator/trouble", json!({"target": target, "cause": "wrongKey"})).is(201);
    lab.post("/v1/connections", crate::harness::sql_connection("sql")).refuses(400, "IncorrectCredentials");
    let portal = json!({"displayName": "portal", "connectionDetails": {"type": "CosmosDB", "path": "https://a.documents.azure.com"},
        "credentialDetails": {"credentialType": "OAuth2"}});
    let id = "0a1b2c3d-0000-4000-8000-000000000001";
    lab.put(&format!("/_emulator/connections/{id}"), portal).is(200);
    let shown = lab.get(&format!("/v1/connections/{id}")).is(200).body();
    assert_eq!(shown["credentialDetails"]["credentialType"], "OAuth2");
    let mirroring = json!({"properties": {"source": {"type": "CosmosDb",
        "typeProperties": {"connection": id, "database": "shop"}}, "target": {"type": "MountedRelationalDatabase",
        "typeProperties": {"defaultSchema": "dbo", "format": "Delta"}}}});
    let workspace = lab.workspace();
    let body = json!({"displayName": "cosmos", "definition": definition(&mirroring.to_string())});
    lab.post(&format!("{workspace}{MIRROR}"), body).is(201);
}
