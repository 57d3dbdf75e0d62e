"""Placement, exams and the check after a chapter: which question comes now, what an answer is worth, and what it all changes.

The questions are items of the bank, or generated problems where the bank has none for a skill. Everything follows from the record of
answers, so that a page may be reloaded, a terminal closed and a placement gone on with on another day: showing a question records
nothing, and the same record always gives the same question. What the answers say of each skill is the learner room's (`placement`).
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelwright.learner.exams import (
    SLIP,
    check_length,
    exam_covers,
    exam_length,
    exam_passed,
    exam_says,
    exam_skill,
    guess_rate,
    needed_to_pass,
    questions_of,
    unasked,
)
from modelwright.studio import content
from modelwright.studio import views as v
from modelwright.studio.desk import KNOWN, Desk
from modelwright.studio.errors import NotYet, StudioError, Unknown
from modelwright.studio.record import EXAM_LASTS, PLACEMENT_LASTS, Asked

if TYPE_CHECKING:
    from modelwright.curriculum import Curriculum
    from modelwright.curriculum.models import Chapter, Item, Module, Problem, Resource
    from modelwright.journal import events as e
    from modelwright.learner.placement import Belief, Placement

MOVED, DOUBTED = 2.0, 3  # steps of difficulty that a surprise is worth, and as how many expected answers the stated figure counts
SETTINGS = ("placement", "chapter", "exam", "verify")


@dataclass(frozen=True)
class Judged:
    """`right` None: it could not be read. `chosen` is kept in the journal, `shows` the misconception."""

    right: bool | None
    message: str
    chosen: str | None = None
    shows: str | None = None


class Placer:
    """The prior for one curriculum, kept, with the last belief: a page that is reloaded need not think again."""

    def __init__(self, curriculum: Curriculum) -> None:
        self.curriculum = curriculum
        self.askable = tuple(skill for skill in curriculum.order if questions_of(curriculum, skill))
        self._prior: tuple[Any, Placement] | None = None
        self._belief: tuple[Any, Belief] | None = None

    def belief(self, background: dict[str, int], asked: Sequence[Asked]) -> Belief:
        from modelwright.learner.placement import MOST, Answered, Placement

        report = tuple(sorted(background.items()))
        if self._prior is None or self._prior[0] != report:
            self._prior, self._belief = (report, Placement(self.curriculum, background)), None
        key = tuple((one.item, one.skill, one.right) for one in asked)
        if self._belief is None or self._belief[0] != key:
            answers = [Answered(a.skill, a.right, SLIP, guess_rate(self.curriculum, a.item)) for a in asked]
            left = [skill for skill in self.askable if unasked(self.curriculum, skill, asked)]
            self._belief = (key, self._prior[1].believe(answers, left if len(asked) < MOST else ()))
        return self._belief[1]


# What can be asked


def pick(desk: Desk, skill: str, asked: Sequence[Asked]) -> str:
    """Of a skill's questions the one asked least often so far, then the one nearest to the skill's own difficulty."""
    curriculum, wanted = desk.curriculum, desk.curriculum.skills[skill].difficulty
    times = Counter(one.item for one in asked)
    ids = unasked(curriculum, skill, asked) or questions_of(curriculum, skill)
    return min(ids, key=lambda id: (times[id], desk.record.items.get(id, 0), abs(difficulty_of(desk, id) - wanted), id))


def difficulty_of(desk: Desk, id: str) -> float:
    """How hard a question is for this learner: as stated, moved by answers that were better or worse than expected, little by few."""
    item, problem = _source(desk.curriculum, id)
    stated = item.difficulty if item is not None else float(problem.difficulty)  # type: ignore[union-attr]
    moved = MOVED * desk.record.surprise.get(id, 0.0) / (desk.record.items.get(id, 0) + DOUBTED)
    return round(min(max(stated + moved, 1.0), 5.0), 2)


def _source(curriculum: Curriculum, id: str) -> tuple[Item | None, Problem | None]:
    item = curriculum.items.get(id)
    problem = curriculum.problems.get(item.problem or "" if item is not None else id)
    if item is None and problem is None:
        raise Unknown("question", id, tuple([*curriculum.nearest("item", id), *curriculum.nearest("problem", id)][:3]))
    return item, problem


def shown_order(count: int, id: str, seed: int, shuffled: bool = True) -> list[int]:
    """In which order answers or lines are shown: `shuffled` never gives the order of the file, which is the right one for lines."""
    import numpy as np

    rng = np.random.default_rng([zlib.crc32(id.encode()), seed])
    order = [int(i) for i in rng.permutation(count)]
    while shuffled and count > 1 and order == sorted(order):
        order = [int(i) for i in rng.permutation(count)]
    return order


def question_view(desk: Desk, id: str, seed: int, skill: str = "") -> v.QuestionView:
    from modelwright.curriculum import generate

    item, problem = _source(desk.curriculum, id)
    skill = item.skill if item is not None else skill or problem.skills[0]  # type: ignore[union-attr]
    ask, code, choices, lines = "", "", [], []
    if item is not None:
        ask, code = item.ask, (item.code or "").rstrip("\n")
        choices = [item.choices[i].text for i in shown_order(len(item.choices), id, seed)]
        lines = [item.lines[i] for i in shown_order(len(item.lines), id, seed)]
    if problem is not None and not choices and not lines:
        exercise = generate(problem, seed)
        ask = f"{ask}\n\n{exercise.question}" if ask else exercise.question
        choices = list(exercise.choices)
    return v.QuestionView(
        id=id,
        kind=item.kind if item is not None else "compute",
        seed=seed,
        skill=desk.link(skill, "skill"),
        module=desk.module_link(skill),
        ask=ask,
        ask_html=content.html(ask),
        code=code,
        choices=tuple(choices),
        choices_html=tuple(content.inline(text) for text in choices),
        lines=tuple(lines),
        seconds=item.seconds if item is not None else min(90, round(problem.minutes * 60)),  # type: ignore[union-attr]
    )


def judge(curriculum: Curriculum, id: str, seed: int, text: str) -> Judged:
    """What an answer is worth. An empty one says "I do not know", which is an answer."""
    from modelwright.curriculum import generate
    from modelwright.curriculum import judge as judge_formula

    item, problem = _source(curriculum, id)
    text = text.strip()
    why = item.why if item is not None else ""
    if item is not None and item.choices:
        shown = [item.choices[i] for i in shown_order(len(item.choices), id, seed)]
        if not text:
            return Judged(False, f"The answer: {_ended(next(c.text for c in shown if c.right))} {why}")
        number = int(text) if text.isdecimal() else 0
        choice = shown[number - 1] if 1 <= number <= len(shown) else None
        if choice is None:
            return Judged(None, f"'{text[:40]}' is none of the answers; give a number from 1 to {len(shown)}.")
        right = _ended(next(c.text for c in shown if c.right))
        return Judged(choice.right, why if choice.right else f"The answer: {right} {why}", choice.text[:200], choice.shows)
    if item is not None and item.lines:
        order = shown_order(len(item.lines), id, seed)
        wanted = " ".join(str(order.index(i) + 1) for i in range(len(order)))
        if not text:
            return Judged(False, f"The right order is {wanted}. {why}")
        given = [int(number) for number in re.findall(r"\d+", text if re.search(r"\D", text) else " ".join(text))]
        if sorted(given) != list(range(1, len(order) + 1)):
            return Judged(None, f"Give each of the numbers 1 to {len(order)} once, in the order you mean, as in {_example(len(order))}.")
        right_order = [order[number - 1] for number in given] == list(range(len(order)))
        return Judged(right_order, why if right_order else f"The right order is {wanted}. {why}", " ".join(map(str, given)))
    assert problem is not None
    exercise = generate(problem, seed)
    solution = content.solution_view(exercise).answer
    if not text:
        return Judged(False, f"The answer is {solution}.")
    judgement = judge_formula(exercise, text)
    message = f"{judgement.misconception or 'That is not it.'} The answer is {solution}." if judgement.right is False else judgement.message
    return Judged(judgement.right, message, text[:200], judgement.misconception)


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."


def _example(count: int) -> str:
    return " ".join(str(n) for n in [2, 1, *range(3, count + 1)][:count])


def event_of(desk: Desk, id: str, skill: str, judged: Judged, seconds: float, setting: Any) -> e.ItemAnswered:
    from modelwright.journal import events as e

    item, _ = _source(desk.curriculum, id)
    kind = item.kind if item is not None else "compute"
    return e.ItemAnswered(
        item=id, skills=[skill], right=bool(judged.right), seconds=seconds, item_kind=kind, difficulty=difficulty_of(desk, id),
        setting=setting, chosen=judged.chosen, misconception=judged.shows,
    )  # fmt: skip


def skill_asked(desk: Desk, placer: Placer, id: str, setting: str) -> str:
    """The skill that a question is asked for. In a placement and an exam, only the question of the moment can be answered."""
    item, problem = _source(desk.curriculum, id)
    skill = item.skill if item is not None else problem.skills[0]  # type: ignore[union-attr]
    if setting == "placement":
        now = question_now(desk, placer)
    elif setting == "exam":
        module = desk.curriculum.module_of(id)
        now = exam_question(desk, module, sitting(desk, module.id))
    else:
        return skill
    if now is None or now[0] != id:
        raise NotYet("That question is not the one being asked; it may have been answered already.")
    return now[1]


# Placement


def so_far(desk: Desk) -> list[Asked]:
    asked = desk.record.placing
    return asked if asked and desk.now - asked[-1].at < PLACEMENT_LASTS else []


def question_now(desk: Desk, placer: Placer) -> tuple[str, str] | None:
    """(question, skill) that placement asks now."""
    asked = so_far(desk)
    belief = placer.belief(desk.record.background, asked)
    return None if belief.next is None else (pick(desk, belief.next, asked), belief.next)


def placement_view(desk: Desk, placer: Placer) -> v.PlacementView:
    from modelwright.learner.placement import MOST

    asked = so_far(desk)
    belief = placer.belief(desk.record.background, asked)
    now = question_now(desk, placer)
    settled = belief.is_enough(len(asked))
    times = Counter(one.skill.split("/")[0] for one in asked)
    modules = tuple(
        v.ModuleBelief(v.Link("module", m.id, m.title), len(m.skills), sum(belief.skills[skill.id] for skill in m.skills), times[m.id])
        for m in desk.curriculum.modules.values()
    )
    return v.PlacementView(
        question=None if now is None else question_view(desk, now[0], desk.record.items_asked, now[1]),
        asked=len(asked),
        right=sum(one.right for one in asked),
        settled=settled,
        progress=_progress(len(asked), settled, now is not None),
        most=MOST,
        modules=modules,
        askable=len(placer.askable),
        skills=len(desk.curriculum.skills),
        finished_before=desk.record.placed_at > 0,
    )


def _progress(asked: int, settled: bool, more: bool) -> str:
    if not more:
        return "Nothing is left to ask." if asked else "There is no question to ask in this curriculum yet."
    if settled:
        return f"{_questions(asked)} answered. More would hardly change the plan; you can stop here."
    if not asked:
        return "Each question is chosen by the answers before it. Twenty or so are usually enough."
    return f"{_questions(asked)} answered. The next one still tells something."


def _questions(count: int) -> str:
    return f"{count} question{'' if count == 1 else 's'}"


def outcome(desk: Desk, placer: Placer) -> e.Placed:
    """What the answers say, as an event: skills that are decided, and those that a self-report had spoken of. The rest stays open."""
    from modelwright.journal import events as e
    from modelwright.learner.folding import SELF_REPORT
    from modelwright.learner.index import index

    asked = so_far(desk)
    if not asked:
        skills = {
            skill.id: SELF_REPORT[level][0]
            for module, level in sorted(desk.record.background.items())
            if module in desk.curriculum.modules and level in SELF_REPORT
            for skill in desk.curriculum.modules[module].skills
            if skill.id not in desk.record.practised
        }
        return e.Placed(skills=skills, by="self-report")
    belief = placer.belief(desk.record.background, asked)
    began, tested = asked[0].at, {one.skill for one in asked}
    spoken = {module for module, level in desk.record.background.items() if level}
    skills = {}
    for skill, p in belief.skills.items():
        worked_on = desk.record.practised.get(skill, began) < began
        if skill in tested or (not worked_on and (belief.decides(skill) or skill.split("/")[0] in spoken)):
            skills[skill] = round(p, 3)
    for skill, whole in index(desk.curriculum).divided.items():
        if whole in skills:  # else this would read as an entry from before the skill was divided
            skills.setdefault(skill, round(belief.skills[skill], 3))
    return e.Placed(skills=skills, by="test", questions=len(asked))


def known_by_module(desk: Desk) -> dict[str, int]:
    return {m.id: sum(desk.skill(s.id).standing in KNOWN for s in m.skills) for m in desk.curriculum.modules.values()}


def placed_view(desk: Desk, placed: e.Placed, asked: Sequence[Asked], before: dict[str, int], step: v.Step) -> v.PlacedView:
    now = known_by_module(desk)
    modules = tuple(
        (v.Link("module", m.id, m.title), len(m.skills), before[m.id], now[m.id])
        for m in desk.curriculum.modules.values()
        if now[m.id] != before[m.id]
    )
    total, was = sum(now.values()), sum(before.values())
    if placed.by == "self-report":
        words = "Your own account stands. It is marked as such, and the plan checks it gently as you go."
    elif total == was:
        words = "The plan stays as it is."
    elif total > was:
        words = f"{total - was} more skill{'s' if total - was > 1 else ''} count as known, and the plan passes over them."
    else:
        words = f"{was - total} skill{'s' if was - total > 1 else ''} that you had named yourself will be taught after all."
    return v.PlacedView(
        by=placed.by,
        asked=len(asked),
        right=sum(one.right for one in asked),
        modules=modules,
        known_before=was,
        known_now=total,
        open_questions=len(desk.curriculum.skills) - len(placed.skills) if asked else 0,
        words=words,
        step=step,
    )


# Exams


def sitting(desk: Desk, module: str) -> list[Asked]:
    sat = desk.record.exams.get(module, [])
    return sat if sat and desk.now - sat[-1].at < EXAM_LASTS else []


def exam_question(desk: Desk, module: Module, sat: Sequence[Asked]) -> tuple[str, str] | None:
    """(question, skill) that the exam asks now."""
    skill = exam_skill(desk.curriculum, module, sat)
    return None if skill is None else (pick(desk, skill, sat), skill)


def exam_outcome(curriculum: Curriculum, module: Module, sat: Sequence[Asked]) -> e.Placed:
    """What a passed exam says, as an event."""
    from modelwright.journal import events as e

    return e.Placed(skills=exam_says(curriculum, module, sat), by="test")


def exam_view(desk: Desk, module: Module) -> v.ExamView:
    sat = sitting(desk, module.id)
    length = exam_length(desk.curriculum, module)
    if not length:
        raise NotYet(f"There is no question on {module.title} yet, so it has no exam.")
    passed, now = exam_passed(desk.curriculum, module, sat), exam_question(desk, module, sat)
    right, needed = sum(one.right for one in sat), needed_to_pass(length)
    missed = tuple(desk.link(id, "skill") for id in dict.fromkeys(one.skill for one in sat if not one.right))
    if passed is None:
        words = f"{length} questions, {needed} of them right to pass."
        if not sat and not exam_covers(desk.curriculum, module):
            words += " There are questions for fewer than half of the skills, so passing speaks only for those asked."
    elif passed:
        words = f"Passed: {right} of {length} right. The skills of this module count as known" + (
            ", but for those missed." if missed else "."
        )
        if not exam_covers(desk.curriculum, module):
            words = f"Passed: {right} of {length} right. The skills that were asked count as known."
    else:
        words = f"{right} of {length} right; {needed} were needed. Nothing is lost: what you missed says what to look at."
    return v.ExamView(
        module=v.Link("module", module.id, module.title),
        question=question_view(desk, now[0], desk.record.items_asked, now[1]) if passed is None and now else None,
        number=min(len(sat) + 1, length),
        length=length,
        right=right,
        needed=needed,
        passed=passed,
        words=words,
        missed=missed,
        again_at=None if passed is None or not sat else sat[-1].at + EXAM_LASTS,
    )


# After a chapter


def part_skills(curriculum: Curriculum, chapter: Chapter, share: float) -> tuple[str, ...]:
    """The skills of the section at which reading stopped; the chapter's, where sections are not known or nothing is asked of this one."""
    place = min(round(share * len(chapter.sections)), len(chapter.sections)) if chapter.sections else 0
    skills = chapter.sections[place - 1].skills if place else ()
    return skills if check_length(curriculum, skills) else chapter.skills


