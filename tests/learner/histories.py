"""Histories to test on: generated ones for properties, and a small diary to write them by hand."""

from __future__ import annotations

import random

import msgspec
from course import DAY, START, course
from hypothesis import strategies as st

from modelwright.curriculum import Curriculum
from modelwright.journal import events as e
from modelwright.journal.events import Event
from modelwright.learner import Session, State, due_cards, fold, session

MINUTE = 60_000


class Diary:
    """A learner on the test course whose every evening is a line of code."""

    def __init__(self, curriculum: Curriculum | None = None, enrolled: bool = True) -> None:
        self.course = curriculum or course()
        self.events: list[Event] = []
        self.now = START
        if enrolled:
            self.add(e.Enrolled(name="Ada", hours_per_week=6))

    def add(self, data: e.Data, after: float = 1.0) -> Diary:
        """Something happens, `after` minutes later."""
        self.now += int(after * MINUTE)
        event = Event(id=f"{len(self.events):032x}", at=self.now, data=data)  # type: ignore[arg-type]
        self.events.append(msgspec.json.decode(msgspec.json.encode(event), type=Event))  # as the journal returns it
        return self

    def wait(self, days: float) -> Diary:
        self.now += int(days * DAY)
        return self

    def lesson(self, id: str) -> Diary:
        return self.add(e.LessonFinished(lesson=id, seconds=900), 15)

    def answers(self, id: str, *rights: bool, **more: object) -> Diary:
        skills = list(self.course.problems[id].skills)
        for n, right in enumerate(rights):
            self.add(e.ProblemAnswered(problem=id, seed=n, skills=skills, answer="", right=right, seconds=90, **more), 2)  # type: ignore[arg-type]
        return self

    def lab(self, id: str, passed: bool = True, share: float = 0.5) -> Diary:
        lab = self.course.labs[id]
        return self.add(
            e.LabSubmitted(
                lab=id, skills=list(lab.skills), passed=passed, checks_passed=10 if passed else int(10 * share), checks_total=10,
                seconds=lab.minutes * 60, source_sha256="", verdict={},
            ),
            lab.minutes,
        )  # fmt: skip

    def card(self, id: str, rating: int = 3) -> Diary:
        return self.add(e.CardReviewed(card=id, skill=self.course.cards[id].skill, rating=rating, seconds=8), 0.2)  # type: ignore[arg-type]

    def learn(self, *skills: str) -> Diary:
        """Lesson (or chapters), problems and labs of these skills, all of it well."""
        for skill in skills:
            for lesson in self.course.teaching(skill, "lesson"):
                self.lesson(lesson)
            if not self.course.teaching(skill, "lesson"):
                for resource, number in self.course.chapters(skill):
                    self.add(e.ChapterRead(resource=resource, chapter=number, hours=1.5), 90)
            for problem in self.course.teaching(skill, "problem"):
                self.answers(problem, True, True, True)
        return self

    def question(self, skill: str, right: bool, rng: random.Random) -> Diary:
        """A question of the bank, in the check of a chapter."""
        item = self.course.items[rng.choice(self.course.teaching(skill, "item"))]
        return self.add(
            e.ItemAnswered(
                item=item.id, skills=[skill], right=right, seconds=60, item_kind=item.kind, difficulty=float(item.difficulty), setting="chapter"
            )
        )  # fmt: skip

    @property
    def state(self) -> State:
        return fold(self.course, self.events)

    def evening(self, minutes: float = 60) -> Session:
        return session(self.course, self.state, self.now, minutes)

    def follow(self, minutes: float = 60, success: float = 1.0, rng: random.Random | None = None) -> Session:
        """Do what the plan says."""
        rng = rng or random.Random(0)
        plan = self.evening(minutes)
        for step in plan.steps:
            if step.kind == "lesson":
                self.lesson(step.target)
            elif step.kind == "problem":
                for problem in step.problems:
                    self.answers(problem, rng.random() < success)
            elif step.kind == "lab":
                self.lab(step.target, not step.partial and rng.random() < success)
            elif step.kind == "chapter":
                resource, number = step.target.split("#")
                done = not step.partial or rng.random() < 0.5
                if done:
                    self.add(e.ChapterRead(resource=resource, chapter=int(number), hours=1.5), step.minutes)
            elif step.kind == "check":
                for skill in step.skills:
                    self.question(skill, rng.random() < success, rng)
            elif step.kind == "project":
                self.add(e.ProjectEntry(project=step.target, done=True, hours=1), step.minutes)
            elif step.kind == "review":
                for due in due_cards(self.course, self.state, self.now)[: round(step.minutes / 0.4)]:
                    self.card(due.card, 3 if rng.random() < success else 1)
        return plan


