"""Evenings to mastery of the first stage: the program's sessions against the books in their fixed order with a weekly review.

Run: python bench/evenings.py [--learners 4] [--most 700] [world …]
     python bench/evenings.py --slow [--learners 4] [--against FOLDER/src]

Six worlds, an hour an evening, the real plan of the first stage. A person learns a skill by hours spent on it: so many as the curriculum
gives it, times how this person takes to its module, times chance; an hour counts for two fifths of itself where nothing is left of the
skill's prerequisites, and wholly where all of them are there. An hour is an hour: nothing is gained by the way it is spent, whether over a
lesson, a chapter, a problem or a lab. What was learned fades and is strengthened as in `worlds.py`. None of this is what the program
believes: it hears of finished things and of right and wrong answers, and plans by `session`.

books    reads each module's main book from the first chapter to the last, then, of its other resources, the chapters that teach what it
         does not. Every seventh evening is a review: five minutes on each of the twelve skills that were worked on longest ago. When
         all is read, every evening is one.
program  begins with 25 minutes of placement where the person brings something along; then does what the evening's plan says, in its order.

Both have the same person (seeds are fixed), and a person's pace is the same over a chapter, a lesson and a lab. Who looks at a chapter
again looks at what they lack. Mastered: true recall of at least 0.8 at the end of the evening, on 95 in 100 of the stage's skills; those
for which the curriculum has neither lesson nor chapter nor exercise are left out, in both arms. Someone who does not get there counts as
if they had on the last evening. Intervals are 1.96 standard errors over learners.

The seventh world (`--slow`) is of a person who is right in 45 of 100 answers at first and in 75 of 100 after 120 evenings, whatever is
asked: does anything hold them at one place? Told are the most evenings of any 60 on which one kind of problem came; of the stage's skills,
the share that counts as learned after 120 evenings, and the share of which all hours were spent. `--against` runs the same people with the
program of another source folder.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from typing import Literal

import numpy as np

from modelwright.curriculum import Curriculum, load
from modelwright.journal import events as e
from modelwright.journal.events import Event
from modelwright.learner import Session, State, Step, due_cards, fold, session
from modelwright.learner.beliefs import learned
from modelwright.learner.fsrs import DAY
from modelwright.learner.index import index
from modelwright.learner.placement import Answered, Placement
from worlds import CODE, MATHEMATICS, SLOW, START, WORLDS, Truth, World, table

MINUTE = 60_000
EVENING = 60.0
BAR, ENOUGH = 0.8, 0.95
SLOW_EVENINGS, SPAN = 120, 60
ALONE = 0.4  # of an hour, on a skill whose prerequisites are gone
PARTLY = 0.5  # of a half-learned skill, the chance of a right answer
SLOT = 5.0  # minutes on one skill in a review of one's own
PLACING = 25
A_QUESTION = 1.0
# The share of modules' skills that is known on the first evening, by world.
BRINGS = {"fast, forgets": (0.25, 0.25), "programmer, weak in mathematics": (0.0, 0.85), "quits and returns": (0.3, 0.0)}


def stage_one(curriculum: Curriculum) -> Curriculum:
    """The first stage alone, without its projects: neither arm builds them."""
    first = next(iter(curriculum.stages.values()))
    return Curriculum(curriculum.folder, [first], [], curriculum.shared.values(), "bench")


class Person(Truth):
    """Someone in a world, with what they know, half know and forget."""

    def __init__(self, course: Curriculum, world: World, seed: int) -> None:
        super().__init__(course, index(course).contains, world, seed)
        self.course = course
        pace = float(self.rng.gamma(25, 1 / 25))
        self.pace = {m: world.effort(m) * pace for m in course.modules}
        self.need = {s: k.hours * self.pace[k.module] * float(self.rng.gamma(8, 1 / 8)) for s, k in course.skills.items()}
        self.done = dict.fromkeys(course.skills, 0.0)  # of each skill, the share that is learned
        self.counted = [s for s in course.skills if index(course).teaches[s]]
        mathematics, code = BRINGS.get(world.name, (0.0, 0.0))
        for module in course.modules:
            share = mathematics if module in MATHEMATICS else code if module in CODE else 0.0
            inside = index(course).module_skills[module]
            for skill in inside[: round(share * len(inside))]:
                self.done[skill], self.last[skill], self.half[skill] = 1.0, -10, 200.0
        self.brings = mathematics + code > 0
        self.evening = 0
        self.used: set[tuple[str, int]] = set()

    def holds(self, skill: str, day: int) -> float:
        return self.recall(skill, day) if skill in self.last else 0.0

    def spend(self, skills: Iterable[str], minutes: float, day: int) -> None:
        """Time over these skills, shared equally."""
        skills = [s for s in skills if s in self.done]
        for skill in skills:
            if self.done[skill] >= 1:
                if (skill, day) not in self.used:
                    self.used.add((skill, day))
                    self.use(skill, day)
                continue
            needed = self.course.skills[skill].prerequisites
            there = float(np.mean([self.holds(p, day) for p in needed if p in self.done])) if needed else 1.0
            self.done[skill] += minutes / 60 / len(skills) * (ALONE + (1 - ALONE) * there) / self.need[skill]
            if self.done[skill] >= 1:
                self.last[skill] = day

    def answers(self, skills: Iterable[str], day: int) -> bool:
        """A question on these, and on the parts of them that it happens to need."""
        if self.world.rights is not None:
            first, last = self.world.rights
            return bool(self.rng.random() < first + (last - first) * min(self.evening / SLOW_EVENINGS, 1.0))
        right = True
        for skill in skills:
            if skill not in self.done:
                continue
            if self.done[skill] < 1:
                right &= bool(self.rng.random() < PARTLY * self.done[skill])
                continue
            right &= self.use(skill, day)
            for inner, w in self.inside.get(skill, ()):
                if inner in self.last and self.rng.random() < w:
                    right &= self.use(inner, day)
        return bool(right or self.rng.random() < self.world.guess)

    def mastered(self, day: int) -> bool:
        return float(np.mean([self.holds(s, day) >= BAR for s in self.counted])) >= ENOUGH


def evenings(person: Person) -> Iterable[tuple[int, int]]:
    """(evening, day): the days on which this person studies."""
    evening = 0
    for day in range(10_000):
        if not person.world.away(day):
            evening += 1
            yield evening, day


# The books


def shelf(course: Curriculum) -> list[tuple[str, float, tuple[str, ...]]]:
    """(module, hours, skills) of each chapter, in the order in which they are read."""
    order: list[tuple[str, float, tuple[str, ...]]] = []
    for module in course.modules.values():
        books = sorted((r for r in module.resources if r.chapters), key=lambda r: r.role != "main")
        covered: set[str] = set()
        for n, book in enumerate(books):
            for chapter in book.chapters:
                own = {s for s in chapter.skills if s in course.skills}
                if n == 0 or own - covered:
                    order.append((module.id, chapter.hours, tuple(s for s in chapter.skills if s in own)))
                    covered |= own
    return order


def by_the_books(person: Person, most: int) -> int:
    waiting = [(hours * 60 * person.pace[module], skills) for module, hours, skills in shelf(person.course)]
    touched: dict[str, int] = {}
    for evening, day in evenings(person):
        left = EVENING
        if waiting and evening % 7:
            while left > 0 and waiting:
                whole, skills = waiting.pop(0)
                now = min(left, whole)
                person.spend(skills, now, day)
                touched.update(dict.fromkeys(skills, day))
                left -= now
                if whole > now:
                    waiting.insert(0, (whole - now, skills))
        while left > 0:
            # Nobody tells them which skills they lack: those of longest ago come first, met or, after the books, not.
            able = sorted(touched if waiting else person.counted, key=lambda s: touched.get(s, -1))
            if not able:
                break
            person.spend(able[:1], SLOT, day)
            touched[able[0]] = day
            left -= SLOT
        if evening >= most or person.mastered(day):
            return evening
    raise AssertionError


# The program


class Follower:
    """Someone who does what the plan says."""

    def __init__(self, person: Person) -> None:
        self.person, self.course = person, person.course
        self.state: State = State()
        self.at = START
        self.left: dict[str, float] = {}  # what was begun: minutes still to do
        self.asked: dict[str, int] = {}
        self.happened: list[Event] = []
        self.met: dict[str, set[int]] = {}  # kind of problem -> evenings

    def tell(self, data: e.Data, minutes: float = 0.0) -> None:
        self.at += int(minutes * MINUTE)
        self.happened.append(Event(id="0" * 32, at=self.at, data=data))  # type: ignore[arg-type]

    def learn_of(self) -> None:
        self.state = fold(self.course, self.happened, self.state)
        self.happened = []

    def place(self, day: int) -> None:
        """What a placement makes of `PLACING` answers: the skills that they decide, as the program records them."""
        placement, given = Placement(self.course), []
        for _ in range(PLACING):
            ask = placement.believe(given).next
            if ask is None:
                break
            given.append(Answered(ask, self.person.answers([ask], day)))
        asked = {answer.skill for answer in given}
        says = {s: p for s, p in placement.believe(given).skills.items() if s in asked or max(p, 1 - p) >= 0.75}
        self.tell(e.Placed(skills=says, by="test", questions=len(given)), PLACING * A_QUESTION)

    def question(self, skill: str, day: int, setting: Literal["chapter", "exam"]) -> None:
        items = self.course.teaching(skill, "item")
        if not items:
            return
        item = self.course.items[min(items, key=lambda id: self.asked.get(id, 0))]
        self.asked[item.id] = self.asked.get(item.id, 0) + 1
        self.tell(
            e.ItemAnswered(
                item=item.id, skills=[skill], right=self.person.answers([skill], day), seconds=60.0, item_kind=item.kind,
                difficulty=float(item.difficulty), setting=setting,
            ),
            A_QUESTION,
        )  # fmt: skip

    def finished(self, target: str, whole: float, skills: Iterable[str], room: float, day: int) -> tuple[float, bool]:
        """Go on with something that takes more than one sitting. Returns the minutes of tonight, and whether it is done."""
        whole = self.left.get(target, whole)
        now = min(room, whole)
        self.person.spend(skills, now, day)
        self.left[target] = whole - now
        if now < whole:
            return now, False
        del self.left[target]
        return now, True

    def do(self, step: Step, room: float, day: int) -> float:
        """One step, in at most these minutes. Returns how many it took."""
        person, course, target = self.person, self.course, step.target
        pace = person.pace.get(target.split("/")[0], 1.0)
        if step.kind == "review":
            spent = 0.0
            for due in due_cards(course, self.state, self.at)[: round(step.minutes / 0.4)]:
                skill = course.cards[due.card].skill
                knows = person.rng.random() < (person.holds(skill, day) if skill in person.last else PARTLY * person.done[skill])
                if person.rng.random() < 0.3:
                    person.spend([skill], 0.4, day)
                self.tell(e.CardReviewed(card=due.card, skill=skill, rating=3 if knows else 1, seconds=20.0), 0.4)
                spent += 0.4
            return spent
        if step.kind == "lesson":
            spent, done = self.finished(target, step.minutes * pace, step.skills, room, day)
            if done:
                self.tell(e.LessonFinished(lesson=target, seconds=spent * 60), spent)
            return spent
        if step.kind == "chapter":
            book, number = target.split("#")
            chapter = next(c for c in course.resources[book].chapters if str(c.number) == number)
            again = getattr(step, "again", step.title.startswith("Look again"))  # an older program, beside which this one is measured
            lacking = tuple(s for s in chapter.skills if person.done.get(s, 1.0) < 1) if again else ()
            whole = step.minutes if again else chapter.hours * 60 * pace
            spent, done = self.finished(target, whole, lacking or chapter.skills, room, day)
            if done:
                more = {"again": True} if again and "again" in e.ChapterRead.__struct_fields__ else {}
                self.tell(e.ChapterRead(resource=book, chapter=int(number), hours=spent / 60, **more), spent)
                skills = sorted((s for s in chapter.skills if s in course.skills), key=lambda s: self.asked.get(s, 0))[:3]
                for skill in skills:
                    self.asked[skill] = self.asked.get(skill, 0) + 1
                    self.question(skill, day, "chapter")
                spent += len(skills) * A_QUESTION
            return spent
        if step.kind == "problem":
            spent = 0.0
            for kind in getattr(step, "problems", ()) or [target] * max(1, round(step.minutes / course.problems[target].minutes)):
                problem = course.problems[kind]
                if spent and spent + problem.minutes * pace > room:
                    break
                right = person.answers(problem.skills, day)
                person.spend(problem.skills, problem.minutes * pace, day)
                more = {"example": True} if getattr(step, "example", False) else {}
                answered = e.ProblemAnswered(
                    problem=kind, seed=0, skills=list(problem.skills), answer="", right=right, seconds=60.0, **more
                )
                self.met.setdefault(kind, set()).add(person.evening)
                self.tell(answered, problem.minutes * pace)
                spent += problem.minutes * pace
            return spent
        if step.kind == "lab":
            lab = course.labs[target]
            spent, done = self.finished(target, lab.minutes * pace, lab.skills, room, day)
            right = done and person.answers(lab.skills, day)
            if done and not right:
                self.left[target] = 0.3 * lab.minutes * pace
            self.tell(
                e.LabSubmitted(
                    lab=target, skills=list(lab.skills), passed=right, checks_passed=10 if right else 5, checks_total=10,
                    seconds=spent * 60, source_sha256="", verdict={},
                ),
                spent,
            )  # fmt: skip
            return spent
        if step.kind == "check":
            for n in range(round(step.minutes / A_QUESTION)):
                self.question(step.skills[n % len(step.skills)], day, "chapter")
            return step.minutes
        if step.kind == "exam":
            for skill in list(step.skills)[:: max(1, len(step.skills) // 10)][:10]:
                self.question(skill, day, "exam")
            return step.minutes
        return 0.0

    def evening(self, minutes: float, day: int) -> None:
        plan: Session = session(self.course, self.state, self.at, minutes)
        left = minutes
        for step in plan.steps:
            if left <= 0:
                break
            left -= self.do(step, left, day)
            self.learn_of()
        if left > 10 and len(plan.steps) > 1:
            # Sooner done than planned: ask again, as a person would.
            for step in session(self.course, self.state, self.at, left).steps:
                if left <= 0:
                    break
                left -= self.do(step, left, day)
            self.learn_of()


def by_the_program(person: Person, most: int) -> int:
    follower = Follower(person)
    follower.tell(e.Enrolled(name="A", hours_per_week=7))
    for evening, day in evenings(person):
        follower.at = max(follower.at, START + day * DAY)
        minutes = EVENING
        if evening == 1 and person.brings:
            follower.place(day)
            minutes -= PLACING * A_QUESTION
        follower.learn_of()
        follower.evening(minutes, day)
        if evening >= most or person.mastered(day):
            return evening
    raise AssertionError


def counts(course: Curriculum, state: State, skill: str, now: int) -> bool:
    """Whether a skill counts as learned; an older program asks for the moment too."""
    return bool(learned(*(course, state, skill, now)[: learned.__code__.co_argcount]))


def slowly(seed: int) -> dict[str, float]:
    """What `SLOW_EVENINGS` evenings come to for one person of the seventh world."""
    course = stage_one(load())
    person = Person(course, SLOW, seed)
    follower = Follower(person)
    follower.tell(e.Enrolled(name="A", hours_per_week=7))
    for evening, day in evenings(person):
        person.evening = evening
        follower.at = max(follower.at, START + day * DAY)
        follower.learn_of()
        follower.evening(EVENING, day)
        if evening >= SLOW_EVENINGS:
            break
    counted = person.counted
    return {
        "most": max(sum(begin <= n < begin + SPAN for n in met) for met in follower.met.values() for begin in met),
        "learned": float(np.mean([counts(course, follower.state, s, follower.at) for s in counted])),
        "spent": float(np.mean([person.done[s] >= 1 for s in counted])),
        "lessons": len(follower.state.lessons),
    }


def slow(learners: int, against: str) -> None:
    """The table of the seventh world, with that of another source folder beside it."""
    rows = []
    for name, source in (("this program", ""), (against, against)):
        if name:
            people = []
            for seed in range(6000, 6000 + learners):
                environment = {**os.environ, **({"PYTHONPATH": source} if source else {})}
                command = [sys.executable, __file__, "--person", str(seed)]
                people.append(json.loads(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout))
            shares = [f"{np.mean([p[key] for p in people]):.3f}" for key in ("learned", "spent")]
            most = [int(p["most"]) for p in people]
            rows.append([name, f"{np.mean(most):.1f}", str(max(most)), *shares, f"{np.mean([p['lessons'] for p in people]):.0f}"])
    head = ["program", f"most of {SPAN}, mean", "largest", f"learned after {SLOW_EVENINGS}", "hours spent", "lessons"]
    table(f"A person who is right in 45 of 100 answers, growing to 75: {learners} learners", head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description="Evenings to mastery of the first stage.")
    parser.add_argument("--slow", action="store_true", help="the seventh world")
    parser.add_argument("--against", default="", metavar="FOLDER", help="with --slow, the source folder of another program beside it")
    parser.add_argument("--person", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--learners", type=int, default=4)
    parser.add_argument("--most", type=int, default=700, help="evenings after which a learner is given up")
    parser.add_argument("worlds", nargs="*", help="beginnings of their names; none: all")
    asked = parser.parse_args()
    if asked.person is not None:
        print(json.dumps(slowly(asked.person)))
        return
    if asked.slow:
        slow(asked.learners, asked.against)
        return
    course = stage_one(load())
    counted = sum(index(course).teaches[s] for s in course.skills)
    rows, middles = [], []
    for n, world in enumerate(WORLDS):
        if asked.worlds and not world.name.startswith(tuple(asked.worlds)):
            continue
        books, ours = [], []
        for seed in range(1000 * n, 1000 * n + asked.learners):
            books.append(by_the_books(Person(course, world, seed), asked.most))
            ours.append(by_the_program(Person(course, world, seed), asked.most))
        ratios = np.array(ours) / np.array(books)
        middles.append(float(ratios.mean()))
        error = 1.96 * ratios.std(ddof=1) / np.sqrt(len(ratios)) if len(ratios) > 1 else float("nan")
        given_up = [f"{sum(x >= asked.most for x in arm)}" for arm in (books, ours)]
        rows.append([world.name, f"{np.mean(books):.0f}", f"{np.mean(ours):.0f}", f"{middles[-1]:.2f} ± {error:.2f}", ", ".join(given_up)])
        print(f"  {world.name}: {middles[-1]:.2f}", flush=True)
    head = ["world", "books", "program", "ratio", f"not there after {asked.most}"]
    table(f"Evenings of an hour to mastery of {counted} skills, {asked.learners} learners a world", head, rows)
    print(f"median ratio {np.median(middles):.2f}, worst {max(middles):.2f} (aimed at: 0.70)")


if __name__ == "__main__":
    main()
