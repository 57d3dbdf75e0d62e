"""Conversations for tuning: where they come from, how they become tokens with a mask, and how they are laid into rows.

It trains nothing. An `Example` is one conversation as `template.render` gives it; the mask is true where the assistant speaks. What can go
wrong without anyone noticing is refused or counted here: a mask that lets the model train on the user's words, a conversation with nothing
to learn, one that is too long.

Packing: conversations stand one after another in a row, longest first into the first row with room, and the rest is padding.
They are kept apart by the attention mask (`model.document_mask`: nothing is seen across <|end|>), so a packed conversation is computed as
if it were alone. Positions run on through the row: rotary attention knows only differences, so they need no reset.

Shapes: b rows   t tokens.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from modelwright.forge import template
from modelwright.forge.data.lines import json_list_or_rows, parsed
from modelwright.forge.errors import DataError
from modelwright.forge.template import IDS, ROLES, Call, Message, RenderTurns, render_turns
from modelwright.forge.tokenizer import ASSISTANT, PAD, TURN, Tokenizer


@dataclass(frozen=True)
class Example:
    """One conversation. `mask[i]` says that token i is one which the assistant is to learn to say."""

    tokens: tuple[int, ...]
    mask: tuple[bool, ...]


class Conversation(NamedTuple):
    messages: tuple[Message, ...]


# Sources.

SYSTEM_LINE = "You are a small language model. Answer briefly."


def open_conversations(source: str, seed: int = 0) -> list[Conversation]:
    """`primer`, `primer:N`, or a file: JSON lines with `messages`, or a list or lines with instruction/input/output or question/answer."""
    name, _, count = source.partition(":")
    if name == "primer":
        if count and not count.isdigit():
            raise DataError(f"'{source}' does not say how many conversations; write primer:4000")
        return list(primer(int(count or 4000), seed))
    return list(read_file(Path(source)))


def primer(count: int, seed: int, thinking: float = 0.5) -> Iterator[Conversation]:
    """The primer's dialogues, a quarter of them replaced by single sums; of those a part has its working as thoughts, the rest said aloud.

    One in eight opens with a system turn. Sums that the primer holds out are held out here too.
    """
    from modelwright.forge.data import primer as world

    rng = random.Random(f"conversations/{seed}")
    sums = world.sums(count, seed + 1)
    for turns in world.dialogues(count, seed):
        messages = [Message(turn.role, turn.text) for turn in turns]
        if rng.random() < 0.25:
            messages = sum_as_messages(next(sums), rng.random() < thinking)
        if rng.random() < 0.125:
            messages = [Message("system", SYSTEM_LINE), *messages]
        yield Conversation(tuple(messages))


def sum_as_messages(made: Any, thinking: bool) -> list[Message]:
    """A sum as question and answer: its working in <|think|> and the result as the reply, or both in the reply."""
    if not thinking:
        return [Message("user", made.question), Message("assistant", made.steps)]
    *working, result = made.steps.split(". So ")
    return [Message("user", made.question), Message("assistant", result.rstrip(".") + ".", think=". ".join(working))]


def read_file(path: Path) -> Iterator[Conversation]:
    """JSON lines, or a list; a row that cannot be learned from as it stands is refused with its number."""
    if not path.exists():
        raise DataError(f"there are no conversations at {path}; give primer, primer:N or a file")
    number = 0
    for number, row in json_list_or_rows(path):
        yield from_row(row, f"{path}, row {number}")
    if not number:
        raise DataError(f"{path} holds no conversation")


def from_row(row: Any, where: str) -> Conversation:
    if not isinstance(row, dict):
        raise DataError(f"{where} is not an object; each row is one with messages, instruction and output, or question and answer")
    if row.get("messages") is not None:
        return Conversation(read_messages(row["messages"], where))
    for ask, answer in (("instruction", "output"), ("question", "answer"), ("prompt", "response")):
        if isinstance(row.get(ask), str) and isinstance(row.get(answer), str):
            extra = row.get("input") or ""
            if not isinstance(extra, str):
                raise DataError(f"{where} has an input that is not a text but {json.dumps(extra)[:40]}")
            return Conversation((Message("user", f"{row[ask]}\n{extra}".strip()), Message("assistant", row[answer])))
    raise DataError(f"{where} has none of messages, instruction and output, question and answer, or prompt and response, as texts")


def read_messages(messages: Any, where: str) -> tuple[Message, ...]:
    """Messages as OpenAI's interface and most data sets write them: content as text or as parts of text, calls of tools, and thoughts."""
    if not isinstance(messages, list) or not messages or not all(isinstance(message, dict) for message in messages):
        raise DataError(f"{where} has messages that are not a list of objects with role and content")
    return tuple(read_message(message, f"{where}, message {i}") for i, message in enumerate(messages, 1))


