"""A drawing by code that nobody vouches for, made safe to stand in a page: only what a figure needs is copied over, everything else is not.

Every drawing of a page comes through here: what a learner's code draws, and a lesson's figures and frames, once when they are drawn and
again when they are shown, for what is kept may have come with the curriculum.

The page's own policy forbids scripts and styles; this is the wall before it. A new tree is built from a list of elements and attributes,
each value held to a pattern, so that what is not understood cannot come through. Ids get a prefix, so that a drawing can name no part of
the page; a `use` may repeat a single path and nothing that repeats in turn, so that a few lines cannot unfold into millions.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

SVG, XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
LARGEST = 1_500_000  # characters
MOST_ELEMENTS = 30_000
DEEPEST = 60

_PLACE = "x y x1 y1 x2 y2 cx cy r rx ry width height dx dy transform"
_INK = """fill stroke stroke-width stroke-dasharray stroke-dashoffset stroke-opacity fill-opacity opacity stroke-linecap stroke-linejoin
stroke-miterlimit fill-rule clip-path clip-rule"""
_TEXT = "text-anchor font-size font-weight font-style dominant-baseline"
_ANY = {*_PLACE.split(), *_INK.split(), *_TEXT.split(), "id"}
ELEMENTS: dict[str, set[str]] = {
    "svg": {"viewBox", "stroke-linejoin", "preserveAspectRatio"},
    "g": _ANY,
    "defs": set(),
    "clipPath": {"id", "clipPathUnits"},
    "path": _ANY | {"d"},
    "use": _ANY | {"href"},
    "image": _ANY | {"href", "preserveAspectRatio"},
    **dict.fromkeys(("rect", "circle", "ellipse", "line", "text", "tspan"), _ANY),
    **dict.fromkeys(("polyline", "polygon"), _ANY | {"points"}),
}
_PLAIN = re.compile(r"[A-Za-z0-9 .,+\-%()\n]*")  # numbers, names of joins, transforms, the letters of a path
_PAINT = re.compile(r"none|currentColor|#[0-9a-fA-F]{3,8}|[a-z]{3,24}|rgba?\([0-9., %]{1,40}\)")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_PICTURE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=\s]*")
_LONG_NUMBER = re.compile(r"(?<![\d.])(\d{1,9}\.\d{2})\d{1,20}")
_FONT_SIZE = re.compile(r"\b(\d{1,3}(?:\.\d{1,6})?)px")
_BLACK = ("#000000", "#000", "black")


def safe_svg(svg: str, prefix: str, label: str = "") -> str | None:
    """The drawing as SVG that a page may hold, in the page's ink where it is black, its ids beginning with `prefix`.

    None where it is not a drawing at all, or too large a one.
    """
    # A document type can define entities that unfold; matplotlib's is left out before, and nothing else here needs one.
    if len(svg) > LARGEST or "<!DOCTYPE" in svg or "<!ENTITY" in svg:
        return None
    ElementTree.register_namespace("", SVG[1:-1])
    ElementTree.register_namespace("xlink", XLINK[1:-1])
    try:
        root = ElementTree.fromstring(svg.encode())
    except (ElementTree.ParseError, ValueError):
        return None
    if root.tag != SVG + "svg" or sum(1 for _ in root.iter()) > MOST_ELEMENTS:
        return None
    copy = _copy(root, prefix, {path.get("id", "") for path in root.iter(SVG + "path")}, 0)
    if copy is None:
        return None
    copy.set("stroke-linejoin", "round")
    if label:
        copy.set("role", "img")
        copy.set("aria-label", label)
    return ElementTree.tostring(copy, encoding="unicode")


def _copy(element: ElementTree.Element, prefix: str, paths: set[str], depth: int) -> ElementTree.Element | None:
    tag = element.tag.removeprefix(SVG) if isinstance(element.tag, str) else ""
    tag = "g" if tag == "a" else tag  # what a link surrounds stays, the link does not
    if tag not in ELEMENTS or depth > DEEPEST or (tag == "svg") != (depth == 0):
        return None
    copy = ElementTree.Element(SVG + tag)
    for key, value in (*element.attrib.items(), *_styles(element.get("style", ""))):
        name = key.removeprefix(XLINK)
        if name in ELEMENTS[tag] and (kept := _kept(tag, name, value, prefix, paths)) is not None:
            copy.set(key, kept)
    if tag in ("use", "image") and XLINK + "href" not in copy.attrib and "href" not in copy.attrib:
        return None
    if tag in ("text", "tspan"):
        copy.text = element.text
        copy.attrib.setdefault("fill", "currentColor")
    for child in element:
        inner = _copy(child, prefix, paths, depth + 1)
        if inner is not None:
            inner.tail = child.tail if tag in ("text", "tspan") else None
            copy.append(inner)
    return copy


def _styles(style: str) -> list[tuple[str, str]]:
    """The declarations of a `style`, as attributes: the page's policy forbids the style itself."""
    pairs = [(name.strip(), value.strip()) for name, _, value in (part.partition(":") for part in style.split(";"))]
    sizes = [("font-size", size[1]) for name, value in pairs if name == "font" and (size := _FONT_SIZE.search(value))]
    return [*pairs, *sizes]


def _kept(tag: str, name: str, value: str, prefix: str, paths: set[str]) -> str | None:
    """The value as it may stand in the page, or None."""
    if name == "href":
        if tag == "image":
            return value if _PICTURE.fullmatch(value) else None
        return f"#{prefix}-{value[1:]}" if value[:1] == "#" and value[1:] in paths and _NAME.fullmatch(value[1:]) else None
    if name == "id":
        return f"{prefix}-{value}" if _NAME.fullmatch(value) else None
    if name == "clip-path":
        inner = value.removeprefix("url(#").removesuffix(")")
        return f"url(#{prefix}-{inner})" if _NAME.fullmatch(inner) else None
    if name in ("fill", "stroke"):
        return "currentColor" if value in _BLACK else value if _PAINT.fullmatch(value) else None
    return _LONG_NUMBER.sub(r"\1", value) if _PLAIN.fullmatch(value) and "url" not in value else None
