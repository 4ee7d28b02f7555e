//! Mirrored catalogs of Unity Catalog and of Iceberg, Snowflake databases, SQL endpoints, and audit settings.

use serde_json::{Value, json};

use crate::harness::{Lab, MISSING, Reply, part, sql_mirror};

/// A lab with a workspace and a connection.
fn lab() -> (Lab, String, String) {
    let lab = Lab::unthrottled();
    let (workspace, connection) = (lab.workspace(), lab.connection());
    (lab, workspace, connection)
}

/// Declares a source with namespaces: `Accounting.US` has two, `Sales` has none, only a table.
fn declare(lab: &Lab, connection: &str) {
    let table = |schema: &str, table: &str| json!({"schemaName": schema, "tableName": table});
    let tables = [
        table("Accounting.US.Taxes", "TaxInfo"),
        table("Accounting.US.Receivable", "Invoices"),
        table("Sales", "Orders"),
    ];
    lab.put(&format!("/_emulator/sources/{connection}"), json!({"tables": tables})).is(200);
}

fn iceberg(connection: &str, kind: &str, scope: &[&str]) -> Value {
    let source = json!({"type": kind, "typeProperties": {"connectionId": connection, "scope": scope}});
    json!({"$schema": "https://example.org/schema.json", "properties": {"source": source}})
}

fn catalog(lab: &Lab, workspace: &str, document: &Value) -> Reply {
    let definition = json!({"parts": [part("MirroredCatalogDefinition.json", &document.to_string())]});
    lab.post(&format!("{workspace}/mirroredCatalogs"), json!({"displayName": "c", "definition": definition}))
}

/// Creates a catalog of the namespace `Accounting.US`; its path.
fn accounting(lab: &Lab, workspace: &str, connection: &str) -> String {
    declare(lab, connection);
    let document = iceberg(connection, "DremioIcebergCatalog", &["Accounting", "US"]);
    format!("{workspace}/mirroredCatalogs/{}", catalog(lab, workspace, &document).is(201).id())
}

#[test]
fn mirrored_catalog_syncs_on_schedule_and_on_request() {
    let (lab, workspace, connection) = lab();
    let path = accounting(&lab, &workspace, &connection);
    insta::assert_snapshot!("mirrored_catalog_new", lab.get(&path).is(200).text());
    lab.advance(30.0);
    insta::assert_snapshot!("mirrored_catalog", lab.get(&path).is(200).text());
    let status = || lab.get(&format!("{path}/mirroringStatus?beta=true")).is(200);
    insta::assert_snapshot!("mirrored_catalog_status", status().text());
    let tables = lab.get(&format!("{path}/tablesMirroringStatus?beta=True")).is(200);
    insta::assert_snapshot!("mirrored_catalog_tables", tables.text());
    let last_sync = || status().body()["lastSyncDateTime"].as_str().unwrap().to_owned();
    let first = last_sync();
    let refresh = lab.post_empty(&format!("{path}/refreshCatalogMetadata?beta=true")).is(202);
    assert_eq!(last_sync(), first, "a running refresh is not a sync yet");
    lab.result(&refresh).refuses(400, "OperationHasNoResult");
    let second = last_sync();
    assert!(second > first);
    lab.advance(900.0);
    assert!(last_sync() > second);
}

#[test]
fn mirrored_catalog_status_requires_beta() {
    let (lab, workspace, connection) = lab();
    let path = accounting(&lab, &workspace, &connection);
    for path in [format!("{path}/mirroringStatus"), format!("{path}/mirroringStatus?beta=false")] {
        lab.get(&path).refuses(400, "InvalidParameter");
    }
}

#[test]
fn mirrored_catalog_definition_selects_tables_and_keeps_its_source() {
    let (lab, workspace, connection) = lab();
    let path = accounting(&lab, &workspace, &connection);
    lab.advance(30.0);
    let update = |document: &Value| {
        let definition = json!({"parts": [part("MirroredCatalogDefinition.json", &document.to_string())]});
        lab.post(&format!("{path}/updateDefinition"), json!({"definition": definition}))
    };
    let named = json!({"source": {"typeProperties": {"fullyQualifiedScope": ["Sales"], "tableName": "Orders"}}});
    let mut changed = iceberg(&connection, "DremioIcebergCatalog", &["Accounting", "US"]);
    changed["properties"]["mountedTables"] = json!([named]);
    update(&changed).is(200);
    let tables = lab.get(&format!("{path}/tablesMirroringStatus?beta=true")).body();
    assert_eq!((tables["value"].as_array().unwrap().len(), &tables["value"][0]["name"]), (1, &json!("Orders")));
    update(&iceberg(&connection, "AWSIcebergCatalog", &[])).refuses(400, "InvalidDefinitionParts");
    update(&iceberg(MISSING, "DremioIcebergCatalog", &[])).refuses(400, "InvalidDefinitionParts");
    let read = lab.post_empty(&format!("{path}/getDefinition")).is(200).body();
    assert_eq!(read["definition"]["format"], "MirroredCatalogDefinition");
}

