"""The frames of a lesson's explores, drawn ahead: one for every value that its sliders can take, kept by what they were drawn from.

The author's code runs in a process of its own, as a figure's does; it is believed, but it may fail or go on for ever. That process forks
for every explore as the lesson's code reaches it, so that each sees the namespace as it is there. Each draws its first frame at once and
then those nearest to it. A frame lies in `<folder>/<key>/` as soon as it is drawn.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import hashlib
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import msgspec

from modelwright import groups
from modelwright.curriculum.figures import STYLE, TOO_LARGE, drawings_folder
from modelwright.curriculum.lesson_blocks import Cell, Explore, Figure, blocks_of
from modelwright.curriculum.models import Lesson
from modelwright.curriculum.safe_svg import safe_svg

SECONDS = 60.0  # for all the frames of a lesson
LONGEST_SENTENCE = 240
WORKERS = 2  # processes for one explore, where there are as many processors
VERSION = "1"  # of how a frame is drawn and kept


class Frame(msgspec.Struct, frozen=True):
    """One picture and the sentence that says what is seen in it; `error` instead, where the author's code failed."""

    svg: str = ""
    said: str = ""
    error: str = ""


@dataclass(frozen=True)
class Drawn:
    """An explore and where its frames are kept. `number` counts a lesson's explores from 1; `steps` is the code that must run before it."""

    explore: Explore
    number: int
    steps: tuple[str, ...]

    @cached_property
    def values(self) -> tuple[dict[str, int | float | str], ...]:
        """What each frame is drawn from, in the order of the frames: the last parameter moves fastest."""
        names = [parameter.name for parameter in self.explore.parameters]
        rows = itertools.product(*(parameter.values for parameter in self.explore.parameters))
        return tuple(dict(zip(names, row, strict=True)) for row in rows)

    @cached_property
    def order(self) -> tuple[int, ...]:
        """The frames, nearest to the first one first."""
        sizes = [len(parameter.values) for parameter in self.explore.parameters]
        places = list(itertools.product(*map(range, sizes)))
        return tuple(sorted(range(len(places)), key=lambda index: sum(places[index])))

    @cached_property
    def key(self) -> str:
        told = json.dumps([VERSION, STYLE, self.steps, self.explore.code], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:20]

    def frame(self, folder: Path, index: int) -> Frame | None:
        """A frame, or None while it is not drawn."""
        try:
            frame = msgspec.json.decode((folder / self.key / f"{index}.json").read_bytes(), type=Frame)
        except (OSError, msgspec.DecodeError):
            return None
        return _shown(frame) if frame.svg else frame

    def frames(self, folder: Path) -> list[Frame | None]:
        return [self.frame(folder, index) for index in range(len(self.values))]

    def missing(self, folder: Path) -> list[int]:
        return [index for index in self.order if not (folder / self.key / f"{index}.json").is_file()]


@lru_cache(maxsize=512)
def _shown(frame: Frame) -> Frame:
    """A kept frame, which may have come with a curriculum from anywhere, as a page may hold it."""
    svg = safe_svg(frame.svg, "e", frame.said)
    return Frame(error=TOO_LARGE) if svg is None else Frame(svg=svg, said=frame.said)


def frames_folder(curriculum: Path) -> Path:
    """Where the frames of a curriculum folder are kept."""
    return drawings_folder(curriculum, "frames")


def explores_of(lesson: Lesson) -> tuple[Drawn, ...]:
    """The lesson's explores, in order, each with the code that it needs."""
    drawn: list[Drawn] = []
    code: list[str] = []
    for block in blocks_of(lesson):
        if isinstance(block, Cell | Figure):
            code.append(block.code)
        elif isinstance(block, Explore):
            drawn.append(Drawn(block, len(drawn) + 1, _needed(block.code, code)))
    return tuple(drawn)


