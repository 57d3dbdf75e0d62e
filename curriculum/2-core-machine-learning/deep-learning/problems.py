"""Generated problems on networks, their gradients and their training.

Each key is exact and comes from a formula; each proof runs the thing itself on floating-point numbers: it builds the network, moves a
weight a little, iterates the optimiser, counts the windows or draws the masks. `given` carries the drawn numbers to the proof.
"""

from math import prod

import numpy as np
import sympy as sp

PROBLEMS = {
    "parameter-count": {"skills": ["deep-learning/multilayer-perceptron"], "minutes": 2, "difficulty": 1},
    "relu-network-slope": {
        "skills": ["deep-learning/universal-approximation", "deep-learning/activation-functions"],
        "minutes": 3,
        "difficulty": 2,
    },
    "gradient-on-a-graph": {
        "skills": ["deep-learning/computational-graphs", "deep-learning/scalar-autograd"],
        "minutes": 4,
        "difficulty": 3,
    },
    "dense-layer-backward": {"skills": ["deep-learning/backpropagation"], "minutes": 4, "difficulty": 3},
    "cross-entropy-of-logits": {"skills": ["deep-learning/cross-entropy", "deep-learning/softmax"], "minutes": 2, "difficulty": 2},
    "softmax-gradient": {"skills": ["deep-learning/softmax-cross-entropy-gradient"], "minutes": 3, "difficulty": 3},
    "largest-stable-rate": {"skills": ["deep-learning/optimisation-landscapes"], "minutes": 3, "difficulty": 3},
    "noise-of-a-batch": {"skills": ["deep-learning/stochastic-gradient-descent"], "minutes": 2, "difficulty": 2},
    "momentum-step": {"skills": ["deep-learning/momentum"], "minutes": 3, "difficulty": 2},
    "adam-second-step": {"skills": ["deep-learning/adam"], "minutes": 4, "difficulty": 3},
    "size-through-layers": {"skills": ["deep-learning/initialisation"], "minutes": 3, "difficulty": 3},
    "saturated-chain": {"skills": ["deep-learning/vanishing-gradients"], "minutes": 3, "difficulty": 3},
    "batch-norm-by-hand": {"skills": ["deep-learning/batch-normalisation"], "minutes": 3, "difficulty": 2},
    "weight-decay-pull": {"skills": ["deep-learning/weight-decay"], "minutes": 3, "difficulty": 3},
    "dropout-noise": {"skills": ["deep-learning/dropout"], "minutes": 3, "difficulty": 3},
    "convolution-output": {"skills": ["deep-learning/convolution"], "minutes": 2, "difficulty": 2},
    "receptive-field": {"skills": ["deep-learning/convolutional-networks"], "minutes": 3, "difficulty": 3},
}


def signed(number):
    """A number behind what comes before it: ' + 3' or ' - 3', and nothing for 0."""
    return f" + {number}" if number > 0 else f" - {-number}" if number else ""


def times(number):
    """A whole number as the factor of what follows, 1 left out."""
    return {1: "", -1: "-"}.get(int(number), str(number))


def bracket(number):
    """A whole number, in brackets if it is negative."""
    return f"({number})" if number < 0 else str(number)


def parameter_count(rng):
    """How many numbers does a network learn?"""
    sizes = [int(s) for s in (rng.integers(3, 33), rng.integers(4, 65), rng.integers(3, 33), rng.integers(2, 11))]
    if rng.integers(2):
        sizes.pop(1)
    pairs = list(zip(sizes, sizes[1:]))
    weights, biases = sum(a * b for a, b in pairs), sum(sizes[1:])
    return {
        "given": sizes,
        "question": f"A multilayer perceptron has layers of width {', '.join(map(str, sizes))}, from the input to the logits. "
        "Every layer but the input has a bias. How many parameters does it have?",
        "answer": sp.Integer(weights + biases),
        "steps": [
            "Weights: $" + " + ".join(f"{a} \\cdot {b}" for a, b in pairs) + f" = {weights}$.",
            "Biases, one for each unit that is not an input: $" + " + ".join(map(str, sizes[1:])) + f" = {biases}$.",
            f"Together ${weights} + {biases} = {weights + biases}$.",
        ],
        "misconceptions": {
            sp.Integer(weights): "Those are the weights. Each unit beyond the input has a bias as well.",
            sp.Integer(weights + sum(sizes)): "The inputs are data: they have no bias.",
            sp.Integer(weights + len(pairs)): "A layer has one bias for each of its units, not one in all.",
        },
    }


def prove_parameter_count(problem, rng):
    """Builds the arrays and counts what is in them."""
    sizes = problem["given"]
    arrays = [array for a, b in zip(sizes, sizes[1:]) for array in (np.zeros((a, b)), np.zeros(b))]
    return float(problem["answer"]), float(sum(array.size for array in arrays)), 0.0


