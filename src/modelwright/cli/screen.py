"""How things look in a terminal: one console, a few marks, and the two or three shapes that several commands share.

Colour never stands alone: each coloured mark is also a sign or a word. Piped, the output is plain text that wraps nowhere by itself.
What is shown often comes from a file that was run or read. So no control character in it reaches the terminal, which would obey it.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from modelwright.grading import CheckResult, Verdict
    from modelwright.studio import views as v

MARKS = {"passed": ("✓", "green"), "failed": ("✗", "red"), "error": ("✗", "red"), "skipped": ("–", "dim"), "not-run": ("·", "dim")}


# What a terminal obeys: sequences that end (CSI), texts for it up to their end or the line's (OSC, DCS and their like), short
# escapes, and any other control character but tab and newline.
_COMMANDS = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
)


def harmless(text: str) -> str:
    """`text` without what a terminal would obey."""
    return text if text.isprintable() else _COMMANDS.sub("", text)


@functools.cache
def _screen() -> type[Console]:
    """Rich's console, but for what the texts themselves would have the terminal do: only Rich's own colours get there."""
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

    class Screen(Console):
        def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
            for segment in super().render(harmless(renderable) if isinstance(renderable, str) else renderable, options):
                yield segment if segment.control else Segment(harmless(segment.text), segment.style)

    return Screen


def console(stderr: bool = False, soft_wrap: bool | None = None) -> Console:
    """Plain when piped; NO_COLOR is honoured by Rich itself."""
    stream = sys.stderr if stderr else sys.stdout
    return _screen()(stderr=stderr, highlight=False, soft_wrap=not stream.isatty() if soft_wrap is None else soft_wrap, emoji=False)


def complain(sentence: str) -> None:
    """An error, on stderr. Plain, so that it can be read by eye and by a script."""
    out = console(stderr=True)
    out.print(sentence, markup=False, style="red" if out.is_terminal else None)


def remark(sentence: str) -> None:
    """What a person should know although all went well, on stderr."""
    out = console(stderr=True)
    out.print(sentence, markup=False, style="yellow" if out.is_terminal else None)


def as_json(view: Any) -> str:
    """A view, a verdict or a list of them as JSON, for a script."""
    import msgspec

    text = msgspec.json.format(msgspec.json.encode(view), indent=2).decode()
    return re.sub(r"[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", text)  # the control characters that JSON need not escape


def print_json(view: Any) -> None:
    """Whole in every encoding: where a letter cannot be written, JSON's own escapes stand for it."""
    text = as_json(view)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        import json

        text = json.dumps(json.loads(text), indent=2)
    sys.stdout.write(text + "\n")


def minutes(value: float) -> str:
    """A length of time: '9 min', '1 h 20'."""
    whole = round(value)
    if whole < 60:
        return f"{max(whole, 1) if value > 0 else 0} min"
    return f"{whole // 60} h" + (f" {whole % 60:02d}" if whole % 60 else "")


def hours(value: float) -> str:
    return f"{value:.0f}" if value >= 10 or abs(value - round(value)) < 0.05 else f"{value:.1f}"


def day(at: int) -> str:
    """A date: 'Monday 23 November', with the year where it is another one."""
    when = datetime.fromtimestamp(at / 1000)
    return f"{when:%A} {when.day} {when:%B}" + ("" if when.year == datetime.now().year else f" {when.year}")


def month(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000):%B %Y}"


def moment(at: int) -> str:
    """How long ago or how far ahead, roughly."""
    gap = at / 1000 - datetime.now().timestamp()
    size = abs(gap)
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if size >= length:
            n = round(size / length)
            words = f"{n} {unit}{'' if n == 1 else 's'}"
            return f"in {words}" if gap > 0 else f"{words} ago"
    return "now" if gap <= 0 else "in a minute"


def bar(share: float, width: int = 12) -> str:
    """A share of 1 as blocks."""
    full = round(min(max(share, 0.0), 1.0) * width)
    return "█" * full + "░" * (width - full)


def wrapped(out: Console, text: str, indent: int = 0, style: str | None = None, first: str = "") -> None:
    """A paragraph with a hanging indent; as one line where the output is piped."""
    from rich.padding import Padding
    from rich.text import Text

    body = Text.from_markup(marked(first + text), style=style or "")
    if out.is_terminal:
        out.print(Padding(body, (0, 0, 0, indent)), width=min(out.width, 88))
    else:
        out.print(" " * indent + body.plain, markup=False)


def markdown(out: Console, text: str, indent: int = 0) -> None:
    """Markdown with its formulas as plain text."""
    from modelwright.cli.text import plain

    if not out.is_terminal:
        out.print("\n".join(" " * indent + line for line in plain(text).splitlines()), markup=False)
        return
    from rich.markdown import Markdown
    from rich.padding import Padding

    out.print(Padding(Markdown(plain(text), code_theme="ansi_light"), (0, 0, 0, indent)), width=min(out.width, 88))


def code(out: Console, source: str, first_line: int = 1, numbers: bool = False) -> None:
    if not out.is_terminal:
        out.print(source.rstrip("\n"), markup=False)
        return
    from rich.syntax import Syntax

    out.print(
        Syntax(source.rstrip("\n"), "python", theme="ansi_light", line_numbers=numbers, start_line=first_line, background_color="default")
    )


# Shapes


