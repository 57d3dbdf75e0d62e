"""Checks of the autograd engine, from one product by hand to a trained neuron."""

import math

import pytest
from hypothesis import given, settings, strategies as st


def test_a_product_and_a_sum_by_hand(learner):
    """y = a * b + a at a = 2, b = 3 is 8; dy/da = b + 1 = 4 and dy/db = a = 2."""
    a, b = learner.Value(2.0), learner.Value(3.0)
    y = a * b + a
    y.backward()
    assert y.data == pytest.approx(8.0)
    assert y.grad == pytest.approx(1.0)
    assert (a.grad, b.grad) == pytest.approx((4.0, 2.0))


def test_a_value_used_twice_gets_both_shares(learner):
    """y = x * x + x at x = 3: the slope is 2 x + 1 = 7."""
    x = learner.Value(3.0)
    (x * x + x).backward()
    assert x.grad == pytest.approx(7.0)


def test_a_diamond_waits_for_both_branches(learner):
    """h = 3 x feeds two branches, y = h * h + 2 h; at x = 1 the slope is 3 (2 h + 2) = 24."""
    x = learner.Value(1.0)
    h = x * 3
    left, right = h * h, h * 2
    (left + right).backward()
    assert h.grad == pytest.approx(8.0)
    assert x.grad == pytest.approx(24.0)


def test_a_short_path_and_a_long_path_to_one_node(learner):
    """y = h + (((h + 1) * 2) + 1) * h with h = x * x at x = 1: h's gradient is 1 + 5 + 2 = 8, x's is 16."""
    x = learner.Value(1.0)
    h = x * x
    y = h + ((h + 1) * 2 + 1) * h
    y.backward()
    assert h.grad == pytest.approx(8.0)
    assert x.grad == pytest.approx(16.0)


def test_equal_numbers_are_different_values(learner):
    """h = 2 a and k = 2 b hold the same number at a = b = 1; y = h * k + h has dy/da = 2 (k + 1) = 6 and dy/db = 2 h = 4."""
    a, b = learner.Value(1.0), learner.Value(1.0)
    h, k = a * 2, b * 2
    (h * k + h).backward()
    assert (h.grad, k.grad) == pytest.approx((3.0, 2.0))
    assert (a.grad, b.grad) == pytest.approx((6.0, 4.0))


@pytest.mark.parametrize("at", [-1.5, 0.25, 2.0])
def test_tanh_and_exp_at_three_points(learner, at):
    """The slope of tanh is 1 - tanh(x)^2, and exp is its own slope."""
    x = learner.Value(at)
    y = x.tanh()
    y.backward()
    assert (y.data, x.grad) == pytest.approx((math.tanh(at), 1 - math.tanh(at) ** 2))
    x = learner.Value(at)
    y = x.exp()
    y.backward()
    assert (y.data, x.grad) == pytest.approx((math.exp(at), math.exp(at)))


@pytest.mark.parametrize(
    "at, value, slope", [(2.0, 2.0, -3.0), (0.5, 0.5, -3.0), (1e-17, 1e-17, -3.0), (-2.0, 0.0, 0.0), (-0.5, 0.0, 0.0), (0.0, 0.0, 0.0)]
)
def test_relu_opens_by_its_input(learner, at, value, slope):
    """y = -3 relu(x). The gradient that arrives at the relu is negative, which must not close it."""
    x = learner.Value(at)
    r = x.relu()
    (r * -3).backward()
    assert (r.data, x.grad) == pytest.approx((value, slope))


def test_numbers_on_the_left(learner):
    """At x = 4: 10 - x has slope -1, 8 / x has slope -1/2, 3 * x has 3 and 1 + x has 1; floats as well as whole numbers."""
    for make, value, slope in [
        (lambda x: 10.5 - x, 6.5, -1.0),
        (lambda x: 2.0 / x, 0.5, -0.125),
        (lambda x: 0.5 * x, 2.0, 0.5),
        (lambda x: -1.5 + x, 2.5, 1.0),
        (lambda x: 10 - x, 6.0, -1.0),
        (lambda x: 8 / x, 2.0, -0.5),
        (lambda x: 3 * x, 12.0, 3.0),
        (lambda x: 1 + x, 5.0, 1.0),
    ]:
        x = learner.Value(4.0)
        y = make(x)
        y.backward()
        assert (y.data, x.grad) == pytest.approx((value, slope))


def test_division_and_powers(learner):
    """y = a / b + a ** 3 - b ** -2 at a = 2, b = 4: 0.5 + 8 - 0.0625; dy/da = 12.25 and dy/db = -0.125 + 0.03125."""
    a, b = learner.Value(2.0), learner.Value(4.0)
    y = a / b + a**3 - b**-2
    y.backward()
    assert y.data == pytest.approx(8.4375)
    assert (a.grad, b.grad) == pytest.approx((12.25, -0.09375))


