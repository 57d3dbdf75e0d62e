"""From events to state: the one place where what happened becomes what is believed.

`fold` is a loop over one small function for each kind of event. It never looks at a clock, and it never changes the state it is
given, so folding a journal in parts, with `State.restore` in between, is the same as folding it at once (a property test).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from modelwright.journal import events as e
from modelwright.learner.beliefs import (
    BADLY,
    BELIED,
    ENOUGH,
    HALF,
    IN_A_ROW,
    LEAST_PROOF,
    LOST,
    MASTERED,
    PROOF,
    SURE,
    placed_well,
    read_through,
)
from modelwright.learner.exams import FORMULA_GUESSED, SLIP
from modelwright.learner.filtering import SITTING, STANDARD, kept_of_placement, observe, repeated
from modelwright.learner.fsrs import DAY, REVIEW, Fsrs, Trace, scheduler
from modelwright.learner.index import Index, index
from modelwright.learner.recall import DOUBT, FAINT, WIDEST, answered, paid, used
from modelwright.learner.state import MONDAY, Foretold, State
from modelwright.learner.traces import BINS, LabTrace, Pace, ProblemTrace, ProjectTrace, Repeats, SkillTrace, Table, sat_on
from modelwright.learner.tracing import (
    AS_GOOD_AS,
    MIDDLING,
    Exercise,
    Tracer,
    default_tracer,
    exercise,
    inputs,
    logit,
    prerequisite_level,
    sigmoid,
    stated_terms,
)

if TYPE_CHECKING:
    from modelwright.curriculum import Curriculum

HOUR: Final = 3_600_000
KEPT_DAYS: Final = 400
HELD_LONG: Final = 30 * DAY  # what was learned for so long and is lost is practised anew, and not as what never came
FRESH: Final = DAY / 15  # for each day of its stability, a memory is surely there this long: more likely than 99 in 100
SMALL_CHANGE: Final = 0.4  # credit up to this waits for more of it, or for the next time that the skill is looked at
KEPT: Final = 0.7  # of the hours a week that people wish for, what most have …
LEAST_WISH: Final = 1.0  # … and at the least, for how long a piece of work may have taken
LONGEST_SITTING: Final = 3.0  # hours: a lesson left open overnight is not a night's work
EXPECTED_CARD: Final = 10.0  # seconds
EXPECTED_ITEM: Final = 60.0
ASKED_AT_ONCE: Final = 512  # predictions that wait to be worked out together
SCORED_ALL: Final = 2000  # answers, and reviews, whose predictions are all scored; after these one in SCORED_ONE_IN: enough to judge by
SCORED_ONE_IN: Final = 16
MOST_CHOSEN: Final = 20  # targets for one evening
MOST_PUT_OFF: Final = 500

# How much of an answer counts, by what helped. Stated here and nowhere else.
SECOND_TRY: Final = 0.35
AFTER_SOLUTION: Final = 0.15
WITH_EXAMPLE: Final = 0.6  # the same kind was worked out beside it, with other numbers
PER_HINT: Final = 0.2
LAB_LEFT_FAILING: Final = 0.3
CARD_FOR_SKILL: Final = 0.3  # a card's review, as memory practice of its skill
IN_TEXT: Final = 0.3  # a question inside a lesson, or a closing one that the learner marked, as a part of a task that holds the skill
FINDING_OUT: Final = ("placement", "exam")  # settings of questions that begin no work on a skill
READING: Final = 0.5  # a lesson or chapter read again
ECHO: Final = 0.5  # of an encompassing weight, as evidence of mastery

# Self-report 1 to 3, as a probability of success and its variance in log-odds. 0, "new to me", leaves what is believed of anyone.
SELF_REPORT: Final = {1: (0.5, 1.5), 2: (0.8, 1.5), 3: (0.92, 1.0)}


class Folder:
    """The state while it is built, with what the handlers need at hand."""

    def __init__(self, curriculum: Curriculum, state: State, tracer: Tracer) -> None:
        self.curriculum = curriculum
        self.index: Index = index(curriculum)
        self.state = state
        self.skills: dict[str, SkillTrace] = state.skills
        self.tracer = tracer
        self._rows: list[list[float]] = []  # what the network is to be asked, and of each answer: its rows, and how they are read
        self._asked: list[tuple[float, float, float, int]] = []
        self._judged_rows: list[list[float]] = []  # the same for answers by which a skill may come to count as learned, or cease to
        self._judged: list[tuple[SkillTrace, float, float, bool, bool, float, bool, int]] = []
        self._in_doubt: set[str] = set()  # the skills of these
        self._standard = exercise("compute", MIDDLING)
        self._problems: dict[str, tuple[Exercise, float, str]] = {}
        self._inner: dict[str, list[tuple[SkillTrace, float]]] = {}
        self._above: dict[str, tuple[int, list[tuple[SkillTrace, float]]]] = {}
        self._day = self._week = 0  # those at hand, in the learner's time, with the hours until now that `put_down` notes
        self._today = self._this_week = self._kept_up = 0.0
        self._fit()

    def _fit(self) -> None:
        parameters = tuple(self.state.parameters)
        self.card_fsrs: Fsrs = scheduler(parameters)
        self.skill_fsrs: Fsrs = scheduler((), False)

    def skill(self, id: str) -> SkillTrace:
        trace = self.skills.get(id)
        if trace is None:
            trace = self.skills[id] = SkillTrace(variance=self.tracer.prior.skill)
        return trace

    def problem(self, id: str) -> tuple[Exercise, float, str]:
        """Of a problem: the exercise, the seconds that it should take, its module."""
        kept = self._problems.get(id)
        if kept is None:
            asked = exercise("compute", self.index.difficulty.get(id, 2.0))
            kept = self._problems[id] = (asked, self.index.minutes.get(id, 3.0) * 60, _module(self, id))
        return kept

    # Mastery

    def answered(
        self,
        skills: Sequence[str],
        right: float,
        weight: float,
        at: int,
        asked: Exercise,
        tempo: float | None,
        help: float,
        guessed: float = 0.0,
        repeats: Repeats | None = None,
    ) -> None:
        """One answer to an exercise on these skills: the prediction is noted to be scored, then everything that it informs moves.

        guessed: how often someone who knows nothing of it would be right. repeats: the answers to this very exercise, where it may come
        again.
        """
        if not skills:
            return
        state = self.state
        if len(skills) == 1:
            moved = [(skills[0], self.skills.get(skills[0]) or self.skill(skills[0]))]
        else:
            moved = [(id, self.skill(id)) for id in dict.fromkeys(skills)]
        if weight >= 0.99 and (state.count < SCORED_ALL or state.count % SCORED_ONE_IN == 0):
            # The prediction is a + b * network for each skill, and the mean of that over the skills.
            stated, around = self.tracer.stated, self.index.prerequisites
            for id, trace in moved:
                terms = stated_terms(stated, trace, prerequisite_level(state, around.get(id, ())), at)
                kept = kept_of_placement(trace)
                self._rows.append(inputs(state, id, trace, asked, repeats))
                self._asked.append((kept * (trace.told + asked[0] - STANDARD) + terms, 1 - kept, right, len(moved)))
            if len(self._rows) >= ASKED_AT_ONCE:
                self.score()
        observe(state, moved, right, weight, at, asked, self.tracer.prior)
        if repeats is not None:
            repeated(state, repeats, right >= 0.5)
        day = self._day
        for _, trace in moved:
            prove(trace, right, weight / len(moved), at, guessed, self.skill_fsrs)
            sat_on(trace.sat, day)
            trace.hints += 0.3 * (help - trace.hints)
            if tempo is not None:
                trace.tempo += 0.3 * (tempo - trace.tempo)
        if right > 0.99 or right < 0.5:
            for id, trace in moved:
                self.judge(id, trace, right > 0.5, at)

    def judge(self, id: str, trace: SkillTrace, right: bool, at: int) -> None:
        """Whether an answer makes this skill count as learned, or takes that back: nothing but evidence on the skill itself does.

        It is gained by a right answer after which a new exercise would be right in MASTERED of all cases, where the answers so far are more
        than luck (SURE, and twice that for what was lost before); where they are as far beyond luck as is counted (PROOF), LOST is enough,
        so that whoever is slow and got there counts as there. Or it is gained by IN_A_ROW of them. A wrong answer takes it back only well
        below that (LOST) and where the skill's own last answers went badly (BADLY), or where its answers are those of somebody who guesses
        (BELIED), so that neither a slip nor a bad evening with other things does. Two things fall sooner, by one wrong answer that leaves
        less than MASTERED: what was gained in this very sitting, and a claim that rests on a placement or on reading alone. `decide` asks
        the network for many answers at once.
        """
        if right:
            if (trace.learned_at and trace.proven and id not in self._in_doubt) or trace.right + trace.wrong < ENOUGH:
                return
            plain = trace.streak >= IN_A_ROW
            bar = 0.0 if plain else LOST if trace.proof >= PROOF else MASTERED
            if not plain and trace.proof < (2 * SURE if trace.lost else SURE):
                return
        else:
            if (not trace.learned_at and id not in self._in_doubt) or self.all_labs(id):
                return
            plain, bar = trace.middle <= BADLY, MASTERED
        belied = trace.proof < BELIED
        state, asked = self.state, self._standard
        kept = kept_of_placement(trace)
        terms = stated_terms(self.tracer.stated, trace, prerequisite_level(state, self.index.prerequisites.get(id, ())), at)
        self._judged_rows.append(inputs(state, id, trace, asked))
        self._judged.append((trace, kept * (trace.told + asked[0] - STANDARD) + terms, 1 - kept, right, plain, bar, belied, at))
        self._in_doubt.add(id)
        if len(self._judged) >= ASKED_AT_ONCE:
            self.decide()

    def decide(self) -> None:
        """Ask the network about the answers that wait to be judged, and judge them in their order."""
        nets = self.tracer.logits(self._judged_rows)
        for (trace, a, b, right, plain, bar, belied, at), net in zip(self._judged, nets, strict=True):
            p = sigmoid(a + b * net)
            if right:
                if p >= bar:
                    trace.learned_at, trace.proven = trace.learned_at or at, True
                    trace.once = trace.once or trace.learned_at
            elif belied or (p < MASTERED and (not trace.proven or at - trace.learned_at < SITTING or (p < LOST and plain))):
                if trace.learned_at and at - trace.learned_at > HELD_LONG:
                    trace.tries, trace.sittings, trace.stuck_at = 0, 1, 0  # practice on it begins anew
                trace.lost += trace.proven
                trace.learned_at, trace.proven = 0, False
        self._judged_rows, self._judged = [], []
        self._in_doubt.clear()

    def claim(self, id: str, trace: SkillTrace, stands: bool, at: int) -> None:
        """A placement, or what was read or taken back as read, on a skill: it is learned by that alone until an answer says otherwise."""
        if id in self._in_doubt:
            self.decide()
        if stands:
            trace.learned_at = trace.learned_at or at
            trace.once = trace.once or trace.learned_at
        elif not trace.proven:
            trace.learned_at = 0

    def all_labs(self, id: str) -> bool:
        """Whether only labs practise this skill and all of them are passed: there is no more to practise it with."""
        labs, own = self.index.by_labs.get(id), self.state.labs
        return bool(labs) and all(lab in own and own[lab].passed_at for lab in labs or ())

    def score(self) -> None:
        """Ask the network what it would have said before each answer, and note how that fared."""
        nets = self.tracer.logits(self._rows)
        table, total, n = self.state.mastery_table, 0.0, 0
        for (a, b, right, of), net in zip(self._asked, nets, strict=True):
            total += a + b * net
            n += 1
            if n == of:
                tally(table, sigmoid(total / n), right)
                total, n = 0.0, 0
        self._rows, self._asked = [], []

    # Memory

    def practised(self, id: str, rating: int, weight: float, at: int) -> None:
        """A skill was used: its memory, and the memories of what it contains; failure raises doubt where it is contained."""
        trace = self.skills.get(id) or self.skill(id)
        fsrs = self.skill_fsrs
        if trace.owed:
            pay(trace, fsrs)
        right = rating > 1
        inner = self.inner(id, right)
        memory = trace.memory
        if memory.phase == 0:
            if right or trace.taught_at:
                fsrs.review(memory, rating, at)
                memory.difficulty = fsrs.first_difficulty[3]
            if right:
                self.credit(inner, weight, at)
            return
        if right and at - memory.last < SITTING:
            # Again within one sitting: a right answer says nothing of memory that the first did not say.
            trace.spread = used(memory, trace.spread, weight, fsrs, at)
            if at - trace.passed_at > SITTING:
                self.credit(inner, weight, at)
            return
        rest, parts = [], [(trace, 1.0)]
        for part in inner:
            below = part[0]
            kept, owed = below.memory, below.owed
            if kept.phase == 0 or (owed and at - below.owed_from < SITTING):
                rest.append(part)
            elif at - kept.last < kept.stability * FRESH:
                rest.append(part)  # surely there: the answer says nothing of it that success does not
            else:
                if owed:
                    pay(below, fsrs)
                parts.append(part)
        (_, share), *inside = answered(fsrs, parts, right, weight, at)
        trace.spread = used(memory, trace.spread, share, fsrs, at)
        if weight >= 0.99 and at > memory.last:
            memory.last = at  # the answer was seen, whatever it was
        if right:
            self.credit(rest, weight, at)
            self.credit(inside, 1.0, at)  # shares are weighted already
            return
        for below, share in inside:
            if share > FAINT:
                self.owe(below, share, at)
        for above, w in self.above(id):
            w *= weight
            above.doubt = 0.8 * above.doubt + w
            spread = above.spread + DOUBT * w
            above.spread = spread if spread < WIDEST else WIDEST

    def inner(self, id: str, right: bool) -> list[tuple[SkillTrace, float]]:
        """The traces of what this skill contains: a right answer meets them all, a wrong one only those that were met before."""
        kept = self._inner.get(id)
        if kept is None:
            contained = self.index.contains.get(id, ())
            if not right:
                return [(trace, w) for name, w in contained if (trace := self.skills.get(name)) is not None]
            kept = self._inner[id] = [(self.skill(name), w) for name, w in contained]
        return kept

    def above(self, id: str) -> list[tuple[SkillTrace, float]]:
        """The traces of what contains this skill; looked up again only when a skill was met for the first time."""
        skills = self.skills
        kept = self._above.get(id)
        if kept is None or kept[0] != len(skills):
            found = [(skills[outer], w) for outer, w in self.index.inside.get(id, ()) if outer in skills]
            kept = self._above[id] = (len(skills), found)
        return kept[1]

    def credit(self, inner: list[tuple[SkillTrace, float]], weight: float, at: int) -> None:
        """Success at something that contains these skills. What one sitting gives to a memory is paid as one."""
        for trace, w in inner:
            w *= weight
            trace.echo += ECHO * w
            doubt = trace.doubt
            if doubt:
                trace.doubt = doubt * (1 - w)
            if trace.memory.phase:
                owed = trace.owed
                if not owed or (owed > SMALL_CHANGE and at - trace.owed_from > SITTING):
                    self.owe(trace, w, at)
                else:
                    trace.owed = owed + w * (1 - owed)
                    trace.owed_at = at

    def owe(self, trace: SkillTrace, weight: float, at: int) -> None:
        owed = trace.owed
        if owed > SMALL_CHANGE and at - trace.owed_from > SITTING:
            pay(trace, self.skill_fsrs)
            owed = 0.0
        if not owed:
            trace.owed_from = at
        trace.owed = owed + weight * (1 - owed)
        trace.owed_at = at

    # Time

    def worked(self, kind: str, hours: float, expected: float = 0.0, module: str = "") -> None:
        """Hours of one kind of work, on a `module` or to keep what was learned; with `expected`, also a measurement of its pace."""
        if not hours > 0:
            return
        self._today += hours
        self._this_week += hours
        pace: Pace | None = self.state.pace.get(kind)
        if pace is None:
            pace = self.state.pace[kind] = Pace()
        pace.hours += hours
        if module:
            spent = self.state.module_hours
            spent[module] = spent.get(module, 0.0) + hours
        elif kind != "project":
            self._kept_up += hours
        if module or kind == "project":
            self.carry(hours)
        if expected > 0.0:
            measured(pace, hours, expected)

    def carry(self, hours: float) -> None:
        """A piece of new work is logged at its end: count its hours to the weeks in which they were worked.

        That is evenly over the days since the piece before it, but over no more of them than KEPT of the hours wished for would need.
        """
        state, day = self.state, self._day
        since = state.piece_day or (state.first_at + state.tz * 60_000) // DAY
        state.piece_day = max(day, state.piece_day)
        days = min(float(day - since), 7 * hours / max(KEPT * state.hours_per_week, LEAST_WISH))
        week, own = self._week, (day + MONDAY) % 7 + 1.0  # days of this week until tonight
        if days <= own:
            return
        share = hours / days
        carried = state.carried
        carried[week] = carried.get(week, 0.0) - share * (days - own)
        days -= own
        while days > 0:
            week -= 1
            part = min(days, 7.0)
            carried[week] = carried.get(week, 0.0) + share * part
            days -= part

    def turn(self, at: int, tz: int) -> tuple[int, int]:
        """Go on to the work of another day, the learner's own: returns the moments when it began and ended."""
        self.put_down()
        state, shift = self.state, tz * 60_000
        day = self._day = (at + shift) // DAY
        week = self._week = (day + MONDAY) // 7
        self._today, self._this_week, self._kept_up = state.days.get(day, 0.0), state.weeks.get(week, 0.0), state.upkeep.get(week, 0.0)
        midnight = day * DAY - shift
        return midnight, midnight + DAY

    def put_down(self) -> None:
        """Note the hours of the day at hand."""
        state, day, week = self.state, self._day, self._week
        if self._this_week:
            state.weeks[week] = self._this_week
        if self._kept_up:
            state.upkeep[week] = self._kept_up
        if self._today:
            days = state.days
            days[day] = self._today
            if len(days) > KEPT_DAYS:
                del days[min(days)]

    def taught(self, skills: Iterable[str], at: int) -> None:
        """A lesson or a chapter on these skills was read: they begin to fade from today, or fade anew."""
        for id in skills:
            trace = self.skill(id)
            if trace.owed:
                pay(trace, self.skill_fsrs)
            if trace.memory.phase == 0:
                self.skill_fsrs.review(trace.memory, 3, at)
            else:
                self.skill_fsrs.credit(trace.memory, READING, at)
            if not trace.taught_at:
                trace.taught_at = at
                _begin(trace, at)
                if trace.told < STANDARD:
                    trace.told_worth = 0.0  # a placement that found it missing spoke of the time before the lesson
            if trace.proof < 0:
                trace.proof = 0.0  # what was answered before it was explained again says nothing of now
            if trace.streak < 0:
                trace.streak = 0  # it was explained again: two failures before that no longer call for it
            self.read(id, trace, at)

    def read(self, id: str, trace: SkillTrace, at: int) -> None:
        """Something on this skill was read, or another book was chosen: what nothing practises is learned once it is read through."""
        if trace.right + trace.wrong < ENOUGH and read_through(self.curriculum, self.state, id):
            self.claim(id, trace, True, at)

    def did(self, target: str) -> None:
        """What was chosen for this evening is done, or its time for tonight is over."""
        if target in self.state.anyway:
            self.state.anyway.remove(target)