def read_message(message: dict[str, Any], where: str) -> Message:
    if not isinstance(message.get("role"), str):
        raise DataError(f"{where} is not an object with role and content")
    role = "system" if message["role"] == "developer" else message["role"]
    think = message.get("think", message.get("reasoning_content"))
    if role not in ROLES:
        raise DataError(f"{where} has the role '{role[:40]}'; it may be {', '.join(ROLES)}")
    if think is not None and not isinstance(think, str):
        raise DataError(f"{where} has thoughts that are not a text but {json.dumps(think)[:40]}")
    calls = message.get("tool_calls") or []
    if not isinstance(calls, list) or (calls and role != "assistant"):
        raise DataError(f"{where} has tool_calls that are not a list in an assistant's message")
    content = message.get("content")
    text = "" if content is None and calls else read_content(content, where)
    return Message(role, text, think=think, calls=tuple(_read_call(call, where) for call in calls))


def read_content(content: Any, where: str) -> str:
    """A text, or a list of parts that are texts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and content:
        for part in content:
            if not isinstance(part, dict) or part.get("type", "text") != "text" or not isinstance(part.get("text"), str):
                raise DataError(f"{where} has a part that is not a text but {json.dumps(part)[:60]}; only texts can be learned")
        return "".join(part["text"] for part in content)
    raise DataError(f"{where} has the content {json.dumps(content)[:40]}; a text, or a list of parts of type text, is wanted")


def _read_call(call: Any, where: str) -> Call:
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise DataError(f"{where} has a call without a function and its name")
    arguments = function.get("arguments", {})
    if isinstance(arguments, str):
        arguments = parsed(arguments or "{}", f"what calls '{function['name'][:40]}' in {where}")
    if not isinstance(arguments, dict):
        raise DataError(f"{where} calls '{function['name'][:40]}' with arguments that are not an object")
    return Call(function["name"], json.dumps(arguments, ensure_ascii=False))


# To tokens.


@dataclass(frozen=True)
class Encoded:
    examples: tuple[Example, ...]
    shortened: int
    """Conversations that lost their oldest exchanges."""
    dropped: int
    """Conversations whose last exchange alone is too long."""
    silent: int
    """Conversations in which the assistant says nothing that could be learned."""


def encode(
    conversations: Iterable[Conversation],
    tokenizer: Tokenizer,
    context: int,
    *,
    too_long: str = "cut",
    part: RenderTurns = render_turns,
) -> Encoded:
    """Conversations to examples of at most `context` tokens.

    One that is longer loses its oldest exchanges, the system turn aside, so that it still begins with a user and is never broken inside
    a turn; if its last exchange alone is too long it is dropped. `too_long="refuse"` refuses it instead. Both are counted.
    """
    if too_long not in ("cut", "refuse"):
        raise DataError(f"too_long is '{too_long}'; it may be cut or refuse")
    examples: list[Example] = []
    shortened = dropped = silent = 0
    for number, conversation in enumerate(conversations, 1):
        messages = list(conversation.messages)
        rendered = template.render(messages, tokenizer, part=part)
        if too_long == "refuse" and len(rendered.tokens) > context:
            raise DataError(f"conversation {number} has {len(rendered.tokens)} tokens, but the context is {context}; shorten it, or cut")
        cut = False
        while len(rendered.tokens) > context and (shorter := without_oldest(messages)) is not None:
            messages, cut = shorter, True
            rendered = template.render(messages, tokenizer, part=part)
        if len(rendered.tokens) > context:
            dropped += 1
            continue
        example = Example(tuple(rendered.tokens), tuple(rendered.mask))
        check_mask(example, f"conversation {number}")
        if not any(example.mask):
            silent += 1
            continue
        shortened += cut
        examples.append(example)
    if not examples:
        raise DataError(f"nothing is left to tune on: {dropped} do not fit {context} tokens, {silent} have no assistant's turn")
    return Encoded(tuple(examples), shortened, dropped, silent)


def without_oldest(messages: Sequence[Message]) -> list[Message] | None:
    """The conversation from its second user turn on, the system turn kept; None where there is no second one."""
    head = [messages[0]] if messages and messages[0].role == "system" else []
    users = [i for i, message in enumerate(messages) if message.role == "user"]
    return [*head, *messages[users[1] :]] if len(users) > 1 else None


def check_mask(example: Example, where: str) -> None:
    """The mask against the marks in the tokens themselves: nothing outside an assistant's turn may be learned.

    A template that drops its mask trains on everything, and the loss even looks better; so it is noticed here and refused.
    """
    if len(example.mask) != len(example.tokens):
        raise DataError(f"{where} has {len(example.tokens)} tokens but a mask of {len(example.mask)}; the template must give one for each")
    speaks = wrong = 0
    speaker = None
    for token, counted in zip(example.tokens, example.mask, strict=True):
        wrong += counted and speaker != ASSISTANT
        speaks += counted
        if token in (IDS["system"], IDS["user"], ASSISTANT):
            speaker = token
        elif token == TURN:
            speaker = None
    if wrong:
        everything = "every token" if speaks == len(example.tokens) else f"{wrong} tokens that are not the assistant's"
        raise DataError(f"the loss mask of {where} counts {everything}; only the assistant may be learned from: check the template")


# To rows.


class Rows(NamedTuple):
    tokens_bt: Tensor
    """(b, t + 1), int64: inputs are all but the last, targets all but the first."""
    mask_bt: Tensor

    @property
    def counted(self) -> int:
        return int(self.mask_bt[:, 1:].sum())


def pack(examples: Sequence[Example], length: int) -> list[list[Example]]:
    """First fit, longest first: lists of examples that together have at most `length` tokens."""
    rows: list[list[Example]] = []
    room: list[int] = []
    open_from = 0
    for example in sorted(examples, key=lambda e: -len(e.tokens)):
        size = len(example.tokens)
        if size > length:
            raise DataError(f"a conversation of {size} tokens does not fit a row of {length}")
        for i in range(open_from, len(rows)):
            if room[i] >= size:
                rows[i].append(example)
                room[i] -= size
                break
        else:
            rows.append([example])
            room.append(length - size)
        while open_from < len(rows) and room[open_from] < 8:  # shorter than any conversation
            open_from += 1
    return rows


def lay(rows: Sequence[Sequence[Example]], length: int | None = None) -> Rows:
    """Rows of examples to tensors, padded on the right to `length` or to the longest."""
    sizes = [sum(len(example.tokens) for example in row) for row in rows]
    width = length or max(sizes)
    tokens = np.full((len(rows), width), PAD, dtype=np.int64)
    mask = np.zeros((len(rows), width), dtype=bool)
    for i, row in enumerate(rows):
        at = 0
        for example in row:
            end = at + len(example.tokens)
            tokens[i, at:end], mask[i, at:end] = example.tokens, example.mask
            at = end
    return Rows(torch.from_numpy(tokens), torch.from_numpy(mask))
