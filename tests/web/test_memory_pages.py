"""What the program knows of its learner, on pages: an Anki file goes in and out, a fit is tried, a skill's curve is there for eye and ear."""

from __future__ import annotations

import contextlib
import io
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest

import tiny_curriculum
from anki_files import DAY, LEARN, packed, row
from modelwright.anki import card_number
from modelwright.journal import events as e
from modelwright.studio import Studio
from modelwright.web.edge import LARGEST_BODY, LARGEST_UPLOAD

LESSON, PROBLEM = tiny_curriculum.LESSON, tiny_curriculum.PROBLEM


def answered_in_anki(client: Any, studio: Studio, tmp_path: Path) -> bytes:
    """The package that the page gives, as it comes back from Anki with two answers to its first card."""
    package = client.get("/anki/cards.apkg?everything=1")
    assert package.headers["content-disposition"] == 'attachment; filename="modelwright.apkg"'
    with zipfile.ZipFile(io.BytesIO(package.content)) as archive:
        (tmp_path / "collection").write_bytes(archive.read("collection.anki2"))
    card, now = next(iter(studio.curriculum.cards)), studio.status().recent[0].at if studio.status().recent else 0
    assert now
    with contextlib.closing(sqlite3.connect(tmp_path / "collection")) as db, db:
        db.executemany(
            "INSERT INTO revlog VALUES(?,?,?,?,?,?,?,?,?)",
            [row(now - 3 * DAY, card_number(card), 3, LEARN), row(now - DAY, card_number(card), 2)],
        )
    return packed(tmp_path / "collection", tmp_path / "back.colpkg").read_bytes()


def test_cards_go_out_and_answers_come_back_once(client: Any, studio: Studio, tmp_path: Path) -> None:
    studio.open_lesson(LESSON)
    studio.finish_lesson(LESSON, 300, ["a", "b"])
    file = answered_in_anki(client, studio, tmp_path)
    said = client.post("/anki", files={"file": ("back <x>.colpkg", file)})
    assert said.status_code == 200
    assert "2 answers to 1 card of this program came in" in said.text
    assert "<x>" not in said.text
    again = client.post("/api/anki/import", files={"file": ("../../back.colpkg", file)}).json()
    assert (again["ours"], again["added"], again["file"]) == (2, 0, "back.colpkg")
    assert len([1 for _, event in studio.journal.of_kind(e.CardReviewed) if event.data.source == "anki"]) == 2
    assert client.get("/api/anki/export?everything=1").content[:2] == b"PK"


@pytest.mark.parametrize(("content", "said"), [(b"", "is empty"), (b"hello", "none of Anki"), (b"PK\x03\x04 broken", "damaged")])
def test_a_file_that_cannot_be_read_is_said_on_the_page_and_in_the_api(client: Any, content: bytes, said: str) -> None:
    page = client.post("/anki", files={"file": ("given.apkg", content)})
    assert page.status_code == 422
    assert said in page.text.replace("&#39;", "'")
    assert "given.apkg" in page.text
    answer = client.post("/api/anki/import", files={"file": ("given.apkg", content)})
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


def test_an_upload_may_be_larger_than_other_requests_but_not_without_limit(client: Any) -> None:
    assert LARGEST_UPLOAD > LARGEST_BODY
    large = client.post("/anki", files={"file": ("a.apkg", b"PK" + bytes(LARGEST_BODY))})
    assert large.status_code == 422
    refused = client.post("/anki", headers={"content-length": str(LARGEST_UPLOAD + 1)}, content=b"x")
    assert refused.status_code == 413
    elsewhere = client.post("/settings", headers={"content-length": str(LARGEST_BODY + 1)}, content=b"x")
    assert elsewhere.status_code == 413


def test_with_nothing_taught_the_download_says_so(client: Any) -> None:
    answer = client.get("/anki/cards.apkg")
    assert answer.status_code == 409
    assert "has been taught yet" in answer.text


def test_how_well_it_knows_one_is_told_with_few_answers_and_with_many(client: Any, studio: Studio) -> None:
    assert "There are no answers to judge by yet." in client.get("/known").text
    for n in range(32):
        problem = studio.problem(PROBLEM, n)
        number = int("".join(c for c in problem.question.split("cdot")[1] if c.isdigit()))
        studio.answer(PROBLEM, n, str(2 * number if n % 3 else 0), 20)
    page = client.get("/known").text
    assert "Of your 32 answers it expected" in page
    assert 'class="reliability"' in page
    assert "What was said against what came:" in page  # the picture in words
    assert client.get("/api/knowing").json()["calibration"]["answers"]["n"] == 32
    tried = client.post("/known/refit")
    assert "from 400 reviews on" in tried.text
    assert client.post("/api/refit").json()["tried"] is False
    for path in ("/", "/settings"):
        assert 'href="/known"' in client.get(path).text


def test_a_skills_page_draws_its_memory_and_says_it_in_words(client: Any, studio: Studio) -> None:
    empty = client.get("/skill/tiny-maths/doubling").text
    assert "There is nothing to remember yet" in empty
    assert '<svg class="curve" viewBox="0 0 620' not in empty
    studio.open_lesson(LESSON)
    studio.finish_lesson(LESSON, 300, ["a", "b"])
    studio.answer(PROBLEM, 1, "0", 20)
    page = client.get("/skill/tiny-maths/doubling").text
    assert "The chance of recalling this skill, over time." in page
    assert "when it comes due" in page
    assert "not right" in page
    assert "What it unlocks" in page
    table = client.get("/skills/table").text
    assert '<th scope="col">Mastery</th><th scope="col">Recall today</th>' in table


def test_both_pages_are_reached_and_used_by_keys_alone(served: Any, page: Any, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    page.goto(served.url + "/settings")
    page.keyboard.press("h")
    expect(page.get_by_role("heading", level=1)).to_have_text("How well does this program know me?")
    page.keyboard.press("f")
    expect(page.get_by_role("status").first).to_contain_text("from 400 reviews on")
    page.goto(served.url + "/settings")
    page.keyboard.press("a")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cards in Anki")
    page.keyboard.press("u")
    expect(page.get_by_label("An export of Anki")).to_be_focused()
    (tmp_path / "log.csv").write_text("id,cid,ease\n1767290400000,7,3\n")
    page.get_by_label("An export of Anki").set_input_files(tmp_path / "log.csv")
    page.get_by_role("button", name="Bring it in").press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("1 answer was given to 1 other card.")
    with page.expect_download() as came:
        page.get_by_label("Also cards of what I have not been taught yet").check()
        page.locator("body").press("d")
    assert came.value.suggested_filename == "modelwright.apkg"
