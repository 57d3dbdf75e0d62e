"""How the pages say numbers, times and places: the one home of every format, so that a date never reads two ways.

Functions of values only; the clock comes in as `now` in milliseconds. Times of day are the machine's own zone, because the
studio runs where its learner sits.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from markupsafe import Markup, escape

from modelwright.learner.wording import days_between
from modelwright.learner.wording import span as span

if TYPE_CHECKING:
    from modelwright.studio.views import Step

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
KINDS = {
    "lesson": "lesson", "problem": "problem", "lab": "lab", "skill": "skill", "module": "module", "stage": "stage", "book": "book",
    "course": "course", "paper": "paper", "tool": "tool", "community": "community", "competition": "competition", "site": "site",
    "resource": "resource", "project": "project", "card": "card", "chapter": "chapter", "review": "cards", "exam": "exam",
    "check": "questions", "rest": "rest",
}  # fmt: skip
PLURAL = {
    "book": "Books", "course": "Courses", "paper": "Papers", "tool": "Tools", "community": "Communities", "competition": "Competitions",
    "site": "Sites",
}  # fmt: skip
RESOURCES = ("resource", "book", "course", "paper", "tool", "community", "competition", "site")


def minutes(value: float) -> str:
    return f"{max(1, round(value))} min"


def hours(value: float) -> str:
    """2.5 h; whole from ten on."""
    return f"{value:.0f} h" if value >= 10 or value == int(value) else f"{value:.1f} h"


def percent(value: float) -> str:
    return f"{100 * value:.0f}%"


def plural(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def number(value: int) -> str:
    return f"{value:,}"


def _local(ms: int) -> time.struct_time:
    return time.localtime(min(max(ms, 0), 32_503_680_000_000) / 1000)


def _offset(ms: int) -> int:
    """Minutes that the clock of this machine's place is ahead of UTC."""
    return (_local(ms).tm_gmtoff or 0) // 60


def day(ms: int) -> str:
    at = _local(ms)
    return f"{at.tm_mday} {time.strftime('%B %Y', at)}"


def month(ms: int) -> str:
    return time.strftime("%B %Y", _local(ms))


def evening(ms: int) -> str:
    """Monday evening."""
    at = _local(ms)
    part = "night" if at.tm_hour < 5 else "morning" if at.tm_hour < 12 else "afternoon" if at.tm_hour < 17 else "evening"
    return f"{time.strftime('%A', at)} {part}"


