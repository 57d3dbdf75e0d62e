"""Puts the server together: the pages, the API, the built files, the edge, and errors in the same look as everything else."""

from __future__ import annotations

import logging
import mimetypes
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from modelwright.errors import ModelwrightError
from modelwright.studio import NotEnrolled, Studio, Unknown
from modelwright.studio.errors import Busy, HomeError, NotYet
from modelwright.web import api, arena, blocks, groups, memory, outlook, pages, palette, placement
from modelwright.web.assets import DIST, WEB, Manifest
from modelwright.web.edge import Edge, header_text
from modelwright.web.render import Renderer
from modelwright.workshop.workshop import Changed

log = logging.getLogger("modelwright.web")
FOREVER = "public, max-age=31536000, immutable"


def build(studio: Studio) -> FastAPI:
    from modelwright import __version__

    renderer = Renderer(studio, Manifest.read())
    app = FastAPI(
        title="Modelwright",
        version=__version__,
        description="The studio as JSON: what there is to learn, what was done, what is next. One learner, on this machine.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        swagger_ui_oauth2_redirect_url=None,
    )
    app.add_middleware(Edge)
    app.include_router(api.router(studio))
    app.include_router(pages.router(studio, renderer))
    app.include_router(blocks.api(studio))
    app.include_router(blocks.router(studio, renderer))
    app.include_router(palette.router(studio, renderer))
    app.include_router(placement.router(studio, renderer))
    app.include_router(groups.api(studio))
    app.include_router(groups.router(studio, renderer))
    app.include_router(memory.api(studio))
    app.include_router(memory.router(studio, renderer))
    app.include_router(arena.api(studio))
    app.include_router(arena.router(studio, renderer))
    app.include_router(outlook.api(studio))
    app.include_router(outlook.router(studio, renderer))
    _serve_files(app)
    _speak_of_errors(app, renderer)
    return app


def _serve_files(app: FastAPI) -> None:
    """The built files, read once, in the smallest form that the browser takes; their names hold their hash, so they never go stale."""
    files = {path.name: path.read_bytes() for path in DIST.iterdir() if path.is_file()}
    mark = (WEB / "static" / "mark.svg").read_bytes()

    @app.get("/static/{name}", include_in_schema=False)
    async def static(name: str, request: Request) -> Response:
        if name not in files or name.endswith((".br", ".gz", ".json")):
            raise HTTPException(404)
        accepts = request.headers.get("accept-encoding", "")
        headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
        kind = "font/woff2" if name.endswith(".woff2") else mimetypes.guess_type(name)[0] or "application/octet-stream"
        for encoding, suffix in (("br", ".br"), ("gzip", ".gz")):
            if encoding in accepts and name + suffix in files:
                return Response(files[name + suffix], media_type=kind, headers={**headers, "Content-Encoding": encoding})
        return Response(files[name], media_type=kind, headers=headers)

    @app.get("/mark.svg", include_in_schema=False)
    @app.get("/favicon.ico", include_in_schema=False)
    async def icon() -> Response:
        return Response(mark, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})


STATUS_OF: tuple[tuple[type[Exception], int], ...] = (
    (Unknown, 404),
    (NotEnrolled, 409),
    (NotYet, 409),
    (Busy, 409),
    (Changed, 409),
    (HomeError, 507),
)


def status_of(error: Exception) -> int:
    """What kind of refusal an error is: 507 where the disk or the folder refuses, else 422: the request cannot be done as it stands."""
    return next((status for kind, status in STATUS_OF if isinstance(error, kind)), 422)


def wants_json(request: Request) -> bool:
    """Whether a program asks, which reads its answer as JSON, and not a page."""
    path = request.url.path
    return path.startswith("/api") or path.endswith("/save") or "application/json" in request.headers.get("accept", "")


def _speak_of_errors(app: FastAPI, renderer: Renderer) -> None:
    def answer(request: Request, status: int, text: str, nearest: tuple[str, ...] = (), kind: str = "") -> Response:
        headers = {"X-Problem": header_text(text)}
        if wants_json(request):
            body: dict[str, Any] = {"detail": text}
            if nearest:
                body["nearest"] = list(nearest)
            return JSONResponse(body, status, headers)
        if request.headers.get("hx-request"):
            return Response(text, status, headers, media_type="text/plain")
        return renderer.error(request, status, text, nearest, kind)

    @app.exception_handler(ModelwrightError)
    def refused(request: Request, error: ModelwrightError) -> Response:
        if isinstance(error, NotEnrolled) and not wants_json(request):
            if request.headers.get("hx-request"):  # a piece of a page: the whole page goes there
                return Response(status_code=204, headers={"HX-Redirect": "/enrol"})
            return Response(status_code=303, headers={"Location": "/enrol"})
        nearest = tuple(error.nearest) if isinstance(error, Unknown) else ()
        return answer(request, status_of(error), str(error), nearest, error.kind if isinstance(error, Unknown) else "")

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        text = str(error.detail)
        if error.status_code == 404 and text == HTTPStatus(404).phrase:
            text = f"There is no page at {request.url.path}."
        response = answer(request, error.status_code, text)
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> Response:
        said = [f"{'.'.join(str(part) for part in one['loc'][1:]) or one['loc'][0]}: {one['msg']}" for one in error.errors()]
        return answer(request, 422, "; ".join(said)[:1000])

    @app.exception_handler(ClientDisconnect)
    def gone(request: Request, error: ClientDisconnect) -> Response:
        """Nobody is there to hear it; nothing broke."""
        return answer(request, 400, "The request did not come to its end.")

    @app.exception_handler(Exception)
    def broken(request: Request, error: Exception) -> Response:
        log.exception("%s %s failed", request.method, request.url.path)
        text = (
            f"Something in the studio broke: {type(error).__name__}. Nothing that was recorded is lost; "
            "the terminal that runs the studio shows where it happened."
        )
        return answer(request, 500, text)
