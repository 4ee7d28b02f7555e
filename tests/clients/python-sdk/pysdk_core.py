"""The core client of `msfabricpysdkcore`. It takes the credentials of the environment."""

import base64
import json
import re
import sys

from emulator import check, control, wait_for
from msfabricpysdkcore import FabricClientCore

fabric = FabricClientCore()


def refused(fact, expected, call, *arguments, **named):
    """Makes a call that must fail with this status and code. The client puts both into the text of an `Exception`."""
    try:
        call(*arguments, **named)
    except Exception as error:
        status, code = re.search(r": (\d{3}) .*\"errorCode\":\"(\w+)\"", str(error)).groups()
        return check(fact, f"{status} {code}", expected)
    sys.exit(f"{fact}: the call succeeded")


def definition(connection, tables):
    mounted = [{"source": {"typeProperties": {"schemaName": "dbo", "tableName": table}}} for table in tables]
    content = {"properties": {
        "source": {"type": "AzureSqlDatabase", "typeProperties": {"connection": connection}},
        "target": {"type": "MountedRelationalDatabase", "typeProperties": {"defaultSchema": "dbo", "format": "Delta"}},
        "mountedTables": mounted,
    }}
    payload = base64.b64encode(json.dumps(content).encode()).decode()
    return {"parts": [{"path": "mirroring.json", "payload": payload, "payloadType": "InlineBase64"}]}


def platform():
    capacity = fabric.list_capacities()[0]
    check("capacity", capacity.state, "Active")
    workspace = fabric.create_workspace("Core", capacity_id=capacity.id)
    check("workspace created", workspace.display_name, "Core")
    check("workspaces", [found.display_name for found in fabric.list_workspaces() if found.type == "Workspace"], ["Core"])
    text = lambda name: {"dataType": "Text", "name": name, "value": name}
    connection = fabric.create_connection({
        "connectivityType": "ShareableCloud", "displayName": "sql", "privacyLevel": "Organizational",
        "connectionDetails": {"type": "SQL", "creationMethod": "SQL", "parameters": [text("server"), text("database")]},
        "credentialDetails": {
            "singleSignOnType": "None", "connectionEncryption": "NotEncrypted", "skipTestConnection": False,
            "credentials": {"credentialType": "Basic", "username": "u", "password": "p"},
        },
    })
    check("connection found by its name", fabric.get_connection(connection_name="sql")["id"] == connection["id"], True)
    return workspace.id, connection["id"]


def mirrored_database(workspace, connection):
    made = fabric.create_mirrored_database(workspace, "shop", definition=definition(connection, ["orders"]))
    check("created", made.type, "MirroredDatabase")
    wait_for("status", lambda: made.get_mirroring_status()["status"], "Initialized")
    made.start_mirroring()
    wait_for("status", lambda: made.get_mirroring_status()["status"], "Running")
    made.update_definition(definition(connection, ["orders", "returns"]))
    read = json.loads(base64.b64decode(made.get_definition()["definition"]["parts"][0]["payload"]))
    check("tables in the definition", len(read["properties"]["mountedTables"]), 2)

    def tables():
        return {table["sourceTableName"]: table["status"] for table in made.get_tables_mirroring_status()["data"]}

    wait_for("tables", tables, {"orders": "Replicating", "returns": "Replicating"})
    renamed = fabric.update_mirrored_database(workspace, made.id, display_name="store", return_item=True)
    check("renamed to", renamed.display_name, "store")
    check("endpoint", renamed.properties["sqlEndpointProperties"]["provisioningStatus"], "Success")

    fabric.create_mirrored_database(workspace, "second", definition=definition(connection, ["orders"]))
    control("PATCH", "settings", {"pageSize": 1})
    found = sorted(item.display_name for item in fabric.list_mirrored_databases(workspace))
    check("names from two pages", found, ["second", "store"])
    control("PATCH", "settings", {"pageSize": 1000})

    job = {"workspace_id": workspace, "item_id": made.id, "job_type": "RunNotebook"}
    refused("a job by the older address", "400 InvalidJobType", fabric.run_on_demand_item_job, **job)
    made.stop_mirroring()
    wait_for("status", lambda: made.get_mirroring_status()["status"], "Stopped")
    refused("a stop of what is stopped", "400 OperationNotAllowedInCurrentStatus", made.stop_mirroring)
    check("deleted with", fabric.delete_mirrored_database(workspace, made.id), 200)
    refused("a deleted database", "404 EntityNotFound", fabric.get_mirrored_database, workspace, made.id)


def sql_database(workspace):
    """The creation is a long-running operation. The client spells the route `SQLDatabases`."""
    made = fabric.create_sql_database(workspace, "app")
    check("created", made.type, "SQLDatabase")
    check("mirroring of the SQL database stopped with", fabric.stop_sql_database_mirroring(workspace, made.id).status_code, 200)
    check("mirroring of the SQL database started with", fabric.start_sql_database_mirroring(workspace, made.id).status_code, 200)


if __name__ == "__main__":
    workspace, connection = platform()
    mirrored_database(workspace, connection)
    sql_database(workspace)
    check("connection deleted with", fabric.delete_connection(connection), 200)
    check("workspace deleted with", fabric.delete_workspace(workspace), 200)
