"""The commands that use a model, and the conversation in the terminal."""

from __future__ import annotations

import json

import pytest
import torch
from typer.testing import CliRunner

from modelwright.errors import ModelwrightError
from modelwright.forge.chat_cli import Chat, converse
from modelwright.forge.checkpoint import save_model
from modelwright.forge.cli import app
from modelwright.forge.config import ModelConfig
from modelwright.forge.engine import Engine
from modelwright.forge.generate import Sampling
from modelwright.forge.model import Grok
from modelwright.forge.tokenizer import Tokenizer

TEXT = "The cat sat on the mat, and the dog barked at the cat. What is 12 + 30? It is 42. " * 4
TOKENIZER = Tokenizer.train([TEXT], 320)
CONFIG = ModelConfig(
    vocab=320, width=32, layers=2, query_heads=4, key_heads=2, head_size=8, experts=4, chosen=2, expert_size=24, context=128
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.manual_seed(0)
    place = tmp_path_factory.mktemp("model") / "model"
    save_model(place, Grok(CONFIG), TOKENIZER, {"step": 5})
    return place


def run(*words, **more) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words], **more)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_generate_goes_on_with_a_text_and_repeats_itself_for_a_seed(folder):
    one = run("generate", folder, "--prompt", "The cat", "--max-tokens", 12, "--seed", 3)
    assert one.startswith("The cat")
    assert one == run("generate", folder, "--prompt", "-", "--max-tokens", 12, "--seed", 3, input="The cat")
    lines = run("generate", folder, "--prompt", "The", "-n", 2, "--seed", 1, "--json", "--max-tokens", 6).splitlines()
    entries = [json.loads(line) for line in lines]
    assert len(entries) == 2
    assert all(len(e["tokens"]) == len(e["logprobs"]) or e["ending"] == "stop" for e in entries)


def test_generate_follows_a_schema(folder, tmp_path):
    (tmp_path / "s.json").write_text('{"type": "array", "items": {"type": "boolean"}, "maxItems": 3}')
    made = run("generate", folder, "--schema", tmp_path / "s.json", "--seed", 1, "--max-tokens", 30)
    assert all(isinstance(value, bool) for value in json.loads(made))


@pytest.mark.parametrize("form", ["out", "model.gguf"])
def test_an_exported_model_says_the_same_and_can_be_imported(folder, tmp_path, form):
    words = ("--prompt", "The cat", "--max-tokens", 12, "--seed", 3)
    assert "loads it" in run("export", folder, tmp_path / form) if form == "out" else run("export", folder, tmp_path / form)
    assert run("generate", tmp_path / form, *words) == run("generate", folder, *words)
    assert "2 layers" in run("import", tmp_path / form, tmp_path / "back")
    assert run("generate", tmp_path / "back", *words) == run("generate", folder, *words)
    if form == "out":
        assert "## Limits" in (tmp_path / "out" / "README.md").read_text()


def test_eight_bits_still_speak(folder):
    assert run("generate", folder, "--prompt", "The", "--int8", "--seed", 1, "--max-tokens", 5).startswith("The")


def test_mistakes_are_told_in_one_sentence(folder, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    (tmp_path / "bad.json").write_text("{")
    for words, says in (
        (("generate", tmp_path / "none"), "there is no model in"),
        (("generate", folder, "--temperature", -1), "temperature is -1"),
        (("generate", folder, "--prompt", "cat " * 200), "context is 128"),
        (("generate", folder, "--schema", tmp_path / "bad.json"), "not a file of JSON"),
        (("export", folder, tmp_path / "full"), "is not empty"),
        (("export", folder, tmp_path / "x.gguf", "--kind", "q9"), "no kind of weights"),
        (("import", tmp_path / "none.gguf", tmp_path / "y"), "there is no file"),
        (("import", folder, folder), "is there already"),
    ):
        with pytest.raises(ModelwrightError, match=says) as refused:
            run(*words)
        assert "\n" not in str(refused.value)


def talk() -> Chat:
    torch.manual_seed(0)
    return Chat(Engine(Grok(CONFIG).eval(), TOKENIZER, 1), Sampling(max_tokens=12, seed=1, temperature=0.7))


def test_a_conversation_remembers_goes_back_and_begins_afresh():
    chat, seen, lines = talk(), [], iter(["hello", "", "/set seed 5", "/again", "and now?", "/back", "/think", "why?", "/bad", "/quit"])
    converse(chat, lambda: next(lines), lambda style, text: seen.append((style, text)))
    assert [m.role for m in chat.messages] == ["user", "assistant", "user", "assistant"]
    assert [m.content for m in chat.messages if m.role == "user"] == ["hello", "why?"]
    assert "".join(text for style, text in seen if style == "text").replace("\n", "")
    assert any(style == "think" for style, _ in seen)
    notes = "".join(text for style, text in seen if style == "note")
    assert "seed is 5." in notes
    assert notes.count("/again another reply") == 2


def test_interrupting_a_reply_keeps_what_was_said_and_frees_its_place():
    chat = talk()
    pieces = chat.say("hello")
    next(pieces)
    pieces.close()
    assert chat.messages[-1].role == "assistant"
    assert not chat.engine.busy
    assert "".join(text for _, text in chat.say("more")) or chat.messages[-1].content == ""


def test_a_setting_that_does_not_exist_or_fit_is_told():
    chat, seen, lines = talk(), [], iter(["/set colour red", "/set temperature hot", "/set top_p 7", "/again"])
    with pytest.raises(StopIteration):
        converse(chat, lambda: next(lines), lambda style, text: seen.append(text))
    told = "".join(seen)
    for says in ("no setting 'colour'", "must be a number", "top_p is 7.0", "nothing was said yet"):
        assert says in told
