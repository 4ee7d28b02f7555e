"""Calls every method of `microsoft-fabric-api` once, each with arguments made from its signature.

A method may succeed, or be rejected by Fabric's rules, or be absent from the emulator (501 `NotEmulated`). It must not find a
path that is missing, a server error, or an answer that the SDK cannot read. Each method finds the tenant as it was made: after a
change, the next one runs in a new fork.
"""

import collections
import datetime
import enum
import inspect
import json
import re
import sys
import time
import typing

import tenant
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError
from azure.core.paging import ItemPaged
from azure.core.pipeline.transport import RequestsTransport
from microsoft_fabric_api import FabricClient
from microsoft_fabric_api.fabric_api_utils import _LROResultExtractor

METHODS_MIN = 650
UNKNOWN_ID = "00000000-0000-4000-8000-00000000dead"
# Values of texts whose names do not say enough.
TEXTS = {
    "certificate": "YQ==", "folder_name": "folder", "job_type": "RunNotebook", "key_identifier": "https://v.vault.azure.net/keys/k", "path": "Files/a",
    "payload": "e30=", "tenant_setting_name": "TenantSettingA", "time_zone_id": "UTC", "local_time_zone_id": "UTC", "url": "https://example.com/",
}
sleep = time.sleep
# The SDK polls operations, which end at once here, every five seconds.
time.sleep = lambda seconds: sleep(min(seconds, 0.001))


class Transport(RequestsTransport):
    """Remembers the answers."""

    def __init__(self):
        super().__init__()
        self.answers = []

    def send(self, request, **options):
        answer = super().send(request, **options)
        self.answers.append(answer)
        return answer

    def close(self):
        """The clients share the transport."""


class Credential:
    """Signs in as the administrator of the current tenant."""

    tenant = tenant.DEFAULT

    def get_token(self, *_scopes, **_options):
        return AccessToken(tenant.token(self.tenant), 0)


class Arguments:
    """Makes arguments from signatures and models."""

    def __init__(self, ids, models):
        self.ids = ids
        self.models = models

    def of(self, method):
        made = {}
        for name, parameter in inspect.signature(method).parameters.items():
            if parameter.kind is not parameter.VAR_KEYWORD and parameter.default is parameter.empty:
                made[name] = self.value(name, parameter.annotation)
        return made

    def value(self, name, annotation):
        """A value of an annotation, which is a type or its text."""
        if typing.get_origin(annotation) is typing.Union:
            kinds = [kind for kind in typing.get_args(annotation) if kind is not type(None)]
            return self.value(name, next((kind for kind in kinds if kind is not str), str))
        if isinstance(annotation, typing.ForwardRef):
            annotation = annotation.__forward_arg__
        if isinstance(annotation, str):
            annotation = getattr(self.models, annotation.removeprefix("_models."))
        if typing.get_origin(annotation) is not None:
            kinds = typing.get_args(annotation)
            is_list = typing.get_origin(annotation) in (list, collections.abc.Sequence)
            return [self.value(name, kinds[0])] if is_list else {"key": self.value(name, kinds[-1])}
        if hasattr(annotation, "_attribute_map"):
            return self.model(annotation)
        if issubclass(annotation, enum.Enum):
            return next(iter(annotation)).value
        plain = {bool: True, int: 1, float: 1.0, datetime.datetime: datetime.datetime(2031, 1, 1, tzinfo=datetime.timezone.utc)}
        plain |= {datetime.timedelta: datetime.timedelta(hours=1), datetime.date: datetime.date(2031, 1, 1), bytes: b"a", typing.Any: {}}
        return self.text(name) if annotation is str else plain[annotation] if annotation in plain else {}

    def text(self, name):
        if name in TEXTS:
            return TEXTS[name]
        known = self.ids.get(tenant.noun(name))
        return known or (UNKNOWN_ID if re.search(r"(^|_)ids?$", name) else f"a{name.replace('_', '')}"[:20])

    def model(self, kind):
        subtypes = [name for names in vars(kind).get("_subtype_map", {}).values() for name in names.values()]
        if subtypes:
            return self.model(getattr(self.models, subtypes[0]))
        parameters = {name: of for name, of in inspect.signature(kind.__init__).parameters.items() if of.kind is of.KEYWORD_ONLY}
        needed = {name: of for name, of in parameters.items() if of.default is of.empty}
        # Of a model without required members, as in updates, the plain ones are given.
        given = needed or {name: of for name, of in parameters.items() if kind._attribute_map[name]["type"] in ("str", "bool", "int")}
        return kind(**{name: self.value(name, of.annotation) for name, of in given.items()})


