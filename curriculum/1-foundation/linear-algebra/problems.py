"""Generated problems of linear algebra: small whole numbers, one idea each, every key proved by another route."""

from __future__ import annotations

import re
from fractions import Fraction
from math import gcd, isqrt

import numpy as np
import sympy as sp

PROBLEMS = {
    "dot-product-angle": {"skills": ["linear-algebra/dot-product"], "minutes": 3, "difficulty": 1},
    "linear-combination": {"skills": ["linear-algebra/vectors"], "minutes": 3, "difficulty": 2},
    "three-norms": {"skills": ["linear-algebra/norms"], "minutes": 2, "difficulty": 1},
    "product-entry": {"skills": ["linear-algebra/matrix-product"], "minutes": 2, "difficulty": 1},
    "product-cost": {"skills": ["linear-algebra/matrix-product"], "minutes": 3, "difficulty": 2},
    "broadcast-shape": {"skills": ["linear-algebra/broadcasting"], "minutes": 2, "difficulty": 2},
    "einsum-sum": {"skills": ["linear-algebra/einsum"], "minutes": 3, "difficulty": 2},
    "softmax-weight": {"skills": ["linear-algebra/stable-softmax"], "minutes": 3, "difficulty": 2},
    "map-from-axes": {"skills": ["linear-algebra/linear-maps"], "minutes": 3, "difficulty": 2},
    "solve-two": {"skills": ["linear-algebra/gaussian-elimination"], "minutes": 4, "difficulty": 2},
    "lu-multiplier": {"skills": ["linear-algebra/lu-factorisation"], "minutes": 4, "difficulty": 3},
    "dependent-value": {"skills": ["linear-algebra/linear-independence-and-basis"], "minutes": 4, "difficulty": 3},
    "rank-of-three": {"skills": ["linear-algebra/rank", "linear-algebra/subspaces"], "minutes": 4, "difficulty": 2},
    "project-on-line": {"skills": ["linear-algebra/projections"], "minutes": 3, "difficulty": 2},
    "fit-slope": {"skills": ["linear-algebra/least-squares"], "minutes": 5, "difficulty": 3},
    "qr-corner": {"skills": ["linear-algebra/gram-schmidt-and-qr"], "minutes": 4, "difficulty": 3},
    "scaled-determinant": {"skills": ["linear-algebra/determinants"], "minutes": 3, "difficulty": 2},
    "two-eigenvalues": {"skills": ["linear-algebra/eigenvalues"], "minutes": 4, "difficulty": 2},
    "many-years": {"skills": ["linear-algebra/diagonalisation"], "minutes": 5, "difficulty": 3},
    "definite-limit": {
        "skills": ["linear-algebra/positive-definite-matrices", "linear-algebra/symmetric-matrices"],
        "minutes": 3,
        "difficulty": 3,
    },
    "largest-singular-value": {"skills": ["linear-algebra/singular-value-decomposition"], "minutes": 5, "difficulty": 4},
    "share-kept": {"skills": ["linear-algebra/low-rank-approximation"], "minutes": 3, "difficulty": 3},
    "digits-lost": {"skills": ["linear-algebra/conditioning"], "minutes": 3, "difficulty": 3},
}

INFINITY = r"\infty"
EXACT = 1e-9  # what float64 leaves of a computation with small numbers


def whole(rng, low, high, size=None, without=()):
    """Whole numbers from low to high, both included, none of them among `without`."""
    choices = [x for x in range(low, high + 1) if x not in without]
    drawn = rng.choice(choices, size=size)
    return int(drawn) if size is None else drawn.astype(int)


def tex(rows):
    """A matrix, or a vector as a column, in TeX."""
    rows = [[row] if np.ndim(row) == 0 else row for row in rows]
    return r"\begin{pmatrix} " + r" \\ ".join(" & ".join(sp.latex(sp.nsimplify(x)) for x in row) for row in rows) + r" \end{pmatrix}"


def point(xs):
    return "(" + ", ".join(str(int(x)) for x in xs) + ")"


def terms(xs, ys):
    """Products written out for a sum, with brackets round negative numbers."""
    return " + ".join(rf"{bracket(x)} \cdot {bracket(y)}" for x, y in zip(xs, ys, strict=True))


def bracket(x):
    """A number in TeX, in brackets if it is negative."""
    return f"({int(x)})" if x < 0 else str(int(x))


def side(factors, letters):
    """The left side of an equation, such as 3 s - t: a factor of 1 is not written."""
    written = "".join(
        f" {'-' if c < 0 else '+'} {'' if abs(c) == 1 else f'{abs(int(c))} '}{x}" for c, x in zip(factors, letters, strict=True)
    )
    return written[3:] if written.startswith(" +") else "-" + written[3:]


def root(n):
    """The square root of n in TeX, and what it comes to where that is simpler."""
    plain, simple = f"\\sqrt{{{n}}}", sp.latex(sp.sqrt(n))
    return plain if plain == simple else f"{plain} = {simple}"


def numbers(text):
    return [float(x) for x in re.findall(r"-?\d+(?:\.\d+)?", text)]


def matrices(text):
    """The matrices of a question, as arrays, read back from their TeX."""
    found = re.findall(r"\\begin\{pmatrix\}(.*?)\\end\{pmatrix\}", text)
    return [np.array([[float(x) for x in row.split("&")] for row in body.split(r"\\")]) for body in found]


def points(text):
    """The vectors of a question that are written with round brackets."""
    return [np.array([float(x) for x in body.split(",")]) for body in re.findall(r"\((-?\d+(?:, -?\d+)+)\)", text)]


def apart(answer, misconceptions):
    """Leaves out the wrong answers that these numbers happen to make right."""
    kept = {}
    for wrong, why in misconceptions.items():
        if abs(float(wrong) - float(answer)) > 1e-9:
            kept[sp.sympify(wrong)] = why
    return kept


