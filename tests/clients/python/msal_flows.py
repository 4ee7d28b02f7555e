"""Every flow of MSAL for Python, through the proxy and at the address of the emulator."""

import os

import msal
import requests

SCOPE = "https://api.fabric.microsoft.com/.default"
TENANT, CLIENT = os.environ["AZURE_TENANT_ID"], os.environ["AZURE_CLIENT_ID"]
OWN = os.environ["SPECULARITE_URL"].replace("http://127.0.0.1", "https://localhost")
TOOL = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"


def check(name, result):
    assert "access_token" in result, (name, result)
    headers = {"Authorization": "Bearer " + result["access_token"]}
    answer = requests.get("https://api.fabric.microsoft.com/v1/workspaces", headers=headers)
    assert answer.status_code == 200, (name, answer.text)
    print("ok", name, flush=True)
    return result


def app(authority, **options):
    return msal.ConfidentialClientApplication(CLIENT, client_credential="any", authority=authority, **options)


public = f"https://login.microsoftonline.com/{TENANT}"
check("client secret", app(public).acquire_token_for_client([SCOPE]))
check("own address", app(f"{OWN}/{TENANT}", instance_discovery=False).acquire_token_for_client([SCOPE]))
check("own address, discovered", app(f"{OWN}/{TENANT}").acquire_token_for_client([SCOPE]))
check("own address, adfs", app(f"{OWN}/adfs").acquire_token_for_client([SCOPE]))
check("oidc authority", app(None, oidc_authority=f"{OWN}/{TENANT}/v2.0").acquire_token_for_client([SCOPE]))

for authority in ["common", "organizations", TENANT, "contoso.com"]:
    person = msal.PublicClientApplication(TOOL, authority=f"https://login.microsoftonline.com/{authority}")
    flow = person.initiate_device_flow([SCOPE])
    check(f"device code, {authority}", person.acquire_token_by_device_flow(flow))
    (account,) = person.get_accounts()
    storage = person.acquire_token_silent(["https://storage.azure.com/.default"], account)
    assert storage and "access_token" in storage, storage
    check(f"silent, {authority}", person.acquire_token_silent([SCOPE], account, force_refresh=True))

person = msal.PublicClientApplication(TOOL, authority=public)
check("user name and password", person.acquire_token_by_username_password("a@contoso.com", "any", [SCOPE]))
assert person.get_accounts("a@contoso.com")

person = msal.PublicClientApplication(TOOL, authority="https://login.microsoftonline.com/organizations")
result = check("interactive", person.acquire_token_interactive([SCOPE], login_hint="b@contoso.com", timeout=60))
assert result["id_token_claims"]["preferred_username"] == "b@contoso.com", result

token = app(public).acquire_token_on_behalf_of(result["access_token"], [SCOPE])
check("on behalf of", token)
