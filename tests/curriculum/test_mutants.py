"""Mutants of a solution: which changes are made and where they are said to be, what their grading comes to, and the author's list."""

import ast
import textwrap
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from modelwright.cli.course import app
from modelwright.curriculum import UnknownId, default_folder, load
from modelwright.curriculum.mutants import mutants
from modelwright.grading import CheckResult, Grader, Isolation, Verdict
from modelwright.studio.author import chosen_labs
from modelwright.studio.mutation import Fate, LabMutation, hurried, list_entry, mutate_lab
from modelwright.studio.skeleton import new_module

SOLUTIONS = sorted(default_folder().glob("*/*/labs/*/solution.py"))


def changes(source: str) -> list[str]:
    return [str(mutant) for mutant in mutants(textwrap.dedent(source))]


@pytest.mark.parametrize(
    ("source", "change"),
    [
        ("def f(a, b): return a + b", "arithmetic: a + b → a - b"),
        ("def f(a, b): return a @ b", "arithmetic: a @ b → b @ a"),
        ("def f(a): return -a", "arithmetic: -a → a"),
        ("def f(a, b):\n  a += b\n  return a", "arithmetic: a += b → a = b"),
        ("def f(a, b): return a < b", "comparison: a < b → a <= b"),
        ("def f(a): return 0 <= a < 1", "comparison: 0 <= a → 0 < a"),
        ("def f(a): return 0 <= a < 1", "constant: 0 → -1"),
        ("def f(a): return a.dtype.kind in 'iub'", "constant: 'iub' → 'iu'"),
        ("def f(a): return a * 0.5", "constant: 0.5 → 0.0"),
        ("def f(a): return a > 1e-15", "constant: 1e-15 → 1e-12"),
        ("def f(a, rate=1e-3): return a * rate", "default value: 1e-3 → 0.002"),
        ("def f(a): return a.max(axis=-1)", "axis: -1 → 0"),
        ("def f(a): return a.max(axis=-1)", "keyword dropped: axis=-1 → (dropped)"),
        ("def f(a):\n  a.sort()\n  return a", "statement dropped: a.sort() → (dropped)"),
        ("def f(a):\n  a = g(a)\n  return a", "statement dropped: a = g(a) → (dropped)"),
        ("class A:\n  __radd__ = __add__", "statement dropped: __radd__ = __add__ → (dropped)"),
        ("def f(a):\n  if a < 0:\n    raise ValueError\n  return a", "guard dropped: if a < 0 → if False"),
        ("def f(a):\n  if a:\n    a = g(a)\n  return a", "condition fixed: if a → if True"),
        ("def f(a): return 1 if a else 2", "condition fixed: 1 if a else 2 → (2)"),
        ("def f(n): return [0 for i in range(n)]", "off by one: n → n - 1"),
        ("def f(a, i, j): return a[i:j]", "off by one: i:j → i:"),
        ("def f(a, i): return a[:i]", "off by one: i → i + 1"),
        ("def f(a): return a[::2]", "off by one: ::2 → :"),
        ("def f(a): return a.astype(np.float32)", "dtype: float32 → float64"),
        ("def f(a): return a.astype('float64')", "dtype: 'float64' → 'float32'"),
        ("def f(a): return a.astype(np.float32)", "dtype: a.astype(np.float32) → a"),
        ("def f(a): return a.max()", "function swapped: a.max(…) → min(…)"),
        ("def f(a): return max(a, 0.0)", "function swapped: max(…) → min(…)"),
        ("def f(a): return a.sum()", "function swapped: a.sum(…) → mean(…)"),
        ("def f(n): return np.zeros(n)", "function swapped: np.zeros(…) → ones(…)"),
        ("def f(a): return a.copy()", "copy dropped: a.copy() → a"),
        ("def f(a): return np.array(a)", "copy dropped: np.array(…) → asarray(…)"),
        ("def f(a): return a[:]", "copy dropped: a[:] → a"),
        ("def f(a): return a.T", "call dropped: a.T → a"),
        ("def f(a): return abs(a)", "call dropped: abs(a) → a"),
        ("def f(a, b): return a and b", "and, or, not: a and b → a or b"),
        ("def f(a, b): return a or b > 2", "and, or, not: or b > 2 → (dropped)"),
        ("def f(a): return not a", "and, or, not: not a → a"),
    ],
)  # fmt: skip
def test_the_usual_slips_are_all_made(source, change):
    assert change in changes(source)


@pytest.mark.parametrize(
    "source",
    [
        'def f(a):\n  """Adds 1 to 2."""',
        "def f(a: Annotated[int, 3]) -> Literal[1]: ...",
        "import numpy as np",
        "def f(a):\n  print_later = f'{a + 1}'",
        "class A:\n  __slots__ = ('a', 'b')",
        "if __name__ == '__main__':\n  print(1 + 1)",
        "def f(a): return a.astype(float, copy=False)".replace(".astype(float, copy=False)", ".view(copy=False)"),
    ],
)  # fmt: skip
def test_what_no_clause_speaks_of_is_left_alone(source):
    """Docstrings, annotations, messages, imports, a scratch test, a speed hint."""
    assert changes(source) == []


