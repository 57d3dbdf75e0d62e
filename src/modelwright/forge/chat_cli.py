"""Talking to a model in the terminal: text as it comes, and a few words that begin with a slash.

    /again  another reply    /back  forget the last exchange    /think  on or off    /set temperature 0.7    /new  begin afresh    /quit
Ctrl-C stops a reply, not the conversation.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from modelwright.forge.engine import Engine, Request
from modelwright.forge.errors import ForgeError
from modelwright.forge.generate import Sampling
from modelwright.forge.template import Message, prompt

HELP = "/again another reply · /back forget the last exchange · /think on or off · /set name value · /new begin afresh · /quit"
SETTABLE = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty", "max_tokens", "seed")


class Chat:
    """The conversation, without a terminal: `say` yields (channel, text) as the reply comes."""

    def __init__(self, engine: Engine, sampling: Sampling, system: str = "", think: bool = False, render: Any = None) -> None:
        self.engine, self.sampling, self.system, self.think = engine, sampling, system, think
        self.messages: list[Message] = []
        self._render = {} if render is None else {"part": render}

    def say(self, text: str) -> Iterator[tuple[str, str]]:
        self.messages.append(Message("user", text))
        try:
            yield from self.reply()
        except ForgeError:
            self.messages.pop()
            raise

    def again(self) -> Iterator[tuple[str, str]]:
        """Another reply to the last message."""
        while self.messages and self.messages[-1].role == "assistant":
            self.messages.pop()
        if not self.messages:
            raise ForgeError("nothing was said yet")
        yield from self.reply()

    def back(self) -> None:
        while self.messages and self.messages[-1].role == "assistant":
            self.messages.pop()
        if self.messages:
            self.messages.pop()

    def reply(self) -> Iterator[tuple[str, str]]:
        system = [Message("system", self.system)] if self.system else []
        tokens = prompt([*system, *self.messages], self.engine.tokenizer, think=self.think, **self._render)
        came: list[tuple[str, str]] = []
        reply = self.engine.submit(
            Request(prompt=tokens, sampling=self.sampling, chat=True, thinking=self.think),
            lambda piece: came.append((piece.channel, piece.text)) if piece and piece.channel and piece.text else None,
        )
        try:
            while not reply.done:
                self.engine.step()
                yield from came
                came.clear()
        finally:  # Ctrl-C, too, keeps what was said so far
            self.engine.cancel(reply)
            self.messages.append(Message("assistant", reply.text))

    def set(self, name: str, value: str) -> None:
        if name not in SETTABLE:
            raise ForgeError(f"there is no setting '{name}'; there are {', '.join(SETTABLE)}")
        try:
            change: dict[str, Any] = {name: int(value) if name in ("top_k", "max_tokens", "seed") else float(value)}
        except ValueError:
            raise ForgeError(f"{name} must be a number, not '{value}'") from None
        self.sampling = dataclasses.replace(self.sampling, **change)


def converse(chat: Chat, read: Callable[[], str], write: Callable[[str, str], None]) -> None:
    """Until `read` raises EOFError or says /quit. `write` gets (style, text), where style is text, think or note."""
    write("note", HELP + "\n")
    while True:
        try:
            line = read().strip()
        except EOFError:
            return
        except KeyboardInterrupt:
            write("note", "\n/quit ends the conversation.\n")
            continue
        word, _, rest = line.partition(" ")
        try:
            if not line:
                continue
            if word == "/quit":
                return
            if word == "/new":
                chat.messages.clear()
                write("note", "Begun afresh.\n")
            elif word == "/back":
                chat.back()
                write("note", f"{len(chat.messages)} messages are left.\n")
            elif word == "/think":
                chat.think = not chat.think
                write("note", f"Thinking is {'on' if chat.think else 'off'}.\n")
            elif word == "/set":
                name, _, value = rest.partition(" ")
                chat.set(name, value)
                write("note", f"{name} is {value}.\n")
            elif word.startswith("/") and word != "/again":
                write("note", HELP + "\n")
            else:
                for channel, text in chat.again() if word == "/again" else chat.say(line):
                    write(channel, text)
                write("text", "\n")
        except KeyboardInterrupt:
            write("note", " (stopped)\n")
        except ForgeError as error:
            write("note", f"{error}\n")
