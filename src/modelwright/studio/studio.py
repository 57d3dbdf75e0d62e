"""The studio: one method for each thing that a person can do. See the package's docstring for what it is and is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from modelwright.studio import views as v
from modelwright.studio.home import Home

if TYPE_CHECKING:
    from modelwright.grading import CheckResult, Verdict


class Studio:
    """A learner's studio. Thread-safe; several may be open on one home, in several processes."""

    home: Home

    @classmethod
    def open(
        cls, home: Home | Path | str | None = None, curriculum_folder: Path | str | None = None, journal_url: str | None = None
    ) -> Studio:
        """The studio on a home (default: `Home.from_env()`), ready to answer. Close it, or use it as a context manager."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    # Who

    @property
    def enrolled(self) -> bool:
        raise NotImplementedError

    def enrol(
        self, name: str, hours_per_week: float, background: Mapping[str, int] | None = None, deadline: str | None = None
    ) -> v.SettingsView:
        """Begins: records who learns and makes the workshop.

        `background`: module id -> 0 (new to me) … 3 (I could teach it). `deadline`: ISO date.
        """
        raise NotImplementedError

    def settings(self) -> v.SettingsView:
        raise NotImplementedError

    def change_goals(
        self,
        *,
        name: str | None = None,
        hours_per_week: float | None = None,
        deadline: str | None = None,
        minutes_per_day: int | None = None,
        books: Mapping[str, str] | None = None,
        skipped: list[str] | None = None,
        retention: float | None = None,
    ) -> v.SettingsView:
        """Changes only what is given; a `deadline` of "" takes it away."""
        raise NotImplementedError

    # What next

    def today(self, minutes: int | None = None) -> v.Today:
        """This evening's list, for `minutes` (default: the learner's own minutes a day)."""
        raise NotImplementedError

    def next(self) -> v.Step:
        raise NotImplementedError

    def why_not(self, target: str) -> str:
        """Why `target` (any id) is not next, in words."""
        raise NotImplementedError

    def forecast(self) -> v.ForecastView:
        raise NotImplementedError

    def status(self) -> v.StatusView:
        raise NotImplementedError

    # The road

    def plan(self) -> v.PlanView:
        raise NotImplementedError

    def module(self, module_id: str) -> v.ModuleView:
        raise NotImplementedError

    def skill_map(self) -> v.SkillMap:
        raise NotImplementedError

    def skill(self, skill_id: str) -> v.SkillView:
        raise NotImplementedError

    def library(self) -> v.LibraryView:
        raise NotImplementedError

    def search(self, query: str, limit: int = 20) -> tuple[v.Found, ...]:
        """Modules, skills, lessons, labs, problems, resources and cards whose words match, best first."""
        raise NotImplementedError

    # Reading

    def lesson(self, lesson_id: str) -> v.LessonView:
        raise NotImplementedError

    def open_lesson(self, lesson_id: str) -> v.LessonView:
        """As `lesson`, and records that it was opened (once an hour at most)."""
        raise NotImplementedError

    def finish_lesson(
        self, lesson_id: str, seconds: float | None = None, answers: tuple[str, ...] | list[str] = ()
    ) -> tuple[v.SkillChange, ...]:
        """`seconds` None: measured from the last opening."""
        raise NotImplementedError

    def read_chapter(self, resource_id: str, number: int, hours: float | None = None, done: bool = True) -> v.ResourceView:
        """Ticks a chapter off (or, with `done=False`, takes the tick away). `hours` None: the plan's own figure."""
        raise NotImplementedError

    def log_time(self, hours: float, what: str, target: str | None = None) -> None:
        raise NotImplementedError

    def note(self, target: str, text: str) -> v.NoteView:
        raise NotImplementedError

    # Problems

    def problem(self, problem_id: str, seed: int | None = None) -> v.ProblemView:
        """A question; without a `seed`, a new one."""
        raise NotImplementedError

    def answer(self, problem_id: str, seed: int, text: str, seconds: float | None = None, attempt: int | None = None) -> v.AnswerView:
        raise NotImplementedError

    def show_solution(self, problem_id: str, seed: int) -> v.SolutionView:
        """The worked solution. Asked for before a right answer, it is recorded as such."""
        raise NotImplementedError

    # Cards

    def reviews(self, limit: int = 50) -> v.ReviewQueue:
        raise NotImplementedError

    def review(self, card_id: str, rating: int, seconds: float = 0.0) -> v.ReviewQueue:
        """`rating`: 1 again, 2 hard, 3 good, 4 easy. Returns what is left."""
        raise NotImplementedError

    # Labs

    def lab(self, lab_id: str) -> v.LabView:
        """Opens a lab: on the first opening its starter is written into the workshop."""
        raise NotImplementedError

    def save(self, lab_id: str, text: str, expected_sha: str | None = None) -> str:
        """Writes the learner's file and returns its `sha`. With `expected_sha`, refuses to overwrite a file that has changed since."""
        raise NotImplementedError

    def submit(self, lab_id: str, on_check: Callable[[CheckResult], None] | None = None, source: str | None = None) -> Verdict:
        """Grades the learner's file (or `source`, which is saved first). `on_check` is called as each check ends, in this thread."""
        return self.hand_in(lab_id, on_check, source).verdict  # type: ignore[return-value]

    def hand_in(self, lab_id: str, on_check: Callable[[CheckResult], None] | None = None, source: str | None = None) -> v.Submission:
        """As `submit`, with what followed from it: skills changed, history kept, other right ways, the next step."""
        raise NotImplementedError

    def hint(self, lab_id: str) -> v.HintView:
        """The next of the three hints, and records that it was taken; after the third, the third again."""
        raise NotImplementedError

    def solution(self, lab_id: str, confirm: bool = False) -> v.CodeView:
        """After a pass, or with `confirm=True`, which the journal keeps. Else raises `NotYet`."""
        raise NotImplementedError

    def reset(self, lab_id: str) -> v.LabView:
        """Puts the starter back; what was there is kept in the workshop's history."""
        raise NotImplementedError

    # The edge

    def refresh(self) -> bool:
        """Folds what other processes appended; True if there was anything. Every method does so by itself."""
        raise NotImplementedError

    def warm(self) -> None:
        """Starts the grader's processes, so that the first submission does not wait for them."""
        raise NotImplementedError
