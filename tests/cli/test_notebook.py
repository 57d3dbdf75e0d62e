"""Grading from a notebook: what stands in a cell is graded as a file, and what cannot become one is said."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tiny_curriculum as tiny

CELL = """
import numpy as np
import modelwright as mw

SHIFT = True

def largest(x):
    return x.max(-1, keepdims=True)

def softmax(x):
    e = np.exp(x - largest(x) if SHIFT else x)
    return e / e.sum(-1, keepdims=True)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("notebook") / "home"


@pytest.fixture(scope="module")
def shell(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    """A notebook's kernel, without the notebook, on a home where Ada is enrolled."""
    pytest.importorskip("IPython")
    from IPython.core.interactiveshell import InteractiveShell

    folder = tiny.build(tmp_path_factory.mktemp("curriculum"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELWRIGHT_HOME", str(home))
        patch.setenv("MODELWRIGHT_CURRICULUM", str(folder))
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        patch.setenv("GIT_CONFIG_GLOBAL", str(home.parent / "no-gitconfig"))
        patch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # the shell puts its own there; later tests start processes by it
        from modelwright import notebook
        from modelwright.studio import Studio

        with Studio.open(home, folder) as studio:
            studio.enrol("Ada", 6)
        shell = InteractiveShell()
        yield shell
        notebook.open().close()
        notebook._opened.cache_clear()


@pytest.fixture
def cell(shell):
    def run(code: str):
        shell.reset(new_session=False)
        result = shell.run_cell(code, store_history=True)
        result.raise_error()
        return result.result

    return run


def test_a_function_in_a_cell_is_graded_with_what_it_uses(cell, home: Path) -> None:
    """A helper, an import and a constant go along; the untouched starter in the workshop becomes the cell's code."""
    result = cell(CELL + "mw.check('tiny-maths/softmax', softmax)")
    assert result.passed, repr(result)
    written = (home / "workshop" / "labs" / "tiny_maths" / "softmax.py").read_text()
    assert "import numpy as np" in written
    assert "def largest" in written
    assert written.index("def largest") < written.index("def softmax")
    assert "passed, all 3 checks" in repr(result)
    assert "passed, all 3 checks" in result._repr_html_()


def test_a_failing_cell_shows_the_first_failure_plainly_and_as_html_and_leaves_the_file_alone(cell, home: Path) -> None:
    file = home / "workshop" / "labs" / "tiny_maths" / "softmax.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("# mine\n")
    result = cell(CELL.replace("SHIFT = True", "SHIFT = False") + "mw.check('softmax', softmax)")
    assert not result
    assert "2 of 3 checks pass" in repr(result)
    assert "Large logits stay finite" in repr(result)
    page = result._repr_html_()
    assert "Large logits stay finite" in page
    assert "<script" not in page
    assert file.read_text() == "# mine\n"


def test_what_the_learners_code_says_cannot_break_out_of_the_page(cell) -> None:
    result = cell(
        "import modelwright as mw\ndef softmax(x):\n    raise ValueError('<script>alert(1)</script>')\nmw.check('softmax', softmax)"
    )
    assert "<script>" not in result._repr_html_()
    assert "&lt;script&gt;" in result._repr_html_()


def test_a_class_and_another_name_are_graded_too(cell) -> None:
    code = CELL.replace("def softmax", "def mine") + "\nmw.check('softmax', softmax=mine)"
    assert cell(code).passed
    code = """
import numpy as np, modelwright as mw
class Softmax:
    def __call__(self, x):
        e = np.exp(x - x.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)
def softmax(x):
    return Softmax()(x)
mw.check('softmax', softmax)
"""
    assert cell(code).passed


def test_a_text_is_taken_as_the_whole_file(cell) -> None:
    assert cell(f"import modelwright as mw\nmw.check('softmax', {tiny.SOLUTION!r})").passed


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("softmax = lambda x: x\nmw.check('softmax', softmax)", "lambda"),
        ("space = {}\nexec('def softmax(x): return x', space)\nmw.check('softmax', space['softmax'])", "source of softmax cannot be had"),
        ("import numpy as np\nW = np.eye(3)\ndef softmax(x):\n    return W @ x\nmw.check('softmax', softmax)", "uses 'W', a ndarray"),
        (
            "def make():\n    k = 2\n    def softmax(x):\n        return k * x\n    return softmax\nmw.check('softmax', make())",
            "inside another function",
        ),
        ("mw.check('softmax', 3)", "not a function or a class"),
        ("mw.check('sofmax', print)", "Did you mean tiny-maths/softmax"),
    ],
)
def test_what_cannot_become_a_file_is_said(cell, code: str, sentence: str) -> None:
    from modelwright.errors import ModelwrightError

    with pytest.raises(ModelwrightError, match=sentence):
        cell("import modelwright as mw\n" + code)


@pytest.mark.parametrize("value", ["float('inf')", "-float('inf')", "float('nan')", "complex(0, float('inf'))", "[(1.5, {'a': -float('inf')})]", "(2,)", "set()", "frozenset({3})"])  # fmt: skip
def test_a_plain_value_that_python_has_no_literal_for_is_written_down(value: str) -> None:
    from modelwright.notebook import _written

    given = eval(value)  # a value of this list
    assert repr(eval(_written(given), {"float": float, "complex": complex, "frozenset": frozenset, "set": set})) == repr(given)


def test_a_function_that_uses_infinity_is_graded(cell) -> None:
    assert cell(CELL.replace("SHIFT = True", "SHIFT = True\nNEG = -np.inf").replace("    e = ", "    floor = NEG\n    e = ") + "\nmw.check('softmax', softmax)").passed  # fmt: skip


@pytest.mark.parametrize("magic", ["%%time", "%%capture"])
def test_a_function_of_a_cell_under_a_magic_is_graded(cell, shell, magic: str) -> None:
    shell.run_cell("import modelwright as mw\nimport numpy as np", store_history=True)
    body = "def softmax(x):\n    e = np.exp(x - x.max(-1, keepdims=True))\n    return e / e.sum(-1, keepdims=True)\n"
    shell.run_cell(f"{magic}\n{body}", store_history=True)
    assert shell.run_cell("mw.check('softmax', softmax)", store_history=True).result.passed


def test_a_function_whose_text_a_magic_did_not_keep_is_refused_by_the_magics_name(cell, shell) -> None:
    shell.run_cell("import modelwright as mw")
    shell.run_cell("%%time\ndef softmax(x):\n    return x")  # not in the history, as another front end may do
    result = shell.run_cell("mw.check('softmax', softmax)")
    assert "%%time" in str(result.error_in_exec)


def test_today_and_a_hint_in_a_cell(cell) -> None:
    assert "What doubling does" in repr(cell("import modelwright as mw\nmw.today()"))
    assert "Hint 1 of 3" in repr(cell("import modelwright as mw\nmw.hint('softmax')"))


def test_the_cases_of_a_check_are_one_line_that_opens_and_backticks_are_rendered() -> None:
    from types import SimpleNamespace

    from modelwright.grading import CheckResult, Isolation, Verdict
    from modelwright.notebook import Result

    checks = [
        CheckResult(name="any axis", claim="Any.", status="passed", case="axis is 0", cases=2),
        CheckResult(name="any axis", claim="Any.", status="failed", case="axis is <1>", cases=2, message="`softmax` raised `ValueError`."),
    ]
    held = Isolation(tier="sealed", holds=[], lacks=[])
    verdict = Verdict(lab="a/b", status="failed", message="", checks=checks, passed=1, total=2, seconds=1, isolation=held, source_sha256="")
    result = Result(SimpleNamespace(verdict=verdict, remark=""))  # type: ignore[arg-type]
    assert "✗ Any axis, 1 of 2 cases\n      ✗ axis is <1>\n" in repr(result)
    assert "softmax raised ValueError." in repr(result)
    assert "<details><summary>✗ Any axis, 1 of 2 cases</summary>" in result._repr_html_()
    assert "<code>softmax</code> raised <code>ValueError</code>." in result._repr_html_()
    assert "<1>" not in result._repr_html_()


def test_the_tab_key_offers_what_there_is_and_nothing_else() -> None:
    import modelwright as mw

    assert set(dir(mw)) == set(mw.__all__)
    assert {"check", "hint", "today", "open"} <= set(dir(mw))


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import modelwright as mw\nmw.chek('softmax')", "modelwright has no 'chek': did you mean check?"),
        ("import modelwright as mw\nmw.zzz", "modelwright has no 'zzz': there is check, hint, open, today."),
        ("import modelwright as mw\nmw.hint('sofmax')", "softmax"),
    ],
)
def test_a_wrong_name_in_a_notebook_is_one_sentence(shell, capsys: pytest.CaptureFixture[str], code: str, says: str) -> None:
    result = shell.run_cell(code)
    shown = capsys.readouterr().out
    assert says in str(result.error_in_exec)
    assert shown.strip() == str(result.error_in_exec), "the sentence, and no way through this program"
