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

from modelwright.curriculum.lesson_blocks import Faded, of_kind
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
from modelwright.learner.filtering import THREE, TRIES
from modelwright.learner.fsrs import DAY, REVIEW
from modelwright.learner.index import index
from modelwright.learner.state import State
from modelwright.learner.traces import LabTrace, SkillTrace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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
    Row("chosen", 200, "what the learner chose to do anyway: it stands first, on the day that they chose it"),
    Row("step back", 100, "two failures in a row on a skill: the weakest thing it rests on comes first, or its own lesson again"),
    Row(
        "help",
        90,
        "practice that does not help (ten tries without three right in a row, or six sittings): an example with a hole, what lies beneath, "
        "another page, an easier kind; then the plan goes on, and it comes back after four to seven days",
    ),
    Row("new again", 70, "after an absence, from the second evening back until something new was read: the first new skill of the plan"),
    Row("unfinished lab", 60, "a lab that was begun within the last month and has not passed"),
    Row(
        "practice",
        50,
        "a skill that was taught and is not mastered, after a rest that grows with each sitting",
    ),
    Row("lab", 45, "a lab whose skills have all been taught and tried"),
    Row("new skill", 40, "the first skill of the plan whose prerequisites are mastered"),
    Row("project", 35, "a project of this stage whose skills are all mastered"),
    Row("verify", 30, "a skill, or a lab, that is known from placement alone: once, gently, after new things"),
    Row("second strand", 20, "the first open skill of another module, when minutes are left: the evenings interleave"),
    Row("reading", 10, "a chapter of the chosen book on what was taught and is not learned; on what is learned, when nothing else is open"),
    Row("stretch", 5, "the hardest lab that is open and not passed, for those who are ahead of the plan"),
    Row("sooner", 3, "a skill whose practice rests, when minutes are left and nothing else is open; not on the same day"),
    Row("make sure", 1, "a skill that counts as mastered on few answers, or on lucky ones: a look at it, when minutes are left"),
)
WEIGHT = {row.name: row.weight for row in TABLE}
REVIEW_SHARE = 0.25  # of an evening's minutes, for cards
REFRESH_SHARE = 0.25  # for skills that fade
PRESSED_SHARE = 0.12  # for those, when the deadline asks for more hours a week than the learner has
MINUTES_A_CARD = 0.4
NEW_CARDS = 8  # of an evening, at the most
SOON = 20 * 60_000  # a card that comes back within so long belongs to the sitting that it was missed in
REWRITE = 0.5  # of a lab's minutes, to write it again
PROBLEMS = 3  # of a kind, in a row
EXAMPLES = 2  # problems beside an example
BENEATH = 2  # questions on what a skill rests on
A_HOLE = 5.0  # minutes, to fill one in a lesson that was read
WAITS = (0, 1, 1, 1, 1, 2, 2)  # days until a skill that is not mastered is practised again, by the sittings with it
AWAY_WAITS = (4, 5, 7)  # the same for one that was set aside, by the sittings beyond those that set it aside
MOST = 11  # days of sixty on which one kind of thing comes, and one more where two evenings share a date …
OF = 66  # … counted over a few more, for those that run past midnight
LADDER = 14 * DAY  # what helps is offered for so long; then the plan goes on …
HELD_UP = 7 * DAY  # … and no sooner than so long after practice was seen not to help
HELPED = 2  # skills on one evening, at the most …
HELP_SHARE = 0.5  # … and of its minutes
REREAD = 2  # times that a chapter is read again, at the most, before something else is tried; a lesson more often, with days between
ONCE_MORE = 21 * DAY  # … and from then on once in so long, while its questions are missed
REST_OF_LESSON = 2 * DAY
ANOTHER = 8.0  # hours of a chapter of another book, at the most
FLYING = (12, 0.75)  # answers, and the running mean from which the harder of two is offered …
LATELY = 21 * DAY  # … while the last of them is no older
SHORTEST = 4.0  # minutes worth beginning something new
A_SITTING = 12.0  # minutes worth beginning what will not be finished
PROJECT_SITTING = 90.0
LOOK_AGAIN = 10.0  # minutes with a chapter that was read before, at the least; from so many wrong answers on, the time that it takes
WRONG_A_LOOK = 2
AWAY = 30  # days without work, beyond which coming back is met …
LIGHT = 0.5  # … by a first evening of so much of the minutes, without new things …
MET = 14  # … and told about for so many days
READ = ("lesson", "chapter")
CARDS = "cards"  # how a wish names the cards, whose step has no target
SHORTEST_EVENING = 5.0  # minutes; an evening that has fewer left is over
UPKEEP = 20.0  # minutes of an evening, when the plan is done
BACK = "Good to have you back"
OVER = "That was the evening"
OVER_PROMISE = "Its minutes are full; what comes next is for another day. If you want to go on, say for how long."
FINISHED = "The plan is done"
FINISHED_PROMISE = (
    "You have learned every skill in it, and built what there was to build. What is left is upkeep: a few minutes on what fades; "
    "the rest of the evening is yours."
)
MIXED = 4  # problems of several kinds together
ASSURED = 2.0  # log-odds, by a skill's own answers, from which they are more than luck beyond a doubt
FEW = 5  # answers, from which a skill's standing rests on more than luck
WORTHWHILE = 0.3  # of something that is due, for a task to be chosen for it
HELD = 0.5  # of a skill, by tonight's new one, for it to wait
PILE = 4  # skills that wait, from which the plan says how they come back
AN_EXAM = 10  # questions
MINUTES_A_QUESTION = 1.0
ASKED = 0.6  # of a review, by a question or another look


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. target: an id; `<resource>#<number>` for a chapter; "" for cards. reason: one sentence for a person.

    row: the line of the table that it stands for; "" for cards and for what fades. problems: of a block of problems, the kind of each, in
    order; `target` is the first. again: it was done before, and is done once more. beneath: tonight's new skill rests on it.
    example: an example of the same kind, worked out, stands beside the problems. place: of a lesson, the block that it is about.
    """

    kind: StepKind
    target: str
    title: str
    minutes: float
    reason: str
    skills: tuple[str, ...] = ()
    partial: bool = False  # it is begun tonight and finished another day
    row: str = ""
    problems: tuple[str, ...] = ()
    again: bool = False
    beneath: bool = False
    example: bool = False
    place: str = ""

    @property
    def named(self) -> tuple[str, ...]:
        """How a wish about it names it."""
        return (CARDS,) if self.kind == "review" else self.targets if self.target else ()

    @property
    def targets(self) -> tuple[str, ...]:
        """All that it uses up for this evening."""
        return (self.target, *dict.fromkeys(self.problems)) if self.problems else (self.target,)

    def meets(self, used: set[str]) -> bool:
        """Whether something of it is used up already."""
        return not used.isdisjoint(self.targets)


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why something is not what the plan says to do now. step: what doing it anyway would be; None where it cannot be done by itself.

    tonight: it is in the evening's list. put_off: it was put off until tomorrow.
    """

    reason: str
    step: Step | None = None
    tonight: bool = False
    put_off: bool = False


