"""Checks of the multilayer perceptron, from one row by hand to the digits."""

import re
from itertools import permutations

import numpy as np
import pytest


def close(got, want, tolerance=1e-9):
    assert np.shape(got) == np.shape(want), f"shape {np.shape(got)}, expected {np.shape(want)}"
    np.testing.assert_allclose(got, want, atol=tolerance, rtol=tolerance)


def network(rng, sizes):
    return [(rng.normal(size=(a, b)), rng.normal(size=b)) for a, b in zip(sizes, sizes[1:], strict=False)]


def pairs_close(got, want, tolerance=1e-9):
    """As many pairs, of the same shapes, and the same numbers."""
    assert len(got) == len(want), f"{len(got)} pairs, expected {len(want)}"
    for (w, b), (want_w, want_b) in zip(got, want, strict=True):
        close(w, want_w, tolerance)
        close(b, want_b, tolerance)


@pytest.fixture(scope="module")
def digits():
    """Scaled to 0 … 1 and dealt out at random: 1,297 to learn from, sorted by class, and 500 to be judged on."""
    from sklearn.datasets import load_digits

    data = load_digits()
    dealt = np.random.default_rng(0).permutation(len(data.target))
    x, y = data.data[dealt] / 16.0, data.target[dealt]
    by_class = np.argsort(y[:1297], kind="stable")
    return x[:1297][by_class], y[:1297][by_class], x[1297:], y[1297:]


BY_HAND = [(np.array([[1.0, -1.0]]), np.array([0.0, 0.0])), (np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0.0, 0.0]))]


def test_forward_by_hand(learner):
    """One input 2, hidden relu(2, -2) = (2, 0), handed on as they are."""
    close(learner.forward(BY_HAND, np.array([[2.0]])), [[2.0, 0.0]])


def test_the_logits_may_be_negative(learner):
    """No relu after the last layer: a single layer of weight -3 on 2 gives -6."""
    close(learner.forward([(np.array([[-3.0]]), np.array([0.0]))], np.array([[2.0]])), [[-6.0]])


def test_loss_and_gradients_by_hand(learner):
    """Logits (ln 3, 0), target 1: loss ln 4, gradient (3/4, -3/4) at the logits, (3/4, 0) below the relu whose second unit is shut."""
    loss, grads = learner.loss_and_gradients(BY_HAND, np.array([[np.log(3.0)]]), np.array([1]))
    (w1, b1), (w2, b2) = grads
    assert type(loss) is float, f"the loss is {loss!r}, of type {type(loss).__name__}, expected a Python float"
    close(loss, np.log(4.0))
    close(w2, [[0.75 * np.log(3.0), -0.75 * np.log(3.0)], [0.0, 0.0]])
    close(b2, [0.75, -0.75])
    close(w1, [[0.75 * np.log(3.0), 0.0]])
    close(b1, [0.75, 0.0])


SIZES = [[3, 2], [5, 4, 3], [4, 6, 5, 2], [2, 7, 7, 7, 3]]


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_forward_equals_the_reference(learner, reference, rng, sizes):
    """One to four layers, wide ones and narrow ones, with biases of both signs."""
    params, x = network(rng, sizes), rng.normal(size=(7, sizes[0]))
    want = reference.forward(params, x)
    close(learner.forward(params, x), want)


@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_gradients_equal_the_reference(learner, reference, rng, sizes):
    """One to four layers, and a batch of seven."""
    params, x, y = network(rng, sizes), rng.normal(size=(7, sizes[0])), rng.integers(0, sizes[-1], 7)
    want_loss, want = reference.loss_and_gradients(params, x, y)
    loss, grads = learner.loss_and_gradients(params, x, y)
    close(loss, want_loss)
    pairs_close(grads, want)


def test_one_row_and_none(learner, reference, rng):
    """A batch of one row keeps its axis, in all three; forward and predict take no rows at all."""
    params, x, y = network(rng, [3, 4, 2]), rng.normal(size=(1, 3)), np.array([1])
    want_loss, want = reference.loss_and_gradients(params, x, y)
    logits = reference.forward(params, x)
    close(learner.forward(params, x), logits)
    close(learner.predict(params, x), logits.argmax(axis=1))
    loss, grads = learner.loss_and_gradients(params, x, y)
    close(loss, want_loss)
    pairs_close(grads, want)
    close(learner.forward(params, np.zeros((0, 3))), np.zeros((0, 2)))
    assert learner.predict(params, np.zeros((0, 3))).shape == (0,), "no rows have no classes"


