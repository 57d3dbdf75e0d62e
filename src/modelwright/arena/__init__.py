"""Competitions: a task with public and private labels, entries that are run without them, and a board that says what a difference is worth.

What a learner's side sees is `Material.train` and `Material.test`; the labels stay in this room. See docs/arena.md.
"""

from .board import Board, Line, Move, Shake, board, shake_up
from .entering import EntryError, Predictions, read_predictions, run_program
from .material import Material, material
from .scoring import Difference, Measured, Score, difference, leaked, measure, score

__all__ = [
    "Board",
    "Difference",
    "EntryError",
    "Line",
    "Material",
    "Measured",
    "Move",
    "Predictions",
    "Score",
    "Shake",
    "board",
    "difference",
    "leaked",
    "material",
    "measure",
    "read_predictions",
    "run_program",
    "score",
    "shake_up",
]
