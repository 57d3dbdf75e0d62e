"""Competitions as a learner meets them: what was handed in, the boards, and what closing one shows."""

from __future__ import annotations

import hashlib
import io
import json
import math
import platform
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from modelwright.journal import events as e
from modelwright.learner.wording import day_of
from modelwright.studio import views as v
from modelwright.studio.content import html
from modelwright.studio.errors import HomeError, StudioError
from modelwright.workshop.files import write_whole

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from modelwright.arena import Board, Line, Material, Measured, Score, Shake
    from modelwright.curriculum.models import Competition, Ghost
    from modelwright.grading import Grader
    from modelwright.studio.desk import Desk
    from modelwright.studio.home import Home
    from modelwright.studio.record import Handed

NAME = 12  # hexadecimal digits of a file's SHA-256 that name an entry
SMALLEST = 1e-12
DRAWN_WITH = ("numpy", "pandas", "scipy", "scikit-learn")  # whose versions may change what a seed draws
OTHER_DATA = "It was scored on other data (the text or the program that makes them has changed since), so it does not compare."


@dataclass(frozen=True)
class Kept:
    """A ghost's scores on both boards, measured on this machine."""

    public: Score
    private: Score


class Shelf:
    """Where a home keeps what was predicted: entries for their private board, and what the ghosts came to on this machine."""

    def __init__(self, home: Home) -> None:
        self.entries, self.cache = home.arena, home.cache / "arena"

    def keep(self, competition: str, entry: str, values: NDArray[np.float64], compared: str) -> None:
        """Raises HomeError where it cannot be kept: then nothing is recorded."""
        import numpy as np

        folder, array = self.entries / competition, io.BytesIO()
        np.save(array, values, allow_pickle=False)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_whole(folder / f"{entry}.npy", array.getvalue())
            write_whole(folder / f"{entry}.json", json.dumps({"compared": compared}).encode())
        except OSError as error:
            raise HomeError(
                f"The entry cannot be kept in {folder} ({error.strerror}), so it was not handed in. Make room there."
            ) from error

    def predictions(self, competition: str, entry: str, rows: int) -> NDArray[np.float64] | None:
        """What an entry predicted; None where the file is gone, or is not what was kept."""
        import numpy as np

        try:
            values = np.load(self.entries / competition / f"{entry}.npy", allow_pickle=False)
        except (OSError, ValueError):
            return None
        return values.astype(float) if len(values) == rows and np.isfinite(values).all() else None

    def compared(self, competition: str, entry: str) -> str:
        with suppress(OSError, ValueError, TypeError):
            return str(json.loads((self.entries / competition / f"{entry}.json").read_text(encoding="utf-8")).get("compared", ""))
        return ""

    def digest(self, competition: Competition) -> str:
        """Of the competition's data, as `Material.digest`: kept, because a page should not wait until they are drawn."""
        from modelwright.arena import material

        source = (competition.folder / "data.py").read_bytes()
        about = [str(competition.seed), str(competition.public_share), platform.python_version(), *map(metadata.version, DRAWN_WITH)]
        key = hashlib.sha256(source + "\0".join(about).encode()).hexdigest()[:NAME]
        place = self.cache / f"{competition.id}-{key}.digest"
        with suppress(OSError, UnicodeDecodeError):
            if kept := place.read_text(encoding="utf-8").strip():
                return kept
        digest = material(competition).digest
        with suppress(OSError):  # a cache that cannot be written costs only time
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(digest, encoding="utf-8")
        return digest

    def ghost(self, competition: Competition, ghost: Ghost, digest: str) -> Kept | None:
        from modelwright.arena import Score

        with suppress(OSError, ValueError, TypeError, KeyError):
            kept = json.loads(self._ghost_file(competition, ghost, digest).read_text(encoding="utf-8"))
            return Kept(Score(*map(float, kept["public"])), Score(*map(float, kept["private"])))
        return None

    def measure(self, competition: Competition, ghost: Ghost, material: Material, grader: Grader) -> Kept:
        """Runs a ghost as an entry is run, and keeps its scores."""
        from modelwright import arena

        source = (competition.folder / ghost.file).read_bytes()
        values = arena.run_program(competition, material, ghost.file, source, grader.grade).values
        kept = Kept(*(arena.score(competition, material, values, public=public) for public in (True, False)))
        place = self._ghost_file(competition, ghost, material.digest)
        with suppress(OSError):  # a cache that cannot be written costs only time
            place.parent.mkdir(parents=True, exist_ok=True)
            said = {part: [score.value, score.low, score.high] for part, score in (("public", kept.public), ("private", kept.private))}
            place.write_text(json.dumps(said), encoding="utf-8")
        return kept

    def _ghost_file(self, competition: Competition, ghost: Ghost, digest: str) -> Path:
        source = hashlib.sha256((competition.folder / ghost.file).read_bytes()).hexdigest()[:NAME]
        return self.cache / f"{competition.id}-{digest}-{source}.json"


