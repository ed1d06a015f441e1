"""What kind of answer a part of an expression gives, and how large it can become.

Polars computes on 64-bit integers, which wrap around without a word, and on decimals of 38 digits. Every
operand holds at most 15 digits, so the largest possible result is known before any value is: an expression
is either computed exactly or refused when it is registered.
"""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from hub.datatypes import DATATYPES, ValueDomain
from hub.datatypes.numerals import FIRST_TOO_LONG_INTEGER

Kind = Literal["number", "text", "boolean", "date"]

DIGITS_OF_A_DECIMAL = 38
LARGEST_DECIMAL: int = 10**DIGITS_OF_A_DECIMAL - 1
LARGEST_INT64 = 2**63 - 1
# A quotient is rounded half away from zero to this many decimals; everything else is exact.
DECIMALS_OF_A_QUOTIENT = 12


@dataclass(frozen=True)
class Shape:
    """Of a number no absolute value exceeds `bound`; `scale` is how many digits follow the point.

    `is_literal`: made of integers of the rule's text alone, which polars takes for 32 bits when they fit.
    """

    kind: Kind
    bound: int = 0
    scale: int = 0
    is_decimal: bool = False
    is_literal: bool = False

    @property
    def fits(self) -> bool:
        unscaled: int = self.bound * 10**self.scale
        return unscaled <= (LARGEST_DECIMAL if self.is_decimal else LARGEST_INT64)


BOOLEAN = Shape("boolean")
TEXT = Shape("text")
DATE = Shape("date")


def shape_of(domain: ValueDomain) -> Shape:
    match DATATYPES[domain.datatype].polars_type(domain):
        case pl.Int64():
            return Shape("number", FIRST_TOO_LONG_INTEGER)
        case pl.Decimal(scale=scale):
            return Shape("number", FIRST_TOO_LONG_INTEGER, scale, is_decimal=True)
        case pl.Boolean():
            return BOOLEAN
        case pl.Date():
            return DATE
        case _:
            return TEXT


def common(one: Shape, other: Shape) -> Shape:
    """The shape that holds either of two numbers."""
    is_decimal = one.is_decimal or other.is_decimal
    is_literal = one.is_literal and other.is_literal
    return Shape("number", max(one.bound, other.bound), max(one.scale, other.scale), is_decimal, is_literal)


def total(one: Shape, other: Shape) -> Shape:
    wider = common(one, other)
    return Shape("number", one.bound + other.bound, wider.scale, wider.is_decimal)


def product(one: Shape, other: Shape) -> Shape:
    bound = one.bound * other.bound
    is_decimal = one.is_decimal or other.is_decimal or bound > LARGEST_INT64
    return Shape("number", bound, one.scale + other.scale, is_decimal)


def quotient(numerator: Shape, denominator: Shape) -> Shape:
    """The smallest divisor that is not zero is a one in the last place of the denominator."""
    return Shape("number", numerator.bound * 10**denominator.scale, DECIMALS_OF_A_QUOTIENT, is_decimal=True)