def test_gradients_equal_differences_of_the_loss(learner, rng):
    """Every weight and bias of a small network, moved by 1e-6 either way."""
    params, x, y = network(rng, [3, 4, 2]), rng.normal(size=(5, 3)), np.array([0, 1, 1, 0, 1])
    _, grads = learner.loss_and_gradients(params, x, y)
    for layer in range(2):
        for part in range(2):
            for place in np.ndindex(params[layer][part].shape):
                losses = []
                for step in (1e-6, -1e-6):
                    moved = [[a.copy() for a in pair] for pair in params]
                    moved[layer][part][place] += step
                    losses.append(learner.loss_and_gradients([tuple(pair) for pair in moved], x, y)[0])
                close(grads[layer][part][place], (losses[0] - losses[1]) / 2e-6, 1e-6)


def test_the_batch_is_averaged(learner, rng):
    """The same rows twice over have the same loss and the same gradients."""
    params, x, y = network(rng, [3, 4, 2]), rng.normal(size=(4, 3)), np.array([0, 1, 1, 0])
    loss, grads = learner.loss_and_gradients(params, x, y)
    twice, grads_twice = learner.loss_and_gradients(params, np.vstack([x, x]), np.concatenate([y, y]))
    close(twice, loss)
    pairs_close(grads_twice, grads)


def test_huge_logits_do_not_overflow(learner):
    """Logits (1000, 0) with target 1 cost 1,000; so do (-1000, 0) with target 0, and rows of both beside a small one."""
    one_layer = [(np.array([[1000.0, 0.0]]), np.zeros(2))]
    loss, grads = learner.loss_and_gradients(one_layer, np.array([[1.0]]), np.array([1]))
    close(loss, 1000.0)
    pairs_close(grads, [(np.array([[1.0, -1.0]]), np.array([1.0, -1.0]))])
    loss, grads = learner.loss_and_gradients(one_layer, np.array([[-1.0]]), np.array([0]))
    close(loss, 1000.0)
    pairs_close(grads, [(np.array([[1.0, -1.0]]), np.array([-1.0, 1.0]))])
    both = [(np.array([[1000.0, 1000.0]]), np.zeros(2))]
    loss, _ = learner.loss_and_gradients(both, np.array([[1.0], [-1.0], [0.0]]), np.array([0, 1, 0]))
    close(loss, np.log(2.0))


def test_predict_takes_the_largest(learner, rng):
    """Integers of shape (N,), from logits of both signs."""
    params, x = network(rng, [3, 4, 5]), rng.normal(size=(20, 3))
    want = np.asarray(learner.forward(params, x)).argmax(axis=1)
    got = np.asarray(learner.predict(params, x))
    assert got.dtype.kind in "iu", f"the classes have dtype {got.dtype}, expected integers"
    close(got, want, 0)


@pytest.mark.parametrize("epochs, rate", [(1, 0.0), (0, 0.5)], ids=["rate 0", "no epochs"])
def test_nothing_learned_at_rate_zero(learner, epochs, rate):
    """He's initialisation is left as it was made: a variance of 2/500 and 2/200 within five standard errors, biases 0, float64."""
    params = learner.train(np.zeros((4, 500)), np.array([0, 1, 0, 1]), [500, 200, 40], epochs, 2, rate, 3)
    assert [(w.shape, b.shape) for w, b in params] == [((500, 200), (200,)), ((200, 40), (40,))]
    for (w, b), inputs in zip(params, (500, 200), strict=True):
        assert (w.dtype, b.dtype) == (np.float64, np.float64), f"dtypes {w.dtype} and {b.dtype}, expected float64"
        error = (2 / w.size) ** 0.5
        assert abs(w.var() * inputs / 2 - 1) < 5 * error, f"{inputs} inputs: the variance is {w.var():.5f}, expected {2 / inputs:.5f}"
        assert abs(w.mean()) < 5 * (2 / inputs / w.size) ** 0.5, f"{inputs} inputs: the mean is {w.mean():.5f}, expected nearly 0"
        assert len(np.unique(w)) == w.size, "weights are drawn one by one, and no two are equal"
        assert not b.any(), f"the biases are {b}, expected zeros"


def after(b, batches, classes, rate=0.5):
    """The bias of a single layer that sees nothing but zeros, after one step for each batch of classes."""
    for batch in batches:
        e = np.exp(b - b.max())
        b = b - rate * (e / e.sum() - np.eye(classes)[list(batch)].mean(axis=0))
    return b


def cut(order, batch):
    return tuple(tuple(sorted(order[at : at + batch])) for at in range(0, len(order), batch))


def epochs_found(learner, rows, batch, epochs, seed):
    """The batches that `train` must have taken, epoch by epoch, read off the bias; None where there are no such batches."""
    ((_, bias),) = learner.train(np.zeros((rows, 1)), np.arange(rows), [1, rows], epochs, batch, 0.5, seed)
    assert np.shape(bias) == (rows,), f"the bias has shape {np.shape(bias)}, expected {(rows,)}"
    every = sorted({cut(order, batch) for order in permutations(range(rows))})
    ways = [((), np.zeros(rows))]
    for _ in range(epochs):
        ways = [((*taken, batches), after(b, batches, rows)) for taken, b in ways for batches in every]
    return next((taken for taken, b in ways if np.allclose(b, bias, rtol=0, atol=1e-9)), None)


