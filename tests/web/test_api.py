"""The JSON API: schemathesis finds no server error, and what a script would do works."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

import tiny_curriculum
from modelwright.studio import Studio
from modelwright.web import create_app

LAB, LESSON, PROBLEM, BOOK = tiny_curriculum.LAB, tiny_curriculum.LESSON, tiny_curriculum.PROBLEM, tiny_curriculum.BOOK


@pytest.fixture(scope="module")
def asked(tiny: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The API of one studio that all the generated requests share; grading is left out of it (it has its own tests, and takes seconds)."""
    with Studio.open(tmp_path_factory.mktemp("home"), tiny) as studio:
        studio.enrol("Ada", 7)
        yield schemathesis.openapi.from_asgi("/api/openapi.json", create_app(studio), headers={"Host": "127.0.0.1"})


schema = schemathesis.pytest.from_fixture("asked").exclude(path_regex="submit$")


@schema.parametrize()
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_no_request_makes_the_server_fail(case: Any) -> None:
    case.headers = {**(case.headers or {}), "Host": "127.0.0.1"}
    case.headers.pop("Origin", None)
    response = case.call()
    case.validate_response(response, checks=[schemathesis.checks.not_a_server_error])


def test_an_evening_by_script(client: Any) -> None:
    assert client.get("/api/next").json()["kind"] == "lesson"
    assert client.post(f"/api/lessons/{LESSON}/open").json()["title"] == "What doubling does"
    assert client.post(f"/api/lessons/{LESSON}/finish", json={"seconds": 240, "answers": ["14", "Doubling"]}).status_code == 200
    question = client.get(f"/api/problems/{PROBLEM}", params={"seed": 4}).json()
    number = int("".join(c for c in question["question"].split("cdot")[1] if c.isdigit()))
    said = client.post(f"/api/problems/{PROBLEM}/answer", json={"seed": 4, "text": str(2 * number), "seconds": 20}).json()
    assert said["right"] is True
    assert said["solution"]["steps"]
    sha = client.get(f"/api/labs/{LAB}").json()["sha"]
    assert client.put(f"/api/labs/{LAB}/file", json={"text": tiny_curriculum.SOLUTION, "sha": sha}).status_code == 200
    assert client.put(f"/api/labs/{LAB}/file", json={"text": "late", "sha": sha}).status_code == 409
    graded = client.post(f"/api/labs/{LAB}/submit", json={}).json()
    assert graded["verdict"]["status"] == "passed"
    assert graded["verdict"]["schema"] == 1
    card = client.get("/api/reviews").json()["cards"][0]
    assert client.post("/api/reviews", json={"card": card["id"], "rating": 3}).json()["done_today"] == 1
    status = client.get("/api/status").json()
    assert (status["labs_passed"], status["lessons_done"], status["problems_right"]) == (1, 1, 1)


def test_a_wrong_name_gets_the_nearest(client: Any) -> None:
    answer = client.get("/api/labs/tiny-maths/sofmax")
    assert answer.status_code == 404
    assert answer.json()["nearest"] == [LAB]


def test_a_misspelt_field_is_an_error_and_not_a_silent_loss(client: Any) -> None:
    answer = client.patch("/api/settings", json={"hours_per_weak": 9})
    assert answer.status_code == 422
    assert "hours_per_weak" in answer.json()["detail"]


def test_every_operation_is_described(client: Any) -> None:
    spec = client.get("/api/openapi.json").json()
    operations = [operation for path in spec["paths"].values() for operation in path.values()]
    assert len(operations) >= 30
    assert all("200" in operation["responses"] or "204" in operation["responses"] for operation in operations)
