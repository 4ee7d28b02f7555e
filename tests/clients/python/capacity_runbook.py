"""A runbook as people schedule it: suspends a capacity of Fabric, waits until it is paused, and resumes it."""

import time

import requests
from azure.identity import DefaultAzureCredential

ARM = "https://management.azure.com"
VERSION = {"api-version": "2023-11-01"}
credential = DefaultAzureCredential()


def call(method, path):
    headers = {"Authorization": f"Bearer {credential.get_token(f'{ARM}/.default').token}"}
    answer = requests.request(method, ARM + path, headers=headers, params=VERSION)
    answer.raise_for_status()
    return answer


def wait(capacity, wanted):
    for _ in range(100):
        if call("GET", capacity).json()["properties"]["state"] == wanted:
            return print("ok", wanted)
        time.sleep(0.1)
    raise SystemExit(f"the capacity never became {wanted}")


subscription = call("GET", "/subscriptions").json()["value"][0]["subscriptionId"]
capacity = call("GET", f"/subscriptions/{subscription}/providers/Microsoft.Fabric/capacities").json()["value"][0]["id"]
for action, state in [("suspend", "Paused"), ("resume", "Active")]:
    accepted = call("POST", f"{capacity}/{action}")
    print("ok", action, accepted.status_code, "Location" in accepted.headers)
    wait(capacity, state)
# What is paused already cannot be suspended again.
call("POST", f"{capacity}/suspend")
wait(capacity, "Paused")
again = requests.post(ARM + capacity + "/suspend", params=VERSION,
                      headers={"Authorization": f"Bearer {credential.get_token(f'{ARM}/.default').token}"})
print("ok suspended twice", again.status_code, again.json()["error"]["code"])
