"""The report of a run: what was made from what, how it went, what it can do and what is not known; as Markdown and as one HTML page.

The page holds everything it shows: its curves are SVG with plain attributes, it loads nothing and runs nothing, and follows the reader's
light or dark setting. Both are made from the same list of blocks, which is made from the files of a run folder (`run.json`, the stages'
`metrics.jsonl`, `evaluation.json`, `samples.json`); what a run has not done is simply not told.
"""

from __future__ import annotations

import html
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelwright.forge.errors import ConfigError
from modelwright.forge.evaluate import Evaluated, Score
from modelwright.forge.train import read_metrics

if TYPE_CHECKING:
    from modelwright.forge.recipe import Run


@dataclass(frozen=True)
class Heading:
    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    text: str


@dataclass(frozen=True)
class Table:
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Line:
    name: str
    points: tuple[tuple[float, float], ...]
    bars: tuple[tuple[float, float], ...] = ()
    """Low and high of each point, where they are known."""


@dataclass(frozen=True)
class Chart:
    title: str
    x: str
    y: str
    lines: tuple[Line, ...]


Block = Heading | Paragraph | Table | Chart


# From a run folder to blocks.


def blocks(folder: Path) -> list[Block]:
    file = folder / "run.json"
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"there is no run in {folder}: it has no run.json") from None
    except (ValueError, RecursionError):
        record = {}
    if not isinstance(record, dict) or not isinstance(record.get("stages"), dict):
        raise ConfigError(f"{file} is damaged; the report needs it")
    evaluation = folder / "evaluate" / "evaluation.json"
    return [
        *_head(record),
        *_training(folder, record),
        *(_evaluation(Evaluated.read(evaluation)) if evaluation.exists() else ()),
        *_before_and_after(folder),
        *_ending(record),
    ]


def _head(record: dict[str, Any]) -> Iterator[Block]:
    yield Heading(f"The run {record['recipe']}", 1)
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    machine = record["machine"]
    yield Paragraph(
        f"Seed {record['seed']}; recipe {record['recipe_sha256'][:12]}; {versions}; {machine['cores']} cores, {machine['system']}. "
        "The same recipe on the same CPU with the same number of threads gives the same model to the bit."
    )
    mine = [slug for slug, whose in record["parts"].items() if whose == "mine"]
    yield Paragraph(f"Parts of the learner's: {', '.join(mine)}." if mine else "Every part is the forge's own.")
    if cost := record.get("cost_of_parts"):
        yield Paragraph(
            f"The learner's parts take {cost['speed']} times the reference's time a step; the loss differs by {cost['loss']:+.4f}."
        )
    yield Table(
        ("stage", "seconds", "peak MB", "what it gave"),
        tuple(
            (name, f"{entry['seconds']:.0f}", f"{entry['peak_mb']:,}" if "peak_mb" in entry else "–", _gave(entry["gave"]))
            for name, entry in record["stages"].items()
            if name != "report"
        ),
    )


def _gave(values: dict[str, Any]) -> str:
    shown = []
    for name, value in values.items():
        if isinstance(value, float):
            shown.append(f"{name.replace('_', ' ')} {value:.4g}")
        elif isinstance(value, int):
            shown.append(f"{name.replace('_', ' ')} {value:,}")
        elif isinstance(value, str):
            shown.append(f"{name.replace('_', ' ')} {value[:12]}")
    return "; ".join(shown[:8])


