"""The mirroring clients of `microsoft-fabric-api`, Microsoft's SDK for Python."""

import base64
import json
import sys
import time

from azure.core.exceptions import HttpResponseError
from azure.identity import DefaultAzureCredential
from emulator import check, control, wait_for
from microsoft_fabric_api import FabricClient
from microsoft_fabric_api.generated.core import models as core
from microsoft_fabric_api.generated.cosmosdbdatabase import models as cosmosdbdatabase
from microsoft_fabric_api.generated.mirroredazuredatabrickscatalog import models as databrickscatalog
from microsoft_fabric_api.generated.mirroredcatalog import models as mirroredcatalog
from microsoft_fabric_api.generated.mirroreddatabase import models as mirroreddatabase
from microsoft_fabric_api.generated.snowflakedatabase import models as snowflakedatabase
from microsoft_fabric_api.generated.sqldatabase import models as sqldatabase
from microsoft_fabric_api.generated.sqlendpoint import models as sqlendpoint

CATALOG_SCHEMA = (
    "https://developer.microsoft.com/json-schemas/fabric/item/mirroredCatalog/definition/mirroredCatalogDefinition/1.0.0/schema.json"
)
fabric = FabricClient(DefaultAzureCredential())


def result(operation):
    """Waits for the result of a long-running operation. The SDK's own methods that wait sleep for five seconds at a time."""
    for _ in range(400):
        if operation.result is not None:
            return operation.result
        time.sleep(0.05)
    sys.exit("a long-running operation has no result")


def refused(fact, expected, call, *arguments, **named):
    """Makes a call that must fail with this status and code."""
    try:
        call(*arguments, **named)
    except HttpResponseError as error:
        return check(fact, f"{error.status_code} {error.response.json()['errorCode']}", expected)
    sys.exit(f"{fact}: the call succeeded")


def part(model, path, content):
    payload = base64.b64encode(json.dumps(content).encode()).decode()
    return model(path=path, payload=payload, payload_type="InlineBase64")


def content(definition, path):
    """Decodes one part of a definition."""
    (payload,) = [part.payload for part in definition.parts if part.path == path]
    return json.loads(base64.b64decode(payload))


def names(items):
    return [item.display_name for item in items]


def connect(name, kind, method, credentials, **parameters):
    """Creates a cloud connection."""
    details = core.CreateConnectionDetails(
        type=kind, creation_method=method,
        parameters=[core.ConnectionDetailsTextParameter(name=key, value=value) for key, value in parameters.items()],
    )
    secret = core.CreateCredentialDetails(
        single_sign_on_type="None", connection_encryption="NotEncrypted", skip_test_connection=False, credentials=credentials,
    )
    return fabric.core.connections.create_connection(core.CreateCloudConnectionRequest(
        display_name=name, privacy_level="Organizational", connection_details=details, credential_details=secret,
    ))


def platform():
    """Creates a workspace on a capacity, and a connection to a SQL database."""
    capacity, *_ = fabric.core.capacities.list_capacities()
    check("capacity", fabric.core.capacities.get_capacity(capacity.id).state, "Active")
    workspaces = fabric.core.workspaces
    made = workspaces.create_workspace(core.CreateWorkspaceRequest(display_name="Python", capacity_id=capacity.id))
    check("workspaces", names(workspaces.list_workspaces()), ["Python"])
    read = workspaces.get_workspace(made.id)
    check("capacity assignment", read.capacity_assignment_progress, "Completed")

    connections = fabric.core.connections
    connection = connect("sql", "SQL", "SQL", core.BasicCredentials(username="u", password="p"), server="s", database="d")
    check("connection", connection.connection_details.path, "s;d")
    update = core.UpdateShareableCloudConnectionRequest(display_name="sales", privacy_level="Private")
    check("connection renamed to", connections.update_connection(connection.id, update).display_name, "sales")
    check("connections", names(connections.list_connections()), ["sales"])
    types = {kind.type: kind for kind in connections.list_supported_connection_types()}
    parameters = [parameter.name for parameter in types["SQL"].creation_methods[0].parameters]
    check("SQL connections take", parameters, ["server", "database"])
    return made.id, connection.id


