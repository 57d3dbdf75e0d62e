"""Placement and exams in the terminal, driven through a pipe."""

from __future__ import annotations

import json
import re


def test_placement_asks_judges_and_says_what_the_plan_makes_of_it(enrolled) -> None:
    question = json.loads(enrolled("place", "--json").out)["question"]
    first = 2 * int(re.search(r"(\d+)\$", question["ask"])[1])
    ran = enrolled("place", input=f"{first} +\n{first}\ns\n")
    assert ran.code == 0, ran.err
    assert "Doubling" in ran.out
    assert "? " in ran.out  # the half-written formula was not held against anyone
    assert "1 of 1 right." in ran.out
    assert re.search(r"1 more skill count|2 more skills count", ran.out)
    assert "Next:" in ran.out


def test_a_placement_whose_input_ends_is_kept_and_goes_on(enrolled) -> None:
    assert "goes on from here" in enrolled("place", input="1\n").out
    assert json.loads(enrolled("place", "--json").out)["asked"] == 1


def test_an_exam_counts_its_questions_and_says_what_was_missed(enrolled) -> None:
    ran = enrolled("exam", "tiny-maths", input="\n\n\n")
    assert ran.code == 0, ran.err
    assert "1 of 2" in ran.out
    assert "0 of 2 right; 2 were needed" in ran.out
    assert "tiny-maths/doubling" in ran.out


def test_an_exam_of_a_module_that_does_not_exist_names_the_nearest(enrolled) -> None:
    ran = enrolled("exam", "tinny-maths")
    assert ran.code == 1
    assert "Did you mean tiny-maths?" in ran.err


def test_a_chapter_that_was_read_offers_its_check_which_asks_and_says_what_was_missed(enrolled) -> None:
    said = enrolled("read", "small-numbers", "1").out
    assert "--check" in said
    ran = enrolled("read", "small-numbers", "1", "--check", input="\n")
    assert ran.code == 0, ran.err
    assert "1 of 1" in ran.out
    assert "0 of 1 right." in ran.out
    assert "tiny-maths/doubling" in ran.out
    assert "CHAPTER" in enrolled("read", "small-numbers", "--check").err
