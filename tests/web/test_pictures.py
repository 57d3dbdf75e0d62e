"""The geometry of the pictures, as properties."""

from __future__ import annotations

import math
import re

from hypothesis import given
from hypothesis import strategies as st

from modelwright.studio import views as v
from modelwright.web import words
from modelwright.web.pictures import disc, fan, stage_map, stage_tiles

NOW = 1_800_000_000_000
WEEK = 7 * 86_400_000


@given(st.floats(0, 1))
def test_a_disc_is_filled_to_the_share_it_is_given(share: float) -> None:
    path = disc(share, 10)
    if share < 0.02:
        assert path == ""
    elif share <= 0.995:
        level = float(re.match(r"M\S+ (\S+?)A", path)[1])  # type: ignore[index]
        assert math.isclose((10 - level) / 20, share, abs_tol=0.006)


def forecast_of(weeks: int, speed: float, past: int, deadline: int | None) -> v.ForecastView:
    share = lambda week, rate: min(1.0, speed * rate * week / weeks)
    points = tuple(v.FanPoint(NOW + w * WEEK, *(share(w, rate) for rate in (0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6))) for w in range(weeks))
    ends = v.Quantiles(*(NOW + int(WEEK * weeks * rate) for rate in (0.5, 0.6, 0.8, 0.9, 0.95, 0.98, 1.0)))
    own = tuple((NOW - w * WEEK, 0.001 * (past - w)) for w in range(past))
    return v.ForecastView(ends, (), points, own, "Most likely soon.", NOW + deadline * WEEK if deadline else None)


@given(
    weeks=st.integers(2, 900),
    speed=st.floats(0.2, 3),
    past=st.integers(0, 300),
    deadline=st.none() | st.integers(1, 900),
)
def test_a_fan_stays_in_its_box_whatever_the_forecast(weeks: int, speed: float, past: int, deadline: int | None) -> None:
    drawn = fan(forecast_of(weeks, speed, past, deadline), NOW)
    assert drawn is not None
    for path in (drawn.widest, drawn.outer, drawn.inner, drawn.middle, drawn.own):
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", path)]
        assert all(-0.1 <= x <= drawn.width + 0.1 for x in numbers[::2])
        assert all(drawn.top - 0.1 <= y <= drawn.base + 0.1 for y in numbers[1::2])
    assert 0 <= drawn.now_x <= drawn.width
    assert len(drawn.ticks) <= 5


@given(
    weeks=st.integers(2, 900),
    speed=st.floats(0.2, 3),
    past=st.integers(0, 300),
    deadline=st.none() | st.integers(1, 1200),
    width=st.sampled_from((320, 460)),
)
def test_no_word_of_a_fan_lies_on_it_or_on_another_word(weeks: int, speed: float, past: int, deadline: int | None, width: int) -> None:
    drawn = fan(forecast_of(weeks, speed, past, deadline), NOW, width, 300)
    assert drawn is not None
    size = 15 if width > 400 else 11
    boxes = []
    for label in drawn.labels:
        wide = 0.6 * size * len(label.text)
        begin = label.x - {"start": 0, "middle": wide / 2, "end": wide}[label.anchor]
        boxes.append((begin, begin + wide, label.y - 0.75 * size, label.y))
    names = [label.text for label in drawn.labels]
    assert "today" in names
    assert ("your date" in names) == (deadline is not None)
    for n, (begin, end, high, low) in enumerate(boxes):
        assert begin >= -0.1, names[n]
        assert end <= drawn.width + 0.1, names[n]
        assert low <= drawn.top - 4 or high >= drawn.base + 1 or end <= drawn.left - 1, names[n]
        assert all(b <= begin or a >= end or y <= high or x >= low for a, b, x, y in boxes[:n]), names[n]


def map_of(stages: int, modules: int) -> v.SkillMap:
    """Skills that rest on the one before them and, the first of a module, on one of the module before."""
    nodes = []
    for i in range(modules):
        for j in range(8 + i):
            needs = (f"m{i}/k{j - 1}",) if j else (f"m{i - 1}/k3",) if i else ()
            standing = "known" if i == 0 else "open" if j == 0 else "locked"
            nodes.append(v.MapNode(f"m{i}/k{j}", f"Skill {j} of a long name", f"m{i}", f"s{i % stages}", j, standing, 0.5, None, needs))
    return v.SkillMap(
        tuple(v.Link("stage", f"s{i}", f"Stage {i}") for i in range(stages)),
        tuple(v.MapModule(f"m{i}", i, f"Module {i}", f"s{i % stages}") for i in range(modules)),
        tuple(nodes),
    )


def test_a_stage_is_drawn_with_every_skill_and_its_edges_and_nothing_touches() -> None:
    view = map_of(stages=3, modules=7)
    for stage in view.stages:
        drawn = stage_map(view, stage.id)
        inside = [node for node in view.nodes if node.stage == stage.id]
        assert [disc.node.id for disc in drawn.discs] == [node.id for node in inside]
        assert " ".join(drawn.discs[0].lines) == drawn.discs[0].node.title
        places = [(one.x, one.y) for one in drawn.discs]
        assert min(math.dist(a, b) for i, a in enumerate(places) for b in places[:i]) >= 90
        assert all(0 < x < drawn.width and 0 < y < drawn.height for x, y in places)
        ids = {node.id for node in inside}
        assert len(drawn.edges) == sum(need in ids for node in inside for need in node.prerequisites)
        for edge in drawn.edges:
            source, target = drawn.discs[edge.source], drawn.discs[edge.target]
            begin = [float(n) for n in re.findall(r"-?[\d.]+", edge.path)[:2]]
            assert math.dist(begin, (source.x, source.y)) == 10
            assert edge.near == (target.node.standing == "open")
    first = stage_map(view, "s1").discs[0]
    assert first.rests_on == ("Skill 3 of a long name",), "a prerequisite in another stage is named"


def test_the_whole_map_counts_each_skill_once_under_its_module_and_stage() -> None:
    view = map_of(stages=3, modules=7)
    tiles = stage_tiles(view)
    assert [tile.stage for tile in tiles] == list(view.stages)
    assert sum(tile.total for tile in tiles) == len(view.nodes)
    for tile in tiles:
        for one in tile.modules:
            paths = dict(one.drawn.paths)
            assert sum(path.count("z") for path in paths.values()) == one.total
            assert one.known == paths.get("known", "").count("z")
            assert one.drawn.label.startswith(f"{one.total} skills: ")


@given(st.floats(0, 1))
def test_a_probability_is_said_near_its_value(p: float) -> None:
    said = words.recalled(p)
    if " in " in said:
        times, of = int(said.split()[0]), int(said.split()[-1])
        assert abs(times / of - p) <= 0.051
    else:
        assert p >= 0.94 or p <= 0.051


@given(st.floats(1 / 1440, 3650))
def test_an_interval_is_said_within_a_tenth(days: float) -> None:
    number, unit = words.interval(days).split()
    size = {"min": 1 / 1440, "hour": 1 / 24, "day": 1, "week": 7, "month": 30.44, "years": 365.25}[
        unit.removesuffix("s") if unit != "years" else unit
    ]
    assert abs(float(number) * size - days) <= max(0.51 * size, 0.1 * days)