def ago(ms: int, now: int) -> str:
    gone = now - ms
    if gone < HOUR:
        return "just now" if gone < 2 * MINUTE else f"{gone // MINUTE} minutes ago"
    days = days_between(ms, now, _offset(now))
    if days < 1 or gone < 6 * HOUR:
        return plural(gone // HOUR, "hour") + " ago"
    if days < 60:
        return "yesterday" if days == 1 else f"{days} days ago"
    return plural(round(gone / (30.44 * DAY)), "month") + " ago"


def ahead(ms: int, now: int) -> str:
    """When something is due: now, in 3 hours, tomorrow, in 12 days."""
    left = ms - now
    if left <= 0:
        return "now"
    if left < HOUR:
        return f"in {max(1, round(left / MINUTE))} min"
    if left < DAY:
        return f"in {plural(max(1, round(left / HOUR)), 'hour')}"
    return f"in {interval(left / DAY)}"


def interval(days: float) -> str:
    if days < 1 / 24:
        return f"{max(1, round(days * 1440))} min"
    if days < 0.95:
        return plural(round(days * 24), "hour")
    if days < 14:
        return plural(round(days), "day")
    if days < 60:
        return plural(round(days / 7), "week")
    if days < 700:
        return plural(round(days / 30.44), "month")
    return f"{days / 365.25:.1f} years"


def seconds(value: float) -> str:
    """As beside a check: 4 ms, 0.4 s."""
    return f"{1000 * value:.0f} ms" if value < 0.0995 else f"{value:.1f} s" if value < 10 else f"{value:.0f} s"


def recalled(memory: float) -> str:
    """A probability as people count: 3 times in 5."""
    if memory >= 0.97:
        return "nearly every time"

    def far(of: int, times: int) -> tuple[float, int]:
        return (max(0.04, abs(times / of - memory)), of)  # the shortest way to say it among those near enough

    of, times = min(((n, round(memory * n)) for n in (2, 3, 4, 5, 10)), key=lambda pair: far(*pair))
    if times == 0:
        return "hardly ever"
    return "nearly every time" if times == of else f"{times} {'time' if times == 1 else 'times'} in {of}"


STANDING = {
    "locked": "not open yet",
    "open": "open to you now",
    "learning": "begun",
    "known": "known",
    "fading": "fading",
}


def state(standing: str, mastery: float, memory: float | None) -> str:
    """A skill's state in words, so that no colour or shape is needed."""
    said = STANDING[standing].capitalize()
    if standing in ("learning", "known", "fading"):
        said += f", mastery {percent(mastery)}"
    if memory is not None:
        said += f", recalled today {recalled(memory)}"
    return said


def fades(standing: str, memory: float | None) -> str:
    """The class of a disc whose skill is being forgotten, begun as it may be only: how full it is says mastery, its rim memory."""
    return " fades" if memory is not None and memory < 0.8 and standing != "locked" else ""


def state_in_short(standing: str, mastery: float, memory: float | None) -> str:
    if standing in ("locked", "open"):
        return STANDING[standing]
    return f"{STANDING[standing]} {percent(mastery)}" + (
        f", recalled {recalled(memory)}" if standing == "fading" and memory is not None else ""
    )


def url(kind: str, target: str) -> str:
    """Where a thing is. `target` is its id; a chapter's is `<resource>#<number>`."""
    if kind == "lesson":
        lesson, _, place = target.partition("#")
        return f"/lesson/{quote(lesson)}" + (f"#{quote(place)}" if place else "")
    if kind in ("problem", "lab", "skill", "module"):
        return f"/{kind}/{quote(target)}"
    if kind == "term":
        return f"/terms#{quote(target)}"
    if kind == "chapter":
        resource, _, at = target.partition("#")
        return f"/resource/{quote(resource)}" + (f"#row-{quote(anchor(resource))}-{at}" if at else "")
    if kind == "check":
        resource, _, at = target.partition("#")
        return f"/check/{quote(resource)}/{at}"
    if kind == "competition" and "/" not in target:  # one of this program's own; a site's id has its shelf before it
        return f"/arena/{quote(target)}"
    if kind in RESOURCES:
        return f"/resource/{quote(target)}"
    if kind == "stage":
        return f"/plan#{quote(target)}"
    if kind == "project":
        return f"/plan#{anchor(target)}"
    if kind == "exam":
        return f"/exam/{quote(target)}" if target else "/plan"
    if kind == "card":
        return f"/module/{quote(target.split('/')[0])}"
    return {"review": "/review", "rest": "/"}.get(kind, "/")


def step_url(step: Step) -> str:
    """Where a step of the evening is done."""
    if step.problems and not step.done:
        return block_url(step.problems, example=step.example)
    return url(step.kind, f"{step.target}#ask-{step.place}" if step.place else step.target)


def block_url(problems: Sequence[str], marks: str = "", example: bool = False) -> str:
    """Where a block of problems goes on after those that have a mark."""
    fields = {"of": ",".join(problems)} | ({"marks": marks} if marks else {}) | ({"example": "1"} if example else {})
    return f"/problems?{urlencode(fields, safe='/,')}"


def sentence(text: str) -> str:
    """A check's claim as it stands in a list: a capital first, no full stop, underscores as spaces."""
    text = " ".join(text.removeprefix("test_").replace("_", " ").split()) if " " not in text.strip() else text.strip()
    return (text[:1].upper() + text[1:]).removesuffix(".")


def marked(text: str) -> Markup:
    """HTML of a sentence that names code between backticks."""
    return Markup(re.sub(r"`([^`\n]+)`", r"<code>\1</code>", str(escape(text))))


def anchor(identifier: str) -> str:
    """An id as one that a page's element may have."""
    return identifier.replace("/", "-").replace(".", "-")