def prove(trace: SkillTrace, right: float, weight: float, at: int, guessed: float, fsrs: Fsrs) -> None:
    """What one answer says for or against having the skill, beside half having it and guessing the rest (Wald's ratio).

    Who has it slips, or does not recall it today; who half has it is right in HALF of all cases, and else guesses.
    """
    half = HALF + (1 - HALF) * guessed
    if right >= 0.5:
        had = 1 - SLIP * (1 - guessed)
        said = math.log(had / half)
    else:
        recalled = fsrs.retrievability(trace.memory, at) if trace.memory.phase else 1.0
        had = 1 - (1 - SLIP) * recalled
        said = math.log(had / (1 - half)) if had < 1 - half else 0.0
    proof = trace.proof + weight * said
    trace.proof = PROOF if proof > PROOF else LEAST_PROOF if proof < LEAST_PROOF else proof


def measured(pace: Pace, hours: float, expected: float) -> None:
    """A finished piece of work, and what the curriculum expected of it: at most twelve times more or less is believed."""
    pace.times += 1
    pace.expected += expected
    if hours > 12 * expected:
        hours = 12 * expected
    elif 12 * hours < expected:
        hours = expected / 12
    pace.taken += hours


def pay(trace: SkillTrace, fsrs: Fsrs) -> None:
    """Pay the credit that is owed into the memory."""
    trace.spread = paid(trace.memory, trace.spread, trace.owed, fsrs, trace.owed_at)
    trace.owed = 0.0


