"""Shared by the client scripts: calls of the control interface, and checks that print what they find.

`tests/it/clients.rs` puts this folder on PYTHONPATH."""

import os
import sys
import time

import requests


def control(method, path, body=None):
    """Calls the control interface of the emulator."""
    requests.request(method, f"{os.environ['SPECULARITE_URL']}/_emulator/{path}", json=body).raise_for_status()


def check(fact, found, expected):
    """Prints a fact. Exits with an error if the value is not the expected one."""
    if found != expected:
        sys.exit(f"{fact}: found {found!r}, expected {expected!r}")
    print(fact, found, flush=True)


def wait_for(fact, read, expected):
    """Reads for up to 20 seconds until the expected value is there, and prints it."""
    for _ in range(200):
        found = read()
        if found == expected:
            return print(fact, found, flush=True)
        time.sleep(0.1)
    sys.exit(f"{fact}: timed out with {found!r}, expected {expected!r}")
