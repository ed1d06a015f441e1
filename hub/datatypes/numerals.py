"""Reading numbers as people and spreadsheets write them, exactly.

Fifteen digits is what Excel, JSON readers of other programs and our own API carry without loss
(CONTRACT, "Manners of the API"); a longer number is refused instead of rounded.
"""

import re
from collections.abc import Mapping
from decimal import Decimal

import polars as pl

from hub.datatypes.domain import BLANKS, DomainFault, ValueDomain, ValueFault
from hub.kit.i18n import gettext as _

MAXIMUM_DIGITS = 15
FIRST_TOO_LONG_INTEGER: int = 10**MAXIMUM_DIGITS
LONGEST_NUMERAL = 400

FULL_WIDTH = "０１２３４５６７８９－−＋．，"
HALF_WIDTH = str.maketrans(FULL_WIDTH, "0123456789--+.,")
NUMERIC_CHARACTERS = "0123456789+-.," + FULL_WIDTH
NUMERAL = re.compile(r"[+-]?(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?")

GROUPED = r"^[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?$"
ZEROS_AFTER_POINT = r"^[+-]?[0-9]+\.[0-9]*0$"
# NUMERAL as it may stand in a cell, blanks and full-width characters included; or nothing but blanks.
CELL = (
    f"^[{BLANKS}]*"
    r"(?:[+\-－−＋]?(?:[1-9１-９][0-9０-９]{0,2}(?:[,，][0-9０-９]{3})+|[0-9０-９]+)(?:[.．][0-9０-９]+)?)?"
    f"[{BLANKS}]*$"
)


def read_number(raw: object) -> Decimal | None:
    """The number that was written, or None when it is not one.

    A truth value is not a number although Python says so, and a float has already lost digits.
    """
    match raw:
        case bool():
            return None
        case int():
            return Decimal(raw)
        case Decimal():
            return raw if raw.is_finite() else None
        case str():
            text = raw.strip().translate(HALF_WIDTH)
            if len(text) <= LONGEST_NUMERAL and NUMERAL.fullmatch(text):
                return Decimal(text.replace(",", ""))
    return None


def is_no_numeral(text: pl.Expr) -> pl.Expr:
    """Cells of a column that `read_number` reads as none; a blank one is nobody's number, and no mistake."""
    return ~text.str.contains(CELL)


def plainly_spelled(text: pl.Expr) -> pl.Expr:
    """Numerals of a column without blanks around them, full-width digits, separators and zeros after the last digit.

    Only where that leaves the number alone: a numeral whose groups are not of three digits stays as it is.
    """
    text = text.str.strip_chars(BLANKS).str.replace_many(list(FULL_WIDTH), list(FULL_WIDTH.translate(HALF_WIDTH)))
    text = pl.when(text.str.contains(GROUPED)).then(text.str.replace_all(",", "", literal=True)).otherwise(text)
    has_zeros = text.str.contains(ZEROS_AFTER_POINT) & (text.str.len_bytes() <= LONGEST_NUMERAL)
    return pl.when(has_zeros).then(text.str.strip_chars_end("0").str.strip_chars_end(".")).otherwise(text)


def digits_of(number: Decimal) -> tuple[int, int]:
    """Digits before and after the point, trailing zeros not counted: 1.50 has (1, 1), 1E+20 has (21, 0)."""
    _sign, digits, exponent = number.as_tuple()
    if not number or not isinstance(exponent, int):
        return 1, 0
    significant = len(digits)
    while digits[significant - 1] == 0:
        significant -= 1
    exponent += len(digits) - significant
    return max(significant + exponent, 0), max(-exponent, 0)


def canonical(number: Decimal) -> Decimal:
    """One spelling for one number: 1.50 and 1.5 are stored and hashed alike, and minus zero is zero."""
    return spelled_with(number, *digits_of(number))


def spelled_with(number: Decimal, whole: int, fraction: int) -> Decimal:
    """`canonical` for those who have counted the digits already."""
    if fraction:
        return number.normalize()
    return Decimal(int(number)) if whole else Decimal(0)


def refuse_long(digits: int, raw: object) -> None:
    if digits > MAXIMUM_DIGITS:
        raise ValueFault("value-too-precise", raw, _("最多{limit}位有效数字").format(limit=MAXIMUM_DIGITS))


def refuse_out_of_range(number: int | Decimal, raw: object, domain: ValueDomain) -> None:
    low, high = domain.minimum, domain.maximum
    if (low is None or number >= low) and (high is None or number <= high):
        return
    if low is not None and high is not None:
        expectation = _("必须在{minimum}到{maximum}之间").format(minimum=low, maximum=high)
    elif low is not None:
        expectation = _("不能小于{minimum}").format(minimum=low)
    else:
        expectation = _("不能大于{maximum}").format(maximum=high)
    raise ValueFault("value-out-of-range", raw, expectation)


def is_out_of_range(number: pl.Expr, domain: ValueDomain) -> Mapping[str, pl.Expr]:
    """`refuse_out_of_range` for a column: by the code of the finding, which numbers get one."""
    outside = [number < domain.minimum] if domain.minimum is not None else []
    outside += [number > domain.maximum] if domain.maximum is not None else []
    return {"value-out-of-range": pl.any_horizontal(outside)} if outside else {}


def has_narrower_range(old: ValueDomain, new: ValueDomain) -> bool:
    raised = new.minimum is not None and (old.minimum is None or new.minimum > old.minimum)
    lowered = new.maximum is not None and (old.maximum is None or new.maximum < old.maximum)
    return raised or lowered


def range_schema(domain: ValueDomain) -> dict[str, object]:
    bounds = {"minimum": domain.minimum, "maximum": domain.maximum}
    return {word: bound for word, bound in bounds.items() if bound is not None}


def check_range(domain: ValueDomain) -> list[DomainFault]:
    faults = []
    for field, bound in (("minimum", domain.minimum), ("maximum", domain.maximum)):
        if isinstance(bound, bool) or (isinstance(bound, Decimal) and not bound.is_finite()):
            faults.append(DomainFault(field, _("界限必须是数字")))
        elif bound is not None and sum(digits_of(Decimal(bound))) > MAXIMUM_DIGITS:
            faults.append(DomainFault(field, _("界限最多{limit}位数字").format(limit=MAXIMUM_DIGITS)))
    low, high = domain.minimum, domain.maximum
    if not faults and low is not None and high is not None and low > high:
        faults.append(DomainFault("minimum", _("最小值不能大于最大值")))
    return faults
