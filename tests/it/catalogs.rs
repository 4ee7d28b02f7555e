//! Mirrored catalogs of Unity Catalog and of Iceberg, Snowflake databases, SQL endpoints, and audit settings.

use serde_json::{Value, json};

use crate::lab::{Lab, Reply, part, sql_mirror};

const NOBODY: &str = "00000000-1111-4222-8333-444444444444";

fn lab() -> (Lab, String, String) {
    let lab = Lab::new();
    lab.settings(json!({"throttle": "off"}));
    let (workspace, connection) = (lab.workspace(), lab.connection());
    (lab, workspace, connection)
}

/// A source with namespaces: `Accounting.US` holds two, `Sales` none but its own table.
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

#[test]
fn a_mirrored_catalog_is_looked_at_by_itself_and_when_asked() {
    let (lab, workspace, connection) = lab();
    declare(&lab, &connection);
    let document = iceberg(&connection, "DremioIcebergCatalog", &["Accounting", "US"]);
    let path = format!("{workspace}/mirroredCatalogs/{}", catalog(&lab, &workspace, &document).is(201).id());
    insta::assert_snapshot!("mirrored_catalog_new", lab.get(&path).is(200).text());
    lab.pass(30.0);
    insta::assert_snapshot!("mirrored_catalog", lab.get(&path).is(200).text());
    insta::assert_snapshot!(
        "mirrored_catalog_status",
        lab.get(&format!("{path}/mirroringStatus?beta=true")).is(200).text()
    );
    let tables = lab.get(&format!("{path}/tablesMirroringStatus?beta=True")).is(200);
    insta::assert_snapshot!("mirrored_catalog_tables", tables.text());
    let synced = |lab: &Lab| {
        lab.get(&format!("{path}/mirroringStatus?beta=true")).body()["lastSyncDateTime"].as_str().unwrap().to_owned()
    };
    let first = synced(&lab);
    let refreshed = lab.call(&format!("{path}/refreshCatalogMetadata?beta=true")).is(202);
    assert_eq!(synced(&lab), first, "not before its end");
    lab.result(&refreshed).refuses(400, "OperationHasNoResult");
    let second = synced(&lab);
    assert!(second > first);
    lab.pass(900.0);
    assert!(synced(&lab) > second);
    for path in [format!("{path}/mirroringStatus"), format!("{path}/mirroringStatus?beta=false")] {
        lab.get(&path).refuses(400, "InvalidParameter");
    }

    let named = json!({"source": {"typeProperties": {"fullyQualifiedScope": ["Sales"], "tableName": "Orders"}}});
    let mut changed = document.clone();
    changed["properties"]["mountedTables"] = json!([named]);
    let update = |document: &Value| {
        let definition = json!({"parts": [part("MirroredCatalogDefinition.json", &document.to_string())]});
        lab.post(&format!("{path}/updateDefinition"), json!({"definition": definition}))
    };
    update(&changed).is(200);
    let tables = lab.get(&format!("{path}/tablesMirroringStatus?beta=true")).body();
    assert_eq!((tables["value"].as_array().unwrap().len(), &tables["value"][0]["name"]), (1, &json!("Orders")));
    update(&iceberg(&connection, "AWSIcebergCatalog", &[])).refuses(400, "InvalidDefinitionParts");
    update(&iceberg(NOBODY, "DremioIcebergCatalog", &[])).refuses(400, "InvalidDefinitionParts");
    let read = lab.call(&format!("{path}/getDefinition")).is(200).body();
    assert_eq!(read["definition"]["format"], "MirroredCatalogDefinition");
}

