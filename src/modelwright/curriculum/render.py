"""Turns the curriculum's Markdown into HTML: mathematics as MathML, code highlighted by classes, lesson blocks with their figures.

No script, no style and no raw HTML can come out of it, whatever the Markdown holds, so a page may insert it as it is (see `markup`).
Running a lesson's code is not done here (see `figures.py`).
"""

from __future__ import annotations

import hashlib
import html
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from modelwright.curriculum import markup
from modelwright.curriculum.lesson_blocks import (
    HOLE,
    Block,
    Cell,
    Check,
    Explore,
    Faded,
    Figure,
    Prose,
    blocks_of,
    closing_questions,
)
from modelwright.curriculum.models import Lesson
from modelwright.curriculum.safe_svg import safe_svg

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from markdown_it import MarkdownIt


QUOTED = 120  # characters by which a paragraph is known again
Kind = Literal["prose", "cell", "figure", "check", "faded", "explore"]
_KINDS: dict[type[Block], Kind] = {Prose: "prose", Cell: "cell", Figure: "figure", Check: "check", Faded: "faded", Explore: "explore"}


@dataclass(frozen=True)
class Heading:
    """A section of a lesson: its place on the page, and its title as HTML."""

    anchor: str
    html: str


@dataclass(frozen=True)
class RenderedBlock:
    """One block of a lesson as HTML.

    Of what asks something, `html` is the question (of a check that points elsewhere, nothing: its question is drawn when it is asked).
    waiting: its figure is not drawn yet, and `html` says what it will show.
    """

    kind: Kind
    html: str
    block: Block
    headings: tuple[Heading, ...] = ()
    waiting: bool = False


@dataclass(frozen=True)
class RenderedLesson:
    """`blocks` are those above the closing section; `questions` are its questions, as HTML; `figures` the keys that the page shows.

    paragraphs: the id of each paragraph of prose, made from its text, and how it begins, so that a note beside it can be found again.
    """

    blocks: tuple[RenderedBlock, ...]
    questions: tuple[str, ...]
    figures: tuple[str, ...]
    paragraphs: Mapping[str, str]

    @property
    def html(self) -> str:
        """The lesson down to its closing section, as one text to read."""
        return "".join(block.html for block in self.blocks)


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
    """A lesson as HTML. `figure` gives the SVG of a figure by its key (see `figure_key`), or None while it is not drawn yet."""
    rendered: list[RenderedBlock] = []
    keys: list[str] = []
    paragraphs: dict[str, str] = {}
    code_so_far: list[str] = []
    for block in blocks_of(lesson):
        waiting = False
        headings: tuple[Heading, ...] = ()
        match block:
            case Prose():
                page, headings = _prose(block.text, paragraphs, sum(len(before.headings) for before in rendered) + 1)
            case Cell():
                code_so_far.append(block.code)
                page = render_cell(block)
            case Figure():
                code_so_far.append(block.code)
                keys.append(figure_key(code_so_far))
                svg = figure(keys[-1])
                waiting = svg is None
                page = _figure(svg, block.alt)
            case Check():
                page = render_question(block.ask, block.code) if block.ask else ""
            case Faded():
                page = render_markdown(block.ask) + _with_hole(block)
            case Explore():
                page = ""
            case _:
                continue
        rendered.append(RenderedBlock(_KINDS[type(block)], page, block, headings, waiting))
    questions = tuple(render_inline(question.ask) for question in closing_questions(lesson))
    return RenderedLesson(tuple(rendered), questions, tuple(keys), paragraphs)


def _prose(text: str, paragraphs: dict[str, str], first: int) -> tuple[str, tuple[Heading, ...]]:
    """Prose with a place on the page for each heading, numbered from `first`, and each paragraph; `paragraphs` gains the latter."""
    markdown = _markdown()
    env: dict[str, object] = {}
    tokens = markdown.parse(text, env)
    headings: list[Heading] = []
    for token, inner in pairwise(tokens):
        if token.type == "heading_open" and token.tag == "h2":
            anchor = f"section-{first + len(headings)}"
            token.attrSet("id", anchor)
            headings.append(Heading(anchor, render_inline(inner.content)))
        if token.type == "paragraph_open" and token.level == 0:
            words = " ".join(inner.content.split())
            id = paragraph_id(words)
            while id in paragraphs:
                id += "x"
            token.attrSet("id", id)
            paragraphs[id] = _beginning(words)
    return _keep_together(markdown.renderer.render(tokens, markdown.options, env)), tuple(headings)


def _beginning(words: str) -> str:
    """How a paragraph begins, as Markdown that is whole: no formula, code or bold text is cut in two."""
    if len(words) <= QUOTED:
        return words
    cut = words[:QUOTED].rsplit(" ", 1)[0]
    for sign in ("$", "`", "**"):
        if cut.count(sign) % 2:
            cut = cut[: cut.rindex(sign)].rstrip()
    return cut + " …"


def paragraph_id(words: str) -> str:
    """The place of a paragraph on its page: it stays while its text does."""
    return "p-" + hashlib.sha256(words.encode()).hexdigest()[:8]


def render_cell(cell: Cell) -> str:
    """Code, and what the page says that it prints: the two places that a run changes."""
    output = "" if cell.output is None else _output(cell.output)
    code = f'<pre class="code" tabindex="0"><code>{highlight_python(cell.code)}</code></pre>'
    return f'<div class="source">{code}</div>\n<div class="shown" role="status">{output}</div>\n'


