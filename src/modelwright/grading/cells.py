"""A block of code on the runner's side: executed in the namespace that the blocks before it left, with what a page shows of it.

What is shown: what it prints (standard output and error in the order in which they came, by the runner's pipe), the value of its last
expression as text, and the matplotlib figures that it leaves open, as SVG. Everything is bounded here so that a page stays light, and
bounded and checked again by the host, which believes none of it. The rule for the last expression is that of the Python prompt.
"""

from __future__ import annotations

import ast
import contextlib
import io
import linecache
import os
import reprlib
import sys
import types
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .runner import Runner

LONGEST_VALUE = 10_000  # characters
MOST_ITEMS = 1000  # of a container, before its text is shortened in the middle of things
MOST_FIGURES = 6
LARGEST_DRAWING = 300_000  # characters of SVG, beyond which lines and points become a picture inside the drawing
PICTURE_DPI = 144
WARM = "import matplotlib.pyplot as plt\nplt.plot([0, 1], [0, 1], 'o-', label='a')\nplt.legend()\nplt.title('$x$')"


def run(runner: Runner, name: str, code: str, style: dict[str, Any]) -> dict[str, Any]:
    """Executes `code`, known to tracebacks as `name`; `style` is for matplotlib's rcParams. Errors are the caller's."""
    space = _namespace()
    place = os.path.join(runner.scratch, name)
    runner.ours.add(place)
    linecache.cache[place] = (len(code), None, code.splitlines(keepends=True), place)
    tree = ast.parse(code, place)
    if runner.scratch not in sys.path:
        sys.path.insert(0, runner.scratch)
    _prepare_figures(code, style)
    ends = tree.body[-1] if tree.body else None
    last = ends.value if isinstance(ends, ast.Expr) else None
    if last is not None:
        tree.body.pop()
    exec(compile(tree, place, "exec", dont_inherit=True), space)
    value = None if last is None else eval(compile(ast.Expression(last), place, "eval", dont_inherit=True), space)
    drawings = _drawings()
    return {"value": None if value is None or (drawings and _is_of_a_figure(value)) else text_of(value), "figures": drawings}


def values(expressions: list[str]) -> list[Any]:
    """What each expression is worth in the namespace now."""
    space = _namespace()
    return [eval(compile(expression, "compare", "eval", dont_inherit=True), space) for expression in expressions]


def _namespace() -> dict[str, Any]:
    """The namespace of the session: that of `__main__`, so that classes and scripts find themselves where they expect to be."""
    main = sys.modules.get("__main__")
    if main is None or not getattr(main, "_is_a_session", False):
        main = types.ModuleType("__main__")
        main._is_a_session = True  # type: ignore[attr-defined]
        sys.modules["__main__"] = main
        # One stream keeps the order between the two, and a line that was printed stays when the process is stopped.
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        sys.stderr = sys.stdout
    return main.__dict__


def text_of(value: Any) -> str:
    """The text of a value as the prompt shows it, of bounded length."""
    kind = type(value)
    if kind in (list, tuple, dict, set, frozenset, str, bytes) and len(value) > MOST_ITEMS:
        short = reprlib.Repr()
        short.maxlist = short.maxtuple = short.maxdict = short.maxset = short.maxfrozenset = 100
        short.maxstring = short.maxother = 2000
        text = short.repr(value)
    else:
        text = repr(value)
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"


# -- figures ----------------------------------------------------------------------------------------------------------------
def warm_up() -> None:
    """Draws a figure of no meaning, so that matplotlib has its fonts and modules before the first fork."""
    os.environ["MPLBACKEND"] = "svg"
    exec(WARM, {})
    _drawings()


def _prepare_figures(code: str, style: dict[str, Any]) -> None:
    """Matplotlib set for the page, before code that draws; nothing where the code does not."""
    os.environ["MPLBACKEND"] = "svg"
    if "matplotlib" not in sys.modules and "matplotlib" not in code:
        return
    with contextlib.suppress(ImportError):
        import matplotlib.pyplot as plt
        from cycler import cycler

        plt.close("all")
        plt.show = lambda *_, **__: None  # the page shows what is left open at the end
        settings: Any = {**style, "axes.prop_cycle": cycler(color=style["axes.prop_cycle"])} if style else {}
        plt.rcParams.update(settings)


def _drawings() -> list[str]:
    plt: Any = sys.modules.get("matplotlib.pyplot")
    if plt is None:
        return []
    numbers = plt.get_fignums()
    drawings = [drawing for number in numbers[:MOST_FIGURES] if (drawing := _drawing(plt.figure(number)))]
    plt.close("all")
    if len(numbers) > MOST_FIGURES:
        print(f"({len(numbers)} figures were drawn; the first {MOST_FIGURES} are shown)")
    return drawings


def _drawing(figure: Any) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not figure.get_layout_engine():
            figure.tight_layout()
        text = _svg(figure)
        if len(text) > LARGEST_DRAWING:
            from matplotlib.collections import Collection
            from matplotlib.lines import Line2D
            from matplotlib.patches import Patch

            for kind in (Line2D, Collection, Patch):
                for artist in figure.findobj(kind):
                    artist.set_rasterized(True)
            text = _svg(figure)
    return text


def _svg(figure: Any) -> str:
    file = io.StringIO()
    figure.savefig(file, format="svg", dpi=PICTURE_DPI, metadata={"Date": None})
    text = file.getvalue()
    return text[text.index("<svg") :]


def _is_of_a_figure(value: Any) -> bool:
    """Whether a value is only matplotlib's answer to a call that drew (`plt.plot` gives a list of lines)."""
    if isinstance(value, (list, tuple)) and value:
        value = value[0]
    return (type(value).__module__ or "").startswith("matplotlib")