#[test]
fn discovery_of_an_unknown_scope_answers_404() {
    let (lab, workspace, connection) = lab();
    let tables = json!({"tables": [{"schemaName": "Accounting.US", "tableName": "Taxes"}]});
    lab.put(&format!("/_emulator/sources/{connection}"), tables).is(200);
    let ask = |scope: &str| {
        lab.get(&format!("{workspace}/catalogmirroring/tables?beta=true&connectionId={connection}&scope={scope}"))
    };
    assert_eq!(ask("Accounting,US").is(200).body()["value"][0]["name"], "Taxes");
    ask("Accounting,FR").refuses(404, "ItemNotFound");
}

#[test]
fn mirrored_catalog_definitions_are_validated() {
    let (lab, workspace, connection) = lab();
    let good = || iceberg(&connection, "DremioIcebergCatalog", &[]);
    let without = |pointer: &str, member: &str| {
        let mut document = good();
        document.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(member);
        document
    };
    for document in [
        without("", "$schema"),
        without("/properties", "source"),
        without("/properties/source", "type"),
        without("/properties/source/typeProperties", "connectionId"),
        without("/properties/source/typeProperties", "scope"),
        iceberg(&connection, "Iceberg", &[]),
        iceberg("x", "DremioIcebergCatalog", &[]),
    ] {
        catalog(&lab, &workspace, &document).refuses(400, "InvalidDefinitionParts");
    }
    lab.post(&format!("{workspace}/mirroredCatalogs"), json!({"displayName": "c"})).refuses(400, "InvalidInput");
    let empty = json!({"value": [], "continuationToken": null, "continuationUri": null});
    assert_eq!(lab.get(&format!("{workspace}/mirroredCatalogs")).is(200).body(), empty);
}

#[test]
fn discovery_lists_scopes_and_tables() {
    let (lab, workspace, connection) = lab();
    declare(&lab, &connection);
    let get = |path: &str| lab.get(&format!("{workspace}/catalogmirroring/{path}&connectionId={connection}")).is(200);
    insta::assert_snapshot!("scopes", get("scopes?beta=true&recursive=true").text());
    insta::assert_snapshot!("scopes_within", get("scopes?beta=true&parent=Accounting&parent=US").text());
    insta::assert_snapshot!("catalog_tables", get("tables?beta=true&scope=Accounting,US").text());
    lab.get(&format!("{workspace}/catalogmirroring/scopes?beta=true")).refuses(400, "InvalidInput");
    lab.get(&format!("{workspace}/catalogmirroring/tables?beta=true&connectionId={MISSING}"))
        .refuses(404, "EntityNotFound");
}

/// A mirrored Databricks catalog that a creation payload made.
struct Databricks {
    lab: Lab,
    connection: String,
    collection: String,
    path: String,
}

impl Databricks {
    fn new() -> Self {
        let (lab, workspace, connection) = lab();
        let collection = format!("{workspace}/mirroredAzureDatabricksCatalogs");
        let body = json!({"displayName": "a", "creationPayload": Self::payload(&connection)});
        let path = format!("{collection}/{}", lab.post(&collection, body).is(201).id());
        lab.advance(30.0);
        Self { lab, connection, collection, path }
    }

    fn payload(connection: &str) -> Value {
        json!({"catalogName": "main", "databricksWorkspaceConnectionId": connection, "mirroringMode": "Full"})
    }

    /// The document of a definition.
    fn document(&self) -> Value {
        json!({
            "name": "main", "databricksWorkspaceConnectionId": self.connection, "autoSync": "Enabled",
            "mirroringMode": "Partial",
        })
    }

