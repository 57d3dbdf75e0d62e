"""The JSON API: schemathesis finds no server error, and what a script would do works."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings

import tiny_curriculum

LAB, LESSON, PROBLEM, BOOK = tiny_curriculum.LAB, tiny_curriculum.LESSON, tiny_curriculum.PROBLEM, tiny_curriculum.BOOK


def test_no_request_makes_the_server_fail(client: Any) -> None:
    """Generated requests to every operation. Grading is left out: it takes seconds a time and has its own tests."""
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", client.app, headers={"Host": "127.0.0.1"})
    operations = [result.ok() for result in schema.get_all_operations()]
    asked = 0
    for operation in operations:
        if operation.path.endswith("/submit"):
            continue

        @settings(max_examples=8, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            nonlocal asked
            response = case.call(headers={"Host": "127.0.0.1"})
            assert response.status_code < 500, (case.formatted_path, response.text[:300])
            asked += response.status_code < 400

        ask()
    assert asked > 40  # a good part of them were requests that the API could answer


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
