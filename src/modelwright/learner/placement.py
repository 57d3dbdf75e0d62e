"""Placement: which question to ask next, and what the answers so far say of every skill.

What a person may know is a set of skills that is nearly closed under prerequisites (a knowledge space: Doignon and Falmagne 1985). Such
sets are drawn from a stated prior, conditioned on the answers by importance sampling in the order of the graph, and counted. The prior
holds two sorts of people: those with an ability for each of five fields, and those who walked the plan and lost again what was learned
long ago and is little used by what came after, each at a rate of their own; modules may depart from either. The next question is the one
after which the fewest skills would be classified wrongly, in expectation. It knows nothing of how a question is worded; an answer can slip
or be a lucky guess, at the rates given with it. Pure: the draws come from a seed, so the same answers always give the same belief.

Shapes: a people drawn (those with abilities first, then those who forget), n sets drawn, s skills, f fields, m modules, k steps of a
module's departure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from modelwright.learner.errors import LearnerError

if TYPE_CHECKING:
    from modelwright.curriculum import Curriculum

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]

FEWEST, MOST = 8, 30  # questions of a placement
HARDLY = 0.15  # fewer skills than this would be classified better by one more question
SURE = 0.75  # from here a skill counts as decided, one way or the other
SETS, MORE, FEW = 2048, 8, 150  # sets drawn; so many times as many where the answers leave the weight of no more than a few
ABILITIES, FADING = 6144, 2048  # people drawn of each sort
FADES = 0.3  # the share of people who learned along the plan and forgot
SLIP, GUESS = 0.10, 0.20
NOISE = 0.09  # spread of a single skill around what abilities and its place in the plan say; a field's road is 2 long
SUREST, LEAST = 0.998, 0.01  # no ability makes a skill surer, or less sure, than this
REPORTED = (0.03, 0.3, 0.7, 0.95)  # the share of a module's skills that each level of self-report speaks of
REPORT_SPREAD = 0.3  # how far it may be off, as such a share
REPORT_CARELESS = 0.15  # how often it says nothing at all
REPORT_MET = 0.4  # how much of what was once met and is gone is taken for known
MOST_TIMES = 2  # how often one skill is asked of

# How a module may depart from what its field's ability says, and how often: known whole or not at all, a little more or less, or left
# after a share of it.
DEPARTURES = np.array([-2.0, -0.6, -0.25, 0.0, 0.25, 0.6, 2.0, 0.0, 0.0], dtype=np.float32)
LEFT_AFTER = np.array([9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 0.35, 0.7], dtype=np.float32)
LEAVING = 0.1  # how sharply, in shares of a module
WALKED = (0.03, 0.04, 0.09, 0.6, 0.09, 0.03, 0.03, 0.04, 0.05)  # of who came along the plan
MIXED = (0.07, 0.08, 0.14, 0.35, 0.14, 0.08, 0.07, 0.03, 0.04)  # of who has an ability for each field
PATCHY = (0.38, 0.03, 0.03, 0.06, 0.03, 0.03, 0.38, 0.03, 0.03)  # of who learned whole modules here and there

# Forgetting, in units of the whole plan's length: how long a skill lasts that nothing uses (median, and spread of its log over people),
# how far each module may depart from that (log), and how often. Each later skill that uses it adds as much again.
LASTS, LASTS_SPREAD = 0.3, 0.6
LASTS_LONGER = np.array([-1.2, -0.9, -0.6, -0.3, 0.0, 0.3, 0.6, 0.9, 1.2], dtype=np.float32)
LASTING = (0.03, 0.07, 0.13, 0.17, 0.2, 0.17, 0.13, 0.07, 0.03)
MET = 0.02  # how sharply the point reached in the plan divides what was met from what was not
FADING_NOISE = 0.2  # spread of a single skill around that (log)

# The five kinds of ability, and the modules that call on each. A module that is not named stands with the first.
FIELDS: dict[str, tuple[str, ...]] = {
    "mathematics": ("linear-algebra", "calculus", "probability"),
    "programming": ("python", "algorithms"),
    "machine learning": ("ml-basics", "hands-on-ml", "deep-learning", "advanced-deep-learning", "reinforcement-learning"),
    "language": ("nlp-fundamentals", "practical-nlp", "transformers", "research-papers"),
    "systems": ("large-scale-ml", "ai-systems-design", "ethics"),
}


@dataclass(frozen=True)
class Answered:
    """One question and what came of it. `slip` and `guess` are those of the question: a choice among four is guessed in a quarter."""

    skill: str
    right: bool
    slip: float = SLIP
    guess: float = GUESS


@dataclass(frozen=True)
class Belief:
    """What the answers say: for each skill the probability that it is known.

    `wrong`: how many skills are expected to be classified wrongly when cut at one half. `next`: the skill to ask of, None where
    nothing is left to ask; `gain`: how many fewer would be wrong after its answer, in expectation.
    """

    skills: Mapping[str, float]
    wrong: float
    next: str | None
    gain: float

    def settled(self, tolerance: float = 0.04) -> bool:
        """True where another question would change so little that the plan would stay as it is."""
        return self.next is None or self.gain < tolerance

    def is_enough(self, asked: int) -> bool:
        """Whether a placement may end after `asked` questions: another would hardly change the plan, or there is none."""
        return self.next is None or (asked >= FEWEST and self.settled(HARDLY))

    def decides(self, skill: str) -> bool:
        return max(self.skills[skill], 1 - self.skills[skill]) >= SURE


class Placement:
    """The prior, made ready for one curriculum. `self_report`: module id -> 0 (new to me) to 3 (I could teach it)."""

    def __init__(self, curriculum: Curriculum, self_report: Mapping[str, int] | None = None, seed: int = 0, sets: int = SETS) -> None:
        self.order = curriculum.order
        if not self.order:
            raise LearnerError("This curriculum has no skills, so there is nothing to place anyone in; add some to a module.yaml.")
        self.index = {skill: i for i, skill in enumerate(self.order)}
        self._parents = [
            np.array([self.index[p] for p in curriculum.skills[s].prerequisites if p in self.index], dtype=int) for s in self.order
        ]
        names = list(FIELDS)
        modules = [skill.split("/")[0] for skill in self.order]
        self._modules = list(dict.fromkeys(modules))
        self._module_s = np.array([self._modules.index(m) for m in modules])
        self._field_s = np.array([next((i for i, n in enumerate(names) if m in FIELDS[n]), 0) for m in modules])
        self._rank_s = _places(modules, self._field_s, len(names)).astype(np.float32)
        self._place_s = _places(modules, np.zeros(len(modules), dtype=int), 1).astype(np.float32) / 2 + 0.5
        inside_s = np.array([modules[: i + 1].count(m) - 0.5 for i, m in enumerate(modules)], dtype=np.float32)
        inside_s /= np.array([modules.count(m) for m in modules])
        self._stays_sk = _sigmoid((LEFT_AFTER - inside_s[:, None]) / LEAVING).astype(np.float32)
        self._sets = sets
        rng = np.random.default_rng(seed)
        self._people(rng, max(ABILITIES, sets))
        self._forgetful(rng, FADING)
        self._reach: dict[int, FloatArray] = {}
        able = len(self._ability_af)
        self._log_prior_a = np.repeat(np.log([(1 - FADES) / able, FADES / FADING]), [able, FADING]).astype(np.float32)
        self._said = self._reported(self_report or {})
        self._seed = int(rng.integers(2**31))
        self._dice: dict[int, tuple[FloatArray, FloatArray]] = {}

    def _people(self, rng: np.random.Generator, n: int) -> None:
        """Who may come: a fifth know next to nothing, some know modules here and there, some abilities by field, many walked the plan."""
        fields = len(FIELDS)
        kind = rng.random(n)
        nothing, patchy, walked = kind < 0.2, (kind >= 0.2) & (kind < 0.35), kind >= 0.55
        ability_af = rng.normal(-0.35, 0.6, size=(n, 1)) + rng.normal(0, 0.7, size=(n, fields))
        ability_af[nothing] = rng.normal(-1.6, 0.4, size=(int(nothing.sum()), fields))
        ability_af[patchy] = rng.uniform(-0.36, 0.36, size=(int(patchy.sum()), 1)) + rng.normal(0, 0.3, size=(int(patchy.sum()), fields))
        along = rng.uniform(-1.1, 1.1, size=int(walked.sum()))
        # Walking the plan reaches each field at its own time: the ability is where that point falls in the field's own road.
        ability_af[walked] = np.stack([np.interp(along, *_pace(self._field_s, self._rank_s, f)) for f in range(fields)], axis=1)
        self._ability_af = ability_af.astype(np.float32)
        self._departs_ak = np.where(walked[:, None], WALKED, np.where(patchy[:, None], PATCHY, MIXED)).astype(np.float32)
        # How likely a skill is although a prerequisite of it is missing, against its chance otherwise: rare, but not for the patchy.
        self._gap_a = np.where(patchy, rng.uniform(0.1, 0.95, size=n), rng.beta(1.0, 5.0, size=n)).astype(np.float32)

    def _forgetful(self, rng: np.random.Generator, n: int) -> None:
        """Who learned along the plan: a skill lasts, by its age, as long as this person and module let it, and longer where it is used."""
        far_a = rng.uniform(0.1, 1.1, size=(n, 1)).astype(np.float32)
        lasts_ak = (np.log(LASTS) + LASTS_SPREAD * rng.normal(size=(n, 1))).astype(np.float32) + LASTS_LONGER
        self._kept_sak = np.empty((len(self.order), n, len(LASTS_LONGER)), dtype=np.float16)
        self._met_sa = np.empty((len(self.order), n), dtype=np.float32)
        uses_sak = np.zeros(self._kept_sak.shape, dtype=np.float32)
        for i in range(len(self.order) - 1, -1, -1):
            since_a = far_a - self._place_s[i]
            lasting = (lasts_ak + np.log1p(uses_sak[i]) - np.log(np.maximum(since_a, 0.01))) / FADING_NOISE
            met_a = _sigmoid(since_a / MET)
            self._met_sa[i] = met_a[:, 0]
            self._kept_sak[i] = LEAST + (SUREST - LEAST) * met_a * _sigmoid(lasting)
            for parent in self._parents[i]:
                uses_sak[parent] += self._kept_sak[i]
        self._departs_ak = np.concatenate([self._departs_ak, np.tile(np.array(LASTING, dtype=np.float32), (n, 1))])
        self._gap_a = np.concatenate([self._gap_a, rng.beta(1.0, 8.0, size=n).astype(np.float32)])

    def _chance_of(self, i: int) -> FloatArray:
        """Probability of a skill for each person and departure of its module (a, k), its prerequisites given."""
        able = _chance(self._ability_af[:, self._field_s[i], None] + DEPARTURES - self._rank_s[i]) * self._stays_sk[i]
        return np.concatenate([able, self._kept_sak[i].astype(np.float32)])

    def _reached(self, i: int) -> FloatArray:
        """The same with prerequisites that may be missing: about how likely the skill is at all. Kept, since the next answers ask again."""
        if i not in self._reach:
            chance = self._chance_of(i)
            if len(self._parents[i]):
                whole = np.ones_like(chance)
                for parent in self._parents[i]:
                    reach = self._reached(int(parent))
                    if self._module_s[parent] != self._module_s[i]:
                        reach = (reach * self._departs_ak).sum(1, keepdims=True)
                    whole = np.minimum(whole, reach)
                chance = chance * (whole + (1 - whole) * self._gap_a[:, None])
            self._reach[i] = chance.astype(np.float16)  # half the memory, and as exact as it need be
        return self._reach[i].astype(np.float32)

    def _reported(self, report: Mapping[str, int]) -> dict[int, FloatArray]:
        """For each module spoken of, the log of how likely each person with each departure of the module (a, k) would say so."""
        said = {}
        for module, level in report.items():
            if module not in self._modules:
                continue
            m = self._modules.index(module)
            inside = np.flatnonzero(self._module_s == m).tolist()
            felt_ak = sum((self._felt(i) for i in inside), np.zeros((), dtype=np.float32)) / len(inside)
            miss_ak = (felt_ak - REPORTED[min(max(int(level), 0), 3)]) / REPORT_SPREAD
            said[m] = np.log(REPORT_CARELESS + (1 - REPORT_CARELESS) * np.exp(-0.5 * miss_ak**2))
        self._reach.clear()  # 45 MB of the whole plan, of which answers will ask for little
        return said

    def _felt(self, i: int) -> FloatArray:
        """How likely each person takes a skill for known (a, k)."""
        felt_ak, able = self._reached(i), len(self._ability_af)
        felt_ak[able:] += REPORT_MET * (self._met_sa[i][:, None] - felt_ak[able:])
        return felt_ak

    def believe(self, answers: Sequence[Answered], askable: Sequence[str] | None = None) -> Belief:
        """What to think after these answers, and what to ask next among `askable` (default: all; `()` asks nothing and saves the time).

        No skill is asked of more than twice, and none that lies above what the answers leave open: one that they decide against, and that
        rests on what is likelier missing than not. Answers about skills that the curriculum does not have say nothing.
        """
        known_sn, weight_n = self._draw(answers)
        marginal = np.clip(known_sn @ weight_n, 0.0, 1.0)
        wrong = float(np.minimum(marginal, 1 - marginal).sum())
        skills = {skill: float(p) for skill, p in zip(self.order, marginal, strict=True)}
        asked = Counter(answer.skill for answer in answers)
        allowed = [s for s in (self.order if askable is None else askable) if asked[s] < MOST_TIMES and s in self.index]
        if answers:
            allowed = [s for s in allowed if skills[s] >= 1 - SURE or marginal[self._parents[self.index[s]]].min(initial=1.0) >= 0.5]
        if not allowed:
            return Belief(skills, wrong, None, 0.0)
        rows = np.array([self.index[s] for s in allowed])
        both = (known_sn[rows] * weight_n) @ known_sn.T  # the asked one and each other one known
        right = (1 - SLIP) * marginal[rows] + GUESS * (1 - marginal[rows])
        if_right = np.clip(((1 - SLIP) * both + GUESS * (marginal - both)) / right[:, None], 0.0, 1.0)
        if_wrong = np.clip((SLIP * both + (1 - GUESS) * (marginal - both)) / (1 - right)[:, None], 0.0, 1.0)
        left = right * np.minimum(if_right, 1 - if_right).sum(1) + (1 - right) * np.minimum(if_wrong, 1 - if_wrong).sum(1)
        # Where no answer can flip a skill, expected error does not move; the spread that is left breaks the tie.
        spread = right * (if_right * (1 - if_right)).sum(1) + (1 - right) * (if_wrong * (1 - if_wrong)).sum(1)
        best = int(np.argmin(left + spread))
        return Belief(skills, wrong, allowed[best], max(0.0, wrong - float(left[best])))

    def _draw(self, answers: Sequence[Answered]) -> tuple[FloatArray, FloatArray]:
        """Sets of known skills (s, n) and their weights (n), conditioned on the answers."""
        odds = self._odds(answers)
        known_sn, weight_n = self._drawn(odds, self._sets)
        if 1 / float((weight_n.astype(np.float64) ** 2).sum()) < min(FEW, self._sets / 4):
            # Almost all of the weight lies on a few sets: draw many more, and keep as many of them as before, by their weights.
            known_sn, weight_n = self._drawn(odds, MORE * self._sets)
            total = np.cumsum(weight_n, dtype=np.float64)
            kept = np.searchsorted(total / total[-1], (np.arange(self._sets) + 0.5) / self._sets)
            known_sn, weight_n = known_sn[:, kept], np.full(self._sets, 1 / self._sets, dtype=np.float32)
        return known_sn, weight_n

    def _dice_for(self, n: int) -> tuple[FloatArray, FloatArray]:
        if n not in self._dice:
            rng = np.random.default_rng([self._seed, n])
            self._dice[n] = rng.random((len(self.order), n), dtype=np.float32), rng.random((len(self._modules), n), dtype=np.float32)
        return self._dice[n]

    def _drawn(self, odds: Mapping[int, tuple[float, float]], n: int) -> tuple[FloatArray, FloatArray]:
        dice_sn, departure_dice_mn = self._dice_for(n)
        # First who: each person's weight sums over how their modules may depart, which only answers and reports on a module speak of.
        log_w = self._log_prior_a.copy()
        fits: dict[int, FloatArray] = {}
        for m in sorted({int(self._module_s[i]) for i in odds} | set(self._said)):
            fit_ak = np.log(self._departs_ak)
            if m in self._said:
                fit_ak += self._said[m]
            for i in (i for i in odds if self._module_s[i] == m):
                p = self._reached(i)
                fit_ak = fit_ak + np.log(p * odds[i][0] + (1 - p) * odds[i][1])
            fits[m] = np.exp(fit_ak)
            log_w += np.log(fits[m].sum(1))
        w = np.exp(log_w - log_w.max(), dtype=np.float64)
        chosen = np.minimum(np.searchsorted(np.cumsum(w / w.sum()), (np.arange(n) + 0.5) / n), len(w) - 1)
        # Then how their modules depart.
        step_mn = np.empty((len(self._modules), n), dtype=np.int64)
        prior_nk = np.cumsum(self._departs_ak[chosen], 1)
        for m, dice in enumerate(departure_dice_mn):
            upto_nk = np.cumsum(fits[m][chosen], 1) if m in fits else prior_nk
            step_mn[m] = np.minimum((dice[:, None] * upto_nk[:, -1:] > upto_nk).sum(1), len(DEPARTURES) - 1)
        step_sn, able = step_mn[self._module_s], int(np.searchsorted(chosen, len(self._ability_af)))
        p_sn = np.empty((len(self.order), n), dtype=np.float32)
        p_sn[:, :able] = _chance(self._ability_af[chosen[:able]].T[self._field_s] + DEPARTURES[step_sn[:, :able]] - self._rank_s[:, None])
        p_sn[:, :able] *= np.take_along_axis(self._stays_sk, step_sn[:, :able], 1)
        old = chosen[able:] - len(self._ability_af)
        p_sn[:, able:] = self._kept_sak[np.arange(len(self.order))[:, None], old, step_sn[:, able:]]
        counted = {i: self._reached(i)[chosen, step_sn[i]] for i in odds}
        return self._walk(p_sn, self._gap_a[chosen], odds, counted, dice_sn)

    def _odds(self, answers: Sequence[Answered]) -> dict[int, tuple[float, float]]:
        """How likely the answers of a skill are, were it known and were it not. In the graph's order, whatever order they came in."""
        odds: dict[int, tuple[float, float]] = {}
        for a in sorted((a for a in answers if a.skill in self.index), key=lambda a: (self.index[a.skill], a.right, a.slip, a.guess)):
            known, unknown = odds.get(self.index[a.skill], (1.0, 1.0))
            odds[self.index[a.skill]] = (
                known * ((1 - a.slip) if a.right else a.slip),
                unknown * (a.guess if a.right else (1 - a.guess)),
            )
        return odds

    def _walk(
        self,
        p_sn: FloatArray,
        gap_n: FloatArray,
        odds: Mapping[int, tuple[float, float]],
        counted: Mapping[int, FloatArray],
        dice_sn: FloatArray,
    ) -> tuple[FloatArray, FloatArray]:
        """Draws the skills in the graph's order, leaning to what the answers further on say; the weights take the leaning back.

        `counted`: the probability of each answered skill with which its answers were counted when the people were drawn.
        """
        known_sn = np.zeros(p_sn.shape, dtype=np.float32)
        log_v = np.zeros(p_sn.shape[1], dtype=np.float32)
        ahead = self._ahead(p_sn, gap_n, odds)
        for i, parents in enumerate(self._parents):
            p = p_sn[i]
            if len(parents):
                p = np.where(known_sn[parents].min(0) > 0, p, gap_n * p)
            if i not in ahead and i not in odds:
                known_sn[i] = dice_sn[i] < p
                continue
            yes, no = odds.get(i, (1.0, 1.0))
            if i in odds:
                log_v -= np.log(counted[i] * yes + (1 - counted[i]) * no)
            lean = p * yes * ahead.get(i, 1.0)
            q = np.clip(lean / (lean + (1 - p) * no), 1e-6, 1 - 1e-6)
            known = dice_sn[i] < q
            known_sn[i] = known
            log_v += np.log(np.where(known, p * yes / q, (1 - p) * no / (1 - q)))
        v = np.exp(log_v - log_v.max(), dtype=np.float64)
        return known_sn, (v / v.sum()).astype(np.float32)

    def _ahead(self, p_sn: FloatArray, gap_n: FloatArray, odds: Mapping[int, tuple[float, float]]) -> dict[int, FloatArray]:
        """For each skill above an answered one: how much likelier the answers below it are where it is known than where it is not."""
        ahead: dict[int, FloatArray] = {}
        for i in range(len(self.order) - 1, -1, -1):
            if (i not in odds and i not in ahead) or not len(self._parents[i]):
                continue
            yes, no = odds.get(i, (1.0, 1.0))
            p, likelier = p_sn[i], yes * ahead[i] if i in ahead else yes
            message = (p * likelier + (1 - p) * no) / (gap_n * p * likelier + (1 - gap_n * p) * no)
            for parent in self._parents[i]:
                ahead[int(parent)] = np.clip(ahead[int(parent)] * message if int(parent) in ahead else message, 0.02, 50.0)
        return ahead


