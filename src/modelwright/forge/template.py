"""How a conversation becomes tokens, for training and for serving alike, and how a reply's tokens become text, thoughts and calls again.

    <|start|> <|system|> … <|turn|> <|user|> … <|turn|> <|assistant|> <|think|> … <|/think|> … <|turn|> <|end|>

Markers are token ids that no text can produce, so nothing that a user writes can end a turn or open another. An assistant's turn may open
with thoughts; a call to a tool stands in it as `<|call|>{"name": …, "arguments": …}<|/call|>`; what the tool gave comes back in a user's
turn as `<|result|>…<|/result|>`. Tools are told to the model in the system turn, one line of JSON each. Generation starts after
`<|assistant|>` and ends at `<|turn|>`. This is a format of our own: the release of Grok-1 is a base model and has none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from modelwright.forge.errors import ConfigError
from modelwright.forge.tokenizer import ASSISTANT, END, END_THINK, FIRST_BYTE, SPECIALS, START, SYSTEM, THINK, TURN, USER, Tokenizer

CALL, END_CALL, RESULT, END_RESULT = (SPECIALS.index(name) for name in ("<|call|>", "<|/call|>", "<|result|>", "<|/result|>"))
STOPS = (TURN, END)
"""Where a reply ends."""

IDS = {"start": START, "end": END, "turn": TURN, "system": SYSTEM, "user": USER, "assistant": ASSISTANT}
ROLES = ("system", "user", "assistant", "tool")


@dataclass(frozen=True)
class Tool:
    name: str
    description: str = ""
    parameters: Mapping[str, Any] | None = None
    """A JSON schema of the arguments."""


@dataclass(frozen=True)
class Call:
    name: str
    arguments: str
    """JSON, as the model wrote it."""


@dataclass(frozen=True)
class Message:
    role: str
    content: str = ""
    think: str | None = None
    """An assistant's thoughts; None is none, and "" is an empty pair of marks."""
    calls: tuple[Call, ...] = ()

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise ConfigError(f"a message's role is '{self.role}'; it may be {', '.join(ROLES)}")


class Rendered(NamedTuple):
    tokens: list[int]
    mask: list[bool]
    """True where the assistant speaks, its closing <|turn|> included: what tuning learns from."""


def render_turns(turns: Sequence[tuple[str, list[int]]], ids: Mapping[str, int]) -> tuple[list[int], list[bool]]:
    """The part: turns of (role, ids of what is said) to the whole conversation's tokens and the assistant's mask."""
    tokens, mask = [ids["start"]], [False]
    for role, said in turns:
        if role not in ids:
            raise ValueError(f"there is no marker for the role '{role}'")
        speaks = role == "assistant"
        tokens += [ids[role], *said, ids["turn"]]
        mask += [False, *[speaks] * len(said), speaks]
    return [*tokens, ids["end"]], [*mask, False]


RenderTurns = Callable[[Sequence[tuple[str, list[int]]], Mapping[str, int]], tuple[list[int], list[bool]]]


def render(
    messages: Sequence[Message],
    tokenizer: Tokenizer,
    tools: Sequence[Tool] = (),
    *,
    part: RenderTurns = render_turns,
) -> Rendered:
    """A whole conversation, closed by <|end|>: what tuning trains on."""
    return Rendered(*part(as_turns(messages, tokenizer, tools), IDS))


def prompt(
    messages: Sequence[Message],
    tokenizer: Tokenizer,
    tools: Sequence[Tool] = (),
    think: bool = False,
    *,
    part: RenderTurns = render_turns,
) -> list[int]:
    """What the model is given before it replies: the conversation and <|assistant|>, and <|think|> where it is to think first."""
    tokens, _ = part(as_turns(messages, tokenizer, tools), IDS)
    return [*tokens[:-1], ASSISTANT, *([THINK] if think else [])]


def as_turns(messages: Sequence[Message], tokenizer: Tokenizer, tools: Sequence[Tool] = ()) -> list[tuple[str, list[int]]]:
    """Messages to the turns of (role, ids) that the part takes. Results of tools that follow each other share one turn."""
    if tools:
        system = messages[0].content if messages and messages[0].role == "system" else ""
        rest = messages[1:] if messages and messages[0].role == "system" else messages
        messages = [Message("system", f"{system}\n\n{describe(tools)}".strip()), *rest]
    turns: list[tuple[str, list[int]]] = []
    after_tool = False
    for message in messages:
        text = tokenizer.encode(message.content)
        if message.role == "tool":
            said = [RESULT, *text, END_RESULT]
            if after_tool:
                turns[-1][1].extend(said)
            else:
                turns.append(("user", said))
        elif message.role == "assistant":
            thoughts = [] if message.think is None else [THINK, *tokenizer.encode(message.think), END_THINK]
            calls = [i for call in message.calls for i in (CALL, *tokenizer.encode(call_text(call)), END_CALL)]
            turns.append(("assistant", [*thoughts, *text, *calls]))
        else:
            turns.append((message.role, text))
        after_tool = message.role == "tool"
    return turns