def mirrored_tables(connection, count):
    """Returns a `mirroring.json` with this number of tables."""
    mounted = [{"source": {"typeProperties": {"schemaName": "dbo", "tableName": f"t{n}"}}} for n in range(count)]
    return {"properties": {
        "source": {"type": "AzureSqlDatabase", "typeProperties": {"connection": connection}},
        "target": {"type": "MountedRelationalDatabase", "typeProperties": {"defaultSchema": "dbo", "format": "Delta"}},
        "mountedTables": mounted,
    }}


def mirrored_database(workspace, connection):
    """A mirrored database is created, changed and started."""
    items, mirroring = fabric.mirroreddatabase.items, fabric.mirroreddatabase.mirroring
    models = mirroreddatabase

    def definition(count):
        parts = [part(models.MirroredDatabaseDefinitionPart, "mirroring.json", mirrored_tables(connection, count))]
        return models.MirroredDatabaseDefinition(parts=parts)

    request = models.CreateMirroredDatabaseRequest(display_name="shop", definition=definition(3))
    made = items.create_mirrored_database(workspace, request)
    check("created", made.type, "MirroredDatabase")
    refused("the same name", "409 ItemDisplayNameAlreadyInUse", items.create_mirrored_database, workspace, request)

    def status():
        return mirroring.get_mirroring_status(workspace, made.id).status

    wait_for("status", status, "Initialized")
    read = items.get_mirrored_database(workspace, made.id).properties
    check("endpoint", read.sql_endpoint_properties.provisioning_status, "Success")
    (listed,) = items.list_mirrored_databases(workspace)
    check("listed with its schema", listed.properties and listed.properties.default_schema, "dbo")
    update = models.UpdateMirroredDatabaseRequest(display_name="store", description="all that is sold")
    check("renamed to", items.update_mirrored_database(workspace, made.id, update).display_name, "store")

    mirroring.start_mirroring(workspace, made.id)
    wait_for("status", status, "Running")
    read = result(items.begin_get_mirrored_database_definition(workspace, made.id)).definition
    check("tables in the definition", len(content(read, "mirroring.json")["properties"]["mountedTables"]), 3)
    change = models.UpdateMirroredDatabaseDefinitionRequest(definition=definition(7))
    items.begin_update_mirrored_database_definition(workspace, made.id, change).result()
    read = result(items.begin_get_mirrored_database_definition(workspace, made.id)).definition
    check("tables in the new definition", len(content(read, "mirroring.json")["properties"]["mountedTables"]), 7)

    def tables():
        return list(mirroring.get_tables_mirroring_status(workspace, made.id))

    wait_for("tables", lambda: sorted(table.source_table_name for table in tables()), [f"t{n}" for n in range(7)])
    wait_for("status of each table", lambda: {table.status for table in tables()}, {"Replicating"})
    if not all(table.metrics.processed_rows and table.metrics.last_sync_date_time for table in tables()):
        sys.exit("a table that replicates has no figures")
    control("PATCH", "settings", {"pageSize": 3})
    pages = [len(list(page)) for page in mirroring.get_tables_mirroring_status(workspace, made.id).by_page()]
    check("pages of tables", pages, [3, 3, 1])
    control("PATCH", "settings", {"pageSize": 1000})
    connections = [found.id for found in fabric.core.items.list_item_connections(workspace, made.id)]
    check("connections of the item", connections, [connection])
    return made.id


def stop_and_delete(workspace, mirror):
    """A mirrored database is stopped, started again and deleted."""
    items, mirroring = fabric.mirroreddatabase.items, fabric.mirroreddatabase.mirroring

    def status():
        return mirroring.get_mirroring_status(workspace, mirror).status

    mirroring.stop_mirroring(workspace, mirror)
    wait_for("status", status, "Stopped")
    refused("a stop of what is stopped", "400 OperationNotAllowedInCurrentStatus", mirroring.stop_mirroring, workspace, mirror)
    mirroring.start_mirroring(workspace, mirror)
    wait_for("status", status, "Running")
    items.delete_mirrored_database(workspace, mirror)
    refused("a deleted database", "404 EntityNotFound", items.get_mirrored_database, workspace, mirror)


