"""Whatever the journal's bounds let in, every page, the API and the terminal's views are still there."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import HealthCheck, Phase, given, settings

import tiny_curriculum as tiny
from anything import events
from modelwright.cli import screen
from modelwright.journal.events import Event
from modelwright.studio import Studio
from modelwright.web import create_app
from serving import HERE

MODULE, SKILL = "tiny-maths", "tiny-maths/weights"
IDS = [MODULE, SKILL, tiny.LAB, tiny.LESSON, tiny.PROBLEM, tiny.BOOK, f"{tiny.BOOK}#1", "tiny-maths/twice", "tiny-maths/small-numbers#2"]
NOW = 1_790_000_000_000
PAGES = (
    "/", "/plan", "/skills", "/skills/table", f"/skill/{SKILL}", f"/module/{MODULE}", f"/module/{MODULE}/resources", "/library", f"/resource/{tiny.BOOK}",
    "/workshop", f"/lesson/{tiny.LESSON}", f"/problem/{tiny.PROBLEM}", "/review", f"/lab/{tiny.LAB}", f"/lab/{tiny.LAB}/state", "/placement", "/known",
    "/anki", "/forecast", "/settings", "/api/status", "/api/today", "/api/forecast", "/api/plan", f"/api/skills/{SKILL}", f"/api/labs/{tiny.LAB}",
)  # fmt: skip


@settings(max_examples=10, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate), suppress_health_check=list(HealthCheck))
@given(history=events(IDS))
def test_every_page_answers_whatever_the_bounds_let_in(tiny: Path, tmp_path_factory: Any, history: list[Event]) -> None:
    from fastapi.testclient import TestClient

    with Studio.open(tmp_path_factory.mktemp("any") / "home", tiny, now=lambda: NOW) as studio:
        studio.enrol("Ada", 7)
        studio.journal.import_(io.BytesIO(b"\n".join(msgspec.json.encode(event) for event in history)))
        client = TestClient(create_app(studio), base_url=HERE, raise_server_exceptions=True)
        for page in PAGES:
            answer = client.get(page)
            assert answer.status_code < 500, (page, answer.text)
        for view in (studio.today(30), studio.plan(), studio.forecast(), studio.status(), studio.knowing(), studio.next()):
            assert screen.as_json(view)
        assert studio._ledger.aside == {}
