"""Answers as people type them: each is read, or told how to write it; none breaks the judge, none holds it up."""

import time

import pytest
import sympy as sp
from hypothesis import example, given, settings
from hypothesis import strategies as st

from modelwright.curriculum.errors import AnswerError
from modelwright.curriculum.exercises import Exercise, judge
from modelwright.curriculum.formula import parse

x, y, n = sp.symbols("x y n")
third = sp.Rational(1, 3)


def exercise(answer, **misconceptions):
    return Exercise("m/p", 0, "?", answer, ("step",), {sp.sympify(key[1:].replace("_", "/")): text for key, text in misconceptions.items()})


@pytest.mark.parametrize(
    ("key", "text", "right"),
    [
        (sp.Rational(7, 23), "33.3%", False),
        (sp.Rational(7, 23), "30.4%", True),
        (third, "30.0%", False),
        (third, "33.3%", True),
        (third, "33%", False),
        (third, "3.33e-1", True),
        (third, "3.33·10^-1", True),
        (third, "3.3e-1", False),
        (sp.Rational(1, 667), "1.00e-3", False),
        (sp.Rational(1, 667), "1.50e-3", True),
        (sp.Rational(1, 667), "0.00", False),
        (sp.Rational(37037, 3), "1.23e4", True),
        (sp.Rational(37037, 3), "1.24e4", False),
        (sp.Rational(1, 10**13), "0.0000000000002", False),
        (sp.Integer(0), "0.0000000000001", False),
        (sp.Integer(220000), "2.20e5", True),
        (sp.Integer(220001), "2.20e5", False),
        (sp.pi / 2, "3.14/2", True),
        (sp.sqrt(2), "1.41", True),
        (sp.sqrt(2), "1.4142136", True),
        (sp.sqrt(2), "1.42", False),
        (sp.log(sp.Rational(17, 7)), "0.5!", False),
        ((third, sp.Integer(2)), "(0.333, 2)", True),
        ((third, sp.Integer(2)), "(0.333, 2.001)", False),
        (sp.Float(0.1) + sp.Float(0.2), "0.3", True),
    ],
)
def test_rounding_counts_at_the_scale_of_the_number(key, text, right):
    assert judge(exercise(key), text).right is right


def test_a_percentage_that_shows_a_misconception_is_told_so():
    assert judge(exercise(sp.Rational(7, 23), _1_3="You took equal shares."), "33.3%").misconception == "You took equal shares."


