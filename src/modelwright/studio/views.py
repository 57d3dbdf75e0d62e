"""What the studio shows: one frozen dataclass for each thing a face can display, and nothing else.

A view is a finished answer. It holds no reference to the state, the curriculum or the journal, so a face may keep it, send it
to another thread or turn it into JSON. Times are milliseconds since 1970 UTC (`at`, `due_at`), durations say their unit in
their name, and probabilities lie between 0 and 1. Text that a person wrote in Markdown comes twice: as it is, for the
terminal, and as safe HTML (mathematics as MathML), for the pages, under the same name with `_html`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from modelwright.grading import Verdict

StepKind = Literal["review", "lesson", "problem", "lab", "chapter", "check", "project", "exam", "rest"]
Mark = Literal["", "right", "partly", "not"]
"""What a learner thinks of their own answer; "": nothing yet."""
Standing = Literal["locked", "open", "learning", "known", "fading"]
"""Of a skill: a prerequisite is missing · it can be begun · begun · learned and remembered · learned, and being forgotten."""


@dataclass(frozen=True, slots=True)
class Link:
    """A named thing and where it is: enough for a line in a list or an anchor. `kind` is the curriculum's: lesson, lab, skill …"""

    kind: str
    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: `target` is the id of a lesson, problem, lab, project or module; "" for reviews and rest.

    For a chapter, `target` is `<resource id>#<number>`.
    """

    kind: StepKind
    target: str
    title: str
    minutes: float
    reason: str
    skills: tuple[str, ...] = ()
    done: bool = False
    partial: bool = False  # it is begun tonight and finished another day
    problems: tuple[str, ...] = ()  # of a block of problems, the kind of each in order; `target` is the first
    again: bool = False  # it was done before, and is done once more
    example: bool = False  # an example of the same kind, worked out, stands beside the problems
    place: str = ""  # of a lesson, the block that it is about


@dataclass(frozen=True, slots=True)
class Quantiles:
    """A distribution of dates, each in milliseconds; the 50% interval is q25 to q75, 80% q10 to q90, 95% q025 to q975."""

    q025: int
    q10: int
    q25: int
    q50: int
    q75: int
    q90: int
    q975: int


@dataclass(frozen=True, slots=True)
class StageForecast:
    stage: str
    title: str
    finish: Quantiles


@dataclass(frozen=True, slots=True)
class FanPoint:
    """Of the paths at this date, how much of the plan is done (0 to 1) at each quantile."""

    at: int
    q025: float
    q10: float
    q25: float
    q50: float
    q75: float
    q90: float
    q975: float


@dataclass(frozen=True, slots=True)
class ForecastView:
    """`own` is the learner's past: (at, fraction of the plan done). `deadline` is the wish, or None."""

    finish: Quantiles
    stages: tuple[StageForecast, ...]
    fan: tuple[FanPoint, ...]
    own: tuple[tuple[int, float], ...]
    sentence: str
    deadline: int | None = None
    chance: float | None = None  # of meeting the deadline


@dataclass(frozen=True, slots=True)
class Back:
    """After an absence: how many days it was, what became of what was known, and how the next two weeks go, a sentence each."""

    days: int
    told: str
    ahead: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Horizon:
    """How far it is by the plan's own hours, at the learner's hours a week: what is left of the whole, and of the next module.

    early: so little was done that the forecast knows nothing but the plan, and the next milestone matters more than the year.
    """

    hours_low: float
    hours_high: float
    sentence: str
    milestone: Link | None
    milestone_sentence: str
    early: bool


@dataclass(frozen=True, slots=True)
class Today:
    """An evening: what it ends with, and the way there. Steps already done today come first, with `done` set.

    `can_now`: what the learner can do lately, as ends of the sentence "You can now …", newest first. `remarks`: what they should know of
    their record, a sentence each: that it can only be read now, that entries are set aside.
    """

    at: int
    name: str
    minutes: int
    title: str
    promise: str
    steps: tuple[Step, ...]
    due_cards: int
    minutes_done_today: float
    hours_this_week: float
    hours_per_week: float
    can_now: tuple[str, ...]
    parts_mine: int
    parts_total: int
    forecast: ForecastView | None
    remarks: tuple[str, ...] = ()
    back: Back | None = None
    horizon: Horizon | None = None
    put_off: tuple[Link, ...] = ()  # what the learner does not want before tomorrow


