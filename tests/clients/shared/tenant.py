"""A tenant with one of everything, made by the requests in `tenant.json`, and forks of it."""

import base64
import json
import os
import pathlib
import re

import requests

EMULATOR = os.environ["SPECULARITE_URL"]
ADMIN = "5bec0a12-0000-4000-8000-000000000002"
DEFAULT = "5bec0a12-0000-4000-8000-000000000001"
session = requests.Session()
session.trust_env = False


def token(tenant):
    """A token of the administrator of a tenant."""
    claims = json.dumps({"tid": tenant, "oid": ADMIN, "idtyp": "user"}).encode()
    return "eyJhbGciOiJub25lIn0." + base64.urlsafe_b64encode(claims).decode().rstrip("=") + "."


def send(method, path, body=None):
    answer = session.request(method, EMULATOR + path, json=body, headers={"Authorization": f"Bearer {token(DEFAULT)}"})
    assert answer.ok, f"{method} {path}: {answer.text}"
    return (answer.json() if answer.content else None) or {}


def noun(text):
    """The noun of a name: `capacities`, `capacityId` and `capacity_id` give `capacity`."""
    text = re.sub(r"id$", "", text.replace("_", "").lower())
    return re.sub(r"(?<!s)s$", "", re.sub(r"xes$", "x", re.sub(r"ies$", "y", text)))


def make():
    """Makes the default tenant; the ids of its resources by their nouns."""
    send("PATCH", "/_emulator/settings", {"pace": "instant"})
    ids = {"capacity": send("GET", "/v1/capacities")["value"][0]["id"], "tenant": DEFAULT}
    for name, method, path, body in json.loads(pathlib.Path(__file__).with_suffix(".json").read_text()):
        fill = lambda text: re.sub(r"\{(\w+)\}", lambda found: ids[found[1]], text)
        made = send(method, fill(path), json.loads(fill(json.dumps(body))))
        ids[name] = made.get("id") or made.get("value", [{}])[0].get("id")
    for item in send("GET", f"/v1/workspaces/{ids['workspace']}/items")["value"]:
        ids[item["type"].lower()] = item["id"]
    ids["item"] = ids["notebook"]
    return ids


def fork(name):
    """Forks the default tenant; the id of the fork."""
    return send("POST", f"/_emulator/tenants/{DEFAULT}/fork", {"as": name})["id"]


def delete(tenant):
    send("DELETE", f"/_emulator/tenants/{tenant}")
