"""On a lab's page the cases of one check are one row that opens, each in words; code in a sentence is code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tiny_curriculum
from modelwright.studio import Studio
from modelwright.web import create_app
from serving import HERE
from tiny_curriculum import LAB

CHECKS = '''
import numpy as np
import pytest


@pytest.mark.parametrize("size", [1, 2, 1000], ids=["a small logit", "a larger one", "one that overflows"])
def test_equal_logits_share_the_weight(learner, size):
    """Two equal logits have a half each."""
    np.testing.assert_allclose(learner.softmax(np.full((1, 2), float(size))), [[0.5, 0.5]])


def test_rows_sum_to_one(learner, rng):
    np.testing.assert_allclose(learner.softmax(rng.normal(size=(4, 5))).sum(-1), np.ones(4), rtol=1e-6)


def test_text_is_refused(learner):
    with pytest.raises(TypeError):
        learner.softmax("ab")
'''


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from fastapi.testclient import TestClient

    folder = tiny_curriculum.build(tmp_path_factory.mktemp("cases") / "curriculum")
    lab: Path = folder / "1-foundation" / "tiny-maths" / "labs" / "softmax"
    (lab / "checks.py").write_text(CHECKS)
    with Studio.open(tmp_path_factory.mktemp("cases") / "home", folder) as studio:
        studio.enrol("Ada", 7)
        yield TestClient(create_app(studio), base_url=HERE, raise_server_exceptions=False)


def test_the_cases_of_a_check_are_one_row_that_opens(client: Any) -> None:
    with client.stream("POST", f"/lab/{LAB}/run", json={"text": tiny_curriculum.WRONG}) as answer:
        events = "".join(answer.iter_text()).strip().split("\n\n")
    told = [(event.split("\n")[0], json.loads(event.split("data: ", 1)[1])) for event in events]
    assert [data["id"] for kind, data in told if kind == "event: check"] == ["check-0", "check-0", "check-0", "check-1", "check-2"]
    page = client.get(f"/lab/{LAB}").text
    assert page.count("Equal logits share the weight") == 1
    assert "2 of 3 cases" in page
    for case in ("a small logit", "a larger one", "one that overflows"):
        assert case in page
    assert "[a small" not in page
    assert page.count('id="check-') == 3


def test_code_in_a_sentence_is_code(client: Any) -> None:
    with client.stream("POST", f"/lab/{LAB}/run", json={"text": tiny_curriculum.STARTER}) as answer:
        answer.read()
    page = client.get(f"/lab/{LAB}").text
    assert "<code>softmax</code> is not written yet" in page
    assert "`softmax`" not in page
