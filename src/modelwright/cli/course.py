"""`modelwright course`: what a course author does in the terminal. Everything is decided in `modelwright.studio.author`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from modelwright.curriculum.models import Lab

app = typer.Typer(help="For course authors: prove a curriculum, count it, begin a lab, a lesson or a module.", no_args_is_help=True)
new = typer.Typer(help="Begin something new, as a skeleton that is valid as it stands.", no_args_is_help=True)
app.add_typer(new, name="new")

Folder = Annotated[Path | None, typer.Option("--curriculum", envvar="MODELWRIGHT_CURRICULUM", help="A curriculum folder of your own.")]


def _folder(folder: Path | None) -> Path:
    from modelwright.curriculum.loader import default_folder

    return folder or default_folder()


@app.command(epilog="Example: modelwright course validate softmax adam")
def validate(
    names: Annotated[list[str] | None, typer.Argument(help="Labs, lessons, problems, modules; all where nothing is named.")] = None,
    curriculum: Folder = None,
    module: Annotated[list[str] | None, typer.Option(help="Only this module's content (may be given again).")] = None,
    run: Annotated[bool, typer.Option(help="Also run lessons, problems and labs. --no-run only reads.")] = True,
    repeat: Annotated[int, typer.Option(min=1, help="Grade each right solution this often.")] = 1,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds for each problem's proof.")] = 200,
    jobs: Annotated[int | None, typer.Option(min=1, help="How much is run at a time; as much as there are cores.")] = None,
    cold: Annotated[bool, typer.Option("--cold", help="Believe no proof of before: run everything.")] = False,
    again: Annotated[str | None, typer.Option(metavar="SEED", help="Of the kept proofs, make a tenth again, drawn by this seed.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the findings alone.")] = False,
) -> None:
    """Prove that a curriculum holds: ids, graphs, links, lessons' output, problems' keys, labs' graders.

    What was proved before is kept in each module's proofs.txt, and only what has changed since is run.
    """
    from modelwright.cli import screen
    from modelwright.studio.author import Progress, validate
    from modelwright.studio.proving import Lot

    out, folder = screen.console(soft_wrap=True), _folder(curriculum)
    kept = drawn = 0

    def show(progress: Progress) -> None:
        nonlocal kept, drawn
        kept, drawn = kept + progress.kept, drawn + progress.drawn
        if not quiet and not progress.kept:
            mark = "[green]✓[/]" if not progress.findings else "[red]✗[/]"
            place = f"{progress.done}/{progress.total} " if progress.total else ""
            out.print(f"{mark} {place}{progress.what}" + (f": {progress.findings} to mend" if progress.findings else ""))

    findings = validate(
        folder, modules=module or None, names=names or (), run=run, repeat=repeat, seeds=seeds, jobs=jobs, cold=cold,
        lot=Lot(again) if again else None, on_progress=show,
    )  # fmt: skip
    for finding in findings:
        out.print(str(finding), markup=False)
    if not quiet and kept + drawn:
        lot = f"; {drawn} were made again, drawn by {again!r}" if again else ""
        out.print(f"{kept + drawn} proof{'s' if kept + drawn > 1 else ''} stood from before{lot}.", markup=False)
    if findings:
        out.print(f"{len(findings)} thing{'s' if len(findings) > 1 else ''} to mend.")
        raise typer.Exit(1)
    told = "The curriculum holds." if not names and not module else "What was named holds."
    out.print(told if run else "It reads well; labs, lessons and problems were not run.")


@app.command(epilog="Example: modelwright course mutate softmax adam")
def mutate(
    labs: Annotated[list[str] | None, typer.Argument(help="Labs, by id or by the last word of it; all where none is named.")] = None,
    curriculum: Folder = None,
    module: Annotated[list[str] | None, typer.Option(help="Only this module's labs (may be given again).")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="How many are graded at a time; as many as there are cores.")] = None,
    cold: Annotated[bool, typer.Option("--cold", help="Forget what earlier runs found.")] = False,
    listing: Annotated[bool, typer.Option("--yaml", help="Print the survivors as entries for mutants.yaml, to give reasons to.")] = False,
) -> None:
    """Change each lab's solution in one place at a time, and print the changes that its checks do not notice."""
    from modelwright.cli.screen import console
    from modelwright.curriculum.loader import load
    from modelwright.studio.author import chosen_labs
    from modelwright.studio.mutation import KILLED_AT_LEAST, Fate, LabMutation, list_entry, mutate, share_killed

    out, error = console(), console(stderr=True)
    course = load(_folder(curriculum))

    def show(mutation: LabMutation) -> None:
        killed, equivalent, survive = (mutation.count(fate) for fate in (Fate.KILLED, Fate.EQUIVALENT, Fate.SURVIVED))
        mark = "[red]✗[/]" if mutation.findings or mutation.survivors else "[green]✓[/]"
        told = f"{len(mutation.results)} mutants, {killed} killed, {equivalent} equivalent, {survive} survive"
        out.print(f"{mark} {mutation.lab.id}: {told} ({100 * mutation.share:.1f}% of those that change behaviour are killed)")
        solution = mutation.lab.folder / "solution.py"
        for finding in mutation.findings:
            out.print(str(finding), markup=False)
        for result in mutation.survivors:
            mutant = result.mutant
            if listing:
                out.print(list_entry(mutation, mutant), markup=False)
            else:
                out.print(f"{solution}:{mutant.line}: {mutant}", markup=False)
                out.print(f"    {mutant.source.splitlines()[mutant.line - 1].strip()}", markup=False, style="dim")

    with error.status("") as status:

        def telling(lab: Lab, done: int, total: int) -> None:
            status.update(f"{lab.id}: {done} of {total} mutants graded")

        every = mutate(course, chosen_labs(course, labs, module), jobs=jobs, cold=cold, on_lab=show, on_mutant=telling)
    faults, share = sum(len(m.findings) for m in every), share_killed(every)
    out.print(f"{100 * share:.1f}% of the mutants that change behaviour are killed; at least {100 * KILLED_AT_LEAST:g}% is asked for.")
    if faults or share < KILLED_AT_LEAST:
        raise typer.Exit(1)


