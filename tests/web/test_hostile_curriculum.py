"""A curriculum that was written to act on the pages that show it: nothing of it becomes an element or an attribute, on any page.

Each place where an author's text goes is given markup that names itself (`mwx`); every page is then read with a real HTML parser.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import tiny_curriculum
from modelwright.curriculum import load, markup, render_lesson, render_markdown, render_math
from modelwright.curriculum.figures import folder_of
from modelwright.curriculum.frames import explores_of
from modelwright.curriculum.lint import lint
from modelwright.curriculum.safe_svg import safe_svg
from modelwright.studio import Studio
from modelwright.web import create_app
from serving import HERE

TAG = '<mwx hx-post="/mwx" data-key="k"></mwx>"\' mwx="1" onload="mwx" <script>mwx()</script>'
MATH = r"$\text{<mwx hx-post=/mwx>}$ $\href{javascript:mwx}{x}$ $\class{mwx}{x}$ $\style{mwx}{x}$ $\mathbin{<mwx>}$ $\tag{<mwx>}$"
LINKS = "[a](javascript:mwx) <javascript:mwx> ![b](data:text/html,mwx) [c](JaVa&#83;cript:mwx) [d][r]\n\n[r]: vbscript:mwx\n\n$$x$$ (mwx)\n"
TEXT = f"{TAG} {MATH} {LINKS}"
LINE = TEXT.replace("\n", " ")
SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" onload="mwx" hx-get="/mwx"><script>mwx</script><a xlink:href="javascript:mwx"><text id="verdict" class="mwx">a &lt;mwx&gt; b</text></a><foreignObject><mwx/></foreignObject><image xlink:href="https://mwx.example/x.png"/><use href="//mwx"/><path fill="url(https://mwx)" style="mwx" d="M 0 0"/></svg>'  # fmt: skip


class Found(HTMLParser):
    """What of a page is the curriculum's own doing."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.troubles: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            text = (value or "").lower().strip()
            harmless = name in ("alt", "aria-label", "title", "value", "content", "data-does", "data-title", "placeholder")
            if (
                "mwx" in name
                or name.startswith("on")
                or ("mwx" in text and not harmless)
                or text.startswith(("javascript:", "vbscript:", "data:text"))
            ):
                self.troubles.append(f"<{tag} {name}={value!r}>")
        if (
            "mwx" in tag
            or tag in ("foreignobject", "iframe", "object", "embed", "base")
            or (tag == "script" and not dict(attrs).get("src"))
        ):
            self.troubles.append(f"<{tag}>")


def troubles(page: str) -> list[str]:
    found = Found()
    found.feed(page)
    found.close()
    return found.troubles


def spoil(value: Any, keys: frozenset[str]) -> Any:
    """The same YAML, with every text of prose replaced."""
    if isinstance(value, dict):
        return {k: (LINE if k in keys and isinstance(x, str) else spoil(x, keys)) for k, x in value.items()}
    return [spoil(x, keys) for x in value] if isinstance(value, list) else value


PROSE = frozenset({"title", "aim", "why", "deliverable", "can", "note", "edition", "ask", "answer", "source", "text", "shows", "remark"})


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tiny_curriculum.build(tmp_path_factory.mktemp("hostile"))
    for file in folder.rglob("*.yaml"):
        data = spoil(yaml.load(file.read_text("utf-8"), yaml.CSafeLoader), PROSE)
        if file.name == "module.yaml":
            for resource in data["resources"]:
                resource["link"], resource["authors"] = "javascript:mwx", [LINE]
        if file.name == "lab.yaml":
            data["hints"] = [LINE] * 3
        if file.name == "plan.yaml":
            data["projects"][0]["milestones"] = [LINE]
            data["resources"][0]["link"] = "data:text/html,<mwx>"
        file.write_text(yaml.safe_dump(data), "utf-8")
    for file in folder.rglob("*.md"):
        text = file.read_text("utf-8")
        head, mark, body = text.partition("\n---\n") if text.startswith("---") else ("", "", text)
        head = re.sub(r"^title: .*$", lambda m: "title: " + yaml.safe_dump(LINE, width=10**6).split("\n...")[0].strip(), head, flags=re.M)
        body = re.sub(r"^(#+ )(.*)$", lambda m: m[0] if "Before you" in m[0] else f"{m[1]}{LINE.split('[d]')[0]}", body, flags=re.M)
        file.write_text(head + mark + TEXT + '\n\n```mwx" onload="mwx\nmwx\n```\n\n' + body + "\n\n", "utf-8")
    for file in folder.rglob("problems.py"):
        spoilt = re.sub(r'(f?")(?=[^"\n]*\$)', lambda m: m[1] + "<mwx hx-post=/mwx> ", file.read_text("utf-8"))
        file.write_text(spoilt, "utf-8")
    return folder