def chapter_check(desk: Desk, resource: Resource, number: int) -> v.ChapterCheck:
    """Up to three questions on the chapter's skills, those that need it most first; one, on its last section, where only a part of it
    was read. What was answered since the chapter was read,
    and not half a day ago, belongs to this sitting: a page may be reloaded, and another day the check begins anew."""
    from modelwright.learner.beliefs import needed_first

    chapter = resource.chapter(number)
    if chapter is None:
        raise StudioError(f"{resource.title} has no chapter {number}.")
    read_at = desk.record.chapters.get(f"{resource.id}#{number}", (0, 0.0))[0]
    stop = desk.record.stopped.get(f"{resource.id}#{number}")
    since = max(read_at, stop.at if stop else 0, desk.now - EXAM_LASTS)
    skills = part_skills(desk.curriculum, chapter, stop.share) if stop else chapter.skills
    sat = [one for one in desk.record.checked if one.at >= since and one.skill in skills]
    length = check_length(desk.curriculum, skills)
    length = min(length, 1) if stop else length
    sat = sat[-length:] if length else []
    chosen = [(one.item, one.skill) for one in sat]
    order = needed_first(desk.curriculum, desk.state, skills, desk.now)
    while len(chosen) < length:
        used, times = {id for id, _ in chosen}, Counter(skill for _, skill in chosen)
        skill = min((s for s in order if set(questions_of(desk.curriculum, s)) - used), key=lambda s: times[s])
        left = [id for id in questions_of(desk.curriculum, skill) if id not in used]
        chosen.append((min(left, key=lambda id: (desk.record.items.get(id, 0), id)), skill))
    right = sum(one.right for one in sat)
    return v.ChapterCheck(
        chapter=desk.link(f"{resource.id}#{number}", "chapter"),
        book=v.Link(resource.kind, resource.id, resource.title),
        number=number,
        read=read_at > 0,
        questions=tuple(question_view(desk, id, desk.record.items_asked, skill) for id, skill in chosen[len(sat) :]),
        length=length,
        right=right,
        missed=tuple(desk.link(id, "skill") for id in dict.fromkeys(one.skill for one in sat if not one.right)),
        words=_checked_words(length, len(sat), right),
    )


def _checked_words(length: int, answered: int, right: int) -> str:
    if not length:
        return "There is no question on this chapter yet."
    if answered < length:
        return f"{_questions(length)} on what the chapter was about. A wrong answer only says what to look at again."
    return "Nothing calls for another look." if right == length else "The plan takes it into account, and comes back to what was missed."
