"""The terminal's face. No decision lives here: each command asks the studio one thing and prints the answer.

Nothing heavy is imported at the top of any module of this room but `typer`: `modelwright --help` must be there at once.
"""

from __future__ import annotations

import sys

_ANYWHERE = ("--curriculum", "--home")
_SIGNS = {
    "✓": "+", "✗": "x", "·": "-", "›": ">", "–": "-", "—": "-", "…": "...", "█": "#", "░": ".", "●": "*", "○": "o", "◐": "o", "◌": "o",
    "’": "'", "‘": "'", "“": '"', "”": '"', "→": "->", "−": "-", "≤": "<=", "≥": ">=", "×": "x",
}  # fmt: skip
_OWN_OPTIONS = ("course", "forge")  # these commands know --curriculum themselves, or have another use for it


def main(words: list[str] | None = None) -> None:
    """The command line. Leaves with 1 after one sentence where something is wrong, with 130 after Ctrl-C."""
    from modelwright.errors import ModelwrightError

    _write_what_the_terminal_can()
    try:
        from modelwright.cli.app import app

        app(args=_hoist(sys.argv[1:] if words is None else words), prog_name="modelwright")
    except ModelwrightError as error:
        from modelwright.cli.screen import complain

        complain(str(error))
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except BrokenPipeError:  # `modelwright plan | head`: the reader has seen enough
        import os

        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None


def _write_what_the_terminal_can() -> None:
    """A terminal that is not UTF-8 shows plainer signs; nothing that a command says may end it for want of a letter."""
    import codecs

    def plainer(error: UnicodeError) -> tuple[str | bytes, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        return "".join(_SIGNS.get(letter, "?") for letter in error.object[error.start : error.end]), error.end

    codecs.register_error("modelwright-plainer", plainer)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="modelwright-plainer")
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(errors="replace")


def _hoist(words: list[str]) -> list[str]:
    """The two options that every command knows may stand anywhere: they are moved to the front, where the parser wants them."""
    command = next((word for word in words if not word.startswith("-")), "")
    if command in _OWN_OPTIONS or "--" in words:
        return words
    front: list[str] = []
    rest: list[str] = []
    i = 0
    while i < len(words):
        name, equals, _ = words[i].partition("=")
        if name in _ANYWHERE:
            taken = words[i : i + 1] if equals else words[i : i + 2]
            front += taken
            i += len(taken)
        else:
            rest.append(words[i])
            i += 1
    return front + rest


__all__ = ["main"]