Wish = Literal["now", "not-tonight", "as-planned"]  # what one may want of a thing this evening, whatever the plan says


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why `target` is not next. anyway: what doing it now would be; None where it cannot be done by itself, or is chosen already.

    tonight: it is in this evening's list, and so may be put off. put_off: it was, until tomorrow.
    """

    target: str
    title: str
    reason: str
    anyway: Step | None = None
    tonight: bool = False
    put_off: bool = False


@dataclass(frozen=True, slots=True)
class ChapterView:
    number: int
    title: str
    hours: float
    done: bool
    read_at: int | None = None
    check: int = 0  # how many questions its check asks
    times: int = 0  # that it was read
    reached: float = 0.0  # of one that was begun, the share that was read
    stopped_at: str = ""  # where, in words
    sections: tuple[str, ...] = ()
    newer: str = ""  # its number in the newer edition, and its title there where that has changed


@dataclass(frozen=True, slots=True)
class ResourceView:
    """`chosen`: the learner reads this one of the module's books. `note` is the learner's own, `remark` the curriculum's."""

    id: str
    title: str
    kind: str
    role: str
    authors: tuple[str, ...]
    edition: str | None
    year: int | None
    remark: str | None
    newer: str  # the newer edition that there is, in words
    why: str
    free: bool
    link: str
    module: str | None
    chosen: bool
    chapters: tuple[ChapterView, ...]
    chapters_done: int
    hours: float
    hours_done: float
    note: str = ""
    rules: str = ""  # of a community: what it asks of a question

    @property
    def mine(self) -> bool:
        """The learner reads it, has begun it, or wrote a note on it."""
        return bool((self.chosen and self.chapters) or self.note or any(chapter.done or chapter.reached for chapter in self.chapters))


@dataclass(frozen=True, slots=True)
class ModuleLine:
    """A module in the plan. `skills_known` of its `skills` were learned, those that fade now among them."""

    id: str
    number: int
    title: str
    why: str
    optional: bool
    skipped: bool
    hours_low: float
    hours_high: float
    hours_done: float
    skills: int
    skills_known: int
    skills_fading: int
    mastery: float  # mean over its skills
    here: bool  # the next step lies in this module
    has_content: bool  # lessons, labs or problems are written, beyond the reading list
    resources: tuple[ResourceView, ...]


@dataclass(frozen=True, slots=True)
class StageView:
    """`done`: each of its skills was learned and each project handed in. `far`: it lies beyond the stage that comes next."""

    id: str
    number: int
    title: str
    aim: str
    months_low: float
    months_high: float | None
    hours_low: float
    hours_high: float
    hours_done: float
    mastery: float
    here: bool
    done: bool
    far: bool
    book: Link | None  # the one book of the default path
    finish: Quantiles | None
    modules: tuple[ModuleLine, ...]
    projects: tuple[ProjectLine, ...]


@dataclass(frozen=True, slots=True)
class ProjectLine:
    id: str
    title: str
    why: str
    deliverable: str
    hours_low: float
    hours_high: float
    milestones: tuple[tuple[str, bool], ...]  # (text, reached)
    done: bool
    needed: NeededView | None


@dataclass(frozen=True, slots=True)
class PlanView:
    """The hours are those of the modules and the projects, without what was left out."""

    stages: tuple[StageView, ...]
    hours_low: float
    hours_high: float
    hours_per_week: float  # the learner's
    hours_done: float
    skills: int
    skills_known: int
    forecast: ForecastView | None

    @property
    def years(self) -> tuple[float, float]:
        """What the plan takes who keeps the hours a week."""
        year = max(self.hours_per_week, 0.5) * 52
        return round(self.hours_low / year, 1), round(self.hours_high / year, 1)


@dataclass(frozen=True, slots=True)
class SkillLine:
    """A skill in a list. `mastery`: the probability of success (0 before it was met at all); `memory`: of recall today, or None."""

    id: str
    title: str
    can: str
    standing: Standing
    mastery: float
    mastery_sd: float
    attempts: float  # answers, weighted: one after help counts less
    memory: float | None
    due_at: int | None


@dataclass(frozen=True, slots=True)
class LessonLine:
    id: str
    title: str
    minutes: int
    finished: bool
    opened: bool


@dataclass(frozen=True, slots=True)
class ProblemLine:
    id: str
    title: str
    minutes: float
    difficulty: int
    right: int
    answered: int


@dataclass(frozen=True, slots=True)
class LabLine:
    """`checks_passed` of `checks_total` at the last submission; 0 of 0 before one. `waits_for`: skills to be learned before it."""

    id: str
    title: str
    minutes: int
    difficulty: int
    part: str | None
    passed: bool
    submissions: int
    checks_passed: int
    checks_total: int
    skills: tuple[Link, ...]
    waits_for: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class WorkshopView:
    """The labs by module, in the plan's order. `next`: the lab to write now or, where all wait for skills, the first of them; None where
    every lab is passed."""

    groups: tuple[tuple[Link, tuple[LabLine, ...]], ...]
    passed: int
    total: int
    next: LabLine | None
    folder: str


