"""The plan, its modules, the skill map and the library as views."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from modelwright.studio import groups, lessons, past
from modelwright.studio import views as v
from modelwright.studio.desk import KNOWN, Desk

if TYPE_CHECKING:
    from modelwright.curriculum import Curriculum
    from modelwright.curriculum.models import Module, Project, Stage
    from modelwright.journal import Journal


def plan_view(desk: Desk, here: str, forecast: v.ForecastView | None) -> v.PlanView:
    finish = {stage.stage: stage.finish for stage in forecast.stages} if forecast else {}
    stages = tuple(stage_view(desk, stage, here, finish.get(stage.id)) for stage in desk.curriculum.stages.values())
    near = max([stage.number for stage in stages if stage.here] + [stage.number for stage in stages if not stage.done][:1], default=0)
    stages = tuple(replace(stage, far=stage.number > near) for stage in stages)
    projects = [project for stage in stages for project in stage.projects]
    return v.PlanView(
        stages=stages,
        hours_low=sum(s.hours_low for s in stages) + sum(p.hours_low for p in projects),
        hours_high=sum(s.hours_high for s in stages) + sum(p.hours_high for p in projects),
        hours_per_week=desk.record.hours_per_week,
        hours_done=sum(s.hours_done for s in stages),
        skills=len(desk.curriculum.skills),
        skills_known=len(desk.known),
        forecast=forecast,
    )


def stage_view(desk: Desk, stage: Stage, here: str, finish: v.Quantiles | None) -> v.StageView:
    modules = tuple(module_line(desk, module, here) for module in stage.modules)
    skills = sum(m.skills for m in modules) or 1
    projects = tuple(project_line(desk, p) for p in desk.curriculum.projects.values() if p.stage == stage.id)
    return v.StageView(
        id=stage.id,
        number=stage.number,
        title=stage.title,
        aim=stage.aim,
        months_low=stage.months.low,
        months_high=stage.months.high,
        hours_low=sum(m.hours_low for m in modules),
        hours_high=sum(m.hours_high for m in modules),
        hours_done=sum(m.hours_done for m in modules),
        mastery=sum(m.mastery * m.skills for m in modules) / skills,
        here=any(m.here for m in modules),
        done=all(m.skills_known == m.skills for m in modules) and all(project.done for project in projects),
        far=False,
        book=v.Link("resource", stage.book, desk.curriculum.resources[stage.book].title) if stage.book else None,
        finish=finish,
        modules=modules,
        projects=projects,
    )


def project_line(desk: Desk, project: Project) -> v.ProjectLine:
    reached = desk.record.milestones.get(project.id, {})
    return v.ProjectLine(
        id=project.id,
        title=project.title,
        why=project.why,
        deliverable=project.deliverable,
        hours_low=project.hours.low,
        hours_high=project.hours.high,
        milestones=tuple((text, i in reached) for i, text in enumerate(project.milestones)),
        done=project.id in desk.record.projects_done,
        needed=groups.needed(project.needs, "this project"),
    )


def module_line(desk: Desk, module: Module, here: str) -> v.ModuleLine:
    skills = [skill for skill in module.skills if not skill.left_out(desk.record.skipped)]
    lines = [desk.skill(skill.id) for skill in skills]
    share = sum(skill.hours for skill in skills) / sum(skill.hours for skill in module.skills) if module.skills else 1.0
    return v.ModuleLine(
        id=module.id,
        number=module.number,
        title=module.title,
        why=module.why,
        optional=module.optional,
        skipped=module.id in desk.record.skipped,
        hours_low=module.hours.low if share == 1 else round(module.hours.low * share),
        hours_high=module.hours.high if share == 1 else round(module.hours.high * share),
        hours_done=desk.hours_in(module),
        skills=len(lines),
        skills_known=sum(line.standing in KNOWN for line in lines),
        skills_fading=sum(line.standing == "fading" for line in lines),
        mastery=sum(line.mastery for line in lines) / max(len(lines), 1),
        here=module.id == here,
        has_content=bool(module.lessons or module.labs or module.problems),
        resources=tuple(desk.resource(resource) for resource in module.resources),
    )


def module_view(desk: Desk, module: Module, here: str) -> v.ModuleView:
    stage = desk.curriculum.stages[module.stage]
    shared = desk.curriculum.resources
    lessons = tuple(lesson_line(desk, lesson.id) for lesson in module.lessons)
    problems = tuple(problem_line(desk, problem.id) for problem in module.problems)
    labs = tuple(lab_line(desk, lab.id) for lab in module.labs)
    return v.ModuleView(
        line=module_line(desk, module, here),
        stage=v.Link("stage", stage.id, stage.title),
        prerequisites=tuple(desk.link(id, "module") for id in module.prerequisites),
        skills=tuple(desk.skill(skill.id) for skill in module.skills),
        lessons=lessons,
        problems=problems,
        labs=labs,
        by_skill=tuple(by_skill(desk, module, lessons, problems, labs)),
        cards=len(module.cards),
        cards_seen=sum(card.id in desk.record.cards for card in module.cards),
        resources=tuple(desk.resource(resource) for resource in module.resources),
        tools=tuple(desk.resource(shared[id]) for id in module.tools if id in shared),
        communities=tuple(desk.resource(shared[id]) for id in module.communities if id in shared),
        needed=groups.needed(groups.needs_of(module), "this module", later=True),
        note=desk.note(module.id),
    )


def by_skill(
    desk: Desk, module: Module, lessons: Sequence[v.LessonLine], problems: Sequence[v.ProblemLine], labs: Sequence[v.LabLine]
) -> Iterator[v.SkillWork]:
    """A module's skills in the order of learning, each with what there is to do on it: what serves several stands with the first."""
    c = desk.curriculum
    inside = {skill.id for skill in module.skills}

    def first(skills: Sequence[str]) -> str:
        return next((skill for skill in skills if skill in inside), "")

    for id in [skill for skill in c.order if skill in inside] + [""]:
        works = (
            tuple(line for line in lessons if first(c.lessons[line.id].skills) == id),
            tuple(line for line in problems if first(c.problems[line.id].skills) == id),
            tuple(line for line in labs if first(c.labs[line.id].skills) == id),
        )
        if id or any(works):
            yield v.SkillWork(desk.skill(id) if id else None, *works)