# What is shown


def line(desk: Desk, competition: Competition, shelf: Shelf, laid_out: Path) -> v.CompetitionLine:
    handed = competition.id in desk.record.handed
    return _line(desk, competition, laid_out, public_board(desk, competition, shelf).lines if handed else ())


def _line(desk: Desk, competition: Competition, laid_out: Path, board: Sequence[tuple[int | None, Line]]) -> v.CompetitionLine:
    handed = desk.record.handed.get(competition.id, [])
    stage = desk.curriculum.stages[competition.stage]
    ranks = [rank for rank, entry in board if rank and not entry.ghost]
    return v.CompetitionLine(
        competition.id, competition.title, competition.why, v.Link("stage", stage.id, stage.title), competition.metric.title,
        competition.hours.low, competition.hours.high, bool(handed) or laid_out.is_dir(), len(handed), min(ranks, default=None),
        competition.id in desk.record.closed,
    )  # fmt: skip


def view(desk: Desk, competition: Competition, shelf: Shelf, laid_out: Path, measuring: bool) -> v.CompetitionView:
    statement = (competition.folder / "README.md").read_text(encoding="utf-8")
    begun = laid_out.is_dir() or competition.id in desk.record.handed
    board = public_board(desk, competition, shelf).lines if begun else ()
    ghosts = {ghost.file: ghost for ghost in competition.ghosts}
    return v.CompetitionView(
        line=_line(desk, competition, laid_out, board),
        statement=statement,
        statement_html=html(statement),
        skills=desk.skills(competition.skills),
        metric=competition.metric.title,
        higher_is_better=competition.metric.higher_is_better,
        digits=competition.metric.digits,
        seconds=competition.budget.seconds,
        memory_mb=competition.budget.memory_mb,
        takes_csv=competition.predicts == "column",
        entries_a_day=competition.entries_a_day,
        left_today=left_today(desk, competition),
        folder=str(laid_out) if laid_out.is_dir() else "",
        board=tuple(_board_line(desk, competition, shelf, rank, entry, ghosts) for rank, entry in board),
        measuring=measuring,
        shake=_shake(desk, competition, shelf),
    )


def left_today(desk: Desk, competition: Competition) -> int:
    handed = desk.record.handed.get(competition.id, [])
    return max(0, competition.entries_a_day - sum(day_of(entry.at, desk.tz) == desk.day for entry in handed))


def _entries(handed: Sequence[Handed], data: str, scores: dict[str, float] | None = None) -> list[Line]:
    """The learner's entries as lines of the public board, or of the private one where its `scores` are given.

    `data`: the digest of what the board is about; an entry that was scored on other data does not compare.
    """
    from modelwright.arena import Line, Score

    lines = []
    for number, entry in enumerate(handed, start=1):
        score: Score | None = Score(entry.public, *(entry.public if end is None else end for end in (entry.low, entry.high)))
        if scores is not None:
            value = scores.get(entry.entry)
            score = None if value is None else Score(value, value, value)
        title = f"{number}. {entry.file or entry.entry}"
        counts = not entry.set_aside and entry.data == data
        lines.append(Line(entry.entry, title, score if counts else None, at=entry.at, validation=entry.validation))
    return lines


def public_board(desk: Desk, competition: Competition, shelf: Shelf) -> Board:
    """The ghosts that were run here, and the learner's entries."""
    from modelwright.arena import board

    handed = desk.record.handed.get(competition.id, [])
    lines = [*_ghosts(competition, shelf, public=True), *_entries(handed, shelf.digest(competition))]
    return board(lines, higher_is_better=competition.metric.higher_is_better)


def _ghosts(competition: Competition, shelf: Shelf, *, public: bool) -> list[Line]:
    from modelwright.arena import Line

    digest = shelf.digest(competition)
    lines = []
    for ghost in competition.ghosts:
        if kept := shelf.ghost(competition, ghost, digest):
            lines.append(Line(ghost.file, ghost.title, kept.public if public else kept.private, ghost=True))
    return lines