def test_a_message_is_no_place_for_a_mutant():
    assert changes("def f(n):\n  if n:\n    raise ValueError(f'{n + 1} rows', n - 1)") == ["guard dropped: if n → if False"]


def test_a_change_keeps_the_meaning_of_what_stands_around_it():
    """`a * b * c` with a sum in its first product is `(a + b) * c`: a change must not regroup its neighbours."""
    [power] = [m for m in mutants("def f(a, b, c): return c - a ** b") if "a * b" in m.change]
    assert ast.unparse(ast.parse(power.source)).endswith("return c - a * b")
    either = next(m for m in mutants("def f(a, b, c): return a and b and not (b or c)") if m.change == "b or c → b and c")
    assert ast.unparse(ast.parse(either.source)).endswith("return a and b and (not (b and c))")


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.parent.name)
def test_every_mutant_is_one_change_at_the_line_it_names(path):
    """On every lab that ships: each parses, differs from the solution and from the others, and leaves the lines before its own alone."""
    source = path.read_text()
    every = mutants(source)
    assert len(every) > 10
    trees = {ast.dump(ast.parse(mutant.source)) for mutant in every}
    assert len(trees) == len(every)
    assert ast.dump(ast.parse(source)) not in trees
    lines = source.splitlines()
    for mutant in every:
        assert lines[mutant.line - 1].strip() == mutant.text
        assert mutant.source.splitlines()[: mutant.line - 1] == lines[: mutant.line - 1]


def test_text_that_is_not_ascii_moves_no_change():
    every = mutants('def f(a, b):\n    é = "naïve → çà"; c = a + b  # größer\n    return c * a\n')
    assert [m.change for m in every] == ["a + b → a - b", "c * a → c / a"]
    assert "c = (a - b)  # größer" in every[0].source


# Graded


@pytest.fixture(scope="module")
def grader():
    with Grader() as warm:
        yield warm


def holed(folder: Path) -> Path:
    """A course whose lab does not try narrow types, so that some mutants survive."""
    new_module(folder, "statistics", "Statistics")
    rewrite(folder, "checks.py", "def test_no_type_is_too_narrow", "def not_a_test")
    return folder


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return holed(tmp_path)


@pytest.fixture(scope="module")
def mean(tmp_path_factory, grader) -> tuple[LabMutation, Path]:
    """What the lab's mutants came to, and the file in which that is kept."""
    folder = holed(tmp_path_factory.mktemp("course"))
    store = folder / "store.json"
    return measured(folder, grader, store=store), store


def measured(course: Path, grader, **options) -> LabMutation:
    return mutate_lab(load(course).labs["statistics/mean"], grader, **options)


def rewrite(course: Path, name: str, old: str, new: str) -> None:
    path = course / "1-foundation/statistics/labs/mean" / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_a_hole_in_the_checks_is_told_with_its_line_and_change(course, grader, mean):
    """Without the check of an empty array, a solution that divides by no values goes unnoticed."""
    whole, _ = mean
    assert whole.findings == ()
    rewrite(course, "checks.py", "def test_an_empty", "def not_a_test_an_empty")
    wider = measured(course, grader)
    lost = {r.mutant.change: r.mutant for r in wider.survivors if r.mutant.change not in {w.mutant.change for w in whole.survivors}}
    guard = lost["if len(values) == 0 → if False"]
    assert (guard.line, guard.text) == (6, "if len(values) == 0:")
    assert wider.share < whole.share


def test_no_mutant_of_a_new_lab_survives(tmp_path, grader):
    new_module(tmp_path, "statistics", "Statistics")
    assert measured(tmp_path, grader).survivors == []


def test_a_mutant_that_loops_for_ever_is_killed(course, grader):
    folder = course / "1-foundation/statistics/labs/mean"
    (folder / "solution.py").write_text("def mean(n):\n    while n > 0:\n        n -= 1\n    return n\n")
    (folder / "checks.py").write_text("def test_nothing_is_left(learner):\n    assert learner.mean(3) == 0\n")
    looping = [r for r in measured(course, grader).results if r.mutant.change in ("n -= 1 → (dropped)", "n -= 1 → n += 1")]
    assert [r.fate for r in looping] == [Fate.KILLED] * 2


