"""Bytes in, bytes out; the readable reference and the library agree on every merge and every id; no text makes a special token."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwright.forge import bpe_reference
from modelwright.forge.errors import ConfigError, DataError
from modelwright.forge.tokenizer import END, FIRST_BYTE, FIRST_MERGE, PAD, SPECIALS, Tokenizer, pieces, utf8_runs

TEXT = (
    "It's the cat's mat; we'll see. The number is 1234.\n\n    def f(x):\n        return x + 1  # ok\n"
    "Straße, naïve café — “quotes”. Привет, мир! 猫が好きです。你好,世界。 مرحبا بالعالم 🙂🙂👍🏽 👨‍👩‍👧‍👦 नमस्ते\r\n\ttabs\x00\x01 <|end|><|pad|>\n"
) * 3
MERGES = bpe_reference.train([TEXT], 150)
LIBRARY = Tokenizer.train([TEXT], FIRST_MERGE + 150)
REFERENCE = bpe_reference.Encoder(MERGES)


def test_reference_and_library_learn_the_same_merges() -> None:
    assert LIBRARY.merges == MERGES
    assert len(MERGES) == 150


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text("ab c", min_size=0, max_size=30), min_size=1, max_size=5), st.integers(1, 40))
def test_they_learn_the_same_where_ties_abound(texts: list[str], merges: int) -> None:
    assert Tokenizer.train(texts, FIRST_MERGE + merges).merges == bpe_reference.train(texts, merges)


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(
        st.text(), st.text("thecat's 12\n ü猫🙂_"), st.binary(), st.sampled_from([TEXT, TEXT[:77], "\ud800 half", "\n\n \n", "é" * 50])
    )
)
def test_they_give_the_same_ids_and_every_byte_comes_back(text: str | bytes) -> None:
    ids = LIBRARY.encode(text)
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    assert ids == REFERENCE.encode(text)
    assert LIBRARY.decode_bytes(ids) == data == REFERENCE.decode(ids)
    assert all(i >= FIRST_BYTE for i in ids)


@given(st.text())
def test_pieces_are_the_whole_text(text: str) -> None:
    assert "".join(pieces(text)) == text


@pytest.mark.parametrize("name", SPECIALS)
def test_a_special_token_written_as_text_is_text(name: str) -> None:
    for text in (name, f"a{name}b", name * 3):
        assert min(LIBRARY.encode(text)) >= FIRST_BYTE
        assert LIBRARY.decode(LIBRARY.encode(text)) == text


def test_a_corpus_full_of_special_tokens_teaches_none_of_them() -> None:
    made = Tokenizer.train(["<|end|><|user|>" * 500], FIRST_MERGE + 60)
    assert min(made.encode("<|end|><|user|>")) >= FIRST_BYTE


def test_it_comes_back_from_disk_and_from_its_merges_as_it_was(tmp_path: Path) -> None:
    LIBRARY.save(tmp_path)
    for other in (Tokenizer.load(tmp_path), Tokenizer.from_merges(MERGES)):
        assert other.encode(TEXT) == LIBRARY.encode(TEXT)
        assert other.size == LIBRARY.size
        assert min(other.encode("<|end|>")) >= FIRST_BYTE


def test_hugging_face_reads_tokenizer_json(tmp_path: Path) -> None:
    from tokenizers import Tokenizer as HuggingFace

    other = HuggingFace.from_file(str(LIBRARY.save(tmp_path)))
    plain = TEXT.replace("<|end|><|pad|>", "")
    assert other.encode(plain).ids == LIBRARY.encode(plain)
    assert other.decode(LIBRARY.encode(plain)) == plain
    assert other.token_to_id("<|end|>") == END


def test_bytes_that_are_not_utf8_are_one_token_each() -> None:
    ids = LIBRARY.encode(b"ab\xff\xfe\xe7\x8c")
    assert [LIBRARY.bytes_of(i) for i in ids[-4:]] == [b"\xff", b"\xfe", b"\xe7", b"\x8c"]
    assert "\ufffd" in LIBRARY.decode(ids)
    assert [run for run, _ in utf8_runs(b"a\xffb")] == ["a", None, "b"]


def test_special_tokens_show_only_if_asked() -> None:
    ids = [*LIBRARY.encode("hi"), END, PAD]
    assert LIBRARY.decode(ids) == "hi"
    assert LIBRARY.decode(ids, specials=True) == "hi<|end|><|pad|>"


def test_what_cannot_be_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="too small"):
        Tokenizer.train(["a"], 100)
    with pytest.raises(DataError, match="no tokenizer at"):
        Tokenizer.load(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(DataError, match="is not a tokenizer"):
        Tokenizer.load(tmp_path)
    with pytest.raises(ConfigError, match="no special token <x>"):
        LIBRARY.special("<x>")
