"""Hooks for schemathesis: path parameters are ids of resources that exist.

`SPECULARITE_IDS` is a JSON object with the first ids, by the name of the path parameter. Ids of created resources are added.
"""

import json
import os
import random
import re

import schemathesis

FIRST = json.loads(os.environ["SPECULARITE_IDS"])
# The newest ids by the name of the parameter. A deleted resource is replaced with the next created one.
CREATED: dict[str, list[str]] = {}
KEPT = 20


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Replaces most of the generated parameters."""
    if not path_parameters:
        return path_parameters
    deletes = context.operation.method.lower() == "delete"
    for name in path_parameters:
        # The first resources are not deleted, because the later requests need them.
        created = CREATED.get(name, [])
        known = created if deletes and name == last_parameter(context.operation.path) else created + FIRST.get(name, [])
        if known and random.random() < 0.9:
            path_parameters[name] = random.choice(known)
    return path_parameters


@schemathesis.hook
def after_call(context, case, response):
    """Remembers the id of a created resource for the parameter that follows the path of the request."""
    if case.method.upper() != "POST" or response.status_code != 201:
        return
    created = response.json().get("id")
    for path in case.operation.schema:
        if created and path.startswith(case.path + "/{") and path.count("/") == case.path.count("/") + 1:
            remember(last_parameter(path), created)
    if created and "/workspaces/{workspaceId}/" in case.path:
        remember("itemId", created)


def remember(name, created):
    """Adds an id. Only the newest ids are kept."""
    CREATED[name] = [*CREATED.get(name, []), created][-KEPT:]


def last_parameter(path):
    """Returns the name of the last parameter of a path, without braces."""
    return (re.findall(r"{(\w+)}", path) or [""])[-1]
