"""The geometry of the pages' pictures: the forecast's fan, the skill map, the small disc of a skill. Numbers in, SVG paths out.

No colour and no style: classes in `studio.css` give both, so that one drawing serves light and dark under a policy that allows
no inline style. The templates put the paths into elements and say the same in words.
"""

from __future__ import annotations

import math
import textwrap
import time
from collections import defaultdict
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from markupsafe import Markup, escape

from modelwright.studio import views as v
from modelwright.studio.desk import KNOWN
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
class Label:
    """A word beside a picture. `anchor`: start, middle or end, as SVG's text-anchor. `kind`: a class for its look, or none."""

    x: float
    y: float
    text: str
    anchor: str = "middle"
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Fan:
    """Paths in a box of `width` by `height`: dates run from `left` to `right`; the axis lies at `base`, the end of the plan at `top`.

    Words stand outside of that box alone: shares of the plan on its left, the end above it, dates below it.
    """

    width: int
    height: int
    left: float
    right: float
    top: float
    base: float
    widest: str
    outer: str
    inner: str
    middle: str
    own: str
    now_x: float
    end_x: float
    ticks: tuple[float, ...]
    deadline_x: float | None
    label: str
    ends: tuple[float, float, float, float]  # along the top: where the 80% of ends begin, the half of them, and where these end
    levels: tuple[float, ...]  # heights of the quarters of the plan
    labels: tuple[Label, ...]
    other: str  # the middle of another forecast to compare with, and where it ends
    other_x: float | None


CHARACTER = 0.6  # of a letter's size: what a character takes on average in words like these


