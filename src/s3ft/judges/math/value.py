r"""The value of a numeric expression in the notation of `text.plain`, exact if it is rational.

LaTeX is rewritten as a Python expression, which is parsed by `ast` and computed here node by node within bounds."""

from __future__ import annotations

import ast
import math
import re
from fractions import Fraction

Value = Fraction | complex

MAX_BITS = 20_000
"""Numbers above this size are not computed."""
MAX_FACTORIAL = 1_500

_MIXED = re.compile(r"(?<![\d.^_}])(\d+)\s?\\frac\{(\d+)\}\{(\d+)\}")
_LATEX = (
    (re.compile(r"\\frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}"), r"((\1)/(\2))"),
    (re.compile(r"\\binom\s*\{([^{}]*)\}\s*\{([^{}]*)\}"), r"comb(\1,\2)"),
    (re.compile(r"\\sqrt\s*\[([^\[\]{}]*)\]\s*\{([^{}]*)\}"), r"((\2)^(1/(\1)))"),
    (re.compile(r"\\sqrt\s*\{([^{}]*)\}"), r"((\1)^(1/2))"),
    (re.compile(r"\^\s*\{([^{}]*)\}"), r"^(\1)"),
)
_PYTHON = (
    (re.compile(r"(?<=\d),(?=\d{3}(?:,\d{3})*(?![\d,]))"), ""),
    (re.compile(r"\\cdot|\\times"), "*"),
    (re.compile(r"\\pi(?![a-zA-Z])"), " pi "),
    (re.compile(r"\["), "("),
    (re.compile(r"\]"), ")"),
    (re.compile(r"(?<![\d.])0+(?=\d)|[°{}]"), ""),
    (re.compile(r"\^"), "**"),
    (re.compile(r"(\d+)\s?!"), r"factorial(\1)"),
    # the sign of a product: between a number or bracket and what follows; 2e5 is a number
    (re.compile(r"(?<=[\d.)])(?![eE][-+]?\d)\s*(?=[a-zA-Z(])|(?<=\))\s*(?=\d)|(?<=[a-z])\s+(?=[a-z(])"), "*"),
)


class Unreadable(Exception):
    """Not in the notation that is understood here; another reader may know it."""


class TooLarge(Exception):
    """Not to be computed by anybody."""


def evaluate(text: str) -> Value:
    """The value of an expression without unknowns. Raises Unreadable, or TooLarge above MAX_BITS."""
    text, changed = _MIXED.sub(_mixed, text), 1
    while changed:
        changed = 0
        for pattern, python in _LATEX:
            text, count = pattern.subn(python, text)
            changed += count
    for pattern, sign in _PYTHON:
        text = pattern.sub(sign, text)
    try:
        return _value(ast.parse(text.strip(), mode="eval").body)
    except (ArithmeticError, ValueError, RecursionError, SyntaxError, MemoryError) as error:
        raise Unreadable(type(error).__name__) from error


def _mixed(match: re.Match[str]) -> str:
    whole, top, bottom = match.groups()
    if int(top) >= int(bottom):
        raise Unreadable("a whole number before a fraction above 1")
    return rf"({whole}+\frac{{{top}}}{{{bottom}}})"


def _value(node: ast.expr) -> Value:
    match node:
        case ast.Constant(value=int() | float() as number):
            if number == math.inf:
                raise TooLarge("a number with too many digits")
            return Fraction(repr(number))
        case ast.Name(id="pi" | "e" as name):
            return complex(getattr(math, name))
        case ast.Name(id="i"):
            return 1j
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=inner):
            return -_value(inner) if isinstance(sign, ast.USub) else _value(inner)
        case ast.BinOp(left=left, op=operator, right=right):
            return _computed(operator, _value(left), _value(right))
        case ast.Call(func=ast.Name(id="factorial" | "comb" as name), args=arguments, keywords=[]):
            values = [_value(a) for a in arguments]
            numbers = [int(v) for v in values if isinstance(v, Fraction) and v.denominator == 1]
            if len(numbers) < len(values):
                raise Unreadable("no whole number")
            if any(abs(n) > MAX_FACTORIAL for n in numbers):
                raise TooLarge(f"a {name} with too many digits")
            return Fraction(getattr(math, name)(*numbers))
    raise Unreadable(type(node).__name__)


def bounded(value: Fraction) -> Fraction:
    """The value itself. Raises TooLarge above MAX_BITS."""
    if value.numerator.bit_length() + value.denominator.bit_length() > 2 * MAX_BITS:
        raise TooLarge("a number with too many digits")
    return value


def _computed(operator: ast.operator, a: Value, b: Value) -> Value:
    if not isinstance(a, Fraction) or not isinstance(b, Fraction):
        a, b = complex(a), complex(b)
    match operator:
        case ast.Add():
            result = a + b
        case ast.Sub():
            result = a - b
        case ast.Mult():
            result = a * b
        case ast.Div():
            result = a / b
        case ast.Pow():
            result = _power(a, b)
        case _:
            raise Unreadable("no arithmetic")
    return bounded(result) if isinstance(result, Fraction) else result


def _power(base: Value, exponent: Value) -> Value:
    if not isinstance(base, Fraction) or not isinstance(exponent, Fraction):
        return complex(base) ** complex(exponent)
    if exponent.denominator == 1:
        bits = max(base.numerator.bit_length(), base.denominator.bit_length())
        if base not in (0, 1, -1) and bits * abs(exponent) > MAX_BITS:
            raise TooLarge("a power with too many digits")
        return base ** int(exponent)
    if base < 0 and exponent.denominator % 2:
        return (-complex(float(-base) ** (1 / exponent.denominator))) ** exponent.numerator
    return complex(base) ** complex(exponent)
