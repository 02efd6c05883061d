r"""The value of a numeric expression in the notation of `text.plain`, exact if it is rational.

LaTeX is rewritten as a Python expression, which is parsed by `ast` and computed here node by node within bounds."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

Value = Fraction | complex

MAX_BITS = 20_000
"""Numbers above this size are not computed."""
MAX_DIGITS = 2_000
MAX_FACTORIAL = 1_500

_NUMBER = re.compile(
    r"(?:\d{1,3}(?:,\d{3})+(?![\d,])|\d+)(?:\.\d*)?(?:[eE][-+]?\d{1,4}(?![\d.a-zA-Z]))?|\.\d+", re.ASCII
)
_MIXED = re.compile(r"(?<![\d.^_}])(\d+)\s?\\frac\{(\d+)\}\{(\d+)\}")
_LATEX = (
    (re.compile(r"\\frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}"), r"((\1)/(\2))"),
    (re.compile(r"\\binom\s*\{([^{}]*)\}\s*\{([^{}]*)\}"), r"binom(\1,\2)"),
    (re.compile(r"\\sqrt\s*\[([^\[\]{}]*)\]\s*\{([^{}]*)\}"), r"((\2)^(one/(\1)))"),
    (re.compile(r"\\sqrt\s*\{([^{}]*)\}"), r"((\1)^half)"),
    (re.compile(r"\^\s*\{([^{}]*)\}"), r"^(\1)"),
)
_SIGNS = (("\\cdot", "*"), ("\\times", "*"), ("\\pi", " pi "), ("^", "**"), ("°", ""), ("[", "("), ("]", ")"))
_TOKEN = re.compile(r"n\d+|pi|one|half|binom|[ei](?![a-zA-Z])|\*\*|\S")
_CONSTANTS: dict[str, Value] = {
    "pi": complex(math.pi),
    "e": complex(math.e),
    "i": 1j,
    "one": Fraction(1),
    "half": Fraction(1, 2),
}


class Unreadable(Exception):
    """Not in the notation that is understood here; another reader may know it."""


class TooLarge(Exception):
    """Not to be computed by anybody."""


def whole_number(digits: str) -> int:
    """Raises TooLarge above MAX_DIGITS."""
    if len(digits) > MAX_DIGITS:
        raise TooLarge(f"a number with {len(digits)} digits")
    return int(digits)


def decimal(text: str) -> Fraction:
    """A typed number: thousands separators, decimals, an exponent. Raises TooLarge."""
    text, _, exponent = text.replace(",", "").lower().partition("e")
    whole, _, after = text.partition(".")
    value = Fraction(whole_number((whole + after) or "0"), 10 ** len(after))
    if abs(int(exponent or 0)) > MAX_DIGITS:
        raise TooLarge(f"10 to the {exponent}")
    return value * Fraction(10) ** int(exponent or 0)


def evaluate(text: str) -> Value:
    """The value of an expression without unknowns. Raises Unreadable, or TooLarge above MAX_BITS."""
    values = dict(_CONSTANTS)

    def named(match: re.Match[str]) -> str:
        values[name := f"n{len(values)}"] = decimal(match[0])
        return f" {name} "

    try:
        text = _NUMBER.sub(named, _MIXED.sub(_mixed, text))
        return _value(ast.parse(_python(text, values), mode="eval").body, values)
    except (ZeroDivisionError, OverflowError, ValueError, RecursionError, SyntaxError, MemoryError) as error:
        raise Unreadable(type(error).__name__) from error


def _mixed(match: re.Match[str]) -> str:
    whole, top, bottom = match.groups()
    if whole_number(top) >= whole_number(bottom):
        raise Unreadable("a whole number before a fraction above 1")
    return rf"({whole}+\frac{{{top}}}{{{bottom}}})"


def _python(text: str, values: dict[str, Value]) -> str:
    """The expression with Python's signs, and a sign for every product."""
    changed = 1
    while changed:
        changed = 0
        for pattern, python in _LATEX:
            text, count = pattern.subn(python, text)
            changed += count
    for sign, python in _SIGNS:
        text = text.replace(sign, python)
    parts: list[str] = []
    for token in _TOKEN.findall(text):
        before = parts[-1] if parts else ""
        ends = before in values or before[-1:] == ")"
        if token == "!" and before in values:
            parts[-1] = f"factorial({before})"
        elif token in values or token in ("binom", "("):
            if before[:1] == "n" and token[0] == "n":
                raise Unreadable("two numbers side by side")
            parts += ["*", token] if ends else [token]
        elif token in ("**", *"+-*/(),"):
            parts.append(token)
        else:
            raise Unreadable(f"the sign {token}")
    return "".join(parts)


def _value(node: ast.expr, values: dict[str, Value]) -> Value:
    match node:
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner, values)
        case ast.UnaryOp(op=ast.UAdd(), operand=inner):
            return _value(inner, values)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            return _OPERATORS[type(operator)](_value(left, values), _value(right, values))
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*(_whole(_value(a, values)) for a in arguments))
    raise Unreadable(type(node).__name__)


def _whole(value: Value) -> int:
    if not isinstance(value, Fraction) or value.denominator != 1 or value < 0:
        raise Unreadable("no whole number")
    return int(value)


def _bounded(operation: Callable[[Any, Any], Any]) -> Callable[[Value, Value], Value]:
    def compute(a: Value, b: Value) -> Value:
        if not isinstance(a, Fraction) or not isinstance(b, Fraction):
            return complex(operation(complex(a), complex(b)))
        result: Fraction = operation(a, b)
        if result.numerator.bit_length() + result.denominator.bit_length() > 2 * MAX_BITS:
            raise TooLarge("a fraction with too many digits")
        return result

    return compute


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


def _factorial(n: int) -> Fraction:
    if n > MAX_FACTORIAL:
        raise TooLarge("a factorial with too many digits")
    return Fraction(math.factorial(n))


def _choose(n: int, k: int) -> Fraction:
    if min(k, n - k) * n.bit_length() > MAX_BITS:
        raise TooLarge("a binomial with too many digits")
    return Fraction(math.comb(n, k))


_OPERATORS: dict[type[ast.operator], Callable[[Value, Value], Value]] = {
    ast.Add: _bounded(lambda a, b: a + b),
    ast.Sub: _bounded(lambda a, b: a - b),
    ast.Mult: _bounded(lambda a, b: a * b),
    ast.Div: _bounded(lambda a, b: a / b),
    ast.Pow: _power,
}
_FUNCTIONS: dict[str, Callable[..., Value]] = {"factorial": _factorial, "binom": _choose}
