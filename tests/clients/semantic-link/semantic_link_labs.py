"""The mirroring functions of semantic-link-labs, which is written for notebooks in Fabric.

Its requests go to `https://api.fabric.microsoft.com//v1/...`: sempy's address ends with a slash, and the path begins with one.
Functions of sempy that load .NET libraries are not called.
"""

import base64
import json
import logging
import sys
import types

from azure.identity import DefaultAzureCredential
from emulator import check, control, wait_for

credential = DefaultAzureCredential()
# sempy logs every error with a stack trace.
logging.disable(logging.CRITICAL)


def stub_notebookutils():
    """Adds the module `notebookutils`, which only notebooks in Fabric have.

    semantic-link-labs imports it in each request, and takes its tokens from `notebookutils.credentials.getToken`.
    No other stub is needed: outside a notebook, sempy's address is `https://api.fabric.microsoft.com/`.
    """
    module = types.ModuleType("notebookutils")
    module.credentials = types.SimpleNamespace(
        getToken=lambda audience: credential.get_token("https://analysis.windows.net/powerbi/api/.default").token
    )
    sys.modules["notebookutils"] = module


stub_notebookutils()

import sempy.fabric
import sempy_labs
import sempy_labs._helper_functions as labs
from sempy.fabric.exceptions import FabricHTTPException
from sempy_labs import mirrored_azure_databricks_catalog as databricks
from sempy_labs import mirrored_catalog, sql_database

CATALOG_SCHEMA = (
    "https://developer.microsoft.com/json-schemas/fabric/item/mirroredCatalog/definition/mirroredCatalogDefinition/1.0.0/schema.json"
)
NAME = "Notebooks"
client = sempy.fabric.FabricRestClient(credential=credential)


def refused(fact, expected, call, *arguments, **named):
    """Makes a call that must fail with this status and code."""
    try:
        call(*arguments, **named)
    except FabricHTTPException as error:
        return check(fact, f"{error.status_code} {error.response.json()['errorCode']}", expected)
    sys.exit(f"{fact}: the call succeeded")


def parts(path, content):
    payload = base64.b64encode(json.dumps(content).encode()).decode()
    return {"parts": [{"path": path, "payload": payload, "payloadType": "InlineBase64"}]}


def mirrored_tables(connection, *tables):
    mounted = [{"source": {"typeProperties": {"schemaName": "dbo", "tableName": table}}} for table in tables]
    return {"properties": {
        "source": {"type": "AzureSqlDatabase", "typeProperties": {"connection": connection}},
        "target": {"type": "MountedRelationalDatabase", "typeProperties": {"defaultSchema": "dbo", "format": "Delta"}},
        "mountedTables": mounted,
    }}


def platform():
    capacity = sempy.fabric.list_capacities(credential=credential).iloc[0]
    check("capacity", capacity["State"], "Active")
    workspace = sempy.fabric.create_workspace(NAME, capacity["Id"], credential=credential)
    workspaces = sempy.fabric.list_workspaces(endpoint="fabric", credential=credential)
    check("workspaces", list(workspaces[workspaces["Type"] == "Workspace"]["Name"]), [NAME])
    sempy_labs.create_cloud_connection(
        name="sql", server_name="s", database_name="d", user_name="u", password="p", privacy_level="Organizational",
    )
    connections = sempy_labs.list_connections()
    check("connections", list(connections["Connection Name"]), ["sql"])
    check("path of the connection", connections.iloc[0]["Connection Path"], "s;d")
    return workspace, connections.iloc[0]["Connection Id"]


