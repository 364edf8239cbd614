"""Every example of the description is of the form that it stands for."""

import json
import sys

from jsonschema import Draft202012Validator, FormatChecker

document = json.load(open(sys.argv[1]))
faults = 0
checked = 0


def check(schema, example, where):
    global faults, checked
    checked += 1
    whole = {**schema, "components": document["components"]}
    validator = Draft202012Validator(whole, format_checker=FormatChecker())
    for error in validator.iter_errors(example):
        faults += 1
        print(f"{where}: {error.json_path}: {error.message}", file=sys.stderr)


def bodies(operation):
    yield "the request", operation.get("requestBody", {})
    for status, response in operation["responses"].items():
        yield status, response


for path, item in document["paths"].items():
    for method, operation in item.items():
        for name, body in bodies(operation):
            for kind, media in body.get("content", {}).items():
                if "example" in media:
                    check(media["schema"], media["example"], f"{method} {path}, {name}, {kind}")
for status, response in document["components"]["responses"].items():
    for media in response.get("content", {}).values():
        # A dialect's refusals have the example of their form.
        if "example" in media:
            check(media["schema"], media["example"], f"the refusal {status}")
for name, schema in document["components"]["schemas"].items():
    for example in schema.get("examples", []) + ([schema["example"]] if "example" in schema else []):
        check(schema, example, name)
print(f"{checked} examples")
sys.exit(1 if faults else 0)
