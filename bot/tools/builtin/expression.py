"""Reads an expression and works it out on the way, by precedence climbing; nothing is executed as code."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from typing import Final

from bot.errors import ToolRetry
from bot.tools.builtin import functions, numbers
from bot.tools.builtin.functions import CONSTANTS, FUNCTIONS
from bot.tools.builtin.notation import Kind, Token, tokens
from bot.tools.builtin.numbers import Number, settle, working_precision

__all__ = ["evaluate"]

_MOST_NESTING: Final = 60
_LARGEST_EXPONENT: Final = 9999
_LARGEST_EXACT_EXPONENT: Final = 2000

_RANKS: Final = {"+": 1, "-": 1, "*": 2, "/": 2, "//": 2, "%": 2, "mod": 2}
_OPERATORS: Final[dict[str, Callable[[Number, Number], Number]]] = {
    "+": numbers.add,
    "-": numbers.subtract,
    "*": numbers.multiply,
    "/": numbers.divide,
    "//": numbers.floor_divide,
    "%": numbers.modulo,
    "mod": numbers.modulo,
}
_SUFFIXES: Final[dict[str, Callable[[Number], Number]]] = {
    "!": functions.factorial,
    "%": functions.percent,
    "percent": functions.percent,
    "°": functions.degrees,
    "万": lambda value: numbers.multiply(value, Fraction(10**4)),
    "亿": lambda value: numbers.multiply(value, Fraction(10**8)),
}


def evaluate(expression: str) -> Number:
    """The value: a Fraction when it is exact, else a Decimal of 50 digits. Raises only ToolRetry."""
    with working_precision():
        try:
            return _Reader(tokens(expression)).result()
        except decimal.Overflow as exc:
            raise ToolRetry("The result is too large: numbers go up to about 10^99999.") from exc
        except decimal.InvalidOperation as exc:
            raise ToolRetry("The expression has no value among the real numbers.") from exc


class _Reader:
    """A recursive reader of tokens. Chains of operators are loops, so that only nesting costs depth."""

    def __init__(self, read: Sequence[Token]) -> None:
        self._tokens = read
        self._at = 0
        self._depth = 0

    def result(self) -> Number:
        value = self._chain(lowest=1)
        token = self._token()
        if token.kind is Kind.END:
            return value
        if self._begins_operand(token):
            raise ToolRetry(f"An operator is missing before {token.text!r} at character {token.at}.")
        raise _misplaced(token)

    def _token(self, ahead: int = 0) -> Token:
        return self._tokens[min(self._at + ahead, len(self._tokens) - 1)]

    def _next(self) -> Token:
        token = self._token()
        self._at += 1
        return token

    def _is_sign(self, text: str, ahead: int = 0) -> bool:
        token = self._token(ahead)
        return token.kind is Kind.SIGN and token.text == text

    def _accept(self, text: str) -> bool:
        found = self._is_sign(text)
        self._at += found
        return found

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            token = self._token()
            if token.text == ",":
                raise _misplaced(token)
            raise ToolRetry(f"{text!r} is missing before {token.text!r} at character {token.at}.")

    @staticmethod
    def _begins_operand(token: Token) -> bool:
        return token.kind in {Kind.NUMBER, Kind.NAME} or (
            token.kind is Kind.SIGN and token.text in {"(", "√"}
        )

    @contextmanager
    def _nested(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > _MOST_NESTING:
            raise ToolRetry(
                f"The expression is nested more than {_MOST_NESTING} deep: calculate it in parts."
            )
        yield
        self._depth -= 1

    def _chain(self, *, lowest: int) -> Number:
        value = self._signed()
        while self._rank() >= lowest:
            operator = self._next().text
            value = _OPERATORS[operator](value, self._chain(lowest=_RANKS[operator] + 1))
        return value

    def _rank(self) -> int:
        token = self._token()
        return _RANKS.get(token.text, 0) if token.kind is Kind.SIGN else 0

    def _signed(self) -> Number:
        with self._nested():
            if self._accept("-"):
                return -self._signed()
            if self._accept("+"):
                return self._signed()
            return self._raised()

    def _raised(self) -> Number:
        base = self._suffixed()
        return numbers.power(base, self._signed()) if self._accept("^") else base

    def _suffixed(self) -> Number:
        value = self._operand()
        while self._at_suffix():
            value = _SUFFIXES[self._next().text](value)
        return value

    def _at_suffix(self) -> bool:
        token = self._token()
        if token.kind is not Kind.SIGN or token.text not in _SUFFIXES:
            return False
        return token.text != "%" or not self._begins_operand(self._token(ahead=1))

    def _operand(self) -> Number:
        token = self._next()
        match token.kind:
            case Kind.NUMBER:
                return _number(token)
            case Kind.NAME:
                return self._named(token)
            case Kind.SIGN if token.text == "(":
                return self._grouped()
            case Kind.SIGN if token.text == "√":
                with self._nested():
                    return functions.square_root(self._suffixed())
            case _:
                raise _misplaced(token)

    def _grouped(self) -> Number:
        value = self._chain(lowest=1)
        self._expect(")")
        return value

    def _named(self, token: Token) -> Number:
        if token.text in FUNCTIONS and self._is_sign("("):
            return self._called(token.text)
        if token.text in CONSTANTS:
            return CONSTANTS[token.text]
        if token.text in FUNCTIONS:
            raise ToolRetry(f"{token.text} needs its arguments in parentheses.")
        raise ToolRetry(f"{token.text!r} is not known. There is: {', '.join([*CONSTANTS, *FUNCTIONS])}.")

    def _called(self, name: str) -> Number:
        function = FUNCTIONS[name]
        values = self._arguments()
        if len(values) < function.fewest or (function.most is not None and len(values) > function.most):
            raise ToolRetry(
                f"{name} does not take {len(values)} arguments. Inside its parentheses ',' parts them."
            )
        return function.apply(*values)

    def _arguments(self) -> list[Number]:
        self._expect("(")
        values: list[Number] = []
        while not self._accept(")"):
            if values:
                self._expect(",")
            values.append(self._chain(lowest=1))
        return values


def _misplaced(token: Token) -> ToolRetry:
    if token.text == ",":
        return ToolRetry("A comma parts only thousands (1,234) or arguments; the decimal point is '.'.")
    return ToolRetry(f"{token.text!r} does not fit at character {token.at}.")


def _number(token: Token) -> Number:
    exponent = abs(int(token.text.lower().partition("e")[2] or 0))
    if exponent > _LARGEST_EXPONENT:
        raise ToolRetry(f"{token.text!r}: exponents go up to {_LARGEST_EXPONENT}.")
    value = Decimal(token.text)
    return settle(Fraction(value)) if exponent <= _LARGEST_EXACT_EXPONENT else +value