def lesson_line(desk: Desk, id: str) -> v.LessonLine:
    lesson, record = desk.curriculum.lessons[id], desk.lesson(id)
    return v.LessonLine(id, lesson.title, lesson.minutes, record.finished_at > 0, record.opened_at > 0)


def problem_line(desk: Desk, id: str) -> v.ProblemLine:
    problem, record = desk.curriculum.problems[id], desk.problem(id)
    return v.ProblemLine(id, problem.title, problem.minutes, problem.difficulty, record.right, record.answered)


def lab_line(desk: Desk, id: str) -> v.LabLine:
    lab, record = desk.curriculum.labs[id], desk.lab(id)
    last = record.attempts[-1] if record.attempts else None
    return v.LabLine(
        id=id,
        title=lab.title,
        minutes=lab.minutes,
        difficulty=lab.difficulty,
        part=lab.part,
        passed=record.passed_at > 0,
        submissions=len(record.attempts),
        checks_passed=last.checks_passed if last else 0,
        checks_total=last.checks_total if last else 0,
        skills=tuple(desk.link(skill, "skill") for skill in lab.skills),
        waits_for=tuple(
            desk.link(line.id, "skill") for line in desk.skills(lab.skills) if not record.attempts and line.standing in ("locked", "open")
        ),
    )


