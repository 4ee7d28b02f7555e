"""Publishes a repository with fabric-cicd twice and unpublishes it.

`--plain` uses plain HTTP without the proxy. `--expire` lets tokens expire during the run."""

import base64
import os
import sys
import time
from pathlib import Path

import requests
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential
from emulator import control

if "--plain" in sys.argv:
    import fabric_cicd.constants

    for name in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"]:
        os.environ.pop(name, None)
    fabric_cicd.constants.DEFAULT_API_ROOT_URL = os.environ["SPECULARITE_URL"]
    api, credential = os.environ["SPECULARITE_URL"], ManagedIdentityCredential()
else:
    api, credential = "https://api.fabric.microsoft.com", DefaultAzureCredential()

from fabric_cicd import FabricWorkspace, append_feature_flag, publish_all_items, unpublish_all_orphan_items

KINDS = ["Lakehouse", "MirroredDatabase", "Notebook", "SQLDatabase"]
HERE = Path(__file__).parent


def call(method, path, **body):
    token = credential.get_token("https://api.fabric.microsoft.com/.default").token
    answer = requests.request(method, f"{api}/v1/{path}", headers={"Authorization": f"Bearer {token}"}, **body)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def prepare():
    capacity = call("GET", "capacities")["value"][0]["id"]
    workspace = call("POST", "workspaces", json={"displayName": "cicd", "capacityId": capacity})["id"]
    text = lambda name: {"dataType": "Text", "name": name, "value": name}
    connection = {
        "connectivityType": "ShareableCloud", "displayName": "sql", "privacyLevel": "Organizational",
        "connectionDetails": {"type": "SQL", "creationMethod": "Sql", "parameters": [text("server"), text("database")]},
        "credentialDetails": {
            "singleSignOnType": "None", "connectionEncryption": "Encrypted", "skipTestConnection": False,
            "credentials": {"credentialType": "Basic", "username": "u", "password": "p"},
        },
    }
    os.environ["CONNECTION"] = call("POST", "connections", json=connection)["id"]
    return workspace


def target(workspace, repository=HERE / "repository"):
    return FabricWorkspace(
        workspace_id=workspace, environment="TEST", repository_directory=str(repository),
        item_type_in_scope=KINDS, token_credential=credential,
    )


def items(workspace):
    found = call("GET", f"workspaces/{workspace}/items")["value"]
    return sorted(f"{item['displayName']}.{item['type']}" for item in found if item["type"] != "SQLEndpoint")


def content(workspace, notebook):
    """Returns the code of a notebook. Reading it is a long-running operation."""
    token = credential.get_token("https://api.fabric.microsoft.com/.default").token
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.post(f"{api}/v1/workspaces/{workspace}/items/{notebook}/getDefinition", headers=headers)
    while answer.status_code == 202 or answer.json().get("status") in ("NotStarted", "Running"):
        time.sleep(0.1)
        answer = requests.get(answer.headers["Location"], headers=headers)
    answer = requests.get(answer.headers["Location"], headers=headers) if "definition" not in answer.json() else answer
    parts = {part["path"]: part["payload"] for part in answer.json()["definition"]["parts"]}
    return base64.b64decode(parts["notebook-content.py"]).decode()


ALL = ["app.SQLDatabase", "lake.Lakehouse", "orders.MirroredDatabase", "report.Notebook", "returns.MirroredDatabase"]


def main():
    append_feature_flag("enable_environment_variable_replacement")
    append_feature_flag("enable_lakehouse_unpublish")
    append_feature_flag("enable_sqldatabase_unpublish")
    if "--expire" in sys.argv:
        # Tokens are valid for 200 seconds, and each call takes a minute: several expire during the run.
        control("PATCH", "settings", {"tokenLifetime": 200})
        control("POST", "clock", {"mode": "stepped", "step": 60})
    workspace = prepare()
    for _ in range(2):
        publish_all_items(target(workspace))
        assert items(workspace) == ALL, items(workspace)
    folders = {folder["displayName"]: folder["id"] for folder in call("GET", f"workspaces/{workspace}/folders")["value"]}
    assert set(folders) == {"sales", "europe"}, folders
    (notebook,) = [item for item in call("GET", f"workspaces/{workspace}/notebooks")["value"]]
    print("published", *items(workspace), flush=True)
    code = content(workspace, notebook["id"])
    assert ".datawarehouse.fabric.microsoft.com" in code and "SQL-ENDPOINT" not in code, code
    print("ok the notebook has the SQL endpoint", flush=True)
    unpublish_all_orphan_items(target(workspace, HERE / "empty"))
    assert items(workspace) == [], items(workspace)
    print("unpublished", flush=True)


if __name__ == "__main__":
    main()
