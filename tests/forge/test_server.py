"""The server over a real socket, asked by OpenAI's own client and, where that is too polite, by hand."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import openai
import pytest
import torch
import uvicorn

from modelwright.forge.config import ModelConfig
from modelwright.forge.engine import Engine, Request, generate
from modelwright.forge.generate import Sampling
from modelwright.forge.model import Grok
from modelwright.forge.server import Serving, create_app
from modelwright.forge.template import Message, prompt
from modelwright.forge.tokenizer import Tokenizer

TEXT = "The cat sat on the mat, and the dog barked at the cat. What is 12 + 30? It is 42. " * 4
TOKENIZER = Tokenizer.train([TEXT], 320)
CONFIG = ModelConfig(
    vocab=330, width=32, layers=2, query_heads=4, key_heads=2, head_size=8, experts=4, chosen=2, expert_size=24, context=256
)
ASK = [{"role": "user", "content": "The cat"}]


def build() -> Grok:
    torch.manual_seed(0)
    return Grok(CONFIG).eval()


@contextmanager
def running(engine: Engine, queue: int = 64) -> Iterator[tuple[str, Serving]]:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    serving = Serving(engine, queue)
    server = uvicorn.Server(uvicorn.Config(create_app(serving, "tiny"), log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}", serving
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture(scope="module")
def place() -> Iterator[str]:
    with running(Engine(build(), TOKENIZER, slots=4)) as (url, _):
        yield url


@pytest.fixture(scope="module")
def client(place) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{place}/v1", api_key="none", max_retries=0)


def chat(client: openai.OpenAI, **options):
    return client.chat.completions.create(**{"model": "tiny", "messages": ASK, "seed": 1, "max_tokens": 20, **options})


def test_the_model_is_listed_and_another_is_not_found(client):
    assert [model.id for model in client.models.list()] == ["tiny"]
    assert client.models.retrieve("tiny").id == "tiny"
    for ask in (lambda: client.models.retrieve("gpt"), lambda: chat(client, model="gpt")):
        with pytest.raises(openai.NotFoundError) as refused:
            ask()
        assert refused.value.code == "model_not_found"


def test_a_reply_is_what_the_engine_gives_and_is_counted(client):
    answer = chat(client)
    start = prompt([Message("user", "The cat")], TOKENIZER)
    [alone] = generate(Engine(build(), TOKENIZER), [Request(prompt=start, chat=True, sampling=Sampling(seed=1, max_tokens=20))])
    assert answer.choices[0].message.content == alone.text
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (len(start), len(alone.tokens))
    assert answer.choices[0].finish_reason == alone.ending


def test_a_stream_adds_up_to_the_reply_and_ends_with_its_usage(client):
    whole = chat(client, n=2)
    parts, usage, endings = ["", ""], None, {}
    for chunk in chat(client, n=2, stream=True, stream_options={"include_usage": True}):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            parts[choice.index] += choice.delta.content or ""
            if choice.finish_reason:
                endings[choice.index] = choice.finish_reason
    assert parts == [choice.message.content for choice in whole.choices]
    assert parts[0] != parts[1]
    assert endings == {choice.index: choice.finish_reason for choice in whole.choices}
    assert usage == whole.usage


def test_log_probabilities_belong_to_the_text(client):
    answer = chat(client, logprobs=True, top_logprobs=3, temperature=0.8, stop=["at", "z"])
    choice = answer.choices[0]
    data = b"".join(bytes(entry.bytes) for entry in choice.logprobs.content)
    assert data.decode(errors="replace").startswith(choice.message.content)
    assert all(len(entry.top_logprobs) == 3 and entry.logprob <= 0 for entry in choice.logprobs.content)
    streamed = [e for c in chat(client, logprobs=True, temperature=0.8, stop=["at", "z"], stream=True) for ch in c.choices if ch.logprobs for e in ch.logprobs.content]  # fmt: skip
    assert [e.token for e in streamed] == [e.token for e in choice.logprobs.content]


def test_plain_completions_by_text_and_by_tokens_with_echo(client):
    ask = lambda **more: client.completions.create(model="tiny", max_tokens=12, seed=4, **more)
    by_text = ask(prompt=["The cat", "The dog"], n=2, logprobs=2)
    assert len(by_text.choices) == 4
    assert by_text.usage.prompt_tokens == sum(len(TOKENIZER.encode(text)) for text in ("The cat", "The dog")) * 2
    by_tokens = ask(prompt=TOKENIZER.encode("The cat"))
    assert by_tokens.choices[0].text == by_text.choices[0].text
    assert ask(prompt="The cat", echo=True).choices[0].text == "The cat" + by_tokens.choices[0].text
    assert "".join(chunk.choices[0].text for chunk in ask(prompt="The cat", stream=True)) == by_tokens.choices[0].text
    probs = by_text.choices[0].logprobs
    assert len(probs.tokens) == len(probs.token_logprobs) == len(probs.text_offset)
    assert probs.text_offset[0] == 0


def test_json_of_a_schema_comes_back_whole(client):
    schema = {"type": "object", "properties": {"n": {"type": "integer", "maximum": 9, "minimum": 0}, "tags": {"type": "array", "items": {"enum": ["a", "b"]}}}, "required": ["n", "tags"], "additionalProperties": False}  # fmt: skip
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}}
    for seed in range(4):
        value = json.loads(chat(client, response_format=form, seed=seed, max_tokens=40).choices[0].message.content)
        assert set(value) == {"n", "tags"}
        assert set(value["tags"]) <= {"a", "b"}
    assert isinstance(json.loads(chat(client, response_format={"type": "json_object"}, max_tokens=30).choices[0].message.content), dict)
    with pytest.raises(openai.BadRequestError, match="'pattern', which cannot be enforced"):
        chat(client, response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "string", "pattern": "a"}}})


def test_a_tool_is_called_and_its_result_taken_whole_and_streamed(client):
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"enum": ["Oslo", "Rome"]}}, "required": ["city"]}}}  # fmt: skip
    options = {"tools": [tool], "tool_choice": "required", "max_tokens": 80}
    answer = chat(client, **options)
    [call] = answer.choices[0].message.tool_calls
    assert answer.choices[0].finish_reason == "tool_calls"
    assert json.loads(call.function.arguments)["city"] in ("Oslo", "Rome")
    streamed = [c for chunk in chat(client, stream=True, **options) for ch in chunk.choices for c in ch.delta.tool_calls or ()]
    assert [(c.function.name, c.function.arguments) for c in streamed] == [("weather", call.function.arguments)]
    after = [*ASK, answer.choices[0].message.model_dump(exclude_none=True), {"role": "tool", "tool_call_id": call.id, "content": "rain"}]
    assert chat(client, messages=after, tools=[tool], tool_choice="none").choices[0].message.content


def test_thoughts_are_budgeted_and_kept_apart(client):
    answer = chat(client, max_tokens=40, extra_body={"think": True, "think_budget": 6})
    thought = answer.choices[0].message.reasoning_content
    assert thought
    assert answer.usage.completion_tokens_details.reasoning_tokens <= 6
    assert not answer.choices[0].message.content.startswith(thought)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"temperature": 9}, "temperature"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "role"),
        ({"max_tokens": 0}, "max_tokens is 0"),
        ({"top_logprobs": 3}, "needs logprobs"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}, "reads text only"),
        ({"tool_choice": "required"}, "there are no tools"),
        ({"extra_body": {"colour": "red"}}, "no argument 'colour'"),
        ({"messages": [{"role": "user", "content": "cat " * 400}]}, "shorten the conversation"),
        ({"stop": ["1", "2", "3", "4", "5"]}, "at most 4"),
    ],
)
def test_a_bad_request_is_told_what_is_wrong_in_openais_shape(client, change, says):
    with pytest.raises(openai.BadRequestError) as refused:
        chat(client, **change)
    body = refused.value.response.json()["error"]
    assert set(body) == {"message", "type", "param", "code"}
    assert says in body["message"]
    assert "\n" not in body["message"]


def test_a_conversation_that_is_too_long_has_a_code_and_a_mistake_that_speaks_of_the_context_has_none(client):
    with pytest.raises(openai.BadRequestError) as refused:
        chat(client, messages=[{"role": "user", "content": "The cat " * 400}])
    assert refused.value.code == "context_length_exceeded"
    with pytest.raises(openai.BadRequestError) as refused:
        chat(client, tools=[{"type": "function", "function": {"name": "context is", "parameters": {"type": "string"}}}])
    assert refused.value.code is None


def test_other_mistakes_have_their_own_status(place):
    assert httpx.post(f"{place}/v1/chat/completions", content=b"{").status_code == 400
    assert httpx.get(f"{place}/v1/nothing").json()["error"]["message"] == "GET /v1/nothing: not found"
    assert httpx.get(f"{place}/v1/chat/completions").status_code == 405
    assert httpx.post(f"{place}/v1/completions", content=b" " * 3_000_000).status_code == 413
    pieces = (b" " * 300_000 for _ in range(10))
    assert httpx.post(f"{place}/v1/completions", content=pieces).json()["error"]["message"].startswith("That is more than 2 MB")


def test_only_this_machine_and_its_own_pages_may_ask(place):
    get = lambda **headers: httpx.get(f"{place}/v1/models", headers=headers).status_code
    assert get(Host="evil.example") == 403
    assert get(Origin="http://evil.example") == 403
    assert get(Origin="null") == 403
    assert get(**{"Sec-Fetch-Site": "cross-site"}) == 403
    assert get(Origin=place) == 200
    assert "script-src 'self'" in httpx.get(f"{place}/").headers["content-security-policy"]


def test_what_went_on_inside_can_be_asked_for(place, client):
    answer = chat(client, max_tokens=8)
    inside = httpx.get(f"{place}/inside/{answer.id}").json()
    assert "".join(t["text"] for t in inside["tokens"]) == answer.choices[0].message.content
    assert all(len(t["experts"]) == CONFIG.layers and all(len(layer) == 2 for layer in t["experts"]) for t in inside["tokens"])
    looked = httpx.get(f"{place}/inside/{answer.id}/attention/3").json()
    assert len(looked["layers"]) == 2
    assert all(abs(sum(head) - 1) < 0.01 and len(head) == len(looked["tokens"]) for layer in looked["layers"] for head in layer)
    assert httpx.get(f"{place}/inside/none").status_code == 404
    assert httpx.get(f"{place}/inside/{answer.id}/attention/99").status_code == 404


class Slow(Engine):
    """An engine whose steps take long enough to be in the middle of."""

    def step(self) -> None:
        time.sleep(0.02)
        super().step()


FOREVER = {"logit_bias": {str(token): -100 for token in range(16)}, "max_tokens": 230}


def until(condition, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False


def test_a_full_queue_says_when_to_come_back_and_a_client_that_leaves_frees_its_place():
    engine = Slow(build(), TOKENIZER, slots=1)
    with running(engine, queue=1) as (url, _):
        client = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
        first = chat(client, stream=True, **FOREVER)
        next(iter(first))
        assert until(lambda: engine.active == 1)
        body = {"model": "tiny", "messages": ASK, **FOREVER}
        with httpx.Client() as impatient:

            def give_up() -> None:
                with pytest.raises(httpx.ReadTimeout):
                    impatient.post(f"{url}/v1/chat/completions", json=body, timeout=1.5)

            waiting = threading.Thread(target=give_up)
            waiting.start()
            assert until(lambda: engine.waiting == 1)
            with pytest.raises(openai.RateLimitError) as refused:
                chat(client)
            assert int(refused.value.response.headers["retry-after"]) >= 1
            assert refused.value.code == "queue_full"
            waiting.join()
        # One left while it waited, without streaming; the other leaves in the middle of its stream.
        assert until(lambda: engine.waiting == 0)
        first.close()
        assert until(lambda: engine.active == 0)
        assert engine.counts.tokens < 200
        assert chat(client, max_tokens=2).choices[0].message.content is not None


def test_a_model_that_breaks_is_an_error_and_not_the_end():
    engine = Engine(build(), TOKENIZER)
    broken = {"now": True}

    def sampler(logits_v, temperature, top_k, top_p, u):
        if broken["now"]:
            raise ZeroDivisionError("a learner's sampler")
        return int(logits_v.argmax())

    engine.sampler = sampler
    with running(engine) as (url, _):
        client = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)
        with pytest.raises(openai.InternalServerError, match="a learner's sampler"):
            chat(client)
        with pytest.raises(openai.APIError, match="a learner's sampler"):
            list(chat(client, stream=True))
        broken["now"] = False
        assert chat(client).choices[0].message.content is not None
