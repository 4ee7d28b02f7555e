"""Checks documents with the JSON Schema in the file that the first argument names.

Each line of standard input is a document. One that begins with `!` must not be valid. Prints the number of documents."""
import json
import sys

from jsonschema import Draft202012Validator

with open(sys.argv[1]) as file:
    schema = json.load(file)
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
count = 0
for line in sys.stdin:
    wanted = not line.startswith("!")
    document = json.loads(line.removeprefix("!"))
    errors = [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(document)]
    assert (not errors) == wanted, f"{line[:500]} {errors}"
    count += 1
print(count)
