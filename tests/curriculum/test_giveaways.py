"""A question cannot be answered by its looks: single marks, and a classifier that sees nothing but the choices."""

import random

import pytest

from modelwright.curriculum import load
from modelwright.curriculum.giveaways import cues, guessed
from modelwright.curriculum.models import Choice, Item
from modelwright.learner.exams import GUESSED


def item(right: str, *wrong: str, id: str = "q", kind: str = "choose") -> Item:
    choices = (Choice(text=right, right=True), *(Choice(text=text, shows="A slip.") for text in wrong))
    return Item(id=id, skill="statistics/mean", kind=kind, ask="Which?", choices=choices, why="It is so.")


def marks(question: Item) -> list[str]:
    return [cue.mark for cue in cues(question)]


def test_a_right_choice_that_is_longest_by_far_is_a_cue():
    assert marks(item("The mean of the squares less the square of the mean", "The mean", "The median", "The mode")) == ["length"]


def test_a_semicolon_or_a_number_that_only_the_right_choice_has_is_a_cue():
    assert marks(item("It grows; it stays", "It grows, then falls", "It falls and stays", "It falls to the end")) == ["semicolons"]
    assert marks(item("It falls by 3", "It falls a lot", "It rises a bit", "It stays put")) == ["a number at all"]


def test_a_mark_that_a_wrong_choice_shares_is_no_cue():
    assert marks(item("It grows; it stays", "It falls; it stays", "It falls and grows", "It stays as it is")) == []


def bank(style: bool) -> dict[str, list[Item]]:
    """Three modules of forty questions of random words; with `style`, the right choice is written as one author writes it."""
    draw = random.Random(0)
    words = ["mean", "sum", "square", "rate", "loss", "step", "batch", "layer", "weight", "token"]
    modules = {}
    for module in ("one", "two", "three"):
        questions = []
        for n in range(40):
            right, *wrong = (" ".join(draw.choices(words, k=4)) for _ in range(4))
            questions.append(item(right + (" and not so" if style else ""), *wrong, id=f"{module}-{n}"))
        modules[module] = questions
    return modules


def test_a_classifier_finds_an_authors_habit_and_nothing_where_there_is_none():
    habit, none = guessed(bank(style=True))[-1], guessed(bank(style=False))[-1]
    assert habit.asked == none.asked == 120
    assert habit.share > 0.9
    assert none.share < 0.4
    assert len(habit.items) == habit.right


def test_one_module_alone_is_not_measured():
    assert guessed({"one": bank(style=True)["one"]}) == []


def test_what_placement_takes_for_guessing_is_what_the_shipped_bank_gives_away():
    measured = {one.kind: one.share for one in guessed({module.id: module.items for module in load().modules.values()})}
    assert GUESSED.keys() == measured.keys() - {"all"}
    for kind, share in GUESSED.items():
        assert share == pytest.approx(measured[kind], abs=0.03), f"{kind}: write {measured[kind]:.3f} into exams.GUESSED"
