"""Amounts and rates, exact to their last digit."""

from collections.abc import Mapping, Sequence
from decimal import Decimal as Number
from typing import ClassVar

import polars as pl

from hub.datatypes.datatype import Datatype
from hub.datatypes.domain import DomainFault, ValueDomain, ValueFault
from hub.datatypes.numerals import (
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
    spelled_with,
)
from hub.kit.i18n import gettext as _

DEFAULT_DECIMALS = 6
POLARS_PRECISION = 38
# What is longer is left to `parse`, to which a numeral may be too long to be one.
LONGEST_FRACTION = 100


def decimals_of(domain: ValueDomain) -> int:
    return DEFAULT_DECIMALS if domain.decimals is None else domain.decimals


class Decimal(Datatype):
    name: ClassVar[str] = "decimal"
    constraints: ClassVar[frozenset[str]] = frozenset({"minimum", "maximum", "decimals"})
    unreadable: ClassVar[str] = "value-not-number"

    def parse(self, raw: object, domain: ValueDomain) -> Number:
        number = read_number(raw)
        if number is None:
            raise ValueFault(self.unreadable, raw, _("必须是数字"))
        whole, fraction = digits_of(number)
        refuse_long(whole + fraction, raw)
        limit = decimals_of(domain)
        if fraction > limit:
            expectation = _("最多保留{limit}位小数") if limit else _("不能有小数")
            raise ValueFault("value-too-precise", raw, expectation.format(limit=limit))
        value = spelled_with(number, whole, fraction)
        refuse_out_of_range(value, raw, domain)
        return value

    def read_plain(self, text: pl.Expr, domain: ValueDomain) -> pl.Expr:
        return text.cast(self.polars_type(domain), strict=False)

    def is_misread(self, text: pl.Expr, domain: ValueDomain) -> pl.Expr:
        """Polars rounds what has more decimals than the type, and reads 1e3."""
        limit = decimals_of(domain)
        whole = f"[0-9]{{1,{MAXIMUM_DIGITS - limit}}}" if limit < MAXIMUM_DIGITS else "0"
        fraction = rf"(\.[0-9]{{1,{limit}}})?" if limit else ""
        return ~text.str.contains(f"^[+-]?{whole}{fraction}$")

    def refusals(self, value: pl.Expr, domain: ValueDomain) -> Mapping[str, pl.Expr]:
        return is_out_of_range(value, domain)

    def is_doubtful(self, value: pl.Expr, domain: ValueDomain) -> pl.Expr:
        """It may have more digits than a number may have; whether it does depends on the zeros at its end."""
        return value.abs() >= Number(1).scaleb(MAXIMUM_DIGITS - decimals_of(domain))

    def respelled(self, text: pl.Expr) -> pl.Expr:
        return plainly_spelled(text)

    def refused_spellings(self, text: pl.Expr, domain: ValueDomain) -> Sequence[tuple[str, pl.Expr]]:
        too_precise = rf"^[+-]?[0-9]{{1,{MAXIMUM_DIGITS}}}\.[0-9]{{{decimals_of(domain)},{LONGEST_FRACTION}}}[1-9]$"
        return [(self.unreadable, is_no_numeral(text)), ("value-too-precise", text.str.contains(too_precise))]

    def polars_type(self, domain: ValueDomain) -> pl.DataType:
        return pl.Decimal(POLARS_PRECISION, decimals_of(domain))

    def json_schema(self, domain: ValueDomain) -> dict[str, object]:
        # No multipleOf: validators that read JSON numbers as floats refuse 0.3 as a multiple of 0.1.
        return {"type": "number", **range_schema(domain)}

    def is_narrower(self, old: ValueDomain, new: ValueDomain) -> bool:
        return decimals_of(new) < decimals_of(old) or has_narrower_range(old, new)

    def check_domain(self, domain: ValueDomain) -> list[DomainFault]:
        faults = super().check_domain(domain) + check_range(domain)
        if not 0 <= decimals_of(domain) <= MAXIMUM_DIGITS:
            faults.append(DomainFault("decimals", _("小数位数必须在0到{limit}之间").format(limit=MAXIMUM_DIGITS)))
        return faults
