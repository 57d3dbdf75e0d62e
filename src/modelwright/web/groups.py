"""The pages' way to what is installed when it is needed: a form that begins it, and a piece of page that shows how far it is."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from modelwright.studio import Studio
from modelwright.studio import views as v
from modelwright.web.api import PROBLEMS, give
from modelwright.web.pages import back, own_path, partial
from modelwright.web.render import Renderer

Path = Annotated[str, Query(max_length=200)]


def router(studio: Studio, look: Renderer) -> APIRouter:
    pages = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    @pages.post("/groups")
    def begin(
        request: Request,
        group: Annotated[list[Annotated[str, Form(max_length=100)]], Form(max_length=50)],
        then: Annotated[str, Form(max_length=200)] = "/",
    ) -> Response:
        preparation = studio.prepare(group)
        if partial(request):
            return look.fragment("_preparing.html", preparation=preparation, then=own_path(then))
        return back(f"/groups?then={quote(own_path(then))}")

    @pages.get("/groups")
    def groups(request: Request, then: Path = "/groups") -> Response:
        preparation = studio.preparation()
        if partial(request):
            return look.fragment("_preparing.html", preparation=preparation, then=own_path(then))
        return look.page(request, "groups.html", groups=studio.groups(), preparation=preparation, then=own_path(then))

    return pages


def api(studio: Studio) -> APIRouter:
    routes = APIRouter(prefix="/api", tags=["studio"], responses=PROBLEMS)

    @routes.get("/groups", response_model=list[v.GroupView])
    def groups() -> Response:
        """The groups of packages that something may need, and what of them is here. `modelwright prepare` installs them."""
        return give(studio.groups())

    return routes