def tally(table: Table, p: float, right: float) -> None:
    """Score a prediction."""
    at = int(p * BINS)
    if at >= BINS:
        at = BINS - 1
    table.count[at] += 1
    table.predicted[at] += p
    table.came[at] += right
    off = right - p
    table.squared += off * off
    if p < 1e-6:
        p = 1e-6
    elif p > 1 - 1e-6:
        p = 1 - 1e-6
    if right == 1.0:
        table.loss -= math.log(p)
    elif right == 0.0:
        table.loss -= math.log(1 - p)
    else:
        table.loss -= right * math.log(p) + (1 - right) * math.log(1 - p)


def _module(f: Folder, id: str) -> str:
    """The module in the id of what belongs to one; empty for anything else."""
    module = id.partition("/")[0]
    return module if module in f.index.module_skills else ""


# One function for each kind of event


def _enrolled(f: Folder, at: int, d: e.Enrolled) -> None:
    state = f.state
    state.enrolled_at = state.enrolled_at or at
    state.hours_per_week = d.hours_per_week
    state.deadline = d.deadline or ""
    for module, answer in d.background.items():
        state.background[module] = answer
        if answer <= 0:
            continue
        p, variance = SELF_REPORT[min(answer, 3)]
        for id in f.index.module_skills.get(module, ()):
            trace = f.skill(id)
            if not trace.answered_at and not trace.placed_by_test:
                _place(f, id, trace, p, variance, at, tested=False)


