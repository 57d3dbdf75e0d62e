"""The edge of the studio: who may speak to it (`modelwright.loopback`), what every answer says about itself, and compression.

The policy of every page allows this server's own files and nothing else.
"""

from __future__ import annotations

import gzip
import json
import re
from typing import Any
from urllib.parse import quote

from modelwright.loopback import Message, fits, limited, refusal, too_large

LARGEST_BODY = 4_000_000
LARGEST_UPLOAD = 128_000_000  # an Anki collection without its pictures; `modelwright anki import` takes larger ones
UPLOADS = re.compile(r"/anki|/api/anki/import|(/api/competitions|/arena)/[^/]*/enter")
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


def policy(nonce: str = "") -> str:
    """The Content-Security-Policy; a `nonce` admits the one style sheet that the editor makes for itself."""
    return POLICY.format(nonce=f" 'nonce-{nonce}'" if nonce else "")


class Edge:
    """Middleware in plain ASGI: it adds under a tenth of a millisecond to an answer that is not compressed."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = dict(scope["headers"])
        answer = _Answer(send, headers.get(b"accept-encoding", b""), scope["path"].startswith("/static/"))
        most = LARGEST_UPLOAD if UPLOADS.fullmatch(scope["path"]) else LARGEST_BODY
        if (why := refusal(scope["method"], headers)) is not None:
            await _sentence(answer, 403, why, scope["path"])
        elif not fits(headers, most):
            await _sentence(answer, 413, too_large(most), scope["path"])
        else:
            await self.app(scope, limited(receive, most), answer)


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
