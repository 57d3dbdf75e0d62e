"""The commands, as a person sees them with --help. What each does is in the module it calls, imported only then."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

Json = Annotated[bool, typer.Option("--json", help="As JSON, for a script.")]


class Later(TyperGroup):
    """A group of commands whose module is imported when it is used: for the help page its name and one line are enough."""

    def __init__(self, module: str, name: str, help: str) -> None:
        super().__init__(name=name, help=help)
        self.module = module

    def real(self) -> Any:
        from importlib import import_module

        command = typer.main.get_command(import_module(self.module).app)
        command.name = self.name
        return command

    def make_context(self, *words: Any, **more: Any) -> Any:
        if self.name == "forge":
            from modelwright.cli.into_forge import IntoForge

            more.setdefault("obj", IntoForge())
        return self.real().make_context(*words, **more)


class Commands(TyperGroup):
    """The commands in the order of an evening, then those that are needed now and then."""

    def __init__(self, *words: Any, **more: Any) -> None:
        super().__init__(*words, **more)
        self.commands["course"] = Later(
            "modelwright.cli.course", "course", "For course authors: prove a curriculum, count it, begin a lab."
        )
        self.commands["forge"] = Later("modelwright.forge.cli", "forge", "The language-model stack: train, chat, serve, export.")

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.commands)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
    epilog="First time? [bold]modelwright enrol[/], then [bold]modelwright today[/]. In the browser: [bold]modelwright start[/].",
)
anki = typer.Typer(help="Take your cards to Anki, and bring back what you answered there.", no_args_is_help=True)
journal = typer.Typer(help="The record of what you did: export it, import it, prove it whole.", no_args_is_help=True)


def _lab_names(incomplete: str) -> list[str]:
    from modelwright.cli.completion import ids

    return ids("labs", incomplete)


def _lesson_names(incomplete: str) -> list[str]:
    from modelwright.cli.completion import ids

    return ids("lessons", incomplete)


def _problem_names(incomplete: str) -> list[str]:
    from modelwright.cli.completion import ids

    return ids("problems", incomplete)


def _book_names(incomplete: str) -> list[str]:
    from modelwright.cli.completion import ids

    return ids("books", incomplete)


def _module_names(incomplete: str) -> list[str]:
    from modelwright.cli.completion import ids

    return ids("modules", incomplete)


def _group_names(incomplete: str) -> list[str]:
    from modelwright.groups import catalogue

    return [id for id in catalogue().groups if id.startswith(incomplete)]


def _any_names(incomplete: str) -> list[str]:
    from modelwright.cli.completion import ids

    return [id for kind in ("labs", "lessons", "problems", "modules") for id in ids(kind, incomplete)]


def _competition_names(incomplete: str) -> list[str]:
    from modelwright.cli.completion import ids

    return ids("competitions", incomplete)


LabName = Annotated[
    str | None, typer.Argument(metavar="LAB", autocompletion=_lab_names, help="A lab: its name or your file. Default: the last opened.")
]


def _version(wanted: bool) -> None:
    if wanted:
        from modelwright import __version__

        typer.echo(f"modelwright {__version__}")
        raise typer.Exit()


@app.callback()
def options(
    curriculum: Annotated[Path | None, typer.Option(envvar="MODELWRIGHT_CURRICULUM", help="A curriculum folder of your own.")] = None,
    home: Annotated[Path | None, typer.Option(envvar="MODELWRIGHT_HOME", help="Your folder. Default: ~/modelwright.")] = None,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    """From the foundations to a Grok-like language model that you built yourself."""
    # The one place where these two are set: `opened()` reads them, and so do processes that are started from here.
    if curriculum is not None:
        os.environ["MODELWRIGHT_CURRICULUM"] = str(curriculum)
    if home is not None:
        os.environ["MODELWRIGHT_HOME"] = str(home)


@app.command(epilog="Example: PORT=9000 NO_BROWSER=1 modelwright start")
def start(
    port: Annotated[int, typer.Option(envvar="PORT", min=1, max=65535, help="The port to listen on.")] = 8765,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page (NO_BROWSER=1 says no).")] = True,
) -> None:
    """Open the studio in the browser, at http://127.0.0.1:8765."""
    from modelwright.cli.server import start

    start(port, browser and os.environ.get("NO_BROWSER", "") in ("", "0"))


