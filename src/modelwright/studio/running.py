"""What is run on a lesson's or a lab's page: which code comes first, and what is shown of what it came to."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from modelwright.studio import views as v
from modelwright.studio.errors import StudioError

if TYPE_CHECKING:
    from modelwright.curriculum.lesson_blocks import Block, Faded
    from modelwright.curriculum.models import Lab, Lesson
    from modelwright.grading import Cell, Judged, Ran, Sessions

SCRATCH = "your line"


def cells_of(lesson: Lesson, texts: Sequence[str]) -> list[Cell]:
    """A lesson's code down to the last of `texts`, which stand for its python blocks, with that of the figures between them."""
    from modelwright.curriculum.lesson_blocks import Cell as LessonCell
    from modelwright.curriculum.lesson_blocks import Figure, blocks_of
    from modelwright.grading import Cell

    cells: list[Cell] = []
    figures = count = 0
    for block in blocks_of(lesson):
        if count == len(texts):
            break
        if isinstance(block, LessonCell):
            cells.append(Cell(f"block {count + 1}", texts[count]))
            count += 1
        elif isinstance(block, Figure):
            figures += 1
            cells.append(Cell(f"figure {figures}", block.code))
    if count < len(texts) or not texts:
        raise StudioError(f"{lesson.title} has {count} blocks of code, and {len(texts)} came. Load the page again.")
    return cells


def block(sessions: Sessions, lesson: Lesson, texts: Sequence[str], token: str) -> v.RunView:
    from modelwright.curriculum.figures import STYLE

    cells = cells_of(lesson, texts)
    return view(sessions.run(lesson.id, cells, style=STYLE, token=token, needs=lesson.needs), cells)


def filled(sessions: Sessions, lesson: Lesson, faded: Faded, line: str, token: str = "") -> v.FilledView:
    """Judges the text in a hole by what the filled code is worth, and says it in a sentence."""

    def told(said: str, right: bool = False, traceback: str = "") -> v.FilledView:
        return v.FilledView(lesson.id, faded.id, right, said, traceback)

    if not line.strip():
        return told("Fill the hole first.")
    if not faded.takes_lines and "\n" in line.strip():
        return told("The hole takes one line.")
    judged = judge_hole(sessions, lesson, faded, line, token)
    expression = faded.compare[judged.at]
    match judged.judged:
        case "right":
            same = "".join(line.split()) == "".join(faded.fill.split())
            return told("It is the author's line." if same else "It gives what the author's line gives, written your own way.", True)
        case "differs":
            return told(f"{expression} gives {judged.ran.error}.")
        case "failed":
            return told(f"With your line the code cannot be run. {judged.ran.error}", traceback=judged.ran.traceback)
        case _:
            return told(f"The code of this lesson could not be run, which is no fault of yours. {judged.ran.error}")


def judge_hole(sessions: Sessions, lesson: Lesson, faded: Faded, line: str, token: str = "") -> Judged:
    """The code with `line` in its hole against the code with the author's, both after the lesson's own cells."""
    from modelwright.grading import Cell

    attempt = Cell("your code", faded.filled(line))
    return sessions.judge(
        f"{lesson.id}#{faded.id}",
        cells_before(lesson, faded),
        faded.filled(faded.fill),
        attempt,
        faded.compare,
        token=token,
        needs=lesson.needs,
    )


def cells_before(lesson: Lesson, block: Block) -> list[Cell]:
    """The lesson's own code down to a block."""
    from modelwright.curriculum.lesson_blocks import Cell as LessonCell
    from modelwright.curriculum.lesson_blocks import Figure, blocks_of
    from modelwright.grading import Cell

    code = [above.code for above in blocks_of(lesson) if above.line < block.line and isinstance(above, LessonCell | Figure)]
    return [Cell(f"block {number}", text) for number, text in enumerate(code, 1)]


def lab(sessions: Sessions, lab: Lab, source: str, line: str, token: str) -> v.RunView:
    from modelwright.curriculum.figures import STYLE
    from modelwright.grading import Cell

    cells = [Cell(lab.file, source), *([Cell(SCRATCH, line)] if line.strip() else [])]
    kind = "torch" if "torch" in lab.needs else "lesson"
    return view(sessions.run(lab.id, cells, kind=kind, style=STYLE, token=token, whole=True, needs=lab.needs), cells)


def view(ran: Ran, cells: Sequence[Cell]) -> v.RunView:
    from modelwright.curriculum.safe_svg import safe_svg

    drawings = [
        safe_svg(figure, "r" + hashlib.sha256(figure.encode()).hexdigest()[:8], "A figure drawn by this code") for figure in ran.figures
    ]
    figures = tuple(filter(None, drawings))
    output = ran.output
    if len(figures) < len(drawings):
        output += f"({len(drawings) - len(figures)} of the figures cannot be shown: too large, or not a drawing)\n"
    earlier = ran.status != "ok" and ran.cell < len(cells) - 1 and cells[-1].name != SCRATCH
    problem = "" if ran.status == "ok" else ran.error
    if earlier:  # what that one printed stands with it
        output, figures = "", ()
        problem = f"{cells[ran.cell].name.capitalize()}, further up, did not end well, so this one was not run. {problem}"
    return v.RunView(
        status=ran.status,
        output=output,
        value=ran.value or "",
        problem=problem,
        traceback=ran.traceback,
        figures=figures,
        seconds=ran.seconds,
        isolation=ran.isolation.tier if ran.isolation else "",
        isolation_lacks=tuple(ran.isolation.lacks) if ran.isolation else (),
    )


def readable(source: bytes, file: str) -> str:
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StudioError(f"{file} is not UTF-8 text (byte {error.start + 1}). Save it as UTF-8 in an editor.") from None
