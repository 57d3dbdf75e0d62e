"""A second fold over the journal: the plain facts that faces show and no model is needed for.

Which lessons are finished, what the last verdict on a lab said, which notes were written, what happened today. Like the learner
room's state it follows from the events alone, so it can be thrown away; unlike it, it draws no conclusion. It is changed in place by
`add`, event by event, and kept in the studio's snapshot as MessagePack.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import msgspec

from modelwright.journal import events as e
from modelwright.learner.wording import day_of

RECENT = 60
REMEMBERED = 400  # entries of the journal that a skill's page may look back on
HOUR, DAY = 3_600_000, 86_400_000
PLACEMENT_LASTS = 30 * DAY  # an open placement goes on; after a month it begins anew
EXAM_LASTS = 12 * HOUR  # a sitting; after it the exam, or the check of a chapter, can be taken again
MIDDLE, A_STEP = 2.5, 0.6  # the middle of the scale of difficulty, and what one step on it takes off the log-odds of a right answer
SITTING = 12 * HOUR  # a question in a lesson that was answered longer ago is asked anew when the lesson is read again
CHECKED = 40  # so many answers in checks of chapters are kept


class Attempted(msgspec.Struct, array_like=True):
    at: int
    passed: bool
    checks_passed: int
    checks_total: int


class LabRecord(msgspec.Struct):
    """`verdict` is that of the last submission, as the journal holds it; `sha` the text it judged."""

    attempts: list[Attempted] = []
    verdict: dict[str, Any] | None = None
    sha: str = ""
    passed_at: int = 0
    passed_sha: str = ""
    hints: list[int] = []  # those of the author's three that were shown, in that order
    solution_seen: bool = False


class CheckRecord(msgspec.Struct):
    """A question inside a lesson. `asked` counts all answers; the rest is of the last sitting with it."""

    asked: int = 0
    at: int = 0
    attempts: int = 0
    answer: str = ""
    right: bool = False
    shown: bool = False
    seed: int = 0


class OwnAnswer(msgspec.Struct, array_like=True):
    """What the learner wrote to a closing question, and how they marked it."""

    at: int
    text: str
    mark: str


class LessonRecord(msgspec.Struct):
    opened_at: int = 0
    finished_at: int = 0
    answers: list[str] = []
    checks: dict[str, CheckRecord] = {}
    filled: dict[str, int] = {}  # block with a hole -> when it was last filled rightly
    own: dict[str, OwnAnswer] = {}  # closing question -> the learner's answer to it


class ProblemRecord(msgspec.Struct):
    """`attempts` counts the answers to each seed; `settled` holds the seeds answered rightly or whose solution was shown."""

    answered: int = 0
    right: int = 0
    attempts: dict[int, int] = {}
    settled: set[int] = set()
    shown: set[int] = set()
    last_seed: int = 0
    last_at: int = 0


class Asked(msgspec.Struct, array_like=True):
    """One question of the bank and how it was answered."""

    at: int
    item: str
    skill: str
    right: bool
    seconds: float = 0.0


class Entry(msgspec.Struct, array_like=True):
    """A line of the diary. `count` joins what was done in a row: fourteen cards are one line."""

    at: int
    kind: str
    target: str
    minutes: float
    count: int = 1
    right: int = 0


class Note(msgspec.Struct, array_like=True):
    text: str
    at: int
    quote: str = ""


class Handed(msgspec.Struct, array_like=True):
    """An entry to a competition; `set_aside` says why it does not count, "" where it does."""

    at: int
    entry: str
    file: str
    form: str
    public: float
    low: float | None
    high: float | None
    validation: float | None
    note: str
    set_aside: str
    data: str


class Closed(msgspec.Struct, array_like=True):
    """When a competition's private board was opened, what it was scored on, and each entry's score there."""

    at: int
    data: str
    scores: dict[str, float]


class Stopped(msgspec.Struct, array_like=True):
    """How far a chapter was read: when that was said, the share, and the place in words."""

    at: int
    share: float
    place: str


class Passage(msgspec.Struct, array_like=True):
    """A paragraph that the learner marked, and how it began then."""

    at: int
    quote: str


class Fit(msgspec.Struct, array_like=True):
    """One attempt at fitting the memory to the learner's own reviews."""

    at: int
    reviews: int
    held_out: int
    before: float
    after: float
    won: bool
    cards_seen: int  # reviews that the journal held then