@app.command(epilog="Example: modelwright enrol --name Ada --hours 6 --knows python=3 --knows calculus=1")
def enrol(
    name: Annotated[str | None, typer.Option(help="Your name, as it signs your commits.")] = None,
    hours: Annotated[float | None, typer.Option(help="Hours a week that you can give.")] = None,
    deadline: Annotated[str | None, typer.Option(help="A date to be done by, as 2028-06-30; none by default.")] = None,
    knows: Annotated[list[str] | None, typer.Option(help="MODULE=LEVEL, from 0 (new to me) to 3 (I could teach it).")] = None,
) -> None:
    """Say who you are and what you know. Asks for whatever is not given."""
    from modelwright.cli.evening import enrol

    enrol(name, hours, deadline, knows or [])


@app.command(epilog="Answers: the number of a choice, or a formula · Enter: I do not know · s: stop and see what it changes")
def place(json: Json = False) -> None:
    """Find what you know already: a few questions, chosen by your answers."""
    from modelwright.cli.place import place

    place(json)


@app.command(epilog="Example: modelwright exam linear-algebra")
def exam(
    module: Annotated[str, typer.Argument(metavar="MODULE", autocompletion=_module_names, help="The module to test out of.")],
    json: Json = False,
) -> None:
    """A module's exam: ten questions. Who passes need not be taught it."""
    from modelwright.cli.place import exam

    exam(module, json)


@app.command(epilog="Example: modelwright today --minutes 30")
def today(
    minutes: Annotated[int | None, typer.Option("--minutes", "-m", help="How long you have. Default: the rest of your usual time.")] = None,
    json: Json = False,
) -> None:
    """This evening: what to do, in which order, and why."""
    from modelwright.cli.evening import today

    today(minutes, json)


@app.command(epilog="Examples: modelwright next --why-not deep-learning/adam · modelwright next --anyway adam · … --not-tonight cards")
def next(
    why_not: Annotated[str | None, typer.Option(autocompletion=_any_names, help="Why this is not next: any lab, lesson or module.")] = None,
    anyway: Annotated[str | None, typer.Option(autocompletion=_any_names, help="Do this anyway: it stands first this evening.")] = None,
    not_tonight: Annotated[str | None, typer.Option(autocompletion=_any_names, help="Not before tomorrow; 'cards': the cards.")] = None,
    as_planned: Annotated[str | None, typer.Option(autocompletion=_any_names, help="Take back either of these.")] = None,
    json: Json = False,
) -> None:
    """The one thing to do next, and why; or something else instead."""
    from modelwright.cli.evening import next_step

    next_step(why_not, {"now": anyway, "not-tonight": not_tonight, "as-planned": as_planned}, json)


@app.command(epilog="Example: modelwright lesson linear-algebra/vectors-as-data")
def lesson(
    name: Annotated[str | None, typer.Argument(metavar="LESSON", autocompletion=_lesson_names, help="Default: the next one.")] = None,
) -> None:
    """Read a lesson here."""
    from modelwright.cli.evening import lesson

    lesson(name)


@app.command(epilog="Examples: modelwright terms · modelwright terms learning")
def terms(
    word: Annotated[str | None, typer.Argument(help="Only the terms in which this stands.")] = None,
    json: Json = False,
) -> None:
    """The field's own names, each with the lesson that introduces it."""
    from modelwright.cli.evening import terms

    terms(word, json)


@app.command(epilog="Example: modelwright notes --markdown > notes.md")
def notes(
    markdown: Annotated[bool, typer.Option("--markdown", help="As Markdown, to keep or to print.")] = False,
    json: Json = False,
) -> None:
    """Your notes, and the paragraphs that you marked."""
    from modelwright.cli.evening import notes

    notes(markdown, json)


@app.command(epilog="Examples: modelwright problem · modelwright problem dot-product-angle · modelwright problem rank --example")
def problem(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PROBLEM…]", autocompletion=_problem_names, help="One after another. Default: this evening's."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="This very question. Default: a new one.")] = None,
    example: Annotated[bool, typer.Option("--example", help="With one of the same kind beside it, worked out.")] = False,
) -> None:
    """Answer problems: an instant verdict, and a worked solution."""
    from modelwright.cli.evening import problem

    problem(names or [], seed, example)


@app.command(epilog="Example: modelwright lab softmax")
def lab(lab: LabName = None) -> None:
    """Open a lab: its task, and where your file is."""
    from modelwright.cli.labs import task

    task(lab)


