"""Judging an answer: what counts as the same, and what a wrong one shows."""

import pytest
import sympy as sp

from modelwright.curriculum.exercises import Exercise, judge

x = sp.Symbol("x")


def exercise(answer, **misconceptions):
    wrong = {sp.sympify(key[1:].replace("_", "/")): text for key, text in misconceptions.items()}
    return Exercise("m/p", 0, "?", answer, ("step",), wrong)


@pytest.mark.parametrize("text", ["1/2", "0.5", ".50", "2/4", "sin(pi/6)", "50%", "x = 1/2", "2^-1"])
def test_one_half_has_many_names(text):
    assert judge(exercise(sp.Rational(1, 2)), text).right


@pytest.mark.parametrize(
    ("text", "right"), [("0.333", True), ("0.3333", True), ("0.33", False), ("0.334", False), ("1/3", True), ("0.3", False)]
)
def test_a_decimal_counts_to_the_digits_it_gives(text, right):
    assert judge(exercise(sp.Rational(1, 3)), text).right is right


def test_a_whole_number_is_not_met_by_rounding():
    assert not judge(exercise(sp.Integer(3)), "3.001").right


@pytest.mark.parametrize("text", ["x^2 - 1", "(x-1)(x+1)", "(x+1)(x-1)", "-1 + x*x"])
def test_an_expression_may_be_written_in_any_form(text):
    assert judge(exercise(x**2 - 1), text).right


def test_formulas_that_differ_are_told_apart():
    assert not judge(exercise(x**2 - 1), "x^2 - 1.0001").right
    assert not judge(exercise(sp.log(x)), "log(x) + 1e-9").right


def test_a_row_answers_for_a_column_and_a_wrong_shape_is_named():
    column = sp.ImmutableMatrix([1, 2, 3])
    assert judge(exercise(column), "(1, 2, 3)").right
    assert "3 by 1" in judge(exercise(column), "[[1, 2], [3, 4]]").message
    assert "2 parts" in judge(exercise((sp.Integer(1), sp.Integer(2))), "1").message


def test_a_known_misconception_is_named():
    verdict = judge(exercise(sp.Integer(8), _64="That is the variance."), "64")
    assert verdict.right is False
    assert verdict.misconception == "That is the variance."


def test_a_lost_sign_is_pointed_at():
    assert "sign" in judge(exercise(sp.Integer(7)), "-7").message


def test_an_answer_that_cannot_be_read_is_not_held_against_the_learner():
    verdict = judge(exercise(sp.Integer(7)), "seven!")
    assert verdict.right is None
    assert verdict.message


def test_a_choice_is_judged_by_its_words():
    choice = Exercise("m/p", 0, "?", "grows", ("s",), {"shrinks": "It is the other way round."}, ("grows", "shrinks"))
    assert judge(choice, " Grows. ").right
    assert judge(choice, "shrinks").misconception == "It is the other way round."