def refused_links(text: str) -> list[tuple[str, str, str]]:
    """Where a Markdown text wants to lead, and no page will (a script, a document in the link): each with what to say and what to do."""
    from markdown_it import MarkdownIt

    every = MarkdownIt("commonmark")
    every.validateLink = lambda url: True  # type: ignore[method-assign]
    targets = []
    for token in every.parse(text):
        for inner in token.children or ():
            target = inner.attrs.get("href", inner.attrs.get("src"))
            if target is not None:
                targets.append(unquote(str(target)) if not markup.may_link(str(target)) else "")
    mend = "Link to https://…, or to a page of the studio, as /lesson/…."
    return [(target, f"The link {target!r} leads to no page, and is not shown as one.", mend) for target in targets if target]


def render_question(ask: str, code: str = "") -> str:
    """A question in Markdown, with the program that it is about."""
    shown = f'<pre class="code" tabindex="0"><code>{highlight_python(code)}</code></pre>\n' if code else ""
    return render_markdown(ask) + shown


def _with_hole(faded: Faded) -> str:
    """The code, with its hole marked."""
    code = highlight_python(faded.code)
    hole = f'<span class="hole">{HOLE}</span>'
    marked = re.sub(rf"<span class=\"\w+\">{HOLE}</span>|(?<!_){HOLE}(?!_)", hole, code, count=1)
    return f'<pre class="code" tabindex="0"><code>{marked}</code></pre>\n'


def figure_key(code: list[str]) -> str:
    """A figure is known by all the code that leads up to it, its own last: change any and it is drawn anew."""
    return hashlib.sha256("\0".join(code).encode()).hexdigest()[:20]


def _figure(svg: str | None, alt: str) -> str:
    drawing = None if svg is None else _drawing(svg, alt)
    if drawing is None:
        return f'<figure class="figure waiting"><p>{html.escape(alt)}</p></figure>\n'
    return f'<figure class="figure">{drawing}</figure>\n'


@lru_cache(maxsize=256)
def _drawing(svg: str, alt: str) -> str | None:
    """A kept drawing, which may have come with a curriculum from anywhere: so it passes the wall here, not only where it was drawn."""
    return safe_svg(svg, "f", alt)


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt
    from mdit_py_plugins.dollarmath import dollarmath_plugin

    markdown = MarkdownIt("commonmark", {"html": False, "typographer": True}).enable(["table", "strikethrough"])
    markdown.enable(["replacements", "smartquotes"])
    markdown.validateLink = markup.may_link  # type: ignore[method-assign]
    markdown.use(dollarmath_plugin, allow_labels=False, allow_space=False, allow_digits=False, double_inline=True, renderer=_render_dollar)
    markdown.add_render_rule("table_open", lambda *_: '<div class="table-scroll" tabindex="0"><table>\n')
    markdown.add_render_rule("table_close", lambda *_: "</table></div>\n")
    markdown.add_render_rule("fence", _fence)
    return markdown


def _fence(renderer: object, tokens: list[Any], index: int, options: object, env: object) -> str:
    """A block of code, or of what it printed. What scrolls takes the focus, so that it can be scrolled without a mouse."""
    token = tokens[index]
    language = token.info.strip().split(" ")[0] if token.info else ""
    if language == "output":
        return _output(token.content)
    return f'<pre class="code" tabindex="0"><code>{_highlight(token.content, language)}</code></pre>\n'


def _output(printed: str) -> str:
    return f'<pre class="output" tabindex="0" aria-label="What it prints"><samp>{html.escape(printed)}</samp></pre>\n'


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
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))


def highlight_python(code: str) -> str:
    """Python source as HTML with Pygments' classes."""
    return _highlight(code, "python")


def _render_dollar(content: str, options: dict[str, Any]) -> str:
    return _mathml(content.strip(), bool(options.get("display_mode")))


SIGNS, CLOSING = frozenset("−-+±∓"), frozenset(")]}⟩⌋⌉!′|‖")
ROWS = frozenset({"math", "mrow", "mstyle", "mpadded", "mtd", "msqrt"})  # whose children stand in a line


def _space(parent: Element) -> None:
    """A sign before a number is no operator between two, and a function's name stands apart from what it is of and what is before it."""
    before: Element | None = None
    for child in list(parent):
        _space(child)
        if parent.tag not in ROWS:
            continue
        if _is(child, "mo", SIGNS) and (before is None or (before.tag == "mo" and not _is(before, "mo", CLOSING))):
            child.set("form", "prefix")
        if before is not None and (_ends_apart(before, child) or _begins_apart(before, child)):
            parent.insert(list(parent).index(child), Element("mspace", width="0.1667em"))
        before = child


def _is(element: Element, tag: str, texts: frozenset[str]) -> bool:
    return element.tag == tag and html.unescape(element.text or "") in texts


def _is_function(element: Element) -> bool:
    """Whether it is a name of several letters, by itself or with an index or a power: ln, log₂, sin²."""
    if element.tag in ("msub", "msup", "msubsup"):
        return len(element) > 0 and _is_function(element[0])
    text = html.unescape(element.text or "")
    return element.tag == "mi" and len(text) > 1 and text.isascii() and text.isalpha()


def _ends_apart(function: Element, operand: Element) -> bool:
    return _is_function(function) and operand.tag not in ("mo", "mspace", "mtext") and not (len(operand) and operand[0].tag == "mo")


def _begins_apart(factor: Element, function: Element) -> bool:
    apart = factor.tag not in ("mo", "mspace", "mtext") or _is(factor, "mo", CLOSING)
    return apart and _is_function(function) and not _is_function(factor)


@lru_cache(maxsize=8192)
def _mathml(latex: str, display: bool) -> str:
    from latex2mathml.converter import Converter

    try:
        element = Converter(display="block" if display else "inline").convert_to_element(latex)
        _space(element)
        return markup.mathml(element)
    except Exception:  # the library raises many kinds; a formula that cannot be set is shown as it was written
        return f"<code>{html.escape(latex)}</code>"