class Brought(msgspec.Struct, array_like=True):
    """A file of another program that was read."""

    at: int
    source: str
    file: str
    reviews: int
    kept: int


class Rated(msgspec.Struct):
    """The last rating of a card that was given here: its entry's id."""

    event: str
    card: str
    at: int
    rating: int


class Edited(msgspec.Struct):
    ask: str
    answer: str


class Record(msgspec.Struct):
    events: int = 0
    first_at: int = 0
    last_at: int = 0
    tz: int = 0
    name: str = ""
    hours_per_week: float = 0.0
    minutes_per_day: int = 0
    deadline: str = ""
    background: dict[str, int] = {}
    books: dict[str, str] = {}
    skipped: list[str] = []
    retention: float = 0.9
    enrolled_at: int = 0
    placed: int = 0
    placed_at: int = 0  # when a placement was last finished
    placing: list[Asked] = []  # the answers of the placement that is open
    exams: dict[str, list[Asked]] = {}  # module -> the answers of its last sitting
    checked: list[Asked] = []  # the last answers in checks of chapters
    items: dict[str, int] = {}  # item or problem -> how often it was asked as a question of the bank
    items_asked: int = 0
    items_right: int = 0
    surprise: dict[str, float] = {}  # item -> how many more of its answers were expected to be right than were
    lessons: dict[str, LessonRecord] = {}
    problems: dict[str, ProblemRecord] = {}
    labs: dict[str, LabRecord] = {}
    cards: dict[str, int] = {}  # card -> reviews of it
    rated: Rated | None = None
    edited: dict[str, Edited] = {}  # card -> the learner's own words on it
    stopped: dict[str, Stopped] = {}  # "resource#number" -> where its reading stopped
    chapters: dict[str, tuple[int, float]] = {}  # "resource#number" -> (when, hours)
    milestones: dict[str, dict[int, int]] = {}  # project -> milestone -> when
    projects_done: dict[str, int] = {}
    handed: dict[str, list[Handed]] = {}  # competition -> its entries, the oldest first
    closed: dict[str, Closed] = {}  # competition -> how it ended
    notes: dict[str, Note] = {}
    passages: dict[str, Passage] = {}  # "lesson#paragraph" -> the mark on it
    practised: dict[str, int] = {}  # skill -> when it was last worked on
    entries: dict[str, list[int]] = {}  # skill -> the newest entries of the journal that name it
    taught: dict[str, list[int]] = {}  # lesson, "resource#number" or project -> the same
    everywhere: list[int] = []  # entries that may speak of any skill: what was said at the beginning, placements
    reviewed: int = 0  # reviews of cards, those brought in among them
    fits: list[Fit] = []
    brought: list[Brought] = []
    days: dict[int, float] = {}  # day -> minutes
    modules: dict[str, float] = {}  # module -> minutes
    recent: list[Entry] = []
    today: list[Entry] = []
    today_is: int = 0

    @property
    def enrolled(self) -> bool:
        return self.enrolled_at > 0

    def minutes_on(self, day: int) -> float:
        return self.days.get(day, 0.0)

    def add(self, events: Iterable[e.Event], seq: int = 0) -> None:
        """`seq`: the number of the (one) event in the journal, where it is known."""
        for event in events:
            if seq:
                self._find_again(seq, event.data)
            self.events += 1
            self.first_at = self.first_at or event.at
            self.last_at = max(self.last_at, event.at)
            self.tz = event.tz
            handler = _HANDLERS.get(type(event.data))
            if handler is not None:
                handler(self, event, event.data)

    def _find_again(self, seq: int, data: e.Data) -> None:
        """Notes where in the journal a skill is spoken of, so that its page need not read all of it."""
        skills: Iterable[str] = ()
        match data:
            case e.CardReviewed():
                skills = (data.skill,)
            case e.ProblemAnswered() | e.ItemAnswered() | e.LabSubmitted() | e.Checked() | e.Faded():
                skills = data.skills
            case e.AnswerMarked() if data.mark:
                skills = data.skills
            case e.LessonFinished():
                _latest(self.taught, data.lesson, seq)
            case e.ChapterRead():
                _latest(self.taught, f"{data.resource}#{data.chapter}", seq)
            case e.ProjectEntry(done=True, milestone=None):
                _latest(self.taught, data.project, seq)
            case e.Enrolled() | e.Placed():
                self.everywhere.append(seq)
            case e.SolutionSeen() | e.HintTaken():
                _latest(self.taught, data.target if isinstance(data, e.SolutionSeen) else data.lab, seq)
        for skill in skills:
            _latest(self.entries, skill, seq)

    def did(self, event: e.Event, kind: str, target: str, minutes: float, right: int = 0, join: bool = False, of: str = "") -> None:
        """A line in the diary, and the minutes on its day and its module (`of`, or the one that `target` names)."""
        day = day_of(event.at, event.tz)
        if minutes > 0:
            self.days[day] = self.days.get(day, 0.0) + minutes
            module = of or target.split("/")[0]
            self.modules[module] = self.modules.get(module, 0.0) + minutes
        if day > self.today_is:
            self.today, self.today_is = [], day
        for lines in (self.recent, self.today) if day == self.today_is else (self.recent,):
            last = lines[-1] if lines else None
            if join and last is not None and last.kind == kind and last.target == target and event.at - last.at < 2 * HOUR:
                last.at, last.minutes, last.count, last.right = event.at, last.minutes + minutes, last.count + 1, last.right + right
            else:
                lines.append(Entry(event.at, kind, target, minutes, 1, right))
        del self.recent[:-RECENT]


