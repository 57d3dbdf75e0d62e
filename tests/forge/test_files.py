"""Files of others, and our own when they are damaged: read right, or refused in one sentence with the file and the place."""

from __future__ import annotations

import dataclasses
import gzip
import json
import math

import pytest
import torch

from modelwright.forge.benchmarks import read as read_benchmark
from modelwright.forge.checkpoint import load_model, save_model
from modelwright.forge.config import ModelConfig
from modelwright.forge.conversations import encode, open_conversations
from modelwright.forge.data.lines import json_list_or_rows
from modelwright.forge.data.shards import Batches, TokenData, prepare, train_tokenizer
from modelwright.forge.data.sources import open_source
from modelwright.forge.errors import CheckpointError, DataError, ForgeError
from modelwright.forge.evaluate import Evaluated, Score
from modelwright.forge.model import Grok
from modelwright.forge.prefer import open_preferences
from modelwright.forge.report import blocks, written
from modelwright.forge.rewards import read_problems
from modelwright.forge.template import Call
from modelwright.forge.tokenizer import Tokenizer
from modelwright.forge.train import metrics_line, read_metrics
from modelwright.forge.tune import TuneConfig, TuneStep, tune

TOKENIZER = Tokenizer.train(["the cat sat on the mat and the dog barked at the cat"], 280)


def write(path, *rows, raw: bytes | None = None):
    path.write_bytes(raw if raw is not None else b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows))
    return path


def turns(*contents, **last):
    roles = ["user", "assistant"] * len(contents)
    made = [{"role": role, "content": content} for role, content in zip(roles, contents, strict=False)]
    made[-1] |= last
    return made


LINES = "one\u2028two\u2029three\u0085four"


def test_a_line_of_json_ends_at_a_line_feed_and_nowhere_else(tmp_path):
    talk = write(tmp_path / "c.jsonl", {"messages": turns(LINES, "yes")})
    assert open_conversations(str(talk))[0].messages[0].content == LINES
    pairs = write(tmp_path / "p.jsonl", {"prompt": LINES, "chosen": "a", "rejected": "b"})
    assert open_preferences(str(pairs))[0].messages[0].content == LINES
    assert next(read_problems(write(tmp_path / "q.jsonl", {"question": LINES, "answer": 4}))).messages[0].content == LINES
    assert len(read_benchmark("gsm8k", write(tmp_path / "g.jsonl", {"question": LINES, "answer": "#### 4"}))) == 1
    assert list(open_source(str(write(tmp_path / "d.jsonl", {"text": LINES}))).read()) == [LINES]


def test_marks_of_byte_order_carriage_returns_and_empty_lines_are_no_part_of_the_rows(tmp_path):
    raw = b'\xef\xbb\xbf{"text": "one"}\r\n\r\n  \n{"text": "two"}'
    assert list(open_source(str(write(tmp_path / "c.jsonl", raw=raw))).read()) == ["one", "two"]
    assert [number for number, _ in json_list_or_rows(tmp_path / "c.jsonl")] == [1, 4]
    assert [row for _, row in json_list_or_rows(write(tmp_path / "l.json", raw=b"\xef\xbb\xbf\n [1, 2]"))] == [1, 2]
    assert list(open_source(str(write(tmp_path / "c.txt", raw=b"\xef\xbb\xbfone"))).read()) == ["one"]


@pytest.mark.parametrize("line", [b"{", b'{"text": "a"},', b'{"text": NaN}', b"5", b"[1]", b"null", b'{"text": 5}', b'{"text": ["a"]}', b'{"other": "a"}', b'{"text": "\xff"}', b'{"n": ' + b"9" * 5000 + b"}", b"[" * 100_000])  # fmt: skip
def test_a_line_that_is_no_document_is_refused_with_its_file(tmp_path, line):
    file = write(tmp_path / "c.jsonl", raw=b'{"text": "fine"}\n' + line + b"\n")
    with pytest.raises(DataError, match=r"c\.jsonl"):
        list(open_source(str(file)).read())


def test_half_of_a_surrogate_pair_is_read_as_the_mark_of_what_cannot_be_read(tmp_path):
    file = write(tmp_path / "c.jsonl", raw=b'{"text": "half \\ud83d of a pair, and a whole \\ud83d\\ude00"}\n' * 2)
    assert next(iter(open_source(str(file)).read())) == "half \ufffd of a pair, and a whole \U0001f600"
    tokenizer = train_tokenizer(open_source(str(file)), 280)
    assert prepare(open_source(str(file)), tmp_path / "d", tokenizer, validation=0).documents == 2


