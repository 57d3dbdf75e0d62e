"""A model behind OpenAI's HTTP interface, and a page to talk to it; for this machine only.

Endpoints: `/v1/models`, `/v1/chat/completions`, `/v1/completions`, `/health`, the page at `/`, and `/inside/…`, by which the page shows
what went on for a token. The engine runs in one thread of its own; handlers put requests in its queue and get pieces back. A full queue is
answered with 429, a client that goes away frees its place. What the interface has and this server cannot do is refused by name.

It listens on loopback, and since any page in a browser can speak to loopback, a foreign `Host` or `Origin` is refused. It has no keys and
no encryption: to serve others, put a server that has them in front.
"""

from __future__ import annotations

import asyncio
import json
import math
import threading
import time
import uuid
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from modelwright.forge import engine as engines
from modelwright.forge.constrain import Schema
from modelwright.forge.engine import Engine, ModelError, Piece, Reply
from modelwright.forge.errors import ConfigError, ContextError, ForgeError
from modelwright.forge.generate import LogProbs, Sampling
from modelwright.forge.template import Call, Message, Tool, prompt
from modelwright.forge.tokenizer import END, FIRST_BYTE, SPECIALS, Tokenizer
from modelwright.loopback import fits, limited, refusal, too_large

LARGEST_BODY = 2_000_000
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE = Path(__file__).parent / "page"


class BusyError(ForgeError):
    """The queue is full."""