def dot_product_angle(rng):
    """The cosine of the angle between two vectors"""
    # Vectors of whole length, so that the cosine is a fraction.
    short = [(1, 2, 2), (2, 3, 6), (1, 4, 8), (2, 6, 9), (4, 4, 7), (3, 4, 0), (6, 8, 0)]
    while True:
        a = rng.permutation(short[rng.integers(len(short))]) * rng.choice([-1, 1], 3)
        b = rng.permutation(short[rng.integers(len(short))]) * rng.choice([-1, 1], 3)
        dot, length_a, length_b = int(a @ b), round(float(np.linalg.norm(a))), round(float(np.linalg.norm(b)))
        if dot and abs(dot) < length_a * length_b:
            break
    answer = sp.Rational(dot, length_a * length_b)
    return {
        "question": f"What is the cosine of the angle between $a = {point(a)}$ and $b = {point(b)}$?",
        "answer": answer,
        "steps": [
            f"The dot product: ${terms(a, b)} = {dot}$.",
            f"The lengths: $\\|a\\| = \\sqrt{{{int(a @ a)}}} = {length_a}$ and $\\|b\\| = \\sqrt{{{int(b @ b)}}} = {length_b}$.",
            f"The cosine: ${dot} / ({length_a} \\cdot {length_b}) = {sp.latex(answer)}$.",
        ],
        "misconceptions": apart(
            answer,
            {
                sp.Integer(dot): "That is the dot product. Divide it by both lengths.",
                sp.Rational(dot, length_a**2 * length_b**2): "Divide by the lengths, not by their squares.",
                sp.Rational(dot, length_a + length_b): "The lengths are multiplied, not added.",
                -answer: "The sign is the other way round: check the products of negative entries.",
            },
        ),
    }


def prove_dot_product_angle(problem, rng):
    """By the law of cosines, which knows no dot product."""
    a, b = points(problem["question"])
    la, lb, lc = (np.sqrt(sum(x * x for x in v)) for v in (a, b, a - b))
    return float(problem["answer"]), float((la**2 + lb**2 - lc**2) / (2 * la * lb)), EXACT


def linear_combination(rng):
    """The weight of one vector in a linear combination"""
    while True:
        u, v = whole(rng, -3, 4, 2, without=(0,)), whole(rng, -3, 4, 2, without=(-1, 0, 1))
        det = int(u[0] * v[1] - u[1] * v[0])
        s, t = whole(rng, -4, 5, without=(0,)), whole(rng, -4, 5, without=(0,))
        if det and s != t:
            break
    target = s * u + t * v
    answer = sp.Integer(s)
    return {
        "question": f"Write ${point(target)}$ as a combination $s \\cdot {point(u)} + t \\cdot {point(v)}$. What is $s$?",
        "answer": answer,
        "steps": [
            f"The entries give two equations: ${side((u[0], v[0]), 'st')} = {target[0]}$ and ${side((u[1], v[1]), 'st')} = {target[1]}$.",
            f"Multiply the first by ${v[1]}$, the second by ${v[0]}$, and subtract: "
            f"${side((det,), 's')} = {int(target[0] * v[1] - target[1] * v[0])}$.",
            f"So $s = {s}$ (and $t = {t}$).",
        ],
        "misconceptions": apart(
            answer,
            {
                sp.Integer(t): "That is $t$, the weight of the second vector.",
                sp.Integer(-s): "Check the signs where you subtracted the equations.",
                sp.Integer(
                    int(target @ u)
                ): "That is the dot product with the first vector; it is the weight only where both have length 1 and stand at right angles.",
            },
        ),
    }


def prove_linear_combination(problem, rng):
    """By trying all whole weights, without solving."""
    target, u, v = points(problem["question"])
    s, t = np.mgrid[-30:31, -30:31]
    hits = s[(s * u[0] + t * v[0] == target[0]) & (s * u[1] + t * v[1] == target[1])]
    assert len(hits) == 1
    return float(problem["answer"]), float(hits[0]), EXACT


def three_norms(rng):
    """A norm of a vector"""
    triple = [(1, 2, 2), (2, 3, 6), (1, 4, 8), (2, 6, 9), (4, 4, 7), (2, 5, 14)][rng.integers(6)]
    x = rng.permutation(triple) * rng.choice([-1, 1], 3)
    x[rng.integers(3)] *= -1
    if (x > 0).all():
        x[0] *= -1
    sizes = {"1": sp.Integer(int(np.abs(x).sum())), "2": sp.sqrt(int(x @ x)), INFINITY: sp.Integer(int(np.abs(x).max()))}
    order = ["1", "2", INFINITY][rng.integers(3)]
    entries = [abs(int(v)) for v in x]
    how = {
        "1": f"The 1-norm adds up the sizes of the entries: ${' + '.join(map(str, entries))} = {sizes['1']}$.",
        "2": f"The 2-norm is the root of the sum of the squares: $\\sqrt{{{' + '.join(f'{v}^2' for v in entries)}}} = {sp.latex(sizes['2'])}$.",
        INFINITY: f"The infinity-norm is the largest of the sizes: ${sizes[INFINITY]}$.",
    }[order]
    answer = sizes.pop(order)
    return {
        "question": f"What is $\\|x\\|_{{{order}}}$ for $x = {point(x)}$?",
        "answer": answer,
        "steps": ["A norm looks at the sizes of the entries: signs do not matter.", how],
        "misconceptions": apart(
            answer,
            {
                **({sp.Integer(int(x.sum())): "Take the size of each entry first: signs must not cancel."} if order == "1" else {}),
                **(
                    {sp.Integer(int(x.max())): "The largest in size may be a negative entry, and its size counts."}
                    if order == INFINITY
                    else {}
                ),
                sp.Integer(int(x @ x)): "That is the square of the 2-norm.",
                **{value: f"That is the norm with index ${index}$." for index, value in sizes.items()},
            },
        ),
    }


def prove_three_norms(problem, rng):
    x = points(problem["question"])[0]
    order = {"1": 1, "2": 2, "\\": np.inf}[re.search(r"\|_\{(.)", problem["question"])[1]]
    return float(problem["answer"]), float(np.linalg.norm(x, order)), EXACT


def product_entry(rng):
    """One entry of a matrix product"""
    while True:
        A, B = whole(rng, -4, 5, (2, 3)), whole(rng, -4, 5, (3, 2))
        i, j = int(rng.integers(2)), int(rng.integers(2))
        value = int(A[i] @ B[:, j])
        other = int(A[j] @ B[:, i])
        if i != j and value != other and value != 0:
            break
    answer = sp.Integer(value)
    return {
        "question": f"Let $A = {tex(A.tolist())}$ and $B = {tex(B.tolist())}$. What is the entry of $AB$ in row {i + 1}, column {j + 1}?",
        "answer": answer,
        "steps": [
            f"It is the dot product of row {i + 1} of $A$, ${point(A[i])}$, with column {j + 1} of $B$, ${point(B[:, j])}$.",
            f"${terms(A[i], B[:, j])} = {value}$.",
        ],
        "misconceptions": apart(
            answer,
            {
                sp.Integer(other): f"That is the entry in row {j + 1}, column {i + 1}.",
                sp.Integer(int(A[i] @ B[:, i])): f"You took column {i + 1} of $B$; the second number names the column.",
                sp.Integer(int(A[i].sum() * B[:, j].sum())): "Multiply pair by pair and then add, not the sums.",
            },
        ),
    }


