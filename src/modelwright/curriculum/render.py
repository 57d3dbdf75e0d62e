"""Turns the curriculum's Markdown into HTML: mathematics as MathML, code highlighted by classes, lesson blocks with their figures.

No script, no style and no raw HTML can come out of it, whatever the Markdown holds, so a page may insert it as it is. Running a lesson's
code is not done here (see `figures.py`).
"""

from __future__ import annotations

import hashlib
import html
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from modelwright.curriculum.models import Lesson

if TYPE_CHECKING:
    from collections.abc import Callable

    from markdown_it import MarkdownIt

CLOSING = "Before you go on"


@dataclass(frozen=True)
class Block:
    """A fenced block of a lesson. `line` is that of its opening fence in the file's text below the front matter, from 1."""

    language: str
    code: str
    line: int


@dataclass(frozen=True)
class RenderedLesson:
    """`html` is the lesson down to its closing section; `questions` are the two of that section, as HTML; `figures` the keys it shows."""

    html: str
    questions: tuple[str, ...]
    figures: tuple[str, ...]
    headings: tuple[str, ...]


def render_markdown(text: str) -> str:
    """Markdown with `$…$` and `$$…$$` as HTML that is safe to insert."""
    return _keep_together(_markdown().render(text))


def render_inline(text: str) -> str:
    """One line of Markdown, without a paragraph around it: a question, a card, a step."""
    return _keep_together(_markdown().renderInline(text))


def _keep_together(page: str) -> str:
    """A formula and the comma behind it stay on one line; browsers would break between the two."""
    return re.sub(r'(<span class="math inline">(?:(?!</span>).)*</span>)([.,;:!?)\]’”]+)', r'<span class="together">\1\2</span>', page)


def render_math(latex: str, display: bool = False) -> str:
    """LaTeX as MathML, or as code where it cannot be read."""
    return _mathml(latex, display)


def render_lesson(lesson: Lesson, figure: Callable[[str], str | None] = lambda key: None) -> RenderedLesson:
    """A lesson as HTML. `figure` gives the SVG of a figure by its key (see `figures.key`), or None while it is not drawn yet."""
    body, _, _ = lesson.text.partition(f"\n## {CLOSING}")
    keys: list[str] = []
    pieces: list[str] = []
    code_so_far: list[str] = []
    position = 0
    for match in re.finditer(r"^```figure\n(.*?)^```\n?", body, flags=re.S | re.M):
        code_so_far += [b.code for b in blocks(body[position : match.start()]) if b.language == "python"]
        code_so_far.append(match[1])
        key = figure_key(code_so_far)
        keys.append(key)
        pieces.append(render_markdown(body[position : match.start()]))
        pieces.append(_figure(figure(key), alt_text(match[1])))
        position = match.end()
    pieces.append(render_markdown(body[position:]))
    questions = tuple(render_inline(q) for q in questions_of(lesson.text))
    return RenderedLesson("".join(pieces), questions, tuple(keys), tuple(re.findall(r"^## (.+)$", body, flags=re.M)))


def questions_of(text: str) -> list[str]:
    """The numbered questions of the closing section."""
    closing = text.partition(f"\n## {CLOSING}")[2]
    parts = re.split(r"^\d+\.\s+", closing, flags=re.M)[1:]
    return [" ".join(part.split()) for part in parts]


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a Markdown text, in order."""
    found = []
    for match in re.finditer(r"^```([\w-]*)[^\n]*\n(.*?)^```[ \t]*$", text, flags=re.S | re.M):
        found.append(Block(match[1], match[2], text[: match.start()].count("\n") + 1))
    return found


def figure_key(code: list[str]) -> str:
    """A figure is known by all the code that leads up to it, its own last: change any and it is drawn anew."""
    return hashlib.sha256("\0".join(code).encode()).hexdigest()[:20]


def alt_text(code: str) -> str:
    """The text of `alt = "…"` (one string, or several in brackets) in a figure's code."""
    import ast

    try:
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "alt" for t in node.targets):
                return str(ast.literal_eval(node.value))
    except (SyntaxError, ValueError):
        pass
    return ""


def _figure(svg: str | None, alt: str) -> str:
    label = html.escape(alt, quote=True)
    if svg is None:
        return f'<figure class="figure waiting"><p>{label}</p></figure>\n'
    drawing = svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
    return f'<figure class="figure">{drawing}</figure>\n'


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    markdown = MarkdownIt("commonmark", {"html": False, "typographer": True}).enable(["table", "strikethrough"])
    markdown.enable(["replacements", "smartquotes"])
    markdown.use(dollarmath_plugin, allow_space=False, allow_digits=False, double_inline=True, renderer=_render_dollar)
    markdown.add_render_rule("table_open", lambda *_: '<div class="table-scroll" tabindex="0"><table>\n')
    markdown.add_render_rule("table_close", lambda *_: "</table></div>\n")
    markdown.add_render_rule("fence", _fence)
    return markdown


def _fence(renderer: object, tokens: list, index: int, options: object, env: object) -> str:
    """A block of code, or of what it printed. What scrolls takes the focus, so that it can be scrolled without a mouse."""
    token = tokens[index]
    language = token.info.strip().split(" ")[0] if token.info else ""
    if language == "output":
        return f'<pre class="output" tabindex="0" aria-label="What it prints"><samp>{html.escape(token.content)}</samp></pre>\n'
    return f'<pre class="code" tabindex="0"><code>{_highlight(token.content, language)}</code></pre>\n'


@lru_cache(maxsize=4096)
def _highlight(code: str, language: str) -> str:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(language or "text")
    except ClassNotFound:
        return html.escape(code)
    return highlight(code, lexer, HtmlFormatter(nowrap=True))


def highlight_python(code: str) -> str:
    """Python source as HTML with Pygments' classes."""
    return _highlight(code, "python")


def _render_dollar(content: str, options: dict) -> str:
    return _mathml(content.strip(), bool(options.get("display_mode")))


@lru_cache(maxsize=8192)
def _mathml(latex: str, display: bool) -> str:
    from latex2mathml.converter import convert

    try:
        return convert(latex, display="block" if display else "inline")
    except Exception:  # the library raises many kinds; a formula that cannot be set is shown as it was written
        return f"<code>{html.escape(latex)}</code>"