@pytest.mark.parametrize("name", ["cut.txt.gz", "none.txt.gz", "torn.txt.gz", "cut.jsonl.gz", "cut.parquet", "none.parquet"])
def test_a_damaged_archive_is_refused_with_its_name(tmp_path, name):
    packed = gzip.compress(b"\n\n".join(b'{"text": "some words of text %d"}' % i for i in range(4000)))
    torn = packed[:200] + b"\0" * 40 + packed[240:]
    raw = {"cut": packed[:-20], "none": b"not gzip" * 20, "torn": torn}[name.partition(".")[0]]
    with pytest.raises(DataError, match=name.replace(".", r"\.")):
        list(open_source(str(write(tmp_path / name, raw=raw))).read())


def test_an_archive_of_several_members_is_read_to_its_end(tmp_path):
    file = write(tmp_path / "c.jsonl.gz", raw=gzip.compress(b'{"text": "one"}\n') + gzip.compress(b'{"text": "two"}\n'))
    assert list(open_source(str(file)).read()) == ["one", "two"]


# Tuning and preferences.


def test_messages_are_read_as_they_are_commonly_written(tmp_path):
    part = lambda text: [{"type": "text", "text": text}]
    calls = [{"id": "1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}]
    row = {
        "messages": [
            {"role": "developer", "content": part("Be brief.")},
            {"role": "user", "content": part("Hi")},
            {"role": "assistant", "content": None, "tool_calls": calls},
            {"role": "tool", "content": "3", "tool_call_id": "1"},
            {"role": "assistant", "content": part("It is ") + part("3."), "reasoning_content": "so"},
        ]
    }
    [talk] = open_conversations(str(write(tmp_path / "c.jsonl", row)))
    assert [m.role for m in talk.messages] == ["system", "user", "assistant", "tool", "assistant"]
    assert [m.content for m in talk.messages] == ["Be brief.", "Hi", "", "3", "It is 3."]
    assert talk.messages[2].calls == (Call("add", '{"a": 1}'),)
    assert talk.messages[4].think == "so"
    [example] = encode([talk], TOKENIZER, 300).examples
    assert "add" in TOKENIZER.decode(token for token, counted in zip(example.tokens, example.mask, strict=True) if counted)


@pytest.mark.parametrize(
    "row",
    [
        5,
        [],
        {},
        {"messages": []},
        {"messages": {}},
        {"messages": "hello"},
        {"messages": [5]},
        {"messages": [{"content": "x"}]},
        {"messages": [{"role": "user"}]},
        {"messages": [{"role": "robot", "content": "x"}]},
        {"messages": [{"role": None, "content": "x"}]},
        {"messages": turns("x", None)},
        {"messages": turns("x", [])},
        {"messages": turns("x", 5)},
        {"messages": turns("x", {"text": "y"})},
        {"messages": turns("x", ["y"])},
        {"messages": turns("x", [{"type": "text", "text": None}])},
        {"messages": turns([{"type": "image_url", "image_url": {"url": "x"}}], "y")},
        {"messages": turns("x", "y", think=["z"])},
        {"messages": turns("x", "y", tool_calls=[{"name": "add"}])},
        {"messages": turns("x", "y", tool_calls=[{"function": {"name": "add", "arguments": "{"}}])},
        {"messages": turns("x", "y", tool_calls=[{"function": {"name": "add", "arguments": "[1]"}}])},
        {"instruction": "x", "output": None},
        {"instruction": "x", "output": ["y"]},
        {"instruction": "x", "input": ["z"], "output": "y"},
        {"question": ["x"], "answer": "y"},
    ],
)
def test_a_conversation_that_cannot_be_learned_as_it_stands_is_refused_with_its_row(tmp_path, row):
    file = write(tmp_path / "c.jsonl", {"question": "x", "answer": "y"}, row)
    with pytest.raises(DataError, match=r"c\.jsonl, row 2"):
        open_conversations(str(file))


def test_answers_given_as_whole_conversations_are_read_as_what_is_said_last(tmp_path):
    chosen, rejected = turns("Taller?", "The tower."), turns("Taller?", "The hut.")
    rows = [
        {"prompt": "Taller?", "chosen": chosen, "rejected": rejected},
        {"chosen": chosen, "rejected": rejected},
        {"prompt": turns("Taller?"), "chosen": chosen[1:], "rejected": rejected[1:]},
        {"messages": turns("Taller?"), "chosen": "The tower.", "rejected": "The hut."},
    ]
    pairs = open_preferences(str(write(tmp_path / "p.jsonl", *rows)))
    assert {(pair.messages[-1].content, len(pair.messages), pair.chosen, pair.rejected) for pair in pairs} == {
        ("Taller?", 1, "The tower.", "The hut.")
    }


@pytest.mark.parametrize(
    "change",
    [
        {"chosen": None},
        {"rejected": None},
        {"chosen": ""},
        {"chosen": 5},
        {"chosen": []},
        {"chosen": ["The tower."]},
        {"chosen": {"role": "assistant", "content": "x"}},
        {"chosen": turns("Another?", "The tower.")},
        {"chosen": turns("Taller?")},
        {"chosen": turns("Taller?", None)},
        {"prompt": None},
        {"prompt": 5},
        {"prompt": ["Taller?"]},
        {"prompt": turns("Taller?", "Yes")},
        {"messages": [{"role": "robot", "content": "x"}]},
    ],
)
def test_a_preference_that_is_no_pair_of_texts_is_refused_with_its_row(tmp_path, change):
    row = {"prompt": "Taller?", "chosen": "The tower.", "rejected": "The hut."}
    with pytest.raises(DataError, match=r"p\.jsonl, row 2"):
        open_preferences(str(write(tmp_path / "p.jsonl", row, row | change)))


@pytest.mark.parametrize("row", [5, {"question": "x"}, {"question": ["x"], "answer": "y"}, {"question": "x", "answer": None}, {"question": "x", "answer": [4]}])  # fmt: skip
def test_a_problem_that_is_no_text_is_refused_with_its_row(tmp_path, row):
    with pytest.raises(DataError, match=r"q\.jsonl, row 1"):
        list(read_problems(write(tmp_path / "q.jsonl", row)))


# Our own files.


@pytest.fixture
def model(tmp_path):
    torch.manual_seed(0)
    sizes = ModelConfig(
        vocab=280, width=16, layers=1, query_heads=2, key_heads=1, head_size=8, experts=2, chosen=1, expert_size=16, context=64
    )
    save_model(tmp_path / "m", Grok(sizes), TOKENIZER, {})
    return tmp_path / "m"


@pytest.mark.parametrize("file", ["config.json", "model.safetensors", "tokenizer.json"])
@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"5", b"null", b"\xff\xfe", b'{"model": 5}', b'{"model": {}, "meta": 5}', "cut"])
def test_a_damaged_model_is_refused_with_the_name_of_its_folder(model, file, raw):
    whole = (model / file).read_bytes()
    (model / file).write_bytes(whole[: len(whole) // 2] if raw == "cut" else raw)
    with pytest.raises(ForgeError) as refused:
        load_model(model)
    assert str(model) in str(refused.value) or file in str(refused.value)
    assert isinstance(refused.value, CheckpointError | DataError)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"5", b"null", b"{}", b'{"stages": 5}', b"\xff"])
