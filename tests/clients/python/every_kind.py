"""Publishes a repository with one item of every kind that fabric-cicd supports twice and unpublishes it.

`--repository FOLDER` publishes another one, for example a copy without some of the kinds."""

import base64
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from azure.identity import DefaultAzureCredential
from fabric_cicd import FabricWorkspace, append_feature_flag, constants, publish_all_items, unpublish_all_orphan_items

HERE = Path(__file__).parent
REPOSITORY = Path(sys.argv[sys.argv.index("--repository") + 1]) if "--repository" in sys.argv else HERE / "every_kind"
# The logical ids of the repository begin like this. fabric-cicd replaces them all by ids of items.
LOGICAL_ID = b"20000000-0000-4000-8000-"
# Items that Fabric adds: SQL endpoints go with their parents, the staging items of dataflows stay in the workspace.
ENDPOINT, STAGING = "SQLEndpoint", ("StagingLakehouseForDataflows_", "StagingWarehouseForDataflows_")
# Kinds whose definition is neither published nor read.
WITHOUT_DEFINITION = {"MLExperiment", "Warehouse"}
# The only format of a spark job definition that has its files.
FORMATS = {"SparkJobDefinition": "?format=SparkJobDefinitionV2"}
COLLATION = "Latin1_General_100_CI_AS_KS_WS_SC_UTF8"

credential = DefaultAzureCredential()


def target(workspace, repository):
    return FabricWorkspace(
        workspace_id=workspace, environment="TEST", repository_directory=str(repository),
        item_type_in_scope=list(constants.ACCEPTED_ITEM_TYPES), token_credential=credential,
    )


def prepare():
    """Creates a workspace, and the connection that the semantic model is bound to."""
    # Any FabricWorkspace has an endpoint. These calls belong to no workspace.
    invoke = target("00000000-0000-4000-8000-000000000001", HERE / "empty").endpoint.invoke
    root = f"{constants.FABRIC_API_ROOT_URL}/v1"
    capacity = invoke("GET", f"{root}/capacities")["body"]["value"][0]["id"]
    workspace = invoke("POST", f"{root}/workspaces", {"displayName": "every kind", "capacityId": capacity})["body"]["id"]
    text = lambda name, value: {"dataType": "Text", "name": name, "value": value}
    connection = {
        "connectivityType": "ShareableCloud", "displayName": "shop", "privacyLevel": "Organizational",
        "connectionDetails": {
            "type": "SQL", "creationMethod": "Sql",
            "parameters": [text("server", "shop.database.windows.net"), text("database", "shop")],
        },
        "credentialDetails": {
            "singleSignOnType": "None", "connectionEncryption": "Encrypted", "skipTestConnection": False,
            "credentials": {"credentialType": "Basic", "username": "u", "password": "p"},
        },
    }
    os.environ["CONNECTION"] = invoke("POST", f"{root}/connections", connection)["body"]["id"]
    return workspace


def get(workspace, path):
    return workspace.endpoint.invoke("GET", f"{workspace.base_api_url}/{path}")["body"]


def items(workspace):
    """The items of a workspace, without those that Fabric adds."""
    found = get(workspace, "items")["value"]
    return [item for item in found if item["type"] != ENDPOINT and not item["displayName"].startswith(STAGING)]


def names(found):
    return sorted(f"{item['displayName']}.{item['type']}" for item in found)


def expected(published):
    return [item for of_kind in published.repository_items.values() for item in of_kind.values()]


def check_list(published):
    """Each item of the repository is listed once, as it was published, and nothing else is. Returns their ids."""
    found = items(published)
    assert names(found) == sorted(f"{item.name}.{item.type}" for item in expected(published)), names(found)
    listed = {item["id"]: item for item in found}
    for item in expected(published):
        shown = listed[item.guid]
        assert (shown["displayName"], shown["type"], shown["description"]) == (item.name, item.type, item.description), shown
        assert shown.get("folderId", "") == item.folder_id, shown
    return {f"{item.name}.{item.type}": item.guid for item in expected(published)}


def same(path, sent, read):
    """Compares a part with what was published, as far as Fabric keeps it."""
    if path == "definition.pbism":
        return "version" in json.loads(read)  # Fabric writes its own version and schema.
    if path == "definition.pbir":
        model = json.loads(sent)["datasetReference"]["byConnection"]["pbiModelDatabaseName"]
        return model in read.decode()  # Fabric writes the connection in another form.
    if path.endswith((".json", ".schedules")):
        return json.loads(sent) == json.loads(read.decode("utf-8-sig"))
    return sent.split() == read.split() if path.endswith(".tmdl") else sent == read


