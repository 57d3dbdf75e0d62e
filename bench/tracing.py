"""The mastery model on public student data, against published models and simple ones measured in the same run; and its weights, fitted.

    python bench/tracing.py --measure FILE --format FORMAT
    python bench/tracing.py --train FILE --test FILE --format FORMAT [--zero-shot TEST --zero-shot-format FORMAT]
    python bench/tracing.py --fit-weights OUT --train FILE --format FORMAT [--train FILE --format FORMAT …]

Any data set in one of four formats, those that such sets are handed on in. pykt: one row a learner, `concepts` and `responses` with commas;
several skills of a question joined by _. gervet: tab-separated, one row an answer: user_id, item_id, correct, skill_id. akt: four lines a
learner: a head, then exercises, skills and responses with commas. assistments2017: that set's own CSV, one row an answer: studentId,
startTime, problemId, skill, correct. Every answer goes through the code that the program runs (`modelwright.learner.tracing`): the filter,
the inputs, the network. What is measured is named in each row:

Elo: nothing fitted; a rating for each learner and each exercise, moved with every answer (`elo`). running mean: the learner's share of
right answers so far. With `--measure`, these and the program's own weights on a set as it is, with nothing fitted or counted beforehand.

ours, fitted: networks and boosted trees, averaged, fitted on the training part, with the difficulties of exercises counted there. ours,
one network: the first of them alone, of the size and kind that the program ships. shipped: `weights.json` as it is, with the
difficulties counted on the training part, and without any. zero-shot: fitted on --train alone and run on another data set with no
fitting; what is counted there as answers come (how often an exercise is solved) is a count, not a weight, and a row without it is
printed, too. Choices (sizes, steps, inputs) were made on held-out tenths of training parts (`--hold-out` prints that instead).
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import itertools
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from modelwright.learner import LearnerError
from modelwright.learner.filtering import STANDARD, observe, repeated
from modelwright.learner.state import State
from modelwright.learner.traces import Repeats, SkillTrace
from modelwright.learner.tracing import (
    INPUTS,
    STATED_SURE,
    Exercise,
    Prior,
    Tracer,
    Weights,
    default_tracer,
    inputs,
    load_weights,
    logit,
    sigmoid,
)  # fmt: skip

FOLDS = 5
RANK = 12
LAGS = 3
TREES = 3
SHIPPED = (32, 16)
MOST = 100_000
DECAY = 0.1  # of the weights that ship: a set that was left out of the fit is then foreseen better than with less
WAYS = ("counted on others", "as an author states it", "counted as answers come", "unknown")
PRIOR = Prior(ability=0.5, skill=0.6, taught_ability=0.003, taught_skill=0.02)
Answer = tuple[tuple[str, ...], str, int]  # skills, exercise ("" where the data name none), right
Learner = list[Answer]
Layer = tuple[list[list[float]], list[float]]


FORMATS = {  # each with the columns that a file of it must have
    "pykt": ("concepts", "responses"),
    "gervet": ("user_id", "item_id", "correct", "skill_id"),
    "assistments2017": ("studentId", "startTime", "problemId", "skill", "correct"),
    "akt": (),
}


def load(path: str, format: str) -> list[Learner]:
    """The learners of a file, each with the answers in their order. Raises LearnerError where the file is not of the format."""
    csv.field_size_limit(1 << 30)
    with Path(path).open(encoding="utf-8", errors="replace", newline="") as file:
        if format == "akt":
            return _four_lines_each(path, file.read().splitlines())
        rows = csv.DictReader(file, delimiter="\t" if format == "gervet" else ",")
        missing = [name for name in FORMATS[format] if name not in (rows.fieldnames or ())]
        if missing:
            raise LearnerError(f"{path} lacks what the format {format} has ({', '.join(missing)}): give the --format of this file.")
        if format == "pykt":
            learners = []
            for row in rows:
                concepts, responses = row["concepts"].split(","), row["responses"].split(",")
                items = row["questions"].split(",") if row.get("questions") else [""] * len(concepts)
                learners.append(
                    [
                        (tuple(dict.fromkeys(c.split("_"))), item, int(r))
                        for c, item, r in zip(concepts, items, responses, strict=True)
                        if c != "-1" and r != "-1"
                    ]
                )
            return learners
        by_user: dict[str, Learner] = {}
        if format == "gervet":
            for row in rows:
                by_user.setdefault(row["user_id"], []).append(((row["skill_id"],), row["item_id"], int(row["correct"])))
        else:
            asked = [row for row in rows if row["correct"] in ("0", "1")]
            for row in sorted(asked, key=lambda row: float(row["startTime"])):  # stable: rows of one moment stay in the file's order
                by_user.setdefault(row["studentId"], []).append(((row["skill"],), row["problemId"], int(row["correct"])))
        return list(by_user.values())


def _four_lines_each(path: str, lines: Sequence[str]) -> list[Learner]:
    learners: list[Learner] = []
    for k in range(0, len(lines) - 3, 4):
        items, skills, responses = (line.rstrip(",").split(",") for line in lines[k + 1 : k + 4])
        if not len(items) == len(skills) == len(responses):
            raise LearnerError(f"{path}, lines {k + 2} to {k + 4}: these should be as many exercises as skills as responses.")
        learners.append([((skill,), item, int(right)) for skill, item, right in zip(skills, items, responses, strict=True)])
    return learners


# What needs no fitting: the least that a model must beat


def elo(learners: Sequence[Learner], before: Sequence[Learner] = ()) -> np.ndarray:
    """Log-odds for every answer by the Elo rating system, learner after learner; `before` is run through first and not returned.

    The chance of a right answer is sigmoid(learner - exercise); after it both ratings move by the surprise times U(n) = 1 / (1 + 0.05 n),
    n being the answers that the rating has had. All ratings start at 0. An exercise is what the data name so, and else its skills.
    Source: Pelánek (2016), Applications of the Elo rating system in adaptive educational systems, Computers & Education 98.
    """
    exercises: dict[object, list[float]] = {}
    scores: list[float] = []
    for learner in itertools.chain(before, learners):
        ability = 0.0
        for n, (skills, item, right) in enumerate(learner):
            rating = exercises.setdefault(item or skills, [0.0, 0])
            score = ability - rating[0]
            surprise = right - sigmoid(score)
            ability += surprise / (1 + 0.05 * n)
            rating[0] -= surprise / (1 + 0.05 * rating[1])
            rating[1] += 1
            scores.append(score)
    return np.array(scores[sum(map(len, before)) :])


def running_mean(learners: Sequence[Learner]) -> np.ndarray:
    """Log-odds for every answer from the learner's answers before it alone: (right + 1) / (answers + 2)."""
    scores: list[float] = []
    for learner in learners:
        won = 0
        for n, (_, _, right) in enumerate(learner):
            scores.append(logit((won + 1) / (n + 2)))
            won += right
    return np.array(scores)


