"""Constrained output: whatever the model would say, what comes out is JSON of the schema, and every such JSON could have come out."""

from __future__ import annotations

import json
import random

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwright.forge.constrain import Guide, Schema, SchemaError, Vocabulary
from modelwright.forge.tokenizer import Tokenizer

TOKENIZER = Tokenizer.train(['{"name": "Ada", "tags": ["a", "b"], "n": 12.5, "é": null, "x": {"y": true}}' * 3, "Zürich 東京 🙂 " * 5], 360)
VOCABULARY = Vocabulary(TOKENIZER)

SCHEMAS = {
    "person": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 2, "maxLength": 9},
            "age": {"type": "integer", "minimum": 0, "maximum": 130},
            "email": {"type": ["string", "null"]},
        },
        "required": ["name", "age"],
        "additionalProperties": False,
    },
    "free object": {"type": "object"},
    "anything": {},
    "list": {"type": "array", "items": {"enum": ["red", "green", 3, None, {"a": [1]}]}, "minItems": 1, "maxItems": 4},
    "tuple": {"type": "array", "prefixItems": [{"type": "boolean"}, {"const": "x"}], "items": False, "minItems": 2},
    "tree": {
        "$defs": {"node": {"type": "object", "properties": {"v": {"type": "number"}, "kids": {"type": "array", "items": {"$ref": "#/$defs/node"}}}, "required": ["v"], "additionalProperties": False}},
        "$ref": "#/$defs/node",
    },
    "range": {"type": "number", "exclusiveMinimum": -0.25, "maximum": 1.5},
    "negative": {"type": "integer", "minimum": -250, "maximum": -17},
    "exact": {"type": "number", "minimum": 0.375, "maximum": 0.375},
    "either": {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "array", "items": {"type": "integer", "exclusiveMinimum": 7}}]},
    "map": {"type": "object", "additionalProperties": {"type": "boolean"}},
}  # fmt: skip


def babble(schema: Schema, rng: random.Random, room: int) -> str:
    """What a model that knows nothing writes: any allowed token, until it must stop or has no room left."""
    guide, out = Guide(schema, VOCABULARY), []
    while room and not guide.must_end:
        if guide.may_end and rng.random() < 0.2:
            break
        allowed = guide.allowed().nonzero()[0]
        room -= 1
        token = guide.choose(int(rng.choice(allowed)), room)
        if token is None:
            break
        assert guide.allowed()[token]
        guide.advance(token)
        out.append(token)
    return TOKENIZER.decode_bytes(out).decode()  # strict: it must be UTF-8


@pytest.mark.parametrize("name", SCHEMAS)
def test_babble_is_always_valid_json_of_the_schema(name):
    schema = Schema(SCHEMAS[name])
    smallest = Guide(schema, VOCABULARY).smallest
    for seed in range(60):
        text = babble(schema, random.Random(seed), smallest + seed % 40)
        jsonschema.validate(json.loads(text), SCHEMAS[name])


def accepts(schema: Schema, text: str) -> bool:
    state = schema.start
    for byte in text.encode():
        state = schema.read(state, byte)
    return schema.ended(state)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(json_values)
def test_any_json_can_be_written_and_with_or_without_escapes(value):
    anything = Schema({})
    assert accepts(anything, json.dumps(value, ensure_ascii=False))


@settings(max_examples=120, deadline=None)
@given(st.integers(-3000, 3000), st.integers(-3000, 3000), st.integers(-3000, 3000))
def test_whole_numbers_are_allowed_exactly_in_their_range(low, high, n):
    if low > high:
        with pytest.raises(SchemaError, match="holds no number"):
            Schema({"type": "integer", "minimum": low, "maximum": high})
        return
    schema = Schema({"type": "integer", "minimum": low, "maximum": high})
    assert accepts(schema, str(n)) == (low <= n <= high)


@settings(max_examples=80, deadline=None)
@given(st.decimals(-99, 99, places=3), st.decimals(-99, 99, places=3), st.decimals(-99, 99, places=4))
def test_decimals_are_allowed_exactly_in_their_range(low, high, n):
    low, high = sorted((low, high))
    schema = Schema({"type": "number", "minimum": float(low), "exclusiveMaximum": float(high) + 1})
    assert accepts(schema, f"{n:f}") == (low <= n < high + 1)


@pytest.mark.parametrize("text", ['"\\ud800"', '"\x01"', '"a', '{"a": 1,}', "01", "1.", "-", "[1,2]", "nul", '"\\x"', "[1 ,2]", ""])
def test_what_is_not_json_is_not_allowed(text):
    assert not accepts(Schema({}), text)


def test_bytes_that_are_not_utf8_are_not_allowed():
    schema = Schema({"type": "string"})
    for bad in (b'"\xff', b'"\xc3"', b'"\xe0\x80', b'"\xed\xa0', b'"\xf4\x90', b'"\xc0\x80'):
        state = schema.start
        for byte in bad:
            state = schema.read(state, byte)
        assert not state


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ({"type": "string", "pattern": "a+"}, "the schema uses 'pattern', which cannot be enforced"),
        ({"type": "object", "properties": {"a": {"oneOf": []}}}, "the schema.a uses 'oneOf'"),
        ({"type": "strang"}, "there is no type 'strang'"),
        ({"$ref": "#/$defs/none"}, "not in the schema"),
        ({"type": "object", "properties": {"me": {"$ref": "#"}}, "required": ["me"]}, "no finite JSON"),
        ({"$ref": "#"}, "no finite JSON"),
        ({"type": "object", "required": ["a"], "additionalProperties": False}, "requires 'a'"),
        ({"type": "string", "minLength": 5, "maxLength": 2}, "minLength is 5 but at most 2"),
        ({"type": "string", "maxLength": "many"}, "a count is wanted"),
        (["string"], "an object that describes a value is wanted"),
        ({"enum": []}, "at least one value"),
    ],
)
def test_a_schema_that_cannot_be_kept_is_refused_by_name(schema, says):
    with pytest.raises(SchemaError, match=says.replace("$", r"\$")):
        Schema(schema)