    fn definition(document: &Value) -> Value {
        json!({"parts": [part("mirroringAzureDatabricksCatalog.json", &document.to_string())]})
    }

    #[expect(clippy::needless_pass_by_value, reason = "tests write bodies in place")]
    fn create(&self, member: &str, value: Value) -> Reply {
        self.lab.post(&self.collection, json!({"displayName": "b", member: value}))
    }

    #[expect(clippy::needless_pass_by_value, reason = "tests write bodies in place")]
    fn patch(&self, properties: Value) -> Reply {
        self.lab.patch(&self.path, json!({"properties": properties}))
    }

    fn update(&self, definition: &Value) -> Reply {
        self.lab.post(&format!("{}/updateDefinition", self.path), json!({"definition": definition}))
    }

    fn refresh(&self) -> Reply {
        self.lab.post_empty(&format!("{}/refreshCatalogMetadata", self.path)).is(202)
    }

    fn properties(&self) -> Value {
        self.lab.get(&self.path).is(200).body()["properties"].clone()
    }

    fn last_sync(&self) -> Value {
        self.properties()["syncDetails"]["lastSyncDateTime"].clone()
    }
}

#[test]
fn databricks_catalog_without_auto_sync_keeps_its_last_sync() {
    let catalog = Databricks::new();
    let lab = &catalog.lab;
    insta::assert_snapshot!("databricks_catalog", lab.get(&catalog.path).is(200).text());
    lab.advance(7200.0);
    let before = catalog.last_sync();
    catalog.patch(json!({"autoSync": "Disabled", "mirroringMode": "Partial", "other": 1})).is(200);
    let shown = catalog.properties();
    assert_eq!((&shown["autoSync"], &shown["mirroringMode"]), (&json!("Disabled"), &json!("Partial")));
    assert_eq!(catalog.last_sync(), before, "earlier syncs remain");
    catalog.patch(json!({"autoSync": "Sometimes"})).refuses(400, "InvalidInput");
    lab.advance(3600.0);
    assert_eq!(catalog.last_sync(), before, "no sync while autoSync is disabled");
}

#[test]
fn databricks_catalog_is_refreshed_on_request() {
    let catalog = Databricks::new();
    let status = || catalog.properties()["syncDetails"]["status"].clone();
    catalog.patch(json!({"autoSync": "Disabled"})).is(200);
    let before = catalog.last_sync();
    let refresh = catalog.refresh();
    assert_eq!(status(), "InProgress");
    assert_eq!(catalog.last_sync(), before);
    catalog.lab.result(&refresh).refuses(400, "OperationHasNoResult");
    assert_eq!(status(), "Success");
    let refreshed = catalog.last_sync();
    assert_ne!(refreshed, before);
    catalog.refresh();
    assert_eq!(catalog.last_sync(), refreshed, "the refresh before still counts");
}

/// A refresh that a fault slows, stalls or fails is a sync when its operation succeeds, and not before.
#[test]
fn catalog_refresh_under_a_fault_ends_with_its_operation() {
    let check = |effect: Value, shown: &str, syncs_at: Option<f64>| {
        let catalog = Databricks::new();
        let lab = &catalog.lab;
        let status = || catalog.properties()["syncDetails"]["status"].clone();
        catalog.patch(json!({"autoSync": "Disabled"})).is(200);
        let before = catalog.last_sync();
        let rule = json!({"match": {"method": "POST"}, "effect": {"operation": effect}});
        lab.post("/_emulator/faults", rule).is(201);
        let refresh = catalog.refresh();
        let operation = format!("/v1/operations/{}", refresh.header("x-ms-operation-id").unwrap());
        assert_eq!(status(), shown, "{effect}");
        lab.advance(syncs_at.unwrap_or(100.0) - 1.0);
        assert_eq!((status(), catalog.last_sync()), (json!(shown), before.clone()), "{effect}");
        lab.advance(1.0);
        let is_synced = catalog.last_sync() != before;
        assert_eq!(is_synced, syncs_at.is_some(), "{effect}");
        assert_eq!(lab.get(&operation).body()["status"] == "Succeeded", is_synced, "{effect}");
        assert!(lab.emulator.default_tenant().replays());
    };
    check(json!({"seconds": 600}), "InProgress", Some(600.0));
    check(json!({"seconds": 2}), "InProgress", Some(2.0));
    check(json!({"stalled": true}), "InProgress", None);
    check(json!({"status": "Failed"}), "Success", None);
}