@dataclass(frozen=True, slots=True)
class SkillWork:
    """A skill, and what a module has to learn and practise it. skill: None for what serves other modules' skills alone."""

    skill: SkillLine | None
    lessons: tuple[LessonLine, ...]
    problems: tuple[ProblemLine, ...]
    labs: tuple[LabLine, ...]


@dataclass(frozen=True, slots=True)
class ModuleView:
    """`by_skill`: the module's skills, first things first, each with its lessons, problems and labs; what serves several skills stands
    with the first that it names."""

    line: ModuleLine
    stage: Link
    prerequisites: tuple[Link, ...]
    skills: tuple[SkillLine, ...]
    lessons: tuple[LessonLine, ...]
    problems: tuple[ProblemLine, ...]
    labs: tuple[LabLine, ...]
    by_skill: tuple[SkillWork, ...]
    cards: int
    cards_seen: int
    resources: tuple[ResourceView, ...]
    tools: tuple[ResourceView, ...]
    communities: tuple[ResourceView, ...]
    needed: NeededView | None  # what its books, lessons and labs come to need and is not here
    note: str = ""


@dataclass(frozen=True, slots=True)
class MapNode:
    """`depth`: the longest way from a skill without prerequisites, within the whole graph: a column to draw it in."""

    id: str
    title: str
    module: str
    stage: str
    depth: int
    standing: Standing
    mastery: float
    memory: float | None
    prerequisites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MapModule:
    id: str
    number: int
    title: str
    stage: str


@dataclass(frozen=True, slots=True)
class SkillMap:
    stages: tuple[Link, ...]
    modules: tuple[MapModule, ...]
    nodes: tuple[MapNode, ...]  # in topological order


@dataclass(frozen=True, slots=True)
class SkillView:
    line: SkillLine
    module: Link
    hours: float
    difficulty: int
    prerequisites: tuple[SkillLine, ...]
    unlocks: tuple[SkillLine, ...]
    encompasses: tuple[tuple[Link, float], ...]
    practised_by: tuple[tuple[Link, float], ...]  # skills whose practice counts for this one, and how much
    taught_by: tuple[Link, ...]  # lessons, problems, labs, chapters
    note: str = ""
    history: tuple[SkillEvent, ...] = ()  # what was done on it, newest first
    earlier: int = 0  # entries beyond those
    curve: MemoryCurve | None = None  # None while there is nothing to remember
    why_due: str = ""
    opens_in_all: int = 0  # skills that rest on it, directly or through others
    cards: int = 0
    cards_seen: int = 0


@dataclass(frozen=True, slots=True)
class SkillEvent:
    """Something that was done on a skill. `right`: None where there is nothing to be right about, as with reading.

    `words`: how it went.
    """

    at: int
    kind: str
    target: Link
    right: bool | None
    words: str


@dataclass(frozen=True, slots=True)
class MemoryCurve:
    """The probability of recall over time: `past` as it was believed then, `ahead` if nothing is done; (at, probability) each.

    `marks`: the days of practice, with the probability just before it, and whether it went well (None: it was read). `goal`: what the
    learner wants to keep. `stability_days`: until recall falls to nine in ten. `whole`: the past is drawn from its beginning.
    """

    past: tuple[tuple[int, float], ...]
    ahead: tuple[tuple[int, float], ...]
    marks: tuple[tuple[int, float, bool | None], ...]
    goal: float
    due_at: int
    stability_days: float
    whole: bool


@dataclass(frozen=True, slots=True)
class CheckView:
    """A question inside a lesson, as it stands now.

    right, text: of the last answer in this sitting; None and "" before there is one, or where it could not be read. `message` says what
    that answer shows; `shown`: the answer was asked for. `seed` draws the numbers and the order of the choices; a generator's question
    comes with new ones after a miss (`again`). answer: how an answer is given, by the number of a choice, the lines' numbers in order,
    what a program prints, or a formula.
    """

    id: str
    answer: Literal["choice", "order", "output", "formula"]
    seed: int
    ask: str
    ask_html: str
    code: str
    choices: tuple[str, ...]
    choices_html: tuple[str, ...]
    lines: tuple[str, ...]
    attempt: int = 1
    text: str = ""
    right: bool | None = None
    understood: bool = True
    shown: bool = False
    again: bool = False
    message: str = ""
    message_html: str = ""
    changed: tuple[SkillChange, ...] = ()


@dataclass(frozen=True, slots=True)
class ClosingView:
    """A closing question. `answer` is the author's, "" until the learner has written theirs; `mark` what they thought of their own."""

    id: str
    ask: str
    ask_html: str
    has_answer: bool
    text: str = ""
    answer: str = ""
    answer_html: str = ""
    mark: Mark = ""