def prove_product_entry(problem, rng):
    """By applying the map A to the column, as a combination of the columns of A."""
    A, B = matrices(problem["question"])
    i, j = (int(x) - 1 for x in re.findall(r"row (\d), column (\d)", problem["question"])[0])
    image = sum(B[k, j] * A[:, k] for k in range(3))
    return float(problem["answer"]), float(image[i]), EXACT


def product_cost(rng):
    """How many multiplications the cheaper order of a product takes"""
    while True:
        n, k, m, p = (int(x) for x in rng.choice([2, 3, 5, 10, 20, 50, 100, 200], 4))
        left, right = n * k * m + n * m * p, k * m * p + n * k * p
        if left != right:
            break
    answer = sp.Integer(min(left, right))
    cheaper = "(AB)C" if left < right else "A(BC)"
    first = f"{n} \\cdot {k} \\cdot {m} + {n} \\cdot {m} \\cdot {p} = {left}"
    second = f"{k} \\cdot {m} \\cdot {p} + {n} \\cdot {k} \\cdot {p} = {right}"
    return {
        "question": f"$A$ is ${n} \\times {k}$, $B$ is ${k} \\times {m}$ and $C$ is ${m} \\times {p}$. "
        "How many multiplications does $ABC$ take, in the cheaper order of the two?",
        "answer": answer,
        "steps": [
            "A product of $(n, k)$ with $(k, m)$ takes $n k m$ multiplications.",
            f"$(AB)C$ takes ${first}$; $A(BC)$ takes ${second}$.",
            f"The cheaper order is ${cheaper}$, with ${min(left, right)}$.",
        ],
        "misconceptions": apart(
            answer,
            {
                sp.Integer(max(left, right)): "That is the dearer order. Compare it with the other one.",
                sp.Integer(n * k * m * p): "That is a sum over all four indices at once. Two products, one after the other, take fewer.",
                sp.Integer(n * k * m + m * p): "The second product starts from the result of the first, which has as many rows as $A$.",
            },
        ),
    }


def prove_product_cost(problem, rng):
    """By dynamic programming over the chain, which tries every order."""
    sizes = [int(x) for x in re.findall(r"(\d+) \\times (\d+)", problem["question"]) for x in x]
    d = [sizes[0], sizes[2], sizes[4], sizes[5]]

    def best(i, j):
        return 0 if j == i + 1 else min(best(i, s) + best(s, j) + d[i] * d[s] * d[j] for s in range(i + 1, j))

    return float(problem["answer"]), float(best(0, 3)), EXACT


def broadcast_shape(rng):
    """How many entries an operation by broadcasting has"""
    a, b, c = (int(x) for x in rng.choice(np.arange(2, 10), 3, replace=False))
    left, right = [((a, 1, c), (b, c)), ((a, 1), (b,)), ((a, b, 1), (a, 1, c)), ((b, 1), (a, 1, c)), ((a, b), (b,))][rng.integers(5)]
    shape = np.broadcast_shapes(left, right)
    answer = sp.Integer(int(np.prod(shape)))
    written = lambda s: "(" + ", ".join(map(str, s)) + ("," if len(s) == 1 else "") + ")"
    product = r" \cdot ".join(map(str, shape))
    size_l, size_r = int(np.prod(left)), int(np.prod(right))
    return {
        "question": f"Two arrays have the shapes `{written(left)}` and `{written(right)}`. How many entries does their sum have?",
        "answer": answer,
        "steps": [
            "Line the shapes up from the right. An axis that is missing or has size 1 is repeated.",
            f"The sum has the shape `{written(shape)}`.",
            f"It has ${product} = {answer}$ entries.",
        ],
        "misconceptions": apart(
            answer,
            {
                sp.Integer(size_l * size_r): "Axes that are lined up are matched with each other, not multiplied.",
                sp.Integer(size_l + size_r): "The entries of the two are combined, not put behind each other.",
                sp.Integer(max(size_l, size_r)): "The smaller is not always stretched into the larger: both can be stretched.",
            },
        ),
    }


def prove_broadcast_shape(problem, rng):
    """By adding two arrays of these shapes."""
    left, right = (tuple(int(x) for x in re.findall(r"\d+", s)) for s in re.findall(r"`(.*?)`", problem["question"]))
    return float(problem["answer"]), float((np.zeros(left) + np.zeros(right)).size), EXACT


def einsum_sum(rng):
    """What an einsum of two small matrices gives"""
    while True:
        A, B = whole(rng, -3, 5, (2, 2)), whole(rng, -3, 5, (2, 2))
        values = {
            "ij,ij->": int((A * B).sum()),
            "ij,ji->": int((A * B.T).sum()),
            "ii,jj->": int(np.trace(A) * np.trace(B)),
            "ij,jk->": int((A @ B).sum()),
        }
        if len(set(values.values())) == 4:
            break
    rule = list(values)[rng.integers(4)]
    answer = sp.Integer(values.pop(rule))
    why = {
        "ij,ij->": "the sum of the products of entries in the same place",
        "ij,ji->": "the trace of $AB$: each entry of $A$ times the entry of $B$ in the mirrored place",
        "ii,jj->": "the product of the two traces, since $i$ and $j$ run apart",
        "ij,jk->": "the sum of all entries of $AB$: column sums of $A$ times row sums of $B$",
    }
    work = {
        "ij,ij->": terms(A.ravel(), B.ravel()),
        "ij,ji->": terms(A.ravel(), B.T.ravel()),
        "ii,jj->": terms([np.trace(A)], [np.trace(B)]),
        "ij,jk->": terms(A.sum(axis=0), B.sum(axis=1)),
    }[rule]
    return {
        "question": f'Let $A = {tex(A.tolist())}$ and $B = {tex(B.tolist())}$. What is `np.einsum("{rule}", A, B)`?',
        "answer": answer,
        "steps": [
            "No letter stands on the right of the arrow, so everything is summed into one number.",
            f"The rule `{rule}` gives {why[rule]}.",
            f"That is ${work} = {answer}$.",
        ],
        "misconceptions": {sp.Integer(v): f"That is `{k}`, {why[k]}." for k, v in values.items()},
    }


def prove_einsum_sum(problem, rng):
    """By loops over every letter."""
    A, B = matrices(problem["question"])
    left, right = re.search(r'"(\w\w),(\w\w)->"', problem["question"]).groups()
    letters = sorted(set(left + right))
    total = 0.0
    for place in np.ndindex(*[2] * len(letters)):
        at = dict(zip(letters, place, strict=True))
        total += A[at[left[0]], at[left[1]]] * B[at[right[0]], at[right[1]]]
    return float(problem["answer"]), total, EXACT


