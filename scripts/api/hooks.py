"""What schemathesis has to be told of this API."""

import json

import schemathesis


@schemathesis.deserializer("application/x-ndjson")
def first_line(context, response):
    """Each line is of the described form; the first one stands for all."""
    return json.loads(response.content.splitlines()[0])


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