@dataclass(frozen=True, slots=True)
class Term:
    """A standard name, what it means, and the lesson that introduces it. `anchor` is its place in the glossary."""

    term: str
    anchor: str
    meaning: str
    meaning_html: str
    lesson: Link


@dataclass(frozen=True, slots=True)
class ContentsLine:
    """A section of a lesson, or something in it that asks: `done` once it was answered."""

    kind: Literal["section", "check", "faded", "explore", "closing"]
    anchor: str
    title: str
    done: bool = False


@dataclass(frozen=True, slots=True)
class LessonEnd:
    """What finishing a lesson did: how its skills moved, the skills that can now be begun, and what comes next, with its first question."""

    changed: tuple[SkillChange, ...]
    opened: tuple[Link, ...]
    next: Step | None
    problem: ProblemView | None


@dataclass(frozen=True, slots=True)
class Slider:
    """One parameter of an explore: the words beside it, and its values in order, as they are shown."""

    label: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExploreLook:
    """A figure under the reader's hand. `svg` and `said` are of its first frame, "" while that is not drawn; `number` counts from 1."""

    number: int
    sliders: tuple[Slider, ...]
    svg: str
    said: str


@dataclass(frozen=True, slots=True)
class LessonBlock:
    """One thing that a reader of a lesson meets, in order: as Markdown, and as HTML that is safe to insert.

    `id` is the author's, of what asks something (its events speak of `lesson#id`), else kind and number: a place on the page. `waiting`:
    its figure is still being drawn. `explore`: what an explore shows first. `hole_lines`: how many lines a hole takes, 0 without one.
    """

    kind: Literal["prose", "cell", "figure", "check", "faded", "explore"]
    id: str
    text: str
    html: str
    waiting: bool = False
    check: CheckView | None = None
    explore: ExploreLook | None = None
    hole_lines: int = 0


@dataclass(frozen=True, slots=True)
class LessonView:
    """`blocks` are the lesson without its two closing questions, which are apart so that a face can ask for answers.

    `html` is the prose of these blocks as one text.
    """

    id: str
    title: str
    module: Link
    minutes: int
    skills: tuple[SkillLine, ...]
    text: str
    html: str
    blocks: tuple[LessonBlock, ...]
    figures_waiting: bool  # some are being drawn: ask again in a few seconds
    frames_waiting: bool  # the same of explores
    questions: tuple[str, ...]
    questions_html: tuple[str, ...]
    closing: tuple[ClosingView, ...]
    contents: tuple[ContentsLine, ...]
    terms: tuple[Term, ...]
    finished: bool
    answers: tuple[str, ...]  # the learner's, from the last time
    previous: Link | None
    next: Link | None  # the module's next lesson
    then: Link | None  # where its skills are practised: a problem or a lab
    needed: NeededView | None  # what its code needs and is not here
    note: str = ""
    beside: tuple[Passage, ...] = ()  # paragraphs that are marked or have a note, in the order of the text


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph with the learner's mark or note. `quote` is how it began when they made it; `there`: the page still has it."""

    target: Link  # lesson#paragraph
    quote: str
    quote_html: str
    marked: bool
    note: str
    at: int
    there: bool


@dataclass(frozen=True, slots=True)
class Jottings:
    """All that the learner wrote beside things: one group for each lesson or other thing, newest first."""

    groups: tuple[JottingGroup, ...]
    markdown: str


@dataclass(frozen=True, slots=True)
class JottingGroup:
    """`note`: on the thing as a whole; `passages`: on paragraphs of it."""

    about: Link
    note: str
    passages: tuple[Passage, ...]
    at: int


@dataclass(frozen=True, slots=True)
class RunView:
    """What a block of a lesson, or a lab's file, came to when it was run. Nothing of it is recorded.

    `problem` says in one sentence what went wrong, "" where nothing did; `traceback` is Python's, with the learner's lines only.
    `figures` are SVG that a page may hold as it is.
    """

    status: Literal["ok", "error", "timeout", "killed", "stopped"]
    output: str
    value: str
    problem: str
    traceback: str
    figures: tuple[str, ...]
    seconds: float
    isolation: str
    isolation_lacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FilledView:
    """What a line in a hole came to: `said` is the sentence, `traceback` Python's words where it could not be run."""

    lesson: str
    block: str
    right: bool
    said: str
    traceback: str = ""
    changed: tuple[SkillChange, ...] = ()


@dataclass(frozen=True, slots=True)
class HoleHint:
    """Help with a hole: hints 1 and 2, and after them the line itself, which is number 3. `html` is safe to insert."""

    lesson: str
    block: str
    number: int
    text: str
    html: str
    left: int


@dataclass(frozen=True, slots=True)
class ProblemView:
    """A question, made from `seed`. `attempt` is the number that the next answer would have."""

    id: str
    title: str
    module: Link
    seed: int
    attempt: int
    question: str
    question_html: str
    difficulty: int
    minutes: float
    skills: tuple[Link, ...]
    choices: tuple[str, ...]  # where the answer is one of a few words
    right: int
    answered: int