def sql_endpoint(workspace, mirror):
    """The SQL endpoint of a mirrored database: its connection string, and a refresh of its metadata."""
    items = fabric.sqlendpoint.items
    owned = fabric.mirroreddatabase.items.get_mirrored_database(workspace, mirror).properties.sql_endpoint_properties
    check("SQL endpoints", [endpoint.id for endpoint in items.list_sql_endpoints(workspace)], [owned.id])
    check("connection string", items.get_connection_string(workspace, owned.id).connection_string, owned.connection_string)
    request = sqlendpoint.SqlEndpointRefreshMetadataRequest(timeout=sqlendpoint.Duration(value=2, time_unit="Minutes"))
    synced = result(items.begin_refresh_sql_endpoint_metadata(workspace, owned.id, request)).value
    check("tables refreshed", (len(synced), {table.status for table in synced}), (7, {"Success"}))


def sql_database(workspace):
    """A SQL database: its creation is a long-running operation, and it mirrors by itself."""
    items, mirroring = fabric.sqldatabase.items, fabric.sqldatabase.mirroring
    made = result(items.begin_create_sql_database(workspace, sqldatabase.CreateSQLDatabaseRequest(display_name="app")))
    check("created", made.type, "SQLDatabase")
    read = items.get_sql_database(workspace, made.id).properties
    check("server is in the connection string", read.server_fqdn in read.connection_string, True)
    mirroring.stop_mirroring(workspace, made.id)
    print("mirroring of the SQL database stopped", flush=True)
    mirroring.start_mirroring(workspace, made.id)
    print("mirroring of the SQL database started", flush=True)
    check("SQL databases", names(items.list_sql_databases(workspace)), ["app"])
    definition = result(items.begin_get_sql_database_definition(workspace, made.id, format="sqlproj")).definition
    check("parts of the SQL database", [part.path for part in definition.parts], ["app.sqlproj", ".platform"])
    check("databases to restore", list(items.list_restorable_deleted_databases(workspace).value), [])
    return made.id


def mirrored_catalog(workspace):
    """A mirrored catalog of Iceberg: discovery, statuses, a refresh."""
    models, client = mirroredcatalog, fabric.mirroredcatalog
    connection = connect(
        "dremio", "Dremio", "Dremio.DatabasesV370", core.BasicCredentials(username="u", password="p"),
        server="dremio.example.com", encryption="Enabled",
    ).id
    tables = [("Accounting.US.Taxes", "TaxInfo"), ("Accounting.US.Receivable", "Invoices")]
    tables = [{"schemaName": schema, "tableName": table} for schema, table in tables]
    control("PUT", f"sources/{connection}", {"tables": tables})
    (root,) = client.discovery.list_scopes_beta(workspace, beta=True, connection_id=connection, recursive=True)
    scope = root.children[0].children[0]
    check("scope", (scope.fully_qualified_scope, scope.is_selectable), (["Accounting", "US"], "Selectable"))
    taxes = {"connection_id": connection, "scope": ["Accounting", "US", "Taxes"]}
    found = client.discovery.list_tables_beta(workspace, beta=True, **taxes)
    check("tables in a scope", [table.name for table in found], ["TaxInfo"])

    where = {"connectionId": connection, "scope": ["Accounting", "US"]}
    source = {"type": "DremioIcebergCatalog", "typeProperties": where}
    catalog = {"$schema": CATALOG_SCHEMA, "properties": {"source": source}}
    parts = [part(models.MirroredCatalogDefinitionPart, "MirroredCatalogDefinition.json", catalog)]
    definition = models.MirroredCatalogDefinition(parts=parts)
    request = models.CreateMirroredCatalogRequest(display_name="ice", definition=definition)
    made = result(client.items.begin_create_mirrored_catalog(workspace, request))
    check("created", made.type, "MirroredCatalog")
    properties = client.items.get_mirrored_catalog(workspace, made.id).properties
    check("source of the catalog", properties.source_type, "DremioIcebergCatalog")
    check("catalogs", names(client.items.list_mirrored_catalogs(workspace)), ["ice"])

    def status():
        return client.monitoring.mirroring_status_beta(workspace, made.id, beta=True).status

    def states():
        tables = client.monitoring.tables_mirroring_status_beta(workspace, made.id, beta=True)
        return {(table.name, table.status) for table in tables}

    wait_for("status of the catalog", status, "Running")
    wait_for("tables of the catalog", states, {("TaxInfo", "Running"), ("Invoices", "Running")})
    client.refresh.begin_refresh_catalog_metadata_beta(workspace, made.id, beta=True).result()
    print("catalog refreshed", flush=True)
    update = models.UpdateMirroredCatalogDefinitionRequest(definition=definition)
    client.items.begin_update_mirrored_catalog_definition(workspace, made.id, update).result()
    read = result(client.items.begin_get_mirrored_catalog_definition(workspace, made.id)).definition
    check("definition of the catalog", content(read, "MirroredCatalogDefinition.json")["properties"]["source"], source)
    update = models.UpdateMirroredCatalogRequest(display_name="iceberg")
    check("renamed to", client.items.update_mirrored_catalog(workspace, made.id, update).display_name, "iceberg")
    client.items.delete_mirrored_catalog(workspace, made.id)
    check("catalogs", list(client.items.list_mirrored_catalogs(workspace)), [])