@pytest.mark.parametrize(
    "at, exponent, value, slope",
    [
        (0.0, 0, 1.0, 0.0),
        (0.0, 1, 0.0, 1.0),
        (0.0, 2, 0.0, 0.0),
        (-2.0, 3, -8.0, 12.0),
        (4.0, 0.5, 2.0, 0.25),
        (2.0, -1, 0.5, -0.25),
        (3.0, 0, 1.0, 0.0),
    ],
)
def test_powers_at_zero(learner, at, exponent, value, slope):
    """x ** 0, x ** 1 and x ** 2 at 0, and powers of other numbers: whole, broken and negative exponents."""
    x = learner.Value(at)
    y = x**exponent
    y.backward()
    assert (y.data, x.grad) == pytest.approx((value, slope))


NEUTRAL = {
    "x + 0": lambda x: x + 0,
    "0 + x": lambda x: 0 + x,
    "x - 0": lambda x: x - 0,
    "x * 1": lambda x: x * 1,
    "1 * x": lambda x: 1 * x,
    "x / 1": lambda x: x / 1,
    "x ** 1": lambda x: x**1,
    "-(-x)": lambda x: -(-x),
    "x.relu()": lambda x: x.relu(),
}


@pytest.mark.parametrize("make", NEUTRAL.values(), ids=NEUTRAL)
def test_every_result_is_a_new_value(learner, make):
    """h = x + 0 and its like hold the number of x and are not x: in y = 2 h + x the gradient of h is 2, that of x is 3."""
    x = learner.Value(1.5)
    h = make(x)
    y = h * 2 + x
    y.backward()
    assert h.data == pytest.approx(1.5)
    assert (h.grad, x.grad) == pytest.approx((2.0, 3.0))


def test_backward_twice_gives_the_same_numbers(learner):
    """Nothing is left over from the first call, in the leaves, between, or at the end; nor from another result."""
    x = learner.Value(0.5)
    h = x * 2
    y = h * h + h
    y.backward()
    first = (x.grad, h.grad)
    y.backward()
    assert first == pytest.approx((6.0, 3.0))
    assert (x.grad, h.grad, y.grad) == pytest.approx((*first, 1.0))
    (h * 5).backward()
    assert (x.grad, h.grad) == pytest.approx((10.0, 5.0))


def test_values_outside_the_graph_are_left_alone(learner):
    """Differentiating y = 2 a leaves b from an earlier result as it was, and what was made from y or beside it."""
    a, b = learner.Value(1.0), learner.Value(5.0)
    (b * b).backward()
    y = a * 2
    above, beside = y * 3, a * 7
    above.backward()
    beside.backward()
    y.backward()
    assert b.grad == pytest.approx(10.0)
    assert (above.grad, beside.grad) == pytest.approx((1.0, 1.0))
    assert (y.grad, a.grad) == pytest.approx((1.0, 2.0))


def test_a_value_by_itself(learner):
    """A new value has the gradient 0; its derivative with respect to itself is 1."""
    x = learner.Value(3.0)
    assert (x.data, x.grad) == (3.0, 0.0)
    x.backward()
    assert x.grad == 1.0


EXPRESSIONS = [
    lambda a, b: (a * b).tanh() / (b * b + 1) + a.exp() * b,
    lambda a, b: (a - b) ** 3 + (2 - a) * (b / 3 - 1),
    lambda a, b: ((a + b).relu() + 0.5) ** 2 / (a * a + 2) - (-b).exp(),
    lambda a, b: (a.tanh() + b.tanh()) ** 2 * (a + 3) ** -1,
    lambda a, b: a / (b * b + 1) - b / (a - 7) - a * a / a + (b - b) * a,
    lambda a, b: 1.5 / (a * a + 1) - (2 - b) ** 2 * (0.5 - a) + 3 * (-a - b).relu() - (a * b).relu(),
]


@settings(max_examples=30, deadline=None)
@given(which=st.sampled_from(range(len(EXPRESSIONS))), x=st.integers(-8, 8), y=st.integers(-8, 8))
def test_equals_the_reference(learner, reference, which, x, y):
    """Six expressions of two values, at points on a grid."""
    at = (x / 4 + 0.1, y / 4)
    got, want = [learner.Value(v) for v in at], [reference.Value(v) for v in at]
    result, expected = EXPRESSIONS[which](*got), EXPRESSIONS[which](*want)
    result.backward()
    expected.backward()
    assert result.data == pytest.approx(expected.data, rel=1e-9, abs=1e-12)
    assert [v.grad for v in got] == pytest.approx([v.grad for v in want], rel=1e-9, abs=1e-12)


CHAINS = {
    "sums": (1500, [lambda y, x: y + x], 1501.0),
    "a mixture": (1200, [lambda y, x: x + y, lambda y, x: y * 1, lambda y, x: -(-y), lambda y, x: y.relu()], 301.0),
}


@pytest.mark.parametrize("count, steps, slope", CHAINS.values(), ids=CHAINS)
def test_a_chain_of_fifteen_hundred_operations(learner, count, steps, slope):
    """Deeper than Python's recursion limit of 1,000: x + x + x … has the slope 1,501; then sums, products and relus in turn."""
    x = learner.Value(1.0)
    y = x
    for at in range(count):
        y = steps[at % len(steps)](y, x)
    y.backward()
    assert x.grad == pytest.approx(slope)


