"""Counts: persons, households, days."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import ClassVar

import polars as pl

from hub.datatypes.datatype import Datatype
from hub.datatypes.domain import DomainFault, ValueDomain, ValueFault
from hub.datatypes.numerals import (
    FIRST_TOO_LONG_INTEGER,
    MAXIMUM_DIGITS,
    check_range,
    digits_of,
    has_narrower_range,
    is_no_numeral,
    is_out_of_range,
    plainly_spelled,
    range_schema,
    read_number,
    refuse_long,
    refuse_out_of_range,
)
from hub.kit.i18n import gettext as _

# A sign, fifteen digits and a few zeros before them.
LONGEST_PLAIN = 20
# Of at most fifteen digits: a longer number is refused for its length.
FRACTION = r"^[+-]?[0-9]{1,9}\.[0-9]{0,5}[1-9]$"


class Integer(Datatype):
    name: ClassVar[str] = "integer"
    constraints: ClassVar[frozenset[str]] = frozenset({"minimum", "maximum"})
    unreadable: ClassVar[str] = "value-not-integer"

    def parse(self, raw: object, domain: ValueDomain) -> int:
        # The plain cases first: a form is read cell by cell, and nearly every cell is a small integer.
        if type(raw) is int and -FIRST_TOO_LONG_INTEGER < raw < FIRST_TOO_LONG_INTEGER:
            refuse_out_of_range(raw, raw, domain)
            return raw
        if type(raw) is str and len(raw) <= MAXIMUM_DIGITS and raw.isascii() and raw.removeprefix("-").isdigit():
            value = int(raw)
            refuse_out_of_range(value, raw, domain)
            return value
        number = read_number(raw)
        if number is None:
            raise ValueFault(self.unreadable, raw, _("必须是整数"))
        whole, fraction = digits_of(number)
        refuse_long(whole + fraction, raw)
        if fraction:
            raise ValueFault(self.unreadable, raw, _("必须是整数"))
        value = int(number)
        refuse_out_of_range(value, raw, domain)
        return value

    def read_plain(self, text: pl.Expr, domain: ValueDomain) -> pl.Expr:  # noqa: ARG002 - every integer reads alike
        """An optional sign and digits, and nothing else."""
        return text.cast(pl.Int64, strict=False)

    def is_misread(self, text: pl.Expr, domain: ValueDomain) -> pl.Expr:  # noqa: ARG002 - every integer reads alike
        """To polars zeros may lead without end."""
        return text.str.len_bytes() > LONGEST_PLAIN

    def refusals(self, value: pl.Expr, domain: ValueDomain) -> Mapping[str, pl.Expr]:
        return {
            "value-too-precise": (value >= FIRST_TOO_LONG_INTEGER) | (value <= -FIRST_TOO_LONG_INTEGER),
            **is_out_of_range(value, domain),
        }

    def respelled(self, text: pl.Expr) -> pl.Expr:
        return plainly_spelled(text)

    def refused_spellings(self, text: pl.Expr, domain: ValueDomain) -> Sequence[tuple[str, pl.Expr]]:  # noqa: ARG002
        return [(self.unreadable, is_no_numeral(text)), (self.unreadable, text.str.contains(FRACTION))]

    def polars_type(self, domain: ValueDomain) -> pl.DataType:  # noqa: ARG002 - every integer has one type
        return pl.Int64()

    def json_schema(self, domain: ValueDomain) -> dict[str, object]:
        return {"type": "integer", **range_schema(domain)}

    def is_narrower(self, old: ValueDomain, new: ValueDomain) -> bool:
        return has_narrower_range(old, new)

    def check_domain(self, domain: ValueDomain) -> list[DomainFault]:
        faults = super().check_domain(domain) + check_range(domain)
        for field, bound in (("minimum", domain.minimum), ("maximum", domain.maximum)):
            if isinstance(bound, Decimal) and bound.is_finite() and bound != bound.to_integral_value():
                faults.append(DomainFault(field, _("整数的界限必须是整数")))
        return faults