/// A catalog from a payload reads back as a definition, which includes what an update changed.
#[test]
fn databricks_catalog_definition_sets_auto_sync() {
    let catalog = Databricks::new();
    catalog.patch(json!({"autoSync": "Disabled", "mirroringMode": "Partial"})).is(200);
    let read = catalog.lab.post_empty(&format!("{}/getDefinition", catalog.path)).is(200).body();
    catalog.update(&read["definition"]).is(200);
    assert_eq!(catalog.properties()["autoSync"], "Disabled");
    catalog.update(&Databricks::definition(&catalog.document())).is(200);
    assert_eq!(catalog.properties()["autoSync"], "Enabled");
    catalog.lab.advance(7200.0);
    let before = catalog.last_sync();
    catalog.update(&read["definition"]).is(200);
    assert_eq!((&catalog.properties()["autoSync"], catalog.last_sync()), (&json!("Disabled"), before));
    catalog.update(&Databricks::definition(&catalog.document())).is(200);
}

#[test]
fn databricks_catalog_definitions_and_payloads_are_validated() {
    let catalog = Databricks::new();
    let listed = json!(["main", catalog.connection, "Enabled", "Full", null]);
    catalog.create("creationPayload", listed.clone()).refuses(400, "InvalidDefinitionParts");
    catalog.update(&Databricks::definition(&listed)).refuses(400, "InvalidDefinitionParts");
    for (member, value) in [("mirroringMode", "Half"), ("databricksWorkspaceConnectionId", "x"), ("name", "")] {
        let mut broken = catalog.document();
        broken[member] = value.into();
        let refused = catalog.create("definition", Databricks::definition(&broken)).is(400).body();
        let code = refused["errorCode"].as_str().unwrap();
        assert!(["InvalidInput", "InvalidDefinitionParts"].contains(&code), "{refused}");
    }
    let definition = Databricks::definition(&catalog.document());
    catalog.create("definition", definition.clone()).is(201);
    catalog.create("description", json!("none")).refuses(400, "InvalidInput");
    let payload = Databricks::payload(&catalog.connection);
    let both = json!({"displayName": "c", "creationPayload": payload, "definition": definition});
    catalog.lab.post(&catalog.collection, both).refuses(400, "RequestWithDefinitionAndCreationPayloadNotSupported");
}

#[test]
fn unity_catalog_discovery_is_paged() {
    let (lab, workspace, connection) = lab();
    declare(&lab, &connection);
    let get = |path: &str, query: &str| {
        lab.get(&format!(
            "{workspace}/azureDatabricks/catalogs{path}?databricksWorkspaceConnectionId={connection}{query}"
        ))
    };
    insta::assert_snapshot!("databricks_catalogs", get("", "").is(200).text());
    let page = get("/main/schemas", "&maxResults=2").is(200).body();
    assert_eq!(page["value"].as_array().unwrap().len(), 2);
    let rest =
        get("/main/schemas", &format!("&continuationToken={}", page["continuationToken"].as_str().unwrap())).is(200);
    insta::assert_snapshot!("databricks_schemas", rest.text());
    insta::assert_snapshot!("databricks_tables", get("/main/schemas/Accounting.US.Taxes/tables", "").is(200).text());
    assert_eq!(get("/other/schemas", "").is(200).body()["value"], json!([]));
    get("", "&maxResults=none").refuses(400, "InvalidInput");
    lab.get(&format!("{workspace}/azureDatabricks/catalogs")).refuses(400, "InvalidInput");
}

#[test]
fn snowflake_database_shows_its_source() {
    let (lab, workspace, connection) = lab();
    let own = format!("{workspace}/snowflakeDatabases");
    let payload = json!({"snowflakeDatabaseName": "SALES", "connectionId": connection});
    let path =
        format!("{own}/{}", lab.post(&own, json!({"displayName": "s", "creationPayload": payload})).is(201).id());
    lab.advance(30.0);
    insta::assert_snapshot!("snowflake_database", lab.get(&path).is(200).text());
    lab.post(&own, json!({"displayName": "t", "creationPayload": {"connectionId": "x"}})).refuses(400, "InvalidInput");
}

