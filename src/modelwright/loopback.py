"""Who may speak to a server of this program, and how much: shared by the studio and the forge.

They listen on loopback, and loopback is not private: any page in any tab can send it requests. So a foreign `Host` is refused (a rebound
DNS name cannot reach what is here), a foreign `Origin` is refused (no other site can post), and whatever a browser marks as coming from
another site is refused unless it is a person following a link. There is no cookie that grants anything, so there is nothing for a request
to borrow.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import urlsplit

NAMES = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d*)?", re.IGNORECASE)
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


def refusal(method: str, headers: Mapping[bytes, bytes]) -> str | None:
    """Why a request may not come in, in one sentence, or None. headers: the names in lower case."""
    host = headers.get(b"host", b"").decode("latin-1")
    if NAMES.fullmatch(host) is None:
        return f"This server answers on 127.0.0.1 and localhost only, not as '{host[:80]}'."
    origin = headers.get(b"origin")
    if origin is not None:
        spoken = origin.decode("latin-1")
        if not spoken.startswith(("http://", "https://")) or _place(spoken) != host.lower():
            return f"Requests from other sites are refused; this one came from '{spoken[:80]}'."
    if headers.get(b"sec-fetch-site", b"none") in (b"cross-site", b"same-site"):
        followed = headers.get(b"sec-fetch-mode") == b"navigate" and headers.get(b"sec-fetch-dest") == b"document"
        if method not in SAFE or not followed:
            return "Requests from other sites are refused."
    return None


def _place(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:  # an address with half a bracket
        return ""


def too_large(most: int) -> str:
    """The sentence for a body of more than `most` bytes."""
    return f"That is more than {most // 1_000_000} MB, the most that is taken at once."


def fits(headers: Mapping[bytes, bytes], most: int) -> bool:
    """Whether the length that a request gives for its body is a number of bytes, and at most `most`; without one, none is known yet."""
    length = headers.get(b"content-length", b"0")
    return length.isdigit() and int(length[:20]) <= most


def limited(receive: Receive, most: int) -> Receive:
    """`receive`, which ends a body of more than `most` bytes with an HTTPException of 413: it came in chunks, and did not say how long it
    would be."""
    from starlette.exceptions import HTTPException

    taken = 0

    async def receiving() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > most:
            raise HTTPException(413, too_large(most))
        return message

    return receiving
