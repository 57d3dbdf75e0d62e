"""The value of a formula at a point, in a bounded time.

SymPy's own evaluation looks for as many digits as it takes, and fails in many ways; here the digits are fixed and what grows beyond
10^400 is given up, so that a formula of an answer's length takes milliseconds whatever it says.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sympy

LARGEST = 400  # decimal exponent of the largest value, and of the smallest, that is computed with
DIGITS = 2 * LARGEST + 50  # so that of a difference between two such numbers fifty digits are left
DIGITS_OF_GAMMA = 120  # the gamma function, and the factorials that are made of it, would take seconds with all of them


class TooLarge(ArithmeticError):
    """A value beyond 10^LARGEST came up."""


def evaluate(expression: sympy.Expr, point: Mapping[str, Any] | None = None, digits: int = DIGITS) -> tuple[Any, Any]:
    """(value, largest magnitude of any part), both of mpmath. Raises ArithmeticError where there is no value, TooLarge among them."""
    context = _context(digits)
    evaluation = _Evaluation(context, point or {})
    try:
        value = evaluation.of(expression)
    except (ArithmeticError, RecursionError):
        raise
    except Exception as error:  # mpmath raises several kinds for what has no value
        raise ArithmeticError(str(error)) from None
    return value, evaluation.largest


def rounding(largest: Any, digits: int = DIGITS) -> Any:
    """What may be lost in a computation whose largest part is `largest`, by its rounding alone."""
    return largest * _context(digits).mpf(10) ** (30 - digits)


@lru_cache(maxsize=4)
def _context(digits: int) -> Any:
    import mpmath

    context = mpmath.MPContext()
    context.dps = digits
    return context


class _Evaluation:
    def __init__(self, context: Any, point: Mapping[str, Any]) -> None:
        self.context, self.point = context, point
        self.largest = context.mpf(0)
        self.limit = context.mpf(10) ** LARGEST
        self.known: dict[Any, Any] = {}

    def of(self, expression: Any) -> Any:
        if expression in self.known:
            return self.known[expression]
        value = self.compute(expression)
        size = abs(value)
        if not size <= self.limit:
            raise TooLarge
        self.largest = max(self.largest, size)
        self.known[expression] = value
        return value

    def compute(self, expression: Any) -> Any:
        import sympy

        context = self.context
        if expression.is_Symbol:
            return context.mpf(self.point[expression.name])
        if expression.is_Rational:
            return context.mpf(int(expression.p)) / int(expression.q)
        if expression.is_Float:
            return context.make_mpf(expression._mpf_)
        if expression is sympy.I:
            return context.mpc(0, 1)
        if expression is sympy.pi:
            return +context.pi
        if expression is sympy.E:
            return context.exp(1)
        if expression.is_Add:
            return context.fsum(self.of(part) for part in expression.args)
        if expression.is_Mul:
            value = context.mpf(1)
            for part in expression.args:
                value *= self.of(part)
                if not abs(value) <= self.limit**2:
                    raise TooLarge
            return value
        if expression.is_Pow:
            return self.power(self.of(expression.base), self.of(expression.exp))
        function = _FUNCTIONS.get(type(expression).__name__)
        if function is None:
            return self.unknown(expression)
        values = [self.of(part) for part in expression.args]
        if function in _GROWING and not abs(values[0]) <= _GROWING[function]:
            if function == "exp" and context.re(values[0]) < 0:
                return context.mpf(0)
            raise TooLarge
        if function == "fmax" or function == "fmin":
            if any(context.im(v) for v in values):
                raise ArithmeticError("no order among complex numbers")
            return (max if function == "fmax" else min)(context.re(v) for v in values)
        return getattr(context, function)(*values)

    def power(self, base: Any, exponent: Any) -> Any:
        context = self.context
        if base == 0:
            if exponent == 0:
                return context.mpf(1)
            if context.re(exponent) > 0:
                return context.mpf(0)
            raise ZeroDivisionError
        growth = context.re(exponent * context.log(base))
        if growth > 2.4 * LARGEST or abs(exponent) > self.limit:
            raise TooLarge
        return context.mpf(0) if growth < -5 * LARGEST else base**exponent

    def unknown(self, expression: Any) -> Any:
        """A key may use what no answer can: SymPy evaluates it."""
        import sympy

        value = expression.evalf(30, subs={s: sympy.Float(str(self.point[s.name]), 30) for s in expression.free_symbols})
        real, imaginary = value.as_real_imag()
        if not (real.is_Float or real.is_Rational) or not (imaginary.is_Float or imaginary.is_Rational):
            raise ArithmeticError("no value")
        parts = [self.context.mpf(str(part)) for part in (real, imaginary)]
        return self.context.mpc(*parts) if parts[1] else parts[0]


_FUNCTIONS = {
    "exp": "exp", "log": "log", "sin": "sin", "cos": "cos", "tan": "tan", "cot": "cot", "sec": "sec", "csc": "csc", "tanh": "tanh",
    "coth": "coth", "sinh": "sinh", "cosh": "cosh", "asin": "asin", "acos": "acos", "atan": "atan", "acot": "acot", "asinh": "asinh",
    "acosh": "acosh", "atanh": "atanh", "Abs": "fabs", "sign": "sign", "Max": "fmax", "Min": "fmin", "factorial": "factorial",
    "binomial": "binomial", "gamma": "gamma", "re": "re", "im": "im", "arg": "arg", "conjugate": "conj",
}  # fmt: skip
# The largest argument of what grows fast, or takes long to compute of a large one.
_GROWING = {
    "exp": 1000, "sinh": 1000, "cosh": 1000, "tanh": 10**6, "coth": 10**6, "factorial": 1001, "gamma": 1001, "binomial": 1001
}  # fmt: skip