@pytest.fixture(scope="module")
def studio(hostile: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with Studio.open(tmp_path_factory.mktemp("home"), hostile) as opened:
        opened.enrol('Ada " onload="mwx', 7)
        yield opened


def test_nothing_of_it_acts_on_any_page(studio: Studio, hostile: Path) -> None:
    from fastapi.testclient import TestClient

    client = TestClient(create_app(studio), base_url=HERE, raise_server_exceptions=False)
    lab, lesson, problem, book = tiny_curriculum.LAB, tiny_curriculum.LESSON, tiny_curriculum.PROBLEM, tiny_curriculum.BOOK
    folder = folder_of(hostile)
    studio.note(lab, TEXT)
    client.get(f"/lesson/{lesson}")
    studio.save(lab, f'"""{TAG}"""\n')
    studio.hint(lab)
    studio.finish_lesson(lesson, answers=[TEXT, TEXT])
    pages = ["/", "/plan", "/skills", "/skills/table", "/skill/tiny-maths/doubling", "/module/tiny-maths", "/module/tiny-maths/resources",
             "/library", f"/resource/{book}", "/resource/numpy", "/workshop", f"/lesson/{lesson}", f"/problem/{problem}?seed=3", "/review",
             f"/lab/{lab}", f"/lab/{lab}/diff", "/settings", "/forecast", "/known", "/anki", "/find?q=a", f"/why?target={lab}", "/api",
             "/placement", f"/check/{book}/1", "/enrol", "/nowhere/<mwx>", f"/find?q={TAG[:60]}", "/module/<mwx>"]  # fmt: skip
    for page in pages:
        answer = client.get(page)
        assert answer.status_code < 500, f"{page}: {answer.text[:300]}"
        assert troubles(answer.text) == [], page
    assert "mwx" in client.get(f"/lesson/{lesson}").text  # it is shown, as the text that it is
    for page, data in ((f"/problem/{problem}", {"seed": 3, "text": TAG[:300]}), (f"/problem/{problem}/solution", {"seed": 3}),
                       (f"/lab/{lab}/solution", {"confirm": "1"}), ("/curriculum", {"then": "//mwx"})):  # fmt: skip
        answer = client.post(page, data=data)
        assert answer.status_code < 500, page
        assert troubles(answer.text) == [], page
    assert not folder.exists() or all(troubles(safe_svg(f.read_text("utf-8"), "f") or "") == [] for f in folder.glob("*.svg"))


def test_a_drawing_that_comes_with_it_is_shapes_and_text_alone() -> None:
    drawn = safe_svg(SVG, "f")
    assert drawn is not None
    assert troubles(drawn) == []
    assert "a &lt;mwx&gt; b" in drawn
    assert 'id="verdict"' not in drawn
    assert safe_svg("<html/>", "f") is None
    assert safe_svg("no svg", "f") is None


ENTITIES = "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 10}'>" for n in range(1, 6))
BEGINS = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
DOUBLES = "".join(f'<g id="abcdef-{n}">{f"""<use xlink:href="#abcdef-{n - 1}"/>""" * 2}</g>' for n in range(1, 40))


@pytest.mark.parametrize(
    "drawing",
    [
        f"<!DOCTYPE svg [<!ENTITY e0 'mwx'>{ENTITIES}]>{BEGINS}<text>&e5;</text></svg>",
        f'{BEGINS}<path id="abcdef-0" d="M0 0"/>{DOUBLES}</svg>',
        f"{BEGINS}{'<g>' * 20_000}{'</g>' * 20_000}</svg>",
    ],
    ids=["entities that unfold", "uses that double", "twenty thousand deep"],
)
def test_a_figure_that_came_drawn_with_a_curriculum_does_not_unfold_on_its_page(drawing: str, tmp_path: Path) -> None:
    lesson = load(tiny_curriculum.build(tmp_path / "curriculum")).lessons[tiny_curriculum.LESSON]
    lesson = lesson.model_copy(update={"text": '```figure\nalt = "A line."\n```\n'})
    page = render_lesson(lesson, lambda key: drawing).html
    assert "mwxmwx" not in page
    assert page.count("<use") <= 2
    assert page.count("<g") < 100


