"""The pages and the JSON API: the studio as a browser sees it. No decision lives here; every handler calls one studio method.

from modelwright.web import create_app
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI

    from modelwright.studio import Studio


def create_app(studio: Studio) -> FastAPI:
    """The application to serve on a loopback address. FastAPI is imported here and not before: the terminal does not need it."""
    from modelwright.web.app import build

    return build(studio)


__all__ = ["create_app"]
