"""What may stand on a page of what an author wrote: MathML and links, by lists of what is allowed; the rest is left out.

Drawings, whoever made them, have one list of their own: `safe_svg.py`.

A curriculum may come from anywhere, and a page acts on its attributes (`hx-post` sends, `data-key` takes a key). So nothing that an
author can choose becomes an element or an attribute of any other kind, and text is always escaped.
"""

from __future__ import annotations

import html
import re
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
VALUE = re.compile(r"[\w#.,%+\-() /]*")  # of an attribute of MathML: a length, a colour, a word
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