def _place(f: Folder, id: str, trace: SkillTrace, p: float, variance: float, at: int, tested: bool) -> None:
    """Believe a probability from placement: it stands for a standard exercise, until answers say otherwise."""
    trace.told_worth, trace.told_after = AS_GOOD_AS[tested], trace.right + trace.wrong
    around = prerequisite_level(f.state, f.index.prerequisites.get(id, ()))
    trace.told = logit(min(max(p, 0.03), 0.97)) - stated_terms(f.tracer.stated, trace, around, at)
    trace.variance = variance
    trace.placed, trace.placed_by_test = p, tested
    f.claim(id, trace, placed_well(trace), at)
    if p >= 0.75 and trace.memory.phase == 0:
        # What was learned before this journal began has lasted already: it is due for a check in some weeks, not tomorrow.
        trace.memory = Trace(REVIEW, 0, 60.0 if tested else 21.0, 5.0, at, 0, 1, 0)


def _goals(f: Folder, at: int, d: e.GoalsChanged) -> None:
    state = f.state
    if d.hours_per_week is not None:
        state.hours_per_week = d.hours_per_week
    if d.deadline is not None:
        state.deadline = d.deadline
    if d.minutes_per_day is not None:
        state.minutes_per_day = d.minutes_per_day
    if d.books is not None:
        state.books = {**state.books, **d.books}
        for id, trace in state.skills.items():
            f.read(id, trace, at)
    if d.skipped is not None:
        state.skipped = sorted(set(d.skipped))
    if d.retention is not None:
        state.retention = min(max(d.retention, 0.7), 0.97)


