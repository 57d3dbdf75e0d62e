"""Many replies at once from one model: requests join and leave between steps, and none can tell who else is there.

`Engine` is a plain object without threads or clocks: `submit` puts a request in the queue, `step` takes in what waits (their prompts
together) and gives every reply one more token, `cancel` frees a place at once. `generate` runs it to the end, `server.py` in a thread.
A `Reply` knows where in the conversation's format it is: what marks may come next, how long it may think, which schema its text or its call
to a tool must follow. A prompt is taken in whole, which for a very long one makes the others wait that long; cutting it up would not.

What one request makes the model (or a learner's part in it) raise ends that request and no other: what failed for several together is
done again for each alone, and whoever it still fails for ends with the error.
"""

from __future__ import annotations

import json
import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from modelwright.forge.config import ModelConfig
from modelwright.forge.constrain import Guide, Resource, Schema, SchemaError, Vocabulary
from modelwright.forge.errors import ConfigError, ContextError, ForgeError
from modelwright.forge.generate import Chance, LogProbs, SampleOp, Sampling, Writer, choose, log_probs, penalise
from modelwright.forge.model import Cache, Grok
from modelwright.forge.runner import OwnCacheRunner, Runner, runner
from modelwright.forge.template import CALL, END_CALL, STOPS, Call, Channel, Channels, Tool, parse
from modelwright.forge.tokenizer import END, END_THINK, FIRST_BYTE, Tokenizer

Ending = Literal["stop", "length", "tool_calls", "cancelled", "error"]
PREFILL = 4096
"""Most padded tokens of prompts that one step takes in, unless a single prompt is longer."""
CLOSED: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}
"""What a tool without parameters takes."""


class ModelError(ForgeError):
    """The model, or a learner's part in it, raised, or gave what is no number."""


FAILURES = (Exception, SystemExit)
"""What a learner's part may raise; a person's Ctrl-C is not among it."""


def as_said(error: BaseException) -> ForgeError:
    """What a reply ends with: a schema that cannot be followed is the asker's, everything else the model's."""
    if isinstance(error, SchemaError | ModelError):
        return error
    return ModelError(f"the model failed: {str(error)[:300] or type(error).__name__}")


@dataclass(frozen=True, kw_only=True)
class Request:
    prompt: Sequence[int]
    sampling: Sampling = field(default_factory=Sampling)
    chat: bool = False
    """Whether it is a turn of a conversation, with its marks; else plain text up to <|end|>."""
    thinking: bool = False
    """Whether the prompt ended in <|think|>."""
    think_budget: int = 256
    """After so many tokens of thought they are ended."""
    schema: Schema | None = None
    """What the text must be JSON of."""
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    """`auto`, `none`, `required`, or a tool's name."""
    parallel_calls: bool = True


class Piece(NamedTuple):
    """What one token added to a reply. `text` may be empty: half a character, or what may yet become a stop string."""

    channel: Channel | None
    text: str
    token: int
    log_probs: LogProbs | None


class Said(NamedTuple):
    token: int
    channel: Channel | None
    log_probs: LogProbs | None


