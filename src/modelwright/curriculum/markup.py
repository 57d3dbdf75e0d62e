"""What may stand on a page of what an author wrote: MathML, SVG and links, by lists of what is allowed; the rest is left out.

A curriculum may come from anywhere, and a page acts on its attributes (`hx-post` sends, `data-key` takes a key). So nothing that an
author can choose becomes an element or an attribute of any other kind, and text is always escaped.
"""

from __future__ import annotations

import html
import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


MATH_ELEMENTS = _names("""
    math mrow mi mn mo mtext mspace msup msub msubsup mover munder munderover mfrac msqrt mroot mtable mtr mtd mstyle mpadded mphantom
    menclose mmultiscripts mprescripts none ms merror
""")
MATH_ATTRIBUTES = _names("""
    display displaystyle scriptlevel stretchy fence form separator movablelimits accent accentunder mathvariant mathsize mathcolor
    mathbackground minsize maxsize symmetric largeop lspace rspace width height depth voffset linethickness notation linebreak
    columnalign rowalign columnlines rowlines columnspacing rowspacing frame bevelled
""")
SVG_ELEMENTS = _names("""
    svg g defs path rect circle ellipse line polyline polygon text tspan use clipPath mask linearGradient radialGradient stop pattern
    image title desc
""")
SVG_ATTRIBUTES = _names("""
    id x y x1 y1 x2 y2 cx cy r rx ry dx dy d points width height viewBox transform version preserveAspectRatio fill fill-rule
    fill-opacity stroke stroke-width stroke-linecap stroke-linejoin stroke-miterlimit stroke-dasharray stroke-dashoffset stroke-opacity
    opacity font-size font-style font-weight font-family text-anchor dominant-baseline clip-path clip-rule mask offset stop-color
    stop-opacity gradientUnits gradientTransform patternUnits image-rendering
""")
VALUE = re.compile(r"[\w#.,%+\-() /]*")  # of an attribute of MathML: a length, a colour, a word
OWN_ID = re.compile(r"[0-9a-f]{6}-[\w.:-]*")  # as `figures.plain_svg` makes them: no id of the page itself
PICTURE = re.compile(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=\s]*")
SCHEMES = frozenset({"http", "https", "mailto"})
REFERENCE = re.compile(r"&#x[0-9A-Fa-f]{1,6};")  # how latex2mathml writes signs into an element's text


def may_link(url: str) -> bool:
    """Whether a page may lead there: the web, a letter, or a place of the studio itself. Not a script, not a document inside a link."""
    if re.search(r"[\x00-\x20\x7f\\]", url) or url.startswith("//"):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.scheme:
        return parts.scheme.lower() in SCHEMES and (bool(parts.netloc) or parts.scheme.lower() == "mailto")
    return not re.match(r"[^/?#]*(:|&|%3a)", url, flags=re.IGNORECASE)


def mathml(element: Element) -> str:
    """An element that latex2mathml made, as text: elements and attributes of mathematics alone."""
    if element.tag not in MATH_ELEMENTS:
        raise ValueError(f"<{element.tag}> is not mathematics")
    attributes = "".join(
        f' {name}="{html.escape(value)}"' for name, value in element.items() if name in MATH_ATTRIBUTES and VALUE.fullmatch(value)
    )
    if element.tag == "math":
        attributes = ' xmlns="http://www.w3.org/1998/Math/MathML"' + attributes
    inside = _mathematical_text(element.text) + "".join(mathml(child) + _mathematical_text(child.tail) for child in element)
    return f"<{element.tag}{attributes}>{inside}</{element.tag}>"


def _mathematical_text(text: str | None) -> str:
    return html.escape(REFERENCE.sub(lambda sign: html.unescape(sign[0]), text or ""), quote=False)


@lru_cache(maxsize=256)
def svg(text: str) -> str | None:
    """A drawing with shapes, text and pictures alone; None where it is no SVG."""
    from xml.etree import ElementTree

    try:
        root = ElementTree.fromstring(text.encode("utf-8", "replace"))
    except ElementTree.ParseError:
        return None
    return _shape(root) if root.tag == "{http://www.w3.org/2000/svg}svg" else None


def _shape(element: Element) -> str:
    namespace, _, name = str(element.tag).rpartition("}")
    if namespace != "{http://www.w3.org/2000/svg" or name not in SVG_ELEMENTS | {"a"}:
        return ""
    if name == "a":  # what a link is drawn around stays
        return "".join(_shape(child) for child in element)
    attributes = ' xmlns="http://www.w3.org/2000/svg"' if name == "svg" else ""
    for key, value in element.items():
        if key in ("href", "{http://www.w3.org/1999/xlink}href"):
            if value.startswith("#") or (name == "image" and PICTURE.fullmatch(value)):
                attributes += f' href="{html.escape(value)}"'
        elif key in SVG_ATTRIBUTES and (key != "id" or OWN_ID.fullmatch(value)) and _keeps_inside(value):
            attributes += f' {key}="{html.escape(value)}"'
    inside = html.escape(element.text or "", quote=False)
    inside += "".join(_shape(child) + html.escape(child.tail or "", quote=False) for child in element)
    return f"<{name}{attributes}>{inside}</{name}>"


def _keeps_inside(value: str) -> bool:
    """Whether every `url(…)` of a value leads to a part of the same drawing."""
    return all(target.strip("\"' ").startswith("#") for target in re.findall(r"url\(\s*([^)]*)", value, flags=re.IGNORECASE))