def workshop_view(desk: Desk, tonight: str, folder: str) -> v.WorkshopView:
    """`tonight`: the lab that stands on this evening's list, or "": then the next is one that was begun, else the first that is ready,
    else the first that waits for a skill."""
    modules = [module for module in desk.curriculum.modules.values() if module.labs]
    groups = tuple((v.Link("module", m.id, m.title), tuple(lab_line(desk, lab.id) for lab in m.labs)) for m in modules)
    lines = [line for _, inside in groups for line in inside]
    left = [line for line in lines if not line.passed]
    left.sort(key=lambda line: (line.id != tonight, bool(line.waits_for), -desk.lab(line.id).attempts[-1].at if line.submissions else 0))
    return v.WorkshopView(groups, sum(line.passed for line in lines), len(lines), left[0] if left else None, folder)


# Skills


def skill_map(desk: Desk) -> v.SkillMap:
    curriculum = desk.curriculum
    depth: dict[str, int] = {}
    nodes = []
    for id in curriculum.order:
        skill, line = curriculum.skills[id], desk.skill(id)
        depth[id] = 1 + max((depth[p] for p in skill.prerequisites if p in depth), default=-1)
        module = curriculum.module_of(id)
        nodes.append(
            v.MapNode(id, skill.title, module.id, module.stage, depth[id], line.standing, line.mastery, line.memory, skill.prerequisites)
        )
    return v.SkillMap(
        stages=tuple(v.Link("stage", stage.id, stage.title) for stage in curriculum.stages.values()),
        modules=tuple(v.MapModule(m.id, m.number, m.title, m.stage) for m in curriculum.modules.values()),
        nodes=tuple(nodes),
    )


def skill_view(desk: Desk, id: str, journal: Journal) -> v.SkillView:
    curriculum = desk.curriculum
    skill = curriculum.skills[id]
    taught = [desk.link(thing, kind) for kind in ("lesson", "problem", "lab") for thing in curriculum.teaching(id, kind)]
    taught += [desk.link(f"{book}#{number}", "chapter") for book, number in curriculum.chapters(id)]
    history, earlier, curve = past.story(desk, journal, id)
    cards = [card.id for card in curriculum.cards.values() if card.skill == id]
    return v.SkillView(
        line=desk.skill(id),
        module=desk.module_link(id),
        hours=skill.hours,
        difficulty=skill.difficulty,
        prerequisites=desk.skills(skill.prerequisites),
        unlocks=desk.skills(tuple(curriculum.dependents(id))),
        encompasses=tuple((desk.link(other, "skill"), weight) for other, weight in skill.encompasses.items()),
        practised_by=tuple(
            (desk.link(other.id, "skill"), other.encompasses[id]) for other in curriculum.skills.values() if id in other.encompasses
        ),
        taught_by=tuple(taught),
        note=desk.note(id),
        history=history,
        earlier=earlier,
        curve=curve,
        why_due=past.why_due(desk, id, curve),
        opens_in_all=past.opens_in_all(desk, id),
        cards=len(cards),
        cards_seen=sum(card in desk.record.cards for card in cards),
    )


# Library


def library_view(desk: Desk, kind: str, module: str, free: bool, mine: bool) -> v.LibraryView:
    """`kind` and `module` "": all of them. A module's are those on its reading list and the tools and communities that it names."""
    curriculum = desk.curriculum
    asked = curriculum.modules.get(module)
    inside = {r.id for r in asked.resources} | {*asked.tools, *asked.communities} if asked else set(curriculum.resources)
    candidates = [r for r in curriculum.resources.values() if r.id in inside and kind in ("", r.kind) and (r.free or not free)]
    resources = [view for view in map(desk.resource, candidates) if view.mine or not mine]
    notes = [v.NoteView(desk.link(id), note.text, note.at) for id, note in desk.record.notes.items()]
    return v.LibraryView(
        books=tuple(r for r in resources if r.kind in ("book", "course")),
        papers=tuple(r for r in resources if r.kind == "paper"),
        tools=tuple(r for r in resources if r.kind == "tool"),
        communities=tuple(r for r in resources if r.kind == "community"),
        competitions=tuple(r for r in resources if r.kind == "competition"),
        sites=tuple(r for r in resources if r.kind == "site"),
        notes=tuple(sorted(notes, key=lambda note: -note.at)),
        matching=len(resources),
        total=len(curriculum.resources),
        kinds=tuple(dict.fromkeys(r.kind for r in curriculum.resources.values())),
        modules=tuple(v.Link("module", m.id, m.title) for m in curriculum.modules.values()),
    )