def _needed(code: str, before: list[str]) -> tuple[str, ...]:
    """What of the code before must run: nothing or a few imports where an explore uses no more of it, else all.

    An explore that stands by itself is drawn sooner, and is not drawn again when the lesson's cells change.
    """
    try:
        trees = [ast.parse(text) for text in before]
        own = ast.parse(code)
    except SyntaxError:
        return tuple(before)
    bound = {node.id for node in ast.walk(own) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    bound |= {node.arg for node in ast.walk(own) if isinstance(node, ast.arg)}
    bound |= {node.name for node in ast.walk(own) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    bound |= {name for node in ast.walk(own) if isinstance(node, ast.Import | ast.ImportFrom) for name in _names(node)}
    used = {node.id for node in ast.walk(own) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    wanted = used - bound - set(dir(builtins))
    imports = [node for tree in trees for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    if wanted <= {name for node in imports for name in _names(node)}:
        return tuple(ast.unparse(node) for node in imports if _names(node) & wanted)
    return tuple(before)


def _names(node: ast.Import | ast.ImportFrom) -> set[str]:
    return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}


def draw_frames(lesson: Lesson, folder: Path, *, first: bool = False, on_frame: Callable[[Drawn, int], None] = lambda *_: None,
                seconds: float = SECONDS) -> list[str]:  # fmt: skip
    """Draws what is missing of a lesson's frames, or of the `first` of each explore alone. Returns what went wrong beside single frames."""
    wanted = [(drawn, drawn.missing(folder)) for drawn in explores_of(lesson)]
    wanted = [(drawn, [index for index in missing if index == 0 or not first]) for drawn, missing in wanted]
    wanted = [(drawn, missing) for drawn, missing in wanted if missing]
    if not wanted:
        return []
    if sentence := groups.lacking(lesson.needs, "this lesson"):
        return [sentence]
    workers = max(1, min(WORKERS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1))
    with tempfile.TemporaryDirectory(prefix="modelwright-frames-") as scratch:
        explores = [
            {"name": str(place), "steps": drawn.steps, "code": drawn.explore.code, "values": drawn.values, "order": missing}
            for place, (drawn, missing) in enumerate(wanted)
        ]
        order = json.dumps({"explores": explores, "style": STYLE, "scratch": scratch, "workers": workers})
        faults: list[str] = []
        for line in _lines(order, lesson, seconds, faults):
            place, _, index = line.partition(" ")
            if place == "!":
                faults.append(index.partition(" ")[2])
                continue
            drawn = wanted[int(place)][0]
            _keep(drawn, int(index), json.loads((Path(scratch) / f"{place}-{index}").read_text(encoding="utf-8")), folder)
            on_frame(drawn, int(index))
    return faults


def _keep(drawn: Drawn, index: int, raw: dict[str, str], folder: Path) -> None:
    frame = Frame(error=raw.get("error", ""))
    if not frame.error:
        svg = safe_svg(raw["svg"], "e" + drawn.key[:6], raw["said"])
        frame = Frame(error=TOO_LARGE) if svg is None else Frame(svg=svg, said=raw["said"])
    place = folder / drawn.key / f"{index}.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    new = place.with_suffix(f".{os.getpid()}")
    new.write_bytes(msgspec.json.encode(frame))
    new.replace(place)


def _lines(order: str, lesson: Lesson, seconds: float, faults: list[str]) -> Iterator[str]:
    """What the drawing process says, line by line; it is ended when its time is over, and its forks with it."""
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            [sys.executable, "-c", _HARNESS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, text=True,
            cwd=lesson.path.parent, env=os.environ | groups.environment_of(lesson.needs), start_new_session=True,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        timer = _after(seconds, process, faults)
        try:
            process.stdin.write(order)
            process.stdin.close()
            for line in process.stdout:
                yield line.rstrip("\n")
            if process.wait() and not faults:
                complaints.seek(0)
                last = (complaints.read().decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
                faults.append(f"the lesson's code ended its process: {last}")
        finally:
            timer.cancel()
            _end(process)
            process.stdout.close()


def _after(seconds: float, process: subprocess.Popen[str], faults: list[str]) -> threading.Timer:
    def late() -> None:
        faults.append(f"drawing took more than {seconds:g} seconds")
        _end(process)

    timer = threading.Timer(seconds, late)
    timer.daemon = True
    timer.start()
    return timer


def _end(process: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


_HARNESS = r"""
import contextlib, io, json, os, sys, traceback, warnings
job = json.load(sys.stdin)
said = os.dup(1)
os.dup2(2, 1)
os.environ["MPLBACKEND"] = "svg"
import matplotlib
matplotlib.use("svg", force=True)
import matplotlib.pyplot as plt
style = {**job["style"], "axes.prop_cycle": matplotlib.cycler(color=job["style"]["axes.prop_cycle"])}
warnings.simplefilter("ignore")

def words(failure):
    return "".join(traceback.format_exception_only(failure)).strip().splitlines()[-1]

def one(draw, values):
    plt.close("all")
    plt.rcdefaults()
    plt.rcParams.update(style)
    try:
        sentence = draw(**values)
        if not isinstance(sentence, str) or not sentence.strip():
            return {"error": f"it returns no sentence that says what is seen, but {sentence!r:.60}"}
        figure = plt.gcf()
        figure.tight_layout()
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
        text = file.getvalue()
        return {"svg": text[text.index("<svg"):], "said": " ".join(sentence.split())}
    except BaseException as failure:
        return {"error": f"it raises {words(failure)}"}

def draw_all(explore, space, part, parts):
    try:
        exec(compile(explore["code"], "explore", "exec"), space)
        draw = space["draw"]
    except BaseException as failure:
        if part == 0:
            os.write(said, f"! {explore['name']} {words(failure)}\n".encode())
        return
    for index in explore["order"][part::parts]:
        frame = one(draw, explore["values"][index])
        place = os.path.join(job["scratch"], f"{explore['name']}-{index}")
        with open(place + "~", "w", encoding="utf-8") as file:
            json.dump(frame, file)
        os.replace(place + "~", place)
        os.write(said, f"{explore['name']} {index}\n".encode())

ran, space, broken, forked = [], {"__name__": "__lesson__"}, None, []
for explore in job["explores"]:
    steps = explore["steps"]
    if ran != steps[: len(ran)]:
        ran, space, broken = [], {"__name__": "__lesson__"}, None
    for step in steps[len(ran):]:
        if broken is None:
            try:
                exec(compile(step, "lesson", "exec"), space)
            except BaseException as failure:
                broken = words(failure)
        ran.append(step)
    if broken is not None:
        os.write(said, f"! {explore['name']} {broken}\n".encode())
        continue
    for part in range(job["workers"]):
        pid = os.fork()
        if pid == 0:
            try:
                draw_all(explore, dict(space), part, job["workers"])
            finally:
                os._exit(0)
        forked.append(pid)
for pid in forked:
    os.waitpid(pid, 0)
"""