def _latest(table: dict[str, list[int]], key: str, seq: int) -> None:
    kept = table.setdefault(key, [])
    kept.append(seq)
    if len(kept) > REMEMBERED:
        del kept[0]


def _enrolled(record: Record, event: e.Event, data: e.Enrolled) -> None:
    record.name, record.hours_per_week = data.name, data.hours_per_week
    record.background, record.deadline = dict(data.background), data.deadline or ""
    record.enrolled_at = record.enrolled_at or event.at


def _goals(record: Record, event: e.Event, data: e.GoalsChanged) -> None:
    for field in ("name", "hours_per_week", "deadline", "minutes_per_day", "retention"):
        value = getattr(data, field)
        if value is not None:
            setattr(record, field, value)
    if data.books is not None:
        record.books = record.books | data.books
    if data.skipped is not None:
        record.skipped = list(data.skipped)


def _placed(record: Record, event: e.Event, data: e.Placed) -> None:
    record.placed += 1
    if data.questions or data.by == "self-report":  # an exam that was passed counts no questions: it ends no placement
        record.placing, record.placed_at = [], event.at


def _item(record: Record, event: e.Event, data: e.ItemAnswered) -> None:
    for skill in data.skills:
        record.practised[skill] = event.at
    # What this learner would have been expected to do: their share of right answers so far, less for what is stated to be harder.
    odds = (record.items_right + 1) / (record.items_asked - record.items_right + 1)
    expected = 1 / (1 + math.exp(A_STEP * (data.difficulty - MIDDLE)) / odds)
    record.surprise[data.item] = record.surprise.get(data.item, 0.0) + expected - data.right
    record.items[data.item] = record.items.get(data.item, 0) + 1
    record.items_asked += 1
    record.items_right += data.right
    asked = Asked(event.at, data.item, data.skills[0] if data.skills else "", data.right, data.seconds)
    if data.setting == "placement":
        kept = record.placing if record.placing and event.at - record.placing[-1].at < PLACEMENT_LASTS else []
        record.placing = [*kept, asked]
    elif data.setting == "exam":
        sat = record.exams.get(data.item.split("/")[0], [])
        kept = sat if sat and event.at - sat[-1].at < EXAM_LASTS else []
        record.exams[data.item.split("/")[0]] = [*kept, asked]
    elif data.setting == "chapter":
        record.checked = [*record.checked, asked][-CHECKED:]
    kind = "check" if data.setting == "chapter" else data.setting  # a "chapter" of the diary is one that was read
    record.did(event, kind, data.item.split("/")[0], data.seconds / 60, int(data.right), join=True)


def _lesson_opened(record: Record, event: e.Event, data: e.LessonOpened) -> None:
    record.lessons.setdefault(data.lesson, LessonRecord()).opened_at = event.at


