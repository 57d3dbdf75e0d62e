"""The geometry of the pages' pictures: the forecast's fan, the skill map, the small disc of a skill. Numbers in, SVG paths out.

No colour and no style: classes in `studio.css` give both, so that one drawing serves light and dark under a policy that allows
no inline style. The templates put the paths into elements and say the same in words.
"""

from __future__ import annotations

import math
import textwrap
import time
from collections import defaultdict
from collections.abc import Container
from dataclasses import dataclass, replace
from functools import lru_cache

from markupsafe import Markup, escape

from modelwright.studio import views as v
from modelwright.web import words


def disc(fill: float, radius: float) -> str:
    """The path of a disc of `radius` around the origin, filled from below to the share `fill` of its height."""
    fill = min(max(fill, 0.0), 1.0)
    if fill < 0.02:
        return ""
    if fill > 0.995:
        return f"M{-radius:g} 0A{radius:g} {radius:g} 0 1 0 {radius:g} 0A{radius:g} {radius:g} 0 1 0 {-radius:g} 0Z"
    y = radius - 2 * radius * fill
    x = math.sqrt(radius * radius - y * y)
    return f"M{-x:.1f} {y:.1f}A{radius:g} {radius:g} 0 {int(fill > 0.5)} 0 {x:.1f} {y:.1f}Z"


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Fan:
    """Paths in a box of `width` by `height`; the axis lies at `base`, the end of the plan at `top`."""

    width: int
    height: int
    top: float
    base: float
    widest: str
    outer: str
    inner: str
    middle: str
    own: str
    now_x: float
    end_x: float
    ticks: tuple[Tick, ...]
    deadline_x: float | None
    label: str


