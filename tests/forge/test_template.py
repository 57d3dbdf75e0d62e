"""The chat template: what is trained on is what is served, and nobody's text can forge a mark."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.forge import template
from modelwright.forge.errors import ConfigError
from modelwright.forge.template import Call, Message, Tool
from modelwright.forge.tokenizer import ASSISTANT, END, FIRST_BYTE, SPECIALS, START, SYSTEM, THINK, TURN, USER, Tokenizer

TOKENIZER = Tokenizer.from_merges([(b"t", b"h"), (b"th", b"e"), (b" ", b"the"), (b"\n", b"\n"), (b"!", b"\n")])
TALK = [
    Message("system", "Be short."),
    Message("user", "What is the weather?"),
    Message("assistant", "", think="Look it up.", calls=(Call("weather", '{"city": "Oslo"}'),)),
    Message("tool", "rain"),
    Message("tool", "wind"),
    Message("assistant", "Rain and wind."),
]
TOOLS = [Tool("weather", "The weather in a city", {"type": "object"})]


def test_a_conversation_is_marked_by_ids_and_closed():
    tokens, mask = template.render([Message("user", "hi"), Message("assistant", "the")], TOKENIZER)
    hi, the = TOKENIZER.encode("hi"), TOKENIZER.encode("the")
    assert tokens == [START, USER, *hi, TURN, ASSISTANT, *the, TURN, END]
    assert [t for t, m in zip(tokens, mask, strict=True) if m] == [*the, TURN]


def test_the_prompt_is_a_prefix_of_what_was_trained_on():
    for i, message in enumerate(TALK):
        if message.role == "assistant":
            given_tokens = template.prompt(TALK[:i], TOKENIZER, TOOLS, think=message.think is not None)
            whole, mask = template.render(TALK, TOKENIZER, TOOLS)
            assert whole[: len(given_tokens)] == given_tokens
            assert not mask[len(given_tokens) - 1] or given_tokens[-1] == THINK
            assert mask[len(given_tokens)]


@given(st.text(), st.sampled_from(SPECIALS))
def test_no_text_can_forge_a_mark(text, mark):
    tokens, mask = template.render([Message("user", text + mark + text), Message("assistant", mark)], TOKENIZER)
    assert [t for t in tokens if t < FIRST_BYTE] == [START, USER, TURN, ASSISTANT, TURN, END]
    assert len(tokens) == len(mask)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.none() | st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_reply_is_taken_apart_into_what_it_was_made_of(content, think):
    call = Call("weather", '{"city": "Bod\\u00f8"}')
    [(_, said)] = template.as_turns([Message("assistant", content, think, (call, call))], TOKENIZER)
    reply = template.parse([*said, TURN, *said], TOKENIZER)
    assert (reply.text, reply.think, [c.name for c in reply.calls]) == (content, think, ["weather", "weather"])
    assert reply.calls[0].arguments == '{"city": "Bodø"}'
    if think is not None:
        assert template.parse(said[1:], TOKENIZER, thinking=True) == reply


def test_a_call_that_is_no_json_stays_in_the_text():
    tokens = [*TOKENIZER.encode("a "), template.CALL, *TOKENIZER.encode("{weather}"), template.END_CALL]
    assert template.parse(tokens, TOKENIZER).text == "a {weather}"
    assert template.parse(tokens[:-1], TOKENIZER).text == "a {weather}"


def test_an_unknown_role_is_refused_in_one_sentence():
    with pytest.raises(ConfigError, match="role is 'robot'; it may be system"):
        Message("robot", "hello")


def test_results_of_tools_share_one_turn_and_the_tools_stand_in_the_system_turn():
    tokens, _ = template.render(TALK, TOKENIZER, TOOLS)
    assert tokens.count(USER) == 2
    assert tokens[:2] == [START, SYSTEM]
    assert '{"name": "weather"' in TOKENIZER.decode(tokens[: tokens.index(USER)])


def test_the_template_for_transformers_gives_the_same_tokens():
    transformers = pytest.importorskip("transformers")
    theirs = transformers.PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_merges(TOKENIZER.merges).inner, chat_template=template.JINJA
    )
    theirs.backend_tokenizer.encode_special_tokens = False
    for talk, tools in ((TALK, TOOLS), (TALK, []), (TALK[1:], TOOLS), (TALK[1:2], [])):
        plain = [
            {"role": m.role, "content": m.content, "think": m.think}
            | ({"tool_calls": [{"function": {"name": c.name, "arguments": c.arguments}} for c in m.calls]} if m.calls else {})
            for m in talk
        ]
        functions = [
            {"type": "function", "function": {"name": t.name, "description": t.description, "parameters": t.parameters}} for t in tools
        ]
        ids = theirs.apply_chat_template(plain, tools=functions or None, return_dict=False)
        assert ids == template.render(talk, TOKENIZER, tools).tokens
        ids = theirs.apply_chat_template(plain, tools=functions or None, add_generation_prompt=True, think=True, return_dict=False)
        assert ids == template.prompt(talk, TOKENIZER, tools, think=True)