def _board_line(desk: Desk, competition: Competition, shelf: Shelf, rank: int | None, entry: Line, ghosts: dict[str, Ghost]) -> v.BoardLine:
    score, gap = entry.score, None
    if score is not None and entry.validation is not None:
        gap = (entry.validation - score.value) * (1 if competition.metric.higher_is_better else -1)
    value, low, high = (None, None, None) if score is None else (score.value, score.low, score.high)
    why = ghosts[entry.name].why if entry.ghost else ""
    if not entry.ghost:
        handed = next(one for one in desk.record.handed[competition.id] if one.entry == entry.name)
        why = handed.set_aside or (OTHER_DATA if score is None else shelf.compared(competition.id, entry.name))
    return v.BoardLine(
        entry.name, entry.title, entry.ghost, rank, value, low, high, entry.at, entry.validation, gap, why,
    )  # fmt: skip


# Handing in


@dataclass(frozen=True)
class Scored:
    """An entry that was run and scored, before it is recorded."""

    event: e.CompetitionEntry
    values: NDArray[np.float64]
    printed: str
    compared: str


def handed_in(
    competition: Competition, shelf: Shelf, grader: Grader, name: str, content: bytes, before: Sequence[Handed],
    validation: float | None, note: str,
) -> Scored:  # fmt: skip
    """Runs or reads an entry and scores it on the public rows. Raises EntryError, and records nothing."""
    from modelwright import arena
    from modelwright.arena.entering import form_of

    if validation is not None and not math.isfinite(validation):
        raise StudioError("Your own validation is a number, as your program printed it.")
    file = Path(name).name[:200] or "entry"
    form = form_of(file, content)
    entry = hashlib.sha256(content).hexdigest()[:NAME]
    for number, earlier in enumerate(before, start=1):
        if earlier.entry == entry:
            raise arena.EntryError(f"This very file was handed in before, as entry {number}; it would score the same.")
    material = arena.material(competition)
    if form == "csv":
        predicted = arena.read_predictions(competition, material, file, content)
    else:
        predicted = arena.run_program(competition, material, file, content, grader.grade)
    measured = arena.measure(competition, material, predicted.values, public=True)
    aside = arena.leaked(competition, material, predicted.values)
    compared = _compared(competition, shelf, material, measured, before)
    event = e.CompetitionEntry(
        competition=competition.id, public_score=measured.value, entry=entry, file=file, form=form, validation=validation, note=note,
        low=measured.score.low, high=measured.score.high, data=material.digest, set_aside=aside,
    )  # fmt: skip
    return Scored(event, predicted.values, predicted.printed, compared)


def _compared(competition: Competition, shelf: Shelf, material: Material, measured: Measured, before: Sequence[Handed]) -> str:
    from modelwright import arena

    for number, earlier in reversed(list(enumerate(before, start=1))):
        other = shelf.predictions(competition.id, earlier.entry, len(material.ids))
        if other is None or earlier.set_aside or earlier.data != material.digest:
            continue
        gained = arena.difference(competition, measured, arena.measure(competition, material, other, public=True))
        size = f"{abs(gained.value):.{competition.metric.digits}f}"
        if abs(gained.value) < SMALLEST:
            return f"It scores as entry {number} does."
        word = "better" if gained.value > 0 else "worse"
        if gained.sure:
            return f"It is {word} than entry {number} by {size}, and the public rows are enough to say so."
        return f"It is {word} than entry {number} by {size}, which the public rows cannot tell from chance."
    return ""


# Closing


def closing(desk: Desk, competition: Competition, shelf: Shelf) -> e.CompetitionClosed:
    """What the private rows say of every entry whose predictions are still there. Raises StudioError where there is none to open."""
    from modelwright import arena

    if competition.id in desk.record.closed:
        raise StudioError(f"{competition.title} is closed already; its page shows what that brought.")
    handed = desk.record.handed.get(competition.id, [])
    if not handed:
        raise StudioError("Hand in an entry first: closing opens the private board, and there is nothing on it yet.")
    material = arena.material(competition)
    scores = {}
    for entry in handed:
        values = shelf.predictions(competition.id, entry.entry, len(material.ids))
        if values is not None and not entry.set_aside and entry.data == material.digest:
            scores[entry.entry] = arena.score(competition, material, values, public=False).value
    return e.CompetitionClosed(competition=competition.id, data=material.digest, scores=scores)