def softmax_weight(rng):
    """A weight of a softmax over logarithms"""
    while True:
        a, b, c = (int(x) for x in rng.choice(np.arange(2, 13), 3, replace=False))
        if 2 * a != b + c:  # else the weight is 1/3, which a guess also gives
            break
    shift = int(rng.integers(1, 9)) * 100
    answer = sp.Rational(a, a + b + c)
    return {
        "question": f"What weight does softmax give to the first entry of $({shift} + \\ln {a}, \\; {shift} + \\ln {b}, \\; {shift} + \\ln {c})$?",
        "answer": answer,
        "steps": [
            f"Only differences count: subtract {shift} from every entry.",
            f"The exponentials are then {a}, {b} and {c}, and add up to {a + b + c}.",
            f"The weight is ${sp.latex(answer)}$.",
        ],
        "misconceptions": apart(
            answer,
            {
                sp.Rational(1, 3): "The common part cancels, but the entries are not equal.",
                sp.Rational(a, b + c): "Divide by the sum of all the exponentials, its own among them.",
                sp.Integer(a): "That is the exponential. The weights must add up to 1.",
                (shift + sp.log(a)) / (3 * shift + sp.log(a * b * c)): "Take the exponentials before you divide by the sum.",
            },
        ),
    }


def prove_softmax_weight(problem, rng):
    shift, a, _, b, _, c = numbers(problem["question"])
    x = shift + np.log([a, b, c])
    e = np.exp(x - x.max())
    return float(problem["answer"]), float(e[0] / e.sum()), EXACT


def map_from_axes(rng):
    """The image of a vector, from the images of the axes"""
    while True:
        p, q = whole(rng, -4, 5, 2), whole(rng, -4, 5, 2)
        x, y = whole(rng, -3, 5, without=(0,)), whole(rng, -3, 5, without=(0,))
        image = x * p + y * q
        wrong = np.array([p @ (x, y), q @ (x, y)])
        if not np.array_equal(image, wrong) and not np.array_equal(image, y * p + x * q) and not np.array_equal(image, p + q):
            break
    answer = tuple(sp.Integer(int(v)) for v in image)
    as_tuple = lambda v: tuple(sp.Integer(int(e)) for e in v)
    return {
        "question": f"A linear map sends $(1, 0)$ to ${point(p)}$ and $(0, 1)$ to ${point(q)}$. Where does it send ${point((x, y))}$?",
        "answer": answer,
        "steps": [
            f"${point((x, y))}$ is {x} times the first axis plus {y} times the second.",
            f"So its image is ${x} \\cdot {point(p)} + {y} \\cdot {point(q)}$.".replace("+ -", "- "),
            f"That is ${point(image)}$.",
        ],
        "misconceptions": {
            as_tuple(y * p + x * q): "The weights are exchanged: the first entry belongs to the first axis.",
            as_tuple(p + q): "The entries of the vector are the weights of the two images.",
            as_tuple(wrong): "The images of the axes are the columns of the matrix, not its rows.",
        },
    }


def prove_map_from_axes(problem, rng):
    """By fitting a matrix to the two images and measuring its product; the distance of claim and image must be 0."""
    e1, p, e2, q, v = points(problem["question"])
    M = np.linalg.lstsq(np.array([e1, e2]), np.array([p, q]), rcond=None)[0].T
    return 0.0, float(np.linalg.norm(M @ v - np.array(problem["answer"], dtype=float))), EXACT


def solve_two(rng):
    """Two equations with two unknowns"""
    while True:
        A = whole(rng, -4, 6, (2, 2), without=(-1, 0, 1))
        x = whole(rng, -5, 6, 2, without=(0,))
        det = int(A[0, 0] * A[1, 1] - A[0, 1] * A[1, 0])
        if det and x[0] != x[1]:
            break
    b = A @ x
    lines = [f"{A[i, 0]} x + {A[i, 1]} y = {b[i]}".replace("+ -", "- ") for i in range(2)]
    m = sp.Rational(int(A[1, 0]), int(A[0, 0]))
    pivot = int(A[1, 1]) - m * int(A[0, 1])
    answer = sp.Integer(int(x[1]))
    return {
        "question": f"Solve ${lines[0]}$ and ${lines[1]}$ by elimination. What is $y$?",
        "answer": answer,
        "steps": [
            f"The multiplier is ${A[1, 0]} / {bracket(A[0, 0])} = {sp.latex(m)}$: subtract that many times the first equation from the second.",
            f"What remains is ${sp.latex(pivot)} \\, y = {sp.latex(int(b[1]) - m * int(b[0]))}$.",
            f"So $y = {answer}$, and $x = {x[0]}$ from the first equation.",
        ],
        "misconceptions": apart(
            answer,
            {
                sp.Integer(int(x[0])): "That is $x$.",
                sp.Rational(sp.Integer(int(b[1])), 1) / pivot: "The right-hand side must be changed by the same step as the left.",
                -answer: "Check the signs where you divide at the end.",
            },
        ),
    }


def prove_solve_two(problem, rng):
    """By Cramer's rule on the numbers of the question."""
    a, b, e, c, d, f = numbers(re.sub(r"- (\d)", r"-\1", problem["question"]))
    return float(problem["answer"]), (a * f - c * e) / (a * d - b * c), EXACT


def lu_multiplier(rng):
    """An entry of L in A = LU"""
    while True:
        l21, l31, l32 = (whole(rng, -3, 4, without=(0,)) for _ in range(3))
        U = np.triu(whole(rng, -3, 4, (3, 3), without=(0,)))
        A = np.array([[1, 0, 0], [l21, 1, 0], [l31, l32, 1]]) @ U
        if len({l21, l31, l32}) == 3 and A[1, 1] != 0:
            break
    answer = sp.Integer(l32)
    after = A[1:] - np.outer([l21, l31], A[0])
    return {
        "question": f"Factor $A = {tex(A.tolist())}$ into $LU$ without row exchanges, with ones on the diagonal of $L$. "
        "What is the entry of $L$ in row 3, column 2?",
        "answer": answer,
        "steps": [
            f"The multipliers of the first step are {l21} for row 2 and {l31} for row 3.",
            f"After it, the rows 2 and 3 are ${point(after[0])}$ and ${point(after[1])}$.",
            f"The second pivot is {after[0][1]}, so the multiplier for row 3 is ${after[1][1]} / {bracket(after[0][1])} = {l32}$.",
        ],
        "misconceptions": apart(
            answer,
            {
                sp.Integer(l31): "That is the multiplier of the first column.",
                sp.Integer(-l32): "The multiplier is what is subtracted: its sign stays in $L$.",
                sp.Rational(int(A[2, 1]), int(A[1, 1])): "Divide the entries as they are after the first step, not those of $A$.",
            },
        ),
    }