@pytest.mark.parametrize(
    ("key", "text", "right"),
    [
        (sp.Integer(220000), "220,000", True),
        (sp.Integer(220000), "220 000", True),
        (sp.Integer(220000), "220\u202f000", True),
        (sp.Integer(220000), "220'000", True),
        (sp.Integer(220000), "220_000", True),
        (sp.Integer(220000), "221,000", False),
        (sp.Integer(1234567), "1,234,567", True),
        (sp.Rational(123456, 100), "1,234.56", True),
        ((sp.Integer(220), sp.Integer(0)), "220,000", True),
        ((sp.Integer(1000), sp.Integer(2)), "1,000, 2", True),
        ((sp.Integer(1000), sp.Integer(2000)), "(1,000, 2,000)", True),
        (sp.ImmutableMatrix([[1000, 2], [3, 4]]), "[[1,000, 2], [3, 4]]", True),
        (sp.Rational(1234, 1000), "1,234", None),
        (third, "0,333", None),
        (sp.Rational(7, 2), "3,5", None),
        (sp.Rational(20001, 20), "1.000,05", None),
        (sp.Rational(7, 2), "(3, 5)", False),
        (2 * sp.E - 1, "2e-1", None),
    ],
)
def test_a_comma_between_digits_is_what_the_question_makes_of_it(key, text, right):
    judgement = judge(exercise(key), text)
    assert judgement.right is right
    assert right is not None or "write" in judgement.message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ln x", sp.log(x)),
        ("sqrt 2", sp.sqrt(2)),
        ("ln 17 - ln 7", sp.log(17) - sp.log(7)),
        ("2 ln 3", 2 * sp.log(3)),
        ("sin x cos x", sp.sin(x) * sp.cos(x)),
        ("sin^2(x) + cos²x", sp.sin(x) ** 2 + sp.cos(x) ** 2),
        ("log_2(8)", sp.Integer(3)),
        ("log₂(8)", sp.Integer(3)),
        ("log10(100)", sp.Integer(2)),
        ("2 1/2", sp.Rational(5, 2)),
        ("2½", sp.Rational(5, 2)),
        ("-2 ½", sp.Rational(-5, 2)),
        ("⅔", sp.Rational(2, 3)),
        ("x⁻¹", 1 / x),
        ("10⁻³", sp.Rational(1, 1000)),
        ("1.2·10^3", sp.Integer(1200)),
        ("1.2 x 10^3", sp.Integer(1200)),
        ("1e-3", sp.Rational(1, 1000)),
        ("6 ÷ 4", sp.Rational(3, 2)),
        ("7⁄23", sp.Rational(7, 23)),
        ("5!", sp.Integer(120)),
        ("||x|-1|", sp.Abs(sp.Abs(x) - 1)),
        ("|x||y|", sp.Abs(x) * sp.Abs(y)),
        ("2|x|", 2 * sp.Abs(x)),
        ("e^-x", sp.exp(-x)),
        ("exp x", sp.exp(x)),
        ("2πx", 2 * sp.pi * x),
        ("π/2", sp.pi / 2),
        ("-∞", -sp.oo),
        ("-x^2", -(x**2)),
        ("2^3^2", sp.Integer(512)),
        ("1/2 x", x / 2),
        ("f(x) = 2x", 2 * x),
        ("≈ 3", sp.Integer(3)),
        ("３", sp.Integer(3)),
        ("[1 2; 3 4]", sp.ImmutableMatrix([[1, 2], [3, 4]])),
        ("1 2; 3 4", sp.ImmutableMatrix([[1, 2], [3, 4]])),
        ("[1, 2; 3, 4]", sp.ImmutableMatrix([[1, 2], [3, 4]])),
        ("((1, 2), (3, 4))", sp.ImmutableMatrix([[1, 2], [3, 4]])),
        ("(1, 2), (3, 4)", sp.ImmutableMatrix([[1, 2], [3, 4]])),
        ("1 2\n3 4", sp.ImmutableMatrix([[1, 2], [3, 4]])),
        ("np.array([[1, 2], [3, 4]])", sp.ImmutableMatrix([[1, 2], [3, 4]])),
        ("[1 -2]", (1, -2)),
        ("[1 2 3]", (1, 2, 3)),
        ("[1; 2; 3]", (1, 2, 3)),
        ("⟨1, 2⟩", (1, 2)),
        ("(1, 2)^T", sp.ImmutableMatrix([1, 2])),
        ("(5,)", (5,)),
    ],
)
def test_notation_of_every_hand_is_read(text, value):
    assert parse(text) == value


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("ln 17/7", "brackets"),
        ("ln 2x", "brackets"),
        ("√x^2", "brackets"),
        ("sin^-1(x)", "two ways"),
        ("1/2x", "two ways"),
        ("1/2(x+1)", "two ways"),
        ("lnx", "brackets"),
        ("sqrt2", "brackets"),
        ("±2", r"\(2, -2\)"),
        ("[0, 1)", "interval"),
        ("\\frac{1}{2}", "LaTeX"),
        ("x = 1, y = 2", "order"),
        ("1/2 = 0.5", "alone"),
        ("45°", "degrees"),
        ("3:4", "fraction"),
        ("x > 2", "inequality"),
        ("2 3", "beside"),
        ("(1, 2", "closed"),
        ("|x", "closed"),
        ("log(0)", "value"),
        ("0/0", "zero"),
        ("1/sin(0)", "zero"),
        ("tan(pi/2)", "value"),
        ("oo - oo", "value"),
        ("sin(oo)", "value"),
        ("max(i, 1)", "value"),
        ("exp(exp(exp(exp(9))))", "too large"),
        ("9^9^9", "Powers"),
        ("9!!", "!!"),
        ("1e99999", "too long"),
        ("1e300 * 1e300", "too large"),
        ("-" * 300 + "1", "deeply"),
        ("2^" * 120 + "1", "deeply"),
    ],
)
def test_what_is_not_read_is_told_how_to_write_it(text, hint):
    with pytest.raises(AnswerError, match=hint):
        parse(text)