def mirrored_database(workspace, connection):
    """A mirrored database by its name. `create_mirrored_database` sends no definition, so the client of sempy sends it."""
    refused("a database without a definition", "400 InvalidInput", sempy_labs.create_mirrored_database, "shop", workspace=NAME)
    control("PATCH", "settings", {"behaviours": {"createWithoutDefinition": "201"}})
    sempy_labs.create_mirrored_database("shop", description="all that is sold", workspace=NAME)
    listed = sempy_labs.list_mirrored_databases(workspace=NAME).iloc[0]
    check("created", listed["Mirrored Database Name"], "shop")
    path = f"/v1/workspaces/{workspace}/mirroredDatabases/{listed['Mirrored Database Id']}"

    def status():
        return sempy_labs.get_mirroring_status("shop", workspace=NAME)

    wait_for("status", status, "Initialized")
    refused("a start without a definition", "400 MirroringDefinitionMissing", sempy_labs.start_mirroring, "shop", workspace=NAME)
    # `update_mirrored_database_definition` cannot be called: it encodes a dictionary as it is, which is a TypeError.
    definition = parts("mirroring.json", mirrored_tables(connection, "orders", "returns"))
    check("definition sent", client.post(f"{path}/updateDefinition", json={"definition": definition}).status_code, 200)
    # `get_mirrored_database_definition` looks for a part `mirroredDatabase.json`, which no mirrored database has.
    read = sempy_labs.get_item_definition("shop", "MirroredDatabase", workspace=NAME)["definition"]["parts"]
    (content,) = [part["payload"] for part in read if part["path"] == "mirroring.json"]
    check("tables in the definition", len(content["properties"]["mountedTables"]), 2)

    sempy_labs.start_mirroring("shop", workspace=NAME)
    wait_for("status", status, "Running")

    def tables():
        found = sempy_labs.get_tables_mirroring_status("shop", workspace=NAME)
        return dict(zip(found["Source Table Name"], found["Status"]))

    wait_for("tables", tables, {"orders": "Replicating", "returns": "Replicating"})
    control("PATCH", "settings", {"pageSize": 1})
    check("tables from two pages", sorted(tables()), ["orders", "returns"])
    control("PATCH", "settings", {"pageSize": 1000})
    figures = sempy_labs.get_tables_mirroring_status("shop", workspace=NAME)
    check("each table has figures", bool((figures["Processed Rows"] > 0).all()), True)
    listed = sempy_labs.list_mirrored_databases(workspace=NAME).iloc[0]
    check("endpoint", (listed["Provisioning Status"], listed["Default Schema"]), ("Success", "dbo"))
    found = sempy_labs.list_item_connections("shop", type="MirroredDatabase", workspace=NAME)
    check("connections of the item", list(found["Connection Id"]), [connection])

    check("SQL endpoints", list(sempy_labs.list_sql_endpoints(workspace=NAME)["SQL Endpoint Name"]), ["shop"])
    string = sempy_labs.get_connection_string("shop", "SQLEndpoint", workspace=NAME)
    check("connection string", string == listed["SQL Endpoint Connection String"], True)
    synced = sempy_labs.refresh_sql_endpoint_metadata("shop", "MirroredDatabase", workspace=NAME)
    check("tables refreshed", list(synced["Status"]), ["Success", "Success"])
    exported = sempy_labs.bulk_export_items(workspace=NAME)
    paths = sorted(part["path"] for part in exported["definitionParts"])
    check("exported", paths, ["/shop.MirroredDatabase/.platform", "/shop.MirroredDatabase/mirroring.json"])

    sempy_labs.stop_mirroring("shop", workspace=NAME)
    wait_for("status", status, "Stopped")
    # `delete_mirrored_database` loads .NET libraries.
    check("deleted with", client.delete(path).status_code, 200)
    check("mirrored databases", len(sempy_labs.list_mirrored_databases(workspace=NAME)), 0)


def mirroring_of_a_sql_database():
    """The creation is a long-running operation."""
    sql_database.create_sql_database("app", workspace=NAME)
    check("SQL databases", list(sql_database.list_sql_databases(workspace=NAME)["SQL Database Name"]), ["app"])
    sql_database.stop_mirroring("app", workspace=NAME)
    sql_database.start_mirroring("app", workspace=NAME)
    print("mirroring of the SQL database started", flush=True)


def connect(name, kind, method, credentials, **parameters):
    """Makes a connection of a type for which semantic-link-labs has no function."""
    parameters = [{"dataType": "Text", "name": key, "value": value} for key, value in parameters.items()]
    return client.post("/v1/connections", json={
        "connectivityType": "ShareableCloud", "displayName": name, "privacyLevel": "Organizational",
        "connectionDetails": {"type": kind, "creationMethod": method, "parameters": parameters},
        "credentialDetails": {
            "singleSignOnType": "None", "connectionEncryption": "NotEncrypted", "skipTestConnection": False,
            "credentials": credentials,
        },
    }).json()["id"]


