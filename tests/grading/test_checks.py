"""What a check can do with the learner's module, and how its failure is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from modelwright.curriculum.models import Lab
from modelwright.grading import CheckResult, Grader, GradingError, Verdict, debug, first_failure, rows, told_in_order

Grade = Callable[..., Verdict]
CLASSES = '''
import dataclasses
class Value:
    """A number that remembers."""
    count = 0
    def __init__(self, data): self.data = data; Value.count += 1
    def __add__(self, other): return Value(self.data + (other.data if isinstance(other, Value) else other))
    __radd__ = __add__
    def __mul__(self, other): return Value(self.data * (other.data if isinstance(other, Value) else other))
    def __neg__(self): return Value(-self.data)
    def __matmul__(self, other): return self * other
    def __pow__(self, n): return Value(self.data ** n)
    def __eq__(self, other): return isinstance(other, Value) and self.data == other.data
    def __lt__(self, other): return self.data < other.data
    def __hash__(self): return hash(self.data)
    def __repr__(self): return f"Value({self.data})"
    def __bool__(self): return bool(self.data)
    def __float__(self): return float(self.data)
    def __call__(self, x): return self.data + x
    @property
    def twice(self): return 2 * self.data
class Bag:
    def __init__(self, items): self.items = list(items)
    def __len__(self): return len(self.items)
    def __getitem__(self, i): return self.items[i]
    def __setitem__(self, i, x): self.items[i] = x
    def __delitem__(self, i): del self.items[i]
    def __iter__(self): return iter(self.items)
    def __contains__(self, x): return x in self.items
    def __enter__(self): return self
    def __exit__(self, *_): self.items.append("left")
class Empty(ValueError): pass
class Odd(Exception): pass
@dataclasses.dataclass
class Node:
    value: int
    next: object = None
def count():
    yield from range(5)
def apply(f, xs): return [f(x) for x in xs]
def compose(f, g): return lambda x: f(g(x))
def fail(kind): raise {"empty": Empty("nothing here"), "odd": Odd("odd"), "key": KeyError("k"), "stop": StopIteration()}[kind]
def reverse(xs): xs.reverse()
def zero(x): x[...] = 0
def zero_all(held):
    for x in held: x[...] = 0
def draw(rng, n): return rng.normal(size=n)
def total(node): return 0 if node is None else node.value + total(node.next)
'''


def passes(verdict: Verdict) -> None:
    assert verdict.status == "passed", [check for check in verdict.checks if check.status != "passed"]


def test_objects_of_the_learners_classes_can_be_used_as_if_they_were_here(grade: Grade) -> None:
    checks = """
    import pytest
    def test_operators(learner):
        a, b = learner.Value(2.0), learner.Value(3.0)
        assert (a + b).data == 5.0 and (1 + a).data == 3.0 and (a * b).data == 6 and (-a).data == -2 and (a @ b).data == 6 and (a ** 2).data == 4
        assert a == learner.Value(2.0) and a != b and a < b and not learner.Value(0)
        assert hash(a) == hash(learner.Value(2.0)) and repr(a) == "Value(2.0)" and float(a) == 2.0 and a(1) == 3.0 and a.twice == 4.0
        assert learner.compare(a, "==", learner.Value(2.0)) and not learner.compare(a, "==", 2.0)
        a.data = 7
        assert a.twice == 14 and learner.Value.count > 3 and isinstance(a, learner.Value) and not isinstance(a, learner.Bag)
    def test_containers(learner):
        bag = learner.Bag([1, "x", 3])
        assert len(bag) == 3 and bag[1] == "x" and list(bag) == [1, "x", 3] and 3 in bag and 4 not in bag and bag[-2:] == ["x", 3]
        bag[0] = 9
        del bag[1]
        assert bag.items == [9, 3]
        with bag as same:
            assert same[0] == 9
        assert bag[2] == "left"
    def test_objects_go_back_as_arguments(learner):
        assert learner.total(learner.Node(1, learner.Node(2, learner.Node(3)))) == 6
    def test_generators_and_functions(learner):
        assert list(learner.count()) == [0, 1, 2, 3, 4]
        numbers = learner.count()
        assert next(numbers) == 0 and next(numbers) == 1
        seen = []
        assert learner.apply(lambda x: seen.append(x) or x * 2, [1, 2]) == [2, 4] and seen == [1, 2]
        assert learner.compose(lambda x: x + 1, lambda x: x * 10)(4) == 41
        with pytest.raises(ZeroDivisionError):
            learner.apply(lambda x: 1 / x, [0])
    def test_errors(learner):
        with pytest.raises(ValueError, match="nothing"):
            learner.fail("empty")
        with pytest.raises(learner.Empty):
            learner.fail("empty")
        with pytest.raises(learner.Odd):
            learner.fail("odd")
        with pytest.raises(KeyError):
            learner.fail("key")
    def test_names(learner):
        assert learner.has("Bag") and not learner.has("bag") and learner.Value.__doc__ == "A number that remembers."
        assert learner.calls("isinstance") and not learner.calls("sorted") and "class Bag" in learner.source
    """
    passes(grade(checks, CLASSES))


def test_arguments_change_here_as_they_did_there(grade: Grade) -> None:
    checks = """
    import numpy as np
    def test_in_place(learner, rng):
        xs, x = [3, 1, 2], np.ones((2, 3))
        learner.reverse(xs)
        learner.zero(x)
        assert xs == [2, 1, 3] and (x == 0).all()
        assert not learner.unchanged_by("zero", (np.ones(3),)) and learner.unchanged_by("total", (None,))
    def test_in_place_inside_what_holds_them(learner, rng):
        for kind in (tuple, list):
            held = kind([np.ones(3), np.ones(2)])
            learner.zero_all(held)
            assert not any(x.any() for x in held)
    def test_random_numbers_go_on(learner, rng):
        import copy
        twin = copy.deepcopy(rng)
        a, b, c = learner.draw(rng, 3), learner.draw(rng, 3), rng.normal(size=3)
        np.testing.assert_array_equal(np.concatenate([a, b, c]), twin.normal(size=9))
    """
    passes(grade(checks, CLASSES))


def test_types_are_as_they_would_be_in_one_process(grade: Grade) -> None:
    checks = """
    import collections, numpy as np
    def test_types(learner):
        assert type(learner.a()) is tuple and type(learner.b()) is collections.Counter and learner.b()["z"] == 0
        assert type(learner.c()) is np.float64 and learner.d().dtype == np.float32 and learner.e().x == 1 and learner.f == 2**100
    """
    source = """
    import collections, numpy as np
    P = collections.namedtuple("P", "x y")
    a = lambda: (1, 2)
    b = lambda: collections.Counter("aab")
    c = lambda: np.float64(1)
    d = lambda: np.ones(2, np.float32)
    e = lambda: P(1, 2)
    f = 2**100
    """
    passes(grade(checks, source))


def one(verdict: Verdict) -> CheckResult:
    assert verdict.status == "failed", verdict
    (check,) = verdict.checks
    return check


def test_a_wrong_number_is_told_with_what_was_given_expected_and_came(grade: Grade) -> None:
    check = one(
        grade('def test_it(learner):\n    """One and two make three."""\n    assert learner.add(1, 2) == 3', "def add(a, b): return a - b")
    )
    assert (check.claim, check.given, check.expected, check.got) == ("One and two make three.", "add(1, 2)", "3", "-1")
    assert check.message == "-1 came, and 3 was expected."


def test_a_wrong_array_is_told_by_the_first_place_that_differs(grade: Grade) -> None:
    checks = "import numpy as np\ndef test_it(learner):\n    np.testing.assert_allclose(learner.f(np.ones((2, 3))), np.ones((2, 3)))"
    source = "def f(x):\n    y = x.copy()\n    y[1, 2] = 5\n    return y"
    check = one(grade(checks, source))
    assert check.message == "At [1, 2] it is 5, and 1 was expected. 1 of 6 elements differ."
    assert check.got.startswith("float64 array of shape (2, 3)")
    assert check.given == "f(float64 array of shape (2, 3) [[1., 1., 1.], [1., 1., 1.]])"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return x.T", "The shape is (3, 2), and (2, 3) was expected."),
        ("return None", "None came where an array was expected."),
        ("return x.tolist()[0]", "The shape is (3,), and (2, 3) was expected."),
        ("return x * np.nan", "At [0, 0] it is nan, and 1 was expected. 6 of 6 elements differ. It is not a number (nan)."),
    ],
)
def test_shape_before_values(grade: Grade, body: str, message: str) -> None:
    checks = "import numpy as np\ndef test_it(learner):\n    np.testing.assert_allclose(learner.f(np.ones((2, 3))), np.ones((2, 3)))"
    assert one(grade(checks, f"import numpy as np\ndef f(x):\n    {body}")).message == message


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("None", "None came back: is there a `return` on every path?"),
        ("[1, 9, 3]", "At position 1 it is 9, and 2 was expected."),
        ("[1, 2]", "It has 2 elements, and 3 were expected."),
        ("(1, 2, 3)", "A tuple came where a list was expected."),
    ],
)
def test_the_first_difference_of_two_lists_is_named(grade: Grade, returned: str, message: str) -> None:
    assert one(grade("def test_it(learner):\n    assert learner.f() == [1, 2, 3]", f"def f(): return {returned}")).message == message


def test_an_error_is_told_with_the_learners_frames_only(grade: Grade) -> None:
    check = one(grade("def test_it(learner):\n    learner.outer(0)", "def inner(x):\n    return 1 / x\ndef outer(x):\n    return inner(x)"))
    assert check.message == "`outer` raised ZeroDivisionError: division by zero (line 2, in inner)"
    assert check.where == "line 2, in inner"
    assert check.traceback.splitlines()[0].endswith("line 4, in outer")
    assert "modelwright" not in check.traceback.replace("labs/python/tiny.py", "")
    assert "return 1 / x" in check.traceback


def test_a_missing_exception_is_told(grade: Grade) -> None:
    checks = "import pytest\ndef test_it(learner):\n    with pytest.raises(ValueError):\n        learner.f(-1)"
    check = one(grade(checks, "def f(x): return 7"))
    assert (check.message, check.expected, check.got) == ("`f` should have raised ValueError and did not.", "ValueError is raised", "7")


def test_an_approximate_number_is_told(grade: Grade) -> None:
    check = one(grade("import pytest\ndef test_it(learner):\n    assert learner.f() == pytest.approx(0.5)", "def f(): return 0.75"))
    assert check.got == "0.75"
    assert check.expected.startswith("0.5 ±")


def test_hypothesis_tells_its_smallest_example(grade: Grade) -> None:
    checks = """
    from hypothesis import given, strategies as st
    @given(n=st.integers(0, 10**6))
    def test_it(learner, n):
        assert learner.f(n) == n
    """
    check = one(grade(checks, "def f(n): return n if n < 100 else 0"))
    assert "n=100" in check.given
    assert (check.got, check.expected) == ("0", "100")


def test_a_torch_gradient_is_compared(grade: Grade) -> None:
    checks = """
    import torch
    def test_it(learner):
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        (got,) = learner.gradients("f", (x,), torch.ones(2))
        torch.testing.assert_close(got, torch.tensor([2.0, 4.0]))
    """
    passes(grade(checks, "def f(x): return x * x", needs=("torch",)))
    check = one(grade(checks, "def f(x): return x * x.detach()", needs=("torch",)))
    assert check.message == "At [0] it is 1, and 2 was expected. 2 of 2 elements differ."


def test_what_the_code_printed_is_shown_with_the_check_that_ran_it(grade: Grade) -> None:
    checks = "def test_a(learner):\n    assert learner.f(1) == 1\ndef test_b(learner):\n    assert learner.f(2) == 2"
    verdict = grade(checks, "def f(x):\n    print('x is', x)\n    return x")
    assert [check.output for check in verdict.checks] == ["x is 1\n", "x is 2\n"]


def test_a_fault_of_the_lab_is_not_blamed_on_the_learner(grade: Grade) -> None:
    verdict = grade("def test_it(learner, reference):\n    reference.missing()", "x = 1")
    assert verdict.checks[0].status == "error"
    assert "a fault of the lab and not of your code" in verdict.checks[0].message
    broken = grade("def test_it(learner)\n    pass", "x = 1")
    assert broken.status == "error"
    assert "modelwright course validate" in broken.message


def test_the_first_failure_comes_first_and_the_list_keeps_its_order(grade: Grade) -> None:
    checks = "def test_a(learner):\n    assert learner.f(1) == 1\ndef test_b(learner):\n    assert learner.f(2) == 3\ndef test_c(learner):\n    assert learner.f(3) == 3"
    verdict = grade(checks, "def f(x): return x")
    assert [check.name for check in verdict.checks] == ["a", "b", "c"]
    assert [check.name for check in told_in_order(verdict)] == ["b", "a", "c"]
    failed = first_failure(verdict)
    assert failed is not None
    assert verdict.message == f"2 of 3 checks pass. First: b. {failed.message}"


def test_checks_are_told_as_they_finish(grader: Grader, make_lab: Callable[..., Lab]) -> None:
    lab = make_lab("def test_a(learner):\n    assert learner.f(1) == 1\ndef test_b(learner):\n    assert learner.f(2) == 2")
    told: list[CheckResult] = []
    verdict = grader.grade(lab, b"def f(x): return x", on_check=told.append)
    assert told == verdict.checks


def test_a_verdict_is_json_and_back(grade: Grade) -> None:
    verdict = grade("def test_it(learner):\n    assert learner.f(1) == 2", "def f(x): return x")
    assert msgspec.json.decode(msgspec.json.encode(verdict), type=Verdict) == verdict
    assert json.loads(msgspec.json.encode(verdict))["schema"] == 1


def test_other_files_of_the_learner_can_be_imported(grader: Grader, make_lab: Callable[..., Lab]) -> None:
    lab = make_lab("def test_it(learner):\n    assert learner.f(2) == 4")
    source = b"from labs.python.helper import twice\ndef f(x): return twice(x)"
    assert grader.grade(lab, source, extra_files={"labs/python/helper.py": b"def twice(x): return 2 * x"}).status == "passed"
    with pytest.raises(GradingError, match="not a file name"):
        grader.grade(lab, source, extra_files={"../x.py": b""})


def test_a_lab_without_checks_is_an_error_for_a_person(grader: Grader, make_lab: Callable[..., Lab]) -> None:
    lab = make_lab("")
    (Path(lab.folder) / "checks.py").unlink()
    with pytest.raises(GradingError, match="course validate"):
        grader.grade(lab, b"x = 1")


def test_the_same_checks_run_in_one_process_for_a_breakpoint(doubling: Lab, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text((doubling.folder / "solution.py").read_text())
    bad.write_text("def double(x): return x")
    assert debug(doubling, good) == 0
    assert debug(doubling, bad) == 1
    assert "test_two_becomes_four" in capfd.readouterr().out


def test_an_authors_fixture_of_any_scope_can_use_the_learners_code(grade: Grade) -> None:
    checks = """
    import pytest
    @pytest.fixture(scope="module")
    def trained(learner, reference):
        return learner.Model(reference.SIZE)
    def test_size(trained):
        assert trained.size == 3
    def test_time_in_between(budget):
        budget("work", (2,), time_ratio=50)
    def test_grows(trained):
        assert trained.grow() == 4 and trained.size == 4
    """
    source = """
    class Model:
        def __init__(self, size): self.size = size
        def grow(self):
            self.size += 1
            return self.size
    def work(n): return n
    """
    passes(grade(checks, source, solution="SIZE = 3\ndef work(n): return n"))


def test_whoever_asks_for_the_first_failure_gets_no_further_check(grader: Grader, doubling: Lab):
    """The status is that of a whole grading; the checks after the one that failed are told as not run, with the reason."""
    wrong = b"def double(x):\n    return x + x if not hasattr(x, 'shape') else x\n"
    verdict = grader.grade(doubling, wrong, first_failure=True)
    assert [check.status for check in verdict.checks] == ["passed", "failed", "not-run", "not-run"]
    assert verdict.status == "failed"
    assert "the first failure was all that was asked for" in verdict.checks[-1].message
    right = grader.grade(doubling, (Path(doubling.folder) / "solution.py").read_bytes(), first_failure=True)
    assert (right.status, right.passed, right.total) == ("passed", 4, 4)


def test_a_budget_that_draws_its_arguments_runs_in_one_process_too(make_lab: Callable[..., Lab], tmp_path: Path) -> None:
    lab = make_lab("def test_time(budget):\n    budget('f', lambda rng: (rng.normal(size=5),), time_ratio=4)")
    (tmp_path / "mine.py").write_text("def f(x): return x.sum()")
    assert debug(lab, tmp_path / "mine.py") == 0


def test_cases_are_told_in_words_under_one_name(grade: Callable[..., Verdict]) -> None:
    checks = """
    import numpy as np
    import pytest

    @pytest.mark.parametrize("axis", [0, -1])
    @pytest.mark.parametrize("x", [np.ones(3), np.ones((20, 3)), [1, 2]], ids=["a vector", None, None])
    def test_any_axis(learner, x, axis):
        assert learner.rank(x) > axis

    @pytest.mark.parametrize("name, value", [("one", 1), pytest.param("two", 2, id="two of them")])
    def test_names(learner, name, value):
        assert learner.rank(value) == 0

    def test_alone(learner):
        assert learner.rank(3) == 0
    """
    verdict = grade(checks, "import numpy as np\ndef rank(x): return np.ndim(x)")
    assert [(check.name, check.case, check.cases) for check in verdict.checks] == [
        ("any axis", "axis is 0, a vector", 6),
        ("any axis", "axis is -1, a vector", 6),
        ("any axis", "axis is 0, x is a float64 array of shape (20, 3)", 6),
        ("any axis", "axis is -1, x is a float64 array of shape (20, 3)", 6),
        ("any axis", "axis is 0, x is [1, 2]", 6),
        ("any axis", "axis is -1, x is [1, 2]", 6),
        ("names", "name is 'one', value is 1", 2),
        ("names", "two of them", 2),
        ("alone", "", 1),
    ]


def test_the_cases_of_a_check_are_one_row(grade: Callable[..., Verdict]) -> None:
    checks = """
    import pytest

    @pytest.mark.parametrize("n", [1, 2, 3])
    def test_halves(learner, n):
        assert learner.half(n) == n / 2

    def test_zero(learner):
        assert learner.half(0) == 0
    """
    verdict = grade(checks, "def half(x): return x // 2")
    assert [(row.name, row.status, row.passed, len(row.results)) for row in rows(verdict.checks)] == [
        ("halves", "failed", 1, 3),
        ("zero", "passed", 1, 1),
    ]


def test_what_lies_above_a_labs_folder_is_not_run(grader: Grader, make_lab: Callable[..., Lab]) -> None:
    """A curriculum may lie inside a Python package: pytest would run its `__init__.py`, and look at every file beside it."""
    lab = make_lab("def test_one(learner):\n    assert learner.one() == 1\n", "def one():\n    return 1\n")
    Path(lab.folder).parents[2].joinpath("__init__.py").write_text("raise RuntimeError('not a part of the lab')\n")
    for folder in [*list(Path(lab.folder).parents)[:2], Path(lab.folder)]:
        folder.joinpath("__init__.py").write_text("")
    verdict = grader.grade(lab, b"def one():\n    return 1\n")
    assert (verdict.status, verdict.passed) == ("passed", 1), verdict.message