def _placed(f: Folder, at: int, d: e.Placed) -> None:
    tested = d.by == "test"
    skills = d.skills
    if not tested or d.questions:  # an exam names what it asked about, and no more
        # Before a skill was divided, a placement that named it spoke of all its parts.
        skills = {**{part: skills[whole] for part, whole in f.index.divided.items() if whole in skills}, **skills}
    for id, p in skills.items():
        trace = f.skill(id)
        if tested or not trace.placed_by_test:
            _place(f, id, trace, p, 0.5 if tested else 1.5, at, tested)
    f.state.placed_questions += d.questions


def _item(f: Folder, at: int, d: e.ItemAnswered) -> None:
    item = f.state.items.get(d.item)
    if item is None:
        item = f.state.items[d.item] = Repeats()
    tempo = math.log(min(max(d.seconds, 1.0), 600.0) / EXPECTED_ITEM)
    guessed = f.index.guessed.get(d.item, 0.25)
    f.answered(d.skills, float(d.right), 1.0, at, exercise(d.item_kind, d.difficulty), tempo, 0.0, guessed, item)
    for id in d.skills:
        f.practised(id, 3 if d.right else 1, 0.6, at)
        _marked(f.skill(id), d.right, d.misconception, at)
        if d.setting not in FINDING_OUT:
            _begin(f.skill(id), at)
    f.worked("item", min(d.seconds, 600.0) / 3600, EXPECTED_ITEM / 3600)