@dataclass(frozen=True, slots=True)
class SolutionView:
    """A worked solution: the steps, then the answer."""

    steps: tuple[str, ...]
    steps_html: tuple[str, ...]
    answer: str
    answer_html: str


@dataclass(frozen=True, slots=True)
class ExampleView:
    """A problem of the same kind with other numbers, worked out."""

    question: str
    question_html: str
    solution: SolutionView


@dataclass(frozen=True, slots=True)
class KindShown:
    """What a block of problems showed of one kind: so many of so many right at the first answer."""

    problem: Link
    right: int
    count: int


@dataclass(frozen=True, slots=True)
class ProblemBlock:
    """Problems one after another: where it stands, and at its end what it showed.

    marks: a letter for each that is behind the learner, `r` where the first answer was right, `w` where it was not. mixed: they are of
    several kinds, which are not named before the answer. problem: the one at hand, None at the end.
    """

    title: str
    problems: tuple[str, ...]
    marks: str
    mixed: bool
    problem: ProblemView | None
    example: ExampleView | None = None
    shown: tuple[KindShown, ...] = ()
    next: Step | None = None

    @property
    def number(self) -> int:
        """Which of them is at hand, from 1."""
        return len(self.marks) + 1


@dataclass(frozen=True, slots=True)
class AnswerView:
    """`understood` is False where the text could not be read as mathematics: nothing was recorded, and `message` says why.

    `message` speaks of the misconception where one is known. `solution` is there once the answer is right.
    """

    problem: str
    seed: int
    text: str
    understood: bool
    right: bool
    attempt: int
    message: str
    message_html: str
    misconception: str | None
    normal_form: str | None  # the answer as it was understood, in LaTeX
    normal_form_html: str
    solution: SolutionView | None
    next_seed: int
    changed: tuple[SkillChange, ...]


@dataclass(frozen=True, slots=True)
class SkillChange:
    """What one piece of work did to one skill's mastery."""

    id: str
    title: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class CardView:
    """`intervals`: days until the card would return, for the ratings again, hard, good, easy."""

    id: str
    ask: str
    ask_html: str
    answer: str
    answer_html: str
    source: str | None
    skill: Link
    module: Link
    new: bool
    due_at: int
    retrievability: float | None
    intervals: tuple[float, float, float, float]
    edited: bool = False  # the words are the learner's own


Share = Literal["due", "tonight", "all"]  # of the cards: what is due at this moment, the evening's share of it, all of it to an end


@dataclass(frozen=True, slots=True)
class ReviewQueue:
    """What is due now, most urgent first. `first` is `cards[0]` or None; `next_due_at` says when to come back, if nothing is.

    due: all that is. left: how many are left of the share that was asked for. undo: the last rating, where it can be taken back.
    """

    cards: tuple[CardView, ...]
    due: int
    new: int
    done_today: int
    next_due_at: int | None
    left: int = 0
    undo: Link | None = None

    @property
    def first(self) -> CardView | None:
        return self.cards[0] if self.cards else None


@dataclass(frozen=True, slots=True)
class Attempt:
    at: int
    passed: bool
    checks_passed: int
    checks_total: int


@dataclass(frozen=True, slots=True)
class OtherWay:
    """Another right solution, shown after a pass: its file's name as words, what its docstring says of it, and its code."""

    title: str
    remark: str
    code: str


@dataclass(frozen=True, slots=True)
class HintView:
    lab: str
    number: int  # 1 to 3
    of: int
    text: str
    text_html: str
    last: bool


@dataclass(frozen=True, slots=True)
class CodeView:
    """A solution of a lab. Shown after a pass, or on an explicit choice that the journal keeps."""

    lab: str
    code: str
    others: tuple[OtherWay, ...]
    after_pass: bool