def happenings(curriculum: Curriculum) -> st.SearchStrategy[e.Data]:
    """Any event at all, about this course or about things that it no longer holds."""

    def some(ids: object) -> st.SearchStrategy[str]:
        return st.sampled_from([*ids, "gone/away"])  # type: ignore[misc]

    skills = st.lists(some(curriculum.skills), min_size=0, max_size=3, unique=True)
    seconds = st.floats(0, 4000)
    lab, problem = some(curriculum.labs), some(curriculum.problems)
    unit = st.floats(0, 1)
    return st.one_of(
        st.builds(e.Enrolled, name=st.just("A"), hours_per_week=st.floats(1, 40), background=st.dictionaries(some(curriculum.modules), st.integers(0, 3))),
        st.builds(e.GoalsChanged, retention=st.none() | st.floats(0.5, 1), books=st.none() | st.just({"algebra": "algebra/light"}),
                  skipped=st.none() | st.lists(st.just("games"), max_size=2), hours_per_week=st.none() | st.floats(0, 30)),
        st.builds(e.Placed, skills=st.dictionaries(some(curriculum.skills), unit), by=st.sampled_from(["test", "self-report"])),
        st.builds(e.ItemAnswered, item=st.just("algebra/i1"), skills=skills, right=st.booleans(), seconds=seconds,
                  item_kind=st.sampled_from(["choose", "predict", "find-fault", "order", "compute", "code"]), difficulty=st.floats(1, 5),
                  setting=st.sampled_from(["placement", "chapter", "exam", "verify"]), misconception=st.none() | st.just("the sign is lost")),
        st.builds(e.LessonOpened, lesson=some(curriculum.lessons)),
        st.builds(e.LessonFinished, lesson=some(curriculum.lessons), seconds=seconds),
        st.builds(e.ChapterRead, resource=st.just("python/crash"), chapter=st.integers(1, 4), hours=st.floats(0, 9), done=st.booleans()),
        st.builds(e.ProblemAnswered, problem=problem, seed=st.just(1), skills=skills, answer=st.just(""), right=st.booleans(), seconds=seconds,
                  attempt=st.integers(1, 3), solution_shown=st.booleans(), misconception=st.none() | st.just("rows and columns swapped")),
        st.builds(e.CardReviewed, card=some(curriculum.cards), skill=some(curriculum.skills), rating=st.integers(1, 4), seconds=seconds),
        st.builds(e.LabSubmitted, lab=lab, skills=skills, passed=st.booleans(), checks_passed=st.integers(0, 9), checks_total=st.integers(0, 9),
                  seconds=seconds, source_sha256=st.just(""), verdict=st.just({})),
        st.builds(e.HintTaken, lab=lab, number=st.integers(1, 3)),
        st.builds(e.SolutionSeen, target=lab | problem, after_pass=st.booleans()),
        st.builds(e.ProjectEntry, project=some(["spam"]), milestone=st.none() | st.integers(0, 2), done=st.booleans(), hours=st.floats(0, 5)),
        st.builds(e.CompetitionEntry, competition=st.just("c"), public_score=unit),
        st.builds(e.CompetitionClosed, competition=st.just("c"), data=st.just("d"), scores=st.just({"e": 0.5})),
        st.builds(e.RunFinished, run=st.just("r"), recipe=st.just("tiny"), seconds=seconds, metrics=st.just({})),
        st.builds(e.NoteWritten, target=some(curriculum.skills), text=st.just("why?")),
        st.builds(e.TimeLogged, hours=st.floats(0, 12), what=st.just("a lecture")),
        st.builds(e.ForecastMade, finish=st.just({"q50": 5})),
        st.builds(e.MemoryFitted, parameters=st.sampled_from([[], [*([1.0] * 4), 5.0, *([0.5] * 15), 0.15]])),
    )  # fmt: skip


@st.composite
def histories(draw: st.DrawFn, curriculum: Curriculum, most: int = 60) -> list[Event]:
    """Events in journal order; now and then one that happened earlier, as after a merge of two machines."""
    at = START
    made = []
    for n, data in enumerate(draw(st.lists(happenings(curriculum), max_size=most))):
        at += draw(st.sampled_from([0, 1, 5_000, 600_000, DAY // 2, DAY - 1, DAY, 3 * DAY, 40 * DAY]))
        late = draw(st.sampled_from([0, 0, 0, 0, 2 * DAY]))
        made.append(Event(id=f"{n:032x}", at=at - late, tz=draw(st.sampled_from([0, 120, -300])), data=data))  # type: ignore[arg-type]
    return made
