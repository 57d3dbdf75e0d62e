"""Checks of the multilayer perceptron, from one row by hand to the digits."""

import numpy as np
import pytest


def close(got, want, tolerance=1e-9):
    np.testing.assert_allclose(got, want, atol=tolerance, rtol=tolerance)


def network(rng, sizes):
    return [(rng.normal(size=(a, b)), rng.normal(size=b)) for a, b in zip(sizes, sizes[1:])]


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
    assert isinstance(loss, float)
    close(loss, np.log(4.0))
    close(w2, [[0.75 * np.log(3.0), -0.75 * np.log(3.0)], [0.0, 0.0]])
    close(b2, [0.75, -0.75])
    close(w1, [[0.75 * np.log(3.0), 0.0]])
    close(b1, [0.75, 0.0])


def test_forward_equals_the_reference(learner, reference, rng):
    for sizes in ([3, 2], [5, 4, 3], [4, 6, 5, 2]):
        params, x = network(rng, sizes), rng.normal(size=(7, sizes[0]))
        close(learner.forward(params, x), reference.forward(params, x))


def test_gradients_equal_the_reference(learner, reference, rng):
    """One, two and three layers."""
    for sizes in ([3, 2], [5, 4, 3], [4, 6, 5, 2]):
        params, x, y = network(rng, sizes), rng.normal(size=(7, sizes[0])), rng.integers(0, sizes[-1], 7)
        loss, grads = learner.loss_and_gradients(params, x, y)
        want_loss, want = reference.loss_and_gradients(params, x, y)
        close(loss, want_loss)
        for (w, b), (want_w, want_b) in zip(grads, want, strict=True):
            close(w, want_w)
            close(b, want_b)


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
    for (w, b), (w2, b2) in zip(grads, grads_twice):
        close(w2, w)
        close(b2, b)


def test_huge_logits_do_not_overflow(learner):
    loss, grads = learner.loss_and_gradients([(np.array([[1000.0, 0.0]]), np.zeros(2))], np.array([[1.0]]), np.array([1]))
    close(loss, 1000.0)
    close(grads[0][0], [[1.0, -1.0]])


def test_predict_takes_the_largest(learner, rng):
    params, x = network(rng, [3, 4, 5]), rng.normal(size=(20, 3))
    assert (learner.predict(params, x) == learner.forward(params, x).argmax(axis=1)).all()


def test_nothing_learned_at_rate_zero(learner):
    """He's initialisation is left as it was made: 500 inputs, a variance of 2/500 within five standard errors, biases 0."""
    (w1, b1), (w2, b2) = learner.train(np.zeros((4, 500)), np.array([0, 1, 0, 1]), [500, 40, 2], 1, 2, 0.0, 3)
    assert abs(w1.var() - 2 / 500) < 5 * 2 / 500 * (2 / w1.size) ** 0.5
    assert (w1.shape, b1.shape, w2.shape, b2.shape) == ((500, 40), (40,), (40, 2), (2,))
    assert not b1.any()
    assert not b2.any()


def test_the_short_last_batch_counts(learner):
    """Three rows in batches of two, rate 0.5, one layer: two steps, whose bias has moved in both."""
    ((w, b),) = learner.train(np.zeros((3, 1)), np.array([1, 1, 1]), [1, 2], 1, 2, 0.5, 0)
    first = 0.5 * 0.5  # rate times (1 - p), p = 1/2
    p = 1 / (1 + np.exp(-2 * first))
    close(b, [-first - 0.5 * (1 - p), first + 0.5 * (1 - p)])


def test_the_seed_decides(learner, rng):
    x, y = rng.normal(size=(30, 4)), rng.integers(0, 3, 30)
    first, again, other = (learner.train(x, y, [4, 5, 3], 2, 8, 0.1, seed) for seed in (1, 1, 2))
    close(first[0][0], again[0][0], 0)
    assert (first[0][0] != other[0][0]).any()


def test_the_digits_are_learned(learner, digits):
    """64-48-10, 40 epochs in batches of 32 at rate 0.05: 94% of the 500 unseen digits (97.4% is usual), 95% of the seen ones."""
    x, y, x_test, y_test = digits
    params = learner.train(x, y, [64, 48, 10], 40, 32, 0.05, 0)
    seen, unseen = (learner.predict(params, x) == y).mean(), (learner.predict(params, x_test) == y_test).mean()
    assert seen >= 0.95, f"{seen:.1%} of the training images"
    assert unseen >= 0.94, f"{unseen:.1%} of the unseen images"


@pytest.mark.parametrize("call", ["forward", "loss_and_gradients", "predict", "train"])
def test_columns_that_do_not_match_are_refused(learner, rng, call):
    params, x, y = network(rng, [3, 2]), np.zeros((2, 4)), np.array([0, 1])
    args = {"forward": (params, x), "loss_and_gradients": (params, x, y), "predict": (params, x), "train": (x, y, [3, 2], 1, 2, 0.1, 0)}
    with pytest.raises(ValueError) as error:
        getattr(learner, call)(*args[call])
    assert "3" in str(error.value)
    assert "4" in str(error.value)


def test_inputs_are_left_as_they_were(learner, rng):
    params, x, y = network(rng, [3, 4, 2]), rng.normal(size=(6, 3)), rng.integers(0, 2, 6)
    assert learner.unchanged_by("forward", (params, x))
    assert learner.unchanged_by("loss_and_gradients", (params, x, y))
    assert learner.unchanged_by("train", (x, y, [3, 4, 2], 1, 4, 0.1, 0))


def test_training_time(budget, rng):
    """One epoch over 1,000 rows in batches of 250: the matrix products do the work."""
    x, y = rng.normal(size=(1000, 64)), rng.integers(0, 10, 1000)
    budget("train", (x, y, [64, 16, 10], 1, 250, 0.1, 0), time_ratio=6)