PreparationState = Literal["none", "running", "done", "failed"]


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group of packages that something needs. Sizes are bytes of what is still to come; `unbuilt`: it cannot be had on this system.

    `used_by`: the titles of the modules and projects that need it, where a stage was asked about.
    """

    id: str
    title: str
    what: str
    why: str
    is_here: bool
    unbuilt: bool
    interrupted: bool  # while it was being installed: installing it again finishes it
    download: int
    installed: int
    used_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NeededView:
    """What is needed and not here. `said` says which and how large, in a sentence; `groups` are those that can be installed."""

    groups: tuple[GroupView, ...]
    said: str
    sizes: str


@dataclass(frozen=True, slots=True)
class PreparationView:
    """The installation that runs in the background, or the last one that did. `part` of 0 to 1 is fetched; `said` is its last sentence."""

    state: PreparationState
    groups: tuple[str, ...]
    said: str
    part: float


@dataclass(frozen=True, slots=True)
class LabView:
    """`source` is the learner's file as it is on disk now; `sha` changes whenever it does. `verdict` is the last one, or None.

    `checks` are the names of its checks, in order, known before the first run (without those that parameters multiply).
    """

    id: str
    title: str
    module: Link
    statement: str
    statement_html: str
    skills: tuple[SkillLine, ...]
    difficulty: int
    minutes: int
    part: str | None
    needs: tuple[str, ...]
    needed: NeededView | None  # of these, what is not here; None where all is
    path: str  # absolute
    file: str  # inside the workshop
    source: str
    sha: str
    trouble: str  # why the file cannot be shown and edited here (not UTF-8, far too long), or ""
    starter: str
    diff: str  # unified, from the starter to the learner's file; "" where equal
    checks: tuple[str, ...]
    verdict: LastVerdict | None
    attempts: tuple[Attempt, ...]
    passed: bool
    hints: tuple[HintView, ...]  # those taken
    hints_left: int
    solution_seen: bool
    others: tuple[OtherWay, ...]  # after a pass
    note: str = ""


@dataclass(frozen=True, slots=True)
class CheckLine:
    """A check as the journal keeps it; the same names as `modelwright.grading.CheckResult`."""

    name: str
    claim: str
    status: str
    message: str
    given: str
    expected: str
    got: str
    where: str
    traceback: str
    output: str
    seconds: float
    case: str = ""


@dataclass(frozen=True, slots=True)
class SavedChange:
    """A lab's file after a change from the page: its `sha` and `text`. `difference`, from the text outside to the one here, where the two
    cannot be joined: then `text` is the one outside, and nothing was written."""

    sha: str
    text: str
    difference: str = ""


@dataclass(frozen=True, slots=True)
class LastVerdict:
    """The last verdict from the journal. `stale`: the file has changed since it was graded."""

    at: int
    status: str
    message: str
    passed: int
    total: int
    seconds: float
    isolation: str
    isolation_lacks: tuple[str, ...]
    checks: tuple[CheckLine, ...]
    stale: bool


@dataclass(frozen=True, slots=True)
class Submission:
    """What handing in a lab led to. `others` and `committed` are there after a pass; `remark` says why a pass was not committed.

    `learned`: the skills that are the learner's by this; `opened`: those that can be begun since.
    """

    verdict: Verdict
    changed: tuple[SkillChange, ...]
    committed: bool
    remark: str
    others: tuple[OtherWay, ...]
    next: Step | None
    learned: tuple[Link, ...] = ()
    opened: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class AskingView:
    """A question about a lab that somebody can answer: what is wanted, what happens, the code, what was tried, the versions.

    `body` is Markdown, to be copied. Nothing of the solution or of the checks' code is in it. `missing`: what would make it better, in
    sentences. `places`: where to ask, each with its rules.
    """

    lab: Link
    title: str
    body: str
    missing: tuple[str, ...]
    places: tuple[ResourceView, ...]


@dataclass(frozen=True, slots=True)
class NoteView:
    target: Link
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class LibraryView:
    """`matching`: how many of all resources (`total`) what was asked for leaves. `kinds`, `modules`: what may be asked for."""

    books: tuple[ResourceView, ...]  # books and courses with chapters, in plan order
    papers: tuple[ResourceView, ...]
    tools: tuple[ResourceView, ...]
    communities: tuple[ResourceView, ...]
    competitions: tuple[ResourceView, ...]
    sites: tuple[ResourceView, ...]
    notes: tuple[NoteView, ...]  # newest first
    matching: int
    total: int
    kinds: tuple[str, ...]
    modules: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class BookChoice:
    """For one module: which of its books may be the one to read, and which is. An empty id stands for none."""

    module: Link
    chosen: str
    options: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class SettingsView:
    name: str
    hours_per_week: float
    minutes_per_day: int
    deadline: str | None  # ISO date
    retention: float
    books: tuple[BookChoice, ...]
    optional: tuple[tuple[Link, bool], ...]  # optional modules, and whether they are skipped
    background: tuple[tuple[Link, int], ...]
    home: str
    workshop: str
    journal: str


@dataclass(frozen=True, slots=True)
class StatusView:
    enrolled: bool
    name: str
    hours_done: float
    hours_this_week: float
    hours_per_week: float
    skills: int
    skills_known: int
    skills_fading: int
    lessons_done: int
    lessons: int
    labs_passed: int
    labs: int
    cards_seen: int
    cards: int
    cards_due: int
    problems_right: int
    chapters_read: int
    chapters: int
    parts_mine: int
    parts_total: int
    stage: Link | None
    module: Link | None
    forecast_sentence: str
    recent: tuple[Activity, ...]
    events: int
    calibration: CalibrationView | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Activity:
    """A line of the diary: what was done, when. `minutes` is the time it took, 0 where that is not known."""

    at: int
    target: Link
    what: str
    minutes: float


@dataclass(frozen=True, slots=True)
class Found:
    """A search result. `where` says the module or stage; `text` is the passage that matched, plain."""

    link: Link
    where: str
    text: str
    score: float


# Questions of the bank: placement, exams, the check after a chapter


@dataclass(frozen=True, slots=True)
class QuestionView:
    """A question of at most ninety seconds. `seed` fixes its numbers and the order in which its answers stand.

    `choices` are answered by their number, counted from 1; `lines` by their numbers in the right order; else the answer is a formula.
    """

    id: str
    kind: str
    seed: int
    skill: Link
    module: Link
    ask: str
    ask_html: str
    code: str
    choices: tuple[str, ...]
    choices_html: tuple[str, ...]
    lines: tuple[str, ...]
    seconds: int


@dataclass(frozen=True, slots=True)
class ItemAnswerView:
    """What came of an answer. `understood` is False where it could not be read as one: then nothing was recorded."""

    question: str
    skill: Link
    understood: bool
    right: bool
    given_up: bool  # "I do not know"
    message: str
    message_html: str


@dataclass(frozen=True, slots=True)
class ModuleBelief:
    """What placement thinks of a module: of its skills, how many are likely known (an expectation), and how many were asked of."""

    module: Link
    skills: int
    known: float
    asked: int

    @property
    def share(self) -> float:
        return self.known / self.skills if self.skills else 0.0


@dataclass(frozen=True, slots=True)
class PlacementView:
    """Placement as it stands. `question` is None where nothing is left to ask. `settled`: more questions would hardly change the plan."""

    question: QuestionView | None
    asked: int
    right: int
    settled: bool
    progress: str
    most: int  # questions, before it ends in any case
    modules: tuple[ModuleBelief, ...]
    askable: int  # skills that a question exists for
    skills: int
    finished_before: bool


@dataclass(frozen=True, slots=True)
class PlacedView:
    """What a finished placement changed: skills that count as known, before and after, by module, and what comes next now."""

    by: Literal["test", "self-report"]
    asked: int
    right: int
    modules: tuple[tuple[Link, int, int, int], ...]  # module, its skills, known before, known now
    known_before: int
    known_now: int
    open_questions: int  # skills on which the answers did not decide
    words: str
    step: Step


@dataclass(frozen=True, slots=True)
class ExamView:
    """A module's exam: one question at a time, then whether it was passed. `again_at` says from when it may be taken anew."""

    module: Link
    question: QuestionView | None
    number: int
    length: int
    right: int
    needed: int
    passed: bool | None
    words: str
    missed: tuple[Link, ...]
    again_at: int | None = None