SIDES = {
    "x + bad": lambda x, bad: x + bad,
    "x - bad": lambda x, bad: x - bad,
    "x * bad": lambda x, bad: x * bad,
    "x / bad": lambda x, bad: x / bad,
    "bad + x": lambda x, bad: bad + x,
    "bad - x": lambda x, bad: bad - x,
    "bad * x": lambda x, bad: bad * x,
    "bad / x": lambda x, bad: bad / x,
    "x ** bad": lambda x, bad: x**bad,
}


@pytest.mark.parametrize("bad", ["2.5", None, [1.0]], ids=["a string", "None", "a list"])
@pytest.mark.parametrize("use", SIDES.values(), ids=SIDES)
def test_operands_that_are_not_numbers_are_refused(learner, use, bad):
    """A string that reads like a number, None and a list, on either side of 1.5 and of 2: TypeError."""
    assert (learner.Value(1.0) + 2).data == 3.0
    for number in (1.5, 2):
        x = learner.Value(number)
        with pytest.raises(TypeError):
            use(x, bad)


def test_an_exponent_that_is_a_value_is_refused(learner):
    """Its gradient would be lost: TypeError."""
    assert (learner.Value(2.0) ** 3).data == 8.0
    with pytest.raises(TypeError):
        learner.Value(2.0) ** learner.Value(3.0)


QUOTIENTS = {
    "1 / 0, both values": lambda Value: Value(1.0) / Value(0.0),
    "0 / 0, both values": lambda Value: Value(0.0) / Value(0.0),
    "a number by a value": lambda Value: 1 / Value(0.0),
    "a value by a number": lambda Value: Value(1.0) / 0,
}


@pytest.mark.parametrize("divide", QUOTIENTS.values(), ids=QUOTIENTS)
def test_division_by_zero_says_so(learner, divide):
    """A value or a number of 0 below the line: ZeroDivisionError, and no infinity."""
    with pytest.raises(ZeroDivisionError):
        divide(learner.Value)


def test_one_step_of_training_by_hand(learner):
    """One pair (1, 0), w = 0.5, b = 0: with t = tanh(0.5) both slopes are 2 t (1 - t^2) = 0.72687."""
    slope = 2 * math.tanh(0.5) * (1 - math.tanh(0.5) ** 2)
    w, b = learner.train_neuron([1.0], [0.0], 1, 0.1)
    assert type(w) is float and type(b) is float, f"w and b are {w!r} and {b!r}, expected two floats"
    assert (w, b) == pytest.approx((0.5 - 0.1 * slope, -0.1 * slope))


def test_the_mean_of_two_pairs(learner):
    """The same pair twice has the mean of one; no steps leave w and b where they start."""
    once, twice = learner.train_neuron([1.0], [0.0], 3, 0.1), learner.train_neuron([1.0, 1.0], [0.0, 0.0], 3, 0.1)
    assert tuple(twice) == pytest.approx(tuple(once), rel=1e-12)
    assert tuple(learner.train_neuron([1.0, 1.0], [0.0, 0.0], 0, 0.1)) == pytest.approx((0.5, 0.0))
    first = 2 * math.tanh(0.5) * (1 - math.tanh(0.5) ** 2) / 2
    second = 2 * (math.tanh(-1.0) - 1) * (1 - math.tanh(-1.0) ** 2) / 2
    want = 0.5 - 0.1 * (first - 2 * second), -0.1 * (first + second)
    assert tuple(learner.train_neuron([1.0, -2.0], [0.0, 1.0], 1, 0.1)) == pytest.approx(want)


def test_the_neuron_learns(learner, reference):
    """Points on tanh(2 x - 1): after 300 steps as near as the reference, to nine digits."""
    xs = [i / 4 for i in range(-8, 9)]
    ys = [math.tanh(2 * x - 1) for x in xs]
    want = reference.train_neuron(xs, ys, 300, 1.0)
    w, b = learner.train_neuron(xs, ys, 300, 1.0)
    assert (w, b) == pytest.approx(want, rel=1e-9)
    assert (w, b) == pytest.approx((2.0, -1.0), abs=0.05)


PAIRS = [([1.0, 2.0], [1.0]), ([1.0], [1.0, 2.0]), ([], []), ([], [1.0]), ([1.0], [])]


@pytest.mark.parametrize("xs, ys", PAIRS, ids=[f"{len(xs)} xs and {len(ys)} ys" for xs, ys in PAIRS])
def test_pairs_that_do_not_match_are_refused(learner, xs, ys):
    """One more of either, or none: ValueError, also where there is one to share."""
    with pytest.raises(ValueError):
        learner.train_neuron(xs, ys, 1, 0.1)


def test_the_lists_are_left_as_they_were(learner):
    """Neither the xs nor the ys are changed."""
    assert learner.unchanged_by("train_neuron", ([1.0, -2.0, 0.5], [0.0, 1.0, 0.25], 2, 0.1)), "xs or ys was changed"


def test_training_time(budget):
    """One step over two hundred and fifty pairs: a graph of some two thousand values, each visited once."""
    xs = [i / 250 for i in range(250)]
    budget("train_neuron", (xs, xs, 1, 0.1), time_ratio=5)
