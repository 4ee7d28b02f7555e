"""Every credential of azure-identity that needs no user, sync and async, gets a token that Fabric accepts."""

import asyncio
import os
import sys

import aiohttp
import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    AzureCliCredential,
    ClientSecretCredential,
    DefaultAzureCredential,
    DeviceCodeCredential,
    EnvironmentCredential,
    InteractiveBrowserCredential,
    ManagedIdentityCredential,
    UsernamePasswordCredential,
    WorkloadIdentityCredential,
)
from azure.identity import aio

SCOPE = "https://api.fabric.microsoft.com/.default"
TENANT, CLIENT = os.environ["AZURE_TENANT_ID"], os.environ["AZURE_CLIENT_ID"]
OWN = os.environ["SPECULARITE_URL"].replace("http://127.0.0.1", "https://localhost")


class without:
    """Removes some environment variables and sets others while it is active."""

    def __init__(self, *taken, **given):
        self.taken, self.given = taken, given

    def __enter__(self):
        self.before = dict(os.environ)
        for name in self.taken:
            os.environ.pop(name, None)
        os.environ.update(self.given)

    def __exit__(self, *_):
        os.environ.clear()
        os.environ.update(self.before)


def check(name, make):
    with make() as credential:
        token = credential.get_token(SCOPE).token
    answer = requests.get("https://api.fabric.microsoft.com/v1/workspaces", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200, (name, answer.status_code, answer.text)
    print("ok", name, flush=True)


async def check_async(name, make):
    async with make() as credential:
        token = (await credential.get_token(SCOPE)).token
    async with aiohttp.ClientSession(trust_env=True) as session:
        headers = {"Authorization": f"Bearer {token}"}
        async with session.get("https://api.fabric.microsoft.com/v1/workspaces", headers=headers) as answer:
            assert answer.status == 200, (name, answer.status, await answer.text())
    print("ok aio", name, flush=True)


def by_proxy():
    check("DefaultAzureCredential", DefaultAzureCredential)
    check("EnvironmentCredential", EnvironmentCredential)
    check("ClientSecretCredential", lambda: ClientSecretCredential(TENANT, CLIENT, "any"))
    check("ClientSecretCredential, a tenant by name", lambda: ClientSecretCredential("contoso.com", CLIENT, "any"))
    check("WorkloadIdentityCredential", WorkloadIdentityCredential)
    check("ManagedIdentityCredential, App Service", ManagedIdentityCredential)
    check("ManagedIdentityCredential, user-assigned", lambda: ManagedIdentityCredential(client_id=CLIENT))
    app_service = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER")
    with without(*app_service):
        check("ManagedIdentityCredential, IMDS by its address", ManagedIdentityCredential)
    with without(*app_service, "AZURE_POD_IDENTITY_AUTHORITY_HOST"):
        check("ManagedIdentityCredential, IMDS by the proxy", ManagedIdentityCredential)
    secrets = ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE")
    with without(*secrets, *app_service, "AZURE_POD_IDENTITY_AUTHORITY_HOST"):
        check("DefaultAzureCredential, which probes for IMDS", DefaultAzureCredential)
    with without("AZURE_CLIENT_SECRET"):
        check("DefaultAzureCredential, workload identity", DefaultAzureCredential)
    check("DeviceCodeCredential", lambda: DeviceCodeCredential(prompt_callback=lambda *_: None))
    check(
        "UsernamePasswordCredential",
        lambda: UsernamePasswordCredential(CLIENT, "someone@contoso.com", "any", tenant_id=TENANT),
    )
    check("InteractiveBrowserCredential", InteractiveBrowserCredential)


def directly():
    """No proxy: the authority is the emulator's own address."""
    proxy = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
    own = {"authority": OWN, "disable_instance_discovery": True}
    with without(*proxy):
        token = ClientSecretCredential(TENANT, CLIENT, "any", **own).get_token(SCOPE).token
        assert token
        assert ClientSecretCredential("adfs", CLIENT, "any", authority=OWN).get_token(SCOPE).token
        assert DeviceCodeCredential(prompt_callback=lambda *_: None, **own).get_token(SCOPE).token
        print("ok directly", flush=True)
        with without(AZURE_AUTHORITY_HOST=OWN):
            assert WorkloadIdentityCredential().get_token(SCOPE).token
            assert asyncio.run(token_of(aio.ClientSecretCredential(TENANT, CLIENT, "any")))
            print("ok directly, by AZURE_AUTHORITY_HOST", flush=True)
    # The real authority is asked where ours is, and the port is lost on the way.
    assert ClientSecretCredential(TENANT, CLIENT, "any", authority=OWN).get_token(SCOPE).token
    print("ok directly, with instance discovery by the proxy", flush=True)


async def token_of(credential):
    async with credential:
        return (await credential.get_token(SCOPE)).token


async def asynchronously():
    await check_async("DefaultAzureCredential", aio.DefaultAzureCredential)
    await check_async("EnvironmentCredential", aio.EnvironmentCredential)
    await check_async("ClientSecretCredential", lambda: aio.ClientSecretCredential(TENANT, CLIENT, "any"))
    await check_async("ManagedIdentityCredential", aio.ManagedIdentityCredential)
    await check_async("WorkloadIdentityCredential", aio.WorkloadIdentityCredential)


def refusals():
    """A secret that was declared is the only one; the refusal is one that clients print."""
    app = "00000000-0000-4000-8000-0000000000aa"
    principal = {"id": app, "type": "ServicePrincipal", "secret": "right"}
    requests.put(os.environ["SPECULARITE_URL"] + "/_emulator/principals", json={"value": [principal]}).raise_for_status()
    assert ClientSecretCredential(TENANT, app, "right").get_token(SCOPE).token
    try:
        ClientSecretCredential(TENANT, app, "wrong").get_token(SCOPE)
        sys.exit("a wrong secret was taken")
    except ClientAuthenticationError as why:
        assert "AADSTS7000215" in str(why), why
    print("ok refusals", flush=True)


if __name__ == "__main__":
    by_proxy()
    directly()
    asyncio.run(asynchronously())
    refusals()
    if "--az" in sys.argv:
        check("AzureCliCredential", AzureCliCredential)
