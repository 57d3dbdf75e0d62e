"""Mutation testing of a lab's checks: every one-change mutant of its solution is graded, and one that passes is a hole.

The mutants themselves are made in `modelwright.curriculum.mutants`. What each came to is kept beside the curriculum, under the hash of
everything that judged it, so that a second run grades only what is new.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelwright.curriculum.errors import Finding
from modelwright.curriculum.lint import in_words
from modelwright.curriculum.loader import Curriculum, kept_folder
from modelwright.curriculum.models import Lab
from modelwright.curriculum.mutants import Mutant, equivalents, mutants, named_by
from modelwright.studio.proofs import lab_terms

if TYPE_CHECKING:
    from modelwright.grading import Grader, Verdict

KILLED_AT_LEAST = 0.97  # of the mutants that are not listed as equivalent
SLOWER = 3  # a mutant's call may take this many times the seconds of the solution's slowest check, and no less than SHORTEST
SHORTEST = 1.0


class Fate(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    EQUIVALENT = "equivalent"
    SURVIVED = "survived"


@dataclass(frozen=True)
class MutantResult:
    """`why` is what killed it, or the author's reason for an equivalent one; nothing for a survivor."""

    mutant: Mutant
    fate: Fate
    why: str = ""


@dataclass(frozen=True)
class LabMutation:
    """What mutating one lab's solution came to. `findings` are faults of its mutants.yaml, or of a solution that does not pass."""

    lab: Lab
    results: tuple[MutantResult, ...]
    findings: tuple[Finding, ...]
    graded: int

    def count(self, fate: Fate) -> int:
        return sum(result.fate is fate for result in self.results)

    @property
    def survivors(self) -> list[MutantResult]:
        return [result for result in self.results if result.fate is Fate.SURVIVED]

    @property
    def share(self) -> float:
        """Of the mutants that change behaviour, how many are caught, 0 to 1; 1 where there are none."""
        return share_killed([self])


def share_killed(mutations: Iterable[LabMutation]) -> float:
    """Killed among those not listed as equivalent, over several labs."""
    every = list(mutations)
    killed = sum(m.count(Fate.KILLED) for m in every)
    counted = killed + sum(m.count(Fate.SURVIVED) for m in every)
    return killed / counted if counted else 1.0


def mutate(
    curriculum: Curriculum,
    labs: Iterable[Lab],
    *,
    jobs: int | None = None,
    cold: bool = False,
    on_lab: Callable[[LabMutation], None] = lambda mutation: None,
    on_mutant: Callable[[Lab, int, int], None] = lambda lab, done, total: None,
) -> list[LabMutation]:
    """Grades the mutants of these labs, several at a time. cold=True forgets what earlier runs found.

    `on_mutant(lab, done, total)` is called as each is judged, `on_lab` as a lab is done.
    """
    from modelwright.grading import Grader

    mutations = []
    with Grader() as grader:
        for lab in labs:
            store = kept_folder(curriculum.folder) / "mutants" / f"{lab.id.replace('/', '--')}.json"
            mutation = mutate_lab(lab, grader, jobs=jobs, store=store, cold=cold, on_mutant=on_mutant)
            mutations.append(mutation)
            on_lab(mutation)
    return mutations


def mutate_lab(
    lab: Lab,
    grader: Grader,
    *,
    jobs: int | None = None,
    store: Path | None = None,
    cold: bool = False,
    on_mutant: Callable[[Lab, int, int], None] = lambda lab, done, total: None,
) -> LabMutation:
    """Grades every mutant of one lab's solution. `store` is a file in which what each came to is kept."""
    findings: list[Finding] = []
    solution = lab.folder / "solution.py"
    listed = equivalents(lab, findings.append)
    source = solution.read_text(encoding="utf-8")
    every = mutants(source)
    terms = lab_terms(lab)
    killers = {} if cold or store is None else _stored(store, terms)
    waiting = [mutant for mutant in every if mutant.digest not in killers]
    if waiting:
        verdict = grader.grade(lab, source.encode())
        if verdict.status != "passed":
            findings.append(
                Finding(solution, 0, f"The solution does not pass: {verdict.message}", "Mend it; then its mutants mean something.")
            )
            return LabMutation(lab, (), tuple(findings), 0)
        try:
            _grade(hurried(lab, verdict), grader, waiting, killers, jobs, lambda done: on_mutant(lab, done, len(waiting)))
        finally:
            if store is not None:
                _keep(store, terms, {m.digest: killers[m.digest] for m in every if m.digest in killers})
    reasons, faults = _judge_list(lab, listed, every, killers)
    results = []
    for mutant in every:
        killer = killers[mutant.digest]
        fate = Fate.KILLED if killer else Fate.EQUIVALENT if mutant in reasons else Fate.SURVIVED
        results.append(MutantResult(mutant, fate, killer or reasons.get(mutant, "")))
    return LabMutation(lab, tuple(results), (*findings, *faults), len(waiting))


