"""Formulas on a system without a face for mathematics: ours has the signs of the content, makes brackets tall, and moves nothing."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

import tiny_curriculum
from modelwright.curriculum import load, render_lesson, render_markdown
from modelwright.web import assets
from serving import Served

TALL = "<math display='block'><mrow><mo>(</mo><mtable>{}</mtable><mo>)</mo></mrow></math>".format("<mtr><mtd><mn>1</mn></mtd></mtr>" * 3)


@pytest.fixture(scope="module")
def face() -> Any:
    from fontTools.ttLib import TTFont

    return TTFont(assets.DIST / assets.Manifest.read().files["stix-two-math.woff2"])


def test_every_sign_of_the_lessons_and_tasks_is_in_the_face(face: Any) -> None:
    curriculum = load()
    pages = [render_lesson(lesson).html for lesson in curriculum.lessons.values()]
    pages += [render_markdown((lab.folder / "README.md").read_text("utf-8")) for lab in curriculum.labs.values()]
    formulas = " ".join(formula for page in pages for formula in re.findall(r"<math.*?</math>", page, re.S))
    signs = {sign for text in re.findall(r"<mo[^>]*>([^<]*)<", formulas) for sign in html.unescape(text) if not sign.isalnum()}
    assert len(signs) > 30
    missing = sorted(sign for sign in signs if ord(sign) not in face.getBestCmap())
    assert missing == [], "add them to MATH_SIGNS"


def test_what_stretches_comes_in_sizes_and_in_pieces(face: Any) -> None:
    variants, names = face["MATH"].table.MathVariants, face.getBestCmap()
    made = dict(zip(variants.VertGlyphCoverage.glyphs, variants.VertGlyphConstruction, strict=True))
    for sign in "()[]{}√":
        one = made[names[ord(sign)]]
        assert one.VariantCount >= 3
        assert one.GlyphAssembly.PartCount >= 2
    assert {"𝑥", "ℎ", "𝜎"} <= {chr(code) for code in names}, "a single letter is slanted"


def test_a_bracket_is_as_tall_as_its_matrix_and_nothing_moves(served: Served, chromium: Any) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver(list => { for (const e of list.getEntries()) window.shift += e.value; })"
        ".observe({type: 'layout-shift', buffered: true});"
    )
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(served.url + "/settings", wait_until="networkidle")
    assert not [url for url in asked if "stix" in url], "a page without a formula does not fetch the face"
    page.goto(f"{served.url}/lesson/{tiny_curriculum.LESSON}", wait_until="networkidle")
    assert [url for url in asked if "stix" in url]
    assert page.evaluate("window.shift") < 0.01
    page.evaluate("made => document.querySelector('.prose').insertAdjacentHTML('afterbegin', made)", TALL)
    page.wait_for_function(
        "() => { const tall = name => document.querySelector('math ' + name).getBoundingClientRect().height;"
        " return tall('mo') >= 0.9 * tall('mtable'); }"
    )
    context.close()