def _lesson_finished(record: Record, event: e.Event, data: e.LessonFinished) -> None:
    lesson = record.lessons.setdefault(data.lesson, LessonRecord())
    lesson.finished_at = event.at
    if any(answer.strip() for answer in data.answers):
        lesson.answers = list(data.answers)
    record.did(event, "lesson", data.lesson, data.seconds / 60)


def _checked(record: Record, event: e.Event, data: e.Checked) -> None:
    lesson, _, id = data.target.partition("#")
    check = record.lessons.setdefault(lesson, LessonRecord()).checks.setdefault(id, CheckRecord())
    check.attempts = check.attempts + 1 if event.at - check.at < SITTING else 1
    check.asked += 1
    check.at, check.answer, check.right, check.shown, check.seed = event.at, data.answer, data.right, data.solution_shown, data.seed
    if data.source:  # it has been seen: an exam prefers another
        record.items[data.source] = record.items.get(data.source, 0) + 1
    for skill in data.skills:
        record.practised[skill] = event.at


def _faded(record: Record, event: e.Event, data: e.Faded) -> None:
    lesson, _, id = data.target.partition("#")
    record.lessons.setdefault(lesson, LessonRecord()).filled[id] = event.at
    for skill in data.skills:
        record.practised[skill] = event.at


def _answer_marked(record: Record, event: e.Event, data: e.AnswerMarked) -> None:
    lesson, _, id = data.target.partition("#")
    record.lessons.setdefault(lesson, LessonRecord()).own[id] = OwnAnswer(event.at, data.answer, data.mark)


def _passage(record: Record, event: e.Event, data: e.PassageMarked) -> None:
    if data.on:
        record.passages[data.target] = Passage(event.at, data.quote)
    else:
        record.passages.pop(data.target, None)


def _chapter(record: Record, event: e.Event, data: e.ChapterRead) -> None:
    key = f"{data.resource}#{data.chapter}"
    read = record.chapters.get(key)
    if data.done and read is not None and not data.again and event.at - read[0] < SITTING:
        return  # ticked twice, in two faces: read once
    record.stopped.pop(key, None)
    if data.done:
        record.chapters[key] = (event.at, data.hours)
        record.did(event, "chapter", key, data.hours * 60)
    elif key in record.chapters:
        at, hours = record.chapters.pop(key)
        day = day_of(at, event.tz)
        record.days[day] = max(0.0, record.days.get(day, 0.0) - hours * 60)
        module = data.resource.split("/")[0]
        record.modules[module] = max(0.0, record.modules.get(module, 0.0) - hours * 60)
        for lines in (record.recent, record.today):
            lines[:] = [line for line in lines if (line.kind, line.target) != ("chapter", key)]


def _stopped(record: Record, event: e.Event, data: e.ChapterStopped) -> None:
    key = f"{data.resource}#{data.chapter}"
    if key not in record.chapters:
        record.stopped[key] = Stopped(event.at, data.share, data.place)
    record.did(event, "part", key, data.hours * 60)


def _problem(record: Record, event: e.Event, data: e.ProblemAnswered) -> None:
    problem = record.problems.setdefault(data.problem, ProblemRecord())
    problem.answered += 1
    problem.right += data.right
    problem.attempts[data.seed] = problem.attempts.get(data.seed, 0) + 1
    problem.last_seed, problem.last_at = data.seed, event.at
    if data.solution_shown:
        problem.shown.add(data.seed)
    if data.right or data.solution_shown:
        problem.settled.add(data.seed)
    for skill in data.skills:
        record.practised[skill] = event.at
    record.did(event, "problem", data.problem, data.seconds / 60, int(data.right), join=True)


def _card(record: Record, event: e.Event, data: e.CardReviewed) -> None:
    record.cards[data.card] = record.cards.get(data.card, 0) + 1
    record.reviewed += 1
    if not data.source:
        record.rated = Rated(event.id, data.card, event.at, data.rating)
    record.practised[data.skill] = event.at
    record.did(event, "review", "", data.seconds / 60, int(data.rating > 1), join=True, of=data.card.split("/")[0])


def _edited(record: Record, event: e.Event, data: e.CardEdited) -> None:
    if data.ask.strip() or data.answer.strip():
        record.edited[data.card] = Edited(data.ask, data.answer)
    else:
        record.edited.pop(data.card, None)