def fan(forecast: v.ForecastView, now: int, width: int = 320, height: int = 160, other: v.ForecastView | None = None) -> Fan | None:
    """The share of the plan that is done, over time: the learner's own line up to today, then the paths' 50, 80 and 95%.

    From a width of 400 on it is drawn in full, with a scale, the range of ends, and room for larger letters on a narrow screen.
    """
    if not forecast.fan:
        return None
    full = width >= 400
    size = 15 if full else 11
    left, right, top, base = (48.0 if full else 0.0), width - 4.0, (34.0 if full else 20.0), height - 2.6 * size
    begin = min([at for at, _ in forecast.own] + [now])
    points = [p for p in forecast.fan if p.at >= now] or list(forecast.fan)
    last = max(points[-1].at, forecast.deadline or 0, begin + 1)
    if other is not None and other.fan:
        last = max(last, other.finish.q50 + (last - begin) // 20)

    def x_of(at: float) -> float:
        return left + (right - left) * (at - begin) / (last - begin)

    def y_of(share: float) -> float:
        return base - (base - top) * min(max(share, 0.0), 1.0)

    points = points[:: max(1, len(points) // 60)] + ([points[-1]] if len(points) > 60 else [])

    def line(pairs: list[tuple[int, float]]) -> str:
        return "M" + "L".join(f"{x_of(at):.1f} {y_of(share):.1f}" for at, share in pairs) if pairs else ""

    def band(low: str, high: str) -> str:
        there = [(p.at, getattr(p, high)) for p in points]
        back = [(p.at, getattr(p, low)) for p in reversed(points)]
        return line(there + back) + "Z"

    own = sorted(forecast.own)
    own = own[:: max(1, len(own) // 80)] + (own[-1:] if own else [])
    finish = forecast.finish
    deadline_x = round(x_of(forecast.deadline), 1) if forecast.deadline else None
    told = (
        f"Forecast of the share of the plan that is done. Half of all paths end between {_month(finish.q25)} and {_month(finish.q75)}; "
        f"80 per cent between {_month(finish.q10)} and {_month(finish.q90)}."
    )
    years = [(x_of(at), name) for at, name in _years(begin, last)]
    dates = [Label(x_of(now), height - 0.3 * size, "today")]
    if deadline_x is not None:
        dates.insert(0, Label(deadline_x, height - 0.3 * size, "your date", kind="deadline-name"))
    below = _apart(dates, 0, width, size) + _apart([Label(x, height - 1.5 * size, name) for x, name in years], left, width, size)
    if full:
        ends = Label(
            x_of((finish.q10 + finish.q90) / 2), top - 14, f"done: {_month(finish.q10)} to {_month(finish.q90)}, 8 in 10", kind="ends-words"
        )
        above = _apart([ends], 0, width, size)
        scale = [Label(left - 6, y_of(share) + 0.35 * size, f"{100 * share:.0f}%", "end") for share in (0.25, 0.5, 0.75, 1.0)]
    else:
        above, scale = [Label(0, top - 7, "the whole plan", "start")], []
    return Fan(
        width=width, height=height, left=left, right=right, top=top, base=base, widest=band("q025", "q975"), outer=band("q10", "q90"),
        inner=band("q25", "q75"), middle=line(_to_the_end([(p.at, p.q50) for p in points])),
        own=line([pair for pair in own if pair[0] <= now]),
        now_x=round(x_of(now), 1), end_x=round(x_of(finish.q50), 1), ticks=tuple(round(x, 1) for x, _ in years), deadline_x=deadline_x,
        label=told, labels=tuple(scale + above + below),
        ends=(round(x_of(finish.q10), 1), round(x_of(finish.q25), 1), round(x_of(finish.q75), 1), round(x_of(finish.q90), 1)),
        levels=tuple(round(y_of(share), 1) for share in (0.25, 0.5, 0.75)) if full else (),
        other=line(_to_the_end([(p.at, p.q50) for p in other.fan if p.at <= last][:: max(1, len(other.fan) // 60)])) if other else "",
        other_x=round(x_of(other.finish.q50), 1) if other else None,
    )  # fmt: skip


def _apart(labels: list[Label], left: float, right: float, size: float) -> list[Label]:
    """Labels of one line, each as near its place as its ends and the ones before it allow; what finds no room is left out."""
    taken: list[tuple[float, float]] = []
    placed = []
    for label in labels:
        half = CHARACTER * size * len(label.text) / 2
        least, most = left + half, max(left + half, right - half)
        beside = [place for begin, end in taken for place in (begin - size / 2 - half, end + size / 2 + half)]
        free = [
            x
            for x in (min(max(label.x, least), most), *beside)
            if least <= x <= most and all(x + half < begin or x - half > end for begin, end in taken)
        ]
        if free:
            x = min(free, key=lambda place: abs(place - label.x))
            taken.append((x - half, x + half))
            placed.append(replace(label, x=round(x, 1)))
    return placed


def _to_the_end(pairs: list[tuple[int, float]]) -> list[tuple[int, float]]:
    """Up to where the plan is done: along the top there is nothing more to say."""
    ends = next((n for n, (_, share) in enumerate(pairs) if share >= 0.9999), len(pairs))
    return pairs[: ends + 1]


def _month(ms: int) -> str:
    return time.strftime("%B %Y", time.localtime(ms / 1000))


def _years(begin: int, last: int) -> list[tuple[int, str]]:
    """January of each year within, at most four of them; for less than two years, quarters."""
    start, end = time.localtime(begin / 1000), time.localtime(last / 1000)

    def at(year: int, month: int = 1) -> int:
        return int(time.mktime((year, month, 1, 0, 0, 0, 0, 1, -1)) * 1000)

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
class Mark:
    """A day's practice. `kind`: well, badly, or read."""

    x: float
    y: float
    kind: str


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Recall over time, in a box of `width` by `height`: what was believed, then what will be if nothing is done."""

    width: int
    height: int
    top: float
    base: float
    past: str
    ahead: str
    marks: tuple[Mark, ...]
    levels: tuple[Tick, ...]  # x holds the height here
    dates: tuple[Tick, ...]
    goal_y: float
    now_x: float
    due_x: float | None
    label: str


def forgetting(curve: v.MemoryCurve, now: int, width: int = 620, height: int = 250) -> Forgetting:
    left, top, base = 40.0, 12.0, height - 24.0
    moments = [at for at, _ in curve.past] + [at for at, _, _ in curve.marks] + [now]
    begin, last = min(moments), max(curve.ahead[-1][0] if curve.ahead else now, now + 1)
    lowest = min([p for _, p in (*curve.past, *curve.ahead)] + [p for _, p, _ in curve.marks] + [curve.goal - 0.1])
    floor = max(0.0, math.floor(10 * lowest) / 10)

    def x_of(at: float) -> float:
        return round(left + (width - left) * (at - begin) / max(1, last - begin), 1)

    def y_of(p: float) -> float:
        return round(base - (base - top) * (min(max(p, floor), 1.0) - floor) / (1 - floor), 1)

    def line(pairs: tuple[tuple[int, float], ...]) -> str:
        return "M" + "L".join(f"{x_of(at):g} {y_of(p):g}" for at, p in pairs) if pairs else ""

    said = {True: "well", False: "badly", None: "read"}
    every = 0.1 if floor >= 0.5 else 0.2
    levels = [floor + every * k for k in range(round((1 - floor) / every) + 1)]
    return Forgetting(
        width=width, height=height, top=top, base=base, past=line(curve.past), ahead=line(curve.ahead),
        marks=tuple(Mark(x_of(at), y_of(p), said[right]) for at, p, right in curve.marks),
        levels=tuple(Tick(y_of(p), f"{100 * p:.0f}%") for p in levels if p <= 1.001),
        dates=tuple(Tick(x_of(at), label) for at, label in _dates(begin, last)),
        goal_y=y_of(curve.goal), now_x=x_of(now), due_x=x_of(curve.due_at) if begin <= curve.due_at <= last else None,
        label=_forgetting_in_words(curve, now),
    )  # fmt: skip


def _forgetting_in_words(curve: v.MemoryCurve, now: int) -> str:
    """The picture for those who cannot see it."""
    said = "The chance of recalling this skill, over time."
    tested = [right for _, _, right in curve.marks if right is not None]
    if tested:
        since = words.day(min(at for at, _, _ in curve.marks))
        said += f" Practised on {words.plural(len(tested), 'day')} since {since}, well on {sum(tested)}."
    if curve.ahead:
        said += f" Today it is about {100 * curve.ahead[0][1]:.0f} in a hundred."
        if curve.due_at > now:
            said += f" It falls to {100 * curve.goal:.0f} on {words.day(curve.due_at)}, when it comes due."
        at, p = curve.ahead[-1]
        said += f" With nothing done it would be about {100 * p:.0f} by {words.day(at)}."
    return said


def _dates(begin: int, last: int) -> list[tuple[int, str]]:
    """Three or four dates across a stretch of time, each in as few words as tell them apart."""
    span = (last - begin) / words.DAY
    places = [begin + round((last - begin) * share) for share in (0.08, 0.36, 0.64, 0.92)]
    if span > 500:
        return [(at, words.month(at)) for at in places[::2] + places[3:]] if span < 1500 else [(at, words.month(at)) for at in places[1:3]]
    return [(at, words.day(at).rsplit(" ", 1)[0]) for at in places]


@dataclass(frozen=True, slots=True)
class Point:
    """A tenth of the forecasts: where it lies, the ends of its interval, and how large its dot is."""

    x: float
    y: float
    low: float
    high: float
    r: float


@dataclass(frozen=True, slots=True)
class Reliability:
    width: int
    height: int
    left: float
    top: float
    right: float
    base: float
    points: tuple[Point, ...]
    line: str
    levels: tuple[Tick, ...]  # x holds the height here
    chances: tuple[Tick, ...]
    label: str


def reliability(found: v.ReliabilityView, width: int = 360, height: int = 320) -> Reliability | None:
    """What was said across, what came upwards, with 95% intervals; on the diagonal the two agree."""
    if not found.bins:
        return None
    left, top, right, base = 62.0, 10.0, width - 10.0, height - 38.0

    def x_of(p: float) -> float:
        return round(left + (right - left) * p, 1)

    def y_of(p: float) -> float:
        return round(base - (base - top) * p, 1)

    most = max(b.n for b in found.bins)
    points = tuple(
        Point(x_of(b.predicted), y_of(b.came), y_of(b.at_least), y_of(b.at_most), round(2.5 + 3.5 * math.sqrt(b.n / most), 1))
        for b in found.bins
    )
    told = "; ".join(f"said {100 * b.predicted:.0f}, came {100 * b.came:.0f} in a hundred, {b.n} times" for b in found.bins)
    quarters = (0.0, 0.25, 0.5, 0.75, 1.0)
    return Reliability(
        width, height, left, top, right, base, points, "M" + "L".join(f"{p.x:g} {p.y:g}" for p in points),
        tuple(Tick(y_of(p), f"{100 * p:.0f}%") for p in quarters), tuple(Tick(x_of(p), f"{100 * p:.0f}%") for p in quarters),
        f"What was said against what came: {told}.",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class SaidOf:
    """What each weekly forecast said of the end: across, when it was said; up, the date it named."""

    width: int
    height: int
    base: float
    band: str
    middle: str
    came: str  # where said and named are the same day: the line that forecasts meet when the plan is done
    dates: tuple[Tick, ...]
    heights: tuple[Tick, ...]  # x holds the height
    label: str


def said(snapshots: tuple[v.Said, ...], width: int = 620, height: int = 240) -> SaidOf | None:
    if len(snapshots) < 3:
        return None
    left, top, base = 40.0, 10.0, height - 22.0
    shown = snapshots[:: max(1, len(snapshots) // 120)]
    begin, end = shown[0].at, max(shown[-1].at, shown[0].at + 1)
    lowest, highest = min(s.q10 for s in shown), max(s.q90 for s in shown)
    margin = max((highest - lowest) // 12, 1)
    lowest, highest = lowest - margin, highest + margin

    def x_of(at: float) -> float:
        return round(left + (width - left) * (at - begin) / (end - begin), 1)

    def y_of(at: float) -> float:
        return round(base - (base - top) * (at - lowest) / (highest - lowest), 1)

    def line(pairs: Iterable[tuple[float, float]]) -> str:
        return "M" + "L".join(f"{x_of(at):g} {y_of(named):g}" for at, named in pairs)

    first, last = shown[0], shown[-1]
    label = (
        f"What each weekly forecast said of the end. The first, of {_month(first.at)}, named {_month(first.q10)} to {_month(first.q90)}; "
        f"the last, of {_month(last.at)}, {_month(last.q10)} to {_month(last.q90)}."
    )
    return SaidOf(
        width=width, height=height, base=base, label=label, middle=line([(s.at, s.q50) for s in shown]),
        band=line([(s.at, s.q90) for s in shown] + [(s.at, s.q10) for s in reversed(shown)]) + "Z",
        came=line([(max(begin, lowest), max(begin, lowest)), (end, end)]) if end > lowest else "",
        dates=tuple(Tick(x_of(at), label) for at, label in _years(begin, end)),
        heights=tuple(Tick(y_of(at), label) for at, label in _years(lowest, highest)),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Waffle:
    """A module's skills as small discs in rows, one path for each standing that there is."""

    width: int
    height: int
    paths: tuple[tuple[v.Standing, str], ...]
    label: str


@dataclass(frozen=True, slots=True)
class ModuleTile:
    module: v.MapModule
    known: int
    total: int
    drawn: Waffle


@dataclass(frozen=True, slots=True)
class StageTile:
    stage: v.Link
    known: int
    total: int
    modules: tuple[ModuleTile, ...]


CELL, IN_A_ROW = 16, 10
STANDINGS: tuple[v.Standing, ...] = ("known", "fading", "learning", "open", "locked")


def stage_tiles(view: v.SkillMap) -> tuple[StageTile, ...]:
    """The whole map: the stages with their modules, each filled by what is known of it."""
    inside = _by_module(view)
    tiles = []
    for stage in view.stages:
        modules = tuple(
            ModuleTile(module, _known(inside[module.id]), len(inside[module.id]), _waffle(inside[module.id]))
            for module in view.modules
            if module.stage == stage.id
        )
        tiles.append(StageTile(stage, sum(m.known for m in modules), sum(m.total for m in modules), modules))
    return tuple(tiles)


def _by_module(view: v.SkillMap) -> dict[str, list[v.MapNode]]:
    inside: dict[str, list[v.MapNode]] = defaultdict(list)
    for node in view.nodes:
        inside[node.module].append(node)
    return inside


def _known(nodes: list[v.MapNode]) -> int:
    return sum(node.standing in KNOWN for node in nodes)


def _waffle(nodes: list[v.MapNode]) -> Waffle:
    r = CELL / 2 - 2
    paths: dict[v.Standing, list[str]] = defaultdict(list)
    for n, node in enumerate(nodes):
        row, column = divmod(n, IN_A_ROW)
        begin = f"M{CELL * column + 2} {CELL * row + CELL // 2}"
        paths[node.standing].append(f"{begin}a{r:g} {r:g} 0 1 0 {2 * r:g} 0a{r:g} {r:g} 0 1 0 {-2 * r:g} 0z")
    said = [f"{len(paths[standing])} {words.STANDING[standing]}" for standing in STANDINGS if standing in paths]
    return Waffle(
        CELL * IN_A_ROW,
        CELL * max(1, math.ceil(len(nodes) / IN_A_ROW)),
        tuple((standing, "".join(each)) for standing, each in paths.items()),
        f"{words.plural(len(nodes), 'skill')}: {', '.join(said)}" if nodes else "No skills",
    )


@dataclass(frozen=True, slots=True)
class MapDisc:
    """A skill at its place, its name in `lines` below it. rests_on: the names of its prerequisites, of other stages too."""

    node: v.MapNode
    x: int
    y: int
    lines: tuple[str, ...]
    rests_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MapEdge:
    """From a prerequisite to what rests on it, by their places among the discs. near: it leads to what can be learned now."""

    path: str
    source: int
    target: int
    near: bool


@dataclass(frozen=True, slots=True)
class MapHead:
    module: v.MapModule
    y: int
    known: int
    total: int


@dataclass(frozen=True, slots=True)
class StageMap:
    width: int
    height: int
    heads: tuple[MapHead, ...]
    discs: tuple[MapDisc, ...]
    edges: tuple[MapEdge, ...]


PITCH, PER_ROW, ROW, HEAD, MARGIN, LETTERS = 160, 5, 90, 64, 12, 23


def stage_map(view: v.SkillMap, stage: str) -> StageMap:
    """One stage: its modules below one another, their skills in rows, first things first, each with its name below it."""
    inside = _by_module(view)
    titles = {node.id: node.title for node in view.nodes}
    heads: list[MapHead] = []
    discs: list[MapDisc] = []
    y = 0
    for module in (m for m in view.modules if m.stage == stage):
        nodes = inside[module.id]
        heads.append(MapHead(module, y + 34, _known(nodes), len(nodes)))
        y += HEAD
        for n, node in enumerate(nodes):
            row, column = divmod(n, PER_ROW)
            names = tuple(titles[need] for need in node.prerequisites if need in titles)
            x = MARGIN + PITCH * column + PITCH // 2
            discs.append(MapDisc(node, x, y + 14 + ROW * row, tuple(textwrap.wrap(node.title, LETTERS, break_on_hyphens=False)), names))
        y += ROW * math.ceil(len(nodes) / PER_ROW)
    place = {disc.node.id: n for n, disc in enumerate(discs)}
    edges = tuple(
        MapEdge(_way(discs[place[need]], disc, place[need]), place[need], n, disc.node.standing in ("open", "learning"))
        for n, disc in enumerate(discs)
        for need in disc.node.prerequisites
        if need in place
    )
    return StageMap(2 * MARGIN + PITCH * PER_ROW, y + 10, tuple(heads), tuple(discs), edges)


def _way(source: MapDisc, target: MapDisc, n: int) -> str:
    """A line that keeps to the lanes between names: along the row to a neighbour, else down the gap beside, and in from above.

    n: the place of the source, by which lines that share a lane lie side by side in it.
    """
    r, bend = 10, 6
    if source.y == target.y and 0 < target.x - source.x <= PITCH:
        return f"M{source.x + r} {source.y}H{target.x - r}"
    right = target.x > source.x or source.x - PITCH // 2 <= MARGIN
    side = source.x + (PITCH // 2 if right else -PITCH // 2) + 3 * (n % 3 - 1)
    above = target.y - 19 - 3 * (n % 3)
    out, across = (1 if right else -1), (1 if target.x > side else -1)
    down = 1 if above > source.y else -1
    return (
        f"M{source.x + out * r} {source.y}H{side - out * bend}q{out * bend} 0 {out * bend} {down * bend}V{above - down * bend}"
        f"q0 {down * bend} {across * bend} {down * bend}H{target.x - across * bend}q{across * bend} 0 {across * bend} {bend}V{target.y - r}"
    )


def nodes(drawn: StageMap, here: Container[str]) -> Markup:
    """The skills as links, in one string: a hundred turns of a template's loop would take longer than the rest of the page."""
    return Markup(
        "\n".join(
            _node(
                disc.node.id,
                disc.node.title,
                disc.node.standing,
                round(disc.node.mastery, 2),
                None if disc.node.memory is None else round(disc.node.memory, 2),
                disc.node.id in here,
                disc.x,
                disc.y,
                disc.lines,
                disc.rests_on,
            )
            for disc in drawn.discs
        )
    )


@lru_cache(maxsize=4096)
def _node(
    id: str,
    title: str,
    standing: str,
    mastery: float,
    memory: float | None,
    here: bool,
    x: int,
    y: int,
    lines: tuple[str, ...],
    rests_on: tuple[str, ...],
) -> str:
    """One skill; most are as they were at the last visit."""
    name, said, path = escape(title), words.state(standing, mastery, memory), disc(mastery, 7.4)
    told = escape(f"Rests on {', '.join(rests_on)}." if rests_on else "Rests on nothing else here.")
    full = f'<path class="full" d="{path}"/>' if path else ""
    spans = "".join(f'<tspan x="0" y="{26 + 14 * n}">{escape(line)}</tspan>' for n, line in enumerate(lines))
    return (
        f'<a class="node is-{standing}{words.fades(standing, memory)}{" here" if here else ""}" '
        f'href="{escape(words.url("skill", id))}" transform="translate({x} {y})" data-title="{name}" data-told="{told}" '
        f'aria-label="{name}: {escape(said)}"><circle class="rim" r="9.5"/>{full}<text>{spans}</text></a>'
    )


def shorten(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[: characters - 1].rstrip() + "…"