def relu_network_slope(rng):
    """How steep is a small relu network at a point?"""
    while True:
        w, v = (rng.choice([-3, -2, -1, 1, 2, 3], size=3) for _ in range(2))
        b = rng.integers(-4, 5, size=3)
        x = int(rng.integers(-2, 3))
        z = w * x + b
        slope, everything, outer, of_value = (
            int(s) for s in ((v * w * (z > 0)).sum(), (v * w).sum(), (v * (z > 0)).sum(), (v * z * (z > 0)).sum())
        )
        if (z != 0).all() and 0 < (z > 0).sum() < 3 and slope not in (everything, outer, of_value):
            break
    relu = lambda i: f"{times(abs(v[i]))}\\,\\mathrm{{relu}}({times(w[i])}x{signed(b[i])})"
    formula = ("-" if v[0] < 0 else "") + relu(0) + "".join((" + " if v[i] > 0 else " - ") + relu(i) for i in (1, 2))
    signs = ",\\ ".join(f"{w[i]} \\cdot {bracket(x)}{signed(b[i])} = {z[i]}" for i in range(3))
    terms = " + ".join(f"{bracket(v[i])} \\cdot {bracket(w[i])}" for i in range(3) if z[i] > 0)
    return {
        "given": (w, b, v, x),
        "question": f"A network with one input and three hidden units computes $f(x) = {formula}$. What is the slope $f'(x)$ at $x = {x}$?",
        "answer": sp.Integer(slope),
        "steps": [
            f"What goes into each relu: ${signs}$.",
            "Only a unit whose input is positive passes its slope on.",
            f"The slope is the sum over those of outer weight times inner weight: ${terms} = {slope}$.",
        ],
        "misconceptions": {
            sp.Integer(everything): "Units whose input is negative are flat there and add nothing to the slope.",
            sp.Integer(outer): "The chain rule also takes the inner weight of each open unit.",
            sp.Integer(of_value): "That is the value of f, not its slope.",
        },
    }


def prove_relu_network_slope(problem, rng):
    """A central difference of the network; no unit has its corner within the step."""
    w, b, v, x = problem["given"]
    f = lambda at: float((v * np.maximum(w * at + b, 0.0)).sum())
    return float(problem["answer"]), (f(x + 1e-3) - f(x - 1e-3)) / 2e-3, 1e-9


def gradient_on_a_graph(rng):
    """What is the derivative where a node is used twice?"""
    while True:
        w, x, k = (int(v) for v in rng.integers(2, 6, size=3))
        b = int(rng.integers(-4, 5))
        h = w * x + b
        answer = x * (2 * h + k)
        if h not in (0, 1) and answer not in (2 * h * x, k * x, 2 * h + k):
            break
    return {
        "given": (w, x, b, k),
        "question": f"On a graph, $h = w x + b$ and $y = h^2 + {k}h$. At $w = {w}$, $x = {x}$, $b = {b}$: what is $\\partial y / \\partial w$?",
        "answer": sp.Integer(answer),
        "steps": [
            f"Forward: $h = {w} \\cdot {x}{signed(b)} = {h}$.",
            f"$h$ feeds both terms, so its gradient is the sum of two shares: $2h + {k} = {2 * h} + {k} = {2 * h + k}$.",
            f"$\\partial h / \\partial w = x = {x}$, so $\\partial y / \\partial w = {2 * h + k} \\cdot {x} = {answer}$.",
        ],
        "misconceptions": {
            sp.Integer(2 * h * x): "That is the share through the square alone; h is used a second time.",
            sp.Integer(k * x): "That is the share through the linear term alone. A later share must be added, not put in its place.",
            sp.Integer(2 * h + k): "That is the gradient of h. One step remains, from h to w.",
        },
    }


def prove_gradient_on_a_graph(problem, rng):
    """A central difference in w; y is quadratic in w, so the difference has no error but rounding."""
    w, x, b, k = problem["given"]
    y = lambda at: (at * x + b) ** 2 + k * (at * x + b)
    return float(problem["answer"]), (y(w + 1e-3) - y(w - 1e-3)) / 2e-3, 1e-6


def dense_layer_backward(rng):
    """What is the gradient of a dense layer's weights for a batch of two?"""
    while True:
        x, g = rng.integers(-3, 4, size=(2, 2)), rng.integers(-3, 4, size=(2, 2))
        answer = x.T @ g
        others = [g.T @ x, x @ g, x.T @ g[::-1], g.T @ x[::-1]]
        if np.abs(x).min() and np.abs(g).min() and not any((answer == other).all() for other in others[:2]) and np.linalg.det(x):
            break
    show = lambda a: "\\begin{pmatrix} " + " \\\\ ".join(" & ".join(map(str, row)) for row in a.tolist()) + " \\end{pmatrix}"
    return {
        "given": (x, g),
        "question": f"A dense layer computes $Y = XW$ for a batch of two rows, $X = {show(x)}$. The gradient of the loss in $Y$ is $G = {show(g)}$. "
        "What is its gradient in $W$? Write it as [[a, b], [c, d]].",
        "answer": sp.ImmutableMatrix(answer.tolist()),
        "steps": [
            "$W_{ij}$ takes input $i$ of every row to output $j$ of that row, so its gradient is $\\sum_n X_{ni} G_{nj}$.",
            "That is $X^\\top G$: inputs by rows, times rows by outputs.",
            f"$X^\\top G = {show(x.T)} {show(g)} = {show(answer)}$.",
        ],
        "misconceptions": {
            sp.ImmutableMatrix((g.T @ x).tolist()): "That is its transpose: W has inputs along its rows.",
            sp.ImmutableMatrix((x @ g).tolist()): "The sum must run over the rows of the batch, so X has to be transposed.",
        },
    }


