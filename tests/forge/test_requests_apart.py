"""What one request breaks, breaks for that request: the others get what they would have got, and everyone gets an answer."""

from __future__ import annotations

import functools
import json

import pytest
import torch
from starlette.testclient import TestClient

from modelwright.forge.cache import KeyValueCache
from modelwright.forge.config import ModelConfig
from modelwright.forge.constrain import Schema, SchemaError
from modelwright.forge.engine import Engine, ModelError, Request, generate
from modelwright.forge.generate import Sampling
from modelwright.forge.model import Grok
from modelwright.forge.server import Serving, create_app
from modelwright.forge.tokenizer import Tokenizer

TOKENIZER = Tokenizer.train(["The cat sat on the mat, and the dog barked at the cat. " * 4], 290)
CONFIG = ModelConfig(
    vocab=300, width=16, layers=1, query_heads=2, key_heads=1, head_size=8, experts=2, chosen=1, expert_size=16, context=1024
)
POISON = TOKENIZER.encode("Z")[0]
CAT, BAD = TOKENIZER.encode("The cat"), TOKENIZER.encode("Z" * 20)
ON = dict.fromkeys(range(16), -100.0)
"""Nothing ends a reply but its length."""


def build(**options) -> Engine:
    torch.manual_seed(0)
    return Engine(Grok(CONFIG).eval(), TOKENIZER, slots=4, **options)


def want(prompt=CAT, **options) -> Request:
    return Request(prompt=prompt, sampling=Sampling(**{"seed": 3, "max_tokens": 12, "logit_bias": ON, **options}))


def both(engine: Engine) -> tuple[list[int], Exception | None]:
    """A sound request's tokens and a poisoned one's error, made together."""
    sound, bad = engine.submit(want()), engine.submit(want(BAD))
    for _ in range(40):
        engine.step()
    assert sound.done
    assert bad.done
    assert sound.error is None
    assert not engine.busy
    assert engine.runner.rows == 0
    return sound.tokens, bad.error


ALONE = [token for reply in generate(build(), [want()]) for token in reply.tokens]


@pytest.mark.parametrize("own_cache", [False, True])
def test_a_prompt_that_breaks_the_model_ends_only_its_own_request(own_cache):
    engine = build(cache=KeyValueCache) if own_cache else build()
    usual = engine.runner.prefill

    def prefill(prompts):
        logits = usual(prompts)  # it breaks with half of its work done
        if any(POISON in prompt for prompt in prompts):
            raise RuntimeError("a part failed")
        return logits

    engine.runner.prefill = prefill
    tokens, error = both(engine)
    assert tokens == ALONE
    assert isinstance(error, ModelError)
    assert "a part failed" in str(error)


@pytest.mark.parametrize("kind", [RuntimeError, SystemExit])
def test_a_token_that_breaks_the_model_ends_only_its_own_request(kind):
    engine = build()
    usual = engine.runner.decode

    def decode(tokens):
        if len(BAD) + 3 in engine.runner.lengths:
            raise kind("a part failed")
        return usual(tokens)

    engine.runner.decode = decode
    tokens, error = both(engine)
    assert tokens == ALONE
    assert "a part failed" in str(error)


@pytest.mark.parametrize("gives", [lambda: 1 / 0, lambda: 10**9, lambda: -1, lambda: None, lambda: "x"])
def test_a_sampler_that_fails_for_one_reply_leaves_the_others(gives):
    def sampler(logits_v, temperature, top_k, top_p, u):
        return gives() if temperature == 0.5 else int(logits_v.argmax())

    engine = build(sampler=sampler)
    sound, bad = engine.submit(want()), engine.submit(want(temperature=0.5))
    for _ in range(20):
        engine.step()
    assert bad.error is not None
    assert sound.error is None
    assert len(sound.tokens) == 12


def test_logits_that_are_no_numbers_are_an_error_and_not_an_empty_reply():
    engine = build()
    with torch.no_grad():
        engine.model.embedding[POISON] = torch.nan
    with pytest.raises(ModelError, match="no number"):
        generate(engine, [want(BAD, logprobs=2)])


