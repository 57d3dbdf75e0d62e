"""The studio: one method for each thing that a person can do. See the package's docstring for what it is and is not.

Every method refreshes the folded state first and answers from it under one lock; only grading, which takes long and needs no
state, runs outside. What is costly and changes slowly (the session, the forecast) is kept until the journal or the minute moves on.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from modelwright.curriculum import Curriculum, load
from modelwright.curriculum.effort import taught_by_lessons
from modelwright.errors import ModelwrightError
from modelwright.journal import Journal, UnwritableJournalError
from modelwright.journal import events as e
from modelwright.learner.exams import exam_length, exam_passed
from modelwright.learner.wording import day_of
from modelwright.studio import arena, asking, calendar, content, evening, groups, knowing, lessons, outlook, placement, road, running
from modelwright.studio import views as v
from modelwright.studio.desk import KNOWN, Desk
from modelwright.studio.errors import HomeError, NotEnrolled, NotYet, StudioError, Unknown
from modelwright.studio.guest import Guest
from modelwright.studio.home import Home, home_error
from modelwright.studio.ledger import Ledger
from modelwright.studio.placement import Placer
from modelwright.studio.record import SITTING
from modelwright.studio.sitting import Sitting
from modelwright.workshop import NoGit, Workshop, WorkshopError
from modelwright.workshop.merging import difference, merged
from modelwright.workshop.workshop import sha as sha_of

if TYPE_CHECKING:
    from modelwright.curriculum.lesson_blocks import Faded
    from modelwright.curriculum.models import Chapter, Competition, Lab, Lesson, Module
    from modelwright.grading import CheckResult, Grader, Sessions, Verdict

MINUTE, WEEK = 60_000, 604_800_000
MOST_KEPT = 200
FORECAST_STANDS = 60_000  # milliseconds for which a forecast is not drawn again, whatever was done meanwhile
MOST_ON_A_CARD = 2000  # characters of its question, and of its answer
MOST_TOGETHER = 12  # problems in one block
LOOKED_AGAIN = 0.25  # hours with a chapter that was read before
NEWCOMER = 14 * 86_400_000  # for so long the page Today asks whether some of the plan is known already
LONGEST_SITTING = 1800.0  # seconds: beyond this a pause is not work
LONGEST_TEXT = {"given": 1000, "expected": 1000, "got": 1000, "output": 2000, "traceback": 3000, "message": 2000}
CURRICULUM_KINDS = ("lesson", "problem", "lab", "card", "skill", "module", "resource", "project")


def clock() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class _Forecast:
    """A forecast that was drawn, and what it was drawn from."""

    goals: tuple[Any, ...]
    seq: int
    at: int
    view: v.ForecastView


View = TypeVar("View")


class Studio:
    """A learner's studio. Thread-safe; several may be open on one home, in several processes.

    read_only: why nothing can be written there now (a read-only folder, a full disk), empty where it can: questions are answered as ever,
    and whatever would record something says this.
    """

    def __init__(self, home: Home, curriculum: Curriculum, journal: Journal, now: Callable[[], int] = clock, read_only: str = "") -> None:
        self.home = home
        self.read_only = read_only
        self.curriculum = curriculum
        self.journal = journal
        self._now = now
        self._lock = threading.RLock()
        self._starting = threading.Lock()
        self._grader: Grader | None = None
        self._closed = False
        self._sessions: Sessions | None = None
        self._ledger = Ledger(journal, curriculum, home.cache)
        self._lost = journal.lost()
        self._pages = content.Pages(*_drawings(curriculum.folder))
        self._sitting = Sitting(home.run / "opened.json")
        self._kept: dict[Any, tuple[tuple[int, int], Any]] = {}
        self._drawing: set[str] = set()
        self._undrawable: set[str] = set()
        self._forecast_kept: _Forecast | None = None
        self._forecasting = threading.Lock()
        self._fitting = threading.Lock()
        self._preparation = groups.Preparation(self._undrawable.clear)
        self._shelf = arena.Shelf(home)
        self._measuring: set[str] = set()

    @classmethod
    def open(
        cls,
        home: Home | Path | str | None = None,
        curriculum_folder: Path | str | None = None,
        journal_url: str | None = None,
        now: Callable[[], int] = clock,
    ) -> Studio:
        """The studio on a home (default: `Home.from_env()`), ready to answer. Close it, or use it as a context manager.

        A home that cannot be written is opened for reading, if there is a journal to read.
        """
        place = home if isinstance(home, Home) else Home.at(home, journal_url) if home is not None else Home.from_env()
        if journal_url is not None and place.journal_url != journal_url:
            place = Home(place.folder, journal_url)
        complaint = place.trouble()
        curriculum = load(Path(curriculum_folder).expanduser() if curriculum_folder else None)
        journal, trouble = place.open_journal(complaint)
        try:
            return cls(place, curriculum, journal, now, "" if trouble is None else str(trouble))
        except BaseException:
            journal.close()
            raise

    def close(self) -> None:
        self.stop_grading()
        self._preparation.close()
        with self._lock:
            self._ledger.save()
            self.journal.close()
        if self._sessions is not None:
            self._sessions.close()
        with self._starting:
            if self._grader is not None:
                self._grader.close()
                self._grader = None

    def stop_grading(self) -> None:
        """End what is being graded, for good: who waits for it is told that nothing was judged. The files are saved all the same."""
        self._closed = True
        grader = self._grader
        if grader is not None:
            grader.hang_up()

    def __enter__(self) -> Studio:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @cached_property
    def guest(self) -> Guest:
        """The curriculum as something that may have come from elsewhere: what there is to know of it first, and whether that was noted."""
        return Guest(self.curriculum.folder, self.home.folder / "curricula.json")

    # Who

    @property
    def enrolled(self) -> bool:
        with self._desk() as desk:
            return desk.record.enrolled

    def enrol(
        self, name: str, hours_per_week: float, background: Mapping[str, int] | None = None, deadline: str | None = None
    ) -> v.SettingsView:
        """Begins: records who learns and makes the workshop.

        `background`: module id -> 0 (new to me) … 3 (I could teach it). `deadline`: ISO date.
        """
        name = _name(name)
        for module, level in (background or {}).items():
            self._find("module", module)
            if level not in (0, 1, 2, 3):
                raise StudioError(
                    f"What you know of {module} is given as {level}; it is a number from 0 (new to me) to 3 (I could teach it)."
                )
        self._append(
            e.Enrolled(name=name, hours_per_week=_hours(hours_per_week), background=dict(background or {}), deadline=_date(deadline))
        )
        self.workshop.create()
        return self.settings()

    def settings(self) -> v.SettingsView:
        with self._desk() as desk:
            return evening.settings_view(desk, self._minutes(desk), str(self.home.folder), str(self.home.workshop), self.journal.place)

    def change_goals(
        self,
        *,
        name: str | None = None,
        hours_per_week: float | None = None,
        deadline: str | None = None,
        minutes_per_day: int | None = None,
        books: Mapping[str, str] | None = None,
        skipped: Sequence[str] | None = None,
        retention: float | None = None,
    ) -> v.SettingsView:
        """Changes only what is given; a `deadline` of "" takes it away."""
        if minutes_per_day is not None and not 5 <= minutes_per_day <= 720:
            raise StudioError(f"{minutes_per_day} minutes a day cannot be planned with; choose between 5 and 720.")
        if retention is not None and not 0.7 <= retention <= 0.97:
            raise StudioError(f"A retention of {retention:g} is out of range; choose between 0.7 and 0.97 (0.9 suits most people).")
        self._choices(books, skipped)
        self._append(
            e.GoalsChanged(
                name=None if name is None else _name(name),
                hours_per_week=None if hours_per_week is None else _hours(hours_per_week),
                deadline="" if deadline == "" else _date(deadline),
                minutes_per_day=minutes_per_day,
                books=None if books is None else dict(books),
                skipped=None if skipped is None else list(skipped),
                retention=retention,
            )
        )
        return self.settings()

    def _choices(self, books: Mapping[str, str] | None, skipped: Sequence[str] | None) -> None:
        for module, book in (books or {}).items():
            options = [r.id for r in self._find("module", module).shelf]
            if not book and not taught_by_lessons(self.curriculum, module):
                raise StudioError(f"The lessons of {module} do not teach everything yet, so a book is needed: {', '.join(options)}.")
            if book and book not in options:
                raise StudioError(f"{module} has no book called '{book}'; it has {', '.join(options)}.")
        for module in skipped or ():
            if not self._find("module", module).optional:
                raise StudioError(f"The module {module} is not optional, so it cannot be left out.")

    # What next

    def today(self, minutes: int | None = None) -> v.Today:
        """This evening's list, for `minutes` more (default: what is left of the learner's own minutes a day)."""
        if minutes is not None and not 5 <= minutes <= 720:
            raise StudioError(f"An evening of {minutes} minutes cannot be planned; give a number between 5 and 720.")
        with self._desk(enrolled=True) as desk:
            wish = minutes or self._wish(desk)
            session = self._session(desk, minutes or self._left(desk))
            return evening.today_view(desk, session, wish, len(self._due(desk)), self._forecast(desk), self._horizon(desk), self._remarks())

    def next(self) -> v.Step:
        """What comes next, on another evening if this one is over."""
        with self._desk(enrolled=True) as desk:
            return self._next(desk)

    def next_tonight(self) -> v.Step | None:
        """The next step of this evening; None where its minutes are full."""
        with self._desk(enrolled=True) as desk:
            return self._next_tonight(desk)

    def lately(self, limit: int = 5) -> tuple[v.Link, ...]:
        """The things last worked on, newest first: lessons opened or read, problems, labs, chapters and projects."""
        with self._desk() as desk:
            return evening.lately(desk)[:limit]

    def why_not(self, target: str) -> v.WhyNot:
        """Why `target` (any id, or `cards`) is not next, and what may be done about it."""
        from modelwright.learner import why_not

        with self._desk(enrolled=True) as desk:
            id = self._wished(target)
            answer = why_not(self.curriculum, desk.state, desk.now, id)
            step = None if answer.step is None else evening.step_view(answer.step)
            return v.WhyNot(id, evening.wished_title(desk, id), answer.reason, step, answer.tonight, answer.put_off)

    def choose(self, target: str, wish: v.Wish) -> str:
        """Records what the learner wants of `target` this evening instead of the plan's word; returns what follows, in a sentence.

        It stands first (`now`), does not come before tomorrow (`not-tonight`), or comes as planned after all (`as-planned`).
        """
        from modelwright.learner import anyway

        with self._desk(enrolled=True) as desk:
            id = self._wished(target)
            title = evening.wished_title(desk, id)
            tonight = next((s for s in self._session(desk, self._left(desk)).steps if id in s.named), None)
            targets = tonight.named if tonight is not None else (id,)
            if wish == "now":
                step = anyway(self.curriculum, desk.state, desk.now, id, float(self._minutes(desk)))
                if step is None:
                    raise StudioError(f"{title} cannot be done by itself; name a lesson, a lab, a problem, a chapter or a project.")
                targets, title = (step.target,), step.title
            self._append(e.Chosen(targets=list(targets)[:50], wish=wish))
        return {
            "now": f"It stands first this evening: {title}.",
            "not-tonight": f"It comes no sooner than tomorrow: {title}.",
            "as-planned": f"It comes as the plan has it: {title}.",
        }[wish]

    def _wished(self, target: str) -> str:
        from modelwright.learner.planning import CARDS

        return target if target.strip() == CARDS else self._any(target)

    def forecast(self) -> v.ForecastView:
        with self._desk(enrolled=True) as desk:
            forecast = self._forecast(desk)
            assert forecast is not None
            return forecast

    def horizon(self) -> v.Horizon:
        """How far it is by the plan's own hours, at the learner's hours a week."""
        with self._desk(enrolled=True) as desk:
            return self._horizon(desk)

    def what_if(
        self, hours_per_week: float | None = None, skipped: Sequence[str] | None = None, books: Mapping[str, str] | None = None
    ) -> v.WhatIfView:
        """The forecast with other choices, beside the one that stands; nothing is changed. What is not given stays as it is."""
        hours = None if hours_per_week is None else _hours(hours_per_week)
        self._choices(books, skipped)
        left_out, chosen = None if skipped is None else tuple(skipped), dict(books or {})
        with self._desk(enrolled=True) as desk:
            stands = self._keep("stands", desk, lambda: self._as_things_stand(desk))
            key = ("what if", hours, left_out, tuple(sorted(chosen.items())))
            if len(self._kept) > MOST_KEPT:
                self._kept.clear()
            return self._keep(key, desk, lambda: outlook.what_if(desk, stands, hours, left_out, chosen))

    def fared(self) -> v.FaredView:
        """What the weekly forecasts said, and how they fared."""
        with self._desk(enrolled=True) as desk:
            forecast = self._forecast(desk)
            assert forecast is not None
            return outlook.fared(desk, forecast.fan[0].q50 if forecast.fan else 1.0)

    def calendar(self, weeks: int = 8, at: str = calendar.EVENING) -> bytes:
        """The plan as an iCalendar file: the sessions of the coming weeks, and when stages are likely to end."""
        with self._desk(enrolled=True) as desk:
            forecast, tonight, minutes = self._forecast(desk), self.today(), self._minutes(desk)
            assert forecast is not None
            return calendar.calendar(desk, forecast, minutes, tonight, self._ledger.seq, weeks, at)

    def status(self) -> v.StatusView:
        with self._desk() as desk:
            step = self._next(desk) if desk.record.enrolled else None
            forecast = self._forecast(desk)
            return evening.status_view(desk, len(self._due(desk)), step, forecast.sentence if forecast else "", self._remarks())

    # The road

    def plan(self) -> v.PlanView:
        with self._desk() as desk:
            return road.plan_view(desk, self._here(desk), self._forecast(desk))

    def module(self, module_id: str) -> v.ModuleView:
        with self._desk() as desk:
            return road.module_view(desk, self._find("module", module_id), self._here(desk))

    def skill_map(self) -> v.SkillMap:
        with self._desk() as desk:
            return road.skill_map(desk)

    def skill(self, skill_id: str) -> v.SkillView:
        """A skill with its history and its forgetting curve."""
        id = self._find("skill", skill_id).id
        with self._desk() as desk:
            return self._keep(("skill", id), desk, lambda: road.skill_view(desk, id, self.journal))

    def library(self, kind: str = "", module: str = "", free: bool = False, mine: bool = False) -> v.LibraryView:
        """All resources, or those of a kind or a module, those that cost nothing, those that the learner reads, has begun or noted."""
        if module:
            self._find("module", module)
        with self._desk() as desk:
            view = road.library_view(desk, kind, module, free, mine)
        if kind and kind not in view.kinds:
            raise StudioError(f"The library has no kind '{kind}'; it has {', '.join(view.kinds)}.")
        return view

    def resource(self, resource_id: str) -> v.ResourceView:
        resource = self._find("resource", resource_id)
        with self._desk() as desk:
            return desk.resource(resource)

    def search(self, query: str, limit: int = 20) -> tuple[v.Found, ...]:
        """Modules, skills, lessons, labs, problems, resources and cards whose words match, best first."""
        return road.index(self.curriculum).search(query[:200], limit)

    # Reading

    def lesson(self, lesson_id: str) -> v.LessonView:
        lesson = self._find("lesson", lesson_id)
        with self._desk() as desk:
            view = lessons.lesson_view(desk, lesson, self._pages)
        if view.figures_waiting:
            self._draw(lesson.id)
        if view.frames_waiting:
            self._draw(lesson.id, frames=True)
        return view

    def unread_lesson(self) -> str | None:
        """The first lesson, in the plan's order, that was not finished."""
        with self._desk() as desk:
            return next((id for id in self.curriculum.lessons if not desk.lesson(id).finished_at), None)

    def open_lesson(self, lesson_id: str) -> v.LessonView:
        """As `lesson`, and records that it was opened (again only after half an hour)."""
        lesson = self._find("lesson", lesson_id)
        with self._desk(enrolled=True) as desk:
            again = desk.now - desk.lesson(lesson.id).opened_at > LONGEST_SITTING * 1000 or desk.lesson(lesson.id).finished_at
            if again and not self.read_only:
                self._append(e.LessonOpened(lesson=lesson.id))
        return self.lesson(lesson.id)

    def check(self, lesson_id: str, check_id: str, text: str, seed: int, show: bool = False) -> v.CheckView:
        """Judges an answer to a question inside a lesson, and records it unless it could not be read. `show` asks for the answer.

        `seed` is that of the question that was shown. What is returned says what the answer was worth; a question whose numbers are
        drawn comes in it anew after a miss.
        """
        lesson = self._find("lesson", lesson_id)
        check = lessons.find_check(lesson, check_id)
        with self._desk(enrolled=True) as desk:
            question = lessons.asked(self.curriculum, lesson, check, _seed(seed))
            text = "" if show else text.strip()
            judged = lessons.answer_of(question) if show else lessons.judge(question, text)
            before = lessons.check_view(desk, lesson, check)
            if judged.right is None:
                return lessons.said(before, judged, text, before.attempt, False)
            record = desk.lesson(lesson.id).checks.get(check.id)
            told = record is not None and record.shown and before.right is not None and record.seed == question.seed
            event = lessons.event_of(lesson, check, question, judged, text, before.attempt, show or told)
            changed = self._changes(event.skills, event)
        after = lessons.check_view(self._make_desk(self._now()), lesson, check)
        return replace(lessons.said(after, judged, text, after.attempt, show), changed=changed)

    def answer_closing(self, lesson_id: str, question_id: str, text: str, mark: v.Mark = "") -> v.ClosingView:
        """Keeps what the learner wrote to a closing question, and shows the author's answer; `mark` is what they think of their own."""
        lesson = self._find("lesson", lesson_id)
        question = lessons.find_question(lesson, question_id)
        if mark not in ("", "right", "partly", "not"):
            raise StudioError(f"{mark!r} is no mark for an answer; say right, partly or not.")
        if not text.strip():
            raise StudioError("Write your answer first, if only a few words: that is what makes it stick.")
        with self._desk(enrolled=True):
            skills = [lessons.skill_of(lesson, question.skill)]
            self._append(e.AnswerMarked(target=f"{lesson.id}#{question.id}", skills=skills, answer=text.strip()[:4000], mark=mark))
        with self._desk() as desk:
            return lessons.closing_view(desk, lesson, question)

    def mark(self, target: str, on: bool = True) -> v.Passage | None:
        """Marks a paragraph, `lesson#p-…`, or takes its mark away. None where neither a mark nor a note is left on it."""
        paragraphs = self._paragraphs(target)
        with self._desk(enrolled=True) as desk:
            quote = desk.record.passages[target].quote if target in desk.record.passages else lessons.quote_of(paragraphs, target)
            if (target in desk.record.passages) != on:
                self._append(e.PassageMarked(target=target, quote=quote, on=on))
        with self._desk() as desk:
            return next(iter(lessons.passages(desk, (target,), paragraphs)), None)

    def jottings(self) -> v.Jottings:
        """Every note and mark, by what it is about, and the same as Markdown."""
        with self._desk() as desk:
            return lessons.jottings(desk, self._pages)

    def terms(self) -> tuple[v.Term, ...]:
        """The glossary: every standard name that a lesson introduces, by the alphabet."""
        return lessons.glossary(self.curriculum)

    def _paragraphs(self, target: str) -> Mapping[str, str]:
        return self._pages.lesson(self._find("lesson", target.partition("#")[0])).paragraphs

    def finish_lesson(self, lesson_id: str, seconds: float | None = None, answers: Sequence[str] = ()) -> v.LessonEnd:
        """`seconds` None: measured from the last opening, but at most three times the lesson's own minutes."""
        lesson = self._find("lesson", lesson_id)
        with self._desk(enrolled=True) as desk:
            if seconds is None:
                opened = desk.lesson(lesson.id).opened_at
                seconds = (desk.now - opened) / 1000 if opened else lesson.minutes * 60
            seconds = min(max(seconds, 0.0), lesson.minutes * 180.0)
            data = e.LessonFinished(lesson=lesson.id, seconds=round(seconds, 1), answers=[answer[:4000] for answer in answers])
            ahead = tuple(dict.fromkeys(d for skill in lesson.skills for d in self.curriculum.dependents(skill)))
            locked = {line.id for line in desk.skills(ahead) if line.standing == "locked"}
            changed = self._changes(lesson.skills, data)
        after = self._make_desk(self._now())
        skills = tuple(after.link(line.id, "skill") for line in after.skills(ahead) if line.id in locked and line.standing != "locked")
        ready = (*skills, *content.practices(after, lesson))
        then = content.practice(after, lesson)
        problem = self.problem(then.id) if then is not None and then.kind == "problem" else None
        return v.LessonEnd(changed, ready, self.next_tonight(), problem)

    # What is installed when it is needed

    def groups(self) -> tuple[v.GroupView, ...]:
        """Every group of packages that something may need, and whether it is here."""
        from modelwright.groups import catalogue

        return tuple(groups.group_view(group) for group in catalogue().groups.values())

    def prepare(self, ids: Sequence[str]) -> v.PreparationView:
        """Begins to install groups, in the background; `preparation` says how far it is."""
        return self._preparation.begin(ids)

    def preparation(self) -> v.PreparationView:
        return self._preparation.view()

    # Running code, which nobody records

    def run_block(self, lesson_id: str, texts: Sequence[str], token: str = "") -> v.RunView:
        """Runs a lesson's python block after those before it. `texts`: the code of the lesson's first blocks as it stands on the page.

        `token`: what `stop` is to call this run.
        """
        lesson = self._find("lesson", lesson_id)
        return running.block(self._running, lesson, texts, token)

    def run_lab(self, lab_id: str, source: str | bytes | None = None, line: str = "", token: str = "") -> v.RunView:
        """Runs the learner's file (or `source`, which is not saved) as a script, then a `line` of their own, and grades nothing."""
        lab = self._find("lab", lab_id)
        if source is None:
            with self._desk(enrolled=True):
                self.workshop.ensure(lab)
                source = self.workshop.read(lab)
        if isinstance(source, bytes):
            source = running.readable(source, lab.file)
        return running.lab(self._running, lab, source, line, token)

    def frames(self, lesson_id: str, number: int) -> list[tuple[str, str] | None]:
        """The frames of a lesson's explore, counted from 1, each with its sentence; None for those that are still to be drawn.

        Where a single frame cannot be drawn, the one before it stands in its place; where none can, there are none.
        """
        from modelwright.curriculum.frames import explores_of

        lesson = self._find("lesson", lesson_id)
        explores = explores_of(lesson)
        if not 1 <= number <= len(explores):
            raise Unknown("explore", f"{lesson_id} {number}", ())
        drawn = explores[number - 1]
        if drawn.missing(self._pages.frames):
            self._draw(lesson.id, frames=True)
            if f"{lesson.id} frames" in self._undrawable:
                return []
        kept = drawn.frames(self._pages.frames)
        good = [frame for frame in kept if frame is not None and not frame.error]
        if not good:
            return [None] * len(kept) if None in kept else []
        shown: list[tuple[str, str] | None] = []
        last = good[0]
        for frame in kept:
            last = last if frame is None or frame.error else frame
            shown.append(None if frame is None else (last.svg, last.said))
        return shown

    def first_sentence(self, lesson_id: str, number: int) -> str:
        """What is seen in an explore before anything is moved; its first frame is drawn for that, if need be."""
        from modelwright.curriculum.frames import draw_frames, explores_of

        lesson = self._find("lesson", lesson_id)
        explore = explores_of(lesson)[number - 1]
        if explore.frame(self._pages.frames, 0) is None:
            draw_frames(lesson, self._pages.frames, first=True)
        first = explore.frame(self._pages.frames, 0)
        return first.said if first is not None and first.said else "it could not be drawn."

    def fill(self, lesson_id: str, block: str, line: str, hints: int = 0) -> v.FilledView:
        """Judges what a learner wrote into the hole of a lesson's faded block, and records it where it is right.

        `hints`: how many helps were seen before, as `hole_help` counts them. The same hole counts once in a sitting.
        """
        lesson = self._find("lesson", lesson_id)
        faded = self._faded(lesson, block)
        filled = running.filled(self._running, lesson, faded, line)
        if not filled.right:
            return filled
        with self._desk(enrolled=True) as desk:
            if desk.now - desk.lesson(lesson.id).filled.get(block, 0) < SITTING:
                return filled
            skills = [lessons.skill_of(lesson, faded.skill)]
            data = e.Faded(target=f"{lesson.id}#{block}", skills=skills, line=line.strip()[:400], hints=hints)
            return replace(filled, changed=self._changes(skills, data))

    def hole_help(self, lesson_id: str, block: str, number: int) -> tuple[v.HoleHint, ...]:
        """The first `number` helps with a hole: two hints, then the line itself."""
        lesson = self._find("lesson", lesson_id)
        faded = self._faded(lesson, block)
        helps = [*faded.hints, f"```python\n{faded.fill.strip()}\n```"]
        if not 1 <= number <= len(helps):
            raise StudioError(f"There is no help number {number} with this hole: there are two hints, and then the line.")
        return tuple(
            v.HoleHint(lesson.id, block, at, text, content.html(text), len(helps) - at) for at, text in enumerate(helps[:number], 1)
        )

    def _faded(self, lesson: Lesson, id: str) -> Faded:
        from modelwright.curriculum.lesson_blocks import Faded, of_kind

        blocks = {block.id: block for block in of_kind(lesson, Faded)}
        if id not in blocks:
            raise Unknown("block with a hole", id, tuple(blocks))
        return blocks[id]

    def stop(self, target: str, token: str) -> bool:
        """Ends what is being run under that token on a lesson's or a lab's page; False where it has ended."""
        return self._running.stop(target, token)

    def warm_blocks(self) -> None:
        """Starts the process that blocks are run in, in the background, so that a lesson's first block answers soon."""

        def work() -> None:
            with contextlib.suppress(ModelwrightError):
                self._running.warm()

        threading.Thread(target=work, daemon=True, name="blocks").start()

    def chapter_number(self, resource_id: str, named: str) -> int:
        """A chapter's number, from its number or from words of its title in the edition listed or in a newer one."""
        resource = self._find("resource", resource_id)
        if named.strip().isdecimal():
            return int(named)
        matches: dict[int, str] = resource.titled(named)
        if len(matches) == 1 and 0 not in matches:
            return next(iter(matches))
        if not matches:
            raise StudioError(f"{resource.title} has no chapter called '{named}'; give its number, or words of its title.")
        if set(matches) == {0}:
            assert resource.newer is not None
            raise StudioError(f"'{matches[0]}' is new in the {resource.newer.edition} edition; nothing in the plan stands for it.")
        listed = " or ".join(f"{number} ({title})" for number, title in matches.items() if number)
        raise StudioError(f"'{named}' could be chapter {listed}; give the number.")

    def read_chapter(
        self, resource_id: str, number: int, hours: float | None = None, done: bool = True, again: bool = False
    ) -> v.ResourceView:
        """Ticks a chapter off (or, with `done=False`, takes the tick away). `hours` None: the plan's own figure.

        Ticked half a day later it was read again, and so at once with `again`; twice in one sitting, in two faces, it was read once.
        """
        resource, chapter = self._find("resource", resource_id), self._chapter(resource_id, number)
        _check_reading(hours)
        with self._desk(enrolled=True) as desk:
            read_at = desk.record.chapters.get(f"{resource.id}#{number}", (0, 0.0))[0]
            again = bool(done and read_at and (again or desk.now - read_at >= SITTING))
            if again or done != bool(read_at):
                rest = 1 - desk.state.reached.get(f"{resource.id}#{number}", 0.0)
                spent = (LOOKED_AGAIN if again else chapter.hours * rest) if hours is None else hours
                self._append(e.ChapterRead(resource=resource.id, chapter=number, hours=spent, done=done, again=again))
        with self._desk() as desk:
            return desk.resource(resource)

    def stop_chapter(
        self,
        resource_id: str,
        number: int,
        share: float | None = None,
        section: int | None = None,
        place: str = "",
        hours: float | None = None,
    ) -> v.ResourceView:
        """Keeps how far a chapter was read: a `share` of it, or the `section` that was the last (from 1), where they are known.

        `place` says it in words (a page). `hours` None: the plan's own figure for what was read since the last stop.
        """
        resource, chapter = self._find("resource", resource_id), self._chapter(resource_id, number)
        if section is not None:
            if not 1 <= section < max(len(chapter.sections), 1):
                known = f"from 1 to {len(chapter.sections) - 1}; after the last it is read" if chapter.sections else "not known"
                raise StudioError(f"Say the last section that was read by its number: of chapter {number} they are {known}.")
            share, place = section / len(chapter.sections), place.strip() or chapter.sections[section - 1].title
        if share is None or not 0 < share < 1:
            raise StudioError("Say how much of the chapter is read, between 1% and 99%; one that is read to its end is ticked off.")
        _check_reading(hours)
        with self._desk(enrolled=True) as desk:
            key = f"{resource.id}#{number}"
            if key in desk.record.chapters:
                raise StudioError(f"{resource.title}, chapter {number}, is ticked off as read; take the tick away first.")
            before = desk.record.stopped[key].share if key in desk.record.stopped else 0.0
            spent = chapter.hours * max(share - before, 0.0) if hours is None else hours
            data = e.ChapterStopped(resource=resource.id, chapter=number, share=share, hours=round(spent, 3), place=place.strip()[:200])
            self._append(data)
        with self._desk() as desk:
            return desk.resource(resource)

    def _chapter(self, resource_id: str, number: int) -> Chapter:
        resource = self._find("resource", resource_id)
        chapter: Chapter | None = resource.chapter(number)
        if chapter is None:
            have = (
                f"it has {resource.chapters[0].number} to {resource.chapters[-1].number}"
                if resource.chapters
                else "it has none to tick off"
            )
            raise StudioError(f"{resource.title} has no chapter {number}; {have}.")
        return chapter

    def log_time(self, hours: float, what: str, target: str | None = None) -> None:
        """Work done away from the program."""
        if not 0 < hours <= 24:
            raise StudioError(f"{hours:g} hours cannot be logged at once; give a number above 0 and up to 24.")
        if not what.strip():
            raise StudioError("Say in a few words what the time went into.")
        with self._desk(enrolled=True):
            self._append(e.TimeLogged(hours=hours, what=what.strip()[:500], target=self._any(target) if target else None))

    def work_on(
        self, project_id: str, milestone: int | None = None, done: bool = False, hours: float = 0.0, text: str = ""
    ) -> v.ProjectLine:
        """Records work on a project: a milestone reached (they count from 0), the whole of it `done`, or hours alone."""
        project = self._find("project", project_id)
        if milestone is not None and not 0 <= milestone < len(project.milestones):
            raise StudioError(f"{project.title} has {len(project.milestones)} milestones; there is no number {milestone + 1}.")
        if not 0 <= hours <= 100:
            raise StudioError(f"{hours:g} hours cannot be recorded at once; give a number between 0 and 100.")
        with self._desk(enrolled=True):
            entry = e.ProjectEntry(
                project=project.id, milestone=milestone, done=done or milestone is not None, text=text[:4000], hours=hours
            )
            self._append(entry)
        with self._desk() as desk:
            return road.project_line(desk, project)

    def note(self, target: str, text: str) -> v.NoteView:
        """Writes a note on anything; an empty text takes it away."""
        target = self._any(target)
        if len(text) > 20_000:
            raise StudioError(f"The note is {len(text)} characters long; up to 20,000 are kept. The workshop is a better place for it.")
        with self._desk(enrolled=True) as desk:
            quote = ""
            base, _, place = target.partition("#")
            if place and base in self.curriculum.lessons:
                paragraphs = self._paragraphs(target)
                kept = desk.record.notes.get(target)
                quote = kept.quote if kept is not None and place not in paragraphs else lessons.quote_of(paragraphs, target)
            (event,) = self._append(e.NoteWritten(target=target, text=text, quote=quote))
            return v.NoteView(desk.link(target), text, event.at)

    # Problems

    def problem(self, problem_id: str, seed: int | None = None) -> v.ProblemView:
        """A question. Without a `seed`: the one begun last and not yet settled, else a new one."""
        from modelwright.curriculum import generate

        problem = self._find("problem", problem_id)
        with self._desk() as desk:
            seed = content.next_seed(desk, problem) if seed is None else _seed(seed)
            self._sitting.open(f"{problem.id}#{seed}", desk.now)
            return content.problem_view(desk, problem, generate(problem, seed))

    def example(self, problem_id: str, seed: int) -> v.ExampleView:
        """A problem like this one with other numbers, worked out. An answer beside it says so: `answer(…, example=True)`."""
        from modelwright.curriculum import generate

        problem = self._find("problem", problem_id)
        return content.example_view(problem, generate(problem, _seed(seed)))

    def problems(self, kinds: Sequence[str], marks: str = "", example: bool = False) -> v.ProblemBlock:
        """A block of problems, of these kinds in order, after those that have a mark; with `example`, one is worked out beside each."""
        for kind in kinds:
            self._find("problem", kind)
        if not 1 <= len(kinds) <= MOST_TOGETHER or len(marks) > len(kinds) or set(marks) - set("rw"):
            raise StudioError(f"A block holds from 1 to {MOST_TOGETHER} problems, and a mark, r or w, for each that is done.")
        with self._desk() as desk:
            title = content.block_title(desk, kinds)
        mixed = len(set(kinds)) > 1
        if len(marks) == len(kinds):
            with self._desk() as desk:
                shown, step = content.shown_by(desk, kinds, marks), self._next_tonight(desk) if desk.record.enrolled else None
            return v.ProblemBlock(title, tuple(kinds), marks, mixed, None, None, shown, step)
        problem = self.problem(kinds[len(marks)])
        beside = self.example(problem.id, problem.seed) if example else None
        return v.ProblemBlock(title, tuple(kinds), marks, mixed, problem, beside)

    def answer(
        self,
        problem_id: str,
        seed: int,
        text: str,
        seconds: float | None = None,
        attempt: int | None = None,
        example: bool = False,
    ) -> v.AnswerView:
        """Judges an answer and records it, unless it could not be read at all. `example`: one stood beside it, worked out."""
        from modelwright.curriculum import generate, judge

        problem, seed = self._find("problem", problem_id), _seed(seed)
        exercise = generate(problem, seed)
        judgement = judge(exercise, text)
        with self._desk(enrolled=True) as desk:
            record = desk.problem(problem.id)
            number = attempt or record.attempts.get(seed, 0) + 1
            changed: tuple[v.SkillChange, ...] = ()
            if judgement.right is not None:
                if seconds is None:
                    seconds = self._sitting.spent(f"{problem.id}#{seed}", desk.now, otherwise=problem.minutes * 60)
                data = e.ProblemAnswered(
                    problem=problem.id,
                    seed=seed,
                    skills=list(problem.skills),
                    answer=text[:400],
                    right=judgement.right,
                    seconds=round(min(max(seconds, 0.0), LONGEST_SITTING), 1),
                    attempt=number,
                    misconception=judgement.misconception,
                    solution_shown=seed in record.shown,
                    example=example,
                )
                changed = self._changes(problem.skills, data)
                self._sitting.open(f"{problem.id}#{seed}", desk.now, again=True)
            after = Desk(self.curriculum, self._ledger.state, self._ledger.record, desk.now, desk.tz)
            return v.AnswerView(
                problem=problem.id,
                seed=seed,
                text=text,
                understood=judgement.right is not None,
                right=bool(judgement.right),
                attempt=number,
                message=judgement.message,
                message_html=content.inline(judgement.message),
                misconception=judgement.misconception,
                normal_form=judgement.read_as or None,
                normal_form_html=content.inline(f"${judgement.read_as}$") if judgement.read_as and not exercise.choices else "",
                solution=content.solution_view(exercise) if judgement.right else None,
                next_seed=content.next_seed(after, problem),
                changed=changed,
            )

    def show_solution(self, problem_id: str, seed: int, example: bool = False) -> v.SolutionView:
        """The worked solution. Asked for before a right answer, that is recorded: without any attempt as an answer not known."""
        from modelwright.curriculum import generate

        problem, seed = self._find("problem", problem_id), _seed(seed)
        exercise = generate(problem, seed)
        with self._desk(enrolled=True) as desk:
            record = desk.problem(problem.id)
            if seed not in record.settled:
                if record.attempts.get(seed) and record.last_seed == seed:
                    self._append(e.SolutionSeen(target=problem.id, after_pass=False))
                else:
                    spent = self._sitting.spent(f"{problem.id}#{seed}", desk.now, otherwise=0.0)
                    self._append(
                        e.ProblemAnswered(
                            problem=problem.id,
                            seed=seed,
                            skills=list(problem.skills),
                            answer="",
                            right=False,
                            seconds=round(spent, 1),
                            solution_shown=True,
                            example=example,
                        )
                    )
        return content.solution_view(exercise)

    # Questions of the bank

    def placement(self) -> v.PlacementView:
        """The question that tells most now, and what the answers say so far. Asking records nothing."""
        with self._desk(enrolled=True) as desk:
            return placement.placement_view(desk, self._placer)

    def answer_item(
        self, item_id: str, text: str = "", seconds: float | None = None, setting: str = "placement", seed: int | None = None
    ) -> v.ItemAnswerView:
        """Judges an answer to a question and records it, unless it could not be read. An empty text says "I do not know".

        `text`: the number of a choice, the lines' numbers in their right order, or a formula. In a placement or an exam only the
        question that is being asked can be answered, so that a form sent twice counts once.
        """
        if setting not in placement.SETTINGS:
            raise StudioError(f"A question is answered in a {', '.join(placement.SETTINGS)}, not in '{setting}'.")
        with self._desk(enrolled=True) as desk:
            skill, module = placement.skill_asked(desk, self._placer, item_id, setting), None
            if seed is not None and setting != "chapter" and seed != desk.record.items_asked:
                raise NotYet("Something else was answered since this question was shown, so its answers stand in another order now.")
            seed = desk.record.items_asked if seed is None else _seed(seed)
            judged = placement.judge(self.curriculum, item_id, seed, text)
            link = desk.link(skill, "skill")
            if judged.right is not None:
                spent = 30.0 if seconds is None else min(max(seconds, 0.0), 600.0)
                self._append(placement.event_of(desk, item_id, skill, judged, round(spent, 1), setting))
                if setting == "exam":
                    module = self.curriculum.module_of(skill)
        if module is not None:
            self._end_exam(module)
        return v.ItemAnswerView(
            question=item_id,
            skill=link,
            understood=judged.right is not None,
            right=bool(judged.right),
            given_up=not text.strip(),
            message=judged.message,
            message_html=content.inline(judged.message),
        )

    def finish_placement(self) -> v.PlacedView:
        """Ends the placement: the plan believes what the answers say. Without any answer, the self-report stands, marked as such."""
        with self._desk(enrolled=True) as desk:
            asked, before = placement.so_far(desk), placement.known_by_module(desk)
            if not asked and desk.record.placed_at:
                raise NotYet("Nothing was answered since the last placement, so nothing changes.")
            placed = placement.outcome(desk, self._placer)
            self._append(placed)
        with self._desk(enrolled=True) as desk:
            return placement.placed_view(desk, placed, asked, before, self._next(desk))

    def exam(self, module_id: str) -> v.ExamView:
        """A module's exam: ten questions spread over its skills. Passing tests out of the module."""
        module = self._find("module", module_id)
        with self._desk(enrolled=True) as desk:
            return placement.exam_view(desk, module)

    def has_questions(self, module_id: str) -> bool:
        """Whether the module has an exam."""
        return exam_length(self.curriculum, self._find("module", module_id)) > 0

    @property
    def can_place(self) -> bool:
        """Whether there are questions to place anyone with."""
        return bool(self._placer.askable)

    @property
    def placement_open(self) -> bool:
        """Whether a placement is worth offering: in the first weeks, where none was finished yet, and there is something to ask."""
        with self._desk() as desk:
            new = desk.record.enrolled and desk.now - desk.record.enrolled_at < NEWCOMER
            return new and not desk.record.placed_at and bool(self._placer.askable)

    def chapter_check(self, resource_id: str, number: int) -> v.ChapterCheck:
        """The check after a chapter: up to three questions on its skills, and how those answered this evening went."""
        resource = self._find("resource", resource_id)
        with self._desk() as desk:
            return placement.chapter_check(desk, resource, number)

    @cached_property
    def _placer(self) -> Placer:
        return Placer(self.curriculum)

    def _end_exam(self, module: Module) -> None:
        """After the last answer of a sitting: passing places the learner in the module."""
        with self._desk(enrolled=True) as desk:
            sat = placement.sitting(desk, module.id)
            if exam_passed(self.curriculum, module, sat):
                self._append(placement.exam_outcome(self.curriculum, module, sat))

    # Cards

    def reviews(self, limit: int = 50, share: v.Share = "due", first: str = "") -> v.ReviewQueue:
        """The cards to answer, of the share that is asked for. Of what comes to an end (`tonight`, `all`), the cards that were missed and
        return within minutes are the last. `first`: the id of one that is to stand before the others, if it is among them."""
        with self._desk(enrolled=True) as desk:
            return self._queue(desk, limit, share, first)

    def undo_review(self, share: v.Share = "due") -> v.ReviewQueue:
        """Takes the last rating back, if it is today's: that entry no longer counts, and its card stands first."""
        with self._desk(enrolled=True) as desk:
            rated = desk.record.rated
            if rated is None or self._undo(desk) is None:
                raise StudioError("There is no rating of today to take back.")
            self._append(e.ImportUndone(events=[rated.event], what="rating"))
        return self.reviews(share=share, first=rated.card)

    def edit_card(self, card_id: str, ask: str, answer: str) -> None:
        """Puts a card into the learner's own words; both empty, the author's stand again."""
        card = self._find("card", card_id)
        ask, answer = ask.strip(), answer.strip()
        if bool(ask) != bool(answer):
            raise StudioError("A card needs a question and an answer; leave both empty to have the author's words again.")
        if max(len(ask), len(answer)) > MOST_ON_A_CARD:
            raise StudioError(f"A card's question and its answer have at most {MOST_ON_A_CARD:,} characters each: a card asks one thing.")
        if (ask, answer) == (card.ask.strip(), card.answer.strip()):
            ask = answer = ""
        with self._desk(enrolled=True):
            self._append(e.CardEdited(card=card.id, ask=ask, answer=answer))

    def suspend_card(self, card_id: str, on: bool = True) -> None:
        """A card is not asked any more, or is again."""
        card = self._find("card", card_id)
        with self._desk(enrolled=True) as desk:
            if (card.id in desk.state.suspended) != on:
                self._append(e.CardSuspended(card=card.id, on=on))

    def suspended_cards(self) -> tuple[v.Link, ...]:
        """The cards that are not asked, the latest first."""
        with self._desk() as desk:
            since = desk.state.suspended
            return tuple(desk.link(id, "card") for id in sorted(since, key=lambda id: -since[id]) if id in self.curriculum.cards)

    def review(self, card_id: str, rating: int, seconds: float = 0.0, share: v.Share = "due") -> v.ReviewQueue:
        """`rating`: 1 again, 2 hard, 3 good, 4 easy. Returns what is left."""
        card = self._find("card", card_id)
        if rating not in (1, 2, 3, 4):
            raise StudioError(f"A rating is 1 (again), 2 (hard), 3 (good) or 4 (easy), not {rating}.")
        with self._desk(enrolled=True):
            seconds = round(min(max(seconds, 0.0), 300.0), 1)
            self._append(e.CardReviewed(card=card.id, skill=card.skill, rating=rating, seconds=seconds))  # type: ignore[arg-type]
        return self.reviews(share=share)

    # How well it knows the learner

    def knowing(self) -> v.KnowingView:
        """Its forecasts of answers and of recall against what came, and what became of fitting the memory to the learner."""
        with self._desk() as desk:
            return knowing.knowing_view(desk, desk.now)

    def refit(self) -> v.FitView:
        """Fits the memory's parameters to the learner's own reviews; they are used from here on only if they win on reviews held out.

        Takes seconds. What was found is kept in the journal, also where nothing changed.
        """
        from modelwright.learner import try_fit

        with self._fitting:
            with self._desk(enrolled=True) as desk:
                current = tuple(desk.state.parameters)
            fit = try_fit((event for _, event in self.journal.of_kind(e.CardReviewed, e.ReviewsImported)), current)
            with self._desk(enrolled=True) as desk:
                if fit.tried:
                    self._append(fit.event(current))
                return knowing.fit_view(fit, desk.now)

    def refit_if_due(self) -> v.FitView | None:
        """As `refit`, once a week and when there is something new to learn from; else None."""
        with self._desk() as desk:
            due = desk.record.enrolled and knowing.is_due(desk.record, desk.now)
        return self.refit() if due else None

    # Anki

    def import_anki(self, file: Path, name: str | None = None) -> v.AnkiImported:
        """Brings in the answers of an Anki package, collection or review log; a second time it adds nothing. `name`: what it was called."""
        from modelwright.anki import read
        from modelwright.studio import anki

        with self._desk(enrolled=True) as desk:
            now = desk.now
        self._recordable()
        found = read(file, now)  # which may take long, and needs no lock
        with self._desk(enrolled=True):
            own = anki.own_answers(self.curriculum, found)
            kept = anki.others_kept(self.journal, own.others)
            called = (name or file.name)[:200]
            added = self.journal.bring_in(
                [one[0] for one in own.events], at=[one[1] for one in own.events], ids=[one[2] for one in own.events]
            )
            if kept:
                reviews = sum(len(one.answers) for one in own.others)
                self._append(e.ReviewsImported(source=anki.SOURCE, file=called, reviews=reviews, cards=kept))
            self._ledger.refresh()
            return anki.imported_view(called, found, own, added, kept)

    def export_anki(self, file: Path, module_id: str | None = None, everything: bool = False) -> v.AnkiExported:
        """Writes cards as an Anki package: those of what was taught or seen, or `everything`; of one module, or of all."""
        from modelwright.anki import write
        from modelwright.studio import anki

        module = self._find("module", module_id).id if module_id else None
        with self._desk() as desk:
            chosen, of = anki.sheets(desk, module, everything)
            now = desk.now
        where = f"of {module}" if module else "of the plan"
        if not of:
            raise StudioError(f"There are no cards {where} to export.")
        if not chosen:
            raise NotYet(f"None of the {of} cards {where} has been taught yet; ask for all of them to export them anyway.")
        write(file, chosen, now)
        return v.AnkiExported(len(chosen), of, len({sheet.module for sheet in chosen}))

    # Labs

    @property
    def workshop(self) -> Workshop:
        return Workshop(self.home.workshop, self._ledger.record.name or "Learner")

    def find_lab(self, name: str) -> str:
        """A lab's id from what a person types: the id, its last part, or the path of the learner's file."""
        if name in self.curriculum.labs:
            return name
        path = Path(name).expanduser()
        if name.endswith(".py"):
            absolute = path.absolute()
            for lab in self.curriculum.labs.values():
                if os.path.realpath(absolute) == os.path.realpath(self.home.workshop / lab.file):
                    return lab.id
        tail = path.stem.replace("_", "-").lower()
        return self.named("lab", tail if name.endswith(".py") else name)

    def named(self, kind: str, name: str) -> str:
        """An id of one kind from what a person types: the whole of it, its last part, or short for that."""
        if name in getattr(self.curriculum, kind + "s"):
            return name
        meant = self.curriculum.short_for(kind, name) if "/" not in name else []
        if len(meant) > 1:
            raise StudioError(f"'{name}' may be {', '.join(meant[:-1][:5])} or {meant[-1]}. Give more of the name.")
        return meant[0] if meant else str(self._find(kind, name).id)

    def last_lab(self) -> str | None:
        """The lab opened last: as noted at the opening, else by the file changed last."""
        id = self._sitting.last("lab:")
        if id in self.curriculum.labs:
            return id
        files = [
            (path.stat().st_mtime, lab.id) for lab in self.curriculum.labs.values() if (path := self.home.workshop / lab.file).exists()
        ]
        return max(files)[1] if files else None

    def labs(self) -> v.WorkshopView:
        """The labs by module, how each stands, and the one to write now."""
        with self._desk() as desk:
            steps = self._session(desk, self._left(desk)).steps if desk.record.enrolled else ()
            tonight = next((step.target for step in steps if step.kind == "lab"), "")
            return road.workshop_view(desk, tonight, str(self.home.workshop))

    def lab_passed(self, lab_id: str) -> bool:
        with self._desk() as desk:
            return desk.lab(lab_id).passed_at > 0

    def lab(self, lab_id: str, begin: bool = True) -> v.LabView:
        """Opens a lab: on the first opening its starter is written into the workshop, and the time worked on it runs from here. Without
        `begin` it is only looked at, and nothing is written."""
        lab = self._find("lab", lab_id)
        statement, names = self._statement(lab)
        with self._desk(enrolled=True) as desk:
            if begin:
                self.workshop.ensure(lab)
                self._sitting.open("lab:" + lab.id, desk.now)
            return content.lab_view(desk, lab, self.workshop, statement, names)

    def asking(self, lab_id: str) -> v.AskingView:
        """A question about a lab for people elsewhere, from its last verdict. Raises NotYet where there is nothing to ask."""
        lab = self._find("lab", lab_id)
        view = self.lab(lab_id, begin=False)
        with self._desk(enrolled=True) as desk:
            return asking.question(desk, lab, view)

    def lab_file(self, lab_id: str) -> bytes | None:
        """The learner's file as it lies there; None where there is none, and then none is made."""
        return self.workshop.own(self._find("lab", lab_id))

    def save(self, lab_id: str, text: str, expected_sha: str | None = None) -> str:
        """Writes the learner's file and returns its `sha`. With `expected_sha`, refuses to overwrite a file that has changed since."""
        lab = self._find("lab", lab_id)
        with self._desk(enrolled=True) as desk:
            self._sitting.work("lab:" + lab.id, desk.now)
            return self.workshop.write(lab, _encoded(text), expected_sha)

    def save_change(self, lab_id: str, text: str, base: str, base_sha: str) -> v.SavedChange:
        """Writes the learner's file as it is after their change from `base` to `text`. `base_sha`: the sha of the file that `base` was
        read from. What another program changed meanwhile is kept where it lies elsewhere in the text; else nothing is written, and the
        answer says how the two differ."""
        lab, data = self._find("lab", lab_id), _encoded(text)
        with self._desk(enrolled=True) as desk:
            self._sitting.work("lab:" + lab.id, desk.now)
            there = self.workshop.own(lab)
            if there is None or sha_of(there) == base_sha:
                return v.SavedChange(self.workshop.write(lab, data, base_sha), text)
            try:
                theirs = there.decode("utf-8-sig").replace("\r\n", "\n")
            except UnicodeDecodeError:
                raise StudioError(f"{lab.file} was changed outside to something that is no text, so nothing was saved.") from None
            both = merged(base, text, theirs)
            if both is None:
                return v.SavedChange(sha_of(there), theirs, difference(theirs, text, f"{lab.file}, outside", f"{lab.file}, here"))
            return v.SavedChange(self.workshop.write(lab, _encoded(both), sha_of(there)), both)

    def submit(self, lab_id: str, on_check: Callable[[CheckResult], None] | None = None, source: str | None = None) -> Verdict:
        """Grades the learner's file (or `source`, which is saved first). `on_check` is called as each check ends, in this thread."""
        return self.hand_in(lab_id, on_check, source).verdict

    def hand_in(
        self,
        lab_id: str,
        on_check: Callable[[CheckResult], None] | None = None,
        source: str | bytes | None = None,
        keep: bool = True,
    ) -> v.Submission:
        """As `submit`, with what followed from it: skills changed, history kept, other right ways, the next step.

        `keep=False` grades `source` without writing it over the learner's file; if it passes and that file is still the starter (or
        there is none), it is written then.
        """
        lab = self._find("lab", lab_id)
        with self._desk(enrolled=True):
            workshop = self.workshop
            if source is None:
                workshop.ensure(lab)
                data = workshop.read(lab)
            else:
                data = source if isinstance(source, bytes) else _encoded(source)
                if keep:
                    workshop.write(lab, data)
        there = workshop.exists(lab)
        verdict = self._grade(lab, data, on_check)
        with self._desk(enrolled=True) as desk:
            spent = self._sitting.spent("lab:" + lab.id, desk.now, otherwise=0.0)
            self._sitting.open("lab:" + lab.id, desk.now, again=True)
            known = {skill for skill in lab.skills if desk.skill(skill).standing in KNOWN}
            changed = self._changes(lab.skills, _submitted(lab, verdict, spent))
        committed, remark = False, ""
        others: tuple[v.OtherWay, ...] = ()
        if verdict.status == "passed":  # outside the desk: git may be slow, and no page waits for it
            committed, remark = self._keep_pass(lab, data, verdict, there)
            others = content.other_ways(lab)
        with self._desk(enrolled=True) as desk:
            learned = [skill for skill in lab.skills if skill not in known and desk.skill(skill).standing in KNOWN]
            opened = [
                skill.id
                for skill in self.curriculum.skills.values()
                if set(learned) & set(skill.prerequisites) and desk.skill(skill.id).standing == "open"
            ]
            links = (tuple(desk.link(skill, "skill") for skill in skills) for skills in (learned, opened))
            return v.Submission(verdict, changed, committed, remark, others, self._next_tonight(desk), *links)

    def hint(self, lab_id: str) -> v.HintView:
        """The next of the three hints, and records that it was taken; after the third, the last one again.

        The first that is shown helps with the check that failed first, where the author tied one to it.
        """
        lab = self._find("lab", lab_id)
        with self._desk(enrolled=True) as desk:
            record = desk.lab(lab.id)
            taken = len(record.hints)
            if taken == len(lab.hints):
                return content.hint_view(lab, taken, record.hints[-1])
            which = content.next_hint(lab, record)
            self._append(e.HintTaken(lab=lab.id, number=taken + 1, which=which))  # type: ignore[arg-type]
            return content.hint_view(lab, taken + 1, which)

    def solution(self, lab_id: str, confirm: bool = False) -> v.CodeView:
        """After a pass, or with `confirm=True`, which the journal keeps. Else raises `NotYet`."""
        lab = self._find("lab", lab_id)
        with self._desk(enrolled=True) as desk:
            record = desk.lab(lab.id)
            passed = record.passed_at > 0
            if not passed and not record.solution_seen:
                if not confirm:
                    left = len(lab.hints) - len(record.hints)
                    hints = f" {left} hint{'s are' if left > 1 else ' is'} left." if left else ""
                    raise NotYet(
                        f"You have not passed {lab.title} yet.{hints} The solution is shown if you insist; the journal keeps that."
                    )
                self._append(e.SolutionSeen(target=lab.id, after_pass=False))
            code = (lab.folder / "solution.py").read_text(encoding="utf-8")
            return v.CodeView(lab.id, code, content.other_ways(lab) if passed else (), passed)

    def reset(self, lab_id: str) -> v.LabView:
        """Puts the starter back; what was there is kept in the workshop's history."""
        lab = self._find("lab", lab_id)
        with self._desk(enrolled=True):
            workshop = self.workshop
        workshop.reset(lab)
        return self.lab(lab.id)

    # Competitions

    def competitions(self) -> tuple[v.CompetitionLine, ...]:
        with self._desk() as desk:
            every = self.curriculum.competitions.values()
            return tuple(arena.line(desk, competition, self._shelf, self._laid_out(competition)) for competition in every)

    def competition(self, id: str) -> v.CompetitionView:
        competition = self._find("competition", id)
        with self._desk() as desk:
            measuring = competition.id in self._measuring
            return arena.view(desk, competition, self._shelf, self._laid_out(competition), measuring)

    def begin_competition(self, id: str) -> v.CompetitionView:
        """Lays the data, the statement and a first program out in the workshop; what the learner changed there stays as it is."""
        competition = self._find("competition", id)
        files = arena.layout(competition)
        with self._desk(enrolled=True):
            data = [name for name in files if name not in ("entry.py", "README.md")]
            self.workshop.place(f"competitions/{competition.id}", files, refresh=data)
        return self.competition(id)

    def measure_ghosts(self, id: str) -> v.CompetitionView:
        """Runs the baselines and the reference on this machine, where their scores are not kept from an earlier time."""
        from modelwright.arena import material

        competition = self._find("competition", id)
        drawn = material(competition)
        with self._starting:
            if competition.id in self._measuring:
                return self.competition(id)
            self._measuring.add(competition.id)
        try:
            for ghost in competition.ghosts:
                if self._shelf.ghost(competition, ghost, drawn.digest) is None:
                    self._shelf.measure(competition, ghost, drawn, self._started())
        finally:
            self._measuring.discard(competition.id)
        return self.competition(id)

    def enter(self, id: str, name: str, content: bytes, validation: float | None = None, note: str = "") -> v.EntryView:
        """Hands a CSV, a program or a notebook in: it is read or run, scored on the public rows, and recorded.

        What cannot be scored raises `modelwright.arena.EntryError`, is not recorded, and takes none of the day's entries.
        """
        competition = self._find("competition", id)
        if len(note) > 4000:
            raise StudioError("A note on an entry has at most 4,000 characters.")
        with self._desk(enrolled=True) as desk:
            self._recordable()
            self._may_enter(desk, competition)
            before = list(desk.record.handed.get(competition.id, []))
        scored = arena.handed_in(competition, self._shelf, self._started(), name, content, before, validation, note)
        with self._desk(enrolled=True) as desk:
            self._may_enter(desk, competition)  # another face may have handed in meanwhile
            event = scored.event
            self._shelf.keep(competition.id, event.entry, scored.values, scored.compared)
            self._append(event)
        with self._desk() as desk:
            rank = arena.public_board(desk, competition, self._shelf).rank(event.entry)
            low, high = (event.public_score if end is None else end for end in (event.low, event.high))
            return v.EntryView(
                competition.id, event.entry, event.file, event.public_score, low, high, rank, scored.compared, event.set_aside,
                scored.printed, arena.left_today(desk, competition),
            )  # fmt: skip

    def _may_enter(self, desk: Desk, competition: Competition) -> None:
        if competition.id in desk.record.closed:
            raise StudioError(f"{competition.title} is closed: its private board is open, so a new entry would not be a fair one.")
        if not arena.left_today(desk, competition):
            raise StudioError(
                f"You handed in {competition.entries_a_day} entries today, all that a day has here; the next day begins at four in the "
                "morning. Your own validation has no limit."
            )

    def close_competition(self, id: str) -> v.CompetitionView:
        """Opens the private board, for good: entries after it would not be fair ones."""
        competition = self._find("competition", id)
        with self._desk(enrolled=True) as desk:
            self._append(arena.closing(desk, competition, self._shelf))
        return self.competition(id)

    def write_up(self, id: str) -> Path:
        """A page to write on in the competition's folder, with its entries filled in; one that is there stays as it is."""
        from modelwright.learner.wording import day

        view = self.competition(id)
        with self._desk(enrolled=True) as desk:
            text = arena.write_up(view, lambda at: day(at, desk.tz))
            folder, _ = self.workshop.place(f"competitions/{view.line.id}", {"write-up.md": text.encode()})
        return folder / "write-up.md"

    def _laid_out(self, competition: Competition) -> Path:
        return self.home.workshop / "competitions" / competition.id

    # The edge

    def refresh(self) -> bool:
        """Folds what other processes appended; True if there was anything. Every method does so by itself."""
        with self._lock:
            return self._ledger.refresh()

    def warm(self) -> None:
        """Makes ready what a first visit would wait for: the library that draws problems and checks, the grader's process for the lab that
        comes next, the figures of the lesson that does."""
        import sympy  # noqa: F401  half a second, once

        with self._desk() as desk:
            lab_id = self.last_lab() or next(iter(self.curriculum.labs), None)
            step = self._next(desk) if desk.record.enrolled else None
            lesson_id = step.target if step is not None and step.kind == "lesson" else next(iter(self.curriculum.lessons), None)
        if step is not None and step.kind == "lab":
            lab_id = step.target
        if lab_id is not None:
            self._started().warm(self.curriculum.labs[lab_id])
        if lesson_id is not None:
            self.lesson(lesson_id)

    # Inside

    @contextlib.contextmanager
    def _desk(self, enrolled: bool = False) -> Iterator[Desk]:
        """The state as of now, under the lock. A disk's complaint becomes a sentence."""
        with self._lock:
            try:
                self._ledger.refresh()
                if enrolled and not self._ledger.record.enrolled:
                    raise NotEnrolled()
                now = self._now()
                minute = now // MINUTE
                desk = self._keep("desk", (self._ledger.seq, minute), lambda: self._make_desk(now))
                desk.now = now
                yield desk
            except OSError as error:
                raise home_error(self.home.folder, error) from error

    def _make_desk(self, now: int) -> Desk:
        return Desk(self.curriculum, self._ledger.state, self._ledger.record, now, self._tz(now))

    def _tz(self, now: int) -> int:
        try:
            return int(time.localtime(now / 1000).tm_gmtoff // 60)
        except (OverflowError, ValueError, OSError):
            return self._ledger.record.tz

    def _keep(self, name: Any, valid: Desk | tuple[int, int], make: Callable[[], View]) -> View:
        """What `make` gives, kept until the journal or the minute moves on."""
        stamp = valid if isinstance(valid, tuple) else (self._ledger.seq, valid.now // MINUTE)
        kept = self._kept.get(name)
        if kept is None or kept[0] != stamp:
            kept = self._kept[name] = (stamp, make())
        view: View = kept[1]
        return view

    def _append(self, *data: e.Data) -> list[e.Event]:
        self._recordable()
        return self._ledger.append(*data, at=self._now())

    def _recordable(self) -> None:
        """Raises where nothing can be recorded."""
        if self.read_only:
            raise HomeError(self.read_only)

    def _remarks(self) -> tuple[str, ...]:
        """What a person should know about their record, in a sentence each."""
        remarks = [f"Nothing that you do now is recorded. {self.read_only}"] if self.read_only else []
        if self._lost:
            remarks.append(self._lost)
        aside = self._ledger.aside
        if aside:
            first = min(aside)
            many = (
                f"{len(aside)} entries of your journal cannot be read and are"
                if len(aside) > 1
                else "An entry of your journal cannot be read and is"
            )
            remarks.append(
                f"{many} set aside ({'the first is ' if len(aside) > 1 else ''}entry {first}: {aside[first].why}): nothing follows from "
                "that, and everything else counts. `modelwright journal verify` says more."
            )
        return tuple(remarks)

    def _changes(self, skills: Sequence[str], data: e.Data) -> tuple[v.SkillChange, ...]:
        """Appends, and says what that did to these skills."""
        now = self._now()
        with self._desk() as before:
            was = {line.id: line.mastery for line in before.skills(tuple(skills))}
            self._append(data)
        after = self._make_desk(now)
        lines = after.skills(tuple(skills))
        return tuple(
            v.SkillChange(line.id, line.title, was[line.id], line.mastery) for line in lines if abs(line.mastery - was[line.id]) > 5e-4
        )

    def _find(self, kind: str, id: str) -> Any:
        found = getattr(self.curriculum, kind + "s").get(id)
        if found is None:
            raise Unknown(kind, id, tuple(self.curriculum.nearest(kind, id)))
        return found

    def _any(self, id: str) -> str:
        """An id of any kind, or a chapter's `<resource>#<number>`; its last part will do where only one thing ends so."""
        base = id.partition("#")[0]
        tables = [getattr(self.curriculum, kind + "s") for kind in CURRICULUM_KINDS]
        if any(base in table for table in tables):
            return id
        ends: set[str] = {known for table in tables for known in table if "/" not in base and known.endswith("/" + base)}
        if len(ends) == 1:
            return ends.pop()
        near = [n for kind in CURRICULUM_KINDS[:-2] for n in self.curriculum.nearest(kind, base)][:3]
        raise Unknown("lesson, lab, problem, skill or module", id, tuple(dict.fromkeys(near)))

    # The learner room

    def _minutes(self, desk: Desk) -> int:
        """A day's minutes: as set, else the week's hours over six evenings, to the next five minutes."""
        return desk.record.minutes_per_day or min(720, max(15, 5 * round(desk.record.hours_per_week * 60 / 6 / 5)))

    def _left(self, desk: Desk) -> int:
        """What is left of the evening's minutes."""
        return max(0, round(self._wish(desk) - desk.record.minutes_on(desk.day)))

    def _wish(self, desk: Desk) -> int:
        """How long this evening is: the learner's minutes a day, fewer on the first evening after an absence."""
        from modelwright.learner import evening_minutes

        return round(evening_minutes(desk.state, desk.now, self._minutes(desk)))

    def _session(self, desk: Desk, minutes: int) -> Any:
        from modelwright.learner import session

        return self._keep(("session", minutes), desk, lambda: session(self.curriculum, desk.state, desk.now, minutes))

    def _next(self, desk: Desk) -> v.Step:
        """The next step of this evening; what it would be on another one where this one is over."""
        return self._next_tonight(desk) or evening.step_view(self._session(desk, self._minutes(desk)).steps[0])

    def _next_tonight(self, desk: Desk) -> v.Step | None:
        session = self._session(desk, self._left(desk))
        return None if session.over else evening.step_view(session.steps[0])

    def _here(self, desk: Desk) -> str:
        """The module in which the next step lies."""
        if not desk.record.enrolled:
            return next(iter(self.curriculum.modules), "")
        step = self._next(desk)
        named = (step.target or next(iter(step.skills), "")).split("/")[0]
        return named if named in self.curriculum.modules else ""

    def _due(self, desk: Desk) -> list[Any]:
        from modelwright.learner import due_cards

        return self._keep("due", desk, lambda: due_cards(self.curriculum, desk.state, desk.now)) if desk.record.enrolled else []

    def _horizon(self, desk: Desk) -> v.Horizon:
        return self._keep("horizon", desk, lambda: outlook.horizon(desk))

    def _forecast(self, desk: Desk) -> v.ForecastView | None:
        """Drawn anew each day and when the goals change; while the learner works, the last one stands until a new one is drawn aside."""
        if not desk.record.enrolled:
            return None
        record = desk.record
        goals = (record.hours_per_week, record.deadline, tuple(record.skipped), tuple(sorted(record.books.items())), desk.day)
        kept = self._forecast_kept or self._forecast_of_before(goals)
        if kept is None or kept.goals != goals:
            self._forecast_kept = self._drawn(desk, goals)
            self._note_forecast(desk)
            self._ledger.keep("forecast", (self._ledger.seq, repr(goals)), self._forecast_kept.view)
        elif kept.seq != self._ledger.seq and desk.now - kept.at > FORECAST_STANDS and not self._forecasting.locked():
            threading.Thread(target=self._draw_aside, args=(self._make_desk(desk.now), goals), daemon=True, name="forecast").start()
        assert self._forecast_kept is not None
        return self._forecast_kept.view

    def _as_things_stand(self, desk: Desk) -> v.ForecastView:
        """The forecast from the very state of now: the one that is shown, unless something was done since it was drawn."""
        shown = self._forecast(desk)
        kept = self._forecast_kept
        return shown if shown is not None and kept is not None and kept.seq == self._ledger.seq else outlook.drawn(desk)

    def _forecast_of_before(self, goals: tuple[Any, ...]) -> _Forecast | None:
        """The one that an earlier process drew today from the very same journal: a start need not wait for it again."""
        view = self._ledger.kept("forecast", (self._ledger.seq, repr(goals)), v.ForecastView)
        if view is not None:
            self._forecast_kept = _Forecast(goals, self._ledger.seq, self._now(), view)
        return self._forecast_kept

    def _drawn(self, desk: Desk, goals: tuple[Any, ...]) -> _Forecast:
        return _Forecast(goals, self._ledger.seq, desk.now, outlook.drawn(desk))

    def _draw_aside(self, desk: Desk, goals: tuple[Any, ...]) -> None:
        with self._forecasting:
            drawn = self._drawn(desk, goals)
            with self._lock:
                self._forecast_kept = drawn
                self._ledger.keep("forecast", (drawn.seq, repr(goals)), drawn.view)

    def _note_forecast(self, desk: Desk) -> None:
        """Once a week the journal keeps what was forecast, so that it can be held against what came."""
        before = desk.state.forecasts[-1].at if desk.state.forecasts else desk.record.enrolled_at
        if desk.now - before < WEEK or self._forecast_kept is None or self.read_only:
            return
        with contextlib.suppress(UnwritableJournalError):  # a disk that is full now: nobody asked for this to be kept
            self._append(e.ForecastMade(**outlook.snapshot(self._forecast_kept.view)))
        self._forecast_kept.seq = self._ledger.seq

    def _queue(self, desk: Desk, limit: int, share: v.Share = "due", first: str = "") -> v.ReviewQueue:
        from modelwright.learner import soon_cards, tonights_cards

        due = self._due(desk)
        mine = tonights_cards(self.curriculum, desk.state, desk.now, self._left(desk)) if share == "tonight" else due
        if not mine and share != "due":
            mine = soon_cards(self.curriculum, desk.state, desk.now)
        if first:
            ahead = [d for d in due if d.card == first]
            mine = [*ahead, *(d for d in mine if d.card != first)]
        cards = tuple(content.card_view(desk, self.curriculum.cards[d.card], d, desk.intervals(d.card)) for d in mine[:limit])
        today = desk.record.today if desk.record.today_is == desk.day else []
        return v.ReviewQueue(
            cards=cards,
            due=len(due),
            new=sum(d.new for d in due),
            done_today=sum(entry.count for entry in today if entry.kind == "review"),
            next_due_at=None if due else desk.next_card_at(),
            left=len(mine),
            undo=self._undo(desk),
        )

    def _undo(self, desk: Desk) -> v.Link | None:
        """The card whose rating was the last, if that was today."""
        rated = desk.record.rated
        if rated is None or day_of(rated.at, desk.tz) != desk.day or rated.card not in self.curriculum.cards:
            return None
        return desk.link(rated.card, "card")

    # Grading

    def _started(self) -> Grader:
        with self._starting:
            if self._closed:
                raise StudioError("The studio is closing; your file is saved, and was not graded.")
            if self._grader is None:
                from modelwright.grading import Grader

                self._grader = Grader(self.home.folder)
            return self._grader

    @property
    def _running(self) -> Sessions:
        grader = self._started()
        with self._starting:
            if self._sessions is None:
                from modelwright.grading import Sessions

                self._sessions = Sessions(grader)
            return self._sessions

    def _grade(self, lab: Lab, source: bytes, on_check: Callable[[CheckResult], None] | None) -> Verdict:
        """Without a lock: a submission that hangs keeps no other lab, and no page, waiting."""
        verdict = self._started().grade(lab, source, on_check=on_check)
        if self._closed:
            raise StudioError("The studio is closing; your file is saved, and was not graded.")
        return verdict

    def _keep_pass(self, lab: Lab, source: bytes, verdict: Verdict, from_file: bool) -> tuple[bool, str]:
        """The pass in the workshop's history: (kept, why not). A file that was there (`from_file`) and is gone is not written again."""
        from modelwright.workshop.workshop import starter

        workshop = self.workshop
        try:
            if workshop.read(lab) != source:
                if workshop.exists(lab) and workshop.read(lab) != starter(lab):
                    return False, f"Your file {lab.file} holds something else and was left as it is."
                if not workshop.exists(lab) and from_file:
                    return False, f"Your file {lab.file} was taken away meanwhile, so this pass is not in the workshop's history."
                workshop.write(lab, source)
            return workshop.commit_pass(lab, verdict) is not None, ""
        except (NoGit, WorkshopError) as why:
            return False, str(why)

    def _statement(self, lab: Lab) -> tuple[str, tuple[str, ...]]:
        try:
            text = (lab.folder / "README.md").read_text(encoding="utf-8")
        except FileNotFoundError:
            text = ""
        lines = text.lstrip().splitlines()
        if lines and lines[0].startswith("# "):  # the page has the title already
            text = "\n".join(lines[1:]).lstrip()
        return text, content.check_names(lab)

    def _draw(self, lesson_id: str, frames: bool = False) -> None:
        """Draws a lesson's figures, or the frames of its explores, in the background, once at a time."""
        what = f"{lesson_id} frames" if frames else lesson_id
        with self._lock:
            if what in self._drawing or what in self._undrawable:
                return
            self._drawing.add(what)

        def work() -> None:
            from modelwright.curriculum.figures import draw
            from modelwright.curriculum.frames import draw_frames

            lesson = self.curriculum.lessons[lesson_id]
            try:
                whole = True
                if frames:
                    whole = not draw_frames(lesson, self._pages.frames)
                else:
                    draw(lesson, self._pages.figures)
            except OSError:
                whole = False  # the page shows the figure's text instead
            with self._lock:
                self._drawing.discard(what)
                if not whole:
                    self._undrawable.add(what)

        threading.Thread(target=work, daemon=True, name="figures").start()


def _drawings(curriculum: Path) -> tuple[Path, Path]:
    """Where a curriculum's figures and its frames are kept."""
    from modelwright.curriculum.figures import folder_of
    from modelwright.curriculum.frames import frames_folder

    return folder_of(curriculum), frames_folder(curriculum)


def _check_reading(hours: float | None) -> None:
    if hours is not None and not 0 <= hours <= 100:
        raise StudioError(f"{hours:g} hours for one chapter cannot be right; give a number between 0 and 100.")


def _submitted(lab: Lab, verdict: Verdict, spent: float) -> e.LabSubmitted:
    import msgspec

    told = msgspec.to_builtins(verdict)
    for check in told["checks"]:
        for field, longest in LONGEST_TEXT.items():
            if len(check[field]) > longest:
                check[field] = check[field][:longest] + "…"
    return e.LabSubmitted(
        lab=lab.id,
        skills=list(lab.skills),
        passed=verdict.status == "passed",
        checks_passed=verdict.passed,
        checks_total=verdict.total,
        seconds=round(spent, 1),
        source_sha256=verdict.source_sha256,
        verdict=told,
    )


def _encoded(text: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise StudioError(f"The text holds half a character (at {error.start}), which a file cannot; nothing was saved.") from None


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise StudioError("A name is needed: it signs your work in the workshop.")
    if len(name) > 100 or any(c in name for c in "<>\0"):
        raise StudioError("The name should have at most 100 characters and no '<' or '>': it signs commits.")
    return name


def _hours(hours: float) -> float:
    if not 0.5 <= hours <= 80:
        raise StudioError(f"{hours:g} hours a week cannot be planned with; choose between 0.5 and 80.")
    return float(hours)


def _date(text: str | None) -> str | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise StudioError(f"'{text}' is not a date; write it as year-month-day, for instance 2028-06-30.") from None
    if day <= date.today():
        raise StudioError(f"The deadline {text} has passed; choose a later one, or none.")
    return text


def _seed(seed: int) -> int:
    if not 0 <= seed < content.SEEDS:
        raise StudioError(f"A problem's seed is a number from 0 to {content.SEEDS - 1}, not {seed}.")
    return seed
