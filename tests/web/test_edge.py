"""Who may speak to the studio, and what every answer says: asked over plain HTTP, as another program or another site would."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny_curriculum
from modelwright.loopback import refusal
from modelwright.studio import Studio
from modelwright.web import create_app
from serving import HERE

LAB, LESSON, PROBLEM = tiny_curriculum.LAB, tiny_curriculum.LESSON, tiny_curriculum.PROBLEM


@pytest.fixture(scope="module")
def studio(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """One for all these questions: none depends on what another has left."""
    with Studio.open(tmp_path_factory.mktemp("home"), tiny) as opened:
        opened.enrol("Ada", 7)
        yield opened


@pytest.fixture(scope="module")
def client(studio: Studio) -> Any:
    from fastapi.testclient import TestClient

    return TestClient(create_app(studio), base_url=HERE, raise_server_exceptions=False)


PAGES = ["/", "/plan", "/skills", f"/lesson/{LESSON}", f"/lab/{LAB}", "/review", "/settings", "/library", "/nowhere"]


@pytest.mark.parametrize("host", ["evil.example", "192.168.1.7:8765", "127.0.0.1.evil.example", "localhost.evil.example:8765", ""])
def test_a_foreign_host_is_refused_in_a_sentence(client: Any, host: str) -> None:
    answer = client.get("/", headers={"Host": host})
    assert answer.status_code == 403
    assert "127.0.0.1 and localhost only" in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:1234", "[::1]:8765"])
def test_every_name_of_this_machine_is_answered(client: Any, host: str) -> None:
    assert client.get("/api/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:9999", "http://localhost:8765", "file://"])
def test_a_foreign_origin_can_neither_post_nor_read(client: Any, studio: Studio, origin: str) -> None:
    before = studio.journal.last_seq()
    body = {"target": "tiny-maths", "text": "owned"}
    assert client.post("/note", data=body, headers={"Origin": origin}).status_code == 403
    assert client.post("/api/notes", json=body, headers={"Origin": origin}).status_code == 403
    assert client.get("/api/status", headers={"Origin": origin}).status_code == 403
    assert studio.journal.last_seq() == before


def test_a_request_that_a_browser_marks_as_cross_site_is_refused_but_a_followed_link_is_not(client: Any) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert client.get("/plan", headers=foreign).status_code == 403
    assert client.get("/plan", headers=followed).status_code == 200
    assert client.post("/note", data={"target": "tiny-maths"}, headers=followed).status_code == 403


def test_the_own_pages_may_post(client: Any, studio: Studio) -> None:
    headers = {"Origin": "http://127.0.0.1:8765", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/api/notes", json={"target": "tiny-maths", "text": "mine"}, headers=headers).status_code == 200


@given(host=st.text(max_size=60), origin=st.none() | st.text(max_size=60))
def test_whatever_the_headers_only_loopback_names_pass(host: str, origin: str | None) -> None:
    headers = {b"host": host.encode("latin-1", "replace")}
    if origin is not None:
        headers[b"origin"] = origin.encode("latin-1", "replace")
    if refusal("POST", headers) is None:
        assert re.fullmatch(r"(?i)(127\.0\.0\.1|localhost|\[::1\])(:[0-9]*)?", host)
        assert origin is None or host.lower() in origin.lower()


@pytest.mark.parametrize("path", PAGES)
def test_every_page_forbids_what_it_does_not_need(client: Any, path: str) -> None:
    answer = client.get(path)
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_a_script_a_style_or_a_handler_inside_it(client: Any, path: str) -> None:
    text = client.get(path).text
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
    assert not re.search(r"""(?:src|<link[^>]*href)=["'](?:https?:)?//""", text)


def test_reading_every_page_records_nothing(client: Any, studio: Studio) -> None:
    client.get(f"/lab/{LAB}")
    before = studio.journal.last_seq()
    for path in [*PAGES, f"/problem/{PROBLEM}", f"/lab/{LAB}/diff", f"/problem/{PROBLEM}/read?text=2x", "/why?target=tiny-maths"]:
        client.get(path)
    assert studio.journal.last_seq() == before


def test_a_body_too_large_is_refused(client: Any) -> None:
    path, body = f"/lab/{LAB}/save", b'{"text": "' + b"x" * 5_000_000 + b'"}'
    pieces = lambda: (body[i : i + 500_000] for i in range(0, len(body), 500_000))
    for answer in (client.post(path, content=body), client.post(path, content=pieces())):
        assert answer.status_code == 413
        assert "4 MB" in answer.text


@pytest.mark.parametrize("length", ["-1", "many", "1e3", "9" * 400])
def test_a_length_that_is_none_is_refused(client: Any, length: str) -> None:
    answer = client.post(f"/lab/{LAB}/save", content=b"{}", headers={"Content-Length": length})
    assert answer.status_code == 413


def test_text_from_a_learner_is_never_markup(client: Any, studio: Studio) -> None:
    evil = '<img src=x onerror="alert(1)"><script>alert(1)</script>'
    studio.note("tiny-maths", evil)
    studio.finish_lesson(LESSON, 10, [evil, "{{ 7 * 7 }}"])
    studio.save(LAB, "</textarea><script>alert(1)</script>")
    for path in (
        "/module/tiny-maths",
        "/library",
        f"/lesson/{LESSON}",
        "/settings",
        f"/lab/{LAB}",
        "/find?q=" + evil,
        "/why?target=" + evil,
    ):
        text = client.get(path).text
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path
