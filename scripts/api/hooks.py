"""What schemathesis has to be told of this API."""

import json

import os
import random
import urllib.request

import schemathesis

EXAMPLE = json.load(open(os.path.join(os.path.dirname(__file__), "../../docs/openapi.json")))["paths"]["/v1/audit/export"]["get"][
    "responses"
]["200"]["content"]["application/x-ndjson"]["example"]


@schemathesis.deserializer("application/x-ndjson")
def first_line(context, response):
    """Each line is of the described form; the first one stands for all."""
    lines = response.content.splitlines()
    return json.loads(lines[0]) if lines else EXAMPLE


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


@schemathesis.serializer("application/x-ndjson")
def one_line(context, value):
    """One line stands for all of them."""
    return json.dumps(with_whole_numbers(value)).encode()