@dataclass(frozen=True, slots=True)
class Back:
    """An absence, as it is met. days: how long it was. evening: which one back this is, from 1. told: what became of what was known.
    ahead: how the two weeks from the first evening back go, a sentence each."""

    days: int
    evening: int
    told: str
    ahead: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """title: what one will have at the end. promise: how the evening ends and what comes first, in a sentence or two.

    over: its minutes are full. finished: the plan is, and what is listed is upkeep. back: of the first two weeks after an absence.
    """

    title: str
    promise: str
    steps: tuple[Step, ...]
    over: bool = False
    finished: bool = False
    back: Back | None = None


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


def used_by(steps: Iterable[Step]) -> set[str]:
    """All that these steps use up for this evening."""
    return {target for step in steps for target in step.targets}


def block_title(problems: Sequence[Problem]) -> str:
    """Of problems one after another, the kind; where there are several kinds, what does not tell which."""
    n = len(problems)
    if len({p.id for p in problems}) > 1:
        return f"{say.capital(say.number(n))} problems, mixed"
    return problems[0].title if n == 1 else f"{say.capital(say.number(n))} problems: {problems[0].title}"


def session(curriculum: Curriculum, state: State, now: int, minutes: float) -> Session:
    """An evening of about this many minutes."""
    return Planner(curriculum, state, now).session(minutes)


def next_step(curriculum: Curriculum, state: State, now: int, minutes: float | None = None) -> Step:
    """The first thing of this evening."""
    return session(curriculum, state, now, minutes or state.minutes_per_day).steps[0]


def evening_minutes(state: State, now: int, minutes: float) -> float:
    """How long an evening is that has so many minutes as a rule: the first one after an absence is lighter."""
    away = absence(state, now)
    return max(SHORTEST_EVENING, LIGHT * minutes) if away is not None and away[1] == 1 else minutes


def local_day(state: State, now: int) -> int:
    """Days since 1970 in the learner's time, as `State.days` counts them: they begin at midnight."""
    return (now + state.tz * 60_000) // DAY


def absence(state: State, now: int) -> tuple[int, int, int] | None:
    """The last absence of `AWAY` days or more, while it is met: (its days, which evening back this is, the day of the first)."""
    today = local_day(state, now)
    worked = sorted(day for day in state.days if day < today)
    if not worked:
        return None
    back = [after for before, after in zip(worked, [*worked[1:], today], strict=True) if after - before > AWAY]
    if not back or today - back[-1] >= MET:
        return None
    return back[-1] - max(day for day in worked if day < back[-1]) - 1, sum(day >= back[-1] for day in worked) + 1, back[-1]


def why_not(curriculum: Curriculum, state: State, now: int, target: str) -> WhyNot:
    """Why this is not what the plan says to do now, for the id of anything. Raises LearnerError for an unknown one."""
    return Planner(curriculum, state, now).instead_of(target)


def anyway(curriculum: Curriculum, state: State, now: int, target: str, minutes: float) -> Step | None:
    """What it would be to do this now, in at most so many minutes; None for what cannot be done by itself."""
    return Planner(curriculum, state, now).anyway(target, minutes)


def tonights_cards(curriculum: Curriculum, state: State, now: int, minutes: float) -> list[DueCard]:
    """Of the cards that are due, tonight's share, where so many minutes of the evening are left."""
    planner = Planner(curriculum, state, now)
    return planner.tonight(due_cards(curriculum, state, now), planner.room(minutes))


def soon_cards(curriculum: Curriculum, state: State, now: int) -> list[DueCard]:
    """Cards that were missed and come back within some minutes: asked at once where nothing else is left, so that a sitting ends."""
    return [d for d in due_cards(curriculum, state, now + SOON) if not d.new and d.due_at > now and state.cards[d.card].phase != REVIEW]


def put_off(state: State, now: int) -> tuple[str, ...]:
    """What the learner put off until their next day."""
    return tuple(state.put_off) if state.chosen_day == local_day(state, now) else ()