def _lab(record: Record, event: e.Event, data: e.LabSubmitted) -> None:
    lab = record.labs.setdefault(data.lab, LabRecord())
    lab.attempts.append(Attempted(event.at, data.passed, data.checks_passed, data.checks_total))
    lab.verdict, lab.sha = data.verdict, data.source_sha256
    if data.passed:
        lab.passed_at, lab.passed_sha = lab.passed_at or event.at, data.source_sha256
    for skill in data.skills:
        record.practised[skill] = event.at
    record.did(event, "lab", data.lab, data.seconds / 60, int(data.passed), join=True)


def _hint(record: Record, event: e.Event, data: e.HintTaken) -> None:
    lab = record.labs.setdefault(data.lab, LabRecord())
    which = data.which or data.number
    if which not in lab.hints:
        lab.hints.append(which)


def _solution(record: Record, event: e.Event, data: e.SolutionSeen) -> None:
    problem = record.problems.get(data.target)
    if problem is None:
        record.labs.setdefault(data.target, LabRecord()).solution_seen = True
    else:
        problem.shown.add(problem.last_seed)
        problem.settled.add(problem.last_seed)


def _project(record: Record, event: e.Event, data: e.ProjectEntry) -> None:
    if data.done and data.milestone is not None:
        record.milestones.setdefault(data.project, {})[data.milestone] = event.at
    elif data.done:
        record.projects_done[data.project] = event.at
    record.did(event, "project", data.project, data.hours * 60)


def _competition(record: Record, event: e.Event, data: e.CompetitionEntry) -> None:
    handed = Handed(
        event.at,
        data.entry,
        data.file,
        data.form,
        data.public_score,
        data.low,
        data.high,
        data.validation,
        data.note,
        data.set_aside,
        data.data,
    )
    record.handed.setdefault(data.competition, []).append(handed)
    record.did(event, "competition", data.competition, 0.0)


def _closed(record: Record, event: e.Event, data: e.CompetitionClosed) -> None:
    record.closed[data.competition] = Closed(event.at, data.data, dict(data.scores))


def _run(record: Record, event: e.Event, data: e.RunFinished) -> None:
    record.did(event, "run", data.run, 0.0)  # the machine's time, not the learner's


def _note(record: Record, event: e.Event, data: e.NoteWritten) -> None:
    if data.text.strip():
        record.notes[data.target] = Note(data.text, event.at, data.quote)
    else:
        record.notes.pop(data.target, None)


def _time(record: Record, event: e.Event, data: e.TimeLogged) -> None:
    record.did(event, "time", data.target or data.what, data.hours * 60)


def _fitted(record: Record, event: e.Event, data: e.MemoryFitted) -> None:
    record.fits.append(Fit(event.at, data.reviews, data.held_out, data.loss_before, data.loss_after, data.won, record.reviewed))


def _brought(record: Record, event: e.Event, data: e.ReviewsImported) -> None:
    kept = sum(len(pairs) // 2 for pairs in data.cards.values())
    record.brought.append(Brought(event.at, data.source, data.file, data.reviews, kept))


_HANDLERS: dict[type, Any] = {
    e.Enrolled: _enrolled,
    e.GoalsChanged: _goals,
    e.Placed: _placed,
    e.ItemAnswered: _item,
    e.LessonOpened: _lesson_opened,
    e.LessonFinished: _lesson_finished,
    e.Checked: _checked,
    e.Faded: _faded,
    e.AnswerMarked: _answer_marked,
    e.PassageMarked: _passage,
    e.ChapterRead: _chapter,
    e.ChapterStopped: _stopped,
    e.ProblemAnswered: _problem,
    e.CardReviewed: _card,
    e.CardEdited: _edited,
    e.LabSubmitted: _lab,
    e.HintTaken: _hint,
    e.SolutionSeen: _solution,
    e.ProjectEntry: _project,
    e.CompetitionEntry: _competition,
    e.CompetitionClosed: _closed,
    e.RunFinished: _run,
    e.NoteWritten: _note,
    e.TimeLogged: _time,
    e.MemoryFitted: _fitted,
    e.ReviewsImported: _brought,
}