def databricks_catalog(workspace):
    """A mirrored catalog of Azure Databricks."""
    models, client = databrickscatalog, fabric.mirroredazuredatabrickscatalog
    connection = connect(
        "databricks", "AzureDatabricksWorkspace", "AzureDatabricksWorkspace.Actions", core.KeyCredentials(key="a2V5"),
        url="https://adb-1.azuredatabricks.net",
    ).id
    by = {"databricks_workspace_connection_id": connection}
    check("Databricks catalogs", [found.name for found in client.discovery.discover_catalogs(workspace, **by)], ["main"])
    schemas = [found.name for found in client.discovery.discover_schemas(workspace, "main", **by)]
    tables = list(client.discovery.discover_tables(workspace, "main", schemas[0], **by))
    check("a schema has tables", bool(tables), True)

    payload = models.MirroredAzureDatabricksCatalogCreationPayload(catalog_name="main", mirroring_mode="Full", **by)
    request = models.CreateMirroredAzureDatabricksCatalogRequest(display_name="unity", creation_payload=payload)
    made = result(client.items.begin_create_mirrored_azure_databricks_catalog(workspace, request))
    check("created", made.type, "MirroredAzureDatabricksCatalog")

    def properties():
        return client.items.get_mirrored_azure_databricks_catalog(workspace, made.id).properties

    wait_for("status of the Databricks catalog", lambda: properties().mirror_status, "Mirrored")
    client.refresh.begin_refresh_catalog_metadata(workspace, made.id).result()
    wait_for("sync of the Databricks catalog", lambda: properties().sync_details.status, "Success")
    off = models.MirroredAzureDatabricksCatalogUpdatePayload(auto_sync="Disabled")
    update = models.UpdateMirroredAzureDatabricksCatalogRequest(display_name="unity2", properties=off)
    client.items.update_mirrored_azure_databricks_catalog(workspace, made.id, update)
    check("synchronized by itself", properties().auto_sync, "Disabled")
    listed = client.items.list_mirrored_azure_databricks_catalogs(workspace)
    check("Databricks catalogs mirrored", names(listed), ["unity2"])
    definition = result(client.items.begin_get_mirrored_azure_databricks_catalog_definition(workspace, made.id)).definition
    update = models.UpdatemirroredAzureDatabricksCatalogDefinitionRequest(definition=definition)
    client.items.begin_update_mirrored_azure_databricks_catalog_definition(workspace, made.id, update).result()
    client.items.delete_mirrored_azure_databricks_catalog(workspace, made.id)
    print("Databricks catalog deleted", flush=True)