class Reply:
    """One reply while it is made, and afterwards. `on_piece` is called for each token, with None at the end."""

    def __init__(
        self, request: Request, tokenizer: Tokenizer, call_schema: Schema | None, vocabulary: Callable[[], Vocabulary], limit: int
    ):
        self.request, self._tokenizer, self._call_schema, self._vocabulary = request, tokenizer, call_schema, vocabulary
        self.tokens: list[int] = []
        """Marks included, what ended it excluded."""
        self.said: list[Said] = []
        self.ending: Ending | None = None
        self.error: Exception | None = None
        self.on_piece: Callable[[Piece | None], None] = lambda piece: None
        want = request.sampling
        self.chance = Chance(want.seed)
        self.room = min(want.max_tokens, limit - len(request.prompt))
        self._seen = Counter(request.prompt) if want.repetition_penalty != 1.0 else Counter()
        self._counts: Counter[int] = Counter()
        self._channels = Channels(request.thinking)
        self._writers: dict[Channel, Writer] = {"text": Writer(want.stop), "think": Writer(), "call": Writer()}
        self._called = False
        self._guide: Guide | None = None
        smallest = 0
        if request.schema is not None:
            self._text_guide = Guide(request.schema, vocabulary())
            smallest = self._text_guide.smallest
            self._guide = None if request.thinking else self._text_guide
        if smallest + 2 * request.thinking > self.room:
            raise SchemaError(
                f"the schema's smallest answer may take {smallest} tokens, but only {self.room} are allowed; raise max_tokens"
            )
        self._think_left = min(request.think_budget, self.room - smallest - 1) if request.thinking else 0

    @property
    def done(self) -> bool:
        return self.ending is not None

    @property
    def text(self) -> str:
        return self._writers["text"].text

    @property
    def thoughts(self) -> str | None:
        return self._writers["think"].text if self.request.thinking else None

    @property
    def calls(self) -> tuple[Call, ...]:
        return parse(self.tokens, self._tokenizer, self.request.thinking).calls if self.request.chat else ()

    # What may come next.

    def forced(self) -> int | None:
        """The next token, where there is no choice."""
        r = self.request
        if not r.chat:
            return None
        if self._channels.now == "think" and self._think_left <= 0:
            return END_THINK
        if self._channels.now == "text" and r.tools and r.tool_choice not in ("auto", "none") and not self._called:
            return CALL
        if self._channels.now == "call" and self._guide is not None and self._guide.must_end:
            return END_CALL
        return None

    def marks(self) -> tuple[int, ...]:
        """Special tokens that may come next."""
        r = self.request
        if not r.chat:
            return () if self._guide is not None and not self._guide.may_end else (END,)
        if self._channels.now == "think":
            return (END_THINK,)
        if self._channels.now == "call":
            return (END_CALL,) if self._guide is not None and self._guide.may_end else ()
        if self._guide is not None:
            return STOPS if self._guide.may_end else ()
        return (*STOPS, CALL) if r.tools and r.tool_choice != "none" else STOPS

    def allowed(self) -> np.ndarray | None:
        """Which ordinary tokens may come next; None is all."""
        if self._guide is not None:
            return self._guide.allowed()
        return np.zeros(self._tokenizer.size, dtype=bool) if self._called else None  # after a call only another, or the end

    def bend(self, logits_v: Tensor) -> None:
        penalise(logits_v, self.request.sampling, self._seen, self._counts)

    # What came.

    def accept(self, token: int, probs: LogProbs | None) -> None:
        """One more token. May end the reply."""
        r = self.request
        if self._guide is not None and token >= FIRST_BYTE:
            chosen = self._guide.choose(token, self.room - 1)
            if chosen is None:
                token = END_CALL if self._channels.now == "call" else END
            else:
                token = chosen
        if token in STOPS:
            return self._end("tool_calls" if self._called else "stop")
        self.tokens.append(token)
        self.room -= 1
        if r.sampling.repetition_penalty != 1.0:
            self._seen[token] += 1
        if not r.sampling.plain:
            self._counts[token] += 1
        before = self._channels.now
        channel: Channel | None = self._channels.feed(token) if r.chat else "text"
        after = self._channels.now
        if self._guide is not None and channel is not None:
            self._guide.advance(token)
        if r.chat and before != after:
            if after == "call":
                assert self._call_schema is not None
                self._guide = Guide(self._call_schema, self._vocabulary())
            elif before == "call":
                self._called, self._guide = True, None
            elif r.schema is not None:
                self._guide = self._text_guide
        if before == "think":
            self._think_left -= 1
        text = "" if channel is None else self._writers[channel].feed(self._tokenizer.bytes_of(token))
        self.said.append(Said(token, channel, probs))
        self.on_piece(Piece(channel, text, token, probs))
        if self._writers["text"].stopped:
            self._end("stop")
        elif self._called and after == "text" and not (r.parallel_calls and r.tool_choice == "auto"):
            self._end("tool_calls")
        elif self._guide is not None and self._guide.must_end and after == "text":
            self._end("stop")
        elif self.room <= 0:
            self._end("length")
        return None

    def _end(self, ending: Ending) -> None:
        for channel, writer in self._writers.items():
            if rest := writer.close():
                self.on_piece(Piece(channel, rest, -1, None))
        if ending != "length" and self._writers["text"].stopped:
            ending = "stop"
        self.finish(ending)

    def finish(self, ending: Ending, error: Exception | None = None) -> None:
        if self.ending is None:
            self.ending, self.error = ending, error
            self.on_piece(None)


