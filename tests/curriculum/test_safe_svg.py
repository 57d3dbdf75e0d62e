"""A drawing by code that nobody vouches for: what a figure needs comes through, and nothing else, quickly."""

from __future__ import annotations

import time
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.curriculum.safe_svg import ELEMENTS, LARGEST, safe_svg

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9" onload="x()">'


def safe(body: str) -> str:
    drawing = safe_svg(f"{HEAD}{body}</svg>", "f1")
    assert drawing is not None
    return drawing


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>",
        "<script xlink:href='//a.b/c.js'/>",
        "<style>*{background:url(//a.b)}</style>",
        "<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'>x</p></foreignObject>",
        "<iframe xmlns='http://www.w3.org/1999/xhtml' src='javascript:alert(1)'/>",
        "<animate attributeName='href' values='javascript:alert(1)'/>",
        "<set attributeName='onclick' to='alert(1)'/>",
        "<use xlink:href='//a.b/c.svg#p'/>",
        "<use xlink:href='data:image/svg+xml,x#p'/>",
        "<image xlink:href='//a.b/c.png'/>",
        "<image xlink:href='data:image/svg+xml;base64,AAAA'/>",
        "<path onclick='alert(1)' d='M0 0'/>",
        "<path style='fill:url(//a.b)' d='M0 0'/>",
        "<path fill='url(#main)' filter='url(#main)' mask='url(//a.b#x)' d='M0 0'/>",
        "<a xlink:href='javascript:alert(1)'><path d='M0 0'/></a>",
        "<svg><script>alert(1)</script></svg>",
        "<g><title>t</title><desc>d</desc><metadata/></g>",
    ],
)
def test_what_could_act_or_reach_out_is_not_copied(body: str) -> None:
    drawing = safe(body)
    for word in ("script", "alert", "//a.b", "on", "style=", "foreign", "iframe", "animate", "<set", "url(", "svg+xml", "<a", "metadata"):
        assert word not in drawing.replace("http://www.w3.org", "").replace("version", "").replace("stroke-linejoin", "").lower(), word


def test_ids_get_a_prefix_so_that_a_drawing_names_no_part_of_the_page() -> None:
    drawing = safe("<defs><path id='main' d='M0 0'/></defs><use xlink:href='#main'/><g id='notice' clip-path='url(#text)'/>")
    assert 'id="f1-main"' in drawing
    assert 'href="#f1-main"' in drawing
    assert 'id="f1-notice"' in drawing
    assert 'clip-path="url(#f1-text)"' in drawing


def test_black_becomes_the_pages_ink_and_styles_become_attributes() -> None:
    drawing = safe(
        "<path d='M0.123456 9' style='fill: none; stroke: #000000; stroke-width: 2'/><text style='font: 10px sans-serif'>a &lt; b</text>"
    )
    assert '<path d="M0.12 9" fill="none" stroke="currentColor" stroke-width="2" />' in drawing
    assert '<text font-size="10" fill="currentColor">a &lt; b</text>' in drawing


def test_a_use_repeats_a_path_and_nothing_that_repeats_in_turn() -> None:
    bomb = "<g id='g0'><path id='p' d='M0 0'/></g>"
    bomb += "".join(f"<g id='g{n}'><use xlink:href='#g{n - 1}'/><use xlink:href='#g{n - 1}'/></g>" for n in range(1, 40))
    assert "<use" not in safe(bomb)
    assert safe("<path id='p' d='M0 0'/><use xlink:href='#p'/>").count("<use") == 1


@pytest.mark.parametrize(
    "text",
    [
        "", "no drawing", "<svg", "<p/>", "<svg/>", HEAD, f"{HEAD}</p>", "<!DOCTYPE svg [<!ENTITY a 'b'>]>" + HEAD + "&a;</svg>",
        f"{HEAD}<!DOCTYPE x></svg>", f"{HEAD}{'<g/>' * 40_000}</svg>", f"{HEAD}{' ' * LARGEST}</svg>", f"{HEAD}&bomb;</svg>", f"{HEAD}\0</svg>",
    ],
)  # fmt: skip
def test_what_is_no_drawing_is_refused(text: str) -> None:
    assert safe_svg(text, "f1") is None


@pytest.mark.parametrize(
    "body",
    [
        f"<path d='{'9' * 1_400_000}'/>", f"<path fill='{'a' * 1_400_000}'/>", f"<path d='{'9.' * 700_000}'/>", "<g>" * 100_000,
        f"<g style='{'a:b;' * 300_000}'/>", f"<g clip-path='{'url(#' * 250_000}'/>", f"<g>{'<g>' * 12_000}{'</g>' * 12_000}</g>",
        f"<image xlink:href='data:image/png;base64,{'A ' * 600_000}!'/>", f"<text style='font:{'1' * 1_400_000}px'/>",
    ],
)  # fmt: skip
def test_nothing_takes_long(body: str) -> None:
    began = time.process_time()
    safe_svg(f"{HEAD}{body}</svg>", "f1")
    assert time.process_time() - began < 2


attribute = st.sampled_from(["d", "id", "href", "xlink:href", "style", "onclick", "fill", "clip-path", "class", "transform", "x"])
content = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=30) | st.sampled_from(
    ["url(#x)", "#p", "javascript:1", "M0 0"]
)


@given(st.lists(st.tuples(st.sampled_from([*ELEMENTS, "script", "a", "style", "b"]), attribute, content), max_size=8))
def test_whatever_is_drawn_only_what_is_on_the_list_comes_out(parts: list[tuple[str, str, str]]) -> None:
    from xml.sax.saxutils import quoteattr

    body = "".join(f"<{tag} {name}={quoteattr(value)}>" for tag, name, value in parts) + "".join(
        f"</{tag}>" for tag, _, _ in reversed(parts)
    )
    drawing = safe_svg(f"{HEAD}{body}</svg>", "f1")
    if drawing is None:
        return
    for element in ElementTree.fromstring(drawing).iter():
        tag = element.tag.partition("}")[2]
        assert tag in ELEMENTS
        for name, value in element.attrib.items():
            assert name.rpartition("}")[2] in ELEMENTS[tag]
            assert "javascript" not in value.lower() or tag in ("text", "tspan")
