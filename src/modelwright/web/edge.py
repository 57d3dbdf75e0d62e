"""The edge of the server: who may speak to it, what every answer says about itself, and compression.

The studio listens on loopback, and loopback is not private: any page in any tab can send it requests. So a foreign `Host` is
refused (a rebound DNS name cannot reach the journal), a foreign `Origin` is refused (no other site can post), and whatever a
browser marks as coming from another site is refused unless it is a person following a link. There is no cookie that grants
anything, so there is nothing for a request to borrow. The policy of every page allows this server's own files and nothing else.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import quote, urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LARGEST_BODY = 4_000_000
LARGEST_UPLOAD = 128_000_000  # an Anki collection without its pictures; `modelwright anki import` takes larger ones
UPLOADS = frozenset({"/anki", "/api/anki/import"})
SMALLEST_TO_COMPRESS = 600
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'{nonce}; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
COMPRESSIBLE = ("text/html", "application/json", "text/plain", "image/svg+xml", "application/x-ndjson")

Message = MutableMapping[str, Any]


def policy(nonce: str = "") -> str:
    """The Content-Security-Policy; a `nonce` admits the one style sheet that the editor makes for itself."""
    return POLICY.format(nonce=f" 'nonce-{nonce}'" if nonce else "")


def refusal(method: str, headers: dict[bytes, bytes]) -> str | None:
    """Why a request may not come in, in one sentence, or None."""
    host = headers.get(b"host", b"").decode("latin-1")
    if _name(host) not in LOOPBACK:
        return f"This studio answers on 127.0.0.1 and localhost only, not as '{host[:80]}'."
    origin = headers.get(b"origin")
    if origin is not None:
        spoken = origin.decode("latin-1")
        if urlsplit(spoken).netloc.lower() != host.lower() or not spoken.startswith(("http://", "https://")):
            return f"Requests from other sites are refused; this one came from '{spoken[:80]}'."
    site = headers.get(b"sec-fetch-site", b"none")
    if site in (b"cross-site", b"same-site"):
        followed = headers.get(b"sec-fetch-mode") == b"navigate" and headers.get(b"sec-fetch-dest") == b"document"
        if method not in SAFE or not followed:
            return "Requests from other sites are refused."
    return None


def _name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()


class Edge:
    """Middleware in plain ASGI: it adds under a tenth of a millisecond to an answer that is not compressed."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close", "code": 1008})
        headers = dict(scope["headers"])
        answer = _Answer(send, headers.get(b"accept-encoding", b""), scope["path"].startswith("/static/"))
        if (why := refusal(scope["method"], headers)) is not None:
            return await _sentence(answer, 403, why, scope["path"])
        try:
            length = int(headers.get(b"content-length", b"0"))
        except ValueError:
            length = -1
        largest = LARGEST_UPLOAD if scope["path"] in UPLOADS else LARGEST_BODY
        if length < 0 or length > largest:
            return await _sentence(
                answer, 413, f"That is more than {largest // 1_000_000} MB, the most that is taken at once.", scope["path"]
            )
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message: Message = await receive()
            taken += len(message.get("body", b""))
            if taken > largest:
                return {"type": "http.disconnect"}
            return message

        await self.app(scope, limited, answer)


async def _sentence(send: Any, status: int, text: str, path: str) -> None:
    if path.startswith("/api"):
        body, kind = json.dumps({"detail": text}).encode(), b"application/json"
    else:
        body, kind = (text + "\n").encode(), b"text/plain; charset=utf-8"
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", kind), (b"content-length", str(len(body)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": body})


class _Answer:
    """Adds the headers; compresses what comes whole, and lets streams pass as they come."""

    def __init__(self, send: Any, accepts: bytes, static: bool) -> None:
        self.send, self.accepts, self.static = send, accepts, static
        self.start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
            return
        if self.start is None:
            await self.send(message)
            return
        start, self.start = self.start, None
        headers = [(name.lower(), value) for name, value in start.get("headers", [])]
        names = {name for name, _ in headers}
        headers = [(name, value.strip()) for name, value in headers]  # a value that ends in a space is none, and ends the connection
        headers += [pair for pair in HEADERS if pair[0] not in names]
        if b"content-security-policy" not in names:
            headers.append((b"content-security-policy", policy().encode()))
        if b"cache-control" not in names:
            headers.append((b"cache-control", b"private, no-cache"))
        body = message.get("body", b"")
        kind = dict(headers).get(b"content-type", b"").decode("latin-1")
        whole = not message.get("more_body", False)
        if (
            whole
            and not self.static
            and b"content-encoding" not in names
            and len(body) >= SMALLEST_TO_COMPRESS
            and kind.startswith(COMPRESSIBLE)
        ):
            encoding, body = _compress(body, self.accepts)
            if encoding:
                headers = [pair for pair in headers if pair[0] != b"content-length"]
                headers += [(b"content-encoding", encoding), (b"content-length", str(len(body)).encode()), (b"vary", b"accept-encoding")]
                message = {**message, "body": body}
        await self.send({**start, "headers": headers})
        await self.send(message)


def _compress(body: bytes, accepts: bytes) -> tuple[bytes, bytes]:
    if b"br" in accepts:
        import brotli

        return b"br", brotli.compress(body, quality=5)
    if b"gzip" in accepts:
        return b"gzip", gzip.compress(body, 6, mtime=0)
    return b"", body


def header_text(text: str) -> str:
    """A sentence as a header may carry it."""
    return quote(text[:400], safe=" '.,;:()/-").strip()