@pytest.mark.parametrize("rows, batch", [(5, 2), (4, 1), (5, 3), (4, 2), (3, 7)], ids=lambda n: str(n))
def test_every_row_once_in_each_epoch(learner, rows, batch):
    """Inputs of zero, each row a class of its own: the bias after an epoch is that of one of the ways to deal the rows out."""
    for seed in range(3):
        assert epochs_found(learner, rows, batch, 1, seed) is not None, (
            f"{rows} rows in batches of {batch}, rate 0.5: no order of the rows leads to this bias by plain gradient descent"
        )


def test_a_whole_batch_is_one_step(learner, reference, rng):
    """All rows in one batch: the step is rate times their gradient, from the parameters that no epochs give for the same seed."""
    x, y = rng.normal(size=(6, 3)), np.array([0, 1, 1, 0, 1, 0])
    before = learner.train(x.copy(), y.copy(), [3, 4, 2], 0, 6, 0.1, 7)
    _, grads = reference.loss_and_gradients(before, x, y)
    want = [(w - 0.1 * gw, b - 0.1 * gb) for (w, b), (gw, gb) in zip(before, grads, strict=True)]
    pairs_close(learner.train(x, y, [3, 4, 2], 1, 6, 0.1, 7), want)


def test_each_epoch_has_an_order_of_its_own(learner):
    """Five rows in batches of two, two epochs: over ten seeds the first order is not always the same, nor the second always the first."""
    dealt = [epochs_found(learner, 5, 2, 2, seed) for seed in range(10)]
    assert None not in dealt, "five rows in batches of two, two epochs: no two orders of the rows lead to this bias"
    assert len({first for first, _ in dealt}) > 1, "ten seeds gave the same order: the rows are not shuffled"
    assert any(first != second for first, second in dealt), "the second epoch takes the order of the first: it needs one of its own"


def test_the_seed_decides(learner, rng):
    """The same arguments give the same parameters to the last bit, another seed others."""
    x, y = rng.normal(size=(30, 4)), rng.integers(0, 3, 30)
    first, again, other = (learner.train(x, y, [4, 5, 3], 2, 8, 0.1, seed) for seed in (1, 1, 2))
    pairs_close(again, first, 0)
    assert (first[0][0] != other[0][0]).any(), "another seed gave the same weights"


def test_the_digits_are_learned(learner, digits):
    """64-48-10, 40 epochs in batches of 32 at rate 0.05: 94% of the 500 unseen digits (97.4% is usual), 95% of the seen ones."""
    x, y, x_test, y_test = digits
    params = learner.train(x, y, [64, 48, 10], 40, 32, 0.05, 0)
    seen, unseen = (learner.predict(params, x) == y).mean(), (learner.predict(params, x_test) == y_test).mean()
    assert seen >= 0.95, f"{seen:.1%} of the training images"
    assert unseen >= 0.94, f"{unseen:.1%} of the unseen images"


@pytest.mark.parametrize("columns", [34, 1, 20, 22], ids=lambda n: f"{n} columns")
@pytest.mark.parametrize("call", ["forward", "loss_and_gradients", "predict", "train"])
def test_columns_that_do_not_match_are_refused(learner, rng, call, columns):
    """Twenty-one inputs, and more or fewer columns: ValueError with both numbers."""
    params, x, y = network(rng, [21, 2]), np.zeros((2, columns)), np.array([0, 1])
    args = {
        "forward": (params, x),
        "loss_and_gradients": (params, x, y),
        "predict": (params, x),
        "train": (x, y, [21, 2], 1, 2, 0.1, 0),
    }
    with pytest.raises(ValueError) as error:
        getattr(learner, call)(*args[call])
    named = set(re.findall(r"\d+", str(error.value)))
    assert {"21", str(columns)} <= named, f"the message should name 21 and {columns}: {error.value}"


def test_inputs_are_left_as_they_were(learner, rng):
    """Neither parameters nor rows nor classes are changed, in all four."""
    params, x, y = network(rng, [3, 4, 2]), rng.normal(size=(6, 3)), rng.integers(0, 2, 6)
    assert learner.unchanged_by("forward", (params, x)), "forward changed its arguments"
    assert learner.unchanged_by("predict", (params, x)), "predict changed its arguments"
    assert learner.unchanged_by("loss_and_gradients", (params, x, y)), "loss_and_gradients changed its arguments"
    assert learner.unchanged_by("train", (x, y, [3, 4, 2], 2, 4, 0.1, 0)), "train changed its arguments"


def test_training_time(budget, rng):
    """One epoch over 1,000 rows in batches of 250: the matrix products do the work."""
    x, y = rng.normal(size=(1000, 64)), rng.integers(0, 10, 1000)
    budget("train", (x, y, [64, 16, 10], 1, 250, 0.1, 0), time_ratio=6)