def prove_dense_layer_backward(problem, rng):
    """Moves each weight of a random W; the loss is the sum of G times Y, whose gradient in Y is G."""
    x, g = problem["given"]
    w, measured = rng.normal(size=(2, 2)), np.zeros((2, 2))
    for place in np.ndindex(2, 2):
        step = np.zeros((2, 2))
        step[place] = 1e-3
        measured[place] = ((g * (x @ (w + step))).sum() - (g * (x @ (w - step))).sum()) / 2e-3
    return np.array(problem["answer"].tolist(), dtype=float), measured, 1e-8


def cross_entropy_of_logits(rng):
    """What does one row of logits cost?"""
    while True:
        parts = [int(p) for p in rng.integers(1, 10, size=3)]
        target = int(rng.integers(3))
        if parts[target] > 1 and len(set(parts)) > 1:
            break
    total = sum(parts)
    return {
        "given": (parts, target),
        "question": f"The logits of one row are $\\ln {parts[0]}$, $\\ln {parts[1]}$ and $\\ln {parts[2]}$. The target is class {target}, counted from 0. "
        "What is the cross-entropy, in nats? An expression such as log(3) is welcome.",
        "answer": sp.log(sp.Rational(total, parts[target])),
        "steps": [
            f"The exponentials of the logits are {', '.join(map(str, parts))}, and their sum is {total}.",
            f"The probability of the target is ${parts[target]}/{total}$.",
            f"The loss is $-\\ln({parts[target]}/{total}) = \\ln({total}/{parts[target]})$.",
        ],
        "misconceptions": {
            sp.log(sp.Rational(parts[target], total)): "The sign: the loss is minus the log of a probability, and never negative.",
            sp.log(total): "That is the log of the sum. The target's logit is still to be taken off.",
            sp.Rational(parts[target], total): "That is the probability of the target. The loss is minus its log.",
        },
    }


def prove_cross_entropy_of_logits(problem, rng):
    """Log-sum-exp minus the target's logit, in floating point."""
    parts, target = problem["given"]
    logits = np.log(parts)
    return float(problem["answer"]), float(np.logaddexp.reduce(logits) - logits[target]), 1e-12


def softmax_gradient(rng):
    """What is the gradient of cross-entropy in the logits?"""
    while True:
        parts = [int(p) for p in rng.integers(1, 8, size=3)]
        target = int(rng.integers(3))
        if len(set(parts)) > 1:
            break
    total = sum(parts)
    p = [sp.Rational(part, total) for part in parts]
    hot = [sp.Integer(int(i == target)) for i in range(3)]
    answer = tuple(a - b for a, b in zip(p, hot))
    frac = lambda values: ",\\ ".join(sp.latex(v) for v in values)
    return {
        "given": (parts, target),
        "question": f"A row has the logits $\\ln {parts[0]}$, $\\ln {parts[1]}$ and $\\ln {parts[2]}$; its target is class {target}, counted from 0. "
        "What is the gradient of the cross-entropy with respect to the three logits? Write (a, b, c).",
        "answer": answer,
        "steps": [
            f"Softmax: the exponentials are {', '.join(map(str, parts))} with sum {total}, so $p = ({frac(p)})$.",
            "The gradient is $p$ minus the one-hot target.",
            f"Class {target} loses 1: $({frac(answer)})$. The three add up to 0.",
        ],
        "misconceptions": {
            tuple(p): "Those are the probabilities. The target's entry is still to lose 1.",
            tuple(-a for a in answer): "The sign is turned: the gradient points where the loss grows, so the target's entry is negative.",
            tuple(-1 / p[i] if i == target else sp.Integer(0) for i in range(3)): "That is the gradient in the probabilities. "
            "The softmax lies between them and the logits.",
        },
    }


def prove_softmax_gradient(problem, rng):
    """Central differences of the loss; the error of a step of 1e-4 is below its square."""
    parts, target = problem["given"]
    logits = np.log(parts)
    loss = lambda z: np.log(np.exp(z).sum()) - z[target]
    measured = [(loss(logits + 1e-4 * e) - loss(logits - 1e-4 * e)) / 2e-4 for e in np.eye(3)]
    return [float(a) for a in problem["answer"]], measured, 1e-7