def test_a_frame_that_came_drawn_with_a_curriculum_is_shapes_and_text_alone(tmp_path: Path) -> None:
    code = 'VALUES = {"n": [1, 2]}\n\n\ndef draw(n):\n    return "One."\n'
    lesson = load(tiny_curriculum.build(tmp_path / "curriculum")).lessons[tiny_curriculum.LESSON]
    (explore,) = explores_of(lesson.model_copy(update={"text": f"```explore\n{code}```\n"}))
    kept = tmp_path / explore.key
    kept.mkdir()
    for index, drawing in enumerate((SVG, "<p hx-post='/mwx'>")):
        (kept / f"{index}.json").write_text(json.dumps({"svg": drawing, "said": TAG}))
    first, second = explore.frames(tmp_path)
    assert first is not None
    assert "a &lt;mwx&gt; b" in first.svg
    assert troubles(first.svg) == []
    assert second is not None
    assert (second.svg, bool(second.error)) == ("", True)


def test_the_linter_names_each_link_that_leads_nowhere(tmp_path: Path) -> None:
    folder = tiny_curriculum.build(tmp_path / "curriculum")
    lesson = next(folder.rglob("doubling.md"))
    lesson.write_text(lesson.read_text("utf-8").replace("\n## ", "\nSee [this](javascript:steal).\n\n## ", 1), "utf-8")
    cards = next(folder.rglob("cards.yaml"))
    rows = yaml.load(cards.read_text("utf-8"), yaml.CSafeLoader)
    rows[0]["answer"] = "[x](data:text/html,x)"
    cards.write_text(yaml.safe_dump(rows), "utf-8")
    module = next(folder.rglob("module.yaml"))
    module.write_text(module.read_text("utf-8").replace("https://example.org/small\n", "javascript:steal\n", 1), "utf-8")
    readme = next(folder.rglob("README.md"))
    readme.write_text(readme.read_text("utf-8") + "\n<vbscript:x>\n", "utf-8")
    findings: list[Any] = []
    lint(load(folder), findings.append)
    named = {finding.file.name for finding in findings if re.search(r"(javascript|data|vbscript):\S* ?", finding.message)}
    assert named == {"doubling.md", "cards.yaml", "module.yaml", "README.md"}


@given(st.text(alphabet=st.sampled_from("\\{}<>&\"'$^_ ab=/#x;:()[]|~%"), max_size=60), st.sampled_from(["text", "mathrm", "href", "color", "style", "class", "mbox", "operatorname"]))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_no_formula_becomes_anything_but_mathematics(text: str, command: str) -> None:
    for latex in (text, f"\\{command}{{{text}}}{{x}}"):
        for name in re.findall(r"<\s*/?\s*([a-zA-Z!?][\w-]*)", render_math(latex)):
            assert name in markup.MATH_ELEMENTS | {"code"}
    assert troubles(render_markdown(f"${text}$ $$\\{command}{{{text}<mwx>}}$$")) == []


@pytest.mark.parametrize(
    "url", ["https://a.org/x?y=z#w", "http://a.org", "mailto:a@b.org", "/lesson/a/b", "#part", "figures/x.png", "?q=1"]
)
def test_a_link_to_the_web_or_the_studio_is_one(url: str) -> None:
    assert markup.may_link(url)


@pytest.mark.parametrize("url", ["javascript:x", "JAVASCRIPT:x", " javascript:x", "java\tscript:x", "data:text/html,x", "file:///etc", "//evil.org", "\\\\evil", "x:y", "https:x", "blob:https://a", "javascript&colon;x"])  # fmt: skip
def test_a_link_to_anything_else_is_none(url: str) -> None:
    assert not markup.may_link(url)


# What it can do is said, once


def test_a_curriculum_from_elsewhere_says_on_each_page_what_it_can_do_until_that_is_noted(tmp_path: Path) -> None:
    from fastapi.testclient import TestClient

    folder = tiny_curriculum.build(tmp_path / "curriculum")
    with Studio.open(tmp_path / "home", folder) as opened:
        opened.enrol("Ada", 7)
        client = TestClient(create_app(opened), base_url=HERE)
        for page in ("/", "/plan", f"/lab/{tiny_curriculum.LAB}"):
            assert "run with your rights" in client.get(page).text
        answer = client.post("/curriculum", data={"then": "/plan"}, follow_redirects=False)
        assert answer.headers["location"] == "/plan"
        assert "run with your rights" not in client.get("/plan").text
    with Studio.open(tmp_path / "home", folder) as again:
        assert again.guest.notice("page") == ""
    shutil.copytree(folder, tmp_path / "other")
    with Studio.open(tmp_path / "home", tmp_path / "other") as other:
        assert "run with your rights" in other.guest.notice("page")


def test_the_shipped_one_says_nothing(tmp_path: Path) -> None:
    with Studio.open(tmp_path / "home") as opened:
        assert opened.guest.notice("page") == opened.guest.notice("terminal") == ""
