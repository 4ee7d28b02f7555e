#!/usr/bin/env python3
"""Prints the instructions and allocations of a status call, with one worker on one connection that is kept alive.

Usage: benches/cost.py [PROGRAM]

PROGRAM is built with symbols unless it is given. Needs valgrind. The cost is the difference between a long run and a short
one under callgrind, so that the start of the program does not count. Allocations are the calls of jemalloc's functions.
"""
import base64
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile

SHORT, LONG = 200, 1200
ALLOCATES = re.compile(r"_rjem_(malloc|calloc|mallocx|realloc|rallocx)$")
DEFINITION = {"properties": {"source": {"type": "GenericMirror"}, "target": {
    "type": "MountedRelationalDatabase", "typeProperties": {"format": "Delta"}}}}


def build():
    """Builds the program as it is released, with symbols, and returns its path."""
    profile = {"inherits": '"release"', "strip": "false", "debug": '"line-tables-only"'}
    options = [f"--config=profile.cost.{name}={value}" for name, value in profile.items()]
    command = ["cargo", "build", "--locked", "--bin", "specularite", "--profile", "cost", "--message-format", "json", *options]
    messages = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return next(filter(None, (json.loads(line).get("executable") for line in messages)))


def encoded(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def jwt():
    """Returns an unsigned token of the default user with the size of a token of Entra."""
    claims = {"oid": "5bec0a12-0000-4000-8000-000000000002", "exp": 4102444800, "xms_cc": "c" * 900}
    return f"{encoded(json.dumps({'typ': 'JWT', 'alg': 'RS256'}))}.{encoded(json.dumps(claims))}.{'s' * 700}"


class Connection:
    """A connection to a program under callgrind."""

    def __init__(self, program, token, output):
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}", program,
                   "serve", "--listen", "127.0.0.1:0", "--throttle", "off"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                        env={**os.environ, "TOKIO_WORKER_THREADS": "1"})
        port = int(re.search(r":(\d+)\s*$", self.process.stdout.readline())[1])
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answers = self.socket.makefile("rb")
        self.head = f"HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"

    def call(self, method, path, body=None):
        body = "" if body is None else json.dumps(body)
        self.socket.sendall(f"{method} {path} {self.head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        status, length = self.answers.readline(), 0
        while (header := self.answers.readline().strip()):
            name, _, value = header.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        answer = self.answers.read(length)
        assert status.split()[1].startswith(b"2"), (status, answer)
        return json.loads(answer)


def run(program, token, calls):
    """Returns the instructions and allocations of a run with a number of status calls."""
    with tempfile.NamedTemporaryFile() as output:
        connection = Connection(program, token, output.name)
        capacity = connection.call("GET", "/v1/capacities")["value"][0]["id"]
        workspace = connection.call("POST", "/v1/workspaces", {"displayName": "w", "capacityId": capacity})["id"]
        payload = base64.b64encode(json.dumps(DEFINITION).encode()).decode()
        part = {"path": "mirroring.json", "payload": payload, "payloadType": "InlineBase64"}
        databases = f"/v1/workspaces/{workspace}/mirroredDatabases"
        database = connection.call("POST", databases, {"displayName": "m", "definition": {"parts": [part]}})["id"]
        for _ in range(calls):
            connection.call("POST", f"{databases}/{database}/getMirroringStatus")
        connection.process.terminate()
        connection.process.wait()
        return figures(output.name)


def figures(output):
    """Reads the instructions and allocations in a file of callgrind."""
    names, callee, instructions, allocations = {}, None, 0, 0
    with open(output, encoding="utf-8") as lines:
        for line in lines:
            if match := re.match(r"c?fn=\((\d+)\)(?: (.*))?", line):
                if match[2]:
                    names[match[1]] = match[2]
                if line.startswith("c"):
                    callee = names[match[1]]
            elif line.startswith("calls=") and ALLOCATES.search(callee.partition("'")[0]):
                allocations += int(line[len("calls="):].split()[0])
            elif match := re.match(r"(?:totals|summary): (\d+)", line):
                instructions = int(match[1])
    return instructions, allocations


def main():
    if not shutil.which("valgrind"):
        sys.exit("cost.py: valgrind is not installed (try apt-get install valgrind)")
    program = sys.argv[1] if len(sys.argv) > 1 else build()
    for name, token in (("status call, Bearer x", "x"), ("status call, JWT", jwt())):
        short, long = run(program, token, SHORT), run(program, token, LONG)
        instructions, allocations = ((after - before) / (LONG - SHORT) for before, after in zip(short, long))
        print(f"{name:<25} {instructions:,.0f} instructions, {allocations:.1f} allocations")


if __name__ == "__main__":
    main()
