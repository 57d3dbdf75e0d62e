"""Every page and every answer of the API on the shipped curriculum, on three homes: each is there, or says in a sentence why not.

The routes are read off the app itself, so one that is added tomorrow is asked too; a parameter that the curriculum does not fill must be
named in `OTHERS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modelwright.curriculum import Curriculum
from modelwright.curriculum.lesson_blocks import Explore, Faded, of_kind
from modelwright.studio import Studio
from modelwright.web import assets, create_app
from serving import HERE
from shipped_homes import HOMES

# What fills a path's parameters, by the path's first word: ids of this kind.
KINDS = {
    "lesson": "lessons", "lessons": "lessons", "lab": "labs", "labs": "labs", "problem": "problems", "problems": "problems",
    "skill": "skills", "skills": "skills", "module": "modules", "modules": "modules", "resource": "resources", "exam": "modules",
    "exams": "modules", "arena": "competitions", "competitions": "competitions",
}  # fmt: skip
# What a route must be asked besides, and the routes that no kind fills.
QUERIES = {
    "/why": "?target=deep-learning/adam",
    "/api/why-not": "?target=deep-learning/adam",
    "/api/search": "?q=eigen",
    "/find": "?q=eigen",
    "/problems": "?of=linear-algebra/dot-product-angle",
    "/problems/read": "?of=linear-algebra/dot-product-angle&text=2x",
    "/api/problems": "?of=linear-algebra/dot-product-angle",
}
OTHERS = {"/static/{name}": ("/static/no-such-file",)}
MOST = {"fresh": 3, "enrolled": 3, "lived-in": 8}  # ids of each kind
PYTHONS = re.compile(
    r"Traceback \(most|object at 0x|<(?!span|code|samp)\w+[^>]*>(None|nan)<"
)  # what a page shows where nobody thought of a case


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    assets.build()


def paths(routes: Any) -> Iterator[str]:
    for route in routes:
        if hasattr(route, "original_router"):
            yield from paths(route.original_router.routes)
        elif "GET" in (route.methods or ()):
            yield route.path


def filled(path: str, curriculum: Curriculum, most: int) -> list[str]:
    """The addresses of a route, made from the curriculum's ids."""
    if path in OTHERS:
        return list(OTHERS[path])
    if "{resource:path}/{number}" in path:
        chapters = [(r.id, c.number) for r in curriculum.resources.values() for c in r.chapters]
        return [path.replace("{resource:path}", id).replace("{number}", str(number)) for id, number in chapters[:most]]
    if path == "/api/chapters/check":
        book = next(r for r in curriculum.resources.values() if r.chapters)
        return [f"{path}?resource={book.id}&number={book.chapters[0].number}"]
    if "{" not in path:
        return [path + QUERIES.get(path, "")]
    if "/faded/" in path or "/frames/" in path:
        inside = [(lesson.id.split("/"), of_kind(lesson, Faded), of_kind(lesson, Explore)) for lesson in curriculum.lessons.values()]
        module, slug, hole = next((module, slug, holes[0].id) for (module, slug), holes, explores in inside if holes and explores)
        return [path.replace("{module}", module).replace("{slug}", slug).replace("{block}", hole).replace("{number}", "1")]
    kind = KINDS.get(path.removeprefix("/api").split("/")[1])
    assert kind, f"Nothing says how to fill {path}: give its first word a kind in KINDS."
    made = []
    for id in list(getattr(curriculum, kind))[:most]:
        module, _, slug = id.partition("/")
        query = "?seed=7" if path.endswith("/example") else ""
        made.append(path.replace("{resource:path}", id).replace("{id}", id).replace("{module}", module).replace("{slug}", slug) + query)
    return made


@pytest.mark.parametrize("home", HOMES, indirect=True)
def test_every_page_is_there_on_every_home(home: Path, curriculum: Curriculum, request: pytest.FixtureRequest) -> None:
    from fastapi.testclient import TestClient

    kind = request.node.callspec.params["home"]
    troubles = []
    asked = 0
    with Studio.open(home) as studio:
        app = create_app(studio)
        client = TestClient(app, base_url=HERE, raise_server_exceptions=False)
        before = studio.journal.last_seq()
        for path in paths(app.routes):
            for address in filled(path, curriculum, 3 if path.startswith("/api") else MOST[kind]):
                answer = client.get(address)
                asked += 1
                allowed = {200, 409} if kind == "fresh" else {200}
                if address.endswith(("no-such-file", "/ask")) or "/check" in address or "anki/" in address:
                    allowed = allowed | {404, 409}
                if answer.status_code not in allowed:
                    troubles.append(f"{address}: {answer.status_code} {answer.text[:200]}")
                elif answer.headers["content-type"].startswith("text/html") and PYTHONS.search(answer.text):
                    troubles.append(f"{address}: something of Python's stands on the page")
        assert studio.journal.last_seq() == before
    assert troubles == []
    assert asked > 60