def fan(forecast: v.ForecastView, now: int, width: int = 320, height: int = 150) -> Fan | None:
    """The share of the plan that is done, over time: the learner's own line up to today, then the paths' 50, 80 and 95%."""
    if not forecast.fan:
        return None
    top, base = 14.0, height - 18.0
    begin = min([at for at, _ in forecast.own] + [now])
    points = [p for p in forecast.fan if p.at >= now] or list(forecast.fan)
    last = max(points[-1].at, forecast.deadline or 0, begin + 1)
    x_of = lambda at: width * (at - begin) / (last - begin)
    y_of = lambda share: base - (base - top) * min(max(share, 0.0), 1.0)
    points = points[:: max(1, len(points) // 60)] + ([points[-1]] if len(points) > 60 else [])

    def line(pairs: list[tuple[int, float]]) -> str:
        return "M" + "L".join(f"{x_of(at):.1f} {y_of(share):.1f}" for at, share in pairs) if pairs else ""

    def band(low: str, high: str) -> str:
        there = [(p.at, getattr(p, high)) for p in points]
        back = [(p.at, getattr(p, low)) for p in reversed(points)]
        return line(there + back) + "Z"

    own = sorted(forecast.own)
    own = own[:: max(1, len(own) // 80)] + (own[-1:] if own else [])
    years = _years(begin, last)
    ticks = tuple(Tick(round(x_of(at), 1), label) for at, label in years)
    finish = forecast.finish
    deadline_x = round(x_of(forecast.deadline), 1) if forecast.deadline else None
    label = (
        f"Forecast of the share of the plan that is done. Half of all paths end between {_month(finish.q25)} and {_month(finish.q75)}; "
        f"80 per cent between {_month(finish.q10)} and {_month(finish.q90)}."
    )
    return Fan(
        width=width, height=height, top=top, base=base, widest=band("q025", "q975"), outer=band("q10", "q90"), inner=band("q25", "q75"),
        middle=line([(p.at, p.q50) for p in points]), own=line([pair for pair in own if pair[0] <= now]), now_x=round(x_of(now), 1),
        end_x=round(x_of(finish.q50), 1), ticks=ticks, deadline_x=deadline_x, label=label,
    )  # fmt: skip


def _month(ms: int) -> str:
    return time.strftime("%B %Y", time.localtime(ms / 1000))


def _years(begin: int, last: int) -> list[tuple[int, str]]:
    """January of each year within, at most four of them; for less than two years, quarters."""
    start, end = time.localtime(begin / 1000), time.localtime(last / 1000)
    at = lambda year, month=1: int(time.mktime((year, month, 1, 0, 0, 0, 0, 1, -1)) * 1000)
    years = [(at(year), str(year)) for year in range(start.tm_year + 1, end.tm_year + 1)]
    if len(years) >= 2:
        return years[:: math.ceil(len(years) / 4)]
    months = [
        (at(year, month), time.strftime("%b %Y", (year, month, 1, 0, 0, 0, 0, 1, -1)))
        for year in range(start.tm_year, end.tm_year + 1)
        for month in (1, 4, 7, 10)
    ]
    within = [pair for pair in months if begin < pair[0] < last]
    return within[:: math.ceil(len(within) / 3)] if within else []


@dataclass(frozen=True, slots=True)
class MapDisc:
    """`needs` are the places of the node's prerequisites among the discs."""

    node: v.MapNode
    x: int
    y: int
    needs: str = ""


@dataclass(frozen=True, slots=True)
class MapLabel:
    x: float
    y: float
    text: str
    id: str


@dataclass(frozen=True, slots=True)
class DrawnMap:
    width: int
    height: int
    stages: tuple[MapLabel, ...]
    rules: tuple[float, ...]
    modules: tuple[MapLabel, ...]
    discs: tuple[MapDisc, ...]


COLUMN, PITCH, PER_ROW, HEAD, MARGIN = 204, 31, 6, 22, 18


def skill_map(view: v.SkillMap) -> DrawnMap:
    """Stages are columns from left to right, modules stand below one another, a module's skills run in rows, first things first."""
    nodes: dict[str, list[v.MapNode]] = defaultdict(list)
    for node in view.nodes:
        nodes[node.module].append(node)
    stages: list[MapLabel] = []
    modules: list[MapLabel] = []
    discs: list[MapDisc] = []
    rules: list[float] = []
    height = 0
    for column, stage in enumerate(view.stages):
        left = MARGIN + column * COLUMN
        for line, text in enumerate(textwrap.wrap(stage.title, 24)[:2]):
            stages.append(MapLabel(left, 28 + 19 * line, text, stage.id))
        if column:
            rules.append(left - 14)
        y = 78
        for module in (m for m in view.modules if m.stage == stage.id):
            modules.append(MapLabel(left, y, f"{module.number}  {module.title}", module.id))
            inside = sorted(nodes[module.id], key=lambda n: n.depth)
            rows = max(1, math.ceil(len(inside) / PER_ROW))
            for index, node in enumerate(inside):
                row, place = divmod(index, PER_ROW)
                discs.append(MapDisc(node, left + 10 + place * PITCH, y + HEAD + row * PITCH))
            y += HEAD + rows * PITCH + 16
        height = max(height, y)
    at = {one.node.id: index for index, one in enumerate(discs)}
    discs = [replace(one, needs=" ".join(str(at[need]) for need in one.node.prerequisites if need in at)) for one in discs]
    return DrawnMap(MARGIN + len(view.stages) * COLUMN, height, tuple(stages), tuple(rules), tuple(modules), tuple(discs))


def nodes(drawn: DrawnMap, here: Container[str]) -> Markup:
    """The discs as links, in one string: three hundred turns of a template's loop would take longer than the rest of the page."""
    return Markup(
        "\n".join(
            _node(
                n.id,
                n.title,
                n.standing,
                round(n.mastery, 2),
                None if n.memory is None else round(n.memory, 2),
                n.id in here,
                one.x,
                one.y,
                one.needs,
            )
            for one in drawn.discs
            for n in (one.node,)
        )
    )


@lru_cache(maxsize=4096)
def _node(id: str, title: str, standing: str, mastery: float, memory: float | None, here: bool, x: int, y: int, needs: str) -> str:
    """One disc; most are as they were at the last visit."""
    name, said, path = escape(title), words.state(standing, mastery, memory), disc(mastery, 7.4)
    data = f' data-needs="{needs}"' if needs else ""
    full = f'<path class="full" d="{path}"/>' if path else ""
    return (
        f'<a class="node is-{standing}{" here" if here else ""}" href="{escape(words.url("skill", id))}" transform="translate({x} {y})"'
        f'{data} data-title="{name}" aria-label="{name}: {escape(said)}"><circle class="rim" r="9.5"/>{full}</a>'
    )


def shorten(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[: characters - 1].rstrip() + "…"