@app.command(epilog="Examples: modelwright check · modelwright check softmax · modelwright check labs/linear_algebra/softmax.py --json")
def check(
    lab: LabName = None,
    debug: Annotated[bool, typer.Option("--debug", help="Run the checks in this very process, so that breakpoint() works.")] = False,
    json: Json = False,
) -> None:
    """Grade a lab. Leaves with 1 where a check fails."""
    from modelwright.cli.labs import check

    raise typer.Exit(check(lab, debug, json))


@app.command(epilog='Examples: modelwright run softmax · modelwright run softmax "softmax([1.0, 2.0])"')
def run(
    lab: LabName = None,
    line: Annotated[str, typer.Argument(help="A line of Python to run after the file, and show the value of.", show_default=False)] = "",
) -> None:
    """Run a lab's file, and a line after it, without grading it. Leaves with 1 where it ends in an error."""
    from modelwright.cli.labs import run

    raise typer.Exit(run(lab, line))


@app.command(epilog="Keys: h a hint · n the next lab · l all checks · r run again · q quit")
def watch(lab: LabName = None) -> None:
    """Grade a lab on every save, one failing check at a time."""
    from modelwright.cli.watch import watch

    watch(lab)


@app.command(
    epilog="Keys: space the answer · 1 again · 2 hard · 3 good · 4 easy · u takes the last back · e your words · x suspends · q quits"
)
def review(
    limit: Annotated[int, typer.Option(min=1, help="At most so many cards.")] = 500,
    all: Annotated[bool, typer.Option("--all", help="All that are due, and not only tonight's.")] = False,
    suspended: Annotated[bool, typer.Option("--suspended", help="List the cards that are not asked.")] = False,
    resume: Annotated[str | None, typer.Option(metavar="CARD", help="Ask this one again.")] = None,
) -> None:
    """Go through tonight's cards."""
    from modelwright.cli.review import resume as ask_again
    from modelwright.cli.review import review, suspended_cards

    if resume is not None:
        ask_again(resume)
    elif suspended:
        suspended_cards()
    else:
        review(limit, "all" if all else "tonight")


@app.command(epilog="Examples: modelwright read · modelwright read strang-la 3 · modelwright read strang-la 3 --check · … --undo")
def read(
    book: Annotated[str | None, typer.Argument(metavar="BOOK", autocompletion=_book_names, help="A book or course.")] = None,
    chapter: Annotated[str | None, typer.Argument(metavar="CHAPTER", help="The chapter that you have read: number or title.")] = None,
    hours: Annotated[float | None, typer.Option(help="How long it took. Default: the plan's figure.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take the tick away.")] = False,
    again: Annotated[bool, typer.Option("--again", help="It was read once more.")] = False,
    to: Annotated[
        str, typer.Option("--to", metavar="SHARE", help="Only so far: 40%, or the number of its last section that was read.")
    ] = "",
    place: Annotated[str, typer.Option("--place", metavar="WORDS", help="With --to: where that is, as a page.")] = "",
    check: Annotated[bool, typer.Option("--check", help="Answer a few questions on the chapter instead.")] = False,
    json: Json = False,
) -> None:
    """List the books and their chapters, tick a chapter off, or answer a few questions on it."""
    if check:
        from modelwright.cli.place import check as ask

        ask(book, chapter, json)
        return
    from modelwright.cli.road import read

    read(book, chapter, hours, undo, again, to, place, json)


@app.command(epilog="Examples: modelwright plan · modelwright plan calculus · modelwright plan --ics plan.ics --at 20:30")
def plan(
    module: Annotated[str | None, typer.Argument(metavar="MODULE", autocompletion=_module_names, help="One module in full.")] = None,
    ics: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a calendar of the coming sessions; - for the output.")] = None,
    weeks: Annotated[int, typer.Option(min=1, max=26, help="Of sessions, in the calendar.")] = 8,
    at: Annotated[str, typer.Option(metavar="HH:MM", help="When a session begins, in the calendar.")] = "19:00",
    json: Json = False,
) -> None:
    """The whole road, and where you stand on it; or the same as a calendar."""
    from modelwright.cli.road import calendar, plan

    if ics is not None:
        calendar(ics, weeks, at)
    else:
        plan(module, json)


@app.command()
def status(json: Json = False) -> None:
    """How things stand: hours, skills, labs, cards, and what was done lately."""
    from modelwright.cli.road import status

    status(json)