def other_databases(workspace):
    """Snowflake databases, mirrored warehouses, and Cosmos DB databases."""
    snowflake = fabric.snowflakedatabase.items
    connection = connect(
        "snowflake", "Snowflake", "Snowflake.Databases", core.BasicCredentials(username="u", password="p"),
        server="org.snowflakecomputing.com", warehouse="w",
    ).id
    payload = snowflakedatabase.SnowflakeDatabaseCreationPayload(snowflake_database_name="SALES", connection_id=connection)
    request = snowflakedatabase.CreateSnowflakeDatabaseRequest(display_name="snow", creation_payload=payload)
    made = result(snowflake.begin_create_snowflake_database(workspace, request))
    properties = snowflake.get_snowflake_database(workspace, made.id).properties
    check("Snowflake database", properties.snowflake_database_name, "SALES")
    check("Snowflake databases", names(snowflake.list_snowflake_databases(workspace)), ["snow"])
    snowflake.delete_snowflake_database(workspace, made.id)
    check("Snowflake databases", list(snowflake.list_snowflake_databases(workspace)), [])

    check("mirrored warehouses", list(fabric.mirroredwarehouse.items.list_mirrored_warehouses(workspace)), [])

    cosmos = fabric.cosmosdbdatabase.items
    request = cosmosdbdatabase.CreateCosmosDBDatabaseRequest(display_name="carts")
    made = result(cosmos.begin_create_cosmos_db_database(workspace, request))
    check("created", made.type, "CosmosDBDatabase")
    check("Cosmos DB databases", names(cosmos.list_cosmos_db_databases(workspace)), ["carts"])
    update = cosmosdbdatabase.UpdateCosmosDBDatabaseRequest(description="what is not yet sold")
    check("described as", cosmos.update_cosmos_db_database(workspace, made.id, update).description, "what is not yet sold")
    cosmos.delete_cosmos_db_database(workspace, made.id)


def definitions_in_bulk(workspace, mirror):
    """The definition of an item is exported, and imported into another workspace. The SDK does not send `beta=true`."""
    items = fabric.core.items
    request = core.BulkExportItemDefinitionsRequest(mode="Selective", items=[core.ExportItemIdentifier(id=mirror)])
    exported = result(items.begin_bulk_export_item_definitions(workspace, request))
    check("exported", [entry.id for entry in exported.item_definitions_index], [mirror])
    paths = sorted(part.path.rsplit("/", 1)[-1] for part in exported.definition_parts)
    check("parts", paths, [".platform", "mirroring.json"])

    capacity = fabric.core.workspaces.get_workspace(workspace).capacity_id
    request = core.CreateWorkspaceRequest(display_name="copy", capacity_id=capacity)
    other = fabric.core.workspaces.create_workspace(request).id
    request = core.BulkImportItemDefinitionsRequest(definition_parts=exported.definition_parts)
    imported = result(items.begin_bulk_import_item_definitions(other, request)).import_item_definitions_details
    details = [(entry.item_display_name, entry.operation_type, entry.operation_status) for entry in imported]
    check("imported", details, [("store", "Create", "Succeeded")])
    check("copies", names(items.list_items(other, type="MirroredDatabase")), ["store"])
    fabric.core.workspaces.delete_workspace(other)


def operations(workspace):
    """The state and the result of a long-running operation."""
    answers = []
    request = sqldatabase.CreateSQLDatabaseRequest(display_name="second")
    result(fabric.sqldatabase.items.begin_create_sql_database(workspace, request, raw_response_hook=answers.append))
    operation = answers[0].http_response.headers["x-ms-operation-id"]
    client = fabric.core.long_running_operations
    state = client.get_operation_state(operation)
    check("operation", (state.status, state.percent_complete), ("Succeeded", 100))
    text = b"".join(client.get_operation_result(operation))
    check("result of the operation", json.loads(text)["displayName"], "second")


def main():
    workspace, connection = platform()
    mirror = mirrored_database(workspace, connection)
    sql_endpoint(workspace, mirror)
    sql_database(workspace)
    mirrored_catalog(workspace)
    databricks_catalog(workspace)
    other_databases(workspace)
    definitions_in_bulk(workspace, mirror)
    operations(workspace)
    stop_and_delete(workspace, mirror)
    fabric.core.workspaces.delete_workspace(workspace)
    check("workspaces", names(fabric.core.workspaces.list_workspaces()), [])


if __name__ == "__main__":
    main()