class Serving:
    """An engine in a thread. Everything that changes its rows happens in that thread, between two steps."""

    def __init__(self, engine: Engine, queue: int = 64) -> None:
        self.engine, self.queue = engine, queue
        self._wake = threading.Event()
        self._stopping = False
        self._cancels: deque[Reply] = deque()
        self._thread = threading.Thread(target=self._run, name="forge-engine", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping = True
        self._wake.set()
        self._thread.join()

    def submit(self, requests: Sequence[engines.Request], on_piece: Callable[[int, Piece | None], None]) -> list[Reply]:
        """All or none; `on_piece` is called in the engine's thread."""
        if self._stopping:
            raise ModelError("the server is stopping")
        if self.engine.waiting + len(requests) > self.queue:
            raise BusyError(f"{self.engine.waiting} requests are waiting, which is as many as this server takes; try again shortly")
        replies: list[Reply] = []
        try:
            for i, request in enumerate(requests):
                replies.append(self.engine.submit(request, lambda piece, i=i: on_piece(i, piece)))  # type: ignore[misc]
        except Exception:
            self.cancel(replies)
            raise
        self._wake.set()
        return replies

    def cancel(self, replies: Sequence[Reply]) -> None:
        self._cancels.extend(reply for reply in replies if not reply.done)
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping:
            while self._cancels:
                self.engine.cancel(self._cancels.popleft())
            if not self.engine.busy:
                self._wake.wait()
                self._wake.clear()
                continue
            try:
                self.engine.step()
            except BaseException as error:  # a learner's part may even call exit(); the server outlives it
                self.engine.fail(ModelError(f"the model failed: {str(error)[:300] or type(error).__name__}"))
        self.engine.fail(ModelError("the server is stopping"))


# What comes in. Field names are OpenAI's; what follows `top_k` is ours, for `extra_body`.


class Part(BaseModel):
    type: str
    text: str = ""


class FunctionCall(BaseModel):
    name: str
    arguments: str = "{}"


class ToolCall(BaseModel):
    id: str = ""
    type: Literal["function"] = "function"
    function: FunctionCall


class ChatMessage(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Part] | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None
    name: str | None = None
    reasoning_content: str | None = None

    def message(self) -> Message:
        content = self.content or ""
        if not isinstance(content, str):
            if other := [part.type for part in content if part.type != "text"]:
                raise ConfigError(f"a message has a part of type '{other[0]}'; this model reads text only")
            content = "".join(part.text for part in content)
        calls = tuple(Call(call.function.name, call.function.arguments) for call in self.tool_calls or ())
        return Message("system" if self.role == "developer" else self.role, content, calls=calls)


class FunctionTool(BaseModel):
    name: str = Field(min_length=1, max_length=64)
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class ToolEntry(BaseModel):
    type: Literal["function"]
    function: FunctionTool


class StreamOptions(BaseModel):
    include_usage: bool = False


class JsonSchema(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    name: str = ""
    description: str | None = None
    strict: bool | None = None
    document: dict[str, Any] = Field(default_factory=dict, alias="schema")


class ResponseFormat(BaseModel):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None


class Common(BaseModel):
    model_config = ConfigDict(extra="forbid")

    model: str
    frequency_penalty: float | None = None
    logit_bias: dict[str, float] | None = None
    max_tokens: int | None = None
    n: int | None = Field(default=None, ge=1, le=16)
    presence_penalty: float | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    top_p: float | None = None
    user: str | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None

    def sampling(self, max_tokens: int | None, logprobs: int | None, extra_seed: int) -> Sampling:
        stop = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())
        if len(stop) > 4:
            raise ConfigError(f"stop has {len(stop)} strings; at most 4 are taken")
        try:
            bias = {int(token): value for token, value in (self.logit_bias or {}).items()}
        except ValueError:
            raise ConfigError("logit_bias must map ids of tokens to numbers") from None
        if wrong := [value for value in bias.values() if not -100 <= value <= 100]:
            raise ConfigError(f"logit_bias has the value {wrong[0]}; it must lie between -100 and 100")
        return Sampling(
            temperature=1.0 if self.temperature is None else self.temperature,
            top_p=1.0 if self.top_p is None else self.top_p,
            top_k=self.top_k or 0,
            min_p=self.min_p or 0.0,
            repetition_penalty=1.0 if self.repetition_penalty is None else self.repetition_penalty,
            presence_penalty=self.presence_penalty or 0.0,
            frequency_penalty=self.frequency_penalty or 0.0,
            logit_bias=bias,
            max_tokens=10**9 if max_tokens is None else max_tokens,
            stop=stop,
            seed=None if self.seed is None else self.seed + extra_seed,
            logprobs=logprobs,
        )


class ChatRequest(Common):
    messages: list[ChatMessage] = Field(min_length=1)
    logprobs: bool | None = None
    top_logprobs: int | None = Field(default=None, ge=0, le=20)
    max_completion_tokens: int | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    tools: list[ToolEntry] | None = None
    tool_choice: Literal["auto", "none", "required"] | dict[str, Any] | None = None
    think: bool | None = None
    think_budget: int | None = Field(default=None, ge=0)
    # Taken and without effect: they concern the service that OpenAI runs, not the model.
    metadata: dict[str, Any] | None = None
    store: bool | None = None
    service_tier: str | None = None


class TextRequest(Common):
    prompt: str | list[str] | list[int] | list[list[int]] = ""
    logprobs: int | None = Field(default=None, ge=0, le=20)
    echo: bool | None = None
    best_of: int | None = None
    suffix: str | None = None


# What goes out.


class Shown:
    """Text of one reply as it becomes safe to show, with the tokens that it is made of; tokens of a stop string never appear."""

    def __init__(self) -> None:
        self._tokens: deque[tuple[int, Piece]] = deque()
        self._read = self._given = 0

    def feed(self, piece: Piece, data: bytes) -> list[Piece]:
        """Pieces whose text is now (at least in part) shown."""
        if piece.token >= 0:
            self._tokens.append((self._read, piece))
            self._read += len(data)
        self._given += len(piece.text.encode())
        out = []
        while self._tokens and self._tokens[0][0] < self._given:
            out.append(self._tokens.popleft()[1])
        return out


def error(
    status: int, message: str, kind: str = "invalid_request_error", param: str | None = None, code: str | None = None, **headers: str
) -> JSONResponse:
    return JSONResponse({"error": {"message": message, "type": kind, "param": param, "code": code}}, status, headers)


@dataclass(frozen=True)
class Kept:
    """What the page may still ask about."""

    prompt: tuple[int, ...]
    reply: Reply


class Service:
    """The handlers' common ground."""

    def __init__(self, serving: Serving, name: str, render: Any = None) -> None:
        self.serving, self.engine, self.name = serving, serving.engine, name
        self.tokenizer: Tokenizer = serving.engine.tokenizer
        self.created = int(time.time())
        self.render = {} if render is None else {"part": render}
        self.kept: OrderedDict[str, Kept] = OrderedDict()
        self._seen: tuple[str, Any] | None = None

    def check_model(self, asked: str) -> JSONResponse | None:
        if asked == self.name:
            return None
        return error(404, f"there is no model '{asked}' here; there is {self.name}", param="model", code="model_not_found")

    def keep(self, id: str, prompt_tokens: Sequence[int], reply: Reply) -> None:
        self.kept[id] = Kept(tuple(prompt_tokens), reply)
        while len(self.kept) > 32:
            self.kept.popitem(last=False)

    def spelled(self, token: int) -> tuple[str, list[int] | None]:
        if token < FIRST_BYTE:
            return SPECIALS[token], None
        data = self.tokenizer.bytes_of(token) if token < self.tokenizer.size else b""
        return data.decode(errors="replace"), list(data)

    def spell_bytes(self, token: int) -> bytes:
        return self.tokenizer.bytes_of(token) if FIRST_BYTE <= token < self.tokenizer.size else b""

    def token_entry(self, token: int, probability: float) -> dict[str, Any]:
        text, data = self.spelled(token)
        return {"token": text, "logprob": max(probability, -9999.0), "bytes": data}

    def chat_logprobs(self, pieces: Sequence[Piece]) -> dict[str, Any]:
        def entry(token: int, probs: Any) -> dict[str, Any]:
            return {
                **self.token_entry(token, probs.chosen),
                "top_logprobs": [self.token_entry(t, p) for t, p in probs.top],
            }

        return {"content": [entry(piece.token, piece.log_probs) for piece in pieces if piece.log_probs], "refusal": None}

    def text_logprobs(self, pieces: Sequence[Piece], offset: int) -> dict[str, Any]:
        out: dict[str, list[Any]] = {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
        for piece in pieces:
            probs: LogProbs | None = piece.log_probs
            assert probs is not None
            text = self.spelled(piece.token)[0]
            out["tokens"].append(text)
            out["token_logprobs"].append(max(probs.chosen, -9999.0))
            out["top_logprobs"].append({self.spelled(t)[0]: max(p, -9999.0) for t, p in probs.top})
            out["text_offset"].append(offset)
            offset += len(text)
        return out

    def usage(self, prompt_tokens: int, replies: Sequence[Reply]) -> dict[str, Any]:
        made = sum(len(reply.tokens) for reply in replies)
        thought = sum(said.channel == "think" for reply in replies for said in reply.said)
        return {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": made,
            "total_tokens": prompt_tokens + made,
            "completion_tokens_details": {"reasoning_tokens": thought},
        }

    # Requests to the engine's.

    def schema_of(self, asked: ResponseFormat | None) -> Schema | None:
        if asked is None or asked.type == "text":
            return None
        if asked.type == "json_object":
            return self.engine.schema({"type": "object"})
        if asked.json_schema is None:
            raise ConfigError("response_format is json_schema but has no json_schema; give one with a schema")
        return self.engine.schema(asked.json_schema.document)

    def chat_requests(self, asked: ChatRequest) -> list[engines.Request]:
        tools = tuple(Tool(t.function.name, t.function.description or "", t.function.parameters) for t in asked.tools or ())
        wish = "auto" if asked.tool_choice is None else asked.tool_choice
        if isinstance(wish, str):
            choice = wish
        elif isinstance(function := wish.get("function"), dict) and isinstance(function.get("name"), str):
            choice = function["name"]
        else:
            raise ConfigError('tool_choice names no tool; it is auto, none, required or {"type": "function", "function": {"name": …}}')
        if asked.tool_choice not in (None, "none", "auto") and not tools:
            raise ConfigError("tool_choice asks for a call, but there are no tools")
        schema = self.schema_of(asked.response_format)
        if schema is not None and tools and choice != "none":
            raise ConfigError("tools and a response_format of JSON cannot be had together; set tool_choice to none or leave one out")
        if asked.top_logprobs is not None and not asked.logprobs:
            raise ConfigError("top_logprobs needs logprobs to be true")
        tokens = prompt([m.message() for m in asked.messages], self.tokenizer, tools, bool(asked.think), **self.render)
        most = asked.max_completion_tokens if asked.max_completion_tokens is not None else asked.max_tokens
        return [
            engines.Request(
                prompt=tokens,
                sampling=asked.sampling(most, (asked.top_logprobs or 0) if asked.logprobs else None, i),
                chat=True,
                thinking=bool(asked.think),
                think_budget=256 if asked.think_budget is None else asked.think_budget,
                schema=schema,
                tools=tools,
                tool_choice=choice,
                parallel_calls=asked.parallel_tool_calls is not False,
            )
            for i in range(asked.n or 1)
        ]

    def text_requests(self, asked: TextRequest) -> list[engines.Request]:
        if asked.suffix:
            raise ConfigError("suffix is not supported; this model writes from left to right only")
        if asked.best_of not in (None, asked.n or 1):
            raise ConfigError("best_of is not supported; ask for n and choose")
        if asked.echo and asked.logprobs is not None:
            raise ConfigError("echo with logprobs is not supported, since the prompt's own tokens would have none; leave one of them out")
        given = asked.prompt
        prompts: list[Any] = [given] if isinstance(given, str) or (given and isinstance(given[0], int)) else list(given)
        if not prompts or len(prompts) * (asked.n or 1) > 64:
            raise ConfigError(f"{len(prompts)} prompts times n are too many or none; 1 to 64 replies can be asked for")
        most = 16 if asked.max_tokens is None else asked.max_tokens
        return [
            engines.Request(
                prompt=(self.tokenizer.encode(text) or [END]) if isinstance(text, str) else list(text),
                sampling=asked.sampling(most, asked.logprobs, i),
            )
            for text in prompts
            for i in range(asked.n or 1)
        ]


class Stream:
    """Replies of one HTTP request, as a stream of (which, piece)."""

    def __init__(self, service: Service, requests: Sequence[engines.Request]) -> None:
        loop, self._queue = asyncio.get_running_loop(), asyncio.Queue[tuple[int, Piece | None]]()
        self._serving, self.requests = service.serving, requests

        def on_piece(i: int, piece: Piece | None) -> None:
            with suppress(RuntimeError):  # the loop has closed: no one is left to be told
                loop.call_soon_threadsafe(self._queue.put_nowait, (i, piece))

        self.replies = service.serving.submit(requests, on_piece)
        # A prompt that several replies share is counted once, as OpenAI does.
        self.prompt_tokens = sum(len(p) for p in {id(r.prompt): r.prompt for r in requests}.values())

    async def pieces(self) -> AsyncIterator[tuple[int, Piece | None]]:
        """To the end of all; (i, None) is the end of one. Leaving early cancels what is left."""
        left = len(self.replies)
        try:
            while left:
                i, piece = await self._queue.get()
                if piece is None:
                    left -= 1
                    if self.replies[i].error is not None:
                        raise self.replies[i].error  # type: ignore[misc]
                yield i, piece
        finally:
            self.close()

    def close(self) -> None:
        self._serving.cancel(self.replies)

    async def collect(self, request: Request) -> list[list[Piece]] | None:
        """All pieces of each reply; None if the client went away meanwhile."""
        pieces: list[list[Piece]] = [[] for _ in self.replies]

        async def gather() -> None:
            async for i, piece in self.pieces():
                if piece is not None:
                    pieces[i].append(piece)

        async def gone() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass

        made, left = asyncio.create_task(gather()), asyncio.create_task(gone())
        try:
            await asyncio.wait((made, left), return_when=asyncio.FIRST_COMPLETED)
            if made.done():
                made.result()
                return pieces
            return None
        finally:
            made.cancel()
            left.cancel()
            self.close()


class Events(StreamingResponse):
    """Server-sent events; however it ends, the replies end with it."""

    def __init__(self, stream: Stream, events: AsyncIterator[str]) -> None:
        super().__init__(events, media_type="text/event-stream")
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._stream.close()


def shown_pieces(service: Service, pieces: Sequence[Piece], channel: str = "text") -> list[Piece]:
    shown = Shown()
    return [p for piece in pieces if piece.channel == channel for p in shown.feed(piece, service.spell_bytes(piece.token))]


def call_entry(call: Call, index: int | None = None) -> dict[str, Any]:
    entry = {"id": f"call_{uuid.uuid4().hex[:20]}", "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
    return entry if index is None else {"index": index, **entry}


def sse(value: Any) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"


def create_app(serving: Serving, name: str = "grok", render: Any = None) -> FastAPI:
    """The application. `render` is a learner's chat template, if theirs is to be used."""
    service = Service(serving, name, render)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        serving.start()
        yield
        serving.stop()

    app = FastAPI(title="Modelwright forge", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.add_middleware(Edge)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, problem: RequestValidationError) -> Response:
        first = problem.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part != "body")
        if first["type"] == "json_invalid":
            return error(400, "the body is not JSON")
        if first["type"] == "extra_forbidden":
            return error(400, f"there is no argument '{where}' here, or this server cannot do what it asks for", param=where)
        return error(400, f"{where or 'the body'}: {first['msg'][:1].lower() + first['msg'][1:]}", param=where or None)

    @app.exception_handler(ForgeError)
    async def refused(request: Request, problem: ForgeError) -> Response:
        if isinstance(problem, BusyError):
            wait = math.ceil(serving.engine.waiting / serving.engine.runner.slots)
            return error(429, str(problem), "rate_limit_error", code="queue_full", **{"Retry-After": str(max(1, wait))})
        if isinstance(problem, ModelError):
            return error(500, str(problem), "server_error")
        code = "context_length_exceeded" if isinstance(problem, ContextError) else None
        return error(400, str(problem), code=code)

    @app.exception_handler(HTTPException)
    async def http(request: Request, problem: HTTPException) -> Response:
        said = str(problem.detail)
        if said == HTTPStatus(problem.status_code).phrase:
            said = f"{request.method} {request.url.path}: {said.lower()}"
        return error(problem.status_code, said)

    @app.exception_handler(Exception)
    async def broken(request: Request, problem: Exception) -> Response:
        return error(500, f"the server failed: {str(problem)[:300] or type(problem).__name__}", "server_error")

    @app.get("/v1/models")
    async def models() -> dict[str, Any]:
        return {"object": "list", "data": [model_entry()]}

    @app.get("/v1/models/{asked:path}")
    async def model(asked: str) -> Any:
        return service.check_model(asked) or model_entry()

    def model_entry() -> dict[str, Any]:
        context = serving.engine.runner.limit
        return {"id": name, "object": "model", "created": service.created, "owned_by": "modelwright", "context_length": context}

    @app.get("/health")
    async def health() -> dict[str, Any]:
        e = serving.engine
        return {"active": e.active, "waiting": e.waiting, "slots": e.runner.slots, "queue": serving.queue, "tokens": e.counts.tokens}

    @app.post("/v1/chat/completions", response_model=None)
    async def chat(asked: ChatRequest, request: Request) -> Response:
        if problem := service.check_model(asked.model):
            return problem
        stream = Stream(service, service.chat_requests(asked))
        id = f"chatcmpl-{uuid.uuid4().hex}"
        head = {"id": id, "created": int(time.time()), "model": name, "system_fingerprint": None}
        service.keep(id, stream.requests[0].prompt, stream.replies[0])
        if asked.stream:
            usage = asked.stream_options is not None and asked.stream_options.include_usage
            return Events(stream, chat_events(service, stream, head, bool(asked.logprobs), usage))
        pieces = await stream.collect(request)
        if pieces is None:
            return Response(status_code=499)
        choices = []
        for i, (reply, said) in enumerate(zip(stream.replies, pieces, strict=True)):
            message: dict[str, Any] = {"role": "assistant", "content": reply.text, "refusal": None}
            if reply.thoughts is not None:
                message["reasoning_content"] = reply.thoughts
            if calls := reply.calls:
                message["tool_calls"] = [call_entry(call) for call in calls]
                message["content"] = reply.text or None
            probs = service.chat_logprobs(shown_pieces(service, said)) if asked.logprobs else None
            choices.append({"index": i, "message": message, "logprobs": probs, "finish_reason": reply.ending})
        usage_entry = service.usage(stream.prompt_tokens, stream.replies)
        return JSONResponse({**head, "object": "chat.completion", "choices": choices, "usage": usage_entry})

    @app.post("/v1/completions", response_model=None)
    async def completions(asked: TextRequest, request: Request) -> Response:
        if problem := service.check_model(asked.model):
            return problem
        stream = Stream(service, service.text_requests(asked))
        head = {"id": f"cmpl-{uuid.uuid4().hex}", "object": "text_completion", "created": int(time.time()), "model": name}
        echoes = [service.tokenizer.decode(r.prompt) if asked.echo else "" for r in stream.requests]
        if asked.stream:
            usage = asked.stream_options is not None and asked.stream_options.include_usage
            events = text_events(service, stream, head, asked.logprobs is not None, usage, echoes)
            return Events(stream, events)
        pieces = await stream.collect(request)
        if pieces is None:
            return Response(status_code=499)
        choices = []
        for i, (reply, said) in enumerate(zip(stream.replies, pieces, strict=True)):
            probs = service.text_logprobs(shown_pieces(service, said), len(echoes[i])) if asked.logprobs is not None else None
            choices.append({"index": i, "text": echoes[i] + reply.text, "logprobs": probs, "finish_reason": reply.ending})
        return JSONResponse({**head, "choices": choices, "usage": service.usage(stream.prompt_tokens, stream.replies)})

    # The page, and what it asks.

    files = {"/": ("chat.html", "text/html"), "/chat.js": ("chat.js", "text/javascript"), "/chat.css": ("chat.css", "text/css")}
    for path, (file, kind) in files.items():
        app.get(path, include_in_schema=False)(_file(PAGE / file, kind))

    @app.get("/favicon.ico", include_in_schema=False)
    async def icon() -> Response:
        return Response(status_code=204)

    @app.get("/inside/{id}", response_model=None)
    async def inside(id: str) -> Any:
        """Of each token of a reply: its text, and which experts it visited in each layer."""
        if id not in service.kept:
            return error(404, "this reply is no longer kept; only the last 32 are")
        return await asyncio.to_thread(look_inside, service, id)

    @app.get("/inside/{id}/attention/{at}", response_model=None)
    async def attention(id: str, at: int) -> Any:
        """What each head looked at when the reply's token number `at` was chosen."""
        if id not in service.kept or not 0 <= at < len(service.kept[id].reply.tokens):
            return error(404, "there is no such token; the reply is no longer kept, or is shorter")
        return await asyncio.to_thread(look_at, service, id, at)

    return app


def _file(path: Path, kind: str) -> Callable[[], Any]:
    async def get() -> Response:
        return Response(path.read_bytes(), media_type=kind)

    return get


async def chat_events(service: Service, stream: Stream, head: dict[str, Any], logprobs: bool, usage: bool) -> AsyncIterator[str]:
    chunk = {**head, "object": "chat.completion.chunk"}
    if usage:
        chunk["usage"] = None

    def event(i: int, delta: dict[str, Any], ending: str | None = None, said: Sequence[Piece] = ()) -> str:
        probs = service.chat_logprobs(said) if logprobs and said else None
        return sse({**chunk, "choices": [{"index": i, "delta": delta, "logprobs": probs, "finish_reason": ending}]})

    shown = [Shown() for _ in stream.replies]
    calls = [0] * len(stream.replies)
    try:
        for i in range(len(stream.replies)):
            yield event(i, {"role": "assistant", "content": ""})
        async for i, piece in stream.pieces():
            reply = stream.replies[i]
            if piece is None:
                yield event(i, {}, reply.ending)
            elif piece.channel == "text":
                said = shown[i].feed(piece, service.spell_bytes(piece.token))
                if piece.text or said:
                    yield event(i, {"content": piece.text}, None, said)
            elif piece.channel == "think" and piece.text:
                yield event(i, {"reasoning_content": piece.text})
            elif piece.channel is None and reply.request.tools and len(now := reply.calls) > calls[i]:
                yield event(i, {"tool_calls": [call_entry(call, calls[i] + j) for j, call in enumerate(now[calls[i] :])]})
                calls[i] = len(now)
        if usage:
            yield sse({**chunk, "choices": [], "usage": service.usage(stream.prompt_tokens, stream.replies)})
    except Exception as problem:  # the status is long sent: the stream itself says what happened
        yield sse({"error": {"message": str(problem)[:300], "type": "server_error", "param": None, "code": None}})
    yield "data: [DONE]\n\n"


async def text_events(
    service: Service, stream: Stream, head: dict[str, Any], logprobs: bool, usage: bool, echoes: Sequence[str]
) -> AsyncIterator[str]:
    if usage:
        head = {**head, "usage": None}
    shown, offsets = [Shown() for _ in stream.replies], [len(echo) for echo in echoes]

    def event(i: int, text: str, probs: Any = None, ending: str | None = None) -> str:
        return sse({**head, "choices": [{"index": i, "text": text, "logprobs": probs, "finish_reason": ending}]})

    try:
        for i, echo in enumerate(echoes):
            if echo:
                yield event(i, echo)
        async for i, piece in stream.pieces():
            if piece is None:
                yield event(i, "", None, stream.replies[i].ending)
            else:
                said = shown[i].feed(piece, service.spell_bytes(piece.token))
                if piece.text or said:
                    yield event(i, piece.text, service.text_logprobs(said, offsets[i]) if logprobs else None)
                    offsets[i] += len(piece.text)
        if usage:
            yield sse({**head, "choices": [], "usage": service.usage(stream.prompt_tokens, stream.replies)})
    except Exception as problem:
        yield sse({"error": {"message": str(problem)[:300], "type": "server_error", "param": None, "code": None}})
    yield "data: [DONE]\n\n"


# Looking inside: the whole reply once more through the model, with a watch on it. Generation itself is not slowed by being watchable.


def _watch(service: Service, id: str) -> Any:
    import torch

    from modelwright.forge.model import Watch

    kept = service.kept[id]
    key = f"{id}/{len(kept.reply.tokens)}"
    if service._seen is None or service._seen[0] != key:
        watch = Watch()
        with torch.inference_mode():
            service.engine.model.body(torch.tensor([[*kept.prompt, *kept.reply.tokens]]), watch=watch)
        service._seen = (key, watch)
    return service._seen[1]


def look_inside(service: Service, id: str) -> dict[str, Any]:
    kept, watch = service.kept[id], _watch(service, id)
    tokens = []
    for i, token in enumerate(kept.reply.tokens):
        at = len(kept.prompt) + i
        routes = [
            [[int(e), round(float(g), 4)] for e, g in zip(r.chosen_nc[at], r.gates_nc[at], strict=True)] for r in watch.routings
        ]  # a token's own way through the experts
        tokens.append({"text": service.spelled(token)[0], "channel": kept.reply.said[i].channel, "experts": routes})
    return {"experts": service.engine.model.config.experts, "tokens": tokens}


def look_at(service: Service, id: str, at: int) -> dict[str, Any]:
    kept, watch = service.kept[id], _watch(service, id)
    query = len(kept.prompt) + at - 1  # the position that chose this token
    seen = [*kept.prompt, *kept.reply.tokens][: query + 1]
    layers = [[[round(float(w), 4) for w in head[query, : query + 1]] for head in weights[0].flatten(0, 1)] for weights in watch.attention]
    return {"tokens": [service.spelled(token)[0] for token in seen], "layers": layers}


class Edge:
    """Who may speak to the server, how much they may say, and what every answer says about itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return

        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (b"content-security-policy", POLICY.encode()),
                    (b"x-content-type-options", b"nosniff"),
                    (b"referrer-policy", b"no-referrer"),
                    (b"cache-control", b"no-store"),
                    (b"cross-origin-resource-policy", b"same-origin"),
                ]
            await send(message)

        headers = dict(scope["headers"])
        if (why := refusal(scope["method"], headers)) is not None:
            await error(403, why)(scope, receive, sent)
        elif not fits(headers, LARGEST_BODY):
            await error(413, too_large(LARGEST_BODY))(scope, receive, sent)
        else:
            await self.app(scope, limited(receive, LARGEST_BODY), sent)


def serve(
    engine: Engine, name: str, port: int, queue: int = 64, render: Any = None, on_ready: Callable[[str], None] = lambda url: None
) -> None:
    """Serve on loopback until interrupted."""
    import socket

    import uvicorn

    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(("127.0.0.1", port))
    except OSError as problem:
        raise ConfigError(f"port {port} cannot be used ({problem.strerror}); choose another with --port") from None
    on_ready(f"http://127.0.0.1:{sock.getsockname()[1]}/")
    config = uvicorn.Config(create_app(Serving(engine, queue), name, render), log_level="warning", timeout_graceful_shutdown=2)
    uvicorn.Server(config).run(sockets=[sock])