def describe(tools: Sequence[Tool]) -> str:
    """What the system turn says of the tools."""
    lines = [
        json.dumps({"name": t.name, "description": t.description, "parameters": t.parameters or {}}, ensure_ascii=False) for t in tools
    ]
    return "Tools:\n" + "\n".join(lines)


def call_text(call: Call) -> str:
    """The JSON between the marks; the name first, so that it is known before the arguments."""
    return f'{{"name": {json.dumps(call.name, ensure_ascii=False)}, "arguments": {call.arguments}}}'


Channel = Literal["text", "think", "call"]


class Channels:
    """Follows a reply token by token and says to which channel each belongs; marks belong to none."""

    def __init__(self, thinking: bool = False) -> None:
        self.now: Channel = "think" if thinking else "text"

    def feed(self, token: int) -> Channel | None:
        """The channel of this token, or None where it is a mark and not content."""
        if token >= FIRST_BYTE:
            return self.now
        if token == THINK:
            self.now = "think"
        elif token == CALL:
            self.now = "call"
        elif token in (END_THINK, END_CALL):
            self.now = "text"
        return None


@dataclass(frozen=True)
class Reply:
    text: str
    think: str | None
    calls: tuple[Call, ...]


def parse(tokens: Iterable[int], tokenizer: Tokenizer, thinking: bool = False) -> Reply:
    """A reply's tokens, taken apart. `thinking` says that the prompt ended in <|think|>.

    A call that is not the expected JSON stays in the text as it was written: nothing that a model said is lost.
    """
    channels = Channels(thinking)
    text: list[int] = []
    thoughts: list[int] | None = [] if thinking else None
    calls: list[Call] = []
    writing: list[int] = []

    def close() -> None:
        call = parse_call(tokenizer.decode(writing))
        if call is None:
            text.extend(writing)
        else:
            calls.append(call)
        writing.clear()

    for token in tokens:
        if token in STOPS:
            break
        before, channel = channels.now, channels.feed(token)
        if before == "call" and channels.now != "call":
            close()
        if token == THINK and thoughts is None:
            thoughts = []
        if channel == "text":
            text.append(token)
        elif channel == "think":
            assert thoughts is not None
            thoughts.append(token)
        elif channel == "call":
            writing.append(token)
    if writing:
        close()
    return Reply(tokenizer.decode(text), None if thoughts is None else tokenizer.decode(thoughts), tuple(calls))


def parse_call(text: str) -> Call | None:
    """A call from its JSON, or None if it is not one."""
    try:
        values = json.loads(text)
    except ValueError:
        return None
    if not isinstance(values, dict) or not isinstance(values.get("name"), str):
        return None
    return Call(values["name"], json.dumps(values.get("arguments", {}), ensure_ascii=False))


JINJA = """{%- set ns = namespace(tool=false, first=true) -%}
{{- '<|start|>' -}}
{%- if tools -%}
{{- '<|system|>' -}}
{%- if messages and messages[0].role == 'system' and messages[0].content -%}{{- messages[0].content + '\\n\\n' -}}{%- endif -%}
{{- 'Tools:' -}}
{%- for tool in tools -%}
{%- set f = tool.function if tool.function is defined else tool -%}
{{- '\\n{"name": ' + f.name | tojson + ', "description": ' + (f.description or '') | tojson -}}
{{- ', "parameters": ' + (f.parameters or {}) | tojson + '}' -}}
{%- endfor -%}
{{- '<|turn|>' -}}
{%- endif -%}
{%- for m in messages -%}
{%- if m.role == 'tool' -%}
{%- if not ns.tool -%}{{- '<|user|>' -}}{%- endif -%}
{{- '<|result|>' + m.content + '<|/result|>' -}}
{%- set ns.tool = true -%}
{%- if loop.last or messages[loop.index].role != 'tool' -%}{{- '<|turn|>' -}}{%- set ns.tool = false -%}{%- endif -%}
{%- elif m.role == 'assistant' -%}
{{- '<|assistant|>' -}}
{%- generation -%}
{%- if m.think is defined and m.think is not none -%}{{- '<|think|>' + m.think + '<|/think|>' -}}{%- endif -%}
{{- m.content or '' -}}
{%- for c in m.tool_calls or [] -%}
{%- set args = c.function.arguments -%}
{{- '<|call|>{"name": ' + c.function.name | tojson + ', "arguments": ' + (args if args is string else args | tojson) + '}<|/call|>' -}}
{%- endfor -%}
{{- '<|turn|>' -}}
{%- endgeneration -%}
{%- elif not (tools and loop.first and m.role == 'system') -%}
{{- '<|' + m.role + '|>' + m.content + '<|turn|>' -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '<|assistant|>' -}}{%- if think -%}{{- '<|think|>' -}}{%- endif -%}
{%- else -%}
{{- '<|end|>' -}}
{%- endif -%}"""
"""The same for `transformers`, whose `apply_chat_template` goes by text: there a mark in a text becomes a mark, here it never does."""
