"""From Markdown to a page: safe, set, and drawn."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwright.curriculum.figures import draw, run_lesson
from modelwright.curriculum.models import Lesson
from modelwright.curriculum.render import render_inline, render_lesson, render_markdown

TEXT = """
Which number is it?

```python
a = 2
print(a + 1)
```
```output
3
```

So $a^2 = 4$.

```figure
import matplotlib.pyplot as plt
plt.plot([0, a], [0, 1], color="black", label="x"); plt.legend()
alt = "A straight line that rises from 0 to 1."
```

## Before you go on

1. What is $a$?
2. Why?
"""


def lesson(tmp_path: Path, text: str = TEXT) -> Lesson:
    path = tmp_path / "l.md"
    path.write_text("---\ntitle: L\n---\n" + text)
    return Lesson(id="m/l", title="L", skills=("m/s",), minutes=10, text=text, path=path)


def test_mathematics_becomes_mathml_and_code_is_highlighted_by_classes():
    html = render_markdown("$x^2$\n\n```python\nreturn 1\n```\n")
    assert "<msup>" in html
    assert '<span class="k">return</span>' in html


def test_a_formula_keeps_the_comma_behind_it():
    assert '<span class="together"><span class="math inline">' in render_markdown("Take $x$, and go.")
    assert "together" not in render_markdown("Take $x$ and go.")


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="<>\"'&scriptonload=javascript:()[]!`$*_#\n -/\\x", max_size=80))
def test_no_markdown_brings_script_or_style_of_its_own(text):
    html = render_markdown(text)
    assert not re.search(
        r"<script|<style|<iframe|\son\w+\s*=\s*[\"']|\sstyle\s*=\s*[\"']", re.sub(r"<(code|samp).*?</\1>", "", html, flags=re.S)
    )
    assert not re.search(r"(href|src)=\"javascript:", html)


def test_a_formula_that_cannot_be_set_is_shown_as_written():
    assert "frac" in render_markdown(r"$\frac{1}{$")


def test_blocks_share_a_namespace_and_say_what_they_print(tmp_path):
    ran = run_lesson(lesson(tmp_path))
    assert ran[0].printed == "3\n"
    assert ran[1].svg
    assert not any(r.error for r in ran)


def test_a_failing_block_is_named_by_its_line(tmp_path):
    ran = run_lesson(lesson(tmp_path, "Why?\n\n```python\nx = 1 / 0\n```\n"))
    assert ran[0].line == 3
    assert "ZeroDivisionError" in (ran[0].error or "")


def test_a_figure_has_no_style_of_its_own_and_says_what_it_shows(tmp_path):
    page = lesson(tmp_path)
    (path,) = draw(page, tmp_path / "figures")
    svg = path.read_text()
    ElementTree.fromstring(svg)
    assert "style=" not in svg
    assert "<style" not in svg
    assert "currentColor" in svg
    rendered = render_lesson(page, lambda key: (tmp_path / "figures" / f"{key}.svg").read_text())
    assert 'aria-label="A straight line that rises from 0 to 1."' in rendered.html
    assert len(rendered.questions) == 2
    assert "Before you go on" not in rendered.html


def test_a_figure_that_a_page_cannot_hold_is_said_and_not_kept(tmp_path, monkeypatch):
    page = lesson(tmp_path)
    monkeypatch.setattr("modelwright.curriculum.safe_svg.LARGEST", 1000)
    assert [ran.error for ran in run_lesson(page) if ran.error] == ["it draws more than a page can hold"]
    assert draw(page, tmp_path / "figures") == []


def test_a_figure_that_is_not_drawn_yet_says_its_text(tmp_path):
    assert "A straight line that rises" in render_lesson(lesson(tmp_path)).html


def test_drawing_again_does_nothing(tmp_path):
    page = lesson(tmp_path)
    (first,) = draw(page, tmp_path)
    before = first.stat().st_mtime_ns
    assert draw(page, tmp_path)[0].stat().st_mtime_ns == before


@pytest.mark.parametrize("formula", ["(-13, -16)", "x = -3", "e^{-x}", r"\frac{-1}{2}", r"\sqrt{-2}", r"3 \cdot -2"])
def test_a_minus_before_a_number_is_no_operator_between_two(formula):
    page = render_inline(f"${formula}$")
    assert "<mo>−</mo>" not in page
    assert '<mo form="prefix">−</mo>' in page


@pytest.mark.parametrize("formula", ["a - 13", r"\|x\| - 1", "f(x) - 1", "x^2 - 1", "n! - 1"])
def test_a_minus_between_two_is_one(formula):
    assert "<mo>−</mo>" in render_inline(f"${formula}$")


@pytest.mark.parametrize(
    ("formula", "spaces"), [(r"2 \ln x", 2), (r"\log_2 n", 1), (r"\sin(x)", 0), (r"\tanh'(x)", 0), (r"\ln \sin x", 2), ("ab", 0)]
)
def test_a_functions_name_stands_apart(formula, spaces):
    assert render_inline(f"${formula}$").count("<mspace") == spaces
