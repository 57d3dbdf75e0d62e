"""What a learner may type as an answer, and what is refused."""

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwright.curriculum.errors import AnswerError
from modelwright.curriculum.formula import parse

x, y = sp.symbols("x y")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1/2", sp.Rational(1, 2)),
        ("0.125", sp.Rational(1, 8)),
        ("1.5e3", sp.Integer(1500)),
        ("2x^2 + 3x", 2 * x**2 + 3 * x),
        ("3(x+1)", 3 * (x + 1)),
        ("(x+1)(x-1)", (x + 1) * (x - 1)),
        ("x = 3", sp.Integer(3)),
        ("2√3", 2 * sp.sqrt(3)),
        ("√2/2", sp.sqrt(2) / 2),
        ("−4", sp.Integer(-4)),
        ("50%", sp.Rational(1, 2)),
        ("|−3|", sp.Integer(3)),
        ("e^x", sp.exp(x)),
        ("2 pi", 2 * sp.pi),
        ("ln(2)", sp.log(2)),
        ("(1, 2, 3)", (1, 2, 3)),
        ("1, 2", (1, 2)),
        ("[[1, 2], [3, 4]]", sp.ImmutableMatrix([[1, 2], [3, 4]])),
        ("{1, -2}", (1, -2)),
    ],
)
def test_ordinary_notation_is_read(text, value):
    assert parse(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "().__class__.__bases__",
        "open('/etc/passwd')",
        "lambda: 1",
        "[i for i in range(9)]",
        "x if x else y",
        "x.real",
        "f'{x}'",
        "'a' * 9",
        "x := 3",
        "9**9**9",
        "10^(10^10)",
        "factorial(99999)",
        "1e999",
        "1/0",
        "",
        "((",
        "(" * 300,
        "1" * 401,
        "[[1, 2], [3]]",
        "sqrt",
        "sin(1, 2, 3)",
    ],
)
def test_what_is_not_an_answer_is_refused_with_a_sentence(text):
    with pytest.raises(AnswerError) as error:
        parse(text)
    assert str(error.value).endswith((".", "?"))


def test_a_letter_that_the_answer_does_not_use_is_named():
    with pytest.raises(AnswerError, match="letter z .* only x, y"):
        parse("x + z", {"x", "y"})


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="0123456789.+-*/^()[]{},|% xyepi√πsqrtlnabs_'\"=:", max_size=40))
def test_any_text_is_either_read_or_refused(text):
    """Nothing that can be typed breaks the parser or makes it work for long."""
    try:
        parse(text)
    except AnswerError:
        pass


@settings(max_examples=100, deadline=None)
@given(st.integers(-99, 99), st.integers(1, 99), st.integers(-9, 9))
def test_what_is_shown_reads_back_as_itself(a, b, c):
    value = sp.Rational(a, b) * x**2 + c * y
    assert sp.expand(parse(sp.sstr(value)) - value) == 0