@dataclass(frozen=True, slots=True)
class ChapterCheck:
    """The check after a chapter: up to three questions on its skills, one at a time. `questions` are those still open in this sitting."""

    chapter: Link
    book: Link
    number: int  # the chapter's own
    read: bool
    questions: tuple[QuestionView, ...]
    length: int
    right: int
    missed: tuple[Link, ...]  # skills
    words: str

    @property
    def question(self) -> QuestionView | None:
        return self.questions[0] if self.questions else None

    @property
    def answered(self) -> int:
        return self.length - len(self.questions)


# How well it knows the learner


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Forecasts between `low` and `high`: how many, their mean, the share that came true, and that share's 95% interval."""

    low: float
    high: float
    n: int
    predicted: float
    came: float
    at_least: float
    at_most: float


@dataclass(frozen=True, slots=True)
class ReliabilityView:
    """Forecasts of one kind, held against what came. `enough`: there are so many that something follows from them.

    error: expected calibration error; by_chance: what luck alone would show of it. loss: mean log loss; baseline: that of always saying
    the learner's average. brier: mean squared error.
    """

    n: int
    enough: bool
    bins: tuple[ReliabilityBin, ...]
    error: float
    by_chance: float
    loss: float
    baseline: float
    brier: float
    sentence: str
    verdict: str


@dataclass(frozen=True, slots=True)
class CalibrationView:
    """answers: of exercises, by the model of mastery. recall: of cards, by the model of memory."""

    answers: ReliabilityView
    recall: ReliabilityView


@dataclass(frozen=True, slots=True)
class FitView:
    """One attempt at a forgetting curve of the learner's own. `tried`: there were enough reviews. Losses are on `held_out` reviews.

    gain, margin: by how much the log loss fell, and the standard error that it has to exceed.
    """

    at: int
    tried: bool
    won: bool
    reviews: int
    held_out: int
    before: float
    after: float
    margin: float
    words: str