def _begin(trace: SkillTrace, at: int) -> None:
    trace.begun_at = trace.begun_at or at


def _marked(trace: SkillTrace, right: bool, misconception: str | None, at: int) -> None:
    if right:
        if trace.misconception:
            trace.misconception = ""
        if at > trace.passed_at:
            trace.passed_at = at
    elif misconception:
        trace.misconception = misconception


def _problem(f: Folder, at: int, d: e.ProblemAnswered) -> None:
    state, right, seconds, first = f.state, d.right, d.seconds, d.attempt <= 1
    problem: ProblemTrace | None = state.problems.get(d.problem)
    if problem is None:
        problem = state.problems[d.problem] = ProblemTrace()
    if problem.seed != d.seed:
        problem.seed = d.seed
        problem.repeats.answers = 0
    helped = d.solution_shown
    alone = right and not helped
    problem.answered += 1
    sat_on(problem.sat, f._day)
    problem.last_at = at
    if state.anyway:
        f.did(d.problem)
    if alone:
        problem.right += 1
    weight = AFTER_SOLUTION if helped else SECOND_TRY if not first else WITH_EXAMPLE if d.example else 1.0
    asked, expected, module = f.problem(d.problem)
    tempo = math.log((1.0 if seconds < 1.0 else seconds if seconds < 3600.0 else 3600.0) / expected) if first else None
    f.answered(d.skills, float(right), weight, at, asked, tempo, 1.0 if helped else 0.0, FORMULA_GUESSED, problem.repeats)
    if first or right:
        rating = 1 if not right else 3 if first and not helped else 2
        for id in d.skills:
            f.practised(id, rating, weight, at)
            _marked(f.skills[id], alone, d.misconception, at)
    for id in d.skills:
        if not f.skills[id].begun_at:
            _begin(f.skills[id], at)
    hours = seconds / 3600
    f.worked("problem", hours if hours < LONGEST_SITTING else LONGEST_SITTING, expected / 3600 if first else 0.0, module)


def _card(f: Folder, at: int, d: e.CardReviewed) -> None:
    state, rating, seconds = f.state, d.rating, d.seconds
    trace: Trace | None = state.cards.get(d.card)
    if trace is None or d.anew:
        trace = state.cards[d.card] = Trace()
        if f._day != state.introduced_day:
            state.introduced, state.introduced_day = 0, f._day
        state.introduced += 1
    recall = f.card_fsrs.review(trace, rating, at)
    if recall >= 0.0:
        state.recalls += 1
        if state.recalls <= SCORED_ALL or state.recalls % SCORED_ONE_IN == 0:
            tally(state.memory_table, recall, 1.0 if rating > 1 else 0.0)
    skill = f.skills.get(d.skill)
    if skill is not None and skill.memory.phase:
        if rating > 1:
            f.owe(skill, CARD_FOR_SKILL, at)
        else:
            f.skill_fsrs.doubt(skill.memory, CARD_FOR_SKILL)
    f.worked("card", (seconds if seconds < 300.0 else 300.0) / 3600, EXPECTED_CARD / 3600)


def _suspended(f: Folder, at: int, d: e.CardSuspended) -> None:
    if d.on:
        f.state.suspended.setdefault(d.card, at)
    else:
        f.state.suspended.pop(d.card, None)


def _lab_trace(f: Folder, lab: str) -> LabTrace:
    trace = f.state.labs.get(lab)
    if trace is None:
        trace = f.state.labs[lab] = LabTrace()
    return trace


def _lab(f: Folder, at: int, d: e.LabSubmitted) -> None:
    """Failing while working on a lab is how labs are worked on: only the first failure of a sitting counts, and only in part."""
    lab = _lab_trace(f, d.lab)
    first_of_sitting = at - lab.tried_at > 6 * HOUR
    before = lab.passed_at
    share = min(max(d.checks_passed / d.checks_total, 0.0), 1.0) if d.checks_total > 0 else 0.0
    lab.tries += 1
    sat_on(lab.sat, f._day)
    lab.tried_at = max(lab.tried_at, at)
    lab.since_best = 0 if d.passed or share > lab.best else lab.since_best + 1
    lab.best = max(lab.best, share)
    asked = exercise("code", f.index.difficulty.get(d.lab, 2.0))
    for id in d.skills:
        _begin(f.skill(id), at)
    if d.passed:
        f.did(d.lab)
        lab.passed_at = max(lab.passed_at, at)
        if not before or at - before > DAY:
            weight = AFTER_SOLUTION if lab.solution else max(0.4, 1.0 - PER_HINT * lab.hints)
            f.answered(d.skills, 1.0, weight, at, asked, None, min(1.0, lab.hints / 3))
            for id in d.skills:
                f.practised(id, 3 if weight >= 0.6 else 2, weight, at)
                _marked(f.skill(id), True, None, at)
                if f.all_labs(id):
                    f.claim(id, f.skill(id), True, at)
                    f.skill(id).proven = True
            f.credit([(f.skill(id), w) for id, w in f.index.lab_contains.get(d.lab, ())], weight, at)
    elif first_of_sitting and not before:
        f.answered(d.skills, share, LAB_LEFT_FAILING, at, asked, None, 0.0)
    hours = min(d.seconds / 3600, LONGEST_SITTING)
    f.worked("lab", hours, module=_module(f, d.lab))
    if not before:
        lab.hours += max(hours, 0.0)
        expected = f.index.minutes.get(d.lab, 0.0) / 60
        if d.passed and expected and lab.hours > 0:
            measured(f.state.pace["lab"], lab.hours, expected)