def methods(client):
    """All methods of a client: names, models, and the methods. `x` only waits for the end of `begin_x`."""
    for area in sorted(name for name in dir(type(client)) if isinstance(getattr(type(client), name), property)):
        part = getattr(client, area)
        models = sys.modules[type(part).__mro__[1].__module__.rpartition(".")[0] + ".models"]
        for group in sorted(name for name in vars(part) if type(getattr(part, name)).__name__.endswith("Operations")):
            operations = getattr(part, group)
            names = [name for name in dir(operations) if not name.startswith("_") and callable(getattr(operations, name))]
            for name in names:
                if name != "models" and f"begin_{name}" not in names:
                    yield f"{area}.{group}.{name}", models, getattr(operations, name)


def result(returned, transport):
    """Reads the result of a method: a first page, or the result of an operation."""
    if isinstance(returned, ItemPaged):
        list(next(returned.by_page(), []))
    elif isinstance(returned, _LROResultExtractor):
        for _ in range(1000):
            if returned.result is not None:
                return
            sleep(0.001)
            last = transport.answers[-1]
            # The poller ends without a result if the operation failed, or returns none.
            if last.status_code >= 400 or '"Failed"' in last.text() or last.request.url.endswith("/result") or not last.text():
                return
        raise TimeoutError(f"an operation has no result after {transport.answers[-1].text()}")
    elif inspect.isgenerator(returned):
        b"".join(returned)


def outcome(call, transport):
    """The outcome of a call, and whether it is one that a method may have."""
    transport.answers.clear()
    try:
        result(call(), transport)
    except HttpResponseError as error:
        if error.status_code is None:
            return f"{type(error).__name__}: {error}", False
    except Exception as error:
        return f"{type(error).__name__}: {error}", False
    if not transport.answers:
        return "no request", False
    last = transport.answers[-1]
    if last.status_code < 400:
        return "success", True
    try:
        code = json.loads(last.text())["errorCode"]
    except (ValueError, KeyError):
        return f"{last.status_code} without an errorCode: {last.text()[:200]}", False
    said = f"{last.status_code} {code}"
    is_rejected = last.status_code < 500 and last.status_code not in (401, 405, 429) and code != "EndpointNotFound"
    return said, is_rejected or said == "501 NotEmulated"


def main():
    ids = tenant.make()
    credential, transport = Credential(), Transport()
    client = FabricClient(credential, transport=transport, retry_total=0, logging_enable=False)
    outcomes, offenders = collections.Counter(), []
    unchanged = tenant.fork("unchanged")
    for name, models, method in methods(client):
        credential.tenant = unchanged
        try:
            arguments = Arguments(ids, models).of(method)
            # A method that has another one for the beta version needs the stable version.
            if "beta" in arguments and hasattr(method.__self__, f"{method.__name__}_beta"):
                arguments["beta"] = False
        except Exception as error:
            offenders.append(f"{name}: no arguments: {type(error).__name__}: {error}")
            continue
        said, is_fine = outcome(lambda: method(**arguments), transport)
        outcomes[said] += 1
        if not is_fine:
            requests = [f"{answer.request.method} {answer.request.url}" for answer in transport.answers]
            offenders.append(f"{name}: {said} {requests}")
        if "--verbose" in sys.argv:
            print(name, said, transport.answers and transport.answers[-1].text()[:200])
        if said == "success" and not re.match(r"(get|list)_", name.rpartition(".")[2]):
            tenant.delete(unchanged)
            unchanged = tenant.fork(name)
    for said, count in outcomes.most_common():
        print(f"{count:5} {said}")
    total = sum(outcomes.values())
    if offenders or total < METHODS_MIN:
        sys.exit("\n".join([*offenders, f"{len(offenders)} offenders of {total} methods"]))
    print("ok methods", total)


main()