def prove_equivalents(lab: Lab, grade: Callable[..., Verdict]) -> Iterator[Finding]:
    """Every entry of the lab's mutants.yaml names a mutant that there is, and no check catches it."""
    findings: list[Finding] = []
    listed = equivalents(lab, findings.append)
    yield from findings
    every = mutants((lab.folder / "solution.py").read_text(encoding="utf-8")) if listed else []
    named = {mutant for entry, _ in listed for mutant in named_by(entry, every)}
    killers = {mutant.digest: _killer(grade(lab, mutant.source.encode(), first_failure=True)) for mutant in named}
    yield from _judge_list(lab, listed, every, killers)[1]


def hurried(lab: Lab, verdict: Verdict) -> Lab:
    """The lab with seconds that its solution needs a third of at most: a mutant that loops is ended soon."""
    slowest = max((check.seconds for check in verdict.checks), default=0.0)
    seconds = min(lab.limits.seconds, max(SHORTEST, SLOWER * slowest))
    return lab.model_copy(update={"limits": lab.limits.model_copy(update={"seconds": seconds})})


def _grade(lab: Lab, grader: Grader, waiting: list[Mutant], killers: dict[str, str], jobs: int | None, tell: Callable[[int], None]) -> None:
    pool = ThreadPoolExecutor(jobs or os.cpu_count() or 1)

    def grade(mutant: Mutant) -> Verdict:
        return grader.grade(lab, mutant.source.encode(), first_failure=True)

    try:
        futures: dict[Future[Verdict], Mutant] = {pool.submit(grade, mutant): mutant for mutant in waiting}
        for done, future in enumerate(as_completed(futures), 1):
            killers[futures[future].digest] = _killer(future.result())
            tell(done)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # those that run end with the grader


def _killer(verdict: Verdict) -> str:
    """The first check that failed, in words, or how the process ended; empty where everything passes."""
    if verdict.status == "passed":
        return ""
    failed = next((check for check in verdict.checks if check.status in ("failed", "error")), None)
    return in_words(failed.name) if failed else verdict.status


def _judge_list(lab: Lab, listed: list[Any], every: list[Mutant], killers: dict[str, str]) -> tuple[dict[Mutant, str], list[Finding]]:
    """The reasons of the mutants that the author's list names, and what is wrong with the list."""
    file = lab.folder / "mutants.yaml"
    reasons: dict[Mutant, str] = {}
    faults = []
    for entry, line in listed:
        named = named_by(entry, every)
        killed = [mutant for mutant in named if killers[mutant.digest]]
        if not named:
            there = sorted({m.change for m in every if m.text == entry.line.strip()})
            mend = f"The line's changes are: {'; '.join(there)}." if there else "solution.py has no such line: take the entry away."
            which = f"mutant number {entry.nth}" if entry.nth else "mutant"
            faults.append(Finding(file, line, f"There is no {which} {entry.change!r} of {entry.line!r}.", mend))
        elif killed:
            which = " (say with `nth` which of them is meant)" if len(named) > len(killed) else ""
            caught = f"{killers[killed[0].digest]!r} catches it"
            faults.append(Finding(file, line, f"{entry.change!r} is listed as equivalent, but {caught}{which}.", "Take the entry away."))
        reasons |= dict.fromkeys(named, entry.reason)
    return reasons, faults


def list_entry(mutation: LabMutation, mutant: Mutant) -> str:
    """The mutant as an entry of mutants.yaml, its reason still to be given."""
    alike = [r.mutant for r in mutation.results if (r.mutant.text, r.mutant.change) == (mutant.text, mutant.change)]

    def quoted(text: str) -> str:
        return json.dumps(text, ensure_ascii=False)  # a JSON string is a YAML string

    nth = f"\n  nth: {alike.index(mutant) + 1}" if len(alike) > 1 else ""
    return f"- line: {quoted(mutant.text)}\n  change: {quoted(mutant.change)}{nth}\n  reason:"


def _stored(store: Path, terms: str) -> dict[str, str]:
    with suppress(OSError, ValueError, KeyError, TypeError):
        stored = json.loads(store.read_bytes())
        if stored["terms"] == terms:
            return dict(stored["killers"])
    return {}


def _keep(store: Path, terms: str, killers: dict[str, str]) -> None:
    with suppress(OSError):  # a folder that cannot be written is measured anew each time
        store.parent.mkdir(parents=True, exist_ok=True)
        fresh = store.with_name(f"{store.name}.{os.getpid()}")
        fresh.write_text(json.dumps({"terms": terms, "killers": killers}, indent=0, sort_keys=True), encoding="utf-8")
        fresh.replace(store)