def prove_lu_multiplier(problem, rng):
    """By ratios of minors, which need no elimination."""
    A = matrices(problem["question"])[0]
    minor = np.linalg.det(A[np.ix_([0, 2], [0, 1])]) / np.linalg.det(A[:2, :2])
    return float(problem["answer"]), float(minor), 1e-8


def dependent_value(rng):
    """The value that makes three vectors dependent"""
    while True:
        u, v = whole(rng, -3, 4, 3), whole(rng, -3, 4, 3)
        s, t = whole(rng, -3, 4, without=(0,)), whole(rng, -3, 4, without=(0,))
        det = int(u[0] * v[1] - u[1] * v[0])
        w = s * u + t * v
        if det and w[2] != 0:
            break
    answer = sp.Integer(int(w[2]))
    return {
        "question": f"For which $c$ are ${point(u)}$, ${point(v)}$ and $({w[0]}, {w[1]}, c)$ linearly dependent?",
        "answer": answer,
        "steps": [
            "The first two are independent, so the third must be a combination of them, $s$ times the first plus $t$ times the second.",
            f"The first two entries give $s = {s}$ and $t = {t}$.",
            f"The third entry is then $c = {terms((s, t), (u[2], v[2]))} = {answer}$.",
        ],
        "misconceptions": apart(
            answer,
            {
                sp.Integer(int(u[2] + v[2])): "The third need not be the plain sum of the first two.",
                -answer: "Check the sign: the combination must give the third vector itself.",
                sp.Integer(0): "A zero in one entry does not make vectors dependent.",
            },
        ),
    }


def prove_dependent_value(problem, rng):
    """By the determinant, which is linear in c: its root from two values."""
    u, v = points(problem["question"])[:2]
    x, y = (float(n) for n in re.search(r"\((-?\d+), (-?\d+), c\)", problem["question"]).groups())
    at = [np.linalg.det([u, v, (x, y, c)]) for c in (0.0, 1.0)]
    return float(problem["answer"]), float(-at[0] / (at[1] - at[0])), 1e-8


def rank_of_three(rng):
    """The dimension of one of the four subspaces"""
    n, m = int(rng.integers(3, 6)), int(rng.integers(3, 7))
    while n == m:
        m = int(rng.integers(3, 7))
    r = int(rng.integers(1, 3))
    while True:
        A = whole(rng, -2, 3, (n, r), without=(0,)) @ whole(rng, -2, 3, (r, m), without=(0,))
        if np.linalg.matrix_rank(A) == r:
            break
    what, dimension = [
        ("column space", r),
        ("null space", m - r),
        ("left null space", n - r),
        ("row space", r),
    ][rng.integers(4)]
    answer = sp.Integer(dimension)
    lost = f"the dimension of the {what} is {'rows' if what == 'left null space' else 'columns'} less rank"
    all_of = lost if "null" in what else "the rank can be smaller"
    return {
        "question": f"What is the dimension of the {what} of $A = {tex(A.tolist())}$?",
        "answer": answer,
        "steps": [
            f"Elimination leaves {r} {'pivot' if r == 1 else 'pivots'}, so the rank is {r}.",
            f"$A$ has {n} rows and {m} columns: the row and the column space have dimension {r}, the null space ${m} - {r}$, the left null space ${n} - {r}$.",
            f"The {what} has dimension {answer}.",
        ],
        "misconceptions": apart(
            answer,
            {
                sp.Integer(m - r): "That is the dimension of the null space: columns less rank.",
                sp.Integer(n - r): "That is the dimension of the left null space: rows less rank.",
                sp.Integer(r): "That is the rank, the dimension of the row space and of the column space.",
                sp.Integer(n): f"That is the number of rows; {all_of}.",
                sp.Integer(m): f"That is the number of columns; {all_of}.",
            },
        ),
    }


def prove_rank_of_three(problem, rng):
    """By counting singular values that are not zero."""
    A = matrices(problem["question"])[0]
    what = re.search(r"dimension of the (.*?) of", problem["question"])[1]
    rank = int((np.linalg.svd(A, compute_uv=False) > 1e-9).sum())
    measured = {"column space": rank, "row space": rank, "null space": A.shape[1] - rank, "left null space": A.shape[0] - rank}[what]
    return float(problem["answer"]), float(measured), EXACT


def project_on_line(rng):
    """The projection of a point onto a line"""
    while True:
        a, c, side = whole(rng, -3, 4, 2), whole(rng, -3, 4, without=(0, 1)), whole(rng, -2, 3, without=(0,))
        if abs(a).sum() > 1 and gcd(int(a[0]), int(a[1])) == 1 and a[0] * a[1] != 0:
            break
    y = c * a + side * np.array([-a[1], a[0]])
    nearest = c * a
    answer = tuple(sp.Integer(int(v)) for v in nearest)
    dot, square = int(a @ y), int(a @ a)
    as_tuple = lambda v: tuple(sp.nsimplify(e) for e in v)
    wrong = {
        tuple(sp.Integer(dot * int(v)) for v in a): "Divide by $a \\cdot a$: only for a vector of length 1 is the dot product the weight.",
        as_tuple(y - nearest): "That is the error, at right angles to the line, not the point on the line.",
        as_tuple(a): "That is the direction itself: it still needs its weight.",
    }
    return {
        "question": f"Project $y = {point(y)}$ onto the line through the origin along $a = {point(a)}$. Which point of the line is nearest?",
        "answer": answer,
        "steps": [
            f"The weight is $(a \\cdot y) / (a \\cdot a) = {dot} / {square} = {c}$.",
            f"The nearest point is ${c} \\cdot {point(a)} = {point(nearest)}$.",
            f"Check: the error ${point(y - nearest)}$ has dot product 0 with $a$.",
        ],
        "misconceptions": {k: v for k, v in wrong.items() if k != answer},
    }


def prove_project_on_line(problem, rng):
    """By searching the line for the least distance: three values fix the parabola of its square."""
    y, a = points(problem["question"])[:2]
    f = lambda c: float(((y - c * a) ** 2).sum())
    best = (f(-1) - f(1)) / (2 * (f(1) + f(-1) - 2 * f(0)))
    return 0.0, float(np.linalg.norm(best * a - np.array(problem["answer"], dtype=float))), EXACT


