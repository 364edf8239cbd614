"""What schemathesis has to be told of this API."""

import json
import os
import random
import urllib.request

import schemathesis

DOCUMENT = json.load(open(os.path.join(os.path.dirname(__file__), "../../docs/openapi.json")))
EXPORT = DOCUMENT["paths"]["/v1/audit/export"]["get"]["responses"]["200"]["content"]["application/x-ndjson"]


@schemathesis.deserializer("application/x-ndjson")
def first_line(context, response):
    """Each line is of the described form; the first one stands for all."""
    lines = response.content.splitlines()
    return json.loads(lines[0]) if lines else EXPORT["example"]


def in_ascii(value):
    """Writes the ellipsis of masked keys in place as three points."""
    for at, item in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(item, (dict, list)):
            in_ascii(item)
        elif isinstance(item, str) and at in ("apikey", "example"):
            value[at] = item.replace("\u2026", "...")


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """What an answer has by the name of a header is tried in that header, where only ASCII may stand."""
    in_ascii(raw_schema)


LISTS = {"key_": "/v1/keys", "org_": "/v1/organisations", "acct_": "/v1/service-accounts", "usr_": "/v1/users", "role_": "/v1/roles", "api_": "/v1/apis"}
known = {}
chance = random.Random(1)


def ids(kind):
    """Things of this kind that there are; without the first one made, which the requests themselves carry."""
    if kind not in known:
        request = urllib.request.Request(os.environ["CLAVIGER_API_URL"] + LISTS[kind])
        request.add_header("Authorization", "Bearer " + os.environ["CLAVIGER_API_KEY"])
        try:
            items = json.load(urllib.request.urlopen(request))["items"]
        except OSError:
            items = []
        known[kind] = [item["id"] for item in items][:-1]
    return known[kind]


@schemathesis.hook
def before_call(context, case, kwargs):
    """Half of the ids that are made up are replaced by real ones, so that more is found behind them than 404."""
    id = (case.path_parameters or {}).get("id")
    kind = next((kind for kind in LISTS if isinstance(id, str) and id.startswith(kind)), None)
    if kind and ids(kind) and chance.random() < 0.5:
        case.path_parameters["id"] = chance.choice(ids(kind))


def with_whole_numbers(value):
    if isinstance(value, dict):
        return {name: with_whole_numbers(item) for name, item in value.items()}
    if isinstance(value, list):
        return [with_whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@schemathesis.hook
def map_body(context, body):
    """JSON Schema takes 4.0 for an integer; JSON's readers do not."""
    return with_whole_numbers(body)


@schemathesis.check
def what_has_the_described_form_can_be_read(context, response, case):
    """A body of the described form may be refused for what it says, never as unreadable."""
    if not case.meta or not case.meta.generation.mode.is_positive or response.status_code != 400:
        return
    assert response.json().get("code") != "invalid_json", response.text


def fields_of(schema):
    """The properties of an object's schema; none where it may have any."""
    if "$ref" in schema:
        return fields_of(DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]])
    if "allOf" in schema:
        parts = [fields_of(part) for part in schema["allOf"]]
        return None if None in parts else {name: field for part in parts for name, field in part.items()}
    if "oneOf" in schema:
        given = [one for one in schema["oneOf"] if one.get("type") != "null"]
        return fields_of(given[0]) if len(given) == 1 else None
    return schema.get("properties")


def undescribed(value, schema, at="$"):
    """Where the value has a field that the schema does not know."""
    if isinstance(value, list):
        items = schema.get("items") or {}
        return [fault for item in value for fault in undescribed(item, items, at + "[]")]
    fields = fields_of(schema) if isinstance(value, dict) else None
    if fields is None:
        return []
    return [
        fault
        for name, item in value.items()
        for fault in (undescribed(item, fields[name], f"{at}.{name}") if name in fields else [f"{at}.{name}"])
    ]


@schemathesis.check
def nothing_is_answered_that_is_not_described(context, response, case):
    """A schema lets any further field pass; here each one is known."""
    answers = DOCUMENT["paths"].get(case.operation.path, {}).get(case.method.lower(), {}).get("responses", {})
    answer = answers.get(str(response.status_code), {})
    if "$ref" in answer:
        answer = DOCUMENT["components"]["responses"][answer["$ref"].rsplit("/", 1)[1]]
    for kind in ("application/json", "application/problem+json"):
        media = answer.get("content", {}).get(kind)
        if media and response.headers.get("content-type", [""])[0] == kind:
            assert not (faults := undescribed(response.json(), media["schema"])), faults


@schemathesis.serializer("application/x-ndjson")
def one_line(context, value):
    """One line stands for all of them."""
    return json.dumps(with_whole_numbers(value)).encode()
