"""The curriculum as the learner's models need it: plain dictionaries over ids, computed once for each curriculum.

It is kept on the curriculum object itself, as its own cached properties are, because folding one event must not cost a walk over the plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelwright.curriculum.effort import default_book
from modelwright.learner.exams import guess_rate

if TYPE_CHECKING:
    from modelwright.curriculum import Curriculum

FAINT = 0.15  # an encompassing path weaker than this is not followed


@dataclass(frozen=True)
class Index:
    """contains: skill -> ((skill practised with it, weight), …) along all encompassing paths, strongest path. inside: the reverse.

    teaches: skill -> whether anything at all teaches or practises it. practised: whether a problem or a lab does
    (a question of the bank checks, and may take a skill back, but nothing waits for it). by_labs: skill -> its labs, where only labs
    practise it.
    """

    prerequisites: dict[str, tuple[str, ...]]
    contains: dict[str, tuple[tuple[str, float], ...]]
    inside: dict[str, tuple[tuple[str, float], ...]]
    lab_contains: dict[str, tuple[tuple[str, float], ...]]
    minutes: dict[str, float]  # lesson, problem or lab -> expected minutes
    difficulty: dict[str, float]
    guessed: dict[str, float]  # item -> how often it is guessed
    chapter_skills: dict[str, tuple[str, ...]]  # "resource#number" -> skills
    chapter_hours: dict[str, float]
    lesson_skills: dict[str, tuple[str, ...]]
    teaches: dict[str, bool]
    practised: dict[str, bool]
    by_labs: dict[str, tuple[str, ...]]
    module_skills: dict[str, tuple[str, ...]]  # in topological order
    divided: dict[str, str]  # skill -> the older one that it was a part of
    book_of: dict[str, str]  # resource -> module
    default_books: dict[str, str | None]  # module -> what is read in it unless the learner chooses


def index(curriculum: Curriculum) -> Index:
    kept = vars(curriculum).get("_learner_index")
    if kept is None:
        kept = vars(curriculum)["_learner_index"] = _build(curriculum)
    return kept


def _closure(direct: dict[str, dict[str, float]], order: tuple[str, ...]) -> dict[str, tuple[tuple[str, float], ...]]:
    """All that a skill contains, each with the weight of its strongest path."""
    found: dict[str, tuple[tuple[str, float], ...]] = {}
    for skill in order:
        weights: dict[str, float] = {}
        frontier = [(skill, 1.0)]
        while frontier:
            node, weight = frontier.pop()
            for inner, edge in direct.get(node, {}).items():
                strength = weight * edge
                if strength >= FAINT and strength > weights.get(inner, 0.0) and inner != skill:
                    weights[inner] = strength
                    frontier.append((inner, strength))
        found[skill] = tuple(sorted(weights.items()))
    return found


def _build(curriculum: Curriculum) -> Index:
    c = curriculum
    direct = {s.id: dict(s.encompasses) for s in c.skills.values()}
    contains = _closure(direct, c.order)
    inside: dict[str, list[tuple[str, float]]] = {s: [] for s in c.skills}
    for outer, inner_weights in contains.items():
        for inner, weight in inner_weights:
            inside.setdefault(inner, []).append((outer, weight))
    position = {s: i for i, s in enumerate(c.order)}
    chapter_skills: dict[str, tuple[str, ...]] = {}
    chapter_hours: dict[str, float] = {}
    for resource in c.resources.values():
        for chapter in resource.chapters:
            chapter_skills[f"{resource.id}#{chapter.number}"] = chapter.skills
            chapter_hours[f"{resource.id}#{chapter.number}"] = chapter.hours
    practised = {s: any(c.teaching(s, kind) for kind in ("problem", "lab")) for s in c.skills}
    teaches = {s: practised[s] or bool(c.teaching(s, "lesson")) or bool(c.chapters(s)) for s in c.skills}
    book_of: dict[str, str] = {}
    for m in c.modules.values():
        for r in m.resources:
            book_of[r.id] = m.id
    return Index(
        prerequisites={s.id: tuple(p for p in s.prerequisites if p in c.skills) for s in c.skills.values()},
        contains=contains,
        inside={s: tuple(sorted(pairs)) for s, pairs in inside.items()},
        lab_contains={lab.id: tuple(sorted(lab.encompasses.items())) for lab in c.labs.values()},
        minutes={x.id: float(x.minutes) for group in (c.lessons, c.problems, c.labs) for x in group.values()},
        difficulty={x.id: float(x.difficulty) for group in (c.problems, c.labs, c.items) for x in group.values()},
        guessed={id: guess_rate(c, id) for id in c.items},
        chapter_skills=chapter_skills,
        chapter_hours=chapter_hours,
        lesson_skills={lesson.id: lesson.skills for lesson in c.lessons.values()},
        teaches=teaches,
        practised=practised,
        by_labs={s: tuple(c.teaching(s, "lab")) for s in c.skills if practised[s] and not c.teaching(s, "problem")},
        module_skills={m.id: tuple(sorted((s.id for s in m.skills), key=position.__getitem__)) for m in c.modules.values()},
        divided={s.id: s.divided_from for s in c.skills.values() if s.divided_from},
        book_of=book_of,
        default_books={m: default_book(c, m) for m in c.modules},
    )
