"""The curriculum's cards as an Anki package, which can be imported again and again without losing what was learned there.

Every id in the package is made from the curriculum's own, never from the clock: the note type's, the decks', the notes' GUIDs, the
cards'. So a later export updates the text of a card in Anki and keeps its schedule, and the answers given there find their way back
(`card_of`). Anki's ids are milliseconds of creation; ours lie in January to April 2008, before there was an Anki with such ids.

Mathematics is left to the MathJax that every Anki has, code is highlighted by classes, and the style has a light and a dark half.
"""

from __future__ import annotations

import contextlib
import hashlib
import html
import os
import re
import sqlite3
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelwright.anki.errors import AnkiError

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

OURS = "modelwright:"  # a note's GUID is this and the card's id
NAME = "Modelwright"
BEGIN, SPAN = 1_199_145_600_000, 9_000_000_000  # 1 January 2008, and some hundred days


@dataclass(frozen=True, slots=True)
class Sheet:
    """A card to export, as plain text: Markdown with `$…$`. `module` and `title` name its deck, in the order of the plan."""

    id: str
    ask: str
    answer: str
    source: str
    skill: str
    module: str
    title: str
    number: int  # of the module in the plan


def note_of(card: str) -> str:
    """The GUID of a card's note."""
    return OURS + card


def card_of(note: str) -> str | None:
    """The card that a note's GUID belongs to, "" included; None for a note that is not ours."""
    return note.removeprefix(OURS) if note.startswith(OURS) else None


def card_number(card: str) -> int:
    """Anki's number of a card of ours, by which it is known where a review log comes without its notes."""
    return _number("card:" + card)


def _number(name: str) -> int:
    return BEGIN + int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % SPAN


def write(path: Path, sheets: Sequence[Sheet], at: int) -> int:
    """Writes the package (all of it or nothing) and returns how many cards it holds. `at`: when it was made, in milliseconds."""
    if not sheets:
        raise AnkiError("There are no cards to export.")
    handle, name = -1, ""
    try:
        handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
        with open(handle, "wb") as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("collection.anki2", _collection(sheets, at))
            archive.writestr("media", "{}")
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError as error:
        if name:
            Path(name).unlink(missing_ok=True)
        raise AnkiError(f"{path} cannot be written: {error.strerror or error}. Nothing was exported.") from None
    return len(sheets)


def _collection(sheets: Sequence[Sheet], at: int) -> bytes:
    import genanki

    model = genanki.Model(
        _number("note type"),
        NAME,
        fields=[{"name": "Question"}, {"name": "Answer"}, {"name": "Source"}, {"name": "Card"}],
        templates=[{"name": "Card", "qfmt": _FRONT, "afmt": _BACK}],
        css=_style(),
    )
    by_module: dict[str, list[Sheet]] = defaultdict(list)
    for sheet in sheets:
        by_module[sheet.module].append(sheet)
    decks: list[Any] = []
    ordered: list[str] = []
    for module, inside in sorted(by_module.items(), key=lambda pair: pair[1][0].number):
        title = inside[0].title.replace("::", ":").replace('"', "'")
        deck = genanki.Deck(_number("deck:" + module), f"{NAME}::{inside[0].number:02d} {title}")
        for sheet in inside:
            ordered.append(sheet.id)
            deck.add_note(
                genanki.Note(
                    model,
                    [to_html(sheet.ask), to_html(sheet.answer), to_html(sheet.source), html.escape(sheet.id)],
                    sort_field=sheet.id,
                    guid=note_of(sheet.id),
                    tags=[f"modelwright::{sheet.module}", f"modelwright::{sheet.skill.replace('/', '::')}"],
                    due=len(ordered),  # new cards come in the order of the plan
                )
            )
        decks.append(deck)
    with contextlib.closing(sqlite3.connect(":memory:")) as db:
        cursor = db.cursor()
        genanki.Package(decks).write_to_db(cursor, at / 1000, _numbers(ordered))
        db.commit()
        return db.serialize()


def _numbers(cards: Sequence[str]) -> Iterator[int]:
    """The ids that the package asks for: a note's, then its card's, card by card."""
    for card in cards:
        yield _number("note:" + card)
        yield card_number(card)