def fit_slope(rng):
    """The slope of the best line through four points"""
    while True:
        ys = whole(rng, -4, 9, 4)
        t = np.arange(4)
        slope = Fraction(int(4 * (t @ ys) - 6 * ys.sum()), 20)
        if slope != 0 and slope != int(ys[-1] - ys[0]) / Fraction(3) and slope.denominator <= 10:
            break
    answer = sp.Rational(slope.numerator, slope.denominator)
    pairs = ", ".join(f"$({i}, {y})$" for i, y in enumerate(ys))
    return {
        "question": f"A line $y = \\alpha + \\beta t$ is fitted by least squares to the points {pairs}. What is the slope $\\beta$?",
        "answer": answer,
        "steps": [
            f"The normal equations are $4 \\alpha + 6 \\beta = {int(ys.sum())}$ and $6 \\alpha + 14 \\beta = {int(t @ ys)}$.",
            f"Subtract 3/2 times the first from the second: $5 \\beta = {sp.latex(sp.Rational(int(2 * (t @ ys) - 3 * ys.sum()), 2))}$.",
            f"So $\\beta = {sp.latex(answer)}$.",
        ],
        "misconceptions": apart(
            answer,
            {
                sp.Rational(int(ys[-1] - ys[0]), 3): "That is the slope from the first point to the last. The others count too.",
                sp.Rational(int(t @ ys), 14): "That is the best line through the origin: the constant is missing.",
                sp.Rational(int(4 * (14 * ys.sum() - 6 * (t @ ys))), 80): "That is the constant $\\alpha$.",
            },
        ),
    }


def prove_fit_slope(problem, rng):
    """By gradient descent on the sum of squares, from zero."""
    ys = np.array([p[1] for p in points(problem["question"])])
    A, x = np.array([[1.0, t] for t in range(4)]), np.zeros(2)
    for _ in range(600):
        x = x - 0.12 * A.T @ (A @ x - ys) / 2
    return float(problem["answer"]), float(x[1]), 1e-6


def qr_corner(rng):
    """An entry of R in A = QR"""
    p, q, h = [(3, 4, 5), (4, 3, 5), (6, 8, 10), (5, 12, 13), (8, 6, 10), (12, 5, 13)][rng.integers(6)]
    while True:
        along, beside = whole(rng, -6, 7, without=(0,)), whole(rng, 1, 6)
        second = [sp.Rational(p * along - q * beside, h), sp.Rational(q * along + p * beside, h)]
        if abs(along) != beside and along != h:
            break
    scale = sp.ilcm(*[x.q for x in second])
    second, along, beside = [int(x * scale) for x in second], along * scale, beside * scale
    corner = bool(rng.integers(2))
    answer = sp.Integer(along if corner else beside)
    dot = p * second[0] + q * second[1]
    return {
        "question": f"Let $A = {tex([[p, second[0]], [q, second[1]]])} = QR$ with orthonormal columns in $Q$ and a positive diagonal in $R$. "
        f"What is the entry of $R$ in row {1 if corner else 2}, column 2?",
        "answer": answer,
        "steps": [
            f"The first column has length ${h}$, so $q_1 = ({p}, {q}) / {h}$.",
            f"The part of the second column along it is $q_1 \\cdot a_2 = {dot} / {h} = {along}$: row 1 of $R$.",
            *(
                []
                if corner
                else [
                    f"What remains of the second column has length $\\sqrt{{{second[0] ** 2 + second[1] ** 2} - {along**2}}} = {beside}$."
                ]
            ),
        ],
        "misconceptions": apart(
            answer,
            {
                sp.Integer(dot): "Divide by the length of the first column: the direction $q_1$ has length 1.",
                sp.Integer(beside if corner else along): f"That is the entry in row {2 if corner else 1}.",
                sp.sqrt(second[0] ** 2 + second[1] ** 2): "That is the length of the whole second column.",
                sp.Integer(h): "That is the length of the first column, the entry in row 1, column 1.",
            },
        ),
    }


def prove_qr_corner(problem, rng):
    """By the Cholesky factor of A'A, which is R."""
    A = matrices(problem["question"])[0]
    row = int(re.search(r"in row (\d), column 2", problem["question"])[1]) - 1
    return float(problem["answer"]), float(np.linalg.cholesky(A.T @ A).T[row, 1]), 1e-6


def scaled_determinant(rng):
    """What becomes of a determinant"""
    n, c, d = int(rng.integers(2, 5)), int(rng.integers(2, 5)), whole(rng, -6, 7, without=(-1, 0, 1, 2))
    each_row = f"All {n} rows are multiplied by {c}, so the factor counts {n} times."
    reciprocal = "The determinant of the inverse is the reciprocal: the two must multiply to 1."
    what, value, how, usual = [
        (
            f"{c}A",
            c**n * d,
            f"Each of the {n} rows is multiplied by {c}, so the factor is ${c}^{n} = {c**n}$.",
            {sp.Integer(c * d): each_row, sp.Integer(c) * d**n: "The factor is raised to the power, not the determinant."},
        ),
        (
            "A^2",
            d * d,
            f"The determinant of a product is the product of the determinants: ${bracket(d)} \\cdot {bracket(d)}$.",
            {sp.Integer(2 * d): "Two factors multiply, they do not add.", sp.Integer(d) ** n: "The power is 2, whatever the size."},
        ),
        (
            "A^{-1}",
            Fraction(1, d),
            "The determinants of $A$ and $A^{-1}$ multiply to 1.",
            {sp.Integer(-d): reciprocal, sp.Rational(1, d**n): "The reciprocal is taken once, whatever the size."},
        ),
        (
            f"{c}A^{{-1}}",
            Fraction(c**n, d),
            f"The inverse has the determinant $1 / {bracket(d)}$, and each of its {n} rows is multiplied by {c}: the factor is ${c}^{n} = {c**n}$.",
            {
                sp.Rational(c, d): each_row,
                sp.Integer(c**n * d): reciprocal,
                sp.Rational(1, c**n * d): "The factor stays outside the inverse.",
            },
        ),
    ][rng.integers(4)]
    answer = sp.Rational(value.numerator, value.denominator)
    return {
        "question": f"A ${n} \\times {n}$ matrix $A$ has the determinant {d}. What is the determinant of ${what}$?",
        "answer": answer,
        "steps": [how, f"So it is ${sp.latex(answer)}$."],
        "misconceptions": apart(answer, {**usual, sp.Integer(d): "The determinant does change: the map is another one."}),
    }


def prove_scaled_determinant(problem, rng):
    """On a random matrix of that determinant."""
    q = problem["question"]
    n, d = int(re.search(r"A \$(\d)", q)[1]), float(re.search(r"determinant (-?\d+)\.", q)[1])
    A = rng.normal(size=(n, n)) + 2 * np.eye(n)
    A[0] *= d / np.linalg.det(A)
    what = re.search(r"determinant of \$(.*)\$", q)[1]
    c = float(re.match(r"\d+", what)[0]) if what[0].isdigit() else 1.0
    B = A @ A if "^2" in what else c * np.linalg.inv(A) if "-1" in what else c * A
    claimed = float(problem["answer"])
    return claimed, float(np.linalg.det(B)), 1e-6 * max(1.0, abs(claimed))