@dataclass
class Counts:
    """What an engine has done so far."""

    prompt_tokens: int = 0
    tokens: int = 0
    steps: int = 0
    replies: int = 0
    widest: int = 0
    """Most replies in one step."""


class Engine:
    def __init__(
        self,
        model: Grok,
        tokenizer: Tokenizer,
        slots: int = 16,
        limit: int | None = None,
        *,
        sampler: SampleOp | None = None,
        cache: Callable[[ModelConfig, int, int], Cache] | None = None,
        plain: bool = False,
    ) -> None:
        """`sampler` and `cache` (config, batch, capacity) are a learner's; `plain` always uses the model's own forward pass."""
        if tokenizer.size > model.config.vocab:
            raise ConfigError(f"the tokenizer has {tokenizer.size} tokens but the model knows only {model.config.vocab}")
        self.model, self.tokenizer, self.sampler = model, tokenizer, sampler
        if cache is not None:
            self.runner: Runner = OwnCacheRunner(model, slots, limit, cache)
        else:
            self.runner = (Runner if plain else runner)(model, slots, limit)
        self.counts = Counts()
        self._waiting: deque[Reply] = deque()
        self._rows: list[Reply] = []
        """The reply of each of the runner's rows."""
        self._vocabulary: Vocabulary | None = None
        self._schemas: dict[str, Schema] = {}
        self._blocks: dict[tuple[tuple[int, ...], ...], Tensor] = {}

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def active(self) -> int:
        return len(self._rows)

    @property
    def busy(self) -> bool:
        return bool(self._rows or self._waiting)

    def vocabulary(self) -> Vocabulary:
        if self._vocabulary is None:
            self._vocabulary = Vocabulary(self.tokenizer)
        return self._vocabulary

    def schema(self, document: Any) -> Schema:
        """Compiled, or as it was compiled before. The tools' parameters in it are `Resource`s."""
        try:
            key = json.dumps(document, default=lambda resource: [resource.where, resource.document])
            if key not in self._schemas:
                if len(self._schemas) >= 64:
                    self._schemas.clear()
                    self.vocabulary().masks.clear()  # their keys are the schemas' identities
                self._schemas[key] = Schema(document)
            return self._schemas[key]
        except RecursionError:
            raise SchemaError("the schema is nested too deeply; use $ref for what repeats, or a flatter schema") from None

    def _call_schema(self, request: Request) -> Schema | None:
        tools = [tool for tool in request.tools if request.tool_choice in ("auto", "required", tool.name)]
        if request.tools and request.tool_choice != "none" and not tools:
            raise ConfigError(f"there is no tool '{request.tool_choice}'; there are {', '.join(tool.name for tool in request.tools)}")
        if not tools:
            return None
        choices = []
        for tool in tools:
            # Each tool's parameters are a document of their own: what they refer to is in them, wherever they keep it.
            parameters = Resource(tool.parameters or CLOSED, f"the parameters of the tool '{tool.name}'")
            if parameters.document.get("type", "object") != "object":
                raise SchemaError(f"{parameters.where} are of the type {parameters.document['type']}; they must be an object")
            call = {"name": {"const": tool.name}, "arguments": parameters}
            choices.append({"type": "object", "properties": call, "required": ["name", "arguments"], "additionalProperties": False})
        return self.schema({"anyOf": choices})

    def submit(self, request: Request, on_piece: Callable[[Piece | None], None] = lambda piece: None) -> Reply:
        """Into the queue; raises at once where it can never work. May be called while another thread is in `step`."""
        limit = self.runner.limit
        if not request.prompt:
            raise ConfigError("the prompt is empty; give at least one token")
        if len(request.prompt) >= limit:
            raise ContextError(
                f"the prompt has {len(request.prompt)} tokens, but this model's context is {limit}; shorten the conversation"
            )
        if not all(0 <= token < self.model.config.vocab for token in request.prompt):
            raise ConfigError(f"the prompt holds a token that this model does not know; it knows 0 to {self.model.config.vocab - 1}")
        if unknown := [token for token in request.sampling.logit_bias if not 0 <= token < self.model.config.vocab]:
            raise ConfigError(f"logit_bias names token {unknown[0]}, but this model knows 0 to {self.model.config.vocab - 1}")
        reply = Reply(request, self.tokenizer, self._call_schema(request), self.vocabulary, limit)
        reply.on_piece = on_piece
        self._waiting.append(reply)
        return reply

    def cancel(self, reply: Reply) -> None:
        """Its place is free before the next step."""
        if reply in self._waiting:
            self._waiting.remove(reply)
        reply.finish("cancelled")
        self._sweep()

    def fail(self, error: Exception) -> None:
        """End everything that is going on."""
        for reply in (*self._rows, *self._waiting):
            reply.finish("error", error)
        self._waiting.clear()
        self._sweep()

    def step(self) -> None:
        """Take in what waits and fits, then one token for everyone."""
        if joined := self._join():
            self._take_in(joined)
        if self._rows:
            if (logits_nv := self._decode()) is not None:
                self._say(self._rows, logits_nv)
            self._sweep()

    def _take_in(self, joined: Sequence[Reply]) -> None:
        """Their prompts together; where that fails, each alone."""
        try:
            logits_nv = self.runner.prefill([reply.request.prompt for reply in joined])
        except FAILURES as error:
            self._drop_rows(len(self._rows))
            if len(joined) == 1:
                joined[0].finish("error", as_said(error))
            else:
                for reply in joined:
                    self._take_in([reply])
            return
        self._rows += joined
        self.counts.prompt_tokens += sum(len(reply.request.prompt) for reply in joined)
        self.counts.replies += len(joined)
        self._say(joined, logits_nv)
        self._sweep()

    def _decode(self) -> Tensor | None:
        """The logits after every row's last token. None: it failed for all of them."""
        self.counts.steps += 1
        self.counts.widest = max(self.counts.widest, len(self._rows))
        try:
            return self.runner.decode([reply.tokens[-1] for reply in self._rows])
        except FAILURES as error:
            rows, self._rows = self._rows, []
            self._drop_rows(0)
            if len(rows) == 1:
                rows[0].finish("error", as_said(error))
                return None
        # One of them may be the cause: each alone, from its beginning, since half a step may have been done to what was kept of it.
        alone: list[tuple[Reply, Tensor]] = []
        for reply in rows:
            try:
                self.runner.prefill([[*reply.request.prompt, *reply.tokens[:-1]]])
                alone.append((reply, self.runner.decode(reply.tokens[-1:])))
            except FAILURES as error:
                reply.finish("error", as_said(error))
            self._drop_rows(0)
        logits = []
        for reply, logits_1v in alone:
            try:
                self.runner.prefill([[*reply.request.prompt, *reply.tokens]])
                self._rows.append(reply)
                logits.append(logits_1v)
            except FAILURES as error:
                self._drop_rows(len(self._rows))
                reply.finish("error", as_said(error))
        return torch.cat(logits) if logits else None

    def _drop_rows(self, keep: int) -> None:
        """The runner's rows beyond the first `keep`."""
        while self.runner.rows > keep:
            self.runner.remove(self.runner.rows - 1)

    def _join(self) -> list[Reply]:
        joined: list[Reply] = []
        longest = 0
        while self._waiting and len(self._rows) + len(joined) < self.runner.slots:
            longest = max(longest, len(self._waiting[0].request.prompt))
            if joined and longest * (len(joined) + 1) > PREFILL:
                break
            joined.append(self._waiting.popleft())
        return joined

    @torch.inference_mode()
    def _say(self, replies: Sequence[Reply], logits_nv: Tensor) -> None:
        """Choose for each and let it accept."""
        wants = [reply.request.sampling for reply in replies]
        # What the model gave is kept for log-probabilities: the rest is done in place.
        raw = {i: logits_nv[i].clone() for i, want in enumerate(wants) if want.logprobs is not None}
        marks: list[tuple[int, ...]] = []
        forced: list[int | None] = []
        masks: dict[int, np.ndarray] = {}
        for i, (reply, largest) in enumerate(zip(replies, logits_nv.amax(-1).tolist(), strict=True)):
            marks.append(STOPS)
            forced.append(None)
            try:
                if not math.isfinite(largest):
                    raise ModelError(f"the model failed: its largest logit is {largest}, which is no number to choose by")
                if not wants[i].plain:
                    reply.bend(logits_nv[i])
                marks[i], forced[i] = reply.marks(), reply.forced()
                if (allowed := reply.allowed()) is not None:
                    masks[i] = ~allowed[FIRST_BYTE:]
            except FAILURES as error:
                reply.finish("error", as_said(error))
                logits_nv[i] = 0.0
        logits_nv[:, self.tokenizer.size :] = -torch.inf
        logits_nv[:, :FIRST_BYTE].masked_fill_(self._blocked(tuple(marks)), -torch.inf)
        for i, mask in masks.items():
            logits_nv[i, FIRST_BYTE : self.tokenizer.size].masked_fill_(torch.from_numpy(mask), -torch.inf)
        us = [0.0 if want.temperature == 0 else reply.chance.draw() for reply, want in zip(replies, wants, strict=True)]
        for i, token in enumerate(forced):
            if token is not None:
                logits_nv[i] = -torch.inf
                logits_nv[i, token] = 0.0
        for i, (reply, token) in enumerate(zip(replies, self._choose(replies, logits_nv, us), strict=True)):
            if token is None or reply.done:
                continue
            self.counts.tokens += 1
            try:
                reply.accept(token, log_probs(raw[i], token, wants[i].logprobs or 0) if i in raw else None)
            except FAILURES as error:
                reply.finish("error", as_said(error))

    def _choose(self, replies: Sequence[Reply], logits_nv: Tensor, us: Sequence[float]) -> list[int | None]:
        """A token of each; None of one that it failed for, which has ended."""
        try:
            tokens = choose(logits_nv, [reply.request.sampling for reply in replies], us, self.sampler)
            for token in tokens:
                if not 0 <= token < self.tokenizer.size:
                    raise ModelError(f"the sampler gave {token}; a token is a number from 0 to {self.tokenizer.size - 1}")
            return list(tokens)
        except FAILURES as error:
            if len(replies) == 1:
                replies[0].finish("error", as_said(error))
                return [None]
        return [self._choose([reply], logits_nv[i : i + 1], us[i : i + 1])[0] for i, reply in enumerate(replies)]

    def _blocked(self, marks: tuple[tuple[int, ...], ...]) -> Tensor:
        """(n, specials): which special tokens may not come."""
        if marks not in self._blocks:
            if len(self._blocks) > 256:
                self._blocks.clear()
            self._blocks[marks] = torch.tensor([[i not in row for i in range(FIRST_BYTE)] for row in marks])
        return self._blocks[marks]

    def _sweep(self) -> None:
        """Rows of replies that have ended go; the last row moves into the hole."""
        row = 0
        while row < len(self._rows):
            if self._rows[row].done:
                self._rows[row] = self._rows[self.runner.remove(row)]
                self._rows.pop()
            else:
                row += 1


@dataclass(frozen=True)
class Generated:
    text: str
    tokens: tuple[int, ...]
    ending: str
    thoughts: str | None = None
    calls: tuple[Call, ...] = ()
    log_probs: tuple[LogProbs, ...] = field(default=(), repr=False)


def generate(engine: Engine, requests: Iterable[Request]) -> list[Generated]:
    """Run requests to their ends, together."""
    replies = [engine.submit(request) for request in requests]
    while not all(reply.done for reply in replies):
        engine.step()
    for reply in replies:
        if reply.error is not None:
            raise reply.error
    return [
        Generated(r.text, tuple(r.tokens), str(r.ending), r.thoughts, r.calls, tuple(s.log_probs for s in r.said if s.log_probs))
        for r in replies
    ]