# Search


class Index:
    """Every thing of the curriculum with its words, in memory: a few thousand short texts need no more."""

    def __init__(self, curriculum: Curriculum) -> None:
        self.entries: list[tuple[v.Link, str, str, str]] = []  # link, where, title lower, text
        add = self._add
        for module in curriculum.modules.values():
            stage = curriculum.stages[module.stage].title
            add("module", module.id, module.title, stage, module.why)
            for skill in module.skills:
                add("skill", skill.id, skill.title, module.title, "You can " + skill.can)
            for lesson in module.lessons:
                add("lesson", lesson.id, lesson.title, module.title, _words_of(lesson.text))
                for term in lessons.terms_of(lesson):
                    add("term", term.anchor, term.term, lesson.title, term.meaning)
            for lab in module.labs:
                add("lab", lab.id, lab.title, module.title, lab.part or "")
            for problem in module.problems:
                add("problem", problem.id, problem.title, module.title, "")
            for resource in module.resources:
                titles = [chapter.title for chapter in resource.chapters]
                titles += [chapter.title for chapter in resource.newer.chapters] if resource.newer else []
                chapters = "; ".join(dict.fromkeys(titles))
                add("resource", resource.id, resource.title, module.title, f"{', '.join(resource.authors)}. {resource.why} {chapters}")
            for card in module.cards:
                add("card", card.id, card.ask, module.title, card.answer)
        for resource in curriculum.shared.values():
            add("resource", resource.id, resource.title, resource.kind, resource.why)
        for project in curriculum.projects.values():
            add("project", project.id, project.title, curriculum.stages[project.stage].title, project.deliverable)
        for competition in curriculum.competitions.values():
            add("competition", competition.id, competition.title, curriculum.stages[competition.stage].title, competition.why)

    def _add(self, kind: str, id: str, title: str, where: str, text: str) -> None:
        self.entries.append((v.Link(kind, id, title), where, f"{title} {id}".lower(), text))

    def search(self, query: str, limit: int) -> tuple[v.Found, ...]:
        words = re.findall(r"[^\W_]+", query.lower())[:8]
        if not words:
            return ()
        starts = [re.compile(r"\b" + re.escape(word)) for word in words]
        found = []
        for link, where, title, text in self.entries:
            low = text.lower()
            score = 0.0
            for word, start in zip(words, starts, strict=True):
                if start.search(title):
                    score += 3.0
                elif word in title:
                    score += 2.0
                elif start.search(low):
                    score += 1.0
                else:
                    break
            else:
                score += 1.5 * (title.startswith(words[0])) + _WEIGHT.get(link.kind, 0.0) - 0.005 * len(link.title)
                found.append(v.Found(link, where, _passage(text, low, words), round(score, 3)))
        return tuple(sorted(found, key=lambda f: (-f.score, f.link.id))[:limit])


_WEIGHT = {
    "module": 0.9,
    "lab": 0.8,
    "lesson": 0.7,
    "skill": 0.6,
    "problem": 0.4,
    "resource": 0.3,
    "project": 0.3,
    "competition": 0.3,
    "card": 0.0,
    "term": 0.5,
}


def _words_of(markdown: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"```.*?```|[#*`$]", " ", markdown, flags=re.S)).strip()


def _passage(text: str, low: str, words: list[str], width: int = 120) -> str:
    at = min((low.find(word) for word in words if word in low), default=0)
    begin = max(0, at - width // 3)
    cut = text[begin : begin + width].strip()
    return ("…" if begin else "") + cut + ("…" if begin + width < len(text) else "")


@lru_cache(maxsize=2)
def index(curriculum: Curriculum) -> Index:
    return Index(curriculum)
