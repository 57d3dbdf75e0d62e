"""From sources to shards: nothing lost, nothing twice, nothing in both parts, and the same bytes after a stop."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwright.forge.data import primer
from modelwright.forge.data.dedup import Duplicates, HashIndex, band_hashes, exact_hash
from modelwright.forge.data.shards import Batches, Manifest, TokenData, get_batch, prepare, train_tokenizer
from modelwright.forge.data.sources import Source, open_source
from modelwright.forge.errors import DataError
from modelwright.forge.tokenizer import END, Tokenizer

TOKENIZER = Tokenizer.train(list(primer.documents(200)), 400)


def source(texts: list[str]) -> Source:
    return Source("test", lambda: iter(texts), None)


def tokens_of(folder: Path, split: str) -> list[int]:
    data = TokenData(folder, split)
    return data.window(0, len(data)).tolist()


def test_every_document_is_in_one_part_once_and_closed(tmp_path: Path) -> None:
    texts = list(primer.documents(300))
    made = prepare(source([*texts, texts[3], " " + texts[5]]), tmp_path, TOKENIZER, validation=0.2, near=False)
    found: list[str] = []
    for split in ("train", "val"):
        ids = tokens_of(tmp_path, split)
        assert ids[-1] == END
        start = 0
        for i, token in enumerate(ids):
            if token == END:
                found.append(TOKENIZER.decode(ids[start:i]))
                start = i + 1
    assert sorted(found) == sorted(set(texts))
    assert made.exact_duplicates == 302 - len(set(texts))
    assert 0.05 < made.tokens("val") / made.tokens("train") < 0.6
    assert made.bytes("train") + made.bytes("val") == sum(len(text.encode()) for text in set(texts))


def test_more_data_moves_no_document_to_the_other_part(tmp_path: Path) -> None:
    texts = list(primer.documents(200))
    prepare(source(texts[:100]), tmp_path / "a", TOKENIZER, validation=0.3, near=False)
    prepare(source(texts), tmp_path / "b", TOKENIZER, validation=0.3, near=False)
    few, many = tokens_of(tmp_path / "a", "val"), tokens_of(tmp_path / "b", "val")
    assert many[: len(few)] == few


def test_a_stopped_preparation_ends_with_the_same_bytes(tmp_path: Path) -> None:
    texts = list(primer.documents(600))
    texts[400] = texts[2]  # a duplicate of something before the stop
    whole = prepare(source(texts), tmp_path / "whole", TOKENIZER, shard_tokens=8000, near=True)

    def stops() -> object:
        yield from texts[:450]
        raise KeyboardInterrupt

    import modelwright.forge.data.shards as shards

    few = shards.CHUNK_BYTES
    shards.CHUNK_BYTES = 10_000
    try:
        with pytest.raises(KeyboardInterrupt):
            prepare(Source("test", stops, None), tmp_path / "cut", TOKENIZER, shard_tokens=8000, near=True)  # type: ignore[arg-type]
    finally:
        shards.CHUNK_BYTES = few
    stopped = Manifest.read(tmp_path / "cut")
    assert not stopped.complete
    assert len(stopped.shards) > 0
    with pytest.raises(DataError, match="not finished"):
        TokenData(tmp_path / "cut", "train")
    resumed = prepare(source(texts), tmp_path / "cut", TOKENIZER, shard_tokens=8000, near=True)
    assert [shard.sha256 for shard in resumed.shards] == [shard.sha256 for shard in whole.shards]
    assert resumed == whole


def test_workers_change_nothing(tmp_path: Path) -> None:
    texts = list(primer.documents(150))
    one = prepare(source(texts), tmp_path / "one", TOKENIZER)
    two = prepare(source(texts), tmp_path / "two", TOKENIZER, workers=2)
    assert one == two


def test_other_arguments_do_not_go_on_with_old_shards(tmp_path: Path) -> None:
    prepare(source(["some text"]), tmp_path, TOKENIZER, validation=0)
    with pytest.raises(DataError, match="made otherwise"):
        prepare(source(["some text"]), tmp_path, TOKENIZER, validation=0.5)


def test_a_damaged_shard_is_found(tmp_path: Path) -> None:
    made = prepare(source(list(primer.documents(20))), tmp_path, TOKENIZER, validation=0)
    file = tmp_path / made.shards[0].file
    raw = bytearray(file.read_bytes())
    raw[10] ^= 1
    file.write_bytes(raw)
    with pytest.raises(DataError, match="has changed"):
        TokenData(tmp_path, "train").verify()
    file.write_bytes(raw[:-2])
    with pytest.raises(DataError, match="not what its manifest says"):
        TokenData(tmp_path, "train")


# Duplicates.


def test_near_duplicates_are_caught_and_others_are_not() -> None:
    rng = random.Random(1)
    words = [f"word{i}" for i in range(500)]
    base = [rng.choice(words) for _ in range(300)]
    near = list(base)
    near[100] = "changed"
    seen = Duplicates(near=True)
    is_new = lambda text: seen.is_new(exact_hash(text), band_hashes(text))
    assert is_new(" ".join(base))
    assert not is_new(" ".join(base))
    assert not is_new(" ".join(near))
    assert all(is_new(" ".join(rng.choice(words) for _ in range(300))) for _ in range(20))
    assert (seen.exact_found, seen.near_found) == (1, 1)


def test_short_texts_are_only_exact_duplicates() -> None:
    assert band_hashes("one two three") is None


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1), max_size=300), st.sampled_from([400, 10**6]))
def test_an_index_is_a_set(values: list[int], reach: int) -> None:
    index, plain = HashIndex(reach), set()
    for value in values:
        assert index.add(value) == (value not in plain)
        plain.add(value)
    assert all(value in index for value in plain)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 50), st.integers(1, 400))
def test_an_index_of_any_length_stays_small_and_knows_the_last_ones(reach: int, count: int) -> None:
    index, values = HashIndex(reach), [i * 0x9E3779B97F4A7C15 % 2**64 for i in range(count)]
    for value in values:
        assert index.add(value)
        assert len(index.older) + len(index.younger) + len(index.fresh) <= 3 * reach
    assert all(value in index for value in values[-reach:])


@pytest.mark.parametrize("share", [0.5, 0.75, 0.9])
def test_a_near_duplicate_is_caught_as_often_as_is_said(share: float) -> None:
    rng, words, caught = random.Random(7), 240, 0
    alike = int(2 * words * share / (1 + share))  # so that this share of all shingles is in both
    for _ in range(150):
        one = [f"w{rng.getrandbits(40)}" for _ in range(words)]
        two = one[:alike] + [f"w{rng.getrandbits(40)}" for _ in range(words - alike)]
        a, b = band_hashes(" ".join(one)), band_hashes(" ".join(two))
        caught += bool((a == b).any())
    said = 1 - (1 - share**8) ** 14
    assert abs(caught / 150 - said) < 4 * (said * (1 - said) / 150) ** 0.5 + 0.02


# Sources.


def test_each_kind_of_file_gives_its_documents(tmp_path: Path) -> None:
    rows = ["first text", "zweiter Text ü"]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps({"body": row}) for row in rows))
    assert list(open_source(str(tmp_path / "a.jsonl"), "body").read()) == rows
    with gzip.open(tmp_path / "b.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(json.dumps({"text": row}) for row in rows))
    assert list(open_source(str(tmp_path / "b.jsonl.gz")).read()) == rows
    folder = tmp_path / "code"
    (folder / "sub").mkdir(parents=True)
    (folder / "b.py").write_text("x = 1")
    (folder / "sub" / "a.md").write_text("# A")
    (folder / "image.png").write_bytes(b"\x89PNG\0")
    assert sorted(open_source(str(folder)).read()) == ["# A", "x = 1"]


def test_parquet_is_read_by_column(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow

    parquet.write_table(pyarrow.table({"text": ["a b", None, "c"], "n": [1, 2, 3]}), tmp_path / "a.parquet")
    assert list(open_source(str(tmp_path / "a.parquet")).read()) == ["a b", "c"]
    with pytest.raises(DataError, match="no column 'body'; it has text, n"):
        list(open_source(str(tmp_path / "a.parquet"), "body").read())


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text("ab ü\n", max_size=4000), max_size=6), st.booleans())
def test_a_text_is_cut_and_nothing_is_lost(parts: list[str], long_line: bool) -> None:
    import tempfile

    text = "\n\n".join(parts) + ("ü" * 700_000 if long_line else "") + "end"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.txt"
        file.write_bytes(text.encode())
        assert "".join(open_source(str(file)).read()) == text


def test_bad_input_gets_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "binary.txt").write_bytes(b"ab\0\1" * 100)
    (tmp_path / "latin.txt").write_bytes("füße".encode("latin-1"))
    (tmp_path / "bad.jsonl").write_text('{"text": "a"}\nnot json\n')
    (tmp_path / "none").mkdir()
    for name, words in (
        ("empty.txt", "is empty"),
        ("binary.txt", "is binary"),
        ("latin.txt", "is not UTF-8"),
        ("bad.jsonl", "line 2"),
        ("none", "no text or source files"),
        ("absent.txt", "there is no corpus at"),
    ):
        with pytest.raises(DataError, match=words):
            list(open_source(str(tmp_path / name)).read())
    with pytest.raises(DataError, match="corpus test is empty"):
        prepare(source([]), tmp_path / "out", TOKENIZER)
    with pytest.raises(DataError, match="is empty"):
        train_tokenizer(source([]), 400)


def test_the_standard_library_is_a_corpus() -> None:
    first = [text for text, _ in zip(open_source("stdlib").read(), range(20), strict=False)]
    assert len(first) == 20
    assert sum(map(len, first)) > 20_000


# Batches.


def test_a_batch_is_a_function_of_its_number(tmp_path: Path) -> None:
    prepare(source(list(primer.documents(60))), tmp_path, TOKENIZER, validation=0, shard_tokens=1500)
    data = TokenData(tmp_path, "train")
    assert len(data.arrays) > 1
    batches = Batches(data, 6, 16, seed=3)
    x, y = batches(5)
    again = Batches(TokenData(tmp_path, "train"), 6, 16, seed=3)(5)
    assert np.array_equal(x, again[0])
    assert np.array_equal(x[:, 1:], y[:, :-1])
    assert not np.array_equal(x, batches(6)[0])
    halves = [batches(5, slice(i * 3, i * 3 + 3))[0] for i in range(2)]
    assert np.array_equal(np.concatenate(halves), x)
    whole = data.window(0, len(data))
    assert all(any(np.array_equal(whole[i : i + 16], row) for i in range(len(whole) - 16)) for row in x[:2])


def test_windows_may_reach_the_last_token() -> None:
    x, y = get_batch(np.arange(10, dtype=np.uint16), np.array([0, 5]), 4)
    assert x.tolist() == [[0, 1, 2, 3], [5, 6, 7, 8]]
    assert y.tolist() == [[1, 2, 3, 4], [6, 7, 8, 9]]


def test_a_corpus_smaller_than_a_context_is_refused(tmp_path: Path) -> None:
    prepare(source(["tiny"]), tmp_path, TOKENIZER, validation=0)
    with pytest.raises(DataError, match="fewer than one context of 64"):
        Batches(TokenData(tmp_path, "train"), 2, 64, 0)


# The primer.


def test_the_primer_is_the_same_each_time_and_mostly_different_each_document() -> None:
    texts = list(primer.documents(400, seed=2))
    assert texts == list(primer.documents(400, seed=2))
    assert len(set(texts)) > 360
    assert texts != list(primer.documents(400, seed=3))


def test_its_sums_are_right_and_a_tenth_is_held_out() -> None:
    for unseen in (False, True):
        for made in primer.sums(300, 1, unseen=unseen):
            left, operation, right = made.question.removeprefix("What is ").removesuffix("?").split()
            assert made.answer == {"+": int(left) + int(right), "-": int(left) - int(right), "*": int(left) * int(right)}[operation]
            assert made.steps.endswith(f"= {made.answer}.")
            assert primer.held_out(int(left), operation, int(right)) == unseen
    said = [line for text in primer.documents(1500) for line in text.splitlines() if line.startswith("What is") and line[8].isdigit()]
    assert len(said) > 500
    for line in said:
        left, operation, right = line.removeprefix("What is ").split("?")[0].split()
        assert not primer.held_out(int(left), operation, int(right))


def test_its_python_does_what_its_tests_say() -> None:
    for task in primer.tasks(200, 0):
        space: dict = {}
        exec(task.code, space)
        assert all(eval(test, space) for test in task.tests)


def test_its_facts_do_not_contradict_each_other() -> None:
    told = {}
    for fact in primer.facts():
        assert told.setdefault(fact.question, fact.answer) == fact.answer
    for turns in primer.dialogues(300, 5):
        assert [turn.role for turn in turns] == ["user", "assistant"] * (len(turns) // 2)
        for ask, reply in zip(turns[::2], turns[1::2], strict=True):
            assert told.get(ask.text, reply.text) == reply.text
