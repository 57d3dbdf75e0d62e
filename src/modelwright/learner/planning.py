"""What next, and why: an evening built for the minutes at hand, and an answer to "why not something else?".

The order of things is decided by the table below and nothing else; each suggestion carries the sentence that explains it. The shape of an
evening is always the same: first what is fading, what tonight rests on before the rest; then one new thing, carried from the
lesson over problems to code as far as the minutes go; something finished at the end. Interleaving and spacing as in Rohrer (2012) and
Cepeda et al. (2006); reviews chosen so that one task refreshes several skills as in Skycak, The Math Academy Way (2024).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from modelwright.curriculum.models import Chapter, Resource
from modelwright.learner import reasons
from modelwright.learner import wording as say
from modelwright.learner.beliefs import (
    FADED,
    MASTERED,
    DueCard,
    chosen_book,
    due_cards,
    learned,
    lessons_left,
    mastery,
    memory,
    missing,
    needed_first,
    placed_well,
    reading_left,
)
from modelwright.learner.errors import LearnerError
from modelwright.learner.exams import check_length
from modelwright.learner.fsrs import DAY
from modelwright.learner.index import books, index
from modelwright.learner.state import State
from modelwright.learner.traces import SkillTrace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from modelwright.curriculum import Curriculum
    from modelwright.curriculum.models import Lab, Lesson, Problem

StepKind = Literal["review", "lesson", "problem", "lab", "chapter", "check", "project", "exam", "rest"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: a reason to do something, and how much it weighs against the others."""

    name: str
    weight: float
    when: str


# The whole of what decides between things to do. A heavier line wins the evening; minutes decide how many fit.
TABLE = (
    Row("step back", 100, "two failures in a row on a skill: the weakest thing it rests on comes first, or its own lesson again"),
    Row("unfinished lab", 60, "a lab that was begun within the last month and has not passed"),
    Row(
        "practice",
        50,
        "a skill that was taught and is not mastered; where most answers are right, after a rest that grows with each sitting",
    ),
    Row("lab", 45, "a lab whose skills have all been taught and tried"),
    Row("new skill", 40, "the first skill of the plan whose prerequisites are mastered"),
    Row("project", 35, "a project of this stage whose skills are all mastered"),
    Row("verify", 30, "a skill, or a lab, that is known from placement alone: once, gently, after new things"),
    Row("second strand", 20, "the first open skill of another module, when minutes are left: the evenings interleave"),
    Row("reading", 10, "a chapter on what was taught, in the chosen book"),
    Row("stretch", 5, "the hardest lab that is open and not passed, for those who are ahead of the plan"),
    Row("make sure", 3, "a skill that counts as mastered on few answers, or on lucky ones: a look at it, when minutes are left"),
    Row("sooner", 1, "a skill whose practice rests, when minutes are left and nothing else is open"),
)
WEIGHT = {row.name: row.weight for row in TABLE}
REVIEW_SHARE = 0.25  # of an evening's minutes, for cards
REFRESH_SHARE = 0.25  # for skills that fade
PRESSED_SHARE = 0.12  # for those, when the deadline asks for more hours a week than the learner has
MINUTES_A_CARD = 0.4
REWRITE = 0.5  # of a lab's minutes, to write it again
PROBLEMS = 3  # of a kind, in a row
BELOW = "tonight's new skill rests on it"  # the reason of what is refreshed first, which the evening's promise speaks of
MOSTLY = 0.7  # of the answers right, from which more of the same helps little …
SITTINGS = 3  # … so many of these later: each sitting from then on adds a day of rest before the next …
LONGEST_REST = 7  # … up to so many
FLYING = (12, 0.75)  # answers, and the running mean from which the harder of two is offered …
LATELY = 21 * DAY  # … while the last of them is no older
SHORTEST = 4.0  # minutes worth beginning something new
A_SITTING = 12.0  # minutes worth beginning what will not be finished
PROJECT_SITTING = 90.0
LOOK_AGAIN = 10.0  # minutes with a chapter that was read before, at the least; so many more for every so many wrong answers
WRONG_A_LOOK = 4
FEW = 5  # answers, from which a skill's standing rests on more than luck
WORTHWHILE = 0.3  # of something that is due, for a task to be chosen for it
HELD = 0.5  # of a skill, by tonight's new one, for it to wait
PILE = 4  # skills that wait, from which the plan says how they come back
AN_EXAM = 10  # questions
MINUTES_A_QUESTION = 1.0
ASKED = 0.6  # of a review, by a question or another look


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. target: an id; `<resource>#<number>` for a chapter; "" for cards. reason: one sentence for a person."""

    kind: StepKind
    target: str
    title: str
    minutes: float
    reason: str
    skills: tuple[str, ...] = ()
    partial: bool = False  # it is begun tonight and finished another day


@dataclass(frozen=True, slots=True)
class Session:
    """title: what one will have at the end. promise: how the evening ends and what comes first, in a sentence or two."""

    title: str
    promise: str
    steps: tuple[Step, ...]


def urgency(recall: float, wish: float) -> float:
    """How far a memory has gone on its way to a review, squared: 1 when it is due. What is nearly due counts for nearly as much."""
    return min((1 - recall) / (1 - wish), 1.5) ** 2


def regained(holds: Iterable[tuple[str, float]], urgent: Mapping[str, float]) -> float:
    """What a task is worth as a review: one on a whole refreshes its parts, due or soon due, each by how much the task holds of it."""
    return sum(urgent.get(skill, 0.0) * held for skill, held in holds)


def comes_anyway(new: Mapping[str, float], skill: str, recall: float) -> bool:
    """Whether a review can wait for new work that holds this much of each skill, since the memory is not fading yet."""
    return recall >= FADED and new.get(skill, 0.0) >= HELD


def target_and_name(resource: Resource, chapter: Chapter) -> tuple[str, str]:
    """A chapter's target, and its name for a person."""
    return f"{resource.id}#{chapter.number}", f"{resource.title}, chapter {chapter.number}: {chapter.title}"


def session(curriculum: Curriculum, state: State, now: int, minutes: float) -> Session:
    """An evening of about this many minutes."""
    return Planner(curriculum, state, now).session(minutes)


def next_step(curriculum: Curriculum, state: State, now: int, minutes: float | None = None) -> Step:
    """The first thing of this evening."""
    return session(curriculum, state, now, minutes or state.minutes_per_day).steps[0]


def why_not(curriculum: Curriculum, state: State, now: int, target: str) -> str:
    """Why this is not what the plan says to do now, for the id of anything. Raises LearnerError for an unknown one."""
    return Planner(curriculum, state, now).why_not(target)