def _hint(f: Folder, at: int, d: e.HintTaken) -> None:
    lab = _lab_trace(f, d.lab)
    if not lab.passed_at:
        lab.hints = max(lab.hints, d.number)


def _solution(f: Folder, at: int, d: e.SolutionSeen) -> None:
    if d.target in f.curriculum.labs or d.target in f.state.labs:
        lab = _lab_trace(f, d.target)
        if not d.after_pass and not lab.passed_at:
            lab.solution = True


def _lesson_opened(f: Folder, at: int, d: e.LessonOpened) -> None:
    f.state.opened[d.lesson] = at


def _lesson(f: Folder, at: int, d: e.LessonFinished) -> None:
    first = d.lesson not in f.state.lessons
    f.did(d.lesson)
    f.state.lessons[d.lesson] = at
    if not first:
        f.state.reread[d.lesson] = f.state.reread.get(d.lesson, 0) + 1
    f.taught(f.index.lesson_skills.get(d.lesson, ()), at)
    expected = f.index.minutes.get(d.lesson, 0.0) / 60
    f.worked("lesson", min(d.seconds / 3600, LONGEST_SITTING), expected if first else 0.0, _module(f, d.lesson))


def _checked(f: Folder, at: int, d: e.Checked) -> None:
    weight = AFTER_SOLUTION if d.solution_shown else 1.0 if d.attempt <= 1 else SECOND_TRY
    _in_text(f, d.skills, 1.0 if d.right else 0.0, IN_TEXT * weight, at)
    for id in d.skills:
        if d.right:
            f.skill(id).misconception = ""
        elif d.misconception:
            f.skill(id).misconception = d.misconception


def _faded(f: Folder, at: int, d: e.Faded) -> None:
    weight = AFTER_SOLUTION if d.hints > 2 else 1.0 - PER_HINT * d.hints
    _in_text(f, d.skills, 1.0, IN_TEXT * weight, at)
    for id in d.skills:
        f.skill(id).filled_at = at


def _answer_marked(f: Folder, at: int, d: e.AnswerMarked) -> None:
    if d.mark:
        _in_text(f, d.skills, 1.0 if d.mark == "right" else 0.5 if d.mark == "partly" else 0.0, IN_TEXT, at)


def _in_text(f: Folder, skills: Sequence[str], right: float, weight: float, at: int) -> None:
    """A question asked where it was just explained is no exercise: it says as much of mastery as a part of something larger does, and of
    memory what a look on the same day does. A miss takes nothing from memory (it is how one reads), and none begins before its lesson."""
    for id in dict.fromkeys(skills):
        trace = f.skill(id)
        _begin(trace, at)
        well, badly = weight * right, weight * (1 - right)
        if well:
            trace.echo += well
            trace.doubt *= 1 - well
            if trace.memory.phase:
                f.owe(trace, well, at)
        if badly:
            trace.doubt = 0.8 * trace.doubt + badly


def _chapter(f: Folder, at: int, d: e.ChapterRead) -> None:
    key = f"{d.resource}#{d.chapter}"
    if not d.done:
        f.state.reached.pop(key, None)
        if f.state.chapters.pop(key, None):
            f.state.reread.pop(key, None)
            for id in f.index.chapter_skills.get(key, ()):
                trace = f.skills.get(id)
                if trace is not None and not placed_well(trace) and not f.index.practised.get(id, True):
                    f.claim(id, trace, read_through(f.curriculum, f.state, id), at)
        return
    f.did(key)
    read = f.state.chapters.get(key)
    first = read is None
    if read is not None:
        if not d.again and at - read < SITTING:
            return  # ticked twice, in two faces: read once
        f.state.reread[key] = f.state.reread.get(key, 0) + 1
    f.state.chapters[key] = at
    rest = 1 - f.state.reached.pop(key, 0.0)
    f.taught(f.index.chapter_skills.get(key, ()), at)
    f.worked("chapter", min(d.hours, 60.0), f.index.chapter_hours.get(key, 0.0) * rest if first else 0.0, _module(f, d.resource))