# What is known of exercises from other learners


@dataclass
class Counts:
    """How often exercises and skills were solved, and first answers on a skill."""

    n: int = 0
    right: int = 0
    items: dict[str, list[int]] = field(default_factory=dict)
    skills: dict[str, list[int]] = field(default_factory=dict)
    first: dict[str, list[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, learners: Iterable[Learner]) -> Counts:
        counts = cls()
        for learner in learners:
            met: set[str] = set()
            for answer in learner:
                counts.add(answer, met)
        return counts

    def add(self, answer: Answer, met: set[str]) -> None:
        skills, item, right = answer
        self.n += 1
        self.right += right
        if item:
            _count(self.items, item, right)
        for skill in skills:
            _count(self.skills, skill, right)
            if skill not in met:
                met.add(skill)
                _count(self.first, skill, right)

    def skill(self, skills: tuple[str, ...], table: dict[str, list[int]]) -> float:
        base = (self.right + 14) / (self.n + 20)
        return sum(_shrunk(table.get(s), base, 10) for s in skills) / len(skills)

    def exercise(self, skills: tuple[str, ...], item: str) -> Exercise:
        p = self.skill(skills, self.skills)
        n = min((self.skills[s][0] for s in skills if s in self.skills), default=0)
        if item:
            found = self.items.get(item)
            p, n = _shrunk(found, p, 5), found[0] if found else 0
        return Exercise(logit(p), p, n / (n + 10))


def _count(table: dict[str, list[int]], key: str, right: int) -> None:
    entry = table.setdefault(key, [0, 0])
    entry[0] += 1
    entry[1] += right


def _shrunk(found: list[int] | None, towards: float, worth: float) -> float:
    n, right = found or (0, 0)
    return (right + towards * worth) / (n + worth)


class Neighbours:
    """What other learners' answers say beyond an exercise's own difficulty: only for a model fitted on one data set.

    Two things are learned of residuals (what came less what the ease led to expect). How exercises go together: a low-rank Gaussian model
    over exercises, followed for each learner by a Kalman filter. And what follows on what: the mean residual of an exercise
    after a right or a wrong answer to the one 1, 2 or 3 places before it. Where exercises are rare, skills stand for them.
    """

    def __init__(self, learners: Sequence[Learner], counts: Counts, rank: int = RANK) -> None:
        self.by_item = bool(counts.items) and counts.n / len(counts.items) >= 60
        self.place = {id: k for k, id in enumerate(counts.items if self.by_item else counts.skills)}
        self.after: dict[tuple[int, int, int, int], list[float]] = {}
        sum_ui = np.zeros((len(learners), len(self.place)))
        n_ui = np.zeros_like(sum_ui)
        for u, learner in enumerate(learners):
            past: list[tuple[int, int]] = []
            for skills, item, right in learner:
                left = right - counts.exercise(skills, item).expected
                here = self.id(skills, item)
                sum_ui[u, here] += left
                n_ui[u, here] += 1
                for lag, (id, was) in enumerate(past):
                    entry = self.after.setdefault((lag, id, was, here), [0, 0.0])
                    entry[0] += 1
                    entry[1] += left
                past = [(here, right), *past[: LAGS - 1]]
        weight_ui = n_ui / (n_ui + 2)
        mean_ui = weight_ui * sum_ui / np.maximum(n_ui, 1)
        covariance = (mean_ui.T @ mean_ui) / (weight_ui.T @ weight_ui + 8)
        np.fill_diagonal(covariance, np.diag(covariance) * 0.5)
        values, vectors = np.linalg.eigh(covariance)
        self.loadings_ik = vectors[:, ::-1][:, :rank] * np.sqrt(np.maximum(values[::-1][:rank], 0))

    def id(self, skills: tuple[str, ...], item: str) -> int:
        return self.place.get(item if self.by_item else skills[0], -1)


class Neighbourhood:
    """One learner among the neighbours."""

    def __init__(self, of: Neighbours) -> None:
        self.of = of
        k = of.loadings_ik.shape[1]
        self.mean, self.cov = np.zeros(k), np.eye(k)
        self.past: list[tuple[int, int]] = []

    def inputs(self, here: int, expected: float) -> list[float]:
        slope = max(expected * (1 - expected), 0.04)
        row = [float(self.of.loadings_ik[here] @ self.mean) / slope if here >= 0 else 0.0]
        for lag in range(LAGS):
            found = self.of.after.get((lag, *self.past[lag], here)) if lag < len(self.past) else None
            n, total = found or (0, 0.0)
            row += [total / (n + 8) / slope, n / (n + 20)]
        return row

    def move(self, here: int, left: float, right: int) -> None:
        self.past = [(here, right), *self.past[: LAGS - 1]]
        if here >= 0:
            row = self.of.loadings_ik[here]
            spread = self.cov @ row
            gain = spread / (row @ spread + 0.16)
            self.mean = self.mean + gain * (left - row @ self.mean)
            self.cov -= np.outer(gain, spread)


NOTHING = Exercise(STANDARD, sigmoid(STANDARD))


class Told:
    """What a stream of answers is told of each exercise: nothing; what was counted; or what an author might have stated of it."""

    def __init__(
        self, counts: Counts | None = None, neighbours: Neighbours | None = None, author: np.random.Generator | None = None
    ) -> None:
        self.counts, self.neighbours, self.author = counts, neighbours, author
        self._kept: dict[tuple[tuple[str, ...], str], Exercise] = {}

    def exercise(self, skills: tuple[str, ...], item: str) -> Exercise:
        if self.counts is None:
            return NOTHING
        kept = self._kept.get((skills, item))
        if kept is None:
            kept = self.counts.exercise(skills, item)
            if self.author is not None:  # in steps, and about half right
                ease = STANDARD + 0.4 * round(0.7 * (kept.ease - STANDARD + float(self.author.normal(0, 0.6))) / 0.4)
                kept = Exercise(ease, sigmoid(ease), STATED_SURE)
            self._kept[skills, item] = kept
        return kept


@dataclass
class Stream:
    """Inputs and outcomes. answer_n: to which answer a row belongs (an answer has a row for each of its skills)."""

    x_ni: np.ndarray
    more_nj: np.ndarray
    answer_n: np.ndarray
    right_a: np.ndarray
    learner_a: np.ndarray
    seconds: float

    @classmethod
    def join(cls, parts: Sequence[Stream]) -> Stream:
        before = np.cumsum([0, *(len(p.right_a) for p in parts)])
        return cls(
            np.concatenate([p.x_ni for p in parts]),
            np.concatenate([p.more_nj for p in parts]),
            np.concatenate([p.answer_n + n for p, n in zip(parts, before, strict=False)]),
            np.concatenate([p.right_a for p in parts]),
            np.concatenate([p.learner_a for p in parts]),
            sum(p.seconds for p in parts),
        )

    @property
    def all_nm(self) -> np.ndarray:
        return np.concatenate([self.x_ni, self.more_nj], axis=1)

    @property
    def right_n(self) -> np.ndarray:
        return self.right_a[self.answer_n]

    def of_answers(self, logit_n: np.ndarray) -> np.ndarray:
        """The log-odds of each answer: the mean over its skills."""
        return np.bincount(self.answer_n, logit_n, len(self.right_a)) / np.bincount(self.answer_n, minlength=len(self.right_a))


def stream(learners: Sequence[Learner], told: Told, prior: Prior, counting: bool = False) -> Stream:
    """Every answer through the program's own filter and inputs; with `counting`, difficulties are counted as answers come."""
    rows: list[list[float]] = []
    more: list[list[float]] = []
    answers: list[int] = []
    rights: list[int] = []
    owners: list[int] = []
    start = time.process_time()
    counts, neighbours = told.counts, told.neighbours
    for u, learner in enumerate(learners):
        state = State(ability_variance=prior.ability)
        seen: dict[str, Repeats] = {}
        met: set[str] = set()
        near = Neighbourhood(neighbours) if neighbours is not None else None
        for answer in learner:
            skills, item, right = answer
            asked = counts.exercise(skills, item) if counting and counts is not None else told.exercise(skills, item)
            repeats = seen.setdefault(item, Repeats()) if item else None
            moved = []
            for skill in skills:
                trace = state.skills.get(skill)
                if trace is None:
                    trace = state.skills[skill] = SkillTrace(variance=prior.skill)
                moved.append((skill, trace))
                rows.append(inputs(state, skill, trace, asked, repeats))
                answers.append(len(rights))
            if near is not None and neighbours is not None and counts is not None:
                here = neighbours.id(skills, item)
                known = [logit(counts.skill(skills, table)) - STANDARD for table in (counts.skills, counts.first)]
                more += [known + near.inputs(here, asked.expected)] * len(skills)
                near.move(here, right - asked.expected, right)
            observe(state, moved, float(right), 1.0, 0, asked, prior)
            if repeats is not None:
                repeated(state, repeats, right > 0)
            if counting and counts is not None:
                counts.add(answer, met)
            rights.append(right)
            owners.append(u)
    seconds = time.process_time() - start
    others = np.array(more, dtype=np.float32) if more else np.zeros((len(rows), 0), dtype=np.float32)
    return Stream(np.array(rows, dtype=np.float32), others, np.array(answers), np.array(rights), np.array(owners), seconds)


def crossed(learners: Sequence[Learner], prior: Prior, neighbours: bool = False, author: bool = False) -> Stream:
    """A training part, with what is known of exercises counted on the other folds' learners, as it will be for new learners."""
    parts = []
    for fold in range(FOLDS):
        others = [x for k, x in enumerate(learners) if k % FOLDS != fold]
        counts = Counts.of(others)
        told = Told(counts, Neighbours(others, counts) if neighbours else None, np.random.default_rng(fold) if author else None)
        parts.append(stream(learners[fold::FOLDS], told, prior))
        parts[-1].learner_a = parts[-1].learner_a * FOLDS + fold
    return Stream.join(parts)


# Models: each is a function from inputs to log-odds

Model = Callable[[np.ndarray], np.ndarray]


def fit_network(
    x_ni: np.ndarray, right_n: np.ndarray, wide: Sequence[int], epochs: int, seed: int, decay: float = 1e-3
) -> tuple[Model, list[Layer]]:
    """Softsign layers, as `Tracer` reads them, by AdamW on log loss. Inputs are standardised; the weights returned take them raw."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    mean_i, spread_i = x_ni.mean(0), x_ni.std(0) + 1e-3
    x = torch.from_numpy(((x_ni - mean_i) / spread_i).astype(np.float32))
    y = torch.from_numpy(right_n.astype(np.float32))
    sizes = [x.shape[1], *wide, 1]
    linears = [nn.Linear(a, b) for a, b in itertools.pairwise(sizes)]
    network = nn.Sequential(*(layer for linear in linears for layer in (linear, nn.Softsign())))[:-1]
    batch = 1024
    steps = epochs * (len(y) // batch)
    optimizer = torch.optim.AdamW(network.parameters(), lr=4e-3, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=steps + 1)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        order = torch.randperm(len(y), generator=generator)
        for start in range(0, len(y) - batch + 1, batch):
            chosen = order[start : start + batch]
            loss = nn.functional.binary_cross_entropy_with_logits(network(x[chosen])[:, 0], y[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    layers: list[Layer] = []
    for linear in linears:
        weights, bias = linear.weight.detach().double().numpy(), linear.bias.detach().double().numpy()
        if not layers:
            weights = weights / spread_i
            bias = bias - weights @ mean_i
        layers.append((np.round(weights.T, 5).tolist(), np.round(bias, 5).tolist()))

    def model(x_ni: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return network(torch.from_numpy(((x_ni - mean_i) / spread_i).astype(np.float32)))[:, 0].double().numpy()

    return model, layers


def fit_trees(x_ni: np.ndarray, right_n: np.ndarray, seed: int) -> Model:
    from sklearn.ensemble import HistGradientBoostingClassifier

    trees = HistGradientBoostingClassifier(
        learning_rate=0.07, max_iter=280, max_leaf_nodes=24, min_samples_leaf=80, l2_regularization=5, max_features=0.5, random_state=seed,
        early_stopping=False,
    ).fit(x_ni, right_n)  # fmt: skip
    return trees.decision_function  # type: ignore[no-any-return]


def baselines(train: Sequence[Learner], test: Sequence[Learner]) -> dict[str, np.ndarray]:
    """Published models, by logistic regression with a light ridge: log-odds for every test answer (answers of several skills: summed)."""
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    skills = {s: k for k, s in enumerate(dict.fromkeys(s for learner in train for ss, _, _ in learner for s in ss))}
    items = {i: k for k, i in enumerate(dict.fromkeys(i for learner in train for _, i, _ in learner if i))}
    names = ("IRT (difficulty alone: learners are new)", "PFA", "Best-LR")
    n_s, n_i = len(skills), len(items)

    def table(learners: Sequence[Learner]) -> tuple[dict[str, csr_matrix], np.ndarray]:
        where: dict[str, tuple[list[int], list[int], list[float]]] = {name: ([], [], []) for name in names}
        wide = {names[0]: n_i or n_s, names[1]: 3 * n_s, names[2]: n_i + 3 * n_s + 2}
        rights: list[int] = []
        for learner in learners:
            won: dict[str, int] = {}
            lost: dict[str, int] = {}
            all_won = all_lost = 0
            for ss, item, right in learner:
                row = len(rights)
                own = [(items[item], 1.0)] if item in items else []
                known = [skills[s] for s in ss if s in skills]
                pfa = [(k, 1.0) for k in known]
                for s in ss:
                    if s in skills:
                        pfa += [(n_s + skills[s], math.log1p(won.get(s, 0))), (2 * n_s + skills[s], math.log1p(lost.get(s, 0)))]
                best = own + [(n_i + k, v) for k, v in pfa]
                best += [(n_i + 3 * n_s, math.log1p(all_won)), (n_i + 3 * n_s + 1, math.log1p(all_lost))]
                for name, cells in zip(names, (own if n_i else [(k, 1.0) for k in known], pfa, best), strict=True):
                    for column, value in cells:
                        for into, what in zip(where[name], (row, column, value), strict=True):
                            into.append(what)  # type: ignore[arg-type]
                for s in ss:
                    won[s], lost[s] = won.get(s, 0) + right, lost.get(s, 0) + 1 - right
                all_won, all_lost = all_won + right, all_lost + 1 - right
                rights.append(right)
        return {n: csr_matrix((v, (r, c)), shape=(len(rights), wide[n])) for n, (r, c, v) in where.items()}, np.array(rights)

    fitted, y = table(train)
    asked, y_test = table(test)
    found = {"constant": np.full(len(y_test), logit(float(y.mean())))}
    for name in names:
        found[name] = LogisticRegression(C=1.0, max_iter=150).fit(fitted[name], y).decision_function(asked[name])
    return found


# Measures


def auc(score_n: np.ndarray, right_n: np.ndarray, weight_n: np.ndarray | None = None) -> float:
    """The chance that a right answer was rated above a wrong one; ties count half. `weight_n`: how often each answer counts."""
    _, place = np.unique(score_n, return_inverse=True)
    w = np.ones(len(score_n)) if weight_n is None else weight_n
    won, lost = np.bincount(place, w * right_n), np.bincount(place, w * (1 - right_n))
    return float((won * (np.cumsum(lost) - lost / 2)).sum() / (won.sum() * lost.sum()))


def losses(score_n: np.ndarray, right_n: np.ndarray) -> np.ndarray:
    return np.logaddexp(0, np.where(right_n == 1, -score_n, score_n))


def calibration_error(score_n: np.ndarray, right_n: np.ndarray, bins: int = 10) -> float:
    p = 1 / (1 + np.exp(-score_n))
    bin_n = np.minimum((p * bins).astype(int), bins - 1)
    return float(np.abs(np.bincount(bin_n, p - right_n, bins)).sum() / len(p))


@dataclass
class Row:
    what: str
    auc: float
    auc_error: float
    loss: float
    loss_error: float
    calibration: float


def measured(what: str, score_a: np.ndarray, s: Stream, draws: int = 100) -> Row:
    """Standard errors by drawing learners again."""
    rng = np.random.default_rng(0)
    loss_a = losses(score_a, s.right_a)
    _, learner_a = np.unique(s.learner_a, return_inverse=True)
    people = int(learner_a.max()) + 1
    aucs, means = [], []
    for _ in range(draws):
        often_a = np.bincount(rng.integers(0, people, people), minlength=people)[learner_a].astype(float)
        aucs.append(auc(score_a, s.right_a, often_a))
        means.append(float((often_a * loss_a).sum() / often_a.sum()))
    return Row(
        what,
        auc(score_a, s.right_a),
        float(np.std(aucs)),
        float(loss_a.mean()),
        float(np.std(means)),
        calibration_error(score_a, s.right_a),
    )


def show(title: str, rows: Sequence[Row | tuple[str, str, str]]) -> None:
    print(f"\n{title}")
    print(f"{'':<58}{'AUC':>7}{'s.e.':>7}{'loss':>8}{'s.e.':>7}{'ECE':>7}")
    for row in rows:
        if isinstance(row, tuple):
            print(f"{row[0]:<58}{row[1]:>7}{'':>7}{row[2]:>8}")
        else:
            print(
                f"{row.what:<58}{row.auc:>7.4f}{row.auc_error:>7.4f}{row.loss:>8.4f}{row.loss_error:>7.4f}{row.calibration:>7.4f}",
                flush=True,
            )


PUBLISHED = {  # by the number of answers in the test part: the figures that the papers give for these files' data sets
    "ASSISTments 2015": (("DKT, as published (pyKT)", ".7271", ""), ("AKT, as published (pyKT)", ".7281", "")),
    "ASSISTments 2009": (("Best-LR, as published (Gervet et al. 2020)", ".77", ""), ("DKT, as published (Gervet et al. 2020)", ".75", "")),
    "Statics 2011": (("DKT, as published (Gervet et al. 2020)", ".83", ""),),
}


def about(learners: Sequence[Learner]) -> str:
    answers = sum(map(len, learners))
    return f"{len(learners):,} learners, {answers:,} answers, {sum(r for x in learners for _, _, r in x) / answers:.1%} right"


def parted(learners: Sequence[Learner]) -> tuple[Sequence[Learner], Sequence[Learner]]:
    """Nine tenths and one."""
    return [x for k, x in enumerate(learners) if k % 10 != 7], [x for k, x in enumerate(learners) if k % 10 == 7]


# Commands


def compare(args: argparse.Namespace) -> None:
    train = load(args.train[0], args.format[0])
    if args.hold_out:
        train, test = parted(train)
    else:
        test = load(args.test, args.format[0])
    name = args.name or Path(args.train[0]).stem
    prior = default_tracer().prior
    began = time.process_time()
    own = crossed(train, prior, neighbours=True)
    counts = Counts.of(train)
    asked = stream(test, Told(counts, Neighbours(train, counts)), prior)
    print(f"{name}: fitted on {about(train)}; measured on {about(test)}", flush=True)
    rows: list[Row | tuple[str, str, str]] = [measured(what, score_a, asked) for what, score_a in baselines(train, test).items()]
    rows.append(measured("Elo, nothing fitted, run through --train first", elo(test, train), asked))
    rows.append(measured("running mean of the learner, nothing fitted", running_mean(test), asked))
    rows += PUBLISHED.get(name, ())
    x_nm, y_n = own.all_nm, own.right_n
    scores = [fit_trees(x_nm, y_n, seed)(asked.all_nm) for seed in range(TREES)]
    scores.append(fit_network(x_nm, y_n, (64, 32), 8, 0)[0](asked.all_nm))
    rows.append(measured(f"ours, fitted ({TREES} sets of boosted trees and a network)", asked.of_answers(np.mean(scores, axis=0)), asked))
    rows.append(measured("ours, fitted, that network alone", asked.of_answers(scores[-1]), asked))
    plain = fit_network(own.x_ni, y_n, SHIPPED, 8, 0)[0](asked.x_ni)
    rows.append(measured("ours, fitted, the program's inputs and size of network", asked.of_answers(plain), asked))
    shipped = default_tracer()
    rows.append(measured("the program's own weights, exercises counted on --train", run(shipped, asked), asked))
    bare = stream(test, Told(), prior)
    rows.append(measured("the program's own weights, exercises unknown", run(shipped, bare), bare))
    show(name, rows)
    per_answer = asked.seconds / len(asked.right_a) * 1e6
    filtered, one = bare.seconds / len(bare.right_a) * 1e6, one_at_a_time(shipped, bare)
    print(f"an answer: {filtered:.0f} µs for filter and inputs ({per_answer:.0f} with neighbours), {one:.0f} µs for the network")
    if args.zero_shot:
        zero_shot(args, train, prior)
    print(f"{time.process_time() - began:.0f} CPU seconds", flush=True)


def measure(args: argparse.Namespace) -> None:
    """The program's own weights (or those of --weights) on sets as they are, nothing fitted there, beside what needs no fitting."""
    shipped = load_weights(Path(args.weights).read_bytes()) if args.weights else default_tracer()
    whose = Path(args.weights).name if args.weights else "the program's own weights"
    for path, format in zip(args.measure, args.format, strict=True):
        learners = load(path, format)
        counted = stream(learners, Told(Counts()), shipped.prior, counting=True)
        unknown = stream(learners, Told(), shipped.prior)
        show(
            f"{Path(path).stem}: {about(learners)}",
            [
                measured("Elo, nothing fitted", elo(learners), counted),
                measured(f"{whose}, exercises counted as they come", run(shipped, counted), counted),
                measured("running mean of the learner, nothing fitted", running_mean(learners), unknown),
                measured(f"{whose}, exercises unknown", run(shipped, unknown), unknown),
            ],
        )


def run(tracer: Tracer, s: Stream) -> np.ndarray:
    return s.of_answers(np.array(tracer.logits(s.x_ni.astype(np.float64))))


def one_at_a_time(tracer: Tracer, s: Stream, n: int = 200) -> float:
    rows = s.x_ni[:n].astype(np.float64).tolist()
    start = time.process_time()
    for row in rows:
        tracer.logit(row)
    return (time.process_time() - start) / n * 1e6


def zero_shot(args: argparse.Namespace, train: Sequence[Learner], prior: Prior) -> None:
    """Fitted on --train as other data sets may come: with exercises or only skills named, counted beforehand, as answers come, or not."""
    skills_alone = [[(skills, "", right) for skills, _, right in learner] for learner in train]
    parts = [stream(train, Told(), prior)]
    for learners in (train, skills_alone):
        parts += [crossed(learners, prior), stream(learners, Told(Counts()), prior, counting=True)]
    own = Stream.join(parts)
    network, layers = fit_network(own.x_ni, own.right_n, SHIPPED, 6, 0)
    models = [*(fit_trees(own.x_ni, own.right_n, seed) for seed in range(TREES)), network]
    tracer = Tracer(Weights(2, {}, list(INPUTS), layers, prior))
    for path, format in zip(args.zero_shot, args.zero_shot_format or [args.format[0]] * len(args.zero_shot), strict=True):
        test = load(path, format)
        unfitted = stream(test, Told(), prior)
        rows = [
            measured("Elo, nothing fitted", elo(test), unfitted),
            measured("running mean of the learner, nothing fitted", running_mean(test), unfitted),
        ]
        for how, s in (
            ("exercises counted as they come", stream(test, Told(Counts()), prior, counting=True)),
            ("exercises unknown", unfitted),
        ):
            all_of_them = s.of_answers(np.mean([model(s.x_ni) for model in models], axis=0))
            rows.append(measured(f"ours, fitted on --train alone; {how}", all_of_them, s))
            rows.append(measured(f"that network alone, as the program runs it; {how}", run(tracer, s), s))
        show(f"zero-shot on {Path(path).stem}: {about(test)}", rows)


def fit_weights(args: argparse.Namespace) -> None:
    """The file that ships: one network for all the sets named, none with more than MOST answers, each told four ways of difficulty."""
    prior = PRIOR
    streams = []
    said = []
    for path, format in zip(args.train, args.format, strict=True):
        learners = load(path, format)
        said.append(f"{Path(path).stem}: {about(learners)}")
        kept, n = [], 0
        for k in np.random.default_rng(0).permutation(len(learners)):
            if n < MOST:
                kept.append(learners[k])
                n += len(learners[k])
        streams += [
            crossed(kept, prior),
            crossed(kept, prior, author=True),
            stream(kept, Told(Counts()), prior, counting=True),
            stream(kept, Told(), prior),
        ]
        print(f"{said[-1]}; {n:,} answers used", flush=True)
    own = Stream.join(streams)
    held = own.learner_a % 10 == 7
    there = ~held[own.answer_n]
    model, _ = fit_network(own.x_ni[there], own.right_n[there], SHIPPED, 5, 0, DECAY)
    score = own.of_answers(model(own.x_ni))
    ends = np.cumsum([len(s.right_a) for s in streams])
    for k, (start, end) in enumerate(itertools.pairwise([0, *ends.tolist()])):
        there_a = np.arange(start, end)[held[start:end]]
        scores, seen = score[there_a], own.right_a[there_a]
        print(
            f"a tenth of the learners held out, {Path(args.train[k // 4]).stem}, difficulty {WAYS[k % 4]}: AUC {auc(scores, seen):.4f}, "
            f"log loss {losses(scores, seen).mean():.4f}, ECE {calibration_error(scores, seen):.4f}",
            flush=True,
        )
    _, layers = fit_network(own.x_ni, own.right_n, SHIPPED, 5, 0, DECAY)
    provenance = {
        "fitted_on": "; ".join(said),
        "method": (
            f"one network ({', '.join(map(str, SHIPPED))} units) by AdamW on log loss; at most {MOST:,} answers of each set, each told "
            "four ways: the exercise's difficulty counted on other learners, as answers came, as an author might state it (in steps, half "
            "right), or not. "
            "Only numbers that know nothing of a particular skill go in. The stated terms were set by hand."
        ),
        "date": dt.date.today().isoformat(),
        "made_by": "bench/tracing.py --fit-weights",
        **dict(pair.split("=", 1) for pair in args.provenance or ()),
    }
    weights = Weights(2, provenance, list(INPUTS), layers, prior)
    Tracer(weights)
    Path(args.fit_weights).write_bytes(msgspec.json.format(msgspec.json.encode(weights), indent=0) + b"\n")
    print(f"{args.fit_weights} written")


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--measure", action="append", metavar="FILE", help="a data set as it is, on which nothing is fitted")
    p.add_argument("--weights", metavar="FILE", help="with --measure, these instead of the program's own")
    p.add_argument("--train", action="append", help="a training part; --fit-weights takes several")
    p.add_argument("--format", action="append", choices=FORMATS, required=True, help="one for each --measure or --train (and its --test)")
    p.add_argument("--test", help="the test part")
    p.add_argument("--name", help="of the data set, for its published figures: " + ", ".join(PUBLISHED))
    p.add_argument("--hold-out", action="store_true", help="measure on a tenth of the training learners instead of the test part")
    p.add_argument("--zero-shot", action="append", help="a test part of another set, on which nothing is fitted")
    p.add_argument("--zero-shot-format", action="append", choices=FORMATS)
    p.add_argument("--fit-weights", metavar="OUT", help="write the weights that ship, fitted on all --train")
    p.add_argument("--provenance", action="append", metavar="KEY=TEXT", help="more words for the weights file")
    args = p.parse_args()
    if not args.measure and not args.train:
        p.error("give --measure or --train")
    if len(args.format) != len(args.measure or args.train):
        p.error("give one --format for each --measure or --train")
    try:
        if args.measure:
            measure(args)
        elif args.fit_weights:
            fit_weights(args)
        elif args.hold_out or args.test:
            compare(args)
        else:
            p.error("give --test, --hold-out or --fit-weights")
    except LearnerError as error:
        p.exit(2, f"{error}\n")


if __name__ == "__main__":
    main()
