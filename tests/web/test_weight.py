"""What a page costs to fetch: whole on a first visit, and again later; and how the built files are served."""

from __future__ import annotations

import gzip
import re
import time
from typing import Any

import pytest

import tiny_curriculum
from modelwright.studio import Studio
from modelwright.web import assets, create_app

FIRST, LATER = 250_000, 20_000


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory, built: None) -> Any:
    """The pages over the whole curriculum, whose plan and map are the long ones."""
    from fastapi.testclient import TestClient

    with Studio.open(tmp_path_factory.mktemp("home")) as studio:
        studio.enrol("Ada", 7)
        yield studio, TestClient(create_app(studio), base_url="http://127.0.0.1:8765")


def sent(client: Any, path: str) -> tuple[int, str]:
    """Bytes on the wire with gzip, the lesser of the two encodings, and the text."""
    with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.status_code == 200, path
        raw = b"".join(answer.iter_raw())
    return len(raw), (gzip.decompress(raw) if answer.headers.get("content-encoding") == "gzip" else raw).decode()


def test_every_page_is_light(real: Any) -> None:
    """Every kind of page; of lessons and labs the longest ones."""
    studio, client = real
    c = studio.curriculum
    longest = lambda things, size: [thing.id for thing in sorted(things.values(), key=size)[-2:]]
    pages = [
        "/",
        "/plan",
        "/skills",
        "/skills/table",
        "/library",
        "/workshop",
        "/forecast",
        "/settings",
        "/review",
        "/module/linear-algebra",
    ]
    pages += [f"/skill/{next(iter(c.skills))}", *(f"/resource/{id}" for id in longest(c.resources, lambda r: len(r.chapters)))]
    pages += [f"/lesson/{id}" for id in longest(c.lessons, lambda lesson: len(lesson.text))]
    pages += [f"/lab/{id}" for id in longest(c.labs, lambda lab: (lab.folder / "README.md").stat().st_size)]
    pages += [f"/problem/{id}?seed=1" for id in list(c.problems)[:2]]
    fonts = sum(path.stat().st_size for path in assets.DIST.glob("*.woff2"))
    files: dict[str, int] = {}
    for path in pages:
        later, html = sent(client, path)
        linked = {url for url in re.findall(r'/static/[^"]+', html) if not url.endswith(".woff2")}
        for url in linked - files.keys():
            files[url] = sent(client, url)[0]
        first = later + fonts + sum(files[url] for url in linked)
        assert later < LATER, f"{path} sends {later:,} bytes"
        assert first < FIRST, f"{path} sends {first:,} bytes on a first visit"


def test_built_files_never_go_stale_and_come_compressed(client: Any) -> None:
    url = assets.Manifest.read().url("app.js")
    assert re.fullmatch(r"/static/app-[A-Z0-9]{8}\.js", url)
    answer = client.get(url, headers={"Accept-Encoding": "br, gzip"})
    assert answer.headers["content-encoding"] == "br"
    assert "immutable" in answer.headers["cache-control"]
    assert client.get(url, headers={"Accept-Encoding": "identity"}).headers.get("content-encoding") is None
    assert client.get("/static/manifest.json").status_code == 404
    assert client.get("/static/..%2f..%2fassets.py").status_code == 404


def test_an_unchanged_build_is_skipped_in_milliseconds() -> None:
    assets.build()
    fastest = 9.0
    for _ in range(5):
        begun = time.perf_counter()
        assert assets.build() is False
        fastest = min(fastest, time.perf_counter() - begun)
    assert fastest < 0.2


def test_a_missing_build_is_said_in_a_sentence(tmp_path: Any) -> None:
    with pytest.raises(assets.AssetError, match=r"python -m modelwright\.web\.assets"):
        assets.Manifest.read(tmp_path)


def test_the_editor_comes_on_the_lab_page_alone(client: Any) -> None:
    assert "editor-" in client.get(f"/lab/{tiny_curriculum.LAB}").text
    for path in ("/", "/plan", f"/lesson/{tiny_curriculum.LESSON}"):
        assert "editor-" not in client.get(path).text
