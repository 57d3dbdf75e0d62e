"""The board: who stands where, by how much, and what happens when the private rows are counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .scoring import Score


@dataclass(frozen=True)
class Line:
    """One entry, or a ghost (a program that stands for no person). `score` is None where it does not count: it has seen labels."""

    name: str
    title: str
    score: Score | None
    ghost: bool = False
    at: int = 0
    validation: float | None = None


@dataclass(frozen=True)
class Board:
    """Lines from best to worst, each with its rank; equal scores share one. What does not count comes last, without a rank."""

    lines: tuple[tuple[int | None, Line], ...]

    def rank(self, name: str) -> int | None:
        return next((rank for rank, line in self.lines if line.name == name), None)


@dataclass(frozen=True)
class Move:
    """What became of one entry: its ranks on the public and the private board, and its scores."""

    line: Line
    public_rank: int
    private_rank: int
    public: float
    private: float


@dataclass(frozen=True)
class Shake:
    """The boards side by side. trusting_the_board, trusting_validation: the entry that each would have chosen, as its private rank."""

    moves: tuple[Move, ...]
    best: Move | None
    trusting_the_board: Move | None
    trusting_validation: Move | None


def board(lines: Sequence[Line], *, higher_is_better: bool) -> Board:
    """The lines in order. Of equal scores the one that came first stands first, and both have the same rank."""
    sign = -1 if higher_is_better else 1
    counted = sorted((line for line in lines if line.score is not None), key=lambda line: (sign * _value(line), line.at))
    ranked: list[tuple[int | None, Line]] = []
    for place, line in enumerate(counted, start=1):
        same = bool(ranked) and _value(ranked[-1][1]) == _value(line)
        ranked.append((ranked[-1][0] if same else place, line))
    return Board((*ranked, *((None, line) for line in lines if line.score is None)))


def _value(line: Line) -> float:
    assert line.score is not None
    return line.score.value


def shake_up(public: Sequence[Line], private: Sequence[Line], *, higher_is_better: bool) -> Shake:
    """What closing shows: how entries moved, and whether the board or the learner's own validation would have chosen better."""
    first, then = board(public, higher_is_better=higher_is_better), board(private, higher_is_better=higher_is_better)
    scores = {line.name: line.score for line in private}
    moves = []
    for public_rank, line in first.lines:
        private_rank, hidden = then.rank(line.name), scores.get(line.name)
        if public_rank is not None and private_rank is not None and line.score is not None and hidden is not None:
            moves.append(Move(line, public_rank, private_rank, line.score.value, hidden.value))
    own = [move for move in moves if not move.line.ghost]
    said = [move for move in own if move.line.validation is not None]
    sign = -1 if higher_is_better else 1
    return Shake(
        tuple(sorted(moves, key=lambda move: move.private_rank)),
        min(own, key=lambda move: move.private_rank, default=None),
        min(own, key=lambda move: (move.public_rank, move.line.at), default=None),
        min(said, key=lambda move: (sign * (move.line.validation or 0.0), move.line.at), default=None),
    )