def _training(folder: Path, record: dict[str, Any]) -> Iterator[Block]:
    shown = {
        "pretrain": ("Pretraining", (("step", "loss", "training"), ("evaluation", "val_loss", "held out")), "loss, nats a token"),
        "tune": ("Chat tuning", (("tunestep", "loss", "training"), ("tuneevaluation", "val_loss", "held out")), "loss, nats a token"),
        "prefer": ("Preferences", (("preferstep", "loss", "training"),), "loss"),
        "reinforce": ("Reinforcement", (("rollout", "reward", "reward"), ("rollout", "right", "right answers")), "mean over answers"),
    }
    begun = False
    for stage, (title, series, unit) in shown.items():
        metrics = list(read_metrics(folder / stage))
        most = 12 if stage == "reinforce" else 200  # a step asks few problems: a dozen means say more than its points
        lines = tuple(
            Line(name, thinned([(m["step"], m[key]) for m in metrics if m["kind"] == kind and isinstance(m.get(key), int | float)], most))
            for kind, key, name in series
        )
        if any(line.points for line in lines):
            if not begun:
                yield Heading("How it went")
                begun = True
            yield Chart(title, "step", unit, tuple(line for line in lines if line.points))
        samples = [m for m in metrics if m["kind"] == "sample"]
        if samples:
            shown_samples = samples if len(samples) < 5 else samples[:2] + samples[-2:]
            yield Paragraph("What the model went on with, while it was trained:")
            yield Table(("step", "prompt", "goes on"), tuple((str(m["step"]), m["prompt"], m["text"]) for m in shown_samples))