class Planner:
    """One evening's question, with what was worked out for it. `taught` grows as the evening is planned."""

    def __init__(self, curriculum: Curriculum, state: State, now: int) -> None:
        self.c, self.state, self.now = curriculum, state, now
        self.ix = index(curriculum)
        self.fresh: set[str] = set()  # skills that a step of tonight teaches
        self.asked: set[str] = set()  # skills that tonight's questions on one chapter ask about, and so not those on another
        self.waiting = 0  # skills that are due and are not brought back tonight
        self._learned: dict[str, bool] = {}
        self._ladder: dict[str, list[Step]] = {}

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
        """Not learned, not skipped, and everything that it rests on is learned or was set aside."""
        return not self.learned(skill) and not self.skipped(skill) and all(self.passable(p) for p in self.ix.prerequisites[skill])

    def passable(self, skill: str) -> bool:
        """Whether what rests on it may be opened: one that was set aside holds that up for a week at least."""
        if self.learned(skill) or self.skipped(skill):
            return True
        return self.aside(skill) and self.now - self.state.skills[skill].stuck_at >= HELD_UP

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
        return next((s for s in self.frontier if not self.rests(s)), None)

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

    @cached_property
    def finished(self) -> bool:
        """Whether the plan is done: every skill that anything teaches was learned once, and every project built. The rest is upkeep."""
        skills = [s for s in self.c.skills if not self.skipped(s) and self.ix.teaches[s]]
        projects = [p for p in self.c.projects.values() if not p.skills or not all(self.skipped(s) for s in p.skills if s in self.c.skills)]
        return (
            bool(skills)
            and all((trace := self.trace(s)) is not None and trace.once for s in skills)
            and all((built := self.state.projects.get(p.id)) is not None and built.done_at for p in projects)
        )

    def session(self, minutes: float) -> Session:
        chosen = self.chosen(minutes)
        if minutes < SHORTEST_EVENING:
            if chosen:  # who chose something when the evening was over goes on
                return Session(self.headline(chosen), self.promise(chosen, ""), tuple(chosen))
            return Session(OVER, OVER_PROMISE, (Step("rest", "", "Rest", 0.0, "The minutes of this evening are full."),), over=True)
        if self.finished:
            return self.upkeep(minutes, chosen)
        left = minutes - sum(step.minutes for step in chosen)
        reviews, spread = self.cards(left) if not chosen or left >= SHORTEST else (None, "")
        if reviews:
            left -= reviews.minutes
        used = used_by(chosen)
        back = [step for step in self.step_back(left) if not self.barred(step, used)]
        left -= sum(step.minutes for step in back)
        help = [step for step in self.help(min(left, HELP_SHARE * minutes)) if not self.barred(step, used)]
        left -= sum(step.minutes for step in help)
        back += help
        refresh = self.refresh(min(left, minutes * (PRESSED_SHARE if self.pressed else REFRESH_SHARE)), used | used_by(back))
        left -= sum(step.minutes for step in refresh)
        done = used | used_by([*back, *refresh])
        main = self.main(left, done, closing=reviews is None)
        left -= sum(step.minutes for step in main)
        if self.waiting and left >= SHORTEST and not (main and main[-1].partial):
            # Minutes are left, and more would fade: they are better spent on that than on nothing.
            main = [*self.refresh(left, done | used_by(main)), *main]
        steps = [*chosen, *refresh, *back, *main]
        if reviews and steps and steps[-1].partial:
            # Something finished at the end: the cards move behind what stays open.
            steps.append(replace(reviews, reason="To end on something finished: " + _lower(reviews.reason)))
        elif reviews:
            steps.insert(len(chosen), reviews)
        if not steps:
            steps = [self.rest()]
        title = BACK if self.first_back else self.headline(steps)
        return Session(title, self.promise(steps, spread), tuple(steps), back=self.back(minutes))

    @cached_property
    def away(self) -> tuple[int, int, int] | None:
        return absence(self.state, self.now)

    @property
    def first_back(self) -> bool:
        """Whether this is the first evening after an absence: what fades and what was begun, and nothing new."""
        return self.away is not None and self.away[1] == 1

    @property
    def unread(self) -> list[str]:
        """Open skills of which something is still to be read."""
        return [s for s in self.frontier if self.lessons_left(s) or reading_left(self.c, self.state, s)]

    def new_waits(self) -> bool:
        """Whether, after an absence, nothing new was read yet, and its first evening is over."""
        if self.away is None or self.away[1] < 2:
            return False
        since = self.away[2] * DAY - self.state.tz * 60_000
        return all(at < since for id, at in self.state.lessons.items() if id not in self.state.reread) and all(
            at < since for key, at in self.state.chapters.items() if key not in self.state.reread
        )

    def back(self, minutes: float) -> Back | None:
        """What is said about an absence."""
        if self.away is None:
            return None
        days, evening, first = self.away
        kept = {"stand": 0, "fade": 0, "faint": 0}
        for s in self.c.skills:
            if self.learned(s) and (m := memory(self.c, self.state, s, self.now)) is not None:
                kept["stand" if m.retrievability >= FADED else "fade" if m.retrievability >= 0.5 else "faint"] += 1
        total = sum(kept.values())
        told = f"You were away for {say.count(days, 'day')}. "
        if total:
            told += (
                f"Of the {say.count(total, 'skill')} that you had, {say.number(kept['stand'])} you would still recall, "
                f"{say.number(kept['fade'])} fade{'s' if kept['fade'] == 1 else ''}, and {say.number(kept['faint'])} would come back "
                "less than half of the time. They stay yours: to learn a thing again takes far less than it took."
            )
        else:
            told += "Nothing that you had is lost."
        ahead = []
        if evening == 1:
            ahead.append(f"This evening: {say.minutes(minutes)} of what fades first, and nothing new.")
        new = next(iter(self.unread), None)
        if new and (evening == 1 or self.new_waits()):
            when = "The second evening" if evening == 1 else "This evening"
            ahead.append(f"{when}: new things return, with {_lower(self.title(new))}.")
        until = say.day((first + MET) * DAY - self.state.tz * 60_000, self.state.tz)
        if kept["fade"] + kept["faint"]:
            ahead.append(f"Until {until}: what fades comes back a few skills an evening, beside what is new.")
        return Back(days, evening, told, tuple(ahead))

    def upkeep(self, minutes: float, chosen: list[Step]) -> Session:
        """An evening after the end: what fades and what was never sure, in a few minutes, and nothing new but for what was chosen. What was
        lost since is taught again, as anything that is not learned, and has all of the evening for it."""
        few = min(minutes, UPKEEP)
        reviews, _ = self.cards(few)
        steps = [*chosen, reviews] if reviews else [*chosen]
        refresh = self.refresh(few - (reviews.minutes if reviews else 0.0), used_by(steps))
        steps += refresh
        left = minutes - sum(step.minutes for step in steps)
        used = used_by(steps)
        steps += [step for step in self.help(min(left, HELP_SHARE * minutes)) if not self.barred(step, used)]
        used = used_by(steps)
        left = minutes - sum(step.minutes for step in steps)
        for skill in (s for s in self.c.order if not self.learned(s) and not self.skipped(s) and not self.rests(s)):
            step = self.new_step(skill, left, used)
            if step is not None and not self.barred(step, used):
                steps.append(replace(step, row="practice"))
                left -= step.minutes
                used |= set(step.targets)
        left = min(left, few - sum(step.minutes for step in steps))
        while (sure := self.sure_step(left, used)) is not None:
            steps.append(replace(sure, row="make sure"))
            left -= sure.minutes
            used |= set(sure.targets)
        if not steps:
            steps = [Step("rest", "", "Rest", 0.0, "Nothing fades yet.")]
        return Session(FINISHED, FINISHED_PROMISE, tuple(steps), finished=True)

    def share(self, minutes: float) -> int:
        """How many cards an evening with so many minutes left holds in all: a share of the whole evening."""
        done = 60 * self.state.days.get(self.today, 0.0)
        return max(3, int((minutes + done) * REVIEW_SHARE / MINUTES_A_CARD))

    def room(self, minutes: float) -> int:
        """How many cards more it holds; 0 where as many were seen already."""
        midnight = self.today * DAY - self.state.tz * 60_000
        seen = sum(trace.last >= midnight for trace in self.state.cards.values())
        return max(0, self.share(minutes) - seen)

    def tonight(self, due: list[DueCard], room: int) -> list[DueCard]:
        """Of the cards that are due, those for tonight: what was missed in this sitting in any case, the rest as far as there is room."""
        steps = [d for d in due if not d.new and self.state.cards[d.card].phase != REVIEW]
        old = [d for d in due if not d.new and self.state.cards[d.card].phase == REVIEW][:room]
        met = self.state.introduced if self.state.introduced_day == self.today else 0
        new = [d for d in due if d.new][: max(0, min(room - len(steps) - len(old), NEW_CARDS - met))]
        return [*steps, *old, *new]

    # What the learner wished of this evening

    @cached_property
    def put_off(self) -> frozenset[str]:
        """Ids that are not to come before the learner's next day."""
        return frozenset(put_off(self.state, self.now))

    @cached_property
    def put_off_skills(self) -> frozenset[str]:
        """The skills of which nothing is to come: named themselves, or their module. An id that is also a thing's means the thing."""
        c = self.c
        named = [id for id in self.put_off if id not in c.lessons and id not in c.problems and id not in c.labs]
        return frozenset(s for id in named for s in (self.ix.module_skills.get(id) or ((id,) if id in c.skills else ())))

    def barred(self, step: Step, used: set[str]) -> bool:
        """Whether something of it is used up for this evening, or was put off."""
        if step.meets(used):
            return True
        return bool(self.put_off) and not (self.put_off.isdisjoint(step.named) and self.put_off_skills.isdisjoint(step.skills))

    def chosen(self, minutes: float) -> list[Step]:
        """What the learner chose to do anyway and has not done, the latest first, as far as the minutes go; one thing in any case."""
        if self.state.chosen_day != self.today:
            return []
        steps: list[Step] = []
        left = minutes if minutes >= SHORTEST_EVENING else float(self.state.minutes_per_day)
        for target in self.state.anyway:
            if steps and left < SHORTEST:
                break
            if (step := self.anyway(target, left)) is not None and not step.meets(used_by(steps)):
                steps.append(replace(step, row="chosen"))
                left -= step.minutes
                if step.kind in READ and not step.partial:
                    self.fresh.update(step.skills)
        return steps

    def anyway(self, target: str, left: float) -> Step | None:
        """What it would be to do this now, locked or not, in at most so many minutes; None for what cannot be done by itself."""
        c = self.c
        if lab := c.labs.get(target):
            trace = self.state.labs.get(target)
            again = trace is not None and trace.passed_at > 0
            whole = max(5.0, round(lab.minutes * REWRITE)) if again else float(lab.minutes)
            title = f"{lab.title}, again from a blank file" if again else f"Lab: {lab.title}"
            return Step("lab", target, title, min(whole, left), self.choice(lab.skills), lab.skills, partial=whole > left, again=again)
        if lesson := c.lessons.get(target):
            again = target in self.state.lessons
            title = f"Once more: {lesson.title}" if again else lesson.title
            whole = float(lesson.minutes)
            reason = self.choice(lesson.skills)
            return Step("lesson", target, title, min(whole, left), reason, lesson.skills, partial=whole > left, again=again)
        if problem := c.problems.get(target):
            return self.block([problem] * max(1, min(PROBLEMS, int(left // problem.minutes))), self.choice(problem.skills))
        if project := c.projects.get(target):
            minutes = float(int(min(left, PROJECT_SITTING)))
            return Step("project", target, project.title, minutes, self.choice(project.skills), project.skills, partial=True)
        if target in c.modules:
            return self.anyway_in([s for s in self.ix.module_skills[target] if not self.learned(s)], left)
        if target in c.stages:
            return self.anyway_in([s for m in c.stages[target].modules for s in self.ix.module_skills[m.id] if not self.learned(s)], left)
        if target in c.skills:
            return self.anyway_in([target], left)
        resource, _, number = target.partition("#")
        if book := c.resources.get(resource):
            unread = [ch for ch in book.chapters if f"{book.id}#{ch.number}" not in self.state.chapters]
            chapter = book.chapter(int(number)) if number.isdigit() else next(iter(unread), None)
            if chapter is not None:
                id, title = target_and_name(book, chapter)
                step = self.chapter_step(book, chapter, max(left, A_SITTING), self.choice(chapter.skills))
                return step or Step("chapter", id, title, SHORTEST, self.choice(chapter.skills), chapter.skills)
        return None

    def anyway_in(self, skills: list[str], left: float) -> Step | None:
        """The next piece of work on one of these skills: those that are open first, and of each its page before its problems."""
        for skill in sorted(skills, key=lambda s: not self.open(s)):
            pages = [*self.lessons_left(skill), *(f"{r}#{n}" for r, n in reading_left(self.c, self.state, skill))]
            things = [*pages, *self.c.teaching(skill, "problem"), *self.c.teaching(skill, "lesson"), *self.c.teaching(skill, "lab")]
            for id in things:
                if (step := self.anyway(id, left)) is not None:
                    return step
        return None

    def choice(self, skills: tuple[str, ...]) -> str:
        """Of what was chosen, what it rests on, and whether that is the learner's."""
        skills = tuple(s for s in skills if s in self.c.skills)
        lacking = self.blockers(skills)
        if lacking:
            return f"You chose it. {self.waits(lacking)}"
        below = [p for p in dict.fromkeys(p for s in skills for p in self.ix.prerequisites[s]) if p not in skills]
        if not below:
            return "You chose it, and it rests on nothing that comes before it."
        return f"You chose it. It rests on {self.titles(below)}; nothing of that is missing."

    def cards(self, minutes: float) -> tuple[Step | None, str]:
        """Tonight's share of the due cards, and a sentence where a backlog is spread over days."""
        if CARDS in self.put_off:
            return None, ""
        due = due_cards(self.c, self.state, self.now)
        old = [d for d in due if not d.new]
        room = self.room(minutes)
        tonight = self.tonight(due, room)
        if not tonight:
            return None, ""
        n = len(tonight)
        skills = tuple(dict.fromkeys(self.c.cards[d.card].skill for d in tonight))
        spread = ""
        share = self.share(minutes)
        if room and len(old) > 1.5 * share:
            evenings = -(-len(old) // share)
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
            if trace.streak <= -2
            and s in self.c.skills
            and not self.skipped(s)
            and not self.stuck(s)
            and self.now - trace.answered_at < 21 * DAY
        ]
        if not struggling or left < SHORTEST:
            return []
        _, skill = max(struggling)
        trace = self.state.skills[skill]
        below = [p for p in self.ix.prerequisites[skill] if not self.skipped(p)]
        weakest = min(below, key=self.p, default=None)
        times = say.number(-trace.streak)
        wrong = f"The last {times} answers on {_lower(self.title(skill))} went wrong"
        if weakest is not None and self.answered_at(weakest) > trace.answered_at:
            return []  # it was looked at since
        if weakest is not None and self.p(weakest) < max(MASTERED, self.p(skill)):
            reason = reasons.rests_on(wrong, self.trace(weakest), self.p(weakest))
            step = self.practise(weakest, left, reason) or self.reread(weakest, left, reason)
            if step:
                return [replace(step, row="step back")]
        slip = f"; it looks as if {_lower(trace.misconception)}" if " " in trace.misconception else ""
        step = self.reread(skill, left, f"{wrong}{slip}, and what comes before it is sound, so once more from the page.")
        return [replace(step, row="step back")] if step else []

    def answered_at(self, skill: str) -> int:
        trace = self.trace(skill)
        return trace.answered_at if trace is not None else 0

    def reread(self, skill: str, left: float, reason: str) -> Step | None:
        """A lesson on it, once more; from the third time on not so soon after the last."""
        for id in self.c.teaching(skill, "lesson"):
            lesson = self.c.lessons[id]
            again = id in self.state.lessons
            rested = self.state.reread.get(id, 0) < REREAD or self.now - self.state.lessons[id] > REST_OF_LESSON
            if lesson.minutes <= left and rested:
                title = f"Once more: {lesson.title}" if again else lesson.title
                return Step("lesson", id, title, float(lesson.minutes), reason, lesson.skills, again=again)
        return None

    def practise(self, skill: str, left: float, reason: str, most: int = PROBLEMS) -> Step | None:
        """A few problems on one skill: the kind that suits, the least practised first."""
        problems = self.kinds_of(skill)
        fitting = [p for p in problems if p.minutes <= left]
        if not fitting:
            return None
        problem = min(fitting, key=lambda p: self.suits(p))
        harder = self.flies and any(p.difficulty < problem.difficulty for p in fitting)
        if harder:
            reason = "You have hardly missed lately, so this is the harder kind."
        return self.block([problem] * max(1, min(most, int(left // problem.minutes))), reason)

    def kinds_of(self, skill: str) -> list[Problem]:
        """The kinds of problem on a skill, without those that were met on too many evenings lately."""
        problems = (self.c.problems[id] for id in self.c.teaching(skill, "problem"))
        problems = (p for p in problems if p.id not in self.put_off)
        return [p for p in problems if not self.full(trace.sat if (trace := self.state.problems.get(p.id)) else [])]

    def block(self, problems: list[Problem], reason: str) -> Step:
        """Problems one after another: of one kind, called by its name, or of several, which are not named, since to see which is which
        is half of the work."""
        title = block_title(problems)
        skills = tuple(dict.fromkeys(s for p in problems for s in p.skills))
        minutes = sum(float(p.minutes) for p in problems)
        return Step("problem", problems[0].id, title, minutes, reason, skills, problems=tuple(p.id for p in problems))

    # No one spins

    @cached_property
    def today(self) -> int:
        """Days since 1970 in the learner's time."""
        return local_day(self.state, self.now)

    @cached_property
    def window(self) -> int:
        """The first day of the last `OF` evenings, tonight's among them."""
        days = sorted(day for day in self.state.days if day < self.today)
        return days[1 - OF] if len(days) >= OF else 0

    def full(self, sat: Iterable[int]) -> bool:
        """Whether what was met on these days was met on as many evenings lately as one thing may be."""
        return len({day for day in sat if day >= self.window}) >= MOST

    def stuck(self, skill: str) -> bool:
        """Whether practice on it does not help. The criterion is that of the fold: see `filtering`."""
        trace = self.trace(skill)
        return trace is not None and trace.stuck_at > 0 and not self.learned(skill) and not self.skipped(skill) and self.taught(skill)

    def aside(self, skill: str) -> bool:
        """Whether the plan goes on without it for now: practice did not help, and all that might was tried."""
        return self.stuck(skill) and not self.ladder(skill)

    def ladder(self, skill: str) -> list[Step]:
        """What is next to be tried for a skill whose practice does not help; nothing where all was, or a fortnight is over."""
        steps = self._ladder.get(skill)
        if steps is None:
            steps = self._ladder[skill] = self.rung(skill, max(A_SITTING, self.state.minutes_per_day))
        return steps

    def rung(self, skill: str, left: float) -> list[Step]:
        trace = self.state.skills[skill]
        if self.now - trace.stuck_at >= LADDER:
            return []
        rungs = (self.example, self.beneath, self.another, self.easier)
        return next((steps for rung in rungs if (steps := rung(skill, trace, left))), [])

    def help(self, left: float) -> list[Step]:
        """The next rung of the ladder for those skills that are stuck, the latest first, one rung on an evening."""
        stuck = sorted((s for s in self.c.order if self.stuck(s)), key=lambda s: -self.state.skills[s].stuck_at)
        steps: list[Step] = []
        targets: set[str] = set()
        for skill in [s for s in stuck if self.now - self.touched(s) > DAY // 2 and self.ladder(s)][:HELPED]:
            rung = self.rung(skill, left)
            if sum(step.minutes for step in rung) <= left and targets.isdisjoint(used_by(rung)):
                steps += [replace(step, row="help") for step in rung]
                left -= sum(step.minutes for step in rung)
                targets |= used_by(rung)
        return steps

    def touched(self, skill: str) -> int:
        """When something was last done for a skill: an answer, a page, an answer on what it rests on."""
        trace = self.state.skills[skill]
        pages = [self.state.lessons.get(id, 0) for id in self.c.teaching(skill, "lesson")]
        pages += [self.state.chapters.get(f"{r}#{n}", 0) for r, n in self.c.chapters(skill)]
        return max(trace.answered_at, trace.filled_at, *(self.answered_at(p) for p in self.ix.prerequisites[skill]), *pages, 0)

    def does_not_help(self, skill: str, trace: SkillTrace) -> str:
        """The criterion, as it was met, for the beginning of a sentence."""
        if trace.tries >= TRIES:
            return f"{say.capital(say.count(trace.tries, 'try', 'tries'))} without three right in a row on {_lower(self.title(skill))}"
        return f"{say.capital(say.count(trace.sittings, 'evening'))} with {_lower(self.title(skill))} and it is not yet sure"

    def example(self, skill: str, trace: SkillTrace, left: float) -> list[Step]:
        """A worked example with a hole: that of a lesson, or a problem of the kind beside one that is worked out."""
        if trace.filled_at > trace.stuck_at or trace.answered_at - trace.stuck_at > DAY // 2:
            return []
        why = self.does_not_help(skill, trace)
        for id in self.c.teaching(skill, "lesson"):
            lesson = self.c.lessons[id]
            if hole := next(iter(of_kind(lesson, Faded)), None):
                reason = f"{why}: more of the same would not help, so here is an example, worked out but for a line."
                title = f"An example with a hole: {lesson.title}"
                return [Step("lesson", id, title, A_HOLE, reason, lesson.skills, again=True, place=hole.id)]
        problems = sorted(self.kinds_of(skill), key=lambda p: (p.difficulty, p.id))
        if not problems or problems[0].minutes > left:
            return []
        kind = problems[0]
        reason = f"{why}: more of the same would not help, so one is worked out first, beside yours."
        step = self.block([kind] * max(1, min(EXAMPLES, int(left // kind.minutes))), reason)
        return [replace(step, title=f"With an example beside it: {kind.title}", example=True)]

    def beneath(self, skill: str, trace: SkillTrace, left: float) -> list[Step]:
        """Two questions on what it rests on, to find which of it is missing; then that one's lesson."""
        below = [p for p in self.ix.prerequisites[skill] if not self.skipped(p)]
        asked = [p for p in below if self.answered_at(p) > trace.stuck_at]
        why = f"{_lower(self.title(skill))} does not come by practice"
        for p in asked:
            if self.state.skills[p].streak < 0:
                step = self.reread(
                    p, left, f"{say.capital(why)}, and your answer on {_lower(self.title(p))}, which it rests on, was wrong."
                )
                if step:
                    return [step]
        steps: list[Step] = []
        for p in sorted((p for p in below if p not in asked), key=self.p)[: max(0, BENEATH - len(asked))]:
            reason = f"{say.capital(why)}: a question on what it rests on, to see whether the trouble lies there."
            step = self.practise(p, left, reason, most=1) or self.ask(p, left, reason)
            if step is not None and step.minutes <= left:
                steps.append(step)
                left -= step.minutes
        return steps

    def another(self, skill: str, trace: SkillTrace, left: float) -> list[Step]:
        """It, told otherwise: another lesson, another book's chapter, or the lesson once more."""
        lessons, places = self.c.teaching(skill, "lesson"), self.c.chapters(skill)
        read = [self.state.lessons.get(id, 0) for id in lessons] + [self.state.chapters.get(f"{r}#{n}", 0) for r, n in places]
        if max(read, default=0) > trace.stuck_at:
            return []
        step = self.other_page(skill, left, f"{self.does_not_help(skill, trace)}: the same thing, told otherwise.", ANOTHER)
        return [step] if step is not None else []

    def other_page(self, skill: str, left: float, reason: str, most: float = 100.0) -> Step | None:
        """A lesson on a skill once more, or a chapter on it that was not read, of at most so many hours."""
        step = self.reread(skill, left, reason)
        if step is not None:
            return step
        for resource, chapter in ((r, ch) for r in self.books(skill) for ch in r.chapters):
            id, _ = target_and_name(resource, chapter)
            if skill in chapter.skills and id not in self.state.chapters and chapter.hours <= most:
                return self.chapter_step(resource, chapter, left, reason)
        return None

    def easier(self, skill: str, trace: SkillTrace, left: float) -> list[Step]:
        """An easier kind than the one that was met most."""
        problems = [self.c.problems[id] for id in self.c.teaching(skill, "problem")]
        met = {p.id: t for p in problems if (t := self.state.problems.get(p.id)) is not None}
        if not met:
            return []
        hardest = self.c.problems[max(met, key=lambda id: (met[id].answered, id))]
        easier = [p for p in self.kinds_of(skill) if p.difficulty < hardest.difficulty and p.minutes <= left]
        if not easier or any(p.id in met and met[p.id].last_at > trace.stuck_at for p in easier):
            return []
        kind = min(easier, key=lambda p: (p.difficulty, p.id))
        reason = f"{self.does_not_help(skill, trace)}: an easier kind first."
        return [self.block([kind] * max(1, min(PROBLEMS, int(left // kind.minutes))), reason)]

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
                if self.barred(step, taken) or (step.kind == "check" and self.asked & set(step.skills)):
                    continue
                gain = regained(good.items(), urgent) / step.minutes
                if best is None or gain > best[0]:
                    best = gain, step, good
            if best is None:
                break
            _, step, good = best
            lacking = {s: w for s, w in good.items() if s in lost}
            first = self.first_of(lacking)
            reason = self.refresh_reason(step, first, lacking)
            steps.append(replace(step, reason=reason, beneath=first in self.below and self.focus is not None))
            taken = taken | set(step.targets)
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
                    trace = self.state.problems.get(id)
                    if trace is None or not self.full(trace.sat):
                        found[id] = self.block([problem], ""), self.good(problem.skills, (), urgent)
            for id in self.c.teaching(s, "lab"):
                lab = self.c.labs[id]
                written = self.state.labs.get(id)
                cost = max(5.0, round(lab.minutes * REWRITE))
                if id not in found and written and written.passed_at and self.now - written.passed_at > 21 * DAY and cost <= left:
                    good = self.good(lab.skills, self.ix.lab_contains[id], urgent)
                    found[id] = Step("lab", id, f"{lab.title}, again from a blank file", cost, "", lab.skills, again=True), good
            if not self.ix.practised[s] and s in lost:
                for resource, chapter in self.serving(s):
                    id, _ = target_and_name(resource, chapter)
                    if id in found:
                        continue
                    if step := self.questions(resource, chapter, left, ""):
                        found[id] = step, {x: ASKED for x in step.skills if x in urgent}
        return [pair for pair in found.values() if any(w >= WORTHWHILE and s in lost for s, w in pair[1].items())]

    def serving(self, skill: str) -> list[tuple[Resource, Chapter]]:
        """The chapters on a skill: those that were read or, where none was (what was placed as known), any, the chosen book's first."""
        all_of_them = [(r, ch) for r in self.books(skill) for ch in r.chapters if skill in ch.skills]
        return [(r, ch) for r, ch in all_of_them if f"{r.id}#{ch.number}" in self.state.chapters] or all_of_them[:1]

    def books(self, skill: str) -> list[Resource]:
        module = self.c.modules[self.c.skills[skill].module]
        chosen = chosen_book(self.c, self.state, module.id)
        return sorted(module.shelf, key=lambda r: r.id != chosen)

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

    def first_of(self, good: dict[str, float]) -> str:
        """Of what a task brings back, that of which it holds most."""
        return max(good, key=lambda s: (good[s], s in self.below, s))

    def refresh_reason(self, step: Step, first: str, good: dict[str, float]) -> str:
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
            return f"{reason}, and tonight's new skill rests on it."
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
            used.update(step.targets)
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
            if step is not None and not self.barred(step, used):
                found.append((WEIGHT[row], replace(step, row=row), module))

        for lab_id, trace in self.state.labs.items() if not self.first_back else ():
            lab = self.c.labs.get(lab_id)
            if (
                lab
                and trace.tries
                and not trace.passed_at
                and self.now - trace.tried_at < 30 * DAY
                and not self.lab_rests(trace)
                and not all(self.skipped(s) for s in lab.skills if s in self.c.skills)
            ):
                offer("unfinished lab", self.lab_step(lab, left, begun=True), lab.id.split("/")[0])
        lab = None if self.first_back else self.ready_lab(used)
        if lab:
            offer("verify" if self.claimed(lab) else "lab", self.lab_step(lab, left, begun=False), lab.id.split("/")[0])
        resting: list[str] = []
        for skill in self.practising(used):
            if self.rests(skill):
                resting.append(skill)
                continue
            step = self.practice_step(skill, left, used)
            if step is not None and not self.barred(step, used):
                offer("practice", step, self.c.skills[skill].module)
                break
        if not modules and self.new_waits():
            for skill in self.unread:
                step = self.new_step(skill, left, used)
                if step is not None and step.kind in READ and not self.barred(step, used):
                    offer("new again", step, self.c.skills[skill].module)
                    break
        strands: list[str] = []
        for skill in self.frontier if not self.first_back else ():
            module = self.c.skills[skill].module
            if module in strands or skill in self.fresh or self.rests(skill):
                continue
            step = self.new_step(skill, left, used)
            if step is None or self.barred(step, used):
                continue
            offer("second strand" if strands or (modules and module not in modules) else "new skill", step, module)
            strands.append(module)
            if len(strands) == 3:
                break
        step = None if self.first_back else self.project_step(left)
        if step:
            offer("project", step, "")
        step = self.verify_step(left)
        if step:
            offer("verify", step, "")
        if not found and not self.first_back:
            offer("reading", self.reading_step(left, used), "")
            offer("stretch", self.stretch_step(left, used), "")
        for skill in resting if not found else ():
            if self.now - self.touched(skill) > DAY // 2:
                offer("sooner", self.sooner_step(skill, left, used), self.c.skills[skill].module)
        if not found and not self.first_back:
            offer("reading", self.reading_step(left, used, all_learned=True), "")
        if not found:
            offer("make sure", self.sure_step(left, used), "")
        if not found:
            return None
        _, step, module = max(found, key=lambda f: f[0])
        return step, module

    def new_step(self, skill: str, left: float, used: set[str]) -> Step | None:
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
            if lesson.minutes > left:
                return None
            return Step("lesson", lesson.id, lesson.title, float(lesson.minutes), self.lesson_reason(skill, lesson), lesson.skills)
        if not self.c.teaching(skill, "lesson") and skill not in self.fresh:
            places = reading_left(self.c, self.state, skill)
            if places:
                resource, chapter = self.chapter(*places[0])
                return self.chapter_step(resource, chapter, left, f"Next in the plan: {_lower(about)}, and this chapter teaches it.")
        return self.practice_step(skill, left, used)

    def lesson_reason(self, skill: str, lesson: Lesson) -> str:
        after = self.unlocks(skill)
        title = self.title(skill)
        if skill in self.state.opened or lesson.id in self.state.opened:
            return "You opened it and did not reach the end."
        if not self.state.lessons and not self.state.answers:
            return f"The plan begins here, with {_lower(title)}."
        count = len(self.lessons_left(skill))
        if aside := [p for p in self.ix.prerequisites[skill] if self.aside(p)]:
            return (
                f"Next in the plan: {_lower(title)}. It rests on {_lower(self.title(aside[0]))}, where practice did not help: "
                "that happens, what comes after often makes it clear, and it comes back within a week."
            )
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
        """Whether practice on it waits: what is not mastered sitting after sitting does better with days between."""
        trace = self.trace(skill)
        if trace is None or skill in self.fresh or not self.taught(skill):
            return False
        if not self.ix.practised[skill] and not self.stuck(skill) and any(self.to_reread(skill, r, ch) for r, ch in self.serving(skill)):
            return False  # what a question showed to be missing is looked up at once
        return self.now - trace.answered_at < (self.wait(skill, trace) - 0.5) * DAY

    def wait(self, skill: str, trace: SkillTrace) -> float:
        """Days from one sitting with a skill that is not mastered to the next; while its ladder lasts, that is all there is of it."""
        if not self.stuck(skill):
            return WAITS[min(trace.sittings, len(WAITS) - 1)]
        if self.ladder(skill):
            return LADDER / DAY
        return AWAY_WAITS[min(max(0, trace.sittings - len(WAITS)), len(AWAY_WAITS) - 1)]

    def sooner_step(self, skill: str, left: float, used: set[str]) -> Step | None:
        """More of what is not learned, where an evening has minutes left for it: another page on it, and else its questions."""
        reason = f"{say.capital(self.title(skill))} is not yours yet, and there are minutes for it: the same thing, told otherwise."
        if self.stuck(skill) and (step := self.other_page(skill, left, reason)) is not None:
            return step
        return self.practice_step(skill, left, used)

    def lab_rests(self, trace: LabTrace) -> bool:
        """Whether a lab that was begun waits: one that does not pass evening after evening does better with days between."""
        days = WAITS[min(max(0, len(trace.sat) - PROBLEMS), len(WAITS) - 1)]
        return self.full(trace.sat) or (bool(trace.sat) and self.now - trace.tried_at < (days - 0.5) * DAY)

    def doubted(self, skill: str) -> bool:
        """Whether only questions of the bank ask about it, all of its reading is done, and they were answered wrongly."""
        trace = self.trace(skill)
        return not self.ix.practised[skill] and trace is not None and trace.wrong > 0 and not reading_left(self.c, self.state, skill)

    def practice_step(self, skill: str, left: float, used: set[str]) -> Step | None:
        trace = self.trace(skill)
        if self.stuck(skill):
            reason = f"{say.capital(self.title(skill))} was set aside when practice did not help; with days between it may come by itself."
        elif skill in self.fresh:
            reason = f"To be sure of {_lower(self.title(skill))} before you go on."
        else:
            reason = self.practice_reason(skill)
        if skill not in self.fresh and trace is not None and trace.sittings:
            mixed = self.mixed(skill, left, used)
            if mixed is not None:
                return mixed
        return self.practise(skill, left, reason) or self.check_step(skill, left)

    def mixed(self, skill: str, left: float, used: set[str]) -> Step | None:
        """From the second sitting on: problems on a skill among those on others that are easily taken for it, in mixed order."""
        own = [p for p in self.kinds_of(skill) if p.id not in used]
        if not own:
            return None
        kinds = [min(own, key=self.suits)]
        for other in self.alike(skill):
            own = [p for p in self.kinds_of(other) if p.id not in used and p not in kinds and all(self.taught(s) for s in p.skills)]
            if own and len(kinds) < MIXED:
                kinds.append(min(own, key=self.suits))
        # Every other one is of the kind that is practised; what is learned and does not fade is there once, to be told from it.
        needed = [p for p in kinds[1:] if any(self.needs(s) for s in p.skills)]
        order = [kind for other in needed * MIXED for kind in (kinds[0], other)][:MIXED] or [kinds[0], *kinds[1:2], kinds[0]]
        while sum(p.minutes for p in order) > left and order:
            order.pop()
        if len({p.id for p in order}) < 2:
            return None
        reason = "Problems that are easily taken for one another, in mixed order: to see which is which is half of the work."
        if self.stuck(skill):
            reason = "One of these was set aside when practice did not help; with days between, and among others, it may come by itself."
        return self.block(order, reason)

    def alike(self, skill: str) -> list[str]:
        """Skills that are easily taken for this one: taught, practised by problems, of its module, and near it in the graph; those that
        are not learned, or fade, first."""
        module, around = self.c.skills[skill].module, set(self.ix.prerequisites[skill])
        near = [
            s
            for s in self.ix.module_skills[module]
            if s != skill
            and (s in around or skill in self.ix.prerequisites[s] or around & set(self.ix.prerequisites[s]))
            and self.taught(s)
            and s not in self.fresh
            and self.answered_at(s)
            and self.c.teaching(s, "problem")
            and (self.learned(s) or not self.rests(s))
        ]
        return sorted(near, key=lambda s: not self.needs(s))

    def needs(self, skill: str) -> bool:
        """Whether practice on it does something: it is not learned, or it fades."""
        kept = memory(self.c, self.state, skill, self.now) if self.learned(skill) else None
        return not self.learned(skill) or (kept is not None and kept.due_at <= self.now)

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
            if not self.to_reread(skill, resource, chapter):
                reason = f"You have read about {_lower(self.title(skill))}; the questions show what stayed."
                if trace is not None and trace.streak > 0:
                    reason = self.practice_reason(skill)
                return self.questions(resource, chapter, left, reason)
            if left < LOOK_AGAIN:
                return None
            reason = self.practice_reason(skill)
            # One miss asks for a look, each further one for twice as long; what is mostly missed, for the chapter's own time.
            longer = LOOK_AGAIN * 2.0 ** min(self.state.reread.get(id, 0), 5)
            if trace is not None and trace.wrong >= WRONG_A_LOOK and trace.wrong > trace.right:
                longer = chapter.hours * 60
            longer = min(longer, chapter.hours * 60)
            minutes = int(min(left, max(LOOK_AGAIN, longer)))
            return Step("chapter", id, f"Look again at {where}, and its questions", minutes, reason, chapter.skills, again=True)
        return None

    def to_reread(self, skill: str, resource: Resource, chapter: Chapter) -> bool:
        """Whether a chapter is to be read again: a question on it was missed since, and something else was tried."""
        trace, read = self.trace(skill), self.state.chapters.get(f"{resource.id}#{chapter.number}")
        if trace is None or read is None or not self.c.teaching(skill, "item") or trace.answered_at <= read:
            return False
        if trace.streak >= 0 and not (self.stuck(skill) and trace.tries >= THREE):
            return False
        return self.state.reread.get(f"{resource.id}#{chapter.number}", 0) < REREAD or self.now - read >= ONCE_MORE

    def questions(self, resource: Resource, chapter: Chapter, left: float, reason: str) -> Step | None:
        """The check on a chapter, which asks once in a sitting."""
        id, where = target_and_name(resource, chapter)
        inside = [s for s in chapter.skills if s in self.c.skills and self.c.teaching(s, "item")]
        traces = [trace for s in inside if (trace := self.trace(s)) is not None]
        if any(self.now - trace.answered_at < DAY // 2 for trace in traces) or self.full({day for trace in traces for day in trace.sat}):
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
                or lab.id in self.put_off
                or not self.put_off_skills.isdisjoint(lab.skills)
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
            whole = float(round(max(10.0, whole * (1 - 0.7 * trace.best))))
        partial = whole > left
        if partial and left < 15:
            return None
        minutes = float(int(max(10.0, left - 3))) if partial else whole
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
        return Step("lab", lab.id, f"Lab: {lab.title}", minutes, reason, lab.skills, partial)

    def chapter_step(self, resource: Resource, chapter: Chapter, left: float, reason: str) -> Step | None:
        id, title = target_and_name(resource, chapter)
        reached = self.state.reached.get(id, 0.0)
        whole = chapter.hours * 60 * (1 - reached)
        partial = whole > left
        minutes = left if partial else whole
        if minutes < (A_SITTING if partial else SHORTEST):
            return None
        sections = [section.title for section in chapter.sections]
        begun = round(reached * len(sections))
        if reached and sections:
            title = f"{title}, from “{sections[min(begun, len(sections) - 1)]}” on"
        if reached:
            reason = f"You have read {say.often(reached).replace('once in 2', 'half').replace(' times in ', ' parts in ')} of it."
        if partial:
            per = chapter.hours * 60 / len(sections) if sections else 0.0
            until = min(begun + max(1, int(left // per)), len(sections)) - 1 if sections else 0
            stop = f"read to the end of “{sections[until]}”" if sections else "stop where the time is up"
            about = f"about {say.minutes(whole)} {'are left' if reached else 'in all'}"
            reason = (
                f"{reason.rstrip('.')}; it takes {about}, so {stop}, and say where you stopped."
                if not reached
                else (f"{reason.rstrip('.')} and {about}: {stop}, and say where you stopped.")
            )
        return Step("chapter", id, title, float(int(minutes)), reason, chapter.skills, partial)

    def project_step(self, left: float) -> Step | None:
        if left < 20:
            return None
        for project in self.c.projects.values():
            trace = self.state.projects.get(project.id)
            skills = [s for s in project.skills if s in self.c.skills]
            if project.id in self.put_off or not self.put_off_skills.isdisjoint(skills):
                continue
            if (trace and trace.done_at) or not skills or not all(self.learned(s) or self.skipped(s) for s in skills):
                continue
            done = len(trace.milestones) if trace else 0
            step = project.milestones[done] if done < len(project.milestones) else project.deliverable
            reason = f"Every skill that it needs is yours; it ends with {_lower(project.deliverable)}."
            return Step(
                "project",
                project.id,
                f"{project.title}: {step}",
                float(int(min(left, PROJECT_SITTING))),
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

    def reading_step(self, left: float, used: set[str], all_learned: bool = False) -> Step | None:
        """A chapter of the chosen book on what was taught and is not learned yet or, with `all_learned`, on what is."""
        taken = used | self.put_off
        for module in self.c.modules.values():
            if module.id in self.state.skipped or not any(self.taught(s) for s in self.ix.module_skills[module.id]):
                continue
            book = chosen_book(self.c, self.state, module.id)
            resource = self.c.resources.get(book or "")
            for chapter in resource.chapters if resource else ():
                key = f"{resource.id}#{chapter.number}" if resource else ""
                served = [s for s in chapter.skills if s in self.c.skills]
                if not served or not all(self.taught(s) for s in served) or all(self.learned(s) for s in served) is not all_learned:
                    continue
                if resource and key not in self.state.chapters and key not in taken:
                    return self.chapter_step(resource, chapter, left, f"It tells {self.titles(served)} more slowly, and from another side.")
        return None

    def stretch_step(self, left: float, used: set[str]) -> Step | None:
        open_labs = [
            lab
            for lab in self.c.labs.values()
            if lab.id not in used
            and lab.id not in self.put_off
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
            if m.attempts < FEW or m.p - m.sd < MASTERED or trace.proof < ASSURED:
                thin.append((trace.proof, m.p - m.sd, skill, m.p))
        for *_, skill, p in sorted(thin):
            reason = f"{say.capital(self.title(skill))} counts as yours, but not for certain: today you would get it right {say.often(p)}."
            step = self.practise(skill, left, reason) or self.ask(skill, left, reason)
            if step is not None and not self.barred(step, used):
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
                if step.kind != kind:
                    continue
                if kind == "lab" and not step.partial and not step.again:
                    return f"{self.c.labs[step.target].title}, written by you and passing"
                if kind == "lesson":
                    return self.c.lessons[step.target].title
                if kind == "chapter" and not step.again:
                    resource, _, number = step.target.partition("#")
                    _, chapter = self.chapter(resource, int(number))
                    return chapter.title + ("" if step.partial else f", chapter {chapter.number} read")
                if kind == "project":
                    return step.title
                if kind == "lab" and len(steps) <= 2:
                    return f"{self.c.labs[step.target].title}, a good part of it"
                if kind == "problem" and len(set(step.problems)) > 1:
                    return "To see which is which, and to do it"
                if kind == "problem":
                    return f"{self.c.problems[step.target].title}, sure of it"
        if steps[-1].kind == "review":
            return f"{steps[-1].title}, kept"
        return steps[-1].title

    def promise(self, steps: list[Step], spread: str) -> str:
        last = steps[-1]
        if last.kind == "rest":
            return last.reason
        new = [s for s in steps if s.kind in ("lesson", "chapter", "lab", "project") and not s.again]
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
        if new and any(s.beneath for s in steps):
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

    def chapter(self, resource: str, number: int) -> tuple[Resource, Chapter]:
        """A book and its chapter, of which the curriculum or a step of this plan speaks."""
        chapter = self.c.resources[resource].chapter(number)
        assert chapter is not None
        return self.c.resources[resource], chapter

    # Why not

    @cached_property
    def evening(self) -> Session:
        """Tonight's, as another asks for it: to plan it changes what this one takes for taught."""
        return Planner(self.c, self.state, self.now).session(self.state.minutes_per_day)

    def instead_of(self, target: str) -> WhyNot:
        """Why not this, and what the learner may do about it."""
        target = target.strip()
        if target == CARDS:
            cards, _ = self.cards(self.state.minutes_per_day)
            reason = cards.reason if cards else "No card is due."
        else:
            reason = self.why_not(target)
        if target in self.put_off:
            step = None if target == CARDS else self.anyway(target, float(self.state.minutes_per_day))
            return WhyNot("You put it off: it comes no sooner than tomorrow.", step, put_off=True)
        tonight = next((step for step in self.evening.steps if target in step.named), None)
        if tonight is not None:
            return WhyNot(reason, None if tonight.row == "chosen" or tonight.kind == "review" else tonight, tonight=True)
        return WhyNot(reason, self.anyway(target, float(self.state.minutes_per_day)))

    def why_not(self, target: str) -> str:
        c, state = self.c, self.state
        target = target.strip()
        for n, step in enumerate(self.evening.steps, 1):
            if step.target and target in step.targets:
                says = "It is" if step.row == "chosen" else "It is what the plan says:"
                return f"{says} step {say.number(n)} of this session. {step.reason}"
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
        steps = [s for s in self.evening.steps if s.kind != "review"]
        return f" The plan puts {_quoted(steps[0].title)} first: {_lower(steps[0].reason)}" if steps and steps[0].kind != "rest" else ""

    def blockers(self, skills: tuple[str, ...]) -> list[str]:
        lacking: dict[str, None] = {}
        for s in skills:
            if s in self.c.skills and not self.learned(s):
                lacking.update(dict.fromkeys(missing(self.c, self.state, s)))
        return [s for s in self.c.order if s in lacking and s not in skills and not self.aside(s)]

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
        if resting and self.stuck(resting):
            return (
                f"{self.does_not_help(resting, self.state.skills[resting])}: more of the same does not help, so something else is tried, "
                f"and it comes back after some days.{self.instead()}"
            )
        if resting:
            trace = self.state.skills[resting]
            sat, answers = self.ago(trace.answered_at), say.count(round(trace.right + trace.wrong), "answer")
            between = "a night between helps" if self.wait(resting, trace) <= 1 else "a few days between help"
            return (
                f"You practised {_lower(self.title(resting))} {sat}; after {answers}, {between} more than more of the same.{self.instead()}"
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
        if resource in self.c.modules[module].shelf and chosen and chosen != resource.id:
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