def _chance(distance: FloatArray) -> FloatArray:
    """Probability of knowing a skill that lies this far behind the ability, its prerequisites given."""
    chance: FloatArray = LEAST + (SUREST - LEAST) * _sigmoid(distance / NOISE)
    return chance


def _sigmoid(x: FloatArray) -> FloatArray:
    y: FloatArray = 1 / (1 + np.exp(-np.clip(x, -30, 30)))
    return y


def _pace(field_s: IntArray, rank_s: FloatArray, f: int) -> tuple[FloatArray, FloatArray]:
    """How far along one field (-1 to 1, a little beyond at the ends) someone is who is this far along the whole plan."""
    along = np.linspace(-1, 1, len(field_s))
    inside = np.flatnonzero(field_s == f)
    if len(inside) < 2:
        return np.array([-1.0, 1.0]), np.array([-1.5, 1.5])
    ends = along[inside[0]] - 0.05, along[inside[-1]] + 0.05
    return np.concatenate([[ends[0]], along[inside], [ends[1]]]), np.concatenate([[-1.5], np.sort(rank_s[inside]), [1.5]])


def _places(modules: Sequence[str], field_s: IntArray, fields: int) -> FloatArray:
    """Where a skill stands in the road of its own field, from -1 (first) to 1 (last)."""
    place = np.zeros(len(modules))
    for f in range(fields):
        inside = np.flatnonzero(field_s == f)
        # Modules follow each other in the plan's order; inside one the graph's order counts.
        first_seen = {m: k for k, m in enumerate(dict.fromkeys(modules[int(i)] for i in inside))}
        ranked = sorted((int(i) for i in inside), key=lambda i: (first_seen[modules[i]], i))
        if len(ranked) > 1:
            place[ranked] = np.linspace(-1, 1, len(ranked))
    return place