def thinned(points: Sequence[tuple[float, float]], most: int = 200) -> tuple[tuple[float, float], ...]:
    """At most so many points, each the mean of about as many neighbours, so that a noisy curve stays readable to its end."""
    points = [point for point in points if point[1] == point[1]]
    count = min(len(points), most)
    groups = [points[i * len(points) // count : (i + 1) * len(points) // count] for i in range(count)]
    return tuple((group[-1][0], sum(y for _, y in group) / len(group)) for group in groups)


LESS_IS_BETTER = ("bits per byte", "calibration error", "toxic continuations", "he/she preference")


def _evaluation(done: Evaluated) -> Iterator[Block]:
    yield Heading("What it can do")
    systems = list(dict.fromkeys(one.system for one in done.scores))
    tasks = list(dict.fromkeys(one.task for one in done.scores))
    found = {(one.task, one.system): one for one in done.scores}
    rows = []
    for task in tasks:
        some = [found.get((task, system)) for system in systems]
        unit = next(one.unit for one in some if one)
        better = "lower is better" if task in LESS_IS_BETTER else "higher is better"
        items = next(one.items for one in some if one)
        rows.append((f"{task} ({unit}; {better}; {items} items)", *(written(one) if one else "–" for one in some)))
    yield Paragraph("Each number with its 95% interval over items; the baselines were asked the same questions.")
    yield Table(("measure", *systems), tuple(rows))
    if any(curve.points for curve in done.curves):
        lines = tuple(
            Line(c.system, tuple((p.x, p.value) for p in c.points), tuple((p.low, p.high) for p in c.points))
            for c in done.curves
            if c.points
        )
        yield Chart(
            "Learning in context: words with signs between their letters", "examples in the prompt", "accuracy of four choices", lines
        )
    if done.bins:
        held = Line("model", tuple((b.confidence, b.accuracy) for b in done.bins))
        yield Chart("Calibration on facts", "confidence", "accuracy", (held, Line("as sure as right", ((0.25, 0.25), (1.0, 1.0)))))
    if done.samples:
        yield Paragraph("Some of the replies, good and bad:")
        rows = [(s["question"], s["said"], s["wanted"], "yes" if s["right"] == "True" else "no") for s in done.samples]
        yield Table(("question", "reply", "wanted", "right"), tuple(rows))
    for note in done.notes:
        yield Paragraph(f"Note: {note}.")


def written(one: Score) -> str:
    return "nothing to measure" if math.isnan(one.value) else f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"


def _before_and_after(folder: Path) -> Iterator[Block]:
    file = folder / "reinforce" / "samples.json"
    if not file.exists():
        return
    rows = []

    def mark(value: float) -> str:
        return "right" if value == 1 else "wrong"

    try:
        for one in json.loads(file.read_text(encoding="utf-8")):
            rows.append((one["question"], f"{one['before']} ({mark(one['before_right'])})", f"{one['after']} ({mark(one['after_right'])})"))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ConfigError(f"{file} is damaged; remove it, and the report goes without it") from None
    if rows:
        yield Heading("Before and after reinforcement")
        yield Table(("question", "before", "after"), tuple(rows))


def _ending(record: dict[str, Any]) -> Iterator[Block]:
    yield Heading("What is not known")
    yield Paragraph(
        "The measures are small and in the corpus's own world: a good number says that this world was learned, not that the model knows "
        "any other. The probes for toxicity and bias use a short word list and a few templates: they can show that something is wrong, "
        "never that nothing is. The intervals leave out the seed of training."
    )
    hashes = [(name, key, value) for name, entry in record["stages"].items() for key, value in entry["gave"].items() if "sha256" in key]
    if hashes:
        yield Table(("stage", "file", "sha256"), tuple((a, b, str(c)) for a, b, c in hashes))


# Blocks to Markdown.


def to_markdown(made: Sequence[Block]) -> str:
    out: list[str] = []

    def cell(text: str) -> str:
        return text.replace("|", "\\|").replace("\n", "<br>")

    for block in made:
        if isinstance(block, Heading):
            out.append(f"{'#' * block.level} {block.text}")
        elif isinstance(block, Paragraph):
            out.append(block.text)
        elif isinstance(block, Table):
            lines = [block.heads, tuple("---" for _ in block.heads), *(tuple(map(cell, row)) for row in block.rows)]
            out.append("\n".join(f"| {' | '.join(line)} |" for line in lines))
        else:
            told = [f"{line.name} from {line.points[0][1]:.3f} to {line.points[-1][1]:.3f}" for line in block.lines]
            out.append(f"*{block.title}* ({block.y} over {block.x}): {'; '.join(told)}.")
    return "\n\n".join(out) + "\n"


# Blocks to HTML.

_STYLE = """
:root { color-scheme: light dark; --paper: #fdfdfb; --ink: #1d1f21; --soft: #6a6f75; --rule: #d9d9d4 }
@media (prefers-color-scheme: dark) { :root { --paper: #16181a; --ink: #e4e4e0; --soft: #9aa0a6; --rule: #3a3d40 } }
body { margin: 3rem auto; max-width: 46rem; padding: 0 1rem; background: var(--paper); color: var(--ink) }
body { font: 1rem/1.55 system-ui, sans-serif }
h1, h2 { line-height: 1.2; margin: 2.2rem 0 .8rem }
table { border-collapse: collapse; width: 100%; font-size: .85rem; margin: 1rem 0 }
th, td { text-align: left; vertical-align: top; padding: .3rem .5rem .3rem 0; border-bottom: 1px solid var(--rule) }
td { white-space: pre-line; font-variant-numeric: tabular-nums }
td:last-child { min-width: 4rem; overflow-wrap: anywhere }
.scroll { overflow-x: auto }
figure { margin: 1.5rem 0 } figcaption { color: var(--soft); font-size: .85rem }
svg { width: 100%; min-width: 36rem; height: auto; display: block }
"""
# Mid-tones that can be told apart on light and on dark, by brightness too; each line is also named at its end.
_COLOURS = ("#2f7fd1", "#d0752b", "#3f9c5f", "#a565c4")
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 300, 56, 110, 14, 40


def to_html(made: Sequence[Block], title: str) -> str:
    out = []
    for block in made:
        if isinstance(block, Heading):
            out.append(f"<h{block.level}>{html.escape(block.text)}</h{block.level}>")
        elif isinstance(block, Paragraph):
            out.append(f"<p>{html.escape(block.text)}</p>")
        elif isinstance(block, Table):
            head = "".join(f'<th scope="col">{html.escape(text)}</th>' for text in block.heads)
            rows = "".join("<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>" for row in block.rows)
            table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
            out.append(_scrolling(table, ", ".join(block.heads)))
        else:
            caption = html.escape(f"{block.title}: {block.y} over {block.x}.")
            out.append(f"<figure>{_scrolling(svg(block), block.title)}<figcaption>{caption}</figcaption></figure>")
    body = "\n".join(out)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _scrolling(wide: str, name: str) -> str:
    """What a phone is too narrow for scrolls sideways, which the keyboard can reach."""
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{html.escape(name, quote=True)}">{wide}</div>'


def svg(chart: Chart) -> str:
    """Lines over axes, with the interval of a point as an upright stroke. Text takes the page's colour."""
    xs = [x for line in chart.lines for x, _ in line.points]
    ys = [y for line in chart.lines for _, y in line.points] + [y for line in chart.lines for bar in line.bars for y in bar]
    x0, x1, y0, y1 = min(xs), max(xs), min(0.0, *ys), max(ys)
    x1, y1 = (x1 if x1 > x0 else x0 + 1), (y1 if y1 > y0 else y0 + 1)

    def across(x: float) -> float:
        return LEFT + (x - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT)

    def up(y: float) -> float:
        return HEIGHT - BOTTOM - (y - y0) / (y1 - y0) * (HEIGHT - TOP - BOTTOM)

    told = "; ".join(f"{line.name} ends at {line.points[-1][1]:.3g}" for line in chart.lines)
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(f"{chart.title}: {told}", quote=True)}" '
        'font-family="system-ui, sans-serif" font-size="12" fill="currentColor">'
    ]
    for i in range(5):
        y, x = y0 + (y1 - y0) * i / 4, x0 + (x1 - x0) * i / 4
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up(y):.1f}" y2="{up(y):.1f}" stroke="currentColor" stroke-opacity="0.15"/>'
            f'<text x="{LEFT - 8}" y="{up(y) + 4:.1f}" text-anchor="end">{_tick(y)}</text>'
            f'<text x="{across(x):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{_tick(x)}</text>'
        )
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 4}" text-anchor="middle">{html.escape(chart.x)}</text>')
    ends = _apart([up(line.points[-1][1]) for line in chart.lines])
    for i, (line, end) in enumerate(zip(chart.lines, ends, strict=True)):
        colour = _COLOURS[i % len(_COLOURS)]
        points = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in line.points)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2" stroke-linejoin="round"/>')
        for (x, y), bar in zip(line.points, line.bars or [None] * len(line.points), strict=True):
            if bar is not None:
                parts.append(
                    f'<line x1="{across(x):.1f}" x2="{across(x):.1f}" y1="{up(bar[0]):.1f}" y2="{up(bar[1]):.1f}" '
                    f'stroke="{colour}" stroke-opacity="0.5"/>'
                )
            if len(line.points) <= 12:
                parts.append(f'<circle cx="{across(x):.1f}" cy="{up(y):.1f}" r="3" fill="{colour}"/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 8}" y="{end + 4:.1f}" fill="{colour}">{html.escape(line.name)}</text>')
    return "".join(parts) + "</svg>"


