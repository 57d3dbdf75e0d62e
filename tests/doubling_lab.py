"""The lab that the grading room's tests grade: its checks, and a solution that must never be read."""

CHECKS = '''
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


def test_two_becomes_four(learner):
    """Twice two is four."""
    assert learner.double(2) == 4


def test_arrays_are_doubled(learner, reference, rng):
    x = rng.normal(size=(3, 4))
    np.testing.assert_allclose(learner.double(x), reference.double(x))


@settings(max_examples=15)
@given(n=st.integers(-1000, 1000))
def test_any_number(learner, n):
    assert learner.double(n) == 2 * n


def test_text_is_refused(learner):
    with pytest.raises(TypeError, match="number"):
        learner.double("2")
'''
SOLUTION = """
SECRET_OF_THE_SOLUTION = "you should not read this"


def double(x):
    if isinstance(x, str):
        raise TypeError("a number is needed")
    return x + x
"""
