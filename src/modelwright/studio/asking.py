"""A question that somebody can answer, made from what is there: the task, what fails, the code, what was tried, the versions.

Whoever is asked needs the smallest example that fails and what was expected of it; that is what a verdict holds. Neither the solution nor
the checks' code is in it.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Sequence
from importlib import metadata
from typing import TYPE_CHECKING

from modelwright.learner.wording import count, day
from modelwright.studio import views as v
from modelwright.studio.errors import NotYet

if TYPE_CHECKING:
    from modelwright.curriculum.models import Lab
    from modelwright.studio.desk import Desk

MOST_LINES = 60  # of code: who answers reads no more
LIBRARIES = {"numpy": "NumPy", "torch": "PyTorch"}


def question(desk: Desk, lab: Lab, view: v.LabView) -> v.AskingView:
    """Raises NotYet where there is nothing to ask: before the first verdict, and after a pass."""
    verdict = view.verdict
    if verdict is None:
        raise NotYet("Check your file once first: a question begins with what happens.")
    if verdict.status == "passed":
        raise NotYet("Your file passes, so there is nothing to ask; show it to somebody instead.")
    failed = next((check for check in verdict.checks if check.status in ("failed", "error")), None)
    parts = [
        f"**What I want.** {task(view.statement)}",
        "**What happens.** " + happened(verdict, failed),
        "**My code.**\n\n" + fenced(shortened(view.source), "python"),
        f"**What I tried.** {tried(desk, view)}",
        f"**Versions.** {versions(lab)}.",
    ]
    failing = (failed.claim or failed.name).rstrip(".") if failed else verdict.message.rstrip(".")
    return v.AskingView(
        desk.link(lab.id, "lab"), f"{view.title}: “{failing}” fails"[:200], "\n\n".join(parts) + "\n", tuple(missing(view, verdict)),
        places(desk, lab),
    )  # fmt: skip


def task(statement: str) -> str:
    """The first paragraph of prose in a lab's statement: what it asks for, in a sentence or two."""
    for paragraph in re.split(r"\n\s*\n", statement):
        text = " ".join(paragraph.split())
        if text and not text.startswith(("#", "```", "|", "-", "$$")):
            sentences = re.split(r"(?<=[.!?])\s+(?=[A-Z`])", text)
            return " ".join(sentences[:2])
    return "See below."


def happened(verdict: v.LastVerdict, failed: v.CheckLine | None) -> str:
    if failed is None:
        return verdict.message
    name = f"The check “{failed.name}”" + (f" ({failed.case})" if failed.case else "") + " fails."
    facts = [(word, text) for word, text in (("given", failed.given), ("expected", failed.expected), ("got", failed.got)) if text.strip()]
    example = "\n".join(f"{word + ':':<10}{text.strip()}" for word, text in facts)
    said = failed.traceback.strip() or ("" if facts else failed.message.strip())
    blocks = [fenced(text) for text in (example, said) if text]
    return "\n\n".join([name, *blocks])


def fenced(text: str, language: str = "") -> str:
    """A block of code that no line of the text can close."""
    fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", text)), default=0))
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def shortened(source: str) -> str:
    lines = source.rstrip().splitlines()
    if len(lines) <= MOST_LINES:
        return "\n".join(lines)
    return "\n".join([*lines[:MOST_LINES], f"# … and {len(lines) - MOST_LINES} lines more"])


def tried(desk: Desk, view: v.LabView) -> str:
    attempts = view.attempts
    sentences = []
    if attempts:
        first = day(min(attempt.at for attempt in attempts), desk.tz)
        passed = [attempt.checks_passed for attempt in sorted(attempts, key=lambda attempt: attempt.at)][-5:]
        total = max(attempt.checks_total for attempt in attempts)
        rows = f"{', '.join(map(str, passed[:-1]))} and {passed[-1]}" if len(passed) > 1 else f"{passed[-1]}"
        sentences.append(f"{count(len(attempts), 'submission').capitalize()} since {first}; {rows} of {total} checks passed.")
    if view.hints:
        sentences.append(f"I have read {count(len(view.hints), 'hint')}.")
    if view.note.strip():
        sentences.append("My own note: " + " ".join(view.note.split())[:400])
    return " ".join(sentences) or "Nothing yet."


def versions(lab: Lab) -> str:
    named = [f"Python {platform.python_version()}"]
    for library in dict.fromkeys(("numpy", *lab.needs)):
        try:
            named.append(f"{LIBRARIES.get(library, library)} {metadata.version(library).split('+')[0]}")
        except metadata.PackageNotFoundError:  # a group of packages, which a question need not name
            continue
    return ", ".join([*named, platform.system()])


def missing(view: v.LabView, verdict: v.LastVerdict) -> Sequence[str]:
    said = []
    if verdict.stale:
        said.append("Your file has changed since it was checked; check it again, so that code and example belong together.")
    if len(view.source.splitlines()) > MOST_LINES:
        said.append("Cut the code down to the function that fails: who answers reads a screen.")
    if not view.note.strip():
        said.append("Say in a note on the lab what you think is wrong and what speaks against it; half of all questions end there.")
    return said


def places(desk: Desk, lab: Lab) -> tuple[v.ResourceView, ...]:
    """The communities that the lab's module names; all of them where it names none."""
    shared = desk.curriculum.shared
    named = desk.curriculum.module_of(lab.id).communities or tuple(id for id, one in shared.items() if one.kind == "community")
    return tuple(desk.resource(shared[id]) for id in named if id in shared)