def largest_stable_rate(rng):
    """At which learning rate does gradient descent begin to diverge?"""
    while True:
        a, b = (int(v) for v in rng.integers(1, 13, size=2))
        if a != b:
            break
    # With the axes turned by 45 degrees the eigenvalues a and b are hidden in the Hessian.
    hidden = bool(rng.integers(2)) and (a + b) % 2 == 0 and a > b
    s, d = sp.Rational(a + b, 2), sp.Rational(a - b, 2)
    big, small = max(a, b), min(a, b)
    term = lambda c, letter: f"{'' if c == 1 else sp.latex(c)}{letter}^2"
    where = (
        f"with the Hessian $\\begin{{pmatrix}} {s} & {d} \\\\ {d} & {s} \\end{{pmatrix}}$"
        if hidden
        else f"$f(x, y) = {term(sp.Rational(a, 2), 'x')} + {term(sp.Rational(b, 2), 'y')}$"
    )
    curvatures = f"${s} + {d} = {a}$ and ${s} - {d} = {b}$" if hidden else f"twice the coefficients: {a} and {b}"
    limit = f"2/{big}" if big % 2 else f"2/{big} = {sp.latex(sp.Rational(2, big))}"
    return {
        "given": (a, b, hidden),
        "question": f"Gradient descent runs on the quadratic {where}. Below which learning rate does it converge from every start?",
        "answer": sp.Rational(2, big),
        "steps": [
            f"The curvatures, the eigenvalues of the Hessian, are {curvatures}.",
            "Along an eigenvector of curvature $\\lambda$ each step multiplies the error by $1 - \\eta\\lambda$, "
            "which shrinks it while $0 < \\eta\\lambda < 2$.",
            f"The steepest direction decides: $\\eta < {limit}$.",
        ],
        "misconceptions": {
            sp.Rational(2, small): "The flattest direction allows that; the steepest has diverged long before.",
            sp.Rational(1, big): "At that rate the steepest direction is solved in one step. It still converges up to twice that.",
            sp.Rational(2, a + b): "The curvatures do not add up: each direction has its own limit, and the smallest counts.",
        },
    }


def prove_largest_stable_rate(problem, rng):
    """Halves the interval between a rate at which 16,384 steps shrink every start and one at which they do not."""
    a, b, hidden = problem["given"]
    hessian = np.diag([a, b]).astype(float)
    if hidden:
        turn = np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2)
        hessian = turn @ hessian @ turn.T

    def shrinks(rate):
        with np.errstate(all="ignore"):
            return bool(np.abs(np.linalg.matrix_power(np.eye(2) - rate * hessian, 2**14)).max() < 0.5)

    low, high = 0.001, 4.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if shrinks(middle) else (low, middle)
    return float(problem["answer"]), (low + high) / 2, 1e-4


