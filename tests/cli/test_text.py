"""Mathematics in a terminal reads as a person would type it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwright.cli.text import math, plain, prose


@pytest.mark.parametrize(
    ("latex", "shown"),
    [
        (r"\frac{2x}{x} = 2", "2x/x = 2"),
        (r"\frac{a+b}{2}", "(a+b)/2"),
        (r"\sqrt{d}", "√d"),
        (r"\sqrt{x + 1}", "√(x + 1)"),
        (r"w_i = e^{x_i} / \sum_j e^{x_j}", "wᵢ = e^(xᵢ) / Σⱼ e^(xⱼ)"),
        (r"A^\top A x = A^\top b", "Aᵀ A x = Aᵀ b"),
        (r"\lVert x \rVert_2^2", "‖ x ‖₂²"),
        (r"e^{32} \approx 8 \times 10^{13}", "e³² ≈ 8 × 10¹³"),
        (r"\begin{pmatrix}1 & 2\\3 & 4\end{pmatrix}", "[1 2; 3 4]"),
        (r"\mathbb{R}^n", "ℝⁿ"),
        (r"\cos\theta = 0.8", "cos θ = 0.8"),
        (r"30 \tanh(x / 30)", "30 tanh(x / 30)"),
        (r"\log n", "log n"),
        (r"-\frac12", "−1/2"),
        (r"\hat{y}", "ŷ"),
    ],
)
def test_a_formula_becomes_plain(latex: str, shown: str) -> None:
    import unicodedata

    assert unicodedata.normalize("NFC", math(latex)) == shown


def test_code_keeps_its_dollars_and_prose_loses_its_marks() -> None:
    assert plain("costs $x^2$ in `a$b$c`") == "costs x² in `a$b$c`"
    assert prose("a *small* `thing`, **really**, at 2 * 3 * 4") == "a small thing, really, at 2 * 3 * 4"
    assert plain("a price of \\$5 and \\$6") == "a price of $5 and $6"


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="\\{}[]^_$&~ abcfrtqx012.-", max_size=40))
def test_no_text_however_broken_makes_it_fail(text: str) -> None:
    plain(text)
    math(text)