def read_definition(published, item):
    """Checks that the parts of an item's definition are what was published, and returns them."""
    url = f"{published.base_api_url}/items/{item.guid}/getDefinition{FORMATS.get(item.type, '')}"
    answer = published.endpoint.invoke("POST", url)
    read = {part["path"]: base64.b64decode(part["payload"]) for part in answer["body"]["definition"]["parts"]}
    what = f"{item.name}.{item.type}"
    metadata = json.loads(read[".platform"])["metadata"]
    assert (metadata["type"], metadata["displayName"]) == (item.type, item.name), f"{what}: {metadata}"
    if item.type not in constants.SHELL_ONLY_PUBLISH:
        # fabric-cicd keeps what it sent. The databases of an eventhouse lie in its folder, and are items of their own.
        parts = {file.relative_path: base64.b64decode(file.base64_payload["payload"]) for file in item.item_files}
        sent = {path: part for path, part in parts.items() if path != ".platform" and not path.startswith(".children/")}
        assert sent.keys() <= read.keys(), f"{what} lacks {sent.keys() - read.keys()}"
        for path, part in sent.items():
            assert same(path, part, read[path]), f"{what}/{path}: {part} became {read[path]}"
            assert LOGICAL_ID not in read[path], f"{what}/{path} has a logical id: {read[path]}"
    return read


def check_definitions(published):
    """Each definition reads back. Returns them by kind."""
    defined = [item for item in expected(published) if item.type not in WITHOUT_DEFINITION]
    with ThreadPoolExecutor() as pool:
        read = list(pool.map(lambda item: read_definition(published, item), defined))
    return {item.type: parts for item, parts in zip(defined, read)}


def check_properties(published, definitions):
    """Checks what fabric-cicd does beyond items and definitions."""

    def one(kind, collection):
        """Yields each item of a kind with its properties."""
        for item in published.repository_items.get(kind, {}).values():
            yield item, get(published, f"{collection}/{item.guid}")["properties"]

    for _, library in one("VariableLibrary", "variableLibraries"):
        assert library["activeValueSetName"] == "TEST", library
        print("ok the value set is active")
    for _, warehouse in one("Warehouse", "warehouses"):
        assert warehouse["collationType"] == COLLATION, warehouse
        print("ok the warehouse has the collation of its .platform")
    for _, environment in one("Environment", "environments"):
        assert environment["publishDetails"]["state"] == "Success", environment
        print("ok the environment is published")
    for item, lakehouse in one("Lakehouse", "lakehouses"):
        assert lakehouse["defaultSchema"] == "dbo", lakehouse
        (shortcut,) = get(published, f"items/{item.guid}/shortcuts")["value"]
        mirror = published.repository_items["MirroredDatabase"]["orders"]
        assert shortcut["target"]["oneLake"]["itemId"] == mirror.guid, shortcut
        print("ok the lakehouse has schemas and the shortcut")
        endpoint = lakehouse["sqlEndpointProperties"]["connectionString"].encode()
        assert endpoint in definitions["Notebook"]["notebook-content.py"]
        print("ok the notebook has the SQL endpoint")
    for item, database in one("KQLDatabase", "kqlDatabases"):
        ((eventhouse, shown),) = one("Eventhouse", "eventhouses")
        assert database["parentEventhouseItemId"] == eventhouse.guid, database
        assert shown["databasesItemIds"] == [item.guid], shown
        cluster = database["queryServiceUri"].encode()
        assert cluster in definitions["KQLQueryset"]["RealTimeQueryset.json"]
        assert cluster in definitions["KQLDashboard"]["RealTimeDashboard.json"]
        print("ok the queryset and the dashboard have the cluster of the eventhouse")


def main():
    append_feature_flag("enable_environment_variable_replacement")
    append_feature_flag("enable_shortcut_publish")
    for flag in constants.UNPUBLISH_FLAG_MAPPING.values():
        append_feature_flag(flag)
    workspace = prepare()
    first, second = target(workspace, REPOSITORY), target(workspace, REPOSITORY)
    publish_all_items(first)
    ids = check_list(first)
    print(f"ok published, kinds: {len(first.repository_items)}", flush=True)
    publish_all_items(second)
    assert check_list(second) == ids, "other items than the first time"
    print("ok published again, into the same items", flush=True)
    definitions = check_definitions(second)
    print(f"ok read back, definitions: {len(definitions)}", flush=True)
    check_properties(second, definitions)
    for name in sorted(ids):
        print("published", name)
    none = target(workspace, HERE / "empty")
    unpublish_all_orphan_items(none, item_name_exclude_regex=f"^({'|'.join(STAGING)})")
    assert items(none) == [], names(items(none))
    folders = get(none, "folders")["value"]
    assert folders == [], folders
    print("ok unpublished", flush=True)


if __name__ == "__main__":
    main()