#[test]
fn sql_endpoint_has_a_connection_string_and_refreshes_metadata() {
    let (lab, workspace, connection) = lab();
    let mirror = lab.mirror(&workspace, "m", &sql_mirror(&connection, Some(&["Orders"])));
    lab.advance(30.0);
    let endpoint = lab.get(&mirror).body()["properties"]["sqlEndpointProperties"].clone();
    let path = format!("{workspace}/sqlEndpoints/{}", endpoint["id"].as_str().unwrap());
    let string = lab.get(&format!("{path}/connectionString")).is(200).body();
    assert_eq!(string["connectionString"], endpoint["connectionString"]);
    assert_eq!(lab.post_empty(&format!("{path}/refreshMetadata")).is(200).body(), json!({"value": []}));
    lab.post_empty(&format!("{mirror}/startMirroring")).is(200);
    lab.advance(3600.0);
    insta::assert_snapshot!("refresh_metadata", lab.post(&format!("{path}/refreshMetadata"), json!({})).is(200).text());
    lab.post_empty(&format!("{workspace}/sqlEndpoints/{MISSING}/refreshMetadata")).refuses(404, "EntityNotFound");
}

#[test]
fn audit_settings_are_stored_and_validated() {
    let (lab, workspace, connection) = lab();
    let mirror = lab.mirror(&workspace, "m", &sql_mirror(&connection, None));
    lab.advance(30.0);
    let endpoint = lab.get(&mirror).body()["properties"]["sqlEndpointProperties"]["id"].as_str().unwrap().to_owned();
    let audit = format!("{workspace}/sqlEndpoints/{endpoint}/settings/sqlAudit");
    insta::assert_snapshot!("audit", lab.get(&audit).is(200).text());
    let changed = lab.patch(&audit, json!({"state": "Enabled", "retentionDays": 10})).is(200).body();
    assert_eq!((&changed["state"], &changed["retentionDays"]), (&json!("Enabled"), &json!(10)));
    lab.post(&format!("{audit}/setAuditActionsAndGroups"), json!(["BATCH_COMPLETED_GROUP"])).is(200);
    assert_eq!(lab.get(&audit).body()["auditActionsAndGroups"], json!(["BATCH_COMPLETED_GROUP"]));
    assert_eq!(lab.patch(&audit, json!({"state": "disabled"})).is(200).body()["state"], "Disabled");
    let ignored = lab.patch(&audit, json!({"auditActionsAndGroups": ["X"]})).is(200).body();
    assert_eq!(
        ignored["auditActionsAndGroups"],
        json!(["BATCH_COMPLETED_GROUP"]),
        "a SQL endpoint has its own operation for them"
    );
    lab.patch(&audit, json!({"state": "Perhaps"})).refuses(400, "InvalidInput");
    lab.patch(&audit, json!({"retentionDays": 100_000})).refuses(400, "InvalidInput");
    lab.post(&format!("{audit}/setAuditActionsAndGroups"), json!([""])).refuses(400, "InvalidInput");

    let database = lab.sql_database(&workspace, "sql");
    let audit = format!("{database}/settings/sqlAudit");
    lab.patch(&audit, json!({"predicateExpression": "statement <> 'select 1'", "auditActionsAndGroups": []})).is(200);
    insta::assert_snapshot!("audit_database", lab.get(&audit).is(200).text());
    lab.post_empty(&format!("{database}/revalidateCMK")).is(200);
}

#[test]
fn mirror_configuration_inherits_the_mode_of_its_parent() {
    let (lab, workspace, connection) = lab();
    let create = |mode: &str, configuration: Value| {
        let document = json!({
            "name": "main", "databricksWorkspaceConnectionId": connection, "mirroringMode": mode, "mirrorConfiguration": configuration,
        });
        let definition = json!({"parts": [part("mirroringAzureDatabricksCatalog.json", &document.to_string())]});
        let body = json!({"displayName": format!("c{}", configuration), "definition": definition});
        lab.post(&format!("{workspace}/mirroredAzureDatabricksCatalogs"), body)
    };
    let excluded =
        || json!({"schemas": [{"schemaName": "s", "tables": [{"tableName": "t", "mirroringMode": "Exclude"}]}]});
    create("Full", excluded()).is(201);
    create("Partial", excluded()).refuses(400, "InvalidDefinitionParts");
    for configuration in [json!("x"), json!([]), json!({"schemas": ["s"]}), json!({"schemas": {}})] {
        create("Full", configuration).refuses(400, "InvalidDefinitionParts");
    }
}