def step(out: Console, step: v.Step, number: int | None = None) -> None:
    """A step of the evening: mark, title, minutes, reason, and the command that begins it."""
    mark = "[green]✓[/]" if step.done else f"[bold]{number}[/]" if number else "›"
    title = step.title if step.done else f"[bold]{safe(step.title)}[/]"
    out.print(f"  {mark} {title if not step.done else safe(title)}  [dim]{minutes(step.minutes)}[/]")
    if step.done:
        return
    if step.reason:
        wrapped(out, step.reason, indent=4)
    if command := command_for(step):
        out.print(f"    [cyan]{safe(command)}[/]")


def command_for(step: v.Step) -> str:
    """What to type to begin a step."""
    if step.kind == "chapter":
        book, _, number = step.target.partition("#")
        again, part = " --again" if step.again else "", "; --to 40% where you stop" if step.partial else ""
        return f"modelwright read {book} {number}{again}   (when it is read{part})"
    if step.kind == "check":
        book, _, number = step.target.partition("#")
        return f"modelwright read {book} {number} --check"
    return {
        "review": "modelwright review",
        "lesson": f"modelwright lesson {step.target}",
        "problem": f"modelwright problem {'' if step.problems else step.target}".strip(),  # the kinds of a block are not named
        "lab": f"modelwright lab {step.target}",
        "project": f"modelwright project {step.target}",
        "exam": f"modelwright exam {step.target}",
    }.get(step.kind, "")


def safe(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def marked(text: str) -> str:
    """Markup of a sentence that names code between backticks: coloured where there are colours, and bare where there are none."""
    return re.sub(r"`([^`\n]+)`", r"[cyan]\1[/]", safe(text))


def sentence(name: str) -> str:
    """A check's name as the sentence that it is."""
    return marked(name[:1].upper() + name[1:])


class CheckList:
    """The list of checks as they end, a line each: the cases of one check share a line, and those that fail stand below it."""

    def __init__(self, out: Console) -> None:
        self.out = out
        self.waiting: list[CheckResult] = []

    def ended(self, check: CheckResult) -> None:
        """One result has come. The line is printed with the last case of its check."""
        self.waiting.append(check)
        if len(self.waiting) >= check.cases:
            waiting, self.waiting = self.waiting, []
            check_line(self.out, waiting)


def check_line(out: Console, results: Sequence[CheckResult]) -> None:
    """The line of one check, from the results of its cases."""
    from modelwright.grading import rows

    for row in rows(results):
        mark, style = MARKS.get(row.status, ("?", ""))
        count = f"  [dim]{row.passed} of {len(row.results)} cases[/]" if len(row.results) > 1 and row.failed else ""
        count = f"  [dim]{len(row.results)} cases[/]" if len(row.results) > 1 and row.status == "passed" else count
        seconds = f"  [dim]{row.seconds * 1000:.0f} ms[/]" if row.status == "passed" and out.is_terminal else ""
        out.print(f"  [{style}]{mark}[/] {sentence(row.name)}{count}{seconds}")
        for result in row.results if row.failed and len(row.results) > 1 else ():
            mark, style = MARKS.get(result.status, ("?", ""))
            if result.status != "passed":
                out.print(f"      [{style}]{mark}[/] {marked(result.case)}", highlight=False)


def failure(out: Console, check: CheckResult) -> None:
    """One failing check in full: the claim, what was said, given, expected, got, where."""
    out.print()
    case = f": {marked(check.case)}" if check.case else ""
    out.print(f"[red]✗[/] [bold]{sentence(check.name)}[/]{case}", highlight=False)
    if check.claim and check.claim.rstrip(".").lower() != check.name.lower():
        wrapped(out, check.claim, indent=2, style="italic")
    out.print()
    if check.message:
        wrapped(out, check.message, indent=2)
    for label in ("given", "expected", "got", "where"):
        value = getattr(check, label)
        if value:
            lines = str(value).splitlines() or [""]
            out.print(f"  [dim]{label:<9}[/] {safe(lines[0])}")
            for line in lines[1:]:
                out.print(f"  {'':<9} {safe(line)}")
    if check.traceback:
        out.print()
        out.print(
            "\n".join("  " + line for line in check.traceback.rstrip().splitlines()), markup=False, style="dim" if out.is_terminal else None
        )
    if check.output:
        out.print()
        out.print("  [dim]your code printed[/]")
        out.print("\n".join("    " + line for line in check.output.rstrip().splitlines()), markup=False)


def verdict_summary(out: Console, verdict: Verdict) -> None:
    """After the list: the first failure in full, or that all is well."""
    from modelwright.grading import first_failure

    first = first_failure(verdict)
    if verdict.status == "passed":
        out.print()
        out.print(f"[green]✓[/] [bold]Passed.[/] All {verdict.total} checks, in {verdict.seconds:.1f} s.")
    elif first is not None:
        failure(out, first)
        out.print()
        out.print(f"{verdict.passed} of {verdict.total} checks pass.")
    else:
        out.print()
        out.print(f"[red]✗[/] {marked(verdict.message)}")
    if verdict.isolation.tier == "bare":
        out.print("[yellow]![/] This ran without isolation; `modelwright doctor` says why.")


def changes(out: Console, changed: tuple[v.SkillChange, ...]) -> None:
    for change in changed:
        out.print(f"  {safe(change.title)}: {change.before:.0%} → {change.after:.0%}", highlight=False)
