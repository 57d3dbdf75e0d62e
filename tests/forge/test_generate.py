"""Generation: the cache changes nothing, the batch changes nothing, a seed means a text, and a stop string is never half shown."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwright.forge import fast, native, native_runner
from modelwright.forge.cache import KeyValueCache
from modelwright.forge.config import ModelConfig
from modelwright.forge.constrain import Schema, SchemaError
from modelwright.forge.engine import Engine, Request, generate
from modelwright.forge.errors import ConfigError
from modelwright.forge.generate import Sampling, Writer, choose, sample
from modelwright.forge.model import Grok, rope
from modelwright.forge.native_runner import NativeRunner
from modelwright.forge.quantise import Int8Matrix, dequantise, model_bytes, quantise, quantise_model
from modelwright.forge.runner import FastRunner, Runner, runner
from modelwright.forge.template import CALL, END_CALL, Call, Message, Tool, prompt
from modelwright.forge.tokenizer import ASSISTANT, END, END_THINK, START, THINK, TURN, USER, Tokenizer

TEXT = "The cat sat on the mat, and the dog barked at the cat. What is 12 + 30? It is 42. " * 4
TOKENIZER = Tokenizer.train([TEXT], 320)
CONFIG = ModelConfig(
    vocab=330, width=32, layers=2, query_heads=4, key_heads=2, head_size=8, experts=4, chosen=2, expert_size=24, context=96
)
GROK2 = CONFIG.replace(
    tied=False, output_scale=0.5, router_cap=30.0, final_cap=50.0, residual_size=24, temperature_start=4, attention_scale=0.3
)


def build(config: ModelConfig = CONFIG, seed: int = 0) -> Grok:
    torch.manual_seed(seed)
    model = Grok(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter += 0.1 * torch.randn_like(parameter)
    return model


@pytest.fixture(scope="module")
def model() -> Grok:
    return build()


def requests(count: int, **sampling) -> list[Request]:
    rng = random.Random(count)
    start = lambda: rng.randrange(len(TEXT) - 40)
    return [
        Request(
            prompt=TOKENIZER.encode(TEXT[(at := start()) : at + rng.randint(3, 30)]), sampling=Sampling(seed=i, max_tokens=20, **sampling)
        )
        for i in range(count)
    ]


COMPILED = pytest.mark.skipif(native_runner.library() is None, reason="there is no C compiler here")


@pytest.mark.parametrize("kind", [Runner, FastRunner, pytest.param(NativeRunner, marks=COMPILED)])
@pytest.mark.parametrize("eight", [False, True], ids=["float32", "int8"])
@pytest.mark.parametrize(
    "config", [CONFIG, CONFIG.dense_twin(), GROK2, CONFIG.replace(attention_cap=0.0)], ids=["grok-1", "dense", "grok-2", "no cap"]
)
def test_the_cache_gives_what_no_cache_gives_while_rows_come_and_go(config, eight, kind):
    model, rng = quantise_model(build(config), 12) if eight else build(config), random.Random(1)
    draw = lambda n: [rng.randrange(16, config.vocab) for _ in range(n)]
    runner, texts = kind(model, slots=6, limit=90), []
    worst = 0.0
    for step in range(24):
        if step in (0, 4, 9):
            new = [draw(rng.randint(1, 20)) for _ in range(2)]
            logits_nv = runner.prefill(new)
            texts += new
            at = len(texts) - 2
        else:
            for text in texts:
                text += draw(1)
            logits_nv, at = runner.decode([text[-1] for text in texts]), 0
        for text, logits_v in zip(texts[at:], logits_nv, strict=True):
            with torch.no_grad():
                worst = max(worst, float((model(torch.tensor([text]))[0, -1] - logits_v).abs().max()))
        if step in (7, 12, 18):
            texts[1] = texts[runner.remove(1)]
            texts.pop()
    assert runner.rows == 3
    assert worst < 1e-5


@COMPILED
@pytest.mark.parametrize("eight", [False, True], ids=["float32", "int8"])
def test_a_replys_logits_are_the_same_to_the_bit_alone_among_many_and_on_two_threads(monkeypatch, eight):
    model = quantise_model(build(GROK2), 12) if eight else build(GROK2)
    texts = [[16 + (7 * i + j) % 300 for j in range(5 + i)] for i in range(9)]
    many, alone = NativeRunner(model, slots=9), NativeRunner(model, slots=1)
    many.prefill(texts)
    alone.prefill([texts[4]])
    with torch.inference_mode():  # the prompts went through PyTorch's products, whose sums do depend on the batch
        alone._k_lnksd[:, 0], alone._v_lnksd[:, 0] = many._k_lnksd[:, 4], many._v_lnksd[:, 4]
    before = torch.get_num_threads()
    monkeypatch.setattr(native_runner, "ALONE", 0)
    try:
        for step in range(8):
            torch.set_num_threads(1)
            wanted = alone.decode([20 + step])[0]
            torch.set_num_threads(1 + step % 2)
            assert torch.equal(many.decode([20 + step] * 9)[4], wanted)
    finally:
        torch.set_num_threads(before)


def test_the_runner_that_is_taken_is_the_quickest_that_knows_the_models_parts(monkeypatch):
    model, own = build(), build()
    assert type(runner(model)) is (FastRunner if native_runner.library() is None else NativeRunner)
    own.ops = replace(own.ops, rope=lambda *given: rope(*given))
    assert type(runner(own)) is Runner
    monkeypatch.setattr(native_runner, "library", lambda: None)
    assert type(runner(model)) is FastRunner
    for ops in (fast.ops(), native.ops()):
        model.ops = ops
        assert type(runner(model)) is FastRunner


def test_a_reply_does_not_depend_on_what_else_is_in_the_batch(model):
    together = generate(Engine(model, TOKENIZER, slots=5), requests(12, temperature=0.9, top_p=0.95))
    alone = [generate(Engine(model, TOKENIZER, slots=1), [request])[0] for request in requests(12, temperature=0.9, top_p=0.95)]
    assert [r.text for r in together] == [r.text for r in alone]


def test_a_learners_cache_sampler_and_quantiser_take_part(model):
    used = set()

    def cache(config, batch, capacity):
        used.add("cache")
        return KeyValueCache(config, batch, capacity)

    def sampler(*given):
        used.add("sampler")
        return sample(*given)

    def part(w_ab, group):
        assert w_ab.dim() == 2
        used.add("int8")
        return quantise(w_ab, group)

    theirs = generate(Engine(model, TOKENIZER, slots=3, cache=cache, sampler=sampler), requests(5, temperature=0.8))
    assert [r.text for r in theirs] == [r.text for r in generate(Engine(model, TOKENIZER), requests(5, temperature=0.8))]
    eight, mine = quantise_model(build()), quantise_model(build(), part=part)
    assert torch.equal(eight(torch.tensor([[20, 30]])), mine(torch.tensor([[20, 30]])))
    assert used == {"cache", "sampler", "int8"}


def test_requests_join_and_leave_between_steps(model):
    engine = Engine(model, TOKENIZER, slots=3)
    early = [engine.submit(request) for request in requests(3)]
    for _ in range(5):
        engine.step()
    late = engine.submit(requests(4)[-1])
    engine.step()
    assert (engine.active, engine.waiting) == (3, 1)
    engine.cancel(early[0])
    assert engine.active == 2
    engine.step()
    assert (engine.active, engine.waiting) == (3, 0)
    while engine.busy:
        engine.step()
    assert early[0].ending == "cancelled"
    assert late.text == generate(Engine(model, TOKENIZER), [requests(4)[-1]])[0].text


def test_the_same_seed_gives_the_same_text_and_another_seed_another(model):
    ask = lambda seed: Request(prompt=TOKENIZER.encode("The cat"), sampling=Sampling(seed=seed, max_tokens=24))
    a, b, c = generate(Engine(model, TOKENIZER), [ask(1), ask(1), ask(2)])
    assert a.text == b.text != c.text


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6), st.sampled_from([0.0, 0.3, 1.0, 3.0]), st.sampled_from([0, 1, 5, 80]), st.sampled_from([0.1, 0.7, 1.0]), st.floats(0, 0.9999999)
)  # fmt: skip
def test_choosing_for_many_is_the_plain_sampler_row_by_row(seed, temperature, top_k, top_p, u):
    torch.manual_seed(seed)
    logits_nv = torch.randn(4, 400) * torch.tensor([[0.01], [1.0], [4.0], [20.0]])
    logits_nv[0] = (logits_nv[0] * 300).round() / 4  # many equal ones
    want = Sampling(temperature=temperature, top_k=top_k, top_p=top_p)
    assert choose(logits_nv, [want] * 4, [u] * 4) == [sample(row, temperature, top_k, top_p, u) for row in logits_nv]


def test_sampling_follows_the_probabilities():
    logits_v = torch.tensor([0.6, 0.3, 0.1]).log()
    counts = np.bincount([sample(logits_v, 1.0, 0, 1.0, (i + 0.5) / 1000) for i in range(1000)])
    assert counts.tolist() == [600, 300, 100]
    assert {sample(logits_v, 1.0, 2, 1.0, i / 100) for i in range(100)} == {0, 1}
    assert {sample(logits_v, 1.0, 0, 0.85, i / 100) for i in range(100)} == {0, 1}
    assert {choose(logits_v[None], [Sampling(min_p=0.4)], [i / 100])[0] for i in range(100)} == {0, 1}
    assert sample(torch.tensor([1.0, 2.0, 2.0]), 0.0, 0, 1.0, 0.9) == 1


def test_a_repetition_penalty_makes_what_was_said_less_likely(model):
    ask = lambda penalty: Request(
        prompt=TOKENIZER.encode("The cat"), sampling=Sampling(temperature=0, max_tokens=40, repetition_penalty=penalty)
    )
    plain, penalised = generate(Engine(model, TOKENIZER), [ask(1.0), ask(1e2)])
    assert len(set(penalised.tokens)) == len(penalised.tokens) > len(set(plain.tokens))


def test_log_probabilities_are_the_models_own(model):
    request = Request(prompt=TOKENIZER.encode("The dog"), sampling=Sampling(temperature=0.7, seed=3, max_tokens=8, logprobs=4, top_k=3))
    [reply] = generate(Engine(model, TOKENIZER), [request])
    with torch.no_grad():
        whole = model(torch.tensor([[*request.prompt, *reply.tokens]]))[0].log_softmax(-1)
    for i, (token, probs) in enumerate(zip(reply.tokens, reply.log_probs, strict=True)):
        at = whole[len(request.prompt) - 1 + i]
        assert probs.chosen == pytest.approx(float(at[token]), abs=1e-5)
        assert [p for _, p in probs.top] == pytest.approx(at.topk(4).values.tolist(), abs=1e-5)


@given(st.text(alphabet="abé🙂", max_size=30), st.lists(st.text(alphabet="abé🙂", min_size=1, max_size=4), max_size=3), st.randoms())
def test_no_part_of_a_stop_string_is_shown_and_nothing_else_is_lost(text, stops, rng):
    data, writer, shown = text.encode(), Writer(stops), []
    while data and not writer.stopped:
        n = rng.randint(1, 5)
        shown.append(writer.feed(data[:n]))
        data = data[n:]
        assert "�" not in shown[-1]
        so_far = text.encode()[: len(text.encode()) - len(data)].decode(errors="ignore")
        for stop in stops:
            for k in range(1, len(stop)):
                if so_far.endswith(stop[:k]) and not writer.stopped:  # another k could still follow: none of these is shown yet
                    assert len(writer.text) <= len(so_far) - k
    shown.append(writer.close())
    ends = [text.find(stop) for stop in stops if stop in text]
    assert "".join(shown) == writer.text
    if not ends:
        assert writer.text == text
    else:
        assert text.startswith(writer.text)
        assert not any(stop in writer.text for stop in stops)
        assert len(writer.text) <= max(text.find(stop) for stop in stops if stop in text)


def test_a_stop_string_across_tokens_ends_a_reply_before_it(model):
    [free] = generate(Engine(model, TOKENIZER), [Request(prompt=TOKENIZER.encode("The"), sampling=Sampling(seed=5, max_tokens=30))])
    stop = free.text[6:11]
    pieces: list[str] = []
    engine = Engine(model, TOKENIZER)
    reply = engine.submit(Request(prompt=TOKENIZER.encode("The"), sampling=Sampling(seed=5, max_tokens=30, stop=(stop,))))
    reply.on_piece = lambda piece: pieces.append(piece.text if piece else "")
    while engine.busy:
        engine.step()
    assert reply.ending == "stop"
    assert "".join(pieces) == reply.text == free.text[: free.text.find(stop)]


def test_untrusted_text_and_an_unknowing_model_never_make_marks(model):
    replies = generate(Engine(model, TOKENIZER), [Request(prompt=[START, USER, 40, TURN, ASSISTANT], chat=True, sampling=Sampling(temperature=5.0, seed=i, max_tokens=30)) for i in range(8)])  # fmt: skip
    assert all(token >= 16 for reply in replies for token in reply.tokens)


SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 8}, "days": {"type": "integer", "minimum": 1, "maximum": 14}},
    "required": ["city", "days"],
    "additionalProperties": False,
}


def test_constrained_replies_are_json_of_the_schema_even_at_the_end_of_their_room(model):
    schema = Schema(SCHEMA)
    smallest = len('{"city": "", "days": 1}')
    made = generate(
        Engine(model, TOKENIZER, slots=4),
        [
            Request(prompt=[40], chat=i % 2 == 0, schema=schema, sampling=Sampling(seed=i, temperature=1.5, max_tokens=smallest + i))
            for i in range(16)
        ],
    )
    for reply in made:
        value = json.loads(reply.text)
        assert len(value["city"]) <= 8
        assert 1 <= value["days"] <= 14
        assert reply.ending == "stop"
    with pytest.raises(SchemaError, match="raise max_tokens"):
        Engine(model, TOKENIZER).submit(Request(prompt=[40], schema=schema, sampling=Sampling(max_tokens=smallest - 1)))


def test_a_call_to_a_tool_names_it_and_fits_its_schema(model):
    tools = (Tool("weather", "", SCHEMA), Tool("stop", ""))
    start = prompt([Message("user", "cat")], TOKENIZER)
    ask = lambda choice, seed: Request(
        prompt=start, chat=True, tools=tools, tool_choice=choice, sampling=Sampling(seed=seed, max_tokens=80)
    )
    for choice in ("weather", "stop", "required"):
        for reply in generate(Engine(model, TOKENIZER), [ask(choice, seed) for seed in range(3)]):
            assert reply.ending == "tool_calls"
            assert reply.text == ""
            [call] = reply.calls
            assert call.name in ("weather", "stop") if choice == "required" else call.name == choice
            assert json.loads(call.arguments) == {} if call.name == "stop" else json.loads(call.arguments)["days"] >= 1
            assert (reply.tokens[0], reply.tokens[-1]) == (CALL, END_CALL)
    assert all(CALL not in reply.tokens for reply in generate(Engine(model, TOKENIZER), [ask("none", seed) for seed in range(3)]))
    with pytest.raises(ConfigError, match="no tool 'rain'; there are weather, stop"):
        Engine(model, TOKENIZER).submit(ask("rain", 0))
    assert Call("stop", "{}") in [call for r in generate(Engine(model, TOKENIZER), [ask("stop", 1)]) for call in r.calls]


def test_thinking_ends_with_its_budget_and_is_not_part_of_the_text(model):
    start = prompt([Message("user", "cat")], TOKENIZER, think=True)
    assert start[-1] == THINK
    sampling = Sampling(seed=2, max_tokens=40)
    [reply] = generate(Engine(model, TOKENIZER), [Request(prompt=start, chat=True, thinking=True, think_budget=7, sampling=sampling)])
    assert reply.tokens.index(END_THINK) <= 7
    assert reply.thoughts == TOKENIZER.decode(reply.tokens[: reply.tokens.index(END_THINK)])
    assert reply.text == TOKENIZER.decode(reply.tokens[reply.tokens.index(END_THINK) :])


def test_a_reply_ends_at_the_context_and_a_prompt_beyond_it_is_refused(model):
    engine = Engine(model, TOKENIZER)
    [reply] = generate(engine, [Request(prompt=[40] * 90, sampling=Sampling(max_tokens=50, logit_bias={END: -100.0}))])
    assert (len(reply.tokens), reply.ending) == (6, "length")
    with pytest.raises(ConfigError, match="96 tokens, but this model's context is 96"):
        engine.submit(Request(prompt=[40] * 96))
    with pytest.raises(ConfigError, match="the prompt is empty"):
        engine.submit(Request(prompt=[]))


@pytest.mark.parametrize(("field", "value"), [("temperature", -1), ("top_p", 0.0), ("max_tokens", 0), ("min_p", 2), ("stop", ("",))])
def test_a_setting_that_means_nothing_is_refused(field, value):
    with pytest.raises(ConfigError):
        Sampling(**{field: value})


# Eight bits.


def test_a_weight_in_eight_bits_is_off_by_half_a_step_at_most():
    w_ab = torch.randn(3, 24, 10) * torch.logspace(-3, 1, 10)
    w_ab[0, :12, 3] = 0
    q, scale = quantise(w_ab, group=12)
    assert q.dtype == torch.int8
    assert scale.shape == (3, 2, 10)
    assert scale[0, 0, 3] == 1
    assert bool(((dequantise(q, scale) - w_ab).abs() <= 0.5001 * scale.repeat_interleave(12, 1)).all())
    with pytest.raises(ValueError, match="groups of 5"):
        quantise(w_ab, group=5)


def test_a_product_with_eight_bit_weights_is_that_of_their_values():
    matrix = Int8Matrix.of(torch.randn(48, 20), group=16)
    for rows in (1, 3, 40):
        x = torch.randn(rows, 48)
        assert torch.allclose(x @ matrix, x @ matrix.float(), atol=1e-4)  # type: ignore[operator]


def test_a_model_in_eight_bits_is_smaller_says_nearly_the_same_and_its_runners_agree():
    model = build()
    tokens = torch.tensor([TOKENIZER.encode(TEXT)[:64]])
    with torch.no_grad():
        before, size = model(tokens), model_bytes(model)
        quantise_model(model, group=16)
        after = model(tokens)
    assert model_bytes(model) < 0.65 * size  # the embedding stays
    kl = (before.softmax(-1) * (before.log_softmax(-1) - after.log_softmax(-1))).sum(-1).mean()
    assert 0 < kl < 0.01
    for kind in (Runner, FastRunner):
        runner = kind(model, 2, 90)
        runner.prefill([tokens[0, :30].tolist()])
        assert torch.allclose(runner.decode([int(tokens[0, 30])]), after[:, 30], atol=1e-5)