def two_eigenvalues(rng):
    """The larger eigenvalue of a two by two matrix"""
    while True:
        low, high = sorted(whole(rng, -4, 7, 2))
        a = whole(rng, -4, 7)
        d = low + high - a
        product = int(a * d - low * high)
        splits = [(b, product // b) for b in range(-6, 7) if b and product % b == 0 and abs(product // b) <= 9]
        if low != high and product != 0 and splits:
            break
    b, c = splits[rng.integers(len(splits))]
    answer = sp.Integer(int(high))
    trace, det, unknown = int(low + high), int(low * high), sp.Symbol("lambda")
    return {
        "question": f"What is the larger eigenvalue of ${tex([[int(a), b], [c, int(d)]])}$?",
        "answer": answer,
        "steps": [
            f"The trace is {trace}, the determinant {det}.",
            f"The eigenvalues solve ${sp.latex(unknown**2 - trace * unknown + det)} = 0$.",
            f"It factors into ${sp.latex((unknown - int(high)) * (unknown - int(low)))} = 0$; the larger is {high}.",
        ],
        "misconceptions": apart(
            answer,
            {
                # Where two are equal the later sentence stands.
                sp.Integer(int(-low)): "Check the sign of the trace in the equation.",
                sp.Integer(det): "That is the determinant, the product of the eigenvalues.",
                sp.Integer(int(max(a, d))): "The diagonal holds the eigenvalues only of a triangular matrix.",
                sp.Integer(trace): "That is the trace, the sum of the eigenvalues.",
                sp.Integer(int(low)): "That is the smaller of the two.",
            },
        ),
    }


def prove_two_eigenvalues(problem, rng):
    """By power iteration on the matrix shifted so far that its larger eigenvalue is also the largest in size."""
    A = matrices(problem["question"])[0]
    shift = abs(np.trace(A)) + 1
    M, v = A + shift * np.eye(2), rng.normal(size=2)
    for _ in range(1000):
        v = M @ v
        v /= np.linalg.norm(v)
    return float(problem["answer"]), float(v @ A @ v), 1e-6


def many_years(rng):
    """A matrix applied many times"""
    while True:
        l1, l2 = whole(rng, -2, 3, without=(0,)), whole(rng, -2, 3, without=(0,))
        V = whole(rng, -2, 3, (2, 2), without=(0,))
        det = int(V[0, 0] * V[1, 1] - V[0, 1] * V[1, 0])
        s, t = whole(rng, -3, 4, without=(0,)), whole(rng, -3, 4, without=(0,))
        k = int(rng.integers(3, 7))
        value = int(s * l1**k * V[0, 0] + t * l2**k * V[0, 1])
        if det and l1 != l2 and value != s * l1 * k * V[0, 0] + t * l2 * k * V[0, 1] and abs(value) < 600:
            break
    x = V @ (s, t)
    answer = sp.Integer(value)
    return {
        "question": f"A matrix $A$ has the eigenvector ${point(V[:, 0])}$ with eigenvalue {l1}, and ${point(V[:, 1])}$ with eigenvalue {l2}. "
        f"What is the first entry of $A^{{{k}}} x$ for $x = {point(x)}$?",
        "answer": answer,
        "steps": [
            f"In eigenvectors, $x = {s} \\cdot {point(V[:, 0])} + {t} \\cdot {point(V[:, 1])}$.".replace("+ -", "- "),
            f"After {k} steps the two parts are multiplied by ${bracket(l1)}^{k} = {l1**k}$ and ${bracket(l2)}^{k} = {l2**k}$.",
            f"The first entry: ${terms((s * l1**k, t * l2**k), V[0])} = {value}$.",
        ],
        "misconceptions": apart(
            answer,
            {
                sp.Integer(
                    int(s * l1 * k * V[0, 0] + t * l2 * k * V[0, 1])
                ): f"{k} steps multiply {k} times: a power of the eigenvalue, not {k} times it.",
                sp.Integer(int((l1**k) * x[0])): "Only an eigenvector is multiplied by its eigenvalue; take $x$ apart first.",
                sp.Integer(int(s * l1**k * V[1, 0] + t * l2**k * V[1, 1])): "That is the second entry.",
            },
        ),
    }


def prove_many_years(problem, rng):
    """By building the matrix and multiplying step by step."""
    q = problem["question"]
    v1, v2, x = points(q)
    l1, l2 = (float(n) for n in re.findall(r"eigenvalue (-?\d+)", q))
    k = int(re.search(r"A\^\{(\d)\}", q)[1])
    V = np.column_stack([v1, v2])
    A = V @ np.diag([l1, l2]) @ np.linalg.inv(V)
    for _ in range(k):
        x = A @ x
    return float(problem["answer"]), float(x[0]), 1e-6


def definite_limit(rng):
    """Where a symmetric matrix stops being positive definite"""
    p, q = whole(rng, 2, 7), whole(rng, 2, 7)
    while p == q:
        q = whole(rng, 2, 7)
    k = int(rng.choice([1, 2, 3, 5, 6]))  # so that the diagonal need not be squares for the root to be whole
    a, d = k * p * p, k * q * q
    answer = sp.Integer(k * p * q)
    return {
        "question": f"The matrix ${tex([[a, sp.Symbol('c')], [sp.Symbol('c'), d]])}$ is positive definite for every $c$ with $|c|$ below a limit. What is the limit?",
        "answer": answer,
        "steps": [
            f"The first pivot, {a}, is positive. The second is ${d} - c^2 / {a}$.",
            f"It is positive while $c^2 < {a} \\cdot {d} = {a * d}$.",
            f"So the limit is $\\sqrt{{{a * d}}} = {answer}$.",
        ],
        "misconceptions": apart(
            answer,
            {
                sp.Integer(a * d): "That is the limit of $c^2$. Take the root.",
                sp.Rational(a + d, 2): "The geometric mean of the diagonal counts, not the arithmetic one.",
                sp.Integer(min(a, d)): "An entry beside the diagonal may be larger than the smaller diagonal entry.",
                sp.Integer(max(a, d)): "The product of the diagonal entries decides, not the larger of them.",
            },
        ),
    }


def prove_definite_limit(problem, rng):
    """By bisection on the smaller eigenvalue."""
    a, d = (float(x) for x in re.findall(r"\d+", problem["question"])[:2])
    low, high = 0.0, a * d + 1
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if np.linalg.eigvalsh([[a, middle], [middle, d]])[0] > 0 else (low, middle)
    return float(problem["answer"]), low, 1e-6


def largest_singular_value(rng):
    """The largest singular value of a two by two matrix"""
    while True:
        A = whole(rng, -4, 6, (2, 2))
        G = A.T @ A
        square = int((G[0, 0] - G[1, 1]) ** 2 + 4 * G[0, 1] ** 2)
        gap, trace = isqrt(square), int(np.trace(G))
        # An even sum of trace and gap, so that both eigenvalues of A'A are whole; not symmetric, not singular.
        if gap * gap == square and gap and G[0, 1] and A[0, 1] != A[1, 0] and (trace + gap) % 2 == 0 and trace > gap:
            top, bottom = sp.Integer((trace + gap) // 2), sp.Integer((trace - gap) // 2)
            break
    answer = sp.sqrt(top)
    return {
        "question": f"What is the largest singular value of $A = {tex(A.tolist())}$?",
        "answer": answer,
        "steps": [
            f"$A^\\top A = {tex(G.tolist())}$.",
            f"Its trace is {int(np.trace(G))}, its determinant {int(round(np.linalg.det(G)))}, so its eigenvalues solve "
            f"$\\lambda^2 - {int(np.trace(G))} \\lambda + {int(round(np.linalg.det(G)))} = 0$: they are {top} and {bottom}.",
            f"The largest singular value is ${root(top)}$.",
        ],
        "misconceptions": apart(
            answer,
            {
                top: "That is the eigenvalue of $A^\\top A$. The singular value is its root.",
                sp.sqrt(bottom): "That is the smaller one.",
                sp.sqrt(int(np.trace(G))): "That is the Frobenius norm, the root of the sum of the squares of all singular values.",
            },
        ),
    }


def prove_largest_singular_value(problem, rng):
    """By the largest stretch over a fine circle of unit vectors; near the top the error is of second order in the angle."""
    A = matrices(problem["question"])[0]
    angles = np.linspace(0, np.pi, 20_001)
    stretch = np.linalg.norm(A @ np.array([np.cos(angles), np.sin(angles)]), axis=0).max()
    claimed = float(problem["answer"])
    return claimed, float(stretch), claimed * (np.pi / 20_000) ** 2


def share_kept(rng):
    """How much a low-rank approximation keeps"""
    s = np.sort(rng.choice(np.arange(1, 10), 4, replace=False))[::-1]
    error = bool(rng.integers(2))
    k = int(rng.integers(1, 3 if error else 4))  # with one value left over, its own size would be the error
    kept, total = int((s[:k] ** 2).sum()), int((s**2).sum())
    answer = sp.sqrt(total - kept) if error else sp.Rational(kept, total)
    asked = (
        f"What is the Frobenius norm of the error of its best approximation of rank {k}?"
        if error
        else f"What share of the sum of the squares of all entries does its best approximation of rank {k} keep?"
    )
    return {
        "question": f"A matrix has the singular values {', '.join(map(str, s))}. {asked}",
        "answer": answer,
        "steps": [
            f"The squares are {', '.join(map(str, s**2))}; they add up to {total}, the sum of the squares of all entries.",
            f"Rank {k} keeps the first {k}: {kept} of {total}." if k > 1 else f"Rank 1 keeps the first: {kept} of {total}.",
            f"The error is ${root(total - kept)}$." if error else f"The share is ${sp.latex(answer)}$.",
        ],
        "misconceptions": apart(
            answer,
            {
                sp.Integer(total - kept): "That is the square of the norm of the error.",
                sp.Integer(int(s[k:].sum())): "The squares add up, not the singular values themselves.",
                sp.Integer(int(s[k])): "That is the largest value left out; with the Frobenius norm, the others count too.",
            }
            if error
            else {
                sp.Rational(
                    int(s[:k].sum()), int(s.sum())
                ): "Take squares: the sum of squared entries is the sum of squared singular values.",
                sp.Rational(total - kept, total): "That is the share which is lost.",
                sp.Rational(k, 4): "The singular values do not weigh the same.",
            },
        ),
    }


def prove_share_kept(problem, rng):
    """On a random matrix with these singular values."""
    listed, asked = problem["question"].split(". ", 1)
    s, k = np.array(numbers(listed)), int(numbers(asked)[0])
    q, p = np.linalg.qr(rng.normal(size=(6, 4)))[0], np.linalg.qr(rng.normal(size=(5, 4)))[0]
    A = (q * s) @ p.T
    u, t, v = np.linalg.svd(A)
    B = (u[:, :k] * t[:k]) @ v[:k]
    measured = np.linalg.norm(A - B) if "error" in asked else (B**2).sum() / (A**2).sum()
    return float(problem["answer"]), float(measured), EXACT


def digits_lost(rng):
    """The condition number of a matrix from its singular values"""
    squared = bool(rng.integers(2))
    while True:
        top, bottom = int(rng.integers(2, 10)), int(rng.choice([2, 4, 5, 8]))
        a, b = int(rng.integers(1, 3 if squared else 4)), int(rng.integers(1, 3 if squared else 5))
        s = [sp.Integer(top) * 10**a, sp.Integer(1), sp.Rational(bottom, 10**b)]
        kappa = s[0] / s[2]
        if top != bottom and kappa.is_integer:
            break
    answer = kappa**2 if squared else kappa
    of = r"A^\top A" if squared else "A"
    written = f"{s[0]}, 1 and {float(s[2]):.{b}f}"
    return {
        "question": f"$A$ has the singular values {written}. What is the condition number of ${of}$?",
        "answer": answer,
        "steps": [
            f"The condition number of $A$ is the largest over the smallest: ${s[0]} / {float(s[2]):.{b}f} = {sp.latex(kappa)}$.",
            *(
                [f"The singular values of $A^\\top A$ are the squares, so its condition number is ${kappa}^2 = {answer}$."]
                if squared
                else []
            ),
        ],
        "misconceptions": apart(
            answer,
            {
                (
                    kappa if squared else kappa**2
                ): "$A^\\top A$ has the squares of the singular values, and so the square of the condition number.",
                1 / answer: "The larger goes on top: a condition number is never below 1.",
                s[0] * s[2]: "The product of the singular values is the size of the determinant. Divide instead.",
                s[0] / 1: "Divide by the smallest singular value, not by the next one.",
            },
        ),
    }


def prove_digits_lost(problem, rng):
    """By the norms of a random matrix with these singular values and of its inverse."""
    s = np.array([float(x) for x in re.findall(r"\d+(?:\.\d+)?", problem["question"].split(". What")[0])])
    q, p = np.linalg.qr(rng.normal(size=(3, 3)))[0], np.linalg.qr(rng.normal(size=(3, 3)))[0]
    A = (q * s) @ p.T
    measured = np.linalg.norm(A, 2) * np.linalg.norm(np.linalg.inv(A), 2)
    claimed = float(problem["answer"])
    measured = measured**2 if "A^" in problem["question"] else measured
    return claimed, float(measured), 1e-6 * claimed