def databricks_catalog():
    """A mirrored catalog of Azure Databricks."""
    key = {"credentialType": "Key", "key": "a2V5"}
    url = "https://adb-1.azuredatabricks.net"
    connection = connect("databricks", "AzureDatabricksWorkspace", "AzureDatabricksWorkspace.Actions", key, url=url)
    found = databricks.discover_catalogs(connection, workspace=NAME)
    check("Databricks catalogs", list(found["Catalog Name"]), ["main"])
    databricks.create_mirrored_azure_databricks_catalog("unity", "main", connection, auto_sync=True, workspace=NAME)
    listed = databricks.list_mirrored_azure_databricks_catalogs(workspace=NAME).iloc[0]
    check("Databricks catalog", (listed["Catalog Name"], listed["Mirroring Mode"]), ("main", "Full"))
    databricks.refresh_catalog_metadata("unity", workspace=NAME)
    listed = databricks.list_mirrored_azure_databricks_catalogs(workspace=NAME).iloc[0]
    check("sync of the Databricks catalog", listed["Sync Status"], "Success")


def iceberg_catalog(workspace):
    """A mirrored catalog of Iceberg. semantic-link-labs has no function that creates one."""
    basic = {"credentialType": "Basic", "username": "u", "password": "p"}
    server = {"server": "dremio.example.com", "encryption": "Enabled"}
    connection = connect("dremio", "Dremio", "Dremio.DatabasesV370", basic, **server)
    control("PUT", f"sources/{connection}", {"tables": [{"schemaName": "Accounting.US.Taxes", "tableName": "TaxInfo"}]})
    where = {"connectionId": connection, "scope": ["Accounting", "US"]}
    content = {"$schema": CATALOG_SCHEMA, "properties": {"source": {"type": "DremioIcebergCatalog", "typeProperties": where}}}
    definition = parts("MirroredCatalogDefinition.json", content)
    client.post(f"/v1/workspaces/{workspace}/mirroredCatalogs", json={"displayName": "ice", "definition": definition})
    listed = mirrored_catalog.list_mirrored_catalogs(workspace=NAME)
    check("catalogs", list(listed["Source Type"]), ["DremioIcebergCatalog"])

    def status():
        return mirrored_catalog.get_mirroring_status("ice", workspace=NAME)["status"]

    wait_for("status of the catalog", status, "Running")
    mirrored_catalog.refresh_catalog_metadata("ice", workspace=NAME)
    tables = mirrored_catalog.list_tables_mirroring_status("ice", workspace=NAME)
    check("tables of the catalog", list(zip(tables["Table Name"], tables["Status"])), [("TaxInfo", "Running")])


def lists(workspace):
    """The lists of the tenant and of the workspace, and the resolution of names."""
    check("workspace resolved", str(labs.resolve_workspace_id(NAME)) == workspace, True)
    check("capacities", "specularite" in list(sempy_labs.list_capacities()["Display Name"]), True)
    control("PUT", "gateways", {"value": [{"type": "OnPremises", "displayName": "cluster", "numberOfMemberGateways": 2}]})
    check("gateways", list(sempy_labs.list_gateways()["Gateway Name"]), ["cluster"])
    check("members of the gateway", len(sempy_labs.list_gateway_members("cluster")), 2)
    items = client.get(f"/v1/workspaces/{workspace}/items?type=SQLDatabase").json()["value"]
    check("item resolved", [item["id"] for item in items], [str(labs.resolve_item_id("app", "SQLDatabase", workspace=NAME))])


if __name__ == "__main__":
    workspace, connection = platform()
    mirrored_database(workspace, connection)
    mirroring_of_a_sql_database()
    databricks_catalog()
    iceberg_catalog(workspace)
    lists(workspace)
    check("mirrored warehouses", len(sempy_labs.list_mirrored_warehouses(workspace=NAME)), 0)
    sempy_labs.delete_connection("sql")
    check("address", client.get("/v1/capacities").url, "https://api.fabric.microsoft.com//v1/capacities")
    check("connections left", sorted(sempy_labs.list_connections()["Connection Name"]), ["databricks", "dremio"])