@app.command(epilog="Example: modelwright course stats --json | jq .skills")
def stats(curriculum: Folder = None, json: Annotated[bool, typer.Option("--json", help="As JSON, for a script.")] = False) -> None:
    """Count what there is, module by module."""
    from modelwright.curriculum.loader import load
    from modelwright.studio.author import as_json, stats

    counted = stats(load(curriculum))
    if json:
        import json as json_

        typer.echo(json_.dumps(as_json(counted), indent=1))
        return
    from rich.console import Console
    from rich.table import Table

    columns = ("skills", "chapters", "lessons", "cards", "problems", "labs", "items")
    table = Table(box=None, pad_edge=False)
    table.add_column("module")
    for column in columns:
        table.add_column(column, justify="right")
    for name, row in counted.by_module.items():
        table.add_row(name, *(str(row[column] or "·") for column in columns))
    out = Console(highlight=False)
    out.print(table)
    out.print(
        f"\n{counted.stages} stages, {counted.modules} modules, {counted.skills} skills joined by {counted.prerequisite_edges} "
        f"prerequisite and {counted.encompassing_edges} encompassing edges; {counted.books} books with {counted.chapters} chapters; "
        f"{counted.lessons} lessons of {counted.lesson_words} words; {counted.checks} checks in {counted.labs} labs, proved by "
        f"{counted.right_solutions} right and {counted.wrong_solutions} wrong solutions; "
        f"{counted.hours_low:g} to {counted.hours_high:g} hours.",
        soft_wrap=True,
    )


@app.command(epilog="Example: modelwright course audit --module deep-learning")
def audit(
    curriculum: Folder = None,
    module: Annotated[list[str] | None, typer.Option(help="Only this module (may be given again).")] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON, for a script.")] = False,
) -> None:
    """Report how the lessons read, and what repeats itself: for you to judge, nothing here is an error."""
    from rich.table import Table

    from modelwright.cli.screen import console, print_json
    from modelwright.curriculum.loader import load
    from modelwright.studio.audit import audit

    course = load(_folder(curriculum))
    reports = audit(course, module or None)
    if json:
        print_json(reports)
        return
    out = console()
    table = Table(box=None, pad_edge=False)
    table.add_column("lesson", min_width=max((len(lesson.id) for report in reports for lesson in report.lessons), default=0))
    for column in ("words", "ease", "long sentences", "terms of no lesson"):
        table.add_column(column, justify="right")
    for report in reports:
        for lesson in report.lessons:
            counts = (len(lesson.long), len(lesson.no_lesson))
            table.add_row(lesson.id, str(lesson.words), f"{lesson.ease:.0f}", *(str(count or "·") for count in counts))
    out.print(table)
    for report in reports:
        for lesson in report.lessons:
            path = course.lessons[lesson.id].path
            for sentence in lesson.long:
                out.print(f"{path}:{sentence.line}: {sentence.words} words: {sentence.text}", markup=False)
            if lesson.no_lesson:
                out.print(f"{path}: bold, but under terms in no lesson: {', '.join(lesson.no_lesson)}.", markup=False)
        cards = course.modules[report.module].folder / "cards.yaml"
        for line in (
            *(f"{', '.join(shared.lessons)} share: {shared.text}" for shared in report.shared),
            *(f"{cards}: {id} asks two things: {course.cards[id].ask}" for id in report.double_cards),
            *(f"{few.problem} makes {few.questions} different questions in 200 seeds." for few in report.few_questions),
        ):
            out.print(line, markup=False)