def _stopped(f: Folder, at: int, d: e.ChapterStopped) -> None:
    """A part of a chapter was read: nothing is taught yet, and the hours are the chapter's."""
    key, expected = f"{d.resource}#{d.chapter}", 0.0
    f.did(key)
    if key not in f.state.chapters:
        expected = f.index.chapter_hours.get(key, 0.0) * max(d.share - f.state.reached.get(key, 0.0), 0.0)
        f.state.reached[key] = min(max(d.share, 0.0), 1.0)
    f.worked("chapter", min(d.hours, 60.0), expected, _module(f, d.resource))


def _project(f: Folder, at: int, d: e.ProjectEntry) -> None:
    project = f.state.projects.get(d.project)
    if project is None:
        project = f.state.projects[d.project] = ProjectTrace()
    if d.milestone is not None and d.milestone not in project.milestones and d.done:
        project.milestones = sorted([*project.milestones, d.milestone])
    elif d.done and d.milestone is None:
        project.done_at = project.done_at or at
        known = f.curriculum.projects.get(d.project)
        for id in known.skills if known else ():
            f.practised(id, 3, 1.0, at)
    f.did(d.project)
    project.hours += d.hours
    project.last_at = at
    f.worked("project", d.hours)


def _chosen(f: Folder, at: int, d: e.Chosen) -> None:
    state, day = f.state, f._day
    if day != state.chosen_day:
        if day < state.chosen_day:
            return  # from another machine, and over
        state.chosen_day, state.anyway, state.put_off = day, [], []
    targets = list(dict.fromkeys(d.targets))
    state.anyway = [id for id in state.anyway if id not in targets]
    state.put_off = [id for id in state.put_off if id not in targets]
    if d.wish == "now":
        state.anyway = [*targets, *state.anyway][:MOST_CHOSEN]
    elif d.wish == "not-tonight":
        state.put_off = [*state.put_off, *targets][-MOST_PUT_OFF:]


def _time(f: Folder, at: int, d: e.TimeLogged) -> None:
    f.worked("elsewhere", min(d.hours, 60.0), module=_module(f, d.target or ""))


def _run(f: Folder, at: int, d: e.RunFinished) -> None:
    """The machine's time, a note, a file that was read: nothing is concluded from it."""


def _forecast(f: Folder, at: int, d: e.ForecastMade) -> None:
    f.state.forecasts.append(Foretold(at, dict(d.finish), dict(d.stages), d.done, dict(d.ahead)))


def _fitted(f: Folder, at: int, d: e.MemoryFitted) -> None:
    f.state.parameters = list(d.parameters)
    f._fit()


_HANDLERS: dict[type, Callable[[Folder, int, Any], None]] = {
    e.Enrolled: _enrolled,
    e.GoalsChanged: _goals,
    e.Placed: _placed,
    e.ItemAnswered: _item,
    e.ProblemAnswered: _problem,
    e.CardReviewed: _card,
    e.CardEdited: _run,
    e.CardSuspended: _suspended,
    e.LabSubmitted: _lab,
    e.HintTaken: _hint,
    e.SolutionSeen: _solution,
    e.LessonOpened: _lesson_opened,
    e.LessonFinished: _lesson,
    e.Checked: _checked,
    e.Faded: _faded,
    e.AnswerMarked: _answer_marked,
    e.PassageMarked: _run,
    e.ChapterRead: _chapter,
    e.ChapterStopped: _stopped,
    e.ProjectEntry: _project,
    e.Chosen: _chosen,
    e.TimeLogged: _time,
    e.RunFinished: _run,
    e.CompetitionEntry: _run,
    e.CompetitionClosed: _run,
    e.NoteWritten: _run,
    e.ForecastMade: _forecast,
    e.MemoryFitted: _fitted,
    e.ReviewsImported: _run,
    e.ImportUndone: _run,  # whoever reads the journal passes over what it names
}


def fold(
    curriculum: Curriculum,
    events: Iterable[e.Event | tuple[int, e.Event]],
    state: State | None = None,
    tracer: Tracer | None = None,
) -> State:
    """The state after these events, going on from `state` (which is left as it was). Takes `Journal.events()` as it is."""
    folder = Folder(curriculum, State() if state is None else state.copy(), tracer or default_tracer())
    result, handlers = folder.state, _HANDLERS
    count, last, tz = 0, result.last_at, result.tz
    midnight = next_midnight = there = 0
    for event in _bare(events):
        data, at = event.data, event.at
        if not midnight <= at < next_midnight or event.tz != there:
            there = event.tz
            midnight, next_midnight = folder.turn(at, there)
            result.first_at = result.first_at or at
        handlers[type(data)](folder, at, data)
        count += 1
        if at > last:
            result.last_at = last = at
            tz = there
    folder.put_down()
    folder.score()
    folder.decide()
    result.events += count
    result.tz = tz
    return result


def _bare(events: Iterable[e.Event | tuple[int, e.Event]]) -> Iterator[e.Event]:
    """The events without their numbers."""
    rest: Iterator[Any] = iter(events)
    for first in rest:
        rest = chain([first], rest)
        return map(itemgetter(1), rest) if isinstance(first, tuple) else rest
    return rest
