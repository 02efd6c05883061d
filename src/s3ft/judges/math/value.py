r"""The value of an expression in the notation of `text.plain`, exact if it is rational.

Values with letters are taken at a rational point: two expressions that differ there are different (Schwartz 1980,
Zippel 1979); two rational functions that agree at several points are taken as equal."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NoReturn

Value = Fraction | complex

MAX_BITS = 20_000
"""Numbers above this size are not computed."""
MAX_DIGITS = 2_000
NUM_POINTS = 3

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d{1,3}(?:,\d{3})+(?![\d,])|\d+)(?:\.\d*)?(?:[eE][-+]?\d{1,4}(?![\d.a-zA-Z]))?|\.\d+)"
    r"|(?P<command>\\[a-zA-Z]+|\\[{}|])|(?P<letter>[a-zA-Zα-ωΑ-Ω])|(?P<sign>\*\*|.))",
    re.DOTALL,
)
_CONSTANTS: dict[str, Value] = {r"\pi": complex(math.pi), "e": complex(math.e), "i": 1j}
_GREEK = re.compile(r"\\(?:alpha|beta|gamma|delta|theta|lambda|mu|phi|varphi|omega|rho|sigma|tau|epsilon|ell|zeta|eta)")


class Unreadable(Exception):
    """Not in the notation that is understood here; another reader may know it."""


class TooLarge(Exception):
    """Not to be computed by anybody."""


def evaluate(text: str, point: int = 0) -> Value:
    """The value at the numbered point. Raises Unreadable, or TooLarge above MAX_BITS."""
    try:
        return _Reader(text, point).whole()
    except (ZeroDivisionError, OverflowError, ValueError, RecursionError) as error:
        raise Unreadable(type(error).__name__) from error


def has_letters(text: str) -> bool:
    """Whether an expression depends on more than its numbers."""
    bare = re.sub(r"\\(?!alpha|beta|gamma|delta|theta|lambda|mu|phi|varphi|omega|rho|sigma|tau)[a-zA-Z]+", " ", text)
    return any(c.isalpha() and c not in "ei" for c in bare)


def whole_number(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise TooLarge(f"a number with {len(digits)} digits")
    return int(digits)


def decimal(text: str) -> Fraction:
    """A typed number: thousands separators, decimals, an exponent."""
    text, _, exponent = text.replace(",", "").lower().partition("e")
    whole, _, after = text.partition(".")
    value = Fraction(whole_number((whole + after) or "0"), 10 ** len(after))
    return value * _power_of_ten(int(exponent)) if exponent else value


def _power_of_ten(exponent: int) -> Fraction:
    if abs(exponent) > MAX_BITS // 4:
        raise TooLarge(f"10 to the {exponent}")
    return Fraction(10) ** exponent


class _Reader:
    """Recursive descent over sums, products, powers and atoms."""

    def __init__(self, text: str, point: int) -> None:
        self.tokens = [(m.lastgroup or "", m[m.lastgroup or 0]) for m in _TOKEN.finditer(text.strip())]
        self.at = 0
        self.point = point
        self.level = 0

    def fail(self) -> NoReturn:
        raise Unreadable(f"at token {self.at}")

    def peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def take(self, *wanted: str) -> str:
        token = self.peek()
        if wanted and token not in wanted:
            self.fail()
        self.at += 1
        return token

    def whole(self) -> Value:
        if not self.tokens:
            self.fail()
        value = self.sum()
        if self.at != len(self.tokens):
            self.fail()
        return value

    def sum(self) -> Value:
        self.level += 1
        if self.level > 60:
            self.fail()
        negative = False
        while self.peek() in ("-", "+"):
            negative ^= self.take() == "-"
        value = self.product()
        value = -value if negative else value
        while self.peek() in ("+", "-"):
            sign = self.take()
            other = self.product()
            value = _same(value, other, operator.add) if sign == "+" else _same(value, other, operator.sub)
        self.level -= 1
        return value

    def product(self) -> Value:
        value = self.power()
        while token := self.peek():
            if token in ("*", r"\cdot", r"\times", "/"):
                self.take()
                negative = self.peek() == "-" and bool(self.take())
                other = self.power()
                other = -other if negative else other
                value = _same(value, other, operator.truediv if token == "/" else operator.mul)
            elif self.starts_atom(token):
                mixed = self.tokens[self.at - 1][0] == "number" and token == r"\frac"
                other = self.power()
                if mixed and isinstance(other, Fraction) and isinstance(value, Fraction):
                    if value.denominator != 1 or not 0 < other < 1:
                        self.fail()
                    value += other
                elif self.tokens[self.at - 1][0] == "number" and self.tokens[self.at - 2][0] == "number":
                    self.fail()
                else:
                    value = _same(value, other, operator.mul)
            else:
                break
        return value

    def starts_atom(self, token: str) -> bool:
        kind = self.tokens[self.at][0]
        return kind in ("number", "letter") or token in ("(", "{", "[") or (kind == "command" and token not in (r"\}",))

    def power(self) -> Value:
        value = self.atom()
        while self.peek() in ("!", "°"):
            if self.take() == "!":
                value = _factorial(value)
        if self.peek() in ("^", "**"):
            self.take()
            negative = self.peek() == "-" and bool(self.take())
            exponent = self.power() if self.peek() != "{" else self.group()
            value = _power(value, -exponent if negative else exponent)
            if self.peek() == "!":
                self.fail()
        return value

    def group(self) -> Value:
        closing = {"{": "}", "(": ")", "[": "]"}[self.take("{", "(", "[")]
        value = self.sum()
        self.take(closing)
        return value

    def atom(self) -> Value:
        if self.at >= len(self.tokens):
            self.fail()
        kind, token = self.tokens[self.at]
        if token in ("{", "(", "["):
            return self.group()
        self.at += 1
        if kind == "number":
            return decimal(token)
        if token in _CONSTANTS:
            return _CONSTANTS[token]
        if kind == "letter" or _GREEK.fullmatch(token):
            return self.letter(token)
        if token == r"\frac":
            top = self.group()
            return _same(top, self.group(), operator.truediv)
        if token == r"\binom":
            return _choose(self.group(), self.group())
        if token == r"\sqrt":
            return self.root()
        if token == "|":
            value = self.sum()
            self.take("|")
            return abs(value) if isinstance(value, Fraction) else complex(abs(value))
        self.at -= 1
        self.fail()

    def letter(self, token: str) -> Value:
        if self.peek() == "_":
            self.take()
            if self.peek() == "{":
                self.take()
                token += "_" + self.take()
                self.take("}")
            else:
                token += "_" + self.take()
        if self.peek() == "(" and token in ("f", "g", "h", "P", "Q"):
            self.fail()
        seed = int.from_bytes(token.encode(), "big") % 997
        return Fraction(seed * 7 + 13 + 101 * self.point, 509 + 17 * self.point)

    def root(self) -> Value:
        degree = Fraction(2)
        if self.peek() == "[":
            index = self.group()
            if not isinstance(index, Fraction) or index <= 0:
                self.fail()
            degree = index
        return _power(self.group(), 1 / degree)


def _same(a: Value, b: Value, operation: Callable[[Any, Any], Any]) -> Value:
    if not isinstance(a, Fraction) or not isinstance(b, Fraction):
        return complex(operation(complex(a), complex(b)))
    result: Fraction = operation(a, b)
    if result.numerator.bit_length() + result.denominator.bit_length() > 2 * MAX_BITS:
        raise TooLarge("a fraction with too many digits")
    return result


def _power(base: Value, exponent: Value) -> Value:
    if isinstance(base, Fraction) and isinstance(exponent, Fraction):
        if exponent.denominator == 1:
            bits = max(base.numerator.bit_length(), base.denominator.bit_length())
            if base not in (0, 1, -1) and bits * abs(exponent) > MAX_BITS:
                raise TooLarge("a power with too many digits")
            return base ** int(exponent)
        if exponent.denominator == 2 and base >= 0 and (exact := _square_root(base)) is not None:
            return _power(exact, Fraction(exponent.numerator))
        if base < 0 and exponent.denominator % 2:
            root = -complex(float(-base) ** (1 / exponent.denominator))
            return root**exponent.numerator
    return complex(base) ** complex(exponent)


def _square_root(value: Fraction) -> Fraction | None:
    top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
    return Fraction(top, bottom) if Fraction(top**2, bottom**2) == value else None


def _factorial(value: Value) -> Value:
    if not isinstance(value, Fraction) or value.denominator != 1 or value < 0:
        raise Unreadable("factorial of no whole number")
    if value > 1_500:
        raise TooLarge("a factorial with too many digits")
    return Fraction(math.factorial(int(value)))


def _choose(n: Value, k: Value) -> Value:
    if not isinstance(n, Fraction) or not isinstance(k, Fraction) or n.denominator != 1 or k.denominator != 1:
        raise Unreadable("binomial of no whole numbers")
    if n < 0 or k < 0 or min(k, n - k) * n.numerator.bit_length() > MAX_BITS:
        raise TooLarge("a binomial with too many digits")
    return Fraction(math.comb(int(n), int(k)))