def test_a_unit_is_not_held_against_the_learner():
    assert "without a unit" in judge(exercise(sp.Integer(5)), "5 cm").message


def test_letters_beside_each_other_are_a_product_where_they_can_be_nothing_else():
    assert judge(exercise(2 * x * y), "2xy").right


def test_a_greek_letter_and_an_index_may_be_written_as_signs_or_words():
    answer = sp.Symbol("lambda") * sp.Symbol("x_1")
    assert judge(exercise(answer), "λ x₁").right
    assert judge(exercise(answer), "lambda*x1").right


@pytest.mark.parametrize(
    ("key", "text", "right"),
    [
        (x, "|x|", False),
        (x, "sqrt(x^2)", False),
        (sp.Abs(x), "sqrt(x^2)", True),
        (x + y, "x + max(x, y)", False),
        (sp.log(x**2), "2 ln x", True),
        (sp.log(sp.Symbol("p", positive=True)), "ln p", True),
        (sp.binomial(n, 2), "n(n-1)/2", True),
        (sp.factorial(n), "n!", True),
        ((-1) ** sp.Symbol("k", integer=True), "cos(pi k)", True),
        (sp.exp(-x) / 10**13, "2e^(-x)/10^13", False),
        (1 / (1 + sp.exp(-x)), "e^x/(1 + e^x)", True),
        (x + 1, "(10^40 + x) - 10^40", False),
        (x, "x + 1e-30", False),
    ],
)
def test_formulas_are_one_only_where_they_are_one_everywhere(key, text, right):
    assert judge(exercise(key), text).right is right


ATOMS = st.sampled_from(["2", "9", "0", "0.5", "1e99", "x", "pi", "e", "i", "oo", "10^40", "1/3", "-7"])
NAMES = st.sampled_from(["sqrt", "exp", "ln", "sin", "tan", "asin", "tanh", "cosh", "abs", "factorial", "sign"])
FORMULAS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(NAMES, inner).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(inner, st.sampled_from("+-*/^"), inner).map(lambda t: f"({t[0]}){t[1]}({t[2]})"),
        st.tuples(st.sampled_from(["max", "min", "binomial", "log"]), inner, inner).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(FORMULAS)
@example("exp(exp(exp(exp(x))))")
@example("sin(oo)^2")
@example("factorial(factorial(9))")
@example("x^(x^(x^(x^400)))")
def test_no_formula_breaks_the_judge_or_holds_it_up(text):
    began = time.process_time()
    for key in (sp.Rational(7, 23), x**2 - 1):
        judgement = judge(exercise(key), text)
        assert judgement.message
    assert time.process_time() - began < 5


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="0123456789.,;+-*/^()[]{}|!%‰ xyepiln√π½²⁻∞±=°<'_", max_size=30))
def test_no_text_breaks_the_judge(text):
    for key in (sp.Rational(7, 23), (third, sp.Integer(2)), x**2 - 1, sp.ImmutableMatrix([[1, 2], [3, 4]])):
        assert judge(exercise(key), text).message


@settings(max_examples=100, deadline=None)
@given(st.fractions(min_value=-(10**6), max_value=10**6, max_denominator=997), st.integers(3, 12))
def test_a_number_rounded_to_three_digits_or_more_is_right_and_its_neighbour_is_not(number, digits):
    key = sp.Rational(number.numerator, number.denominator)
    if key.is_integer:
        return
    text = f"{float(key):.{digits - 1}e}"
    mantissa, _, exponent = text.partition("e")
    assert judge(exercise(key), text).right
    next_mantissa = float(mantissa) + (2 if float(mantissa) > 0 else -2) * 10.0 ** (1 - digits)
    assert judge(exercise(key), f"{next_mantissa:.{digits - 1}f}e{exponent}").right is False
