"""Runs a lesson's code in a process of its own: to compare what it prints with what the page says, and to draw its figures.

The blocks of a lesson share one namespace, top to bottom. Figures come out as SVG without any style of their own: black becomes the
page's ink, the series' colours are readable on light and on dark, and the letters are the page's.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modelwright import groups
from modelwright.curriculum.lesson_blocks import Cell, Check, Figure, blocks_of
from modelwright.curriculum.loader import kept_folder
from modelwright.curriculum.models import Lesson
from modelwright.curriculum.render import figure_key
from modelwright.curriculum.safe_svg import safe_svg

SECONDS = 60
TOO_LARGE = "it draws more than a page can hold"
# Each at least 3.4 to 1 against both the light and the dark page.
SERIES = ("#3d7fd6", "#c8553d", "#2f9060", "#9c64c4", "#a87a14", "#6f7d8c")
# Matplotlib's settings for a figure in a page, where they can travel as JSON: the page's letters, no ground, few lines.
STYLE: dict[str, Any] = {
    "figure.figsize": [6.2, 3.5],
    "svg.fonttype": "none",
    "svg.hashsalt": "modelwright",
    "savefig.transparent": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "font.size": 10,
    "lines.linewidth": 1.8,
    "axes.prop_cycle": list(SERIES),
}


@dataclass(frozen=True)
class Ran:
    """What one block did. `printed` is None for a figure, `svg` None for code; `error` is the last line of a traceback."""

    line: int
    printed: str | None
    svg: str | None
    error: str | None


def folder_of(curriculum: Path) -> Path:
    """Where the drawn figures of a curriculum folder are kept."""
    return drawings_folder(curriculum, "figures")


def drawings_folder(curriculum: Path, name: str) -> Path:
    """Where its drawings of one kind are kept. An installed curriculum comes with its drawings: where it cannot be written, they are copied
    once to where it is kept then."""
    kept, came = kept_folder(curriculum) / name, curriculum / ".made" / name
    if kept != came and came.is_dir() and not kept.exists():
        with suppress(OSError):  # else they are drawn
            kept.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=kept.parent) as scratch:
                shutil.copytree(came, Path(scratch) / name).rename(kept)
    return kept


def run_lesson(lesson: Lesson, seconds: float = SECONDS) -> list[Ran]:
    """Runs every cell and figure of a lesson, and the programs whose output a check asks for. A block that fails ends the run."""
    if sentence := groups.lacking(lesson.needs, "this lesson"):
        return [Ran(1, None, None, sentence)]
    runs = [b for b in blocks_of(lesson) if isinstance(b, Cell | Figure) or (isinstance(b, Check) and b.prints)]
    return _run([{"kind": type(b).__name__.lower(), "code": b.code, "line": b.line} for b in runs], lesson, seconds)


def _code(lesson: Lesson) -> list[Cell | Figure]:
    return [block for block in blocks_of(lesson) if isinstance(block, Cell | Figure)]


def draw(lesson: Lesson, folder: Path) -> list[Path]:
    """Draws the lesson's figures that are not in `folder` yet, as `<key>.svg`, and returns their paths."""
    code: list[str] = []
    wanted: list[Path] = []
    for block in _code(lesson):
        code.append(block.code)
        if isinstance(block, Figure):
            wanted.append(folder / f"{figure_key(code)}.svg")
    if all(path.is_file() for path in wanted):
        return wanted
    folder.mkdir(parents=True, exist_ok=True)
    drawn = [ran for ran in run_lesson(lesson) if ran.svg]
    for path, ran in zip(wanted, drawn, strict=False):
        if drawing := safe_svg(ran.svg or "", prefix=f"f{path.stem[:6]}"):
            path.write_text(drawing, encoding="utf-8")
    return [path for path in wanted if path.is_file()]


def _run(job: list[dict[str, Any]], lesson: Lesson, seconds: float) -> list[Ran]:
    if not job:
        return []
    try:
        order = json.dumps({"blocks": job, "style": STYLE})
        done = subprocess.run(
            [sys.executable, "-c", _HARNESS], input=order, capture_output=True, text=True, timeout=seconds, cwd=lesson.path.parent,
            env=os.environ | groups.environment_of(lesson.needs),
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return [Ran(job[0]["line"], None, None, f"the lesson's code ran for more than {seconds:g} seconds")]
    if done.returncode or not done.stdout:
        last = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        return [Ran(job[0]["line"], None, None, f"the lesson's code ended its process: {last}")]
    return [_shown(Ran(**ran)) for ran in json.loads(done.stdout)]


def _shown(ran: Ran) -> Ran:
    """The same, or that it failed where its figure cannot be shown."""
    return replace(ran, svg=None, error=TOO_LARGE) if ran.svg and safe_svg(ran.svg, "f") is None else ran


_HARNESS = r"""
import contextlib, io, json, os, sys, traceback
job = json.load(sys.stdin)
os.environ["MPLBACKEND"] = "svg"
results, space = [], {"__name__": "__lesson__"}
for block in job["blocks"]:
    printed, svg, error = None, None, None
    out = io.StringIO()
    if block["kind"] == "figure":
        import matplotlib
        matplotlib.use("svg", force=True)
        import matplotlib.pyplot as plt
        plt.close("all")
        plt.rcParams.update({**job["style"], "axes.prop_cycle": matplotlib.cycler(color=job["style"]["axes.prop_cycle"])})
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            # A check's program leaves nothing behind for the cells after it.
            exec(compile(block["code"], "lesson", "exec"), dict(space) if block["kind"] == "check" else space)
            if block["kind"] == "figure":
                file = io.StringIO()
                plt.gcf().tight_layout()
                plt.gcf().savefig(file, format="svg", metadata={"Date": None})
                svg = file.getvalue()
                svg = svg[svg.index("<svg"):]
    except BaseException as failure:
        error = "".join(traceback.format_exception_only(failure)).strip().splitlines()[-1]
    if block["kind"] != "figure":
        printed = out.getvalue()
    results.append({"line": block["line"], "printed": printed, "svg": svg, "error": error})
    if error:
        break
sys.__stdout__.write(json.dumps(results))
"""

__all__ = ["STYLE", "TOO_LARGE", "Ran", "draw", "drawings_folder", "folder_of", "run_lesson"]
