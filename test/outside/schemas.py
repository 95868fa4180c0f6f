"""Faults of documents by JSON Schema, with the package jsonschema; what is asked has schemas by name."""

import json
import sys

import jsonschema

asked = json.load(sys.stdin)
validators = {}
for name, schema in asked["schemas"].items():
    kind = jsonschema.validators.validator_for(schema)
    validators[name] = kind(schema, format_checker=kind.FORMAT_CHECKER)
json.dump(
    [
        [[error.json_path, error.validator_value if error.validator == "pattern" else None, error.message[:300]] for error in validators[name].iter_errors(document)]
        for name, document in asked["documents"]
    ],
    sys.stdout,
)