def test_a_damaged_record_of_a_run_is_refused(tmp_path, raw):
    write(tmp_path / "run.json", raw=raw)
    with pytest.raises(ForgeError, match=r"run\.json is damaged"):
        blocks(tmp_path)


def test_metrics_are_json_and_damaged_ones_end_where_they_are_damaged(tmp_path):
    def refuse(name):
        raise AssertionError(name)

    line = metrics_line(TuneStep(1, math.nan, 0.1, math.inf, 3))
    values = json.loads(line, parse_constant=refuse)
    assert (values["loss"], values["grad_norm"], values["lr"]) == (None, None, 0.1)
    write(tmp_path / "metrics.jsonl", raw=line.encode() + b'{"kind": "tunestep", "step": 2, "loss": NaN}\n5\n' + line.encode())
    assert [m["step"] for m in read_metrics(tmp_path)] == [1, 2]


def test_what_nothing_was_held_out_for_is_not_measured(model):
    [example] = encode(open_conversations("primer:1"), TOKENIZER, 500).examples
    events = []
    config = TuneConfig(steps=1, batch=1, validation=0)
    loaded = load_model(model).model
    result = tune(
        loaded, [dataclasses.replace(example, tokens=example.tokens[:60], mask=example.mask[:60])], config, on_event=events.append
    )
    assert result.val_loss is None
    assert [type(event).__name__ for event in events] == ["TuneStep"]


def test_a_measure_of_nothing_is_said_in_words_and_kept_as_json(tmp_path):
    score = Score("facts", "model", math.nan, math.nan, math.nan, 0)
    Evaluated([score], [], [], [], []).write(tmp_path / "e.json")
    assert "NaN" not in (tmp_path / "e.json").read_text()
    [back] = Evaluated.read(tmp_path / "e.json").scores
    assert math.isnan(back.value)
    assert written(back) == "nothing to measure"


def test_shards_that_are_not_what_was_prepared_are_refused_with_their_folder(tmp_path):
    corpus = write(tmp_path / "c.jsonl", *({"text": f"the cat sat on mat number {i}"} for i in range(60)))
    prepare(open_source(str(corpus)), tmp_path / "d", TOKENIZER, validation=0, near=False)
    shard = next((tmp_path / "d").glob("train-*.bin"))
    shard.write_bytes(b"\xff" * shard.stat().st_size)
    with pytest.raises(DataError, match="token 65535"):
        Batches(TokenData(tmp_path / "d", "train"), 2, 8, 0)(0)
    manifest = tmp_path / "d" / "manifest.json"
    manifest.write_text(manifest.read_text().replace("uint16", "string"))
    with pytest.raises(DataError, match="dtype is string"):
        TokenData(tmp_path / "d", "train")