def to_html(text: str) -> str:
    r"""Markdown with `$…$` as a field of a note: mathematics as `\(…\)` for MathJax, code highlighted, raw HTML escaped."""
    rendered = _markdown().render(text).strip()
    only = re.fullmatch(r"<p>((?:(?!<p>).)*)</p>", rendered, flags=re.S)
    return only[1] if only else rendered


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    markdown = MarkdownIt("commonmark", {"html": False, "typographer": True}).enable(["table", "replacements", "smartquotes"])
    markdown.use(dollarmath_plugin, allow_space=False, allow_digits=False, double_inline=True)
    for rule in ("math_inline", "math_inline_double", "math_block", "math_block_label"):
        markdown.add_render_rule(rule, _math)
    markdown.add_render_rule("fence", _fence)
    return markdown


def _math(renderer: object, tokens: list[Any], index: int, options: object, env: object) -> str:
    token = tokens[index]
    opening, closing = (r"\(", r"\)") if token.type == "math_inline" else (r"\[", r"\]")
    return f"{opening}{html.escape(token.content.strip(), quote=False)}{closing}"


def _fence(renderer: object, tokens: list[Any], index: int, options: object, env: object) -> str:
    token = tokens[index]
    language = token.info.strip().split(" ")[0] if token.info else "text"
    return f'<pre class="code"><code>{_highlighted(token.content, language)}</code></pre>'


def _highlighted(code: str, language: str) -> str:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return html.escape(code)
    coloured: str = highlight(code, lexer, HtmlFormatter(nowrap=True))
    return coloured


_FRONT = '<div class="ask">{{Question}}</div>'
_BACK = """\
<div class="ask">{{Question}}</div>
<hr id="answer">
<div class="answer">{{Answer}}</div>
{{#Source}}<div class="source">{{Source}}</div>{{/Source}}
"""

# Light, then dark: Anki marks the night by a class, `nightMode` on the desktop and `night_mode` on Android.
_CARD = """\
.card { font: 20px/1.5 "Source Serif 4", Charter, Georgia, serif; color: #1c2733; background: #fbfaf7; text-align: left;
  max-width: 34em; margin: 0 auto; padding: 1em; }
.card hr { border: 0; border-top: 1px solid #d5d9de; margin: 1em 0; }
.card code, .card pre { font: 0.85em/1.5 "JetBrains Mono", ui-monospace, Menlo, Consolas, monospace; }
.card pre.code { background: #f1f0eb; padding: 0.6em 0.8em; overflow-x: auto; white-space: pre; }
.card .source { color: #55616e; font-size: 0.75em; margin-top: 1em; }
.card table { border-collapse: collapse; } .card td, .card th { padding: 0.1em 0.6em; border-bottom: 1px solid #d5d9de; }
.nightMode.card, .nightMode .card, .night_mode .card, .card.night_mode { color: #e4e8ec; background: #14191f; }
.nightMode hr, .night_mode hr { border-top-color: #39434e; }
.nightMode pre.code, .night_mode pre.code { background: #1d242c; }
.nightMode .source, .night_mode .source { color: #a3aebb; }
"""
# Pygments' classes in the colours of the studio's pages: keyword, name of a function, string, number, comment.
_CODE = (
    ("k", "kn", "kc", "ow", "#7a3e9d", "#cf9fee"),
    ("nf", "nc", "nb", "#1f5fa8", "#8dbdf2"),
    ("s", "s1", "s2", "#2c6e3f", "#8fd1a3"),
    ("m", "mi", "mf", "#8a4b00", "#e5b26b"),
    ("c", "c1", "#5f6b77", "#98a4b1"),
)


def _style() -> str:
    rules = [_CARD]
    for *classes, light, dark in _CODE:
        rules.append(", ".join(f".card .{one}" for one in classes) + f" {{ color: {light}; }}")
        rules.append(", ".join(f".nightMode .{one}, .night_mode .{one}" for one in classes) + f" {{ color: {dark}; }}")
    return "\n".join(rules)
