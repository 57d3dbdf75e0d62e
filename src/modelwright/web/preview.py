"""A lesson as its author writes it: the studio's own page, on a home that is thrown away, set anew whenever a file of the course is saved.

The page is the one that a learner gets, with one script more, which listens (server-sent events) for the next version and reloads. What
the linter finds in the lesson is handed to whoever started it; a course that cannot be read shows its fault in the page's place.
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import threading
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

from modelwright.curriculum import figures
from modelwright.curriculum.errors import CurriculumError, Finding
from modelwright.loopback import refusal
from modelwright.studio import Studio
from modelwright.studio.author import validate
from modelwright.web import create_app

CHANGES, SCRIPT = "/preview/changes", "/preview/reload.js"
LOOK = 0.1  # seconds between two looks for a new version, and with that the longest that a page waits for it
RELOAD = f"""\
const shown = new URL(import.meta.url).searchParams.get("version");
new EventSource("{CHANGES}").addEventListener("version", (event) => {{
  if (event.data !== shown) location.reload();
}});
"""

Message = MutableMapping[str, Any]


class Preview:
    """The application (ASGI) that shows one lesson of a course folder; a context manager. `version` grows with each save that is shown."""

    def __init__(self, folder: Path, lesson: str, home: Path, on_version: Callable[[list[Finding]], None] = lambda findings: None) -> None:
        self.folder, self.lesson, self.home, self.on_version = folder, lesson, home, on_version
        self.version = 0
        self._studio: Studio | None = None
        self._app: Any = None
        self._fault = ""
        self._stop = threading.Event()

    @property
    def page(self) -> str:
        """The path of the lesson's page."""
        return f"/lesson/{self.lesson}"

    def __enter__(self) -> Preview:
        self.renew()
        threading.Thread(target=self._follow, daemon=True, name="saves").start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._studio is not None:
            self._studio.close()

    def renew(self) -> None:
        """Reads the course again, draws the lesson's figures, and makes that what is shown."""
        try:
            studio = Studio.open(self.home, self.folder)
        except CurriculumError as error:
            self._app, self._fault, findings = None, str(error), [error.finding]
        else:
            if not studio.enrolled:
                studio.enrol("Author", 7)
            lesson = studio.curriculum.lessons.get(self.lesson)
            if lesson is not None:
                figures.draw(lesson, figures.folder_of(studio.curriculum.folder))
            before, self._studio = self._studio, studio
            self._app = create_app(studio)
            findings = validate(self.folder, names=[self.lesson], run=False) if lesson is not None else []
            if before is not None:
                before.close()
        self.version += 1
        self.on_version(findings)

    def _follow(self) -> None:
        from watchfiles import watch

        for _ in watch(self.folder, stop_event=self._stop, debounce=200, step=20, watch_filter=lambda _, path: _is_content(path)):
            self.renew()

    # ASGI

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] not in (CHANGES, SCRIPT):
            if self._app is None and scope["type"] == "http":
                await self._tell_fault(send)
            elif self._app is not None:
                await self._app(_uncompressed(scope), receive, self._with_script(send))
            return
        if (why := refusal(scope["method"], dict(scope["headers"]))) is not None:
            await _answer(send, 403, "text/plain", why)
        elif scope["path"] == SCRIPT:
            await _answer(send, 200, "text/javascript", RELOAD)
        else:
            await self._tell_versions(receive, send)

    async def _tell_versions(self, receive: Any, send: Any) -> None:
        """The version shown, and each that follows, until the page goes away."""
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        gone = asyncio.ensure_future(_gone(receive))
        told = None
        with contextlib.suppress(asyncio.CancelledError):
            while not gone.done() and not self._stop.is_set():
                if told != self.version:
                    told = self.version
                    event = f"event: version\ndata: {told}\n\n".encode()
                    await send({"type": "http.response.body", "body": event, "more_body": True})
                await asyncio.wait({gone}, timeout=LOOK)
        gone.cancel()
        await send({"type": "http.response.body", "body": b""})

    async def _tell_fault(self, send: Any) -> None:
        title = "The course cannot be read"
        text = f"<!doctype html><title>{title}</title><main><h1>{title}</h1><p>{html.escape(self._fault)}</p></main>{self._tag()}"
        await _answer(send, 200, "text/html", text)

    def _tag(self) -> str:
        return f'<script type="module" src="{SCRIPT}?version={self.version}"></script>'

    def _with_script(self, send: Any) -> Any:
        start: Message | None = None

        async def sending(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_page(message):
                start = message  # its length is known when the page is
                return
            if start is not None and message["type"] == "http.response.body":
                body = message.get("body", b"").replace(b"</body>", self._tag().encode() + b"</body>")
                headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
                await send({**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
                message, start = {**message, "body": body}, None
            await send(message)

        return sending


def _is_content(path: str) -> bool:
    """Whether a file is the author's: not what is made from the course, nor an editor's own."""
    name = Path(path).name
    return not {".made", "__pycache__", ".git"} & {*Path(path).parts} and not name.startswith(".") and not name.endswith(("~", ".txt"))


def _is_page(start: Message) -> bool:
    return bool(dict(start["headers"]).get(b"content-type", b"").startswith(b"text/html"))


def _uncompressed(scope: Message) -> Message:
    """The request, asking for plain text: a page takes one line more before it goes out."""
    headers = scope.get("headers", [])
    return {**scope, "headers": [pair for pair in headers if pair[0] != b"accept-encoding"]}


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _answer(send: Any, status: int, kind: str, text: str) -> None:
    body = text.encode()
    headers = [
        (b"content-type", f"{kind}; charset=utf-8".encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