#[test]
fn discovery_of_an_unknown_scope_is_not_found() {
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
fn what_no_mirrored_catalog_can_be_is_refused() {
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
fn namespaces_and_tables_are_discovered() {
    let (lab, workspace, connection) = lab();
    declare(&lab, &connection);
    let get = |path: &str| lab.get(&format!("{workspace}/catalogmirroring/{path}&connectionId={connection}")).is(200);
    insta::assert_snapshot!("scopes", get("scopes?beta=true&recursive=true").text());
    insta::assert_snapshot!("scopes_within", get("scopes?beta=true&parent=Accounting&parent=US").text());
    insta::assert_snapshot!("catalog_tables", get("tables?beta=true&scope=Accounting,US").text());
    lab.get(&format!("{workspace}/catalogmirroring/scopes?beta=true")).refuses(400, "InvalidInput");
    lab.get(&format!("{workspace}/catalogmirroring/tables?beta=true&connectionId={NOBODY}"))
        .refuses(404, "EntityNotFound");
}

#[test]
fn a_databricks_catalog_by_payload_and_by_definition() {
    let (lab, workspace, connection) = lab();
    let own = format!("{workspace}/mirroredAzureDatabricksCatalogs");
    let payload =
        json!({"catalogName": "main", "databricksWorkspaceConnectionId": connection, "mirroringMode": "Full"});
    let path =
        format!("{own}/{}", lab.post(&own, json!({"displayName": "a", "creationPayload": payload})).is(201).id());
    lab.pass(30.0);
    insta::assert_snapshot!("databricks_catalog", lab.get(&path).is(200).text());
    let last_sync = || lab.get(&path).body()["properties"]["syncDetails"]["lastSyncDateTime"].clone();
    lab.pass(7200.0);
    let seen = last_sync();
    lab.patch(&path, json!({"properties": {"autoSync": "Disabled", "mirroringMode": "Partial", "other": 1}})).is(200);
    let properties = |lab: &Lab| lab.get(&path).body()["properties"].clone();
    assert_eq!(
        (&properties(&lab)["autoSync"], &properties(&lab)["mirroringMode"]),
        (&json!("Disabled"), &json!("Partial"))
    );
    assert_eq!(last_sync(), seen, "what was looked at has been");
    lab.patch(&path, json!({"properties": {"autoSync": "Sometimes"}})).refuses(400, "InvalidInput");
    let before = properties(&lab)["syncDetails"]["lastSyncDateTime"].clone();
    lab.pass(3600.0);
    assert_eq!(properties(&lab)["syncDetails"]["lastSyncDateTime"], before, "nobody looks at it");
    let refreshed = lab.call(&format!("{path}/refreshCatalogMetadata")).is(202);
    assert_eq!(properties(&lab)["syncDetails"]["status"], "InProgress");
    assert_eq!(last_sync(), seen);
    lab.result(&refreshed).refuses(400, "OperationHasNoResult");
    assert_eq!(properties(&lab)["syncDetails"]["status"], "Success");
    let refreshed = last_sync();
    assert_ne!(refreshed, seen);
    lab.call(&format!("{path}/refreshCatalogMetadata")).is(202);
    assert_eq!(last_sync(), refreshed, "the refresh before is not forgotten");
    lab.pass(30.0);

    let told = json!({"name": "main", "databricksWorkspaceConnectionId": connection, "autoSync": "Enabled", "mirroringMode": "Partial"});
    let definition = |told: &Value| json!({"parts": [part("mirroringAzureDatabricksCatalog.json", &told.to_string())]});
    // What was made by a payload reads back as a definition, which says what an update said.
    let read = lab.call(&format!("{path}/getDefinition")).is(200).body();
    let update = |definition: &Value| lab.post(&format!("{path}/updateDefinition"), json!({"definition": definition}));
    update(&read["definition"]).is(200);
    assert_eq!(properties(&lab)["autoSync"], "Disabled");
    update(&definition(&told)).is(200);
    assert_eq!(properties(&lab)["autoSync"], "Enabled", "a definition sets it anew");
    lab.pass(7200.0);
    let seen = last_sync();
    update(&read["definition"]).is(200);
    assert_eq!((&properties(&lab)["autoSync"], last_sync()), (&json!("Disabled"), seen));
    update(&definition(&told)).is(200);
    let listed = json!(["main", connection, "Enabled", "Full", null]);
    lab.post(&own, json!({"displayName": "l", "creationPayload": listed})).refuses(400, "InvalidDefinitionParts");
    update(&definition(&listed)).refuses(400, "InvalidDefinitionParts");
    lab.post(&own, json!({"displayName": "b", "definition": definition(&told)})).is(201);
    for (member, value) in [("mirroringMode", "Half"), ("databricksWorkspaceConnectionId", "x"), ("name", "")] {
        let mut broken = told.clone();
        broken[member] = value.into();
        let refused = lab.post(&own, json!({"displayName": "c", "definition": definition(&broken)})).is(400).body();
        assert!(
            ["InvalidInput", "InvalidDefinitionParts"].contains(&refused["errorCode"].as_str().unwrap()),
            "{refused}"
        );
    }
    lab.post(&own, json!({"displayName": "c"})).refuses(400, "InvalidInput");
    let both = json!({"displayName": "c", "creationPayload": payload, "definition": definition(&told)});
    lab.post(&own, both).refuses(400, "RequestWithDefinitionAndCreationPayloadNotSupported");
}

#[test]
fn unity_catalog_is_discovered_page_by_page() {
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
fn a_snowflake_database_tells_of_its_source() {
    let (lab, workspace, connection) = lab();
    let own = format!("{workspace}/snowflakeDatabases");
    let payload = json!({"snowflakeDatabaseName": "SALES", "connectionId": connection});
    let path =
        format!("{own}/{}", lab.post(&own, json!({"displayName": "s", "creationPayload": payload})).is(201).id());
    lab.pass(30.0);
    insta::assert_snapshot!("snowflake_database", lab.get(&path).is(200).text());
    lab.post(&own, json!({"displayName": "t", "creationPayload": {"connectionId": "x"}})).refuses(400, "InvalidInput");
}

#[test]
fn a_sql_endpoint_says_where_it_is_and_what_has_arrived() {
    let (lab, workspace, connection) = lab();
    let mirror = lab.mirror(&workspace, "m", &sql_mirror(&connection, Some(&["Orders"])));
    lab.pass(30.0);
    let endpoint = lab.get(&mirror).body()["properties"]["sqlEndpointProperties"].clone();
    let path = format!("{workspace}/sqlEndpoints/{}", endpoint["id"].as_str().unwrap());
    let string = lab.get(&format!("{path}/connectionString")).is(200).body();
    assert_eq!(string["connectionString"], endpoint["connectionString"]);
    assert_eq!(lab.call(&format!("{path}/refreshMetadata")).is(200).body(), json!({"value": []}));
    lab.call(&format!("{mirror}/startMirroring")).is(200);
    lab.pass(3600.0);
    insta::assert_snapshot!("refresh_metadata", lab.post(&format!("{path}/refreshMetadata"), json!({})).is(200).text());
    lab.call(&format!("{workspace}/sqlEndpoints/{NOBODY}/refreshMetadata")).refuses(404, "EntityNotFound");
}

#[test]
fn audit_settings_are_kept() {
    let (lab, workspace, connection) = lab();
    let mirror = lab.mirror(&workspace, "m", &sql_mirror(&connection, None));
    lab.pass(30.0);
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
        "an endpoint has its own call for them"
    );
    lab.patch(&audit, json!({"state": "Perhaps"})).refuses(400, "InvalidInput");
    lab.patch(&audit, json!({"retentionDays": 100_000})).refuses(400, "InvalidInput");
    lab.post(&format!("{audit}/setAuditActionsAndGroups"), json!([""])).refuses(400, "InvalidInput");

    let database = lab.sql_database(&workspace, "sql");
    let audit = format!("{database}/settings/sqlAudit");
    lab.patch(&audit, json!({"predicateExpression": "statement <> 'select 1'", "auditActionsAndGroups": []})).is(200);
    insta::assert_snapshot!("audit_database", lab.get(&audit).is(200).text());
    lab.call(&format!("{database}/revalidateCMK")).is(200);
}

#[test]
fn mirror_configurations_are_validated_with_inherited_modes() {
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