@app.command(epilog="Examples: modelwright forecast · modelwright forecast --hours 10 --skip reinforcement-learning")
def forecast(
    hours: Annotated[float | None, typer.Option(help="What if: so many hours a week.")] = None,
    skip: Annotated[list[str] | None, typer.Option(help="What if: without this optional module; 'none': with all.")] = None,
    book: Annotated[list[str] | None, typer.Option(help="What if: MODULE=BOOK.")] = None,
    json: Json = False,
) -> None:
    """When you will be done, as a range of dates; what would change it; how past forecasts fared."""
    from modelwright.cli.road import forecast

    forecast(hours, skip, book, json)


@app.command()
def calibration(json: Json = False) -> None:
    """How well this program knows you: its chances against what came."""
    from modelwright.cli.memory import calibration

    calibration(json)


@app.command()
def refit(json: Json = False) -> None:
    """Fit the forgetting curve to your own reviews; it is used only if it foretells better."""
    from modelwright.cli.memory import refit

    refit(json)


@app.command(epilog="Example: modelwright goals --hours 8 --deadline 2028-06-30 --book calculus=thompson")
def goals(
    name: Annotated[str | None, typer.Option(help="Your name.")] = None,
    hours: Annotated[float | None, typer.Option(help="Hours a week.")] = None,
    minutes: Annotated[int | None, typer.Option(help="Minutes of an evening.")] = None,
    deadline: Annotated[str | None, typer.Option(help="A date, as 2028-06-30; an empty one takes it away.")] = None,
    book: Annotated[list[str] | None, typer.Option(help="MODULE=BOOK: read this one; MODULE=none: the lessons alone.")] = None,
    skip: Annotated[list[str] | None, typer.Option(help="Leave out an optional module; 'none' takes all back in.")] = None,
    retention: Annotated[float | None, typer.Option(help="How surely to remember, 0.7 to 0.97.")] = None,
    json: Json = False,
) -> None:
    """See your goals, or change them."""
    from modelwright.cli.road import goals

    goals(name, hours, minutes, deadline, book, skip, retention, json)


@app.command()
def hint(lab: LabName = None) -> None:
    """The next of a lab's three hints."""
    from modelwright.cli.labs import hint

    hint(lab)


@app.command()
def solution(
    lab: LabName = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Show it although the lab is not passed; the journal keeps that.")] = False,
) -> None:
    """A lab's solution: after a pass, or on an explicit wish."""
    from modelwright.cli.labs import solution

    solution(lab, yes)


@app.command(epilog="Examples: modelwright ask · modelwright ask softmax > question.md")
def ask(lab: LabName = None, json: Json = False) -> None:
    """Make a question about a lab that somebody elsewhere can answer, from its last verdict."""
    from modelwright.cli.labs import ask

    ask(lab, json)


@app.command()
def reset(lab: LabName = None, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False) -> None:
    """Put a lab's starter back. What was there is kept."""
    from modelwright.cli.labs import reset

    reset(lab, yes)


@app.command(epilog="Examples: modelwright project · modelwright project spam-classifier --milestone 1 --hours 2")
def project(
    name: Annotated[str | None, typer.Argument(metavar="PROJECT", help="A project. Default: list them.")] = None,
    milestone: Annotated[int | None, typer.Option(help="The number of a milestone that is reached.")] = None,
    done: Annotated[bool, typer.Option("--done", help="The whole project is done.")] = False,
    hours: Annotated[float, typer.Option(help="Hours that went into it now.")] = 0.0,
    note: Annotated[str, typer.Option(help="A few words on it.")] = "",
) -> None:
    """List the projects, or record work on one."""
    from modelwright.cli.road import project

    project(name, milestone, done, hours, note)


