"""What running finds in the parts of a lesson that a reader works with: holes that any text fills, explores that cannot be drawn.

A hole is worth its place only if what goes into it makes a difference. So it is filled with what a reader types who has not understood: a
plain 0 or 1, nothing at all, the argument that stands there; none of these may be judged right.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from modelwright.curriculum.errors import Finding
from modelwright.curriculum.frames import LONGEST_SENTENCE, Drawn, draw_frames, explores_of
from modelwright.curriculum.lesson_blocks import Explore, Faded, of_kind
from modelwright.curriculum.lint_lesson import lines_above
from modelwright.curriculum.models import Lesson

if TYPE_CHECKING:
    from modelwright.grading import Sessions

LARGEST_FRAMES = 200_000  # bytes that all frames of a lesson send, compressed


def prove_faded(lesson: Lesson, sessions: Sessions) -> Iterator[Finding]:
    """The author's line must be judged right, and every text that no reader should get by with must not."""
    from modelwright.studio.running import judge_hole

    offset = lines_above(lesson)
    for faded in of_kind(lesson, Faded):

        def at(message: str, mend: str, faded: Faded = faded) -> Finding:
            return Finding(lesson.path, faded.line + offset, f"faded {faded.id}: {message}", mend)

        own = judge_hole(sessions, lesson, faded, faded.fill)
        if own.judged == "differs":
            expression = faded.compare[own.at]
            yield at(f"{expression!r} is worth something else each time ({own.ran.error}).", "Compare what does not depend on chance.")
            continue
        if own.judged != "right":
            yield at(f"with its hole filled the code cannot be run: {own.ran.error}.", "Mend 'code', 'fill' or 'compare'.")
            continue
        for text in idle_fillings(faded):
            if judge_hole(sessions, lesson, faded, text).judged == "right":
                shown = repr(text) if text.strip() else "nothing"
                yield at(f"the hole makes no difference: with {shown} in it every value is the same.", "Compare what depends on the line.")
                break


def idle_fillings(faded: Faded) -> list[str]:
    """What somebody types who has not understood: `pass`, a plain number, an argument of what stands there or of the function around it."""
    texts: list[str] = []
    if faded.takes_lines:
        texts += ["pass", ""]
    try:
        fill = ast.parse(faded.fill.strip())
    except SyntaxError:  # half a statement, such as the head of a loop
        fill = ast.Module([], [])
    last = fill.body[-1] if fill.body else None
    value = getattr(last, "value", None)
    target = ""
    if isinstance(last, ast.Assign | ast.AugAssign | ast.AnnAssign):
        targets = last.targets if isinstance(last, ast.Assign) else [last.target]
        target = " = ".join(ast.unparse(target) for target in targets) + " = "
    elif isinstance(last, ast.Return):
        target = "return "
    instead = ["0", "1", "None", *_parts(value), *_parameters(faded)]
    texts += [target + text for text in instead if isinstance(value, ast.expr) or not faded.takes_lines]
    own = faded.fill.strip()
    return [text for text in dict.fromkeys(texts) if text != own]


def _parts(value: ast.AST | None) -> list[str]:
    """Smaller expressions inside one: the arguments of its calls, the sides of its operators."""
    inner: list[ast.expr] = []
    for node in ast.walk(value) if value is not None else ():
        if isinstance(node, ast.Call):
            inner += node.args
        elif isinstance(node, ast.BinOp):
            inner += [node.left, node.right]
    return [ast.unparse(node) for node in inner if not isinstance(node, ast.Starred)][:4]


def _parameters(faded: Faded) -> list[str]:
    try:
        tree = ast.parse(faded.filled(faded.fill))
    except SyntaxError:
        return []
    return [argument.arg for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for argument in node.args.args][:4]


def prove_explores(lesson: Lesson, folder: Path) -> Iterator[Finding]:
    """Draws every frame into `folder`, and finds those that cannot be drawn, that say nothing, or that together weigh too much."""
    if not of_kind(lesson, Explore):
        return
    offset = lines_above(lesson)
    faults = draw_frames(lesson, folder)
    weight = 0
    for drawn in explores_of(lesson):
        line = drawn.explore.line + offset
        frames = drawn.frames(folder)
        for values, frame in zip(drawn.values, frames, strict=True):
            given = ", ".join(f"{name}={value!r}" for name, value in values.items())
            if frame is None:
                why = "; ".join(dict.fromkeys(faults)) or "its process ended before it was done"
                yield Finding(lesson.path, line, f"explore: it could not be drawn: {why}.", "Correct its code, or the cells above it.")
                break
            if frame.error:
                yield Finding(lesson.path, line, f"explore: draw({given}): {frame.error}.", "Draw, and say what is seen, for every value.")
                break
            if len(frame.said) > LONGEST_SENTENCE:
                message = f"explore: draw({given}) says {len(frame.said)} characters."
                yield Finding(lesson.path, line, message, f"Say it in {LONGEST_SENTENCE}.")
                break
        else:
            weight += _weight(drawn, folder)
    if weight > LARGEST_FRAMES:
        message = f"The frames of this lesson's explores send {weight // 1000} kB."
        yield Finding(lesson.path, 0, message, f"Draw fewer points or values: at most {LARGEST_FRAMES // 1000} kB.")


def _weight(drawn: Drawn, folder: Path) -> int:
    import brotli

    told = [[frame.svg, frame.said] for frame in drawn.frames(folder) if frame]
    return len(brotli.compress(json.dumps(told).encode(), quality=5))