@app.command(epilog="Example: modelwright course preview vectors-as-data")
def preview(
    lesson: Annotated[str, typer.Argument(help="A lesson, by id or by the last word of it.")],
    curriculum: Folder = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; any that is free by default.")] = 0,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page (NO_BROWSER=1 says no).")] = True,
) -> None:
    """Show a lesson as its readers see it, again after each save, and say what the linter finds in it."""
    from modelwright.cli.server import preview
    from modelwright.curriculum.loader import load

    folder = _folder(curriculum)
    course = load(folder)
    named = [id for id in course.lessons if id.split("/")[-1] == lesson]
    id = named[0] if len(named) == 1 else course.find("lesson", lesson).id
    preview(folder, id, port, browser and os.environ.get("NO_BROWSER", "") in ("", "0"))


@app.command(epilog="Examples: modelwright course build · modelwright course build --figures")
def build(
    curriculum: Folder = None,
    figures: Annotated[
        bool, typer.Option("--figures", help="Leave out the frames of explores, which a page draws when it is opened.")
    ] = False,
) -> None:
    """Draw the lessons' figures and the frames of their explores, so that pages show them at once; what is drawn already is left.

    What no lesson shows any more is taken away, so that a wheel built then carries all of them and nothing else.
    """
    from modelwright.curriculum.figures import draw, folder_of
    from modelwright.curriculum.frames import draw_frames, explores_of, frames_folder
    from modelwright.curriculum.loader import load

    course = load(curriculum)
    figures_folder = folder_of(course.folder)
    drawn = [path.name for lesson in course.lessons.values() for path in draw(lesson, figures_folder)]
    typer.echo(f"{len(drawn)} figures of {len(course.lessons)} lessons are drawn.")
    if figures:
        return
    folder, frames, failed = frames_folder(course.folder), 0, 0
    shown = set(drawn)
    for lesson in course.lessons.values():
        draw_frames(lesson, folder)
        for explore in explores_of(lesson):
            shown.add(explore.key)
            kept = explore.frames(folder)
            frames += sum(frame is not None and not frame.error for frame in kept)
            failed += sum(frame is None or bool(frame.error) for frame in kept)
    typer.echo(
        f"{frames} frames of explores are drawn." + (f" {failed} cannot be: `modelwright course validate` says why." if failed else "")
    )
    for old in (path for place in (figures_folder, folder) if place.is_dir() for path in place.iterdir() if path.name not in shown):
        if old.is_dir():
            shutil.rmtree(old)
        else:
            old.unlink()
    if failed:
        raise typer.Exit(1)


@new.command("lab", epilog="Example: modelwright course new lab linear-algebra/determinant 'Determinants by elimination'")
def new_lab(id: str, title: str, curriculum: Folder = None) -> None:
    """A lab with a task, checks, a solution, another right one and four wrong ones that you rewrite into yours."""
    from modelwright.studio.skeleton import new_lab

    _say(new_lab(_folder(curriculum), id, title))


@new.command("lesson", epilog="Example: modelwright course new lesson linear-algebra/projections 'The nearest point of a plane'")
def new_lesson(id: str, title: str, curriculum: Folder = None) -> None:
    """A lesson that says, section by section, what belongs there."""
    from modelwright.studio.skeleton import new_lesson

    _say(new_lesson(_folder(curriculum), id, title))


@new.command("module", epilog="Example: modelwright course new module graph-learning 'Learning on graphs' --curriculum ~/my-course")
def new_module(
    id: str, title: str, curriculum: Folder = None, stage: Annotated[str | None, typer.Option(help="The stage's id.")] = None
) -> None:
    """A module with one skill, book, lesson, card, problem and lab; in an empty folder, a plan around it."""
    from modelwright.studio.skeleton import new_module

    _say(new_module(_folder(curriculum), id, title, stage))


def _say(files: list[Path]) -> None:
    for path in files:
        typer.echo(f"wrote {path}")