@pytest.mark.parametrize(("slowest", "seconds"), [(0.01, 1.0), (0.5, 1.5), (60.0, 10.0)])
def test_a_mutant_gets_three_times_what_the_solution_needs_and_never_more_than_the_lab_allows(course, slowest, seconds):
    lab = load(course).labs["statistics/mean"]
    checks = [CheckResult(name=name, claim=name, status="passed", seconds=took) for name, took in (("a", 0.001), ("b", slowest))]
    nowhere = Isolation(tier="bare", holds=[], lacks=[])
    verdict = Verdict(
        lab=lab.id, status="passed", message="", checks=checks, passed=2, total=2, seconds=1, isolation=nowhere, source_sha256=""
    )
    assert hurried(lab, verdict).limits.seconds == seconds


def test_an_entry_of_the_list_holds_wherever_its_line_moves(course, grader, mean):
    whole, _ = mean
    assert whole.survivors
    entries = "\n".join(f"{list_entry(whole, r.mutant)} nothing can tell them apart" for r in whole.survivors)
    rewrite(course, "solution.py", "import numpy as np", "import numpy as np\n\n# A line more.")
    (course / "1-foundation/statistics/labs/mean/mutants.yaml").write_text(entries)
    listed = measured(course, grader)
    assert (listed.findings, listed.survivors, listed.share) == ((), [], 1.0)
    assert listed.count(Fate.EQUIVALENT) == len(whole.survivors)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"change": "len(values) == 0 → len(values) != 0"}, "is listed as equivalent, but 'four numbers by hand' catches it"),
        ({"change": "len(values) == 0 → len(values) > 0"}, "There is no mutant 'len(values) == 0 → len(values) > 0'"),
        ({"line": "if len(values) < 1:", "change": "0 → 1"}, "solution.py has no such line"),
        ({"change": "0 → 1", "nth": 2}, "There is no mutant number 2 '0 → 1'"),
        ({"change": "0 → 1", "reason": "no"}, "reason"),
        ({"change": "0 → 1", "chance": "0 → 1"}, "Did you mean change?"),
    ],
)  # fmt: skip
def test_a_list_that_says_what_is_not_so_is_refused(course, grader, mean, entry, says):
    """A listed mutant that a check catches, or that is not there, with the entry's line in mutants.yaml."""
    first = mean[0].survivors[0].mutant
    listed = [{"line": first.text, "change": first.change, "reason": "nothing can tell them apart"}]
    listed.append({"line": "if len(values) == 0:", "reason": "it was thought to be"} | entry)
    path = course / "1-foundation/statistics/labs/mean/mutants.yaml"
    path.write_text(yaml.safe_dump(listed, allow_unicode=True, sort_keys=False, width=1000))
    found = [str(f) for f in measured(course, grader, store=mean[1]).findings]
    assert len(found) == 1
    assert says in found[0]
    second = next(n for n, line in enumerate(path.read_text().splitlines(), 1) if line.startswith("- ") and n > 1)
    assert int(found[0].split("mutants.yaml:")[1].split(":")[0]) >= second


def test_what_was_graded_once_is_graded_again_only_when_something_that_judges_it_changed(course, grader, mean, tmp_path):
    first, store = mean
    again = measured(course, grader, store=store)
    assert (first.graded, again.graded) == (len(first.results), 0)
    assert [(r.fate, r.why) for r in again.results] == [(r.fate, r.why) for r in first.results]
    rewrite(course, "checks.py", "== 5.0", "== 5")
    copy = tmp_path / "copy.json"
    copy.write_bytes(store.read_bytes())
    assert measured(course, grader, store=copy).graded == len(first.results)
    assert measured(course, grader, store=copy).graded == 0
    assert measured(course, grader, store=copy, cold=True).graded == len(first.results)


def test_a_solution_that_does_not_pass_has_no_mutants(course, grader):
    rewrite(course, "solution.py", "/ len(values)", "/ (len(values) + 1)")
    result = measured(course, grader)
    assert result.results == ()
    assert "The solution does not pass" in str(result.findings[0])


def test_a_lab_is_named_by_its_id_or_by_its_last_word(course):
    curriculum = load(course)
    mean = curriculum.labs["statistics/mean"]
    assert chosen_labs(curriculum, ["mean"]) == chosen_labs(curriculum, ["statistics/mean"]) == chosen_labs(curriculum, None) == [mean]
    assert chosen_labs(curriculum, None, ["statistics"]) == [mean]
    with pytest.raises(UnknownId, match="Did you mean statistics/mean"):
        chosen_labs(curriculum, ["meen"])


def test_the_command_prints_each_survivor_with_file_line_and_change(course):
    rewrite(course, "checks.py", "def test_an_empty", "def not_a_test_an_empty")
    ran = CliRunner().invoke(app, ["mutate", "mean", "--curriculum", str(course)])
    assert ran.exit_code == 1
    assert "labs/mean/solution.py:6: guard dropped: if len(values) == 0 → if False" in ran.output
    assert "at least 97% is asked for" in ran.output
