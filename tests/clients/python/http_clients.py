"""HTTP clients of Python with their own environment variables, and strict certificate checks as in recent versions of Python."""

import asyncio
import os
import ssl
import urllib.request

import aiohttp
import httpx
import requests

URL = "https://api.fabric.microsoft.com/v1/workspaces"
OWN = os.environ["SPECULARITE_URL"].replace("http://127.0.0.1", "https://localhost") + "/v1/workspaces"
HEADERS = {"Authorization": "Bearer any"}


async def with_aiohttp(url):
    async with aiohttp.ClientSession(trust_env=True) as session:
        async with session.get(url, headers=HEADERS) as answer:
            return answer.status


def with_urllib(url, context=None):
    with urllib.request.urlopen(urllib.request.Request(url, headers=HEADERS), context=context) as answer:
        return answer.status


for url in [URL, OWN, OWN.replace("localhost", "127.0.0.1")]:
    assert requests.get(url, headers=HEADERS).status_code == 200
    assert httpx.get(url, headers=HEADERS).status_code == 200
    assert asyncio.run(with_aiohttp(url)) == 200
    strict = ssl.create_default_context()
    strict.verify_flags |= ssl.VERIFY_X509_STRICT
    assert with_urllib(url, strict) == 200
    print("ok", url.split("/")[2].split(":")[0], flush=True)
