"""Everything an answer is made from, at one moment: the curriculum, the folded state, the record, and the time.

A desk is cheap to make and holds for one state of the journal. What several views need (the mastery and memory of a skill, its
standing) is worked out once on it and kept.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from modelwright.curriculum import Curriculum
from modelwright.curriculum.models import Module, Resource
from modelwright.learner.wording import day_of
from modelwright.studio import views as v
from modelwright.studio.record import LabRecord, LessonRecord, ProblemRecord, Record

if TYPE_CHECKING:
    from modelwright.learner import Hours, State
KINDS = ("module", "lab", "lesson", "problem", "skill", "resource", "project", "competition", "card", "stage")
KNOWN = ("known", "fading")  # the standings of what was learned; forgetting does not undo that


class Desk:
    def __init__(self, curriculum: Curriculum, state: State, record: Record, now: int, tz: int) -> None:
        self.curriculum, self.state, self.record, self.now, self.tz = curriculum, state, record, now, tz
        self._skills: dict[str, v.SkillLine] = {}
        self._resources: dict[str, v.ResourceView] = {}

    @property
    def day(self) -> int:
        return day_of(self.now, self.tz)

    # Skills

    def skill(self, id: str) -> v.SkillLine:
        if id not in self._skills:
            self._skills[id] = self._line(id)
        return self._skills[id]

    def _line(self, id: str) -> v.SkillLine:
        from modelwright.learner import mastery, memory, standing

        skill = self.curriculum.skills[id]
        recall = memory(self.curriculum, self.state, id, self.now)
        stands: v.Standing = standing(self.curriculum, self.state, id, self.now)
        estimate = mastery(self.curriculum, self.state, id, self.now)
        trace = self.state.skills.get(id)
        # Of what was never touched the model has only an expectation, which a person would read as something they had done.
        met = trace is not None and (estimate.attempts > 0 or recall is not None or trace.echo > 0 or trace.placed > 0)
        if not met and stands in ("known", "fading"):
            stands = "open"
        return v.SkillLine(
            id=id,
            title=skill.title,
            can=skill.can,
            standing=stands,
            mastery=estimate.p if met else 0.0,
            mastery_sd=estimate.sd,
            attempts=estimate.attempts,
            memory=None if recall is None else recall.retrievability,
            due_at=None if recall is None else recall.due_at,
        )

    def skills(self, ids: tuple[str, ...]) -> tuple[v.SkillLine, ...]:
        return tuple(self.skill(id) for id in ids if id in self.curriculum.skills)

    @cached_property
    def known(self) -> tuple[v.SkillLine, ...]:
        return tuple(line for id in self.curriculum.skills if (line := self.skill(id)).standing in KNOWN)

    # Cards

    def intervals(self, card: str) -> tuple[float, float, float, float]:
        """Days until a card would return after each of the four ratings, now."""
        from dataclasses import replace

        from modelwright.learner.fsrs import DAY, Trace, scheduler

        fsrs = scheduler(tuple(self.state.parameters))
        kept = self.state.cards.get(card)
        days = []
        for rating in (1, 2, 3, 4):
            trace = Trace() if kept is None else replace(kept)
            fsrs.review(trace, rating, self.now)
            days.append(max(0.0, (fsrs.due(trace, self.state.retention) - self.now) / DAY))
        return days[0], days[1], days[2], days[3]

    def card_text(self, id: str) -> tuple[str, str]:
        """A card's question and answer: the learner's own words where they put it into such."""
        card = self.curriculum.cards[id]
        own = self.record.edited.get(id)
        return (own.ask.strip() or card.ask, own.answer.strip() or card.answer) if own else (card.ask, card.answer)

    def next_card_at(self) -> int | None:
        """When the next card falls due."""
        from modelwright.learner.fsrs import scheduler

        fsrs = scheduler(tuple(self.state.parameters))
        dues = [
            fsrs.due(trace, self.state.retention)
            for id, trace in self.state.cards.items()
            if trace.phase and id in self.curriculum.cards and id not in self.state.suspended
        ]
        return min((due for due in dues if due > self.now), default=None)

    # Things of the curriculum as links

    def link(self, id: str, kind: str = "") -> v.Link:
        """An id as a link. A lesson and a skill may share one, so say the `kind` where it is known.

        An id that the curriculum no longer has keeps itself as a title.
        """
        if kind != "chapter":
            for guess in (kind,) if kind in KINDS else KINDS:
                thing = getattr(self.curriculum, guess + "s").get(id)
                if thing is not None and guess == "card":
                    return v.Link(guess, id, self.card_text(id)[0])
                if thing is not None:
                    return v.Link(guess, id, getattr(thing, "title", None) or thing.ask)
        resource, _, number = id.partition("#")
        if number and (lesson := self.curriculum.lessons.get(resource)):
            return v.Link("lesson", id, lesson.title)
        if number.isdigit() and (book := self.curriculum.resources.get(resource)):
            title = chapter.title if (chapter := book.chapter(int(number))) else number
            return v.Link("chapter", id, f"{book.title}, chapter {number}: {title}")
        return v.Link(kind or "thing", id, id)

    def module_link(self, id: str) -> v.Link:
        module = self.curriculum.module_of(id)
        return v.Link("module", module.id, module.title)

    # What was done

    @cached_property
    def hours(self) -> Hours:
        from modelwright.learner import hours_logged

        return hours_logged(self.curriculum, self.state, self.now)

    def lab(self, id: str) -> LabRecord:
        return self.record.labs.get(id) or LabRecord()

    def lesson(self, id: str) -> LessonRecord:
        return self.record.lessons.get(id) or LessonRecord()

    def problem(self, id: str) -> ProblemRecord:
        return self.record.problems.get(id) or ProblemRecord()

    def note(self, id: str) -> str:
        return self.record.notes[id].text if id in self.record.notes else ""

    @cached_property
    def parts(self) -> tuple[int, int]:
        """The learner's parts, and all of them."""
        parts: dict[str, bool] = {}
        for lab in self.curriculum.labs.values():
            if lab.part:
                parts[lab.part] = parts.get(lab.part, False) or self.lab(lab.id).passed_at > 0
        return sum(parts.values()), len(parts)

    def hours_in(self, module: Module) -> float:
        return self.record.modules.get(module.id, 0.0) / 60

    # Books

    def chosen_book(self, module: Module) -> str:
        """The book that the learner reads in a module: their choice, else the default path's; "" where there is none."""
        from modelwright.learner.beliefs import chosen_book

        return chosen_book(self.curriculum, self.state, module.id) or ""

    def resource(self, resource: Resource) -> v.ResourceView:
        if resource.id not in self._resources:
            self._resources[resource.id] = self._resource(resource)
        return self._resources[resource.id]

    def _resource(self, resource: Resource) -> v.ResourceView:
        from modelwright.learner.exams import check_length

        module = self._home_of.get(resource.id)
        chapters = []
        for chapter in resource.chapters:
            read = self.record.chapters.get(f"{resource.id}#{chapter.number}")
            check = check_length(self.curriculum, chapter.skills)
            times = 1 + self.state.reread.get(f"{resource.id}#{chapter.number}", 0) if read else 0
            stop = self.record.stopped.get(f"{resource.id}#{chapter.number}")
            chapters.append(
                v.ChapterView(
                    number=chapter.number,
                    title=chapter.title,
                    hours=chapter.hours,
                    done=read is not None,
                    read_at=read[0] if read else None,
                    check=check,
                    times=times,
                    reached=stop.share if stop else 0.0,
                    stopped_at=stop.place if stop else "",
                    sections=tuple(section.title for section in chapter.sections),
                    newer=resource.in_newer(chapter.number),
                )
            )
        newer = resource.newer
        return v.ResourceView(
            id=resource.id,
            title=resource.title,
            kind=resource.kind,
            role=resource.role,
            authors=resource.authors,
            edition=resource.edition,
            year=resource.year,
            remark=resource.note,
            newer=f"{newer.edition} edition, {newer.year}{f': {newer.title}' if newer.title else ''}" if newer else "",
            why=resource.why,
            rules=resource.rules or "",
            free=resource.free,
            link=resource.link,
            module=module.id if module else None,
            chosen=module is not None and self.chosen_book(module) == resource.id,
            chapters=tuple(chapters),
            chapters_done=sum(c.done for c in chapters),
            hours=sum(c.hours for c in chapters),
            hours_done=sum(c.hours for c in chapters if c.done),
            note=self.note(resource.id),
        )

    @cached_property
    def _home_of(self) -> dict[str, Module]:
        return {r.id: module for module in self.curriculum.modules.values() for r in module.resources}