@dataclass(frozen=True, slots=True)
class BroughtView:
    """A file of another program that was read: `kept` of the `reviews` to other cards help to fit the memory."""

    at: int
    source: str
    file: str
    reviews: int
    kept: int


@dataclass(frozen=True, slots=True)
class KnowingView:
    """How well the program knows the learner. `fits`: newest first. `own`: the memory is computed with parameters of the learner's own."""

    calibration: CalibrationView
    own: bool
    fits: tuple[FitView, ...]
    brought: tuple[BroughtView, ...]
    reviews: int
    when_fitted: str


# Anki


@dataclass(frozen=True, slots=True)
class AnkiImported:
    """What an Anki file brought. `ours`: answers in it to cards of this program, of which `added` are new here, on `cards` cards.

    gone: answers to cards of this program that the curriculum does not have. forgotten: to cards made new there and not learned since.
    foreign: answers to other cards (`foreign_cards`), of which `offered` are newly kept to fit the memory. manual, crammed, unreadable:
    rows that are no answers.
    """

    file: str
    what: str
    ours: int
    added: int
    cards: int
    gone: int
    forgotten: int
    foreign: int
    foreign_cards: int
    offered: int
    manual: int
    crammed: int
    unreadable: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnkiExported:
    """`cards` of the `of` that there are in the curriculum or the module."""

    cards: int
    of: int
    modules: int


# The forecast beside other choices, and beside what came


@dataclass(frozen=True, slots=True)
class WhatIfView:
    """The forecast as it would be with other choices, beside the one that stands.

    `days`: by how many the middle comes nearer (below 0: later). `changed`: there is a difference in the choices.
    """

    hours_per_week: float
    skipped: tuple[str, ...]
    books: dict[str, str]
    changed: bool
    stands: ForecastView
    then: ForecastView
    days: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a weekly snapshot of the forecast said of the end of the plan."""

    at: int
    q10: int
    q50: int
    q90: int


@dataclass(frozen=True, slots=True)
class HorizonFared:
    """Of `n` forecasts of what would be done `weeks` later, how many came inside each interval."""

    weeks: int
    n: int
    inside50: int
    inside80: int
    inside95: int
    below: int


@dataclass(frozen=True, slots=True)
class StageFared:
    stage: str
    title: str
    ended_at: int
    n: int
    inside80: int


@dataclass(frozen=True, slots=True)
class FaredView:
    """How past forecasts have fared: what each said, and how it was held against what came."""

    said: tuple[Said, ...]
    horizons: tuple[HorizonFared, ...]
    stages: tuple[StageFared, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class CompetitionLine:
    """A competition in a list. `rank` among entries and ghosts on the public board; None before there is an entry that counts."""

    id: str
    title: str
    why: str
    stage: Link
    metric: str
    hours_low: float
    hours_high: float
    begun: bool
    entries: int
    rank: int | None
    closed: bool


@dataclass(frozen=True, slots=True)
class BoardLine:
    """A line of a board. `name` is the entry's; ghosts (baselines, the reference) stand for no person. rank: None where it does not count.

    gap: how much better the learner's own validation said it was than the board does, above 0 where it promised too much.
    """

    name: str
    title: str
    ghost: bool
    rank: int | None
    score: float | None
    low: float | None
    high: float | None
    at: int
    validation: float | None
    gap: float | None
    why: str  # of a ghost: what it does; of an entry that does not count: why


@dataclass(frozen=True, slots=True)
class MoveLine:
    title: str
    ghost: bool
    public_rank: int
    private_rank: int
    validation: float | None
    public: float
    private: float


@dataclass(frozen=True, slots=True)
class ShakeView:
    """What closing showed. `sentences` say whom it would have been right to believe."""

    at: int
    moves: tuple[MoveLine, ...]
    sentences: tuple[str, ...]
    lost: tuple[str, ...]  # entries whose predictions were no longer there


@dataclass(frozen=True, slots=True)
class CompetitionView:
    """`folder`: where its files lie in the workshop, "" before it was begun. measuring: the ghosts' scores are not there yet."""

    line: CompetitionLine
    statement: str
    statement_html: str
    skills: tuple[SkillLine, ...]
    metric: str
    higher_is_better: bool
    digits: int
    seconds: float
    memory_mb: int
    takes_csv: bool
    entries_a_day: int
    left_today: int
    folder: str
    board: tuple[BoardLine, ...]
    measuring: bool
    shake: ShakeView | None


@dataclass(frozen=True, slots=True)
class EntryView:
    """What an entry came to. `compared` says in a sentence whether it is better than the entry before, as far as the rows can show."""

    competition: str
    name: str
    file: str
    score: float
    low: float
    high: float
    rank: int | None
    compared: str
    set_aside: str
    printed: str
    left_today: int