class Planner:
    """One evening's question, with what was worked out for it. `taught` grows as the evening is planned."""

    def __init__(self, curriculum: Curriculum, state: State, now: int) -> None:
        self.c, self.state, self.now = curriculum, state, now
        self.ix = index(curriculum)
        self.fresh: set[str] = set()  # skills that a step of tonight teaches
        self.asked: set[str] = set()  # skills that tonight's questions on one chapter ask about, and so not those on another
        self.waiting = 0  # skills that are due and are not brought back tonight
        self._learned: dict[str, bool] = {}

    # What is known, remembered within one question

    def learned(self, skill: str) -> bool:
        known = self._learned.get(skill)
        if known is None:
            known = self._learned[skill] = learned(self.c, self.state, skill)
        return known

    def trace(self, skill: str) -> SkillTrace | None:
        return self.state.skills.get(skill)

    def taught(self, skill: str) -> bool:
        trace = self.trace(skill)
        return skill in self.fresh or self.learned(skill) or (trace is not None and trace.taught_at > 0 and not self.lessons_left(skill))

    def lessons_left(self, skill: str) -> list[str]:
        return lessons_left(self.c, self.state, skill)

    def skipped(self, skill: str) -> bool:
        return self.c.skills[skill].left_out(self.state.skipped)

    def open(self, skill: str) -> bool:
        """Not learned, not skipped, and everything that it rests on is learned."""
        return (
            not self.learned(skill)
            and not self.skipped(skill)
            and all(self.learned(p) or self.skipped(p) for p in self.ix.prerequisites[skill])
        )

    def p(self, skill: str) -> float:
        return mastery(self.c, self.state, skill, self.now).p

    def ago(self, at: int) -> str:
        return say.ago(at, self.now, self.state.tz)

    def title(self, skill: str) -> str:
        return self.c.skills[skill].title

    @cached_property
    def frontier(self) -> list[str]:
        """Open skills in the plan's order."""
        return [s for s in self.c.order if self.open(s)]

    @cached_property
    def focus(self) -> str | None:
        return self.frontier[0] if self.frontier else None

    @cached_property
    def below(self) -> set[str]:
        """Everything that the focus rests on."""
        found: set[str] = set()
        stack = [self.focus] if self.focus else []
        while stack:
            for p in self.ix.prerequisites[stack.pop()]:
                if p not in found:
                    found.add(p)
                    stack.append(p)
        return found

    @property
    def flies(self) -> bool:
        if self.state.answers < FLYING[0] or min(self.state.fast, self.state.slow) <= FLYING[1]:
            return False
        return self.now - max(trace.answered_at for trace in self.state.skills.values()) < LATELY

    @cached_property
    def pressed(self) -> bool:
        """Whether the deadline asks for clearly more hours a week than the learner has."""
        left = self.days_to_deadline
        if left is None:
            return False
        hours = sum(0.5 * (m.hours.low + m.hours.high) * self.share_left(m.id) for m in self.c.modules.values())
        return hours / max(left / 7, 0.5) > 1.15 * max(self.state.hours_per_week, 0.5)

    @cached_property
    def days_to_deadline(self) -> float | None:
        if not self.state.deadline:
            return None
        try:
            end = (dt.datetime.fromisoformat(self.state.deadline[:10]) - dt.datetime(1970, 1, 1)).total_seconds() * 1000
        except ValueError:
            return None
        return (end - self.now) / DAY

    def share_left(self, module: str) -> float:
        skills = self.ix.module_skills[module]
        hours = {s: self.c.skills[s].hours for s in skills}
        left = [hours[s] for s in skills if not self.skipped(s) and not self.learned(s)]
        return sum(left) / sum(hours.values()) if left else 0.0

    # The parts of an evening

    def session(self, minutes: float) -> Session:
        minutes = max(5.0, minutes)
        left = minutes
        reviews, spread = self.cards(minutes)
        if reviews:
            left -= reviews.minutes
        back = self.step_back(left)
        left -= sum(step.minutes for step in back)
        refresh = self.refresh(min(left, minutes * (PRESSED_SHARE if self.pressed else REFRESH_SHARE)), {s.target for s in back})
        left -= sum(step.minutes for step in refresh)
        done = {step.target for step in (*back, *refresh)}
        main = self.main(left, done, closing=reviews is None)
        left -= sum(step.minutes for step in main)
        if self.waiting and left >= SHORTEST and not (main and main[-1].partial):
            # Minutes are left, and more would fade: they are better spent on that than on nothing.
            main = [*self.refresh(left, done | {step.target for step in main}), *main]
        first = [reviews] if reviews else []
        steps = [*first, *refresh, *back, *main]
        if steps and steps[-1].partial and first:
            # Something finished at the end: the cards move behind what stays open.
            steps = [*steps[1:], replace(reviews, reason="To end on something finished: " + _lower(reviews.reason))] if reviews else steps
        if not steps:
            steps = [self.rest()]
        return Session(self.headline(steps), self.promise(steps, spread), tuple(steps))

    def cards(self, minutes: float) -> tuple[Step | None, str]:
        """Tonight's share of the due cards, and a sentence where a backlog is spread over days."""
        due = due_cards(self.c, self.state, self.now)
        old = [d for d in due if not d.new]
        new = [d for d in due if d.new]
        room = max(3, int(minutes * REVIEW_SHARE / MINUTES_A_CARD))
        tonight: list[DueCard] = old[:room]
        fresh = new[: max(0, min(room - len(tonight), 8))]
        tonight += fresh
        if not tonight:
            return None, ""
        n = len(tonight)
        skills = tuple(dict.fromkeys(self.c.cards[d.card].skill for d in tonight))
        spread = ""
        if len(old) > 1.5 * room:
            evenings = -(-len(old) // room)
            away = say.days_between(self.state.last_at, self.now, self.state.tz)
            after = f" after {away} days away" if away >= 4 else ""
            spread = (
                f"{say.capital(say.count(len(old), 'card'))} wait{after}: {say.number(n)} of them tonight and about as many on each of "
                f"the next {say.count(evenings - 1, 'evening')}, the ones you can still save first."
            )
        if len(old) == 0:
            reason = f"New questions on {self.titles(skills)}, to keep what you read."
        elif spread:
            reason = f"{say.capital(say.number(n))} of {len(old)}: those that you would still recall come first, the rest waits its turn."
        else:
            weakest = min((d for d in tonight if not d.new), key=lambda d: d.retrievability)
            chance = say.often(weakest.retrievability)
            reason = f"They are due; the weakest of them you would recall {chance} today."
            if len(skills) < n and len(skills) > 1:
                reason = f"They keep {say.count(len(skills), 'skill')}; the weakest card you would recall {chance} today."
        title = f"{say.capital(say.count(n, 'card'))}"
        return Step("review", "", title, round(max(1.0, n * MINUTES_A_CARD), 1), reason, skills), spread

    def titles(self, skills: tuple[str, ...] | list[str], most: int = 2) -> str:
        names = [_lower(self.title(s)) for s in skills]
        return say.listed(names[:most]) if len(names) <= most else f"{', '.join(names[:most])} and {say.number(len(names) - most)} more"

    def step_back(self, left: float) -> list[Step]:
        """After two failures in a row: the weakest thing that the skill rests on, or the skill's own lesson again."""
        struggling = [
            (trace.answered_at, s)
            for s, trace in self.state.skills.items()
            if trace.streak <= -2 and s in self.c.skills and not self.skipped(s) and self.now - trace.answered_at < 21 * DAY
        ]
        if not struggling or left < SHORTEST:
            return []
        _, skill = max(struggling)
        trace = self.state.skills[skill]
        below = [p for p in self.ix.prerequisites[skill] if not self.skipped(p)]
        weakest = min(below, key=self.p, default=None)
        times = say.number(-trace.streak)
        wrong = f"The last {times} answers on {_lower(self.title(skill))} went wrong"
        if weakest is not None and self.p(weakest) < max(MASTERED, self.p(skill)):
            reason = reasons.rests_on(wrong, self.trace(weakest), self.p(weakest))
            step = self.practise(weakest, left, reason) or self.reread(weakest, left, reason)
            if step:
                return [step]
        slip = f"; it looks as if {_lower(trace.misconception)}" if " " in trace.misconception else ""
        step = self.reread(skill, left, f"{wrong}{slip}, and what comes before it is sound, so once more from the page.")
        return [step] if step else []

    def reread(self, skill: str, left: float, reason: str) -> Step | None:
        for id in self.c.teaching(skill, "lesson"):
            lesson = self.c.lessons[id]
            if lesson.minutes <= left + 2:
                return Step("lesson", id, f"Once more: {lesson.title}", float(lesson.minutes), reason, lesson.skills)
        return None

    def practise(self, skill: str, left: float, reason: str) -> Step | None:
        """A few problems on one skill: the kind that suits, the least practised first."""
        problems = [self.c.problems[id] for id in self.c.teaching(skill, "problem")]
        fitting = [p for p in problems if p.minutes <= left]
        if not fitting:
            return None
        problem = min(fitting, key=lambda p: self.suits(p))
        n = max(1, min(PROBLEMS, int(left // problem.minutes)))
        harder = self.flies and any(p.difficulty < problem.difficulty for p in fitting)
        if harder:
            reason = "You have hardly missed lately, so this is the harder kind."
        what = problem.title if n == 1 else f"{say.capital(say.number(n))} problems: {problem.title}"
        return Step("problem", problem.id, what, n * problem.minutes, reason, problem.skills)

    def suits(self, problem: Problem) -> tuple[float, int, str]:
        """Small is good: near the difficulty that this learner should meet, then the least answered."""
        trace = self.state.problems.get(problem.id)
        wish = 5.0 if self.flies else 2.0
        return abs(problem.difficulty - wish), trace.answered if trace else 0, problem.id

    def refresh(self, left: float, taken: set[str]) -> list[Step]:
        """Tasks that bring back what is due and hold off what soon will be: the most regained per minute first, what tonight rests on
        before the rest. What tonight's new work will use anyway waits for it, as long as it is not fading."""
        urgent: dict[str, float] = {}
        lost: dict[str, float] = {}  # of recall, by what is due
        anyway = dict(self.ix.contains[self.focus]) if self.focus else {}
        for s, trace in self.state.skills.items():
            if s not in self.c.skills or self.skipped(s) or not trace.memory.phase or not self.learned(s):
                continue
            kept = memory(self.c, self.state, s, self.now)
            if kept is None:
                continue
            urgent[s] = urgency(kept.retrievability, self.state.retention) * (3.0 if s in self.below else 1.0)
            if kept.due_at <= self.now and not comes_anyway(anyway, s, kept.retrievability):
                lost[s] = 1 - kept.retrievability
        steps: list[Step] = []
        while lost and left >= 1 and len(steps) < 3:
            best: tuple[float, Step, dict[str, float]] | None = None
            for step, good in self.refreshers(lost, urgent, left):
                if step.target in taken or (step.kind == "check" and self.asked & set(step.skills)):
                    continue
                gain = regained(good.items(), urgent) / step.minutes
                if best is None or gain > best[0]:
                    best = gain, step, good
            if best is None:
                break
            _, step, good = best
            steps.append(replace(step, reason=self.refresh_reason(step, {s: w for s, w in good.items() if s in lost})))
            taken = taken | {step.target}
            self.asked.update(step.skills if step.kind == "check" else ())
            left -= step.minutes
            for s, w in good.items():
                urgent[s] *= (1 - w) ** 2
                if s in lost:
                    lost[s] *= 1 - w
                    if lost[s] <= 1 - self.state.retention:
                        del lost[s]  # recalled again as well as the learner wishes
        self.waiting = len(lost)
        return steps

    def refreshers(self, lost: dict[str, float], urgent: dict[str, float], left: float) -> list[tuple[Step, dict[str, float]]]:
        """Every task that would bring back something of what is due, with how much it gives to each skill that may fade."""
        # A task is looked for at what is due and at what contains it: nothing else can help.
        near = dict.fromkeys(lost)
        for s in list(near):
            near.update(dict.fromkeys(outer for outer, _ in self.ix.inside.get(s, ()) if self.learned(outer)))
        found: dict[str, tuple[Step, dict[str, float]]] = {}
        for s in near:
            for id in self.c.teaching(s, "problem"):
                problem = self.c.problems[id]
                if id not in found and problem.minutes <= left and all(self.taught(x) for x in problem.skills):
                    good = self.good(problem.skills, (), urgent)
                    found[id] = Step("problem", id, problem.title, float(problem.minutes), "", problem.skills), good
            for id in self.c.teaching(s, "lab"):
                lab = self.c.labs[id]
                trace = self.state.labs.get(id)
                cost = max(5.0, round(lab.minutes * REWRITE))
                if id not in found and trace and trace.passed_at and self.now - trace.passed_at > 21 * DAY and cost <= left:
                    good = self.good(lab.skills, self.ix.lab_contains[id], urgent)
                    found[id] = Step("lab", id, f"{lab.title}, again from a blank file", cost, "", lab.skills), good
            if not self.ix.practised[s] and s in lost:
                for resource, chapter in self.serving(s):
                    id, where = target_and_name(resource, chapter)
                    if id in found:
                        continue
                    if step := self.questions(resource, chapter, left, ""):
                        found[id] = step, {x: ASKED for x in step.skills if x in urgent}
                    elif id in self.state.chapters and left >= LOOK_AGAIN:
                        skills = tuple(x for x in chapter.skills if x in self.c.skills)
                        step = Step("chapter", id, f"Look again at {where}", LOOK_AGAIN, "", skills)
                        found[id] = step, {x: ASKED for x in skills if x in urgent}
        return [pair for pair in found.values() if any(w >= WORTHWHILE and s in lost for s, w in pair[1].items())]

    def serving(self, skill: str) -> list[tuple[Resource, Chapter]]:
        """The chapters on a skill: those that were read or, where none was (what was placed as known), any, the chosen book's first."""
        all_of_them = [(r, ch) for r in self.books(skill) for ch in r.chapters if skill in ch.skills]
        return [(r, ch) for r, ch in all_of_them if f"{r.id}#{ch.number}" in self.state.chapters] or all_of_them[:1]

    def books(self, skill: str) -> list[Resource]:
        module = self.c.modules[self.c.skills[skill].module]
        chosen = chosen_book(self.c, self.state, module.id)
        return sorted(books(self.c, module.id), key=lambda r: r.id != chosen)

    def good(self, skills: tuple[str, ...], extra: tuple[tuple[str, float], ...], urgent: dict[str, float]) -> dict[str, float]:
        got: dict[str, float] = {}
        for s in skills:
            if s in urgent:
                got[s] = 1.0
            for inner, w in self.ix.contains.get(s, ()):
                if inner in urgent:
                    got[inner] = max(got.get(inner, 0.0), w)
        for inner, w in extra:
            if inner in urgent:
                got[inner] = max(got.get(inner, 0.0), w)
        return got

    def refresh_reason(self, step: Step, good: dict[str, float]) -> str:
        first = max(good, key=lambda s: (good[s], s in self.below, s))
        kept = memory(self.c, self.state, first, self.now)
        trace = self.state.skills[first]
        chance = say.often(kept.retrievability if kept else 0.5)
        done_at = trace.passed_at or trace.answered_at or trace.taught_at or trace.memory.last
        if step.kind == "lab":
            done_at = self.state.labs[step.target].passed_at
        verb = "passed" if step.kind == "lab" else "last got it right" if trace.passed_at else "last worked on it"
        if not (trace.passed_at or trace.answered_at or trace.taught_at):
            reason = f"{reasons.claim(trace)} that you know {_lower(self.title(first))}; one look to be sure"
        elif step.kind == "lab":
            reason = f"You {verb} it {self.ago(done_at)}; today you would recall it {chance}"
        else:
            reason = f"You {verb} {self.ago(done_at)}; today you would recall {_lower(self.title(first))} {chance}"
        strong = [s for s, w in good.items() if w >= 0.3]
        if first in self.below and self.focus:
            return f"{reason}, and {BELOW}."
        if len(strong) > 1:
            return reason + f", and this brings back {say.count(len(strong) - 1, 'other skill')} with it."
        return reason + "."

    # The new

    def main(self, left: float, taken: set[str], closing: bool) -> list[Step]:
        """New things for these minutes; with `closing`, what stays open is moved before a last thing that is finished."""
        steps: list[Step] = []
        used = set(taken)
        modules: list[str] = []
        while left >= SHORTEST and len(steps) < 6:
            found = self.best(left, used, modules)
            if found is None:
                break
            step, module = found
            steps.append(step)
            used.add(step.target)
            modules.append(module)
            left -= step.minutes
            if step.kind in ("lesson", "chapter") and not step.partial:
                self.fresh.update(step.skills)
                self.__dict__.pop("frontier", None)
            if step.partial and left < SHORTEST:
                break
        if closing and len(steps) > 1 and steps[-1].partial and steps[-2].kind == "problem":
            steps[-2:] = [steps[-1], steps[-2]]
        return steps

    def best(self, left: float, used: set[str], modules: list[str]) -> tuple[Step, str] | None:
        """The heaviest thing of the table that fits; among equals the plan's order."""
        found: list[tuple[float, Step, str]] = []

        def offer(row: str, step: Step | None, module: str) -> None:
            if step is not None and step.target not in used:
                found.append((WEIGHT[row], step, module))

        for lab_id, trace in self.state.labs.items():
            lab = self.c.labs.get(lab_id)
            if (
                lab
                and trace.tries
                and not trace.passed_at
                and self.now - trace.tried_at < 30 * DAY
                and not all(self.skipped(s) for s in lab.skills if s in self.c.skills)
            ):
                offer("unfinished lab", self.lab_step(lab, left, begun=True), lab.id.split("/")[0])
        lab = self.ready_lab(used)
        if lab:
            offer("verify" if self.claimed(lab) else "lab", self.lab_step(lab, left, begun=False), lab.id.split("/")[0])
        resting: list[str] = []
        for skill in self.practising(used):
            if self.rests(skill):
                resting.append(skill)
                continue
            step = self.practice_step(skill, left)
            if step is not None and step.target not in used:
                offer("practice", step, self.c.skills[skill].module)
                break
        strands: list[str] = []
        for skill in self.frontier:
            module = self.c.skills[skill].module
            if module in strands or skill in self.fresh or self.rests(skill):
                continue
            step = self.new_step(skill, left)
            if step is None or step.target in used:
                continue
            offer("second strand" if strands or (modules and module not in modules) else "new skill", step, module)
            strands.append(module)
            if len(strands) == 3:
                break
        step = self.project_step(left)
        if step:
            offer("project", step, "")
        step = self.verify_step(left)
        if step:
            offer("verify", step, "")
        if not found:
            offer("reading", self.reading_step(left, used), "")
            offer("stretch", self.stretch_step(left, used), "")
        if not found:
            offer("make sure", self.sure_step(left, used), "")
        for skill in resting if not found else ():
            offer("sooner", self.practice_step(skill, left), self.c.skills[skill].module)
        if not found:
            return None
        _, step, module = max(found, key=lambda f: f[0])
        return step, module

    def new_step(self, skill: str, left: float) -> Step | None:
        """The next piece of work for a skill that is open: its lesson, its chapter, or at once its problems where it seems known."""
        lessons = self.lessons_left(skill)
        about = self.title(skill)
        if lessons and skill not in self.fresh:
            m = mastery(self.c, self.state, skill, self.now)
            trace = self.trace(skill)
            if trace is not None and trace.placed < 0 and m.p >= 0.85 and self.c.teaching(skill, "problem"):
                step = self.practise(
                    skill, left, f"What you can do around it says that you would get this right {say.often(m.p)}: skip the lesson if so."
                )
                if step:
                    return step
            lesson = self.c.lessons[lessons[0]]
            if lesson.minutes > left + 2:
                return None
            return Step("lesson", lesson.id, lesson.title, float(lesson.minutes), self.lesson_reason(skill, lesson), lesson.skills)
        if not self.c.teaching(skill, "lesson") and skill not in self.fresh:
            places = reading_left(self.c, self.state, skill)
            if places:
                resource = self.c.resources[places[0][0]]
                chapter = next(ch for ch in resource.chapters if ch.number == places[0][1])
                return self.chapter_step(resource, chapter, left, f"Next in the plan: {_lower(about)}, and this chapter teaches it.")
        return self.practice_step(skill, left)

    def lesson_reason(self, skill: str, lesson: Lesson) -> str:
        after = self.unlocks(skill)
        title = self.title(skill)
        if skill in self.state.opened or lesson.id in self.state.opened:
            return "You opened it and did not reach the end."
        if not self.state.lessons and not self.state.answers:
            return f"The plan begins here, with {_lower(title)}."
        count = len(self.lessons_left(skill))
        if after:
            return f"Next in the plan: {_lower(title)}; {_lower(self.title(after[0]))} comes after and needs it."
        if count > 1:
            return f"The first of {say.number(count)} on the way to {_lower(title)}."
        return f"Next in the plan: {_lower(title)}; all that it rests on is yours."

    def unlocks(self, skill: str) -> list[str]:
        return [d for d in self.c.dependents(skill) if not self.learned(d)]

    def practising(self, used: set[str]) -> list[str]:
        """Skills that were taught, tonight or before, and are not mastered; tonight's first, then the plan's order."""
        waiting = [s for s in self.c.order if self.taught(s) and not self.learned(s) and not self.skipped(s)]
        waiting = [s for s in waiting if any(id not in used for id in self.c.teaching(s, "problem")) or self.doubted(s)]
        return sorted(waiting, key=lambda s: s not in self.fresh)

    def rests(self, skill: str) -> bool:
        """Whether practice on it waits: who is right mostly, and not quite mostly enough, sitting after sitting, does better with days
        between, and the evenings go on."""
        trace = self.trace(skill)
        if trace is None or skill in self.fresh or not self.taught(skill):
            return False
        answers = trace.right + trace.wrong
        days = min(answers // PROBLEMS - SITTINGS, LONGEST_REST)
        return trace.right >= MOSTLY * answers and self.now - trace.answered_at < (days - 0.5) * DAY

    def doubted(self, skill: str) -> bool:
        """Whether only questions of the bank ask about it, all of its reading is done, and they were answered wrongly."""
        trace = self.trace(skill)
        return not self.ix.practised[skill] and trace is not None and trace.wrong > 0 and not reading_left(self.c, self.state, skill)

    def practice_step(self, skill: str, left: float) -> Step | None:
        if skill in self.fresh:
            reason = f"To be sure of {_lower(self.title(skill))} before you go on."
        else:
            reason = self.practice_reason(skill)
        return self.practise(skill, left, reason) or self.check_step(skill, left)

    def practice_reason(self, skill: str) -> str:
        return reasons.practice(self.trace(skill), _lower(self.title(skill)), self.p(skill), self.now, self.state.tz)

    def check_step(self, skill: str, left: float) -> Step | None:
        """For a skill that only questions ask about and that an answer put in doubt: its chapter again, and then questions alone."""
        if self.c.teaching(skill, "problem") or not self.c.teaching(skill, "item"):
            return None
        trace = self.trace(skill)
        for resource, chapter in self.serving(skill):
            id, where = target_and_name(resource, chapter)
            if id not in self.state.chapters:
                continue
            if trace is not None and trace.streak > 0:
                return self.questions(resource, chapter, left, self.practice_reason(skill))
            if left < LOOK_AGAIN:
                return None
            reason = self.practice_reason(skill)
            # What went wrong again and again takes more than a glance.
            longer = LOOK_AGAIN * (1 + (trace.wrong // WRONG_A_LOOK if trace else 0))
            minutes = round(min(left, max(LOOK_AGAIN, min(longer, chapter.hours * 30))))
            return Step("chapter", id, f"Look again at {where}, and its questions", minutes, reason, chapter.skills)
        return None

    def questions(self, resource: Resource, chapter: Chapter, left: float, reason: str) -> Step | None:
        """The check on a chapter, which asks once in a sitting."""
        id, where = target_and_name(resource, chapter)
        inside = [s for s in chapter.skills if s in self.c.skills and self.c.teaching(s, "item")]
        if any((trace := self.trace(s)) is not None and self.now - trace.answered_at < DAY // 2 for s in inside):
            return None
        length = check_length(self.c, inside)
        minutes = length * MINUTES_A_QUESTION
        if not length or minutes > left:
            return None
        title = f"{say.capital(say.count(length, 'question'))} on {where}"
        return Step("check", id, title, minutes, reason, tuple(needed_first(self.c, self.state, inside, self.now)[:length]))

    def tried(self, skill: str, used: set[str]) -> bool:
        """Whether problems on it, where there are any, were met before code is asked for."""
        problems = self.c.teaching(skill, "problem")
        trace = self.trace(skill)
        return not problems or self.learned(skill) or any(p in used for p in problems) or (trace is not None and trace.answered_at > 0)

    def claimed(self, lab: Lab) -> bool:
        """Whether all of it is known from placement, and nothing of it was worked on here: then it may prove the claim, later."""
        traces = [self.trace(s) for s in lab.skills]
        return all(t is not None and placed_well(t) and not t.answered_at and not t.taught_at for t in traces)

    def ready_lab(self, used: set[str]) -> Lab | None:
        """The easiest lab that is not passed and whose skills have all been taught (for those who fly, the hardest); plan's order."""
        ready: dict[str, list[Lab]] = {}
        for lab in self.c.labs.values():
            module = lab.id.split("/")[0]
            trace = self.state.labs.get(lab.id)
            # A lab of a skipped module is still wanted where it is what another module's skill is practised with.
            if (
                lab.id in used
                or all(self.skipped(s) for s in lab.skills if s in self.c.skills)
                or (trace and (trace.passed_at or trace.tries))
            ):
                continue
            if all(s in self.c.skills and self.taught(s) and self.tried(s, used) for s in lab.skills):
                ready.setdefault(module, []).append(lab)
        # A module whose labs all rest on what the learner brought along waits behind one that is being learned here.
        for labs in sorted(ready.values(), key=lambda labs: all(self.claimed(x) for x in labs)):
            # Skills that are not mastered yet need their labs more than those that are.
            labs.sort(
                key=lambda x: (self.claimed(x), all(self.learned(s) for s in x.skills), -x.difficulty if self.flies else x.difficulty)
            )
            return labs[0]
        return None

    def lab_step(self, lab: Lab, left: float, begun: bool) -> Step | None:
        if left < 10:
            return None
        trace = self.state.labs.get(lab.id)
        whole = float(lab.minutes)
        if begun and trace:
            whole = max(10.0, whole * (1 - 0.7 * trace.best))
        partial = whole > left + 5
        if partial and left < 15:
            return None
        minutes = max(10.0, left - 3) if partial else round(whole)
        if begun and trace:
            reason = reasons.unfinished(trace, self.now, self.state.tz)
        elif self.claimed(lab):
            reason = f"{reasons.claim(self.trace(lab.skills[0]))} that you know what it needs; writing it is the surest look."
        elif self.flies and lab.difficulty >= 4:
            reason = "You have hardly missed lately, so here is one to be proud of."
        else:
            reason = "All that it needs has been taught; now write it yourself."
        if partial:
            reason = reason.rstrip(".") + f". It takes about {round(whole)} minutes in all; what is left waits for the next evening."
        return Step("lab", lab.id, f"Lab: {lab.title}", float(minutes), reason, lab.skills, partial)

    def chapter_step(self, resource: Resource, chapter: Chapter, left: float, reason: str) -> Step | None:
        whole = chapter.hours * 60
        partial = whole > left + 5
        minutes = left if partial else whole
        if minutes < (A_SITTING if partial else SHORTEST):
            return None
        id, title = target_and_name(resource, chapter)
        if partial:
            reason = (
                reason.rstrip(".")
                + f"; it takes about {say.minutes(whole)} in all, so stop where the time is up and tick it when you reach its end."
            )
        return Step("chapter", id, title, round(minutes), reason, chapter.skills, partial)

    def project_step(self, left: float) -> Step | None:
        if left < 20:
            return None
        for project in self.c.projects.values():
            trace = self.state.projects.get(project.id)
            skills = [s for s in project.skills if s in self.c.skills]
            if (trace and trace.done_at) or not skills or not all(self.learned(s) or self.skipped(s) for s in skills):
                continue
            done = len(trace.milestones) if trace else 0
            step = project.milestones[done] if done < len(project.milestones) else project.deliverable
            reason = f"Every skill that it needs is yours; it ends with {_lower(project.deliverable)}."
            return Step(
                "project",
                project.id,
                f"{project.title}: {step}",
                round(min(left, PROJECT_SITTING)),
                reason.replace("..", "."),
                project.skills,
                True,
            )
        return None

    def verify_step(self, left: float) -> Step | None:
        """Something known from self-report alone, looked at once, weeks later and only where the plan builds on it."""
        for skill in self.c.order:
            trace = self.trace(skill)
            if trace is None or trace.placed_by_test or trace.placed < 0.75 or trace.answered_at or self.skipped(skill):
                continue
            if not any(not self.learned(d) and not self.skipped(d) for d in self.c.dependents(skill)):
                continue
            step = self.practise(
                skill,
                min(left, 4.0),
                f"You said that you know {_lower(self.title(skill))}; what comes next rests on it, so one look to be sure.",
            )
            step = step or self.exam_step(skill, left)
            if step:
                return step
        return None

    def exam_step(self, skill: str, left: float) -> Step | None:
        """The module's exam, where nothing but questions can look at what was said of a skill, and nothing of the module was asked yet."""
        module = self.c.modules[self.c.skills[skill].module]
        inside = self.ix.module_skills[module.id]
        if self.ix.practised[skill] or any((trace := self.trace(s)) is not None and trace.answered_at for s in inside):
            return None
        questions = min(AN_EXAM, sum(len(self.c.teaching(s, "item")) for s in inside))
        minutes = round(questions * MINUTES_A_QUESTION)
        if not questions or minutes > left:
            return None
        reason = f"You said that you know {_lower(self.title(skill))}; what comes next rests on it, and these questions look at its module."
        title = f"Exam: {module.title}, {say.count(questions, 'question')}"
        return Step("exam", module.id, title, float(minutes), reason, inside)

    def reading_step(self, left: float, used: set[str]) -> Step | None:
        for module in self.c.modules.values():
            if module.id in self.state.skipped or not any(self.taught(s) for s in self.ix.module_skills[module.id]):
                continue
            book = chosen_book(self.c, self.state, module.id)
            resource = self.c.resources.get(book or "")
            for chapter in resource.chapters if resource else ():
                key = f"{resource.id}#{chapter.number}" if resource else ""
                served = [s for s in chapter.skills if s in self.c.skills]
                if resource and key not in self.state.chapters and key not in used and served and all(self.taught(s) for s in served):
                    return self.chapter_step(resource, chapter, left, f"It tells {self.titles(served)} more slowly, and from another side.")
        return None

    def stretch_step(self, left: float, used: set[str]) -> Step | None:
        open_labs = [
            lab
            for lab in self.c.labs.values()
            if lab.id not in used
            and not (self.state.labs.get(lab.id) and self.state.labs[lab.id].passed_at)
            and all(s in self.c.skills and self.taught(s) for s in lab.skills)
        ]
        hardest = max(open_labs, key=lambda lab: lab.difficulty, default=None)
        return self.lab_step(hardest, left, begun=False) if hardest else None

    def sure_step(self, left: float, used: set[str]) -> Step | None:
        """A look at what counts as learned on the thinnest ground, once a day at the most."""
        thin = []
        for skill, trace in self.state.skills.items():
            if skill not in self.c.skills or self.skipped(skill) or not self.learned(skill) or self.now - trace.answered_at < DAY // 2:
                continue
            m = mastery(self.c, self.state, skill, self.now)
            if m.attempts < FEW or m.p - m.sd < MASTERED:
                thin.append((m.p - m.sd, skill, m.p))
        for _, skill, p in sorted(thin):
            reason = f"{say.capital(self.title(skill))} counts as yours, but not for certain: today you would get it right {say.often(p)}."
            step = self.practise(skill, left, reason) or self.ask(skill, left, reason)
            if step is not None and step.target not in used:
                return step
        return None

    def ask(self, skill: str, left: float, reason: str) -> Step | None:
        """Questions on a chapter that serves this skill, the skill's own first."""
        for resource, chapter in self.serving(skill) if self.c.teaching(skill, "item") else ():
            step = self.questions(resource, chapter, left, reason)
            if step is not None:
                return replace(step, skills=(skill, *(s for s in step.skills if s != skill))[: len(step.skills)])
        return None

    def rest(self) -> Step:
        waiting = [c for c in self.state.cards.values() if c.phase]
        if not self.frontier and self.state.skills:
            return Step("rest", "", "Rest", 0.0, "Everything in the plan that can be begun is done, and nothing fades yet.", ())
        if waiting or self.state.skills:
            return Step(
                "rest", "", "Rest", 0.0, "Nothing is due, and nothing new fits into so few minutes; more would be worse than sleep.", ()
            )
        return Step("rest", "", "Rest", 0.0, "Nothing fits into so few minutes: come back with ten or more.", ())

    # Words for the whole

    def headline(self, steps: list[Step]) -> str:
        for kind in ("lab", "lesson", "chapter", "project", "problem"):
            for step in reversed(steps):
                if step.kind != kind or (kind == "problem" and step.title.startswith("Once more")):
                    continue
                if kind == "lab" and not step.partial and "again" not in step.title:
                    return f"{self.c.labs[step.target].title}, written by you and passing"
                if kind == "lesson":
                    return self.c.lessons[step.target].title
                if kind == "chapter" and not step.title.startswith("Look again"):
                    resource, number = step.target.split("#")
                    chapter = next(ch for ch in self.c.resources[resource].chapters if str(ch.number) == number)
                    return chapter.title + ("" if step.partial else f", chapter {number} read")
                if kind == "project":
                    return step.title
                if kind == "lab" and len(steps) <= 2:
                    return f"{self.c.labs[step.target].title}, a good part of it"
                if kind == "problem":
                    return f"{self.c.problems[step.target].title}, sure of it"
        if steps[-1].kind == "review":
            return f"{steps[-1].title}, kept"
        return steps[-1].title

    def promise(self, steps: list[Step], spread: str) -> str:
        last = steps[-1]
        if last.kind == "rest":
            return last.reason
        new = [s for s in steps if s.kind in ("lesson", "chapter", "lab", "project") and " again" not in s.title]
        end = {
            "lab": "your own code passing every check" if not last.partial else "a part of the lab done",
            "problem": "problems that you can do without the page",
            "review": "every card of tonight answered",
            "lesson": "two questions that you can answer in your own words",
            "chapter": "a chapter behind you" if not last.partial else "a part of the chapter read",
            "project": "a piece of your own project standing",
            "exam": "a clear picture of what stayed",
            "check": "questions that you can answer without the book",
        }[last.kind]
        parts = [f"This session ends with {end}."]
        if new and any(BELOW in s.reason for s in steps):
            parts.append("What it rests on is fading, so that comes first.")
        if spread:
            parts.append(spread)
        elif self.waiting > PILE:
            away = say.days_between(self.state.last_at, self.now, self.state.tz)
            after = f" after {away} days away" if away >= 4 else ""
            parts.append(f"{say.capital(say.count(self.waiting, 'skill'))} more would fade{after}: they come back a few on each evening.")
        elif self.pressed:
            parts.append("Your deadline asks for more hours than you planned, so reviews are kept short.")
        return " ".join(parts)

    # Why not

    def why_not(self, target: str) -> str:
        c, state = self.c, self.state
        target = target.strip()
        plan = self.session(state.minutes_per_day)
        for n, step in enumerate(plan.steps, 1):
            if step.target and step.target == target:
                return f"It is what the plan says: step {say.number(n)} of this session. {step.reason}"
        if target in c.labs:
            return self.why_not_lab(c.labs[target])
        if target in c.lessons:
            lesson = c.lessons[target]
            if target in state.lessons:
                return f"You finished this lesson {self.ago(state.lessons[target])}; read it again whenever you like."
            return self.why_not_taught(lesson.skills, "lesson", lesson.title)
        if target in c.problems:
            return self.why_not_taught(c.problems[target].skills, "problem", c.problems[target].title)
        if target in c.cards:
            return self.why_not_card(target)
        if target in c.items:
            return self.why_not_taught((c.items[target].skill,), "question", "it")
        if target in c.modules:
            return self.why_not_module(target)
        if target in c.stages:
            for module in c.stages[target].modules:
                if self.share_left(module.id) > 0:
                    return self.why_not_module(module.id)
            return f"You have learned all of {c.stages[target].title}."
        if target in c.projects:
            return self.why_not_project(target)
        if target in c.skills:  # after modules: a module and a skill never share an id, and problems may share one with a skill
            return self.why_not_skill(target)
        resource, _, number = target.partition("#")
        if resource in c.resources:
            return self.why_not_resource(c.resources[resource], number)
        kinds = ("skill", "lesson", "lab", "problem", "card", "module", "resource", "project")
        near = list(dict.fromkeys(id for kind in kinds for id in c.nearest(kind, target, 1)))[:3]
        hint = f" Did you mean {say.listed(near, 'or')}?" if near else ""
        raise LearnerError(f"There is nothing called {target!r} in the plan.{hint}")

    def instead(self) -> str:
        steps = [s for s in self.session(self.state.minutes_per_day).steps if s.kind != "review"]
        return f" The plan puts {_quoted(steps[0].title)} first: {_lower(steps[0].reason)}" if steps and steps[0].kind != "rest" else ""

    def blockers(self, skills: tuple[str, ...]) -> list[str]:
        lacking: dict[str, None] = {}
        for s in skills:
            if s in self.c.skills and not self.learned(s):
                lacking.update(dict.fromkeys(missing(self.c, self.state, s)))
        return [s for s in self.c.order if s in lacking and s not in skills]

    def waits(self, lacking: list[str]) -> str:
        """Where a path to a locked thing begins, and how long it is."""
        first = lacking[0]
        deep = self.first_open_below(first)
        begin = "" if deep == first else f" The way there begins with {_lower(self.title(deep))}."
        return f"It rests on {self.titles(lacking, 3)}, which you do not have yet.{begin}"

    def first_open_below(self, skill: str) -> str:
        seen: set[str] = set()
        while not self.open(skill) and skill not in seen:
            seen.add(skill)
            lacking = [p for p in self.ix.prerequisites[skill] if not self.learned(p) and not self.skipped(p)]
            if not lacking:
                break
            skill = lacking[0]
        return skill

    def left_out(self, module: str) -> str | None:
        if module in self.state.skipped:
            return f"You left out {self.c.modules[module].title} in your settings; take it back there and it joins the plan."
        return None

    def why_not_skill(self, skill: str) -> str:
        if self.skipped(skill) and (gone := self.left_out(self.c.skills[skill].module)):
            return gone
        if self.learned(skill):
            kept = memory(self.c, self.state, skill, self.now)
            trace = self.trace(skill)
            if kept is None:
                return f"You have {_lower(self.title(skill))} already, and nothing in the plan waits for more of it."
            if kept.retrievability < FADED:
                recall = say.often(kept.retrievability)
                return f"It is fading: you would recall it {recall} today, and it comes back as soon as the minutes allow.{self.instead()}"
            claimed = trace is not None and placed_well(trace) and not trace.answered_at
            known = "You" if not claimed else "By your placement you" if trace and trace.placed_by_test else "By your own account you"
            due = (
                f" and the plan brings it back on {say.day(kept.due_at, self.state.tz)}"
                if kept.due_at > self.now
                else " and it comes back soon"
            )
            return f"{known} have it: you would recall it {say.often(kept.retrievability)} today,{due}."
        lacking = self.blockers((skill,))
        if lacking:
            return self.waits(lacking)
        if not self.ix.teaches[skill]:
            return f"Nothing in the program teaches {_lower(self.title(skill))} yet."
        return f"You can begin it now.{self.instead()}"

    def why_not_taught(self, skills: tuple[str, ...], kind: str, title: str) -> str:
        skills = tuple(s for s in skills if s in self.c.skills)
        if skills and self.skipped(skills[0]) and (gone := self.left_out(self.c.skills[skills[0]].module)):
            return gone
        lacking = self.blockers(skills)
        if lacking:
            return self.waits(lacking)
        if skills and all(self.learned(s) for s in skills):
            worst = min((m for s in skills if (m := memory(self.c, self.state, s, self.now))), key=lambda m: m.retrievability, default=None)
            if worst is None:
                return f"You have {self.titles(skills)} already."
            recall = say.often(worst.retrievability)
            back = (
                f"it comes back on {say.day(worst.due_at, self.state.tz)}"
                if worst.due_at > self.now
                else "it is due, and comes as soon as the minutes allow"
            )
            return f"You have {self.titles(skills)} already and would recall it {recall} today; {back}."
        resting = next((s for s in skills if not self.learned(s) and self.rests(s)), None)
        if resting:
            trace = self.state.skills[resting]
            sat, answers = self.ago(trace.answered_at), say.count(round(trace.right + trace.wrong), "answer")
            return (
                f"You practised {_lower(self.title(resting))} {sat}; after {answers}, a few days between help more than more of the same."
                f"{self.instead()}"
            )
        return f"You can take this {kind} now.{self.instead()}"

    def why_not_lab(self, lab: Lab) -> str:
        trace = self.state.labs.get(lab.id)
        if trace and trace.passed_at:
            kept = [m.retrievability for s in lab.skills if s in self.c.skills and (m := memory(self.c, self.state, s, self.now))]
            recall = f" Today you would recall it {say.often(min(kept))}." if kept else ""
            return f"You passed it {self.ago(trace.passed_at)}.{recall} Writing it again from a blank file is always open to you."
        skills = tuple(s for s in lab.skills if s in self.c.skills)
        if all(self.skipped(s) for s in skills) and (gone := self.left_out(lab.id.split("/")[0])):
            return gone
        lacking = self.blockers(skills) or [s for s in skills if not self.taught(s)]
        if lacking:
            return self.waits(lacking)
        return f"You can write it now: all that it needs has been taught.{self.instead()}"

    def why_not_card(self, card: str) -> str:
        trace = self.state.cards.get(card)
        skill = self.c.cards[card].skill
        if trace is None or not trace.phase:
            known = self.trace(skill) if skill in self.c.skills else None
            if known is None or not known.taught_at:
                return f"It asks about {_lower(self.title(skill))}, which you have not read about yet."
            return "It is new, and new cards come a few at a time so that their reviews do not pile up."
        waiting = next((d for d in due_cards(self.c, self.state, self.now) if d.card == card), None)
        if waiting:
            recall = say.often(waiting.retrievability)
            return f"It is due: you would recall it {recall}; it waits behind cards that are easier to save tonight."
        from modelwright.learner.fsrs import scheduler

        fsrs = scheduler(tuple(self.state.parameters))
        chance = say.often(fsrs.smooth_retrievability(trace, self.now))
        back = say.day(fsrs.due(trace, self.state.retention), self.state.tz)
        return f"You would recall it {chance} today; it comes back on {back}, when asking does the most good."

    def why_not_module(self, module: str) -> str:
        if gone := self.left_out(module):
            return gone
        skills = self.ix.module_skills[module]
        left = [s for s in skills if not self.learned(s)]
        if not left:
            return f"You have learned all of {self.c.modules[module].title}."
        ready = [s for s in left if self.open(s)]
        if ready:
            return f"You can go on with it now, at {_lower(self.title(ready[0]))}.{self.instead()}"
        lacking = list(
            dict.fromkeys(p for s in left for p in self.ix.prerequisites[s] if not self.learned(p) and self.c.skills[p].module != module)
        )
        return self.waits(lacking) if lacking else f"Its skills wait for one another, beginning with {_lower(self.title(left[0]))}."

    def why_not_project(self, project: str) -> str:
        trace = self.state.projects.get(project)
        known = self.c.projects[project]
        if trace and trace.done_at:
            return f"You finished it {self.ago(trace.done_at)}."
        lacking = [s for s in self.c.order if s in known.skills and not self.learned(s) and not self.skipped(s)]
        if lacking:
            begin = _lower(self.title(self.first_open_below(lacking[0])))
            return f"It asks for {self.titles(lacking, 3)}, which you do not have yet; the way there begins with {begin}."
        return f"You can begin it now.{self.instead()}"

    def why_not_resource(self, resource: Resource, number: str) -> str:
        module = self.ix.book_of.get(resource.id)
        if number:
            chapter = next((ch for ch in resource.chapters if str(ch.number) == number), None)
            if chapter is None:
                raise LearnerError(f"{resource.title} has no chapter {number}; it has {len(resource.chapters)}.")
            read = self.state.chapters.get(f"{resource.id}#{number}")
            if read:
                return f"You read it {self.ago(read)}."
            skills = tuple(s for s in chapter.skills if s in self.c.skills)
            if skills:
                return self.why_not_taught(skills, "chapter", chapter.title)
        if module is None:
            return "It belongs to no module: it is there whenever you want it."
        if gone := self.left_out(module):
            return gone
        chosen = chosen_book(self.c, self.state, module)
        if resource in books(self.c, module) and chosen and chosen != resource.id:
            about, book = self.c.modules[module].title, self.c.resources[chosen].title
            return f"For {about} you read {book}; one book at a time, and you can change it on the module's page."
        return self.why_not_module(module)


# First words that keep their capital inside a sentence.
NAMES = (
    "Adam", "Bayes", "Bellman", "Bernoulli", "Boltzmann", "Cauchy", "Chebyshev", "Cholesky", "Dijkstra", "Einstein", "Euler", "Fisher",
    "Fourier", "Frobenius", "Gauss", "Git", "Gram–", "Grok", "Hadamard", "Hess", "Hilbert", "Householder", "Huffman", "Hugging", "Jacob",
    "Jensen", "Kalman", "Keras", "Kronecker", "Krylov", "Kullback", "Lagrang", "Laplac", "Llama", "Markov", "Monte", "Muon", "Nesterov",
    "Newton", "Poisson", "Python", "Rayleigh", "Riemann", "Schur", "Shannon", "Shapley", "Simpson", "Taylor", "Thompson", "Viterbi",
    "Wasserstein", "You", "Zipf",
)  # fmt: skip


def _lower(text: str) -> str:
    """For use inside a sentence: a first capital goes, except from a name, an acronym or a single letter."""
    first = text.split(" ")[0].split("-")[0]
    if text.startswith(NAMES) or (len(first) == 1 and first != "A") or sum(ch.isupper() for ch in first) != 1:
        return text
    return text[:1].lower() + text[1:]


def _quoted(title: str) -> str:
    return f"“{title}”"