def _shake(desk: Desk, competition: Competition, shelf: Shelf) -> v.ShakeView | None:
    from modelwright.arena import shake_up

    closed = desk.record.closed.get(competition.id)
    if closed is None:
        return None
    handed = [entry for entry in desk.record.handed.get(competition.id, []) if entry.at <= closed.at]
    same = shelf.digest(competition) == closed.data  # else the ghosts of today ran on other data than the entries did
    public = [*(_ghosts(competition, shelf, public=True) if same else ()), *_entries(handed, closed.data)]
    private = [*(_ghosts(competition, shelf, public=False) if same else ()), *_entries(handed, closed.data, closed.scores)]
    shake = shake_up(public, private, higher_is_better=competition.metric.higher_is_better)
    moves = tuple(
        v.MoveLine(m.line.title, m.line.ghost, m.public_rank, m.private_rank, m.line.validation, m.public, m.private) for m in shake.moves
    )
    lost = tuple(entry.file for entry in handed if entry.entry not in closed.scores and not entry.set_aside and entry.data == closed.data)
    return v.ShakeView(closed.at, moves, tuple(_told(competition, shake)), lost)


def _told(competition: Competition, shake: Shake) -> Iterable[str]:
    digits = competition.metric.digits
    best, by_board, by_validation = shake.best, shake.trusting_the_board, shake.trusting_validation
    if best is None or by_board is None:
        yield "None of your entries counts on the private board."
        return
    yield f"Your best entry on the private rows is {best.line.title}, with {best.private:.{digits}f}: place {best.private_rank}."
    if by_board.line.name == best.line.name:
        yield "It is also the one that the public board put first, so trusting the board would have been right."
    else:
        yield (
            f"The public board put {by_board.line.title} first, which fell to place {by_board.private_rank}: trusting the board would have "
            f"cost {abs(best.private - by_board.private):.{digits}f}."
        )
    if by_validation is None:
        yield "You gave no validation of your own, so there is nothing to hold against the board; next time, say what yours gave."
        return
    if by_validation.line.name == best.line.name:
        yield "Your own validation put it first too: it was to be trusted."
    else:
        cost = abs(best.private - by_validation.private)
        yield f"Your own validation put {by_validation.line.title} first, which would have cost {cost:.{digits}f}."
    said = [move for move in shake.moves if not move.line.ghost and move.line.validation is not None]
    mine = sum(abs((move.line.validation or 0.0) - move.private) for move in said) / len(said)
    boards = sum(abs(move.public - move.private) for move in said) / len(said)
    yield (
        f"On average your validation lay {mine:.{digits}f} from the private score, the public board {boards:.{digits}f}: "
        + ("yours was the better guide." if mine < boards else "the board was the better guide; was your split like the rows to come?")
    )


# The learner's folder


def layout(competition: Competition) -> dict[str, bytes]:
    """The files that a learner begins with: the data, the statement, a program that runs, and what a CSV should look like."""
    from modelwright import arena

    material = arena.material(competition)
    files = dict(material.files)
    files["README.md"] = f"# {competition.title}\n\n".encode() + (competition.folder / "README.md").read_bytes()
    files["entry.py"] = (competition.folder / "starter.py").read_bytes()
    if competition.predicts == "column":
        middle = sum(competition.bounds) / 2 if competition.bounds else 0.0
        rows = "".join(f"{id},{middle:g}\n" for id in material.ids)
        files["sample_submission.csv"] = f"id,{competition.target}\n{rows}".encode()
    return files


def write_up(view: v.CompetitionView, day: Callable[[int], str]) -> str:
    """A page to write on, with what is known already filled in."""
    rows = [
        f"| {entry.title} | {'' if entry.validation is None else f'{entry.validation:.{view.digits}f}'} | "
        f"{'' if entry.score is None else f'{entry.score:.{view.digits}f}'} | {day(entry.at)} |"
        for entry in sorted(view.board, key=lambda entry: entry.at)
        if not entry.ghost
    ]
    told = "\n".join(f"- {sentence}" for sentence in view.shake.sentences) if view.shake else "It is not closed yet."
    table = "\n".join(["| entry | my validation | public board | day |", "|---|---|---|---|", *rows])
    return f"""# {view.line.title}: what I did

**The task in two sentences.**

**What I looked at first, and what I saw.**

**How I validated, and why that split.**

{table}

**What helped, and what did not** (the size of each step, with its interval).

**What closing showed.**

{told}

**What I would try with another week.**
"""
