"""An object of the learner's is one object to the check, however often it comes back, and lives as long as the check holds it."""

from __future__ import annotations

from collections.abc import Callable

from modelwright.grading import Verdict

Grade = Callable[..., Verdict]

LIVES = """
class Stack:
    shared = []
    def __init__(self): self.items = []
    def push(self, x):
        self.items.append(x)
        return self
    def size(self): return len(self.items)
    def __iter__(self): return iter(self.items)
    def __enter__(self): return self
    def __exit__(self, *_): self.items.clear()
    @property
    def me(self): return self
    def pair(self): return [self, (self, {"me": self})]
    def __eq__(self, other): return isinstance(other, Stack) and self.items == other.items
    __hash__ = None

class Node:
    def __init__(self, value):
        self.value, self.next = value, self
class Turn:
    def __iter__(self): return self
    def __init__(self): self.n = 0
    def __next__(self):
        self.n += 1
        if self.n > 3: raise StopIteration
        return self
class Ledger:
    def __init__(self): self.lines, self.left = [], ""
    def __enter__(self): return self
    def __exit__(self, kind, error, trace):
        if kind is not None:
            self.lines, self.left = [], f"{kind.__name__}: {error}"
class Swallow:
    def __enter__(self): return self
    def __exit__(self, *_): return True
class Broken(Exception): pass
class Worse(Broken):
    def __init__(self, amount):
        super().__init__(f"{amount} is worse")
        self.amount = amount
def fail(amount): raise Worse(amount)
def through(f, x): return f(x)
ONE = Stack()
def the_one(): return ONE
"""


def test_an_object_that_returns_itself_is_called_again_and_again(grade: Grade) -> None:
    checks = '''
        def test_three(learner):
            """Three."""
            s = learner.Stack()
            s.push(1)
            s.push(2)
            s.push(3)
            assert s.size() == 3
            assert s.push(4).push(5).push(6) is s
            for n in range(50):
                s.me
                s.push(n).size()
            assert s.size() == 56

        def test_one_of_many(learner):
            """The same from everywhere."""
            for n in range(20):
                one = learner.the_one()
                learner.the_one()
                del one
                assert learner.the_one().push(n).size() == n + 1
            assert learner.the_one() is learner.ONE
    '''
    verdict = grade(checks, LIVES)
    assert verdict.status == "passed", verdict.message


def test_an_object_in_containers_in_callbacks_and_in_itself_lives_on(grade: Grade) -> None:
    checks = '''
        import copy
        import gc

        def test_held(learner):
            """Held."""
            s = learner.Stack()
            pair = s.pair()
            assert pair[0] is s and pair[1][1]["me"] is s
            del pair
            gc.collect()
            push = s.push
            push(1); s.push(2); s.push
            assert push(3).size() == 3
            assert learner.through(lambda x: x, s) is s
            assert learner.through(lambda x: x.push(4), s) is s
            assert learner.through(lambda x: [x, x.me], s)[1].size() == 4
            node = learner.Node(7)
            assert node.next.next.next.value == 7 and node.next is node
            with s as inner:
                assert inner is s
                inner.push(5)
            assert s.size() == 0
            turn = learner.Turn()
            assert [x.n for x in turn] == [1, 2, 3]
            assert turn.n == 4
            first = [learner.Stack() for _ in range(10)]
            for stack in first:
                learner.through(lambda x: None, stack)
                stack.push(1)
            assert sum(stack.size() for stack in first) == 10
            learner.Stack.shared.append(1)
            twin = copy.deepcopy(first[0])
            twin.push(2)
            assert (twin.size(), first[0].size()) == (2, 1)
            del twin
            assert copy.copy(first[0]).size() == 1 and first[0].size() == 1
    '''
    verdict = grade(checks, LIVES)
    assert verdict.status == "passed", verdict.message


def test_an_error_of_the_learners_is_caught_by_any_of_its_classes_and_keeps_what_it_carries(grade: Grade) -> None:
    checks = '''
        import pytest

        def test_base_named_alone(learner):
            """By its base."""
            with pytest.raises(learner.Broken, match="3 is worse") as raised:
                learner.fail(3)
            assert raised.value.amount == 3

        def test_both_named(learner):
            """By either."""
            worse, broken = learner.Worse, learner.Broken
            for kind in (worse, broken, Exception):
                with pytest.raises(kind):
                    learner.fail(4)
    '''
    verdict = grade(checks, LIVES)
    assert verdict.status == "passed", verdict.message


def test_a_context_manager_hears_of_an_error_and_swallows_no_failure(grade: Grade) -> None:
    checks = '''
        import pytest

        def test_rolled_back(learner):
            """Rolled back."""
            ledger, broken = learner.Ledger(), learner.Broken
            with pytest.raises(ValueError, match="no"):
                with ledger:
                    ledger.lines = [1]
                    raise ValueError("no")
            assert ledger.lines == [] and ledger.left == "ValueError: no"
            with pytest.raises(broken):
                with ledger:
                    learner.fail(5)
            assert ledger.left == "Broken: 5 is worse"
            with learner.Swallow():
                raise ValueError("swallowed")
    '''
    verdict = grade(checks, LIVES)
    assert verdict.status == "passed", verdict.message
    swallowing = '''
        def test_wrong(learner):
            """Wrong."""
            with learner.Swallow():
                assert learner.through(lambda x: x, 1) == 2

        def test_raises(learner):
            """Raises."""
            with learner.Swallow():
                learner.fail(1)

        def test_index(learner):
            """Short."""
            with learner.Swallow():
                [][learner.through(lambda x: x, 1)]
    '''
    assert grade(swallowing, LIVES).passed == 0