BODY = {"model": "grok", "messages": [{"role": "user", "content": "The cat"}], "max_tokens": 40, "temperature": 1.0, "seed": 5}


@pytest.fixture(scope="module")
def client():
    with TestClient(create_app(Serving(build())), base_url="http://localhost", raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize("how", [ValueError("a part failed"), SystemExit(3)])
@pytest.mark.parametrize("stream", [False, True])
def test_a_failure_in_the_first_pass_is_answered_and_the_server_goes_on(how, stream):
    engine = build()
    usual = engine.runner.prefill

    def prefill(prompts):
        raise how

    with TestClient(create_app(Serving(engine)), base_url="http://localhost", raise_server_exceptions=False) as client:
        engine.runner.prefill = prefill
        answer = client.post("/v1/chat/completions", json={**BODY, "stream": stream})
        assert answer.status_code == (200 if stream else 500)
        assert "the model failed" in answer.text
        assert "server_error" in answer.text
        engine.runner.prefill = usual
        assert client.post("/v1/chat/completions", json=BODY).status_code == 200


def schema(text: str) -> str:
    return '"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": ' + text + "}}"


HOSTILE = [
    '"messages": []',
    '"messages": null',
    '"messages": "hello"',
    '"messages": [{"role": "user", "content": {"text": "x"}}]',
    '"messages": [{"role": "user", "content": ["x"]}]',
    '"max_tokens": -1',
    '"max_tokens": 1e400',
    '"max_tokens": 1.5',
    '"n": 0',
    '"n": 100000',
    '"temperature": NaN',
    '"temperature": Infinity',
    '"top_p": 0',
    '"top_p": NaN',
    '"presence_penalty": 1e400',
    '"logit_bias": {"20": NaN}',
    '"logit_bias": {"20": 1e400}',
    '"logit_bias": {"20": 101}',
    '"logit_bias": {"999999": 1}',
    '"logit_bias": {"-1": 1}',
    '"logit_bias": {"x": 1}',
    '"stop": [""]',
    '"seed": "x"',
    '"tools": [{"type": "function", "function": {"name": "g"}}], "tool_choice": {"type": "function", "function": "g"}',
    '"tools": [{"type": "function", "function": {"name": "g"}}], "tool_choice": {"type": "function", "function": {"name": "h"}}',
    '"tools": [{"type": "function", "function": {"name": "g"}}], "tool_choice": {}',
    '"tools": [{"type": "function", "function": {"name": "g", "parameters": {"type": "string"}}}]',
    '"tools": [{"type": "function", "function": {"name": "g", "parameters": {"properties": {"a": {"$ref": "#/$defs/b"}}}}}]',
    schema('{"type": "number", "maximum": 1e400}'),
    schema('{"type": "number", "minimum": -1e400}'),
    schema('{"type": "number", "exclusiveMaximum": NaN}'),
    schema('{"type": "string", "maxLength": 1e400}'),
    schema('{"type": "string", "minLength": 1000000000000}'),
    schema('{"type": "array", "minItems": 1000000000000}'),
    schema('{"enum": [1e400]}'),
    schema('{"const": NaN}'),
    schema('{"enum": "yes"}'),
    schema('{"enum": [1, 2], "const": 3}'),
    schema('{"enum": [1, 2], "type": "string"}'),
    schema('{"enum": [1, 2], "type": {"a": 1}}'),
    schema('{"type": null}'),
    schema('{"type": [["string"]]}'),
    schema('{"type": "integer", "minimum": 5, "maximum": 1}'),
    schema('{"type": "string", "minLength": 5, "maxLength": 1}'),
    schema('{"$ref": "#"}'),
    schema('{"anyOf": [{"$ref": "#"}]}'),
    schema('{"$ref": 5}'),
    schema('{"$ref": {"a": 1}}'),
    schema('{"$ref": "https://example.com/schema.json"}'),
    schema('{"$ref": "#name"}'),
    schema('{"$ref": "#/$defs/x"}'),
    schema('{"$ref": "#/anyOf/-1", "anyOf": [{"type": "null"}]}'),
    schema('{"$defs": {"a": {"type": "string"}}, "$ref": "#/$defs/a", "maxLength": 3}'),
    schema('{"$defs": {"a": {"$id": "b", "$ref": "#/$defs/c"}}, "$ref": "#/$defs/a"}'),
    schema('{"type": "object", "required": [{}]}'),
    schema('{"type": "array", "prefixItems": 3}'),
    schema('{"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}'),
    schema('{"anyOf": [{"type": "string"}, {"type": "integer"}], "type": "boolean"}'),
    schema("[" * 900 + "]" * 900),
    schema('{"items": ' * 900 + "{}" + "}" * 900),
]


@pytest.mark.parametrize("change", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_body_is_refused_with_a_sentence(client, change):
    body = json.dumps(BODY)[:-1] + ", " + change + "}"
    answer = client.post("/v1/chat/completions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400, answer.text
    problem = answer.json()["error"]
    assert set(problem) == {"message", "type", "param", "code"}
    assert problem["message"]


@pytest.mark.parametrize(
    "body",
    [
        {"prompt": [[]]},
        {"prompt": []},
        {"prompt": [-1]},
        {"prompt": [10**30]},
        {"prompt": ["x"] * 40, "n": 2},
        {"prompt": "The cat", "max_tokens": 0},
        {"prompt": "The cat", "best_of": 3},
        {"prompt": "The cat", "echo": True, "logprobs": 1},
        {"prompt": "The cat", "echo": True, "logprobs": 0, "stream": True},
    ],
)
def test_a_completion_that_cannot_be_had_is_refused(client, body):
    answer = client.post("/v1/completions", json={"model": "grok", **body})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


def test_a_schema_that_can_be_read_in_too_many_ways_is_refused_in_time():
    twice = {"anyOf": [{"type": "array", "items": {"$ref": "#"}}, {"type": "array", "items": {"$ref": "#"}}]}
    deep = Schema(twice)
    with pytest.raises(SchemaError, match="too many ways"):
        functools.reduce(deep.read, b"[" * 40, deep.start)


@pytest.mark.parametrize("place", ["$defs", "definitions"])
def test_each_tool_may_keep_definitions_of_its_own(client, place):
    tool = lambda name, kind: {
        "type": "function",
        "function": {
            "name": name,
            "parameters": {
                "type": "object",
                place: {"Arg": kind},
                "properties": {"x": {"$ref": f"#/{place}/Arg"}},
                "required": ["x"],
                "additionalProperties": False,
            },
        },
    }
    tools = [tool("f", {"enum": [1]}), tool("g", {"enum": ["yes"]})]
    for name, arguments in (("f", {"x": 1}), ("g", {"x": "yes"})):
        choice = {"type": "function", "function": {"name": name}}
        answer = client.post("/v1/chat/completions", json={**BODY, "max_tokens": 50, "tools": tools, "tool_choice": choice})
        call = answer.json()["choices"][0]["message"]["tool_calls"][0]["function"]
        assert (call["name"], json.loads(call["arguments"])) == (name, arguments)


@pytest.mark.parametrize(
    "change",
    [
        '"messages": [{"role": "user", "content": "half \\ud83d"}]',
        '"tools": [{"type": "function", "function": {"name": "g", "parameters": {"properties": {"x": {"enum": ["half \\ud83d"]}}}}}]',
        schema('{"enum": ["half \\ud83d"]}'),
        schema('{"enum": [1.0], "type": "integer"}'),
        schema('{"anyOf": [{"$ref": "#"}, {"type": "null"}]}'),
        schema('{"$defs": {"a b": {"type": "null"}}, "$ref": "#/$defs/a%20b", "description": "nothing"}'),
        schema('{"anyOf": [{"type": "string"}, {"type": "number"}], "type": "integer"}'),
        schema('{"type": "array", "prefixItems": [{"type": "integer", "minimum": 5, "maximum": 1}]}'),
    ],
)
def test_what_is_strange_but_right_is_answered(client, change):
    body = json.dumps({**BODY, "max_tokens": 150})[:-1] + ", " + change + "}"
    answer = client.post("/v1/chat/completions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 200, answer.text
    if "response_format" in change:
        json.loads(answer.json()["choices"][0]["message"]["content"])