@app.command(epilog="Examples: modelwright arena · modelwright arena failing-pumps --begin · modelwright arena failing-pumps --close")
def arena(
    name: Annotated[
        str | None, typer.Argument(metavar="COMPETITION", help="A competition. Default: list them.", autocompletion=_competition_names)
    ] = None,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="What to hand in: a .csv, a .py or an .ipynb.")] = None,
    begin: Annotated[bool, typer.Option("--begin", help="Lay its data and a first program out in the workshop.")] = False,
    validation: Annotated[float | None, typer.Option(help="What your own validation gave for this entry.")] = None,
    note: Annotated[str, typer.Option(help="A few words on the entry.")] = "",
    close: Annotated[bool, typer.Option("--close", help="Open the private board, for good.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    write_up: Annotated[bool, typer.Option("--write-up", help="Make a page to write on about what you did.")] = False,
    json: Json = False,
) -> None:
    """Compete: a task, a board, and private rows that say whom to believe."""
    from modelwright.cli.arena import arena

    arena(name, file, begin, validation, note, close, yes, write_up, json)


@app.command(epilog="Example: modelwright log 1.5 'Lecture 3 on the train' --on linear-algebra")
def log(
    hours: Annotated[float, typer.Argument(help="How long.")],
    what: Annotated[str, typer.Argument(help="What it was, in a few words.")],
    on: Annotated[str | None, typer.Option(autocompletion=_any_names, help="What it belongs to.")] = None,
) -> None:
    """Log time that you worked away from here."""
    from modelwright.cli.road import log

    log(hours, what, on)


@app.command()
def find(words: Annotated[list[str], typer.Argument(help="What to look for.")], json: Json = False) -> None:
    """Find anything in the curriculum."""
    from modelwright.cli.road import find

    find(" ".join(words), json)


@app.command()
def doctor(
    attack: Annotated[bool, typer.Option("--attack", help="Run a battery of hostile files, and say what held (a minute).")] = False,
    json: Json = False,
) -> None:
    """Check that everything works here, and say what to do where it does not."""
    from modelwright.cli import doctor as here

    raise typer.Exit(here.attack(json) if attack else here.doctor(json))


@app.command(epilog="Examples: modelwright prepare · modelwright prepare keras · modelwright prepare --stage 3")
def prepare(
    groups: Annotated[
        list[str] | None,
        typer.Argument(metavar="GROUP", autocompletion=_group_names, help="What to install, as keras.", show_default=False),
    ] = None,
    stage: Annotated[str | None, typer.Option(help="All that a stage needs, by its number.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="Show what there is and how large it is, and install nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Install without a question.")] = False,
    json: Json = False,
) -> None:
    """Install what labs and lessons need beyond the start: ahead, for evenings without a network."""
    from modelwright.cli.groups import prepare

    raise typer.Exit(prepare(groups or [], stage, list_, yes, json))


app.add_typer(anki, name="anki")


@anki.command("import", epilog="Examples: modelwright anki import collection.colpkg · modelwright anki import revlog.csv")
def anki_import(
    file: Annotated[Path, typer.Argument(help="An .apkg or .colpkg, a collection, or a review log as SQLite or CSV.")], json: Json = False
) -> None:
    """Bring in what you answered in Anki. The same file again adds nothing."""
    from modelwright.cli.memory import import_anki

    import_anki(file, json)


@anki.command("export", epilog="Example: modelwright anki export cards.apkg --module linear-algebra")
def anki_export(
    file: Annotated[Path, typer.Argument(help="The package to write, as cards.apkg.")],
    module: Annotated[str | None, typer.Option(autocompletion=_module_names, help="The cards of one module.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also cards of what you have not been taught yet.")] = False,
    json: Json = False,
) -> None:
    """Write your cards as an Anki package. A later one updates the cards there and keeps their schedule."""
    from modelwright.cli.memory import export_anki

    export_anki(file, module, everything, json)


app.add_typer(journal, name="journal")


@journal.command("export", epilog="Example: modelwright journal export > my-journal.jsonl")
def journal_export(file: Annotated[Path | None, typer.Argument(help="Where to. Default, as '-': standard output.")] = None) -> None:
    """Write every event as one line of JSON."""
    from modelwright.cli.journal import export

    export(file)


@journal.command("import", epilog="Example: modelwright journal import my-journal.jsonl")
def journal_import(file: Annotated[Path, typer.Argument(help="An export; '-' for standard input.")]) -> None:
    """Add the events of an export. Those that are there already stay as they are."""
    from modelwright.cli.journal import import_

    import_(file)


@journal.command("undo-import", epilog="Examples: modelwright journal undo-import · modelwright journal undo-import 2")
def journal_undo_import(
    which: Annotated[
        str | None, typer.Argument(metavar="IMPORT", help="Its number in the list, or when it was. Default: the last.")
    ] = None,
    list: Annotated[bool, typer.Option("--list", help="Show what was imported, and take nothing back.")] = False,
) -> None:
    """Take an import back: what it brought no longer counts. The journal stays whole."""
    from modelwright.cli.journal import undo_import

    undo_import(which, list)


@journal.command("verify")
def journal_verify() -> None:
    """Prove that every event can be read and that none was changed or lost."""
    from modelwright.cli.journal import verify

    raise typer.Exit(verify())
