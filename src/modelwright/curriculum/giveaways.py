"""What the choices of a question give away to someone who sees nothing else.

Two measures, both blind to the question. `cues` lists single marks by which one choice stands out: it alone is longest, alone has a
semicolon, a number, a cause, an absolute word. `guessed` trains a small classifier on the choices of all other modules and picks one for
each question, as a person does who has learned how this author writes; what it gets right beyond one in four is not knowledge of the
subject. Haladyna, Downing and Rodriguez (2002), "A Review of Multiple-Choice Item-Writing Guidelines", list the marks themselves.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelwright.curriculum.models import Item

if TYPE_CHECKING:
    import numpy as np

CHOICES = 4  # questions with another number of choices are too few to be measured
AT_MOST = 0.30
WORD = re.compile(r"[^\W\d_]+|\d+|[^\w\s]")
NUMBER = re.compile(r"\d")
CAUSE = re.compile(r"\b(because|since|as|so|for|therefore|hence|thus|which|that)\b", re.IGNORECASE)
DUTY = re.compile(r"\b(must|should|need|needs|has to|have to)\b", re.IGNORECASE)
ABSOLUTE = re.compile(r"\b(always|never|only|all|every|no|none|nothing|nobody|any|exactly|must|cannot)\b", re.IGNORECASE)
HEDGE = re.compile(r"\b(may|might|can|could|usually|often|about|mostly|rarely|some|most|nearly|likely)\b", re.IGNORECASE)
NEGATION = re.compile(r"\b(not|no|never|none|nothing|without|neither|nor|cannot)\b|n't", re.IGNORECASE)

MARKS: dict[str, Callable[[str], float]] = {
    "length": lambda text: float(len(text)),
    "words": lambda text: float(len(text.split())),
    "semicolons": lambda text: float(text.count(";")),
    "commas": lambda text: float(text.count(",")),
    "colons": lambda text: float(text.count(":")),
    "brackets": lambda text: float(text.count("(")),
    "a full stop": lambda text: float(text.rstrip().endswith(".")),
    "numbers": lambda text: float(len(NUMBER.findall(text))),
    "a number at all": lambda text: float(bool(NUMBER.search(text))),
    "a cause": lambda text: float(len(CAUSE.findall(text))),
    "a duty": lambda text: float(bool(DUTY.search(text))),
    "an absolute": lambda text: float(bool(ABSOLUTE.search(text))),
    "a hedge": lambda text: float(bool(HEDGE.search(text))),
    "a negation": lambda text: float(bool(NEGATION.search(text))),
    "mathematics": lambda text: float(text.count("$")),
    "code": lambda text: float(text.count("`")),
}
# The marks that a reader of a question sees at once: at most one choice of a question may stand out by one of them, and not the right one.
SEEN_AT_ONCE = ("semicolons", "a cause", "a duty", "a number at all", "brackets", "mathematics", "code")


@dataclass(frozen=True)
class Cue:
    """One mark by which the right choice of an item, and it alone, stands out."""

    item: Item
    mark: str


@dataclass(frozen=True)
class Guesses:
    """How often a kind of question was answered by its choices alone: `right` of `asked`."""

    kind: str
    asked: int
    right: int
    items: tuple[str, ...]

    @property
    def share(self) -> float:
        return self.right / self.asked if self.asked else 0.0


def measurable(items: Iterable[Item]) -> list[Item]:
    """Those that offer four choices, one of them right."""
    return [item for item in items if len(item.choices) == CHOICES and sum(choice.right for choice in item.choices) == 1]


def cues(item: Item) -> list[Cue]:
    """The marks that the right choice has and no other choice has, and a length that is beyond all others by a quarter."""
    right = next((choice.text for choice in item.choices if choice.right), None)
    wrong = [choice.text for choice in item.choices if not choice.right]
    if right is None or not wrong:
        return []
    marks = [name for name in SEEN_AT_ONCE if MARKS[name](right) and not any(MARKS[name](text) for text in wrong)]
    if len(right) > 1.25 * max(map(len, wrong)) and len(right) > max(map(len, wrong)) + 8:
        marks.insert(0, "length")
    return [Cue(item, mark) for mark in marks]


def guessed(modules: dict[str, Sequence[Item]]) -> list[Guesses]:
    """For each kind of question, and over "all" of them: how often a classifier that was trained on the other modules picks right.

    The classifier is a logistic regression over what each choice has more of than its neighbours: the marks above, which of the four it
    is by length, and its words and pairs of words. It sees neither the question nor its code.
    """
    import numpy as np
    from scipy.sparse import csr_matrix, hstack
    from sklearn.feature_extraction import FeatureHasher
    from sklearn.linear_model import LogisticRegression

    asked = [(module, item) for module, items in modules.items() for item in measurable(items)]
    if len({module for module, _ in asked}) < 2:
        return []
    marks = np.array([[_marks(choice.text) for choice in item.choices] for _, item in asked])
    ranks = marks[..., 0].argsort(1).argsort(1)
    shapes = np.concatenate([_beside(marks), ranks[..., None] == np.arange(CHOICES)], axis=2).reshape(len(asked) * CHOICES, -1)
    hasher = FeatureHasher(1 << 13, input_type="string", alternate_sign=False)
    words = hasher.transform(set(_words(choice.text)) for _, item in asked for choice in item.choices)
    features = hstack([csr_matrix(shapes), words]).tocsr()
    right = np.array([[choice.right for choice in item.choices] for _, item in asked])
    home = np.array([module for module, _ in asked])
    picked = np.zeros(len(asked), dtype=bool)
    for module in sorted(set(home)):
        here = np.repeat(home == module, CHOICES)
        model = LogisticRegression(C=0.1, solver="liblinear").fit(features[~here], right.ravel()[~here])
        best = model.decision_function(features[here]).reshape(-1, CHOICES).argmax(1)
        picked[home == module] = right[home == module][np.arange(len(best)), best]
    kinds = np.array([item.kind for _, item in asked])
    reports = []
    for kind in [*sorted(set(kinds)), "all"]:
        of_kind = np.ones(len(asked), bool) if kind == "all" else kinds == kind
        ids = tuple(item.id for (_, item), hit, member in zip(asked, picked, of_kind, strict=True) if hit and member)
        reports.append(Guesses(str(kind), int(of_kind.sum()), int(picked[of_kind].sum()), ids))
    return reports


def _marks(text: str) -> list[float]:
    return [mark(text) for mark in MARKS.values()]


def _words(text: str) -> list[str]:
    tokens = [token.lower() for token in WORD.findall(text)]
    shaped = ["<number>" if token.isdigit() else token for token in tokens]
    first = [f"first {shaped[0]}", f"last {shaped[-1]}"] if shaped else []
    return [*shaped, *(f"{a} {b}" for a, b in itertools.pairwise(shaped)), *first]


def _beside(marks: np.ndarray) -> np.ndarray:
    """Each mark as what a choice has more of than its neighbours, in this question's spread; and whether it alone has it, or lacks it."""
    import numpy as np

    beside = (marks - marks.mean(axis=1, keepdims=True)) / (marks.std(axis=1, keepdims=True) + 1e-9)
    alone = (marks > 0) & ((marks > 0).sum(axis=1, keepdims=True) == 1)
    lacking = (marks == 0) & ((marks == 0).sum(axis=1, keepdims=True) == 1)
    return np.concatenate([beside, alone, lacking], axis=2)