def noise_of_a_batch(rng):
    """How much noise is left when a batch grows?"""
    while True:
        small, factor, noise = int(rng.choice([4, 8, 16, 32])), int(rng.choice([2, 3, 4, 5, 6])) ** 2, int(rng.integers(1, 7)) * 12
        root = int(factor**0.5)
        if noise % root == 0:
            break
    return {
        "given": (small, factor, noise),
        "question": f"With batches of {small} rows, drawn independently, one component of the gradient has a standard deviation of {noise} "
        f"around the full gradient. What is it with batches of {small * factor} rows?",
        "answer": sp.Integer(noise // root),
        "steps": [
            "The gradient of a batch is a mean of independent rows, so its variance is divided by the number of rows.",
            f"{small * factor} rows are {factor} times as many: the variance is divided by {factor}.",
            f"The standard deviation is divided by $\\sqrt{{{factor}}} = {root}$: ${noise}/{root} = {noise // root}$.",
        ],
        "misconceptions": {
            sp.Rational(noise, factor): "The variance falls by that factor. The standard deviation falls by its root.",
            sp.Integer(noise): "The mean of more rows is less noisy.",
            sp.Integer(noise * root): "A sum of more rows is noisier; the gradient is their mean.",
        },
    }


def prove_noise_of_a_batch(problem, rng, samples=2_000):
    """Draws batches of normal rows; the tolerance is five standard errors of a measured deviation."""
    small, factor, noise = problem["given"]
    of_a_row = noise * small**0.5
    means = rng.normal(scale=of_a_row, size=(samples, small * factor)).mean(axis=1)
    claimed = float(problem["answer"])
    return claimed, float(means.std()), 5 * claimed / (2 * samples) ** 0.5


def momentum_step(rng):
    """How large are the steps of momentum where the gradient stays the same?"""
    mu = sp.Rational(int(rng.choice([1, 3, 4, 9])), 1)
    mu = {1: sp.Rational(1, 2), 3: sp.Rational(3, 4), 4: sp.Rational(4, 5), 9: sp.Rational(9, 10)}[int(mu)]
    rate, gradient = sp.Rational(1, int(rng.choice([10, 20, 50, 100]))), int(rng.integers(2, 9))
    first = rng.integers(2) == 0
    n = int(rng.integers(2, 4)) if first else 0
    answer = rate * gradient * ((1 - mu**n) / (1 - mu) if first else 1 / (1 - mu))
    when = f"the length of step number {n}" if first else "the length that the steps approach"
    plain = rate * gradient
    return {
        "given": (mu, rate, gradient, n),
        "question": f"Momentum keeps $v \\leftarrow {sp.latex(mu)} v + g$, from $v = 0$, and moves by $-{sp.latex(rate)} v$. "
        f"The gradient is {gradient} at every step. What is {when}?",
        "answer": answer,
        "steps": [
            f"After $n$ steps $v = g(1 + \\mu + \\dots + \\mu^{{n-1}}) = g\\,\\frac{{1-\\mu^n}}{{1-\\mu}}$ with $\\mu = {sp.latex(mu)}$.",
            (
                f"For $n = {n}$ the bracket is ${sp.latex((1 - mu**n) / (1 - mu))}$."
                if first
                else f"As $n$ grows the bracket tends to $1/(1-\\mu) = {sp.latex(1 / (1 - mu))}$."
            ),
            f"The step is ${sp.latex(rate)} \\cdot {gradient}$ times that: ${sp.latex(answer)}$.",
        ],
        "misconceptions": {
            plain: "That is the step without momentum. The velocity has gathered earlier gradients as well.",
            (plain * mu ** (n - 1) if first else plain * mu): "The old velocity shrinks, but a new gradient is added at every step.",
            **(
                {plain * (1 - mu**n): "That form weights the new gradient by 1 minus mu. Here the gradient is added whole."}
                if first
                else {plain * (1 - mu): "The series adds up to 1/(1 - mu): divide by 1 - mu instead of multiplying by it."}
            ),
        },
    }


def prove_momentum_step(problem, rng):
    """Runs the update, a thousand times where the limit is asked for."""
    mu, rate, gradient, n = problem["given"]
    v = 0.0
    for _ in range(n or 1_000):
        v = float(mu) * v + gradient
    return float(problem["answer"]), float(rate) * v, 1e-9


def adam_second_step(rng):
    """What is Adam's corrected average after two gradients?"""
    while True:
        beta = sp.Rational(*[(1, 2), (3, 4), (4, 5), (9, 10)][int(rng.integers(4))])
        g1, g2 = (int(v) for v in rng.choice([-6, -4, -3, -2, 2, 3, 4, 6, 8], size=2))
        if g1 != g2 and beta * g1 + g2 != 0:
            break
    m1, m2 = (1 - beta) * g1, beta * (1 - beta) * g1 + (1 - beta) * g2
    answer = m2 / (1 - beta**2)
    return {
        "given": (beta, g1, g2),
        "question": f"Adam runs with $\\beta_1 = {sp.latex(beta)}$. The first two gradients of a weight are {g1} and {g2}. "
        "What is the bias-corrected first moment $\\hat m$ in the second step?",
        "answer": answer,
        "steps": [
            f"$m_1 = (1-\\beta_1) \\cdot {bracket(g1)} = {sp.latex(m1)}$.",
            f"$m_2 = \\beta_1 m_1 + (1-\\beta_1) \\cdot {bracket(g2)} = {sp.latex(m2)}$.",
            f"The weights of the two gradients add up to $1-\\beta_1^2 = {sp.latex(1 - beta**2)}$, so $\\hat m = {sp.latex(answer)}$.",
        ],
        "misconceptions": {
            m2: "That is m before the correction: its weights add up to less than 1.",
            m2 / (1 - beta): "The correction in step t divides by 1 minus beta to the power of t; here t is 2.",
            sp.Rational(g1 + g2, 2): "Adam's average weighs the later gradient more than the earlier one.",
        },
    }


def prove_adam_second_step(problem, rng):
    """Weighs the two gradients by a normalised geometric series instead of running the recursion."""
    beta, g1, g2 = problem["given"]
    weights = float(beta) ** np.array([1.0, 0.0])
    return float(problem["answer"]), float(np.average([g1, g2], weights=weights)), 1e-12


def size_through_layers(rng):
    """What becomes of a signal's mean square through several layers?"""
    while True:
        n, layers = int(rng.choice([64, 100, 128, 256])), int(rng.integers(2, 5))
        gain = sp.Rational(*[(1, 2), (2, 1), (3, 1), (4, 1), (1, 4), (3, 2)][int(rng.integers(6))])
        relu = bool(rng.integers(2))
        per_layer = gain / 2 if relu else gain
        answer = per_layer**layers
        if per_layer != 1 and answer not in (per_layer * layers, gain**layers if relu else (gain / 2) ** layers):
            break
    variance = gain / n
    return {
        "given": (n, layers, float(variance), relu),
        "question": f"A network has {layers} dense layers of width {n} without biases"
        + (", each followed by a relu" if relu else " and no nonlinearity")
        + f". Its weights are independent and normal, with mean 0 and variance ${sp.latex(variance)}$. The input has a mean square of 1. "
        "What mean square do you expect after the last layer?",
        "answer": answer,
        "steps": [
            f"Before any nonlinearity an output sums {n} products of mean square ${sp.latex(variance)}$: the layer multiplies the mean square by ${sp.latex(gain)}$.",
            (
                f"The relu sets half of it to zero, which leaves ${sp.latex(per_layer)}$ per layer."
                if relu
                else f"Nothing else happens in a layer: the factor is ${sp.latex(per_layer)}$."
            ),
            f"{layers} layers: $\\left({sp.latex(per_layer)}\\right)^{{{layers}}} = {sp.latex(answer)}$.",
        ],
        "misconceptions": {
            **(
                {gain**layers: "The relu halves the mean square in every layer."}
                if relu
                else {(gain / 2) ** layers: "There is no relu here that would halve it."}
            ),
            per_layer * layers: "The layers multiply one after the other; the factors do not add up.",
            per_layer: "That is one layer. The factor applies once in each.",
        },
    }


def prove_size_through_layers(problem, rng, trials=1_500):
    """Draws the outputs of random layers: given its input h, a layer's output is normal with variance v |h|². Six standard errors."""
    n, layers, variance, relu = problem["given"]
    squares = np.full(trials, float(n))
    for _ in range(layers):
        h = rng.normal(size=(trials, n)) * np.sqrt(variance * squares)[:, None]
        squares = (np.maximum(h, 0.0) ** 2 if relu else h**2).sum(axis=1)
    sizes = squares / n
    return float(problem["answer"]), float(sizes.mean()), 6 * float(sizes.std()) / trials**0.5


def saturated_chain(rng):
    """How much of a gradient survives a chain of sigmoids?"""
    while True:
        weights = [int(w) for w in rng.choice([1, 2, 3, 4, 5, 6, 8], size=int(rng.integers(2, 5)))]
        depth, product = len(weights), sp.Integer(prod(weights))
        answer = product / 4**depth
        without_slopes, without_weights = product, sp.Rational(1, 4) ** depth
        by_values, summed = product / 2**depth, sp.Rational(sum(weights), 4)
        if len({answer, without_slopes, without_weights, by_values, summed}) == 5:
            break
    listed = ", ".join(map(str, weights))
    factors = " \\cdot ".join(f"\\tfrac{{{w}}}{{4}}" for w in weights)
    return {
        "given": tuple(weights),
        "question": f"A chain of {depth} units computes $h_t = \\sigma\\left(w_t\\,(h_{{t-1}} - \\tfrac12)\\right)$ with the sigmoid $\\sigma$ and the "
        f"weights $w_1$ to $w_{depth}$: {listed}. From $h_0 = \\tfrac12$, what is $\\partial h_{depth} / \\partial h_0$?",
        "answer": answer,
        "steps": [
            "At $h_0 = 1/2$ the sigmoid sees 0 and gives $1/2$ again, so every unit works at 0.",
            "The slope of the sigmoid is $\\sigma(1-\\sigma)$, which is $1/4$ at 0.",
            f"Each unit multiplies the gradient by its weight and by $1/4$: ${factors} = {sp.latex(answer)}$.",
        ],
        "misconceptions": {
            without_slopes: "The slope of each sigmoid, 1/4, is missing.",
            without_weights: "Each unit multiplies by its weight and by the slope 1/4 of the sigmoid.",
            by_values: "The sigmoid's value at 0 is 1/2; its slope there is 1/4.",
            summed: "The factors of a chain multiply; they do not add up.",
        },
    }


def prove_saturated_chain(problem, rng):
    """A central difference through the whole chain; the error goes with the square of the step and the cube of the gain."""
    weights = problem["given"]

    def run(h):
        for w in weights:
            h = 1 / (1 + np.exp(-w * (h - 0.5)))
        return h

    claimed = float(problem["answer"])
    return claimed, float(run(0.5 + 1e-5) - run(0.5 - 1e-5)) / 2e-5, 1e-6 * max(claimed, 1e-3)


def batch_norm_by_hand(rng):
    """What does batch normalisation make of one value?"""
    pattern, deviation = [((1, 1, -1, -1), 1), ((3, 1, -1, -3), sp.sqrt(5)), ((2, 0, 0, -2), sp.sqrt(2)), ((5, -1, -1, -3), 3)][
        int(rng.integers(4))
    ]
    scale, mean = int(rng.integers(2, 6)), int(rng.integers(-5, 6))
    gamma, beta = int(rng.integers(2, 6)), int(rng.integers(-4, 5))
    values = [int(v) for v in mean + scale * rng.permutation(pattern)]
    which = int(np.argmax(np.abs(np.array(values) - mean)))
    hat = sp.Integer(values[which] - mean) / (scale * deviation)
    answer = sp.nsimplify(gamma * hat + beta)
    spread = scale * deviation
    unbiased = sp.sqrt(spread**2 * sp.Rational(4, 3))
    return {
        "given": (values, which, gamma, beta),
        "question": f"A feature has the values {', '.join(map(str, values))} in a batch of four. Batch normalisation with $\\gamma = {gamma}$, "
        f"$\\beta = {beta}$ and $\\epsilon = 0$ is in training mode. What becomes of the value {values[which]}?",
        "answer": answer,
        "steps": [
            f"The mean is {mean}, and the variance, the sum of the squared distances divided by 4, is ${sp.latex(spread**2)}$.",
            f"Normalised: $\\frac{{{values[which]}{signed(-mean)}}}{{{sp.latex(spread)}}} = {sp.latex(hat)}$.",
            f"Scaled and shifted: ${gamma} \\cdot \\left({sp.latex(hat)}\\right){signed(beta)} = {sp.latex(answer)}$.",
        ],
        "misconceptions": {
            gamma * sp.Integer(values[which] - mean) / unbiased + beta: "Normalising uses the variance divided by N, not by N - 1.",
            gamma * sp.Integer(values[which] - mean) / spread**2 + beta: "Divide by the standard deviation, not by the variance.",
            **(
                {gamma * (hat + beta): "The scale comes first, then the shift: gamma times the normalised value, plus beta."}
                if beta
                else {hat: "That is the normalised value. It is still to be multiplied by gamma."}
            ),
        },
    }


def prove_batch_norm_by_hand(problem, rng):
    """NumPy on the column."""
    values, which, gamma, beta = problem["given"]
    x = np.array(values, dtype=float)
    return float(problem["answer"]), float((gamma * (x - x.mean()) / x.std() + beta)[which]), 1e-9


def weight_decay_pull(rng):
    """Where does weight decay leave a weight?"""
    while True:
        curvature, decay = (int(v) for v in rng.integers(2, 10, size=2))
        best = int(rng.integers(2, 13)) * int(rng.choice([-1, 1]))
        if curvature != decay:
            break
    answer = sp.Rational(curvature * best, curvature + decay)
    return {
        "given": (curvature, decay, best),
        "question": f"Without decay the loss of one weight is $\\tfrac12 \\cdot {curvature}\\,(w{signed(-best)})^2$. "
        f"A penalty of $\\tfrac12 \\cdot {decay}\\,w^2$ is added. Where is the minimum now?",
        "answer": answer,
        "steps": [
            f"Set the slope to zero: ${curvature}(w{signed(-best)}) + {decay}w = 0$.",
            f"So ${curvature + decay}\\,w = {curvature * best}$, and $w = {sp.latex(answer)}$.",
            f"The weight keeps $\\lambda/(\\lambda+\\alpha) = {sp.latex(sp.Rational(curvature, curvature + decay))}$ of its size: "
            "the flatter its direction, the less.",
        ],
        "misconceptions": {
            sp.Rational(decay * best, curvature + decay): "The other way round: the share that stays is the curvature's.",
            sp.Integer(best): "That is the minimum without the penalty.",
            sp.Rational(curvature * best, decay): "The penalty adds to the curvature; it does not take its place.",
        },
    }


def prove_weight_decay_pull(problem, rng):
    """Gradient descent on the sum of both, to convergence."""
    curvature, decay, best = problem["given"]
    w = 0.0
    for _ in range(500):
        w -= 0.05 * (curvature * (w - best) + decay * w)
    return float(problem["answer"]), w, 1e-9


def dropout_noise(rng):
    """How much noise does dropout add to a sum?"""
    numerator, denominator = [(1, 5), (1, 2), (4, 5), (1, 10), (1, 4), (2, 5), (1, 3)][int(rng.integers(7))]
    p = sp.Rational(numerator, denominator)
    n, value = int(rng.choice([20, 30, 40, 60, 90])), int(rng.integers(2, 6))
    answer = n * value**2 * p / (1 - p)
    wrong = {
        n * value**2 * p * (1 - p): "Kept entries are also multiplied by 1/(1-p), which divides the variance by (1-p) squared.",
        n * value * p / (1 - p): "Multiplying by a constant multiplies the variance by its square.",
        value**2 * p / (1 - p): "That is the variance of one entry; independent entries add theirs up.",
    }
    return {
        "given": (n, value, float(p)),
        "question": f"{n} activations are all {value}. Inverted dropout with $p = {sp.latex(p)}$ is applied in training, and the results are added up. "
        f"The sum is {n * value} on average. What is its variance?",
        "answer": answer,
        "steps": [
            f"One entry is $0$ with probability $p$ and ${value}/(1-p)$ otherwise; its mean is {value}.",
            f"Its variance is $\\frac{{{value}^2}}{{(1-p)^2}} \\cdot p(1-p) = {value**2}\\,\\frac{{p}}{{1-p}} = {sp.latex(value**2 * p / (1 - p))}$.",
            f"{n} independent entries add up to ${sp.latex(answer)}$.",
        ],
        "misconceptions": wrong,
    }


def prove_dropout_noise(problem, rng, samples=20_000):
    """Draws masks; the tolerance is six standard errors of a variance, from the fourth moment that was measured."""
    n, value, p = problem["given"]
    sums = (rng.random((samples, n)) >= p).sum(axis=1) * value / (1 - p)
    squares = (sums - n * value) ** 2
    return float(problem["answer"]), float(squares.mean()), 6 * float(squares.std()) / samples**0.5


def convolution_output(rng):
    """What shape does a convolution give?"""
    while True:
        height, width = (int(v) for v in rng.integers(9, 41, size=2))
        k, stride, padding = int(rng.choice([3, 5, 7])), int(rng.integers(1, 4)), int(rng.integers(0, 4))
        size = lambda length: (length + 2 * padding - k) // stride + 1
        answer = (size(height), size(width))
        one_side = tuple((length + padding - k) // stride + 1 for length in (height, width))
        no_plus = tuple((length + 2 * padding - k) // stride for length in (height, width))
        rounded_up = tuple(-(-(length + 2 * padding - k) // stride) + 1 for length in (height, width))
        if stride > 1 and padding and rounded_up != answer and one_side != answer:
            break
    given = (height, width, k, stride, padding)
    integers = lambda pair: tuple(sp.Integer(v) for v in pair)
    return {
        "given": given,
        "question": f"An image of {height} rows and {width} columns goes through a convolution with a {k} by {k} kernel, a stride of {stride} "
        f"and a padding of {padding} on every side. How many rows and columns come out? Write (rows, columns).",
        "answer": integers(answer),
        "steps": [
            f"With the padding there are ${height} + 2 \\cdot {padding} = {height + 2 * padding}$ rows and {width + 2 * padding} columns.",
            f"A window can start at row 0 and at every {stride} rows after it, as far as row {height + 2 * padding - k}: "
            f"$\\lfloor {height + 2 * padding - k}/{stride} \\rfloor + 1 = {answer[0]}$.",
            f"Columns likewise: $\\lfloor {width + 2 * padding - k}/{stride} \\rfloor + 1 = {answer[1]}$.",
        ],
        "misconceptions": {
            integers(rounded_up): "A window that does not fit whole is left out: round down.",
            integers(one_side): "The padding is on both sides, so it counts twice.",
            integers(no_plus): "The window at the very start counts too: add 1.",
        },
    }


def prove_convolution_output(problem, rng):
    """Lists every place where a window fits."""
    height, width, k, stride, padding = problem["given"]
    count = lambda length: sum(start + k <= length + 2 * padding for start in range(0, length + 2 * padding, stride))
    return [float(v) for v in problem["answer"]], [count(height), count(width)], 0.0


def receptive_field(rng):
    """How much of the signal does one unit see?"""
    while True:
        layers = int(rng.integers(2, 5))
        kernels = [int(v) for v in rng.choice([2, 3, 5, 7], size=layers)]
        strides = [int(v) for v in rng.choice([1, 2, 3], size=layers)]
        field = 1 + sum((k - 1) * prod(strides[:i]) for i, k in enumerate(kernels))
        plain = 1 + sum(k - 1 for k in kernels)
        own = 1 + sum((k - 1) * prod(strides[: i + 1]) for i, k in enumerate(kernels))
        whole = all(k >= s for k, s in zip(kernels, strides))  # no value of the signal is skipped
        if whole and field < 200 and field not in (plain, own, sum(kernels), prod(kernels)):
            break
    text = "; ".join(f"kernel {k}, stride {s}" for k, s in zip(kernels, strides))
    terms = " + ".join(f"{k - 1} \\cdot {prod(strides[:i])}" for i, k in enumerate(kernels))
    return {
        "given": (kernels, strides),
        "question": f"A signal goes through {layers} convolutions without padding, in this order: {text}. "
        "How many neighbouring values of the signal does one value of the last output depend on?",
        "answer": sp.Integer(field),
        "steps": [
            "One value sees $k - 1$ steps beyond its first input in each layer.",
            "A step in a layer's input is as long, in the signal, as the strides of all earlier layers multiplied.",
            f"$1 + {terms} = {field}$.",
        ],
        "misconceptions": {
            sp.Integer(plain): "Without the strides that would be it. A step after a stride of 2 is two values long.",
            sp.Integer(own): "A layer's own stride spaces its outputs; the steps within its kernel are spaced by the earlier strides only.",
            sp.Integer(sum(kernels)): "Kernels overlap: each layer adds its size less one.",
            sp.Integer(prod(kernels)): "The kernels overlap, so the sizes do not multiply.",
        },
    }


def prove_receptive_field(problem, rng):
    """Runs convolutions of ones backwards from one output and counts the inputs that it reaches."""
    kernels, strides = problem["given"]
    reached = {0}
    for k, s in zip(reversed(kernels), reversed(strides)):
        reached = {s * place + i for place in reached for i in range(k)}
    return float(problem["answer"]), float(len(reached)), 0.0