def _tick(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _apart(heights: Sequence[float], gap: float = 13.0) -> list[float]:
    """Where to write names that belong at these heights: in the same order, none over another, all beside the drawing."""
    order = sorted(range(len(heights)), key=heights.__getitem__)
    places = [0.0] * len(heights)
    lowest = TOP - gap
    for n in order:
        lowest = places[n] = max(heights[n], lowest + gap)
    highest = HEIGHT - BOTTOM + gap
    for n in reversed(order):
        highest = places[n] = min(places[n], highest - gap)
    return places


def write_report(folder: Path) -> tuple[Path, Path]:
    """`report.md` and `report.html` into a run folder."""
    made = blocks(folder)
    title = next((block.text for block in made if isinstance(block, Heading)), "A run")
    markdown, page = folder / "report.md", folder / "report.html"
    markdown.write_text(to_markdown(made), encoding="utf-8")
    page.write_text(to_html(made, title), encoding="utf-8")
    return markdown, page


def stage(run: Run, values: dict[str, Any]) -> dict[str, Any]:
    """[report] has no settings."""
    if values:
        raise ConfigError(f"[report] has no setting '{next(iter(values))}'; it has none")
    markdown, page = write_report(run.folder)
    run.say(f"  the report is in {page}")
    return {"markdown": markdown.name, "html": page.name}
